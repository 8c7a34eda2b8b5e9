/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * busy NODE - processes that use memory of that NUMA node in many ways, all at once, until killed
 *
 * None of them holds a page for longer than a moment. The node is preferred, so that its memory may run short.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB 1048576ul

static char *memory(size_t size, int advice)
{
	char *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED)
		err(1, "mmap");
	madvise(data, size, advice);
	memset(data, 1, size);
	return data;
}

static void faults(void)
{
	static char *kept[8];

	for (unsigned int i = 0;; i = (i + 1) % 8) {
		if (kept[i])
			munmap(kept[i], 4 * MIB);
		kept[i] = memory(4 * MIB, MADV_NOHUGEPAGE);
	}
}

static void huge(void)
{
	for (;;) {
		char *data = memory(8 * MIB, MADV_HUGEPAGE);

		munmap(data + 3 * MIB, MIB);
		munmap(data, 8 * MIB);
	}
}

/* Pages shared with children that come and go. */
static void forks(void)
{
	char *data = memory(2 * MIB, MADV_NOHUGEPAGE);

	for (;;) {
		pid_t child = fork();

		if (child < 0)
			err(1, "fork");
		if (!child) {
			memset(data, 2, MIB / 4);
			_exit(0);
		}
		if (random() % 4)
			waitpid(child, NULL, 0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static void shmem(void)
{
	static char part[65536];

	for (;;) {
		int fd = memfd_create("busy", 0);

		for (unsigned int i = 0; i < 4 * MIB / sizeof(part); i++)
			if (write(fd, part, sizeof(part)) < 0)
				err(1, "write");
		for (unsigned int i = 0; i < 4 * MIB / sizeof(part); i++)
			if (pread(fd, part, sizeof(part), i * sizeof(part)) < 0)
				err(1, "read");
		close(fd);
	}
}

static void files(void)
{
	static char part[65536];
	char name[64];

	snprintf(name, sizeof(name), "/tmp/busy.%d", getpid());
	for (;;) {
		int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		char *data;

		unlink(name);
		for (unsigned int i = 0; i < 2 * MIB / sizeof(part); i++)
			if (write(fd, part, sizeof(part)) < 0)
				err(1, "write");
		data = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		for (size_t i = 0; i < 2 * MIB; i += 4096)
			data[i]++;
		munmap(data, 2 * MIB);
		close(fd);
	}
}

/* Through a pipe and out of it again. */
static void pipes(void)
{
	char *data = memory(MIB, MADV_NOHUGEPAGE), out[65536];
	int ends[2];

	if (pipe(ends))
		err(1, "pipe");
	for (size_t i = 0;; i = (i + sizeof(out)) % MIB) {
		struct iovec part = {data + i, sizeof(out)};

		if (vmsplice(ends[1], &part, 1, 0) < 0 || read(ends[0], out, sizeof(out)) < 0)
			err(1, "pipe");
	}
}

static void locks(void)
{
	char *data = memory(MIB, MADV_NOHUGEPAGE);

	for (;;) {
		mlock(data, MIB);
		munlock(data, MIB);
	}
}

static void programs(void)
{
	for (;;) {
		pid_t child = fork();

		if (!child) {
			execl("/bin/busybox", "true", NULL);
			_exit(1);
		}
		waitpid(child, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static void (*const ways[])(void) = {faults, huge,  forks, shmem,
					     files,  pipes, locks, programs};
	unsigned long mask;

	if (argc != 2)
		errx(2, "usage: busy NODE");
	mask = 1ul << atoi(argv[1]);
	if (syscall(SYS_set_mempolicy, MPOL_PREFERRED, &mask, 8 * sizeof(mask)))
		err(1, "set_mempolicy");
	for (unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ways[i]();
	}
	pause();
	return 0;
}
