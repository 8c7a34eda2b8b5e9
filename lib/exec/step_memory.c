/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory blocks: kept offline when new and free of demoted pages, offlined from the highest, onlined
 * in their old zone.
 */
#include "exec/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "exec/blocks.h"
#include "exec/busy.h"
#include "sys/stop.h"
#include "sys/util.h"

#define MEMORY	 "/sys/devices/system/memory"
#define DEMOTION "/sys/kernel/mm/numa/demotion_enabled"

static const char *const demotion_words[] = {"false", "true"};

static int observe_policy(struct engine *engine, const char *wanted, bool *done, struct error *err)
{
	char policy[32];
	int rc = sys_read(engine->sys, policy, sizeof(policy), MEMORY "/auto_online_blocks");

	*done = strcmp(policy, wanted) == 0;
	return rc ? fail_errno(err, rc, "cannot read " MEMORY "/auto_online_blocks") : 0;
}

/*
 * A kernel that onlines new memory by itself would do it before the device is checked, and Debian's
 * policy would put it into ZONE_NORMAL.
 */
static int observe_hold(struct engine *engine, const struct step *step, bool *done,
			struct error *err)
{
	(void)step;
	return observe_policy(engine, "offline", done, err);
}

static int act_hold(struct engine *engine, const struct step *step, struct error *err)
{
	(void)step;
	return sys_write(engine->sys, err, "offline", MEMORY "/auto_online_blocks");
}

static int observe_release(struct engine *engine, const struct step *step, bool *done,
			   struct error *err)
{
	(void)step;
	return observe_policy(engine, engine->before->auto_online, done, err);
}

static int act_release(struct engine *engine, const struct step *step, struct error *err)
{
	(void)step;
	return sys_write(engine->sys, err, engine->before->auto_online,
			 MEMORY "/auto_online_blocks");
}

const struct step_ops step_hold_new_memory = {observe_hold, act_hold};
const struct step_ops step_release_new_memory = {observe_release, act_release};

/* ---- demotion ---- */

/* -1 if the kernel has none (before Linux 5.15, or without CONFIG_MIGRATION). */
static int observe_demotion(struct engine *engine, int wanted, bool *done, struct error *err)
{
	char now[16];
	int rc = sys_read(engine->sys, now, sizeof(now), DEMOTION);

	*done = wanted < 0 || rc == -ENOENT || strcmp(now, demotion_words[wanted]) == 0;
	return rc && rc != -ENOENT ? fail_errno(err, rc, "cannot read " DEMOTION) : 0;
}

static int set_demotion(struct engine *engine, int wanted, struct error *err)
{
	return sys_write(engine->sys, err, demotion_words[wanted], DEMOTION);
}

static int observe_stop_demotion(struct engine *engine, const struct step *step, bool *done,
				 struct error *err)
{
	(void)step;
	return observe_demotion(engine, 0, done, err);
}

static int act_stop_demotion(struct engine *engine, const struct step *step, struct error *err)
{
	(void)step;
	return set_demotion(engine, 0, err);
}

static int observe_release_demotion(struct engine *engine, const struct step *step, bool *done,
				    struct error *err)
{
	(void)step;
	return observe_demotion(engine, engine->before->system.demotion, done, err);
}

static int act_release_demotion(struct engine *engine, const struct step *step, struct error *err)
{
	(void)step;
	return set_demotion(engine, engine->before->system.demotion, err);
}

const struct step_ops step_stop_demotion = {observe_stop_demotion, act_stop_demotion};
const struct step_ops step_release_demotion = {observe_release_demotion, act_release_demotion};

/* ---- offlining ---- */

static void part_of_blocks(struct engine *engine, const struct step *step, uint64_t done,
			   uint64_t total)
{
	uint64_t size = engine->before->block_size;

	engine_part(engine, step, &(struct part){done * size, total * size, done, total});
}

static const struct dax *dax_of(struct engine *engine, const struct step *step, struct error *err)
{
	const struct dax *dax = host_dax(engine->before, step->object);

	if (dax && engine->before->block_size)
		return dax;
	fail(err, -EINVAL, "the plan names %s, which was not there before", step->object);
	return NULL;
}

static int observe_offline(struct engine *engine, const struct step *step, bool *done,
			   struct error *err)
{
	const struct dax *dax = dax_of(engine, step, err);

	if (!dax)
		return -EINVAL;
	*done = count_blocks(engine, dax).online == 0;
	return 0;
}

/*
 * A page that somebody holds keeps the kernel trying until a signal arrives (Linux 6.12,
 * offline_pages()). So each try is short, and the next block has its turn; tries grow longer. What a
 * try moved away stays away.
 */
#define FIRST_TRY_MS 2000u
#define LAST_TRY_MS  64000u
#define PAUSE_MS     200
/* What the kernel has for itself in a zone other than Movable is not waited for as long. */
#define KERNEL_ZONE_MS 30000

/* Blocks of one dax device on their way. */
struct offlining {
	struct engine *engine;
	const struct step *step;
	const struct dax *dax;
	uint64_t deadline;   /* in now_ms() */
	uint64_t progressed; /* when the last block went offline */
	unsigned int try_ms;
	uint64_t total, gone;	 /* blocks */
	uint64_t left;		 /* online after the last round */
	struct busy_block worst; /* the highest of these */
};

/* The kernel may do it another time. */
static bool is_passing(int rc)
{
	return rc == -EBUSY || rc == -EAGAIN || rc == -ENOMEM || rc == -ETIMEDOUT;
}

