/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bring back what evacuate took out of service, as its journal has it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "exec/evacuations.h"
#include "exec/saved.h"
#include "model/document.h"
#include "sys/stop.h"
#include "sys/util.h"
#include "ui/object.h"
#include "ui/operation.h"
#include "ui/progress.h"

static int dry_run, all, discard_contents, forget;
static char *progress_how;
static struct progress *progress;

/* Journals of evacuations, and which of them were asked for. */
struct found {
	struct journal journal;
	bool wanted;
};

struct search {
	LIST(struct found) list;
};

static void search_free(struct search *search)
{
	list_each(found, &search->list)
		journal_free(&found->journal);
	free(search->list.items);
}

static int load_all(struct search *search, struct error *err)
{
	cleanup_names struct names files = {0};
	int rc = journal_list(&machine, &files);

	if (rc)
		return fail_errno(err, rc, "cannot look for journals");
	for (size_t i = 0; !rc && i < files.count; i++) {
		if (!starts_with(files.items[i], "evacuate-"))
			continue;
		rc = journal_load_file(&machine, files.items[i], &list_add(&search->list)->journal,
				       err);
	}
	return rc;
}

/* Those of the words that the picture of before has. What was evacuated may have other names now. */
static void select_words(const struct survey *survey, const char *const *words, const char **own,
			 bool *known, const struct journal *journal)
{
	size_t count = 0;

	for (size_t i = 0; words[i]; i++) {
		const char *const one[] = {words[i], NULL};
		cleanup_below struct below what = {0};

		if (object_gather(survey, one, &what, NULL) ||
		    evacuation_relation(journal, &what) == RELATION_NONE)
			continue;
		known[i] = true;
		own[count++] = words[i];
	}
	own[count] = NULL;
}

/* What was evacuated together comes back together: nobody shall be surprised by more than he named. */
static int choose_one(struct found *found, const char *const *words, const char **own, bool *known,
		      struct error *err)
{
	cleanup_survey struct survey *survey = survey_new(&found->journal.before);
	cleanup_below struct below what = {0};

	select_words(survey, words, own, known, &found->journal);
	if (!own[0])
		return 0;
	found->wanted = true;
	if (object_gather(survey, own, &what, err))
		return -EINVAL;
	if (evacuation_relation(&found->journal, &what) >= RELATION_ALL)
		return 0;
	fail(err, -EBUSY, "%s was evacuated together with others: %s", own[0],
	     found->journal.object);
	hint(err, "name all of them, or the port they are below, or say --all");
	return -EBUSY;
}

static void list_objects(const struct search *search, char *out, size_t size)
{
	out[0] = '\0';
	list_each(found, &search->list)
		append_word(out, size, ", ", found->journal.object);
}

static int refuse_unknown(const struct search *search, const char *word, struct error *err)
{
	char objects[256];

	fail(err, -ENOENT, "nothing of %s was evacuated", word);
	list_objects(search, objects, sizeof(objects));
	if (objects[0])
		hint(err, "evacuated: %s", objects);
	else
		hint(err, "there is nothing to restore");
	return -ENOENT;
}

static int choose(struct search *search, const char *const *words, struct error *err)
{
	cleanup_free const char **own = NULL;
	cleanup_free bool *known = NULL;
	size_t count = 0;
	int rc = 0;

	while (words[count])
		count++;
	own = xcalloc(count + 1, sizeof(*own));
	known = xcalloc(count + 1, sizeof(*known));
	list_each(found, &search->list) {
		found->wanted = all;
		rc = rc || all ? rc : choose_one(found, words, own, known, err);
	}
	for (size_t i = 0; !rc && i < count; i++)
		if (!known[i])
			rc = refuse_unknown(search, words[i], err);
	return rc;
}

/* ---- one after the other ---- */

static enum status say_outcome(const struct journal *journal, enum outcome outcome,
			       const struct error *err)
{
	if (outcome == OUTCOME_DONE) {
		printf("%s restored: as it was before it was evacuated\n", journal->object);
		operation_say_saved(journal);
		return STATUS_DONE;
	}
	ui_note(outcome == OUTCOME_REBOOT
			? "only a reboot brings back %s; after it: the same command again"
			: "%s is left half-way; go on: the same command again",
		journal->object);
	ui_fail(operation_status(outcome), err);
	return operation_status(outcome);
}

static enum status restore_one(struct journal *journal, struct json_object *results)
{
	cleanup_engine struct engine engine = {
		.sys = &machine,
		.before = &journal->before,
		.plan = &journal->plan,
		.journal = journal,
		.resumed = journal->direction == DIRECTION_UP,
		.dax_awaited = !journal_is_of_old_boot(&machine, journal),
		.progress = progress,
	};
	struct json_object *result;
	struct error err = {0};
	enum outcome outcome;

	evacuation_renew_shared(&machine, journal);
	if (discard_contents)
		saved_give_up(journal);
	outcome = engine_bring_back(&engine, &err);
	if (!ui_json)
		return say_outcome(journal, outcome, &err);
	result = json_object_new_object();
	json_object_object_add(result, "object", json_object_new_string(journal->object));
	operation_add_result(result, &engine, outcome, operation_status(outcome), &err,
			     &(struct error){0});
	json_object_array_add(results, result);
	return operation_status(outcome);
}

