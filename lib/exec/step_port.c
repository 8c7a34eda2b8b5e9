/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remove what is below a root port, reset its bus, and find the devices again. */
#include "exec/engine.h"

#include <errno.h>
#include <string.h>

#include "exec/blocks.h"
#include "exec/find.h"
#include "exec/guard.h"
#include "policy/assess.h"
#include "regs/config.h"
#include "regs/device.h"
#include "sys/util.h"

#define PCI "/sys/bus/pci/devices"

/* Blocks that kmem left behind are in no region any more: the picture of before knows of them. */
static int refuse_blocks_below(struct engine *engine, struct error *err)
{
	const struct root_port *port = host_root_port(engine->before, engine->plan->object);
	int rc = 0;

	list_each(region, &engine->before->regions)
		if (!rc && port && region_below(region, port))
			rc = refuse_blocks(engine, region->start, region->size, err);
	return rc;
}

/* The rules without override, asked of the machine as it is at this moment. */
static int guard(struct engine *engine, struct error *err)
{
	int rc = refuse_blocks_below(engine, err);

	return rc ? rc : refuse_now(engine, engine->plan->object, assess_reset, err);
}

static int observe_remove(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	(void)err;
	*done = !sys_exists(engine->sys, PCI "/%s", step->object);
	return 0;
}

/* Taking a memory device away while it decodes destroys what is in use: hence the guard. */
static int act_remove(struct engine *engine, const struct step *step, struct error *err)
{
	int rc = guard(engine, err);

	return rc ? rc : sys_write(engine->sys, err, "1", PCI "/%s/remove", step->object);
}

const struct step_ops step_remove_function = {observe_remove, act_remove};

/*
 * The kernel's bus reset leaves "Unmask SBR" alone (Linux 6.12; the reset of an endpoint by
 * cxl_bus sets it): with it clear the reset would do nothing and report success.
 */
static int reset_unmasked(struct engine *engine, const char *address, struct error *err)
{
	cleanup_config struct config *config = NULL;
	bool before = true;
	struct error unheard = {0};
	int masking, rc = config_open(engine->sys, &config, address, err);

	if (rc)
		return rc;
	/* A port that can not unmask (it reads back 0) may reset all the same: it is proven later. */
	masking = port_sbr_unmask(config, true, &before, &unheard);
	rc = sys_write(engine->sys, err, "1", PCI "/%s/reset_subordinate", address);
	if (!masking && !before)
		port_sbr_unmask(config, false, NULL, &unheard);
	return rc;
}

static int act_reset(struct engine *engine, const struct step *step, struct error *err)
{
	int rc = guard(engine, err);

	if (!rc)
		rc = reset_unmasked(engine, step->object, err);
	/*
	 * With nothing below, Linux waits for nobody. PCIe 6.0 6.6.1: no configuration request
	 * before 100 ms after the link is up; training may take as long again.
	 */
	if (!rc)
		sleep_ms(250);
	return rc;
}

const struct step_ops step_reset_port = {NULL, act_reset};

struct search {
	struct engine *engine;
	const char *port;
	bool act; /* ask buses to look for devices, and drivers to take them */
	struct error *err;
};

static bool is_below(const struct search *search, const char *root_port)
{
	return strcmp(root_port, search->port) == 0;
}

/* A probe that was cut short leaves its device without a driver, and a rescan tries no device
 * twice: so ask for it. What comes of it is looked at afterwards. */
static void probe(struct search *search, const char *bus, const char *device)
{
	if (search->act &&
	    !sys_exists(search->engine->sys, "/sys/bus/%s/devices/%s/driver", bus, device))
		sys_write(search->engine->sys, NULL, device, "/sys/bus/%s/drivers_probe", bus);
}

/* Driven, with an endpoint of its own: only then its decoders can be used. */
static int memdev_ready(struct search *search, const struct memdev *before)
{
	char memdev[NAME_SIZE], endpoint[NAME_SIZE];
	int rc;

	probe(search, "pci", before->address);
	rc = find_memdev(search->engine->sys, before, memdev, search->err);
	if (rc)
		return rc;
	probe(search, "cxl", memdev);
	return find_endpoint(search->engine->sys, memdev, endpoint);
}

static int functions_there(struct search *search)
{
	const struct host *before = search->engine->before;

	list_each(function, &before->functions)
		if (is_below(search, function->root_port) &&
		    !sys_exists(search->engine->sys, PCI "/%s", function->address))
			return -ENOENT;
	return 0;
}

/* -ENOENT while something that was below the port is not there yet. */
static int all_there(void *context)
{
	struct search *search = context;
	const struct host *before = search->engine->before;
	int rc = functions_there(search);

	if (rc && search->act) {
		rc = sys_write(search->engine->sys, search->err, "1", PCI "/%s/rescan",
			       search->port);
		rc = rc ? rc : functions_there(search);
	}
	list_each(memdev, &before->memdevs)
		if (!rc && is_below(search, memdev->root_port) && memdev->endpoint[0])
			rc = memdev_ready(search, memdev);
	return rc;
}

static int observe_rescan(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	struct search search = {engine, step->object, false, err};
	int rc = all_there(&search);

	*done = rc == 0;
	return rc == -ENOENT ? 0 : rc;
}

static int all_functions(void *context)
{
	struct search *search = context;
	int rc = functions_there(search);

	if (!rc)
		return 0;
	rc = sys_write(search->engine->sys, search->err, "1", PCI "/%s/rescan", search->port);
	return rc ? rc : functions_there(search);
}

/*
 * A device may take a second after a reset before it answers (PCIe 6.0 6.6.1). Once it does, cxl_pci
 * waits up to 60 s for each of its memory ranges (Linux, cxl_await_media_ready()).
 */
static int act_rescan(struct engine *engine, const struct step *step, struct error *err)
{
	struct search search = {engine, step->object, true, err};
	int rc = wait_for(all_functions, &search, 15000);

	if (!rc)
		rc = wait_for(all_there, &search, 150000);
	if (!rc)
		return 0;
	fail_errno(err, rc, "not everything that was below %s came back", step->object);
	hint(err,
	     "see the kernel log: the link may be down, or cxl_pci or cxl_mem refused the device");
	return rc;
}

const struct step_ops step_rescan_port = {observe_rescan, act_rescan};
