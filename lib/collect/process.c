/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/util.h"

#define MAX_TEXT (1 << 20)

void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

void pid_list_free(pid_list *pids)
{
	free(pids->items);
	*pids = (pid_list){0};
}

static int compare_pids(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int list_pids(int directory, pid_list *pids)
{
	cleanup_directory DIR *dir = NULL;
	struct dirent *entry;

	if (directory < 0)
		return -errno;
	dir = fdopendir(directory);
	if (!dir) {
		close(directory);
		return -errno;
	}
	while ((entry = readdir(dir))) {
		uint64_t pid;

		if (parse_u64(entry->d_name, &pid) && pid && pid <= INT_MAX)
			*list_add(pids) = (int)pid;
	}
	list_sort(pids, compare_pids);
	return 0;
}

int processes_list(const struct sys *sys, pid_list *pids)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc", sys->root);
	return list_pids(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), pids);
}

int process_threads(const struct process_handle *process, pid_list *pids)
{
	return list_pids(openat(process->directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			 pids);
}

int process_open(const struct sys *sys, int pid, struct process_handle *process)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/%d", sys->root, pid);
	process->pid = pid;
	process->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return process->directory < 0 ? -errno : 0;
}

void process_close(struct process_handle *process)
{
	close_fd(&process->directory);
}

int process_file(const struct process_handle *process, const char *file)
{
	return openat(process->directory, file, O_RDONLY | O_CLOEXEC);
}

FILE *process_stream(const struct process_handle *process, const char *file,
		     char buffer[PROCESS_BUFFER])
{
	int fd = process_file(process, file);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");

	if (stream)
		setvbuf(stream, buffer, _IOFBF, PROCESS_BUFFER);
	else if (fd >= 0)
		close(fd);
	return stream;
}

DIR *process_directory(const struct process_handle *process, const char *name)
{
	int fd = openat(process->directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

ssize_t process_read(const struct process_handle *process, char *buffer, size_t size,
		     const char *file)
{
	cleanup_fd int fd = process_file(process, file);
	ssize_t length = fd < 0 ? -1 : read(fd, buffer, size - 1);

	buffer[length < 0 ? 0 : length] = '\0';
	return length < 0 ? -errno : length;
}

char *process_text(const struct process_handle *process, const char *file)
{
	cleanup_fd int fd = process_file(process, file);
	size_t used = 0, size = 4096;
	char *text;
	ssize_t length;

	if (fd < 0)
		return NULL;
	text = xrealloc(NULL, size);
	while ((length = read(fd, text + used, size - used - 1)) > 0) {
		used += (size_t)length;
		if (used + 1 < size)
			continue;
		if (size >= MAX_TEXT)
			break;
		size *= 2;
		text = xrealloc(text, size);
	}
	text[used] = '\0';
	return text;
}

bool process_is_gone(int rc)
{
	return rc == -ENOENT || rc == -ESRCH;
}

/* The initial PID name space always has this inode (Linux, PROC_PID_INIT_INO). */
bool processes_all_visible(const struct sys *sys)
{
	char name[64];

	return sys_link_name(sys, name, sizeof(name), "/proc/self/ns/pid") ||
	       strcmp(name, "pid:[4026531836]") == 0;
}
