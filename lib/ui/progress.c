/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "sys/util.h"
#include "ui/text.h"

#define BAR_WIDTH 20
#define BAR_LEAST 4 /* what is shorter tells nothing */

const char *const progress_words[] = {"text", "json", "none", NULL};

/* The step that is run. */
static struct {
	uint64_t began_ms;
	char line[320];	  /* what was printed when it began */
	size_t columns;	  /* that its line on the terminal takes: more than one row has, maybe */
	bool overwritten; /* by a bar */
} current;

/* On a terminal the line stays open until the step ends, so that the bar can be drawn over it. */
static void text_begin(struct progress *progress, const struct step *step, size_t number,
		       size_t total)
{
	(void)progress;
	current.began_ms = now_ms();
	snprintf(current.line, sizeof(current.line), "%2zu/%zu %s ...", number, total, step->text);
	current.columns = strlen(current.line);
	current.overwritten = false;
	fputs(current.line, stderr);
}

static uint64_t bytes_per_second(const struct part *part)
{
	uint64_t elapsed = now_ms() - current.began_ms;

	return elapsed ? part->done * 1000 / elapsed : 0;
}

/* Seconds; UNKNOWN as long as nothing was done. */
static uint64_t time_left(const struct part *part)
{
	uint64_t rate = bytes_per_second(part);

	return rate ? (part->total - part->done + rate - 1) / rate : UNKNOWN;
}

/* "90 s", "12 min", "3 h": rounded up, and never more than fits beside the rest. */
static const char *human_time(char out[24], uint64_t seconds)
{
	if (seconds <= 120)
		snprintf(out, 24, "%" PRIu64 " s", seconds);
	else if (seconds <= 7200)
		snprintf(out, 24, "%" PRIu64 " min", (seconds + 59) / 60);
	else
		snprintf(out, 24, "%" PRIu64 " h", (seconds + 3599) / 3600);
	return out;
}

/* "8/16 blocks, 1 GiB of 2 GiB, 310 MiB/s, 4 s left" */
static void describe_part(const struct part *part, char out[128])
{
	char done[16], total[16], rate[16], left[24], blocks[48] = "", speed[64] = "";

	if (part->blocks_total)
		snprintf(blocks, sizeof(blocks), "%" PRIu64 "/%" PRIu64 " blocks, ",
			 part->blocks_done, part->blocks_total);
	if (bytes_per_second(part))
		snprintf(speed, sizeof(speed), ", %s/s, %s left",
			 human_size(rate, bytes_per_second(part)),
			 human_time(left, time_left(part)));
	snprintf(out, 128, "%s%s of %s%s", blocks, human_size(done, part->done),
		 human_size(total, part->total), speed);
}

/* As long as it may be for the line to stay in one row; "" if that is too short. */
static void draw_bar(const struct part *part, size_t width, char out[BAR_WIDTH + 4])
{
	size_t filled;

	out[0] = '\0';
	if (width < BAR_LEAST)
		return;
	width = width < BAR_WIDTH ? width : BAR_WIDTH;
	filled = part->total ? part->done * width / part->total : 0;
	memset(out, ' ', BAR_WIDTH + 4);
	out[0] = '[';
	memset(out + 1, '#', filled);
	out[width + 1] = ']';
	out[width + 3] = '\0';
}

/* To where the line of the step began: the terminal may have broken it. */
static void rewind_line(void)
{
	size_t rows = current.columns ? (current.columns - 1) / text_width() : 0;

	fputc('\r', stderr);
	if (rows)
		fprintf(stderr, "\033[%zuA", rows);
	fputs("\033[J", stderr);
}

static void text_part(struct progress *progress, const struct step *step, const struct part *part)
{
	char line[256], figures[128], bar[BAR_WIDTH + 4];
	size_t used, width = text_width() - 1;

	(void)progress;
	if (!isatty(STDERR_FILENO))
		return;
	describe_part(part, figures);
	used = strlen(step_names[step->kind]) + strlen(figures) + strlen(" [] ");
	draw_bar(part, width > used ? width - used : 0, bar);
	snprintf(line, sizeof(line), "%s %s%s", step_names[step->kind], bar, figures);
	rewind_line();
	current.columns = (size_t)fprintf(stderr, "%.*s", (int)width, line);
	current.overwritten = true;
}

