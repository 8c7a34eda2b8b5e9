/* SPDX-License-Identifier: GPL-2.0-or-later */
/* regs/timeout, regs/isolation: the registers, and three ways to change them, good and broken. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "regs/config_image.h"
#include "regs/isolation.h"
#include "regs/timeout.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define PORT "0000:0c:00.0"

#define MEM_VALUE   ISOLATION_CONTROL_VALUE(ISOLATION_MEM)
#define MEM_TIMEOUT ISOLATION_CONTROL_TIMEOUT(ISOLATION_MEM)
#define MEM_ISO	    ISOLATION_CONTROL_ISOLATION(ISOLATION_MEM)
#define MEM_LINK    ISOLATION_CONTROL_LINK_DOWN(ISOLATION_MEM)
#define CACHE_VALUE ISOLATION_CONTROL_VALUE(ISOLATION_CACHE)
#define CACHE_ISO   ISOLATION_CONTROL_ISOLATION(ISOLATION_CACHE)

static void assert_error(const char *what, int rc, int code, const struct error *err,
			 const char *text)
{
	if (rc != code || !strstr(err->text, text) || (!text[0] && err->text[0]))
		fail_msg("%s: %d \"%s\" instead of %d \"%s\"", what, rc, err->text, code, text);
}

/* ---- timeouts ---- */

/* CXL 3.1 8.2.4.24.2 again, in words of our own: what the table of the library must say. */
static const struct {
	unsigned int value;
	const char *name, *posted;
	unsigned int range;
	uint64_t min_us, max_us;
} expected_timeouts[] = {
	{0, "default", "DEFAULT", 0x0, 50, 10000}, {1, "A1", "a", 0x1, 50, 100},
	{2, "A2", "a2", 0x1, 1000, 10000},	   {5, "B1", "b", 0x2, 16000, 55000},
	{6, "B2", "b2", 0x2, 65000, 210000},	   {9, "C1", "c", 0x4, 260000, 900000},
	{10, "C2", "c2", 0x4, 1000000, 3500000},   {13, "D1", "d", 0x8, 4000000, 13000000},
	{14, "D2", "d2", 0x8, 17000000, 64000000},
};

static const unsigned int legal_ranges[] = {0x0, 0x1, 0x2, 0x3, 0x6, 0x7, 0xe, 0xf};

static void test_timeout_table(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_SIZE(expected_timeouts), TIMEOUT_COUNT);
	for (size_t i = 0; i < TIMEOUT_COUNT; i++) {
		const struct timeout *timeout = timeout_by_value(expected_timeouts[i].value);

		assert_ptr_equal(timeout, &timeouts[i]);
		assert_int_equal(timeout->value, expected_timeouts[i].value);
		assert_string_equal(timeout->name, expected_timeouts[i].name);
		assert_int_equal(timeout->min_us, expected_timeouts[i].min_us);
		assert_int_equal(timeout->max_us, expected_timeouts[i].max_us);
	}
	for (unsigned int value = 0; value < 64; value++) {
		bool known = value < 16 && 0x6667 >> value & 1;

		assert_int_equal(timeout_by_value(value) != NULL, known);
	}
}

/* The words are those numbers. */
static void test_timeout_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < TIMEOUT_COUNT; i++) {
		char low[24], low_unit[4], high[24], high_unit[4];
		uint64_t min, max;

		assert_int_equal(sscanf(timeouts[i].words, "%16s %3s - %16s %3s", low, low_unit,
					high, high_unit),
				 4);
		assert_int_equal(timeout_parse_duration(strcat(low, low_unit), &min, NULL), 0);
		assert_int_equal(timeout_parse_duration(strcat(high, high_unit), &max, NULL), 0);
		assert_int_equal(min, timeouts[i].min_us);
		assert_int_equal(max, timeouts[i].max_us);
	}
}

static void test_timeout_names(void **state)
{
	static const char *const wrong[] = {"",	   "e",	 "e1",	"a3",	    "a0",
					    "a ",  " a", "A1 ", "a11",	    "1a",
					    "0x1", "1",	 "def", "default ", "de"};

	(void)state;
	for (size_t i = 0; i < TIMEOUT_COUNT; i++) {
		char name[16];
		size_t length = strlen(timeouts[i].name);

		memcpy(name, timeouts[i].name, length + 1);
		assert_ptr_equal(timeout_by_name(name), &timeouts[i]);
		for (size_t j = 0; j < length; j++)
			name[j] = (char)(name[j] >= 'A' ? name[j] ^ 0x20 : name[j]);
		assert_ptr_equal(timeout_by_name(name), &timeouts[i]);
		assert_ptr_equal(timeout_by_name(expected_timeouts[i].posted), &timeouts[i]);
	}
	assert_ptr_equal(timeout_by_name("A"), timeout_by_value(1));
	assert_ptr_equal(timeout_by_name("D"), timeout_by_value(13));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_null(timeout_by_name(wrong[i]));
}

static void test_timeout_ranges(void **state)
{
	static const char *const texts[] = {"none", "A",  "B",	"AB",  "C",  "AC",  "BC",  "ABC",
					    "D",    "AD", "BD", "ABD", "CD", "ACD", "BCD", "ABCD"};
	char text[5];

	(void)state;
	for (unsigned int ranges = 0; ranges < 16; ranges++) {
		bool legal = false;

		for (size_t i = 0; i < ARRAY_SIZE(legal_ranges); i++)
			legal |= legal_ranges[i] == ranges;
		assert_int_equal(timeout_ranges_legal(ranges), legal);
		assert_string_equal(timeout_ranges_text(text, ranges), texts[ranges]);
		for (size_t i = 0; i < TIMEOUT_COUNT; i++)
			assert_int_equal(timeout_usable(&timeouts[i], ranges),
					 !i || (expected_timeouts[i].range & ranges));
	}
	assert_false(timeout_ranges_legal(16));
	assert_false(timeout_ranges_legal(~0u));
}

/* By looking at all of them, as the library is not meant to. */
static unsigned int shortest_at_least(unsigned int ranges, uint64_t us)
{
	unsigned int best = 99;
	uint64_t best_max = UINT64_MAX;

	for (size_t i = 0; i < TIMEOUT_COUNT; i++) {
		if (i && !(expected_timeouts[i].range & ranges))
			continue;
		/* "default" and A2 end alike, but begin differently: no tie that matters here. */
		if (expected_timeouts[i].min_us >= us && expected_timeouts[i].max_us < best_max) {
			best = expected_timeouts[i].value;
			best_max = expected_timeouts[i].max_us;
		}
	}
	return best;
}

static unsigned int longest_at_most(unsigned int ranges, uint64_t us)
{
	unsigned int best = 99;
	uint64_t best_max = 0;

	/* Descending: A2 comes before "default", which ends alike and may be much shorter. */
	for (size_t i = TIMEOUT_COUNT; i--;) {
		if (i && !(expected_timeouts[i].range & ranges))
			continue;
		if (expected_timeouts[i].max_us <= us && expected_timeouts[i].max_us > best_max) {
			best = expected_timeouts[i].value;
			best_max = expected_timeouts[i].max_us;
		}
	}
	return best;
}

static unsigned int value_of(const struct timeout *timeout)
{
	return timeout ? timeout->value : 99;
}

static void check_searches(unsigned int ranges, uint64_t us)
{
	assert_int_equal(value_of(timeout_at_least(ranges, us)), shortest_at_least(ranges, us));
	assert_int_equal(value_of(timeout_at_most(ranges, us)), longest_at_most(ranges, us));
}

/* Both searches, just below, at and just above every limit, for all legal sets. */
static void test_timeout_searches(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(legal_ranges); i++) {
		for (size_t j = 0; j < TIMEOUT_COUNT; j++) {
			for (uint64_t step = 0; step < 3; step++) {
				check_searches(legal_ranges[i],
					       expected_timeouts[j].min_us - 1 + step);
				check_searches(legal_ranges[i],
					       expected_timeouts[j].max_us - 1 + step);
			}
		}
		check_searches(legal_ranges[i], 0);
		check_searches(legal_ranges[i], UINT64_MAX);
	}
}

/* The same said once in plain numbers. */
static void test_timeout_search_examples(void **state)
{
	(void)state;
	assert_int_equal(value_of(timeout_at_least(0xf, 0)), 0x1);
	assert_int_equal(value_of(timeout_at_least(0xf, 50)), 0x1);
	assert_int_equal(value_of(timeout_at_least(0xf, 51)), 0x2);
	assert_int_equal(value_of(timeout_at_least(0xe, 50)), 0x0);
	assert_int_equal(value_of(timeout_at_least(0xe, 51)), 0x5);
	assert_int_equal(value_of(timeout_at_least(0x7, 50000)), 0x6);
	assert_int_equal(value_of(timeout_at_least(0x7, 1000000)), 0xa);
	assert_int_equal(value_of(timeout_at_least(0x7, 1000001)), 99);
	assert_int_equal(value_of(timeout_at_least(0xf, 17000000)), 0xe);
	assert_int_equal(value_of(timeout_at_most(0xf, 99)), 99);
	assert_int_equal(value_of(timeout_at_most(0xf, 100)), 0x1);
	assert_int_equal(value_of(timeout_at_most(0x1, 10000)), 0x2);
	assert_int_equal(value_of(timeout_at_most(0x6, 10000)), 0x0);
	assert_int_equal(value_of(timeout_at_most(0x0, UINT64_MAX)), 0x0);
	assert_int_equal(value_of(timeout_at_most(0x7, 1000000)), 0x9);
	assert_int_equal(value_of(timeout_at_most(0xf, UINT64_MAX)), 0xe);
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t us;
	} durations[] = {
		{"0s", 0},
		{"0us", 0},
		{"1us", 1},
		{"200us", 200},
		{"50ms", 50000},
		{"1s", 1000000},
		{"3.5s", 3500000},
		{"0.000001s", 1},
		{"3.500000000s", 3500000},
		{"1.001ms", 1001},
		{"7.0us", 7},
		{"0007ms", 7000},
		{"18446744073709551615us", UINT64_MAX},
		{"18446744073709551.615ms", UINT64_MAX},
		{"18446744073709.551615s", UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		struct error err = {0};
		uint64_t us = 1234;

		check_error(timeout_parse_duration(durations[i].text, &us, &err), 0, &err, "", "");
		assert_int_equal(us, durations[i].us);
	}
}

static void test_durations_wrong(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *error;
	} durations[] = {
		{"", -EINVAL, "\"\" is no duration such as 200us, 50ms or 3.5s"},
		{"50", -EINVAL, "\"50\" is no duration"},
		{"ms", -EINVAL, "is no duration"},
		{"50 ms", -EINVAL, "is no duration"},
		{" 50ms", -EINVAL, "is no duration"},
		{"50ms ", -EINVAL, "is no duration"},
		{"50MS", -EINVAL, "is no duration"},
		{"50min", -EINVAL, "is no duration"},
		{"50ns", -EINVAL, "is no duration"},
		{"-50ms", -EINVAL, "is no duration"},
		{"+50ms", -EINVAL, "is no duration"},
		{"0x50ms", -EINVAL, "is no duration"},
		{"1e3us", -EINVAL, "is no duration"},
		{".5s", -EINVAL, "is no duration"},
		{"5.s", -EINVAL, "is no duration"},
		{"5.5.5s", -EINVAL, "is no duration"},
		{"5,5s", -EINVAL, "is no duration"},
		{"3.5", -EINVAL, "is no duration"},
		{"1s1s", -EINVAL, "is no duration"},
		{"0.5us", -EINVAL, "\"0.5us\" is finer than a microsecond"},
		{"0.0000001s", -EINVAL, "is finer"},
		{"1.0001ms", -EINVAL, "is finer"},
		{"18446744073709551616us", -ERANGE, "\"18446744073709551616us\" is too long"},
		{"18446744073709551.616ms", -ERANGE, "is too long"},
		{"18446744073709552ms", -ERANGE, "is too long"},
		{"18446744073710s", -ERANGE, "is too long"},
		{"18446744073710.5s", -ERANGE, "is too long"},
		{"99999999999999999999999999us", -ERANGE, "is too long a duration"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		struct error err = {0};
		uint64_t us;

		assert_error(durations[i].text,
			     timeout_parse_duration(durations[i].text, &us, &err),
			     durations[i].code, &err, durations[i].error);
	}
}

/* ---- decoding and encoding ---- */

