/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Root ports that the CXL core has not met yet, and every PCI function below all of them. */
#include "collect/collect.h"

#include <errno.h>
#include <string.h>

#include "collect/place.h"
#include "regs/config.h"
#include "regs/ports.h"
#include "sys/util.h"

#define CLASS_BRIDGE 0x0604 /* PCI-to-PCI bridge */
#define CLASS_CXL    0x0502 /* CXL memory device */

static enum function_kind kind_of(uint64_t class_code)
{
	if (class_code >> 8 == CLASS_BRIDGE)
		return FUNCTION_BRIDGE;
	return class_code >> 8 == CLASS_CXL ? FUNCTION_MEMDEV : FUNCTION_OTHER;
}

/* Of a memory device: it is known by that while it has no driver, too. */
static uint64_t serial_of(const struct sys *sys, const char *address)
{
	cleanup_config struct config *config = NULL;
	uint64_t serial;

	if (config_open(sys, &config, address, NULL) ||
	    image_serial(config_image(config), &serial, NULL))
		return UNKNOWN;
	return serial;
}

static void add_function(const struct sys *sys, struct host *host, const char *address)
{
	struct place place;
	uint64_t vendor = 0, device = 0;
	struct function *function;

	if (!place_function(sys, address, &place) || !host_root_port(host, place.root_port))
		return;
	function = list_add(&host->functions);
	copy_text(function->address, NAME_SIZE, address);
	copy_text(function->root_port, NAME_SIZE, place.root_port);
	copy_text(function->parent, NAME_SIZE, place.parent);
	sys_read_u64(sys, &function->class_code, "/sys/bus/pci/devices/%s/class", address);
	sys_read_u64(sys, &vendor, "/sys/bus/pci/devices/%s/vendor", address);
	sys_read_u64(sys, &device, "/sys/bus/pci/devices/%s/device", address);
	function->vendor_device = vendor << 16 | device;
	function->kind = kind_of(function->class_code);
	function->serial = function->kind == FUNCTION_MEMDEV ? serial_of(sys, address) : UNKNOWN;
	sys_link_name(sys, function->driver, NAME_SIZE, "/sys/bus/pci/devices/%s/driver", address);
}

/* A root port the kernel made no dport for: its bridge is found by the root bus it sits on. */
static int add_root_port(void *context, const char *address)
{
	struct host *host = context;
	struct root_port *port;

	if (host_root_port(host, address))
		return 0;
	port = list_add(&host->root_ports);
	copy_text(port->address, NAME_SIZE, address);
	port->dport = -1;
	list_each(bridge, &host->bridges)
		if (bridge->bus[0] && strncmp(address, bridge->bus, strlen(bridge->bus)) == 0)
			copy_text(port->bridge, NAME_SIZE, bridge->name);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct root_port *)a)->address,
		      ((const struct root_port *)b)->address);
}

int collect_pci(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_names struct names functions = {0};
	struct error unseen = {0};
	int rc = ports_scan(sys, add_root_port, host, &unseen);

	if (rc == -EACCES || rc == -EPERM)
		host->privileged = false; /* the dports are all we can see */
	else if (rc)
		return fail(err, rc, "%s", unseen.text);
	list_sort(&host->root_ports, by_address);
	list_each(port, &host->root_ports)
		port->can_reset =
			sys_exists(sys, "/sys/bus/pci/devices/%s/reset_subordinate", port->address);
	rc = sys_list(sys, &functions, NULL, "/sys/bus/pci/devices");
	if (rc)
		return fail_errno(err, rc, "cannot list PCI devices");
	for (size_t i = 0; i < functions.count; i++)
		add_function(sys, host, functions.items[i]);
	return 0;
}
