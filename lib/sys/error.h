/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One error text, filled where something fails and printed once by the command.
 *
 * Functions return 0 or -errno. The first message wins: whoever knows most is whoever was
 * closest to the machine.
 */
#ifndef SYS_ERROR_H
#define SYS_ERROR_H

struct error {
	char text[768]; /* one sentence, no newline, no full stop */
	char hint[512]; /* what to do about it; may be empty */
};

/* Fill @err (may be NULL) unless it is filled already; returns @code, a negative errno. */
int fail(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with ": strerror(-code)" behind the text. */
int fail_errno(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Say what to do about the error in @err (may be NULL), unless something is said already. */
void hint(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
