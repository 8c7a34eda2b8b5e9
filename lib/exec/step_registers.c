/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only the device's own registers can prove; sysfs tells what the kernel believes. */
#include "exec/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "collect/collect.h"
#include "regs/component.h"
#include "regs/hdm.h"

static int observe_mark(struct engine *engine, const struct step *step, bool *marked,
			struct error *err)
{
	cleanup_component struct component *component = NULL;
	int rc = component_open(engine->sys, &component, step->object, false, err);

	return rc ? rc : hdm_marked(component, marked, err);
}

static int act_mark(struct engine *engine, const struct step *step, struct error *err)
{
	cleanup_component struct component *component = NULL;
	unsigned int decoder;
	int rc = component_open(engine->sys, &component, step->object, true, err);

	return rc ? rc : hdm_mark(component, &decoder, err);
}

const struct step_ops step_mark_device = {observe_mark, act_mark};

/* The reset was reported; whether it happened, the mark tells. */
static int act_check_reset(struct engine *engine, const struct step *step, struct error *err)
{
	cleanup_component struct component *component = NULL;
	bool marked;
	int rc = component_open(engine->sys, &component, step->object, true, err);

	if (!rc)
		rc = hdm_marked(component, &marked, err);
	if (rc || !marked)
		return rc;
	hdm_unmark(component, NULL);
	fail(err, -EIO, "%s was not reset, although the kernel reported success", step->object);
	hint(err, "the port may mask bus resets for CXL (DVSEC 3, Unmask SBR)");
	return -EIO;
}

const struct step_ops step_check_reset = {NULL, act_check_reset};

/*
 * Linux sets the global enable only when an endpoint probes, so a device may well be listed as
 * committed and decode nothing.
 */
static int check(const struct function *function, const struct region *region, struct error *err)
{
	if (!function->mem_enabled)
		return fail(err, -EIO, "%s: CXL.mem is not enabled", function->address);
	if (!function->hdm_enabled)
		return fail(err, -EIO, "%s: HDM decoders are not enabled", function->address);
	list_each(range, &function->hdm)
		if (range->committed && range->start == region->start &&
		    range->size == region->size)
			return 0;
	return fail(err, -EIO,
		    "%s: no committed decoder with base 0x%" PRIx64 " and size 0x%" PRIx64,
		    function->address, region->start, region->size);
}

static const struct memdev *memdev_of(struct engine *engine, const struct region *region)
{
	return region && region->targets.count
		       ? host_memdev(engine->before, region->targets.items[0].memdev)
		       : NULL;
}

static int act_check_decoder(struct engine *engine, const struct step *step, struct error *err)
{
	const struct region *region = host_region(engine->before, step->object);
	const struct memdev *memdev = memdev_of(engine, region);
	cleanup_host struct host now = {0};
	struct function *function;
	int rc;

	if (!memdev)
		return fail(err, -EINVAL, "the plan names %s, which was not there before",
			    step->object);
	function = list_add(&now.functions);
	memcpy(function->address, memdev->address, sizeof(function->address));
	rc = collect_device_registers(engine->sys, function, err);
	return rc ? rc : check(function, region, err);
}

const struct step_ops step_check_decoder = {NULL, act_check_decoder};
