// SPDX-License-Identifier: GPL-2.0-or-later
/* The model: lookups and relations; and how words become objects of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "support.h"
#include "sys/util.h"
#include "ui/object.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

static uint64_t online_bytes(const struct host *host, uint64_t start, uint64_t size)
{
	cleanup_survey struct survey *survey = survey_new(host);

	return survey_online_bytes(survey, start, size);
}

/* ---- lookups ---- */

static void test_lookups(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	assert_string_equal(host_root_port(&host, PORT_C)->address, PORT_C);
	assert_string_equal(host_bridge(&host, "pci0000:de")->port, "port2");
	assert_string_equal(host_function(&host, DEVICE_B)->address, DEVICE_B);
	assert_string_equal(host_memdev(&host, "mem1")->address, DEVICE_B);
	assert_string_equal(host_memdev_at(&host, DEVICE_C)->name, "mem2");
	assert_string_equal(host_decoder(&host, "decoder4.3")->port, "endpoint4");
	assert_string_equal(host_port(&host, "endpoint5")->device, "mem2");
	assert_string_equal(host_region(&host, "region1")->name, "region1");
	assert_string_equal(host_dax(&host, "dax1.0")->region, "region1");
}

static void test_absent(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	assert_null(host_root_port(&host, DEVICE_A));
	assert_null(host_root_port(&host, "0c:00.0")); /* short forms are the programs' matter */
	assert_null(host_root_port(&host, ""));
	assert_null(host_bridge(&host, "pci0000:d"));
	assert_null(host_function(&host, PORT_A));
	assert_null(host_memdev(&host, "mem"));
	assert_null(host_memdev(&host, "mem10"));
	assert_null(host_memdev_at(&host, PORT_A));
	assert_null(host_decoder(&host, "decoder4"));
	assert_null(host_port(&host, "port3"));
	assert_null(host_region(&host, "region"));
	assert_null(host_dax(&host, "dax0"));
}

static void test_empty_host(void **state)
{
	struct host host = {0};

	(void)state;
	assert_null(host_root_port(&host, PORT_A));
	assert_null(host_memdev_at(&host, DEVICE_A));
	assert_null(host_region(&host, "region0"));
	assert_int_equal(online_bytes(&host, 0, UINT64_MAX), 0);
	host_free(&host);
}

/* ---- relations ---- */

static bool below(const struct host *host, const char *region, const char *port)
{
	return region_below(host_region(host, region), host_root_port(host, port));
}

static bool uses(const struct host *host, const char *region, const char *memdev)
{
	return region_uses_memdev(host_region(host, region), memdev);
}

static void test_region_below(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host); /* region0 over mem0, region1 over mem1 and mem2 */
	assert_true(uses(&host, "region0", "mem0"));
	assert_false(uses(&host, "region0", "mem1"));
	assert_false(uses(&host, "region0", "mem"));
	assert_false(uses(&host, "region1", "mem0"));
	assert_true(uses(&host, "region1", "mem1"));
	assert_true(uses(&host, "region1", "mem2"));
	assert_true(below(&host, "region0", PORT_A));
	assert_false(below(&host, "region0", PORT_B));
	assert_false(below(&host, "region1", PORT_A));
	assert_true(below(&host, "region1", PORT_B));
	assert_true(below(&host, "region1", PORT_C));
	assert_false(below(&host, "region1", PORT_D));
	region_of(&host, "region0")->targets.count = 0;
	assert_false(below(&host, "region0", PORT_A));
}

/* Every name that a version of the series gave them. */
static void test_region_is_dynamic(void **state)
{
	static const char *const dynamic[] = {"dc0",	       "dc7",
					      "dc0_shared",    "dynamic_ram_1",
					      "dynamic_ram_a", "dynamic_ram_1_shared_ro"};
	static const char *const others[] = {"",     "ram", "pmem", "mixed",
					     "none", "dc",  "dcx",  "ram_1"};
	struct region region = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dynamic); i++) {
		assert_true(copy_text(region.mode, sizeof(region.mode), dynamic[i]));
		assert_true(region_is_dynamic(&region));
		assert_false(region_is_pmem(&region));
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		copy_text(region.mode, sizeof(region.mode), others[i]);
		assert_false(region_is_dynamic(&region));
	}
}

