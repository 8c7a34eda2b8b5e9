/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/host.h"

#include <string.h>

const char *const isolation_names[] = {"unknown", "none", "present", NULL};
const char *const armed_by_names[] = {"nobody", "us", "kernel", "firmware", "unknown", NULL};
const char *const dax_mode_names[] = {"disabled", "devdax", "system-ram", "famfs", "other", NULL};
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
	U64(struct decoder, start),
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
	U64(struct region, start),
	U64(struct region, size),
	U64(struct region, ways),
	U64(struct region, granularity),
	BOOL(struct region, committed),
	BOOL(struct region, locked),
	BOOL(struct region, enabled),
	RECORDS(struct region, targets, target_record),
	{} } };

static const struct record mapping_record = { sizeof(struct mapping), (const struct field[]){
	U64(struct mapping, start),
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
	RECORDS(struct dax, mappings, mapping_record),
	{} } };

static const struct record block_record = { sizeof(struct block), (const struct field[]){
	INT(struct block, number),
	U64(struct block, start),
	TEXT(struct block, state),
	TEXT(struct block, zones),
	INT(struct block, node),
	{} } };

static const struct record node_record = { sizeof(struct node), (const struct field[]){
	INT(struct node, number),
	BOOL(struct node, cpus),
	U64(struct node, total),
	U64(struct node, free),
	{} } };

const struct record user_record = { sizeof(struct user), (const struct field[]){
	TEXT(struct user, dax),
	INT(struct user, pid),
	TEXT(struct user, command),
	U64(struct user, mapped),
	BOOL(struct user, open),
	{} } };

const struct record host_record = { sizeof(struct host), (const struct field[]){
	TEXT(struct host, kernel),
	BOOL(struct host, privileged),
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
	RECORDS(struct host, users, user_record),
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

bool dax_below(const struct host *host, const struct dax *dax, const struct root_port *port)
{
	const struct region *region = host_region(host, dax->region);

	return region && region_below(region, port);
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

/* A block that is going offline still holds memory somebody may use. */
bool block_online(const struct block *block)
{
	return strcmp(block->state, "offline") != 0;
}

uint64_t host_online_bytes(const struct host *host, uint64_t start, uint64_t size)
{
	uint64_t bytes = 0;

	list_each(block, &host->blocks)
		if (block_online(block) &&
		    ranges_overlap(block->start, host->block_size, start, size))
			bytes += host->block_size;
	return bytes;
}
