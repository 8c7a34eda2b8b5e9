/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of an offer a host could accept, once a checker has judged its extents. */
#ifndef EXTENTS_PREDICT_H
#define EXTENTS_PREDICT_H

#include "model/host.h"

/* What becomes of an offer. */
struct prediction {
	/*
	 * How many extents a host could accept: from the first on without a gap, and in all, with
	 * their bytes. -1 and UNKNOWN if something that decides it is not known.
	 */
	int leading, acceptable;
	uint64_t leading_size, acceptable_size;
	/* What an answer that takes the leading extents alone rejects. */
	int lost;
	uint64_t lost_size;
	bool whole; /* shared capacity: all of it or nothing */
};

extern const struct record prediction_record;

/* By the acceptable of its extents. All is unknown of what is no offer. */
void predict(struct prediction *prediction, const struct batch *batch);

/*
 * One sentence for people, as "a host could accept 3 of 5 extents, 384 MiB; an answer gives up the
 * other 256 MiB". "" for what is no offer.
 */
void prediction_format(char *out, size_t size, const struct batch *batch,
		       const struct prediction *prediction);

/* One of its extents has this acceptable. */
bool batch_has_acceptable(const struct batch *batch, int acceptable);

#endif
