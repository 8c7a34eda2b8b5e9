/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/room.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "exec/contents.h"
#include "sys/util.h"

#define DEPTH 16 /* of devices on devices */

/* ---- whether it is safe ---- */

/* With the sticky bit nobody else can replace a file of ours, and none is ever written over. */
static int check_safe(const char *directory, struct error *err)
{
	struct stat status;

	if (stat(directory, &status))
		return fail_errno(err, -errno, "cannot look at %s", directory);
	if (!S_ISDIR(status.st_mode))
		return fail(err, -ENOTDIR, "%s is no directory", directory);
	if (status.st_uid && status.st_uid != geteuid()) {
		fail(err, -EPERM,
		     "save-unsafe: %s belongs to somebody else, who can replace what is saved "
		     "there",
		     directory);
		hint(err, "chown root %s, or name another directory", directory);
		return -EPERM;
	}
	if (!(status.st_mode & 022) || status.st_mode & S_ISVTX)
		return 0;
	fail(err, -EPERM, "save-unsafe: others can write to %s, and replace what is saved there",
	     directory);
	hint(err, "chmod go-w %s, or name another directory", directory);
	return -EPERM;
}

int room_directory(const char *word, char **directory, struct error *err)
{
	char path[PATH_MAX];
	int rc;

	*directory = NULL;
	if (!realpath(word, path)) {
		rc = fail_errno(err, -errno, "cannot save to %s", word);
		if (rc == -ENOENT)
			hint(err, "make it first: mkdir -m 700 %s", word);
		return rc;
	}
	rc = check_safe(path, err);
	*directory = rc ? NULL : xstrdup(path);
	return rc;
}

/* ---- what it lies on ---- */

bool room_is_volatile(const char *directory)
{
	struct statfs status;

	return statfs(directory, &status) == 0 &&
	       (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC);
}

struct search {
	const struct sys *sys;
	const char *name;
};

static bool number_lies_on(const struct search *search, dev_t number, int depth);

/* "/sys/devices/.../block/pmem0/pmem0p1": itself, or what it is a partition of. */
static bool is_in_path(const char *path, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = path; (at = strchr(at, '/'));) {
		at++;
		if (strncmp(at, name, length) == 0 && (!at[length] || at[length] == '/'))
			return true;
	}
	return false;
}

/* A loop device, on a file of another file system. */
static bool loop_lies_on(const struct search *search, const char *path, int depth)
{
	char file[PATH_MAX];
	struct stat status;

	return sys_read(search->sys, file, sizeof(file), "%s/loop/backing_file", path) == 0 &&
	       stat(file, &status) == 0 && number_lies_on(search, status.st_dev, depth);
}

static bool block_lies_on(const struct search *search, const char *link, int depth)
{
	cleanup_names struct names below = {0};
	char path[PATH_MAX], next[PATH_MAX];

	if (!depth || sys_real_path(search->sys, path, "%s", link))
		return false;
	if (is_in_path(path, search->name) || loop_lies_on(search, path, depth - 1))
		return true;
	if (sys_list(search->sys, &below, NULL, "%s/slaves", path))
		return false;
	for (size_t i = 0; i < below.count; i++) {
		snprintf(next, sizeof(next), "/sys/class/block/%s", below.items[i]);
		if (block_lies_on(search, next, depth - 1))
			return true;
	}
	return false;
}

static bool number_lies_on(const struct search *search, dev_t number, int depth)
{
	char link[64];

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(number), minor(number));
	return block_lies_on(search, link, depth);
}

/* Of a line of mountinfo, "36 35 0:33 / /mnt rw - famfs /dev/dax0.0 rw", if the mount is @id. */
static bool read_source(const char *line, uint64_t id, char source[PATH_MAX])
{
	const char *rest = strstr(line, " - ");
	uint64_t number;

	return rest && sscanf(line, "%" SCNu64 " ", &number) == 1 && number == id &&
	       sscanf(rest, " - %*s %4095s", source) == 1;
}

/* btrfs and famfs have device numbers of their own: there the mount tells what is below. */
static bool source_lies_on(const struct search *search, uint64_t mount)
{
	cleanup_stream FILE *mounts = sys_open(search->sys, "/proc/self/mountinfo");
	char source[PATH_MAX], link[PATH_MAX];
	cleanup_free char *line = NULL;
	size_t size = 0;

	while (mounts && getline(&line, &size, mounts) > 0) {
		if (!read_source(line, mount, source) || !starts_with(source, "/dev/"))
			continue;
		if (strcmp(base_name(source), search->name) == 0)
			return true;
		snprintf(link, sizeof(link), "/sys/class/block/%s", base_name(source));
		if (block_lies_on(search, link, DEPTH))
			return true;
	}
	return false;
}

bool room_lies_on(const struct sys *sys, const char *directory, const char *name)
{
	const struct search search = {sys, name};
	struct statx status;

	if (statx(AT_FDCWD, directory, 0, STATX_BASIC_STATS | STATX_MNT_ID, &status))
		return false;
	return number_lies_on(&search, makedev(status.stx_dev_major, status.stx_dev_minor),
			      DEPTH) ||
	       source_lies_on(&search, status.stx_mnt_id);
}

