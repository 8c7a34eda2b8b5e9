/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses the nodes that have memory of ours, by process and by control group. */
#include "collect/collect.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/describe.h"
#include "collect/groups.h"
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

/* What one line of numa_maps says of one mapping: pages of @page_size, some of them anonymous. */
struct numa_line {
	uint64_t page_size, anon;
	bool hugetlb;
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

/* The kernel counts anonymous pages of a private file mapping for all nodes together: on one node
 * there are at most so many. */
static void add_pages(struct usage *usage, const struct numa_line *line, uint64_t pages)
{
	uint64_t anon = pages < line->anon ? pages : line->anon;

	if (line->hugetlb) {
		add_bytes(&usage->hugetlb, bytes_of(pages, line->page_size));
		return;
	}
	add_bytes(&usage->anon, bytes_of(anon, line->page_size));
	add_bytes(&usage->file, bytes_of(pages - anon, line->page_size));
}

static const char *next_word(const char *word)
{
	word += strcspn(word, " \n");
	return word + strspn(word, " \n");
}

static bool is_word(const char *word, const char *text)
{
	return starts_with(word, text) && strcspn(word, " \n") == strlen(text);
}

/* The number behind @key, if the word begins so. */
static bool has_number(const char *word, const char *key, uint64_t *value)
{
	const char *digits = word + strlen(key);

	if (!starts_with(word, key) || !isdigit((unsigned char)*digits))
		return false;
	*value = strtoull(digits, NULL, 10);
	return true;
}

/*
 * "7f00 default file=/a\040b huge anon=3 dirty=3 N0=1 N1=2 kernelpagesize_kB=4": blanks and '=' in
 * a path are escaped, so no part of it looks like another word. What tells how to count the pages
 * of a node comes before and behind them.
 */
static struct numa_line parse_line(const char *text)
{
	struct numa_line line = {.page_size = 4096};

	for (const char *word = text; *word; word = next_word(word)) {
		uint64_t value;

		if (has_number(word, "anon=", &value))
			line.anon = value;
		else if (has_number(word, "kernelpagesize_kB=", &value))
			line.page_size = bytes_of(value, 1024);
		else if (is_word(word, "huge"))
			line.hugetlb = true;
	}
	return line;
}

/* "N1=2": the place of a node of ours among those of @use->caution, or -1. */
static int our_node(const struct usage_walk *walk, const char *word, uint64_t *pages)
{
	uint64_t node;
	const char *value;

	if (!has_number(word, "N", &node))
		return -1;
	value = word + strcspn(word, "= \n");
	if (!has_number(value, "=", pages))
		return -1;
	for (size_t i = 0; i < walk->caution->nodes.count; i++)
		if ((uint64_t)walk->caution->nodes.items[i] == node)
			return (int)i;
	return -1;
}

static void parse(struct usage_walk *walk, const char *text)
{
	struct numa_line line = {0};
	bool parsed = false;

	for (const char *word = text; *word; word = next_word(word)) {
		uint64_t pages;
		int i = our_node(walk, word, &pages);

		if (i < 0)
			continue;
		if (!parsed)
			line = parse_line(text);
		parsed = true;
		add_pages(&walk->usages[i], &line, pages);
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
