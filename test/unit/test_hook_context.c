// SPDX-License-Identifier: GPL-2.0-or-later
/* exec/: what hooks are told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/hook_context.h"
#include "hooks.h"
#include "model.h"
#include "model/document.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* ---- the environment ---- */

/* All of the environment, a line each. */
static void check_environment(const struct hook_context *context, const char *expected)
{
	cleanup_json struct json_object *document = hook_document(context);
	cleanup_names struct names environment = {0};
	char text[2048] = "";

	hook_environment(document, &environment);
	for (char **line = environment.items; *line; line++) {
		append_word(text, sizeof(text), "", *line);
		append_word(text, sizeof(text), "", "\n");
	}
	assert_string_equal(text, expected);
}

#define FIXED "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C\n"

static void test_recover(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	model_system_ram(&host);
	model_plan(&host, PORT_A, &plan);
	dax_of(&host, "dax0.0")->node = 1;
	check_environment(&(struct hook_context){"recover", "before-reset", &plan, &host, &host},
			  FIXED "CXL_ISO_EVENT=before-reset\nCXL_ISO_OPERATION=recover\n"
				"CXL_ISO_OBJECT=" PORT_A
				"\nCXL_ISO_DAX=dax0.0\nCXL_ISO_PORTS=" PORT_A
				"\nCXL_ISO_NODES=1\n");
}

/* Nothing is below the port but a device. */
static void test_idle(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	model_idle(&host);
	model_plan(&host, PORT_A, &plan);
	check_environment(&(struct hook_context){"recover", "before-reset", &plan, &host, &host},
			  FIXED "CXL_ISO_EVENT=before-reset\nCXL_ISO_OPERATION=recover\n"
				"CXL_ISO_OBJECT=" PORT_A "\nCXL_ISO_DAX=\nCXL_ISO_PORTS=" PORT_A
				"\nCXL_ISO_NODES=\n");
}

static void test_failure(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	model_idle(&host);
	model_plan(&host, PORT_A, &plan);
	check_environment(&(struct hook_context){"recover", "failure", &plan, &host, &host, NULL,
						 "put-back", "it = \"odd\"\n"},
			  FIXED "CXL_ISO_EVENT=failure\nCXL_ISO_OPERATION=recover\n"
				"CXL_ISO_OBJECT=" PORT_A "\nCXL_ISO_DAX=\nCXL_ISO_PORTS=" PORT_A
				"\nCXL_ISO_NODES=\nCXL_ISO_OUTCOME=put-back\n"
				"CXL_ISO_ERROR=it = \"odd\"\n\n");
}

/* Two dax devices of one node behind two ports, and a third that is not meant. */
static void add_devices(struct host *host)
{
	model_idle(host);
	model_region(host, "region0", "mem0", WINDOW_0);
	model_dax(host, "dax0.0", "region0", DAX_DEVDAX);
	model_region(host, "region1", "mem1", WINDOW_0 + DEVICE_SIZE);
	model_dax(host, "dax1.0", "region1", DAX_DEVDAX);
	model_region(host, "region2", "mem2", WINDOW_1);
	model_dax(host, "dax2.0", "region2", DAX_DEVDAX);
	dax_of(host, "dax0.0")->node = dax_of(host, "dax1.0")->node = 1;
	dax_of(host, "dax2.0")->node = 2;
	model_user(host, "dax1.0", 7, "qemu-system-x86", 4096);
	model_user(host, "dax2.0", 8, "other", 4096);
	strcpy(((struct process *)host_process(host, 7))->guest, "web");
}

static void plan_some(const struct host *host, struct plan *plan)
{
	cleanup_survey struct survey *survey = survey_new(host);
	cleanup_below struct below what = {0};

	for (int i = 0; i < 2; i++)
		*list_add(&what.dax) =
			survey_below(survey, &host->root_ports.items[i])->dax.items[0];
	survey_gather(survey, &what);
	plan_evacuate(survey, &what, &(struct manner){.users = USERS_TERM}, false, plan);
}

static void test_evacuate(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	add_devices(&host);
	plan_some(&host, &plan);
	check_environment(&(struct hook_context){"evacuate", "stop-guest", &plan, &host, &host,
						 host_process(&host, 7)},
			  FIXED "CXL_ISO_EVENT=stop-guest\nCXL_ISO_OPERATION=evacuate\n"
				"CXL_ISO_OBJECT=dax0.0,dax1.0\nCXL_ISO_DAX=dax0.0 dax1.0\n"
				"CXL_ISO_PORTS=" PORT_A " " PORT_B "\nCXL_ISO_NODES=1\n"
				"CXL_ISO_PID=7\nCXL_ISO_GUEST=web\n");
}

/* ---- the document ---- */

static const char *text_at(struct json_object *document, const char *pointer)
{
	struct json_object *at;

	if (json_pointer_get(document, pointer, &at))
		fail_msg("there is no %s", pointer);
	return at ? json_object_get_string(at) : "null";
}

