/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations that were cut short, or wait to be undone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "exec/borrow.h"
#include "exec/journal.h"
#include "model/document.h"
#include "sys/lock.h"
#include "sys/util.h"
#include "ui/table.h"

enum { COL_OBJECT, COL_OPERATION, COL_STATE, COL_STARTED, COL_STEP, COL_NEXT };

static const struct column columns[] = {
	[COL_OBJECT] = {"OBJECT", "the root port, or what is evacuated", true, 0},
	[COL_OPERATION] = {"OPERATION", "what was going on", true, 0},
	[COL_STATE] = {"STATE",
		       "running; cut-short: to be finished or undone; evacuated: to be restored",
		       true, 0},
	[COL_STARTED] = {"STARTED", "when", true, 0},
	[COL_STEP] = {"STEP", "number of the step it is in, or was cut short in", true,
		      SCOLS_FL_RIGHT},
	[COL_NEXT] = {"NEXT", "what --resume begins with", true, 0},
};

static const struct step *next_step(const struct journal *journal)
{
	const struct step_list *steps =
		journal->direction == DIRECTION_DOWN ? &journal->plan.down : &journal->plan.up;

	return journal->position < steps->count ? &steps->items[journal->position] : NULL;
}

static uint64_t step_number(const struct journal *journal)
{
	return journal->position + 1 +
	       (journal->direction == DIRECTION_UP ? journal->plan.down.count : 0);
}

/* The lock goes with its process; there is one for all, and so one operation that can be running. */
static const char *state_of(const struct journal *journal)
{
	char path[64];

	if (journal_is_at_rest(journal))
		return "evacuated";
	snprintf(path, sizeof(path), "/proc/%d", journal->process);
	return lock_is_held(&machine) && sys_exists(&machine, "%s", path) ? "running" : "cut-short";
}

static void add_line(const struct journal *journal, struct table *table)
{
	struct libscols_line *line = table_line(table, NULL);
	const struct step *next = next_step(journal);
	char number[32];

	number[0] = '\0';
	if (next)
		snprintf(number, sizeof(number), "%lu", (unsigned long)step_number(journal));
	table_set(table, line, COL_OBJECT, journal->object);
	table_set(table, line, COL_OPERATION, journal->operation);
	table_set(table, line, COL_STATE, state_of(journal));
	table_set(table, line, COL_STARTED, journal->started);
	table_set(table, line, COL_STEP, number);
	table_set(table, line, COL_NEXT, next ? step_names[next->kind] : "");
}

/* What the others need is in their pages; this one may have been done by a command that only lists. */
static void say_how_to_finish(const struct journal *journal)
{
	if (strcmp(journal->operation, "borrow") == 0 &&
	    strcmp(state_of(journal), "cut-short") == 0)
		ui_note("note: %s was left without its driver; to give it back: cxl-iso "
			"list-extents %s --unbind",
			journal->object, journal->object);
}

static struct json_object *to_json(const struct journal *journal)
{
	struct json_object *json = json_object_new_object();
	const struct step *next = next_step(journal);

	json_object_object_add(json, "object", json_object_new_string(journal->object));
	json_object_object_add(json, "operation", json_object_new_string(journal->operation));
	json_object_object_add(json, "state", json_object_new_string(state_of(journal)));
	json_object_object_add(json, "started", json_object_new_string(journal->started));
	json_object_object_add(json, "step",
			       next ? json_object_new_uint64(step_number(journal)) : NULL);
	json_object_object_add(json, "next",
			       next ? json_object_new_string(step_names[next->kind]) : NULL);
	return json;
}

/* Each journal goes into the table or into the array. One that can not be read is an error, but
 * does not hide the others. */
static int gather(struct table *table, struct json_object *array, struct error *err)
{
	cleanup_names struct names files = {0};
	int rc = journal_list(&machine, &files);

	if (rc == -EACCES)
		hint(err, "run as root");
	if (rc)
		return fail_errno(err, rc, "cannot look for journals");
	for (size_t i = 0; i < files.count; i++) {
		cleanup_journal struct journal journal = {0};
		int one = journal_load_file(&machine, files.items[i], &journal, err);

		if (one)
			rc = one;
		else if (borrow_is_over(&machine, &journal))
			continue;
		else if (array)
			json_object_array_add(array, to_json(&journal));
		else {
			add_line(&journal, table);
			say_how_to_finish(&journal);
		}
	}
	return rc;
}

static int print_json(struct error *err)
{
	struct json_object *document = document_new("cxl-iso/list-recoveries", 2);
	struct json_object *array = json_object_new_array();
	int rc = gather(NULL, array, err);

	json_object_object_add(document, "recoveries", array);
	json_object_object_add(document, "error", rc ? json_object_new_string(err->text) : NULL);
	ui_print_json(document);
	return rc ? STATUS_FAILED : STATUS_DONE;
}

static char *output;

static int print_table(struct error *err)
{
	cleanup_table struct table table = {0};
	int rc;

	if (table_open(&table, columns, ARRAY_SIZE(columns), output, err))
		return STATUS_USAGE;
	rc = gather(&table, NULL, err);
	table_print(&table);
	return rc ? STATUS_FAILED : STATUS_DONE;
}

static int run(const char *const *arguments)
{
	struct error err = {0};
	int status;

	if (ui_no_argument(arguments, &err))
		return ui_fail(STATUS_USAGE, &err);
	if (ui_json)
		return print_json(&err);
	status = print_table(&err);
	return status ? ui_fail((enum status)status, &err) : STATUS_DONE;
}

const struct command command_list_recoveries = {
	.name = "list-recoveries",
	.summary = "show what was cut short, and what is evacuated",
	.arguments = "",
	.options = (const struct poptOption[]){{"output", 'o', POPT_ARG_STRING, &output, 0,
						"columns to show", "COLUMNS"},
					       UI_OPTIONS},
	.columns = columns,
	.column_count = ARRAY_SIZE(columns),
	.run = run,
};
