// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about the port, its reset, its isolation, and what hangs below it. */
#include "cases.h"

#include "regs/isolation.h"

#define ISOLATE ISOLATION_CONTROL_ISOLATION(ISOLATION_MEM)
#define TIMEOUT ISOLATION_CONTROL_TIMEOUT(ISOLATION_MEM)
#define B2	6u

static struct root_port *port_a(struct host *host)
{
	return root_port_of(host, PORT_A);
}

/* Isolation and a long timeout are on, and the kernel is told by ERR_COR. */
static void model_armed(struct host *host)
{
	struct root_port *port;

	model_devdax(host);
	port = port_a(host);
	port->isolation = ISOLATION_PRESENT;
	port->armed_by = ARMED_BY_US;
	strcpy(port->backend, "mmio");
	port->capability = ISOLATE | TIMEOUT | ISOLATION_CONTROL_ERR_COR | 0xf;
	port->control = ISOLATE | TIMEOUT | ISOLATION_CONTROL_ERR_COR | B2;
	port->capability_known = port->control_known = port->status_known = UINT32_MAX;
}

static void isolated_mem(struct host *host)
{
	port_a(host)->isolation = ISOLATION_PRESENT;
	port_a(host)->status = ISOLATION_STATUS_ISOLATED(ISOLATION_MEM);
}

static void isolated_cache(struct host *host)
{
	port_a(host)->isolation = ISOLATION_PRESENT;
	port_a(host)->status = ISOLATION_STATUS_ISOLATED(ISOLATION_CACHE);
}

static void timed_out(struct host *host)
{
	isolated_mem(host);
	port_a(host)->status = ISOLATION_STATUS_TIMED_OUT(ISOLATION_MEM) | ISOLATION_STATUS_RP_BUSY;
}

static void isolation_not_read(struct host *host)
{
	isolated_mem(host);
	port_a(host)->isolation = ISOLATION_UNKNOWN;
}

static void model_spanning(struct host *host)
{
	model_idle(host);
	model_region(host, "region0", "mem0,mem2", WINDOW_2);
	model_ram(host, "dax0.0", "region0");
}

static void isolate(struct host *host, const char *port)
{
	root_port_of(host, port)->isolation = ISOLATION_PRESENT;
	root_port_of(host, port)->status = ISOLATION_STATUS_ISOLATED(ISOLATION_MEM);
}

static void other_target_isolated(struct host *host)
{
	isolate(host, PORT_C);
}

/* Nobody is told to offline memory that is gone. */
static void spans_isolated(struct host *host)
{
	model_forget_regions(host);
	host->blocks.count = 0;
	model_region(host, "region0", "mem0,mem2", WINDOW_2);
	model_ram(host, "dax0.0", "region0");
	isolate(host, PORT_C);
}

static void other_port_isolated(struct host *host)
{
	isolate(host, PORT_B);
}

static void busy(struct host *host)
{
	isolated_mem(host);
	port_a(host)->status |= ISOLATION_STATUS_RP_BUSY;
}

static void model_with_nic(struct host *host)
{
	model_system_ram(host);
	model_function(host, "0000:e0:00.0", PORT_D, FUNCTION_OTHER, "");
}

static void unplugged(struct host *host)
{
	host->functions.count--;
}

static void unplugged_by_isolation(struct host *host)
{
	unplugged(host);
	root_port_of(host, PORT_D)->isolation = ISOLATION_PRESENT;
	root_port_of(host, PORT_D)->status = ISOLATION_STATUS_ISOLATED(ISOLATION_MEM);
}

static void nic(struct host *host)
{
	model_function(host, NIC, PORT_A, FUNCTION_OTHER, "e1000e");
}

static void idle_nic(struct host *host)
{
	model_function(host, NIC, PORT_A, FUNCTION_OTHER, "");
}

static void nic_elsewhere(struct host *host)
{
	model_function(host, "0000:e0:00.0", PORT_D, FUNCTION_OTHER, "e1000e");
}

static void idle_nic_elsewhere(struct host *host)
{
	model_function(host, "0000:e0:00.0", PORT_D, FUNCTION_OTHER, "");
}

static void no_reset(struct host *host)
{
	port_a(host)->can_reset = false;
}

static void no_reset_elsewhere(struct host *host)
{
	root_port_of(host, PORT_B)->can_reset = false;
}

static void switches(struct host *host)
{
	model_function(host, "0000:e0:00.0", PORT_A, FUNCTION_BRIDGE, "pcieport");
	model_function(host, "0000:e1:00.0", PORT_A, FUNCTION_BRIDGE, "pcieport");
}

static void status_not_read(struct host *host)
{
	port_a(host)->status_known = 0;
}

