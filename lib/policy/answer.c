/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "extents/check.h"
#include "policy/rules.h"
#include "sys/util.h"

const char *const answer_rules[] = {"open-batch", "answer-unknown", "older-records", "records-lost",
				    NULL};
const char *const release_rules[] = {"older-records", NULL};

/* What is judged: a batch of a device, and what is taken of it or given back. */
struct judging {
	struct subject subject;
	const struct dc_device *device;
	const struct batch *batch;
	const struct pieces *pieces;
};

static struct finding *refuse(const struct judging *j, const char *id)
{
	return blocks(&j->subject, id, j->device->address);
}

static struct finding *refuse_unless_forced(const struct judging *j, const char *id)
{
	struct finding *finding = refuse(j, id);

	finding->overridden = forced(&j->subject, id);
	return finding;
}

/* ---- what both need: the device as it is, and nobody else who talks to it ---- */

static void check_driver(const struct judging *j)
{
	struct finding *finding;

	if (strcmp(j->device->source, "mailbox") == 0 || strcmp(j->device->source, "raw") == 0)
		return;
	finding = refuse(j, "driver-handles");
	finding_evidence(finding,
			 "the kernel handles the dynamic capacity of %s itself, and would not "
			 "know of an answer that it did not give",
			 j->device->memdev);
	finding_fix(finding, "use what the kernel offers: daxctl, and dax devices made of extents");
}

static void check_known(const struct judging *j, const char *id, const char *what,
			const char *unknown)
{
	struct finding *finding;

	if (!unknown[0])
		return;
	finding = refuse(j, id);
	finding_evidence(finding, "%s of %s are unknown: %s", what, j->device->address, unknown);
	finding_fix(finding,
		    "what has to be checked before and after can not be: see "
		    "cxl-iso list-extents %s",
		    j->device->address);
}

static void check_source(const struct judging *j)
{
	check_driver(j);
	check_known(j, "regions-unknown", "the regions", j->device->regions_unknown);
	check_known(j, "accepted-unknown", "the accepted extents", j->device->accepted_unknown);
	check_known(j, "batches-unknown", "the pending batches", j->device->batches_unknown);
}

/* ---- the log ---- */

/* What is behind a batch whose end was seen is not part of it, and shows once that is cleared. */
static void check_log(const struct judging *j)
{
	struct finding *finding;

	if (!j->device->incomplete || !j->batch->open)
		return;
	finding = refuse(j, "log-incomplete");
	finding_evidence(finding,
			 "the end of batch %d may be where the log of %s goes on behind what could "
			 "be read of it",
			 j->batch->number, j->device->address);
	finding_fix(finding, "a driver that handles dynamic capacity takes such batches; or have "
			     "smaller ones offered");
}

static void check_whole(const struct judging *j)
{
	struct finding *finding;

	if (!j->batch->truncated && !j->batch->inferred)
		return;
	finding = refuse(j, "batch-unknown");
	finding_evidence(finding, "not all records of batch %d are known", j->batch->number);
	finding_fix(finding, "what is not known can not be answered");
}

static bool has_unusable_handle(const struct batch *batch)
{
	list_each(extent, &batch->extents)
		if (extent->handle <= 0)
			return true;
	return batch->number <= 0;
}

/* CXL 3.1 8.2.9.2.1: 0 is the handle of no record, so that it can neither be told apart nor cleared. */
static void check_handles(const struct judging *j)
{
	list_each(batch, &j->device->batches) {
		struct finding *finding;

		if (has_unusable_handle(batch)) {
			finding = refuse(j, "handles-unusable");
			finding_evidence(finding, "a record of batch %d has no handle",
					 batch->number);
			finding_fix(finding, "have the device repaired: such records can not be "
					     "cleared");
		}
		if (batch == j->batch)
			break;
	}
}

static const struct batch *older_offer(const struct judging *j)
{
	list_each(batch, &j->device->batches) {
		if (batch == j->batch)
			break;
		if (batch->event == EXTENT_ADD)
			return batch;
	}
	return NULL;
}

static void check_oldest(const struct judging *j)
{
	const struct batch *older = older_offer(j);
	struct finding *finding;

	if (!older)
		return;
	finding = refuse(j, "not-oldest");
	finding_evidence(finding,
			 "batch %d is older than batch %d, and the device takes any answer "
			 "for its oldest one",
			 older->number, j->batch->number);
	finding_fix(finding, "answer batch %d first: cxl-iso respond-extents %s --batch %d",
		    older->number, j->device->address, older->number);
}