/* Every value of the ranges, alone and beside everything else. */
static void test_capability_ranges(void **state)
{
	(void)state;
	for (unsigned int mem = 0; mem < 16; mem++) {
		for (unsigned int cache = 0; cache < 16; cache++) {
			uint32_t raw = mem | cache << 8;
			struct isolation_capability capability = isolation_capability_decode(raw);

			assert_int_equal(capability.protocols[ISOLATION_MEM].ranges, mem);
			assert_int_equal(capability.protocols[ISOLATION_CACHE].ranges, cache);
			assert_int_equal(isolation_capability_encode(&capability), raw);
			capability = isolation_capability_decode(~raw);
			assert_int_equal(capability.protocols[ISOLATION_MEM].ranges, mem ^ 0xf);
			assert_int_equal(isolation_capability_encode(&capability), ~raw);
		}
	}
}

static void test_capability_bits(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 32; bit++) {
		uint32_t raw = 1u << bit;
		struct isolation_capability capability = isolation_capability_decode(raw);
		const struct isolation_support *mem = &capability.protocols[ISOLATION_MEM];
		const struct isolation_support *cache = &capability.protocols[ISOLATION_CACHE];

		assert_int_equal(mem->timeout, bit == 4);
		assert_int_equal(cache->timeout, bit == 12);
		assert_int_equal(mem->isolation, bit == 16);
		assert_int_equal(mem->link_down, bit == 17);
		assert_int_equal(cache->isolation, bit == 18);
		assert_int_equal(cache->link_down, bit == 19);
		assert_int_equal(capability.err_cor, bit == 25);
		assert_int_equal(capability.interrupt, bit == 26);
		assert_int_equal(capability.message, bit >= 27 ? 1 << (bit - 27) : 0);
		assert_int_equal(capability.reserved, (bit >= 5 && bit <= 7) ||
								      (bit >= 13 && bit <= 15) ||
								      (bit >= 20 && bit <= 24)
							      ? raw
							      : 0);
		assert_int_equal(isolation_capability_encode(&capability), raw);
	}
	for (unsigned int message = 0; message < 32; message++)
		assert_int_equal(isolation_capability_decode(message << 27 | 1 << 26).message,
				 message);
}

/* Every value of both timeouts, reserved ones as well. */
static void test_control_values(void **state)
{
	(void)state;
	for (unsigned int mem = 0; mem < 16; mem++) {
		for (unsigned int cache = 0; cache < 16; cache++) {
			uint32_t raw = mem | cache << 8;
			struct isolation_control control = isolation_control_decode(raw);

			assert_int_equal(control.protocols[ISOLATION_MEM].value, mem);
			assert_int_equal(control.protocols[ISOLATION_CACHE].value, cache);
			assert_int_equal(isolation_control_encode(&control), raw);
			control = isolation_control_decode(~raw);
			assert_int_equal(control.protocols[ISOLATION_CACHE].value, cache ^ 0xf);
			assert_int_equal(isolation_control_encode(&control), ~raw);
		}
	}
}

static void test_control_bits(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 32; bit++) {
		uint32_t raw = 1u << bit;
		struct isolation_control control = isolation_control_decode(raw);
		const struct isolation_setting *mem = &control.protocols[ISOLATION_MEM];
		const struct isolation_setting *cache = &control.protocols[ISOLATION_CACHE];
		bool enables = mem->timeout || mem->isolation || mem->link_down || cache->timeout ||
			       cache->isolation || cache->link_down || control.err_cor ||
			       control.interrupt;

		assert_int_equal(mem->timeout, bit == 4);
		assert_int_equal(cache->timeout, bit == 12);
		assert_int_equal(mem->isolation, bit == 16);
		assert_int_equal(mem->link_down, bit == 17);
		assert_int_equal(cache->isolation, bit == 18);
		assert_int_equal(cache->link_down, bit == 19);
		assert_int_equal(control.err_cor, bit == 25);
		assert_int_equal(control.interrupt, bit == 26);
		assert_int_equal(enables, !!(raw & ISOLATION_CONTROL_ENABLES));
		assert_int_equal(isolation_enable_name(raw) != NULL, enables);
		assert_int_equal(control.reserved, raw & ISOLATION_CONTROL_RESERVED);
		assert_int_equal(!control.reserved, enables || mem->value || cache->value);
		assert_int_equal(isolation_control_encode(&control), raw);
	}
}

static void test_status_bits(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 32; bit++) {
		uint32_t raw = 1u << bit;
		struct isolation_status status = isolation_status_decode(raw);
		const struct isolation_event *mem = &status.protocols[ISOLATION_MEM];
		const struct isolation_event *cache = &status.protocols[ISOLATION_CACHE];
		bool event = mem->timed_out || mem->isolated || mem->link_down ||
			     cache->timed_out || cache->isolated || cache->link_down;

		assert_int_equal(mem->timed_out, bit == 0);
		assert_int_equal(cache->timed_out, bit == 4);
		assert_int_equal(mem->isolated, bit == 8);
		assert_int_equal(mem->link_down, bit == 9);
		assert_int_equal(cache->isolated, bit == 12);
		assert_int_equal(cache->link_down, bit == 13);
		assert_int_equal(status.rp_busy, bit == 14);
		assert_int_equal(event, !!(raw & ISOLATION_STATUS_RW1C));
		assert_int_equal(status.reserved, event || status.rp_busy ? 0 : raw);
		assert_int_equal(isolation_status_encode(&status), raw);
	}
}

/* encode(decode(x)) == x for many x. */
static void test_round_trips(void **state)
{
	uint32_t raw = 1;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		struct isolation_capability capability = isolation_capability_decode(raw);
		struct isolation_control control = isolation_control_decode(raw);
		struct isolation_status status = isolation_status_decode(raw);

		assert_int_equal(isolation_capability_encode(&capability), raw);
		assert_int_equal(isolation_control_encode(&control), raw);
		assert_int_equal(isolation_status_encode(&status), raw);
		raw = raw * 1664525 + 1013904223;
	}
}

static void test_causes(void **state)
{
	/* by bits: timed out, isolated, link down */
	static const enum isolation_cause causes[8] = {
		ISOLATION_CAUSE_NONE,	   ISOLATION_CAUSE_UNISOLATED, ISOLATION_CAUSE_UNKNOWN,
		ISOLATION_CAUSE_TIMEOUT,   ISOLATION_CAUSE_NONE,       ISOLATION_CAUSE_UNISOLATED,
		ISOLATION_CAUSE_LINK_DOWN, ISOLATION_CAUSE_LINK_DOWN};

	(void)state;
	for (unsigned int mem = 0; mem < 8; mem++) {
		for (unsigned int cache = 0; cache < 8; cache++) {
			uint32_t raw =
				(mem & 1) | (mem >> 1) << 8 | (cache & 1) << 4 | (cache >> 1) << 12;
			struct isolation_status status = isolation_status_decode(raw);

			assert_int_equal(isolation_cause(&status, ISOLATION_MEM), causes[mem]);
			assert_int_equal(isolation_cause(&status, ISOLATION_CACHE), causes[cache]);
		}
	}
	assert_string_equal(isolation_cause_names[ISOLATION_CAUSE_UNISOLATED],
			    "timeout-without-isolation");
	assert_null(isolation_cause_names[ISOLATION_CAUSE_UNKNOWN + 1]);
}

/* ---- lines ---- */

static void test_capability_line(void **state)
{
	char line[ISOLATION_TEXT];

	(void)state;
	assert_string_equal(
		isolation_capability_format(line, sizeof(line), 0x1e03001f, UINT32_MAX),
		"MemTimeout+ MemIso+ MemIsoLnkDn+ MemRanges=ABCD CacheTimeout- CacheIso- "
		"CacheIsoLnkDn- CacheRanges=none ErrCor+ Int+ IntMsg=3");
	assert_string_equal(
		isolation_capability_format(line, sizeof(line), 0xf80c1300, UINT32_MAX),
		"MemTimeout- MemIso- MemIsoLnkDn- MemRanges=none CacheTimeout+ CacheIso+ "
		"CacheIsoLnkDn+ CacheRanges=AB ErrCor- Int-");
	assert_string_equal(isolation_capability_format(line, sizeof(line), 0x01f0e0e5, UINT32_MAX),
			    "MemTimeout- MemIso- MemIsoLnkDn- MemRanges=AC CacheTimeout- CacheIso- "
			    "CacheIsoLnkDn- CacheRanges=none ErrCor- Int- Rsvd=0x01f0e0e0");
	assert_string_equal(isolation_capability_format(line, sizeof(line), UINT32_MAX, 0x1f),
			    "MemTimeout+ MemIso? MemIsoLnkDn? MemRanges=ABCD CacheTimeout? "
			    "CacheIso? CacheIsoLnkDn? CacheRanges=? ErrCor? Int?");
}

static void test_control_line(void **state)
{
	char line[ISOLATION_TEXT];

	(void)state;
	assert_string_equal(isolation_control_format(line, sizeof(line), 0x00010016, UINT32_MAX),
			    "MemTimeout+ MemIso+ MemIsoLnkDn- MemRange=B2 CacheTimeout- CacheIso- "
			    "CacheIsoLnkDn- CacheRange=default ErrCor- Int-");
	assert_string_equal(
		isolation_control_format(line, sizeof(line), 0x060a13e3, UINT32_MAX),
		"MemTimeout- MemIso- MemIsoLnkDn+ MemRange=reserved(0x3) CacheTimeout+ CacheIso- "
		"CacheIsoLnkDn+ CacheRange=reserved(0x3) ErrCor+ Int+ Rsvd=0x000000e0");
	assert_string_equal(isolation_control_format(line, sizeof(line), UINT32_MAX, 0x00010007),
			    "MemTimeout? MemIso+ MemIsoLnkDn? MemRange=? CacheTimeout? CacheIso? "
			    "CacheIsoLnkDn? CacheRange=? ErrCor? Int?");
}

static void test_status_line(void **state)
{
	char line[ISOLATION_TEXT];

	(void)state;
	assert_string_equal(isolation_status_format(line, sizeof(line), 0x4301, UINT32_MAX),
			    "MemTimeout+ MemIso+ MemIsoLnkDn+ CacheTimeout- CacheIso- "
			    "CacheIsoLnkDn- RPBusy+");
	assert_string_equal(isolation_status_format(line, sizeof(line), 0x80003010, UINT32_MAX),
			    "MemTimeout- MemIso- MemIsoLnkDn- CacheTimeout+ CacheIso+ "
			    "CacheIsoLnkDn+ RPBusy- Rsvd=0x80000000");
	assert_string_equal(isolation_status_format(line, sizeof(line), UINT32_MAX, 0),
			    "MemTimeout? MemIso? MemIsoLnkDn? CacheTimeout? CacheIso? "
			    "CacheIsoLnkDn? RPBusy?");
}

/* The longest lines fit; in a buffer that is too small there is their beginning. */
static void test_line_sizes(void **state)
{
	static const uint32_t raws[] = {0, UINT32_MAX, 0xff0fffff, 0x0f0f0f0f, 0xf3f3f3f3};
	char line[ISOLATION_TEXT], part[ISOLATION_TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(raws); i++) {
		isolation_capability_format(line, sizeof(line), raws[i], UINT32_MAX);
		assert_true(strlen(line) < sizeof(line) - 8);
		isolation_status_format(line, sizeof(line), raws[i], UINT32_MAX);
		assert_true(strlen(line) < sizeof(line) - 8);
		isolation_control_format(line, sizeof(line), raws[i], UINT32_MAX);
		assert_true(strlen(line) < sizeof(line) - 8);
		for (size_t size = 1; size <= strlen(line); size++) {
			memset(part, 'x', sizeof(part));
			isolation_control_format(part, size, raws[i], UINT32_MAX);
			assert_memory_equal(part, line, size - 1);
			assert_int_equal(part[size - 1], '\0');
			assert_int_equal(part[size], 'x');
		}
	}
}

/* ---- faults ---- */

#define GOOD_CAPABILITY 0x0e0f1f1f /* all of it, interrupt message 1 */

