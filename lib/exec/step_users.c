/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Get the users of a devdax device to end. Unbinding it would revoke their mappings, and kill them
 * with SIGBUS at their next access.
 */
#include "exec/engine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "collect/collect.h"
#include "collect/mounts.h"
#include "collect/process.h"
#include "exec/hook_context.h"
#include "sys/stop.h"
#include "sys/util.h"

#define LOOK_AGAIN_MS 200
#define KILL_MS	      10000 /* for the kernel to be done with who got SIGKILL */

/* A process that was told to end, held by its pidfd: numbers are given to others. */
struct told {
	int pid;
	int pidfd;
	int signal; /* 0: by a hook; -1: not yet */
};

struct stopping {
	struct engine *engine;
	const char *dax;
	uint64_t grace_end, end; /* of now_ms() */
	LIST(struct told) told;
};

static void stopping_free(struct stopping *s)
{
	list_each(told, &s->told)
		close_fd(&told->pidfd);
	free(s->told.items);
}

/* ---- who uses it ---- */

static int refuse_mounts(struct engine *engine, const char *dax, struct error *err)
{
	cleanup_host struct host now = {0};

	collect_mounts(engine->sys, &now);
	list_each(mount, &now.mounts) {
		if (strcmp(mount->source, dax) != 0)
			continue;
		fail(err, -EBUSY, "%s is mounted on %s (%s)", dax,
		     mount->path ? mount->path : "an unknown path", mount->type);
		hint(err, "umount /dev/%s", dax);
		return -EBUSY;
	}
	return 0;
}

static int look(struct engine *engine, const char *dax, struct host *now, struct error *err)
{
	bool complete = true;
	int rc = collect_users_in_full(engine->sys, dax, engine->before, now, &complete);

	if (rc)
		return fail_errno(err, rc, "cannot look for users of %s", dax);
	if (!complete)
		return fail(err, -EPERM, "some processes hide whether they use %s", dax);
	return refuse_mounts(engine, dax, err);
}

/* "store[77] uses /dev/dax0.0 now; 2 more do so" */
static int say_users(const struct stopping *s, const struct host *now, const char *how,
		     struct error *err)
{
	char others[32] = "";

	if (now->users.count > 1)
		snprintf(others, sizeof(others), "; %zu more %s so", now->users.count - 1,
			 now->users.count == 2 ? "does" : "do");
	return fail(err, -EBUSY, "%s[%d] %s /dev/%s%s", now->processes.items[0].command,
		    now->users.items[0].pid, how, s->dax, others);
}

static int say_left(const struct stopping *s, const struct host *now, struct error *err)
{
	static const char *const hints[] = {
		[USERS_REFUSE] = "end it, or let that be done: --users=wait, term or kill",
		[USERS_WAIT] = "--grace gives it more time; --users=term ends it",
		[USERS_TERM] = "--grace gives it more time; --users=kill ends it by SIGKILL",
		[USERS_KILL] = "what does not end by SIGKILL hangs in the kernel; a guest that is "
			       "left to hooks has to be ended by these",
	};
	int users = s->engine->plan->manner.users;

	say_users(s, now, users == USERS_REFUSE ? "uses" : "still uses", err);
	hint(err, "%s", hints[users]);
	return -EBUSY;
}

/* ---- who must not be stopped ---- */

static int parent_of(const struct sys *sys, int pid)
{
	cleanup_process struct process_handle handle = NO_PROCESS;
	cleanup_free char *status = NULL;
	const char *line;
	int parent;

	if (process_open(sys, pid, &handle))
		return 0;
	status = process_text(&handle, "status");
	line = status ? strstr(status, "\nPPid:") : NULL;
	return line && sscanf(line, "\nPPid: %d", &parent) == 1 ? parent : 0;
}

/* With it we would end, or have nobody any more who waits for us. */
static bool is_ours(const struct sys *sys, int pid)
{
	int at = getpid();

	while (at > 0 && at != pid)
		at = parent_of(sys, at);
	return at == pid;
}

static int refuse_protected(const struct stopping *s, const struct host *now, struct error *err)
{
	list_each(process, &now->processes) {
		bool is_init = process->pid == 1;

		if (!is_init && !is_ours(s->engine->sys, process->pid))
			continue;
		fail(err, -EBUSY, "%s[%d] uses /dev/%s, and is %s", process->command, process->pid,
		     s->dax,
		     is_init			? "the first process"
		     : process->pid == getpid() ? "this program itself"
						: "what started this program");
		hint(err, "it is never signalled: have it close the device");
		return -EBUSY;
	}
	return 0;
}

/* ---- telling them to end ---- */

