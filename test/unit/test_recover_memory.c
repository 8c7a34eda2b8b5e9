// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/rules_memory.c as recover asks it: dax devices and memory blocks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <string.h>

#include "findings.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* ---- recover: dax devices ---- */

/* However its memory is divided, it can be divided so again. */
static void test_dax_missing(void **state)
{
	struct host *host = *state;

	model_forget_dax(host);
	host->blocks.count = 0;
	check_recover_clear(host, PORT_A);
}

static void test_dax_divided(void **state)
{
	cleanup_host struct host divided = {0};

	(void)state;
	model_divided(&divided);
	check_recover(&divided, PORT_A, "devdax-contents dax0.2");
	dax_of(&divided, "dax0.2")->mode = DAX_DISABLED;
	check_recover(&divided, PORT_A, "devdax-contents dax0.2");
	/* two blocks of 64 MiB are dax0.0's, wherever */
	divided.blocks.count = 1;
	check_recover(&divided, PORT_A, "kmem-incomplete dax0.0", "devdax-contents dax0.2");
	check_blocks(&divided, PORT_A, "kmem-incomplete",
		     "kmem has added 1 of 2 memory blocks of dax0.0: it is still at it, or failed",
		     "try again in a moment; if it stays so, see the kernel log");
}

/* Whichever of them they are of: the range is never a neighbour's. */
static void test_dax_divided_left(void **state)
{
	cleanup_host struct host divided = {0};

	(void)state;
	model_divided(&divided);
	model_blocks(&divided, WINDOW_0 + 64 * MIB, 64 * MIB, "offline", "Movable");
	check_recover(&divided, PORT_A, "memory-left dax0.2", "devdax-contents dax0.2");
	strcpy(divided.blocks.items[2].zones, "Normal"); /* the last one, of dax0.0 */
	check_recover(&divided, PORT_A, "memory-left dax0.2", "zone-normal dax0.0",
		      "devdax-contents dax0.2");
}

static void check_incomplete(const struct host *host, const char *fact)
{
	check_alone(host, PORT_A, "kmem-incomplete", "dax0.0");
	check_blocks(host, PORT_A, "kmem-incomplete", fact,
		     "try again in a moment; if it stays so, see the kernel log");
}

static void test_kmem_incomplete(void **state)
{
	struct host *host = *state;

	host->blocks.count = 1;
	check_incomplete(host, "kmem has added 1 of 2 memory blocks of dax0.0: it is still at it, "
			       "or failed");
	host->blocks.count = 0;
	check_incomplete(host, "kmem has added 0 of 2 memory blocks of dax0.0: it is still at it, "
			       "or failed");
}

static void test_dax_of_other_drivers(void **state)
{
	struct host *host = *state;

	dax_of(host, "dax0.0")->mode = DAX_FAMFS;
	check_recover(host, PORT_A, "dax-driver dax0.0", "devdax-contents dax0.0");
	check_blocks(host, PORT_A, "dax-driver", "dax0.0 is driven by neither kmem nor device_dax",
		     "unmount what is on it, then: daxctl disable-device dax0.0");
	dax_of(host, "dax0.0")->mode = DAX_OTHER;
	check_recover(host, PORT_A, "dax-driver dax0.0", "devdax-contents dax0.0");
	check_not_forcible(host, PORT_A, "devdax-contents");
}

static void test_devdax_contents(void **state)
{
	struct host *host = *state;

	check_recover(host, PORT_A, "devdax-contents dax0.0");
	check_says(host, PORT_A, "devdax-contents", SEVERITY_LOSES,
		   "a reset loses the contents of dax0.0 (256 MiB)",
		   "keep them in a file: --save=DIRECTORY; or say that they may go: "
		   "--discard-contents");
	dax_of(host, "dax0.0")->mode = DAX_DISABLED; /* they are lost as well */
	check_recover(host, PORT_A, "devdax-contents dax0.0");
}

