/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answer a batch of offered extents, give extents back, and take records off the event log.
 *
 * Add Dynamic Capacity Response (CXL 3.1 8.2.9.9.9.3) does not name the batch: the device takes it for
 * its oldest. So right before it is sent the log must still be what it was, and the journal says that
 * it is about to be sent: an answer is never sent twice.
 */
#include "exec/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collect/collect.h"
#include "extents/accept.h"
#include "extents/commands.h"
#include "extents/lost.h"
#include "policy/answer.h"
#include "sys/util.h"

/* A device as it was read anew. */
struct fresh {
	struct dc_device device;
};

static void fresh_free(struct fresh *fresh)
{
	record_free(&dc_device_record, &fresh->device);
}
#define cleanup_fresh __attribute__((cleanup(fresh_free)))

static const struct dc_device *device_before(const struct engine *engine, const struct step *step)
{
	return host_dc_device_at(engine->before, step->object);
}

/* A kernel without CONFIG_IO_STRICT_DEVMEM lets us go on when a driver comes, while somebody is asked. */
static int refuse_driver(const struct engine *engine, const struct step *step, struct error *err)
{
	if (strcmp(engine->transport->source, "mailbox") != 0 ||
	    !sys_exists(engine->sys, "/sys/bus/pci/devices/%s/driver", step->object))
		return 0;
	return fail(err, -EBUSY, "%s has got a driver meanwhile, and its mailbox is that one's",
		    step->object);
}

/* Or an error: what could not be read can not be compared. The log may go on behind the batch. */
static int read_fresh(struct engine *engine, const struct step *step, struct fresh *fresh,
		      struct error *err)
{
	struct dc_device *device = &fresh->device;
	int rc;

	if (!device_before(engine, step))
		return fail(err, -EINVAL, "nothing is known of the extents of %s", step->object);
	rc = refuse_driver(engine, step, err);
	if (rc)
		return rc;
	copy_text(device->address, sizeof(device->address), step->object);
	rc = dc_read_device(engine->transport, NULL, device, err);
	if (rc)
		return rc;
	if (device->accepted_unknown[0])
		return fail(err, -EIO, "the accepted extents of %s are unknown: %s", step->object,
			    device->accepted_unknown);
	if (device->batches_unknown[0])
		return fail(err, -EIO, "the pending batches of %s are unknown: %s", step->object,
			    device->batches_unknown);
	return 0;
}

static struct pieces planned(const struct engine *engine)
{
	return (struct pieces){{engine->journal->pieces.items, engine->journal->pieces.count}};
}

static uint64_t planned_size(const struct engine *engine)
{
	const struct pieces pieces = planned(engine);

	return pieces_size(&pieces);
}

static bool covers(const struct dc_device *device, const struct extent *piece)
{
	return extents_cover(device->accepted.items, device->accepted.count, piece->start,
			     piece->size) == piece->size;
}

static uint64_t planned_accepted(const struct engine *engine, const struct dc_device *device)
{
	uint64_t size = 0;

	list_each(piece, &engine->journal->pieces)
		size = add_capped(size,
				  extents_cover(device->accepted.items, device->accepted.count,
						piece->start, piece->size));
	return size;
}

static uint64_t size_of(const struct dc_device *device)
{
	const struct pieces all = {{device->accepted.items, device->accepted.count}};

	return pieces_size(&all);
}

/* ---- records ---- */

struct handles {
	LIST(uint16_t) list;
};

static void handles_free(struct handles *handles)
{
	free(handles->list.items);
}
#define cleanup_handles __attribute__((cleanup(handles_free)))

struct logged {
	const struct extent *extent; /* NULL: a record that has none */
	int handle;
	uint64_t timestamp; /* known of the first record of a batch only */
};

/* Records of the log, one after the other; they point into the device. */
struct records {
	LIST(struct logged) list;
};

static void records_free(struct records *records)
{
	free(records->list.items);
}
#define cleanup_records __attribute__((cleanup(records_free)))

static void add_records(struct records *records, const struct batch *batch)
{
	list_each(extent, &batch->extents)
		*list_add(&records->list) = (struct logged){extent, extent->handle, UNKNOWN};
	if (!batch->extents.count)
		*list_add(&records->list) = (struct logged){NULL, batch->number, UNKNOWN};
}

#define ALL UINT64_MAX /* no batch has that number */

/* Up to the end of the batch of that number. */
static struct records records_up_to(const struct dc_device *device, uint64_t last)
{
	struct records records = {0};

	list_each(batch, &device->batches) {
		size_t first = records.list.count;

		add_records(&records, batch);
		records.list.items[first].timestamp = batch->timestamp;
		if ((uint64_t)batch->number == last)
			break;
	}
	return records;
}

