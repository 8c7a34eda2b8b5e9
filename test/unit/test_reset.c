// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/guards.c: what is asked right before a reset. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <string.h>

#include "findings.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* ---- reset ---- */

#define check_reset(host, port, ...)                                           \
	do {                                                                   \
		static const char *const expected_[] = {__VA_ARGS__, NULL};    \
		cleanup_findings struct findings findings_ = {0};              \
		assess_reset(host, host_root_port(host, port), &findings_);    \
		check_findings(&findings_, expected_);                         \
		list_each(finding_, &findings_.list) {                         \
			assert_int_equal(finding_->severity, SEVERITY_BLOCKS); \
			assert_false(finding_->overridden);                    \
		}                                                              \
	} while (0)

#define check_reset_clear(host, port) check_reset(host, port, NULL)

static void check_reset_says(const struct host *host, const char *id, const char *fact,
			     const char *fix)
{
	cleanup_findings struct findings findings = {0};
	const struct finding *found = NULL;

	assess_reset(host, host_root_port(host, PORT_A), &findings);
	list_each(finding, &findings.list)
		if (!found && strcmp(finding->id, id) == 0)
			found = finding;
	assert_non_null(found);
	assert_string_equal(found->evidence, fact);
	assert_string_equal(found->fix, fix);
}

static void test_reset_idle(void **state)
{
	check_reset_clear(*state, PORT_A);
	check_reset_clear(*state, PORT_D);
}

/* The state in the middle of a recovery: everything taken down, the functions removed. */
static void test_reset_after_removal(void **state)
{
	struct host *host = *state;

	host->memdevs.count--;
	memmove(host->memdevs.items, host->memdevs.items + 1,
		host->memdevs.count * sizeof(struct memdev));
	strcpy(function_of(host, DEVICE_A)->root_port, "");
	check_reset_clear(host, PORT_A);
}

static void test_reset_online(void **state)
{
	struct host *host = *state;

	check_reset(host, PORT_A, "memory-online decoder3.0", "memory-online " DEVICE_A,
		    "memory-online region0", "dax-bound dax0.0", "region-active region0",
		    "decoder-committed decoder3.0", "decoder-committed " DEVICE_A);
	check_reset_clear(host, PORT_B);
	check_reset_says(host, "memory-online",
			 "memory210-211 is online in the range that decoder3.0 decodes",
			 "offline it first: chmem -d, or daxctl offline-memory");
	check_reset_says(host, "dax-bound", "dax0.0 is bound as system-ram",
			 "daxctl disable-device dax0.0");
	check_reset_says(host, "region-active", "region0 is enabled",
			 "cxl disable-region region0, cxl destroy-region region0");
	check_reset_says(host, "decoder-committed",
			 "decoder3.0 still decodes 0x690000000-0x69fffffff",
			 "disable and destroy its region first");
}

static void test_reset_offline_but_bound(void **state)
{
	struct host *host = *state;

	list_each(block, &host->blocks)
		strcpy(block->state, "offline");
	check_reset(host, PORT_A, "dax-bound dax0.0", "region-active region0",
		    "decoder-committed decoder3.0", "decoder-committed " DEVICE_A);
	dax_of(host, "dax0.0")->mode = DAX_DISABLED;
	check_reset(host, PORT_A, "region-active region0", "decoder-committed decoder3.0",
		    "decoder-committed " DEVICE_A);
	region_of(host, "region0")->enabled = false;
	check_reset_says(host, "region-active", "region0 is committed",
			 "cxl disable-region region0, cxl destroy-region region0");
}

static void test_reset_one_block_going_offline(void **state)
{
	struct host *host = *state;

	strcpy(host->blocks.items[0].state, "offline");
	strcpy(host->blocks.items[1].state, "going-offline");
	check_reset_says(host, "memory-online",
			 "memory211 is online in the range that decoder3.0 decodes",
			 "offline it first: chmem -d, or daxctl offline-memory");
}

static void test_reset_bound_to_any_driver(void **state)
{
	static const enum dax_mode modes[] = {DAX_DEVDAX, DAX_SYSTEM_RAM, DAX_FAMFS, DAX_OTHER};
	struct host *host = *state;

	region_of(host, "region0")->committed = region_of(host, "region0")->enabled = false;
	decoder_of(host, "decoder3.0")->size = 0;
	function_of(host, DEVICE_A)->hdm.items[0].committed = false;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		dax_of(host, "dax0.0")->mode = (int)modes[i];
		check_reset(host, PORT_A, "dax-bound dax0.0");
	}
	dax_of(host, "dax0.0")->mode = DAX_DISABLED;
	check_reset_clear(host, PORT_A);
}

