/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NUMA nodes and what their memory is used for, as the kernel counts it. */
#include "collect/caution.h"
#include "collect/collect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/util.h"

#define NODE "/sys/devices/system/node"

static uint64_t bytes(uint64_t count, uint64_t unit)
{
	uint64_t product;

	return __builtin_mul_overflow(count, unit, &product) ? UNKNOWN : product;
}

static uint64_t pages(uint64_t count)
{
	return bytes(count, (uint64_t)sysconf(_SC_PAGESIZE));
}

static uint64_t kib(const char *meminfo, const char *key)
{
	uint64_t count;

	return find_number(meminfo, key, &count) ? bytes(count, 1024) : UNKNOWN;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return a == UNKNOWN || b == UNKNOWN || __builtin_add_overflow(a, b, &sum) ? UNKNOWN : sum;
}

static uint64_t known(uint64_t size)
{
	return size == UNKNOWN ? 0 : size;
}

/* UNKNOWN only if the first is: the others are not there in every kernel. */
static uint64_t kib_sum(const char *meminfo, const char *const keys[], size_t count)
{
	uint64_t sum = kib(meminfo, keys[0]);

	for (size_t i = 1; i < count; i++)
		sum = plus(sum, known(kib(meminfo, keys[i])));
	return sum;
}

static void read_meminfo(const struct sys *sys, struct node *node)
{
	static const char *const file[] = {"Active(file):", "Inactive(file):"};
	static const char *const kernel[] = {"SUnreclaim:", "KernelStack:", "PageTables:",
					     "SecPageTables:" /* Linux 6.1 */};
	char text[8192];

	sys_read(sys, text, sizeof(text), NODE "/node%d/meminfo", node->number);
	node->total = known(kib(text, "MemTotal:"));
	node->free = known(kib(text, "MemFree:"));
	node->anon = kib(text, "AnonPages:");
	node->file = kib_sum(text, file, ARRAY_SIZE(file));
	node->shmem = kib(text, "Shmem:");
	node->mlocked = kib(text, "Mlocked:");
	node->kernel = kib_sum(text, kernel, ARRAY_SIZE(kernel));
	node->reclaimable = kib(text, "KReclaimable:"); /* Linux 4.20: slab and what else shrinks */
	if (node->reclaimable == UNKNOWN)
		node->reclaimable = kib(text, "SReclaimable:");
}

/*
 * Both only grow, by one for each pin of a page (Linux 5.7, mm/gup.c): a page that is pinned twice
 * counts twice. They are collected per processor, so that one may be ahead of the other for a
 * moment.
 */
static uint64_t pinned(const struct sys *sys, int number)
{
	uint64_t acquired, released;
	char text[8192];

	if (sys_read(sys, text, sizeof(text), NODE "/node%d/vmstat", number) ||
	    !find_number(text, "nr_foll_pin_acquired", &acquired) ||
	    !find_number(text, "nr_foll_pin_released", &released))
		return UNKNOWN;
	return acquired > released ? pages(acquired - released) : 0;
}

static void add_huge_pool(const struct sys *sys, struct node *node, const char *directory)
{
	uint64_t size = strtoull(directory + strlen("hugepages-"), NULL, 10);
	struct huge_pool pool = {.page_size = bytes(size, 1024)};

#define READ(field, file) \
	sys_read_u64(sys, &pool.field, NODE "/node%d/hugepages/%s/" file, node->number, directory)
	if (READ(total, "nr_hugepages") || READ(free, "free_hugepages") ||
	    READ(surplus, "surplus_hugepages") || pool.page_size == UNKNOWN)
		return;
#undef READ
	*list_add(&node->huge_pools) = pool;
}

static void add_huge_pools(const struct sys *sys, struct node *node)
{
	cleanup_names struct names pools = {0};

	if (sys_list(sys, &pools, "hugepages-", NODE "/node%d/hugepages", node->number))
		return;
	for (size_t i = 0; i < pools.count; i++)
		add_huge_pool(sys, node, pools.items[i]);
}

static void add_node(const struct sys *sys, struct host *host, int number)
{
	struct node *node = list_add(&host->nodes);
	char cpus[4096];

	node->number = number;
	node->cpus = !sys_read(sys, cpus, sizeof(cpus), NODE "/node%d/cpulist", number) && cpus[0];
	read_meminfo(sys, node);
	node->pinned = pinned(sys, number);
	node->unmovable = node->cma = UNKNOWN;
	add_huge_pools(sys, node);
}

static struct node *find_node(struct host *host, int number)
{
	list_each(node, &host->nodes)
		if (node->number == number)
			return node;
	return NULL;
}

