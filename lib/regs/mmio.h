/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A piece of a PCI function's BAR, mapped through sysfs. */
#ifndef REGS_MMIO_H
#define REGS_MMIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/error.h"
#include "sys/sys.h"

struct mmio;

/*
 * The size in bytes of memory BAR @bar, out of the text of the sysfs file "resource"; 0 if it is
 * absent, not memory or has no address.
 */
uint64_t mmio_bar_size(const char *resource, unsigned int bar);

/*
 * Map @length bytes at @offset of BAR @bar of the function at @address; @offset is a multiple of
 * the page size, and [@offset, @offset + @claim) must lie in the BAR.
 *
 * -EBADMSG if it does not; -EACCES without root; -EPERM under kernel lockdown; -EBUSY if a driver
 * holds the BAR for itself; -ENOENT if sysfs offers no such BAR. All with a text.
 *
 * Keep a mapping short: the kernel revokes it when a driver claims the range. Accesses after that
 * fail with -EIO.
 */
int mmio_map(const struct sys *sys, struct mmio **out, const char *address, unsigned int bar,
	     uint64_t offset, uint64_t claim, size_t length, bool writable, struct error *err);
void mmio_unmap(struct mmio *mmio);

/* One aligned access at @offset into the mapping. -EIO if the bus or the kernel refuses. */
int mmio_read32(struct mmio *mmio, uint32_t offset, uint32_t *value);
int mmio_write32(struct mmio *mmio, uint32_t offset, uint32_t value);
int mmio_write64(struct mmio *mmio, uint32_t offset, uint64_t value);

#endif
