/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* A pipe's size shows only when it is read. */
static bool is_too_large(FILE *file, size_t read)
{
	struct stat status;

	return read > DOCUMENT_MAX ||
	       (fstat(fileno(file), &status) == 0 && status.st_size > DOCUMENT_MAX);
}

static bool is_blank(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!memchr(" \t\r\n", text[i], 4))
			return false;
	return true;
}

/* Piece by piece: the text of a large machine need not lie in memory beside what it says. */
static int parse(struct json_tokener *tokener, FILE *file, const char *path,
		 struct json_object **document, struct error *err)
{
	char text[65536];
	size_t length, end, total = 0;

	while ((length = fread(text, 1, sizeof(text), file))) {
		total += length;
		if (is_too_large(file, total))
			return fail(err, -EFBIG, "%s: larger than any document of ours", path);
		end = 0;
		if (!*document) {
			*document = json_tokener_parse_ex(tokener, text, (int)length);
			end = json_tokener_get_parse_end(tokener);
		}
		if (!*document && json_tokener_get_error(tokener) != json_tokener_continue)
			break;
		if (*document && !is_blank(text + end, length - end))
			return fail(err, -EINVAL, "%s: text after the end of the JSON document",
				    path);
	}
	if (ferror(file))
		return fail_errno(err, -EIO, "cannot read %s", path);
	if (!*document)
		return fail(err, -EINVAL, "%s: expected a JSON document: %s", path,
			    total ? what_is_wrong(json_tokener_get_error(tokener))
				  : "the file is empty");
	return 0;
}

int document_read(const char *path, struct json_object **document, struct error *err)
{
	__attribute__((cleanup(free_tokener))) struct json_tokener *tokener = NULL;
	bool standard_input = strcmp(path, "-") == 0;
	cleanup_stream FILE *file = standard_input ? NULL : fopen(path, "re");

	*document = NULL;
	if (!file && !standard_input)
		return fail_errno(err, -errno, "cannot open %s", path);
	tokener = json_tokener_new();
	if (!tokener)
		return fail_errno(err, -ENOMEM, "cannot parse %s", path);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	return parse(tokener, file ? file : stdin, path, document, err);
}

struct json_object *capture_to_json(const struct host *host)
{
	struct json_object *document = document_new(CAPTURE_SCHEMA, CAPTURE_VERSION);

	json_object_object_add(document, "host", record_to_json(&host_record, host));
	return document;
}

/* Names of objects end up in commands that somebody is told to run. */
#define check_names(list, member)                  \
	list_each(item_, list)                     \
		if (!is_plain_name(item_->member)) \
	return fail(err, -EINVAL, "%s: \"%s\" is no name of an object", where, item_->member)

static int check_all_names(const struct host *host, const char *where, struct error *err)
{
	check_names(&host->root_ports, address);
	check_names(&host->functions, address);
	check_names(&host->memdevs, name);
	check_names(&host->decoders, name);
	check_names(&host->regions, name);
	check_names(&host->regions, uuid);
	check_names(&host->dax_devices, name);
	check_names(&host->namespaces, name);
	check_names(&host->namespaces, device);
	check_names(&host->mounts, source);
	check_names(&host->operations, object);
	return 0;
}

/* A register that is null would have all bits set. */
static bool has_wide_register(const struct root_port *port)
{
	return (port->capability | port->capability_known | port->control | port->control_known |
		port->status | port->status_known) > UINT32_MAX;
}

static bool wraps(uint64_t start, uint64_t size)
{
	return size && start + (size - 1) < start;
}

int capture_check(const struct host *host, const char *where, struct error *err)
{
	int rc = check_all_names(host, where, err);

	if (rc)
		return rc;
	list_each(port, &host->root_ports)
		if (has_wide_register(port))
			return fail(err, -EINVAL, "%s: a register of %s has more than 32 bits",
				    where, port->address);
	list_each(region, &host->regions)
		if (region->start != UNKNOWN && wraps(region->start, region->size))
			return fail(err, -EINVAL, "%s: %s wraps around the address space", where,
				    region->name);
	list_each(decoder, &host->decoders)
		if (decoder->start != UNKNOWN && wraps(decoder->start, decoder->size))
			return fail(err, -EINVAL, "%s: %s wraps around the address space", where,
				    decoder->name);
	list_each(dax, &host->dax_devices)
		list_each(mapping, &dax->mappings)
			if (mapping->start != UNKNOWN && wraps(mapping->start, mapping->size))
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
	if (!rc)
		rc = capture_check(host, where, err);
	host_sort(host);
	return rc;
}
