/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loss or the recovery of root ports would mean, before it happens and while it does. */
#include "assess.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collect/collect.h"
#include "commands.h"
#include "exec/operations.h"
#include "model/document.h"
#include "sys/util.h"
#include "ui/object.h"
#include "ui/table.h"

static char *output, *situation_word;
static int verbose;

enum {
	COL_PORT,
	COL_SITUATION,
	COL_VERDICT,
	COL_LOSES,
	COL_IF_ISOLATED,
	COL_WHY,
	COL_CAPACITY,
	COL_ONLINE,
	COL_UNUSED,
	COL_PROCESSES,
	COL_GUESTS,
};

static const struct column columns[] = {
	[COL_PORT] = {"PORT", "PCI address of the root port", true, 0},
	[COL_SITUATION] = {"SITUATION", "planned or isolated", true, 0},
	[COL_VERDICT] = {"VERDICT", "recoverable, losing data, fix first, reboot", true, 0},
	[COL_LOSES] = {"LOSES", "what loses its data", true, SCOLS_FL_TRUNC},
	[COL_IF_ISOLATED] = {"IF-ISOLATED", "the verdict if the port were isolated now", true, 0},
	[COL_WHY] = {"WHY", "findings that decide the verdict", true, SCOLS_FL_TRUNC},
	[COL_CAPACITY] = {"CAPACITY", "bytes of the memory devices", false, SCOLS_FL_RIGHT},
	[COL_ONLINE] = {"ONLINE", "bytes online as System RAM", false, SCOLS_FL_RIGHT},
	[COL_UNUSED] = {"UNUSED", "bytes in no region", false, SCOLS_FL_RIGHT},
	[COL_PROCESSES] = {"PROCESSES", "that hold or map dax devices", false, SCOLS_FL_RIGHT},
	[COL_GUESTS] = {"GUESTS", "virtual machines that hold or map dax devices", false, 0},
};

/* clang-format off */
static const struct record reason_record = { sizeof(struct reason), (const struct field[]){
	TEXT(struct reason, id),
	TEXT(struct reason, object),
	{} } };

static const struct record outlook_record = { sizeof(struct outlook), (const struct field[]){
	ENUM(struct outlook, verdict, verdict_names),
	RECORDS(struct outlook, because, reason_record),
	{} } };
/* clang-format on */

static LIST(struct assessment) assessments;

static void free_assessments(void)
{
	list_each(assessment, &assessments) {
		findings_free(&assessment->findings);
		losses_free(&assessment->loses);
		record_free(&outlook_record, &assessment->now);
		record_free(&outlook_record, &assessment->if_isolated);
		radius_free(&assessment->radius);
	}
	free(assessments.items);
}

/* Once, though several findings say it of the same object. */
static void add_reason(struct outlook *outlook, const struct finding *finding)
{
	size_t count = outlook->because.count;
	const struct reason *last = count ? &outlook->because.items[count - 1] : NULL;
	struct reason *reason;

	if (last && strcmp(last->id, finding->id) == 0 &&
	    strcmp(last->object, finding->object) == 0)
		return;
	reason = list_add(&outlook->because);
	copy_text(reason->id, sizeof(reason->id), finding->id);
	copy_text(reason->object, sizeof(reason->object), finding->object);
}

/* The verdict, and the findings that alone would lead to it. */
static void conclude(const struct findings *findings, struct outlook *outlook)
{
	outlook->verdict = (int)verdict_of(findings);
	if (outlook->verdict == VERDICT_RECOVERABLE)
		return;
	list_each(finding, &findings->list) {
		const struct findings alone = {{finding, 1}};

		if ((int)verdict_of(&alone) == outlook->verdict)
			add_reason(outlook, finding);
	}
}

static void judge(const struct survey *survey, struct assessment *assessment)
{
	cleanup_findings struct findings isolated = {0};
	bool is_isolated = assessment->situation == SITUATION_ISOLATED;

	assess_port(survey, assessment->port, assessment->situation, &assessment->findings);
	conclude(&assessment->findings, &assessment->now);
	losses_of(survey, &assessment->findings, &assessment->loses);
	if (!is_isolated)
		assess_port(survey, assessment->port, SITUATION_ISOLATED, &isolated);
	conclude(is_isolated ? &assessment->findings : &isolated, &assessment->if_isolated);
	radius_of(survey, assessment->port, &assessment->radius);
	assessment->below = survey_below(survey, assessment->port);
}

static bool is_in_operation(const struct host *host, const struct root_port *port)
{
	list_each(operation, &host->operations)
		if (strcmp(operation->object, port->address) == 0)
			return true;
	return false;
}

/* Nobody who asks for no port in particular wants to know that an empty one can not be recovered;
 * but it may be empty only for now. */
