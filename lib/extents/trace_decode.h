/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trace event cxl:cxl_dynamic_capacity of kernels that handle dynamic capacity. No kernel.org release
 * has it: the series was posted from 2024 on, and its fields changed names. So each field is looked up
 * by all of its names, and one that is not there, or not of that kind, is unknown.
 */
#ifndef EXTENTS_TRACE_DECODE_H
#define EXTENTS_TRACE_DECODE_H

#include <traceevent/event-parse.h>

#include "extents/record.h"

struct trace_event {
	char memdev[NAME_SIZE];	 /* mem1; "" if it is not told */
	char address[NAME_SIZE]; /* of its PCI function, likewise */
	uint64_t serial;	 /* UNKNOWN */
	struct event_record record;
};

/*
 * Decode @size bytes as they are in the ring buffer, by the format of @event. Whatever they are, nothing
 * behind them is read. The event does not tell More: it is -1.
 */
void trace_decode(struct trace_event *out, struct tep_event *event, const void *data, size_t size);

#endif
