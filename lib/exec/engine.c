/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/engine.h"

#include <errno.h>

#include "sys/stop.h"
#include "sys/util.h"

const char *const outcome_names[] = {"done", "put-back", "partial", "reboot-needed", NULL};
const char *const step_result_names[] = {"done", "already", "failed", NULL};

/* clang-format off */
const struct record step_report_record = { sizeof(struct step_report), (const struct field[]){
	ENUM(struct step_report, kind, step_names),
	TEXT(struct step_report, object),
	ENUM(struct step_report, result, step_result_names),
	U64(struct step_report, milliseconds),
	{} } };
/* clang-format on */

static const struct step_ops *const kinds[STEP_KINDS] = {
	[STEP_RUN_HOOKS] = &step_run_hooks,
	[STEP_HOLD_NEW_MEMORY] = &step_hold_new_memory,
	[STEP_STOP_DEMOTION] = &step_stop_demotion,
	[STEP_STOP_USERS] = &step_stop_users,
	[STEP_SAVE_CONTENTS] = &step_save_contents,
	[STEP_DISABLE_NAMESPACE] = &step_disable_namespace,
	[STEP_MOVE_PAGES] = &step_move_pages,
	[STEP_OFFLINE_MEMORY] = &step_offline_memory,
	[STEP_SHRINK_POOLS] = &step_shrink_pools,
	[STEP_UNBIND_DAX] = &step_unbind_dax,
	[STEP_CONVERT_DAX] = &step_convert_dax,
	[STEP_DISABLE_REGION] = &step_disable_region,
	[STEP_DELETE_REGION] = &step_delete_region,
	[STEP_MARK_DEVICE] = &step_mark_device,
	[STEP_REMOVE_FUNCTION] = &step_remove_function,
	[STEP_RESET_PORT] = &step_reset_port,
	[STEP_RESCAN_PORT] = &step_rescan_port,
	[STEP_CHECK_RESET] = &step_check_reset,
	[STEP_LOAD_MODULE] = &step_load_module,
	[STEP_CREATE_REGION] = &step_create_region,
	[STEP_CHECK_DECODER] = &step_check_decoder,
	[STEP_ENABLE_REGION] = &step_enable_region,
	[STEP_ARRANGE_DAX] = &step_arrange_dax,
	[STEP_BIND_DAX] = &step_bind_dax,
	[STEP_LOAD_CONTENTS] = &step_load_contents,
	[STEP_ONLINE_MEMORY] = &step_online_memory,
	[STEP_ENABLE_NAMESPACE] = &step_enable_namespace,
	[STEP_RESTORE_POOLS] = &step_restore_pools,
	[STEP_RELEASE_DEMOTION] = &step_release_demotion,
	[STEP_RELEASE_NEW_MEMORY] = &step_release_new_memory,
	[STEP_SET_CONTROL] = &step_set_control,
	[STEP_CLEAR_STATUS] = &step_clear_status,
	[STEP_UNBIND_FUNCTION] = &step_unbind_function,
	[STEP_BIND_FUNCTION] = &step_bind_function,
	[STEP_ANSWER_BATCH] = &step_answer_batch,
	[STEP_RELEASE_EXTENTS] = &step_release_extents,
	[STEP_CLEAR_RECORDS] = &step_clear_records,
};

void engine_free(struct engine *engine)
{
	free_pointer(&engine->reports.items);
	watch_free(&engine->watch);
}

void engine_part(struct engine *engine, const struct step *step, const struct part *part)
{
	if (engine->progress && engine->progress->part)
		engine->progress->part(engine->progress, step, part);
}

static int observe_act_verify(struct engine *engine, const struct step *step,
			      enum step_result *result, struct error *err)
{
	const struct step_ops *ops = kinds[step->kind];
	bool done = false;
	int rc = ops->observe ? ops->observe(engine, step, &done, err) : 0;

	*result = RESULT_FAILED;
	if (!rc && done)
		*result = RESULT_ALREADY;
	if (rc || done)
		return rc;
	rc = ops->act(engine, step, err);
	if (!rc && ops->observe) {
		rc = ops->observe(engine, step, &done, err);
		if (!rc && !done)
			rc = fail(err, -EIO, "%s: the kernel reported success but nothing changed",
				  step->text);
	}
	if (!rc)
		*result = RESULT_DONE;
	return rc;
}

static int run_step(struct engine *engine, const struct step *step, size_t number, size_t total,
		    struct error *err)
{
	struct step_report *report = list_add(&engine->reports);
	enum step_result result;
	uint64_t start = now_ms();
	int rc;

