/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Free dax memory of its users, take it offline, and keep a journal to restore it from. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collect/collect.h"
#include "commands.h"
#include "exec/evacuations.h"
#include "model/document.h"
#include "sys/stop.h"
#include "sys/util.h"
#include "ui/object.h"
#include "ui/operation.h"
#include "ui/progress.h"

static int dry_run, yes, to_devdax, keep_partial;
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
	operation_print_steps("daxctl-ext restore will:", 1, &plan->up);
}

static void say_saved(const struct journal *journal)
{
	list_each(saved, &journal->saved)
		printf("contents of %s are in %s\n", saved->dax, saved->path);
}

/* The command that restores it; if there were too many for all to be named, it is for everything. */
static const char *way_back(const struct journal *journal, char out[NAME_SIZE + 32])
{
	bool all_named = !strchr(journal->object, '+');

	snprintf(out, NAME_SIZE + 32, "daxctl-ext restore %s",
		 all_named ? journal->object : "--all");
	for (char *comma = out; (comma = strchr(comma, ','));)
		*comma = ' ';
	return out;
}

static int say_outcome(const struct journal *journal, enum outcome outcome, const struct error *err,
		       const struct error *unrepaired)
{
	char command[NAME_SIZE + 32];

	switch (outcome) {
	case OUTCOME_DONE:
		printf("%s evacuated; %s brings it back\n", journal->object,
		       way_back(journal, command));
		say_saved(journal);
		return STATUS_DONE;
	case OUTCOME_PUT_BACK:
		ui_note("%s was not evacuated; everything is as it was", journal->object);
		operation_say_saved(journal);
		break;
	case OUTCOME_PARTIAL:
		if (unrepaired->text[0])
			ui_note("putting back failed too: %s", unrepaired->text);
		ui_note("%s is left half-way; go on: the same command again; back: daxctl-ext "
			"restore --all",
			journal->object);
		break;
	case OUTCOME_REBOOT:
		ui_note("only a reboot brings back %s", journal->object);
		break;
	}
	return ui_fail(operation_status(outcome), err);
}

static int execute(struct journal *journal, bool resumed)
{
	cleanup_engine struct engine engine = {
		.sys = &machine,
		.before = &journal->before,
		.plan = &journal->plan,
		.journal = journal,
		.resumed = resumed,
		.dax_awaited = true,
		.progress = progress,
	};
	struct error err = {0}, unrepaired = {0};
	struct json_object *document;
	enum outcome outcome;

	stop_on_signals();
	outcome = engine_stay_down(&engine, &err, &unrepaired);
	if (!ui_json)
		return say_outcome(journal, outcome, &err, &unrepaired);
	document = document_new("daxctl-ext/evacuate", 1);
	json_object_object_add(document, "object", json_object_new_string(journal->object));
	operation_add_result(document, &engine, outcome, operation_status(outcome), &err,
			     &unrepaired);
	ui_print_json(document);
	return operation_status(outcome);
}

/* Without driver and with nothing online there is nothing to be taken down. */
static bool is_down(const struct survey *survey, const struct dax_view *view)
{
	return view->dax->mode == DAX_DISABLED && !survey_dax_online_bytes(survey, view->dax);
}

/* It is where it shall be, and a journal that is at rest brought it there. */
static bool is_done(const struct survey *survey, const struct dax_view *view,
		    const struct journal *journal)
{
	if (!to_devdax || !evacuation_has(journal, view->dax, STEP_UNBIND_DAX))
		return is_down(survey, view);
	return view->dax->mode == DAX_DEVDAX &&
	       evacuation_has(journal, view->dax, STEP_CONVERT_DAX);
}

/* What is left of @what to be done. */
static void select_work(const struct survey *survey, const struct below *what,
			const struct journal *journal, struct below *work)
{
	list_each_pointer(view, &what->dax)
		if (!is_done(survey, view, journal))
			*list_add(&work->dax) = view;
	list_each_pointer(namespace, &what->namespaces)
		if (namespace->device[0])
			*list_add(&work->namespaces) = namespace;
	survey_gather(survey, work);
}

