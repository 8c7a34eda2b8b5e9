/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/sysfs.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <uuid/uuid.h>

#include "extents/record.h"
#include "sys/util.h"

#define CXL "/sys/bus/cxl/devices"
#define DAX "/sys/bus/dax/devices"

/* ---- names ---- */

/* "", "_a", "_1", "_shared_ro": only a letter or a number alone says which region it is. */
static bool is_ram_suffix(const char *suffix, int *number)
{
	if (*suffix && (*suffix != '_' || !suffix[1]))
		return false;
	for (const char *at = suffix; *at; at++)
		if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && *at != '_')
			return false;
	if (*suffix && !suffix[2] && suffix[1] >= 'a' && suffix[1] < 'a' + DC_REGIONS_MAX)
		*number = suffix[1] - 'a';
	if (*suffix && !suffix[2] && suffix[1] >= '1' && suffix[1] < '1' + DC_REGIONS_MAX)
		*number = suffix[1] - '1';
	return true;
}

bool dc_sysfs_mode(const char *mode, int *number)
{
	*number = -1;
	if (starts_with(mode, "dynamic_ram"))
		return is_ram_suffix(mode + strlen("dynamic_ram"), number);
	if (!starts_with(mode, "dc"))
		return false;
	if (!mode[2])
		return true;
	if (mode[3] || mode[2] < '0' || mode[2] >= '0' + DC_REGIONS_MAX)
		return false;
	*number = mode[2] - '0';
	return true;
}

/* create_dc_region, create_dc0_region, create_dynamic_ram_1_region */
static bool is_creator(const char *name)
{
	static const char head[] = "create_", tail[] = "_region";
	size_t length = strlen(name);
	char mode[NAME_SIZE];
	int number;

	if (!starts_with(name, head) || length < strlen(head) + strlen(tail) ||
	    strcmp(name + length - strlen(tail), tail) != 0)
		return false;
	snprintf(mode, sizeof(mode), "%.*s", (int)(length - strlen(head) - strlen(tail)),
		 name + strlen(head));
	return dc_sysfs_mode(mode, &number);
}

static bool any_entry(const struct sys *sys, const char *object, bool (*match)(const char *name))
{
	cleanup_names struct names names = {0};

	if (sys_list(sys, &names, NULL, CXL "/%s", object))
		return false;
	for (size_t i = 0; i < names.count; i++)
		if (match(names.items[i]))
			return true;
	return false;
}

/* The directory "dc" is of 2023; a mode of that name is none of a device's partition. */
static bool is_partition(const char *name)
{
	int number;

	return dc_sysfs_mode(name, &number);
}

bool dc_sysfs_has(const struct sys *sys, const char *memdev)
{
	return any_entry(sys, memdev, is_partition);
}

static bool any_object(const struct sys *sys, const char *prefix, bool (*match)(const char *name))
{
	cleanup_names struct names names = {0};

	if (sys_list(sys, &names, prefix, CXL))
		return false;
	for (size_t i = 0; i < names.count; i++)
		if (any_entry(sys, names.items[i], match))
			return true;
	return false;
}

bool dc_sysfs_kernel_handles(const struct sys *sys)
{
	return any_object(sys, "decoder", is_creator) || any_object(sys, "mem", is_partition);
}

/* ---- partitions ---- */

static void add_partition(struct dc_device *device, int number, uint64_t size)
{
	*list_add(&device->regions) = (struct dc_region){
		.number = number,
		.base = UNKNOWN,
		.decode_size = UNKNOWN,
		.size = size,
		.block_size = UNKNOWN,
		.flags = UNKNOWN,
	};
}

/* A region of size 0 is one that the device does not have. */
static void read_partition(const struct sys *sys, struct dc_device *device, const char *name)
{
	uint64_t size;
	int number;

	if (dc_sysfs_mode(name, &number) &&
	    !sys_read_u64(sys, &size, CXL "/%s/%s/size", device->memdev, name) && size)
		add_partition(device, number, size);
}

static void read_old_partitions(const struct sys *sys, struct dc_device *device)
{
	uint64_t size;

	for (int number = 0; number < DC_REGIONS_MAX; number++)
		if (!sys_read_u64(sys, &size, CXL "/%s/dc/region%d_size", device->memdev, number) &&
		    size)
			add_partition(device, number, size);
}

static int read_partitions(const struct sys *sys, struct dc_device *device, struct error *err)
{
	cleanup_names struct names names = {0};
	int rc = sys_list(sys, &names, NULL, CXL "/%s", device->memdev);

	if (rc)
		return fail_errno(err, rc, "cannot look into " CXL "/%s", device->memdev);
	for (size_t i = 0; i < names.count; i++)
		read_partition(sys, device, names.items[i]);
	read_old_partitions(sys, device);
	return 0;
}

