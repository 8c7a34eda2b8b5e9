/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/record.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sys/util.h"

/* Where in a record (CXL 3.1 tables 8-42 and 8-50). */
#define RECORD_LENGTH	 16
#define RECORD_HANDLE	 20
#define RECORD_TIMESTAMP 24
#define RECORD_TYPE	 48
#define RECORD_VALID	 49
#define RECORD_HOST	 50
#define RECORD_REGION	 52
#define RECORD_FLAGS	 53
#define RECORD_EXTENT	 56
#define RECORD_EXTENTS	 120
#define RECORD_TAGS	 124

#define RECORD_NEEDED 90 /* up to the sequence of its extent; what is behind is optional */

#define FLAG_MORE     0x01
#define VALID_EXTENTS 0x01
#define VALID_TAGS    0x02

/* Where in an extent, in records and lists alike (CXL 3.1 table 8-51). */
#define EXTENT_START	0
#define EXTENT_LENGTH	8
#define EXTENT_TAG	16
#define EXTENT_SEQUENCE 32
#define EXTENT_SIZE	40

#define PAGE_FLAG_OVERFLOW 0x01
#define PAGE_FLAG_MORE	   0x02

#define CONFIGURATION_HEAD 8
#define REGION_SIZE	   40
#define CONFIGURATION_TAIL 16
#define REGION_UNIT	   (256ull << 20) /* of a region's decode length */

#define EXTENT_PAGE_HEAD 16

static const uint8_t dynamic_capacity[16] = {0xca, 0x95, 0xaf, 0xa7, 0xf1, 0x83, 0x40, 0x18,
					     0x8c, 0x2f, 0x95, 0x26, 0x8e, 0x10, 0x1a, 0x2a};

static unsigned int get16(const uint8_t *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return le16toh(value);
}

static uint32_t get32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return le32toh(value);
}

static uint64_t get64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return le64toh(value);
}

/* A device whose clock was never set has 0 (CXL 3.1 8.2.9.4.1). */
static uint64_t get_time(const uint8_t *bytes)
{
	uint64_t time = get64(bytes);

	return time ? time : UNKNOWN;
}

void tag_format(char text[TAG_TEXT_SIZE], const uint8_t tag[TAG_SIZE])
{
	static const uint8_t none[TAG_SIZE];
	static const char digits[] = "0123456789abcdef";
	char *at = text;

	if (memcmp(tag, none, TAG_SIZE) == 0) {
		text[0] = '\0';
		return;
	}
	for (size_t i = 0; i < TAG_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[tag[i] >> 4];
		*at++ = digits[tag[i] & 0xf];
	}
	*at = '\0';
}

/* ---- event records ---- */

void event_record_init(struct event_record *record)
{
	*record = (struct event_record){
		.event = EXTENT_EVENT_UNKNOWN,
		.type = -1,
		.handle = -1,
		.host = -1,
		.more = -1,
		.dc_region = -1,
		.timestamp = UNKNOWN,
		.extents_available = UNKNOWN,
		.tags_available = UNKNOWN,
	};
}

int handle_after(int handle)
{
	return handle == 0xffff ? 1 : handle + 1;
}

static int event_of(const uint8_t *bytes)
{
	unsigned int length = bytes[RECORD_LENGTH], type = bytes[RECORD_TYPE];

	if (length < RECORD_NEEDED || length > EVENT_RECORD_SIZE || type >= EXTENT_EVENT_UNKNOWN)
		return EXTENT_EVENT_UNKNOWN;
	return (int)type;
}

static void decode_extent(struct event_record *record, const uint8_t *bytes)
{
	record->start = get64(bytes + EXTENT_START);
	record->size = get64(bytes + EXTENT_LENGTH);
	memcpy(record->tag, bytes + EXTENT_TAG, TAG_SIZE);
	record->sequence = get16(bytes + EXTENT_SEQUENCE);
}

