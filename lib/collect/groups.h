/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef COLLECT_GROUPS_H
#define COLLECT_GROUPS_H

#include "collect/caution.h"
#include "sys/sys.h"

/* What control groups are charged for on the nodes of @caution, appended to @host->groups. False if
 * the kernel does not tell: no unified hierarchy with a memory controller, or before Linux 5.10. */
bool collect_groups(const struct sys *sys, const struct caution *caution, struct host *host);

#endif
