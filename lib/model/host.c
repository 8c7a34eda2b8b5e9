/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/host.h"

#include <stdlib.h>
#include <string.h>

const char *const isolation_names[] = {"unknown", "none", "present", NULL};
const char *const armed_by_names[] = {"nobody", "us", "kernel", "firmware", "unknown", NULL};
const char *const dax_mode_names[] = {"disabled", "devdax", "system-ram", "famfs", "other", NULL};
const char *const extent_event_names[] = {
	[EXTENT_ADD] = "add",
	[EXTENT_RELEASE] = "release",
	[EXTENT_FORCED_RELEASE] = "forced-release",
	[EXTENT_REGION_UPDATED] = "region-updated",
	[EXTENT_ADD_RESPONSE] = "add-response",
	[EXTENT_RELEASED] = "released",
	[EXTENT_EVENT_UNKNOWN] = "unknown",
	NULL,
};
const char *const function_kind_names[] = {"other", "memdev", "bridge", NULL};
static const char *const port_kind_names[] = {"root", "host-bridge", "switch", "endpoint", NULL};

/* clang-format off */
static const struct record bridge_record = { sizeof(struct bridge), (const struct field[]){
	TEXT(struct bridge, name),
	TEXT(struct bridge, firmware),
	TEXT(struct bridge, bus),
	TEXT(struct bridge, port),
	{} } };

const struct record root_port_record = { sizeof(struct root_port), (const struct field[]){
	TEXT(struct root_port, address),
	TEXT(struct root_port, bridge),
	INT(struct root_port, dport),
	ENUM(struct root_port, isolation, isolation_names),
	TEXT(struct root_port, backend),
	ENUM(struct root_port, armed_by, armed_by_names),
	HEX(struct root_port, capability),
	HEX(struct root_port, capability_known),
	HEX(struct root_port, control),
	HEX(struct root_port, control_known),
	HEX(struct root_port, status),
	HEX(struct root_port, status_known),
	BOOL(struct root_port, can_reset),
	{} } };

static const struct record hdm_range_record = { sizeof(struct hdm_range), (const struct field[]){
	INT(struct hdm_range, number),
	U64(struct hdm_range, start),
	U64(struct hdm_range, size),
	BOOL(struct hdm_range, committed),
	BOOL(struct hdm_range, locked),
	{} } };

const struct record function_record = { sizeof(struct function), (const struct field[]){
	TEXT(struct function, address),
	TEXT(struct function, parent),
	TEXT(struct function, root_port),
	ENUM(struct function, kind, function_kind_names),
	HEX(struct function, class_code),
	HEX(struct function, vendor_device),
	HEX(struct function, serial),
	TEXT(struct function, driver),
	BOOL(struct function, registers),
	BOOL(struct function, hdm_enabled),
	BOOL(struct function, mem_enabled),
	RECORDS(struct function, hdm, hdm_range_record),
	{} } };

static const struct record port_record = { sizeof(struct port), (const struct field[]){
	TEXT(struct port, name),
	ENUM(struct port, kind, port_kind_names),
	TEXT(struct port, parent),
	TEXT(struct port, device),
	INT(struct port, committed),
	{} } };

const struct record memdev_record = { sizeof(struct memdev), (const struct field[]){
	TEXT(struct memdev, name),
	HEX(struct memdev, serial),
	TEXT(struct memdev, address),
	TEXT(struct memdev, root_port),
	BOOL(struct memdev, direct),
	TEXT(struct memdev, endpoint),
	U64(struct memdev, ram_size),
	U64(struct memdev, pmem_size),
	INT(struct memdev, node),
	{} } };

static const struct record target_record = { sizeof(struct target), (const struct field[]){
	INT(struct target, position),
	TEXT(struct target, decoder),
	TEXT(struct target, memdev),
	TEXT(struct target, root_port),
	{} } };