static bool is_empty(const struct survey *survey, const struct root_port *port)
{
	const struct below *below = survey_below(survey, port);

	return !below->functions.count && !below->regions.count &&
	       situation_of(port) != SITUATION_ISOLATED && !survey_orphan(survey, port) &&
	       !is_in_operation(survey_host(survey), port);
}

static void add(const struct survey *survey, const struct root_port *port)
{
	struct assessment *assessment = list_add(&assessments);

	assessment->port = port;
	assessment->situation = situation_below(survey, port);
	for (int i = 0; situation_word && situation_names[i]; i++)
		if (strcmp(situation_word, situation_names[i]) == 0)
			assessment->situation = (enum situation)i;
}

static void choose_all(const struct host *host, const struct survey *survey)
{
	const struct root_port *empty = NULL;
	size_t count = 0;

	list_each(port, &host->root_ports) {
		if (!is_empty(survey, port)) {
			add(survey, port);
			continue;
		}
		empty = port;
		count++;
	}
	if (count == 1)
		ui_note("note: %s is left out: there is nothing below it", empty->address);
	else if (count)
		ui_note("note: %zu ports are left out: there is nothing below them", count);
}

static int choose(const struct host *host, const struct survey *survey,
		  const char *const *arguments, struct error *err)
{
	if (!arguments[0])
		choose_all(host, survey);
	for (; *arguments; arguments++) {
		const struct root_port *port;
		int rc = object_find_port(host, *arguments, &port, err);

		if (rc)
			return rc;
		add(survey, port);
	}
	return 0;
}

static struct json_object *to_json(const struct assessment *assessment)
{
	struct json_object *json = json_object_new_object(), *loses;
	struct json_object *losses = record_to_json(&losses_record, &assessment->loses);

	json_object_object_get_ex(losses, "list", &loses);
	json_object_object_add(json, "port", json_object_new_string(assessment->port->address));
	json_object_object_add(json, "situation",
			       json_object_new_string(situation_names[assessment->situation]));
	json_object_object_add(json, "verdict",
			       json_object_new_string(verdict_names[assessment->now.verdict]));
	json_object_object_add(json, "loses", json_object_get(loses));
	json_object_object_add(json, "if_isolated",
			       record_to_json(&outlook_record, &assessment->if_isolated));
	json_object_object_add(json, "radius", record_to_json(&radius_record, &assessment->radius));
	json_object_object_add(json, "findings", ui_findings(&assessment->findings));
	json_object_put(losses);
	return json;
}

