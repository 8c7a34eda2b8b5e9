/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"

static const struct program program = {
	.name = "daxctl-ext",
	.summary = "See who uses dax memory, evacuate it, and restore it.",
	.commands = (const struct command *const[]){&command_list_users, &command_evacuate,
						    &command_restore, NULL},
};

int main(int argc, const char **argv)
{
	return program_main(&program, argc, argv);
}