/* What is done whether or not the host was told: nothing is lost with its record. */
static bool is_fact(const struct batch *batch)
{
	return batch->event == EXTENT_FORCED_RELEASE || batch->event == EXTENT_REGION_UPDATED;
}

static void say_older(const struct judging *j, const struct batch *older, struct finding *finding)
{
	finding_evidence(
		finding,
		"the device clears the oldest records first, and those of batch %d (%s) stand "
		"before batch %d",
		older->number, extent_event_names[older->event], j->batch->number);
}

static void warn_of_older(const struct judging *j, const struct batch *older)
{
	struct finding *finding = finding_add(j->subject.findings, "older-records", SEVERITY_WARNS,
					      j->device->address);

	say_older(j, older, finding);
	finding_fix(finding, "they are cleared as well; cxl-iso list-extents %s shows them",
		    j->device->address);
}

static void refuse_older(const struct judging *j, const struct batch *older)
{
	struct finding *finding;

	if (older->event == EXTENT_EVENT_UNKNOWN) {
		finding = refuse(j, "older-unknown");
		say_older(j, older, finding);
		finding_fix(finding,
			    "what is not understood is not cleared: a newer release of this "
			    "program may know what they are");
		return;
	}
	finding = refuse_unless_forced(j, "older-records");
	say_older(j, older, finding);
	if (older->event == EXTENT_RELEASE)
		finding_fix(
			finding,
			"cxl-iso release-extents %s --batch %d does what is asked there; or say "
			"--force=older-records, and the request is cleared without being met",
			j->device->address, older->number);
	else
		finding_fix(
			finding,
			"look at them by cxl-iso list-extents %s, and say --force=older-records "
			"to have them cleared as well",
			j->device->address);
}

/* Offers are check_oldest()'s. */
static void check_older_records(const struct judging *j)
{
	list_each(older, &j->device->batches) {
		if (older == j->batch)
			break;
		if (is_fact(older))
			warn_of_older(j, older);
		else if (older->event != EXTENT_ADD)
			refuse_older(j, older);
	}
}

/* ---- an answer ---- */

void answer_check(struct dc_device *device, const struct batch *batch, struct findings *checks)
{
	cleanup_checker struct checker *checker = checker_new(device);

	list_each(each, &device->batches) {
		cleanup_findings struct findings others = {0};

		checker_batch(checker, each, each == batch ? checks : &others, NULL);
	}
}

static bool is_answered(const struct judging *j)
{
	return forced(&j->subject, "answer-unknown");
}

/* The number of extents @wanted names, as "2, 4, 7". */
static size_t name_extents(char *out, size_t size, const struct batch *batch,
			   bool (*wanted)(const struct extent *, const struct pieces *),
			   const struct pieces *pieces)
{
	size_t count = 0;

	out[0] = '\0';
	for (size_t i = 0; i < batch->extents.count; i++) {
		char number[24];

		if (!wanted(&batch->extents.items[i], pieces))
			continue;
		snprintf(number, sizeof(number), "%zu", i + 1);
		append_word(out, size, ", ", number);
		count++;
	}
	return count;
}

static bool is_taken(const struct extent *extent, const struct pieces *pieces)
{
	list_each(piece, &pieces->list)
		if (piece->handle == extent->handle)
			return true;
	return false;
}

static bool is_taken_in_vain(const struct extent *extent, const struct pieces *pieces)
{
	return extent->acceptable != 1 && is_taken(extent, pieces);
}

/* The first thing that was found wrong with the batch, to be told with what can not be accepted. */
static const char *why(const struct answer *answer)
{
	if (answer->checks)
		list_each(finding, &answer->checks->list)
			if (finding->severity <= SEVERITY_LOSES)
				return finding->evidence;
	return "what they would need is unknown";
}

static void check_acceptable(const struct judging *j, const struct answer *answer)
{
	struct finding *finding;
	char names[128];
	size_t count = name_extents(names, sizeof(names), j->batch, is_taken_in_vain, j->pieces);

	if (!count)
		return;
	finding = refuse(j, "not-acceptable");
	finding_evidence(finding, "extent%s %s of batch %d can not be accepted: %s",
			 count == 1 ? "" : "s", names, j->batch->number, why(answer));
	finding_fix(finding, "--accept-valid takes what can be, --accept none refuses all of it");
}

