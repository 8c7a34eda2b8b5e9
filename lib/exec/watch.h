/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether somebody opened a dax device since we began to watch. To look for users tells who has it
 * now; who came, wrote and went between two looks shows only here. A node of another name or in another
 * file system, as containers may have, is not seen.
 */
#ifndef EXEC_WATCH_H
#define EXEC_WATCH_H

#include "model/host.h"
#include "sys/sys.h"

struct watch;

/* Watch /dev/@dax from now on, whatever was before. *@watch may be NULL: it is made. Where the kernel
 * can not watch, the device never counts as quiet. */
void watch_begin(struct watch **watch, const struct sys *sys, const char *dax);

/* Nobody opened it since; false as well if it is not watched. @watch may be NULL. */
bool watch_is_quiet(struct watch *watch, const char *dax);

/* What was known of it holds no more: it does not count as quiet until it is watched anew. */
void watch_end(struct watch *watch, const char *dax);

void watch_free(struct watch **watch);

#endif
