/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/seen.h"

#include <string.h>

#include "sys/util.h"

#define CHUNK_SIZE 64

struct range_chunk {
	size_t count; /* at least 1 */
	struct seen_range items[CHUNK_SIZE];
};

/* Where a range is, or would be: of a chunk that is there, or the end of the last one. */
struct position {
	size_t chunk, item;
};

/* ---- one set of ranges ---- */

/* The first chunk that goes beyond @start. */
static size_t find_chunk(const struct ranges *ranges, uint64_t start)
{
	size_t low = 0, high = ranges->chunks.count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ranges->chunks.items[middle].end <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t find_item(const struct range_chunk *chunk, uint64_t start)
{
	size_t low = 0, high = chunk->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (chunk->items[middle].end <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first range that goes beyond @start. */
static struct position find_position(const struct ranges *ranges, uint64_t start)
{
	struct position at = {.chunk = find_chunk(ranges, start)};

	if (at.chunk < ranges->chunks.count) {
		at.item = find_item(ranges->chunks.items[at.chunk].chunk, start);
	} else if (at.chunk) {
		at.chunk--;
		at.item = ranges->chunks.items[at.chunk].chunk->count;
	}
	return at;
}

static struct seen_range *find_range(const struct ranges *ranges, uint64_t start, uint64_t end,
				     struct position *at)
{
	struct range_chunk *chunk;

	*at = find_position(ranges, start);
	if (at->chunk == ranges->chunks.count)
		return NULL;
	chunk = ranges->chunks.items[at->chunk].chunk;
	if (at->item == chunk->count || chunk->items[at->item].start >= end)
		return NULL;
	return &chunk->items[at->item];
}

const struct seen_range *ranges_find(const struct ranges *ranges, uint64_t start, uint64_t end)
{
	struct position at;

	return start < end ? find_range(ranges, start, end, &at) : NULL;
}

/* What is known of a chunk from outside, after its ranges changed. */
static void note_end(struct chunk_ref *ref)
{
	ref->end = ref->chunk->items[ref->chunk->count - 1].end;
}

/* A new chunk at @index, for the caller to fill. */
static struct chunk_ref *insert_chunk(struct ranges *ranges, size_t index)
{
	struct chunk_ref *items;

	list_add(&ranges->chunks);
	items = ranges->chunks.items;
	memmove(items + index + 1, items + index,
		(ranges->chunks.count - 1 - index) * sizeof(*items));
	items[index] = (struct chunk_ref){.chunk = xcalloc(1, sizeof(struct range_chunk))};
	return &items[index];
}

/* Where @at was in the full chunk it is of now. At the end nothing moves: addresses often rise. */
static struct position split(struct ranges *ranges, struct position at)
{
	size_t keep = at.item == CHUNK_SIZE ? CHUNK_SIZE : CHUNK_SIZE / 2;
	struct chunk_ref *next = insert_chunk(ranges, at.chunk + 1), *full = next - 1;

	next->chunk->count = CHUNK_SIZE - keep;
	memcpy(next->chunk->items, full->chunk->items + keep,
	       next->chunk->count * sizeof(struct seen_range));
	next->end = full->end;
	full->chunk->count = keep;
	note_end(full);
	if (at.item < keep)
		return at;
	return (struct position){at.chunk + 1, at.item - keep};
}

/* It overlaps none. */
static void insert(struct ranges *ranges, uint64_t start, uint64_t end, const struct owner *owner)
{
	struct position at = find_position(ranges, start);
	struct range_chunk *chunk;

	if (!ranges->chunks.count)
		insert_chunk(ranges, 0);
	else if (ranges->chunks.items[at.chunk].chunk->count == CHUNK_SIZE)
		at = split(ranges, at);
	chunk = ranges->chunks.items[at.chunk].chunk;
	memmove(chunk->items + at.item + 1, chunk->items + at.item,
		(chunk->count - at.item) * sizeof(*chunk->items));
	chunk->items[at.item] = (struct seen_range){start, end, *owner};
	chunk->count++;
	ranges->count++;
	note_end(&ranges->chunks.items[at.chunk]);
}

void ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, const struct owner *owner)
{
	while (start < end) {
		const struct seen_range *range = ranges_find(ranges, start, end);
		uint64_t next = range ? range->end : end;
		uint64_t stop = range ? range->start : end;

		if (start < stop)
			insert(ranges, start, stop, owner);
		start = next;
	}
}

static void remove_chunk(struct ranges *ranges, size_t index)
{
	struct chunk_ref *items = ranges->chunks.items;

	free(items[index].chunk);
	ranges->chunks.count--;
	memmove(items + index, items + index + 1, (ranges->chunks.count - index) * sizeof(*items));
	if (ranges->chunks.count)
		return;
	free(items);
	ranges->chunks.items = NULL;
}

static void remove_item(struct ranges *ranges, struct position at)
{
	struct chunk_ref *ref = &ranges->chunks.items[at.chunk];
	struct range_chunk *chunk = ref->chunk;

	ranges->count--;
	chunk->count--;
	memmove(chunk->items + at.item, chunk->items + at.item + 1,
		(chunk->count - at.item) * sizeof(*chunk->items));
	if (chunk->count)
		note_end(ref);
	else
		remove_chunk(ranges, at.chunk);
}

void ranges_remove(struct ranges *ranges, uint64_t start, uint64_t end)
{
	struct seen_range *range;
	struct position at;

	while (start < end && (range = find_range(ranges, start, end, &at))) {
		struct seen_range whole = *range;

		remove_item(ranges, at);
		if (whole.start < start)
			insert(ranges, whole.start, start, &whole.owner);
		if (whole.end > end)
			insert(ranges, end, whole.end, &whole.owner);
		start = whole.end;
	}
}

bool ranges_cover(const struct ranges *ranges, uint64_t start, uint64_t end)
{
	while (start < end) {
		const struct seen_range *range = ranges_find(ranges, start, end);

		if (!range || range->start > start)
			return false;
		start = range->end;
	}
	return true;
}

void ranges_free(struct ranges *ranges)
{
	list_each(ref, &ranges->chunks)
		free(ref->chunk);
	free(ranges->chunks.items);
	memset(ranges, 0, sizeof(*ranges));
}

/* ---- bounded ---- */

static void forget_oldest(struct recent_ranges *recent)
{
	if (recent->young.count < SEEN_MAX / 2)
		return;
	ranges_free(&recent->old);
	recent->old = recent->young;
	memset(&recent->young, 0, sizeof(recent->young));
}

void recent_ranges_add(struct recent_ranges *recent, uint64_t start, uint64_t end,
		       const struct owner *owner)
{
	forget_oldest(recent);
	ranges_add(&recent->young, start, end, owner);
}

/* A hole in a range makes two of it. */
void recent_ranges_remove(struct recent_ranges *recent, uint64_t start, uint64_t end)
{
	ranges_remove(&recent->young, start, end);
	ranges_remove(&recent->old, start, end);
	forget_oldest(recent);
	if (recent->old.count > SEEN_MAX)
		ranges_free(&recent->old);
}

const struct seen_range *recent_ranges_find(const struct recent_ranges *recent, uint64_t start,
					    uint64_t end)
{
	const struct seen_range *range = ranges_find(&recent->young, start, end);

	return range ? range : ranges_find(&recent->old, start, end);
}

void recent_ranges_free(struct recent_ranges *recent)
{
	ranges_free(&recent->young);
	ranges_free(&recent->old);
}

/* ---- tags ---- */

/* FNV-1a, by words. */
static size_t hash_of(const char *tag)
{
	uint64_t words[sizeof(((struct seen_tag *)0)->tag) / sizeof(uint64_t)] = {0};
	uint64_t hash = 0xcbf29ce484222325;

	memcpy(words, tag, strnlen(tag, sizeof(words)));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		hash = (hash ^ words[i]) * 0x100000001b3;
		hash ^= hash >> 32;
	}
	return hash;
}

/* Where @tag is in a table that has slots, or may go. */
static struct seen_tag *slot_of(const struct tag_table *table, size_t hash, const char *tag)
{
	size_t i = hash % table->size;

	while (table->slots[i].tag[0] && strcmp(table->slots[i].tag, tag) != 0)
		i = (i + 1) % table->size;
	return &table->slots[i];
}

/* Its entry, if extents have it. */
static struct seen_tag *find_tag(const struct recent_tags *recent, size_t hash, const char *tag)
{
	const struct tag_table *tables[] = {&recent->young, &recent->old};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		struct seen_tag *slot = tables[i]->size ? slot_of(tables[i], hash, tag) : NULL;

		if (slot && slot->extents)
			return slot;
	}
	return NULL;
}

