// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bound NODE PROGRAM [ARGUMENT...] - run it with all its memory on one NUMA node
 *
 * That is its stack with the arguments too: the kernel copies them while the policy is already in force.
 */
#define _GNU_SOURCE
#include <err.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long mask;

	if (argc < 3)
		errx(2, "usage: bound NODE PROGRAM [ARGUMENT...]");
	mask = 1ul << atoi(argv[1]);
	if (syscall(SYS_set_mempolicy, MPOL_BIND, &mask, 8 * sizeof(mask)))
		err(1, "set_mempolicy");
	execvp(argv[2], argv + 2);
	err(1, "%s", argv[2]);
}
