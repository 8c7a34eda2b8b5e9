// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/rules_*.c: every rule of the table, both ways and in both situations. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

static const struct rule_case *const files[] = {host_cases, port_cases, region_cases, memory_cases,
						extents_cases};

#define each_case(each)                                            \
	for (size_t file_ = 0; file_ < ARRAY_SIZE(files); file_++) \
		for (const struct rule_case *each = files[file_]; each->id; each++)

void model_offline_ram(struct host *host)
{
	model_system_ram(host);
	list_each(block, &host->blocks)
		strcpy(block->state, "offline");
}

static void assess_in(const struct host *host, const struct rule_case *c, enum situation situation,
		      struct findings *findings)
{
	cleanup_survey struct survey *survey = survey_new(host);

	assess_port(survey, host_root_port(host, c->port ? c->port : PORT_A), situation, findings);
}

/* The only finding of its id; NULL if there is none. */
static const struct finding *find(const struct findings *findings, const char *id)
{
	const struct finding *found = NULL;

	list_each(finding, &findings->list) {
		if (strcmp(finding->id, id) != 0)
			continue;
		if (found)
			fail_msg("%s was found twice: %s; %s", id, found->evidence,
				 finding->evidence);
		found = finding;
	}
	return found;
}

static void check_silent(const struct rule_case *c, void (*change)(struct host *),
			 enum situation situation)
{
	cleanup_findings struct findings findings = {0};
	cleanup_host struct host host = {0};
	const struct finding *found;

	c->base(&host);
	if (change)
		change(&host);
	assess_in(&host, c, situation, &findings);
	found = find(&findings, c->id);
	if (found)
		fail_msg("%s (%s) was found: %s", c->id, situation_names[situation],
			 found->evidence);
}

/* What the effect makes of the finding, and this finding of the verdict. */
static void check_effect(const struct finding *finding, enum effect effect)
{
	static const struct {
		enum severity severity;
		bool reboot;
		enum verdict verdict;
	} means[] = {
		[NOTE] = {SEVERITY_NOTE, false, VERDICT_RECOVERABLE},
		[WARNS] = {SEVERITY_WARNS, false, VERDICT_RECOVERABLE},
		[LOSES] = {SEVERITY_LOSES, false, VERDICT_LOSING},
		[BLOCKS] = {SEVERITY_BLOCKS, false, VERDICT_FIX_FIRST},
		[REBOOT] = {SEVERITY_BLOCKS, true, VERDICT_REBOOT},
	};
	struct finding copy = *finding;
	const struct findings alone = {.list = {&copy, 1}};

	assert_int_equal(finding->severity, means[effect].severity);
	assert_int_equal(finding->reboot, means[effect].reboot);
	assert_false(finding->overridden);
	assert_int_equal(verdict_of(&alone), means[effect].verdict);
}

static void check_said(const struct rule_case *c, enum situation situation, const struct said *said)
{
	cleanup_findings struct findings findings = {0};
	cleanup_host struct host host = {0};
	const struct finding *found;

	if (said->effect == NOTHING) {
		check_silent(c, c->guilty, situation);
		return;
	}
	c->base(&host);
	c->guilty(&host);
	assess_in(&host, c, situation, &findings);
	found = find(&findings, c->id);
	if (!found)
		fail_msg("%s (%s) was not found", c->id, situation_names[situation]);
	assert_string_equal(found->object, c->object);
	assert_string_equal(found->evidence, said->evidence ? said->evidence : c->planned.evidence);
	assert_string_equal(found->fix, said->fix ? said->fix : c->planned.fix);
	check_effect(found, said->effect);
}

static void test_case(void **state)
{
	const struct rule_case *c = *state;

	check_said(c, SITUATION_PLANNED, &c->planned);
	check_said(c, SITUATION_ISOLATED, &c->isolated);
	for (int situation = 0; situation < 2; situation++) {
		check_silent(c, NULL, situation);
		for (size_t i = 0; i < ARRAY_SIZE(c->innocent) && c->innocent[i]; i++)
			check_silent(c, c->innocent[i], situation);
	}
}

/* ---- the table ---- */

/* No rule is without a case, and the cases have the effects of the table. */
static void test_every_rule_has_a_case(void **state)
{
	(void)state;
	for (const struct rule *rule = port_rules; rule->id; rule++) {
		size_t cases = 0;

		each_case(each)
		{
			if (strcmp(each->id, rule->id) != 0)
				continue;
			cases++;
			if (each->planned.effect != rule->effects[SITUATION_PLANNED] ||
			    each->isolated.effect != rule->effects[SITUATION_ISOLATED])
				fail_msg("%s has another effect in the table", rule->id);
		}
		if (!cases)
			fail_msg("%s has no case", rule->id);
	}
}

static void test_every_case_has_a_rule(void **state)
{
	(void)state;
	each_case(each)
	{
		const struct rule *rule = port_rules;

		while (rule->id && strcmp(rule->id, each->id) != 0)
			rule++;
		if (!rule->id)
			fail_msg("there is no rule %s", each->id);
	}
}

/* A name as long as a name can be, everywhere it is said, must not cut a text short. */
static void test_texts_fit(void **state)
{
	char name[NAME_SIZE];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	each_case(each)
	{
		cleanup_findings struct findings findings = {0};
		cleanup_host struct host host = {0};

		each->base(&host);
		each->guilty(&host);
		list_each(dax, &host.dax_devices) {
			list_each(user, &host.users)
				strcpy(user->dax, name);
			list_each(contents, &host.contents)
				strcpy(contents->dax, name);
			strcpy(dax->name, name);
		}
		list_each(process, &host.processes) {
			memset(process->command, 'c', sizeof(process->command) - 1);
			memset(process->guest, 'g', sizeof(process->guest) - 1);
		}
		list_each(region, &host.regions) {
			list_each(dax, &host.dax_devices)
				strcpy(dax->region, name);
			strcpy(region->name, name);
		}
		for (int situation = 0; situation < 2; situation++)
			assess_in(&host, each, situation, &findings);
		list_each(finding, &findings.list) {
			assert_true(strlen(finding->evidence) < sizeof(finding->evidence) - 1);
			if (strlen(finding->fix) >= sizeof(finding->fix) - 1)
				fail_msg("%s: %s", finding->id, finding->fix);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest table[] = {
		cmocka_unit_test(test_every_rule_has_a_case),
		cmocka_unit_test(test_every_case_has_a_rule),
		cmocka_unit_test(test_texts_fit),
	};
	static struct CMUnitTest cases[256];
	size_t count = 0;
	int failed = 0;

	each_case(each)
	{
		if (count == ARRAY_SIZE(cases))
			return 1;
		cases[count++] = (struct CMUnitTest){.name = each->id,
						     .test_func = test_case,
						     .initial_state = (void *)each};
	}
	failed += cmocka_run_group_tests(table, NULL, NULL);
	failed += _cmocka_run_group_tests("cases", cases, count, NULL, NULL);
	return failed ? 1 : 0;
}
