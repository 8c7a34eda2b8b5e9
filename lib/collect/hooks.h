/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of the administrator's that are run at certain points: where they are, and which count. */
#ifndef COLLECT_HOOKS_H
#define COLLECT_HOOKS_H

#include <limits.h>

#include "sys/error.h"
#include "sys/sys.h"

#define HOOKS "/etc/cxl-iso/hooks.d"

/* All there are, NULL terminated: "before-evacuate" has its hooks in HOOKS/before-evacuate.d. */
extern const char *const hook_events[];

/*
 * Names of the hooks of an event, in the order of their bytes. As run-parts(8) does, what packages
 * and editors leave is passed over: names that begin with a dot, and @skipped (may be NULL), which
 * have other characters than letters, digits, "_", "-" and ".", or a suffix of dpkg's or rpm's.
 */
int hooks_list(const struct sys *sys, const char *event, struct names *names,
	       struct names *skipped);

void hook_path(char path[PATH_MAX], const char *event, const char *name);

/* Open what is to be run. A descriptor; -EPERM if it is not to be trusted or can not be run, with
 * what is wrong and how to mend it; or another -errno with a text. */
int hook_open(const struct sys *sys, const char *path, struct error *err);

#endif
