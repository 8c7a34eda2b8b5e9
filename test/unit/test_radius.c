// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/radius.c: what goes with a port, and what is lost. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <string.h>

#include "model.h"
#include "policy/radius.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

static void radius(const struct host *host, const char *port, struct radius *radius)
{
	cleanup_survey struct survey *survey = survey_new(host);

	radius_of(survey, host_root_port(host, port), radius);
}

static struct usage *model_usage(struct host *host, int node, int pid, const char *guest)
{
	struct usage *usage = list_add(&host->usages);
	struct process *process = model_process(host, pid, "qemu");

	copy_text(process->guest, sizeof(process->guest), guest);
	usage->node = node;
	usage->pid = pid;
	usage->anon = MIB;
	return usage;
}

static void model_mount(struct host *host, const char *source, const char *path)
{
	struct mount *mount = list_add(&host->mounts);

	copy_text(mount->source, sizeof(mount->source), source);
	copy_text(mount->type, sizeof(mount->type), "famfs");
	mount->path = path ? xstrdup(path) : NULL;
}

static void test_nothing(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius got = {0};

	(void)state;
	model_idle(&host);
	radius(&host, PORT_D, &got);
	assert_int_equal(got.capacity + got.in_regions + got.without_region + got.online, 0);
	assert_int_equal(got.memdevs.count + got.functions.count + got.switches.count, 0);
	assert_int_equal(got.regions.count + got.dax_devices.count + got.nodes.count, 0);
	assert_true(got.users_complete); /* of nothing */
}

static void test_idle(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius got = {0};

	(void)state;
	model_idle(&host);
	radius(&host, PORT_A, &got);
	assert_int_equal(got.memdevs.count, 1);
	assert_string_equal(got.memdevs.items[0].name, "mem0");
	assert_string_equal(got.memdevs.items[0].address, DEVICE_A);
	assert_int_equal(got.memdevs.items[0].serial, 0x1234);
	assert_int_equal(got.memdevs.items[0].size, DEVICE_SIZE);
	assert_int_equal(got.capacity, DEVICE_SIZE);
	assert_int_equal(got.in_regions, 0);
	assert_int_equal(got.without_region, DEVICE_SIZE);
	assert_int_equal(got.regions.count, 0);
}

static void test_system_ram(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius got = {0};

	(void)state;
	model_system_ram(&host);
	host.usage_complete = true;
	model_usage(&host, 1, 30, "");
	model_usage(&host, 1, 31, "web1");
	model_usage(&host, 0, 32, "elsewhere");
	radius(&host, PORT_A, &got);
	assert_int_equal(got.in_regions, DEVICE_SIZE);
	assert_int_equal(got.without_region, 0);
	assert_int_equal(got.online, DEVICE_SIZE);
	assert_int_equal(got.regions.count, 1);
	assert_string_equal(got.regions.items[0].name, "region0");
	assert_int_equal(got.regions.items[0].other_ports.count, 0);
	assert_int_equal(got.dax_devices.count, 1);
	assert_int_equal(got.dax_devices.items[0].mode, DAX_SYSTEM_RAM);
	assert_int_equal(got.dax_devices.items[0].online, DEVICE_SIZE);
	assert_int_equal(got.nodes.count, 1);
	assert_int_equal(got.nodes.items[0].number, 1);
	assert_int_equal(got.nodes.items[0].online, DEVICE_SIZE);
	assert_int_equal(got.nodes.items[0].total, DEVICE_SIZE);
	assert_int_equal(got.nodes.items[0].processes, 2);
	assert_int_equal(got.nodes.items[0].guests, 1);
	assert_int_equal(got.guests.count, 0);
}

static struct extent *accept(struct dc_device *device, uint64_t size, const char *tag)
{
	struct extent *extent = list_add(&device->accepted);

	extent->size = size;
	copy_text(extent->tag, sizeof(extent->tag), tag);
	return extent;
}

static struct dc_device *model_dc_device(struct host *host, const char *memdev, const char *port)
{
	struct dc_device *device = list_add(&host->dc_devices);

	copy_text(device->memdev, sizeof(device->memdev), memdev);
	copy_text(device->address, sizeof(device->address), DEVICE_B);
	copy_text(device->root_port, sizeof(device->root_port), port);
	return device;
}

static void check_use(const struct tag_use *use, const char *device, const char *tag,
		      uint64_t extents, uint64_t size)
{
	assert_string_equal(use->device, device);
	assert_string_equal(use->tag, tag);
	assert_int_equal(use->extents, extents);
	assert_int_equal(use->size, size);
}

