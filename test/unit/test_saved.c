// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec/: the steps that save and load, and who has what counts: the device or the file. Whatever
 * happens in between, nothing that somebody wrote last is lost.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "exec/engine.h"
#include "exec/saved.h"
#include "model.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define DRIVER	"/sys/bus/dax/devices/" DAX "/driver"
#define LENGTH	(3 * MIB)

/* One operation, and the run of it that goes on now. */
struct run {
	struct tree tree;
	struct journal journal;
	struct engine engine;
	struct error err;
};

static const struct step step = {.object = DAX};

/* ---- a device, and an operation on it ---- */

static void bind_device(struct run *run, const char *dax)
{
	device_make(&run->tree, dax, LENGTH);
	tree_file(&run->tree, words("0x%llx\n", WINDOW_0), "/sys/bus/dax/devices/%s/mapping0/start",
		  dax);
	tree_link(&run->tree, "/sys/bus/dax/drivers/device_dax", "/sys/bus/dax/devices/%s/driver",
		  dax);
}

static void begin_run(struct run *run, bool resumed)
{
	engine_free(&run->engine);
	run->err = (struct error){0};
	run->engine = (struct engine){
		.sys = &run->tree.sys,
		.before = &run->journal.before,
		.plan = &run->journal.plan,
		.journal = &run->journal,
		.resumed = resumed,
	};
}

static void make_operation(struct run *run)
{
	struct host host = {0};
	struct plan plan = {.operation = "evacuate", .object = DAX};

	model_devdax(&host);
	host.dax_devices.items[0].size = LENGTH;
	plan.manner.save = xstrdup(path_of(&run->tree, "/save"));
	journal_init(&run->tree.sys, &run->journal, &plan, &host);
	begin_run(run, false);
}

static int set_up(void **state)
{
	struct run *run = xcalloc(1, sizeof(*run));

	tree_make(&run->tree);
	tree_directory(&run->tree, "/save");
	tree_directory(&run->tree, "/sys/bus/dax/drivers/device_dax");
	tree_file(&run->tree, "this boot\n", BOOT_ID);
	bind_device(run, DAX);
	put_noise(DEVICE(&run->tree), MIB, MIB);
	make_operation(run);
	*state = run;
	return 0;
}

static int take_down(void **state)
{
	struct run *run = *state;

	engine_free(&run->engine);
	journal_free(&run->journal);
	tree_remove(&run->tree);
	free(run);
	return 0;
}
#define IN_RUN(test) cmocka_unit_test_setup_teardown(test, set_up, take_down)

/* ---- steps ---- */

static bool is_done(struct run *run, const struct step_ops *ops)
{
	bool done = false;

	run->err = (struct error){0};
	if (ops->observe(&run->engine, &step, &done, &run->err))
		fail_msg("%s", run->err.text);
	return done;
}

/* As the engine does it. */
static void must_do(struct run *run, const struct step_ops *ops)
{
	assert_false(is_done(run, ops));
	if (ops->act(&run->engine, &step, &run->err))
		fail_msg("%s", run->err.text);
	assert_true(is_done(run, ops));
}

static void must_save(struct run *run)
{
	must_do(run, &step_save_contents);
}

static void must_leave(struct run *run)
{
	if (saved_leave(&run->engine, &step, &run->err))
		fail_msg("%s", run->err.text);
}

/* Out of service: the device is there, without a driver. */
static void leave_service(struct run *run)
{
	must_leave(run);
	tree_unlink(&run->tree, DRIVER);
}

/* Back in service by us, after the memory was lost. */
static void return_empty(struct run *run)
{
	assert_int_equal(saved_bring(&run->engine, DAX, &run->err), 0);
	tree_unlink(&run->tree, "/dev/" DAX);
	bind_device(run, DAX);
}

static void user_writes(struct run *run)
{
	put_noise(DEVICE(&run->tree), 2 * MIB, 100);
}

static struct saved *saved_of(struct run *run)
{
	struct saved *saved = saved_find(&run->engine, DAX);

	assert_non_null(saved);
	return saved;
}

/* What the next run would find. */
static void check_journal(struct run *run, enum saved_state state)
{
	cleanup_journal struct journal journal = {0};

	assert_int_equal(journal_load(&run->tree.sys, "evacuate", DAX, &journal, NULL), 0);
	assert_int_equal(journal.saved.count, 1);
	assert_int_equal(journal.saved.items[0].state, state);
	assert_string_equal(journal.saved.items[0].sha256, saved_of(run)->sha256);
	assert_string_equal(journal.saved.items[0].path, saved_of(run)->path);
}

