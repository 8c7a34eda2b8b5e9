/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/frames.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/util.h"

struct frames *frames_open(const struct sys *sys)
{
	struct frames *frames = xcalloc(1, sizeof(*frames));

	frames->flags_fd = sys_open_fd(sys, "/proc/kpageflags");
	frames->counts_fd = sys_open_fd(sys, "/proc/kpagecount");
	if (kcore_open(sys, &frames->kcore) || frames->flags_fd < 0 || frames->counts_fd < 0)
		frames_close(&frames);
	return frames;
}

void frames_close(struct frames **frames)
{
	if (!*frames)
		return;
	close_fd(&(*frames)->flags_fd);
	close_fd(&(*frames)->counts_fd);
	kcore_close(&(*frames)->kcore);
	free(*frames);
	*frames = NULL;
}

/* To move no page at all is enough (Linux, do_pages_move()); without NUMA there is no such call. */
void frames_settle(void)
{
	int none = 0;

	syscall(SYS_move_pages, 0, 0ul, NULL, &none, &none, MPOL_MF_MOVE);
}

static bool read_words(int fd, uint64_t first, unsigned int count, uint64_t *out)
{
	ssize_t size = count * sizeof(*out);

	return pread(fd, out, size, (off_t)(first * sizeof(*out))) == size;
}

/*
 * Free frames need no counting but for some, which show that a free one has no reference. Of what
 * is counted, mapcounts come from before and after, and the larger one is taken: processes come
 * and go meanwhile.
 */
#define COUNTED_MIN 64u

static unsigned int to_count(const struct frames *frames)
{
	unsigned int n = frames->count;

	while (n > COUNTED_MIN && frames->flags[n - 1] & (FRAME_BUDDY | FRAME_NOPAGE))
		n--;
	return n;
}

bool frames_look(struct frames *frames, uint64_t first, unsigned int count)
{
	frames->first = first;
	frames->count = count;
	if (count > KCORE_FRAMES || !read_words(frames->flags_fd, first, count, frames->flags))
		return false;
	frames->counted = to_count(frames);
	if (!read_words(frames->counts_fd, first, frames->counted, frames->before) ||
	    kcore_refcounts(&frames->kcore, first, frames->counted, frames->refs) ||
	    !read_words(frames->counts_fd, first, frames->counted, frames->mapped))
		return false;
	for (unsigned int i = 0; i < frames->counted; i++)
		if (frames->before[i] > frames->mapped[i])
			frames->mapped[i] = frames->before[i];
	return true;
}

unsigned int frames_folio(const struct frames *frames, unsigned int i)
{
	unsigned int n = 1;

	while (i + n < frames->counted && frames->flags[i + n] & FRAME_TAIL)
		n++;
	return n;
}

/* What is not anonymous is taken to be in the page cache, though it may have been truncated. */
static uint64_t explained(uint64_t flags, unsigned int pages)
{
	return (uint64_t)pages * (!(flags & FRAME_ANON) + !!(flags & FRAME_SWAPCACHE)) +
	       !!(flags & FRAME_PRIVATE) + !!(flags & FRAME_PRIVATE_2);
}

/*
 * A folio may be mapped page by page, or as a whole: then each of its pages has one more mapping,
 * but all together one more reference. How often is not exported. So references are explained if
 * there is a number of whole mappings with which they come out even.
 */
static bool folio_held(const struct frames *frames, unsigned int first, unsigned int pages)
{
	uint64_t most = explained(frames->flags[first], pages), least = UINT64_MAX, spare;

	for (unsigned int i = first; i < first + pages; i++) {
		most += frames->mapped[i];
		if (frames->mapped[i] < least)
			least = frames->mapped[i];
	}
	if (frames->refs[first] > most)
		return true;
	spare = most - frames->refs[first];
	return spare % (pages - 1) && spare / (pages - 1) < least;
}

/* Folios begin at multiples of their size; what is larger may not be seen whole. */
static bool whole_folio(const struct frames *frames, unsigned int first, unsigned int pages)
{
	return pages > 1 && pages <= FOLIO_MAX && (pages & (pages - 1)) == 0 &&
	       (frames->first + first) % pages == 0;
}

bool frames_held(const struct frames *frames, unsigned int i)
{
	uint64_t flags = frames->flags[i];
	unsigned int pages;

	if (i >= frames->counted || !(flags & FRAME_LRU) ||
	    flags & (FRAME_TAIL | FRAME_HUGE | FRAME_HWPOISON))
		return false;
	if (!(flags & FRAME_HEAD))
		return frames->refs[i] > frames->mapped[i] + explained(flags, 1);
	pages = frames_folio(frames, i);
	return frames->precise && whole_folio(frames, i, pages) && folio_held(frames, i, pages);
}