static void test_devdax_in_use(void **state)
{
	struct host *host = *state;

	model_user(host, "dax0.0", 4711, "qemu", MIB);
	check_recover(host, PORT_A, "devdax-in-use dax0.0", "devdax-contents dax0.0");
	check_blocks(host, PORT_A, "devdax-in-use",
		     "qemu[4711] maps /dev/dax0.0 and would be killed by SIGBUS",
		     "stop it first, or say how: --users=wait, term or kill; daxctl-ext list-users "
		     "dax0.0 shows all users");
	check_not_forcible(host, PORT_A, "devdax-contents");
}

/* Who only holds it open has nothing mapped that could be taken from under him. */
static void test_devdax_held(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct host *host = *state;

	model_user(host, "dax0.0", 4711, "qemu", 0);
	check_recover(host, PORT_A, "devdax-in-use dax0.0", "devdax-contents dax0.0");
	assess(host, PORT_A, NULL, &findings);
	assert_true(starts_with(findings.list.items[0].evidence, "qemu[4711] holds /dev/dax0.0"));
	assert_null(strstr(findings.list.items[0].evidence, "SIGBUS"));
}

static void test_devdax_users_elsewhere(void **state)
{
	struct host *host = *state;

	model_region(host, "region1", "mem2", WINDOW_1);
	model_dax(host, "dax1.0", "region1", DAX_DEVDAX);
	model_user(host, "dax1.0", 1, "qemu", MIB);
	check_recover(host, PORT_A, "devdax-contents dax0.0");
}

/* ---- recover: memory blocks ---- */

#define ZONE_FIX                                                                                  \
	"online CXL memory as online_movable from the start; or try to offline it all the same, " \
	"with everything put back if that fails: --force=zone-normal"

static void test_zone_normal(void **state)
{
	struct host *host = *state;

	strcpy(host->blocks.items[1].zones, "Normal");
	check_recover(host, PORT_A, "zone-normal dax0.0");
	check_blocks(
		host, PORT_A, "zone-normal",
		"memory211 of dax0.0 is online in a kernel zone, which can hold pages that never "
		"move",
		ZONE_FIX);
	strcpy(host->blocks.items[0].zones, "none"); /* what holds several zones, or boot memory */
	check_blocks(
		host, PORT_A, "zone-normal",
		"memory210-211 of dax0.0 is online in a kernel zone, which can hold pages that "
		"never move",
		ZONE_FIX);
	strcpy(host->blocks.items[0].state, "offline");
	strcpy(host->blocks.items[1].state, "going-offline");
	check_blocks(
		host, PORT_A, "zone-normal",
		"memory211 of dax0.0 is online in a kernel zone, which can hold pages that never "
		"move",
		ZONE_FIX);
}

static void test_zone_normal_names(void **state)
{
	struct host *host = *state;

	region_of(host, "region0")->size = 8 * BLOCK_SIZE;
	decoder_of(host, "decoder3.0")->size = 8 * BLOCK_SIZE;
	function_of(host, DEVICE_A)->hdm.items[0].size = 8 * BLOCK_SIZE;
	dax_of(host, "dax0.0")->mappings.items[0].size = 8 * BLOCK_SIZE;
	host->blocks.count = 0;
	model_blocks(host, WINDOW_0, 8 * BLOCK_SIZE, "online", "Normal");
	strcpy(host->blocks.items[1].zones, "Movable");
	strcpy(host->blocks.items[5].state, "offline");
	check_blocks(host, PORT_A, "zone-normal",
		     "memory210, 212-214, 216-217 of dax0.0 is online in a kernel zone, which can "
		     "hold pages that never move",
		     ZONE_FIX);
}

