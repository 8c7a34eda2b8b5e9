/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory.numa_stat of every control group: counters of the kernel's own, cheap to read. */
#include "collect/groups.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "collect/process.h"
#include "sys/util.h"

#define CGROUPS "/sys/fs/cgroup"

struct counter {
	const char *key;
	size_t offset; /* into struct group */
};

static const struct counter counters[] = {
	{"anon", offsetof(struct group, anon)},
	{"file", offsetof(struct group, file)},
	{"shmem", offsetof(struct group, shmem)},
	{"anon_thp", offsetof(struct group, huge)},
	{"kernel_stack", offsetof(struct group, kernel)},
	{"pagetables", offsetof(struct group, kernel)},
	{"sec_pagetables", offsetof(struct group, kernel)},
	{"slab_unreclaimable", offsetof(struct group, kernel)},
	{"unevictable", offsetof(struct group, unevictable)},
};

struct census {
	const struct caution *caution;
	struct host *host;
	struct group *nodes; /* of one control group, by the nodes of @caution */
	bool complete;
	char path[PATH_MAX]; /* of the directory */
	size_t root;	     /* how much of it is before the group's own path */
};

static const struct counter *find_counter(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (strcmp(counters[i].key, key) == 0)
			return &counters[i];
	return NULL;
}

static uint64_t add_up(uint64_t a, uint64_t b)
{
	return a > UNKNOWN - 1 - b ? UNKNOWN - 1 : a + b;
}

static void add_value(struct census *census, const struct counter *counter, int node,
		      uint64_t bytes)
{
	for (size_t i = 0; i < census->caution->nodes.count; i++) {
		uint64_t *value = (uint64_t *)((char *)&census->nodes[i] + counter->offset);

		if (census->caution->nodes.items[i] == node && bytes != UNKNOWN)
			*value = add_up(*value, bytes);
	}
}

/* "anon N0=4096 N1=0" */
static void parse(struct census *census, char *line)
{
	const struct counter *counter = find_counter(strsep(&line, " "));
	char *word;

	while (counter && (word = strsep(&line, " \n"))) {
		uint64_t bytes;
		int node;

		if (sscanf(word, "N%d=%" SCNu64, &node, &bytes) == 2)
			add_value(census, counter, node, bytes);
	}
}

static bool is_zero(const struct group *group)
{
	return !(group->anon | group->file | group->shmem | group->huge | group->kernel |
		 group->unevictable);
}

static void keep(struct census *census)
{
	const char *path = census->path + census->root;

	for (size_t i = 0; i < census->caution->nodes.count; i++) {
		struct group *group;

		if (is_zero(&census->nodes[i]))
			continue;
		group = list_add(&census->host->groups);
		*group = census->nodes[i];
		group->node = census->caution->nodes.items[i];
		group->path = xstrdup(path[0] ? path : "/");
		make_printable(group->path);
	}
}

/* The file of the directory that census->path names, which may vanish meanwhile. */
static int read_group(struct census *census)
{
	char file[PATH_MAX + sizeof("/memory.numa_stat")];
	cleanup_stream FILE *stat = NULL;
	cleanup_free char *line = NULL;
	size_t size = 0;

	snprintf(file, sizeof(file), "%s/memory.numa_stat", census->path);
	stat = fopen(file, "re");
	if (!stat)
		return -errno;
	memset(census->nodes, 0, census->caution->nodes.count * sizeof(*census->nodes));
	while (getline(&line, &size, stat) > 0)
		parse(census, line);
	keep(census);
	return 0;
}

static void list_directories(struct census *census, struct names *names)
{
	cleanup_directory DIR *dir = opendir(census->path);
	struct dirent *entry;

	if (!dir && errno != ENOENT)
		census->complete = false;
	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			names->items = xrealloc(names->items, (names->count + 1) * sizeof(char *));
			names->items[names->count++] = xstrdup(entry->d_name);
		}
}

static void walk(struct census *census)
{
	cleanup_names struct names below = {0};
	size_t length = strlen(census->path);
	int rc = read_group(census);

	/* A group without the memory controller has no such file: what it uses, its parent has. */
	if (rc && rc != -ENOENT && rc != -ENODEV)
		census->complete = false;
	list_directories(census, &below);
	for (size_t i = 0; i < below.count; i++) {
		if (length + 1 + strlen(below.items[i]) >= sizeof(census->path)) {
			census->complete = false;
			continue;
		}
		sprintf(census->path + length, "/%s", below.items[i]);
		walk(census);
		census->path[length] = '\0';
	}
}

bool collect_groups(const struct sys *sys, const struct caution *caution, struct host *host)
{
	struct census census = {.caution = caution, .host = host, .complete = true};

	if (!sys_exists(sys, CGROUPS "/memory.numa_stat"))
		return false;
	snprintf(census.path, sizeof(census.path), "%s" CGROUPS, sys->root);
	census.root = strlen(census.path);
	census.nodes = xcalloc(caution->nodes.count + 1, sizeof(*census.nodes));
	walk(&census);
	free(census.nodes);
	return census.complete;
}
