/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of a dynamic-capacity event log: decoded, grouped, checked. The input says what is known of
 * the device, then come pages, one behind the other.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "extents/check.h"
#include "extents/regions.h"
#include "sys/util.h"

/* Of the input's head, in bytes. */
/* Bit 0: regions, 1: accepted extents, 2: not even a device, 3: no More, 4: neither handles. */
#define KNOWN 0
#define ROOM  1 /* for extents; 255: unknown */
#define HEAD  4

#define REGION_MIB 64ull
#define BLOCK	   (2ull << 20)

struct state {
	struct dc_device device;
	struct checker *checker;
	uint64_t extents; /* of all batches */
	bool knows;	  /* all that is needed for a verdict */
};

static void add_accepted(struct dc_device *device, uint64_t start)
{
	struct extent *extent = list_add(&device->accepted);

	extent->start = start;
	extent->size = 2 * BLOCK;
}

static void make_device(struct state *state, const uint8_t *data)
{
	struct dc_device *device = &state->device;

	for (int i = 0; i < 3 && data[KNOWN] & 1; i++) {
		struct dc_region *region = list_add(&device->regions);

		region->number = i;
		region->base = (uint64_t)i * REGION_MIB << 20;
		region->decode_size = region->size = REGION_MIB << 20;
		region->block_size = BLOCK << i;
	}
	if (!(data[KNOWN] & 1))
		device->regions_unknown[0] = '?';
	if (data[KNOWN] & 2)
		add_accepted(device, 5 * BLOCK);
	else
		device->accepted_unknown[0] = '?';
	device->extents_available = data[ROOM] == 255 ? UNKNOWN : data[ROOM];
	state->knows = (data[KNOWN] & 7) == 3;
	state->checker = checker_new(data[KNOWN] & 4 ? NULL : device);
}

/* What is offered to the host as good is good, whatever the log says. */
static void check_good(const struct state *state, const struct batch *batch,
		       const struct extent *extent)
{
	const struct dc_region *region =
		dc_region_find(state->device.regions.items, state->device.regions.count,
			       extent->start, extent->size);

	EXPECT(state->knows && !batch->open && !batch->truncated);
	EXPECT(extent->size && region && extent->dc_region == region->number);
	EXPECT(!((extent->start - region->base) % region->block_size));
	EXPECT(!(extent->size % region->block_size));
	list_each(other, &batch->extents)
		EXPECT(other == extent || other->acceptable != 1 ||
		       !ranges_overlap(other->start, other->size, extent->start, extent->size));
	list_each(accepted, &state->device.accepted)
		EXPECT(!ranges_overlap(accepted->start, accepted->size, extent->start,
				       extent->size));
}

static void check_verdicts(const struct state *state, const struct batch *batch)
{
	bool bad = batch_has_acceptable(batch, 0);

	EXPECT(batch->shared >= -1 && batch->shared <= 1);
	list_each(extent, &batch->extents) {
		EXPECT(extent->acceptable >= -1 && extent->acceptable <= 1);
		EXPECT(batch->shared != 1 || !bad || !extent->acceptable);
		if (extent->acceptable == 1)
			check_good(state, batch, extent);
	}
}

static void check_prediction(const struct batch *batch, const struct prediction *prediction)
{
	int count = (int)batch->extents.count;
	char text[256];

	prediction_format(text, sizeof(text), batch, prediction);
	EXPECT(strlen(text) < sizeof(text) - 1);
	EXPECT(batch_is_offer(batch) == (text[0] != '\0'));
	EXPECT(prediction->leading <= count && prediction->acceptable <= count);
	EXPECT(prediction->acceptable < 0 || prediction->leading <= prediction->acceptable);
	EXPECT(prediction->leading < 0 || prediction->leading + prediction->lost == count);
	EXPECT((prediction->leading < 0) == (prediction->leading_size == UNKNOWN));
}

static void check_findings(const struct findings *findings)
{
	list_each(finding, &findings->list) {
		EXPECT(finding->id[0] && finding->fix[0] && finding->evidence[0]);
		EXPECT(strlen(finding->evidence) < sizeof(finding->evidence) - 1);
		list_each(other, &findings->list)
			EXPECT(other == finding || strcmp(other->id, finding->id) != 0);
		for (const char *at = finding->evidence; *at; at++)
			EXPECT(*at >= ' ' && *at <= '~');
	}
}

static int on_batch(void *context, struct batch *batch, struct error *err)
{
	cleanup_findings struct findings findings = {0};
	struct state *state = context;
	struct prediction prediction;

	(void)err;
	EXPECT(batch->number >= -1 && batch->number <= 0xffff);
	EXPECT((batch->event == EXTENT_EVENT_UNKNOWN) == !batch->extents.count);
	EXPECT(!batch->mixed || batch->open);
	EXPECT(!batch->inferred || !batch->open);
	state->extents += batch->extents.count;
	checker_batch(state->checker, batch, &findings, &prediction);
	if (batch_is_offer(batch))
		check_verdicts(state, batch);
	check_prediction(batch, &prediction);
	check_findings(&findings);
	return 0;
}

static uint64_t count_extents(const struct log_page *page)
{
	struct event_record record;
	uint64_t count = 0;

	for (size_t i = 0; i < page->count; i++) {
		event_record_decode(&record, page->records + i * EVENT_RECORD_SIZE);
		count += !record.foreign && record.event != EXTENT_EVENT_UNKNOWN;
	}
	return count;
}

