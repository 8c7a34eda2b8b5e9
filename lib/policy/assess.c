/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each finding means, in one table; the verdict is the worst of them. */
#include "policy/rules.h"

#include <stdio.h>

#include "regs/isolation.h"
#include "sys/util.h"

const char *const situation_names[] = {"planned", "isolated", NULL};
const char *const verdict_names[] = {"recoverable", "recoverable-losing", "fix-first", "reboot",
				     NULL};
const char *const recover_rules[] = {"zone-normal", "pages-held", "gigantic-pages", "no-room",
				     NULL};

/*
 * The effect of a finding on the verdict, by situation. cxl-iso-assess(1) has the same table, and
 * says what each id means.
 */
/* clang-format off */
const struct rule port_rules[] = {
	/*				PLANNED		ISOLATED */
	{"not-privileged",		{BLOCKS,	BLOCKS},	NEVER, check_privilege},
	{"lockdown",			{REBOOT,	REBOOT},	NEVER, check_lockdown},
	{"operation-in-progress",	{BLOCKS,	BLOCKS},	NEVER, check_operation},
	{"hook-unsafe",			{BLOCKS,	BLOCKS},	NEVER, check_hook_unsafe},
	{"port-isolated",		{BLOCKS,	NOTHING},	NEVER, check_isolated},
	{"rp-busy",			{NOTHING,	BLOCKS},	NEVER, check_rp_busy},
	{"isolated-elsewhere",		{REBOOT,	REBOOT},	NEVER, check_isolated_ram},
	{"nothing-below",		{BLOCKS,	NOTE},		NEVER, check_nothing_below},
	{"foreign-driver",		{BLOCKS,	BLOCKS},	NEVER, check_foreign_driver},
	{"foreign-idle",		{WARNS,		WARNS},		NEVER, check_foreign_idle},
	{"no-reset-path",		{REBOOT,	REBOOT},	NEVER, check_no_reset_path},
	{"kernel-too-old",		{REBOOT,	REBOOT},	NEVER, check_kernel_too_old},
	{"no-cache-invalidation",	{REBOOT,	REBOOT},	NEVER, check_cache_invalidation},
	{"switch-below",		{REBOOT,	REBOOT},	NEVER, check_switch},
	{"no-memdev",			{BLOCKS,	BLOCKS},	NEVER, check_no_memdev},
	{"several-memdevs",		{REBOOT,	REBOOT},	NEVER, check_several_memdevs},
	{"several-regions",		{BLOCKS,	BLOCKS},	NEVER, check_several_regions},
	{"interleaved",			{BLOCKS,	BLOCKS},	NEVER, check_interleaved},
	{"interleave-spans-ports",	{WARNS,		WARNS},		NEVER, check_spans_ports},
	{"not-volatile",		{BLOCKS,	BLOCKS},	NEVER, check_not_volatile},
	{"dynamic-region",		{BLOCKS,	BLOCKS},	NEVER, check_dynamic_region},
	{"pmem-place",			{BLOCKS,	BLOCKS},	NEVER, check_pmem_place},
	{"region-incomplete",		{BLOCKS,	BLOCKS},	NEVER, check_incomplete},
	{"registers-unreadable",	{BLOCKS,	WARNS},		NEVER, check_registers},
	{"decoder-lost",		{REBOOT,	REBOOT},	NEVER, check_decoder_lost},
	{"decoder-stale",		{WARNS,		NOTHING},	NEVER, check_decoder_stale},
	{"firmware-locked",		{REBOOT,	REBOOT},	NEVER, check_locked},
	{"firmware-region",		{WARNS,		WARNS},		NEVER, check_firmware_region},
	{"unexplained-memory",		{REBOOT,	REBOOT},	NEVER, check_unexplained_memory},
	{"dax-driver",			{BLOCKS,	WARNS},		NEVER, check_dax_driver},
	{"address-order",		{BLOCKS,	BLOCKS},	NEVER, check_address_order},
	{"kmem-incomplete",		{BLOCKS,	BLOCKS},	NEVER, check_kmem_incomplete},
	{"memory-left",			{REBOOT,	REBOOT},	NEVER, check_memory_left},
	{"users-unseen",		{BLOCKS,	BLOCKS},	NEVER, check_users_unseen},
	{"devdax-in-use",		{BLOCKS,	BLOCKS},	STOP_USERS, check_devdax_users},
	{"pmem-active",			{BLOCKS,	BLOCKS},	NEVER, check_pmem_active},
	{"ram-online",			{NOTE,		REBOOT},	NEVER, check_ram_online},
	{"memmap-on-memory",		{NOTE,		REBOOT},	NEVER, check_memmap},
	{"zone-normal",			{BLOCKS,	NOTHING},	FORCE, check_zone_normal},
	{"pages-held",			{BLOCKS,	NOTHING},	FORCE, check_pages_held},
	{"gigantic-pages",		{BLOCKS,	NOTHING},	FORCE, check_gigantic},
	{"no-room",			{BLOCKS,	NOTHING},	FORCE, check_no_room},
	{"room-by-swap",		{WARNS,		NOTHING},	NEVER, check_room_by_swap},
	{"hugetlb-pages",		{WARNS,		NOTHING},	NEVER, check_hugetlb},
	{"pages-unseen",		{NOTE,		NOTHING},	NEVER, check_pages_unseen},
	{"pages-pinned",		{WARNS,		NOTHING},	NEVER, check_pages_pinned},
	{"pinning-process",		{WARNS,		NOTHING},	NEVER, check_pinning_process},
	{"policy-bound",		{WARNS,		NOTHING},	NEVER, check_policy_bound},
	{"pages-mlocked",		{NOTE,		NOTHING},	NEVER, check_pages_mlocked},
	{"devdax-contents",		{LOSES,		LOSES},		KEEP_OR_DISCARD, check_devdax_contents},
	{"pmem-contents",		{NOTE,		LOSES},		NEVER, check_pmem_contents},
	{"extents-accepted",		{WARNS,		WARNS},		NEVER, check_extents_accepted},
	{"batches-pending",		{WARNS,		WARNS},		NEVER, check_batches_pending},
	{"extents-unseen",		{NOTE,		NOTE},		NEVER, check_extents_unseen},
	{"hook-skipped",		{WARNS,		WARNS},		NEVER, check_hook_skipped},
	{"udev-rule",			{WARNS,		WARNS},		NEVER, check_udev_rule},
	{"auto-online",			{NOTE,		NOTE},		NEVER, check_auto_online},
	{"demotion-on",			{NOTE,		NOTHING},	NEVER, check_demotion},
	{"swap-on",			{NOTE,		NOTHING},	NEVER, check_swap},
	{"zswap-on",			{NOTE,		NOTHING},	NEVER, check_zswap},
	{"isolation-unknown",		{WARNS,		NOTHING},	NEVER, check_isolation_unknown},
	{"isolation-absent",		{NOTE,		NOTHING},	NEVER, check_isolation_absent},
	{"isolation-off",		{NOTE,		NOTHING},	NEVER, check_isolation_off},
	{"isolation-by-firmware",	{NOTE,		NOTE},		NEVER, check_isolation_by_firmware},
	{"isolation-unnoticed",		{WARNS,		NOTHING},	NEVER, check_isolation_unnoticed},
	{"isolation-with-ram",		{WARNS,		NOTHING},	NEVER, check_isolation_with_ram},
	{"timeout-off",			{NOTE,		NOTHING},	NEVER, check_timeout_off},
	{"timeout-too-short",		{WARNS,		NOTHING},	NEVER, check_timeout_too_short},
	{"timeout-without-isolation",	{WARNS,		NOTHING},	NEVER, check_timeout_without_isolation},
	{"unused-memory",		{NOTE,		NOTE},		NEVER, check_unused_memory},
	{},
};
/* clang-format on */

