/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event records as a device writes them, for tests. */
#ifndef TEST_EXTENTS_H
#define TEST_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIB(n) ((uint64_t)(n) << 20)

struct raw_record {
	int type; /* 0: add, 1: release, 2: forced release, 3: region updated */
	int handle;
	uint64_t start, size;
	bool more;
	char tag; /* 0: none; else the tag is 16 of it */
	int sequence;
	int host;
	uint64_t time; /* ns */
	int region;    /* updated */
	int length;    /* that it says it has; 0: 128 */
	bool foreign;  /* of another kind: the uuid is none of dynamic capacity */
	int valid;     /* flags: 1: extents available, 2: tags available */
	uint32_t extents_available, tags_available;
};

void put_le(uint8_t *bytes, uint64_t value, size_t size);

/* 128 bytes. */
void encode_record(uint8_t *bytes, const struct raw_record *record);

/* An answer to Get Event Records: returns its size, as a new buffer in @out. */
size_t encode_page(uint8_t **out, const struct raw_record *records, size_t count);

#endif
