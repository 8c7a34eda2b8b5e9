/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hangs below each CXL root port. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "model/document.h"
#include "model/survey.h"
#include "policy/settings_text.h"
#include "regs/isolation.h"
#include "regs/timeout.h"
#include "sys/util.h"
#include "ui/object.h"
#include "ui/table.h"

static char *output;
static int tree, verbose, isolation_view, settings;

enum {
	COL_PORT,
	COL_BRIDGE,
	COL_BELOW,
	COL_REGION,
	COL_DAX,
	COL_ONLINE,
	COL_ISOLATION,
	COL_TIMEOUT,
	COL_LIMITS,
	COL_RANGES,
	COL_CAUSE,
	COL_BUSY,
	COL_FEATURES,
	COL_ARMED_BY,
	COL_BACKEND,
	COL_DPORT,
};

static const struct column columns[] = {
	[COL_PORT] = {"PORT", "PCI address of the root port", true, 0},
	[COL_BRIDGE] = {"BRIDGE", "CXL host bridge", true, 0},
	[COL_BELOW] = {"BELOW", "memory devices and other functions below", true, 0},
	[COL_REGION] = {"REGION", "regions that use them", true, 0},
	[COL_DAX] = {"DAX", "dax devices of these regions", true, 0},
	[COL_ONLINE] = {"ONLINE", "bytes online as System RAM", true, SCOLS_FL_RIGHT},
	[COL_ISOLATION] = {"ISOLATION", "none, off, armed, ISOLATED; unknown", true, 0},
	[COL_TIMEOUT] = {"TIMEOUT", "of CXL.mem: its range, or off", false, 0},
	[COL_LIMITS] = {"LIMITS", "of that timeout", false, 0},
	[COL_RANGES] = {"RANGES", "timeout ranges that are supported", false, 0},
	[COL_CAUSE] = {"CAUSE", "why CXL.mem is isolated", false, 0},
	[COL_BUSY] = {"BUSY", "transactions outstanding while isolated", false, 0},
	[COL_FEATURES] = {"FEATURES", "what the capability offers", false, 0},
	[COL_ARMED_BY] = {"ARMED-BY", "who armed isolation, as far as known", false, 0},
	[COL_BACKEND] = {"BACKEND", "how the registers are changed", false, 0},
	[COL_DPORT] = {"DPORT", "number of the CXL dport", false, SCOLS_FL_RIGHT},
};

enum { TREE_OBJECT, TREE_SIZE, TREE_ADDRESS, TREE_STATE };

static const struct column tree_columns[] = {
	[TREE_OBJECT] = {"OBJECT", "bridges, ports, devices, regions, dax devices", true,
			 SCOLS_FL_TREE},
	[TREE_SIZE] = {"SIZE", "bytes", true, SCOLS_FL_RIGHT},
	[TREE_ADDRESS] = {"ADDRESS", "in PCI or in memory", true, SCOLS_FL_RIGHT},
	[TREE_STATE] = {"STATE", "mode and what is online", true, 0},
};

/* Words separated by spaces, as far as they fit. */
struct words {
	char text[256];
};

static void add_word(struct words *words, const char *word)
{
	append_word(words->text, sizeof(words->text), " ", word);
}

static void say_below(const struct survey *survey, const struct below *below, struct words *words)
{
	list_each_pointer(memdev, &below->memdevs)
		add_word(words, memdev->name);
	list_each_pointer(function, &below->functions)
		if (function->kind != FUNCTION_BRIDGE &&
		    !survey_memdev_at(survey, function->address))
			add_word(words, function->address);
}

/* System RAM online below a port: each region once, whatever it interleaves over. */
static uint64_t online_below(const struct survey *survey, const struct below *below)
{
	uint64_t bytes = 0;

	list_each_pointer(region, &below->regions)
		bytes += survey_online_bytes(survey, region->start, region->size);
	return bytes;
}

static void set_size(struct table *table, struct libscols_line *line, size_t column, uint64_t bytes)
{
	char size[16];

	if (bytes)
		table_set(table, line, column, human_size(size, bytes));
}

/* One word for the whole: what matters most comes first. */
static const char *isolation_word(const struct root_port *port)
{
	struct isolation_status status = isolation_status_decode((uint32_t)port->status);
	struct isolation_control control = isolation_control_decode((uint32_t)port->control);

	if (port->isolation != ISOLATION_PRESENT)
		return isolation_names[port->isolation];
	for (int i = 0; i < ISOLATION_PROTOCOLS; i++)
		if (status.protocols[i].isolated)
			return "ISOLATED";
	for (int i = 0; i < ISOLATION_PROTOCOLS; i++)
		if (control.protocols[i].isolation)
			return "armed";
	return port->control_known & ISOLATION_CONTROL_ISOLATION(ISOLATION_MEM) ? "off" : "unknown";
}