const struct rule privilege_rules[] = {
	{"not-privileged", {BLOCKS, BLOCKS}, NEVER, check_privilege},
	{},
};

struct subject subject_of(const struct survey *survey, const struct root_port *port,
			  const struct consent *consent, struct findings *findings)
{
	return (struct subject){
		.survey = survey,
		.host = survey_host(survey),
		.below = survey_below(survey, port),
		.port = port,
		.name = port->address,
		.consent = consent,
		.findings = findings,
	};
}

void rules_apply(const struct rule *from, const struct subject *subject)
{
	struct subject s = *subject;

	for (s.rule = from; s.rule->id; s.rule++)
		if (s.rule->effects[s.situation] != NOTHING)
			s.rule->check(&s);
}

bool forced(const struct subject *s, const char *id)
{
	for (const char *const *force = s->consent ? s->consent->force : NULL; force && *force;
	     force++)
		if (strcmp(*force, id) == 0)
			return true;
	return false;
}

static bool overridden(const struct subject *s)
{
	switch (s->rule->override) {
	case FORCE:
		return forced(s, s->rule->id);
	case KEEP_OR_DISCARD:
		return s->consent && (s->consent->discard_contents || s->consent->save);
	case STOP_USERS:
		return s->consent && s->consent->users != USERS_REFUSE;
	case NEVER:
		break;
	}
	return false;
}

