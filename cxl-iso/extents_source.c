/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exec/borrow.h"
#include "extents/dump.h"
#include "extents/effects.h"
#include "extents/sysfs.h"
#include "sys/lock.h"
#include "sys/util.h"

const char *const source_names[] = {"auto", "mailbox", "raw", "sysfs", "trace", NULL};

int source_choose(const char *word, enum extents_source *source, struct error *err)
{
	*source = SOURCE_AUTO;
	if (!word)
		return 0;
	for (int i = 0; source_names[i]; i++) {
		if (strcmp(source_names[i], word) == 0) {
			*source = (enum extents_source)i;
			return 0;
		}
	}
	return fail(err, -EINVAL, "--source=%s: expected auto, mailbox, raw, sysfs or trace", word);
}

static int open_transport(const struct host *host, const char *address, enum extents_source source,
			  struct transport **transport, struct error *err)
{
	const struct function *function = host_function(host, address);
	const struct memdev *memdev = host_memdev_at(host, address);
	int rc;

	if (source != SOURCE_RAW) {
		rc = transport_mailbox(&machine, address, transport, err);
		if (rc == -EBUSY && function && function->driver[0])
			hint(err, "--unbind takes it from its driver meanwhile, unless its memory "
				  "is in use");
		return rc;
	}
	if (memdev)
		return transport_raw(&machine, memdev->name, transport, err);
	fail(err, -EPERM, "%s has no driver, and raw commands go through a driver", address);
	hint(err, "--source=mailbox");
	return -EPERM;
}

/* One device that is read. */
struct job {
	const struct host *host;
	const struct extents_reading *reading;
	struct dc_device *device;
	struct dump_writer *writer;
	bool none; /* it has no dynamic capacity */
};

/* That a device does not know the command is how it says that it has no dynamic capacity. */
static int ask(struct job *job, struct transport *transport, struct error *err)
{
	struct tap tap = {job->writer ? dump_answer : NULL, job->writer}, none = {0};
	struct dc_device probe = {0};
	int rc = dc_read_configuration(transport, &none, &probe, NULL);

	record_free(&dc_device_record, &probe);
	job->none = rc == -EOPNOTSUPP;
	return job->none ? 0 : dc_read_device(transport, &tap, job->device, err);
}

static int read_device(struct job *job, enum extents_source source, struct error *err)
{
	cleanup_transport struct transport *transport = NULL;
	int rc = open_transport(job->host, job->device->address, source, &transport, err);

	return rc ? rc : ask(job, transport, err);
}

static void say(const char *text)
{
	ui_note("note: %s", text);
}

/* Nothing was asked of the device: it can not be done this way here. */
static enum status status_of(int rc)
{
	switch (rc) {
	case 0:
		return STATUS_DONE;
	case -EPERM:
	case -EBUSY:
	case -EEXIST:
	case -ENODEV:
	case -ENOENT:
	case -EOPNOTSUPP:
		return STATUS_REFUSED;
	default:
		return STATUS_FAILED;
	}
}

/* The function is given back before anything is said of what went wrong meanwhile. */
static enum status read_borrowed(struct job *job, int lock, struct error *err)
{
	cleanup_findings struct findings findings = {0};
	struct error reading = {0};
	struct borrow *borrow = NULL;
	int rc = borrow_begin(&machine, job->device->address, lock, &borrow, &findings, err);

	if (rc == -EPERM && findings.list.count)
		return (enum status)ui_refuse(&findings);
	if (rc)
		return rc == -ENOTRECOVERABLE ? STATUS_PARTIAL : status_of(rc);
	rc = read_device(job, SOURCE_MAILBOX, &reading);
	if (borrow_end(&borrow, say, err))
		return STATUS_PARTIAL;
	*err = reading;
	return rc ? STATUS_FAILED : STATUS_DONE;
}

/* What somebody who was killed had borrowed is given back first, or it would be taken for unfinished. */
static enum status read_unbound(struct job *job, int lock, struct error *err)
{
	if (borrow_give_back(&machine, say, err))
		return STATUS_PARTIAL;
	if (ui_refuse_unfinished(err))
		return STATUS_REFUSED;
	return read_borrowed(job, lock, err);
}

/* Who talks to a device holds the lock: another command could be in the midst of an answer. */
static enum status read_locked(struct job *job, enum extents_source source, struct error *err)
{
	char what[NAME_SIZE + 16];
	cleanup_fd int lock = -1;

	snprintf(what, sizeof(what), "list-extents %s", job->device->address);
	lock = lock_take(&machine, what, err);
	if (lock < 0)
		return status_of(lock);
	if (job->reading->unbind)
		return read_unbound(job, lock, err);
	return status_of(read_device(job, source, err));
}

static enum status no_source(struct dc_device *device, const char *driver)
{
	char text[sizeof(device->batches_unknown)];

	snprintf(text, sizeof(text),
		 "its driver, %s, has the mailbox and does not tell; --unbind borrows it while the "
		 "device is not in use",
		 driver);
	copy_text(device->regions_unknown, sizeof(device->regions_unknown), text);
	copy_text(device->accepted_unknown, sizeof(device->accepted_unknown), text);
	copy_text(device->batches_unknown, sizeof(device->batches_unknown), text);
	return STATUS_DONE;
}

static enum status read_auto(struct job *job, struct error *err)
{
	struct dc_device *device = job->device;
	const struct function *function = host_function(job->host, device->address);

	if (job->reading->unbind || !function || !function->driver[0])
		return read_locked(job, SOURCE_MAILBOX, err);
	if (device->memdev[0] && dc_sysfs_has(&machine, device->memdev))
		return status_of(dc_sysfs_read(&machine, device, err));
	job->none = device->memdev[0] && dc_supported(&machine, device->memdev) == 0;
	return job->none ? STATUS_DONE : no_source(device, function->driver);
}

static enum status read_by(struct job *job, struct error *err)
{
	switch (job->reading->source) {
	case SOURCE_AUTO:
		return read_auto(job, err);
	case SOURCE_SYSFS:
		return status_of(dc_sysfs_read(&machine, job->device, err));
	default:
		return read_locked(job, job->reading->source, err);
	}
}

static void identify(const struct host *host, const char *address, struct dc_device *device)
{
	const struct memdev *memdev = host_memdev_at(host, address);
	const struct function *function = host_function(host, address);

	copy_text(device->memdev, sizeof(device->memdev), memdev ? memdev->name : "");
	copy_text(device->address, sizeof(device->address), address);
	copy_text(device->root_port, sizeof(device->root_port),
		  memdev     ? memdev->root_port
		  : function ? function->root_port
			     : "");
	device->serial = memdev ? memdev->serial : function ? function->serial : UNKNOWN;
	device->extents_supported = device->extents_available = UNKNOWN;
	device->tags_supported = device->tags_available = device->lost = UNKNOWN;
}

enum status extents_read(struct host *host, const char *address,
			 const struct extents_reading *reading, struct error *err)
{
	cleanup_dump_writer struct dump_writer *writer = NULL;
	struct job job = {host, reading, list_add(&host->dc_devices), NULL, false};
	enum status status;
	int rc;

	identify(host, address, job.device);
	rc = reading->save ? dump_create(reading->save, job.device, &writer, err) : 0;
	if (rc)
		return status_of(rc);
	job.writer = writer;
	status = read_by(&job, err);
	if (job.none)
		host->dc_devices.count--; /* it owns nothing */
	if (!status && writer && dump_finish(&writer, err))
		return STATUS_FAILED;
	return status;
}
