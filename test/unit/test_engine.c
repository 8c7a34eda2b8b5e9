// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec/: whole recoveries on a kernel of files (kernel.h): what they do, what a failing or dying
 * step leaves behind, and that --resume and --abort finish it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/blocks.h"
#include "exec/find.h"
#include "exec/guard.h"
#include "policy/assess.h"
#include "policy/settings.h"
#include "run.h"
#include "sys/stop.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define MEMORY "/sys/devices/system/memory"
#define BLOCK  (64 * MIB) /* of model_divided() */

static int run_divided(void **state)
{
	return start_run(state, model_divided);
}

/* A region of which no dax device has anything. */
static void model_unused(struct host *host)
{
	model_devdax(host);
	model_forget_dax(host);
}

static int run_unused(void **state)
{
	return start_run(state, model_unused);
}

/* ---- running ---- */

static void with_engine(struct run *run, struct journal *journal, bool resumed, bool undo)
{
	struct engine engine = {
		.sys = &run->kernel->tree.sys,
		.before = &journal->before,
		.plan = &journal->plan,
		.journal = journal,
		.resumed = resumed,
	};

	run->err = run->unrepaired = (struct error){0};
	run->outcome = undo ? engine_abort(&engine, &run->err)
			    : engine_run(&engine, &run->err, &run->unrepaired);
	keep_reports(run, &engine);
}

static void recover(struct run *run)
{
	cleanup_journal struct journal journal = {0};
	struct host host = copy_of_host(&run->before);
	struct plan plan = copy_of_plan(&run->plan);

	journal_init(&run->kernel->tree.sys, &journal, &plan, &host);
	with_engine(run, &journal, false, false);
}

static void go_on(struct run *run, bool undo)
{
	cleanup_journal struct journal journal = {0};
	struct error err = {0};
	int rc = journal_load(&run->kernel->tree.sys, "recover", PORT_A, &journal, &err);

	if (rc)
		fail_msg("no journal: %d %s", rc, err.text);
	with_engine(run, &journal, true, undo);
}

/* ---- nothing goes wrong ---- */

static void test_ram(void **state)
{
	struct run *run = *state;

	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "recovered");
	check_reports(run, STEPS("hold-new-memory done", "move-pages done", "offline-memory done",
				 "unbind-dax done", "disable-region done", "delete-region done",
				 "mark-device done", "remove-function done", "reset-port done",
				 "rescan-port done", "check-reset done", "hold-new-memory already",
				 "rescan-port already", "create-region done", "check-decoder done",
				 "load-module already", "load-module already", "enable-region done",
				 "arrange-dax already", "bind-dax already", "online-memory done",
				 "release-new-memory done"));
}

static void test_devdax(void **state)
{
	struct run *run = *state;

	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "recovered");
}

static void check_named(struct run *run)
{
	static const char *const names[] = {"dax0.0", "dax0.2"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_true(
			sys_exists(&run->kernel->tree.sys, "/sys/bus/dax/devices/%s", names[i]));
	assert_false(sys_exists(&run->kernel->tree.sys, "/sys/bus/dax/devices/dax0.1"));
}

/* Two dax devices on one region, one of them in two pieces: all are as before, their names too. */
static void test_divided(void **state)
{
	struct run *run = *state;

	check_named(run);
	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "divided");
	check_named(run);
	check_reports(run, STEPS("hold-new-memory done", "move-pages done", "offline-memory done",
				 "unbind-dax done", "unbind-dax done", "disable-region done",
				 "delete-region done", "mark-device done", "remove-function done",
				 "reset-port done", "rescan-port done", "check-reset done",
				 "hold-new-memory already", "rescan-port already",
				 "create-region done", "check-decoder done", "load-module already",
				 "load-module already", "load-module already", "enable-region done",
				 "arrange-dax done", "bind-dax done", "bind-dax done",
				 "online-memory done", "release-new-memory done"));
	check_file(&run->kernel->tree, "0x4000\n",
		   "/sys/bus/dax/devices/dax0.0/mapping1/page_offset");
}

static void test_unused(void **state)
{
	struct run *run = *state;

	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "unused");
}

/* kmem takes the dax device that comes with the region some time after it is there. */
static void test_taken_late(void **state)
{
	struct run *run = *state;

	run->kernel->takes_late = 700;
	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	sleep_ms(5000);
	check_as_before(run, "taken late");
}

static void test_idle(void **state)
{
	struct run *run = *state;

	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "recovered");
}

/* A device that comes back with another alignment than it had. */
static void test_alignment(void **state)
{
	struct run *run = *state;

	dax_of(&run->before, "dax0.0")->align = 4096;
	tree_file(&run->kernel->tree, "4096", "/sys/bus/dax/devices/dax0.0/align");
	free(run->picture);
	run->picture = kernel_picture(run->kernel);
	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "aligned");
}

static void test_late_probes(void **state)
{
	struct run *run = *state;

	run->kernel->probes_late = true;
	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "probed late");
}

/* ---- persistent memory ---- */

static int run_pmem(void **state)
{
	return start_run(state, model_pmem);
}

static void test_pmem(void **state)
{
	struct run *run = *state;

	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "recovered");
	check_reports(run, STEPS("disable-namespace done", "disable-namespace done",
				 "disable-region done", "delete-region done", "mark-device done",
				 "remove-function done", "reset-port done", "rescan-port done",
				 "check-reset done", "rescan-port already", "create-region done",
				 "check-decoder done", "load-module already", "load-module already",
				 "enable-region done", "enable-namespace already",
				 "enable-namespace already", "disable-namespace done"));
	assert_int_equal(run->kernel->flushes, 3); /* one was in use for a moment */
}

/* The same place in host addresses, but not on the device: that would be other data. */
static void test_pmem_elsewhere(void **state)
{
	struct run *run = *state;

	run->kernel->dpa_start = 16 * MIB;
	recover(run);
	check_outcome(run, OUTCOME_PARTIAL,
		      "Linux puts region0 at 0x1000000 of the device, its data is at 0x0");
	assert_int_equal(run->kernel->hdm_size, 0);
	assert_false(sys_exists(&run->kernel->tree.sys, "/sys/bus/cxl/devices/region0"));
	run->kernel->dpa_start = 0;
	go_on(run, false);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "at its place");
}