/* "Node 0, zone   Normal" begins what is said about one. */
static bool zone_begins(const char *line, int *node, char name[16])
{
	return sscanf(line, "Node %d, zone %15s", node, name) == 2;
}

static void read_zone_line(struct zone *zone, const char *line)
{
	const struct {
		const char *key;
		uint64_t *value;
	} fields[] = {
		{"present", &zone->present},
		{"free", &zone->free},
		{"high", &zone->high},
		{"nr_free_cma", &zone->cma_free},
	};
	uint64_t count;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (find_number(line, fields[i].key, &count))
			*fields[i].value = known(pages(count));
}

/* The kernel lists all zones that a node could have. */
static void end_zone(struct node *node, struct zone *zone)
{
	if (node && zone->present)
		*list_add(&node->zones) = *zone;
	*zone = (struct zone){0};
}

static void read_zones(const struct sys *sys, struct host *host)
{
	cleanup_stream FILE *file = sys_open(sys, "/proc/zoneinfo");
	cleanup_free char *line = NULL;
	struct node *node = NULL;
	struct zone zone = {0};
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		char name[16];
		int number;

		if (zone_begins(line, &number, name)) {
			end_zone(node, &zone);
			node = find_node(host, number);
			copy_text(zone.name, sizeof(zone.name), name);
			make_printable(zone.name);
		} else {
			read_zone_line(&zone, line);
		}
	}
	end_zone(node, &zone);
}

int collect_nodes(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_names struct names names = {0};
	int rc = sys_list(sys, &names, "node", NODE);

	if (rc)
		return fail_errno(err, rc, "cannot read NUMA nodes");
	for (size_t i = 0; i < names.count; i++)
		add_node(sys, host, atoi(names.items[i] + strlen("node")));
	read_zones(sys, host);
	return 0;
}

/* ---- page blocks ---- */

/*
 * The kernel reads a page struct of every page block to count them. With memmap_on_memory these
 * lie on the CXL memory, and what a port in isolation hides is not to be touched at all.
 */
static bool may_walk_memmap(const struct host *host)
{
	list_each(dax, &host->dax_devices)
		if (dax->memmap_on_memory == 1)
			return false;
	return !any_port_isolated(host);
}

/* The columns of "Number of blocks type     Unmovable      Movable ...": -1 if there is none. */
struct columns {
	int unmovable, cma;
};

static bool read_heading(char *line, struct columns *columns)
{
	static const char title[] = "Number of blocks type";
	char *rest, *word;

	if (!starts_with(line, title))
		return false;
	*columns = (struct columns){-1, -1};
	word = strtok_r(line + strlen(title), " \n", &rest);
	for (int i = 0; word; i++, word = strtok_r(NULL, " \n", &rest)) {
		if (strcmp(word, "Unmovable") == 0)
			columns->unmovable = i;
		else if (strcmp(word, "CMA") == 0)
			columns->cma = i;
	}
	return true;
}

/* "Node 0, zone      DMA            1            7 ..." */
static bool read_counts(struct host *host, char *line, const struct columns *columns, uint64_t size)
{
	char zone[16], *rest, *word;
	int number, length = 0;
	struct node *node;
	uint64_t count;

	if (sscanf(line, "Node %d, zone %15s%n", &number, zone, &length) != 2)
		return false;
	node = find_node(host, number);
	word = strtok_r(line + length, " \n", &rest);
	for (int i = 0; node && word && parse_u64(word, &count); i++) {
		if (i == columns->unmovable)
			node->unmovable = plus(node->unmovable, bytes(count, size));
		if (i == columns->cma)
			node->cma = plus(node->cma, bytes(count, size));
		word = strtok_r(NULL, " \n", &rest);
	}
	return true;
}

/*
 * Only root may read it. Each node that has memory has a section of its own, with a heading; a
 * kernel without CMA has no column for it.
 */
int collect_page_blocks(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_stream FILE *file =
		may_walk_memmap(host) ? sys_open(sys, "/proc/pagetypeinfo") : NULL;
	bool counted = false, inside = false;
	cleanup_free char *line = NULL;
	uint64_t pages_per_block = 0;
	struct columns columns = {-1, -1};
	size_t size = 0;

	(void)err;
	while (file && getline(&line, &size, file) > 0) {
		find_number(line, "per block:", &pages_per_block);
		if (read_heading(line, &columns))
			inside = pages_per_block && columns.unmovable >= 0;
		else
			inside =
				inside && read_counts(host, line, &columns, pages(pages_per_block));
		if (inside && !counted)
			list_each(node, &host->nodes)
				node->unmovable = node->cma = 0;
		counted |= inside;
	}
	return 0;
}
