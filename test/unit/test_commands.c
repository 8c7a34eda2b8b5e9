/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of dynamic capacity: a transport that answers as told, well or not. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "extents/batch.h"
#include "extents/commands.h"
#include "support.h"
#include "sys/util.h"

/* Last, and without its macro, which would swallow our function. */
#include <cmocka.h>
#undef fail

#define MIB (1ull << 20)

static struct fake {
	struct transport transport;
	unsigned int regions, extents, records; /* that it has */
	unsigned int changes;			/* so many answers with a generation of their own */
	bool always_more;	    /* the log says that it goes on, whatever is there */
	bool cursor;		    /* each answer goes on where the last one ended */
	bool no_progress;	    /* lists end early, but say there is more */
	uint16_t unsupported, dies; /* opcodes */
	unsigned int lost;
	unsigned int place, asked, taps, commands;
	uint32_t generation;
	uint8_t sent[16][512];
	size_t sent_size[16];
	uint16_t opcodes[64];
} fake;

static void put32(uint8_t *bytes, uint32_t value)
{
	value = htole32(value);
	memcpy(bytes, &value, 4);
}

static void put64(uint8_t *bytes, uint64_t value)
{
	value = htole64(value);
	memcpy(bytes, &value, 8);
}

static uint64_t get(const uint8_t *bytes, int size)
{
	uint64_t value = 0;

	memcpy(&value, bytes, (size_t)size);
	return le64toh(value);
}

static size_t answer_configuration(const uint8_t *in, uint8_t *out)
{
	unsigned int first = in[1], count = in[0];

	if (first + count > fake.regions)
		count = fake.regions > first ? fake.regions - first : 0;
	out[0] = (uint8_t)fake.regions;
	out[1] = (uint8_t)count;
	for (unsigned int i = 0; i < count; i++) {
		uint8_t *region = out + 8 + 40 * i;

		put64(region, (first + i) * 256 * MIB);
		put64(region + 8, 1);
		put64(region + 16, 256 * MIB);
		put64(region + 24, 2 * MIB);
	}
	for (uint32_t i = 0; i < 4; i++)
		put32(out + 8 + 40 * count + 4 * i, 100 + i);
	return 8 + 40 * count + 16;
}

static size_t answer_extents(const uint8_t *in, uint8_t *out)
{
	uint32_t count = (uint32_t)get(in, 4), first = (uint32_t)get(in + 4, 4);

	if (first + count > fake.extents)
		count = fake.extents > first ? fake.extents - first : 0;
	if (fake.no_progress && first)
		count = 0;
	if (fake.changes && fake.changes--)
		fake.generation++;
	put32(out, count);
	put32(out + 4, fake.extents);
	put32(out + 8, fake.generation);
	for (uint32_t i = 0; i < count; i++) {
		put64(out + 16 + 40 * i, (first + i) * 2 * MIB);
		put64(out + 16 + 40 * i + 8, 2 * MIB);
	}
	return 16 + 40 * count;
}

static void put_record(uint8_t *record, unsigned int handle)
{
	static const uint8_t uuid[] = {0xca, 0x95, 0xaf, 0xa7, 0xf1, 0x83, 0x40, 0x18,
				       0x8c, 0x2f, 0x95, 0x26, 0x8e, 0x10, 0x1a, 0x2a};

	memcpy(record, uuid, sizeof(uuid));
	record[16] = EVENT_RECORD_SIZE;
	record[20] = (uint8_t)handle;
	put64(record + 48 + 8, handle * 2 * MIB);
	put64(record + 48 + 16, 2 * MIB);
}

static size_t answer_log(uint8_t *out, size_t room)
{
	unsigned int fits = (unsigned int)((room - LOG_HEAD_SIZE) / EVENT_RECORD_SIZE);
	unsigned int left = fake.records - fake.place, count = left < fits ? left : fits;

	out[0] = (uint8_t)((fake.lost ? 1 : 0) |
			   (left > count || (fake.always_more && count) ? 2 : 0));
	out[2] = (uint8_t)fake.lost;
	out[20] = (uint8_t)count;
	for (unsigned int i = 0; i < count; i++)
		put_record(out + LOG_HEAD_SIZE + (size_t)EVENT_RECORD_SIZE * i, fake.place + i + 1);
	if (fake.cursor)
		fake.place += count;
	return LOG_HEAD_SIZE + (size_t)EVENT_RECORD_SIZE * count;
}

static int fake_command(struct transport *transport, uint16_t opcode, const void *in,
			size_t in_size, void *out, size_t out_max, size_t *out_size,
			struct error *err)
{
	uint8_t answer[4096] = {0};