static bool dax_is_below(const struct host *host, const char *dax, const char *port)
{
	cleanup_survey struct survey *survey = survey_new(host);

	list_each_pointer(view, &survey_below(survey, host_root_port(host, port))->dax)
		if (strcmp(view->dax->name, dax) == 0)
			return true;
	return false;
}

static void test_dax_below(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	assert_true(dax_is_below(&host, "dax0.0", PORT_A));
	assert_false(dax_is_below(&host, "dax0.0", PORT_C));
	assert_true(dax_is_below(&host, "dax1.0", PORT_C));
	dax_of(&host, "dax0.0")->region[0] = '\0'; /* memory that only firmware described */
	assert_false(dax_is_below(&host, "dax0.0", PORT_A));
}

static void test_ranges_overlap(void **state)
{
	const uint64_t top = UINT64_MAX;

	(void)state;
	assert_true(ranges_overlap(10, 10, 10, 10));
	assert_true(ranges_overlap(10, 10, 19, 1));
	assert_true(ranges_overlap(19, 1, 10, 10));
	assert_true(ranges_overlap(10, 10, 0, 11));
	assert_true(ranges_overlap(10, 10, 0, 100));
	assert_true(ranges_overlap(0, 100, 10, 10));
	assert_false(ranges_overlap(10, 10, 20, 10));
	assert_false(ranges_overlap(20, 10, 10, 10));
	assert_false(ranges_overlap(10, 10, 0, 10));
	/* up to the last byte there is: start + size is 0 */
	assert_true(ranges_overlap(top - 9, 10, top, 1));
	assert_true(ranges_overlap(top, 1, top - 9, 10));
	assert_true(ranges_overlap(0, top, top - 1, 1));
	assert_false(ranges_overlap(0, top, top, 1));
	assert_false(ranges_overlap(top - 9, 10, 0, 10));
	assert_false(ranges_overlap(0, 10, top - 9, 10));
	assert_false(ranges_overlap(top - 9, 9, top, 1));
}

/* A decoder that is not set has start 0 and size 0: it must not lie over memory block 0. */
static void test_empty_ranges_overlap_nothing(void **state)
{
	(void)state;
	assert_false(ranges_overlap(0, 0, 0, 10));
	assert_false(ranges_overlap(0, 10, 0, 0));
	assert_false(ranges_overlap(5, 0, 0, 10));
	assert_false(ranges_overlap(0, 10, 5, 0));
	assert_false(ranges_overlap(7, 0, 7, 0));
}

static bool has_block(const struct host *host, uint64_t start)
{
	struct block block = {.start = start};

	return dax_has_block(host, &host->dax_devices.items[0], &block);
}

static void test_dax_has_block(void **state)
{
	cleanup_host struct host host = {0};
	struct mapping *mapping;

	(void)state;
	model_system_ram(&host);
	assert_false(has_block(&host, WINDOW_0 - BLOCK_SIZE));
	assert_true(has_block(&host, WINDOW_0));
	assert_true(has_block(&host, WINDOW_0 + BLOCK_SIZE));
	assert_false(has_block(&host, WINDOW_0 + 2 * BLOCK_SIZE));
	/* kmem takes whole blocks only: a mapping that begins or ends within one has not got it */
	mapping = &dax_of(&host, "dax0.0")->mappings.items[0];
	mapping->start += MIB;
	assert_false(has_block(&host, WINDOW_0));
	assert_true(has_block(&host, WINDOW_0 + BLOCK_SIZE)); /* the mapping ends 1 MiB behind it */
	mapping->size -= MIB;
	assert_true(has_block(&host, WINDOW_0 + BLOCK_SIZE));
	mapping->size--;
	assert_false(has_block(&host, WINDOW_0 + BLOCK_SIZE));
}