static const struct {
	const char *name;
	uint32_t capability, control, status;
	unsigned int count;
	const char *text;
} faults[] = {
	{"none", GOOD_CAPABILITY, 0x0003001e, 0x4301, 0, ""},
	{"nothing supported, nothing set", 0, 0, 0, 0, ""},
	{"reserved bit 5 of the capability", GOOD_CAPABILITY | 1 << 5, 0, 0, 1,
	 "reserved bits of the capability register are set: 0x00000020"},
	{"reserved bits of control", GOOD_CAPABILITY, 0x80100080, 0, 1,
	 "reserved bits of the control register are set: 0x80100080"},
	{"reserved bits of status", GOOD_CAPABILITY, 0, 0x00018002, 1,
	 "reserved bits of the status register are set: 0x00018002"},
	{"C alone", 0x14, 0, 0, 1, "CXL.mem timeout ranges C cannot be supported without others"},
	{"A and C", 0x15, 0, 0, 1, "CXL.mem timeout ranges AC cannot be supported without others"},
	{"D alone, CXL.cache", 0x1800, 0, 0, 1,
	 "CXL.cache timeout ranges D cannot be supported without others"},
	{"C and D", 0x1c, 0, 0, 1, "timeout ranges CD cannot"},
	{"A, B and D", 0x1b, 0, 0, 1, "timeout ranges ABD cannot"},
	{"reserved timeout value", GOOD_CAPABILITY, 0x3, 0, 1,
	 "the CXL.mem timeout is set to the reserved value 0x3"},
	{"reserved timeout value, CXL.cache", GOOD_CAPABILITY, 0xf00, 0, 1,
	 "the CXL.cache timeout is set to the reserved value 0xf"},
	{"range not supported", 0x13, 0xd, 0, 1,
	 "the CXL.mem timeout is set to D1, which is not supported"},
	{"timeout not supported", 0x3, 0x10, 0, 1,
	 "the CXL.mem timeout is enabled but not supported"},
	{"isolation not supported", 0x1f, MEM_ISO, 0, 1,
	 "CXL.mem isolation is enabled but not supported"},
	{"interrupt not supported", 0x1f, 1 << 26, 0, 1,
	 "the isolation interrupt is enabled but not supported"},
	{"many", 0x01f00005, 0x000f1013, 0x4, 9,
	 "reserved bits of the capability register are set: 0x01f00000; reserved bits of the "
	 "status register are set: 0x00000004; CXL.mem timeout ranges AC cannot be supported "
	 "without others; the CXL.mem timeout is set to the reserved value 0x3; the CXL.mem "
	 "timeout is enabled but not supported; the CXL.cache timeout is enabled but not "
	 "supported; CXL.mem isolation is enabled but not supported; forcing Link Down on CXL.mem "
	 "isolation is enabled but not supported; "},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct isolation_registers registers = {faults[i].capability, faults[i].control,
							faults[i].status,     UINT32_MAX,
							UINT32_MAX,	      UINT32_MAX};
		char text[ISOLATION_FAULTS];
		unsigned int count = isolation_faults(&registers, text, sizeof(text));
		bool many = faults[i].count > 1;

		if (many ? count < faults[i].count : count != faults[i].count)
			fail_msg("%s: %u faults: %s", faults[i].name, count, text);
		if (!strstr(text, faults[i].text) || (!faults[i].text[0] && text[0]))
			fail_msg("%s: \"%s\" instead of \"%s\"", faults[i].name, text,
				 faults[i].text);
	}
}

static void test_faults_unknown(void **state)
{
	struct isolation_registers registers = {.control = UINT32_MAX, .control_known = 0x1001f};
	char text[ISOLATION_FAULTS];

	(void)state;
	assert_int_equal(isolation_faults(&registers, text, sizeof(text)), 1);
	assert_string_equal(text, "the CXL.mem timeout is set to the reserved value 0xf");
	registers = (struct isolation_registers){UINT32_MAX, UINT32_MAX, UINT32_MAX, 0, 0, 0};
	assert_int_equal(isolation_faults(&registers, text, sizeof(text)), 0);
	registers = (struct isolation_registers){0xfff0e0e5, UINT32_MAX, UINT32_MAX,
						 UINT32_MAX, UINT32_MAX, UINT32_MAX};
	isolation_faults(&registers, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text) - 64);
	assert_true(isolation_faults(&registers, text, 20) > 2);
	assert_string_equal(text, "reserved bits of th");
}

/* ---- registers in memory ---- */

#define CAPABILITY_AT 0x200
#define CAPABILITY    (CAPABILITY_AT / 4)
#define CONTROL	      (CAPABILITY_AT / 4 + 2)
#define STATUS	      (CAPABILITY_AT / 4 + 3)

struct device {
	uint32_t words[COMPONENT_SIZE / 4];
	uint32_t stuck_control;	 /* bits of the control register that writes do not change */
	uint32_t stuck_status;	 /* bits of the status register that do not clear */
	unsigned int slow;	 /* so many reads of the status register until it clears */
	unsigned int ones_from;	 /* all ones from this access on; 0: never */
	unsigned int fails_from; /* -EIO from this access on; 0: never */
	unsigned int accesses;
	unsigned int writes;
	uint32_t last_write;
	uint32_t last_offset;
	uint32_t clearing;
};

static bool is_over(const struct device *device, unsigned int from)
{
	return from && device->accesses >= from;
}

static int device_read(void *context, uint32_t offset, uint32_t *value)
{
	struct device *device = context;

	device->accesses++;
	if (is_over(device, device->fails_from))
		return -EIO;
	if (offset == 4 * STATUS && device->slow) {
		device->slow--;
	} else if (offset == 4 * STATUS) {
		device->words[STATUS] &= ~device->clearing;
		device->clearing = 0;
	}
	*value = is_over(device, device->ones_from) ? UINT32_MAX : device->words[offset / 4];
	return 0;
}

static int device_write(void *context, uint32_t offset, uint32_t value)
{
	struct device *device = context;
	uint32_t *word = &device->words[offset / 4];

	device->accesses++;
	if (is_over(device, device->fails_from))
		return -EIO;
	device->writes++;
	device->last_offset = offset;
	device->last_write = value;
	if (offset == 4 * STATUS)
		device->clearing = value & ISOLATION_STATUS_RW1C & ~device->stuck_status;
	else
		*word = (*word & device->stuck_control) | (value & ~device->stuck_control);
	return 0;
}

static const struct component_backend device_backend = {device_read, device_write, NULL};

/* RAS, a hole, link and isolation, which supports everything. */
static struct device good_device(void)
{
	struct device device = {0};

	device.words[0] = 0x04110001;
	device.words[1] = 0x08030002;
	device.words[3] = 0x0d820004;
	device.words[4] = CAPABILITY_AT << 20 | 1 << 16 | CXL_CAPABILITY_ISOLATION;
	device.words[CAPABILITY] = GOOD_CAPABILITY;
	return device;
}

/* What is to go wrong goes wrong from here on. */
static struct isolation_port *open_device(struct device *device)
{
	struct component *component = component_over(PORT, &device_backend, device);
	unsigned int ones_from = device->ones_from, fails_from = device->fails_from;
	struct isolation_port *port = NULL;
	struct error err = {0};

	device->ones_from = device->fails_from = 0;
	if (isolation_over(component, &port, &err))
		fail_msg("cannot open it: %s", err.text);
	device->ones_from = ones_from;
	device->fails_from = fails_from;
	device->accesses = 0;
	return port;
}

static void test_read(void **state)
{
	struct device device = good_device();
	cleanup_isolation struct isolation_port *port = open_device(&device);
	struct isolation_registers registers;

	(void)state;
	device.words[CONTROL] = 0x00010016;
	device.words[CONTROL - 1] = 0x12345678;
	device.words[STATUS] = 0x4101;
	assert_int_equal(isolation_read(port, &registers, NULL), 0);
	assert_int_equal(registers.capability, GOOD_CAPABILITY);
	assert_int_equal(registers.control, 0x00010016);
	assert_int_equal(registers.status, 0x4101);
	assert_int_equal(registers.capability_known, UINT32_MAX);
	assert_int_equal(registers.control_known, UINT32_MAX);
	assert_int_equal(registers.status_known, UINT32_MAX);
	assert_int_equal(device.writes, 0);
	assert_string_equal(isolation_backend_name(port), "mmio");
}

/* A capability may end where the registers end. */
static void test_read_at_the_end(void **state)
{
	struct device device = good_device();
	cleanup_isolation struct isolation_port *port = NULL;
	struct isolation_registers registers;

	(void)state;
	device.words[4] = 0xff0u << 20 | 1 << 16 | CXL_CAPABILITY_ISOLATION;
	device.words[0xff0 / 4] = 0x1f;
	device.words[0xffc / 4] = 0x0001;
	port = open_device(&device);
	assert_int_equal(isolation_read(port, &registers, NULL), 0);
	assert_int_equal(registers.capability, 0x1f);
	assert_int_equal(registers.status, 0x0001);
}

/* ---- broken registers: each to its error ---- */

static void break_version_0(struct device *d)
{
	d->words[4] &= ~(0xfu << 16);
}
static void break_version_2(struct device *d)
{
	d->words[4] += 1 << 16;
}
static void break_version_15(struct device *d)
{
	d->words[4] |= 0xf << 16;
}
static void break_end_ff4(struct device *d)
{
	d->words[4] = 0xff4u << 20 | 1 << 16 | CXL_CAPABILITY_ISOLATION;
}
static void break_end_ff8(struct device *d)
{
	d->words[4] = 0xff8u << 20 | 1 << 16 | CXL_CAPABILITY_ISOLATION;
}
static void break_end_ffc(struct device *d)
{
	d->words[4] = 0xffcu << 20 | 1 << 16 | CXL_CAPABILITY_ISOLATION;
}
static void break_pointer_odd(struct device *d)
{
	d->words[4] += 2u << 20;
}
static void break_pointer_in_array(struct device *d)
{
	d->words[4] = 0x008 << 20 | 1 << 16 | CXL_CAPABILITY_ISOLATION;
}
static void break_pointer_0(struct device *d)
{
	d->words[4] &= 0xfffff;
}
static void break_there_twice(struct device *d)
{
	d->words[2] = d->words[4];
}
static void break_not_there(struct device *d)
{
	d->words[4] = CAPABILITY_AT << 20 | 1 << 16 | 0x000a;
}
static void break_behind_count(struct device *d)
{
	d->words[0] = 0x03110001;
}
static void break_count_0(struct device *d)
{
	d->words[0] = 0x00110001;
}
static void break_hole(struct device *d)
{
	d->words[4] &= 0xffff0000;
}
static void break_array(struct device *d)
{
	d->words[0] = 0x04110002;
}
static void break_all_ones(struct device *d)
{
	d->ones_from = 1;
}
static void break_ones_in_array(struct device *d)
{
	d->ones_from = 4;
}
static void break_ones_at_capability(struct device *d)
{
	d->ones_from = 6;
}
static void break_ones_at_control(struct device *d)
{
	d->ones_from = 7;
}
static void break_ones_at_status(struct device *d)
{
	d->ones_from = 8;
}
static void break_capability_ones(struct device *d)
{
	d->words[CAPABILITY] = UINT32_MAX;
}
static void break_control_ones(struct device *d)
{
	d->words[CONTROL] = UINT32_MAX;
}
static void break_status_ones(struct device *d)
{
	d->words[STATUS] = UINT32_MAX;
}
static void break_bus_at_once(struct device *d)
{
	d->fails_from = 1;
}
static void break_bus_in_array(struct device *d)
{
	d->fails_from = 3;
}
static void break_bus_at_control(struct device *d)
{
	d->fails_from = 7;
}
static void break_bus_at_status(struct device *d)
{
	d->fails_from = 8;
}

