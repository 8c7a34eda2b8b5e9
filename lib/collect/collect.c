/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/collect.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "sys/util.h"

int collect_host(const struct sys *sys, struct host *host, struct error *err)
{
	static int (*const parts[])(const struct sys *, struct host *, struct error *) = {
		collect_cxl,	      collect_pci,	  collect_dax,	  collect_memory,
		collect_nodes,	      collect_registers,  collect_system, collect_udev_rules,
		collect_firmware_map, collect_namespaces, collect_users,  collect_hooks,
	};
	struct utsname name;

	host->privileged = geteuid() == 0;
	if (uname(&name) == 0)
		copy_text(host->kernel, sizeof(host->kernel), name.release);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int rc = parts[i](sys, host, err);

		if (rc)
			return rc;
	}
	host_sort(host);
	return 0;
}

int collect_more(const struct sys *sys, struct host *host, unsigned int what, struct error *err)
{
	int rc = what & COLLECT_USAGE ? collect_page_blocks(sys, host, err) : 0;

	if (!rc && what & COLLECT_USAGE)
		rc = collect_usage(sys, host, err);
	if (!rc && what & COLLECT_ARGUMENTS)
		rc = collect_arguments(sys, host, err);
	if (!rc && what & COLLECT_PAGES)
		rc = collect_pages(sys, host, err);
	if (!rc && what & COLLECT_EXTENTS)
		rc = collect_extents(sys, host, err);
	host_sort(host);
	return rc;
}
