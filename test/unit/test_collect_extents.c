// SPDX-License-Identifier: GPL-2.0-or-later
/* collect_extents(): which devices have dynamic capacity, and who may be asked. Their mailboxes are played. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collect/collect.h"
#include "extents/transport.h"
#include "support.h"
#include "sys/lock.h"
#include "sys/util.h"

#include <cmocka.h>

#define DEVICE "0000:0d:00.0"
#define PORT   "0000:0c:00.0"
#define BAR    "/sys/bus/pci/devices/" DEVICE "/resource2"

/* ---- a device ---- */

static struct fake {
	int opening;  /* -errno */
	int codes[3]; /* what it returns to 4800h, 4801h and 0100h */
	bool dies;    /* after its first answer */
	unsigned int opened, closed, commands;
	int supported; /* says the log of commands */
	bool locked;   /* all the time that it was open */
	const struct sys *sys;
} fake;

/* One region of 256 MiB, one accepted extent, one offered. */
static const uint8_t configuration[64] = {1, 1, [16] = 1, [27] = 0x10, [34] = 0x20, [48] = 9};
static const uint8_t extents[56] = {1, [4] = 1, [26] = 0x20};
static const uint8_t log_page[160] = {
	[20] = 1, [32] = 0xca, 0x95, 0xaf, 0xa7,     0xf1,	  0x83,
	0x40,	  0x18,	       0x8c, 0x2f, 0x95,     0x26,	  0x8e,
	0x10,	  0x1a,	       0x2a, 128,  [52] = 7, [90] = 0x20, [98] = 0x20,
};

static int command(struct transport *transport, uint16_t opcode, const void *in, size_t in_size,
		   void *out, size_t out_max, size_t *out_size, struct error *err)
{
	int which = opcode == OPCODE_GET_CONFIGURATION ? 0 : opcode == OPCODE_GET_EXTENTS ? 1 : 2;
	const void *answers[] = {configuration, extents, log_page};
	size_t sizes[] = {sizeof(configuration), sizeof(extents), sizeof(log_page)};

	(void)in;
	(void)in_size;
	assert_true(opcode == OPCODE_GET_LOG || which < 2);
	assert_true(sizes[which] <= out_max);
	fake.locked = fake.locked && lock_is_held(fake.sys);
	if (fake.dies && fake.commands++)
		return (fail)(err, -ENODEV, "%s is gone", transport->name);
	if (fake.codes[which])
		return transport_code(transport, opcode, (unsigned int)fake.codes[which], err);
	memcpy(out, answers[which], sizes[which]);
	*out_size = sizes[which];
	return 0;
}

static void close_fake(struct transport *transport)
{
	(void)transport;
	fake.closed++;
}

int __wrap_transport_mailbox(const struct sys *sys, const char *address,
			     struct transport **transport, struct error *err);

int __wrap_transport_mailbox(const struct sys *sys, const char *address,
			     struct transport **transport, struct error *err)
{
	static struct transport device = {.source = "mailbox",
					  .name = DEVICE,
					  .payload_max = 512,
					  .command = command,
					  .close = close_fake};

	fake.opened++;
	fake.sys = sys;
	fake.locked = lock_is_held(sys);
	assert_string_equal(address, DEVICE);
	if (fake.opening)
		return (fail)(err, fake.opening, "its mailbox is not to be had");
	*transport = &device;
	return 0;
}

int __wrap_dc_supported(const struct sys *sys, const char *memdev);

int __wrap_dc_supported(const struct sys *sys, const char *memdev)
{
	(void)sys;
	assert_string_equal(memdev, "mem1");
	return fake.supported;
}

/* ---- a machine ---- */

struct machine {
	struct tree tree;
	struct host host;
};

static int set_up(void **state)
{
	struct machine *machine = xcalloc(1, sizeof(*machine));
	struct function *function;

	tree_make(&machine->tree);
	tree_directory(&machine->tree, "/run");
	tree_directory(&machine->tree, "/proc");
	tree_file(&machine->tree, "", BAR);
	machine->host.privileged = true;
	function = list_add(&machine->host.functions);
	function->kind = FUNCTION_MEMDEV;
	function->serial = 0x9abc;
	copy_text(function->address, NAME_SIZE, DEVICE);
	copy_text(function->root_port, NAME_SIZE, PORT);
	fake = (struct fake){0};
	*state = machine;
	return 0;
}

static int tear_down(void **state)
{
	struct machine *machine = *state;

	assert_int_equal(fake.closed, fake.opening ? 0 : fake.opened);
	host_free(&machine->host);
	tree_remove(&machine->tree);
	free(machine);
	return 0;
}