/* ---- regions ---- */

/* A region of Linux that dynamic capacity of one device goes into. */
struct dynamic {
	char name[NAME_SIZE];
	uint64_t start, size; /* host addresses; UNKNOWN for who is not root */
	uint64_t dpa;	      /* of its first byte; UNKNOWN */
	int dc_region;
};

/* .../endpoint5/decoder5.0: whose device that endpoint stands for. */
static bool decoder_is_of(const struct sys *sys, const char *decoder, const char *memdev)
{
	char path[PATH_MAX], port[PATH_MAX], *slash;

	if (sys_real_path(sys, path, CXL "/%s", decoder) || !(slash = strrchr(path, '/')))
		return false;
	*slash = '\0';
	return !sys_real_path(sys, port, "%s/uport", path) && strcmp(base_name(port), memdev) == 0;
}

static bool uses_memdev(const struct sys *sys, const char *region, const char *memdev,
			char decoder[NAME_SIZE])
{
	uint64_t ways = 1;

	sys_read_u64(sys, &ways, CXL "/%s/interleave_ways", region);
	for (uint64_t i = 0; i < ways && i < 16; i++) /* CXL 3.1 8.2.4.20.3: 16 ways at most */
		if (!sys_read(sys, decoder, NAME_SIZE, CXL "/%s/target%" PRIu64, region, i) &&
		    is_plain_name(decoder) && decoder_is_of(sys, decoder, memdev))
			return true;
	return false;
}

static uint64_t read_or_unknown(const struct sys *sys, const char *object, const char *file)
{
	uint64_t value;

	return sys_read_u64(sys, &value, CXL "/%s/%s", object, file) ? UNKNOWN : value;
}

/* Whether it is one, of that device. An interleaved one has no DPA of its own. */
static bool read_dynamic(const struct sys *sys, const char *name, const char *memdev,
			 struct dynamic *dynamic)
{
	char mode[NAME_SIZE], decoder[NAME_SIZE];
	int number;

	if (sys_read(sys, mode, sizeof(mode), CXL "/%s/mode", name) ||
	    !dc_sysfs_mode(mode, &number) || !uses_memdev(sys, name, memdev, decoder))
		return false;
	/* A region's mode is "dc" up to v8; its decoder's says which. */
	if (number < 0 && !sys_read(sys, mode, sizeof(mode), CXL "/%s/mode", decoder))
		dc_sysfs_mode(mode, &number);
	copy_text(dynamic->name, sizeof(dynamic->name), name);
	dynamic->dc_region = number;
	dynamic->start = read_or_unknown(sys, name, "resource");
	dynamic->size = read_or_unknown(sys, name, "size");
	dynamic->dpa = read_or_unknown(sys, name, "interleave_ways") == 1
			       ? read_or_unknown(sys, decoder, "dpa_resource")
			       : UNKNOWN;
	return true;
}

/* ---- extents ---- */

/* uuid since 2026, tag from 2024 on, label before; none is there for an extent without. */
static void read_tag(const struct sys *sys, const char *path, char tag[TAG_TEXT_SIZE])
{
	static const char *const names[] = {"uuid", "tag", "label"};
	char text[TAG_TEXT_SIZE];
	uuid_t uuid;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!sys_read(sys, text, sizeof(text), "%s/%s", path, names[i]) &&
		    !uuid_parse(text, uuid)) {
			tag_format(tag, uuid);
			return;
		}
}

/* "<start>", "<end>": of a mapping, inclusive. */
static bool mapping_has(const struct sys *sys, const char *dax, const char *mapping, uint64_t start,
			uint64_t size)
{
	uint64_t first, last;

	return !sys_read_u64(sys, &first, DAX "/%s/%s/start", dax, mapping) &&
	       !sys_read_u64(sys, &last, DAX "/%s/%s/end", dax, mapping) && first <= last &&
	       ranges_overlap(first, last - first + 1, start, size);
}

static bool dax_has(const struct sys *sys, const char *dax, uint64_t start, uint64_t size)
{
	cleanup_names struct names names = {0};

	if (start == UNKNOWN || sys_list(sys, &names, "mapping", DAX "/%s", dax))
		return false;
	for (size_t i = 0; i < names.count; i++)
		if (mapping_has(sys, dax, names.items[i], start, size))
			return true;
	return false;
}

