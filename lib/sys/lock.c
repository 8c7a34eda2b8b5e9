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

#define HOLDER_SIZE 128

/* Its bytes are those of another process, perhaps while it writes them. */
static void read_holder(int fd, char holder[HOLDER_SIZE])
{
	ssize_t length = pread(fd, holder, HOLDER_SIZE - 1, 0);

	holder[length > 0 ? length : 0] = '\0';
	make_printable(holder);
}

static int busy(int fd, struct error *err)
{
	char holder[HOLDER_SIZE];

	read_holder(fd, holder);
	fail(err, -EBUSY, "another operation is running: %s", holder[0] ? holder : "unknown");
	hint(err, "wait for it to end; only one operation may change the machine at a time");
	return -EBUSY;
}

/* Who only asks whether it is held has it for a moment himself: lock_holder(). */
static int lock_patiently(int fd)
{
	int rc = flock(fd, LOCK_EX | LOCK_NB);

	for (int tries = 0; rc && errno == EWOULDBLOCK && tries < 10; tries++) {
		sleep_ms(10);
		rc = flock(fd, LOCK_EX | LOCK_NB);
	}
	return rc;
}

/* What lock_take() gave last; perhaps closed since, and then perhaps the number of another file. */
static int taken = -1;

int lock_take(const struct sys *sys, const char *what, struct error *err)
{
	char path[PATH_MAX], holder[HOLDER_SIZE];
	int fd;

	snprintf(path, sizeof(path), "%s/run/cxl-iso", sys->root);
	if (mkdir(path, 0700) && errno != EEXIST)
		return fail_errno(err, -errno, "cannot create %s", path);
	snprintf(path, sizeof(path), "%s/run/cxl-iso/lock", sys->root);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail_errno(err, -errno, "cannot open %s", path);
	if (lock_patiently(fd)) {
		int rc = errno == EWOULDBLOCK ? busy(fd, err)
					      : fail_errno(err, -errno, "cannot lock %s", path);

		close(fd);
		return rc;
	}
	snprintf(holder, sizeof(holder), "%s, process %d", what, getpid());
	taken = fd;
	if (ftruncate(fd, 0) || pwrite(fd, holder, strlen(holder), 0) < 0) {
		int rc = fail_errno(err, -errno, "cannot write %s", path);

		close(fd);
		return rc;
	}
	return fd;
}

/* "recover 0000:0c:00.0, process 77" */
static int take_process(char *holder)
{
	char *comma = strrchr(holder, ',');
	uint64_t number;

	if (!comma || !starts_with(comma, ", process ") ||
	    !parse_u64(comma + strlen(", process "), &number) || number > INT_MAX)
		return -1;
	*comma = '\0';
	return (int)number;
}

bool lock_holder(const struct sys *sys, char what[96], int *process)
{
	char path[PATH_MAX], holder[HOLDER_SIZE];
	cleanup_fd int fd = -1;

	snprintf(path, sizeof(path), "%s/run/cxl-iso/lock", sys->root);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return false;
	read_holder(fd, holder);
	*process = take_process(holder);
	copy_text(what, 96, holder);
	return true;
}

/* To lock it once more by the same descriptor changes nothing, and fails for another one. */
bool lock_is_ours(const struct sys *sys)
{
	char path[PATH_MAX];
	struct stat file, ours;

	snprintf(path, sizeof(path), "%s/run/cxl-iso/lock", sys->root);
	return taken >= 0 && fstat(taken, &ours) == 0 && stat(path, &file) == 0 &&
	       file.st_dev == ours.st_dev && file.st_ino == ours.st_ino &&
	       flock(taken, LOCK_EX | LOCK_NB) == 0;
}

bool lock_is_held(const struct sys *sys)
{
	char what[96];
	int process;

	return lock_holder(sys, what, &process);
}
