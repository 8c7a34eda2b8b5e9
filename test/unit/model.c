// SPDX-License-Identifier: GPL-2.0-or-later
#include "model.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define DECODERS 4 /* of each port and device */

/* A copy that would be cut is a mistake of the test. */
#define set(field, text) assert_true(copy_text(field, sizeof(field), text))

/* The same object, found in a list that we may change. */
#define FOUND(host, list, found)                                                       \
	({                                                                             \
		__typeof__((host)->list.items) object_ = (__typeof__(object_))(found); \
		assert_non_null(object_);                                              \
		object_;                                                               \
	})

struct root_port *root_port_of(struct host *host, const char *address)
{
	return FOUND(host, root_ports, host_root_port(host, address));
}

struct function *function_of(struct host *host, const char *address)
{
	return FOUND(host, functions, host_function(host, address));
}

struct memdev *memdev_of(struct host *host, const char *name)
{
	return FOUND(host, memdevs, host_memdev(host, name));
}

struct decoder *decoder_of(struct host *host, const char *name)
{
	return FOUND(host, decoders, host_decoder(host, name));
}

struct region *region_of(struct host *host, const char *name)
{
	return FOUND(host, regions, host_region(host, name));
}

struct dax *dax_of(struct host *host, const char *name)
{
	return FOUND(host, dax_devices, host_dax(host, name));
}

static void add_bridge(struct host *host, const char *bus, const char *firmware, const char *port)
{
	struct bridge *bridge = list_add(&host->bridges);

	snprintf(bridge->name, sizeof(bridge->name), "pci%s", bus);
	set(bridge->bus, bus);
	set(bridge->firmware, firmware);
	set(bridge->port, port);
}

static void add_port(struct host *host, const char *name, enum port_kind kind, const char *parent,
		     const char *device)
{
	struct port *port = list_add(&host->ports);

	set(port->name, name);
	set(port->parent, parent);
	set(port->device, device);
	port->kind = kind;
}

static struct decoder *add_decoder(struct host *host, const char *port, enum port_kind kind,
				   int number)
{
	struct decoder *decoder = list_add(&host->decoders);
	size_t digits = strcspn(port, "0123456789");

	snprintf(decoder->name, sizeof(decoder->name), "decoder%s.%d", port + digits, number);
	set(decoder->port, port);
	set(decoder->mode, kind == PORT_ENDPOINT ? "none" : "");
	decoder->kind = kind;
	decoder->ways = 1;
	decoder->granularity = 256;
	return decoder;
}

static void add_decoders(struct host *host, const char *port, enum port_kind kind)
{
	for (int i = 0; i < DECODERS; i++)
		add_decoder(host, port, kind, i);
}

static void add_window(struct host *host, int number, uint64_t start, uint64_t ways)
{
	struct decoder *window = add_decoder(host, "root0", PORT_ROOT, number);

	window->start = start;
	window->size = WINDOW_SIZE;
	window->ways = ways;
	window->ram_capable = window->pmem_capable = true;
}

struct root_port *model_root_port(struct host *host, const char *address, const char *bridge)
{
	struct root_port *port = list_add(&host->root_ports);

	set(port->address, address);
	set(port->bridge, bridge);
	port->dport = (int)host->root_ports.count + 1;
	port->isolation = ISOLATION_NONE;
	port->can_reset = true;
	return port;
}

struct function *model_function(struct host *host, const char *address, const char *root_port,
				enum function_kind kind, const char *driver)
{
	struct function *function = list_add(&host->functions);

	set(function->address, address);
	set(function->parent, root_port);
	set(function->root_port, root_port);
	set(function->driver, driver);
	function->kind = kind;
	function->class_code = kind == FUNCTION_MEMDEV ? 0x50210 : 0x20000;
	function->vendor_device = 0x80860d93;
	if (kind != FUNCTION_MEMDEV)
		return function;
	function->registers = function->hdm_enabled = function->mem_enabled = true;
	for (int i = 0; i < DECODERS; i++)
		list_add(&function->hdm)->number = i;
	return function;
}

struct memdev *model_memdev(struct host *host, const char *name, const char *address,
			    const char *root_port, uint64_t serial)
{
	struct memdev *memdev = list_add(&host->memdevs);

	set(memdev->name, name);
	set(memdev->address, address);
	set(memdev->root_port, root_port);
	memdev->serial = serial;
	memdev->direct = true;
	memdev->ram_size = DEVICE_SIZE;
	memdev->node = -1;
	return memdev;
}

