/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes hold or map dax devices. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "model/document.h"
#include "sys/util.h"
#include "ui/object.h"
#include "ui/table.h"

static char *output;

enum { COL_DAX, COL_PID, COL_COMMAND, COL_MAPPED, COL_OPEN };

static const struct column columns[] = {
	[COL_DAX] = {"DAX", "the dax device", true, 0},
	[COL_PID] = {"PID", "the process", true, SCOLS_FL_RIGHT},
	[COL_COMMAND] = {"COMMAND", "its name", true, 0},
	[COL_MAPPED] = {"MAPPED", "bytes of the device it maps", true, SCOLS_FL_RIGHT},
	[COL_OPEN] = {"OPEN", "whether it holds a file descriptor", true, 0},
};

/* The dax devices asked for. */
static LIST(const struct dax *) chosen;

static void take(void *context, const struct dax *dax)
{
	(void)context;
	*list_add(&chosen) = dax;
}

static bool is_chosen(const char *dax)
{
	list_each(one, &chosen)
		if (strcmp((*one)->name, dax) == 0)
			return true;
	return false;
}

static int choose(const struct host *host, const char *const *arguments, struct error *err)
{
	if (!arguments[0])
		list_each(dax, &host->dax_devices)
			take(NULL, dax);
	for (; *arguments; arguments++) {
		struct object object;
		int rc = object_find(host, *arguments, &object, err);

		if (rc)
			return rc;
		object_each_dax(host, &object, take, NULL);
	}
	return 0;
}

static void add_line(const struct user *user, struct table *table)
{
	struct libscols_line *line = table_line(table, NULL);
	char pid[16], size[16];

	snprintf(pid, sizeof(pid), "%d", user->pid);
	table_set(table, line, COL_DAX, user->dax);
	table_set(table, line, COL_PID, pid);
	table_set(table, line, COL_COMMAND, user->command);
	table_set(table, line, COL_MAPPED, user->mapped ? human_size(size, user->mapped) : "");
	table_set(table, line, COL_OPEN, user->open ? "yes" : "no");
}

static int print_table(const struct host *host, struct error *err)
{
	cleanup_table struct table table = {0};
	int rc = table_open(&table, columns, ARRAY_SIZE(columns), output, err);

	if (rc)
		return rc;
	list_each(user, &host->users)
		if (is_chosen(user->dax))
			add_line(user, &table);
	table_print(&table);
	return 0;
}

static void print_json(const struct host *host)
{
	struct json_object *document = document_new("daxctl-ext/list-users", 1);
	struct json_object *users = json_object_new_array();

	json_object_object_add(document, "complete", json_object_new_boolean(host->privileged));
	json_object_object_add(document, "users", users);
	list_each(user, &host->users)
		if (is_chosen(user->dax))
			json_object_array_add(users, record_to_json(&user_record, user));
	ui_print_json(document);
}

static int run(const char *const *arguments)
{
	cleanup_host struct host host = {0};
	struct error err = {0};

	if (ui_load_host(&host, &err))
		return ui_fail(ui_from ? STATUS_USAGE : STATUS_FAILED, &err);
	if (choose(&host, arguments, &err))
		return ui_fail(STATUS_USAGE, &err);
	if (!host.privileged)
		ui_note("note: seen without root: users may be missing");
	if (ui_json)
		print_json(&host);
	else if (print_table(&host, &err))
		return ui_fail(STATUS_USAGE, &err);
	return STATUS_DONE;
}

const struct command command_list_users = {
	.name = "list-users",
	.summary = "show the processes that hold or map dax devices",
	.arguments = "[OBJECT...]",
	.options = (const struct poptOption[]){{"output", 'o', POPT_ARG_STRING, &output, 0,
						"columns to show", "COLUMNS"},
					       UI_OPTION_FROM,
					       UI_OPTIONS},
	.columns = columns,
	.column_count = ARRAY_SIZE(columns),
	.run = run,
};
