/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/trace_decode.h"

#include <string.h>

#include "sys/util.h"

/* Names of fields from the first posting (2024) to the latest (2026), the newest first. */
static const char *const memdev_names[] = {"memdev", "dev_name", NULL};
static const char *const address_names[] = {"host", NULL};
static const char *const serial_names[] = {"serial", NULL};
static const char *const handle_names[] = {"hdr_handle", NULL};
static const char *const timestamp_names[] = {"hdr_timestamp", NULL};
static const char *const type_names[] = {"event_type", NULL};
static const char *const host_names[] = {"hostid", "host_id", NULL};
static const char *const region_names[] = {"updated_region_index", "partition_index", "region_id",
					   NULL};
static const char *const start_names[] = {"dpa_start", NULL};
static const char *const length_names[] = {"length", NULL};
static const char *const tag_names[] = {"uuid", "tag", NULL};
static const char *const sequence_names[] = {"sh_extent_seq", NULL};

struct raw {
	struct tep_event *event;
	const uint8_t *data;
	size_t size;
};

static struct tep_format_field *find(const struct raw *raw, const char *const *names)
{
	struct tep_format_field *field = NULL;

	for (; *names && !field; names++)
		field = tep_find_field(raw->event, *names);
	return field;
}

/* Where it is in the data; false if it reaches beyond it. */
static bool place(const struct raw *raw, const struct tep_format_field *field, size_t *at,
		  size_t *length)
{
	unsigned long long where;

	if (field->offset < 0 || field->size <= 0 ||
	    (size_t)field->offset + (size_t)field->size > raw->size)
		return false;
	*at = (size_t)field->offset;
	*length = (size_t)field->size;
	if (!(field->flags & TEP_FIELD_IS_DYNAMIC))
		return true;
	if (*length != 4)
		return false;
	/* __data_loc: offset in the low half, length in the high one; __rel_loc counts from behind. */
	where = tep_read_number(raw->event->tep, raw->data + *at, 4);
	*at = (where & 0xffff) + (field->flags & TEP_FIELD_IS_RELATIVE ? *at + 4 : 0);
	*length = where >> 16;
	return *at <= raw->size && *length <= raw->size - *at;
}

static bool get_number(const struct raw *raw, const char *const *names, uint64_t *value)
{
	struct tep_format_field *field = find(raw, names);
	size_t at, length;

	if (!field || field->flags & (TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_DYNAMIC) ||
	    !place(raw, field, &at, &length))
		return false;
	if (length != 1 && length != 2 && length != 4 && length != 8)
		return false;
	*value = tep_read_number(raw->event->tep, raw->data + at, (int)length);
	if (length < 8)
		*value &= (1ull << 8 * length) - 1;
	return true;
}

static uint64_t number_or(const struct raw *raw, const char *const *names, uint64_t otherwise)
{
	uint64_t value;

	return get_number(raw, names, &value) ? value : otherwise;
}

static int int_or_unknown(const struct raw *raw, const char *const *names)
{
	uint64_t value;

	return get_number(raw, names, &value) && value <= 0xffff ? (int)value : -1;
}

static void get_text(const struct raw *raw, const char *const *names, char out[NAME_SIZE])
{
	struct tep_format_field *field = find(raw, names);
	size_t at, length;

	if (!field || !(field->flags & TEP_FIELD_IS_STRING) || !place(raw, field, &at, &length))
		return;
	snprintf(out, NAME_SIZE, "%.*s", (int)(length < NAME_SIZE ? length : NAME_SIZE - 1),
		 (const char *)raw->data + at);
	make_printable(out);
}

static void get_tag(const struct raw *raw, uint8_t tag[TAG_SIZE])
{
	struct tep_format_field *field = find(raw, tag_names);
	size_t at, length;

	if (field && place(raw, field, &at, &length) && length == TAG_SIZE)
		memcpy(tag, raw->data + at, TAG_SIZE);
}

/* Some versions have the region in each event, where it means nothing but in an update. */
static void decode_event(const struct raw *raw, struct event_record *record)
{
	record->type = int_or_unknown(raw, type_names);
	if (record->type >= 0 && record->type < EXTENT_EVENT_UNKNOWN)
		record->event = record->type;
	if (record->event == EXTENT_REGION_UPDATED)
		record->dc_region = int_or_unknown(raw, region_names);
	if (record->dc_region >= DC_REGIONS_MAX)
		record->dc_region = -1;
}

void trace_decode(struct trace_event *out, struct tep_event *event, const void *data, size_t size)
{
	const struct raw raw = {event, data, size};
	struct event_record *record = &out->record;

	memset(out, 0, sizeof(*out));
	event_record_init(record);
	get_text(&raw, memdev_names, out->memdev);
	get_text(&raw, address_names, out->address);
	out->serial = number_or(&raw, serial_names, UNKNOWN);
	decode_event(&raw, record);
	record->handle = int_or_unknown(&raw, handle_names);
	record->host = int_or_unknown(&raw, host_names);
	record->timestamp = number_or(&raw, timestamp_names, UNKNOWN);
	if (!record->timestamp)
		record->timestamp = UNKNOWN;
	/* An extent without these is none: what it is about can not be said. */
	if (!get_number(&raw, start_names, &record->start) ||
	    !get_number(&raw, length_names, &record->size))
		record->event = record->event == EXTENT_REGION_UPDATED ? record->event
								       : EXTENT_EVENT_UNKNOWN;
	get_tag(&raw, record->tag);
	record->sequence = number_or(&raw, sequence_names, 0);
}
