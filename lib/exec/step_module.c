/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Load the driver that a later step binds to. */
#include "exec/engine.h"

#include "sys/module.h"

static int observe(struct engine *engine, const struct step *step, bool *done, struct error *err)
{
	(void)engine;
	return module_is_there(step->object, done, err);
}

static int act(struct engine *engine, const struct step *step, struct error *err)
{
	engine->dax_awaited = false; /* a driver that comes takes what it finds */
	return module_load(step->object, err);
}

const struct step_ops step_load_module = {observe, act};
