/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"

static const struct program program = {
	.name = "cxl-iso",
	.summary =
		"Take the memory behind a CXL root port out of service, reset the port, and bring\n"
		"everything back.",
	.commands =
		(const struct command *const[]){&command_list, &command_assess,
						&command_set_timeout, &command_enable_isolation,
						&command_disable_isolation,
						&command_clear_isolation, &command_apply,
						&command_recover, &command_list_recoveries,
						&command_list_extents, &command_respond_extents,
						&command_release_extents, &command_capture, NULL},
};

int main(int argc, const char **argv)
{
	return program_main(&program, argc, argv);
}
