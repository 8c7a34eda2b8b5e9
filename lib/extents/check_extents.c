/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/regions.h"
#include "extents/rules.h"

#include <inttypes.h>

#define MAPPABLE (2ull << 20) /* Linux drops what is not aligned so: it can not map it */

/* It begins in a region, and a part of it lies in another. */
static bool crosses(const struct checker *checker, const struct extent *extent)
{
	unsigned int touched = 0;

	list_each(region, &checker->regions)
		touched += ranges_overlap(extent->start, extent->size, region->base, region->size);
	return touched > 1;
}

static void check_aligned(struct checker *checker, struct extent *extent,
			  const struct dc_region *region)
{
	uint64_t offset = extent->start - region->base;

	if ((offset | extent->size) & (region->block_size - 1))
		checker_found(checker, NOT_BLOCK_ALIGNED, extent,
			      "is not made of blocks of region %d, of %" PRIu64 " bytes each",
			      region->number, region->block_size);
}

static void check_region(struct checker *checker, struct extent *extent)
{
	const struct dc_region *region =
		dc_region_find(checker->regions.items, checker->regions.count, extent->start,
			       extent->size);

	extent->dc_region = region ? region->number : -1;
	if (!checker->regions_known)
		return;
	if (region && !dc_region_is_valid(region))
		extent->acceptable = extent->acceptable ? -1 : 0;
	else if (region)
		check_aligned(checker, extent, region);
	else if (crosses(checker, extent))
		checker_found(checker, CROSSES_REGIONS, extent,
			      "lies in several dynamic-capacity regions");
	else
		checker_found(checker, OUTSIDE_REGIONS, extent,
			      "lies in no dynamic-capacity region");
}

/* Whether it is a range of addresses at all; what is looked for further rests on it. */
static bool check_range(struct checker *checker, struct extent *extent)
{
	extent->dc_region = -1;
	if (!extent->size)
		checker_found(checker, ZERO_LENGTH, extent, "has no length");
	else if (extent->start > UINT64_MAX - extent->size)
		checker_found(checker, WRAPS_AROUND, extent,
			      "goes beyond the end of all addresses with its %" PRIu64 " bytes",
			      extent->size);
	else
		return true;
	return false;
}

static void check_mappable(struct checker *checker, struct extent *extent)
{
	if ((extent->start | extent->size) & (MAPPABLE - 1))
		checker_found(checker, NOT_MAPPABLE, extent,
			      "is not aligned to 2 MiB at both ends");
}

static void check_accepted(struct checker *checker, struct extent *extent)
{
	uint64_t end = extent->start + extent->size;
	const struct seen_range *range = ranges_find(&checker->accepted, extent->start, end);

	if (range && ranges_cover(&checker->accepted, extent->start, end))
		checker_found(checker, OVERLAP_ACCEPTED, extent,
			      "is accepted already: the batch may have been answered");
	else if (range)
		checker_found(checker, OVERLAP_ACCEPTED, extent,
			      "overlaps 0x%" PRIx64 "-0x%" PRIx64 ", which is accepted",
			      range->start, range->end - 1);
}

static void check_pending(struct checker *checker, struct extent *extent)
{
	const struct seen_range *range =
		recent_ranges_find(&checker->pending, extent->start, extent->start + extent->size);

	if (!range)
		return;
	if (range->owner.batch == checker->batches)
		checker_found(checker, OVERLAP_IN_BATCH, extent, "overlaps extent %" PRIu32,
			      range->owner.extent);
	else
		checker_found(checker, OVERLAP_PENDING, extent,
			      "overlaps extent %" PRIu32 " of batch %d", range->owner.extent,
			      range->owner.number);
}

static void note_pending(struct checker *checker, const struct extent *extent)
{
	const struct owner owner = {
		.batch = checker->batches,
		.number = checker->batch->number,
		.extent = (uint32_t)(extent - checker->batch->extents.items) + 1,
	};

	recent_ranges_add(&checker->pending, extent->start, extent->start + extent->size, &owner);
}

void check_offered(struct checker *checker, struct extent *extent)
{
	extent->acceptable = 1;
	if (!check_range(checker, extent))
		return;
	check_region(checker, extent);
	check_mappable(checker, extent);
	check_accepted(checker, extent);
	check_pending(checker, extent);
	note_pending(checker, extent);
}

void check_released(struct checker *checker, struct extent *extent)
{
	uint64_t end = extent->start + extent->size;

	if (!check_range(checker, extent))
		return;
	check_region(checker, extent);
	/* What was taken by force is not in the list any more. */
	if (checker->accepted_known && checker->batch->event == EXTENT_RELEASE &&
	    !ranges_cover(&checker->accepted, extent->start, end))
		checker_found(checker, RELEASE_NOT_ACCEPTED, extent, "is not accepted");
	recent_ranges_remove(&checker->pending, extent->start, end);
	if (extent->tag[0])
		recent_tags_remove(&checker->tags, extent->tag);
}