	assert_ptr_equal(transport, &fake.transport);
	assert_true(in_size <= transport->payload_max);
	fake.opcodes[fake.commands++ % ARRAY_SIZE(fake.opcodes)] = opcode;
	*out_size = 0;
	if (opcode == fake.unsupported)
		return transport_code(transport, opcode, 3, err);
	if (opcode == fake.dies)
		return fail(err, -ENODEV, "DEVICE is gone");
	if (opcode == OPCODE_GET_CONFIGURATION)
		*out_size = answer_configuration(in, answer);
	else if (opcode == OPCODE_GET_EXTENTS)
		*out_size = answer_extents(in, answer);
	else if (opcode == OPCODE_GET_LOG)
		*out_size = answer_log(answer, out_max);
	else {
		memcpy(fake.sent[fake.asked], in, in_size);
		fake.sent_size[fake.asked++] = in_size;
	}
	assert_true(*out_size <= out_max);
	memcpy(out ? out : answer, answer, *out_size);
	return 0;
}

static struct transport *make(size_t payload_max)
{
	memset(&fake, 0, sizeof(fake));
	fake.transport = (struct transport){
		.source = "mailbox",
		.name = "DEVICE",
		.payload_max = payload_max,
		.command = fake_command,
	};
	return &fake.transport;
}

static int count_tap(void *context, uint16_t opcode, const void *answer, size_t size,
		     struct error *err)
{
	(void)opcode, (void)answer, (void)size, (void)err;
	++*(unsigned int *)context;
	return 0;
}

static void free_device(struct dc_device *device)
{
	record_free(&dc_device_record, device);
}

#define cleanup_device __attribute__((cleanup(free_device)))

/* 256 bytes have room for five regions, six extents, one record. */
static void test_configuration(void **state)
{
	(void)state;
	for (unsigned int regions = 0; regions <= 8; regions++) {
		cleanup_device struct dc_device device = {0};
		unsigned int taps = 0;
		const struct tap tap = {count_tap, &taps};
		struct transport *transport = make(256);

		fake.regions = regions;
		assert_int_equal(dc_read_configuration(transport, &tap, &device, NULL), 0);
		assert_int_equal(device.regions.count, regions);
		assert_int_equal(fake.commands, regions > 5 ? 2 : 1);
		assert_int_equal(taps, fake.commands);
		for (unsigned int i = 0; i < regions; i++) {
			assert_int_equal(device.regions.items[i].number, i);
			assert_int_equal(device.regions.items[i].base, i * 256 * MIB);
		}
		assert_int_equal(device.extents_supported, 100);
		assert_int_equal(device.tags_available, 103);
	}
}

static void check_list(unsigned int extents, unsigned int changes, int expected, const char *text)
{
	cleanup_device struct dc_device device = {0};
	struct transport *transport = make(256);
	struct error err = {0};

	fake.extents = extents;
	fake.changes = changes;
	check_error(dc_read_extents(transport, NULL, &device, &err), expected, &err, text,
		    err.hint);
	assert_int_equal(device.accepted.count, expected ? 0 : extents);
	for (unsigned int i = 0; i < device.accepted.count; i++)
		assert_int_equal(device.accepted.items[i].start, i * 2 * MIB);
}

static void test_extents(void **state)
{
	(void)state;
	for (unsigned int extents = 0; extents < 20; extents++)
		check_list(extents, 0, 0, "");
	/* one answer can not disagree with itself */
	check_list(6, UINT32_MAX, 0, "");
	for (unsigned int changes = 1; changes <= 15; changes++)
		check_list(20, changes, 0, "");
	check_list(20, UINT32_MAX, -EAGAIN,
		   "the list of extents of DEVICE changes while it is read");
	assert_int_equal(fake.commands, 8 * 2);
}

static void test_extents_cut(void **state)
{
	cleanup_device struct dc_device device = {0};
	struct transport *transport = make(256);
	struct error err = {0};

	(void)state;
	fake.extents = 20;
	fake.no_progress = true;
	check_error(dc_read_extents(transport, NULL, &device, &err), -EBADMSG, &err,
		    "DEVICE has 20 extents, and says none of those after 6", "");
	assert_int_equal(device.accepted.count, 0);
}

static void test_extents_without_end(void **state)
{
	cleanup_device struct dc_device device = {0};
	struct transport *transport = make(256);
	struct error err = {0};

	(void)state;
	fake.extents = UINT32_MAX;
	check_error(dc_read_extents(transport, NULL, &device, &err), -EBADMSG, &err,
		    "DEVICE says that it has accepted 4294967295 extents; up to 262144 can be", "");
	assert_int_equal(fake.commands, 1);
	assert_int_equal(device.accepted.count, 0);
}

