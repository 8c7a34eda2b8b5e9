/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of the administrator's that are run at certain points of an operation: all that is in
 * /etc/cxl-iso/hooks.d/EVENT.d, in the order of their names, without a shell.
 */
#ifndef EXEC_HOOKS_H
#define EXEC_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/error.h"
#include "sys/sys.h"

struct hook_run {
	const char *event;	  /* before-evacuate */
	char *const *environment; /* all that they get; NULL terminated */
	const char *document;	  /* on their standard input */
	uint64_t timeout_ms;	  /* for each of them; 0: none */
	bool stoppable;		  /* after a signal to us, the next one is not begun */
};

/*
 * Run the hooks of an event one after the other, up to the first that fails. None is run if one of
 * them is not to be trusted (-EPERM). What they print goes to our stderr. A hook that takes too
 * long gets SIGTERM, with all of its process group, and SIGKILL 5 seconds later. -EINTR: a signal
 * asked us to stop; the hook that ran then was left to end.
 */
int hooks_run(const struct sys *sys, const struct hook_run *run, struct error *err);

#endif
