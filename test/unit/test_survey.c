// SPDX-License-Identifier: GPL-2.0-or-later
/* model/survey.c: what lies below each port, found by name, by address, by node. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include "model.h"
#include "model/survey.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define NAMES 256

/* "region0 region1 " */
#define check_names(list, member, expected)                                             \
	do {                                                                            \
		char names_[NAMES] = "";                                                \
		size_t used_ = 0;                                                       \
		list_each_pointer(item_, list)                                          \
			used_ += (size_t)snprintf(names_ + used_, NAMES - used_, "%s ", \
						  item_->member);                       \
		assert_string_equal(names_, expected);                                  \
	} while (0)

static const struct below *below(const struct survey *survey, const char *port)
{
	const struct below *found = survey_find(survey, port);

	assert_non_null(found);
	assert_ptr_equal(found, survey_below(survey, found->port));
	return found;
}

static void test_names(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	survey = survey_new(&host);
	assert_ptr_equal(survey_host(survey), &host);
	assert_ptr_equal(survey_find(survey, PORT_C)->port, host_root_port(&host, PORT_C));
	assert_ptr_equal(survey_region(survey, "region1"), host_region(&host, "region1"));
	assert_ptr_equal(survey_dax(survey, "dax1.0")->dax, host_dax(&host, "dax1.0"));
	assert_ptr_equal(survey_memdev_at(survey, DEVICE_B), host_memdev(&host, "mem1"));
	assert_ptr_equal(survey_node(survey, 1)->node, host_node(&host, 1));
}

static void test_absent(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	memdev_of(&host, "mem0")->address[0] = '\0';
	survey = survey_new(&host);
	assert_null(survey_find(survey, DEVICE_A));
	assert_null(survey_find(survey, "0c:00.0"));
	assert_null(survey_find(survey, ""));
	assert_null(survey_region(survey, "region"));
	assert_null(survey_region(survey, "region10"));
	assert_null(survey_region(survey, ""));
	assert_null(survey_dax(survey, "dax1"));
	assert_null(survey_memdev_at(survey, PORT_A));
	assert_null(survey_memdev_at(survey, "")); /* that of mem0 is unknown */
	assert_null(survey_node(survey, 7));
	assert_null(survey_node(survey, -1));
}

static void test_empty_host(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	struct host host = {0};
	size_t count = 1;

	(void)state;
	survey = survey_new(&host);
	assert_null(survey_find(survey, PORT_A));
	assert_null(survey_node(survey, 0));
	assert_null(survey_blocks(survey, 0, UINT64_MAX, &count));
	assert_int_equal(count, 0);
	assert_int_equal(survey_online_bytes(survey, 0, UINT64_MAX), 0);
}

/* What it points to may be gone when it is freed. */
static void test_host_freed_first(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	struct host host = {0};

	(void)state;
	model_rich(&host);
	survey = survey_new(&host);
	host_free(&host);
	survey_free(&survey);
	assert_null(survey);
	survey_free(&survey); /* once more is harmless */
}

/* ---- below ---- */

static void test_below(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};
	const struct below *a;

	(void)state;
	model_system_ram(&host);
	model_function(&host, "0000:0d:00.1", PORT_A, FUNCTION_OTHER, "e1000e");
	model_user(&host, "dax0.0", 9, "cat", MIB);
	survey = survey_new(&host);
	a = below(survey, PORT_A);
	check_names(&a->functions, address, "0000:0d:00.0 0000:0d:00.1 ");
	check_names(&a->memdevs, name, "mem0 ");
	check_names(&a->decoders, name, "decoder3.0 decoder3.1 decoder3.2 decoder3.3 ");
	check_names(&a->regions, name, "region0 ");
	check_names(&a->dax, dax->name, "dax0.0 ");
	assert_ptr_equal(a->dax.items[0], survey_dax(survey, "dax0.0"));
	assert_ptr_equal(a->dax.items[0]->region, host_region(&host, "region0"));
	assert_int_equal(a->dax.items[0]->users.count, 1);
	assert_int_equal(a->dax.items[0]->users.items[0]->pid, 9);
	assert_null(a->dax.items[0]->contents);
	check_names(&below(survey, PORT_B)->memdevs, name, "mem1 ");
	check_names(&below(survey, PORT_B)->regions, name, "");
	check_names(&below(survey, PORT_B)->dax, dax->name, "");
	check_names(&below(survey, PORT_D)->functions, address, "");
}

