/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables by libsmartcols. One description of the columns serves headings, -o and the help. */
#ifndef UI_TABLE_H
#define UI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <libsmartcols.h>

#include "sys/error.h"

struct column {
	const char *name;
	const char *help;
	bool by_default;
	int flags; /* SCOLS_FL_RIGHT, SCOLS_FL_TREE, ... */
};

struct table {
	struct libscols_table *scols;
	const struct column *columns; /* all there are */
	size_t shown[16];	      /* indexes of those shown, in order */
	size_t count;
};

/* Start a table of the columns in @wanted ("PORT,BELOW"; NULL: those by default). -EINVAL lists the
 * columns there are. */
int table_open(struct table *table, const struct column *columns, size_t count, const char *wanted,
	       struct error *err);
void table_close(struct table *table);
#define cleanup_table __attribute__((cleanup(table_close)))

/* A new line; @parent is NULL but in a tree. */
struct libscols_line *table_line(struct table *table, struct libscols_line *parent);

/* Set the cell of the column with that index in the description, if it is shown. */
void table_set(struct table *table, struct libscols_line *line, size_t column, const char *text);

/* Never cut that column, if it is shown, to the width of the terminal. */
void table_keep_whole(struct table *table, size_t column);

void table_print(struct table *table);

/* Remove all lines: for what is printed in pieces. */
void table_empty(struct table *table);

#endif