/* By device and tag, those without a tag last; regions and dax devices once. */
static void test_extents(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius got = {0}, other = {0};
	struct dc_device *device;

	(void)state;
	model_idle(&host);
	device = model_dc_device(&host, "mem0", PORT_A);
	copy_text(accept(device, MIB, "")->dax, NAME_SIZE, "dax1.0");
	copy_text(accept(device, 2 * MIB, "b")->region, NAME_SIZE, "region7");
	accept(device, 4 * MIB, "a");
	copy_text(accept(device, 8 * MIB, "")->dax, NAME_SIZE, "dax0.0");
	copy_text(accept(device, 16 * MIB, "b")->region, NAME_SIZE, "region7");
	accept(model_dc_device(&host, "", PORT_A), 32 * MIB, "b");
	model_dc_device(&host, "mem0", PORT_A);
	device = model_dc_device(&host, "mem1", PORT_B);
	accept(device, UINT64_MAX, "");
	accept(device, UINT64_MAX, "");
	radius(&host, PORT_A, &got);
	assert_int_equal(got.extents.count, 4);
	check_use(&got.extents.items[0], "mem0", "a", 1, 4 * MIB);
	check_use(&got.extents.items[1], "mem0", "b", 2, 18 * MIB);
	check_use(&got.extents.items[2], "mem0", "", 2, 9 * MIB);
	check_use(&got.extents.items[3], DEVICE_B, "b", 1, 32 * MIB);
	assert_int_equal(got.extents.items[0].regions.count, 0);
	assert_int_equal(got.extents.items[1].regions.count, 1);
	assert_string_equal(got.extents.items[1].regions.items[0].name, "region7");
	assert_int_equal(got.extents.items[2].dax_devices.count, 2);
	assert_string_equal(got.extents.items[2].dax_devices.items[0].name, "dax0.0");
	assert_int_equal(got.dynamic, 63 * MIB);
	assert_int_equal(got.capacity, DEVICE_SIZE);
	radius(&host, PORT_B, &other);
	assert_int_equal(other.extents.count, 1);
	assert_int_equal(other.dynamic, UINT64_MAX); /* no device may make it wrap */
}

/* What decodes dynamic capacity takes nothing of the rest. */
static void test_dynamic_region(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius got = {0};

	(void)state;
	model_devdax(&host);
	strcpy(region_of(&host, "region0")->mode, "dynamic_ram_1");
	radius(&host, PORT_A, &got);
	assert_int_equal(got.in_regions, 0);
	assert_int_equal(got.without_region, DEVICE_SIZE);
	assert_string_equal(got.regions.items[0].mode, "dynamic_ram_1");
}

/* Each by name once, in order. */
static void test_node_guests(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_survey struct survey *survey = NULL;
	cleanup_node_guests struct node_guests some = {0}, none = {0}, no_node = {0};

	(void)state;
	model_system_ram(&host);
	model_usage(&host, 1, 31, "web1");
	model_usage(&host, 1, 30, "");
	model_usage(&host, 1, 32, "db");
	model_usage(&host, 1, 33, "web1");
	model_usage(&host, 1, 34, "x")->pid = 35; /* which nobody knows */
	survey = survey_new(&host);
	node_guests(survey, 1, &some);
	node_guests(survey, 0, &none);
	node_guests(survey, 7, &no_node);
	assert_int_equal(some.number, 1);
	assert_int_equal(some.guests.count, 2);
	assert_string_equal(some.guests.items[0].name, "db");
	assert_string_equal(some.guests.items[1].name, "web1");
	assert_int_equal(none.guests.count + no_node.guests.count, 0);
}

/* Losing one port takes all of the region, and both ports name each other. */
static void test_interleaved(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius a = {0}, b = {0}, c = {0};

	(void)state;
	model_idle(&host);
	model_region(&host, "region2", "mem0,mem2", WINDOW_2);
	model_ram(&host, "dax2.0", "region2");
	radius(&host, PORT_A, &a);
	radius(&host, PORT_B, &b);
	radius(&host, PORT_C, &c);
	assert_int_equal(a.regions.items[0].other_ports.count, 1);
	assert_string_equal(a.regions.items[0].other_ports.items[0].name, PORT_C);
	assert_string_equal(c.regions.items[0].other_ports.items[0].name, PORT_A);
	assert_int_equal(a.regions.items[0].size, 2 * DEVICE_SIZE);
	assert_int_equal(a.online, 2 * DEVICE_SIZE);
	assert_int_equal(a.capacity, DEVICE_SIZE);
	assert_int_equal(a.in_regions, DEVICE_SIZE);
	assert_int_equal(b.regions.count, 0);
	assert_int_equal(b.online, 0);
}

/* Several targets below one other port name it once. */
static void test_other_port_once(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius got = {0};
	struct target *target;

	(void)state;
	model_idle(&host);
	model_region(&host, "region2", "mem0,mem2", WINDOW_2);
	target = list_add(&host.regions.items[0].targets);
	copy_text(target->root_port, sizeof(target->root_port), PORT_B);
	target = list_add(&host.regions.items[0].targets);
	copy_text(target->root_port, sizeof(target->root_port), PORT_C);
	list_add(&host.regions.items[0].targets); /* a target whose port nobody knows */
	radius(&host, PORT_A, &got);
	assert_int_equal(got.regions.items[0].other_ports.count, 2);
	assert_string_equal(got.regions.items[0].other_ports.items[0].name, PORT_B);
	assert_string_equal(got.regions.items[0].other_ports.items[1].name, PORT_C);
}

