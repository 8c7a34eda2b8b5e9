/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Take a region down, and build it again with the same geometry at the same address. */
#include "exec/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <uuid/uuid.h>

#include "exec/blocks.h"
#include "exec/find.h"
#include "exec/namespaces.h"
#include "exec/saved.h"
#include "sys/util.h"

#define CXL    "/sys/bus/cxl/devices"
#define ND     "/sys/bus/nd/devices"
#define DRIVER "/sys/bus/cxl/drivers/cxl_region"

/* Linux hands out address space of a window in multiples of this (SZ_256M in alloc_hpa()). */
#define GRAIN 0x10000000ull

/* More free holes than this below the planned address, and something is odd. */
#define PLACEHOLDERS_MAX 64

static const struct region *region_of(struct engine *engine, const struct step *step,
				      struct error *err)
{
	const struct region *region = host_region(engine->before, step->object);

	if (region && region->targets.count == 1)
		return region;
	fail(err, -EINVAL, "the plan names %s, which was not there before", step->object);
	return NULL;
}

/* The step's region under its name of now; "" if there is none at its address. */
static const struct region *find_now(struct engine *engine, const struct step *step,
				     char name[NAME_SIZE], struct error *err)
{
	const struct region *region = region_of(engine, step, err);
	int rc;

	rc = region ? find_region_at(engine->sys, region->start, name) : 0;
	if (rc)
		name[0] = '\0';
	if (rc && rc != -ENOENT) {
		fail_errno(err, rc, "cannot look for the region at 0x%" PRIx64, region->start);
		return NULL;
	}
	return region;
}

static bool is_enabled(struct engine *engine, const char *name)
{
	return name[0] && sys_exists(engine->sys, CXL "/%s/driver", name);
}

static bool is_committed(struct engine *engine, const char *name)
{
	uint64_t committed;

	return name[0] && !sys_read_u64(engine->sys, &committed, CXL "/%s/commit", name) &&
	       committed == 1;
}

static int observe_disable(struct engine *engine, const struct step *step, bool *done,
			   struct error *err)
{
	char name[NAME_SIZE];

	if (!find_now(engine, step, name, err))
		return -EINVAL;
	*done = !is_enabled(engine, name);
	return 0;
}

static int refuse_bound_dax(struct engine *engine, const char *region, struct error *err)
{
	cleanup_names struct names devices = {0};
	int rc = find_dax_devices(engine->sys, region, &devices);

	if (rc)
		return fail_errno(err, rc, "cannot look for dax devices of %s", region);
	for (size_t i = 0; i < devices.count; i++)
		if (sys_exists(engine->sys, "/sys/bus/dax/devices/%s/driver", devices.items[i]))
			return fail(err, -EBUSY, "%s of %s was bound again", devices.items[i],
				    region);
	return 0;
}

static int act_disable(struct engine *engine, const struct step *step, struct error *err)
{
	char name[NAME_SIZE];
	const struct region *region = find_now(engine, step, name, err);
	int rc;

	if (!region)
		return -EINVAL;
	rc = refuse_bound_dax(engine, name, err);
	if (!rc)
		rc = refuse_blocks(engine, region->start, region->size, err);
	if (!rc && region_is_pmem(region))
		rc = refuse_namespaces(engine, name, err);
	return rc ? rc : sys_write(engine->sys, err, name, DRIVER "/unbind");
}

const struct step_ops step_disable_region = {observe_disable, act_disable};

static int observe_delete(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	char name[NAME_SIZE];

	if (!find_now(engine, step, name, err))
		return -EINVAL;
	*done = !name[0];
	return 0;
}

/* Give back the device memory that an endpoint decoder holds. */
static int free_decoder(struct engine *engine, const char *decoder, struct error *err)
{
	return decoder[0] ? sys_write(engine->sys, err, "0", CXL "/%s/dpa_size", decoder) : 0;
}

