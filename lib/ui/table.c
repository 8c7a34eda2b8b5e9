/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sys/util.h"

static int unknown_column(const struct table *table, size_t count, const char *name,
			  struct error *err)
{
	char names[256] = "";

	for (size_t i = 0; i < count; i++)
		append_word(names, sizeof(names), ", ", table->columns[i].name);
	fail(err, -EINVAL, "there is no column \"%s\"", name);
	hint(err, "columns: %s", names);
	return -EINVAL;
}

static int choose_columns(struct table *table, size_t count, const char *wanted, struct error *err)
{
	cleanup_free char *copy = xstrdup(wanted);
	char *name, *rest = copy;

	while ((name = strsep(&rest, ","))) {
		size_t i = 0;

		while (i < count && strcasecmp(table->columns[i].name, name) != 0)
			i++;
		if (i == count)
			return unknown_column(table, count, name, err);
		if (table->count == ARRAY_SIZE(table->shown))
			return fail(err, -EINVAL, "more than %zu columns",
				    ARRAY_SIZE(table->shown));
		table->shown[table->count++] = i;
	}
	return 0;
}

int table_open(struct table *table, const struct column *columns, size_t count, const char *wanted,
	       struct error *err)
{
	*table = (struct table){.columns = columns};
	if (wanted) {
		int rc = choose_columns(table, count, wanted, err);

		if (rc)
			return rc;
	} else {
		for (size_t i = 0; i < count; i++)
			if (columns[i].by_default)
				table->shown[table->count++] = i;
	}
	table->scols = scols_new_table();
	if (!table->scols)
		return fail_errno(err, -ENOMEM, "cannot use libsmartcols");
	for (size_t i = 0; i < table->count; i++)
		scols_table_new_column(table->scols, columns[table->shown[i]].name, 0,
				       columns[table->shown[i]].flags);
	return 0;
}

void table_close(struct table *table)
{
	scols_unref_table(table->scols);
}

struct libscols_line *table_line(struct table *table, struct libscols_line *parent)
{
	return scols_table_new_line(table->scols, parent);
}

void table_set(struct table *table, struct libscols_line *line, size_t column, const char *text)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->shown[i] == column)
			scols_line_set_data(line, i, text);
}

void table_keep_whole(struct table *table, size_t column)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->shown[i] == column)
			scols_column_set_flags(scols_table_get_column(table->scols, i),
					       table->columns[column].flags & ~SCOLS_FL_TRUNC);
}

void table_print(struct table *table)
{
	scols_print_table(table->scols);
}

void table_empty(struct table *table)
{
	scols_table_remove_lines(table->scols);
}