static void not_read(struct host *host)
{
	port_a(host)->isolation = ISOLATION_UNKNOWN;
}

static void no_capability(struct host *host)
{
	port_a(host)->isolation = ISOLATION_NONE;
}

static void only_timeout(struct host *host)
{
	port_a(host)->capability &= ~(uint64_t)ISOLATE;
	port_a(host)->control &= ~(uint64_t)ISOLATE;
}

static void disarmed(struct host *host)
{
	port_a(host)->control &= ~(uint64_t)ISOLATE;
}

static void perhaps_disarmed(struct host *host)
{
	disarmed(host);
	port_a(host)->control_known &= ~(uint64_t)ISOLATE;
}

static void by_firmware(struct host *host)
{
	port_a(host)->armed_by = ARMED_BY_FIRMWARE;
}

static void by_firmware_then_disarmed(struct host *host)
{
	by_firmware(host);
	disarmed(host);
}

static void by_kernel(struct host *host)
{
	port_a(host)->armed_by = ARMED_BY_KERNEL;
}

static void silent(struct host *host)
{
	port_a(host)->control &= ~(uint64_t)ISOLATION_CONTROL_ERR_COR;
}

static void silent_always(struct host *host)
{
	silent(host);
	port_a(host)->capability &= ~(uint64_t)ISOLATION_CONTROL_ERR_COR;
}

static void silent_but_interrupt(struct host *host)
{
	silent(host);
	port_a(host)->control |= ISOLATION_CONTROL_INTERRUPT;
}

static void silent_but_driver(struct host *host)
{
	silent(host);
	strcpy(port_a(host)->backend, "sysfs-2025");
}

static void silent_and_disarmed(struct host *host)
{
	silent(host);
	disarmed(host);
}

static void ram(struct host *host)
{
	dax_of(host, "dax0.0")->mode = DAX_SYSTEM_RAM;
}

static void ram_disarmed(struct host *host)
{
	ram(host);
	disarmed(host);
}

static void no_timeout(struct host *host)
{
	port_a(host)->control &= ~(uint64_t)TIMEOUT;
}

static void perhaps_timeout(struct host *host)
{
	no_timeout(host);
	port_a(host)->control_known &= ~(uint64_t)TIMEOUT;
}

static void no_timeout_offered(struct host *host)
{
	no_timeout(host);
	port_a(host)->capability &= ~(uint64_t)TIMEOUT;
}

static void set_range(struct host *host, unsigned int value)
{
	port_a(host)->control =
		(port_a(host)->control & ~(uint64_t)ISOLATION_CONTROL_VALUE(ISOLATION_MEM)) | value;
}

static void range_default(struct host *host)
{
	set_range(host, 0);
}

static void range_a1(struct host *host)
{
	set_range(host, 1);
}

static void range_a2(struct host *host)
{
	set_range(host, 2);
}

static void range_a1_off(struct host *host)
{
	range_a1(host);
	no_timeout(host);
}

static void disarmed_without_timeout(struct host *host)
{
	disarmed(host);
	no_timeout(host);
}

static const char isolated_fact[] =
	PORT_A " is in isolation: its memory has lost writes, and reading it is a machine check";
static const char isolated_fix[] =
	"with System RAM online below it, reboot; else disable and destroy its regions, then "
	"cxl-iso clear-isolation";

static void model_neighbour(struct host *host)
{
	model_system_ram(host);
	model_region(host, "region1", "mem2", WINDOW_1);
	model_ram(host, "dax1.0", "region1");
}

static void isolate_c(struct host *host)
{
	root_port_of(host, PORT_C)->isolation = ISOLATION_PRESENT;
	root_port_of(host, PORT_C)->status = ISOLATION_STATUS_ISOLATED(ISOLATION_MEM);
}

static void isolate_c_without_ram(struct host *host)
{
	isolate_c(host);
	dax_of(host, "dax1.0")->mode = DAX_DEVDAX;
	list_each(block, &host->blocks)
		if (block->start >= WINDOW_1)
			strcpy(block->state, "offline");
}

static void isolate_empty_port(struct host *host)
{
	root_port_of(host, PORT_D)->isolation = ISOLATION_PRESENT;
	root_port_of(host, PORT_D)->status = ISOLATION_STATUS_ISOLATED(ISOLATION_MEM);
}