static void feed_page(struct grouper *grouper, const struct log_page *page, uint8_t known)
{
	struct event_record record;

	if (!(known & 8)) {
		EXPECT(!grouper_add_page(grouper, page, NULL));
		return;
	}
	for (size_t i = 0; i < page->count; i++) {
		event_record_decode(&record, page->records + i * EVENT_RECORD_SIZE);
		record.more = -1;
		if (known & 16)
			record.handle = -1;
		EXPECT(!grouper_add(grouper, &record, NULL));
	}
}

static uint64_t feed(struct grouper *grouper, const uint8_t *data, size_t size, uint8_t known)
{
	struct error err = {0};
	struct log_page page;
	uint64_t count = 0;
	int rc;

	while (!(rc = log_page_decode(&page, data, size, &err))) {
		EXPECT(page.size <= size && page.size == LOG_HEAD_SIZE + page.count * 128);
		count += count_extents(&page);
		feed_page(grouper, &page, known);
		data += page.size;
		size -= page.size;
	}
	EXPECT(rc == -EBADMSG);
	EXPECT_TEXT(rc, err);
	EXPECT(!grouper_flush(grouper, NULL));
	EXPECT(!grouper_open(grouper));
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state state = {.extents = 0};
	struct grouper *grouper = grouper_new(on_batch, &state);

	if (size >= HEAD) {
		make_device(&state, data);
		EXPECT(feed(grouper, data + HEAD, size - HEAD, data[KNOWN]) == state.extents);
	}
	grouper_free(&grouper);
	checker_free(&state.checker);
	record_free(&dc_device_record, &state.device);
	return 0;
}

/* ---- mutation ---- */

#define RECORDS	   24
#define INPUT_SIZE (HEAD + LOG_HEAD_SIZE + RECORDS * EVENT_RECORD_SIZE)

static const uint8_t uuid[16] = {0xca, 0x95, 0xaf, 0xa7, 0xf1, 0x83, 0x40, 0x18,
				 0x8c, 0x2f, 0x95, 0x26, 0x8e, 0x10, 0x1a, 0x2a};

/* Every input begins as this: offers that a host could accept. */
static void make_log(uint8_t *data)
{
	memset(data, 0, INPUT_SIZE);
	data[KNOWN] = 3;
	data[ROOM] = 64;
	put16(data + HEAD, 20, RECORDS);
	for (uint32_t i = 0; i < RECORDS; i++) {
		uint8_t *record = data + HEAD + LOG_HEAD_SIZE + i * EVENT_RECORD_SIZE;

		memcpy(record, uuid, sizeof(uuid));
		record[16] = EVENT_RECORD_SIZE;
		put16(record, 20, i + 1);
		record[53] = i % 4 < 3;
		put32(record, 56, (uint32_t)((i + 8) * BLOCK));
		put32(record, 64, BLOCK);
		memset(record + 72, (int)(i / 4), 16);
	}
}

/* Something of interest into a record. */
static void plant(uint8_t *record, uint32_t *random)
{
	static const uint32_t sizes[] = {0, 4096, BLOCK, 2 * BLOCK, 4 * BLOCK, 0xffffffff};

	switch (next_random(random) % 12) {
	case 0:
		record[48] = next_random(random) % 8; /* type */
		break;
	case 1:
	case 2:
		record[53] ^= 1; /* More */
		break;
	case 3:
		put32(record, 56, next_random(random) % 100 * (uint32_t)BLOCK);
		break;
	case 4:
		put32(record, 64, sizes[next_random(random) % ARRAY_SIZE(sizes)]);
		break;
	case 5:
		memset(record + 72, (int)(next_random(random) % 4), 16);
		break;
	case 6:
		put16(record, 88, next_random(random) % 5); /* sequence */
		break;
	case 7:
		put16(record, 20, next_random(random) % 30); /* handle */
		break;
	case 8:
		put32(record, 24, next_random(random) % 3 * 1000); /* time */
		break;
	case 9:
		record[16] = (uint8_t)next_random(random); /* length */
		break;
	case 10:
		put32(record, 60, next_random(random)); /* far away */
		put32(record, 68, next_random(random) % 2 ? 0xffffffff : 0);
		break;
	default:
		record[next_random(random) % EVENT_RECORD_SIZE] ^= 1u << next_random(random) % 8;
	}
}

static void plant_head(uint8_t *data, uint32_t *random)
{
	switch (next_random(random) % 5) {
	case 0:
		data[KNOWN] = next_random(random) % 32;
		break;
	case 1:
		data[ROOM] = next_random(random) % 2 ? 255 : next_random(random) % 12;
		break;
	case 2:
		data[HEAD] ^= 1 + next_random(random) % 3; /* overflow, more in the log */
		put32(data + HEAD, 4, next_random(random) % 3 * 500);
		break;
	default:
		put16(data + HEAD, 20, next_random(random) % (RECORDS + 2)); /* count */
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint32_t random = seed | 1;

	if (size < INPUT_SIZE && max_size >= INPUT_SIZE) {
		make_log(data);
		return INPUT_SIZE;
	}
	if (size < INPUT_SIZE || next_random(&random) % 16 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	if (next_random(&random) % 6 == 0)
		plant_head(data, &random);
	for (unsigned int i = next_random(&random) % 4; i < 4; i++)
		plant(data + HEAD + LOG_HEAD_SIZE +
			      next_random(&random) % RECORDS * EVENT_RECORD_SIZE,
		      &random);
	return size;
}
