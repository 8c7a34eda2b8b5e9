/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/evacuations.h"

#include <stdlib.h>
#include <string.h>

#include "collect/collect.h"
#include "sys/util.h"

void evacuation_renew_shared(const struct sys *sys, struct journal *journal)
{
	struct host *before = &journal->before;
	char policy[sizeof(before->auto_online)];

	if (journal->direction == DIRECTION_UP ||
	    (!journal->complete && !journal_is_of_old_boot(sys, journal)))
		return;
	if (sys_read(sys, policy, sizeof(policy), "/sys/devices/system/memory/auto_online_blocks"))
		return;
	copy_text(before->auto_online, sizeof(before->auto_online), policy);
	before->system.demotion = collect_demotion(sys);
	plan_renew_shared(&journal->plan, before);
}

void evacuation_dax(const struct journal *journal, struct dax_list *list)
{
	*list = (struct dax_list){0};
	list_each(step, &journal->plan.down) {
		const struct dax *dax = host_dax(&journal->before, step->object);

		if (step->kind == STEP_UNBIND_DAX && dax && dax->mappings.count)
			*list_add(list) = dax;
	}
}

void dax_list_free(struct dax_list *list)
{
	free(list->items);
}

static void add_evacuations(const struct journal *journal, struct host *host)
{
	cleanup_dax_list struct dax_list list;

	evacuation_dax(journal, &list);
	list_each_pointer(dax, &list) {
		struct evacuation *evacuation = list_add(&host->evacuations);

		copy_text(evacuation->dax, sizeof(evacuation->dax), dax->name);
		evacuation->start = dax->mappings.items[0].start;
		evacuation->mode = dax->mode;
		evacuation->saved = journal_saved(journal, dax->name) != NULL;
	}
}

int evacuations_collect(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_names struct names files = {0};
	int rc = host->privileged ? journal_list(sys, &files) : 0;

	if (rc)
		return fail_errno(err, rc, "cannot look for journals");
	for (size_t i = 0; i < files.count; i++) {
		cleanup_journal struct journal journal = {0};

		if (!journal_load_file(sys, files.items[i], &journal, NULL) &&
		    journal_is_at_rest(&journal))
			add_evacuations(&journal, host);
	}
	return 0;
}

static bool starts_at(const struct dax *dax, uint64_t start)
{
	list_each(mapping, &dax->mappings)
		if (mapping->start == start)
			return true;
	return false;
}

bool evacuation_has(const struct journal *journal, const struct dax *dax, enum step_kind kind)
{
	list_each(step, &journal->plan.down) {
		const struct dax *before = host_dax(&journal->before, step->object);

		if (step->kind == (int)kind && before && before->mappings.count &&
		    starts_at(dax, before->mappings.items[0].start))
			return true;
	}
	return false;
}

static size_t count_common_dax(const struct dax_list *list, const struct below *what)
{
	size_t common = 0;

	list_each_pointer(dax, list)
		list_each_pointer(view, &what->dax)
			common += starts_at(view->dax, dax->mappings.items[0].start);
	return common;
}

static bool is_same_namespace(const struct namespace *a, const struct namespace *b)
{
	return a->uuid[0] ? strcmp(a->uuid, b->uuid) == 0 : strcmp(a->name, b->name) == 0;
}

/* @all: those that the journal took down. */
static size_t count_common_namespaces(const struct journal *journal, const struct below *what,
				      size_t *all)
{
	size_t common = 0;

	*all = 0;
	list_each(step, &journal->plan.down) {
		const struct namespace *before = host_namespace(&journal->before, step->object);

		if (step->kind != STEP_DISABLE_NAMESPACE || !before)
			continue;
		(*all)++;
		list_each_pointer(namespace, &what->namespaces)
			common += is_same_namespace(before, namespace);
	}
	return common;
}

/* Dax devices of persistent memory belong to their namespaces. */
static size_t count_volatile(const struct below *what)
{
	size_t count = 0;

	list_each_pointer(view, &what->dax)
		count += !view->region || !region_is_pmem(view->region);
	return count;
}

enum relation evacuation_relation(const struct journal *journal, const struct below *what)
{
	cleanup_dax_list struct dax_list list;
	size_t dax, namespaces, all;

	evacuation_dax(journal, &list);
	dax = count_common_dax(&list, what);
	namespaces = count_common_namespaces(journal, what, &all);
	if (!dax && !namespaces)
		return RELATION_NONE;
	if (dax < list.count || namespaces < all)
		return RELATION_SOME;
	return dax == count_volatile(what) && namespaces == what->namespaces.count ? RELATION_SAME
										   : RELATION_ALL;
}

static bool is_evacuation(const char *file)
{
	return starts_with(file, "evacuate-");
}

int evacuation_find(const struct sys *sys, const struct below *what, struct journal *journal,
		    enum relation *relation, struct error *err)
{
	cleanup_names struct names files = {0};
	int rc = journal_list(sys, &files);

	*relation = RELATION_NONE;
	if (rc)
		return fail_errno(err, rc, "cannot look for journals");
	for (size_t i = 0; !rc && i < files.count && *relation != RELATION_SAME; i++) {
		struct journal found = {0};
		enum relation its;

		if (!is_evacuation(files.items[i]))
			continue;
		rc = journal_load_file(sys, files.items[i], &found, err);
		its = rc ? RELATION_NONE : evacuation_relation(&found, what);
		if (its > *relation) {
			journal_free(journal);
			*journal = found;
			*relation = its;
		} else {
			journal_free(&found);
		}
	}
	return rc;
}
