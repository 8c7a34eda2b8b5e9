/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/operation.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/borrow.h"
#include "exec/drivers.h"
#include "exec/room.h"
#include "model/document.h"
#include "sys/lock.h"
#include "sys/util.h"
#include "ui/progress.h"

static int discard_contents, grace_s = 30, timeout_s = 600, hook_timeout_s = 300;
static char *users, *save, *to, *progress_how;

const struct poptOption operation_options[] = {
	{"users", '\0', POPT_ARG_STRING, &users, 0,
	 "what is done about users of devdax devices: refuse (default), wait, term or kill",
	 "USERS"},
	{"grace", '\0', POPT_ARG_INT, &grace_s, 0, "how long they have to end (default 30)",
	 "SECONDS"},
	{"save", '\0', POPT_ARG_STRING, &save, 0,
	 "keep the contents of devdax devices in files there", "DIRECTORY"},
	{"discard-contents", '\0', POPT_ARG_NONE, &discard_contents, 0,
	 "contents of devdax devices may be lost", NULL},
	{"to", '\0', POPT_ARG_STRING, &to, 0, "move pages to these nodes, as 0,2-3", "NODES"},
	{"timeout", '\0', POPT_ARG_INT, &timeout_s, 0,
	 "how long offlining a dax device's memory may take (default 600)", "SECONDS"},
	{"hook-timeout", '\0', POPT_ARG_INT, &hook_timeout_s, 0,
	 "how long a hook may take (default 300)", "SECONDS"},
	{"progress", '\0', POPT_ARG_STRING, &progress_how, 0,
	 "how to show progress: text, json or none", "PROGRESS"},
	POPT_TABLEEND};

/* Numbers of nodes. */
void operation_complete_nodes(const char *const *objects)
{
	cleanup_names struct names nodes = {0};

	(void)objects;
	if (sys_list(&machine, &nodes, "node", "/sys/devices/system/node"))
		return;
	for (size_t i = 0; i < nodes.count; i++)
		puts(nodes.items[i] + strlen("node"));
}

