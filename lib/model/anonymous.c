/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/anonymous.h"

#include <stdio.h>
#include <string.h>

#include <json-c/linkhash.h>

#include "sys/util.h"

/* Names in the order in which they were met. */
struct names_met {
	struct lh_table *numbers;
	uintptr_t count;
};

static void free_name(struct lh_entry *entry)
{
	free((void *)(uintptr_t)entry->k);
}

static unsigned long number_of(struct names_met *met, const char *name)
{
	void *number;

	if (lh_table_lookup_ex(met->numbers, name, &number))
		return (uintptr_t)number;
	lh_table_insert(met->numbers, xstrdup(name), (void *)++met->count);
	return met->count;
}

/* user-1000.slice for "user-" and ".slice" */
static bool is_numbered(const char *name, const char *prefix, const char *suffix)
{
	size_t digits;

	if (!starts_with(name, prefix))
		return false;
	name += strlen(prefix);
	digits = strspn(name, "0123456789");
	return digits && strcmp(name + digits, suffix) == 0;
}

/* What systemd calls so on every machine: systemd.special(7), and numbers of users and sessions. */
static bool is_common(const char *name)
{
	static const char *const common[] = {
		"system.slice", "user.slice",	 "machine.slice",    "init.scope",
		"app.slice",	"session.slice", "background.slice",
	};

	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		if (strcmp(name, common[i]) == 0)
			return true;
	return is_numbered(name, "user-", ".slice") || is_numbered(name, "user@", ".service") ||
	       is_numbered(name, "session-", ".scope");
}

/* ".service" of a unit's name; "" of any other */
static const char *unit_type(const char *name)
{
	static const char *const types[] = {".slice", ".scope", ".service", ".mount", ".socket"};
	const char *end = strrchr(name, '.');

	for (size_t i = 0; end && i < ARRAY_SIZE(types); i++)
		if (strcmp(end, types[i]) == 0)
			return end;
	return "";
}

#define HIDDEN_SIZE 40

/* @name itself if everybody has it. */
static const char *hidden(struct names_met *met, const char *name, char out[HIDDEN_SIZE])
{
	if (!*name || is_common(name))
		return name;
	snprintf(out, HIDDEN_SIZE, "name%lu%s", number_of(met, name), unit_type(name));
	return out;
}

static void hide_text(struct names_met *met, char *text, size_t size)
{
	char out[HIDDEN_SIZE];
	const char *name = hidden(met, text, out);

	if (name != text)
		copy_text(text, size, name);
}

/* Each part of a path but the first @kept ones. */
static void hide_path(struct names_met *met, char **path, int kept)
{
	cleanup_free char *old = *path;
	char *part, *rest = old, out[HIDDEN_SIZE];
	size_t size;
	FILE *stream;

	if (!old)
		return;
	stream = open_memstream(path, &size);
	if (!stream)
		xrealloc(NULL, SIZE_MAX); /* says so and ends */
	while ((part = strsep(&rest, "/")))
		fprintf(stream, "%s%s", *part && kept-- > 0 ? part : hidden(met, part, out),
			rest ? "/" : "");
	fclose(stream);
}

static void hide_process(struct names_met *met, struct process *process)
{
	process->user[0] = '\0';
	free(process->arguments);
	process->arguments = NULL;
	hide_text(met, process->guest, sizeof(process->guest));
	hide_text(met, process->unit, sizeof(process->unit));
	hide_path(met, &process->cgroup, 0);
}

/* The path is in the problem, too. */
static void hide_hook(struct names_met *met, struct hook *hook)
{
	hide_text(met, hook->name, sizeof(hook->name));
	if (!hook->problem[0])
		return;
	copy_text(hook->problem, sizeof(hook->problem), "the reason was left out of the capture");
	copy_text(hook->fix, sizeof(hook->fix), "cxl-iso assess says it on the machine itself");
}

void host_anonymize(struct host *host)
{
	struct names_met met = {.numbers = lh_kchar_table_new(1024, free_name)};

	list_each(memdev, &host->memdevs)
		memdev->serial = UNKNOWN;
	list_each(function, &host->functions)
		function->serial = UNKNOWN;
	list_each(device, &host->dc_devices)
		device->serial = UNKNOWN;
	list_each(region, &host->regions)
		region->uuid[0] = '\0';
	list_each(namespace, &host->namespaces)
	namespace->uuid[0] = '\0';
	list_each(hook, &host->hooks)
		hide_hook(&met, hook);
	list_each(process, &host->processes)
		hide_process(&met, process);
	list_each(group, &host->groups)
		hide_path(&met, &group->path, 0);
	list_each(mount, &host->mounts)
		hide_path(&met, &mount->path, 1);
	lh_table_free(met.numbers);
}
