/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/rules.h"

static int handle_after(int handle)
{
	return handle == 0xffff ? 1 : handle + 1;
}

static void check_handles(struct checker *checker)
{
	int last = -1;

	list_each(extent, &checker->batch->extents) {
		int handle = extent->handle;
		uint8_t bit = (uint8_t)(1 << handle % 8);

		if (handle < 0 || handle > 0xffff)
			continue;
		if (!handle || checker->handles[handle / 8] & bit)
			checker_found(checker, HANDLES_UNUSABLE, NULL, "handle %d %s", handle,
				      handle ? "stands for several of its records"
					     : "is no handle");
		else if (last > 0 && handle != handle_after(last))
			checker_found(
				checker, RECORDS_MISSING, NULL,
				"handle %d follows handle %d: what was between is not in the log",
				handle, last);
		checker->handles[handle / 8] |= bit;
		last = handle;
	}
	list_each(extent, &checker->batch->extents)
		if (extent->handle >= 0 && extent->handle <= 0xffff)
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
