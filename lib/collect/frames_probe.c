/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>
#include <unistd.h>

#include "collect/frames.h"
#include "sys/util.h"

#define HUGE	 (2u << 20)
#define PRESENT	 (1ull << 63) /* of /proc/self/pagemap (Documentation/admin-guide/mm/pagemap.rst) */
#define FRAME_OF ((1ull << 55) - 1)

/* 0 if there is none, or nobody says. */
static uint64_t frame_at(const struct sys *sys, const char *data)
{
	cleanup_fd int fd = sys_open_fd(sys, "/proc/self/pagemap");
	off_t at = (uintptr_t)data / sysconf(_SC_PAGESIZE) * sizeof(uint64_t);
	uint64_t entry;

	if (fd < 0 || pread(fd, &entry, sizeof(entry), at) != sizeof(entry) || !(entry & PRESENT))
		return 0;
	return entry & FRAME_OF;
}

/* A huge page of our own of which only the first half is mapped. */
static bool tells_halves_apart(const struct sys *sys, struct frames *frames, char *data)
{
	unsigned int count = HUGE / sysconf(_SC_PAGESIZE);
	uint64_t first;

	madvise(data, HUGE, MADV_HUGEPAGE);
	*data = 1;
	first = frame_at(sys, data);
	munmap(data + HUGE / 2, HUGE / 2);
	return first && frames_look(frames, first, count) && frames->counted == count &&
	       frames->flags[0] & FRAME_HEAD && frames->flags[count - 1] & FRAME_TAIL &&
	       frames->mapped[0] == 1 && frames->mapped[count / 2 - 1] == 1 &&
	       frames->mapped[count / 2] == 0 && frames->mapped[count - 1] == 0 &&
	       frames->refs[0] == count / 2;
}

bool frames_probe(const struct sys *sys, struct frames *frames)
{
	char *area, *data;

	area = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return false;
	data = area + (HUGE - (uintptr_t)area % HUGE) % HUGE;
	frames->precise = tells_halves_apart(sys, frames, data);
	munmap(area, 2 * HUGE);
	return frames->precise;
}
