/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/collect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

#define MEMORY "/sys/devices/system/memory"
#define NODE   "/sys/devices/system/node"

/*
 * Blocks of ordinary memory are nobody's business here and there can be tens of thousands: keep
 * those that lie in a CXL window, in a decoder's range, or in a dax device.
 */
static bool concerns_us(const struct host *host, uint64_t start)
{
	list_each(decoder, &host->decoders)
		if (ranges_overlap(decoder->start, decoder->size, start, host->block_size))
			return true;
	list_each(dax, &host->dax_devices)
		list_each(mapping, &dax->mappings)
			if (ranges_overlap(mapping->start, mapping->size, start, host->block_size))
				return true;
	return false;
}

static int node_of_block(const struct sys *sys, int number)
{
	cleanup_names struct names nodes = {0};

	if (sys_list(sys, &nodes, "node", MEMORY "/memory%d", number) || !nodes.count)
		return -1;
	return atoi(nodes.items[0] + strlen("node"));
}

static void add_block(const struct sys *sys, struct host *host, int number, uint64_t start)
{
	struct block *block = list_add(&host->blocks);

	block->number = number;
	block->start = start;
	sys_read(sys, block->state, sizeof(block->state), MEMORY "/memory%d/state", number);
	sys_read(sys, block->zones, sizeof(block->zones), MEMORY "/memory%d/valid_zones", number);
	block->node = node_of_block(sys, number);
}

static int add_blocks(const struct sys *sys, struct host *host)
{
	cleanup_names struct names names = {0};
	int rc = sys_list(sys, &names, "memory", MEMORY);

	for (size_t i = 0; !rc && i < names.count; i++) {
		int number = atoi(names.items[i] + strlen("memory"));
		uint64_t start = (uint64_t)number * host->block_size;

		if (concerns_us(host, start))
			add_block(sys, host, number, start);
	}
	return rc;
}

/* block_size_bytes is hexadecimal without 0x. */
static uint64_t block_size(const struct sys *sys)
{
	char text[32], *end;
	uint64_t size;

	if (sys_read(sys, text, sizeof(text), MEMORY "/block_size_bytes"))
		return 0;
	size = strtoull(text, &end, 16);
	return *end ? 0 : size;
}

/* "Node 1 MemTotal:  262144 kB" */
static uint64_t meminfo(const struct sys *sys, int node, const char *key)
{
	char text[8192];
	uint64_t kib;
	char *line;

	if (sys_read(sys, text, sizeof(text), NODE "/node%d/meminfo", node))
		return 0;
	line = strstr(text, key);
	return line && sscanf(line + strlen(key), " %" SCNu64, &kib) == 1 ? kib * 1024 : 0;
}

static int add_nodes(const struct sys *sys, struct host *host)
{
	cleanup_names struct names names = {0};
	int rc = sys_list(sys, &names, "node", NODE);

	for (size_t i = 0; !rc && i < names.count; i++) {
		struct node *node = list_add(&host->nodes);
		char cpus[4096];

		node->number = atoi(names.items[i] + strlen("node"));
		node->cpus =
			!sys_read(sys, cpus, sizeof(cpus), NODE "/node%d/cpulist", node->number) &&
			cpus[0];
		node->total = meminfo(sys, node->number, "MemTotal:");
		node->free = meminfo(sys, node->number, "MemFree:");
	}
	return rc;
}

int collect_memory(const struct sys *sys, struct host *host, struct error *err)
{
	int rc;

	host->block_size = block_size(sys);
	sys_read(sys, host->auto_online, sizeof(host->auto_online), MEMORY "/auto_online_blocks");
	rc = host->block_size ? add_blocks(sys, host) : 0;
	if (!rc)
		rc = add_nodes(sys, host);
	return rc ? fail_errno(err, rc, "cannot read memory blocks and nodes") : 0;
}
