// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/assess.c: every rule, against a picture that breaks it and pictures that do not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "policy/findings.h"
#include "regs/isolation.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* Every id there is, to show that naming it in --force changes nothing. */
static const char *const every_id[] = {
	"address-order",     "dax-bound",
	"dax-layout",	     "decoder-committed",
	"decoder-lost",	     "devdax-contents",
	"devdax-in-use",     "firmware-locked",
	"foreign-driver",    "foreign-idle",
	"interleaved",	     "kmem-incomplete",
	"memory-online",     "no-memdev",
	"no-reset-path",     "not-privileged",
	"not-volatile",	     "nothing-below",
	"port-isolated",     "region-active",
	"region-incomplete", "registers-unreadable",
	"several-memdevs",   "several-regions",
	"switch-below",	     "unexplained-memory",
	"zone-normal",	     NULL,
};

static const struct consent everything = {every_id, true};

/* What is to be found: "ID OBJECT", in order. */
static void check_findings(const struct findings *findings, const char *const *expected)
{
	char got[2048] = "", want[2048] = "";
	size_t used = 0;

	list_each(finding, &findings->list)
		used += (size_t)snprintf(got + used, sizeof(got) - used, "  %s %s\n", finding->id,
					 finding->object);
	for (used = 0; *expected; expected++)
		used += (size_t)snprintf(want + used, sizeof(want) - used, "  %s\n", *expected);
	if (strcmp(got, want) != 0)
		fail_msg("found\n%sinstead of\n%s", got, want);
}

static void assess(const struct host *host, const char *port, const struct consent *consent,
		   struct findings *findings)
{
	assess_recover(host, host_root_port(host, port), consent, findings);
}

#define check_recover(host, port, ...)                                      \
	do {                                                                \
		static const char *const expected_[] = {__VA_ARGS__, NULL}; \
		cleanup_findings struct findings findings_ = {0};           \
		assess(host, port, NULL, &findings_);                       \
		check_findings(&findings_, expected_);                      \
	} while (0)

#define check_recover_clear(host, port) check_recover(host, port, NULL)

/* The one finding of that id says @fact, how to help it says @fix, and it is so severe. */
static void check_says(const struct host *host, const char *port, const char *id,
		       enum severity severity, const char *fact, const char *fix)
{
	cleanup_findings struct findings findings = {0};
	const struct finding *found = NULL;

	assess(host, port, NULL, &findings);
	list_each(finding, &findings.list)
		if (strcmp(finding->id, id) == 0)
			found = finding;
	if (!found)
		fail_msg("%s was not found", id);
	if (strcmp(found->evidence, fact) != 0 || strcmp(found->fix, fix) != 0 ||
	    found->severity != (int)severity || found->overridden)
		fail_msg("%s (%d): %s\n%s\ninstead of (%d): %s\n%s", id, found->severity,
			 found->evidence, found->fix, severity, fact, fix);
}

#define check_blocks(host, port, id, fact, fix) \
	check_says(host, port, id, SEVERITY_BLOCKS, fact, fix)

/* Whatever is forced, the findings stand as they are, except for one of the id @but. */
static void check_not_forcible(const struct host *host, const char *port, const char *but)
{
	cleanup_findings struct findings plain = {0}, forced = {0};

	assess(host, port, NULL, &plain);
	assess(host, port, &everything, &forced);
	assert_int_equal(plain.list.count, forced.list.count);
	for (size_t i = 0; i < plain.list.count; i++) {
		const struct finding *finding = &forced.list.items[i];

		assert_string_equal(finding->id, plain.list.items[i].id);
		assert_int_equal(finding->severity, plain.list.items[i].severity);
		assert_false(plain.list.items[i].overridden);
		if (finding->overridden != (strcmp(finding->id, but) == 0))
			fail_msg("%s is%s overridden", finding->id,
				 finding->overridden ? "" : " not");
	}
}

/* A rule that fired: it alone, it refuses, and nothing overrides it. */
#define check_alone(host, port, id, object)               \
	do {                                              \
		check_recover(host, port, id " " object); \
		check_not_forcible(host, port, "");       \
		check_refuses(host, port, id);            \
	} while (0)

static void check_refuses(const struct host *host, const char *port, const char *id)
{
	cleanup_findings struct findings findings = {0};
	const struct finding *refusal;

	assess(host, port, &everything, &findings);
	refusal = findings_refusal(&findings);
	assert_non_null(refusal);
	assert_string_equal(refusal->id, id);
}

static int make_ram(void **state)
{
	static struct host host;

	host = (struct host){0};
	model_system_ram(&host);
	*state = &host;
	return 0;
}