static const struct record decoder_record = { sizeof(struct decoder), (const struct field[]){
	TEXT(struct decoder, name),
	TEXT(struct decoder, port),
	ENUM(struct decoder, kind, port_kind_names),
	SIZE(struct decoder, start),
	U64(struct decoder, size),
	TEXT(struct decoder, mode),
	U64(struct decoder, dpa_start),
	U64(struct decoder, dpa_size),
	U64(struct decoder, ways),
	U64(struct decoder, granularity),
	BOOL(struct decoder, locked),
	BOOL(struct decoder, ram_capable),
	BOOL(struct decoder, pmem_capable),
	TEXT(struct decoder, region),
	{} } };

const struct record region_record = { sizeof(struct region), (const struct field[]){
	TEXT(struct region, name),
	TEXT(struct region, window),
	TEXT(struct region, mode),
	TEXT(struct region, uuid),
	SIZE(struct region, start),
	U64(struct region, size),
	U64(struct region, ways),
	U64(struct region, granularity),
	BOOL(struct region, committed),
	BOOL(struct region, locked),
	BOOL(struct region, enabled),
	RECORDS(struct region, targets, target_record),
	{} } };

static const struct record mapping_record = { sizeof(struct mapping), (const struct field[]){
	SIZE(struct mapping, start),
	U64(struct mapping, size),
	U64(struct mapping, offset),
	{} } };

const struct record dax_record = { sizeof(struct dax), (const struct field[]){
	TEXT(struct dax, name),
	TEXT(struct dax, region),
	ENUM(struct dax, mode, dax_mode_names),
	U64(struct dax, size),
	U64(struct dax, align),
	INT(struct dax, node),
	MAYBE(struct dax, memmap_on_memory),
	RECORDS(struct dax, mappings, mapping_record),
	{} } };

static const struct record block_record = { sizeof(struct block), (const struct field[]){
	INT(struct block, number),
	U64(struct block, start),
	TEXT(struct block, state),
	TEXT(struct block, zones),
	INT(struct block, node),
	{} } };

static const struct record zone_record = { sizeof(struct zone), (const struct field[]){
	TEXT(struct zone, name),
	U64(struct zone, present),
	U64(struct zone, free),
	U64(struct zone, high),
	U64(struct zone, cma_free),
	{} } };

static const struct record huge_pool_record = { sizeof(struct huge_pool), (const struct field[]){
	U64(struct huge_pool, page_size),
	U64(struct huge_pool, total),
	U64(struct huge_pool, free),
	U64(struct huge_pool, surplus),
	{} } };

const struct record node_record = { sizeof(struct node), (const struct field[]){
	INT(struct node, number),
	BOOL(struct node, cpus),
	U64(struct node, total),
	U64(struct node, free),
	SIZE(struct node, anon),
	SIZE(struct node, file),
	SIZE(struct node, shmem),
	SIZE(struct node, mlocked),
	SIZE(struct node, kernel),
	SIZE(struct node, reclaimable),
	SIZE(struct node, pinned),
	SIZE(struct node, unmovable),
	SIZE(struct node, cma),
	RECORDS(struct node, zones, zone_record),
	RECORDS(struct node, huge_pools, huge_pool_record),
	{} } };

const struct record process_record = { sizeof(struct process), (const struct field[]){
	INT(struct process, pid),
	TEXT(struct process, command),
	SIZE(struct process, uid),
	TEXT(struct process, user),
	STRING(struct process, cgroup),
	TEXT(struct process, unit),
	TEXT(struct process, guest),
	STRING(struct process, arguments),
	SIZE(struct process, locked),
	SIZE(struct process, pinned),
	BOOL(struct process, vfio),
	BOOL(struct process, rdma),
	TEXT(struct process, nodes),
	{} } };

const struct record user_record = { sizeof(struct user), (const struct field[]){
	TEXT(struct user, dax),
	INT(struct user, pid),
	U64(struct user, mapped),
	BOOL(struct user, open),
	{} } };

const struct record mount_record = { sizeof(struct mount), (const struct field[]){
	TEXT(struct mount, source),
	TEXT(struct mount, type),
	STRING(struct mount, path),
	{} } };