static void text_end(struct progress *progress, const struct step *step,
		     const struct step_report *report)
{
	static const char *const words[] = {"done", "nothing to do", "FAILED"};

	(void)progress;
	(void)step;
	if (current.overwritten) {
		rewind_line();
		fputs(current.line, stderr);
	}
	fprintf(stderr, " %s", words[report->result]);
	if (report->milliseconds >= 100)
		fprintf(stderr, " (%lu.%lu s)", (unsigned long)report->milliseconds / 1000,
			(unsigned long)report->milliseconds % 1000 / 100);
	fputc('\n', stderr);
}

static void text_turn(struct progress *progress, const struct error *why)
{
	(void)progress;
	fprintf(stderr, "%s\nputting everything back:\n", why->text);
}

static void json_line(struct json_object *line)
{
	fprintf(stderr, "%s\n",
		json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(line);
}

static struct json_object *event(const char *name, const struct step *step)
{
	struct json_object *line = json_object_new_object();

	json_object_object_add(line, "event", json_object_new_string(name));
	json_object_object_add(line, "step", json_object_new_string(step_names[step->kind]));
	json_object_object_add(line, "object",
			       step->object[0] ? json_object_new_string(step->object) : NULL);
	return line;
}

static void json_begin(struct progress *progress, const struct step *step, size_t number,
		       size_t total)
{
	struct json_object *line = event("begin", step);

	(void)progress;
	current.began_ms = now_ms();
	json_object_object_add(line, "number", json_object_new_uint64(number));
	json_object_object_add(line, "total", json_object_new_uint64(total));
	json_object_object_add(line, "text", json_object_new_string(step->text));
	json_line(line);
}

static struct json_object *number_or_null(uint64_t number)
{
	return number == UNKNOWN ? NULL : json_object_new_uint64(number);
}

static void json_part(struct progress *progress, const struct step *step, const struct part *part)
{
	struct json_object *line = event("part", step);

	(void)progress;
	json_object_object_add(line, "done", json_object_new_uint64(part->done));
	json_object_object_add(line, "of", json_object_new_uint64(part->total));
	json_object_object_add(line, "blocks_done", json_object_new_uint64(part->blocks_done));
	json_object_object_add(line, "blocks_of", json_object_new_uint64(part->blocks_total));
	json_object_object_add(line, "bytes_per_second",
			       json_object_new_uint64(bytes_per_second(part)));
	json_object_object_add(line, "seconds_left", number_or_null(time_left(part)));
	json_line(line);
}

static void json_end(struct progress *progress, const struct step *step,
		     const struct step_report *report)
{
	struct json_object *line = event("end", step);

	(void)progress;
	json_object_object_add(line, "result",
			       json_object_new_string(step_result_names[report->result]));
	json_object_object_add(line, "milliseconds", json_object_new_uint64(report->milliseconds));
	json_line(line);
}

static void json_turn(struct progress *progress, const struct error *why)
{
	struct json_object *line = json_object_new_object();

	(void)progress;
	json_object_object_add(line, "event", json_object_new_string("turn"));
	json_object_object_add(line, "why", json_object_new_string(why->text));
	json_line(line);
}

int progress_choose(const char *how, struct progress **progress, struct error *err)
{
	static struct progress text = {text_begin, text_part, text_end, text_turn};
	static struct progress json = {json_begin, json_part, json_end, json_turn};
	static struct progress none;

	if (!how || strcmp(how, "text") == 0)
		*progress = &text;
	else if (strcmp(how, "json") == 0)
		*progress = &json;
	else if (strcmp(how, "none") == 0)
		*progress = &none;
	else
		return fail(err, -EINVAL, "--progress: expected text, json or none, not \"%s\"",
			    how);
	return 0;
}
