/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * extents/batch, extents/check: named streams of records, as bytes of a log, and what becomes of
 * each.
 *
 * A line for each batch: number, event, what is said of it; a sign for each extent (+ could be
 * accepted, - could not, ? unknown); how many from the first on and in all; the findings.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extents.h"
#include "extents/check.h"
#include "extents/regions.h"
#include "extents/seen.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define RECORD_COUNT   12
#define ACCEPTED_COUNT 3

struct stream {
	const char *name;
	struct raw_record records[RECORD_COUNT]; /* up to one with handle 0 and no length */
	const char *expected;
	struct {
		uint64_t start, size;
		char tag;
	} accepted[ACCEPTED_COUNT];
	bool nothing_known, regions_unknown, accepted_unknown;
	bool no_more;	      /* the source does not tell More */
	int room;	      /* for extents: so many, and none of -1; 0: enough */
	uint64_t lost;	      /* the log lost records from then on */
	uint64_t block_size;  /* of region 0, if it is another */
	uint64_t decode_size; /* likewise */
	uint64_t base;	      /* likewise */
};

/* clang-format off */
#define ADD(handle_, start_, size_, ...)                                                           \
	{.type = 0, .handle = (handle_), .start = MIB(start_), .size = MIB(size_), __VA_ARGS__}
#define RELEASE(handle_, start_, size_, ...)                                                       \
	{.type = 1, .handle = (handle_), .start = MIB(start_), .size = MIB(size_), __VA_ARGS__}
#define FORCED(handle_, start_, size_, ...)                                                        \
	{.type = 2, .handle = (handle_), .start = MIB(start_), .size = MIB(size_), __VA_ARGS__}
#define UPDATED(handle_, region_, ...)                                                             \
	{.type = 3, .handle = (handle_), .region = (region_), __VA_ARGS__}
#define MORE .more = true
#define TAG(letter) .tag = (letter)

/*
 * Region 0: 0 to 512 MiB, blocks of 2 MiB.
 * Region 1: 512 to 768 MiB, blocks of 4 MiB; it decodes up to 1024 MiB.
 * Region 2: 1024 to 1280 MiB, blocks of 64 KiB.
 * Region 3: 1280 to 1536 MiB, blocks of 2 MiB.
 */
