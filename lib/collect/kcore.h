/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference counts of page frames, out of /proc/kcore.
 *
 * The kernel exports flags and mapcounts of frames, but no reference counts. They are in its array
 * of struct page, the vmemmap, which /proc/kcore shows together with VMCOREINFO, the description
 * that crash tools rest on (Documentation/admin-guide/kdump/vmcoreinfo.rst; in kcore since
 * Linux 4.19). Nothing but that array is ever read here: not the memory that it describes.
 */
#ifndef COLLECT_KCORE_H
#define COLLECT_KCORE_H

#include <stdint.h>

#include "model/record.h"
#include "sys/sys.h"

/* Frames whose struct pages are one after the other in the file. */
struct kcore_frames {
	uint64_t first, count;
	uint64_t offset; /* in the file, of the first one's struct page */
};

struct kcore {
	int fd;
	uint64_t page_size;
	uint64_t struct_size; /* of struct page */
	uint64_t refcount;    /* its offset in there */
	uint64_t vmemmap;     /* address of frame 0's struct page, modulo 2^64 */
	LIST(struct kcore_frames) frames;
	char *buffer;
};

/*
 * Zeroed, or closed before. -ENOENT, -EPERM and the like if there is none or the kernel is locked
 * down; -ENOTSUP if it does not say what is needed, or says what cannot be.
 */
int kcore_open(const struct sys *sys, struct kcore *kcore);
void kcore_close(struct kcore *kcore);
#define cleanup_kcore __attribute__((cleanup(kcore_close)))

/* At most KCORE_FRAMES at once. -ERANGE if the file does not show all of their struct pages. */
#define KCORE_FRAMES 4096u
int kcore_refcounts(const struct kcore *kcore, uint64_t first, unsigned int count, uint32_t *out);

#endif
