// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * populate NODE PROCESSES MIB anon|huge|shmem|file [--churn] - processes with memory of one NUMA node, until killed
 *
 * Each has MIB MiB of its own there, "huge" as transparent huge pages, "shmem" in a memfd, "file" in /tmp. Nothing binds
 * it to the node afterwards. When all have it, "ready" is printed. With --churn one more process goes on taking memory
 * of the node, 4 MiB at a time, and giving it back.
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
#include <unistd.h>

#define HUGE  (2ul << 20)
#define CHURN (4ul << 20)

static unsigned long mask;

static void prefer(int policy)
{
	if (syscall(SYS_set_mempolicy, policy, policy == MPOL_DEFAULT ? NULL : &mask,
		    8 * sizeof(mask)))
		err(1, "set_mempolicy");
}

/* A file without name, or -1 for anonymous memory. */
static int open_file(const char *kind, size_t size)
{
	char name[64];
	int fd = -1;

	snprintf(name, sizeof(name), "/tmp/populate.%d", getpid());
	if (strcmp(kind, "shmem") == 0)
		fd = memfd_create("populate", 0);
	else if (strcmp(kind, "file") == 0)
		fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	else
		return -1;
	if (fd < 0 || ftruncate(fd, (off_t)size))
		err(1, "%s", kind);
	unlink(name);
	return fd;
}

static void take(const char *kind, size_t size)
{
	int fd = open_file(kind, size);
	char *data =
		mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED)
		err(1, "mmap");
	data = (char *)(((uintptr_t)data + HUGE - 1) & ~(HUGE - 1));
	if (fd >= 0)
		data = mmap(data, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	if (data == MAP_FAILED)
		err(1, "mmap");
	madvise(data, size, strcmp(kind, "huge") == 0 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	prefer(MPOL_PREFERRED);
	for (size_t i = 0; i < size; i += 4096)
		data[i] = 1;
	prefer(MPOL_DEFAULT);
}

static void churn(void)
{
	prefer(MPOL_PREFERRED);
	for (;;) {
		char *data = mmap(NULL, CHURN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);

		if (data == MAP_FAILED)
			err(1, "mmap");
		memset(data, 1, CHURN);
		munmap(data, CHURN);
		usleep(20000);
	}
}

int main(int argc, char **argv)
{
	int processes, ends[2];
	char byte;

	if (argc < 5)
		errx(2, "usage: populate NODE PROCESSES MIB anon|huge|shmem|file [--churn]");
	mask = 1ul << atoi(argv[1]);
	processes = atoi(argv[2]);
	if (pipe(ends))
		err(1, "pipe");
	for (int i = 0; i < processes + (argc > 5); i++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (i == processes)
			churn();
		take(argv[4], strtoul(argv[3], NULL, 0) << 20);
		if (write(ends[1], "x", 1) != 1)
			err(1, "pipe");
		for (;;)
			pause();
	}
	close(ends[1]);
	for (int i = 0; i < processes; i++)
		if (read(ends[0], &byte, 1) != 1)
			errx(1, "a process ended before it had its memory");
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
