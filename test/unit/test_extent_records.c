/* SPDX-License-Identifier: GPL-2.0-or-later */
/* extents/record, extents/seen: answers of a device decoded, and what is remembered of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "extents.h"
#include "extents/record.h"
#include "extents/seen.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* ---- one record ---- */

/* Bytes written by hand: each field is where the specification has it, and little endian. */
static void test_record_bytes(void **state)
{
	static const uint8_t bytes[EVENT_RECORD_SIZE] = {0xca,
							 0x95,
							 0xaf,
							 0xa7,
							 0xf1,
							 0x83,
							 0x40,
							 0x18,
							 0x8c,
							 0x2f,
							 0x95,
							 0x26,
							 0x8e,
							 0x10,
							 0x1a,
							 0x2a,
							 128,
							 0xff,
							 0xff,
							 0xff,
							 0x34,
							 0x12,
							 0xff,
							 0xff,
							 8,
							 7,
							 6,
							 5,
							 4,
							 3,
							 2,
							 1,
							 [48] = 2,
							 [49] = 3,
							 [50] = 0x78,
							 [51] = 0x56,
							 [52] = 9,
							 [53] = 0xff,
							 [56] = 0x18,
							 0x17,
							 0x16,
							 0x15,
							 0x14,
							 0x13,
							 0x12,
							 0x11,
							 0x28,
							 0x27,
							 0x26,
							 0x25,
							 0x24,
							 0x23,
							 0x22,
							 0x21,
							 0xa0,
							 0xa1,
							 0xa2,
							 0xa3,
							 0xa4,
							 0xa5,
							 0xa6,
							 0xa7,
							 0xa8,
							 0xa9,
							 0xaa,
							 0xab,
							 0xac,
							 0xad,
							 0xae,
							 0xaf,
							 0x32,
							 0x31,
							 [120] = 0x44,
							 0x43,
							 0x42,
							 0x41,
							 0x54,
							 0x53,
							 0x52,
							 0x51};
	struct event_record record;
	struct extent extent = {0};

	(void)state;
	event_record_decode(&record, bytes);
	assert_false(record.foreign);
	assert_int_equal(record.event, EXTENT_FORCED_RELEASE);
	assert_int_equal(record.type, 2);
	assert_int_equal(record.handle, 0x1234);
	assert_int_equal(record.host, 0x5678);
	assert_int_equal(record.more, 1);
	assert_int_equal(record.dc_region, -1);
	assert_int_equal(record.timestamp, 0x0102030405060708);
	assert_int_equal(record.start, 0x1112131415161718);
	assert_int_equal(record.size, 0x2122232425262728);
	assert_int_equal(record.sequence, 0x3132);
	assert_int_equal(record.extents_available, 0x41424344);
	assert_int_equal(record.tags_available, 0x51525354);
	event_record_extent(&record, &extent);
	assert_string_equal(extent.tag, "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf");
	assert_int_equal(extent.start, record.start);
	assert_int_equal(extent.size, record.size);
	assert_int_equal(extent.sequence, 0x3132);
	assert_int_equal(extent.handle, 0x1234);
	assert_int_equal(extent.dc_region, -1);
	assert_int_equal(extent.acceptable, -1);
}

static void decode(struct event_record *record, struct raw_record raw)
{
	uint8_t bytes[EVENT_RECORD_SIZE];

	encode_record(bytes, &raw);
	event_record_decode(record, bytes);
}

static void test_record_unset(void **state)
{
	struct event_record record;
	struct extent extent = {0};

	(void)state;
	decode(&record, (struct raw_record){.handle = 1, .size = 1, .extents_available = 5});
	assert_int_equal(record.timestamp, UNKNOWN);
	assert_int_equal(record.extents_available, UNKNOWN);
	assert_int_equal(record.tags_available, UNKNOWN);
	assert_int_equal(record.more, 0);
	event_record_extent(&record, &extent);
	assert_string_equal(extent.tag, "");
}

