/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of a checker share: rules.c has the table, check_*.c look. */
#ifndef EXTENTS_RULES_H
#define EXTENTS_RULES_H

#include "extents/check.h"
#include "extents/seen.h"

/* All that may be found in a batch, in the order in which it is told. */
/* clang-format off */
enum check {
	CHAIN_OPEN, CHAIN_TOO_LONG, MIXED_EVENTS, HANDLES_UNUSABLE, RECORDS_MISSING,
	BORDERS_INFERRED, UNKNOWN_EVENT, REGION_UPDATED, ZERO_LENGTH, WRAPS_AROUND,
	OUTSIDE_REGIONS, CROSSES_REGIONS, NOT_BLOCK_ALIGNED, NOT_MAPPABLE, OVERLAP_IN_BATCH,
	OVERLAP_PENDING, OVERLAP_ACCEPTED, TAG_SEEN, TAG_SPANS_REGIONS, SEQUENCE_NOT_DENSE,
	UNTAGGED, TOO_MANY_EXTENTS, RELEASE_NOT_ACCEPTED,
	CHECKS
};
/* clang-format on */

/* The same for the log and the device as a whole. */
enum device_check { LOG_OVERFLOW, LOG_INCOMPLETE, REGION_INVALID };

/* What one check found in a batch. */
struct hit {
	size_t count; /* of extents, or of what is of the batch as a whole */
	size_t run;   /* where the numbers up to last began; 0: no extent but the first */
	size_t last;
	char more[96];	/* "4-6, 8": numbers behind the first, without the last run */
	char fact[224]; /* of the first */
};

struct checker {
	LIST(struct dc_region) regions;
	struct ranges accepted;
	bool regions_known, accepted_known;
	char name[NAME_SIZE];
	uint64_t available; /* extents that the device has room for; UNKNOWN */
	struct recent_ranges pending;
	struct recent_tags tags;
	struct recent_tags accepted_tags;
	uint64_t batches; /* so far */

	/* Of the batch at hand. */
	struct batch *batch;
	struct hit hits[CHECKS];
	uint32_t found; /* a bit for each check; of these alone the hits count */
	bool blocked;	/* as a whole */
	LIST(struct extent *) tagged;
	uint8_t handles[65536 / 8];
};

/*
 * It is so of @extent, or of the batch as a whole if that is NULL; the text follows the extent's
 * name. What blocks makes the extent, or the whole batch, one that can not be accepted.
 */
void checker_found(struct checker *checker, enum check check, struct extent *extent,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Append the findings of the batch at hand. */
void report_batch(struct checker *checker, struct findings *findings);

/* The same of the device: the evidence is still missing. */
struct finding *device_finding(const struct dc_device *device, enum device_check check,
			       struct findings *findings);

/* What is looked for in the batch at hand. */
void check_chain(struct checker *checker);
void check_offered(struct checker *checker, struct extent *extent);
void check_released(struct checker *checker, struct extent *extent);
/* After all extents were looked at: what they are together. Sets whether the batch is shared. */
void check_tags(struct checker *checker);

#endif