static const struct stream streams[] = {
	/* What a batch is. */
	{"nothing", {{0}}, ""},
	{"one", {ADD(1, 0, 2, TAG('a'))}, "1 add shared? + 1/1\n"},
	{"two-in-one", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'))}, "1 add ++ 2/2\n"},
	{"two-of-one", {ADD(1, 0, 2, TAG('a')), ADD(2, 2, 2, TAG('b'))},
		"1 add shared? + 1/1\n2 add shared? + 1/1\n"},
	{"seven", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'), MORE),
		ADD(3, 4, 2, TAG('a'), MORE), ADD(4, 6, 2, TAG('a'), MORE),
		ADD(5, 8, 2, TAG('a'), MORE), ADD(6, 10, 2, TAG('a'), MORE),
		ADD(7, 12, 2, TAG('a'))}, "1 add +++++++ 7/7\n"},
	{"three-then-one", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'), MORE),
		ADD(3, 4, 2, TAG('a')), ADD(4, 8, 2, TAG('b'))},
		"1 add +++ 3/3\n4 add shared? + 1/1\n"},
	{"release-beside", {ADD(1, 0, 2, TAG('a')), RELEASE(2, 64, 2), ADD(3, 4, 2, TAG('b'))},
		"1 add shared? + 1/1\n2 release ?\n3 add shared? + 1/1\n", .accepted = {{MIB(64),
		MIB(4)}}},
	{"release-of-two", {RELEASE(1, 64, 2, MORE), RELEASE(2, 66, 2)}, "1 release ??\n",
		.accepted = {{MIB(64), MIB(4)}}},
	{"responses", {{.type = 4, .handle = 1, .start = 1, .size = 1}, {.type = 5, .handle = 2}},
		"1 add-response ?\n2 released ?\n"},

	/* A chain that does not end as it should. */
	{"chain-open", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'), MORE)},
		"1 add open ?? ?/? chain-open!\n"},
	{"chain-open-and-bad", {ADD(1, 2048, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'), MORE)},
		"1 add open -? 0/? chain-open! outside-regions!\n"},
	{"chain-open-tag-again", {ADD(1, 0, 2, TAG('a'), MORE), RELEASE(2, 64, 2),
		ADD(3, 2, 2, TAG('a'))},
		"1 add open mixed shared? ? ?/? mixed-events!\n2 release ?\n3 add shared? + 1/1\n",
		.accepted = {{MIB(64), MIB(2)}}},
	{"mixed-release", {ADD(1, 0, 2, TAG('a'), MORE), RELEASE(2, 64, 2, MORE),
		ADD(3, 2, 2, TAG('b'))},
		"1 add open mixed shared? ? ?/? mixed-events!\n"
		"2 release open mixed ? mixed-events!\n"
		"3 add shared? + 1/1\n", .accepted = {{MIB(64), MIB(2)}}},
	{"mixed-forced", {ADD(1, 0, 2, TAG('a'), MORE), FORCED(2, 64, 2)},
		"1 add open mixed shared? ? ?/? mixed-events!\n2 forced-release ?\n"},
	{"mixed-hosts", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('b'), .host = 1)},
		"1 add open mixed shared? ? ?/? mixed-events!\n2 add shared? + 1/1\n"},
	{"mixed-updated", {ADD(1, 0, 2, TAG('a'), MORE), UPDATED(2, 1), ADD(3, 2, 2, TAG('b'))},
		"1 add open mixed shared? ? ?/? mixed-events!\n2 region-updated ? region-updated.\n"
		"3 add shared? + 1/1\n"},
	{"overflow-in-chain", {ADD(1, 0, 2, TAG('a'), MORE, .time = 10),
		ADD(2, 2, 2, TAG('a'), MORE, .time = 10), ADD(3, 4, 2, TAG('b'), .time = 30)},
		"1 add open ?? ?/? chain-open!\n3 add shared? + 1/1\n", .lost = 20},
	{"overflow-at-its-record", {ADD(1, 0, 2, TAG('a'), MORE, .time = 20),
		ADD(2, 4, 2, TAG('b'), .time = 21)},
		"1 add open shared? ? ?/? chain-open!\n2 add shared? + 1/1\n", .lost = 20},
	{"overflow-later-that-moment", {ADD(1, 0, 2, TAG('a'), MORE, .time = 20),
		ADD(2, 2, 2, TAG('a'), .time = 20)}, "1 add ++ 2/2\n", .lost = 20},
	{"overflow-before-chain", {ADD(1, 0, 2, TAG('a'), MORE, .time = 30),
		ADD(2, 2, 2, TAG('a'), .time = 30)}, "1 add ++ 2/2\n", .lost = 20},
	{"overflow-behind-chain", {ADD(1, 0, 2, TAG('a'), MORE, .time = 10),
		ADD(2, 2, 2, TAG('a'), .time = 15)}, "1 add ++ 2/2\n", .lost = 20},
	{"overflow-without-clock", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'))},
		"1 add ++ 2/2\n", .lost = 20},
	{"overflow-half-a-clock", {ADD(1, 0, 2, TAG('a'), MORE, .time = 10),
		ADD(2, 2, 2, TAG('a'))}, "1 add ++ 2/2\n", .lost = 20},

	/* Records that are not what they should be. */
	{"foreign-between", {ADD(1, 0, 2, TAG('a'), MORE), {.handle = 2, .foreign = true},
		ADD(3, 2, 2, TAG('a'))}, "1 add ++ 2/2 records-missing?\n"},
	{"foreign-alone", {{.handle = 1, .foreign = true}}, ""},
	{"unknown-type", {{.type = 6, .handle = 1}, ADD(2, 0, 2, TAG('a'))},
		"1 unknown unknown-event?\n2 add shared? + 1/1\n"},
	{"unknown-in-chain", {ADD(1, 0, 2, TAG('a'), MORE), {.type = 200, .handle = 2}},
		"1 add open mixed shared? ? ?/? mixed-events!\n2 unknown unknown-event?\n"},
	{"short-record", {ADD(1, 0, 2, TAG('a'), .length = 89)}, "1 unknown unknown-event?\n"},
	{"just-long-enough", {ADD(1, 0, 2, TAG('a'), .length = 90)}, "1 add shared? + 1/1\n"},
	{"too-long-record", {ADD(1, 0, 2, TAG('a'), .length = 129)}, "1 unknown unknown-event?\n"},
	{"handle-zero", {ADD(1, 0, 2, TAG('a'), MORE), {.handle = 0, .length = 128, .start = MIB(2),
		.size = MIB(2), .tag = 'a'}}, "1 add ?? ?/? handles-unusable!\n"},
	{"handle-repeats", {ADD(7, 0, 2, TAG('a'), MORE), ADD(7, 2, 2, TAG('a'))},
		"7 add ?? ?/? handles-unusable!\n"},
	{"handle-comes-back", {ADD(7, 0, 2, TAG('a'), MORE), ADD(8, 2, 2, TAG('a'), MORE),
		ADD(7, 4, 2, TAG('a'))}, "7 add ??? ?/? handles-unusable!\n"},
	{"handle-of-other-batch", {ADD(7, 0, 2, TAG('a')), ADD(7, 2, 2, TAG('b'))},
		"7 add shared? + 1/1\n7 add shared? + 1/1\n"},
	{"handle-goes-back", {ADD(7, 0, 2, TAG('a'), MORE), ADD(3, 2, 2, TAG('a'))},
		"7 add ++ 2/2 records-missing?\n"},
	{"handle-wraps", {ADD(65535, 0, 2, TAG('a'), MORE), ADD(1, 2, 2, TAG('a'))},
		"65535 add ++ 2/2\n"},
	{"handle-wraps-wrongly", {ADD(65535, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'))},
		"65535 add ++ 2/2 records-missing?\n"},
	{"handles-missing", {ADD(1, 0, 2, TAG('a'), MORE), ADD(3, 2, 2, TAG('a'))},
		"1 add ++ 2/2 records-missing?\n"},

	/* Borders that nobody tells. */
	{"inferred-one", {ADD(1, 0, 2, TAG('a'))},
		"1 add inferred shared? + 1/1 borders-inferred?\n", .no_more = true},
	{"inferred-two-in-one", {ADD(1, 0, 2, TAG('a'), .time = 5),
		ADD(2, 2, 2, TAG('a'), .time = 900000000)},
		"1 add inferred ++ 2/2 borders-inferred?\n", .no_more = true},
	{"inferred-later", {ADD(1, 0, 2, TAG('a'), .time = 5),
		ADD(2, 2, 2, TAG('a'), .time = 1000000005)},
		"1 add inferred shared? + 1/1 borders-inferred?\n"
		"2 add inferred shared? + 1/1 borders-inferred?\n",
		.no_more = true},
	{"inferred-clock-back", {ADD(1, 0, 2, TAG('a'), .time = 2000000000),
		ADD(2, 2, 2, TAG('a'), .time = 5)},
		"1 add inferred shared? + 1/1 borders-inferred?\n"
		"2 add inferred shared? + 1/1 borders-inferred?\n",
		.no_more = true},
	{"inferred-clock-trembles", {ADD(1, 0, 2, TAG('a'), .time = 10),
		ADD(2, 2, 2, TAG('a'), .time = 5)}, "1 add inferred ++ 2/2 borders-inferred?\n",
		.no_more = true},
	{"inferred-no-clock", {ADD(1, 0, 2, TAG('a')), ADD(2, 2, 2, TAG('a'))},
		"1 add inferred ++ 2/2 borders-inferred?\n", .no_more = true},
	{"inferred-clock-stops", {ADD(1, 0, 2, TAG('a'), .time = 5), ADD(2, 2, 2, TAG('a'))},
		"1 add inferred shared? + 1/1 borders-inferred?\n"
		"2 add inferred shared? + 1/1 borders-inferred?\n",
		.no_more = true},
	{"inferred-other-tag", {ADD(1, 0, 2, TAG('a')), ADD(2, 2, 2, TAG('b'))},
		"1 add inferred shared? + 1/1 borders-inferred?\n"
		"2 add inferred shared? + 1/1 borders-inferred?\n",
		.no_more = true},
	{"inferred-other-event", {ADD(1, 0, 2, TAG('a')), FORCED(2, 2, 2, TAG('a'))},
		"1 add inferred shared? + 1/1 borders-inferred?\n"
		"2 forced-release inferred ? borders-inferred?\n",
		.no_more = true},
	{"inferred-other-host", {ADD(1, 0, 2, TAG('a')), ADD(2, 2, 2, TAG('a'), .host = 1)},
		"1 add inferred shared? + 1/1 borders-inferred?\n"
		"2 add inferred shared? + 1/1 borders-inferred?\n",
		.no_more = true},
	{"inferred-gap", {ADD(1, 0, 2, TAG('a')), ADD(3, 2, 2, TAG('a'))},
		"1 add inferred shared? + 1/1 borders-inferred?\n"
		"3 add inferred shared? + 1/1 borders-inferred?\n",
		.no_more = true},
	{"inferred-wrap", {ADD(65535, 0, 2, TAG('a')), ADD(1, 2, 2, TAG('a'))},
		"65535 add inferred ++ 2/2 borders-inferred?\n", .no_more = true},

	/* Where an extent lies. */
	{"zero-length", {ADD(1, 0, 0, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'))},
		"1 add -+ 0/1 zero-length!\n"},
	{"wraps-around", {{.handle = 1, .start = -MIB(2), .size = MIB(4), .tag = 'a'}},
		"1 add shared? - 0/0 wraps-around!\n"},
	{"up-to-the-end", {{.handle = 1, .start = -MIB(2), .size = MIB(2), .tag = 'a'}},
		"1 add shared? - 0/0 wraps-around!\n"},
	{"nearly-the-end", {{.handle = 1, .start = -MIB(4), .size = MIB(2), .tag = 'a'}},
		"1 add shared? - 0/0 outside-regions!\n"},
	{"outside", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2048, 2, TAG('a'), MORE),
		ADD(3, 4, 2, TAG('a'))}, "1 add +-+ 1/2 outside-regions!\n"},
	{"decoded-but-no-capacity", {ADD(1, 768, 4, TAG('a'))},
		"1 add shared? - 0/0 outside-regions!\n"},
	{"beyond-the-capacity", {ADD(1, 764, 8, TAG('a'))},
		"1 add shared? - 0/0 outside-regions!\n"},
	{"up-to-the-capacity", {ADD(1, 764, 4, TAG('a'))}, "1 add shared? + 1/1\n"},
	{"crosses", {ADD(1, 510, 6, TAG('a'))}, "1 add shared? - 0/0 crosses-regions!\n"},
	{"crosses-with-a-gap", {ADD(1, 764, 264, TAG('a'))},
		"1 add shared? - 0/0 crosses-regions!\n"},
	{"whole-region", {ADD(1, 0, 512, TAG('a'))}, "1 add shared? + 1/1\n"},
	{"not-block-aligned-size", {ADD(1, 512, 2, TAG('a'))},
		"1 add shared? - 0/0 not-block-aligned!\n"},
	{"not-block-aligned-start", {ADD(1, 514, 4, TAG('a'))},
		"1 add shared? - 0/0 not-block-aligned!\n"},
	{"blocks-from-the-base", {ADD(1, 2, 4, TAG('a'), MORE), ADD(2, 8, 4, TAG('a'))},
		"1 add +- 1/1 not-block-aligned!\n", .block_size = MIB(4), .base = MIB(2)},
	{"not-mappable-by-one", {ADD(1, 1024, 3, TAG('a'), MORE), ADD(2, 1029, 2, TAG('a'))},
		"1 add -- 0/0 not-mappable!\n"},
	{"not-mappable-size", {{.handle = 1, .start = MIB(1024), .size = 0x10000, .tag = 'a'}},
		"1 add shared? - 0/0 not-mappable!\n"},
	{"not-mappable-start", {{.handle = 1, .start = MIB(1024) + 0x10000, .size = MIB(2),
		.tag = 'a'}}, "1 add shared? - 0/0 not-mappable!\n"},
	{"neither-aligned", {{.handle = 1, .start = MIB(0), .size = 4096, .tag = 'a'}},
		"1 add shared? - 0/0 not-block-aligned! not-mappable!\n"},
	{"mappable-in-small-blocks", {ADD(1, 1026, 2, TAG('a'))}, "1 add shared? + 1/1\n"},
	{"region-with-odd-blocks", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 1024, 2, TAG('b'))},
		"1 add shared? ?+ ?/?\n", .block_size = MIB(3)},
	{"region-without-blocks", {{.handle = 1, .start = 0, .size = 4096, .tag = 'a'}},
		"1 add shared? - 0/0 not-mappable!\n", .block_size = UINT64_MAX},
	{"region-with-tiny-blocks", {ADD(1, 0, 2, TAG('a'))}, "1 add shared? ? ?/?\n",
		.block_size = 32},
	{"region-larger-than-decoded", {ADD(1, 0, 2, TAG('a'))}, "1 add shared? ? ?/?\n",
		.decode_size = MIB(256)},

	/* What overlaps. */
	{"overlap-in-batch", {ADD(1, 0, 4, TAG('a'), MORE), ADD(2, 2, 4, TAG('a'), MORE),
		ADD(3, 8, 2, TAG('a'))}, "1 add +-+ 1/2 overlap-in-batch!\n"},
	{"same-twice", {ADD(1, 0, 4, TAG('a'), MORE), ADD(2, 0, 4, TAG('a'))},
		"1 add +- 1/1 overlap-in-batch!\n"},
	{"beside-each-other", {ADD(1, 4, 4, TAG('a'), MORE), ADD(2, 8, 4, TAG('a'), MORE),
		ADD(3, 0, 4, TAG('a'))}, "1 add +++ 3/3\n"},
	{"around-the-first", {ADD(1, 4, 2, TAG('a'), MORE), ADD(2, 0, 10, TAG('a'), MORE),
		ADD(3, 8, 2, TAG('a'))}, "1 add +-- 1/1 overlap-in-batch!\n"},
	{"overlap-pending", {ADD(1, 0, 4, TAG('a')), ADD(2, 2, 4, TAG('b'), MORE),
		ADD(3, 8, 2, TAG('b'))}, "1 add shared? + 1/1\n2 add -+ 0/1 overlap-pending!\n"},
	{"overlap-pending-open", {ADD(1, 0, 4, TAG('a'), MORE), ADD(2, 0, 4, TAG('b'), .host = 1)},
		"1 add open mixed shared? ? ?/? mixed-events!\n"
		"2 add shared? - 0/0 overlap-pending!\n"},

	{"overlap-accepted", {ADD(1, 64, 4, TAG('a'), MORE), ADD(2, 0, 2, TAG('a'))},
		"1 add -+ 0/1 overlap-accepted!\n", .accepted = {{MIB(66), MIB(64), 'z'}}},
	{"answered-already", {ADD(1, 64, 4, TAG('a'))},
		"1 add shared? - 0/0 overlap-accepted! tag-seen!\n", .accepted = {{MIB(64), MIB(4),
		'a'}}},
	{"accepted-beside", {ADD(1, 64, 4, TAG('a'))}, "1 add shared? + 1/1\n",
		.accepted = {{MIB(60), MIB(4)}, {MIB(68), MIB(4)}}},

	/* Tags. */
	{"tag-seen", {ADD(1, 0, 2, TAG('a')), ADD(2, 2, 2, TAG('a'), MORE), ADD(3, 4, 2, TAG('b'))},
		"1 add shared? + 1/1\n2 add shared? -+ 0/1 tag-seen!\n"},
	{"tag-accepted", {ADD(1, 0, 2, TAG('a'))}, "1 add shared? - 0/0 tag-seen!\n",
		.accepted = {{MIB(64), MIB(2), 'a'}}},
	{"tag-spans-regions", {ADD(1, 0, 4, TAG('a'), MORE), ADD(2, 512, 4, TAG('a'), MORE),
		ADD(3, 4, 4, TAG('b'))}, "1 add shared? --+ 0/1 tag-spans-regions!\n"},
	{"two-tags-two-regions", {ADD(1, 0, 4, TAG('a'), MORE), ADD(2, 512, 4, TAG('b'))},
		"1 add shared? ++ 2/2\n"},
	{"tag-outside-too", {ADD(1, 0, 4, TAG('a'), MORE), ADD(2, 2048, 4, TAG('a'))},
		"1 add +- 1/1 outside-regions!\n"},
	{"untagged", {ADD(1, 0, 2, MORE), ADD(2, 2, 2)}, "1 add ++ 2/2 untagged.\n"},
	{"untagged-in-regions", {ADD(1, 0, 4, MORE), ADD(2, 512, 4)}, "1 add ++ 2/2 untagged.\n"},
	{"untagged-twice", {ADD(1, 0, 2), ADD(2, 2, 2)},
		"1 add + 1/1 untagged.\n2 add + 1/1 untagged.\n"},
	{"untagged-and-tagged", {ADD(1, 0, 2, MORE), ADD(2, 2, 2, TAG('a'))},
		"1 add shared? ++ 2/2 untagged.\n"},

	/* Shared capacity. */
	{"shared", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'), MORE, .sequence = 1),
		ADD(3, 4, 2, TAG('a'), .sequence = 2)}, "1 add shared +++ 3/3 whole\n"},
	{"shared-any-order", {ADD(1, 0, 2, TAG('a'), MORE, .sequence = 2),
		ADD(2, 2, 2, TAG('a'), MORE), ADD(3, 4, 2, TAG('a'), .sequence = 1)},
		"1 add shared +++ 3/3 whole\n"},
	{"shared-from-one", {ADD(1, 0, 2, TAG('a'), MORE, .sequence = 1),
		ADD(2, 2, 2, TAG('a'), .sequence = 2)},
		"1 add shared -- 0/0 whole sequence-not-dense!\n"},
	{"shared-gap", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'), .sequence = 2)},
		"1 add shared -- 0/0 whole sequence-not-dense!\n"},
	{"shared-twice", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'), MORE, .sequence = 1),
		ADD(3, 4, 2, TAG('a'), .sequence = 1)},
		"1 add shared --- 0/0 whole sequence-not-dense!\n"},
	{"shared-open", {ADD(1, 0, 2, TAG('a'), MORE, .sequence = 1),
		ADD(2, 2, 2, TAG('a'), MORE, .sequence = 2)},
		"1 add open shared ?? ?/? whole chain-open!\n"},
	{"shared-one-bad", {ADD(1, 0, 2, TAG('a'), MORE),
		ADD(2, 2048, 2, TAG('a'), MORE, .sequence = 1),
		ADD(3, 4, 2, TAG('a'), .sequence = 2)},
		"1 add shared --- 0/0 whole outside-regions!\n"},
	{"shared-one-unknown", {ADD(1, 0, 2, TAG('a'), MORE),
		ADD(2, 1024, 2, TAG('a'), .sequence = 1)},
		"1 add shared -- 0/0 whole tag-spans-regions!\n", .block_size = MIB(3)},
	{"shared-all-unknown", {ADD(1, 0, 2, TAG('a'), MORE),
		ADD(2, 2, 2, TAG('a'), MORE, .sequence = 1), ADD(3, 1024, 2, TAG('b'))},
		"1 add shared ??? ?/? whole\n", .block_size = MIB(3)},
	{"shared-and-other", {ADD(1, 0, 2, TAG('a'), MORE),
		ADD(2, 2, 2, TAG('a'), MORE, .sequence = 1), ADD(3, 4, 2, TAG('b'), MORE),
		ADD(4, 6, 2, TAG('b'))}, "1 add shared ++++ 4/4 whole\n"},
	{"ordinary-and-one", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('b'), MORE),
		ADD(3, 4, 2, TAG('b'))}, "1 add shared? +++ 3/3\n"},
	{"shared-without-tag", {ADD(1, 0, 2, .sequence = 1)},
		"1 add shared - 0/0 whole sequence-not-dense!\n"},

	/* What the device has room for. */
	{"room-for-all", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'))}, "1 add ++ 2/2\n",
		.room = 2},
	{"too-many", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'), MORE),
		ADD(3, 4, 2, TAG('a'))}, "1 add +-- 1/1 too-many-extents!\n", .room = 1},
	{"too-many-with-a-bad-one", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2048, 2, TAG('a'), MORE),
		ADD(3, 4, 2, TAG('a'), MORE), ADD(4, 6, 2, TAG('a'))},
		"1 add +-+- 1/2 outside-regions! too-many-extents!\n", .room = 2},
	{"too-many-shared", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a'), .sequence = 1)},
		"1 add shared -- 0/0 whole too-many-extents!\n", .room = 1},
	{"no-room", {ADD(1, 0, 2, TAG('a'))}, "1 add shared? - 0/0 too-many-extents!\n",
		.room = -1},

	/* Releases. */
	{"release-not-accepted", {RELEASE(1, 0, 2)}, "1 release ? release-not-accepted?\n"},
	{"release-half-accepted", {RELEASE(1, 64, 4)}, "1 release ? release-not-accepted?\n",
		.accepted = {{MIB(64), MIB(2)}}},
	{"release-with-a-gap", {RELEASE(1, 64, 6)}, "1 release ? release-not-accepted?\n",
		.accepted = {{MIB(64), MIB(2)}, {MIB(68), MIB(2)}}},
	{"release-of-pieces", {RELEASE(1, 64, 4)}, "1 release ?\n", .accepted = {{MIB(64), MIB(2)},
		{MIB(66), MIB(4)}}},
	{"release-unknown", {RELEASE(1, 64, 4)}, "1 release ?\n", .accepted_unknown = true},
	{"release-of-nothing", {RELEASE(1, 64, 0)}, "1 release ? zero-length!\n"},
	{"forced-is-gone", {FORCED(1, 64, 4)}, "1 forced-release ?\n"},
	{"forced-outside", {FORCED(1, 2048, 4)}, "1 forced-release ? outside-regions!\n"},
	{"forced-pending", {ADD(1, 0, 4, TAG('a')), FORCED(2, 0, 4, TAG('a')),
		ADD(3, 0, 4, TAG('a'))},
		"1 add shared? + 1/1\n2 forced-release ?\n3 add shared? + 1/1\n"},
	{"forced-half-of-pending", {ADD(1, 0, 8, TAG('a')), FORCED(2, 2, 2, TAG('z')),
		ADD(3, 2, 2, TAG('b')), ADD(4, 0, 2, TAG('c')), ADD(5, 4, 2, TAG('d'))},
		"1 add shared? + 1/1\n2 forced-release ?\n3 add shared? + 1/1\n"
		"4 add shared? - 0/0 overlap-pending!\n5 add shared? - 0/0 overlap-pending!\n"},
	{"released-half-of-tag", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2, 2, TAG('a')),
		RELEASE(3, 0, 2, TAG('a')), ADD(4, 0, 2, TAG('a'))},
		"1 add ++ 2/2\n3 release ? release-not-accepted?\n4 add shared? - 0/0 tag-seen!\n"},

	{"region-updated", {UPDATED(1, 1)}, "1 region-updated ? region-updated.\n"},
	{"region-updated-empties-it", {ADD(1, 0, 2, TAG('a')), ADD(2, 512, 4, TAG('b')),
		UPDATED(3, 1), ADD(4, 512, 4, TAG('c')), ADD(5, 0, 2, TAG('d'))},
		"1 add shared? + 1/1\n2 add shared? + 1/1\n3 region-updated ? region-updated.\n"
		"4 add shared? + 1/1\n5 add shared? - 0/0 overlap-pending!\n"},

	/* What is not known. */
	{"nothing-known", {ADD(1, 2048, 2, TAG('a'), MORE), ADD(2, 0, 0, TAG('a'), MORE),
		ADD(3, 4, 2, TAG('a'))}, "1 add ?-? ?/? zero-length!\n", .nothing_known = true},
	{"regions-unknown", {ADD(1, 2048, 2, TAG('a'))}, "1 add shared? ? ?/?\n",
		.regions_unknown = true},
	{"accepted-unknown", {ADD(1, 0, 2, TAG('a'), MORE), ADD(2, 2048, 2, TAG('a'))},
		"1 add ?- ?/? outside-regions!\n", .accepted_unknown = true},
	{"first-bad-rest-unknown", {ADD(1, 2048, 2, TAG('a'), MORE), ADD(2, 0, 2, TAG('a'))},
		"1 add -? 0/? outside-regions!\n", .accepted_unknown = true},
};
/* clang-format on */

