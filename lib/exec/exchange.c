/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/exchange.h"

/* Nothing was sent; or nothing was to be, and the same can be tried again. */
static enum outcome drop(struct engine *engine)
{
	journal_remove(engine->sys, engine->journal, NULL);
	return OUTCOME_PUT_BACK;
}

enum outcome exchange_run(struct engine *engine, struct error *err)
{
	struct journal *journal = engine->journal;

	if (journal->direction == DIRECTION_DOWN && engine_down(engine, err))
		return journal->sent == SENT_NO ? drop(engine) : OUTCOME_PARTIAL;
	if (engine_up(engine, err) == 0)
		return OUTCOME_DONE;
	return engine->plan->down.count ? OUTCOME_PARTIAL : drop(engine);
}
