/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must not be there any more right before a reset, or while isolation is changed. */
#include "policy/rules.h"
#include "policy/settings.h"

#include <inttypes.h>

static void check_committed(const struct subject *s, const char *decoder, uint64_t start,
			    uint64_t size)
{
	struct finding *finding = found(s, decoder);

	finding_evidence(finding, "%s still decodes 0x%" PRIx64 "-0x%" PRIx64, decoder, start,
			 start + (size - 1));
	finding_fix(finding, "disable and destroy its region first");
}

void check_nothing_committed(const struct subject *s)
{
	each_committed_range(s, check_committed);
}

static void check_online(const struct subject *s, const char *decoder, uint64_t start,
			 uint64_t size)
{
	struct finding *finding;
	char names[256];

	name_blocks(names, sizeof(names), s, start, size, block_online);
	if (!names[0])
		return;
	finding = found(s, decoder);
	finding_evidence(finding, "%s is online in the range that %s decodes", names, decoder);
	finding_fix(finding, "offline it first: chmem -d, or daxctl offline-memory");
}

void check_nothing_online(const struct subject *s)
{
	each_committed_range(s, check_online);
	each_region_below(region, s)
		check_online(s, region->name, region->start, region->size);
}

void check_nothing_bound(const struct subject *s)
{
	each_dax_below(view, s) {
		struct finding *finding;

		if (view->dax->mode == DAX_DISABLED)
			continue;
		finding = found(s, view->dax->name);
		finding_evidence(finding, "%s is bound as %s", view->dax->name,
				 dax_mode_names[view->dax->mode]);
		finding_fix(finding, "daxctl disable-device %s", view->dax->name);
	}
}

void check_region_active(const struct subject *s)
{
	each_region_below(region, s) {
		struct finding *finding;

		if (!region->enabled && !region->committed)
			continue;
		finding = found(s, region->name);
		finding_evidence(finding, "%s is %s", region->name,
				 region->enabled ? "enabled" : "committed");
		finding_fix(finding, "cxl disable-region %s, cxl destroy-region %s", region->name,
			    region->name);
	}
}

static const struct rule reset_guards[] = {
	{"foreign-driver", {BLOCKS, BLOCKS}, NEVER, check_foreign_driver},
	{"memory-online", {BLOCKS, BLOCKS}, NEVER, check_nothing_online},
	{"dax-bound", {BLOCKS, BLOCKS}, NEVER, check_nothing_bound},
	{"region-active", {BLOCKS, BLOCKS}, NEVER, check_region_active},
	{"decoder-committed", {BLOCKS, BLOCKS}, NEVER, check_nothing_committed},
	{"unexplained-memory", {BLOCKS, BLOCKS}, NEVER, check_stray_memory},
	{},
};

void assess_reset(const struct host *host, const struct root_port *port, struct findings *findings)
{
	cleanup_survey struct survey *survey = survey_new(host);
	struct subject subject = subject_of(survey, port, NULL, findings);

	rules_apply(reset_guards, &subject);
}

static const struct rule quiet_guards[] = {
	{"decoder-committed", {BLOCKS, BLOCKS}, NEVER, check_nothing_committed},
	{"memory-online", {BLOCKS, BLOCKS}, NEVER, check_nothing_online},
	{"dax-bound", {BLOCKS, BLOCKS}, NEVER, check_nothing_bound},
	{"region-active", {BLOCKS, BLOCKS}, NEVER, check_region_active},
	{"devdax-in-use", {BLOCKS, BLOCKS}, NEVER, check_devdax_users},
	{},
};

void assess_quiesced(const struct host *host, const struct root_port *port,
		     struct findings *findings)
{
	cleanup_survey struct survey *survey = survey_new(host);
	struct subject subject = subject_of(survey, port, NULL, findings);

	rules_apply(quiet_guards, &subject);
}
