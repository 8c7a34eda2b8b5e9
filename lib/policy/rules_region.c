/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules about memory devices, decoders and regions. */
#include "policy/rules.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sys/util.h"

void check_no_memdev(const struct subject *s)
{
	each_function_below(function, s) {
		struct finding *finding;

		if (function->kind != FUNCTION_MEMDEV ||
		    survey_memdev_at(s->survey, function->address))
			continue;
		finding = found(s, function->address);
		finding_evidence(finding,
				 "%s is a CXL memory device that Linux does not "
				 "drive: what decodes to it is unknown",
				 function->address);
		/* A driver that finds a region now would have its memory read. */
		finding_fix(finding, isolated(s)
					     ? "look into the kernel log why; load no driver now"
					     : "modprobe -a cxl_pci cxl_mem, or look into the "
					       "kernel log");
		return;
	}
}

void check_several_memdevs(const struct subject *s)
{
	struct finding *finding;

	if (s->below->memdevs.count <= 1)
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding, "%zu memory devices below one port; one can be recovered",
			 s->below->memdevs.count);
	finding_fix(finding, "%s", reboot_by_hand(s));
}

void check_several_regions(const struct subject *s)
{
	struct finding *finding;

	if (s->below->regions.count <= 1)
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding, "%zu regions use the device below; one can be recovered",
			 s->below->regions.count);
	finding_fix(finding, "destroy all but one of them, or reboot instead");
}

/* The dax device of a region that is System RAM; NULL if it has none. */
static const struct dax *ram_of(const struct subject *s, const struct region *region)
{
	each_dax_below(view, s)
		if (view->region == region && view->dax->mode == DAX_SYSTEM_RAM)
			return view->dax;
	return NULL;
}

static void say_how_to_destroy(const struct subject *s, struct finding *finding,
			       const struct region *region)
{
	const struct dax *ram = ram_of(s, region);

	if (isolated(s) || isolated_target(s->survey, region))
		finding_fix(finding,
			    "destroy it, and do not touch its memory: cxl disable-region %s, cxl "
			    "destroy-region %s",
			    region->name, region->name);
	else if (ram)
		finding_fix(finding,
			    "take its memory offline and destroy it first: daxctl offline-memory "
			    "%s, cxl disable-region %s, cxl destroy-region %s",
			    ram->name, region->name, region->name);
	else
		finding_fix(finding,
			    "destroy it first: cxl disable-region %s, cxl destroy-region %s",
			    region->name, region->name);
}

void check_interleaved(const struct subject *s)
{
	each_region_below(region, s) {
		struct finding *finding;

		if (region->ways == 1 && region->targets.count == 1)
			continue;
		finding = found(s, region->name);
		finding_evidence(finding, "%s interleaves over %" PRIu64 " devices", region->name,
				 region->ways);
		say_how_to_destroy(s, finding, region);
	}
}

/* Is it the first of its region's targets below that root port? */
static bool is_first(const struct region *region, const struct target *target)
{
	for (const struct target *other = region->targets.items; other < target; other++)
		if (strcmp(other->root_port, target->root_port) == 0)
			return false;
	return true;
}

/* "0000:0c:01.0, 0000:de:00.0", as far as it fits; "" if there are no others. */
static void name_other_ports(char *out, size_t size, const struct subject *s,
			     const struct region *region)
{
	out[0] = '\0';
	list_each(target, &region->targets)
		if (strcmp(target->root_port, s->port->address) != 0 && target->root_port[0] &&
		    is_first(region, target))
			append_word(out, size, ", ", target->root_port);
}

/* Losing one port of an interleaved region loses all of it. */
void check_spans_ports(const struct subject *s)
{
	each_region_below(region, s) {
		struct finding *finding;
		char others[256], size[16];

		name_other_ports(others, sizeof(others), s, region);
		if (!others[0])
			continue;
		finding = found(s, region->name);
		finding_evidence(finding,
				 "%s spans other root ports too: with %s, all of its %s "
				 "is lost, also what is behind %s",
				 region->name, s->port->address, human_size(size, region->size),
				 others);
		finding_fix(finding,
			    "use a region for each device instead: cxl create-region -t %s -m %s",
			    region_is_pmem(region) ? "pmem" : "ram",
			    s->below->memdevs.count ? s->below->memdevs.items[0]->name : "MEMDEV");
	}
}

