/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device without driver is read through its mailbox, again and again; what the kernel handles is
 * traced. The lock is held while a log is read and not between, so that it can be answered meanwhile; a
 * device that is borrowed keeps it, as it has to.
 */
#include "follow.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "exec/borrow.h"
#include "extents/commands.h"
#include "extents/trace.h"
#include "sys/lock.h"
#include "sys/stop.h"
#include "sys/util.h"

#define COALESCE_MS 50 /* records of a chain come one by one */

/* A device whose log is read. */
struct polled {
	struct dc_device who; /* memdev, address and serial */
	struct follow *follow;
};

struct run {
	const struct follow_request *request;
	const struct host *host;
	struct follow_sink sink;
	LIST(struct polled) polled;
	struct trace *trace; /* NULL: nothing is traced */
	struct follow_trace *traced;
	struct borrow *borrow;
	int lock; /* that --unbind holds all the time; -1 */
	int stop; /* readable once a signal came */
	uint64_t next;
};

static bool is_chosen(const struct follow_request *request, const char *address)
{
	for (size_t i = 0; i < request->count; i++)
		if (strcmp(request->addresses[i], address) == 0)
			return true;
	return request->count == 0;
}

static bool source_is(const struct follow_request *request, const char *source)
{
	return !request->source || strcmp(request->source, source) == 0;
}

/* ---- what is told ---- */

/* The reader has gone, which is no failure of ours: what it left unread is dropped. */
static int forget_output(void)
{
	__fpurge(stdout);
	clearerr(stdout);
	return -EPIPE;
}

/* -EPIPE: nobody reads any more. */
static int print(void *context, const struct follow_event *event, struct error *err)
{
	const struct run *run = context;

	if (run->request->pending && event->batch && !batch_is_offer(event->batch))
		return 0;
	errno = 0;
	follow_print(event);
	if (fflush(stdout) || ferror(stdout))
		return errno == EPIPE ? forget_output()
				      : fail_errno(err, errno ? -errno : -EIO, "cannot write");
	return 0;
}

/* The kernel traces all devices; one that was not asked for is passed over. */
static int take_traced(void *context, const struct trace_event *event, struct error *err)
{
	struct run *run = context;

	if (event->address[0] && !is_chosen(run->request, event->address))
		return 0;
	return follow_trace_add(run->traced, event, now_ms(), err);
}

/* ---- looking ---- */

static int read_device(const struct polled *polled, struct dc_device *device, struct error *err)
{
	cleanup_transport struct transport *transport = NULL;
	const struct tap none = {0};
	int rc = transport_mailbox(&machine, polled->who.address, &transport, err);

	copy_text(device->memdev, sizeof(device->memdev), polled->who.memdev);
	copy_text(device->address, sizeof(device->address), polled->who.address);
	device->serial = polled->who.serial;
	if (!rc)
		rc = dc_read_device(transport, &none, device, err);
	if (!rc && device->batches_unknown[0])
		rc = fail(err, -EIO, "%s", device->batches_unknown);
	return rc;
}

/* While somebody else has the lock, nothing is read: what changes meanwhile shows the next time. */
static int look(const struct run *run, const struct polled *polled, struct error *err)
{
	struct dc_device device = {0};
	struct error reason = {0};
	cleanup_fd int lock = -1;
	int rc;

	if (run->lock < 0)
		lock = lock_take(&machine, "list-extents --follow", &reason);
	if (run->lock < 0 && lock == -EBUSY)
		return 0;
	rc = run->lock < 0 && lock < 0 ? lock : read_device(polled, &device, &reason);
	if (rc)
		rc = follow_away(polled->follow, &polled->who, reason.text, err);
	else
		rc = follow_update(polled->follow, &device, err);
	record_free(&dc_device_record, &device);
	return rc;
}

static int look_at_all(struct run *run, struct error *err)
{
	int rc = 0;

	list_each(polled, &run->polled)
		if (!rc)
			rc = look(run, polled, err);
	run->next = now_ms() + 1000ull * run->request->interval;
	return rc;
}

static int read_trace(struct run *run, struct error *err)
{
	uint64_t lost;
	int rc = trace_read(run->trace, take_traced, run, &lost, err);

	return !rc && lost ? follow_trace_lost(run->traced, lost, err) : rc;
}

/* ---- waiting ---- */

static int milliseconds_left(const struct run *run, int settle)
{
	uint64_t now = now_ms();
	int left = run->next > now ? (int)(run->next - now) : 0;

	if (!run->polled.count)
		return settle;
	return settle >= 0 && settle < left ? settle : left;
}

/* Until something is traced, it is time to look again, or it is over: 1. */
static int wait_for_more(const struct run *run, int milliseconds)
{
	struct pollfd fds[] = {
		{.fd = run->stop, .events = POLLIN},
		{.fd = fileno(stdout)}, /* its reader went away */
		{.fd = run->trace ? trace_descriptor(run->trace) : -1, .events = POLLIN},
	};

	if (poll(fds, 2, 0) <= 0 && poll(fds, ARRAY_SIZE(fds), milliseconds) > 0 &&
	    !fds[0].revents && !fds[1].revents)
		poll(fds, 2, COALESCE_MS);
	return stop_requested() || fds[0].revents || fds[1].revents;
}

