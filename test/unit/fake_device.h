/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device with dynamic capacity behind a transport: two regions of 512 MiB in blocks of 2 MiB, a log of
 * eight records, batches that are pending. It is plain data, so that it outlives a child that dies in the
 * middle of a command. It notes a disaster where a real one would do harm.
 */
#ifndef TEST_FAKE_DEVICE_H
#define TEST_FAKE_DEVICE_H

#include <stdbool.h>

#include "extents/transport.h"

#define FAKE_LOG     8
#define FAKE_PENDING 4
#define FAKE_EXTENTS 512
#define FAKE_BLOCK   (2ull << 20)

enum fake_fault {
	FAKE_NONE,
	FAKE_REFUSES,	     /* every change, by a return code */
	FAKE_TAKES_LESS,     /* one block less of the first piece */
	FAKE_TAKES_MORE,     /* one extent nobody asked for */
	FAKE_TAKES_UNTAGGED, /* forgets the tag */
	FAKE_SILENT_AFTER,   /* does it, and does not answer */
	FAKE_SILENT_BEFORE,  /* does not do it, and does not answer */
	FAKE_KEEPS_RECORDS,  /* clears nothing and reports success */
	FAKE_RELEASES_LESS,  /* nothing, and reports success */
	FAKE_REFUSES_CHAIN,  /* the second message of a chain */
};

struct fake_extent {
	uint64_t start, size;
	uint8_t tag[16];
};

struct fake_record {
	struct fake_extent extent;
	uint16_t handle;
	uint8_t type, more;
	uint64_t timestamp;
};

struct fake_batch {
	struct fake_extent extents[16];
	size_t count;
};

struct fake_device {
	struct transport transport;
	enum fake_fault fault;
	struct fake_record log[FAKE_LOG];
	size_t log_count;
	uint16_t lost, last_handle;
	struct fake_batch pending[FAKE_PENDING];
	size_t pending_count;
	struct fake_extent accepted[FAKE_EXTENTS];
	size_t accepted_count;
	uint32_t generation;
	struct fake_extent chained[FAKE_EXTENTS]; /* of a chain that is not closed */
	size_t chained_count;
	unsigned int answers, releases, clears; /* that were done */
	unsigned int moment, dies_at;		/* 0: never */
	char disaster[128];
};

/* In memory that children share; drop it with fake_drop(). */
struct fake_device *fake_make(void);
void fake_drop(struct fake_device *device);

/* Offer extents [block, block + blocks) as one batch, or ask for them: "0:1", "4:2". @tag 0: none. */
void fake_offer(struct fake_device *device, uint8_t tag, const char *const *extents);
void fake_ask_back(struct fake_device *device, const char *const *extents);
#define EXTENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The process dies if this moment is the one. */
void fake_moment(struct fake_device *device);

/* "0:1 4:2": what is accepted, in the order of the list; and the handles of the log. */
void fake_accepted(const struct fake_device *device, char *out, size_t size);
void fake_log(const struct fake_device *device, char *out, size_t size);

#endif
