/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading /proc, where everything may be gone at the next look. */
#ifndef COLLECT_PROCESS_H
#define COLLECT_PROCESS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>

#include "model/record.h"
#include "sys/sys.h"

/* One process, or one of its threads. The handle stays with it: should its number be given to
 * another, reading on fails with ESRCH. */
struct process_handle {
	int pid;
	int directory;
};

typedef LIST(int) pid_list;

/* The processes there are, or the threads of one, in ascending order. */
int processes_list(const struct sys *sys, pid_list *pids);
int process_threads(const struct process_handle *process, pid_list *pids);
/* False in a PID name space of our own, from which processes outside are not to be seen. */
bool processes_all_visible(const struct sys *sys);
void pid_list_free(pid_list *pids);
#define cleanup_pids __attribute__((cleanup(pid_list_free)))

/* @pid may be that of a thread as well. */
int process_open(const struct sys *sys, int pid, struct process_handle *process);
void process_close(struct process_handle *process);
#define cleanup_process __attribute__((cleanup(process_close)))
#define NO_PROCESS              \
	(struct process_handle) \
	{                       \
		-1, -1          \
	}

/* One file opened for reading; -1 and errno. */
int process_file(const struct process_handle *process, const char *file);

/* The same as a stream with @buffer: files in /proc say that their best block is 1 KiB, but the
 * kernel gives a page at once. NULL and errno. */
#define PROCESS_BUFFER 16384
FILE *process_stream(const struct process_handle *process, const char *file,
		     char buffer[PROCESS_BUFFER]);

DIR *process_directory(const struct process_handle *process, const char *name);

void close_directory(DIR **directory);
#define cleanup_directory __attribute__((cleanup(close_directory)))

/* Less than @size bytes of a file, which may hold any byte; terminated. Their number or -errno. */
ssize_t process_read(const struct process_handle *process, char *buffer, size_t size,
		     const char *file);

/* All of a file of text, up to 1 MiB; NULL. */
char *process_text(const struct process_handle *process, const char *file);

/* What @rc says is that the process is gone. */
bool process_is_gone(int rc);

#endif
