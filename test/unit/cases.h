/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One case for each thing that a rule says: a picture that it speaks of, the nearest of which it does
 * not, and what is said in each situation. */
#ifndef TEST_CASES_H
#define TEST_CASES_H

#include <string.h>

#include "findings.h"
#include "policy/rules.h"

struct said {
	enum effect effect;
	const char *evidence, *fix; /* NULL: the same as planned */
};

struct rule_case {
	const char *id;
	const char *object;
	const char *port; /* NULL: PORT_A */
	void (*base)(struct host *);
	void (*guilty)(struct host *);	    /* change that into what the rule speaks of */
	void (*innocent[5])(struct host *); /* and into what it does not; nor of the base itself */
	struct said planned, isolated;
};

/* The last has no id. */
extern const struct rule_case host_cases[], port_cases[], region_cases[], memory_cases[],
	extents_cases[];

/* System RAM, all of it offline. */
void model_offline_ram(struct host *host);

#endif
