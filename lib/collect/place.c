/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/place.h"

#include <limits.h>
#include <string.h>

#include "sys/util.h"

/* pci0000:0c; devices behind a VMD controller have one of their own below it: pci10000:e0 */
static bool is_host_bridge(const char *part)
{
	return starts_with(part, "pci") && strchr(part, ':');
}

/*
 * The canonical path has every function above this one:
 * /sys/devices/pci0000:0c/0000:0c:00.0/0000:0d:00.0
 */
bool place_function(const struct sys *sys, const char *address, struct place *place)
{
	char path[PATH_MAX], *part, *rest = path;

	*place = (struct place){0};
	if (sys_real_path(sys, path, "/sys/bus/pci/devices/%s", address))
		return false;
	while ((part = strsep(&rest, "/"))) {
		if (is_host_bridge(part))
			*place = (struct place){0};
		if (!is_pci_address(part) || strcmp(part, address) == 0)
			continue;
		if (!place->root_port[0])
			copy_text(place->root_port, NAME_SIZE, part);
		copy_text(place->parent, NAME_SIZE, part);
	}
	return place->root_port[0];
}
