// SPDX-License-Identifier: GPL-2.0-or-later
/* exec/journal.c: what is saved is what is loaded, and nothing else is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/journal.h"
#include "model.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define JOURNAL "/var/lib/cxl-iso/recover-" PORT_A ".json"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static void make_journal(struct tree *tree, struct journal *journal)
{
	struct host host = {0};
	struct plan plan = {0};

	model_system_ram(&host);
	model_plan(&host, PORT_A, &plan);
	tree_file(tree, "this boot\n", BOOT_ID);
	journal_init(&tree->sys, journal, &plan, &host);
	assert_int_equal(plan.down.count + host.regions.count, 0); /* they moved in */
}

static void test_journal(void **state)
{
	struct tree *tree = *state;
	const struct sys *sys = &tree->sys;
	cleanup_journal struct journal journal = {0}, loaded = {0};
	struct error err = {0};

	make_journal(tree, &journal);
	journal.direction = DIRECTION_UP;
	journal.position = 2;
	journal.undoing = true;
	check_error(journal_save(sys, &journal, &err), 0, &err, "", "");
	check_error(journal_load(sys, "recover", PORT_A, &loaded, &err), 0, &err, "", "");
	assert_string_equal(loaded.operation, "recover");
	assert_string_equal(loaded.object, PORT_A);
	assert_string_equal(loaded.boot, "this boot");
	assert_string_equal(loaded.started, journal.started);
	assert_int_equal(loaded.process, getpid());
	assert_int_equal(loaded.direction, DIRECTION_UP);
	assert_int_equal(loaded.position, 2);
	assert_true(loaded.undoing);
	assert_int_equal(loaded.plan.down.count, journal.plan.down.count);
	assert_int_equal(loaded.before.blocks.count, 2);
	assert_false(journal_is_of_old_boot(sys, &loaded));
	tree_file(tree, "another\n", BOOT_ID);
	assert_true(journal_is_of_old_boot(sys, &loaded));
	check_error(journal_remove(sys, &loaded, &err), 0, &err, "", "");
	assert_false(sys_exists(sys, JOURNAL));
}

static void test_journal_absent(void **state)
{
	struct tree *tree = *state;
	cleanup_journal struct journal journal = {0};
	cleanup_names struct names names = {0};
	struct error err = {0};

	check_error(journal_load(&tree->sys, "recover", PORT_A, &journal, &err), -ENOENT, &err, "",
		    "");
	assert_int_equal(journal_list(&tree->sys, &names), 0);
	assert_int_equal(names.count, 0);
}

static void test_journal_list(void **state)
{
	struct tree *tree = *state;
	cleanup_journal struct journal journal = {0}, loaded = {0};
	cleanup_names struct names names = {0};

	make_journal(tree, &journal);
	assert_int_equal(journal_save(&tree->sys, &journal, NULL), 0);
	tree_file(tree, "{", JOURNAL ".77.new");
	tree_file(tree, "", "/var/lib/cxl-iso/.json");
	tree_file(tree, "", "/var/lib/cxl-iso/notes");
	assert_int_equal(journal_list(&tree->sys, &names), 0);
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0], "recover-" PORT_A ".json");
	assert_int_equal(journal_load_file(&tree->sys, names.items[0], &loaded, NULL), 0);
	assert_string_equal(loaded.object, PORT_A);
}

/* A file of that name that says @text, after "PATH" where it begins with a colon. */
static void check_refused(struct tree *tree, int code, const char *text, const char *hint_text)
{
	cleanup_journal struct journal journal = {0};
	char whole[256], path[128];
	struct error err = {0};

	snprintf(path, sizeof(path), "%s" JOURNAL, tree->root);
	snprintf(whole, sizeof(whole), "%s%s", strchr(": ", text[0]) ? path : "", text);
	check_error(journal_load(&tree->sys, "recover", PORT_A, &journal, &err), code, &err, whole,
		    hint_text);
}

#define NOT_OURS      " is not a file of our own that nobody else can touch"
#define NOT_OURS_HINT "do not trust it; remove it if you did not make it"

