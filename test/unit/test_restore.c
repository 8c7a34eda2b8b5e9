// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec/: what evacuating and restoring leave half-way, on a kernel of files (kernel.h), and pools of
 * huge pages.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/engine.h"
#include "exec/evacuations.h"
#include "kernel.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define DRIVER	"/sys/bus/dax/devices/dax0.0/driver"
#define JOURNAL "/var/lib/cxl-iso/evacuate-dax0.0.json"
#define MEMORY	"/sys/devices/system/memory"
#define NODE	"/sys/devices/system/node"
#define POOL	"/hugepages/hugepages-2048kB"

/* One machine with dax0.0, and the evacuation of that. */
struct run {
	struct kernel *kernel;
	struct journal journal;
	char *picture; /* of /sys before */
	enum outcome outcome;
	struct error err, unrepaired;
	char steps[512]; /* "hold-new-memory done, offline-memory failed" */
};

static void make_run(struct run *run, void (*model)(struct host *), bool to_devdax)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_below struct below what = {0};
	struct host host = {0};
	struct plan plan = {0};

	memset(run, 0, sizeof(*run));
	model(&host);
	run->kernel = kernel_boot(&host);
	run->picture = kernel_picture(run->kernel);
	survey = survey_new(&host);
	*list_add(&what.dax) = survey_dax(survey, "dax0.0");
	survey_gather(survey, &what);
	plan_evacuate(survey, &what, &model_manner, to_devdax, &plan);
	journal_init(&run->kernel->tree.sys, &run->journal, &plan, &host);
}

static void drop_run(struct run *run)
{
	kernel_halt(run->kernel);
	journal_free(&run->journal);
	free(run->picture);
}

static void note_steps(struct run *run, const struct engine *engine)
{
	run->steps[0] = '\0';
	list_each(report, &engine->reports) {
		char one[64];

		snprintf(one, sizeof(one), "%s %s", step_names[report->kind],
			 step_result_names[report->result]);
		append_word(run->steps, sizeof(run->steps), ", ", one);
	}
}

static struct engine engine_of(struct run *run)
{
	run->err = run->unrepaired = (struct error){0};
	return (struct engine){
		.sys = &run->kernel->tree.sys,
		.before = &run->journal.before,
		.plan = &run->journal.plan,
		.journal = &run->journal,
	};
}

static void evacuate(struct run *run)
{
	cleanup_engine struct engine engine = engine_of(run);

	run->outcome = engine_stay_down(&engine, &run->err, &run->unrepaired);
	note_steps(run, &engine);
}

static void restore(struct run *run)
{
	cleanup_engine struct engine engine = engine_of(run);

	run->outcome = engine_bring_back(&engine, &run->err);
	note_steps(run, &engine);
}

static bool has_journal(const struct run *run)
{
	return sys_exists(&run->kernel->tree.sys, JOURNAL);
}

static void check_outcome(const struct run *run, enum outcome outcome, const char *text)
{
	if (run->outcome != outcome || strcmp(run->err.text, text) != 0 || run->kernel->disaster[0])
		fail_msg("%s \"%s\" (putting back: \"%s\") instead of %s \"%s\"; %s",
			 outcome_names[run->outcome], run->err.text, run->unrepaired.text,
			 outcome_names[outcome], text, run->kernel->disaster);
}

static void check_as_before(const struct run *run, const char *when)
{
	cleanup_free char *now = kernel_picture(run->kernel);

	if (run->kernel->disaster[0])
		fail_msg("%s: %s", when, run->kernel->disaster);
	if (strcmp(now, run->picture) != 0)
		fail_msg("%s: not as before:\n%s\ninstead of\n%s", when, now, run->picture);
	if (has_journal(run))
		fail_msg("%s: the journal was left", when);
}

