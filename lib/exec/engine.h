/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a plan. Every step observes, acts if it is not done yet, and observes again: a write that
 * the kernel took but that changed nothing is a failure. If a step of the way down fails, the way
 * up puts everything back.
 */
#ifndef EXEC_ENGINE_H
#define EXEC_ENGINE_H

#include "exec/journal.h"
#include "exec/watch.h"
#include "extents/transport.h"
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
	OUTCOME_PARTIAL,  /* failed or stopped, and not everything is as it was */
	OUTCOME_REBOOT,	  /* the kernel will not give back what it has until it is booted anew */
};

extern const char *const outcome_names[];
extern const char *const step_result_names[];
extern const struct record step_report_record;

struct engine;

/* How far a long step is: bytes, and memory blocks where it works on these. */
struct part {
	uint64_t done, total;
	uint64_t blocks_done, blocks_total;
};

/* How the engine tells what it does; every callback may be NULL. */
struct progress {
	void (*begin)(struct progress *, const struct step *, size_t number, size_t total);
	void (*part)(struct progress *, const struct step *, const struct part *);
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
	bool stoppable; /* a signal stops the way up, too */
	bool dax_awaited; /* "no driver" is no longer "no driver yet"; from the start if none is new */
	bool reboot_needed;	     /* set by a step whose failure is final */
	struct watch *watch;	     /* of devices whose contents were saved; NULL: none */
	struct transport *transport; /* to the device that extents are of; NULL: none */
	size_t steps;		     /* of the ways to go: the last one's number */
	LIST(struct step_report) reports;
};

/*
 * Run the plan from the position in the journal, or from the start. @err has what failed first,
 * @unrepaired what failed while putting things back.
 */
enum outcome engine_run(struct engine *engine, struct error *err, struct error *unrepaired);

/*
 * Go the way down and stay there: the journal is kept, and at rest, for engine_bring_back(). A signal,
 * and manner.keep_partial, leave it half-way: OUTCOME_PARTIAL, to be run again.
 */
enum outcome engine_stay_down(struct engine *engine, struct error *err, struct error *unrepaired);

/* Go the way up of such a journal, which is over then. OUTCOME_DONE, or what stands in the way. */
enum outcome engine_bring_back(struct engine *engine, struct error *err);

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
void engine_part(struct engine *engine, const struct step *step, const struct part *part);

/* The operation failed for @why: run the hooks that are there for that. */
void hooks_failure(struct engine *engine, enum outcome outcome, const struct error *why);

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
	step_load_module, step_set_control, step_clear_status, step_run_hooks, step_stop_demotion,
	step_stop_users, step_save_contents, step_disable_namespace, step_move_pages,
	step_convert_dax, step_arrange_dax, step_load_contents, step_enable_namespace,
	step_release_demotion, step_shrink_pools, step_restore_pools, step_unbind_function,
	step_bind_function, step_answer_batch, step_release_extents, step_clear_records;

#endif
