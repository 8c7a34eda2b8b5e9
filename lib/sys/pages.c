/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/pages.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

long pages_move(int pid, unsigned long count, void *const *addresses, const int *nodes, int *status)
{
	long rc = syscall(SYS_move_pages, pid, count, addresses, nodes, status, MPOL_MF_MOVE_ALL);

	return rc < 0 ? -errno : rc;
}
