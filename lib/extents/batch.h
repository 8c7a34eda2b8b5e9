/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream of event records, made into batches. Records come in one by one, in the order of the
 * log; batches go out as soon as they are complete, so that a log of any length takes bounded
 * memory.
 *
 * The More flag of a record says that the next one belongs to it (CXL 3.1 table 8-50). A chain
 * ends early, as an open batch, where it can not go on:
 *  - before a record of another event or for another host. Nothing answers both, so they are never
 *    one batch. batch.mixed tells this from a chain that just has no end yet;
 *  - where the log says that records were lost in between.
 * Records of another kind than dynamic capacity are no part of any chain and skipped. An update of
 * a region's configuration is a batch with one extent, which has no size and names the region. It
 * ends a chain like any other event. A batch of EXTENT_EVENT_UNKNOWN has no extents.
 *
 * Where the source does not tell More, as the trace event of the kernel, a batch goes on for
 * records of the same event, host and tag, with successive handles, less than INFER_NS apart; it is
 * marked as inferred.
 */
#ifndef EXTENTS_BATCH_H
#define EXTENTS_BATCH_H

#include "extents/record.h"

/* Extents of a batch that are kept. Handles have 16 bits: a log can not hold a longer chain. */
#define BATCH_EXTENTS_MAX 65535

#define INFER_NS 1000000000ull

/*
 * What becomes of a batch. A callee that keeps it copies the struct and leaves @batch zeroed; what
 * is left is freed. Anything but 0 stops the stream and is returned to whoever fed it.
 */
typedef int batch_handler(void *context, struct batch *batch, struct error *err);

struct grouper;

/* Never fails; free with grouper_free(), which drops what was not flushed. */
struct grouper *grouper_new(batch_handler *handler, void *context);
void grouper_free(struct grouper **grouper);
#define cleanup_grouper __attribute__((cleanup(grouper_free)))

/* The next record. Returns 0, or what the handler returned. */
int grouper_add(struct grouper *grouper, const struct event_record *record, struct error *err);

/* All records of a page, with what its head says about lost ones. */
int grouper_add_page(struct grouper *grouper, const struct log_page *page, struct error *err);

/*
 * The stream is at its end: a chain that is still open goes out as an open batch. One with inferred
 * borders goes out closed, as nothing tells that it is not. The grouper may be fed again after.
 */
int grouper_flush(struct grouper *grouper, struct error *err);

/* The batch that is under way, NULL if there is none: for whoever shows what is not closed yet. */
const struct batch *grouper_open(const struct grouper *grouper);

/* Since the beginning. */
uint64_t grouper_records(const struct grouper *grouper);
uint64_t grouper_foreign(const struct grouper *grouper); /* of these, of another kind */

void batch_free(struct batch *batch);
#define cleanup_batch __attribute__((cleanup(batch_free)))

/* Bytes of all its extents, UINT64_MAX if they are more. */
uint64_t batch_size(const struct batch *batch);

/* An offer that the host has to answer. */
bool batch_is_offer(const struct batch *batch);

/*
 * The list of a device: a batch_handler that appends to the batches of the struct dc_device that is
 * its context.
 */
batch_handler batch_keep;

#endif