static int count_records(void *context, const struct log_page *page, struct error *err)
{
	(void)err;
	*(size_t *)context += page->count;
	return 0;
}

static void check_log(unsigned int records, bool cursor, bool always_more, size_t seen,
		      bool goes_on)
{
	struct transport *transport = make(512); /* three records */
	bool incomplete = !goes_on;
	unsigned int taps = 0;
	const struct tap tap = {count_tap, &taps};
	size_t count = 0;

	fake.records = records;
	fake.cursor = cursor;
	fake.always_more = always_more;
	assert_int_equal(dc_read_log(transport, &tap, count_records, &count, &incomplete, NULL), 0);
	assert_int_equal(count, seen);
	assert_int_equal(incomplete, goes_on);
	/* How long answers can be, and these. */
	assert_int_equal(taps, 1 + (seen ? (seen + 2) / 3 : 1));
}

/* Whether a device goes on by itself or not, no record is taken twice and none is thought away. */
static void test_log(void **state)
{
	(void)state;
	check_log(0, false, false, 0, false);
	check_log(3, false, false, 3, false);
	check_log(4, false, false, 3, true);
	check_log(200, false, false, 3, true);
	check_log(4, true, false, 4, false);
	check_log(200, true, false, 200, false);
	check_log(2, false, true, 2, false);
	check_log(4, false, true, 3, true);
}

/* More than there are handles for; what was given of it can be told from what was not. */
static void test_log_without_end(void **state)
{
	struct transport *transport = make(512);
	const struct tap none = {0};
	bool incomplete = false;
	size_t count = 0;

	(void)state;
	fake.records = 1000000;
	fake.cursor = true;
	assert_int_equal(dc_read_log(transport, &none, count_records, &count, &incomplete, NULL),
			 0);
	assert_true(incomplete);
	assert_true(count >= UINT16_MAX && count < UINT16_MAX + 3);
}

static void test_device(void **state)
{
	cleanup_device struct dc_device device = {0};
	struct transport *transport = make(4096);

	(void)state;
	fake.regions = 2;
	fake.extents = 3;
	fake.records = 4;
	fake.lost = 7;
	assert_int_equal(dc_read_device(transport, NULL, &device, NULL), 0);
	assert_string_equal(device.source, "mailbox");
	assert_int_equal(device.batches.count, 4);
	assert_int_equal(device.batches.items[3].number, 4);
	assert_int_equal(device.accepted.count, 3);
	assert_int_equal(device.accepted.items[2].dc_region, 0);
	assert_int_equal(device.lost, 7);
	assert_false(device.incomplete);
	assert_string_equal(device.regions_unknown, "");
	assert_string_equal(device.accepted_unknown, "");
	assert_string_equal(device.batches_unknown, "");
}

/* What it does not tell is unknown; the rest is not. */
static void test_device_in_part(void **state)
{
	static const uint16_t opcodes[] = {OPCODE_GET_CONFIGURATION, OPCODE_GET_EXTENTS,
					   OPCODE_GET_LOG};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(opcodes); i++) {
		cleanup_device struct dc_device device = {0};
		struct transport *transport = make(4096);

		fake.regions = fake.extents = fake.records = 1;
		fake.unsupported = opcodes[i];
		assert_int_equal(dc_read_device(transport, NULL, &device, NULL), 0);
		assert_int_equal(device.regions.count, i != 0);
		assert_int_equal(device.accepted.count, i != 1);
		assert_int_equal(device.batches.count, i != 2);
		assert_int_equal(!device.regions_unknown[0], i != 0);
		assert_int_equal(!device.accepted_unknown[0], i != 1);
		assert_int_equal(!device.batches_unknown[0], i != 2);
		fake.unsupported = 0;
	}
}

static void test_device_gone(void **state)
{
	cleanup_device struct dc_device device = {0};
	struct transport *transport = make(4096);
	struct error err = {0};

	(void)state;
	fake.dies = OPCODE_GET_EXTENTS;
	check_error(dc_read_device(transport, NULL, &device, &err), -ENODEV, &err, "DEVICE is gone",
		    "");
	assert_int_equal(fake.commands, 2);
}