static void test_below_more(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};
	const struct dax_view *view;
	struct mount *mount;

	(void)state;
	model_devdax(&host);
	*list_add(&host.namespaces) =
		(struct namespace){.name = "namespace0.0", .region = "region0"};
	*list_add(&host.namespaces) =
		(struct namespace){.name = "namespace9.0", .region = "region9"};
	mount = list_add(&host.mounts);
	*mount = (struct mount){.source = "dax0.0", .path = xstrdup("/mnt")};
	*list_add(&host.mounts) = (struct mount){.source = "pmem0"};
	*list_add(&host.contents) = (struct contents){.dax = "dax0.0", .held = MIB};
	*list_add(&host.users) = (struct user){.dax = "dax9.0", .pid = 5};
	survey = survey_new(&host);
	view = survey_dax(survey, "dax0.0");
	check_names(&below(survey, PORT_A)->namespaces, name, "namespace0.0 ");
	check_names(&below(survey, PORT_B)->namespaces, name, "");
	check_names(&view->mounts, path, "/mnt ");
	assert_int_equal(view->users.count, 0);
	assert_int_equal(view->contents->held, MIB);
}

/* Memory that only firmware described is below no port that we know of. */
static void test_dax_without_region(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};

	(void)state;
	model_system_ram(&host);
	dax_of(&host, "dax0.0")->region[0] = '\0';
	survey = survey_new(&host);
	assert_int_equal(below(survey, PORT_A)->dax.count, 0);
	assert_null(survey_dax(survey, "dax0.0")->region);
}

/* A memory device without endpoint has no decoders; nor has one whose port is unknown a place. */
static void test_memdev_in_part(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};

	(void)state;
	model_idle(&host);
	memdev_of(&host, "mem0")->endpoint[0] = '\0';
	decoder_of(&host, "decoder3.0")->port[0] = '\0';
	strcpy(memdev_of(&host, "mem1")->root_port, "0000:77:00.0");
	survey = survey_new(&host);
	check_names(&below(survey, PORT_A)->memdevs, name, "mem0 ");
	assert_int_equal(below(survey, PORT_A)->decoders.count, 0);
	assert_int_equal(below(survey, PORT_B)->memdevs.count, 0);
	assert_int_equal(below(survey, PORT_B)->decoders.count, 0);
	assert_string_equal(survey_memdev_at(survey, DEVICE_B)->name, "mem1");
}

/* Two devices behind a switch below one port: the region is there once, with what is on it. */
static void test_several_targets_below_one_port(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};

	(void)state;
	model_idle(&host);
	strcpy(memdev_of(&host, "mem1")->root_port, PORT_A);
	model_region(&host, "region0", "mem0,mem2,mem1", WINDOW_2);
	model_ram(&host, "dax0.0", "region0");
	*list_add(&host.namespaces) =
		(struct namespace){.name = "namespace0.0", .region = "region0"};
	survey = survey_new(&host);
	check_names(&below(survey, PORT_A)->memdevs, name, "mem0 mem1 ");
	check_names(&below(survey, PORT_A)->regions, name, "region0 ");
	check_names(&below(survey, PORT_A)->dax, dax->name, "dax0.0 ");
	check_names(&below(survey, PORT_A)->namespaces, name, "namespace0.0 ");
	assert_int_equal(below(survey, PORT_A)->decoders.count, 8);
	check_names(&below(survey, PORT_C)->regions, name, "region0 ");
	check_names(&below(survey, PORT_B)->regions, name, "");
}