static int make_devdax(void **state)
{
	static struct host host;

	host = (struct host){0};
	model_devdax(&host);
	*state = &host;
	return 0;
}

static int make_idle(void **state)
{
	static struct host host;

	host = (struct host){0};
	model_idle(&host);
	*state = &host;
	return 0;
}

static int free_model(void **state)
{
	host_free(*state);
	return 0;
}

/* ---- recover: machines with nothing against it ---- */

static void test_good_ram(void **state)
{
	check_recover_clear(*state, PORT_A);
}

static void test_good_idle(void **state)
{
	check_recover_clear(*state, PORT_A);
	check_recover_clear(*state, PORT_B);
	check_recover_clear(*state, PORT_C);
}

static void test_good_offline(void **state)
{
	struct host *host = *state;

	list_each(block, &host->blocks) {
		strcpy(block->state, "offline");
		strcpy(block->zones, "Normal Movable");
	}
	check_recover_clear(host, PORT_A);
}

/* What is wrong below one port is no matter of another. */
static void test_good_beside_bad(void **state)
{
	struct host *host = *state;

	model_function(host, "0000:e0:00.0", PORT_D, FUNCTION_OTHER, "e1000e");
	model_function(host, "0000:e1:00.0", PORT_C, FUNCTION_BRIDGE, "pcieport");
	root_port_of(host, PORT_B)->can_reset = false;
	function_of(host, DEVICE_B)->registers = false;
	decoder_of(host, "decoder4.0")->locked = true;
	model_region(host, "region1", "mem2", WINDOW_1);
	region_of(host, "region1")->enabled = false;
	model_dax(host, "dax1.0", "region1", DAX_DEVDAX);
	model_user(host, "dax1.0", 5, "cat", MIB);
	model_blocks(host, WINDOW_1, DEVICE_SIZE, "online", "Normal");
	check_recover_clear(host, PORT_A);
}

/* ---- recover: the host and the port ---- */

static void test_not_privileged(void **state)
{
	struct host *host = *state;

	host->privileged = false;
	function_of(host, DEVICE_A)->registers = false; /* follows from it: not said twice */
	check_alone(host, PORT_A, "not-privileged", PORT_A);
	check_blocks(host, PORT_A, "not-privileged",
		     "device registers and other users' processes can not be read", "run as root");
}

static void test_nothing_below(void **state)
{
	struct host *host = *state;

	check_alone(host, PORT_D, "nothing-below", PORT_D);
	check_blocks(host, PORT_D, "nothing-below", "there is no device below " PORT_D,
		     "nothing is to be recovered here; to look for a device that was added run: "
		     "echo 1 > /sys/bus/pci/devices/" PORT_D "/rescan");
}

static void test_no_reset_path(void **state)
{
	struct host *host = *state;

	root_port_of(host, PORT_A)->can_reset = false;
	check_alone(host, PORT_A, "no-reset-path", PORT_A);
	check_blocks(host, PORT_A, "no-reset-path",
		     "Linux 6.12.95 can not reset the bus below " PORT_A,
		     "use a kernel with reset_subordinate: 6.13 or later, or 6.12 stable");
}

static void test_port_isolated(void **state)
{
	static const enum isolation_protocol protocols[] = {ISOLATION_MEM, ISOLATION_CACHE};
	struct host *host = *state;
	struct root_port *port = root_port_of(host, PORT_A);

	port->isolation = ISOLATION_PRESENT;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		port->status = ISOLATION_STATUS_ISOLATED(protocols[i]);
		check_alone(host, PORT_A, "port-isolated", PORT_A);
		check_recover_clear(host, PORT_B);
	}
	check_blocks(
		host, PORT_A, "port-isolated",
		PORT_A " is in isolation: its memory has lost writes, and reading it is a "
		       "machine check",
		"with System RAM online below it, reboot; else disable and destroy its regions, "
		"then cxl-iso clear-isolation");
	port->status = 0;
	check_recover_clear(host, PORT_A);
}

/* ---- recover: other functions and devices ---- */

#define NIC "0000:0d:00.1"

static void test_foreign_driver(void **state)
{
	struct host *host = *state;

	model_function(host, NIC, PORT_A, FUNCTION_OTHER, "e1000e");
	check_alone(host, PORT_A, "foreign-driver", NIC);
	check_blocks(host, PORT_A, "foreign-driver",
		     NIC
		     " is no CXL memory device and is driven by e1000e: the reset would take it "
		     "from its users",
		     "stop its users, then: echo " NIC " > /sys/bus/pci/drivers/e1000e/unbind");
	check_recover_clear(host, PORT_B);
}

