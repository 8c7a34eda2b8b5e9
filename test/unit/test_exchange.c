// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers and releases on a device behind a transport: what is sent, that it is sent once, that it is proven
 * afterwards, and that it is finished after any death.
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

#include "collect/collect.h"
#include "exec/exchange.h"
#include "extents/check.h"
#include "extents/commands.h"
#include "extents/lost.h"
#include "fake_device.h"
#include "kernel.h"
#include "model.h"
#include "policy/answer.h"
#include "support.h"
#include "sys/stop.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

static struct tree tree;
static struct fake_device *device;
static bool decoding; /* the device's decoder is committed */
static bool disk_full;
static unsigned int saves_left; /* before it is; 0: no limit */

/* ---- what else the steps ask: the machine, and the disk ---- */

int __wrap_collect_host(const struct sys *sys, struct host *host, struct error *err);
int __real_journal_save(const struct sys *sys, const struct journal *journal, struct error *err);
int __wrap_journal_save(const struct sys *sys, const struct journal *journal, struct error *err);

static void make_host(struct host *host)
{
	struct function *function;

	host->privileged = true;
	function = model_function(host, DEVICE_B, PORT_B, FUNCTION_MEMDEV, "");
	function->registers = true;
	*list_add(&function->hdm) =
		(struct hdm_range){.start = GIB, .size = GIB, .committed = decoding};
}

int __wrap_collect_host(const struct sys *sys, struct host *host, struct error *err)
{
	(void)sys;
	(void)err;
	make_host(host);
	return 0;
}

int __wrap_journal_save(const struct sys *sys, const struct journal *journal, struct error *err)
{
	int rc;

	if (disk_full || (saves_left && !--saves_left))
		return fail_errno(err, -ENOSPC, "cannot write the journal");
	fake_moment(device);
	rc = __real_journal_save(sys, journal, err);
	fake_moment(device);
	return rc;
}

static int start(void **state)
{
	(void)state;
	tree_make(&tree);
	tree_directory(&tree, "/run");
	tree_file(&tree, "boot-1\n", "/proc/sys/kernel/random/boot_id");
	device = fake_make();
	decoding = disk_full = false;
	saves_left = 0;
	return 0;
}

static int finish(void **state)
{
	(void)state;
	if (device->disaster[0])
		fail_msg("%s", device->disaster);
	fake_drop(device);
	tree_remove(&tree);
	return 0;
}

/* ---- whole operations ---- */

struct result {
	enum outcome outcome;
	int refusal; /* that many findings stood against it; then nothing was run */
	char finding[48];
	struct error err;
};

/* What the command does: read, choose, ask the rules. */
struct attempt {
	struct host host;
	struct dc_device *device;
	struct findings checks, findings;
	struct pieces pieces;
	struct plan plan;
};

static void attempt_free(struct attempt *attempt)
{
	host_free(&attempt->host);
	findings_free(&attempt->checks);
	findings_free(&attempt->findings);
	pieces_free(&attempt->pieces);
	plan_free(&attempt->plan);
}
#define cleanup_attempt __attribute__((cleanup(attempt_free)))

static void look(struct attempt *attempt)
{
	struct error err = {0};

	make_host(&attempt->host);
	attempt->device = list_add(&attempt->host.dc_devices);
	copy_text(attempt->device->address, NAME_SIZE, DEVICE_B);
	check_error(dc_read_device(&device->transport, NULL, attempt->device, &err), 0, &err, "",
		    "");
}

static struct batch *batch_of(struct attempt *attempt, int number)
{
	list_each(batch, &attempt->device->batches)
		if (batch->number == number)
			return batch;
	fail_msg("no batch %d", number);
	return NULL;
}