static void check_nothing_in_journal(struct run *run)
{
	cleanup_journal struct journal journal = {0};

	assert_int_equal(journal_load(&run->tree.sys, "evacuate", DAX, &journal, NULL), 0);
	assert_int_equal(journal.saved.count, 0);
}

/* ---- save ---- */

static void test_save(void **state)
{
	struct run *run = *state;

	must_save(run);
	check_journal(run, SAVED_COPY);
	check_sum_of(DEVICE(&run->tree), saved_of(run)->sha256);
	check_sum_of(saved_of(run)->path, saved_of(run)->sha256);
	assert_int_equal(saved_of(run)->size, LENGTH);
}

static void check_save_fails(struct run *run, int code, const char *text)
{
	run->err = (struct error){0};
	check_error(step_save_contents.act(&run->engine, &step, &run->err), code, &run->err, text,
		    "");
	assert_int_equal(run->journal.saved.count, 0);
}

static void test_save_refused(void **state)
{
	const char *text = "the contents of " DAX " can not be kept without a journal";
	struct run *run = *state;

	run->engine.journal = NULL;
	check_save_fails(run, -EINVAL, text);
	run->engine.journal = &run->journal;
	free(run->journal.plan.manner.save);
	run->journal.plan.manner.save = NULL;
	check_save_fails(run, -EINVAL, text);
	run->journal.plan.manner.save = xstrdup(path_of(&run->tree, "/save"));
	run->journal.before.dax_devices.items[0].size = 2 * LENGTH;
	check_save_fails(run, -EBUSY, DAX " has another size than it had before");
}

/* A file that somebody removed or cut off does not count. */
static void test_file_gone(void **state)
{
	struct run *run = *state;

	must_save(run);
	assert_int_equal(truncate(saved_of(run)->path, 100), 0);
	assert_false(is_done(run, &step_save_contents));
	assert_int_equal(unlink(saved_of(run)->path), 0);
	must_save(run);
	assert_int_equal(run->journal.saved.count, 1);
}

/* The run was cut short, and somebody went on with the device. */
static void test_save_resumed(void **state)
{
	char before[SHA256_SIZE];
	struct run *run = *state;

	must_save(run);
	strcpy(before, saved_of(run)->sha256);
	begin_run(run, true);
	assert_true(is_done(run, &step_save_contents));
	user_writes(run);
	assert_false(is_done(run, &step_save_contents));
	must_save(run);
	assert_string_not_equal(saved_of(run)->sha256, before);
	check_sum_of(DEVICE(&run->tree), saved_of(run)->sha256);
	check_sum_of(saved_of(run)->path, saved_of(run)->sha256);
	check_journal(run, SAVED_COPY);
}

/* ---- the device leaves service ---- */

static void test_leave(void **state)
{
	struct run *run = *state;

	must_leave(run); /* nothing was saved: nothing to do */
	must_save(run);
	leave_service(run);
	check_journal(run, SAVED_ONLY);
	must_leave(run);
	begin_run(run, true);
	assert_true(is_done(run, &step_save_contents)); /* without the device */
	must_leave(run);
}

static void test_leave_changed(void **state)
{
	struct run *run = *state;
	const char *advice;

	must_save(run);
	advice = words("stop what uses it, and try again; the file is out of date: %s",
		       saved_of(run)->path);
	user_writes(run);
	check_error(saved_leave(&run->engine, &step, &run->err), -EBUSY, &run->err,
		    "the contents of " DAX " changed after they were saved", advice);
	check_nothing_in_journal(run);
	assert_true(is_done(run, &step_load_contents)); /* what he wrote stays */
}

/* Another run can not know who came and went. */
static void test_leave_changed_resumed(void **state)
{
	struct run *run = *state;

	must_save(run);
	user_writes(run);
	begin_run(run, true);
	assert_int_equal(saved_leave(&run->engine, &step, &run->err), -EBUSY);
	check_nothing_in_journal(run);
}

/* Somebody looked at it, and changed nothing. */
static void test_leave_read(void **state)
{
	struct run *run = *state;

	must_save(run);
	close(open(DEVICE(&run->tree), O_RDWR | O_CLOEXEC));
	must_leave(run);
	check_journal(run, SAVED_ONLY);
}

