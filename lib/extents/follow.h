/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes in the logs of devices. Either a device's log is read again and again, or the kernel
 * traces its records; both make the same events.
 */
#ifndef EXTENTS_FOLLOW_H
#define EXTENTS_FOLLOW_H

#include "extents/check.h"
#include "extents/trace_decode.h"

enum follow_kind {
	FOLLOW_PENDING, /* a batch that was in the log when it was first read */
	FOLLOW_ARRIVED, /* a batch that is new */
	FOLLOW_GREW,	/* an open one has more extents */
	FOLLOW_CLOSED,	/* one that was open is complete */
	FOLLOW_GONE,	/* a batch is not in the log any more: it was answered, or cleared */
	FOLLOW_LOST,	/* records were lost: of the device's log, or of the trace */
	FOLLOW_AWAY,	/* the device can not be read */
	FOLLOW_BACK,	/* it can be read again */
};

extern const char *const follow_kind_names[];

struct follow_event {
	int kind;		   /* enum follow_kind */
	const char *memdev;	   /* mem1; "" if unknown, or none */
	const char *address;	   /* likewise */
	uint64_t serial;	   /* UNKNOWN */
	const char *source;	   /* mailbox, trace */
	const struct batch *batch; /* NULL unless it is about one, and so the next two */
	const struct findings *findings;
	const struct prediction *prediction; /* NULL of what is no offer */
	uint64_t lost;			     /* FOLLOW_LOST: records; UNKNOWN else */
	uint64_t accepted; /* FOLLOW_GONE of an offer: bytes of it that are accepted now; UNKNOWN */
	const char *reason; /* FOLLOW_AWAY; "" else */
};

/* Anything but 0 stops, and is returned. */
typedef int follow_handler(void *context, const struct follow_event *event, struct error *err);

struct follow_sink {
	follow_handler *handler;
	void *context;
};

/* ---- one device, by its log as it is read again and again ---- */

struct follow;

/* Never fails. */
struct follow *follow_new(const struct follow_sink *sink);
void follow_free(struct follow **follow);
#define cleanup_follow __attribute__((cleanup(follow_free)))

/*
 * The device as it is now. A batch is the same as one of before if handle and time of its first record
 * and its event are the same, and all its extents are still there; or if what is left of it are the
 * last extents of one of before, as while a log is being cleared. @now is the callee's (zeroed).
 */
int follow_update(struct follow *follow, struct dc_device *now, struct error *err);

/* It can not be read. Told once for each reason. @who says which device: memdev, address, serial. */
int follow_away(struct follow *follow, const struct dc_device *who, const char *reason,
		struct error *err);

/* ---- any number of devices, by the kernel's trace ---- */

struct follow_trace;

struct follow_trace *follow_trace_new(const struct follow_sink *sink);
void follow_trace_free(struct follow_trace **follow);
#define cleanup_follow_trace __attribute__((cleanup(follow_trace_free)))

/* The next traced record. @now is of now_ms(). */
int follow_trace_add(struct follow_trace *follow, const struct trace_event *event, uint64_t now,
		     struct error *err);

/* So many were lost; what is under way may lack some of them. */
int follow_trace_lost(struct follow_trace *follow, uint64_t lost, struct error *err);

/*
 * Nothing tells the end of a batch but that no more came for a while: batches whose last record is
 * INFER_NS old go out. Returns 0, or what the handler returned; @again is in how many milliseconds this
 * is to be called again, -1 if nothing is under way.
 */
int follow_trace_settle(struct follow_trace *follow, uint64_t now, int *again, struct error *err);

/* All that is under way goes out: the end. */
int follow_trace_flush(struct follow_trace *follow, struct error *err);

#endif
