/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Namespaces of persistent memory on CXL regions. The libnvdimm bus (nd) has a region of its own for
 * each, among those of other persistent memory.
 */
#include "collect/collect.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/openers.h"
#include "sys/util.h"

#define ND "/sys/bus/nd/devices"

/*
 * By address; or, as only root may read that, by number: a region that CXL makes on the bus gets
 * that of the CXL region, and no other has it (Linux 6.0, cxl_pmem_region_probe()).
 */
static const struct region *cxl_region_of(const struct sys *sys, const struct host *host,
					  int nd_region)
{
	uint64_t start, size;
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "region%d", nd_region);
	if (sys_read_u64(sys, &size, ND "/%s/size", name))
		return NULL;
	if (sys_read_u64(sys, &start, ND "/%s/resource", name))
		return host_region(host, name);
	list_each(region, &host->regions)
		if (ranges_overlap(region->start, region->size, start, size))
			return region;
	return NULL;
}

/*
 * What claims it says what it is; while nothing does, its label may say what should
 * (drivers/nvdimm/namespace_devs.c: mode_show(), holder_class_show()).
 */
static void read_mode(const struct sys *sys, const char *name, char mode[16])
{
	static const char *const words[][2] = {
		{"safe", "sector"},  {"btt", "sector"}, {"btt2", "sector"},
		{"memory", "fsdax"}, {"pfn", "fsdax"},	{"dax", "devdax"},
	};
	char now[16], labelled[16];

	sys_read(sys, now, sizeof(now), ND "/%s/mode", name);
	sys_read(sys, labelled, sizeof(labelled), ND "/%s/holder_class", name);
	copy_text(mode, 16, now);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(now, words[i][0]) == 0 ||
		    (strcmp(now, "raw") == 0 && strcmp(labelled, words[i][0]) == 0))
			copy_text(mode, 16, words[i][1]);
	make_printable(mode);
}

/* ---- who uses its block device ---- */

struct block_device {
	const char *path; /* in sysfs */
	const char *name;
	unsigned int major, minor;
};

static bool is_device_node(const char *path, const char *name)
{
	return starts_with(path, "/dev/") && strcmp(path + strlen("/dev/"), name) == 0;
}

/*
 * "36 35 259:0 / /mnt rw,noatime - xfs /dev/pmem0 rw" (proc_pid_mountinfo(5)). The source may be
 * any name of the device, and btrfs and famfs have numbers of their own: so either will do.
 */
static bool is_mount_of(const char *line, const struct block_device *device)
{
	const char *rest = strstr(line, " - ");
	unsigned int major, minor;
	char source[256];

	if (rest && sscanf(rest, " - %*s %255s", source) == 1 &&
	    is_device_node(source, device->name))
		return true;
	return sscanf(line, "%*d %*d %u:%u", &major, &minor) == 2 && device->major &&
	       major == device->major && minor == device->minor;
}

static bool is_swap_on(const char *line, const struct block_device *device)
{
	char file[256];

	return sscanf(line, "%255s", file) == 1 && is_device_node(file, device->name);
}

static bool is_in(const struct sys *sys, const char *path,
		  bool (*is_about)(const char *line, const struct block_device *device),
		  const struct block_device *device)
{
	cleanup_stream FILE *file = sys_open(sys, "%s", path);
	cleanup_free char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		if (is_about(line, device))
			return true;
	return false;
}

static bool has_holders(const struct sys *sys, const struct block_device *device)
{
	cleanup_names struct names holders = {0};

	return device->path && !sys_list(sys, &holders, NULL, "%s/holders", device->path) &&
	       holders.count;
}

/* @path: NULL for a character device, which nothing but a mount can be seen to use. */
static bool is_used(const struct sys *sys, const char *path, const char *name)
{
	struct block_device device = {.path = path, .name = name};
	char number[32];

	if (path && (sys_read(sys, number, sizeof(number), "%s/dev", path) ||
		     sscanf(number, "%u:%u", &device.major, &device.minor) != 2))
		device.major = device.minor = 0;
	return has_holders(sys, &device) ||
	       is_in(sys, "/proc/self/mountinfo", is_mount_of, &device) ||
	       is_in(sys, "/proc/swaps", is_swap_on, &device);
}