struct finding *found(const struct subject *s, const char *object)
{
	static const enum severity severities[] = {
		[NOTE] = SEVERITY_NOTE,	    [WARNS] = SEVERITY_WARNS,	[LOSES] = SEVERITY_LOSES,
		[BLOCKS] = SEVERITY_BLOCKS, [REBOOT] = SEVERITY_BLOCKS,
	};
	enum effect effect = s->rule->effects[s->situation];
	struct finding *finding = finding_add(s->findings, s->rule->id, severities[effect], object);

	finding->reboot = effect == REBOOT;
	finding->overridden = overridden(s);
	return finding;
}

struct finding *blocks(const struct subject *s, const char *id, const char *object)
{
	return finding_add(s->findings, id, SEVERITY_BLOCKS, object);
}

bool already_found(const struct subject *s)
{
	list_each(finding, &s->findings->list)
		if (strcmp(finding->id, s->rule->id) == 0)
			return true;
	return false;
}

/* "memory82-83, 85", as far as it fits. */
static size_t name_run(char *out, size_t size, size_t used, int first, int last)
{
	if (used >= size)
		return used;
	used += (size_t)snprintf(out + used, size - used, "%s%d", used ? ", " : "memory", first);
	if (last > first && used < size)
		used += (size_t)snprintf(out + used, size - used, "-%d", last);
	return used;
}

void name_blocks(char *out, size_t size, const struct subject *s, uint64_t start, uint64_t length,
		 bool (*wanted)(const struct block *))
{
	const struct block *first = NULL, *last = NULL;
	size_t used = 0, count;
	const struct block *blocks = survey_blocks(s->survey, start, length, &count);

	out[0] = '\0';
	for (const struct block *block = blocks; count; count--, block++) {
		if (!wanted(block))
			continue;
		if (first && block->number - 1 != last->number)
			used = name_run(out, size, used, first->number, last->number);
		if (!first || block->number - 1 != last->number)
			first = block;
		last = block;
	}
	if (first)
		name_run(out, size, used, first->number, last->number);
}

/* Without privilege addresses and registers are unseen: no other rule could be relied on. */
static void judge(const struct subject *subject)
{
	rules_apply(subject->host->privileged ? port_rules : privilege_rules, subject);
}

enum situation situation_of(const struct root_port *port)
{
	return port->isolation == ISOLATION_PRESENT &&
			       (port->status & ISOLATION_STATUS_ANY_ISOLATED)
		       ? SITUATION_ISOLATED
		       : SITUATION_PLANNED;
}

const struct root_port *isolated_target(const struct survey *survey, const struct region *region)
{
	list_each(target, &region->targets) {
		const struct below *below = survey_find(survey, target->root_port);

		if (below && situation_of(below->port) == SITUATION_ISOLATED)
			return below->port;
	}
	return NULL;
}

enum situation situation_below(const struct survey *survey, const struct root_port *port)
{
	list_each_pointer(region, &survey_below(survey, port)->regions)
		if (isolated_target(survey, region))
			return SITUATION_ISOLATED;
	return situation_of(port);
}

void assess_port(const struct survey *survey, const struct root_port *port,
		 enum situation situation, struct findings *findings)
{
	struct subject subject = subject_of(survey, port, NULL, findings);

	subject.situation = situation;
	judge(&subject);
}

enum verdict verdict_of(const struct findings *findings)
{
	enum verdict worst = VERDICT_RECOVERABLE;

	list_each(finding, &findings->list) {
		enum verdict verdict = finding->overridden		      ? VERDICT_RECOVERABLE
				       : finding->reboot		      ? VERDICT_REBOOT
				       : finding->severity == SEVERITY_BLOCKS ? VERDICT_FIX_FIRST
				       : finding->severity == SEVERITY_LOSES  ? VERDICT_LOSING
									      : VERDICT_RECOVERABLE;

		if (verdict > worst)
			worst = verdict;
	}
	return worst;
}

void drop_notes(struct findings *findings)
{
	size_t kept = 0;

	list_each(finding, &findings->list)
		if (finding->severity != SEVERITY_NOTE)
			findings->list.items[kept++] = *finding;
	findings->list.count = kept;
}

void assess_recover(const struct survey *survey, const struct root_port *port,
		    const struct consent *consent, struct findings *findings)
{
	struct subject subject = subject_of(survey, port, consent, findings);

	judge(&subject);
	drop_notes(findings);
}
