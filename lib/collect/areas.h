/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in its address space a process has memory of some nodes: numa_maps tells in which areas and
 * how much, pagemap in which page frames. Neither reads the memory itself.
 */
#ifndef COLLECT_AREAS_H
#define COLLECT_AREAS_H

#include "collect/numa_maps.h"
#include "collect/process.h"
#include "model/host.h"

typedef LIST(int) node_list;

struct area {
	uint64_t start, end; /* addresses; @end is 0 if it was not asked for */
	uint64_t bytes;	     /* that are on the nodes */
	bool hugetlb;
	char bound[NAME_SIZE]; /* nodes that its memory policy binds it to; "": it does not */
};

struct areas {
	struct process_handle process;
	const node_list *nodes;
	FILE *numa_maps, *maps;
	char *line, *map;
	size_t line_size, map_size;
	char numa_buffer[PROCESS_BUFFER], maps_buffer[PROCESS_BUFFER];
};

/* 0 or -errno; to be closed either way. @with_ends: where areas end shall be found, too. @nodes stays
 * the caller's. */
int areas_open(const struct sys *sys, int pid, const node_list *nodes, bool with_ends,
	       struct areas *areas);
void areas_close(struct areas *areas);
#define cleanup_areas __attribute__((cleanup(areas_close)))

/* The next one with memory of the nodes. False after the last. */
bool areas_next(struct areas *areas, struct area *area);

/* Bytes of the nodes in the whole address space, without huge pages of hugetlbfs. 0 if unseen. */
uint64_t areas_bytes(const struct sys *sys, int pid, const node_list *nodes);

/* The page frames at @count pages from @address, 0 where there is none. How many were read. */
#define NO_FRAME 0
size_t read_frames(int pagemap, uint64_t address, size_t count, uint64_t *frames);

#endif
