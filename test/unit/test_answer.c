// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/answer.c: what stands against an answer or a release, by the picture alone, and the plans. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include "model.h"
#include "policy/answer.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* A device without driver that offers a batch of two extents, and has accepted one. */
struct scene {
	struct host host;
	struct dc_device *device;
	struct batch *batch;
	struct pieces pieces;
	struct findings findings;
	struct answer answer;
	struct release release;
};

static void add_extent(struct batch *batch, uint64_t block, int handle)
{
	struct extent *extent = list_add(&batch->extents);

	*extent = (struct extent){.start = block * 2 * MIB,
				  .size = 2 * MIB,
				  .handle = handle,
				  .acceptable = 1};
}

static int set_up(void **state)
{
	static struct scene scene;
	struct function *function;

	scene = (struct scene){0};
	model_idle(&scene.host);
	function = function_of(&scene.host, DEVICE_B);
	function->driver[0] = '\0';
	scene.host.memdevs.count = 1; /* mem0 */
	scene.device = list_add(&scene.host.dc_devices);
	copy_text(scene.device->address, NAME_SIZE, DEVICE_B);
	copy_text(scene.device->source, sizeof(scene.device->source), "mailbox");
	*list_add(&scene.device->regions) =
		(struct dc_region){.size = 512 * MIB, .block_size = 2 * MIB};
	*list_add(&scene.device->accepted) = (struct extent){.start = GIB / 4, .size = 8 * MIB};
	scene.batch = list_add(&scene.device->batches);
	*scene.batch = (struct batch){.number = 7, .event = EXTENT_ADD};
	add_extent(scene.batch, 0, 7);
	add_extent(scene.batch, 4, 8);
	*list_add(&scene.pieces.list) = scene.batch->extents.items[0];
	scene.answer = (struct answer){.device = scene.device,
				       .batch = scene.batch,
				       .pieces = &scene.pieces};
	scene.release = (struct release){.device = scene.device, .pieces = &scene.pieces};
	*state = &scene;
	return 0;
}

static int take_down(void **state)
{
	struct scene *scene = *state;

	findings_free(&scene->findings);
	pieces_free(&scene->pieces);
	host_free(&scene->host);
	return 0;
}

/* The ids of what was found; those that only warn have a "?", what was overridden a "!". */
static void check_ids(struct scene *scene, const char *expected)
{
	char got[256] = "";

	list_each(finding, &scene->findings.list) {
		char one[64];

		snprintf(one, sizeof(one), "%s%s", finding->id,
			 finding->overridden		       ? "!"
			 : finding->severity == SEVERITY_WARNS ? "?"
							       : "");
		append_word(got, sizeof(got), " ", one);
		assert_true(finding->evidence[0] && finding->fix[0]);
	}
	assert_string_equal(got, expected);
	findings_free(&scene->findings);
}

static void check_answer(struct scene *scene, const char *force, const char *expected)
{
	const char *const forces[] = {force, NULL};
	const struct consent consent = {.force = forces};

	assess_answer(&scene->host, &scene->answer, &consent, &scene->findings);
	check_ids(scene, expected);
}

static void check_release(struct scene *scene, const char *expected)
{
	assess_release(&scene->host, &scene->release, NULL, &scene->findings);
	check_ids(scene, expected);
}

static void test_nothing(void **state)
{
	check_answer(*state, NULL, "");
}

static void test_source(void **state)
{
	struct scene *scene = *state;

	copy_text(scene->device->source, sizeof(scene->device->source), "raw");
	check_answer(scene, NULL, "");
	copy_text(scene->device->source, sizeof(scene->device->source), "sysfs");
	check_answer(scene, NULL, "driver-handles");
	check_release(scene, "driver-handles not-accepted");
}

static void test_unknown(void **state)
{
	struct scene *scene = *state;
	struct dc_device *device = scene->device;

	copy_text(device->regions_unknown, sizeof(device->regions_unknown), "why");
	copy_text(device->accepted_unknown, sizeof(device->accepted_unknown), "why");
	copy_text(device->batches_unknown, sizeof(device->batches_unknown), "why");
	check_answer(scene, NULL, "regions-unknown accepted-unknown batches-unknown");
}

static void test_log(void **state)
{
	struct scene *scene = *state;

	scene->device->incomplete = true;
	check_answer(scene, NULL, "");
	scene->batch->open = true;
	check_answer(scene, "open-batch", "log-incomplete open-batch");
	scene->batch->open = false;
	scene->device->incomplete = false;
	scene->batch->truncated = true;
	check_answer(scene, NULL, "batch-unknown");
	scene->batch->truncated = false;
	scene->batch->inferred = true;
	check_answer(scene, NULL, "batch-unknown");
	scene->batch->inferred = false;
	scene->device->lost = 3;
	check_answer(scene, NULL, "log-overflow?");
	scene->device->lost = UNKNOWN;
	check_answer(scene, NULL, "");
}

