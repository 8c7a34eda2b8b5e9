/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands against an operation, found in the model alone. Each finding has a stable id that
 * scripts and --force=ID may rely on, the evidence, and the way out.
 */
#ifndef POLICY_FINDINGS_H
#define POLICY_FINDINGS_H

#include "model/host.h"

enum severity {
	SEVERITY_BLOCKS, /* refused; only a rule that says so can be overridden */
	SEVERITY_LOSES,	 /* loses data; refused unless the user said which data may go */
	SEVERITY_WARNS,
	SEVERITY_NOTE,
};

struct finding {
	char id[48];
	int severity; /* enum severity */
	char object[NAME_SIZE];
	char evidence[512];
	char fix[384];
	bool overridden; /* by --force=ID or the option that the fix names */
	bool reboot;	 /* it blocks, and nothing but a reboot helps */
};

struct findings {
	LIST(struct finding) list;
};

extern const struct record findings_record;
extern const char *const severity_names[];

void findings_free(struct findings *findings);
#define cleanup_findings __attribute__((cleanup(findings_free)))

/* Append; the returned finding still wants its evidence and fix. */
struct finding *finding_add(struct findings *findings, const char *id, enum severity severity,
			    const char *object);
void finding_evidence(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finding_fix(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first finding that forbids to go on; NULL if none does. */
const struct finding *findings_refusal(const struct findings *findings);

#endif
