/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules for answering a batch of offered extents, and for giving extents back; and plans that do it.
 *
 * The device takes an answer for its oldest pending batch, whichever was meant, and there is no second
 * one. So whatever leaves it open which batch that is stands against it.
 */
#ifndef POLICY_ANSWER_H
#define POLICY_ANSWER_H

#include "extents/accept.h"
#include "policy/assess.h"
#include "policy/plan.h"

/* Ids that --force takes, NULL terminated. */
extern const char *const answer_rules[], *const release_rules[];

/* What is said to one device about a batch; pieces are what is accepted, none if it is refused. */
struct answer {
	const struct dc_device *device;
	const struct batch *batch;     /* one of its own; extents.acceptable and shared are known */
	const struct findings *checks; /* what was found in the batch; may be NULL */
	const struct pieces *pieces;
	bool valid;	   /* asked for as all that could be accepted */
	bool lost_earlier; /* the log lost records since a batch was last accepted */
};

/*
 * Extents that are given back: pieces of what is accepted, all of them. A batch, if it is not NULL, is
 * the request they are for; then there may be none, and the request is only taken off the log.
 */
struct release {
	const struct dc_device *device;
	const struct batch *batch;
	const struct pieces *pieces;
};

/* Check all batches of @device, for the acceptable of their extents, and keep what is found in @batch. */
void answer_check(struct dc_device *device, const struct batch *batch, struct findings *checks);

/* What stands against it, or warns. */
void assess_answer(const struct host *host, const struct answer *answer,
		   const struct consent *consent, struct findings *findings);
void assess_release(const struct host *host, const struct release *release,
		    const struct consent *consent, struct findings *findings);

/*
 * Down: send it; up: take the records of the batch, and those that stand before it, off the log, as
 * the device clears the oldest first. What @consent takes as answered is not sent, and where it is
 * taken that another batch may be hit, the records stay. @plan must be zeroed.
 */
void plan_answer(const struct answer *answer, const struct consent *consent, struct plan *plan);
void plan_release(const struct release *release, struct plan *plan);

#endif
