/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What respond-extents and release-extents share: the device, the plan, sending it, the report. */
#ifndef CXL_ISO_EXCHANGE_H
#define CXL_ISO_EXCHANGE_H

#include "policy/answer.h"
#include "ui/ui.h"

extern int exchange_dry_run, exchange_yes, exchange_resume, exchange_forget, exchange_unbind;
extern char *exchange_source, **exchange_force;
extern const char *const exchange_sources[];

/* Options of both. */
#define EXCHANGE_OPTIONS                                                                            \
	{"dry-run",                                                                                 \
	 'n',                                                                                       \
	 POPT_ARG_NONE,                                                                             \
	 &exchange_dry_run,                                                                         \
	 0,                                                                                         \
	 "print what would be sent, and send nothing",                                              \
	 NULL},                                                                                     \
		{"yes", 'y', POPT_ARG_NONE, &exchange_yes, 0, "do not ask for confirmation", NULL}, \
		{"source",                                                                          \
		 '\0',                                                                              \
		 POPT_ARG_STRING,                                                                   \
		 &exchange_source,                                                                  \
		 0,                                                                                 \
		 "how to talk to the device: auto (default), mailbox or raw",                       \
		 "SOURCE"},                                                                         \
		{"unbind",                                                                          \
		 '\0',                                                                              \
		 POPT_ARG_NONE,                                                                     \
		 &exchange_unbind,                                                                  \
		 0,                                                                                 \
		 "take the function from its driver meanwhile",                                     \
		 NULL},                                                                             \
		{"resume", '\0', POPT_ARG_NONE, &exchange_resume, 0, "finish what was cut short",   \
		 NULL},                                                                             \
		{"forget",                                                                          \
		 '\0',                                                                              \
		 POPT_ARG_NONE,                                                                     \
		 &exchange_forget,                                                                  \
		 0,                                                                                 \
		 "give up what was cut short: leave all as it is",                                  \
		 NULL},                                                                             \
	{                                                                                           \
		"force", '\0', POPT_ARG_ARGV, &exchange_force, 0, "override this one rule", "RULE"  \
	}

/* One of the two commands. */
struct exchange {
	const char *command;	  /* respond-extents */
	const char *operation;	  /* respond, as in the journal */
	const char *const *rules; /* that --force takes */
	uint16_t opcode;	  /* of what it sends, and CXL's name for that */
	const char *message;
	/*
	 * What was asked for: ask the rules, and plan it. -EINVAL with a text: that is not there. @device
	 * was read just now and belongs to @host; what is accepted or released goes to zeroed @pieces.
	 */
	int (*plan)(const struct host *host, struct dc_device *device,
		    const struct consent *consent, struct findings *findings, struct pieces *pieces,
		    struct plan *plan, struct error *err);
};

/* Whether something is to be sent at all: neither --resume nor --forget. -EINVAL if both are given. */
int exchange_check_options(const struct exchange *exchange, const char *const *arguments,
			   struct error *err);

/* Do it. Returns the exit status. */
int exchange_command(const struct exchange *exchange, const char *word);

/* That @number can be one of a batch: 0, or -EINVAL with a text. */
int exchange_check_batch(const char *number, struct error *err);

/* The batch of that number ("3") in @device: -EINVAL with a text that names those there are. */
int exchange_find_batch(const struct dc_device *device, const char *number,
			const struct batch **batch, struct error *err);

#endif
