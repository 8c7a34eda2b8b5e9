/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handle on the isolation registers of one port: finding, reading and clearing them. */
#include "regs/backend_port.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "regs/config.h"
#include "sys/util.h"

/* CXL 3.1 table 8-22. A later version may give reserved bits a meaning that we would not guard. */
#define KNOWN_VERSION 1

#define ISOLATED \
	(ISOLATION_STATUS_ISOLATED(ISOLATION_MEM) | ISOLATION_STATUS_ISOLATED(ISOLATION_CACHE))
#define CLEAR_MS 100

/* ---- the handle ---- */

static struct isolation_port *port_new(const struct sys *sys, const char *address)
{
	struct isolation_port *port = xcalloc(1, sizeof(*port));

	port->sys = sys;
	port->address = xstrdup(address);
	port->backend = &isolation_backend_mmio;
	return port;
}

void isolation_close(struct isolation_port **port)
{
	if (!*port)
		return;
	component_close(&(*port)->component);
	free((*port)->address);
	free(*port);
	*port = NULL;
}

const char *isolation_backend_name(const struct isolation_port *port)
{
	return port->backend->name;
}

/* -ENOENT without a text if the port has no component registers to look into. */
static int check_port(const struct sys *sys, const char *address, struct error *err)
{
	cleanup_config struct config *config = NULL;
	struct register_block block;
	int rc = config_open(sys, &config, address, err);

	if (!rc)
		rc = image_find_block(config_image(config), CXL_BLOCK_COMPONENT, &block, err);
	if (rc)
		return rc;
	/* CXL 3.1 8.2.4.24 permits the capability there and nowhere else. */
	if (!config_is_root_port(config))
		return fail(err, -EINVAL, "%s is no PCIe root port: only those can isolate",
			    address);
	return 0;
}

static int find_capability(struct component *component, uint32_t *offset, struct error *err)
{
	int rc = component_find(component, CXL_CAPABILITY_ISOLATION, KNOWN_VERSION, offset, err);

	if (rc || *offset + ISOLATION_SIZE <= COMPONENT_SIZE)
		return rc;
	return fail(err, -EBADMSG,
		    "the isolation registers of %s at 0x%03" PRIx32 " reach beyond the others",
		    component_name(component), *offset);
}

static int map_registers(struct isolation_port *port, struct error *err)
{
	int rc = component_open(port->sys, &port->component, port->address, true, err);

	/* They are there, as check_port() has seen: this is not for lack of a capability. */
	if (rc == -ENOENT)
		return -EIO;
	return rc ? rc : find_capability(port->component, &port->offset, err);
}

/* Obstacles that a kernel interface gets around: no rights, lockdown, a driver with the BAR. */
static bool may_do_without(int code)
{
	return code == -EACCES || code == -EPERM || code == -EBUSY || code == -EIO;
}

/* Fill in the ways to the registers there are. */
static int find_ways(struct isolation_port *port, struct error *err)
{
	const struct isolation_backend *kernel = NULL;
	int rc = check_port(port->sys, port->address, &port->unmapped);

	if (!rc)
		rc = map_registers(port, &port->unmapped);
	if (rc == -ENOENT)
		return rc;
	if (!rc || may_do_without(rc))
		kernel = isolation_backend_sysfs(port->sys, port->address);
	if (kernel)
		port->backend = kernel;
	if (!rc)
		return 0;
	component_close(&port->component);
	if (kernel)
		return 0;
	hint(err, "%s", port->unmapped.hint);
	return fail(err, rc, "%s", port->unmapped.text);
}

int isolation_open(const struct sys *sys, const char *address, struct isolation_port **out,
		   struct error *err)
{
	cleanup_isolation struct isolation_port *port = port_new(sys, address);
	int rc = find_ways(port, err);

	if (rc)
		return rc;
	*out = port;
	port = NULL;
	return 0;
}

int isolation_over(struct component *component, struct isolation_port **out, struct error *err)
{
	uint32_t offset;
	int rc = find_capability(component, &offset, err);

	if (rc)
		return rc;
	*out = port_new(NULL, component_name(component));
	(*out)->component = component;
	(*out)->offset = offset;
	return 0;
}

int isolation_read(const struct isolation_port *port, struct isolation_registers *registers,
		   struct error *err)
{
	const struct isolation_backend *backend =
		port->component ? &isolation_backend_mmio : port->backend;

	memset(registers, 0, sizeof(*registers));
	return backend->read(port, registers, err);
}

/* ---- clearing the status register ---- */

static int check_clear(const struct isolation_port *port, uint32_t mask, uint32_t status,
		       struct error *err)
{
	if (!(mask & ISOLATED) || !(status & ISOLATION_STATUS_RP_BUSY))
		return 0;
	hint(err, "wait until RPBusy is 0");
	return fail(err, -EBUSY,
		    "%s is busy: leaving isolation now would have undefined consequences",
		    port->address);
}

/* Wait until the bits of @mask are 0. */
static int await_clear(const struct isolation_port *port, uint32_t mask, struct error *err)
{
	uint64_t end = now_ms() + CLEAR_MS;
	char text[ISOLATION_TEXT];
	uint32_t status;

	for (;;) {
		bool last = now_ms() >= end;
		int rc = isolation_read_register(port, ISOLATION_STATUS_REGISTER, &status, err);

		if (rc || !(status & mask))
			return rc;
		if (last)
			break;
		sleep_ms(1);
	}
	return fail(err, -EIO, "the isolation status of %s did not clear within %d ms: %s",
		    port->address, CLEAR_MS,
		    isolation_status_format(text, sizeof(text), status, UINT32_MAX));
}

int isolation_clear_status(struct isolation_port *port, uint32_t mask, struct error *err)
{
	uint32_t status;
	int rc;

	if (!mask || mask & ~ISOLATION_STATUS_RW1C)
		return fail(err, -EINVAL,
			    "0x%08" PRIx32 " is no set of bits to clear in the isolation status",
			    mask);
	if (!port->component)
		return fail(err, -ENOTSUP,
			    "the kernel's interface to %s (%s) cannot clear the isolation status, "
			    "and the registers cannot be written instead: %s",
			    port->address, port->backend->name, port->unmapped.text);
	rc = isolation_read_register(port, ISOLATION_STATUS_REGISTER, &status, err);
	if (!rc)
		rc = check_clear(port, mask, status, err);
	if (rc || !(status & mask))
		return rc;
	/* RW1C: exactly these bits. What was read would clear events that nobody has seen yet. */
	rc = component_write32(port->component, port->offset + ISOLATION_STATUS_REGISTER, mask,
			       err);
	return rc ? rc : await_clear(port, mask, err);
}
