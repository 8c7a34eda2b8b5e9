// SPDX-License-Identifier: GPL-2.0-or-later
/* ui_confirm() on a terminal: who is asked may also say that he wants to stop. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"
#include "sys/stop.h"
#include "ui/ui.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define SECONDS 20 /* a question that nobody can leave ends the child by SIGALRM */

/* 0 if it was confirmed, 1 if not. */
static int ask(const char *typed, int signal)
{
	int ours = posix_openpt(O_RDWR | O_NOCTTY), theirs;
	struct error err = {0};

	if (ours < 0 || grantpt(ours) || unlockpt(ours))
		return 9;
	theirs = open(ptsname(ours), O_RDWR | O_NOCTTY);
	if (theirs < 0 || dup2(theirs, STDIN_FILENO) < 0 || dup2(theirs, STDERR_FILENO) < 0)
		return 9;
	if (write(ours, typed, strlen(typed)) != (ssize_t)strlen(typed))
		return 9;
	alarm(SECONDS);
	stop_on_signals();
	if (signal)
		raise(signal);
	return ui_confirm(false, "really?", &err) ? 1 : 0;
}

static int yes(void *unused)
{
	(void)unused;
	return ask("y\n", 0);
}

static int no(void *unused)
{
	(void)unused;
	return ask("n\n", 0);
}

static int stopped(void *unused)
{
	(void)unused;
	return ask("", SIGTERM);
}

/* He hits Enter only after he was told to stop. */
static int stopped_then_yes(void *unused)
{
	(void)unused;
	return ask("y\n", SIGINT);
}

static void test_confirm(void **state)
{
	(void)state;
	assert_int_equal(in_child(yes, NULL), 0);
	assert_int_equal(in_child(no, NULL), 1);
	assert_int_equal(in_child(stopped, NULL), 1);
	assert_int_equal(in_child(stopped_then_yes, NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_confirm)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
