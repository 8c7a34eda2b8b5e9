/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The primary mailbox: a device of memory behind it, which keeps to the specification or does not. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "regs/mailbox.h"
#include "support.h"
#include "sys/util.h"

#include <cmocka.h>

#define REGISTERS 0x2000
#define STATUS_AT 0x80
#define MAILBOX	  0x100
#define PAYLOAD	  (MAILBOX + 0x20)

/* What is wrong with it; zeroed: nothing. */
struct fault {
	unsigned int gone_after;    /* so many accesses it reads all ones */
	unsigned int revoked_after; /* so many they fail */
	bool hangs;		    /* the doorbell stays set */
	bool deaf;		    /* the command register keeps what was in it */
	unsigned int rings;	    /* so many reads of the doorbell it is set */
	unsigned int background; /* so many reads of the status it goes on; UINT32_MAX: for good */
	uint16_t code, background_code;
	uint32_t answer_size; /* it says, 0: the truth */
};

static struct fake {
	uint32_t words[REGISTERS / 4];
	struct fault fault;
	unsigned int accesses, busy, working, closed, commands;
	uint16_t opcode;
	uint8_t sent[2048], answer[2048];
	size_t sent_size, answer_size;
} fake;

static uint32_t *at(uint32_t offset)
{
	return &fake.words[offset / 4];
}

static void execute(void)
{
	fake.commands++;
	fake.opcode = (uint16_t)*at(MAILBOX + 8);
	fake.sent_size = *at(MAILBOX + 8) >> 16 | (size_t)*at(MAILBOX + 12) << 16;
	assert_true(fake.sent_size <= sizeof(fake.sent));
	memcpy(fake.sent, at(PAYLOAD), fake.sent_size);
	memcpy(at(PAYLOAD), fake.answer, fake.answer_size);
	*at(MAILBOX + 8) =
		fake.opcode |
		(uint32_t)(fake.fault.answer_size ? fake.fault.answer_size : fake.answer_size)
			<< 16;
	*at(MAILBOX + 12) = 0;
	*at(MAILBOX + 16) = fake.fault.background ? 1 : 0;
	*at(MAILBOX + 20) = fake.fault.background ? 1 : fake.fault.code;
	*at(MAILBOX + 28) = fake.fault.background_code;
	fake.busy = fake.fault.hangs ? UINT32_MAX : fake.fault.rings;
	fake.working = fake.fault.background;
}

static bool counts_down(unsigned int *count)
{
	if (*count && *count != UINT32_MAX)
		--*count;
	return *count;
}

static int fake_access(void)
{
	fake.accesses++;
	return fake.fault.revoked_after && fake.accesses > fake.fault.revoked_after ? -EIO : 0;
}

static int fake_read(void *context, uint32_t offset, uint32_t *value)
{
	int rc = fake_access();

	assert_ptr_equal(context, &fake);
	assert_true(offset % 4 == 0 && offset < REGISTERS);
	*value = *at(offset);
	if (offset == MAILBOX + 4)
		*value = counts_down(&fake.busy) ? 1 : 0;
	if (offset == MAILBOX + 16 && !counts_down(&fake.working))
		*value &= ~1u;
	if (fake.fault.gone_after && fake.accesses > fake.fault.gone_after)
		*value = UINT32_MAX;
	return rc;
}

static int fake_write(void *context, uint32_t offset, uint32_t value)
{
	int rc = fake_access();

	assert_ptr_equal(context, &fake);
	assert_true(offset % 4 == 0 && offset < REGISTERS);
	if (rc)
		return rc;
	if (offset == MAILBOX + 4 && value & 1)
		execute();
	else if (offset != MAILBOX + 8 && offset != MAILBOX + 12) /* as QEMU: whole, or not */
		*at(offset) = value;
	return 0;
}

static int fake_write64(void *context, uint32_t offset, uint64_t value)
{
	int rc = fake_access();

	assert_ptr_equal(context, &fake);
	assert_true(offset % 8 == 0 && offset < REGISTERS);
	if (rc || fake.fault.deaf)
		return rc;
	*at(offset) = (uint32_t)value;
	*at(offset + 4) = (uint32_t)(value >> 32);
	return 0;
}

