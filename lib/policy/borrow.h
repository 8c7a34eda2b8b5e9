/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a memory device's PCI function may be taken from its driver for a while. Linux lets any
 * driver be unbound at once, also that of memory in use: its data is gone, and so is the host soon.
 */
#ifndef POLICY_BORROW_H
#define POLICY_BORROW_H

#include "policy/findings.h"
#include "policy/plan.h"

/* What only matters here, read from sysfs at the moment: no part of the picture. "" if there is none. */
struct borrow_state {
	char driver[NAME_SIZE];
	char driver_override[NAME_SIZE]; /* the only driver that the kernel would bind */
	char security[32];		 /* of the memory device: sanitize, frozen, disabled, ... */
	char firmware[32];		 /* idle, or how far an update is */
};

/* What stands against it. Nothing of it can be overridden. */
void assess_borrow(const struct host *host, const char *address, const struct borrow_state *state,
		   struct findings *findings);

/* Down: unbind-function; up: bind-function. @plan must be zeroed. */
void plan_borrow(const char *address, struct plan *plan);

#endif
