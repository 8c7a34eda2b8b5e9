/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that change registers of ports share: which ports, one step each, the report. */
#ifndef CXL_ISO_SETTINGS_H
#define CXL_ISO_SETTINGS_H

#include "policy/assess.h"
#include "policy/plan.h"
#include "ui/ui.h"

extern int settings_dry_run;
extern char **settings_force;
extern char *settings_protocol;
extern const char *const protocol_words[];

/* Options of all of them. */
#define SETTINGS_OPTIONS                                                                           \
	{"dry-run", 'n', POPT_ARG_NONE, &settings_dry_run, 0, "print what would be set", NULL},    \
	{                                                                                          \
		"force", '\0', POPT_ARG_ARGV, &settings_force, 0, "override this one rule", "RULE" \
	}
#define SETTINGS_OPTION_PROTOCOL                                          \
	{                                                                 \
		"protocol", '\0', POPT_ARG_STRING, &settings_protocol, 0, \
			"mem (default) or cache", "PROTOCOL"              \
	}

/* Ask the rules about one port and add its step to the plan. -EINVAL: the options are wrong, with a
 * text. What only this port can not do is a finding. */
typedef int (*settings_plan_fn)(const struct host *host, const struct root_port *port,
				const struct consent *consent, struct findings *findings,
				struct plan *plan, struct error *err);

/*
 * Resolve PORT... ("all": every port with the capability) and change one after the other. A port
 * that a rule stands against, or that fails, does not keep the others from being done. Every port
 * is reported with what was before and is now. Returns the exit status: 4 if some were done and
 * some not.
 */
int settings_run(const char *operation, const char *const *words, settings_plan_fn plan);

/* The same for ports that need not exist: those that do not are reported and count as refused. */
int settings_run_known(const char *operation, const char *const *words, settings_plan_fn plan);

/*
 * Change the ports, run a command, and put them back whatever becomes of it: kept in a journal of
 * kind "hold". All ports or none. Returns the command's exit status (128 + signal if one killed
 * it); our own if it was not run (1, 2, 3) or the ports could not be put back (4).
 */
int settings_hold(const char *const *words, const char *const *command, settings_plan_fn plan);

/* Put back what a hold that was cut short has left changed. */
int settings_restore(const char *const *words);

/* --protocol as a number for ISOLATION_CONTROL_...(). -EINVAL with a text. */
int settings_choose_protocol(int *protocol, struct error *err);

#endif
