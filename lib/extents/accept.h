/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host takes of a batch, or gives back: words of the command line made into pieces of extents.
 *
 *   all, none
 *   1-3,5             these extents, counted from 1
 *   2:0-64M,7         the first 64 MiB of the second, and the seventh
 *
 * Sizes are bytes, decimal or 0x-hexadecimal, or decimal with K, M, G or T for 1024, 1024^2, ... The
 * end of a part is the first byte that is not in it.
 */
#ifndef EXTENTS_ACCEPT_H
#define EXTENTS_ACCEPT_H

#include "model/host.h"

/* In the order of the batch, or of the command line; never overlapping. */
struct pieces {
	LIST(struct extent) list;
};

void pieces_free(struct pieces *pieces);
#define cleanup_pieces __attribute__((cleanup(pieces_free)))

/* All their bytes, UINT64_MAX if they are more. */
uint64_t pieces_size(const struct pieces *pieces);

/* What --accept asks for, or --accept-valid. */
enum acceptance_kind { ACCEPT_ALL, ACCEPT_NONE, ACCEPT_VALID, ACCEPT_LIST };

struct acceptance {
	enum acceptance_kind kind;
	LIST(struct chosen) list;
};

void acceptance_free(struct acceptance *acceptance);
#define cleanup_acceptance __attribute__((cleanup(acceptance_free)))

/* Understand @text, into zeroed @acceptance: -EINVAL with what was expected. */
int acceptance_parse(struct acceptance *acceptance, const char *text, struct error *err);

/*
 * What the acceptance is of @batch, into zeroed @pieces: each with the tag, the sequence and the handle of
 * the extent that it is of. ACCEPT_VALID takes the extents that a host could accept, and nothing if
 * the capacity is shared and not all of it is acceptable. -EINVAL for what the batch does not have,
 * what is named twice, and parts that are no whole blocks of the device's region.
 */
int acceptance_apply(const struct acceptance *acceptance, const struct dc_device *device,
		     const struct batch *batch, struct pieces *pieces, struct error *err);

/* Add the extent that @text names as DPA:LENGTH. -EINVAL also if it overlaps one that is there. */
int pieces_add_text(struct pieces *pieces, const char *text, struct error *err);

/* Add what of [@start, @start + @size) is accepted; each piece has the tag of the extent it is of. */
void pieces_add_accepted(struct pieces *pieces, const struct dc_device *device, uint64_t start,
			 uint64_t size);

/* How many bytes of the range are in these extents, which do not overlap. */
uint64_t extents_cover(const struct extent *extents, size_t count, uint64_t start, uint64_t size);

/* "3 extents (6 MiB)" */
const char *pieces_say(char out[64], const struct pieces *pieces);

#endif