static void add_device(struct host *host, const char *name, const char *address,
		       const char *root_port, uint64_t serial, const char *endpoint,
		       const char *parent)
{
	struct memdev *memdev = model_memdev(host, name, address, root_port, serial);

	set(memdev->endpoint, endpoint);
	model_function(host, address, root_port, FUNCTION_MEMDEV, "cxl_pci");
	add_port(host, endpoint, PORT_ENDPOINT, parent, name);
	add_decoders(host, endpoint, PORT_ENDPOINT);
}

static void add_node(struct host *host, int number, bool cpus, uint64_t total)
{
	struct node *node = list_add(&host->nodes);

	node->number = number;
	node->cpus = cpus;
	node->total = total;
	node->free = total / 2;
	node->anon = node->file = node->shmem = node->mlocked = node->kernel = UNKNOWN;
	node->reclaimable = node->pinned = node->unmovable = node->cma = UNKNOWN;
}

void model_idle(struct host *host)
{
	set(host->kernel, "6.12.95");
	set(host->auto_online, "online");
	host->privileged = host->users_complete = host->usage_complete = true;
	host->system.demotion = host->system.zswap = host->system.hypervisor = 0;
	host->block_size = BLOCK_SIZE;
	add_bridge(host, "0000:0c", "ACPI0016:01", "port1");
	add_bridge(host, "0000:de", "ACPI0016:00", "port2");
	model_root_port(host, PORT_A, "pci0000:0c");
	model_root_port(host, PORT_B, "pci0000:0c");
	model_root_port(host, PORT_C, "pci0000:de");
	model_root_port(host, PORT_D, "pci0000:de");
	add_port(host, "root0", PORT_ROOT, "", "ACPI0017:00");
	add_window(host, 0, WINDOW_0, 1);
	add_window(host, 1, WINDOW_1, 1);
	add_window(host, 2, WINDOW_2, 2);
	add_port(host, "port1", PORT_HOST_BRIDGE, "root0", "pci0000:0c");
	add_decoders(host, "port1", PORT_HOST_BRIDGE);
	add_port(host, "port2", PORT_HOST_BRIDGE, "root0", "pci0000:de");
	add_decoders(host, "port2", PORT_HOST_BRIDGE);
	add_device(host, "mem0", DEVICE_A, PORT_A, 0x1234, "endpoint3", "port1");
	add_device(host, "mem1", DEVICE_B, PORT_B, 0x9abc, "endpoint4", "port1");
	add_device(host, "mem2", DEVICE_C, PORT_C, 0x5678, "endpoint5", "port2");
	add_node(host, 0, true, 2 * GIB);
}

static struct decoder *free_decoder(struct host *host, const char *port)
{
	list_each(decoder, &host->decoders)
		if (!decoder->size && strcmp(decoder->port, port) == 0)
			return decoder;
	fail_msg("no decoder of %s is free", port);
	return NULL;
}

/* The host bridge decodes for all its devices with one decoder. */
static void add_bridge_decoder(struct host *host, const struct region *region,
			       const char *root_port)
{
	const struct bridge *bridge = host_bridge(host, root_port_of(host, root_port)->bridge);
	struct decoder *decoder;

	list_each(each, &host->decoders)
		if (each->start == region->start && each->size == region->size &&
		    strcmp(each->port, bridge->port) == 0)
			return;
	decoder = free_decoder(host, bridge->port);
	decoder->start = region->start;
	decoder->size = region->size;
	set(decoder->region, region->name);
}

/* Linux and the device agree: the next free decoder of the memdev decodes the whole region. */
static void add_target(struct host *host, struct region *region, const char *memdev_name)
{
	struct memdev *memdev = memdev_of(host, memdev_name);
	struct function *function = function_of(host, memdev->address);
	struct decoder *decoder = free_decoder(host, memdev->endpoint);
	struct target *target = list_add(&region->targets);
	struct hdm_range *range;

	decoder->start = region->start;
	decoder->size = region->size;
	decoder->dpa_size = DEVICE_SIZE;
	decoder->ways = region->ways;
	set(decoder->mode, region->mode);
	set(decoder->region, region->name);
	range = &function->hdm.items[decoder->name[strlen(decoder->name) - 1] - '0'];
	range->start = region->start;
	range->size = region->size;
	range->committed = true;
	target->position = (int)region->targets.count - 1;
	set(target->decoder, decoder->name);
	set(target->memdev, memdev->name);
	set(target->root_port, memdev->root_port);
	add_bridge_decoder(host, region, memdev->root_port);
}

