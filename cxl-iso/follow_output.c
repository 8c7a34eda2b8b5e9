/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "batch_output.h"
#include "follow.h"
#include "model/json_text.h"
#include "sys/util.h"

#define SCHEMA	"cxl-iso/extent-event"
#define VERSION 1

static uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- JSON ---- */

static void write_key(const char *key)
{
	printf(", \"%s\": ", key);
}

static void write_text(const char *key, const char *text)
{
	write_key(key);
	json_write_text(stdout, *text ? text : NULL);
}

static void write_u64(const char *key, uint64_t value)
{
	write_key(key);
	if (value == UNKNOWN)
		json_write_text(stdout, NULL);
	else
		json_write_u64(stdout, value);
}

static void print_json(const struct follow_event *event)
{
	const struct batch_view view = {event->batch, event->findings, event->prediction};
	char serial[24] = "";

	if (event->serial != UNKNOWN)
		snprintf(serial, sizeof(serial), "0x%" PRIx64, event->serial);
	printf("{ \"schema\": \"" SCHEMA "\", \"version\": %d", VERSION);
	write_u64("time", clock_now());
	write_text("event", follow_kind_names[event->kind]);
	write_text("memdev", event->memdev);
	write_text("address", event->address);
	write_text("serial", serial);
	write_text("source", event->source);
	write_u64("lost", event->lost);
	write_u64("accepted_bytes", event->accepted);
	write_text("reason", event->reason);
	write_key("batch");
	if (event->batch)
		batch_write_json(stdout, &view);
	else
		json_write_text(stdout, NULL);
	puts(" }");
}

/* ---- a line ---- */

static const char *name_of(const struct follow_event *event)
{
	return event->memdev[0] ? event->memdev : event->address[0] ? event->address : "a device";
}

static void print_ids(const struct findings *findings)
{
	const char *before = "; ";

	list_each(finding, &findings->list) {
		printf("%s%s", before, finding->id);
		before = ", ";
	}
}

static void print_batch(const struct follow_event *event)
{
	char headline[HEADLINE_SIZE], text[512];

	printf(": %s", batch_headline(headline, event->batch, clock_now()));
	if (event->kind == FOLLOW_GONE && event->accepted != UNKNOWN)
		printf("; %s of it accepted", human_size(text, event->accepted));
	if (event->prediction) {
		prediction_format(text, sizeof(text), event->batch, event->prediction);
		printf("; %s", text);
	}
	print_ids(event->findings);
}

/* "2026-11-21T06:53:07Z mem1 arrived: batch 3: offered 2 s ago, 384 MiB in 3 extents, for host 0; ..." */
static void print_line(const struct follow_event *event)
{
	char time[32];

	printf("%s %s %s", time_text(time, clock_now()), name_of(event),
	       follow_kind_names[event->kind]);
	if (event->batch)
		print_batch(event);
	if (event->kind == FOLLOW_LOST)
		printf(": %" PRIu64 "%s record%s", event->lost,
		       event->lost == 0xffff ? " or more" : "", event->lost == 1 ? "" : "s");
	if (event->kind == FOLLOW_AWAY)
		printf(": %s", event->reason);
	putchar('\n');
}

void follow_print(const struct follow_event *event)
{
	if (ui_json)
		print_json(event);
	else
		print_line(event);
}
