/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What steps about dax devices share. */
#ifndef EXEC_DAX_H
#define EXEC_DAX_H

#include "exec/engine.h"

/* The driver that has the dax device called @name now; "" if none has. */
void dax_driver(struct engine *engine, const char *name, char driver[NAME_SIZE]);

/* kmem's driver link is there before its memory blocks are: it has added all of @dax's mappings. */
bool dax_is_added(struct engine *engine, const struct dax *dax);

/*
 * Take the dax device called @name now, of @dax's mappings, from its driver. -EBUSY while somebody
 * uses it, or memory blocks of it are online; -EBUSY and reboot_needed if the kernel kept blocks.
 */
int dax_unbind(struct engine *engine, const struct dax *dax, const char *name, struct error *err);

#endif
