/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page frames of online System RAM hold, and whether offlining would wait for some of
 * them in vain: it tries to migrate a page that somebody holds until a signal arrives.
 *
 * References that come and go are everywhere, so held is only what is so at every one of many
 * looks: a buffer that is nearly always under I/O must be seen between two, as migration would see
 * it. Only ZONE_MOVABLE is looked at for it: elsewhere are pages of the kernel's own whose
 * owners know how to move them (the rings of asynchronous I/O).
 */
#include "collect/caution.h"
#include "collect/collect.h"

#include <string.h>
#include <unistd.h>

#include "collect/frames.h"
#include "sys/util.h"

#define LOOKS	     16		/* at least, */
#define WATCH_MS     5000	/* for at least so long */
#define SUSPECTS_MAX (1u << 18) /* that are remembered; further ones are not counted */

enum kind { FREE, MOVABLE, HUGETLB, KERNEL, OTHER, KINDS };

/* A frame that was held at every look so far. */
struct suspect {
	uint64_t frame;
	size_t contents; /* index in the host's list */
	int block;
	unsigned int pages; /* of its folio */
};

struct agreement {
	uint64_t count[2]; /* of frames: no, yes */
};

struct search {
	struct frames *frames;
	uint64_t page_size;
	LIST(struct suspect) suspects; /* the frames of a block ascend */
	struct agreement used, unused; /* do reference counts fit the flags? */
	enum kind head;		       /* of a compound page: its tails are the same */
};

/* ---- kinds of frames ---- */

static enum kind kind_of(struct search *search, unsigned int i)
{
	const struct frames *frames = search->frames;
	uint64_t flags = frames->flags[i];

	if (flags & (FRAME_NOPAGE | FRAME_HWPOISON))
		return OTHER;
	if (flags & FRAME_BUDDY)
		return FREE;
	if (flags & FRAME_HUGE)
		return HUGETLB;
	if (flags & FRAME_TAIL)
		return search->head;
	if (flags & (FRAME_LRU | FRAME_ANON | FRAME_SWAPBACKED))
		return MOVABLE;
	/* A processor keeps some free ones at hand. */
	return !flags && i < frames->counted && !frames->refs[i] ? FREE : KERNEL;
}

/* Should the reference counts be something else on this kernel, it shows here. */
static void compare(struct search *search, unsigned int i)
{
	const struct frames *frames = search->frames;
	uint64_t flags = frames->flags[i];

	if (i >= frames->counted || flags & (FRAME_TAIL | FRAME_HUGE))
		return;
	if (flags & FRAME_BUDDY)
		search->unused.count[frames->refs[i] == 0]++;
	else if (flags & FRAME_LRU)
		search->used.count[frames->refs[i] && frames->refs[i] >= frames->mapped[i]]++;
}

/* Pages that are taken or freed during a look do not agree. */
static bool agree(const struct agreement *agreement)
{
	return agreement->count[false] <= 16 + agreement->count[true] / 4;
}

static void suspect(struct search *search, const struct block *block, size_t contents,
		    unsigned int i)
{
	struct suspect *suspect;

	if (search->suspects.count == SUSPECTS_MAX || !frames_held(search->frames, i))
		return;
	suspect = list_add(&search->suspects);
	*suspect = (struct suspect){search->frames->first + i, contents, block->number,
				    frames_folio(search->frames, i)};
}

/* ---- the first look, at everything ---- */

/* Nothing that stays may be in ZONE_MOVABLE: there, what is not on the LRU is on its way. */
static void count(struct search *search, uint64_t kinds[KINDS], bool movable, unsigned int i)
{
	enum kind kind = kind_of(search, i);

	if (kind == KERNEL && movable)
		kind = MOVABLE;
	if (!(search->frames->flags[i] & FRAME_TAIL))
		search->head = kind;
	kinds[kind]++;
}

static bool look_at_block(struct search *search, const struct block *block, uint64_t size,
			  size_t contents, uint64_t kinds[KINDS])
{
	uint64_t first = block->start / search->page_size;
	uint64_t end = first + size / search->page_size;
	bool movable = strcmp(block->zones, "Movable") == 0;

	search->head = OTHER;
	for (uint64_t at = first; at < end; at += KCORE_FRAMES) {
		unsigned int n = end - at < KCORE_FRAMES ? end - at : KCORE_FRAMES;

		if (!frames_look(search->frames, at, n))
			return false;
		for (unsigned int i = 0; i < n; i++) {
			count(search, kinds, movable, i);
			compare(search, i);
			if (movable)
				suspect(search, block, contents, i);
		}
	}
	return true;
}

