// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_device.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel.h"
#include "sys/util.h"

#define REGIONS	    2
#define REGION_SIZE (512ull << 20)

static int refuse(struct error *err, const char *text)
{
	return fail(err, -EINVAL, "the device refused: %s", text);
}

static void disaster(struct fake_device *device, const char *text)
{
	if (!device->disaster[0])
		copy_text(device->disaster, sizeof(device->disaster), text);
}

void fake_moment(struct fake_device *device)
{
	if (++device->moment == device->dies_at)
		_exit(DEATH);
}

static uint64_t end_of(const struct fake_extent *extent)
{
	return extent->start + extent->size;
}

static bool within(const struct fake_extent *inner, const struct fake_extent *outer)
{
	return inner->start >= outer->start && end_of(inner) <= end_of(outer);
}

/* ---- what it tells ---- */

static void put(uint8_t *at, uint64_t value, size_t size)
{
	uint64_t little = htole64(value);

	memcpy(at, &little, size);
}

static uint64_t get(const uint8_t *at, size_t size)
{
	uint64_t little = 0;

	memcpy(&little, at, size);
	return le64toh(little);
}

static size_t tell_configuration(uint8_t *out)
{
	out[0] = out[1] = REGIONS;
	for (unsigned int i = 0; i < REGIONS; i++) {
		uint8_t *region = out + 8 + 40 * i;

		put(region, i * REGION_SIZE, 8);
		put(region + 8, REGION_SIZE >> 28, 8);
		put(region + 16, REGION_SIZE, 8);
		put(region + 24, FAKE_BLOCK, 8);
		put(region + 32, i, 4);
	}
	for (int i = 0; i < 4; i++)
		put(out + 8 + 40 * REGIONS + 4 * i, 512, 4);
	return 8 + 40 * REGIONS + 16;
}

static size_t tell_accepted(const struct fake_device *device, const uint8_t *in, uint8_t *out)
{
	size_t wanted = get(in, 4), first = get(in + 4, 4), count = 0;

	for (size_t i = first; i < device->accepted_count && count < wanted; i++, count++) {
		uint8_t *entry = out + 16 + 40 * count;

		put(entry, device->accepted[i].start, 8);
		put(entry + 8, device->accepted[i].size, 8);
		memcpy(entry + 16, device->accepted[i].tag, 16);
	}
	put(out, count, 4);
	put(out + 4, device->accepted_count, 4);
	put(out + 8, device->generation, 4);
	return 16 + 40 * count;
}

static void tell_record(const struct fake_record *record, uint8_t *out)
{
	static const uint8_t uuid[16] = {0xca, 0x95, 0xaf, 0xa7, 0xf1, 0x83, 0x40, 0x18,
					 0x8c, 0x2f, 0x95, 0x26, 0x8e, 0x10, 0x1a, 0x2a};

	memcpy(out, uuid, 16);
	out[16] = 128;
	put(out + 20, record->handle, 2);
	put(out + 24, record->timestamp, 8);
	out[48] = record->type;
	out[53] = record->more;
	put(out + 56, record->extent.start, 8);
	put(out + 64, record->extent.size, 8);
	memcpy(out + 72, record->extent.tag, 16);
}

static size_t tell_log(const struct fake_device *device, uint8_t *out)
{
	out[0] = device->lost ? 1 : 0;
	put(out + 2, device->lost, 2);
	put(out + 20, device->log_count, 2);
	for (size_t i = 0; i < device->log_count; i++)
		tell_record(&device->log[i], out + 32 + 128 * i);
	return 32 + 128 * device->log_count;
}

/* ---- what it does ---- */

static void accept_one(struct fake_device *device, const struct fake_extent *extent)
{
	device->accepted[device->accepted_count++] = *extent;
}

static const struct fake_extent *offered(const struct fake_batch *batch,
					 const struct fake_extent *wanted)
{
	for (size_t i = 0; i < batch->count; i++)
		if (within(wanted, &batch->extents[i]))
			return &batch->extents[i];
	return NULL;
}

