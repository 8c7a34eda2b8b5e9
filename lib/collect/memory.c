/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/collect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

#define MEMORY "/sys/devices/system/memory"

/* Addresses from @start to @last, which is one of them: @last + 1 may not fit. */
struct range {
	uint64_t start, last;
};

struct ranges {
	struct range *items;
	size_t count;
};

static void add_range(struct ranges *ranges, uint64_t start, uint64_t size)
{
	struct range *range = size ? list_add(ranges) : NULL;

	if (!range)
		return;
	range->start = start;
	range->last = size - 1 > UINT64_MAX - start ? UINT64_MAX : start + size - 1;
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Those that overlap or meet become one: in the end little more than the windows is left. */
static void merge(struct ranges *ranges)
{
	size_t kept = 0;

	list_sort(ranges, by_start);
	for (size_t i = 1; i < ranges->count; i++) {
		struct range *last = &ranges->items[kept], *next = &ranges->items[i];

		if (next->start > last->last && next->start - last->last > 1)
			ranges->items[++kept] = *next;
		else if (next->last > last->last)
			last->last = next->last;
	}
	if (ranges->count)
		ranges->count = kept + 1;
}

/*
 * Blocks of ordinary memory are nobody's business here and there can be tens of thousands: keep
 * those that lie in a CXL window, in a decoder's range, or in a dax device.
 */
static void find_ours(const struct host *host, struct ranges *ours)
{
	list_each(decoder, &host->decoders)
		add_range(ours, decoder->start, decoder->size);
	list_each(dax, &host->dax_devices)
		list_each(mapping, &dax->mappings)
			add_range(ours, mapping->start, mapping->size);
	merge(ours);
}

static bool overlaps(const struct ranges *ranges, uint64_t start, uint64_t size)
{
	list_each(range, ranges)
		if (range->last >= start && (range->start <= start || range->start - start < size))
			return true;
	return false;
}

/* @guess: the node of the block before. Asking for it is cheaper than listing the directory. */
static int node_of_block(const struct sys *sys, int number, int guess)
{
	cleanup_names struct names nodes = {0};

	if (guess >= 0 && sys_exists(sys, MEMORY "/memory%d/node%d", number, guess))
		return guess;
	if (sys_list(sys, &nodes, "node", MEMORY "/memory%d", number) || !nodes.count)
		return -1;
	return atoi(nodes.items[0] + strlen("node"));
}

static void add_block(const struct sys *sys, struct host *host, int number, uint64_t start)
{
	int before = host->blocks.count ? host->blocks.items[host->blocks.count - 1].node : -1;
	struct block *block = list_add(&host->blocks);

	block->number = number;
	block->start = start;
	sys_read(sys, block->state, sizeof(block->state), MEMORY "/memory%d/state", number);
	sys_read(sys, block->zones, sizeof(block->zones), MEMORY "/memory%d/valid_zones", number);
	block->node = node_of_block(sys, number, before);
}

static int add_blocks(const struct sys *sys, struct host *host)
{
	cleanup_names struct names names = {0};
	int rc = sys_list(sys, &names, "memory", MEMORY);
	struct ranges ours = {0};

	find_ours(host, &ours);
	for (size_t i = 0; !rc && i < names.count; i++) {
		int number = atoi(names.items[i] + strlen("memory"));
		uint64_t start = (uint64_t)number * host->block_size;

		if (overlaps(&ours, start, host->block_size))
			add_block(sys, host, number, start);
	}
	free(ours.items);
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

int collect_memory(const struct sys *sys, struct host *host, struct error *err)
{
	int rc;

	host->block_size = block_size(sys);
	sys_read(sys, host->auto_online, sizeof(host->auto_online), MEMORY "/auto_online_blocks");
	rc = host->block_size ? add_blocks(sys, host) : 0;
	return rc ? fail_errno(err, rc, "cannot read memory blocks") : 0;
}