static void test_pmem_not_offered(void **state)
{
	struct run *run = *state;

	run->kernel->forgets_pmem = true;
	recover(run);
	check_outcome(run, OUTCOME_PARTIAL,
		      "region0 is enabled, but cxl_pmem does not offer it as persistent memory");
}

static void test_pmem_region_in_use(void **state)
{
	struct run *run = *state;
	const struct step step = {.kind = STEP_DISABLE_REGION, .object = "region0"};
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};
	struct error err = {0};

	check_error(step_disable_region.act(&engine, &step, &err), -EBUSY, &err,
		    "namespace0.0 of region0 was bound again", "");
	check_as_before(run, "refused");
}

/* Another region has taken the place meanwhile. */
static void test_pmem_other_uuid(void **state)
{
	struct run *run = *state;
	const struct step step = {.kind = STEP_CREATE_REGION, .object = "region0"};
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};
	struct error err = {0};
	bool done;

	strcpy(region_of(&run->before, "region0")->uuid, PMEM_RAW);
	check_error(step_create_region.observe(&engine, &step, &done, &err), -EADDRINUSE, &err,
		    "region0 sits at 0x690000000 with another UUID", "");
}

static int observe_namespace(struct run *run, const struct step_ops *ops, const char *name,
			     bool *done, struct error *err)
{
	struct step step = {0};
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};

	copy_text(step.object, sizeof(step.object), name);
	return ops->observe(&engine, &step, done, err);
}

static int enable_namespace(struct run *run, const char *name, struct error *err)
{
	struct step step = {.kind = STEP_ENABLE_NAMESPACE};
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};

	copy_text(step.object, sizeof(step.object), name);
	return step_enable_namespace.act(&engine, &step, err);
}

static void test_namespace_changed(void **state)
{
	struct run *run = *state;
	struct error err = {0};
	bool done;

	check_error(observe_namespace(run, &step_enable_namespace, "namespace0.1", &done, &err), 0,
		    &err, "", "");
	assert_true(done);
	run->before.namespaces.items[1].size *= 2;
	check_error(observe_namespace(run, &step_enable_namespace, "namespace0.1", &done, &err), 0,
		    &err, "", "");
	assert_false(done);
	check_error(enable_namespace(run, "namespace0.1", &err), -EIO, &err,
		    "namespace0.1 came up as fsdax with 67108864 bytes, it was fsdax with "
		    "134217728",
		    "");
}

static void test_namespace_gone(void **state)
{
	struct run *run = *state;
	struct error err = {0};
	bool done = false;

	strcpy(run->before.namespaces.items[0].uuid, PMEM_UUID);
	check_error(observe_namespace(run, &step_disable_namespace, "namespace0.0", &done, &err), 0,
		    &err, "", "");
	assert_true(done);
	check_error(enable_namespace(run, "namespace0.0", &err), -ENODEV, &err,
		    "no namespace with UUID " PMEM_UUID " came up",
		    "what is stored is still on the device: see the kernel log, ndctl list -Ni");
	err = (struct error){0};
	check_error(observe_namespace(run, &step_disable_namespace, "namespace9.9", &done, &err),
		    -EINVAL, &err, "the plan names namespace9.9, which was not there before", "");
}

/* Without labels there is no UUID: then it is the one of that size. */
static void test_namespace_without_label(void **state)
{
	struct run *run = *state;
	struct error err = {0};
	bool done = true;

	run->before.namespaces.items[0].uuid[0] = '\0';
	tree_file(&run->kernel->tree, "\n", "/sys/bus/nd/region0/namespace0.0/uuid");
	check_error(observe_namespace(run, &step_disable_namespace, "namespace0.0", &done, &err), 0,
		    &err, "", "");
	assert_false(done);
	run->before.namespaces.items[0].size++;
	check_error(observe_namespace(run, &step_disable_namespace, "namespace0.0", &done, &err), 0,
		    &err, "", "");
	assert_true(done);
}

/* Somebody opens it when the look for users is over. */
static void test_namespace_opened(void **state)
{
	struct run *run = *state;

	tree_file(&run->kernel->tree, "db\n", "/proc/77/comm");
	tree_file(&run->kernel->tree, "", "/proc/77/fd/3");
	tree_directory(&run->kernel->tree, "/proc/77/map_files");
	recover(run);
	check_outcome(run, OUTCOME_PUT_BACK, "db[77] has /dev/pmem0 open");
	assert_string_equal(run->err.hint,
			    "stop it and try again; its writes would fail from now on");
	assert_int_equal(run->kernel->flushes, 0);
	check_as_before(run, "opened");
}

static void test_region_not_flushed(void **state)
{
	struct run *run = *state;

	tree_file(&run->kernel->tree, "1\n", "/sys/bus/nd/region0/deep_flush");
	run->kernel->fault_at = 1;
	recover(run);
	assert_int_equal(run->outcome, OUTCOME_PUT_BACK);
	assert_true(starts_with(run->err.text, "cannot write \"1\" to "));
	assert_non_null(strstr(run->err.text, "/region0/deep_flush: "));
}

/* ---- addresses ---- */

static void move_region(struct run *run, uint64_t start)
{
	struct region *region = region_of(&run->before, "region0");

	region->start = start;
	dax_of(&run->before, "dax0.0")->mappings.items[0].start = start;
}

