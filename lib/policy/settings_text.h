/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of ports as text, a line each, as list --settings writes and apply reads it:
 *
 *     0000:0c:00.0 mem-range=B2 mem-timeout=on mem-isolation=on err-cor=off
 *
 * What a line leaves out is left as it is. "#" begins a comment.
 */
#ifndef POLICY_SETTINGS_TEXT_H
#define POLICY_SETTINGS_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "model/host.h"
#include "sys/error.h"

struct settings_line {
	char address[NAME_SIZE]; /* "": an empty line */
	uint32_t mask;		 /* bits of the control register that the line sets */
	uint32_t value;
};

/* -EINVAL says what in the line is wrong and what was expected. @text is changed. */
int settings_parse(char *text, struct settings_line *line, struct error *err);

/* The line of a port: everything that its capability lets one set. */
#define SETTINGS_TEXT 256
void settings_format(char out[SETTINGS_TEXT], const struct root_port *port);

#endif
