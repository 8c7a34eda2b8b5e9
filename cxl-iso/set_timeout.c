/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Choose a transaction timeout, and turn it on or off. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collect/collect.h"
#include "commands.h"
#include "policy/settings.h"
#include "regs/isolation.h"
#include "regs/timeout.h"
#include "settings.h"
#include "sys/util.h"
#include "ui/object.h"

static char *range, *value_text, *at_least, *at_most;
static int enable, disable, hold, restore, protocol;

/* The ranges that every port named supports; all there are if none is named that has any. */
static void print_ranges(const char *const *objects)
{
	cleanup_host struct host host = {0};
	unsigned int ranges = 0xf;

	if (objects[0])
		collect_host(&machine, &host, NULL);
	for (; *objects; objects++) {
		const struct root_port *port;

		if (object_find_port(&host, *objects, &port, NULL) == 0 &&
		    port->isolation == ISOLATION_PRESENT)
			ranges &= (uint32_t)port->capability;
	}
	for (size_t i = 0; i < TIMEOUT_COUNT; i++)
		if (timeout_usable(&timeouts[i], ranges))
			puts(timeouts[i].name);
}

static int of_value(const struct timeout **timeout, struct error *err)
{
	uint64_t value;

	if (!parse_u64(value_text, &value) || value > 0xf)
		return fail(err, -EINVAL, "--value: expected 0 to 0xf, not \"%s\"", value_text);
	*timeout = timeout_by_value((unsigned int)value);
	return *timeout ? 0 : fail(err, -EINVAL, "--value: 0x%x is reserved", (unsigned int)value);
}

static int of_range(const struct timeout **timeout, struct error *err)
{
	*timeout = timeout_by_name(range);
	if (*timeout)
		return 0;
	fail(err, -EINVAL, "--range: there is no timeout range \"%s\"", range);
	hint(err, "ranges: default A1 A2 B1 B2 C1 C2 D1 D2");
	return -EINVAL;
}

/* Which range these limits mean depends on what the port supports; that it has none is its own. */
static int of_limit(const struct root_port *port, const struct timeout **timeout,
		    struct findings *findings, struct error *err)
{
	const char *limit = at_least ? at_least : at_most;
	struct isolation_capability capability =
		isolation_capability_decode((uint32_t)port->capability);
	unsigned int ranges = capability.protocols[protocol].ranges;
	struct finding *finding;
	uint64_t us;
	int rc = timeout_parse_duration(limit, &us, err);

	if (rc)
		return rc;
	*timeout = at_least ? timeout_at_least(ranges, us) : timeout_at_most(ranges, us);
	if (*timeout || port->isolation != ISOLATION_PRESENT)
		return 0;
	finding = finding_add(findings, "range-not-supported", SEVERITY_BLOCKS, port->address);
	finding_evidence(finding, "%s has no timeout of %s %s", port->address,
			 at_least ? "at least" : "at most", limit);
	finding_fix(finding, "cxl-iso list -i shows the ranges it supports");
	return 0;
}

static int choose(const struct root_port *port, const struct timeout **timeout,
		  struct findings *findings, struct error *err)
{
	*timeout = NULL;
	if (range)
		return of_range(timeout, err);
	if (value_text)
		return of_value(timeout, err);
	return at_least || at_most ? of_limit(port, timeout, findings, err) : 0;
}

static int plan_one(const struct host *host, const struct root_port *port,
		    const struct consent *consent, struct findings *findings, struct plan *plan,
		    struct error *err)
{
	struct setting setting = {.port = port};
	const struct timeout *timeout;
	int rc = choose(port, &timeout, findings, err);

	if (rc)
		return rc;
	if (timeout) {
		setting.mask = ISOLATION_CONTROL_VALUE(protocol);
		setting.value = (uint32_t)timeout->value << ISOLATION_CONTROL_VALUE_SHIFT(protocol);
	}
	if (enable || disable)
		setting.mask |= ISOLATION_CONTROL_TIMEOUT(protocol);
	if (enable)
		setting.value |= ISOLATION_CONTROL_TIMEOUT(protocol);
	assess_setting(host, &setting, consent, findings);
	plan_setting(&setting, plan);
	return 0;
}

static int check_options(struct error *err)
{
	int ways = !!range + !!value_text + !!at_least + !!at_most;

	if (ways > 1)
		return fail(err, -EINVAL,
			    "only one of --range, --value, --at-least and --at-most, please");
	if (enable && disable)
		return fail(err, -EINVAL, "only one of --enable and --disable, please");
	if (!ways && !enable && !disable) {
		fail(err, -EINVAL, "nothing to set");
		hint(err, "say --range, --value, --at-least or --at-most, --enable or --disable");
		return -EINVAL;
	}
	return settings_choose_protocol(&protocol, err);
}

static int check_hold(struct error *err)
{
	if (!hold && ui_command)
		return fail(err, -EINVAL, "a command after \"--\" goes with --hold");
	if (hold && (!ui_command || !ui_command[0]))
		return fail(err, -EINVAL, "--hold: missing \"-- COMMAND\"");
	if (hold && (settings_dry_run || ui_json))
		return fail(err, -EINVAL, "--hold goes with neither --dry-run nor --json");
	return 0;
}

static int run(const char *const *arguments)
{
	struct error err = {0};

	if (restore)
		return settings_restore(arguments);
	if (check_hold(&err) || check_options(&err))
		return ui_fail(STATUS_USAGE, &err);
	if (hold)
		return settings_hold(arguments, ui_command, plan_one);
	return settings_run("set-timeout", arguments, plan_one);
}

const struct command command_set_timeout = {
	.name = "set-timeout",
	.summary = "choose the transaction timeout of ports, turn it on or off",
	.arguments = "PORT... [-- COMMAND]",
	.takes_command = true,
	.options =
		(const struct poptOption[]){
			{"range", '\0', POPT_ARG_STRING, &range, 0, "default, A1, A2, B1 ... D2",
			 "RANGE"},
			{"value", '\0', POPT_ARG_STRING, &value_text, 0,
			 "the same as the register's value", "VALUE"},
			{"at-least", '\0', POPT_ARG_STRING, &at_least, 0,
			 "the shortest that is at least this long", "TIME"},
			{"at-most", '\0', POPT_ARG_STRING, &at_most, 0,
			 "the longest that is at most this long", "TIME"},
			{"enable", '\0', POPT_ARG_NONE, &enable, 0, "turn the timeout on", NULL},
			{"disable", '\0', POPT_ARG_NONE, &disable, 0, "turn the timeout off", NULL},
			{"hold", '\0', POPT_ARG_NONE, &hold, 0,
			 "run \"-- COMMAND\" and put the timeout back after it", NULL},
			{"restore", '\0', POPT_ARG_NONE, &restore, 0,
			 "put back what a --hold that was cut short changed", NULL},
			SETTINGS_OPTION_PROTOCOL,
			SETTINGS_OPTIONS,
			UI_OPTIONS},
	.choices = (const struct choice[]){{"RULE", setting_rules},
					   {"RANGE", NULL, print_ranges},
					   {"PROTOCOL", protocol_words},
					   {}},
	.run = run,
};