/* More blocks than the evidence can name. */
static void test_zone_normal_many(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct host *host = *state;

	dax_of(host, "dax0.0")->mappings.items[0].size = 1000 * BLOCK_SIZE;
	host->blocks.count = 0;
	model_blocks(host, WINDOW_0, 1000 * BLOCK_SIZE, "online", "Normal");
	for (size_t i = 0; i < host->blocks.count; i += 2)
		strcpy(host->blocks.items[i].zones, "Movable");
	assess(host, PORT_A, NULL, &findings);
	list_each(finding, &findings.list)
		if (strcmp(finding->id, "zone-normal") == 0)
			assert_true(starts_with(finding->evidence, "memory211, 213, 215, "));
}

static void test_unexplained_memory(void **state)
{
	struct host *host = *state;

	model_forget_regions(host);
	check_recover(host, PORT_A, "unexplained-memory decoder3.0");
	check_not_forcible(host, PORT_A, "");
	check_blocks(host, PORT_A, "unexplained-memory",
		     "memory210 is online in the range that decoder3.0 decodes, and no region "
		     "explains it: firmware set it up",
		     "reboot instead, or have firmware leave this memory to Linux");
}

static void test_unexplained_in_registers(void **state)
{
	struct host *host = *state;

	model_forget_regions(host);
	decoder_of(host, "decoder3.0")->size = 0; /* Linux does not know */
	check_recover(host, PORT_A, "unexplained-memory " DEVICE_A);
	function_of(host, DEVICE_A)->hdm.items[0].committed = false;
	check_recover(host, PORT_A, "memory-left memory210"); /* no device has it any more */
	host->blocks.count = 0;
	check_recover_clear(host, PORT_A);
}

static void test_unexplained_in_sysfs(void **state)
{
	struct host *host = *state;

	model_forget_regions(host);
	function_of(host, DEVICE_A)->hdm.items[0].committed = false;
	check_recover(host, PORT_A, "unexplained-memory decoder3.0");
	strcpy(host->blocks.items[0].state, "offline");
	strcpy(host->blocks.items[1].state, "offline");
	check_recover(host, PORT_A, "unexplained-memory decoder3.0"); /* nor can this be undone */
}

/* Of two blocks in the range, the dax device has but the first. */
static void test_unexplained_beside_dax(void **state)
{
	struct host *host = *state;

	dax_of(host, "dax0.0")->mappings.items[0].size = BLOCK_SIZE;
	check_recover(host, PORT_A, "unexplained-memory decoder3.0");
}

static void test_unexplained_elsewhere(void **state)
{
	struct host *host = *state;

	model_blocks(host, WINDOW_1, GIB, "online", "Movable");
	decoder_of(host, "decoder5.0")->start = WINDOW_1; /* the memory of mem2 */
	decoder_of(host, "decoder5.0")->size = GIB;
	check_recover_clear(host, PORT_A);
	check_recover(host, PORT_C, "unexplained-memory decoder5.0");
}

/* A dax device that only firmware describes (dax_hmem) lies in what the device decodes. */
static void test_committed_without_region(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct host *host = *state;

	model_forget_regions(host);
	*list_add(&host->dax_devices) = (struct dax){.name = "dax0.0", .mode = DAX_DEVDAX};
	assess(host, PORT_A, &everything, &findings);
	assert_non_null(findings_refusal(&findings));
}
/* ---- room for what is evacuated ---- */

static struct node *node_of(struct host *host, int number)
{
	return (struct node *)host_node(host, number);
}

static struct node *add_node(struct host *host, int number, uint64_t total, uint64_t free)
{
	struct node *node = list_add(&host->nodes);

	node->number = number;
	node->total = total;
	node->free = free;
	node->file = node->reclaimable = UNKNOWN;
	return node;
}

/* @needed has to move: with so much on the other node there is room, with one byte less not. */
static void check_needed(struct host *host, uint64_t needed)
{
	node_of(host, 0)->free = needed;
	check_recover_clear(host, PORT_A);
	if (!needed)
		return;
	node_of(host, 0)->free = needed - 1;
	check_recover(host, PORT_A, "no-room " PORT_A);
}