static const struct {
	const char *name;
	void (*break_it)(struct device *device);
	int code;
	const char *text;
} broken_devices[] = {
	{"version 0", break_version_0, -EBADMSG,
	 "CXL capability 0x0009 of " PORT " has version 0; 1 to 1 are known"},
	{"version 2", break_version_2, -EBADMSG, "has version 2; 1 to 1 are known"},
	{"version 15", break_version_15, -EBADMSG, "has version 15; 1 to 1 are known"},
	{"12 bytes before the end", break_end_ff4, -EBADMSG,
	 "the isolation registers of " PORT " at 0xff4 reach beyond the others"},
	{"8 bytes before the end", break_end_ff8, -EBADMSG, "at 0xff8 reach beyond"},
	{"4 bytes before the end", break_end_ffc, -EBADMSG, "at 0xffc reach beyond"},
	{"unaligned pointer", break_pointer_odd, -EBADMSG, "points to 0x202, where none can be"},
	{"pointer into the array", break_pointer_in_array, -EBADMSG, "points to 0x008, where"},
	{"pointer 0", break_pointer_0, -EBADMSG, "points to 0x000, where none can be"},
	{"two of them", break_there_twice, -EBADMSG, "0x0009 of " PORT " is there twice"},
	{"another capability", break_not_there, -ENOENT, ""},
	{"entry behind the count", break_behind_count, -ENOENT, ""},
	{"no entries", break_count_0, -ENOENT, ""},
	{"hole", break_hole, -ENOENT, ""},
	{"no array", break_array, -EBADMSG, "start with 0x04110002, not with an array"},
	{"gone", break_all_ones, -ENODEV, "component registers of " PORT " read all ones"},
	{"gone in the array", break_ones_in_array, -ENODEV, "of " PORT " read all ones"},
	{"gone at the capability", break_ones_at_capability, -ENODEV, "read all ones"},
	{"gone at the control", break_ones_at_control, -ENODEV, "read all ones"},
	{"gone at the status", break_ones_at_status, -ENODEV, "read all ones"},
	{"capability of ones", break_capability_ones, -ENODEV,
	 "an isolation register of " PORT " reads all ones"},
	{"control of ones", break_control_ones, -ENODEV, "an isolation register of " PORT},
	{"status of ones", break_status_ones, -ENODEV, "an isolation register of " PORT},
	{"bus error", break_bus_at_once, -EIO, "of " PORT " are not accessible: Input/output"},
	{"bus error in the array", break_bus_in_array, -EIO, "are not accessible"},
	{"bus error at the control", break_bus_at_control, -EIO, "are not accessible"},
	{"bus error at the status", break_bus_at_status, -EIO, "are not accessible"},
};

static void test_broken_devices(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken_devices); i++) {
		struct device device = good_device();
		struct component *component = component_over(PORT, &device_backend, &device);
		cleanup_isolation struct isolation_port *port = NULL;
		struct isolation_registers registers;
		struct error err = {0};
		int rc;

		broken_devices[i].break_it(&device);
		rc = isolation_over(component, &port, &err);
		if (rc)
			component_close(&component);
		else
			rc = isolation_read(port, &registers, &err);
		assert_error(broken_devices[i].name, rc, broken_devices[i].code, &err,
			     broken_devices[i].text);
	}
}

/* ---- writing the control register ---- */

static void write_ok(struct device *device, uint32_t mask, uint32_t value, uint32_t expected)
{
	cleanup_isolation struct isolation_port *port = open_device(device);
	struct error err = {0};

	check_error(isolation_write_control(port, mask, value, &err), 0, &err, "", "");
	assert_int_equal(device->words[CONTROL], expected);
}

static void write_fails(const char *name, struct device *device, uint32_t mask, uint32_t value,
			int code, const char *text)
{
	cleanup_isolation struct isolation_port *port = open_device(device);
	struct error err = {0};

	assert_error(name, isolation_write_control(port, mask, value, &err), code, &err, text);
}

static void test_write(void **state)
{
	struct device device = good_device();

	(void)state;
	write_ok(&device, MEM_VALUE | MEM_TIMEOUT, 0x16, 0x16);
	write_ok(&device, MEM_ISO | MEM_LINK, MEM_ISO | MEM_LINK, 0x00030016);
	write_ok(&device, MEM_VALUE, 0xe, 0x0003001e);
	write_ok(&device, CACHE_VALUE | CACHE_ISO, CACHE_ISO | 0x900, 0x0007091e);
	write_ok(&device, ISOLATION_CONTROL_ERR_COR, ISOLATION_CONTROL_ERR_COR, 0x0207091e);
	assert_int_equal(device.writes, 5);
	assert_int_equal(device.last_offset, CAPABILITY_AT + 8);
	/* As it is already: nothing is written. */
	write_ok(&device, MEM_VALUE | MEM_ISO, 0xe | MEM_ISO, 0x0207091e);
	write_ok(&device, 0, 0, 0x0207091e);
	assert_int_equal(device.writes, 5);
	write_ok(&device, ISOLATION_CONTROL_ENABLES | MEM_VALUE | CACHE_VALUE, 0, 0);
	assert_int_equal(device.words[CAPABILITY], GOOD_CAPABILITY);
	assert_int_equal(device.words[STATUS], 0);
}

/* Every value with every set of ranges, of both protocols. */
static void test_write_values(void **state)
{
	(void)state;
	for (unsigned int ranges = 0; ranges < 16; ranges++) {
		for (unsigned int value = 0; value < 16; value++) {
			const struct timeout *timeout = timeout_by_value(value);
			bool good = timeout && (!value || (timeout_ranges_legal(ranges) &&
							   timeout_usable(timeout, ranges)));

			for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++) {
				struct device device = good_device();
				cleanup_isolation struct isolation_port *port =
					open_device(&device);
				unsigned int shift = ISOLATION_CONTROL_VALUE_SHIFT(p);

				device.words[CAPABILITY] = (ranges | 0x10) << shift;
				device.words[CONTROL] = 0x10u << shift;
				assert_int_equal(isolation_write_control(port, 0xfu << shift,
									 value << shift, NULL),
						 good ? 0 : -EINVAL);
				assert_int_equal(device.writes, good && value ? 1 : 0);
				assert_int_equal(device.words[CONTROL], (good ? value | 0x10 : 0x10)
										<< shift);
			}
		}
	}
}

/* Each enable needs its own "supported". */
static void test_write_enables(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 32; bit++) {
		uint32_t mask = 1u << bit;
		struct device device = good_device();

		if (!(ISOLATION_CONTROL_ENABLES & mask) || mask == ISOLATION_CONTROL_INTERRUPT)
			continue;
		device.words[CAPABILITY] = mask;
		write_ok(&device, mask, mask, mask);
		device.words[CAPABILITY] = GOOD_CAPABILITY & ~mask;
		device.words[CONTROL] = 0;
		write_fails(isolation_enable_name(mask), &device, mask, mask, -EINVAL,
			    isolation_enable_name(mask));
		/* Firmware may have set it all the same: to clear it is no sin. */
		device.words[CONTROL] = mask;
		write_ok(&device, mask, 0, 0);
	}
}

static const struct {
	const char *name;
	uint32_t capability, control, mask, value;
	int code;
	const char *text;
} refusals[] = {
	{"reserved bit 5", GOOD_CAPABILITY, 0, 0x20, 0x20, -EINVAL,
	 "bits 0x00000020 of the isolation control register are reserved"},
	{"reserved bits in the mask only", GOOD_CAPABILITY, 0, 0xf9f0e0e0, 0, -EINVAL,
	 "bits 0xf9f0e0e0 of the isolation control register are reserved"},
	{"reserved bit in the value only", GOOD_CAPABILITY, 0, 0x10, 0x80000010, -EINVAL,
	 "bits 0x80000000 of"},
	{"value beyond the mask", GOOD_CAPABILITY, 0, MEM_VALUE, 0x15, -EINVAL,
	 "bits 0x00000010 are to be set but not to be changed"},
	{"half a timeout value", GOOD_CAPABILITY, 0, 0x3, 0x1, -EINVAL,
	 "a timeout value can be changed as a whole only"},
	{"half a timeout value, CXL.cache", GOOD_CAPABILITY, 0, 0x800, 0, -EINVAL,
	 "a timeout value can be changed as a whole only"},
	{"interrupt", GOOD_CAPABILITY, 0, 1 << 26, 1 << 26, -EINVAL,
	 "the isolation interrupt cannot be enabled from user space"},
	{"interrupt that is on", GOOD_CAPABILITY, 1 << 26, 1 << 26, 1 << 26, -EINVAL,
	 "the isolation interrupt cannot be enabled from user space"},
	{"reserved timeout value", GOOD_CAPABILITY, 0, MEM_VALUE, 0x7, -EINVAL,
	 "0x7 is a reserved timeout value"},
	{"range not supported", 0x13, 0, MEM_VALUE, 0x9, -EINVAL,
	 PORT " does not support the CXL.mem timeout C1 (260 ms - 900 ms)"},
	{"CXL.cache range not supported", 0x1300, 0, CACHE_VALUE, 0xe00, -EINVAL,
	 PORT " does not support the CXL.cache timeout D2 (17 s - 64 s)"},
	{"ranges that cannot be", 0x15, 0, MEM_VALUE, 0x9, -EINVAL,
	 PORT
	 " says that it supports CXL.mem timeout ranges AC, which cannot be: only the default"},
	{"value without a timeout", 0x0f, 0, MEM_VALUE, 0x9, -EINVAL,
	 PORT " does not support the CXL.mem timeout"},
	{"timeout", 0x0f, 0, MEM_TIMEOUT, MEM_TIMEOUT, -EINVAL,
	 PORT " does not support the CXL.mem timeout"},
	{"forcing the link down", 0x1001f, 0, MEM_LINK, MEM_LINK, -EINVAL,
	 PORT " does not support forcing Link Down on CXL.mem isolation"},
	{"one good, one bad", 0x1001f, 0, MEM_ISO | CACHE_ISO, MEM_ISO | CACHE_ISO, -EINVAL,
	 PORT " does not support CXL.cache isolation"},
	{"control of ones", GOOD_CAPABILITY, UINT32_MAX, MEM_ISO, 0, -ENODEV, "reads all ones"},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct device device = good_device();

		device.words[CAPABILITY] = refusals[i].capability;
		device.words[CONTROL] = refusals[i].control;
		write_fails(refusals[i].name, &device, refusals[i].mask, refusals[i].value,
			    refusals[i].code, refusals[i].text);
		assert_int_equal(device.writes, 0);
	}
}

static void test_refusal_hint(void **state)
{
	struct device device = good_device();
	cleanup_isolation struct isolation_port *port = open_device(&device);
	struct error err = {0};

	(void)state;
	device.words[CAPABILITY] = 0x16;
	check_error(isolation_write_control(port, MEM_VALUE, 0x1, &err), -EINVAL, &err,
		    PORT " does not support the CXL.mem timeout A1 (50 us - 100 us)",
		    "supported CXL.mem timeout ranges: BC");
}

/* What others have set stays: reserved bits, the interrupt, a reserved timeout. */
static void test_write_keeps(void **state)
{
	struct device device = good_device();

	(void)state;
	device.words[CONTROL] = 0x860000e3;
	write_ok(&device, MEM_ISO, MEM_ISO, 0x860100e3);
	write_ok(&device, MEM_VALUE, 0x1, 0x860100e1);
	write_ok(&device, ISOLATION_CONTROL_INTERRUPT, 0, 0x820100e1);
}

/* A port that takes no isolation enable; one that takes the timeout only. */
static void test_write_not_kept(void **state)
{
	struct device device = good_device();

	(void)state;
	device.stuck_control = UINT32_MAX;
	write_fails("nothing kept", &device, MEM_ISO, MEM_ISO, -EIO,
		    PORT ": asked for MemTimeout- MemIso+ MemIsoLnkDn- MemRange=default "
			 "CacheTimeout- CacheIso- CacheIsoLnkDn- CacheRange=default ErrCor- Int-, "
			 "now MemTimeout- MemIso- MemIsoLnkDn- MemRange=default CacheTimeout- "
			 "CacheIso- CacheIsoLnkDn- CacheRange=default ErrCor- Int-; it is as it "
			 "was before");
	assert_int_equal(device.writes, 1);
	device.stuck_control = MEM_ISO;
	write_fails("half of it kept", &device, MEM_ISO | MEM_TIMEOUT, MEM_ISO | MEM_TIMEOUT, -EIO,
		    "ErrCor- Int-; it was put back as it was before");
	assert_int_equal(device.words[CONTROL], 0);
}

/* The port gone at each of the accesses of a write in turn. */
static void test_write_gone(void **state)
{
	(void)state;
	for (unsigned int access = 1; access < 12; access++) {
		struct device device = good_device();
		cleanup_isolation struct isolation_port *port = open_device(&device);
		bool done = access > 7;
		struct error err = {0};

		/* three reads, a write, three reads */
		device.ones_from = access;
		assert_error("gone", isolation_write_control(port, MEM_ISO, MEM_ISO, &err),
			     done ? 0 : -ENODEV, &err, done ? "" : "read all ones");
		if (access > 3 && !done)
			assert_non_null(strstr(err.text, "; what it is now cannot be read"));
	}
}

