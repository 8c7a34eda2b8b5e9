/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/batch.h"

#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

struct grouper {
	batch_handler *handler;
	void *context;
	struct batch batch; /* under way, if @open */
	bool open;
	struct event_record last; /* of that batch */
	uint64_t first_lost;	  /* the log lost records from then on; UNKNOWN: none, or no time */
	uint64_t records, foreign;
};

struct grouper *grouper_new(batch_handler *handler, void *context)
{
	struct grouper *grouper = xcalloc(1, sizeof(*grouper));

	grouper->handler = handler;
	grouper->context = context;
	grouper->first_lost = UNKNOWN;
	return grouper;
}

void grouper_free(struct grouper **grouper)
{
	if (*grouper)
		batch_free(&(*grouper)->batch);
	free(*grouper);
	*grouper = NULL;
}

/* The batch under way is over: @open if its end was not seen. */
static int finish(struct grouper *grouper, bool open, struct error *err)
{
	int rc;

	grouper->open = false;
	grouper->batch.open = open;
	rc = grouper->handler(grouper->context, &grouper->batch, err);
	batch_free(&grouper->batch);
	return rc;
}

static bool same_kind(const struct event_record *a, const struct event_record *b)
{
	return a->event == b->event && a->host == b->host;
}

/* A chain that began before records were lost can not go on behind them. */
static bool lost_between(const struct grouper *grouper, const struct event_record *next)
{
	uint64_t lost = grouper->first_lost, last = grouper->last.timestamp;

	return last <= lost && next->timestamp > lost && next->timestamp != UNKNOWN;
}

static bool near(uint64_t a, uint64_t b)
{
	if (a == UNKNOWN || b == UNKNOWN)
		return a == b;
	return (a < b ? b - a : a - b) < INFER_NS;
}

/* More is not told: does it look as if @next belonged to the batch? */
static bool infer_more(const struct event_record *last, const struct event_record *next)
{
	return memcmp(last->tag, next->tag, TAG_SIZE) == 0 &&
	       near(last->timestamp, next->timestamp) && next->handle == handle_after(last->handle);
}

/* Whether, and as what, the batch under way ends before @next. */
static int end_before(struct grouper *grouper, const struct event_record *next, struct error *err)
{
	if (grouper->last.more < 0) {
		if (same_kind(&grouper->last, next) && infer_more(&grouper->last, next))
			return 0;
		return finish(grouper, false, err);
	}
	if (!same_kind(&grouper->last, next)) {
		grouper->batch.mixed = true;
		return finish(grouper, true, err);
	}
	return lost_between(grouper, next) ? finish(grouper, true, err) : 0;
}

static void begin(struct grouper *grouper, const struct event_record *record)
{
	struct batch *batch = &grouper->batch;

	batch->number = record->handle;
	batch->event = record->event;
	batch->inferred = record->more < 0;
	batch->shared = -1;
	batch->host = record->host;
	batch->timestamp = record->timestamp;
	grouper->open = true;
}

static void keep(struct batch *batch, const struct event_record *record)
{
	if (batch->extents.count < BATCH_EXTENTS_MAX)
		event_record_extent(record, list_add(&batch->extents));
	else
		batch->truncated = true;
}

int grouper_add(struct grouper *grouper, const struct event_record *record, struct error *err)
{
	int rc = 0;

	grouper->records++;
	if (record->foreign) {
		grouper->foreign++;
		return 0;
	}
	if (grouper->open)
		rc = end_before(grouper, record, err);
	if (rc)
		return rc;
	if (!grouper->open)
		begin(grouper, record);
	if (record->event != EXTENT_EVENT_UNKNOWN)
		keep(&grouper->batch, record);
	grouper->last = *record;
	return record->more == 0 ? finish(grouper, false, err) : 0;
}

int grouper_add_page(struct grouper *grouper, const struct log_page *page, struct error *err)
{
	struct event_record record;
	int rc = 0;

	grouper->first_lost = page->first_lost;
	for (size_t i = 0; i < page->count && !rc; i++) {
		event_record_decode(&record, page->records + i * EVENT_RECORD_SIZE);
		rc = grouper_add(grouper, &record, err);
	}
	return rc;
}

int grouper_flush(struct grouper *grouper, struct error *err)
{
	return grouper->open ? finish(grouper, grouper->last.more > 0, err) : 0;
}

const struct batch *grouper_open(const struct grouper *grouper)
{
	return grouper->open ? &grouper->batch : NULL;
}

uint64_t grouper_records(const struct grouper *grouper)
{
	return grouper->records;
}

uint64_t grouper_foreign(const struct grouper *grouper)
{
	return grouper->foreign;
}

void batch_free(struct batch *batch)
{
	record_free(&batch_record, batch);
}

uint64_t batch_size(const struct batch *batch)
{
	uint64_t size = 0;

	list_each(extent, &batch->extents)
		size = add_capped(size, extent->size);
	return size;
}

bool batch_is_offer(const struct batch *batch)
{
	return batch->event == EXTENT_ADD;
}

int batch_keep(void *context, struct batch *batch, struct error *err)
{
	struct dc_device *device = context;

	(void)err;
	*(struct batch *)list_add(&device->batches) = *batch;
	memset(batch, 0, sizeof(*batch));
	return 0;
}
