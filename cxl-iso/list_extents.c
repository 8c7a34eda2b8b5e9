/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dynamic capacity: extents that are offered, and those that were accepted. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include <uuid/uuid.h>

#include "commands.h"
#include "extents_log.h"
#include "extents_output.h"
#include "extents_source.h"
#include "follow.h"
#include "sys/util.h"
#include "ui/object.h"

#define UNSET INT_MIN /* of an option with a number */

static int tree, pending, accepted;
static char *tag, *output, *source_word, *from_log, *save_log;
static int unbind, follow, interval = UNSET;
static enum extents_source source;

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
		.now = ui_from || from_log ? UNKNOWN : clock_now(),
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
			extents_explain(device);
	explain_absent(host);
	if (printer()->begin(choice, err))
		return ui_fail(STATUS_USAGE, err);
	list_each(device, &host->dc_devices)
		if (is_chosen(device))
			extents_device(printer(), choice, device);
	printer()->end(STATUS_DONE, NULL);
	return STATUS_DONE;
}

/* Without names, all there are: then one that can not be read does not hide the others. */
static enum status read_all(struct host *host, const struct extents_reading *reading)
{
	list_each(function, &host->functions) {
		struct error err = {0};
		struct dc_device *device;

		if (function->kind != FUNCTION_MEMDEV ||
		    !extents_read(host, function->address, reading, &err))
			continue;
		device = &host->dc_devices.items[host->dc_devices.count - 1];
		copy_text(device->regions_unknown, sizeof(device->regions_unknown), err.text);
		copy_text(device->accepted_unknown, sizeof(device->accepted_unknown), err.text);
		copy_text(device->batches_unknown, sizeof(device->batches_unknown), err.text);
	}
	return STATUS_DONE;
}

static enum status read_machine(struct host *host, struct error *err)
{
	struct extents_reading reading = {source, unbind, save_log};

	if (ui_from)
		return STATUS_DONE;
	if (!chosen.count)
		return read_all(host, &reading);
	list_each(name, &chosen) {
		enum status status = extents_read(host, name->text, &reading, err);

		if (status)
			return status;
	}
	return STATUS_DONE;
}

/* Words that say the opposite of each other, or of one device what can not be said of several. */
static int check_words(const char *const *arguments, struct error *err)
{
	const char *file = ui_from ? "--from" : from_log ? "--from-log" : NULL;
	const char *live = unbind	 ? "--unbind"
			   : save_log	 ? "--save-log"
			   : source_word ? "--source"
					 : NULL;

	if (file && live)
		return fail(err, -EINVAL, "%s is for this machine, and %s reads a file", live,
			    file);
	if (ui_from && from_log)
		return fail(err, -EINVAL, "--from and --from-log: one of them, please");
	if (from_log && arguments[0])
		return fail(err, -EINVAL, "--from-log is of one device: \"%s\" is one too many",
			    arguments[0]);
	if (!follow && source == SOURCE_TRACE)
		return fail(err, -EINVAL,
			    "--source=trace tells what happens, not what is: --follow shows it");
	if (unbind && source != SOURCE_AUTO && source != SOURCE_MAILBOX)
		return fail(err, -EINVAL, "--unbind is for --source=mailbox");
	if ((unbind || save_log) && (!arguments[0] || arguments[1]))
		return fail(err, -EINVAL, "%s is for one memory device: say which", live);
	return 0;
}

/* Most is about what is there, and not about what comes. */
static int check_follow(struct error *err)
{
	if (!follow && interval != UNSET)
		return fail(err, -EINVAL, "--interval is for --follow");
	if (!follow)
		return 0;
	if (ui_from || from_log || save_log || tree || accepted || tag || output)
		return fail(
			err, -EINVAL,
			"--follow goes with --pending, --source, --unbind, --interval and --json "
			"alone");
	if (source != SOURCE_AUTO && source != SOURCE_MAILBOX && source != SOURCE_TRACE)
		return fail(err, -EINVAL,
			    "--source=%s: expected auto, mailbox or trace with --follow",
			    source_word);
	if (interval != UNSET && (interval < 1 || interval > 86400))
		return fail(err, -EINVAL, "--interval=%d: expected seconds, 1 to 86400", interval);
	return 0;
}

static int run_follow(const struct host *host)
{
	cleanup_free const char **addresses = xcalloc(chosen.count + 1, sizeof(*addresses));
	struct follow_request request = {
		.addresses = addresses,
		.count = chosen.count,
		.source = source == SOURCE_AUTO ? NULL : source_names[source],
		.unbind = unbind,
		.pending = pending,
		.interval = interval == UNSET ? 1 : (unsigned int)interval,
	};

	for (size_t i = 0; i < chosen.count; i++)
		addresses[i] = chosen.items[i].text;
	return follow_run(host, &request);
}

static int run(const char *const *arguments)
{
	cleanup_host struct host host = {0};
	struct extents_choice choice;
	struct error err = {0};
	enum status rc;

	if (source_choose(source_word, &source, &err) || check_words(arguments, &err) ||
	    check_follow(&err) || read_choice(&choice, &err))
		return ui_fail(STATUS_USAGE, &err);
	if (from_log)
		return log_show(from_log, printer(), &choice);
	if (ui_load_host(&host, &err))
		return ui_fail(ui_from ? STATUS_USAGE : STATUS_FAILED, &err);
	if (choose(&host, arguments, &err))
		return ui_fail(STATUS_USAGE, &err);
	if (follow)
		return run_follow(&host);
	rc = read_machine(&host, &err);
	if (rc)
		return err.text[0] ? ui_fail(rc, &err) : (int)rc;
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
			{"follow", 'f', POPT_ARG_NONE, &follow, 0,
			 "tell what changes, as it changes, until a signal comes", NULL},
			{"interval", '\0', POPT_ARG_INT, &interval, 0,
			 "look so often at the log of MEMDEV (default 1)", "SECONDS"},
			{"output", 'o', POPT_ARG_STRING, &output, 0, "columns to show", "COLUMNS"},
			{"source", '\0', POPT_ARG_STRING, &source_word, 0,
			 "how devices are asked (default: auto)", "SOURCE"},
			{"unbind", '\0', POPT_ARG_NONE, &unbind, 0,
			 "take MEMDEV from its driver meanwhile; refused while it is in use", NULL},
			{"from-log", '\0', POPT_ARG_STRING, &from_log, 0,
			 "read what --save-log has saved instead", "FILE"},
			{"save-log", '\0', POPT_ARG_STRING, &save_log, 0,
			 "save what MEMDEV answers as well", "FILE"},
			UI_OPTION_FROM,
			UI_OPTIONS},
	.choices = (const struct choice[]){{"SOURCE", source_names}, {}},
	.columns = extent_columns,
	.column_count = EXTENT_COLUMNS,
	.run = run,
};
