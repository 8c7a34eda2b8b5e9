/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both programs share: the command table, start-up, options, messages, confirmation.
 *
 * Results go to stdout, everything else to stderr. In JSON mode an error is a document on stdout
 * as well, so that a script always has something to parse.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include <stdbool.h>

#include <json-c/json.h>
#include <popt.h>

#include "model/host.h"
#include "policy/findings.h"
#include "sys/error.h"
#include "sys/sys.h"
#include "ui/table.h"

/* The same for every command; the man pages list them. */
enum status {
	STATUS_DONE = 0,   /* already done counts */
	STATUS_FAILED = 1, /* tried and failed, put back as it was */
	STATUS_USAGE = 2,
	STATUS_REFUSED = 3, /* beforehand; nothing touched */
	STATUS_PARTIAL = 4, /* some of it done; the output lists what */
	STATUS_REBOOT = 5,  /* only a reboot helps */
};

/* What an option's or argument's name may stand for, for completion. */
struct choice {
	const char *name; /* RULE */
	const char *const
		*words; /* NULL terminated; or, where that depends on the objects named: */
	void (*print)(const char *const *objects);
};

struct command {
	const char *name;
	const char *summary;		  /* one line, for the list of commands */
	const char *arguments;		  /* "PORT", "[PORT...]"; "" for none */
	const struct poptOption *options; /* ends with UI_OPTIONS; completion reads it too */
	const struct choice *choices;	  /* ends with an empty one; may be NULL */
	const struct column *columns;	  /* of its table, which COLUMNS stands for; may be NULL */
	size_t column_count;
	bool takes_command;			  /* what follows "--" is a command: ui_command */
	int (*run)(const char *const *arguments); /* NULL terminated; returns enum status */
};

struct program {
	const char *name;
	const char *summary;
	const struct command *const *commands; /* NULL terminated */
};

/* Find the command, parse its options, run it. Returns the exit status. */
int program_main(const struct program *program, int argc, const char **argv);

/* Options of every command, included by its table. */
extern const struct poptOption ui_options[];
#define UI_OPTIONS                                                                            \
	{NULL, '\0', POPT_ARG_INCLUDE_TABLE, (void *)ui_options, 0, "Common options:", NULL}, \
		POPT_TABLEEND

/* For commands that read only. */
extern char *ui_from; /* --from FILE: a capture instead of this machine */
#define UI_OPTION_FROM                                                   \
	{                                                                \
		"from", '\0', POPT_ARG_STRING, &ui_from, 0,              \
			"read a capture instead of this machine", "FILE" \
	}

/* What followed "--", NULL terminated; NULL if there was none. */
extern const char *const *ui_command;

extern int ui_json; /* --json was given */

/* The machine itself, for everything that takes a handle. */
extern const struct sys machine;

/* Fill @host from the machine, or from the capture that --from names. */
int ui_load_host(struct host *host, struct error *err);

/* The same with more of it, enum collect_more; a capture has what it has. */
int ui_load_host_deep(struct host *host, unsigned int what, struct error *err);

/* Notes why the picture may lack something: "no hardware", "no driver" and "not allowed" are not
 * the same. */
void ui_explain(const struct host *host);

/* Print @err, as JSON in JSON mode, and return @status. */
int ui_fail(enum status status, const struct error *err);

/* A new JSON object of it, for documents that tell more than an error. */
struct json_object *ui_error_json(enum status status, const struct error *err);

/* A note or a hint on stderr. */
void ui_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, for what tells a text by a callback. */
void ui_say(const char *text);

/* Print a document on stdout and release it. */
void ui_print_json(struct json_object *document);

/*
 * Ask on a terminal; without one only @yes (--yes) will do. 0 to go on, -ECANCELED for no,
 * -ENOTTY with a text if there is nobody to ask.
 */
int ui_confirm(bool yes, const char *question, struct error *err);

/* An operation that was cut short left things changed: -EBUSY with a text that names it and says how
 * to finish it. Asked by whatever would begin a new one. */
int ui_refuse_unfinished(struct error *err);

/* A new JSON string; "" is null. */
struct json_object *ui_text_or_null(const char *text);

/* A new JSON array of them. */
struct json_object *ui_findings(const struct findings *findings);

/* Refused: the first finding that forbids to go on is the error, the others are named. */
int ui_refuse(const struct findings *findings);

/* Say what only warns. */
void ui_warn(const struct findings *findings);

/* Every word of --force is one of @rules. -EINVAL lists these. */
int ui_check_force(char **force, const char *const *rules, struct error *err);

/* The last run's arguments: exactly one, none, or any number. A text says what was expected. */
int ui_one_argument(const char *const *arguments, const char *what, struct error *err);
int ui_no_argument(const char *const *arguments, struct error *err);

#endif
