/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/ui.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/collect.h"
#include "exec/borrow.h"
#include "exec/journal.h"
#include "model/document.h"
#include "sys/stop.h"
#include "sys/util.h"

int ui_json;
char *ui_from;
const char *const *ui_command;
const struct sys machine = {""};

const struct poptOption ui_options[] = {{"json", 'j', POPT_ARG_NONE, &ui_json, 0,
					 "print JSON instead of text", NULL},
					{"help", 'h', POPT_ARG_NONE, NULL, 'h', "show this help",
					 NULL},
					POPT_TABLEEND};

int ui_load_host(struct host *host, struct error *err)
{
	cleanup_json struct json_object *document = NULL;
	int rc;

	if (!ui_from)
		return collect_host(&machine, host, err);
	rc = document_read(ui_from, &document, err);
	if (!rc)
		rc = capture_from_json(host, document, ui_from, err);
	if (rc)
		hint(err, "make one with: cxl-iso capture FILE");
	return rc;
}

int ui_load_host_deep(struct host *host, unsigned int what, struct error *err)
{
	int rc = ui_load_host(host, err);

	return rc || ui_from ? rc : collect_more(&machine, host, what, err);
}

void ui_explain(const struct host *host)
{
	if (!ui_from && sys_exists(&machine, "/sys/bus/acpi/devices/ACPI0017:00") &&
	    !sys_exists(&machine, "/sys/bus/cxl/devices/root0"))
		ui_note("note: the CXL drivers are not loaded: modprobe cxl_acpi cxl_pci cxl_mem");
	if (!host->root_ports.count)
		ui_note("note: no CXL root ports here");
	if (!host->privileged)
		ui_note("note: seen without root: capabilities and registers are unknown");
}

void ui_print_json(struct json_object *document)
{
	puts(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_SPACED |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(document);
}

struct json_object *ui_text_or_null(const char *text)
{
	return text[0] ? json_object_new_string(text) : NULL;
}

struct json_object *ui_error_json(enum status status, const struct error *err)
{
	struct json_object *error = json_object_new_object();

	json_object_object_add(error, "message", json_object_new_string(err->text));
	json_object_object_add(error, "hint", ui_text_or_null(err->hint));
	json_object_object_add(error, "exit_status", json_object_new_int((int)status));
	return error;
}

static struct json_object *error_document(enum status status, const struct error *err)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "error", ui_error_json(status, err));
	return document;
}

int ui_fail(enum status status, const struct error *err)
{
	if (ui_json) {
		ui_print_json(error_document(status, err));
		return (int)status;
	}
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, err->text);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
	return (int)status;
}

void ui_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void ui_say(const char *text)
{
	ui_note("%s", text);
}

/* A line, or the signal that asks for a stop where these are held back: see stop_on_signals(). */
static bool is_stopped(void)
{
	cleanup_fd int stop = stop_descriptor();
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
			       {.fd = stop, .events = POLLIN}};

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno == EINTR)
		;
	return fds[1].revents;
}

int ui_confirm(bool yes, const char *question, struct error *err)
{
	char answer[16];

	if (yes)
		return 0;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		fail(err, -ENOTTY, "nobody to ask for confirmation: there is no terminal");
		hint(err,
		     "say --yes to go on without asking, or --dry-run to see what would be done");
		return -ENOTTY;
	}
	fprintf(stderr, "%s [y/N] ", question);
	if (is_stopped() || !fgets(answer, sizeof(answer), stdin) ||
	    (answer[0] != 'y' && answer[0] != 'Y'))
		return fail(err, -ECANCELED, "not confirmed, nothing was done");
	return 0;
}

int ui_one_argument(const char *const *arguments, const char *what, struct error *err)
{
	if (!arguments[0])
		return fail(err, -EINVAL, "missing %s", what);
	if (arguments[1])
		return fail(err, -EINVAL, "only one %s, please: \"%s\" is one too many", what,
			    arguments[1]);
	return 0;
}