const struct seen_tag *recent_tags_find(const struct recent_tags *recent, const char *tag)
{
	return recent->young.size ? find_tag(recent, hash_of(tag), tag) : NULL;
}

/* Half of the slots at most are taken. Tags that no extent has any more stay behind. */
static void grow(struct tag_table *table)
{
	struct tag_table larger = {.size = table->size ? 2 * table->size : 64};

	larger.slots = xcalloc(larger.size, sizeof(*larger.slots));
	for (size_t i = 0; i < table->size; i++) {
		const struct seen_tag *from = &table->slots[i];

		if (!from->extents)
			continue;
		*slot_of(&larger, hash_of(from->tag), from->tag) = *from;
		larger.count++;
	}
	free(table->slots);
	*table = larger;
}

static void make_room(struct recent_tags *recent)
{
	if (recent->young.count >= SEEN_MAX / 2) {
		free(recent->old.slots);
		recent->old = recent->young;
		memset(&recent->young, 0, sizeof(recent->young));
	}
	if (2 * recent->young.count >= recent->young.size)
		grow(&recent->young);
}

void recent_tags_add(struct recent_tags *recent, const char *tag, int number)
{
	size_t hash = hash_of(tag);
	struct seen_tag *slot = find_tag(recent, hash, tag);

	if (!slot) {
		make_room(recent);
		slot = slot_of(&recent->young, hash, tag);
		recent->young.count += !slot->tag[0];
		copy_text(slot->tag, sizeof(slot->tag), tag);
	}
	slot->extents++;
	slot->number = number;
}

void recent_tags_remove(struct recent_tags *recent, const char *tag)
{
	struct seen_tag *slot = find_tag(recent, hash_of(tag), tag);

	if (slot)
		slot->extents--;
}

void recent_tags_free(struct recent_tags *recent)
{
	free(recent->young.slots);
	free(recent->old.slots);
	memset(recent, 0, sizeof(*recent));
}
