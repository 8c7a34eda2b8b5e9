// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about the kernel and the system around it. */
#include "cases.h"

static void unprivileged(struct host *host)
{
	host->privileged = false;
}

static void integrity(struct host *host)
{
	strcpy(host->system.lockdown, "integrity");
}

static void no_lockdown(struct host *host)
{
	strcpy(host->system.lockdown, "none");
}

static void add_operation(struct host *host, const char *name, int process)
{
	struct operation *operation = list_add(&host->operations);

	strcpy(operation->operation, name);
	strcpy(operation->object, PORT_B); /* of another port: there is one at a time */
	operation->process = process;
}

static void running(struct host *host)
{
	add_operation(host, "recover", 17);
}

static void cut_short(struct host *host)
{
	add_operation(host, "recover", -1);
}

static void held(struct host *host)
{
	add_operation(host, "hold", -1);
}

static void borrowed(struct host *host)
{
	add_operation(host, "borrow", -1);
}

static void linux_6_2(struct host *host)
{
	strcpy(host->kernel, "6.2.16");
}

static void linux_5_19(struct host *host)
{
	strcpy(host->kernel, "5.19.0-generic");
}

static void linux_6_3(struct host *host)
{
	strcpy(host->kernel, "6.3.0-rc1");
}

static void linux_7(struct host *host)
{
	strcpy(host->kernel, "7.0");
}

static void linux_unknown(struct host *host)
{
	strcpy(host->kernel, "next");
}

static void linux_6_2_with_pmem(struct host *host)
{
	linux_6_2(host);
	memdev_of(host, "mem0")->ram_size = 0;
	memdev_of(host, "mem0")->pmem_size = DEVICE_SIZE;
}

static void guest(struct host *host)
{
	host->system.hypervisor = 1;
}

static void perhaps_guest(struct host *host)
{
	host->system.hypervisor = -1;
}

static void guest_without_region(struct host *host)
{
	guest(host);
	model_forget_regions(host);
}

static void add_udev_rule(struct host *host, const char *path, const char *subsystem)
{
	struct udev_rule *rule = list_add(&host->system.udev_rules);

	strcpy(rule->path, path);
	strcpy(rule->subsystem, subsystem);
}

static void package_rule(struct host *host)
{
	add_udev_rule(host, "/usr/lib/udev/rules.d/90-daxctl-device.rules", "dax");
}

static void own_rule(struct host *host)
{
	add_udev_rule(host, "/etc/udev/rules.d/40-memory.rules", "memory");
}

/* No word for a command line. */
static void strange_rule(struct host *host)
{
	add_udev_rule(host, "/run/udev/rules.d/$(reboot).rules", "memory");
}

static void rule_without_region(struct host *host)
{
	package_rule(host);
	model_forget_regions(host);
}

/* The bench has "online" as policy. */
static void model_quiet_ram(struct host *host)
{
	model_system_ram(host);
	strcpy(host->auto_online, "offline");
}

static void online(struct host *host)
{
	strcpy(host->auto_online, "online");
}

static void online_auto_movable(struct host *host)
{
	online(host);
	strcpy(host->system.online_policy, "auto-movable");
}

static void online_kernel(struct host *host)
{
	strcpy(host->auto_online, "online_kernel");
	strcpy(host->system.online_policy, "auto-movable");
}

static void online_movable(struct host *host)
{
	strcpy(host->auto_online, "online_movable");
}

static void online_unknown(struct host *host)
{
	strcpy(host->auto_online, "");
}

static void online_without_region(struct host *host)
{
	online(host);
	model_forget_regions(host);
}

static void as_devdax(struct host *host)
{
	dax_of(host, "dax0.0")->mode = DAX_DEVDAX;
}

static void demotion(struct host *host)
{
	host->system.demotion = 1;
}

static void perhaps_demotion(struct host *host)
{
	host->system.demotion = -1;
}

static void demotion_beside_devdax(struct host *host)
{
	demotion(host);
	as_devdax(host);
}

static void swap(struct host *host)
{
	host->system.swap_total = 4 * GIB;
	host->system.swap_free = 3 * GIB;
}

static void swap_beside_devdax(struct host *host)
{
	swap(host);
	as_devdax(host);
}

static void zswap(struct host *host)
{
	swap(host);
	host->system.zswap = 1;
}

static void zswap_without_swap(struct host *host)
{
	host->system.zswap = 1;
}

static void perhaps_zswap(struct host *host)
{
	swap(host);
	host->system.zswap = -1;
}

static void zswap_beside_devdax(struct host *host)
{
	zswap(host);
	as_devdax(host);
}

static struct hook *hook(struct host *host, const char *event, const char *name)
{
	struct hook *hook = list_add(&host->hooks);

	strcpy(hook->event, event);
	strcpy(hook->name, name);
	return hook;
}

static void unsafe_hook(struct host *host)
{
	struct hook *unsafe = hook(host, "after-reset", "10-log");

	strcpy(unsafe->problem, "/etc can be written by others than root");
	strcpy(unsafe->fix, "chmod go-w /etc");
	unsafe = hook(host, "after-reset", "20-log"); /* the same: said once */
	strcpy(unsafe->problem, "/etc can be written by others than root");
}