static void choose(struct attempt *attempt, struct batch *batch, const char *accept)
{
	cleanup_acceptance struct acceptance acceptance = {.kind = ACCEPT_VALID};
	struct error err = {0};

	if (strcmp(accept, "valid") != 0)
		check_error(acceptance_parse(&acceptance, accept, &err), 0, &err, "", "");
	check_error(acceptance_apply(&acceptance, attempt->device, batch, &attempt->pieces, &err),
		    0, &err, "", "");
}

static struct result run_journal(struct journal *journal, bool resumed)
{
	cleanup_engine struct engine engine = {
		.sys = &tree.sys,
		.before = &journal->before,
		.plan = &journal->plan,
		.journal = journal,
		.transport = &device->transport,
		.resumed = resumed,
	};
	struct result result = {0};

	result.outcome = exchange_run(&engine, &result.err);
	return result;
}

static struct result run_plan(struct attempt *attempt)
{
	cleanup_journal struct journal journal = {0};
	const struct finding *refusal = findings_refusal(&attempt->findings);
	struct result result = {0};

	if (refusal) {
		result.refusal = 1;
		copy_text(result.finding, sizeof(result.finding), refusal->id);
		return result;
	}
	journal_init(&tree.sys, &journal, &attempt->plan, &attempt->host);
	list_each(piece, &attempt->pieces.list)
		*list_add(&journal.pieces) = *piece;
	return run_journal(&journal, false);
}

static struct result respond_forced(int number, const char *accept, const char *force)
{
	const char *const forces[] = {force, NULL};
	const struct consent consent = {.force = forces};
	cleanup_attempt struct attempt attempt = {0};
	struct answer answer;
	struct batch *batch;

	look(&attempt);
	batch = batch_of(&attempt, number);
	answer_check(attempt.device, batch, &attempt.checks);
	choose(&attempt, batch, accept);
	answer = (struct answer){
		.device = attempt.device,
		.batch = batch,
		.checks = &attempt.checks,
		.pieces = &attempt.pieces,
		.valid = strcmp(accept, "valid") == 0,
		.lost_earlier = lost_is_noted(&tree.sys, DEVICE_B),
	};
	assess_answer(&attempt.host, &answer, &consent, &attempt.findings);
	plan_answer(&answer, &consent, &attempt.plan);
	return run_plan(&attempt);
}

static struct result respond(int number, const char *accept)
{
	return respond_forced(number, accept, NULL);
}

static struct result release_pieces(struct attempt *attempt, const struct batch *batch,
				    const char *force)
{
	const char *const forces[] = {force, NULL};
	const struct consent consent = {.force = forces};
	const struct release release = {attempt->device, batch, &attempt->pieces};

	assess_release(&attempt->host, &release, &consent, &attempt->findings);
	plan_release(&release, &attempt->plan);
	return run_plan(attempt);
}

/* "0:1", in blocks. */
static struct result release(const char *const *extents)
{
	cleanup_attempt struct attempt attempt = {0};

	look(&attempt);
	for (; *extents; extents++) {
		struct extent *piece = list_add(&attempt.pieces.list);

		piece->start = strtoull(*extents, NULL, 10) * FAKE_BLOCK;
		piece->size = strtoull(strchr(*extents, ':') + 1, NULL, 10) * FAKE_BLOCK;
	}
	return release_pieces(&attempt, NULL, NULL);
}

static struct result release_batch(int number)
{
	cleanup_attempt struct attempt attempt = {0};
	struct batch *batch;

	look(&attempt);
	batch = batch_of(&attempt, number);
	list_each(extent, &batch->extents)
		pieces_add_accepted(&attempt.pieces, attempt.device, extent->start, extent->size);
	return release_pieces(&attempt, batch, NULL);
}

static struct result resume_of(const char *operation, bool take_as_sent)
{
	cleanup_journal struct journal journal = {0};
	struct error err = {0};

	check_error(journal_load(&tree.sys, operation, DEVICE_B, &journal, &err), 0, &err, "", "");
	if (take_as_sent)
		journal.sent = SENT_YES;
	return run_journal(&journal, true);
}

