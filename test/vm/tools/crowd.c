// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crowd PROCESSES MAPPINGS DEVICE [FILE] - processes that map a dax device
 *
 * Each has DEVICE mapped MAPPINGS times; with FILE once, and FILE the other times, private as a library is. Nothing of
 * it is ever touched. Prints "ready" when all are there, and ends them when it ends itself.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LENGTH (2 << 20) /* the alignment of most dax devices */

/* All at offset 0, so that no two of them become one. */
static void map(const char *path, int kind, long times)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	while (times-- > 0)
		if (mmap(NULL, LENGTH, PROT_READ, kind, fd, 0) == MAP_FAILED)
			err(1, "mmap of %s", path);
	close(fd);
}

int main(int argc, char **argv)
{
	long processes, mappings;

	if (argc < 4)
		errx(2, "usage: crowd PROCESSES MAPPINGS DEVICE [FILE]");
	processes = atol(argv[1]);
	mappings = atol(argv[2]);
	map(argv[3], MAP_SHARED, argc > 4 ? 1 : mappings);
	if (argc > 4)
		map(argv[4], MAP_PRIVATE, mappings - 1);
	while (processes-- > 1) {
		pid_t child = fork();

		if (child < 0)
			err(1, "fork");
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
