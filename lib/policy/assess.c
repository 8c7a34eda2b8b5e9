/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules, one function each, in two tables at the end. Pure: the model in, findings out.
 */
#include "policy/subject.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "regs/isolation.h"
#include "sys/util.h"

bool forced(const struct subject *s, const char *id)
{
	for (const char *const *force = s->consent ? s->consent->force : NULL; force && *force;
	     force++)
		if (strcmp(*force, id) == 0)
			return true;
	return false;
}

struct finding *blocks(const struct subject *s, const char *id, const char *object)
{
	return finding_add(s->findings, id, SEVERITY_BLOCKS, object);
}

/* "memory82-83, 85", as far as it fits. */
static size_t name_run(char *out, size_t size, size_t used, int first, int last)
{
	if (first < 0 || used >= size)
		return used;
	used += (size_t)snprintf(out + used, size - used, "%s%d", used ? ", " : "memory", first);
	if (last > first && used < size)
		used += (size_t)snprintf(out + used, size - used, "-%d", last);
	return used;
}

void name_blocks(char *out, size_t size, const struct subject *s, uint64_t start, uint64_t length,
		 bool (*wanted)(const struct block *))
{
	int first = -1, last = -1;
	size_t used = 0;

	out[0] = '\0';
	list_each(block, &s->host->blocks) {
		if (!wanted(block) ||
		    !ranges_overlap(block->start, s->host->block_size, start, length))
			continue;
		if (first < 0 || block->number != last + 1) {
			used = name_run(out, size, used, first, last);
			first = block->number;
		}
		last = block->number;
	}
	name_run(out, size, used, first, last);
}

void rule_privilege(const struct subject *s)
{
	struct finding *finding;

	if (s->host->privileged)
		return;
	finding = blocks(s, "not-privileged", s->port->address);
	finding_evidence(finding, "device registers and other users' processes can not be read");
	finding_fix(finding, "run as root");
}

/*
 * Offlining migrates, that is reads, and reads of isolated memory are machine checks (CXL 3.1 12.3):
 * the way down of a planned recovery would kill what it means to save.
 */
static void rule_isolated(const struct subject *s)
{
	struct finding *finding;

	if (s->port->isolation != ISOLATION_PRESENT ||
	    !(s->port->status & ISOLATION_STATUS_ANY_ISOLATED))
		return;
	finding = blocks(s, "port-isolated", s->port->address);
	finding_evidence(finding,
			 "%s is in isolation: its memory has lost writes, and reading it is a "
			 "machine check",
			 s->port->address);
	finding_fix(finding,
		    "with System RAM online below it, reboot; else disable and destroy its "
		    "regions, then cxl-iso clear-isolation");
}

static void rule_nothing_below(const struct subject *s)
{
	struct finding *finding;

	each_function_below(function, s)
		return;
	finding = blocks(s, "nothing-below", s->port->address);
	finding_evidence(finding, "there is no device below %s", s->port->address);
	finding_fix(finding,
		    "nothing is to be recovered here; to look for a device that was added "
		    "run: echo 1 > /sys/bus/pci/devices/%s/rescan",
		    s->port->address);
}

static void rule_foreign_driver(const struct subject *s)
{
	each_function_below(function, s) {
		struct finding *finding;

		if (function->kind != FUNCTION_OTHER || !function->driver[0])
			continue;
		finding = blocks(s, "foreign-driver", function->address);
		finding_evidence(finding,
				 "%s is no CXL memory device and is driven by %s: the reset "
				 "would take it from its users",
				 function->address, function->driver);
		finding_fix(finding,
			    "stop its users, then: echo %s > "
			    "/sys/bus/pci/drivers/%s/unbind",
			    function->address, function->driver);
	}
}

/* Left without a driver on purpose, perhaps for a guest: the rescan makes it a new device. */
static void rule_foreign_idle(const struct subject *s)
{
	each_function_below(function, s) {
		struct finding *finding;

		if (function->kind != FUNCTION_OTHER || function->driver[0])
			continue;
		finding =
			finding_add(s->findings, "foreign-idle", SEVERITY_WARNS, function->address);
		finding_evidence(
			finding,
			"%s has no driver now; after the reset Linux may bind one, and its "
			"driver_override is gone",
			function->address);
		finding_fix(finding, "set both again after the recovery");
	}
}

static void rule_no_reset_path(const struct subject *s)
{
	struct finding *finding;

	if (s->port->can_reset)
		return;
	finding = blocks(s, "no-reset-path", s->port->address);
	finding_evidence(finding, "Linux %s can not reset the bus below %s", s->host->kernel,
			 s->port->address);
	finding_fix(finding, "use a kernel with reset_subordinate: 6.13 or later, or 6.12 stable");
}

