/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/util.h"

static int check_type(mode_t mode, bool last, const char *path, struct error *err)
{
	if (last ? S_ISREG(mode) : S_ISDIR(mode))
		return 0;
	if (S_ISLNK(mode)) {
		fail(err, -EPERM, "%s is a symbolic link", path);
		hint(err, "put what it leads to in its place");
		return -EPERM;
	}
	fail(err, -EPERM, "%s is no %s", path, last ? "regular file" : "directory");
	hint(err, "move it out of the way");
	return -EPERM;
}

static int check(int fd, bool last, const char *path, struct error *err)
{
	struct stat status;
	int rc;

	if (fstat(fd, &status))
		return fail_errno(err, -errno, "cannot look at %s", path);
	rc = check_type(status.st_mode, last, path, err);
	if (rc)
		return rc;
	if (status.st_uid != 0) {
		fail(err, -EPERM, "%s belongs to user %u, not to root", path, status.st_uid);
		hint(err, "see that it is as it should be, then: chown root:root %s", path);
		return -EPERM;
	}
	if (status.st_mode & (S_IWGRP | S_IWOTH)) {
		fail(err, -EPERM, "%s can be written by others than root", path);
		hint(err, "see that it is as it should be, then: chmod go-w %s", path);
		return -EPERM;
	}
	return 0;
}

/* Replace the directory in @fd by what is called @name there. */
static int descend(int *fd, const char *name, const char *path, struct error *err)
{
	int below = openat(*fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (below < 0)
		return fail_errno(err, -errno, "cannot open %s", path);
	close(*fd);
	*fd = below;
	return 0;
}

/* Down from the root directory in @fd, name by name; @path is the same again in the end. */
static int walk(int *fd, char *path, struct error *err)
{
	char *slash = path;
	int rc = check(*fd, false, "/", err);

	while (!rc && slash) {
		char *name = slash + 1;

		slash = strchr(name, '/');
		if (slash)
			*slash = '\0';
		rc = descend(fd, name, path, err);
		if (!rc)
			rc = check(*fd, !slash, path, err);
		if (slash)
			*slash = '/';
	}
	return rc;
}

int trusted_open(const struct sys *sys, const char *path, struct error *err)
{
	cleanup_free char *copy = xstrdup(path);
	int rc, fd = open(sys->root[0] ? sys->root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, -errno, "cannot open /");
	rc = walk(&fd, copy, err);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}