static void test_dax_has_block_of_small_mapping(void **state)
{
	cleanup_host struct host host = {0};
	struct mapping *mapping;

	(void)state;
	model_system_ram(&host);
	mapping = &dax_of(&host, "dax0.0")->mappings.items[0];
	mapping->size = BLOCK_SIZE - 1;
	assert_false(has_block(&host, WINDOW_0));
	mapping->size = 0;
	assert_false(has_block(&host, WINDOW_0));
}

static void test_dax_has_block_of_second_mapping(void **state)
{
	cleanup_host struct host host = {0};
	struct mapping *second;

	(void)state;
	model_system_ram(&host);
	second = list_add(&dax_of(&host, "dax0.0")->mappings);
	second->start = WINDOW_0 + GIB;
	second->size = BLOCK_SIZE;
	assert_true(has_block(&host, WINDOW_0));
	assert_true(has_block(&host, WINDOW_0 + GIB));
	assert_false(has_block(&host, WINDOW_0 + GIB + BLOCK_SIZE));
}

static void test_dax_has_block_at_the_top(void **state)
{
	cleanup_host struct host host = {0};
	struct mapping *mapping;

	(void)state;
	model_system_ram(&host);
	mapping = &dax_of(&host, "dax0.0")->mappings.items[0];
	mapping->start = -2 * BLOCK_SIZE;
	mapping->size = 2 * BLOCK_SIZE;
	assert_true(has_block(&host, -2 * BLOCK_SIZE));
	assert_true(has_block(&host, -BLOCK_SIZE));
	assert_false(has_block(&host, 0));
	assert_false(has_block(&host, -3 * BLOCK_SIZE));
}

/* Fails unless the whole blocks of the host's first dax device are exactly these; 0 ends them. */
static void check_whole_blocks(const struct host *host, const uint64_t *numbers)
{
	const struct dax *dax = &host->dax_devices.items[0];
	uint64_t count = 0;

	for (; numbers[count]; count++)
		assert_int_equal(dax_whole_block(host, dax, count), numbers[count]);
	assert_int_equal(dax_whole_blocks(host, dax), count);
}

#define NUMBER_0 (WINDOW_0 / BLOCK_SIZE)

static void test_dax_whole_blocks(void **state)
{
	cleanup_host struct host host = {0};
	struct dax *dax;

	(void)state;
	model_system_ram(&host);
	dax = dax_of(&host, "dax0.0");
	check_whole_blocks(&host, (uint64_t[]){NUMBER_0, NUMBER_0 + 1, 0});
	/* a mapping without a whole block between two that have some */
	*list_add(&dax->mappings) =
		(struct mapping){.start = WINDOW_0 + GIB - MIB, .size = BLOCK_SIZE};
	*list_add(&dax->mappings) =
		(struct mapping){.start = WINDOW_0 + GIB - MIB, .size = 2 * BLOCK_SIZE};
	check_whole_blocks(&host, (uint64_t[]){NUMBER_0, NUMBER_0 + 1, NUMBER_0 + 8, 0});
	dax->mappings.items[0].start += MIB;
	check_whole_blocks(&host, (uint64_t[]){NUMBER_0 + 1, NUMBER_0 + 8, 0});
	dax->mappings.items[0].size -= MIB;
	check_whole_blocks(&host, (uint64_t[]){NUMBER_0 + 1, NUMBER_0 + 8, 0});
	dax->mappings.items[0].size--;
	check_whole_blocks(&host, (uint64_t[]){NUMBER_0 + 8, 0});
	host.block_size = 0;
	assert_int_equal(dax_whole_blocks(&host, dax), 0);
}

