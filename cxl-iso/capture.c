/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Save the picture of this machine, to be read later or elsewhere with --from. */
#include <stdio.h>
#include <string.h>

#include "collect/collect.h"
#include "commands.h"
#include "model/document.h"
#include "sys/atomic_file.h"

static int save(const char *path, struct json_object *capture, struct error *err)
{
	const char *text =
		json_object_to_json_string_ext(capture, JSON_C_TO_STRING_PRETTY |
								JSON_C_TO_STRING_SPACED |
								JSON_C_TO_STRING_NOSLASHESCAPE);

	return file_write_new(path, text, strlen(text), err);
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
	if (collect_host(&machine, &host, &err))
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
	.options = (const struct poptOption[]){UI_OPTIONS},
	.run = run,
};