static void test_document(void **state)
{
	static const char *const expected[][2] = {
		{"/schema", "cxl-iso/hook"},
		{"/version", "1"},
		{"/event", "stop-guest"},
		{"/operation", "evacuate"},
		{"/object", "dax0.0,dax1.0"},
		{"/dax_devices/0/name", "dax0.0"},
		{"/dax_devices/1/mode", "devdax"},
		{"/regions/1/name", "region1"},
		{"/root_ports/1", PORT_B},
		{"/nodes/0", "1"},
		{"/users/0/dax", "dax1.0"},
		{"/users/0/pid", "7"},
		{"/users/0/process/command", "qemu-system-x86"},
		{"/users/0/process/guest", "web"},
		{"/guest/pid", "7"},
		{"/outcome", "null"},
		{"/error", "null"},
	};
	static const char *const alone[] = {"/dax_devices/2", "/regions/2", "/root_ports/2",
					    "/nodes/1", "/users/1"};
	cleanup_json struct json_object *document = NULL;
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};

	(void)state;
	add_devices(&host);
	plan_some(&host, &plan);
	document = hook_document(&(struct hook_context){"evacuate", "stop-guest", &plan, &host,
							&host, host_process(&host, 7)});
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(text_at(document, expected[i][0]), expected[i][1]);
	for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
		assert_int_not_equal(json_pointer_get(document, alone[i], NULL), 0);
}

/* ---- in an operation ---- */

static void add_hooks(struct tree *tree, struct host *host)
{
	static const char *const events[] = {"before-evacuate", "failure"};

	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		struct hook *hook = list_add(&host->hooks);

		add_hook(tree, events[i], "a",
			 "log $CXL_ISO_EVENT $CXL_ISO_OPERATION $CXL_ISO_OUTCOME $CXL_ISO_ERROR\n"
			 "grep -q '\"schema\": *\"cxl-iso/hook\"' || log no document");
		strcpy(hook->event, events[i]);
		strcpy(hook->name, "a");
	}
}

static void announce(struct tree *tree, struct journal *journal, const char *log)
{
	const struct step step = {.kind = STEP_RUN_HOOKS, .object = "before-evacuate"};
	struct engine engine = {
		.sys = &tree->sys,
		.before = &journal->before,
		.plan = &journal->plan,
		.journal = journal,
	};
	struct error err = {0};

	check_error(step_run_hooks.act(&engine, &step, &err), 0, &err, "", "");
	check_log(tree, log);
}

/* The way up of an evacuation is a restore, but not if it puts back what failed. */
static void test_operation(void **state)
{
	cleanup_journal struct journal journal = {0};
	struct tree *tree = *state;

	add_devices(&journal.before);
	add_hooks(tree, &journal.before);
	plan_some(&journal.before, &journal.plan);
	announce(tree, &journal, "before-evacuate evacuate\n");
	journal.direction = DIRECTION_UP;
	announce(tree, &journal, "before-evacuate restore\n");
	journal.undoing = true;
	announce(tree, &journal, "before-evacuate evacuate\n");
}

static void test_hooks_failure(void **state)
{
	cleanup_journal struct journal journal = {0};
	struct tree *tree = *state;
	struct engine engine = {
		.sys = &tree->sys,
		.before = &journal.before,
		.plan = &journal.plan,
		.journal = &journal,
	};
	const struct error why = {.text = "it broke"};

	add_devices(&journal.before);
	plan_some(&journal.before, &journal.plan);
	hooks_failure(&engine, OUTCOME_PARTIAL, &why); /* there are none */
	assert_int_equal(engine.reports.count, 0);
	add_hooks(tree, &journal.before);
	hooks_failure(&engine, OUTCOME_PARTIAL, &why);
	check_log(tree, "failure evacuate partial it broke\n");
	add_hook(tree, "failure", "b", "exit 1");
	hooks_failure(&engine, OUTCOME_PUT_BACK, &why);
	check_log(tree, "failure evacuate put-back it broke\n");
	assert_int_equal(engine.reports.count, 2);
	assert_string_equal(engine.reports.items[0].object, "failure");
	assert_int_equal(engine.reports.items[0].kind, STEP_RUN_HOOKS);
	assert_int_equal(engine.reports.items[0].result, RESULT_DONE);
	assert_int_equal(engine.reports.items[1].result, RESULT_FAILED);
	engine_free(&engine);
}

/* What only looks like a hook is in no plan. */
static void test_skipped(void **state)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};
	struct hook *hook;

	(void)state;
	add_devices(&host);
	hook = list_add(&host.hooks);
	strcpy(hook->event, "before-evacuate");
	strcpy(hook->name, "a~");
	hook->skipped = true;
	plan_some(&host, &plan);
	assert_false(has_hooks(&host, "before-evacuate"));
	assert_int_not_equal(plan.down.items[0].kind, STEP_RUN_HOOKS);
	plan_free(&plan);
	hook->skipped = false;
	plan_some(&host, &plan);
	assert_true(has_hooks(&host, "before-evacuate"));
	assert_int_equal(plan.down.items[0].kind, STEP_RUN_HOOKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recover),	 cmocka_unit_test(test_idle),
		cmocka_unit_test(test_failure),	 cmocka_unit_test(test_evacuate),
		cmocka_unit_test(test_document), WITH_HOOKS(test_operation),
		WITH_HOOKS(test_hooks_failure),	 cmocka_unit_test(test_skipped),
	};

	if (!become_root()) {
		puts("skipped: neither root nor allowed to be in a user namespace");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