/* Each by its own flag, and only if the record reaches so far. */
static void test_record_available(void **state)
{
	struct raw_record raw = {.valid = 1, .extents_available = 5, .tags_available = 6};
	struct event_record record;

	(void)state;
	decode(&record, raw);
	assert_int_equal(record.extents_available, 5);
	assert_int_equal(record.tags_available, UNKNOWN);
	raw.valid = 2;
	decode(&record, raw);
	assert_int_equal(record.extents_available, UNKNOWN);
	assert_int_equal(record.tags_available, 6);
	raw.valid = 3;
	raw.length = 124;
	decode(&record, raw);
	assert_int_equal(record.extents_available, 5);
	assert_int_equal(record.tags_available, UNKNOWN);
	raw.length = 123;
	decode(&record, raw);
	assert_int_equal(record.extents_available, UNKNOWN);
}

static void test_record_foreign(void **state)
{
	struct event_record record;

	(void)state;
	decode(&record, (struct raw_record){.foreign = true, .handle = 9, .more = true, .size = 1});
	assert_true(record.foreign);
	assert_int_equal(record.handle, 9);
	assert_int_equal(record.more, -1);
	assert_int_equal(record.size, 0);
	assert_int_equal(record.event, EXTENT_EVENT_UNKNOWN);
}

static void test_record_region(void **state)
{
	struct extent extent = {0};
	struct event_record record;

	(void)state;
	decode(&record, (struct raw_record){.type = 3, .region = 5, .start = 1, .size = 2});
	assert_int_equal(record.event, EXTENT_REGION_UPDATED);
	assert_int_equal(record.dc_region, 5);
	event_record_extent(&record, &extent);
	assert_int_equal(extent.dc_region, 5);
	assert_int_equal(extent.size, 0);
}

static void test_record_types(void **state)
{
	struct event_record record;

	(void)state;
	for (int type = 0; type < 256; type++) {
		decode(&record, (struct raw_record){.type = type});
		assert_int_equal(record.type, type);
		assert_int_equal(record.event, type < 6 ? type : EXTENT_EVENT_UNKNOWN);
	}
}

/* ---- a page of the log ---- */

static void test_page(void **state)
{
	struct raw_record raw[] = {{.handle = 1}, {.handle = 2}};
	uint8_t *bytes;
	size_t size = encode_page(&bytes, raw, 2);
	struct log_page page;

	(void)state;
	bytes[0] = 2;
	bytes[2] = 7;
	bytes[4] = 9;
	assert_int_equal(log_page_decode(&page, bytes, size, NULL), 0);
	assert_true(page.goes_on);
	assert_false(page.overflow);
	assert_int_equal(page.lost, 0); /* only with overflow */
	assert_int_equal(page.first_lost, UNKNOWN);
	assert_int_equal(page.count, 2);
	assert_ptr_equal(page.records, bytes + 32);
	bytes[0] = 1;
	bytes[3] = 1;
	bytes[19] = 1;
	assert_int_equal(log_page_decode(&page, bytes, size, NULL), 0);
	assert_false(page.goes_on);
	assert_true(page.overflow);
	assert_int_equal(page.lost, 263);
	assert_int_equal(page.first_lost, 9);
	assert_int_equal(page.last_lost, 1ull << 56);
	free(bytes);
}

static void test_page_sizes(void **state)
{
	struct raw_record raw[] = {{.handle = 1}, {.handle = 2}};
	struct error err = {0};
	uint8_t *bytes;
	size_t size = encode_page(&bytes, raw, 2);
	struct log_page page;

	(void)state;
	check_error(log_page_decode(&page, bytes, 31, &err), -EBADMSG, &err,
		    "an answer of the event log has 31 bytes where 32 are needed", "");
	err.text[0] = '\0';
	check_error(log_page_decode(&page, bytes, size - 1, &err), -EBADMSG, &err,
		    "an answer of the event log has 287 bytes where 288 are needed", "");
	bytes[20] = 1;
	assert_int_equal(log_page_decode(&page, bytes, size, NULL), 0);
	assert_int_equal(page.size, 160); /* what is behind is another one's */
	bytes[20] = bytes[21] = 0xff;
	assert_int_equal(log_page_decode(&page, bytes, size, NULL), -EBADMSG);
	free(bytes);
}

