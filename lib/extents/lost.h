/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * That a device's log lost records, remembered beyond the log: it forgets when it is cleared (CXL 3.1
 * 8.2.9.2.2). A batch whose records were lost stays pending, and the next answer would be for that one.
 * Files under /run/cxl-iso, gone after a reboot.
 */
#ifndef EXTENTS_LOST_H
#define EXTENTS_LOST_H

#include <stdbool.h>

#include "sys/error.h"
#include "sys/sys.h"

bool lost_is_noted(const struct sys *sys, const char *address);
int lost_note(const struct sys *sys, const char *address, struct error *err);

/* The device accepted something: nothing older is pending. */
int lost_forget(const struct sys *sys, const char *address, struct error *err);

#endif
