// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers of a device in a file: what was read from the device is what is read from the file, or an error. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "extents/batch.h"
#include "extents/dump.h"
#include "support.h"
#include "sys/util.h"

#include <cmocka.h>

#define MIB (1ull << 20)

/* ---- a device ---- */

/* What it has, and how it tells. */
struct stream {
	unsigned int regions, regions_at_once;
	unsigned int extents, extents_at_once;
	unsigned int changes; /* so many times the list changes after its first answer */
	unsigned int records, records_at_once;
	unsigned int chain; /* records of a batch; 0: none is ever closed */
	unsigned int lost;
	bool endless;	/* the log says that it goes on, and begins anew */
	uint16_t fails; /* a command that the device does not know */
};

struct device {
	struct transport transport;
	struct stream stream;
	unsigned int lists, told; /* lists begun; records told */
};

static size_t put16(uint8_t *bytes, size_t at, unsigned int value)
{
	uint16_t number = htole16((uint16_t)value);

	memcpy(bytes + at, &number, sizeof(number));
	return at + sizeof(number);
}

static size_t put32(uint8_t *bytes, size_t at, uint32_t value)
{
	value = htole32(value);
	memcpy(bytes + at, &value, sizeof(value));
	return at + sizeof(value);
}

static size_t put64(uint8_t *bytes, size_t at, uint64_t value)
{
	value = htole64(value);
	memcpy(bytes + at, &value, sizeof(value));
	return at + sizeof(value);
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static size_t configuration(const struct stream *stream, const uint8_t *in, uint8_t *out)
{
	unsigned int first = in[1];
	unsigned int count = least(stream->regions - first, least(in[0], stream->regions_at_once));
	size_t at = 8;

	out[0] = (uint8_t)stream->regions;
	out[1] = (uint8_t)count;
	for (unsigned int i = first; i < first + count; i++) {
		at = put64(out, at, i * 512 * MIB);
		at = put64(out, at, 2);
		at = put64(out, at, 512 * MIB);
		at = put64(out, at, 2 * MIB);
		at = put64(out, at, i);
	}
	for (unsigned int i = 1; i <= 4; i++)
		at = put32(out, at, i * 10);
	return at;
}

static size_t put_extent(uint8_t *out, size_t at, unsigned int number)
{
	put64(out, at, number * 2 * MIB);
	put64(out, at + 8, 2 * MIB);
	out[at + 16] = (uint8_t)(number % 3); /* of the tag */
	put16(out, at + 32, number);
	return at + 40;
}

static size_t extents(struct device *device, const uint8_t *in, uint8_t *out)
{
	const struct stream *stream = &device->stream;
	uint32_t numbers[2], first, count, changes;
	size_t at = 16;

	memcpy(numbers, in, sizeof(numbers));
	first = le32toh(numbers[1]);
	device->lists += first == 0;
	count = least(stream->extents - first, least(le32toh(numbers[0]), stream->extents_at_once));
	/* The change becomes visible between the first and the second answer of a list. */
	changes = least(first ? device->lists : device->lists - 1, stream->changes);
	put32(out, 0, count);
	put32(out, 4, stream->extents);
	put32(out, 8, changes);
	for (unsigned int i = 0; i < count; i++)
		at = put_extent(out, at, first + i);
	return at;
}

static size_t put_record(const struct stream *stream, uint8_t *out, size_t at, unsigned int number)
{
	static const uint8_t id[] = {0xca, 0x95, 0xaf, 0xa7, 0xf1, 0x83, 0x40, 0x18,
				     0x8c, 0x2f, 0x95, 0x26, 0x8e, 0x10, 0x1a, 0x2a};

	memcpy(out + at, id, sizeof(id));
	out[at + 16] = EVENT_RECORD_SIZE;
	put16(out, at + 20, number + 1);
	put64(out, at + 24, 1700000000000000000 + number);
	out[at + 53] = !stream->chain || (number + 1) % stream->chain;
	put_extent(out, at + 56, number);
	return at + EVENT_RECORD_SIZE;
}

static size_t log_answer(struct device *device, uint8_t *out)
{
	const struct stream *stream = &device->stream;
	unsigned int left = stream->records - device->told;
	unsigned int count = least(left, stream->records_at_once);
	size_t at = LOG_HEAD_SIZE;

	out[0] = (uint8_t)((stream->lost ? 1 : 0) | (left > count || stream->endless ? 2 : 0));
	put16(out, 2, stream->lost);
	put16(out, 20, count);
	for (unsigned int i = 0; i < count; i++)
		at = put_record(stream, out, at, device->told + i);
	device->told += count;
	if (stream->endless && device->told == stream->records)
		device->told = 0;
	return at;
}

static int command(struct transport *transport, uint16_t opcode, const void *in, size_t in_size,
		   void *out, size_t out_max, size_t *out_size, struct error *err)
{
	struct device *device = (struct device *)transport;

	(void)in_size;
	if (opcode == device->stream.fails)
		return transport_code(transport, opcode, 3, err);
	memset(out, 0, out_max);
	switch (opcode) {
	case OPCODE_GET_CONFIGURATION:
		*out_size = configuration(&device->stream, in, out);
		break;
	case OPCODE_GET_EXTENTS:
		*out_size = extents(device, in, out);
		break;
	default:
		assert_int_equal(opcode, OPCODE_GET_LOG);
		*out_size = log_answer(device, out);
	}
	return 0;
}

static struct device device_of(const struct stream *stream)
{
	return (struct device){
		.transport = {.source = "mailbox",
			      .name = "mem7",
			      .payload_max = 2048,
			      .command = command},
		.stream = *stream,
	};
}

/* ---- into a file, and out of it ---- */

static void name_device(struct dc_device *device)
{
	copy_text(device->memdev, NAME_SIZE, "mem7");
	copy_text(device->address, NAME_SIZE, "0000:0d:00.0");
	copy_text(device->root_port, NAME_SIZE, "0000:0c:00.0");
	device->serial = 0x9abc;
	device->extents_supported = device->extents_available = UNKNOWN;
	device->tags_supported = device->tags_available = UNKNOWN;
}

static const char *path_in(const struct tree *tree, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", tree->root, name);
	return path;
}

/* What a device says, by itself and into a file. */
static void save(const char *path, const struct stream *stream, struct dc_device *device)
{
	cleanup_dump_writer struct dump_writer *writer = NULL;
	struct device source = device_of(stream);
	struct error err = {0};
	struct tap tap = {dump_answer};

	name_device(device);
	assert_int_equal(dump_create(path, device, &writer, &err), 0);
	tap.context = writer;
	assert_int_equal(dc_read_device(&source.transport, &tap, device, &err), 0);
	assert_int_equal(dump_finish(&writer, &err), 0);
	assert_null(writer);
}

struct reader {
	struct dc_device *device;
	struct grouper *grouper;
};

static int group(void *context, const struct log_page *page, struct error *err)
{
	struct reader *reader = context;

	reader->device->lost = page->overflow ? page->lost : 0;
	return grouper_add_page(reader->grouper, page, err);
}

static int load(const char *path, struct dc_device *device, struct error *err)
{
	cleanup_grouper struct grouper *grouper = grouper_new(batch_keep, device);
	struct reader reader = {device, grouper};
	cleanup_dump struct dump *dump = NULL;
	int rc = dump_open(path, &dump, err);

	if (!rc)
		rc = dump_read_device(dump, device, err);
	if (!rc)
		rc = dump_read_log(dump, group, &reader, &device->incomplete, err);
	return rc ? rc : grouper_flush(grouper, err);
}

static char *text_of(struct dc_device *device)
{
	struct json_object *json;
	char *text;

	device->source[0] = '\0';
	json = record_to_json(&dc_device_record, device);
	text = xstrdup(json_object_to_json_string(json));
	json_object_put(json);
	return text;
}

static void round_trip(const char *path, const struct stream *stream)
{
	struct dc_device device = {0}, loaded = {0};
	cleanup_free char *expected = NULL, *got = NULL;
	struct error err = {0};

	save(path, stream, &device);
	assert_int_equal(device.regions.count, stream->regions);
	assert_int_equal(device.accepted.count, stream->extents);
	assert_int_equal(load(path, &loaded, &err), 0);
	assert_string_equal(loaded.source, "log");
	expected = text_of(&device);
	got = text_of(&loaded);
	assert_string_equal(got, expected);
	record_free(&dc_device_record, &device);
	record_free(&dc_device_record, &loaded);
	assert_int_equal(unlink(path), 0);
}

static void test_round_trips(void **state)
{
	static const unsigned int regions[] = {0, 1, 2, 7, 8}, extents[] = {0, 1, 49, 50, 51, 149};
	static const unsigned int records[] = {0, 1, 15, 16, 64}, chains[] = {0, 1, 2, 7, 20};
	const char *path = path_in(*state, "dump");

	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		for (size_t j = 0; j < ARRAY_SIZE(extents); j++)
			for (size_t k = 0; k < ARRAY_SIZE(records); k++)
				for (size_t l = 0; l < ARRAY_SIZE(chains); l++)
					round_trip(path, &(struct stream){
								 .regions = regions[i],
								 .regions_at_once = 3,
								 .extents = extents[j],
								 .extents_at_once = 50,
								 .records = records[k],
								 .records_at_once = 15,
								 .chain = chains[l],
							 });
}

#define SMALL                                                                                 \
	.regions = 2, .regions_at_once = 8, .extents = 3, .extents_at_once = 2, .records = 3, \
	.records_at_once = 2, .chain = 2

static void test_a_list_that_changes(void **state)
{
	for (unsigned int changes = 1; changes < 8; changes++)
		round_trip(path_in(*state, "dump"), &(struct stream){SMALL, .changes = changes});
}

static void test_a_log_without_end(void **state)
{
	round_trip(path_in(*state, "dump"), &(struct stream){SMALL, .endless = true});
	round_trip(path_in(*state, "dump"),
		   &(struct stream){.records = 15, .records_at_once = 15, .endless = true});
}

static void test_lost_records(void **state)
{
	round_trip(path_in(*state, "dump"), &(struct stream){SMALL, .lost = 5});
	round_trip(path_in(*state, "dump"), &(struct stream){SMALL, .lost = 65535});
}

/* What a device did not answer is not in the file. */
static void check_missing(struct tree *tree, uint16_t opcode, struct dc_device *loaded)
{
	const char *path = path_in(tree, "dump");
	struct dc_device device = {0};
	struct error err = {0};

	save(path, &(struct stream){SMALL, .fails = opcode}, &device);
	record_free(&dc_device_record, &device);
	assert_int_equal(load(path, loaded, &err), 0);
	assert_int_equal(unlink(path), 0);
}

#define MISSING "the file does not have them"

static void test_what_is_not_in_it(void **state)
{
	struct dc_device loaded = {0};

	check_missing(*state, OPCODE_GET_CONFIGURATION, &loaded);
	assert_string_equal(loaded.regions_unknown, MISSING);
	assert_true(loaded.extents_supported == UNKNOWN && loaded.tags_available == UNKNOWN);
	assert_int_equal(loaded.accepted.count, 3);
	record_free(&dc_device_record, &loaded);

	check_missing(*state, OPCODE_GET_EXTENTS, &loaded);
	assert_string_equal(loaded.accepted_unknown, MISSING);
	assert_string_equal(loaded.regions_unknown, "");
	record_free(&dc_device_record, &loaded);

	check_missing(*state, OPCODE_GET_LOG, &loaded);
	assert_string_equal(loaded.batches_unknown, MISSING);
	assert_true(loaded.lost == UNKNOWN);
	record_free(&dc_device_record, &loaded);
}

/* A list that never stood still is in the file in pieces, and is not taken for a list. */
static void test_a_list_that_never_stands_still(void **state)
{
	const char *path = path_in(*state, "dump");
	struct dc_device device = {0}, loaded = {0};
	struct error err = {0};

	save(path, &(struct stream){SMALL, .changes = 100}, &device);
	assert_int_equal(device.accepted.count, 0);
	assert_int_equal(load(path, &loaded, &err), 0);
	assert_int_equal(loaded.accepted.count, 0);
	assert_string_equal(loaded.accepted_unknown, "the list changed while it was read");
	assert_int_equal(loaded.batches.count, 2);
	record_free(&dc_device_record, &device);
	record_free(&dc_device_record, &loaded);
}

static void test_when_it_was_taken(void **state)
{
	const char *path = path_in(*state, "dump");
	uint64_t before = (uint64_t)time(NULL) * 1000000000;
	cleanup_dump struct dump *dump = NULL;
	struct dc_device device = {0};
	struct error err = {0};

	save(path, &(struct stream){0}, &device);
	assert_int_equal(dump_open(path, &dump, &err), 0);
	assert_in_range(dump_time(dump), before, ((uint64_t)time(NULL) + 1) * 1000000000);
	record_free(&dc_device_record, &device);
}

/* ---- writing ---- */

static void test_only_its_owner_reads_it(void **state)
{
	const char *path = path_in(*state, "dump");
	mode_t mask = umask(0);
	struct dc_device device = {0};
	struct stat st;

	save(path, &(struct stream){0}, &device);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	record_free(&dc_device_record, &device);
}

static void check_not_created(struct tree *tree, const char *name)
{
	cleanup_dump_writer struct dump_writer *writer = NULL;
	struct dc_device device = {0};
	struct error err = {0};
	char text[PATH_MAX + 64];

	snprintf(text, sizeof(text), "cannot create %s: File exists", path_in(tree, name));
	check_error(dump_create(path_in(tree, name), &device, &writer, &err), -EEXIST, &err, text,
		    "remove it first, or choose another name");
	assert_null(writer);
}

static void test_nothing_is_written_over(void **state)
{
	tree_file(*state, "mine", "/there");
	tree_link(*state, "elsewhere", "/link");
	check_not_created(*state, "there");
	check_not_created(*state, "link");
	check_file(*state, "mine", "/there");
	assert_int_equal(access(path_in(*state, "elsewhere"), F_OK), -1);
}

static void test_unfinished_leaves_nothing(void **state)
{
	const char *path = path_in(*state, "dump");
	struct dc_device device = {0};
	struct error err = {0};

	{
		cleanup_dump_writer struct dump_writer *writer = NULL;

		assert_int_equal(dump_create(path, &device, &writer, &err), 0);
		assert_int_equal(access(path, F_OK), 0);
	}
	assert_int_equal(access(path, F_OK), -1);
}

/* The disk is full in the middle: the reading stops, and no file that looks whole stays. */
static int fill(void *context)
{
	const struct rlimit limit = {8192, 8192};
	cleanup_dump_writer struct dump_writer *writer = NULL;
	struct device source =
		device_of(&(struct stream){.records = 640, .records_at_once = 15, .chain = 1});
	struct dc_device device = {0};
	struct error err = {0};
	struct tap tap = {dump_answer};
	int rc;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) || dump_create(context, &device, &writer, &err))
		return 1;
	tap.context = writer;
	rc = dc_read_device(&source.transport, &tap, &device, &err);
	record_free(&dc_device_record, &device);
	if (rc || !strstr(device.batches_unknown, "File too large"))
		rc = 0;
	if (dump_finish(&writer, &err) != -EFBIG || writer || !strstr(err.text, "File too large"))
		return 2;
	return access(context, F_OK) == 0 ? 3 : rc;
}