void check_not_volatile(const struct subject *s)
{
	each_region_below(region, s) {
		struct finding *finding;

		if (strcmp(region->mode, "ram") == 0 || region_is_pmem(region) ||
		    region_is_dynamic(region))
			continue;
		finding = found(s, region->name);
		finding_evidence(finding,
				 "%s is a %s region, neither volatile nor persistent memory",
				 region->name, region->mode[0] ? region->mode : "nameless");
		finding_fix(finding,
			    "destroy it first: cxl disable-region %s, cxl destroy-region %s",
			    region->name, region->name);
	}
}

/* Its memory comes in extents, which a fabric manager gives: to write its size again brings none. */
void check_dynamic_region(const struct subject *s)
{
	each_region_below(region, s) {
		struct finding *finding;

		if (!region_is_dynamic(region))
			continue;
		finding = found(s, region->name);
		finding_evidence(finding,
				 "%s is of dynamic capacity (%s): it could not be built again with "
				 "the extents that it has",
				 region->name, region->mode);
		say_how_to_destroy(s, finding, region);
	}
}

/* Where on its device the first of a region's endpoint decoders lies; NULL if that is unknown. */
static const struct decoder *decoder_of(const struct subject *s, const struct region *region)
{
	return region->targets.count ? host_decoder(s->host, region->targets.items[0].decoder)
				     : NULL;
}

/*
 * Linux gives out device memory in order, from the start of the partition, and the persistent one
 * begins where the volatile one ends. A region further up would be built again on other data.
 */
void check_pmem_place(const struct subject *s)
{
	each_region_below(region, s) {
		const struct decoder *decoder = decoder_of(s, region);
		const struct memdev *memdev =
			decoder ? host_memdev(s->host, region->targets.items[0].memdev) : NULL;
		struct finding *finding;

		if (!region_is_pmem(region) || !memdev || !decoder->dpa_size ||
		    decoder->dpa_start == memdev->ram_size)
			continue;
		finding = found(s, region->name);
		finding_evidence(finding,
				 "%s is at 0x%" PRIx64
				 " of %s, persistent memory begins at 0x%" PRIx64
				 ": Linux would build it again there, on other data",
				 region->name, decoder->dpa_start, memdev->name, memdev->ram_size);
		finding_fix(finding,
			    "copy its data away, destroy it (cxl disable-region %s, cxl "
			    "destroy-region %s) and create it again",
			    region->name, region->name);
	}
}

void check_incomplete(const struct subject *s)
{
	each_region_below(region, s) {
		struct finding *finding;

		if (region->committed && region->enabled)
			continue;
		finding = found(s, region->name);
		finding_evidence(finding, "%s is %s: what was there to be restored can not be told",
				 region->name, region->committed ? "not enabled" : "not committed");
		if (isolated(s)) /* what is enabled now may be onlined, and so read */
			finding_fix(finding, "cxl destroy-region %s", region->name);
		else if (region->committed)
			finding_fix(finding,
				    "finish it (cxl enable-region %s) or destroy it (cxl "
				    "destroy-region %s)",
				    region->name, region->name);
		else
			finding_fix(finding,
				    "finish it (echo 1 > /sys/bus/cxl/devices/%s/commit, cxl "
				    "enable-region %s) or destroy it (cxl destroy-region %s)",
				    region->name, region->name, region->name);
	}
}

