// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/rules_*.c as recover asks them: ports, devices, regions, against pictures that break a rule
 * and pictures that do not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <string.h>

#include "findings.h"

#include "regs/isolation.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

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
	port->status_known = UINT32_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		port->status = ISOLATION_STATUS_ISOLATED(protocols[i]);
		check_alone(host, PORT_A, "port-isolated", PORT_A);
		check_recover(host, PORT_B, "isolated-elsewhere " PORT_A); /* its RAM is online */
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

static void test_foreign_driver(void **state)
{
	struct host *host = *state;

	model_function(host, NIC, PORT_A, FUNCTION_OTHER, "e1000e");
	check_alone(host, PORT_A, "foreign-driver", NIC);
	check_blocks(host, PORT_A, "foreign-driver",
		     NIC
		     " is no CXL memory device and is driven by e1000e: the reset would take it "
		     "from its users",
		     "stop its users, then: echo " NIC " > /sys/bus/pci/devices/" NIC
		     "/driver/unbind");
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
		     "modprobe -a cxl_pci cxl_mem, or look into the kernel log");
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
	check_recover(host, PORT_A, "interleaved region1", "interleave-spans-ports region1");
	check_recover(host, PORT_C, "interleaved region1", "interleave-spans-ports region1");
	check_not_forcible(host, PORT_A, "");
	check_refuses(host, PORT_A, "interleaved");
	check_refuses(host, PORT_C, "interleaved");
	check_recover_clear(host, PORT_B);
	check_blocks(
		host, PORT_A, "interleaved", "region1 interleaves over 2 devices",
		"take its memory offline and destroy it first: daxctl offline-memory dax1.0, cxl "
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

	strcpy(region_of(host, "region0")->mode, "none");
	check_alone(host, PORT_A, "not-volatile", "region0");
	check_blocks(host, PORT_A, "not-volatile",
		     "region0 is a none region, neither volatile nor persistent memory",
		     "destroy it first: cxl disable-region region0, cxl destroy-region region0");
}

/* What nobody uses is no obstacle: it is disabled and enabled again. */
static void test_persistent(void **state)
{
	cleanup_host struct host host = {0};

	(void)state;
	model_pmem(&host);
	check_recover_clear(&host, PORT_A);
	host.namespaces.items[1].in_use = true;
	check_alone(&host, PORT_A, "pmem-active", "namespace0.1");
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
		     "finish it (echo 1 > /sys/bus/cxl/devices/region0/commit, cxl enable-region "
		     "region0) or destroy it (cxl destroy-region region0)");
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

/* Nor need it be Linux that set it up; but a range that is left of a region which is gone is nothing. */
static void test_address_order_of_decoder(void **state)
{
	struct host *host = *state;
	struct decoder *decoder = decoder_of(host, "decoder1.1");

	decoder->start = WINDOW_0 + GIB;
	decoder->size = DEVICE_SIZE;
	check_recover_clear(host, PORT_A);
	host->ports.items[1].committed = 2;
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
	check_recover(host, PORT_A, "decoder-stale region0");
	check_says(host, PORT_A, "decoder-stale", SEVERITY_WARNS,
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
int main(void)
{
	static const struct CMUnitTest ports[] = {
		ON(ram, test_not_privileged), ON(ram, test_nothing_below),
		ON(ram, test_no_reset_path),  ON(ram, test_port_isolated),
		ON(ram, test_foreign_driver), ON(ram, test_foreign_without_driver),
		ON(ram, test_foreign_alone),  ON(ram, test_switch_below),
		ON(idle, test_no_memdev),     ON(ram, test_several_memdevs),
	};
	static const struct CMUnitTest regions[] = {
		ON(ram, test_several_regions),
		ON(idle, test_interleaved),
		ON(ram, test_interleaved_targets),
		ON(ram, test_not_volatile),
		ON(ram, test_persistent),
		ON(ram, test_region_not_enabled),
		ON(ram, test_region_not_committed),
		ON(ram, test_address_order),
		ON(ram, test_address_order_of_another_window),
		ON(ram, test_address_order_not_committed),
		ON(ram, test_address_order_of_decoder),
		ON(ram, test_address_order_elsewhere),
	};
	static const struct CMUnitTest registers[] = {
		ON(ram, test_registers_unreadable),
		ON(ram, test_registers_of_others),
		ON(ram, test_decoder_lost),
		ON(ram, test_decoder_lost_offline),
		ON(ram, test_decoder_lost_of_another),
		ON(ram, test_decoder_lost_in_second),
		ON(ram, test_firmware_locked),
		ON(ram, test_region_locked),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(ports, NULL, NULL);
	failed += cmocka_run_group_tests(regions, NULL, NULL);
	failed += cmocka_run_group_tests(registers, NULL, NULL);
	return failed ? 1 : 0;
}