static void test_a_full_disk(void **state)
{
	assert_int_equal(in_child(fill, (void *)path_in(*state, "dump")), 0);
}

/* ---- files that are not what they seem ---- */

struct bytes {
	uint8_t at[16384];
	size_t size;
};

static void read_bytes(const char *path, struct bytes *bytes)
{
	cleanup_stream FILE *file = fopen(path, "r");

	assert_non_null(file);
	bytes->size = fread(bytes->at, 1, sizeof(bytes->at), file);
	assert_true(feof(file));
}

static void write_bytes(const char *path, const void *bytes, size_t size)
{
	cleanup_stream FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
}

static int load_bytes(const char *path, const void *bytes, size_t size, struct error *err)
{
	struct dc_device device = {0};
	int rc;

	*err = (struct error){0};
	write_bytes(path, bytes, size);
	rc = load(path, &device, err);
	record_free(&dc_device_record, &device);
	return rc;
}

static void saved_bytes(const char *path, struct bytes *bytes)
{
	struct dc_device device = {0};

	save(path, &(struct stream){SMALL}, &device);
	record_free(&dc_device_record, &device);
	read_bytes(path, bytes);
}

static void test_every_truncation(void **state)
{
	const char *path = path_in(*state, "dump");
	struct bytes bytes;
	struct error err;

	saved_bytes(path, &bytes);
	assert_int_equal(load_bytes(path, bytes.at, bytes.size, &err), 0);
	for (size_t size = 0; size < bytes.size; size++) {
		assert_int_equal(load_bytes(path, bytes.at, size, &err), -EBADMSG);
		assert_true(err.text[0] && err.hint[0]);
	}
}