/* The region was not where the kernel would put it: two lower holes are to be filled. */
static void test_holes_below(void **state)
{
	struct run *run = *state;
	const struct step step = {.kind = STEP_CREATE_REGION, .object = "region0"};
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};
	struct error err = {0};
	bool done = true;

	move_region(run, WINDOW_0 + 2 * DEVICE_SIZE);
	check_error(step_create_region.observe(&engine, &step, &done, &err), 0, &err, "", "");
	assert_false(done);
	check_error(step_create_region.act(&engine, &step, &err), 0, &err, "", "");
	check_error(step_create_region.observe(&engine, &step, &done, &err), 0, &err, "", "");
	assert_true(done);
	assert_string_equal(run->kernel->disaster, "");
	assert_int_equal(run->kernel->hdm_start, WINDOW_0 + 2 * DEVICE_SIZE);
	/* the placeholders are gone */
	assert_false(sys_exists(&run->kernel->tree.sys, "/sys/bus/cxl/devices/region0"));
	assert_false(sys_exists(&run->kernel->tree.sys, "/sys/bus/cxl/devices/region1"));
	assert_true(sys_exists(&run->kernel->tree.sys, "/sys/bus/cxl/devices/region2"));
}

/* The same, with placeholders that have a UUID of their own. */
static void test_pmem_holes_below(void **state)
{
	struct run *run = *state;
	struct region *region = region_of(&run->before, "region0");

	strcpy(region->mode, "pmem");
	strcpy(region->uuid, PMEM_UUID);
	test_holes_below(state);
	check_file(&run->kernel->tree, PMEM_UUID, "/sys/bus/cxl/devices/region2/uuid");
}

static int run_holes(void **state)
{
	struct run *run;

	start_run(state, model_idle);
	run = *state;
	model_region(&run->before, "region0", "mem0", WINDOW_0);
	model_dax(&run->before, "dax0.0", "region0", DAX_SYSTEM_RAM);
	return 0;
}

static void test_address_taken(void **state)
{
	struct run *run = *state;
	const struct step step = {.kind = STEP_CREATE_REGION, .object = "region0"};
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};
	cleanup_free char *before = NULL, *now = NULL;
	struct error err = {0};

	kernel_squat(run->kernel, "region0", 2 * DEVICE_SIZE);
	before = kernel_picture(run->kernel);
	move_region(run, WINDOW_0 + DEVICE_SIZE);
	check_error(step_create_region.act(&engine, &step, &err), -EADDRINUSE, &err,
		    "address 0x6a0000000 is taken: the kernel offers 0x6b0000000", "");
	now = kernel_picture(run->kernel);
	assert_string_equal(now, before);
}

/* ---- something goes wrong ---- */

static void test_pinned(void **state)
{
	struct run *run = *state;

	run->kernel->pinned = WINDOW_0 / BLOCK_SIZE;
	recover(run);
	check_outcome(
		run, OUTCOME_PUT_BACK,
		"memory210 (0x690000000, zone Movable) can not be offlined: not all of its pages "
		"can be moved");
	assert_string_equal(run->err.hint, "something pins its pages (direct I/O, a pipe, RDMA, "
					   "VFIO); end it and try again");
	check_as_before(run, "pinned");
}

/* Putting back fails in its last write; to finish that later is no success of the recovery. */
static void test_put_back_later(void **state)
{
	struct run *run = *state;
	unsigned int writes;

	run->kernel->pinned = 210;
	recover(run);
	writes = run->kernel->writes;
	check_outcome(run, OUTCOME_PUT_BACK, run->err.text);
	run->kernel->fault_at = 2 * writes;
	recover(run);
	assert_int_equal(run->outcome, OUTCOME_PARTIAL);
	assert_true(starts_with(run->err.text, "memory210 "));
	assert_true(starts_with(run->unrepaired.text, "cannot write \"online\" to "));
	go_on(run, false);
	check_outcome(run, OUTCOME_PUT_BACK,
		      "the recovery failed before it was cut short: memory210 (0x690000000, zone "
		      "Movable) can not be offlined: not all of its pages can be moved");
	check_as_before(run, "put back later");
}

/* A hook of @event that can not be run, whoever runs the test. */
static void add_bad_hook(struct run *run, const char *event)
{
	struct hook *hook = list_add(&run->before.hooks);

	strcpy(hook->event, event);
	strcpy(hook->name, "bad");
	tree_file(&run->kernel->tree, "", "/etc/cxl-iso/hooks.d/%s.d", event);
	plan_free(&run->plan);
	model_plan(&run->before, PORT_A, &run->plan);
}

static bool was_reported(const struct run *run, enum step_kind kind, const char *object,
			 enum step_result result)
{
	list_each(report, &run->reports)
		if (report->kind == (int)kind && strcmp(report->object, object) == 0)
			return report->result == (int)result;
	return false;
}

#define HOOK_FAILED(event) "cannot read /etc/cxl-iso/hooks.d/" event ".d: Not a directory"

static void test_hook_before(void **state)
{
	struct run *run = *state;

	add_bad_hook(run, "before-evacuate");
	add_bad_hook(run, "failure");
	recover(run);
	check_outcome(run, OUTCOME_PUT_BACK, HOOK_FAILED("before-evacuate"));
	check_as_before(run, "refused by a hook");
	assert_int_equal(run->reports.items[0].kind, STEP_RUN_HOOKS);
	assert_false(was_reported(run, STEP_OFFLINE_MEMORY, "dax0.0", RESULT_DONE));
	assert_true(was_reported(run, STEP_RUN_HOOKS, "failure", RESULT_FAILED));
}

/* What is asked for, a hook may stand against; what failed is put back all the same. */
static void test_hook_before_restore(void **state)
{
	struct run *run = *state;

	add_bad_hook(run, "before-restore");
	recover(run);
	check_outcome(run, OUTCOME_PARTIAL, HOOK_FAILED("before-restore"));
	assert_true(has_journal(run));
	assert_false(was_reported(run, STEP_CREATE_REGION, "region0", RESULT_DONE));
	go_on(run, true);
	check_outcome(run, OUTCOME_PUT_BACK, "");
	check_as_before(run, "aborted in spite of a hook");
}

static void test_hook_when_putting_back(void **state)
{
	struct run *run = *state;

	add_bad_hook(run, "before-restore");
	run->kernel->pinned = WINDOW_0 / BLOCK_SIZE;
	recover(run);
	check_outcome(run, OUTCOME_PUT_BACK,
		      "memory210 (0x690000000, zone Movable) can not be offlined: not all of its "
		      "pages can "
		      "be moved");
	check_as_before(run, "put back in spite of a hook");
	assert_true(was_reported(run, STEP_RUN_HOOKS, "before-restore", RESULT_FAILED));
}