static void test_room_is_what_is_used(void **state)
{
	struct host *host = *state;

	check_needed(host, 128 * MIB);
	node_of(host, 1)->free = DEVICE_SIZE; /* nothing is used */
	check_needed(host, 0);
	node_of(host, 1)->free = DEVICE_SIZE + 1; /* the two are read one after the other */
	check_needed(host, 0);
	node_of(host, 1)->free = 0;
	check_needed(host, DEVICE_SIZE);
}

/* Of a node that several ports share, ours holds no more than it has online. */
static void test_room_of_a_shared_node(void **state)
{
	struct host *host = *state;

	node_of(host, 1)->total = 4 * GIB;
	node_of(host, 1)->free = 4 * GIB - 100 * MIB;
	check_needed(host, 100 * MIB); /* all of it may be ours */
	node_of(host, 1)->free = GIB;  /* takes nothing: pages go to other nodes than their own */
	check_needed(host, DEVICE_SIZE);
	strcpy(host->blocks.items[0].state, "offline");
	check_needed(host, BLOCK_SIZE);
}

static void test_room_on_several_nodes(void **state)
{
	struct host *host = *state;

	host->blocks.items[1].node = 2;
	add_node(host, 2, BLOCK_SIZE, 28 * MIB);
	node_of(host, 1)->total = BLOCK_SIZE;
	node_of(host, 1)->free = 78 * MIB;
	check_needed(host, 50 * MIB + 100 * MIB);
	/* a third one, below no port of ours, takes its part */
	add_node(host, 3, GIB, 30 * MIB);
	check_needed(host, 120 * MIB);
	/* one of another port as well */
	model_region(host, "region1", "mem2", WINDOW_1);
	model_ram(host, "dax1.0", "region1");
	host->blocks.items[2].node = host->blocks.items[3].node = 3;
	check_needed(host, 120 * MIB);
}

/* What reclaim can free there, as far as the watermarks let it. */
static void test_room_by_reclaim(void **state)
{
	struct host *host = *state;
	struct node *other = node_of(host, 0);

	other->file = 20 * MIB;
	check_needed(host, 108 * MIB);
	other->reclaimable = 8 * MIB;
	check_needed(host, 100 * MIB);
	*list_add(&other->zones) = (struct zone){.name = "DMA32", .high = MIB};
	*list_add(&other->zones) = (struct zone){.name = "Normal", .high = 9 * MIB};
	check_needed(host, 110 * MIB);
	other->zones.items[0].high = GIB; /* nothing is left: no room, and not a lot of it */
	other->free = GIB - MIB;
	check_recover(host, PORT_A, "no-room " PORT_A);
}

/* Free huge pages are used memory as the node counts it, but they are dissolved. */
static void test_room_without_free_huge_pages(void **state)
{
	struct host *host = *state;
	struct huge_pool *pool = list_add(&node_of(host, 1)->huge_pools);

	*pool = (struct huge_pool){.page_size = 2 * MIB, .total = 20, .free = 15};
	node_of(host, 0)->free = 128 * MIB - 30 * MIB;
	check_recover(host, PORT_A, "hugetlb-pages node1");
	node_of(host, 0)->free--;
	check_recover(host, PORT_A, "no-room " PORT_A, "hugetlb-pages node1");
	pool->free = UINT64_MAX; /* nonsense: more than can be said */
	check_recover(host, PORT_A, "no-room " PORT_A, "hugetlb-pages node1");
}

/* Of a node that could not be read, all that is online has to move. */
static void test_room_of_an_unseen_node(void **state)
{
	struct host *host = *state;

	node_of(host, 1)->total = node_of(host, 1)->free = 0;
	check_needed(host, DEVICE_SIZE);
}

static void test_room_by_swap(void **state)
{
	struct host *host = *state;

	node_of(host, 0)->free = 28 * MIB;
	host->system.swap_total = GIB;
	host->system.swap_free = 100 * MIB;
	check_recover(host, PORT_A, "room-by-swap " PORT_A);
	host->system.swap_free--;
	check_recover(host, PORT_A, "no-room " PORT_A);
	host->system.swap_free = UINT64_MAX;
	check_recover(host, PORT_A, "room-by-swap " PORT_A);
}