/* ---- configuration ---- */

static size_t encode_configuration(uint8_t *bytes, unsigned int all, unsigned int returned)
{
	memset(bytes, 0, 8 + 40 * returned + 16);
	bytes[0] = (uint8_t)all;
	bytes[1] = (uint8_t)returned;
	for (unsigned int i = 0; i < returned; i++) {
		uint8_t *region = bytes + 8 + i * 40;

		put_le(region, MIB(256) * (i + 1), 8);
		put_le(region + 8, 2, 8);
		put_le(region + 16, MIB(300), 8);
		put_le(region + 24, MIB(2), 8);
		put_le(region + 32, 0xffffffff, 4);
		region[36] = 1;
		memset(region + 37, 0xff, 3);
	}
	for (unsigned int i = 0; i < 4; i++)
		put_le(bytes + 8 + 40 * returned + 4 * i, 0x80000000 + i, 4);
	return 8 + 40 * returned + 16;
}

static void test_configuration(void **state)
{
	struct dc_device device = {0};
	unsigned int total;
	uint8_t bytes[512];
	size_t size = encode_configuration(bytes, 3, 2);

	(void)state;
	assert_int_equal(configuration_decode(&device, &total, 0, bytes, size, NULL), 0);
	assert_int_equal(total, 3);
	assert_int_equal(device.regions.count, 2);
	assert_int_equal(device.regions.items[1].number, 1);
	assert_int_equal(device.regions.items[1].base, MIB(512));
	assert_int_equal(device.regions.items[1].decode_size, MIB(512));
	assert_int_equal(device.regions.items[1].size, MIB(300));
	assert_int_equal(device.regions.items[1].block_size, MIB(2));
	assert_int_equal(device.regions.items[1].flags, 1);
	assert_int_equal(device.extents_supported, 0x80000000);
	assert_int_equal(device.extents_available, 0x80000001);
	assert_int_equal(device.tags_supported, 0x80000002);
	assert_int_equal(device.tags_available, 0x80000003);
	size = encode_configuration(bytes, 3, 1);
	assert_int_equal(configuration_decode(&device, &total, 2, bytes, size, NULL), 0);
	assert_int_equal(device.regions.count, 3);
	assert_int_equal(device.regions.items[2].number, 2);
	record_free(&dc_device_record, &device);
}

static void check_configuration(const char *text, unsigned int first, const uint8_t *bytes,
				size_t size)
{
	struct dc_device device = {0};
	struct error err = {0};
	unsigned int total;

	check_error(configuration_decode(&device, &total, first, bytes, size, &err),
		    *text ? -EBADMSG : 0, &err, text, "");
	record_free(&dc_device_record, &device);
}

