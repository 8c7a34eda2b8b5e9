/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory blocks: kept offline when new, offlined from the highest, onlined in their old zone. */
#include "exec/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "exec/blocks.h"
#include "sys/stop.h"
#include "sys/util.h"

#define MEMORY "/sys/devices/system/memory"

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

/* Say why a block stays: what the kernel answered, and which zone it is in. */
static int explain_busy(struct engine *engine, uint64_t number, int rc, struct error *err)
{
	char zone[NAME_SIZE];

	if (rc == -EINTR)
		return fail(err, rc,
			    "stopped by a signal while memory%" PRIu64 " was being offlined",
			    number);
	sys_read(engine->sys, zone, sizeof(zone), MEMORY "/memory%" PRIu64 "/valid_zones", number);
	fail(err, rc, "memory%" PRIu64 " (0x%" PRIx64 ", zone %s) can not be offlined: %s", number,
	     number * engine->before->block_size, zone[0] ? zone : "unknown",
	     rc == -ETIMEDOUT ? "its pages did not move away in time" : strerror(-rc));
	if (strcmp(zone, "Movable") == 0)
		hint(err,
		     "something pins its pages (direct I/O, a pipe, RDMA, VFIO); end it and try "
		     "again");
	else
		hint(err,
		     "kernel pages in zone %s do not move: end the programs they serve, or reboot",
		     zone);
	return rc;
}

/*
 * The kernel migrates the pages away and answers EBUSY or EAGAIN for what may pass (a page in
 * writeback, a short pin), so try again until the time is up.
 */
static int offline_block(struct engine *engine, uint64_t number, uint64_t deadline,
			 struct error *err)
{
	for (;;) {
		uint64_t now = now_ms();
		unsigned int left = deadline > now ? (unsigned int)(deadline - now) : 1;
		int rc = sys_write_within(engine->sys, NULL, left, "offline",
					  MEMORY "/memory%" PRIu64 "/state", number);

		if (!block_is_online(engine, number))
			return 0;
		if (!rc)
			rc = -EBUSY;
		if ((rc != -EBUSY && rc != -EAGAIN) || now_ms() + 200 >= deadline ||
		    stop_requested())
			return explain_busy(engine, number, stop_requested() ? -EINTR : rc, err);
		sleep_ms(200);
	}
}

/* One pass from the highest block down. @online is for the progress. */
static int offline_all(struct engine *engine, const struct step *step, const struct dax *dax,
		       uint64_t online, struct error *err)
{
	uint64_t deadline = now_ms() + engine->plan->manner.offline_ms, done = 0;

	for (uint64_t i = dax_whole_blocks(engine->before, dax); i-- > 0;) {
		uint64_t number = dax_whole_block(engine->before, dax, i);
		int rc;

		if (!block_is_online(engine, number))
			continue;
		rc = stop_requested() ? explain_busy(engine, number, -EINTR, err)
				      : offline_block(engine, number, deadline, err);
		if (rc)
			return rc;
		done++;
		part_of_blocks(engine, step, done, online);
	}
	return 0;
}

static int act_offline(struct engine *engine, const struct step *step, struct error *err)
{
	const struct dax *dax = dax_of(engine, step, err);
	struct block_count left;
	int rc;

	if (!dax)
		return -EINVAL;
	rc = offline_all(engine, step, dax, count_blocks(engine, dax).online, err);
	if (rc)
		return rc;
	left = count_blocks(engine, dax);
	if (!left.online)
		return 0;
	return fail(err, -EBUSY, "memory%" PRIu64 " of %s went online as we took others offline",
		    left.highest, dax->name);
}

const struct step_ops step_offline_memory = {observe_offline, act_offline};

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
	hint(err, "something else onlined it: a udev rule or a memory hot-plug daemon");
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
