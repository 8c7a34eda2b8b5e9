/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transaction timeouts of the CXL Timeout and Isolation Capability (CXL 3.1 8.2.4.24): which
 * values the control register takes and what they mean. CXL.mem and CXL.cache have the same ones.
 *
 * Pure functions: no machine, no state. Times are in microseconds.
 */
#ifndef REGS_TIMEOUT_H
#define REGS_TIMEOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/error.h"

#define TIMEOUT_COUNT 9

struct timeout {
	uint8_t value;	   /* of the four bits in the control register */
	char range;	   /* 'A' to 'D'; 0 of the default, which belongs to none */
	const char *name;  /* "default", "A1" to "D2" */
	uint64_t min_us;   /* a port times out no earlier than this */
	uint64_t max_us;   /* and no later than this */
	const char *words; /* "65 ms - 210 ms" */
};

/* Ascending by value, which is ascending by time but for the default, the first. */
extern const struct timeout timeouts[TIMEOUT_COUNT];

/* NULL if the value is reserved. */
const struct timeout *timeout_by_value(unsigned int value);

/*
 * By one of the names above or as the posted Linux series spell them ("a" is A1, "a2" is A2), in
 * either case. NULL if it is none of them.
 */
const struct timeout *timeout_by_name(const char *name);

/*
 * The four bits of the capability register that say which ranges are supported: bit 0 for A to
 * bit 3 for D. Only some sums are legal; 0 says that nothing but the default is.
 */
bool timeout_ranges_legal(unsigned int ranges);

/* "ABC", or "none": @out takes 5 bytes. Illegal sums are spelled as well. */
const char *timeout_ranges_text(char out[5], unsigned int ranges);

/* Whether a port that supports @ranges takes this value. The default always is. */
bool timeout_usable(const struct timeout *timeout, unsigned int ranges);

/*
 * Of what is usable with @ranges: the shortest that lets every access take @us, and the longest
 * that lets none take more than @us. NULL if there is none.
 */
const struct timeout *timeout_at_least(unsigned int ranges, uint64_t us);
const struct timeout *timeout_at_most(unsigned int ranges, uint64_t us);

/*
 * "200us", "50ms", "3.5s": digits, perhaps a fraction, and a unit. -EINVAL with a text if it is
 * not, or finer than a microsecond; -ERANGE if it does not fit.
 */
int timeout_parse_duration(const char *text, uint64_t *us, struct error *err);

#endif
