/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/record.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

/* memcpy: the caller's list is another anonymous struct, only the layout is the same. */
struct any_list list_any(const void *list)
{
	struct any_list any;

	memcpy(&any, list, sizeof(any));
	return any;
}

void *list_grow(void *list, size_t item_size)
{
	struct any_list any = list_any(list);
	bool full = (any.count & (any.count - 1)) == 0; /* at 0, 1, 2, 4, 8, ... */
	void *item;

	if (full)
		any.items = xrealloc(any.items, (any.count ? 2 * any.count : 1) * item_size);
	item = any.items + any.count++ * item_size;
	memset(item, 0, item_size);
	memcpy(list, &any, sizeof(any));
	return item;
}

/* Make the empty @list one of @count zeroed items, with the room that appending makes. */
static char *list_fill(void *list, size_t item_size, size_t count)
{
	struct any_list any = {.count = count};
	size_t room = 1;

	while (room < count)
		room *= 2;
	if (count)
		any.items = xcalloc(room, item_size);
	memcpy(list, &any, sizeof(any));
	return any.items;
}

static struct json_object *list_to_json(const struct field *field, const void *list)
{
	struct json_object *array = json_object_new_array();
	struct any_list any = list_any(list);

	for (size_t i = 0; i < any.count; i++)
		json_object_array_add(array, record_to_json(field->record,
							    any.items + i * field->record->size));
	return array;
}

static struct json_object *hex_to_json(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_object_new_string(text);
}

static bool is_unknown(const void *value)
{
	return *(const uint64_t *)value == UNKNOWN;
}

static struct json_object *field_to_json(const struct field *field, const void *value)
{
	switch (field->type) {
	case FIELD_TEXT:
		return *(const char *)value ? json_object_new_string(value) : NULL;
	case FIELD_STRING:
		return *(char *const *)value ? json_object_new_string(*(char *const *)value) : NULL;
	case FIELD_U64:
		return json_object_new_uint64(*(const uint64_t *)value);
	case FIELD_SIZE:
		return is_unknown(value) ? NULL : json_object_new_uint64(*(const uint64_t *)value);
	case FIELD_HEX:
		return is_unknown(value) ? NULL : hex_to_json(*(const uint64_t *)value);
	case FIELD_INT:
		return *(const int *)value == -1 ? NULL : json_object_new_int(*(const int *)value);
	case FIELD_MAYBE:
		return *(const int *)value == -1 ? NULL
						 : json_object_new_boolean(*(const int *)value);
	case FIELD_BOOL:
		return json_object_new_boolean(*(const bool *)value);
	case FIELD_ENUM:
		return json_object_new_string(field->names[*(const int *)value]);
	case FIELD_LIST:
		return list_to_json(field, value);
	case FIELD_RECORD:
		return record_to_json(field->record, value);
	}
	return NULL;
}

struct json_object *record_to_json(const struct record *record, const void *data)
{
	struct json_object *json = json_object_new_object();

	for (const struct field *field = record->fields; field->key; field++)
		json_object_object_add(json, field->key,
				       field_to_json(field, (const char *)data + field->offset));
	return json;
}

/* Where in a document we are; put into words only if something is wrong there. */
struct place {
	const struct place *above; /* NULL: this is the document */
	const char *key;	   /* NULL: this is an item of a list */
	size_t index;
};

/* "host.regions[3].size" */
struct place_text {
	char text[256];
};

static struct place_text say_place(const struct place *place)
{
	struct place_text out = {""};
	size_t used;

	if (place->above)
		out = say_place(place->above);
	used = strlen(out.text);
	if (place->key)
		snprintf(out.text + used, sizeof(out.text) - used, "%s%s", used ? "." : "",
			 place->key);
	else
		snprintf(out.text + used, sizeof(out.text) - used, "[%zu]", place->index);
	return out;
}

static int expected(struct error *err, const struct place *place, const char *what)
{
	return fail(err, -EINVAL, "%s: expected %s", say_place(place).text, what);
}

/* "\u0000" is legal JSON, but ends a C string early. */
static bool has_nul(struct json_object *json)
{
	return strlen(json_object_get_string(json)) != (size_t)json_object_get_string_len(json);
}

static int text_from_json(const struct field *field, void *value, struct json_object *json,
			  const struct place *place, struct error *err)
{
	if (!json)
		return 0;
	if (!json_object_is_type(json, json_type_string))
		return expected(err, place, "a string or null");
	if (has_nul(json) || !copy_text(value, field->size, json_object_get_string(json)))
		return fail(err, -EINVAL, "%s: expected a string of at most %zu characters",
			    say_place(place).text, field->size - 1);
	make_printable(value); /* it will go to a terminal */
	return 0;
}

static int string_from_json(void *value, struct json_object *json, const struct place *place,
			    struct error *err)
{
	char *text;

	if (!json)
		return 0;
	if (!json_object_is_type(json, json_type_string) || has_nul(json))
		return expected(err, place, "a string or null");
	text = xstrdup(json_object_get_string(json));
	make_printable(text);
	*(char **)value = text;
	return 0;
}

static int u64_from_json(void *value, struct json_object *json, const struct place *place,
			 struct error *err)
{
	if (!json_object_is_type(json, json_type_int) ||
	    (json_object_get_int64(json) < 0 && json_object_get_uint64(json) == 0))
		return expected(err, place, "an unsigned number");
	*(uint64_t *)value = json_object_get_uint64(json);
	return 0;
}

static int size_from_json(void *value, struct json_object *json, const struct place *place,
			  struct error *err)
{
	if (json)
		return u64_from_json(value, json, place, err);
	*(uint64_t *)value = UNKNOWN;
	return 0;
}