/* While we looked for users. */
static void test_leave_late(void **state)
{
	struct run *run = *state;

	assert_int_equal(saved_stayed(&run->engine, DAX, &run->err), 0);
	must_save(run);
	must_leave(run);
	assert_int_equal(saved_stayed(&run->engine, DAX, &run->err), 0);
	user_writes(run);
	check_error(saved_stayed(&run->engine, DAX, &run->err), -EBUSY, &run->err,
		    "somebody opened /dev/" DAX " after its contents were saved", "");
	run->journal.direction = DIRECTION_UP;
	assert_int_equal(saved_stayed(&run->engine, DAX, &run->err), 0);
}

/* The same on the whole way: what he wrote is kept. */
static void test_unbind_late(void **state)
{
	char after[SHA256_SIZE];
	struct run *run = *state;

	must_save(run);
	must_leave(run);
	user_writes(run);
	sum_of(DEVICE(&run->tree), after);
	assert_int_equal(saved_return(&run->engine, DAX, &run->err), 0);
	assert_true(is_done(run, &step_load_contents));
	check_sum_of(DEVICE(&run->tree), after);
}

static void test_leave_unbound(void **state)
{
	struct run *run = *state;

	must_save(run);
	tree_unlink(&run->tree, DRIVER);
	must_leave(run);
	check_journal(run, SAVED_ONLY);
}

/* What he wrote before can not be seen any more. */
static void test_leave_unbound_after_use(void **state)
{
	struct run *run = *state;

	must_save(run);
	user_writes(run);
	tree_unlink(&run->tree, DRIVER);
	check_error(saved_leave(&run->engine, &step, &run->err), -EBUSY, &run->err,
		    "somebody unbound " DAX " after its contents were saved", "");
	check_journal(run, SAVED_COPY);
}

static const char *choice(struct run *run)
{
	return words("to keep what is there now, bring it back with --discard-contents; to have "
		     "what is in %s, unbind the device first",
		     saved_of(run)->path);
}

/* Killed between the note and the unbinding: the file must not be forgotten, nor a change. */
static void test_leave_twice(void **state)
{
	struct run *run = *state;

	must_save(run);
	must_leave(run);
	begin_run(run, true);
	must_leave(run);
	user_writes(run);
	check_error(saved_leave(&run->engine, &step, &run->err), -EBUSY, &run->err,
		    "the contents of " DAX " changed after they were saved", choice(run));
	check_journal(run, SAVED_ONLY);
}

/* The run that dropped what had changed was killed, or was to leave all as it is. */
static void test_leave_unsaved(void **state)
{
	struct run *run = *state;
	struct step *save = list_add(&run->journal.plan.down);

	save->kind = STEP_SAVE_CONTENTS;
	strcpy(save->object, "dax1.0");
	must_leave(run);
	strcpy(save->object, DAX);
	check_error(saved_leave(&run->engine, &step, &run->err), -EBUSY, &run->err,
		    "the contents of " DAX " are not saved", "");
	must_save(run);
	must_leave(run);
	check_journal(run, SAVED_ONLY);
}

/* Given up: neither saved nor missed. */
static void test_leave_given_up(void **state)
{
	struct run *run = *state;
	struct step *save = list_add(&run->journal.plan.down);

	save->kind = STEP_SAVE_CONTENTS;
	strcpy(save->object, DAX);
	free(run->journal.plan.manner.save);
	run->journal.plan.manner.save = NULL;
	must_leave(run);
}

static void test_leave_file_gone(void **state)
{
	struct run *run = *state;
	const char *text;

	must_save(run);
	text = words("the file with the contents of " DAX " is gone, or was changed: %s",
		     saved_of(run)->path);
	assert_int_equal(truncate(saved_of(run)->path, LENGTH - 1), 0);
	check_error(saved_leave(&run->engine, &step, &run->err), -EBUSY, &run->err, text,
		    "put it back, or try again to save them anew");
	check_journal(run, SAVED_COPY);
}

/* Before the memory is lost is the last time to find out. */
static void test_file_gone_after_leaving(void **state)
{
	struct run *run = *state;
	bool done;

	must_save(run);
	leave_service(run);
	assert_int_equal(unlink(saved_of(run)->path), 0);
	begin_run(run, true);
	check_error(step_save_contents.observe(&run->engine, &step, &done, &run->err), -EBUSY,
		    &run->err,
		    words("the file with the contents of " DAX " is gone, or was changed: %s",
			  saved_of(run)->path),
		    "put it back, or try again to save them anew");
}

static void test_stays(void **state)
{
	struct run *run = *state;

	assert_int_equal(saved_return(&run->engine, DAX, &run->err), 0); /* nothing was saved */
	must_save(run);
	must_leave(run);
	assert_int_equal(saved_return(&run->engine, DAX, &run->err), 0); /* it was not unbound */
	check_journal(run, SAVED_BACK);
	user_writes(run);
	assert_true(is_done(run, &step_load_contents));
}

