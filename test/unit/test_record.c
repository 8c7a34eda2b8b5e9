// SPDX-License-Identifier: GPL-2.0-or-later
/* model/: structs to JSON and back, documents, captures. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/engine.h"
#include "model.h"
#include "model/document.h"
#include "model/json_text.h"
#include "policy/findings.h"
#include "support.h"
#include "sys/atomic_file.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* ---- a record with a field of every type ---- */

static const char *const colors[] = {"red", "green", NULL};

struct leaf {
	int n;
};

/* The end of every sample: fields that may be unknown. */
#define KNOWN	 ",\"words\":\"a b\",\"bytes\":4096,\"perhaps\":true}"
#define UNKNOWNS ",\"words\":null,\"bytes\":null,\"perhaps\":null}"

struct sample {
	char text[8];
	uint64_t number;
	uint64_t serial;
	int small;
	bool flag;
	int color;
	LIST(struct leaf) leaves;
	struct leaf inner;
	char *words;
	uint64_t bytes;
	int perhaps;
};

/* clang-format off */
static const struct record leaf_record = { sizeof(struct leaf), (const struct field[]){
	INT(struct leaf, n),
	{} } };

static const struct record sample_record = { sizeof(struct sample), (const struct field[]){
	TEXT(struct sample, text),
	U64(struct sample, number),
	HEX(struct sample, serial),
	INT(struct sample, small),
	BOOL(struct sample, flag),
	ENUM(struct sample, color, colors),
	RECORDS(struct sample, leaves, leaf_record),
	RECORD(struct sample, inner, leaf_record),
	STRING(struct sample, words),
	SIZE(struct sample, bytes),
	MAYBE(struct sample, perhaps),
	{} } };
/* clang-format on */

#define GOOD                                                                                  \
	"{\"text\":\"seven77\",\"number\":1,\"serial\":\"0x1234\",\"small\":5,\"flag\":true," \
	"\"color\":\"green\",\"leaves\":[{\"n\":1},{\"n\":2}],\"inner\":{\"n\":3}" KNOWN

static void free_sample(struct sample *sample)
{
	record_free(&sample_record, sample);
}
#define cleanup_sample __attribute__((cleanup(free_sample)))

static struct json_object *parse(const char *text)
{
	struct json_object *json = json_tokener_parse(text);

	if (!json)
		fail_msg("the test's own JSON is wrong: %s", text);
	return json;
}

static const char *print(struct json_object *json)
{
	return json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
}

static void check_round_trip(const char *text)
{
	cleanup_json struct json_object *from = parse(text), *to = NULL;
	cleanup_sample struct sample sample = {0};
	struct error err = {0};

	check_error(record_from_json(&sample_record, &sample, from, "sample", &err), 0, &err, "",
		    "");
	to = record_to_json(&sample_record, &sample);
	assert_string_equal(print(to), text);
}

static void test_round_trip(void **state)
{
	(void)state;
	check_round_trip(GOOD);
	check_round_trip(
		"{\"text\":null,\"number\":0,\"serial\":null,\"small\":null,"
		"\"flag\":false,\"color\":\"red\",\"leaves\":[],\"inner\":{\"n\":null}" UNKNOWNS);
	check_round_trip(
		"{\"text\":null,\"number\":0,\"serial\":\"0x0\",\"small\":null,"
		"\"flag\":false,\"color\":\"red\",\"leaves\":[],\"inner\":{\"n\":null}" UNKNOWNS);
	check_round_trip("{\"text\":\"\\\"\\\\ ~\",\"number\":18446744073709551615,"
			 "\"serial\":\"0xfffffffffffffffe\",\"small\":2147483647,\"flag\":true,"
			 "\"color\":\"red\",\"leaves\":[{\"n\":0}],\"inner\":{\"n\":0},\"words\":"
			 "\"\",\"bytes\":0,\"perhaps\":false}");
}

/* What is written straight to a stream is what json-c makes of it. */
static void check_written(const struct record *record, const void *data)
{
	cleanup_json struct json_object *json = record_to_json(record, data);
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	json_write_record(stream, record, data);
	fclose(stream);
	assert_string_equal(text,
			    json_object_to_json_string_ext(json,
							   JSON_C_TO_STRING_SPACED |
								   JSON_C_TO_STRING_NOSLASHESCAPE));
	free(text);
}

static void test_written(void **state)
{
	cleanup_sample struct sample sample = {.text = "a/\"b\\", .number = UINT64_MAX, .small = 0};
	char awkward[256];

	(void)state;
	check_written(&sample_record, &sample);
	for (int i = 0; i < 255; i++)
		awkward[i] = (char)(i + 1);
	awkward[255] = '\0';
	sample.words = xstrdup(awkward);
	sample.serial = sample.bytes = UNKNOWN;
	sample.small = sample.perhaps = -1;
	list_add(&sample.leaves)->n = INT_MIN;
	check_written(&sample_record, &sample);
	list_add(&sample.leaves)->n = INT_MAX;
	list_add(&sample.leaves)->n = -1;
	sample.serial = 0;
	sample.bytes = 1000000000000000000;
	sample.perhaps = 1;
	sample.flag = true;
	sample.color = 1;
	check_written(&sample_record, &sample);
	for (size_t length = 3900; length < 4200; length++) { /* about the size of the buffer */
		free(sample.words);
		sample.words = xcalloc(length + 1, 1);
		memset(sample.words, 'x', length);
		check_written(&sample_record, &sample);
	}
}

