// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/plan.c: the exact steps, for every kind of memory below a port. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include "model.h"
#include "model/document.h"
#include "policy/plan.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

static void check_steps(const char *way, const struct step *steps, size_t count,
			const char *const *expected)
{
	char got[2048] = "", want[2048] = "";
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(got + used, sizeof(got) - used, "  %s %s\n",
					 step_names[steps[i].kind], steps[i].object);
	for (used = 0; *expected; expected++)
		used += (size_t)snprintf(want + used, sizeof(want) - used, "  %s\n", *expected);
	if (strcmp(got, want) != 0)
		fail_msg("%s are\n%sinstead of\n%s", way, got, want);
}

static void plan_for(const struct host *host, const char *port, struct plan *plan)
{
	model_plan(host, port, plan);
	assert_string_equal(plan->operation, "recover");
	assert_string_equal(plan->object, port);
}

#define STEPS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void check_plan(const struct host *host, const char *port, const char *const *down,
		       const char *const *up)
{
	cleanup_plan struct plan plan = {0};

	plan_for(host, port, &plan);
	check_steps("down", plan.down.items, plan.down.count, down);
	check_steps("up", plan.up.items, plan.up.count, up);
}

#define RESET                                                                       \
	"mark-device " DEVICE_A, "remove-function " DEVICE_A, "reset-port " PORT_A, \
		"rescan-port " PORT_A, "check-reset " DEVICE_A

static void test_system_ram(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_system_ram(&host);
	check_plan(&host, PORT_A,
		   STEPS("hold-new-memory ", "move-pages ", "offline-memory dax0.0",
			 "unbind-dax dax0.0", "disable-region region0", "delete-region region0",
			 RESET),
		   STEPS("hold-new-memory ", "rescan-port " PORT_A, "create-region region0",
			 "check-decoder region0", "load-module dax_cxl", "load-module kmem",
			 "enable-region region0", "arrange-dax region0", "bind-dax dax0.0",
			 "online-memory dax0.0", "release-new-memory "));
}

/* All its memory is offline, and shall be so again. */
static void test_system_ram_offline(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_system_ram(&host);
	list_each(block, &host.blocks)
		strcpy(block->state, "offline");
	check_plan(&host, PORT_A,
		   STEPS("hold-new-memory ", "unbind-dax dax0.0", "disable-region region0",
			 "delete-region region0", RESET),
		   STEPS("hold-new-memory ", "rescan-port " PORT_A, "create-region region0",
			 "check-decoder region0", "load-module dax_cxl", "load-module kmem",
			 "enable-region region0", "arrange-dax region0", "bind-dax dax0.0",
			 "release-new-memory "));
}

static void test_devdax(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_devdax(&host);
	check_plan(&host, PORT_A,
		   STEPS("hold-new-memory ", "unbind-dax dax0.0", "disable-region region0",
			 "delete-region region0", RESET),
		   STEPS("hold-new-memory ", "rescan-port " PORT_A, "create-region region0",
			 "check-decoder region0", "load-module dax_cxl", "load-module device_dax",
			 "enable-region region0", "arrange-dax region0", "bind-dax dax0.0",
			 "release-new-memory "));
}

/* What was not in use comes up with the region, and is not to be in use afterwards. */
static void test_persistent(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_pmem(&host);
	check_plan(&host, PORT_A,
		   STEPS("disable-namespace namespace0.0", "disable-namespace namespace0.1",
			 "disable-region region0", "delete-region region0", RESET),
		   STEPS("rescan-port " PORT_A, "create-region region0", "check-decoder region0",
			 "load-module cxl_pmem", "load-module nd_pmem", "enable-region region0",
			 "enable-namespace namespace0.0", "enable-namespace namespace0.1",
			 "disable-namespace namespace0.2"));
}