static void rule_switch(const struct subject *s)
{
	each_function_below(function, s) {
		struct finding *finding;

		if (function->kind != FUNCTION_BRIDGE)
			continue;
		finding = blocks(s, "switch-below", function->address);
		finding_evidence(finding,
				 "%s is a switch; only a device right below its root port "
				 "can be recovered",
				 function->address);
		finding_fix(finding, "evacuate by hand and reboot");
		return;
	}
}

static void rule_one_memdev(const struct subject *s)
{
	struct finding *finding;
	int memdevs = 0;

	each_memdev_below(memdev, s)
		memdevs++;
	each_function_below(function, s)
		if (function->kind == FUNCTION_MEMDEV &&
		    !host_memdev_at(s->host, function->address)) {
			finding = blocks(s, "no-memdev", function->address);
			finding_evidence(finding,
					 "%s is a CXL memory device that Linux does not "
					 "drive: what decodes to it is unknown",
					 function->address);
			finding_fix(finding,
				    "modprobe cxl_pci cxl_mem, or look into the kernel log");
			return;
		}
	if (memdevs <= 1)
		return;
	finding = blocks(s, "several-memdevs", s->port->address);
	finding_evidence(finding, "%d memory devices below one port; one can be recovered",
			 memdevs);
	finding_fix(finding, "evacuate by hand and reboot");
}

static void rule_one_region(const struct subject *s)
{
	struct finding *finding;
	int regions = 0;

	each_region_below(region, s)
		regions++;
	if (regions <= 1)
		return;
	finding = blocks(s, "several-regions", s->port->address);
	finding_evidence(finding, "%d regions use the device below; one can be recovered", regions);
	finding_fix(finding, "destroy all but one of them, or reboot instead");
}

static void rule_region_shape(const struct subject *s)
{
	each_region_below(region, s) {
		struct finding *finding;

		if (region->ways != 1 || region->targets.count != 1) {
			finding = blocks(s, "interleaved", region->name);
			finding_evidence(finding, "%s interleaves over %" PRIu64 " devices",
					 region->name, region->ways);
			finding_fix(finding,
				    "take its memory offline and destroy it first: daxctl "
				    "offline-memory, "
				    "cxl disable-region %s, cxl destroy-region %s",
				    region->name, region->name);
		}
		if (strcmp(region->mode, "ram") != 0) {
			finding = blocks(s, "not-volatile", region->name);
			finding_evidence(finding, "%s is a %s region, not volatile memory",
					 region->name, region->mode);
			finding_fix(finding, "disable its namespaces and the region by hand");
		}
		if (!region->committed || !region->enabled) {
			finding = blocks(s, "region-incomplete", region->name);
			finding_evidence(finding,
					 "%s is %s: what was there to be restored can not "
					 "be told",
					 region->name,
					 region->committed ? "not enabled" : "not committed");
			finding_fix(finding,
				    "finish it (cxl enable-region %s) or destroy it (cxl "
				    "destroy-region %s)",
				    region->name, region->name);
		}
	}
}

static void rule_dax_layout(const struct subject *s)
{
	each_region_below(region, s) {
		const struct dax *found = NULL;
		struct finding *finding;
		size_t count = 0;

		list_each(dax, &s->host->dax_devices)
			if (strcmp(dax->region, region->name) == 0) {
				found = dax;
				count++;
			}
		if (count == 1 && found->mappings.count == 1 &&
		    found->mappings.items[0].start == region->start &&
		    found->mappings.items[0].size == region->size &&
		    (found->mode == DAX_DEVDAX || found->mode == DAX_SYSTEM_RAM ||
		     found->mode == DAX_DISABLED))
			continue;
		if (!region->enabled)
			continue; /* a finding of its own */
		finding = blocks(s, "dax-layout", region->name);
		if (count != 1)
			finding_evidence(finding,
					 "%s has %zu dax devices; one that fills it can be "
					 "restored",
					 region->name, count);
		else if (found->mode == DAX_FAMFS || found->mode == DAX_OTHER)
			finding_evidence(finding, "%s is driven by neither kmem nor device_dax",
					 found->name);
		else
			finding_evidence(finding, "%s does not fill %s in one piece", found->name,
					 region->name);
		finding_fix(finding,
			    "recreate one dax device over all of %s: daxctl destroy-device, "
			    "daxctl create-device",
			    region->name);
	}
}

static void add_locked(const struct subject *s, const char *object)
{
	struct finding *finding = blocks(s, "firmware-locked", object);

	finding_evidence(finding, "%s was set and locked by firmware", object);
	finding_fix(finding, "nothing but a reboot undoes a locked decoder");
}