static bool has_journal(const char *operation)
{
	return journal_is_there(&tree.sys, operation, DEVICE_B);
}

static void check_state(const char *accepted, const char *log, size_t pending)
{
	char text[8192];

	fake_accepted(device, text, sizeof(text));
	assert_string_equal(text, accepted);
	fake_log(device, text, sizeof(text));
	assert_string_equal(text, log);
	assert_int_equal(device->pending_count, pending);
}

static void check_done(struct result result)
{
	if (result.refusal)
		fail_msg("refused: %s", result.finding);
	if (result.outcome != OUTCOME_DONE)
		fail_msg("%s: %s", outcome_names[result.outcome], result.err.text);
	assert_false(has_journal("respond"));
	assert_false(has_journal("release"));
}

static void check_refused(struct result result, const char *finding)
{
	assert_string_equal(result.finding, finding);
	assert_int_equal(device->answers + device->releases + device->clears, 0);
}

static void check_failed(struct result result, enum outcome outcome, const char *text)
{
	assert_int_equal(result.refusal, 0);
	assert_string_equal(result.err.text, text);
	assert_string_equal(outcome_names[result.outcome], outcome_names[outcome]);
	assert_int_equal(has_journal("respond") || has_journal("release"),
			 outcome == OUTCOME_PARTIAL);
}

/* ---- answers ---- */

static void test_all(void **state)
{
	(void)state;
	fake_offer(device, 7, EXTENTS("0:1"));
	check_done(respond(1, "all"));
	check_state("0:1", "", 0);
	assert_int_equal(device->accepted[0].tag[0], 7);
	fake_offer(device, 0, EXTENTS("4:1", "6:1", "8:1", "10:1", "12:1", "14:1", "16:1"));
	check_done(respond(2, "all"));
	check_state("0:1 4:1 6:1 8:1 10:1 12:1 14:1 16:1", "", 0);
}

static void test_some(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:4", "8:4", "16:4"));
	check_done(respond(1, "1,3:0-4M"));
	check_state("0:4 16:2", "", 0);
}

static void test_none(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:4", "8:4"));
	fake_offer(device, 0, EXTENTS("20:4"));
	check_done(respond(1, "none"));
	check_state("", "3", 1);
	check_done(respond(3, "all"));
	check_state("20:4", "", 0);
}

/* The second extent is beyond all regions. */
static void test_valid(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:4", "600:4"));
	check_refused(respond(1, "all"), "not-acceptable");
	check_done(respond(1, "valid"));
	check_state("0:4", "", 0);
}

static void test_nothing_valid(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("600:4"));
	check_refused(respond(1, "valid"), "nothing-valid");
	check_done(respond(1, "none"));
	check_state("", "", 0);
}

static void test_not_oldest(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:1"));
	fake_offer(device, 0, EXTENTS("4:1"));
	check_refused(respond(2, "all"), "not-oldest");
	check_refused(respond(2, "none"), "not-oldest");
}

/* Nine extents in a log of eight records: the end is lost, and the next batch as well. */
static void test_open(void **state)
{
	static const char *const nine[] = {"0:1",  "2:1",  "4:1",  "6:1",  "8:1",
					   "10:1", "12:1", "14:1", "16:1", NULL};

	(void)state;
	fake_offer(device, 0, nine);
	check_refused(respond(1, "all"), "open-batch");
	check_refused(respond(1, "none"), "open-batch");
	check_refused(respond_forced(1, "all", "open-batch"), "open-batch");
	check_done(respond_forced(1, "none", "open-batch"));
	check_state("", "", 0);
	assert_true(lost_is_noted(&tree.sys, DEVICE_B));
}

