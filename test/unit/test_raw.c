// SPDX-License-Identifier: GPL-2.0-or-later
/* Raw commands through the kernel: when none may be sent, and what becomes of one. libcxl is played here. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cxl/libcxl.h>

#include "extents/transport.h"
#include "support.h"
#include "sys/util.h"

#include <cmocka.h>

/* ---- libcxl, and the kernel behind it ---- */

static struct fake {
	int new_fails; /* errno */
	int submit_fails;
	int code;
	int out_size; /* it says */
	unsigned int commands, submitted, contexts;
	int opcode, in_room, out_room;
	uint8_t sent[64];
	void *out;
} fake;

/* Things of which only the addresses count. */
static int context, memdevs[2], command;

int __wrap_cxl_new(struct cxl_ctx **ctx);
struct cxl_ctx *__wrap_cxl_unref(struct cxl_ctx *ctx);
void __wrap_cxl_set_log_priority(struct cxl_ctx *ctx, int priority);
struct cxl_memdev *__wrap_cxl_memdev_get_first(struct cxl_ctx *ctx);
struct cxl_memdev *__wrap_cxl_memdev_get_next(struct cxl_memdev *memdev);
const char *__wrap_cxl_memdev_get_devname(struct cxl_memdev *memdev);
struct cxl_cmd *__wrap_cxl_cmd_new_raw(struct cxl_memdev *memdev, int opcode);
void __wrap_cxl_cmd_unref(struct cxl_cmd *cmd);
int __wrap_cxl_cmd_set_input_payload(struct cxl_cmd *cmd, void *in, int size);
int __wrap_cxl_cmd_set_output_payload(struct cxl_cmd *cmd, void *out, int size);
int __wrap_cxl_cmd_submit(struct cxl_cmd *cmd);
int __wrap_cxl_cmd_get_mbox_status(struct cxl_cmd *cmd);
int __wrap_cxl_cmd_get_out_size(struct cxl_cmd *cmd);

int __wrap_cxl_new(struct cxl_ctx **ctx)
{
	fake.contexts++;
	*ctx = (struct cxl_ctx *)&context;
	return 0;
}

struct cxl_ctx *__wrap_cxl_unref(struct cxl_ctx *ctx)
{
	fake.contexts--;
	assert_ptr_equal(ctx, &context);
	return NULL;
}

void __wrap_cxl_set_log_priority(struct cxl_ctx *ctx, int priority)
{
	(void)ctx;
	(void)priority;
}

struct cxl_memdev *__wrap_cxl_memdev_get_first(struct cxl_ctx *ctx)
{
	(void)ctx;
	return (struct cxl_memdev *)&memdevs[0];
}

struct cxl_memdev *__wrap_cxl_memdev_get_next(struct cxl_memdev *memdev)
{
	return (void *)memdev == &memdevs[0] ? (struct cxl_memdev *)&memdevs[1] : NULL;
}

const char *__wrap_cxl_memdev_get_devname(struct cxl_memdev *memdev)
{
	return (void *)memdev == &memdevs[0] ? "mem0" : "mem1";
}

struct cxl_cmd *__wrap_cxl_cmd_new_raw(struct cxl_memdev *memdev, int opcode)
{
	assert_ptr_equal(memdev, &memdevs[1]);
	fake.opcode = opcode;
	fake.in_room = fake.out_room = 0;
	errno = fake.new_fails;
	if (fake.new_fails)
		return NULL;
	fake.commands++;
	return (struct cxl_cmd *)&command;
}

void __wrap_cxl_cmd_unref(struct cxl_cmd *cmd)
{
	(void)cmd;
	fake.commands--;
}

int __wrap_cxl_cmd_set_input_payload(struct cxl_cmd *cmd, void *in, int size)
{
	(void)cmd;
	fake.in_room = size;
	memcpy(fake.sent, in, (size_t)size);
	return 0;
}

int __wrap_cxl_cmd_set_output_payload(struct cxl_cmd *cmd, void *out, int size)
{
	(void)cmd;
	fake.out = out;
	fake.out_room = size;
	return 0;
}

int __wrap_cxl_cmd_submit(struct cxl_cmd *cmd)
{
	(void)cmd;
	fake.submitted++;
	if (fake.submit_fails)
		return fake.submit_fails;
	if (fake.out_room >= 5)
		memcpy(fake.out, "hello", 5);
	return 0;
}

int __wrap_cxl_cmd_get_mbox_status(struct cxl_cmd *cmd)
{
	(void)cmd;
	return fake.code;
}

int __wrap_cxl_cmd_get_out_size(struct cxl_cmd *cmd)
{
	(void)cmd;
	return fake.out_size;
}

/* ---- when none may be sent ---- */

