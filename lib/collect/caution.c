/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/caution.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "regs/isolation.h"
#include "sys/util.h"

#define MAX_PAGES 8 /* at once */

bool any_port_isolated(const struct host *host)
{
	list_each(port, &host->root_ports)
		if (port->status & ISOLATION_STATUS_ANY_ISOLATED)
			return true;
	return false;
}

void caution_of(const struct host *host, struct caution *caution)
{
	*caution = (struct caution){.isolated = any_port_isolated(host), .nodes_known = true};
	list_each(block, &host->blocks) {
		if (!block_online(block))
			continue;
		if (block->node < 0)
			caution->nodes_known = false;
		else if (!caution_names_node(caution, block->node))
			*list_add(&caution->nodes) = block->node;
	}
}

void caution_free(struct caution *caution)
{
	free(caution->nodes.items);
}

bool caution_names_node(const struct caution *caution, int node)
{
	list_each(one, &caution->nodes)
		if (*one == node)
			return true;
	return false;
}

/*
 * move_pages(2) without nodes only tells where pages are. -EFAULT stands for no mapping and for the
 * zero page, which are nobody's memory; -ENOENT for a page that is swapped out, perhaps compressed
 * into memory of ours, and for one of device dax.
 */
static bool is_elsewhere(const struct caution *caution, int status)
{
	return status >= 0 ? !caution_names_node(caution, status) : status == -EFAULT;
}

bool caution_allows(const struct caution *caution, int pid, const uint64_t *addresses, size_t count)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	void *pages[MAX_PAGES];
	int status[MAX_PAGES];

	if (caution->isolated || !caution->nodes_known || count > MAX_PAGES)
		return false;
	for (size_t i = 0; i < count; i++)
		pages[i] = (void *)(uintptr_t)(addresses[i] & ~(page - 1));
	if (syscall(SYS_move_pages, pid, count, pages, NULL, status, 0))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!is_elsewhere(caution, status[i]))
			return false;
	return true;
}
