// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Evacuating and restoring on a kernel of files: an evacuation rests in its journal, can be cut short
 * at any write, is finished by the same again or undone by restoring. And the rules it is asked.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/collect.h"
#include "exec/evacuations.h"
#include "exec/operations.h"
#include "policy/assess.h"
#include "run.h"
#include "sys/stop.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define MEMORY "/sys/devices/system/memory"

/* ---- one dax device ---- */

static struct below all_dax(const struct survey *survey)
{
	struct below what = {0};

	list_each(dax, &survey_host(survey)->dax_devices)
		*list_add(&what.dax) = survey_dax_view(survey, dax);
	list_each(namespace, &survey_host(survey)->namespaces)
		*list_add(&what.namespaces) = namespace;
	survey_gather(survey, &what);
	return what;
}

static void plan_all(const struct host *host, const struct manner *manner, bool to_devdax,
		     struct plan *plan)
{
	cleanup_survey struct survey *survey = survey_new(host);
	cleanup_below struct below what = all_dax(survey);

	plan_evacuate(survey, &what, manner, to_devdax, plan);
}

static struct engine engine_for(struct run *run, struct journal *journal)
{
	run->err = run->unrepaired = (struct error){0};
	return (struct engine){
		.sys = &run->kernel->tree.sys,
		.before = &journal->before,
		.plan = &journal->plan,
		.journal = journal,
		.progress = run->progress,
	};
}

static void evacuate_from(struct run *run, struct journal *journal)
{
	struct engine engine = engine_for(run, journal);

	run->outcome = engine_stay_down(&engine, &run->err, &run->unrepaired);
	keep_reports(run, &engine);
}

static void evacuate_as(struct run *run, const struct manner *manner, bool to_devdax)
{
	cleanup_journal struct journal journal = {0};
	struct host host = copy_of_host(&run->before);
	struct plan plan = {0};

	plan_all(&host, manner, to_devdax, &plan);
	journal_init(&run->kernel->tree.sys, &journal, &plan, &host);
	evacuate_from(run, &journal);
}

static void evacuate(struct run *run)
{
	evacuate_as(run, &model_manner, false);
}

static void load(struct run *run, struct journal *journal)
{
	struct error err = {0};
	int rc = journal_load(&run->kernel->tree.sys, "evacuate", "dax0.0", journal, &err);

	if (rc)
		fail_msg("no journal: %d %s", rc, err.text);
}

static void evacuate_again(struct run *run)
{
	cleanup_journal struct journal journal = {0};

	load(run, &journal);
	journal.direction = DIRECTION_DOWN;
	journal.position = 0;
	journal.undoing = journal.complete = false;
	evacuate_from(run, &journal);
}

static void restore(struct run *run)
{
	cleanup_journal struct journal journal = {0};
	struct engine engine;

	load(run, &journal);
	engine = engine_for(run, &journal);
	run->outcome = engine_bring_back(&engine, &run->err);
	keep_reports(run, &engine);
}

static bool is_evacuating(struct run *run)
{
	return sys_exists(&run->kernel->tree.sys, "/var/lib/cxl-iso/evacuate-dax0.0.json");
}

static void check_down(struct run *run, const char *when)
{
	const struct sys *sys = &run->kernel->tree.sys;
	char policy[32];

	if (run->kernel->disaster[0])
		fail_msg("%s: %s", when, run->kernel->disaster);
	sys_read(sys, policy, sizeof(policy), MEMORY "/auto_online_blocks");
	assert_string_equal(policy, run->before.auto_online);
	if (run->before.system.demotion == 1 && collect_demotion(sys) != 1)
		fail_msg("%s: demotion is off", when);
	if (sys_exists(sys, "/sys/bus/dax/devices/dax0.0/driver"))
		fail_msg("%s: dax0.0 has a driver", when);
	list_each(block, &run->before.blocks)
		if (sys_exists(sys, MEMORY "/memory%d", block->number))
			fail_msg("%s: memory%d is there", when, block->number);
}