void model_region(struct host *host, const char *name, const char *memdevs, uint64_t start)
{
	struct region *region = list_add(&host->regions);
	cleanup_free char *copy = xstrdup(memdevs);
	char *memdev, *rest = copy;

	region->ways = 1;
	for (const char *comma = strchr(memdevs, ','); comma; comma = strchr(comma + 1, ','))
		region->ways++;
	set(region->name, name);
	set(region->window, start < WINDOW_1   ? "decoder0.0"
			    : start < WINDOW_2 ? "decoder0.1"
					       : "decoder0.2");
	set(region->mode, "ram");
	region->start = start;
	region->size = region->ways * DEVICE_SIZE;
	region->granularity = 256;
	region->committed = region->enabled = true;
	while ((memdev = strsep(&rest, ",")))
		add_target(host, region, memdev);
}

void model_dax(struct host *host, const char *name, const char *region_name, enum dax_mode mode)
{
	const struct region *region = region_of(host, region_name);
	struct dax *dax = list_add(&host->dax_devices);
	struct mapping *mapping;

	set(dax->name, name);
	set(dax->region, region_name);
	dax->mode = (int)mode;
	dax->size = region->size;
	dax->align = 2 * MIB;
	dax->node = 1;
	dax->memmap_on_memory = 0;
	mapping = list_add(&dax->mappings);
	mapping->start = region->start;
	mapping->size = region->size;
}

void model_no_mappings(struct host *host, const char *name)
{
	struct dax *dax = dax_of(host, name);

	dax->mappings.count = 0;
	dax->size = 0;
}

void model_mapping(struct host *host, const char *name, uint64_t start, uint64_t size)
{
	struct dax *dax = dax_of(host, name);

	*list_add(&dax->mappings) = (struct mapping){start, size, dax->size};
	dax->size += size;
}

void model_blocks(struct host *host, uint64_t start, uint64_t size, const char *state,
		  const char *zones)
{
	for (uint64_t at = start; at < start + size; at += host->block_size) {
		struct block *block = list_add(&host->blocks);

		block->number = (int)(at / host->block_size);
		block->start = at;
		block->node = 1;
		set(block->state, state);
		set(block->zones, zones);
	}
	host_sort(host);
}

void model_ram(struct host *host, const char *dax, const char *region)
{
	model_dax(host, dax, region, DAX_SYSTEM_RAM);
	model_blocks(host, region_of(host, region)->start, region_of(host, region)->size, "online",
		     "Movable");
}

const struct manner model_manner = {.grace_ms = 1000, .hook_ms = 5000, .offline_ms = 5000};

void model_plan(const struct host *host, const char *port, struct plan *plan)
{
	cleanup_survey struct survey *survey = survey_new(host);

	plan_recover(survey, host_root_port(host, port), &model_manner, plan);
}

struct process *model_process(struct host *host, int pid, const char *command)
{
	struct process *process = list_add(&host->processes);

	process->pid = pid;
	process->uid = process->locked = process->pinned = UNKNOWN;
	set(process->command, command);
	host_sort(host);
	return (struct process *)host_process(host, pid);
}

void model_user(struct host *host, const char *dax, int pid, const char *command, uint64_t mapped)
{
	struct user *user = list_add(&host->users);

	set(user->dax, dax);
	user->pid = pid;
	model_process(host, pid, command);
	user->mapped = mapped;
	user->open = !mapped;
}

void model_system_ram(struct host *host)
{
	model_idle(host);
	model_region(host, "region0", "mem0", WINDOW_0);
	model_ram(host, "dax0.0", "region0");
	add_node(host, 1, false, DEVICE_SIZE);
}

