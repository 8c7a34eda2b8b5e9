/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences on a terminal. All text is printable ASCII: a byte is a column. */
#ifndef UI_TEXT_H
#define UI_TEXT_H

#include <stddef.h>

/* Columns, as libsmartcols has it for tables: $COLUMNS, then what the terminal says, then 80. Never 0. */
size_t text_width(void);

/*
 * Print @first and then @text on stdout, in lines that are no longer than the terminal is wide (80
 * columns where there is none), broken at blanks; all lines but the first are indented by @indent.
 * A word that is longer than a line, like a path, is not broken.
 */
void text_wrap(const char *first, size_t indent, const char *text);

#endif
