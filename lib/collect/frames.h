/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel tells of page frames: flags and mapcounts from /proc/kpageflags and
 * /proc/kpagecount (Documentation/admin-guide/mm/pagemap.rst), reference counts from /proc/kcore.
 * The memory itself is never read.
 */
#ifndef COLLECT_FRAMES_H
#define COLLECT_FRAMES_H

#include <stdbool.h>

#include "collect/kcore.h"

/* Linux, include/uapi/linux/kernel-page-flags.h and include/linux/kernel-page-flags.h */
#define FRAME_LRU	 (1ull << 5)
#define FRAME_BUDDY	 (1ull << 10)
#define FRAME_ANON	 (1ull << 12)
#define FRAME_SWAPCACHE	 (1ull << 13)
#define FRAME_SWAPBACKED (1ull << 14)
#define FRAME_HEAD	 (1ull << 15)
#define FRAME_TAIL	 (1ull << 16)
#define FRAME_HUGE	 (1ull << 17)
#define FRAME_HWPOISON	 (1ull << 19)
#define FRAME_NOPAGE	 (1ull << 20)
#define FRAME_TABLE	 (1ull << 26)
#define FRAME_PRIVATE	 (1ull << 35)
#define FRAME_PRIVATE_2	 (1ull << 36)

/* Pages of the largest folio that is looked into. */
#define FOLIO_MAX 512u

struct frames {
	int flags_fd, counts_fd;
	struct kcore kcore;
	bool precise; /* mapcounts are of single pages, also within large folios */
	/* What the last look saw. Frames at the end that are free may have their flags only. */
	uint64_t first;
	unsigned int count, counted;
	uint64_t flags[KCORE_FRAMES], mapped[KCORE_FRAMES], before[KCORE_FRAMES];
	uint32_t refs[KCORE_FRAMES];
};

/* NULL if the kernel does not tell, or not us. */
struct frames *frames_open(const struct sys *sys);
void frames_close(struct frames **frames);
#define cleanup_frames __attribute__((cleanup(frames_close)))

/*
 * The kernel puts pages onto the LRU in batches, one for each processor, and a batch refers to its
 * pages for as long as nothing happens there. Have it flush them all, as offlining does first.
 */
void frames_settle(void);

/* At most KCORE_FRAMES of them; false if something could not be read. */
bool frames_look(struct frames *frames, uint64_t first, unsigned int count);

/*
 * The page on the LRU, or the large folio that begins with it, has more references than mappings,
 * page cache, swap cache and private data of its file system explain: at this moment it can not be
 * migrated (Linux, folio_expected_refs()). No if that can not be told.
 */
bool frames_held(const struct frames *frames, unsigned int i);

/* Pages of what begins there: 1, or more of a large folio. */
unsigned int frames_folio(const struct frames *frames, unsigned int i);

/*
 * Find out, with a huge page of our own, whether mapcounts within large folios are of single pages,
 * and references count as expected. Without that, nothing is said of large folios: the kernel may
 * have averages only (Linux 6.15, CONFIG_NO_PAGE_MAPCOUNT).
 */
bool frames_probe(const struct sys *sys, struct frames *frames);

#endif