static void say_features(const struct root_port *port, struct words *features)
{
	struct isolation_capability capability =
		isolation_capability_decode((uint32_t)port->capability);
	static const char *const names[] = {"mem", "cache"};

	for (int i = 0; i < ISOLATION_PROTOCOLS; i++) {
		const struct isolation_support *support = &capability.protocols[i];
		char word[64];

		snprintf(word, sizeof(word), "%s:%s%s%s", names[i],
			 support->timeout ? "timeout," : "", support->isolation ? "isolation," : "",
			 support->link_down ? "link-down," : "");
		word[strlen(word) - 1] = '\0'; /* the last comma, or the colon */
		if (support->timeout || support->isolation)
			add_word(features, word);
	}
	if (capability.err_cor)
		add_word(features, "err-cor");
	if (capability.interrupt)
		add_word(features, "interrupt");
}

static void set_isolation(const struct root_port *port, struct table *table,
			  struct libscols_line *line)
{
	struct isolation_control control = isolation_control_decode((uint32_t)port->control);
	struct isolation_capability capability =
		isolation_capability_decode((uint32_t)port->capability);
	struct isolation_status status = isolation_status_decode((uint32_t)port->status);
	const struct isolation_setting *mem = &control.protocols[ISOLATION_MEM];
	const struct timeout *timeout = timeout_by_value(mem->value);
	struct words features = {""};
	char ranges[5];

	table_set(table, line, COL_ISOLATION, isolation_word(port));
	if (port->isolation != ISOLATION_PRESENT)
		return;
	say_features(port, &features);
	table_set(table, line, COL_TIMEOUT,
		  !mem->timeout ? "off"
		  : timeout	? timeout->name
				: "reserved");
	table_set(table, line, COL_LIMITS, timeout ? timeout->words : "");
	table_set(table, line, COL_RANGES,
		  timeout_ranges_text(ranges, capability.protocols[ISOLATION_MEM].ranges));
	table_set(table, line, COL_CAUSE,
		  isolation_cause_names[isolation_cause(&status, ISOLATION_MEM)]);
	table_set(table, line, COL_BUSY, status.rp_busy ? "yes" : "no");
	table_set(table, line, COL_FEATURES, features.text);
	table_set(table, line, COL_ARMED_BY, armed_by_names[port->armed_by]);
	table_set(table, line, COL_BACKEND, port->backend);
}

/* As lspci does: every bit with + or -. */
static void print_registers(const struct root_port *port)
{
	char text[ISOLATION_TEXT];

	printf("%s: isolation %s, back end %s\n", port->address, isolation_names[port->isolation],
	       port->backend[0] ? port->backend : "none");
	if (port->isolation != ISOLATION_PRESENT)
		return;
	printf("\tIsoCap:\t%s\n",
	       isolation_capability_format(text, sizeof(text), (uint32_t)port->capability,
					   (uint32_t)port->capability_known));
	printf("\tIsoCtl:\t%s\n",
	       isolation_control_format(text, sizeof(text), (uint32_t)port->control,
					(uint32_t)port->control_known));
	printf("\tIsoSta:\t%s\n",
	       isolation_status_format(text, sizeof(text), (uint32_t)port->status,
				       (uint32_t)port->status_known));
}

static void add_port_line(const struct survey *survey, const struct root_port *port,
			  struct table *table)
{
	const struct below *below = survey_below(survey, port);
	struct libscols_line *line = table_line(table, NULL);
	struct words things = {""}, regions = {""}, devices = {""};
	char dport[16];

	say_below(survey, below, &things);
	list_each_pointer(region, &below->regions)
		add_word(&regions, region->name);
	list_each_pointer(view, &below->dax)
		add_word(&devices, view->dax->name);
	table_set(table, line, COL_PORT, port->address);
	table_set(table, line, COL_BRIDGE, port->bridge);
	table_set(table, line, COL_BELOW, things.text);
	table_set(table, line, COL_REGION, regions.text);
	table_set(table, line, COL_DAX, devices.text);
	set_size(table, line, COL_ONLINE, online_below(survey, below));
	set_isolation(port, table, line);
	snprintf(dport, sizeof(dport), "%d", port->dport);
	if (port->dport >= 0)
		table_set(table, line, COL_DPORT, dport);
}

static void set_address(struct table *table, struct libscols_line *line, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	table_set(table, line, TREE_ADDRESS, address == UNKNOWN ? "" : text);
}

static void add_dax_branch(const struct survey *survey, const struct dax *dax, struct table *table,
			   struct libscols_line *above)
{
	struct libscols_line *line = table_line(table, above);
	uint64_t online = survey_dax_online_bytes(survey, dax);
	char state[64], size[16];