/* ---- load ---- */

static void test_load(void **state)
{
	struct run *run = *state;

	must_save(run);
	leave_service(run);
	return_empty(run);
	begin_run(run, false);
	must_do(run, &step_load_contents);
	check_sum_of(DEVICE(&run->tree), saved_of(run)->sha256);
	check_journal(run, SAVED_BACK);
}

/* The rest of the way failed; somebody used the device until the next try. */
static void test_load_once(void **state)
{
	char after[SHA256_SIZE];
	struct run *run = *state;

	must_save(run);
	leave_service(run);
	return_empty(run);
	must_do(run, &step_load_contents);
	user_writes(run);
	sum_of(DEVICE(&run->tree), after);
	begin_run(run, true);
	assert_true(is_done(run, &step_load_contents));
	check_sum_of(DEVICE(&run->tree), after);
}

/* It came back as it was. */
static void test_load_nothing_lost(void **state)
{
	struct run *run = *state;

	must_save(run);
	leave_service(run);
	tree_link(&run->tree, "/sys/bus/dax/drivers/device_dax", DRIVER);
	assert_true(is_done(run, &step_load_contents));
	check_journal(run, SAVED_BACK);
}

static void check_load_refused(struct run *run)
{
	char before[SHA256_SIZE];
	bool done = true;

	sum_of(DEVICE(&run->tree), before);
	run->err = (struct error){0};
	check_error(step_load_contents.observe(&run->engine, &step, &done, &run->err), -EBUSY,
		    &run->err, DAX " is in service, and its contents are not those that were saved",
		    choice(run));
	assert_false(done);
	check_sum_of(DEVICE(&run->tree), before);
	check_journal(run, SAVED_ONLY);
}

/* Killed right before it was unbound: it never left service, and somebody went on with it. */
static void test_load_over_newer(void **state)
{
	struct run *run = *state;

	must_save(run);
	must_leave(run);
	user_writes(run);
	begin_run(run, true);
	check_load_refused(run);
	saved_give_up(&run->journal);
	assert_true(is_done(run, &step_load_contents));
}

/* Somebody put it into service while it was evacuated; then took it out again for us. */
static void test_load_in_service(void **state)
{
	struct run *run = *state;

	must_save(run);
	leave_service(run);
	tree_link(&run->tree, "/sys/bus/dax/drivers/device_dax", DRIVER);
	user_writes(run);
	begin_run(run, true);
	check_load_refused(run);
	tree_unlink(&run->tree, DRIVER);
	return_empty(run);
	check_journal(run, SAVED_RETURNING);
	begin_run(run, true);
	must_do(run, &step_load_contents);
	check_sum_of(DEVICE(&run->tree), saved_of(run)->sha256);
}

/* Evacuated again from half-way back: half of the contents are no reason to give up the file. */
static void test_leave_half_loaded(void **state)
{
	struct run *run = *state;

	must_save(run);
	leave_service(run);
	return_empty(run);
	begin_run(run, true);
	assert_true(is_done(run, &step_save_contents));
	check_error(saved_leave(&run->engine, &step, &run->err), -EBUSY, &run->err,
		    "the contents of " DAX " changed after they were saved", choice(run));
	check_journal(run, SAVED_RETURNING);
	must_do(run, &step_load_contents);
	must_leave(run);
	check_journal(run, SAVED_ONLY);
}

/* A region that is enabled again has new devices. */
static void test_bring_region(void **state)
{
	struct run *run = *state;
	const char *region = run->journal.before.dax_devices.items[0].region;

	assert_int_equal(saved_bring_region(&run->engine, region, &run->err), 0);
	must_save(run);
	assert_int_equal(saved_bring_region(&run->engine, region, &run->err), 0);
	check_journal(run, SAVED_COPY);
	must_leave(run);
	assert_int_equal(saved_bring_region(&run->engine, "region7", &run->err), 0);
	check_journal(run, SAVED_ONLY);
	assert_int_equal(saved_bring_region(&run->engine, region, &run->err), 0);
	check_journal(run, SAVED_RETURNING);
}

/* The way down failed before it left. */
static void test_load_never_left(void **state)
{
	struct run *run = *state;

	assert_true(is_done(run, &step_load_contents));
	must_save(run);
	user_writes(run);
	assert_true(is_done(run, &step_load_contents));
}

