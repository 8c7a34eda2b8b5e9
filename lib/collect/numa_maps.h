/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of /proc/PID/numa_maps:
 * "7f00 default file=/a\040b huge anon=3 dirty=3 N0=1 N1=2 kernelpagesize_kB=4". Blanks and '=' in a
 * path are escaped, so no part of it looks like another word.
 */
#ifndef COLLECT_NUMA_MAPS_H
#define COLLECT_NUMA_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/host.h"

struct numa_line {
	uint64_t start;	    /* address of the area */
	uint64_t page_size; /* bytes */
	uint64_t anon;	    /* pages, of all nodes together */
	bool hugetlb;
	char bound[NAME_SIZE]; /* nodes that its memory policy binds it to: "0,2-3"; "" */
};

struct numa_line numa_line(const char *text);

/* The word behind @word; "" behind the last. */
const char *numa_next_word(const char *word);

/* @word is "N1=2": a node and how many pages of the area are on it. */
bool numa_pages(const char *word, int *node, uint64_t *pages);

#endif
