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
	STEP_RUN_HOOKS,	      /* the administrator's programs for an event */
	STEP_HOLD_NEW_MEMORY, /* new memory blocks shall stay offline meanwhile */
	STEP_STOP_DEMOTION,   /* reclaim shall not move pages into the memory meanwhile */
	STEP_STOP_USERS,      /* of a devdax device */
	STEP_SAVE_CONTENTS,   /* of a devdax device, to a file */
	STEP_DISABLE_NAMESPACE,
	STEP_MOVE_PAGES, /* out of all that will be offlined */
	STEP_OFFLINE_MEMORY,
	STEP_SHRINK_POOLS, /* huge pages that moved to other nodes do not stay in their pools */
	STEP_UNBIND_DAX,
	STEP_CONVERT_DAX, /* System RAM becomes a character device */
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
	STEP_ARRANGE_DAX, /* dax devices of the same ranges as before */
	STEP_BIND_DAX,
	STEP_LOAD_CONTENTS,
	STEP_ONLINE_MEMORY,
	STEP_ENABLE_NAMESPACE,
	STEP_RESTORE_POOLS, /* of huge pages, as large as before */
	STEP_RELEASE_DEMOTION,
	STEP_RELEASE_NEW_MEMORY, /* the policy is what it was */
	STEP_SET_CONTROL,	 /* of the Timeout & Isolation capability */
	STEP_CLEAR_STATUS,
	STEP_UNBIND_FUNCTION, /* a memory device's driver lets go of it */
	STEP_BIND_FUNCTION,
	STEP_ANSWER_BATCH, /* of extents that the device offers */
	STEP_RELEASE_EXTENTS,
	STEP_CLEAR_RECORDS, /* of a batch, from the device's event log */
	STEP_KINDS,
};

extern const char *const step_names[];

struct step {
	int kind;		/* enum step_kind */
	char object[NAME_SIZE]; /* of the picture before: region0, dax0.0, a PCI address */
	uint64_t mask, value;	/* bits of a register, where the step changes one; value: a batch */
	char text[256];		/* for people */
};

struct step_list {
	struct step *items;
	size_t count;
};

/* What is done about processes that use a devdax device. */
enum users_policy {
	USERS_REFUSE, /* nothing: they stand against it */
	USERS_WAIT,   /* until they end by themselves */
	USERS_TERM,   /* they get SIGTERM */
	USERS_KILL,   /* and SIGKILL when the grace is over */
};

extern const char *const users_policy_names[];

/* How the steps deal with what stands in their way. Part of the plan, for an operation that is resumed
 * goes on in the manner it began in. */
struct manner {
	int users;	     /* enum users_policy */
	uint64_t grace_ms;   /* for each dax device's users to go */
	uint64_t hook_ms;    /* for each hook to end */
	uint64_t offline_ms; /* for all memory blocks of one dax device together */
	char *save;	     /* directory for contents of devdax devices; NULL: they are not kept */
	char *to;	     /* nodes that pages shall go to: "0,2-3"; NULL: any */
	bool keep_partial;   /* what was taken down stays down if the rest can not be */
};

struct plan {
	char operation[16];	/* recover, evacuate, respond, release */
	char object[NAME_SIZE]; /* the root port, the dax devices and namespaces, or the function */
	struct manner manner;
	struct step_list down;
	struct step_list up;
};

extern const struct record plan_record;

void plan_free(struct plan *plan);
#define cleanup_plan __attribute__((cleanup(plan_free)))

/*
 * Plan the recovery of @port, which assess_recover() let pass. Pure; @plan must be zeroed. @manner is
 * copied.
 */
void plan_recover(const struct survey *survey, const struct root_port *port,
		  const struct manner *manner, struct plan *plan);

/*
 * Plan to take @what, dax devices and namespaces of survey_gather(), out of service, and to bring it
 * back; assess_evacuate() let it pass. @to_devdax: System RAM becomes a character device. The same
 * otherwise.
 */
void plan_evacuate(const struct survey *survey, const struct below *what,
		   const struct manner *manner, bool to_devdax, struct plan *plan);

/* Have the way up leave what the whole host shares as it is in @host; later than the plan was made. */
void plan_renew_shared(struct plan *plan, const struct host *host);

/* Steps that hold back what the whole host shares, and that give it back. */
bool step_holds(enum step_kind kind);
bool step_releases(enum step_kind kind);

#endif