/* Its dax device comes and goes with it. */
static void test_persistent_dax(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_pmem(&host);
	host.namespaces.count = 0;
	model_namespace(&host, "namespace0.0", "devdax", "dax0.0", PMEM_RAW);
	model_dax(&host, "dax0.0", "region0", DAX_DEVDAX);
	check_plan(&host, PORT_A,
		   STEPS("hold-new-memory ", "disable-namespace namespace0.0",
			 "disable-region region0", "delete-region region0", RESET),
		   STEPS("hold-new-memory ", "rescan-port " PORT_A, "create-region region0",
			 "check-decoder region0", "load-module cxl_pmem", "load-module nd_pmem",
			 "load-module dax_pmem", "load-module device_dax", "enable-region region0",
			 "enable-namespace namespace0.0", "release-new-memory "));
}

/* Nothing is to be loaded for a device without driver. */
static void test_disabled_dax(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_devdax(&host);
	dax_of(&host, "dax0.0")->mode = DAX_DISABLED;
	check_plan(&host, PORT_A,
		   STEPS("hold-new-memory ", "unbind-dax dax0.0", "disable-region region0",
			 "delete-region region0", RESET),
		   STEPS("hold-new-memory ", "rescan-port " PORT_A, "create-region region0",
			 "check-decoder region0", "load-module dax_cxl", "enable-region region0",
			 "arrange-dax region0", "bind-dax dax0.0", "release-new-memory "));
}

static void test_memdev_without_region(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_idle(&host);
	check_plan(&host, PORT_A, STEPS(RESET), STEPS("rescan-port " PORT_A));
}

/* What else is below is hit by the reset as well, and removed with it; only memory is marked. */
static void test_other_functions(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_idle(&host);
	model_function(&host, "0000:0d:00.1", PORT_A, FUNCTION_OTHER, "");
	check_plan(&host, PORT_A,
		   STEPS("mark-device " DEVICE_A, "remove-function " DEVICE_A,
			 "remove-function 0000:0d:00.1", "reset-port " PORT_A,
			 "rescan-port " PORT_A, "check-reset " DEVICE_A),
		   STEPS("rescan-port " PORT_A));
}

static void test_no_memory_at_all(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_idle(&host);
	model_function(&host, "0000:e0:00.0", PORT_D, FUNCTION_OTHER, "");
	check_plan(&host, PORT_D,
		   STEPS("remove-function 0000:e0:00.0", "reset-port " PORT_D,
			 "rescan-port " PORT_D),
		   STEPS("rescan-port " PORT_D));
}

/* Regions and blocks of other ports are not touched. */
static void test_only_below_the_port(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_idle(&host);
	model_region(&host, "region0", "mem1", WINDOW_0);
	model_dax(&host, "dax0.0", "region0", DAX_SYSTEM_RAM);
	model_region(&host, "region1", "mem2", WINDOW_1);
	model_dax(&host, "dax1.0", "region1", DAX_DEVDAX);
	model_blocks(&host, WINDOW_0, DEVICE_SIZE, "online", "Movable");
	check_plan(&host, PORT_A, STEPS(RESET), STEPS("rescan-port " PORT_A));
	check_plan(&host, PORT_C,
		   STEPS("hold-new-memory ", "unbind-dax dax1.0", "disable-region region1",
			 "delete-region region1", "mark-device " DEVICE_C,
			 "remove-function " DEVICE_C, "reset-port " PORT_C, "rescan-port " PORT_C,
			 "check-reset " DEVICE_C),
		   STEPS("hold-new-memory ", "rescan-port " PORT_C, "create-region region1",
			 "check-decoder region1", "load-module dax_cxl", "load-module device_dax",
			 "enable-region region1", "arrange-dax region1", "bind-dax dax1.0",
			 "release-new-memory "));
}

/* ---- texts ---- */

static const char *text_of(const struct plan *plan, enum step_kind kind)
{
	list_each(step, &plan->down)
		if (step->kind == (int)kind)
			return step->text;
	list_each(step, &plan->up)
		if (step->kind == (int)kind)
			return step->text;
	fail_msg("no step %s", step_names[kind]);
	return NULL;
}

