/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses dax devices and the nodes that their memory is online on. */
#include <string.h>

#include "collect/collect.h"
#include "commands.h"
#include "model/document.h"
#include "selection.h"
#include "sys/util.h"
#include "users_table.h"

static char *output;
static int tree, verbose;

#define TREE_COLUMNS "OBJECT,PID,USER,SIZE,HOW"
#define LINE_COLUMNS "OBJECT,PID,USER,NAME,UNIT,SIZE,HOW"
#define VERBOSE	     ",ARGUMENTS"

static const char *wanted_columns(void)
{
	if (output)
		return output;
	if (tree)
		return verbose ? TREE_COLUMNS VERBOSE : TREE_COLUMNS;
	return verbose ? LINE_COLUMNS VERBOSE : NULL;
}

static bool shows_arguments(void)
{
	return verbose || (output && strcasestr(output, "arguments"));
}

static int print_table(const struct selection *selection, struct error *err)
{
	cleanup_table struct table table = {0};
	int rc = table_open(&table, users_columns, USERS_COLUMNS, wanted_columns(), err);

	if (rc)
		return rc;
	/* All of it is printable; encoding would double the backslashes in systemd's names. */
	scols_table_enable_noencoding(table.scols, 1);
	if (shows_arguments()) /* they hardly ever fit, and cutting others does not help */
		table_keep_whole(&table, COL_UNIT);
	if (tree)
		users_add_tree(selection, &table);
	else
		users_add_lines(selection, &table);
	table_print(&table);
	return 0;
}

static struct json_object *add_array(struct json_object *object, const char *key)
{
	struct json_object *array = json_object_new_array();

	json_object_object_add(object, key, array);
	return array;
}

static struct json_object *with_process(struct json_object *json, const struct host *host, int pid)
{
	const struct process *process = host_process(host, pid);

	json_object_object_add(json, "process",
			       process ? record_to_json(&process_record, process) : NULL);
	return json;
}

static struct json_object *device_to_json(const struct host *host,
					  const struct device_users *device)
{
	const struct dax_view *view = device->view;
	struct json_object *json = record_to_json(&dax_record, view->dax);
	struct json_object *users = add_array(json, "users");
	struct json_object *mounts = add_array(json, "mounts");

	list_each_pointer(user, &device->users)
		json_object_array_add(users, with_process(record_to_json(&user_record, user), host,
							  user->pid));
	list_each_pointer(mount, &view->mounts)
		json_object_array_add(mounts, record_to_json(&mount_record, mount));
	json_object_object_add(json, "contents",
			       view->contents ? record_to_json(&contents_record, view->contents)
					      : NULL);
	return json;
}

static struct json_object *node_to_json(const struct host *host, const struct node_users *users)
{
	struct json_object *json = record_to_json(&node_record, users->node);
	struct json_object *groups, *processes;

	json_object_object_add(json, "online_bytes", json_object_new_uint64(users->online));
	json_object_object_add(json, "normal_bytes", json_object_new_uint64(users->zone_normal));
	groups = add_array(json, "groups");
	processes = add_array(json, "processes");
	list_each_pointer(group, &users->groups)
		json_object_array_add(groups, record_to_json(&group_record, group));
	list_each_pointer(usage, &users->usages)
		json_object_array_add(processes, with_process(record_to_json(&usage_record, usage),
							      host, usage->pid));
	return json;
}

static void print_json(const struct selection *selection)
{
	struct json_object *document = document_new("daxctl-ext/list-users", 2);
	struct json_object *devices, *nodes;

	json_object_object_add(document, "complete", json_object_new_boolean(selection->complete));
	devices = add_array(document, "devices");
	nodes = add_array(document, "nodes");
	list_each(device, &selection->devices)
		json_object_array_add(devices, device_to_json(selection->host, device));
	list_each(node, &selection->nodes)
		json_object_array_add(nodes, node_to_json(selection->host, node));
	ui_print_json(document);
}

/* "Nobody" and "nobody that could be seen" are not the same. */
static void explain(const struct selection *selection)
{
	const struct host *host = selection->host;

	if (selection->other_node)
		ui_note("note: users are looked for only on nodes with memory of CXL or dax "
			"devices");
	if (!host->privileged)
		ui_note("note: seen without root: users may be missing");
	else if (!selection->complete && !selection->other_node)
		ui_note("note: not everything that tells of users could be read: some may be "
			"missing");
}

/* Walking the page tables of all processes is for those who ask for a node. */
static int collect_rest(const struct chosen *chosen, struct host *host, struct error *err)
{
	unsigned int what = (chosen->any_node ? COLLECT_USAGE : 0) |
			    (shows_arguments() ? COLLECT_ARGUMENTS : 0);

	return ui_from ? 0 : collect_more(&machine, host, what, err);
}

static int choose(const struct host *host, const char *const *arguments, struct chosen *chosen,
		  struct error *err)
{
	cleanup_survey struct survey *survey = survey_new(host);

	return chosen_find(survey, arguments, chosen, err);
}

static int show(const struct host *host, const struct chosen *chosen, struct error *err)
{
	cleanup_survey struct survey *survey = survey_new(host);
	cleanup_selection struct selection selection = {0};

	selection_make(survey, chosen, &selection);
	explain(&selection);
	if (!ui_json)
		return print_table(&selection, err);
	print_json(&selection);
	return 0;
}

static int run(const char *const *arguments)
{
	cleanup_host struct host host = {0};
	cleanup_chosen struct chosen chosen = {0};
	struct error err = {0};

	if (ui_load_host(&host, &err))
		return ui_fail(ui_from ? STATUS_USAGE : STATUS_FAILED, &err);
	if (choose(&host, arguments, &chosen, &err))
		return ui_fail(STATUS_USAGE, &err);
	if (collect_rest(&chosen, &host, &err))
		return ui_fail(STATUS_FAILED, &err);
	return show(&host, &chosen, &err) ? ui_fail(STATUS_USAGE, &err) : STATUS_DONE;
}

const struct command command_list_users = {
	.name = "list-users",
	.summary = "show who uses dax devices and their nodes",
	.arguments = "[OBJECT...]",
	.options =
		(const struct poptOption[]){{"tree", 't', POPT_ARG_NONE, &tree, 0,
					     "show a tree of devices, units and processes", NULL},
					    {"verbose", 'v', POPT_ARG_NONE, &verbose, 0,
					     "show command lines as well", NULL},
					    {"output", 'o', POPT_ARG_STRING, &output, 0,
					     "columns to show", "COLUMNS"},
					    UI_OPTION_FROM,
					    UI_OPTIONS},
	.columns = users_columns,
	.column_count = USERS_COLUMNS,
	.run = run,
};
