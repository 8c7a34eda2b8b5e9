/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses the registers of a function that has no driver: what is mapped shows, whoever mapped it. */
#ifndef COLLECT_MAPPERS_H
#define COLLECT_MAPPERS_H

#include "model/host.h"
#include "sys/sys.h"

/* A process other than ours that has registers of a function mapped. */
struct mapper {
	int pid;
	char command[COMMAND_SIZE];
};

/*
 * The first one that has a BAR of the function at @address mapped by sysfs: 1, 0 if there is none, or
 * -errno if the processes can not be listed. One that uses /dev/mem is not seen.
 */
int mapper_of(const struct sys *sys, const char *address, struct mapper *mapper);

#endif
