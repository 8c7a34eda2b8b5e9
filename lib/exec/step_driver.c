/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Take a memory device's PCI function from its driver, and give it back. */
#include "exec/engine.h"

#include <errno.h>
#include <string.h>

#include "exec/find.h"
#include "exec/guard.h"
#include "sys/module.h"

#define FUNCTION "/sys/bus/pci/devices/%s"
#define DRIVER	 "/sys/bus/pci/drivers/%s"

/* cxl_pci waits up to 60 s for each of a device's ranges (Linux, cxl_await_media_ready()), and does so
 * within our write; what binds to the memory device comes after that. */
#define MEMDEV_MS 150000

/* "" if it has none. */
static void driver_of(const struct engine *engine, const char *address, char driver[NAME_SIZE])
{
	driver[0] = '\0';
	sys_link_name(engine->sys, driver, NAME_SIZE, FUNCTION "/driver", address);
}

static int function_before(const struct engine *engine, const struct step *step,
			   const struct function **function, struct error *err)
{
	*function = host_function(engine->before, step->object);
	if (*function && (*function)->driver[0])
		return 0;
	return fail(err, -EINVAL, "the plan names %s, which had no driver before", step->object);
}

static int observe_unbind(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	char driver[NAME_SIZE];

	if (!sys_exists(engine->sys, FUNCTION, step->object))
		return fail(err, -ENODEV, "%s is gone", step->object);
	driver_of(engine, step->object, driver);
	*done = !driver[0];
	return 0;
}

/* Linux does not ask whether the memory is in use: hence the guard. */
static int act_unbind(struct engine *engine, const struct step *step, struct error *err)
{
	const struct function *before;
	int rc = function_before(engine, step, &before, err);

	if (!rc)
		rc = refuse_borrow(engine, step->object, err);
	return rc ? rc
		  : sys_write(engine->sys, err, step->object, DRIVER "/unbind", before->driver);
}

const struct step_ops step_unbind_function = {observe_unbind, act_unbind};

/* -ENOENT while what was made of the function before is not all there. */
static int memdev_there(const struct engine *engine, const char *address, struct error *err)
{
	const struct memdev *before = host_memdev_at(engine->before, address);
	char memdev[NAME_SIZE], endpoint[NAME_SIZE];
	int rc = before ? find_memdev(engine->sys, before, memdev, err) : 0;

	if (rc || !before || !before->endpoint[0])
		return rc;
	return find_endpoint(engine->sys, memdev, endpoint);
}

static int refuse_other(const char *address, const char *driver, const char *expected,
			struct error *err)
{
	fail(err, -EBUSY, "%s is driven by %s now, not by %s", address, driver, expected);
	hint(err, "somebody bound it meanwhile: it is theirs");
	return -EBUSY;
}

static int observe_bind(struct engine *engine, const struct step *step, bool *done,
			struct error *err)
{
	const struct function *before;
	char driver[NAME_SIZE];
	int rc = function_before(engine, step, &before, err);

	*done = false;
	if (rc)
		return rc;
	driver_of(engine, step->object, driver);
	if (!driver[0])
		return 0;
	if (strcmp(driver, before->driver) != 0)
		return refuse_other(step->object, driver, before->driver, err);
	rc = memdev_there(engine, step->object, err);
	*done = rc == 0;
	return rc == -ENOENT ? 0 : rc;
}

/* The kernel looks at it in a write to bind as well (Linux, pci_match_device()), and says only that
 * there is no such device. */
static int check_override(const struct engine *engine, const struct function *before,
			  struct error *err)
{
	char override[NAME_SIZE] = "";

	sys_read(engine->sys, override, sizeof(override), FUNCTION "/driver_override",
		 before->address);
	if (!override[0] || strcmp(override, "(null)") == 0 ||
	    strcmp(override, before->driver) == 0)
		return 0;
	fail(err, -EBUSY, "driver_override of %s is %s: %s can not be given it back",
	     before->address, override, before->driver);
	hint(err, "echo > /sys/bus/pci/devices/%s/driver_override, and try again", before->address);
	return -EBUSY;
}

/* Somebody may have taken the module out while nothing needed it. */
static int load_driver(const struct engine *engine, const char *driver, struct error *err)
{
	return sys_exists(engine->sys, DRIVER, driver) ? 0 : module_load(driver, err);
}

struct wait {
	const struct engine *engine;
	const char *address;
	struct error *err;
};

static int is_there(void *context)
{
	const struct wait *wait = context;

	return memdev_there(wait->engine, wait->address, wait->err);
}

static int wait_for_memdev(const struct engine *engine, const char *address, struct error *err)
{
	struct wait wait = {engine, address, err};
	int rc = wait_for(is_there, &wait, MEMDEV_MS);

	if (!rc)
		return 0;
	fail_errno(err, rc, "the memory device of %s did not come up again", address);
	hint(err, "see the kernel log: cxl_pci or cxl_mem refused the device");
	return rc;
}

static int bind(const struct engine *engine, const struct function *before, struct error *err)
{
	struct error refused = {0};
	char driver[NAME_SIZE];
	int rc = sys_write(engine->sys, &refused, before->address, DRIVER "/bind", before->driver);

	if (!rc)
		return 0;
	/* A module that was loaded takes it by itself; so may somebody else. */
	driver_of(engine, before->address, driver);
	if (strcmp(driver, before->driver) == 0)
		return 0;
	fail(err, rc, "%s", refused.text);
	hint(err, "see the kernel log for what %s has against it", before->driver);
	return rc;
}

static int act_bind(struct engine *engine, const struct step *step, struct error *err)
{
	const struct function *before;
	char driver[NAME_SIZE];
	int rc = function_before(engine, step, &before, err);

	if (!rc && !sys_exists(engine->sys, FUNCTION, step->object))
		rc = fail(err, -ENODEV, "%s is gone", step->object);
	if (rc)
		return rc;
	driver_of(engine, step->object, driver);
	if (!driver[0]) {
		rc = check_override(engine, before, err);
		if (!rc)
			rc = load_driver(engine, before->driver, err);
		if (!rc)
			rc = bind(engine, before, err);
	}
	return rc ? rc : wait_for_memdev(engine, step->object, err);
}

const struct step_ops step_bind_function = {observe_bind, act_bind};
