/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/command.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child gets its signals as any program does: ours are blocked. */
static int spawn(const char *const *command, pid_t *pid)
{
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int rc;

	sigemptyset(&none);
	sigfillset(&defaults);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	rc = posix_spawnp(pid, command[0], NULL, &attributes, (char *const *)command, environ);
	posix_spawnattr_destroy(&attributes);
	return -rc;
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* SIGCHLD is waited for with the others, so that none comes between a look and a wait. */
static int wait_and_pass_on(pid_t pid, const sigset_t *awaited)
{
	int status;

	for (;;) {
		siginfo_t info = {0};
		int signal = sigwaitinfo(awaited, &info);

		if (waitpid(pid, &status, WNOHANG) == pid)
			return status_of(status);
		/* A terminal signals the whole group, the command with us. Not reaped yet, it is ours. */
		if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL)
			kill(pid, signal);
	}
}

int command_run(const char *const *command, struct error *err)
{
	sigset_t awaited, before;
	int rc, status;
	pid_t pid;

	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGINT);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGHUP);
	signal(SIGCHLD, SIG_DFL); /* ignored, children would be reaped for us */
	sigprocmask(SIG_BLOCK, &awaited, &before);
	rc = spawn(command, &pid);
	if (rc)
		fail_errno(err, rc, "cannot run %s", command[0]);
	status = rc ? 127 : wait_and_pass_on(pid, &awaited);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}
