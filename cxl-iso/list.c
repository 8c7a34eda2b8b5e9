/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hangs below each CXL root port. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "model/document.h"
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
	size_t used = strlen(words->text);

	snprintf(words->text + used, sizeof(words->text) - used, "%s%s", used ? " " : "", word);
}

static bool is_below(const char *root_port, const struct root_port *port)
{
	return strcmp(root_port, port->address) == 0;
}

static void say_below(const struct host *host, const struct root_port *port, struct words *below)
{
	list_each(memdev, &host->memdevs)
		if (is_below(memdev->root_port, port))
			add_word(below, memdev->name);
	list_each(function, &host->functions)
		if (is_below(function->root_port, port) && function->kind != FUNCTION_BRIDGE &&
		    !host_memdev_at(host, function->address))
			add_word(below, function->address);
}

/* System RAM online below a port: each region once, whatever it interleaves over. */
static uint64_t online_below(const struct host *host, const struct root_port *port)
{
	uint64_t bytes = 0;

	list_each(region, &host->regions)
		if (region_below(region, port))
			bytes += host_online_bytes(host, region->start, region->size);
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

static void add_port_line(const struct host *host, const struct root_port *port,
			  struct table *table)
{
	struct libscols_line *line = table_line(table, NULL);
	struct words below = {""}, regions = {""}, devices = {""};
	char dport[16];

	say_below(host, port, &below);
	list_each(region, &host->regions)
		if (region_below(region, port))
			add_word(&regions, region->name);
	list_each(dax, &host->dax_devices)
		if (dax_below(host, dax, port))
			add_word(&devices, dax->name);
	table_set(table, line, COL_PORT, port->address);
	table_set(table, line, COL_BRIDGE, port->bridge);
	table_set(table, line, COL_BELOW, below.text);
	table_set(table, line, COL_REGION, regions.text);
	table_set(table, line, COL_DAX, devices.text);
	set_size(table, line, COL_ONLINE, online_below(host, port));
	set_isolation(port, table, line);
	snprintf(dport, sizeof(dport), "%d", port->dport);
	if (port->dport >= 0)
		table_set(table, line, COL_DPORT, dport);
}

static void set_address(struct table *table, struct libscols_line *line, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	table_set(table, line, TREE_ADDRESS, text);
}

static void add_dax_branch(const struct host *host, const struct dax *dax, struct table *table,
			   struct libscols_line *above)
{
	struct libscols_line *line = table_line(table, above);
	uint64_t online = 0;
	char state[64], size[16];

	list_each(mapping, &dax->mappings)
		online += host_online_bytes(host, mapping->start, mapping->size);
	table_set(table, line, TREE_OBJECT, dax->name);
	set_size(table, line, TREE_SIZE, dax->size);
	if (dax->mappings.count)
		set_address(table, line, dax->mappings.items[0].start);
	snprintf(state, sizeof(state), "%s%s%s", dax_mode_names[dax->mode],
		 online ? ", online " : "", online ? human_size(size, online) : "");
	table_set(table, line, TREE_STATE, state);
}

static void add_region_branch(const struct host *host, const struct region *region,
			      struct table *table, struct libscols_line *above)
{
	struct libscols_line *line = table_line(table, above);
	char state[96];

	table_set(table, line, TREE_OBJECT, region->name);
	set_size(table, line, TREE_SIZE, region->size);
	set_address(table, line, region->start);
	snprintf(state, sizeof(state), "%s%s%s", region->mode,
		 region->enabled     ? ""
		 : region->committed ? ", disabled"
				     : ", not committed",
		 region->ways > 1 ? ", interleaved" : "");
	table_set(table, line, TREE_STATE, state);
	list_each(dax, &host->dax_devices)
		if (strcmp(dax->region, region->name) == 0)
			add_dax_branch(host, dax, table, line);
}

static void add_function_branch(const struct host *host, const struct function *function,
				struct table *table, struct libscols_line *above)
{
	const struct memdev *memdev = host_memdev_at(host, function->address);
	struct libscols_line *line = table_line(table, above);

	table_set(table, line, TREE_OBJECT, memdev ? memdev->name : function->address);
	table_set(table, line, TREE_ADDRESS, function->address);
	if (!memdev) {
		table_set(table, line, TREE_STATE, function->driver);
		return;
	}
	set_size(table, line, TREE_SIZE, memdev->ram_size + memdev->pmem_size);
	list_each(region, &host->regions)
		if (region_uses_memdev(region, memdev->name))
			add_region_branch(host, region, table, line);
}

/* Bridges of switches hang below one another, so go down by each function's parent. */
static void add_functions_below(const struct host *host, const char *parent, struct table *table,
				struct libscols_line *above, int depth)
{
	list_each(function, &host->functions) {
		if (strcmp(function->parent, parent) != 0)
			continue;
		if (function->kind == FUNCTION_BRIDGE) {
			struct libscols_line *line = table_line(table, above);

			table_set(table, line, TREE_OBJECT, function->address);
			table_set(table, line, TREE_STATE, "switch");
			if (depth <
			    256) /* buses: a capture may say that a bridge is below itself */
				add_functions_below(host, function->address, table, line,
						    depth + 1);
		} else {
			add_function_branch(host, function, table, above);
		}
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

static void add_port_branch(const struct host *host, const struct root_port *port,
			    struct table *table, struct libscols_line *above)
{
	struct libscols_line *line = table_line(table, above);

	table_set(table, line, TREE_OBJECT, port->address);
	add_functions_below(host, port->address, table, line, 0);
}

static void add_bridge_branch(const struct host *host, const struct bridge *bridge,
			      struct table *table)
{
	struct libscols_line *above = NULL;

	list_each(port, &host->root_ports) {
		if (strcmp(port->bridge, bridge->name) != 0 || !is_chosen(port))
			continue;
		if (!above) {
			above = table_line(table, NULL);
			table_set(table, above, TREE_OBJECT, bridge->name);
		}
		add_port_branch(host, port, table, above);
	}
}

/* Without the CXL drivers, nothing tells the bridge of a port. */
static void add_tree(const struct host *host, struct table *table)
{
	list_each(bridge, &host->bridges)
		add_bridge_branch(host, bridge, table);
	list_each(port, &host->root_ports)
		if (!host_bridge(host, port->bridge) && is_chosen(port))
			add_port_branch(host, port, table, NULL);
}

#define ISOLATION_COLUMNS "PORT,ISOLATION,TIMEOUT,LIMITS,RANGES,CAUSE,BUSY,ARMED-BY"

static int print_table(const struct host *host, struct error *err)
{
	cleanup_table struct table table = {0};
	const char *wanted = output ? output : isolation_view ? ISOLATION_COLUMNS : NULL;
	int rc = tree ? table_open(&table, tree_columns, ARRAY_SIZE(tree_columns), output, err)
		      : table_open(&table, columns, ARRAY_SIZE(columns), wanted, err);

	if (rc)
		return rc;
	if (tree)
		add_tree(host, &table);
	else
		list_each(port, &host->root_ports)
			if (is_chosen(port))
				add_port_line(host, port, &table);
	table_print(&table);
	list_each(port, &host->root_ports)
		if (verbose && is_chosen(port))
			print_registers(port);
	return 0;
}

static struct json_object *add_array(struct json_object *object, const char *key)
{
	struct json_object *array = json_object_new_array();

	json_object_object_add(object, key, array);
	return array;
}

/* The port's own record and whole records of the capture that belong to it. */
static struct json_object *port_to_json(const struct host *host, const struct root_port *port)
{
	struct json_object *json = record_to_json(&root_port_record, port);
	struct json_object *functions = add_array(json, "functions");
	struct json_object *memdevs = add_array(json, "memdevs");
	struct json_object *regions = add_array(json, "regions");
	struct json_object *devices = add_array(json, "dax_devices");

	list_each(function, &host->functions)
		if (is_below(function->root_port, port))
			json_object_array_add(functions,
					      record_to_json(&function_record, function));
	list_each(memdev, &host->memdevs)
		if (is_below(memdev->root_port, port))
			json_object_array_add(memdevs, record_to_json(&memdev_record, memdev));
	list_each(region, &host->regions)
		if (region_below(region, port))
			json_object_array_add(regions, record_to_json(&region_record, region));
	list_each(dax, &host->dax_devices)
		if (dax_below(host, dax, port))
			json_object_array_add(devices, record_to_json(&dax_record, dax));
	json_object_object_add(json, "online_bytes",
			       json_object_new_uint64(online_below(host, port)));
	return json;
}

static void print_json(const struct host *host)
{
	struct json_object *document = document_new("cxl-iso/list", 1);
	struct json_object *ports = add_array(document, "root_ports");

	list_each(port, &host->root_ports)
		if (is_chosen(port))
			json_object_array_add(ports, port_to_json(host, port));
	ui_print_json(document);
}

/* Why the list may lack something: "no hardware", "no driver" and "not allowed" are not the same. */
static void explain(const struct host *host)
{
	if (!ui_from && sys_exists(&machine, "/sys/bus/acpi/devices/ACPI0017:00") &&
	    !sys_exists(&machine, "/sys/bus/cxl/devices/root0"))
		ui_note("note: the CXL drivers are not loaded: modprobe cxl_acpi cxl_pci cxl_mem");
	if (!host->root_ports.count)
		ui_note("note: no CXL root ports here");
	if (!host->privileged)
		ui_note("note: seen without root: capabilities and registers are unknown");
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
	cleanup_host struct host host = {0};
	struct error err = {0};

	if (ui_load_host(&host, &err))
		return ui_fail(ui_from ? STATUS_USAGE : STATUS_FAILED, &err);
	if (choose(&host, arguments, &err))
		return ui_fail(STATUS_USAGE, &err);
	explain(&host);
	if (settings)
		print_settings(&host);
	else if (ui_json)
		print_json(&host);
	else if (print_table(&host, &err))
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