/* ---- whether it has room ---- */

/* What a file system needs beside the data to keep track of it, and a little to go on with. */
static uint64_t with_margin(uint64_t size)
{
	return add_capped(size, size / 128 + (1 << 20));
}

/* What anybody may use: what is kept for root keeps the host alive. UINT64_MAX if it is not limited. */
static int read_free(const char *directory, uint64_t *bytes, struct error *err)
{
	struct statvfs status;

	if (statvfs(directory, &status))
		return fail_errno(err, -errno, "cannot ask for the room in %s", directory);
	*bytes = status.f_blocks ? (uint64_t)status.f_bavail * status.f_frsize : UINT64_MAX;
	return 0;
}

static int size_of(const struct sys *sys, const char *dax, uint64_t *bytes, struct error *err)
{
	int rc = sys_read_u64(sys, bytes, "/sys/bus/dax/devices/%s/size", dax);

	return rc ? fail_errno(err, rc, "cannot read the size of %s", dax) : 0;
}

static int data_of(const struct sys *sys, const char *dax, uint64_t *bytes, struct error *err)
{
	cleanup_window struct window window = NO_WINDOW;
	const struct transfer transfer = {.window = &window, .stoppable = true};
	int rc = window_open(&window, sys, dax, false, err);

	return rc ? rc : contents_count(&transfer, bytes, err);
}

typedef int (*measure)(const struct sys *sys, const char *dax, uint64_t *bytes, struct error *err);

static int sum_up(const struct sys *sys, const struct names *dax_devices, measure how,
		  uint64_t *sum, struct error *err)
{
	int rc = 0;

	*sum = 0;
	for (size_t i = 0; !rc && i < dax_devices->count; i++) {
		uint64_t bytes = 0;

		rc = how(sys, dax_devices->items[i], &bytes, err);
		*sum = add_capped(*sum, with_margin(bytes));
	}
	return rc;
}

static int refuse(const char *directory, const struct names *dax_devices, uint64_t needed,
		  uint64_t there, struct error *err)
{
	char names[256] = "", need[16], have[16];

	for (size_t i = 0; i < dax_devices->count; i++)
		append_word(names, sizeof(names), ", ", dax_devices->items[i]);
	fail(err, -ENOSPC, "no-room-to-save: the contents of %s need %s, and %s has %s free", names,
	     human_size(need, needed), directory, human_size(have, there));
	hint(err, "make room there, name another directory with --save, or give the contents up "
		  "with --discard-contents");
	return -ENOSPC;
}

int room_check(const struct sys *sys, const char *directory, const struct names *dax_devices,
	       struct error *err)
{
	uint64_t needed, there = 0;
	int rc = read_free(directory, &there, err);

	if (!rc)
		rc = sum_up(sys, dax_devices, size_of, &needed, err);
	if (rc || needed <= there)
		return rc;
	rc = sum_up(sys, dax_devices, data_of, &needed, err);
	if (rc || needed <= there)
		return rc;
	return refuse(directory, dax_devices, needed, there, err);
}

/* ---- a plan ---- */

static int refuse_place(const char *directory, const char *device, struct error *err)
{
	fail(err, -EBUSY, "save-on-memory: %s is on %s, which is to be taken out of service",
	     directory, device);
	hint(err, "name another directory with --save");
	return -EBUSY;
}

static const char *device_of(const struct host *host, const struct step *step)
{
	if (step->kind == STEP_UNBIND_DAX)
		return step->object;
	list_each(namespace, &host->namespaces)
		if (step->kind == STEP_DISABLE_NAMESPACE &&
		    strcmp(namespace->name, step->object) == 0)
			return namespace->device;
	return "";
}

static int check_place(const struct sys *sys, const struct host *host, const struct plan *plan,
		       struct error *err)
{
	list_each(step, &plan->down) {
		const char *device = device_of(host, step);

		if (device[0] && room_lies_on(sys, plan->manner.save, device))
			return refuse_place(plan->manner.save, device, err);
	}
	return 0;
}

/* The names are the plan's own. */
static void list_saves(const struct plan *plan, struct names *names)
{
	list_each(step, &plan->down)
		if (step->kind == STEP_SAVE_CONTENTS) {
			names->items = xrealloc(names->items, (names->count + 1) * sizeof(char *));
			names->items[names->count++] = step->object;
		}
}

int room_check_plan(const struct sys *sys, const struct host *host, struct plan *plan,
		    struct error *err)
{
	cleanup_free char **items = NULL;
	struct names names = {0};
	char *directory;
	int rc;

	list_saves(plan, &names);
	items = names.items;
	if (!names.count)
		return 0;
	rc = room_directory(plan->manner.save, &directory, err);
	if (rc)
		return rc;
	free(plan->manner.save);
	plan->manner.save = directory;
	rc = check_place(sys, host, plan, err);
	return rc ? rc : room_check(sys, directory, &names, err);
}
