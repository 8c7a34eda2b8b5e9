/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EXEC_DRIVERS_H
#define EXEC_DRIVERS_H

#include "sys/error.h"
#include "sys/sys.h"

/*
 * Without its drivers CXL memory is invisible. On a machine with CXL (ACPI0017) load those that are
 * missing, tell @say (may be NULL) the name of each, and wait until the devices have endpoints. For
 * commands that change the machine: new memory may come up with the drivers.
 */
int drivers_load(const struct sys *sys, void (*say)(const char *module), struct error *err);

#endif
