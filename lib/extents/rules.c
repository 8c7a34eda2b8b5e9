/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/rules.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sys/util.h"

struct rule_row {
	const char *id;
	enum severity severity;
	const char *fix;
	bool reject; /* the command that rejects an open batch is put behind the fix */
};

/*
 * What blocks can not be accepted: the extents that are named, or, if none are, any.
 * cxl-iso-list-extents(1) has the same table.
 */
/* clang-format off */
static const struct rule_row rules[CHECKS] = {
	[CHAIN_OPEN] = {"chain-open", SEVERITY_BLOCKS,
		"wait for the rest; if the log has lost it, reject all: ", true},
	[CHAIN_TOO_LONG] = {"chain-too-long", SEVERITY_BLOCKS,
		"have the device stop the offer: no log holds so many records of one batch"},
	[MIXED_EVENTS] = {"mixed-events", SEVERITY_BLOCKS,
		"reject all: ", true},
	[HANDLES_UNUSABLE] = {"handles-unusable", SEVERITY_BLOCKS,
		"have the device repaired: these records can not be cleared one by one"},
	[RECORDS_MISSING] = {"records-missing", SEVERITY_WARNS,
		"ask the fabric manager what it offered: the batch may be larger than it seems"},
	[BORDERS_INFERRED] = {"borders-inferred", SEVERITY_WARNS,
		"read the log itself, if it can be: --source=mailbox"},
	[UNKNOWN_EVENT] = {"unknown-event", SEVERITY_WARNS,
		"look for a newer cxl-iso: what follows may depend on it"},
	[REGION_UPDATED] = {"region-updated", SEVERITY_NOTE,
		"mind that what came before speaks of the region as it was"},
	[ZERO_LENGTH] = {"zero-length", SEVERITY_BLOCKS,
		"leave it out of the answer"},
	[WRAPS_AROUND] = {"wraps-around", SEVERITY_BLOCKS,
		"leave it out of the answer"},
	[OUTSIDE_REGIONS] = {"outside-regions", SEVERITY_BLOCKS,
		"leave it out of the answer: the device would reject it"},
	[CROSSES_REGIONS] = {"crosses-regions", SEVERITY_BLOCKS,
		"leave it out of the answer: the device would reject it"},
	[NOT_BLOCK_ALIGNED] = {"not-block-aligned", SEVERITY_BLOCKS,
		"leave it out of the answer: the device would reject it"},
	[NOT_MAPPABLE] = {"not-mappable", SEVERITY_BLOCKS,
		"leave it out of the answer: Linux can not map it as a dax device, and drops it"},
	[OVERLAP_IN_BATCH] = {"overlap-in-batch", SEVERITY_BLOCKS,
		"leave it out of the answer: the device would reject the answer"},
	[OVERLAP_PENDING] = {"overlap-pending", SEVERITY_BLOCKS,
		"answer the earlier batch first, and look again"},
	[OVERLAP_ACCEPTED] = {"overlap-accepted", SEVERITY_BLOCKS,
		"leave it out of the answer: the device would reject it"},
	[TAG_SEEN] = {"tag-seen", SEVERITY_BLOCKS,
		"reject it, and have the fabric manager choose another tag: the first batch with a "
		"tag has all of it"},
	[TAG_SPANS_REGIONS] = {"tag-spans-regions", SEVERITY_BLOCKS,
		"reject it, and have the fabric manager offer a tag from one region alone"},
	[SEQUENCE_NOT_DENSE] = {"sequence-not-dense", SEVERITY_BLOCKS,
		"reject it: hosts that share it would not agree on the order"},
	[UNTAGGED] = {"untagged", SEVERITY_NOTE,
		"mind that Linux takes each for an allocation of its own"},
	[TOO_MANY_EXTENTS] = {"too-many-extents", SEVERITY_BLOCKS,
		"release extents first, or leave these out of the answer"},
	[RELEASE_NOT_ACCEPTED] = {"release-not-accepted", SEVERITY_WARNS,
		"leave it: it was released already, or never accepted"},
};

/* The same for the log and the device as a whole. */
static const struct rule_row device_rules[] = {
	[LOG_OVERFLOW] = {"log-overflow", SEVERITY_WARNS,
		"mind that offers which nobody sees may be pending, before those that are seen"},
	[LOG_INCOMPLETE] = {"log-incomplete", SEVERITY_WARNS,
		"answer or clear what was read, and look again"},
	[REGION_INVALID] = {"region-invalid", SEVERITY_WARNS,
		"have the device repaired: what lies in this region can not be judged"},
};
/* clang-format on */