static void test_values_arrive(void **state)
{
	cleanup_json struct json_object *json = parse(GOOD);
	cleanup_sample struct sample sample = {0};

	(void)state;
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	assert_string_equal(sample.text, "seven77");
	assert_int_equal(sample.number, 1);
	assert_int_equal(sample.serial, 0x1234);
	assert_int_equal(sample.small, 5);
	assert_true(sample.flag);
	assert_int_equal(sample.color, 1);
	assert_int_equal(sample.leaves.count, 2);
	assert_int_equal(sample.leaves.items[0].n, 1);
	assert_int_equal(sample.leaves.items[1].n, 2);
	assert_int_equal(sample.inner.n, 3);
	assert_string_equal(sample.words, "a b");
	assert_int_equal(sample.bytes, 4096);
	assert_int_equal(sample.perhaps, 1);
}

static void test_null_is_unknown(void **state)
{
	cleanup_json struct json_object *json = parse(GOOD);
	cleanup_sample struct sample sample = {0};

	(void)state;
	json_object_object_add(json, "text", NULL);
	json_object_object_add(json, "small", NULL);
	json_object_object_add(json, "serial", NULL);
	json_object_object_add(json, "words", NULL);
	json_object_object_add(json, "bytes", NULL);
	json_object_object_add(json, "perhaps", NULL);
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	assert_string_equal(sample.text, "");
	assert_int_equal(sample.small, -1);
	assert_true(sample.serial == UNKNOWN);
	assert_null(sample.words);
	assert_true(sample.bytes == UNKNOWN);
	assert_int_equal(sample.perhaps, -1);
}

/* The number that stands for it is not told apart: it is null when it is written again. */
static void test_largest_is_unknown(void **state)
{
	cleanup_json struct json_object *json = parse(GOOD), *again = NULL;
	cleanup_sample struct sample sample = {0};

	(void)state;
	json_object_object_add(json, "serial", json_object_new_string("0xffffffffffffffff"));
	json_object_object_add(json, "bytes", json_object_new_uint64(UINT64_MAX));
	json_object_object_add(json, "number", json_object_new_uint64(UINT64_MAX));
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	again = record_to_json(&sample_record, &sample);
	assert_true(json_object_object_get(again, "serial") == NULL);
	assert_true(json_object_object_get(again, "bytes") == NULL);
	assert_true(json_object_get_uint64(json_object_object_get(again, "number")) == UINT64_MAX);
}

/* 2^64 and more can not be held; json-c makes the largest number of it, which is unknown. */
static void test_too_large_is_unknown(void **state)
{
	cleanup_json struct json_object *json = parse(GOOD);
	cleanup_sample struct sample sample = {0};

	(void)state;
	json_object_object_add(json, "bytes", parse("18446744073709551616"));
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	assert_true(sample.bytes == UNKNOWN);
}

/* As long as it likes: no array limits it. */
static void test_long_string(void **state)
{
	cleanup_json struct json_object *json = parse(GOOD), *again = NULL;
	cleanup_sample struct sample sample = {0};
	cleanup_free char *text = xcalloc(1, 100001);

	(void)state;
	memset(text, 'x', 100000);
	json_object_object_add(json, "words", json_object_new_string(text));
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	assert_string_equal(sample.words, text);
	again = record_to_json(&sample_record, &sample);
	assert_string_equal(print(again), print(json));
}

/* It will go to a terminal, and into JSON again. */
static void test_text_becomes_printable(void **state)
{
	cleanup_json struct json_object *json = parse(GOOD);
	cleanup_sample struct sample sample = {0};

	(void)state;
	json_object_object_add(json, "text", json_object_new_string("\033[2J\t\xff~"));
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	assert_string_equal(sample.text, "?[2J??~");
	json_object_object_add(json, "words", json_object_new_string("\033]0;\007\xc3\xa4 ~"));
	record_free(&sample_record, &sample);
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	assert_string_equal(sample.words, "?]0;??? ~");
}

static void test_more_keys_are_left_alone(void **state)
{
	cleanup_json struct json_object *json = parse(GOOD);
	cleanup_sample struct sample sample = {0};

	(void)state;
	json_object_object_add(json, "of-a-later-version", parse("[{\"x\":[]}]"));
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	assert_int_equal(sample.leaves.count, 2);
}

/* Another program may write them so. */
static void test_keys_in_any_order(void **state)
{
	cleanup_json struct json_object *json =
		parse("{\"inner\":{\"n\":3},\"text\":\"a\",\"leaves\":[],\"more\":1,\"flag\":true,"
		      "\"number\":1,\"small\":5,\"serial\":\"0x2\",\"color\":\"green\"" KNOWN);
	cleanup_sample struct sample sample = {0};

	(void)state;
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	assert_string_equal(sample.text, "a");
	assert_int_equal(sample.number, 1);
	assert_int_equal(sample.serial, 2);
	assert_int_equal(sample.small, 5);
	assert_true(sample.flag);
	assert_int_equal(sample.color, 1);
	assert_int_equal(sample.inner.n, 3);
}

/* Lists of any length that were loaded grow like those that were appended to from the start. */
static void test_loaded_list_grows(void **state)
{
	(void)state;
	for (int count = 0; count < 20; count++) {
		cleanup_json struct json_object *json = parse(GOOD), *leaves = NULL;
		cleanup_sample struct sample sample = {0};

		json_object_object_add(json, "leaves", json_object_new_array());
		json_object_object_get_ex(json, "leaves", &leaves);
		json_object_get(leaves);
		for (int i = 0; i < count; i++)
			json_object_array_add(leaves, parse("{\"n\":7}"));
		assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL),
				 0);
		while (sample.leaves.count < 50)
			list_add(&sample.leaves)->n = 8;
		for (int i = 0; i < 50; i++)
			assert_int_equal(sample.leaves.items[i].n, i < count ? 7 : 8);
	}
}