void model_divided(struct host *host)
{
	uint64_t block = 64 * MIB;

	model_idle(host);
	host->block_size = block;
	model_region(host, "region0", "mem0", WINDOW_0);
	model_dax(host, "dax0.0", "region0", DAX_SYSTEM_RAM);
	model_no_mappings(host, "dax0.0");
	model_mapping(host, "dax0.0", WINDOW_0 + 3 * block, block);
	model_mapping(host, "dax0.0", WINDOW_0, block);
	model_dax(host, "dax0.2", "region0", DAX_DEVDAX);
	model_no_mappings(host, "dax0.2");
	model_mapping(host, "dax0.2", WINDOW_0 + block, block);
	model_blocks(host, WINDOW_0, block, "online", "Movable");
	model_blocks(host, WINDOW_0 + 3 * block, block, "online", "Movable");
	add_node(host, 1, false, DEVICE_SIZE);
}

void model_devdax(struct host *host)
{
	model_idle(host);
	model_region(host, "region0", "mem0", WINDOW_0);
	model_dax(host, "dax0.0", "region0", DAX_DEVDAX);
}

void model_forget_dax(struct host *host)
{
	list_each(dax, &host->dax_devices)
		record_free(&dax_record, dax);
	host->dax_devices.count = 0;
}

void model_namespace(struct host *host, const char *name, const char *mode, const char *device,
		     const char *uuid)
{
	struct namespace *namespace = list_add(&host->namespaces);

	set(namespace->name, name);
	set(namespace->region, "region0");
	set(namespace->mode, mode);
	set(namespace->device, device);
	set(namespace->uuid, uuid);
	namespace->size = 64 * MIB;
}

void model_pmem(struct host *host)
{
	model_idle(host);
	model_region(host, "region0", "mem0", WINDOW_0);
	set(region_of(host, "region0")->mode, "pmem");
	set(region_of(host, "region0")->uuid, PMEM_UUID);
	set(decoder_of(host, "decoder3.0")->mode, "pmem");
	memdev_of(host, "mem0")->pmem_size = DEVICE_SIZE;
	memdev_of(host, "mem0")->ram_size = 0;
	model_namespace(host, "namespace0.0", "raw", "pmem0", PMEM_RAW);
	model_namespace(host, "namespace0.1", "fsdax", "pmem0.1", PMEM_FSDAX);
	model_namespace(host, "namespace0.2", "raw", "", PMEM_IDLE);
}

void model_forget_regions(struct host *host)
{
	model_forget_dax(host);
	list_each(region, &host->regions)
		record_free(&region_record, region);
	host->regions.count = 0;
}

/* What the system, its nodes and its processes have. */
static void model_extents(struct host *host)
{
	struct dc_device *device = list_add(&host->dc_devices);
	struct batch *batch = list_add(&device->batches);

	set(device->memdev, "mem3");
	set(device->address, "0000:0d:00.0");
	set(device->root_port, PORT_A);
	set(device->source, "mailbox");
	set(device->regions_unknown, "why the regions are unknown");
	set(device->accepted_unknown, "why extents are unknown");
	set(device->batches_unknown, "why batches are unknown");
	device->serial = 0x9abc;
	device->extents_supported = 128;
	device->extents_available = 127;
	device->tags_supported = 64;
	device->tags_available = 63;
	device->lost = 1;
	device->incomplete = true;
	*list_add(&device->regions) = (struct dc_region){1, GIB, 2 * GIB, GIB, 2 << 20, 1};
	*list_add(&device->accepted) =
		(struct extent){GIB, 4 << 20,	"a5c4c7a5-4b0b-4c1e-8a5e-1f9a1f1c7e02",
				1,   1,		-1,
				-1,  "region9", "dax9.0"};
	*batch = (struct batch){5, EXTENT_RELEASE, true, true, true, 1, 2, 1234567890};
	*list_add(&batch->extents) = (struct extent){GIB, 2 << 20, "", 2, -1, 5, 0, "region9", ""};
}