static void check_down(const struct run *run)
{
	const struct sys *sys = &run->kernel->tree.sys;

	assert_false(sys_exists(sys, DRIVER));
	assert_false(sys_exists(sys, MEMORY "/memory210"));
	assert_true(has_journal(run));
	assert_true(journal_is_at_rest(&run->journal));
}

static void check_pool(const struct run *run, int node, const char *total, const char *surplus)
{
	check_file(&run->kernel->tree, total, NODE "/node%d" POOL "/nr_hugepages", node);
	check_file(&run->kernel->tree, surplus, NODE "/node%d" POOL "/surplus_hugepages", node);
}

/* ---- there and back ---- */

/* A dax device is recognised by its address. */
static void test_has_step(void **state)
{
	struct mapping mapping = {.start = WINDOW_0};
	struct dax dax = {.name = "dax7.3", .mappings = {&mapping, 1}};
	struct run run;

	(void)state;
	make_run(&run, model_system_ram, true);
	assert_true(evacuation_has(&run.journal, &dax, STEP_UNBIND_DAX));
	assert_true(evacuation_has(&run.journal, &dax, STEP_CONVERT_DAX));
	assert_false(evacuation_has(&run.journal, &dax, STEP_SAVE_CONTENTS));
	assert_false(evacuation_has(&(struct journal){0}, &dax, STEP_UNBIND_DAX));
	mapping.start += BLOCK_SIZE;
	assert_false(evacuation_has(&run.journal, &dax, STEP_UNBIND_DAX));
	drop_run(&run);
}

/* ---- half-way ---- */

static void test_partial(void **state)
{
	struct run run;

	(void)state;
	make_run(&run, model_system_ram, false);
	run.kernel->pinned = 210;
	run.journal.plan.manner.keep_partial = true;
	evacuate(&run);
	assert_int_equal(run.outcome, OUTCOME_PARTIAL);
	assert_true(has_journal(&run));
	check_file(&run.kernel->tree, "offline\n", MEMORY "/memory211/state");
	check_file(&run.kernel->tree, "online", MEMORY "/auto_online_blocks");
	run.kernel->pinned = 0;
	evacuate(&run);
	check_outcome(&run, OUTCOME_DONE, "");
	check_down(&run);
	restore(&run);
	check_as_before(&run, "restored");
	drop_run(&run);
}

static void load(struct run *run)
{
	journal_free(&run->journal);
	memset(&run->journal, 0, sizeof(run->journal));
	assert_int_equal(journal_load(&run->kernel->tree.sys, "evacuate", "dax0.0", &run->journal,
				      &run->err),
			 0);
}

static size_t position_of(const struct run *run, enum step_kind kind)
{
	const struct step_list *up = &run->journal.plan.up;

	for (size_t i = 0; i < up->count; i++)
		if (up->items[i].kind == (int)kind)
			return i;
	return SIZE_MAX;
}

/* What the whole host shares is given back, and the journal still tells where it failed. */
static void test_gone_meanwhile(void **state)
{
	struct run run;

	(void)state;
	make_run(&run, model_system_ram, false);
	evacuate(&run);
	tree_unlink(&run.kernel->tree, "/sys/bus/dax/devices/dax0.0");
	restore(&run);
	check_outcome(&run, OUTCOME_PARTIAL, "no dax device came up at 0x690000000");
	assert_string_equal(run.err.hint,
			    "build it again as it was, and go on; or leave all as it is: "
			    "--forget");
	check_file(&run.kernel->tree, "online", MEMORY "/auto_online_blocks");
	load(&run);
	assert_int_equal(run.journal.position, position_of(&run, STEP_BIND_DAX));
	drop_run(&run);
}

