/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unmovable NODE - fill a pipe with pages of that NUMA node, say so, and keep them until killed
 *
 * The pages of a pipe are the kernel's own and can not be migrated. Page tables would do as well, but
 * QEMU up to 10.0 dies when it walks a page table in CXL memory: so nothing else is allocated while
 * the policy binds us.
 */
#include <err.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char page[4096];
	unsigned long mask;
	int ends[2], pages = 0;

	if (argc != 2)
		errx(2, "usage: unmovable NODE");
	mask = 1ul << atoi(argv[1]);
	memset(page, 1, sizeof(page));
	if (pipe(ends))
		err(1, "pipe");
	if (syscall(SYS_set_mempolicy, MPOL_BIND, &mask, 8 * sizeof(mask)))
		err(1, "set_mempolicy");
	while (pages < 16 && write(ends[1], page, sizeof(page)) == sizeof(page))
		pages++;
	if (syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0))
		err(1, "set_mempolicy");
	printf("%d unmovable pages on node %s\n", pages, argv[1]);
	fflush(stdout);
	pause();
	return 0;
}
