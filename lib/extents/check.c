/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/rules.h"

#include <inttypes.h>
#include <string.h>

#include "extents/regions.h"
#include "sys/util.h"

/* ---- a checker ---- */

static void copy_accepted(struct checker *checker, const struct dc_device *device)
{
	static const struct owner nobody = {0};

	list_each(extent, &device->accepted) {
		ranges_add(&checker->accepted, extent->start,
			   add_capped(extent->start, extent->size), &nobody);
		if (extent->tag[0])
			recent_tags_add(&checker->accepted_tags, extent->tag, -1);
	}
}

static void copy_device(struct checker *checker, const struct dc_device *device)
{
	checker->regions_known = !device->regions_unknown[0];
	checker->accepted_known = !device->accepted_unknown[0];
	checker->available = device->extents_available;
	copy_text(checker->name, sizeof(checker->name),
		  device->memdev[0] ? device->memdev : device->address);
	list_each(region, &device->regions)
		*list_add(&checker->regions) = *region;
	copy_accepted(checker, device);
}

static void forget_device(struct checker *checker)
{
	free(checker->regions.items);
	memset(&checker->regions, 0, sizeof(checker->regions));
	ranges_free(&checker->accepted);
	recent_tags_free(&checker->accepted_tags);
	checker->regions_known = checker->accepted_known = false;
	checker->available = UNKNOWN;
	checker->name[0] = '\0';
}

void checker_update(struct checker *checker, const struct dc_device *device)
{
	forget_device(checker);
	if (device)
		copy_device(checker, device);
	if (!checker->name[0])
		copy_text(checker->name, sizeof(checker->name), "MEMDEV");
}

struct checker *checker_new(const struct dc_device *device)
{
	struct checker *checker = xcalloc(1, sizeof(*checker));

	checker_update(checker, device);
	return checker;
}

void checker_free(struct checker **checker)
{
	if (!*checker)
		return;
	forget_device(*checker);
	recent_ranges_free(&(*checker)->pending);
	recent_tags_free(&(*checker)->tags);
	free((*checker)->tagged.items);
	free(*checker);
	*checker = NULL;
}

/* ---- the verdict ---- */

static void check_room(struct checker *checker)
{
	uint64_t room = checker->available;

	list_each(extent, &checker->batch->extents) {
		if (!extent->acceptable)
			continue;
		if (room == UNKNOWN || room--)
			continue;
		checker_found(checker, TOO_MANY_EXTENTS, extent,
			      "is one more than the %" PRIu64 " that the device has room for",
			      checker->available);
		room = 0;
	}
}

/* What may be accepted becomes @acceptable. */
static void lower(struct batch *batch, int acceptable)
{
	list_each(extent, &batch->extents)
		if (extent->acceptable)
			extent->acceptable = acceptable;
}

static void settle(struct checker *checker)
{
	struct batch *batch = checker->batch;

	if (batch->shared == 1 && batch_has_acceptable(batch, 0))
		lower(batch, 0);
	else if (batch->shared == 1 && batch_has_acceptable(batch, -1))
		lower(batch, -1);
	if (checker->blocked || !checker->regions_known || !checker->accepted_known)
		lower(batch, -1);
}

static void check_offer(struct checker *checker)
{
	list_each(extent, &checker->batch->extents)
		check_offered(checker, extent);
	check_tags(checker);
	check_room(checker);
	settle(checker);
}

/* ---- other events ---- */

static void check_release(struct checker *checker)
{
	list_each(extent, &checker->batch->extents) {
		check_released(checker, extent);
		extent->acceptable = -1;
	}
}

/* A device may configure a region anew only while nothing of it is in use (CXL 3.1 9.13.3). */
static void check_region_updated(struct checker *checker)
{
	list_each(extent, &checker->batch->extents) {
		checker_found(checker, REGION_UPDATED, NULL, "region %d was configured anew",
			      extent->dc_region);
		list_each(region, &checker->regions)
			if (region->number == extent->dc_region)
				recent_ranges_remove(&checker->pending, region->base,
						     add_capped(region->base, region->decode_size));
	}
}

static void check_extents(struct checker *checker)
{
	switch (checker->batch->event) {
	case EXTENT_ADD:
		check_offer(checker);
		break;
	case EXTENT_RELEASE:
	case EXTENT_FORCED_RELEASE:
		check_release(checker);
		break;
	case EXTENT_REGION_UPDATED:
		check_region_updated(checker);
		break;
	}
}

void checker_batch(struct checker *checker, struct batch *batch, struct findings *findings,
		   struct prediction *prediction)
{
	checker->batch = batch;
	checker->batches++;
	checker->blocked = false;
	checker->found = 0;
	check_chain(checker);
	check_extents(checker);
	report_batch(checker, findings);
	if (prediction)
		predict(prediction, batch);
}

void checker_forget(struct checker *checker, const struct batch *batch)
{
	list_each(extent, &batch->extents) {
		recent_ranges_remove(&checker->pending, extent->start,
				     add_capped(extent->start, extent->size));
		if (extent->tag[0] && batch_is_offer(batch) && !batch->open)
			recent_tags_remove(&checker->tags, extent->tag);
	}
}

void check_batches(struct dc_device *device, struct findings *findings,
		   struct prediction *predictions)
{
	cleanup_checker struct checker *checker = checker_new(device);
	size_t i = 0;

	list_each(batch, &device->batches) {
		checker_batch(checker, batch, &findings[i], &predictions[i]);
		i++;
	}
}

/* ---- the device ---- */

static bool region_overlaps_other(const struct dc_device *device, const struct dc_region *region)
{
	list_each(other, &device->regions)
		if (other != region && ranges_overlap(region->base, region->decode_size,
						      other->base, other->decode_size))
			return true;
	return false;
}

static void check_configured(const struct dc_device *device, const struct dc_region *region,
			     struct findings *findings)
{
	struct finding *finding;

	if (region->base == UNKNOWN) /* Linux has it, and does not say where */
		return;
	if (dc_region_is_valid(region) && !region_overlaps_other(device, region))
		return;
	finding = device_finding(device, REGION_INVALID, findings);
	finding_evidence(finding,
			 "region %d, of 0x%" PRIx64 " bytes at 0x%" PRIx64
			 " in blocks of 0x%" PRIx64 ", %s",
			 region->number, region->size, region->base, region->block_size,
			 dc_region_is_valid(region) ? "overlaps another"
						    : "is none that there may be");
}

void check_device(const struct dc_device *device, struct findings *findings)
{
	if (device->lost && device->lost != UNKNOWN)
		finding_evidence(device_finding(device, LOG_OVERFLOW, findings),
				 "the log had no room for %" PRIu64 " records%s", device->lost,
				 device->lost >= 0xffff ? " or more" : "");
	if (device->incomplete)
		finding_evidence(device_finding(device, LOG_INCOMPLETE, findings),
				 "the log goes on behind what could be read of it");
	list_each(region, &device->regions)
		check_configured(device, region, findings);
}