/* GOOD with one value replaced (NULL: taken away), and what must be said about it. */
struct bad_value {
	const char *key, *value, *text;
};

static void check_bad_value(const struct bad_value *bad)
{
	cleanup_json struct json_object *json = parse(GOOD);
	cleanup_sample struct sample sample = {0};
	struct error err = {0};
	int rc;

	json_object_object_del(json, bad->key);
	if (bad->value)
		json_object_object_add(json, bad->key,
				       strcmp(bad->value, "null") ? parse(bad->value) : NULL);
	rc = record_from_json(&sample_record, &sample, json, "sample", &err);
	if (!rc)
		fail_msg("%s: %s was taken", bad->key, bad->value ? bad->value : "nothing");
	check_error(rc, -EINVAL, &err, bad->text, "");
}

#define TEXT_TYPE "sample.text: expected a string or null"
#define TEXT_SIZE "sample.text: expected a string of at most 7 characters"
#define NUMBER	  "sample.number: expected an unsigned number"
#define SERIAL	  "sample.serial: expected a string with a hexadecimal number, \"0x...\""
#define SMALL	  "sample.small: expected a small unsigned number or null"
#define FLAG	  "sample.flag: expected true or false"
#define WORDS	  "sample.words: expected a string or null"
#define BYTES	  "sample.bytes: expected an unsigned number"
#define PERHAPS	  "sample.perhaps: expected true, false or null"
#define COLOR	  "sample.color: expected one of \"red\", \"green\""

static const struct bad_value bad_texts[] = {
	{"text", NULL, "sample.text is missing"},
	{"text", "5", TEXT_TYPE},
	{"text", "true", TEXT_TYPE},
	{"text", "[]", TEXT_TYPE},
	{"text", "{}", TEXT_TYPE},
	{"text", "\"eight888\"", TEXT_SIZE},
	{"text", "\"a\\u0000b\"", TEXT_SIZE},
	{"serial", NULL, "sample.serial is missing"},
	{"serial", "5", SERIAL},
	{"serial", "\"\"", SERIAL},
	{"serial", "\"5\"", SERIAL},
	{"serial", "\"0x\"", SERIAL},
	{"serial", "\"0xg\"", SERIAL},
	{"serial", "\"0X1\"", SERIAL},
	{"serial", "\"0x 1\"", SERIAL},
	{"serial", "\"0x+1\"", SERIAL},
	{"serial", "\"0x-1\"", SERIAL},
	{"serial", "\"-0x1\"", SERIAL},
	{"serial", "\" 0x1\"", SERIAL},
	{"serial", "\"0x1 \"", SERIAL},
	{"serial", "\"0x10000000000000000\"", SERIAL},
	{"serial", "\"0x1\\u0000\"", SERIAL},
	{"words", NULL, "sample.words is missing"},
	{"words", "5", WORDS},
	{"words", "true", WORDS},
	{"words", "[\"a\"]", WORDS},
	{"words", "{}", WORDS},
	{"words", "\"a\\u0000b\"", WORDS},
	{"words", "\"\\u0000\"", WORDS},
	{"color", NULL, "sample.color is missing"},
	{"color", "null", COLOR},
	{"color", "1", COLOR},
	{"color", "\"\"", COLOR},
	{"color", "\"gree\"", COLOR},
	{"color", "\"Green\"", COLOR},
	{"color", "[\"green\"]", COLOR},
	{"color", "\"green\\u0000\"", COLOR},
};

static const struct bad_value bad_numbers[] = {
	{"number", NULL, "sample.number is missing"},
	{"number", "null", NUMBER},
	{"number", "-1", NUMBER},
	{"number", "-9223372036854775808", NUMBER},
	{"number", "1.0", NUMBER},
	{"number", "1e3", NUMBER},
	{"number", "\"1\"", NUMBER},
	{"number", "true", NUMBER},
	{"number", "[1]", NUMBER},
	{"small", NULL, "sample.small is missing"},
	{"small", "-1", SMALL},
	{"small", "-9223372036854775808", SMALL},
	{"small", "2147483648", SMALL},
	{"small", "4294967296", SMALL},
	{"small", "18446744073709551615", SMALL},
	{"small", "5.0", SMALL},
	{"small", "\"5\"", SMALL},
	{"small", "false", SMALL},
	{"bytes", NULL, "sample.bytes is missing"},
	{"bytes", "-1", BYTES},
	{"bytes", "-9223372036854775808", BYTES},
	{"bytes", "4096.0", BYTES},
	{"bytes", "\"4096\"", BYTES},
	{"bytes", "false", BYTES},
	{"bytes", "[]", BYTES},
	{"perhaps", NULL, "sample.perhaps is missing"},
	{"perhaps", "0", PERHAPS},
	{"perhaps", "1", PERHAPS},
	{"perhaps", "-1", PERHAPS},
	{"perhaps", "\"true\"", PERHAPS},
	{"perhaps", "[]", PERHAPS},
	{"flag", NULL, "sample.flag is missing"},
	{"flag", "null", FLAG},
	{"flag", "0", FLAG},
	{"flag", "1", FLAG},
	{"flag", "\"true\"", FLAG},
};

