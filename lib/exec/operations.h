/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EXEC_OPERATIONS_H
#define EXEC_OPERATIONS_H

#include "model/host.h"
#include "sys/sys.h"

/*
 * Operations of ours, into @host->operations: those whose journals are there, and the one that
 * holds the lock; and evacuations that are at rest, into @host->evacuations. Only root can see them; for whoever holds the lock himself the answer is of no use.
 */
int operations_collect(const struct sys *sys, struct host *host, struct error *err);

#endif
