// SPDX-License-Identifier: GPL-2.0-or-later
/* ui/progress.c on a terminal: the bar stays in one row, and the line of the step comes back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/util.h"
#include "ui/progress.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define WIDTH 80

struct terminal {
	int ours, console;
	struct progress *progress;
	char said[4096];
};

/* Standard error is a terminal from here on, without what it makes of line ends being of interest. */
static int open_terminal(void **state)
{
	struct terminal *t = xcalloc(1, sizeof(*t));
	int theirs;

	t->ours = posix_openpt(O_RDWR | O_NOCTTY);
	if (t->ours < 0 || grantpt(t->ours) || unlockpt(t->ours))
		return -1;
	theirs = open(ptsname(t->ours), O_RDWR | O_NOCTTY);
	t->console = dup(STDERR_FILENO);
	if (theirs < 0 || t->console < 0 || dup2(theirs, STDERR_FILENO) < 0)
		return -1;
	close(theirs);
	*state = t;
	return progress_choose("text", &t->progress, NULL);
}

static int close_terminal(void **state)
{
	struct terminal *t = *state;

	dup2(t->console, STDERR_FILENO);
	close(t->console);
	close(t->ours);
	free(t);
	return 0;
}

/* All that was written: it comes a moment later, and maybe in pieces. */
static const char *said(struct terminal *t)
{
	struct pollfd poll_fd = {.fd = t->ours, .events = POLLIN};
	size_t length = 0;

	while (poll(&poll_fd, 1, length ? 50 : 5000) > 0) {
		ssize_t more = read(t->ours, t->said + length, sizeof(t->said) - 1 - length);

		assert_true(more > 0);
		length += (size_t)more;
	}
	t->said[length] = '\0';
	return t->said;
}

static const struct step *step_of(const char *text)
{
	static struct step step;

	step = (struct step){.kind = STEP_OFFLINE_MEMORY};
	copy_text(step.text, sizeof(step.text), text);
	return &step;
}

/* Big numbers everywhere, and some time, so that there is a rate. */
static const struct part large = {
	.done = UINT64_C(1001) << 27,
	.total = UINT64_C(16384) << 27,
	.blocks_done = 1001,
	.blocks_total = 16384,
};

static void test_one_row(void **state)
{
	struct terminal *t = *state;
	const struct step *step = step_of("offline it");
	const char *row;

	t->progress->begin(t->progress, step, 3, 5);
	assert_string_equal(said(t), " 3/5 offline it ...");
	usleep(2000);
	t->progress->part(t->progress, step, &large);
	row = said(t);
	assert_true(starts_with(row, "\r\033[Joffline-memory "));
	row += strlen("\r\033[J");
	assert_true(strlen(row) < WIDTH);
	assert_non_null(strstr(row, "1001/16384 blocks, "));
	assert_non_null(strstr(row, " of 2 TiB, "));
}

static void test_bar(void **state)
{
	struct terminal *t = *state;
	const struct step *step = step_of("offline it");

	t->progress->begin(t->progress, step, 3, 5);
	said(t);
	t->progress->part(t->progress, step, &(struct part){.done = 1 << 20, .total = 1 << 21});
	assert_non_null(strstr(said(t), "offline-memory [##########          ] 1 MiB of 2 MiB"));
	t->progress->part(t->progress, step, &(struct part){.done = 1 << 21, .total = 1 << 21});
	assert_non_null(strstr(said(t), "offline-memory [####################] 2 MiB of 2 MiB"));
}

/* The bar gives way to what the step is called, and how it ended. */
static void test_end(void **state)
{
	struct terminal *t = *state;
	const struct step *step = step_of("offline it");

	t->progress->begin(t->progress, step, 3, 5);
	t->progress->part(t->progress, step, &large);
	said(t);
	t->progress->end(t->progress, step, &(struct step_report){.milliseconds = 1230});
	assert_string_equal(said(t), "\r\033[J 3/5 offline it ... done (1.2 s)\r\n");
	t->progress->begin(t->progress, step, 4, 5);
	t->progress->end(t->progress, step, &(struct step_report){0});
	assert_string_equal(said(t), " 4/5 offline it ... done\r\n");
}

/* A line that the terminal has broken is drawn over as a whole. */
static void test_broken_line(void **state)
{
	struct terminal *t = *state;
	const struct step *step = step_of("online 2 memory blocks (256 MiB) of a dax device that "
					  "has quite a long name in the zone of before");

	t->progress->begin(t->progress, step, 3, 5);
	said(t);
	t->progress->part(t->progress, step, &large);
	assert_true(starts_with(said(t), "\r\033[1A\033[Joffline-memory "));
	t->progress->part(t->progress, step, &large);
	assert_true(starts_with(said(t), "\r\033[Joffline-memory "));
}

/* Time that is left comes in the unit that tells enough. */
static void test_time_left(void **state)
{
	static const struct {
		uint64_t total;
		const char *end;
	} slow[] = {
		{UINT64_C(1) << 20, " s left"},
		{UINT64_C(1) << 40, " h left"},
	};
	struct terminal *t = *state;
	const struct step *step = step_of("offline it");

	for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
		const char *row;

		t->progress->begin(t->progress, step, 3, 5);
		said(t);
		usleep(20000);
		t->progress->part(t->progress, step,
				  &(struct part){.done = 1 << 16, .total = slow[i].total});
		row = said(t);
		assert_string_equal(row + strlen(row) - strlen(slow[i].end), slow[i].end);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_row, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_bar, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_end, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_broken_line, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_time_left, open_terminal, close_terminal),
	};
	char width[8];

	snprintf(width, sizeof(width), "%d", WIDTH);
	setenv("COLUMNS", width, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