/* Without privilege, and under lockdown, there is a finding of its own. */
void check_registers(const struct subject *s)
{
	each_function_below(function, s) {
		struct finding *finding;

		if (function->kind != FUNCTION_MEMDEV || function->registers ||
		    !s->host->privileged || locked_down(s->host))
			continue;
		finding = found(s, function->address);
		finding_evidence(finding,
				 "the decoder registers of %s can not be read, so nothing "
				 "could prove that its memory decodes again",
				 function->address);
		finding_fix(finding, isolated(s) ? "look again when its link is up"
						 : "see whether the kernel is locked down: "
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

/*
 * A device that was reset behind Linux' back: what was online on it is gone, and offlining would
 * migrate rubbish into running programs. With nothing online, recovery is just what it needs.
 */
static void check_decoders(const struct subject *s, bool wanted_online)
{
	each_region_below(region, s)
		each_function_below(function, s) {
			uint64_t online =
				survey_online_bytes(s->survey, region->start, region->size);
			const struct memdev *memdev =
				survey_memdev_at(s->survey, function->address);
			struct finding *finding;
			char size[16];

			if (!function->registers || !region->committed ||
			    (online > 0) != wanted_online || decodes(function, region) || !memdev ||
			    !region_uses_memdev(region, memdev->name))
				continue;
			finding = found(s, region->name);
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

void check_decoder_lost(const struct subject *s)
{
	check_decoders(s, true);
}

void check_decoder_stale(const struct subject *s)
{
	check_decoders(s, false);
}

static void add_locked(const struct subject *s, const char *object)
{
	struct finding *finding = found(s, object);

	finding_evidence(finding, "%s was set and locked by firmware", object);
	finding_fix(finding, "nothing but a reboot undoes a locked decoder");
}

void check_locked(const struct subject *s)
{
	each_region_below(region, s)
		if (region->locked)
			add_locked(s, region->name);
	list_each_pointer(decoder, &s->below->decoders)
		if (decoder->locked)
			add_locked(s, decoder->name);
}

/* Windows as such are "Reserved" there, which says nothing. */
static bool is_memory(const struct firmware_range *range)
{
	return strcmp(range->type, "System RAM") == 0 || strcmp(range->type, "Soft Reserved") == 0;
}

/*
 * Linux finds a region that firmware committed by itself (cxl_region autodiscovery, Linux 6.3) and
 * does not say so; but firmware has then put its range into the memory map of the boot.
 */
void check_firmware_region(const struct subject *s)
{
	each_region_below(region, s)
		list_each(range, &s->host->firmware_map) {
			struct finding *finding;

			if (!is_memory(range) ||
			    !ranges_overlap(region->start, region->size, range->start, range->size))
				continue;
			finding = found(s, region->name);
			finding_evidence(
				finding,
				"%s is in the memory map that firmware made (%s): firmware "
				"set it up, and Linux will set it up anew",
				region->name, range->type);
			finding_fix(finding, "see whether the platform relies on its own decoders; "
					     "a reboot brings these back");
			break;
		}
}

void each_committed_range(const struct subject *s,
			  void (*call)(const struct subject *, const char *, uint64_t, uint64_t))
{
	list_each_pointer(decoder, &s->below->decoders)
		if (decoder->size)
			call(s, decoder->name, decoder->start, decoder->size);
	each_function_below(function, s)
		list_each(range, &function->hdm)
			if (range->committed)
				call(s, function->address, range->start, range->size);
}

/* Is this block a part of a dax device of a region below the port? */
static bool explained(const struct subject *s, const struct block *block)
{
	each_dax_below(view, s)
		if (dax_has_block(s->host, view->dax, block))
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
	size_t count;
	const struct block *blocks = survey_blocks(s->survey, start, size, &count);

	for (size_t i = 0; i < count; i++) {
		struct finding *finding;

		if (!block_online(&blocks[i]) || explained(s, &blocks[i]) || already_found(s))
			continue;
		finding = found(s, decoder);
		finding_evidence(finding,
				 "memory%d is online in the range that %s decodes, and no region "
				 "explains it: firmware set it up",
				 blocks[i].number, decoder);
		finding_fix(finding, "reboot instead, or have firmware leave this memory to Linux");
	}
}

/* Nor is an idle one to be undone: nothing tells how to build it again. */
static void check_unexplained(const struct subject *s, const char *decoder, uint64_t start,
			      uint64_t size)
{
	struct finding *finding;

	if (has_region(s, start, size) || already_found(s))
		return;
	finding = found(s, decoder);
	finding_evidence(finding,
			 "%s decodes 0x%" PRIx64 "-0x%" PRIx64 ", and no region explains it: it "
			 "could not be built again",
			 decoder, start, start + (size - 1));
	finding_fix(finding, "reboot instead, or have firmware leave this memory to Linux");
}

void check_stray_memory(const struct subject *s)
{
	each_committed_range(s, check_stray);
}

void check_unexplained_memory(const struct subject *s)
{
	check_stray_memory(s);
	each_committed_range(s, check_unexplained);
}

/* Behind the same host bridge, but below another of its ports. */
static bool shares_bridge(const struct subject *s, const struct region *other)
{
	list_each(target, &other->targets) {
		const struct below *below = survey_find(s->survey, target->root_port);

		if (below && below != s->below && below->neighbours == s->below->neighbours)
			return true;
	}
	return false;
}

static struct finding *add_order(const struct subject *s, const char *other, const char *region)
{
	struct finding *finding = found(s, other);

	finding_evidence(finding,
			 "%s lies above %s behind the same host bridge; Linux commits decoders at "
			 "ascending addresses only, so %s could not be built again",
			 other, region, region);
	return finding;
}

static void add_higher_region(const struct subject *s, const char *other, const char *region)
{
	finding_fix(add_order(s, other, region),
		    "take %s out of service first, recover this port, then create %s again", other,
		    other);
}

static void add_higher_decoder(const struct subject *s, const char *decoder, const char *region)
{
	finding_fix(add_order(s, decoder, region),
		    "reboot instead: nothing tells what %s was set for", decoder);
}

/*
 * A decoder whose region was destroyed keeps its range in sysfs, which says nothing (seen on 6.12).
 * A port's decoders are committed in order (Linux, cxl_decoder_commit()).
 */
static bool is_committed(const struct subject *s, const struct decoder *decoder)
{
	const struct port *port = s->below->neighbours->port;
	const char *dot = strrchr(decoder->name, '.');

	return !port || port->committed < 0 || !dot || atoi(dot + 1) < port->committed;
}

/* A decoder of the host bridge that no region we know of explains. */
static bool is_unexplained(const struct subject *s, const struct decoder *decoder)
{
	if (!decoder->size || !is_committed(s, decoder))
		return false;
	list_each_pointer(region, &s->below->neighbours->regions)
		if (ranges_overlap(region->start, region->size, decoder->start, decoder->size))
			return false;
	return true;
}

/*
 * Linux gives out a port's decoders in order and attaches regions at ascending addresses only, be
 * they committed or not (alloc_region_ref()). While one of a neighbour sits higher, ours could be
 * torn down but not built again (checked on 6.12: EBUSY).
 */
void check_address_order(const struct subject *s)
{
	if (!s->below->neighbours)
		return;
	each_region_below(region, s) {
		list_each_pointer(other, &s->below->neighbours->regions)
			if (other->start > region->start && shares_bridge(s, other))
				add_higher_region(s, other->name, region->name);
		list_each_pointer(decoder, &s->below->neighbours->decoders)
			if (decoder->start > region->start && is_unexplained(s, decoder))
				add_higher_decoder(s, decoder->name, region->name);
	}
}

/* What a memory device has in no region: nobody uses it, and it is gone with the port as well. */
void check_unused_memory(const struct subject *s)
{
	each_memdev_below(memdev, s) {
		uint64_t used = 0, size = add_capped(memdev->ram_size, memdev->pmem_size);
		struct finding *finding;
		char text[16];

		list_each_pointer(decoder, &s->below->decoders)
			if (strcmp(decoder->port, memdev->endpoint) == 0 &&
			    !survey_decoder_is_dynamic(s->survey, decoder))
				used = add_capped(used, decoder->dpa_size);
		if (used >= size)
			continue;
		finding = found(s, memdev->name);
		finding_evidence(finding, "%s of %s is in no region", human_size(text, size - used),
				 memdev->name);
		finding_fix(finding, "none is needed; cxl create-region would make it usable");
	}
}
