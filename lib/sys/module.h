/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules, through libkmod. */
#ifndef SYS_MODULE_H
#define SYS_MODULE_H

#include <stdbool.h>

#include "sys/error.h"

/* Whether the module is loaded, or built into the kernel. */
int module_is_there(const char *name, bool *there, struct error *err);

/* Load a module and what it depends on; modprobe's blacklist is respected (-EPERM). */
int module_load(const char *name, struct error *err);

#endif