/* The host went down instead. */
static void test_load_after_boot(void **state)
{
	struct run *run = *state;

	must_save(run);
	tree_unlink(&run->tree, DRIVER);
	return_empty(run);
	assert_true(is_done(run, &step_load_contents));
	tree_file(&run->tree, "another\n", BOOT_ID);
	must_do(run, &step_load_contents);
	check_sum_of(DEVICE(&run->tree), saved_of(run)->sha256);
	user_writes(run);
	assert_true(is_done(run, &step_load_contents));
}

/* It had its contents back, but not all else came back, and the host went down. */
static void test_load_after_boot_again(void **state)
{
	struct run *run = *state;

	must_save(run);
	leave_service(run);
	return_empty(run);
	must_do(run, &step_load_contents);
	check_journal(run, SAVED_BACK);
	tree_file(&run->tree, "another\n", BOOT_ID);
	tree_unlink(&run->tree, DRIVER);
	return_empty(run);
	must_do(run, &step_load_contents);
	check_sum_of(DEVICE(&run->tree), saved_of(run)->sha256);
	user_writes(run);
	assert_true(is_done(run, &step_load_contents));
}

/* In service after a reboot is what was not bound by us either. */
static void test_load_in_service_after_boot(void **state)
{
	struct run *run = *state;

	must_save(run);
	leave_service(run);
	tree_unlink(&run->tree, "/dev/" DAX);
	bind_device(run, DAX);
	tree_file(&run->tree, "another\n", BOOT_ID);
	must_do(run, &step_load_contents);
	check_journal(run, SAVED_BACK);
}

static void test_load_renamed(void **state)
{
	struct run *run = *state;

	must_save(run);
	leave_service(run);
	tree_unlink(&run->tree, "/sys/bus/dax/devices/" DAX "/mapping0/start");
	assert_int_equal(saved_bring(&run->engine, DAX, &run->err), 0);
	bind_device(run, "dax1.0");
	must_do(run, &step_load_contents);
	check_sum_of(path_of(&run->tree, "/dev/dax1.0"), saved_of(run)->sha256);
}

static void test_load_no_device(void **state)
{
	struct run *run = *state;
	bool done;

	must_save(run);
	leave_service(run);
	tree_unlink(&run->tree, "/sys/bus/dax/devices/" DAX "/mapping0/start");
	check_error(step_load_contents.observe(&run->engine, &step, &done, &run->err), -ENODEV,
		    &run->err, "there is no dax device in place of " DAX, "");
	check_journal(run, SAVED_ONLY);
}

static void test_load_no_file(void **state)
{
	struct run *run = *state;

	must_save(run);
	leave_service(run);
	return_empty(run);
	assert_int_equal(unlink(saved_of(run)->path), 0);
	assert_false(is_done(run, &step_load_contents));
	check_error(step_load_contents.act(&run->engine, &step, &run->err), -ENOENT, &run->err,
		    words("cannot open %s: No such file or directory", saved_of(run)->path),
		    "put the file back, or give its contents up with --discard-contents");
	check_journal(run, SAVED_RETURNING);
	saved_give_up(&run->journal);
	assert_true(is_done(run, &step_load_contents));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_RUN(test_save),
		IN_RUN(test_save_refused),
		IN_RUN(test_file_gone),
		IN_RUN(test_save_resumed),
		IN_RUN(test_leave),
		IN_RUN(test_leave_changed),
		IN_RUN(test_leave_changed_resumed),
		IN_RUN(test_leave_read),
		IN_RUN(test_leave_late),
		IN_RUN(test_unbind_late),
		IN_RUN(test_leave_unbound),
		IN_RUN(test_leave_unbound_after_use),
		IN_RUN(test_leave_twice),
		IN_RUN(test_leave_unsaved),
		IN_RUN(test_leave_given_up),
		IN_RUN(test_leave_file_gone),
		IN_RUN(test_file_gone_after_leaving),
		IN_RUN(test_leave_half_loaded),
		IN_RUN(test_stays),
		IN_RUN(test_load),
		IN_RUN(test_load_once),
		IN_RUN(test_load_nothing_lost),
		IN_RUN(test_load_over_newer),
		IN_RUN(test_load_in_service),
		IN_RUN(test_bring_region),
		IN_RUN(test_load_never_left),
		IN_RUN(test_load_after_boot),
		IN_RUN(test_load_after_boot_again),
		IN_RUN(test_load_in_service_after_boot),
		IN_RUN(test_load_renamed),
		IN_RUN(test_load_no_device),
		IN_RUN(test_load_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
