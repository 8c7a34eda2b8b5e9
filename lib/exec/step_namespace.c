/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Take a namespace of persistent memory out of use, and bring it back with the same data. */
#include "exec/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "collect/openers.h"
#include "exec/find.h"
#include "exec/guard.h"
#include "exec/namespaces.h"
#include "sys/util.h"

#define ND	"/sys/bus/nd/devices"
#define DRIVERS "/sys/bus/nd/drivers"

static const struct namespace *namespace_of(struct engine *engine, const struct step *step,
					    struct error *err)
{
	const struct namespace *namespace = host_namespace(engine->before, step->object);

	if (!namespace)
		fail(err, -EINVAL, "the plan names %s, which was not there before", step->object);
	return namespace;
}

static int find_now(struct engine *engine, const struct step *step, struct present *present,
		    struct error *err)
{
	const struct namespace *before = namespace_of(engine, step, err);

	return before ? find_namespace(engine, before, present, err) : -EINVAL;
}

static int observe_disable(struct engine *engine, const struct step *step, bool *done,
			   struct error *err)
{
	struct present present;
	int rc = find_now(engine, step, &present, err);

	*done = !rc && !present.driver[0];
	return rc;
}

struct disk {
	const struct sys *sys;
	const char *name;
	struct openers openers;
};

static int is_left_alone(void *context)
{
	struct disk *disk = context;
	const struct names disks = {(char *[]){(char *)disk->name}, 1};
	int rc;

	openers_free(&disk->openers);
	rc = openers_of(disk->sys, &disks, &disk->openers);
	if (rc)
		return rc == -ENOENT ? -EIO : rc;
	return disk->openers.list.count ? -ENOENT : 0;
}

static int say_opener(const struct disk *disk, struct error *err)
{
	const struct opener *opener = disk->openers.list.items;

	fail(err, -EBUSY, "%s[%d] has /dev/%s open", opener->command, opener->pid, disk->name);
	hint(err, "stop it and try again; its writes would fail from now on");
	return -EBUSY;
}

/* The kernel asks nobody who has the disk open without claiming it. After an umount udev has, for a
 * moment. */
static int refuse_openers(struct engine *engine, const char *name, struct error *err)
{
	struct disk disk = {.sys = engine->sys, .name = name};
	int rc = wait_for(is_left_alone, &disk, 3000);

	if (rc == -ETIMEDOUT)
		rc = say_opener(&disk, err);
	else if (rc)
		fail_errno(err, rc, "cannot look for processes that use %s", name);
	else if (!disk.openers.complete)
		rc = fail(err, -EPERM, "some processes hide whether they use %s", name);
	openers_free(&disk.openers);
	return rc;
}

/* Nobody mounts it between the look and the unbinding while we hold it. */
static int claim_disk(struct engine *engine, const char *disk, int *fd, struct error *err)
{
	*fd = sys_open_exclusive(engine->sys, "/dev/%s", disk);
	if (*fd >= 0)
		return refuse_openers(engine, disk, err);
	if (*fd != -EBUSY)
		return fail_errno(err, *fd, "cannot open /dev/%s", disk);
	fail(err, -EBUSY, "%s is mounted, is swap, or another device is on it", disk);
	hint(err, "umount it, swapoff it, or take apart what lsblk /dev/%s shows on it", disk);
	return -EBUSY;
}

/*
 * What is in the page cache to the memory, and what is on its way to the medium. The kernel does so
 * too when it removes the disk, but does not tell if it failed.
 */
static int flush_disk(const char *disk, int fd, struct error *err)
{
	if (fsync(fd) || ioctl(fd, BLKFLSBUF, 0))
		return fail_errno(err, -errno, "cannot write what is cached of %s to it", disk);
	return 0;
}

/* 1: the platform has buffers of its own that can be flushed. 0: there is nothing to be done. */
static int flush_region(struct engine *engine, const char *region, struct error *err)
{
	uint64_t can = 0;

	sys_read_u64(engine->sys, &can, ND "/%s/deep_flush", region);
	return can ? sys_write(engine->sys, err, "1", ND "/%s/deep_flush", region) : 0;
}

/* The dax device of a devdax namespace goes with it: device_dax revokes what is mapped, and kmem does
 * not give memory back. */
static int claim_dax(struct engine *engine, const char *dax, struct error *err)
{
	char driver[NAME_SIZE];

	if (sys_link_name(engine->sys, driver, sizeof(driver), "/sys/bus/dax/devices/%s/driver",
			  dax))
		return 0;
	if (strcmp(driver, "device_dax") == 0)
		return refuse_users(engine, dax, err);
	fail(err, -EBUSY, "%s is driven by %s", dax, driver);
	hint(err, "make it a devdax device first: daxctl reconfigure-device -m devdax %s", dax);
	return -EBUSY;
}

