/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line an extent, and one a region. */
#include "extents_output.h"

#include <inttypes.h>
#include <string.h>

#include "sys/util.h"
#include "ui/text.h"

enum {
	COL_DEVICE,
	COL_STATE,
	COL_BATCH,
	COL_NR,
	COL_DC,
	COL_DPA,
	COL_SIZE,
	COL_OK,
	COL_TAG,
	COL_END,
	COL_AGE,
	COL_TIME,
	COL_HOST,
	COL_SHARED,
	COL_SEQUENCE,
	COL_HANDLE,
	COL_REGION,
	COL_DAX,
	COL_FINDINGS,
};

const struct column extent_columns[EXTENT_COLUMNS] = {
	[COL_DEVICE] = {"DEVICE", "the memory device, or its PCI address", true, 0},
	[COL_STATE] = {"STATE", "accepted, offered, release, forced, ...", true, 0},
	[COL_BATCH] = {"BATCH", "number of the batch, for respond-extents", true, SCOLS_FL_RIGHT},
	[COL_NR] = {"NR", "which extent of its batch it is", true, SCOLS_FL_RIGHT},
	[COL_DC] = {"DC", "dynamic capacity region that it lies in", true, SCOLS_FL_RIGHT},
	[COL_DPA] = {"DPA", "where it starts, in the device", true, SCOLS_FL_RIGHT},
	[COL_SIZE] = {"SIZE", "bytes", true, SCOLS_FL_RIGHT},
	[COL_OK] = {"OK", "a host could accept it: yes, no", true, 0},
	[COL_TAG] = {"TAG", "what belongs together", true, SCOLS_FL_TRUNC},
	[COL_END] = {"END", "of the batch: closed, open, inferred", false, 0},
	[COL_AGE] = {"AGE", "since the batch was offered", false, SCOLS_FL_RIGHT},
	[COL_TIME] = {"TIME", "when it was, by the device's clock", false, 0},
	[COL_HOST] = {"HOST", "id of the host it is for", false, SCOLS_FL_RIGHT},
	[COL_SHARED] = {"SHARED", "its capacity is shared: yes, no", false, 0},
	[COL_SEQUENCE] = {"SEQUENCE", "its place in shared capacity", false, SCOLS_FL_RIGHT},
	[COL_HANDLE] = {"HANDLE", "of its record in the log", false, SCOLS_FL_RIGHT},
	[COL_REGION] = {"REGION", "of Linux, that has it", false, 0},
	[COL_DAX] = {"DAX", "the dax device that has it", false, 0},
	[COL_FINDINGS] = {"FINDINGS", "of its batch", false, 0},
};

enum { USE_DEVICE, USE_DC, USE_DPA, USE_SIZE, USE_ACCEPTED, USE_PENDING, USE_FREE, USE_BLOCK };

static const struct column use_columns[] = {
	[USE_DEVICE] = {"DEVICE", "", true, 0},
	[USE_DC] = {"DC", "", true, SCOLS_FL_RIGHT},
	[USE_DPA] = {"DPA", "", true, SCOLS_FL_RIGHT},
	[USE_SIZE] = {"SIZE", "", true, SCOLS_FL_RIGHT},
	[USE_ACCEPTED] = {"ACCEPTED", "", true, SCOLS_FL_RIGHT},
	[USE_PENDING] = {"PENDING", "", true, SCOLS_FL_RIGHT},
	[USE_FREE] = {"FREE", "", true, SCOLS_FL_RIGHT},
	[USE_BLOCK] = {"BLOCK", "", true, SCOLS_FL_RIGHT},
};

/* A table is laid out as a whole. A longer one is printed in pieces, each with its headings. */
#define LINES_MAX 1000

struct remark {
	char first[NAME_SIZE + 32]; /* "batch 3 of mem1: " */
	char text[640];
};

static struct {
	const struct extents_choice *choice;
	struct table table, use;
	size_t lines, pieces;
	LIST(struct remark) remarks; /* to be printed below the table */
} state;

static int begin(const struct extents_choice *choice, struct error *err)
{
	int rc;

	memset(&state, 0, sizeof(state));
	state.choice = choice;
	rc = table_open(&state.table, extent_columns, EXTENT_COLUMNS, choice->columns, err);
	return rc ? rc : table_open(&state.use, use_columns, ARRAY_SIZE(use_columns), NULL, err);
}

static void print_remarks(void)
{
	list_each(remark, &state.remarks)
		text_wrap(remark->first, 2, remark->text);
	free(state.remarks.items);
	memset(&state.remarks, 0, sizeof(state.remarks));
}

/* What is empty is not printed. */
static void print_table(struct table *table)
{
	if (!scols_table_get_nlines(table->scols))
		return;
	if (state.pieces++)
		putchar('\n');
	table_print(table);
	table_empty(table);
}

static void print_piece(void)
{
	print_table(&state.table);
	print_remarks();
	state.lines = 0;
}

static struct libscols_line *new_line(const struct device_view *view, const char *what)
{
	struct libscols_line *line;

	if (state.lines == LINES_MAX)
		print_piece();
	state.lines++;
	line = table_line(&state.table, NULL);
	table_set(&state.table, line, COL_DEVICE, view->name);
	table_set(&state.table, line, COL_STATE, what);
	return line;
}

static void set_number(struct libscols_line *line, size_t column, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	table_set(&state.table, line, column, number == -1 ? "?" : text);
}

static const char *maybe(int value)
{
	return value == -1 ? "?" : value ? "yes" : "no";
}

