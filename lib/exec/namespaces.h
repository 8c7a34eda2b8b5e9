/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Namespaces of persistent memory as the machine has them now. Their numbers change with every
 * enumeration, their UUIDs do not.
 */
#ifndef EXEC_NAMESPACES_H
#define EXEC_NAMESPACES_H

#include "exec/engine.h"

/* A namespace of before, found again. */
struct present {
	struct namespace now;	/* without a name: it is not there */
	char owner[NAME_SIZE];	/* what takes a driver: the claim above it (btt0.0), or itself */
	char driver[NAME_SIZE]; /* nd_pmem, dax_pmem; "": none */
};

/* 0 also if it is not there; then present->now.name is "". */
int find_namespace(struct engine *engine, const struct namespace *before, struct present *present,
		   struct error *err);

/* -EBUSY if a namespace of @region, the name that it has now, is bound to a driver. */
int refuse_namespaces(struct engine *engine, const char *region, struct error *err);

#endif
