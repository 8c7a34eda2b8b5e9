// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/assess.c: the table of rules, verdicts, and what the user may override. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <string.h>

#include "findings.h"
#include "policy/rules.h"
#include "policy/settings.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* ---- recover: machines with nothing against it ---- */

static void test_good_ram(void **state)
{
	check_recover_clear(*state, PORT_A);
}

static void test_good_idle(void **state)
{
	check_recover_clear(*state, PORT_A);
	check_recover_clear(*state, PORT_B);
	check_recover_clear(*state, PORT_C);
}

static void test_good_offline(void **state)
{
	struct host *host = *state;

	list_each(block, &host->blocks) {
		strcpy(block->state, "offline");
		strcpy(block->zones, "Normal Movable");
	}
	check_recover_clear(host, PORT_A);
}

/* What is wrong below one port is no matter of another. */
static void test_good_beside_bad(void **state)
{
	struct host *host = *state;

	model_function(host, "0000:e0:00.0", PORT_D, FUNCTION_OTHER, "e1000e");
	model_function(host, "0000:e1:00.0", PORT_C, FUNCTION_BRIDGE, "pcieport");
	root_port_of(host, PORT_B)->can_reset = false;
	function_of(host, DEVICE_B)->registers = false;
	decoder_of(host, "decoder4.0")->locked = true;
	model_region(host, "region1", "mem2", WINDOW_1);
	region_of(host, "region1")->enabled = false;
	model_dax(host, "dax1.0", "region1", DAX_DEVDAX);
	model_user(host, "dax1.0", 5, "cat", MIB);
	model_blocks(host, WINDOW_1, DEVICE_SIZE, "online", "Normal");
	check_recover_clear(host, PORT_A);
}
/* ---- consent ---- */

static void check_consent(const struct host *host, const char *const *force, bool discard,
			  bool goes_on)
{
	cleanup_findings struct findings findings = {0};
	struct consent consent = {force, discard};

	assess(host, PORT_A, &consent, &findings);
	assert_int_equal(findings.list.count, 1);
	assert_int_equal(findings.list.items[0].overridden, goes_on);
	assert_int_equal(findings_refusal(&findings) == NULL, goes_on);
}

static void test_force_zone_normal(void **state)
{
	static const char *const zone_normal[] = {"zone-normal", NULL};
	static const char *const second[] = {"address-order", "zone-normal", NULL};
	static const char *const others[] = {"zone-norma", "zone-normals", "", "all", NULL};
	static const char *const none[] = {NULL};
	struct host *host = *state;

	strcpy(host->blocks.items[0].zones, "Normal");
	check_consent(host, zone_normal, false, true);
	check_consent(host, second, false, true);
	check_consent(host, others, false, false);
	check_consent(host, none, false, false);
	check_consent(host, NULL, false, false);
	check_consent(host, NULL, true, false);
	check_not_forcible(host, PORT_A, "zone-normal");
}

static void test_discard_contents(void **state)
{
	static const char *const id[] = {"devdax-contents", NULL};
	struct host *host = *state;

	check_consent(host, NULL, true, true);
	check_consent(host, NULL, false, false);
	check_consent(host, id, false, false); /* it has an option of its own */
	check_not_forcible(host, PORT_A, "devdax-contents");
}

static void test_forcible_rules(void **state)
{
	static const char *const forcible[] = {"zone-normal", "pages-held", "gigantic-pages",
					       "no-room", NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forcible) - 1; i++)
		assert_string_equal(recover_rules[i], forcible[i]);
	assert_null(recover_rules[ARRAY_SIZE(forcible) - 1]);
}

/* Each with a picture that it alone stands against. */

static void hold_pages(struct host *host)
{
	struct contents *contents = list_add(&host->contents);

	strcpy(contents->dax, "dax0.0");
	contents->held = MIB;
}

static void use_gigantic_pages(struct host *host)
{
	*list_add(&((struct node *)host_node(host, 1))->huge_pools) =
		(struct huge_pool){.page_size = GIB, .total = 1};
}

