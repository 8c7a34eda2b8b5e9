/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One description of each struct drives JSON in both directions and freeing, so that the three can
 * not drift apart.
 *
 * In JSON, every field is always there: what is unknown is null, a list is always an array. Sizes
 * and addresses are unsigned numbers; serials are strings, as 64-bit identifiers do not survive
 * readers that take every number for a double.
 */
#ifndef MODEL_RECORD_H
#define MODEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "sys/error.h"

#define UNKNOWN UINT64_MAX

enum field_type {
	FIELD_TEXT,   /* char[size]; "" is null */
	FIELD_STRING, /* char *, allocated; NULL is null */
	FIELD_U64,    /* uint64_t, a number */
	FIELD_SIZE,   /* uint64_t, a number; UNKNOWN is null */
	FIELD_HEX,    /* uint64_t, a string "0x..."; UNKNOWN is null */
	FIELD_INT,    /* int; -1 is null */
	FIELD_BOOL,   /* bool */
	FIELD_MAYBE,  /* int: 0 or 1, a boolean; -1 is null */
	FIELD_ENUM,   /* int index into names[] (NULL terminated), a string */
	FIELD_LIST,   /* LIST() of records */
	FIELD_RECORD, /* a record inside this one */
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	size_t size; /* FIELD_TEXT: of the array */
	const char *const *names;
	const struct record *record;
};

struct record {
	size_t size;
	const struct field *fields; /* ends with an empty one */
};

/* clang-format off */
#define FIELD_(type, key, kind, ...)                                                               \
	{                                                                                          \
		#key, kind, offsetof(type, key), sizeof(((type *)0)->key), __VA_ARGS__             \
	}
#define TEXT(type, key)		FIELD_(type, key, FIELD_TEXT, NULL, NULL)
#define STRING(type, key)	FIELD_(type, key, FIELD_STRING, NULL, NULL)
#define U64(type, key)		FIELD_(type, key, FIELD_U64, NULL, NULL)
#define SIZE(type, key)		FIELD_(type, key, FIELD_SIZE, NULL, NULL)
#define HEX(type, key)		FIELD_(type, key, FIELD_HEX, NULL, NULL)
#define INT(type, key)		FIELD_(type, key, FIELD_INT, NULL, NULL)
#define BOOL(type, key)		FIELD_(type, key, FIELD_BOOL, NULL, NULL)
#define MAYBE(type, key)	FIELD_(type, key, FIELD_MAYBE, NULL, NULL)
#define ENUM(type, key, names)	FIELD_(type, key, FIELD_ENUM, names, NULL)
#define RECORDS(type, key, rec) FIELD_(type, key, FIELD_LIST, NULL, &(rec))
#define RECORD(type, key, rec)	FIELD_(type, key, FIELD_RECORD, NULL, &(rec))

/* clang-format on */

/* A growable array. All lists have this layout, whatever the items are. */
#define LIST(type)            \
	struct {              \
		type *items;  \
		size_t count; \
	}

/* What all lists have in common, for whoever does not know the type of the items. */
struct any_list {
	char *items;
	size_t count;
};
struct any_list list_any(const void *list);

/* Append a zeroed item and return a pointer to it, good until the next append. */
#define list_add(list) ((__typeof__((list)->items))list_grow((list), sizeof(*(list)->items)))
void *list_grow(void *list, size_t item_size);

#define list_sort(list, compare)                                                              \
	do {                                                                                  \
		if ((list)->count)                                                            \
			qsort((list)->items, (list)->count, sizeof(*(list)->items), compare); \
	} while (0)

#define list_each(item, list)                                    \
	for (__typeof__((list)->items + 0) item = (list)->items; \
	     item && item < (list)->items + (list)->count; item++)

/* The same over a list of pointers; @item is what they point to. */
#define list_each_pointer(item, list)                                                          \
	for (__typeof__(**(list)->items) **item##_at = (list)->items, *item;                   \
	     item##_at && item##_at < (list)->items + (list)->count && (item = *item##_at, 1); \
	     item##_at++)

/* A new JSON object of everything in @data. */
struct json_object *record_to_json(const struct record *record, const void *data);

/*
 * Fill zeroed @data from @json. Every field must be there with the right type and in range; keys
 * that are not described are left alone. -EINVAL names the place ("regions[3].size") and what was
 * expected. @where names the document. Free with record_free() after success and failure alike.
 */
int record_from_json(const struct record *record, void *data, struct json_object *json,
		     const char *where, struct error *err);

/* Free all lists and strings in @data and zero it. */
void record_free(const struct record *record, void *data);

#endif
