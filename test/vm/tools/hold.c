// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hold NODE MIB FIFO [--shmem] [--mlock] [--files N] - a process whose memory lies on one NUMA node
 *
 * Binds MIB MiB of random data to NODE, makes sure that they are there, prints "held", and then answers signals
 * through FIFO: SIGUSR1 writes the data (for a checksum), SIGUSR2 writes which nodes the pages are on now.
 * With --files it first makes N empty files in the directory FIFO.d while the node is all it may use, so that the
 * kernel's own objects for them are there, as far as the node's zone allows. (Children, with page tables, would be the
 * nearer thought: QEMU 10.0 may die of a page table in CXL memory, reset or not.)
 *
 * System calls by number instead of libnuma: a test tool needs nothing but libc.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODES 64

static char *data;
static size_t size, page;

/* A generator of our own: the kernel's takes too long for many MiB under emulation. */
static void fill(void)
{
	uint64_t x;

	if (getrandom(&x, sizeof(x), 0) != sizeof(x))
		err(1, "getrandom");
	x |= 1;
	for (size_t i = 0; i < size; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(data + i, &x, sizeof(x));
	}
}

/* How many pages each node has; pages that are not there at all count nowhere. */
static size_t where(size_t count[NODES])
{
	size_t pages = size / page;
	void **address = calloc(pages, sizeof(*address));
	int *status = calloc(pages, sizeof(*status));

	if (!address || !status)
		err(1, "calloc");
	for (size_t i = 0; i < pages; i++)
		address[i] = data + i * page;
	if (syscall(SYS_move_pages, 0, pages, address, NULL, status, 0))
		err(1, "move_pages");

	memset(count, 0, NODES * sizeof(*count));
	for (size_t i = 0; i < pages; i++)
		if (status[i] >= 0 && status[i] < NODES)
			count[status[i]]++;
	free(address);
	free(status);
	return pages;
}

static void write_data(const char *fifo)
{
	int fd = open(fifo, O_WRONLY | O_CLOEXEC);
	size_t done = 0;

	if (fd < 0)
		err(1, "%s", fifo);
	while (done < size) {
		ssize_t n = write(fd, data + done, size - done);

		if (n < 0)
			err(1, "%s", fifo);
		done += n;
	}
	close(fd);
}

static void write_nodes(const char *fifo)
{
	FILE *out = fopen(fifo, "we");
	size_t count[NODES], pages = where(count);

	if (!out)
		err(1, "%s", fifo);
	for (int node = 0; node < NODES; node++) {
		if (count[node])
			fprintf(out, "node%d=%zu ", node, count[node]);
		pages -= count[node];
	}
	fprintf(out, "absent=%zu\n", pages);
	fclose(out);
}

static void make_files(const char *fifo, unsigned long n, unsigned long mask)
{
	char path[256];

	snprintf(path, sizeof(path), "%s.d", fifo);
	if (mkdir(path, 0700))
		err(1, "%s", path);
	if (syscall(SYS_set_mempolicy, MPOL_BIND, &mask, NODES + 1))
		err(1, "set_mempolicy");
	for (unsigned long i = 0; i < n; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s.d/%lu", fifo, i);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			err(1, "%s", path);
		close(fd);
	}
	if (syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0))
		err(1, "set_mempolicy");
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (!*text || *end)
		errx(2, "'%s' is not a number", text);
	return n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"shmem", no_argument, NULL, 's'},
		{"mlock", no_argument, NULL, 'l'},
		{"files", required_argument, NULL, 'f'},
		{0},
	};
	unsigned long node, mask, files = 0;
	int option, lock = 0, kind = MAP_PRIVATE, received;
	size_t count[NODES];
	const char *fifo;
	sigset_t signals;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			kind = MAP_SHARED;
		else if (option == 'l')
			lock = 1;
		else if (option == 'f')
			files = number(optarg);
		else
			return 2;
	}
	if (argc - optind != 3)
		errx(2, "usage: hold NODE MIB FIFO [--shmem] [--mlock] [--files N]");
	node = number(argv[optind]);
	size = number(argv[optind + 1]) << 20;
	fifo = argv[optind + 2];
	page = sysconf(_SC_PAGESIZE);
	if (node >= NODES || !size)
		errx(2, "nodes go to %d, and 0 MiB hold nothing", NODES - 1);

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	mask = 1ul << node;
	if (files)
		make_files(fifo, files, mask);
	data = mmap(NULL, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		err(1, "mmap");
	if (syscall(SYS_mbind, data, size, MPOL_BIND, &mask, NODES + 1, 0))
		err(1, "mbind to node %lu", node);
	fill();
	if (lock && mlock(data, size))
		err(1, "mlock");
	if (where(count) != count[node])
		errx(1, "only %zu of %zu pages are on node %lu", count[node], size / page, node);

	printf("held %zu MiB on node %lu\n", size >> 20, node);
	fflush(stdout);

	while (!sigwait(&signals, &received)) {
		if (received == SIGUSR1)
			write_data(fifo);
		else
			write_nodes(fifo);
	}
	return 1;
}
