/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What regs/isolation.h's handle is made of: private to the files backend_*.c. */
#ifndef REGS_BACKEND_PORT_H
#define REGS_BACKEND_PORT_H

#include "regs/isolation.h"

/* Bits of the control register that a back end writes at once. */
struct isolation_field {
	uint32_t bits;
	/* For an enable that is in the list twice: once to set it, once to clear it. */
	enum { WRITE_ALWAYS, WRITE_TO_CLEAR, WRITE_TO_SET } when;
};

/* One way to the control register. */
struct isolation_backend {
	const char *name;
	const struct isolation_field *fields; /* in the order to write them; the last has no bits */
	/* What it says is supported and set, as far as it says. */
	int (*read)(const struct isolation_port *port, struct isolation_registers *registers,
		    struct error *err);
	/* Which bits this port's one can write, of all those in @fields. */
	uint32_t (*writable)(const struct isolation_port *port);
	/* Write the bits of @field out of @control. */
	int (*write)(const struct isolation_port *port, uint32_t field, uint32_t control,
		     struct error *err);
	/* Writing the CXL.mem timeout value is known to clear all other bits. */
	bool value_clears_rest;
};

struct isolation_port {
	const struct sys *sys;
	char *address;
	const struct isolation_backend *backend;
	struct component *component; /* NULL: the registers cannot be mapped */
	uint32_t offset;	     /* of the capability in it */
	struct error unmapped;	     /* why they cannot */
};

/* CXL 3.1 8.2.4.24: from the start of the capability. At +0x04 nothing is. */
#define ISOLATION_CAPABILITY_REGISTER 0x0
#define ISOLATION_CONTROL_REGISTER    0x8
#define ISOLATION_STATUS_REGISTER     0xc
#define ISOLATION_SIZE		      0x10

/* To the registers themselves; the port has a component. */
extern const struct isolation_backend isolation_backend_mmio;

/* One of the kernel's two interfaces, NULL if the port has neither. */
const struct isolation_backend *isolation_backend_sysfs(const struct sys *sys, const char *address);

/* One of the registers; -ENODEV if the port is gone. */
int isolation_read_register(const struct isolation_port *port, uint32_t reg, uint32_t *value,
			    struct error *err);

#endif
