/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dynamic capacity in sysfs: trees as each version of the posted series makes them, and hostile ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "extents/sysfs.h"
#include "device.h"
#include "sys/util.h"

#include <cmocka.h>

#define CXL   "/sys/bus/cxl/devices"
#define PCI   "/sys/devices/pci0000:0c"
#define TAG   "5be19245-a94f-4f2d-8b63-153b6d6f279c"
#define OTHER "00000000-0000-0000-0000-000000000001"
#define MiB   (1ull << 20)

#define DPA 0x10000000ull

/* Where a version differs from the others. */
struct version {
	const char *partition;	  /* directory of the memory device */
	const char *creator;	  /* file of the root's decoder */
	const char *decoder_mode; /* of the endpoint's decoder */
	const char *region_mode;
	const char *extent; /* its first extent's name */
	const char *tag;    /* file of an extent */
	int number;	    /* of the region, as far as all this tells */
};

static const struct version versions[] = {
	{"dc0", "create_dc_region", "dc0", "dc", "extent0.0", "tag", 0},   /* v4 */
	{"dc3", "create_dc_region", "dc3", "dc", "extent0.0", "tag", 3},   /* v8 */
	{"dc1", "create_dc1_region", "dc1", "dc1", "extent0", "label", 1}, /* 2024 */
	{"dynamic_ram_a", "create_dynamic_ram_a_region", "dynamic_ram_a", "dynamic_ram_a",
	 "extent0.0", "tag", 0}, /* v9 */
	{"dynamic_ram_a", "create_dynamic_ram_a_region", "dynamic_ram_a", "dynamic_ram_a",
	 "extent0.0", "uuid", 0}, /* v10 */
	{"dynamic_ram_1", "create_dynamic_ram_1_region", "dynamic_ram_1", "dynamic_ram_1",
	 "extent0.1", "uuid", 0}, /* v11: numbers begin with 1 */
	{"dynamic_ram_2", "create_dynamic_ram_region", "dynamic_ram_2", "dynamic_ram", "extent0.1",
	 "uuid", 1},
	{"dynamic_ram_1", "create_dynamic_ram_shared_ro_region", "dynamic_ram_shared_ro",
	 "dynamic_ram_shared_ro", "extent0.1", "uuid", -1},
};

static void put_memdev(struct tree *tree, const char *name, const char *endpoint)
{
	tree_directory(tree, PCI "/%s", name);
	tree_link(tree, words(PCI "/%s", name), CXL "/%s", name);
	tree_directory(tree, "/sys/devices/root0/%s", endpoint);
	tree_link(tree, words(PCI "/%s", name), "/sys/devices/root0/%s/uport", endpoint);
}

static void put_decoder(struct tree *tree, const char *endpoint, const char *decoder,
			const char *mode, const char *dpa)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/devices/root0/%s/%s", endpoint, decoder);
	tree_file(tree, mode, "%s/mode", path);
	tree_file(tree, dpa, "%s/dpa_resource", path);
	tree_link(tree, path, CXL "/%s", decoder);
}

static void put_region(struct tree *tree, const char *region, const char *mode, const char *ways,
		       const char *target)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/devices/root0/decoder0.0/%s", region);
	tree_file(tree, mode, "%s/mode", path);
	tree_file(tree, ways, "%s/interleave_ways", path);
	tree_file(tree, target, "%s/target0", path);
	tree_file(tree, "0x690000000", "%s/resource", path);
	tree_file(tree, "0x40000000", "%s/size", path);
	tree_link(tree, path, CXL "/%s", region);
}

static void put_extent(struct tree *tree, const char *name, const char *offset, const char *length,
		       const char *tag_file, const char *tag)
{
	tree_file(tree, offset, CXL "/region0/dax_region0/%s/offset", name);
	tree_file(tree, length, CXL "/region0/dax_region0/%s/length", name);
	if (tag)
		tree_file(tree, tag, CXL "/region0/dax_region0/%s/%s", name, tag_file);
}

static void put_mapping(struct tree *tree, const char *dax, const char *start, const char *end)
{
	tree_file(tree, start, "/sys/bus/dax/devices/%s/mapping0/start", dax);
	tree_file(tree, end, "/sys/bus/dax/devices/%s/mapping0/end", dax);
}