static void test_pinned_for_a_while(void **state)
{
	struct run *run = *state;

	run->kernel->pinned = WINDOW_0 / BLOCK_SIZE + 1;
	run->kernel->pins = 5;
	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "pinned for a while");
}

/* A block that stays does not keep those below it from being taken offline. */
static void test_pinned_above(void **state)
{
	struct run *run = *state;
	const struct step step = {.kind = STEP_OFFLINE_MEMORY, .object = "dax0.0"};
	struct engine engine = {.sys = &run->kernel->tree.sys,
				.before = &run->before,
				.plan = &run->plan};
	struct error err = {0};

	run->kernel->pinned = 211;
	assert_int_equal(step_offline_memory.act(&engine, &step, &err), -EBUSY);
	assert_true(starts_with(err.text, "memory211 "));
	check_file(&run->kernel->tree, "offline\n", MEMORY "/memory210/state");
	check_file(&run->kernel->tree, "online\n", MEMORY "/memory211/state");
}

/* Of what the kernel has for itself nobody expects that it goes away; of other pages one may. */
static void test_how_long(void **state)
{
	struct run *run = *state;
	const struct step step = {.kind = STEP_OFFLINE_MEMORY, .object = "dax0.0"};
	struct engine engine = {.sys = &run->kernel->tree.sys,
				.before = &run->before,
				.plan = &run->plan};
	uint64_t began = now_ms();

	run->plan.manner.offline_ms = 100000;
	run->kernel->pinned = 211;
	assert_int_equal(step_offline_memory.act(&engine, &step, NULL), -EBUSY);
	assert_in_range(now_ms() - began, 99000, 101000);
	began = now_ms();
	tree_file(&run->kernel->tree, "Normal\n", MEMORY "/memory211/valid_zones");
	assert_int_equal(step_offline_memory.act(&engine, &step, NULL), -EBUSY);
	assert_in_range(now_ms() - began, 30000, 31000);
}

/* ---- demotion ---- */

#define DEMOTION "/sys/kernel/mm/numa/demotion_enabled"

static void model_demotion(struct host *host)
{
	model_system_ram(host);
	host->system.demotion = 1;
}

static int run_demotion(void **state)
{
	return start_run(state, model_demotion);
}

static void test_demotion(void **state)
{
	struct run *run = *state;
	unsigned int stopped = 0, released = 0;

	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "with demotion");
	list_each(report, &run->reports) {
		stopped += report->kind == STEP_STOP_DEMOTION && report->result == RESULT_DONE;
		released += report->kind == STEP_RELEASE_DEMOTION && report->result == RESULT_DONE;
	}
	assert_int_equal(stopped, 1);
	assert_int_equal(released, 1);
}

/* It is given back when the way down fails, too. */
static void test_demotion_put_back(void **state)
{
	struct run *run = *state;

	run->kernel->pinned = 210;
	recover(run);
	assert_int_equal(run->outcome, OUTCOME_PUT_BACK);
	check_as_before(run, "with demotion and a pin");
}

/* A kernel that has none, and one whose file can not be understood. */
static void test_demotion_unknown(void **state)
{
	struct run *run = *state;
	const struct step step = {.kind = STEP_STOP_DEMOTION};
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};
	struct error err = {0};
	bool done = false;

	tree_file(&run->kernel->tree, "maybe", DEMOTION);
	assert_int_equal(step_stop_demotion.observe(&engine, &step, &done, &err), 0);
	assert_false(done);
	run->before.system.demotion = -1;
	assert_int_equal(step_release_demotion.observe(&engine, &step, &done, &err), 0);
	assert_true(done);
	done = false;
	tree_unlink(&run->kernel->tree, DEMOTION);
	assert_int_equal(step_stop_demotion.observe(&engine, &step, &done, &err), 0);
	assert_true(done);
	tree_directory(&run->kernel->tree, DEMOTION);
	check_error(step_stop_demotion.observe(&engine, &step, &done, &err), -EISDIR, &err,
		    "cannot read " DEMOTION ": Is a directory", "");
}

static void test_kernel_zone(void **state)
{
	struct run *run = *state;

	tree_file(&run->kernel->tree, "Normal\n", MEMORY "/memory211/valid_zones");
	run->kernel->pinned = 211;
	recover(run);
	assert_string_equal(run->err.text, "memory211 (0x698000000, zone Normal) can not be "
					   "offlined: not all of its pages can be moved");
	assert_string_equal(run->err.hint,
			    "kernel pages in zone Normal do not move: end the programs "
			    "they serve, or reboot");
}

/* One block in each zone, and one that was offline: each is put where it was. */
static void test_zones_are_kept(void **state)
{
	struct run *run = *state;

	strcpy(run->before.blocks.items[0].zones, "Normal");
	tree_file(&run->kernel->tree, "Normal\n", MEMORY "/memory210/valid_zones");
	free(run->picture);
	run->picture = kernel_picture(run->kernel);
	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "zones");
}

static void model_half(struct host *host)
{
	model_system_ram(host);
	strcpy(host->blocks.items[1].state, "offline");
	strcpy(host->blocks.items[1].zones, "Normal Movable");
}

static int run_half(void **state)
{
	return start_run(state, model_half);
}

static void test_offline_stays_offline(void **state)
{
	struct run *run = *state;

	recover(run);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "half");
	check_file(&run->kernel->tree, "offline\n", MEMORY "/memory211/state");
}

static void test_kernel_keeps_blocks(void **state)
{
	struct run *run = *state;

	run->kernel->keeps_blocks = true;
	recover(run);
	check_outcome(run, OUTCOME_REBOOT, "the kernel did not remove 2 memory blocks of dax0.0");
	assert_string_equal(run->err.hint,
			    "their addresses can not be used again until the host is "
			    "rebooted");
	assert_true(has_journal(run));
	/* nothing more was tried, but what the whole host shares is given back */
	check_reports(run, STEPS("hold-new-memory done", "move-pages done", "offline-memory done",
				 "unbind-dax failed", "release-new-memory done"));
	check_file(&run->kernel->tree, "online", MEMORY "/auto_online_blocks");
}