static void test_foreign_without_driver(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct host *host = *state;

	model_function(host, NIC, PORT_A, FUNCTION_OTHER, "");
	check_recover(host, PORT_A, "foreign-idle " NIC);
	check_says(host, PORT_A, "foreign-idle", SEVERITY_WARNS,
		   NIC " has no driver now; after the reset Linux may bind one, and its "
		       "driver_override is gone",
		   "set both again after the recovery");
	assess(host, PORT_A, NULL, &findings);
	assert_null(findings_refusal(&findings));
}

static void test_foreign_alone(void **state)
{
	struct host *host = *state;

	model_function(host, "0000:e0:00.0", PORT_D, FUNCTION_OTHER, "nvme");
	model_function(host, "0000:e0:00.1", PORT_D, FUNCTION_OTHER, "vfio-pci");
	check_recover(host, PORT_D, "foreign-driver 0000:e0:00.0", "foreign-driver 0000:e0:00.1");
	check_not_forcible(host, PORT_D, "");
}

static void test_switch_below(void **state)
{
	struct host *host = *state;

	model_function(host, "0000:e0:00.0", PORT_A, FUNCTION_BRIDGE, "pcieport");
	model_function(host, "0000:e1:00.0", PORT_A, FUNCTION_BRIDGE, "pcieport");
	check_alone(host, PORT_A, "switch-below", "0000:e0:00.0"); /* once is enough */
	check_blocks(host, PORT_A, "switch-below",
		     "0000:e0:00.0 is a switch; only a device right below its root port can be "
		     "recovered",
		     "evacuate by hand and reboot");
}

static void test_no_memdev(void **state)
{
	struct host *host = *state;

	host->memdevs.count = 0; /* cxl_pci is not loaded */
	check_alone(host, PORT_A, "no-memdev", DEVICE_A);
	check_blocks(host, PORT_A, "no-memdev",
		     DEVICE_A
		     " is a CXL memory device that Linux does not drive: what decodes to it "
		     "is unknown",
		     "modprobe cxl_pci cxl_mem, or look into the kernel log");
}

static void test_several_memdevs(void **state)
{
	struct host *host = *state;

	model_function(host, NIC, PORT_A, FUNCTION_MEMDEV, "cxl_pci");
	model_memdev(host, "mem3", NIC, PORT_A, 0x77);
	check_alone(host, PORT_A, "several-memdevs", PORT_A);
	check_blocks(host, PORT_A, "several-memdevs",
		     "2 memory devices below one port; one can be recovered",
		     "evacuate by hand and reboot");
}

/* ---- recover: regions ---- */

static void test_several_regions(void **state)
{
	struct host *host = *state;

	model_region(host, "region1", "mem0", WINDOW_0 + GIB);
	model_ram(host, "dax1.0", "region1");
	check_alone(host, PORT_A, "several-regions", PORT_A);
	check_blocks(host, PORT_A, "several-regions",
		     "2 regions use the device below; one can be recovered",
		     "destroy all but one of them, or reboot instead");
}

static void add_interleaved(struct host *host)
{
	model_region(host, "region1", "mem0,mem2", WINDOW_2);
	model_ram(host, "dax1.0", "region1");
}

static void test_interleaved(void **state)
{
	struct host *host = *state;

	add_interleaved(host);
	check_alone(host, PORT_A, "interleaved", "region1");
	check_alone(host, PORT_C, "interleaved", "region1");
	check_recover_clear(host, PORT_B);
	check_blocks(host, PORT_A, "interleaved", "region1 interleaves over 2 devices",
		     "take its memory offline and destroy it first: daxctl offline-memory, cxl "
		     "disable-region region1, cxl destroy-region region1");
}

/* Linux and its targets disagree: what cannot be told is not recovered. */
static void test_interleaved_targets(void **state)
{
	struct host *host = *state;

	strcpy(((struct target *)list_add(&region_of(host, "region0")->targets))->memdev, "mem0");
	check_alone(host, PORT_A, "interleaved", "region0");
}

static void test_not_volatile(void **state)
{
	struct host *host = *state;

	strcpy(region_of(host, "region0")->mode, "pmem");
	check_alone(host, PORT_A, "not-volatile", "region0");
	check_blocks(host, PORT_A, "not-volatile", "region0 is a pmem region, not volatile memory",
		     "disable its namespaces and the region by hand");
}

static void test_region_not_enabled(void **state)
{
	struct host *host = *state;

	region_of(host, "region0")->enabled = false;
	model_forget_dax(host);
	check_recover(host, PORT_A, "region-incomplete region0", "unexplained-memory decoder3.0");
	host->blocks.count = 0;
	check_alone(host, PORT_A, "region-incomplete", "region0");
	check_blocks(host, PORT_A, "region-incomplete",
		     "region0 is not enabled: what was there to be restored can not be told",
		     "finish it (cxl enable-region region0) or destroy it (cxl destroy-region "
		     "region0)");
}

