/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CXL tree through libcxl. The library caches at first touch and has no refresh (up to v85),
 * so every collection makes a context of its own.
 */
#include "collect/collect.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <syslog.h>

#include <cxl/libcxl.h>
#include <uuid/uuid.h>

#include "collect/place.h"
#include "sys/util.h"

struct walk {
	const struct sys *sys;
	struct host *host;
};

/* libcxl says all ones for what it can not read, as we do; a size is then none. */
static uint64_t known_or_0(unsigned long long value)
{
	return value == ULLONG_MAX ? 0 : value;
}

static int committed_decoders(const struct sys *sys, const char *port)
{
	uint64_t count;

	return sys_read_u64(sys, &count, "/sys/bus/cxl/devices/%s/decoders_committed", port)
		       ? -1
		       : (int)count;
}

static struct port *add_port(struct walk *walk, struct cxl_port *cxl_port, enum port_kind kind,
			     const char *parent)
{
	struct port *port = list_add(&walk->host->ports);
	const char *host = cxl_port_get_host(cxl_port);

	copy_text(port->name, sizeof(port->name), cxl_port_get_devname(cxl_port));
	copy_text(port->parent, sizeof(port->parent), parent);
	copy_text(port->device, sizeof(port->device), host ? host : "");
	port->kind = kind;
	port->committed = committed_decoders(walk->sys, port->name);
	return port;
}

static int by_position(const void *a, const void *b)
{
	return ((const struct target *)a)->position - ((const struct target *)b)->position;
}

static void add_targets(struct cxl_region *cxl_region, struct region *region)
{
	struct cxl_memdev_mapping *mapping;

	cxl_mapping_foreach(cxl_region, mapping) {
		struct cxl_decoder *decoder = cxl_mapping_get_decoder(mapping);
		struct cxl_memdev *memdev = cxl_decoder_get_memdev(decoder);
		struct target *target = list_add(&region->targets);

		target->position = (int)cxl_mapping_get_position(mapping);
		copy_text(target->decoder, sizeof(target->decoder),
			  cxl_decoder_get_devname(decoder));
		if (memdev)
			copy_text(target->memdev, sizeof(target->memdev),
				  cxl_memdev_get_devname(memdev));
	}
	list_sort(&region->targets, by_position);
}

/* Linux 7.0 and later; before, a region whose window is fixed can be undone all the same. */
static bool is_locked(const struct sys *sys, const char *region)
{
	uint64_t locked;

	return !sys_read_u64(sys, &locked, "/sys/bus/cxl/devices/%s/locked", region) && locked;
}

/* libcxl 76 does not tell, and to later ones (up to 85) what is neither ram nor pmem is nothing. */
static void read_mode(const struct sys *sys, struct region *region)
{
	sys_read(sys, region->mode, sizeof(region->mode), "/sys/bus/cxl/devices/%s/mode",
		 region->name);
}

static void add_region(struct walk *walk, struct cxl_region *cxl_region, const char *window)
{
	struct region *region = list_add(&walk->host->regions);
	uuid_t uuid;

	copy_text(region->name, sizeof(region->name), cxl_region_get_devname(cxl_region));
	copy_text(region->window, sizeof(region->window), window);
	read_mode(walk->sys, region);
	cxl_region_get_uuid(cxl_region, uuid);
	if (!uuid_is_null(uuid))
		uuid_unparse(uuid, region->uuid);
	region->start = cxl_region_get_resource(cxl_region);
	region->size = known_or_0(cxl_region_get_size(cxl_region));
	region->ways = cxl_region_get_interleave_ways(cxl_region);
	region->granularity = cxl_region_get_interleave_granularity(cxl_region);
	region->committed = cxl_region_decode_is_committed(cxl_region) == 1;
	region->locked = is_locked(walk->sys, region->name);
	region->enabled = cxl_region_is_enabled(cxl_region) == 1;
	add_targets(cxl_region, region);
}