static void test_devdax_users(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius got = {0};

	(void)state;
	model_devdax(&host);
	host.users_complete = true;
	model_user(&host, "dax0.0", 77, "qemu", MIB);
	copy_text(host.processes.items[0].guest, NAME_SIZE, "web1");
	model_user(&host, "dax0.0", 78, "sleep", 0);
	model_user(&host, "dax9.9", 79, "other", 0);
	*list_add(&host.users) = host.users.items[0]; /* the same process again */
	model_mount(&host, "dax0.0", "/mnt");
	model_mount(&host, "dax9.9", "/elsewhere");
	model_mount(&host, "dax0.0", NULL);
	radius(&host, PORT_A, &got);
	assert_int_equal(got.processes, 2);
	assert_int_equal(got.guests.count, 1);
	assert_string_equal(got.guests.items[0].name, "web1");
	assert_int_equal(got.mounts.count, 2);
	assert_string_equal(got.mounts.items[0].path, "/mnt");
	assert_null(got.mounts.items[1].path);
	assert_true(got.users_complete);
}

/* Nobody seen is not nobody there. */
static void test_unseen(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius none = {0}, some = {0}, complete = {0};

	(void)state;
	model_system_ram(&host);
	host.users_complete = host.usage_complete = false;
	radius(&host, PORT_A, &none);
	assert_true(none.processes == UNKNOWN);
	assert_true(none.dax_devices.items[0].processes == UNKNOWN);
	assert_true(none.nodes.items[0].processes == UNKNOWN);
	assert_true(none.nodes.items[0].guests == UNKNOWN);
	assert_false(none.users_complete);
	model_user(&host, "dax0.0", 77, "sleep", 0);
	model_usage(&host, 1, 78, "");
	radius(&host, PORT_A, &some);
	assert_int_equal(some.processes, 1);
	assert_int_equal(some.nodes.items[0].processes, 1);
	assert_false(some.users_complete);
	host.users_complete = host.usage_complete = true;
	host.users.count = host.usages.count = 0;
	radius(&host, PORT_A, &complete);
	assert_int_equal(complete.processes, 0);
	assert_int_equal(complete.nodes.items[0].processes, 0);
	assert_true(complete.users_complete);
}

static void test_functions(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius got = {0};

	(void)state;
	model_idle(&host);
	model_function(&host, "0000:0d:00.1", PORT_A, FUNCTION_OTHER, "e1000e");
	model_function(&host, "0000:0d:01.0", PORT_A, FUNCTION_BRIDGE, "pcieport");
	model_function(&host, "0000:0d:00.2", PORT_A, FUNCTION_MEMDEV, "");
	radius(&host, PORT_A, &got);
	assert_int_equal(got.switches.count, 1);
	assert_string_equal(got.switches.items[0].address, "0000:0d:01.0");
	assert_int_equal(got.functions.count, 2);
	assert_string_equal(got.functions.items[0].address, "0000:0d:00.1");
	assert_string_equal(got.functions.items[0].driver, "e1000e");
	assert_string_equal(got.functions.items[1].address, "0000:0d:00.2");
}

/* A capture may say that more is used than there is. */
static void test_absurd(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_radius struct radius got = {0};

	(void)state;
	model_system_ram(&host);
	list_each(decoder, &host.decoders)
		decoder->dpa_size = UINT64_MAX / 8;
	radius(&host, PORT_A, &got);
	assert_int_equal(got.in_regions, DEVICE_SIZE);
	assert_int_equal(got.without_region, 0);
}

static void losses(const struct host *host, const struct findings *findings, struct losses *losses)
{
	cleanup_survey struct survey *survey = survey_new(host);

	losses_of(survey, findings, losses);
}

static void test_losses(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_findings struct findings findings = {0};
	cleanup_losses struct losses got = {0};

	(void)state;
	model_devdax(&host);
	finding_add(&findings, "pmem-contents", SEVERITY_LOSES, "region0");
	finding_add(&findings, "interleaved", SEVERITY_BLOCKS, "dax0.0");
	finding_add(&findings, "devdax-contents", SEVERITY_LOSES, "dax0.0");
	finding_add(&findings, "devdax-contents", SEVERITY_LOSES, "dax0.0");
	finding_add(&findings, "another", SEVERITY_LOSES, "something");
	losses(&host, &findings, &got);
	assert_int_equal(got.list.count, 3);
	assert_string_equal(got.list.items[0].object, "dax0.0");
	assert_int_equal(got.list.items[0].size, DEVICE_SIZE);
	assert_string_equal(got.list.items[1].object, "region0");
	assert_int_equal(got.list.items[1].size, DEVICE_SIZE);
	assert_string_equal(got.list.items[2].object, "something");
	assert_int_equal(got.list.items[2].size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),	     cmocka_unit_test(test_idle),
		cmocka_unit_test(test_system_ram),   cmocka_unit_test(test_node_guests),
		cmocka_unit_test(test_interleaved),  cmocka_unit_test(test_other_port_once),
		cmocka_unit_test(test_devdax_users), cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_functions),    cmocka_unit_test(test_absurd),
		cmocka_unit_test(test_extents),	     cmocka_unit_test(test_dynamic_region),
		cmocka_unit_test(test_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