static void test_masked_reset(void **state)
{
	struct run *run = *state;

	run->kernel->masks_reset = true;
	recover(run);
	check_outcome(run, OUTCOME_PUT_BACK,
		      DEVICE_A " was not reset, although the kernel reported success");
	assert_string_equal(run->err.hint,
			    "the port may mask bus resets for CXL (DVSEC 3, Unmask SBR)");
	assert_false(run->kernel->marked);
	check_as_before(run, "masked");
}

/* What is committed but does not decode must not go online. */
static void test_lost_decoders(void **state)
{
	struct run *run = *state;

	run->kernel->loses_decoders = true;
	recover(run);
	check_outcome(run, OUTCOME_PARTIAL, DEVICE_A ": CXL.mem is not enabled");
	assert_true(has_journal(run));
	assert_false(sys_exists(&run->kernel->tree.sys, MEMORY "/memory210"));
}

/* ---- every write fails once ---- */

static unsigned int count_writes(void (*model)(struct host *))
{
	unsigned int writes;
	struct run run;
	void *state = &run;

	make_run(&run, model);
	recover(&run);
	check_outcome(&run, OUTCOME_DONE, "");
	writes = run.kernel->writes;
	drop_run(&state);
	return writes;
}

/* A failure is put back, or can be finished later. */
static void check_finished(struct run *run, const char *when)
{
	if (run->outcome == OUTCOME_PARTIAL) {
		if (!has_journal(run))
			fail_msg("%s: no journal to go on with", when);
		go_on(run, false);
	}
	if (run->outcome != OUTCOME_DONE && run->outcome != OUTCOME_PUT_BACK)
		fail_msg("%s: %s \"%s\"", when, outcome_names[run->outcome], run->err.text);
	check_as_before(run, when);
}

/* A write that was taken and changed nothing is never taken for success. */
static void check_not_fooled(struct run *run, const char *when)
{
	if (run->outcome == OUTCOME_DONE || run->outcome == OUTCOME_PUT_BACK)
		check_as_before(run, when);
	else if (!run->err.text[0] || !has_journal(run))
		fail_msg("%s: %s \"%s\"", when, outcome_names[run->outcome], run->err.text);
}

static void fail_each_write(void (*model)(struct host *), enum fault fault)
{
	unsigned int writes = count_writes(model);

	assert_in_range(writes, 1, 100);
	for (unsigned int i = 1; i <= writes; i += every()) {
		struct run run;
		void *state = &run;
		char when[64];

		snprintf(when, sizeof(when), "write %u of %u", i, writes);
		make_run(&run, model);
		run.kernel->fault = fault;
		run.kernel->fault_at = i;
		recover(&run);
		if (fault == FAULT_EIO)
			check_finished(&run, when);
		else
			check_not_fooled(&run, when);
		drop_run(&state);
	}
}

static void test_each_write_fails(void **state)
{
	(void)state;
	fail_each_write(model_system_ram, FAULT_EIO);
	fail_each_write(model_devdax, FAULT_EIO);
	fail_each_write(model_disabled, FAULT_EIO);
	fail_each_write(model_idle, FAULT_EIO);
	fail_each_write(model_divided, FAULT_EIO);
	fail_each_write(model_unused, FAULT_EIO);
	fail_each_write(model_pmem, FAULT_EIO);
}

static void test_each_write_is_ignored(void **state)
{
	(void)state;
	fail_each_write(model_system_ram, FAULT_NOTHING_CHANGES);
	fail_each_write(model_devdax, FAULT_NOTHING_CHANGES);
	fail_each_write(model_divided, FAULT_NOTHING_CHANGES);
	fail_each_write(model_pmem, FAULT_NOTHING_CHANGES);
}

/* ---- we die at every write ---- */

static int recover_in_child(void *context)
{
	recover(context);
	return 0;
}

static void die_at_each_write(void (*model)(struct host *), enum fault fault, bool undo)
{
	unsigned int writes = count_writes(model);

	for (unsigned int i = 1; i <= writes; i += every()) {
		struct run run;
		void *state = &run;
		char when[64];

		snprintf(when, sizeof(when), "death at write %u of %u, then %s", i, writes,
			 undo ? "--abort" : "--resume");
		make_run(&run, model);
		run.kernel->fault = fault;
		run.kernel->fault_at = i;
		assert_int_equal(in_child(recover_in_child, &run), DEATH);
		run.kernel->fault_at = 0;
		go_on(&run, undo);
		if (run.outcome != (undo ? OUTCOME_PUT_BACK : OUTCOME_DONE))
			fail_msg("%s: %s \"%s\"", when, outcome_names[run.outcome], run.err.text);
		check_as_before(&run, when);
		drop_run(&state);
	}
}

static void test_resume_after_death(void **state)
{
	(void)state;
	die_at_each_write(model_system_ram, FAULT_DIE_BEFORE, false);
	die_at_each_write(model_system_ram, FAULT_DIE_AFTER, false);
	die_at_each_write(model_devdax, FAULT_DIE_AFTER, false);
	die_at_each_write(model_idle, FAULT_DIE_AFTER, false);
	die_at_each_write(model_divided, FAULT_DIE_BEFORE, false);
	die_at_each_write(model_divided, FAULT_DIE_AFTER, false);
	die_at_each_write(model_pmem, FAULT_DIE_BEFORE, false);
	die_at_each_write(model_pmem, FAULT_DIE_AFTER, false);
}

static void test_abort_after_death(void **state)
{
	(void)state;
	die_at_each_write(model_system_ram, FAULT_DIE_BEFORE, true);
	die_at_each_write(model_system_ram, FAULT_DIE_AFTER, true);
	die_at_each_write(model_devdax, FAULT_DIE_AFTER, true);
	die_at_each_write(model_divided, FAULT_DIE_BEFORE, true);
	die_at_each_write(model_divided, FAULT_DIE_AFTER, true);
	die_at_each_write(model_pmem, FAULT_DIE_AFTER, true);
}