/* Whatever the bytes are, nothing is read that is not there (the sanitizer looks), and an error has a text. */
static void test_every_byte_another(void **state)
{
	static const uint8_t others[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	const char *path = path_in(*state, "dump");
	struct bytes bytes;
	struct error err;

	saved_bytes(path, &bytes);
	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t was = bytes.at[i];

		for (size_t j = 0; j < ARRAY_SIZE(others); j++) {
			bytes.at[i] = others[j];
			if (load_bytes(path, bytes.at, bytes.size, &err))
				assert_true(err.text[0]);
		}
		bytes.at[i] = was;
	}
}

/* ---- what is wrong with a file, in words ---- */

/* A file of version 1, section by section. */
static void begin(struct bytes *bytes)
{
	*bytes = (struct bytes){.size = 16};
	memcpy(bytes->at, "CXLDCLOG", 8);
	put32(bytes->at, 8, 1);
}

static void add(struct bytes *bytes, unsigned int opcode, const void *payload, uint32_t size)
{
	size_t at = put32(bytes->at, bytes->size, opcode);

	at = put32(bytes->at, at, size);
	if (payload)
		memcpy(bytes->at + at, payload, size);
	bytes->size = at + (payload ? size : 0);
}

#define IDENTITY(memdev, address)                                       \
	"{\"memdev\":" memdev ",\"address\":" address ",\"root_port\":" \
	"null,\"serial\":\"0x9abc\",\"time\":5}"

