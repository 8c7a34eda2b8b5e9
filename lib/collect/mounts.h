/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef COLLECT_MOUNTS_H
#define COLLECT_MOUNTS_H

#include "model/host.h"
#include "sys/sys.h"

/* File systems on dax devices and on block devices of persistent memory, appended to
 * @host->mounts: those that the first process sees, or we if that may not be known. */
void collect_mounts(const struct sys *sys, struct host *host);

#endif
