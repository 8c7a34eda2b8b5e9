/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dynamic capacity, as far as it can be seen without doing anything to anybody: the kernel's own view of
 * devices that it drives, and the mailbox of those that nobody drives. Whether a device has dynamic
 * capacity at all only its answers tell.
 */
#include "collect/collect.h"

#include <errno.h>
#include <string.h>

#include "collect/mappers.h"
#include "extents/commands.h"
#include "extents/effects.h"
#include "extents/sysfs.h"
#include "regs/isolation.h"
#include "sys/lock.h"
#include "sys/util.h"

static void init(struct dc_device *device, const struct function *function,
		 const struct memdev *memdev)
{
	record_free(&dc_device_record, device);
	copy_text(device->memdev, NAME_SIZE, memdev ? memdev->name : "");
	copy_text(device->address, NAME_SIZE, function->address);
	copy_text(device->root_port, NAME_SIZE, function->root_port);
	device->serial = memdev ? memdev->serial : function->serial;
	device->extents_supported = device->extents_available = UNKNOWN;
	device->tags_supported = device->tags_available = UNKNOWN;
	device->lost = UNKNOWN;
}

/* Nothing is known of it, and why. */
static void set_unknown(struct dc_device *device, const char *why)
{
	copy_text(device->regions_unknown, sizeof(device->regions_unknown), why);
	copy_text(device->accepted_unknown, sizeof(device->accepted_unknown), why);
	copy_text(device->batches_unknown, sizeof(device->batches_unknown), why);
}

/* -EOPNOTSUPP if it has no dynamic capacity: it does not know the first command of it. */
static int ask(struct transport *transport, struct dc_device *device, struct error *err)
{
	struct dc_device trial = {0};
	int rc = dc_read_configuration(transport, NULL, &trial, err);

	record_free(&dc_device_record, &trial);
	return rc == -EOPNOTSUPP ? rc : dc_read_device(transport, NULL, device, err);
}

static int ask_by_mailbox(const struct sys *sys, struct dc_device *device, struct error *err)
{
	cleanup_transport struct transport *transport = NULL;
	cleanup_fd int lock = -1;
	int rc;

	if (!lock_is_ours(sys)) {
		lock = lock_take(sys, "a look at dynamic capacity", err);
		if (lock < 0)
			return lock;
	}
	rc = transport_mailbox(sys, device->address, &transport, err);
	return rc ? rc : ask(transport, device, err);
}

/* The driver's own view; without that, at least that there is something to be seen. */
static int look_driven(const struct sys *sys, struct dc_device *device, struct error *err)
{
	struct error unseen = {0};
	int rc = dc_sysfs_read(sys, device, &unseen);

	if (rc == -ENOENT && dc_supported(sys, device->memdev) == 1)
		return fail(err, -EBUSY,
			    "its driver has the mailbox, and the kernel tells nothing "
			    "of it");
	return rc ? fail(err, rc, "%s", unseen.text) : 0;
}

/* Behind a port in isolation the link may be down, and every register would be waited for. */
static bool is_isolated(const struct host *host, const struct dc_device *device)
{
	const struct root_port *port = host_root_port(host, device->root_port);

	return port && port->status & ISOLATION_STATUS_ANY_ISOLATED;
}

/* Without a driver it may be somebody's all the same. Nobody asked for its mailbox: so it is left alone. */
static int refuse_mapped(const struct sys *sys, const struct dc_device *device, struct error *err)
{
	struct mapper mapper = {0};
	int rc = mapper_of(sys, device->address, &mapper);

	if (rc < 0)
		return fail_errno(err, rc, "cannot see who uses the registers of the device");
	return rc ? fail(err, -EBUSY, "%s[%d] has the registers of the device mapped",
			 mapper.command, mapper.pid)
		  : 0;
}

static int look(const struct sys *sys, const struct host *host, const struct memdev *memdev,
		struct dc_device *device, struct error *err)
{
	int rc;

	if (memdev)
		return look_driven(sys, device, err);
	if (!host->privileged)
		return fail(err, -EACCES, "asking the device needs root");
	if (is_isolated(host, device))
		return fail(err, -EBUSY, "the port above it is in isolation");
	rc = refuse_mapped(sys, device, err);
	return rc ? rc : ask_by_mailbox(sys, device, err);
}

/* No mailbox, or none that knows these commands; or a driver that shows nothing of the kind. */
static bool has_none(int rc)
{
	return rc == -ENOENT || rc == -EOPNOTSUPP;
}

static void add(const struct sys *sys, struct host *host, const struct function *function,
		const struct memdev *memdev)
{
	struct dc_device device = {0};
	struct error err = {0};
	int rc;

	init(&device, function, memdev);
	rc = look(sys, host, memdev, &device, &err);
	if (rc)
		init(&device, function, memdev);
	if (has_none(rc))
		return;
	if (rc)
		set_unknown(&device, err.text);
	*list_add(&host->dc_devices) = device;
}

int collect_extents(const struct sys *sys, struct host *host, struct error *err)
{
	(void)err;
	list_each(function, &host->functions) {
		const struct memdev *memdev = host_memdev_at(host, function->address);

		if (function->kind != FUNCTION_MEMDEV || host_dc_device_at(host, function->address))
			continue;
		if (memdev || !function->driver[0])
			add(sys, host, function, memdev);
	}
	return 0;
}