/* Undo a region from whatever state it is in, but never one that is enabled. */
static int take_down(struct engine *engine, const char *name, const char *window, struct error *err)
{
	char decoder[NAME_SIZE];
	int rc = 0;

	if (is_enabled(engine, name))
		return fail(err, -EBUSY, "%s is enabled", name);
	if (is_committed(engine, name))
		rc = sys_write(engine->sys, err, "0", CXL "/%s/commit", name);
	if (!rc && is_committed(engine, name))
		rc = fail(err, -EIO, "%s stays committed", name);
	if (rc)
		return rc;
	sys_read(engine->sys, decoder, sizeof(decoder), CXL "/%s/target0", name);
	if (decoder[0])
		rc = sys_write(engine->sys, err, "\n", CXL "/%s/target0", name);
	if (!rc)
		rc = free_decoder(engine, decoder, err);
	return rc ? rc : sys_write(engine->sys, err, name, CXL "/%s/delete_region", window);
}

static int act_delete(struct engine *engine, const struct step *step, struct error *err)
{
	char name[NAME_SIZE];
	const struct region *region = find_now(engine, step, name, err);
	int rc;

	if (!region)
		return -EINVAL;
	rc = refuse_blocks(engine, region->start, region->size, err);
	return rc ? rc : take_down(engine, name, region->window, err);
}

const struct step_ops step_delete_region = {observe_delete, act_delete};

/* Everything create needs to know; regions made on the way are kept for deletion. */
struct build {
	struct engine *engine;
	const struct region *before;
	char name[NAME_SIZE];	 /* the region */
	char decoder[NAME_SIZE]; /* the endpoint decoder */
	char placeholders[PLACEHOLDERS_MAX][NAME_SIZE];
	size_t placed;
};

static int write_number(struct build *build, const char *attribute, uint64_t value,
			struct error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return sys_write(build->engine->sys, err, text, CXL "/%s/%s", build->name, attribute);
}

/* Linux takes it with the end of the line only (uuid_store()). */
static int write_uuid(struct build *build, const char *uuid, struct error *err)
{
	char line[UUID_STR_LEN + 1];

	snprintf(line, sizeof(line), "%s\n", uuid);
	return sys_write(build->engine->sys, err, line, CXL "/%s/uuid", build->name);
}

/* Reading the attribute gives the next free name, writing it back creates that region. */
static int create_empty(struct build *build, struct error *err)
{
	const char *window = build->before->window, *mode = build->before->mode;
	int rc = sys_read(build->engine->sys, build->name, sizeof(build->name),
			  CXL "/%s/create_%s_region", window, mode);

	if (rc)
		return fail_errno(err, rc, "cannot create a %s region in %s", mode, window);
	rc = sys_write(build->engine->sys, err, build->name, CXL "/%s/create_%s_region", window,
		       mode);
	if (rc) {
		build->name[0] = '\0';
		return rc;
	}
	/* Without it Linux gives a pmem region no address (size_store()). */
	if (region_is_pmem(build->before))
		rc = write_uuid(build, build->before->uuid, err);
	if (!rc)
		rc = write_number(build, "interleave_granularity", build->before->granularity, err);
	return rc ? rc : write_number(build, "interleave_ways", build->before->ways, err);
}

static int delete_one(struct build *build, const char *name, struct error *err)
{
	return sys_write(build->engine->sys, err, name, CXL "/%s/delete_region",
			 build->before->window);
}

/* Give the region address space and say where the kernel put it. */
static int allocate(struct build *build, uint64_t size, uint64_t *start, struct error *err)
{
	int rc = write_number(build, "size", size, err);

	if (rc) {
		hint(err, "the window has no free range of that size: cxl list -D, /proc/iomem");
		return rc;
	}
	rc = sys_read_u64(build->engine->sys, start, CXL "/%s/resource", build->name);
	return rc ? fail_errno(err, rc, "cannot read the address of %s", build->name) : 0;
}

/* No two regions have the same. */
static int give_up_uuid(struct build *build, struct error *err)
{
	char text[UUID_STR_LEN];
	uuid_t uuid;

	uuid_generate(uuid);
	uuid_unparse(uuid, text);
	return write_uuid(build, text, err);
}

/*
 * The region landed in a lower hole. Keep it there as a placeholder without targets, cut so that
 * it ends below the planned address, and go on with another.
 */
