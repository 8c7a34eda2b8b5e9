// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about memory devices, decoders and regions. */
#include "cases.h"

#include "sys/util.h"

static struct region *region0(struct host *host)
{
	return region_of(host, "region0");
}

static struct function *device_a(struct host *host)
{
	return function_of(host, DEVICE_A);
}

static void undriven(struct host *host)
{
	host->memdevs.count = 0;
}

static void undriven_other(struct host *host)
{
	undriven(host);
	list_each(function, &host->functions)
		function->kind = FUNCTION_OTHER;
}

static void second_memdev(struct host *host)
{
	model_function(host, NIC, PORT_A, FUNCTION_MEMDEV, "cxl_pci");
	model_memdev(host, "mem3", NIC, PORT_A, 0x77);
}

static void second_region(struct host *host)
{
	model_region(host, "region1", "mem0", WINDOW_0 + GIB);
}

static void region_elsewhere(struct host *host)
{
	model_region(host, "region1", "mem2", WINDOW_1);
}

static void interleaved(struct host *host)
{
	model_region(host, "region1", "mem0,mem2", WINDOW_2);
}

static void interleaved_ram(struct host *host)
{
	interleaved(host);
	model_ram(host, "dax1.0", "region1");
}

static void interleaved_pmem(struct host *host)
{
	interleaved(host);
	strcpy(region_of(host, "region1")->mode, "pmem");
}

static void interleaved_elsewhere(struct host *host)
{
	model_region(host, "region1", "mem1,mem2", WINDOW_2);
}

static void interleaved_below_a_switch(struct host *host)
{
	strcpy(memdev_of(host, "mem1")->root_port, PORT_A);
	model_region(host, "region1", "mem0,mem1", WINDOW_0);
}

/* One address is a part of the other. */
static void spans_domains(struct host *host)
{
	strcpy(root_port_of(host, PORT_C)->address, "10000:0c:01.0");
	strcpy(memdev_of(host, "mem2")->root_port, "10000:0c:01.0");
	model_region(host, "region1", "mem0,mem2,mem1", WINDOW_2);
}

static void spans_one_port_twice(struct host *host)
{
	strcpy(memdev_of(host, "mem2")->root_port, PORT_B);
	model_region(host, "region1", "mem0,mem1,mem2", WINDOW_2);
}

static void one_target_unknown(struct host *host)
{
	region0(host)->ways = 2;
	list_add(&region0(host)->targets);
}

static void pmem(struct host *host)
{
	strcpy(region0(host)->mode, "pmem");
	strcpy(region0(host)->uuid, "6d7f2a05-3c0c-4f0b-9a4e-3a5cb1d0fc11");
}

static void pmem_behind_ram(struct host *host)
{
	pmem(host);
	memdev_of(host, "mem0")->ram_size = DEVICE_SIZE;
	decoder_of(host, "decoder3.0")->dpa_start = DEVICE_SIZE;
}

static void pmem_further_up(struct host *host)
{
	pmem_behind_ram(host);
	decoder_of(host, "decoder3.0")->dpa_start += 16 * MIB;
}

static void pmem_of_unknown_device(struct host *host)
{
	pmem_further_up(host);
	region0(host)->targets.items[0].decoder[0] = '\0';
}

static void no_mode(struct host *host)
{
	strcpy(region0(host)->mode, "");
}

static void not_enabled(struct host *host)
{
	region0(host)->enabled = false;
}

static void not_committed(struct host *host)
{
	region0(host)->enabled = region0(host)->committed = false;
}

static void unreadable(struct host *host)
{
	device_a(host)->registers = false;
}

static void unreadable_nic(struct host *host)
{
	model_function(host, NIC, PORT_A, FUNCTION_OTHER, "");
}

static void unreadable_by_lockdown(struct host *host)
{
	unreadable(host);
	strcpy(host->system.lockdown, "confidentiality");
}

static void unreadable_unprivileged(struct host *host)
{
	unreadable(host);
	host->privileged = false;
}

static void wiped(struct host *host)
{
	device_a(host)->hdm.items[0].committed = false;
}

static void wiped_but_unread(struct host *host)
{
	wiped(host);
	unreadable(host);
}

static void wiped_and_offline(struct host *host)
{
	wiped(host);
	list_each(block, &host->blocks)
		strcpy(block->state, "offline");
}

static void wiped_and_online(struct host *host)
{
	wiped(host);
	strcpy(host->blocks.items[1].state, "online");
}

static void locked_decoder(struct host *host)
{
	decoder_of(host, "decoder3.0")->locked = true;
}

static void locked_decoder_elsewhere(struct host *host)
{
	decoder_of(host, "decoder4.0")->locked = true;
}

static void locked_region(struct host *host)
{
	region0(host)->locked = true;
}