static void test_region_not_committed(void **state)
{
	struct host *host = *state;
	struct region *region = region_of(host, "region0");

	region->committed = region->enabled = false;
	model_forget_dax(host);
	host->blocks.count = 0;
	check_alone(host, PORT_A, "region-incomplete", "region0");
	check_blocks(host, PORT_A, "region-incomplete",
		     "region0 is not committed: what was there to be restored can not be told",
		     "finish it (cxl enable-region region0) or destroy it (cxl destroy-region "
		     "region0)");
}

#define ORDER_FACT                                                                           \
	"region1 lies above region0 behind the same host bridge; Linux commits decoders at " \
	"ascending addresses only, so region0 could not be built again"

static void test_address_order(void **state)
{
	struct host *host = *state;

	model_region(host, "region1", "mem1", WINDOW_0 + GIB);
	model_ram(host, "dax1.0", "region1");
	check_alone(host, PORT_A, "address-order", "region1");
	check_recover_clear(host, PORT_B); /* the upper one can go */
	check_blocks(host, PORT_A, "address-order", ORDER_FACT,
		     "take region1 out of service first, recover this port, then create region1 "
		     "again");
}

static void test_address_order_of_another_window(void **state)
{
	struct host *host = *state;

	model_region(host, "region1", "mem1,mem2", WINDOW_2);
	check_recover(host, PORT_A, "address-order region1");
}

/* It holds a decoder of the host bridge as soon as it has a target. */
static void test_address_order_not_committed(void **state)
{
	struct host *host = *state;
	struct region *region;

	model_region(host, "region1", "mem1", WINDOW_0 + GIB);
	region = region_of(host, "region1");
	region->committed = region->enabled = false;
	check_recover(host, PORT_A, "address-order region1");
}

/* Nor need it be Linux that set it up. */
static void test_address_order_of_decoder(void **state)
{
	struct host *host = *state;
	struct decoder *decoder = decoder_of(host, "decoder1.1");

	decoder->start = WINDOW_0 + GIB;
	decoder->size = DEVICE_SIZE;
	check_recover(host, PORT_A, "address-order decoder1.1");
	decoder->start = WINDOW_0 - DEVICE_SIZE;
	check_recover_clear(host, PORT_A);
}

static void test_address_order_elsewhere(void **state)
{
	struct host *host = *state;

	model_region(host, "region1", "mem2", WINDOW_1); /* higher, behind another bridge */
	model_ram(host, "dax1.0", "region1");
	check_recover_clear(host, PORT_A);
	check_recover_clear(host, PORT_C);
}

/* ---- recover: dax devices ---- */

#define LAYOUT_FIX \
	"recreate one dax device over all of region0: daxctl destroy-device, daxctl create-device"

static void test_dax_missing(void **state)
{
	struct host *host = *state;

	model_forget_dax(host);
	host->blocks.count = 0;
	check_alone(host, PORT_A, "dax-layout", "region0");
	check_blocks(host, PORT_A, "dax-layout",
		     "region0 has 0 dax devices; one that fills it can be restored", LAYOUT_FIX);
}

static void test_dax_twice(void **state)
{
	struct host *host = *state;

	model_dax(host, "dax0.1", "region0", DAX_SYSTEM_RAM);
	check_alone(host, PORT_A, "dax-layout", "region0");
	check_blocks(host, PORT_A, "dax-layout",
		     "region0 has 2 dax devices; one that fills it can be restored", LAYOUT_FIX);
}

static void check_does_not_fill(const struct host *host)
{
	check_recover(host, PORT_A, "dax-layout region0", "devdax-contents dax0.0");
	check_not_forcible(host, PORT_A, "devdax-contents");
	check_blocks(host, PORT_A, "dax-layout", "dax0.0 does not fill region0 in one piece",
		     LAYOUT_FIX);
}

static void test_dax_does_not_fill(void **state)
{
	struct host *host = *state;
	struct dax *dax = dax_of(host, "dax0.0");
	struct mapping *mapping = &dax->mappings.items[0];

	dax->mode = DAX_DISABLED;
	host->blocks.count = 0;
	mapping->size -= 2 * MIB;
	check_does_not_fill(host);
	mapping->start += 2 * MIB;
	check_does_not_fill(host);
	mapping->size += 2 * MIB; /* as long, but elsewhere */
	check_does_not_fill(host);
	mapping->start = WINDOW_0;
	check_recover(host, PORT_A, "devdax-contents dax0.0");
	list_add(&dax->mappings);
	check_does_not_fill(host);
	dax->mappings.count = 0;
	check_does_not_fill(host);
}

