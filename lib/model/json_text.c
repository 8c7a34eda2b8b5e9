/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/json_text.h"

#include <string.h>

/* What may stand in a string as it is; bytes of UTF-8 may. */
static bool is_plain(unsigned char c)
{
	return c >= ' ' && c != '"' && c != '\\';
}

static void write_bytes(FILE *stream, const char *bytes, size_t length)
{
	fwrite_unlocked(bytes, 1, length, stream);
}

#define write_literal(stream, literal) write_bytes(stream, "" literal, sizeof(literal) - 1)

static void write_escaped(FILE *stream, unsigned char c)
{
	static const char letters[] = "\b\n\r\t\f\"\\", names[] = "bnrtf\"\\";
	static const char digits[] = "0123456789abcdef";
	const char *letter = strchr(letters, c);

	if (letter) {
		const char pair[] = {'\\', names[letter - letters]};

		write_bytes(stream, pair, sizeof(pair));
		return;
	}
	write_literal(stream, "\\u00");
	putc_unlocked(digits[c >> 4], stream);
	putc_unlocked(digits[c & 15], stream);
}

void json_write_text(FILE *stream, const char *text)
{
	if (!text) {
		write_literal(stream, "null");
		return;
	}
	putc_unlocked('"', stream);
	while (*text) {
		const char *end = text;

		while (is_plain((unsigned char)*end))
			end++;
		write_bytes(stream, text, (size_t)(end - text));
		if (*end)
			write_escaped(stream, (unsigned char)*end++);
		text = end;
	}
	putc_unlocked('"', stream);
}

/* By hand: of a log there are millions, and printf() takes ten times as long. */
static void write_number(FILE *stream, uint64_t value, unsigned int base)
{
	char digits[24], *first = digits + sizeof(digits);

	do {
		*--first = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	write_bytes(stream, first, (size_t)(digits + sizeof(digits) - first));
}

void json_write_u64(FILE *stream, uint64_t value)
{
	write_number(stream, value, 10);
}

void json_write_bool(FILE *stream, bool value)
{
	if (value)
		write_literal(stream, "true");
	else
		write_literal(stream, "false");
}

static void write_size(FILE *stream, uint64_t value)
{
	if (value == UNKNOWN)
		write_literal(stream, "null");
	else
		json_write_u64(stream, value);
}

static void write_hex(FILE *stream, uint64_t value)
{
	if (value == UNKNOWN) {
		write_literal(stream, "null");
		return;
	}
	write_literal(stream, "\"0x");
	write_number(stream, value, 16);
	putc_unlocked('"', stream);
}

static void write_int(FILE *stream, int value)
{
	if (value == -1) {
		write_literal(stream, "null");
		return;
	}
	if (value < 0)
		putc_unlocked('-', stream);
	json_write_u64(stream, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void write_maybe(FILE *stream, int value)
{
	if (value == -1)
		write_literal(stream, "null");
	else
		json_write_bool(stream, value);
}

static void write_value(FILE *stream, const struct field *field, const void *value)
{
	switch (field->type) {
	case FIELD_TEXT:
		json_write_text(stream, *(const char *)value ? value : NULL);
		break;
	case FIELD_STRING:
		json_write_text(stream, *(const char *const *)value);
		break;
	case FIELD_U64:
		json_write_u64(stream, *(const uint64_t *)value);
		break;
	case FIELD_SIZE:
		write_size(stream, *(const uint64_t *)value);
		break;
	case FIELD_HEX:
		write_hex(stream, *(const uint64_t *)value);
		break;
	case FIELD_INT:
		write_int(stream, *(const int *)value);
		break;
	case FIELD_MAYBE:
		write_maybe(stream, *(const int *)value);
		break;
	case FIELD_BOOL:
		json_write_bool(stream, *(const bool *)value);
		break;
	case FIELD_ENUM:
		json_write_text(stream, field->names[*(const int *)value]);
		break;
	case FIELD_LIST:
		json_write_list(stream, field->record, value);
		break;
	case FIELD_RECORD:
		json_write_record(stream, field->record, value);
		break;
	}
}

void json_write_field(FILE *stream, const struct field *field, const void *data)
{
	putc_unlocked('"', stream);
	write_bytes(stream, field->key, strlen(field->key));
	write_literal(stream, "\": ");
	write_value(stream, field, (const char *)data + field->offset);
}

void json_write_record(FILE *stream, const struct record *record, const void *data)
{
	write_literal(stream, "{ ");
	for (const struct field *field = record->fields; field->key; field++) {
		if (field != record->fields)
			write_literal(stream, ", ");
		json_write_field(stream, field, data);
	}
	write_literal(stream, " }");
}

void json_write_list(FILE *stream, const struct record *record, const void *list)
{
	struct any_list any = list_any(list);

	write_literal(stream, "[ ");
	for (size_t i = 0; i < any.count; i++) {
		if (i)
			write_literal(stream, ", ");
		json_write_record(stream, record, any.items + i * record->size);
	}
	if (any.count)
		putc_unlocked(' ', stream);
	putc_unlocked(']', stream);
}
