/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/move.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "collect/describe.h"
#include "collect/frames.h"
#include "sys/pages.h"
#include "sys/stop.h"
#include "sys/util.h"

#define NODE "/sys/devices/system/node/node%d"

/* Pages of one call. Each waits for all processors once (Linux, lru_cache_disable()), so that small ones
 * are slow; and a signal has to wait for one. Measured on 6.12: no difference from 1024 to 65536. */
#define PIECE 2048u
/* Pages of one call where a larger one was given up because some page did not move. */
#define SMALL_PIECE 256u
#define THREADS_MAX 16
/* Of an area this large with fewer pages there than this part of it, reading pagemap takes longer than
 * offlining will: 8 bytes for each page that is not there. */
#define SPARSE_SIZE (UINT64_C(64) << 30)
#define SPARSE_PART 1024

/* ---- where to ---- */

static bool is_emptied(const struct move *move, int number)
{
	list_each(node, &move->nodes)
		if (*node == number)
			return true;
	return false;
}

static uint64_t room_on(const struct sys *sys, const struct node *node)
{
	uint64_t free, reserve = 0;
	char meminfo[8192];

	sys_read(sys, meminfo, sizeof(meminfo), NODE "/meminfo", node->number);
	list_each(zone, &node->zones)
		reserve = add_capped(reserve, zone->high);
	if (!find_number(meminfo, "MemFree:", &free) || free > UINT64_MAX / 1024)
		return 0;
	return free * 1024 > reserve ? free * 1024 - reserve : 0;
}

/* The line has a number for each node that is online, in their order. Unknown is far. */
static uint64_t distance_of(const struct move *move, const struct host *host, const struct node *to)
{
	char text[4096], *rest = text;
	uint64_t distance = UINT64_MAX;

	if (!move->nodes.count ||
	    sys_read(move->sys, text, sizeof(text), NODE "/distance", move->nodes.items[0]))
		return distance;
	list_each(node, &host->nodes) {
		char *word = strsep(&rest, " ");

		if (node == to && word)
			parse_u64(word, &distance);
	}
	return distance;
}

static int compare_targets(const void *a, const void *b)
{
	const struct move_target *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return (x->room < y->room) - (x->room > y->room);
}

void move_find_targets(struct move *move, const struct host *host, const char *to)
{
	list_each(node, &host->nodes) {
		struct move_target target = {.node = node->number};

		if (is_emptied(move, node->number) ||
		    (to && !list_has_number(to, (uint64_t)node->number)))
			continue;
		target.room = room_on(move->sys, node);
		target.distance = distance_of(move, host, node);
		if (target.room)
			*list_add(&move->targets) = target;
	}
	list_sort(&move->targets, compare_targets);
}

void move_free(struct move *move)
{
	free(move->ranges.items);
	free(move->nodes.items);
	free(move->targets.items);
}

/* ---- who has pages there ---- */

struct mover {
	struct move *move;
	uint64_t page_size;
	LIST(struct owner) owners; /* the largest first */
	uint64_t total;
	_Atomic uint64_t done;
	int flags_fd; /* of kpageflags; -errno */
	/* What follows, and the targets, belong to whoever has the lock. */
	pthread_mutex_t lock;
	size_t next; /* owner */
	struct areas areas;
	bool open;		 /* the areas are those of the owner before the next */
	char allowed[NAME_SIZE]; /* nodes that it may have memory of */
	struct area area;
	uint64_t at; /* in the area; its end: take the next one */
};

struct owner {
	int pid;
	uint64_t bytes;
};

/* A part of an area, for one call. */
struct piece {
	int pid;
	uint64_t start;
	unsigned int pages;
	uint64_t bytes;		 /* of the progress */
	char allowed[NAME_SIZE]; /* "": any */
	char bound[NAME_SIZE];
};

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void find_owners(struct mover *mover)
{
	cleanup_pids pid_list pids = {0};

	if (processes_list(mover->move->sys, &pids))
		return;
	list_each(pid, &pids) {
		uint64_t bytes = areas_bytes(mover->move->sys, *pid, &mover->move->nodes);

		if (!bytes)
			continue;
		*list_add(&mover->owners) = (struct owner){*pid, bytes};
		mover->total = add_capped(mover->total, bytes);
	}
	list_sort(&mover->owners, compare_owners);
}

/* ---- what is to be done next ---- */

/* The kernel moves its pages only to nodes of its cpuset. */
static void read_allowed(struct mover *mover)
{
	struct process process = {0};

	describe_status(&mover->areas.process, &process);
	copy_text(mover->allowed, sizeof(mover->allowed), process.nodes);
}

