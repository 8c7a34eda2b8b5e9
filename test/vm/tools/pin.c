// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pin NODE MIB - memory of one NUMA node, pinned for good as buffers of an io_uring, until killed
 *
 * The kernel moves what it pins for long out of zone Movable: so the node needs memory in another.
 */
#define _GNU_SOURCE
#include <err.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct io_uring_params parameters = {0};
	struct iovec buffer;
	unsigned long mask;
	int ring;

	if (argc != 3)
		errx(2, "usage: pin NODE MIB");
	mask = 1ul << atoi(argv[1]);
	buffer.iov_len = (size_t)atoi(argv[2]) << 20;
	buffer.iov_base = mmap(NULL, buffer.iov_len, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer.iov_base == MAP_FAILED)
		err(1, "mmap");
	if (syscall(SYS_mbind, buffer.iov_base, buffer.iov_len, MPOL_BIND, &mask, 8 * sizeof(mask),
		    0))
		err(1, "mbind");
	memset(buffer.iov_base, 1, buffer.iov_len);

	ring = (int)syscall(SYS_io_uring_setup, 1, &parameters);
	if (ring < 0)
		err(1, "io_uring_setup");
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1))
		err(1, "io_uring_register");
	printf("pinned %s MiB on node %s\n", argv[2], argv[1]);
	fflush(stdout);
	pause();
	return 0;
}