int ui_no_argument(const char *const *arguments, struct error *err)
{
	return arguments[0] ? fail(err, -EINVAL, "unexpected argument \"%s\"", arguments[0]) : 0;
}

static void say_how_to_finish(const struct journal *journal, struct error *err)
{
	if (strcmp(journal->operation, "hold") == 0)
		hint(err, "put the timeout back: cxl-iso set-timeout %s --restore",
		     journal->object);
	else if (strcmp(journal->operation, "evacuate") == 0)
		hint(err, "finish it: the same daxctl-ext evacuate again; or undo it: daxctl-ext "
			  "restore --all");
	else if (strcmp(journal->operation, "borrow") == 0)
		hint(err, "give it back to its driver: cxl-iso list-extents %s --unbind",
		     journal->object);
	else if (strcmp(journal->operation, "respond") == 0 ||
		 strcmp(journal->operation, "release") == 0)
		hint(err,
		     "finish it: cxl-iso %s-extents %s --resume; or leave all as it is: --forget",
		     journal->operation, journal->object);
	else
		hint(err, "finish it: cxl-iso recover %s --resume; or undo it: --abort",
		     journal->object);
}

static int refuse_if_unfinished(const char *file, struct error *err)
{
	cleanup_journal struct journal journal = {0};

	if (journal_load_file(&machine, file, &journal, err))
		return -EBUSY;
	if (journal_is_at_rest(&journal) || borrow_is_over(&machine, &journal))
		return 0;
	if (strcmp(journal.operation, "evacuate") == 0)
		fail(err, -EBUSY, "an evacuation of %s was cut short", journal.object);
	else if (strcmp(journal.operation, "respond") == 0)
		fail(err, -EBUSY, "an answer to %s was cut short", journal.object);
	else
		fail(err, -EBUSY, "a %s of %s was cut short", journal.operation, journal.object);
	say_how_to_finish(&journal, err);
	return -EBUSY;
}

int ui_refuse_unfinished(struct error *err)
{
	cleanup_names struct names files = {0};
	int rc = journal_list(&machine, &files);

	if (rc)
		return fail_errno(err, rc, "cannot look for journals");
	for (size_t i = 0; !rc && i < files.count; i++)
		rc = refuse_if_unfinished(files.items[i], err);
	return rc;
}

struct json_object *ui_findings(const struct findings *findings)
{
	struct json_object *json = record_to_json(&findings_record, findings), *list;

	json_object_object_get_ex(json, "list", &list);
	json_object_get(list);
	json_object_put(json);
	return list;
}

int ui_refuse(const struct findings *findings)
{
	const struct finding *refusal = findings_refusal(findings);
	struct json_object *document;
	struct error err = {0};

	fail(&err, -EPERM, "%s: %s", refusal->id, refusal->evidence);
	hint(&err, "%s", refusal->fix);
	if (ui_json) {
		document = error_document(STATUS_REFUSED, &err);
		json_object_object_add(document, "findings", ui_findings(findings));
		ui_print_json(document);
		return STATUS_REFUSED;
	}
	list_each(finding, &findings->list)
		if (finding != refusal && finding->severity <= SEVERITY_LOSES &&
		    !finding->overridden)
			ui_note("also %s: %s", finding->id, finding->evidence);
	return ui_fail(STATUS_REFUSED, &err);
}

void ui_warn(const struct findings *findings)
{
	list_each(finding, &findings->list)
		if (finding->severity == SEVERITY_WARNS)
			ui_note("warning: %s: %s; %s", finding->id, finding->evidence,
				finding->fix);
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

int ui_check_force(char **force, const char *const *rules, struct error *err)
{
	char names[128] = "";

	for (const char *const *rule = rules; *rule; rule++)
		append_word(names, sizeof(names), ", ", *rule);
	for (; force && *force; force++) {
		if (is_one_of(*force, rules))
			continue;
		fail(err, -EINVAL, "--force=%s: no rule of that name can be overridden", *force);
		hint(err, "rules that can: %s", names);
		return -EINVAL;
	}
	return 0;
}