static void check_update(size_t count, size_t messages)
{
	struct piece pieces[64];
	struct transport *transport = make(256); /* ten pieces */
	size_t seen = 0;
	bool sent = false;

	for (size_t i = 0; i < count; i++)
		pieces[i] = (struct piece){(i + 1) * 2 * MIB, 4 * MIB};
	assert_int_equal(dc_respond(transport, pieces, count, &sent, NULL), 0);
	assert_true(sent);
	assert_int_equal(fake.asked, messages);
	for (size_t i = 0; i < messages; i++) {
		uint32_t extents = (uint32_t)get(fake.sent[i], 4);

		assert_int_equal(fake.opcodes[i], OPCODE_ADD_RESPONSE);
		assert_int_equal(fake.sent_size[i], 8 + 24 * extents);
		assert_int_equal(fake.sent[i][4], i + 1 < messages);
		for (uint32_t j = 0; j < extents; j++, seen++) {
			assert_int_equal(get(fake.sent[i] + 8 + 24 * j, 8), (seen + 1) * 2 * MIB);
			assert_int_equal(get(fake.sent[i] + 16 + 24 * j, 8), 4 * MIB);
			assert_int_equal(get(fake.sent[i] + 24 + 24 * j, 8), 0);
		}
	}
	assert_int_equal(seen, count);
}

static void test_respond(void **state)
{
	(void)state;
	check_update(0, 1);
	check_update(1, 1);
	check_update(10, 1);
	check_update(11, 2);
	check_update(20, 2);
	check_update(21, 3);
}

static void test_release(void **state)
{
	const struct piece piece = {2 * MIB, 4 * MIB};
	struct transport *transport = make(256);
	struct error err = {0};
	bool sent;

	(void)state;
	assert_int_equal(dc_release(transport, &piece, 1, &sent, NULL), 0);
	assert_true(sent);
	assert_int_equal(fake.opcodes[0], OPCODE_RELEASE);
	fake.unsupported = OPCODE_RELEASE;
	check_error(dc_release(transport, &piece, 1, &sent, &err), -EOPNOTSUPP, &err,
		    "DEVICE answered Release Dynamic Capacity with \"Unsupported\" (0x0003)", "");
}

static void test_clear(void **state)
{
	struct transport *transport = make(256); /* 125 handles */
	uint16_t handles[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(handles); i++)
		handles[i] = (uint16_t)(1000 + i);
	assert_int_equal(dc_clear(transport, handles, ARRAY_SIZE(handles), NULL), 0);
	assert_int_equal(fake.asked, 3);
	for (size_t i = 0, seen = 0; i < 3; i++) {
		assert_memory_equal(fake.sent[i], "\4\0", 2);
		assert_int_equal(fake.sent[i][2], i < 2 ? 125 : 50);
		assert_int_equal(fake.sent_size[i], 6 + 2 * (i < 2 ? 125 : 50));
		for (size_t j = 0; j < fake.sent[i][2]; j++, seen++)
			assert_int_equal(get(fake.sent[i] + 6 + 2 * j, 2), 1000 + seen);
	}
	/* an empty list would mean nothing, and is not sent */
	make(256);
	assert_int_equal(dc_clear(transport, handles, 0, NULL), 0);
	assert_int_equal(fake.commands, 0);
	/* the count has 8 bits */
	make(4096);
	assert_int_equal(dc_clear(transport, handles, ARRAY_SIZE(handles), NULL), 0);
	assert_int_equal(fake.sent[0][2], 255);
	assert_int_equal(fake.sent[1][2], 45);
}

static void test_codes(void **state)
{
	struct transport *transport = make(256);

	(void)state;
	assert_int_equal(transport_code(transport, 0x4802, 0, NULL), 0);
	assert_int_equal(transport_code(transport, 0x4802, 0x02, NULL), -EINVAL);
	assert_int_equal(transport_code(transport, 0x4802, 0x06, NULL), -EBUSY);
	assert_int_equal(transport_code(transport, 0x4802, 0x0f, NULL), -ENXIO);
	assert_int_equal(transport_code(transport, 0x4802, 0x1d, NULL), -ENOSPC);
	assert_int_equal(transport_code(transport, 0x4802, 0x1e, NULL), -ENXIO);
	for (unsigned int code = 1; code < 0x10000; code++) {
		struct error err = {0};

		assert_true(transport_code(transport, 0x4802, code, &err) < 0);
		assert_true(strncmp(err.text, "DEVICE answered ", 16) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration), cmocka_unit_test(test_extents),
		cmocka_unit_test(test_extents_cut),   cmocka_unit_test(test_extents_without_end),
		cmocka_unit_test(test_log),	      cmocka_unit_test(test_log_without_end),
		cmocka_unit_test(test_device),	      cmocka_unit_test(test_device_in_part),
		cmocka_unit_test(test_device_gone),   cmocka_unit_test(test_respond),
		cmocka_unit_test(test_release),	      cmocka_unit_test(test_clear),
		cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