/* ---- after a reboot ---- */

/* Of the memory nothing is left but what the journal says. */
static void test_build_after_reboot(void **state)
{
	struct run *run = *state;
	cleanup_journal struct journal journal = {0};
	struct host host = copy_of_host(&run->before);
	struct plan plan = copy_of_plan(&run->plan);
	struct host idle = {0};

	kernel_halt(run->kernel);
	model_idle(&idle);
	idle.block_size = run->before.block_size;
	run->kernel = kernel_boot(&idle);
	host_free(&idle);
	journal_init(&run->kernel->tree.sys, &journal, &plan, &host);
	journal.direction = DIRECTION_UP;
	with_engine(run, &journal, true, false);
	check_outcome(run, OUTCOME_DONE, "");
	check_as_before(run, "after a reboot");
}

/* ---- signals ---- */

static int recover_stopped(void *context)
{
	struct run *run = context;

	stop_on_signals();
	raise(SIGTERM);
	recover(run);
	if (strcmp(run->err.text, "stopped by a signal") != 0)
		return 1;
	return run->outcome == OUTCOME_PUT_BACK ? 0 : 2;
}

static void test_stopped(void **state)
{
	struct run *run = *state;

	assert_int_equal(in_child(recover_stopped, run), 0);
	check_as_before(run, "stopped");
}

/* ---- progress ---- */

struct listener {
	struct progress progress;
	unsigned int begun, parts, ended, turned;
};

static void on_begin(struct progress *progress, const struct step *step, size_t at, size_t total)
{
	struct listener *listener = (struct listener *)progress;

	(void)step;
	assert_int_equal(at, ++listener->begun);
	assert_int_equal(total, 22);
}

static void on_part(struct progress *progress, const struct step *step, const struct part *part)
{
	struct listener *listener = (struct listener *)progress;

	assert_true(step->kind == STEP_OFFLINE_MEMORY || step->kind == STEP_ONLINE_MEMORY);
	assert_int_equal(part->blocks_total, 2);
	assert_int_equal(part->blocks_done, listener->parts++ % 2 + 1);
	assert_int_equal(part->total, 2 * BLOCK_SIZE);
	assert_int_equal(part->done, part->blocks_done * BLOCK_SIZE);
}

static void on_end(struct progress *progress, const struct step *step,
		   const struct step_report *report)
{
	((struct listener *)progress)->ended++;
	assert_int_equal(step->kind, report->kind);
	assert_string_equal(step->object, report->object);
}

static void on_turn(struct progress *progress, const struct error *why)
{
	((struct listener *)progress)->turned++;
	assert_string_not_equal(why->text, "");
}

static void test_progress(void **state)
{
	struct run *run = *state;
	struct listener listener = {{on_begin, on_part, on_end, on_turn}, 0, 0, 0, 0};
	cleanup_engine struct engine engine = {
		.sys = &run->kernel->tree.sys,
		.before = &run->before,
		.plan = &run->plan,
		.progress = &listener.progress,
	};

	assert_int_equal(engine_run(&engine, &run->err, &run->unrepaired), OUTCOME_DONE);
	assert_int_equal(listener.begun, 22);
	assert_int_equal(listener.ended, 22);
	assert_int_equal(listener.parts, 4);
	assert_int_equal(listener.turned, 0);
}

static void test_progress_of_failure(void **state)
{
	struct run *run = *state;
	struct listener listener = {{NULL, NULL, on_end, on_turn}, 0, 0, 0, 0};
	cleanup_engine struct engine engine = {
		.sys = &run->kernel->tree.sys,
		.before = &run->before,
		.plan = &run->plan,
		.progress = &listener.progress,
	};

	run->kernel->pinned = 210;
	assert_int_equal(engine_run(&engine, &run->err, &run->unrepaired), OUTCOME_PUT_BACK);
	assert_int_equal(listener.turned, 1);
	assert_int_equal(listener.ended, 14);
}

/* ---- plans that do not fit the picture ---- */

static const struct step_ops *const memory_steps[] = {&step_offline_memory, &step_online_memory};
static const struct step_ops *const region_steps[] = {&step_disable_region, &step_delete_region,
						      &step_create_region, &step_enable_region};
static const struct step_ops *const dax_steps[] = {&step_bind_dax};

static void check_unknown(struct run *run, const struct step_ops *const *ops, size_t count,
			  const char *object)
{
	struct engine engine = {
		.sys = &run->kernel->tree.sys,
		.before = &run->before,
		.plan = &run->plan,
	};
	struct step step = {0};
	char text[128];

	copy_text(step.object, sizeof(step.object), object);
	snprintf(text, sizeof(text), "the plan names %s, which was not there before", object);
	for (size_t i = 0; i < count; i++) {
		struct error err = {0};
		bool done = false;

		check_error(ops[i]->observe(&engine, &step, &done, &err), -EINVAL, &err, text, "");
		err = (struct error){0};
		check_error(ops[i]->act(&engine, &step, &err), -EINVAL, &err, text, "");
	}
	assert_int_equal(run->kernel->writes, 0);
}

static void test_unknown_objects(void **state)
{
	check_unknown(*state, memory_steps, ARRAY_SIZE(memory_steps), "dax9.0");
	check_unknown(*state, region_steps, ARRAY_SIZE(region_steps), "region9");
	check_unknown(*state, dax_steps, ARRAY_SIZE(dax_steps), "dax9.0");
}

/* Only what assess lets pass is ever planned; a journal could say anything. */
static void test_interleaved_region(void **state)
{
	struct run *run = *state;

	list_add(&region_of(&run->before, "region0")->targets);
	check_unknown(run, region_steps, ARRAY_SIZE(region_steps), "region0");
}

static void test_no_block_size(void **state)
{
	struct run *run = *state;

	run->before.block_size = 0;
	check_unknown(run, memory_steps, 1, "dax0.0");
}

/* A kernel without memory hot-plug can have character devices all the same. */
static void test_bind_without_block_size(void **state)
{
	struct run *run = *state;
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};
	const struct step step = {.kind = STEP_BIND_DAX, .object = "dax0.0"};
	struct error err = {0};
	bool done = false;

	run->before.block_size = 0;
	check_error(step_bind_dax.observe(&engine, &step, &done, &err), 0, &err, "", "");
	assert_true(done);
}

