/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which PCI functions are CXL root ports. */
#ifndef REGS_PORTS_H
#define REGS_PORTS_H

#include "sys/error.h"
#include "sys/sys.h"

/*
 * Call @found for each CXL root port, in the order of addresses; what it returns other than 0 ends
 * the scan and is returned.
 *
 * 0, also on a machine without PCI; -EACCES if config space cannot be read (needs root); an error
 * of one port does not hide the others: a port whose config space is broken is reported as far as
 * it can be told to be CXL, and a vanished one is skipped.
 */
int ports_scan(const struct sys *sys, int (*found)(void *context, const char *address),
	       void *context, struct error *err);

#endif
