/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/commands.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "extents/batch.h"
#include "extents/regions.h"
#include "sys/util.h"

/* Of the device's logs, the one for dynamic capacity (CXL 3.1 table 8-57). */
#define LOG_DYNAMIC_CAPACITY 4

/* More than any device has room for: a list that claims more is not believed. */
#define EXTENTS_MAX 262144

/* How often a list that changes while it is read is read again. */
#define EXTENTS_TRIES 8

/* CXL 3.1 tables 8-59, 8-126, 8-129, 8-131, 8-133: what commands begin with. */
struct clear_input {
	uint8_t log;
	uint8_t flags;
	uint8_t count;
	uint8_t reserved[3];
	uint16_t handles[];
} __attribute__((packed));

struct configuration_input {
	uint8_t count;
	uint8_t first;
};

struct extents_input {
	uint32_t count;
	uint32_t first;
};

struct update_extent {
	uint64_t start;
	uint64_t size;
	uint8_t reserved[8];
} __attribute__((packed));

struct update_input {
	uint32_t count;
	uint8_t flags;
	uint8_t reserved[3];
	struct update_extent extents[];
} __attribute__((packed));

#define UPDATE_MORE (1u << 0)

#define CONFIGURATION_HEAD   8
#define CONFIGURATION_REGION 40
#define CONFIGURATION_TAIL   16
#define EXTENTS_HEAD	     16
#define EXTENTS_EXTENT	     40

/* A command that reads: the answer goes by the tap. @answer has room for @size bytes. */
static int ask(struct transport *transport, const struct tap *tap, uint16_t opcode, const void *in,
	       size_t in_size, void *answer, size_t *size, struct error *err)
{
	size_t room = *size;
	int rc = transport->command(transport, opcode, in, in_size, answer, room, size, err);

	if (rc)
		return rc;
	if (*size > room)
		return fail(err, -EBADMSG, "%s answered with %zu bytes, more than the %zu it may",
			    transport->name, *size, room);
	return tap && tap->handler ? tap->handler(tap->context, opcode, answer, *size, err) : 0;
}

int dc_read_configuration(struct transport *transport, const struct tap *tap,
			  struct dc_device *device, struct error *err)
{
	cleanup_free uint8_t *answer = xcalloc(1, transport->payload_max);
	size_t fits = (transport->payload_max - CONFIGURATION_HEAD - CONFIGURATION_TAIL) /
		      CONFIGURATION_REGION;
	unsigned int total;

	do {
		struct configuration_input in = {
			.count = (uint8_t)(fits < DC_REGIONS_MAX ? fits : DC_REGIONS_MAX),
			.first = (uint8_t)device->regions.count,
		};
		size_t size = transport->payload_max;
		int rc = ask(transport, tap, OPCODE_GET_CONFIGURATION, &in, sizeof(in), answer,
			     &size, err);

		if (!rc)
			rc = configuration_decode(device, &total, in.first, answer, size, err);
		if (rc)
			return rc;
	} while (device->regions.count < total);
	return 0;
}

/* From the beginning to the end. -EAGAIN without a text if the list changed in between. */
static int read_extents_once(struct transport *transport, const struct tap *tap,
			     struct dc_device *device, struct error *err)
{
	cleanup_free uint8_t *answer = xcalloc(1, transport->payload_max);
	uint32_t fits = (uint32_t)((transport->payload_max - EXTENTS_HEAD) / EXTENTS_EXTENT);
	struct extent_page page, first = {0};

	for (bool begun = false;; begun = true) {
		struct extents_input in = {htole32(fits),
					   htole32((uint32_t)device->accepted.count)};
		size_t size = transport->payload_max;
		int rc = ask(transport, tap, OPCODE_GET_EXTENTS, &in, sizeof(in), answer, &size,
			     err);

		if (!rc)
			rc = extent_page_decode(device, &page, answer, size, err);
		if (rc)
			return rc;
		if (page.total > EXTENTS_MAX)
			return fail(err, -EBADMSG,
				    "%s says that it has accepted %u extents; up to %d can be",
				    transport->name, page.total, EXTENTS_MAX);
		if (!begun)
			first = page;
		if (page.generation != first.generation || page.total != first.total)
			return -EAGAIN;
		if (device->accepted.count >= page.total)
			return 0;
		if (!page.count)
			return fail(err, -EBADMSG,
				    "%s has %u extents, and says none of those after %zu",
				    transport->name, page.total, device->accepted.count);
	}
}

