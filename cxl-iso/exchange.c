/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/collect.h"
#include "exec/borrow.h"
#include "exec/exchange.h"
#include "extents/commands.h"
#include "extents/sysfs.h"
#include "model/document.h"
#include "sys/lock.h"
#include "sys/stop.h"
#include "sys/util.h"
#include "ui/object.h"
#include "ui/operation.h"

int exchange_dry_run, exchange_yes, exchange_resume, exchange_forget, exchange_unbind;
char *exchange_source, **exchange_force;
const char *const exchange_sources[] = {"auto", "mailbox", "raw", NULL};

/* One run of a command. What it holds is given back in the opposite order. */
struct run {
	const struct exchange *exchange;
	int lock;
	char address[NAME_SIZE];
	struct borrow *borrow;
	struct transport *transport;
	struct host host;
	struct findings findings;
	struct pieces pieces;
	struct error err;
};

static void run_free(struct run *run)
{
	transport_close(&run->transport);
	borrow_drop(&run->borrow);
	close_fd(&run->lock);
	pieces_free(&run->pieces);
	findings_free(&run->findings);
	host_free(&run->host);
}
#define cleanup_run __attribute__((cleanup(run_free)))

/* ---- options ---- */

static int check_source(struct error *err)
{
	const char *const *source = exchange_sources;

	while (exchange_source && *source && strcmp(*source, exchange_source) != 0)
		source++;
	if (!*source)
		return fail(err, -EINVAL, "--source: expected auto, mailbox or raw, not \"%s\"",
			    exchange_source);
	if (exchange_unbind && exchange_source && strcmp(exchange_source, "raw") == 0)
		return fail(err, -EINVAL,
			    "--unbind does not go with --source=raw: that goes "
			    "through the driver");
	return 0;
}

int exchange_check_options(const struct exchange *exchange, const char *const *arguments,
			   struct error *err)
{
	int rc = ui_one_argument(arguments, "MEMDEV", err);

	if (!rc)
		rc = ui_check_force(exchange_force, exchange->rules, err);
	if (!rc && exchange_resume + exchange_forget + exchange_dry_run > 1)
		rc = fail(err, -EINVAL, "only one of --resume, --forget and --dry-run");
	return rc ? rc : check_source(err);
}

static struct consent consent_of(void)
{
	return (struct consent){.force = (const char *const *)exchange_force};
}

static bool is_forced(const char *rule)
{
	for (char **force = exchange_force; force && *force; force++)
		if (strcmp(*force, rule) == 0)
			return true;
	return false;
}

/* ---- the device ---- */

static enum status refuse_privilege(struct run *run)
{
	fail(&run->err, -EPERM, "not-privileged: the mailbox of a device is root's alone");
	hint(&run->err, "run as root");
	return STATUS_REFUSED;
}

/* Whoever sends commands, reading ones too, holds the lock. */
static enum status take_lock(struct run *run, const char *word)
{
	char what[96];

	if (geteuid() != 0)
		return refuse_privilege(run);
	snprintf(what, sizeof(what), "%s %s", run->exchange->operation, word);
	run->lock = lock_take(&machine, what, &run->err);
	if (run->lock < 0 || borrow_give_back(&machine, ui_say, &run->err))
		return STATUS_REFUSED;
	return STATUS_DONE;
}

static enum status borrow(struct run *run)
{
	int rc = borrow_begin(&machine, run->address, run->lock, &run->borrow, &run->findings,
			      &run->err);

	if (rc == -ENOTRECOVERABLE)
		return STATUS_PARTIAL;
	if (rc != -EPERM || !findings_refusal(&run->findings))
		return rc ? STATUS_REFUSED : STATUS_DONE;
	fail(&run->err, -EPERM, "%s: %s", findings_refusal(&run->findings)->id,
	     findings_refusal(&run->findings)->evidence);
	hint(&run->err, "%s", findings_refusal(&run->findings)->fix);
	return STATUS_REFUSED;
}

static bool wants_raw(void)
{
	return exchange_source && strcmp(exchange_source, "raw") == 0;
}

static enum status refuse_driver(struct run *run, const char *driver)
{
	fail(&run->err, -EBUSY, "driver-bound: the mailbox of %s is its driver's (%s)",
	     run->address, driver);
	hint(&run->err, "--unbind takes the function from it for the time of the command, unless "
			"its memory is in use");
	return STATUS_REFUSED;
}

