// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about dax devices, memory blocks, pages, and who uses them. */
#include "cases.h"

#include <stdlib.h>

#include "sys/util.h"

static struct dax *dax0(struct host *host)
{
	return dax_of(host, "dax0.0");
}

static struct node *node_of(struct host *host, int number)
{
	return (struct node *)host_node(host, number);
}

static void add_user(struct host *host, int pid, const char *command, uint64_t mapped)
{
	model_user(host, "dax0.0", pid, command, mapped);
}

static void as_mode(struct host *host, enum dax_mode mode)
{
	dax0(host)->mode = mode;
}

static void as_devdax(struct host *host)
{
	as_mode(host, DAX_DEVDAX);
}

static void as_disabled(struct host *host)
{
	as_mode(host, DAX_DISABLED);
}

static void as_famfs(struct host *host)
{
	as_mode(host, DAX_FAMFS);
}

static void as_ram(struct host *host)
{
	as_mode(host, DAX_SYSTEM_RAM);
}

static void as_pmem(struct host *host)
{
	as_devdax(host);
	strcpy(region_of(host, "region0")->mode, "pmem");
}

static void users_unseen(struct host *host)
{
	host->users_complete = false;
}

static void users_of_nothing_unseen(struct host *host)
{
	users_unseen(host);
	as_disabled(host);
}

static void users_unseen_unprivileged(struct host *host)
{
	users_unseen(host);
	host->privileged = false;
}

static void no_dax(struct host *host)
{
	model_forget_dax(host);
}

static void two_dax(struct host *host)
{
	model_dax(host, "dax0.1", "region0", DAX_DEVDAX);
}

static void small_dax(struct host *host)
{
	dax0(host)->mappings.items[0].size -= 2 * MIB;
}

static void one_block(struct host *host)
{
	host->blocks.count = 1;
}

static void one_block_of_devdax(struct host *host)
{
	one_block(host);
	as_devdax(host);
}

static void blocks_offline(struct host *host)
{
	model_blocks(host, WINDOW_0, DEVICE_SIZE, "offline", "Movable");
}

static void blocks_of_ram(struct host *host)
{
	blocks_offline(host);
	as_ram(host);
}

static void blocks_elsewhere(struct host *host)
{
	model_blocks(host, WINDOW_0 + DEVICE_SIZE, DEVICE_SIZE, "offline", "Movable");
}

/* What is left in sysfs of a region whose device was unplugged while its memory was online, with
 * another in its place. */
static void unplugged(struct host *host)
{
	struct decoder *decoder = decoder_of(host, "decoder1.0");

	decoder->start = WINDOW_0;
	decoder->size = DEVICE_SIZE;
	model_blocks(host, WINDOW_0, DEVICE_SIZE, "online", "Movable");
}

static void unplugged_offline(struct host *host)
{
	unplugged(host);
	list_each(block, &host->blocks)
		strcpy(block->state, "offline");
}

static void unplugged_behind_other_bridge(struct host *host)
{
	unplugged(host);
	decoder_of(host, "decoder1.0")->size = 0;
	decoder_of(host, "decoder2.0")->start = WINDOW_0;
	decoder_of(host, "decoder2.0")->size = DEVICE_SIZE;
}

/* The neighbour's memory is his own: with a region of Linux', or only set by firmware. */
static void online_beside(struct host *host)
{
	unplugged(host);
	model_region(host, "region0", "mem1", WINDOW_0);
}

static void decoded_beside(struct host *host)
{
	struct decoder *decoder = decoder_of(host, "decoder4.0");

	unplugged(host);
	decoder->start = WINDOW_0;
	decoder->size = DEVICE_SIZE;
}

static void mapped(struct host *host)
{
	add_user(host, 4711, "qemu", MIB);
}

static void opened(struct host *host)
{
	add_user(host, 4711, "qemu", 0);
}

static void used_by_two(struct host *host)
{
	opened(host);
	add_user(host, 4712, "cat", MIB);
}

static void used_by_three(struct host *host)
{
	mapped(host);
	add_user(host, 4712, "cat", MIB);
	add_user(host, 4713, "cat", 0);
}

static void used_by_nobody_known(struct host *host)
{
	mapped(host);
	host->processes.count = 0;
}