static bool has_ended(const struct told *told)
{
	struct pollfd ended = {told->pidfd, POLLIN, 0};

	return poll(&ended, 1, 0) > 0;
}

/* Whether this process, not another that had its number before, was told to end. */
static struct told *find_told(struct stopping *s, int pid)
{
	list_each(told, &s->told)
		if (told->pid == pid && !has_ended(told))
			return told;
	return NULL;
}

/*
 * The process that has the number now, and uses the device: first taken hold of, then looked at.
 * NULL, and *@rc 0, if it is gone or does not use it any more.
 */
static struct told *take_hold(struct stopping *s, const struct process *process, int *rc,
			      struct error *err)
{
	struct told *told = find_told(s, process->pid);
	int pidfd = -1;

	*rc = 0;
	if (!told) {
		pidfd = pidfd_open(process->pid, 0);
		if (pidfd < 0 && errno != ESRCH)
			*rc = fail_errno(err, -errno, "cannot take hold of %s[%d]",
					 process->command, process->pid);
		if (pidfd < 0)
			return NULL;
		told = list_add(&s->told);
		*told = (struct told){process->pid, pidfd, -1};
	}
	return collect_is_user(s->engine->sys, s->dax, process->pid) ? told : NULL;
}

static int send_signal(struct stopping *s, const struct process *process, int signal,
		       struct error *err)
{
	int rc;
	struct told *told = take_hold(s, process, &rc, err);

	if (!told || told->signal == signal)
		return rc;
	if (pidfd_send_signal(told->pidfd, signal, NULL, 0) && errno != ESRCH)
		return fail_errno(err, -errno, "cannot signal %s[%d]", process->command,
				  process->pid);
	told->signal = signal;
	return 0;
}

/* Processes that run a virtual machine; not all have a name that can be seen. */
static bool is_guest(const struct process *process)
{
	return process->guest[0] || starts_with(process->command, "qemu-system-");
}

static int run_guest_hooks(struct stopping *s, const struct process *process,
			   const struct host *now, struct error *err)
{
	int rc;
	struct told *told = take_hold(s, process, &rc, err);

	if (!told || told->signal == 0)
		return rc;
	told->signal = 0;
	return hooks_announce(s->engine,
			      &(struct hook_context){
				      .event = "stop-guest",
				      .users = now,
				      .guest = process,
			      },
			      err);
}

static int tell_one(struct stopping *s, const struct process *process, const struct host *now,
		    struct error *err)
{
	bool over = s->engine->plan->manner.users == USERS_KILL && now_ms() >= s->grace_end;

	if (is_guest(process) && has_hooks(s->engine->before, "stop-guest"))
		return over ? say_left(s, now, err) : run_guest_hooks(s, process, now, err);
	return send_signal(s, process, over ? SIGKILL : SIGTERM, err);
}

static int tell(struct stopping *s, const struct host *now, struct error *err)
{
	int users = s->engine->plan->manner.users;
	int rc = 0;

	if (users == USERS_WAIT)
		return 0;
	rc = refuse_protected(s, now, err);
	list_each(process, &now->processes)
		if (!rc)
			rc = tell_one(s, process, now, err);
	return rc;
}

/* ---- the step ---- */

/* 0 if nobody uses the device, 1 if somebody may end yet. */
static int go_round(struct stopping *s, struct error *err)
{
	cleanup_host struct host now = {0};
	int rc = look(s->engine, s->dax, &now, err);

	if (rc || !now.users.count)
		return rc;
	if (stop_requested())
		return fail(err, -EINTR, "stopped by a signal");
	if (now_ms() >= s->end)
		return say_left(s, &now, err);
	rc = tell(s, &now, err);
	return rc ? rc : 1;
}

static int observe_stop(struct engine *engine, const struct step *step, bool *done,
			struct error *err)
{
	cleanup_host struct host now = {0};
	int rc = look(engine, step->object, &now, err);

	*done = !rc && !now.users.count;
	return rc;
}

static int act_stop(struct engine *engine, const struct step *step, struct error *err)
{
	const struct manner *manner = &engine->plan->manner;
	uint64_t grace_end = now_ms() + (manner->users == USERS_REFUSE ? 0 : manner->grace_ms);
	__attribute__((cleanup(stopping_free))) struct stopping s = {
		.engine = engine,
		.dax = step->object,
		.grace_end = grace_end,
		.end = grace_end + (manner->users == USERS_KILL ? KILL_MS : 0),
	};
	int rc;

	while ((rc = go_round(&s, err)) > 0)
		sleep_ms(LOOK_AGAIN_MS);
	return rc;
}

const struct step_ops step_stop_users = {observe_stop, act_stop};
