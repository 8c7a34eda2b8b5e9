/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The isolation registers themselves. */
#include "regs/backend_port.h"

#include <errno.h>

int isolation_read_register(const struct isolation_port *port, uint32_t reg, uint32_t *value,
			    struct error *err)
{
	int rc = component_read32(port->component, port->offset + reg, value, err);

	if (rc || *value != UINT32_MAX)
		return rc;
	/* Each of the three has reserved bits, so unlike other registers none can be all ones. */
	hint(err, "it was removed, or is being reset");
	return fail(err, -ENODEV, "an isolation register of %s reads all ones", port->address);
}

static int read_all(const struct isolation_port *port, struct isolation_registers *registers,
		    struct error *err)
{
	int rc = isolation_read_register(port, ISOLATION_CAPABILITY_REGISTER,
					 &registers->capability, err);

	if (!rc)
		rc = isolation_read_register(port, ISOLATION_CONTROL_REGISTER, &registers->control,
					     err);
	if (!rc)
		rc = isolation_read_register(port, ISOLATION_STATUS_REGISTER, &registers->status,
					     err);
	registers->capability_known = UINT32_MAX;
	registers->control_known = UINT32_MAX;
	registers->status_known = UINT32_MAX;
	return rc;
}

static const struct isolation_field whole_register[] = {{UINT32_MAX, WRITE_ALWAYS}, {}};

static uint32_t everything(const struct isolation_port *port)
{
	(void)port;
	return UINT32_MAX;
}

static int write_control(const struct isolation_port *port, uint32_t field, uint32_t control,
			 struct error *err)
{
	(void)field;
	return component_write32(port->component, port->offset + ISOLATION_CONTROL_REGISTER,
				 control, err);
}

const struct isolation_backend isolation_backend_mmio = {
	.name = "mmio",
	.fields = whole_register,
	.read = read_all,
	.writable = everything,
	.write = write_control,
};
