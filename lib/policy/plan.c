/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

const char *const step_names[] = {
	[STEP_RUN_HOOKS] = "run-hooks",
	[STEP_HOLD_NEW_MEMORY] = "hold-new-memory",
	[STEP_STOP_DEMOTION] = "stop-demotion",
	[STEP_STOP_USERS] = "stop-users",
	[STEP_SAVE_CONTENTS] = "save-contents",
	[STEP_DISABLE_NAMESPACE] = "disable-namespace",
	[STEP_MOVE_PAGES] = "move-pages",
	[STEP_OFFLINE_MEMORY] = "offline-memory",
	[STEP_SHRINK_POOLS] = "shrink-pools",
	[STEP_UNBIND_DAX] = "unbind-dax",
	[STEP_CONVERT_DAX] = "convert-dax",
	[STEP_DISABLE_REGION] = "disable-region",
	[STEP_DELETE_REGION] = "delete-region",
	[STEP_MARK_DEVICE] = "mark-device",
	[STEP_REMOVE_FUNCTION] = "remove-function",
	[STEP_RESET_PORT] = "reset-port",
	[STEP_RESCAN_PORT] = "rescan-port",
	[STEP_CHECK_RESET] = "check-reset",
	[STEP_LOAD_MODULE] = "load-module",
	[STEP_CREATE_REGION] = "create-region",
	[STEP_CHECK_DECODER] = "check-decoder",
	[STEP_ENABLE_REGION] = "enable-region",
	[STEP_ARRANGE_DAX] = "arrange-dax",
	[STEP_BIND_DAX] = "bind-dax",
	[STEP_LOAD_CONTENTS] = "load-contents",
	[STEP_ONLINE_MEMORY] = "online-memory",
	[STEP_ENABLE_NAMESPACE] = "enable-namespace",
	[STEP_RESTORE_POOLS] = "restore-pools",
	[STEP_RELEASE_DEMOTION] = "release-demotion",
	[STEP_RELEASE_NEW_MEMORY] = "release-new-memory",
	[STEP_SET_CONTROL] = "set-control",
	[STEP_CLEAR_STATUS] = "clear-status",
	[STEP_UNBIND_FUNCTION] = "unbind-function",
	[STEP_BIND_FUNCTION] = "bind-function",
	[STEP_ANSWER_BATCH] = "answer-batch",
	[STEP_RELEASE_EXTENTS] = "release-extents",
	[STEP_CLEAR_RECORDS] = "clear-records",
	[STEP_KINDS] = NULL,
};

const char *const users_policy_names[] = {
	[USERS_REFUSE] = "refuse",
	[USERS_WAIT] = "wait",
	[USERS_TERM] = "term",
	[USERS_KILL] = "kill",
	NULL,
};

/* clang-format off */
static const struct record step_record = { sizeof(struct step), (const struct field[]){
	ENUM(struct step, kind, step_names),
	TEXT(struct step, object),
	HEX(struct step, mask),
	HEX(struct step, value),
	TEXT(struct step, text),
	{} } };

static const struct record manner_record = { sizeof(struct manner), (const struct field[]){
	ENUM(struct manner, users, users_policy_names),
	U64(struct manner, grace_ms),
	U64(struct manner, hook_ms),
	U64(struct manner, offline_ms),
	STRING(struct manner, save),
	STRING(struct manner, to),
	BOOL(struct manner, keep_partial),
	{} } };

const struct record plan_record = { sizeof(struct plan), (const struct field[]){
	TEXT(struct plan, operation),
	TEXT(struct plan, object),
	RECORD(struct plan, manner, manner_record),
	RECORDS(struct plan, down, step_record),
	RECORDS(struct plan, up, step_record),
	{} } };
/* clang-format on */

void plan_free(struct plan *plan)
{
	record_free(&plan_record, plan);
}

bool step_holds(enum step_kind kind)
{
	return kind == STEP_HOLD_NEW_MEMORY || kind == STEP_STOP_DEMOTION;
}

bool step_releases(enum step_kind kind)
{
	return kind == STEP_RELEASE_NEW_MEMORY || kind == STEP_RELEASE_DEMOTION;
}

/* What a plan is made of, and for. */
struct planning {
	const struct survey *survey;
	const struct host *host;
	const struct below *what;
	struct plan *plan;
	LIST(const struct dax_view *) dax; /* by address */
};

static uint64_t start_of(const struct dax *dax)
{
	return dax->mappings.count ? dax->mappings.items[0].start : 0;
}

