/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ranges of memory that a dax device consists of, as the machine has them now. */
#ifndef EXEC_LAYOUT_H
#define EXEC_LAYOUT_H

#include "model/host.h"
#include "sys/sys.h"

/*
 * Fill in name, size and mappings of zeroed @now, the mappings in the order of their numbers.
 * -ENOENT (no text) if the device is not there, or is being made just now. Free it whatever is
 * returned.
 */
int layout_read(const struct sys *sys, const char *name, struct dax *now);
void layout_free(struct dax *now);
#define cleanup_layout __attribute__((cleanup(layout_free)))

/* The same ranges of memory, each at the same place in the device. */
bool layout_is_same(const struct dax *a, const struct dax *b);

/* The mapping that begins @offset bytes into the device; NULL if none does. */
const struct mapping *layout_mapping_at(const struct dax *dax, uint64_t offset);

#endif
