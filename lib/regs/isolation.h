/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CXL Timeout and Isolation Capability of a root port (CXL 3.1 8.2.4.24, 12.3): what its three
 * registers say, and reading and changing them.
 *
 * The registers are all of 32 bits. Nothing here knows about traffic: whoever changes an isolation
 * enable has to have quiesced it first, or the result is undefined (CXL 3.1 8.2.4.24.2).
 */
#ifndef REGS_ISOLATION_H
#define REGS_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "regs/component.h"
#include "sys/error.h"
#include "sys/sys.h"

/* ---- what the registers say: pure functions ---- */

enum isolation_protocol { ISOLATION_MEM, ISOLATION_CACHE };

#define ISOLATION_PROTOCOLS 2

/* "CXL.mem", "CXL.cache" */
extern const char *const isolation_protocol_names[ISOLATION_PROTOCOLS];

/*
 * The bits of the control register, of a protocol @p where it matters. The capability register
 * has at the same place whether a bit may be set; instead of the value, the ranges supported.
 */
#define ISOLATION_CONTROL_VALUE_SHIFT(p) (8 * (p))
#define ISOLATION_CONTROL_VALUE(p)	 (0xfu << ISOLATION_CONTROL_VALUE_SHIFT(p))
#define ISOLATION_CONTROL_TIMEOUT(p)	 (1u << (4 + 8 * (p)))
#define ISOLATION_CONTROL_ISOLATION(p)	 (1u << (16 + 2 * (p)))
#define ISOLATION_CONTROL_LINK_DOWN(p)	 (1u << (17 + 2 * (p)))
#define ISOLATION_CONTROL_ANY_ISOLATION	 0x00050000u /* the isolation enables of both */
#define ISOLATION_CONTROL_ERR_COR	 (1u << 25)
#define ISOLATION_CONTROL_INTERRUPT	 (1u << 26)
#define ISOLATION_CONTROL_ENABLES	 0x060f1010u /* every bit that enables something */
#define ISOLATION_CONTROL_RESERVED	 0xf9f0e0e0u

/* The bits of the status register; those of ISOLATION_STATUS_RW1C are cleared by writing 1. */
#define ISOLATION_STATUS_TIMED_OUT(p) (1u << (4 * (p)))
#define ISOLATION_STATUS_ISOLATED(p)  (1u << (8 + 4 * (p)))
#define ISOLATION_STATUS_LINK_DOWN(p) (1u << (9 + 4 * (p)))
#define ISOLATION_STATUS_ANY_ISOLATED 0x1100u
#define ISOLATION_STATUS_RP_BUSY      (1u << 14)
#define ISOLATION_STATUS_RW1C	      0x3311u
#define ISOLATION_STATUS_RESERVED     0xffff8ceeu

struct isolation_support {
	unsigned int ranges; /* of timeouts, see timeout_usable(); may be an illegal sum */
	bool timeout;
	bool isolation;
	bool link_down; /* can force the link down when it isolates */
};

struct isolation_capability {
	struct isolation_support protocols[ISOLATION_PROTOCOLS];
	bool err_cor; /* can signal isolation as ERR_COR */
	bool interrupt;
	unsigned int message; /* number of the interrupt message, 0-31; valid if interrupt */
	uint32_t reserved;    /* reserved bits that are set, where they are; 0 if all is well */
};

struct isolation_setting {
	unsigned int value; /* see timeout_by_value(); may be a reserved one */
	bool timeout;
	bool isolation;
	bool link_down;
};

struct isolation_control {
	struct isolation_setting protocols[ISOLATION_PROTOCOLS];
	bool err_cor;
	bool interrupt;
	uint32_t reserved;
};

struct isolation_event {
	bool timed_out;
	bool isolated;
	bool link_down; /* it is isolated because the link went down */
};

struct isolation_status {
	struct isolation_event protocols[ISOLATION_PROTOCOLS];
	bool rp_busy; /* meaningful only while a protocol is isolated */
	uint32_t reserved;
};

/* encode(decode(raw)) is raw, whatever it is. */
struct isolation_capability isolation_capability_decode(uint32_t raw);
struct isolation_control isolation_control_decode(uint32_t raw);
struct isolation_status isolation_status_decode(uint32_t raw);
uint32_t isolation_capability_encode(const struct isolation_capability *capability);
uint32_t isolation_control_encode(const struct isolation_control *control);
uint32_t isolation_status_encode(const struct isolation_status *status);

enum isolation_cause {
	ISOLATION_CAUSE_NONE,	    /* not isolated, and no timeout */
	ISOLATION_CAUSE_TIMEOUT,    /* isolated by a timeout */
	ISOLATION_CAUSE_LINK_DOWN,  /* isolated by Link Down, whatever else */
	ISOLATION_CAUSE_UNISOLATED, /* a timeout that did not isolate */
	ISOLATION_CAUSE_UNKNOWN,    /* isolated, but someone has cleared why */
};