static int set_up(void **state)
{
	struct tree *tree;

	tree_setup(state);
	tree = *state;
	fake = (struct fake){.out_size = 5};
	tree_file(tree, "0\n", "/proc/sys/kernel/panic_on_warn");
	tree_file(tree, "0\n", "/proc/sys/kernel/warn_limit");
	tree_file(tree, "0\n", "/sys/kernel/warn_count");
	tree_file(tree, "512\n", "/sys/bus/cxl/devices/mem1/payload_max");
	return 0;
}

/* Nothing was sent, and nothing is left of libcxl. */
static void check_refused(const struct tree *tree, const char *memdev, int code, const char *text,
			  const char *hint)
{
	struct transport *transport = NULL;
	struct error err = {0};

	check_error(transport_raw(&tree->sys, memdev, &transport, &err), code, &err, text, hint);
	assert_null(transport);
	assert_int_equal(fake.submitted, 0);
	assert_int_equal(fake.commands, 0);
	assert_int_equal(fake.contexts, 0);
}

#define WARNS	"the first raw command of a boot makes the kernel warn, and so panic: "
#define MAILBOX "read the device through its mailbox: --unbind"

static void test_a_warning_that_panics(void **state)
{
	tree_file(*state, "1\n", "/proc/sys/kernel/panic_on_warn");
	check_refused(*state, "mem1", -EPERM, WARNS "kernel.panic_on_warn is set", MAILBOX);
	tree_unlink(*state, "/proc/sys/kernel/panic_on_warn");
	check_refused(*state, "mem1", -EPERM, WARNS "kernel.panic_on_warn cannot be read", MAILBOX);
}

static void check_limit(struct tree *tree, const char *limit, const char *count, bool refused)
{
	struct transport *transport = NULL;

	tree_file(tree, limit, "/proc/sys/kernel/warn_limit");
	tree_file(tree, count, "/sys/kernel/warn_count");
	if (refused) {
		check_refused(tree, "mem1", -EPERM, WARNS "kernel.warn_limit is reached by it",
			      MAILBOX);
		return;
	}
	assert_int_equal(transport_raw(&tree->sys, "mem1", &transport, NULL), 0);
	transport_close(&transport);
}

static struct transport *open_mem1(void **state)
{
	struct transport *transport = NULL;
	struct error err = {0};

	assert_int_equal(transport_raw(&((struct tree *)*state)->sys, "mem1", &transport, &err), 0);
	assert_string_equal(transport->source, "raw");
	assert_string_equal(transport->name, "mem1");
	assert_int_equal(transport->payload_max, 512);
	assert_int_equal(fake.submitted, 0);
	return transport;
}

static void test_one_warning_too_many(void **state)
{
	struct transport *transport;

	check_limit(*state, "1\n", "0\n", true);
	check_limit(*state, "10\n", "9\n", true);
	check_limit(*state, "10\n", "12\n", true);
	check_limit(*state, "10\n", "8\n", false);
	check_limit(*state, "0\n", "1000\n", false);
	check_limit(*state, "10\n", "what\n", true);
	/* Before Linux 6.2 there is neither. */
	tree_unlink(*state, "/proc/sys/kernel/warn_limit");
	tree_unlink(*state, "/sys/kernel/warn_count");
	transport = open_mem1(state);
	transport_close(&transport);
}

static void test_a_kernel_that_does_it_itself(void **state)
{
	tree_file(*state, "", "/sys/bus/cxl/devices/decoder0.0/create_dynamic_ram_a_region");
	check_refused(*state, "mem1", -EOPNOTSUPP,
		      "the kernel handles dynamic capacity itself: behind its back, it and the "
		      "device would disagree",
		      "");
}

static void test_a_kernel_without_raw_commands(void **state)
{
	fake.new_fails = EOPNOTSUPP;
	check_refused(*state, "mem1", -EOPNOTSUPP,
		      "the kernel was built without raw commands (CONFIG_CXL_MEM_RAW_COMMANDS)",
		      MAILBOX);
	fake.new_fails = EACCES;
	check_refused(*state, "mem1", -EPERM, "raw commands to mem1 need root", "");
}

static void test_a_device_that_is_not_there(void **state)
{
	check_refused(*state, "mem2", -ENODEV,
		      "there is no memory device mem2, or it has no driver", "");
	check_refused(*state, "mem", -ENODEV, "there is no memory device mem, or it has no driver",
		      "");
}

