/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools of huge pages. Offlining dissolves the free pages of a node's pool, and nothing fills it
 * again when the node is back. Those in use move into pages of another node, which stay in its pool
 * when nobody uses them any more (Linux, dissolve_free_hugetlb_folios(), move_hugetlb_state()).
 */
#include "exec/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "sys/util.h"

#define POOL "/sys/devices/system/node/node%d/hugepages/hugepages-%" PRIu64 "kB"

/* Some or all of its memory was to be taken offline. */
static bool is_emptied(const struct engine *engine, const struct node *node)
{
	list_each(step, &engine->plan->down) {
		const struct dax *dax = host_dax(engine->before, step->object);

		if (step->kind == STEP_OFFLINE_MEMORY && dax && dax->node == node->number)
			return true;
	}
	return false;
}

/* A node that is not there has no pages. */
static int read_pages(struct engine *engine, const struct node *node, const struct huge_pool *pool,
		      uint64_t *pages, struct error *err)
{
	uint64_t size = pool->page_size / 1024;
	struct huge_pool now = {0};
	int rc = sys_read_u64(engine->sys, &now.total, POOL "/nr_hugepages", node->number, size);

	if (!rc)
		rc = sys_read_u64(engine->sys, &now.surplus, POOL "/surplus_hugepages",
				  node->number, size);
	*pages = rc ? 0 : huge_pool_size(&now);
	if (!rc || rc == -ENOENT)
		return 0;
	return fail_errno(err, rc, "cannot read the pool of huge pages of node%d", node->number);
}

/* Between evacuate and restore, pools of other nodes are their administrator's own matter. */
static bool may_shrink(const struct engine *engine, const struct step *step)
{
	return step->kind == STEP_SHRINK_POOLS || !engine->journal || !engine->journal->complete;
}

static int compare_pool(struct engine *engine, const struct step *step, const struct node *node,
			const struct huge_pool *pool, bool *differs, struct error *err)
{
	uint64_t pages;
	int rc = read_pages(engine, node, pool, &pages, err);

	if (is_emptied(engine, node))
		*differs = step->kind == STEP_RESTORE_POOLS && pages < huge_pool_size(pool);
	else
		*differs = may_shrink(engine, step) && pages > huge_pool_size(pool);
	return rc;
}

static int observe_pools(struct engine *engine, const struct step *step, bool *done,
			 struct error *err)
{
	*done = true;
	list_each(node, &engine->before->nodes)
		list_each(pool, &node->huge_pools) {
			bool differs;
			int rc = compare_pool(engine, step, node, pool, &differs, err);

			if (rc)
				return rc;
			*done = *done && !differs;
		}
	return 0;
}

/* The kernel takes any size, and what it can not have is no error to it. */
static int check_filled(struct engine *engine, const struct node *node,
			const struct huge_pool *pool, struct error *err)
{
	uint64_t pages, wanted = huge_pool_size(pool);
	int rc = read_pages(engine, node, pool, &pages, err);
	char size[16];

	if (rc || pages >= wanted)
		return rc;
	fail(err, -ENOMEM, "node%d has %" PRIu64 " of its %" PRIu64 " huge pages of %s again",
	     node->number, pages, wanted, human_size(size, pool->page_size));
	hint(err, "what uses node%d leaves no room for more: stop it, and go on", node->number);
	return -ENOMEM;
}

/* What is in use beyond the new size becomes surplus, and goes when it is free (Linux,
 * set_max_huge_pages()). */
static int resize(struct engine *engine, const struct node *node, const struct huge_pool *pool,
		  struct error *err)
{
	char text[32];
	int rc;

	snprintf(text, sizeof(text), "%" PRIu64, huge_pool_size(pool));
	rc = sys_write(engine->sys, err, text, POOL "/nr_hugepages", node->number,
		       pool->page_size / 1024);
	return rc ? rc : check_filled(engine, node, pool, err);
}

static int act_pools(struct engine *engine, const struct step *step, struct error *err)
{
	list_each(node, &engine->before->nodes)
		list_each(pool, &node->huge_pools) {
			bool differs = false;
			int rc = compare_pool(engine, step, node, pool, &differs, err);

			if (!rc && differs)
				rc = resize(engine, node, pool, err);
			if (rc)
				return rc;
		}
	return 0;
}

const struct step_ops step_shrink_pools = {observe_pools, act_pools};
const struct step_ops step_restore_pools = {observe_pools, act_pools};