static void add_decoder(struct walk *walk, struct cxl_decoder *cxl_decoder, const struct port *port)
{
	struct decoder *decoder = list_add(&walk->host->decoders);
	struct cxl_region *region = NULL;

	copy_text(decoder->name, sizeof(decoder->name), cxl_decoder_get_devname(cxl_decoder));
	copy_text(decoder->port, sizeof(decoder->port), port->name);
	decoder->kind = port->kind;
	decoder->start = cxl_decoder_get_resource(cxl_decoder);
	decoder->size = known_or_0(cxl_decoder_get_size(cxl_decoder));
	decoder->ways = cxl_decoder_get_interleave_ways(cxl_decoder);
	decoder->granularity = cxl_decoder_get_interleave_granularity(cxl_decoder);
	decoder->locked = cxl_decoder_is_locked(cxl_decoder);
	if (port->kind == PORT_ROOT) {
		decoder->ram_capable = cxl_decoder_is_volatile_capable(cxl_decoder);
		decoder->pmem_capable = cxl_decoder_is_pmem_capable(cxl_decoder);
	}
	if (port->kind == PORT_ENDPOINT) {
		copy_text(decoder->mode, sizeof(decoder->mode),
			  cxl_decoder_mode_name(cxl_decoder_get_mode(cxl_decoder)));
		decoder->dpa_start = known_or_0(cxl_decoder_get_dpa_resource(cxl_decoder));
		decoder->dpa_size = known_or_0(cxl_decoder_get_dpa_size(cxl_decoder));
		region = cxl_decoder_get_region(cxl_decoder);
	}
	if (region)
		copy_text(decoder->region, sizeof(decoder->region), cxl_region_get_devname(region));
}

static void add_decoders(struct walk *walk, struct cxl_port *cxl_port, const struct port *port)
{
	struct port copy = *port; /* the list behind @port may move while we add */
	struct cxl_decoder *decoder;
	struct cxl_region *region;

	cxl_decoder_foreach(cxl_port, decoder) {
		add_decoder(walk, decoder, &copy);
		if (copy.kind != PORT_ROOT)
			continue;
		cxl_region_foreach(decoder, region)
			add_region(walk, region, cxl_decoder_get_devname(decoder));
	}
}

static void add_endpoints(struct walk *walk, struct cxl_port *cxl_port)
{
	struct cxl_endpoint *endpoint;

	cxl_endpoint_foreach(cxl_port, endpoint) {
		struct cxl_port *own = cxl_endpoint_get_port(endpoint);

		if (own)
			add_decoders(walk, own,
				     add_port(walk, own, PORT_ENDPOINT,
					      cxl_port_get_devname(cxl_port)));
	}
}

/* Root ports that the kernel knows as dports of a host bridge; PCI adds what it does not. */
static void add_root_ports(struct walk *walk, struct cxl_port *cxl_port, const char *bridge)
{
	struct cxl_dport *dport;

	cxl_dport_foreach(cxl_port, dport) {
		struct root_port *port = list_add(&walk->host->root_ports);

		copy_text(port->address, sizeof(port->address), cxl_dport_get_devname(dport));
		copy_text(port->bridge, sizeof(port->bridge), bridge);
		port->dport = cxl_dport_get_id(dport);
	}
}

static void add_ports_below(struct walk *walk, struct cxl_port *parent, enum port_kind kind)
{
	struct cxl_port *child;

	cxl_port_foreach(parent, child) {
		add_decoders(walk, child,
			     add_port(walk, child, kind, cxl_port_get_devname(parent)));
		if (kind == PORT_HOST_BRIDGE)
			add_root_ports(walk, child, cxl_port_get_host(child));
		add_endpoints(walk, child);
		add_ports_below(walk, child, PORT_SWITCH);
	}
}

