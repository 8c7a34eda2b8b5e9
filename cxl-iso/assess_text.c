/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read about one port. */
#include "assess.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"
#include "ui/text.h"

/* So many of a kind say enough; the others are counted, unless all was asked for. */
#define ENOUGH 4

static const char *const verdict_words[] = {"recoverable", "recoverable, losing data", "fix first",
					    "reboot"};

/* A line that is put together of items, and printed when it is complete. */
struct line {
	char *text;
	size_t size;
	FILE *stream;
	size_t items;
};

static void line_open(struct line *line)
{
	*line = (struct line){0};
	line->stream = open_memstream(&line->text, &line->size);
	if (!line->stream)
		xrealloc(NULL, SIZE_MAX); /* says so and ends */
}

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list args;

	if (line->items++)
		fputs(", ", line->stream);
	va_start(args, format);
	vfprintf(line->stream, format, args);
	va_end(args);
}

/* The text, to be freed. */
static char *line_close(struct line *line)
{
	fclose(line->stream);
	return line->text;
}

#define LABEL 15

/* "  regions:     region0 (256 MiB)"; nothing if there is no item. */
static void line_print(struct line *line, const char *label)
{
	cleanup_free char *text = line_close(line);
	char first[LABEL + 1];

	snprintf(first, sizeof(first), "  %-*s", LABEL - 2, label);
	if (line->items)
		text_wrap(first, LABEL, text);
}

char *losses_text(const struct losses *losses)
{
	struct line line;
	char size[16];

	line_open(&line);
	list_each(loss, &losses->list)
		add(&line, "%s (%s)", loss->object, human_size(size, loss->size));
	return line_close(&line);
}

static void print_verdict(const struct assessment *assessment)
{
	cleanup_free char *lost = losses_text(&assessment->loses);
	char first[160];

	snprintf(first, sizeof(first), "%s, %s: ", assessment->port->address,
		 situation_names[assessment->situation]);
	fputs(first, stdout);
	if (assessment->now.verdict == VERDICT_LOSING)
		text_wrap("recoverable, losing ", 2, lost);
	else
		puts(verdict_words[assessment->now.verdict]);
}

/* "if it were isolated now: reboot (ram-online dax0.0)" */
static void print_outlook(const struct outlook *outlook)
{
	struct line line;
	size_t rest = outlook->because.count;
	cleanup_free char *text = NULL;

	line_open(&line);
	fprintf(line.stream, "%s%s", verdict_words[outlook->verdict], rest ? " (" : "");
	list_each(reason, &outlook->because) {
		if (line.items == ENOUGH && rest > 1)
			break;
		add(&line, "%s %s", reason->id, reason->object);
		rest--;
	}
	if (rest)
		add(&line, "and %zu more", rest);
	if (line.items)
		fputc(')', line.stream);
	text = line_close(&line);
	text_wrap("  if it were isolated now: ", 4, text);
}

static void print_devices(const struct radius *radius)
{
	struct line line;
	char size[16];

	line_open(&line);
	list_each(memdev, &radius->memdevs)
		add(&line, "%s (%s)", memdev->name, human_size(size, memdev->size));
	list_each(function, &radius->functions)
		add(&line, "%s (%s)", function->address,
		    function->driver[0] ? function->driver : "no driver");
	line_print(&line, "devices:");
	line_open(&line);
	list_each(function, &radius->switches)
		add(&line, "%s", function->address);
	line_print(&line, "switch:");
}

static void print_regions(const struct radius *radius)
{
	struct line line;
	char size[16];

	line_open(&line);
	list_each(region, &radius->regions) {
		add(&line, "%s (%s", region->name, human_size(size, region->size));
		if (strcmp(region->mode, "ram") != 0)
			add(&line, "%s", region->mode);
		for (size_t i = 0; i < region->other_ports.count; i++)
			add(&line, "%s%s", i ? "" : "also behind ",
			    region->other_ports.items[i].name);
		fputc(')', line.stream);
	}
	line_print(&line, "regions:");
	line_open(&line);
	list_each(namespace, &radius->namespaces)
		add(&line, "%s", namespace->name);
	line_print(&line, "namespaces:");
}

static void print_dax(const struct radius *radius)
{
	struct line line;
	char size[16];

	line_open(&line);
	list_each(dax, &radius->dax_devices) {
		add(&line, "%s (%s, ", dax->name, dax_mode_names[dax->mode]);
		fprintf(line.stream, "%s%s)",
			human_size(size, dax->online ? dax->online : dax->size),
			dax->online ? " online" : "");
	}
	line_print(&line, "dax devices:");
}

static void add_names(struct line *line, const struct radius_name *names, size_t count)
{
	for (size_t i = 0; i < count && i < ENOUGH; i++)
		fprintf(line->stream, ", %s", names[i].name);
	if (count > ENOUGH)
		fprintf(line->stream, " and %zu more", count - ENOUGH);
}