static void check_incomplete(const struct host *host, const char *fact)
{
	check_alone(host, PORT_A, "kmem-incomplete", "dax0.0");
	check_blocks(host, PORT_A, "kmem-incomplete", fact,
		     "try again in a moment; if it stays so, see the kernel log");
}

static void test_kmem_incomplete(void **state)
{
	struct host *host = *state;

	host->blocks.count = 1;
	check_incomplete(host, "kmem has added 1 of 2 memory blocks of dax0.0: it is still at it, "
			       "or failed");
	host->blocks.count = 0;
	check_incomplete(host, "kmem has added 0 of 2 memory blocks of dax0.0: it is still at it, "
			       "or failed");
}

static void test_dax_of_other_drivers(void **state)
{
	struct host *host = *state;

	dax_of(host, "dax0.0")->mode = DAX_FAMFS;
	check_recover(host, PORT_A, "dax-layout region0", "devdax-contents dax0.0");
	check_blocks(host, PORT_A, "dax-layout", "dax0.0 is driven by neither kmem nor device_dax",
		     LAYOUT_FIX);
	dax_of(host, "dax0.0")->mode = DAX_OTHER;
	check_recover(host, PORT_A, "dax-layout region0", "devdax-contents dax0.0");
	check_not_forcible(host, PORT_A, "devdax-contents");
}

static void test_devdax_contents(void **state)
{
	struct host *host = *state;

	check_recover(host, PORT_A, "devdax-contents dax0.0");
	check_says(host, PORT_A, "devdax-contents", SEVERITY_LOSES,
		   "the reset loses the contents of dax0.0 (256 MiB)",
		   "copy away what is needed, then say --discard-contents");
	dax_of(host, "dax0.0")->mode = DAX_DISABLED; /* they are lost as well */
	check_recover(host, PORT_A, "devdax-contents dax0.0");
}

static void test_devdax_in_use(void **state)
{
	struct host *host = *state;

	model_user(host, "dax0.0", 4711, "qemu", MIB);
	check_recover(host, PORT_A, "devdax-in-use dax0.0", "devdax-contents dax0.0");
	check_blocks(host, PORT_A, "devdax-in-use",
		     "qemu[4711] maps /dev/dax0.0 and would be killed by SIGBUS",
		     "stop it first; daxctl-ext list-users dax0.0 shows all users");
	check_not_forcible(host, PORT_A, "devdax-contents");
}

/* Who only holds it open has nothing mapped that could be taken from under him. */
static void test_devdax_held(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct host *host = *state;

	model_user(host, "dax0.0", 4711, "qemu", 0);
	check_recover(host, PORT_A, "devdax-in-use dax0.0", "devdax-contents dax0.0");
	assess(host, PORT_A, NULL, &findings);
	assert_true(starts_with(findings.list.items[0].evidence, "qemu[4711] holds /dev/dax0.0"));
	assert_null(strstr(findings.list.items[0].evidence, "SIGBUS"));
}

static void test_devdax_users_elsewhere(void **state)
{
	struct host *host = *state;

	model_region(host, "region1", "mem2", WINDOW_1);
	model_dax(host, "dax1.0", "region1", DAX_DEVDAX);
	model_user(host, "dax1.0", 1, "qemu", MIB);
	check_recover(host, PORT_A, "devdax-contents dax0.0");
}

/* ---- recover: memory blocks ---- */

#define ZONE_FIX                                                                                  \
	"online CXL memory as online_movable from the start; or try to offline it all the same, " \
	"with everything put back if that fails: --force=zone-normal"

static void test_zone_normal(void **state)
{
	struct host *host = *state;

	strcpy(host->blocks.items[1].zones, "Normal");
	check_recover(host, PORT_A, "zone-normal dax0.0");
	check_blocks(
		host, PORT_A, "zone-normal",
		"memory211 of dax0.0 is online in a kernel zone, which can hold pages that never "
		"move",
		ZONE_FIX);
	strcpy(host->blocks.items[0].zones, "none"); /* what holds several zones, or boot memory */
	check_blocks(
		host, PORT_A, "zone-normal",
		"memory210-211 of dax0.0 is online in a kernel zone, which can hold pages that "
		"never move",
		ZONE_FIX);
	strcpy(host->blocks.items[0].state, "offline");
	strcpy(host->blocks.items[1].state, "going-offline");
	check_blocks(
		host, PORT_A, "zone-normal",
		"memory211 of dax0.0 is online in a kernel zone, which can hold pages that never "
		"move",
		ZONE_FIX);
}

