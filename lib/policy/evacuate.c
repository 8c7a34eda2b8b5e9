/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands against taking dax devices and namespaces out of service, without any reset. */
#include "policy/rules.h"

#include <inttypes.h>

const char *const evacuate_rules[] = {"gigantic-pages", "no-room", NULL};

/* To evacuate is to read, and what is behind a port in isolation must not be read. */
static void check_regions_isolated(const struct subject *s)
{
	each_region_below(region, s) {
		const struct root_port *port = isolated_target(s->survey, region);
		struct finding *finding;

		if (!port)
			continue;
		finding = found(s, region->name);
		finding_evidence(finding,
				 "%s is behind %s, which is in isolation: to read it is a machine "
				 "check",
				 region->name, port->address);
		finding_fix(finding, "cxl-iso assess %s says what can be done", port->address);
	}
}

/* What happens to contents is a matter of the devices that are taken from their driver now. */
static void check_bound_contents(const struct subject *s)
{
	each_dax_below(view, s)
		if (view->dax->mode == DAX_DEVDAX) {
			check_devdax_contents(s);
			return;
		}
}

/*
 * Some findings mean less here than in assess.c: if evacuating fails, everything is put back, and
 * nothing but time is lost. daxctl-ext-evacuate(1) has the same table.
 */
/* clang-format off */
static const struct rule rules[] = {
	{"not-privileged",		{BLOCKS,	BLOCKS},	NEVER, check_privilege},
	{"operation-in-progress",	{BLOCKS,	BLOCKS},	NEVER, check_operation},
	{"hook-unsafe",			{BLOCKS,	BLOCKS},	NEVER, check_hook_unsafe},
	{"port-isolated",		{BLOCKS,	BLOCKS},	NEVER, check_regions_isolated},
	{"dax-driver",			{BLOCKS,	BLOCKS},	NEVER, check_dax_driver},
	{"kmem-incomplete",		{BLOCKS,	BLOCKS},	NEVER, check_kmem_incomplete},
	{"memory-left",			{REBOOT,	REBOOT},	NEVER, check_memory_left},
	{"users-unseen",		{BLOCKS,	BLOCKS},	NEVER, check_users_unseen},
	{"devdax-in-use",		{BLOCKS,	BLOCKS},	STOP_USERS, check_devdax_users},
	{"devdax-contents",		{LOSES,		LOSES},		KEEP_OR_DISCARD, check_bound_contents},
	{"pmem-active",			{BLOCKS,	BLOCKS},	NEVER, check_pmem_active},
	{"gigantic-pages",		{BLOCKS,	BLOCKS},	FORCE, check_gigantic},
	{"no-room",			{BLOCKS,	BLOCKS},	FORCE, check_no_room},
	{"room-by-swap",		{WARNS,		WARNS},		NEVER, check_room_by_swap},
	{"zone-normal",			{WARNS,		WARNS},		NEVER, check_zone_normal},
	{"hugetlb-pages",		{WARNS,		WARNS},		NEVER, check_hugetlb},
	{"pages-pinned",		{WARNS,		WARNS},		NEVER, check_pages_pinned},
	{"pinning-process",		{WARNS,		WARNS},		NEVER, check_pinning_process},
	{"policy-bound",		{WARNS,		WARNS},		NEVER, check_policy_bound},
	{"hook-skipped",		{WARNS,		WARNS},		NEVER, check_hook_skipped},
	{"udev-rule",			{WARNS,		WARNS},		NEVER, check_udev_rule},
	{},
};
/* clang-format on */

void assess_evacuate(const struct survey *survey, const struct below *what, const char *name,
		     const struct consent *consent, struct findings *findings)
{
	const struct subject subject = {
		.survey = survey,
		.host = survey_host(survey),
		.below = what,
		.name = name,
		.consent = consent,
		.findings = findings,
	};

	rules_apply(subject.host->privileged ? rules : privilege_rules, &subject);
}
