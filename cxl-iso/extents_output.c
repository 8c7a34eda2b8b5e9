/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a device to a printer: names, sums, checks, and what of it was asked for. */
#include "extents_output.h"

#include <inttypes.h>
#include <string.h>

#include "extents/regions.h"
#include "sys/util.h"

bool choice_all(const struct extents_choice *choice)
{
	return !choice->pending && !choice->accepted && !choice->tag;
}

bool choice_has_pending(const struct extents_choice *choice)
{
	return choice->pending || !choice->accepted;
}

bool choice_has_accepted(const struct extents_choice *choice)
{
	return choice->accepted || !choice->pending;
}

bool choice_has_tag(const struct extents_choice *choice, const struct extent *extent)
{
	return !choice->tag || strcmp(choice->tag, extent->tag) == 0;
}

const char *size_text(char out[16], uint64_t size)
{
	if (size == UNKNOWN)
		strcpy(out, "?");
	else if (!size)
		strcpy(out, "0");
	else
		human_size(out, size);
	return out;
}

struct extents_show {
	const struct extents_printer *printer;
	const struct extents_choice *choice;
	struct dc_device *device;
	struct device_view view;
	struct checker *checker;
};

static const char *device_name(char out[NAME_SIZE], const struct dc_device *device)
{
	if (device->memdev[0])
		copy_text(out, NAME_SIZE, device->memdev);
	else if (device->address[0])
		copy_text(out, NAME_SIZE, device->address);
	else if (device->serial != UNKNOWN)
		snprintf(out, NAME_SIZE, "serial:0x%" PRIx64, device->serial);
	else
		copy_text(out, NAME_SIZE, "?"); /* a log alone */
	return out;
}

static void explain(const struct dc_device *device, const char *what, const char *why)
{
	char name[NAME_SIZE];

	if (why[0])
		ui_note("note: %s of %s unknown: %s", what, device_name(name, device), why);
}

void extents_explain(const struct dc_device *device)
{
	const char *regions = device->regions_unknown, *batches = device->batches_unknown,
		   *extents = device->accepted_unknown;

	if (strcmp(batches, regions) == 0 && strcmp(batches, extents) == 0) {
		explain(device, "dynamic capacity", batches);
		return;
	}
	explain(device, "regions", regions);
	explain(device, "accepted extents", extents);
	explain(device, "pending batches", batches);
}

/* Sums are added up while they are known. */
static void begin_use(struct extents_show *show)
{
	const struct dc_device *device = show->device;

	list_each(region, &device->regions) {
		struct region_use *use = list_add(&show->view.use);

		use->region = region;
		use->accepted = device->accepted_unknown[0] ? UNKNOWN : 0;
		use->pending = device->batches_unknown[0] ? UNKNOWN : 0;
	}
	list_each(extent, &device->accepted)
		list_each(use, &show->view.use)
			if (extent->dc_region == use->region->number)
				use->accepted = add_capped(use->accepted, extent->size);
}

static void add_pending(struct extents_show *show, const struct batch *batch)
{
	if (!batch_is_offer(batch))
		return;
	list_each(extent, &batch->extents)
		list_each(use, &show->view.use)
			if (extent->dc_region == use->region->number)
				use->pending = add_capped(use->pending, extent->size);
}

/* Offers may overlap what is accepted, or each other: then they do not make it less than nothing. */
static void end_use(struct extents_show *show)
{
	list_each(use, &show->view.use) {
		uint64_t taken = add_capped(use->accepted, use->pending);

		use->free = use->region->size > taken ? use->region->size - taken : 0;
		if (use->accepted == UNKNOWN || use->pending == UNKNOWN)
			use->free = UNKNOWN;
	}
}

struct extents_show *extents_begin(const struct extents_printer *printer,
				   const struct extents_choice *choice, struct dc_device *device)
{
	struct extents_show *show = xcalloc(1, sizeof(*show));

	place_accepted(device);
	*show = (struct extents_show){printer, choice, device, {.device = device}, NULL};
	show->checker = checker_new(device);
	device_name(show->view.name, device);
	begin_use(show);
	printer->device(&show->view);
	return show;
}

static bool is_chosen(const struct extents_choice *choice, const struct batch *batch)
{
	if (!choice_has_pending(choice))
		return false;
	list_each(extent, &batch->extents)
		if (choice_has_tag(choice, extent))
			return true;
	return !choice->tag;
}

void extents_batch(struct extents_show *show, struct batch *batch)
{
	cleanup_findings struct findings findings = {0};
	struct prediction prediction = {0};
	struct batch_view view = {batch, &findings, batch_is_offer(batch) ? &prediction : NULL};

	checker_batch(show->checker, batch, &findings, &prediction);
	add_pending(show, batch);
	if (is_chosen(show->choice, batch))
		show->printer->batch(&show->view, &view);
}

static void free_show(struct extents_show *show)
{
	checker_free(&show->checker);
	findings_free(&show->view.findings);
	free(show->view.use.items);
	free(show);
}

void extents_end(struct extents_show **show)
{
	end_use(*show);
	check_device((*show)->device, &(*show)->view.findings);
	(*show)->printer->device_end(&(*show)->view);
	free_show(*show);
	*show = NULL;
}

void extents_device(const struct extents_printer *printer, const struct extents_choice *choice,
		    struct dc_device *device)
{
	struct extents_show *show = extents_begin(printer, choice, device);

	list_each(batch, &device->batches)
		extents_batch(show, batch);
	extents_end(&show);
}
