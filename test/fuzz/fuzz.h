/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzz targets share. Each is one file that libFuzzer drives; run builds and runs them. */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/error.h"

/* What libFuzzer calls: a target defines the first, and the second to keep its inputs plausible. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
/* What it offers in return. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define EXPECT(condition)                                                                       \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

/* Every error has a text but -ENOENT, which says that something is not there; 0 has none. */
#define EXPECT_TEXT(rc, err) EXPECT(!(err).text[0] == ((rc) == 0 || (rc) == -ENOENT))

/* Numbers out of the seed of one mutation. */
static inline uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static inline void put16(uint8_t *bytes, size_t offset, uint32_t value)
{
	bytes[offset] = value & 0xff;
	bytes[offset + 1] = value >> 8 & 0xff;
}

static inline void put32(uint8_t *bytes, size_t offset, uint32_t value)
{
	put16(bytes, offset, value & 0xffff);
	put16(bytes, offset + 2, value >> 16);
}

static inline uint32_t get32(const uint8_t *bytes, size_t offset)
{
	return bytes[offset] | (uint32_t)bytes[offset + 1] << 8 |
	       (uint32_t)bytes[offset + 2] << 16 | (uint32_t)bytes[offset + 3] << 24;
}

#endif