static void test_dax_whole_blocks_at_the_top(void **state)
{
	static const struct {
		uint64_t start, size, blocks;
	} cases[] = {
		{-2 * BLOCK_SIZE, 2 * BLOCK_SIZE, 2}, {-2 * BLOCK_SIZE, 2 * BLOCK_SIZE - 1, 1},
		{-2 * BLOCK_SIZE, 3 * BLOCK_SIZE, 2}, {-2 * BLOCK_SIZE, UINT64_MAX, 2},
		{-BLOCK_SIZE - 1, UINT64_MAX, 1},     {-BLOCK_SIZE + 1, UINT64_MAX, 0},
		{UINT64_MAX, UINT64_MAX, 0},	      {UINT64_MAX, 0, 0},
	};
	cleanup_host struct host host = {0};
	struct dax *dax;

	(void)state;
	model_system_ram(&host);
	dax = dax_of(&host, "dax0.0");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		dax->mappings.items[0].start = cases[i].start;
		dax->mappings.items[0].size = cases[i].size;
		assert_int_equal(dax_whole_blocks(&host, dax), cases[i].blocks);
		for (uint64_t j = 0; j < cases[i].blocks; j++)
			assert_int_equal(dax_whole_block(&host, dax, j),
					 (cases[i].start + BLOCK_SIZE - 1) / BLOCK_SIZE + j);
	}
}

static void test_online(void **state)
{
	static const struct {
		const char *state;
		bool online;
	} states[] = {{"online", true}, {"offline", false}, {"going-offline", true}, {"", true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct block block = {0};

		copy_text(block.state, sizeof(block.state), states[i].state);
		assert_int_equal(block_online(&block), states[i].online);
	}
}

static void test_online_bytes(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_system_ram(&host);
	assert_int_equal(online_bytes(&host, WINDOW_0, DEVICE_SIZE), DEVICE_SIZE);
	assert_int_equal(online_bytes(&host, WINDOW_0, BLOCK_SIZE), BLOCK_SIZE);
	assert_int_equal(online_bytes(&host, WINDOW_0 + DEVICE_SIZE, GIB), 0);
	assert_int_equal(online_bytes(&host, 0, WINDOW_0), 0);
	assert_int_equal(online_bytes(&host, 0, UINT64_MAX), DEVICE_SIZE);
	/* a block of which a part lies in the range counts whole: none of it may be touched */
	assert_int_equal(online_bytes(&host, WINDOW_0 + BLOCK_SIZE - 1, 2), DEVICE_SIZE);
	strcpy(host.blocks.items[0].state, "offline");
	assert_int_equal(online_bytes(&host, WINDOW_0, DEVICE_SIZE), BLOCK_SIZE);
	strcpy(host.blocks.items[0].state, "going-offline");
	assert_int_equal(online_bytes(&host, WINDOW_0, DEVICE_SIZE), DEVICE_SIZE);
}

/* ---- words ---- */

static void check_found(const struct host *host, const char *word, enum object_kind kind,
			const char *name)
{
	struct object object = {0};
	struct error err = {0};
	int rc = object_find(host, word, &object, &err);

	if (rc || object.kind != kind || strcmp(object.name, name) != 0)
		fail_msg("\"%s\" stands for %d %s (%d \"%s\") instead of %d %s", word, object.kind,
			 object.name, rc, err.text, kind, name);
}

static void test_find(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	check_found(&host, "0000:0c:00.0", OBJECT_ROOT_PORT, PORT_A);
	check_found(&host, "0c:00.0", OBJECT_ROOT_PORT, PORT_A);
	check_found(&host, "DE:00.0", OBJECT_ROOT_PORT, PORT_C);
	check_found(&host, "0000:e0:00.0", OBJECT_FUNCTION, "0000:e0:00.0");
	check_found(&host, "e0:00.0", OBJECT_FUNCTION, "0000:e0:00.0");
	check_found(&host, "mem1", OBJECT_MEMDEV, "mem1");
	check_found(&host, "0e:00.0", OBJECT_MEMDEV, "mem1");
	check_found(&host, "0000:0e:00.0", OBJECT_MEMDEV, "mem1");
	check_found(&host, "serial:0x9abc", OBJECT_MEMDEV, "mem1");
	check_found(&host, "serial:39612", OBJECT_MEMDEV, "mem1");
	check_found(&host, "serial:0xfffffffffffffffe", OBJECT_MEMDEV, "mem2");
	check_found(&host, "region1", OBJECT_REGION, "region1");
	check_found(&host, "dax1.0", OBJECT_DAX, "dax1.0");
	check_found(&host, "node0", OBJECT_NODE, "node0");
	check_found(&host, "node1", OBJECT_NODE, "node1");
}

#define HINT                                                                                \
	"root ports: 0000:0c:00.0, 0000:0c:01.0, 0000:de:00.0, 0000:de:01.0; dax devices: " \
	"dax0.0, "                                                                          \
	"dax1.0; cxl-iso list --tree shows all"

static void test_find_absent(void **state)
{
	static const char *const words[] = {
		"0c:00.1",	 "0c:00",
		"0c:0.0",	 "c:00.0",
		":0c:00.0",	 "0000:0c:00.0 ",
		" mem0",	 "",
		"mem",		 "mem01",
		"mem3",		 "MEM0",
		"region",	 "region10",
		"dax0",		 "dax0.00",
		"node",		 "node2",
		"node00",	 "1",
		"0x1234",	 "serial:",
		"serial:0x1235", "serial:1234",
		"serial:-1",	 "serial:0x1234 ",
		"port1",	 "decoder3.0",
		"memory210",	 "*",
	};
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct error err = {0};
		struct object object;
		char text[64];
		int rc = object_find(&host, words[i], &object, &err);

		snprintf(text, sizeof(text), "there is no \"%s\"", words[i]);
		check_error(rc, -ENOENT, &err, text, HINT);
	}
}

