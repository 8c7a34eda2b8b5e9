// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

void make_run(struct run *run, void (*model)(struct host *))
{
	memset(run, 0, sizeof(*run));
	model(&run->before);
	model_plan(&run->before, PORT_A, &run->plan);
	run->kernel = kernel_boot(&run->before);
	if (run->before.system.demotion == 1)
		tree_file(&run->kernel->tree, "true", "/sys/kernel/mm/numa/demotion_enabled");
	run->picture = kernel_picture(run->kernel);
}

int start_run(void **state, void (*model)(struct host *))
{
	static struct run run;

	make_run(&run, model);
	*state = &run;
	return 0;
}

int run_ram(void **state)
{
	return start_run(state, model_system_ram);
}

int run_devdax(void **state)
{
	return start_run(state, model_devdax);
}

void model_disabled(struct host *host)
{
	model_devdax(host);
	dax_of(host, "dax0.0")->mode = DAX_DISABLED;
}

int run_disabled(void **state)
{
	return start_run(state, model_disabled);
}

int run_idle(void **state)
{
	return start_run(state, model_idle);
}

int drop_run(void **state)
{
	struct run *run = *state;

	kernel_halt(run->kernel);
	host_free(&run->before);
	plan_free(&run->plan);
	free(run->picture);
	free(run->reports.items);
	return 0;
}

struct host copy_of_host(const struct host *host)
{
	struct json_object *json = record_to_json(&host_record, host);
	struct host copy = {0};

	assert_int_equal(record_from_json(&host_record, &copy, json, "host", NULL), 0);
	json_object_put(json);
	return copy;
}

struct plan copy_of_plan(const struct plan *plan)
{
	struct json_object *json = record_to_json(&plan_record, plan);
	struct plan copy = {0};

	assert_int_equal(record_from_json(&plan_record, &copy, json, "plan", NULL), 0);
	json_object_put(json);
	return copy;
}

void keep_reports(struct run *run, const struct engine *engine)
{
	free(run->reports.items);
	memcpy(&run->reports, &engine->reports, sizeof(run->reports));
}

bool has_journal(struct run *run)
{
	return sys_exists(&run->kernel->tree.sys, "/var/lib/cxl-iso/recover-" PORT_A ".json");
}

void check_outcome(struct run *run, enum outcome outcome, const char *text)
{
	if (run->outcome != outcome || strcmp(run->err.text, text) != 0 || run->kernel->disaster[0])
		fail_msg("%s \"%s\" (hint \"%s\"; putting back: \"%s\") instead of %s \"%s\"; %s",
			 outcome_names[run->outcome], run->err.text, run->err.hint,
			 run->unrepaired.text, outcome_names[outcome], text, run->kernel->disaster);
}

void check_as_before(struct run *run, const char *when)
{
	cleanup_free char *now = kernel_picture(run->kernel);
	size_t same = 0;

	if (run->kernel->disaster[0])
		fail_msg("%s: %s", when, run->kernel->disaster);
	while (now[same] && now[same] == run->picture[same])
		same++;
	if (now[same] != run->picture[same])
		fail_msg("%s: not as before:\n%.200s\ninstead of\n%.200s", when,
			 now + (same > 60 ? same - 60 : 0),
			 run->picture + (same > 60 ? same - 60 : 0));
	if (has_journal(run))
		fail_msg("%s: the journal was left", when);
}

/* "offline-memory done, ..." of all steps */
void check_reports(struct run *run, const char *const *expected)
{
	char got[2048] = "", want[2048] = "";
	size_t used = 0;

	list_each(report, &run->reports)
		used += (size_t)snprintf(got + used, sizeof(got) - used, "  %s %s\n",
					 step_names[report->kind],
					 step_result_names[report->result]);
	for (used = 0; *expected; expected++)
		used += (size_t)snprintf(want + used, sizeof(want) - used, "  %s\n", *expected);
	if (strcmp(got, want) != 0)
		fail_msg("did\n%sinstead of\n%s", got, want);
}