static void collect(struct machine *machine, size_t expected)
{
	struct error err = {0};

	assert_int_equal(collect_extents(&machine->tree.sys, &machine->host, &err), 0);
	assert_string_equal(err.text, "");
	assert_int_equal(machine->host.dc_devices.count, expected);
}

static const struct dc_device *the_device(struct machine *machine)
{
	const struct dc_device *device = machine->host.dc_devices.items;

	assert_string_equal(device->address, DEVICE);
	assert_string_equal(device->root_port, PORT);
	assert_int_equal(device->serial, 0x9abc);
	return device;
}

static void check_unknown(struct machine *machine, const char *why)
{
	const struct dc_device *device = the_device(machine);

	assert_string_equal(device->regions_unknown, why);
	assert_string_equal(device->accepted_unknown, why);
	assert_string_equal(device->batches_unknown, why);
	assert_true(device->extents_supported == UNKNOWN && device->tags_available == UNKNOWN);
	assert_true(device->lost == UNKNOWN);
	assert_int_equal(device->regions.count + device->accepted.count + device->batches.count, 0);
	assert_string_equal(device->source, "");
}

static void drive(struct machine *machine, const char *name)
{
	struct memdev *memdev = list_add(&machine->host.memdevs);

	memdev->serial = 0x9abc;
	copy_text(memdev->name, NAME_SIZE, name);
	copy_text(memdev->address, NAME_SIZE, DEVICE);
	copy_text(machine->host.functions.items[0].driver, NAME_SIZE, "cxl_pci");
}

/* ---- without driver ---- */

static void test_a_device_without_driver(void **state)
{
	struct machine *machine = *state;
	const struct dc_device *device;

	collect(machine, 1);
	device = the_device(machine);
	assert_string_equal(device->memdev, "");
	assert_string_equal(device->source, "mailbox");
	assert_string_equal(device->regions_unknown, "");
	assert_int_equal(device->regions.count, 1);
	assert_int_equal(device->regions.items[0].size, 0x10000000);
	assert_int_equal(device->extents_supported, 9);
	assert_int_equal(device->accepted.count, 1);
	assert_int_equal(device->accepted.items[0].dc_region, 0);
	assert_int_equal(device->batches.count, 1);
	assert_int_equal(device->batches.items[0].number, 7);
	assert_true(fake.locked);
	assert_false(lock_is_held(&machine->tree.sys));
}

static void test_it_is_asked_once(void **state)
{
	collect(*state, 1);
	fake.opened = fake.closed = 0;
	collect(*state, 1);
	assert_int_equal(fake.opened, 0);
}

static void test_a_device_without_dynamic_capacity(void **state)
{
	fake.codes[0] = 3;
	collect(*state, 0);
	fake.codes[0] = 0x15;
	collect(*state, 0);
	assert_int_equal(fake.opened, 2);
}

static void test_a_function_without_mailbox(void **state)
{
	fake.opening = -ENOENT;
	collect(*state, 0);
	assert_int_equal(fake.opened, 1);
}

/* Nobody knows whether it has dynamic capacity: so it is not left out. */
static void test_a_device_that_does_not_answer(void **state)
{
	fake.opening = -ENODEV;
	collect(*state, 1);
	check_unknown(*state, "its mailbox is not to be had");
}

static void test_a_device_that_dies_meanwhile(void **state)
{
	fake.dies = true;
	collect(*state, 1);
	check_unknown(*state, DEVICE " is gone");
}

/* What it does tell is there. */
static void test_a_device_that_tells_half(void **state)
{
	const struct dc_device *device;

	fake.codes[1] = 4;
	collect(*state, 1);
	device = the_device(*state);
	assert_int_equal(device->regions.count, 1);
	assert_int_equal(device->batches.count, 1);
	assert_string_equal(device->batches_unknown, "");
	assert_string_equal(device->accepted_unknown,
			    DEVICE " answered Get Dynamic Capacity Extent List with \"Internal "
				   "Error\" (0x0004)");
}

/* ---- who may ask ---- */

static void test_without_privilege(void **state)
{
	struct machine *machine = *state;

	machine->host.privileged = false;
	collect(machine, 1);
	check_unknown(machine, "asking the device needs root");
	assert_int_equal(fake.opened, 0);
	assert_false(sys_exists(&machine->tree.sys, "/run/cxl-iso"));
}

static void test_behind_isolation(void **state)
{
	struct machine *machine = *state;
	struct root_port *port = list_add(&machine->host.root_ports);

	copy_text(port->address, NAME_SIZE, PORT);
	port->status = 0x100; /* CXL 3.1 8.2.4.24.3: CXL.mem isolated */
	collect(machine, 1);
	check_unknown(machine, "the port above it is in isolation");
	assert_int_equal(fake.opened, 0);
}

