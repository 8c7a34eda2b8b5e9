// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collect/collect.h"
#include "regs/component.h"
#include "regs/config.h"
#include "regs/device.h"
#include "regs/hdm.h"
#include "sys/module.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define BLKFLSBUF _IO(0x12, 97) /* linux/fs.h has a BLOCK_SIZE of its own */

#define CXL	   "/sys/bus/cxl/devices"
#define DAX	   "/sys/bus/dax"
#define PCI	   "/sys/bus/pci/devices"
#define MEMORY	   "/sys/devices/system/memory"
#define POOL	   "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB"
#define ROOT	   "/sys/devices/root0"
#define REGIONS	   ROOT "/decoder0.0" /* they are below their window */
#define ND	   "/sys/bus/nd"
#define ND_DEVICES ND "/devices"
#define RANGES	   8		/* of a dax device, at most */
#define DECODER	   "decoder3.0" /* the device's first, the only one that is used */

static struct kernel *running; /* there is one at a time */

__attribute__((format(printf, 1, 2))) static void break_down(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!running->disaster[0])
		vsnprintf(running->disaster, sizeof(running->disaster), format, args);
	va_end(args);
}

/* ---- the tree ---- */

#define put(text, ...)	  tree_file(&running->tree, text, __VA_ARGS__)
#define link(target, ...) tree_link(&running->tree, target, __VA_ARGS__)
#define exists(...)	  sys_exists(&running->tree.sys, __VA_ARGS__)

__attribute__((format(printf, 2, 3))) static const char *get(char out[64], const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	sys_read(&running->tree.sys, out, 64, "%s", path);
	return out;
}

__attribute__((format(printf, 1, 2))) static uint64_t number(const char *format, ...)
{
	char path[PATH_MAX];
	uint64_t value = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	sys_read_u64(&running->tree.sys, &value, "%s", path);
	return value;
}

static void put_number(uint64_t value, const char *directory, const char *file)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64 "\n", value);
	put(text, "%s/%s", directory, file);
}

static void put_decimal(uint64_t value, const char *directory, const char *file)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 "\n", value);
	put(text, "%s/%s", directory, file);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* A file, a link, or a directory with all that is in it. */
