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

struct sample {
	char text[8];
	uint64_t number;
	uint64_t serial;
	int small;
	bool flag;
	int color;
	LIST(struct leaf) leaves;
	struct leaf inner;
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
	{} } };
/* clang-format on */

#define GOOD                                                                                  \
	"{\"text\":\"seven77\",\"number\":1,\"serial\":\"0x1234\",\"small\":5,\"flag\":true," \
	"\"color\":\"green\",\"leaves\":[{\"n\":1},{\"n\":2}],\"inner\":{\"n\":3}}"

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
	check_round_trip("{\"text\":null,\"number\":0,\"serial\":\"0x0\",\"small\":null,"
			 "\"flag\":false,\"color\":\"red\",\"leaves\":[],\"inner\":{\"n\":null}}");
	check_round_trip("{\"text\":\"\\\"\\\\ ~\",\"number\":18446744073709551615,"
			 "\"serial\":\"0xffffffffffffffff\",\"small\":2147483647,\"flag\":true,"
			 "\"color\":\"red\",\"leaves\":[{\"n\":0}],\"inner\":{\"n\":0}}");
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
}

static void test_null_is_unknown(void **state)
{
	cleanup_json struct json_object *json = parse(GOOD);
	cleanup_sample struct sample sample = {0};

	(void)state;
	json_object_object_add(json, "text", NULL);
	json_object_object_add(json, "small", NULL);
	assert_int_equal(record_from_json(&sample_record, &sample, json, "sample", NULL), 0);
	assert_string_equal(sample.text, "");
	assert_int_equal(sample.small, -1);
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
	{"serial", "null", SERIAL},
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

static void test_capture_bytes(void **state)
{
	cleanup_host struct host host = {0}, loaded = {0};

	(void)state;
	model_rich(&host);
	save_and_load(&host, &loaded);
	assert_memory_equal(&host, &loaded, offsetof(struct host, bridges));
	check_same_items(&host.bridges, &loaded.bridges);
	check_same_items(&host.root_ports, &loaded.root_ports);
	check_same_nests(&host.functions, &loaded.functions, hdm);
	check_same_items(&host.ports, &loaded.ports);
	check_same_items(&host.memdevs, &loaded.memdevs);
	check_same_items(&host.decoders, &loaded.decoders);
	check_same_nests(&host.regions, &loaded.regions, targets);
	check_same_nests(&host.dax_devices, &loaded.dax_devices, mappings);
	check_same_items(&host.blocks, &loaded.blocks);
	check_same_items(&host.nodes, &loaded.nodes);
	check_same_items(&host.users, &loaded.users);
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
			  "FILE: host is missing");
	check_bad_capture("{\"schema\":\"cxl-iso/capture\",\"version\":1,\"host\":[]}",
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
		cmocka_unit_test(test_values_arrive),
		cmocka_unit_test(test_null_is_unknown),
		cmocka_unit_test(test_text_becomes_printable),
		cmocka_unit_test(test_more_keys_are_left_alone),
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
		cmocka_unit_test(test_read_deep),
		cmocka_unit_test(test_read_missing),
		cmocka_unit_test(test_read_directory),
		cmocka_unit_test(test_read_standard_input),
		cmocka_unit_test(test_read_too_large),
	};
	static const struct CMUnitTest captures[] = {
		cmocka_unit_test(test_capture_text),
		cmocka_unit_test(test_capture_bytes),
		cmocka_unit_test(test_capture_of_nothing),
		cmocka_unit_test(test_capture_wraps),
		cmocka_unit_test(test_capture_mapping_wraps),
		cmocka_unit_test(test_capture_register_wraps),
		cmocka_unit_test(test_capture_block_size),
		cmocka_unit_test(test_capture_broken),
		cmocka_unit_test(test_capture_broken_inside),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(records, NULL, NULL);
	failed += cmocka_run_group_tests(documents, NULL, NULL);
	failed += cmocka_run_group_tests(captures, NULL, NULL);
	return failed ? 1 : 0;
}
