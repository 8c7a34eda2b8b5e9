/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan is data: the picture before, and steps that name objects of that picture. Steps of the
 * way down take the memory out of service; steps of the way up bring it back. Since every step
 * first looks whether it is done already, the way up is also what undoes a way down that failed
 * half-way.
 */
#ifndef POLICY_PLAN_H
#define POLICY_PLAN_H

#include "model/survey.h"

enum step_kind {
	STEP_HOLD_NEW_MEMORY, /* new memory blocks shall stay offline meanwhile */
	STEP_OFFLINE_MEMORY,
	STEP_UNBIND_DAX,
	STEP_DISABLE_REGION,
	STEP_DELETE_REGION,
	STEP_MARK_DEVICE, /* so that the reset can be proven */
	STEP_REMOVE_FUNCTION,
	STEP_RESET_PORT,
	STEP_RESCAN_PORT,
	STEP_CHECK_RESET,
	STEP_LOAD_MODULE,
	STEP_CREATE_REGION, /* same geometry, same address, committed */
	STEP_CHECK_DECODER, /* from the device's registers */
	STEP_ENABLE_REGION,
	STEP_BIND_DAX,
	STEP_ONLINE_MEMORY,
	STEP_RELEASE_NEW_MEMORY, /* the policy is what it was */
	STEP_SET_CONTROL,	 /* of the Timeout & Isolation capability */
	STEP_CLEAR_STATUS,
	STEP_KINDS,
};

extern const char *const step_names[];

struct step {
	int kind;		/* enum step_kind */
	char object[NAME_SIZE]; /* of the picture before: region0, dax0.0, a PCI address */
	uint64_t mask, value;	/* bits of a register, where the step changes one */
	char text[256];		/* for people */
};

struct step_list {
	struct step *items;
	size_t count;
};

struct plan {
	char operation[16];	/* recover */
	char object[NAME_SIZE]; /* the root port */
	struct step_list down;
	struct step_list up;
};

extern const struct record plan_record;

void plan_free(struct plan *plan);
#define cleanup_plan __attribute__((cleanup(plan_free)))

/* Plan the recovery of @port, which assess_recover() let pass. Pure; @plan must be zeroed. */
void plan_recover(const struct survey *survey, const struct root_port *port, struct plan *plan);

#endif
