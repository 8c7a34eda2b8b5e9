// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec/: the ranges of dax devices, on a kernel of files (kernel.h): what they are, and how the
 * memory of a region is divided again. Whole recoveries of such regions are in test_engine.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exec/dax.h"
#include "exec/layout.h"
#include "kernel.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define DAX    "/sys/bus/dax/devices"
#define KMEM   "/sys/bus/dax/drivers/kmem"
#define DESK   "/sys/bus/cxl/devices/region0/dax_region0/dax_region"
#define MEMORY "/sys/devices/system/memory"
#define BLOCK  (64 * MIB) /* of model_divided() */

struct machine {
	struct kernel *kernel;
	const struct sys *sys;
	struct host before;
	struct engine engine;
};

static int boot(void **state, void (*model)(struct host *))
{
	static struct machine machine;

	machine = (struct machine){0};
	model(&machine.before);
	machine.kernel = kernel_boot(&machine.before);
	machine.sys = &machine.kernel->tree.sys;
	machine.engine = (struct engine){.sys = machine.sys, .before = &machine.before};
	*state = &machine;
	return 0;
}

static int boot_divided(void **state)
{
	return boot(state, model_divided);
}

static int boot_ram(void **state)
{
	return boot(state, model_system_ram);
}

static int halt(void **state)
{
	struct machine *machine = *state;

	kernel_halt(machine->kernel);
	host_free(&machine->before);
	return 0;
}

static void order(struct machine *machine, const char *text, const char *path)
{
	assert_int_equal(sys_write(machine->sys, NULL, text, "%s", path), 0);
}

/* ---- what there is ---- */

static void test_read(void **state)
{
	struct machine *machine = *state;
	cleanup_layout struct dax now = {0};

	assert_int_equal(layout_read(machine->sys, "dax0.0", &now), 0);
	assert_string_equal(now.name, "dax0.0");
	assert_int_equal(now.size, 2 * BLOCK);
	assert_int_equal(now.mappings.count, 2);
	assert_int_equal(now.mappings.items[0].start, WINDOW_0 + 3 * BLOCK);
	assert_int_equal(now.mappings.items[0].size, BLOCK);
	assert_int_equal(now.mappings.items[0].offset, 0);
	assert_int_equal(now.mappings.items[1].start, WINDOW_0);
	assert_int_equal(now.mappings.items[1].offset, BLOCK);
	assert_true(layout_is_same(&now, dax_of(&machine->before, "dax0.0")));
	assert_false(layout_is_same(&now, dax_of(&machine->before, "dax0.2")));
}

static int read_of(struct machine *machine, const char *name)
{
	cleanup_layout struct dax now = {0};

	return layout_read(machine->sys, name, &now);
}

static void test_read_what_is_not_there(void **state)
{
	struct machine *machine = *state;
	struct tree *tree = &machine->kernel->tree;

	assert_int_equal(read_of(machine, "dax0.7"), -ENOENT);
	/* its size is there, one of its mappings not yet */
	tree_file(tree, "0xc000000\n", DAX "/dax0.0/size");
	assert_int_equal(read_of(machine, "dax0.0"), -ENOENT);
	tree_file(tree, "0x8000000\n", DAX "/dax0.0/size");
	assert_int_equal(read_of(machine, "dax0.0"), 0);
	tree_file(tree, "0x0\n", DAX "/dax0.0/mapping1/end"); /* it ends before it begins */
	assert_int_equal(read_of(machine, "dax0.0"), -EINVAL);
	tree_unlink(tree, DAX "/dax0.0/mapping1/end");
	assert_int_equal(read_of(machine, "dax0.0"), -ENOENT);
}

static struct dax dax_with(struct mapping *mappings, size_t count)
{
	struct dax dax = {0};

	dax.mappings.items = mappings;
	dax.mappings.count = count;
	return dax;
}