static int hex_from_json(void *value, struct json_object *json, const struct place *place,
			 struct error *err)
{
	if (!json) {
		*(uint64_t *)value = UNKNOWN;
		return 0;
	}
	if (!json_object_is_type(json, json_type_string) || has_nul(json) ||
	    !starts_with(json_object_get_string(json), "0x") ||
	    !parse_u64(json_object_get_string(json), value))
		return expected(err, place, "a string with a hexadecimal number, \"0x...\"");
	return 0;
}

static int int_from_json(void *value, struct json_object *json, const struct place *place,
			 struct error *err)
{
	int64_t number = -1;

	if (json) {
		number = json_object_get_int64(json);
		if (!json_object_is_type(json, json_type_int) || number < 0 || number > INT_MAX)
			return expected(err, place, "a small unsigned number or null");
	}
	*(int *)value = (int)number;
	return 0;
}

static int bool_from_json(void *value, struct json_object *json, const struct place *place,
			  struct error *err)
{
	if (!json_object_is_type(json, json_type_boolean))
		return expected(err, place, "true or false");
	*(bool *)value = json_object_get_boolean(json);
	return 0;
}

static int maybe_from_json(void *value, struct json_object *json, const struct place *place,
			   struct error *err)
{
	if (json && !json_object_is_type(json, json_type_boolean))
		return expected(err, place, "true, false or null");
	*(int *)value = json ? json_object_get_boolean(json) : -1;
	return 0;
}

static int enum_from_json(const struct field *field, void *value, struct json_object *json,
			  const struct place *place, struct error *err)
{
	char names[256] = "";
	size_t used = 0;

	for (int i = 0; field->names[i]; i++) {
		if (json_object_is_type(json, json_type_string) && !has_nul(json) &&
		    strcmp(field->names[i], json_object_get_string(json)) == 0) {
			*(int *)value = i;
			return 0;
		}
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s\"%s\"",
						 i ? ", " : "", field->names[i]);
	}
	return fail(err, -EINVAL, "%s: expected one of %s", say_place(place).text, names);
}

static int fill_record(const struct record *record, void *data, struct json_object *json,
		       const struct place *place, struct error *err);

static int list_from_json(const struct field *field, void *list, struct json_object *json,
			  const struct place *place, struct error *err)
{
	struct place item = {.above = place};
	size_t count, size = field->record->size;
	char *items;
	int rc = 0;

	if (!json_object_is_type(json, json_type_array))
		return expected(err, place, "an array");
	count = json_object_array_length(json);
	items = list_fill(list, size, count);
	for (; !rc && item.index < count; item.index++)
		rc = fill_record(field->record, items + item.index * size,
				 json_object_array_get_idx(json, item.index), &item, err);
	return rc;
}

static int field_from_json(const struct field *field, void *value, struct json_object *json,
			   const struct place *place, struct error *err)
{
	switch (field->type) {
	case FIELD_TEXT:
		return text_from_json(field, value, json, place, err);
	case FIELD_STRING:
		return string_from_json(value, json, place, err);
	case FIELD_SIZE:
		return size_from_json(value, json, place, err);
	case FIELD_MAYBE:
		return maybe_from_json(value, json, place, err);
	case FIELD_U64:
		return u64_from_json(value, json, place, err);
	case FIELD_HEX:
		return hex_from_json(value, json, place, err);
	case FIELD_INT:
		return int_from_json(value, json, place, err);
	case FIELD_BOOL:
		return bool_from_json(value, json, place, err);
	case FIELD_ENUM:
		return enum_from_json(field, value, json, place, err);
	case FIELD_LIST:
		return list_from_json(field, value, json, place, err);
	case FIELD_RECORD:
		return fill_record(field->record, value, json, place, err);
	}
	return -EINVAL;
}

/* Our own documents have the keys in the order of the fields: what comes next is tried first. */
static bool find_value(struct json_object *json, struct lh_entry **next, const char *key,
		       struct json_object **value)
{
	if (!*next || strcmp(lh_entry_k(*next), key) != 0)
		return json_object_object_get_ex(json, key, value);
	*value = (struct json_object *)lh_entry_v(*next);
	*next = lh_entry_next(*next);
	return true;
}

static int fill_record(const struct record *record, void *data, struct json_object *json,
		       const struct place *place, struct error *err)
{
	struct json_object *value;
	struct lh_entry *next;
	int rc;

	if (!json_object_is_type(json, json_type_object))
		return expected(err, place, "an object");
	next = lh_table_head(json_object_get_object(json));
	for (const struct field *field = record->fields; field->key; field++) {
		const struct place inside = {.above = place, .key = field->key};

		if (!find_value(json, &next, field->key, &value))
			return fail(err, -EINVAL, "%s is missing", say_place(&inside).text);
		rc = field_from_json(field, (char *)data + field->offset, value, &inside, err);
		if (rc)
			return rc;
	}
	return 0;
}

int record_from_json(const struct record *record, void *data, struct json_object *json,
		     const char *where, struct error *err)
{
	return fill_record(record, data, json, &(const struct place){.key = where}, err);
}

static void list_free(const struct field *field, void *list)
{
	struct any_list any = list_any(list);

	for (size_t i = 0; i < any.count; i++)
		record_free(field->record, any.items + i * field->record->size);
	free(any.items);
}

void record_free(const struct record *record, void *data)
{
	for (const struct field *field = record->fields; field->key; field++) {
		if (field->type == FIELD_LIST)
			list_free(field, (char *)data + field->offset);
		else if (field->type == FIELD_STRING)
			free(*(char **)((char *)data + field->offset));
		else if (field->type == FIELD_RECORD)
			record_free(field->record, (char *)data + field->offset);
	}
	memset(data, 0, record->size);
}