static void test_configuration_wrong(void **state)
{
	uint8_t bytes[1024];
	size_t size = encode_configuration(bytes, 2, 2);

	(void)state;
	check_configuration("the dynamic-capacity configuration has 103 bytes where 104 are needed",
			    0, bytes, size - 1);
	check_configuration("the dynamic-capacity configuration has 23 bytes where 24 are needed",
			    0, bytes, 23);
	check_configuration("", 0, bytes, size + 1);
	check_configuration(
		"the device says that it has 2 dynamic-capacity regions, and answers with 2 "
		"from region 1 on: expected at least one, and 8 regions at most",
		1, bytes, size);
	size = encode_configuration(bytes, 9, 8);
	check_configuration(
		"the device says that it has 9 dynamic-capacity regions, and answers with 8 "
		"from region 0 on: expected at least one, and 8 regions at most",
		0, bytes, size);
	size = encode_configuration(bytes, 8, 8);
	check_configuration("", 0, bytes, size);
	size = encode_configuration(bytes, 2, 0);
	check_configuration(
		"the device says that it has 2 dynamic-capacity regions, and answers with 0 "
		"from region 0 on: expected at least one, and 8 regions at most",
		0, bytes, size);
	check_configuration("", 2, bytes, size); /* behind the last */
	size = encode_configuration(bytes, 0, 0);
	check_configuration("", 0, bytes, size);
	size = encode_configuration(bytes, 1, 1);
	put_le(bytes + 16, 1ull << 36, 8);
	check_configuration(
		"dynamic-capacity region 0 says that it decodes 68719476736 times 256 MiB, "
		"more than there can be",
		0, bytes, size);
	put_le(bytes + 16, (1ull << 36) - 1, 8);
	check_configuration("", 0, bytes, size);
}

/* ---- the list of extents ---- */

static size_t encode_list(uint8_t *bytes, uint32_t count, uint32_t total, uint32_t generation)
{
	memset(bytes, 0xff, 16);
	put_le(bytes, count, 4);
	put_le(bytes + 4, total, 4);
	put_le(bytes + 8, generation, 4);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *extent = bytes + 16 + i * 40;

		memset(extent, 0xff, 40);
		put_le(extent, MIB(4) * i, 8);
		put_le(extent + 8, MIB(2), 8);
		memset(extent + 16, i ? 'a' : 0, 16);
		put_le(extent + 32, 0x100 + i, 2);
	}
	return 16 + count * 40;
}

static void test_list(void **state)
{
	struct dc_device device = {0};
	struct extent_page page;
	uint8_t bytes[256];
	size_t size = encode_list(bytes, 2, 70000, 0x12345678);

	(void)state;
	assert_int_equal(extent_page_decode(&device, &page, bytes, size, NULL), 0);
	assert_int_equal(page.count, 2);
	assert_int_equal(page.total, 70000);
	assert_int_equal(page.generation, 0x12345678);
	assert_int_equal(device.accepted.count, 2);
	assert_string_equal(device.accepted.items[0].tag, "");
	assert_string_equal(device.accepted.items[1].tag, "61616161-6161-6161-6161-616161616161");
	assert_int_equal(device.accepted.items[1].start, MIB(4));
	assert_int_equal(device.accepted.items[1].size, MIB(2));
	assert_int_equal(device.accepted.items[1].sequence, 0x101);
	assert_int_equal(device.accepted.items[1].handle, -1);
	assert_int_equal(device.accepted.items[1].dc_region, -1);
	assert_int_equal(device.accepted.items[1].acceptable, -1);
	assert_int_equal(extent_page_decode(&device, &page, bytes, size, NULL), 0);
	assert_int_equal(device.accepted.count, 4);
	record_free(&dc_device_record, &device);
}

static void check_list(const char *text, const uint8_t *bytes, size_t size)
{
	struct dc_device device = {0};
	struct extent_page page;
	struct error err = {0};

	check_error(extent_page_decode(&device, &page, bytes, size, &err), *text ? -EBADMSG : 0,
		    &err, text, "");
	record_free(&dc_device_record, &device);
}