	if (engine->progress && engine->progress->begin)
		engine->progress->begin(engine->progress, step, number, total);
	rc = observe_act_verify(engine, step, &result, err);
	report->kind = step->kind;
	report->result = result;
	report->milliseconds = now_ms() - start;
	copy_text(report->object, sizeof(report->object), step->object);
	if (engine->progress && engine->progress->end)
		engine->progress->end(engine->progress, step, report);
	return rc;
}

static int note_position(struct engine *engine, enum direction direction, size_t position,
			 struct error *err)
{
	if (!engine->journal)
		return 0;
	engine->journal->direction = (int)direction;
	engine->journal->position = position;
	return journal_save(engine->sys, engine->journal, err);
}

static size_t first_step_down(const struct engine *engine)
{
	return engine->journal && engine->journal->direction == DIRECTION_DOWN
		       ? engine->journal->position
		       : 0;
}

/*
 * After the run was cut short: what was held back was given back then, and is to be once more; a device
 * may have got users, and other contents, since.
 */
static bool may_be_undone(enum step_kind kind)
{
	return step_holds(kind) || step_releases(kind) || kind == STEP_STOP_USERS ||
	       kind == STEP_SAVE_CONTENTS;
}

static int go_down(struct engine *engine, struct error *err)
{
	const struct plan *plan = engine->plan;
	size_t first = first_step_down(engine);

	for (size_t i = 0; i < plan->down.count; i++) {
		int rc = stop_requested() ? fail(err, -EINTR, "stopped by a signal") : 0;

		if (!rc && i < first && !may_be_undone(plan->down.items[i].kind))
			continue;
		if (!rc && i >= first)
			rc = note_position(engine, DIRECTION_DOWN, i, err);
		if (!rc)
			rc = run_step(engine, &plan->down.items[i], i + 1, engine->steps, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int run_step_up(struct engine *engine, size_t i, struct error *err)
{
	const struct plan *plan = engine->plan;

	return run_step(engine, &plan->up.items[i], engine->steps - plan->up.count + i + 1,
			engine->steps, err);
}

/* What failed is put back whatever a hook has against it. */
static bool is_put_back_without(const struct engine *engine, const struct step *step)
{
	return step->kind == STEP_RUN_HOOKS && engine->journal && engine->journal->undoing;
}

/*
 * From the first step always: each looks whether it is done, and the world may have changed since
 * an earlier run was cut short. A signal does not stop the way up unless that is an operation of its
 * own, nor does a disk that is full: half there helps nobody. What the whole host shares is given back
 * even if a step fails.
 */
static int go_up(struct engine *engine, struct error *err)
{
	const struct step_list *up = &engine->plan->up;
	int rc = 0;

	for (size_t i = 0; i < up->count; i++) {
		bool matters;
		int one;

		if (!rc && engine->stoppable && stop_requested())
			rc = fail(err, -EINTR, "stopped by a signal");
		if (rc && !step_releases(up->items[i].kind))
			continue;
		if (!rc)
			note_position(engine, DIRECTION_UP, i, NULL);
		matters = !rc && !is_put_back_without(engine, &up->items[i]);
		one = run_step_up(engine, i, matters ? err : NULL);
		if (matters)
			rc = one;
	}
	return rc;
}

/* Nothing is brought up, but what the whole host shares is given back. */
static void release(struct engine *engine)
{
	const struct step_list *up = &engine->plan->up;

	for (size_t i = 0; i < up->count; i++)
		if (step_releases(up->items[i].kind))
			run_step_up(engine, i, NULL);
}

/* The kernel can not go on before it is booted anew. */
static enum outcome give_up(struct engine *engine)
{
	release(engine);
	if (engine->journal) {
		engine->journal->reboot_needed = true;
		journal_save(engine->sys, engine->journal, NULL);
	}
	return OUTCOME_REBOOT;
}

/* What is over needs no journal; what is not keeps it, for --resume. */
static enum outcome over(struct engine *engine, enum outcome outcome)
{
	if (engine->journal && (outcome == OUTCOME_DONE || outcome == OUTCOME_PUT_BACK))
		journal_remove(engine->sys, engine->journal, NULL);
	return outcome;
}

static enum outcome bring_up(struct engine *engine, bool down, struct error *err)
{
	if (engine->reboot_needed)
		return give_up(engine);
	if (go_up(engine, err))
		return engine->reboot_needed ? give_up(engine) : OUTCOME_PARTIAL;
	return over(engine, down ? OUTCOME_DONE : OUTCOME_PUT_BACK);
}

/* What a journal says of a run that was cut short on its way up, or at its end. */
static enum outcome finish(struct engine *engine, struct error *err, struct error *unrepaired)
{
	const struct journal *journal = engine->journal;

	if (journal->undoing)
		fail(err, -EIO, "the recovery failed before it was cut short: %s",
		     journal->why[0] ? journal->why : "it was aborted");
	return bring_up(engine, !journal->undoing, journal->undoing ? unrepaired : err);
}

/* The way down failed for @why: put everything back. */
static enum outcome turn(struct engine *engine, const struct error *why, struct error *unrepaired)
{
	if (engine->journal) {
		engine->journal->undoing = true;
		copy_text(engine->journal->why, sizeof(engine->journal->why), why->text);
	}
	if (engine->progress && engine->progress->turn)
		engine->progress->turn(engine->progress, why);
	return bring_up(engine, false, unrepaired);
}

static void count_steps(struct engine *engine, bool down, bool up)
{
	engine->steps = (down ? engine->plan->down.count : 0) + (up ? engine->plan->up.count : 0);
}

/* It is known what became of it: tell those who have to know that it was not what was asked for. */
static enum outcome conclude(struct engine *engine, enum outcome outcome, const struct error *err)
{
	if (outcome != OUTCOME_DONE)
		hooks_failure(engine, outcome, err);
	return outcome;
}

static enum outcome down_and_up(struct engine *engine, struct error *err, struct error *unrepaired)
{
	if (engine->journal && engine->journal->direction == DIRECTION_UP)
		return finish(engine, err, unrepaired);
	if (go_down(engine, err) == 0)
		return bring_up(engine, true, err);
	return turn(engine, err, unrepaired);
}

/* What the kernel can not do it will not do the next time either. */
static bool awaits_boot(const struct engine *engine, struct error *err)
{
	const struct journal *journal = engine->journal;

	if (!journal || !journal->reboot_needed || journal_is_of_old_boot(engine->sys, journal))
		return false;
	fail(err, -EBUSY, "the kernel has to be booted anew first");
	return true;
}

enum outcome engine_run(struct engine *engine, struct error *err, struct error *unrepaired)
{
	if (engine->resumed && awaits_boot(engine, err))
		return OUTCOME_REBOOT;
	count_steps(engine, true, true);
	return conclude(engine, down_and_up(engine, err, unrepaired), err);
}

/* Down is where it shall be. */
static enum outcome rest(struct engine *engine, struct error *err)
{
	engine->journal->complete = true;
	engine->journal->position = engine->plan->down.count;
	return journal_save(engine->sys, engine->journal, err) ? OUTCOME_PARTIAL : OUTCOME_DONE;
}

static enum outcome down(struct engine *engine, struct error *err, struct error *unrepaired)
{
	int rc = go_down(engine, err);

	if (!rc)
		return rest(engine, err);
	engine->steps += engine->plan->up.count;
	if (engine->reboot_needed)
		return give_up(engine);
	if (rc != -EINTR && !engine->plan->manner.keep_partial)
		return turn(engine, err, unrepaired);
	if (!engine->reports.count && !engine->resumed)
		return OUTCOME_PUT_BACK; /* nothing was begun */
	release(engine);
	return OUTCOME_PARTIAL;
}

enum outcome engine_stay_down(struct engine *engine, struct error *err, struct error *unrepaired)
{
	if (awaits_boot(engine, err))
		return OUTCOME_REBOOT;
	count_steps(engine, true, false);
	return conclude(engine, down(engine, err, unrepaired), err);
}

enum outcome engine_bring_back(struct engine *engine, struct error *err)
{
	if (awaits_boot(engine, err))
		return OUTCOME_REBOOT;
	count_steps(engine, false, true);
	engine->stoppable = true;
	return conclude(engine, bring_up(engine, true, err), err);
}

enum outcome engine_abort(struct engine *engine, struct error *err)
{
	enum outcome outcome;

	if (awaits_boot(engine, err))
		return OUTCOME_REBOOT;
	count_steps(engine, true, true);
	if (engine->journal)
		engine->journal->undoing = true;
	outcome = bring_up(engine, false, err);
	return outcome == OUTCOME_PUT_BACK ? outcome : conclude(engine, outcome, err);
}

int engine_down(struct engine *engine, struct error *err)
{
	count_steps(engine, true, true);
	return go_down(engine, err);
}

int engine_up(struct engine *engine, struct error *err)
{
	int rc;

	count_steps(engine, true, true);
	rc = go_up(engine, err);
	if (!rc)
		over(engine, OUTCOME_DONE);
	return rc;
}

void engine_run_each(struct engine *engine, struct error *err)
{
	const struct step_list *steps = &engine->plan->down;

	for (size_t i = 0; i < steps->count && !stop_requested(); i++)
		run_step(engine, &steps->items[i], i + 1, steps->count, err);
}
