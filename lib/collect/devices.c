/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "sys/util.h"

struct device_range {
	unsigned int major, first, last; /* minors */
	size_t holding;			 /* offset into struct holdings */
};

#define MISC_MAJOR   10
#define UVERBS_MAJOR 231

struct known_device {
	const char *name;
	size_t holding;
};

/* Majors by their name in /proc/devices: groups, devices since Linux 6.6; RDMA's verbs. */
static const struct known_device majors[] = {
	{"vfio", offsetof(struct holdings, vfio)},
	{"vfio-dev", offsetof(struct holdings, vfio)},
	{"infiniband_verbs", offsetof(struct holdings, rdma)},
};

/* Minors by their name in /proc/misc: the container of VFIO groups, /dev/iommu (6.2), KVM. */
static const struct known_device minors[] = {
	{"vfio", offsetof(struct holdings, vfio)},
	{"iommu", offsetof(struct holdings, vfio)},
	{"kvm", offsetof(struct holdings, kvm)},
};

static const struct known_device *find(const struct known_device *table, size_t count,
				       const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static void add(struct devices *devices, unsigned int major, unsigned int first, unsigned int last,
		const struct known_device *device)
{
	if (device)
		*list_add(&devices->ranges) =
			(struct device_range){major, first, last, device->holding};
}

static FILE *open_list(const struct sys *sys, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", sys->root, file);
	return fopen(path, "re");
}

static void read_majors(const struct sys *sys, struct devices *devices)
{
	cleanup_stream FILE *list = open_list(sys, "/proc/devices");
	char line[128], name[64];
	unsigned int major;

	while (list && fgets(line, sizeof(line), list) && !starts_with(line, "Block devices:")) {
		if (sscanf(line, "%u %63s", &major, name) != 2)
			continue;
		/* This major is shared with infiniband_mad and infiniband_cm. */
		add(devices, major, major == UVERBS_MAJOR ? 192 : 0,
		    major == UVERBS_MAJOR ? 223 : UINT_MAX, find(majors, ARRAY_SIZE(majors), name));
	}
}

static void read_minors(const struct sys *sys, struct devices *devices)
{
	cleanup_stream FILE *list = open_list(sys, "/proc/misc");
	char line[128], name[64];
	unsigned int minor;

	while (list && fgets(line, sizeof(line), list))
		if (sscanf(line, "%u %63s", &minor, name) == 2)
			add(devices, MISC_MAJOR, minor, minor,
			    find(minors, ARRAY_SIZE(minors), name));
}

void devices_read(const struct sys *sys, struct devices *devices)
{
	read_majors(sys, devices);
	read_minors(sys, devices);
}

void devices_free(struct devices *devices)
{
	free(devices->ranges.items);
}

void devices_note(const struct devices *devices, dev_t number, struct holdings *holdings)
{
	list_each(range, &devices->ranges)
		if (range->major == major(number) && minor(number) >= range->first &&
		    minor(number) <= range->last)
			*(bool *)((char *)holdings + range->holding) = true;
}

int device_follow(int directory, const char *link, struct statx *status, dev_t *number)
{
	*number = 0;
	/* DONT_SYNC: a file server in user space may never answer, and anybody may run one. */
	if (statx(directory, link, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, status))
		return -errno;
	if (S_ISCHR(status->stx_mode))
		*number = makedev(status->stx_rdev_major, status->stx_rdev_minor);
	return 0;
}

int process_each_device(const struct process_handle *process,
			void (*call)(void *context, dev_t number), void *context)
{
	cleanup_directory DIR *descriptors = process_directory(process, "fd");
	struct dirent *entry;

	if (!descriptors)
		return -errno;
	while ((entry = readdir(descriptors))) {
		struct statx status;
		dev_t number;

		if (entry->d_name[0] != '.' &&
		    !device_follow(dirfd(descriptors), entry->d_name, &status, &number) && number)
			call(context, number);
	}
	return 0;
}

struct noting {
	const struct devices *devices;
	struct holdings *holdings;
};

static void note(void *context, dev_t number)
{
	const struct noting *noting = context;

	devices_note(noting->devices, number, noting->holdings);
}

void process_holdings(const struct process_handle *process, const struct devices *devices,
		      struct holdings *holdings)
{
	process_each_device(process, note, &(struct noting){devices, holdings});
}
