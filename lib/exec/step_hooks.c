/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Let the administrator's programs do their part. */
#include "exec/engine.h"

#include "exec/hook_context.h"
#include "sys/util.h"

static int act_run(struct engine *engine, const struct step *step, struct error *err)
{
	return hooks_announce(engine, &(struct hook_context){.event = step->object}, err);
}

const struct step_ops step_run_hooks = {NULL, act_run};

/* Whether they work or not, what failed has failed: that they did not is only reported. */
void hooks_failure(struct engine *engine, enum outcome outcome, const struct error *why)
{
	const struct hook_context context = {
		.event = "failure",
		.outcome = outcome_names[outcome],
		.error = why->text,
	};
	struct step_report *report;
	uint64_t start = now_ms();
	int rc;

	if (!has_hooks(engine->before, "failure"))
		return;
	rc = hooks_announce(engine, &context, NULL);
	report = list_add(&engine->reports);
	report->kind = STEP_RUN_HOOKS;
	report->result = rc ? RESULT_FAILED : RESULT_DONE;
	report->milliseconds = now_ms() - start;
	copy_text(report->object, sizeof(report->object), context.event);
}
