/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/openers.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collect/process.h"
#include "sys/util.h"

#define BLOCK "/sys/class/block"

/* Device numbers are what counts: a container has nodes of its own, under any name. */
struct wanted {
	unsigned int major, minor;
	size_t disk;
};

struct search {
	const struct sys *sys;
	LIST(struct wanted) wanted;
	struct openers *openers;
};

static void want(struct search *search, size_t disk, const char *name)
{
	struct wanted wanted = {.disk = disk};
	char number[32];

	if (!sys_read(search->sys, number, sizeof(number), BLOCK "/%s/dev", name) &&
	    sscanf(number, "%u:%u", &wanted.major, &wanted.minor) == 2)
		*list_add(&search->wanted) = wanted;
}

/* pmem0p1 and pmem0.1s1 are in the directories of pmem0 and pmem0.1s. */
static int want_disk(struct search *search, size_t disk, const char *name)
{
	cleanup_names struct names partitions = {0};
	char prefix[NAME_SIZE + 2];
	int rc;

	snprintf(prefix, sizeof(prefix), "%s%s", name,
		 name[0] && isdigit((unsigned char)name[strlen(name) - 1]) ? "p" : "");
	want(search, disk, name);
	rc = sys_list(search->sys, &partitions, prefix, BLOCK "/%s", name);
	for (size_t i = 0; !rc && i < partitions.count; i++)
		want(search, disk, partitions.items[i]);
	return rc;
}

static void add_opener(struct search *search, const struct process_handle *process, size_t disk)
{
	struct opener *opener;

	list_each(known, &search->openers->list)
		if (known->pid == process->pid && known->disk == disk)
			return;
	opener = list_add(&search->openers->list);
	opener->disk = disk;
	opener->pid = process->pid;
	process_read(process, opener->command, sizeof(opener->command), "comm");
	opener->command[strcspn(opener->command, "\n")] = '\0';
	make_printable(opener->command);
}

static void look_at(struct search *search, const struct process_handle *process,
		    const struct statx *status)
{
	list_each(wanted, &search->wanted)
		if (wanted->major == status->stx_rdev_major &&
		    wanted->minor == status->stx_rdev_minor)
			add_opener(search, process, wanted->disk);
}

/* Links to what it has open, or mapped; the latter only where that may be followed. */
static int look_through(struct search *search, const struct process_handle *process,
			const char *directory)
{
	cleanup_directory DIR *links = process_directory(process, directory);
	struct dirent *entry;

	if (!links)
		return -errno;
	while ((entry = readdir(links))) {
		struct statx status;

		/* DONT_SYNC: a file server in user space may never answer. */
		if (entry->d_name[0] != '.' &&
		    !statx(dirfd(links), entry->d_name, AT_STATX_DONT_SYNC, STATX_TYPE, &status) &&
		    S_ISBLK(status.stx_mode))
			look_at(search, process, &status);
	}
	return 0;
}

static int look_into(struct search *search, const struct process_handle *process)
{
	int rc = look_through(search, process, "fd");

	if (!rc)
		rc = look_through(search, process, "map_files");
	if (rc && !process_is_gone(rc))
		search->openers->complete = false;
	return rc;
}

/* A process whose first thread has ended shows what it has under another thread's number only. */
static void look_into_threads(struct search *search, const struct process_handle *process)
{
	cleanup_pids pid_list threads = {0};

	if (process_threads(process, &threads))
		return;
	list_each(thread, &threads) {
		cleanup_process struct process_handle handle = NO_PROCESS;

		if (*thread == process->pid || process_open(search->sys, *thread, &handle))
			continue;
		handle.pid = process->pid;
		if (!look_into(search, &handle))
			return;
	}
}

static int walk(struct search *search)
{
	cleanup_pids pid_list processes = {0};
	int rc = processes_list(search->sys, &processes);

	search->openers->complete = processes_all_visible(search->sys);
	list_each(pid, &processes) {
		cleanup_process struct process_handle handle = NO_PROCESS;

		if (*pid != getpid() && !process_open(search->sys, *pid, &handle) &&
		    look_into(search, &handle))
			look_into_threads(search, &handle);
	}
	return rc;
}

int openers_of(const struct sys *sys, const struct names *disks, struct openers *openers)
{
	struct search search = {.sys = sys, .openers = openers};
	int rc = 0;

	for (size_t i = 0; !rc && i < disks->count; i++)
		rc = want_disk(&search, i, disks->items[i]);
	if (!rc)
		rc = walk(&search);
	free(search.wanted.items);
	return rc;
}

void openers_free(struct openers *openers)
{
	free(openers->list.items);
	*openers = (struct openers){0};
}