static void check_valid(const struct judging *j, const struct answer *answer)
{
	struct finding *finding;

	if (!answer->valid || j->pieces->list.count)
		return;
	finding = refuse(j, "nothing-valid");
	finding_evidence(finding, "nothing of batch %d can be accepted: %s", j->batch->number,
			 why(answer));
	finding_fix(finding, "refuse all of it by --accept none");
}

static bool takes_all(const struct judging *j)
{
	const struct batch *batch = j->batch;

	if (j->pieces->list.count != batch->extents.count)
		return false;
	for (size_t i = 0; i < batch->extents.count; i++)
		if (j->pieces->list.items[i].start != batch->extents.items[i].start ||
		    j->pieces->list.items[i].size != batch->extents.items[i].size)
			return false;
	return true;
}

/* What other hosts have of shared capacity has to be the same (CXL 3.1 9.13.3.3). */
static void check_shared(const struct judging *j)
{
	struct finding *finding;

	if (!j->batch->shared || !j->pieces->list.count || takes_all(j))
		return;
	finding = refuse(j, "shared-in-part");
	finding_evidence(finding,
			 "the capacity of batch %d %s shared with other hosts, and such is "
			 "accepted as a whole or not at all",
			 j->batch->number, j->batch->shared < 0 ? "may be" : "is");
	finding_fix(finding, "--accept all or --accept none");
}

static void check_open(const struct judging *j)
{
	struct finding *finding;

	if (!j->batch->open)
		return;
	if (!j->pieces->list.count) {
		finding = refuse_unless_forced(j, "open-batch");
		finding_fix(finding, "wait for the end of it; if its last record was lost, say "
				     "--force=open-batch");
	} else {
		finding = refuse(j, "open-batch");
		finding_fix(finding,
			    "wait for the end of it; if its last record was lost, refuse it: "
			    "--accept none --force=open-batch");
	}
	finding_evidence(finding,
			 "batch %d has no end yet: the record that closes it was not seen%s",
			 j->batch->number,
			 j->device->lost && j->device->lost != UNKNOWN
				 ? ", and the log lost records"
				 : "");
}

static void warn_of_no_trace(const struct judging *j)
{
	struct finding *finding = finding_add(j->subject.findings, "answer-unknown", SEVERITY_WARNS,
					      j->device->address);

	finding_evidence(finding,
			 "nothing of batch %d is accepted, so nothing shows that it was "
			 "answered",
			 j->batch->number);
	finding_fix(finding, "if it was not rejected it stays pending, and no record tells of it");
}

/* An answer leaves no trace but what was accepted. */
static void check_answered(const struct judging *j)
{
	const struct dc_device *device = j->device;
	uint64_t accepted = 0;
	struct finding *finding;
	char size[16];

	list_each(extent, &j->batch->extents)
		accepted = add_capped(accepted,
				      extents_cover(device->accepted.items, device->accepted.count,
						    extent->start, extent->size));
	if (!accepted && is_answered(j))
		warn_of_no_trace(j);
	if (!accepted)
		return;
	finding = refuse_unless_forced(j, "answer-unknown");
	finding_evidence(finding, "%s of batch %d is accepted already: it may have been answered",
			 human_size(size, accepted), j->batch->number);
	finding_fix(finding,
		    "if it was, --force=answer-unknown clears its records and sends nothing");
}

/* What the device accepts proves that it is of the oldest batch; refusing proves nothing. */
static void check_lost(const struct judging *j, bool lost_earlier)
{
	struct finding *finding;

	if (!lost_earlier || is_answered(j))
		return;
	if (j->pieces->list.count) {
		finding = finding_add(j->subject.findings, "records-lost", SEVERITY_WARNS,
				      j->device->address);
		finding_fix(finding,
			    "the device accepts nothing then; refuse that batch by --accept "
			    "none --force=records-lost");
	} else {
		finding = refuse_unless_forced(j, "records-lost");
		finding_fix(finding,
			    "try to accept something of it; or say --force=records-lost to "
			    "refuse whichever is the oldest: the records of batch %d stay",
			    j->batch->number);
	}
	finding_evidence(finding,
			 "the log lost records: a batch that it does not show may be older "
			 "than batch %d",
			 j->batch->number);
}

static void check_overflow(const struct judging *j)
{
	struct finding *finding;

	if (!j->device->lost || j->device->lost == UNKNOWN)
		return;
	finding = finding_add(j->subject.findings, "log-overflow", SEVERITY_WARNS,
			      j->device->address);
	finding_evidence(finding,
			 "the log had no room for %" PRIu64 " record%s behind those that it has",
			 j->device->lost, j->device->lost == 1 ? "" : "s");
	finding_fix(finding,
		    "batches may be pending that it does not show; have the fabric manager "
		    "take them back");
}