/* "none", "timeout", "link-down", "timeout-without-isolation", "unknown", NULL */
extern const char *const isolation_cause_names[];

enum isolation_cause isolation_cause(const struct isolation_status *status,
				     enum isolation_protocol protocol);

/* The three registers, and which of their bits are known: all, or what the kernel tells. */
struct isolation_registers {
	uint32_t capability, control, status; /* bits that are not known are 0 */
	uint32_t capability_known, control_known, status_known;
};

/* What "CXL.mem isolation" or the like one bit of ISOLATION_CONTROL_ENABLES enables. */
const char *isolation_enable_name(uint32_t bit);

/*
 * A line as of lspci: "MemTimeout+ MemIso- ... MemRange=B2 ...". '?' marks what is not in @known.
 * Reserved bits, where set, come last: "Rsvd=0x000000e0". ISOLATION_TEXT bytes hold any of them;
 * a smaller buffer gets the beginning. Returns @buffer.
 */
#define ISOLATION_TEXT 192
const char *isolation_capability_format(char *buffer, size_t size, uint32_t raw, uint32_t known);
const char *isolation_control_format(char *buffer, size_t size, uint32_t raw, uint32_t known);
const char *isolation_status_format(char *buffer, size_t size, uint32_t raw, uint32_t known);

/*
 * What cannot be, as far as it is known: reserved bits, an illegal sum of ranges, settings that
 * are reserved or not supported. Their number; the texts, separated by "; ", go into @buffer,
 * which ends early if it is too small (ISOLATION_FAULTS never is).
 */
#define ISOLATION_FAULTS 1024
unsigned int isolation_faults(const struct isolation_registers *registers, char *buffer,
			      size_t size);

/* ---- one port's registers ---- */

struct isolation_port;

/*
 * The capability of the root port at @address ("0000:0c:00.0"); @sys has to stay. It is written
 * through a kernel interface where the kernel has one ("sysfs-2025", "sysfs-2024": the two that
 * were posted), else to the mapped registers ("mmio"). It is read from the registers wherever they
 * can be mapped.
 *
 * -ENOENT without a text if the port has no such capability; -EINVAL if it is no PCIe root port;
 * -EBADMSG if what the registers say of themselves cannot be; -ENODEV if the port is gone; what
 * component_open() says if the registers cannot be mapped and the kernel offers nothing either.
 * Keep the handle short, as any struct component.
 */
int isolation_open(const struct sys *sys, const char *address, struct isolation_port **out,
		   struct error *err);
/* The same over a component that is open already; it is closed with the handle (0 only). */
int isolation_over(struct component *component, struct isolation_port **out, struct error *err);
void isolation_close(struct isolation_port **port);
#define cleanup_isolation __attribute__((cleanup(isolation_close)))

const char *isolation_backend_name(const struct isolation_port *port);

/*
 * -ENODEV if the port is gone (a register of all ones cannot be); -EIO if the registers are not
 * accessible; -EBADMSG if a kernel attribute says what means nothing.
 */
int isolation_read(const struct isolation_port *port, struct isolation_registers *registers,
		   struct error *err);

/*
 * Change the bits of @mask in the control register to those of @value, and read it all back.
 * Nothing is written if all is so already. An isolation enable in @mask says that traffic of that
 * protocol is quiesced.
 *
 * Refused, with nothing written: -EINVAL for reserved bits, for setting the interrupt enable (only
 * a kernel that handles it may), for what the capability does not support and for reserved timeout
 * values; -ENOTSUP for what the kernel interface cannot express, or cannot do without turning
 * isolation off under traffic.
 *
 * Tried and failed: the kernel's own refusal (-EINVAL, -ENXIO, -ENODEV, -ETIMEDOUT, -EACCES), or
 * -EIO if the register does not become what was asked for. Then all bits are put back as they were
 * (the text says so), except an isolation enable that is not in @mask: there may be traffic.
 * -ENOTRECOVERABLE if that did not succeed, or cannot be told; the text says what the register is
 * now. -ENODEV if the port went away over it.
 */
int isolation_write_control(struct isolation_port *port, uint32_t mask, uint32_t value,
			    struct error *err);

/*
 * Clear the bits of @mask, a part of ISOLATION_STATUS_RW1C, by writing exactly these, and wait up
 * to 100 ms until they are 0. Clearing an isolated bit leaves isolation: what lies below must be
 * out of use, and the link must have been down before anything is enumerated again (CXL 3.1 12.3).
 *
 * -EINVAL for other bits or none; -EBUSY for an isolated bit while RP Busy is 1, which would be
 * undefined; -ENOTSUP if the registers cannot be mapped; -EIO if a bit stays.
 */
int isolation_clear_status(struct isolation_port *port, uint32_t mask, struct error *err);

#endif