static void rule_locked(const struct subject *s)
{
	each_region_below(region, s)
		if (region->locked)
			add_locked(s, region->name);
	each_memdev_below(memdev, s)
		list_each(decoder, &s->host->decoders)
			if (decoder->locked && strcmp(decoder->port, memdev->endpoint) == 0)
				add_locked(s, decoder->name);
}

void each_committed_range(const struct subject *s,
			  void (*call)(const struct subject *, const char *, uint64_t, uint64_t))
{
	each_memdev_below(memdev, s)
		list_each(decoder, &s->host->decoders)
			if (decoder->size && memdev->endpoint[0] &&
			    strcmp(decoder->port, memdev->endpoint) == 0)
				call(s, decoder->name, decoder->start, decoder->size);
	each_function_below(function, s)
		list_each(range, &function->hdm)
			if (range->committed)
				call(s, function->address, range->start, range->size);
}

/* Is this block a part of a dax device of a region below the port? */
static bool explained(const struct subject *s, const struct block *block)
{
	each_dax_below(dax, s)
		if (dax_has_block(s->host, dax, block))
			return true;
	return false;
}

static bool reported(const struct subject *s, const char *id)
{
	list_each(finding, &s->findings->list)
		if (strcmp(finding->id, id) == 0)
			return true;
	return false;
}

static bool has_region(const struct subject *s, uint64_t start, uint64_t size)
{
	each_region_below(region, s)
		if (ranges_overlap(region->start, region->size, start, size))
			return true;
	return false;
}

/* "No region" is not "nothing below": firmware may have set the decoder and described the memory. */
static void check_stray(const struct subject *s, const char *decoder, uint64_t start, uint64_t size)
{
	list_each(block, &s->host->blocks) {
		struct finding *finding;

		if (!block_online(block) || explained(s, block) ||
		    !ranges_overlap(block->start, s->host->block_size, start, size) ||
		    reported(s, "unexplained-memory"))
			continue;
		finding = blocks(s, "unexplained-memory", decoder);
		finding_evidence(finding,
				 "memory%d is online in the range that %s decodes, and no region "
				 "explains it: firmware set it up",
				 block->number, decoder);
		finding_fix(finding, "reboot instead, or have firmware leave this memory to Linux");
	}
}

static void rule_unexplained_memory(const struct subject *s)
{
	each_committed_range(s, check_stray);
}

/* Nor is an idle one to be undone: nothing tells how to build it again. */
static void check_unexplained(const struct subject *s, const char *decoder, uint64_t start,
			      uint64_t size)
{
	struct finding *finding;

	if (has_region(s, start, size) || reported(s, "unexplained-memory"))
		return;
	finding = blocks(s, "unexplained-memory", decoder);
	finding_evidence(finding,
			 "%s decodes 0x%" PRIx64 "-0x%" PRIx64 ", and no region explains it: it "
			 "could not be built again",
			 decoder, start, start + (size - 1));
	finding_fix(finding, "reboot instead, or have firmware leave this memory to Linux");
}

static void rule_unexplained_decoder(const struct subject *s)
{
	each_committed_range(s, check_unexplained);
}

/* Behind the same host bridge, but below another of its ports. */
static bool shares_bridge(const struct subject *s, const struct region *other)
{
	list_each(port, &s->host->root_ports)
		if (strcmp(port->bridge, s->port->bridge) == 0 &&
		    strcmp(port->address, s->port->address) != 0 && region_below(other, port))
			return true;
	return false;
}

static void add_order(const struct subject *s, const char *other, const char *region)
{
	struct finding *finding = blocks(s, "address-order", other);

	finding_evidence(finding,
			 "%s lies above %s behind the same host bridge; Linux commits decoders at "
			 "ascending addresses only, so %s could not be built again",
			 other, region, region);
	finding_fix(finding,
		    "take %s out of service first, recover this port, then create %s again", other,
		    other);
}

/* A decoder of the host bridge that no region we know of explains. */
static bool is_unexplained(const struct subject *s, const struct decoder *decoder)
{
	list_each(region, &s->host->regions)
		if (ranges_overlap(region->start, region->size, decoder->start, decoder->size))
			return false;
	return true;
}

/*
 * Linux gives out a port's decoders in order and attaches regions at ascending addresses only, be
 * they committed or not (alloc_region_ref()). While one of a neighbour sits higher, ours could be
 * torn down but not built again (checked on 6.12: EBUSY).
 */