/* The order of the list does not count, that in the device does. */
static void test_same(void **state)
{
	struct mapping ab[] = {{0x1000, 0x100, 0}, {0x2000, 0x100, 0x100}};
	struct mapping ab_listed_otherwise[] = {{0x2000, 0x100, 0x100}, {0x1000, 0x100, 0}};
	struct mapping ba[] = {{0x2000, 0x100, 0}, {0x1000, 0x100, 0x100}};
	struct mapping longer[] = {{0x1000, 0x100, 0}, {0x2000, 0x200, 0x100}};
	struct mapping elsewhere[] = {{0x1000, 0x100, 0}, {0x3000, 0x100, 0x100}};
	struct dax dax = dax_with(ab, 2), other = dax_with(ab_listed_otherwise, 2);

	(void)state;
	assert_true(layout_is_same(&dax, &dax));
	assert_true(layout_is_same(&dax, &other));
	other = dax_with(ba, 2);
	assert_false(layout_is_same(&dax, &other));
	other = dax_with(longer, 2);
	assert_false(layout_is_same(&dax, &other));
	other = dax_with(elsewhere, 2);
	assert_false(layout_is_same(&dax, &other));
	other = dax_with(ab, 1);
	assert_false(layout_is_same(&dax, &other));
	assert_false(layout_is_same(&other, &dax));
	assert_ptr_equal(layout_mapping_at(&dax, 0x100), &ab[1]);
	assert_null(layout_mapping_at(&dax, 0x80));
}

/* ---- who may take it away ---- */

static void test_unbind(void **state)
{
	struct machine *machine = *state;
	const struct dax *ram = dax_of(&machine->before, "dax0.0");
	struct error err = {0};
	char driver[NAME_SIZE];

	assert_true(dax_is_added(&machine->engine, ram));
	check_error(dax_unbind(&machine->engine, ram, "dax0.0", &err), -EBUSY, &err,
		    "2 memory blocks of dax0.0 went online again", "");
	order(machine, "offline", MEMORY "/memory423/state"); /* the last one */
	err = (struct error){0};
	check_error(dax_unbind(&machine->engine, ram, "dax0.0", &err), -EBUSY, &err,
		    "1 memory blocks of dax0.0 went online again", "");
	order(machine, "offline", MEMORY "/memory420/state");
	err = (struct error){0};
	check_error(dax_unbind(&machine->engine, ram, "dax0.0", &err), 0, &err, "", "");
	assert_false(sys_exists(machine->sys, MEMORY "/memory420"));
	assert_false(sys_exists(machine->sys, MEMORY "/memory423"));
	dax_driver(&machine->engine, "dax0.0", driver);
	assert_string_equal(driver, "");
	dax_driver(&machine->engine, "dax0.2", driver);
	assert_string_equal(driver, "device_dax");
}

/* Somebody made it another device than the one that was looked at. */
static void test_unbind_other(void **state)
{
	struct machine *machine = *state;
	struct error err = {0};

	check_error(dax_unbind(&machine->engine, dax_of(&machine->before, "dax0.2"), "dax0.0",
			       &err),
		    -EBUSY, &err, "dax0.0 has other ranges than it had before",
		    "somebody divided its region anew: see daxctl list -D");
	assert_true(sys_exists(machine->sys, DAX "/dax0.0/driver"));
}

/* Not even if its name is that of before, and no block of before is online. */
static void test_bind_other(void **state)
{
	struct machine *machine = *state;
	const struct step step = {.kind = STEP_BIND_DAX, .object = "dax0.0"};
	struct error err = {0};
	bool done = true;

	order(machine, "offline", MEMORY "/memory210/state");
	order(machine, "offline", MEMORY "/memory211/state");
	order(machine, "dax0.0", KMEM "/unbind");
	order(machine, "0", DAX "/dax0.0/size");
	order(machine, "690000000-697ffffff", DAX "/dax0.0/mapping");
	check_error(step_bind_dax.observe(&machine->engine, &step, &done, &err), 0, &err, "", "");
	assert_false(done);
	check_error(step_bind_dax.act(&machine->engine, &step, &err), -EBUSY, &err,
		    "dax0.0 has other ranges than it had before",
		    "somebody divided its region anew: see daxctl list -D");
	assert_false(sys_exists(machine->sys, DAX "/dax0.0/driver"));
}

