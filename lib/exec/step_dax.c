/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bind a dax device to the driver it had, or unbind it from any. */
#include "exec/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collect/collect.h"
#include "exec/blocks.h"
#include "exec/dax.h"
#include "exec/find.h"
#include "exec/guard.h"
#include "exec/layout.h"
#include "exec/saved.h"
#include "sys/util.h"

#define DAX "/sys/bus/dax"

void dax_driver(struct engine *engine, const char *name, char driver[NAME_SIZE])
{
	driver[0] = '\0';
	sys_link_name(engine->sys, driver, NAME_SIZE, DAX "/devices/%s/driver", name);
}

bool dax_is_added(struct engine *engine, const struct dax *dax)
{
	return count_blocks(engine, dax).present == dax_whole_blocks(engine->before, dax);
}

int refuse_users(struct engine *engine, const char *dax, struct error *err)
{
	cleanup_host struct host now = {0};
	bool complete = true;
	int rc = collect_users_of(engine->sys, dax, &now, &complete);

	if (rc)
		return fail_errno(err, rc, "cannot look for users of %s", dax);
	if (!complete)
		return fail(err, -EPERM, "some processes hide whether they use %s", dax);
	list_each(user, &now.users) {
		const struct process *process = host_process(&now, user->pid);

		if (user->pid == getpid())
			continue;
		fail(err, -EBUSY, "%s[%d] uses /dev/%s now", process ? process->command : "",
		     user->pid, dax);
		hint(err, "stop it and try again; daxctl-ext list-users %s shows all users", dax);
		return -EBUSY;
	}
	return 0;
}

/* Nobody can use them, nor the addresses that they have. */
static int refuse_left(struct engine *engine, const struct dax *dax, const char *name,
		       struct error *err)
{
	uint64_t left = count_blocks(engine, dax).present;

	if (!left)
		return 0;
	engine->reboot_needed = true;
	fail(err, -EBUSY, "the kernel did not remove %" PRIu64 " memory blocks of %s", left, name);
	hint(err, "their addresses can not be used again until the host is rebooted");
	return -EBUSY;
}

/*
 * kmem takes its memory away only if every block is offline; should it fail, the range is lost
 * until a reboot (Linux, dev_dax_kmem_remove()). So look right before, and look at the result.
 */
static int unbind_kmem(struct engine *engine, const struct dax *dax, const char *name,
		       struct error *err)
{
	struct block_count blocks = count_blocks(engine, dax);
	int rc;

	if (blocks.online)
		return fail(err, -EBUSY, "%" PRIu64 " memory blocks of %s went online again",
			    blocks.online, name);
	if (blocks.present != dax_whole_blocks(engine->before, dax))
		return fail(err, -EBUSY, "kmem is still adding the memory of %s", name);
	rc = sys_write(engine->sys, err, name, DAX "/drivers/kmem/unbind");
	return rc ? rc : refuse_left(engine, dax, name, err);
}

/* A driver lets go of all that the device has now: somebody may have resized it since. */
static int refuse_other_layout(struct engine *engine, const struct dax *dax, const char *name,
			       struct error *err)
{
	cleanup_layout struct dax now = {0};
	int rc = layout_read(engine->sys, name, &now);

	if (rc)
		return fail_errno(err, rc, "cannot read the ranges of %s", name);
	if (layout_is_same(&now, dax))
		return 0;
	fail(err, -EBUSY, "%s has other ranges than it had before", name);
	hint(err, "somebody divided its region anew: see daxctl list -D");
	return -EBUSY;
}

int dax_unbind(struct engine *engine, const struct dax *dax, const char *name, struct error *err)
{
	char driver[NAME_SIZE];
	int rc;

	dax_driver(engine, name, driver);
	if (!driver[0])
		return 0;
	rc = refuse_other_layout(engine, dax, name, err);
	if (rc)
		return rc;
	if (strcmp(driver, "kmem") == 0)
		return unbind_kmem(engine, dax, name, err);
	rc = refuse_users(engine, name, err);
	if (!rc)
		rc = saved_stayed(engine, name, err);
	return rc ? rc : sys_write(engine->sys, err, name, DAX "/drivers/%s/unbind", driver);
}

static int observe_unbind(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	const struct dax *dax = host_dax(engine->before, step->object);
	char driver[NAME_SIZE];
	int rc = 0;

	dax_driver(engine, step->object, driver);
	*done = !driver[0];
	if (*done && dax && dax->mode == DAX_SYSTEM_RAM)
		rc = refuse_left(engine, dax, step->object, err);
	return rc || !*done ? rc : saved_leave(engine, step, err);
}