static void test_neighbours(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};
	const struct neighbours *first, *second;

	(void)state;
	model_idle(&host);
	model_region(&host, "region0", "mem0", WINDOW_0);
	model_region(&host, "region1", "mem1,mem2", WINDOW_2);
	survey = survey_new(&host);
	first = below(survey, PORT_A)->neighbours;
	second = below(survey, PORT_C)->neighbours;
	assert_ptr_equal(below(survey, PORT_B)->neighbours, first);
	assert_ptr_equal(below(survey, PORT_D)->neighbours, second);
	assert_string_equal(first->bridge->name, "pci0000:0c");
	check_names(&first->regions, name, "region0 region1 ");
	check_names(&second->regions, name, "region1 ");
	check_names(&first->decoders, name, "decoder1.0 decoder1.1 decoder1.2 decoder1.3 ");
	check_names(&second->decoders, name, "decoder2.0 decoder2.1 decoder2.2 decoder2.3 ");
}

static void test_no_bridge(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};

	(void)state;
	model_system_ram(&host);
	host.bridges.count = 0;
	survey = survey_new(&host);
	assert_null(below(survey, PORT_A)->neighbours);
	check_names(&below(survey, PORT_A)->regions, name, "region0 ");
}

/* Two of a name: the first has it, the other is still there by itself. */
static void test_names_twice(void **state)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};

	(void)state;
	model_system_ram(&host);
	model_root_port(&host, PORT_A, "pci0000:0c");
	model_region(&host, "region0", "mem1", WINDOW_0 + GIB);
	model_dax(&host, "dax0.0", "region0", DAX_DEVDAX);
	model_user(&host, "dax0.0", 9, "cat", MIB);
	survey = survey_new(&host);
	assert_ptr_equal(survey_find(survey, PORT_A)->port, &host.root_ports.items[0]);
	assert_int_equal(survey_below(survey, &host.root_ports.items[4])->functions.count, 0);
	assert_ptr_equal(survey_region(survey, "region0"), &host.regions.items[0]);
	check_names(&below(survey, PORT_B)->regions, name, "region0 ");
	assert_ptr_equal(below(survey, PORT_B)->regions.items[0], &host.regions.items[1]);
	assert_int_equal(survey_dax(survey, "dax0.0")->users.count, 1);
}

/* ---- memory blocks ---- */

static void check_blocks(const struct host *host, uint64_t start, uint64_t size, size_t first,
			 size_t expected)
{
	cleanup_survey struct survey *survey = survey_new(host);
	size_t count;
	const struct block *blocks = survey_blocks(survey, start, size, &count);

	assert_int_equal(count, expected);
	if (expected)
		assert_ptr_equal(blocks, &host->blocks.items[first]);
	else
		assert_null(blocks);
	assert_int_equal(survey_online_bytes(survey, start, size), expected * host->block_size);
}

static void test_blocks(void **state)
{
	cleanup_host struct host host = {0};
	uint64_t gap = WINDOW_0 + 4 * BLOCK_SIZE; /* of two blocks, between four and two */

	(void)state;
	model_idle(&host);
	model_blocks(&host, gap + 2 * BLOCK_SIZE, 2 * BLOCK_SIZE, "online", "Movable");
	model_blocks(&host, WINDOW_0, 4 * BLOCK_SIZE, "online", "Movable");
	check_blocks(&host, WINDOW_0, 4 * BLOCK_SIZE, 0, 4);
	check_blocks(&host, 0, UINT64_MAX, 0, 6);
	check_blocks(&host, gap - BLOCK_SIZE, 4 * BLOCK_SIZE, 3, 2);
	check_blocks(&host, gap, 2 * BLOCK_SIZE, 0, 0);
}

