/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libcxl 76 of Debian 12 lacks and newer ones have; meson.build says which is there. */
#ifndef COLLECT_LIBCXL_COMPAT_H
#define COLLECT_LIBCXL_COMPAT_H

#include <cxl/libcxl.h>

#include "config.h"
#include "sys/sys.h"

/* "ram" or "pmem", in @mode of 16 bytes; "" if it cannot be told. */
void region_mode(const struct sys *sys, struct cxl_region *region, char mode[16]);

#endif