static enum status open_transport(struct run *run)
{
	const struct function *function = host_function(&run->host, run->address);
	const struct memdev *memdev = host_memdev_at(&run->host, run->address);
	int rc;

	if (wants_raw() && !memdev)
		rc = fail(&run->err, -ENODEV,
			  "%s has no driver: raw commands go through it, --source=mailbox does not",
			  run->address);
	else if (wants_raw())
		rc = transport_raw(&machine, memdev->name, &run->transport, &run->err);
	else if (function && function->driver[0])
		return refuse_driver(run, function->driver);
	else
		rc = transport_mailbox(&machine, run->address, &run->transport, &run->err);
	return rc ? STATUS_REFUSED : STATUS_DONE;
}

/* The machine without the driver that was just taken away. */
static enum status collect_again(struct run *run)
{
	host_free(&run->host);
	run->host = (struct host){0};
	return collect_host(&machine, &run->host, &run->err) ? STATUS_FAILED : STATUS_DONE;
}

/* Without its driver the device could be talked to, but that would know nothing of it. */
static enum status refuse_handled(struct run *run)
{
	const struct function *function = host_function(&run->host, run->address);

	if (!function || !function->driver[0] || !dc_sysfs_kernel_handles(&machine))
		return STATUS_DONE;
	fail(&run->err, -EPERM,
	     "driver-handles: the kernel handles dynamic capacity itself, and would not know of "
	     "what it did not send to %s",
	     run->address);
	hint(&run->err, "use what the kernel offers: daxctl, and dax devices made of extents");
	return STATUS_REFUSED;
}

static enum status open_device(struct run *run)
{
	enum status status = refuse_handled(run);

	if (!status && exchange_unbind)
		status = borrow(run);
	if (!status && run->borrow)
		status = collect_again(run);
	return status ? status : open_transport(run);
}

/* Into the picture, as it is now. */
static int read_device(struct run *run, struct dc_device **device)
{
	const struct function *function = host_function(&run->host, run->address);
	const struct memdev *memdev = host_memdev_at(&run->host, run->address);

	*device = list_add(&run->host.dc_devices);
	copy_text((*device)->address, NAME_SIZE, run->address);
	(*device)->serial = function ? function->serial : UNKNOWN;
	if (function)
		copy_text((*device)->root_port, NAME_SIZE, function->root_port);
	if (memdev)
		copy_text((*device)->memdev, NAME_SIZE, memdev->name);
	return dc_read_device(run->transport, NULL, *device, &run->err);
}

/* That a device does not know the command is how it says that it has no dynamic capacity. */
static enum status refuse_without(struct run *run)
{
	struct dc_device probe = {0};
	int rc = dc_read_configuration(run->transport, NULL, &probe, NULL);

	record_free(&dc_device_record, &probe);
	if (rc != -EOPNOTSUPP)
		return STATUS_DONE;
	fail(&run->err, rc, "%s has no dynamic capacity", run->address);
	hint(&run->err, "cxl-iso list-extents shows the devices that have");
	return STATUS_REFUSED;
}

/* What is not known can be neither found nor checked. */
static enum status refuse_unknown(struct run *run, const struct dc_device *device)
{
	const char *why = device->regions_unknown[0]	? device->regions_unknown
			  : device->accepted_unknown[0] ? device->accepted_unknown
							: device->batches_unknown;

	if (!why[0])
		return STATUS_DONE;
	fail(&run->err, -EIO, "not all of the dynamic capacity of %s is known: %s", run->address,
	     why);
	return STATUS_REFUSED;
}

/* ---- batches ---- */

static void hint_batches(const struct dc_device *device, struct error *err)
{
	char numbers[128] = "", number[16];

	list_each(batch, &device->batches) {
		snprintf(number, sizeof(number), "%d", batch->number);
		append_word(numbers, sizeof(numbers), ", ", number);
	}
	if (numbers[0])
		hint(err, "batches in its log: %s", numbers);
	else
		hint(err, "there is none in its log");
}

static int read_number(const char *number, uint64_t *wanted, struct error *err)
{
	if (parse_u64(number, wanted) && *wanted <= UINT16_MAX)
		return 0;
	return fail(err, -EINVAL, "--batch: expected the number of a batch, not \"%s\"", number);
}

int exchange_check_batch(const char *number, struct error *err)
{
	uint64_t wanted;

	return read_number(number, &wanted, err);
}