static void test_online_elsewhere(void **state)
{
	struct run run;

	(void)state;
	make_run(&run, model_system_ram, false);
	evacuate(&run);
	sys_write(&run.kernel->tree.sys, NULL, "dax0.0", "/sys/bus/dax/drivers/kmem/bind");
	restore(&run);
	check_outcome(&run, OUTCOME_PARTIAL,
		      "memory210 is online in zone Normal, it was in Movable");
	assert_string_equal(run.err.hint, "something else onlined it, as a udev rule or a hot-plug "
					  "daemon: take it offline, and go on");
	for (int block = 210; block <= 211; block++)
		sys_write(&run.kernel->tree.sys, NULL, "offline", MEMORY "/memory%d/state", block);
	restore(&run);
	check_outcome(&run, OUTCOME_DONE, "");
	check_as_before(&run, "restored");
	drop_run(&run);
}

static int evacuate_in_child(void *context)
{
	evacuate(context);
	return 0;
}

static int restore_in_child(void *context)
{
	restore(context);
	return 0;
}

static void die_at_write(struct run *run, unsigned int number, int (*body)(void *))
{
	run->kernel->fault = FAULT_DIE_AFTER;
	run->kernel->fault_at = number;
	run->kernel->writes = 0;
	assert_int_equal(in_child(body, run), DEATH);
	run->kernel->fault_at = 0;
	load(run);
}

static unsigned int count_writes(void (*model)(struct host *), bool way_back)
{
	unsigned int writes;
	struct run run;

	make_run(&run, model, false);
	run.kernel->writes = 0;
	evacuate(&run);
	if (way_back) {
		run.kernel->writes = 0;
		restore(&run);
	}
	writes = run.kernel->writes;
	drop_run(&run);
	return writes;
}

static void die_on_the_way_down(void (*model)(struct host *), bool go_on)
{
	unsigned int writes = count_writes(model, false);

	assert_in_range(writes, 4, 100);
	for (unsigned int i = 1; i <= writes; i++) {
		struct run run;

		make_run(&run, model, false);
		die_at_write(&run, i, evacuate_in_child);
		if (go_on) {
			evacuate(&run);
			check_outcome(&run, OUTCOME_DONE, "");
			check_down(&run);
		}
		restore(&run);
		check_outcome(&run, OUTCOME_DONE, "");
		check_as_before(&run, go_on ? "gone on with and restored" : "restored");
		drop_run(&run);
	}
}

static void die_on_the_way_back(void (*model)(struct host *))
{
	unsigned int writes = count_writes(model, true);

	assert_in_range(writes, 4, 100);
	for (unsigned int i = 1; i <= writes; i++) {
		struct run run;

		make_run(&run, model, false);
		evacuate(&run);
		die_at_write(&run, i, restore_in_child);
		restore(&run);
		check_outcome(&run, OUTCOME_DONE, "");
		check_as_before(&run, "restored at the second time");
		drop_run(&run);
	}
}

static void add_pool(struct host *host, int number, struct huge_pool pool)
{
	list_each(node, &host->nodes)
		if (node->number == number)
			*list_add(&node->huge_pools) = pool;
}

static void model_free_pools(struct host *host)
{
	model_system_ram(host);
	add_pool(host, 0, (struct huge_pool){2 * MIB, 5, 5, 0});
	add_pool(host, 1, (struct huge_pool){2 * MIB, 3, 3, 0});
}

static void test_death(void **state)
{
	(void)state;
	die_on_the_way_down(model_system_ram, false);
	die_on_the_way_down(model_system_ram, true);
	die_on_the_way_down(model_free_pools, false);
	die_on_the_way_down(model_free_pools, true);
	die_on_the_way_back(model_system_ram);
	die_on_the_way_back(model_free_pools);
}

/* ---- pools of huge pages ---- */

static void model_used_pools(struct host *host)
{
	model_system_ram(host);
	add_pool(host, 0, (struct huge_pool){2 * MIB, 5, 1, 1});
	add_pool(host, 1, (struct huge_pool){2 * MIB, 3, 2, 0});
}