static int keep_as_placeholder(struct build *build, uint64_t start, struct error *err)
{
	uint64_t room = build->before->start - start, size = build->before->size, again;
	int rc = 0;

	if (room < size) {
		rc = write_number(build, "size", 0, err);
		if (!rc)
			rc = allocate(build, room / GRAIN * GRAIN, &again, err);
	}
	if (!rc && region_is_pmem(build->before))
		rc = give_up_uuid(build, err);
	if (rc)
		return rc;
	if (build->placed == PLACEHOLDERS_MAX)
		return fail(err, -E2BIG, "more than %d free holes below 0x%" PRIx64,
			    PLACEHOLDERS_MAX, build->before->start);
	copy_text(build->placeholders[build->placed++], NAME_SIZE, build->name);
	build->name[0] = '\0';
	return 0;
}

/*
 * Address space is not ours to choose: the kernel gives out the lowest free range of the window
 * that fits. So fill what is free below the planned address until the region lands on it.
 */
static int place(struct build *build, struct error *err)
{
	uint64_t start;
	int rc;

	for (;;) {
		rc = create_empty(build, err);
		if (!rc)
			rc = allocate(build, build->before->size, &start, err);
		if (rc || start == build->before->start)
			return rc;
		if (start > build->before->start)
			return fail(err, -EADDRINUSE,
				    "address 0x%" PRIx64 " is taken: the kernel offers 0x%" PRIx64,
				    build->before->start, start);
		rc = keep_as_placeholder(build, start, err);
		if (rc)
			return rc;
	}
}

static int drop_placeholders(struct build *build, struct error *err)
{
	int rc = 0;

	while (build->placed) {
		int one = delete_one(build, build->placeholders[--build->placed], err);

		rc = rc ? rc : one;
	}
	return rc;
}

/* The lowest endpoint decoder without a region: Linux wants them used in order. */
static int find_free_decoder(struct build *build, const char *endpoint, struct error *err)
{
	cleanup_names struct names decoders = {0};
	int rc = sys_list(build->engine->sys, &decoders, "decoder", CXL "/%s", endpoint);

	for (size_t i = 0; !rc && i < decoders.count; i++) {
		char region[NAME_SIZE];

		sys_read(build->engine->sys, region, sizeof(region), CXL "/%s/region",
			 decoders.items[i]);
		if (region[0])
			continue;
		copy_text(build->decoder, sizeof(build->decoder), decoders.items[i]);
		return 0;
	}
	return rc ? fail_errno(err, rc, "cannot list the decoders of %s", endpoint)
		  : fail(err, -EBUSY, "%s has no free decoder", endpoint);
}

static int find_decoder(struct build *build, struct error *err)
{
	const struct memdev *before =
		host_memdev(build->engine->before, build->before->targets.items[0].memdev);
	char memdev[NAME_SIZE], endpoint[NAME_SIZE];
	int rc;

	if (!before)
		return fail(err, -EINVAL, "the device of %s was not there before",
			    build->before->name);
	rc = find_memdev(build->engine->sys, before, memdev, err);
	if (!rc)
		rc = find_endpoint(build->engine->sys, memdev, endpoint);
	if (rc)
		return fail_errno(err, rc, "no endpoint of the device at %s", before->address);
	return find_free_decoder(build, endpoint, err);
}

/*
 * Device memory is not ours to choose either: Linux gives out what is free of the partition, in
 * order. For volatile memory any will do; on persistent memory another place is other data.
 */
static int check_place(struct build *build, struct error *err)
{
	const struct decoder *before =
		host_decoder(build->engine->before, build->before->targets.items[0].decoder);
	uint64_t start;
	int rc = sys_read_u64(build->engine->sys, &start, CXL "/%s/dpa_resource", build->decoder);

	if (!region_is_pmem(build->before))
		return 0;
	if (rc || !before)
		return fail_errno(err, rc ? rc : -EINVAL, "cannot tell where on the device %s lies",
				  build->before->name);
	if (start == before->dpa_start)
		return 0;
	fail(err, -EADDRINUSE,
	     "Linux puts %s at 0x%" PRIx64 " of the device, its data is at 0x%" PRIx64,
	     build->before->name, start, before->dpa_start);
	hint(err, "what is stored is still there; see what else uses the device: cxl list -D");
	return -EADDRINUSE;
}

