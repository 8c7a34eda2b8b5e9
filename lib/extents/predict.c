/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/predict.h"

#include <stdio.h>
#include <string.h>

#include "extents/batch.h"
#include "sys/util.h"

/* clang-format off */
const struct record prediction_record = { sizeof(struct prediction), (const struct field[]){
	INT(struct prediction, leading),
	INT(struct prediction, acceptable),
	SIZE(struct prediction, leading_size),
	SIZE(struct prediction, acceptable_size),
	INT(struct prediction, lost),
	SIZE(struct prediction, lost_size),
	BOOL(struct prediction, whole),
	{} } };
/* clang-format on */

bool batch_has_acceptable(const struct batch *batch, int acceptable)
{
	list_each(extent, &batch->extents)
		if (extent->acceptable == acceptable)
			return true;
	return false;
}

static const struct prediction nothing_known = {
	.leading = -1,
	.acceptable = -1,
	.leading_size = UNKNOWN,
	.acceptable_size = UNKNOWN,
	.lost = -1,
	.lost_size = UNKNOWN,
};

/* From the first on without a gap; unknown if the first that is none of them may be one. */
static void predict_leading(struct prediction *prediction, const struct batch *batch)
{
	uint64_t size = 0, lost = 0;
	int count = 0;

	list_each(extent, &batch->extents) {
		if (count == extent - batch->extents.items && extent->acceptable < 0)
			return;
		if (count == extent - batch->extents.items && extent->acceptable) {
			count++;
			size = add_capped(size, extent->size);
		} else {
			lost = add_capped(lost, extent->size);
		}
	}
	prediction->leading = count;
	prediction->leading_size = size;
	prediction->lost = (int)batch->extents.count - count;
	prediction->lost_size = lost;
}

void predict(struct prediction *prediction, const struct batch *batch)
{
	uint64_t size = 0;
	int count = 0;

	*prediction = nothing_known;
	if (!batch_is_offer(batch))
		return;
	prediction->whole = batch->shared == 1;
	predict_leading(prediction, batch);
	if (batch_has_acceptable(batch, -1))
		return;
	list_each(extent, &batch->extents) {
		count += extent->acceptable;
		size = add_capped(size, extent->acceptable ? extent->size : 0);
	}
	prediction->acceptable = count;
	prediction->acceptable_size = size;
}

/* ---- in words ---- */

/* "extent 1", "all 3 extents", "2 of 5 extents" */
static void format_count(char out[64], int count, int all)
{
	if (all == 1)
		snprintf(out, 64, "%s", count ? "the extent" : "no extent");
	else if (count == all)
		snprintf(out, 64, "all %d extents", all);
	else if (count)
		snprintf(out, 64, "%d of %d extents", count, all);
	else
		snprintf(out, 64, "none of %d extents", all);
}

/* What an answer that is as good as can be leaves out. */
static void append_lost(char *out, size_t size, const struct batch *batch,
			const struct prediction *prediction)
{
	size_t used = strlen(out);
	int behind = prediction->acceptable - prediction->leading;
	uint64_t all = batch_size(batch);
	char text[16];

	if (prediction->acceptable == (int)batch->extents.count)
		return;
	human_size(text, all - prediction->acceptable_size);
	if (prediction->whole)
		snprintf(out + used, size - used, ": shared capacity goes all or nothing");
	else if (behind && prediction->leading)
		snprintf(out + used, size - used,
			 "; only the first %d without a gap; an answer gives up the other %s",
			 prediction->leading, text);
	else
		snprintf(out + used, size - used, "; an answer gives up %s%s",
			 prediction->acceptable ? "the other " : "", text);
}

void prediction_format(char *out, size_t size, const struct batch *batch,
		       const struct prediction *prediction)
{
	char count[64], bytes[16];

	out[0] = '\0';
	if (!batch_is_offer(batch))
		return;
	if (prediction->acceptable < 0) {
		snprintf(out, size, "what a host could accept is unknown%s",
			 batch->open ? " until the batch is closed" : "");
		return;
	}
	format_count(count, prediction->acceptable, (int)batch->extents.count);
	if (prediction->acceptable)
		snprintf(out, size, "a host could accept %s, %s%s", count,
			 human_size(bytes, prediction->acceptable_size),
			 prediction->whole ? ", together" : "");
	else
		snprintf(out, size, "a host could accept %s", count);
	append_lost(out, size, batch, prediction);
}
