/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What list-users prints for people: a line for each use, or a tree of devices, units and processes. */
#ifndef DAXCTL_EXT_USERS_TABLE_H
#define DAXCTL_EXT_USERS_TABLE_H

#include "selection.h"
#include "ui/table.h"

enum {
	COL_OBJECT,
	COL_PID,
	COL_USER,
	COL_NAME,
	COL_UNIT,
	COL_SIZE,
	COL_HOW,
	COL_COMMAND,
	COL_CGROUP,
	COL_ANON,
	COL_FILE,
	COL_HUGE,
	COL_HUGETLB,
	COL_KERNEL,
	COL_LOCKED,
	COL_PINNED,
	COL_ARGUMENTS,
	USERS_COLUMNS
};

extern const struct column users_columns[USERS_COLUMNS];

void users_add_lines(const struct selection *selection, struct table *table);
void users_add_tree(const struct selection *selection, struct table *table);

#endif