const struct record usage_record = { sizeof(struct usage), (const struct field[]){
	INT(struct usage, node),
	INT(struct usage, pid),
	U64(struct usage, anon),
	U64(struct usage, file),
	U64(struct usage, hugetlb),
	U64(struct usage, bound),
	{} } };

const struct record group_record = { sizeof(struct group), (const struct field[]){
	STRING(struct group, path),
	INT(struct group, node),
	U64(struct group, anon),
	U64(struct group, file),
	U64(struct group, shmem),
	U64(struct group, huge),
	U64(struct group, kernel),
	U64(struct group, unevictable),
	{} } };

const struct record contents_record = { sizeof(struct contents), (const struct field[]){
	TEXT(struct contents, dax),
	U64(struct contents, free),
	U64(struct contents, movable),
	U64(struct contents, hugetlb),
	U64(struct contents, kernel),
	U64(struct contents, held),
	INT(struct contents, held_block),
	{} } };

const struct record namespace_record = { sizeof(struct namespace), (const struct field[]){
	TEXT(struct namespace, name),
	TEXT(struct namespace, region),
	TEXT(struct namespace, mode),
	TEXT(struct namespace, device),
	TEXT(struct namespace, uuid),
	U64(struct namespace, size),
	BOOL(struct namespace, in_use),
	{} } };

static const struct record firmware_range_record = { sizeof(struct firmware_range), (const struct field[]){
	U64(struct firmware_range, start),
	U64(struct firmware_range, size),
	TEXT(struct firmware_range, type),
	{} } };

static const struct record udev_rule_record = { sizeof(struct udev_rule), (const struct field[]){
	TEXT(struct udev_rule, path),
	TEXT(struct udev_rule, subsystem),
	{} } };

static const struct record system_record = { sizeof(struct system), (const struct field[]){
	TEXT(struct system, lockdown),
	TEXT(struct system, memmap_on_memory),
	TEXT(struct system, online_policy),
	MAYBE(struct system, demotion),
	MAYBE(struct system, zswap),
	MAYBE(struct system, hypervisor),
	U64(struct system, swap_total),
	U64(struct system, swap_free),
	RECORDS(struct system, udev_rules, udev_rule_record),
	{} } };

static const struct record operation_record = { sizeof(struct operation), (const struct field[]){
	TEXT(struct operation, operation),
	TEXT(struct operation, object),
	INT(struct operation, process),
	{} } };

static const struct record hook_record = { sizeof(struct hook), (const struct field[]){
	TEXT(struct hook, event),
	TEXT(struct hook, name),
	BOOL(struct hook, skipped),
	TEXT(struct hook, problem),
	TEXT(struct hook, fix),
	{} } };

static const struct record evacuation_record = { sizeof(struct evacuation), (const struct field[]){
	TEXT(struct evacuation, dax),
	U64(struct evacuation, start),
	ENUM(struct evacuation, mode, dax_mode_names),
	BOOL(struct evacuation, saved),
	{} } };

const struct record extent_record = { sizeof(struct extent), (const struct field[]){
	SIZE(struct extent, start),
	U64(struct extent, size),
	TEXT(struct extent, tag),
	U64(struct extent, sequence),
	INT(struct extent, dc_region),
	INT(struct extent, handle),
	MAYBE(struct extent, acceptable),
	TEXT(struct extent, region),
	TEXT(struct extent, dax),
	{} } };

const struct record batch_record = { sizeof(struct batch), (const struct field[]){
	INT(struct batch, number),
	ENUM(struct batch, event, extent_event_names),
	BOOL(struct batch, open),
	BOOL(struct batch, inferred),
	BOOL(struct batch, mixed),
	BOOL(struct batch, truncated),
	MAYBE(struct batch, shared),
	INT(struct batch, host),
	SIZE(struct batch, timestamp),
	RECORDS(struct batch, extents, extent_record),
	{} } };

const struct record dc_region_record = { sizeof(struct dc_region), (const struct field[]){
	INT(struct dc_region, number),
	SIZE(struct dc_region, base),
	SIZE(struct dc_region, decode_size),
	U64(struct dc_region, size),
	SIZE(struct dc_region, block_size),
	HEX(struct dc_region, flags),
	{} } };

