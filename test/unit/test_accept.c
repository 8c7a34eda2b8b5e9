// SPDX-License-Identifier: GPL-2.0-or-later
/* extents/accept.c: words that say what of a batch is taken. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "extents/accept.h"
#include "model.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* Five extents of 64 MiB, 0.5 GiB apart in a region of 2 MiB blocks; the fifth is in no known region. */
static struct extent extents[5];
static struct dc_region region = {.number = 0, .size = 4 * GIB, .block_size = 2 * MIB};
static struct dc_device device = {.regions = {&region, 1}};
static struct batch batch = {.number = 65534, .extents = {extents, 5}};

static int fill(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		extents[i] = (struct extent){.start = (uint64_t)i * GIB / 2,
					     .size = 64 * MIB,
					     .sequence = (uint64_t)i,
					     .dc_region = i < 4 ? 0 : -1,
					     .handle = (65534 + i) % 65535 + (i > 0),
					     .acceptable = i % 2};
	batch.shared = 0;
	return 0;
}

/* Pieces as "number:start+size" in MiB. */
static void pieces_text(const struct pieces *pieces, char *out, size_t size)
{
	out[0] = '\0';
	list_each(piece, &pieces->list) {
		uint64_t offset = piece->start - piece->sequence * (GIB / 2);
		char one[64];

		snprintf(one, sizeof(one), "%d:%d+%d", (int)piece->sequence + 1,
			 (int)(offset / MIB), (int)(piece->size / MIB));
		append_word(out, size, " ", one);
	}
}

static void check_taken(const char *text, const char *expected)
{
	cleanup_acceptance struct acceptance acceptance = {0};
	cleanup_pieces struct pieces pieces = {0};
	struct error err = {0};
	char got[256];

	check_error(acceptance_parse(&acceptance, text, &err), 0, &err, "", "");
	check_error(acceptance_apply(&acceptance, &device, &batch, &pieces, &err), 0, &err, "", "");
	pieces_text(&pieces, got, sizeof(got));
	assert_string_equal(got, expected);
}

static void test_taken(void **state)
{
	(void)state;
	check_taken("all", "1:0+64 2:0+64 3:0+64 4:0+64 5:0+64");
	check_taken("none", "");
	check_taken("1", "1:0+64");
	check_taken("5", "5:0+64");
	check_taken("1-3,5", "1:0+64 2:0+64 3:0+64 5:0+64");
	check_taken("1-5", "1:0+64 2:0+64 3:0+64 4:0+64 5:0+64");
	check_taken("2-2", "2:0+64");
	check_taken("5,1", "1:0+64 5:0+64");
	check_taken("0x2", "2:0+64");
	check_taken("0x1-0x2", "1:0+64 2:0+64");
}

static void test_parts(void **state)
{
	(void)state;
	check_taken("2:0-64M", "2:0+64");
	check_taken("2:2M-4M", "2:2+2");
	check_taken("2:62M-64M", "2:62+2");
	check_taken("2:0-2048K", "2:0+2");
	check_taken("2:0-2097152", "2:0+2");
	check_taken("2:0x200000-0x400000", "2:2+2");
	check_taken("2:8M-10M,2:0-2M", "2:0+2 2:8+2");
	check_taken("2:0-2M,2:2M-4M", "2:0+2 2:2+2");
	check_taken("4,2:0-2M,1", "1:0+64 2:0+2 4:0+64");
}

/* A region of large blocks: the larger units. */
static void test_units(void **state)
{
	struct extent extent = {.size = 4ull << 40, .dc_region = 0};
	struct batch large = {.number = 1, .extents = {&extent, 1}};
	cleanup_acceptance struct acceptance acceptance = {0};
	cleanup_pieces struct pieces pieces = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(acceptance_parse(&acceptance, "1:1G-2T", &err), 0);
	assert_int_equal(acceptance_apply(&acceptance, &device, &large, &pieces, &err), 0);
	assert_int_equal(pieces.list.items[0].start, GIB);
	assert_int_equal(pieces.list.items[0].size, (2ull << 40) - GIB);
}

static void test_valid(void **state)
{
	const struct acceptance valid = {.kind = ACCEPT_VALID};
	cleanup_pieces struct pieces some = {0}, none = {0}, unsure = {0}, all = {0};
	char got[256];

	(void)state;
	acceptance_apply(&valid, &device, &batch, &some, NULL);
	pieces_text(&some, got, sizeof(got));
	assert_string_equal(got, "2:0+64 4:0+64");
	batch.shared = 1;
	acceptance_apply(&valid, &device, &batch, &none, NULL);
	assert_int_equal(none.list.count, 0);
	batch.shared = -1;
	acceptance_apply(&valid, &device, &batch, &unsure, NULL);
	assert_int_equal(unsure.list.count, 0);
	for (int i = 0; i < 5; i++)
		extents[i].acceptable = 1;
	acceptance_apply(&valid, &device, &batch, &all, NULL);
	assert_int_equal(all.list.count, 5);
}