/* Every start and end around every edge, against a walk over all of them. */
static void test_blocks_at_edges(void **state)
{
	cleanup_host struct host host = {0};
	static const int64_t near[] = {-1, 0, 1};

	(void)state;
	model_idle(&host);
	model_blocks(&host, WINDOW_0 + 6 * BLOCK_SIZE, 2 * BLOCK_SIZE, "online", "Movable");
	model_blocks(&host, WINDOW_0 + BLOCK_SIZE, 3 * BLOCK_SIZE, "online", "Movable");
	for (uint64_t from = 0; from < 9 * ARRAY_SIZE(near); from++)
		for (uint64_t to = 0; to < 10 * ARRAY_SIZE(near); to++) {
			cleanup_survey struct survey *survey = survey_new(&host);
			uint64_t start = WINDOW_0 + from / 3 * BLOCK_SIZE + near[from % 3];
			uint64_t end = WINDOW_0 + to / 3 * BLOCK_SIZE + near[to % 3];
			uint64_t size = end > start ? end - start : 0;
			size_t count, wanted = 0;
			const struct block *blocks = survey_blocks(survey, start, size, &count);

			list_each(block, &host.blocks)
				if (ranges_overlap(block->start, BLOCK_SIZE, start, size)) {
					if (wanted++ == 0)
						assert_ptr_equal(blocks, block);
				}
			assert_int_equal(count, wanted);
		}
}

static void test_blocks_sorted_by_host_sort(void **state)
{
	cleanup_host struct host host = {0};
	static const int order[] = {3, 0, 4, 1, 2};

	(void)state;
	model_idle(&host);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		struct block *block = list_add(&host.blocks);

		block->number = order[i];
		block->start = order[i] * BLOCK_SIZE;
		strcpy(block->state, "online");
	}
	host_sort(&host);
	check_blocks(&host, BLOCK_SIZE, 2 * BLOCK_SIZE, 1, 2);
	for (int i = 0; i < 5; i++)
		assert_int_equal(host.blocks.items[i].number, i);
}

static void test_blocks_at_the_top(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_idle(&host);
	for (int i = 2; i > 0; i--) {
		struct block *block = list_add(&host.blocks);

		block->start = -i * BLOCK_SIZE;
		strcpy(block->state, "online");
	}
	check_blocks(&host, -2 * BLOCK_SIZE, 2 * BLOCK_SIZE, 0, 2);
	check_blocks(&host, -BLOCK_SIZE, BLOCK_SIZE, 1, 1);
	check_blocks(&host, UINT64_MAX, 1, 1, 1);
	check_blocks(&host, 0, BLOCK_SIZE, 0, 0);
}

static void test_no_block_size(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_survey struct survey *survey = NULL;
	size_t count = 1;

	(void)state;
	model_system_ram(&host);
	host.block_size = 0;
	survey = survey_new(&host);
	assert_null(survey_blocks(survey, WINDOW_0, DEVICE_SIZE, &count));
	assert_int_equal(count, 0);
}

static void test_online_bytes(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_survey struct survey *survey = NULL;

	(void)state;
	model_system_ram(&host);
	strcpy(host.blocks.items[0].state, "offline");
	strcpy(host.blocks.items[1].state, "going-offline");
	survey = survey_new(&host);
	assert_int_equal(survey_online_bytes(survey, WINDOW_0, DEVICE_SIZE), BLOCK_SIZE);
	assert_int_equal(survey_online_bytes(survey, WINDOW_0, BLOCK_SIZE), 0);
}

/* Two halves of all there is, twice: more than can be said. */
static void test_online_bytes_are_capped(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_survey struct survey *survey = NULL;

	(void)state;
	model_system_ram(&host);
	host.block_size = 1ull << 63;
	host.blocks.items[0].start = host.blocks.items[1].start = 0;
	survey = survey_new(&host);
	assert_true(survey_online_bytes(survey, 0, UINT64_MAX) == UINT64_MAX);
}

/* ---- nodes ---- */

static uint64_t share(const struct survey *survey, const char *port, int number)
{
	list_each(share, &below(survey, port)->nodes)
		if (share->view == survey_node(survey, number))
			return share->online;
	return 0;
}

static void test_shares(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_survey struct survey *survey = NULL;

	(void)state;
	model_system_ram(&host);
	model_region(&host, "region1", "mem1", WINDOW_0 + GIB);
	model_ram(&host, "dax1.0", "region1");
	host.blocks.items[0].node = 0; /* the first of two below the first port */
	strcpy(host.blocks.items[3].state, "offline");
	survey = survey_new(&host);
	assert_int_equal(share(survey, PORT_A, 0), BLOCK_SIZE);
	assert_int_equal(share(survey, PORT_A, 1), BLOCK_SIZE);
	assert_int_equal(share(survey, PORT_B, 1), BLOCK_SIZE);
	assert_int_equal(below(survey, PORT_B)->nodes.count, 1);
	assert_int_equal(below(survey, PORT_C)->nodes.count, 0);
}