static int say_already(const char *const *words)
{
	struct json_object *document;

	if (!ui_json) {
		for (; *words; words++)
			printf("%s is evacuated already\n", *words);
		return STATUS_DONE;
	}
	document = document_new("daxctl-ext/evacuate", 1);
	json_object_object_add(document, "object", json_object_new_string(words[0]));
	operation_add_result(document, &(struct engine){0}, OUTCOME_DONE, STATUS_DONE,
			     &(struct error){0}, &(struct error){0});
	ui_print_json(document);
	return STATUS_DONE;
}

static enum status confirm(const char *object)
{
	char question[192];

	if (!operation_destroys(&manner, &consent))
		return STATUS_DONE;
	snprintf(question, sizeof(question), "Take %s out of service, %s?", object,
		 consent.discard_contents ? "and let its contents go" : "and end its users");
	return operation_confirm(yes, question);
}

/* Names change with every boot. The journal of another must not be written over: it has the way back. */
static int refuse_same_name(const struct plan *plan, struct error *err)
{
	if (ui_from || !journal_is_there(&machine, "evacuate", plan->object))
		return 0;
	fail(err, -EEXIST, "what was called %s before was evacuated, and is not restored",
	     plan->object);
	hint(err, "daxctl-ext restore %s first: it is found by its address", plan->object);
	return -EEXIST;
}

static int plan_and_run(const struct survey *survey, const struct below *work, struct host *host,
			struct error *err)
{
	cleanup_findings struct findings findings = {0};
	cleanup_journal struct journal journal = {0};
	cleanup_plan struct plan plan = {0};
	enum status status;

	if (operation_check_nodes(host, work, &manner, err))
		return ui_fail(STATUS_USAGE, err);
	plan_evacuate(survey, work, &manner, to_devdax, &plan);
	assess_evacuate(survey, work, plan.object, &consent, &findings);
	if (findings_refusal(&findings))
		return ui_refuse(&findings);
	ui_warn(&findings);
	if (refuse_same_name(&plan, err) || operation_check_save(host, &plan, err))
		return ui_fail(STATUS_REFUSED, err);
	if (dry_run) {
		print_plan(&plan, &findings);
		return STATUS_DONE;
	}
	status = confirm(plan.object);
	if (status)
		return status;
	journal_init(&machine, &journal, &plan, host);
	return execute(&journal, false);
}

static int refuse_related(const struct journal *journal, struct error *err)
{
	char command[NAME_SIZE + 32];

	fail(err, -EBUSY, "%s was evacuated before, and is not restored", journal->object);
	hint(err, "%s first", way_back(journal, command));
	return ui_fail(STATUS_REFUSED, err);
}

/* Nobody is ended, or waited for, who was not to be this time. What is saved, and where, is planned. */
static void renew_manner(struct manner *began)
{
	began->users = manner.users;
	began->grace_ms = manner.grace_ms;
	began->hook_ms = manner.hook_ms;
	began->offline_ms = manner.offline_ms;
	began->keep_partial = manner.keep_partial;
}

/* What was cut short is gone on with. */
static int go_on(struct journal *journal, struct error *err)
{
	char command[NAME_SIZE + 32];
	enum status status;

	if (dry_run) {
		print_plan(&journal->plan, &(struct findings){0});
		return STATUS_DONE;
	}
	if (journal_is_of_old_boot(&machine, journal)) {
		fail(err, -EBUSY, "the host was booted since the evacuation of %s began",
		     journal->object);
		hint(err, "%s, or with --forget, and evacuate anew", way_back(journal, command));
		return ui_fail(STATUS_REFUSED, err);
	}
	status = confirm(journal->object);
	if (status)
		return status;
	renew_manner(&journal->plan.manner);
	ui_note("going on with the steps that were planned when the evacuation of %s began",
		journal->object);
	if (journal->undoing || journal->direction == DIRECTION_UP)
		journal->position = 0;
	journal->direction = DIRECTION_DOWN;
	journal->undoing = journal->complete = false;
	return execute(journal, true);
}