static bool next_owner(struct mover *mover)
{
	const struct move *move = mover->move;

	if (mover->open)
		areas_close(&mover->areas);
	mover->open = false;
	while (mover->next < mover->owners.count && !mover->open) {
		int pid = mover->owners.items[mover->next++].pid;

		mover->open = !areas_open(move->sys, pid, &move->nodes, true, &mover->areas);
		if (!mover->open)
			areas_close(&mover->areas);
	}
	if (mover->open)
		read_allowed(mover);
	return mover->open;
}

static bool is_worth(const struct area *area)
{
	uint64_t size = area->end - area->start;

	return !area->hugetlb && area->end > area->start &&
	       (size < SPARSE_SIZE || size / SPARSE_PART < area->bytes);
}

static bool next_area(struct mover *mover)
{
	struct area *area = &mover->area;

	while (mover->open || next_owner(mover)) {
		while (areas_next(&mover->areas, area)) {
			mover->at = area->start;
			if (is_worth(area))
				return true;
			mover->done += area->hugetlb ? 0 : area->bytes;
		}
		if (!next_owner(mover))
			return false;
	}
	return false;
}

/* How many pages of a piece are to be moved is not known before: progress goes by its length. */
static uint64_t part_of_area(const struct mover *mover, uint64_t length)
{
	const struct area *area = &mover->area;
	double part = (double)length / (double)(area->end - area->start);

	return (uint64_t)((double)area->bytes * part);
}

static bool take_piece(struct mover *mover, struct piece *piece)
{
	uint64_t length;

	if (mover->at >= mover->area.end && !next_area(mover))
		return false;
	length = mover->area.end - mover->at;
	if (length > PIECE * mover->page_size)
		length = PIECE * mover->page_size;
	piece->pid = mover->areas.process.pid;
	piece->start = mover->at;
	piece->pages = (unsigned int)(length / mover->page_size);
	piece->bytes = part_of_area(mover, length);
	copy_text(piece->allowed, sizeof(piece->allowed), mover->allowed);
	copy_text(piece->bound, sizeof(piece->bound), mover->area.bound);
	mover->at += length;
	return true;
}

/* ---- moving one piece ---- */

/* What one thread works with. */
struct worker {
	struct mover *mover;
	pthread_t thread;
	struct piece piece;
	uint64_t frames[PIECE], flags[PIECE];
	unsigned int count; /* pages to be moved: */
	void *addresses[PIECE];
	int nodes[PIECE], status[PIECE];
};

static bool is_in_range(const struct mover *mover, uint64_t frame)
{
	uint64_t address = frame * mover->page_size;

	list_each(range, &mover->move->ranges)
		if (frame != NO_FRAME && address >= range->start &&
		    address - range->start < range->size)
			return true;
	return false;
}

/* Frames from the @i-th on that follow each other. */
static unsigned int run_length(const struct worker *worker, unsigned int i, unsigned int count)
{
	unsigned int n = 1;

	while (i + n < count && worker->frames[i + n] == worker->frames[i] + n)
		n++;
	return n;
}

/* A huge page, all of it. To move these with all processors gains nothing, as there is little to do for
 * each but to copy it: measured, 0.7 to 0.8 times as fast as offlining does it. */
static bool is_huge(const struct worker *worker, unsigned int i, unsigned int count)
{
	return count - i >= FOLIO_MAX && worker->flags[i] & FRAME_HEAD &&
	       worker->flags[i + FOLIO_MAX - 1] & FRAME_TAIL;
}

/*
 * A large folio moves as a whole when its first page is named. To name the others, too, would have the
 * kernel begin a new batch at each (Linux 6.12, do_pages_move()).
 */
static void select_run(struct worker *worker, unsigned int first, unsigned int count)
{
	const struct mover *mover = worker->mover;
	size_t size = count * sizeof(*worker->flags);
	off_t at = (off_t)(worker->frames[first] * sizeof(*worker->flags));
	bool known = count > 1 && mover->flags_fd >= 0 &&
		     pread(mover->flags_fd, worker->flags, size, at) == (ssize_t)size;

	for (unsigned int i = 0; i < count; i++) {
		uint64_t address = worker->piece.start + (first + i) * mover->page_size;

		if (i && known && worker->flags[i] & FRAME_TAIL)
			continue;
		if (known && is_huge(worker, i, count))
			continue;
		if (is_in_range(mover, worker->frames[first + i]))
			worker->addresses[worker->count++] = (void *)(uintptr_t)address;
	}
}

/* Which pages of the piece are in the ranges now; how many bytes these are. */
static uint64_t select_pages(struct worker *worker)
{
	const struct piece *piece = &worker->piece;
	cleanup_fd int pagemap =
		sys_open_fd(worker->mover->move->sys, "/proc/%d/pagemap", piece->pid);
	unsigned int count, n;
	uint64_t pages = 0;

	worker->count = 0;
	if (pagemap < 0)
		return 0;
	count = (unsigned int)read_frames(pagemap, piece->start, piece->pages, worker->frames);
	for (unsigned int i = 0; i < count; i++)
		pages += is_in_range(worker->mover, worker->frames[i]);
	for (unsigned int i = 0; pages && i < count; i += n) {
		n = run_length(worker, i, count);
		if (worker->frames[i] != NO_FRAME)
			select_run(worker, i, n);
	}
	return pages * worker->mover->page_size;
}