/* Gigantic pages of all nodes below go where those of all others are free. */
static void test_gigantic_on_several_nodes(void **state)
{
	struct host *host = *state;
	const struct huge_pool used = {.page_size = GIB, .total = 1};

	host->blocks.items[1].node = 2;
	add_node(host, 2, BLOCK_SIZE, BLOCK_SIZE);
	*list_add(&node_of(host, 1)->huge_pools) = used;
	*list_add(&node_of(host, 2)->huge_pools) = used;
	*list_add(&node_of(host, 0)->huge_pools) =
		(struct huge_pool){.page_size = GIB, .total = 2, .free = 2};
	check_recover(host, PORT_A, "hugetlb-pages node1", "hugetlb-pages node2");
	node_of(host, 0)->huge_pools.items[0].free = 1;
	check_recover(host, PORT_A, "gigantic-pages node1", "gigantic-pages node2",
		      "hugetlb-pages node1", "hugetlb-pages node2");
}

/* A process with memory on two nodes below is one for each; others on them only count. */
static void test_pins_on_several_nodes(void **state)
{
	struct host *host = *state;

	host->blocks.items[1].node = 2;
	add_node(host, 2, BLOCK_SIZE, BLOCK_SIZE);
	model_process(host, 77, "qemu")->vfio = true;
	*list_add(&host->usages) = (struct usage){.node = 2, .pid = 77};
	*list_add(&host->usages) = (struct usage){.node = 1, .pid = 77};
	check_recover(host, PORT_A, "pinning-process node1", "pinning-process node2");
	model_process(host, 78, "ibv_rc")->rdma = true;
	*list_add(&host->usages) = (struct usage){.node = 2, .pid = 78};
	check_says(host, PORT_A, "pinning-process", SEVERITY_WARNS,
		   "qemu[77] has memory on node2 and holds a VFIO device, which pins it (an "
		   "unknown amount "
		   "locked); 1 more does so",
		   "stop or migrate it first; daxctl-ext list-users node2 shows all of them");
}

int main(void)
{
	static const struct CMUnitTest dax[] = {
		ON(ram, test_dax_missing),
		ON(ram, test_dax_divided),
		ON(ram, test_dax_divided_left),
		ON(ram, test_kmem_incomplete),
		ON(devdax, test_dax_of_other_drivers),
		ON(devdax, test_devdax_contents),
		ON(devdax, test_devdax_in_use),
		ON(devdax, test_devdax_held),
		ON(devdax, test_devdax_users_elsewhere),
	};
	static const struct CMUnitTest blocks[] = {
		ON(ram, test_zone_normal),
		ON(ram, test_zone_normal_names),
		ON(ram, test_zone_normal_many),
		ON(ram, test_unexplained_memory),
		ON(ram, test_unexplained_in_registers),
		ON(ram, test_unexplained_in_sysfs),
		ON(ram, test_unexplained_beside_dax),
		ON(ram, test_unexplained_elsewhere),
		ON(devdax, test_committed_without_region),
	};
	static const struct CMUnitTest room[] = {
		ON(ram, test_room_is_what_is_used),
		ON(ram, test_room_of_a_shared_node),
		ON(ram, test_room_on_several_nodes),
		ON(ram, test_room_by_reclaim),
		ON(ram, test_room_without_free_huge_pages),
		ON(ram, test_room_of_an_unseen_node),
		ON(ram, test_room_by_swap),
		ON(ram, test_gigantic_on_several_nodes),
		ON(ram, test_pins_on_several_nodes),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(dax, NULL, NULL);
	failed += cmocka_run_group_tests(blocks, NULL, NULL);
	failed += cmocka_run_group_tests(room, NULL, NULL);
	return failed ? 1 : 0;
}
