/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of dynamic capacity and of its event log, on top of a transport. The first three change
 * nothing on the device. The others must never be sent where a driver handles dynamic capacity.
 */
#ifndef EXTENTS_COMMANDS_H
#define EXTENTS_COMMANDS_H

#include "extents/record.h"
#include "extents/transport.h"

/*
 * Answers as the device gave them, for a dump: called for each before it is decoded. 0 to go on; any
 * other value stops and is returned.
 */
typedef int answer_handler(void *context, uint16_t opcode, const void *answer, size_t size,
			   struct error *err);

/*
 * What a tap is told before the first answer of a log, instead of an opcode: how long an answer can be, u32
 * little endian. It tells whether one had room for more records.
 */
#define TAP_PAYLOAD_MAX 0xfffe

/* A tap on what is read; zeroed: none. */
struct tap {
	answer_handler *handler;
	void *context;
};

/* Append all regions to zeroed @device and set what it tells of extents and tags. */
int dc_read_configuration(struct transport *transport, const struct tap *tap,
			  struct dc_device *device, struct error *err);

/*
 * Append all accepted extents to @device. Read again from the start when the list changes meanwhile, up
 * to 8 times; then -EAGAIN.
 */
int dc_read_extents(struct transport *transport, const struct tap *tap, struct dc_device *device,
		    struct error *err);

/*
 * Give all pages of the dynamic-capacity log to @page, the oldest first. Nothing is cleared, and so a
 * device may give the same records again and again: @incomplete becomes true then, if there are more.
 */
typedef int page_handler(void *context, const struct log_page *page, struct error *err);
int dc_read_log(struct transport *transport, const struct tap *tap, page_handler *handler,
		void *context, bool *incomplete, struct error *err);

/*
 * All three into zeroed parts of @device, with its batches grouped and its extents placed and checked
 * for nothing yet. What the device does not tell is left unknown with its reason; an error is only what
 * keeps us from talking to it at all.
 */
int dc_read_device(struct transport *transport, const struct tap *tap, struct dc_device *device,
		   struct error *err);

/* A piece of capacity: DPA, bytes. */
struct piece {
	uint64_t start, size;
};

/*
 * The payloads of an answer or a release, chained by More where @pieces do not fit @payload_max: each is
 * given to @call (its opcode is 0). No pieces: one payload with an empty list.
 */
int dc_payloads(const struct piece *pieces, size_t count, size_t payload_max, answer_handler *call,
		void *context, struct error *err);

/*
 * Answer the OLDEST pending batch, whichever that is: accept @pieces, reject the rest. Never called with
 * none while nothing is pending. @sent becomes true before the first byte goes out: from then on only
 * success or the device's refusal (transport.h) says what became of it.
 */
int dc_respond(struct transport *transport, const struct piece *pieces, size_t count, bool *sent,
	       struct error *err);

/* Give accepted capacity back. */
int dc_release(struct transport *transport, const struct piece *pieces, size_t count, bool *sent,
	       struct error *err);

/* Take exactly these records, the oldest of the log, out of it; in pieces that fit. */
int dc_clear(struct transport *transport, const uint16_t *handles, size_t count, struct error *err);

#endif
