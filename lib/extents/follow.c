/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/follow.h"

#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

const char *const follow_kind_names[] = {
	[FOLLOW_PENDING] = "pending", [FOLLOW_ARRIVED] = "arrived", [FOLLOW_GREW] = "grew",
	[FOLLOW_CLOSED] = "closed",   [FOLLOW_GONE] = "gone",	    [FOLLOW_LOST] = "lost",
	[FOLLOW_AWAY] = "away",	      [FOLLOW_BACK] = "back",	    NULL,
};

struct follow {
	struct follow_sink sink;
	struct dc_device known;				/* its batches as they were told of last */
	bool read;					/* once at least */
	char reason[sizeof(((struct error *)0)->text)]; /* why it is away; "" */
};

struct follow *follow_new(const struct follow_sink *sink)
{
	struct follow *follow = xcalloc(1, sizeof(*follow));

	follow->sink = *sink;
	return follow;
}

void follow_free(struct follow **follow)
{
	if (*follow)
		record_free(&dc_device_record, &(*follow)->known);
	free(*follow);
	*follow = NULL;
}

static struct follow_event event_of(enum follow_kind kind, const struct dc_device *device)
{
	return (struct follow_event){
		.kind = kind,
		.memdev = device->memdev,
		.address = device->address,
		.serial = device->serial,
		.source = device->source,
		.lost = UNKNOWN,
		.accepted = UNKNOWN,
		.reason = "",
	};
}

static int tell(const struct follow *follow, const struct follow_event *event, struct error *err)
{
	return follow->sink.handler(follow->sink.context, event, err);
}

/* ---- which batch is which ---- */

static bool same_extent(const struct extent *a, const struct extent *b)
{
	return a->handle == b->handle && a->start == b->start && a->size == b->size &&
	       strcmp(a->tag, b->tag) == 0;
}

/* The first @count extents behind @from are those of @batch. */
static bool same_extents(const struct extent *from, const struct extent *batch, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!same_extent(&from[i], &batch[i]))
			return false;
	return true;
}

static bool same_batch(const struct batch *old, const struct batch *later)
{
	return old->number == later->number && old->timestamp == later->timestamp &&
	       old->event == later->event && old->extents.count <= later->extents.count &&
	       same_extents(old->extents.items, later->extents.items, old->extents.count);
}

/* Its first records were cleared already. */
static bool is_rest_of(const struct batch *old, const struct batch *later)
{
	size_t left = later->extents.count;

	return old->event == later->event && left && left < old->extents.count &&
	       same_extents(old->extents.items + old->extents.count - left, later->extents.items,
			    left);
}

static bool is_old(const struct batch *old, const struct batch *later)
{
	return same_batch(old, later) || is_rest_of(old, later);
}

static bool is_new(const struct batch *later, const struct batch *old)
{
	return is_old(old, later);
}

/*
 * The one that @match says is @batch. The order of a log does not change: one is behind the last that was
 * found, at @next, as long as nothing changes.
 */
static struct batch *find(const struct dc_device *device, const struct batch *batch,
			  bool (*match)(const struct batch *, const struct batch *), size_t *next)
{
	size_t count = device->batches.count;

	for (size_t i = 0; i < count; i++) {
		size_t at = (*next + i) % count;

		if (match(&device->batches.items[at], batch)) {
			*next = at + 1;
			return &device->batches.items[at];
		}
	}
	return NULL;
}

/* ---- what changed ---- */

static uint64_t overlap(const struct extent *a, const struct extent *b)
{
	uint64_t start = a->start > b->start ? a->start : b->start;
	uint64_t end_a = add_capped(a->start, a->size), end_b = add_capped(b->start, b->size);
	uint64_t end = end_a < end_b ? end_a : end_b;

	return end > start ? end - start : 0;
}

/* Accepted extents do not overlap each other. */
static uint64_t accepted_of(const struct dc_device *now, const struct batch *batch)
{
	uint64_t sum = 0;

	if (!batch_is_offer(batch) || now->accepted_unknown[0])
		return UNKNOWN;
	list_each(extent, &batch->extents)
		list_each(accepted, &now->accepted)
			sum = add_capped(sum, overlap(extent, accepted));
	return sum;
}

