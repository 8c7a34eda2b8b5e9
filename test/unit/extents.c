/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents.h"

#include <string.h>

#include "sys/util.h"

void put_le(uint8_t *bytes, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

void encode_record(uint8_t *bytes, const struct raw_record *record)
{
	static const uint8_t uuid[16] = {0xca, 0x95, 0xaf, 0xa7, 0xf1, 0x83, 0x40, 0x18,
					 0x8c, 0x2f, 0x95, 0x26, 0x8e, 0x10, 0x1a, 0x2a};

	memset(bytes, 0, 128);
	memcpy(bytes, uuid, sizeof(uuid));
	bytes[0] ^= record->foreign;
	bytes[16] = (uint8_t)(record->length ? record->length : 128);
	put_le(bytes + 20, (uint64_t)record->handle, 2);
	put_le(bytes + 24, record->time, 8);
	bytes[48] = (uint8_t)record->type;
	bytes[49] = (uint8_t)record->valid;
	put_le(bytes + 50, (uint64_t)record->host, 2);
	bytes[52] = (uint8_t)record->region;
	bytes[53] = record->more;
	put_le(bytes + 56, record->start, 8);
	put_le(bytes + 64, record->size, 8);
	memset(bytes + 72, record->tag, 16);
	put_le(bytes + 88, (uint64_t)record->sequence, 2);
	put_le(bytes + 120, record->extents_available, 4);
	put_le(bytes + 124, record->tags_available, 4);
}

size_t encode_page(uint8_t **out, const struct raw_record *records, size_t count)
{
	uint8_t *bytes = xcalloc(1, 32 + count * 128);

	put_le(bytes + 20, count, 2);
	for (size_t i = 0; i < count; i++)
		encode_record(bytes + 32 + i * 128, &records[i]);
	*out = bytes;
	return 32 + count * 128;
}