static void add_region(struct dc_device *device, uint64_t base, uint64_t decode_size, uint64_t size,
		       uint64_t block_size)
{
	struct dc_region *region = list_add(&device->regions);

	region->number = (int)device->regions.count - 1;
	region->base = MIB(base);
	region->decode_size = MIB(decode_size);
	region->size = MIB(size);
	region->block_size = block_size;
}

static void add_accepted(struct dc_device *device, uint64_t start, uint64_t size, char tag)
{
	struct extent *extent = list_add(&device->accepted);
	uint8_t bytes[TAG_SIZE];

	memset(bytes, tag, sizeof(bytes));
	tag_format(extent->tag, bytes);
	extent->start = start;
	extent->size = size;
}

static void make_device(struct dc_device *device, const struct stream *stream)
{
	memset(device, 0, sizeof(*device));
	copy_text(device->memdev, sizeof(device->memdev), "mem1");
	add_region(device, 0, 512, 512, MIB(2));
	add_region(device, 512, 512, 256, MIB(4));
	add_region(device, 1024, 256, 256, 0x10000);
	add_region(device, 1280, 256, 256, MIB(2));
	if (stream->block_size)
		device->regions.items[0].block_size =
			stream->block_size == UINT64_MAX ? 0 : stream->block_size;
	if (stream->base)
		device->regions.items[0].base = stream->base;
	if (stream->decode_size)
		device->regions.items[0].decode_size = stream->decode_size;
	for (size_t i = 0; i < ACCEPTED_COUNT && stream->accepted[i].size; i++)
		add_accepted(device, stream->accepted[i].start, stream->accepted[i].size,
			     stream->accepted[i].tag);
	device->extents_available =
		stream->room ? (uint64_t)(stream->room > 0 ? stream->room : 0) : 128;
	if (stream->regions_unknown) {
		free(device->regions.items);
		memset(&device->regions, 0, sizeof(device->regions));
		copy_text(device->regions_unknown, sizeof(device->regions_unknown),
			  "it is not told");
	}
	if (stream->accepted_unknown)
		copy_text(device->accepted_unknown, sizeof(device->accepted_unknown),
			  "it is not told");
}