static int act_unbind(struct engine *engine, const struct step *step, struct error *err)
{
	const struct dax *dax = host_dax(engine->before, step->object);
	int rc;

	if (!dax)
		return fail(err, -EINVAL, "the plan names %s, which was not there before",
			    step->object);
	rc = saved_leave(engine, step, err);
	if (rc)
		return rc;
	rc = dax_unbind(engine, dax, step->object, err);
	if (rc)
		saved_return(engine, step->object, NULL);
	return rc;
}

const struct step_ops step_unbind_dax = {observe_unbind, act_unbind};

static const char *driver_for(const struct dax *dax)
{
	switch (dax->mode) {
	case DAX_SYSTEM_RAM:
		return "kmem";
	case DAX_DEVDAX:
		return "device_dax";
	default:
		return "";
	}
}

struct wanted {
	struct engine *engine;
	uint64_t start;
	char name[NAME_SIZE]; /* of the dax device now */
};

static int dax_there(void *context)
{
	struct wanted *wanted = context;

	return find_dax_at(wanted->engine->sys, wanted->start, wanted->name);
}

/* The dax device at the address of the step's, whatever it is called now; "" if there is none. */
static int find_now(struct engine *engine, const struct step *step, unsigned int patience_ms,
		    const struct dax **before, char name[NAME_SIZE], struct error *err)
{
	struct wanted wanted = {.engine = engine};
	int rc;

	*before = host_dax(engine->before, step->object);
	if (!*before || !(*before)->mappings.count)
		return fail(err, -EINVAL, "the plan names %s, which was not there before",
			    step->object);
	wanted.start = (*before)->mappings.items[0].start;
	rc = wait_for(dax_there, &wanted, patience_ms);
	if (rc && rc != -ETIMEDOUT)
		return fail_errno(err, rc, "cannot look for dax devices");
	copy_text(name, NAME_SIZE, rc ? "" : wanted.name);
	return 0;
}

static bool is_aligned_as(struct engine *engine, const char *name, const struct dax *before)
{
	uint64_t align;

	return sys_read_u64(engine->sys, &align, DAX "/devices/%s/align", name) == 0 &&
	       align == before->align;
}

/* Whether its page structs go where they were before; a kernel that does not say leaves no choice. */
static bool has_memmap_as(struct engine *engine, const char *name, const struct dax *before)
{
	int now = collect_memmap_on_memory(engine->sys, name);

	return now < 0 || before->memmap_on_memory < 0 || now == before->memmap_on_memory;
}

/* What can only be set while no driver is bound. */
static bool is_set_as(struct engine *engine, const char *name, const struct dax *before)
{
	return is_aligned_as(engine, name, before) && has_memmap_as(engine, name, before);
}

/* Bound, and done with it. */
static bool is_as_before(struct engine *engine, const char *name, const struct dax *before)
{
	char driver[NAME_SIZE];

	dax_driver(engine, name, driver);
	if (!name[0] || strcmp(driver, driver_for(before)) != 0 || !is_set_as(engine, name, before))
		return false;
	return before->mode != DAX_SYSTEM_RAM || dax_is_added(engine, before);
}

/* An address tells where memory is, not whose. What can not be seen is not held against it. */
static int refuse_other_device(struct engine *engine, const struct dax *before, const char *name,
			       struct error *err)
{
	const struct region *region = host_region(engine->before, before->region);
	char path[PATH_MAX];

	if (!region || sys_real_path(engine->sys, path, DAX "/devices/%s/../..", name))
		return 0;
	list_each(target, &region->targets) {
		const struct memdev *device = host_memdev(engine->before, target->memdev);
		uint64_t serial;

		if (!device ||
		    !find_target_serial(engine->sys, base_name(path), target->position, &serial) ||
		    serial == device->serial)
			continue;
		fail(err, -ENODEV,
		     "%s is on the device with serial 0x%" PRIx64 ", %s was on 0x%" PRIx64, name,
		     serial, before->name, device->serial);
		hint(err, "make its region again on the device of before");
		return -ENODEV;
	}
	return 0;
}

static int observe_bind(struct engine *engine, const struct step *step, bool *done,
			struct error *err)
{
	char name[NAME_SIZE];
	const struct dax *before;
	int rc = find_now(engine, step, 0, &before, name, err);

	if (!rc && name[0])
		rc = refuse_other_device(engine, before, name, err);
	*done = !rc && is_as_before(engine, name, before) &&
		(before->mode != DAX_DISABLED || engine->dax_awaited);
	return rc;
}

/*
 * kmem takes what CXL offers by itself. device_dax does only after the device's name was written to
 * new_id, which binds it at once (Linux, dax_match_id()) and everything else of that name later:
 * so the name is taken back right after.
 */