static int compare_dax(const void *a, const void *b)
{
	uint64_t start_a = start_of((*(const struct dax_view *const *)a)->dax);
	uint64_t start_b = start_of((*(const struct dax_view *const *)b)->dax);

	return (start_a > start_b) - (start_a < start_b);
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct planning planning_of(const struct survey *survey, const struct below *what,
				   const struct manner *manner, struct plan *plan)
{
	struct planning p = {survey, survey_host(survey), what, plan, {0}};

	plan->manner = *manner;
	plan->manner.save = copy(manner->save);
	plan->manner.to = copy(manner->to);
	list_each_pointer(view, &what->dax)
		*list_add(&p.dax) = view;
	list_sort(&p.dax, compare_dax);
	return p;
}

/* Those of persistent memory come and go with their namespaces. */
static bool is_persistent(const struct dax_view *view)
{
	return view->region && region_is_pmem(view->region);
}

#define each_volatile(view, p)             \
	list_each_pointer(view, &(p)->dax) \
		if (!is_persistent(view))

/* Memory is taken down from the highest address. */
#define each_volatile_down(view, p)                                                       \
	for (size_t i_ = (p)->dax.count; i_-- > 0;)                                       \
		for (const struct dax_view *view = (p)->dax.items[i_]; view; view = NULL) \
			if (!is_persistent(view))

/* Online memory blocks that lie in its mappings. */
static size_t count_online(const struct planning *p, const struct dax *dax)
{
	size_t online = 0;

	list_each(mapping, &dax->mappings) {
		size_t count;
		const struct block *blocks =
			survey_blocks(p->survey, mapping->start, mapping->size, &count);

		for (size_t i = 0; i < count; i++)
			online +=
				block_online(&blocks[i]) && dax_has_block(p->host, dax, &blocks[i]);
	}
	return online;
}

static size_t count_all_online(const struct planning *p)
{
	size_t online = 0;

	each_volatile(view, p)
		online += count_online(p, view->dax);
	return online;
}

__attribute__((format(printf, 4, 5))) static void
add_step(struct step_list *steps, enum step_kind kind, const char *object, const char *format, ...)
{
	struct step *step = list_add(steps);
	va_list args;

	step->kind = kind;
	copy_text(step->object, sizeof(step->object), object);
	va_start(args, format);
	vsnprintf(step->text, sizeof(step->text), format, args);
	va_end(args);
}

/* "2 memory blocks (256 MiB)" */
static const char *say_blocks(char out[48], const struct host *host, size_t blocks)
{
	char size[16];

	snprintf(out, 48, "%zu memory block%s (%s)", blocks, blocks == 1 ? "" : "s",
		 human_size(size, blocks * host->block_size));
	return out;
}

/* ---- hooks ---- */

static void add_hooks(const struct planning *p, struct step_list *steps, const char *event)
{
	char names[160] = "";
	size_t count = 0;

	list_each(hook, &p->host->hooks) {
		if (hook->skipped || strcmp(hook->event, event) != 0)
			continue;
		append_word(names, sizeof(names), ", ", hook->name);
		count++;
	}
	if (count)
		add_step(steps, STEP_RUN_HOOKS, event, "run the hook%s of %s: %s",
			 count == 1 ? "" : "s", event, names);
}

/* ---- what the whole host shares ---- */

/* Memory blocks may come up: kmem gets its devices back, or it takes a new region, whatever that was
 * used for. */
static bool adds_memory(const struct planning *p)
{
	each_volatile(view, p)
		if (view->dax->mode == DAX_SYSTEM_RAM)
			return true;
	if (!p->what->port)
		return false;
	if (p->dax.count)
		return true;
	list_each_pointer(region, &p->what->regions)
		if (!region_is_pmem(region))
			return true;
	return false;
}

#define HOLD_TEXT    "keep new memory blocks offline meanwhile (auto_online_blocks was %s)"
#define RELEASE_TEXT "set auto_online_blocks to %s again"

void plan_renew_shared(struct plan *plan, const struct host *host)
{
	list_each(step, &plan->up) {
		if (step->kind == STEP_HOLD_NEW_MEMORY)
			snprintf(step->text, sizeof(step->text), HOLD_TEXT, host->auto_online);
		if (step->kind == STEP_RELEASE_NEW_MEMORY)
			snprintf(step->text, sizeof(step->text), RELEASE_TEXT, host->auto_online);
	}
}

/* First thing on both ways: a journal may bring us up again after a reboot. */
static void add_holds(const struct planning *p, struct step_list *steps)
{
	if (!adds_memory(p))
		return;
	add_step(steps, STEP_HOLD_NEW_MEMORY, "", HOLD_TEXT, p->host->auto_online);
	if (count_all_online(p) && p->host->system.demotion == 1)
		add_step(steps, STEP_STOP_DEMOTION, "",
			 "keep the kernel from demoting pages into the memory meanwhile");
}

static void add_releases(const struct planning *p, struct step_list *steps)
{
	if (!adds_memory(p))
		return;
	if (count_all_online(p) && p->host->system.demotion == 1)
		add_step(steps, STEP_RELEASE_DEMOTION, "", "let the kernel demote pages again");
	add_step(steps, STEP_RELEASE_NEW_MEMORY, "", RELEASE_TEXT, p->host->auto_online);
}

/* ---- out of service ---- */

static void add_stop_users(const struct planning *p, const struct dax *dax)
{
	static const char *const ways[] = {
		[USERS_WAIT] = "wait for",
		[USERS_TERM] = "end by SIGTERM",
		[USERS_KILL] = "end by SIGTERM, then by SIGKILL,",
	};
	int users = p->plan->manner.users;

	if (users != USERS_REFUSE && dax->mode != DAX_SYSTEM_RAM && dax->mode != DAX_DISABLED)
		add_step(&p->plan->down, STEP_STOP_USERS, dax->name, "%s the users of %s",
			 ways[users], dax->name);
}

static void add_save(const struct planning *p, const struct dax *dax)
{
	char size[16];

	if (p->plan->manner.save && dax->mode == DAX_DEVDAX)
		add_step(&p->plan->down, STEP_SAVE_CONTENTS, dax->name,
			 "save the contents of %s (at most %s) in %s", dax->name,
			 human_size(size, dax->size), p->plan->manner.save);
}

static void add_disable_namespaces(const struct planning *p)
{
	list_each_pointer(namespace, &p->what->namespaces)
		if (namespace->device[0])
			add_step(&p->plan->down, STEP_DISABLE_NAMESPACE, namespace->name,
				 "flush and disable %s (%s)", namespace->name, namespace->device);
}

static void add_offline(const struct planning *p)
{
	size_t all = count_all_online(p);
	char blocks[48];

	if (all)
		add_step(&p->plan->down, STEP_MOVE_PAGES, "", "move what is in %s %s%s",
			 say_blocks(blocks, p->host, all),
			 p->plan->manner.to ? "to nodes " : "away",
			 p->plan->manner.to ? p->plan->manner.to : "");
	each_volatile_down(view, p) {
		size_t online = count_online(p, view->dax);

		if (online)
			add_step(&p->plan->down, STEP_OFFLINE_MEMORY, view->dax->name,
				 "offline %s of %s, highest first",
				 say_blocks(blocks, p->host, online), view->dax->name);
	}
}

/* "node1: 3 of 2 MiB, node2: 1 of 1 GiB": what the nodes that are emptied have for good. */
static const char *say_pools(char out[160], const struct planning *p)
{
	out[0] = '\0';
	list_each(share, &p->what->nodes)
		list_each(pool, &share->view->node->huge_pools) {
			char one[64], size[16];

			snprintf(one, sizeof(one), "node%d: %" PRIu64 " of %s",
				 share->view->node->number, huge_pool_size(pool),
				 human_size(size, pool->page_size));
			if (huge_pool_size(pool))
				append_word(out, 160, ", ", one);
		}
	return out;
}

static void add_shrink_pools(const struct planning *p)
{
	char pools[160];

	if (say_pools(pools, p)[0])
		add_step(&p->plan->down, STEP_SHRINK_POOLS, "",
			 "let huge pages that moved to other nodes go once they are free");
}

static void add_convert(const struct planning *p, const struct dax *dax)
{
	add_step(&p->plan->down, STEP_LOAD_MODULE, "device_dax",
		 "load module device_dax if needed");
	add_step(&p->plan->down, STEP_CONVERT_DAX, dax->name, "make %s a devdax device", dax->name);
}

static void add_unbind(const struct planning *p, bool to_devdax)
{
	each_volatile_down(view, p) {
		const struct dax *dax = view->dax;

		add_step(&p->plan->down, STEP_UNBIND_DAX, dax->name, "unbind %s from %s", dax->name,
			 dax->mode == DAX_SYSTEM_RAM ? "kmem" : "its driver");
		if (to_devdax && dax->mode == DAX_SYSTEM_RAM)
			add_convert(p, dax);
	}
}

/* What uses the memory goes first, so that nothing is moved in vain. */
static void plan_down(const struct planning *p, bool to_devdax)
{
	add_hooks(p, &p->plan->down, "before-evacuate");
	add_holds(p, &p->plan->down);
	list_each_pointer(view, &p->dax)
		add_stop_users(p, view->dax);
	each_volatile(view, p)
		add_save(p, view->dax);
	add_disable_namespaces(p);
	add_offline(p);
	add_shrink_pools(p);
	add_unbind(p, to_devdax);
}

/* ---- back into service ---- */

static void add_load(const struct planning *p, const char *module)
{
	add_step(&p->plan->up, STEP_LOAD_MODULE, module, "load module %s if needed", module);
}

static void add_module(const struct planning *p, enum dax_mode mode, const char *module)
{
	each_volatile(view, p)
		if (view->dax->mode == (int)mode) {
			add_load(p, module);
			return;
		}
}

static bool is_devdax(const struct namespace *namespace)
{
	return starts_with(namespace->device, "dax");
}

/* The claim of a devdax namespace is found by nd_pmem, too. */
static void add_namespace_modules(const struct planning *p)
{
	bool enabled = false, devdax = false;

	list_each_pointer(namespace, &p->what->namespaces) {
		enabled |= namespace->device[0] != '\0';
		devdax |= is_devdax(namespace);
	}
	if (enabled)
		add_load(p, "nd_pmem");
	if (devdax)
		add_load(p, "dax_pmem");
	if (devdax)
		add_load(p, "device_dax");
}

static void add_modules(const struct planning *p)
{
	add_module(p, DAX_SYSTEM_RAM, "kmem");
	add_module(p, DAX_DEVDAX, "device_dax");
	add_namespace_modules(p);
}

static void add_bind(const struct planning *p)
{
	each_volatile(view, p)
		add_step(&p->plan->up, STEP_BIND_DAX, view->dax->name, "%s %s %s",
			 view->dax->mode == DAX_DISABLED ? "leave" : "make", view->dax->name,
			 dax_mode_names[view->dax->mode]);
	each_volatile(view, p)
		if (p->plan->manner.save && view->dax->mode == DAX_DEVDAX)
			add_step(&p->plan->up, STEP_LOAD_CONTENTS, view->dax->name,
				 "write back the contents of %s", view->dax->name);
}

static void add_online(const struct planning *p)
{
	char blocks[48];

	each_volatile(view, p) {
		size_t online = count_online(p, view->dax);

		if (online)
			add_step(&p->plan->up, STEP_ONLINE_MEMORY, view->dax->name,
				 "online %s of %s in the zone of before",
				 say_blocks(blocks, p->host, online), view->dax->name);
	}
}

/* A region that comes up anew takes all its namespaces into use, those that were not in use, too. */
static void add_enable_namespaces(const struct planning *p)
{
	list_each_pointer(namespace, &p->what->namespaces)
		if (namespace->device[0])
			add_step(&p->plan->up, STEP_ENABLE_NAMESPACE, namespace->name,
				 "enable %s as %s again", namespace->name, namespace->mode);
		else
			add_step(&p->plan->up, STEP_DISABLE_NAMESPACE, namespace->name,
				 "keep %s disabled", namespace->name);
}

static void add_restore_pools(const struct planning *p)
{
	char pools[160];

	if (say_pools(pools, p)[0])
		add_step(&p->plan->up, STEP_RESTORE_POOLS, "",
			 "fill the pools of huge pages as before (%s)", pools);
}

static void plan_up(const struct planning *p)
{
	add_bind(p);
	add_online(p);
	add_enable_namespaces(p);
	add_restore_pools(p);
	add_releases(p, &p->plan->up);
	add_hooks(p, &p->plan->up, "after-restore");
}

/* ---- the reset in between ---- */

static void plan_teardown(const struct planning *p)
{
	for (size_t i = p->what->regions.count; i-- > 0;) {
		const char *name = p->what->regions.items[i]->name;

		add_step(&p->plan->down, STEP_DISABLE_REGION, name, "disable %s", name);
		add_step(&p->plan->down, STEP_DELETE_REGION, name, "decommit and delete %s", name);
	}
}

static void plan_reset(const struct planning *p)
{
	const struct root_port *port = p->what->port;
	struct step_list *down = &p->plan->down;

	add_hooks(p, down, "before-reset");
	list_each_pointer(function, &p->what->functions)
		if (function->kind == FUNCTION_MEMDEV)
			add_step(down, STEP_MARK_DEVICE, function->address,
				 "mark a free decoder of %s, to prove the reset by",
				 function->address);
	list_each_pointer(function, &p->what->functions)
		if (strcmp(function->parent, port->address) == 0)
			add_step(down, STEP_REMOVE_FUNCTION, function->address, "remove %s",
				 function->address);
	add_step(down, STEP_RESET_PORT, port->address, "reset the bus below %s", port->address);
	add_step(down, STEP_RESCAN_PORT, port->address, "enumerate what is below %s",
		 port->address);
	list_each_pointer(function, &p->what->functions)
		if (function->kind == FUNCTION_MEMDEV)
			add_step(down, STEP_CHECK_RESET, function->address,
				 "check in its registers that %s was reset", function->address);
	add_hooks(p, down, "after-reset");
}

static void plan_region(const struct planning *p, const struct region *region)
{
	struct step_list *up = &p->plan->up;
	char size[16];

	add_step(up, STEP_CREATE_REGION, region->name,
		 "create and commit a region of %s at 0x%" PRIx64, human_size(size, region->size),
		 region->start);
	add_step(up, STEP_CHECK_DECODER, region->name,
		 "check in the device's registers that it decodes 0x%" PRIx64, region->start);
	add_load(p, region_is_pmem(region) ? "cxl_pmem" : "dax_cxl");
	add_modules(p);
	add_step(up, STEP_ENABLE_REGION, region->name, "enable the region");
	if (!region_is_pmem(region))
		add_step(up, STEP_ARRANGE_DAX, region->name,
			 "make its dax devices of the ranges of before");
}

static void plan_rebuild(const struct planning *p)
{
	add_step(&p->plan->up, STEP_RESCAN_PORT, p->what->port->address,
		 "find the devices below %s", p->what->port->address);
	list_each_pointer(region, &p->what->regions)
		plan_region(p, region);
}

void plan_recover(const struct survey *survey, const struct root_port *port,
		  const struct manner *manner, struct plan *plan)
{
	struct planning p = planning_of(survey, survey_below(survey, port), manner, plan);

	copy_text(plan->operation, sizeof(plan->operation), "recover");
	copy_text(plan->object, sizeof(plan->object), port->address);
	plan_down(&p, false);
	add_hooks(&p, &plan->down, "after-evacuate");
	plan_teardown(&p);
	plan_reset(&p);
	add_hooks(&p, &plan->up, "before-restore");
	add_holds(&p, &plan->up);
	plan_rebuild(&p);
	plan_up(&p);
	free(p.dax.items);
}

/* ---- evacuate ---- */

/* "dax0.0,dax1.0": journals are named by it. Of many, those that fit, and a "+" for the others. */
static void name_objects(const struct planning *p)
{
	char *object = p->plan->object;
	size_t size = sizeof(p->plan->object) - 1;
	cleanup_free char *all = xcalloc(p->dax.count + p->what->namespaces.count + 1, NAME_SIZE);
	size_t whole = (p->dax.count + p->what->namespaces.count + 1) * NAME_SIZE;
	char *end;

	list_each_pointer(view, &p->dax)
		if (!is_persistent(view))
			append_word(all, whole, ",", view->dax->name);
	list_each_pointer(namespace, &p->what->namespaces)
		append_word(all, whole, ",", namespace->name);
	if (copy_text(object, size, all))
		return;
	end = strrchr(object, ',');
	strcpy(end ? end : object + strlen(object), "+");
}

void plan_evacuate(const struct survey *survey, const struct below *what,
		   const struct manner *manner, bool to_devdax, struct plan *plan)
{
	struct planning p = planning_of(survey, what, manner, plan);

	copy_text(plan->operation, sizeof(plan->operation), "evacuate");
	name_objects(&p);
	plan_down(&p, to_devdax);
	add_releases(&p, &plan->down);
	add_hooks(&p, &plan->down, "after-evacuate");
	add_hooks(&p, &plan->up, "before-restore");
	add_holds(&p, &plan->up);
	add_modules(&p);
	plan_up(&p);
	free(p.dax.items);
}