static void used_elsewhere(struct host *host)
{
	model_region(host, "region1", "mem2", WINDOW_1);
	model_dax(host, "dax1.0", "region1", DAX_DEVDAX);
	model_user(host, "dax1.0", 4711, "qemu", MIB);
}

static void mounted(struct host *host)
{
	struct mount *mount = list_add(&host->mounts);

	strcpy(mount->source, "dax0.0");
	strcpy(mount->type, "famfs");
	mount->path = xstrdup("/mnt/my data; reboot");
}

static void mounted_elsewhere(struct host *host)
{
	strcpy(((struct mount *)list_add(&host->mounts))->source, "dax1.0");
}

static struct namespace *add_namespace(struct host *host)
{
	struct namespace *namespace = list_add(&host->namespaces);

	strcpy(namespace->name, "namespace0.0");
	strcpy(namespace->region, "region0");
	strcpy(namespace->device, "pmem0");
	return namespace;
}

static void namespace_as_ram(struct host *host)
{
	strcpy(add_namespace(host)->device, "dax0.0");
}

static void namespace_in_use(struct host *host)
{
	add_namespace(host)->in_use = true;
}

static void namespace_disabled(struct host *host)
{
	add_namespace(host)->device[0] = '\0';
}

static void namespace_elsewhere(struct host *host)
{
	strcpy(add_namespace(host)->region, "region9");
}

static void region_of_pmem(struct host *host)
{
	strcpy(region_of(host, "region0")->mode, "pmem");
}

static void first_block_online(struct host *host)
{
	strcpy(host->blocks.items[0].state, "online");
}

static void block_going_offline(struct host *host)
{
	strcpy(host->blocks.items[1].state, "going-offline");
}

static void memmap(struct host *host, int asked, const char *granted)
{
	dax0(host)->memmap_on_memory = asked;
	strcpy(host->system.memmap_on_memory, granted);
}

static void memmap_granted(struct host *host)
{
	memmap(host, 1, "Y");
}

static void memmap_forced(struct host *host)
{
	memmap(host, 1, "force");
}

static void memmap_asked(struct host *host)
{
	memmap(host, 1, "N");
}

static void memmap_asked_of_no_kernel(struct host *host)
{
	memmap(host, 1, "");
}

static void memmap_not_asked(struct host *host)
{
	memmap(host, 0, "Y");
}

static void memmap_unknown(struct host *host)
{
	memmap(host, -1, "Y");
}

static void memmap_without_blocks(struct host *host)
{
	memmap_granted(host);
	host->blocks.count = 0;
}

static void zone_normal(struct host *host)
{
	strcpy(host->blocks.items[1].zones, "Normal");
}

static void zone_normal_offline(struct host *host)
{
	zone_normal(host);
	strcpy(host->blocks.items[1].state, "offline");
}

static struct contents *add_contents(struct host *host, uint64_t held, int block)
{
	struct contents *contents = list_add(&host->contents);

	strcpy(contents->dax, "dax0.0");
	contents->movable = GIB;
	contents->held = held;
	contents->held_block = block;
	return contents;
}

static void held(struct host *host)
{
	add_contents(host, 64 * 1024, 211);
}

static void nothing_held(struct host *host)
{
	add_contents(host, 0, -1);
}

static void model_seen(struct host *host)
{
	model_system_ram(host);
	nothing_held(host);
}

static void unseen(struct host *host)
{
	host->contents.count = 0;
}

static void unseen_offline(struct host *host)
{
	unseen(host);
	list_each(block, &host->blocks)
		strcpy(block->state, "offline");
}

static void held_somewhere(struct host *host)
{
	add_contents(host, 64 * 1024, -1);
}

static void held_elsewhere(struct host *host)
{
	strcpy(add_contents(host, 64 * 1024, 211)->dax, "dax1.0");
}

static void pinned(struct host *host)
{
	node_of(host, 1)->pinned = 3 * MIB;
}

static void nothing_pinned(struct host *host)
{
	node_of(host, 1)->pinned = 0;
}

static void pinned_elsewhere(struct host *host)
{
	node_of(host, 0)->pinned = 3 * MIB;
}

static struct process *add_usage(struct host *host, int node)
{
	struct usage *usage = list_add(&host->usages);

