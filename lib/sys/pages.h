/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system call that moves pages, which libc does not have. */
#ifndef SYS_PAGES_H
#define SYS_PAGES_H

/*
 * Move the pages at @count addresses of a process to the @nodes, those it shares with others as well.
 * 0; how many did not move; or -errno. @status is the node that a page is on then, or -errno. Once some
 * have not moved, the rest is not tried, and their @status is left as it was.
 */
long pages_move(int pid, unsigned long count, void *const *addresses, const int *nodes,
		int *status);

#endif
