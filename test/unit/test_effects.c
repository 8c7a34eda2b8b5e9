// SPDX-License-Identifier: GPL-2.0-or-later
/* Which commands a device knows. The kernel's answers are played here. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/cxl_mem.h>

#include "extents/effects.h"
#include "support.h"
#include "sys/util.h"

#include <cmocka.h>

static struct fake {
	uint8_t logs[256];
	int logs_size;
	uint16_t opcodes[256];
	uint32_t opcode_count;
	unsigned int fails;    /* which call, from 1 */
	unsigned int returns;  /* which call has a code of the device */
	unsigned int short_of; /* bytes that every piece of the log lacks */
	unsigned int calls;
} fake;

static int answer_log(struct cxl_send_command *send)
{
	uint8_t *out = (uint8_t *)(uintptr_t)send->out.payload;
	uint32_t numbers[2];

	assert_int_equal(send->in.size, 24);
	memcpy(numbers, (uint8_t *)(uintptr_t)send->in.payload + 16, sizeof(numbers));
	assert_true(le32toh(numbers[1]) <= 256);
	assert_true(le32toh(numbers[0]) + le32toh(numbers[1]) <= fake.opcode_count * 4);
	for (uint32_t i = 0; i < le32toh(numbers[1]) / 4; i++) {
		uint16_t entry[2] = {htole16(fake.opcodes[le32toh(numbers[0]) / 4 + i]), 0xffff};

		memcpy(out + 4 * i, entry, sizeof(entry));
	}
	send->out.size = le32toh(numbers[1]) - fake.short_of;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, struct cxl_send_command *send);

int __wrap_ioctl(int fd, unsigned long request, struct cxl_send_command *send)
{
	(void)fd;
	assert_true(request == CXL_MEM_SEND_COMMAND);
	assert_int_equal(send->out.size, 256);
	fake.calls++;
	send->retval = fake.calls == fake.returns ? 3 : 0;
	if (fake.calls == fake.fails) {
		errno = ENXIO;
		return -1;
	}
	if (send->id == CXL_MEM_COMMAND_ID_GET_LOG)
		return answer_log(send);
	assert_int_equal(send->id, CXL_MEM_COMMAND_ID_GET_SUPPORTED_LOGS);
	memcpy((void *)(uintptr_t)send->out.payload, fake.logs, sizeof(fake.logs));
	send->out.size = (uint32_t)fake.logs_size;
	return 0;
}

/* Two logs, the second is the one; @last is the last of its @count opcodes. */
static void make(void **state, uint32_t count, uint16_t last)
{
	static const uint8_t id[] = {0x0d, 0xa9, 0xc0, 0xb5, 0xbf, 0x41, 0x4b, 0x78,
				     0x8f, 0x79, 0x96, 0xb1, 0x62, 0x3b, 0x3f, 0x17};
	uint32_t size = htole32(count * 4);

	fake = (struct fake){.logs = {2}, .logs_size = 48, .opcode_count = count};
	memcpy(fake.logs + 28, id, sizeof(id));
	memcpy(fake.logs + 44, &size, sizeof(size));
	if (count && count <= ARRAY_SIZE(fake.opcodes))
		fake.opcodes[count - 1] = last;
	tree_file(*state, "", "/dev/cxl/mem1");
}

static int ask(void **state)
{
	return dc_supported(&((struct tree *)*state)->sys, "mem1");
}

static void test_opcodes(void **state)
{
	static const uint32_t counts[] = {1, 63, 64, 65, 128, 200};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		make(state, counts[i], 0x4800);
		assert_int_equal(ask(state), 1);
		assert_int_equal(fake.calls, 1 + (counts[i] + 63) / 64);
		make(state, counts[i], 0x4801);
		assert_int_equal(ask(state), 0);
		make(state, counts[i], 0x0048);
		assert_int_equal(ask(state), 0);
	}
}

/* Whoever does not answer well is unknown, and nothing is made of half an answer. */
static void test_no_answer(void **state)
{
	for (unsigned int call = 1; call <= 2; call++) {
		make(state, 64, 0x4800);
		fake.fails = call;
		assert_int_equal(ask(state), -1);
		make(state, 64, 0x4800);
		fake.returns = call;
		assert_int_equal(ask(state), -1);
	}
	make(state, 64, 0x4800);
	fake.short_of = 4;
	assert_int_equal(ask(state), -1);
}

static void test_logs_that_can_not_be(void **state)
{
	static const int sizes[] = {-1, 0, 7, 8, 28, 47, 257};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		make(state, 64, 0x4800);
		fake.logs_size = sizes[i];
		assert_int_equal(ask(state), -1);
		assert_int_equal(fake.calls, 1);
	}
	make(state, 0, 0);
	assert_int_equal(ask(state), -1);
	make(state, 65537, 0);
	assert_int_equal(ask(state), -1);
	assert_int_equal(fake.calls, 1);
}

static void test_no_device(void **state)
{
	fake = (struct fake){0};
	assert_int_equal(ask(state), -1);
	assert_int_equal(fake.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(test_opcodes),
		IN_TREE(test_no_answer),
		IN_TREE(test_logs_that_can_not_be),
		IN_TREE(test_no_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