	table_set(table, line, TREE_OBJECT, dax->name);
	set_size(table, line, TREE_SIZE, dax->size);
	if (dax->mappings.count)
		set_address(table, line, dax->mappings.items[0].start);
	snprintf(state, sizeof(state), "%s%s%s", dax_mode_names[dax->mode],
		 online ? ", online " : "", online ? human_size(size, online) : "");
	table_set(table, line, TREE_STATE, state);
}

/* The way down below one port. A capture may say that a bridge is below itself. */
struct walk {
	const struct survey *survey;
	const struct below *below;
	struct table *table;
	size_t left; /* functions that were not met yet */
};

#define DEPTH_MAX 256 /* buses of a domain */

static void add_region_branch(const struct walk *walk, const struct region *region,
			      struct libscols_line *above)
{
	struct libscols_line *line = table_line(walk->table, above);
	char state[96];

	table_set(walk->table, line, TREE_OBJECT, region->name);
	set_size(walk->table, line, TREE_SIZE, region->size);
	set_address(walk->table, line, region->start);
	snprintf(state, sizeof(state), "%s%s%s", region->mode,
		 region->enabled     ? ""
		 : region->committed ? ", disabled"
				     : ", not committed",
		 region->ways > 1 ? ", interleaved" : "");
	table_set(walk->table, line, TREE_STATE, state);
	list_each_pointer(view, &walk->below->dax)
		if (view->region == region)
			add_dax_branch(walk->survey, view->dax, walk->table, line);
}

static void add_function_branch(const struct walk *walk, const struct function *function,
				struct libscols_line *above)
{
	const struct memdev *memdev = survey_memdev_at(walk->survey, function->address);
	struct libscols_line *line = table_line(walk->table, above);

	table_set(walk->table, line, TREE_OBJECT, memdev ? memdev->name : function->address);
	table_set(walk->table, line, TREE_ADDRESS, function->address);
	if (!memdev) {
		table_set(walk->table, line, TREE_STATE, function->driver);
		return;
	}
	set_size(walk->table, line, TREE_SIZE, memdev->ram_size + memdev->pmem_size);
	list_each_pointer(region, &walk->below->regions)
		if (region_uses_memdev(region, memdev->name))
			add_region_branch(walk, region, line);
}

/* Bridges of switches hang below one another, so go down by each function's parent. */
static void add_functions_below(struct walk *walk, const char *parent, struct libscols_line *above,
				int depth)
{
	list_each_pointer(function, &walk->below->functions) {
		struct libscols_line *line;

		if (strcmp(function->parent, parent) != 0 || !walk->left)
			continue;
		walk->left--;
		if (function->kind != FUNCTION_BRIDGE) {
			add_function_branch(walk, function, above);
			continue;
		}
		line = table_line(walk->table, above);
		table_set(walk->table, line, TREE_OBJECT, function->address);
		table_set(walk->table, line, TREE_STATE, "switch");
		if (depth < DEPTH_MAX)
			add_functions_below(walk, function->address, line, depth + 1);
	}
}

/* The ports asked for; none means all. */
static LIST(const struct root_port *) chosen;

static bool is_chosen(const struct root_port *port)
{
	list_each(one, &chosen)
		if (*one == port)
			return true;
	return chosen.count == 0;
}

static void add_port_branch(const struct survey *survey, const struct below *below,
			    struct table *table, struct libscols_line *above)
{
	struct walk walk = {survey, below, table, below->functions.count};
	struct libscols_line *line = table_line(table, above);

	table_set(table, line, TREE_OBJECT, below->port->address);
	add_functions_below(&walk, below->port->address, line, 0);
}

static void add_bridge_branch(const struct survey *survey, const struct bridge *bridge,
			      struct table *table)
{
	struct libscols_line *above = NULL;

	list_each(port, &survey_host(survey)->root_ports) {
		const struct below *below = survey_below(survey, port);

		if (!below->neighbours || below->neighbours->bridge != bridge || !is_chosen(port))
			continue;
		if (!above) {
			above = table_line(table, NULL);
			table_set(table, above, TREE_OBJECT, bridge->name);
		}
		add_port_branch(survey, below, table, above);
	}
}

/* Without the CXL drivers, nothing tells the bridge of a port. */
static void add_tree(const struct survey *survey, struct table *table)
{
	list_each(bridge, &survey_host(survey)->bridges)
		add_bridge_branch(survey, bridge, table);
	list_each(port, &survey_host(survey)->root_ports) {
		const struct below *below = survey_below(survey, port);

		if (!below->neighbours && is_chosen(port))
			add_port_branch(survey, below, table, NULL);
	}
}