/* Nor is one whose serial was left out of a capture what any serial stands for. */
static void test_find_nothing_by_unknown_serial(void **state)
{
	cleanup_host struct host host = {0};
	struct object object;

	(void)state;
	model_idle(&host);
	memdev_of(&host, "mem0")->serial = UNKNOWN;
	assert_int_equal(object_find(&host, "serial:0xffffffffffffffff", &object, NULL), -ENOENT);
	assert_int_equal(object_find(&host, "serial:0x1234", &object, NULL), -ENOENT);
	check_found(&host, "mem0", OBJECT_MEMDEV, "mem0");
}

/* A memory device whose PCI address is unknown is not what no word stands for. */
static void test_find_nothing_by_no_word(void **state)
{
	cleanup_host struct host host = {0};
	struct object object;

	(void)state;
	model_idle(&host);
	memdev_of(&host, "mem0")->address[0] = '\0';
	assert_int_equal(object_find(&host, "", &object, NULL), -ENOENT);
}

static void test_find_in_nothing(void **state)
{
	struct host host = {0};
	struct object object;
	struct error err = {0};

	(void)state;
	check_error(object_find(&host, "mem0", &object, &err), -ENOENT, &err,
		    "there is no \"mem0\"",
		    "root ports: none; dax devices: none; cxl-iso list --tree shows all");
}

static void test_find_ambiguous(void **state)
{
	cleanup_host struct host host = {0};
	struct object object;
	struct error err = {0};

	(void)state;
	model_idle(&host);
	model_root_port(&host, "0001:0c:00.0", "pci0001:0c");
	check_error(object_find(&host, "0c:00.0", &object, &err), -ENOTUNIQ, &err,
		    "\"0c:00.0\" stands for 2 objects",
		    "say its whole PCI address, with the domain");
	check_found(&host, PORT_A, OBJECT_ROOT_PORT, PORT_A);
	check_found(&host, "0001:0c:00.0", OBJECT_ROOT_PORT, "0001:0c:00.0");
	check_found(&host, "0c:01.0", OBJECT_ROOT_PORT, PORT_B);
}

static void test_find_ambiguous_kinds(void **state)
{
	cleanup_host struct host host = {0};
	struct object object;

	(void)state;
	model_idle(&host);
	model_function(&host, "0001:0c:00.0", PORT_D, FUNCTION_OTHER, "");
	model_memdev(&host, "mem3", "0002:0c:00.0", PORT_D, 0x1234);
	assert_int_equal(object_find(&host, "0c:00.0", &object, NULL), -ENOTUNIQ);
	assert_int_equal(object_find(&host, "serial:0x1234", &object, NULL), -ENOTUNIQ);
}