static void test_texts(void **state)
{
	static const char *const texts[] = {
		[STEP_HOLD_NEW_MEMORY] = "keep new memory blocks offline meanwhile "
					 "(auto_online_blocks was online)",
		[STEP_MOVE_PAGES] = "move what is in 2 memory blocks (256 MiB) away",
		[STEP_ARRANGE_DAX] = "make its dax devices of the ranges of before",
		[STEP_OFFLINE_MEMORY] =
			"offline 2 memory blocks (256 MiB) of dax0.0, highest first",
		[STEP_UNBIND_DAX] = "unbind dax0.0 from kmem",
		[STEP_DISABLE_REGION] = "disable region0",
		[STEP_DELETE_REGION] = "decommit and delete region0",
		[STEP_MARK_DEVICE] = "mark a free decoder of 0000:0d:00.0, to prove the reset by",
		[STEP_REMOVE_FUNCTION] = "remove 0000:0d:00.0",
		[STEP_RESET_PORT] = "reset the bus below 0000:0c:00.0",
		[STEP_RESCAN_PORT] = "enumerate what is below 0000:0c:00.0",
		[STEP_CHECK_RESET] = "check in its registers that 0000:0d:00.0 was reset",
		[STEP_CREATE_REGION] = "create and commit a region of 256 MiB at 0x690000000",
		[STEP_CHECK_DECODER] = "check in the device's registers that it decodes "
				       "0x690000000",
		[STEP_LOAD_MODULE] = "load module dax_cxl if needed",
		[STEP_ENABLE_REGION] = "enable the region",
		[STEP_BIND_DAX] = "make dax0.0 system-ram",
		[STEP_ONLINE_MEMORY] =
			"online 2 memory blocks (256 MiB) of dax0.0 in the zone of before",
		[STEP_RELEASE_NEW_MEMORY] = "set auto_online_blocks to online again",
	};
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	model_system_ram(&host);
	plan_for(&host, PORT_A, &plan);
	for (size_t kind = 0; kind < ARRAY_SIZE(texts); kind++)
		if (texts[kind])
			assert_string_equal(text_of(&plan, kind), texts[kind]);
}

static void test_texts_of_one_block(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	model_system_ram(&host);
	strcpy(host.blocks.items[0].state, "offline");
	plan_for(&host, PORT_A, &plan);
	assert_string_equal(text_of(&plan, STEP_OFFLINE_MEMORY),
			    "offline 1 memory block (128 MiB) of dax0.0, highest first");
	assert_string_equal(text_of(&plan, STEP_ONLINE_MEMORY),
			    "online 1 memory block (128 MiB) of dax0.0 in the zone of before");
}

/* Blocks that lie in the dax device with a part only are not its own (see dax_has_block()). */
static void test_blocks_that_count(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	model_system_ram(&host);
	model_blocks(&host, WINDOW_0 + DEVICE_SIZE, BLOCK_SIZE, "online", "Movable");
	dax_of(&host, "dax0.0")->mappings.items[0].size += MIB;
	plan_for(&host, PORT_A, &plan);
	assert_string_equal(text_of(&plan, STEP_OFFLINE_MEMORY),
			    "offline 2 memory blocks (256 MiB) of dax0.0, highest first");
}

static void fill(char *text, size_t size)
{
	memset(text, 'x', size - 1);
	text[size - 1] = '\0';
}

/* No name that the model can hold makes a text that is cut. */
static void test_texts_fit(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};
	struct memdev *memdev;

	(void)state;
	model_system_ram(&host);
	memdev = memdev_of(&host, "mem0");
	fill(host.auto_online, sizeof(host.auto_online));
	fill(host.dax_devices.items[0].name, NAME_SIZE);
	fill(host.regions.items[0].name, NAME_SIZE);
	fill(host.dax_devices.items[0].region, NAME_SIZE);
	fill(host.root_ports.items[0].address, NAME_SIZE);
	fill(host.regions.items[0].targets.items[0].root_port, NAME_SIZE);
	fill(memdev->root_port, NAME_SIZE);
	fill(host.functions.items[0].address, NAME_SIZE);
	fill(host.functions.items[0].parent, NAME_SIZE);
	fill(host.functions.items[0].root_port, NAME_SIZE);
	host.regions.items[0].start = UINT64_MAX;
	host.regions.items[0].size = UINT64_MAX;
	model_plan(&host, host.root_ports.items[0].address, &plan);
	assert_int_equal(plan.down.count, 11);
	list_each(step, &plan.down)
		assert_true(strlen(step->text) < sizeof(step->text) - 1);
	list_each(step, &plan.up)
		assert_true(strlen(step->text) < sizeof(step->text) - 1);
	assert_string_equal(plan.object, host.root_ports.items[0].address);
}

