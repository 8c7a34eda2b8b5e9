/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hardware itself says. A device that can not be read is left unknown here, whatever the
 * reason: it is for the rules to say what must not be unknown.
 */
#include "collect/collect.h"
#include "collect/ownership.h"

#include <errno.h>

#include "regs/component.h"
#include "regs/config.h"
#include "regs/device.h"
#include "regs/hdm.h"
#include "regs/isolation.h"
#include "sys/util.h"

static void read_isolation(const struct sys *sys, struct root_port *port)
{
	cleanup_isolation struct isolation_port *isolation = NULL;
	struct isolation_registers registers;
	int rc = isolation_open(sys, port->address, &isolation, NULL);

	if (!rc)
		rc = isolation_read(isolation, &registers, NULL);
	port->isolation = rc == -ENOENT ? ISOLATION_NONE
			  : rc		? ISOLATION_UNKNOWN
					: ISOLATION_PRESENT;
	if (rc)
		return;
	copy_text(port->backend, sizeof(port->backend), isolation_backend_name(isolation));
	port->capability = registers.capability;
	port->capability_known = registers.capability_known;
	port->control = registers.control;
	port->control_known = registers.control_known;
	port->status = registers.status;
	port->status_known = registers.status_known;
	port->armed_by = (int)ownership_of(sys, port->address, registers.control, port->backend);
}

static void add_decoders(const struct hdm *hdm, struct function *function)
{
	for (unsigned int i = 0; i < hdm->count; i++) {
		struct hdm_range *range = list_add(&function->hdm);

		range->number = (int)i;
		range->start = hdm->decoders[i].base;
		range->size = hdm->decoders[i].size;
		range->committed = hdm->decoders[i].committed;
		range->locked = hdm->decoders[i].locked;
	}
}

int collect_device_registers(const struct sys *sys, struct function *function, struct error *err)
{
	cleanup_component struct component *component = NULL;
	cleanup_config struct config *config = NULL;
	struct hdm hdm;
	int rc = config_open(sys, &config, function->address, err);

	if (!rc)
		rc = device_mem_enabled(config, &function->mem_enabled, err);
	if (!rc)
		rc = component_open(sys, &component, function->address, false, err);
	if (!rc)
		rc = hdm_read(component, &hdm, err);
	if (rc)
		return fail(err, rc, "%s has no HDM decoders", function->address);
	function->hdm_enabled = hdm.enabled;
	add_decoders(&hdm, function);
	function->registers = true;
	return 0;
}

int collect_registers(const struct sys *sys, struct host *host, struct error *err)
{
	(void)err;
	if (!host->privileged)
		return 0;
	list_each(port, &host->root_ports)
		read_isolation(sys, port);
	list_each(function, &host->functions)
		if (function->kind == FUNCTION_MEMDEV)
			collect_device_registers(sys, function, NULL);
	return 0;
}
