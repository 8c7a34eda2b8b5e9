/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is still in a memory block that can not be taken offline, and who has it. Only flags, mapcounts
 * and reference counts of its page frames are read, and page tables of processes; not the memory.
 */
#ifndef COLLECT_BUSY_H
#define COLLECT_BUSY_H

#include "model/host.h"
#include "sys/sys.h"

enum busy_kind {
	BUSY_ANON,
	BUSY_CACHE,
	BUSY_SHMEM,
	BUSY_HUGETLB,
	BUSY_TABLES, /* page tables */
	BUSY_KERNEL, /* slab and whatever else has no name */
	BUSY_KINDS,
};

/* A process that has pages of the block mapped. */
struct holder {
	int pid;
	uint64_t bytes; /* of these */
	char command[COMMAND_SIZE];
	uint64_t pinned; /* bytes of the whole process, by io_uring, RDMA and the like; UNKNOWN */
	bool vfio, rdma;
};

struct busy {
	bool seen;		     /* the frames could be looked at */
	uint64_t bytes[BUSY_KINDS];  /* of each kind */
	bool held_seen;		     /* so could their reference counts */
	uint64_t held;		     /* bytes with references that no mapping explains */
	LIST(struct holder) holders; /* the largest first */
};

/* [@start, @start + @size) is System RAM of @node. Never fails: what is not seen is missing. */
void busy_look(const struct sys *sys, uint64_t start, uint64_t size, int node, struct busy *busy);
void busy_free(struct busy *busy);
#define cleanup_busy __attribute__((cleanup(busy_free)))

#endif