static void take_room(struct host *host)
{
	((struct node *)host_node(host, 0))->free = 0;
}

static void check_forced(void (*change)(struct host *), const char *id)
{
	const char *const force[] = {id, NULL};
	cleanup_findings struct findings refused = {0}, forced = {0};
	cleanup_host struct host host = {0};
	const struct consent consent = {force, false};

	model_system_ram(&host);
	change(&host);
	assess(&host, PORT_A, NULL, &refused);
	assert_non_null(findings_refusal(&refused));
	assert_string_equal(findings_refusal(&refused)->id, id);
	assert_int_equal(verdict_of(&refused), VERDICT_FIX_FIRST);
	assess(&host, PORT_A, &consent, &forced);
	assert_int_equal(refused.list.count, forced.list.count);
	assert_null(findings_refusal(&forced));
	assert_int_equal(verdict_of(&forced), VERDICT_RECOVERABLE);
}

static void test_force_others(void **state)
{
	(void)state;
	check_forced(hold_pages, "pages-held");
	check_forced(use_gigantic_pages, "gigantic-pages");
	check_forced(take_room, "no-room");
}

/* One that was overridden does not hide the next. */
static void test_refusal_after_overridden(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct host *host = *state;

	strcpy(host->blocks.items[0].zones, "Normal");
	model_user(host, "dax0.0", 9, "cat", MIB);
	root_port_of(host, PORT_A)->can_reset = false;
	assess(host, PORT_A, &everything, &findings);
	assert_string_equal(findings_refusal(&findings)->id, "no-reset-path");
	findings.list.items[0].overridden = true;
	assert_string_equal(findings_refusal(&findings)->id, "devdax-in-use");
	findings.list.items[1].severity = SEVERITY_WARNS;
	assert_null(findings_refusal(&findings));
}

static void test_findings_json(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct json_object *json;

	assess(*state, PORT_D, NULL, &findings);
	json = record_to_json(&findings_record, &findings);
	assert_string_equal(
		json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE),
		"{\"list\":[{\"id\":\"nothing-below\",\"severity\":\"blocks\","
		"\"object\":\"" PORT_D "\",\"evidence\":\"there is no device below " PORT_D
		"\",\"fix\":\"nothing is to be recovered here; to look for a device that "
		"was added run: echo 1 > /sys/bus/pci/devices/" PORT_D "/rescan\","
		"\"overridden\":false,\"reboot\":false}]}");
	json_object_put(json);
}
/* ---- the table ---- */

static void test_ids_are_unique(void **state)
{
	(void)state;
	for (const struct rule *rule = port_rules; rule->id; rule++) {
		assert_true(strlen(rule->id) < sizeof(((struct finding *)0)->id));
		assert_true(rule->id[strspn(rule->id, "abcdefghijklmnopqrstuvwxyz-")] == '\0');
		for (const struct rule *other = port_rules; other < rule; other++)
			assert_string_not_equal(other->id, rule->id);
	}
}

/* --force takes the ids of exactly those rules that say so. */
static void test_recover_rules(void **state)
{
	size_t count = 0;

	(void)state;
	for (const struct rule *rule = port_rules; rule->id; rule++)
		if (rule->override == FORCE)
			assert_string_equal(recover_rules[count++], rule->id);
	assert_null(recover_rules[count]);
}

/* An override makes sense only for what refuses; losing data has its own; nothing overrides what
 * ends in a reboot, nor is anything but planned recovery run, so that nothing else is overridden. */