static void add_identity(struct bytes *bytes, const char *text)
{
	add(bytes, 0, text, (uint32_t)strlen(text));
}

static void begin_device(struct bytes *bytes)
{
	begin(bytes);
	add_identity(bytes, IDENTITY("null", "null"));
}

#define HINT                                                                        \
	"expected is a file of cxl-iso list-extents --save-log, or answers to Get " \
	"Event Records as the device gave them"

static void check_wrong(struct tree *tree, const struct bytes *bytes, const char *what,
			const char *hint)
{
	char text[PATH_MAX + 128];
	struct error err;
	int rc = load_bytes(path_in(tree, "dump"), bytes->at, bytes->size, &err);

	snprintf(text, sizeof(text), "%s %s", path_in(tree, "dump"), what);
	check_error(rc, -EBADMSG, &err, text, hint);
}

static void test_sections_that_can_not_be(void **state)
{
	uint8_t page[LOG_HEAD_SIZE] = {[20] = 1};
	struct bytes bytes;

	begin(&bytes);
	put32(bytes.at, 8, 2);
	check_wrong(*state, &bytes, "is a saved log of version 2, expected 1", HINT);
	begin(&bytes);
	add(&bytes, 0xffff, "", 0);
	check_wrong(*state, &bytes, "is no saved log: nothing is in it, at byte 0", HINT);
	begin(&bytes);
	add(&bytes, OPCODE_GET_LOG, page, sizeof(page));
	check_wrong(*state, &bytes,
		    "is no saved log: it does not begin with whose it is, at byte 24", HINT);
	begin_device(&bytes);
	add_identity(&bytes, IDENTITY("null", "null"));
	check_wrong(*state, &bytes, "is no saved log: a second device, at byte 106", HINT);
	begin_device(&bytes);
	add(&bytes, 0x4802, "", 0);
	check_wrong(*state, &bytes, "is no saved log: a section of an unknown kind, at byte 98",
		    HINT);
	begin_device(&bytes);
	add(&bytes, 0x10100, page, sizeof(page));
	check_wrong(*state, &bytes, "is no saved log: a section of an unknown kind, at byte 98",
		    HINT);
	begin_device(&bytes);
	add(&bytes, OPCODE_GET_EXTENTS, NULL, MIB + 1);
	check_wrong(*state, &bytes,
		    "is no saved log: an answer longer than 1 MiB, the most there can be, at byte "
		    "98",
		    HINT);
	begin_device(&bytes);
	add(&bytes, OPCODE_GET_EXTENTS, NULL, 1);
	check_wrong(*state, &bytes, "ends in the middle of what begins at byte 98",
		    "it was cut short: take it once more");
	begin_device(&bytes);
	add(&bytes, OPCODE_GET_LOG, page, sizeof(page));
	check_wrong(*state, &bytes,
		    "is no saved log: an answer to Get Event Records is shorter than it says, at "
		    "byte 106",
		    HINT);
	begin_device(&bytes);
	add(&bytes, 0xfffe, "\0\1", 2);
	check_wrong(*state, &bytes,
		    "is no saved log: how long answers could be is no number, at byte 106", HINT);
	begin_device(&bytes);
	add(&bytes, 0xfffe, "\377\0\0", 4);
	check_wrong(*state, &bytes,
		    "is no saved log: answers could not be so long, or so short, at byte 106",
		    HINT);
	begin_device(&bytes);
	add(&bytes, 0xfffe, "\1\0\20", 4);
	check_wrong(*state, &bytes,
		    "is no saved log: answers could not be so long, or so short, at byte 106",
		    HINT);
	begin_device(&bytes);
	add(&bytes, 0xffff, "", 0);
	bytes.size++;
	check_wrong(*state, &bytes, "is no saved log: more behind its end, at byte 98", HINT);
}