/* QEMU 11.1 sends zeros for what is pending, behind the end of the list. */
static void test_list_with_filling(void **state)
{
	uint8_t bytes[256];
	size_t size = encode_list(bytes, 3, 3, 0);
	struct dc_device device = {0};
	struct extent_page page;

	(void)state;
	put_le(bytes + 4, 3, 4);
	memset(bytes + 16 + 40, 0, 80);
	list_add(&device.accepted);
	list_add(&device.accepted);
	assert_int_equal(extent_page_decode(&device, &page, bytes, size, NULL), 0);
	assert_int_equal(page.count, 1);
	assert_int_equal(page.total, 3);
	assert_int_equal(device.accepted.count, 3);
	put_le(bytes + 4, 0, 4);
	memset(bytes + 16, 0, 40);
	assert_int_equal(extent_page_decode(&device, &page, bytes, size, NULL), 0);
	assert_int_equal(page.count, 0);
	assert_int_equal(device.accepted.count, 3);
	record_free(&dc_device_record, &device);
}

static void test_list_wrong(void **state)
{
	uint8_t bytes[256];
	size_t size = encode_list(bytes, 2, 2, 0);

	(void)state;
	check_list("", bytes, size);
	check_list("", bytes, size + 39);
	check_list("the list of extents has 95 bytes where 96 are needed", bytes, size - 1);
	check_list("the list of extents has 15 bytes where 16 are needed", bytes, 15);
	put_le(bytes + 4, 1, 4);
	check_list("the device answers with 2 extents of a list of 1", bytes, size);
	put_le(bytes, 0xffffffff, 4);
	put_le(bytes + 4, 0xffffffff, 4);
	check_list("the list of extents has 96 bytes where 171798691816 are needed", bytes, size);
}

/* ---- ranges, held against a map of bytes ---- */

#define SPACE 512

struct model {
	uint64_t owners[SPACE]; /* 0: not in the set */
};

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void model_set(struct model *model, uint64_t start, uint64_t end, uint64_t owner)
{
	for (uint64_t i = start; i < end; i++)
		if (!owner || !model->owners[i])
			model->owners[i] = owner;
}

static void check_find(const struct ranges *ranges, const struct model *model, uint64_t start,
		       uint64_t end)
{
	const struct seen_range *range = ranges_find(ranges, start, end);
	bool covered = true;
	uint64_t first = end;

	for (uint64_t i = end; i-- > start;) {
		covered &= model->owners[i] != 0;
		if (model->owners[i])
			first = i;
	}
	assert_int_equal(ranges_cover(ranges, start, end), covered);
	assert_int_equal(range != NULL, first < end);
	if (!range)
		return;
	assert_true(range->start <= first && range->end > first);
	assert_int_equal(range->owner.batch, model->owners[first]);
}

static void test_ranges(void **state)
{
	static struct model model;
	struct ranges ranges = {0};
	uint32_t random = 1;

	(void)state;
	for (uint64_t i = 1; i < 60000; i++) {
		uint64_t start = next_random(&random) % SPACE;
		uint64_t end =
			start + next_random(&random) % (i % 1000 < 900 ? 3 : SPACE - start + 1);
		const struct owner owner = {.batch = i};

		if (end > SPACE)
			end = SPACE;
		if (next_random(&random) % 8 < (i / 5000 % 2 ? 2 : 6)) {
			ranges_add(&ranges, start, end, &owner);
			model_set(&model, start, end, i);
		} else {
			ranges_remove(&ranges, start, end);
			model_set(&model, start, end, 0);
		}
		check_find(&ranges, &model, start, end);
		start = next_random(&random) % SPACE;
		check_find(&ranges, &model, start, start + next_random(&random) % (SPACE - start));
	}
	ranges_free(&ranges);
	assert_null(ranges_find(&ranges, 0, SPACE));
}

/* Enough for many chunks; from above, from below, and from the middle. */
static void test_many_ranges(void **state)
{
	static const uint64_t steps[] = {1, 9999, 7001};
	static const struct owner nobody;

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(steps); s++) {
		struct ranges ranges = {0};

		for (uint64_t i = 0, at = 0; i < 10000; i++, at = (at + steps[s]) % 10000)
			ranges_add(&ranges, at * 4, at * 4 + 2, &nobody);
		assert_int_equal(ranges.count, 10000);
		for (uint64_t at = 0; at < 10000; at++) {
			assert_non_null(ranges_find(&ranges, at * 4 + 1, at * 4 + 2));
			assert_null(ranges_find(&ranges, at * 4 + 2, at * 4 + 4));
		}
		ranges_remove(&ranges, 0, 39999);
		assert_int_equal(ranges.count, 0);
	}
}