static void set_extent(struct libscols_line *line, const struct extent *extent)
{
	char text[24];

	set_number(line, COL_DC, extent->dc_region);
	table_set(&state.table, line, COL_DPA, address_text(text, extent->start));
	table_set(&state.table, line, COL_SIZE, size_text(text, extent->size));
	table_set(&state.table, line, COL_TAG, extent->tag);
	set_number(line, COL_SEQUENCE, (int64_t)extent->sequence);
	table_set(&state.table, line, COL_REGION, extent->region);
	table_set(&state.table, line, COL_DAX, extent->dax);
}

/* One line for what is not known, so that it does not look like none. */
static void add_unknown(const struct device_view *view, const char *what)
{
	struct libscols_line *line = new_line(view, what);

	for (size_t i = COL_BATCH; i < COL_OK; i++)
		table_set(&state.table, line, i, "?");
}

static void add_accepted(const struct device_view *view)
{
	const struct dc_device *device = view->device;

	if (!choice_has_accepted(state.choice))
		return;
	if (device->accepted_unknown[0])
		add_unknown(view, "accepted");
	list_each(extent, &device->accepted)
		if (choice_has_tag(state.choice, extent))
			set_extent(new_line(view, "accepted"), extent);
	if (device->batches_unknown[0] && choice_has_pending(state.choice))
		add_unknown(view, "offered");
}

static void list_findings(char *out, size_t size, const struct findings *findings,
			  enum severity least)
{
	out[0] = '\0';
	list_each(finding, &findings->list)
		if (finding->severity <= (int)least)
			append_word(out, size, ", ", finding->id);
}

static void set_batch(struct libscols_line *line, const struct batch_view *view)
{
	const struct batch *batch = view->batch;
	char text[512];

	set_number(line, COL_BATCH, batch->number);
	set_number(line, COL_HOST, batch->host);
	table_set(&state.table, line, COL_END,
		  batch->inferred ? "inferred"
		  : batch->open	  ? "open"
				  : "closed");
	table_set(&state.table, line, COL_AGE, age_text(text, batch->timestamp, state.choice->now));
	table_set(&state.table, line, COL_TIME, time_text(text, batch->timestamp));
	table_set(&state.table, line, COL_SHARED, maybe(batch->shared));
	list_findings(text, sizeof(text), view->findings, SEVERITY_NOTE);
	table_set(&state.table, line, COL_FINDINGS, text);
}

/* Below the table: what stands against a batch, and how far a host would come with it. Whoever chose
 * columns has one for that. */
static void remark(const struct device_view *device, const struct batch_view *view)
{
	char ids[256], prediction[320];
	struct remark *remark;

	list_findings(ids, sizeof(ids), view->findings, SEVERITY_WARNS);
	if (!ids[0] || state.choice->columns)
		return;
	remark = list_add(&state.remarks);
	snprintf(remark->first, sizeof(remark->first), "batch %d of %s: ", view->batch->number,
		 device->name);
	copy_text(remark->text, sizeof(remark->text), ids);
	if (!view->prediction)
		return;
	prediction_format(prediction, sizeof(prediction), view->batch, view->prediction);
	append_word(remark->text, sizeof(remark->text), "; ", prediction);
}

static void add_batch(const struct device_view *device, const struct batch_view *view)
{
	const struct batch *batch = view->batch;
	int number = 0;

	if (!batch->extents.count)
		set_batch(new_line(device, extent_states[batch->event]), view);
	list_each(extent, &batch->extents) {
		struct libscols_line *line = new_line(device, extent_states[batch->event]);

		set_batch(line, view);
		if (batch->event == EXTENT_REGION_UPDATED)
			set_number(line, COL_DC, extent->dc_region);
		else
			set_extent(line, extent);
		set_number(line, COL_NR, ++number);
		set_number(line, COL_HANDLE, extent->handle);
		if (view->prediction)
			table_set(&state.table, line, COL_OK, maybe(extent->acceptable));
	}
	remark(device, view);
}

static void add_use_line(const char *device, const struct region_use *use)
{
	struct libscols_line *line = table_line(&state.use, NULL);
	char text[24];

	table_set(&state.use, line, USE_DEVICE, device);
	table_set(&state.use, line, USE_DC, number_text(text, use->region->number));
	table_set(&state.use, line, USE_DPA, address_text(text, use->region->base));
	table_set(&state.use, line, USE_SIZE, size_text(text, use->region->size));
	table_set(&state.use, line, USE_ACCEPTED, size_text(text, use->accepted));
	table_set(&state.use, line, USE_PENDING, size_text(text, use->pending));
	table_set(&state.use, line, USE_FREE, size_text(text, use->free));
	table_set(&state.use, line, USE_BLOCK, size_text(text, use->region->block_size));
}

static void end_device(const struct device_view *view)
{
	char ids[256];

	list_each(use, &view->use)
		add_use_line(view->name, use);
	if (view->device->regions_unknown[0]) {
		struct libscols_line *line = table_line(&state.use, NULL);

		table_set(&state.use, line, USE_DEVICE, view->name);
		for (size_t i = USE_DC; i < ARRAY_SIZE(use_columns); i++)
			table_set(&state.use, line, i, "?");
	}
	list_findings(ids, sizeof(ids), &view->findings, SEVERITY_WARNS);
	if (ids[0] && !state.choice->columns) {
		struct remark *remark = list_add(&state.remarks);

		snprintf(remark->first, sizeof(remark->first), "%s: ", view->name);
		copy_text(remark->text, sizeof(remark->text), ids);
	}
}

static void end(enum status status, const struct error *err)
{
	print_piece();
	if (choice_all(state.choice) && !state.choice->columns)
		print_table(&state.use);
	table_close(&state.table);
	table_close(&state.use);
	if (err)
		ui_fail(status, err);
}

const struct extents_printer extents_table = {begin, add_accepted, add_batch, end_device, end};
