/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Divide the memory of a region among dax devices as it was. Enabling a region makes one device over
 * all of it, which is what most have; others are cut to size here, and more are made.
 */
#include "exec/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/dax.h"
#include "exec/find.h"
#include "exec/layout.h"
#include "sys/util.h"

#define CXL "/sys/bus/cxl/devices"
#define DAX "/sys/bus/dax/devices"

/* Devices made for the sake of a number. */
#define NUMBERS_MAX 64

struct arrangement {
	struct engine *engine;
	const struct region *before;
	char region[NAME_SIZE]; /* its name now */
	LIST(struct dax) now;	/* on it; those of size 0 as well */
};

static void forget(struct arrangement *arrangement)
{
	list_each(dax, &arrangement->now)
		layout_free(dax);
	free(arrangement->now.items);
	arrangement->now.items = NULL;
	arrangement->now.count = 0;
}

#define cleanup_arrangement __attribute__((cleanup(forget)))

/* Devices of before on the region that are to be there again. */
#define each_wanted(dax, arrangement)                               \
	list_each(dax, &(arrangement)->engine->before->dax_devices) \
		if (strcmp(dax->region, (arrangement)->before->name) == 0)

/* Look at the machine again. -ENOENT while the dax devices are not there yet. */
static int look(void *context)
{
	struct arrangement *arrangement = context;
	const struct sys *sys = arrangement->engine->sys;
	cleanup_names struct names devices = {0};
	int rc = find_region_at(sys, arrangement->before->start, arrangement->region);

	forget(arrangement);
	if (!rc)
		rc = find_dax_devices(sys, arrangement->region, &devices);
	for (size_t i = 0; !rc && i < devices.count; i++)
		rc = layout_read(sys, devices.items[i], list_add(&arrangement->now));
	if (!rc && !devices.count)
		rc = -ENOENT;
	return rc;
}

static const struct dax *find_same(const struct arrangement *arrangement, const struct dax *dax)
{
	list_each(now, &arrangement->now)
		if (layout_is_same(now, dax))
			return now;
	return NULL;
}

static bool is_wanted(const struct arrangement *arrangement, const struct dax *now)
{
	each_wanted(dax, arrangement) if (layout_is_same(now, dax)) return true;
	return false;
}

/* The device of number 0 stays for ever (Linux, delete_store()). */
static bool is_spare(const struct dax *now)
{
	const char *number = strchr(now->name, '.');

	return !now->size && number && strcmp(number, ".0") != 0;
}

/* Empty devices are not in the picture. Once we may have made some, there shall be none. */
static bool may_stay(const struct arrangement *arrangement, const struct dax *now)
{
	if (now->size)
		return is_wanted(arrangement, now);
	return !is_spare(now) ||
	       !(arrangement->engine->resumed || arrangement->engine->dax_awaited);
}

static bool is_as_before(const struct arrangement *arrangement)
{
	each_wanted(dax, arrangement) if (!find_same(arrangement, dax)) return false;
	list_each(now, &arrangement->now)
		if (!may_stay(arrangement, now))
			return false;
	return true;
}

/* Only a device over the whole region is made by itself, and so taken by itself. */
static const struct dax *find_default(const struct arrangement *arrangement)
{
	list_each(now, &arrangement->now)
		if (now->size == arrangement->before->size)
			return now;
	return NULL;
}

/* A driver has the default device, if there is one: from Linux 7.0 on that happens later. */
static int is_taken(void *context)
{
	struct arrangement *arrangement = context;
	int rc = look(arrangement);
	const struct dax *dax = rc ? NULL : find_default(arrangement);
	char driver[NAME_SIZE] = "none is needed";

	if (dax)
		dax_driver(arrangement->engine, dax->name, driver);
	return !rc && !driver[0] ? -ENOENT : rc;
}

