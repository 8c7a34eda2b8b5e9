/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The primary mailbox of a CXL memory device (CXL 3.1 8.2.8.4), whose function has no driver: with
 * one, the kernel does not let its registers be mapped.
 *
 * Whoever sends commands, reading ones too, holds the lock of sys/lock.h: a mailbox carries one
 * command at a time, and nothing in it tells whose that is.
 */
#ifndef REGS_MAILBOX_H
#define REGS_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

#include "sys/error.h"
#include "sys/sys.h"

struct mailbox;

/* What stands behind the device's registers: a mapped BAR, or memory in a test. */
struct device_backend {
	/* 0 or -errno; @offset is a multiple of the width and below @size of mailbox_over(). */
	int (*read)(void *context, uint32_t offset, uint32_t *value);
	int (*write)(void *context, uint32_t offset, uint32_t value);
	int (*write64)(void *context, uint32_t offset, uint64_t value);
	void (*close)(void *context); /* may be NULL */
};

/*
 * The mailbox of the function at @address ("0000:0d:00.0"). Memory space is enabled for as long as it
 * is open, if nobody had enabled it.
 *
 * 0, or an error with a text: -ENODEV (function gone, not answering), -ENOENT (no device registers, no
 * mailbox), -EBADMSG (what it says of them cannot be), -EACCES (needs root), -EPERM (lockdown),
 * -EBUSY (a driver holds them, or a command of somebody is under way), -EIO (the device says that
 * it failed, or that its mailbox is not ready).
 */
int mailbox_open(const struct sys *sys, struct mailbox **out, const char *address,
		 struct error *err);

/* The same over any back end, of which @size bytes are there. @context is closed in any case. */
int mailbox_over(const char *name, const struct device_backend *backend, void *context,
		 uint32_t size, struct mailbox **out, struct error *err);
void mailbox_close(struct mailbox **mailbox);
#define cleanup_mailbox __attribute__((cleanup(mailbox_close)))

/* Bytes that a command or an answer can have: 256 to 1 MiB. */
size_t mailbox_payload_max(const struct mailbox *mailbox);

/*
 * Send a command and wait until the device has done with it. @code becomes what the device returned
 * (CXL 3.1 table 8-34), 0 for success; only with 0 there is an answer. At most @out_max bytes of it are
 * copied to @out; @out_size becomes what there was.
 *
 * 0 as soon as the device has returned a code. -EMSGSIZE (the command is too long), -EBUSY (another
 * command is under way: nothing was sent), -ETIMEDOUT (no end after 2 s: whether the command took
 * effect is unknown, and nothing more can be sent), -EBADMSG (the answer is longer than can be),
 * -ENODEV, -EIO (the device is gone or does not answer). All with a text.
 */
int mailbox_send(struct mailbox *mailbox, uint16_t opcode, const void *in, size_t in_size,
		 void *out, size_t out_max, size_t *out_size, unsigned int *code,
		 struct error *err);

#endif
