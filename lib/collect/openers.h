/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has a block device open. The kernel does not say, and asks nobody when a device goes away: a
 * process that has it open gets errors from then on.
 */
#ifndef COLLECT_OPENERS_H
#define COLLECT_OPENERS_H

#include "model/host.h"
#include "sys/sys.h"

/* A process that has a disk, or a partition of it, open or mapped. */
struct opener {
	size_t disk; /* which of those that were asked for */
	int pid;
	char command[COMMAND_SIZE];
};

struct openers {
	LIST(struct opener) list;
	bool complete; /* every process could be looked into */
};

/*
 * Processes other than ours that have one of @disks ("pmem0") open, each once for a disk. @openers
 * must be zeroed. 0 or -errno.
 */
int openers_of(const struct sys *sys, const struct names *disks, struct openers *openers);

void openers_free(struct openers *openers);
#define cleanup_openers __attribute__((cleanup(openers_free)))

#endif