/* Handles alone are not enough: a device gives them out anew. */
static bool same_extent(const struct extent *a, const struct extent *b)
{
	return a->handle == b->handle && a->start == b->start && a->size == b->size &&
	       a->sequence == b->sequence && strcmp(a->tag, b->tag) == 0;
}

static bool same_record(const struct logged *a, const struct logged *b)
{
	bool dated = a->timestamp != UNKNOWN && b->timestamp != UNKNOWN;

	if (a->handle != b->handle || (dated && a->timestamp != b->timestamp))
		return false;
	return a->extent && b->extent ? same_extent(a->extent, b->extent) : a->extent == b->extent;
}

static bool has_record(const struct records *records, const struct logged *wanted)
{
	list_each(record, &records->list)
		if (same_record(record, wanted))
			return true;
	return false;
}

/* ---- before anything is sent ---- */

static bool same_batch(const struct batch *a, const struct batch *b)
{
	if (a->number != b->number || a->event != b->event || a->open != b->open ||
	    a->timestamp != b->timestamp || a->extents.count != b->extents.count)
		return false;
	for (size_t i = 0; i < a->extents.count; i++)
		if (!same_extent(&a->extents.items[i], &b->extents.items[i]))
			return false;
	return true;
}

/* The log begins with the same batches, up to and with the one that is meant. */
static bool same_log(const struct dc_device *before, const struct dc_device *now, uint64_t number)
{
	for (size_t i = 0; i < before->batches.count && i < now->batches.count; i++) {
		if (!same_batch(&before->batches.items[i], &now->batches.items[i]))
			return false;
		if ((uint64_t)before->batches.items[i].number == number)
			return true;
	}
	return false;
}

static bool same_accepted(const struct dc_device *before, const struct dc_device *now)
{
	list_each(extent, &before->accepted)
		if (!covers(now, extent))
			return false;
	return size_of(before) == size_of(now);
}

static int refuse_changed(const struct engine *engine, const struct step *step,
			  const struct dc_device *now, struct error *err)
{
	const struct dc_device *before = device_before(engine, step);

	if (same_accepted(before, now) && same_log(before, now, step->value))
		return 0;
	fail(err, -EBUSY, "%s is not as it was when this was planned: nothing was sent",
	     step->object);
	hint(err, "look at it again: cxl-iso list-extents %s", step->object);
	return -EBUSY;
}

/* ---- what is sent, and whether it was ---- */

static int note_sent(struct engine *engine, enum sent sent, struct error *err)
{
	engine->journal->sent = (int)sent;
	return journal_save(engine->sys, engine->journal, err);
}

typedef int send_fn(struct transport *transport, const struct piece *pieces, size_t count,
		    bool *sent, struct error *err);

static int send_pieces(struct transport *transport, send_fn *send, const struct pieces *pieces,
		       bool *sent, struct error *err)
{
	cleanup_free struct piece *list = xcalloc(pieces->list.count + 1, sizeof(*list));

	for (size_t i = 0; i < pieces->list.count; i++)
		list[i] = (struct piece){pieces->list.items[i].start, pieces->list.items[i].size};
	return send(transport, list, pieces->list.count, sent, err);
}

static int count_payload(void *context, uint16_t opcode, const void *payload, size_t size,
			 struct error *err)
{
	(void)opcode;
	(void)payload;
	(void)size;
	(void)err;
	++*(size_t *)context;
	return 0;
}

/* Of several messages the first ones may have been taken, and others not. */
static bool is_one_message(const struct engine *engine, size_t count)
{
	cleanup_free struct piece *list = xcalloc(count + 1, sizeof(*list));
	size_t messages = 0;

	dc_payloads(list, count, engine->transport->payload_max, count_payload, &messages, NULL);
	return messages == 1;
}

/* By a return code: a device that says no has changed nothing. */
static bool was_refused(int rc)
{
	return rc == -EOPNOTSUPP || rc == -EINVAL || rc == -ENXIO || rc == -ENOSPC || rc == -EBUSY;
}

/* Whether what became of it can be noted or not, what follows is the same. */
static int send_once(struct engine *engine, send_fn *send, const struct pieces *pieces,
		     struct error *err)
{
	bool sent = false;
	int rc = note_sent(engine, SENT_MAYBE, err);

	if (rc) {
		engine->journal->sent = SENT_NO;
		return rc;
	}
	rc = send_pieces(engine->transport, send, pieces, &sent, err);
	if (!rc)
		note_sent(engine, SENT_YES, NULL);
	else if (!sent || (was_refused(rc) && is_one_message(engine, pieces->list.count)))
		note_sent(engine, SENT_NO, NULL);
	return rc;
}

/* ---- the answer ---- */