	usage->node = node;
	usage->pid = 77;
	usage->anon = GIB;
	return model_process(host, 77, "qemu-system-x86");
}

static void vfio_guest(struct host *host)
{
	struct process *process = add_usage(host, 1);

	process->vfio = true;
	process->locked = 2 * GIB;
	strcpy(process->guest, "db1");
}

static void rdma(struct host *host)
{
	add_usage(host, 1)->rdma = true;
}

static void vfio_elsewhere(struct host *host)
{
	add_usage(host, 0)->vfio = true;
}

static void usage_without_pins(struct host *host)
{
	add_usage(host, 1);
}

static void usage_of_nobody_known(struct host *host)
{
	rdma(host);
	host->processes.count = 0;
}

#define BOUND_FIX "let it use other nodes first, or stop it; they do not come back by themselves"

static void bound_by_policy(struct host *host)
{
	add_usage(host, 1);
	host->usages.items[0].bound = 4096;
}

static void bound_by_cpuset(struct host *host)
{
	strcpy(add_usage(host, 1)->nodes, "1");
	*list_add(&host->usages) = (struct usage){.node = 1, .pid = 78, .bound = 1};
	*list_add(&host->usages) = (struct usage){.node = 1, .pid = 79};
	model_process(host, 78, "numactl");
	strcpy(model_process(host, 79, "free")->nodes, "0-1");
}

static void bound_elsewhere(struct host *host)
{
	strcpy(add_usage(host, 0)->nodes, "0");
}

static void bound_to_both(struct host *host)
{
	strcpy(add_usage(host, 1)->nodes, "0-1");
}

static void bound_nobody_known(struct host *host)
{
	bound_by_policy(host);
	host->processes.count = 0;
}

static void locked_pages(struct host *host)
{
	node_of(host, 1)->mlocked = 5 * MIB;
}

static void locked_pages_elsewhere(struct host *host)
{
	node_of(host, 0)->mlocked = 5 * MIB;
}

static void nothing_locked(struct host *host)
{
	node_of(host, 1)->mlocked = 0;
}

static void add_pool(struct host *host, int node, uint64_t page_size, uint64_t total, uint64_t free)
{
	struct huge_pool *pool = list_add(&node_of(host, node)->huge_pools);

	pool->page_size = page_size;
	pool->total = total;
	pool->free = free;
}

static void huge_pool(struct host *host)
{
	add_pool(host, 1, 2 * MIB, 10, 7);
}

/* More are free than there are. */
static void impossible_pool(struct host *host)
{
	add_pool(host, 1, 2 * MIB, 10, UINT64_MAX);
}

static void empty_pool(struct host *host)
{
	add_pool(host, 1, 2 * MIB, 0, 0);
}

static void pool_elsewhere(struct host *host)
{
	add_pool(host, 0, 2 * MIB, 10, 7);
}

static void gigantic(struct host *host)
{
	add_pool(host, 0, GIB, 1, 1);
	add_pool(host, 0, 2 * MIB, 100, 100); /* these do not help */
	add_pool(host, 1, GIB, 3, 1);
}

static void gigantic_of_16(struct host *host)
{
	add_pool(host, 0, GIB, 1, 1);
	add_pool(host, 1, 16 * GIB, 1, 0);
}

static void gigantic_with_room(struct host *host)
{
	add_pool(host, 0, GIB, 2, 2);
	add_pool(host, 1, GIB, 3, 1);
}

static void gigantic_unused(struct host *host)
{
	add_pool(host, 1, GIB, 3, 3);
}

static void gigantic_impossible(struct host *host)
{
	add_pool(host, 1, GIB, 3, 4);
}

/* 128 MiB are in use on the node below. */
static void little_room(struct host *host)
{
	node_of(host, 0)->free = 64 * MIB;
}

static void just_room(struct host *host)
{
	node_of(host, 0)->free = 128 * MIB;
}

static void room_by_reclaim(struct host *host)
{
	little_room(host);
	node_of(host, 0)->file = 60 * MIB;
	node_of(host, 0)->reclaimable = 4 * MIB;
}

static void little_room_and_swap(struct host *host)
{
	little_room(host);
	host->system.swap_total = GIB;
	host->system.swap_free = 64 * MIB;
}