static void test_open(void **state)
{
	struct scene *scene = *state;

	scene->batch->open = true;
	check_answer(scene, NULL, "open-batch");
	check_answer(scene, "open-batch", "open-batch");
	scene->pieces.list.count = 0;
	check_answer(scene, NULL, "open-batch");
	check_answer(scene, "open-batch", "open-batch!");
}

static void test_shared(void **state)
{
	struct scene *scene = *state;

	scene->batch->shared = 1;
	check_answer(scene, NULL, "shared-in-part");
	scene->batch->shared = -1;
	check_answer(scene, NULL, "shared-in-part");
	*list_add(&scene->pieces.list) = scene->batch->extents.items[1];
	check_answer(scene, NULL, "");
	scene->pieces.list.items[1].size /= 2;
	check_answer(scene, NULL, "shared-in-part");
	scene->pieces.list.count = 0;
	check_answer(scene, NULL, "");
}

static void test_acceptable(void **state)
{
	struct scene *scene = *state;

	scene->batch->extents.items[1].acceptable = 0;
	check_answer(scene, NULL, "");
	scene->batch->extents.items[0].acceptable = -1;
	check_answer(scene, NULL, "not-acceptable");
	scene->batch->extents.items[0].acceptable = 0;
	check_answer(scene, NULL, "not-acceptable");
	scene->pieces.list.count = 0;
	check_answer(scene, NULL, "");
	scene->answer.valid = true;
	check_answer(scene, NULL, "nothing-valid");
}

static void test_answered(void **state)
{
	struct scene *scene = *state;

	scene->device->accepted.items[0].start = 8 * MIB;
	check_answer(scene, NULL, "answer-unknown");
	check_answer(scene, "answer-unknown", "answer-unknown!");
	scene->device->accepted.count = 0;
	check_answer(scene, "answer-unknown", "answer-unknown?");
}

static void test_lost(void **state)
{
	struct scene *scene = *state;

	scene->answer.lost_earlier = true;
	check_answer(scene, NULL, "records-lost?");
	scene->pieces.list.count = 0;
	check_answer(scene, NULL, "records-lost");
	check_answer(scene, "records-lost", "records-lost!");
}

/* The batch in question is the second one then. */
static void put_before(struct scene *scene, enum extent_event event)
{
	list_add(&scene->device->batches);
	scene->device->batches.items[1] = scene->device->batches.items[0];
	scene->device->batches.items[0] = (struct batch){.number = 6, .event = (int)event};
	scene->answer.batch = scene->batch = &scene->device->batches.items[1];
}

static void test_older(void **state)
{
	struct scene *scene = *state;
	static const struct {
		enum extent_event event;
		const char *plain, *forced;
	} cases[] = {
		{EXTENT_ADD, "not-oldest", "not-oldest"},
		{EXTENT_RELEASE, "older-records", "older-records!"},
		{EXTENT_FORCED_RELEASE, "older-records?", "older-records?"},
		{EXTENT_REGION_UPDATED, "older-records?", "older-records?"},
		{EXTENT_ADD_RESPONSE, "older-records", "older-records!"},
		{EXTENT_EVENT_UNKNOWN, "older-unknown", "older-unknown"},
	};

	put_before(scene, EXTENT_ADD);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scene->device->batches.items[0].event = (int)cases[i].event;
		check_answer(scene, NULL, cases[i].plain);
		check_answer(scene, "older-records", cases[i].forced);
	}
}

/* What comes behind it does not matter. */
static void test_younger(void **state)
{
	struct scene *scene = *state;

	put_before(scene, EXTENT_RELEASE);
	scene->answer.batch = &scene->device->batches.items[0];
	scene->pieces.list.count = 0;
	check_answer(scene, NULL, "");
}

/* Number 0 would stand for all records, and nothing could be cleared by it. */
static void test_handles(void **state)
{
	struct scene *scene = *state;

	scene->pieces.list.count = 0;
	scene->batch->number = 0;
	scene->batch->extents.items[0].handle = 0;
	check_answer(scene, NULL, "handles-unusable");
	scene->batch->number = scene->batch->extents.items[0].handle = 7;
	scene->batch->extents.items[1].handle = 0;
	check_answer(scene, NULL, "handles-unusable");
	scene->batch->event = EXTENT_RELEASE;
	scene->release.batch = scene->batch;
	check_release(scene, "handles-unusable");
}

/* Its record would have to go first. */
static void test_handles_before(void **state)
{
	struct scene *scene = *state;

	put_before(scene, EXTENT_FORCED_RELEASE);
	scene->device->batches.items[0].number = 0;
	check_answer(scene, NULL, "handles-unusable older-records?");
}

/* ---- releases ---- */

static void release_accepted(struct scene *scene)
{
	scene->pieces.list.items[0] = scene->device->accepted.items[0];
}

