/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <libsmartcols.h>

#include "sys/util.h"

size_t text_width(void)
{
	static size_t width;
	struct libscols_table *table = width ? NULL : scols_new_table();

	if (table)
		width = scols_table_get_termwidth(table);
	scols_unref_table(table);
	return width ? width : 80;
}

/* Up to the next blank where a line may end: "4 GiB" stays together. */
static size_t word_length(const char *text)
{
	size_t length = strcspn(text, " ");
	const char *next = text + length + (text[length] == ' ');

	if (length && isdigit((unsigned char)text[length - 1]) && *next &&
	    starts_with(next + 1, "iB"))
		length = (size_t)(next - text) + strcspn(next, " ");
	return length;
}

void text_wrap(const char *first, size_t indent, const char *text)
{
	size_t width = text_width(), used = strlen(first);

	fputs(first, stdout);
	for (const char *blank = ""; *text; blank = " ") {
		size_t length = word_length(text);

		if (*blank && used + 1 + length > width) {
			printf("\n%*s", (int)indent, "");
			blank = "";
			used = indent;
		}
		printf("%s%.*s", blank, (int)length, text);
		used += strlen(blank) + length;
		text += length;
		text += strspn(text, " ");
	}
	putchar('\n');
}
