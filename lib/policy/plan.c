/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sys/util.h"

const char *const step_names[] = {
	[STEP_HOLD_NEW_MEMORY] = "hold-new-memory",
	[STEP_OFFLINE_MEMORY] = "offline-memory",
	[STEP_UNBIND_DAX] = "unbind-dax",
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
	[STEP_BIND_DAX] = "bind-dax",
	[STEP_ONLINE_MEMORY] = "online-memory",
	[STEP_RELEASE_NEW_MEMORY] = "release-new-memory",
	[STEP_SET_CONTROL] = "set-control",
	[STEP_CLEAR_STATUS] = "clear-status",
	[STEP_KINDS] = NULL,
};

/* clang-format off */
static const struct record step_record = { sizeof(struct step), (const struct field[]){
	ENUM(struct step, kind, step_names),
	TEXT(struct step, object),
	HEX(struct step, mask),
	HEX(struct step, value),
	TEXT(struct step, text),
	{} } };

const struct record plan_record = { sizeof(struct plan), (const struct field[]){
	TEXT(struct plan, operation),
	TEXT(struct plan, object),
	RECORDS(struct plan, down, step_record),
	RECORDS(struct plan, up, step_record),
	{} } };
/* clang-format on */

void plan_free(struct plan *plan)
{
	record_free(&plan_record, plan);
}

/* What is to be taken down: assess saw to it that there is at most one of each. */
struct memory {
	const struct region *region;
	const struct dax *dax;
	size_t online; /* memory blocks */
};

static struct memory memory_below(const struct survey *survey, const struct below *below)
{
	struct memory memory = {0};

	list_each_pointer(region, &below->regions)
		memory.region = region;
	list_each_pointer(view, &below->dax)
		memory.dax = view->dax;
	if (!memory.dax)
		return memory;
	list_each(mapping, &memory.dax->mappings) {
		size_t count;
		const struct block *blocks =
			survey_blocks(survey, mapping->start, mapping->size, &count);

		for (size_t i = 0; i < count; i++)
			memory.online += block_online(&blocks[i]) &&
					 dax_has_block(survey_host(survey), memory.dax, &blocks[i]);
	}
	return memory;
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

/* First thing on both ways: a journal may bring us up again after a reboot. */
static void add_hold(const struct host *host, struct step_list *steps)
{
	add_step(steps, STEP_HOLD_NEW_MEMORY, "",
		 "keep new memory blocks offline meanwhile (auto_online_blocks was %s)",
		 host->auto_online);
}

static void plan_teardown(const struct host *host, const struct memory *memory, struct plan *plan)
{
	char blocks[48];

	if (memory->dax) {
		add_hold(host, &plan->down);
		if (memory->online)
			add_step(&plan->down, STEP_OFFLINE_MEMORY, memory->dax->name,
				 "offline %s of %s, highest first",
				 say_blocks(blocks, host, memory->online), memory->dax->name);
		add_step(&plan->down, STEP_UNBIND_DAX, memory->dax->name, "unbind %s from %s",
			 memory->dax->name,
			 memory->dax->mode == DAX_SYSTEM_RAM ? "kmem" : "its driver");
	}
	if (memory->region) {
		add_step(&plan->down, STEP_DISABLE_REGION, memory->region->name, "disable %s",
			 memory->region->name);
		add_step(&plan->down, STEP_DELETE_REGION, memory->region->name,
			 "decommit and delete %s", memory->region->name);
	}
}

static void plan_reset(const struct below *below, struct plan *plan)
{
	const struct root_port *port = below->port;

	list_each_pointer(function, &below->functions)
		if (function->kind == FUNCTION_MEMDEV)
			add_step(&plan->down, STEP_MARK_DEVICE, function->address,
				 "mark a free decoder of %s, to prove the reset by",
				 function->address);
	list_each_pointer(function, &below->functions)
		if (strcmp(function->parent, port->address) == 0)
			add_step(&plan->down, STEP_REMOVE_FUNCTION, function->address, "remove %s",
				 function->address);
	add_step(&plan->down, STEP_RESET_PORT, port->address, "reset the bus below %s",
		 port->address);
	add_step(&plan->down, STEP_RESCAN_PORT, port->address, "enumerate what is below %s",
		 port->address);
	list_each_pointer(function, &below->functions)
		if (function->kind == FUNCTION_MEMDEV)
			add_step(&plan->down, STEP_CHECK_RESET, function->address,
				 "check in its registers that %s was reset", function->address);
}

static const char *module_of(const struct dax *dax)
{
	return dax->mode == DAX_SYSTEM_RAM ? "kmem" : "device_dax";
}

static void plan_rebuild(const struct host *host, const struct root_port *port,
			 const struct memory *memory, struct plan *plan)
{
	char blocks[48], size[16];

	if (memory->dax)
		add_hold(host, &plan->up);
	add_step(&plan->up, STEP_RESCAN_PORT, port->address, "find the devices below %s",
		 port->address);
	if (memory->region) {
		const struct region *region = memory->region;

		add_step(&plan->up, STEP_CREATE_REGION, region->name,
			 "create and commit a region of %s at 0x%" PRIx64,
			 human_size(size, region->size), region->start);
		add_step(&plan->up, STEP_CHECK_DECODER, region->name,
			 "check in the device's registers that it decodes 0x%" PRIx64,
			 region->start);
		add_step(&plan->up, STEP_LOAD_MODULE, "dax_cxl", "load module dax_cxl if needed");
		if (memory->dax && memory->dax->mode != DAX_DISABLED)
			add_step(&plan->up, STEP_LOAD_MODULE, module_of(memory->dax),
				 "load module %s if needed", module_of(memory->dax));
		add_step(&plan->up, STEP_ENABLE_REGION, region->name, "enable the region");
	}
	if (memory->dax) {
		add_step(&plan->up, STEP_BIND_DAX, memory->dax->name, "make its dax device %s",
			 dax_mode_names[memory->dax->mode]);
		if (memory->online)
			add_step(&plan->up, STEP_ONLINE_MEMORY, memory->dax->name,
				 "online %s in the zone of before",
				 say_blocks(blocks, host, memory->online));
		add_step(&plan->up, STEP_RELEASE_NEW_MEMORY, "",
			 "set auto_online_blocks to %s again", host->auto_online);
	}
}

void plan_recover(const struct survey *survey, const struct root_port *port, struct plan *plan)
{
	const struct below *below = survey_below(survey, port);
	struct memory memory = memory_below(survey, below);

	copy_text(plan->operation, sizeof(plan->operation), "recover");
	copy_text(plan->object, sizeof(plan->object), port->address);
	plan_teardown(survey_host(survey), &memory, plan);
	plan_reset(below, plan);
	plan_rebuild(survey_host(survey), port, &memory, plan);
}
