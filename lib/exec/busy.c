/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/busy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collect/busy.h"
#include "exec/blocks.h"
#include "sys/util.h"

#define NAMED 3 /* of the processes */

static const char *const kinds[BUSY_KINDS] = {
	[BUSY_ANON] = "anonymous",	[BUSY_CACHE] = "page cache",
	[BUSY_SHMEM] = "shared memory", [BUSY_HUGETLB] = "huge pages of hugetlbfs",
	[BUSY_TABLES] = "page tables",	[BUSY_KERNEL] = "of the kernel or a driver",
};

/* "; in it: 64 KiB anonymous, 4 KiB page cache" */
static void say_kinds(char *text, size_t size, const struct busy *busy)
{
	char list[256] = "", word[64], bytes[16];

	for (int kind = 0; kind < BUSY_KINDS; kind++) {
		if (!busy->bytes[kind])
			continue;
		snprintf(word, sizeof(word), "%s %s", human_size(bytes, busy->bytes[kind]),
			 kinds[kind]);
		append_word(list, sizeof(list), ", ", word);
	}
	if (busy->seen)
		snprintf(text, size, "; in it: %s", list[0] ? list : "nothing any more");
}

static void say_held(char *text, size_t size, const struct busy *busy)
{
	char bytes[16];

	if (busy->held_seen && busy->held)
		snprintf(text, size, "; held by more than mappings: %s",
			 human_size(bytes, busy->held));
}

/* How a process may hold more than its mappings. */
static const char *way_of(const struct holder *holder)
{
	if (holder->vfio)
		return ", holds a VFIO device";
	if (holder->rdma)
		return ", holds an RDMA device";
	return holder->pinned && holder->pinned != UNKNOWN ? ", pins memory" : "";
}

/* "; mapped by qemu[77] (4 MiB, holds a VFIO device), hold[80] (4 KiB), 2 more" */
static void say_holders(char *text, size_t size, const struct busy *busy)
{
	char list[384] = "", word[COMMAND_SIZE + 64], bytes[16];
	size_t named = 0;

	list_each(holder, &busy->holders) {
		if (named++ == NAMED)
			break;
		snprintf(word, sizeof(word), "%s[%d] (%s%s)", holder->command, holder->pid,
			 human_size(bytes, holder->bytes), way_of(holder));
		append_word(list, sizeof(list), ", ", word);
	}
	if (busy->holders.count > NAMED) {
		snprintf(word, sizeof(word), "%zu more", busy->holders.count - NAMED);
		append_word(list, sizeof(list), ", ", word);
	}
	if (list[0])
		snprintf(text, size, "; mapped by %s", list);
}

static void advise(const char *zone, const struct busy *busy, struct error *err)
{
	if (zone[0] && strcmp(zone, "Movable") != 0)
		hint(err,
		     "kernel pages in zone %s do not move: end the programs they serve, or reboot",
		     zone);
	else if (busy->bytes[BUSY_HUGETLB])
		hint(err, "huge pages move into free ones of the same size: add some on another "
			  "node, or end who uses them");
	else if (busy->holders.count)
		hint(err,
		     "something pins its pages (direct I/O, a pipe, RDMA, VFIO); end %s[%d] first, "
		     "and try again",
		     busy->holders.items[0].command, busy->holders.items[0].pid);
	else
		hint(err, "something pins its pages (direct I/O, a pipe, RDMA, VFIO); end it and "
			  "try again");
}

static const char *reason_of(int rc)
{
	if (rc == -ETIMEDOUT)
		return "its pages did not move away in time";
	if (rc == -EBUSY || rc == -EAGAIN)
		return "not all of its pages can be moved";
	return strerror(-rc);
}

/* Page structs on the memory itself are not looked at: there, the block's own state is in doubt. */
static void look(const struct engine *engine, const struct dax *dax, uint64_t number,
		 struct busy *busy)
{
	uint64_t size = engine->before->block_size;

	if (dax->memmap_on_memory != 1)
		busy_look(engine->sys, number * size, size, dax->node, busy);
}

int explain_busy(const struct engine *engine, const struct dax *dax, const struct busy_block *block,
		 struct error *err)
{
	char zone[NAME_SIZE], in_it[320] = "", held[64] = "", holders[448] = "";
	cleanup_busy struct busy busy = {0};
	uint64_t start = block->number * engine->before->block_size;

	block_zone(engine, block->number, zone);
	look(engine, dax, block->number, &busy);
	say_kinds(in_it, sizeof(in_it), &busy);
	say_held(held, sizeof(held), &busy);
	say_holders(holders, sizeof(holders), &busy);
	fail(err, block->rc,
	     "memory%" PRIu64 " (0x%" PRIx64 ", zone %s) can not be offlined: %s%s%s%s",
	     block->number, start, zone[0] ? zone : "unknown", reason_of(block->rc), in_it, held,
	     holders);
	advise(zone, &busy, err);
	return block->rc;
}
