/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which commands a memory device knows, by the log in which it says so (CXL 3.1 8.2.9.5.2.1). */
#ifndef EXTENTS_EFFECTS_H
#define EXTENTS_EFFECTS_H

#include "sys/sys.h"

/*
 * Whether @memdev ("mem1"), which has a driver, has dynamic capacity: 1 yes, 0 no, -1 unknown (no root,
 * no such device, or it does not answer). It is asked through the kernel with commands that every kernel
 * permits and that change nothing; neither the lock nor raw commands are needed.
 */
int dc_supported(const struct sys *sys, const char *memdev);

#endif
