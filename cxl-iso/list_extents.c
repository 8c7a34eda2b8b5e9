/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dynamic capacity: extents that are offered, and those that were accepted. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <uuid/uuid.h>

#include "commands.h"
#include "extents_output.h"
#include "sys/util.h"
#include "ui/object.h"

static int tree, pending, accepted;
static char *tag, *output;

/* "none" is the tag of what has none; else a UUID, in the lower case of the model. */
static int read_tag(char out[UUID_STR_LEN], struct error *err)
{
	uuid_t uuid;

	out[0] = '\0';
	if (strcmp(tag, "none") == 0)
		return 0;
	if (uuid_parse(tag, uuid))
		return fail(err, -EINVAL, "--tag=%s: expected a UUID, or \"none\"", tag);
	uuid_unparse_lower(uuid, out);
	return 0;
}

static uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int read_choice(struct extents_choice *choice, struct error *err)
{
	static char text[UUID_STR_LEN];
	int rc = tag ? read_tag(text, err) : 0;

	*choice = (struct extents_choice){
		.pending = pending,
		.accepted = accepted,
		.tag = tag ? text : NULL,
		.columns = output,
		.now = ui_from ? UNKNOWN : clock_now(),
	};
	return rc;
}

/* The devices asked for, by their addresses; none means all. */
struct name {
	char text[NAME_SIZE];
};
static LIST(struct name) chosen;

static int choose(const struct host *host, const char *const *arguments, struct error *err)
{
	for (; *arguments; arguments++) {
		int rc = object_find_memdev(host, *arguments, list_add(&chosen)->text, err);

		if (rc)
			return rc;
	}
	return 0;
}

static bool is_chosen(const struct dc_device *device)
{
	list_each(name, &chosen)
		if (strcmp(name->text, device->address) == 0)
			return true;
	return chosen.count == 0;
}

/* Each reason once. */
static void explain(const struct dc_device *device)
{
	const char *name = device->memdev[0] ? device->memdev : device->address;
	const char *regions = device->regions_unknown, *batches = device->batches_unknown,
		   *extents = device->accepted_unknown;

	if (batches[0] && strcmp(batches, regions) == 0 && strcmp(batches, extents) == 0) {
		ui_note("note: %s: dynamic capacity is unknown: %s", name, batches);
		return;
	}
	if (regions[0])
		ui_note("note: %s: the regions are unknown: %s", name, regions);
	if (extents[0])
		ui_note("note: %s: accepted extents are unknown: %s", name, extents);
	if (batches[0])
		ui_note("note: %s: pending batches are unknown: %s", name, batches);
}

/* What was named and is not shown, is not forgotten; nor is a machine that has none. */
static void explain_absent(const struct host *host)
{
	list_each(name, &chosen)
		if (!host_dc_device_at(host, name->text))
			ui_note("note: %s has no dynamic capacity", name->text);
	if (!chosen.count && !host->dc_devices.count)
		ui_note("note: no memory device with dynamic capacity here");
}

static const struct extents_printer *printer(void)
{
	return ui_json ? &extents_json : tree ? &extents_tree : &extents_table;
}

static int show_host(struct host *host, const struct extents_choice *choice, struct error *err)
{
	list_each(device, &host->dc_devices)
		if (is_chosen(device))
			explain(device);
	explain_absent(host);
	if (printer()->begin(choice, err))
		return ui_fail(STATUS_USAGE, err);
	list_each(device, &host->dc_devices)
		if (is_chosen(device))
			extents_device(printer(), choice, device);
	printer()->end(STATUS_DONE, NULL);
	return STATUS_DONE;
}

static int run(const char *const *arguments)
{
	cleanup_host struct host host = {0};
	struct extents_choice choice;
	struct error err = {0};

	if (read_choice(&choice, &err))
		return ui_fail(STATUS_USAGE, &err);
	if (ui_load_host(&host, &err))
		return ui_fail(ui_from ? STATUS_USAGE : STATUS_FAILED, &err);
	if (choose(&host, arguments, &err))
		return ui_fail(STATUS_USAGE, &err);
	return show_host(&host, &choice, &err);
}

const struct command command_list_extents = {
	.name = "list-extents",
	.summary = "show dynamic capacity: what is offered, and what was accepted",
	.arguments = "[MEMDEV...]",
	.options =
		(const struct poptOption[]){
			{"tree", 't', POPT_ARG_NONE, &tree, 0,
			 "show batches and tags with their extents, and all that is known", NULL},
			{"pending", 'p', POPT_ARG_NONE, &pending, 0,
			 "show what waits for an answer, and other events", NULL},
			{"accepted", 'a', POPT_ARG_NONE, &accepted, 0, "show what was accepted",
			 NULL},
			{"tag", '\0', POPT_ARG_STRING, &tag, 0,
			 "show what has this tag, a UUID; none: what has none", "TAG"},
			{"output", 'o', POPT_ARG_STRING, &output, 0, "columns to show", "COLUMNS"},
			UI_OPTION_FROM,
			UI_OPTIONS},
	.columns = extent_columns,
	.column_count = EXTENT_COLUMNS,
	.run = run,
};