/* An extent whose acceptance is unknown is not valid. */
static void test_valid_unknown(void **state)
{
	const struct acceptance valid = {.kind = ACCEPT_VALID};
	cleanup_pieces struct pieces pieces = {0};

	(void)state;
	for (int i = 0; i < 5; i++)
		extents[i].acceptable = -1;
	acceptance_apply(&valid, &device, &batch, &pieces, NULL);
	assert_int_equal(pieces.list.count, 0);
}

/* A piece says what it is of. */
static void test_tag(void **state)
{
	cleanup_acceptance struct acceptance acceptance = {0};
	cleanup_pieces struct pieces pieces = {0};

	(void)state;
	copy_text(extents[1].tag, sizeof(extents[1].tag), "a5c4c7a5-4b0b-4c1e-8a5e-1f9a1f1c7e02");
	acceptance_parse(&acceptance, "2:2M-4M", NULL);
	acceptance_apply(&acceptance, &device, &batch, &pieces, NULL);
	assert_string_equal(pieces.list.items[0].tag, extents[1].tag);
	assert_int_equal(pieces.list.items[0].handle, extents[1].handle);
}

static void check_word(const char *text)
{
	cleanup_acceptance struct acceptance acceptance = {0};
	struct error err = {0};
	char expected[256];

	snprintf(expected, sizeof(expected),
		 "--accept: expected all, none, or extents such as 1-3,5 or 2:0-64M, not \"%s\"",
		 text);
	check_error(acceptance_parse(&acceptance, text, &err), -EINVAL, &err, expected, "");
}