/* A batch that the log never had is older than what comes next: nothing is rejected blindly. */
static void test_lost(void **state)
{
	static const char *const eight[] = {"0:1",  "2:1",  "4:1",  "6:1", "8:1",
					    "10:1", "12:1", "14:1", NULL};

	(void)state;
	fake_offer(device, 0, eight);
	fake_offer(device, 0, EXTENTS("20:1"));
	check_done(respond(1, "1"));
	assert_true(lost_is_noted(&tree.sys, DEVICE_B));
	fake_offer(device, 0, EXTENTS("30:1"));
	device->answers = device->clears = 0;
	check_refused(respond(9, "none"), "records-lost");
	check_failed(respond(9, "all"), OUTCOME_PUT_BACK,
		     "the device refused: Invalid Physical Address");
	check_state("0:1", "9", 2);
	/* The one that nobody sees goes; the records of the other stay. */
	check_done(respond_forced(9, "none", "records-lost"));
	check_state("0:1", "9", 1);
	check_done(respond(9, "all"));
	check_state("0:1 30:1", "", 0);
	assert_false(lost_is_noted(&tree.sys, DEVICE_B));
}

static void test_older_records(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:1"));
	check_done(respond(1, "all"));
	device->answers = device->clears = 0;
	fake_ask_back(device, EXTENTS("0:1"));
	fake_offer(device, 0, EXTENTS("4:1"));
	check_refused(respond(3, "all"), "older-records");
	check_done(respond_forced(3, "all", "older-records"));
	check_state("0:1 4:1", "", 0);
}

/* A forced release is a fact: its record goes with the others. */
static void test_older_fact(void **state)
{
	(void)state;
	fake_ask_back(device, EXTENTS("0:1"));
	device->log[0].type = 2;
	fake_offer(device, 0, EXTENTS("4:1"));
	check_done(respond(2, "all"));
	check_state("4:1", "", 0);
}

static void test_older_unknown(void **state)
{
	(void)state;
	fake_ask_back(device, EXTENTS("0:1"));
	device->log[0].type = 77;
	fake_offer(device, 0, EXTENTS("4:1"));
	check_refused(respond_forced(2, "all", "older-records"), "older-unknown");
}

/* Of two parts of one batch with the same extents offered before and accepted. */
static void test_answered_before(void **state)
{
	struct fake_record record;

	(void)state;
	fake_offer(device, 0, EXTENTS("0:1", "2:1"));
	record = device->log[0];
	check_done(respond(1, "1"));
	device->log[device->log_count++] = record;
	device->log[0].more = 0;
	device->answers = device->clears = 0;
	check_refused(respond(1, "none"), "answer-unknown");
	check_done(respond_forced(1, "none", "answer-unknown"));
	assert_int_equal(device->answers, 0);
	check_state("0:1", "", 0);
}

/* ---- devices that do otherwise than they were told ---- */

static void test_refuses(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->fault = FAKE_REFUSES;
	check_failed(respond(1, "all"), OUTCOME_PUT_BACK, "the device refused: Retry Required");
	check_state("", "1", 1);
}

static void test_takes_less(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->fault = FAKE_TAKES_LESS;
	check_failed(respond(1, "all"), OUTCOME_PARTIAL,
		     DEVICE_B " was answered, but has accepted 2 MiB of 4 MiB");
	check_state("0:1", "1", 0);
}

static void test_takes_more(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->fault = FAKE_TAKES_MORE;
	check_failed(respond(1, "all"), OUTCOME_PARTIAL,
		     DEVICE_B " was answered, and now has 6 MiB accepted instead of 4 MiB");
}

static void test_takes_more_of_none(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->fault = FAKE_TAKES_MORE;
	check_failed(respond(1, "none"), OUTCOME_PARTIAL,
		     DEVICE_B " was answered, and now has 2 MiB accepted instead of 0 B");
}

static void test_takes_untagged(void **state)
{
	(void)state;
	fake_offer(device, 7, EXTENTS("0:2"));
	device->fault = FAKE_TAKES_UNTAGGED;
	check_failed(respond(1, "all"), OUTCOME_PARTIAL,
		     DEVICE_B " accepted extents under other tags than it offered them");
}

