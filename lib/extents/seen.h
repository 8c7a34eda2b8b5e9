/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of addresses and tags that were seen before, to be held against what comes later. What is
 * bounded keeps between SEEN_MAX / 2 and SEEN_MAX of them, and forgets the oldest half at once.
 */
#ifndef EXTENTS_SEEN_H
#define EXTENTS_SEEN_H

#include "model/host.h"

#define SEEN_MAX 65536

/* Who had a range or a tag. */
struct owner {
	uint64_t batch;	 /* counted by the caller */
	int number;	 /* as users see it, of the batch */
	uint32_t extent; /* in the batch, from 1 */
};

struct seen_range {
	uint64_t start, end; /* exclusive */
	struct owner owner;
};

/* Ranges that do not overlap, in order, in chunks: a range goes in without moving all others. */
struct chunk_ref {
	uint64_t end; /* of its last range: chunks are looked for without touching them */
	struct range_chunk *chunk;
};

struct ranges {
	LIST(struct chunk_ref) chunks;
	size_t count;
};

/* Sets of any size. What of [start, end) is in it already stays as it is. */
void ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, const struct owner *owner);
void ranges_remove(struct ranges *ranges, uint64_t start, uint64_t end);
/* The lowest that overlaps, NULL if none does; good until the set changes. */
const struct seen_range *ranges_find(const struct ranges *ranges, uint64_t start, uint64_t end);
/* All of [start, end) is in it. */
bool ranges_cover(const struct ranges *ranges, uint64_t start, uint64_t end);
void ranges_free(struct ranges *ranges);

/* The same, bounded. */
struct recent_ranges {
	struct ranges young, old;
};

void recent_ranges_add(struct recent_ranges *recent, uint64_t start, uint64_t end,
		       const struct owner *owner);
void recent_ranges_remove(struct recent_ranges *recent, uint64_t start, uint64_t end);
const struct seen_range *recent_ranges_find(const struct recent_ranges *recent, uint64_t start,
					    uint64_t end);
void recent_ranges_free(struct recent_ranges *recent);

struct seen_tag {
	char tag[sizeof(((struct extent *)0)->tag)];
	uint64_t extents; /* that have it; 0: forgotten, or never there */
	int number;	  /* of the batch that had it last */
};

/* A hash table. */
struct tag_table {
	struct seen_tag *slots;
	size_t size;  /* of slots; 0: none */
	size_t count; /* of those that are taken */
};

/* Tags, bounded; zeroed is empty. */
struct recent_tags {
	struct tag_table young, old;
};

/* One more extent has @tag, of the batch @number. */
void recent_tags_add(struct recent_tags *recent, const char *tag, int number);
/* One extent less: a tag that no extent has any more was never seen. */
void recent_tags_remove(struct recent_tags *recent, const char *tag);
/* NULL if no extent has it. */
const struct seen_tag *recent_tags_find(const struct recent_tags *recent, const char *tag);
void recent_tags_free(struct recent_tags *recent);

#endif
