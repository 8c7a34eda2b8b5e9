/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that puts right what its parent had no time for: it waits until the parent is dead, by
 * whatever, and does what is left to do then.
 *
 * It has a session and a name of its own, so that whoever signals the parent, by its group, its name or
 * the terminal, does not hit it as well; and no signal that can be blocked ends it. SIGKILL of both, as
 * systemd has it for a unit that does not stop, is a case for a journal.
 */
#ifndef EXEC_GUARDIAN_H
#define EXEC_GUARDIAN_H

#include <sys/types.h>

#include "sys/error.h"

struct guardian {
	pid_t process; /* 0: none */
	int link;      /* it sees our end closed when we are gone */
};

/*
 * Fork it: @bereaved(@context) is called in it when we are dead. Of our files it keeps @lock, so that
 * nothing else is begun before it is done. It is on watch when this returns 0.
 */
int guardian_post(struct guardian *guardian, int lock, void (*bereaved)(void *context),
		  void *context, struct error *err);

/* It is no longer needed, and gone when this returns. None is no error. */
void guardian_dismiss(struct guardian *guardian);

#endif
