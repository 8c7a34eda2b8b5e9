/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must not be looked at, because looking may read memory of ours: it may be gone, and then a
 * read is a machine check.
 */
#ifndef COLLECT_CAUTION_H
#define COLLECT_CAUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/host.h"

struct caution {
	bool isolated;	  /* a port is in isolation */
	bool nodes_known; /* of all our memory that is online */
	LIST(int) nodes;
};

/* Some port's status register says that it is in isolation. */
bool any_port_isolated(const struct host *host);

void caution_of(const struct host *host, struct caution *caution);
void caution_free(struct caution *caution);
#define cleanup_caution __attribute__((cleanup(caution_free)))

bool caution_names_node(const struct caution *caution, int node);

/* Reading a process's memory at these addresses reads none of ours, as far as the kernel says: no
 * port is in isolation, and the pages are on other nodes. It may move a page right after. */
bool caution_allows(const struct caution *caution, int pid, const uint64_t *addresses,
		    size_t count);

#endif
