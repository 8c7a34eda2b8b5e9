/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Change the control register of a root port's Timeout & Isolation capability, clear its status. */
#include "exec/engine.h"

#include <errno.h>

#include "collect/ownership.h"
#include "exec/guard.h"
#include "policy/settings.h"
#include "regs/isolation.h"

static int open_port(struct engine *engine, const struct step *step, struct isolation_port **port,
		     struct isolation_registers *registers, struct error *err)
{
	int rc = isolation_open(engine->sys, step->object, port, err);

	if (rc == -ENOENT)
		return fail(err, -ENODEV, "%s has no Timeout & Isolation capability", step->object);
	return rc ? rc : isolation_read(*port, registers, err);
}

static int observe_control(struct engine *engine, const struct step *step, bool *done,
			   struct error *err)
{
	cleanup_isolation struct isolation_port *port = NULL;
	struct isolation_registers registers;
	int rc = open_port(engine, step, &port, &registers, err);

	*done = !rc && (registers.control & step->mask) == step->value;
	return rc;
}

static int act_control(struct engine *engine, const struct step *step, struct error *err)
{
	cleanup_isolation struct isolation_port *port = NULL;
	struct isolation_registers registers;
	int rc = open_port(engine, step, &port, &registers, err);
	uint32_t armed = rc ? 0
			    : (registers.control ^ (uint32_t)step->value) & (uint32_t)step->mask &
					 ISOLATION_CONTROL_ANY_ISOLATION;

	if (armed)
		rc = refuse_now(engine, step->object, assess_quiesced, err);
	if (!rc)
		rc = ownership_note_found(engine->sys, step->object, registers.control, err);
	if (!rc)
		rc = isolation_write_control(port, (uint32_t)step->mask, (uint32_t)step->value,
					     err);
	if (!rc && armed)
		rc = ownership_note_ours(engine->sys, step->object,
					 (ownership_ours(engine->sys, step->object) & ~armed) |
						 ((uint32_t)step->value & armed),
					 err);
	return rc;
}

const struct step_ops step_set_control = {observe_control, act_control};

static int observe_status(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	cleanup_isolation struct isolation_port *port = NULL;
	struct isolation_registers registers;
	int rc = open_port(engine, step, &port, &registers, err);

	*done = !rc && !(registers.status & step->mask);
	return rc;
}

static int act_status(struct engine *engine, const struct step *step, struct error *err)
{
	cleanup_isolation struct isolation_port *port = NULL;
	struct isolation_registers registers;
	int rc = open_port(engine, step, &port, &registers, err);

	if (!rc && (step->mask & registers.status & ISOLATION_STATUS_ANY_ISOLATED))
		rc = refuse_now(engine, step->object, assess_quiesced, err);
	return rc ? rc : isolation_clear_status(port, (uint32_t)step->mask, err);
}

const struct step_ops step_clear_status = {observe_status, act_status};