/* Since 2026 a dax device is made of all extents of a tag, and says which. */
static bool dax_claims(const struct sys *sys, const char *dax, const char *tag)
{
	char text[TAG_TEXT_SIZE], claimed[TAG_TEXT_SIZE] = "";
	uuid_t uuid;

	if (!*tag || sys_read(sys, text, sizeof(text), DAX "/%s/uuid", dax) ||
	    uuid_parse(text, uuid))
		return false;
	tag_format(claimed, uuid);
	return strcmp(claimed, tag) == 0;
}

/* Dax devices of regionX are daxX.Y. @start is the extent's host address. */
static void find_dax(const struct sys *sys, const struct dynamic *dynamic, uint64_t start,
		     struct extent *extent)
{
	cleanup_names struct names names = {0};
	char prefix[NAME_SIZE];

	snprintf(prefix, sizeof(prefix), "dax%s.", dynamic->name + strlen("region"));
	if (sys_list(sys, &names, prefix, DAX))
		return;
	for (size_t i = 0; i < names.count && !extent->dax[0]; i++)
		if (dax_has(sys, names.items[i], start, extent->size) ||
		    dax_claims(sys, names.items[i], extent->tag))
			copy_text(extent->dax, sizeof(extent->dax), names.items[i]);
}

static uint64_t add_offset(uint64_t base, uint64_t offset)
{
	return base == UNKNOWN ? UNKNOWN : add_capped(base, offset);
}

/* One that goes away meanwhile, or does not lie in its region, is none. */
static void read_extent(const struct sys *sys, struct dc_device *device,
			const struct dynamic *dynamic, const char *path)
{
	struct extent *extent;
	uint64_t offset, size;

	if (sys_read_u64(sys, &offset, "%s/offset", path) ||
	    sys_read_u64(sys, &size, "%s/length", path) || !size || offset > dynamic->size ||
	    size > dynamic->size - offset)
		return;
	extent = list_add(&device->accepted);
	extent->start = add_offset(dynamic->dpa, offset);
	extent->size = size;
	extent->dc_region = dynamic->dc_region;
	extent->handle = -1;
	extent->acceptable = -1;
	copy_text(extent->region, sizeof(extent->region), dynamic->name);
	read_tag(sys, path, extent->tag);
	find_dax(sys, dynamic, add_offset(dynamic->start, offset), extent);
}

/* extentX.Y, before 2024 extentY, below the dax region that regionX has once it is enabled. */
static void read_extents(const struct sys *sys, struct dc_device *device,
			 const struct dynamic *dynamic)
{
	const char *number = dynamic->name + strlen("region");
	cleanup_names struct names names = {0};
	char path[PATH_MAX];

	if (sys_list(sys, &names, "extent", CXL "/%s/dax_region%s", dynamic->name, number))
		return;
	for (size_t i = 0; i < names.count; i++) {
		snprintf(path, sizeof(path), CXL "/%s/dax_region%s/%s", dynamic->name, number,
			 names.items[i]);
		read_extent(sys, device, dynamic, path);
	}
}

static int read_regions(const struct sys *sys, struct dc_device *device, struct error *err)
{
	cleanup_names struct names names = {0};
	int rc = sys_list(sys, &names, "region", CXL);

	if (rc)
		return fail_errno(err, rc, "cannot look into " CXL);
	for (size_t i = 0; i < names.count; i++) {
		struct dynamic dynamic;

		if (read_dynamic(sys, names.items[i], device->memdev, &dynamic))
			read_extents(sys, device, &dynamic);
	}
	return 0;
}

int dc_sysfs_read(const struct sys *sys, struct dc_device *device, struct error *err)
{
	int rc;

	if (!dc_sysfs_has(sys, device->memdev)) {
		hint(err, "its mailbox tells, while it has no driver: --source=mailbox");
		return fail(err, -ENOENT, "the kernel does not show dynamic capacity of %s",
			    device->memdev[0] ? device->memdev : device->address);
	}
	if ((rc = read_partitions(sys, device, err)) || (rc = read_regions(sys, device, err)))
		return rc;
	copy_text(device->source, sizeof(device->source), "sysfs");
	copy_text(
		device->batches_unknown, sizeof(device->batches_unknown),
		"the kernel handles dynamic capacity: it takes records out of the log and answers "
		"batches by itself");
	device->regions_unknown[0] = device->accepted_unknown[0] = '\0';
	device->extents_supported = device->extents_available = UNKNOWN;
	device->tags_supported = device->tags_available = UNKNOWN;
	device->lost = UNKNOWN;
	return 0;
}