static int fail_missing(const struct engine *engine, const struct step *step,
			const struct dc_device *now, struct error *err)
{
	char wanted[16], got[16];

	fail(err, -EIO, "%s was answered, but has accepted %s of %s", step->object,
	     human_size(got, planned_accepted(engine, now)),
	     human_size(wanted, planned_size(engine)));
	hint(err,
	     "cxl-iso list-extents %s shows what it has; if it was reset since: cxl-iso "
	     "respond-extents %s --forget",
	     step->object, step->object);
	return -EIO;
}

static bool tags_match(const struct engine *engine, const struct dc_device *now)
{
	list_each(piece, &engine->journal->pieces)
		list_each(extent, &now->accepted)
			if (ranges_overlap(piece->start, piece->size, extent->start,
					   extent->size) &&
			    strcmp(piece->tag, extent->tag) != 0)
				return false;
	return true;
}

/* Somebody may have taken other extents in between, if there was a time in between. */
static int check_nothing_else(const struct engine *engine, const struct step *step,
			      const struct dc_device *now, struct error *err)
{
	const struct dc_device *before = device_before(engine, step);
	uint64_t expected = add_capped(size_of(before), planned_size(engine));
	char wanted[16], got[16];

	if (!engine->resumed && size_of(now) != expected)
		return fail(err, -EIO, "%s was answered, and now has %s accepted instead of %s",
			    step->object, human_size(got, size_of(now)),
			    human_size(wanted, expected));
	if (!tags_match(engine, now))
		return fail(err, -EIO, "%s accepted extents under other tags than it offered them",
			    step->object);
	return 0;
}

static int check_answer(struct engine *engine, const struct step *step, struct error *err)
{
	cleanup_fresh struct fresh now = {0};
	int rc = read_fresh(engine, step, &now, err);

	if (rc)
		return rc;
	list_each(piece, &engine->journal->pieces)
		if (!covers(&now.device, piece))
			return fail_missing(engine, step, &now.device, err);
	return check_nothing_else(engine, step, &now.device, err);
}

static int fail_unknown(const struct step *step, struct error *err)
{
	fail(err, -EIO,
	     "answer-unknown: whether the answer to batch %" PRIu64 " was sent is not known",
	     step->value);
	hint(err,
	     "to take it as sent, and clear the records of the batch: cxl-iso respond-extents %s "
	     "--resume --force=answer-unknown; to leave all as it is: --forget",
	     step->object);
	return -EIO;
}

/* What was accepted may have been taken back, and be on offer anew: then that it is not tells nothing. */
static bool touched_since(const struct engine *engine, const struct step *step,
			  const struct dc_device *now)
{
	bool later = false;

	if (now->lost && now->lost != UNKNOWN && now->lost != device_before(engine, step)->lost)
		return true;
	list_each(batch, &now->batches) {
		list_each(extent, &batch->extents)
			list_each(piece, &engine->journal->pieces)
				if (later && ranges_overlap(piece->start, piece->size,
							    extent->start, extent->size))
					return true;
		later = later || (uint64_t)batch->number == step->value;
	}
	return false;
}

/*
 * We were killed while it was sent. What is accepted proves that it was; that nothing is, of an answer
 * of one message, that it was not. Of a refusal nothing is to be seen.
 */
static int find_out(struct engine *engine, const struct step *step, bool *done, struct error *err)
{
	cleanup_fresh struct fresh now = {0};
	uint64_t all = planned_size(engine), accepted;
	int rc = all ? read_fresh(engine, step, &now, err) : fail_unknown(step, err);

	if (rc)
		return rc;
	accepted = planned_accepted(engine, &now.device);
	*done = accepted == all;
	if (*done)
		return note_sent(engine, SENT_YES, err);
	if (accepted || !is_one_message(engine, engine->journal->pieces.count) ||
	    touched_since(engine, step, &now.device))
		return fail_unknown(step, err);
	return note_sent(engine, SENT_NO, err);
}

static int observe_answer(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	*done = false;
	switch ((enum sent)engine->journal->sent) {
	case SENT_NO:
		return 0;
	case SENT_MAYBE:
		return find_out(engine, step, done, err);
	case SENT_YES:
		break;
	}
	*done = true;
	return check_answer(engine, step, err);
}

static int act_answer(struct engine *engine, const struct step *step, struct error *err)
{
	const struct pieces pieces = planned(engine);
	cleanup_fresh struct fresh now = {0};
	int rc = read_fresh(engine, step, &now, err);

	if (!rc)
		rc = refuse_changed(engine, step, &now.device, err);
	if (!rc)
		rc = send_once(engine, dc_respond, &pieces, err);
	/* Only what is of the oldest batch is accepted: nothing older is pending. */
	if (!rc && engine->journal->pieces.count)
		lost_forget(engine->sys, step->object, NULL);
	return rc;
}

const struct step_ops step_answer_batch = {observe_answer, act_answer};