void assess_answer(const struct host *host, const struct answer *answer,
		   const struct consent *consent, struct findings *findings)
{
	const struct judging j = {
		.subject = {.host = host, .consent = consent, .findings = findings},
		.device = answer->device,
		.batch = answer->batch,
		.pieces = answer->pieces,
	};

	check_source(&j);
	check_log(&j);
	check_whole(&j);
	check_handles(&j);
	check_oldest(&j);
	check_older_records(&j);
	check_answered(&j);
	check_overflow(&j);
	if (is_answered(&j))
		return;
	check_open(&j);
	check_valid(&j, answer);
	check_acceptable(&j, answer);
	check_shared(&j);
	check_lost(&j, answer->lost_earlier);
}

/* ---- a release ---- */

static void check_accepted(const struct judging *j)
{
	const struct dc_device *device = j->device;

	list_each(piece, &j->pieces->list) {
		struct finding *finding;

		if (extents_cover(device->accepted.items, device->accepted.count, piece->start,
				  piece->size) == piece->size)
			continue;
		finding = refuse(j, "not-accepted");
		finding_evidence(finding, "0x%" PRIx64 " to 0x%" PRIx64 " is not all accepted",
				 piece->start, piece->start + piece->size - 1);
		finding_fix(finding, "cxl-iso list-extents %s --accepted shows what is",
			    device->address);
	}
}

static void check_blocks(const struct judging *j)
{
	list_each(piece, &j->pieces->list) {
		struct finding *finding;
		uint64_t block = 0;
		char size[16];

		list_each(region, &j->device->regions)
			if (piece->start - region->base < region->size)
				block = region->block_size;
		if (block && piece->start % block == 0 && piece->size % block == 0)
			continue;
		finding = refuse(j, "not-block-aligned");
		finding_evidence(finding, "0x%" PRIx64 ":0x%" PRIx64 " is not made of whole blocks",
				 piece->start, piece->size);
		finding_fix(finding, block ? "its region has blocks of %s" : "it is in no region",
			    human_size(size, block));
	}
}

static void refuse_used(const struct judging *j, const struct extent *extent)
{
	struct finding *finding = refuse(j, "in-use");
	const char *user = extent->dax[0] ? extent->dax : extent->region;

	finding_evidence(finding, "%s uses the extent at 0x%" PRIx64, user, extent->start);
	finding_fix(finding, "take it out of service first: daxctl-ext evacuate %s", user);
}

static void check_users(const struct judging *j)
{
	list_each(piece, &j->pieces->list)
		list_each(extent, &j->device->accepted)
			if ((extent->dax[0] || extent->region[0]) &&
			    ranges_overlap(piece->start, piece->size, extent->start, extent->size))
				refuse_used(j, extent);
}

static void refuse_decoder(const struct judging *j, uint64_t start)
{
	struct finding *finding = refuse(j, "decoder-committed");

	finding_evidence(finding, "%s decodes memory at 0x%" PRIx64 ": it may be in use",
			 j->device->address, start);
	finding_fix(finding,
		    "take it out of service first: cxl disable-region, cxl destroy-region");
}

/* Of a device with a driver Linux knows which part of it each decoder maps. */
static void check_linux_decoders(const struct judging *j, const struct memdev *memdev)
{
	list_each(decoder, &j->subject.host->decoders) {
		const struct port *port = host_port(j->subject.host, decoder->port);

		if (!port || strcmp(port->name, memdev->endpoint) != 0 || !decoder->dpa_size)
			continue;
		list_each(piece, &j->pieces->list)
			if (ranges_overlap(piece->start, piece->size, decoder->dpa_start,
					   decoder->dpa_size)) {
				refuse_decoder(j, decoder->start);
				return;
			}
	}
}

/* Without a driver nobody knows what a decoder maps: so it may be what is given back. */
static void check_hardware_decoders(const struct judging *j)
{
	const struct function *function = host_function(j->subject.host, j->device->address);
	struct finding *finding;

	if (!function || !function->registers) {
		finding = refuse(j, "decoders-unknown");
		finding_evidence(finding, "whether %s decodes memory can not be read",
				 j->device->address);
		finding_fix(finding, "see cxl-iso list -v, and whether the kernel is locked down");
		return;
	}
	list_each(range, &function->hdm)
		if (range->committed) {
			refuse_decoder(j, range->start);
			return;
		}
}

