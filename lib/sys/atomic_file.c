/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/util.h"

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			length -= (size_t)written;
		}
	}
	return fsync(fd) ? -errno : 0;
}

static int sync_directory_of(const char *path)
{
	cleanup_free char *copy = xstrdup(path);
	cleanup_fd int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

/* Write to @fd, the open file @temporary, and publish it as @path; or leave nothing. */
static int publish(int fd, const char *temporary, const char *path, const char *text, size_t length,
		   unsigned int flags, struct error *err)
{
	int rc = write_all(fd, text, length);

	if (!rc && renameat2(AT_FDCWD, temporary, AT_FDCWD, path, flags))
		rc = -errno;
	if (!rc)
		rc = sync_directory_of(path);
	else
		unlink(temporary);
	return rc ? fail_errno(err, rc, "cannot write %s", path) : 0;
}

static int name_temporary(char temporary[PATH_MAX], const char *path, const char *end,
			  struct error *err)
{
	if (snprintf(temporary, PATH_MAX, "%s%s", path, end) < PATH_MAX)
		return 0;
	return fail(err, -ENAMETOOLONG, "path too long: %s", path);
}

int file_write_new(const char *path, const char *text, size_t length, struct error *err)
{
	char temporary[PATH_MAX];
	cleanup_fd int fd = -1;
	int rc = name_temporary(temporary, path, ".XXXXXX", err);

	if (rc)
		return rc;
	fd = mkostemp(temporary, O_CLOEXEC); /* 0600, O_EXCL */
	if (fd < 0)
		return fail_errno(err, -errno, "cannot create %s", temporary);
	rc = publish(fd, temporary, path, text, length, RENAME_NOREPLACE, err);
	if (rc == -EEXIST)
		hint(err, "remove it first, or choose another name");
	return rc;
}

#define NEW ".new"

/* A name that is always the same: who was killed here leaves nothing that stays. */
int file_replace(const char *path, const char *text, size_t length, struct error *err)
{
	char temporary[PATH_MAX];
	cleanup_fd int fd = -1;
	int rc = name_temporary(temporary, path, NEW, err);

	if (rc)
		return rc;
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(err, -errno, "cannot create %s", temporary);
	return publish(fd, temporary, path, text, length, 0, err);
}

int file_remove(const char *path, struct error *err)
{
	char temporary[PATH_MAX];
	int rc = name_temporary(temporary, path, NEW, err);

	if (rc)
		return rc;
	unlink(temporary);
	if (unlink(path) && errno != ENOENT)
		return fail_errno(err, -errno, "cannot remove %s", path);
	sync_directory_of(path);
	return 0;
}
