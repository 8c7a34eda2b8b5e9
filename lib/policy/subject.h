/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of rules share: what they judge, and how they walk over it. Not for others. */
#ifndef POLICY_SUBJECT_H
#define POLICY_SUBJECT_H

#include <string.h>

#include "policy/findings.h"

struct subject {
	const struct host *host;
	const struct root_port *port;
	const struct consent *consent;
	struct findings *findings;
};

/* Of what lies below the port: loops over the model that most rules share. */
#define each_function_below(function, s)           \
	list_each(function, &(s)->host->functions) \
		if (strcmp(function->root_port, (s)->port->address) == 0)
#define each_memdev_below(memdev, s)           \
	list_each(memdev, &(s)->host->memdevs) \
		if (strcmp(memdev->root_port, (s)->port->address) == 0)
#define each_region_below(region, s)           \
	list_each(region, &(s)->host->regions) \
		if (region_below(region, (s)->port))
#define each_dax_below(dax, s)                  \
	list_each(dax, &(s)->host->dax_devices) \
		if (dax_below((s)->host, dax, (s)->port))

/* The user said --force=@id. */
bool forced(const struct subject *s, const char *id);

/* A new finding that blocks. */
struct finding *blocks(const struct subject *s, const char *id, const char *object);

/* "memory82-83, 85": the blocks in a range that are @wanted; "" if there are none. */
void name_blocks(char *out, size_t size, const struct subject *s, uint64_t start, uint64_t length,
		 bool (*wanted)(const struct block *));

/* What Linux calls committed below the port and what the devices' registers call so. */
void each_committed_range(const struct subject *s,
			  void (*call)(const struct subject *, const char *decoder, uint64_t start,
				       uint64_t size));

/* Rules that more than one operation asks. Each adds findings that have no override. */
void rule_privilege(const struct subject *s);
void rule_nothing_online(const struct subject *s);
void rule_nothing_bound(const struct subject *s);
void rule_nothing_committed(const struct subject *s);
void rule_devdax_users(const struct subject *s);

#endif
