/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules about the kernel and the system around it. */
#include "policy/rules.h"

#include <inttypes.h>
#include <stdio.h>

#include "sys/util.h"

void check_privilege(const struct subject *s)
{
	struct finding *finding;

	if (s->host->privileged)
		return;
	finding = found(s, s->name);
	finding_evidence(finding, "device registers and other users' processes can not be read");
	finding_fix(finding, "run as root");
}

bool locked_down(const struct host *host)
{
	return host->system.lockdown[0] && strcmp(host->system.lockdown, "none") != 0;
}

/* Registers are mapped by pci_mmap_resource(), which lockdown forbids from "integrity" on. */
void check_lockdown(const struct subject *s)
{
	struct finding *finding;

	if (!locked_down(s->host))
		return;
	finding = found(s, "kernel");
	finding_evidence(finding,
			 "the kernel is locked down (%s): device registers can not be read, "
			 "so nothing could prove that memory decodes again",
			 s->host->system.lockdown);
	finding_fix(finding, "boot without lockdown= and without Secure Boot");
}

static void say_under_way(struct finding *finding, const struct operation *operation)
{
	finding_evidence(finding, "%s of %s is under way (process %d)", operation->operation,
			 operation->object, operation->process);
	finding_fix(finding, "wait until it is done");
}

static void say_cut_short(struct finding *finding, const struct operation *operation)
{
	finding_evidence(finding, "%s of %s was cut short", operation->operation,
			 operation->object);
	if (strcmp(operation->operation, "hold") == 0)
		finding_fix(finding, "put the timeout back: cxl-iso set-timeout %s --restore",
			    operation->object);
	else if (strcmp(operation->operation, "evacuate") == 0)
		finding_fix(finding, "finish it: the same daxctl-ext evacuate again; or undo it: "
				     "daxctl-ext restore --all");
	else if (strcmp(operation->operation, "respond") == 0 ||
		 strcmp(operation->operation, "release") == 0)
		finding_fix(finding,
			    "finish it: cxl-iso %s-extents %s --resume; or leave all as it is: "
			    "--forget",
			    operation->operation, operation->object);
	else if (strcmp(operation->operation, "borrow") == 0)
		finding_fix(finding, "give it back to its driver: cxl-iso list-extents %s --unbind",
			    operation->object);
	else
		finding_fix(finding,
			    "finish it: cxl-iso recover %s --resume; or undo it: cxl-iso recover "
			    "%s --abort",
			    operation->object, operation->object);
}

/* There is one at a time, whatever port it is for. */
void check_operation(const struct subject *s)
{
	list_each(operation, &s->host->operations) {
		struct finding *finding = found(s, operation->object);

		if (operation->process >= 0)
			say_under_way(finding, operation);
		else
			say_cut_short(finding, operation);
	}
}

/* They run as root, so who can write one is root. One that is not to be trusted keeps all of its
 * event from being run, so nothing is begun at all. */
void check_hook_unsafe(const struct subject *s)
{
	const char *said = "";

	list_each(hook, &s->host->hooks) {
		struct finding *finding;

		if (!hook->problem[0] || strcmp(hook->problem, said) == 0)
			continue;
		finding = found(s, hook->name[0] ? hook->name : hook->event);
		finding_evidence(finding, "the hooks of %s can not be run: %s", hook->event,
				 hook->problem);
		finding_fix(finding, "%s", hook->fix);
		said = hook->problem;
	}
}

void check_hook_skipped(const struct subject *s)
{
	list_each(hook, &s->host->hooks) {
		struct finding *finding;

		if (!hook->skipped)
			continue;
		finding = found(s, hook->name);
		if (hook->event[0])
			finding_evidence(finding,
					 "%s is no name of a hook: it is passed over when those of "
					 "%s are run",
					 hook->name, hook->event);
		else
			finding_evidence(finding, "%s is no event: hooks in there are never run",
					 hook->name);
		finding_fix(finding, "remove it, or rename it to what cxl-iso-recover(1) has under "
				     "HOOKS");
	}
}

/* "6.12.95-amd64" is at least 6.3. A release that says nothing is taken for new. */
static bool kernel_at_least(const struct host *host, unsigned int major, unsigned int minor)
{
	unsigned int is_major, is_minor;

	if (sscanf(host->kernel, "%u.%u", &is_major, &is_minor) != 2)
		return true;
	return is_major > major || (is_major == major && is_minor >= minor);
}

/*
 * create_ram_region came with Linux 6.3. Before, there are no volatile regions at all: what firmware
 * has set up is used, but Linux has no region for it.
 */
