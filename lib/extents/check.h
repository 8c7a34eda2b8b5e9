/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a batch of extents, and what of it a host could accept. The table in rules.c
 * has all findings; cxl-iso-list-extents(1) says what they mean.
 *
 * A checker is shown the batches of one device in the order of its log, and remembers of earlier
 * ones what later ones are held against: 65,536 ranges and tags at most, the oldest are forgotten.
 */
#ifndef EXTENTS_CHECK_H
#define EXTENTS_CHECK_H

#include "extents/batch.h"
#include "extents/predict.h"
#include "policy/findings.h"

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

/* A batch was answered, or its records were cleared: nothing is held against it any more. */
void checker_forget(struct checker *checker, const struct batch *batch);

/* What is wrong with the log and the regions as a whole, apart from any batch. */
void check_device(const struct dc_device *device, struct findings *findings);

/* All batches of a device, each with its own of the zeroed @findings and of the @predictions. */
void check_batches(struct dc_device *device, struct findings *findings,
		   struct prediction *predictions);

#endif
