/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds or maps a dax device. Nothing in the kernel asks this before it revokes a mapping, so
 * we do. A process that goes away while we look is no user any more, not an error.
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

#include "sys/util.h"

static bool is_device(const char *path, dev_t device)
{
	struct statx status;

	/* DONT_SYNC: a file server in user space may never answer, and anybody may run one. */
	return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &status) == 0 &&
	       S_ISCHR(status.stx_mode) &&
	       makedev(status.stx_rdev_major, status.stx_rdev_minor) == device;
}

/*
 * /proc/PID/maps names the file system of the device node, not the device, and a container may
 * have a node of its own under any name; the link in map_files leads to the node itself. Device
 * dax can only be mapped shared, which leaves few lines to follow.
 */
static int mapped_bytes(const struct sys *sys, int pid, dev_t device, uint64_t *bytes)
{
	cleanup_stream FILE *maps = NULL;
	cleanup_free char *line = NULL;
	char path[PATH_MAX];
	size_t size = 0;

	*bytes = 0;
	snprintf(path, sizeof(path), "%s/proc/%d/maps", sys->root, pid);
	maps = fopen(path, "re");
	if (!maps)
		return -errno;
	errno = 0;
	while (getline(&line, &size, maps) > 0) {
		uint64_t start, end;
		char shared;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*3c%c", &start, &end, &shared) != 3 ||
		    shared != 's')
			continue;
		snprintf(path, sizeof(path), "%s/proc/%d/map_files/%" PRIx64 "-%" PRIx64, sys->root,
			 pid, start, end);
		if (is_device(path, device))
			*bytes += end - start;
	}
	return ferror(maps) ? -errno : 0;
}

static int holds_open(const struct sys *sys, int pid, dev_t device, bool *open)
{
	cleanup_names struct names descriptors = {0};
	int rc = sys_list(sys, &descriptors, "", "/proc/%d/fd", pid);

	*open = false;
	for (size_t i = 0; !rc && i < descriptors.count; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/proc/%d/fd/%s", sys->root, pid,
			 descriptors.items[i]);
		if (is_device(path, device))
			*open = true;
	}
	return rc;
}

static void look_into(const struct sys *sys, int pid, const char *dax, dev_t device,
		      struct host *host, bool *complete)
{
	struct user user = {.pid = pid};
	int maps, descriptors;

	maps = mapped_bytes(sys, pid, device, &user.mapped);
	descriptors = holds_open(sys, pid, device, &user.open);
	if (maps == -EACCES || maps == -EPERM || descriptors == -EACCES || descriptors == -EPERM)
		*complete = false;
	if (!user.mapped && !user.open)
		return;
	copy_text(user.dax, sizeof(user.dax), dax);
	sys_read(sys, user.command, sizeof(user.command), "/proc/%d/comm", pid);
	make_printable(user.command);
	*list_add(&host->users) = user;
}

int collect_users_of(const struct sys *sys, const char *dax, struct host *host, bool *complete)
{
	cleanup_names struct names processes = {0};
	unsigned int major, minor;
	char number[32];
	int rc = sys_read(sys, number, sizeof(number), "/sys/bus/dax/devices/%s/dev", dax);

	if (rc == -ENOENT)
		return 0; /* no character device, nothing to hold */
	if (rc || sscanf(number, "%u:%u", &major, &minor) != 2)
		return rc ? rc : -EINVAL;
	rc = sys_list(sys, &processes, "", "/proc");
	for (size_t i = 0; !rc && i < processes.count; i++)
		look_into(sys, atoi(processes.items[i]), dax, makedev(major, minor), host,
			  complete);
	return rc;
}

int collect_users(const struct sys *sys, struct host *host, struct error *err)
{
	bool complete = true;

	list_each(dax, &host->dax_devices) {
		int rc = dax->mode == DAX_DEVDAX || dax->mode == DAX_FAMFS
				 ? collect_users_of(sys, dax->name, host, &complete)
				 : 0;

		if (rc)
			return fail_errno(err, rc, "cannot look for users of %s", dax->name);
	}
	host->privileged = host->privileged && complete;
	return 0;
}