/* ---- what is there now ---- */

static void check_blocks(const struct engine *engine, uint64_t present, uint64_t online,
			 uint64_t highest)
{
	struct block_count count = count_blocks(engine, &engine->before->dax_devices.items[0]);

	assert_int_equal(count.present, present);
	assert_int_equal(count.online, online);
	assert_int_equal(count.highest, highest);
}

static void test_count_blocks(void **state)
{
	struct run *run = *state;
	struct tree *tree = &run->kernel->tree;
	struct engine engine = {.sys = &tree->sys, .before = &run->before};

	check_blocks(&engine, 2, 2, 211);
	*list_add(&run->before.dax_devices.items[0].mappings) =
		(struct mapping){.start = WINDOW_0 + 8 * BLOCK_SIZE, .size = 2 * BLOCK_SIZE};
	tree_file(tree, "online\n", MEMORY "/memory217/state"); /* between the two: not its own */
	check_blocks(&engine, 2, 2, 211);
	tree_file(tree, "going-offline\n", MEMORY "/memory218/state");
	check_blocks(&engine, 3, 3, 218);
	tree_file(tree, "offline\n", MEMORY "/memory219/state");
	check_blocks(&engine, 4, 3, 218);
	tree_unlink(tree, MEMORY "/memory218/state"); /* it is about to go */
	check_blocks(&engine, 4, 2, 211);
	tree_directory(tree, MEMORY "/memory218/state"); /* it can not be read */
	check_blocks(&engine, 4, 3, 218);
}

/* Of the dax devices in the range, whichever of their mappings is. */
static void test_refuse_blocks(void **state)
{
	struct run *run = *state;
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};
	struct error err = {0};

	*list_add(&run->before.dax_devices.items[0].mappings) =
		(struct mapping){.start = WINDOW_0 + GIB, .size = BLOCK_SIZE};
	check_error(refuse_blocks(&engine, WINDOW_0 + 2 * GIB, GIB, &err), 0, &err, "", "");
	check_error(refuse_blocks(&engine, 0, WINDOW_0, &err), 0, &err, "", "");
	assert_false(engine.reboot_needed);
	check_error(refuse_blocks(&engine, WINDOW_0 + GIB, GIB, &err), -EBUSY, &err,
		    "2 memory blocks of dax0.0 are still there, 2 of them online",
		    "the kernel could not remove them and will not try again: reboot");
	assert_true(engine.reboot_needed);
}

static void test_refuse_now(void **state)
{
	struct run *run = *state;
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};
	struct error err = {0};

	check_error(refuse_now(&engine, PORT_A, assess_quiesced, &err), -EBUSY, &err,
		    "decoder-committed: decoder3.0 still decodes 0x690000000-0x69fffffff",
		    "disable and destroy its region first");
	err = (struct error){0};
	check_error(refuse_now(&engine, PORT_A, assess_reset, &err), -EBUSY, &err,
		    "memory-online: memory210-211 is online in the range that decoder3.0 decodes",
		    "offline it first: chmem -d, or daxctl offline-memory");
	err = (struct error){0};
	check_error(refuse_now(&engine, "0000:0c:1f.0", assess_reset, &err), -ENODEV, &err,
		    "root port 0000:0c:1f.0 is gone", "");
}

static void test_refuse_nothing_now(void **state)
{
	struct run *run = *state;
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};
	struct error err = {0};

	check_error(refuse_now(&engine, PORT_A, assess_quiesced, &err), 0, &err, "", "");
	check_error(refuse_now(&engine, PORT_A, assess_reset, &err), 0, &err, "", "");
}

/* ---- finding things again ---- */

static void test_find_region(void **state)
{
	struct run *run = *state;
	const struct sys *sys = &run->kernel->tree.sys;
	char name[NAME_SIZE] = "";

	assert_int_equal(find_region_at(sys, WINDOW_0, name), 0);
	assert_string_equal(name, "region0");
	assert_int_equal(find_region_at(sys, WINDOW_0 + 1, name), -ENOENT);
	assert_int_equal(find_region_at(sys, 0, name), -ENOENT);
	kernel_squat(run->kernel, "region1", DEVICE_SIZE);
	assert_int_equal(find_region_at(sys, WINDOW_0 + DEVICE_SIZE, name), 0);
	assert_string_equal(name, "region1");
}

static void test_find_dax_at(void **state)
{
	struct run *run = *state;
	const struct sys *sys = &run->kernel->tree.sys;
	char name[NAME_SIZE] = "";

	assert_int_equal(find_dax_at(sys, WINDOW_0, name), 0);
	assert_string_equal(name, "dax0.0");
	assert_int_equal(find_dax_at(sys, WINDOW_0 + 3 * BLOCK, name), 0);
	assert_string_equal(name, "dax0.0");
	assert_int_equal(find_dax_at(sys, WINDOW_0 + BLOCK, name), 0);
	assert_string_equal(name, "dax0.2");
	assert_int_equal(find_dax_at(sys, WINDOW_0 + 2 * BLOCK, name), -ENOENT);
	assert_int_equal(find_dax_at(sys, WINDOW_0 + 1, name), -ENOENT);
	assert_int_equal(find_dax_at(sys, 0, name), -ENOENT);
}

static void test_find_dax_devices(void **state)
{
	struct run *run = *state;
	const struct sys *sys = &run->kernel->tree.sys;
	struct names names;

	assert_int_equal(sys_write(sys, NULL, "1",
				   "/sys/bus/cxl/devices/region0/dax_region0/dax_region/create"),
			 0);
	assert_int_equal(find_dax_devices(sys, "region0", &names), 0);
	assert_int_equal(names.count, 3); /* an empty one as well */
	assert_string_equal(names.items[0], "dax0.0");
	assert_string_equal(names.items[1], "dax0.1");
	assert_string_equal(names.items[2], "dax0.2");
	names_free(&names);
	assert_int_equal(find_dax_devices(sys, "region", &names), 0);
	assert_int_equal(names.count, 0);
	assert_int_equal(find_dax_devices(sys, "region1", &names), 0);
	assert_int_equal(names.count, 0);
}