/* Reserve room for that; -1 if there is none where the process may have memory. */
static int take_target(struct mover *mover, const struct piece *piece, uint64_t bytes)
{
	int node = -1;

	pthread_mutex_lock(&mover->lock);
	list_each(target, &mover->move->targets) {
		uint64_t number = (uint64_t)target->node;

		if (target->room < bytes ||
		    (piece->allowed[0] && !list_has_number(piece->allowed, number)) ||
		    (piece->bound[0] && !list_has_number(piece->bound, number)))
			continue;
		target->room -= bytes;
		node = target->node;
		break;
	}
	pthread_mutex_unlock(&mover->lock);
	return node;
}

/* The node has less room than it seemed: others have their turn. */
static void give_up_target(struct mover *mover, int node)
{
	pthread_mutex_lock(&mover->lock);
	list_each(target, &mover->move->targets)
		if (target->node == node)
			target->room = 0;
	pthread_mutex_unlock(&mover->lock);
}

/* All that were selected, @step at a time. True if some were not even tried. */
static bool move_selected(struct worker *worker, int node, unsigned int step)
{
	bool given_up = false;
	unsigned int n;

	for (unsigned int i = 0; i < worker->count; i++)
		worker->nodes[i] = node;
	for (unsigned int i = 0; i < worker->count; i += n) {
		long rc;

		n = worker->count - i < step ? worker->count - i : step;
		rc = pages_move(worker->piece.pid, n, worker->addresses + i, worker->nodes + i,
				worker->status + i);
		if (rc == -ENOMEM)
			give_up_target(worker->mover, node);
		if (rc < 0)
			return false;
		given_up |= rc > 0;
	}
	return given_up;
}

/* A page that can not be moved now takes with it what comes after it in the same call. */
static void move_piece(struct worker *worker)
{
	uint64_t bytes = select_pages(worker);
	int node = bytes ? take_target(worker->mover, &worker->piece, bytes) : -1;

	if (node < 0 || !move_selected(worker, node, PIECE) || stop_requested())
		return;
	select_pages(worker);
	move_selected(worker, node, SMALL_PIECE);
}

/* ---- all pieces ---- */

static bool work_on_one(struct worker *worker)
{
	struct mover *mover = worker->mover;
	bool any;

	pthread_mutex_lock(&mover->lock);
	any = !stop_requested() && take_piece(mover, &worker->piece);
	pthread_mutex_unlock(&mover->lock);
	if (!any)
		return false;
	move_piece(worker);
	mover->done += worker->piece.bytes;
	return true;
}

static void *work(void *context)
{
	while (work_on_one(context))
		;
	return NULL;
}

/* Only we tell of the progress: whom we tell knows nothing of threads. */
static void work_and_tell(struct worker *worker)
{
	const struct mover *mover = worker->mover;
	const struct move *move = mover->move;

	while (work_on_one(worker)) {
		uint64_t done = mover->done;

		if (move->progress)
			move->progress(move->context, done < mover->total ? done : mover->total,
				       mover->total);
	}
}

static unsigned int count_threads(void)
{
	cpu_set_t set;
	int count;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	count = CPU_COUNT(&set);
	return count < 1 ? 1 : count > THREADS_MAX ? THREADS_MAX : (unsigned int)count;
}

/* The first worker is ourselves; a thread that can not be had leaves its work to the others. */
static void run_workers(struct mover *mover)
{
	unsigned int count = count_threads(), started = 1;
	cleanup_free struct worker *workers = xcalloc(count, sizeof(*workers));

	for (unsigned int i = 0; i < count; i++)
		workers[i].mover = mover;
	while (started < count &&
	       pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
		started++;
	work_and_tell(&workers[0]);
	while (started-- > 1)
		pthread_join(workers[started].thread, NULL);
}

static void mover_free(struct mover *mover)
{
	if (mover->open)
		areas_close(&mover->areas);
	close_fd(&mover->flags_fd);
	free(mover->owners.items);
	pthread_mutex_destroy(&mover->lock);
}

void move_run(struct move *move)
{
	__attribute__((cleanup(mover_free))) struct mover mover = {
		.move = move,
		.page_size = (uint64_t)sysconf(_SC_PAGESIZE),
		.flags_fd = sys_open_fd(move->sys, "/proc/kpageflags"),
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};

	if (!move->targets.count)
		return;
	find_owners(&mover);
	if (mover.owners.count)
		run_workers(&mover);
}
