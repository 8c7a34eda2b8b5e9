/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/collect.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <daxctl/libdaxctl.h>

#include "sys/util.h"

/* libdaxctl 76 knows neither famfs' driver nor kmem on every device: the driver link does. */
static enum dax_mode mode_of(const struct sys *sys, const char *name)
{
	char driver[NAME_SIZE];

	if (sys_link_name(sys, driver, sizeof(driver), "/sys/bus/dax/devices/%s/driver", name))
		return DAX_DISABLED;
	if (strcmp(driver, "kmem") == 0)
		return DAX_SYSTEM_RAM;
	if (strcmp(driver, "device_dax") == 0)
		return DAX_DEVDAX;
	return strcmp(driver, "fsdev_dax") == 0 ? DAX_FAMFS : DAX_OTHER;
}

/* .../decoder0.0/region0/dax_region0/dax0.0: the region is a part of the device's path. */
static void name_region(const struct sys *sys, struct dax *dax)
{
	char path[PATH_MAX], *part, *rest = path;

	if (sys_real_path(sys, path, "/sys/bus/dax/devices/%s", dax->name))
		return;
	while ((part = strsep(&rest, "/")))
		if (starts_with(part, "region") && isdigit((unsigned char)part[strlen("region")]))
			copy_text(dax->region, sizeof(dax->region), part);
}

/*
 * Linux 6.8 and later. What the device says is a wish, and dax devices of CXL are made with it: it
 * comes true only where memory hot-plug was started with it (mhp_supports_memmap_on_memory()).
 */
int collect_memmap_on_memory(const struct sys *sys, const char *name)
{
	char allowed[16];
	uint64_t wish;

	if (sys_read_u64(sys, &wish, "/sys/bus/dax/devices/%s/memmap_on_memory", name))
		return -1;
	sys_read(sys, allowed, sizeof(allowed),
		 "/sys/module/memory_hotplug/parameters/memmap_on_memory");
	return wish && allowed[0] && strcmp(allowed, "N") != 0;
}

/* They are root's alone, and libdaxctl takes what it can not read for 0. */
static bool addresses_are_readable(const struct sys *sys, const char *name)
{
	uint64_t start;

	return sys_read_u64(sys, &start, "/sys/bus/dax/devices/%s/resource", name) != -EACCES;
}

static int by_start(const void *a, const void *b)
{
	const struct mapping *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

/* libdaxctl has them in the order of the directory, which is none, and their offsets in pages. */
static void add_mappings(const struct sys *sys, struct daxctl_dev *dev, struct dax *dax)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct daxctl_mapping *from;

	if (!addresses_are_readable(sys, dax->name)) {
		*list_add(&dax->mappings) = (struct mapping){.start = UNKNOWN, .size = dax->size};
		return;
	}
	daxctl_mapping_foreach(dev, from) {
		struct mapping *mapping = list_add(&dax->mappings);

		mapping->start = daxctl_mapping_get_start(from);
		mapping->size = daxctl_mapping_get_size(from);
		mapping->offset = daxctl_mapping_get_offset(from) * page;
	}
	list_sort(&dax->mappings, by_start);
	if (dax->mappings.count || !dax->size)
		return;
	/* Kernels before 5.10 have no mapping directories: one range is all there can be. */
	list_add(&dax->mappings)->start = daxctl_dev_get_resource(dev);
	dax->mappings.items[0].size = dax->size;
}

static void add_dax(const struct sys *sys, struct host *host, struct daxctl_dev *dev)
{
	struct dax *dax = list_add(&host->dax_devices);

	copy_text(dax->name, sizeof(dax->name), daxctl_dev_get_devname(dev));
	dax->mode = mode_of(sys, dax->name);
	dax->size = daxctl_dev_get_size(dev);
	dax->align = daxctl_dev_get_align(dev);
	dax->node = daxctl_dev_get_target_node(dev);
	dax->memmap_on_memory = collect_memmap_on_memory(sys, dax->name);
	name_region(sys, dax);
	add_mappings(sys, dev, dax);
}

static void free_context(struct daxctl_ctx **context)
{
	if (*context)
		daxctl_unref(*context);
}

int collect_dax(const struct sys *sys, struct host *host, struct error *err)
{
	__attribute__((cleanup(free_context))) struct daxctl_ctx *context = NULL;
	struct daxctl_region *region;
	struct daxctl_dev *dev;
	int rc = daxctl_new(&context);

	if (rc)
		return fail_errno(err, rc, "cannot use libdaxctl");
	daxctl_set_log_priority(context, LOG_EMERG);
	daxctl_region_foreach(context, region)
		daxctl_dev_foreach(region, dev)
			if (daxctl_dev_get_size(dev)) /* a seed is no device yet */
				add_dax(sys, host, dev);
	return 0;
}