static void add_firmware_range(struct host *host, uint64_t start, uint64_t size, const char *type)
{
	struct firmware_range *range = list_add(&host->firmware_map);

	range->start = start;
	range->size = size;
	strcpy(range->type, type);
}

static void soft_reserved(struct host *host)
{
	add_firmware_range(host, 0, GIB, "System RAM");
	add_firmware_range(host, WINDOW_0 + DEVICE_SIZE - 1, GIB, "Soft Reserved");
	add_firmware_range(host, WINDOW_0, 4096, "Soft Reserved"); /* said once */
}

static void system_ram_range(struct host *host)
{
	add_firmware_range(host, WINDOW_0, DEVICE_SIZE, "System RAM");
}

static void reserved_window(struct host *host)
{
	add_firmware_range(host, WINDOW_0, WINDOW_SIZE, "Reserved");
}

static void soft_reserved_beside(struct host *host)
{
	add_firmware_range(host, WINDOW_0 + DEVICE_SIZE, GIB, "Soft Reserved");
	add_firmware_range(host, WINDOW_0 - GIB, GIB, "System RAM");
}

/* Memory without dax device: Linux found a region, but firmware had given the range out as RAM. */
static void stray(struct host *host)
{
	model_forget_dax(host);
}

static void stray_offline(struct host *host)
{
	stray(host);
	list_each(block, &host->blocks)
		strcpy(block->state, "offline");
}

static void committed_idle(struct host *host)
{
	model_forget_regions(host);
	host->blocks.count = 0;
}

static void nothing_committed(struct host *host)
{
	committed_idle(host);
	decoder_of(host, "decoder3.0")->size = 0;
	wiped(host);
}

static void higher_region(struct host *host)
{
	model_region(host, "region1", "mem1", WINDOW_0 + GIB);
}

static void lower_region(struct host *host)
{
	model_region(host, "region1", "mem1", WINDOW_0 - GIB);
}

/* Of a region that is gone: Linux leaves the range there. */
static void stale_decoder(struct host *host)
{
	decoder_of(host, "decoder1.1")->start = WINDOW_0 + GIB;
	decoder_of(host, "decoder1.1")->size = DEVICE_SIZE;
	((struct port *)host_port(host, "port1"))->committed = 1;
}

static void higher_decoder(struct host *host)
{
	stale_decoder(host);
	((struct port *)host_port(host, "port1"))->committed = 2;
}

static void lower_decoder(struct host *host)
{
	higher_decoder(host);
	decoder_of(host, "decoder1.1")->start = WINDOW_0 - GIB;
}

static void higher_decoder_elsewhere(struct host *host)
{
	decoder_of(host, "decoder2.1")->start = WINDOW_0 + GIB;
	decoder_of(host, "decoder2.1")->size = DEVICE_SIZE;
	((struct port *)host_port(host, "port2"))->committed = 2;
}

static void half_used(struct host *host)
{
	memdev_of(host, "mem0")->ram_size = 2 * DEVICE_SIZE;
}

static void all_used(struct host *host)
{
	half_used(host);
	decoder_of(host, "decoder3.1")->dpa_size = DEVICE_SIZE;
}

static void more_than_all_used(struct host *host)
{
	decoder_of(host, "decoder3.1")->dpa_size = UINT64_MAX;
}

#define DESTROY_UNTOUCHED                                                           \
	"destroy it, and do not touch its memory: cxl disable-region region1, cxl " \
	"destroy-region region1"
#define SPANS                                                                               \
	"region1 spans other root ports too: with " PORT_A ", all of its 512 MiB is lost, " \
	"also what is behind " PORT_C
#define LEAVE_IT "reboot instead, or have firmware leave this memory to Linux"
#define ORDER                                                                         \
	" lies above region0 behind the same host bridge; Linux commits decoders at " \
	"ascending addresses only, so region0 could not be built again"
#define BY_FIRMWARE                                                                   \
	"see whether the platform relies on its own decoders; a reboot brings these " \
	"back"

