/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --follow tells of a log that changes from one look to the next, and of traced records. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "extents/follow.h"
#include "sys/util.h"

#include <cmocka.h>

#define MiB (1ull << 20)
#define S   1000000000ull

/* All that was told, a word for each: "arrived 3/2" is batch 3 with 2 extents. */
struct log {
	char text[1024];
	int fail_at; /* the handler fails at the event of this number; 0: never */
	int count;
	uint64_t accepted; /* of the last */
	bool predicted, found;
};

static int note(void *context, const struct follow_event *event, struct error *err)
{
	struct log *log = context;
	char word[96];

	(void)err;
	if (event->batch)
		snprintf(word, sizeof(word), "%s %d/%zu%s", follow_kind_names[event->kind],
			 event->batch->number, event->batch->extents.count,
			 event->batch->open ? "+" : "");
	else if (event->kind == FOLLOW_LOST)
		snprintf(word, sizeof(word), "lost %d", (int)event->lost);
	else
		snprintf(word, sizeof(word), "%s%s%s", follow_kind_names[event->kind],
			 event->reason[0] ? " " : "", event->reason);
	append_word(log->text, sizeof(log->text), ", ", word);
	log->accepted = event->accepted;
	log->predicted = event->prediction;
	log->found = event->findings && event->findings->list.count;
	return ++log->count == log->fail_at ? -EPIPE : 0;
}

#define SINK(log) (&(struct follow_sink){note, log})

static void check_told(struct log *log, const char *expected)
{
	assert_string_equal(log->text, expected);
	log->text[0] = '\0';
}

/* A batch of @count extents of 2 MiB, with handles from @number on. */
static struct batch *put(struct dc_device *device, int number, size_t count, bool open)
{
	struct batch *batch = list_add(&device->batches);

	batch->number = number;
	batch->open = open;
	batch->shared = -1;
	batch->timestamp = 1000 * S + (uint64_t)number;
	for (size_t i = 0; i < count; i++)
		*list_add(&batch->extents) = (struct extent){
			.start = (uint64_t)(number + (int)i) * 2 * MiB,
			.size = 2 * MiB,
			.handle = number + (int)i,
			.dc_region = -1,
			.acceptable = -1,
		};
	return batch;
}

static struct dc_device device_with(int number, size_t count, bool open)
{
	struct dc_device device = {.source = "mailbox", .regions_unknown = "not read"};

	if (count)
		put(&device, number, count, open);
	return device;
}

static void look(struct follow *follow, struct dc_device device)
{
	assert_int_equal(follow_update(follow, &device, NULL), 0);
	assert_null(device.batches.items);
}

static void what_is_there_is_told_once(void **state)
{
	struct log log = {0};
	cleanup_follow struct follow *follow = follow_new(SINK(&log));
	struct dc_device device = device_with(1, 2, false);

	(void)state;
	put(&device, 3, 1, false);
	look(follow, device);
	check_told(&log, "pending 1/2, pending 3/1");
	assert_true(log.predicted);
	device = device_with(1, 2, false);
	put(&device, 3, 1, false);
	look(follow, device);
	check_told(&log, "");
}

static void a_batch_arrives_grows_closes_and_goes(void **state)
{
	struct log log = {0};
	cleanup_follow struct follow *follow = follow_new(SINK(&log));

	(void)state;
	look(follow, device_with(0, 0, false));
	look(follow, device_with(4, 1, true));
	check_told(&log, "arrived 4/1+");
	assert_true(log.found); /* chain-open */
	look(follow, device_with(4, 3, true));
	check_told(&log, "grew 4/3+");
	look(follow, device_with(4, 3, true));
	check_told(&log, "");
	look(follow, device_with(4, 4, false));
	check_told(&log, "closed 4/4");
	look(follow, device_with(0, 0, false));
	check_told(&log, "gone 4/4");
	look(follow, device_with(0, 0, false));
	check_told(&log, "");
}

/* The closing record may bring no extent with it that was not there before. */
static void one_may_close_without_growing(void **state)
{
	struct log log = {0};
	cleanup_follow struct follow *follow = follow_new(SINK(&log));

	(void)state;
	look(follow, device_with(4, 2, true));
	look(follow, device_with(4, 2, false));
	check_told(&log, "pending 4/2+, closed 4/2");
}

/* Handles are used again: the time tells, or what the batch consists of. */
static void the_same_handle_is_not_the_same_batch(void **state)
{
	struct log log = {0};
	cleanup_follow struct follow *follow = follow_new(SINK(&log));
	struct dc_device device = device_with(1, 1, false);

	(void)state;
	look(follow, device_with(1, 1, false));
	device.batches.items[0].timestamp += 1;
	look(follow, device);
	check_told(&log, "pending 1/1, gone 1/1, arrived 1/1");
	device = device_with(1, 1, false);
	device.batches.items[0].timestamp += 1;
	device.batches.items[0].extents.items[0].start += 2 * MiB;
	look(follow, device);
	check_told(&log, "gone 1/1, arrived 1/1");
	device = device_with(1, 1, false);
	device.batches.items[0].timestamp += 1;
	device.batches.items[0].extents.items[0].start += 2 * MiB;
	device.batches.items[0].event = EXTENT_RELEASE;
	look(follow, device);
	check_told(&log, "gone 1/1, arrived 1/1");
	assert_false(log.predicted);
}

