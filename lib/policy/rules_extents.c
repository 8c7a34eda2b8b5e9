/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules about dynamic capacity: what a device was given, and what it is offered. What it keeps of that
 * over a reset is not to be known beforehand. QEMU 10.0 keeps all of it over a bus reset: extents, offers
 * and their records (checked, with the function removed and found again, too).
 */
#include "policy/rules.h"

#include <stdio.h>

#include "policy/radius.h"
#include "sys/util.h"

/* So many of a kind are named. */
#define ENOUGH 4

#define each_dc_device_below(device, s) list_each_pointer(device, &(s)->below->dc_devices)

static const char *name_of(const struct dc_device *device)
{
	return device->memdev[0] ? device->memdev : device->address;
}

/* A kernel that handles dynamic capacity would not know of what we answer or release. */
static bool is_ours_to_answer(const struct dc_device *device)
{
	return strcmp(device->source, "mailbox") == 0 || strcmp(device->source, "raw") == 0;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* "TAG (4 MiB, region0), untagged (2 MiB), and 3 more", as far as it fits. */
static void name_tags(char *out, size_t size, const struct tag_uses *uses)
{
	char item[3 * NAME_SIZE], bytes[16];
	size_t shown = uses->list.count > ENOUGH ? ENOUGH : uses->list.count;

	out[0] = '\0';
	for (size_t i = 0; i < shown; i++) {
		const struct tag_use *use = &uses->list.items[i];

		snprintf(item, sizeof(item), "%s (%s%s%s)", use->tag[0] ? use->tag : "untagged",
			 human_size(bytes, use->size), use->regions.count ? ", " : "",
			 use->regions.count ? use->regions.items[0].name : "");
		append_word(out, size, ", ", item);
	}
	if (shown < uses->list.count) {
		snprintf(item, sizeof(item), "and %zu more", uses->list.count - shown);
		append_word(out, size, ", ", item);
	}
}

static void add_accepted(const struct subject *s, const struct dc_device *device)
{
	cleanup_tag_uses struct tag_uses uses = {0};
	struct finding *finding = found(s, name_of(device));
	char tags[320], size[16];

	tag_uses_of(device, &uses);
	name_tags(tags, sizeof(tags), &uses);
	finding_evidence(finding,
			 "%s has accepted %zu extent%s of dynamic capacity (%s), by tag: %s; a "
			 "reset may take them away",
			 name_of(device), device->accepted.count, plural(device->accepted.count),
			 human_size(size, uses.size), tags);
	if (is_ours_to_answer(device) && !isolated(s))
		finding_fix(finding,
			    "give them back first: cxl-iso release-extents %s; or have the fabric "
			    "manager look after the reset which of them are left",
			    name_of(device));
	else
		finding_fix(finding, "have the fabric manager take them back first, or look after "
				     "the reset which of them are left");
}

void check_extents_accepted(const struct subject *s)
{
	each_dc_device_below(device, s) if (device->accepted.count) add_accepted(s, device);
}

/* What waits for the host: of other events the device only tells. */
static bool is_pending(const struct batch *batch)
{
	return batch->event == EXTENT_ADD || batch->event == EXTENT_RELEASE;
}

static void add_pending(const struct subject *s, const struct dc_device *device, size_t count,
			const struct batch *first)
{
	struct finding *finding = found(s, name_of(device));

	finding_evidence(finding,
			 "%zu batch%s of extents wait%s for an answer on %s, the oldest is %d: "
			 "after a reset its log may no longer tell of them",
			 count, count == 1 ? "" : "es", count == 1 ? "s" : "", name_of(device),
			 first->number);
	if (is_ours_to_answer(device))
		finding_fix(finding, "answer them first: cxl-iso list-extents %s --pending, %s",
			    name_of(device),
			    first->event == EXTENT_ADD ? "cxl-iso respond-extents"
						       : "cxl-iso release-extents");
	else
		finding_fix(finding, "let them be answered first, or have the fabric manager offer "
				     "them again afterwards");
}

void check_batches_pending(const struct subject *s)
{
	each_dc_device_below(device, s)
	{
		const struct batch *first = NULL;
		size_t count = 0;

		list_each(batch, &device->batches) {
			if (!is_pending(batch))
				continue;
			first = first ? first : batch;
			count++;
		}
		if (count)
			add_pending(s, device, count, first);
	}
}

void check_extents_unseen(const struct subject *s)
{
	each_dc_device_below(device, s)
	{
		const char *why = device->accepted_unknown[0] ? device->accepted_unknown
							      : device->batches_unknown;
		struct finding *finding;

		if (!why[0])
			continue;
		finding = found(s, name_of(device));
		finding_evidence(finding, "what is %s on %s is unknown: %s",
				 device->accepted_unknown[0] ? "accepted" : "pending",
				 name_of(device), why);
		finding_fix(finding, "cxl-iso list-extents %s %s", name_of(device),
			    strcmp(device->source, "sysfs") == 0
				    ? "--follow shows what comes from now on"
				    : "--unbind shows it, unless its memory is in use");
	}
}
