/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evacuate what lies below a root port, reset the port, and bring everything back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/collect.h"
#include "commands.h"
#include "exec/engine.h"
#include "exec/journal.h"
#include "exec/saved.h"
#include "exec/evacuations.h"
#include "model/document.h"
#include "policy/assess.h"
#include "policy/plan.h"
#include "sys/stop.h"
#include "sys/util.h"
#include "ui/object.h"
#include "ui/operation.h"
#include "ui/progress.h"

static int dry_run, yes, resume, abandon, forget;
static char **force;
static struct manner manner;
static struct consent consent;
static struct progress *progress;

static void print_plan(const struct plan *plan, const struct findings *findings)
{
	if (ui_json) {
		operation_print_plan(plan, findings);
		return;
	}
	operation_print_steps("out of service:", 1, &plan->down);
	operation_print_steps("back into service:", plan->down.count + 1, &plan->up);
}

static void print_result(const struct engine *engine, enum outcome outcome, enum status status,
			 const struct error *err, const struct error *unrepaired)
{
	struct json_object *document = document_new("cxl-iso/recover", 1);

	json_object_object_add(document, "port", json_object_new_string(engine->plan->object));
	operation_add_result(document, engine, outcome, status, err, unrepaired);
	ui_print_json(document);
}

/* To have put everything back is a failure, unless just that was asked for. */
static enum status status_of(enum outcome outcome)
{
	return outcome == OUTCOME_PUT_BACK && abandon ? STATUS_DONE : operation_status(outcome);
}

static int say_outcome(const char *port, enum outcome outcome, const struct error *err,
		       const struct error *unrepaired)
{
	switch (outcome) {
	case OUTCOME_DONE:
		printf("%s recovered: everything is back as it was\n", port);
		return STATUS_DONE;
	case OUTCOME_PUT_BACK:
		if (abandon) {
			printf("%s given up: everything is back as it was\n", port);
			return STATUS_DONE;
		}
		ui_note("%s was not recovered; everything is as it was", port);
		break;
	case OUTCOME_PARTIAL:
		if (unrepaired->text[0])
			ui_note("putting back failed too: %s", unrepaired->text);
		ui_note("%s is left half-way; cxl-iso list --tree shows what is there; when the "
			"cause is gone: cxl-iso recover %s --resume",
			port, port);
		break;
	case OUTCOME_REBOOT:
		ui_note("only a reboot brings back what is below %s; after it: cxl-iso recover %s "
			"--resume",
			port, port);
		break;
	}
	return ui_fail(status_of(outcome), err);
}

/* A journal of before the last boot tells what to build again; what it took down is gone anyway. */
static enum outcome run_engine(struct engine *engine, struct error *err, struct error *unrepaired)
{
	stop_on_signals();
	if (abandon)
		return engine_abort(engine, err);
	if (!engine->resumed || !journal_is_of_old_boot(&machine, engine->journal))
		return engine_run(engine, err, unrepaired);
	evacuation_renew_shared(&machine, engine->journal);
	engine->journal->direction = DIRECTION_UP;
	engine->journal->position = 0;
	return engine_run(engine, err, unrepaired);
}

static int execute(struct journal *journal)
{
	cleanup_engine struct engine engine = {
		.sys = &machine,
		.before = &journal->before,
		.plan = &journal->plan,
		.journal = journal,
		.resumed = resume || abandon,
		.progress = progress,
	};
	struct error err = {0}, unrepaired = {0};
	enum outcome outcome = run_engine(&engine, &err, &unrepaired);

	if (!ui_json) {
		if (outcome == OUTCOME_DONE || outcome == OUTCOME_PUT_BACK)
			operation_say_saved(journal);
		return say_outcome(journal->object, outcome, &err, &unrepaired);
	}
	print_result(&engine, outcome, status_of(outcome), &err, &unrepaired);
	return status_of(outcome);
}

static enum status confirm(const char *port)
{
	char question[128];

	snprintf(question, sizeof(question), "Take what is below %s out of service and reset it?",
		 port);
	return operation_confirm(yes, question);
}

static int plan_and_run(const struct survey *survey, const struct root_port *port,
			struct host *host, const struct findings *findings, struct error *err)
{
	cleanup_journal struct journal journal = {0};
	cleanup_plan struct plan plan = {0};
	enum status status;

	if (findings_refusal(findings))
		return ui_refuse(findings);
	ui_warn(findings);
	plan_recover(survey, port, &manner, &plan);
	if (operation_check_save(host, &plan, err))
		return ui_fail(STATUS_REFUSED, err);
	if (dry_run) {
		print_plan(&plan, findings);
		return STATUS_DONE;
	}
	status = confirm(port->address);
	if (status)
		return status;
	journal_init(&machine, &journal, &plan, host);
	return execute(&journal);
}