static void test_zone_normal_names(void **state)
{
	struct host *host = *state;

	region_of(host, "region0")->size = 8 * BLOCK_SIZE;
	decoder_of(host, "decoder3.0")->size = 8 * BLOCK_SIZE;
	function_of(host, DEVICE_A)->hdm.items[0].size = 8 * BLOCK_SIZE;
	dax_of(host, "dax0.0")->mappings.items[0].size = 8 * BLOCK_SIZE;
	host->blocks.count = 0;
	model_blocks(host, WINDOW_0, 8 * BLOCK_SIZE, "online", "Normal");
	strcpy(host->blocks.items[1].zones, "Movable");
	strcpy(host->blocks.items[5].state, "offline");
	check_blocks(host, PORT_A, "zone-normal",
		     "memory210, 212-214, 216-217 of dax0.0 is online in a kernel zone, which can "
		     "hold pages that never move",
		     ZONE_FIX);
}

/* More blocks than the evidence can name. */
static void test_zone_normal_many(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct host *host = *state;

	dax_of(host, "dax0.0")->mappings.items[0].size = 1000 * BLOCK_SIZE;
	host->blocks.count = 0;
	model_blocks(host, WINDOW_0, 1000 * BLOCK_SIZE, "online", "Normal");
	for (size_t i = 0; i < host->blocks.count; i += 2)
		strcpy(host->blocks.items[i].zones, "Movable");
	assess(host, PORT_A, NULL, &findings);
	list_each(finding, &findings.list)
		if (strcmp(finding->id, "zone-normal") == 0)
			assert_true(starts_with(finding->evidence, "memory211, 213, 215, "));
}

static void test_unexplained_memory(void **state)
{
	struct host *host = *state;

	model_forget_regions(host);
	check_recover(host, PORT_A, "unexplained-memory decoder3.0");
	check_not_forcible(host, PORT_A, "");
	check_blocks(host, PORT_A, "unexplained-memory",
		     "memory210 is online in the range that decoder3.0 decodes, and no region "
		     "explains it: firmware set it up",
		     "reboot instead, or have firmware leave this memory to Linux");
}

static void test_unexplained_in_registers(void **state)
{
	struct host *host = *state;

	model_forget_regions(host);
	decoder_of(host, "decoder3.0")->size = 0; /* Linux does not know */
	check_recover(host, PORT_A, "unexplained-memory " DEVICE_A);
	function_of(host, DEVICE_A)->hdm.items[0].committed = false;
	check_recover_clear(host, PORT_A);
}

static void test_unexplained_in_sysfs(void **state)
{
	struct host *host = *state;

	model_forget_regions(host);
	function_of(host, DEVICE_A)->hdm.items[0].committed = false;
	check_recover(host, PORT_A, "unexplained-memory decoder3.0");
	strcpy(host->blocks.items[0].state, "offline");
	strcpy(host->blocks.items[1].state, "offline");
	check_recover(host, PORT_A, "unexplained-memory decoder3.0"); /* nor can this be undone */
}

/* Of two blocks in the range, the dax device has but the first. */
static void test_unexplained_beside_dax(void **state)
{
	struct host *host = *state;

	dax_of(host, "dax0.0")->mappings.items[0].size = BLOCK_SIZE;
	check_recover(host, PORT_A, "unexplained-memory decoder3.0", "dax-layout region0");
}

static void test_unexplained_elsewhere(void **state)
{
	struct host *host = *state;

	model_blocks(host, WINDOW_1, GIB, "online", "Movable");
	decoder_of(host, "decoder5.0")->start = WINDOW_1; /* the memory of mem2 */
	decoder_of(host, "decoder5.0")->size = GIB;
	check_recover_clear(host, PORT_A);
	check_recover(host, PORT_C, "unexplained-memory decoder5.0");
}

/* A dax device that only firmware describes (dax_hmem) lies in what the device decodes. */
static void test_committed_without_region(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct host *host = *state;

	model_forget_regions(host);
	*list_add(&host->dax_devices) = (struct dax){.name = "dax0.0", .mode = DAX_DEVDAX};
	assess(host, PORT_A, &everything, &findings);
	assert_non_null(findings_refusal(&findings));
}

/* ---- recover: registers ---- */

static void test_registers_unreadable(void **state)
{
	struct host *host = *state;

	function_of(host, DEVICE_A)->registers = false;
	check_alone(host, PORT_A, "registers-unreadable", DEVICE_A);
	check_blocks(host, PORT_A, "registers-unreadable",
		     "the decoder registers of " DEVICE_A
		     " can not be read, so nothing could prove "
		     "that its memory decodes again",
		     "see whether the kernel is locked down: /sys/kernel/security/lockdown");
}

