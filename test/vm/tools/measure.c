// SPDX-License-Identifier: GPL-2.0-or-later
/* measure FILE COMMAND... - run a command; append to FILE: milliseconds in all, of the processor; peak KiB */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long milliseconds(struct timeval time)
{
	return time.tv_sec * 1000 + time.tv_usec / 1000;
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	struct rusage usage;
	pid_t child;
	int status;
	FILE *out;

	if (argc < 3)
		errx(2, "usage: measure FILE COMMAND...");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	child = vfork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		err(1, "%s", argv[2]);
	clock_gettime(CLOCK_MONOTONIC, &end);
	out = fopen(argv[1], "ae");
	if (!out)
		err(1, "%s", argv[1]);
	fprintf(out, "%ld %ld %ld\n",
		(end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000,
		milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime), usage.ru_maxrss);
	fclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