/* It has the file mapped whose inode is @other more than that of the BAR. */
static void add_process(struct machine *machine, uint64_t other)
{
	struct stat bar;
	char path[256], maps[128];

	snprintf(path, sizeof(path), "%s" BAR, machine->tree.root);
	assert_int_equal(stat(path, &bar), 0);
	snprintf(maps, sizeof(maps), "7f0000000000-7f0000020000 rw-s 00000000 %02x:%02x %ju\n",
		 major(bar.st_dev), minor(bar.st_dev), (uintmax_t)(bar.st_ino + other));
	tree_file(&machine->tree, maps, "/proc/77/maps");
	tree_file(&machine->tree, "dcdtool\n", "/proc/77/comm");
}

static void test_a_tool_has_it(void **state)
{
	add_process(*state, 0);
	collect(*state, 1);
	check_unknown(*state, "dcdtool[77] has the registers of the device mapped");
	assert_int_equal(fake.opened, 0);
}

static void test_a_tool_has_something_else(void **state)
{
	add_process(*state, 1);
	collect(*state, 1);
	assert_int_equal(fake.opened, 1);
}

static void test_another_has_the_lock(void **state)
{
	struct machine *machine = *state;
	cleanup_fd int lock = -1;
	int first;

	tree_file(&machine->tree, "recover 0000:de:00.0, process 77", "/run/cxl-iso/lock");
	first = sys_open_fd(&machine->tree.sys, "/run/cxl-iso/lock");
	lock = fcntl(first, F_DUPFD_CLOEXEC, 100); /* no number that lock_take() had */
	close(first);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	collect(machine, 1);
	check_unknown(machine, "another operation is running: recover 0000:de:00.0, process 77");
	assert_int_equal(fake.opened, 0);
}

static void test_we_have_the_lock(void **state)
{
	struct machine *machine = *state;
	cleanup_fd int lock = lock_take(&machine->tree.sys, "recover 0000:de:00.0", NULL);

	assert_true(lock >= 0);
	collect(machine, 1);
	assert_string_equal(machine->host.dc_devices.items[0].source, "mailbox");
	assert_true(fake.locked);
	assert_true(lock_is_held(&machine->tree.sys));
	assert_true(lock_is_ours(&machine->tree.sys));
}

/* ---- with driver ---- */

static void test_the_driver_shows_nothing(void **state)
{
	drive(*state, "mem1");
	collect(*state, 0);
	fake.supported = -1;
	collect(*state, 0);
	assert_int_equal(fake.opened, 0);
}

static void test_the_driver_hides_it(void **state)
{
	drive(*state, "mem1");
	fake.supported = 1;
	collect(*state, 1);
	check_unknown(*state, "its driver has the mailbox, and the kernel tells nothing of it");
	assert_int_equal(fake.opened, 0);
}

static void test_the_driver_shows_partitions(void **state)
{
	struct machine *machine = *state;
	const struct dc_device *device;

	drive(machine, "mem1");
	tree_file(&machine->tree, "0x20000000\n", "/sys/bus/cxl/devices/mem1/dynamic_ram_a/size");
	collect(machine, 1);
	device = the_device(machine);
	assert_string_equal(device->memdev, "mem1");
	assert_string_equal(device->source, "sysfs");
	assert_int_equal(device->regions.count, 1);
	assert_true(starts_with(device->batches_unknown, "the kernel handles dynamic capacity"));
	assert_int_equal(fake.opened, 0);
}

/* vfio-pci, say: a guest has it. */
static void test_a_driver_of_another_kind(void **state)
{
	struct machine *machine = *state;

	copy_text(machine->host.functions.items[0].driver, NAME_SIZE, "vfio-pci");
	collect(machine, 0);
	assert_int_equal(fake.opened, 0);
}

static void test_other_functions(void **state)
{
	struct machine *machine = *state;

	machine->host.functions.items[0].kind = FUNCTION_OTHER;
	collect(machine, 0);
	assert_int_equal(fake.opened, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_device_without_driver),
		TEST(test_it_is_asked_once),
		TEST(test_a_device_without_dynamic_capacity),
		TEST(test_a_function_without_mailbox),
		TEST(test_a_device_that_does_not_answer),
		TEST(test_a_device_that_dies_meanwhile),
		TEST(test_a_device_that_tells_half),
		TEST(test_without_privilege),
		TEST(test_behind_isolation),
		TEST(test_a_tool_has_it),
		TEST(test_a_tool_has_something_else),
		TEST(test_another_has_the_lock),
		TEST(test_we_have_the_lock),
		TEST(test_the_driver_shows_nothing),
		TEST(test_the_driver_hides_it),
		TEST(test_the_driver_shows_partitions),
		TEST(test_a_driver_of_another_kind),
		TEST(test_other_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