static void little_room_and_little_swap(struct host *host)
{
	little_room(host);
	host->system.swap_total = GIB;
	host->system.swap_free = 63 * MIB;
}

static void little_room_and_offline(struct host *host)
{
	little_room(host);
	list_each(block, &host->blocks)
		strcpy(block->state, "offline");
}

#define STOP_IT                                                                                \
	"stop it first, or say how: --users=wait, term or kill; daxctl-ext list-users dax0.0 " \
	"shows all users"
#define STOP_THEM                                                                                \
	"stop them first, or say how: --users=wait, term or kill; daxctl-ext list-users dax0.0 " \
	"shows all users"
#define HELD_FIX                                                                        \
	"stop what holds it (daxctl-ext list-users dax0.0); or try all the same, with " \
	"everything put back if that fails: --force=pages-held"
#define ONLINE_FIX "none is needed; daxctl-ext list-users dax0.0 shows who uses it"
#define REBOOT_FIX \
	"reboot; next time use the memory as devdax, or evacuate it before the port fails"
#define MEMMAP_FIX                                     \
	"once it is offline and kmem has not got it: " \
	"echo 0 > /sys/bus/dax/devices/dax0.0/memmap_on_memory"
#define GIGANTIC_FIX                                                                        \
	"stop their user, or add pages of that size to another node; or try all the same: " \
	"--force=gigantic-pages"

