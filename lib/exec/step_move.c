/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of processes are moved away before their memory is taken offline: the kernel would do so
 * while offlining, too, but with one processor, and with the lock of memory hot-plug held.
 */
#include "exec/engine.h"

#include <errno.h>

#include "exec/blocks.h"
#include "exec/move.h"
#include "sys/stop.h"

static void add_node(struct move *move, int number)
{
	list_each(node, &move->nodes)
		if (*node == number)
			return;
	*list_add(&move->nodes) = number;
}

static void add_blocks(struct engine *engine, struct move *move, const struct dax *dax)
{
	const struct host *before = engine->before;

	list_each(block, &before->blocks) {
		if (!dax_has_block(before, dax, block) ||
		    !block_is_online(engine, (uint64_t)block->number))
			continue;
		*list_add(&move->ranges) = (struct move_range){block->start, before->block_size};
		add_node(move, block->node);
	}
}

/* All that the plan takes offline, at once: what leaves one device shall not come to another. */
static void add_ranges(struct engine *engine, struct move *move)
{
	list_each(step, &engine->plan->down) {
		const struct dax *dax = host_dax(engine->before, step->object);

		if (step->kind == STEP_OFFLINE_MEMORY && dax)
			add_blocks(engine, move, dax);
	}
}

struct listener {
	struct engine *engine;
	const struct step *step;
};

static void tell(void *context, uint64_t done, uint64_t total)
{
	struct listener *listener = context;

	engine_part(listener->engine, listener->step, &(struct part){.done = done, .total = total});
}

/* What it can not move is left to the steps that offline: they say what stays, and why. */
static int act_move(struct engine *engine, const struct step *step, struct error *err)
{
	struct listener listener = {engine, step};
	cleanup_move struct move move = {.sys = engine->sys,
					 .progress = tell,
					 .context = &listener};

	add_ranges(engine, &move);
	if (!move.ranges.count)
		return 0;
	move_find_targets(&move, engine->before, engine->plan->manner.to);
	move_run(&move);
	return stop_requested() ? fail(err, -EINTR, "stopped by a signal while pages were moved")
				: 0;
}

const struct step_ops step_move_pages = {NULL, act_move};