const struct record dc_device_record = { sizeof(struct dc_device), (const struct field[]){
	TEXT(struct dc_device, memdev),
	TEXT(struct dc_device, address),
	TEXT(struct dc_device, root_port),
	HEX(struct dc_device, serial),
	TEXT(struct dc_device, source),
	TEXT(struct dc_device, regions_unknown),
	TEXT(struct dc_device, accepted_unknown),
	TEXT(struct dc_device, batches_unknown),
	SIZE(struct dc_device, extents_supported),
	SIZE(struct dc_device, extents_available),
	SIZE(struct dc_device, tags_supported),
	SIZE(struct dc_device, tags_available),
	SIZE(struct dc_device, lost),
	BOOL(struct dc_device, incomplete),
	RECORDS(struct dc_device, regions, dc_region_record),
	RECORDS(struct dc_device, accepted, extent_record),
	RECORDS(struct dc_device, batches, batch_record),
	{} } };

const struct record host_record = { sizeof(struct host), (const struct field[]){
	TEXT(struct host, kernel),
	BOOL(struct host, privileged),
	BOOL(struct host, users_complete),
	BOOL(struct host, usage_complete),
	U64(struct host, block_size),
	TEXT(struct host, auto_online),
	RECORDS(struct host, bridges, bridge_record),
	RECORDS(struct host, root_ports, root_port_record),
	RECORDS(struct host, functions, function_record),
	RECORDS(struct host, ports, port_record),
	RECORDS(struct host, memdevs, memdev_record),
	RECORDS(struct host, decoders, decoder_record),
	RECORDS(struct host, regions, region_record),
	RECORDS(struct host, dax_devices, dax_record),
	RECORDS(struct host, blocks, block_record),
	RECORDS(struct host, nodes, node_record),
	RECORD(struct host, system, system_record),
	RECORDS(struct host, firmware_map, firmware_range_record),
	RECORDS(struct host, namespaces, namespace_record),
	RECORDS(struct host, mounts, mount_record),
	RECORDS(struct host, processes, process_record),
	RECORDS(struct host, users, user_record),
	RECORDS(struct host, usages, usage_record),
	RECORDS(struct host, groups, group_record),
	RECORDS(struct host, contents, contents_record),
	RECORDS(struct host, operations, operation_record),
	RECORDS(struct host, hooks, hook_record),
	RECORDS(struct host, evacuations, evacuation_record),
	RECORDS(struct host, dc_devices, dc_device_record),
	{} } };
/* clang-format on */

void host_free(struct host *host)
{
	record_free(&host_record, host);
}

#define FIND(list, member, wanted)                                \
	({                                                        \
		__typeof__((list)->items + 0) found_ = NULL;      \
		list_each(item_, list)                            \
			if (strcmp(item_->member, wanted) == 0) { \
				found_ = item_;                   \
				break;                            \
			}                                         \
		found_;                                           \
	})

const struct root_port *host_root_port(const struct host *host, const char *address)
{
	return FIND(&host->root_ports, address, address);
}

const struct bridge *host_bridge(const struct host *host, const char *name)
{
	return FIND(&host->bridges, name, name);
}

const struct function *host_function(const struct host *host, const char *address)
{
	return FIND(&host->functions, address, address);
}

const struct memdev *host_memdev(const struct host *host, const char *name)
{
	return FIND(&host->memdevs, name, name);
}

const struct memdev *host_memdev_at(const struct host *host, const char *address)
{
	return FIND(&host->memdevs, address, address);
}

const struct dc_device *host_dc_device_at(const struct host *host, const char *address)
{
	return FIND(&host->dc_devices, address, address);
}

const struct decoder *host_decoder(const struct host *host, const char *name)
{
	return FIND(&host->decoders, name, name);
}

const struct port *host_port(const struct host *host, const char *name)
{
	return FIND(&host->ports, name, name);
}

const struct region *host_region(const struct host *host, const char *name)
{
	return FIND(&host->regions, name, name);
}

const struct dax *host_dax(const struct host *host, const char *name)
{
	return FIND(&host->dax_devices, name, name);
}

