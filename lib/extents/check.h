/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a batch of extents, and what of it a host could accept. The table in check.c has
 * all findings; cxl-iso-list-extents(1) says what they mean.
 *
 * A checker is shown the batches of one device in the order of its log, and remembers of earlier
 * ones what later ones are held against: 65,536 ranges and tags at most, the oldest are forgotten.
 */
#ifndef EXTENTS_CHECK_H
#define EXTENTS_CHECK_H

#include "extents/batch.h"
#include "policy/findings.h"

/* What becomes of an offer. */
struct prediction {
	/*
	 * How many extents a host could accept: from the first on without a gap, and in all, with their
	 * bytes. -1 and UNKNOWN if something that decides it is not known.
	 */
	int leading, acceptable;
	uint64_t leading_size, acceptable_size;
	/* What an answer that takes the leading extents alone rejects; the device must offer it anew. */
	int lost;
	uint64_t lost_size;
	bool whole; /* shared capacity: all of it or nothing */
};

extern const struct record prediction_record;

struct checker;

/*
 * @device may be NULL: nothing is known of it. Else its regions, accepted extents and limits are
 * copied. Never fails.
 */
struct checker *checker_new(const struct dc_device *device);
void checker_free(struct checker **checker);
#define cleanup_checker __attribute__((cleanup(checker_free)))

/* The same device was read anew: only what is remembered of pending batches stays. */
void checker_update(struct checker *checker, const struct dc_device *device);

/*
 * Look at the next batch of the log. Sets its shared and the dc_region and acceptable of its
 * extents, appends what is wrong to @findings - at most one of each id, which names all extents
 * concerned - and says what becomes of it in @prediction (may be NULL).
 */
void checker_batch(struct checker *checker, struct batch *batch, struct findings *findings,
		   struct prediction *prediction);

/* What is wrong with the log and the configuration as a whole: log-overflow, region-invalid. */
void check_device(const struct dc_device *device, struct findings *findings);

/* All of it, for a device with its batches: one entry of @findings and @predictions for each. */
void check_batches(struct dc_device *device, struct findings *findings,
		   struct prediction *predictions);

/* "a host could accept extents 1-3 of 5, ...": one sentence for people. */
void prediction_format(char *out, size_t size, const struct batch *batch,
		       const struct prediction *prediction);

/* The number of the region that all of [start, start + size) lies in, -1 if there is none. */
int dc_region_of(const struct dc_device *device, uint64_t start, uint64_t size);

/* Sets the dc_region of all accepted extents. */
void place_accepted(struct dc_device *device);

#endif