/* Nobody else takes a device that was there all the time: to wait for that is for new ones. */
static void test_bind_at_once(void **state)
{
	struct machine *machine = *state;
	const struct step step = {.kind = STEP_BIND_DAX, .object = "dax0.2"};
	uint64_t began;
	bool done;

	for (int awaited = 0; awaited < 2; awaited++) {
		order(machine, "dax0.2", "/sys/bus/dax/drivers/device_dax/unbind");
		machine->engine.dax_awaited = awaited;
		began = now_ms();
		assert_int_equal(step_bind_dax.act(&machine->engine, &step, NULL), 0);
		assert_int_equal(now_ms() - began < 1000, awaited);
		assert_int_equal(step_bind_dax.observe(&machine->engine, &step, &done, NULL), 0);
		assert_true(done);
		assert_true(machine->engine.dax_awaited);
	}
}

/* Memory that firmware described has dax devices, too, and no region of CXL. */
static void test_bind_without_region(void **state)
{
	struct machine *machine = *state;
	const struct step step = {.kind = STEP_BIND_DAX, .object = "dax0.2"};
	struct error err = {0};
	bool done;

	dax_of(&machine->before, "dax0.2")->region[0] = '\0';
	strcpy(machine->before.regions.items[0].name, "region7");
	order(machine, "dax0.2", "/sys/bus/dax/drivers/device_dax/unbind");
	check_error(step_bind_dax.observe(&machine->engine, &step, &done, &err), 0, &err, "", "");
	assert_false(done);
	check_error(step_bind_dax.act(&machine->engine, &step, &err), 0, &err, "", "");
	check_error(step_bind_dax.observe(&machine->engine, &step, &done, &err), 0, &err, "", "");
	assert_true(done);
}

/* All dax devices of a region are looked at before it goes, not only the first. */
static void test_disable_region(void **state)
{
	struct machine *machine = *state;
	const struct step step = {.kind = STEP_DISABLE_REGION, .object = "region0"};
	struct error err = {0};

	order(machine, "offline", MEMORY "/memory420/state");
	order(machine, "offline", MEMORY "/memory423/state");
	order(machine, "dax0.0", KMEM "/unbind");
	check_error(step_disable_region.act(&machine->engine, &step, &err), -EBUSY, &err,
		    "dax0.2 of region0 was bound again", "");
	order(machine, "dax0.2", "/sys/bus/dax/drivers/device_dax/unbind");
	err = (struct error){0};
	check_error(step_disable_region.act(&machine->engine, &step, &err), 0, &err, "", "");
	assert_string_equal(machine->kernel->disaster, "");
}

/* ---- dividing ---- */

static const struct step arrange = {.kind = STEP_ARRANGE_DAX, .object = "region0"};

static bool is_arranged(struct machine *machine)
{
	struct error err = {0};
	bool done;

	check_error(step_arrange_dax.observe(&machine->engine, &arrange, &done, &err), 0, &err, "",
		    "");
	return done;
}

static void refuses(struct machine *machine, int code, const char *text)
{
	struct error err = {0};

	check_error(step_arrange_dax.act(&machine->engine, &arrange, &err), code, &err, text, "");
	assert_string_equal(machine->kernel->disaster, "");
}

static void arranges(struct machine *machine)
{
	refuses(machine, 0, "");
	assert_true(is_arranged(machine));
}

/* All offline, none bound. */
static void free_all(struct machine *machine)
{
	order(machine, "offline", MEMORY "/memory420/state");
	order(machine, "offline", MEMORY "/memory423/state");
	order(machine, "dax0.0", KMEM "/unbind");
	order(machine, "dax0.2", "/sys/bus/dax/drivers/device_dax/unbind");
}

static void test_arranged(void **state)
{
	struct machine *machine = *state;

	assert_true(is_arranged(machine));
	order(machine, "1", DESK "/create"); /* an empty device was, or was not, there before */
	assert_true(is_arranged(machine));
	arranges(machine);
}

/* One that is larger than it was, and takes the place of another; one too many. */
static void test_arrange(void **state)
{
	struct machine *machine = *state;

	free_all(machine);
	order(machine, "0", DAX "/dax0.0/size");
	order(machine, "0", DAX "/dax0.2/size");
	order(machine, "dax0.2", DESK "/delete");
	order(machine, "1", DESK "/create");
	order(machine, "690000000-69bffffff", DAX "/dax0.1/mapping");
	assert_false(is_arranged(machine));
	arranges(machine);
	assert_true(sys_exists(machine->sys, DAX "/dax0.2"));
	assert_false(sys_exists(machine->sys, DAX "/dax0.1"));
}