static size_t count_records(const struct stream *stream)
{
	size_t count = 0;

	while (count < RECORD_COUNT &&
	       (stream->records[count].handle || stream->records[count].length))
		count++;
	return count;
}

/* ---- what becomes of a stream ---- */

struct run {
	struct checker *checker;
	char text[4096];
	struct findings findings; /* of all batches */
	struct batch last;
	struct prediction prediction; /* of the last one */
};

static void say(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct run *run, const char *format, ...)
{
	size_t used = strlen(run->text);
	va_list args;

	va_start(args, format);
	vsnprintf(run->text + used, sizeof(run->text) - used, format, args);
	va_end(args);
}

static void say_number(struct run *run, int number)
{
	if (number < 0)
		say(run, "?");
	else
		say(run, "%d", number);
}

static void say_batch(struct run *run, const struct batch *batch)
{
	say(run, "%d %s%s%s%s%s", batch->number, extent_event_names[batch->event],
	    batch->open ? " open" : "", batch->mixed ? " mixed" : "",
	    batch->inferred ? " inferred" : "", batch->truncated ? " truncated" : "");
	if (batch_is_offer(batch))
		say(run, "%s", batch->shared == 1 ? " shared" : batch->shared ? " shared?" : "");
	say(run, "%s", batch->extents.count ? " " : "");
	list_each(extent, &batch->extents)
		say(run, "%c", extent->acceptable < 0 ? '?' : extent->acceptable ? '+' : '-');
}

