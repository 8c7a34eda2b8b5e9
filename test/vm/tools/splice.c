/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * splice NODE KIB anon|unmapped|shmem|huge - put pages of that NUMA node into pipes, say so, and keep them
 *
 * A pipe refers to the pages that vmsplice() and splice() put into it, and migration can not take that reference away.
 * Before "unmapped" ones are announced, nothing but the pipe has them. "huge" ones are transparent huge pages.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define HUGE	 (2ul << 20)
#define PER_PIPE (16ul * 4096) /* as many pages as a pipe takes */

static char *map(const char *kind, size_t size, int *fd)
{
	char *data;

	*fd = strcmp(kind, "shmem") == 0 ? memfd_create("splice", 0) : -1;
	if (*fd >= 0 && ftruncate(*fd, size))
		err(1, "ftruncate");
	data = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE,
		    *fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, *fd, 0);
	if (data == MAP_FAILED)
		err(1, "mmap");
	data = (char *)(((uintptr_t)data + HUGE - 1) & ~(HUGE - 1));
	return *fd < 0 ? data
		       : mmap(data, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, *fd, 0);
}

static void put(char *data, size_t size, int fd)
{
	for (size_t done = 0; done < size; done += PER_PIPE) {
		struct iovec part = {data + done, size - done < PER_PIPE ? size - done : PER_PIPE};
		off_t offset = done;
		ssize_t n;
		int ends[2];

		if (pipe(ends))
			err(1, "pipe");
		n = fd < 0 ? vmsplice(ends[1], &part, 1, SPLICE_F_NONBLOCK)
			   : splice(fd, &offset, ends[1], NULL, part.iov_len, SPLICE_F_NONBLOCK);
		if (n != (ssize_t)part.iov_len)
			err(1, "only %zd of %zu bytes are in the pipe", n, part.iov_len);
	}
}

int main(int argc, char **argv)
{
	unsigned long mask;
	size_t size;
	char *data;
	int fd;

	if (argc != 4)
		errx(2, "usage: splice NODE KIB anon|unmapped|shmem|huge");
	mask = 1ul << atoi(argv[1]);
	size = strtoul(argv[2], NULL, 0) << 10;
	data = map(argv[3], size, &fd);
	if (syscall(SYS_mbind, data, size, MPOL_BIND, &mask, 8 * sizeof(mask), 0))
		err(1, "mbind");
	madvise(data, size, strcmp(argv[3], "huge") == 0 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(data, 1, size);
	put(data, size, fd);
	if (strcmp(argv[3], "unmapped") == 0)
		munmap(data, size);
	printf("%zu KiB of node %s are in pipes\n", size >> 10, argv[1]);
	fflush(stdout);
	pause();
	return 0;
}