static int try_block(struct offlining *run, uint64_t number)
{
	uint64_t now = now_ms(), left = run->deadline > now ? run->deadline - now : 1;
	unsigned int time = left < run->try_ms ? (unsigned int)left : run->try_ms;
	int rc = sys_write_within(run->engine->sys, NULL, time, "offline",
				  MEMORY "/memory%" PRIu64 "/state", number);

	if (!block_is_online(run->engine, number))
		return 0;
	return rc ? rc : -EBUSY;
}

static int note_left(struct offlining *run, uint64_t number, int rc)
{
	if (!run->left++ || rc == -EINTR)
		run->worst = (struct busy_block){number, rc};
	return is_passing(rc) ? 0 : rc;
}

/* Every block that is online has its turn, from the highest down. */
static int offline_round(struct offlining *run)
{
	const struct host *before = run->engine->before;

	run->left = 0;
	for (uint64_t i = dax_whole_blocks(before, run->dax); i-- > 0;) {
		uint64_t number = dax_whole_block(before, run->dax, i);
		int rc;

		if (!block_is_online(run->engine, number))
			continue;
		rc = stop_requested() ? -EINTR : try_block(run, number);
		if (rc)
			rc = note_left(run, number, rc);
		else
			run->progressed = now_ms(), run->gone++;
		if (rc)
			return rc;
		part_of_blocks(run->engine, run->step, run->gone, run->total);
	}
	return 0;
}

static bool is_hopeless(const struct offlining *run)
{
	uint64_t now = now_ms();

	if (now + PAUSE_MS >= run->deadline)
		return true;
	return now - run->progressed >= KERNEL_ZONE_MS &&
	       !block_is_movable(run->engine, run->worst.number);
}

static int offline_all(struct offlining *run, struct error *err)
{
	for (;;) {
		int rc = offline_round(run);

		if (rc == -EINTR)
			return fail(err, rc,
				    "stopped by a signal while memory%" PRIu64
				    " was being offlined",
				    run->worst.number);
		if (!rc && !run->left)
			return 0;
		if (rc || is_hopeless(run))
			return explain_busy(run->engine, run->dax, &run->worst, err);
		run->try_ms = run->try_ms < LAST_TRY_MS ? 2 * run->try_ms : LAST_TRY_MS;
		sleep_ms(PAUSE_MS);
	}
}

static int act_offline(struct engine *engine, const struct step *step, struct error *err)
{
	const struct dax *dax = dax_of(engine, step, err);
	struct offlining run = {engine, step, dax, .try_ms = FIRST_TRY_MS};
	struct block_count left;
	int rc;

	if (!dax)
		return -EINVAL;
	run.progressed = now_ms();
	run.deadline = run.progressed + engine->plan->manner.offline_ms;
	run.total = count_blocks(engine, dax).online;
	rc = offline_all(&run, err);
	if (rc)
		return rc;
	left = count_blocks(engine, dax);
	if (!left.online)
		return 0;
	return fail(err, -EBUSY, "memory%" PRIu64 " of %s went online as we took others offline",
		    left.highest, dax->name);
}

const struct step_ops step_offline_memory = {observe_offline, act_offline};

/* ---- onlining ---- */

/* Blocks that were offline before stay so. */
static bool to_be_online(struct engine *engine, const struct dax *dax, const struct block *block)
{
	return block_online(block) && dax_has_block(engine->before, dax, block);
}

static int observe_online(struct engine *engine, const struct step *step, bool *done,
			  struct error *err)
{
	const struct dax *dax = dax_of(engine, step, err);

	if (!dax)
		return -EINVAL;
	*done = true;
	list_each(block, &engine->before->blocks) {
		char zone[NAME_SIZE];

		if (!to_be_online(engine, dax, block))
			continue;
		sys_read(engine->sys, zone, sizeof(zone), MEMORY "/memory%d/valid_zones",
			 block->number);
		if (!block_is_online(engine, (uint64_t)block->number) ||
		    strcmp(zone, block->zones) != 0)
			*done = false;
	}
	return 0;
}

static int online_block(struct engine *engine, const struct block *block, struct error *err)
{
	bool movable = strcmp(block->zones, "Movable") == 0;
	char zone[NAME_SIZE];
	int rc;

	if (!block_is_online(engine, (uint64_t)block->number)) {
		rc = sys_write(engine->sys, err, movable ? "online_movable" : "online_kernel",
			       MEMORY "/memory%d/state", block->number);
		if (rc)
			return rc;
	}
	rc = sys_read(engine->sys, zone, sizeof(zone), MEMORY "/memory%d/valid_zones",
		      block->number);
	if (rc)
		return fail_errno(err, rc, "cannot read the zone of memory%d", block->number);
	if (strcmp(zone, block->zones) == 0)
		return 0;
	fail(err, -EBUSY, "memory%d is online in zone %s, it was in %s", block->number, zone,
	     block->zones);
	hint(err, "something else onlined it, as a udev rule or a hot-plug daemon: take it "
		  "offline, and go on");
	return -EBUSY;
}

static int act_online(struct engine *engine, const struct step *step, struct error *err)
{
	const struct dax *dax = dax_of(engine, step, err);
	uint64_t total = 0, done = 0;

	if (!dax)
		return -EINVAL;
	list_each(block, &engine->before->blocks)
		total += to_be_online(engine, dax, block);
	list_each(block, &engine->before->blocks) {
		int rc;

		if (!to_be_online(engine, dax, block))
			continue;
		rc = online_block(engine, block, err);
		if (rc)
			return rc;
		done++;
		part_of_blocks(engine, step, done, total);
	}
	return 0;
}

const struct step_ops step_online_memory = {observe_online, act_online};