static void test_pools(void **state)
{
	struct run run;

	(void)state;
	make_run(&run, model_used_pools, false);
	evacuate(&run);
	check_outcome(&run, OUTCOME_DONE, "");
	assert_non_null(strstr(run.steps, "offline-memory done, shrink-pools done"));
	check_pool(&run, 1, "0\n", "0\n");
	check_pool(&run, 0, "5\n", "1\n"); /* 5 are used, and 4 stay */
	restore(&run);
	check_outcome(&run, OUTCOME_DONE, "");
	assert_non_null(strstr(run.steps, "online-memory done, restore-pools done"));
	check_pool(&run, 1, "3\n", "0\n");
	check_pool(&run, 0, "5\n", "1\n");
	drop_run(&run);
}

/* While it is evacuated, what becomes of other pools is not our doing. */
static void test_pools_of_others(void **state)
{
	struct run run;

	(void)state;
	make_run(&run, model_free_pools, false);
	evacuate(&run);
	tree_file(&run.kernel->tree, "9\n", NODE "/node0" POOL "/nr_hugepages");
	restore(&run);
	check_outcome(&run, OUTCOME_DONE, "");
	check_pool(&run, 1, "3\n", "0\n");
	check_pool(&run, 0, "9\n", "0\n");
	drop_run(&run);
}

/* What is put back leaves nothing in other pools. */
static void test_pools_are_put_back(void **state)
{
	struct run run;

	(void)state;
	make_run(&run, model_used_pools, false);
	run.kernel->fault = FAULT_EIO;
	run.kernel->fault_at = run.kernel->writes + 4; /* that of shrink-pools */
	evacuate(&run);
	assert_int_equal(run.outcome, OUTCOME_PUT_BACK);
	assert_non_null(strstr(run.steps, "shrink-pools failed"));
	check_pool(&run, 1, "3\n", "0\n");
	check_pool(&run, 0, "5\n", "1\n");
	assert_false(has_journal(&run));
	drop_run(&run);
}

static void test_pool_without_room(void **state)
{
	struct run run;

	(void)state;
	make_run(&run, model_free_pools, false);
	evacuate(&run);
	run.kernel->no_huge_pages = true;
	restore(&run);
	check_outcome(&run, OUTCOME_PARTIAL, "node1 has 0 of its 3 huge pages of 2 MiB again");
	assert_string_equal(run.err.hint,
			    "what uses node1 leaves no room for more: stop it, and go on");
	check_file(&run.kernel->tree, "online", MEMORY "/auto_online_blocks");
	assert_true(has_journal(&run));
	run.kernel->no_huge_pages = false;
	restore(&run);
	check_outcome(&run, OUTCOME_DONE, "");
	check_as_before(&run, "restored");
	drop_run(&run);
}

static void check_text(void (*model)(struct host *), const char *text)
{
	const char *found = "";
	struct run run;

	make_run(&run, model, false);
	list_each(step, &run.journal.plan.up)
		if (step->kind == STEP_RESTORE_POOLS)
			found = step->text;
	assert_string_equal(found, text);
	drop_run(&run);
}

static void model_surplus_pool(struct host *host)
{
	model_system_ram(host);
	add_pool(host, 1, (struct huge_pool){2 * MIB, 2, 0, 2});
}

static void model_two_pools(struct host *host)
{
	model_used_pools(host);
	add_pool(host, 1, (struct huge_pool){GIB, 1, 1, 0});
}

static void test_pool_texts(void **state)
{
	(void)state;
	check_text(model_used_pools, "fill the pools of huge pages as before (node1: 3 of 2 MiB)");
	check_text(model_two_pools, "fill the pools of huge pages as before (node1: 3 of 2 MiB, "
				    "node1: 1 of 1 GiB)");
	check_text(model_surplus_pool, ""); /* that goes when it is free */
	check_text(model_system_ram, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has_step),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_gone_meanwhile),
		cmocka_unit_test(test_online_elsewhere),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_pools_of_others),
		cmocka_unit_test(test_pools_are_put_back),
		cmocka_unit_test(test_pool_without_room),
		cmocka_unit_test(test_pool_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