/* pmem0p1 and pmem0.1s1 are in the directories of pmem0 and pmem0.1s. */
static bool partitions_used(const struct sys *sys, const char *path, const char *name)
{
	cleanup_names struct names partitions = {0};
	char prefix[NAME_SIZE + 2];

	snprintf(prefix, sizeof(prefix), "%s%s", name,
		 isdigit((unsigned char)name[strlen(name) - 1]) ? "p" : "");
	if (sys_list(sys, &partitions, prefix, "%s", path))
		return false;
	for (size_t i = 0; i < partitions.count; i++) {
		char partition[PATH_MAX];

		snprintf(partition, sizeof(partition), "%s/%s", path, partitions.items[i]);
		if (is_used(sys, partition, partitions.items[i]))
			return true;
	}
	return false;
}

/* ---- the device that it is used by ---- */

/* The block device in block/, or the dax device: @owner is the namespace or what claims it. */
static void read_device(const struct sys *sys, struct namespace *namespace, const char *owner)
{
	cleanup_names struct names disks = {0}, devices = {0};
	char path[PATH_MAX];

	if (!sys_list(sys, &disks, NULL, ND "/%s/block", owner) && disks.count) {
		copy_text(namespace->device, sizeof(namespace->device), disks.items[0]);
		snprintf(path, sizeof(path), ND "/%s/block/%s", owner, disks.items[0]);
		namespace->in_use = is_used(sys, path, disks.items[0]) ||
				    partitions_used(sys, path, disks.items[0]);
	} else if (!sys_list(sys, &devices, "dax", ND "/%s", owner) && devices.count) {
		copy_text(namespace->device, sizeof(namespace->device), devices.items[0]);
		namespace->in_use = is_used(sys, NULL, devices.items[0]);
	}
	make_printable(namespace->device);
}

int collect_namespace(const struct sys *sys, const char *name, struct namespace *namespace)
{
	char holder[NAME_SIZE];
	int rc = sys_read_u64(sys, &namespace->size, ND "/%s/size", name);

	if (rc || !namespace->size)
		return rc ? rc : -ENOENT;
	copy_text(namespace->name, sizeof(namespace->name), name);
	make_printable(namespace->name);
	sys_read(sys, namespace->uuid, sizeof(namespace->uuid), ND "/%s/uuid", name);
	make_printable(namespace->uuid);
	read_mode(sys, name, namespace->mode);
	sys_read(sys, holder, sizeof(holder), ND "/%s/holder", name);
	read_device(sys, namespace, holder[0] && !strchr(holder, '/') ? holder : name);
	return 0;
}

static void add_namespace(const struct sys *sys, struct host *host, const struct region *region,
			  const char *name)
{
	struct namespace namespace = {0};

	if (collect_namespace(sys, name, &namespace))
		return;
	copy_text(namespace.region, sizeof(namespace.region), region->name);
	*list_add(&host->namespaces) = namespace;
}

/* Disks only: who has a dax device open is among the users. */
static void note_openers(const struct sys *sys, struct host *host)
{
	cleanup_openers struct openers openers = {0};
	LIST(struct namespace *) owners = {0};
	struct names disks = {0};

	list_each(namespace, &host->namespaces) {
		if (!namespace->device[0] || starts_with(namespace->device, "dax"))
			continue;
		*list_add(&owners) = namespace;
		*list_add(&disks) = namespace->device;
	}
	if (disks.count && !openers_of(sys, &disks, &openers))
		list_each(opener, &openers.list)
			owners.items[opener->disk]->in_use = true;
	free(owners.items);
	free(disks.items);
}

int collect_namespaces(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_names struct names names = {0};
	int rc = host->regions.count ? sys_list(sys, &names, "namespace", ND) : 0;

	if (rc)
		return fail_errno(err, rc, "cannot read namespaces of persistent memory");
	for (size_t i = 0; i < names.count; i++) {
		const struct region *region =
			cxl_region_of(sys, host, atoi(names.items[i] + strlen("namespace")));

		if (region)
			add_namespace(sys, host, region, names.items[i]);
	}
	note_openers(sys, host);
	return 0;
}
