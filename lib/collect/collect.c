/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/collect.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "sys/util.h"

int collect_host(const struct sys *sys, struct host *host, struct error *err)
{
	static int (*const parts[])(const struct sys *, struct host *, struct error *) = {
		collect_cxl,	collect_pci,   collect_dax,
		collect_memory, collect_users, collect_registers,
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
	return 0;
}
