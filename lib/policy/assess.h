/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the loss or the recovery of a root port means, judged by the picture alone: findings, and a
 * verdict that follows from them by one table.
 */
#ifndef POLICY_ASSESS_H
#define POLICY_ASSESS_H

#include "model/survey.h"
#include "policy/findings.h"
#include "policy/plan.h"

enum situation {
	SITUATION_PLANNED, /* the memory still works and shall be given up for a while */
	SITUATION_ISOLATED, /* the port is in isolation: writes were lost, reads are machine checks */
};

enum verdict {
	VERDICT_RECOVERABLE,
	VERDICT_LOSING,	   /* recoverable, but what some findings name is lost */
	VERDICT_FIX_FIRST, /* something has to be done before */
	VERDICT_REBOOT,	   /* nothing but a reboot helps */
};

extern const char *const situation_names[]; /* NULL terminated */
extern const char *const verdict_names[];

/* What the user said may be done all the same. */
struct consent {
	const char *const *force; /* ids, NULL terminated; may be NULL */
	bool discard_contents;	  /* of devdax devices */
	bool save;		  /* them to files */
	int users;		  /* enum users_policy: what is done about theirs */
};

/* Ids that --force takes, NULL terminated: of recover, of evacuate, and of what changes registers. */
extern const char *const recover_rules[], *const evacuate_rules[], *const setting_rules[];

/* The situation @port is in now, as its status register has it. */
enum situation situation_of(const struct root_port *port);

/* The same, but a port is also judged as isolated if a region below it spans a port that is: all of
 * the region's memory is gone with any of them. */
enum situation situation_below(const struct survey *survey, const struct root_port *port);

/* Everything there is to say about @port in a situation, in the order of the table. */
void assess_port(const struct survey *survey, const struct root_port *port,
		 enum situation situation, struct findings *findings);

/* The verdict that follows from the findings: the worst of their effects. */
enum verdict verdict_of(const struct findings *findings);

/* Everything that stands against recovering @port, or warns; no notes. */
void assess_recover(const struct survey *survey, const struct root_port *port,
		    const struct consent *consent, struct findings *findings);

/* Everything that stands against evacuating @what, dax devices and namespaces of survey_gather(), or
 * warns; no notes. @name is what the user calls it. */
void assess_evacuate(const struct survey *survey, const struct below *what, const char *name,
		     const struct consent *consent, struct findings *findings);

/*
 * The rules without override: nothing below @port may be online, bound or committed, and no
 * function that is no CXL memory device may have a driver. Asked of a fresh picture before the
 * functions below the port are removed, and again right before the reset.
 */
void assess_reset(const struct host *host, const struct root_port *port, struct findings *findings);

#endif
