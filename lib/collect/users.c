/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds or maps dax devices: one walk over all processes for all devices. Nothing in the kernel
 * asks this before it revokes a mapping, so we do. A process that goes away while we look is no user
 * any more, not an error.
 */
#include "collect/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "collect/describe.h"
#include "collect/mappings.h"
#include "collect/mounts.h"
#include "sys/util.h"

/* The character device of a dax device. */
struct wanted {
	dev_t number;
	const char *name;
};

/* What a mapped file turned out to be; the kernel lists only where it is. */
struct known_file {
	dev_t file_system;
	uint64_t inode;
	bool known;
	const struct wanted *device; /* NULL: none of the devices */
};

#define KNOWN_FILES 1024

struct search {
	const struct sys *sys;
	struct host *host;
	struct describer *describer; /* NULL: be brief */
	int only;		     /* look at this process alone; 0: at all */
	struct devices devices;
	LIST(struct wanted) wanted; /* by number */
	struct known_file *files;   /* KNOWN_FILES, by a hash */
	bool complete;
};

/* What was found of one process. */
struct found {
	LIST(struct user) users;
	struct holdings holdings;
};

static int compare_wanted(const void *a, const void *b)
{
	dev_t number_a = ((const struct wanted *)a)->number;
	dev_t number_b = ((const struct wanted *)b)->number;

	return (number_a > number_b) - (number_a < number_b);
}

static const struct wanted *find_wanted(const struct search *search, dev_t number)
{
	const struct wanted key = {number, NULL};

	return bsearch(&key, search->wanted.items, search->wanted.count, sizeof(key),
		       compare_wanted);
}

static struct known_file *file_slot(struct search *search, dev_t file_system, uint64_t inode)
{
	uint64_t hash = (file_system * 31 + inode) * UINT64_C(0x9e3779b97f4a7c15);

	return &search->files[hash >> 54];
}

static void remember(struct search *search, const struct statx *status, const struct wanted *device)
{
	dev_t file_system = makedev(status->stx_dev_major, status->stx_dev_minor);

	*file_slot(search, file_system, status->stx_ino) =
		(struct known_file){file_system, status->stx_ino, true, device};
}

/*
 * Two files of one file system have two inodes, except where the numbers in maps are not those
 * that stat(2) has, as on btrfs and overlayfs: there every mapping is looked at.
 */
static bool is_unique(const struct file_mapping *mapping, const struct statx *status)
{
	return mapping->inode == status->stx_ino &&
	       mapping->file_system == makedev(status->stx_dev_major, status->stx_dev_minor);
}

/*
 * maps names the file system of the device node, not the device, and a container may have a node
 * of its own under any name; the link in map_files leads to the node itself. Only a process with
 * CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE may follow it (-EPERM). It is gone when the mapping is,
 * or has become another (-ENOENT). Other errors are those of the file system, FUSE's -EACCES to
 * everybody but its owner among them: no device node is there.
 */
static int device_of_mapping(struct search *search, const struct process_handle *process,
			     const struct file_mapping *mapping, const struct wanted **device)
{
	const struct known_file *file = file_slot(search, mapping->file_system, mapping->inode);
	struct statx status;
	char link[64];
	dev_t number;
	int rc;

	if (file->known && file->file_system == mapping->file_system &&
	    file->inode == mapping->inode) {
		*device = file->device;
		return 0;
	}
	snprintf(link, sizeof(link), "map_files/%" PRIx64 "-%" PRIx64, mapping->start,
		 mapping->end);
	rc = device_follow(process->directory, link, &status, &number);
	*device = rc ? NULL : find_wanted(search, number);
	if (!rc && is_unique(mapping, &status))
		remember(search, &status, *device);
	return rc == -EPERM || rc == -ENOENT ? rc : 0;
}

