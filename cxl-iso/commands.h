/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CXL_ISO_COMMANDS_H
#define CXL_ISO_COMMANDS_H

#include "ui/ui.h"

extern const struct command command_list, command_assess, command_recover, command_list_recoveries,
	command_capture, command_set_timeout, command_enable_isolation, command_disable_isolation,
	command_clear_isolation, command_apply, command_list_extents, command_respond_extents,
	command_release_extents;

#endif