static void say_prediction(struct run *run, const struct prediction *prediction)
{
	say(run, " ");
	say_number(run, prediction->leading);
	say(run, "/");
	say_number(run, prediction->acceptable);
	say(run, "%s", prediction->whole ? " whole" : "");
}

static int on_batch(void *context, struct batch *batch, struct error *err)
{
	struct run *run = context;
	size_t known = run->findings.list.count;

	(void)err;
	checker_batch(run->checker, batch, &run->findings, &run->prediction);
	say_batch(run, batch);
	if (batch_is_offer(batch))
		say_prediction(run, &run->prediction);
	for (size_t i = known; i < run->findings.list.count; i++)
		say(run, " %s%c", run->findings.list.items[i].id,
		    "!!?."[run->findings.list.items[i].severity]);
	say(run, "\n");
	batch_free(&run->last);
	run->last = *batch;
	memset(batch, 0, sizeof(*batch));
	return 0;
}

static void feed(struct grouper *grouper, const struct stream *stream)
{
	struct log_page page;
	uint8_t *bytes;
	size_t size = encode_page(&bytes, stream->records, count_records(stream));

	bytes[0] = stream->lost != 0;
	put_le(bytes + 4, stream->lost, 8);
	assert_int_equal(log_page_decode(&page, bytes, size, NULL), 0);
	assert_int_equal(page.size, size);
	if (!stream->no_more)
		assert_int_equal(grouper_add_page(grouper, &page, NULL), 0);
	for (size_t i = 0; i < page.count && stream->no_more; i++) {
		struct event_record record;

		event_record_decode(&record, page.records + i * EVENT_RECORD_SIZE);
		record.more = -1;
		assert_int_equal(grouper_add(grouper, &record, NULL), 0);
	}
	assert_int_equal(grouper_flush(grouper, NULL), 0);
	free(bytes);
}

static void run_stream(struct run *run, const struct stream *stream)
{
	cleanup_grouper struct grouper *grouper = grouper_new(on_batch, run);
	struct dc_device device;

	memset(run, 0, sizeof(*run));
	make_device(&device, stream);
	run->checker = checker_new(stream->nothing_known ? NULL : &device);
	record_free(&dc_device_record, &device); /* it was copied */
	feed(grouper, stream);
	checker_free(&run->checker);
}

static void end_run(struct run *run)
{
	findings_free(&run->findings);
	batch_free(&run->last);
}

static const struct stream *stream_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++)
		if (strcmp(streams[i].name, name) == 0)
			return &streams[i];
	fail_msg("no stream %s", name);
	return NULL;
}

static void test_streams(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		struct run run;

		run_stream(&run, &streams[i]);
		if (strcmp(run.text, streams[i].expected) != 0) {
			print_error("%s: expected\n%sgot\n%s", streams[i].name, streams[i].expected,
				    run.text);
			failed++;
		}
		end_run(&run);
	}
	assert_int_equal(failed, 0);
}

/* ---- what is said ---- */

/* The text of each finding, and what helps; one stream for each id that may be found. */
static const struct {
	const char *stream, *id, *evidence, *fix;
} says[] = {
	{"chain-open", "chain-open", "its closing record is not in the log",
	 "wait for the rest; if the log has lost it, reject all: cxl-iso respond-extents mem1 "
	 "--batch 1 --accept none --force=open-batch"},
	{"mixed-hosts", "mixed-events",
	 "another event, or one for another host, comes before its closing record",
	 "reject all: cxl-iso respond-extents mem1 --batch 1 --accept none --force=open-batch"},
	{"handle-zero", "handles-unusable", "handle 0 is no handle",
	 "have the device repaired: these records can not be cleared one by one"},
	{"handle-repeats", "handles-unusable", "handle 7 stands for several of its records",
	 "have the device repaired: these records can not be cleared one by one"},
	{"handles-missing", "records-missing",
	 "handle 3 follows handle 1: what was between is not in the log",
	 "ask the fabric manager what it offered: the batch may be larger than it seems"},
	{"inferred-one", "borders-inferred",
	 "the source does not tell where it ends: this is a guess",
	 "read the log itself, if it can be: --source=mailbox"},
	{"unknown-type", "unknown-event", "its records have a type or a length that is not defined",
	 "look for a newer cxl-iso: what follows may depend on it"},
	{"region-updated", "region-updated", "region 1 was configured anew",
	 "mind that what came before speaks of the region as it was"},
	{"zero-length", "zero-length", "extent 1 (at 0x0) has no length",
	 "leave it out of the answer"},
	{"wraps-around", "wraps-around",
	 "extent 1 (at 0xffffffffffe00000) goes beyond the end of all addresses with its 4194304 "
	 "bytes",
	 "leave it out of the answer"},
	{"outside", "outside-regions",
	 "extent 2 (0x80000000-0x801fffff) lies in no dynamic-capacity region",
	 "leave it out of the answer: the device would reject it"},
	{"crosses", "crosses-regions",
	 "extent 1 (0x1fe00000-0x203fffff) lies in several dynamic-capacity regions",
	 "leave it out of the answer: the device would reject it"},
	{"not-block-aligned-size", "not-block-aligned",
	 "extent 1 (0x20000000-0x201fffff) is not made of blocks of region 1, of 4194304 bytes "
	 "each",
	 "leave it out of the answer: the device would reject it"},
	{"not-mappable-size", "not-mappable",
	 "extent 1 (0x40000000-0x4000ffff) is not aligned to 2 MiB at both ends",
	 "leave it out of the answer: Linux can not map it as a dax device, and drops it"},
	{"overlap-in-batch", "overlap-in-batch", "extent 2 (0x200000-0x5fffff) overlaps extent 1",
	 "leave it out of the answer: the device would reject the answer"},
	{"around-the-first", "overlap-in-batch",
	 "extent 2 (0x0-0x9fffff) overlaps extent 1; likewise extents 3, 2 in all",
	 "leave it out of the answer: the device would reject the answer"},
	{"overlap-pending", "overlap-pending",
	 "extent 1 (0x200000-0x5fffff) overlaps extent 1 of batch 1",
	 "answer the earlier batch first, and look again"},
	{"overlap-accepted", "overlap-accepted",
	 "extent 1 (0x4000000-0x43fffff) overlaps 0x4200000-0x81fffff, which is accepted",
	 "leave it out of the answer: the device would reject it"},
	{"answered-already", "overlap-accepted",
	 "extent 1 (0x4000000-0x43fffff) is accepted already: the batch may have been answered",
	 "leave it out of the answer: the device would reject it"},
	{"tag-seen", "tag-seen",
	 "extent 1 (0x200000-0x3fffff) has tag 61616161-6161-6161-6161-616161616161, as has batch "
	 "1",
	 "reject it, and have the fabric manager choose another tag: the first batch with a tag "
	 "has "
	 "all of it"},
	{"tag-accepted", "tag-seen",
	 "extent 1 (0x0-0x1fffff) has tag 61616161-6161-6161-6161-616161616161, as have extents "
	 "that "
	 "are accepted",
	 "reject it, and have the fabric manager choose another tag: the first batch with a tag "
	 "has "
	 "all of it"},
	{"tag-spans-regions", "tag-spans-regions",
	 "extent 1 (0x0-0x3fffff) has tag 61616161-6161-6161-6161-616161616161, as have extents in "
	 "another dynamic-capacity region; likewise extents 2, 2 in all",
	 "reject it, and have the fabric manager offer a tag from one region alone"},
	{"shared-gap", "sequence-not-dense",
	 "extent 1 (0x0-0x1fffff) is one of 2 with tag 61616161-6161-6161-6161-616161616161, which "
	 "are not numbered from 0 to 1, each once; likewise extents 2, 2 in all",
	 "reject it: hosts that share it would not agree on the order"},
	{"shared-without-tag", "sequence-not-dense",
	 "extent 1 (0x0-0x1fffff) has the number 1, but no tag",
	 "reject it: hosts that share it would not agree on the order"},
	{"untagged", "untagged", "extent 1 (0x0-0x1fffff) has no tag; likewise extents 2, 2 in all",
	 "mind that Linux takes each for an allocation of its own"},
	{"too-many", "too-many-extents",
	 "extent 2 (0x200000-0x3fffff) is one more than the 1 that the device has room for; "
	 "likewise "
	 "extents 3, 2 in all",
	 "release extents first, or leave these out of the answer"},
	{"release-half-accepted", "release-not-accepted",
	 "extent 1 (0x4000000-0x43fffff) is not accepted",
	 "leave it: it was released already, or never accepted"},
	{"nothing-known", "zero-length", "extent 2 (at 0x0) has no length",
	 "leave it out of the answer"},
};

