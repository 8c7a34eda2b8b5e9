// SPDX-License-Identifier: GPL-2.0-or-later
/* collect/: memory blocks, users and where PCI functions hang, from trees of files. (The rest reads
 * through libcxl, libdaxctl and libpci: test/cli does that on a copy of a guest's /sys.) */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collect/collect.h"
#include "collect/place.h"
#include "model.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define MEMORY "/sys/devices/system/memory"

static void add_block(struct tree *tree, int number, const char *state, const char *zones, int node)
{
	tree_file(tree, state, MEMORY "/memory%d/state", number);
	tree_file(tree, zones, MEMORY "/memory%d/valid_zones", number);
	if (node >= 0)
		tree_directory(tree, MEMORY "/memory%d/node%d", number, node);
}

static void add_memory(struct tree *tree)
{
	tree_file(tree, "8000000\n", MEMORY "/block_size_bytes");
	tree_file(tree, "online_movable\n", MEMORY "/auto_online_blocks");
}

/* ---- blocks ---- */

static void check_block(const struct host *host, size_t i, int number, const char *state,
			const char *zones, int node)
{
	const struct block *block = &host->blocks.items[i];

	assert_true(i < host->blocks.count);
	assert_int_equal(block->number, number);
	assert_int_equal(block->start, number * BLOCK_SIZE);
	assert_string_equal(block->state, state);
	assert_string_equal(block->zones, zones);
	assert_int_equal(block->node, node);
}

static void test_blocks(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	struct error err = {0};

	model_idle(&host);
	add_memory(tree);
	add_block(tree, 209, "online\n", "Normal\n", 0);
	add_block(tree, 210, "online\n", "Movable\n", 1);
	add_block(tree, 211, "offline\n", "Normal Movable\n", -1);
	add_block(tree, 1000, "going-offline\n", "none\n", 2); /* beyond all windows */
	check_error(collect_memory(&tree->sys, &host, &err), 0, &err, "", "");
	assert_int_equal(host.block_size, BLOCK_SIZE);
	assert_string_equal(host.auto_online, "online_movable");
	assert_int_equal(host.blocks.count, 2);
	check_block(&host, 0, 210, "online", "Movable", 1);
	check_block(&host, 1, 211, "offline", "Normal Movable", -1);
}