/* What lies behind the record's own end is not valid, whatever its flags say. */
static void decode_available(struct event_record *record, const uint8_t *bytes)
{
	unsigned int length = bytes[RECORD_LENGTH], valid = bytes[RECORD_VALID];

	if (valid & VALID_EXTENTS && length >= RECORD_EXTENTS + 4)
		record->extents_available = get32(bytes + RECORD_EXTENTS);
	if (valid & VALID_TAGS && length >= RECORD_TAGS + 4)
		record->tags_available = get32(bytes + RECORD_TAGS);
}

void event_record_decode(struct event_record *record, const uint8_t bytes[EVENT_RECORD_SIZE])
{
	event_record_init(record);
	record->handle = (int)get16(bytes + RECORD_HANDLE);
	record->foreign = memcmp(bytes, dynamic_capacity, sizeof(dynamic_capacity)) != 0;
	if (record->foreign)
		return;
	record->timestamp = get_time(bytes + RECORD_TIMESTAMP);
	record->type = bytes[RECORD_TYPE];
	record->host = (int)get16(bytes + RECORD_HOST);
	record->more = bytes[RECORD_FLAGS] & FLAG_MORE;
	record->event = event_of(bytes);
	if (record->event == EXTENT_EVENT_UNKNOWN)
		return;
	decode_available(record, bytes);
	if (record->event == EXTENT_REGION_UPDATED)
		record->dc_region = bytes[RECORD_REGION];
	else
		decode_extent(record, bytes + RECORD_EXTENT);
}

void event_record_extent(const struct event_record *record, struct extent *extent)
{
	extent->start = record->start;
	extent->size = record->size;
	tag_format(extent->tag, record->tag);
	extent->sequence = record->sequence;
	extent->dc_region = record->dc_region;
	extent->handle = record->handle;
	extent->acceptable = -1;
}

/* ---- answers ---- */

static int too_short(struct error *err, const char *what, size_t size, size_t needed)
{
	return fail(err, -EBADMSG, "%s has %zu bytes where %zu are needed", what, size, needed);
}

int log_page_decode(struct log_page *page, const void *answer, size_t size, struct error *err)
{
	const uint8_t *bytes = answer;
	size_t count;

	if (size < LOG_HEAD_SIZE)
		return too_short(err, "an answer of the event log", size, LOG_HEAD_SIZE);
	count = get16(bytes + 20);
	if (size < LOG_HEAD_SIZE + count * EVENT_RECORD_SIZE)
		return too_short(err, "an answer of the event log", size,
				 LOG_HEAD_SIZE + count * EVENT_RECORD_SIZE);
	*page = (struct log_page){
		.overflow = bytes[0] & PAGE_FLAG_OVERFLOW,
		.goes_on = bytes[0] & PAGE_FLAG_MORE,
		.first_lost = UNKNOWN,
		.last_lost = UNKNOWN,
		.count = count,
		.records = bytes + LOG_HEAD_SIZE,
		.size = LOG_HEAD_SIZE + count * EVENT_RECORD_SIZE,
	};
	if (!page->overflow)
		return 0;
	page->lost = get16(bytes + 2);
	page->first_lost = get_time(bytes + 4);
	page->last_lost = get_time(bytes + 12);
	return 0;
}

static int decode_region(struct dc_device *device, unsigned int number, const uint8_t *bytes,
			 struct error *err)
{
	struct dc_region *region;
	uint64_t units = get64(bytes + 8);

	if (units > UINT64_MAX / REGION_UNIT)
		return fail(err, -EBADMSG,
			    "dynamic-capacity region %u says that it decodes %" PRIu64
			    " times 256 MiB, more than there can be",
			    number, units);
	region = list_add(&device->regions);
	region->number = (int)number;
	region->base = get64(bytes);
	region->decode_size = units * REGION_UNIT;
	region->size = get64(bytes + 16);
	region->block_size = get64(bytes + 24);
	region->flags = bytes[36];
	return 0;
}