static void test_release(void **state)
{
	release_accepted(*state);
	check_release(*state, "");
}

static void test_release_not_there(void **state)
{
	struct scene *scene = *state;

	check_release(scene, "not-accepted");
	release_accepted(scene);
	scene->pieces.list.items[0].start += MIB;
	scene->pieces.list.items[0].size -= MIB;
	check_release(scene, "not-block-aligned");
	scene->pieces.list.items[0].start += MIB;
	check_release(scene, "not-accepted not-block-aligned");
}

static void test_release_used(void **state)
{
	struct scene *scene = *state;

	release_accepted(scene);
	copy_text(scene->device->accepted.items[0].region, NAME_SIZE, "region3");
	check_release(scene, "in-use");
	copy_text(scene->device->accepted.items[0].dax, NAME_SIZE, "dax3.0");
	check_release(scene, "in-use");
}

static void test_release_decoders(void **state)
{
	struct scene *scene = *state;
	struct function *function = function_of(&scene->host, DEVICE_B);

	release_accepted(scene);
	function->hdm.items[0].committed = true;
	check_release(scene, "decoder-committed");
	function->registers = false;
	check_release(scene, "decoders-unknown");
	scene->pieces.list.count = 0;
	check_release(scene, "");
}

/* With a driver Linux knows which part of the device is mapped. */
static void test_release_linux_decoders(void **state)
{
	struct scene *scene = *state;
	struct decoder *decoder;

	release_accepted(scene);
	scene->host.memdevs.count = 2;
	copy_text(scene->device->source, sizeof(scene->device->source), "raw");
	check_release(scene, "");
	decoder = decoder_of(&scene->host, "decoder4.0");
	decoder->dpa_size = GIB / 4;
	check_release(scene, "");
	decoder->dpa_size++;
	check_release(scene, "decoder-committed");
}

/* ---- plans ---- */

static void check_plan(const struct plan *plan, const char *down, const char *up)
{
	assert_int_equal(plan->down.count, down != NULL);
	assert_int_equal(plan->up.count, up != NULL);
	if (down)
		assert_string_equal(plan->down.items[0].text, down);
	if (up)
		assert_string_equal(plan->up.items[0].text, up);
}

static void check_answer_plan(struct scene *scene, const char *force, const char *down,
			      const char *up)
{
	const char *const forces[] = {force, NULL};
	const struct consent consent = {.force = forces};
	cleanup_plan struct plan plan = {0};

	plan_answer(&scene->answer, &consent, &plan);
	check_plan(&plan, down, up);
}

static void test_answer_plan(void **state)
{
	struct scene *scene = *state;
	const char *clear = "clear the records of batch 7 from the log";

	check_answer_plan(scene, NULL, "accept 1 extent (2 MiB) of batch 7, reject 2 MiB", clear);
	check_answer_plan(scene, "answer-unknown", NULL, clear);
	*list_add(&scene->pieces.list) = scene->batch->extents.items[1];
	check_answer_plan(scene, NULL, "accept 2 extents (4 MiB) of batch 7", clear);
	scene->pieces.list.count = 0;
	check_answer_plan(scene, NULL, "reject batch 7 (2 extents, 4 MiB)", clear);
	scene->answer.lost_earlier = true;
	check_answer_plan(scene, "records-lost", "reject batch 7 (2 extents, 4 MiB)", NULL);
	scene->answer.lost_earlier = false;
	put_before(scene, EXTENT_FORCED_RELEASE);
	check_answer_plan(scene, NULL, "reject batch 7 (2 extents, 4 MiB)",
			  "clear the records of batch 7, and 1 that stands before, from the log");
}

static void test_release_plan(void **state)
{
	struct scene *scene = *state;
	cleanup_plan struct plan plan = {0}, met = {0};

	release_accepted(scene);
	plan_release(&scene->release, &plan);
	check_plan(&plan, "release 1 extent (8 MiB)", NULL);
	scene->release.batch = scene->batch;
	scene->pieces.list.count = 0;
	plan_release(&scene->release, &met);
	check_plan(&met, NULL, "clear the records of batch 7 from the log");
}

#define ON_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, take_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SCENE(test_nothing),
		ON_SCENE(test_source),
		ON_SCENE(test_unknown),
		ON_SCENE(test_log),
		ON_SCENE(test_open),
		ON_SCENE(test_handles),
		ON_SCENE(test_handles_before),
		ON_SCENE(test_shared),
		ON_SCENE(test_acceptable),
		ON_SCENE(test_answered),
		ON_SCENE(test_lost),
		ON_SCENE(test_older),
		ON_SCENE(test_younger),
		ON_SCENE(test_release),
		ON_SCENE(test_release_not_there),
		ON_SCENE(test_release_used),
		ON_SCENE(test_release_decoders),
		ON_SCENE(test_release_linux_decoders),
		ON_SCENE(test_answer_plan),
		ON_SCENE(test_release_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
