/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "batch_output.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "model/json_text.h"
#include "sys/util.h"
#include "ui/text.h"

#define NS 1000000000ull

const char *const extent_states[] = {
	[EXTENT_ADD] = "offered",	    [EXTENT_RELEASE] = "release",
	[EXTENT_FORCED_RELEASE] = "forced", [EXTENT_REGION_UPDATED] = "updated",
	[EXTENT_ADD_RESPONSE] = "answered", [EXTENT_RELEASED] = "released",
	[EXTENT_EVENT_UNKNOWN] = "unknown",
};

static const char *const event_words[] = {
	[EXTENT_ADD] = "offered",
	[EXTENT_RELEASE] = "release requested",
	[EXTENT_FORCED_RELEASE] = "released by force",
	[EXTENT_REGION_UPDATED] = "region configuration changed",
	[EXTENT_ADD_RESPONSE] = "answered",
	[EXTENT_RELEASED] = "released",
	[EXTENT_EVENT_UNKNOWN] = "event of an unknown kind",
};

void batch_write_json(FILE *stream, const struct batch_view *view)
{
	fputs("{ ", stream);
	for (const struct field *field = batch_record.fields; field->key; field++) {
		json_write_field(stream, field, view->batch);
		fputs(", ", stream);
	}
	fputs("\"size\": ", stream);
	json_write_u64(stream, batch_size(view->batch));
	fputs(", \"findings\": ", stream);
	json_write_findings(stream, view->findings);
	fputs(", \"prediction\": ", stream);
	if (view->prediction)
		json_write_record(stream, &prediction_record, view->prediction);
	else
		fputs("null", stream);
	fputs(" }", stream);
}

void json_write_findings(FILE *stream, const struct findings *findings)
{
	json_write_list(stream, findings_record.fields[0].record, &findings->list);
}

const char *age_text(char out[16], uint64_t timestamp, uint64_t now)
{
	uint64_t seconds = (now - timestamp) / NS;

	if (timestamp == UNKNOWN || now == UNKNOWN || timestamp > now)
		strcpy(out, "?");
	else if (seconds < 120)
		snprintf(out, 16, "%u s", (unsigned int)seconds);
	else if (seconds < 120 * 60)
		snprintf(out, 16, "%u min", (unsigned int)(seconds / 60));
	else if (seconds < 48 * 3600)
		snprintf(out, 16, "%u h", (unsigned int)(seconds / 3600));
	else
		snprintf(out, 16, "%u d", (unsigned int)(seconds / 86400));
	return out;
}

const char *number_text(char out[16], int number)
{
	if (number == -1)
		strcpy(out, "?");
	else
		snprintf(out, 16, "%d", number);
	return out;
}

const char *address_text(char out[24], uint64_t address)
{
	if (address == UNKNOWN)
		strcpy(out, "?");
	else
		snprintf(out, 24, "0x%" PRIx64, address);
	return out;
}

const char *time_text(char out[32], uint64_t timestamp)
{
	time_t seconds = (time_t)(timestamp / NS);
	struct tm parts;

	if (timestamp == UNKNOWN || !gmtime_r(&seconds, &parts) ||
	    !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts))
		strcpy(out, "?");
	return out;
}

/* " 2 s ago"; the time itself if that is no age. */
static void add_when(char *out, size_t size, uint64_t timestamp, uint64_t now)
{
	char age[16], time[32];

	if (timestamp == UNKNOWN)
		append_word(out, size, " ", "at an unknown time");
	else if (now == UNKNOWN || timestamp > now)
		append_word(out, size, " at ", time_text(time, timestamp));
	else {
		append_word(out, size, " ", age_text(age, timestamp, now));
		append_word(out, size, " ", "ago");
	}
}

static void add_size(char *out, size_t size, const struct batch *batch)
{
	char bytes[16], words[64];

	if (!batch->extents.count || batch->event == EXTENT_REGION_UPDATED)
		return;
	snprintf(words, sizeof(words), "%s in %zu extent%s", human_size(bytes, batch_size(batch)),
		 batch->extents.count, batch->extents.count == 1 ? "" : "s");
	append_word(out, size, ", ", words);
}