static void test_shares_of_unknown_nodes(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_survey struct survey *survey = NULL;

	(void)state;
	model_system_ram(&host);
	host.blocks.items[0].node = -1;
	host.blocks.items[1].node = 77;
	survey = survey_new(&host);
	assert_int_equal(below(survey, PORT_A)->nodes.count, 0);
}

static void test_node_views(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_survey struct survey *survey = NULL;

	(void)state;
	model_system_ram(&host);
	*list_add(&host.usages) = (struct usage){.node = 1, .pid = 3};
	*list_add(&host.usages) = (struct usage){.node = 0, .pid = 4};
	*list_add(&host.usages) = (struct usage){.node = 1, .pid = 5};
	*list_add(&host.usages) = (struct usage){.node = 9, .pid = 6};
	*list_add(&host.groups) = (struct group){.path = xstrdup("/a"), .node = 1};
	survey = survey_new(&host);
	assert_int_equal(survey_node(survey, 1)->usages.count, 2);
	assert_int_equal(survey_node(survey, 1)->usages.items[1]->pid, 5);
	assert_int_equal(survey_node(survey, 0)->usages.count, 1);
	check_names(&survey_node(survey, 1)->groups, path, "/a ");
	assert_int_equal(survey_node(survey, 0)->groups.count, 0);
}

/* Numbers as far apart as they can be, in any order, and one that is unknown. */
static void test_node_numbers(void **state)
{
	static const int numbers[] = {INT32_MAX, -1, 0, 1, 1000000};
	cleanup_host struct host host = {0};
	cleanup_survey struct survey *survey = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		*list_add(&host.nodes) = (struct node){.number = numbers[i]};
	survey = survey_new(&host);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_ptr_equal(survey_node(survey, numbers[i])->node, &host.nodes.items[i]);
	assert_null(survey_node(survey, 2));
}

static void test_process_numbers(void **state)
{
	static const int numbers[] = {INT32_MAX, -1, 1, 1000000};
	cleanup_host struct host host = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		*list_add(&host.processes) = (struct process){.pid = numbers[i]};
	host_sort(&host);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_int_equal(host_process(&host, numbers[i])->pid, numbers[i]);
	assert_null(host_process(&host, 2));
}

int main(void)
{
	static const struct CMUnitTest names[] = {
		cmocka_unit_test(test_names),	    cmocka_unit_test(test_absent),
		cmocka_unit_test(test_empty_host),  cmocka_unit_test(test_host_freed_first),
		cmocka_unit_test(test_names_twice),
	};
	static const struct CMUnitTest ports[] = {
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_below_more),
		cmocka_unit_test(test_dax_without_region),
		cmocka_unit_test(test_memdev_in_part),
		cmocka_unit_test(test_several_targets_below_one_port),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_no_bridge),
	};
	static const struct CMUnitTest blocks[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_blocks_at_edges),
		cmocka_unit_test(test_blocks_sorted_by_host_sort),
		cmocka_unit_test(test_blocks_at_the_top),
		cmocka_unit_test(test_no_block_size),
		cmocka_unit_test(test_online_bytes),
		cmocka_unit_test(test_online_bytes_are_capped),
	};
	static const struct CMUnitTest nodes[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_shares_of_unknown_nodes),
		cmocka_unit_test(test_node_views),
		cmocka_unit_test(test_node_numbers),
		cmocka_unit_test(test_process_numbers),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(names, NULL, NULL);
	failed += cmocka_run_group_tests(ports, NULL, NULL);
	failed += cmocka_run_group_tests(blocks, NULL, NULL);
	failed += cmocka_run_group_tests(nodes, NULL, NULL);
	return failed ? 1 : 0;
}