static void rule_address_order(const struct subject *s)
{
	const struct bridge *bridge = host_bridge(s->host, s->port->bridge);

	each_region_below(region, s) {
		list_each(other, &s->host->regions)
			if (other->start > region->start && shares_bridge(s, other))
				add_order(s, other->name, region->name);
		list_each(decoder, &s->host->decoders)
			if (bridge && strcmp(decoder->port, bridge->port) == 0 && decoder->size &&
			    decoder->start > region->start && is_unexplained(s, decoder))
				add_order(s, decoder->name, region->name);
	}
}

static bool unmovable(const struct block *block)
{
	return block_online(block) && strcmp(block->zones, "Movable") != 0;
}

static void rule_zone_normal(const struct subject *s)
{
	each_dax_below(dax, s)
		list_each(mapping, &dax->mappings) {
			struct finding *finding;
			char names[256];

			name_blocks(names, sizeof(names), s, mapping->start, mapping->size,
				    unmovable);
			if (!names[0])
				continue;
			finding = blocks(s, "zone-normal", dax->name);
			finding_evidence(finding,
					 "%s of %s is online in a kernel zone, which can hold "
					 "pages that never move",
					 names, dax->name);
			finding_fix(finding,
				    "online CXL memory as online_movable from the start; or try "
				    "to offline it all the same, with everything put back if "
				    "that fails: --force=zone-normal");
			finding->overridden = forced(s, "zone-normal");
		}
}

void rule_devdax_users(const struct subject *s)
{
	each_dax_below(dax, s)
		list_each(user, &s->host->users) {
			struct finding *finding;

			if (strcmp(user->dax, dax->name) != 0)
				continue;
			finding = blocks(s, "devdax-in-use", dax->name);
			finding_evidence(finding, "%s[%d] %s /dev/%s%s", user->command, user->pid,
					 user->mapped ? "maps" : "holds", dax->name,
					 user->mapped ? " and would be killed by SIGBUS" : "");
			finding_fix(finding,
				    "stop it first; daxctl-ext list-users %s shows all users",
				    dax->name);
		}
}

/*
 * The driver link is there before kmem has added its blocks (Linux, really_probe()): to unbind then
 * would leave memory online that nothing can take away until a reboot.
 */
static void rule_kmem_settled(const struct subject *s)
{
	each_dax_below(dax, s) {
		uint64_t expected =
			dax->mode == DAX_SYSTEM_RAM ? dax_whole_blocks(s->host, dax) : 0;
		struct finding *finding;
		uint64_t present = 0;

		list_each(block, &s->host->blocks)
			present += dax_has_block(s->host, dax, block);
		if (present == expected)
			continue;
		finding = blocks(s, expected ? "kmem-incomplete" : "memory-left", dax->name);
		if (expected) {
			finding_evidence(finding,
					 "kmem has added %" PRIu64 " of %" PRIu64
					 " memory blocks of "
					 "%s: it is still at it, or failed",
					 present, expected, dax->name);
			finding_fix(finding,
				    "try again in a moment; if it stays so, see the kernel log");
			continue;
		}
		finding_evidence(finding,
				 "%" PRIu64
				 " memory blocks of %s are left though kmem no longer has "
				 "it: their removal failed, and the kernel can not repeat it",
				 present, dax->name);
		finding_fix(finding, "leave that memory alone and reboot");
	}
}

static void rule_devdax_contents(const struct subject *s)
{
	each_dax_below(dax, s) {
		struct finding *finding;
		char size[16];

		if (dax->mode == DAX_SYSTEM_RAM)
			continue;
		finding = finding_add(s->findings, "devdax-contents", SEVERITY_LOSES, dax->name);
		finding_evidence(finding, "the reset loses the contents of %s (%s)", dax->name,
				 human_size(size, dax->size));
		finding_fix(finding, "copy away what is needed, then say --discard-contents");
		finding->overridden = s->consent && s->consent->discard_contents;
	}
}

static void rule_registers(const struct subject *s)
{
	each_function_below(function, s) {
		struct finding *finding;

		if (function->kind != FUNCTION_MEMDEV || function->registers ||
		    !s->host->privileged)
			continue;
		finding = blocks(s, "registers-unreadable", function->address);
		finding_evidence(finding,
				 "the decoder registers of %s can not be read, so nothing "
				 "could prove that its memory decodes again",
				 function->address);
		finding_fix(finding, "see whether the kernel is locked down: "
				     "/sys/kernel/security/lockdown");
	}
}

static bool decodes(const struct function *function, const struct region *region)
{
	list_each(range, &function->hdm)
		if (range->committed && range->start == region->start &&
		    range->size == region->size)
			return function->hdm_enabled && function->mem_enabled;
	return false;
}