static void test_a_mailbox_that_can_not_be(void **state)
{
	static const char *const sizes[] = {"255", "1048577", "18446744073709551615"};
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		tree_file(*state, sizes[i], "/sys/bus/cxl/devices/mem1/payload_max");
		snprintf(text, sizeof(text),
			 "mem1 says that its mailbox takes %s bytes, expected 256 to 1048576",
			 sizes[i]);
		check_refused(*state, "mem1", -EBADMSG, text, "");
	}
	tree_unlink(*state, "/sys/bus/cxl/devices/mem1/payload_max");
	check_refused(*state, "mem1", -EIO,
		      "cannot read how much the mailbox of mem1 takes: No such file or directory",
		      "");
}

/* ---- one command ---- */

static void test_a_command(void **state)
{
	cleanup_transport struct transport *transport = open_mem1(state);
	uint8_t in[] = {1, 2, 3}, out[512] = {0};
	struct error err = {0};
	size_t size = 77;

	assert_int_equal(transport->command(transport, OPCODE_GET_EXTENTS, in, sizeof(in), out,
					    sizeof(out), &size, &err),
			 0);
	assert_int_equal(fake.opcode, 0x4801);
	assert_int_equal(fake.in_room, 3);
	assert_memory_equal(fake.sent, in, sizeof(in));
	assert_int_equal(fake.out_room, 512);
	assert_int_equal(size, 5);
	assert_memory_equal(out, "hello", 5);
	assert_int_equal(fake.commands, 0);
	transport_close(&transport);
	assert_int_equal(fake.contexts, 0);
}

/* A command without an answer, and room for more than the kernel would let a command have. */
static void test_room(void **state)
{
	cleanup_transport struct transport *transport = open_mem1(state);
	uint8_t in[513] = {0}, out[1024];
	struct error err = {0};
	size_t size = 77;

	assert_int_equal(transport->command(transport, OPCODE_CLEAR_LOG, in, 8, NULL, 0, &size,
					    &err),
			 0);
	assert_int_equal(size, 0);
	assert_int_equal(fake.out_room, 0);
	assert_int_equal(transport->command(transport, OPCODE_GET_LOG, in, 1, out, sizeof(out),
					    &size, &err),
			 0);
	assert_int_equal(fake.out_room, 512);
	fake.submitted = 0;
	check_error(transport->command(transport, OPCODE_RELEASE, in, 513, NULL, 0, &size, &err),
		    -EMSGSIZE, &err, "a command of 513 bytes is longer than mem1 takes: 512", "");
	assert_int_equal(fake.submitted, 0);
}

static void check_command(struct transport *transport, int code, const char *text, const char *hint)
{
	struct error err = {0};
	uint8_t out[16];
	size_t size;

	check_error(transport->command(transport, OPCODE_GET_LOG, "\4", 1, out, sizeof(out), &size,
				       &err),
		    code, &err, text, hint);
	assert_int_equal(size, 0);
	assert_int_equal(fake.commands, 0);
}

static void test_what_the_device_returns(void **state)
{
	cleanup_transport struct transport *transport = open_mem1(state);

	fake.code = 3;
	check_command(transport, -EOPNOTSUPP,
		      "mem1 answered Get Event Records with \"Unsupported\" (0x0003)", "");
	fake.code = 0;
	fake.out_size = 17;
	check_command(transport, -EBADMSG, "mem1 answered with 17 bytes where 16 are expected", "");
	fake.out_size = -1;
	check_command(transport, -EBADMSG, "mem1 answered with -1 bytes where 16 are expected", "");
}

static void test_what_the_kernel_returns(void **state)
{
	cleanup_transport struct transport *transport = open_mem1(state);

	fake.submit_fails = -EPERM;
	check_command(transport, -EPERM, "the kernel does not permit raw commands to mem1",
		      "see whether the kernel is locked down: /sys/kernel/security/lockdown");
	fake.submit_fails = -EBUSY;
	check_command(transport, -EBUSY, "the mailbox of mem1 is busy with another command", "");
	fake.submit_fails = -ETIMEDOUT;
	check_command(transport, -ETIMEDOUT,
		      "mem1 did not answer in time: what became of it is unknown", "");
	fake.submit_fails = -ENXIO;
	check_command(transport, -ENODEV, "mem1 has gone, or has lost its driver", "");
	fake.submit_fails = -EFAULT;
	check_command(transport, -EIO,
		      "the kernel could not send a raw command to mem1: Bad address", "");
	fake.new_fails = ENXIO;
	check_command(transport, -ENODEV, "mem1 has gone, or has lost its driver", "");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_warning_that_panics),
		TEST(test_one_warning_too_many),
		TEST(test_a_kernel_that_does_it_itself),
		TEST(test_a_kernel_without_raw_commands),
		TEST(test_a_device_that_is_not_there),
		TEST(test_a_mailbox_that_can_not_be),
		TEST(test_a_command),
		TEST(test_room),
		TEST(test_what_the_device_returns),
		TEST(test_what_the_kernel_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
