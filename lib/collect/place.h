/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef COLLECT_PLACE_H
#define COLLECT_PLACE_H

#include "model/host.h"
#include "sys/sys.h"

/* Where a PCI function hangs. Both are empty if nothing but the host bridge is above it. */
struct place {
	char root_port[NAME_SIZE];
	char parent[NAME_SIZE]; /* the bridge right above it */
};

/* False if there is no root port above it, or no such function. */
bool place_function(const struct sys *sys, const char *address, struct place *place);

#endif