static void test_registers_of_others(void **state)
{
	struct host *host = *state;

	model_function(host, NIC, PORT_A, FUNCTION_OTHER, "");
	assert_false(function_of(host, NIC)->registers);
	check_recover(host, PORT_A, "foreign-idle " NIC);
}

static void check_lost(const struct host *host)
{
	check_alone(host, PORT_A, "decoder-lost", "region0");
	check_blocks(host, PORT_A, "decoder-lost",
		     "Linux believes region0 committed but " DEVICE_A " does not decode it: it was "
		     "reset behind Linux' back, and lost online 256 MiB",
		     "do not touch that memory; reboot");
}

static void test_decoder_lost(void **state)
{
	struct host *host = *state;
	struct function *function = function_of(host, DEVICE_A);
	struct hdm_range *range = &function->hdm.items[0];

	range->committed = false;
	check_lost(host);
	range->committed = true;
	range->start += BLOCK_SIZE;
	check_lost(host);
	range->start -= BLOCK_SIZE;
	range->size /= 2;
	check_lost(host);
	range->size *= 2;
	function->hdm_enabled = false;
	check_lost(host);
	function->hdm_enabled = true;
	function->mem_enabled = false;
	check_lost(host);
	function->mem_enabled = true;
	function->hdm.count = 0;
	check_lost(host);
}

/* With nothing online there is nothing to lose, and recovery is the cure. */
static void test_decoder_lost_offline(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct host *host = *state;

	function_of(host, DEVICE_A)->hdm_enabled = false;
	list_each(block, &host->blocks)
		strcpy(block->state, "offline");
	check_recover(host, PORT_A, "decoder-lost region0");
	check_says(host, PORT_A, "decoder-lost", SEVERITY_WARNS,
		   "Linux believes region0 committed but " DEVICE_A " does not decode it: it was "
		   "reset behind Linux' back",
		   "recover the port");
	assess(host, PORT_A, NULL, &findings);
	assert_null(findings_refusal(&findings));
}

/* The region of a device is no matter of the other device below the same port. */
static void test_decoder_lost_of_another(void **state)
{
	struct host *host = *state;

	model_function(host, NIC, PORT_A, FUNCTION_MEMDEV, "cxl_pci");
	model_memdev(host, "mem3", NIC, PORT_A, 0x77);
	check_recover(host, PORT_A, "several-memdevs " PORT_A);
}

static void test_decoder_lost_in_second(void **state)
{
	struct host *host = *state;
	struct function *function = function_of(host, DEVICE_A);

	function->hdm.items[2] = function->hdm.items[0];
	function->hdm.items[0].committed = false;
	check_recover_clear(host, PORT_A);
}

static void test_firmware_locked(void **state)
{
	struct host *host = *state;

	decoder_of(host, "decoder3.0")->locked = true;
	decoder_of(host, "decoder4.1")->locked = true;
	check_alone(host, PORT_A, "firmware-locked", "decoder3.0");
	check_alone(host, PORT_B, "firmware-locked", "decoder4.1");
	check_recover_clear(host, PORT_C);
	check_blocks(host, PORT_A, "firmware-locked", "decoder3.0 was set and locked by firmware",
		     "nothing but a reboot undoes a locked decoder");
}

static void test_region_locked(void **state)
{
	struct host *host = *state;

	region_of(host, "region0")->locked = true;
	check_alone(host, PORT_A, "firmware-locked", "region0");
	check_recover_clear(host, PORT_B);
}

/* ---- consent ---- */

static void check_consent(const struct host *host, const char *const *force, bool discard,
			  bool goes_on)
{
	cleanup_findings struct findings findings = {0};
	struct consent consent = {force, discard};

	assess(host, PORT_A, &consent, &findings);
	assert_int_equal(findings.list.count, 1);
	assert_int_equal(findings.list.items[0].overridden, goes_on);
	assert_int_equal(findings_refusal(&findings) == NULL, goes_on);
}

static void test_force_zone_normal(void **state)
{
	static const char *const zone_normal[] = {"zone-normal", NULL};
	static const char *const second[] = {"address-order", "zone-normal", NULL};
	static const char *const others[] = {"zone-norma", "zone-normals", "", "all", NULL};
	static const char *const none[] = {NULL};
	struct host *host = *state;

	strcpy(host->blocks.items[0].zones, "Normal");
	check_consent(host, zone_normal, false, true);
	check_consent(host, second, false, true);
	check_consent(host, others, false, false);
	check_consent(host, none, false, false);
	check_consent(host, NULL, false, false);
	check_consent(host, NULL, true, false);
	check_not_forcible(host, PORT_A, "zone-normal");
}

