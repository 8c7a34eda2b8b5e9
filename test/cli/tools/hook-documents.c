/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hook-documents CAPTURE - what hooks would be told if the ports of this machine were recovered */
#include <stdio.h>

#include "exec/hook_context.h"
#include "model/document.h"

static void print_one(const struct hook_context *context)
{
	cleanup_json struct json_object *document = hook_document(context);

	puts(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void print_all(const struct host *host, const struct plan *plan)
{
	print_one(&(struct hook_context){"recover", "before-evacuate", plan, host, host});
	print_one(&(struct hook_context){"recover", "failure", plan, host, host, NULL, "put-back",
					 "it failed"});
	list_each(process, &host->processes)
		print_one(
			&(struct hook_context){"recover", "stop-guest", plan, host, host, process});
}

int main(int argc, char **argv)
{
	cleanup_json struct json_object *document = NULL;
	cleanup_survey struct survey *survey = NULL;
	cleanup_host struct host host = {0};
	struct error err = {0};

	if (argc != 2 || document_read(argv[1], &document, &err) ||
	    capture_from_json(&host, document, argv[1], &err)) {
		fprintf(stderr, "hook-documents: %s\n", err.text);
		return 1;
	}
	survey = survey_new(&host);
	list_each(port, &host.root_ports) {
		cleanup_plan struct plan plan = {0};

		plan_recover(survey, port, &(struct manner){0}, &plan);
		print_all(&host, &plan);
	}
	return 0;
}
