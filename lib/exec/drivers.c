/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/drivers.h"

#include <errno.h>

#include "exec/find.h"
#include "sys/module.h"
#include "sys/util.h"

/* Every memory device has an endpoint, or it is not there yet. */
static int all_probed(void *context)
{
	cleanup_names struct names memdevs = {0};
	const struct sys *sys = context;
	int rc = sys_list(sys, &memdevs, "mem", "/sys/bus/cxl/devices");

	if (!rc && !memdevs.count)
		rc = -ENOENT;
	for (size_t i = 0; !rc && i < memdevs.count; i++) {
		char endpoint[NAME_SIZE];

		rc = find_endpoint(sys, memdevs.items[i], endpoint);
	}
	return rc;
}

int drivers_load(const struct sys *sys, void (*say)(const char *module), struct error *err)
{
	static const char *const modules[] = {"cxl_acpi", "cxl_port", "cxl_pci", "cxl_mem"};
	bool loaded = false;

	if (!sys_exists(sys, "/sys/bus/acpi/devices/ACPI0017:00"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		bool there;
		int rc = module_is_there(modules[i], &there, err);

		if (!rc && !there) {
			rc = module_load(modules[i], err);
			loaded = true;
			if (!rc && say)
				say(modules[i]);
		}
		if (rc)
			return rc;
	}
	if (loaded)
		wait_for(all_probed, (void *)sys,
			 5000); /* a device that never gets one is no error */
	return 0;
}
