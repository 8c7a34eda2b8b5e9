// SPDX-License-Identifier: GPL-2.0-or-later
/* huge NODE PAGES - use huge pages of 2 MiB from the pool of one NUMA node, until killed */
#define _GNU_SOURCE
#include <err.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HUGE_PAGE (2ul << 20)

int main(int argc, char **argv)
{
	unsigned long mask, size;
	char *data;

	if (argc != 3)
		errx(2, "usage: huge NODE PAGES");
	mask = 1ul << atoi(argv[1]);
	size = atoi(argv[2]) * HUGE_PAGE;
	data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
		    -1, 0);
	if (data == MAP_FAILED)
		err(1, "mmap");
	if (syscall(SYS_mbind, data, size, MPOL_BIND, &mask, 8 * sizeof(mask), 0))
		err(1, "mbind");
	for (unsigned long at = 0; at < size; at += HUGE_PAGE)
		data[at] = 1;
	printf("uses %s huge pages of node %s\n", argv[2], argv[1]);
	fflush(stdout);
	pause();
	return 0;
}
