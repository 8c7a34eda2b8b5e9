/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/window.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sys/util.h"

#define DAX  "/sys/bus/dax/devices"
#define STEP (UINT64_C(64) << 20)

/* ---- SIGBUS ---- */

static sigjmp_buf back;
static volatile sig_atomic_t copying;
static siginfo_t fault;

/*
 * The kernel may also tell beforehand of poison that nobody touched yet (BUS_MCEERR_AO): whoever
 * touches it is told again. What is not ours comes again at once, and then kills.
 */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (copying) {
		fault = *info;
		siglongjmp(back, 1);
	}
	if (info->si_code != BUS_MCEERR_AO)
		signal(number, SIG_DFL);
}

static void catch_bus_errors(struct sigaction *before)
{
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, before);
}

/* The fences keep the compiler from moving the copy out of where the handler expects it. */
static bool copy(void *to, const void *from, size_t length)
{
	if (sigsetjmp(back, 1)) {
		copying = 0;
		return false;
	}
	copying = 1;
	atomic_signal_fence(memory_order_seq_cst);
	memcpy(to, from, length);
	atomic_signal_fence(memory_order_seq_cst);
	copying = 0;
	return true;
}

/* ---- the device ---- */

static int check_node(const struct window *window, const struct sys *sys, struct error *err)
{
	unsigned int major, minor;
	struct stat status;
	char number[32];

	if (sys_read(sys, number, sizeof(number), DAX "/%s/dev", window->dax) ||
	    sscanf(number, "%u:%u", &major, &minor) != 2)
		return fail(err, -ENODEV, "%s is not bound to device_dax", window->dax);
	if (fstat(window->fd, &status))
		return fail_errno(err, -errno, "cannot look at /dev/%s", window->dax);
	if (status.st_rdev == makedev(major, minor))
		return 0;
	fail(err, -ENODEV, "/dev/%s is the node of another device: expected %s, found %u:%u",
	     window->dax, number, major(status.st_rdev), minor(status.st_rdev));
	hint(err, "remove it, and let udev make it anew: udevadm trigger --subsystem-match=dax");
	return -ENODEV;
}

static int read_geometry(struct window *window, const struct sys *sys, struct error *err)
{
	uint64_t align;
	int rc = sys_read_u64(sys, &window->size, DAX "/%s/size", window->dax);

	if (!rc)
		rc = sys_read_u64(sys, &align, DAX "/%s/align", window->dax);
	if (!rc && (!align || align > window->size || window->size > INT64_MAX))
		rc = -EINVAL;
	if (rc)
		return fail_errno(err, rc, "cannot read size and alignment of %s", window->dax);
	window->step = (STEP + align - 1) / align * align;
	return 0;
}

int window_open(struct window *window, const struct sys *sys, const char *dax, bool writable,
		struct error *err)
{
	char path[PATH_MAX];
	int rc;

	*window = (struct window){.fd = -1, .writable = writable};
	copy_text(window->dax, sizeof(window->dax), dax);
	snprintf(path, sizeof(path), "%s/dev/%s", sys->root, dax);
	window->fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	if (window->fd < 0)
		return fail_errno(err, -errno, "cannot open /dev/%s", dax);
	rc = check_node(window, sys, err);
	if (!rc)
		rc = read_geometry(window, sys, err);
	if (rc) {
		close(window->fd);
		window->fd = -1;
		return rc;
	}
	catch_bus_errors(&window->before);
	return 0;
}

static void unmap(struct window *window)
{
	if (window->length)
		munmap(window->at, window->length);
	window->length = 0;
}

void window_close(struct window *window)
{
	if (window->fd < 0)
		return;
	unmap(window);
	close(window->fd);
	window->fd = -1;
	sigaction(SIGBUS, &window->before, NULL);
}

/* ---- reading and writing ---- */

/* Map what @offset lies in, unless it is mapped. */
static int move_to(struct window *window, uint64_t offset, struct error *err)
{
	uint64_t start = offset / window->step * window->step;
	uint64_t left = window->size - start;
	void *at;

	if (window->length && window->start == start)
		return 0;
	unmap(window);
	if (left > window->step)
		left = window->step;
	at = mmap(NULL, left, PROT_READ | (window->writable ? PROT_WRITE : 0), MAP_SHARED,
		  window->fd, (off_t)start);
	if (at == MAP_FAILED)
		return fail_errno(err, -errno, "cannot map /dev/%s at offset 0x%" PRIx64,
				  window->dax, start);
	window->at = at;
	window->start = start;
	window->length = left;
	return 0;
}

/* What was asked for lies at @offset; the kernel may know better where in it the fault is. */
static int explain(const struct window *window, uint64_t offset, struct error *err)
{
	const unsigned char *address = fault.si_addr;
	bool poisoned = fault.si_code == BUS_MCEERR_AR || fault.si_code == BUS_MCEERR_AO;

	if (address >= window->at && address < window->at + window->length)
		offset = window->start + (uint64_t)(address - window->at);
	fail(err, -EIO, "%s at offset 0x%" PRIx64 " %s", window->dax, offset,
	     poisoned ? "is poisoned: the hardware lost what was there"
		      : "answers no more: the memory was taken away, or can not be reached");
	hint(err, "the kernel's log tells more, and cxl list --media-errors what the device knows");
	return -EIO;
}

/* At most to the end of the window. */
static size_t part_in_window(const struct window *window, uint64_t offset, size_t length)
{
	uint64_t left = window->start + window->length - offset;

	return length < left ? length : left;
}

int window_read(struct window *window, uint64_t offset, void *data, size_t length,
		struct error *err)
{
	unsigned char *to = data;

	for (size_t done = 0, part; done < length; done += part) {
		int rc = move_to(window, offset + done, err);

		if (rc)
			return rc;
		part = part_in_window(window, offset + done, length - done);
		if (!copy(to + done, window->at + (offset + done - window->start), part))
			return explain(window, offset + done, err);
	}
	return 0;
}

int window_write(struct window *window, uint64_t offset, const void *data, size_t length,
		 struct error *err)
{
	const unsigned char *from = data;

	for (size_t done = 0, part; done < length; done += part) {
		int rc = move_to(window, offset + done, err);

		if (rc)
			return rc;
		part = part_in_window(window, offset + done, length - done);
		if (!copy(window->at + (offset + done - window->start), from + done, part))
			return explain(window, offset + done, err);
	}
	return 0;
}
