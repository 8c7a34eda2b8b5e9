/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turn isolation on and off, and leave it once it has happened. */
#include <errno.h>

#include "commands.h"
#include "policy/settings.h"
#include "regs/isolation.h"
#include "settings.h"

static int link_down, no_link_down, err_cor, no_err_cor, protocol, timeout_only;
static bool enabling;

static void include(struct setting *setting, uint32_t bit, bool on, bool off)
{
	if (on || off)
		setting->mask |= bit;
	if (on)
		setting->value |= bit;
}

static int plan_one(const struct host *host, const struct root_port *port,
		    const struct consent *consent, struct findings *findings, struct plan *plan,
		    struct error *err)
{
	struct setting setting = {.port = port};

	(void)err;
	include(&setting, ISOLATION_CONTROL_ISOLATION(protocol), enabling, !enabling);
	include(&setting, ISOLATION_CONTROL_LINK_DOWN(protocol), link_down, no_link_down);
	include(&setting, ISOLATION_CONTROL_ERR_COR, err_cor, no_err_cor);
	assess_setting(host, &setting, consent, findings);
	plan_setting(&setting, plan);
	return 0;
}

static int run(const char *operation, const char *const *arguments)
{
	struct error err = {0};

	if ((link_down && no_link_down) || (err_cor && no_err_cor)) {
		fail(&err, -EINVAL, "an option and its opposite");
		return ui_fail(STATUS_USAGE, &err);
	}
	if (settings_choose_protocol(&protocol, &err))
		return ui_fail(STATUS_USAGE, &err);
	return settings_run(operation, arguments, plan_one);
}

static int run_enable(const char *const *arguments)
{
	enabling = true;
	return run("enable-isolation", arguments);
}

static int run_disable(const char *const *arguments)
{
	return run("disable-isolation", arguments);
}

static const struct poptOption isolation_options[] = {
	{"link-down", '\0', POPT_ARG_NONE, &link_down, 0, "force the link down on isolation", NULL},
	{"no-link-down", '\0', POPT_ARG_NONE, &no_link_down, 0, "do not", NULL},
	{"err-cor", '\0', POPT_ARG_NONE, &err_cor, 0, "signal isolation as ERR_COR", NULL},
	{"no-err-cor", '\0', POPT_ARG_NONE, &no_err_cor, 0, "do not", NULL},
	SETTINGS_OPTION_PROTOCOL,
	SETTINGS_OPTIONS,
	UI_OPTIONS};

static const struct choice isolation_choices[] = {{"RULE", setting_rules},
						  {"PROTOCOL", protocol_words},
						  {}};

const struct command command_enable_isolation = {
	.name = "enable-isolation",
	.summary = "arm isolation of ports that nobody uses",
	.arguments = "PORT...",
	.options = isolation_options,
	.choices = isolation_choices,
	.run = run_enable,
};

const struct command command_disable_isolation = {
	.name = "disable-isolation",
	.summary = "disarm it",
	.arguments = "PORT...",
	.options = isolation_options,
	.choices = isolation_choices,
	.run = run_disable,
};

/* What is set is cleared, with exactly these bits; nothing set is nothing to do. */
static int plan_clear_one(const struct host *host, const struct root_port *port,
			  const struct consent *consent, struct findings *findings,
			  struct plan *plan, struct error *err)
{
	uint32_t timeouts = ISOLATION_STATUS_TIMED_OUT(ISOLATION_MEM) |
			    ISOLATION_STATUS_TIMED_OUT(ISOLATION_CACHE);
	uint32_t mask = (uint32_t)port->status & (timeout_only ? timeouts : ISOLATION_STATUS_RW1C);

	(void)consent;
	(void)err;
	assess_clear(host, port, mask, findings);
	plan_clear(port, mask, plan);
	return 0;
}

static int run_clear(const char *const *arguments)
{
	return settings_run("clear-isolation", arguments, plan_clear_one);
}

const struct command command_clear_isolation = {
	.name = "clear-isolation",
	.summary = "clear the status of ports that were isolated",
	.arguments = "PORT...",
	.options = (const struct poptOption[]){{"timeout-only", '\0', POPT_ARG_NONE, &timeout_only,
						0, "clear the timeout bits, stay isolated", NULL},
					       SETTINGS_OPTIONS,
					       UI_OPTIONS},
	.run = run_clear,
};