static void check_decoders(const struct judging *j)
{
	const struct memdev *memdev = host_memdev_at(j->subject.host, j->device->address);

	if (!j->pieces->list.count)
		return;
	if (memdev && memdev->endpoint[0])
		check_linux_decoders(j, memdev);
	else
		check_hardware_decoders(j);
}

void assess_release(const struct host *host, const struct release *release,
		    const struct consent *consent, struct findings *findings)
{
	const struct judging j = {
		.subject = {.host = host, .consent = consent, .findings = findings},
		.device = release->device,
		.batch = release->batch,
		.pieces = release->pieces,
	};

	check_source(&j);
	if (release->batch) {
		check_log(&j);
		check_whole(&j);
		check_handles(&j);
		check_oldest(&j);
		check_older_records(&j);
	}
	check_accepted(&j);
	check_blocks(&j);
	check_users(&j);
	check_decoders(&j);
}

/* ---- plans ---- */

static struct step *add_step(struct step_list *steps, enum step_kind kind, const char *address,
			     int batch)
{
	struct step *step = list_add(steps);

	step->kind = (int)kind;
	step->value = batch > 0 ? (uint64_t)batch : 0;
	copy_text(step->object, sizeof(step->object), address);
	return step;
}

static void begin_plan(struct plan *plan, const char *operation, const struct dc_device *device)
{
	copy_text(plan->operation, sizeof(plan->operation), operation);
	copy_text(plan->object, sizeof(plan->object), device->address);
}

static size_t count_records(const struct batch *batch)
{
	return batch->extents.count ? batch->extents.count : 1;
}

static void add_clear(struct plan *plan, const struct dc_device *device, const struct batch *batch)
{
	struct step *step = add_step(&plan->up, STEP_CLEAR_RECORDS, device->address, batch->number);
	size_t records = count_records(batch), older = 0;
	char before[64] = "";

	list_each(other, &device->batches) {
		if (other == batch)
			break;
		older += count_records(other);
	}
	if (older)
		snprintf(before, sizeof(before), ", and %zu that stand%s before,", older,
			 older == 1 ? "s" : "");
	snprintf(step->text, sizeof(step->text), "clear the record%s of batch %d%s from the log",
		 records == 1 ? "" : "s", batch->number, before);
}

static void say_answer(struct step *step, const struct answer *answer)
{
	uint64_t offered = 0, taken = pieces_size(answer->pieces);
	char pieces[64], size[16], rejected[48] = "";

	list_each(extent, &answer->batch->extents)
		offered = add_capped(offered, extent->size);
	if (!answer->pieces->list.count) {
		snprintf(step->text, sizeof(step->text), "reject batch %d (%zu extent%s, %s)",
			 answer->batch->number, answer->batch->extents.count,
			 answer->batch->extents.count == 1 ? "" : "s", human_size(size, offered));
		return;
	}
	if (taken < offered)
		snprintf(rejected, sizeof(rejected), ", reject %s",
			 human_size(size, offered - taken));
	snprintf(step->text, sizeof(step->text), "accept %s of batch %d%s",
		 pieces_say(pieces, answer->pieces), answer->batch->number, rejected);
}

static bool hits_any_batch(const struct answer *answer)
{
	return answer->lost_earlier && !answer->pieces->list.count;
}

void plan_answer(const struct answer *answer, const struct consent *consent, struct plan *plan)
{
	const struct dc_device *device = answer->device;
	const struct subject subject = {.consent = consent};
	bool sent = forced(&subject, "answer-unknown");

	begin_plan(plan, "respond", device);
	if (!sent)
		say_answer(add_step(&plan->down, STEP_ANSWER_BATCH, device->address,
				    answer->batch->number),
			   answer);
	/* Which batch was rejected then is not known: the records of this one are needed. */
	if (sent || !hits_any_batch(answer))
		add_clear(plan, device, answer->batch);
}

void plan_release(const struct release *release, struct plan *plan)
{
	const struct dc_device *device = release->device;
	char pieces[64];

	begin_plan(plan, "release", device);
	if (release->pieces->list.count) {
		struct step *step =
			add_step(&plan->down, STEP_RELEASE_EXTENTS, device->address, -1);

		snprintf(step->text, sizeof(step->text), "release %s",
			 pieces_say(pieces, release->pieces));
	}
	if (release->batch)
		add_clear(plan, device, release->batch);
}