static void drop_oldest(struct fake_device *device)
{
	memmove(device->pending, device->pending + 1,
		(FAKE_PENDING - 1) * sizeof(device->pending[0]));
	device->pending_count--;
}

/* As QEMU 10.0: what is not in the oldest batch is an invalid address, and then nothing happens. */
static int answer(struct fake_device *device, struct error *err)
{
	size_t accepted = device->accepted_count;

	if (!device->pending_count && !device->chained_count) {
		disaster(device, "an empty answer while nothing is pending");
		return refuse(err, "nothing is pending");
	}
	for (size_t i = 0; i < device->chained_count; i++) {
		struct fake_extent piece = device->chained[i];
		const struct fake_extent *of = offered(&device->pending[0], &piece);

		if (!of || !device->pending_count) {
			device->accepted_count = accepted;
			return refuse(err, "Invalid Physical Address");
		}
		memcpy(piece.tag, of->tag, 16);
		if (device->fault == FAKE_TAKES_UNTAGGED)
			memset(piece.tag, 0, 16);
		if (device->fault == FAKE_TAKES_LESS && i == 0)
			piece.size -= FAKE_BLOCK;
		if (piece.size)
			accept_one(device, &piece);
	}
	if (device->fault == FAKE_TAKES_MORE)
		accept_one(device, &(struct fake_extent){REGION_SIZE, FAKE_BLOCK, {0}});
	drop_oldest(device);
	device->answers++;
	device->generation++;
	return 0;
}

static bool take_out(struct fake_device *device, const struct fake_extent *piece)
{
	for (size_t i = 0; i < device->accepted_count; i++) {
		struct fake_extent *extent = &device->accepted[i], tail = *extent;

		if (!within(piece, extent))
			continue;
		tail.start = end_of(piece);
		tail.size = end_of(extent) - tail.start;
		extent->size = piece->start - extent->start;
		if (tail.size)
			accept_one(device, &tail);
		if (!extent->size)
			*extent = device->accepted[--device->accepted_count];
		return true;
	}
	return false;
}

static int release(struct fake_device *device, struct error *err)
{
	if (!device->chained_count)
		return refuse(err, "Invalid Input");
	if (device->fault == FAKE_RELEASES_LESS)
		return 0;
	for (size_t i = 0; i < device->chained_count; i++)
		if (!take_out(device, &device->chained[i]))
			return refuse(err, "Invalid Physical Address");
	device->releases++;
	device->generation++;
	return 0;
}

static int gather_list(struct fake_device *device, const uint8_t *in, size_t size,
		       struct error *err)
{
	size_t count = get(in, 4);

	if (size != 8 + 24 * count)
		return refuse(err, "Invalid Payload Length");
	if (device->fault == FAKE_REFUSES_CHAIN && device->chained_count)
		return refuse(err, "Invalid Input");
	for (size_t i = 0; i < count; i++)
		device->chained[device->chained_count++] =
			(struct fake_extent){get(in + 8 + 24 * i, 8),
					     get(in + 16 + 24 * i, 8),
					     {0}};
	return 0;
}

static int listed(struct fake_device *device, const uint8_t *in, size_t size,
		  int (*act)(struct fake_device *, struct error *), struct error *err)
{
	int rc = gather_list(device, in, size, err);

	if (!rc && in[4] & 1)
		return 0;
	if (!rc)
		rc = act(device, err);
	device->chained_count = 0;
	return rc;
}

static int clear(struct fake_device *device, const uint8_t *in, size_t size, struct error *err)
{
	size_t count = in[2];

	if (in[0] != 4 || in[1] || size != 6 + 2 * count || !count)
		return refuse(err, "Invalid Input");
	for (size_t i = 0; i < count; i++)
		if (i >= device->log_count || device->log[i].handle != get(in + 6 + 2 * i, 2))
			return refuse(err, "Invalid Handle");
	device->clears++;
	if (device->fault == FAKE_KEEPS_RECORDS)
		return 0;
	memmove(device->log, device->log + count, (FAKE_LOG - count) * sizeof(device->log[0]));
	device->log_count -= count;
	device->lost = 0;
	return 0;
}

