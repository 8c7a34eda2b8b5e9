/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding of the trace event of dynamic capacity: by format files as a kernel with the series writes
 * them (its TRACE_EVENT() laid out by the rules of the kernel's macros), on the bytes of its ring buffer.
 */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "extents/trace_decode.h"
#include "sys/util.h"

#include <cmocka.h>

#define COMMON                                                                         \
	"format:\n"                                                                    \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"         \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"         \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

#define HEADER                                                               \
	"\tfield:__data_loc char[] memdev;\toffset:8;\tsize:4;\tsigned:0;\n" \
	"\tfield:__data_loc char[] host;\toffset:12;\tsize:4;\tsigned:0;\n"  \
	"\tfield:int log;\toffset:16;\tsize:4;\tsigned:1;\n"                 \
	"\tfield:uuid_t hdr_uuid;\toffset:20;\tsize:16;\tsigned:0;\n"        \
	"\tfield:u64 serial;\toffset:40;\tsize:8;\tsigned:0;\n"              \
	"\tfield:u32 hdr_flags;\toffset:48;\tsize:4;\tsigned:0;\n"           \
	"\tfield:u16 hdr_handle;\toffset:52;\tsize:2;\tsigned:0;\n"          \
	"\tfield:u16 hdr_related_handle;\toffset:54;\tsize:2;\tsigned:0;\n"  \
	"\tfield:u64 hdr_timestamp;\toffset:56;\tsize:8;\tsigned:0;\n"       \
	"\tfield:u8 hdr_length;\toffset:64;\tsize:1;\tsigned:0;\n"           \
	"\tfield:u8 hdr_maint_op_class;\toffset:65;\tsize:1;\tsigned:0;\n"

#define EVENT(region, tag, tag_print)                                                         \
	"name: cxl_dynamic_capacity\nID: 1234\n" COMMON HEADER                                \
	"\tfield:u8 event_type;\toffset:66;\tsize:1;\tsigned:0;\n"                            \
	"\tfield:u16 hostid;\toffset:68;\tsize:2;\tsigned:0;\n"                               \
	"\tfield:u8 " region ";\toffset:70;\tsize:1;\tsigned:0;\n"                            \
	"\tfield:u64 dpa_start;\toffset:72;\tsize:8;\tsigned:0;\n"                            \
	"\tfield:u64 length;\toffset:80;\tsize:8;\tsigned:0;\n"                               \
	"\tfield:u8 " tag "[16];\toffset:88;\tsize:16;\tsigned:0;\n"                          \
	"\tfield:u16 sh_extent_seq;\toffset:104;\tsize:2;\tsigned:0;\n\n"                     \
	"print fmt: \"memdev=%s host=%s serial=%lld event_type='%s' host_id='%d' " region     \
	"='%d' starting_dpa=%llx length=%llx tag=" tag_print " shared_extent_sequence=%d\", " \
	"__get_str(memdev), __get_str(host), REC->serial, "                                   \
	"__print_symbolic(REC->event_type, { 0x00, \"Add capacity\"}, "                       \
	"{ 0x01, \"Release capacity\"}), REC->hostid, REC->" region                           \
	", REC->dpa_start, REC->length, "

#define PRINT_HEX(tag)	"__print_hex(REC->" tag ", 16), REC->sh_extent_seq\n"
#define PRINT_UUID(tag) "REC->" tag ", REC->sh_extent_seq\n"

/* The postings of 2024 (v2 to v4), of 2024 to 2025 (v5 to v9), and of 2026 (v10, v11). */
static const char format_2024[] = EVENT("region_id", "tag", "%s") PRINT_HEX("tag");
static const char format_2025[] = EVENT("partition_index", "tag", "%pU") PRINT_UUID("tag");
static const char format_2026[] = EVENT("updated_region_index", "uuid", "%pU") PRINT_UUID("uuid");

/* As a probe on a function has it: numbers first, strings last, and not all of them. */
static const char format_few[] = "name: cxl_dynamic_capacity\nID: 1234\n" COMMON
				 "\tfield:u64 length;\toffset:8;\tsize:8;\tsigned:0;\n"
				 "\tfield:u64 dpa_start;\toffset:16;\tsize:8;\tsigned:0;\n"
				 "\tfield:u8 event_type;\toffset:24;\tsize:1;\tsigned:0;\n\n"
				 "print fmt: \"%llx\", REC->length\n";

/* Nothing is of the kind that it should be. */
static const char format_odd[] = "name: cxl_dynamic_capacity\nID: 1234\n" COMMON
				 "\tfield:u64 memdev;\toffset:8;\tsize:8;\tsigned:0;\n"
				 "\tfield:char host[3];\toffset:16;\tsize:3;\tsigned:0;\n"
				 "\tfield:u8 length[5];\toffset:19;\tsize:5;\tsigned:0;\n"
				 "\tfield:u64 dpa_start;\toffset:24;\tsize:8;\tsigned:0;\n"
				 "\tfield:s32 hostid;\toffset:32;\tsize:4;\tsigned:1;\n"
				 "\tfield:u8 uuid[4];\toffset:36;\tsize:4;\tsigned:0;\n"
				 "\tfield:u8 event_type;\toffset:40;\tsize:1;\tsigned:0;\n\n"
				 "print fmt: \"%llx\", REC->dpa_start\n";

struct parsed {
	struct tep_handle *tep;
	struct tep_event *event;
};

static struct parsed parse(const char *format)
{
	struct parsed parsed = {tep_alloc(), NULL};

	tep_set_file_bigendian(parsed.tep, TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(parsed.tep, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
						    ? TEP_BIG_ENDIAN
						    : TEP_LITTLE_ENDIAN);
	tep_parse_event(parsed.tep, format, strlen(format), "cxl");
	parsed.event = tep_find_event_by_name(parsed.tep, "cxl", "cxl_dynamic_capacity");
	assert_non_null(parsed.event);
	return parsed;
}

/* A whole event, as it is in the ring buffer; 128 bytes. */
#define FULL 132
static void put_event(uint8_t data[FULL])
{
	static const uint8_t tag[16] = {0x5b, 0xe1, 0x92, 0x45, 0xa9, 0x4f, 0x4f, 0x2d,
					0x8b, 0x63, 0x15, 0x3b, 0x6d, 0x6f, 0x27, 0x9c};

	memset(data, 0, FULL);
	*(uint32_t *)(data + 8) = htole32(5 << 16 | 108);   /* memdev */
	*(uint32_t *)(data + 12) = htole32(13 << 16 | 114); /* host */
	memcpy(data + 108, "mem1", 5);
	memcpy(data + 114, "0000:0e:00.0", 13);
	*(uint32_t *)(data + 16) = htole32(4); /* log */
	*(uint64_t *)(data + 40) = htole64(0x9abc);
	*(uint16_t *)(data + 52) = htole16(7);
	*(uint64_t *)(data + 56) = htole64(1700000000000000123);
	data[64] = 128;
	data[66] = 0;			       /* event_type */
	*(uint16_t *)(data + 68) = htole16(3); /* hostid */
	data[70] = 0xff;		       /* region */
	*(uint64_t *)(data + 72) = htole64(0x8000000);
	*(uint64_t *)(data + 80) = htole64(0x4000000);
	memcpy(data + 88, tag, sizeof(tag));
	*(uint16_t *)(data + 104) = htole16(2);
}

static void decode(struct trace_event *event, const char *format, const void *data, size_t size)
{
	struct parsed parsed = parse(format);

	trace_decode(event, parsed.event, data, size);
	tep_free(parsed.tep);
}

static void check_full(const char *format)
{
	char tag[TAG_TEXT_SIZE];
	struct trace_event event;
	uint8_t data[FULL];

	put_event(data);
	decode(&event, format, data, sizeof(data));
	assert_string_equal(event.memdev, "mem1");
	assert_string_equal(event.address, "0000:0e:00.0");
	assert_int_equal(event.serial, 0x9abc);
	assert_false(event.record.foreign);
	assert_int_equal(event.record.event, EXTENT_ADD);
	assert_int_equal(event.record.type, 0);
	assert_int_equal(event.record.handle, 7);
	assert_int_equal(event.record.host, 3);
	assert_int_equal(event.record.more, -1);
	assert_int_equal(event.record.dc_region, -1);
	assert_int_equal(event.record.timestamp, 1700000000000000123);
	assert_int_equal(event.record.start, 0x8000000);
	assert_int_equal(event.record.size, 0x4000000);
	assert_int_equal(event.record.sequence, 2);
	tag_format(tag, event.record.tag);
	assert_string_equal(tag, "5be19245-a94f-4f2d-8b63-153b6d6f279c");
}

static void every_posting_is_decoded(void **state)
{
	(void)state;
	check_full(format_2024);
	check_full(format_2025);
	check_full(format_2026);
}

static void check_region(const char *format, int type, int byte, int expected)
{
	struct trace_event event;
	uint8_t data[FULL];

	put_event(data);
	data[66] = (uint8_t)type;
	data[70] = (uint8_t)byte;
	decode(&event, format, data, sizeof(data));
	assert_int_equal(event.record.type, type);
	assert_int_equal(event.record.dc_region, expected);
}

/* The first posting has a region in each event; there it is reserved. */
static void a_region_is_that_of_an_update(void **state)
{
	(void)state;
	check_region(format_2024, 3, 1, 1);
	check_region(format_2025, 3, 2, 2);
	check_region(format_2026, 3, 7, 7);
	check_region(format_2026, 3, 8, -1);
	check_region(format_2026, 3, 0xff, -1);
	check_region(format_2024, 0, 1, -1);
}

static void an_event_that_is_not_defined_is_unknown(void **state)
{
	static const struct {
		int type, event;
	} cases[] = {
		{1, EXTENT_RELEASE},  {2, EXTENT_FORCED_RELEASE}, {3, EXTENT_REGION_UPDATED},
		{5, EXTENT_RELEASED}, {6, EXTENT_EVENT_UNKNOWN},  {255, EXTENT_EVENT_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct trace_event event;
		uint8_t data[FULL];

		put_event(data);
		data[66] = (uint8_t)cases[i].type;
		decode(&event, format_2026, data, sizeof(data));
		assert_int_equal(event.record.event, cases[i].event);
		assert_int_equal(event.record.type, cases[i].type);
	}
}

static void fields_that_are_missing_are_unknown(void **state)
{
	uint8_t data[32] = {0};
	struct trace_event event;

	(void)state;
	*(uint64_t *)(data + 8) = htole64(0x200000);
	*(uint64_t *)(data + 16) = htole64(0x400000);
	data[24] = 1;
	decode(&event, format_few, data, sizeof(data));
	assert_string_equal(event.memdev, "");
	assert_string_equal(event.address, "");
	assert_int_equal(event.serial, UNKNOWN);
	assert_int_equal(event.record.event, EXTENT_RELEASE);
	assert_int_equal(event.record.start, 0x400000);
	assert_int_equal(event.record.size, 0x200000);
	assert_int_equal(event.record.handle, -1);
	assert_int_equal(event.record.host, -1);
	assert_int_equal(event.record.timestamp, UNKNOWN);
	assert_int_equal(event.record.extents_available, UNKNOWN);
}

static void fields_of_another_kind_are_unknown(void **state)
{
	struct trace_event event;
	uint8_t data[48];

	(void)state;
	memset(data, 0xff, sizeof(data));
	memcpy(data + 16, "a\nb", 3);
	data[40] = 0;
	decode(&event, format_odd, data, sizeof(data));
	assert_string_equal(event.memdev, "");
	assert_string_equal(event.address, "a?b");
	/* Without a length it is no extent. */
	assert_int_equal(event.record.event, EXTENT_EVENT_UNKNOWN);
	assert_int_equal(event.record.host, -1);
	assert_int_equal(event.record.tag[0], 0);
}

/* At each length there are bytes exactly as far as that: the sanitizers and valgrind see any step beyond. */
static void nothing_behind_the_data_is_read(void **state)
{
	struct parsed parsed = parse(format_2026);

	(void)state;
	for (size_t size = 0; size <= FULL; size++) {
		uint8_t full[FULL], *data = xcalloc(1, size ? size : 1);
		struct trace_event event;

		put_event(full);
		memcpy(data, full, size);
		trace_decode(&event, parsed.event, data, size);
		assert_int_equal(event.record.size, size >= 88 ? 0x4000000 : 0);
		assert_int_equal(event.record.event,
				 size >= 88 ? EXTENT_ADD : EXTENT_EVENT_UNKNOWN);
		assert_string_equal(event.address, size >= 127 ? "0000:0e:00.0" : "");
		free(data);
	}
	tep_free(parsed.tep);
}

/* What says where a string is may say anything. */
static void a_string_may_be_said_to_be_anywhere(void **state)
{
	static const uint32_t places[] = {0xffffffff,	 5 << 16 | 0xffff, 0xffff0000,
					  5 << 16 | 128, 4u << 16 | 128,   0,
					  64 << 16 | 100};
	static const char *const expected[] = {"", "", "", "", "\0", "", ""};
	struct parsed parsed = parse(format_2026);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		uint8_t full[FULL], *data = xcalloc(1, FULL);
		struct trace_event event;

		put_event(full);
		*(uint32_t *)(full + 8) = htole32(places[i]);
		memcpy(data, full, FULL);
		trace_decode(&event, parsed.event, data, FULL);
		assert_string_equal(event.memdev, expected[i]);
		assert_string_equal(event.address, "0000:0e:00.0");
		free(data);
	}
	tep_free(parsed.tep);
}

static void a_clock_that_was_never_set_is_unknown(void **state)
{
	struct trace_event event;
	uint8_t data[FULL];

	(void)state;
	put_event(data);
	memset(data + 56, 0, 8);
	decode(&event, format_2026, data, sizeof(data));
	assert_int_equal(event.record.timestamp, UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_posting_is_decoded),
		cmocka_unit_test(a_region_is_that_of_an_update),
		cmocka_unit_test(an_event_that_is_not_defined_is_unknown),
		cmocka_unit_test(fields_that_are_missing_are_unknown),
		cmocka_unit_test(fields_of_another_kind_are_unknown),
		cmocka_unit_test(nothing_behind_the_data_is_read),
		cmocka_unit_test(a_string_may_be_said_to_be_anywhere),
		cmocka_unit_test(a_clock_that_was_never_set_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