static void test_keeps_records(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->fault = FAKE_KEEPS_RECORDS;
	check_failed(respond(1, "all"), OUTCOME_PARTIAL,
		     "clear the record of batch 1 from the log: the kernel reported success but "
		     "nothing changed");
	device->fault = FAKE_NONE;
	check_done(resume_of("respond", false));
	check_state("0:2", "", 0);
	assert_int_equal(device->answers, 1);
}

/* It took the answer and fell silent: the accepted list proves it. */
static void test_silent_after(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->fault = FAKE_SILENT_AFTER;
	check_failed(respond(1, "all"), OUTCOME_PARTIAL, "the device does not answer");
	device->fault = FAKE_NONE;
	check_done(resume_of("respond", false));
	check_state("0:2", "", 0);
	assert_int_equal(device->answers, 1);
}

/* It took the answer; then all was taken back by force, and the same is on offer again. */
static void test_silent_taken_back(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->fault = FAKE_SILENT_AFTER;
	check_failed(respond(1, "all"), OUTCOME_PARTIAL, "the device does not answer");
	device->fault = FAKE_NONE;
	device->accepted_count = 0;
	fake_ask_back(device, EXTENTS("0:2"));
	device->log[1].type = 2;
	fake_offer(device, 0, EXTENTS("0:2"));
	check_failed(resume_of("respond", false), OUTCOME_PARTIAL,
		     "answer-unknown: whether the answer to batch 1 was sent is not known");
	assert_int_equal(device->answers, 1);
	check_state("", "1 2 3", 1);
}

static void test_silent_before(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->fault = FAKE_SILENT_BEFORE;
	check_failed(respond(1, "all"), OUTCOME_PARTIAL, "the device does not answer");
	device->fault = FAKE_NONE;
	check_done(resume_of("respond", false));
	check_state("0:2", "", 0);
}

/* Of a rejection nothing is to be seen: it is never sent again. */
static void check_silent_none(enum fake_fault fault)
{
	const char *unknown = "answer-unknown: whether the answer to batch 1 was sent is not known";

	fake_offer(device, 0, EXTENTS("0:2"));
	fake_offer(device, 0, EXTENTS("4:2"));
	device->fault = fault;
	check_failed(respond(1, "none"), OUTCOME_PARTIAL, "the device does not answer");
	device->fault = FAKE_NONE;
	check_failed(resume_of("respond", false), OUTCOME_PARTIAL, unknown);
	check_done(resume_of("respond", true));
	assert_int_equal(device->answers, fault == FAKE_SILENT_AFTER);
	check_state("", "2", fault == FAKE_SILENT_AFTER ? 1 : 2);
}

static void test_silent_none(void **state)
{
	(void)state;
	check_silent_none(FAKE_SILENT_AFTER);
}

static void test_silent_none_unsent(void **state)
{
	(void)state;
	check_silent_none(FAKE_SILENT_BEFORE);
}

/* ---- the world changes ---- */

static void change_then_run(void (*change)(void), const char *text)
{
	cleanup_attempt struct attempt attempt = {0};
	struct answer answer;

	look(&attempt);
	choose(&attempt, batch_of(&attempt, 1), "none");
	answer = (struct answer){.device = attempt.device,
				 .batch = batch_of(&attempt, 1),
				 .pieces = &attempt.pieces};
	plan_answer(&answer, NULL, &attempt.plan);
	change();
	check_failed(run_plan(&attempt), OUTCOME_PUT_BACK, text);
	assert_int_equal(device->answers, 0);
}

#define CHANGED DEVICE_B " is not as it was when this was planned: nothing was sent"

static void other_handle(void)
{
	device->log[0].handle++;
}

static void other_place(void)
{
	device->log[0].extent.start += FAKE_BLOCK;
}

static void other_time(void)
{
	device->log[0].timestamp++;
}

static void cleared(void)
{
	device->log_count = 0;
}

