/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EXEC_COMMAND_H
#define EXEC_COMMAND_H

#include "sys/error.h"

/*
 * Run a program, found in PATH, without a shell, and wait for it. SIGINT, SIGTERM and SIGHUP that
 * come to us meanwhile are passed on to it, and waited for all the same. Call stop_on_signals()
 * before. Returns its exit status, 128 + signal if one killed it, or 127 with a text if it could not
 * be run.
 */
int command_run(const char *const *command, struct error *err);

#endif