/* The registers out of reach at each of the accesses of a write that has to be undone. */
static void test_write_out_of_reach(void **state)
{
	(void)state;
	for (unsigned int access = 1; access < 18; access++) {
		struct device device = good_device();
		const char *text = "are not accessible";
		int code = -EIO;

		/* three reads, a write, three reads; again three; a write, three reads */
		device.stuck_control = MEM_ISO;
		device.fails_from = access;
		if (access > 3 && access <= 14)
			code = -ENOTRECOVERABLE;
		if (access > 3)
			text = "; what it is now cannot be read";
		if (access > 10)
			text = "; whether it could be put back cannot be read";
		if (access > 14)
			text = "; it was put back as it was before";
		write_fails("out of reach", &device, MEM_ISO | MEM_TIMEOUT, MEM_ISO | MEM_TIMEOUT,
			    code, text);
	}
}

/* ---- clearing the status register ---- */

static void clear(const char *name, struct device *device, uint32_t mask, int code,
		  const char *text)
{
	cleanup_isolation struct isolation_port *port = open_device(device);
	struct error err = {0};

	assert_error(name, isolation_clear_status(port, mask, &err), code, &err, text);
}

/* Every set of bits out of every set: written is what was asked for, never what was read. */
static void test_clear(void **state)
{
	(void)state;
	for (uint32_t mask = 1; mask <= ISOLATION_STATUS_RW1C; mask++) {
		struct device device = good_device();

		if (mask & ~ISOLATION_STATUS_RW1C)
			continue;
		for (uint32_t set = 0; set <= ISOLATION_STATUS_RW1C; set++) {
			if (set & ~ISOLATION_STATUS_RW1C)
				continue;
			device.words[STATUS] = set;
			device.writes = 0;
			clear("clear", &device, mask, 0, "");
			assert_int_equal(device.words[STATUS], set & ~mask);
			assert_int_equal(device.writes, !!(set & mask));
			if (!device.writes)
				continue;
			assert_int_equal(device.last_write, mask);
			assert_int_equal(device.last_offset, CAPABILITY_AT + 0xc);
		}
	}
}

static void test_clear_refused(void **state)
{
	struct device device = good_device();

	(void)state;
	device.words[STATUS] = 0x3311;
	clear("no bits", &device, 0, -EINVAL, "0x00000000 is no set of bits to clear");
	for (unsigned int bit = 0; bit < 32; bit++)
		if (!(ISOLATION_STATUS_RW1C >> bit & 1))
			clear("no such bit", &device, 1u << bit | 0x100, -EINVAL,
			      "is no set of bits to clear in the isolation status");
	assert_int_equal(device.writes, 0);
	/* RP Busy forbids to leave isolation, and nothing else. */
	device.words[STATUS] = 0x7311;
	clear("CXL.mem, busy", &device, 0x100, -EBUSY,
	      PORT " is busy: leaving isolation now would have undefined consequences");
	clear("CXL.cache, busy", &device, 0x1000, -EBUSY, "is busy");
	clear("among others, busy", &device, 0x3311, -EBUSY, "is busy");
	assert_int_equal(device.writes, 0);
	clear("events while busy", &device, 0x2211, 0, "");
	assert_int_equal(device.words[STATUS], 0x5100);
	device.words[STATUS] = UINT32_MAX;
	clear("gone", &device, 0x1, -ENODEV, "reads all ones");
}

static void test_clear_slow(void **state)
{
	struct device device = good_device();
	uint64_t began;

	(void)state;
	device.words[STATUS] = 0x301;
	device.slow = 5;
	clear("slow", &device, 0x301, 0, "");
	assert_int_equal(device.words[STATUS], 0);
	device.words[STATUS] = 0x3301;
	device.stuck_status = 0x100;
	began = now_ms();
	clear("stuck", &device, 0x301, -EIO,
	      "the isolation status of " PORT " did not clear within 100 ms: MemTimeout- MemIso+ "
	      "MemIsoLnkDn- CacheTimeout- CacheIso+ CacheIsoLnkDn+ RPBusy-");
	assert_in_range(now_ms() - began, 100, 5000);
}

static void test_clear_interrupted(void **state)
{
	(void)state;
	for (unsigned int access = 1; access < 6; access++) {
		struct device device = good_device(), other = good_device();
		bool done = access > 3;

		/* a read, a write, a read */
		device.words[STATUS] = other.words[STATUS] = 0x301;
		device.ones_from = access;
		clear("gone", &device, 0x301, done ? 0 : -ENODEV, done ? "" : "read all ones");
		other.fails_from = access;
		clear("bus", &other, 0x301, done ? 0 : -EIO, done ? "" : "not accessible");
	}
}

/* ---- a machine of files, and the kernel behind its attributes ---- */

#define DEVICES "/sys/bus/pci/devices/" PORT
#define NEW	DEVICES "/cxl_isolation"
#define OLD	"/sys/bus/pci_express/devices/" PORT ":pcie020"

#define BLOCK_SIZE 0x10000
#define LOCATOR	   0x168
#define PCIE	   0x50

/* The kernel's side of the two interfaces, as posted or as it should have been. */
struct kernel {
	struct tree tree;
	uint32_t *words; /* of the component registers: the BAR, or memory nobody can map */
	uint32_t hidden[COMPONENT_SIZE / 4];
	void *bar;
	int fd;
	bool as_posted;	 /* with the faults of 2025 */
	bool ignores;	 /* every write: reports success and does nothing */
	bool unmapped;	 /* it has no registers for the port itself */
	uint32_t spoils; /* flips these bits with each write */
	unsigned int spoils_once;
	const char *refuses; /* writes to this attribute */
	const char *hides;   /* from reading */
	int code;
	bool refuses_late; /* does it, then says it has not */
	char log[256];	   /* what was written, in order */
};

/* Where write(2) and read(2) below look for the attributes; NULL: they are those of the system. */
static struct kernel *kernel;

static bool is_old(const char *path)
{
	return strstr(path, ":pcie020/");
}

static unsigned int ranges_bit(unsigned int value)
{
	return value ? 1u << value / 4 : 0;
}

static int store_range(struct kernel *k, const char *text, bool old)
{
	unsigned int value = (unsigned int)strtoul(text, NULL, old ? 16 : 0);
	uint32_t bit = ranges_bit(value);

	if (!old && text[0] != '0' && !strchr("123456789", text[0]))
		value = 0xee; /* what was on the stack */
	if (!(k->words[CAPABILITY] & 0x10))
		return -ENXIO;
	/* The series of 2025 takes the default for a part of range A. */
	if (!old && !value)
		bit = 1;
	if (!timeout_by_value(value) || (bit & ~k->words[CAPABILITY]))
		return old ? -ENXIO : -EINVAL;
	k->words[CONTROL] &= k->as_posted && !old ? 0 : ~0xfu;
	k->words[CONTROL] |= value;
	return 0;
}

static int store_isolation(struct kernel *k, bool on)
{
	if (on)
		k->words[CONTROL] |= MEM_ISO;
	else if (k->words[STATUS] & ISOLATION_STATUS_RP_BUSY)
		return -ETIMEDOUT;
	else
		k->words[CONTROL] &= k->as_posted ? MEM_ISO : ~MEM_ISO;
	return 0;
}

static int store(struct kernel *k, const char *path, const char *text)
{
	const char *name = base_name(path);

	snprintf(k->log + strlen(k->log), sizeof(k->log) - strlen(k->log), "%s=%s ", name, text);
	if (k->refuses && !k->refuses_late && !strcmp(k->refuses, name))
		return k->code;
	if (k->ignores)
		return 0;
	if (k->spoils_once) {
		k->spoils_once--;
		k->words[CONTROL] ^= k->spoils;
	}
	if (!strcmp(name, "timeout_range"))
		return store_range(k, text, is_old(path));
	if (k->unmapped)
		fail_msg("%s=%s: the kernel has crashed", name, text);
	if (!strcmp(name, "isolation_ctrl"))
		return store_isolation(k, text[0] == '1');
	if (text[0] == '1')
		k->words[CONTROL] |= MEM_TIMEOUT;
	else
		k->words[CONTROL] &= ~MEM_TIMEOUT;
	return 0;
}

static int show_available(const struct kernel *k, char *text, size_t size)
{
	int used = 0;

	for (size_t i = 0; i < TIMEOUT_COUNT; i++)
		if (!(expected_timeouts[i].range & ~k->words[CAPABILITY]))
			used += snprintf(text + used, size - (size_t)used, "0x%x\tRange %c (x-y)\n",
					 expected_timeouts[i].value, timeouts[i].range ?: '-');
	return 0;
}

static int show_range(const struct kernel *k, const char *path, char *text, size_t size)
{
	unsigned int value = k->words[CONTROL] & 0xf;

	if (is_old(path)) {
		snprintf(text, size, "%u\n", value);
		return 0;
	}
	if (!value || !timeout_by_value(value))
		return -ENXIO;
	for (size_t i = 0; i < TIMEOUT_COUNT; i++)
		if (expected_timeouts[i].value == value)
			snprintf(text, size, "%s\n", expected_timeouts[i].posted);
	return 0;
}

static int show(const struct kernel *k, const char *path, char *text, size_t size)
{
	const char *name = base_name(path);

	if (k->hides && (!strcmp(k->hides, name) || !strcmp(k->hides, "all")))
		return k->code;
	if (k->unmapped)
		return -ENXIO;
	if (!strcmp(name, "available_timeout_ranges"))
		return show_available(k, text, size);
	if (!strcmp(name, "timeout_range"))
		return show_range(k, path, text, size);
	snprintf(text, size, "%d\n",
		 !!(k->words[CONTROL] & (!strcmp(name, "timeout_ctrl") ? MEM_TIMEOUT : MEM_ISO)));
	return 0;
}

