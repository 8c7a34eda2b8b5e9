/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "extents/follow.h"
#include "sys/util.h"

#define SETTLE_MS (INFER_NS / 1000000)

/* A device that was heard of. */
struct traced {
	struct follow_trace *follow;
	struct trace_event who; /* without its record */
	struct grouper *grouper;
	uint64_t last; /* when its latest record came */
};

struct follow_trace {
	struct follow_sink sink;
	LIST(struct traced *) devices;
};

struct follow_trace *follow_trace_new(const struct follow_sink *sink)
{
	struct follow_trace *follow = xcalloc(1, sizeof(*follow));

	follow->sink = *sink;
	return follow;
}

void follow_trace_free(struct follow_trace **follow)
{
	if (!*follow)
		return;
	list_each(traced, &(*follow)->devices) {
		grouper_free(&(*traced)->grouper);
		free(*traced);
	}
	free((*follow)->devices.items);
	free(*follow);
	*follow = NULL;
}

static struct follow_event event_of(enum follow_kind kind, const struct traced *traced)
{
	return (struct follow_event){
		.kind = kind,
		.memdev = traced ? traced->who.memdev : "",
		.address = traced ? traced->who.address : "",
		.serial = traced ? traced->who.serial : UNKNOWN,
		.source = "trace",
		.lost = UNKNOWN,
		.accepted = UNKNOWN,
		.reason = "",
	};
}

/*
 * A batch is complete, as far as can be told. It is judged by itself: the kernel has answered earlier ones,
 * and nothing tells how.
 */
static int take(void *context, struct batch *batch, struct error *err)
{
	cleanup_checker struct checker *checker = checker_new(NULL);
	cleanup_findings struct findings findings = {0};
	struct traced *traced = context;
	struct follow_event event = event_of(FOLLOW_ARRIVED, traced);
	struct prediction prediction;

	checker_batch(checker, batch, &findings, &prediction);
	event.batch = batch;
	event.findings = &findings;
	event.prediction = batch_is_offer(batch) ? &prediction : NULL;
	return traced->follow->sink.handler(traced->follow->sink.context, &event, err);
}

static bool is_same(const struct trace_event *a, const struct trace_event *b)
{
	return strcmp(a->address, b->address) == 0 && strcmp(a->memdev, b->memdev) == 0 &&
	       a->serial == b->serial;
}

static struct traced *device_of(struct follow_trace *follow, const struct trace_event *event)
{
	struct traced *traced;

	list_each(at, &follow->devices)
		if (is_same(&(*at)->who, event))
			return *at;
	traced = xcalloc(1, sizeof(*traced));
	traced->follow = follow;
	traced->who = *event;
	traced->grouper = grouper_new(take, traced);
	*list_add(&follow->devices) = traced;
	return traced;
}

int follow_trace_add(struct follow_trace *follow, const struct trace_event *event, uint64_t now,
		     struct error *err)
{
	struct traced *traced = device_of(follow, event);

	traced->last = now;
	return grouper_add(traced->grouper, &event->record, err);
}

int follow_trace_flush(struct follow_trace *follow, struct error *err)
{
	int rc = 0;

	list_each(traced, &follow->devices)
		if (!rc)
			rc = grouper_flush((*traced)->grouper, err);
	return rc;
}

int follow_trace_lost(struct follow_trace *follow, uint64_t lost, struct error *err)
{
	struct follow_event event = event_of(FOLLOW_LOST, NULL);
	int rc = follow_trace_flush(follow, err);

	event.lost = lost;
	return rc ? rc : follow->sink.handler(follow->sink.context, &event, err);
}

int follow_trace_settle(struct follow_trace *follow, uint64_t now, int *again, struct error *err)
{
	int rc = 0;

	*again = -1;
	list_each(at, &follow->devices) {
		struct traced *traced = *at;
		uint64_t age = now - traced->last;

		if (rc || !grouper_open(traced->grouper))
			continue;
		if (age >= SETTLE_MS)
			rc = grouper_flush(traced->grouper, err);
		else if (*again < 0 || SETTLE_MS - age < (uint64_t)*again)
			*again = (int)(SETTLE_MS - age);
	}
	return rc;
}