static int bind(struct engine *engine, const char *name, const char *driver, struct error *err)
{
	bool by_id = strcmp(driver, "kmem") != 0;
	char now[NAME_SIZE];
	int rc = 0;

	if (by_id)
		rc = sys_write(engine->sys, err, name, DAX "/drivers/%s/new_id", driver);
	else
		sys_write(engine->sys, NULL, name, DAX "/drivers/device_dax/remove_id");
	dax_driver(engine, name, now);
	if (!rc && !now[0])
		rc = sys_write(engine->sys, NULL, name, DAX "/drivers/%s/bind", driver);
	if (rc == -EBUSY) /* something else bound it just now: observed after us */
		rc = 0;
	if (by_id)
		sys_write(engine->sys, NULL, name, DAX "/drivers/%s/remove_id", driver);
	return rc ? fail_errno(err, rc, "cannot bind %s to %s", name, driver) : 0;
}

static int set_unbound(struct engine *engine, const char *name, const struct dax *before,
		       struct error *err)
{
	char text[32];
	int rc = 0;

	snprintf(text, sizeof(text), "%" PRIu64, before->align);
	if (!is_aligned_as(engine, name, before))
		rc = sys_write(engine->sys, err, text, DAX "/devices/%s/align", name);
	if (!rc && !has_memmap_as(engine, name, before))
		rc = sys_write(engine->sys, err, before->memmap_on_memory ? "1" : "0",
			       DAX "/devices/%s/memmap_on_memory", name);
	return rc;
}

struct settling {
	struct engine *engine;
	const struct dax *before;
	const char *name;
};

static int has_settled(void *context)
{
	struct settling *settling = context;

	return is_as_before(settling->engine, settling->name, settling->before) ? 0 : -ENOENT;
}

static int rebind(struct engine *engine, const char *name, const struct dax *before,
		  struct error *err)
{
	int rc = dax_unbind(engine, before, name, err);

	if (!rc)
		rc = set_unbound(engine, name, before, err);
	if (rc || before->mode == DAX_DISABLED)
		return rc;
	return bind(engine, name, driver_for(before), err);
}

/* Whatever took the device by itself is done with it: from Linux 7.0 on that happens later. */
static int is_taken(void *context)
{
	struct settling *settling = context;
	char driver[NAME_SIZE];

	dax_driver(settling->engine, settling->name, driver);
	if (!driver[0])
		return -ENOENT;
	if (strcmp(driver, "kmem") == 0 && !dax_is_added(settling->engine, settling->before))
		return -ENOENT;
	return 0;
}

static int act_bind(struct engine *engine, const struct step *step, struct error *err)
{
	char name[NAME_SIZE], driver[NAME_SIZE];
	const struct dax *before;
	struct settling settling;
	int rc = find_now(engine, step, engine->dax_awaited ? 0 : 10000, &before, name, err);

	if (rc)
		return rc;
	if (!name[0]) {
		fail(err, -ENODEV, "no dax device came up at 0x%" PRIx64,
		     before->mappings.items[0].start);
		hint(err, "build it again as it was, and go on; or leave all as it is: --forget");
		return -ENODEV;
	}
	rc = refuse_other_layout(engine, before, name, err);
	if (rc)
		return rc;
	settling = (struct settling){engine, before, name};
	if (!engine->dax_awaited)
		wait_for(is_taken, &settling, 3000);
	engine->dax_awaited = true;
	dax_driver(engine, name, driver);
	if (strcmp(driver, driver_for(before)) != 0)
		rc = saved_bring(engine, step->object, err);
	if (rc)
		return rc;
	if (strcmp(driver, driver_for(before)) != 0 || !is_set_as(engine, name, before))
		rc = rebind(engine, name, before, err);
	if (!rc)
		wait_for(has_settled, &settling, 10000); /* observed after us */
	return rc;
}

const struct step_ops step_bind_dax = {observe_bind, act_bind};

/* What evacuate leaves behind with --to-devdax. */
static int observe_convert(struct engine *engine, const struct step *step, bool *done,
			   struct error *err)
{
	char name[NAME_SIZE], driver[NAME_SIZE];
	const struct dax *before;
	int rc = find_now(engine, step, 0, &before, name, err);

	dax_driver(engine, name, driver);
	*done = !rc && name[0] && strcmp(driver, "device_dax") == 0;
	return rc;
}

static int act_convert(struct engine *engine, const struct step *step, struct error *err)
{
	char name[NAME_SIZE];
	const struct dax *before;
	int rc = find_now(engine, step, 0, &before, name, err);

	if (!rc && !name[0])
		rc = fail(err, -ENODEV, "%s is gone", step->object);
	return rc ? rc : bind(engine, name, "device_dax", err);
}

const struct step_ops step_convert_dax = {observe_convert, act_convert};