static void decode_limits(struct dc_device *device, const uint8_t *bytes)
{
	device->extents_supported = get32(bytes);
	device->extents_available = get32(bytes + 4);
	device->tags_supported = get32(bytes + 8);
	device->tags_available = get32(bytes + 12);
}

int configuration_decode(struct dc_device *device, unsigned int *total, unsigned int first,
			 const void *answer, size_t size, struct error *err)
{
	const uint8_t *bytes = answer;
	size_t needed = CONFIGURATION_HEAD + CONFIGURATION_TAIL;
	unsigned int returned, all;
	int rc = 0;

	if (size < needed)
		return too_short(err, "the dynamic-capacity configuration", size, needed);
	all = bytes[0];
	returned = bytes[1];
	needed += (size_t)returned * REGION_SIZE;
	if (size < needed)
		return too_short(err, "the dynamic-capacity configuration", size, needed);
	if (all > DC_REGIONS_MAX || first + returned > all || (first < all && !returned))
		return fail(
			err, -EBADMSG,
			"the device says that it has %u dynamic-capacity regions, and answers with "
			"%u from region %u on: expected at least one, and %d regions at most",
			all, returned, first, DC_REGIONS_MAX);
	for (unsigned int i = 0; i < returned && !rc; i++)
		rc = decode_region(device, first + i,
				   bytes + CONFIGURATION_HEAD + (size_t)i * REGION_SIZE, err);
	if (rc)
		return rc;
	decode_limits(device, bytes + needed - CONFIGURATION_TAIL);
	*total = all;
	return 0;
}

static void decode_accepted(struct dc_device *device, const uint8_t *bytes)
{
	struct extent *extent = list_add(&device->accepted);

	extent->start = get64(bytes + EXTENT_START);
	extent->size = get64(bytes + EXTENT_LENGTH);
	tag_format(extent->tag, bytes + EXTENT_TAG);
	extent->sequence = get16(bytes + EXTENT_SEQUENCE);
	extent->dc_region = -1;
	extent->handle = -1;
	extent->acceptable = -1;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	while (size && !bytes[size - 1])
		size--;
	return size == 0;
}

/*
 * QEMU 11.1 counts what is pending as well, and sends that many, of which those behind the end of
 * the list are zero. An extent that is all zero is none: only then is the count not believed.
 */
static uint32_t without_filling(const uint8_t *extents, uint32_t count, uint32_t left)
{
	while (count > left && is_zero(extents + (size_t)(count - 1) * EXTENT_SIZE, EXTENT_SIZE))
		count--;
	return count;
}

int extent_page_decode(struct dc_device *device, struct extent_page *page, const void *answer,
		       size_t size, struct error *err)
{
	const uint8_t *bytes = answer;
	uint32_t count, total, left;

	if (size < EXTENT_PAGE_HEAD)
		return too_short(err, "the list of extents", size, EXTENT_PAGE_HEAD);
	count = get32(bytes);
	total = get32(bytes + 4);
	left = device->accepted.count < total ? total - (uint32_t)device->accepted.count : 0;
	if ((size - EXTENT_PAGE_HEAD) / EXTENT_SIZE >= count)
		count = without_filling(bytes + EXTENT_PAGE_HEAD, count, left);
	if (count > total)
		return fail(err, -EBADMSG,
			    "the device answers with %" PRIu32 " extents of a list of %" PRIu32,
			    count, total);
	if ((size - EXTENT_PAGE_HEAD) / EXTENT_SIZE < count)
		return too_short(err, "the list of extents", size,
				 EXTENT_PAGE_HEAD + (size_t)count * EXTENT_SIZE);
	for (uint32_t i = 0; i < count; i++)
		decode_accepted(device, bytes + EXTENT_PAGE_HEAD + (size_t)i * EXTENT_SIZE);
	*page = (struct extent_page){count, total, get32(bytes + 8)};
	return 0;
}
