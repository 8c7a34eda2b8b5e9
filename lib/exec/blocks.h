/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory blocks as the machine has them now. Asked by number, not of the picture before: a block
 * that came, or came online, meanwhile counts.
 */
#ifndef EXEC_BLOCKS_H
#define EXEC_BLOCKS_H

#include "exec/engine.h"

/* Of the whole blocks in a dax device's mappings. */
struct block_count {
	uint64_t present;
	uint64_t online;  /* of these; on the way there or back counts */
	uint64_t highest; /* number of the last one online, if any is */
};

bool block_is_online(const struct engine *engine, uint64_t number);

/* Its zone, as far as it can be read: "" if not. */
void block_zone(const struct engine *engine, uint64_t number, char zone[NAME_SIZE]);
bool block_is_movable(const struct engine *engine, uint64_t number);

struct block_count count_blocks(const struct engine *engine, const struct dax *dax);

/*
 * -EBUSY, and reboot_needed, if a memory block of the dax devices of before in [@start, @start +
 * @size) is still there: kmem failed to take it away and can not try again.
 */
int refuse_blocks(struct engine *engine, uint64_t start, uint64_t size, struct error *err);

#endif