/* dpa_size first 0: a decoder that an interrupted run left half set up is set up anew. */
static int attach(struct build *build, struct error *err)
{
	const struct sys *sys = build->engine->sys;
	char size[32];
	int rc;

	snprintf(size, sizeof(size), "0x%" PRIx64, build->before->size);
	rc = sys_write(sys, err, "0", CXL "/%s/dpa_size", build->decoder);
	if (!rc)
		rc = sys_write(sys, err, build->before->mode, CXL "/%s/mode", build->decoder);
	if (!rc)
		rc = sys_write(sys, err, size, CXL "/%s/dpa_size", build->decoder);
	if (!rc)
		rc = check_place(build, err);
	if (!rc)
		rc = sys_write(sys, err, build->decoder, CXL "/%s/target0", build->name);
	return rc ? rc : sys_write(sys, err, "1", CXL "/%s/commit", build->name);
}

static bool was_there(struct build *build, const char *name)
{
	uint64_t start;

	if (sys_read_u64(build->engine->sys, &start, CXL "/%s/resource", name))
		return false;
	list_each(region, &build->engine->before->regions)
		if (region->size && region->start == start)
			return true;
	return false;
}

/*
 * A run that was killed may have left placeholders, or a region without an address: regions of our
 * window that are not committed, have no target, and were not there before.
 */
static bool is_stray(struct build *build, const char *name)
{
	char path[PATH_MAX], target[NAME_SIZE];

	if (was_there(build, name) || is_committed(build->engine, name) ||
	    sys_real_path(build->engine->sys, path, CXL "/%s/..", name))
		return false;
	sys_read(build->engine->sys, target, sizeof(target), CXL "/%s/target0", name);
	return strcmp(base_name(path), build->before->window) == 0 && !target[0];
}

static int sweep(struct build *build, struct error *err)
{
	cleanup_names struct names regions = {0};
	int rc = sys_list(build->engine->sys, &regions, "region", CXL);

	for (size_t i = 0; !rc && i < regions.count; i++)
		if (is_stray(build, regions.items[i]))
			rc = delete_one(build, regions.items[i], err);
	return rc;
}

/* A region without a target may be what we left half done; one of another device is not ours. */
static bool is_anothers(struct engine *engine, const char *name, const struct region *before)
{
	const struct memdev *device = host_memdev(engine->before, before->targets.items[0].memdev);
	char target[NAME_SIZE], memdev[NAME_SIZE], endpoint[NAME_SIZE], own[NAME_SIZE + 8];

	if (sys_read(engine->sys, target, sizeof(target), CXL "/%s/target0", name) || !target[0])
		return false;
	if (!device || find_memdev(engine->sys, device, memdev, NULL) ||
	    find_endpoint(engine->sys, memdev, endpoint))
		return true;
	/* decoder4.0 is of endpoint4 */
	snprintf(own, sizeof(own), "decoder%s.", endpoint + strlen("endpoint"));
	return !starts_with(target, own);
}

/* What sits at the address is not what was there before: one of us would overwrite the other. */
static int refuse_another(struct engine *engine, const char *name, const struct region *before,
			  struct error *err)
{
	const char *what = NULL;
	char uuid[sizeof(before->uuid)];
	uint64_t size = 0;

	sys_read_u64(engine->sys, &size, CXL "/%s/size", name);
	sys_read(engine->sys, uuid, sizeof(uuid), CXL "/%s/uuid", name);
	if (size != before->size)
		what = "with another size";
	else if (is_anothers(engine, name, before))
		what = "on another device";
	else if (region_is_pmem(before) && strcmp(uuid, before->uuid) != 0)
		what = "with another UUID";
	if (!what)
		return 0;
	return fail(err, -EADDRINUSE, "%s sits at 0x%" PRIx64 " %s", name, before->start, what);
}

static int observe_create(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	char name[NAME_SIZE];
	const struct region *region = find_now(engine, step, name, err);
	int rc;

	if (!region)
		return -EINVAL;
	rc = name[0] ? refuse_another(engine, name, region, err) : 0;
	*done = !rc && is_committed(engine, name);
	return rc;
}

static int create(struct build *build, struct error *err)
{
	int rc = place(build, err);
	int left = drop_placeholders(build, rc ? NULL : err);

	if (!rc)
		rc = left;
	if (!rc)
		rc = find_decoder(build, err);
	return rc ? rc : attach(build, err);
}