static void unread_hooks(struct host *host)
{
	struct hook *unread = hook(host, "failure", "");

	strcpy(unread->problem, "cannot read it");
	strcpy(unread->fix, "make it a directory");
}

static void safe_hook(struct host *host)
{
	hook(host, "before-evacuate", "10-log");
}

static void skipped_hook(struct host *host)
{
	hook(host, "before-evacuate", "log~")->skipped = true;
}

static void unknown_event(struct host *host)
{
	hook(host, "", "pre-evacuate.d")->skipped = true;
}

#define NO_RULES    "move it out of the way, then: udevadm control --reload"
#define HOW_TO_NAME "remove it, or rename it to what cxl-iso-recover(1) has under HOOKS"
#define OFFLINE	    "echo offline > /sys/devices/system/memory/auto_online_blocks"

const struct rule_case host_cases[] = {
	{
		.id = "not-privileged",
		.object = PORT_A,
		.base = model_system_ram,
		.guilty = unprivileged,
		.planned = {BLOCKS, "device registers and other users' processes can not be read",
			    "run as root"},
		.isolated = {BLOCKS},
	},
	{
		.id = "lockdown",
		.object = "kernel",
		.base = model_system_ram,
		.guilty = integrity,
		.innocent = {no_lockdown},
		.planned = {REBOOT,
			    "the kernel is locked down (integrity): device registers can not be "
			    "read, so nothing could prove that memory decodes again",
			    "boot without lockdown= and without Secure Boot"},
		.isolated = {REBOOT},
	},
	{
		.id = "operation-in-progress",
		.object = PORT_B,
		.base = model_system_ram,
		.guilty = running,
		.planned = {BLOCKS, "recover of " PORT_B " is under way (process 17)",
			    "wait until it is done"},
		.isolated = {BLOCKS},
	},
	{
		.id = "operation-in-progress",
		.object = PORT_B,
		.base = model_system_ram,
		.guilty = cut_short,
		.planned = {BLOCKS, "recover of " PORT_B " was cut short",
			    "finish it: cxl-iso recover " PORT_B
			    " --resume; or undo it: cxl-iso recover " PORT_B " --abort"},
		.isolated = {BLOCKS},
	},
	{
		.id = "operation-in-progress",
		.object = PORT_B,
		.base = model_system_ram,
		.guilty = held,
		.planned = {BLOCKS, "hold of " PORT_B " was cut short",
			    "put the timeout back: cxl-iso set-timeout " PORT_B " --restore"},
		.isolated = {BLOCKS},
	},
	{
		.id = "operation-in-progress",
		.object = PORT_B,
		.base = model_system_ram,
		.guilty = borrowed,
		.planned = {BLOCKS, "borrow of " PORT_B " was cut short",
			    "give it back to its driver: cxl-iso list-extents " PORT_B " --unbind"},
		.isolated = {BLOCKS},
	},
	{
		.id = "hook-unsafe",
		.object = "10-log",
		.base = model_system_ram,
		.guilty = unsafe_hook,
		.innocent = {safe_hook, skipped_hook},
		.planned = {BLOCKS,
			    "the hooks of after-reset can not be run: /etc can be written by "
			    "others than root",
			    "chmod go-w /etc"},
		.isolated = {BLOCKS},
	},
	{
		.id = "hook-unsafe",
		.object = "failure",
		.base = model_system_ram,
		.guilty = unread_hooks,
		.planned = {BLOCKS, "the hooks of failure can not be run: cannot read it",
			    "make it a directory"},
		.isolated = {BLOCKS},
	},
	{
		.id = "hook-skipped",
		.object = "log~",
		.base = model_system_ram,
		.guilty = skipped_hook,
		.innocent = {safe_hook, unread_hooks},
		.planned = {WARNS,
			    "log~ is no name of a hook: it is passed over when those of "
			    "before-evacuate are run",
			    HOW_TO_NAME},
		.isolated = {WARNS},
	},
	{
		.id = "hook-skipped",
		.object = "pre-evacuate.d",
		.base = model_system_ram,
		.guilty = unknown_event,
		.planned = {WARNS, "pre-evacuate.d is no event: hooks in there are never run",
			    HOW_TO_NAME},
		.isolated = {WARNS},
	},
	{
		.id = "kernel-too-old",
		.object = "mem0",
		.base = model_system_ram,
		.guilty = linux_6_2,
		.innocent = {linux_6_3, linux_7, linux_unknown, linux_6_2_with_pmem},
		.planned = {REBOOT,
			    "Linux 6.2.16 knows no regions of volatile memory: what decodes to "
			    "mem0 could not be built again",
			    "boot Linux 6.13 or later, or 6.12 stable"},
		.isolated = {REBOOT},
	},
	{
		.id = "kernel-too-old",
		.object = "mem0",
		.base = model_idle,
		.guilty = linux_5_19,
		.planned = {REBOOT,
			    "Linux 5.19.0-generic knows no regions of volatile memory: what "
			    "decodes to mem0 could not be built again",
			    "boot Linux 6.13 or later, or 6.12 stable"},
		.isolated = {REBOOT},
	},
	{
		.id = "no-cache-invalidation",
		.object = "region0",
		.base = model_system_ram,
		.guilty = guest,
		.innocent = {perhaps_guest, guest_without_region},
		.planned = {REBOOT,
			    "this host is a guest: Linux refuses to flush the caches there, so "
			    "region0 could not be built again",
			    "reboot the guest instead, or hide the hypervisor from it (QEMU: -cpu "
			    "...,-hypervisor)"},
		.isolated = {REBOOT},
	},
	{
		.id = "udev-rule",
		.object = "90-daxctl-device.rules",
		.base = model_system_ram,
		.guilty = package_rule,
		.innocent = {rule_without_region},
		.planned = {WARNS,
			    "/usr/lib/udev/rules.d/90-daxctl-device.rules changes dax devices by "
			    "itself as soon as they appear, also those that a recovery brings back",
			    "ln -s /dev/null /etc/udev/rules.d/90-daxctl-device.rules; udevadm "
			    "control --reload"},
		.isolated = {WARNS},
	},
	{
		.id = "udev-rule",
		.object = "40-memory.rules",
		.base = model_system_ram,
		.guilty = own_rule,
		.planned = {WARNS,
			    "/etc/udev/rules.d/40-memory.rules changes memory blocks by itself as "
			    "soon as they appear, also those that a recovery brings back",
			    NO_RULES},
		.isolated = {WARNS},
	},
	{
		.id = "udev-rule",
		.object = "$(reboot).rules",
		.base = model_system_ram,
		.guilty = strange_rule,
		.planned = {WARNS,
			    "/run/udev/rules.d/$(reboot).rules changes memory blocks by itself as "
			    "soon as they appear, also those that a recovery brings back",
			    NO_RULES},
		.isolated = {WARNS},
	},
	{
		.id = "auto-online",
		.object = "kernel",
		.base = model_quiet_ram,
		.guilty = online,
		.innocent = {online_unknown, online_without_region},
		.planned = {NOTE,
			    "new memory comes online by itself (auto_online_blocks is online), in "
			    "a kernel zone, which it may never leave again; recover holds "
			    "that back meanwhile",
			    OFFLINE},
		.isolated = {NOTE, "new memory comes online by itself (auto_online_blocks is "
				   "online), in a kernel zone, which it may never leave "
				   "again"},
	},
	{
		.id = "auto-online",
		.object = "kernel",
		.base = model_quiet_ram,
		.guilty = online_kernel,
		.planned = {NOTE,
			    "new memory comes online by itself (auto_online_blocks is "
			    "online_kernel), in a kernel zone, which it may never leave "
			    "again; recover holds that back meanwhile",
			    OFFLINE},
		.isolated = {NOTE, "new memory comes online by itself (auto_online_blocks is "
				   "online_kernel), in a kernel zone, which it may never leave "
				   "again"},
	},
	{
		.id = "auto-online",
		.object = "kernel",
		.base = model_quiet_ram,
		.guilty = online_movable,
		.planned = {NOTE,
			    "new memory comes online by itself (auto_online_blocks is "
			    "online_movable); recover holds that back meanwhile",
			    OFFLINE},
		.isolated = {NOTE, "new memory comes online by itself (auto_online_blocks is "
				   "online_movable)"},
	},
	{
		.id = "auto-online",
		.object = "kernel",
		.base = model_quiet_ram,
		.guilty = online_auto_movable,
		.planned = {NOTE,
			    "new memory comes online by itself (auto_online_blocks is online); "
			    "recover holds that back meanwhile",
			    OFFLINE},
		.isolated = {NOTE, "new memory comes online by itself (auto_online_blocks is "
				   "online)"},
	},
	{
		.id = "demotion-on",
		.object = "kernel",
		.base = model_system_ram,
		.guilty = demotion,
		.innocent = {perhaps_demotion, demotion_beside_devdax},
		.planned = {NOTE,
			    "reclaim demotes pages onto slower nodes, that is into the memory that "
			    "is to be emptied",
			    "none is needed: it is off while memory is evacuated"},
	},
	{
		.id = "swap-on",
		.object = "kernel",
		.base = model_system_ram,
		.guilty = swap,
		.innocent = {swap_beside_devdax},
		.planned = {NOTE,
			    "pages that find no room elsewhere are swapped out (3 GiB of swap is "
			    "free), and come back slowly",
			    "none is needed"},
	},
	{
		.id = "zswap-on",
		.object = "kernel",
		.base = model_system_ram,
		.guilty = zswap,
		.innocent = {zswap_without_swap, perhaps_zswap, zswap_beside_devdax},
		.planned = {NOTE,
			    "zswap keeps what is swapped out in memory, so evacuating frees less "
			    "than it seems",
			    "echo N > /sys/module/zswap/parameters/enabled"},
	},
	{},
};