/* ---- JSON ---- */

static void test_names(void **state)
{
	(void)state;
	for (int kind = 0; kind < STEP_KINDS; kind++)
		assert_non_null(step_names[kind]);
	assert_null(step_names[STEP_KINDS]);
}

static struct json_object *member(struct json_object *json, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(json, key, &value))
		fail_msg("no %s in %s", key, json_object_to_json_string(json));
	return value;
}

static void check_member(struct json_object *json, const char *key, const char *expected)
{
	struct json_object *value = member(json, key);

	assert_string_equal(value ? json_object_get_string(value) : "null", expected);
}

static void test_json(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};
	cleanup_json struct json_object *json = NULL;
	struct json_object *step;

	(void)state;
	model_system_ram(&host);
	plan_for(&host, PORT_A, &plan);
	json = record_to_json(&plan_record, &plan);
	check_member(json, "operation", "recover");
	check_member(json, "object", PORT_A);
	assert_int_equal(json_object_array_length(member(json, "down")), plan.down.count);
	assert_int_equal(json_object_array_length(member(json, "up")), plan.up.count);
	step = json_object_array_get_idx(member(json, "down"), 0);
	check_member(step, "kind", "hold-new-memory");
	check_member(step, "object", "null");
	step = json_object_array_get_idx(member(json, "down"), 2);
	check_member(step, "kind", "offline-memory");
	check_member(step, "object", "dax0.0");
	check_member(step, "text", "offline 2 memory blocks (256 MiB) of dax0.0, highest first");
}

static void test_json_round_trip(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0}, again = {0};
	cleanup_json struct json_object *json = NULL;

	(void)state;
	model_system_ram(&host);
	plan_for(&host, PORT_A, &plan);
	json = record_to_json(&plan_record, &plan);
	assert_int_equal(record_from_json(&plan_record, &again, json, "plan", NULL), 0);
	assert_string_equal(again.operation, "recover");
	assert_int_equal(again.down.count, plan.down.count);
	assert_int_equal(again.up.count, plan.up.count);
	assert_memory_equal(again.down.items, plan.down.items,
			    plan.down.count * sizeof(struct step));
	assert_memory_equal(again.up.items, plan.up.items, plan.up.count * sizeof(struct step));
}

static void test_json_of_unknown_kind(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0}, again = {0};
	cleanup_json struct json_object *json = NULL;
	struct json_object *steps;
	struct error err = {0};

	(void)state;
	model_idle(&host);
	plan_for(&host, PORT_A, &plan);
	json = record_to_json(&plan_record, &plan);
	json_object_object_get_ex(json, "up", &steps);
	json_object_object_add(json_object_array_get_idx(steps, 0), "kind",
			       json_object_new_string("format-disk"));
	assert_int_not_equal(record_from_json(&plan_record, &again, json, "plan", &err), 0);
	assert_true(starts_with(err.text, "plan.up[0].kind: expected one of \"run-hooks\""));
}

int main(void)
{
	static const struct CMUnitTest steps[] = {
		cmocka_unit_test(test_system_ram),
		cmocka_unit_test(test_system_ram_offline),
		cmocka_unit_test(test_devdax),
		cmocka_unit_test(test_persistent),
		cmocka_unit_test(test_persistent_dax),
		cmocka_unit_test(test_disabled_dax),
		cmocka_unit_test(test_memdev_without_region),
		cmocka_unit_test(test_other_functions),
		cmocka_unit_test(test_no_memory_at_all),
		cmocka_unit_test(test_only_below_the_port),
	};
	static const struct CMUnitTest texts[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_texts_of_one_block),
		cmocka_unit_test(test_blocks_that_count),
		cmocka_unit_test(test_texts_fit),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_round_trip),
		cmocka_unit_test(test_json_of_unknown_kind),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(steps, NULL, NULL);
	failed += cmocka_run_group_tests(texts, NULL, NULL);
	return failed ? 1 : 0;
}