static int find_word(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static int read_seconds(const char *option, int seconds, uint64_t *milliseconds, struct error *err)
{
	*milliseconds = (uint64_t)seconds * 1000;
	if (seconds > 0 && seconds <= 86400)
		return 0;
	return fail(err, -EINVAL, "%s: expected 1 to 86400 seconds", option);
}

static int read_users(struct manner *manner, struct error *err)
{
	manner->users = users ? find_word(users_policy_names, users) : USERS_REFUSE;
	if (manner->users >= 0)
		return 0;
	return fail(err, -EINVAL, "--users: expected refuse, wait, term or kill, not \"%s\"",
		    users);
}

static int read_save(struct manner *manner, struct error *err)
{
	if (save && discard_contents)
		return fail(err, -EINVAL, "only one of --save and --discard-contents");
	if (save && save[0] != '/')
		return fail(err, -EINVAL, "--save: expected an absolute path, not \"%s\"", save);
	manner->save = save;
	return 0;
}

/* The numbers of a list as "0,2-3", one range after the other; false where it is none. */
static bool read_range(const char **list, uint64_t *first, uint64_t *last)
{
	char *end;

	if (!isdigit((unsigned char)**list))
		return false;
	*first = *last = strtoull(*list, &end, 10);
	if (*end == '-' && !isdigit((unsigned char)end[1]))
		return false;
	if (*end == '-')
		*last = strtoull(end + 1, &end, 10);
	if (*last < *first || (*end == ',' && !end[1]) || (*end && *end != ','))
		return false;
	*list = end + (*end == ',');
	return true;
}

static int read_to(struct manner *manner, struct error *err)
{
	const char *list = to;
	uint64_t first, last;

	manner->to = to;
	while (list && (*list || list == to))
		if (!read_range(&list, &first, &last))
			return fail(err, -EINVAL,
				    "--to: expected numbers of nodes, as 0,2-3, not \"%s\"", to);
	return 0;
}

static int refuse_nodes(const struct host *host, struct error *err)
{
	char names[128] = "", number[24];

	list_each(node, &host->nodes) {
		snprintf(number, sizeof(number), "%d", node->number);
		append_word(names, sizeof(names), ", ", number);
	}
	hint(err, "nodes of this machine: %s", names);
	return -EINVAL;
}

static int check_all_there(const struct host *host, const char *list, struct error *err)
{
	uint64_t first, last;

	while (*list && read_range(&list, &first, &last))
		for (uint64_t number = first; number <= last; number++) {
			if (number <= INT_MAX && host_node(host, (int)number))
				continue;
			fail(err, -EINVAL, "--to: there is no node %" PRIu64, number);
			return refuse_nodes(host, err);
		}
	return 0;
}

static bool is_emptied(const struct below *what, const struct node *node)
{
	list_each(share, &what->nodes)
		if (share->view->node == node)
			return true;
	return false;
}

int operation_check_nodes(const struct host *host, const struct below *what,
			  const struct manner *manner, struct error *err)
{
	int rc = manner->to ? check_all_there(host, manner->to, err) : 0;

	if (rc || !manner->to)
		return rc;
	list_each(node, &host->nodes)
		if (list_has_number(manner->to, (uint64_t)node->number) && node->total &&
		    !is_emptied(what, node))
			return 0;
	fail(err, -EINVAL,
	     "--to: pages can not be moved to %s: it is emptied itself, or has no memory",
	     manner->to);
	return refuse_nodes(host, err);
}

int operation_read(char **force, const char *const *rules, struct manner *manner,
		   struct consent *consent, struct progress **progress, struct error *err)
{
	int rc = ui_check_force(force, rules, err);

	*manner = (struct manner){0};
	if (!rc)
		rc = read_users(manner, err);
	if (!rc)
		rc = read_save(manner, err);
	if (!rc)
		rc = read_to(manner, err);
	if (!rc)
		rc = read_seconds("--grace", grace_s, &manner->grace_ms, err);
	if (!rc)
		rc = read_seconds("--timeout", timeout_s, &manner->offline_ms, err);
	if (!rc)
		rc = read_seconds("--hook-timeout", hook_timeout_s, &manner->hook_ms, err);
	*consent = (struct consent){
		.force = (const char *const *)force,
		.discard_contents = discard_contents,
		.save = save,
		.users = manner->users,
	};
	return rc ? rc : progress_choose(progress_how, progress, err);
}

bool operation_destroys(const struct manner *manner, const struct consent *consent)
{
	return consent->discard_contents || manner->users == USERS_TERM ||
	       manner->users == USERS_KILL;
}

static bool saves(const struct plan *plan)
{
	list_each(step, &plan->down)
		if (step->kind == STEP_SAVE_CONTENTS)
			return true;
	return false;
}

int operation_check_save(const struct host *host, struct plan *plan, struct error *err)
{
	int rc;

	if (ui_from || !saves(plan))
		return 0;
	rc = room_check_plan(&machine, host, plan, err);
	if (!rc && room_is_volatile(plan->manner.save))
		ui_note("warning: save-volatile: %s is in memory: what is saved there is lost if "
			"the host is booted before it is restored",
			plan->manner.save);
	return rc;
}

void operation_say_saved(const struct journal *journal)
{
	list_each(saved, &journal->saved)
		ui_note("the file with the contents of %s is no longer needed: %s", saved->dax,
			saved->path);
}

static void say_loaded(const char *module)
{
	ui_note("loaded module %s", module);
}

int operation_take_machine(const char *operation, const char *const *words, int *lock,
			   struct error *err)
{
	char what[96];
	int rc;

	copy_text(what, sizeof(what), operation);
	for (; *words; words++)
		append_word(what, sizeof(what), " ", *words);
	*lock = lock_take(&machine, what, err);
	if (*lock < 0)
		return *lock;
	rc = borrow_give_back(&machine, ui_say, err);
	return rc ? rc : drivers_load(&machine, say_loaded, err);
}

enum status operation_confirm(bool yes, const char *question)
{
	struct error err = {0};
	int rc = ui_confirm(yes, question, &err);

	if (!rc)
		return STATUS_DONE;
	return (enum status)ui_fail(rc == -ENOTTY ? STATUS_USAGE : STATUS_REFUSED, &err);
}

enum status operation_status(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_DONE:
		return STATUS_DONE;
	case OUTCOME_PUT_BACK:
		return STATUS_FAILED;
	case OUTCOME_PARTIAL:
		return STATUS_PARTIAL;
	case OUTCOME_REBOOT:
		break;
	}
	return STATUS_REBOOT;
}

void operation_print_steps(const char *title, size_t first, const struct step_list *steps)
{
	printf("%s\n", title);
	for (size_t i = 0; i < steps->count; i++)
		printf("  %2zu  %s\n", first + i, steps->items[i].text);
}

void operation_print_plan(const struct plan *plan, const struct findings *findings)
{
	struct json_object *document = document_new("cxl-iso/plan", 2);

	json_object_object_add(document, "plan", record_to_json(&plan_record, plan));
	json_object_object_add(document, "findings", ui_findings(findings));
	ui_print_json(document);
}

static struct json_object *saved_to_json(const struct journal *journal)
{
	struct json_object *array = json_object_new_array();

	list_each(saved, &journal->saved) {
		struct json_object *json = json_object_new_object();

		json_object_object_add(json, "dax", json_object_new_string(saved->dax));
		json_object_object_add(json, "path", json_object_new_string(saved->path));
		json_object_object_add(json, "size", json_object_new_uint64(saved->size));
		json_object_object_add(json, "sha256", json_object_new_string(saved->sha256));
		json_object_array_add(array, json);
	}
	return array;
}

void operation_add_result(struct json_object *json, const struct engine *engine,
			  enum outcome outcome, enum status status, const struct error *err,
			  const struct error *unrepaired)
{
	struct json_object *steps = json_object_new_array();

	json_object_object_add(json, "outcome", json_object_new_string(outcome_names[outcome]));
	json_object_object_add(json, "exit_status", json_object_new_int((int)status));
	json_object_object_add(json, "error", ui_text_or_null(err->text));
	json_object_object_add(json, "hint", ui_text_or_null(err->hint));
	json_object_object_add(json, "unrepaired", ui_text_or_null(unrepaired->text));
	json_object_object_add(json, "saved",
			       engine->journal ? saved_to_json(engine->journal)
					       : json_object_new_array());
	list_each(report, &engine->reports)
		json_object_array_add(steps, record_to_json(&step_report_record, report));
	json_object_object_add(json, "steps", steps);
}