/* The path of an attribute that the kernel answers for: an empty file. Others are data: NULL. */
static const char *attribute_path(int fd)
{
	static char path[PATH_MAX];
	char link[64];
	struct stat status;
	ssize_t length;

	if (!kernel || fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	return strstr(path, "/cxl_isolation/") || is_old(path) ? path : NULL;
}

/*
 * In place of the C library's: an attribute's store has to have happened when write(2) returns,
 * and no file can refuse as a kernel does. Everything else goes its way.
 */
ssize_t write(int fd, const void *buffer, size_t size)
{
	const char *path = attribute_path(fd);
	char text[64];
	int rc;

	if (!path)
		return syscall(SYS_write, fd, buffer, size);
	snprintf(text, sizeof(text), "%.*s", (int)size, (const char *)buffer);
	rc = store(kernel, path, text);
	if (!rc && kernel->refuses_late && !strcmp(kernel->refuses, base_name(path)))
		rc = kernel->code;
	if (!rc)
		return (ssize_t)size;
	errno = -rc;
	return -1;
}

ssize_t read(int fd, void *buffer, size_t size)
{
	const char *path = attribute_path(fd);
	char text[512] = "";
	size_t length;
	int rc;

	if (!path)
		return syscall(SYS_read, fd, buffer, size);
	rc = show(kernel, path, text, sizeof(text));
	if (rc) {
		errno = -rc;
		return -1;
	}
	length = strlen(text) < size ? strlen(text) : size;
	memcpy(buffer, text, length);
	return (ssize_t)length;
}

static void put16(uint8_t *bytes, size_t offset, unsigned int value)
{
	bytes[offset] = value & 0xff;
	bytes[offset + 1] = value >> 8 & 0xff;
}

static void put32(uint8_t *bytes, size_t offset, uint32_t value)
{
	put16(bytes, offset, value & 0xffff);
	put16(bytes, offset + 2, value >> 16);
}

static void write_bytes(struct kernel *k, const char *path, const void *bytes, size_t size)
{
	char file[PATH_MAX];
	FILE *stream;

	snprintf(file, sizeof(file), "%s%s", k->tree.root, path);
	stream = fopen(file, "we");
	if (!stream || fwrite(bytes, 1, size, stream) != size || fclose(stream))
		fail_msg("cannot write %s: %s", file, strerror(errno));
}

/* A function with a PCIe capability of @type and a Register Locator, if @locator. */
static void write_config(struct kernel *k, unsigned int type, bool locator, size_t size)
{
	uint8_t bytes[CONFIG_SIZE] = {0};

	put32(bytes, 0x00, 0x70758086);
	put16(bytes, 0x04, 0x0507);
	put16(bytes, 0x06, 0x0010);
	put32(bytes, 0x08, 0x06040000);
	bytes[0x0e] = 1;
	bytes[0x34] = PCIE;
	put16(bytes, PCIE, 0x10);
	put16(bytes, PCIE + 2, 0x0002 | type << 4);
	put32(bytes, 0x100, 0x01 | 1 << 16 | LOCATOR << 20);
	put32(bytes, LOCATOR, 0x23 | 1 << 16);
	put32(bytes, LOCATOR + 4, CXL_VENDOR | 0x14 << 20);
	put16(bytes, LOCATOR + 8, CXL_DVSEC_LOCATOR);
	put32(bytes, LOCATOR + 0x0c, locator ? CXL_BLOCK_COMPONENT << 8 : 0);
	write_bytes(k, DEVICES "/config", bytes, size);
}

static void map_bar(struct kernel *k)
{
	struct device device = good_device();
	char file[PATH_MAX];
	uint8_t bar[BLOCK_SIZE] = {0};

	memcpy(bar + 0x1000, device.words, sizeof(device.words));
	write_bytes(k, DEVICES "/resource0", bar, sizeof(bar));
	snprintf(file, sizeof(file), "%s" DEVICES "/resource0", k->tree.root);
	k->fd = open(file, O_RDWR | O_CLOEXEC);
	k->bar = mmap(NULL, BLOCK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, k->fd, 0);
	if (k->fd < 0 || k->bar == MAP_FAILED)
		fail_msg("cannot map %s: %s", file, strerror(errno));
	k->words = (uint32_t *)k->bar + 0x1000 / 4;
}

static int make_machine(void **state)
{
	struct kernel *k = calloc(1, sizeof(*k));

	tree_make(&k->tree);
	tree_file(&k->tree, "0x00000000fe800000 0x00000000fe80ffff 0x0000000000140204\n",
		  DEVICES "/resource");
	write_config(k, 4, true, CONFIG_SIZE);
	map_bar(k);
	kernel = k;
	*state = k;
	return 0;
}

static int remove_machine(void **state)
{
	struct kernel *k = *state;

	kernel = NULL;
	munmap(k->bar, BLOCK_SIZE);
	close(k->fd);
	tree_remove(&k->tree);
	free(k);
	return 0;
}

static void add_new_interface(struct kernel *k)
{
	tree_file(&k->tree, "", NEW "/timeout_range");
	tree_file(&k->tree, "", NEW "/timeout_ctrl");
	tree_file(&k->tree, "", NEW "/isolation_ctrl");
}

static void add_old_interface(struct kernel *k)
{
	tree_file(&k->tree, "", OLD "/timeout_range");
	tree_file(&k->tree, "", OLD "/available_timeout_ranges");
}

/* As under lockdown: a sealed file answers a writable mapping with EPERM. */
static void lock_down(struct kernel *k)
{
	char target[64];
	int fd = memfd_create("bar", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, BLOCK_SIZE), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	snprintf(target, sizeof(target), "/proc/%d/fd/%d", getpid(), fd);
	memcpy(k->hidden, k->words, sizeof(k->hidden));
	k->words = k->hidden;
	tree_unlink(&k->tree, DEVICES "/resource0");
	snprintf(k->log, sizeof(k->log), "%s" DEVICES "/resource0", k->tree.root);
	assert_int_equal(symlink(target, k->log), 0);
	k->log[0] = '\0';
	/* For as long as the test; remove_machine() closes it. */
	close(k->fd);
	k->fd = fd;
}

static struct isolation_port *open_port(struct kernel *k)
{
	struct isolation_port *port = NULL;
	struct error err = {0};

	if (isolation_open(&k->tree.sys, PORT, &port, &err))
		fail_msg("cannot open it: %s", err.text);
	return port;
}

static void assert_backend(struct kernel *k, const char *name)
{
	cleanup_isolation struct isolation_port *port = open_port(k);

	assert_string_equal(isolation_backend_name(port), name);
}

static void assert_no_port(struct kernel *k, const char *address, int code, const char *text)
{
	cleanup_isolation struct isolation_port *port = NULL;
	struct error err = {0};

	assert_error(text, isolation_open(&k->tree.sys, address, &port, &err), code, &err, text);
	assert_null(port);
}

/* Write, and compare the answer, the register, and what the kernel was told. */
static void change(struct kernel *k, uint32_t mask, uint32_t value, int code, const char *text,
		   uint32_t expected, const char *log)
{
	cleanup_isolation struct isolation_port *port = open_port(k);
	struct error err = {0};

	k->log[0] = '\0';
	assert_error(text, isolation_write_control(port, mask, value, &err), code, &err, text);
	assert_string_equal(k->log, log);
	assert_int_equal(k->words[CONTROL], expected);
}

/* ---- opening ---- */

static void test_open(void **state)
{
	struct kernel *k = *state;

	assert_backend(k, "mmio");
	/* The kernel makes this directory for every function, but fills it for those that can. */
	tree_directory(&k->tree, NEW);
	assert_backend(k, "mmio");
	tree_file(&k->tree, "", OLD "/timeout_range");
	assert_backend(k, "mmio");
	add_old_interface(k);
	assert_backend(k, "sysfs-2024");
	add_new_interface(k);
	assert_backend(k, "sysfs-2025");
	lock_down(k);
	assert_backend(k, "sysfs-2025");
}

static void test_open_partly(void **state)
{
	struct kernel *k = *state;

	tree_file(&k->tree, "", NEW "/isolation_ctrl");
	assert_backend(k, "sysfs-2025");
	tree_file(&k->tree, "", OLD "/available_timeout_ranges");
	tree_unlink(&k->tree, NEW "/isolation_ctrl");
	assert_backend(k, "mmio");
}

/* No capability is no error to report, even if the kernel offers attributes. */
static void test_open_absent(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->words[4] = 0;
	assert_no_port(k, PORT, -ENOENT, "");
	k->words[4] = CAPABILITY_AT << 20 | 1 << 16 | CXL_CAPABILITY_ISOLATION;
	assert_backend(k, "sysfs-2025");
	write_config(k, 4, false, CONFIG_SIZE);
	assert_no_port(k, PORT, -ENOENT, "");
	write_config(k, 4, true, 256);
	assert_no_port(k, PORT, -ENOENT, "");
}

static void test_open_wrong(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	assert_no_port(k, "0c:00.0", -EINVAL, "0c:00.0 is not a PCI address");
	assert_no_port(k, "../" PORT, -EINVAL, "is not a PCI address");
	assert_no_port(k, "0000:0d:00.0", -ENODEV, "there is no PCI function 0000:0d:00.0");
	for (unsigned int type = 0; type < 16; type++) {
		write_config(k, type, true, CONFIG_SIZE);
		if (type == 4)
			assert_backend(k, "sysfs-2025");
		else
			assert_no_port(k, PORT, -EINVAL,
				       PORT " is no PCIe root port: only those can isolate");
	}
}

/* What the registers get wrong about themselves is an error, whatever the kernel offers. */
static void test_open_broken(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->words[4] += 1 << 16;
	assert_no_port(k, PORT, -EBADMSG, "has version 2; 1 to 1 are known");
	k->words[0] = 0;
	assert_no_port(k, PORT, -EBADMSG, "start with 0x00000000, not with an array");
	k->words[0] = UINT32_MAX;
	assert_no_port(k, PORT, -ENODEV, "component registers of " PORT " read all ones");
}

static void test_open_out_of_reach(void **state)
{
	struct kernel *k = *state;

	lock_down(k);
	assert_no_port(k, PORT, -EPERM, "kernel lockdown forbids mapping the registers of " PORT);
	tree_unlink(&k->tree, DEVICES "/resource0");
	assert_no_port(k, PORT, -EIO, "sysfs offers no BAR 0 of " PORT);
	write_config(k, 4, true, 64);
	assert_no_port(k, PORT, -EACCES, "reading the capabilities of " PORT " needs root");
	/* An ordinary user sees what the attributes tell. */
	add_old_interface(k);
	assert_backend(k, "sysfs-2024");
}

/* The mapping revoked at once, and later. */
static void test_bus_error(void **state)
{
	struct kernel *k = *state;
	cleanup_isolation struct isolation_port *port = open_port(k);
	struct isolation_registers registers;
	struct error err = {0};
	char file[PATH_MAX];

	snprintf(file, sizeof(file), "%s" DEVICES "/resource0", k->tree.root);
	assert_int_equal(truncate(file, 0), 0);
	assert_error("read", isolation_read(port, &registers, &err), -EIO, &err,
		     "component registers of " PORT " are not accessible");
	assert_int_equal(isolation_write_control(port, MEM_ISO, MEM_ISO, NULL), -EIO);
	assert_int_equal(isolation_clear_status(port, 1, NULL), -EIO);
	k->words = k->hidden;
	assert_no_port(k, PORT, -EIO, "are not accessible");
	add_new_interface(k);
	assert_backend(k, "sysfs-2025");
}

static void test_mmio(void **state)
{
	struct kernel *k = *state;
	cleanup_isolation struct isolation_port *port = open_port(k);
	struct isolation_registers registers;
	struct error err = {0};

	change(k, MEM_ISO | MEM_VALUE, MEM_ISO | 0x5, 0, "", MEM_ISO | 0x5, "");
	assert_int_equal(isolation_read(port, &registers, NULL), 0);
	assert_int_equal(registers.control, MEM_ISO | 0x5);
	/* A file is no RW1C register: what is written stays. */
	k->words[STATUS] = 0x100;
	assert_error("stuck", isolation_clear_status(port, 0x100, &err), -EIO, &err,
		     "did not clear within 100 ms");
	assert_int_equal(k->words[STATUS], 0x100);
}

/* ---- the interface of 2025, with the registers in reach ---- */

static void test_2025_obeys(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	change(k, MEM_VALUE, 0x6, 0, "", 0x6, "timeout_range=0x6 ");
	change(k, MEM_VALUE, 0xe, 0, "", 0xe, "timeout_range=0xe ");
	change(k, MEM_VALUE, 0, 0, "", 0, "timeout_range=0x0 ");
	/* Isolation before the timeout, as a timeout without it resets the host. */
	change(k, MEM_VALUE | MEM_TIMEOUT | MEM_ISO, 0xa | MEM_TIMEOUT | MEM_ISO, 0, "", 0x1001a,
	       "timeout_range=0xa isolation_ctrl=1 timeout_ctrl=1 ");
	change(k, MEM_TIMEOUT | MEM_ISO, 0, 0, "", 0xa, "timeout_ctrl=0 isolation_ctrl=0 ");
	/* Only what changes is written. */
	change(k, MEM_VALUE | MEM_TIMEOUT, 0xa | MEM_TIMEOUT, 0, "", 0x1a, "timeout_ctrl=1 ");
	change(k, MEM_VALUE | MEM_TIMEOUT, 0xa | MEM_TIMEOUT, 0, "", 0x1a, "");
	/* What it cannot express is none of its business if it does not change. */
	change(k, MEM_LINK | CACHE_ISO | MEM_ISO, MEM_ISO, 0, "", 0x1001a, "isolation_ctrl=1 ");
}

static void test_2025_reads_registers(void **state)
{
	struct kernel *k = *state;
	cleanup_isolation struct isolation_port *port = NULL;
	struct isolation_registers registers;

	add_new_interface(k);
	port = open_port(k);
	k->words[CONTROL] = 0x0003001a;
	k->words[STATUS] = 0x4101;
	assert_int_equal(isolation_read(port, &registers, NULL), 0);
	assert_int_equal(registers.capability, GOOD_CAPABILITY);
	assert_int_equal(registers.control, 0x0003001a);
	assert_int_equal(registers.status, 0x4101);
	assert_int_equal(registers.control_known, UINT32_MAX);
}

static void test_2025_cannot(void **state)
{
	static const struct {
		uint32_t bits;
		const char *what;
	} beyond[] = {
		{MEM_LINK, "forcing Link Down on CXL.mem isolation"},
		{CACHE_ISO, "CXL.cache isolation"},
		{ISOLATION_CONTROL_TIMEOUT(ISOLATION_CACHE), "the CXL.cache timeout"},
		{0x500, "the value of the CXL.cache timeout"},
		{ISOLATION_CONTROL_ERR_COR, "ERR_COR signalling of isolation"},
	};
	struct kernel *k = *state;
	char text[128];

	add_new_interface(k);
	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		uint32_t mask = beyond[i].bits == 0x500 ? CACHE_VALUE : beyond[i].bits;

		snprintf(text, sizeof(text),
			 "the kernel's interface to " PORT " (sysfs-2025) cannot change %s",
			 beyond[i].what);
		change(k, mask | MEM_ISO, beyond[i].bits | MEM_ISO, -ENOTSUP, text, 0, "");
	}
	/* The rules come first, whatever the way. */
	change(k, MEM_VALUE, 0x3, -EINVAL, "0x3 is a reserved timeout value", 0, "");
	tree_unlink(&k->tree, NEW "/timeout_range");
	change(k, MEM_VALUE, 0x6, -ENOTSUP, "cannot change the value of the CXL.mem timeout", 0,
	       "");
	tree_unlink(&k->tree, NEW "/isolation_ctrl");
	change(k, MEM_ISO, MEM_ISO, -ENOTSUP, "(sysfs-2025) cannot change CXL.mem isolation", 0,
	       "");
}

