/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CXL.cachemem registers of a port or device (CXL 3.1 8.2.4): the primary range, 4 KiB.
 *
 * Every offset here is in bytes from the start of that range, as the capability pointers in it
 * are. All registers are 32 bit, and only aligned 32-bit accesses are legal.
 */
#ifndef REGS_COMPONENT_H
#define REGS_COMPONENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/error.h"
#include "sys/sys.h"

#define COMPONENT_SIZE 0x1000

/* CXL 3.1 table 8-22: capability ids. */
#define CXL_CAPABILITY_HDM	 0x0005
#define CXL_CAPABILITY_ISOLATION 0x0009

/* Any version: each is a superset of those before it (CXL 3.1 8.2.4). */
#define CXL_ANY_VERSION 0xf

struct component;

/* What stands behind a component: a mapped BAR, or memory in a test. */
struct component_backend {
	/* 0 or -errno; the offset is aligned and below COMPONENT_SIZE. */
	int (*read)(void *context, uint32_t offset, uint32_t *value);
	int (*write)(void *context, uint32_t offset, uint32_t value);
	void (*close)(void *context); /* may be NULL */
};

/*
 * The component registers of the function at @address, found through its Register Locator.
 *
 * 0 and a handle in @out, or an error with a text: -ENODEV (function gone or not answering),
 * -ENOENT (it has no component registers), -EBADMSG (what it says of them cannot be), -EACCES
 * (needs root), -EPERM (lockdown), -EBUSY (a driver holds the BAR). Keep the handle short:
 * the kernel may revoke the mapping (-EIO from then on), and after a reset the BAR may have moved.
 */
int component_open(const struct sys *sys, struct component **out, const char *address,
		   bool writable, struct error *err);
/* The same over any back end. @name is for messages and copied. */
struct component *component_over(const char *name, const struct component_backend *backend,
				 void *context);
void component_close(struct component **component);
#define cleanup_component __attribute__((cleanup(component_close)))

const char *component_name(const struct component *component);

/*
 * One access. -EBADMSG if @offset is unaligned or outside the range; -EIO if the access fails;
 * -ENODEV if the component is gone: all ones here and in its capability header.
 */
int component_read32(struct component *component, uint32_t offset, uint32_t *value,
		     struct error *err);
int component_write32(struct component *component, uint32_t offset, uint32_t value,
		      struct error *err);

/*
 * Where the capability @id starts. 0; -ENOENT without a text if there is none; -EBADMSG if the
 * array of capabilities is broken, has it twice, or in version 0 or one above @max_version
 * (1-15); -ENODEV, -EIO as above.
 */
int component_find(struct component *component, uint16_t id, unsigned int max_version,
		   uint32_t *offset, struct error *err);

#endif