static void test_devices_that_can_not_be(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[]",
		"{\"memdev\":",
		IDENTITY("\"../mem0\"", "null"),
		IDENTITY("\"mem0\\n\"", "null"),
		IDENTITY("7", "null"),
		IDENTITY("null", "\"0d:00.0\""),
		IDENTITY("null", "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]"),
		IDENTITY("null", "null") "x",
	};
	struct bytes bytes;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		begin(&bytes);
		add_identity(&bytes, texts[i]);
		add(&bytes, 0xffff, "", 0);
		check_wrong(*state, &bytes,
			    "is no saved log: the description of the device can not be, at byte 24",
			    HINT);
	}
	begin(&bytes);
	add(&bytes, 0, memset((uint8_t[4097]){0}, ' ', 4097), 4097);
	check_wrong(*state, &bytes,
		    "is no saved log: too long a description of the device, at byte 24", HINT);
}

/* Answers that are whole, but nonsense: the rest of the file counts all the same. */
static void test_answers_that_can_not_be(void **state)
{
	static const uint8_t regions[24] = {1, 3}, extents[16] = {2, [4] = 1};
	uint8_t page[LOG_HEAD_SIZE + EVENT_RECORD_SIZE] = {[20] = 1};
	struct dc_device device = {0};
	struct error err = {0};
	struct bytes bytes;

	begin_device(&bytes);
	add(&bytes, OPCODE_GET_CONFIGURATION, regions, sizeof(regions));
	add(&bytes, OPCODE_GET_EXTENTS, extents, sizeof(extents));
	put_record(&(struct stream){.chain = 1}, page, LOG_HEAD_SIZE, 0);
	add(&bytes, OPCODE_GET_LOG, page, sizeof(page));
	add(&bytes, 0xffff, "", 0);
	write_bytes(path_in(*state, "dump"), bytes.at, bytes.size);
	assert_int_equal(load(path_in(*state, "dump"), &device, &err), 0);
	assert_string_equal(device.regions_unknown,
			    "the dynamic-capacity configuration has 24 bytes where 144 are needed");
	assert_string_equal(device.accepted_unknown,
			    "the device answers with 2 extents of a list of 1");
	assert_int_equal(device.batches.count, 1);
	record_free(&dc_device_record, &device);
}

