/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAXCTL_EXT_COMMANDS_H
#define DAXCTL_EXT_COMMANDS_H

#include "ui/ui.h"

extern const struct command command_list_users, command_evacuate, command_restore;

#endif