/* By their numbers, not as readdir() has them. */
static void test_blocks_in_order(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	model_idle(&host);
	add_memory(tree);
	for (int number = 225; number >= 215; number--)
		add_block(tree, number, "offline\n", "Movable\n", 1);
	assert_int_equal(collect_memory(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.blocks.count, 11);
	for (size_t i = 0; i < host.blocks.count; i++)
		assert_int_equal(host.blocks.items[i].number, 215 + i);
}

/* The node of the block before is only a guess. */
static void test_blocks_of_nodes(void **state)
{
	static const int nodes[] = {1, 1, 2, -1, 2, 0, 12, 1};
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	model_idle(&host);
	add_memory(tree);
	for (int i = 0; i < (int)ARRAY_SIZE(nodes); i++)
		add_block(tree, 210 + i, "online\n", "Movable\n", nodes[i]);
	assert_int_equal(collect_memory(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.blocks.count, ARRAY_SIZE(nodes));
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		assert_int_equal(host.blocks.items[i].node, nodes[i]);
}

static void add_window(struct host *host, uint64_t start, uint64_t size)
{
	struct decoder *decoder = list_add(&host->decoders);

	decoder->start = start;
	decoder->size = size;
}

/* Side by side, inside each other, in any order, to the end of all addresses. */
static void test_blocks_of_windows(void **state)
{
	static const int kept[] = {10, 11, 12, 13, 20, 29, 40};
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_window(&host, 40 * BLOCK_SIZE, UINT64_MAX - 40 * BLOCK_SIZE);
	add_window(&host, 12 * BLOCK_SIZE, 2 * BLOCK_SIZE);
	add_window(&host, 10 * BLOCK_SIZE, 2 * BLOCK_SIZE);
	add_window(&host, 10 * BLOCK_SIZE, BLOCK_SIZE / 2);
	add_window(&host, 21 * BLOCK_SIZE - 1, 1);
	add_window(&host, 29 * BLOCK_SIZE, 1);
	add_memory(tree);
	for (int number = 0; number <= 40; number++)
		add_block(tree, number, "online\n", "Movable\n", 0);
	assert_int_equal(collect_memory(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.blocks.count, ARRAY_SIZE(kept));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		assert_int_equal(host.blocks.items[i].number, kept[i]);
}

/* Decoders that are not set have address 0 and size 0: the first block is not theirs. */
static void test_first_block_is_not_ours(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	model_idle(&host);
	add_memory(tree);
	add_block(tree, 0, "online\n", "none\n", 0);
	assert_int_equal(collect_memory(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.blocks.count, 0);
}

/* A dax device that only firmware described, in no window; its first block only in part. */
static void test_blocks_of_dax(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	struct mapping *mapping;
	struct dax *dax;

	add_memory(tree);
	dax = list_add(&host.dax_devices);
	mapping = list_add(&dax->mappings);
	mapping->start = 33 * BLOCK_SIZE - 1;
	mapping->size = BLOCK_SIZE + 2;
	for (int number = 31; number <= 35; number++)
		add_block(tree, number, "online\n", "Movable\n", 0);
	assert_int_equal(collect_memory(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.blocks.count, 3);
	check_block(&host, 0, 32, "online", "Movable", 0);
	check_block(&host, 2, 34, "online", "Movable", 0);
}

/* Without memory hot-plug there is nothing of this, and that is no error. */
static void test_no_memory_hotplug(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	struct error err = {0};

	model_idle(&host);
	host.nodes.count = 0;
	host.auto_online[0] = '\0';
	check_error(collect_memory(&tree->sys, &host, &err), 0, &err, "", "");
	assert_int_equal(host.block_size, 0);
	assert_string_equal(host.auto_online, "");
	assert_int_equal(host.blocks.count, 0);
	assert_int_equal(host.nodes.count, 0);
}

static void test_bad_block_size(void **state)
{
	static const char *const texts[] = {"", "zero\n", "8000000 bytes\n"};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_host struct host host = {0};

		model_idle(&host);
		tree_file(tree, texts[i], MEMORY "/block_size_bytes");
		assert_int_equal(collect_memory(&tree->sys, &host, NULL), 0);
		assert_int_equal(host.block_size, 0);
	}
}

/* More than the model has room for: what fits, and still text. */
static void test_long_zones(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	char zones[201];

	model_idle(&host);
	memset(zones, 'Z', 200);
	zones[200] = '\0';
	add_memory(tree);
	add_block(tree, 210, zones, zones, 1);
	assert_int_equal(collect_memory(&tree->sys, &host, NULL), 0);
	assert_non_null(
		memchr(host.blocks.items[0].state, '\0', sizeof(host.blocks.items[0].state)));
	assert_non_null(
		memchr(host.blocks.items[0].zones, '\0', sizeof(host.blocks.items[0].zones)));
}

/* ---- where PCI functions hang ---- */

#define PLACED "/sys/devices/pci0000:0c/0000:0c:00.0/"

static void add_function(struct tree *tree, const char *path, const char *address)
{
	tree_directory(tree, "%s", path);
	tree_link(tree, path, "/sys/bus/pci/devices/%s", address);
}

static void check_place(struct tree *tree, const char *address, const char *root_port,
			const char *parent)
{
	struct place place;

	assert_int_equal(place_function(&tree->sys, address, &place), root_port[0] != '\0');
	assert_string_equal(place.root_port, root_port);
	assert_string_equal(place.parent, parent);
}

static void test_place(void **state)
{
	struct tree *tree = *state;

	add_function(tree, PLACED "0000:0d:00.0", "0000:0d:00.0");
	check_place(tree, "0000:0d:00.0", "0000:0c:00.0", "0000:0c:00.0");
	check_place(tree, "0000:0e:00.0", "", "");
	check_place(tree, "", "", "");
}

static void test_place_of_root_port(void **state)
{
	struct tree *tree = *state;

	add_function(tree, "/sys/devices/pci0000:0c/0000:0c:00.0", "0000:0c:00.0");
	check_place(tree, "0000:0c:00.0", "", "");
}

static void test_place_below_switch(void **state)
{
	struct tree *tree = *state;

	add_function(tree, PLACED "0000:0d:00.0/0000:0e:01.0/0000:0f:00.0", "0000:0f:00.0");
	check_place(tree, "0000:0f:00.0", "0000:0c:00.0", "0000:0e:01.0");
}

/* A VMD controller is a function itself, and has a domain of its own below it: five digits. */
static void test_place_below_vmd(void **state)
{
	static const char vmd[] = "/sys/devices/pci0000:60/0000:60:05.5/pci10000:e0/10000:e0:00.0";
	struct tree *tree = *state;
	char device[PATH_MAX];

	snprintf(device, sizeof(device), "%s/10000:e1:00.0", vmd);
	add_function(tree, device, "10000:e1:00.0");
	check_place(tree, "10000:e1:00.0", "10000:e0:00.0", "10000:e0:00.0");
	tree_link(tree, vmd, "/sys/bus/pci/devices/10000:e0:00.0");
	check_place(tree, "10000:e0:00.0", "", "");
	tree_link(tree, "/sys/devices/pci0000:60/0000:60:05.5",
		  "/sys/bus/pci/devices/0000:60:05.5");
	check_place(tree, "0000:60:05.5", "", "");
}

/* ---- users: /dev/null is the dax device, for want of a better one ---- */

static void add_dax(struct tree *tree, const char *number)
{
	tree_file(tree, number, "/sys/bus/dax/devices/dax0.0/dev");
	tree_file(tree, "", "/run/other");
}

static void add_process(struct tree *tree, int pid, const char *command, const char *maps)
{
	tree_file(tree, command, "/proc/%d/comm", pid);
	tree_file(tree, maps, "/proc/%d/maps", pid);
	tree_directory(tree, "/proc/%d/fd", pid);
}

/* Out of the tree: tree_link() would put the tree's root before it. */
#define NULL_DEVICE "../../../../../../dev/null"

static void collect(struct tree *tree, struct host *host, bool *complete)
{
	*complete = true;
	assert_int_equal(collect_users_of(&tree->sys, "dax0.0", host, complete), 0);
}

static void check_user(const struct host *host, size_t i, int pid, const char *command,
		       uint64_t mapped, bool open)
{
	const struct user *user = &host->users.items[i];

	assert_true(i < host->users.count);
	assert_string_equal(user->dax, "dax0.0");
	assert_int_equal(user->pid, pid);
	assert_string_equal(host_process(host, pid)->command, command);
	assert_int_equal(user->mapped, mapped);
	assert_int_equal(user->open, open);
}

static void test_users(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	bool complete;

	add_dax(tree, "1:3\n");
	add_process(tree, 9, "holds\n", "");
	tree_link(tree, NULL_DEVICE, "/proc/9/fd/0");
	tree_link(tree, "/run/other", "/proc/9/fd/1");
	add_process(tree, 70, "maps\n",
		    "1000-3000 rw-s 00000000 00:05 12 /dev/dax0.0\n"
		    "3000-4000 r--s 00002000 00:05 12 /anything at all\n"
		    "5000-6000 rw-s 00000000 00:05 13 /dev/shm/x\n"
		    "7000-8000 rw-p 00000000 00:00 0 [heap]\n");
	tree_link(tree, NULL_DEVICE, "/proc/70/map_files/1000-3000");
	tree_link(tree, NULL_DEVICE, "/proc/70/map_files/3000-4000");
	tree_link(tree, "/run/other", "/proc/70/map_files/5000-6000");
	add_process(tree, 800, "idle\n", "7000-8000 rw-p 00000000 00:00 0\n");
	tree_file(tree, "", "/proc/self/maps");
	tree_file(tree, "", "/proc/meminfo");
	collect(tree, &host, &complete);
	assert_true(complete);
	assert_int_equal(host.users.count, 2);
	check_user(&host, 0, 9, "holds", 0, true);
	check_user(&host, 1, 70, "maps", 0x3000, false);
}

/* A file of the same number that is no character device, and another character device. */
static void test_not_the_device(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	bool complete;

	add_dax(tree, "1:5\n");
	add_process(tree, 9, "other\n", "1000-3000 rw-s 00000000 00:05 12 /dev/dax0.0\n");
	tree_link(tree, NULL_DEVICE, "/proc/9/fd/0");
	tree_link(tree, NULL_DEVICE, "/proc/9/map_files/1000-3000");
	collect(tree, &host, &complete);
	assert_int_equal(host.users.count, 0);
}

/* Gone while we look: no user, and nothing is missing. */
static void test_process_goes_away(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	bool complete;

	add_dax(tree, "1:3\n");
	tree_directory(tree, "/proc/9");
	collect(tree, &host, &complete);
	assert_int_equal(host.users.count, 0);
	assert_true(complete);
}

static void test_no_character_device(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	bool complete = true;

	assert_int_equal(collect_users_of(&tree->sys, "dax0.0", &host, &complete), 0);
	assert_int_equal(host.users.count, 0);
	add_dax(tree, "one\n");
	assert_int_equal(collect_users_of(&tree->sys, "dax0.0", &host, &complete), -EINVAL);
}

static void test_only_devices_that_have_users(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	model_devdax(&host);
	host.privileged = true;
	add_dax(tree, "1:3\n");
	add_process(tree, 9, "holds\n", "");
	tree_link(tree, NULL_DEVICE, "/proc/9/fd/0");
	assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.users.count, 1);
	assert_true(host.privileged);
	dax_of(&host, "dax0.0")->mode = DAX_SYSTEM_RAM;
	assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.users.count, 1);
}

static int look_without_rights(void *context)
{
	struct tree *tree = context;
	struct host host = {0};
	bool complete = true;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 77;
	if (collect_users_of(&tree->sys, "dax0.0", &host, &complete))
		return 1;
	return complete ? 2 : 0;
}

static void test_incomplete(void **state)
{
	struct tree *tree = *state;
	char path[PATH_MAX];
	int status;

	add_dax(tree, "1:3\n");
	add_process(tree, 9, "secret\n", "");
	snprintf(path, sizeof(path), "%s/proc/9/fd", tree->root);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(tree->root, 0755), 0);
	status = in_child(look_without_rights, tree);
	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

/* Whoever starts a process chooses its name, and we print it to a terminal and as JSON. */
static void test_hostile_name(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	bool complete;

	add_dax(tree, "1:3\n");
	add_process(tree, 9, "\033[2J\xff\nroot\n", "");
	tree_link(tree, NULL_DEVICE, "/proc/9/fd/0");
	collect(tree, &host, &complete);
	assert_int_equal(host.users.count, 1);
	for (const char *c = host.processes.items[0].command; *c; c++)
		assert_in_range(*c, ' ', '~');
}

int main(void)
{
	static const struct CMUnitTest memory[] = {
		IN_TREE(test_blocks),
		IN_TREE(test_blocks_in_order),
		IN_TREE(test_blocks_of_nodes),
		IN_TREE(test_blocks_of_windows),
		IN_TREE(test_first_block_is_not_ours),
		IN_TREE(test_blocks_of_dax),
		IN_TREE(test_no_memory_hotplug),
		IN_TREE(test_bad_block_size),
		IN_TREE(test_long_zones),
	};
	static const struct CMUnitTest places[] = {
		IN_TREE(test_place),
		IN_TREE(test_place_of_root_port),
		IN_TREE(test_place_below_switch),
		IN_TREE(test_place_below_vmd),
	};
	static const struct CMUnitTest users[] = {
		IN_TREE(test_users),
		IN_TREE(test_not_the_device),
		IN_TREE(test_process_goes_away),
		IN_TREE(test_no_character_device),
		IN_TREE(test_only_devices_that_have_users),
		IN_TREE(test_incomplete),
		IN_TREE(test_hostile_name),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(memory, NULL, NULL);
	failed += cmocka_run_group_tests(places, NULL, NULL);
	failed += cmocka_run_group_tests(users, NULL, NULL);
	return failed ? 1 : 0;
}
