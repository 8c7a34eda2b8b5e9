/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw commands of the kernel (CONFIG_CXL_MEM_RAW_COMMANDS, off in most distributions). The first one in
 * a boot is a WARN with a stack trace in the kernel's log, and taints it: drivers/cxl/core/mbox.c. So
 * nothing is sent before it is clear that the host survives that.
 */
#include "extents/transport.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <cxl/libcxl.h>

#include "extents/sysfs.h"
#include "sys/util.h"

/* The least that a mailbox has (CXL 3.1 8.2.8.4.3), and the most. */
#define PAYLOAD_MIN 256
#define PAYLOAD_MAX (1 << 20)

struct raw_transport {
	struct transport transport;
	struct cxl_ctx *context;
	struct cxl_memdev *memdev;
	char *name;
};

static void unref_command(struct cxl_cmd **command)
{
	if (*command)
		cxl_cmd_unref(*command);
}
#define cleanup_command __attribute__((cleanup(unref_command)))

/* ---- what a WARN would do to the host ---- */

static int would_panic(struct error *err, const char *why)
{
	hint(err, "read the device through its mailbox: --unbind");
	return fail(err, -EPERM,
		    "the first raw command of a boot makes the kernel warn, and so panic: %s", why);
}

/* Linux 6.2 counts warnings, and may be told how many are too many: kernel/panic.c. */
static bool is_last_warning(const struct sys *sys)
{
	uint64_t limit, count;

	if (sys_read_u64(sys, &limit, "/proc/sys/kernel/warn_limit") || !limit)
		return false;
	return sys_read_u64(sys, &count, "/sys/kernel/warn_count") || count + 1 >= limit;
}

static int check_warning(const struct sys *sys, struct error *err)
{
	uint64_t panics;

	if (sys_read_u64(sys, &panics, "/proc/sys/kernel/panic_on_warn"))
		return would_panic(err, "kernel.panic_on_warn cannot be read");
	if (panics)
		return would_panic(err, "kernel.panic_on_warn is set");
	if (is_last_warning(sys))
		return would_panic(err, "kernel.warn_limit is reached by it");
	return 0;
}

/* ---- one command ---- */

/* What the kernel says if it got no answer of the device: drivers/cxl/pci.c, core/memdev.c. */
static int submit_error(const struct raw_transport *self, int rc, struct error *err)
{
	switch (rc) {
	case -EPERM:
	case -EACCES:
		hint(err, "see whether the kernel is locked down: /sys/kernel/security/lockdown");
		return fail(err, -EPERM, "the kernel does not permit raw commands to %s",
			    self->name);
	case -EBUSY:
		return fail(err, rc, "the mailbox of %s is busy with another command", self->name);
	case -ETIMEDOUT:
		return fail(err, rc, "%s did not answer in time: what became of it is unknown",
			    self->name);
	case -ENXIO:
	case -ENODEV:
	case -ENOENT:
		return fail(err, -ENODEV, "%s has gone, or has lost its driver", self->name);
	}
	return fail(err, -EIO, "the kernel could not send a raw command to %s: %s", self->name,
		    strerror(-rc));
}

static int prepare(struct raw_transport *self, uint16_t opcode, const void *in, size_t in_size,
		   void *out, size_t out_max, struct cxl_cmd **command, struct error *err)
{
	if (in_size > self->transport.payload_max)
		return fail(err, -EMSGSIZE, "a command of %zu bytes is longer than %s takes: %zu",
			    in_size, self->name, self->transport.payload_max);
	if (out_max > self->transport.payload_max)
		out_max = self->transport.payload_max;
	*command = cxl_cmd_new_raw(self->memdev, opcode);
	if (!*command)
		return submit_error(self, -ENXIO, err);
	/* libcxl does not write there. */
	if ((in_size && cxl_cmd_set_input_payload(*command, (void *)in, (int)in_size)) ||
	    (out_max && cxl_cmd_set_output_payload(*command, out, (int)out_max)))
		return fail(err, -EIO, "libcxl does not take a command of %zu bytes to %s", in_size,
			    self->name);
	return 0;
}

