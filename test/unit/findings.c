// SPDX-License-Identifier: GPL-2.0-or-later
#include "findings.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include "policy/rules.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

static const char *every_id[128];
const struct consent everything = {every_id, true};

__attribute__((constructor)) static void name_every_rule(void)
{
	for (size_t i = 0; port_rules[i].id; i++)
		every_id[i] = port_rules[i].id;
}

void check_findings(const struct findings *findings, const char *const *expected)
{
	char got[2048] = "", want[2048] = "";
	size_t used = 0;

	list_each(finding, &findings->list)
		used += (size_t)snprintf(got + used, sizeof(got) - used, "  %s %s\n", finding->id,
					 finding->object);
	for (used = 0; *expected; expected++)
		used += (size_t)snprintf(want + used, sizeof(want) - used, "  %s\n", *expected);
	if (strcmp(got, want) != 0)
		fail_msg("found\n%sinstead of\n%s", got, want);
}

void assess(const struct host *host, const char *port, const struct consent *consent,
	    struct findings *findings)
{
	cleanup_survey struct survey *survey = survey_new(host);

	assess_recover(survey, host_root_port(host, port), consent, findings);
}

void check_says(const struct host *host, const char *port, const char *id, enum severity severity,
		const char *fact, const char *fix)
{
	cleanup_findings struct findings findings = {0};
	const struct finding *found = NULL;

	assess(host, port, NULL, &findings);
	list_each(finding, &findings.list)
		if (strcmp(finding->id, id) == 0)
			found = finding;
	if (!found)
		fail_msg("%s was not found", id);
	if (strcmp(found->evidence, fact) != 0 || strcmp(found->fix, fix) != 0 ||
	    found->severity != (int)severity || found->overridden)
		fail_msg("%s (%d): %s\n%s\ninstead of (%d): %s\n%s", id, found->severity,
			 found->evidence, found->fix, severity, fact, fix);
}

void check_not_forcible(const struct host *host, const char *port, const char *but)
{
	cleanup_findings struct findings plain = {0}, forced = {0};

	assess(host, port, NULL, &plain);
	assess(host, port, &everything, &forced);
	assert_int_equal(plain.list.count, forced.list.count);
	for (size_t i = 0; i < plain.list.count; i++) {
		const struct finding *finding = &forced.list.items[i];

		assert_string_equal(finding->id, plain.list.items[i].id);
		assert_int_equal(finding->severity, plain.list.items[i].severity);
		assert_false(plain.list.items[i].overridden);
		if (finding->overridden != (strcmp(finding->id, but) == 0))
			fail_msg("%s is%s overridden", finding->id,
				 finding->overridden ? "" : " not");
	}
}

void check_refuses(const struct host *host, const char *port, const char *id)
{
	cleanup_findings struct findings findings = {0};
	const struct finding *refusal;

	assess(host, port, &everything, &findings);
	refusal = findings_refusal(&findings);
	assert_non_null(refusal);
	assert_string_equal(refusal->id, id);
}

int make_ram(void **state)
{
	static struct host host;

	host = (struct host){0};
	model_system_ram(&host);
	*state = &host;
	return 0;
}

int make_devdax(void **state)
{
	static struct host host;

	host = (struct host){0};
	model_devdax(&host);
	*state = &host;
	return 0;
}

int make_idle(void **state)
{
	static struct host host;

	host = (struct host){0};
	model_idle(&host);
	*state = &host;
	return 0;
}

int free_model(void **state)
{
	host_free(*state);
	return 0;
}