int exchange_find_batch(const struct dc_device *device, const char *number,
			const struct batch **batch, struct error *err)
{
	uint64_t wanted;
	int rc = read_number(number, &wanted, err);

	if (rc)
		return rc;
	list_each(each, &device->batches)
		if ((uint64_t)each->number == wanted) {
			*batch = each;
			return 0;
		}
	fail(err, -EINVAL, "%s has no batch %" PRIu64, device->address, wanted);
	hint_batches(device, err);
	return -EINVAL;
}

/* ---- what is sent, for people ---- */

struct payloads {
	const struct exchange *exchange;
	struct json_object *array; /* NULL: as text */
};

static void print_hex(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (i % 16 == 0)
			printf("    %04zx ", i);
		printf(" %02x%s", bytes[i], i % 16 == 15 || i + 1 == size ? "\n" : "");
	}
}

static uint64_t number_at(const uint8_t *bytes, size_t size)
{
	uint64_t number = 0;

	while (size--)
		number = number << 8 | bytes[size];
	return number;
}

/* An updated extent list (CXL 3.1 table 8-168): what it says, read from the bytes themselves. */
static void print_meaning(const uint8_t *bytes, size_t size)
{
	char length[16];

	printf("    list size %" PRIu64 ", %s\n", number_at(bytes, 4),
	       bytes[4] & 1 ? "more to follow" : "nothing to follow");
	for (size_t at = 8; at + 24 <= size; at += 24)
		printf("    DPA 0x%" PRIx64 ", %s\n", number_at(bytes + at, 8),
		       human_size(length, number_at(bytes + at + 8, 8)));
}