/* The root's dports are the host bridges, whether or not a port decodes for them yet. */
static void add_bridges(struct walk *walk, struct cxl_port *root)
{
	struct cxl_dport *dport;

	cxl_dport_foreach(root, dport) {
		struct bridge *bridge = list_add(&walk->host->bridges);
		const char *firmware = cxl_dport_get_firmware_node(dport);

		copy_text(bridge->name, sizeof(bridge->name), cxl_dport_get_devname(dport));
		copy_text(bridge->firmware, sizeof(bridge->firmware),
			  firmware ? base_name(firmware) : "");
		if (starts_with(bridge->name, "pci"))
			copy_text(bridge->bus, sizeof(bridge->bus), bridge->name + strlen("pci"));
	}
}

static void name_bridge_ports(struct host *host)
{
	list_each(port, &host->ports)
		list_each(bridge, &host->bridges)
			if (port->kind == PORT_HOST_BRIDGE &&
			    strcmp(port->device, bridge->name) == 0)
				copy_text(bridge->port, sizeof(bridge->port), port->name);
}

static void place_memdev(const struct sys *sys, struct memdev *memdev)
{
	struct place place;

	if (!place_function(sys, memdev->address, &place))
		return;
	copy_text(memdev->root_port, sizeof(memdev->root_port), place.root_port);
	memdev->direct = strcmp(place.root_port, place.parent) == 0;
}

static void add_memdev(struct walk *walk, struct cxl_memdev *cxl_memdev)
{
	struct memdev *memdev = list_add(&walk->host->memdevs);
	struct cxl_endpoint *endpoint = cxl_memdev_get_endpoint(cxl_memdev);
	const char *address = cxl_memdev_get_host(cxl_memdev);

	copy_text(memdev->name, sizeof(memdev->name), cxl_memdev_get_devname(cxl_memdev));
	copy_text(memdev->address, sizeof(memdev->address), address ? address : "");
	memdev->serial = cxl_memdev_get_serial(cxl_memdev);
	memdev->ram_size = known_or_0(cxl_memdev_get_ram_size(cxl_memdev));
	memdev->pmem_size = known_or_0(cxl_memdev_get_pmem_size(cxl_memdev));
	memdev->node = cxl_memdev_get_numa_node(cxl_memdev);
	if (endpoint)
		copy_text(memdev->endpoint, sizeof(memdev->endpoint),
			  cxl_endpoint_get_devname(endpoint));
	place_memdev(walk->sys, memdev);
}

static void free_context(struct cxl_ctx **context)
{
	if (*context)
		cxl_unref(*context);
}

static void place_targets(struct host *host)
{
	list_each(region, &host->regions)
		list_each(target, &region->targets) {
			const struct memdev *memdev = host_memdev(host, target->memdev);

			copy_text(target->root_port, NAME_SIZE, memdev ? memdev->root_port : "");
		}
}

/* Their names come first in all of them. libcxl's order changes from boot to boot. */
static int by_name(const void *a, const void *b)
{
	return strverscmp(a, b);
}

int collect_cxl(const struct sys *sys, struct host *host, struct error *err)
{
	__attribute__((cleanup(free_context))) struct cxl_ctx *context = NULL;
	struct walk walk = {sys, host};
	struct cxl_memdev *memdev;
	struct cxl_bus *bus;
	int rc = cxl_new(&context);

	if (rc)
		return fail_errno(err, rc, "cannot use libcxl");
	cxl_set_log_priority(context, LOG_EMERG);
	cxl_bus_foreach(context, bus) {
		struct cxl_port *root = cxl_bus_get_port(bus);

		add_bridges(&walk, root);
		add_decoders(&walk, root, add_port(&walk, root, PORT_ROOT, ""));
		add_ports_below(&walk, root, PORT_HOST_BRIDGE);
	}
	cxl_memdev_foreach(context, memdev)
		add_memdev(&walk, memdev);
	name_bridge_ports(host);
	place_targets(host);
	list_sort(&host->bridges, by_name);
	list_sort(&host->ports, by_name);
	list_sort(&host->memdevs, by_name);
	list_sort(&host->decoders, by_name);
	list_sort(&host->regions, by_name);
	return 0;
}