static int watch(struct run *run, struct error *err)
{
	int rc = look_at_all(run, err), settle = -1;

	while (!rc && !wait_for_more(run, milliseconds_left(run, settle))) {
		if (run->trace)
			rc = read_trace(run, err);
		if (!rc && run->traced)
			rc = follow_trace_settle(run->traced, now_ms(), &settle, err);
		if (!rc && run->polled.count && now_ms() >= run->next)
			rc = look_at_all(run, err);
	}
	/* What came last is not dropped. */
	if (!rc && run->trace && !(rc = read_trace(run, err)))
		rc = follow_trace_flush(run->traced, err);
	return rc;
}

/* ---- beginning ---- */

static void add_polled(struct run *run, const struct function *function)
{
	const struct memdev *memdev = host_memdev_at(run->host, function->address);
	struct polled *polled = list_add(&run->polled);

	if (memdev && !run->borrow)
		copy_text(polled->who.memdev, sizeof(polled->who.memdev), memdev->name);
	copy_text(polled->who.address, sizeof(polled->who.address), function->address);
	copy_text(polled->who.source, sizeof(polled->who.source), "mailbox");
	polled->who.serial = memdev ? memdev->serial : function->serial;
	polled->follow = follow_new(&run->sink);
}

static int open_trace(struct run *run, struct error *err)
{
	int rc = run->trace ? 0 : trace_open(&machine, &run->trace, err);

	if (!rc && !run->traced)
		run->traced = follow_trace_new(&run->sink);
	return rc;
}

static int refuse_driven(const struct follow_request *request, const struct function *function,
			 struct error *err)
{
	fail(err, -EOPNOTSUPP, "the log of %s can not be read: it has a driver, %s%s",
	     function->address, function->driver,
	     request->source ? "" : ", and this kernel does not trace dynamic capacity");
	hint(err, "--unbind takes it from its driver meanwhile, unless its memory is decoded");
	return -EOPNOTSUPP;
}

/* Named devices are followed, or it is refused; of all others, those that can be. */
static int add_function(struct run *run, const struct function *function, struct error *err)
{
	const struct follow_request *request = run->request;
	bool driven = function->driver[0] && !run->borrow;

	if (!driven && source_is(request, "mailbox")) {
		add_polled(run, function);
		return 0;
	}
	if (driven && source_is(request, "trace") && (request->source || trace_is_there(&machine)))
		return open_trace(run, err);
	if (!driven) {
		fail(err, -EOPNOTSUPP, "%s has no driver: nothing of it is traced",
		     function->address);
		return request->count ? -EOPNOTSUPP : 0;
	}
	return request->count ? refuse_driven(request, function, err) : 0;
}

static void note(const char *text)
{
	ui_note("note: %s", text);
}

/* As for list-extents --unbind: what was cut short goes first. */
static int borrow(struct run *run, struct findings *findings, struct error *err)
{
	int rc;

	if (run->request->count != 1)
		return fail(err, -EINVAL, "--unbind with --follow: expected one MEMDEV");
	run->lock = lock_take(&machine, "list-extents --follow --unbind", err);
	if (run->lock < 0)
		return run->lock;
	rc = borrow_give_back(&machine, note, err);
	if (!rc)
		rc = ui_refuse_unfinished(err);
	return rc ? rc
		  : borrow_begin(&machine, run->request->addresses[0], run->lock, &run->borrow,
				 findings, err);
}

static int add_functions(struct run *run, struct error *err)
{
	int rc = 0;

	list_each(function, &run->host->functions)
		if (!rc && function->kind == FUNCTION_MEMDEV &&
		    is_chosen(run->request, function->address))
			rc = add_function(run, function, err);
	if (!rc && !run->polled.count && !run->trace)
		/* Nobody to be polled: only the trace could tell of whatever comes. */
		rc = source_is(run->request, "trace")
			     ? open_trace(run, err)
			     : fail(err, -ENODEV, "no memory device is without driver");
	return rc;
}

static void end(struct run *run)
{
	list_each(polled, &run->polled)
		follow_free(&polled->follow);
	free(run->polled.items);
	follow_trace_free(&run->traced);
	trace_close(&run->trace);
	close_fd(&run->stop);
}

static int give_back(struct run *run, int status)
{
	struct error err = {0};
	int rc = run->borrow ? borrow_end(&run->borrow, note, &err) : 0;

	close_fd(&run->lock);
	return rc ? ui_fail(rc == -ENOTRECOVERABLE ? STATUS_PARTIAL : STATUS_FAILED, &err) : status;
}

/* What could not be begun was refused; nothing was touched. */
static int begin(struct run *run, int *status, struct error *err)
{
	cleanup_findings struct findings findings = {0};
	int rc = run->request->unbind ? borrow(run, &findings, err) : 0;

	if (rc == -EPERM && findings.list.count) {
		*status = ui_refuse(&findings);
		return rc;
	}
	if (!rc)
		rc = add_functions(run, err);
	if (rc)
		*status = ui_fail(rc == -EINVAL		   ? STATUS_USAGE
				  : rc == -ENOTRECOVERABLE ? STATUS_PARTIAL
							   : STATUS_REFUSED,
				  err);
	return rc;
}

int follow_run(const struct host *host, const struct follow_request *request)
{
	struct run run = {.request = request, .host = host, .lock = -1, .stop = -1};
	struct error err = {0};
	int status = STATUS_DONE, rc;

	run.sink = (struct follow_sink){print, &run};
	stop_on_signals();
	run.stop = stop_descriptor();
	rc = begin(&run, &status, &err);
	if (!rc) {
		rc = watch(&run, &err);
		if (rc && rc != -EPIPE)
			status = ui_fail(STATUS_FAILED, &err);
	}
	end(&run);
	return give_back(&run, status);
}
