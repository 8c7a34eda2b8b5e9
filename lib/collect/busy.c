/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/busy.h"

#include <stdlib.h>
#include <unistd.h>

#include "collect/areas.h"
#include "collect/describe.h"
#include "collect/frames.h"
#include "sys/util.h"

/* ---- kinds of pages ---- */

struct look {
	int flags_fd;
	struct frames *frames; /* NULL: reference counts are not told */
	uint64_t page_size;
	uint64_t flags[KCORE_FRAMES];
	int head; /* kind of a compound page: its tails are the same; BUSY_KINDS: none */
	struct busy *busy;
};

static int kind_of(const struct look *look, unsigned int i)
{
	uint64_t flags = look->flags[i];

	if (flags & (FRAME_BUDDY | FRAME_NOPAGE | FRAME_HWPOISON))
		return BUSY_KINDS;
	if (flags & FRAME_HUGE)
		return BUSY_HUGETLB;
	if (flags & FRAME_TAIL)
		return look->head;
	if (flags & FRAME_ANON)
		return BUSY_ANON;
	if (flags & FRAME_SWAPBACKED)
		return BUSY_SHMEM;
	if (flags & FRAME_LRU)
		return BUSY_CACHE;
	if (flags & FRAME_TABLE)
		return BUSY_TABLES;
	/* A processor keeps some free ones at hand. */
	if (!flags && (!look->frames || i >= look->frames->counted || !look->frames->refs[i]))
		return BUSY_KINDS;
	return BUSY_KERNEL;
}

static void count(struct look *look, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		int kind = kind_of(look, i);

		if (!(look->flags[i] & FRAME_TAIL))
			look->head = kind;
		if (kind != BUSY_KINDS)
			look->busy->bytes[kind] += look->page_size;
		if (look->frames && frames_held(look->frames, i))
			look->busy->held += frames_folio(look->frames, i) * look->page_size;
	}
}

static bool look_at(struct look *look, uint64_t first, unsigned int n)
{
	ssize_t size = n * sizeof(*look->flags);

	look->busy->held_seen = look->busy->held_seen && frames_look(look->frames, first, n);
	if (!look->busy->held_seen)
		frames_close(&look->frames);
	if (pread(look->flags_fd, look->flags, size, (off_t)(first * sizeof(*look->flags))) != size)
		return false;
	count(look, n);
	return true;
}

static void look_at_frames(const struct sys *sys, uint64_t first, uint64_t end, struct busy *busy)
{
	cleanup_fd int flags_fd = sys_open_fd(sys, "/proc/kpageflags");
	cleanup_frames struct frames *frames = flags_fd < 0 ? NULL : frames_open(sys);
	cleanup_free struct look *look = xcalloc(1, sizeof(*look));

	if (frames) {
		frames_settle();
		frames_probe(sys, frames);
	}
	busy->seen = flags_fd >= 0;
	busy->held_seen = frames;
	*look = (struct look){flags_fd, frames, .head = BUSY_KINDS, .busy = busy};
	look->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	for (uint64_t at = first; at < end && busy->seen; at += KCORE_FRAMES)
		busy->seen = look_at(look, at, end - at < KCORE_FRAMES ? end - at : KCORE_FRAMES);
	frames = look->frames;
}

/* ---- who has them mapped ---- */

#define FRAMES_AT_ONCE 8192u

static uint64_t pages_of_area(int pagemap, const struct area *area, uint64_t page_size,
			      uint64_t first, uint64_t end)
{
	cleanup_free uint64_t *frames = xcalloc(FRAMES_AT_ONCE, sizeof(*frames));
	uint64_t pages = 0;
	size_t n = 1;

	for (uint64_t at = area->start; at < area->end && n; at += n * page_size) {
		uint64_t left = (area->end - at) / page_size;

		n = read_frames(pagemap, at, left < FRAMES_AT_ONCE ? left : FRAMES_AT_ONCE, frames);
		for (size_t i = 0; i < n; i++)
			pages += frames[i] != NO_FRAME && frames[i] >= first && frames[i] < end;
	}
	return pages;
}

static uint64_t pages_of_process(const struct sys *sys, int pid, const node_list *nodes,
				 uint64_t first, uint64_t end)
{
	cleanup_areas struct areas areas;
	cleanup_fd int pagemap = -1;
	struct area area;
	uint64_t pages = 0;

	if (areas_open(sys, pid, nodes, true, &areas))
		return 0;
	pagemap = process_file(&areas.process, "pagemap");
	while (pagemap >= 0 && areas_next(&areas, &area))
		pages += pages_of_area(pagemap, &area, (uint64_t)sysconf(_SC_PAGESIZE), first, end);
	return pages;
}

static void add_holder(struct busy *busy, const struct process_handle *handle,
		       const struct devices *devices, uint64_t bytes)
{
	struct holder *holder = list_add(&busy->holders);
	struct holdings holdings = {0};
	struct process process = {0};

	process_holdings(handle, devices, &holdings);
	describe_status(handle, &process);
	holder->pid = handle->pid;
	holder->bytes = bytes;
	holder->vfio = holdings.vfio;
	holder->rdma = holdings.rdma;
	holder->pinned = process.pinned;
	copy_text(holder->command, sizeof(holder->command), process.command);
}

static int compare_holders(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void look_at_processes(const struct sys *sys, uint64_t first, uint64_t end, int node,
			      struct busy *busy)
{
	uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	const node_list nodes = {&node, 1};
	cleanup_devices struct devices devices = {0};
	cleanup_pids pid_list pids = {0};

	if (processes_list(sys, &pids))
		return;
	devices_read(sys, &devices);
	list_each(pid, &pids) {
		cleanup_process struct process_handle handle = NO_PROCESS;
		uint64_t pages = pages_of_process(sys, *pid, &nodes, first, end);

		if (pages && !process_open(sys, *pid, &handle))
			add_holder(busy, &handle, &devices, pages * page_size);
	}
	list_sort(&busy->holders, compare_holders);
}

void busy_look(const struct sys *sys, uint64_t start, uint64_t size, int node, struct busy *busy)
{
	uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t first = start / page_size, end = (start + size) / page_size;

	*busy = (struct busy){0};
	look_at_frames(sys, first, end, busy);
	look_at_processes(sys, first, end, node, busy);
}

void busy_free(struct busy *busy)
{
	free(busy->holders.items);
}
