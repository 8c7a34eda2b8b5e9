/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/json_text.h"

#include <string.h>

/*
 * Pieces are gathered here before they go to the stream, which has a buffer of its own: but of a log
 * there are millions of pieces, and stdio takes as long to put them together as all the rest.
 */
struct json_text {
	FILE *stream;
	size_t used;
	char buffer[4096];
};

static void flush(struct json_text *text)
{
	fwrite(text->buffer, 1, text->used, text->stream);
	text->used = 0;
}

static inline void put_bytes(struct json_text *text, const char *bytes, size_t length)
{
	if (length > sizeof(text->buffer) - text->used)
		flush(text);
	if (length > sizeof(text->buffer)) {
		fwrite(bytes, 1, length, text->stream);
		return;
	}
	memcpy(text->buffer + text->used, bytes, length);
	text->used += length;
}

#define put_literal(text, literal) put_bytes(text, "" literal, sizeof(literal) - 1)

static void put_raw(struct json_text *text, const char *raw)
{
	put_bytes(text, raw, strlen(raw));
}

/* What may stand in a string as it is; bytes of UTF-8 may. */
static bool is_plain(unsigned char c)
{
	return c >= ' ' && c != '"' && c != '\\';
}

static void put_escaped(struct json_text *text, unsigned char c)
{
	static const char letters[] = "\b\n\r\t\f\"\\", names[] = "bnrtf\"\\";
	static const char digits[] = "0123456789abcdef";
	const char *letter = strchr(letters, c);
	const char pair[] = {'\\', letter ? names[letter - letters] : 'u'};
	const char number[] = {'0', '0', digits[c >> 4], digits[c & 15]};

	put_bytes(text, pair, sizeof(pair));
	if (!letter)
		put_bytes(text, number, sizeof(number));
}

static void put_string(struct json_text *text, const char *string)
{
	if (!string) {
		put_literal(text, "null");
		return;
	}
	put_literal(text, "\"");
	while (*string) {
		const char *end = string;

		while (is_plain((unsigned char)*end))
			end++;
		put_bytes(text, string, (size_t)(end - string));
		if (*end)
			put_escaped(text, (unsigned char)*end++);
		string = end;
	}
	put_literal(text, "\"");
}

/* By hand: printf() takes ten times as long. */
static void put_u64(struct json_text *text, uint64_t value)
{
	char digits[20], *first = digits + sizeof(digits);

	do {
		*--first = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put_bytes(text, first, (size_t)(digits + sizeof(digits) - first));
}

static void put_size(struct json_text *text, uint64_t value)
{
	if (value == UNKNOWN)
		put_literal(text, "null");
	else
		put_u64(text, value);
}

static void put_hex(struct json_text *text, uint64_t value)
{
	char string[24];

	snprintf(string, sizeof(string), "0x%jx", (uintmax_t)value);
	put_string(text, value == UNKNOWN ? NULL : string);
}

static void put_int(struct json_text *text, int value)
{
	if (value < -1)
		put_literal(text, "-");
	if (value == -1)
		put_literal(text, "null");
	else
		put_u64(text, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void put_maybe(struct json_text *text, int value)
{
	put_raw(text, value == -1 ? "null" : value ? "true" : "false");
}

static void put_list(struct json_text *text, const struct record *record, const void *list);
static void put_record(struct json_text *text, const struct record *record, const void *data);

static void put_value(struct json_text *text, const struct field *field, const void *value)
{
	switch (field->type) {
	case FIELD_TEXT:
		put_string(text, *(const char *)value ? value : NULL);
		break;
	case FIELD_STRING:
		put_string(text, *(const char *const *)value);
		break;
	case FIELD_U64:
		put_u64(text, *(const uint64_t *)value);
		break;
	case FIELD_SIZE:
		put_size(text, *(const uint64_t *)value);
		break;
	case FIELD_HEX:
		put_hex(text, *(const uint64_t *)value);
		break;
	case FIELD_INT:
		put_int(text, *(const int *)value);
		break;
	case FIELD_MAYBE:
		put_maybe(text, *(const int *)value);
		break;
	case FIELD_BOOL:
		put_maybe(text, *(const bool *)value);
		break;
	case FIELD_ENUM:
		put_string(text, field->names[*(const int *)value]);
		break;
	case FIELD_LIST:
		put_list(text, field->record, value);
		break;
	case FIELD_RECORD:
		put_record(text, field->record, value);
		break;
	}
}

static void put_field(struct json_text *text, const struct field *field, const void *data)
{
	put_literal(text, "\"");
	put_raw(text, field->key);
	put_literal(text, "\": ");
	put_value(text, field, (const char *)data + field->offset);
}

static void put_record(struct json_text *text, const struct record *record, const void *data)
{
	put_literal(text, "{ ");
	for (const struct field *field = record->fields; field->key; field++) {
		if (field != record->fields)
			put_literal(text, ", ");
		put_field(text, field, data);
	}
	put_literal(text, " }");
}

static void put_list(struct json_text *text, const struct record *record, const void *list)
{
	struct any_list any = list_any(list);

	put_literal(text, "[ ");
	for (size_t i = 0; i < any.count; i++) {
		if (i)
			put_literal(text, ", ");
		put_record(text, record, any.items + i * record->size);
	}
	put_raw(text, any.count ? " ]" : "]");
}

/* One of these, from the first byte to the last. */
#define WRITE(put, stream_, ...)                            \
	do {                                                \
		static struct json_text text = {.used = 0}; \
		text.stream = stream_;                      \
		put(&text, __VA_ARGS__);                    \
		flush(&text);                               \
	} while (0)

void json_write_text(FILE *stream, const char *string)
{
	WRITE(put_string, stream, string);
}

void json_write_u64(FILE *stream, uint64_t value)
{
	WRITE(put_u64, stream, value);
}

void json_write_size(FILE *stream, uint64_t value)
{
	WRITE(put_size, stream, value);
}

void json_write_record(FILE *stream, const struct record *record, const void *data)
{
	WRITE(put_record, stream, record, data);
}

void json_write_field(FILE *stream, const struct field *field, const void *data)
{
	WRITE(put_field, stream, field, data);
}

void json_write_list(FILE *stream, const struct record *record, const void *list)
{
	WRITE(put_list, stream, record, list);
}