static void test_bad_words(void **state)
{
	static const char *const words[] = {
		"",
		" ",
		"ALL",
		"all ",
		"all,1",
		"none,2",
		"0",
		"0-2",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1,",
		",1",
		"1,,2",
		"1-",
		"3-1",
		"1-2-3",
		"1:",
		"1:0",
		"1:0-",
		"1:-2M",
		"1:2M-2M",
		"1:4M-2M",
		"1:0-2m",
		"1:0-2MiB",
		"1:0-2MB",
		"1:0-2P",
		"0:0-2M",
		"1-2:0-2M",
		"1:0-2M-4M",
		"1:0:2M",
		"0x",
		"0xg",
		"1:0x-2M",
		"18446744073709551616",
		"1:0-16777216T",
		"1:0-18446744073709551616",
		"one",
		"1;2",
		"1:0x2M-4M",
		"1.5",
		"1:0-1.5M",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		check_word(words[i]);
}

static void check_not_there(const char *text, const char *expected)
{
	cleanup_acceptance struct acceptance acceptance = {0};
	cleanup_pieces struct pieces pieces = {0};
	struct error err = {0};

	check_error(acceptance_parse(&acceptance, text, &err), 0, &err, "", "");
	check_error(acceptance_apply(&acceptance, &device, &batch, &pieces, &err), -EINVAL, &err,
		    expected, "");
}

static void test_not_there(void **state)
{
	(void)state;
	check_not_there("6", "--accept: there is no extent 6, batch 65534 has 5");
	check_not_there("1-18446744073709551615",
			"--accept: there is no extent 18446744073709551615, batch 65534 has 5");
	check_not_there("6:0-2M", "--accept: there is no extent 6, batch 65534 has 5");
	check_not_there("1:0-66M", "--accept: extent 1 has only 64 MiB");
	check_not_there("1:1M-2M", "--accept: extent 1 can be taken in whole blocks of 2 MiB only");
	check_not_there("1:0-3M", "--accept: extent 1 can be taken in whole blocks of 2 MiB only");
	check_not_there("5:0-2M",
			"--accept: extent 5 can not be taken in part: the block size of its "
			"region is unknown");
	check_not_there("1,1", "--accept: extent 1 is named twice");
	check_not_there("1-3,2", "--accept: extent 2 is named twice");
	check_not_there("3,3:0-2M", "--accept: extent 3 is named twice");
	check_not_there("3:0-4M,3:2M-6M", "--accept: extent 3 is named twice");
	check_not_there("3:4M-6M,3:0-64M", "--accept: extent 3 is named twice");
}

/* A region that says nothing of its blocks, or that they have no size. */
static void test_no_blocks(void **state)
{
	(void)state;
	region.block_size = 0;
	check_not_there("1:0-2M",
			"--accept: extent 1 can not be taken in part: the block size of its "
			"region is unknown");
	region.block_size = 2 * MIB;
}

/* ---- by address ---- */

static void check_range(const char *text, uint64_t start, uint64_t size)
{
	cleanup_pieces struct pieces pieces = {0};
	struct error err = {0};

	check_error(pieces_add_text(&pieces, text, &err), 0, &err, "", "");
	assert_int_equal(pieces.list.count, 1);
	assert_int_equal(pieces.list.items[0].start, start);
	assert_int_equal(pieces.list.items[0].size, size);
}

static void check_bad_range(const char *text)
{
	cleanup_pieces struct pieces pieces = {0};
	struct error err = {0};
	char expected[256];

	snprintf(expected, sizeof(expected),
		 "--extent: expected DPA:LENGTH, as 0x10000000:64M, not \"%s\"", text);
	check_error(pieces_add_text(&pieces, text, &err), -EINVAL, &err, expected, "");
	assert_int_equal(pieces.list.count, 0);
}

static void test_ranges(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"0",
		"0:",
		":2M",
		"0:0",
		"0:2M:",
		"0:2M,4M:2M",
		"0-2M",
		"x:2M",
		"0:-2M",
		"0xffffffffffffffff:2",
		"18446744073709551615:1M",
		"1:0xffffffffffffffff",
		"0:2m",
	};

	(void)state;
	check_range("0:2M", 0, 2 * MIB);
	check_range("0x10000000:64M", 0x10000000, 64 * MIB);
	check_range("512M:0x200000", 512 * MIB, 2 * MIB);
	check_range("1G:1", GIB, 1);
	check_range("0x1:0xfffffffffffffffe", 1, UINT64_MAX - 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check_bad_range(bad[i]);
}

static void test_ranges_overlap(void **state)
{
	cleanup_pieces struct pieces pieces = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(pieces_add_text(&pieces, "4M:4M", &err), 0);
	assert_int_equal(pieces_add_text(&pieces, "0:4M", &err), 0);
	assert_int_equal(pieces_add_text(&pieces, "8M:4M", &err), 0);
	check_error(pieces_add_text(&pieces, "6M:1M", &err), -EINVAL, &err,
		    "--extent: 0x600000 is in two of the extents that are named", "");
	assert_int_equal(pieces.list.count, 3);
	assert_int_equal(pieces_size(&pieces), 12 * MIB);
}

static void test_accepted(void **state)
{
	struct extent accepted[] = {{.start = 0, .size = 4 * MIB, .tag = "a"},
				    {.start = 4 * MIB, .size = 4 * MIB, .tag = "b"},
				    {.start = 16 * MIB, .size = 4 * MIB}};
	struct dc_device owner = {.accepted = {accepted, 3}};
	cleanup_pieces struct pieces pieces = {0};

	(void)state;
	pieces_add_accepted(&pieces, &owner, 2 * MIB, 16 * MIB);
	assert_int_equal(pieces.list.count, 3);
	assert_int_equal(pieces.list.items[0].start, 2 * MIB);
	assert_int_equal(pieces.list.items[0].size, 2 * MIB);
	assert_string_equal(pieces.list.items[1].tag, "b");
	assert_int_equal(pieces.list.items[1].size, 4 * MIB);
	assert_int_equal(pieces.list.items[2].start, 16 * MIB);
	assert_int_equal(pieces.list.items[2].size, 2 * MIB);
	assert_int_equal(extents_cover(accepted, 3, 0, UINT64_MAX), 12 * MIB);
	assert_int_equal(extents_cover(accepted, 3, 8 * MIB, 8 * MIB), 0);
	assert_int_equal(extents_cover(accepted, 3, 7 * MIB, 2 * MIB), MIB);
}

static void check_said(size_t count, const char *expected)
{
	struct pieces pieces = {{extents, count}};
	char text[64];

	assert_string_equal(pieces_say(text, &pieces), expected);
}

static void test_said(void **state)
{
	(void)state;
	check_said(0, "0 extents (0 B)");
	check_said(1, "1 extent (64 MiB)");
	check_said(2, "2 extents (128 MiB)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_taken, fill),
		cmocka_unit_test_setup(test_parts, fill),
		cmocka_unit_test_setup(test_units, fill),
		cmocka_unit_test_setup(test_valid, fill),
		cmocka_unit_test_setup(test_valid_unknown, fill),
		cmocka_unit_test_setup(test_tag, fill),
		cmocka_unit_test_setup(test_bad_words, fill),
		cmocka_unit_test_setup(test_not_there, fill),
		cmocka_unit_test_setup(test_no_blocks, fill),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_ranges_overlap),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test_setup(test_said, fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
