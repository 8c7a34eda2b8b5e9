/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses the nodes that have memory of ours, by process and by control group. */
#include "collect/collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/describe.h"
#include "collect/groups.h"
#include "collect/numa_maps.h"
#include "sys/util.h"

struct usage_walk {
	const struct sys *sys;
	struct host *host;
	const struct caution *caution;
	struct describer describer;
	struct devices devices;
	LIST(struct process) added; /* that the host had not yet */
	struct usage *usages;	    /* of one process, by the nodes of @caution */
	bool readable;		    /* there is such a thing as numa_maps */
	bool complete;
	char *line;
	size_t size;
};

static uint64_t bytes_of(uint64_t pages, uint64_t page_size)
{
	uint64_t bytes;

	return __builtin_mul_overflow(pages, page_size, &bytes) ? UNKNOWN - 1 : bytes;
}

static void add_bytes(uint64_t *sum, uint64_t bytes)
{
	if (__builtin_add_overflow(*sum, bytes, sum) || *sum == UNKNOWN)
		*sum = UNKNOWN - 1;
}

/* The list of nodes is this one alone. */
static bool is_node(const char *list, int node)
{
	uint64_t number;

	return parse_u64(list, &number) && number == (uint64_t)node;
}

/* The kernel counts anonymous pages of a private file mapping for all nodes together: on one node
 * there are at most so many. */
static void add_pages(struct usage *usage, const struct numa_line *line, int node, uint64_t pages)
{
	uint64_t anon = pages < line->anon ? pages : line->anon;

	if (is_node(line->bound, node))
		add_bytes(&usage->bound, bytes_of(pages, line->page_size));
	if (line->hugetlb) {
		add_bytes(&usage->hugetlb, bytes_of(pages, line->page_size));
		return;
	}
	add_bytes(&usage->anon, bytes_of(anon, line->page_size));
	add_bytes(&usage->file, bytes_of(pages - anon, line->page_size));
}

/* "N1=2": the place of a node of ours among those of @walk->caution, or -1. */
static int our_node(const struct usage_walk *walk, const char *word, uint64_t *pages)
{
	int node;

	if (!numa_pages(word, &node, pages))
		return -1;
	for (size_t i = 0; i < walk->caution->nodes.count; i++)
		if (walk->caution->nodes.items[i] == node)
			return (int)i;
	return -1;
}

static void parse(struct usage_walk *walk, const char *text)
{
	struct numa_line line = {0};
	bool parsed = false;

	for (const char *word = text; *word; word = numa_next_word(word)) {
		uint64_t pages;
		int i = our_node(walk, word, &pages);

		if (i < 0)
			continue;
		if (!parsed)
			line = numa_line(text);
		parsed = true;
		add_pages(&walk->usages[i], &line, walk->caution->nodes.items[i], pages);
	}
}

/* 0; -ESRCH if there is no process with memory (any more); or another -errno. */
static int read_process(struct usage_walk *walk, const struct process_handle *process)
{
	char buffer[PROCESS_BUFFER];
	cleanup_stream FILE *maps = process_stream(process, "numa_maps", buffer);
	bool any = false;

	if (!maps)
		return -errno;
	walk->readable = true;
	errno = 0;
	while (getline(&walk->line, &walk->size, maps) > 0) {
		any = true;
		parse(walk, walk->line);
	}
	if (ferror(maps))
		return errno ? -errno : -EIO;
	return any ? 0 : -ESRCH;
}

/* A process whose first thread has ended shows its memory under any other thread's number. */
static int read_threads(struct usage_walk *walk, const struct process_handle *process)
{
	cleanup_pids pid_list threads = {0};
	int rc = process_threads(process, &threads);

	list_each(thread, &threads) {
		cleanup_process struct process_handle handle = NO_PROCESS;

		if (*thread == process->pid || process_open(walk->sys, *thread, &handle))
			continue;
		rc = read_process(walk, &handle);
		if (!process_is_gone(rc))
			break;
	}
	return rc;
}

static bool uses_anything(const struct usage *usage)
{
	return usage->anon || usage->file || usage->hugetlb;
}

static bool keep_usages(struct usage_walk *walk, int pid)
{
	bool any = false;

	for (size_t i = 0; i < walk->caution->nodes.count; i++) {
		if (!uses_anything(&walk->usages[i]))
			continue;
		any = true;
		walk->usages[i].pid = pid;
		walk->usages[i].node = walk->caution->nodes.items[i];
		*list_add(&walk->host->usages) = walk->usages[i];
	}
	return any;
}

static void add_process(struct usage_walk *walk, const struct process_handle *handle)
{
	struct holdings holdings = {0};

	if (host_process(walk->host, handle->pid))
		return;
	process_holdings(handle, &walk->devices, &holdings);
	describe(&walk->describer, handle, &holdings, list_add(&walk->added));
}

static void look_into(struct usage_walk *walk, int pid)
{
	cleanup_process struct process_handle handle = NO_PROCESS;
	int rc = process_open(walk->sys, pid, &handle);

	memset(walk->usages, 0, walk->caution->nodes.count * sizeof(*walk->usages));
	if (!rc)
		rc = read_process(walk, &handle);
	if (rc == -ESRCH)
		rc = read_threads(walk, &handle);
	if (rc && !process_is_gone(rc))
		walk->complete = false;
	if (keep_usages(walk, pid))
		add_process(walk, &handle);
}

/* numa_maps walks page tables, which may lie in memory that is gone. */
static void walk_processes(struct usage_walk *walk)
{
	cleanup_pids pid_list processes = {0};

	if (walk->caution->isolated || processes_list(walk->sys, &processes)) {
		walk->complete = false;
		return;
	}
	host_sort(walk->host);
	devices_read(walk->sys, &walk->devices);
	list_each(pid, &processes)
		look_into(walk, *pid);
	list_each(process, &walk->added)
		*list_add(&walk->host->processes) = *process;
	host_sort(walk->host);
	if (!walk->readable)
		walk->complete = false; /* a kernel without NUMA has no such file */
}

static void walk_free(struct usage_walk *walk)
{
	devices_free(&walk->devices);
	describer_free(&walk->describer);
	free(walk->added.items);
	free(walk->usages);
	free(walk->line);
}

int collect_usage(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_caution struct caution caution = {0};
	__attribute__((cleanup(walk_free))) struct usage_walk walk = {
		.sys = sys,
		.host = host,
		.caution = &caution,
		.describer = {.sys = sys, .caution = &caution},
		.complete = processes_all_visible(sys),
	};

	(void)err;
	caution_of(host, &caution);
	walk.complete = walk.complete && caution.nodes_known;
	if (caution.nodes.count) {
		walk.usages = xcalloc(caution.nodes.count, sizeof(*walk.usages));
		walk_processes(&walk);
		if (!collect_groups(sys, &caution, host))
			walk.complete = false;
	}
	host->usage_complete = walk.complete;
	return 0;
}