static void check_restored(struct run *run, const char *when)
{
	if (run->outcome != OUTCOME_DONE)
		fail_msg("%s: %s \"%s\"", when, outcome_names[run->outcome], run->err.text);
	check_as_before(run, when);
	if (is_evacuating(run))
		fail_msg("%s: the journal was left", when);
}

static void test_ram(void **state)
{
	struct run *run = *state;

	evacuate(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_down(run, "evacuated");
	check_reports(run, STEPS("hold-new-memory done", "move-pages done", "offline-memory done",
				 "unbind-dax done", "release-new-memory done"));
	restore(run);
	check_restored(run, "restored");
	check_reports(run, STEPS("hold-new-memory done", "load-module already", "bind-dax done",
				 "online-memory done", "release-new-memory done"));
}

static void test_devdax(void **state)
{
	struct run *run = *state;

	evacuate(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_down(run, "evacuated");
	check_reports(run, STEPS("unbind-dax done"));
	restore(run);
	check_restored(run, "restored");
}

/* A block that was offline before is so again. */
static void half_online(struct host *host)
{
	model_system_ram(host);
	strcpy(host->blocks.items[1].state, "offline");
}

static int run_half(void **state)
{
	return start_run(state, half_online);
}

static void test_to_devdax(void **state)
{
	struct run *run = *state;
	char driver[NAME_SIZE];

	evacuate_as(run, &model_manner, true);
	check_outcome(run, OUTCOME_DONE, "");
	sys_link_name(&run->kernel->tree.sys, driver, sizeof(driver),
		      "/sys/bus/dax/devices/dax0.0/driver");
	assert_string_equal(driver, "device_dax");
	restore(run);
	check_restored(run, "restored");
}

static void test_half(void **state)
{
	struct run *run = *state;

	evacuate(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_down(run, "evacuated");
	restore(run);
	check_restored(run, "restored");
}

static void test_again(void **state)
{
	struct run *run = *state;

	evacuate(run);
	evacuate_again(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_down(run, "evacuated twice");
	restore(run);
	check_restored(run, "restored");
}

/* Cut short right before the unbinding: by now it may have users again, and other contents. */
static void test_resumed(void **state)
{
	cleanup_journal struct journal journal = {0};
	struct run *run = *state;
	struct host host = copy_of_host(&run->before);
	struct manner manner = model_manner;
	struct plan plan = {0};

	manner.users = USERS_WAIT;
	plan_all(&host, &manner, false, &plan);
	journal_init(&run->kernel->tree.sys, &journal, &plan, &host);
	journal.position = 1;
	evacuate_from(run, &journal);
	check_outcome(run, OUTCOME_DONE, "");
	check_reports(run, STEPS("stop-users already", "unbind-dax done"));
}

/* The address is another's by now. */
static void test_other_device(void **state)
{
	struct run *run = *state;

	evacuate(run);
	tree_file(&run->kernel->tree, "0x5678\n", "/sys/bus/cxl/devices/mem0/serial");
	restore(run);
	check_outcome(run, OUTCOME_PARTIAL,
		      "dax0.0 is on the device with serial 0x5678, dax0.0 was on 0x1234");
	tree_file(&run->kernel->tree, "0x1234\n", "/sys/bus/cxl/devices/mem0/serial");
	restore(run);
	check_restored(run, "restored");
}

static void check_policy(struct run *run, const char *policy)
{
	char now[32];

	sys_read(&run->kernel->tree.sys, now, sizeof(now), MEMORY "/auto_online_blocks");
	assert_string_equal(now, policy);
}

/* The administrator set it while nothing was held back; or the host was booted with it. */
static void check_renewed(struct run *run, bool complete, const char *boot, const char *expected)
{
	const struct sys *sys = &run->kernel->tree.sys;
	cleanup_journal struct journal journal = {0};

	evacuate(run);
	tree_file(&run->kernel->tree, "online_kernel\n", MEMORY "/auto_online_blocks");
	load(run, &journal);
	journal.complete = complete;
	if (boot)
		strcpy(journal.boot, boot);
	evacuation_renew_shared(sys, &journal);
	assert_int_equal(journal_save(sys, &journal, NULL), 0);
	restore(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_policy(run, expected);
}

static void test_policy_set_meanwhile(void **state)
{
	check_renewed(*state, true, NULL, "online_kernel");
}

static void test_policy_of_new_boot(void **state)
{
	check_renewed(*state, false, "another", "online_kernel");
}

/* Cut short, it may be ours. */
static void test_policy_held(void **state)
{
	struct run *run = *state;

	check_renewed(run, false, NULL, run->before.auto_online);
}

static void test_renewed_text(void **state)
{
	cleanup_journal struct journal journal = {0};
	struct run *run = *state;

	evacuate(run);
	tree_file(&run->kernel->tree, "online_kernel\n", MEMORY "/auto_online_blocks");
	load(run, &journal);
	evacuation_renew_shared(&run->kernel->tree.sys, &journal);
	assert_string_equal(journal.plan.up.items[0].text,
			    "keep new memory blocks offline meanwhile (auto_online_blocks was "
			    "online_kernel)");
	assert_string_equal(journal.plan.up.items[journal.plan.up.count - 1].text,
			    "set auto_online_blocks to online_kernel again");
}

/* ---- what goes wrong ---- */

static void test_put_back(void **state)
{
	struct run *run = *state;

	run->kernel->pinned = run->before.blocks.items[0].number;
	evacuate(run);
	assert_int_equal(run->outcome, OUTCOME_PUT_BACK);
	check_as_before(run, "put back");
	assert_false(is_evacuating(run));
}

/* The block that can go stays offline, and the host is as before otherwise. */
static void test_keep_partial(void **state)
{
	struct run *run = *state;
	struct manner manner = model_manner;
	const struct sys *sys = &run->kernel->tree.sys;
	const struct block *blocks = run->before.blocks.items;
	char text[32];

	manner.keep_partial = true;
	run->kernel->pinned = blocks[0].number;
	evacuate_as(run, &manner, false);
	assert_int_equal(run->outcome, OUTCOME_PARTIAL);
	assert_true(is_evacuating(run));
	sys_read(sys, text, sizeof(text), MEMORY "/memory%d/state", blocks[1].number);
	assert_string_equal(text, "offline");
	sys_read(sys, text, sizeof(text), MEMORY "/auto_online_blocks");
	assert_string_equal(text, run->before.auto_online);
	run->kernel->pinned = 0;
	evacuate_again(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_down(run, "finished");
	restore(run);
	check_restored(run, "restored");
}

static void test_reboot_needed(void **state)
{
	struct run *run = *state;

	run->kernel->keeps_blocks = true;
	evacuate(run);
	assert_int_equal(run->outcome, OUTCOME_REBOOT);
	assert_true(is_evacuating(run));
	evacuate_again(run);
	check_outcome(run, OUTCOME_REBOOT, "the kernel has to be booted anew first");
	restore(run);
	check_outcome(run, OUTCOME_REBOOT, "the kernel has to be booted anew first");
	assert_int_equal(run->reports.count, 0);
}

/* That it did not could not be noted any more. */
static void test_reboot_needed_unnoted(void **state)
{
	struct run *run = *state;
	struct journal journal = {0};

	run->kernel->keeps_blocks = true;
	evacuate(run);
	load(run, &journal);
	journal.reboot_needed = false;
	assert_int_equal(journal_save(&run->kernel->tree.sys, &journal, NULL), 0);
	journal_free(&journal);
	evacuate_again(run);
	check_outcome(run, OUTCOME_REBOOT, "the kernel did not remove 2 memory blocks of dax0.0");
}

static int stopped_at_once(void *context)
{
	struct run *run = context;

	stop_on_signals();
	raise(SIGINT);
	evacuate(run);
	return run->outcome == OUTCOME_PUT_BACK && !run->reports.count ? 0 : 1;
}

static void test_stopped_at_once(void **state)
{
	struct run *run = *state;

	assert_int_equal(in_child(stopped_at_once, run), 0);
	check_as_before(run, "stopped at once");
	assert_false(is_evacuating(run));
}

static void interrupt(struct progress *progress, const struct step *step, size_t number,
		      size_t total)
{
	(void)progress;
	(void)number;
	(void)total;
	if (step->kind == STEP_OFFLINE_MEMORY)
		raise(SIGINT);
}

static int evacuate_stopped(void *context)
{
	struct run *run = context;
	struct progress progress = {.begin = interrupt};

	stop_on_signals();
	run->progress = &progress;
	evacuate(run);
	return run->outcome == OUTCOME_PARTIAL ? 0 : 1;
}

/* What a signal stops is not put back: the same again goes on. */
static void test_stopped(void **state)
{
	struct run *run = *state;

	assert_int_equal(in_child(evacuate_stopped, run), 0);
	assert_true(is_evacuating(run));
	evacuate_again(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_down(run, "finished");
}

static int restore_stopped(void *context)
{
	struct run *run = context;

	stop_on_signals();
	raise(SIGINT);
	restore(run);
	return run->outcome == OUTCOME_PARTIAL && strcmp(run->err.text, "stopped by a signal") == 0
		       ? 0
		       : 1;
}

static void test_restore_stopped(void **state)
{
	struct run *run = *state;

	evacuate(run);
	assert_int_equal(in_child(restore_stopped, run), 0);
	restore(run);
	check_restored(run, "restored");
}

/* ---- death at each write ---- */

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

static void finish(struct run *run, const char *when)
{
	evacuate_again(run);
	if (run->outcome != OUTCOME_DONE)
		fail_msg("%s: %s \"%s\"", when, outcome_names[run->outcome], run->err.text);
	check_down(run, when);
	restore(run);
	check_restored(run, when);
}

/* From where it died, as the command does: a journal that was not undoing anything keeps its place. */
static void go_on(struct run *run, const char *when)
{
	cleanup_journal struct journal journal = {0};

	load(run, &journal);
	if (journal.complete)
		return;
	evacuate_from(run, &journal);
	if (run->outcome != OUTCOME_DONE)
		fail_msg("%s: %s \"%s\"", when, outcome_names[run->outcome], run->err.text);
	check_down(run, when);
	restore(run);
	check_restored(run, when);
}

/* Die at each write of an evacuation, or of a restoring, and let @after make it good. */
static void die_at_each_write(void (*model)(struct host *), int (*act)(void *), enum fault fault,
			      void (*after)(struct run *, const char *when))
{
	int status = DEATH;
	unsigned int i = 0;

	while (status == DEATH) {
		struct run run;
		void *state = &run;
		char when[48];

		snprintf(when, sizeof(when), "death at write %u", ++i);
		make_run(&run, model);
		if (act == restore_in_child)
			evacuate(&run);
		run.kernel->writes = 0;
		run.kernel->fault = fault;
		run.kernel->fault_at = i;
		status = in_child(act, &run);
		run.kernel->fault_at = 0;
		if (is_evacuating(&run))
			after(&run, when);
		drop_run(&state);
	}
	assert_int_equal(status, 0);
	assert_in_range(i, 3, 50);
}

static void just_restore(struct run *run, const char *when)
{
	restore(run);
	check_restored(run, when);
}

static void model_demotion(struct host *host)
{
	model_system_ram(host);
	host->system.demotion = 1;
}

static void test_death(void **state)
{
	(void)state;
	die_at_each_write(model_demotion, evacuate_in_child, FAULT_DIE_BEFORE, finish);
	die_at_each_write(model_demotion, evacuate_in_child, FAULT_DIE_AFTER, go_on);
	die_at_each_write(model_demotion, evacuate_in_child, FAULT_DIE_AFTER, just_restore);
	die_at_each_write(model_demotion, restore_in_child, FAULT_DIE_AFTER, just_restore);
	die_at_each_write(model_system_ram, evacuate_in_child, FAULT_DIE_BEFORE, finish);
	die_at_each_write(model_system_ram, evacuate_in_child, FAULT_DIE_AFTER, finish);
	die_at_each_write(model_system_ram, evacuate_in_child, FAULT_DIE_AFTER, just_restore);
	die_at_each_write(model_system_ram, restore_in_child, FAULT_DIE_BEFORE, just_restore);
	die_at_each_write(model_system_ram, restore_in_child, FAULT_DIE_AFTER, just_restore);
	die_at_each_write(model_system_ram, restore_in_child, FAULT_DIE_AFTER, finish);
}

/* ---- what others see of it ---- */

static void test_at_rest(void **state)
{
	struct run *run = *state;
	const struct sys *sys = &run->kernel->tree.sys;
	cleanup_journal struct journal journal = {0};
	cleanup_host struct host host = {.privileged = true};
	struct error err = {0};

	evacuate(run);
	load(run, &journal);
	assert_true(journal_is_at_rest(&journal));
	assert_int_equal(operations_collect(sys, &host, &err), 0);
	assert_int_equal(host.operations.count, 0);
	assert_int_equal(host.evacuations.count, 1);
	assert_string_equal(host.evacuations.items[0].dax, "dax0.0");
	assert_int_equal(host.evacuations.items[0].start, WINDOW_0);
	assert_int_equal(host.evacuations.items[0].mode, DAX_SYSTEM_RAM);
	assert_false(host.evacuations.items[0].saved);
	*list_add(&journal.saved) =
		(struct saved){"dax0.0", xstrdup("/save/it"), DEVICE_SIZE, "0123"};
	journal.direction = DIRECTION_UP;
	assert_false(journal_is_at_rest(&journal));
	assert_int_equal(journal_save(sys, &journal, &err), 0);
	host_free(&host);
	host.privileged = true;
	assert_int_equal(operations_collect(sys, &host, &err), 0);
	assert_int_equal(host.operations.count, 1);
	assert_int_equal(host.evacuations.count, 0);
}

static void check_relation(struct run *run, const struct host *host, const char *const *dax,
			   enum relation expected)
{
	cleanup_survey struct survey *survey = survey_new(host);
	cleanup_below struct below what = {0};
	cleanup_journal struct journal journal = {0};
	enum relation relation;
	struct error err = {0};

	for (; *dax; dax++)
		*list_add(&what.dax) = survey_dax(survey, *dax);
	survey_gather(survey, &what);
	assert_int_equal(evacuation_find(&run->kernel->tree.sys, &what, &journal, &relation, &err),
			 0);
	assert_int_equal(relation, expected);
	assert_int_equal(!!journal.object[0], relation != RELATION_NONE);
}

/* By address: the dax device may have got another name meanwhile. */
static void test_relation(void **state)
{
	struct run *run = *state;
	cleanup_host struct host host = {0};

	evacuate(run);
	model_system_ram(&host);
	strcpy(dax_of(&host, "dax0.0")->name, "dax7.0");
	model_region(&host, "region1", "mem2", WINDOW_1);
	model_dax(&host, "dax0.0", "region1", DAX_SYSTEM_RAM);
	check_relation(run, &host, STEPS("dax7.0"), RELATION_SAME);
	check_relation(run, &host, STEPS("dax0.0"), RELATION_NONE);
	check_relation(run, &host, STEPS("dax0.0", "dax7.0"), RELATION_ALL);
	check_relation(run, &host, STEPS(NULL), RELATION_NONE);
}

/* ---- plans ---- */

static void check_steps(const struct step_list *steps, const char *const *expected)
{
	size_t i = 0;

	list_each(step, steps) {
		char got[128];

		snprintf(got, sizeof(got), "%s %s", step_names[step->kind], step->object);
		assert_non_null(expected[i]);
		assert_string_equal(got, expected[i]);
		i++;
	}
	assert_null(expected[i]);
}

/* From the highest address down, and up from the lowest. */
static void test_plan_of_two(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	model_idle(&host);
	model_region(&host, "region1", "mem2", WINDOW_1);
	model_ram(&host, "dax1.0", "region1");
	model_region(&host, "region0", "mem0", WINDOW_0);
	model_ram(&host, "dax0.0", "region0");
	plan_all(&host, &model_manner, false, &plan);
	assert_string_equal(plan.operation, "evacuate");
	assert_string_equal(plan.object, "dax0.0,dax1.0");
	check_steps(&plan.down, STEPS("hold-new-memory ", "move-pages ", "offline-memory dax1.0",
				      "offline-memory dax0.0", "unbind-dax dax1.0",
				      "unbind-dax dax0.0", "release-new-memory "));
	check_steps(&plan.up, STEPS("hold-new-memory ", "load-module kmem", "bind-dax dax0.0",
				    "bind-dax dax1.0", "online-memory dax0.0",
				    "online-memory dax1.0", "release-new-memory "));
}

static void test_plan_of_devdax(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};
	struct manner manner = model_manner;

	(void)state;
	model_devdax(&host);
	*list_add(&host.hooks) = (struct hook){.event = "before-evacuate", .name = "10-drain"};
	*list_add(&host.hooks) = (struct hook){.event = "before-reset", .name = "10-drain"};
	manner.save = (char *)"/save";
	manner.users = USERS_TERM;
	plan_all(&host, &manner, true, &plan);
	assert_string_equal(plan.manner.save, "/save");
	assert_int_equal(plan.manner.users, USERS_TERM);
	check_steps(&plan.down, STEPS("run-hooks before-evacuate", "stop-users dax0.0",
				      "save-contents dax0.0", "unbind-dax dax0.0"));
	check_steps(&plan.up,
		    STEPS("load-module device_dax", "bind-dax dax0.0", "load-contents dax0.0"));
}

static void test_plan_to_devdax(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	model_system_ram(&host);
	host.system.demotion = 1;
	plan_all(&host, &model_manner, true, &plan);
	check_steps(&plan.down,
		    STEPS("hold-new-memory ", "stop-demotion ", "move-pages ",
			  "offline-memory dax0.0", "unbind-dax dax0.0", "load-module device_dax",
			  "convert-dax dax0.0", "release-demotion ", "release-new-memory "));
}

/* Their dax devices come and go with the namespaces. */
static void test_plan_of_pmem(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	model_devdax(&host);
	strcpy(region_of(&host, "region0")->mode, "pmem");
	*list_add(&host.namespaces) =
		(struct namespace){"namespace0.0", "region0", "devdax", "dax0.0", "", GIB, false};
	*list_add(&host.namespaces) =
		(struct namespace){"namespace0.1", "region0", "fsdax", "", "", GIB, false};
	plan_all(&host, &model_manner, false, &plan);
	assert_string_equal(plan.object, "namespace0.0,namespace0.1");
	check_steps(&plan.down, STEPS("disable-namespace namespace0.0"));
	check_steps(&plan.up,
		    STEPS("load-module nd_pmem", "load-module dax_pmem", "load-module device_dax",
			  "enable-namespace namespace0.0", "disable-namespace namespace0.1"));
}

/* More than a file name can have. */
static void test_plan_of_many(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	model_idle(&host);
	model_region(&host, "region0", "mem0", WINDOW_0);
	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "dax0.%d", i);
		model_dax(&host, name, "region0", DAX_DEVDAX);
	}
	plan_all(&host, &model_manner, false, &plan);
	assert_true(starts_with(plan.object, "dax0.0,dax0.1,"));
	assert_int_equal(plan.object[strlen(plan.object) - 1], '+');
	assert_int_equal(plan.down.count, 20);
}

/* ---- rules ---- */

static void check_rules(const struct host *host, const struct consent *consent,
			const char *expected)
{
	cleanup_survey struct survey *survey = survey_new(host);
	cleanup_below struct below what = all_dax(survey);
	cleanup_findings struct findings findings = {0};
	char got[512] = "";

	assess_evacuate(survey, &what, "dax0.0", consent, &findings);
	list_each(finding, &findings.list) {
		append_word(got, sizeof(got), ", ", finding->id);
		if (finding->overridden)
			append_word(got, sizeof(got), " ", "overridden");
		if (finding->severity == SEVERITY_WARNS)
			append_word(got, sizeof(got), " ", "warns");
	}
	assert_string_equal(got, expected);
}

static void test_rules_of_ram(void **state)
{
	cleanup_host struct host host = {0};
	static const char *const force[] = {"no-room", NULL};

	(void)state;
	model_system_ram(&host);
	check_rules(&host, NULL, "");
	strcpy(host.blocks.items[0].zones, "Normal");
	check_rules(&host, NULL, "zone-normal warns");
	strcpy(host.blocks.items[0].zones, "Movable");
	list_each(node, &host.nodes)
		node->free = 0;
	check_rules(&host, NULL, "no-room");
	check_rules(&host, &(struct consent){.force = force}, "no-room overridden");
	host.privileged = false;
	check_rules(&host, NULL, "not-privileged");
}

static void test_rules_of_devdax(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_devdax(&host);
	check_rules(&host, NULL, "devdax-contents");
	check_rules(&host, &(struct consent){.save = true}, "devdax-contents overridden");
	check_rules(&host, &(struct consent){.discard_contents = true},
		    "devdax-contents overridden");
	model_user(&host, "dax0.0", 77, "qemu", MIB);
	check_rules(&host, &(struct consent){.save = true},
		    "devdax-in-use, devdax-contents overridden");
	check_rules(&host, &(struct consent){.save = true, .users = USERS_WAIT},
		    "devdax-in-use overridden, devdax-contents overridden");
	host.users_complete = false;
	check_rules(&host, &(struct consent){.save = true, .users = USERS_WAIT},
		    "users-unseen, devdax-in-use overridden, devdax-contents overridden");
}

/* There is nobody who could be stopped. */
static void test_rules_of_mounts(void **state)
{
	cleanup_host struct host host = {0};
	struct mount *mount;

	(void)state;
	model_devdax(&host);
	mount = list_add(&host.mounts);
	strcpy(mount->source, "dax0.0");
	strcpy(mount->type, "famfs");
	check_rules(&host, &(struct consent){.save = true, .users = USERS_KILL},
		    "devdax-in-use, devdax-contents overridden");
	dax_of(&host, "dax0.0")->mode = DAX_FAMFS;
	check_rules(&host, NULL, "dax-driver, devdax-in-use");
}

/* To evacuate is to read. */
static void test_rules_of_isolation(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_system_ram(&host);
	root_port_of(&host, PORT_A)->isolation = ISOLATION_PRESENT;
	root_port_of(&host, PORT_A)->status = root_port_of(&host, PORT_A)->status_known = 1 << 8;
	check_rules(&host, NULL, "port-isolated");
	root_port_of(&host, PORT_A)->status = 0;
	check_rules(&host, NULL, "");
}

#define ON_RUN(model, test) cmocka_unit_test_setup_teardown(test, run_##model, drop_run)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ON_RUN(ram, test_ram),
		ON_RUN(devdax, test_devdax),
		ON_RUN(devdax, test_resumed),
		ON_RUN(ram, test_to_devdax),
		ON_RUN(half, test_half),
		ON_RUN(ram, test_again),
		ON_RUN(ram, test_other_device),
		ON_RUN(ram, test_policy_set_meanwhile),
		ON_RUN(ram, test_policy_of_new_boot),
		ON_RUN(ram, test_policy_held),
		ON_RUN(ram, test_renewed_text),
		ON_RUN(ram, test_put_back),
		ON_RUN(ram, test_keep_partial),
		ON_RUN(ram, test_reboot_needed),
		ON_RUN(ram, test_reboot_needed_unnoted),
		ON_RUN(ram, test_stopped_at_once),
		ON_RUN(ram, test_stopped),
		ON_RUN(ram, test_restore_stopped),
		cmocka_unit_test(test_death),
		ON_RUN(ram, test_at_rest),
		ON_RUN(ram, test_relation),
		cmocka_unit_test(test_plan_of_two),
		cmocka_unit_test(test_plan_of_devdax),
		cmocka_unit_test(test_plan_to_devdax),
		cmocka_unit_test(test_plan_of_pmem),
		cmocka_unit_test(test_plan_of_many),
		cmocka_unit_test(test_rules_of_ram),
		cmocka_unit_test(test_rules_of_devdax),
		cmocka_unit_test(test_rules_of_mounts),
		cmocka_unit_test(test_rules_of_isolation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