static void older_one(void)
{
	device->log[1] = device->log[0];
	device->log[0].handle = 999;
	device->log_count = 2;
}

static void more_accepted(void)
{
	device->accepted[device->accepted_count++] =
		(struct fake_extent){100 * FAKE_BLOCK, FAKE_BLOCK, {0}};
}

static void test_changed(void **state)
{
	static void (*const changes[])(void) = {other_handle, other_place, other_time,
						cleared,      older_one,   more_accepted};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		finish(NULL);
		start(NULL);
		fake_offer(device, 0, EXTENTS("0:2"));
		change_then_run(changes[i], CHANGED);
	}
}

static void driven(void)
{
	tree_directory(&tree, "/sys/bus/pci/devices/" DEVICE_B "/driver");
}

static void test_driver_comes(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	change_then_run(driven,
			DEVICE_B " has got a driver meanwhile, and its mailbox is that one's");
}

static void grows(void)
{
	device->log[1] = device->log[0];
	device->log[1].handle++;
	device->log[1].more = 0;
	device->log_count = 2;
}

/* An open batch that gets its end is another one. */
static void test_open_grows(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->log[0].more = 1;
	change_then_run(grows, CHANGED);
}

static void test_disk_full(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	disk_full = true;
	assert_int_equal(respond(1, "all").outcome, OUTCOME_PUT_BACK);
	assert_int_equal(device->answers, 0);
}

/* It gets full between the step that is noted and the answer that is. */
static void test_disk_fills(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	saves_left = 2;
	check_failed(respond(1, "all"), OUTCOME_PUT_BACK,
		     "cannot write the journal: No space left on device");
	assert_int_equal(device->answers, 0);
}

static int stopped_answer(void *context)
{
	struct result result;

	(void)context;
	stop_on_signals();
	raise(SIGTERM);
	result = respond(1, "all");
	return result.outcome == OUTCOME_PUT_BACK && !device->answers ? 0 : 1;
}

static void test_stopped(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	assert_int_equal(in_child(stopped_answer, NULL), 0);
	assert_false(has_journal("respond"));
}

/* The device was reset after it was answered: nothing of it is there. */
static void test_reset_after(void **state)
{
	struct result result;

	(void)state;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->fault = FAKE_KEEPS_RECORDS;
	assert_int_equal(respond(1, "all").outcome, OUTCOME_PARTIAL);
	device->fault = FAKE_NONE;
	device->accepted_count = device->log_count = 0;
	fake_offer(device, 0, EXTENTS("0:2"));
	device->log[0].handle = 1;
	result = resume_of("respond", false);
	assert_int_equal(result.outcome, OUTCOME_DONE); /* another record of the same handle */
	check_state("", "1", 1);
}

/* ---- more than fits into one message ---- */

static void say_parts(char *out, size_t size, int parts)
{
	out[0] = '\0';
	for (int i = 0; i < parts; i++) {
		char one[32];

		snprintf(one, sizeof(one), "1:%dM-%dM", 4 * i, 4 * i + 2);
		append_word(out, size, ",", one);
	}
}

static void offer_large(char accept[4096])
{
	device->transport.payload_max = 1056; /* 43 pieces */
	fake_offer(device, 0, EXTENTS("0:256"));
	say_parts(accept, 4096, 100);
}

static void test_chained(void **state)
{
	char accept[4096];

	(void)state;
	offer_large(accept);
	check_done(respond(1, accept));
	assert_int_equal(device->accepted_count, 100);
	assert_int_equal(device->answers, 1);
	assert_int_equal(device->accepted[99].start, 99 * 2 * FAKE_BLOCK);
}

static void test_chain_broken(void **state)
{
	char accept[4096];

	(void)state;
	offer_large(accept);
	device->fault = FAKE_REFUSES_CHAIN;
	check_failed(respond(1, accept), OUTCOME_PARTIAL, "the device refused: Invalid Input");
	device->fault = FAKE_NONE;
	check_failed(resume_of("respond", false), OUTCOME_PARTIAL,
		     "answer-unknown: whether the answer to batch 1 was sent is not known");
	assert_int_equal(device->answers, 0);
}