void check_kernel_too_old(const struct subject *s)
{
	if (kernel_at_least(s->host, 6, 3))
		return;
	each_memdev_below(memdev, s) {
		struct finding *finding;

		if (!memdev->ram_size)
			continue;
		finding = found(s, memdev->name);
		finding_evidence(finding,
				 "Linux %s knows no regions of volatile memory: what decodes to %s "
				 "could not be built again",
				 s->host->kernel, memdev->name);
		finding_fix(finding, "boot Linux 6.13 or later, or 6.12 stable");
		return;
	}
}

/*
 * cpu_cache_has_invalidate_memregion() is false under a hypervisor (x86), and committing a region
 * then gives ENXIO. CONFIG_CXL_REGION_INVALIDATION_TEST, for tests only, is not looked at.
 */
void check_cache_invalidation(const struct subject *s)
{
	if (s->host->system.hypervisor != 1)
		return;
	each_region_below(region, s) {
		struct finding *finding = found(s, region->name);

		finding_evidence(finding,
				 "this host is a guest: Linux refuses to flush the caches "
				 "there, so %s could not be built again",
				 region->name);
		finding_fix(finding, "reboot the guest instead, or hide the hypervisor from it "
				     "(QEMU: -cpu ...,-hypervisor)");
	}
}

/* A file of the same name in /etc hides the one of a package. */
static void say_how_to_mask(struct finding *finding, const char *path)
{
	const char *name = base_name(path);

	if (is_plain_name(name) && !starts_with(path, "/etc/"))
		finding_fix(finding,
			    "ln -s /dev/null /etc/udev/rules.d/%s; udevadm control --reload", name);
	else
		finding_fix(finding, "move it out of the way, then: udevadm control --reload");
}

void check_udev_rule(const struct subject *s)
{
	if (!s->below->regions.count)
		return; /* nothing would come back */
	list_each(rule, &s->host->system.udev_rules) {
		struct finding *finding = found(s, base_name(rule->path));

		finding_evidence(finding,
				 "%s changes %s by itself as soon as they appear, also those "
				 "that a recovery brings back",
				 rule->path,
				 strcmp(rule->subsystem, "dax") == 0 ? "dax devices"
								     : "memory blocks");
		say_how_to_mask(finding, rule->path);
	}
}

/* Where "online" puts new memory: what is beside no other zone becomes Normal, unless the policy is
 * auto-movable (mm/memory_hotplug.c, zone_for_pfn_range()). */
static bool onlines_for_kernel(const struct host *host)
{
	return strcmp(host->auto_online, "online_kernel") == 0 ||
	       (strcmp(host->auto_online, "online") == 0 &&
		strcmp(host->system.online_policy, "auto-movable") != 0);
}

void check_auto_online(const struct subject *s)
{
	struct finding *finding;

	if (!s->host->auto_online[0] || strcmp(s->host->auto_online, "offline") == 0 ||
	    !s->below->regions.count)
		return;
	finding = found(s, "kernel");
	finding_evidence(finding,
			 "new memory comes online by itself (auto_online_blocks is %s)%s%s",
			 s->host->auto_online,
			 onlines_for_kernel(s->host)
				 ? ", in a kernel zone, which it may never leave again"
				 : "",
			 isolated(s) ? "" : "; recover holds that back meanwhile");
	finding_fix(finding, "echo offline > /sys/devices/system/memory/auto_online_blocks");
}

static bool ram_below(const struct subject *s)
{
	each_dax_below(view, s)
		if (view->dax->mode == DAX_SYSTEM_RAM)
			return true;
	return false;
}

void check_demotion(const struct subject *s)
{
	struct finding *finding;

	if (s->host->system.demotion != 1 || !ram_below(s))
		return;
	finding = found(s, "kernel");
	finding_evidence(finding,
			 "reclaim demotes pages onto slower nodes, that is into the memory "
			 "that is to be emptied");
	finding_fix(finding, "none is needed: it is off while memory is evacuated");
}

void check_swap(const struct subject *s)
{
	const struct system *system = &s->host->system;
	struct finding *finding;
	char size[16];

	if (!system->swap_total || !ram_below(s))
		return;
	finding = found(s, "kernel");
	finding_evidence(finding,
			 "pages that find no room elsewhere are swapped out (%s of swap is "
			 "free), and come back slowly",
			 human_size(size, system->swap_free));
	finding_fix(finding, "none is needed");
}

/* Its pool is ordinary memory: it may lie below the port, and grows while that is emptied. */
void check_zswap(const struct subject *s)
{
	struct finding *finding;

	if (s->host->system.zswap != 1 || !s->host->system.swap_total || !ram_below(s))
		return;
	finding = found(s, "kernel");
	finding_evidence(finding, "zswap keeps what is swapped out in memory, so evacuating frees "
				  "less than it seems");
	finding_fix(finding, "echo N > /sys/module/zswap/parameters/enabled");
}