/* ---- nothing but the log ---- */

static size_t bare_page(uint8_t *out, unsigned int first, unsigned int count, bool goes_on)
{
	const struct stream stream = {.chain = 3};
	size_t at = LOG_HEAD_SIZE;

	memset(out, 0, LOG_HEAD_SIZE + count * EVENT_RECORD_SIZE);
	out[0] = goes_on ? 2 : 0;
	put16(out, 20, count);
	for (unsigned int i = first; i < first + count; i++)
		at = put_record(&stream, out, at, i);
	return at;
}

static void test_bare_answers(void **state)
{
	const char *path = path_in(*state, "dump");
	struct dc_device device = {0};
	struct error err = {0};
	uint8_t bytes[4096];
	size_t first = bare_page(bytes, 0, 2, true), second = first, size;

	second += bare_page(bytes + first, 2, 0, true);
	size = second + bare_page(bytes + second, 2, 5, false);
	write_bytes(path, bytes, size);
	assert_int_equal(load(path, &device, &err), 0);
	assert_int_equal(device.batches.count, 3);
	assert_int_equal(device.batches.items[0].extents.count, 3);
	assert_true(device.batches.items[2].open);
	assert_false(device.incomplete);
	assert_string_equal(device.regions_unknown, MISSING);
	assert_string_equal(device.accepted_unknown, MISSING);
	assert_true(device.serial == UNKNOWN);
	record_free(&dc_device_record, &device);
	for (size_t cut = 0; cut < size; cut++) {
		bool whole = cut == first || cut == second;

		assert_int_equal(load_bytes(path, bytes, cut, &err), whole ? 0 : -EBADMSG);
	}
}

