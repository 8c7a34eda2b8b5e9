/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was quiet a moment ago may be busy again: ask right before what can not be undone. */
#ifndef EXEC_GUARD_H
#define EXEC_GUARD_H

#include "exec/engine.h"
#include "policy/findings.h"

/*
 * Collect the machine anew and ask @judge, assess_reset() or assess_quiesced(), about @port. -EBUSY
 * tells what it found first.
 */
int refuse_now(struct engine *engine, const char *port,
	       void (*judge)(const struct host *, const struct root_port *, struct findings *),
	       struct error *err);

/* -EBUSY if a process but our own has @dax open or mapped: to unbind it would kill that by SIGBUS. */
int refuse_users(struct engine *engine, const char *dax, struct error *err);

/*
 * Collect the machine into zeroed @host and ask assess_borrow() about the function at @address, with
 * what sysfs says of it. -errno only if the machine could not be read.
 */
int judge_borrow(const struct sys *sys, const char *address, struct host *host,
		 struct findings *findings, struct error *err);

/* The same in a step: -EBUSY tells what it found first. */
int refuse_borrow(struct engine *engine, const char *address, struct error *err);

#endif