__attribute__((format(printf, 1, 2))) static void drop(const char *format, ...)
{
	char path[PATH_MAX], machine[PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(machine, sizeof(machine), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s%s", running->tree.root, machine);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- pools of huge pages, of nodes 0 and 1 ---- */

static void set_pool(int node, uint64_t total, uint64_t free, uint64_t surplus)
{
	char path[128];

	snprintf(path, sizeof(path), POOL, node);
	put_decimal(total, path, "nr_hugepages");
	put_decimal(free, path, "free_hugepages");
	put_decimal(surplus, path, "surplus_hugepages");
}

/* What is in use can not go, but becomes surplus. */
static int store_pool(int node, const char *text)
{
	uint64_t total = number(POOL "/nr_hugepages", node);
	uint64_t used = total - number(POOL "/free_hugepages", node);
	uint64_t size = strtoull(text, NULL, 10);

	if (size > total && running->no_huge_pages)
		return 0;
	if (size >= used)
		set_pool(node, size, size - used, 0);
	else
		set_pool(node, used, 0, used - size);
	return 0;
}

/* The node's last block went: its free pages are dissolved, and those in use are now on node 0. */
static void dissolve_pool(void)
{
	uint64_t used;

	if (!exists(POOL, 1))
		return;
	used = number(POOL "/nr_hugepages", 1) - number(POOL "/free_hugepages", 1);
	set_pool(0, number(POOL "/nr_hugepages", 0) + used, number(POOL "/free_hugepages", 0),
		 number(POOL "/surplus_hugepages", 0));
	set_pool(1, 0, 0, 0);
}

/* ---- memory blocks ---- */

static bool is_online(int block)
{
	char state[64];

	return exists(MEMORY "/memory%d", block) &&
	       strcmp(get(state, MEMORY "/memory%d/state", block), "offline") != 0;
}

static void set_block(int block, const char *state, const char *zones)
{
	put(state, MEMORY "/memory%d/state", block);
	put(zones, MEMORY "/memory%d/valid_zones", block);
}

/* Whole blocks of a range. */
#define each_block(block, start, size)                                                     \
	for (int block = (int)(((start) + running->block_size - 1) / running->block_size); \
	     ((uint64_t)block + 1) * running->block_size <= (start) + (size); block++)

static bool any_online(uint64_t start, uint64_t size)
{
	bool online = false;

	each_block(block, start, size) online |= is_online(block);
	return online;
}

static int store_state(int block, const char *text)
{
	if (strcmp(text, "offline") != 0) {
		set_block(block, "online\n",
			  strcmp(text, "online_movable") == 0 ? "Movable\n" : "Normal\n");
		return 0;
	}
	if (!is_online(block))
		return -EINVAL;
	if (block == running->pinned && (!running->pins || --running->pins))
		return -EBUSY;
	set_block(block, "offline\n", "Normal Movable\n");
	if (!any_online(running->hdm_start, running->hdm_size))
		dissolve_pool();
	return 0;
}

/* ---- dax: what drivers do ---- */

struct range {
	uint64_t start, size;
};

static size_t ranges_of(const char *dax, struct range ranges[RANGES])
{
	cleanup_names struct names mappings = {0};

	sys_list(&running->tree.sys, &mappings, "mapping", DAX "/devices/%s", dax);
	assert_true(mappings.count <= RANGES);
	for (size_t i = 0; i < mappings.count; i++) {
		ranges[i].start = number(DAX "/devices/%s/mapping%zu/start", dax, i);
		ranges[i].size =
			number(DAX "/devices/%s/mapping%zu/end", dax, i) + 1 - ranges[i].start;
	}
	return mappings.count;
}

#define each_range(range, dax)                                                      \
	for (struct range ranges_[RANGES], *range = ranges_,                        \
					   *end_ = range + ranges_of(dax, ranges_); \
	     range < end_; range++)

static void add_blocks(const char *dax)
{
	char policy[64];
	bool online = strcmp(get(policy, MEMORY "/auto_online_blocks"), "offline") != 0;

	each_range(range, dax) each_block(block, range->start, range->size)
		set_block(block, online ? "online\n" : "offline\n",
			  online ? "Normal\n" : "Normal Movable\n");
}

static void remove_blocks(const char *dax)
{
	each_range(range, dax)
	{
		if (any_online(range->start, range->size))
			break_down("%s taken from kmem with memory online", dax);
		each_block(block, range->start,
			   range->size) if (!is_online(block) && !running->keeps_blocks)
			drop(MEMORY "/memory%d", block);
	}
}

static int bind_dax(const char *dax, const char *driver)
{
	char target[64];

	if (!number(DAX "/devices/%s/size", dax))
		return -ENXIO;
	snprintf(target, sizeof(target), DAX "/drivers/%s", driver);
	link(target, DAX "/devices/%s/driver", dax);
	if (strcmp(driver, "kmem") == 0)
		add_blocks(dax);
	return 0;
}

static int unbind_dax(const char *dax, const char *driver)
{
	char now[NAME_SIZE];

	sys_link_name(&running->tree.sys, now, sizeof(now), DAX "/devices/%s/driver", dax);
	if (strcmp(now, driver) != 0)
		return -ENODEV;
	drop(DAX "/devices/%s/driver", dax);
	if (strcmp(driver, "kmem") == 0)
		remove_blocks(dax);
	return 0;
}

static int store_dax(const char *driver, const char *file, const char *text)
{
	if (!exists(DAX "/devices/%s", text))
		return strcmp(file, "remove_id") == 0 ? 0 : -ENODEV;
	if (strcmp(file, "unbind") == 0)
		return unbind_dax(text, driver);
	if (strcmp(file, "remove_id") == 0)
		return 0;
	if (exists(DAX "/devices/%s/driver", text))
		return strcmp(file, "new_id") == 0 ? 0 : -EBUSY;
	return bind_dax(text, driver);
}

/* ---- dax: how the memory of a region is divided ---- */

/* Where it is in sysfs, and the region's own orders. */
static void dax_path(char path[128], const char *region, const char *rest)
{
	snprintf(path, 128, REGIONS "/%s/dax_%s/%s", region, region, rest);
}

static void add_dax(const char *region, const char *dax)
{
	char path[128];

	dax_path(path, region, dax);
	put("0x0\n", "%s/size", path);
	put("2097152\n", "%s/align", path);
	put("", "%s/mapping", path);
	link(path, DAX "/devices/%s", dax);
}

static void add_range(const char *dax, uint64_t start, uint64_t size)
{
	struct range ranges[RANGES];
	size_t count = ranges_of(dax, ranges);
	uint64_t before = number(DAX "/devices/%s/size", dax);
	char path[128];

	snprintf(path, sizeof(path), DAX "/devices/%s/mapping%zu", dax, count);
	put_number(start, path, "start");
	put_number(start + size - 1, path, "end");
	put_number(before / (uint64_t)sysconf(_SC_PAGESIZE), path, "page_offset");
	snprintf(path, sizeof(path), DAX "/devices/%s", dax);
	put_number(before + size, path, "size");
}

/* What lies in the range belongs to no device of the region. */
static bool is_left(const char *region, uint64_t start, uint64_t size)
{
	cleanup_names struct names devices = {0};
	char path[128];

	dax_path(path, region, "");
	sys_list(&running->tree.sys, &devices, "dax", "%s", path);
	for (size_t i = 0; i < devices.count; i++)
		each_range(range, devices.items[i]) if (ranges_overlap(start, size, range->start,
								       range->size)) return false;
	return start >= number(CXL "/%s/resource", region) &&
	       start + size <= number(CXL "/%s/resource", region) + number(CXL "/%s/size", region);
}

/* The lowest number that is free. */
static int create_dax(const char *region)
{
	int id = atoi(region + strlen("region")), i = 0;
	char path[128], name[32];

	while (exists(DAX "/devices/dax%d.%d", id, i))
		i++;
	snprintf(name, sizeof(name), "dax%d.%d", id, i);
	add_dax(region, name);
	dax_path(path, region, "dax_region/create");
	put(name, "%s", path);
	return 0;
}

static int delete_dax(const char *region, const char *dax)
{
	char path[128];

	dax_path(path, region, dax);
	if (!exists("%s", path))
		return -ENXIO;
	if (exists(DAX "/devices/%s/driver", dax) || number(DAX "/devices/%s/size", dax) ||
	    strcmp(strchr(dax, '.'), ".0") == 0)
		return -EBUSY;
	drop(DAX "/devices/%s", dax);
	drop("%s", path);
	return 0;
}

/* Only to nothing: nobody here wants another size. */
static int resize_dax(const char *dax, const char *text)
{
	struct range ranges[RANGES];
	size_t count = ranges_of(dax, ranges);

	if (exists(DAX "/devices/%s/driver", dax))
		return -EBUSY;
	if (strcmp(text, "0") != 0)
		return -EINVAL;
	while (count)
		drop(DAX "/devices/%s/mapping%zu", dax, --count);
	put("0x0\n", DAX "/devices/%s/size", dax);
	return 0;
}

/* A driver would not notice, and a range that is not aligned is taken without effect. */
static int store_range(const char *region, const char *dax, const char *text)
{
	uint64_t start, end, align = number(DAX "/devices/%s/align", dax);

	if (sscanf(text, "%" SCNx64 "-%" SCNx64, &start, &end) != 2 || end < start)
		return -EINVAL;
	if (exists(DAX "/devices/%s/driver", dax))
		break_down("%s was given more memory while a driver has it", dax);
	if ((end + 1 - start) % (align > 2 * MIB ? align : 2 * MIB))
		return 0;
	if (!is_left(region, start, end + 1 - start))
		return -ENOMEM;
	add_range(dax, start, end + 1 - start);
	return 0;
}

static int store_align(const char *dax, const char *text)
{
	if (exists(DAX "/devices/%s/driver", dax))
		return -EBUSY;
	put(text, DAX "/devices/%s/align", dax);
	return 0;
}

/* @file is below the region's: dax_region0/dax0.0/size */
static int store_division(const char *region, const char *file, const char *text)
{
	char object[64], attribute[64];

	if (sscanf(file, "dax_region%*d/%63[^/]/%63s", object, attribute) != 2)
		return -EINVAL;
	if (strcmp(attribute, "create") == 0)
		return create_dax(region);
	if (strcmp(attribute, "delete") == 0)
		return delete_dax(region, text);
	if (strcmp(attribute, "size") == 0)
		return resize_dax(object, text);
	if (strcmp(attribute, "mapping") == 0)
		return store_range(region, object, text);
	return store_align(object, text);
}

/* One device over all of the region, which kmem takes. */
static void add_default_dax(const char *region)
{
	char path[128], name[32];

	dax_path(path, region, "dax_region");
	put_number((uint64_t)atoi(region + strlen("region")), path, "id");
	put("", "%s/delete", path);
	put("", "%s/create", path);
	snprintf(name, sizeof(name), "dax%d.0", atoi(region + strlen("region")));
	add_dax(region, name);
	add_range(name, number(CXL "/%s/resource", region), number(CXL "/%s/size", region));
	if (running->takes_late)
		running->taken_at = now_ms() + running->takes_late;
	else
		bind_dax(name, "kmem");
	strcpy(running->taken, name);
}

/* ---- regions ---- */

static void region_path(char path[128], const char *region)
{
	snprintf(path, 128, REGIONS "/%s", region);
}

/* The lowest number that is free. */
static void offer_region(void)
{
	char text[32];
	int i = 0;

	while (exists(REGIONS "/region%d", i))
		i++;
	snprintf(text, sizeof(text), "region%d\n", i);
	put(text, REGIONS "/create_ram_region");
	put(text, REGIONS "/create_pmem_region");
}

static bool is_pmem(const char *region)
{
	char mode[64];

	return strcmp(get(mode, REGIONS "/%s/mode", region), "pmem") == 0;
}

static void add_region(const char *region, const char *mode)
{
	char path[128];

	region_path(path, region);
	for (const char *const *file =
		     (const char *const[]){"commit", "interleave_granularity", "interleave_ways",
					   "resource", "size", NULL};
	     *file; file++)
		put_number(0, path, *file);
	put("\n", "%s/target0", path);
	put("\n", "%s/uuid", path);
	put(mode, "%s/mode", path);
	put_number(UINT64_MAX, path, "resource");
	link(path, CXL "/%s", region);
	offer_region();
}

static void remove_region(const char *region)
{
	char decoder[64];

	get(decoder, CXL "/%s/target0", region);
	if (exists(CXL "/%s/driver", region) || number(CXL "/%s/commit", region))
		break_down("%s deleted while in use", region);
	if (decoder[0])
		put("\n", CXL "/%s/region", decoder);
	drop(CXL "/%s", region);
	drop(REGIONS "/%s", region);
	offer_region();
}

static bool is_free(uint64_t start, uint64_t size)
{
	cleanup_names struct names regions = {0};

	sys_list(&running->tree.sys, &regions, "region", REGIONS);
	for (size_t i = 0; i < regions.count; i++) {
		uint64_t taken = number(REGIONS "/%s/size", regions.items[i]);

		if (taken &&
		    ranges_overlap(start, size, number(REGIONS "/%s/resource", regions.items[i]),
				   taken))
			return false;
	}
	return true;
}

/* No two regions have the same. */
static int store_uuid(const char *region, const char *uuid)
{
	cleanup_names struct names regions = {0};
	char other[64];

	sys_list(&running->tree.sys, &regions, "region", REGIONS);
	for (size_t i = 0; i < regions.count; i++)
		if (strcmp(regions.items[i], region) != 0 &&
		    strcmp(get(other, REGIONS "/%s/uuid", regions.items[i]), uuid) == 0)
			return -EBUSY;
	put(uuid, REGIONS "/%s/uuid", region);
	return 0;
}

static int store_size(const char *region, uint64_t size)
{
	char path[128], uuid[64];

	region_path(path, region);
	if (is_pmem(region) && !get(uuid, "%s/uuid", path)[0])
		return -ENXIO;
	if (size % DEVICE_SIZE)
		return -EINVAL;
	if (!number("%s/interleave_ways", path) || !number("%s/interleave_granularity", path))
		return -ENXIO;
	if (size && number("%s/size", path))
		return -EBUSY;
	put_number(size, path, "size");
	put_number(UINT64_MAX, path, "resource");
	for (uint64_t start = WINDOW_0; size; start += DEVICE_SIZE) {
		put_number(0, path, "size");
		if (start + size > WINDOW_0 + WINDOW_SIZE)
			return -ENOSPC;
		if (!is_free(start, size))
			continue;
		put_number(size, path, "size");
		put_number(start, path, "resource");
		break;
	}
	return 0;
}

static int store_target(const char *region, const char *text)
{
	char path[128], old[64];

	region_path(path, region);
	get(old, "%s/target0", path);
	if (number("%s/commit", path))
		return -EBUSY;
	if (text[0] && (!exists(CXL "/%s", text) || !number(CXL "/%s/dpa_size", text)))
		return -ENXIO;
	if (text[0] && old[0])
		return -EBUSY;
	if (!text[0] && !old[0])
		return 0;
	put(text, "%s/target0", path);
	put(text[0] ? region : "", CXL "/%s/region", text[0] ? text : old);
	return 0;
}

static int store_commit(const char *region, uint64_t commit)
{
	char path[128], target[64];

	region_path(path, region);
	get(target, "%s/target0", path);
	if (commit && (!target[0] || !number("%s/size", path)))
		return -ENXIO;
	if (!commit && exists("%s/driver", path))
		break_down("%s decommitted while enabled", region);
	put_number(commit, path, "commit");
	if (!target[0])
		return 0;
	if (!commit && any_online(running->hdm_start, running->hdm_size))
		break_down("%s decommitted with memory online", region);
	running->hdm_start = commit ? number("%s/resource", path) : 0;
	running->hdm_size = commit ? number("%s/size", path) : 0;
	if (running->loses_decoders)
		running->hdm_size = 0;
	return 0;
}

static int store_region(const char *region, const char *file, const char *text)
{
	char path[128];
	uint64_t value = 0;

	region_path(path, region);
	if (strcmp(file, "target0") == 0)
		return store_target(region, text);
	if (strcmp(file, "uuid") == 0)
		return store_uuid(region, text);
	if (starts_with(file, "dax_region"))
		return store_division(region, file, text);
	if (!parse_u64(text, &value))
		return -EINVAL;
	if (strcmp(file, "size") == 0)
		return store_size(region, value);
	if (strcmp(file, "commit") == 0)
		return store_commit(region, value);
	put_number(value, path, file);
	return 0;
}

/* ---- persistent memory: libnvdimm has the numbers of CXL ---- */

/* What the labels of the device say; they outlive regions and resets. */
static const struct label {
	const char *uuid, *disk, *claim, *mode;
} labels[] = {
	{PMEM_RAW, "pmem0", NULL, "raw"},
	{PMEM_FSDAX, "pmem0.1", "pfn", "memory"},
	{PMEM_IDLE, "pmem0.2", NULL, "raw"},
};

#define NAMESPACE ND "/region0/namespace0.%zu"

/* The disk that a driver makes of a namespace, or of what claims that. */
static void add_disk(const char *owner, size_t i)
{
	link(ND "/drivers/nd_pmem", ND_DEVICES "/%s/driver", owner);
	put("259:1\n", ND_DEVICES "/%s/block/%s/dev", owner, labels[i].disk);
	put("259:1\n", "/sys/class/block/%s/dev", labels[i].disk);
	put("", "/dev/%s", labels[i].disk);
}

static size_t label_of(const char *owner)
{
	char name[64];
	size_t i = 0;

	while (i < ARRAY_SIZE(labels) - 1) {
		snprintf(name, sizeof(name), "namespace0.%zu", i);
		if (strcmp(owner, name) == 0 || (labels[i].claim && starts_with(owner, "pfn")))
			break;
		i++;
	}
	return i;
}

static void make_claim(const char *claim, size_t i)
{
	char target[64], path[64];

	snprintf(target, sizeof(target), "%s\n", claim);
	snprintf(path, sizeof(path), ND "/region0/%s", claim);
	put(target, NAMESPACE "/holder", i);
	put("memory\n", NAMESPACE "/mode", i);
	put("", "%s/uuid", path);
	link(path, ND_DEVICES "/%s", claim);
	add_disk(claim, i);
}

/* One with an info block is claimed, and the driver refuses what it was asked to take. */
static int bind_namespace(const char *owner)
{
	size_t i = label_of(owner);
	char claim[64];

	if (exists(ND_DEVICES "/%s/driver", owner))
		return -EBUSY;
	if (!labels[i].claim || starts_with(owner, "pfn")) {
		add_disk(owner, i);
		return 0;
	}
	/* numbers go up: the first of each kind is a seed */
	snprintf(claim, sizeof(claim), "pfn0.%u", ++running->claims);
	make_claim(claim, i);
	return -ENXIO;
}

static int unbind_namespace(const char *owner)
{
	size_t i = label_of(owner);

	if (!exists(ND_DEVICES "/%s/driver", owner))
		return -ENODEV;
	drop(ND_DEVICES "/%s/driver", owner);
	drop(ND "/region0/%s/block", owner);
	drop("/sys/class/block/%s", labels[i].disk);
	drop("/dev/%s", labels[i].disk);
	return 0;
}

static int store_nd(const char *file, const char *text)
{
	if (!exists(ND_DEVICES "/%s", text))
		return -ENODEV;
	return strcmp(file, "bind") == 0 ? bind_namespace(text) : unbind_namespace(text);
}

static void add_namespace(size_t i)
{
	char name[64], path[64], line[64];

	snprintf(name, sizeof(name), "namespace0.%zu", i);
	snprintf(path, sizeof(path), NAMESPACE, i);
	snprintf(line, sizeof(line), "%s\n", labels[i].uuid);
	put(line, "%s/uuid", path);
	put("67108864\n", "%s/size", path);
	put("raw\n", "%s/mode", path);
	put("\n", "%s/holder", path);
	link(path, ND_DEVICES "/%s", name);
	bind_namespace(name);
}

static void add_nd_region(void)
{
	running->claims = 0;
	put("0\n", ND "/region0/deep_flush");
	link(ND "/drivers/nd_region", ND "/region0/driver");
	link(ND "/region0", ND_DEVICES "/region0");
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
		add_namespace(i);
}

/* Writes to a disk that goes without being told are lost, to a mounted one much more. */
static void remove_nd_region(void)
{
	cleanup_names struct names names = {0};

	sys_list(&running->tree.sys, &names, NULL, ND "/region0");
	for (size_t i = 0; i < names.count; i++) {
		if (exists(ND "/region0/%s/driver", names.items[i]))
			break_down("the region was disabled with %s in use", names.items[i]);
		drop(ND_DEVICES "/%s", names.items[i]);
	}
	drop(ND_DEVICES "/region0");
	drop(ND "/region0");
}

static int enable_region(const char *region)
{
	if (!exists(CXL "/%s", region) || exists(CXL "/%s/driver", region))
		return -ENODEV;
	if (!number(CXL "/%s/commit", region))
		return -ENXIO;
	link("/sys/bus/cxl/drivers/cxl_region", REGIONS "/%s/driver", region);
	if (is_pmem(region)) {
		if (!running->forgets_pmem)
			add_nd_region();
		return 0;
	}
	add_default_dax(region);
	return 0;
}

static int disable_region(const char *region)
{
	cleanup_names struct names devices = {0};

	if (!exists(CXL "/%s/driver", region))
		return -ENODEV;
	if (is_pmem(region))
		remove_nd_region();
	sys_list(&running->tree.sys, &devices, "dax", REGIONS "/%s/dax_%s", region, region);
	for (size_t i = 0; i < devices.count; i++) {
		if (exists(DAX "/devices/%s/driver", devices.items[i]))
			break_down("%s disabled while its dax device is bound", region);
		drop(DAX "/devices/%s", devices.items[i]);
	}
	drop(REGIONS "/%s/dax_%s", region, region);
	drop(REGIONS "/%s/driver", region);
	return 0;
}

static int store_window(const char *file, const char *text)
{
	char offered[64];

	if (starts_with(file, "create_")) {
		if (strcmp(get(offered, REGIONS "/%s", file), text) != 0)
			return -EBUSY;
		add_region(text, strcmp(file, "create_ram_region") == 0 ? "ram\n" : "pmem\n");
		return 0;
	}
	if (!exists(REGIONS "/%s", text))
		return -ENODEV;
	remove_region(text);
	return 0;
}

static void put_dpa(const char *decoder, uint64_t start)
{
	char path[128];

	snprintf(path, sizeof(path), ROOT "/endpoint3/%s", decoder);
	put_number(start, path, "dpa_resource");
}

static int store_decoder(const char *decoder, const char *file, const char *text)
{
	char mode[64], region[64];
	uint64_t size = 0;

	get(region, CXL "/%s/region", decoder);
	if (region[0])
		return -EBUSY;
	if (strcmp(file, "dpa_size") == 0 &&
	    (!parse_u64(text, &size) ||
	     (size && strcmp(get(mode, CXL "/%s/mode", decoder), "none") == 0)))
		return -EINVAL;
	if (strcmp(file, "dpa_size") == 0)
		put_dpa(decoder, size ? running->dpa_start : UINT64_MAX);
	put(text, CXL "/%s/%s", decoder, file);
	return 0;
}

/* ---- the device ---- */

static void add_endpoint(void)
{
	for (int i = 0; i < 4; i++) {
		char decoder[32], target[64];

		snprintf(decoder, sizeof(decoder), "decoder3.%d", i);
		put("0x0\n", ROOT "/endpoint3/%s/dpa_size", decoder);
		put_dpa(decoder, UINT64_MAX);
		put("none\n", ROOT "/endpoint3/%s/mode", decoder);
		put("\n", ROOT "/endpoint3/%s/region", decoder);
		snprintf(target, sizeof(target), ROOT "/endpoint3/%s", decoder);
		link(target, CXL "/%s", decoder);
	}
	link(CXL "/mem0", ROOT "/endpoint3/uport");
	link("/sys/bus/cxl/drivers/cxl_port", ROOT "/endpoint3/driver");
	link(ROOT "/endpoint3", CXL "/endpoint3");
	running->mem_enabled = running->hdm_enabled = !running->loses_decoders;
}

#define DEVICE_PATH "/sys/devices/pci0000:0c/" DEVICE_A

/* What each driver makes of what the one before it made. */
static void probe_memdev(void)
{
	link("/sys/bus/cxl/drivers/cxl_mem", DEVICE_PATH "/mem0/driver");
	add_endpoint();
}

static void probe_function(void)
{
	link("/sys/bus/pci/drivers/cxl_pci", DEVICE_PATH "/driver");
	put("0x1234\n", DEVICE_PATH "/mem0/serial");
	link(DEVICE_PATH "/mem0", CXL "/mem0");
	if (!running->probes_late)
		probe_memdev();
}

static void add_device(void)
{
	put("", DEVICE_PATH "/remove");
	put("(null)\n", DEVICE_PATH "/driver_override");
	link(DEVICE_PATH, PCI "/" DEVICE_A);
	if (!running->probes_late)
		probe_function();
}

static void drop_memdev(void)
{
	drop(CXL "/mem0");
	drop(DEVICE_PATH "/mem0");
	drop(CXL "/endpoint3");
	drop(ROOT "/endpoint3");
	for (int i = 0; i < 4; i++)
		drop(CXL "/decoder3.%d", i);
}

/* Linux asks nobody; what decodes is gone. */
static int unbind_function(const char *address)
{
	if (strcmp(address, DEVICE_A) != 0 || !exists(DEVICE_PATH "/driver"))
		return -ENODEV;
	if (running->hdm_size || number(CXL "/" DECODER "/dpa_size"))
		break_down("%s was taken from its driver while it is in use", address);
	if (running->keeps_driver)
		return 0;
	drop(DEVICE_PATH "/driver");
	drop_memdev();
	return 0;
}

static int bind_function(const char *address)
{
	char override[64];

	if (strcmp(address, DEVICE_A) != 0 || !exists(DEVICE_PATH))
		return -ENODEV;
	get(override, DEVICE_PATH "/driver_override");
	if (exists(DEVICE_PATH "/driver") ||
	    (override[0] && strcmp(override, "(null)") != 0 && strcmp(override, "cxl_pci") != 0))
		return -ENODEV;
	probe_function();
	if (running->renames) {
		put("0x1234\n", DEVICE_PATH "/mem7/serial");
		drop(DEVICE_PATH "/mem0");
		drop(CXL "/mem0");
		drop(ROOT "/endpoint3/uport");
		link(DEVICE_PATH "/mem7", CXL "/mem7");
		link(CXL "/mem7", ROOT "/endpoint3/uport");
	}
	return 0;
}

static int store_probe(const char *device)
{
	if (strcmp(device, DEVICE_A) == 0 && !exists(DEVICE_PATH "/driver"))
		probe_function();
	else if (strcmp(device, "mem0") == 0 && !exists(DEVICE_PATH "/mem0/driver"))
		probe_memdev();
	return 0;
}

static void remove_device(void)
{
	if (running->hdm_size)
		break_down("the device was removed while it decodes");
	drop(PCI "/" DEVICE_A);
	drop_memdev();
	drop(DEVICE_PATH);
}

static void reset_port(void)
{
	if (running->masks_reset)
		return;
	if (exists(PCI "/" DEVICE_A))
		break_down("the port was reset with the device in use");
	running->mem_enabled = running->hdm_enabled = running->marked = false;
	running->hdm_size = 0;
}

static int store_port(const char *file)
{
	if (strcmp(file, "reset_subordinate") == 0)
		reset_port();
	else if (!exists(PCI "/" DEVICE_A))
		add_device();
	return 0;
}

/* ---- writes ---- */

static const char *after(const char *path, const char *prefix)
{
	return starts_with(path, prefix) ? path + strlen(prefix) : NULL;
}

/* "OBJECT/FILE" behind @prefix */
static bool split(const char *path, const char *prefix, char object[64], char file[64])
{
	const char *rest = after(path, prefix);

	return rest && sscanf(rest, "%63[^/]/%63s", object, file) == 2;
}

/* The paths are those of the files themselves, links followed. */
static int store(const char *path, const char *text)
{
	char object[64], file[64];
	int block;

	if (sscanf(path, MEMORY "/memory%d/state", &block) == 1)
		return store_state(block, text);
	if (sscanf(path, POOL "/nr_hugepages", &block) == 1 && strstr(path, "/nr_hugepages"))
		return store_pool(block, text);
	if (split(path, DAX "/drivers/", object, file))
		return store_dax(object, file, text);
	if (after(path, "/sys/bus/cxl/drivers/cxl_region/unbind"))
		return disable_region(text);
	if (after(path, "/sys/bus/cxl/drivers/cxl_region/bind"))
		return enable_region(text);
	if (after(path, "/sys/bus/pci/drivers/cxl_pci/unbind"))
		return unbind_function(text);
	if (after(path, "/sys/bus/pci/drivers/cxl_pci/bind"))
		return bind_function(text);
	if (after(path, ND "/drivers/nd_pmem/"))
		return store_nd(after(path, ND "/drivers/nd_pmem/"), text);
	if (after(path, "/sys/bus/cxl/drivers_probe") || after(path, "/sys/bus/pci/drivers_probe"))
		return store_probe(text);
	if (split(path, ROOT "/endpoint3/", object, file))
		return store_decoder(object, file, text);
	if (split(path, REGIONS "/", object, file))
		return store_region(object, file, text);
	if (after(path, REGIONS "/"))
		return store_window(after(path, REGIONS "/"), text);
	if (after(path, PCI "/" PORT_A "/"))
		return store_port(after(path, PCI "/" PORT_A "/"));
	if (strcmp(path, DEVICE_PATH "/remove") == 0) {
		remove_device();
		return 0;
	}
	put(text, "%s", path); /* an attribute that keeps what is written */
	return 0;
}

static int faulty_store(const char *path, const char *text)
{
	bool now = ++running->writes == running->fault_at;
	int rc;

	if (now && running->fault == FAULT_DIE_BEFORE)
		_exit(DEATH);
	if (now && running->fault == FAULT_EIO)
		return -EIO;
	if (now && running->fault == FAULT_NOTHING_CHANGES)
		return 0;
	rc = store(path, text);
	if (now && running->fault == FAULT_DIE_AFTER)
		_exit(DEATH);
	return rc;
}

ssize_t __real_write(int fd, const void *buffer, size_t size);
ssize_t __wrap_write(int fd, const void *buffer, size_t size);

ssize_t __wrap_write(int fd, const void *buffer, size_t size)
{
	char link_path[64], path[PATH_MAX], text[256];
	const char *machine;
	ssize_t length;
	int rc;

	snprintf(link_path, sizeof(link_path), "/proc/self/fd/%d", fd);
	length = readlink(link_path, path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	machine = running ? after(path, running->tree.root) : NULL;
	if (!machine || !after(machine, "/sys/") || size >= sizeof(text))
		return __real_write(fd, buffer, size);
	memcpy(text, buffer, size);
	text[size] = '\0';
	if (strcmp(base_name(machine), "uuid") == 0 && !strchr(text, '\n')) {
		errno = EINVAL;
		return -1;
	}
	text[strcspn(text, "\n")] = '\0';
	rc = faulty_store(machine, text);
	if (!rc)
		return (ssize_t)size;
	errno = -rc;
	return -1;
}

int __real_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument);

/* What would be a block device is a file here. */
int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	if (!running || request != BLKFLSBUF)
		return __real_ioctl(fd, request, argument);
	running->flushes++;
	return 0;
}

int __real_statx(int directory, const char *path, int flags, unsigned int mask,
		 struct statx *status);
int __wrap_statx(int directory, const char *path, int flags, unsigned int mask,
		 struct statx *status);

/* All that a process has open is the one block device there is. */
int __wrap_statx(int directory, const char *path, int flags, unsigned int mask,
		 struct statx *status)
{
	int rc = __real_statx(directory, path, flags, mask, status);

	if (rc || !running)
		return rc;
	status->stx_mode = S_IFBLK;
	status->stx_rdev_major = 259;
	status->stx_rdev_minor = 1;
	return 0;
}

/* ---- what libcxl, config space and registers would tell ---- */

static enum dax_mode dax_mode(const char *dax)
{
	char driver[NAME_SIZE];

	if (sys_link_name(&running->tree.sys, driver, sizeof(driver), DAX "/devices/%s/driver",
			  dax))
		return DAX_DISABLED;
	return strcmp(driver, "kmem") == 0 ? DAX_SYSTEM_RAM : DAX_DEVDAX;
}

static void collect_dax_devices(struct host *host, const char *region)
{
	cleanup_names struct names devices = {0};

	sys_list(&running->tree.sys, &devices, "dax", REGIONS "/%s/dax_%s", region, region);
	for (size_t i = 0; i < devices.count; i++) {
		struct range ranges[RANGES];
		size_t count = ranges_of(devices.items[i], ranges);

		if (!count)
			continue;
		model_dax(host, devices.items[i], region, dax_mode(devices.items[i]));
		model_no_mappings(host, devices.items[i]);
		for (size_t k = 0; k < count; k++)
			model_mapping(host, devices.items[i], ranges[k].start, ranges[k].size);
	}
}

static void collect_region(struct host *host, const char *name)
{
	uint64_t start = number(CXL "/%s/resource", name);
	char target[64];
	struct region *region;

	if (!get(target, CXL "/%s/target0", name)[0])
		return; /* of no device, so below no port */
	model_region(host, name, "mem0", start);
	region = region_of(host, name);
	strcpy(region->mode, is_pmem(name) ? "pmem" : "ram");
	region->committed = number(CXL "/%s/commit", name);
	region->enabled = exists(CXL "/%s/driver", name);
	if (!region->committed)
		decoder_of(host, DECODER)->size = 0;
	collect_dax_devices(host, name);
}

static void forget_device(struct host *host)
{
	memdev_of(host, "mem0")->root_port[0] = '\0';
	function_of(host, DEVICE_A)->root_port[0] = '\0';
}

int __wrap_collect_host(const struct sys *sys, struct host *host, struct error *err);

int __wrap_collect_host(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_names struct names regions = {0};
	struct hdm_range *range;

	model_idle(host);
	sys_list(sys, &regions, "region", REGIONS);
	for (size_t i = 0; i < regions.count; i++)
		collect_region(host, regions.items[i]);
	range = &function_of(host, DEVICE_A)->hdm.items[0];
	range->start = running->hdm_start;
	range->size = running->hdm_size;
	range->committed = running->hdm_size;
	if (!exists(PCI "/" DEVICE_A))
		forget_device(host);
	return collect_memory(sys, host, err);
}

int __wrap_collect_device_registers(const struct sys *sys, struct function *function,
				    struct error *err);

int __wrap_collect_device_registers(const struct sys *sys, struct function *function,
				    struct error *err)
{
	struct hdm_range *range;

	(void)sys;
	if (!exists(PCI "/%s", function->address))
		return (fail)(err, -ENODEV, "%s is gone", function->address);
	function->registers = true;
	function->mem_enabled = running->mem_enabled;
	function->hdm_enabled = running->hdm_enabled;
	range = list_add(&function->hdm);
	range->start = running->hdm_start;
	range->size = running->hdm_size;
	range->committed = running->hdm_size;
	return 0;
}

int __wrap_component_open(const struct sys *sys, struct component **out, const char *address,
			  bool writable, struct error *err);

int __wrap_component_open(const struct sys *sys, struct component **out, const char *address,
			  bool writable, struct error *err)
{
	(void)sys;
	(void)writable;
	*out = NULL;
	return exists(PCI "/%s", address) ? 0 : (fail)(err, -ENODEV, "%s is gone", address);
}

int __wrap_hdm_mark(struct component *component, unsigned int *decoder, struct error *err);

int __wrap_hdm_mark(struct component *component, unsigned int *decoder, struct error *err)
{
	(void)component;
	(void)err;
	*decoder = 3;
	running->marked = true;
	return 0;
}

int __wrap_hdm_marked(struct component *component, bool *marked, struct error *err);

int __wrap_hdm_marked(struct component *component, bool *marked, struct error *err)
{
	(void)component;
	(void)err;
	*marked = running->marked;
	return 0;
}

int __wrap_hdm_unmark(struct component *component, struct error *err);

int __wrap_hdm_unmark(struct component *component, struct error *err)
{
	(void)component;
	(void)err;
	running->marked = false;
	return 0;
}

int __wrap_config_open(const struct sys *sys, struct config **out, const char *address,
		       struct error *err);

int __wrap_config_open(const struct sys *sys, struct config **out, const char *address,
		       struct error *err)
{
	(void)sys;
	*out = NULL;
	return exists(PCI "/%s", address) ? 0 : (fail)(err, -ENODEV, "%s is gone", address);
}

int __wrap_port_sbr_unmask(struct config *config, bool unmask, bool *was, struct error *err);

int __wrap_port_sbr_unmask(struct config *config, bool unmask, bool *was, struct error *err)
{
	(void)config;
	(void)unmask;
	(void)err;
	if (was)
		*was = true;
	return 0;
}

int __wrap_module_is_there(const char *name, bool *there, struct error *err);

int __wrap_module_is_there(const char *name, bool *there, struct error *err)
{
	(void)name;
	(void)err;
	*there = true;
	return 0;
}

/* Time passes when somebody looks at it, or sleeps. */
static uint64_t milliseconds_now;

uint64_t __wrap_now_ms(void);

uint64_t __wrap_now_ms(void)
{
	return milliseconds_now++;
}

void __wrap_sleep_ms(unsigned int milliseconds);

void __wrap_sleep_ms(unsigned int milliseconds)
{
	milliseconds_now += milliseconds;
	if (running && running->taken_at && milliseconds_now >= running->taken_at) {
		running->taken_at = 0;
		if (!exists(DAX "/devices/%s/driver", running->taken))
			bind_dax(running->taken, "kmem");
	}
}

/* ---- up and down ---- */

static void add_files(void)
{
	static const char *const files[] = {
		DAX "/drivers/kmem/unbind",
		DAX "/drivers/kmem/bind",
		DAX "/drivers/kmem/new_id",
		DAX "/drivers/kmem/remove_id",
		DAX "/drivers/device_dax/unbind",
		DAX "/drivers/device_dax/bind",
		DAX "/drivers/device_dax/new_id",
		DAX "/drivers/device_dax/remove_id",
		"/sys/bus/cxl/drivers/cxl_region/bind",
		"/sys/bus/cxl/drivers/cxl_region/unbind",
		ND "/drivers/nd_pmem/bind",
		ND "/drivers/nd_pmem/unbind",
		ND "/drivers/nd_region/bind",
		"/proc/.keep",
		"/sys/bus/cxl/drivers_probe",
		"/sys/bus/pci/drivers/cxl_pci/bind",
		"/sys/bus/pci/drivers/cxl_pci/unbind",
		"/sys/bus/pci/drivers_probe",
		"/sys/bus/pci/drivers/cxl_pci/bind",
		"/sys/bus/cxl/drivers/cxl_mem/bind",
		"/sys/bus/cxl/drivers/cxl_port/bind",
		REGIONS "/delete_region",
		PCI "/" PORT_A "/reset_subordinate",
		PCI "/" PORT_A "/rescan",
		DAX "/devices/.keep",
	};

	char size[32];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put("", "%s", files[i]);
	link(REGIONS, CXL "/decoder0.0");
	offer_region();
	snprintf(size, sizeof(size), "%" PRIx64 "\n", running->block_size);
	put(size, MEMORY "/block_size_bytes");
}

static void fill_dax(const struct dax *dax)
{
	list_each(mapping, &dax->mappings)
		add_range(dax->name, mapping->start, mapping->size);
	if (dax->mode == DAX_SYSTEM_RAM)
		bind_dax(dax->name, "kmem");
	else if (dax->mode == DAX_DEVDAX)
		bind_dax(dax->name, "device_dax");
}

static bool has_dax(const struct host *host, const char *name)
{
	list_each(dax, &host->dax_devices)
		if (strcmp(dax->name, name) == 0)
			return true;
	return false;
}

static void divide(const struct host *host)
{
	cleanup_names struct names devices = {0};

	unbind_dax("dax0.0", "kmem");
	resize_dax("dax0.0", "0");
	list_each(dax, &host->dax_devices)
		while (!exists(DAX "/devices/%s", dax->name))
			create_dax("region0");
	list_each(dax, &host->dax_devices)
		fill_dax(dax);
	sys_list(&running->tree.sys, &devices, "dax", DAX "/devices");
	for (size_t i = 0; i < devices.count; i++)
		if (!has_dax(host, devices.items[i]))
			delete_dax("region0", devices.items[i]);
}

/* By the same ways that the engine goes. */
static void build(const struct host *host)
{
	const struct region *region = host->regions.items;
	bool pmem;

	if (!region)
		return;
	pmem = strcmp(region->mode, "pmem") == 0;
	store_window(pmem ? "create_pmem_region" : "create_ram_region", "region0");
	store_uuid("region0", region->uuid);
	store_region("region0", "interleave_granularity", "0x100");
	store_region("region0", "interleave_ways", "0x1");
	store_region("region0", "size", "0x10000000");
	put(region->mode, CXL "/" DECODER "/mode");
	store_decoder(DECODER, "dpa_size", "0x10000000");
	store_region("region0", "target0", DECODER);
	store_region("region0", "commit", "1");
	enable_region("region0");
	if (pmem) {
		unbind_namespace("namespace0.2");
		return;
	}
	divide(host);
}

struct kernel *kernel_boot(const struct host *host)
{
	char policy[64];

	running = mmap(NULL, sizeof(*running), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	assert_ptr_not_equal(running, MAP_FAILED);
	tree_make(&running->tree);
	running->block_size = host->block_size;
	add_files();
	put("offline\n", MEMORY "/auto_online_blocks");
	add_device();
	build(host);
	list_each(block, &host->blocks)
		if (block_online(block))
			store_state(block->number, strcmp(block->zones, "Movable") == 0
							   ? "online_movable"
							   : "online_kernel");
	list_each(node, &host->nodes)
		list_each(pool, &node->huge_pools)
			set_pool(node->number, pool->total, pool->free, pool->surplus);
	snprintf(policy, sizeof(policy), "%s\n", host->auto_online);
	put(policy, MEMORY "/auto_online_blocks");
	return running;
}

void kernel_halt(struct kernel *kernel)
{
	running = NULL;
	tree_remove(&kernel->tree);
	munmap(kernel, sizeof(*kernel));
}

void kernel_squat(struct kernel *kernel, const char *region, uint64_t size)
{
	char text[32];

	(void)kernel;
	snprintf(text, sizeof(text), "0x%" PRIx64, size);
	store_window("create_ram_region", region);
	store_region(region, "interleave_granularity", "0x100");
	store_region(region, "interleave_ways", "0x1");
	store_region(region, "size", text);
	store_region(region, "commit", "1");
}

static char *picture;
static size_t picture_size;

static int draw(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	const char *machine = path + strlen(running->tree.root);
	char line[PATH_MAX + 256], text[128] = "";

	(void)status;
	(void)ftw;
	if (type == FTW_F)
		sys_read(&running->tree.sys, text, sizeof(text), "%s", machine);
	if (type == FTW_SL || type == FTW_SLN)
		sys_link_name(&running->tree.sys, text, sizeof(text), "%s", machine);
	if (type == FTW_D || !after(machine, "/sys/") ||
	    strcmp(base_name(machine), "create") == 0) /* it tells of the past */
		return 0;
	snprintf(line, sizeof(line), "%s: %s\n", machine, text);
	picture = xrealloc(picture, picture_size + strlen(line) + 1);
	strcpy(picture + picture_size, line);
	picture_size += strlen(line);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in order: a directory lists what was made anew at another place. */
static char *sorted(char *text)
{
	LIST(char *) lines = {0};
	char *line, *rest = text, *out = xcalloc(1, strlen(text) + 2);

	while ((line = strsep(&rest, "\n")))
		if (line[0])
			*list_add(&lines) = line;
	list_sort(&lines, by_text);
	list_each(each, &lines) {
		strcat(out, *each);
		strcat(out, "\n");
	}
	free(lines.items);
	free(text);
	return out;
}

char *kernel_picture(struct kernel *kernel)
{
	picture = xcalloc(1, 1);
	picture_size = 0;
	nftw(kernel->tree.root, draw, 16, FTW_PHYS);
	return sorted(picture);
}