#define ISOLATION_COLUMNS "PORT,ISOLATION,TIMEOUT,LIMITS,RANGES,CAUSE,BUSY,ARMED-BY"

static int print_table(const struct survey *survey, struct error *err)
{
	cleanup_table struct table table = {0};
	const struct host *host = survey_host(survey);
	const char *wanted = output ? output : isolation_view ? ISOLATION_COLUMNS : NULL;
	int rc = tree ? table_open(&table, tree_columns, ARRAY_SIZE(tree_columns), output, err)
		      : table_open(&table, columns, ARRAY_SIZE(columns), wanted, err);

	if (rc)
		return rc;
	if (tree)
		add_tree(survey, &table);
	else
		list_each(port, &host->root_ports)
			if (is_chosen(port))
				add_port_line(survey, port, &table);
	table_print(&table);
	list_each(port, &host->root_ports)
		if (verbose && is_chosen(port))
			print_registers(port);
	return 0;
}

/* A new array of the records that a list of pointers points to. */
#define records_to_json(record, list)                                                 \
	({                                                                            \
		struct json_object *array_ = json_object_new_array();                 \
		list_each_pointer(item_, list)                                        \
			json_object_array_add(array_, record_to_json(record, item_)); \
		array_;                                                               \
	})

/* The port's own record and whole records of the capture that belong to it. */
static struct json_object *port_to_json(const struct survey *survey, const struct root_port *port)
{
	struct json_object *json = record_to_json(&root_port_record, port);
	struct json_object *devices = json_object_new_array();
	const struct below *below = survey_below(survey, port);

	json_object_object_add(json, "functions",
			       records_to_json(&function_record, &below->functions));
	json_object_object_add(json, "memdevs", records_to_json(&memdev_record, &below->memdevs));
	json_object_object_add(json, "regions", records_to_json(&region_record, &below->regions));
	json_object_object_add(json, "dax_devices", devices);
	list_each_pointer(view, &below->dax)
		json_object_array_add(devices, record_to_json(&dax_record, view->dax));
	json_object_object_add(json, "online_bytes",
			       json_object_new_uint64(online_below(survey, below)));
	return json;
}

static void print_json(const struct survey *survey)
{
	struct json_object *document = document_new("cxl-iso/list", 2);
	struct json_object *ports = json_object_new_array();

	json_object_object_add(document, "root_ports", ports);
	list_each(port, &survey_host(survey)->root_ports)
		if (is_chosen(port))
			json_object_array_add(ports, port_to_json(survey, port));
	ui_print_json(document);
}

static int choose(const struct host *host, const char *const *arguments, struct error *err)
{
	for (; *arguments; arguments++) {
		const struct root_port *port;
		int rc = object_find_port(host, *arguments, &port, err);

		if (rc)
			return rc;
		*list_add(&chosen) = port;
	}
	return 0;
}

static void print_settings(const struct host *host)
{
	char text[SETTINGS_TEXT];

	list_each(port, &host->root_ports) {
		if (port->isolation != ISOLATION_PRESENT || !is_chosen(port))
			continue;
		settings_format(text, port);
		puts(text);
	}
}

static int run(const char *const *arguments)
{
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};
	struct error err = {0};

	if (ui_load_host(&host, &err))
		return ui_fail(ui_from ? STATUS_USAGE : STATUS_FAILED, &err);
	if (choose(&host, arguments, &err))
		return ui_fail(STATUS_USAGE, &err);
	ui_explain(&host);
	survey = survey_new(&host);
	if (settings)
		print_settings(&host);
	else if (ui_json)
		print_json(survey);
	else if (print_table(survey, &err))
		return ui_fail(STATUS_USAGE, &err);
	return STATUS_DONE;
}

const struct command command_list = {
	.name = "list",
	.summary = "show CXL root ports and what lies below them",
	.arguments = "[PORT...]",
	.options =
		(const struct poptOption[]){
			{"tree", 't', POPT_ARG_NONE, &tree, 0,
			 "show a tree down to the dax devices", NULL},
			{"isolation", 'i', POPT_ARG_NONE, &isolation_view, 0,
			 "show the columns of timeout and isolation", NULL},
			{"verbose", 'v', POPT_ARG_NONE, &verbose, 0,
			 "show the registers as well, bit by bit", NULL},
			{"settings", '\0', POPT_ARG_NONE, &settings, 0,
			 "write the settings of ports as cxl-iso apply reads them", NULL},
			{"output", 'o', POPT_ARG_STRING, &output, 0, "columns to show", "COLUMNS"},
			UI_OPTION_FROM,
			UI_OPTIONS},
	.columns = columns,
	.column_count = ARRAY_SIZE(columns),
	.run = run,
};