static bool is_target(const struct host *host, const struct region *region,
		      const struct function *function)
{
	const struct memdev *memdev = host_memdev_at(host, function->address);

	return memdev && region_uses_memdev(region, memdev->name);
}

/*
 * A device that was reset behind Linux' back: what was online on it is gone, and offlining would
 * migrate rubbish into running programs. With nothing online, recovery is just what it needs.
 */
static void rule_decoder_lost(const struct subject *s)
{
	each_region_below(region, s)
		each_function_below(function, s) {
			uint64_t online = host_online_bytes(s->host, region->start, region->size);
			struct finding *finding;
			char size[16];

			if (!function->registers || !region->committed ||
			    decodes(function, region) || !is_target(s->host, region, function))
				continue;
			finding = finding_add(s->findings, "decoder-lost",
					      online ? SEVERITY_BLOCKS : SEVERITY_WARNS,
					      region->name);
			finding_evidence(finding,
					 "Linux believes %s committed but %s does not decode "
					 "it: it was reset behind Linux' back%s%s",
					 region->name, function->address,
					 online ? ", and lost online " : "",
					 online ? human_size(size, online) : "");
			finding_fix(finding, online ? "do not touch that memory; reboot"
						    : "recover the port");
		}
}

static void check_committed(const struct subject *s, const char *decoder, uint64_t start,
			    uint64_t size)
{
	struct finding *finding = blocks(s, "decoder-committed", decoder);

	finding_evidence(finding, "%s still decodes 0x%" PRIx64 "-0x%" PRIx64, decoder, start,
			 start + (size - 1));
	finding_fix(finding, "disable and destroy its region first");
}

void rule_nothing_committed(const struct subject *s)
{
	each_committed_range(s, check_committed);
}

static void check_online(const struct subject *s, const char *decoder, uint64_t start,
			 uint64_t size)
{
	struct finding *finding;
	char names[256];

	name_blocks(names, sizeof(names), s, start, size, block_online);
	if (!names[0])
		return;
	finding = blocks(s, "memory-online", decoder);
	finding_evidence(finding, "%s is online in the range that %s decodes", names, decoder);
	finding_fix(finding, "offline it first: chmem -d, or daxctl offline-memory");
}

void rule_nothing_online(const struct subject *s)
{
	each_committed_range(s, check_online);
	each_region_below(region, s)
		check_online(s, region->name, region->start, region->size);
}

void rule_nothing_bound(const struct subject *s)
{
	each_dax_below(dax, s) {
		struct finding *finding;

		if (dax->mode == DAX_DISABLED)
			continue;
		finding = blocks(s, "dax-bound", dax->name);
		finding_evidence(finding, "%s is bound as %s", dax->name,
				 dax_mode_names[dax->mode]);
		finding_fix(finding, "daxctl disable-device %s", dax->name);
	}
	each_region_below(region, s) {
		struct finding *finding;

		if (!region->enabled && !region->committed)
			continue;
		finding = blocks(s, "region-active", region->name);
		finding_evidence(finding, "%s is %s", region->name,
				 region->enabled ? "enabled" : "committed");
		finding_fix(finding, "cxl disable-region %s, cxl destroy-region %s", region->name,
			    region->name);
	}
}

static void apply(void (*const *rules)(const struct subject *), const struct subject *subject)
{
	for (; *rules; rules++)
		(*rules)(subject);
}

const char *const recover_rules[] = {"zone-normal", NULL};

void assess_recover(const struct host *host, const struct root_port *port,
		    const struct consent *consent, struct findings *findings)
{
	static void (*const rules[])(const struct subject *) = {
		rule_privilege,
		rule_isolated,
		rule_nothing_below,
		rule_foreign_driver,
		rule_foreign_idle,
		rule_no_reset_path,
		rule_switch,
		rule_one_memdev,
		rule_one_region,
		rule_region_shape,
		rule_registers,
		rule_decoder_lost,
		rule_locked,
		rule_unexplained_memory,
		rule_unexplained_decoder,
		rule_dax_layout,
		rule_address_order,
		rule_kmem_settled,
		rule_devdax_users,
		rule_zone_normal,
		rule_devdax_contents,
		NULL,
	};

	apply(rules, &(struct subject){host, port, consent, findings});
}

void assess_reset(const struct host *host, const struct root_port *port, struct findings *findings)
{
	static void (*const rules[])(const struct subject *) = {
		rule_foreign_driver,	rule_nothing_online,	 rule_nothing_bound,
		rule_nothing_committed, rule_unexplained_memory, NULL,
	};

	apply(rules, &(struct subject){host, port, NULL, findings});
}
