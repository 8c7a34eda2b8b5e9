/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "sys/stop.h"
#include "sys/util.h"

/* The machine's path behind the root prefix. False: longer than any path can be. */
__attribute__((format(printf, 3, 0))) static bool
build_path(const struct sys *sys, char out[PATH_MAX], const char *path, va_list args)
{
	int head = snprintf(out, PATH_MAX, "%s", sys->root);
	int tail;

	if (head < 0 || head >= PATH_MAX)
		return false;
	tail = vsnprintf(out + head, PATH_MAX - head, path, args);
	return tail >= 0 && tail < PATH_MAX - head;
}

#define BUILD_PATH(sys, out, path)                         \
	({                                                 \
		va_list args_;                             \
		bool fits_;                                \
		va_start(args_, path);                     \
		fits_ = build_path(sys, out, path, args_); \
		va_end(args_);                             \
		fits_;                                     \
	})

static int read_small_file(const char *path, char *buffer, size_t size)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, buffer, size);
	if (length < 0)
		return -errno;
	if ((size_t)length == size) {
		buffer[0] = '\0';
		return -ENAMETOOLONG;
	}
	while (length && (buffer[length - 1] == '\n' || buffer[length - 1] == ' '))
		length--;
	buffer[length] = '\0';
	return 0;
}

int sys_read(const struct sys *sys, char *buffer, size_t size, const char *path, ...)
{
	char file[PATH_MAX];

	buffer[0] = '\0';
	if (!BUILD_PATH(sys, file, path))
		return -ENAMETOOLONG;
	return read_small_file(file, buffer, size);
}

FILE *sys_open(const struct sys *sys, const char *path, ...)
{
	char file[PATH_MAX];
	struct stat status;
	FILE *stream;
	int fd;

	errno = ENAMETOOLONG;
	fd = BUILD_PATH(sys, file, path) ? open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode))
		errno = EINVAL;
	else if ((stream = fdopen(fd, "r")))
		return stream;
	close(fd);
	return NULL;
}

int sys_read_u64(const struct sys *sys, uint64_t *value, const char *path, ...)
{
	char file[PATH_MAX], text[64];
	int rc;

	if (!BUILD_PATH(sys, file, path))
		return -ENAMETOOLONG;
	rc = read_small_file(file, text, sizeof(text));
	if (rc)
		return rc;
	return parse_u64(text, value) ? 0 : -EINVAL;
}

int sys_open_fd(const struct sys *sys, const char *path, ...)
{
	char file[PATH_MAX];
	int fd;

	if (!BUILD_PATH(sys, file, path))
		return -ENAMETOOLONG;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* O_EXCL without O_CREAT: open(2) has it for block devices. Reading only: udev takes the end of
 * writing for a reason to look at the device again. */
int sys_open_exclusive(const struct sys *sys, const char *path, ...)
{
	char file[PATH_MAX];
	int fd;

	if (!BUILD_PATH(sys, file, path))
		return -ENAMETOOLONG;
	fd = open(file, O_RDONLY | O_EXCL | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool sys_exists(const struct sys *sys, const char *path, ...)
{
	char file[PATH_MAX];

	return BUILD_PATH(sys, file, path) && access(file, F_OK) == 0;
}

int sys_link_name(const struct sys *sys, char *buffer, size_t size, const char *path, ...)
{
	char file[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	buffer[0] = '\0';
	if (!BUILD_PATH(sys, file, path))
		return -ENAMETOOLONG;
	length = readlink(file, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	return copy_text(buffer, size, base_name(target)) ? 0 : -ENAMETOOLONG;
}

int sys_real_path(const struct sys *sys, char *buffer, const char *path, ...)
{
	char file[PATH_MAX], real[PATH_MAX], root[PATH_MAX] = "";

	buffer[0] = '\0';
	if (!BUILD_PATH(sys, file, path))
		return -ENAMETOOLONG;
	if (!realpath(file, real) || (sys->root[0] && !realpath(sys->root, root)))
		return -errno;
	if (!starts_with(real, root) ||
	    (root[0] && real[strlen(root)] && real[strlen(root)] != '/'))
		return -EXDEV;
	copy_text(buffer, PATH_MAX, real + strlen(root));
	return 0;
}

static bool wanted(const char *name, const char *prefix)
{
	size_t length;

	if (!prefix)
		return name[0] != '.';
	length = strlen(prefix);
	return strncmp(name, prefix, length) == 0 && name[length] >= '0' && name[length] <= '9';
}

/* region2 before region10: by number where the words are alike. */
static int by_version(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

int sys_list(const struct sys *sys, struct names *names, const char *prefix, const char *path, ...)
{
	char directory[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	names->items = NULL;
	names->count = 0;
	if (!BUILD_PATH(sys, directory, path))
		return -ENAMETOOLONG;
	dir = opendir(directory);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		if (!wanted(entry->d_name, prefix))
			continue;
		names->items = xrealloc(names->items, (names->count + 1) * sizeof(char *));
		names->items[names->count++] = xstrdup(entry->d_name);
	}
	closedir(dir);
	if (names->count)
		qsort(names->items, names->count, sizeof(char *), by_version);
	return 0;
}

void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	names->items = NULL;
	names->count = 0;
}

static int write_text(const char *file, const char *text)
{
	cleanup_fd int fd = open(file, O_WRONLY | O_CLOEXEC);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, strlen(text));
	if (written < 0)
		return -errno;
	return (size_t)written == strlen(text) ? 0 : -EIO;
}

int sys_write(const struct sys *sys, struct error *err, const char *text, const char *path, ...)
{
	char file[PATH_MAX];
	int rc;

	if (!BUILD_PATH(sys, file, path))
		return fail(err, -ENAMETOOLONG, "path too long: %s", path);
	rc = write_text(file, text);
	if (rc)
		return fail_errno(err, rc, "cannot write \"%s\" to %s", text, file);
	return 0;
}

static volatile sig_atomic_t alarm_rang;

static void on_alarm(int signal)
{
	(void)signal;
	alarm_rang = 1;
}

/*
 * An interval timer rings again and again: should the first signal come between the call and the
 * kernel's wait, the second one still ends the wait. No SA_RESTART, for the same reason.
 */
static void arm_alarm(unsigned int milliseconds, struct sigaction *before)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval timer = {
		.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000},
		.it_interval = {0, 100 * 1000},
	};

	alarm_rang = 0;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, before);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void disarm_alarm(const struct sigaction *before)
{
	struct itimerval off = {0};

	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, before, NULL);
}

int sys_write_within(const struct sys *sys, struct error *err, unsigned int milliseconds,
		     const char *text, const char *path, ...)
{
	struct sigaction before;
	char file[PATH_MAX];
	int rc;

	if (!BUILD_PATH(sys, file, path))
		return fail(err, -ENAMETOOLONG, "path too long: %s", path);
	arm_alarm(milliseconds, &before);
	stop_unblock();
	do {
		rc = write_text(file, text);
	} while (rc == -EINTR && !alarm_rang && !stop_requested());
	stop_block();
	disarm_alarm(&before);
	if (rc == -EINTR && !stop_requested())
		rc = -ETIMEDOUT;
	if (rc)
		return fail_errno(err, rc, "cannot write \"%s\" to %s", text, file);
	return 0;
}