int dc_read_extents(struct transport *transport, const struct tap *tap, struct dc_device *device,
		    struct error *err)
{
	size_t before = device->accepted.count;
	int rc = -EAGAIN;

	for (int tries = 0; rc == -EAGAIN && tries < EXTENTS_TRIES; tries++) {
		device->accepted.count = before;
		rc = read_extents_once(transport, tap, device, err);
	}
	if (rc)
		device->accepted.count = before;
	if (rc != -EAGAIN)
		return rc;
	hint(err, "somebody accepts or releases extents all the time: try again later");
	return fail(err, rc, "the list of extents of %s changes while it is read", transport->name);
}

/* What tells that an answer has the same records as the one before. */
static bool same_records(const struct log_page *page, const uint8_t *before)
{
	return page->count && memcmp(page->records, before, EVENT_RECORD_SIZE) == 0;
}

/* There was room for one record more. */
static bool has_room(const struct transport *transport, const struct log_page *page)
{
	return LOG_HEAD_SIZE + (page->count + 1) * EVENT_RECORD_SIZE <= transport->payload_max;
}

static int tap_payload_max(const struct transport *transport, const struct tap *tap,
			   struct error *err)
{
	uint32_t size = htole32((uint32_t)transport->payload_max);

	return tap && tap->handler
		       ? tap->handler(tap->context, TAP_PAYLOAD_MAX, &size, sizeof(size), err)
		       : 0;
}

int dc_read_log(struct transport *transport, const struct tap *tap, page_handler *handler,
		void *context, bool *incomplete, struct error *err)
{
	cleanup_free uint8_t *answer = xcalloc(1, transport->payload_max);
	uint8_t log = LOG_DYNAMIC_CAPACITY, first[EVENT_RECORD_SIZE] = {0};
	struct log_page page;

	*incomplete = false;
	/* Handles have 16 bits, and 0 is none: a log that has more records than that has no end. */
	for (size_t answers = 0, records = 0; records < UINT16_MAX; answers++) {
		size_t size = transport->payload_max;
		int rc = transport->command(transport, OPCODE_GET_LOG, &log, sizeof(log), answer,
					    size, &size, err);

		if (!rc)
			rc = log_page_decode(&page, answer, size, err);
		if (rc)
			return rc;
		/*
		 * It keeps no place to go on from: what is behind shows once these are cleared. QEMU
		 * (10.0) says that there is more as long as there is anything at all.
		 */
		if (answers && same_records(&page, first)) {
			*incomplete = !has_room(transport, &page);
			return 0;
		}
		if (!answers)
			rc = tap_payload_max(transport, tap, err);
		if (!rc && tap && tap->handler)
			rc = tap->handler(tap->context, OPCODE_GET_LOG, answer, page.size, err);
		if (!rc)
			rc = handler(context, &page, err);
		if (rc || !page.goes_on)
			return rc;
		if (!page.count)
			break;
		records += page.count;
		if (!answers)
			memcpy(first, page.records, EVENT_RECORD_SIZE);
	}
	*incomplete = true;
	return 0;
}

struct log_reader {
	struct dc_device *device;
	struct grouper *grouper;
};

static int group_page(void *context, const struct log_page *page, struct error *err)
{
	struct log_reader *reader = context;

	/* Each page counts all that were lost since the log was cleared. */
	reader->device->lost = page->overflow ? page->lost : 0;
	return grouper_add_page(reader->grouper, page, err);
}

static int read_batches(struct transport *transport, const struct tap *tap,
			struct dc_device *device, struct error *err)
{
	cleanup_grouper struct grouper *grouper = grouper_new(batch_keep, device);
	struct log_reader reader = {device, grouper};
	int rc = dc_read_log(transport, tap, group_page, &reader, &device->incomplete, err);

