/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Save the picture of this machine, to be read later or elsewhere with --from. */
#include <stdio.h>
#include <string.h>

#include "collect/collect.h"
#include "commands.h"
#include "exec/operations.h"
#include "model/anonymous.h"
#include "model/document.h"
#include "sys/atomic_file.h"

static int full, pages;

static int save(const char *path, struct json_object *capture, struct error *err)
{
	const char *text =
		json_object_to_json_string_ext(capture, JSON_C_TO_STRING_PRETTY |
								JSON_C_TO_STRING_SPACED |
								JSON_C_TO_STRING_NOSLASHESCAPE);

	return file_write_new(path, text, strlen(text), err);
}

static int collect(struct host *host, struct error *err)
{
	unsigned int more = COLLECT_USAGE | COLLECT_EXTENTS | (full ? COLLECT_ARGUMENTS : 0) |
			    (pages ? COLLECT_PAGES : 0);
	int rc = collect_host(&machine, host, err);

	if (!rc)
		rc = operations_collect(&machine, host, err);
	if (!rc)
		rc = collect_more(&machine, host, more, err);
	if (!rc && !full)
		host_anonymize(host);
	return rc;
}

static int run(const char *const *arguments)
{
	cleanup_json struct json_object *capture = NULL;
	cleanup_host struct host host = {0};
	struct error err = {0};

	if (ui_one_argument(arguments, "FILE", &err)) {
		hint(&err, "\"-\" stands for standard output");
		return ui_fail(STATUS_USAGE, &err);
	}
	if (collect(&host, &err))
		return ui_fail(STATUS_FAILED, &err);
	if (!host.privileged)
		ui_note("note: without root, registers and other users' processes are left out");
	capture = capture_to_json(&host);
	if (strcmp(arguments[0], "-") == 0) {
		ui_print_json(json_object_get(capture));
		return STATUS_DONE;
	}
	if (save(arguments[0], capture, &err))
		return ui_fail(STATUS_FAILED, &err);
	if (ui_json) {
		struct json_object *result = document_new("cxl-iso/captured", 1);

		json_object_object_add(result, "file", json_object_new_string(arguments[0]));
		ui_print_json(result);
	}
	return STATUS_DONE;
}

const struct command command_capture = {
	.name = "capture",
	.summary = "save the picture of this machine for --from",
	.arguments = "FILE",
	.options =
		(const struct poptOption[]){{"full", '\0', POPT_ARG_NONE, &full, 0,
					     "save command lines, names and serials as well", NULL},
					    {"pages", '\0', POPT_ARG_NONE, &pages, 0,
					     "save what the pages of online memory hold as well",
					     NULL},
					    UI_OPTIONS},
	.run = run,
};