/* A log is cleared from its oldest record on, in pieces. */
static void one_that_is_cleared_in_pieces_goes_once(void **state)
{
	struct log log = {0};
	cleanup_follow struct follow *follow = follow_new(SINK(&log));
	struct dc_device device = device_with(5, 4, false);

	(void)state;
	put(&device, 9, 1, false);
	look(follow, device);
	check_told(&log, "pending 5/4, pending 9/1");
	device = device_with(6, 3, false);
	put(&device, 9, 1, false);
	look(follow, device);
	check_told(&log, "");
	device = device_with(8, 1, false);
	put(&device, 9, 1, false);
	look(follow, device);
	check_told(&log, "");
	look(follow, device_with(9, 1, false));
	check_told(&log, "gone 5/4");
}

static void what_of_one_was_accepted_is_told(void **state)
{
	struct log log = {0};
	cleanup_follow struct follow *follow = follow_new(SINK(&log));
	struct dc_device device = device_with(0, 0, false);

	(void)state;
	look(follow, device_with(1, 3, false));
	*list_add(&device.accepted) = (struct extent){.start = 3 * MiB, .size = 2 * MiB};
	*list_add(&device.accepted) = (struct extent){.start = 100 * MiB, .size = 2 * MiB};
	look(follow, device);
	check_told(&log, "pending 1/3, gone 1/3");
	assert_int_equal(log.accepted, 2 * MiB);

	look(follow, device_with(1, 3, false));
	device = device_with(0, 0, false);
	strcpy(device.accepted_unknown, "not read");
	look(follow, device);
	check_told(&log, "arrived 1/3, gone 1/3");
	assert_int_equal(log.accepted, UNKNOWN);
}

static void look_lost(struct follow *follow, uint64_t lost)
{
	struct dc_device device = device_with(0, 0, false);

	device.lost = lost;
	look(follow, device);
}

/* The device counts since its log was cleared last. */
static void lost_records_are_counted(void **state)
{
	struct log log = {0};
	cleanup_follow struct follow *follow = follow_new(SINK(&log));

	(void)state;
	look_lost(follow, 3);
	look_lost(follow, 3);
	look_lost(follow, 10);
	look_lost(follow, 0);
	look_lost(follow, UNKNOWN);
	look_lost(follow, 2);
	check_told(&log, "lost 3, lost 7, lost 2");
}

/* What it had when it was read last is held against what it has now. */
static void one_that_goes_away_is_waited_for(void **state)
{
	struct log log = {0};
	cleanup_follow struct follow *follow = follow_new(SINK(&log));
	const struct dc_device who = {.address = "0000:0e:00.0"};
	struct dc_device device = device_with(1, 1, false);

	(void)state;
	put(&device, 2, 1, false);
	look(follow, device);
	log.text[0] = '\0';
	assert_int_equal(follow_away(follow, &who, "removed", NULL), 0);
	assert_int_equal(follow_away(follow, &who, "removed", NULL), 0);
	assert_int_equal(follow_away(follow, &who, "has a driver", NULL), 0);
	check_told(&log, "away removed, away has a driver");
	look(follow, device_with(2, 1, false));
	check_told(&log, "back, gone 1/1");
	assert_int_equal(follow_away(follow, &who, "removed", NULL), 0);
	check_told(&log, "away removed");
}

static void one_that_was_never_read_is_pending_first(void **state)
{
	struct log log = {0};
	cleanup_follow struct follow *follow = follow_new(SINK(&log));
	const struct dc_device who = {.address = "0000:0e:00.0"};

	(void)state;
	follow_away(follow, &who, "busy", NULL);
	look(follow, device_with(1, 1, false));
	check_told(&log, "away busy, back, pending 1/1");
}

static void a_handler_that_fails_stops(void **state)
{
	struct log log = {.fail_at = 2};
	cleanup_follow struct follow *follow = follow_new(SINK(&log));
	struct dc_device device = device_with(1, 1, false);

	(void)state;
	put(&device, 2, 1, false);
	put(&device, 3, 1, false);
	assert_int_equal(follow_update(follow, &device, NULL), -EPIPE);
	check_told(&log, "pending 1/1, pending 2/1");
}

/* ---- traced ---- */

static struct trace_event traced(const char *memdev, int handle, int event)
{
	struct trace_event traced = {.serial = UNKNOWN};