/* mem1 with two extents, the second without a tag; a dax device has the first. */
static void put_version(struct tree *tree, const struct version *version)
{
	put_memdev(tree, "mem1", "endpoint5");
	tree_file(tree, "0x40000000\n", CXL "/mem1/%s/size", version->partition);
	tree_file(tree, "region0", CXL "/decoder0.0/%s", version->creator);
	put_decoder(tree, "endpoint5", "decoder5.0", version->decoder_mode, "0x10000000");
	put_region(tree, "region0", version->region_mode, "1", "decoder5.0");
	put_extent(tree, version->extent, "0x0\n", "0x8000000\n", version->tag, TAG "\n");
	put_extent(tree, "extent0.7", "0x10000000\n", "0x4000000\n", version->tag, NULL);
	put_mapping(tree, "dax0.0", "0x690000000", "0x697ffffff");
	put_mapping(tree, "dax1.0", "0x6a0000000", "0x6a3ffffff"); /* of another region */
}

static void read_device(struct tree *tree, struct dc_device *device, const char *memdev)
{
	struct error err = {0};

	memset(device, 0, sizeof(*device));
	copy_text(device->memdev, sizeof(device->memdev), memdev);
	assert_int_equal(dc_sysfs_read(&tree->sys, device, &err), 0);
}

static void check_version(const struct version *version)
{
	struct dc_device device;
	const struct extent *extent;
	struct tree tree;

	tree_make(&tree);
	put_version(&tree, version);
	assert_true(dc_sysfs_kernel_handles(&tree.sys));
	assert_true(dc_sysfs_has(&tree.sys, "mem1"));
	read_device(&tree, &device, "mem1");
	assert_string_equal(device.source, "sysfs");
	assert_int_equal(device.regions.count, 1);
	assert_int_equal(device.regions.items[0].size, 1024 * MiB);
	assert_int_equal(device.regions.items[0].base, UNKNOWN);
	assert_int_equal(device.accepted.count, 2);
	extent = &device.accepted.items[0];
	assert_int_equal(extent->start, DPA);
	assert_int_equal(extent->size, 128 * MiB);
	assert_int_equal(extent->dc_region, version->number);
	assert_string_equal(extent->tag, TAG);
	assert_string_equal(extent->region, "region0");
	assert_string_equal(extent->dax, "dax0.0");
	assert_int_equal(extent->handle, -1);
	extent++;
	assert_int_equal(extent->start, DPA + 256 * MiB);
	assert_string_equal(extent->tag, "");
	assert_string_equal(extent->dax, "");
	assert_string_not_equal(device.batches_unknown, "");
	assert_string_equal(device.accepted_unknown, "");
	assert_int_equal(device.lost, UNKNOWN);
	record_free(&dc_device_record, &device);
	tree_remove(&tree);
}

static void every_version_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		check_version(&versions[i]);
}

/* One directory for all, up to v3. */
static void the_oldest_partitions_are_read(void **state)
{
	struct tree *tree = *state;
	struct dc_device device;

	put_memdev(tree, "mem1", "endpoint5");
	tree_file(tree, "2", CXL "/mem1/dc/region_count");
	tree_file(tree, "0x10000000", CXL "/mem1/dc/region0_size");
	tree_file(tree, "0x20000000", CXL "/mem1/dc/region1_size");
	tree_file(tree, "0x0", CXL "/mem1/dc/region2_size");
	read_device(tree, &device, "mem1");
	assert_int_equal(device.regions.count, 2);
	assert_int_equal(device.regions.items[1].number, 1);
	assert_int_equal(device.regions.items[1].size, 0x20000000);
	assert_int_equal(device.accepted.count, 0);
	record_free(&dc_device_record, &device);
}

static void several_partitions_are_told_apart(void **state)
{
	struct tree *tree = *state;
	struct dc_device device;

	put_memdev(tree, "mem1", "endpoint5");
	tree_file(tree, "0x10000000", CXL "/mem1/dc0/size");
	tree_file(tree, "0x20000000", CXL "/mem1/dc1/size");
	tree_file(tree, "0", CXL "/mem1/dc2/size");
	tree_file(tree, "0x30000000", CXL "/mem1/ram/size");
	tree_file(tree, "0x40000000", CXL "/mem1/dc8/size");
	read_device(tree, &device, "mem1");
	assert_int_equal(device.regions.count, 2);
	assert_int_equal(device.regions.items[0].number, 0);
	assert_int_equal(device.regions.items[1].number, 1);
	record_free(&dc_device_record, &device);
}

