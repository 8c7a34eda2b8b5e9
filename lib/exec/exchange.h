/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Something is said to a device that can not be taken back: an answer to a batch, a release of extents. */
#ifndef EXEC_EXCHANGE_H
#define EXEC_EXCHANGE_H

#include "exec/engine.h"

/*
 * Run the plan of plan_answer() or plan_release(), for the pieces in the journal, or go on with it where
 * that says that it was cut short. Once it was sent no signal stops it. OUTCOME_PUT_BACK: nothing was sent, the journal is
 * gone. OUTCOME_PARTIAL: it was sent, or may have been, and the journal stays.
 */
enum outcome exchange_run(struct engine *engine, struct error *err);

#endif