static enum status forget_one(const struct journal *journal, struct error *err)
{
	if (journal_remove(&machine, journal, err))
		return ui_fail(STATUS_FAILED, err);
	list_each(saved, &journal->saved)
		ui_note("contents of %s were saved in %s", saved->dax, saved->path);
	printf("%s is as it is: its evacuation is forgotten\n", journal->object);
	return STATUS_DONE;
}

static void print_steps(const struct journal *journal)
{
	char title[NAME_SIZE + 16];

	snprintf(title, sizeof(title), "%s:", journal->object);
	operation_print_steps(title, 1, &journal->plan.up);
}

static void say_nothing_there(const struct search *search)
{
	if (!search->list.count)
		ui_note("nothing was evacuated: there is nothing to restore");
}

static void print_plans(const struct search *search)
{
	struct json_object *document = document_new("daxctl-ext/restore-plan", 1);
	struct json_object *plans = json_object_new_array();

	list_each(found, &search->list)
		if (found->wanted && ui_json)
			json_object_array_add(plans,
					      record_to_json(&plan_record, &found->journal.plan));
		else if (found->wanted)
			print_steps(&found->journal);
	json_object_object_add(document, "plans", plans);
	if (ui_json)
		ui_print_json(document);
	else
		json_object_put(document);
}

/* The worst of them; one that fails does not keep the others where they are. */
static enum status restore(struct search *search)
{
	struct json_object *document = document_new("daxctl-ext/restore", 1);
	struct json_object *results = json_object_new_array();
	enum status worst = STATUS_DONE;

	stop_on_signals();
	list_each(found, &search->list) {
		enum status status = STATUS_DONE;

		if (found->wanted && !stop_requested())
			status = restore_one(&found->journal, results);
		else if (found->wanted)
			status = STATUS_PARTIAL;
		worst = status > worst ? status : worst;
	}
	json_object_object_add(document, "restored", results);
	if (ui_json)
		ui_print_json(document);
	else
		json_object_put(document);
	return worst;
}

/* A recovery that was cut short needs the memory as it is. */
static int refuse_others(const struct search *search, struct error *err)
{
	size_t own = 0;

	list_each(found, &search->list)
		own += found->wanted && !journal_is_at_rest(&found->journal);
	return own ? 0 : ui_refuse_unfinished(err);
}

static int begin(const char *const *words, struct error *err)
{
	__attribute__((cleanup(search_free))) struct search search = {0};
	int rc;

	if (load_all(&search, err))
		return ui_fail(STATUS_REFUSED, err);
	rc = choose(&search, words, err);
	if (rc)
		return ui_fail(rc == -EBUSY ? STATUS_REFUSED : STATUS_USAGE, err);
	say_nothing_there(&search);
	if (dry_run) {
		print_plans(&search);
		return STATUS_DONE;
	}
	if (forget) {
		list_each(found, &search.list)
			if (found->wanted && forget_one(&found->journal, err))
				return STATUS_FAILED;
		return STATUS_DONE;
	}
	if (refuse_others(&search, err))
		return ui_fail(STATUS_REFUSED, err);
	return restore(&search);
}

static int check_options(const char *const *words, struct error *err)
{
	int rc = progress_choose(progress_how, &progress, err);

	if (!rc && !words[0] && !all) {
		rc = fail(err, -EINVAL, "expected OBJECT..., or --all");
		hint(err, "cxl-iso list-recoveries shows what was evacuated");
	}
	if (!rc && words[0] && all)
		rc = fail(err, -EINVAL, "either OBJECT... or --all");
	if (!rc && dry_run && forget)
		rc = fail(err, -EINVAL, "only one of --dry-run and --forget");
	return rc;
}

static int run(const char *const *words)
{
	static const char *const everything[] = {"everything", NULL};
	cleanup_fd int lock = -1;
	struct error err = {0};

	if (check_options(words, &err))
		return ui_fail(STATUS_USAGE, &err);
	if (geteuid() != 0) {
		fail(&err, -EPERM, "not-privileged: journals of evacuations are root's own");
		hint(&err, "run as root");
		return ui_fail(STATUS_REFUSED, &err);
	}
	if (!dry_run && operation_take_machine("restore", all ? everything : words, &lock, &err))
		return ui_fail(STATUS_REFUSED, &err);
	return begin(words, &err);
}

const struct command command_restore = {
	.name = "restore",
	.summary = "bring back what was evacuated, as it was",
	.arguments = "[OBJECT...]",
	.options =
		(const struct poptOption[]){
			{"all", 'a', POPT_ARG_NONE, &all, 0, "all that was evacuated", NULL},
			{"dry-run", 'n', POPT_ARG_NONE, &dry_run, 0,
			 "print the steps and change nothing", NULL},
			{"discard-contents", '\0', POPT_ARG_NONE, &discard_contents, 0,
			 "do not write back contents that were saved", NULL},
			{"forget", '\0', POPT_ARG_NONE, &forget, 0,
			 "give up what can not be restored: leave all as it is", NULL},
			{"progress", '\0', POPT_ARG_STRING, &progress_how, 0,
			 "how to show progress: text, json or none", "PROGRESS"},
			UI_OPTIONS},
	.choices = (const struct choice[]){{"PROGRESS", progress_words}, {}},
	.run = run,
};