/* And it is done with it. */
static int is_settled(void *context)
{
	struct arrangement *arrangement = context;
	int rc = look(arrangement);

	list_each(now, &arrangement->now) {
		char driver[NAME_SIZE];

		dax_driver(arrangement->engine, now->name, driver);
		if (!rc && strcmp(driver, "kmem") == 0 && !dax_is_added(arrangement->engine, now))
			rc = -ENOENT;
	}
	return rc;
}

static int begin(struct engine *engine, const struct step *step, struct arrangement *arrangement,
		 struct error *err)
{
	arrangement->engine = engine;
	arrangement->before = host_region(engine->before, step->object);
	if (arrangement->before)
		return 0;
	return fail(err, -EINVAL, "the plan names %s, which was not there before", step->object);
}

static int observe(struct engine *engine, const struct step *step, bool *done, struct error *err)
{
	cleanup_arrangement struct arrangement arrangement = {0};
	int rc = begin(engine, step, &arrangement, err);

	if (rc)
		return rc;
	rc = engine->dax_awaited ? look(&arrangement) : is_taken(&arrangement);
	if (rc && rc != -ENOENT)
		return fail_errno(err, rc, "cannot look for dax devices of %s", step->object);
	*done = !rc && is_as_before(&arrangement);
	return 0;
}

static int await(struct arrangement *arrangement, struct error *err)
{
	int rc = wait_for(look, arrangement, 10000);

	if (rc == -ETIMEDOUT)
		return fail(err, -ENODEV, "no dax device came up for the region at 0x%" PRIx64,
			    arrangement->before->start);
	if (rc)
		return fail_errno(err, rc, "cannot look for dax devices");
	wait_for(is_taken, arrangement, 3000);
	wait_for(is_settled, arrangement, 60000); /* to unbind it sooner is refused */
	arrangement->engine->dax_awaited = true;
	return look(arrangement);
}

/* Give back all of its memory, which is at once free for others. */
static int empty(struct arrangement *arrangement, const struct dax *now, struct error *err)
{
	int rc = dax_unbind(arrangement->engine, now, now->name, err);

	return rc ? rc : sys_write(arrangement->engine->sys, err, "0", DAX "/%s/size", now->name);
}

static int empty_others(struct arrangement *arrangement, struct error *err)
{
	int rc = 0;

	list_each(now, &arrangement->now)
		if (!rc && now->size && !is_wanted(arrangement, now))
			rc = empty(arrangement, now, err);
	return rc;
}

/* The directory in which the kernel takes orders for dax devices of the region. */
static int find_desk(struct arrangement *arrangement, char path[PATH_MAX], struct error *err)
{
	cleanup_names struct names names = {0};
	int rc = sys_list(arrangement->engine->sys, &names, "dax_region", CXL "/%s",
			  arrangement->region);

	if (rc || !names.count)
		return fail_errno(err, rc ? rc : -ENOENT, "cannot divide the memory of %s",
				  arrangement->region);
	snprintf(path, PATH_MAX, CXL "/%s/%s/dax_region", arrangement->region, names.items[0]);
	return 0;
}

/* An empty device, of the lowest number that is free. */
static int create(struct arrangement *arrangement, const char *desk, char name[NAME_SIZE],
		  struct error *err)
{
	const struct sys *sys = arrangement->engine->sys;
	int rc = sys_write(sys, err, "1", "%s/create", desk);

	if (!rc)
		rc = sys_read(sys, name, NAME_SIZE, "%s/create", desk);
	if (!rc && !name[0])
		rc = -ENODEV;
	if (!rc)
		return 0;
	return fail_errno(err, rc, "cannot create a dax device on %s", arrangement->region);
}

static bool is_empty(struct arrangement *arrangement, const char *name)
{
	uint64_t size;

	return sys_read_u64(arrangement->engine->sys, &size, DAX "/%s/size", name) == 0 && !size;
}

/*
 * An empty device for @dax. To get the number that it had, those below are made as well; what of
 * them nobody needs is deleted in the end. Of dax7.2 the 7 is the region's.
 */