static void test_journal_of_others(void **state)
{
	struct tree *tree = *state;
	cleanup_journal struct journal journal = {0};
	char path[128];

	make_journal(tree, &journal);
	assert_int_equal(journal_save(&tree->sys, &journal, NULL), 0);
	snprintf(path, sizeof(path), "%s" JOURNAL, tree->root);
	for (mode_t bit = 040; bit; bit >>= 1) {
		assert_int_equal(chmod(path, 0600 | bit), 0);
		check_refused(tree, -EPERM, NOT_OURS, NOT_OURS_HINT);
	}
	assert_int_equal(chmod(path, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		check_refused(tree, -EPERM, NOT_OURS, NOT_OURS_HINT);
	}
	tree_unlink(tree, JOURNAL);
	tree_link(tree, "/elsewhere", JOURNAL);
	check_refused(tree, -EPERM, NOT_OURS, NOT_OURS_HINT);
	tree_unlink(tree, JOURNAL);
	tree_directory(tree, JOURNAL);
	check_refused(tree, -EPERM, NOT_OURS, NOT_OURS_HINT);
}

/* A journal that was changed: @change does it. */
static void check_changed(struct tree *tree, void (*change)(struct journal *), const char *text)
{
	cleanup_journal struct journal journal = {0};
	char from[128], to[128], operation[16], object[NAME_SIZE];

	make_journal(tree, &journal);
	strcpy(operation, journal.operation);
	strcpy(object, journal.object);
	change(&journal);
	assert_int_equal(journal_save(&tree->sys, &journal, NULL), 0);
	snprintf(from, sizeof(from), "%s/var/lib/cxl-iso/%s-%s.json", tree->root, journal.operation,
		 journal.object);
	snprintf(to, sizeof(to), "%s/var/lib/cxl-iso/%s-%s.json", tree->root, operation, object);
	assert_int_equal(rename(from, to), 0);
	check_refused(tree, -EINVAL, text, "");
}

static void change_position(struct journal *journal)
{
	journal->position = journal->plan.down.count + 1;
}

static void change_position_up(struct journal *journal)
{
	journal->direction = DIRECTION_UP;
	journal->position = UINT64_MAX;
}

static void change_object(struct journal *journal)
{
	strcpy(journal->object, PORT_B);
}

static void change_operation(struct journal *journal)
{
	strcpy(journal->operation, "evacuate");
}

static void change_range(struct journal *journal)
{
	journal->before.regions.items[0].size = UINT64_MAX;
}

static void test_journal_changed(void **state)
{
	struct tree *tree = *state;

	check_changed(tree, change_position, ": position is behind the last step");
	check_changed(tree, change_position_up, ": position is behind the last step");
	check_changed(tree, change_object, ": its plan is for something else");
	check_changed(tree, change_operation, ": its plan is for something else");
	check_changed(tree, change_range, ": region0 wraps around the address space");
}

static void test_journal_copied(void **state)
{
	struct tree *tree = *state;
	cleanup_journal struct journal journal = {0};
	char from[128], to[128];

	make_journal(tree, &journal);
	strcpy(journal.operation, "borrow");
	strcpy(journal.plan.operation, "borrow");
	assert_int_equal(journal_save(&tree->sys, &journal, NULL), 0);
	snprintf(from, sizeof(from), "%s/var/lib/cxl-iso/borrow-" PORT_A ".json", tree->root);
	snprintf(to, sizeof(to), "%s" JOURNAL, tree->root);
	assert_int_equal(rename(from, to), 0);
	check_refused(tree, -EINVAL, ": it is the journal of something else: borrow of " PORT_A,
		      "");
}

static void write_journal(struct tree *tree, const char *text)
{
	char path[128];

	tree_file(tree, text, JOURNAL);
	snprintf(path, sizeof(path), "%s" JOURNAL, tree->root);
	assert_int_equal(chmod(path, 0600), 0);
}

static void test_journal_broken(void **state)
{
	struct tree *tree = *state;

	write_journal(tree, "{\"schema\": \"cxl-iso/capture\", \"version\": 4}");
	check_refused(tree, -EINVAL,
		      ": expected a document of schema cxl-iso/journal, found cxl-iso/capture", "");
	write_journal(tree, "{\"schema\": \"cxl-iso/journal\", \"version\": 3}");
	check_refused(tree, -EINVAL, ": journal is missing", "");
	write_journal(tree, "{\"schema\": \"cxl-iso/journal\", \"version\": 3, \"journal\": {}}");
	check_refused(tree, -EINVAL, ": journal.operation is missing", "");
}

int main(void)
{
	static const struct CMUnitTest journals[] = {
		IN_TREE(test_journal),	       IN_TREE(test_journal_absent),
		IN_TREE(test_journal_list),    IN_TREE(test_journal_of_others),
		IN_TREE(test_journal_changed), IN_TREE(test_journal_broken),
		IN_TREE(test_journal_copied),
	};

	return cmocka_run_group_tests(journals, NULL, NULL) ? 1 : 0;
}