const struct namespace *host_namespace(const struct host *host, const char *name)
{
	return FIND(&host->namespaces, name, name);
}

const struct node *host_node(const struct host *host, int number)
{
	list_each(node, &host->nodes)
		if (node->number == number)
			return node;
	return NULL;
}

static int by_pid(const void *key, const void *process)
{
	int wanted = *(const int *)key, pid = ((const struct process *)process)->pid;

	return (wanted > pid) - (wanted < pid);
}

const struct process *host_process(const struct host *host, int pid)
{
	if (!host->processes.count)
		return NULL;
	return bsearch(&pid, host->processes.items, host->processes.count, sizeof(struct process),
		       by_pid);
}

static int compare_processes(const void *a, const void *b)
{
	return by_pid(&((const struct process *)a)->pid, b);
}

static int compare_blocks(const void *a, const void *b)
{
	uint64_t start_a = ((const struct block *)a)->start;
	uint64_t start_b = ((const struct block *)b)->start;

	return (start_a > start_b) - (start_a < start_b);
}

void host_sort(struct host *host)
{
	list_sort(&host->processes, compare_processes);
	list_sort(&host->blocks, compare_blocks);
}

bool region_is_pmem(const struct region *region)
{
	return strcmp(region->mode, "pmem") == 0;
}

bool region_is_dynamic(const struct region *region)
{
	const char *mode = region->mode;

	return strncmp(mode, "dynamic_ram", strlen("dynamic_ram")) == 0 ||
	       (strncmp(mode, "dc", 2) == 0 && mode[2] >= '0' && mode[2] <= '9');
}

bool region_uses_memdev(const struct region *region, const char *memdev)
{
	list_each(target, &region->targets)
		if (strcmp(target->memdev, memdev) == 0)
			return true;
	return false;
}

bool region_below(const struct region *region, const struct root_port *port)
{
	list_each(target, &region->targets)
		if (strcmp(target->root_port, port->address) == 0)
			return true;
	return false;
}

bool ranges_overlap(uint64_t start_a, uint64_t size_a, uint64_t start_b, uint64_t size_b)
{
	if (!size_a || !size_b)
		return false;
	return start_a < start_b ? start_b - start_a < size_a : start_a - start_b < size_b;
}

bool dax_has_block(const struct host *host, const struct dax *dax, const struct block *block)
{
	list_each(mapping, &dax->mappings)
		if (block->start >= mapping->start && host->block_size <= mapping->size &&
		    block->start - mapping->start <= mapping->size - host->block_size)
			return true;
	return false;
}

/* Blocks that lie in a mapping as a whole; there are none beyond the end of the address space. */
static uint64_t whole_blocks(const struct host *host, const struct mapping *mapping,
			     uint64_t *first)
{
	uint64_t block = host->block_size, size = mapping->size, skip;

	if (!block || !size)
		return 0;
	if (size - 1 > UINT64_MAX - mapping->start)
		size = UINT64_MAX - mapping->start + 1;
	skip = (block - mapping->start % block) % block;
	if (size <= skip)
		return 0;
	*first = (mapping->start + skip) / block;
	return (size - skip) / block;
}

uint64_t dax_whole_blocks(const struct host *host, const struct dax *dax)
{
	uint64_t blocks = 0, first;

	list_each(mapping, &dax->mappings)
		blocks += whole_blocks(host, mapping, &first);
	return blocks;
}

uint64_t dax_whole_block(const struct host *host, const struct dax *dax, uint64_t i)
{
	uint64_t first = 0;

	list_each(mapping, &dax->mappings) {
		uint64_t blocks = whole_blocks(host, mapping, &first);

		if (i < blocks)
			break;
		i -= blocks;
	}
	return first + i;
}

uint64_t huge_pool_size(const struct huge_pool *pool)
{
	return pool->total > pool->surplus ? pool->total - pool->surplus : 0;
}

/* A block that is going offline still holds memory somebody may use. */
bool block_online(const struct block *block)
{
	return strcmp(block->state, "offline") != 0;
}