static void test_2025_ignores(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->ignores = true;
	change(k, MEM_VALUE | MEM_TIMEOUT, 0x16, -EIO,
	       PORT ": asked for MemTimeout- MemIso- MemIsoLnkDn- MemRange=B2 CacheTimeout- "
		    "CacheIso- CacheIsoLnkDn- CacheRange=default ErrCor- Int-, now MemTimeout- "
		    "MemIso- MemIsoLnkDn- MemRange=default CacheTimeout- CacheIso- CacheIsoLnkDn- "
		    "CacheRange=default ErrCor- Int-; it is as it was before",
	       0, "timeout_range=0x6 ");
}

/* Turning isolation off leaves it on, and clears every other bit. */
static void test_2025_off_as_posted(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->as_posted = true;
	k->words[CONTROL] = 0x02030016;
	change(k, MEM_ISO, 0, -EIO,
	       PORT ": asked for MemTimeout+ MemIso- MemIsoLnkDn+ MemRange=B2 CacheTimeout- "
		    "CacheIso- CacheIsoLnkDn- CacheRange=default ErrCor+ Int-, now MemTimeout- "
		    "MemIso+ MemIsoLnkDn- MemRange=default CacheTimeout- CacheIso- CacheIsoLnkDn- "
		    "CacheRange=default ErrCor- Int-; it was put back as it was before",
	       0x02030016, "isolation_ctrl=0 ");
}

/* Setting the timeout's value clears every other bit. */
static void test_2025_value_as_posted(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->as_posted = true;
	change(k, MEM_VALUE, 0x6, 0, "", 0x6, "timeout_range=0x6 ");
	k->words[CONTROL] = 0x02020016;
	change(k, MEM_VALUE, 0x9, -EIO,
	       "now MemTimeout- MemIso- MemIsoLnkDn- MemRange=C1 CacheTimeout- CacheIso- "
	       "CacheIsoLnkDn- CacheRange=default ErrCor- Int-; it was put back as it was before",
	       0x02020016, "timeout_range=0x9 ");
}

/* With isolation on that would be undefined, so the register is written instead. */
static void test_2025_value_under_isolation(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->as_posted = true;
	k->words[CONTROL] = 0x00010016;
	change(k, MEM_VALUE, 0x9, 0, "", 0x00010019, "");
	k->words[CONTROL] = 0x00040016;
	change(k, MEM_VALUE, 0x9, 0, "", 0x00040019, "");
	/* Who may change isolation has quiesced the traffic: it is tried, and put right. */
	k->words[CONTROL] = 0x00010016;
	change(k, MEM_VALUE | MEM_ISO, 0x9 | MEM_ISO, -EIO, "; it was put back as it was before",
	       0x00010016, "timeout_range=0x9 ");
}

static void test_2025_refuses(void **state)
{
	static const struct {
		const char *attribute;
		int code;
		const char *text;
	} cases[] = {
		{"timeout_range", -EINVAL,
		 "the kernel refuses \"0x6\" in " NEW "/timeout_range: it does not know this "
		 "value, or the port does not support it: Invalid argument; it is as it was "
		 "before"},
		{"timeout_range", -ENXIO,
		 "the kernel refuses \"0x6\" in " NEW "/timeout_range: it finds no isolation "
		 "capability, or not this part of it: No such device or address; it is as"},
		{"timeout_range", -ENODEV,
		 "\"0x6\" in " NEW "/timeout_range: it knows of no CXL root port there: No such "
		 "device; it is as it was before"},
		{"timeout_range", -EACCES,
		 "cannot write \"0x6\" to " NEW "/timeout_range: Permission denied; it is as"},
		{"timeout_range", -EIO, "to " NEW "/timeout_range: Input/output error; it is as"},
	};
	struct kernel *k = *state;

	add_new_interface(k);
	k->words[CONTROL] = 0x10;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		k->refuses = cases[i].attribute;
		k->code = cases[i].code;
		change(k, MEM_VALUE, 0x6, cases[i].code, cases[i].text, 0x10, "timeout_range=0x6 ");
	}
}

static void test_2025_needs_root(void **state)
{
	struct kernel *k = *state;
	cleanup_isolation struct isolation_port *port = NULL;
	struct isolation_registers registers;
	struct error err = {0};

	add_new_interface(k);
	k->code = -EACCES;
	k->refuses = "timeout_range";
	port = open_port(k);
	check_error(isolation_write_control(port, MEM_VALUE, 0x6, &err), -EACCES, &err,
		    "cannot write \"0x6\" to " NEW
		    "/timeout_range: Permission denied; it is as it was before",
		    "run it as root");
	isolation_close(&port);
	lock_down(k);
	k->hides = "all";
	memset(&err, 0, sizeof(err));
	port = open_port(k);
	check_error(isolation_read(port, &registers, &err), -EACCES, &err,
		    "cannot read " NEW "/timeout_range: Permission denied", "run it as root");
	memset(&err, 0, sizeof(err));
	k->code = -ENODEV;
	check_error(isolation_read(port, &registers, &err), -ENODEV, &err,
		    "cannot read " NEW "/timeout_range: No such device", "");
}

/* The port stays busy while isolation is to be turned off. */
static void test_2025_busy(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->words[CONTROL] = MEM_ISO;
	k->words[STATUS] = 0x4100;
	change(k, MEM_ISO, 0, -ETIMEDOUT,
	       "the kernel refuses \"0\" in " NEW "/isolation_ctrl: the port stays busy: "
	       "Connection timed out; it is as it was before",
	       MEM_ISO, "isolation_ctrl=0 ");
}

/* The default counts as range A there. */
static void test_2025_default(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->words[CAPABILITY] = 0x16;
	k->words[CONTROL] = 0x6;
	change(k, MEM_VALUE, 0, -EINVAL, "refuses \"0x0\" in " NEW "/timeout_range", 0x6,
	       "timeout_range=0x0 ");
}

/* A refusal in the middle undoes what went before. */
static void test_2025_refuses_second(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->refuses = "isolation_ctrl";
	k->code = -ENODEV;
	k->words[CONTROL] = MEM_LINK;
	change(k, MEM_VALUE | MEM_ISO | MEM_TIMEOUT, 0x6 | MEM_ISO | MEM_TIMEOUT, -ENODEV,
	       "\"1\" in " NEW "/isolation_ctrl: it knows of no CXL root port there: No such "
	       "device; it was put back as it was before",
	       MEM_LINK, "timeout_range=0x6 isolation_ctrl=1 ");
}

/* It says no, but it has done it. */
static void test_2025_refuses_late(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->refuses = "timeout_ctrl";
	k->refuses_late = true;
	k->code = -EINVAL;
	change(k, MEM_TIMEOUT, MEM_TIMEOUT, -EINVAL,
	       "Invalid argument; it was put back as it was before", 0, "timeout_ctrl=1 ");
}

/* Writing to a port that the kernel has not mapped would crash it. */
static void test_2025_unmapped(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	k->unmapped = true;
	change(k, MEM_ISO, MEM_ISO, -ENXIO,
	       "cannot read " NEW "/isolation_ctrl: No such device or address; it is as it was", 0,
	       "");
	change(k, MEM_TIMEOUT, MEM_TIMEOUT, -ENXIO, "cannot read " NEW "/timeout_ctrl", 0, "");
}

/* Bits that nobody asked for, of every kind. */
static void test_2025_garbles(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	for (unsigned int bit = 5; bit < 32; bit++) {
		bool quiesced = bit == 16 || bit == 18;

		k->spoils = 1u << bit;
		k->spoils_once = 1;
		k->words[CONTROL] = 0;
		/* An isolation enable is not changed once more: there may be traffic. */
		change(k, MEM_VALUE | MEM_TIMEOUT, 0x12, quiesced ? -ENOTRECOVERABLE : -EIO,
		       quiesced ? "; it could not all be put back: MemTimeout- MemIso"
				: "; it was put back as it was before",
		       quiesced ? k->spoils : 0, "timeout_range=0x2 ");
	}
	k->spoils = MEM_ISO;
	k->spoils_once = 1;
	k->words[CONTROL] = MEM_ISO;
	change(k, MEM_TIMEOUT, MEM_TIMEOUT, -ENOTRECOVERABLE,
	       "; it could not all be put back: MemTimeout- MemIso- MemIsoLnkDn-", 0,
	       "timeout_ctrl=1 ");
}

/* ---- the interface of 2025 alone ---- */

static struct isolation_registers read_port(struct kernel *k)
{
	cleanup_isolation struct isolation_port *port = open_port(k);
	struct isolation_registers registers;
	struct error err = {0};

	check_error(isolation_read(port, &registers, &err), 0, &err, "", "");
	return registers;
}

static void read_fails(struct kernel *k, int code, const char *text)
{
	cleanup_isolation struct isolation_port *port = open_port(k);
	struct isolation_registers registers;
	struct error err = {0};

	assert_error(text, isolation_read(port, &registers, &err), code, &err, text);
}

static void test_2025_alone_reads(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	lock_down(k);
	for (size_t i = 0; i < TIMEOUT_COUNT; i++) {
		for (unsigned int switches = 0; switches < 4; switches++) {
			uint32_t control = expected_timeouts[i].value;
			struct isolation_registers registers;

			control |= (switches & 1 ? MEM_TIMEOUT : 0) | (switches & 2 ? MEM_ISO : 0);
			k->words[CONTROL] = control | 0x06000000;
			registers = read_port(k);
			assert_int_equal(registers.control, control);
			assert_int_equal(registers.control_known, 0x1001f);
			assert_int_equal(registers.capability_known, 0);
			assert_int_equal(registers.status_known, 0);
		}
	}
}

/* One attribute less, one thing less is known. */
static void test_2025_alone_reads_part(void **state)
{
	static const struct {
		const char *name;
		uint32_t known;
	} parts[] = {{"timeout_ctrl", 0x1000f},
		     {"isolation_ctrl", 0x1f},
		     {"timeout_range", 0x10010}};
	struct kernel *k = *state;

	add_new_interface(k);
	lock_down(k);
	k->words[CONTROL] = 0x1001a;
	k->code = -EACCES;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct isolation_registers registers;

		k->hides = parts[i].name;
		registers = read_port(k);
		assert_int_equal(registers.control_known, parts[i].known);
		assert_int_equal(registers.control, 0x1001a & parts[i].known);
	}
	k->hides = "all";
	read_fails(k, -EACCES, "cannot read " NEW "/timeout_range: Permission denied");
	/* ENXIO is the default's answer, but not if nothing else answers. */
	k->code = -ENXIO;
	read_fails(k, -ENXIO, "cannot read " NEW "/timeout_range: No such device or address");
}

static void test_2025_alone_reads_garbage(void **state)
{
	static const struct {
		const char *name, *text;
	} garbage[] = {{"timeout_ctrl", "2"},	  {"timeout_ctrl", "on"}, {"timeout_ctrl", "-1"},
		       {"isolation_ctrl", "0 1"}, {"timeout_range", "e"}, {"timeout_range", "16"},
		       {"timeout_range", "0x10"}, {"timeout_range", "b3"}};
	struct kernel *k = *state;

	lock_down(k);
	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
		char text[128];

		add_new_interface(k);
		k->words[CONTROL] = 0x1001a;
		tree_file(&k->tree, garbage[i].text, NEW "/%s", garbage[i].name);
		snprintf(text, sizeof(text), NEW "/%s says \"%s\", which means nothing",
			 garbage[i].name, garbage[i].text);
		read_fails(k, -EBADMSG, text);
	}
}