/* No region explains the block, and one source alone knows the decoder. */

static void test_reset_unexplained_in_sysfs(void **state)
{
	struct host *host = *state;

	model_forget_regions(host);
	function_of(host, DEVICE_A)->hdm.items[0].committed = false;
	check_reset(host, PORT_A, "memory-online decoder3.0", "decoder-committed decoder3.0",
		    "unexplained-memory decoder3.0");
}

static void test_reset_unexplained_in_registers(void **state)
{
	struct host *host = *state;

	model_forget_regions(host);
	decoder_of(host, "decoder3.0")->size = 0;
	check_reset(host, PORT_A, "memory-online " DEVICE_A, "decoder-committed " DEVICE_A,
		    "unexplained-memory " DEVICE_A);
}

/* Online in a region whose decoders are gone already. */
static void test_reset_online_in_region_only(void **state)
{
	struct host *host = *state;

	decoder_of(host, "decoder3.0")->size = 0;
	function_of(host, DEVICE_A)->hdm.items[0].committed = false;
	dax_of(host, "dax0.0")->mode = DAX_DISABLED;
	region_of(host, "region0")->committed = region_of(host, "region0")->enabled = false;
	check_reset(host, PORT_A, "memory-online region0");
}

static void test_reset_committed_only(void **state)
{
	struct host *host = *state;

	model_forget_regions(host);
	host->blocks.count = 0;
	check_reset(host, PORT_A, "decoder-committed decoder3.0", "decoder-committed " DEVICE_A);
	decoder_of(host, "decoder3.0")->size = 0;
	check_reset(host, PORT_A, "decoder-committed " DEVICE_A);
	function_of(host, DEVICE_A)->hdm.items[0].committed = false;
	check_reset_clear(host, PORT_A);
}

/* A memory device that Linux has no memdev for: only its registers speak. */
static void test_reset_without_memdev(void **state)
{
	struct host *host = *state;

	model_forget_regions(host);
	host->memdevs.count = 0;
	check_reset(host, PORT_A, "memory-online " DEVICE_A, "decoder-committed " DEVICE_A,
		    "unexplained-memory " DEVICE_A);
}

static void test_reset_foreign_driver(void **state)
{
	struct host *host = *state;

	model_function(host, NIC, PORT_A, FUNCTION_OTHER, "e1000e");
	model_function(host, "0000:0d:00.2", PORT_A, FUNCTION_OTHER, "");
	check_reset(host, PORT_A, "foreign-driver " NIC);
}

static void test_reset_does_not_ask_for_more(void **state)
{
	struct host *host = *state;

	host->privileged = false;
	root_port_of(host, PORT_A)->can_reset = false;
	function_of(host, DEVICE_A)->registers = false;
	decoder_of(host, "decoder3.0")->locked = true;
	check_reset_clear(host, PORT_A);
}

/* The last address there is: no overflow in ranges or texts. */
static void test_reset_at_the_top(void **state)
{
	struct host *host = *state;
	struct decoder *decoder = decoder_of(host, "decoder3.0");

	decoder->start = -DEVICE_SIZE;
	decoder->size = DEVICE_SIZE;
	model_blocks(host, 0, BLOCK_SIZE, "online", "none");
	check_reset(host, PORT_A, "decoder-committed decoder3.0");
	check_reset_says(host, "decoder-committed",
			 "decoder3.0 still decodes 0xfffffffff0000000-0xffffffffffffffff",
			 "disable and destroy its region first");
}
int main(void)
{
	static const struct CMUnitTest reset[] = {
		ON(idle, test_reset_idle),
		ON(idle, test_reset_after_removal),
		ON(ram, test_reset_online),
		ON(ram, test_reset_offline_but_bound),
		ON(ram, test_reset_one_block_going_offline),
		ON(devdax, test_reset_bound_to_any_driver),
		ON(ram, test_reset_unexplained_in_sysfs),
		ON(ram, test_reset_unexplained_in_registers),
		ON(ram, test_reset_online_in_region_only),
		ON(ram, test_reset_committed_only),
		ON(ram, test_reset_without_memdev),
		ON(idle, test_reset_foreign_driver),
		ON(idle, test_reset_does_not_ask_for_more),
		ON(idle, test_reset_at_the_top),
	};

	return cmocka_run_group_tests(reset, NULL, NULL) ? 1 : 0;
}
