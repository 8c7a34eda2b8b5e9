/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON documents: each names its schema and version first, so that a reader knows what it has. */
#ifndef MODEL_DOCUMENT_H
#define MODEL_DOCUMENT_H

#include <json-c/json.h>

#include "model/host.h"

#define CAPTURE_SCHEMA	"cxl-iso/capture"
#define CAPTURE_VERSION 4

/* A new object with "schema" and "version". */
struct json_object *document_new(const char *schema, int version);

/* Check both. -EINVAL says what the document is and what was expected. */
int document_check(struct json_object *document, const char *schema, int version, const char *where,
		   struct error *err);

/*
 * Read one JSON document from a file ("-": standard input) of at most 256 MiB; trailing text is
 * an error. Release with json_object_put().
 */
int document_read(const char *path, struct json_object **document, struct error *err);

void put_json(struct json_object **json);
#define cleanup_json __attribute__((cleanup(put_json)))

struct json_object *capture_to_json(const struct host *host);
/* Fill zeroed @host from a capture and check it. */
int capture_from_json(struct host *host, struct json_object *document, const char *where,
		      struct error *err);

/* What other code relies on in a picture that came from outside: plain names, registers of 32 bits,
 * no block size of 0, no range that wraps around. -EINVAL names the object. */
int capture_check(const struct host *host, const char *where, struct error *err);

#endif