const struct rule_case memory_cases[] = {
	{
		.id = "users-unseen",
		.object = "dax0.0",
		.base = model_devdax,
		.guilty = users_unseen,
		.innocent = {users_of_nothing_unseen, users_unseen_unprivileged},
		.planned = {BLOCKS,
			    "not every process could be looked into, so users of dax0.0 may be "
			    "unseen",
			    "run as root in the initial PID name space"},
		.isolated = {BLOCKS},
	},
	{
		.id = "dax-driver",
		.object = "dax0.0",
		.base = model_devdax,
		.guilty = as_famfs,
		.innocent = {no_dax, two_dax, small_dax, as_disabled},
		.planned = {BLOCKS, "dax0.0 is driven by neither kmem nor device_dax",
			    "unmount what is on it, then: daxctl disable-device dax0.0"},
		.isolated = {WARNS, NULL, "note its driver (daxctl list), to bind it again"},
	},
	{
		.id = "kmem-incomplete",
		.object = "dax0.0",
		.base = model_system_ram,
		.guilty = one_block,
		.innocent = {one_block_of_devdax},
		.planned = {BLOCKS,
			    "kmem has added 1 of 2 memory blocks of dax0.0: it is still at it, or "
			    "failed",
			    "try again in a moment; if it stays so, see the kernel log"},
		.isolated = {BLOCKS},
	},
	{
		.id = "memory-left",
		.object = "dax0.0",
		.base = model_devdax,
		.guilty = blocks_offline,
		.innocent = {blocks_of_ram, blocks_elsewhere},
		.planned = {REBOOT,
			    "2 memory blocks of dax0.0 are left though kmem no longer has it: "
			    "their removal failed, and the kernel can not repeat it",
			    "leave that memory alone and reboot"},
		.isolated = {REBOOT},
	},
	{
		.id = "memory-left",
		.object = "memory210",
		.base = model_idle,
		.guilty = unplugged,
		.innocent = {unplugged_offline, unplugged_behind_other_bridge, online_beside,
			     decoded_beside},
		.planned = {REBOOT,
			    "memory210 is online behind pci0000:0c though its device is gone: the "
			    "kernel may touch it at any time, and can not take it away",
			    "leave that memory alone and reboot"},
		.isolated = {REBOOT},
	},
	{
		.id = "devdax-in-use",
		.object = "dax0.0",
		.base = model_devdax,
		.guilty = mapped,
		.innocent = {used_elsewhere, mounted_elsewhere},
		.planned = {BLOCKS, "qemu[4711] maps /dev/dax0.0 and would be killed by SIGBUS",
			    STOP_IT},
		.isolated = {BLOCKS},
	},
	{
		.id = "devdax-in-use",
		.object = "dax0.0",
		.base = model_devdax,
		.guilty = opened,
		.planned = {BLOCKS, "qemu[4711] holds /dev/dax0.0", STOP_IT},
		.isolated = {BLOCKS},
	},
	{
		.id = "devdax-in-use",
		.object = "dax0.0",
		.base = model_devdax,
		.guilty = used_by_two,
		.planned = {BLOCKS, "qemu[4711] holds /dev/dax0.0; 1 more uses it", STOP_THEM},
		.isolated = {BLOCKS},
	},
	{
		.id = "devdax-in-use",
		.object = "dax0.0",
		.base = model_devdax,
		.guilty = used_by_three,
		.planned = {BLOCKS,
			    "qemu[4711] maps /dev/dax0.0 and would be killed by SIGBUS; 2 more use "
			    "it",
			    STOP_THEM},
		.isolated = {BLOCKS},
	},
	{
		.id = "devdax-in-use",
		.object = "dax0.0",
		.base = model_devdax,
		.guilty = used_by_nobody_known,
		.planned = {BLOCKS, "[4711] maps /dev/dax0.0 and would be killed by SIGBUS",
			    STOP_IT},
		.isolated = {BLOCKS},
	},
	{
		.id = "devdax-in-use",
		.object = "dax0.0",
		.base = model_devdax,
		.guilty = mounted, /* its path is not said in a command */
		.planned = {BLOCKS, "dax0.0 is mounted on /mnt/my data; reboot (famfs)",
			    "umount /dev/dax0.0"},
		.isolated = {BLOCKS},
	},
	{
		.id = "pmem-active",
		.object = "namespace0.0",
		.base = model_devdax,
		.guilty = namespace_in_use,
		.innocent = {namespace_disabled, namespace_elsewhere},
		.planned = {BLOCKS, "namespace0.0 is active as pmem0, and in use",
			    "umount /dev/pmem0 or stop what else holds it: lsblk, fuser -v "
			    "/dev/pmem0"},
		.isolated = {BLOCKS,
			     "namespace0.0 is active as pmem0, and in use: what was written may "
			     "not be flushed",
			     "umount /dev/pmem0 or stop what else holds it, then: ndctl "
			     "disable-namespace namespace0.0"},
	},
	{
		.id = "pmem-active",
		.object = "namespace0.0",
		.base = model_system_ram,
		.guilty = namespace_as_ram,
		.innocent = {namespace_disabled, namespace_elsewhere},
		.planned = {BLOCKS, "namespace0.0 is active as dax0.0, and that is System RAM",
			    "daxctl reconfigure-device --force --mode=devdax dax0.0"},
		.isolated = {BLOCKS,
			     "namespace0.0 is active as dax0.0: what was written may not be "
			     "flushed",
			     "ndctl disable-namespace namespace0.0"},
	},
	{
		.id = "ram-online",
		.object = "dax0.0",
		.base = model_offline_ram,
		.guilty = first_block_online,
		.planned = {NOTE, "128 MiB of dax0.0 is online as System RAM and will be evacuated",
			    ONLINE_FIX},
		.isolated = {REBOOT,
			     "128 MiB of dax0.0 is online as System RAM: to offline it means to "
			     "read it, which is a machine check",
			     REBOOT_FIX},
	},
	{
		.id = "ram-online",
		.object = "dax0.0",
		.base = model_offline_ram,
		.guilty = block_going_offline,
		.planned = {NOTE, "128 MiB of dax0.0 is online as System RAM and will be evacuated",
			    ONLINE_FIX},
		.isolated = {REBOOT,
			     "128 MiB of dax0.0 is online as System RAM: to offline it means to "
			     "read it, which is a machine check",
			     REBOOT_FIX},
	},
	{
		.id = "memmap-on-memory",
		.object = "dax0.0",
		.base = model_offline_ram,
		.guilty = memmap_granted,
		.innocent = {memmap_asked, memmap_asked_of_no_kernel, memmap_not_asked,
			     memmap_unknown, memmap_without_blocks},
		.planned = {NOTE, "the kernel keeps the page structs of dax0.0 on dax0.0 itself",
			    MEMMAP_FIX},
		.isolated = {REBOOT,
			     "the kernel keeps the page structs of dax0.0 on dax0.0 itself: it can "
			     "not even take its memory away",
			     "reboot"},
	},
	{
		.id = "memmap-on-memory",
		.object = "dax0.0",
		.base = model_offline_ram,
		.guilty = memmap_forced,
		.planned = {NOTE, "the kernel keeps the page structs of dax0.0 on dax0.0 itself",
			    MEMMAP_FIX},
		.isolated = {REBOOT,
			     "the kernel keeps the page structs of dax0.0 on dax0.0 itself: it can "
			     "not even take its memory away",
			     "reboot"},
	},
	{
		.id = "zone-normal",
		.object = "dax0.0",
		.base = model_system_ram,
		.guilty = zone_normal,
		.innocent = {zone_normal_offline},
		.planned = {BLOCKS,
			    "memory211 of dax0.0 is online in a kernel zone, which can hold pages "
			    "that never move",
			    "online CXL memory as online_movable from the start; or try to offline "
			    "it all the same, with everything put back if that fails: "
			    "--force=zone-normal"},
	},
	{
		.id = "pages-held",
		.object = "dax0.0",
		.base = model_system_ram,
		.guilty = held,
		.innocent = {nothing_held, held_elsewhere},
		.planned = {BLOCKS,
			    "64 KiB of dax0.0 (first in memory211) is held by more than its "
			    "mappings: a pipe, I/O under way, or a driver",
			    HELD_FIX},
	},
	{
		.id = "pages-held",
		.object = "dax0.0",
		.base = model_system_ram,
		.guilty = held_somewhere,
		.planned = {BLOCKS,
			    "64 KiB of dax0.0 is held by more than its mappings: a pipe, I/O under "
			    "way, or a driver",
			    HELD_FIX},
	},
	{
		.id = "pages-unseen",
		.object = "dax0.0",
		.base = model_seen,
		.guilty = unseen,
		.innocent = {unseen_offline},
		.planned = {NOTE,
			    "whether pages of dax0.0 are held by more than their mappings was not "
			    "looked at, or could not be",
			    "none is needed; if they are, recover fails after its --timeout and "
			    "puts everything back"},
	},
	{
		.id = "pages-pinned",
		.object = "node1",
		.base = model_system_ram,
		.guilty = pinned,
		.innocent = {nothing_pinned, pinned_elsewhere},
		.planned = {WARNS, "3 MiB of node1 is pinned for devices",
			    "stop guests with devices of their own, RDMA and io_uring buffers; "
			    "daxctl-ext list-users node1 shows who uses it"},
	},
	{
		.id = "pinning-process",
		.object = "node1",
		.base = model_system_ram,
		.guilty = vfio_guest,
		.innocent = {vfio_elsewhere, usage_without_pins, usage_of_nobody_known},
		.planned = {WARNS,
			    "qemu-system-x86[77], guest db1, has memory on node1 and holds a VFIO "
			    "device, "
			    "which pins it (2 GiB locked)",
			    "stop or migrate it first; daxctl-ext list-users node1 shows all of "
			    "them"},
	},
	{
		.id = "pinning-process",
		.object = "node1",
		.base = model_system_ram,
		.guilty = rdma,
		.planned = {WARNS,
			    "qemu-system-x86[77] has memory on node1 and holds an RDMA device, "
			    "which pins it "
			    "(an unknown amount locked)",
			    "stop or migrate it first; daxctl-ext list-users node1 shows all of "
			    "them"},
	},
	{
		.id = "policy-bound",
		.object = "node1",
		.base = model_system_ram,
		.guilty = bound_by_policy,
		.innocent = {bound_elsewhere, bound_to_both, bound_nobody_known,
			     usage_without_pins},
		.planned = {WARNS,
			    "qemu-system-x86[77] is bound to node1 by its memory policy and will "
			    "have its pages elsewhere",
			    BOUND_FIX},
	},
	{
		.id = "policy-bound",
		.object = "node1",
		.base = model_system_ram,
		.guilty = bound_by_cpuset,
		.planned = {WARNS,
			    "qemu-system-x86[77] is bound to node1 by its cpuset and will have its "
			    "pages elsewhere; 1 more will",
			    BOUND_FIX},
	},
	{
		.id = "pages-mlocked",
		.object = "node1",
		.base = model_system_ram,
		.guilty = locked_pages,
		.innocent = {nothing_locked, locked_pages_elsewhere},
		.planned = {NOTE,
			    "5 MiB of node1 is mlocked: it moves to other memory, but never to "
			    "swap",
			    "none is needed"},
	},
	{
		.id = "hugetlb-pages",
		.object = "node1",
		.base = model_system_ram,
		.guilty = huge_pool,
		.innocent = {empty_pool, pool_elsewhere},
		.planned = {WARNS,
			    "10 huge pages of 2 MiB are in the pool of node1, 3 of them in use: "
			    "the pool is smaller until all is back",
			    "none is needed: it is filled again then"},
	},
	{
		.id = "hugetlb-pages",
		.object = "node1",
		.base = model_system_ram,
		.guilty = impossible_pool,
		.planned = {WARNS,
			    "10 huge pages of 2 MiB are in the pool of node1, 0 of them in use: "
			    "the pool is smaller until all is back",
			    "none is needed: it is filled again then"},
	},
	{
		.id = "gigantic-pages",
		.object = "node1",
		.base = model_system_ram,
		.guilty = gigantic,
		.innocent = {gigantic_with_room, gigantic_unused, gigantic_impossible, huge_pool},
		.planned = {BLOCKS,
			    "2 pages of 1 GiB are in use on node1, and 1 are free elsewhere: the "
			    "others can not move",
			    GIGANTIC_FIX},
	},
	{
		.id = "gigantic-pages",
		.object = "node1",
		.base = model_system_ram,
		.guilty = gigantic_of_16,
		.planned = {BLOCKS,
			    "1 pages of 16 GiB are in use on node1, and 0 are free elsewhere: the "
			    "others can not move",
			    GIGANTIC_FIX},
	},
	{
		.id = "no-room",
		.object = PORT_A,
		.base = model_system_ram,
		.guilty = little_room,
		.innocent = {just_room, room_by_reclaim, little_room_and_swap,
			     little_room_and_offline},
		.planned = {BLOCKS,
			    "128 MiB has to move, and other nodes have room for 64 MiB (swap: 0 B)",
			    "stop or shrink what uses memory; or try all the same, at the risk "
			    "that the kernel kills processes: --force=no-room"},
	},
	{
		.id = "room-by-swap",
		.object = PORT_A,
		.base = model_system_ram,
		.guilty = little_room_and_swap,
		.innocent = {just_room, little_room, little_room_and_little_swap},
		.planned = {WARNS,
			    "128 MiB has to move, and other nodes have room for 64 MiB (swap: 64 "
			    "MiB)",
			    "expect it to be slow; stop or shrink what uses memory"},
	},
	{
		.id = "devdax-contents",
		.object = "dax0.0",
		.base = model_system_ram,
		.guilty = as_devdax,
		.innocent = {as_pmem},
		.planned = {LOSES, "a reset loses the contents of dax0.0 (256 MiB)",
			    "keep them in a file: --save=DIRECTORY; or say that they may go: "
			    "--discard-contents"},
		.isolated = {LOSES, "the contents of dax0.0 (256 MiB) are lost",
			     "do not copy them away, to read them is a machine check; restore them "
			     "from elsewhere afterwards"},
	},
	{
		.id = "devdax-contents",
		.object = "dax0.0",
		.base = model_system_ram,
		.guilty = as_disabled,
		.planned = {LOSES, "a reset loses the contents of dax0.0 (256 MiB)",
			    "say that they may go: --discard-contents; to keep them, first: daxctl "
			    "reconfigure-device --mode=devdax dax0.0"},
		.isolated = {LOSES, "the contents of dax0.0 (256 MiB) are lost",
			     "do not copy them away, to read them is a machine check; restore them "
			     "from elsewhere afterwards"},
	},
	{
		.id = "pmem-contents",
		.object = "region0",
		.base = model_devdax,
		.guilty = region_of_pmem,
		.planned = {NOTE, "what is stored on region0 (256 MiB) survives a reset",
			    "none is needed"},
		.isolated = {LOSES,
			     "what was written to region0 (256 MiB) since the port was isolated is "
			     "lost",
			     "check file systems and data on it afterwards"},
	},
	{},
};