static int begin(const char *word, struct error *err)
{
	cleanup_findings struct findings findings = {0};
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};
	const struct root_port *port;

	if (ui_load_host_deep(&host, COLLECT_PAGES | COLLECT_EXTENTS, err))
		return ui_fail(ui_from ? STATUS_USAGE : STATUS_FAILED, err);
	if (!ui_from && evacuations_collect(&machine, &host, err))
		return ui_fail(STATUS_FAILED, err);
	if (object_find_port(&host, word, &port, err))
		return ui_fail(STATUS_USAGE, err);
	if (!ui_from && host.privileged && ui_refuse_unfinished(err))
		return ui_fail(STATUS_REFUSED, err);
	survey = survey_new(&host);
	if (operation_check_nodes(&host, survey_below(survey, port), &manner, err))
		return ui_fail(STATUS_USAGE, err);
	assess_recover(survey, port, &consent, &findings);
	return plan_and_run(survey, port, &host, &findings, err);
}

/* The port need not be there, so its journal alone is asked. */
static int load_journal(const char *word, struct journal *journal, struct error *err)
{
	int rc = journal_load_short(&machine, "recover", word, journal, err);

	if (rc == -ENOENT) {
		fail(err, rc, "no recovery of %s was cut short", word);
		hint(err, "cxl-iso list-recoveries shows what was");
	}
	return rc;
}

/* Neither are they saved if it still has to go down. */
static void give_up_contents(struct journal *journal)
{
	saved_give_up(journal);
	free(journal->plan.manner.save);
	journal->plan.manner.save = NULL;
}

static int go_on(const char *word, struct error *err)
{
	cleanup_journal struct journal journal = {0};
	int rc = load_journal(word, &journal, err);

	if (!rc && forget)
		rc = journal_remove(&machine, &journal, err);
	if (rc)
		return ui_fail(rc == -ENOENT ? STATUS_USAGE : STATUS_REFUSED, err);
	if (consent.discard_contents)
		give_up_contents(&journal);
	if (!forget)
		return execute(&journal);
	printf("%s is as it is: its recovery is forgotten\n", journal.object);
	return STATUS_DONE;
}

static int check_options(const char *const *arguments, struct error *err)
{
	int rc = ui_one_argument(arguments, "PORT", err);

	if (!rc)
		rc = operation_read(force, recover_rules, &manner, &consent, &progress, err);
	if (!rc && ui_from && !dry_run)
		rc = fail(err, -EINVAL, "--from goes with --dry-run only");
	if (!rc && resume + abandon + forget + dry_run > 1)
		rc = fail(err, -EINVAL, "only one of --resume, --abort, --forget and --dry-run");
	return rc;
}

static int run(const char *const *arguments)
{
	cleanup_fd int lock = -1;
	struct error err = {0};

	if (check_options(arguments, &err))
		return ui_fail(STATUS_USAGE, &err);
	if (!dry_run && geteuid() == 0 && operation_take_machine("recover", arguments, &lock, &err))
		return ui_fail(STATUS_REFUSED, &err);
	return resume || abandon || forget ? go_on(arguments[0], &err) : begin(arguments[0], &err);
}

const struct command command_recover = {
	.name = "recover",
	.summary = "evacuate what is below a root port, reset it, bring all back",
	.arguments = "PORT",
	.options =
		(const struct poptOption[]){
			{"dry-run", 'n', POPT_ARG_NONE, &dry_run, 0,
			 "print the plan and change nothing", NULL},
			{"yes", 'y', POPT_ARG_NONE, &yes, 0, "do not ask for confirmation", NULL},
			{"resume", '\0', POPT_ARG_NONE, &resume, 0,
			 "finish a recovery that was cut short", NULL},
			{"abort", '\0', POPT_ARG_NONE, &abandon, 0,
			 "undo a recovery that was cut short", NULL},
			{"forget", '\0', POPT_ARG_NONE, &forget, 0,
			 "give up a recovery that can not be finished: leave all as it is", NULL},
			{"force", '\0', POPT_ARG_ARGV, &force, 0,
			 "go on though this rule stands against it: zone-normal, pages-held, "
			 "gigantic-pages or no-room",
			 "RULE"},
			UI_OPTION_FROM,
			OPERATION_OPTIONS,
			UI_OPTIONS},
	.choices = (const struct choice[]){{"RULE", recover_rules}, OPERATION_CHOICES, {}},
	.run = run,
};
