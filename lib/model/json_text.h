/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON as text, written straight to a stream: for documents that are longer than what should be in
 * memory at a time. The bytes are those that json-c makes of the same data with
 * JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE: one line.
 *
 * Nothing is returned: the stream remembers that a write failed.
 */
#ifndef MODEL_JSON_TEXT_H
#define MODEL_JSON_TEXT_H

#include <stdio.h>

#include "model/record.h"

/* "null" for NULL. */
void json_write_text(FILE *stream, const char *string);
void json_write_u64(FILE *stream, uint64_t value);
/* "null" for UNKNOWN. */
void json_write_size(FILE *stream, uint64_t value);

/* The same object as record_to_json(). */
void json_write_record(FILE *stream, const struct record *record, const void *data);

/* One field of it, key and value: what goes into an object with other things. */
void json_write_field(FILE *stream, const struct field *field, const void *data);

/* A LIST() of records as an array. */
void json_write_list(FILE *stream, const struct record *record, const void *list);

#endif