static void test_effects_are_consistent(void **state)
{
	(void)state;
	for (const struct rule *rule = port_rules; rule->id; rule++) {
		enum effect planned = rule->effects[SITUATION_PLANNED];
		enum effect isolated = rule->effects[SITUATION_ISOLATED];

		assert_true(planned != NOTHING || isolated != NOTHING);
		assert_non_null(rule->check);
		if (rule->override == FORCE)
			assert_true(planned == BLOCKS && isolated == NOTHING);
		if (planned == LOSES)
			assert_int_equal(rule->override, KEEP_OR_DISCARD);
		if (rule->override == KEEP_OR_DISCARD)
			assert_true(planned == LOSES && isolated == LOSES);
		/* What only a reboot helps while all is well is no better in isolation. */
		if (planned == REBOOT)
			assert_int_equal(isolated, REBOOT);
	}
}

/* ---- verdicts ---- */

static void add_finding(struct findings *findings, enum severity severity, bool reboot,
			bool overridden)
{
	struct finding *finding = finding_add(findings, "any", severity, "thing");

	finding->reboot = reboot;
	finding->overridden = overridden;
}

static void test_worst_wins(void **state)
{
	cleanup_findings struct findings findings = {0};

	(void)state;
	assert_int_equal(verdict_of(&findings), VERDICT_RECOVERABLE);
	add_finding(&findings, SEVERITY_NOTE, false, false);
	assert_int_equal(verdict_of(&findings), VERDICT_RECOVERABLE);
	add_finding(&findings, SEVERITY_WARNS, false, false);
	assert_int_equal(verdict_of(&findings), VERDICT_RECOVERABLE);
	add_finding(&findings, SEVERITY_LOSES, false, false);
	assert_int_equal(verdict_of(&findings), VERDICT_LOSING);
	add_finding(&findings, SEVERITY_BLOCKS, false, false);
	assert_int_equal(verdict_of(&findings), VERDICT_FIX_FIRST);
	add_finding(&findings, SEVERITY_BLOCKS, true, false);
	assert_int_equal(verdict_of(&findings), VERDICT_REBOOT);
	add_finding(&findings, SEVERITY_NOTE, false, false); /* a better one behind it */
	add_finding(&findings, SEVERITY_BLOCKS, false, false);
	assert_int_equal(verdict_of(&findings), VERDICT_REBOOT);
}

static void test_overridden_do_not_count(void **state)
{
	cleanup_findings struct findings findings = {0};

	(void)state;
	add_finding(&findings, SEVERITY_BLOCKS, false, true);
	add_finding(&findings, SEVERITY_LOSES, false, true);
	assert_int_equal(verdict_of(&findings), VERDICT_RECOVERABLE);
	add_finding(&findings, SEVERITY_LOSES, false, false);
	assert_int_equal(verdict_of(&findings), VERDICT_LOSING);
	add_finding(&findings, SEVERITY_BLOCKS, false, false);
	assert_int_equal(verdict_of(&findings), VERDICT_FIX_FIRST);
}

static enum verdict verdict(const struct host *host, const char *port, enum situation situation)
{
	cleanup_survey struct survey *survey = survey_new(host);
	cleanup_findings struct findings findings = {0};

	assess_port(survey, host_root_port(host, port), situation, &findings);
	return verdict_of(&findings);
}

static void check_verdicts(const struct host *host, const char *port, enum verdict planned,
			   enum verdict isolated)
{
	assert_int_equal(verdict(host, port, SITUATION_PLANNED), planned);
	assert_int_equal(verdict(host, port, SITUATION_ISOLATED), isolated);
}

static void test_verdict_of_ram(void **state)
{
	struct host *host = *state;

	check_verdicts(host, PORT_A, VERDICT_RECOVERABLE, VERDICT_REBOOT);
	list_each(block, &host->blocks)
		strcpy(block->state, "offline");
	check_verdicts(host, PORT_A, VERDICT_RECOVERABLE, VERDICT_RECOVERABLE);
}

static void test_verdict_of_devdax(void **state)
{
	struct host *host = *state;

	check_verdicts(host, PORT_A, VERDICT_LOSING, VERDICT_LOSING);
	model_user(host, "dax0.0", 9, "cat", MIB);
	check_verdicts(host, PORT_A, VERDICT_FIX_FIRST, VERDICT_FIX_FIRST);
}