static struct user *user_of(struct found *found, const struct process_handle *process,
			    const struct wanted *device)
{
	struct user *user;

	list_each(known, &found->users)
		if (strcmp(known->dax, device->name) == 0)
			return known;
	user = list_add(&found->users);
	user->pid = process->pid;
	copy_text(user->dax, sizeof(user->dax), device->name);
	return user;
}

static int try_mappings(struct search *search, const struct process_handle *process,
			struct found *found)
{
	cleanup_mappings struct mappings mappings;
	int rc = mappings_open(process, &mappings);
	bool denied = false, changed = false;
	struct file_mapping mapping;

	if (rc)
		return rc;
	list_each(user, &found->users)
		user->mapped = 0;
	while ((rc = mappings_next(&mappings, &mapping)) > 0) {
		const struct wanted *device;
		int link = device_of_mapping(search, process, &mapping, &device);

		denied = denied || link == -EPERM;
		changed = changed || link == -ENOENT;
		if (device)
			user_of(found, process, device)->mapped += mapping.end - mapping.start;
	}
	if (rc)
		return rc;
	return denied ? -EPERM : changed ? -EAGAIN : 0;
}

/* The mappings may change while we look: then look again, and at last say that it was not seen. */
static int look_at_mappings(struct search *search, const struct process_handle *process,
			    struct found *found)
{
	int rc = -EAGAIN;

	for (int tries = 0; rc == -EAGAIN && tries < 5; tries++)
		rc = try_mappings(search, process, found);
	return rc;
}

struct descriptors {
	struct search *search;
	const struct process_handle *process;
	struct found *found;
};

static void look_at_descriptor(void *context, dev_t number)
{
	const struct descriptors *at = context;
	const struct wanted *device = find_wanted(at->search, number);

	devices_note(&at->search->devices, number, &at->found->holdings);
	if (device)
		user_of(at->found, at->process, device)->open = true;
}

static int look_at(struct search *search, const struct process_handle *process, struct found *found)
{
	int mappings = look_at_mappings(search, process, found);
	int descriptors = process_each_device(process, look_at_descriptor,
					      &(struct descriptors){search, process, found});

	if ((mappings && !process_is_gone(mappings)) ||
	    (descriptors && !process_is_gone(descriptors)))
		search->complete = false;
	return mappings;
}

/*
 * A process whose first thread has ended shows neither mappings nor descriptors under its own
 * number, but still has them: any other thread shows them.
 */
static void look_at_threads(struct search *search, const struct process_handle *process,
			    struct found *found)
{
	cleanup_pids pid_list threads = {0};

	if (process_threads(process, &threads))
		return;
	list_each(thread, &threads) {
		cleanup_process struct process_handle handle = NO_PROCESS;

		if (*thread == process->pid || process_open(search->sys, *thread, &handle))
			continue;
		handle.pid = process->pid;
		if (!process_is_gone(look_at(search, &handle, found)))
			return;
	}
}

static void add_process(struct search *search, const struct process_handle *handle,
			const struct found *found)
{
	struct process *process;

	if (host_process(search->host, handle->pid))
		return;
	process = list_add(&search->host->processes);
	if (search->describer)
		describe(search->describer, handle, &found->holdings, process);
	else
		describe_briefly(handle, process);
}

static void look_into(struct search *search, int pid, struct found *found)
{
	cleanup_process struct process_handle handle = NO_PROCESS;
	int rc = process_open(search->sys, pid, &handle);
	size_t known = search->host->users.count;

	found->users.count = 0;
	found->holdings = (struct holdings){0};
	if (!rc)
		rc = look_at(search, &handle, found);
	else if (!process_is_gone(rc))
		search->complete = false;
	if (rc == -ESRCH)
		look_at_threads(search, &handle, found);
	list_each(user, &found->users)
		if (user->mapped || user->open)
			*list_add(&search->host->users) = *user;
	if (search->host->users.count > known)
		add_process(search, &handle, found);
}

