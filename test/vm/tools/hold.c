// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hold NODE MIB FIFO [KIND] [--mlock] [--files N] - a process whose memory lies on one NUMA node
 *
 * Binds MIB MiB of random data to NODE, makes sure that they are there, prints "held", and then answers signals
 * through FIFO: SIGUSR1 writes the data (for a checksum), SIGUSR2 writes which nodes the pages are on now.
 * They are of one KIND: anonymous, or --thp of transparent huge pages; shared, --shmem, or in a System V segment,
 * --sysv; --huge pages of the node's pool; or the page cache of a file, --file PATH, on whatever file system.
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
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODES	  64
#define HUGE_PAGE (2ul << 20)

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

static void *check_map(void *mapped)
{
	if (mapped == MAP_FAILED)
		err(1, "mmap");
	return mapped;
}

static char *map_anonymous(int flags)
{
	return check_map(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0));
}

static char *map_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, size))
		err(1, "%s", path);
	return check_map(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
}

/* It goes with its last user. */
static char *map_segment(void)
{
	int id = shmget(IPC_PRIVATE, size, 0600);
	char *segment = id < 0 ? MAP_FAILED : shmat(id, NULL, 0);

	if (segment == MAP_FAILED || shmctl(id, IPC_RMID, NULL))
		err(1, "System V segment");
	return segment;
}

static char *map_transparent(void)
{
	char *area;

	size += HUGE_PAGE;
	area = map_anonymous(MAP_PRIVATE);
	size -= HUGE_PAGE;
	area = (char *)(((uintptr_t)area + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	if (madvise(area, size, MADV_HUGEPAGE))
		err(1, "madvise");
	return area;
}

static char *map(int kind, const char *file)
{
	switch (kind) {
	case 's':
		return map_anonymous(MAP_SHARED);
	case 'h':
		return map_anonymous(MAP_PRIVATE | MAP_HUGETLB);
	case 't':
		return map_transparent();
	case 'v':
		return map_segment();
	case 'p':
		return map_file(file);
	}
	return map_anonymous(MAP_PRIVATE);
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
		{"shmem", no_argument, NULL, 's'},	 {"mlock", no_argument, NULL, 'l'},
		{"files", required_argument, NULL, 'f'}, {"huge", no_argument, NULL, 'h'},
		{"thp", no_argument, NULL, 't'},	 {"sysv", no_argument, NULL, 'v'},
		{"file", required_argument, NULL, 'p'},	 {0},
	};
	unsigned long node, mask, files = 0;
	int option, lock = 0, kind = 0, received;
	const char *fifo, *file = NULL;
	size_t count[NODES];
	sigset_t signals;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			lock = 1;
		else if (option == 'f')
			files = number(optarg);
		else if (option == '?')
			return 2;
		else
			kind = option;
		if (option == 'p')
			file = optarg;
	}
	if (argc - optind != 3)
		errx(2, "usage: hold NODE MIB FIFO [--shmem|--sysv|--thp|--huge|--file PATH] "
			"[--mlock] [--files N]");
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
	data = map(kind, file);
	if (syscall(SYS_mbind, data, size, MPOL_BIND, &mask, NODES + 1, 0))
		err(1, "mbind to node %lu", node);
	/* The page cache of a disk's file has no policy of its own: that of who fills it counts. */
	if (file && syscall(SYS_set_mempolicy, MPOL_BIND, &mask, NODES + 1))
		err(1, "set_mempolicy");
	fill();
	if (file && syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0))
		err(1, "set_mempolicy");
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