const struct rule_case port_cases[] = {
	{
		.id = "isolated-elsewhere",
		.object = PORT_C,
		.base = model_neighbour,
		.guilty = isolate_c,
		.innocent = {isolate_c_without_ram, isolate_empty_port, isolated_mem},
		.planned = {REBOOT,
			    PORT_C " is in isolation, and memory behind it is online as System "
				   "RAM: pages could be moved there and be lost",
			    "reboot; nothing takes that memory away from the kernel"},
		.isolated = {REBOOT},
	},
	{
		.id = "port-isolated",
		.object = PORT_A,
		.base = model_system_ram,
		.guilty = isolated_mem,
		.innocent = {timed_out, isolation_not_read},
		.planned = {BLOCKS, isolated_fact, isolated_fix},
	},
	{
		.id = "port-isolated",
		.object = PORT_A,
		.base = model_system_ram,
		.guilty = isolated_cache,
		.planned = {BLOCKS, isolated_fact, isolated_fix},
	},
	{
		.id = "port-isolated",
		.object = "region0",
		.base = model_spanning,
		.guilty = other_target_isolated,
		.innocent = {other_port_isolated},
		.planned = {BLOCKS,
			    "region0 spans " PORT_C ", which is in isolation: its memory has lost "
			    "writes, and reading it is a machine check",
			    "see: cxl-iso assess " PORT_A " --situation isolated"},
	},
	{
		.id = "interleaved",
		.object = "region0",
		.base = model_system_ram,
		.guilty = spans_isolated,
		.planned = {BLOCKS, "region0 interleaves over 2 devices",
			    "destroy it, and do not touch its memory: cxl disable-region region0, "
			    "cxl destroy-region region0"},
		.isolated = {BLOCKS},
	},
	{
		.id = "rp-busy",
		.object = PORT_A,
		.base = model_system_ram,
		.guilty = busy,
		.innocent = {isolated_mem, timed_out},
		.isolated = {BLOCKS, PORT_A " still has outstanding transactions (RP Busy)",
			     "wait until it is no longer busy; if it stays so, reboot"},
	},
	{
		.id = "nothing-below",
		.object = PORT_D,
		.port = PORT_D,
		.base = model_with_nic,
		.guilty = unplugged,
		.planned = {BLOCKS, "there is no device below " PORT_D,
			    "nothing is to be recovered here; to look for a device that was added "
			    "run: echo 1 > /sys/bus/pci/devices/" PORT_D "/rescan"},
		.isolated = {NOTE},
	},
	{
		.id = "nothing-below",
		.object = PORT_D,
		.port = PORT_D,
		.base = model_with_nic,
		.guilty = unplugged_by_isolation,
		.planned = {BLOCKS, "there is no device below " PORT_D,
			    "cxl-iso clear-isolation " PORT_D "; then, to look for a device: echo "
			    "1 > /sys/bus/pci/devices/" PORT_D "/rescan"},
		.isolated = {NOTE},
	},
	{
		.id = "foreign-driver",
		.object = NIC,
		.base = model_system_ram,
		.guilty = nic,
		.innocent = {idle_nic, nic_elsewhere},
		.planned = {BLOCKS,
			    NIC " is no CXL memory device and is driven by e1000e: the reset would "
				"take it from its users",
			    "stop its users, then: echo " NIC " > /sys/bus/pci/devices/" NIC
			    "/driver/unbind"},
		.isolated = {BLOCKS},
	},
	{
		.id = "foreign-idle",
		.object = NIC,
		.base = model_system_ram,
		.guilty = idle_nic,
		.innocent = {nic, idle_nic_elsewhere},
		.planned = {WARNS,
			    NIC " has no driver now; after the reset Linux may bind one, and its "
				"driver_override is gone",
			    "set both again after the recovery"},
		.isolated = {WARNS},
	},
	{
		.id = "no-reset-path",
		.object = PORT_A,
		.base = model_system_ram,
		.guilty = no_reset,
		.innocent = {no_reset_elsewhere},
		.planned = {REBOOT, "Linux 6.12.95 can not reset the bus below " PORT_A,
			    "use a kernel with reset_subordinate: 6.13 or later, or 6.12 stable"},
		.isolated = {REBOOT},
	},
	{
		.id = "switch-below",
		.object = "0000:e0:00.0",
		.base = model_system_ram,
		.guilty = switches, /* once is enough */
		.innocent = {nic},
		.planned = {REBOOT,
			    "0000:e0:00.0 is a switch; only a device right below its root port can "
			    "be recovered",
			    "evacuate by hand and reboot"},
		.isolated = {REBOOT, NULL, "reboot"},
	},
	{
		.id = "isolation-unknown",
		.object = PORT_A,
		.base = model_armed,
		.guilty = not_read,
		.innocent = {no_capability, disarmed},
		.planned = {WARNS,
			    "whether " PORT_A " can isolate is unknown: its registers can not be "
			    "read",
			    "run as root on a kernel that is not locked down"},
	},
	{
		.id = "isolation-unknown",
		.object = PORT_A,
		.base = model_armed,
		.guilty = status_not_read,
		.planned = {WARNS,
			    "whether " PORT_A " is in isolation now is unknown: its status can not "
			    "be read",
			    "see the kernel log; if it may be: cxl-iso assess " PORT_A
			    " --situation isolated"},
	},
	{
		.id = "isolation-absent",
		.object = PORT_A,
		.base = model_armed,
		.guilty = no_capability,
		.innocent = {not_read, disarmed},
		.planned = {NOTE, PORT_A " can not isolate: the loss of its link resets the host",
			    "nothing can be set here: the platform does not offer it"},
	},
	{
		.id = "isolation-absent",
		.object = PORT_A,
		.base = model_armed,
		.guilty = only_timeout,
		.planned = {NOTE, PORT_A " can not isolate: the loss of its link resets the host",
			    "nothing can be set here: the platform does not offer it"},
	},
	{
		.id = "isolation-off",
		.object = PORT_A,
		.base = model_armed,
		.guilty = disarmed,
		.innocent = {perhaps_disarmed, only_timeout, no_capability, not_read},
		.planned = {NOTE,
			    "isolation of " PORT_A " is off: the loss of its link resets the host",
			    "while its memory is not in use: cxl-iso enable-isolation " PORT_A},
	},
	{
		.id = "isolation-by-firmware",
		.object = PORT_A,
		.base = model_armed,
		.guilty = by_firmware,
		.innocent = {by_firmware_then_disarmed, by_kernel},
		.planned = {NOTE,
			    "isolation of " PORT_A " was armed by firmware, which may handle it "
			    "too",
			    "see what the platform does on an isolation before you change it"},
		.isolated = {NOTE},
	},
	{
		.id = "isolation-unnoticed",
		.object = PORT_A,
		.base = model_armed,
		.guilty = silent,
		.innocent = {silent_but_interrupt, silent_but_driver, silent_and_disarmed},
		.planned = {WARNS,
			    "nobody would notice an isolation of " PORT_A ": no driver handles it "
			    "and ERR_COR is off, so writes would be dropped in silence",
			    "cxl-iso enable-isolation --err-cor " PORT_A},
	},
	{
		.id = "isolation-unnoticed",
		.object = PORT_A,
		.base = model_armed,
		.guilty = silent_always,
		.planned = {WARNS,
			    "nobody would notice an isolation of " PORT_A ": no driver handles it "
			    "and ERR_COR is off, so writes would be dropped in silence",
			    "watch it: cxl-iso list " PORT_A},
	},
	{
		.id = "isolation-with-ram",
		.object = "dax0.0",
		.base = model_armed,
		.guilty = ram,
		.innocent = {ram_disarmed},
		.planned = {WARNS,
			    "dax0.0 is System RAM behind a port that may isolate: an isolation "
			    "ends in machine checks and a reboot",
			    "use it as devdax: daxctl reconfigure-device -f -m devdax dax0.0"},
	},
	{
		.id = "timeout-off",
		.object = PORT_A,
		.base = model_armed,
		.guilty = no_timeout,
		.innocent = {perhaps_timeout, no_timeout_offered, no_capability},
		.planned = {NOTE,
			    PORT_A " has no CXL.mem timeout: a device that does not answer hangs "
				   "the host",
			    "once isolation is enabled: cxl-iso set-timeout --enable "
			    "--at-least=1ms " PORT_A},
	},
	{
		.id = "timeout-too-short",
		.object = PORT_A,
		.base = model_armed,
		.guilty = range_default,
		.innocent = {range_a2, range_a1_off},
		.planned = {WARNS,
			    "the default timeout of " PORT_A " may expire after 50 us, on a legal "
			    "slow access",
			    "cxl-iso set-timeout --at-least=1ms " PORT_A},
	},
	{
		.id = "timeout-too-short",
		.object = PORT_A,
		.base = model_armed,
		.guilty = range_a1,
		.planned = {WARNS,
			    "timeout A1 of " PORT_A " may expire after 50 us, on a legal slow "
			    "access",
			    "cxl-iso set-timeout --at-least=1ms " PORT_A},
	},
	{
		.id = "timeout-without-isolation",
		.object = PORT_A,
		.base = model_armed,
		.guilty = disarmed,
		.innocent = {disarmed_without_timeout, perhaps_disarmed},
		.planned = {WARNS,
			    PORT_A " has the CXL.mem timeout on and isolation off: a slow access "
				   "resets the host",
			    "while its memory is not in use: cxl-iso enable-isolation " PORT_A
			    "; or: cxl-iso set-timeout --disable " PORT_A},
	},
	{},
};
