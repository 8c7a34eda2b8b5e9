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
	[STEP_HOLD_NEW_MEMORY] = &step_hold_new_memory,
	[STEP_OFFLINE_MEMORY] = &step_offline_memory,
	[STEP_UNBIND_DAX] = &step_unbind_dax,
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
	[STEP_BIND_DAX] = &step_bind_dax,
	[STEP_ONLINE_MEMORY] = &step_online_memory,
	[STEP_RELEASE_NEW_MEMORY] = &step_release_new_memory,
	[STEP_SET_CONTROL] = &step_set_control,
	[STEP_CLEAR_STATUS] = &step_clear_status,
};

void engine_free(struct engine *engine)
{
	free_pointer(&engine->reports.items);
}

void engine_part(struct engine *engine, const struct step *step, uint64_t done, uint64_t total)
{
	if (engine->progress && engine->progress->part)
		engine->progress->part(engine->progress, step, done, total);
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

static int go_down(struct engine *engine, struct error *err)
{
	const struct plan *plan = engine->plan;

	for (size_t i = first_step_down(engine); i < plan->down.count; i++) {
		int rc = stop_requested() ? fail(err, -EINTR, "stopped by a signal")
					  : note_position(engine, DIRECTION_DOWN, i, err);

		if (!rc)
			rc = run_step(engine, &plan->down.items[i], i + 1,
				      plan->down.count + plan->up.count, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int run_step_up(struct engine *engine, size_t i, struct error *err)
{
	const struct plan *plan = engine->plan;

	return run_step(engine, &plan->up.items[i], plan->down.count + i + 1,
			plan->down.count + plan->up.count, err);
}

/*
 * From the first step always: each looks whether it is done, and the world may have changed since
 * an earlier run was cut short. A signal does not stop the way up, nor does a disk that is full:
 * half there helps nobody. What the whole host shares is given back even if a step fails.
 */
static int go_up(struct engine *engine, struct error *err)
{
	const struct step_list *up = &engine->plan->up;
	int rc = 0;

	for (size_t i = 0; i < up->count; i++) {
		int one;

		if (rc && up->items[i].kind != STEP_RELEASE_NEW_MEMORY)
			continue;
		note_position(engine, DIRECTION_UP, i, NULL);
		one = run_step_up(engine, i, rc ? NULL : err);
		rc = rc ? rc : one;
	}
	return rc;
}

/* The kernel can not go on before it is booted anew: only give back what the host shares. */
static enum outcome give_up(struct engine *engine)
{
	const struct step_list *up = &engine->plan->up;

	for (size_t i = 0; i < up->count; i++)
		if (up->items[i].kind == STEP_RELEASE_NEW_MEMORY)
			run_step_up(engine, i, NULL);
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

enum outcome engine_run(struct engine *engine, struct error *err, struct error *unrepaired)
{
	if (engine->journal && engine->journal->direction == DIRECTION_UP)
		return finish(engine, err, unrepaired);
	if (go_down(engine, err) == 0)
		return bring_up(engine, true, err);
	if (engine->journal) {
		engine->journal->undoing = true;
		copy_text(engine->journal->why, sizeof(engine->journal->why), err->text);
	}
	if (engine->progress && engine->progress->turn)
		engine->progress->turn(engine->progress, err);
	return bring_up(engine, false, unrepaired);
}

enum outcome engine_abort(struct engine *engine, struct error *err)
{
	if (engine->journal)
		engine->journal->undoing = true;
	return bring_up(engine, false, err);
}

int engine_down(struct engine *engine, struct error *err)
{
	return go_down(engine, err);
}

int engine_up(struct engine *engine, struct error *err)
{
	int rc = go_up(engine, err);

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