static void add_riches(struct host *host)
{
	struct node *node = &host->nodes.items[0];
	struct process *process = model_process(host, 78, "qemu");
	struct udev_rule *rule = list_add(&host->system.udev_rules);
	struct mount *mount = list_add(&host->mounts);
	struct group *group = list_add(&host->groups);

	set(host->system.lockdown, "none");
	set(host->system.memmap_on_memory, "Y");
	set(host->system.online_policy, "contig-zones");
	host->system.demotion = -1;
	host->system.zswap = host->system.hypervisor = 1;
	host->system.swap_total = 2 * GIB;
	host->system.swap_free = GIB;
	set(rule->path, "/usr/lib/udev/rules.d/90-daxctl-device.rules");
	set(rule->subsystem, "dax");
	node->anon = 1;
	node->file = 2;
	node->shmem = 3;
	node->mlocked = 4;
	node->kernel = 5;
	node->reclaimable = 6;
	node->pinned = 7;
	node->unmovable = 8;
	node->cma = 9;
	*list_add(&node->zones) = (struct zone){"Normal", 10, 11, 12, 13};
	*list_add(&node->huge_pools) = (struct huge_pool){2 * MIB, 14, 15, 16};
	process->uid = 64055;
	set(process->user, "libvirt-qemu");
	process->cgroup = xstrdup("/machine.slice/machine-qemu.scope");
	process->arguments = xstrdup("qemu -m 4G");
	set(process->unit, "machine-qemu.scope");
	set(process->guest, "db1");
	process->locked = 17;
	process->pinned = 18;
	process->vfio = process->rdma = true;
	set(process->nodes, "0-1");
	set(mount->source, "dax1.0");
	set(mount->type, "famfs");
	mount->path = xstrdup("/mnt/famfs");
	*list_add(&host->usages) = (struct usage){1, 78, 19, 20, 21, 22};
	*group = (struct group){xstrdup("/"), 1, 22, 23, 24, 25, 26, 27};
	*list_add(&host->contents) = (struct contents){"dax0.0", 28, 29, 30, 31, 32, 211};
	*list_add(&host->namespaces) = (struct namespace){"namespace1.0",
							  "region1",
							  "fsdax",
							  "pmem1",
							  "a5c4c7a5-4b0b-4c1e-8a5e-1f9a1f1c7e01",
							  GIB,
							  true};
	*list_add(&host->firmware_map) =
		(struct firmware_range){WINDOW_0, DEVICE_SIZE, "Soft Reserved"};
	*list_add(&host->operations) = (struct operation){"recover", PORT_A, 79};
	*list_add(&host->hooks) =
		(struct hook){"before-reset", "10-drain", "it may be written by others"};
	*list_add(&host->evacuations) = (struct evacuation){"dax2.0", WINDOW_1, DAX_DEVDAX, true};
	model_extents(host);
}

void model_rich(struct host *host)
{
	struct hdm_range *range;
	struct root_port *port;
	struct region *region;

	model_system_ram(host);
	model_region(host, "region1", "mem1,mem2", WINDOW_2);
	model_dax(host, "dax1.0", "region1", DAX_FAMFS);
	model_user(host, "dax1.0", 77, "famfsd", 3 * MIB);
	host->users.items[0].open = true;
	port = root_port_of(host, PORT_D);
	port->isolation = ISOLATION_PRESENT;
	port->armed_by = ARMED_BY_FIRMWARE;
	port->capability = 0xffffffff;
	port->capability_known = 1;
	port->control = 2;
	port->control_known = 3;
	port->status = 4;
	port->status_known = 5;
	set(port->backend, "sysfs-2025");
	model_function(host, "0000:e0:00.0", PORT_D, FUNCTION_OTHER, "e1000e");
	range = &function_of(host, DEVICE_A)->hdm.items[3];
	range->start = UINT64_MAX;
	range->locked = true;
	host->ports.items[1].committed = 1;
	host->ports.items[2].committed = -1;
	memdev_of(host, "mem2")->serial = UINT64_MAX - 1; /* the highest that is known */
	memdev_of(host, "mem2")->node = 2;
	memdev_of(host, "mem1")->pmem_size = 512 * MIB;
	decoder_of(host, "decoder5.0")->locked = true;
	decoder_of(host, "decoder5.0")->dpa_start = 16 * MIB;
	region = region_of(host, "region1");
	region->locked = true;
	set(region->mode, "pmem");
	set(region->uuid, "6d7f2a05-3c0c-4f0b-9a4e-3a5cb1d0fc11");
	dax_of(host, "dax1.0")->mappings.items[0].offset = 4096;
	dax_of(host, "dax1.0")->memmap_on_memory = 1;
	add_riches(host);
}