static int claim(struct arrangement *arrangement, const char *desk, const struct dax *dax,
		 char name[NAME_SIZE], struct error *err)
{
	const char *number = strchr(dax->name, '.');
	uint64_t id;
	int rc = sys_read_u64(arrangement->engine->sys, &id, "%s/id", desk);

	if (rc)
		return fail_errno(err, rc, "cannot read %s/id", desk);
	snprintf(name, NAME_SIZE, "dax%" PRIu64 "%.16s", id, number ? number : "");
	for (int i = 0; i < NUMBERS_MAX && !sys_exists(arrangement->engine->sys, DAX "/%s", name);
	     i++) {
		char other[NAME_SIZE];

		rc = create(arrangement, desk, other, err);
		if (rc)
			return rc;
	}
	return is_empty(arrangement, name) ? 0 : create(arrangement, desk, name, err);
}

/*
 * Linux takes a range for a device that a driver has (mapping_store()): unbinding would then remove
 * memory that was never added. And it takes one that is not aligned, and does nothing. So look
 * before and after.
 */
static int add_range(struct arrangement *arrangement, const char *name,
		     const struct mapping *mapping, struct error *err)
{
	char driver[NAME_SIZE], range[48];

	dax_driver(arrangement->engine, name, driver);
	if (driver[0])
		return fail(err, -EBUSY, "%s has taken %s meanwhile", driver, name);
	snprintf(range, sizeof(range), "%" PRIx64 "-%" PRIx64, mapping->start,
		 mapping->start + mapping->size - 1);
	return sys_write(arrangement->engine->sys, err, range, DAX "/%s/mapping", name);
}

static int set_align(struct arrangement *arrangement, const char *name, const struct dax *dax,
		     struct error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, dax->align);
	return sys_write(arrangement->engine->sys, err, text, DAX "/%s/align", name);
}

static int fill(struct arrangement *arrangement, const char *name, const struct dax *dax,
		struct error *err)
{
	cleanup_layout struct dax now = {0};
	int rc = set_align(arrangement, name, dax, err);

	for (uint64_t offset = 0; !rc && offset < dax->size;) {
		const struct mapping *mapping = layout_mapping_at(dax, offset);

		if (!mapping || !mapping->size)
			return fail(err, -EINVAL, "the ranges of %s do not add up", dax->name);
		rc = add_range(arrangement, name, mapping, err);
		offset += mapping->size;
	}
	if (rc)
		return rc;
	rc = layout_read(arrangement->engine->sys, name, &now);
	if (!rc && layout_is_same(&now, dax))
		return 0;
	return fail(err, -EIO, "%s did not get the ranges that %s had", name, dax->name);
}

static int make_missing(struct arrangement *arrangement, const char *desk, struct error *err)
{
	each_wanted(dax, arrangement)
	{
		char name[NAME_SIZE];
		int rc;

		if (find_same(arrangement, dax))
			continue;
		rc = claim(arrangement, desk, dax, name, err);
		if (!rc)
			rc = fill(arrangement, name, dax, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int delete_spare(struct arrangement *arrangement, const char *desk, struct error *err)
{
	int rc = look(arrangement);

	if (rc)
		return fail_errno(err, rc, "cannot look for dax devices");
	list_each(now, &arrangement->now)
		if (!rc && is_spare(now))
			rc = sys_write(arrangement->engine->sys, err, now->name, "%s/delete", desk);
	return rc;
}

static int rearrange(struct arrangement *arrangement, struct error *err)
{
	char desk[PATH_MAX];
	int rc = find_desk(arrangement, desk, err);

	if (!rc)
		rc = empty_others(arrangement, err);
	if (!rc)
		rc = make_missing(arrangement, desk, err);
	return rc ? rc : delete_spare(arrangement, desk, err);
}

static int act(struct engine *engine, const struct step *step, struct error *err)
{
	cleanup_arrangement struct arrangement arrangement = {0};
	int rc = begin(engine, step, &arrangement, err);

	if (!rc)
		rc = await(&arrangement, err);
	if (rc || is_as_before(&arrangement))
		return rc;
	return rearrange(&arrangement, err);
}

const struct step_ops step_arrange_dax = {observe, act};