/* The same ranges in another order are another device: what is written to it would move. */
static void test_arrange_order(void **state)
{
	struct machine *machine = *state;

	free_all(machine);
	order(machine, "0", DAX "/dax0.0/size");
	order(machine, "690000000-693ffffff", DAX "/dax0.0/mapping");
	order(machine, "69c000000-69fffffff", DAX "/dax0.0/mapping");
	assert_false(is_arranged(machine));
	arranges(machine);
}

/* Its number belongs to another one, which is as it was: then it gets the next. */
static void test_arrange_number_taken(void **state)
{
	struct machine *machine = *state;

	free_all(machine);
	order(machine, "0", DAX "/dax0.0/size");
	order(machine, "0", DAX "/dax0.2/size");
	order(machine, "694000000-697ffffff", DAX "/dax0.0/mapping"); /* dax0.2's */
	arranges(machine);
	assert_false(sys_exists(machine->sys, DAX "/dax0.2"));
	assert_true(sys_exists(machine->sys, DAX "/dax0.1"));
}

/* A large alignment is left: ranges that are smaller would be taken without effect. */
static void test_arrange_align(void **state)
{
	struct machine *machine = *state;

	free_all(machine);
	order(machine, "0", DAX "/dax0.0/size");
	order(machine, "1073741824", DAX "/dax0.0/align");
	arranges(machine);
	check_file(&machine->kernel->tree, "2097152", DAX "/dax0.0/align");
}

static void test_arrange_impossible(void **state)
{
	struct machine *machine = *state;
	struct dax *dax = dax_of(&machine->before, "dax0.2");

	free_all(machine);
	dax->mappings.items[0].start += MIB;
	dax->size = dax->mappings.items[0].size -= MIB; /* no multiple of 2 MiB */
	refuses(machine, -EIO, "dax0.2 did not get the ranges that dax0.2 had");
	dax->mappings.items[0].offset = BLOCK;
	refuses(machine, -EINVAL, "the ranges of dax0.2 do not add up");
}

/* Nothing is taken from under anybody. */
static void test_arrange_in_use(void **state)
{
	struct machine *machine = *state;

	model_no_mappings(&machine->before, "dax0.0");
	model_mapping(&machine->before, "dax0.0", WINDOW_0, BLOCK);
	assert_false(is_arranged(machine));
	refuses(machine, -EBUSY, "2 memory blocks of dax0.0 went online again");
	assert_true(sys_exists(machine->sys, DAX "/dax0.0/mapping1"));
}

static void test_arrange_nothing(void **state)
{
	struct machine *machine = *state;
	struct error err = {0};
	bool done = true;

	strcpy(machine->before.regions.items[0].name, "region7");
	check_error(step_arrange_dax.observe(&machine->engine, &arrange, &done, &err), -EINVAL,
		    &err, "the plan names region0, which was not there before", "");
	strcpy(machine->before.regions.items[0].name, "region0");
	machine->before.regions.items[0].start = WINDOW_1;
	assert_false(is_arranged(machine));
	refuses(machine, -ENODEV, "no dax device came up for the region at 0x790000000");
}

#define ON(machine, test) cmocka_unit_test_setup_teardown(test, boot_##machine, halt)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ON(divided, test_read),
		ON(divided, test_read_what_is_not_there),
		cmocka_unit_test(test_same),
		ON(divided, test_unbind),
		ON(divided, test_unbind_other),
		ON(ram, test_bind_other),
		ON(divided, test_bind_at_once),
		ON(divided, test_bind_without_region),
		ON(divided, test_disable_region),
		ON(divided, test_arranged),
		ON(divided, test_arrange),
		ON(divided, test_arrange_order),
		ON(divided, test_arrange_number_taken),
		ON(divided, test_arrange_align),
		ON(divided, test_arrange_impossible),
		ON(divided, test_arrange_in_use),
		ON(divided, test_arrange_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