static int act_disable(struct engine *engine, const struct step *step, struct error *err)
{
	cleanup_fd int fd = -1;
	struct present present;
	const char *device = present.now.device;
	int rc = find_now(engine, step, &present, err);

	if (!rc && starts_with(device, "dax"))
		rc = claim_dax(engine, device, err);
	else if (!rc && device[0])
		rc = claim_disk(engine, device, &fd, err);
	if (!rc && fd >= 0)
		rc = flush_disk(device, fd, err);
	if (!rc)
		rc = flush_region(engine, present.now.region, err);
	return rc ? rc
		  : sys_write(engine->sys, err, present.owner, DRIVERS "/%s/unbind",
			      present.driver);
}

const struct step_ops step_disable_namespace = {observe_disable, act_disable};

static bool is_as_before(const struct namespace *before, const struct present *present)
{
	return present->driver[0] && present->now.device[0] && before->size == present->now.size &&
	       strcmp(before->mode, present->now.mode) == 0;
}

static int observe_enable(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	const struct namespace *before = namespace_of(engine, step, err);
	struct present present;
	int rc = before ? find_namespace(engine, before, &present, err) : -EINVAL;

	*done = !rc && is_as_before(before, &present);
	return rc;
}

struct wanted {
	struct engine *engine;
	const struct namespace *before;
	struct present *present;
	struct error *err;
};

static int is_there(void *context)
{
	struct wanted *wanted = context;
	int rc = find_namespace(wanted->engine, wanted->before, wanted->present, wanted->err);

	return rc ? rc : wanted->present->now.name[0] ? 0 : -ENOENT;
}

static int is_driven(void *context)
{
	struct wanted *wanted = context;
	int rc = is_there(context);

	return rc ? rc : wanted->present->driver[0] && wanted->present->now.device[0] ? 0 : -ENOENT;
}

/*
 * Who binds a namespace that has an info block is refused: nd_pmem reads the block, makes the claim
 * and binds that instead (Linux, nd_pmem_probe()). So what the kernel says is not the outcome.
 */
static int bind(struct wanted *wanted)
{
	const char *owner = wanted->present->owner;
	bool claimed = strcmp(owner, wanted->present->now.name) != 0;
	int rc = sys_write(wanted->engine->sys, claimed ? wanted->err : NULL, owner,
			   DRIVERS "/%s/bind", starts_with(owner, "dax") ? "dax_pmem" : "nd_pmem");

	if (rc && claimed)
		return rc;
	rc = wait_for(is_driven, wanted, 10000);
	return rc == -ETIMEDOUT ? fail(wanted->err, rc, "no driver took %s", owner) : rc;
}

/* It was used raw, though an info block says otherwise: somebody had told the kernel so. */
static int use_raw(struct wanted *wanted)
{
	const struct sys *sys = wanted->engine->sys;
	const struct present *present = wanted->present;
	int rc = sys_write(sys, wanted->err, present->owner, DRIVERS "/%s/unbind", present->driver);

	if (!rc)
		rc = sys_write(sys, wanted->err, "\n", ND "/%s/namespace", present->owner);
	if (!rc)
		rc = sys_write(sys, wanted->err, "1", ND "/%s/force_raw", present->now.name);
	if (!rc)
		rc = is_there(wanted);
	return rc ? rc : bind(wanted);
}

static int check_as_before(const struct wanted *wanted)
{
	const struct namespace *before = wanted->before, *now = &wanted->present->now;

	if (is_as_before(before, wanted->present))
		return 0;
	return fail(wanted->err, -EIO,
		    "%s came up as %s with %" PRIu64 " bytes, it was %s with %" PRIu64, now->name,
		    now->mode, now->size, before->mode, before->size);
}

static int act_enable(struct engine *engine, const struct step *step, struct error *err)
{
	struct present present;
	struct wanted wanted = {engine, namespace_of(engine, step, err), &present, err};
	int rc = wanted.before ? wait_for(is_there, &wanted, 10000) : -EINVAL;

	if (rc == -ETIMEDOUT) {
		rc = fail(err, -ENODEV, "no namespace with UUID %s came up", wanted.before->uuid);
		hint(err,
		     "what is stored is still on the device: see the kernel log, ndctl list -Ni");
	}
	if (!rc && !present.driver[0])
		rc = bind(&wanted);
	if (!rc && strcmp(wanted.before->mode, "raw") == 0 && strcmp(present.now.mode, "raw") != 0)
		rc = use_raw(&wanted);
	return rc ? rc : check_as_before(&wanted);
}

const struct step_ops step_enable_namespace = {observe_enable, act_enable};