/* Room for the longest run, what is put between two, and the end. */
#define RUN_SIZE 24

/* Append the run that is at its end; where there is no room, only that there was more. */
static void append_run(struct hit *hit)
{
	char run[2 * RUN_SIZE];

	if (strlen(hit->more) + RUN_SIZE + sizeof(", ...") > sizeof(hit->more))
		copy_text(run, sizeof(run), "...");
	else if (hit->run == hit->last)
		snprintf(run, sizeof(run), "%zu", hit->last);
	else
		snprintf(run, sizeof(run), "%zu-%zu", hit->run, hit->last);
	if (strcmp(run, "...") == 0 && strstr(hit->more, "..."))
		return;
	append_word(hit->more, sizeof(hit->more), ", ", run);
}

static void add_number(struct hit *hit, size_t number)
{
	bool follows = hit->run && number == hit->last + 1;

	if (hit->run && !follows)
		append_run(hit);
	if (!follows)
		hit->run = number;
	hit->last = number;
}

/* "extent 2 (0x10000000-0x1fffffff) " */
static void name_extent(const struct checker *checker, const struct extent *extent, char *out,
			size_t size)
{
	size_t number = (size_t)(extent - checker->batch->extents.items) + 1;

	if (extent->size && extent->size - 1 <= UINT64_MAX - extent->start)
		snprintf(out, size, "extent %zu (0x%" PRIx64 "-0x%" PRIx64 ") ", number,
			 extent->start, extent->start + (extent->size - 1));
	else
		snprintf(out, size, "extent %zu (at 0x%" PRIx64 ") ", number, extent->start);
}

void checker_found(struct checker *checker, enum check check, struct extent *extent,
		   const char *format, ...)
{
	struct hit *hit = &checker->hits[check];
	bool blocks = rules[check].severity == SEVERITY_BLOCKS;
	uint32_t bit = 1u << check;
	va_list args;
	size_t used;

	if (extent && blocks)
		extent->acceptable = 0;
	else if (blocks)
		checker->blocked = true;
	if (checker->found & bit) {
		hit->count++;
		if (extent)
			add_number(hit, (size_t)(extent - checker->batch->extents.items) + 1);
		return;
	}
	checker->found |= bit;
	hit->count = 1;
	hit->run = 0;
	hit->more[0] = hit->fact[0] = '\0';
	if (extent)
		name_extent(checker, extent, hit->fact, sizeof(hit->fact));
	used = strlen(hit->fact);
	va_start(args, format);
	vsnprintf(hit->fact + used, sizeof(hit->fact) - used, format, args);
	va_end(args);
}

static void report(struct checker *checker, enum check check, struct findings *findings)
{
	const struct rule_row *row = &rules[check];
	struct hit *hit = &checker->hits[check];
	struct finding *finding;
	char object[NAME_SIZE];

	snprintf(object, sizeof(object), "batch %d", checker->batch->number);
	finding = finding_add(findings, row->id, row->severity, object);
	if (hit->run)
		append_run(hit);
	if (hit->run)
		finding_evidence(finding, "%s; likewise extents %s, %zu in all", hit->fact,
				 hit->more, hit->count);
	else
		copy_text(finding->evidence, sizeof(finding->evidence), hit->fact);
	if (row->reject && !batch_is_offer(checker->batch))
		finding_fix(finding, "it is no offer: there is nothing to answer");
	else if (row->reject)
		finding_fix(
			finding,
			"%scxl-iso respond-extents %s --batch %d --accept none --force=open-batch",
			row->fix, checker->name, checker->batch->number);
	else
		copy_text(finding->fix, sizeof(finding->fix), row->fix);
}

void report_batch(struct checker *checker, struct findings *findings)
{
	for (enum check check = 0; checker->found >> check; check++)
		if (checker->found >> check & 1)
			report(checker, check, findings);
}

struct finding *device_finding(const struct dc_device *device, enum device_check rule,
			       struct findings *findings)
{
	const struct rule_row *check = &device_rules[rule];
	struct finding *finding = finding_add(findings, check->id, check->severity,
					      device->memdev[0] ? device->memdev : device->address);

	copy_text(finding->fix, sizeof(finding->fix), check->fix);
	return finding;
}
