/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/stop.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static volatile sig_atomic_t requested;
static bool active;
static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

/*
 * What comes just before the call that blocks would not interrupt it: SIGALRM follows, as long as that
 * takes. They are unblocked only where that is waited for, see stop_unblock().
 */
static void request(int signal)
{
	(void)signal;
	requested = 1;
	alarm(1);
}

static void fill(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(set, signals[i]);
}

static void mask(int how)
{
	sigset_t set;

	fill(&set);
	if (active)
		sigprocmask(how, &set, NULL);
}

void stop_block(void)
{
	mask(SIG_BLOCK);
}

void stop_unblock(void)
{
	mask(SIG_UNBLOCK);
}

/* Without SA_RESTART, so that a write blocked in the kernel comes back with EINTR. */
void stop_on_signals(void)
{
	struct sigaction action = {.sa_handler = request};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN); /* a reader that goes away is no reason to stop half-way */
	signal(SIGXFSZ, SIG_IGN); /* nor is a limit of files: the write fails, as on a full disk */
	active = true;
	stop_block();
}

bool stop_requested(void)
{
	sigset_t pending;

	if (!active)
		return false;
	sigpending(&pending);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigismember(&pending, signals[i]) == 1)
			return true;
	return requested;
}

int stop_descriptor(void)
{
	sigset_t set;

	fill(&set);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
