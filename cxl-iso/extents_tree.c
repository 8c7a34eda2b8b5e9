/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device, what of it is accepted by tag, its batches with what the checks say, its regions. */
#include "extents_output.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sys/util.h"
#include "ui/text.h"

static const struct extents_choice *choice;

static int begin(const struct extents_choice *chosen, struct error *err)
{
	if (chosen->columns)
		return fail(err, -EINVAL, "--output is for the table, which --tree is not");
	choice = chosen;
	return 0;
}

static void print_head(const struct device_view *view)
{
	const struct dc_device *device = view->device;

	printf("%s", view->name);
	if (device->address[0] && strcmp(device->address, view->name) != 0)
		printf(" (%s)", device->address);
	if (device->root_port[0])
		printf(" below %s", device->root_port);
	if (device->source[0])
		printf(", by %s", device->source);
	putchar('\n');
}

static int by_tag(const void *a, const void *b)
{
	const struct extent *const *left = a, *const *right = b;
	int order = strcmp((*left)->tag, (*right)->tag);

	if (order)
		return order;
	return ((*left)->start > (*right)->start) - ((*left)->start < (*right)->start);
}

/* The extents of @first's tag, all in one row; returns the first one of another. */
static const struct extent **print_tag(const struct extent **first, const struct extent **end)
{
	const char *tag = (*first)->tag;
	const struct extent **extent;
	uint64_t size = 0;
	char text[16];

	for (extent = first; extent < end && strcmp((*extent)->tag, tag) == 0; extent++)
		size = add_capped(size, (*extent)->size);
	printf("  accepted %s%s, %s\n", *tag ? "with tag " : "without tag", tag,
	       size_text(text, size));
	for (end = extent, extent = first; extent < end; extent++)
		extent_print(*extent, 0, false, 4);
	return end;
}

static void print_accepted(const struct dc_device *device)
{
	LIST(const struct extent *) chosen = {0};
	const struct extent **at, **end;

	if (device->accepted_unknown[0])
		puts("  accepted ?");
	list_each(extent, &device->accepted)
		if (choice_has_tag(choice, extent))
			*list_add(&chosen) = extent;
	list_sort(&chosen, by_tag);
	for (at = chosen.items, end = at + chosen.count; at < end;)
		at = print_tag(at, end);
	free(chosen.items);
}

static void print_device(const struct device_view *view)
{
	print_head(view);
	if (choice_has_accepted(choice))
		print_accepted(view->device);
	if (choice_has_pending(choice) && view->device->batches_unknown[0])
		puts("  offered ?");
}

static void print_batch(const struct device_view *device, const struct batch_view *view)
{
	(void)device;
	batch_print(view, choice->now, 2);
}

static void print_region(const struct region_use *use)
{
	char size[16], base[24], block[16], accepted[16], pending[16], left[16], number[16],
		text[192];

	snprintf(text, sizeof(text),
		 "region %s: %s at %s in blocks of %s; accepted %s, pending %s, free %s",
		 number_text(number, use->region->number), size_text(size, use->region->size),
		 address_text(base, use->region->base), size_text(block, use->region->block_size),
		 size_text(accepted, use->accepted), size_text(pending, use->pending),
		 size_text(left, use->free));
	text_wrap("  ", 4, text);
}

/* "extents: 512 supported, 510 available" */
static void print_limit(const char *what, uint64_t supported, uint64_t available)
{
	if (supported == UNKNOWN && available == UNKNOWN)
		return;
	printf("  %s: ", what);
	if (supported == UNKNOWN)
		printf("? supported, ");
	else
		printf("%" PRIu64 " supported, ", supported);
	if (available == UNKNOWN)
		puts("? available");
	else
		printf("%" PRIu64 " available\n", available);
}

static void end_device(const struct device_view *view)
{
	const struct dc_device *device = view->device;

	if (choice_all(choice)) {
		if (device->regions_unknown[0])
			puts("  regions ?");
		list_each(use, &view->use)
			print_region(use);
		print_limit("extents", device->extents_supported, device->extents_available);
		print_limit("tags", device->tags_supported, device->tags_available);
	}
	findings_print(&view->findings, 2);
}

static void end(enum status status, const struct error *err)
{
	if (err)
		ui_fail(status, err);
}

const struct extents_printer extents_tree = {begin, print_device, print_batch, end_device, end};
