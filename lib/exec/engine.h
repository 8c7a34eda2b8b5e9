/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a plan. Every step observes, acts if it is not done yet, and observes again: a write that
 * the kernel took but that changed nothing is a failure. If a step of the way down fails, the way
 * up puts everything back.
 */
#ifndef EXEC_ENGINE_H
#define EXEC_ENGINE_H

#include "exec/journal.h"
#include "policy/plan.h"
#include "sys/sys.h"

enum step_result { RESULT_DONE, RESULT_ALREADY, RESULT_FAILED };

/* What became of one step. */
struct step_report {
	int kind; /* enum step_kind */
	char object[NAME_SIZE];
	int result; /* enum step_result */
	uint64_t milliseconds;
};

enum outcome {
	OUTCOME_DONE,	  /* down and up again */
	OUTCOME_PUT_BACK, /* failed on the way down; everything is as it was */
	OUTCOME_PARTIAL,  /* failed, and not everything could be put back */
	OUTCOME_REBOOT,	  /* the kernel will not give back what it has until it is booted anew */
};

extern const char *const outcome_names[];
extern const char *const step_result_names[];
extern const struct record step_report_record;

struct engine;

/* How the engine tells what it does; every callback may be NULL. */
struct progress {
	void (*begin)(struct progress *, const struct step *, size_t number, size_t total);
	void (*part)(struct progress *, const struct step *, uint64_t done, uint64_t total);
	void (*end)(struct progress *, const struct step *, const struct step_report *);
	/* The way down failed for @why; what follows puts everything back. */
	void (*turn)(struct progress *, const struct error *why);
};

struct engine {
	const struct sys *sys;
	const struct host *before;
	const struct plan *plan;
	struct journal *journal; /* kept up to date before each step; NULL: none is kept */
	bool resumed;		 /* an earlier run of this plan was cut short */
	struct progress *progress;
	unsigned int offline_timeout_ms; /* for all memory blocks of one step together */
	bool dax_awaited;		 /* "no driver" is no longer "no driver yet" */
	bool reboot_needed;		 /* set by a step whose failure is final */
	LIST(struct step_report) reports;
};

/*
 * Run the plan from the position in the journal, or from the start. @err has what failed first,
 * @unrepaired what failed while putting things back.
 */
enum outcome engine_run(struct engine *engine, struct error *err, struct error *unrepaired);

/* Only bring back what the plan may have taken down. OUTCOME_PUT_BACK or worse. */
enum outcome engine_abort(struct engine *engine, struct error *err);

/*
 * Run the steps of the way down as so many operations of their own: one that fails does not keep
 * the others from being tried, but a signal does. @err has what failed first.
 */
void engine_run_each(struct engine *engine, struct error *err);

/*
 * The two ways one by one, for an operation that lets somebody else work in between. engine_down()
 * leaves the journal, engine_up() removes it when all is done.
 */
int engine_down(struct engine *engine, struct error *err);
int engine_up(struct engine *engine, struct error *err);

void engine_free(struct engine *engine);
#define cleanup_engine __attribute__((cleanup(engine_free)))

/* Tell the user how far a long step is. */
void engine_part(struct engine *engine, const struct step *step, uint64_t done, uint64_t total);

/* One kind of step. */
struct step_ops {
	/*
	 * Look at the machine, not at what was done before. NULL: the step is a check itself, or what
	 * it does leaves nothing to be seen and a later step proves it.
	 */
	int (*observe)(struct engine *, const struct step *, bool *done, struct error *);
	int (*act)(struct engine *, const struct step *, struct error *);
};

extern const struct step_ops step_hold_new_memory, step_release_new_memory, step_offline_memory,
	step_online_memory, step_unbind_dax, step_bind_dax, step_disable_region, step_delete_region,
	step_create_region, step_enable_region, step_mark_device, step_check_reset,
	step_check_decoder, step_remove_function, step_reset_port, step_rescan_port,
	step_load_module, step_set_control, step_clear_status;

#endif