/* Of all its extents; "" if they differ, or have none. */
static const char *common_tag(const struct batch *batch)
{
	const char *tag = batch->extents.count ? batch->extents.items[0].tag : "";

	list_each(extent, &batch->extents)
		if (strcmp(extent->tag, tag) != 0)
			return "";
	return tag;
}

const char *batch_headline(char out[HEADLINE_SIZE], const struct batch *batch, uint64_t now)
{
	const char *tag = common_tag(batch);
	char host[24];

	snprintf(out, HEADLINE_SIZE, "batch %d: %s", batch->number, event_words[batch->event]);
	add_when(out, HEADLINE_SIZE, batch->timestamp, now);
	add_size(out, HEADLINE_SIZE, batch);
	snprintf(host, sizeof(host), "for host %d", batch->host);
	if (batch->host != -1)
		append_word(out, HEADLINE_SIZE, ", ", host);
	if (batch->shared == 1)
		append_word(out, HEADLINE_SIZE, ", ", "shared");
	if (batch->open)
		append_word(out, HEADLINE_SIZE, ", ", "open");
	if (batch->inferred)
		append_word(out, HEADLINE_SIZE, ", ", "borders inferred");
	if (batch->truncated)
		append_word(out, HEADLINE_SIZE, ", ", "more than are kept");
	if (*tag)
		append_word(out, HEADLINE_SIZE, ", tag ", tag);
	return out;
}

/* A region that was configured anew, and no memory. */
static void region_print(const struct extent *extent, int indent)
{
	if (extent->dc_region >= 0)
		printf("%*sregion %d\n", indent, "", extent->dc_region);
}

void extent_print(const struct extent *extent, size_t number, bool tag, int indent)
{
	char size[16], address[24];

	printf("%*s", indent, "");
	if (number)
		printf("%2zu  ", number);
	printf("%-11s %8s", address_text(address, extent->start), human_size(size, extent->size));
	if (extent->dc_region >= 0)
		printf("  region %d", extent->dc_region);
	if (extent->sequence)
		printf("  sequence %" PRIu64, extent->sequence);
	if (extent->region[0])
		printf("  %s", extent->region);
	if (extent->dax[0])
		printf("  %s", extent->dax);
	if (tag && extent->tag[0])
		printf("  tag %s", extent->tag);
	puts(extent->acceptable == 0 ? "  not acceptable" : "");
}

void findings_print(const struct findings *findings, int indent)
{
	char first[80], text[sizeof(findings->list.items->evidence) +
			     sizeof(findings->list.items->fix) + 4];

	list_each(finding, &findings->list) {
		snprintf(first, sizeof(first), "%*s%s: ", indent, "", finding->id);
		snprintf(text, sizeof(text), "%s%s%s", finding->evidence,
			 finding->fix[0] ? "; " : "", finding->fix);
		text_wrap(first, (size_t)indent + 2, text);
	}
}

void batch_print(const struct batch_view *view, uint64_t now, int indent)
{
	const struct batch *batch = view->batch;
	char text[512], blanks[32];
	bool tags = !*common_tag(batch);
	size_t number = 0;

	snprintf(blanks, sizeof(blanks), "%*s", indent, "");
	text_wrap(blanks, (size_t)indent + 4, batch_headline(text, batch, now));
	list_each(extent, &batch->extents)
		if (batch->event == EXTENT_REGION_UPDATED)
			region_print(extent, indent + 2);
		else
			extent_print(extent, ++number, tags, indent + 2);
	if (view->prediction) {
		snprintf(blanks, sizeof(blanks), "%*s", indent + 2, "");
		prediction_format(text, sizeof(text), batch, view->prediction);
		text_wrap(blanks, (size_t)indent + 4, text);
	}
	findings_print(view->findings, indent + 2);
}