static void fake_close(void *context)
{
	assert_ptr_equal(context, &fake);
	fake.closed++;
}

static const struct device_backend backend = {fake_read, fake_write, fake_write64, fake_close};

static void entry(uint32_t number, uint16_t id, uint32_t offset, uint32_t length)
{
	*at(16 * number) = 1u << 16 | id;
	*at(16 * number + 4) = offset;
	*at(16 * number + 8) = length;
}

/* A device as it should be, with a payload of 512 bytes. */
static void make_device(void)
{
	memset(&fake, 0, sizeof(fake));
	*at(0) = 1u << 16;
	*at(4) = 3;
	entry(1, 0x0001, 0x40, 8);
	entry(2, 0x0002, MAILBOX, 0x20 + 512);
	entry(3, 0x4000, STATUS_AT, 8);
	*at(STATUS_AT) = 1u << 4;
	*at(MAILBOX) = 9;
}

static struct mailbox *open_device(void)
{
	struct mailbox *mailbox = NULL;
	struct error err = {0};
	int rc = mailbox_over("DEVICE", &backend, &fake, REGISTERS, &mailbox, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(rc, 0);
	return mailbox;
}

static void check_text(int rc, int code, const struct error *err, const char *text)
{
	check_error(rc, code, err, text, err->hint);
}

static void check_refused(int code, const char *text)
{
	struct mailbox *mailbox = NULL;
	struct error err = {0};

	check_text(mailbox_over("DEVICE", &backend, &fake, REGISTERS, &mailbox, &err), code, &err,
		   text);
	assert_null(mailbox);
	assert_int_equal(fake.closed, 1);
	assert_int_equal(fake.commands, 0);
}

static void test_command(void **state)
{
	static const uint8_t in[] = {1, 2, 3, 4, 5, 6, 7};
	uint8_t out[16];
	cleanup_mailbox struct mailbox *mailbox = NULL;
	unsigned int code = 99;
	size_t size = 99;

	(void)state;
	make_device();
	mailbox = open_device();
	assert_int_equal(mailbox_payload_max(mailbox), 512);
	for (size_t i = 0; i < 9; i++)
		fake.answer[i] = (uint8_t)(0xf0 + i);
	fake.answer_size = 9;
	fake.fault.rings = 300;
	memset(out, 0xaa, sizeof(out));
	assert_int_equal(mailbox_send(mailbox, 0x4801, in, sizeof(in), out, sizeof(out), &size,
				      &code, NULL),
			 0);
	assert_int_equal(code, 0);
	assert_int_equal(size, 9);
	assert_memory_equal(out, fake.answer, 9);
	assert_int_equal(out[9], 0xaa);
	assert_int_equal(fake.opcode, 0x4801);
	assert_int_equal(fake.sent_size, sizeof(in));
	assert_memory_equal(fake.sent, in, sizeof(in));
	mailbox_close(&mailbox);
	assert_int_equal(fake.closed, 1);
}

/* Neither more is written than there is room for, nor is it hidden that there was more. */
static void test_answer_cut(void **state)
{
	uint8_t out[5] = {0, 0, 0, 0, 0x55};
	cleanup_mailbox struct mailbox *mailbox = NULL;
	unsigned int code;
	size_t size;

	(void)state;
	make_device();
	mailbox = open_device();
	memset(fake.answer, 0x77, 512);
	fake.answer_size = 512;
	assert_int_equal(mailbox_send(mailbox, 1, NULL, 0, out, 4, &size, &code, NULL), 0);
	assert_int_equal(size, 512);
	assert_memory_equal(out, "\x77\x77\x77\x77\x55", 5);
	/* a payload that is all ones is a payload */
	memset(fake.answer, 0xff, 512);
	assert_int_equal(mailbox_send(mailbox, 1, NULL, 0, out, 4, &size, &code, NULL), 0);
	assert_memory_equal(out, "\xff\xff\xff\xff\x55", 5);
}

static void send(struct fault fault, int expected, unsigned int expected_code, const char *text)
{
	cleanup_mailbox struct mailbox *mailbox = NULL;
	struct error err = {0};
	unsigned int code = 0;
	size_t size;
	uint8_t out[4];

	make_device();
	mailbox = open_device();
	fake.fault = fault;
	fake.accesses = 0;
	check_text(mailbox_send(mailbox, 0x4802, "abcd", 4, out, sizeof(out), &size, &code, &err),
		   expected, &err, text);
	assert_int_equal(size, 0);
	assert_int_equal(code, expected_code);
}

static void test_codes(void **state)
{
	(void)state;
	send((struct fault){.code = 0x0f}, 0, 0x0f, "");
	send((struct fault){.code = 0xffff}, 0, 0xffff, "");
	send((struct fault){.background = 3}, 0, 0, "");
	send((struct fault){.background = 3, .background_code = 0x12}, 0, 0x12, "");
}

static void test_faults(void **state)
{
	(void)state;
	send((struct fault){.hangs = true}, -ETIMEDOUT, 0,
	     "DEVICE did not finish command 0x4802 within 2 s");
	send((struct fault){.background = UINT32_MAX}, -ETIMEDOUT, 1,
	     "DEVICE goes on with the command in the background");
	send((struct fault){.answer_size = 513}, -EBADMSG, 0,
	     "DEVICE says that its answer has 513 bytes; 512 can be");
	assert_int_equal(fake.commands, 1);
	for (unsigned int accesses = 1; accesses < 8; accesses++) {
		send((struct fault){.gone_after = accesses}, -ENODEV, 0,
		     "device registers of DEVICE read all ones");
		send((struct fault){.revoked_after = accesses}, -EIO, 0,
		     "device registers of DEVICE are not accessible: Input/output error");
	}
}

/* What a driver sent last is not sent again in place of ours. */
static void test_deaf(void **state)
{
	cleanup_mailbox struct mailbox *mailbox = NULL;
	struct error err = {0};
	unsigned int code;
	size_t size;

	(void)state;
	make_device();
	*at(MAILBOX + 8) = 0x0101;
	mailbox = open_device();
	fake.fault.deaf = true;
	check_text(mailbox_send(mailbox, 0x100, "\4", 1, NULL, 0, &size, &code, &err), -EIO, &err,
		   "the mailbox of DEVICE does not take command 0x0100 in");
	assert_int_equal(fake.commands, 0);
}

/* Another's command is neither disturbed nor taken for ours. */
static void test_busy(void **state)
{
	cleanup_mailbox struct mailbox *mailbox = NULL;
	struct error err = {0};
	unsigned int code;
	size_t size;

	(void)state;
	make_device();
	mailbox = open_device();
	fake.busy = UINT32_MAX;
	*at(MAILBOX + 8) = 0x1234;
	check_text(mailbox_send(mailbox, 1, NULL, 0, NULL, 0, &size, &code, &err), -EBUSY, &err,
		   "the mailbox of DEVICE is busy with a command of somebody else");
	assert_int_equal(fake.commands, 0);
	assert_int_equal(*at(MAILBOX + 8), 0x1234);
	make_device();
	fake.busy = UINT32_MAX;
	check_refused(-EBUSY, "the mailbox of DEVICE is busy with a command of somebody else");
}

static void test_too_long(void **state)
{
	uint8_t in[513] = {0};
	cleanup_mailbox struct mailbox *mailbox = NULL;
	struct error err = {0};
	unsigned int code;
	size_t size;

	(void)state;
	make_device();
	mailbox = open_device();
	check_text(mailbox_send(mailbox, 1, in, 513, NULL, 0, &size, &code, &err), -EMSGSIZE, &err,
		   "a command of 513 bytes does not fit the mailbox of DEVICE");
	assert_int_equal(fake.commands, 0);
	assert_int_equal(mailbox_send(mailbox, 1, in, 512, NULL, 0, &size, &code, NULL), 0);
	assert_int_equal(fake.sent_size, 512);
}

static void test_registers_broken(void **state)
{
	static const struct {
		uint32_t offset, value;
		int code;
		const char *text;
	} broken[] = {
		{0, UINT32_MAX, -ENODEV, "device registers of DEVICE read all ones"},
		{0, 0x00010005, -EBADMSG,
		 "device registers of DEVICE start with 0x00010005 0x00000003, not with an array "
		 "of "
		 "CXL device capabilities"},
		{0, 0, -EBADMSG,
		 "device registers of DEVICE start with 0x00000000 0x00000003, not with an array "
		 "of "
		 "CXL device capabilities"},
		{4, 0xffff, -EBADMSG,
		 "device registers of DEVICE start with 0x00010000 0x0000ffff, not with an array "
		 "of "
		 "CXL device capabilities"},
		{4, 1, -ENOENT, "DEVICE has no primary mailbox"},
		{48, 0x00010002, -EBADMSG, "CXL device capability 0x0002 of DEVICE is there twice"},
		{32 + 4, 0x102, -EBADMSG,
		 "CXL device capability 0x0002 of DEVICE has 544 bytes at 0x102, where it cannot "
		 "be"},
		{32 + 4, 0x104, -EBADMSG,
		 "CXL device capability 0x0002 of DEVICE has 544 bytes at 0x104, where it cannot "
		 "be"},
		{32 + 4, 0, -EBADMSG,
		 "CXL device capability 0x0002 of DEVICE has 544 bytes at 0x0, where it cannot be"},
		{32 + 4, REGISTERS - 0x20, -EBADMSG,
		 "CXL device capability 0x0002 of DEVICE has 544 bytes at 0x1fe0, where it cannot "
		 "be"},
		{32 + 4, 0xfffffff8, -EBADMSG,
		 "CXL device capability 0x0002 of DEVICE has 544 bytes at 0xfffffff8, where it "
		 "cannot be"},
		{32 + 8, 0x11f, -EBADMSG,
		 "CXL device capability 0x0002 of DEVICE has 287 bytes at 0x100, where it cannot "
		 "be"},
		{32 + 8, UINT32_MAX - 1, -EBADMSG,
		 "CXL device capability 0x0002 of DEVICE has 4294967294 bytes at 0x100, where it "
		 "cannot be"},
		{48 + 4, 0x1ff8 + 8, -EBADMSG,
		 "CXL device capability 0x4000 of DEVICE has 8 bytes at 0x2000, where it cannot "
		 "be"},
		{MAILBOX, 7, -EBADMSG,
		 "the mailbox of DEVICE has a payload of 2^7 bytes, which cannot be"},
		{MAILBOX, 21, -EBADMSG,
		 "the mailbox of DEVICE has a payload of 2^21 bytes, which cannot be"},
		{MAILBOX, 20, -EBADMSG,
		 "the mailbox of DEVICE has a payload of 2^20 bytes, which its registers have no "
		 "room for"},
		{STATUS_AT, 0x11, -EIO, "DEVICE says that it failed for good"},
		{STATUS_AT, 0x12, -EIO, "DEVICE says that its firmware has halted"},
		{STATUS_AT, 0, -EIO, "the mailbox of DEVICE does not become ready"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		make_device();
		*at(broken[i].offset) = broken[i].value;
		check_refused(broken[i].code, broken[i].text);
	}
}

static void test_registers_short(void **state)
{
	struct mailbox *mailbox = NULL;
	struct error err = {0};

	(void)state;
	make_device();
	check_text(mailbox_over("DEVICE", &backend, &fake, 16, &mailbox, &err), -EBADMSG, &err,
		   "device registers of DEVICE have 16 bytes");
	assert_int_equal(fake.closed, 1);
}

/* A device without Memory Device Status has nothing to wait for. */
static void test_no_status(void **state)
{
	cleanup_mailbox struct mailbox *mailbox = NULL;

	(void)state;
	make_device();
	*at(4) = 2;
	mailbox = open_device();
	assert_int_equal(mailbox_payload_max(mailbox), 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_answer_cut),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_registers_broken),
		cmocka_unit_test(test_registers_short),
		cmocka_unit_test(test_no_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