static void test_2025_alone_obeys(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	lock_down(k);
	k->words[CONTROL] = 0x02000000;
	change(k, MEM_VALUE | MEM_TIMEOUT | MEM_ISO, 0xa | MEM_TIMEOUT | MEM_ISO, 0, "", 0x0201001a,
	       "timeout_range=0xa isolation_ctrl=1 timeout_ctrl=1 ");
	change(k, MEM_ISO | MEM_TIMEOUT, 0, 0, "", 0x0200000a, "timeout_ctrl=0 isolation_ctrl=0 ");
	change(k, MEM_VALUE, 0, 0, "", 0x02000000, "timeout_range=0x0 ");
	change(k, MEM_VALUE, 0, 0, "", 0x02000000, "");
	/* The kernel knows what is supported, if nobody else does. */
	k->words[CAPABILITY] = 0x11;
	change(k, MEM_VALUE, 0x6, -EINVAL, "refuses \"0x6\" in " NEW "/timeout_range", 0x02000000,
	       "timeout_range=0x6 ");
}

static void test_2025_alone_cannot(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	lock_down(k);
	change(k, MEM_LINK, 0, -ENOTSUP, "(sysfs-2025) cannot change forcing Link Down on CXL.mem",
	       0, "");
	k->hides = "timeout_ctrl";
	k->code = -EACCES;
	change(k, MEM_TIMEOUT, MEM_TIMEOUT, -ENOTSUP,
	       "(sysfs-2025) does not tell of the CXL.mem timeout, so a change could not be "
	       "checked",
	       0, "");
	k->hides = NULL;
	k->words[CONTROL] = MEM_ISO;
	change(k, MEM_VALUE, 0x6, -ENOTSUP,
	       "the kernel's interface to " PORT " (sysfs-2025) is known to turn isolation off "
	       "when it sets a timeout, and the registers cannot be written instead: kernel "
	       "lockdown forbids mapping the registers of " PORT,
	       MEM_ISO, "");
}

static void test_2025_alone_ignores(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	lock_down(k);
	k->ignores = true;
	change(k, MEM_VALUE, 0x6, -EIO,
	       PORT ": asked for MemTimeout- MemIso- MemIsoLnkDn? MemRange=B2 CacheTimeout? "
		    "CacheIso? CacheIsoLnkDn? CacheRange=? ErrCor? Int?, now MemTimeout- MemIso- "
		    "MemIsoLnkDn? MemRange=default CacheTimeout? CacheIso? CacheIsoLnkDn? "
		    "CacheRange=? ErrCor? Int?; it is as it was before",
	       0, "timeout_range=0x6 ");
}

/* Through the attributes, one spoiling the other: it takes a second round to put all back. */
static void test_2025_alone_as_posted(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	lock_down(k);
	k->as_posted = true;
	k->words[CONTROL] = 0x1001a;
	change(k, MEM_ISO, 0, -EIO, "; it was put back as it was before", 0x1001a,
	       "isolation_ctrl=0 timeout_range=0xa timeout_ctrl=1 isolation_ctrl=1 ");
	k->words[CONTROL] = 0x1a;
	change(k, MEM_VALUE, 0x6, -EIO, "; it was put back as it was before", 0x1a,
	       "timeout_range=0x6 timeout_range=0xa timeout_ctrl=1 ");
}

/* Not if it means to set a timeout while isolation is on. */
static void test_2025_alone_not_back(void **state)
{
	struct kernel *k = *state;

	add_new_interface(k);
	lock_down(k);
	k->words[CONTROL] = 0x1000a;
	k->spoils = 0x3;
	k->spoils_once = 1;
	change(k, MEM_TIMEOUT, MEM_TIMEOUT, -ENOTRECOVERABLE,
	       "; it could not all be put back: MemTimeout- MemIso+ MemIsoLnkDn? MemRange=C1",
	       0x10009, "timeout_ctrl=1 timeout_ctrl=0 ");
}

static void test_2025_alone_status(void **state)
{
	struct kernel *k = *state;
	cleanup_isolation struct isolation_port *port = NULL;
	struct error err = {0};

	add_new_interface(k);
	lock_down(k);
	port = open_port(k);
	assert_error(
		"status", isolation_clear_status(port, 0x100, &err), -ENOTSUP, &err,
		"the kernel's interface to " PORT " (sysfs-2025) cannot clear the isolation "
		"status, and the registers cannot be written instead: kernel lockdown forbids");
	assert_int_equal(isolation_clear_status(port, 0x8000, NULL), -EINVAL);
}

/* It disappears between a write and the look at it. */
static void test_2025_alone_goes(void **state)
{
	struct kernel *k = *state;
	cleanup_isolation struct isolation_port *port = NULL;
	struct error err = {0};

	add_new_interface(k);
	lock_down(k);
	port = open_port(k);
	tree_unlink(&k->tree, NEW "/timeout_range");
	tree_unlink(&k->tree, NEW "/timeout_ctrl");
	tree_unlink(&k->tree, NEW "/isolation_ctrl");
	assert_error("goes", isolation_write_control(port, MEM_ISO, MEM_ISO, &err), -ENOENT, &err,
		     "cannot read " NEW "/timeout_range: No such file");
}

/* ---- the interface of 2024 ---- */

static void test_2024_obeys(void **state)
{
	struct kernel *k = *state;

	add_old_interface(k);
	for (unsigned int locked = 0; locked < 2; locked++) {
		/* Written, the number is hexadecimal; read, decimal. */
		for (size_t i = TIMEOUT_COUNT; i--;) {
			char log[32];
			unsigned int value = expected_timeouts[i].value;

			snprintf(log, sizeof(log), "timeout_range=0x%x ", value);
			change(k, MEM_VALUE, value, 0, "", value, log);
			assert_int_equal(read_port(k).control, value);
		}
		if (!locked)
			lock_down(k);
	}
}

static void test_2024_cannot(void **state)
{
	struct kernel *k = *state;

	add_old_interface(k);
	change(k, MEM_TIMEOUT, MEM_TIMEOUT, -ENOTSUP,
	       "(sysfs-2024) cannot change the CXL.mem timeout", 0, "");
	change(k, MEM_ISO, MEM_ISO, -ENOTSUP, "(sysfs-2024) cannot change CXL.mem isolation", 0,
	       "");
	change(k, CACHE_VALUE, 0x100, -ENOTSUP,
	       "(sysfs-2024) cannot change the value of the CXL.cache timeout", 0, "");
}

static void test_2024_refuses(void **state)
{
	struct kernel *k = *state;

	add_old_interface(k);
	k->refuses = "timeout_range";
	k->code = -ENXIO;
	change(k, MEM_VALUE, 0xd, -ENXIO,
	       "the kernel refuses \"0xd\" in " OLD "/timeout_range: the port does not support it: "
	       "No such device or address; it is as it was before",
	       0, "timeout_range=0xd ");
	k->code = -EINVAL;
	change(k, MEM_VALUE, 0xd, -EINVAL,
	       "the kernel refuses \"0xd\" in " OLD "/timeout_range: it does not know this value: "
	       "Invalid argument; it is as it was before",
	       0, "timeout_range=0xd ");
}

/* All sets of ranges, out of the text. */
static void test_2024_alone_ranges(void **state)
{
	struct kernel *k = *state;

	add_old_interface(k);
	lock_down(k);
	for (unsigned int ranges = 0; ranges < 16; ranges++) {
		struct isolation_registers registers;

		k->words[CAPABILITY] = 0x10 | ranges;
		registers = read_port(k);
		assert_int_equal(registers.capability, 0x10 | ranges);
		assert_int_equal(registers.capability_known, 0x1f);
		assert_int_equal(registers.control_known, 0xf);
		assert_int_equal(registers.status_known, 0);
	}
	k->words[CAPABILITY] = 0x13;
	change(k, MEM_VALUE, 0x9, -EINVAL, PORT " does not support the CXL.mem timeout C1", 0, "");
	k->hides = "available_timeout_ranges";
	k->code = -ENXIO;
	assert_int_equal(read_port(k).capability_known, 0);
	change(k, MEM_VALUE, 0x9, -ENXIO, "the port does not support it", 0, "timeout_range=0x9 ");
}

static void test_2024_alone_garbage(void **state)
{
	struct kernel *k = *state;

	add_old_interface(k);
	lock_down(k);
	tree_file(&k->tree,
		  "\n0x5\n0x1 Range A\n0x3\tx\n\t\n0xfffffffffffffff5\tx\nrange\n0x9\tC\n9\tC",
		  OLD "/available_timeout_ranges");
	assert_int_equal(read_port(k).capability, 0x14);
	tree_file(&k->tree, "15", OLD "/timeout_range");
	assert_int_equal(read_port(k).control, 0xf);
	tree_file(&k->tree, "16", OLD "/timeout_range");
	read_fails(k, -EBADMSG, OLD "/timeout_range says \"16\", which means nothing");
	tree_file(&k->tree, "-1", OLD "/timeout_range");
	read_fails(k, -EBADMSG, "says \"-1\", which means nothing");
	tree_unlink(&k->tree, OLD "/timeout_range");
	tree_file(&k->tree, "", OLD "/timeout_range");
	k->hides = "timeout_range";
	k->code = -ENXIO;
	read_fails(k, -ENXIO, "cannot read " OLD "/timeout_range: No such device or address");
}

static void test_2024_alone_ignores(void **state)
{
	struct kernel *k = *state;

	add_old_interface(k);
	lock_down(k);
	k->ignores = true;
	change(k, MEM_VALUE, 0x1, -EIO, "now MemTimeout? MemIso? MemIsoLnkDn? MemRange=default", 0,
	       "timeout_range=0x1 ");
	k->ignores = false;
	k->spoils = 0x6;
	k->spoils_once = 1;
	k->words[CONTROL] = 0x2;
	change(k, MEM_VALUE, 0x5, 0, "", 0x5, "timeout_range=0x5 ");
}

#define on_machine(test) cmocka_unit_test_setup_teardown(test, make_machine, remove_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timeout_table),
		cmocka_unit_test(test_timeout_words),
		cmocka_unit_test(test_timeout_names),
		cmocka_unit_test(test_timeout_ranges),
		cmocka_unit_test(test_timeout_searches),
		cmocka_unit_test(test_timeout_search_examples),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_durations_wrong),
		cmocka_unit_test(test_capability_ranges),
		cmocka_unit_test(test_capability_bits),
		cmocka_unit_test(test_control_values),
		cmocka_unit_test(test_control_bits),
		cmocka_unit_test(test_status_bits),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_capability_line),
		cmocka_unit_test(test_control_line),
		cmocka_unit_test(test_status_line),
		cmocka_unit_test(test_line_sizes),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_faults_unknown),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_at_the_end),
		cmocka_unit_test(test_broken_devices),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_values),
		cmocka_unit_test(test_write_enables),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_refusal_hint),
		cmocka_unit_test(test_write_keeps),
		cmocka_unit_test(test_write_not_kept),
		cmocka_unit_test(test_write_gone),
		cmocka_unit_test(test_write_out_of_reach),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_clear_refused),
		cmocka_unit_test(test_clear_slow),
		cmocka_unit_test(test_clear_interrupted),
		on_machine(test_open),
		on_machine(test_open_partly),
		on_machine(test_open_absent),
		on_machine(test_open_wrong),
		on_machine(test_open_broken),
		on_machine(test_open_out_of_reach),
		on_machine(test_bus_error),
		on_machine(test_mmio),
		on_machine(test_2025_obeys),
		on_machine(test_2025_reads_registers),
		on_machine(test_2025_cannot),
		on_machine(test_2025_ignores),
		on_machine(test_2025_off_as_posted),
		on_machine(test_2025_value_as_posted),
		on_machine(test_2025_value_under_isolation),
		on_machine(test_2025_refuses),
		on_machine(test_2025_needs_root),
		on_machine(test_2025_busy),
		on_machine(test_2025_default),
		on_machine(test_2025_refuses_second),
		on_machine(test_2025_refuses_late),
		on_machine(test_2025_unmapped),
		on_machine(test_2025_garbles),
		on_machine(test_2025_alone_reads),
		on_machine(test_2025_alone_reads_part),
		on_machine(test_2025_alone_reads_garbage),
		on_machine(test_2025_alone_obeys),
		on_machine(test_2025_alone_cannot),
		on_machine(test_2025_alone_ignores),
		on_machine(test_2025_alone_as_posted),
		on_machine(test_2025_alone_not_back),
		on_machine(test_2025_alone_status),
		on_machine(test_2025_alone_goes),
		on_machine(test_2024_obeys),
		on_machine(test_2024_cannot),
		on_machine(test_2024_refuses),
		on_machine(test_2024_alone_ranges),
		on_machine(test_2024_alone_garbage),
		on_machine(test_2024_alone_ignores),
	};

	return cmocka_run_group_tests_name("isolation", tests, NULL, NULL);
}