static const struct bad_value bad_nests[] = {
	{"leaves", NULL, "sample.leaves is missing"},
	{"leaves", "null", "sample.leaves: expected an array"},
	{"leaves", "{}", "sample.leaves: expected an array"},
	{"leaves", "\"[]\"", "sample.leaves: expected an array"},
	{"leaves", "[null]", "sample.leaves[0]: expected an object"},
	{"leaves", "[{\"n\":1},[]]", "sample.leaves[1]: expected an object"},
	{"leaves", "[{\"n\":1},{}]", "sample.leaves[1].n is missing"},
	{"leaves", "[{\"n\":1},{\"n\":2},{\"n\":\"3\"}]",
	 "sample.leaves[2].n: expected a small unsigned number or null"},
	{"inner", NULL, "sample.inner is missing"},
	{"inner", "null", "sample.inner: expected an object"},
	{"inner", "[]", "sample.inner: expected an object"},
	{"inner", "{}", "sample.inner.n is missing"},
	{"inner", "{\"n\":true}", "sample.inner.n: expected a small unsigned number or null"},
};

static void test_bad_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_texts); i++)
		check_bad_value(&bad_texts[i]);
}

static void test_bad_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_numbers); i++)
		check_bad_value(&bad_numbers[i]);
}

static void test_bad_nests(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_nests); i++)
		check_bad_value(&bad_nests[i]);
}

static void test_no_object(void **state)
{
	static const char *const texts[] = {"[]", "\"{}\"", "5", "true"};
	cleanup_sample struct sample sample = {0};
	struct error err = {0};

	(void)state;
	check_error(record_from_json(&sample_record, &sample, NULL, "sample", &err), -EINVAL, &err,
		    "sample: expected an object", "");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_json struct json_object *json = parse(texts[i]);

		err = (struct error){0};
		check_error(record_from_json(&sample_record, &sample, json, "sample", &err),
			    -EINVAL, &err, "sample: expected an object", "");
	}
}

/* A place too long to be said must not be written beyond its buffer. */
static void test_long_place(void **state)
{
	cleanup_json struct json_object *json = parse("{\"text\":5}");
	cleanup_sample struct sample sample = {0};
	struct error err = {0};
	char where[600];

	(void)state;
	memset(where, 'w', sizeof(where) - 1);
	where[sizeof(where) - 1] = '\0';
	assert_int_equal(record_from_json(&sample_record, &sample, json, where, &err), -EINVAL);
	assert_true(starts_with(err.text, "wwww"));
}

static void test_free_zeroes(void **state)
{
	cleanup_json struct json_object *json = parse(GOOD);
	struct sample sample = {0}, zero = {0};

	(void)state;
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	record_free(&sample_record, &sample);
	assert_memory_equal(&sample, &zero, sizeof(zero));
	record_free(&sample_record, &sample); /* once more is harmless */
}

/* ---- the records there are ---- */

static const struct field *field_behind(const struct record *record, size_t offset)
{
	const struct field *found = NULL;

	for (const struct field *field = record->fields; field->key; field++)
		if (field->offset >= offset && (!found || field->offset < found->offset))
			found = field;
	return found;
}

/* Nothing of the struct is left out but padding: what has no field is in no file. */
static void check_covered(const struct record *record)
{
	size_t end = 0;

	for (const struct field *field = field_behind(record, 0); field;
	     field = field_behind(record, end)) {
		if (field->offset - end >= sizeof(uint64_t))
			fail_msg("%zu bytes before %s", field->offset - end, field->key);
		end = field->offset + field->size;
		if (field->record)
			check_covered(field->record);
	}
	if (record->size - end >= sizeof(uint64_t))
		fail_msg("%zu bytes at the end", record->size - end);
}

static void test_covered(void **state)
{
	(void)state;
	check_covered(&host_record);
	check_covered(&findings_record);
	check_covered(&journal_record);
	check_covered(&step_report_record);
}

/* ---- lists ---- */

static int descending(const void *a, const void *b)
{
	return *(const int *)b - *(const int *)a;
}

static void test_list(void **state)
{
	LIST(int) list = {0};
	int seen = 0;

	(void)state;
	list_each(item, &list)
		seen++;
	list_sort(&list, descending);
	assert_int_equal(seen, 0);
	for (int i = 0; i < 100; i++) {
		int *item = list_add(&list);

		assert_int_equal(*item, 0);
		*item = i;
	}
	list_sort(&list, descending);
	list_each(item, &list)
		assert_int_equal(*item, 99 - seen++);
	assert_int_equal(seen, 100);
	free(list.items);
}

/* ---- documents ---- */

static void check_document(const char *text, const char *expected)
{
	cleanup_json struct json_object *json = parse(text);
	struct error err = {0};

	check_error(document_check(json, "ours/thing", 3, "FILE", &err), expected[0] ? -EINVAL : 0,
		    &err, expected, "");
}

#define NO_SCHEMA "FILE: expected a document of schema ours/thing, found no schema"

static void test_document_check(void **state)
{
	cleanup_json struct json_object *ours = document_new("ours/thing", 3);

	(void)state;
	assert_string_equal(print(ours), "{\"schema\":\"ours\\/thing\",\"version\":3}");
	check_document("{\"schema\":\"ours/thing\",\"version\":3}", "");
	check_document("{\"version\":3,\"more\":1,\"schema\":\"ours/thing\"}", "");
	check_document("{}", NO_SCHEMA);
	check_document("[]", NO_SCHEMA);
	check_document("\"ours/thing\"", NO_SCHEMA);
	check_document("{\"schema\":\"ours/thing\"}", NO_SCHEMA);
	check_document("{\"version\":3}", NO_SCHEMA);
	check_document("{\"schema\":5,\"version\":3}", NO_SCHEMA);
	check_document("{\"schema\":null,\"version\":3}", NO_SCHEMA);
	check_document("{\"schema\":\"ours/thing\",\"version\":\"3\"}", NO_SCHEMA);
	check_document("{\"schema\":\"ours/thing\",\"version\":3.0}", NO_SCHEMA);
	check_document("{\"schema\":\"ours/thin\",\"version\":3}",
		       "FILE: expected a document of schema ours/thing, found ours/thin");
	check_document("{\"schema\":\"ours/things\",\"version\":3}",
		       "FILE: expected a document of schema ours/thing, found ours/things");
	check_document("{\"schema\":\"ours/thing\",\"version\":4}",
		       "FILE: expected version 3 of schema ours/thing, found 4");
	check_document("{\"schema\":\"ours/thing\",\"version\":-3}",
		       "FILE: expected version 3 of schema ours/thing, found -3");
}

