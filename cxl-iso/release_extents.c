/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Give extents of dynamic capacity back to the device. */
#include <errno.h>
#include <string.h>

#include <uuid/uuid.h>

#include "commands.h"
#include "exchange.h"
#include "extents/transport.h"

static char *number, *tag;
static char **extents;
static struct pieces named;

static int add_tagged(const struct dc_device *device, struct pieces *pieces, struct error *err)
{
	const char *wanted = strcmp(tag, "none") == 0 ? "" : tag;

	list_each(extent, &device->accepted)
		if (strcasecmp(extent->tag, wanted) == 0)
			*list_add(&pieces->list) = *extent;
	if (pieces->list.count)
		return 0;
	fail(err, -EINVAL, "no accepted extent of %s has the tag %s", device->address, tag);
	hint(err, "cxl-iso list-extents %s --accepted shows what is; \"none\" are those without",
	     device->address);
	return -EINVAL;
}

/* What is asked back, as far as it is there: the rest was given back already. */
static int add_requested(const struct dc_device *device, struct pieces *pieces,
			 const struct batch **batch, struct error *err)
{
	int rc = exchange_find_batch(device, number, batch, err);

	if (rc)
		return rc;
	if ((*batch)->event == EXTENT_ADD) {
		fail(err, -EINVAL, "batch %d is an offer, and nothing of it is accepted yet",
		     (*batch)->number);
		hint(err, "cxl-iso respond-extents %s --batch %d answers it", device->address,
		     (*batch)->number);
		return -EINVAL;
	}
	if ((*batch)->event == EXTENT_RELEASE)
		list_each(extent, &(*batch)->extents)
			pieces_add_accepted(pieces, device, extent->start, extent->size);
	return 0;
}

static int plan(const struct host *host, struct dc_device *device, const struct consent *consent,
		struct findings *findings, struct pieces *pieces, struct plan *steps,
		struct error *err)
{
	struct release release = {.device = device, .pieces = pieces};
	int rc = 0;

	list_each(piece, &named.list)
		*list_add(&pieces->list) = *piece;
	if (tag)
		rc = add_tagged(device, pieces, err);
	else if (number)
		rc = add_requested(device, pieces, &release.batch, err);
	if (rc)
		return rc;
	assess_release(host, &release, consent, findings);
	plan_release(&release, steps);
	return 0;
}

static const struct exchange release = {
	.command = "release-extents",
	.operation = "release",
	.rules = release_rules,
	.opcode = OPCODE_RELEASE,
	.message = "Release Dynamic Capacity",
	.plan = plan,
};

static int check_tag(struct error *err)
{
	uuid_t uuid;

	if (strcmp(tag, "none") == 0 || uuid_parse(tag, uuid) == 0)
		return 0;
	return fail(err, -EINVAL, "--tag=%s: expected a UUID, or \"none\"", tag);
}

static int check_options(const char *const *arguments, struct error *err)
{
	int rc = exchange_check_options(&release, arguments, err);

	if (rc || exchange_resume || exchange_forget)
		return rc;
	if (!number + !tag + !extents != 2) {
		fail(err, -EINVAL, "expected one of --extent, --tag and --batch");
		hint(err, "cxl-iso list-extents %s shows what there is", arguments[0]);
		return -EINVAL;
	}
	if (number)
		rc = exchange_check_batch(number, err);
	if (tag)
		rc = check_tag(err);
	for (char **text = extents; !rc && text && *text; text++)
		rc = pieces_add_text(&named, *text, err);
	return rc;
}

static int run(const char *const *arguments)
{
	struct error err = {0};
	int status = STATUS_USAGE;

	if (check_options(arguments, &err) == 0)
		status = exchange_command(&release, arguments[0]);
	else
		ui_fail(STATUS_USAGE, &err);
	pieces_free(&named);
	return status;
}

const struct command command_release_extents = {
	.name = "release-extents",
	.summary = "give extents back to a device",
	.arguments = "MEMDEV",
	.options =
		(const struct poptOption[]){
			{"extent", 'e', POPT_ARG_ARGV, &extents, 0,
			 "give back this accepted capacity, as DPA:LENGTH; may repeat", "EXTENT"},
			{"tag", 't', POPT_ARG_STRING, &tag, 0,
			 "give back all accepted extents of that tag; none: those without", "TAG"},
			{"batch", 'b', POPT_ARG_STRING, &number, 0,
			 "give back what this batch asks for", "BATCH"},
			EXCHANGE_OPTIONS,
			UI_OPTIONS},
	.choices =
		(const struct choice[]){{"RULE", release_rules}, {"SOURCE", exchange_sources}, {}},
	.run = run,
};