/* At most SEEN_MAX, and the latest half of them for certain. */
static void test_ranges_bounded(void **state)
{
	static const struct owner nobody;
	struct recent_ranges recent = {0};

	(void)state;
	for (uint64_t i = 0; i < 100000; i++)
		recent_ranges_add(&recent, i * 4, i * 4 + 2, &nobody);
	assert_true(recent.young.count + recent.old.count <= SEEN_MAX);
	assert_null(recent_ranges_find(&recent, 0, 2));
	for (uint64_t i = 100000 - SEEN_MAX / 2; i < 100000; i++)
		assert_non_null(recent_ranges_find(&recent, i * 4, i * 4 + 1));
	recent_ranges_remove(&recent, 0, 400000);
	assert_null(recent_ranges_find(&recent, 0, 400000));
	recent_ranges_free(&recent);
}

static void number_tag(char text[40], uint32_t number)
{
	uint8_t tag[TAG_SIZE] = {1};

	memcpy(tag + 4, &number, sizeof(number));
	tag_format(text, tag);
}

static void test_tags_bounded(void **state)
{
	struct recent_tags recent = {0};
	char tag[40];

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		number_tag(tag, i);
		assert_null(recent_tags_find(&recent, tag));
		recent_tags_add(&recent, tag, (int)i);
		assert_int_equal(recent_tags_find(&recent, tag)->number, i);
	}
	number_tag(tag, 0);
	assert_null(recent_tags_find(&recent, tag));
	for (uint32_t i = 100000 - SEEN_MAX / 2; i < 100000; i++) {
		number_tag(tag, i);
		assert_non_null(recent_tags_find(&recent, tag));
	}
	recent_tags_free(&recent);
	assert_null(recent_tags_find(&recent, tag));
}

/* A tag is there as long as an extent has it; also beyond a change of tables. */
static void test_tags_counted(void **state)
{
	struct recent_tags recent = {0};
	char tag[40];

	(void)state;
	recent_tags_remove(&recent, "x");
	recent_tags_add(&recent, "x", 1);
	recent_tags_add(&recent, "x", 2);
	assert_int_equal(recent_tags_find(&recent, "x")->number, 2);
	for (uint32_t i = 0; i < SEEN_MAX / 2; i++) {
		number_tag(tag, i);
		recent_tags_add(&recent, tag, 0);
	}
	recent_tags_remove(&recent, "x");
	assert_non_null(recent_tags_find(&recent, "x"));
	recent_tags_remove(&recent, "x");
	assert_null(recent_tags_find(&recent, "x"));
	recent_tags_remove(&recent, "x");
	recent_tags_add(&recent, "x", 3);
	assert_int_equal(recent_tags_find(&recent, "x")->extents, 1);
	for (uint32_t i = 0; i < 2 * SEEN_MAX; i++) {
		recent_tags_add(&recent, "y", 0);
		recent_tags_remove(&recent, "y");
	}
	assert_non_null(recent_tags_find(&recent, "x"));
	recent_tags_free(&recent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_bytes),
		cmocka_unit_test(test_record_unset),
		cmocka_unit_test(test_record_available),
		cmocka_unit_test(test_record_foreign),
		cmocka_unit_test(test_record_region),
		cmocka_unit_test(test_record_types),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_page_sizes),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_configuration_wrong),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_with_filling),
		cmocka_unit_test(test_list_wrong),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_many_ranges),
		cmocka_unit_test(test_ranges_bounded),
		cmocka_unit_test(test_tags_bounded),
		cmocka_unit_test(test_tags_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
