/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A document that is written as it comes, one batch a line. */
#include "extents_output.h"

#include "model/json_text.h"

static const struct extents_choice *choice;
static bool first_device, first_batch;

static int begin(const struct extents_choice *chosen, struct error *err)
{
	(void)err;
	choice = chosen;
	first_device = true;
	fputs("{\n  \"schema\": \"cxl-iso/list-extents\",\n  \"version\": 1,\n  \"devices\": [",
	      stdout);
	return 0;
}

/* Who it is, and why something is unknown; what comes behind is known at the end of its log. */
static bool is_head(const struct field *field)
{
	return field->offset < offsetof(struct dc_device, extents_supported);
}

static void write_fields(const struct dc_device *device, bool head)
{
	for (const struct field *field = dc_device_record.fields; field->key; field++) {
		if (field->type == FIELD_LIST || is_head(field) != head)
			continue;
		fputs("      ", stdout);
		json_write_field(stdout, field, device);
		fputs(",\n", stdout);
	}
}

static void next_item(bool *first)
{
	fputs(*first ? "\n        " : ",\n        ", stdout);
	*first = false;
}

static void end_list(bool empty)
{
	fputs(empty ? "],\n" : "\n      ],\n", stdout);
}

static void write_accepted(const struct dc_device *device)
{
	bool first = true;

	if (device->accepted_unknown[0] || !choice_has_accepted(choice)) {
		fputs("      \"accepted\": null,\n", stdout);
		return;
	}
	fputs("      \"accepted\": [", stdout);
	list_each(extent, &device->accepted) {
		if (!choice_has_tag(choice, extent))
			continue;
		next_item(&first);
		json_write_record(stdout, &extent_record, extent);
	}
	end_list(first);
}

static bool has_batches(const struct dc_device *device)
{
	return !device->batches_unknown[0] && choice_has_pending(choice);
}

static void write_device(const struct device_view *view)
{
	fputs(first_device ? "\n    {\n" : ",\n    {\n", stdout);
	first_device = false;
	first_batch = true;
	write_fields(view->device, true);
	write_accepted(view->device);
	fputs(has_batches(view->device) ? "      \"batches\": [" : "      \"batches\": null,\n",
	      stdout);
}

static void write_batch(const struct device_view *view, const struct batch_view *batch)
{
	if (!has_batches(view->device))
		return;
	next_item(&first_batch);
	batch_write_json(stdout, batch);
}

static void write_size(const char *key, uint64_t size)
{
	printf(", \"%s\": ", key);
	json_write_size(stdout, size);
}

static void write_region(const struct region_use *use)
{
	fputs("{ ", stdout);
	for (const struct field *field = dc_region_record.fields; field->key; field++) {
		if (field != dc_region_record.fields)
			fputs(", ", stdout);
		json_write_field(stdout, field, use->region);
	}
	write_size("accepted_size", use->accepted);
	write_size("pending_size", use->pending);
	write_size("free_size", use->free);
	fputs(" }", stdout);
}

static void write_regions(const struct device_view *view)
{
	bool first = true;

	if (view->device->regions_unknown[0]) {
		fputs("      \"regions\": null,\n", stdout);
		return;
	}
	fputs("      \"regions\": [", stdout);
	list_each(use, &view->use) {
		next_item(&first);
		write_region(use);
	}
	end_list(first);
}

static void end_device(const struct device_view *view)
{
	if (has_batches(view->device))
		end_list(first_batch);
	write_regions(view);
	write_fields(view->device, false);
	fputs("      \"findings\": ", stdout);
	json_write_findings(stdout, &view->findings);
	fputs("\n    }", stdout);
}

/* A document with an error in it is not the whole; what is in it is complete as far as it goes. */
static void end(enum status status, const struct error *err)
{
	struct json_object *error = err ? ui_error_json(status, err) : NULL;

	printf("%s],\n  \"error\": %s\n}\n", first_device ? "" : "\n  ",
	       json_object_to_json_string_ext(error, JSON_C_TO_STRING_SPACED |
							     JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(error);
}

const struct extents_printer extents_json = {begin, write_device, write_batch, end_device, end};
