/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/util.h"

static int busy(int fd, struct error *err)
{
	char holder[128];
	ssize_t length = pread(fd, holder, sizeof(holder) - 1, 0);

	holder[length > 0 ? length : 0] = '\0';
	fail(err, -EBUSY, "another operation is running: %s", holder[0] ? holder : "unknown");
	hint(err, "wait for it to end; only one operation may change the machine at a time");
	return -EBUSY;
}

int lock_take(const struct sys *sys, const char *what, struct error *err)
{
	char path[PATH_MAX], holder[128];
	int fd;

	snprintf(path, sizeof(path), "%s/run/cxl-iso", sys->root);
	if (mkdir(path, 0700) && errno != EEXIST)
		return fail_errno(err, -errno, "cannot create %s", path);
	snprintf(path, sizeof(path), "%s/run/cxl-iso/lock", sys->root);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail_errno(err, -errno, "cannot open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int rc = errno == EWOULDBLOCK ? busy(fd, err)
					      : fail_errno(err, -errno, "cannot lock %s", path);

		close(fd);
		return rc;
	}
	snprintf(holder, sizeof(holder), "%s, process %d", what, getpid());
	if (ftruncate(fd, 0) || pwrite(fd, holder, strlen(holder), 0) < 0) {
		int rc = fail_errno(err, -errno, "cannot write %s", path);

		close(fd);
		return rc;
	}
	return fd;
}

bool lock_is_held(const struct sys *sys)
{
	char path[PATH_MAX];
	cleanup_fd int fd = -1;

	snprintf(path, sizeof(path), "%s/run/cxl-iso/lock", sys->root);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
}