static const struct finding *finding_of(const struct run *run, const char *id)
{
	list_each(finding, &run->findings.list)
		if (strcmp(finding->id, id) == 0)
			return finding;
	fail_msg("no %s was found", id);
	return NULL;
}

static void test_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(says); i++) {
		const struct finding *finding;
		struct run run;

		run_stream(&run, stream_named(says[i].stream));
		finding = finding_of(&run, says[i].id);
		assert_string_equal(finding->evidence, says[i].evidence);
		assert_string_equal(finding->fix, says[i].fix);
		end_run(&run);
	}
}

/* What one batch has many of says nothing of the next. */
static void test_counts_begin_anew(void **state)
{
	static const struct stream stream = {
		.records = {ADD(1, 0, 2, MORE), ADD(2, 2, 2, MORE), ADD(3, 4, 2, TAG('a'), MORE),
			    ADD(4, 6, 2), ADD(5, 8, 2), ADD(6, 10, 2, MORE), ADD(7, 12, 2)}};
	static const char *const expected[] = {
		"extent 1 (0x0-0x1fffff) has no tag; likewise extents 2, 4, 3 in all",
		"extent 1 (0x800000-0x9fffff) has no tag",
		"extent 1 (0xa00000-0xbfffff) has no tag; likewise extents 2, 2 in all"};
	struct run run;

	(void)state;
	run_stream(&run, &stream);
	assert_int_equal(run.findings.list.count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(run.findings.list.items[i].evidence, expected[i]);
	end_run(&run);
}

static void test_object(void **state)
{
	struct run run;

	(void)state;
	run_stream(&run, stream_named("handles-missing"));
	assert_string_equal(finding_of(&run, "records-missing")->object, "batch 1");
	end_run(&run);
	run_stream(&run, stream_named("tag-seen"));
	assert_string_equal(finding_of(&run, "tag-seen")->object, "batch 2");
	end_run(&run);
}

/* A fix names the device as the user would, and something where nobody knows it. */
static void test_fix_without_device(void **state)
{
	struct batch batch = {.number = 5, .open = true};
	cleanup_checker struct checker *checker = checker_new(NULL);
	cleanup_findings struct findings findings = {0};
	struct dc_device device = {.address = "0000:0e:00.0"};

	(void)state;
	checker_batch(checker, &batch, &findings, NULL);
	assert_non_null(strstr(findings.list.items[0].fix, "respond-extents MEMDEV --batch 5 "));
	checker_update(checker, &device);
	checker_batch(checker, &batch, &findings, NULL);
	assert_non_null(strstr(findings.list.items[1].fix, "respond-extents 0000:0e:00.0 --batch"));
}

/* ---- predictions ---- */

static void test_prediction_text(void **state)
{
	static const struct {
		const char *stream, *text;
	} texts[] = {
		{"one", "a host could accept the extent, 2 MiB"},
		{"three-then-one", "a host could accept the extent, 2 MiB"},
		{"seven", "a host could accept all 7 extents, 14 MiB"},
		{"not-mappable-start", "a host could accept no extent; an answer gives up 2 MiB"},
		{"outside", "a host could accept 2 of 3 extents, 4 MiB; only the first 1 without a "
			    "gap; an answer gives up the other 2 MiB"},
		{"around-the-first",
		 "a host could accept 1 of 3 extents, 2 MiB; an answer gives up the other 12 MiB"},
		{"zero-length", "a host could accept 1 of 2 extents, 2 MiB; an answer gives up the "
				"other 0 B"},
		{"shared", "a host could accept all 3 extents, 6 MiB, together"},
		{"shared-one-bad",
		 "a host could accept none of 3 extents: shared capacity goes all or nothing"},
		{"chain-open", "what a host could accept is unknown until the batch is closed"},
		{"regions-unknown", "what a host could accept is unknown"},
		{"first-bad-rest-unknown", "what a host could accept is unknown"},
		{"release-of-pieces", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct run run;
		char text[256];

		run_stream(&run, stream_named(texts[i].stream));
		prediction_format(text, sizeof(text), &run.last, &run.prediction);
		assert_string_equal(text, texts[i].text);
		end_run(&run);
	}
}

static void check_prediction(const char *stream, const struct prediction *expected)
{
	struct run run;

	run_stream(&run, stream_named(stream));
	assert_int_equal(run.prediction.leading, expected->leading);
	assert_int_equal(run.prediction.leading_size, expected->leading_size);
	assert_int_equal(run.prediction.acceptable, expected->acceptable);
	assert_int_equal(run.prediction.acceptable_size, expected->acceptable_size);
	assert_int_equal(run.prediction.lost, expected->lost);
	assert_int_equal(run.prediction.lost_size, expected->lost_size);
	assert_int_equal(run.prediction.whole, expected->whole);
	end_run(&run);
}

static void test_prediction(void **state)
{
	(void)state;
	check_prediction("outside", &(struct prediction){1, 2, MIB(2), MIB(4), 2, MIB(4), false});
	check_prediction("seven", &(struct prediction){7, 7, MIB(14), MIB(14), 0, 0, false});
	check_prediction("shared-one-bad", &(struct prediction){0, 0, 0, 0, 3, MIB(6), true});
	check_prediction("shared", &(struct prediction){3, 3, MIB(6), MIB(6), 0, 0, true});
	check_prediction("first-bad-rest-unknown",
			 &(struct prediction){0, -1, 0, UNKNOWN, 2, MIB(4), false});
	check_prediction("regions-unknown",
			 &(struct prediction){-1, -1, UNKNOWN, UNKNOWN, -1, UNKNOWN, false});
	check_prediction("release-of-pieces",
			 &(struct prediction){-1, -1, UNKNOWN, UNKNOWN, -1, UNKNOWN, false});
}

/* ---- the device ---- */

static void check_device_says(const struct dc_device *device, const char *id, const char *evidence)
{
	cleanup_findings struct findings findings = {0};

	check_device(device, &findings);
	assert_int_equal(findings.list.count, id ? 1 : 0);
	if (!id)
		return;
	assert_string_equal(findings.list.items[0].id, id);
	assert_string_equal(findings.list.items[0].object, "mem1");
	assert_string_equal(findings.list.items[0].evidence, evidence);
	assert_true(findings.list.items[0].fix[0]);
	assert_int_equal(findings.list.items[0].severity, SEVERITY_WARNS);
}

static void test_device(void **state)
{
	struct dc_device device;

	(void)state;
	make_device(&device, &streams[0]);
	check_device_says(&device, NULL, NULL);
	device.lost = UNKNOWN;
	check_device_says(&device, NULL, NULL);
	device.lost = 3;
	check_device_says(&device, "log-overflow", "the log had no room for 3 records");
	device.lost = 65535;
	check_device_says(&device, "log-overflow", "the log had no room for 65535 records or more");
	device.lost = 0;
	device.incomplete = true;
	check_device_says(&device, "log-incomplete",
			  "the log goes on behind what could be read of it");
	device.incomplete = false;
	device.regions.items[1].block_size = 0;
	check_device_says(
		&device, "region-invalid",
		"region 1, of 0x10000000 bytes at 0x20000000 in blocks of 0x0, is none that "
		"there may be");
	record_free(&dc_device_record, &device);
}

static void test_regions_overlap(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct dc_device device;

	(void)state;
	make_device(&device, &streams[0]);
	device.regions.items[1].base = MIB(256);
	check_device(&device, &findings);
	assert_int_equal(findings.list.count, 2);
	assert_string_equal(findings.list.items[0].evidence,
			    "region 0, of 0x20000000 bytes at 0x0 in blocks of 0x200000, overlaps "
			    "another");
	record_free(&dc_device_record, &device);
}

static void test_region_of(void **state)
{
	struct dc_device device;

	(void)state;
	make_device(&device, &streams[0]);
	add_accepted(&device, MIB(512), MIB(256), 0);
	add_accepted(&device, MIB(512), MIB(258), 0);
	assert_int_equal(dc_region_of(&device, MIB(1024), MIB(256)), 2);
	assert_int_equal(dc_region_of(&device, MIB(1024), MIB(257)), -1);
	assert_int_equal(dc_region_of(&device, MIB(1024), UINT64_MAX), -1);
	device.regions.items[3].size = UINT64_MAX;
	assert_int_equal(dc_region_of(&device, MIB(1000), 1), -1);
	place_accepted(&device);
	assert_int_equal(device.accepted.items[0].dc_region, 1);
	assert_int_equal(device.accepted.items[1].dc_region, -1);
	record_free(&dc_device_record, &device);
}

static void test_all_batches(void **state)
{
	struct raw_record records[] = {ADD(1, 0, 2, TAG('a')), ADD(2, 0, 4, TAG('b'))};
	cleanup_grouper struct grouper *grouper = NULL;
	struct prediction predictions[2];
	struct findings findings[2] = {0};
	struct dc_device device;
	struct log_page page;
	uint8_t *bytes;
	size_t size = encode_page(&bytes, records, ARRAY_SIZE(records));

	(void)state;
	make_device(&device, &streams[0]);
	grouper = grouper_new(batch_keep, &device);
	assert_int_equal(log_page_decode(&page, bytes, size, NULL), 0);
	assert_int_equal(grouper_add_page(grouper, &page, NULL), 0);
	free(bytes);
	assert_int_equal(device.batches.count, 2);
	check_batches(&device, findings, predictions);
	assert_int_equal(findings[0].list.count, 0);
	assert_string_equal(findings[1].list.items[0].id, "overlap-pending");
	assert_int_equal(predictions[0].leading, 1);
	assert_int_equal(predictions[1].leading, 0);
	findings_free(&findings[1]);
	record_free(&dc_device_record, &device);
}

/* What was read anew counts; what is pending stays. */
static void test_update(void **state)
{
	struct batch batch = {.number = 1};
	cleanup_checker struct checker *checker = checker_new(NULL);
	cleanup_findings struct findings findings = {0};
	struct dc_device device;

	(void)state;
	make_device(&device, &streams[0]);
	add_accepted(&device, MIB(64), MIB(2), 0);
	event_record_extent(&(struct event_record){.handle = 1, .size = MIB(2)},
			    list_add(&batch.extents));
	checker_batch(checker, &batch, &findings, NULL);
	assert_int_equal(batch.extents.items[0].acceptable, -1);
	checker_update(checker, &device);
	checker_batch(checker, &batch, &findings, NULL);
	assert_string_equal(findings.list.items[findings.list.count - 2].id, "overlap-pending");
	batch.extents.items[0].start = MIB(64);
	findings_free(&findings);
	checker_batch(checker, &batch, &findings, NULL);
	assert_string_equal(findings.list.items[0].id, "overlap-accepted");
	checker_update(checker, NULL);
	findings_free(&findings);
	batch.extents.items[0].start = MIB(128);
	checker_batch(checker, &batch, &findings, NULL);
	assert_int_equal(batch.extents.items[0].acceptable, -1);
	assert_string_equal(findings.list.items[0].id, "untagged");
	batch_free(&batch);
	record_free(&dc_device_record, &device);
}

/* What was answered may be offered again. */
static void test_forget(void **state)
{
	struct batch batch = {.number = 1};
	cleanup_checker struct checker *checker = checker_new(NULL);
	cleanup_findings struct findings findings = {0};

	(void)state;
	event_record_extent(&(struct event_record){.handle = 1, .size = MIB(2), .tag = "a"},
			    list_add(&batch.extents));
	checker_batch(checker, &batch, &findings, NULL);
	checker_forget(checker, &batch);
	checker_batch(checker, &batch, &findings, NULL);
	assert_int_equal(findings.list.count, 0);
	checker_batch(checker, &batch, &findings, NULL);
	assert_int_equal(findings.list.count, 2);
	assert_string_equal(findings.list.items[0].id, "overlap-pending");
	assert_string_equal(findings.list.items[1].id, "tag-seen");
	batch_free(&batch);
}

/* A source may not tell the handles either. */
static void test_without_handles(void **state)
{
	struct batch batch = {.number = -1};
	cleanup_checker struct checker *checker = checker_new(NULL);
	cleanup_findings struct findings findings = {0};
	struct event_record record;

	(void)state;
	event_record_init(&record);
	record.size = MIB(2);
	record.tag[0] = 1;
	event_record_extent(&record, list_add(&batch.extents));
	record.start = MIB(2);
	event_record_extent(&record, list_add(&batch.extents));
	checker_batch(checker, &batch, &findings, NULL);
	assert_int_equal(findings.list.count, 0);
	batch_free(&batch);
}

/* A batch that is open has left no tag that could be forgotten. */
static void test_forget_open(void **state)
{
	struct batch batch = {.number = 1}, open = {.number = 2, .open = true};
	cleanup_checker struct checker *checker = checker_new(NULL);
	cleanup_findings struct findings findings = {0};

	(void)state;
	event_record_extent(&(struct event_record){.handle = 1, .size = MIB(2), .tag = "a"},
			    list_add(&batch.extents));
	event_record_extent(&(struct event_record){.handle = 2, .size = MIB(2), .tag = "a"},
			    list_add(&open.extents));
	checker_batch(checker, &batch, &findings, NULL);
	checker_batch(checker, &open, &findings, NULL);
	checker_forget(checker, &open);
	findings_free(&findings);
	checker_batch(checker, &batch, &findings, NULL);
	assert_int_equal(findings.list.count, 1);
	assert_string_equal(findings.list.items[0].id, "tag-seen");
	batch_free(&batch);
	batch_free(&open);
}

/* ---- streams of any length ---- */

static int refuse(void *context, struct batch *batch, struct error *err)
{
	(void)context;
	return (fail)(err, -7, "batch %d", batch->number);
}

static void test_handler_stops(void **state)
{
	struct raw_record records[] = {ADD(1, 0, 2), ADD(2, 2, 2)};
	cleanup_grouper struct grouper *grouper = grouper_new(refuse, NULL);
	struct error err = {0};
	struct log_page page;
	uint8_t *bytes;
	size_t size = encode_page(&bytes, records, ARRAY_SIZE(records));

	(void)state;
	assert_int_equal(log_page_decode(&page, bytes, size, NULL), 0);
	assert_int_equal(grouper_add_page(grouper, &page, &err), -7);
	assert_string_equal(err.text, "batch 1");
	assert_int_equal(grouper_records(grouper), 1);
	free(bytes);
}

static void test_open_is_seen(void **state)
{
	cleanup_grouper struct grouper *grouper = grouper_new(refuse, NULL);
	struct raw_record raw = ADD(9, 0, 2, MORE);
	uint8_t bytes[EVENT_RECORD_SIZE];
	struct event_record record;

	(void)state;
	assert_null(grouper_open(grouper));
	encode_record(bytes, &raw);
	event_record_decode(&record, bytes);
	assert_int_equal(grouper_add(grouper, &record, NULL), 0);
	assert_int_equal(grouper_open(grouper)->number, 9);
	assert_int_equal(grouper_open(grouper)->extents.count, 1);
	record.foreign = true;
	assert_int_equal(grouper_add(grouper, &record, NULL), 0);
	assert_int_equal(grouper_records(grouper), 2);
	assert_int_equal(grouper_foreign(grouper), 1);
}

/* A chain that never ends: what is kept of it is bounded, and that there was more is told. */
static void test_chain_too_long(void **state)
{
	cleanup_grouper struct grouper *grouper = NULL;
	struct event_record record;
	struct run run = {0};

	(void)state;
	run.checker = checker_new(NULL);
	grouper = grouper_new(on_batch, &run);
	event_record_init(&record);
	record.event = EXTENT_ADD;
	record.size = 4096;
	record.more = 1;
	for (int i = 0; i < BATCH_EXTENTS_MAX + 10; i++) {
		record.handle = i % 65535 + 1;
		record.start = (uint64_t)i * 8192;
		assert_int_equal(grouper_add(grouper, &record, NULL), 0);
	}
	assert_int_equal(grouper_flush(grouper, NULL), 0);
	assert_int_equal(run.last.extents.count, BATCH_EXTENTS_MAX);
	assert_true(run.last.truncated);
	assert_string_equal(finding_of(&run, "chain-too-long")->evidence,
			    "it has more than 65535 records");
	assert_string_equal(finding_of(&run, "not-mappable")->evidence,
			    "extent 1 (0x0-0xfff) is not aligned to 2 MiB at both ends; likewise "
			    "extents 2-65535, 65535 in all");
	assert_int_equal(run.findings.list.count, 4); /* open, too long, not mappable, untagged */
	checker_free(&run.checker);
	end_run(&run);
}

/* Many extents here and there: the text has room for some, and says that there are more. */
static void test_many_runs(void **state)
{
	struct batch batch = {.number = 1};
	cleanup_checker struct checker *checker = checker_new(NULL);
	cleanup_findings struct findings findings = {0};
	const char *evidence;

	(void)state;
	for (uint64_t i = 0; i < 200; i++)
		event_record_extent(&(struct event_record){.handle = (int)i + 1,
							   .start = MIB(4 * i),
							   .size = MIB(2) + i % 2,
							   .tag = "0123456789abcde"},
				    list_add(&batch.extents));
	checker_batch(checker, &batch, &findings, NULL);
	assert_int_equal(findings.list.count, 1);
	evidence = findings.list.items[0].evidence;
	assert_non_null(strstr(evidence, "likewise extents 4, 6, 8, 10, 12, "));
	assert_non_null(strstr(evidence, ", ..., 100 in all"));
	batch_free(&batch);
}

/* What the first record says of the batch. */
static void test_batch(void **state)
{
	struct stream stream = {.expected = "",
				.records = {ADD(3, 0, 2, MORE, .host = 7, .time = 11),
					    ADD(4, 2, 2, .host = 7, .time = 12)}};
	struct run run;

	(void)state;
	run_stream(&run, &stream);
	assert_int_equal(run.last.number, 3);
	assert_int_equal(run.last.host, 7);
	assert_int_equal(run.last.timestamp, 11);
	assert_int_equal(run.last.extents.items[1].handle, 4);
	assert_int_equal(run.last.extents.items[1].dc_region, 0);
	assert_int_equal(batch_size(&run.last), MIB(4));
	run.last.extents.items[0].size = UINT64_MAX;
	assert_int_equal(batch_size(&run.last), UINT64_MAX);
	end_run(&run);
}

/* Numbers may be missing in what was not kept. */
static void test_truncated_is_not_judged(void **state)
{
	struct batch batch = {.number = 1, .truncated = true};
	cleanup_checker struct checker *checker = checker_new(NULL);
	cleanup_findings struct findings findings = {0};

	(void)state;
	event_record_extent(
		&(struct event_record){.handle = 1, .size = MIB(2), .tag = "a", .sequence = 4},
		list_add(&batch.extents));
	checker_batch(checker, &batch, &findings, NULL);
	assert_int_equal(findings.list.count, 1);
	assert_string_equal(findings.list.items[0].id, "chain-too-long");
	batch_free(&batch);
}

static void test_valid_regions(void **state)
{
	static const struct {
		struct dc_region region;
		bool valid;
	} regions[] = {
		{{0, 0, MIB(256), MIB(256), MIB(2)}, true},
		{{0, 0, MIB(256), MIB(256), 64}, true},
		{{0, 0, MIB(256), MIB(256), 32}, false},
		{{0, 0, MIB(256), MIB(256), 0}, false},
		{{0, 0, MIB(258), MIB(258), MIB(6)}, false},
		{{0, 0, MIB(256), MIB(255), MIB(2)}, false},
		{{0, 0, MIB(256), MIB(258), MIB(2)}, false},
		{{0, 0, MIB(256), 0, MIB(2)}, false},
		{{0, -MIB(255), MIB(256), MIB(256), MIB(2)}, false},
		{{0, -MIB(257), MIB(256), MIB(256), MIB(2)}, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		assert_int_equal(dc_region_is_valid(&regions[i].region), regions[i].valid);
}

/* Each release of a piece out of the middle of what is pending makes two ranges of one. */
static void test_holes(void **state)
{
	const struct owner owner = {0};
	struct recent_ranges recent = {0};

	(void)state;
	recent_ranges_add(&recent, 0, UINT64_MAX, &owner);
	for (uint64_t i = 0; i < 4 * SEEN_MAX; i++) {
		recent_ranges_remove(&recent, 2 * i, 2 * i + 1);
		if (recent.young.count + recent.old.count > 2 * SEEN_MAX)
			fail_msg("%zu ranges", recent.young.count + recent.old.count);
	}
	recent_ranges_free(&recent);
}

/* What was accepted by a device of which less is known now is forgotten. */
static void test_update_forgets(void **state)
{
	struct batch batch = {.number = 1};
	cleanup_checker struct checker *checker = NULL;
	cleanup_findings struct findings findings = {0};
	struct dc_device device;

	(void)state;
	make_device(&device, &streams[0]);
	add_accepted(&device, 0, MIB(2), 'a');
	checker = checker_new(&device);
	event_record_extent(&(struct event_record){.handle = 1, .size = MIB(2)},
			    list_add(&batch.extents));
	copy_text(batch.extents.items[0].tag, TAG_TEXT_SIZE, device.accepted.items[0].tag);
	checker_update(checker, NULL);
	checker_batch(checker, &batch, &findings, NULL);
	assert_int_equal(findings.list.count, 0);
	batch_free(&batch);
	record_free(&dc_device_record, &device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_says),
		cmocka_unit_test(test_object),
		cmocka_unit_test(test_counts_begin_anew),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_truncated_is_not_judged),
		cmocka_unit_test(test_valid_regions),
		cmocka_unit_test(test_update_forgets),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_fix_without_device),
		cmocka_unit_test(test_prediction_text),
		cmocka_unit_test(test_prediction),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_regions_overlap),
		cmocka_unit_test(test_region_of),
		cmocka_unit_test(test_all_batches),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_without_handles),
		cmocka_unit_test(test_forget_open),
		cmocka_unit_test(test_handler_stops),
		cmocka_unit_test(test_open_is_seen),
		cmocka_unit_test(test_chain_too_long),
		cmocka_unit_test(test_many_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
