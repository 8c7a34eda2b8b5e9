/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/accept.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

#define EXPECTED "expected all, none, or extents such as 1-3,5 or 2:0-64M"

/* Extents @first to @last, counted from 1; or, of one, the bytes from @from up to @to. */
struct chosen {
	uint64_t first, last;
	bool part;
	uint64_t from, to;
};

void pieces_free(struct pieces *pieces)
{
	free(pieces->list.items);
	*pieces = (struct pieces){0};
}

void acceptance_free(struct acceptance *acceptance)
{
	free(acceptance->list.items);
	*acceptance = (struct acceptance){0};
}

uint64_t pieces_size(const struct pieces *pieces)
{
	uint64_t size = 0;

	list_each(piece, &pieces->list)
		size = add_capped(size, piece->size);
	return size;
}

const char *pieces_say(char out[64], const struct pieces *pieces)
{
	char size[16];

	snprintf(out, 64, "%zu extent%s (%s)", pieces->list.count,
		 pieces->list.count == 1 ? "" : "s", human_size(size, pieces_size(pieces)));
	return out;
}

/* ---- words ---- */

/* The number @text begins with, and behind it; false if it begins with none, or with one too large. */
static bool read_number(const char **text, uint64_t *number)
{
	bool hex = starts_with(*text, "0x");
	const char *digits = *text + (hex ? 2 : 0);
	char *end;

	if (hex ? !isxdigit((unsigned char)*digits) : !isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	*number = strtoull(digits, &end, hex ? 16 : 10);
	*text = end;
	return !errno;
}

static unsigned int unit_shift(char unit)
{
	static const char units[] = "KMGT";
	const char *at = unit ? strchr(units, unit) : NULL;

	return at ? 10 * (unsigned int)(at - units + 1) : 0;
}

/* The same with a unit. */
static bool read_bytes(const char **text, uint64_t *bytes)
{
	bool hex = starts_with(*text, "0x");
	unsigned int shift;

	if (!read_number(text, bytes))
		return false;
	shift = hex ? 0 : unit_shift(**text);
	if (shift && *bytes > UINT64_MAX >> shift)
		return false;
	*bytes <<= shift;
	*text += shift ? 1 : 0;
	return true;
}

static bool read_sign(const char **text, char sign)
{
	if (**text != sign)
		return false;
	(*text)++;
	return true;
}

/* "0-64M" */
static bool read_part(const char **text, struct chosen *chosen)
{
	chosen->part = true;
	return read_bytes(text, &chosen->from) && read_sign(text, '-') &&
	       read_bytes(text, &chosen->to) && chosen->from < chosen->to;
}

/* "5", "1-3" or "2:0-64M" */
static bool read_chosen(const char **text, struct chosen *chosen)
{
	if (!read_number(text, &chosen->first))
		return false;
	chosen->last = chosen->first;
	if (read_sign(text, ':'))
		return chosen->first && read_part(text, chosen);
	if (read_sign(text, '-') && !read_number(text, &chosen->last))
		return false;
	return chosen->first && chosen->first <= chosen->last;
}

static bool read_list(struct acceptance *acceptance, const char *text)
{
	do {
		if (!read_chosen(&text, list_add(&acceptance->list)))
			return false;
	} while (read_sign(&text, ','));
	return !*text;
}

int acceptance_parse(struct acceptance *acceptance, const char *text, struct error *err)
{
	acceptance->kind = strcmp(text, "all") == 0    ? ACCEPT_ALL
			   : strcmp(text, "none") == 0 ? ACCEPT_NONE
						       : ACCEPT_LIST;
	if (acceptance->kind != ACCEPT_LIST || read_list(acceptance, text))
		return 0;
	return fail(err, -EINVAL, "--accept: " EXPECTED ", not \"%s\"", text);
}

/* ---- applied to a batch ---- */

/* Bytes of the extent with that index. */
struct taken {
	size_t index;
	uint64_t from, to;
};

struct taking {
	LIST(struct taken) list;
};

static void taking_free(struct taking *taking)
{
	free(taking->list.items);
}

static int compare_taken(const void *a, const void *b)
{
	const struct taken *one = a, *other = b;

	if (one->index != other->index)
		return one->index < other->index ? -1 : 1;
	return (one->from > other->from) - (one->from < other->from);
}

static void add_piece(struct pieces *pieces, const struct extent *extent, uint64_t start,
		      uint64_t size)
{
	struct extent *piece = list_add(&pieces->list);

	*piece = *extent;
	piece->start = start;
	piece->size = size;
}

static void add_all(struct pieces *pieces, const struct batch *batch)
{
	list_each(extent, &batch->extents)
		add_piece(pieces, extent, extent->start, extent->size);
}

static void add_valid(struct pieces *pieces, const struct batch *batch)
{
	list_each(extent, &batch->extents)
		if (extent->acceptable == 1)
			add_piece(pieces, extent, extent->start, extent->size);
	if (batch->shared && pieces->list.count < batch->extents.count)
		pieces_free(pieces);
}

static uint64_t block_size_of(const struct dc_device *device, const struct extent *extent)
{
	list_each(region, &device->regions)
		if (region->number == extent->dc_region)
			return region->block_size;
	return 0;
}

/* The device takes whole blocks only (CXL 3.1 9.13.3). Extents begin with one, if they are valid. */
static int check_part(const struct chosen *chosen, const struct dc_device *device,
		      const struct extent *extent, struct error *err)
{
	uint64_t block = block_size_of(device, extent);
	char size[16];

	if (chosen->to > extent->size)
		return fail(err, -EINVAL, "--accept: extent %" PRIu64 " has only %s", chosen->first,
			    human_size(size, extent->size));
	if (!block)
		return fail(err, -EINVAL,
			    "--accept: extent %" PRIu64
			    " can not be taken in part: the block size of its region is unknown",
			    chosen->first);
	if (chosen->from % block == 0 && chosen->to % block == 0)
		return 0;
	return fail(err, -EINVAL,
		    "--accept: extent %" PRIu64 " can be taken in whole blocks of %s only",
		    chosen->first, human_size(size, block));
}

static int take(struct taking *taking, const struct chosen *chosen, const struct dc_device *device,
		const struct batch *batch, struct error *err)
{
	if (chosen->last > batch->extents.count)
		return fail(err, -EINVAL,
			    "--accept: there is no extent %" PRIu64 ", batch %d has %zu",
			    chosen->last, batch->number, batch->extents.count);
	if (chosen->part &&
	    check_part(chosen, device, &batch->extents.items[chosen->first - 1], err))
		return -EINVAL;
	for (uint64_t i = chosen->first - 1; i < chosen->last; i++)
		*list_add(&taking->list) =
			(struct taken){i, chosen->from,
				       chosen->part ? chosen->to : batch->extents.items[i].size};
	return 0;
}

static int add_taken(struct pieces *pieces, const struct taking *taking, const struct batch *batch,
		     struct error *err)
{
	const struct taken *last = NULL;

	list_each(taken, &taking->list) {
		const struct extent *extent = &batch->extents.items[taken->index];

		if (last && last->index == taken->index && last->to > taken->from)
			return fail(err, -EINVAL, "--accept: extent %zu is named twice",
				    taken->index + 1);
		add_piece(pieces, extent, extent->start + taken->from, taken->to - taken->from);
		last = taken;
	}
	return 0;
}

static int add_list(struct pieces *pieces, const struct acceptance *acceptance,
		    const struct dc_device *device, const struct batch *batch, struct error *err)
{
	__attribute__((cleanup(taking_free))) struct taking taking = {0};

	list_each(chosen, &acceptance->list) {
		int rc = take(&taking, chosen, device, batch, err);

		if (rc)
			return rc;
	}
	list_sort(&taking.list, compare_taken);
	return add_taken(pieces, &taking, batch, err);
}

int acceptance_apply(const struct acceptance *acceptance, const struct dc_device *device,
		     const struct batch *batch, struct pieces *pieces, struct error *err)
{
	switch (acceptance->kind) {
	case ACCEPT_ALL:
		add_all(pieces, batch);
		break;
	case ACCEPT_VALID:
		add_valid(pieces, batch);
		break;
	case ACCEPT_LIST:
		return add_list(pieces, acceptance, device, batch, err);
	case ACCEPT_NONE:
		break;
	}
	return 0;
}

/* ---- by address ---- */

static int check_new(const struct pieces *pieces, const struct extent *extent, struct error *err)
{
	list_each(piece, &pieces->list)
		if (ranges_overlap(piece->start, piece->size, extent->start, extent->size))
			return fail(err, -EINVAL,
				    "--extent: 0x%" PRIx64
				    " is in two of the extents that are named",
				    piece->start > extent->start ? piece->start : extent->start);
	return 0;
}

int pieces_add_text(struct pieces *pieces, const char *text, struct error *err)
{
	struct extent extent = {.dc_region = -1, .handle = -1, .acceptable = -1};
	const char *rest = text;
	bool good = read_bytes(&rest, &extent.start) && read_sign(&rest, ':') &&
		    read_bytes(&rest, &extent.size) && !*rest && extent.size &&
		    extent.size <= UINT64_MAX - extent.start;

	if (!good)
		return fail(err, -EINVAL,
			    "--extent: expected DPA:LENGTH, as 0x10000000:64M, not \"%s\"", text);
	if (check_new(pieces, &extent, err))
		return -EINVAL;
	*list_add(&pieces->list) = extent;
	return 0;
}

/* The part of [@start, @start + @size) that is in @extent; 0 if none is. */
static uint64_t part_of(const struct extent *extent, uint64_t start, uint64_t size, uint64_t *first)
{
	uint64_t end = add_capped(start, size),
		 extent_end = add_capped(extent->start, extent->size);

	*first = start > extent->start ? start : extent->start;
	end = end < extent_end ? end : extent_end;
	return end > *first ? end - *first : 0;
}

void pieces_add_accepted(struct pieces *pieces, const struct dc_device *device, uint64_t start,
			 uint64_t size)
{
	list_each(extent, &device->accepted) {
		uint64_t first, part = part_of(extent, start, size, &first);

		if (part)
			add_piece(pieces, extent, first, part);
	}
}

uint64_t extents_cover(const struct extent *extents, size_t count, uint64_t start, uint64_t size)
{
	uint64_t covered = 0, first;

	for (size_t i = 0; i < count; i++)
		covered = add_capped(covered, part_of(&extents[i], start, size, &first));
	return covered;
}
