/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/hooks.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/hooks.h"
#include "model/record.h"
#include "sys/stop.h"
#include "sys/util.h"

/* How long a hook has to clean up after SIGTERM. */
#define LAST_CHANCE_MS 5000

/* Opened while it was checked, so that what was checked is what runs. */
struct program {
	char path[PATH_MAX];
	int fd;
};

typedef LIST(struct program) program_list;

static void close_programs(program_list *programs)
{
	list_each(program, programs)
		close_fd(&program->fd);
	free(programs->items);
}

static int open_programs(const struct sys *sys, const char *event, program_list *programs,
			 struct error *err)
{
	cleanup_names struct names names = {0};
	int rc = hooks_list(sys, event, &names, NULL);

	if (rc)
		return fail_errno(err, rc, "cannot read " HOOKS "/%s.d", event);
	for (size_t i = 0; i < names.count; i++) {
		struct program *program = list_add(programs);

		hook_path(program->path, event, names.items[i]);
		program->fd = hook_open(sys, program->path, err);
		if (program->fd < 0)
			return program->fd;
	}
	return 0;
}

/* A file and no pipe: who does not read it, or dies half-way, hinders nobody. */
static int open_document(const char *text)
{
	size_t length = strlen(text), used = 0;
	int fd = memfd_create("cxl-iso-hook", MFD_CLOEXEC);

	while (fd >= 0 && used < length) {
		ssize_t written = pwrite(fd, text + used, length - used, (off_t)used);

		if (written < 0) {
			int rc = -errno;

			close(fd);
			return rc;
		}
		used += (size_t)written;
	}
	return fd < 0 ? -errno : fd;
}

/* Signals as any program has them, and a group of its own: what a terminal sends to ours is none
 * of its business. */
static void set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						     POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setpgroup(attributes, 0);
}

/*
 * Executed by its descriptor: of a script the kernel gives that path to the interpreter, which opens
 * it once more, so the descriptor has to survive; nothing else of ours may, the lock least of all.
 * /proc/self/fd and not fexecve(), whose /dev/fd is made by udev and may not be there.
 */
#define PROGRAM_FD   3
#define PROGRAM_PATH "/proc/self/fd/3"

static int spawn(const struct program *program, const struct hook_run *run, int input, pid_t *pid)
{
	char *const arguments[] = {(char *)program->path, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	mode_t mask;
	int rc;

	posix_spawnattr_init(&attributes);
	set_attributes(&attributes);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, program->fd, PROGRAM_FD);
	posix_spawn_file_actions_addclosefrom_np(&actions, PROGRAM_FD + 1);
	posix_spawn_file_actions_addchdir_np(&actions, "/");
	mask = umask(077);
	rc = posix_spawn(pid, PROGRAM_PATH, &actions, &attributes, arguments, run->environment);
	umask(mask);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -rc;
}

static int start(const struct program *program, const struct hook_run *run, pid_t *pid,
		 struct error *err)
{
	cleanup_fd int input = open_document(run->document);
	int rc;

	if (input < 0)
		return fail_errno(err, input, "cannot tell %s what it is run for", program->path);
	rc = spawn(program, run, input, pid);
	if (rc)
		fail_errno(err, rc, "cannot run %s", program->path);
	if (rc == -ENOEXEC)
		hint(err, "the first line of a script names what runs it: #!/bin/sh");
	return rc;
}

/* Not reaped yet: its number, and that of its group, can not have become another's. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == pid;
}

/* SIGCHLD is blocked, so that none comes between a look and a wait. 0 milliseconds: no limit. */
static bool ends_within(pid_t pid, uint64_t milliseconds)
{
	uint64_t end = now_ms() + milliseconds, now;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (!has_ended(pid)) {
		struct timespec left = {60, 0};

		now = now_ms();
		if (milliseconds && now >= end)
			return false;
		if (milliseconds && end - now < 60000)
			left = (struct timespec){(time_t)((end - now) / 1000),
						 (long)((end - now) % 1000 * 1000000)};
		sigtimedwait(&child, NULL, &left);
	}
	return true;
}

static void end_group(pid_t pid)
{
	kill(-pid, SIGTERM);
	ends_within(pid, LAST_CHANCE_MS);
	kill(-pid, SIGKILL);
}

static int judge(const struct program *program, int status, struct error *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		fail(err, -EIO, "the hook %s was killed by signal %d (%s)", program->path,
		     WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		fail(err, -EIO, "the hook %s ended with exit status %d", program->path,
		     WEXITSTATUS(status));
	hint(err, "what it printed is above; mend what it complains of and try again");
	return -EIO;
}

static int say_late(const struct program *program, uint64_t milliseconds, struct error *err)
{
	fail(err, -ETIMEDOUT, "the hook %s did not end within %.4g s, and was killed",
	     program->path, (double)milliseconds / 1000);
	hint(err, "--hook-timeout gives it more time");
	return -ETIMEDOUT;
}

static int run_one(const struct program *program, const struct hook_run *run, struct error *err)
{
	bool in_time;
	int rc, status;
	pid_t pid;

	rc = start(program, run, &pid, err);
	if (rc)
		return rc;
	in_time = ends_within(pid, run->timeout_ms);
	if (!in_time)
		end_group(pid);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return in_time ? judge(program, status, err) : say_late(program, run->timeout_ms, err);
}

static int run_all(const program_list *programs, const struct hook_run *run, struct error *err)
{
	int rc = 0;

	list_each(program, programs) {
		if (run->stoppable && stop_requested())
			return fail(err, -EINTR, "stopped by a signal");
		rc = run_one(program, run, err);
		if (rc)
			break;
	}
	return rc;
}

int hooks_run(const struct sys *sys, const struct hook_run *run, struct error *err)
{
	__attribute__((cleanup(close_programs))) program_list programs = {0};
	sigset_t child, before;
	int rc = open_programs(sys, run->event, &programs, err);

	if (rc)
		return rc;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	signal(SIGCHLD, SIG_DFL); /* ignored, children would be reaped for us */
	sigprocmask(SIG_BLOCK, &child, &before);
	rc = run_all(&programs, run, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}
