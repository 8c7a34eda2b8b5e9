/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One changing operation at a time, of both programs together: bus resets, hot-plug policy and
 * decoder order are shared, so finer locks would not be safe. The lock goes with the process.
 */
#ifndef SYS_LOCK_H
#define SYS_LOCK_H

#include <stdbool.h>

#include "sys/error.h"
#include "sys/sys.h"

/*
 * Take the lock under /run/cxl-iso and write @what ("recover 0000:0c:00.0") into it. Returns a
 * file descriptor to keep open, or -EBUSY with a text that names who holds it, or another -errno.
 */
int lock_take(const struct sys *sys, const char *what, struct error *err);

/* Whether some process holds it now; @what is what it wrote, "recover 0000:0c:00.0", and @process
 * its number, -1 if the file does not tell. */
bool lock_holder(const struct sys *sys, char what[96], int *process);
bool lock_is_held(const struct sys *sys);

/* This process has it, by the last lock_take(): whoever needs it for a moment need not take it. */
bool lock_is_ours(const struct sys *sys);

#endif
