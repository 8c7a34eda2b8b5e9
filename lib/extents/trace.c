/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tracefs/tracefs.h>

#include "sys/util.h"

#define SYSTEM	 "cxl"
#define EVENT	 "cxl_dynamic_capacity"
#define INSTANCE "cxl-iso."

struct trace {
	struct tep_handle *tep;
	struct tracefs_instance *instance;
	bool made; /* the instance is ours to remove */
	int pipe;  /* of the instance: to be waited for, never read */
	trace_handler *handler;
	void *context;
	struct error *err;
	uint64_t lost;
	int rc;
};

/* Where tracefs is mounted. libtracefs would mount it, which is not ours to do. */
static const char *tracing_directory(const struct sys *sys)
{
	static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (sys_exists(sys, "%s/instances", places[i]))
			return places[i];
	return NULL;
}

bool trace_is_there(const struct sys *sys)
{
	const char *directory = tracing_directory(sys);

	return directory && sys_exists(sys, "%s/events/" SYSTEM "/" EVENT "/format", directory);
}

/* Without root, nothing below the mount point shows: -EACCES is not "not there". */
static int look(const struct sys *sys, const char **directory, struct error *err)
{
	*directory = tracing_directory(sys);
	if (!*directory && geteuid() != 0) {
		fail(err, -EACCES, "tracing is for root alone");
		hint(err, "run this as root");
		return -EACCES;
	}
	if (!*directory) {
		fail(err, -EOPNOTSUPP,
		     "tracefs is not mounted, so the kernel's events can not be read");
		hint(err, "mount it: mount -t tracefs tracefs /sys/kernel/tracing");
		return -EOPNOTSUPP;
	}
	if (!trace_is_there(sys)) {
		fail(err, -EOPNOTSUPP,
		     "this kernel has no trace event " SYSTEM ":" EVENT
		     ": it does not handle dynamic capacity, or its module cxl_core is not loaded");
		hint(err, "a memory device without a driver is read through its mailbox");
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * Its process is dead, and its number may be another's by now. The kernel does not remove an instance
 * that is open, as that of a process is that we can not see.
 */
static bool is_left(const struct sys *sys, const char *name)
{
	char command[NAME_SIZE];
	uint64_t pid;

	if (!starts_with(name, INSTANCE) || !parse_u64(name + strlen(INSTANCE), &pid))
		return false;
	return pid == (uint64_t)getpid() ||
	       sys_read(sys, command, sizeof(command), "/proc/%" PRIu64 "/comm", pid) ||
	       strcmp(command, "cxl-iso") != 0;
}

static void remove_instance(const char *directory, const char *name)
{
	struct tracefs_instance *instance = tracefs_instance_alloc(directory, name);

	if (!instance)
		return;
	tracefs_instance_destroy(instance);
	tracefs_instance_free(instance);
}

/* What a process left that was killed. Several at a time may do this. */
static void remove_left(const struct sys *sys, const char *directory, const char *path)
{
	cleanup_names struct names names = {0};

	if (sys_list(sys, &names, NULL, "%s/instances", directory))
		return;
	for (size_t i = 0; i < names.count; i++)
		if (is_left(sys, names.items[i]))
			remove_instance(path, names.items[i]);
}

static int make_instance(struct trace *trace, struct error *err)
{
	char name[32];

	snprintf(name, sizeof(name), INSTANCE "%d", getpid());
	trace->instance = tracefs_instance_create(name);
	if (!trace->instance)
		return fail_errno(err, errno ? -errno : -EIO, "cannot make the tracefs instance %s",
				  name);
	trace->made = tracefs_instance_is_new(trace->instance);
	if (!trace->made)
		return fail(err, -EEXIST, "the tracefs instance %s is somebody else's", name);
	trace->pipe = tracefs_instance_file_open(trace->instance, "trace_pipe",
						 O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (trace->pipe < 0)
		return fail_errno(err, errno ? -errno : -EIO, "cannot open trace_pipe of %s", name);
	return 0;
}

static int count_missed(struct tep_event *event, struct tep_record *record, int cpu, void *context)
{
	struct trace *trace = context;

	(void)event, (void)cpu;
	/* Negative: some, and the kernel had no room to say how many. */
	trace->lost = add_capped(trace->lost,
				 record->missed_events > 0 ? (uint64_t)record->missed_events : 1);
	return 0;
}

/*
 * What the buffer and the event look like. tracefs_local_events() would read all symbols of the kernel
 * as well, which takes long and is good for nothing here. That the text which the kernel makes of the
 * event can not be parsed does not matter: only its fields are of interest.
 */
static int read_formats(struct trace *trace, struct error *err)
{
	int page_size = 0, size = 0;
	cleanup_free char *page =
		tracefs_instance_file_read(NULL, "events/header_page", &page_size);
	cleanup_free char *format = tracefs_event_file_read(NULL, SYSTEM, EVENT, "format", &size);

	trace->tep = tep_alloc();
	if (!trace->tep || !page || !format)
		return fail(err, -EIO, "cannot read the format of trace events");
	tep_set_file_bigendian(trace->tep, tep_is_local_bigendian(trace->tep));
	tep_parse_header_page(trace->tep, page, (unsigned long)page_size, sizeof(long));
	tep_parse_event(trace->tep, format, (unsigned long)size, SYSTEM);
	if (!tep_find_event_by_name(trace->tep, SYSTEM, EVENT))
		return fail(err, -EOPNOTSUPP,
			    "the format of the trace event " SYSTEM ":" EVENT
			    " can not be understood");
	return 0;
}

static int begin(struct trace *trace, struct error *err)
{
	int rc = read_formats(trace, err);

	if (rc)
		return rc;
	if (tracefs_event_enable(trace->instance, SYSTEM, EVENT))
		return fail_errno(err, errno ? -errno : -EIO,
				  "cannot enable the trace event " SYSTEM ":" EVENT);
	if (tracefs_event_is_enabled(trace->instance, SYSTEM, EVENT) != TRACEFS_ALL_ENABLED)
		return fail(err, -EIO,
			    "the trace event " SYSTEM ":" EVENT
			    " stays off, and no error was told");
	if (tracefs_follow_missed_events(trace->instance, count_missed, trace))
		return fail(err, -EIO, "cannot watch for lost trace events");
	return 0;
}

int trace_open(const struct sys *sys, struct trace **out, struct error *err)
{
	cleanup_trace struct trace *trace = xcalloc(1, sizeof(*trace));
	char path[PATH_MAX];
	const char *directory;
	int rc = look(sys, &directory, err);

	trace->pipe = -1;
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s%s", sys->root, directory);
	if (tracefs_set_tracing_dir(path))
		return fail(err, -ENOMEM, "cannot use %s", path);
	remove_left(sys, directory, path);
	if ((rc = make_instance(trace, err)) || (rc = begin(trace, err)))
		return rc;
	*out = trace;
	trace = NULL;
	return 0;
}

void trace_close(struct trace **trace_at)
{
	struct trace *trace = *trace_at;

	if (!trace)
		return;
	close_fd(&trace->pipe); /* it can not be removed while it is open */
	if (trace->made)
		tracefs_instance_destroy(trace->instance);
	if (trace->instance)
		tracefs_instance_free(trace->instance);
	tep_free(trace->tep);
	free(trace);
	*trace_at = NULL;
}

int trace_descriptor(const struct trace *trace)
{
	return trace->pipe;
}

static int take(struct tep_event *event, struct tep_record *record, int cpu, void *context)
{
	struct trace *trace = context;
	struct trace_event decoded;

	(void)cpu;
	if (trace->rc || strcmp(event->name, EVENT) != 0 || record->size < 0)
		return 0;
	trace_decode(&decoded, event, record->data, (size_t)record->size);
	trace->rc = trace->handler(trace->context, &decoded, trace->err);
	return trace->rc;
}

int trace_read(struct trace *trace, trace_handler *handler, void *context, uint64_t *lost,
	       struct error *err)
{
	int rc;

	trace->handler = handler;
	trace->context = context;
	trace->err = err;
	trace->lost = 0;
	trace->rc = 0;
	rc = tracefs_iterate_raw_events(trace->tep, trace->instance, NULL, 0, take, trace);
	*lost = trace->lost;
	if (trace->rc)
		return trace->rc;
	return rc < 0 ? fail(err, -EIO, "cannot read trace events") : 0;
}