/* ---- release ---- */

static int observe_release(struct engine *engine, const struct step *step, bool *done,
			   struct error *err)
{
	cleanup_fresh struct fresh now = {0};
	int rc = read_fresh(engine, step, &now, err);

	*done = !rc && planned_accepted(engine, &now.device) == 0;
	return rc;
}

/* It may have got users since it was planned, and what is given back is anybody's. */
static int refuse_used(struct engine *engine, const struct dc_device *now,
		       const struct pieces *pieces, struct error *err)
{
	const struct release release = {.device = now, .pieces = pieces};
	cleanup_findings struct findings findings = {0};
	cleanup_host struct host host = {0};
	const struct finding *refusal;
	int rc = collect_host(engine->sys, &host, err);

	if (rc)
		return rc;
	assess_release(&host, &release, NULL, &findings);
	refusal = findings_refusal(&findings);
	if (!refusal)
		return 0;
	fail(err, -EBUSY, "%s: %s", refusal->id, refusal->evidence);
	hint(err, "%s", refusal->fix);
	return -EBUSY;
}

static int check_release(struct engine *engine, const struct step *step, uint64_t expected,
			 struct error *err)
{
	cleanup_fresh struct fresh now = {0};
	int rc = read_fresh(engine, step, &now, err);
	char wanted[16], got[16];

	if (!rc && size_of(&now.device) != expected)
		rc = fail(err, -EIO,
			  "%s was given extents back, and now has %s accepted instead of %s",
			  step->object, human_size(got, size_of(&now.device)),
			  human_size(wanted, expected));
	return rc;
}

/* What of it is still accepted: some may have been released before we were cut short. */
static int act_release(struct engine *engine, const struct step *step, struct error *err)
{
	cleanup_fresh struct fresh now = {0};
	cleanup_pieces struct pieces left = {0};
	int rc = read_fresh(engine, step, &now, err);

	if (rc)
		return rc;
	list_each(piece, &engine->journal->pieces)
		pieces_add_accepted(&left, &now.device, piece->start, piece->size);
	if (!left.list.count)
		return 0; /* meanwhile; and of an empty list nothing is said of what it means */
	rc = refuse_used(engine, &now.device, &left, err);
	if (!rc)
		rc = send_once(engine, dc_release, &left, err);
	return rc ? rc
		  : check_release(engine, step, size_of(&now.device) - pieces_size(&left), err);
}

const struct step_ops step_release_extents = {observe_release, act_release};

/* ---- the log ---- */

/* The log may lose what is noted of lost records when it is cleared. */
static int keep_note(struct engine *engine, const struct step *step, const struct dc_device *now,
		     struct error *err)
{
	if (!now->lost || now->lost == UNKNOWN)
		return 0;
	return lost_note(engine->sys, step->object, err);
}

static int observe_clear(struct engine *engine, const struct step *step, bool *done,
			 struct error *err)
{
	cleanup_records struct records planned_records = {0}, left = {0};
	cleanup_fresh struct fresh now = {0};
	int rc = read_fresh(engine, step, &now, err);

	if (rc)
		return rc;
	planned_records = records_up_to(device_before(engine, step), step->value);
	left = records_up_to(&now.device, ALL);
	*done = true;
	list_each(record, &planned_records.list)
		*done = *done && !has_record(&left, record);
	return 0;
}

/* Those that the log begins with, and that are to go. */
static int choose_handles(const struct engine *engine, const struct step *step,
			  const struct dc_device *now, struct handles *handles, struct error *err)
{
	const struct dc_device *before = device_before(engine, step);
	cleanup_records struct records planned_records = records_up_to(before, step->value);
	cleanup_records struct records there = records_up_to(now, ALL);

	list_each(record, &there.list) {
		if (!has_record(&planned_records, record))
			break;
		*list_add(&handles->list) = (uint16_t)record->handle;
	}
	if (handles->list.count)
		return 0;
	fail(err, -EBUSY, "the log of %s begins with records that were not there before",
	     step->object);
	hint(err,
	     "the device was reset, or somebody else cleared its log: cxl-iso list-extents %s "
	     "shows it; to leave all as it is: --forget",
	     step->object);
	return -EBUSY;
}

static int act_clear(struct engine *engine, const struct step *step, struct error *err)
{
	cleanup_handles struct handles handles = {0};
	cleanup_fresh struct fresh now = {0};
	int rc = read_fresh(engine, step, &now, err);

	if (!rc)
		rc = choose_handles(engine, step, &now.device, &handles, err);
	if (!rc)
		rc = keep_note(engine, step, &now.device, err);
	return rc ? rc : dc_clear(engine->transport, handles.list.items, handles.list.count, err);
}

const struct step_ops step_clear_records = {observe_clear, act_clear};
