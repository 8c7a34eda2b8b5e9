// SPDX-License-Identifier: GPL-2.0-or-later
/* ui/text.c: sentences in lines. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"
#include "sys/util.h"
#include "ui/text.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

static void check_wrap(const char *first, size_t indent, const char *text, const char *expected)
{
	cleanup_free char *got = NULL;
	FILE *console = stdout;
	size_t size;

	stdout = open_memstream(&got, &size);
	text_wrap(first, indent, text);
	fclose(stdout);
	stdout = console;
	assert_string_equal(got, expected);
}

static void test_short(void **state)
{
	(void)state;
	check_wrap("  fix: ", 4, "run as root", "  fix: run as root\n");
	check_wrap("none", 4, "", "none\n");
}

/* A line may be full to its last column. */
static void test_width(void **state)
{
	(void)state;
	check_wrap("> ", 2, "12345678 12345678 1234567", "> 12345678 12345678\n  1234567\n");
	check_wrap("> ", 2, "12345678 1234567 12", "> 12345678 1234567\n  12\n");
	check_wrap("> ", 2, "12345678 1234 12", "> 12345678 1234 12\n");
}

static void test_long_word(void **state)
{
	(void)state;
	check_wrap("> ", 4, "see /sys/devices/system/memory/auto_online_blocks there",
		   "> see\n    /sys/devices/system/memory/auto_online_blocks\n    there\n");
	check_wrap("> ", 4, "/sys/devices/system/memory/auto_online_blocks",
		   "> /sys/devices/system/memory/auto_online_blocks\n");
}

static void test_blanks(void **state)
{
	(void)state;
	check_wrap("> ", 2, "two  blanks ", "> two blanks\n");
}

static void test_sizes(void **state)
{
	(void)state;
	check_wrap("> ", 2, "dax10.0 has 128 MiB online", "> dax10.0 has\n  128 MiB online\n");
	check_wrap("> ", 2, "memory of size 4 or more", "> memory of size 4\n  or more\n");
	check_wrap("> ", 2, "it has 4", "> it has 4\n");
}

/* The width is asked for once; if standard output is a terminal, it is that one's. */
static int narrow(void **state)
{
	int terminal = dup(STDOUT_FILENO);

	(void)state;
	setenv("COLUMNS", "20", 1);
	assert_non_null(freopen("/dev/null", "w", stdout));
	text_wrap("", 0, "");
	fflush(stdout);
	dup2(terminal, STDOUT_FILENO);
	close(terminal);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short),	  cmocka_unit_test(test_width),
		cmocka_unit_test(test_long_word), cmocka_unit_test(test_blanks),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, narrow, NULL);
}