static void test_find_memdev(void **state)
{
	struct run *run = *state;
	const struct sys *sys = &run->kernel->tree.sys;
	struct memdev before = *memdev_of(&run->before, "mem0");
	char name[NAME_SIZE] = "";
	struct error err = {0};

	strcpy(before.name, "mem7"); /* names are not what counts */
	check_error(find_memdev(sys, &before, name, &err), 0, &err, "", "");
	assert_string_equal(name, "mem0");
	before.serial = 0x77;
	check_error(find_memdev(sys, &before, name, &err), -ENODEV, &err,
		    DEVICE_A " has serial 0x1234 now, expected 0x77", "");
	strcpy(before.address, DEVICE_B);
	err = (struct error){0};
	check_error(find_memdev(sys, &before, name, &err), -ENOENT, &err, "", "");
}

static void test_find_endpoint(void **state)
{
	struct run *run = *state;
	char name[NAME_SIZE] = "";

	assert_int_equal(find_endpoint(&run->kernel->tree.sys, "mem0", name), 0);
	assert_string_equal(name, "endpoint3");
	assert_int_equal(find_endpoint(&run->kernel->tree.sys, "mem1", name), -ENOENT);
	tree_unlink(&run->kernel->tree, "/sys/bus/cxl/devices/endpoint3/driver");
	assert_int_equal(find_endpoint(&run->kernel->tree.sys, "mem0", name), -ENOENT);
}

struct countdown {
	int left, then, calls;
};

static int count_down(void *context)
{
	struct countdown *countdown = context;

	countdown->calls++;
	return countdown->left-- > 0 ? -ENOENT : countdown->then;
}

static void test_wait_for(void **state)
{
	struct countdown soon = {3, 0, 0}, error = {2, -EIO, 0}, never = {1000000, 0, 0};

	(void)state;
	assert_int_equal(wait_for(count_down, &soon, 1000), 0);
	assert_int_equal(soon.calls, 4);
	assert_int_equal(wait_for(count_down, &error, 1000), -EIO);
	assert_int_equal(error.calls, 3);
	assert_int_equal(wait_for(count_down, &never, 1000), -ETIMEDOUT);
	never.calls = 0;
	assert_int_equal(wait_for(count_down, &never, 0), -ETIMEDOUT);
	assert_int_equal(never.calls, 1); /* at least once */
}

#define ON(machine, test) cmocka_unit_test_setup_teardown(test, run_##machine, drop_run)

int main(void)
{
	static const struct CMUnitTest good[] = {
		ON(ram, test_ram),
		ON(devdax, test_devdax),
		ON(disabled, test_devdax),
		ON(idle, test_idle),
		ON(divided, test_divided),
		ON(unused, test_unused),
		ON(ram, test_taken_late),
		ON(devdax, test_taken_late),
		ON(disabled, test_taken_late),
		ON(divided, test_taken_late),
		ON(unused, test_taken_late),
		ON(devdax, test_alignment),
		ON(ram, test_late_probes),
		ON(ram, test_zones_are_kept),
		ON(half, test_offline_stays_offline),
		ON(holes, test_holes_below),
		ON(holes, test_pmem_holes_below),
		ON(holes, test_address_taken),
		ON(ram, test_progress),
	};
	static const struct CMUnitTest bad[] = {
		ON(ram, test_pinned),
		ON(ram, test_put_back_later),
		ON(ram, test_pinned_for_a_while),
		ON(ram, test_hook_before),
		ON(ram, test_hook_before_restore),
		ON(ram, test_hook_when_putting_back),
		ON(ram, test_pinned_above),
		ON(ram, test_how_long),
		ON(demotion, test_demotion),
		ON(demotion, test_demotion_put_back),
		ON(demotion, test_demotion_unknown),
		ON(ram, test_kernel_zone),
		ON(ram, test_kernel_keeps_blocks),
		ON(ram, test_masked_reset),
		ON(ram, test_lost_decoders),
		ON(ram, test_stopped),
		ON(ram, test_progress_of_failure),
		cmocka_unit_test(test_each_write_fails),
		cmocka_unit_test(test_each_write_is_ignored),
		cmocka_unit_test(test_resume_after_death),
		cmocka_unit_test(test_abort_after_death),
		ON(ram, test_build_after_reboot),
		ON(devdax, test_build_after_reboot),
		ON(divided, test_build_after_reboot),
		ON(pmem, test_build_after_reboot),
		ON(ram, test_unknown_objects),
		ON(ram, test_interleaved_region),
		ON(ram, test_no_block_size),
		ON(devdax, test_bind_without_block_size),
	};
	static const struct CMUnitTest find[] = {
		ON(ram, test_count_blocks),	    ON(ram, test_refuse_blocks),
		ON(ram, test_refuse_now),	    ON(idle, test_refuse_nothing_now),
		ON(ram, test_find_region),	    ON(divided, test_find_dax_at),
		ON(divided, test_find_dax_devices), ON(ram, test_find_memdev),
		ON(ram, test_find_endpoint),	    cmocka_unit_test(test_wait_for),
	};
	static const struct CMUnitTest pmem[] = {
		ON(pmem, test_pmem),
		ON(pmem, test_pmem_elsewhere),
		ON(pmem, test_pmem_not_offered),
		ON(pmem, test_pmem_region_in_use),
		ON(pmem, test_pmem_other_uuid),
		ON(pmem, test_namespace_changed),
		ON(pmem, test_namespace_gone),
		ON(pmem, test_namespace_without_label),
		ON(pmem, test_namespace_opened),
		ON(pmem, test_region_not_flushed),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(good, NULL, NULL);
	failed += cmocka_run_group_tests(pmem, NULL, NULL);
	failed += cmocka_run_group_tests(bad, NULL, NULL);
	failed += cmocka_run_group_tests(find, NULL, NULL);
	return failed ? 1 : 0;
}