/* A kernel without the series: there are ram and pmem, and regions of these. */
static void a_kernel_without_shows_nothing(void **state)
{
	struct tree *tree = *state;
	struct dc_device device = {.memdev = "mem1"};
	struct error err = {0};

	put_memdev(tree, "mem1", "endpoint5");
	tree_file(tree, "0x10000000", CXL "/mem1/ram/size");
	tree_file(tree, "region0", CXL "/decoder0.0/create_ram_region");
	tree_file(tree, "region0", CXL "/decoder0.0/create_pmem_region");
	assert_false(dc_sysfs_kernel_handles(&tree->sys));
	assert_false(dc_sysfs_has(&tree->sys, "mem1"));
	check_error(dc_sysfs_read(&tree->sys, &device, &err), -ENOENT, &err,
		    "the kernel does not show dynamic capacity of mem1",
		    "its mailbox tells, while it has no driver: --source=mailbox");
	assert_int_equal(device.regions.count, 0);
}

static void a_machine_without_cxl_shows_nothing(void **state)
{
	struct tree *tree = *state;

	assert_false(dc_sysfs_kernel_handles(&tree->sys));
	assert_false(dc_sysfs_has(&tree->sys, "mem0"));
}

/* Extents of the neighbour's region are the neighbour's. */
static void devices_are_told_apart(void **state)
{
	struct tree *tree = *state;
	struct dc_device device;

	put_version(tree, &versions[5]);
	put_memdev(tree, "mem2", "endpoint6");
	tree_file(tree, "0x40000000", CXL "/mem2/dynamic_ram_1/size");
	put_decoder(tree, "endpoint6", "decoder6.0", "dynamic_ram_1", "0x0");
	read_device(tree, &device, "mem2");
	assert_int_equal(device.regions.count, 1);
	assert_int_equal(device.accepted.count, 0);
	record_free(&dc_device_record, &device);
}

/* Only regions of dynamic capacity have extents. */
static void other_regions_are_left_alone(void **state)
{
	struct tree *tree = *state;
	struct dc_device device;

	put_version(tree, &versions[5]);
	tree_file(tree, "ram", CXL "/region0/mode");
	read_device(tree, &device, "mem1");
	assert_int_equal(device.accepted.count, 0);
	record_free(&dc_device_record, &device);
}

static void an_interleaved_extent_has_no_address_in_one_device(void **state)
{
	struct tree *tree = *state;
	struct dc_device device;

	put_version(tree, &versions[5]);
	tree_file(tree, "2", CXL "/region0/interleave_ways");
	tree_file(tree, "decoder5.0", CXL "/region0/target1");
	tree_file(tree, "decoder9.0", CXL "/region0/target0");
	read_device(tree, &device, "mem1");
	assert_int_equal(device.accepted.count, 2);
	assert_int_equal(device.accepted.items[0].start, UNKNOWN);
	assert_int_equal(device.accepted.items[0].size, 128 * MiB);
	record_free(&dc_device_record, &device);
}

/* Since 2026 the kernel says which tag a dax device is made of; mappings are for root alone. */
static void a_dax_device_is_found_by_its_tag(void **state)
{
	struct tree *tree = *state;
	struct dc_device device;

	put_version(tree, &versions[5]);
	tree_file(tree, "0x1", "/sys/bus/dax/devices/dax0.0/mapping0/start");
	tree_file(tree, "0x0", "/sys/bus/dax/devices/dax0.0/mapping0/end");
	tree_file(tree, OTHER, "/sys/bus/dax/devices/dax0.0/uuid");
	tree_file(tree, "5BE19245-a94f-4f2d-8b63-153b6d6f279c\n",
		  "/sys/bus/dax/devices/dax0.1/uuid");
	tree_file(tree, "0", "/sys/bus/dax/devices/dax0.2/uuid");
	tree_file(tree, TAG, "/sys/bus/dax/devices/dax1.0/uuid");
	read_device(tree, &device, "mem1");
	assert_string_equal(device.accepted.items[0].dax, "dax0.1");
	assert_string_equal(device.accepted.items[1].dax, "");
	record_free(&dc_device_record, &device);
}