	copy_text(traced.memdev, sizeof(traced.memdev), memdev);
	event_record_init(&traced.record);
	traced.record.event = traced.record.type = event;
	traced.record.handle = handle;
	traced.record.host = 0;
	traced.record.timestamp = 5 * S;
	traced.record.start = (uint64_t)handle * 2 * MiB;
	traced.record.size = 2 * MiB;
	return traced;
}

static void add(struct follow_trace *follow, struct trace_event event, uint64_t now)
{
	assert_int_equal(follow_trace_add(follow, &event, now, NULL), 0);
}

static int settle(struct follow_trace *follow, uint64_t now)
{
	int again;

	assert_int_equal(follow_trace_settle(follow, now, &again, NULL), 0);
	return again;
}

static void a_traced_batch_ends_when_no_more_comes(void **state)
{
	struct log log = {0};
	cleanup_follow_trace struct follow_trace *follow = follow_trace_new(SINK(&log));

	(void)state;
	assert_int_equal(settle(follow, 0), -1);
	add(follow, traced("mem1", 1, EXTENT_ADD), 100);
	add(follow, traced("mem1", 2, EXTENT_ADD), 300);
	assert_int_equal(settle(follow, 400), 900);
	check_told(&log, "");
	assert_int_equal(settle(follow, 1300), -1);
	check_told(&log, "arrived 1/2");
	assert_true(log.found); /* borders-inferred */
	assert_int_equal(settle(follow, 9000), -1);
	check_told(&log, "");
}

static void a_traced_batch_ends_before_another(void **state)
{
	struct log log = {0};
	cleanup_follow_trace struct follow_trace *follow = follow_trace_new(SINK(&log));

	(void)state;
	add(follow, traced("mem1", 1, EXTENT_ADD), 100);
	add(follow, traced("mem1", 2, EXTENT_RELEASE), 100);
	check_told(&log, "arrived 1/1");
	assert_int_equal(follow_trace_flush(follow, NULL), 0);
	check_told(&log, "arrived 2/1");
	assert_false(log.predicted);
}

static void records_of_devices_may_mingle(void **state)
{
	struct log log = {0};
	cleanup_follow_trace struct follow_trace *follow = follow_trace_new(SINK(&log));

	(void)state;
	add(follow, traced("mem1", 1, EXTENT_ADD), 100);
	add(follow, traced("mem2", 7, EXTENT_ADD), 200);
	add(follow, traced("mem1", 2, EXTENT_ADD), 300);
	assert_int_equal(settle(follow, 1250), 50);
	check_told(&log, "arrived 7/1");
	follow_trace_flush(follow, NULL);
	check_told(&log, "arrived 1/2");
}

/* The kernel has answered what came before: an offer of the same memory is no conflict. */
static void a_traced_batch_is_judged_by_itself(void **state)
{
	struct log log = {0};
	cleanup_follow_trace struct follow_trace *follow = follow_trace_new(SINK(&log));
	struct trace_event event = traced("mem1", 1, EXTENT_ADD);

	(void)state;
	add(follow, event, 100);
	event.record.handle = 9;
	add(follow, event, 200);
	follow_trace_flush(follow, NULL);
	check_told(&log, "arrived 1/1, arrived 9/1");
}

/* A batch that may lack records does not go on behind the gap. */
static void what_was_lost_ends_a_traced_batch(void **state)
{
	struct log log = {0};
	cleanup_follow_trace struct follow_trace *follow = follow_trace_new(SINK(&log));

	(void)state;
	add(follow, traced("mem1", 1, EXTENT_ADD), 100);
	assert_int_equal(follow_trace_lost(follow, 12, NULL), 0);
	add(follow, traced("mem1", 2, EXTENT_ADD), 200);
	follow_trace_flush(follow, NULL);
	check_told(&log, "arrived 1/1, lost 12, arrived 2/1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_told_once),
		cmocka_unit_test(a_batch_arrives_grows_closes_and_goes),
		cmocka_unit_test(one_may_close_without_growing),
		cmocka_unit_test(the_same_handle_is_not_the_same_batch),
		cmocka_unit_test(one_that_is_cleared_in_pieces_goes_once),
		cmocka_unit_test(what_of_one_was_accepted_is_told),
		cmocka_unit_test(lost_records_are_counted),
		cmocka_unit_test(one_that_goes_away_is_waited_for),
		cmocka_unit_test(one_that_was_never_read_is_pending_first),
		cmocka_unit_test(a_handler_that_fails_stops),
		cmocka_unit_test(a_traced_batch_ends_when_no_more_comes),
		cmocka_unit_test(a_traced_batch_ends_before_another),
		cmocka_unit_test(records_of_devices_may_mingle),
		cmocka_unit_test(a_traced_batch_is_judged_by_itself),
		cmocka_unit_test(what_was_lost_ends_a_traced_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