static bool look_at_dax(struct search *search, struct host *host, const struct dax *dax)
{
	uint64_t kinds[KINDS] = {0};
	struct contents *contents;
	bool any = false;

	list_each(block, &host->blocks) {
		if (!block_online(block) || !dax_has_block(host, dax, block))
			continue;
		any = true;
		if (!look_at_block(search, block, host->block_size, host->contents.count, kinds))
			return false;
	}
	if (!any)
		return true;
	contents = list_add(&host->contents);
	copy_text(contents->dax, sizeof(contents->dax), dax->name);
	contents->free = kinds[FREE] * search->page_size;
	contents->movable = kinds[MOVABLE] * search->page_size;
	contents->hugetlb = kinds[HUGETLB] * search->page_size;
	contents->kernel = kinds[KERNEL] * search->page_size;
	contents->held_block = -1;
	return true;
}

static bool look_at_all(struct search *search, struct host *host)
{
	list_each(dax, &host->dax_devices) {
		/* Its page structs lie on the device: to look at them would be to read from it. */
		if (dax->mode != DAX_SYSTEM_RAM || dax->memmap_on_memory == 1)
			continue;
		if (!look_at_dax(search, host, dax))
			return false;
	}
	return search->unused.count[true] && agree(&search->unused) && agree(&search->used);
}

/* ---- further looks, at suspects ---- */

/* Look at this suspect and those after it that one look reaches; how many these are. */
static size_t look_at_some(struct search *search, size_t from)
{
	const struct suspect *suspects = search->suspects.items;
	uint64_t first = suspects[from].frame, end;
	size_t next = from + 1;

	while (next < search->suspects.count && suspects[next].block == suspects[from].block &&
	       suspects[next].frame + suspects[next].pages <= first + KCORE_FRAMES)
		next++;
	end = suspects[next - 1].frame + suspects[next - 1].pages;
	return frames_look(search->frames, first, end - first) ? next - from : 0;
}

static bool look_again(struct search *search)
{
	struct suspect *suspects = search->suspects.items;
	size_t kept = 0, n;

	for (size_t from = 0; from < search->suspects.count; from += n) {
		n = look_at_some(search, from);
		if (!n)
			return false;
		for (size_t i = from; i < from + n; i++)
			if (frames_held(search->frames, suspects[i].frame - search->frames->first))
				suspects[kept++] = suspects[i];
	}
	search->suspects.count = kept;
	return true;
}

static void note_held(const struct search *search, struct host *host)
{
	list_each(suspect, &search->suspects) {
		struct contents *contents = &host->contents.items[suspect->contents];

		contents->held += suspect->pages * search->page_size;
		if (contents->held_block < 0)
			contents->held_block = suspect->block;
	}
}

static bool watch(struct search *search)
{
	uint64_t end = now_ms() + WATCH_MS;

	for (int looks = 1; search->suspects.count && (looks < LOOKS || now_ms() < end); looks++) {
		sleep_ms(1 + looks % 3); /* not in step with anything */
		if (looks < LOOKS)
			frames_settle();
		if (!look_again(search))
			return false;
	}
	return true;
}

static bool search_all(struct search *search, struct host *host)
{
	if (!look_at_all(search, host) || !watch(search))
		return false;
	note_held(search, host);
	return true;
}

/* ---- the whole ---- */

static bool any_ram(const struct host *host)
{
	list_each(dax, &host->dax_devices)
		if (dax->mode == DAX_SYSTEM_RAM)
			return true;
	return false;
}

int collect_pages(const struct sys *sys, struct host *host, struct error *err)
{
	struct search search = {.page_size = sysconf(_SC_PAGESIZE)};
	cleanup_frames struct frames *frames = NULL;

	(void)err; /* what can not be seen is left unknown */
	if (any_port_isolated(host) || !any_ram(host))
		return 0;
	frames = search.frames = frames_open(sys);
	if (frames) {
		frames_settle();
		frames_probe(sys, frames);
		if (!search_all(&search, host))
			host->contents.count = 0;
	}
	free(search.suspects.items);
	return 0;
}
