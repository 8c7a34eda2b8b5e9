/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/util.h"

/* Whoever reads what the parent prints must not wait for us. */
static void go_silent(int link, int lock)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		if (fd != link && fd != lock)
			dup2(null, fd);
}

static void close_between(int below, int above)
{
	if (above > below + 1)
		close_range((unsigned int)below + 1, (unsigned int)above - 1, 0);
}

/* Other guardians' links among them: they would take the parent for alive as long as we are. */
static void close_others(int link, int lock)
{
	int low = link < lock ? link : lock, high = link < lock ? lock : link;

	close_between(STDERR_FILENO, low);
	close_between(low > STDERR_FILENO ? low : STDERR_FILENO, high);
	close_between(high > STDERR_FILENO ? high : STDERR_FILENO, INT_MAX);
}

/* One byte: all is well. The end: the other side is dead. */
static bool hears(int link)
{
	ssize_t got;
	char byte;

	do
		got = recv(link, &byte, 1, 0);
	while (got < 0 && errno == EINTR);
	return got == 1;
}

static bool tells(int link)
{
	return send(link, "", 1, MSG_NOSIGNAL) == 1;
}

static _Noreturn void watch(int link, int lock, void (*bereaved)(void *context), void *context)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "guardian");
	go_silent(link, lock);
	close_others(link, lock);
	if (chdir("/") == 0) /* or else it keeps a file system from being unmounted: no harm */
		errno = 0;
	if (tells(link) && !hears(link))
		bereaved(context);
	_exit(EXIT_SUCCESS);
}

int guardian_post(struct guardian *guardian, int lock, void (*bereaved)(void *context),
		  void *context, struct error *err)
{
	int links[2], rc = -ECHILD;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, links))
		return fail_errno(err, -errno, "cannot make a socket");
	*guardian = (struct guardian){.process = fork(), .link = links[0]};
	if (guardian->process == 0)
		watch(links[1], lock, bereaved, context);
	if (guardian->process < 0)
		rc = -errno;
	close(links[1]);
	if (guardian->process > 0 && hears(links[0]))
		return 0;
	guardian_dismiss(guardian);
	return fail_errno(err, rc, "cannot start a process");
}

void guardian_dismiss(struct guardian *guardian)
{
	if (guardian->process == 0)
		return;
	tells(guardian->link);
	close(guardian->link);
	while (guardian->process > 0 && waitpid(guardian->process, NULL, 0) < 0 && errno == EINTR)
		;
	*guardian = (struct guardian){0};
}