/* What an interrupted run left half done is taken away first, and what fails now afterwards. */
static int act_create(struct engine *engine, const struct step *step, struct error *err)
{
	struct build build = {.engine = engine};
	int rc = 0;

	build.before = find_now(engine, step, build.name, err);
	if (!build.before)
		return -EINVAL;
	if (build.name[0])
		rc = take_down(engine, build.name, build.before->window, err);
	build.name[0] = '\0';
	if (!rc && engine->resumed)
		rc = sweep(&build, err);
	if (!rc)
		rc = create(&build, err);
	if (rc && build.name[0])
		take_down(engine, build.name, build.before->window, NULL);
	if (rc)
		free_decoder(engine, build.decoder, NULL);
	return rc;
}

const struct step_ops step_create_region = {observe_create, act_create};

/* A region of the libnvdimm bus with a driver is what namespaces come up on. */
static bool has_nd_region(const struct sys *sys, const char *name)
{
	return sys_exists(sys, ND "/%s/driver", name);
}

static bool had_namespaces(struct engine *engine, const struct region *before)
{
	list_each(namespace, &engine->before->namespaces)
		if (strcmp(namespace->region, before->name) == 0)
			return true;
	return false;
}

static int observe_enable(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	char name[NAME_SIZE];
	const struct region *region = find_now(engine, step, name, err);

	if (!region)
		return -EINVAL;
	*done = is_enabled(engine, name) &&
		(!had_namespaces(engine, region) || has_nd_region(engine->sys, name));
	return 0;
}

struct nd_region {
	struct engine *engine;
	const char *name;
};

/*
 * cxl_pmem takes the region once it has taken the device, which it does behind the back of who
 * found that; when it comes too early it gives up (Linux, cxl_pmem_region_probe()). So ask again.
 */
static int nd_region_there(void *context)
{
	const struct nd_region *wanted = context;
	const struct sys *sys = wanted->engine->sys;
	char offer[NAME_SIZE];

	if (has_nd_region(sys, wanted->name))
		return 0;
	snprintf(offer, sizeof(offer), "pmem_%s", wanted->name);
	if (!sys_exists(sys, CXL "/%s/driver", offer))
		sys_write(sys, NULL, offer, "/sys/bus/cxl/drivers_probe");
	else if (sys_exists(sys, ND "/%s", wanted->name))
		sys_write(sys, NULL, wanted->name, "/sys/bus/nd/drivers_probe");
	return -ENOENT;
}

static int bring_up_nd_region(struct engine *engine, const char *name, struct error *err)
{
	int rc = wait_for(nd_region_there, &(struct nd_region){engine, name}, 10000);

	if (rc == -ETIMEDOUT) {
		fail(err, rc, "%s is enabled, but cxl_pmem does not offer it as persistent memory",
		     name);
		hint(err, "see whether the device has a driver: /sys/bus/nd/devices, kernel log");
	}
	return rc;
}

/* Enabling makes a dax device, kmem takes it, and the policy decides about its memory blocks. */
static int refuse_online_policy(struct engine *engine, struct error *err)
{
	char policy[32];

	sys_read(engine->sys, policy, sizeof(policy),
		 "/sys/devices/system/memory/auto_online_blocks");
	if (policy[0] && strcmp(policy, "offline") != 0)
		return fail(err, -EBUSY, "auto_online_blocks was set to %s meanwhile", policy);
	return 0;
}

static int act_enable(struct engine *engine, const struct step *step, struct error *err)
{
	char name[NAME_SIZE];
	const struct region *region = find_now(engine, step, name, err);
	int rc;

	if (!region)
		return -EINVAL;
	rc = region_is_pmem(region) ? 0 : refuse_online_policy(engine, err);
	if (!rc)
		rc = saved_bring_region(engine, step->object, err);
	if (!rc && !is_enabled(engine, name))
		rc = sys_write(engine->sys, err, name, DRIVER "/bind");
	if (!rc && had_namespaces(engine, region))
		rc = bring_up_nd_region(engine, name, err);
	return rc;
}

const struct step_ops step_enable_region = {observe_enable, act_enable};