static void add_payload(const struct payloads *payloads, const uint8_t *bytes, size_t size)
{
	struct json_object *json = json_object_new_object();
	cleanup_free char *hex = xcalloc(size + 1, 2);
	char opcode[8];

	for (size_t i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	snprintf(opcode, sizeof(opcode), "0x%04x", payloads->exchange->opcode);
	json_object_object_add(json, "opcode", json_object_new_string(opcode));
	json_object_object_add(json, "bytes", json_object_new_string(hex));
	json_object_array_add(payloads->array, json);
}

static int show_payload(void *context, uint16_t opcode, const void *bytes, size_t size,
			struct error *err)
{
	const struct payloads *payloads = context;

	(void)opcode;
	(void)err;
	if (payloads->array) {
		add_payload(payloads, bytes, size);
		return 0;
	}
	printf("%s (%04Xh), %zu bytes:\n", payloads->exchange->message, payloads->exchange->opcode,
	       size);
	print_hex(bytes, size);
	print_meaning(bytes, size);
	return 0;
}

/* Nothing is sent where the plan has no step down: then the records alone are cleared. */
static void show_payloads(const struct run *run, const struct plan *plan, struct json_object *array)
{
	struct payloads payloads = {run->exchange, array};
	size_t count = run->pieces.list.count;
	cleanup_free struct piece *pieces = xcalloc(count + 1, sizeof(*pieces));

	for (size_t i = 0; i < count; i++)
		pieces[i] = (struct piece){run->pieces.list.items[i].start,
					   run->pieces.list.items[i].size};
	if (plan->down.count)
		dc_payloads(pieces, count, run->transport->payload_max, show_payload, &payloads,
			    NULL);
}

static void print_steps(const struct plan *plan)
{
	size_t number = 1;

	list_each(step, &plan->down)
		printf("%2zu  %s\n", number++, step->text);
	list_each(step, &plan->up)
		printf("%2zu  %s\n", number++, step->text);
}

static struct json_object *extents_to_json(const struct pieces *pieces)
{
	struct json_object *array = json_object_new_array();

	list_each(piece, &pieces->list)
		json_object_array_add(array, record_to_json(&extent_record, piece));
	return array;
}

static void add_steps(struct json_object *array, const struct step_list *steps)
{
	list_each(step, steps) {
		struct json_object *json = json_object_new_object();

		json_object_object_add(json, "kind",
				       json_object_new_string(step_names[step->kind]));
		json_object_object_add(json, "text", json_object_new_string(step->text));
		json_object_array_add(array, json);
	}
}

static struct json_object *plan_to_json(const struct plan *plan)
{
	struct json_object *array = json_object_new_array();

	add_steps(array, &plan->down);
	add_steps(array, &plan->up);
	return array;
}

static enum status print_plan(const struct run *run, const struct plan *plan)
{
	struct json_object *document, *payloads;

	if (!ui_json) {
		print_steps(plan);
		show_payloads(run, plan, NULL);
		return STATUS_DONE;
	}
	document = document_new("cxl-iso/extents-plan", 1);
	payloads = json_object_new_array();
	show_payloads(run, plan, payloads);
	json_object_object_add(document, "operation",
			       json_object_new_string(run->exchange->operation));
	json_object_object_add(document, "object", json_object_new_string(run->address));
	json_object_object_add(document, "steps", plan_to_json(plan));
	json_object_object_add(document, "pieces", extents_to_json(&run->pieces));
	json_object_object_add(document, "payloads", payloads);
	json_object_object_add(document, "findings", ui_findings(&run->findings));
	ui_print_json(document);
	return STATUS_DONE;
}

/* ---- the result ---- */

static struct json_object *steps_to_json(const struct engine *engine)
{
	struct json_object *steps = json_object_new_array();

	list_each(report, &engine->reports)
		json_object_array_add(steps, record_to_json(&step_report_record, report));
	return steps;
}

/* What the device says now; null if it does not. */
static struct json_object *accepted_to_json(const struct run *run)
{
	struct dc_device device = {0};
	struct json_object *array = NULL;

	if (dc_read_extents(run->transport, NULL, &device, NULL) == 0)
		array = extents_to_json(
			&(struct pieces){{device.accepted.items, device.accepted.count}});
	record_free(&dc_device_record, &device);
	return array;
}

static void print_result(const struct run *run, const struct engine *engine, enum outcome outcome,
			 enum status status)
{
	struct json_object *document = document_new("cxl-iso/extents-result", 1);

	json_object_object_add(document, "operation",
			       json_object_new_string(run->exchange->operation));
	json_object_object_add(document, "object", json_object_new_string(run->address));
	json_object_object_add(document, "outcome", json_object_new_string(outcome_names[outcome]));
	json_object_object_add(document, "exit_status", json_object_new_int((int)status));
	json_object_object_add(document, "error", ui_text_or_null(run->err.text));
	json_object_object_add(document, "hint", ui_text_or_null(run->err.hint));
	json_object_object_add(document, "findings", ui_findings(&run->findings));
	json_object_object_add(document, "steps", steps_to_json(engine));
	json_object_object_add(document, "accepted", accepted_to_json(run));
	ui_print_json(document);
}

/* A run that goes on where the answer was sent already has none of the way down. */
static void say_done(const struct engine *engine)
{
	const struct step_list *down = &engine->plan->down, *up = &engine->plan->up;
	size_t i = down->count + up->count - engine->reports.count;

	list_each(report, &engine->reports) {
		const struct step *step =
			i < down->count ? &down->items[i] : &up->items[i - down->count];

		printf("%s: %s: %s\n", engine->plan->object, step->text,
		       report->result == RESULT_ALREADY ? "was done already" : "done");
		i++;
	}
}

static void say_unfinished(struct run *run)
{
	hint(&run->err,
	     "when the cause is gone: cxl-iso %s %s --resume; to leave all as it is: --forget",
	     run->exchange->command, run->address);
}

static enum status say_outcome(struct run *run, const struct engine *engine, enum outcome outcome)
{
	enum status status = operation_status(outcome);

	if (outcome == OUTCOME_PARTIAL)
		say_unfinished(run);
	if (ui_json)
		print_result(run, engine, outcome, status);
	else if (outcome == OUTCOME_DONE)
		say_done(engine);
	else
		ui_fail(status, &run->err);
	return status;
}

static enum status execute(struct run *run, struct journal *journal)
{
	cleanup_engine struct engine engine = {
		.sys = &machine,
		.before = &journal->before,
		.plan = &journal->plan,
		.journal = journal,
		.transport = run->transport,
		.resumed = exchange_resume,
	};

	stop_on_signals();
	return say_outcome(run, &engine, exchange_run(&engine, &run->err));
}

/* ---- new ones ---- */

static enum status confirm(const struct plan *plan)
{
	const struct step *step = plan->down.count ? plan->down.items : plan->up.items;
	char question[384];

	snprintf(question, sizeof(question), "%s: %s? This can not be taken back.", plan->object,
		 step->text);
	return operation_confirm(exchange_yes, question);
}

static enum status plan_and_run(struct run *run, struct dc_device *device)
{
	const struct consent consent = consent_of();
	cleanup_journal struct journal journal = {0};
	cleanup_plan struct plan plan = {0};
	enum status status;

	if (run->exchange->plan(&run->host, device, &consent, &run->findings, &run->pieces, &plan,
				&run->err))
		return (enum status)ui_fail(STATUS_USAGE, &run->err);
	if (findings_refusal(&run->findings))
		return (enum status)ui_refuse(&run->findings);
	ui_warn(&run->findings);
	if (exchange_dry_run)
		return print_plan(run, &plan);
	status = confirm(&plan);
	if (status)
		return status;
	journal_init(&machine, &journal, &plan, &run->host);
	list_each(piece, &run->pieces.list)
		*list_add(&journal.pieces) = *piece;
	return execute(run, &journal);
}

static enum status begin(struct run *run)
{
	struct dc_device *device;
	enum status status;

	if (ui_refuse_unfinished(&run->err))
		return (enum status)ui_fail(STATUS_REFUSED, &run->err);
	status = open_device(run);
	if (!status)
		status = refuse_without(run);
	if (!status && read_device(run, &device))
		status = STATUS_FAILED;
	if (!status)
		status = refuse_unknown(run, device);
	if (status)
		return (enum status)ui_fail(status, &run->err);
	return plan_and_run(run, device);
}

/* ---- what was cut short ---- */

static enum status load(struct run *run, const char *word, struct journal *journal)
{
	const char *object = run->address[0] ? run->address : word;
	int rc = journal_load_short(&machine, run->exchange->operation, object, journal, &run->err);

	if (rc == -ENOENT) {
		fail(&run->err, rc, "nothing of %s was cut short for %s", run->exchange->command,
		     word);
		hint(&run->err, "cxl-iso list-recoveries shows what was");
	}
	if (!rc)
		copy_text(run->address, sizeof(run->address), journal->object);
	return rc == 0 ? STATUS_DONE : rc == -ENOENT ? STATUS_USAGE : STATUS_REFUSED;
}

static enum status forget(struct run *run, const struct journal *journal)
{
	if (journal_remove(&machine, journal, &run->err))
		return (enum status)ui_fail(STATUS_FAILED, &run->err);
	printf("%s is as it is: what was cut short is forgotten\n", journal->object);
	if (journal->sent == SENT_MAYBE)
		ui_note("whether the answer was sent is not known: look at cxl-iso list-extents %s "
			"before another one is",
			journal->object);
	return STATUS_DONE;
}

/* What was sent for sure, and what was not, is not the user's to say. */
static void take_word(struct journal *journal)
{
	if (is_forced("answer-unknown") && journal->sent == SENT_MAYBE)
		journal->sent = SENT_YES;
}

static enum status go_on(struct run *run, const char *word)
{
	cleanup_journal struct journal journal = {0};
	enum status status = load(run, word, &journal);

	if (!status && exchange_forget)
		return forget(run, &journal);
	if (!status)
		status = open_device(run);
	if (status)
		return (enum status)ui_fail(status, &run->err);
	take_word(&journal);
	return execute(run, &journal);
}

/* ---- the command ---- */

static enum status find(struct run *run, const char *word)
{
	bool must_exist = !exchange_resume && !exchange_forget;

	if (collect_host(&machine, &run->host, &run->err))
		return STATUS_FAILED;
	if (object_find_memdev(&run->host, word, run->address, must_exist ? &run->err : NULL) &&
	    must_exist)
		return STATUS_USAGE;
	return STATUS_DONE;
}

/* The result was told already; that the function has no driver again is worse than most of them. */
static enum status give_back(struct run *run, enum status status)
{
	struct error err = {0};

	transport_close(&run->transport);
	if (borrow_end(&run->borrow, ui_say, &err) == 0)
		return status;
	ui_note("%s", err.text);
	if (err.hint[0])
		ui_note("hint: %s", err.hint);
	return STATUS_PARTIAL;
}

int exchange_command(const struct exchange *exchange, const char *word)
{
	cleanup_run struct run run = {.exchange = exchange, .lock = -1};
	enum status status = take_lock(&run, word);

	if (!status)
		status = find(&run, word);
	if (status)
		return ui_fail(status, &run.err);
	status = exchange_resume || exchange_forget ? go_on(&run, word) : begin(&run);
	return (int)give_back(&run, status);
}