/* ---- releases ---- */

static void have(const char *const *extents)
{
	fake_offer(device, 0, extents);
	check_done(respond(device->last_handle - (int)device->log_count + 1, "all"));
	device->answers = device->clears = 0;
}

static void test_release(void **state)
{
	(void)state;
	have(EXTENTS("0:4", "8:4"));
	check_done(release(EXTENTS("0:4")));
	check_state("8:4", "", 0);
	check_done(release(EXTENTS("9:2")));
	check_state("8:1 11:1", "", 0);
	check_done(release(EXTENTS("8:1", "11:1")));
	check_state("", "", 0);
}

static void test_release_refused(void **state)
{
	(void)state;
	have(EXTENTS("0:4", "8:4"));
	check_refused(release(EXTENTS("4:1")), "not-accepted");
	check_refused(release(EXTENTS("3:2")), "not-accepted");
	decoding = true;
	check_refused(release(EXTENTS("0:4")), "decoder-committed");
}

/* It was idle when it was planned. */
static void test_release_used(void **state)
{
	cleanup_attempt struct attempt attempt = {0};
	struct result result;

	(void)state;
	have(EXTENTS("0:4"));
	look(&attempt);
	pieces_add_accepted(&attempt.pieces, attempt.device, 0, GIB);
	decoding = true;
	attempt.host.functions.items[0].hdm.items[0].committed = false;
	plan_release(&(struct release){attempt.device, NULL, &attempt.pieces}, &attempt.plan);
	result = run_plan(&attempt);
	check_failed(result, OUTCOME_PUT_BACK,
		     "decoder-committed: " DEVICE_B
		     " decodes memory at 0x40000000: it may be in use");
	check_state("0:4", "", 0);
}

static void test_release_request(void **state)
{
	(void)state;
	have(EXTENTS("0:4", "8:4"));
	fake_ask_back(device, EXTENTS("0:4", "9:2"));
	check_done(release_batch(3));
	check_state("8:1 11:1", "", 0);
	assert_int_equal(device->releases, 1);
}

/* What was met already needs nothing but that its record goes. */
static void test_release_request_met(void **state)
{
	(void)state;
	fake_ask_back(device, EXTENTS("0:4"));
	check_done(release_batch(1));
	check_state("", "", 0);
	assert_int_equal(device->releases, 0);
}

static void test_release_request_not_oldest(void **state)
{
	(void)state;
	fake_offer(device, 0, EXTENTS("20:1"));
	fake_ask_back(device, EXTENTS("0:4"));
	check_refused(release_batch(2), "not-oldest");
}

static void test_releases_less(void **state)
{
	(void)state;
	have(EXTENTS("0:4"));
	device->fault = FAKE_RELEASES_LESS;
	check_failed(release(EXTENTS("0:4")), OUTCOME_PARTIAL,
		     DEVICE_B " was given extents back, and now has 8 MiB accepted instead of 0 B");
	device->fault = FAKE_NONE;
	check_done(resume_of("release", false));
	check_state("", "", 0);
}

/* ---- death at any moment ---- */

static int answer_in_child(void *accept)
{
	respond(1, accept);
	return 0;
}

static int release_in_child(void *unused)
{
	(void)unused;
	release_batch(1);
	return 0;
}

/* What a user does afterwards: what the messages tell him. */
static void go_on(const char *operation, const char *accept)
{
	struct result result;

	if (!has_journal(operation)) {
		if (device->log_count)
			check_done(strcmp(operation, "respond") == 0 ? respond(1, accept)
								     : release_batch(1));
		return;
	}
	result = resume_of(operation, false);
	if (result.outcome == OUTCOME_PARTIAL && starts_with(result.err.text, "answer-unknown"))
		result = resume_of(operation, true);
	check_done(result);
}