static int change(struct fake_device *device, uint16_t opcode, const uint8_t *in, size_t size,
		  struct error *err)
{
	int rc;

	if (device->fault == FAKE_REFUSES)
		return refuse(err, "Retry Required");
	if (device->fault == FAKE_SILENT_BEFORE)
		return fail(err, -ETIMEDOUT, "the device does not answer");
	rc = opcode == 0x4802	? listed(device, in, size, answer, err)
	     : opcode == 0x4803 ? listed(device, in, size, release, err)
				: clear(device, in, size, err);
	if (device->fault == FAKE_SILENT_AFTER)
		return fail(err, -ETIMEDOUT, "the device does not answer");
	return rc;
}

static int command(struct transport *transport, uint16_t opcode, const void *in, size_t in_size,
		   void *out, size_t out_max, size_t *out_size, struct error *err)
{
	struct fake_device *device = (struct fake_device *)transport;
	uint8_t answer_bytes[32768] = {0};
	int rc = 0;

	assert(in_size <= transport->payload_max);
	fake_moment(device);
	*out_size = 0;
	switch (opcode) {
	case 0x0100:
		*out_size = tell_log(device, answer_bytes);
		break;
	case 0x4800:
		*out_size = tell_configuration(answer_bytes);
		break;
	case 0x4801:
		*out_size = tell_accepted(device, in, answer_bytes);
		break;
	default:
		rc = change(device, opcode, in, in_size, err);
	}
	fake_moment(device);
	if (rc)
		return rc;
	assert(*out_size <= out_max);
	if (*out_size)
		memcpy(out, answer_bytes, *out_size);
	return 0;
}

/* ---- the fabric manager ---- */

struct fake_device *fake_make(void)
{
	struct fake_device *device = mmap(NULL, sizeof(*device), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert(device != MAP_FAILED);
	device->transport = (struct transport){.source = "mailbox",
					       .name = "fake",
					       .command = command,
					       .payload_max = 2048};
	return device;
}

void fake_drop(struct fake_device *device)
{
	munmap(device, sizeof(*device));
}

static struct fake_extent parse_extent(const char *text, uint8_t tag)
{
	struct fake_extent extent = {0};
	char *end;

	extent.start = strtoull(text, &end, 10) * FAKE_BLOCK;
	extent.size = strtoull(end + 1, NULL, 10) * FAKE_BLOCK;
	memset(extent.tag, tag, 16);
	return extent;
}

static void log_one(struct fake_device *device, const struct fake_extent *extent, uint8_t type,
		    bool more)
{
	if (device->log_count == FAKE_LOG) {
		device->lost++;
		return;
	}
	device->last_handle = (uint16_t)(device->last_handle + 1);
	device->log[device->log_count++] = (struct fake_record){
		.extent = *extent,
		.handle = device->last_handle,
		.type = type,
		.more = more,
		.timestamp = 1000000000ull * device->last_handle,
	};
}

void fake_offer(struct fake_device *device, uint8_t tag, const char *const *extents)
{
	struct fake_batch *batch = &device->pending[device->pending_count++];

	batch->count = 0;
	for (; *extents; extents++) {
		batch->extents[batch->count] = parse_extent(*extents, tag);
		log_one(device, &batch->extents[batch->count++], 0, extents[1] != NULL);
	}
}

void fake_ask_back(struct fake_device *device, const char *const *extents)
{
	for (; *extents; extents++) {
		struct fake_extent extent = parse_extent(*extents, 0);

		log_one(device, &extent, 1, extents[1] != NULL);
	}
}

void fake_accepted(const struct fake_device *device, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < device->accepted_count; i++) {
		char one[64];

		snprintf(one, sizeof(one), "%d:%d", (int)(device->accepted[i].start / FAKE_BLOCK),
			 (int)(device->accepted[i].size / FAKE_BLOCK));
		append_word(out, size, " ", one);
	}
}

void fake_log(const struct fake_device *device, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < device->log_count; i++) {
		char one[16];

		snprintf(one, sizeof(one), "%d", device->log[i].handle);
		append_word(out, size, " ", one);
	}
}
