/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contents that the journal has in a file. As long as the device is in service it has what counts, and
 * somebody may change it; from then on the file has. To write back what is older than what is there
 * loses data just as not writing it back does.
 */
#ifndef EXEC_SAVED_H
#define EXEC_SAVED_H

#include "exec/engine.h"

/* What the journal has of @dax, a name of before; NULL if nothing. */
struct saved *saved_find(const struct engine *engine, const char *dax);

/*
 * Right before the step's device leaves service: it still holds what was saved, and the file is there,
 * or -EBUSY. From here on the file counts. If the plan saves nothing of it, there is nothing to do.
 */
int saved_leave(struct engine *engine, const struct step *step, struct error *err);

/*
 * After a last look for users, which takes its time: on the way down, nobody opened the device since
 * saved_leave(), or -EBUSY.
 */
int saved_stayed(const struct engine *engine, const char *dax, struct error *err);

/*
 * Right before we put the device, a name of before, or all of a region back into service: what is in
 * it then is nobody's. Of a device that somebody else put into service, or that never left it though
 * we were about to take it away, it may be: it is not written over.
 */
int saved_bring(struct engine *engine, const char *dax, struct error *err);
int saved_bring_region(struct engine *engine, const char *region, struct error *err);

/* The device stayed, as it could not be unbound; or it has its contents back. What it has counts again. */
int saved_return(struct engine *engine, const char *dax, struct error *err);

/* Contents that can not be written back, as the file is gone, need not keep the rest from coming back. */
void saved_give_up(struct journal *journal);

#endif
