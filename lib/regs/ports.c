/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "regs/ports.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "regs/config.h"
#include "sys/util.h"

#define CLASS_PCI_BRIDGE 0x0604

/*
 * The kernel knows the class already. Config space is opened for bridges only: some functions take
 * it badly when all of their config space is read.
 */
static bool is_pci_bridge(const struct sys *sys, const char *address)
{
	uint64_t class;

	return !sys_read_u64(sys, &class, "/sys/bus/pci/devices/%s/class", address) &&
	       class >> 8 == CLASS_PCI_BRIDGE;
}

/* 1 if it is one, 0 if not, -EACCES. */
static int is_cxl_root_port(const struct sys *sys, const char *address, struct error *err)
{
	cleanup_config struct config *config = NULL;
	struct error ignored = {0};
	uint8_t pcie;

	if (config_open(sys, &config, address, &ignored))
		return 0;
	if (config_find_capability(config, PCI_CAPABILITY_PCIE, &pcie, err) == -EACCES)
		return -EACCES;
	return config_is_root_port(config) && image_is_cxl_port(config_image(config));
}

/* By domain, bus, device, function: a longer domain is a higher one. */
static int by_address(const void *a, const void *b)
{
	const char *one = *(char *const *)a, *other = *(char *const *)b;

	if (strlen(one) != strlen(other))
		return strlen(one) < strlen(other) ? -1 : 1;
	return strcmp(one, other);
}

int ports_scan(const struct sys *sys, int (*found)(void *context, const char *address),
	       void *context, struct error *err)
{
	cleanup_names struct names names;
	int rc = sys_list(sys, &names, NULL, "/sys/bus/pci/devices");

	if (rc)
		return fail_errno(err, rc, "cannot list the PCI functions");
	if (names.count)
		qsort(names.items, names.count, sizeof(char *), by_address);
	for (size_t i = 0; !rc && i < names.count; i++) {
		if (!is_pci_bridge(sys, names.items[i]))
			continue;
		rc = is_cxl_root_port(sys, names.items[i], err);
		if (rc == 1)
			rc = found(context, names.items[i]);
	}
	return rc;
}