static int compare_numbers(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Each node once, however many ports share it. */
static struct json_object *nodes_to_json(const struct survey *survey)
{
	struct json_object *json = json_object_new_array();
	struct {
		LIST(int) list;
	} numbers = {0};

	list_each(assessment, &assessments)
		list_each(node, &assessment->radius.nodes)
			*list_add(&numbers.list) = node->number;
	list_sort(&numbers.list, compare_numbers);
	list_each(number, &numbers.list) {
		cleanup_node_guests struct node_guests guests = {0};

		if (number > numbers.list.items && number[-1] == *number)
			continue;
		node_guests(survey, *number, &guests);
		json_object_array_add(json, record_to_json(&node_guests_record, &guests));
	}
	free(numbers.list.items);
	return json;
}

static void print_json(const struct survey *survey)
{
	struct json_object *document = document_new("cxl-iso/assessment", 2);
	struct json_object *ports = json_object_new_array();

	list_each(assessment, &assessments)
		json_object_array_add(ports, to_json(assessment));
	json_object_object_add(document, "ports", ports);
	json_object_object_add(document, "nodes", nodes_to_json(survey));
	ui_print_json(document);
}

/* By enum verdict; as short as a cell wants it. */
static const char *const verdict_cells[] = {"recoverable", "losing data", "fix first", "reboot"};

static void set_size(struct table *table, struct libscols_line *line, size_t column, uint64_t bytes)
{
	char size[16];

	if (bytes)
		table_set(table, line, column, human_size(size, bytes));
}

/* Each id once: "devdax-in-use, interleaved, ..." */
static void set_why(struct table *table, struct libscols_line *line, const struct outlook *outlook)
{
	const struct reason *last = NULL;
	char why[192] = "";
	size_t count = 0;

	list_each(reason, &outlook->because) {
		if (last && strcmp(last->id, reason->id) == 0)
			continue;
		if (count++ < 3)
			append_word(why, sizeof(why), ", ", reason->id);
		last = reason;
	}
	if (count > 3)
		append_word(why, sizeof(why), ", ", "...");
	table_set(table, line, COL_WHY, why);
}

static void set_users(struct table *table, struct libscols_line *line, const struct radius *radius)
{
	char count[24], guests[256] = "";

	snprintf(count, sizeof(count), "%" PRIu64, radius->processes);
	table_set(table, line, COL_PROCESSES,
		  !radius->dax_devices.count	 ? ""
		  : radius->processes == UNKNOWN ? "unseen"
						 : count);
	list_each(guest, &radius->guests)
		append_word(guests, sizeof(guests), ",", guest->name);
	table_set(table, line, COL_GUESTS, guests);
}

static void add_line(const struct assessment *assessment, struct table *table)
{
	struct libscols_line *line = table_line(table, NULL);
	cleanup_free char *lost = losses_text(&assessment->loses);

	table_set(table, line, COL_PORT, assessment->port->address);
	table_set(table, line, COL_SITUATION, situation_names[assessment->situation]);
	table_set(table, line, COL_VERDICT, verdict_cells[assessment->now.verdict]);
	table_set(table, line, COL_LOSES, lost);
	table_set(table, line, COL_IF_ISOLATED, verdict_cells[assessment->if_isolated.verdict]);
	set_why(table, line, &assessment->now);
	set_size(table, line, COL_CAPACITY, assessment->radius.capacity);
	set_size(table, line, COL_ONLINE, assessment->radius.online);
	set_size(table, line, COL_UNUSED, assessment->radius.without_region);
	set_users(table, line, &assessment->radius);
}

static int print_table(struct error *err)
{
	cleanup_table struct table table = {0};
	int rc = table_open(&table, columns, ARRAY_SIZE(columns), output, err);

	if (rc)
		return rc;
	list_each(assessment, &assessments)
		add_line(assessment, &table);
	table_print(&table);
	return 0;
}

/* Of one port all is said; of several the table says enough about those that can be recovered. */
static int print_text(struct error *err)
{
	bool several = assessments.count != 1;
	int rc = several || output ? print_table(err) : 0;

	if (rc || output)
		return rc;
	list_each(assessment, &assessments) {
		if (several && !verbose && assessment->now.verdict == VERDICT_RECOVERABLE)
			continue;
		if (several)
			putchar('\n');
		assessment_print(assessment, verbose);
	}
	return 0;
}

/* The worst of the ports. */
static enum status status_of_all(void)
{
	static const enum status statuses[] = {STATUS_DONE, STATUS_DONE, STATUS_REFUSED,
					       STATUS_REBOOT};
	int worst = VERDICT_RECOVERABLE;

	list_each(assessment, &assessments)
		if (assessment->now.verdict > worst)
			worst = assessment->now.verdict;
	return statuses[worst];
}

static int assess(const struct host *host, const char *const *arguments, struct error *err)
{
	cleanup_survey struct survey *survey = survey_new(host);

	if (choose(host, survey, arguments, err))
		return ui_fail(STATUS_USAGE, err);
	list_each(assessment, &assessments)
		judge(survey, assessment);
	if (ui_json)
		print_json(survey);
	else if (print_text(err))
		return ui_fail(STATUS_USAGE, err);
	return status_of_all();
}

static int check_situation(struct error *err)
{
	for (int i = 0; situation_names[i]; i++)
		if (!situation_word || strcmp(situation_word, situation_names[i]) == 0)
			return 0;
	return fail(err, -EINVAL, "--situation: expected planned or isolated, not \"%s\"",
		    situation_word);
}

/* Who says isolated may know it better than the status register: then nothing is walked that may lie
 * in memory that is gone, page tables and page structs. */
static int look(struct host *host, struct error *err)
{
	bool isolated = situation_word && strcmp(situation_word, "isolated") == 0;
	unsigned int more = isolated ? 0 : COLLECT_USAGE | COLLECT_PAGES;
	int rc = ui_load_host_deep(host, more | COLLECT_EXTENTS, err);

	return rc || ui_from ? rc : operations_collect(&machine, host, err);
}

static int run(const char *const *arguments)
{
	cleanup_host struct host host = {0};
	struct error err = {0};
	int status;

	if (check_situation(&err))
		return ui_fail(STATUS_USAGE, &err);
	if (look(&host, &err))
		return ui_fail(ui_from ? STATUS_USAGE : STATUS_FAILED, &err);
	ui_explain(&host);
	status = assess(&host, arguments, &err);
	free_assessments();
	return status;
}

const struct command command_assess = {
	.name = "assess",
	.summary = "say what the loss or recovery of root ports would mean",
	.arguments = "[PORT...]",
	.options =
		(const struct poptOption[]){
			{"situation", '\0', POPT_ARG_STRING, &situation_word, 0,
			 "judge as if planned or isolated (default: as it is now)", "SITUATION"},
			{"verbose", 'v', POPT_ARG_NONE, &verbose, 0,
			 "show all ports and all findings, notes too", NULL},
			{"output", 'o', POPT_ARG_STRING, &output, 0, "columns to show", "COLUMNS"},
			UI_OPTION_FROM,
			UI_OPTIONS},
	.choices = (const struct choice[]){{"SITUATION", situation_names}, {}},
	.columns = columns,
	.column_count = ARRAY_SIZE(columns),
	.run = run,
};