static int send_raw(struct transport *transport, uint16_t opcode, const void *in, size_t in_size,
		    void *out, size_t out_max, size_t *out_size, struct error *err)
{
	struct raw_transport *self = (struct raw_transport *)transport;
	cleanup_command struct cxl_cmd *command = NULL;
	int rc = prepare(self, opcode, in, in_size, out, out_max, &command, err);

	*out_size = 0;
	if (rc)
		return rc;
	rc = cxl_cmd_submit(command);
	if (rc < 0)
		return submit_error(self, rc, err);
	rc = transport_code(transport, opcode, (unsigned int)cxl_cmd_get_mbox_status(command), err);
	if (rc)
		return rc;
	rc = out_max ? cxl_cmd_get_out_size(command) : 0;
	if (rc < 0 || (size_t)rc > out_max)
		return fail(err, -EBADMSG, "%s answered with %d bytes where %zu are expected",
			    self->name, rc, out_max);
	*out_size = (size_t)rc;
	return 0;
}

/* ---- to the device and back ---- */

static void close_raw(struct transport *transport)
{
	struct raw_transport *self = (struct raw_transport *)transport;

	if (self->context)
		cxl_unref(self->context);
	free(self->name);
	free(self);
}

static int find_memdev(struct raw_transport *self, struct error *err)
{
	struct cxl_memdev *memdev;

	cxl_memdev_foreach(self->context, memdev)
		if (strcmp(cxl_memdev_get_devname(memdev), self->name) == 0)
			self->memdev = memdev;
	return self->memdev ? 0
			    : fail(err, -ENODEV,
				   "there is no memory device %s, or it has no driver", self->name);
}

/* libcxl knows it, and has no function that tells. */
static int read_payload_max(const struct sys *sys, struct raw_transport *self, struct error *err)
{
	uint64_t size;
	int rc = sys_read_u64(sys, &size, "/sys/bus/cxl/devices/%s/payload_max", self->name);

	if (rc)
		return fail(err, -EIO, "cannot read how much the mailbox of %s takes: %s",
			    self->name, strerror(-rc));
	if (size < PAYLOAD_MIN || size > PAYLOAD_MAX)
		return fail(err, -EBADMSG,
			    "%s says that its mailbox takes %" PRIu64 " bytes, expected %d to %d",
			    self->name, size, PAYLOAD_MIN, PAYLOAD_MAX);
	self->transport.payload_max = (size_t)size;
	return 0;
}

/*
 * A kernel without the option does not list raw commands among those that it knows, and libcxl asks
 * for that list first. Nothing is sent for that.
 */
static int check_option(const struct raw_transport *self, struct error *err)
{
	cleanup_command struct cxl_cmd *command = NULL;

	errno = 0;
	command = cxl_cmd_new_raw(self->memdev, OPCODE_GET_CONFIGURATION);
	if (command)
		return 0;
	if (errno == EACCES || errno == EPERM)
		return fail(err, -EPERM, "raw commands to %s need root", self->name);
	hint(err, "read the device through its mailbox: --unbind");
	return fail(err, -EOPNOTSUPP,
		    "the kernel was built without raw commands (CONFIG_CXL_MEM_RAW_COMMANDS)");
}

static int open_raw(const struct sys *sys, struct raw_transport *self, struct error *err)
{
	int rc = cxl_new(&self->context);

	if (rc)
		return fail_errno(err, rc, "cannot use libcxl");
	cxl_set_log_priority(self->context, LOG_EMERG);
	rc = find_memdev(self, err);
	if (!rc)
		rc = read_payload_max(sys, self, err);
	return rc ? rc : check_option(self, err);
}

int transport_raw(const struct sys *sys, const char *memdev, struct transport **transport,
		  struct error *err)
{
	struct raw_transport *self;
	int rc = check_warning(sys, err);

	if (!rc && dc_sysfs_kernel_handles(sys))
		rc = fail(err, -EOPNOTSUPP,
			  "the kernel handles dynamic capacity itself: behind its back, it and the "
			  "device would disagree");
	if (rc)
		return rc;
	self = xcalloc(1, sizeof(*self));
	self->name = xstrdup(memdev);
	self->transport = (struct transport){
		.source = "raw",
		.name = self->name,
		.command = send_raw,
		.close = close_raw,
	};
	rc = open_raw(sys, self, err);
	if (rc)
		close_raw(&self->transport);
	else
		*transport = &self->transport;
	return rc;
}
