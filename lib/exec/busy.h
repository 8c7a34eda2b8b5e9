/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Say why a memory block can not be taken offline, and what to do about it. */
#ifndef EXEC_BUSY_H
#define EXEC_BUSY_H

#include "exec/engine.h"

struct busy_block {
	uint64_t number;
	int rc; /* what the kernel said, -ETIMEDOUT if nothing */
};

/* Returns its rc, with the reason in @err. */
int explain_busy(const struct engine *engine, const struct dax *dax, const struct busy_block *block,
		 struct error *err);

#endif
