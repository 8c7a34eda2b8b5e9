// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * killed COUNT COMMAND [ARGUMENT...] - run a command and kill it right after it has replaced so many files
 *
 * A journal is written to a temporary file that then gets its name. The command is traced, so it is dead before it
 * does anything else. Exit status 0 if it was killed, 1 if it ended before.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static void start(char **command)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		fail("ptrace");
	raise(SIGSTOP);
	execvp(command[0], command);
	fail(command[0]);
}

static bool is_rename(const struct __ptrace_syscall_info *info)
{
	if (info->op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	switch (info->entry.nr) {
#ifdef SYS_rename
	case SYS_rename:
#endif
#ifdef SYS_renameat
	case SYS_renameat:
#endif
	case SYS_renameat2:
		return true;
	}
	return false;
}

/* The next stop: 0 at a system call, the signal to pass on at another, -1 if it ended. */
static int next_stop(pid_t child, int signal)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, child, 0, signal))
		fail("ptrace");
	if (waitpid(child, &status, 0) != child)
		fail("waitpid");
	if (!WIFSTOPPED(status))
		return -1;
	/* That of execve() as well: it is ours. */
	return (WSTOPSIG(status) & 0x7f) == SIGTRAP ? 0 : WSTOPSIG(status);
}

/* True after so many renames, false if the command ended before. */
static bool follow(pid_t child, long count)
{
	struct __ptrace_syscall_info info;
	bool renames = false;
	int signal = 0;

	while (count > 0) {
		signal = next_stop(child, signal);
		if (signal < 0)
			return false;
		if (signal || ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0)
			continue;
		if (info.op == PTRACE_SYSCALL_INFO_EXIT && renames)
			count--;
		renames = is_rename(&info);
	}
	return true;
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc < 3)
		return 2;
	child = fork();
	if (child < 0)
		fail("fork");
	if (!child)
		start(argv + 2);
	if (waitpid(child, NULL, 0) != child ||
	    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		fail("ptrace");
	if (!follow(child, strtol(argv[1], NULL, 10)))
		return 1;
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child ? 0 : 2;
}