static int evacuate(const struct survey *survey, const char *const *words, const struct below *what,
		    struct host *host, struct error *err)
{
	cleanup_below struct below work = {0};
	cleanup_journal struct journal journal = {0};
	enum relation relation = RELATION_NONE;
	bool local = !ui_from && host->privileged;

	if (local && evacuation_find(&machine, what, &journal, &relation, err))
		return ui_fail(STATUS_FAILED, err);
	if (relation == RELATION_SAME && !journal_is_at_rest(&journal))
		return go_on(&journal, err);
	select_work(survey, what, &journal, &work);
	if (!work.dax.count && !work.namespaces.count)
		return say_already(words);
	if (local && ui_refuse_unfinished(err))
		return ui_fail(STATUS_REFUSED, err);
	if (relation == RELATION_SAME)
		return refuse_related(&journal, err);
	if (local && evacuation_find(&machine, &work, &journal, &relation, err))
		return ui_fail(STATUS_FAILED, err);
	if (relation != RELATION_NONE)
		return refuse_related(&journal, err);
	return plan_and_run(survey, &work, host, err);
}

static int begin(const char *const *words, struct error *err)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_below struct below what = {0};
	cleanup_host struct host host = {0};

	if (ui_load_host_deep(&host, COLLECT_USAGE, err))
		return ui_fail(ui_from ? STATUS_USAGE : STATUS_FAILED, err);
	if (!ui_from && evacuations_collect(&machine, &host, err))
		return ui_fail(STATUS_FAILED, err);
	survey = survey_new(&host);
	if (object_gather(survey, words, &what, err))
		return ui_fail(STATUS_USAGE, err);
	return evacuate(survey, words, &what, &host, err);
}

static int check_options(const char *const *words, struct error *err)
{
	int rc = operation_read(force, evacuate_rules, &manner, &consent, &progress, err);

	manner.keep_partial = keep_partial;
	if (!rc && !words[0])
		rc = fail(err, -EINVAL, "expected OBJECT...: what is to be evacuated");
	if (!rc && ui_from && !dry_run)
		rc = fail(err, -EINVAL, "--from goes with --dry-run only");
	return rc;
}

static int run(const char *const *words)
{
	cleanup_fd int lock = -1;
	struct error err = {0};

	if (check_options(words, &err))
		return ui_fail(STATUS_USAGE, &err);
	if (!dry_run && geteuid() == 0 && operation_take_machine("evacuate", words, &lock, &err))
		return ui_fail(STATUS_REFUSED, &err);
	return begin(words, &err);
}

const struct command command_evacuate = {
	.name = "evacuate",
	.summary = "free dax memory of its users and take it offline",
	.arguments = "OBJECT...",
	.options =
		(const struct poptOption[]){
			{"dry-run", 'n', POPT_ARG_NONE, &dry_run, 0,
			 "print the plan and change nothing", NULL},
			{"yes", 'y', POPT_ARG_NONE, &yes, 0, "do not ask for confirmation", NULL},
			{"to-devdax", '\0', POPT_ARG_NONE, &to_devdax, 0,
			 "make System RAM devdax devices afterwards", NULL},
			{"keep-partial", '\0', POPT_ARG_NONE, &keep_partial, 0,
			 "leave what was evacuated so if not all can be", NULL},
			{"force", '\0', POPT_ARG_ARGV, &force, 0,
			 "go on though this rule stands against it: gigantic-pages or no-room",
			 "RULE"},
			UI_OPTION_FROM,
			OPERATION_OPTIONS,
			UI_OPTIONS},
	.choices = (const struct choice[]){{"RULE", evacuate_rules}, OPERATION_CHOICES, {}},
	.run = run,
};