static void prepare_answer(void)
{
	fake_offer(device, 0, EXTENTS("0:2", "4:2"));
}

static void prepare_release(void)
{
	have(EXTENTS("0:4", "8:4"));
	device->last_handle = 0;
	fake_ask_back(device, EXTENTS("0:4", "9:2"));
}

/* Returns how many moments there were. */
static unsigned int die_at_each(const char *operation, void (*prepare)(void), int (*act)(void *),
				const char *accept, const char *accepted)
{
	for (unsigned int moment = 1;; moment++) {
		char got[256];
		int status;

		finish(NULL);
		start(NULL);
		prepare();
		device->moment = 0;
		device->dies_at = moment;
		status = in_child(act, (void *)accept);
		device->dies_at = 0;
		if (status != DEATH) {
			assert_int_equal(status, 0);
			return moment;
		}
		go_on(operation, accept);
		fake_accepted(device, got, sizeof(got));
		if (strcmp(got, accepted) != 0 || device->log_count)
			fail_msg("died at %u: accepted \"%s\", %zu records", moment, got,
				 device->log_count);
		assert_true(device->answers <= 1);
	}
}

static void test_death_all(void **state)
{
	(void)state;
	assert_true(die_at_each("respond", prepare_answer, answer_in_child, "all", "0:2 4:2") > 30);
}

static void test_death_part(void **state)
{
	(void)state;
	assert_true(die_at_each("respond", prepare_answer, answer_in_child, "2:0-2M", "4:1") > 30);
}

/* Here the user may have to decide; never is an answer sent twice. */
static void test_death_none(void **state)
{
	(void)state;
	assert_true(die_at_each("respond", prepare_answer, answer_in_child, "none", "") > 30);
}

static void test_death_release(void **state)
{
	(void)state;
	assert_true(die_at_each("release", prepare_release, release_in_child, "", "8:1 11:1") > 30);
}

#define ON_DEVICE(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DEVICE(test_all),
		ON_DEVICE(test_some),
		ON_DEVICE(test_none),
		ON_DEVICE(test_valid),
		ON_DEVICE(test_nothing_valid),
		ON_DEVICE(test_not_oldest),
		ON_DEVICE(test_open),
		ON_DEVICE(test_lost),
		ON_DEVICE(test_older_records),
		ON_DEVICE(test_older_fact),
		ON_DEVICE(test_older_unknown),
		ON_DEVICE(test_answered_before),
		ON_DEVICE(test_refuses),
		ON_DEVICE(test_takes_less),
		ON_DEVICE(test_takes_more),
		ON_DEVICE(test_takes_more_of_none),
		ON_DEVICE(test_takes_untagged),
		ON_DEVICE(test_keeps_records),
		ON_DEVICE(test_silent_after),
		ON_DEVICE(test_silent_taken_back),
		ON_DEVICE(test_silent_before),
		ON_DEVICE(test_silent_none),
		ON_DEVICE(test_silent_none_unsent),
		ON_DEVICE(test_changed),
		ON_DEVICE(test_driver_comes),
		ON_DEVICE(test_open_grows),
		ON_DEVICE(test_disk_full),
		ON_DEVICE(test_disk_fills),
		ON_DEVICE(test_stopped),
		ON_DEVICE(test_reset_after),
		ON_DEVICE(test_chained),
		ON_DEVICE(test_chain_broken),
		ON_DEVICE(test_release),
		ON_DEVICE(test_release_refused),
		ON_DEVICE(test_release_used),
		ON_DEVICE(test_release_request),
		ON_DEVICE(test_release_request_met),
		ON_DEVICE(test_release_request_not_oldest),
		ON_DEVICE(test_releases_less),
		ON_DEVICE(test_death_all),
		ON_DEVICE(test_death_part),
		ON_DEVICE(test_death_none),
		ON_DEVICE(test_death_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
