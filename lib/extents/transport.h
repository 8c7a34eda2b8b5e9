/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How commands get to a memory device: through its mailbox, or through the kernel's raw commands. */
#ifndef EXTENTS_TRANSPORT_H
#define EXTENTS_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "sys/error.h"
#include "sys/sys.h"

/* Opcodes (CXL 3.1 table 8-61, 8-125). */
enum opcode {
	OPCODE_GET_LOG = 0x0100,	   /* Get Event Records */
	OPCODE_CLEAR_LOG = 0x0101,	   /* Clear Event Records */
	OPCODE_GET_CONFIGURATION = 0x4800, /* Get Dynamic Capacity Configuration */
	OPCODE_GET_EXTENTS = 0x4801,	   /* Get Dynamic Capacity Extent List */
	OPCODE_ADD_RESPONSE = 0x4802,	   /* Add Dynamic Capacity Response */
	OPCODE_RELEASE = 0x4803,	   /* Release Dynamic Capacity */
};

struct transport {
	const char *source; /* "mailbox", "raw": for struct dc_device */
	const char *name;   /* of the device, for messages: a PCI address or mem1 */
	size_t payload_max; /* bytes of a command or an answer */
	/*
	 * Send @opcode and wait for its end. At most @out_max bytes of the answer go to @out; @out_size
	 * becomes its size. What a device returned instead becomes an error with a text that has CXL's
	 * name for it: -EOPNOTSUPP (it does not know the command), -EINVAL (input or payload length),
	 * -ENXIO (a physical address that it does not take), -ENOSPC (resources exhausted, extent count
	 * exceeded), -EBUSY (busy or to be retried), -EIO otherwise.
	 *
	 * -ETIMEDOUT, and whatever else mailbox_send() says: see there. After -ETIMEDOUT, -ENODEV and -EIO
	 * it is unknown whether the command took effect.
	 */
	int (*command)(struct transport *transport, uint16_t opcode, const void *in, size_t in_size,
		       void *out, size_t out_max, size_t *out_size, struct error *err);
	void (*close)(struct transport *transport);
};

/*
 * Through the mailbox of the function at @address, which has no driver. See mailbox_open() for what
 * can go wrong. The lock of sys/lock.h is held by whoever uses it.
 */
int transport_mailbox(const struct sys *sys, const char *address, struct transport **transport,
		      struct error *err);

/*
 * Through the kernel, with raw commands of @memdev ("mem1"). -EPERM where the first of these would
 * panic the host (panic_on_warn) and under lockdown; -EOPNOTSUPP if the kernel was built without
 * CONFIG_CXL_MEM_RAW_COMMANDS, or handles dynamic capacity itself; -ENODEV if there is no such device.
 */
int transport_raw(const struct sys *sys, const char *memdev, struct transport **transport,
		  struct error *err);

void transport_close(struct transport **transport);
#define cleanup_transport __attribute__((cleanup(transport_close)))

/* The text and the errno of a return code of the device (CXL 3.1 table 8-34); 0 for success. */
int transport_code(const struct transport *transport, uint16_t opcode, unsigned int code,
		   struct error *err);

#endif
