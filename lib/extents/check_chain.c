/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/rules.h"

static bool has_handle(const struct extent *extent)
{
	return extent->handle >= 0 && extent->handle <= 0xffff;
}

/* @last is that of the record before; -1: there is none. */
static void check_handle(struct checker *checker, int handle, int last)
{
	uint8_t *byte = &checker->handles[handle / 8];
	uint8_t bit = (uint8_t)(1 << handle % 8);

	if (!handle)
		checker_found(checker, HANDLES_UNUSABLE, NULL, "handle 0 is no handle");
	else if (*byte & bit)
		checker_found(checker, HANDLES_UNUSABLE, NULL,
			      "handle %d stands for several of its records", handle);
	else if (last > 0 && handle != handle_after(last))
		checker_found(checker, RECORDS_MISSING, NULL,
			      "handle %d follows handle %d: what was between is not in the log",
			      handle, last);
	*byte |= bit;
}

static void check_handles(struct checker *checker)
{
	int last = -1;

	list_each(extent, &checker->batch->extents) {
		if (!has_handle(extent))
			continue;
		check_handle(checker, extent->handle, last);
		last = extent->handle;
	}
	list_each(extent, &checker->batch->extents)
		if (has_handle(extent))
			checker->handles[extent->handle / 8] = 0;
}

void check_chain(struct checker *checker)
{
	const struct batch *batch = checker->batch;

	if (batch->mixed)
		checker_found(
			checker, MIXED_EVENTS, NULL,
			"another event, or one for another host, comes before its closing record");
	else if (batch->open)
		checker_found(checker, CHAIN_OPEN, NULL, "its closing record is not in the log");
	if (batch->truncated)
		checker_found(checker, CHAIN_TOO_LONG, NULL, "it has more than %d records",
			      BATCH_EXTENTS_MAX);
	if (batch->inferred)
		checker_found(checker, BORDERS_INFERRED, NULL,
			      "the source does not tell where it ends: this is a guess");
	if (batch->event == EXTENT_EVENT_UNKNOWN)
		checker_found(checker, UNKNOWN_EVENT, NULL,
			      "its records have a type or a length that is not defined");
	check_handles(checker);
}