static void test_discard_contents(void **state)
{
	static const char *const id[] = {"devdax-contents", NULL};
	struct host *host = *state;

	check_consent(host, NULL, true, true);
	check_consent(host, NULL, false, false);
	check_consent(host, id, false, false); /* it has an option of its own */
	check_not_forcible(host, PORT_A, "devdax-contents");
}

static void test_forcible_rules(void **state)
{
	(void)state;
	assert_string_equal(recover_rules[0], "zone-normal");
	assert_null(recover_rules[1]);
}

/* One that was overridden does not hide the next. */
static void test_refusal_after_overridden(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct host *host = *state;

	strcpy(host->blocks.items[0].zones, "Normal");
	model_user(host, "dax0.0", 9, "cat", MIB);
	root_port_of(host, PORT_A)->can_reset = false;
	assess(host, PORT_A, &everything, &findings);
	assert_string_equal(findings_refusal(&findings)->id, "no-reset-path");
	findings.list.items[0].overridden = true;
	assert_string_equal(findings_refusal(&findings)->id, "devdax-in-use");
	findings.list.items[1].severity = SEVERITY_WARNS;
	assert_null(findings_refusal(&findings));
}

static void test_findings_json(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct json_object *json;

	assess(*state, PORT_D, NULL, &findings);
	json = record_to_json(&findings_record, &findings);
	assert_string_equal(
		json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE),
		"{\"list\":[{\"id\":\"nothing-below\",\"severity\":\"blocks\","
		"\"object\":\"" PORT_D "\",\"evidence\":\"there is no device below " PORT_D
		"\",\"fix\":\"nothing is to be recovered here; to look for a device that "
		"was added run: echo 1 > /sys/bus/pci/devices/" PORT_D "/rescan\","
		"\"overridden\":false}]}");
	json_object_put(json);
}

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

#define ON(model, test) cmocka_unit_test_setup_teardown(test, make_##model, free_model)

int main(void)
{
	static const struct CMUnitTest recover[] = {
		ON(ram, test_good_ram),
		ON(idle, test_good_idle),
		ON(ram, test_good_offline),
		ON(ram, test_good_beside_bad),
		ON(ram, test_not_privileged),
		ON(ram, test_nothing_below),
		ON(ram, test_no_reset_path),
		ON(ram, test_port_isolated),
		ON(ram, test_foreign_driver),
		ON(ram, test_foreign_without_driver),
		ON(ram, test_foreign_alone),
		ON(ram, test_switch_below),
		ON(idle, test_no_memdev),
		ON(ram, test_several_memdevs),
		ON(ram, test_several_regions),
		ON(idle, test_interleaved),
		ON(ram, test_interleaved_targets),
		ON(ram, test_not_volatile),
		ON(ram, test_region_not_enabled),
		ON(ram, test_region_not_committed),
		ON(ram, test_address_order),
		ON(ram, test_address_order_of_another_window),
		ON(ram, test_address_order_not_committed),
		ON(ram, test_address_order_of_decoder),
		ON(ram, test_address_order_elsewhere),
		ON(ram, test_dax_missing),
		ON(ram, test_dax_twice),
		ON(ram, test_dax_does_not_fill),
		ON(ram, test_kmem_incomplete),
		ON(devdax, test_dax_of_other_drivers),
		ON(devdax, test_devdax_contents),
		ON(devdax, test_devdax_in_use),
		ON(devdax, test_devdax_held),
		ON(devdax, test_devdax_users_elsewhere),
		ON(ram, test_zone_normal),
		ON(ram, test_zone_normal_names),
		ON(ram, test_zone_normal_many),
		ON(ram, test_unexplained_memory),
		ON(ram, test_unexplained_in_registers),
		ON(ram, test_unexplained_in_sysfs),
		ON(ram, test_unexplained_beside_dax),
		ON(ram, test_unexplained_elsewhere),
		ON(devdax, test_committed_without_region),
		ON(ram, test_registers_unreadable),
		ON(ram, test_registers_of_others),
		ON(ram, test_decoder_lost),
		ON(ram, test_decoder_lost_offline),
		ON(ram, test_decoder_lost_of_another),
		ON(ram, test_decoder_lost_in_second),
		ON(ram, test_firmware_locked),
		ON(ram, test_region_locked),
	};
	static const struct CMUnitTest consent[] = {
		ON(ram, test_force_zone_normal),       ON(devdax, test_discard_contents),
		cmocka_unit_test(test_forcible_rules), ON(ram, test_refusal_after_overridden),
		ON(idle, test_findings_json),
	};
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
	int failed = 0;

	failed += cmocka_run_group_tests(recover, NULL, NULL);
	failed += cmocka_run_group_tests(consent, NULL, NULL);
	failed += cmocka_run_group_tests(reset, NULL, NULL);
	return failed ? 1 : 0;
}