const struct rule_case region_cases[] = {
	{
		.id = "no-memdev",
		.object = DEVICE_A,
		.base = model_idle,
		.guilty = undriven,
		.innocent = {undriven_other},
		.planned = {BLOCKS,
			    DEVICE_A " is a CXL memory device that Linux does not drive: what "
				     "decodes to it is unknown",
			    "modprobe -a cxl_pci cxl_mem, or look into the kernel log"},
		.isolated = {BLOCKS, NULL, "look into the kernel log why; load no driver now"},
	},
	{
		.id = "several-memdevs",
		.object = PORT_A,
		.base = model_system_ram,
		.guilty = second_memdev,
		.planned = {REBOOT, "2 memory devices below one port; one can be recovered",
			    "evacuate by hand and reboot"},
		.isolated = {REBOOT, NULL, "reboot"},
	},
	{
		.id = "several-regions",
		.object = PORT_A,
		.base = model_system_ram,
		.guilty = second_region,
		.innocent = {region_elsewhere, higher_region},
		.planned = {BLOCKS, "2 regions use the device below; one can be recovered",
			    "destroy all but one of them, or reboot instead"},
		.isolated = {BLOCKS},
	},
	{
		.id = "interleaved",
		.object = "region1",
		.base = model_idle,
		.guilty = interleaved_ram,
		.innocent = {interleaved_elsewhere, region_elsewhere},
		.planned = {BLOCKS, "region1 interleaves over 2 devices",
			    "take its memory offline and destroy it first: daxctl offline-memory "
			    "dax1.0, cxl disable-region region1, cxl destroy-region region1"},
		.isolated = {BLOCKS, NULL, DESTROY_UNTOUCHED},
	},
	{
		.id = "interleaved",
		.object = "region1",
		.base = model_idle,
		.guilty = interleaved,
		.planned = {BLOCKS, "region1 interleaves over 2 devices",
			    "destroy it first: cxl disable-region region1, cxl destroy-region "
			    "region1"},
		.isolated = {BLOCKS, NULL, DESTROY_UNTOUCHED},
	},
	{
		.id = "interleave-spans-ports",
		.object = "region1",
		.base = model_idle,
		.guilty = interleaved,
		.innocent = {interleaved_below_a_switch, interleaved_elsewhere},
		.planned = {WARNS, SPANS,
			    "use a region for each device instead: cxl create-region -t ram -m "
			    "mem0"},
		.isolated = {WARNS},
	},
	{
		.id = "interleave-spans-ports",
		.object = "region1",
		.base = model_idle,
		.guilty = interleaved_pmem,
		.planned = {WARNS, SPANS,
			    "use a region for each device instead: cxl create-region -t pmem -m "
			    "mem0"},
		.isolated = {WARNS},
	},
	{
		.id = "interleave-spans-ports",
		.object = "region1",
		.base = model_system_ram,
		.guilty = spans_domains,
		.innocent = {one_target_unknown},
		.planned = {WARNS,
			    "region1 spans other root ports too: with " PORT_A
			    ", all of its 768 MiB is lost, also what is behind 10000:0c:01.0, "
			    "0000:0c:01.0",
			    "use a region for each device instead: cxl create-region -t ram -m "
			    "mem0"},
		.isolated = {WARNS},
	},
	{
		.id = "interleave-spans-ports",
		.object = "region1",
		.base = model_idle,
		.guilty = spans_one_port_twice,
		.planned = {WARNS,
			    "region1 spans other root ports too: with " PORT_A
			    ", all of its 768 MiB is lost, also what is behind " PORT_B,
			    "use a region for each device instead: cxl create-region -t ram -m "
			    "mem0"},
		.isolated = {WARNS},
	},
	{
		.id = "not-volatile",
		.object = "region0",
		.base = model_system_ram,
		.guilty = no_mode,
		.innocent = {pmem},
		.planned = {BLOCKS,
			    "region0 is a nameless region, neither volatile nor persistent memory",
			    "destroy it first: cxl disable-region region0, cxl destroy-region "
			    "region0"},
		.isolated = {BLOCKS},
	},
	{
		.id = "pmem-place",
		.object = "region0",
		.base = model_system_ram,
		.guilty = pmem_further_up,
		.innocent = {pmem_behind_ram, pmem_of_unknown_device},
		.planned = {BLOCKS,
			    "region0 is at 0x11000000 of mem0, persistent memory begins at "
			    "0x10000000: Linux would build it again there, on other data",
			    "copy its data away, destroy it (cxl disable-region region0, cxl "
			    "destroy-region region0) and create it again"},
		.isolated = {BLOCKS},
	},
	{
		.id = "region-incomplete",
		.object = "region0",
		.base = model_system_ram,
		.guilty = not_enabled,
		.planned = {BLOCKS,
			    "region0 is not enabled: what was there to be restored can not be told",
			    "finish it (cxl enable-region region0) or destroy it (cxl "
			    "destroy-region region0)"},
		.isolated = {BLOCKS, NULL, "cxl destroy-region region0"},
	},
	{
		.id = "region-incomplete",
		.object = "region0",
		.base = model_system_ram,
		.guilty = not_committed,
		.planned = {BLOCKS,
			    "region0 is not committed: what was there to be restored can not be "
			    "told",
			    "finish it (echo 1 > /sys/bus/cxl/devices/region0/commit, cxl "
			    "enable-region region0) or destroy it (cxl destroy-region region0)"},
		.isolated = {BLOCKS, NULL, "cxl destroy-region region0"},
	},
	{
		.id = "registers-unreadable",
		.object = DEVICE_A,
		.base = model_system_ram,
		.guilty = unreadable,
		.innocent = {unreadable_nic, unreadable_by_lockdown, unreadable_unprivileged},
		.planned =
			{BLOCKS,
			 "the decoder registers of " DEVICE_A
			 " can not be read, so nothing could prove that its memory decodes again",
			 "see whether the kernel is locked down: /sys/kernel/security/lockdown"},
		.isolated = {WARNS, NULL, "look again when its link is up"},
	},
	{
		.id = "decoder-lost",
		.object = "region0",
		.base = model_system_ram,
		.guilty = wiped,
		.innocent = {wiped_and_offline, wiped_but_unread, not_committed},
		.planned = {REBOOT,
			    "Linux believes region0 committed but " DEVICE_A
			    " does not decode it: it was reset behind Linux' back, and lost online "
			    "256 MiB",
			    "do not touch that memory; reboot"},
		.isolated = {REBOOT},
	},
	{
		.id = "decoder-stale",
		.object = "region0",
		.base = model_offline_ram,
		.guilty = wiped,
		.innocent = {wiped_and_online, wiped_but_unread},
		.planned = {WARNS,
			    "Linux believes region0 committed but " DEVICE_A
			    " does not decode it: it was reset behind Linux' back",
			    "recover the port"},
	},
	{
		.id = "firmware-locked",
		.object = "decoder3.0",
		.base = model_system_ram,
		.guilty = locked_decoder,
		.innocent = {locked_decoder_elsewhere},
		.planned = {REBOOT, "decoder3.0 was set and locked by firmware",
			    "nothing but a reboot undoes a locked decoder"},
		.isolated = {REBOOT},
	},
	{
		.id = "firmware-locked",
		.object = "region0",
		.base = model_system_ram,
		.guilty = locked_region,
		.planned = {REBOOT, "region0 was set and locked by firmware",
			    "nothing but a reboot undoes a locked decoder"},
		.isolated = {REBOOT},
	},
	{
		.id = "firmware-region",
		.object = "region0",
		.base = model_system_ram,
		.guilty = soft_reserved,
		.innocent = {reserved_window, soft_reserved_beside},
		.planned = {WARNS,
			    "region0 is in the memory map that firmware made (Soft Reserved): "
			    "firmware set it up, and Linux will set it up anew",
			    BY_FIRMWARE},
		.isolated = {WARNS},
	},
	{
		.id = "firmware-region",
		.object = "region0",
		.base = model_system_ram,
		.guilty = system_ram_range,
		.planned = {WARNS,
			    "region0 is in the memory map that firmware made (System RAM): "
			    "firmware set it up, and Linux will set it up anew",
			    BY_FIRMWARE},
		.isolated = {WARNS},
	},
	{
		.id = "unexplained-memory",
		.object = "decoder3.0",
		.base = model_system_ram,
		.guilty = stray,
		.innocent = {stray_offline, nothing_committed},
		.planned = {REBOOT,
			    "memory210 is online in the range that decoder3.0 decodes, and no "
			    "region explains it: firmware set it up",
			    LEAVE_IT},
		.isolated = {REBOOT},
	},
	{
		.id = "unexplained-memory",
		.object = "decoder3.0",
		.base = model_system_ram,
		.guilty = committed_idle,
		.planned = {REBOOT,
			    "decoder3.0 decodes 0x690000000-0x69fffffff, and no region explains "
			    "it: it could not be built again",
			    LEAVE_IT},
		.isolated = {REBOOT},
	},
	{
		.id = "address-order",
		.object = "region1",
		.base = model_system_ram,
		.guilty = higher_region,
		.innocent = {lower_region, region_elsewhere, second_region},
		.planned = {BLOCKS, "region1" ORDER,
			    "take region1 out of service first, recover this port, then create "
			    "region1 again"},
		.isolated = {BLOCKS},
	},
	{
		.id = "address-order",
		.object = "decoder1.1",
		.base = model_system_ram,
		.guilty = higher_decoder,
		.innocent = {lower_decoder, higher_decoder_elsewhere, stale_decoder},
		.planned = {BLOCKS, "decoder1.1" ORDER,
			    "reboot instead: nothing tells what decoder1.1 was set for"},
		.isolated = {BLOCKS},
	},
	{
		.id = "unused-memory",
		.object = "mem0",
		.base = model_system_ram,
		.guilty = half_used,
		.innocent = {all_used, more_than_all_used},
		.planned = {NOTE, "256 MiB of mem0 is in no region",
			    "none is needed; cxl create-region would make it usable"},
		.isolated = {NOTE},
	},
	{},
};
