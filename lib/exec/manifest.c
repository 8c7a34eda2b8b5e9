/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/manifest.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "model/document.h"
#include "sys/atomic_file.h"
#include "sys/util.h"

#define SCHEMA	"cxl-iso/contents"
#define VERSION 1
#define RAW	".raw"

/* Without what file systems of others do not take: 2026-01-31T12:00:00+0100. */
void manifest_name_file(const char *dax, const char *started, char name[2 * NAME_SIZE])
{
	char when[NAME_SIZE] = "";
	size_t length = 0;

	for (const char *at = started; *at && length + 1 < sizeof(when); at++)
		if (*at != ':' && (*at != '-' || strchr(when, 'T')))
			when[length++] = *at;
	snprintf(name, 2 * NAME_SIZE, "%s-%s" RAW, dax, when);
}

static struct json_object *serials_of(const struct host *host, const struct dax *dax)
{
	const struct region *region = host_region(host, dax->region);
	struct json_object *memdevs = json_object_new_array();

	if (!region)
		return memdevs;
	list_each(memdev, &host->memdevs)
		if (region_uses_memdev(region, memdev->name))
			json_object_array_add(memdevs, record_to_json(&memdev_record, memdev));
	return memdevs;
}

static void add_time(struct json_object *document)
{
	time_t now = time(NULL);
	struct tm local;
	char text[32];

	strftime(text, sizeof(text), "%FT%T%z", localtime_r(&now, &local));
	json_object_object_add(document, "saved", json_object_new_string(text));
}

static struct json_object *describe(const struct host *host, const struct dax *dax,
				    const struct contents_file *file, const char *sha256)
{
	struct json_object *document = document_new(SCHEMA, VERSION);

	json_object_object_add(document, "file", json_object_new_string(file->name));
	json_object_object_add(document, "size", json_object_new_uint64(dax->size));
	json_object_object_add(document, "sha256", json_object_new_string(sha256));
	add_time(document);
	json_object_object_add(document, "kernel", json_object_new_string(host->kernel));
	json_object_object_add(document, "dax", record_to_json(&dax_record, dax));
	json_object_object_add(document, "memdevs", serials_of(host, dax));
	return document;
}

int manifest_write(const struct host *host, const struct dax *dax, const struct contents_file *file,
		   const char *sha256, struct error *err)
{
	cleanup_json struct json_object *document = describe(host, dax, file, sha256);
	size_t length = strlen(file->name) - strlen(RAW);
	char path[PATH_MAX];
	const char *text;

	if (snprintf(path, sizeof(path), "%s/%.*s.json", file->directory, (int)length,
		     file->name) >= PATH_MAX)
		return fail(err, -ENAMETOOLONG, "path too long: %s/%s", file->directory,
			    file->name);
	text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY |
								JSON_C_TO_STRING_SPACED |
								JSON_C_TO_STRING_NOSLASHESCAPE);
	return file_replace(path, text, strlen(text), err);
}
