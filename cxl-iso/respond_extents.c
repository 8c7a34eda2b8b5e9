/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answer a batch of extents that a device with dynamic capacity offers. */
#include <errno.h>

#include "commands.h"
#include "exchange.h"
#include "extents/lost.h"
#include "extents/transport.h"

static char *number, *accept;
static int accept_valid;
static struct acceptance acceptance = {.kind = ACCEPT_VALID};

static int refuse_event(const struct dc_device *device, const struct batch *batch,
			struct error *err)
{
	fail(err, -EINVAL, "batch %d is no offer (%s)", batch->number,
	     extent_event_names[batch->event]);
	hint(err, "cxl-iso release-extents %s --batch %d does what is asked there", device->address,
	     batch->number);
	return -EINVAL;
}

static int plan(const struct host *host, struct dc_device *device, const struct consent *consent,
		struct findings *findings, struct pieces *pieces, struct plan *steps,
		struct error *err)
{
	cleanup_findings struct findings checks = {0};
	struct answer answer = {.device = device, .checks = &checks, .pieces = pieces};
	int rc = exchange_find_batch(device, number, &answer.batch, err);

	if (!rc && answer.batch->event != EXTENT_ADD)
		rc = refuse_event(device, answer.batch, err);
	if (rc)
		return rc;
	answer_check(device, answer.batch, &checks);
	rc = acceptance_apply(&acceptance, device, answer.batch, pieces, err);
	if (rc)
		return rc;
	answer.valid = accept_valid;
	answer.lost_earlier = lost_is_noted(&machine, device->address);
	assess_answer(host, &answer, consent, findings);
	plan_answer(&answer, consent, steps);
	return 0;
}

static const struct exchange respond = {
	.command = "respond-extents",
	.operation = "respond",
	.rules = answer_rules,
	.opcode = OPCODE_ADD_RESPONSE,
	.message = "Add Dynamic Capacity Response",
	.plan = plan,
};

static int check_options(const char *const *arguments, struct error *err)
{
	int rc = exchange_check_options(&respond, arguments, err);

	if (rc || exchange_resume || exchange_forget)
		return rc;
	if (!number) {
		fail(err, -EINVAL, "missing --batch");
		hint(err, "cxl-iso list-extents %s --pending shows the batches", arguments[0]);
		return -EINVAL;
	}
	if ((rc = exchange_check_batch(number, err)))
		return rc;
	if (!accept == !accept_valid) {
		fail(err, -EINVAL, "expected one of --accept and --accept-valid");
		hint(err, "what is not accepted is rejected; there is one answer only");
		return -EINVAL;
	}
	return accept ? acceptance_parse(&acceptance, accept, err) : 0;
}

static int run(const char *const *arguments)
{
	struct error err = {0};
	int status = STATUS_USAGE;

	if (check_options(arguments, &err) == 0)
		status = exchange_command(&respond, arguments[0]);
	else
		ui_fail(STATUS_USAGE, &err);
	acceptance_free(&acceptance);
	return status;
}

const struct command command_respond_extents = {
	.name = "respond-extents",
	.summary = "answer a batch of extents that a device offers",
	.arguments = "MEMDEV",
	.options =
		(const struct poptOption[]){
			{"batch", 'b', POPT_ARG_STRING, &number, 0, "the batch that is answered",
			 "BATCH"},
			{"accept", 'a', POPT_ARG_STRING, &accept, 0,
			 "what is accepted of it: all, none, or extents such as 1-3,5 or 2:0-64M",
			 "EXTENTS"},
			{"accept-valid", '\0', POPT_ARG_NONE, &accept_valid, 0,
			 "accept what a host can accept", NULL},
			EXCHANGE_OPTIONS,
			UI_OPTIONS},
	.choices =
		(const struct choice[]){{"RULE", answer_rules}, {"SOURCE", exchange_sources}, {}},
	.run = run,
};