	return rc ? rc : grouper_flush(grouper, err);
}

/* What one command does not tell does not keep the others from telling theirs. */
static bool is_final(int rc)
{
	return rc == -ENODEV || rc == -ETIMEDOUT;
}

int dc_read_device(struct transport *transport, const struct tap *tap, struct dc_device *device,
		   struct error *err)
{
	struct error regions = {0}, accepted = {0}, batches = {0};
	int rc = dc_read_configuration(transport, tap, device, &regions);

	copy_text(device->source, sizeof(device->source), transport->source);
	copy_text(device->regions_unknown, sizeof(device->regions_unknown), regions.text);
	if (!is_final(rc))
		rc = dc_read_extents(transport, tap, device, &accepted);
	copy_text(device->accepted_unknown, sizeof(device->accepted_unknown), accepted.text);
	if (!is_final(rc))
		rc = read_batches(transport, tap, device, &batches);
	copy_text(device->batches_unknown, sizeof(device->batches_unknown), batches.text);
	place_accepted(device);
	if (!is_final(rc))
		return 0;
	return fail(err, rc, "%s",
		    regions.text[0]    ? regions.text
		    : accepted.text[0] ? accepted.text
				       : batches.text);
}

int dc_payloads(const struct piece *pieces, size_t count, size_t payload_max, answer_handler *call,
		void *context, struct error *err)
{
	cleanup_free struct update_input *in = xcalloc(1, payload_max);
	size_t fits = (payload_max - sizeof(*in)) / sizeof(in->extents[0]);
	int rc;

	do {
		size_t now = count < fits ? count : fits;

		in->count = htole32((uint32_t)now);
		in->flags = now < count ? UPDATE_MORE : 0;
		for (size_t i = 0; i < now; i++) {
			in->extents[i].start = htole64(pieces[i].start);
			in->extents[i].size = htole64(pieces[i].size);
		}
		rc = call(context, 0, in, sizeof(*in) + now * sizeof(in->extents[0]), err);
		pieces += now;
		count -= now;
	} while (!rc && count);
	return rc;
}

struct update {
	struct transport *transport;
	uint16_t opcode;
	bool *sent;
};

static int send_payload(void *context, uint16_t opcode, const void *payload, size_t size,
			struct error *err)
{
	struct update *update = context;
	struct transport *transport = update->transport;
	size_t answered;

	(void)opcode;
	*update->sent = true;
	return transport->command(transport, update->opcode, payload, size, NULL, 0, &answered,
				  err);
}

static int send_update(struct transport *transport, uint16_t opcode, const struct piece *pieces,
		       size_t count, bool *sent, struct error *err)
{
	struct update update = {transport, opcode, sent};

	*sent = false;
	return dc_payloads(pieces, count, transport->payload_max, send_payload, &update, err);
}

int dc_respond(struct transport *transport, const struct piece *pieces, size_t count, bool *sent,
	       struct error *err)
{
	return send_update(transport, OPCODE_ADD_RESPONSE, pieces, count, sent, err);
}

int dc_release(struct transport *transport, const struct piece *pieces, size_t count, bool *sent,
	       struct error *err)
{
	return send_update(transport, OPCODE_RELEASE, pieces, count, sent, err);
}

int dc_clear(struct transport *transport, const uint16_t *handles, size_t count, struct error *err)
{
	cleanup_free struct clear_input *in = xcalloc(1, transport->payload_max);
	size_t fits = (transport->payload_max - sizeof(*in)) / sizeof(in->handles[0]);
	int rc = 0;

	if (fits > UINT8_MAX)
		fits = UINT8_MAX;
	while (!rc && count) {
		size_t now = count < fits ? count : fits, answered;

		in->log = LOG_DYNAMIC_CAPACITY;
		in->count = (uint8_t)now;
		for (size_t i = 0; i < now; i++)
			in->handles[i] = htole16(handles[i]);
		rc = transport->command(transport, OPCODE_CLEAR_LOG, in,
					sizeof(*in) + now * sizeof(in->handles[0]), NULL, 0,
					&answered, err);
		handles += now;
		count -= now;
	}
	return rc;
}