/* More objects than a hint can name: it ends, and stays text. */
static void test_find_hint_fits(void **state)
{
	cleanup_host struct host host = {0};
	struct object object;
	struct error err = {0};
	char name[NAME_SIZE];

	(void)state;
	model_idle(&host);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "0000:%02x:10.0", i);
		model_root_port(&host, name, "pci0000:0c");
		copy_text(((struct dax *)list_add(&host.dax_devices))->name, NAME_SIZE, name);
	}
	assert_int_equal(object_find(&host, "mem9", &object, &err), -ENOENT);
	assert_true(starts_with(err.hint, "root ports: 0000:0c:00.0, 0000:0c:01.0, "));
	assert_non_null(strstr(err.hint, "; dax devices: 0000:00:10.0, "));
	assert_non_null(strstr(err.hint, "; cxl-iso list --tree shows all"));
}

/* ---- words that must stand for root ports ---- */

static void check_port(const struct host *host, const char *word, const char *address)
{
	const struct root_port *port;
	struct error err = {0};

	check_error(object_find_port(host, word, &port, &err), 0, &err, "", "");
	assert_string_equal(port->address, address);
}

static void check_no_port(const struct host *host, const char *word, int code, const char *text,
			  const char *hint)
{
	const struct root_port *port = (const void *)host;
	struct error err = {0};

	check_error(object_find_port(host, word, &port, &err), code, &err, text, hint);
	assert_null(port);
}

static void test_find_port(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	check_port(&host, PORT_A, PORT_A);
	check_port(&host, "0c:01.0", PORT_B);
	check_port(&host, "de:01.0", PORT_D);
}

static void test_find_port_given_others(void **state)
{
	static const char list[] = "cxl-iso list shows what lies below each root port";
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	check_no_port(&host, "mem1", -EINVAL, "mem1 is a CXL memory device, not a CXL root port",
		      "its root port is 0000:0c:01.0");
	check_no_port(&host, "0d:00.0", -EINVAL,
		      "0d:00.0 is a CXL memory device, not a CXL root port",
		      "its root port is 0000:0c:00.0");
	check_no_port(&host, "serial:0x1234", -EINVAL,
		      "serial:0x1234 is a CXL memory device, not a CXL root port",
		      "its root port is 0000:0c:00.0");
	check_no_port(&host, "0000:e0:00.0", -EINVAL,
		      "0000:e0:00.0 is a PCI function, not a CXL root port",
		      "its root port is 0000:de:01.0");
	check_no_port(&host, "region0", -EINVAL, "region0 is a region, not a CXL root port", list);
	check_no_port(&host, "dax0.0", -EINVAL, "dax0.0 is a dax device, not a CXL root port",
		      list);
	check_no_port(&host, "node1", -EINVAL, "node1 is a NUMA node, not a CXL root port", list);
}

static void test_find_port_absent(void **state)
{
	struct host empty = {0};
	cleanup_host struct host host = {0};

	(void)state;
	model_idle(&host);
	check_no_port(&host, "0c:02.0", -ENOENT, "there is no CXL root port \"0c:02.0\"",
		      "root ports: 0000:0c:00.0, 0000:0c:01.0, 0000:de:00.0, 0000:de:01.0");
	check_no_port(&empty, "0c:02.0", -ENOENT, "there is no CXL root port \"0c:02.0\"",
		      "root ports: none");
}

static void test_find_port_ambiguous(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_idle(&host);
	model_root_port(&host, "0001:0c:00.0", "pci0001:0c");
	check_no_port(&host, "0c:00.0", -ENOTUNIQ, "\"0c:00.0\" stands for 2 objects",
		      "say its whole PCI address, with the domain");
	check_port(&host, "0001:0c:00.0", "0001:0c:00.0");
}

/* ---- the dax devices of an object ---- */

static void add_name(void *context, const struct dax_view *view)
{
	strcat(context, view->dax->name);
	strcat(context, " ");
}

