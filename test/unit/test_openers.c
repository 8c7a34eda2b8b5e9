// SPDX-License-Identifier: GPL-2.0-or-later
/* collect/openers.c, on a tree in which a file that says "block MAJOR:MINOR" is a device node. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/collect.h"
#include "collect/openers.h"
#include "model.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define BLOCK "/sys/class/block"

int __real_statx(int directory, const char *path, int flags, unsigned int mask,
		 struct statx *status);
int __wrap_statx(int directory, const char *path, int flags, unsigned int mask,
		 struct statx *status);

int __wrap_statx(int directory, const char *path, int flags, unsigned int mask,
		 struct statx *status)
{
	cleanup_fd int fd = openat(directory, path, O_RDONLY);
	int rc = __real_statx(directory, path, flags, mask, status);
	char text[64] = "";

	if (!rc && fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 &&
	    sscanf(text, "block %u:%u", &status->stx_rdev_major, &status->stx_rdev_minor) == 2)
		status->stx_mode = S_IFBLK | 0600;
	return rc;
}

static void add_process(struct tree *tree, int pid, const char *command)
{
	tree_file(tree, command, "/proc/%d/comm", pid);
	tree_directory(tree, "/proc/%d/fd", pid);
	tree_directory(tree, "/proc/%d/map_files", pid);
}

static void add_disks(struct tree *tree)
{
	tree_file(tree, "259:0\n", BLOCK "/pmem0/dev");
	tree_file(tree, "259:1\n", BLOCK "/pmem0/pmem0p1/dev");
	tree_file(tree, "259:1\n", BLOCK "/pmem0p1/dev");
	tree_file(tree, "259:2\n", BLOCK "/pmem0.1s/dev");
	tree_file(tree, "259:3\n", BLOCK "/pmem0.1s/pmem0.1s1/dev");
	tree_file(tree, "259:3\n", BLOCK "/pmem0.1s1/dev");
	tree_directory(tree, "/proc");
}

/* "0 77 qemu, 1 78 dd" */
static void check_openers(struct tree *tree, const char *expected, bool complete)
{
	static char *const names[] = {"pmem0", "pmem0.1s"};
	const struct names disks = {(char **)names, 2};
	cleanup_openers struct openers openers = {0};
	char got[256] = "";

	assert_int_equal(openers_of(&tree->sys, &disks, &openers), 0);
	list_each(opener, &openers.list) {
		char one[64];

		snprintf(one, sizeof(one), "%zu %d %s", opener->disk, opener->pid, opener->command);
		append_word(got, sizeof(got), ", ", one);
	}
	assert_string_equal(got, expected);
	assert_int_equal(openers.complete, complete);
}

static void test_nobody(void **state)
{
	struct tree *tree = *state;

	add_disks(tree);
	add_process(tree, 77, "idle\n");
	tree_file(tree, "block 8:0", "/proc/77/fd/3");
	tree_file(tree, "a file", "/proc/77/fd/4");
	check_openers(tree, "", true);
}

static void test_open(void **state)
{
	struct tree *tree = *state;

	add_disks(tree);
	add_process(tree, 77, "qe\033mu\n");
	tree_file(tree, "block 259:0", "/proc/77/fd/3");
	tree_file(tree, "block 259:0", "/proc/77/fd/4");
	add_process(tree, 78, "fsck\n");
	tree_file(tree, "block 259:1", "/proc/78/fd/0");
	add_process(tree, 79, "dd\n");
	tree_file(tree, "block 259:3", "/proc/79/fd/1");
	check_openers(tree, "0 77 qe?mu, 0 78 fsck, 1 79 dd", true);
}

static void test_mapped(void **state)
{
	struct tree *tree = *state;

	add_disks(tree);
	add_process(tree, 77, "db\n");
	tree_file(tree, "block 259:2", "/proc/77/map_files/1000-2000");
	check_openers(tree, "1 77 db", true);
}

/* What looks is no obstacle to itself. */
static void test_ourselves(void **state)
{
	struct tree *tree = *state;

	add_disks(tree);
	add_process(tree, getpid(), "cxl-iso\n");
	tree_file(tree, "block 259:0", "/proc/%d/fd/3", getpid());
	check_openers(tree, "", true);
}

/* Its first thread has ended: only the others show what it has. */
static void test_first_thread_ended(void **state)
{
	struct tree *tree = *state;

	add_disks(tree);
	tree_file(tree, "", "/proc/77/task/77/comm");
	tree_file(tree, "", "/proc/77/task/79/comm");
	add_process(tree, 79, "worker\n");
	tree_file(tree, "block 259:0", "/proc/79/fd/3");
	check_openers(tree, "0 77 worker, 0 79 worker", true); /* /proc hides 79 from a listing */
}

static void test_in_a_container(void **state)
{
	struct tree *tree = *state;

	add_disks(tree);
	tree_link(tree, "pid:[4026532000]", "/proc/self/ns/pid");
	check_openers(tree, "", false);
}

static void check_in_use(struct tree *tree, bool expected)
{
	cleanup_host struct host host = {0};
	struct error err = {0};

	model_pmem(&host);
	host.namespaces.count = 0;
	check_error(collect_namespaces(&tree->sys, &host, &err), 0, &err, "", "");
	assert_int_equal(host.namespaces.count, 1);
	assert_string_equal(host.namespaces.items[0].device, "pmem0");
	assert_int_equal(host.namespaces.items[0].in_use, expected);
}

static void test_namespace(void **state)
{
	struct tree *tree = *state;

	add_disks(tree);
	tree_file(tree, "0x690000000\n", "/sys/bus/nd/devices/region0/resource");
	tree_file(tree, "268435456\n", "/sys/bus/nd/devices/region0/size");
	tree_file(tree, "67108864\n", "/sys/bus/nd/devices/namespace0.0/size");
	tree_file(tree, "259:0\n", "/sys/bus/nd/devices/namespace0.0/block/pmem0/dev");
	add_process(tree, 77, "db\n");
	check_in_use(tree, false);
	tree_file(tree, "block 259:1", "/proc/77/fd/3");
	check_in_use(tree, true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_TREE(test_nobody),
		IN_TREE(test_open),
		IN_TREE(test_mapped),
		IN_TREE(test_ourselves),
		IN_TREE(test_first_thread_ended),
		IN_TREE(test_in_a_container),
		IN_TREE(test_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