/* An answer of the first page alone says that there was more. */
static void test_a_bare_answer_that_goes_on(void **state)
{
	const char *path = path_in(*state, "dump");
	struct dc_device device = {0};
	struct error err = {0};
	uint8_t bytes[1024];

	write_bytes(path, bytes, bare_page(bytes, 0, 2, true));
	assert_int_equal(load(path, &device, &err), 0);
	assert_true(device.incomplete);
	record_free(&dc_device_record, &device);
}

static void test_no_log_at_all(void **state)
{
	struct bytes bytes = {.size = 0};

	check_wrong(*state, &bytes, "is no saved log: nothing is in it, at byte 0", HINT);
	bytes.size = 24;
	check_wrong(*state, &bytes, "ends in the middle of what begins at byte 0",
		    "it was cut short: take it once more");
	memset(bytes.at, 'x', bytes.size = sizeof(bytes.at));
	check_wrong(*state, &bytes,
		    "is no saved log: an answer to Get Event Records is shorter than it says, at "
		    "byte 0",
		    HINT);
}

static void check_not_opened(const char *path, int code, const char *before, const char *behind)
{
	cleanup_dump struct dump *dump = NULL;
	struct error err = {0};
	char text[PATH_MAX + 64];

	snprintf(text, sizeof(text), "%s%s%s", before, path, behind);
	check_error(dump_open(path, &dump, &err), code, &err, text, "");
	assert_null(dump);
}

