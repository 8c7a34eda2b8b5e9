/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dynamic capacity as the kernel traces it, in a tracefs instance of our own, cxl-iso.PID: the global
 * buffer and the instances of others are left alone. It goes when it is closed; what a process left
 * that was killed goes when the next one begins.
 */
#ifndef EXTENTS_TRACE_H
#define EXTENTS_TRACE_H

#include "extents/trace_decode.h"
#include "sys/error.h"
#include "sys/sys.h"

struct trace;

/* Whether the running kernel has the event. */
bool trace_is_there(const struct sys *sys);

/*
 * Begin to trace. -EOPNOTSUPP: tracefs is not mounted, or the kernel does not have the event; -EACCES:
 * needs root; all with a text.
 */
int trace_open(const struct sys *sys, struct trace **trace, struct error *err);
void trace_close(struct trace **trace);
#define cleanup_trace __attribute__((cleanup(trace_close)))

/* Readable, for poll(2), when there are events. */
int trace_descriptor(const struct trace *trace);

/*
 * Give all events that came since the last time to @handler, in the order of their time, and say how many
 * were overwritten before they were read. Does not wait. What @handler returns other than 0 stops,
 * and is returned.
 */
typedef int trace_handler(void *context, const struct trace_event *event, struct error *err);
int trace_read(struct trace *trace, trace_handler *handler, void *context, uint64_t *lost,
	       struct error *err);

#endif