static int tell_gone(const struct follow *follow, const struct dc_device *now, struct error *err)
{
	static const struct findings none;
	size_t next = 0;
	int rc = 0;

	list_each(old, &follow->known.batches) {
		struct follow_event event = event_of(FOLLOW_GONE, now);

		if (rc || find(now, old, is_new, &next))
			continue;
		event.batch = old;
		event.findings = &none;
		event.accepted = accepted_of(now, old);
		rc = tell(follow, &event, err);
	}
	return rc;
}

/* The count starts anew when the log is cleared. */
static int tell_lost(const struct follow *follow, const struct dc_device *now, struct error *err)
{
	uint64_t before = follow->read && follow->known.lost != UNKNOWN ? follow->known.lost : 0;
	struct follow_event event = event_of(FOLLOW_LOST, now);

	if (now->lost == UNKNOWN || !now->lost || now->lost == before)
		return 0;
	event.lost = now->lost > before ? now->lost - before : now->lost;
	return tell(follow, &event, err);
}

/* -1: nothing to tell. */
static int change_of(const struct follow *follow, const struct batch *batch, size_t *next)
{
	struct batch *old = find(&follow->known, batch, is_old, next);

	if (!old)
		return follow->read ? FOLLOW_ARRIVED : FOLLOW_PENDING;
	if (old->open && !batch->open)
		return FOLLOW_CLOSED;
	return batch->extents.count > old->extents.count ? FOLLOW_GREW : -1;
}

static int tell_batches(const struct follow *follow, const struct dc_device *now,
			const struct findings *findings, const struct prediction *predictions,
			struct error *err)
{
	size_t next = 0;
	int rc = 0;

	for (size_t i = 0; i < now->batches.count && !rc; i++) {
		const struct batch *batch = &now->batches.items[i];
		int kind = change_of(follow, batch, &next);
		struct follow_event event = event_of(kind, now);

		if (kind < 0)
			continue;
		event.batch = batch;
		event.findings = &findings[i];
		event.prediction = batch_is_offer(batch) ? &predictions[i] : NULL;
		rc = tell(follow, &event, err);
	}
	return rc;
}

static int tell_checked(const struct follow *follow, struct dc_device *now, struct error *err)
{
	size_t count = now->batches.count;
	cleanup_free struct findings *findings = xcalloc(count + 1, sizeof(*findings));
	cleanup_free struct prediction *predictions = xcalloc(count + 1, sizeof(*predictions));
	int rc;

	check_batches(now, findings, predictions);
	rc = tell_batches(follow, now, findings, predictions, err);
	for (size_t i = 0; i < count; i++)
		findings_free(&findings[i]);
	return rc;
}

static int tell_back(struct follow *follow, const struct dc_device *now, struct error *err)
{
	struct follow_event event = event_of(FOLLOW_BACK, now);

	if (!follow->reason[0])
		return 0;
	follow->reason[0] = '\0';
	return tell(follow, &event, err);
}

/* A batch of which records were cleared already goes on being the one that was told of. */
static void keep_identities(struct follow *follow, struct dc_device *now)
{
	size_t next = 0;

	list_each(batch, &now->batches) {
		struct batch *old = find(&follow->known, batch, is_rest_of, &next), rest = *batch;

		if (!old)
			continue;
		*batch = *old;
		*old = rest;
	}
}

int follow_update(struct follow *follow, struct dc_device *now, struct error *err)
{
	int rc = tell_back(follow, now, err);

	if (!rc)
		rc = tell_gone(follow, now, err);
	if (!rc)
		rc = tell_lost(follow, now, err);
	if (!rc)
		rc = tell_checked(follow, now, err);
	keep_identities(follow, now);
	record_free(&dc_device_record, &follow->known);
	follow->known = *now;
	memset(now, 0, sizeof(*now));
	follow->read = true;
	return rc;
}

int follow_away(struct follow *follow, const struct dc_device *who, const char *reason,
		struct error *err)
{
	struct follow_event event = event_of(FOLLOW_AWAY, who);

	if (strcmp(follow->reason, reason) == 0)
		return 0;
	copy_text(follow->reason, sizeof(follow->reason), reason);
	event.reason = follow->reason;
	return tell(follow, &event, err);
}