/* A FIFO would make us wait for ever, a device might never end. */
static void test_only_regular_files(void **state)
{
	tree_fifo(*state, "/fifo");
	check_not_opened(path_in(*state, "fifo"), -EINVAL, "", " is no regular file");
	check_not_opened(path_in(*state, ""), -EINVAL, "", " is no regular file");
	check_not_opened("/dev/zero", -EINVAL, "", " is no regular file");
	check_not_opened(path_in(*state, "none"), -ENOENT, "cannot open ",
			 ": No such file or directory");
}

static int load_standard_input(void)
{
	struct dc_device device = {0};
	struct error err = {0};
	int rc = load("-", &device, &err) ? 1 : device.batches.count == 2 ? 0 : 2;

	record_free(&dc_device_record, &device);
	return rc;
}

/* Through a pipe, in two pieces. */
static void test_standard_input(void **state)
{
	int ends[2], write_only, before = dup(STDIN_FILENO);
	struct error err = {0};
	struct bytes bytes;

	saved_bytes(path_in(*state, "dump"), &bytes);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(write(ends[1], bytes.at, 20), 20);
	assert_int_equal(write(ends[1], bytes.at + 20, bytes.size - 20), bytes.size - 20);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(load_standard_input(), 0);
	write_only = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_int_equal(dup2(write_only, STDIN_FILENO), STDIN_FILENO);
	close(write_only);
	check_error(dump_open("-", &(struct dump *){NULL}, &err), -EBADF, &err,
		    "cannot read standard input: Bad file descriptor", "");
	assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
	close(before);
}

static int stop_at(void *context, const struct log_page *page, struct error *err)
{
	(void)page;
	(void)err;
	return --*(int *)context ? 0 : 77;
}

static void test_whoever_reads_may_stop(void **state)
{
	const char *path = path_in(*state, "dump");
	cleanup_dump struct dump *dump = NULL;
	struct error err = {0};
	bool incomplete;
	uint8_t bytes[4096];
	size_t size = bare_page(bytes, 0, 2, true);
	int pages = 1;

	size += bare_page(bytes + size, 2, 2, false);
	write_bytes(path, bytes, size);
	assert_int_equal(dump_open(path, &dump, &err), 0);
	assert_int_equal(dump_read_log(dump, stop_at, &pages, &incomplete, &err), 77);
	pages = 2;
	assert_int_equal(dump_read_log(dump, stop_at, &pages, &incomplete, &err), 77);
	pages = 3;
	assert_int_equal(dump_read_log(dump, stop_at, &pages, &incomplete, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(test_round_trips),
		IN_TREE(test_a_list_that_changes),
		IN_TREE(test_a_log_without_end),
		IN_TREE(test_lost_records),
		IN_TREE(test_what_is_not_in_it),
		IN_TREE(test_a_list_that_never_stands_still),
		IN_TREE(test_when_it_was_taken),
		IN_TREE(test_only_its_owner_reads_it),
		IN_TREE(test_nothing_is_written_over),
		IN_TREE(test_unfinished_leaves_nothing),
		IN_TREE(test_a_full_disk),
		IN_TREE(test_every_truncation),
		IN_TREE(test_every_byte_another),
		IN_TREE(test_sections_that_can_not_be),
		IN_TREE(test_devices_that_can_not_be),
		IN_TREE(test_answers_that_can_not_be),
		IN_TREE(test_bare_answers),
		IN_TREE(test_a_bare_answer_that_goes_on),
		IN_TREE(test_no_log_at_all),
		IN_TREE(test_only_regular_files),
		IN_TREE(test_standard_input),
		IN_TREE(test_whoever_reads_may_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
