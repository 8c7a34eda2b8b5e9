// SPDX-License-Identifier: GPL-2.0-or-later
/* exec/operations.c: what is under way, and what was cut short. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/journal.h"
#include "exec/operations.h"
#include "model.h"
#include "support.h"
#include "sys/lock.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

static int with_run(void **state)
{
	tree_setup(state);
	tree_directory(*state, "/run");
	return 0;
}

static void leave_journal(struct tree *tree, const char *operation, int process)
{
	cleanup_journal struct journal journal = {0};
	struct host host = {0};
	struct plan plan = {0};

	model_system_ram(&host);
	model_plan(&host, PORT_A, &plan);
	copy_text(plan.operation, sizeof(plan.operation), operation);
	journal_init(&tree->sys, &journal, &plan, &host);
	journal.process = process;
	assert_int_equal(journal_save(&tree->sys, &journal, NULL), 0);
}

/* "OPERATION OBJECT PROCESS" of each, one a line. */
static void check_operations(struct tree *tree, const char *expected)
{
	cleanup_host struct host host = {.privileged = true};
	struct error err = {0};
	char got[512] = "";
	size_t used = 0;

	check_error(operations_collect(&tree->sys, &host, &err), 0, &err, "", "");
	list_each(operation, &host.operations)
		used += (size_t)snprintf(got + used, sizeof(got) - used, "%s %s %d\n",
					 operation->operation, operation->object,
					 operation->process);
	assert_string_equal(got, expected);
}

static void test_none(void **state)
{
	check_operations(*state, "");
}

static void test_cut_short(void **state)
{
	leave_journal(*state, "recover", 7);
	check_operations(*state, "recover " PORT_A " -1\n");
}

/* A lock that nobody holds says nothing, whatever stands in the file. */
static void test_old_lock(void **state)
{
	struct tree *tree = *state;

	close(lock_take(&tree->sys, "recover " PORT_B, NULL));
	check_operations(tree, "");
}

/* With a journal, and before there is one. */
static void test_running(void **state)
{
	struct tree *tree = *state;
	cleanup_fd int lock = lock_take(&tree->sys, "recover " PORT_A, NULL);
	char expected[128];

	snprintf(expected, sizeof(expected), "recover " PORT_A " %d\n", getpid());
	check_operations(tree, expected);
	leave_journal(tree, "recover", getpid());
	check_operations(tree, expected);
}

/* Finished by another process than began it, and under a short address. */
static void test_resumed(void **state)
{
	struct tree *tree = *state;
	cleanup_fd int lock = lock_take(&tree->sys, "recover 0c:00.0", NULL);
	char expected[128];

	leave_journal(tree, "recover", 1);
	snprintf(expected, sizeof(expected), "recover " PORT_A " %d\n", getpid());
	check_operations(tree, expected);
}

/* A hold has another name in the lock: its process tells. */
static void test_hold(void **state)
{
	struct tree *tree = *state;
	cleanup_fd int lock = lock_take(&tree->sys, "set-timeout --hold", NULL);
	char expected[128];

	leave_journal(tree, "hold", getpid());
	snprintf(expected, sizeof(expected), "hold " PORT_A " %d\n", getpid());
	check_operations(tree, expected);
}

static void test_another_runs(void **state)
{
	struct tree *tree = *state;
	cleanup_fd int lock = lock_take(&tree->sys, "disable-isolation", NULL);
	char expected[128];

	leave_journal(tree, "recover", 1);
	snprintf(expected, sizeof(expected),
		 "recover " PORT_A " -1\ndisable-isolation root ports %d\n", getpid());
	check_operations(tree, expected);
}

/* Whoever has just taken the lock has not yet written who he is. */
static void test_no_name(void **state)
{
	struct tree *tree = *state;
	cleanup_fd int lock = lock_take(&tree->sys, "recover", NULL);
	char path[128];

	snprintf(path, sizeof(path), "%s/run/cxl-iso/lock", tree->root);
	assert_int_equal(truncate(path, 0), 0);
	check_operations(tree, "operation root ports 0\n");
}

#define FUNCTION "/sys/bus/pci/devices/" PORT_A

/* A function that was borrowed and has no driver; any other is where it should be. */
static void test_borrow(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "boot-1\n", "/proc/sys/kernel/random/boot_id");
	tree_directory(tree, FUNCTION);
	leave_journal(tree, "borrow", 7);
	check_operations(tree, "borrow " PORT_A " -1\n");
	tree_directory(tree, FUNCTION "/driver");
	check_operations(tree, "");
}

static void test_borrow_of_old_boot(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "boot-1\n", "/proc/sys/kernel/random/boot_id");
	tree_directory(tree, FUNCTION);
	leave_journal(tree, "borrow", 7);
	tree_file(tree, "boot-2\n", "/proc/sys/kernel/random/boot_id");
	check_operations(tree, "");
}

/* What can not be read or trusted was cut short all the same. */
static void test_unreadable(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "{", "/var/lib/cxl-iso/recover-" PORT_B ".json");
	tree_file(tree, "{", "/var/lib/cxl-iso/what\x1b.json");
	check_operations(tree, "recover " PORT_B " -1\noperation what? -1\n");
}

static void test_unprivileged(void **state)
{
	struct tree *tree = *state;
	cleanup_host struct host host = {0};

	leave_journal(tree, "recover", 7);
	assert_int_equal(operations_collect(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.operations.count, 0);
}

#define WITH_RUN(test) cmocka_unit_test_setup_teardown(test, with_run, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RUN(test_none),	     WITH_RUN(test_cut_short),
		WITH_RUN(test_old_lock),     WITH_RUN(test_running),
		WITH_RUN(test_resumed),	     WITH_RUN(test_hold),
		WITH_RUN(test_another_runs), WITH_RUN(test_no_name),
		WITH_RUN(test_unreadable),   WITH_RUN(test_unprivileged),
		WITH_RUN(test_borrow),	     WITH_RUN(test_borrow_of_old_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
