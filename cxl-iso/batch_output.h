/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a batch of extents is shown, by whichever command shows one: JSON, or lines for people. */
#ifndef CXL_ISO_BATCH_OUTPUT_H
#define CXL_ISO_BATCH_OUTPUT_H

#include <stdio.h>

#include "extents/check.h"

/* A batch, and what the checks say of it. */
struct batch_view {
	const struct batch *batch;
	const struct findings *findings;
	const struct prediction *prediction; /* NULL: of what is no offer */
};

/*
 * One JSON object in one line, without a newline: all fields of the batch, its "size", "findings" and
 * "prediction" (null for what is no offer). Written straight to the stream, in bounded memory.
 */
void batch_write_json(FILE *stream, const struct batch_view *view);

/* An array in one line. */
void json_write_findings(FILE *stream, const struct findings *findings);

/* An event in the words of tables: offered, release, forced, updated, answered, released, unknown. */
extern const char *const extent_states[];

/* "2 s", "5 min", "3 h", "12 d" from @timestamp to @now, both ns since 1970; "?" if one of them is UNKNOWN
 * or @timestamp is later. */
const char *age_text(char out[16], uint64_t timestamp, uint64_t now);

/* "1", "?" for -1. */
const char *number_text(char out[16], int number);

/* "0x8000000", "?" for UNKNOWN. */
const char *address_text(char out[24], uint64_t address);

/* "2026-11-21T06:53:07Z", "?" for UNKNOWN. */
const char *time_text(char out[32], uint64_t timestamp);

#define HEADLINE_SIZE 192

/*
 * "batch 3: offered 2 s ago, 384 MiB in 3 extents, for host 0, open, tag 5be1...". @now is ns since
 * 1970; UNKNOWN if the batch was not read just now: the time itself is told then. A tag is told if
 * all extents have it.
 */
const char *batch_headline(char out[HEADLINE_SIZE], const struct batch *batch, uint64_t now);

/* One extent in a line of its own, after @indent blanks: " 1  0x8000000  128 MiB  region 0  ...". @number
 * counts from 1; 0 for none. @tag: tell its tag. */
void extent_print(const struct extent *extent, size_t number, bool tag, int indent);

/* The headline, a line for each extent, the prediction and the findings, each below and further in; on
 * stdout, after @indent blanks. */
void batch_print(const struct batch_view *view, uint64_t now, int indent);

/* Findings alone: "id: evidence; fix", wrapped. */
void findings_print(const struct findings *findings, int indent);

#endif
