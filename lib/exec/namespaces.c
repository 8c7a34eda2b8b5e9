/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/namespaces.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "collect/collect.h"
#include "exec/find.h"
#include "sys/util.h"

#define ND "/sys/bus/nd/devices"

/*
 * libnvdimm registers what is on a region, and binds it, behind the back of who enabled the region.
 * To read this waits until it is done with that (Linux, wait_probe_show()).
 */
static void let_settle(const struct sys *sys, const char *region)
{
	char text[16];

	sys_read(sys, text, sizeof(text), ND "/%s/../wait_probe", region);
}

/* One without labels has no UUID: it is all there is on its region. */
static bool is_same(const struct namespace *before, const struct namespace *now)
{
	if (before->uuid[0])
		return strcmp(before->uuid, now->uuid) == 0;
	return !now->uuid[0] && before->size == now->size;
}

/* A driver is bound to what claims the namespace; without a claim, to the namespace. */
static void read_owner(const struct sys *sys, struct present *present)
{
	char holder[NAME_SIZE];

	sys_read(sys, holder, sizeof(holder), ND "/%s/holder", present->now.name);
	copy_text(present->owner, sizeof(present->owner),
		  holder[0] && is_plain_name(holder) ? holder : present->now.name);
	sys_link_name(sys, present->driver, sizeof(present->driver), ND "/%s/driver",
		      present->owner);
}

/* The libnvdimm bus numbers a region of CXL as CXL does (Linux 6.0, cxl_pmem_region_probe()). */
static int find_on(const struct sys *sys, const char *region, const struct namespace *before,
		   struct present *present)
{
	cleanup_names struct names names = {0};
	int rc;

	let_settle(sys, region);
	rc = sys_list(sys, &names, "namespace", ND "/%s", region);
	for (size_t i = 0; !rc && i < names.count; i++) {
		struct namespace now = {0};

		if (collect_namespace(sys, names.items[i], &now) || !is_same(before, &now))
			continue;
		present->now = now;
		copy_text(present->now.region, sizeof(present->now.region), region);
		read_owner(sys, present);
		break;
	}
	return rc;
}

int find_namespace(struct engine *engine, const struct namespace *before, struct present *present,
		   struct error *err)
{
	const struct region *region = host_region(engine->before, before->region);
	char name[NAME_SIZE];
	int rc;

	*present = (struct present){0};
	if (!region)
		return fail(err, -EINVAL, "the region of %s was not there before", before->name);
	rc = find_region_at(engine->sys, region->start, name);
	if (!rc)
		rc = find_on(engine->sys, name, before, present);
	if (rc && rc != -ENOENT)
		return fail_errno(err, rc, "cannot look for %s", before->name);
	return 0;
}

static bool takes_a_driver(const char *name)
{
	return starts_with(name, "namespace") || starts_with(name, "btt") ||
	       starts_with(name, "pfn") || starts_with(name, "dax");
}

int refuse_namespaces(struct engine *engine, const char *region, struct error *err)
{
	cleanup_names struct names names = {0};
	int rc = sys_list(engine->sys, &names, NULL, ND "/%s", region);

	if (rc)
		return fail_errno(err, rc, "cannot list the namespaces of %s", region);
	for (size_t i = 0; i < names.count; i++)
		if (takes_a_driver(names.items[i]) &&
		    sys_exists(engine->sys, ND "/%s/driver", names.items[i]))
			return fail(err, -EBUSY, "%s of %s was bound again", names.items[i],
				    region);
	return 0;
}