/* Most processes will have the machine's own node. */
static void remember_own(struct search *search, const struct wanted *device)
{
	char path[PATH_MAX];
	struct statx status;
	dev_t number;

	snprintf(path, sizeof(path), "%s/dev/%s", search->sys->root, device->name);
	if (!device_follow(AT_FDCWD, path, &status, &number) && number == device->number)
		remember(search, &status, device);
}

static int walk(struct search *search)
{
	cleanup_pids pid_list processes = {0};
	struct found found = {0};
	int rc = 0;

	if (search->only)
		*list_add(&processes) = search->only;
	else
		rc = processes_list(search->sys, &processes);
	search->complete = processes_all_visible(search->sys);
	search->files = xcalloc(KNOWN_FILES, sizeof(*search->files));
	list_sort(&search->wanted, compare_wanted);
	list_each(device, &search->wanted)
		remember_own(search, device);
	list_each(pid, &processes)
		look_into(search, *pid, &found);
	free(found.users.items);
	free(search->files);
	return rc;
}

/* Without a character device there is nothing to hold, and that is no error. */
static int want(struct search *search, const char *dax)
{
	unsigned int major, minor;
	char number[32];
	int rc = sys_read(search->sys, number, sizeof(number), "/sys/bus/dax/devices/%s/dev", dax);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	if (sscanf(number, "%u:%u", &major, &minor) != 2)
		return -EINVAL;
	*list_add(&search->wanted) = (struct wanted){makedev(major, minor), dax};
	return 0;
}

static void search_free(struct search *search)
{
	devices_free(&search->devices);
	free(search->wanted.items);
}

static int search_one(struct search *search, const char *dax, bool *complete)
{
	int rc = want(search, dax);

	if (!rc && search->wanted.count)
		rc = walk(search);
	if (search->wanted.count && !search->complete)
		*complete = false;
	return rc;
}

int collect_users_of(const struct sys *sys, const char *dax, struct host *host, bool *complete)
{
	__attribute__((cleanup(search_free))) struct search search = {.sys = sys, .host = host};

	return search_one(&search, dax, complete);
}

int collect_users_in_full(const struct sys *sys, const char *dax, const struct host *picture,
			  struct host *host, bool *complete)
{
	cleanup_caution struct caution caution = {0};
	cleanup_describer struct describer describer = {.sys = sys, .caution = &caution};
	__attribute__((cleanup(search_free))) struct search search = {
		.sys = sys,
		.host = host,
		.describer = &describer,
	};

	caution_of(picture, &caution);
	devices_read(sys, &search.devices);
	return search_one(&search, dax, complete);
}

bool collect_is_user(const struct sys *sys, const char *dax, int pid)
{
	cleanup_host struct host host = {0};
	__attribute__((cleanup(search_free))) struct search search = {
		.sys = sys,
		.host = &host,
		.only = pid,
	};
	bool complete = true;

	return search_one(&search, dax, &complete) == 0 && host.users.count;
}

static int search_all(struct search *search)
{
	int rc;

	devices_read(search->sys, &search->devices);
	search->complete = true;
	list_each(dax, &search->host->dax_devices) {
		rc = dax->mode == DAX_DEVDAX || dax->mode == DAX_FAMFS ? want(search, dax->name)
								       : 0;
		if (rc)
			return rc;
	}
	return search->wanted.count ? walk(search) : 0;
}

int collect_users(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_caution struct caution caution = {0};
	cleanup_describer struct describer describer = {.sys = sys, .caution = &caution};
	__attribute__((cleanup(search_free))) struct search search = {
		.sys = sys,
		.host = host,
		.describer = &describer,
	};
	int rc;

	caution_of(host, &caution);
	rc = search_all(&search);
	if (rc)
		return fail_errno(err, rc, "cannot look for users of dax devices");
	host->users_complete = search.complete;
	collect_mounts(sys, host);
	return 0;
}