/* The null UUID and what is no UUID are no tags. */
static void a_tag_is_a_uuid(void **state)
{
	static const char *const texts[] = {"00000000-0000-0000-0000-000000000000", "0", "",
					    "rack 7", "5be19245-a94f-4f2d-8b63-153b6d6f279c0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct dc_device device;
		struct tree tree;

		tree_make(&tree);
		put_version(&tree, &versions[5]);
		tree_file(&tree, texts[i], CXL "/region0/dax_region0/extent0.1/uuid");
		read_device(&tree, &device, "mem1");
		assert_string_equal(device.accepted.items[0].tag, "");
		record_free(&dc_device_record, &device);
		tree_remove(&tree);
	}
}

/* What is no extent within its region is left out; the others stay. */
static void nonsense_is_left_out(void **state)
{
	static const struct {
		const char *offset, *length;
	} cases[] = {
		{"0x0", "0x0"},
		{"0x0", "-1"},
		{"", "0x1000"},
		{"0x0", "128M"},
		{"0xffffffffffffffff", "1"},
		{"0x1", "0xffffffffffffffff"},
		{"0x0", "0x40000001"},
		{"0x40000000", "0x1"},
		{"two", "0x200000"},
	};
	struct tree *tree = *state;
	struct dc_device device;

	put_version(tree, &versions[5]);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[32];

		snprintf(name, sizeof(name), "extent0.%zu", 20 + i);
		put_extent(tree, name, cases[i].offset, cases[i].length, "uuid", OTHER);
	}
	tree_directory(tree, CXL "/region0/dax_region0/extent0.99");
	tree_file(tree, "", CXL "/region0/dax_region0/extent0.98");
	tree_directory(tree, CXL "/region0/dax_region0/extents");
	read_device(tree, &device, "mem1");
	assert_int_equal(device.accepted.count, 2);
	record_free(&dc_device_record, &device);
}

/* Targets that lead elsewhere, or to nothing. */
static void targets_are_not_trusted(void **state)
{
	static const char *const targets[] = {"", "decoder9.9", "../mem1", "/etc/passwd",
					      "decoder5.0/.."};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct dc_device device;
		struct tree tree;

		tree_make(&tree);
		put_version(&tree, &versions[5]);
		tree_file(&tree, "0xffffffffffffffff", CXL "/region0/interleave_ways");
		tree_file(&tree, targets[i], CXL "/region0/target0");
		read_device(&tree, &device, "mem1");
		assert_int_equal(device.accepted.count, 0);
		record_free(&dc_device_record, &device);
		tree_remove(&tree);
	}
}

static void names_are_matched_exactly(void **state)
{
	static const struct {
		const char *mode;
		int number; /* -2: it is none of dynamic capacity */
	} cases[] = {
		{"dc", -1},
		{"dc0", 0},
		{"dc7", 7},
		{"dc8", -2},
		{"dc10", -2},
		{"dcx", -2},
		{"dynamic_ram", -1},
		{"dynamic_ram_a", 0},
		{"dynamic_ram_h", 7},
		{"dynamic_ram_i", -1},
		{"dynamic_ram_1", 0},
		{"dynamic_ram_8", 7},
		{"dynamic_ram_9", -1},
		{"dynamic_ram_0", -1},
		{"dynamic_ram_10", -1},
		{"dynamic_ram_shared", -1},
		{"dynamic_ram_ro", -1},
		{"dynamic_ram_shared_ro", -1},
		{"dynamic_ram_", -2},
		{"dynamic_ramp", -2},
		{"dynamic_ram_A", -2},
		{"dynamic_ram-1", -2},
		{"ram", -2},
		{"pmem", -2},
		{"", -2},
		{"none", -2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int number;
		bool match = dc_sysfs_mode(cases[i].mode, &number);

		if (match != (cases[i].number != -2) || (match && number != cases[i].number))
			fail_msg("%s: %d, %d", cases[i].mode, match, number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_is_read),
		IN_TREE(the_oldest_partitions_are_read),
		IN_TREE(several_partitions_are_told_apart),
		IN_TREE(a_kernel_without_shows_nothing),
		IN_TREE(a_machine_without_cxl_shows_nothing),
		IN_TREE(devices_are_told_apart),
		IN_TREE(other_regions_are_left_alone),
		IN_TREE(an_interleaved_extent_has_no_address_in_one_device),
		IN_TREE(a_dax_device_is_found_by_its_tag),
		cmocka_unit_test(a_tag_is_a_uuid),
		IN_TREE(nonsense_is_left_out),
		cmocka_unit_test(targets_are_not_trusted),
		cmocka_unit_test(names_are_matched_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
