/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/mappers.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/mappings.h"
#include "sys/util.h"

#define BARS 6

/* The file of a BAR: by its inode, as a container may have it under any name. */
struct bar_file {
	dev_t file_system;
	uint64_t inode;
};

struct bar_files {
	LIST(struct bar_file) list;
};

static void bar_files_free(struct bar_files *files)
{
	free_pointer(&files->list.items);
}
#define cleanup_bar_files __attribute__((cleanup(bar_files_free)))

static void find_files(const struct sys *sys, const char *address, struct bar_files *files)
{
	for (int bar = 0; bar < BARS; bar++) {
		char path[PATH_MAX];
		struct stat status;

		snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/resource%d", sys->root,
			 address, bar);
		if (stat(path, &status) == 0)
			*list_add(&files->list) = (struct bar_file){status.st_dev, status.st_ino};
	}
}

static bool is_one(const struct bar_files *files, const struct file_mapping *mapping)
{
	list_each(file, &files->list)
		if (file->inode == mapping->inode && file->file_system == mapping->file_system)
			return true;
	return false;
}

static bool maps_one(const struct process_handle *process, const struct bar_files *files)
{
	cleanup_mappings struct mappings mappings;
	struct file_mapping mapping;
	int rc = mappings_open(process, &mappings);

	if (rc)
		return false;
	while ((rc = mappings_next(&mappings, &mapping)) > 0)
		if (is_one(files, &mapping))
			return true;
	return false;
}

static void name(const struct process_handle *process, struct mapper *mapper)
{
	mapper->pid = process->pid;
	process_read(process, mapper->command, sizeof(mapper->command), "comm");
	mapper->command[strcspn(mapper->command, "\n")] = '\0';
	make_printable(mapper->command);
}

int mapper_of(const struct sys *sys, const char *address, struct mapper *mapper)
{
	cleanup_bar_files struct bar_files files = {0};
	cleanup_pids pid_list processes = {0};
	int rc = processes_list(sys, &processes);

	if (rc)
		return rc;
	find_files(sys, address, &files);
	list_each(pid, &processes) {
		cleanup_process struct process_handle handle = NO_PROCESS;

		if (*pid == getpid() || process_open(sys, *pid, &handle) ||
		    !maps_one(&handle, &files))
			continue;
		name(&handle, mapper);
		return 1;
	}
	return 0;
}