static void check_dax_of(const struct host *host, const char *word, const char *expected)
{
	cleanup_survey struct survey *survey = survey_new(host);
	struct object object;
	char names[256] = "";

	assert_int_equal(object_find(host, word, &object, NULL), 0);
	object_each_dax(survey, &object, add_name, names);
	if (strcmp(names, expected) != 0)
		fail_msg("%s has \"%s\" instead of \"%s\"", word, names, expected);
}

static void test_each_dax(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	dax_of(&host, "dax1.0")->node = 3;
	copy_text(((struct dax *)list_add(&host.dax_devices))->name, NAME_SIZE, "dax9.0");
	dax_of(&host, "dax9.0")->node = 1; /* without a region */
	check_dax_of(&host, "dax0.0", "dax0.0 ");
	check_dax_of(&host, "region0", "dax0.0 ");
	check_dax_of(&host, "region1", "dax1.0 ");
	check_dax_of(&host, "node1", "dax0.0 dax9.0 ");
	check_dax_of(&host, "node0", "");
	check_dax_of(&host, "mem0", "dax0.0 ");
	check_dax_of(&host, "mem2", "dax1.0 ");
	check_dax_of(&host, PORT_A, "dax0.0 ");
	check_dax_of(&host, PORT_B, "dax1.0 ");
	check_dax_of(&host, PORT_D, "");
	check_dax_of(&host, "e0:00.0", "");
}

/* What lies below a switch is that of the memory devices below it, however deep. */
static void test_each_dax_below_switch(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	model_function(&host, "0000:0f:00.0", PORT_A, FUNCTION_BRIDGE, "");
	model_function(&host, "0000:10:00.0", PORT_A, FUNCTION_BRIDGE, "");
	copy_text(function_of(&host, "0000:10:00.0")->parent, NAME_SIZE, "0000:0f:00.0");
	check_dax_of(&host, "0f:00.0", "");
	copy_text(function_of(&host, DEVICE_A)->parent, NAME_SIZE, "0000:10:00.0");
	check_dax_of(&host, "10:00.0", "dax0.0 ");
	check_dax_of(&host, "0f:00.0", "dax0.0 ");
	copy_text(function_of(&host, "0000:0f:00.0")->parent, NAME_SIZE, "0000:10:00.0");
	check_dax_of(&host, "10:00.0", "dax0.0 ");
	copy_text(function_of(&host, DEVICE_A)->parent, NAME_SIZE, PORT_A);
	check_dax_of(&host, "10:00.0", "");
}

int main(void)
{
	static const struct CMUnitTest relations[] = {
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_empty_host),
		cmocka_unit_test(test_region_below),
		cmocka_unit_test(test_region_is_dynamic),
		cmocka_unit_test(test_dax_below),
		cmocka_unit_test(test_ranges_overlap),
		cmocka_unit_test(test_empty_ranges_overlap_nothing),
		cmocka_unit_test(test_dax_has_block),
		cmocka_unit_test(test_dax_has_block_of_small_mapping),
		cmocka_unit_test(test_dax_has_block_of_second_mapping),
		cmocka_unit_test(test_dax_has_block_at_the_top),
		cmocka_unit_test(test_dax_whole_blocks),
		cmocka_unit_test(test_dax_whole_blocks_at_the_top),
		cmocka_unit_test(test_online),
		cmocka_unit_test(test_online_bytes),
	};
	static const struct CMUnitTest words[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_absent),
		cmocka_unit_test(test_find_nothing_by_no_word),
		cmocka_unit_test(test_find_nothing_by_unknown_serial),
		cmocka_unit_test(test_find_in_nothing),
		cmocka_unit_test(test_find_ambiguous),
		cmocka_unit_test(test_find_ambiguous_kinds),
		cmocka_unit_test(test_find_hint_fits),
		cmocka_unit_test(test_find_port),
		cmocka_unit_test(test_find_port_given_others),
		cmocka_unit_test(test_find_port_absent),
		cmocka_unit_test(test_find_port_ambiguous),
		cmocka_unit_test(test_each_dax),
		cmocka_unit_test(test_each_dax_below_switch),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(relations, NULL, NULL);
	failed += cmocka_run_group_tests(words, NULL, NULL);
	return failed ? 1 : 0;
}