static void test_verdict_of_idle(void **state)
{
	check_verdicts(*state, PORT_A, VERDICT_RECOVERABLE, VERDICT_RECOVERABLE);
	check_verdicts(*state, PORT_D, VERDICT_FIX_FIRST, VERDICT_RECOVERABLE);
}

/* What refuses recover is what makes the planned verdict, and the other way round. */
static void test_recover_agrees_with_verdict(void **state)
{
	static void (*const changes[])(struct host *) = {hold_pages, use_gigantic_pages, take_room};

	(void)state;
	for (size_t i = 0; i <= ARRAY_SIZE(changes); i++) {
		cleanup_findings struct findings findings = {0};
		cleanup_host struct host host = {0};

		model_system_ram(&host);
		if (i)
			changes[i - 1](&host);
		assess(&host, PORT_A, NULL, &findings);
		assert_int_equal(findings_refusal(&findings) != NULL,
				 verdict(&host, PORT_A, SITUATION_PLANNED) != VERDICT_RECOVERABLE);
	}
}

/* ---- situations ---- */

static void test_situation(void **state)
{
	static const struct {
		int isolation;
		uint32_t status;
		enum situation situation;
	} cases[] = {
		{ISOLATION_PRESENT, 0, SITUATION_PLANNED},
		{ISOLATION_PRESENT, 0x0100, SITUATION_ISOLATED},
		{ISOLATION_PRESENT, 0x1000, SITUATION_ISOLATED},
		{ISOLATION_PRESENT, 0x1101, SITUATION_ISOLATED},
		{ISOLATION_PRESENT, 0x4233, SITUATION_PLANNED}, /* every other bit there is */
		{ISOLATION_NONE, 0xffff, SITUATION_PLANNED},
		{ISOLATION_UNKNOWN, 0xffff, SITUATION_PLANNED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct root_port port = {.isolation = cases[i].isolation,
					       .status = cases[i].status};

		assert_int_equal(situation_of(&port), cases[i].situation);
	}
}

static void test_situation_of_a_shared_region(void **state)
{
	struct host *host = *state;
	struct root_port *port = root_port_of(host, PORT_C);

	model_region(host, "region0", "mem0,mem2", WINDOW_2);
	for (int isolated = 0; isolated < 2; isolated++) {
		cleanup_survey struct survey *survey = survey_new(host);
		enum situation both = isolated ? SITUATION_ISOLATED : SITUATION_PLANNED;

		assert_int_equal(situation_below(survey, root_port_of(host, PORT_A)), both);
		assert_int_equal(situation_below(survey, port), both);
		assert_int_equal(situation_below(survey, root_port_of(host, PORT_B)),
				 SITUATION_PLANNED);
		port->isolation = ISOLATION_PRESENT;
		port->status = 0x0100;
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(situation_names[SITUATION_PLANNED], "planned");
	assert_string_equal(situation_names[SITUATION_ISOLATED], "isolated");
	assert_null(situation_names[2]);
	assert_string_equal(verdict_names[VERDICT_RECOVERABLE], "recoverable");
	assert_string_equal(verdict_names[VERDICT_LOSING], "recoverable-losing");
	assert_string_equal(verdict_names[VERDICT_FIX_FIRST], "fix-first");
	assert_string_equal(verdict_names[VERDICT_REBOOT], "reboot");
	assert_null(verdict_names[4]);
}

/* Notes are for assess: recover refuses, warns, or says nothing. */
static void test_recover_drops_notes(void **state)
{
	cleanup_findings struct findings all = {0}, recover = {0};
	cleanup_survey struct survey *survey = survey_new(*state);
	size_t notes = 0;

	assess_port(survey, host_root_port(*state, PORT_A), SITUATION_PLANNED, &all);
	assess(*state, PORT_A, NULL, &recover);
	list_each(finding, &all.list)
		notes += finding->severity == SEVERITY_NOTE;
	assert_int_equal(notes, all.list.count);
	assert_int_not_equal(notes, 0);
	assert_int_equal(recover.list.count, 0);
	finding_add(&recover, "any", SEVERITY_NOTE, "thing"); /* the list can still grow */
	assert_int_equal(recover.list.count, 1);
}

/* ---- pictures that nobody could have taken ---- */

static void assess_everything(const struct host *host)
{
	cleanup_survey struct survey *survey = survey_new(host);

	list_each(port, &host->root_ports) {
		cleanup_findings struct findings findings = {0}, reset = {0}, quiesced = {0};
		cleanup_plan struct plan plan = {0};

		for (int situation = 0; situation < 2; situation++)
			assess_port(survey, port, situation, &findings);
		assess_recover(survey, port, &everything, &findings);
		assess_reset(host, port, &reset);
		assess_quiesced(host, port, &quiesced);
		plan_recover(survey, port, &model_manner, &plan);
	}
}

static void huge_numbers(struct host *host)
{
	list_each(memdev, &host->memdevs)
		memdev->ram_size = memdev->pmem_size = UINT64_MAX;
	list_each(node, &host->nodes) {
		node->total = node->free = node->anon = node->file = UINT64_MAX - 1;
		node->reclaimable = node->mlocked = node->pinned = UINT64_MAX - 1;
		*list_add(&node->zones) = (struct zone){"Normal", -1, -1, -1, -1};
		*list_add(&node->zones) = (struct zone){"Movable", -1, -1, -1, -1};
		*list_add(&node->huge_pools) = (struct huge_pool){-1, -1, 0, -1};
		*list_add(&node->huge_pools) = (struct huge_pool){0, 0, -1, 0};
	}
	host->system.swap_total = host->system.swap_free = UINT64_MAX;
	list_each(decoder, &host->decoders)
		decoder->dpa_size = UINT64_MAX;
	list_each(region, &host->regions)
		region->ways = region->granularity = UINT64_MAX;
}

static void huge_blocks(struct host *host)
{
	host->block_size = 1ull << 63;
	list_each(block, &host->blocks)
		block->start = 0;
}

static void tiny_blocks(struct host *host)
{
	host->block_size = 1;
}

static void negative_numbers(struct host *host)
{
	list_each(block, &host->blocks)
		block->number = block->node = -1;
	list_each(node, &host->nodes)
		node->number = -1;
	list_each(process, &host->processes)
		process->pid = -1;
	list_each(user, &host->users)
		user->pid = INT32_MAX;
	list_each(dax, &host->dax_devices)
		dax->node = -1;
	strcpy(((struct contents *)list_add(&host->contents))->dax, "dax0.0");
	host->contents.items[0].held = UINT64_MAX;
	host->contents.items[0].held_block = -1;
}

static void last_blocks(struct host *host)
{
	list_each(block, &host->blocks) {
		block->number = INT32_MAX;
		strcpy(block->zones, "Normal");
	}
}

static void no_bridges(struct host *host)
{
	host->bridges.count = 0;
}

static void no_targets(struct host *host)
{
	list_each(region, &host->regions)
		region->targets.count = 0;
}

static void nameless_targets(struct host *host)
{
	list_each(region, &host->regions)
		list_each(target, &region->targets)
			target->root_port[0] = target->memdev[0] = target->decoder[0] = '\0';
}

static void no_mappings(struct host *host)
{
	list_each(dax, &host->dax_devices)
		dax->mappings.count = 0;
}

static void empty_mappings(struct host *host)
{
	list_each(dax, &host->dax_devices)
		list_each(mapping, &dax->mappings)
			mapping->size = 0;
}

static void nameless(struct host *host)
{
	list_each(port, &host->root_ports)
		port->address[0] = port->bridge[0] = '\0';
	list_each(region, &host->regions)
		region->name[0] = region->mode[0] = '\0';
	list_each(dax, &host->dax_devices)
		dax->name[0] = dax->region[0] = '\0';
	list_each(memdev, &host->memdevs)
		memdev->name[0] = memdev->endpoint[0] = memdev->address[0] = '\0';
	list_each(function, &host->functions)
		function->address[0] = function->root_port[0] = '\0';
}

static void all_alike(struct host *host)
{
	list_each(port, &host->root_ports)
		strcpy(port->address, PORT_A);
	list_each(region, &host->regions)
		strcpy(region->name, "region0");
	list_each(dax, &host->dax_devices)
		strcpy(dax->name, "dax0.0");
	list_each(memdev, &host->memdevs)
		strcpy(memdev->endpoint, "endpoint3");
	list_each(node, &host->nodes)
		node->number = 1;
}

static void no_nodes(struct host *host)
{
	list_each(node, &host->nodes)
		record_free(&node_record, node);
	host->nodes.count = 0;
}

static void test_impossible_pictures(void **state)
{
	static void (*const changes[])(struct host *) = {
		huge_numbers, huge_blocks,    tiny_blocks,	negative_numbers, last_blocks,
		no_bridges,   no_targets,     nameless_targets, no_mappings,	  nameless,
		all_alike,    empty_mappings, no_nodes,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		cleanup_host struct host host = {0};

		model_rich(&host);
		changes[i](&host);
		host_sort(&host);
		assess_everything(&host);
	}
}

/* Whatever it is that is online, it is found, though its number can not be said. */
static void test_blocks_without_number(void **state)
{
	struct host *host = *state;
	cleanup_findings struct findings findings = {0};

	negative_numbers(host);
	assess_reset(host, host_root_port(host, PORT_A), &findings);
	assert_string_equal(findings.list.items[0].id, "memory-online");
}

/* A capture whose sizes wrap must not turn out well. */
static void test_sizes_do_not_wrap(void **state)
{
	struct host *host = *state;

	huge_blocks(host);
	assert_int_equal(verdict(host, PORT_A, SITUATION_ISOLATED), VERDICT_REBOOT);
}

int main(void)
{
	static const struct CMUnitTest recover[] = {
		ON(ram, test_good_ram),
		ON(idle, test_good_idle),
		ON(ram, test_good_offline),
		ON(ram, test_good_beside_bad),
	};
	static const struct CMUnitTest consent[] = {
		ON(ram, test_force_zone_normal),	ON(devdax, test_discard_contents),
		cmocka_unit_test(test_forcible_rules),	cmocka_unit_test(test_force_others),
		ON(ram, test_refusal_after_overridden), ON(idle, test_findings_json),
	};
	static const struct CMUnitTest table[] = {
		cmocka_unit_test(test_ids_are_unique),
		cmocka_unit_test(test_recover_rules),
		cmocka_unit_test(test_effects_are_consistent),
	};
	static const struct CMUnitTest verdicts[] = {
		cmocka_unit_test(test_worst_wins),
		cmocka_unit_test(test_overridden_do_not_count),
		ON(ram, test_verdict_of_ram),
		ON(devdax, test_verdict_of_devdax),
		ON(idle, test_verdict_of_idle),
		cmocka_unit_test(test_recover_agrees_with_verdict),
		cmocka_unit_test(test_situation),
		ON(idle, test_situation_of_a_shared_region),
		cmocka_unit_test(test_names),
		ON(ram, test_recover_drops_notes),
	};
	static const struct CMUnitTest impossible[] = {
		cmocka_unit_test(test_impossible_pictures),
		ON(ram, test_blocks_without_number),
		ON(ram, test_sizes_do_not_wrap),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(recover, NULL, NULL);
	failed += cmocka_run_group_tests(consent, NULL, NULL);
	failed += cmocka_run_group_tests(table, NULL, NULL);
	failed += cmocka_run_group_tests(verdicts, NULL, NULL);
	failed += cmocka_run_group_tests(impossible, NULL, NULL);
	return failed ? 1 : 0;
}
