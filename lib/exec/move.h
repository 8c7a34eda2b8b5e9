/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Move the pages of processes out of ranges of physical memory, with all processors at once. What can
 * not be moved so stays: pages that no process has mapped, huge pages of hugetlbfs, pages of processes
 * that may have memory nowhere else. Offlining moves these, too, but one after the other.
 */
#ifndef EXEC_MOVE_H
#define EXEC_MOVE_H

#include "collect/areas.h"
#include "model/host.h"
#include "sys/sys.h"

struct move_range {
	uint64_t start, size; /* physical addresses */
};

/* A node that takes pages, and how many bytes it still may be given. */
struct move_target {
	int node;
	uint64_t room;
	uint64_t distance; /* from the first node that is emptied */
};

struct move {
	const struct sys *sys;
	LIST(struct move_range) ranges;
	node_list nodes;		  /* that the ranges are on */
	LIST(struct move_target) targets; /* the best first */
	/* Told after every piece, in bytes; may be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
};

/* A node takes what is free on it, less what the kernel keeps in reserve. @to: only nodes in this list;
 * NULL: any that is not emptied. To be called when the ranges are known. */
void move_find_targets(struct move *move, const struct host *host, const char *to);

/* As much as can be. Returns early when stop_requested(). */
void move_run(struct move *move);

void move_free(struct move *move);
#define cleanup_move __attribute__((cleanup(move_free)))

#endif
