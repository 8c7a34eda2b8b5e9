/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

#define DOCUMENT_MAX (256u << 20)

struct json_object *document_new(const char *schema, int version)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "schema", json_object_new_string(schema));
	json_object_object_add(document, "version", json_object_new_int(version));
	return document;
}

int document_check(struct json_object *document, const char *schema, int version, const char *where,
		   struct error *err)
{
	struct json_object *name, *number;

	if (!json_object_object_get_ex(document, "schema", &name) ||
	    !json_object_is_type(name, json_type_string) ||
	    !json_object_object_get_ex(document, "version", &number) ||
	    !json_object_is_type(number, json_type_int))
		return fail(err, -EINVAL, "%s: expected a document of schema %s, found no schema",
			    where, schema);
	if (strcmp(json_object_get_string(name), schema) != 0)
		return fail(err, -EINVAL, "%s: expected a document of schema %s, found %s", where,
			    schema, json_object_get_string(name));
	if (json_object_get_int(number) != version)
		return fail(err, -EINVAL, "%s: expected version %d of schema %s, found %d", where,
			    version, schema, json_object_get_int(number));
	return 0;
}

void put_json(struct json_object **json)
{
	json_object_put(*json);
}

static void free_tokener(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

static int read_all(FILE *file, const char *path, char **text, size_t *length, struct error *err)
{
	size_t room = 0;

	*text = NULL;
	*length = 0;
	do {
		room = room ? 2 * room : 65536;
		if (room > 2 * (size_t)DOCUMENT_MAX)
			return fail(err, -EFBIG, "%s: larger than any document of ours", path);
		*text = xrealloc(*text, room);
		*length += fread(*text + *length, 1, room - 1 - *length, file);
		(*text)[*length] = '\0';
	} while (*length == room - 1);
	if (*length > DOCUMENT_MAX)
		return fail(err, -EFBIG, "%s: larger than any document of ours", path);
	return ferror(file) ? fail_errno(err, -EIO, "cannot read %s", path) : 0;
}

static const char *what_is_wrong(enum json_tokener_error error)
{
	switch (error) {
	case json_tokener_continue:
		return "it ends too early";
	case json_tokener_success:
		return "it is null";
	default:
		return json_tokener_error_desc(error);
	}
}

int document_read(const char *path, struct json_object **document, struct error *err)
{
	__attribute__((cleanup(free_tokener))) struct json_tokener *tokener = NULL;
	bool standard_input = strcmp(path, "-") == 0;
	cleanup_stream FILE *file = standard_input ? NULL : fopen(path, "re");
	cleanup_free char *text = NULL;
	const char *end;
	size_t length;
	int rc;

	*document = NULL;
	if (!file && !standard_input)
		return fail_errno(err, -errno, "cannot open %s", path);
	rc = read_all(file ? file : stdin, path, &text, &length, err);
	if (rc)
		return rc;
	tokener = json_tokener_new();
	if (!tokener)
		return fail_errno(err, -ENOMEM, "cannot parse %s", path);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	*document = json_tokener_parse_ex(tokener, text, (int)length);
	if (!*document)
		return fail(err, -EINVAL, "%s: expected a JSON document: %s", path,
			    what_is_wrong(json_tokener_get_error(tokener)));
	end = text + json_tokener_get_parse_end(tokener);
	if (end + strspn(end, " \t\r\n") < text + length)
		return fail(err, -EINVAL, "%s: text after the end of the JSON document", path);
	return 0;
}

struct json_object *capture_to_json(const struct host *host)
{
	struct json_object *document = document_new(CAPTURE_SCHEMA, CAPTURE_VERSION);

	json_object_object_add(document, "host", record_to_json(&host_record, host));
	return document;
}

static bool wraps(uint64_t start, uint64_t size)
{
	return size && start + (size - 1) < start;
}

int capture_check(const struct host *host, const char *where, struct error *err)
{
	list_each(region, &host->regions)
		if (wraps(region->start, region->size))
			return fail(err, -EINVAL, "%s: %s wraps around the address space", where,
				    region->name);
	list_each(decoder, &host->decoders)
		if (wraps(decoder->start, decoder->size))
			return fail(err, -EINVAL, "%s: %s wraps around the address space", where,
				    decoder->name);
	list_each(dax, &host->dax_devices)
		list_each(mapping, &dax->mappings)
			if (wraps(mapping->start, mapping->size))
				return fail(err, -EINVAL, "%s: %s wraps around the address space",
					    where, dax->name);
	list_each(function, &host->functions)
		list_each(range, &function->hdm)
			if (wraps(range->start, range->size))
				return fail(err, -EINVAL, "%s: %s wraps around the address space",
					    where, function->address);
	list_each(block, &host->blocks)
		if (wraps(block->start, host->block_size))
			return fail(err, -EINVAL, "%s: memory%d wraps around the address space",
				    where, block->number);
	if (host->blocks.count && !host->block_size)
		return fail(err, -EINVAL, "%s: memory blocks of size 0", where);
	return 0;
}

int capture_from_json(struct host *host, struct json_object *document, const char *where,
		      struct error *err)
{
	struct json_object *json;
	int rc = document_check(document, CAPTURE_SCHEMA, CAPTURE_VERSION, where, err);

	if (rc)
		return rc;
	if (!json_object_object_get_ex(document, "host", &json))
		return fail(err, -EINVAL, "%s: host is missing", where);
	rc = record_from_json(&host_record, host, json, "host", err);
	return rc ? rc : capture_check(host, where, err);
}