/* "TAG (4 MiB of mem1, region0, dax0.0), untagged (2 MiB of mem1)" */
static void print_extents(const struct radius *radius)
{
	struct line line;
	char size[16];

	line_open(&line);
	list_each(use, &radius->extents) {
		add(&line, "%s (%s of %s", use->tag[0] ? use->tag : "untagged",
		    human_size(size, use->size), use->device);
		add_names(&line, use->regions.items, use->regions.count);
		add_names(&line, use->dax_devices.items, use->dax_devices.count);
		fputc(')', line.stream);
	}
	line_print(&line, "extents:");
}

static void print_memory(const struct radius *radius)
{
	struct line line;
	char size[16];

	line_open(&line);
	if (radius->capacity)
		add(&line, "%s", human_size(size, radius->capacity));
	if (radius->without_region)
		add(&line, "%s of it in no region", human_size(size, radius->without_region));
	if (radius->dynamic)
		add(&line, "%s of dynamic capacity accepted", human_size(size, radius->dynamic));
	if (radius->online)
		add(&line, "%s online as System RAM", human_size(size, radius->online));
	for (size_t i = 0; i < radius->nodes.count; i++)
		fprintf(line.stream, "%snode%d", i ? ", " : " on ", radius->nodes.items[i].number);
	line_print(&line, "memory:");
}

static void add_processes(struct line *line, uint64_t count, const char *what)
{
	if (count == UNKNOWN)
		add(line, "those %s are unseen", what);
	else if (count)
		add(line, "%" PRIu64 " process%s %s", count, count == 1 ? "" : "es", what);
}

static void add_guests(struct line *line, const struct share *share)
{
	size_t count = share->view->guests.count, shown = count > ENOUGH ? ENOUGH : count;

	for (size_t i = 0; i < shown; i++)
		fprintf(line->stream, "%s%s",
			i	     ? ", "
			: count == 1 ? " (guest "
				     : " (guests ",
			share->view->guests.items[i]->guest);
	if (shown < count)
		fprintf(line->stream, " and %zu more", count - shown);
	if (count)
		fputc(')', line->stream);
}

static void print_users(const struct assessment *assessment)
{
	const struct radius *radius = &assessment->radius;
	struct line line;
	char what[64];

	line_open(&line);
	if (radius->dax_devices.count)
		add_processes(&line, radius->processes, "on dax devices");
	list_each(guest, &radius->guests)
		add(&line, "guest %s", guest->name);
	list_each(mount, &radius->mounts)
		add(&line, "%s on %s", mount->type, mount->path ? mount->path : mount->source);
	for (size_t i = 0; i < radius->nodes.count; i++) {
		snprintf(what, sizeof(what), "on node%d", radius->nodes.items[i].number);
		add_processes(&line, radius->nodes.items[i].processes, what);
		add_guests(&line, &assessment->below->nodes.items[i]);
	}
	line_print(&line, "users:");
}

static bool same_fix(const struct finding *a, const struct finding *b)
{
	return strcmp(a->fix, b->fix) == 0;
}

/* What one rule found. A fix of several findings in a row is said once, after them. */
static void print_rule(const struct finding *findings, size_t count, bool verbose)
{
	size_t shown = verbose || count <= ENOUGH ? count : ENOUGH;
	char first[sizeof(findings->id) + 8];

	snprintf(first, sizeof(first), "    %s: ", findings->id);
	for (size_t i = 0; i < shown; i++) {
		text_wrap(first, 6, findings[i].evidence);
		if (i + 1 == shown || !same_fix(&findings[i], &findings[i + 1]))
			text_wrap("      fix: ", 8, findings[i].fix);
	}
	if (shown < count)
		printf("%sand %zu more; -v shows them\n", first, count - shown);
}

struct section {
	const char *title;
	enum severity severity;
	bool reboot;
};

static void print_section(const struct findings *findings, const struct section *section,
			  bool verbose)
{
	const struct finding *end = findings->list.items + findings->list.count, *next;
	bool titled = false;

	for (const struct finding *each = findings->list.items; each < end; each = next) {
		for (next = each + 1; next < end && strcmp(each->id, next->id) == 0;)
			next++;
		if (each->severity != (int)section->severity || each->reboot != section->reboot)
			continue;
		if (!titled)
			printf("  %s:\n", section->title);
		titled = true;
		print_rule(each, (size_t)(next - each), verbose);
	}
}

void assessment_print(const struct assessment *assessment, bool verbose)
{
	static const struct section sections[] = {
		{"only a reboot helps", SEVERITY_BLOCKS, true},
		{"to be fixed first", SEVERITY_BLOCKS, false},
		{"loses data", SEVERITY_LOSES, false},
		{"warnings", SEVERITY_WARNS, false},
		{"notes", SEVERITY_NOTE, false},
	};

	print_verdict(assessment);
	if (assessment->situation != SITUATION_ISOLATED)
		print_outlook(&assessment->if_isolated);
	print_devices(&assessment->radius);
	print_regions(&assessment->radius);
	print_dax(&assessment->radius);
	print_extents(&assessment->radius);
	print_memory(&assessment->radius);
	print_users(assessment);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (verbose || sections[i].severity != SEVERITY_NOTE)
			print_section(&assessment->findings, &sections[i], verbose);
}