static void test_document_version_does_not_wrap(void **state)
{
	cleanup_json struct json_object *json =
		parse("{\"schema\":\"ours/thing\",\"version\":4294967299}");
	struct error err = {0};

	(void)state;
	assert_int_equal(document_check(json, "ours/thing", 3, "FILE", &err), -EINVAL);
}

struct text_file {
	char path[64];
};

static void remove_text(struct text_file *file)
{
	unlink(file->path);
}
#define cleanup_text_file __attribute__((cleanup(remove_text)))

static struct text_file text_file(const char *text, size_t length)
{
	struct text_file file = {"/tmp/test-record.XXXXXX"};
	int fd = mkstemp(file.path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
	return file;
}

/* Reading @text fails, and the error is the path followed by @expected. */
static void check_unread(const char *text, size_t length, int code, const char *expected)
{
	cleanup_text_file struct text_file file = text_file(text, length);
	cleanup_json struct json_object *document = NULL;
	char whole[PATH_MAX];
	struct error err = {0};
	int rc = document_read(file.path, &document, &err);

	if (!rc)
		fail_msg("read without complaint: %s", text);
	snprintf(whole, sizeof(whole), "%s: %s", file.path, expected);
	check_error(rc, code, &err, whole, "");
}

/* What exactly is wrong, the library says in its own words; "continue" and "success" are none. */
static void check_broken(const char *text)
{
	cleanup_text_file struct text_file file = text_file(text, strlen(text));
	struct json_object *document = NULL;
	char expected[PATH_MAX];
	struct error err = {0};

	if (document_read(file.path, &document, &err) != -EINVAL)
		fail_msg("read without complaint: %s", text);
	snprintf(expected, sizeof(expected), "%s: expected a JSON document", file.path);
	if (!starts_with(err.text, expected) || strstr(err.text, "continue") ||
	    strstr(err.text, "success"))
		fail_msg("%s: %s", text, err.text);
	assert_null(document);
}

static void test_read_broken(void **state)
{
	static const char *const texts[] = {
		"",	      " \n",	     "{",     "{\"a\":",	"[1,",
		"\"a",	      "tru",	     "{a:1}", "{\"a\":1,}",	"{\"a\":x}",
		"{\"a\":01}", "/* no */ {}", "null",  "\xef\xbb\xbf{}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		check_broken(texts[i]);
}

static void test_read_trailing(void **state)
{
	static const char zero[] = "{}\n\0{}";

	(void)state;
	check_unread("{} {}", 5, -EINVAL, "text after the end of the JSON document");
	check_unread("{}x", 3, -EINVAL, "text after the end of the JSON document");
	check_unread(zero, sizeof(zero), -EINVAL, "text after the end of the JSON document");
}

/* Where one piece that is read ends and the next begins makes no difference. */
static void test_read_trailing_far(void **state)
{
	(void)state;
	for (size_t length = 65530; length < 65540; length++) {
		cleanup_free char *text = xcalloc(1, length + 2);

		memset(text, ' ', length);
		memcpy(text + length - 2, "{}", 2);
		{
			cleanup_text_file struct text_file file = text_file(text, length);
			cleanup_json struct json_object *document = NULL;
			struct error err = {0};

			check_error(document_read(file.path, &document, &err), 0, &err, "", "");
		}
		text[length] = 'x';
		check_unread(text, length + 1, -EINVAL, "text after the end of the JSON document");
		text[length - 1] = ' ';
		check_broken(text);
	}
}

static void test_read_deep(void **state)
{
	char deep[2001] = "";

	(void)state;
	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	check_broken(deep);
}

static void test_read_good(void **state)
{
	static const char text[] = " {\"a\" : [18446744073709551615]}\r\n\t ";
	cleanup_text_file struct text_file file = text_file(text, sizeof(text) - 1);
	cleanup_json struct json_object *document = NULL;
	struct error err = {0};

	(void)state;
	check_error(document_read(file.path, &document, &err), 0, &err, "", "");
	assert_string_equal(print(document), "{\"a\":[18446744073709551615]}");
}

/* Larger than the first buffer, and of the very size at which it is full. */
static void test_read_large(void **state)
{
	static const size_t lengths[] = {65535, 65536, 200000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		cleanup_free char *text = xcalloc(1, lengths[i] + 1);
		cleanup_json struct json_object *document = NULL;
		struct error err = {0};

		memset(text, 'x', lengths[i]);
		text[0] = text[lengths[i] - 1] = '"';
		{
			cleanup_text_file struct text_file file = text_file(text, lengths[i]);

			check_error(document_read(file.path, &document, &err), 0, &err, "", "");
		}
		assert_int_equal(json_object_get_string_len(document), lengths[i] - 2);
	}
}

static void test_read_missing(void **state)
{
	struct json_object *document;
	struct error err = {0};

	(void)state;
	check_error(document_read("/nonexistent/file", &document, &err), -ENOENT, &err,
		    "cannot open /nonexistent/file: No such file or directory", "");
	assert_null(document);
}

static void test_read_directory(void **state)
{
	struct json_object *document;
	struct error err = {0};

	(void)state;
	assert_true(document_read("/tmp", &document, &err) < 0);
	assert_true(starts_with(err.text, "cannot read /tmp"));
	assert_null(document);
}

static void test_read_standard_input(void **state)
{
	cleanup_text_file struct text_file file = text_file("[1]", 3);
	cleanup_json struct json_object *document = NULL;
	struct error err = {0};

	(void)state;
	assert_non_null(freopen(file.path, "r", stdin));
	check_error(document_read("-", &document, &err), 0, &err, "", "");
	assert_string_equal(print(document), "[1]");
}

/* A hole, so that it costs no disk. */
static void test_read_too_large(void **state)
{
	cleanup_text_file struct text_file file = text_file("", 0);
	char expected[PATH_MAX];
	struct json_object *document;
	struct error err = {0};

	(void)state;
	assert_int_equal(truncate(file.path, (256 << 20) + 1), 0);
	snprintf(expected, sizeof(expected), "%s: larger than any document of ours", file.path);
	check_error(document_read(file.path, &document, &err), -EFBIG, &err, expected, "");
	assert_null(document);
}

/* ---- captures ---- */

static char *printed(const struct host *host)
{
	cleanup_json struct json_object *capture = capture_to_json(host);

	return xstrdup(print(capture));
}

static void save_and_load(const struct host *host, struct host *loaded)
{
	cleanup_free char *text = printed(host);
	cleanup_text_file struct text_file file = text_file(text, strlen(text));
	cleanup_json struct json_object *document = NULL;
	struct error err = {0};

	check_error(document_read(file.path, &document, &err), 0, &err, "", "");
	check_error(capture_from_json(loaded, document, "FILE", &err), 0, &err, "", "");
}

static void test_capture_text(void **state)
{
	cleanup_host struct host host = {0}, loaded = {0};
	cleanup_free char *before = NULL, *after = NULL;

	(void)state;
	model_rich(&host);
	before = printed(&host);
	save_and_load(&host, &loaded);
	after = printed(&loaded);
	assert_string_equal(before, after);
}

/* Bytes, not JSON: a field that the description forgets is lost in both texts alike. */
#define check_same_items(a, b)                                                                 \
	do {                                                                                   \
		assert_int_equal((a)->count, (b)->count);                                      \
		assert_int_not_equal((a)->count, 0);                                           \
		assert_memory_equal((a)->items, (b)->items, (a)->count * sizeof(*(a)->items)); \
	} while (0)

/* The same for items that have a list themselves: compare that, then the rest without it. */
#define check_same_nests(a, b, nested)                                                    \
	do {                                                                              \
		assert_int_equal((a)->count, (b)->count);                                 \
		assert_int_not_equal((a)->count, 0);                                      \
		for (size_t i_ = 0; i_ < (a)->count; i_++) {                              \
			__typeof__(*(a)->items) x_ = (a)->items[i_], y_ = (b)->items[i_]; \
			assert_int_equal(x_.nested.count, y_.nested.count);               \
			if (x_.nested.count)                                              \
				check_same_items(&x_.nested, &y_.nested);                 \
			memset(&x_.nested, 0, sizeof(x_.nested));                         \
			memset(&y_.nested, 0, sizeof(y_.nested));                         \
			assert_memory_equal(&x_, &y_, sizeof(x_));                        \
		}                                                                         \
	} while (0)

/* The same for items that have a string: compare that, then the rest without it. */
#define check_same_strings(a, b, string)                                                  \
	do {                                                                              \
		assert_int_equal((a)->count, (b)->count);                                 \
		assert_int_not_equal((a)->count, 0);                                      \
		for (size_t i_ = 0; i_ < (a)->count; i_++) {                              \
			__typeof__(*(a)->items) x_ = (a)->items[i_], y_ = (b)->items[i_]; \
			check_same_string(x_.string, y_.string);                          \
			x_.string = y_.string = NULL;                                     \
			assert_memory_equal(&x_, &y_, sizeof(x_));                        \
		}                                                                         \
	} while (0)

static void check_same_string(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_string_equal(a, b);
}

static void check_same_processes(const struct host *a, const struct host *b)
{
	assert_int_equal(a->processes.count, b->processes.count);
	assert_int_not_equal(a->processes.count, 0);
	for (size_t i = 0; i < a->processes.count; i++) {
		struct process x = a->processes.items[i], y = b->processes.items[i];

		check_same_string(x.cgroup, y.cgroup);
		check_same_string(x.arguments, y.arguments);
		x.cgroup = x.arguments = y.cgroup = y.arguments = NULL;
		assert_memory_equal(&x, &y, sizeof(x));
	}
}

static void check_same_nodes(const struct host *a, const struct host *b)
{
	assert_int_equal(a->nodes.count, b->nodes.count);
	for (size_t i = 0; i < a->nodes.count; i++) {
		struct node x = a->nodes.items[i], y = b->nodes.items[i];

		assert_int_equal(x.zones.count, y.zones.count);
		if (x.zones.count)
			check_same_items(&x.zones, &y.zones);
		assert_int_equal(x.huge_pools.count, y.huge_pools.count);
		if (x.huge_pools.count)
			check_same_items(&x.huge_pools, &y.huge_pools);
		memset(&x.zones, 0, sizeof(x.zones));
		memset(&y.zones, 0, sizeof(y.zones));
		memset(&x.huge_pools, 0, sizeof(x.huge_pools));
		memset(&y.huge_pools, 0, sizeof(y.huge_pools));
		assert_memory_equal(&x, &y, sizeof(x));
	}
}

static void check_same_system(const struct system *a, const struct system *b)
{
	struct system x = *a, y = *b;

	check_same_items(&x.udev_rules, &y.udev_rules);
	memset(&x.udev_rules, 0, sizeof(x.udev_rules));
	memset(&y.udev_rules, 0, sizeof(y.udev_rules));
	assert_memory_equal(&x, &y, sizeof(x));
}

/* Every list of the host has an item, and every one of an item, somewhere. */
static void check_lists(const struct record *record, const void *data, const char *where)
{
	for (const struct field *field = record->fields; field->key; field++) {
		LIST(char) list;

		if (field->type != FIELD_LIST)
			continue;
		memcpy(&list, (const char *)data + field->offset, sizeof(list));
		if (!list.count)
			fail_msg("%s: no %s", where, field->key);
	}
}

static void test_rich_has_everything(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	check_lists(&host_record, &host, "host");
	check_lists(&node_record, &host.nodes.items[0], "node");
	check_lists(&function_record, &host.functions.items[0], "function");
	check_written(&host_record, &host);
	assert_int_not_equal(host.system.udev_rules.count, 0);
}

static void test_capture_bytes(void **state)
{
	cleanup_host struct host host = {0}, loaded = {0};

	(void)state;
	model_rich(&host);
	save_and_load(&host, &loaded);
	assert_memory_equal(&host, &loaded, offsetof(struct host, bridges));
	check_same_system(&host.system, &loaded.system);
	check_same_items(&host.bridges, &loaded.bridges);
	check_same_items(&host.root_ports, &loaded.root_ports);
	check_same_nests(&host.functions, &loaded.functions, hdm);
	check_same_items(&host.ports, &loaded.ports);
	check_same_items(&host.memdevs, &loaded.memdevs);
	check_same_items(&host.decoders, &loaded.decoders);
	check_same_nests(&host.regions, &loaded.regions, targets);
	check_same_nests(&host.dax_devices, &loaded.dax_devices, mappings);
	check_same_items(&host.blocks, &loaded.blocks);
	check_same_nodes(&host, &loaded);
	check_same_items(&host.users, &loaded.users);
	check_same_items(&host.firmware_map, &loaded.firmware_map);
	check_same_items(&host.namespaces, &loaded.namespaces);
	check_same_items(&host.usages, &loaded.usages);
	check_same_items(&host.contents, &loaded.contents);
	check_same_items(&host.operations, &loaded.operations);
	check_same_strings(&host.mounts, &loaded.mounts, path);
	check_same_strings(&host.groups, &loaded.groups, path);
	check_same_processes(&host, &loaded);
}

static void test_capture_of_nothing(void **state)
{
	cleanup_host struct host host = {0}, loaded = {0};
	cleanup_free char *before = NULL, *after = NULL;

	(void)state;
	before = printed(&host);
	save_and_load(&host, &loaded);
	after = printed(&loaded);
	assert_string_equal(before, after);
	assert_non_null(strstr(before, "\"users\":[]"));
}

static int load(const struct host *host, struct error *err)
{
	cleanup_json struct json_object *capture = capture_to_json(host);
	cleanup_host struct host loaded = {0};

	return capture_from_json(&loaded, capture, "FILE", err);
}

static void check_refused_capture(const struct host *host, const char *text)
{
	struct error err = {0};

	check_error(load(host, &err), -EINVAL, &err, text, "");
}

static void test_capture_wraps(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	host.regions.items[0].start = UINT64_MAX - host.regions.items[0].size + 2;
	check_refused_capture(&host, "FILE: region0 wraps around the address space");
	host.regions.items[0].start--; /* its last byte is the last there is */
	assert_int_equal(load(&host, NULL), 0);
	host.decoders.items[0].size = UINT64_MAX;
	check_refused_capture(&host, "FILE: decoder0.0 wraps around the address space");
	host.decoders.items[0].size = 0;
	host.blocks.items[1].start = UINT64_MAX;
	check_refused_capture(&host, "FILE: memory211 wraps around the address space");
}

static void test_capture_mapping_wraps(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	host.dax_devices.items[0].mappings.items[0].size = UINT64_MAX;
	assert_int_equal(load(&host, NULL), -EINVAL);
}

static void test_capture_register_wraps(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	host.functions.items[0].hdm.items[0].size = UINT64_MAX;
	assert_int_equal(load(&host, NULL), -EINVAL);
}

static void test_capture_block_size(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_rich(&host);
	host.block_size = 0;
	check_refused_capture(&host, "FILE: memory blocks of size 0");
	host.blocks.count = 0;
	assert_int_equal(load(&host, NULL), 0);
}

#define check_bad_name(field, name)                                                          \
	do {                                                                                 \
		cleanup_host struct host host_ = {0};                                        \
		model_rich(&host_);                                                          \
		strcpy(host_.field, name);                                                   \
		check_refused_capture(&host_, "FILE: \"" name "\" is no name of an object"); \
	} while (0)

/* Names end up in commands that somebody is told to run. */
static void test_capture_names(void **state)
{
	(void)state;
	check_bad_name(root_ports.items[0].address, "0000:0c:00.0;reboot");
	check_bad_name(functions.items[0].address, "$(reboot)");
	check_bad_name(memdevs.items[0].name, "mem0 mem1");
	check_bad_name(decoders.items[0].name, "decoder0.0\'");
	check_bad_name(regions.items[0].name, "`reboot`");
	check_bad_name(regions.items[0].uuid, "a|b");
	check_bad_name(dax_devices.items[0].name, "../dax0.0");
	check_bad_name(namespaces.items[0].name, "a&b");
	check_bad_name(namespaces.items[0].device, "a>b");
	check_bad_name(mounts.items[0].source, "a*");
	check_bad_name(operations.items[0].object, "a#b");
}

/* A register that is null has every bit set: a port would be isolated that is not. */
static void test_capture_wide_registers(void **state)
{
	cleanup_host struct host host = {0};
	struct root_port *port;
	uint64_t *registers[6];

	(void)state;
	model_rich(&host);
	port = root_port_of(&host, PORT_B);
	memcpy(registers,
	       (uint64_t *[]){&port->capability, &port->capability_known, &port->control,
			      &port->control_known, &port->status, &port->status_known},
	       sizeof(registers));
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		*registers[i] = UNKNOWN;
		check_refused_capture(&host,
				      "FILE: a register of " PORT_B " has more than 32 bits");
		*registers[i] = 1ull << 32;
		check_refused_capture(&host,
				      "FILE: a register of " PORT_B " has more than 32 bits");
		*registers[i] = UINT32_MAX;
		assert_int_equal(load(&host, NULL), 0);
	}
}

/* The lookups rest on it, and whoever wrote the file may not have sorted. */
static void test_capture_is_sorted(void **state)
{
	cleanup_host struct host host = {0}, loaded = {0};
	struct block first;

	(void)state;
	model_rich(&host);
	model_process(&host, 5, "first");
	first = host.blocks.items[0];
	host.blocks.items[0] = host.blocks.items[1];
	host.blocks.items[1] = first;
	for (size_t i = 0; i < host.processes.count; i++)
		host.processes.items[i].pid = 100 - (int)i;
	save_and_load(&host, &loaded);
	assert_int_equal(loaded.blocks.items[0].start, WINDOW_0);
	assert_int_equal(host_process(&loaded, 100)->pid, 100);
	assert_int_equal(host_process(&loaded, 99)->pid, 99);
}

static void check_bad_capture(const char *text, const char *expected)
{
	cleanup_json struct json_object *json = parse(text);
	cleanup_host struct host host = {0};
	struct error err = {0};

	check_error(capture_from_json(&host, json, "FILE", &err), -EINVAL, &err, expected, "");
}

static void test_capture_broken(void **state)
{
	(void)state;
	check_bad_capture("{\"schema\":\"cxl-iso/plan\",\"version\":1}",
			  "FILE: expected a document of schema cxl-iso/capture, found "
			  "cxl-iso/plan");
	check_bad_capture("{\"schema\":\"cxl-iso/capture\",\"version\":1}",
			  "FILE: expected version 4 of schema cxl-iso/capture, found 1");
	check_bad_capture("{\"schema\":\"cxl-iso/capture\",\"version\":4}",
			  "FILE: host is missing");
	check_bad_capture("{\"schema\":\"cxl-iso/capture\",\"version\":4,\"host\":[]}",
			  "host: expected an object");
}

static void test_capture_broken_inside(void **state)
{
	cleanup_host struct host host = {0}, loaded = {0};
	cleanup_json struct json_object *capture = NULL;
	struct json_object *json, *list;
	struct error err = {0};

	(void)state;
	model_rich(&host);
	capture = capture_to_json(&host);
	json_object_object_get_ex(capture, "host", &json);
	json_object_object_get_ex(json, "regions", &list);
	json_object_object_add(json_object_array_get_idx(list, 1), "size",
			       json_object_new_string("big"));
	check_error(capture_from_json(&loaded, capture, "FILE", &err), -EINVAL, &err,
		    "host.regions[1].size: expected an unsigned number", "");
}

int main(void)
{
	static const struct CMUnitTest records[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_values_arrive),
		cmocka_unit_test(test_null_is_unknown),
		cmocka_unit_test(test_largest_is_unknown),
		cmocka_unit_test(test_too_large_is_unknown),
		cmocka_unit_test(test_long_string),
		cmocka_unit_test(test_text_becomes_printable),
		cmocka_unit_test(test_more_keys_are_left_alone),
		cmocka_unit_test(test_keys_in_any_order),
		cmocka_unit_test(test_loaded_list_grows),
		cmocka_unit_test(test_bad_texts),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_bad_nests),
		cmocka_unit_test(test_no_object),
		cmocka_unit_test(test_long_place),
		cmocka_unit_test(test_free_zeroes),
		cmocka_unit_test(test_covered),
		cmocka_unit_test(test_list),
	};
	static const struct CMUnitTest documents[] = {
		cmocka_unit_test(test_document_check),
		cmocka_unit_test(test_document_version_does_not_wrap),
		cmocka_unit_test(test_read_good),
		cmocka_unit_test(test_read_large),
		cmocka_unit_test(test_read_broken),
		cmocka_unit_test(test_read_trailing),
		cmocka_unit_test(test_read_trailing_far),
		cmocka_unit_test(test_read_deep),
		cmocka_unit_test(test_read_missing),
		cmocka_unit_test(test_read_directory),
		cmocka_unit_test(test_read_standard_input),
		cmocka_unit_test(test_read_too_large),
	};
	static const struct CMUnitTest captures[] = {
		cmocka_unit_test(test_capture_text),
		cmocka_unit_test(test_rich_has_everything),
		cmocka_unit_test(test_capture_bytes),
		cmocka_unit_test(test_capture_of_nothing),
		cmocka_unit_test(test_capture_wraps),
		cmocka_unit_test(test_capture_mapping_wraps),
		cmocka_unit_test(test_capture_register_wraps),
		cmocka_unit_test(test_capture_block_size),
		cmocka_unit_test(test_capture_names),
		cmocka_unit_test(test_capture_wide_registers),
		cmocka_unit_test(test_capture_is_sorted),
		cmocka_unit_test(test_capture_broken),
		cmocka_unit_test(test_capture_broken_inside),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(records, NULL, NULL);
	failed += cmocka_run_group_tests(documents, NULL, NULL);
	failed += cmocka_run_group_tests(captures, NULL, NULL);
	return failed ? 1 : 0;
}
