/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a devdax device. Its node knows neither read(2) nor write(2), only mmap(2) of ranges
 * that are aligned as the device is (Linux, drivers/dax/device.c: check_vma()). So it is seen
 * through a window that moves along.
 *
 * Memory that is poisoned, or taken from under us, answers with SIGBUS. Here that is an error which
 * names the offset. There is one window at a time.
 */
#ifndef EXEC_WINDOW_H
#define EXEC_WINDOW_H

#include <signal.h>

#include "model/host.h"
#include "sys/sys.h"

struct window {
	char dax[NAME_SIZE];
	uint64_t size; /* of the device, bytes */
	bool writable;
	int fd;
	uint64_t step;		/* windows begin at its multiples */
	uint64_t start, length; /* of what is mapped; a length of 0: nothing */
	unsigned char *at;
	struct sigaction before;
};

/*
 * Open /dev/@dax, which must be bound to device_dax. -ENODEV if it is not, or if the node is another
 * device's than sysfs says. Close it after success.
 */
int window_open(struct window *window, const struct sys *sys, const char *dax, bool writable,
		struct error *err);
void window_close(struct window *window);
#define cleanup_window __attribute__((cleanup(window_close)))
#define NO_WINDOW        \
	(struct window)  \
	{                \
		.fd = -1 \
	}

/* Copy @length bytes at @offset of the device, which must lie in it. -EIO if the memory can not be
 * read or written. */
int window_read(struct window *window, uint64_t offset, void *data, size_t length,
		struct error *err);
int window_write(struct window *window, uint64_t offset, const void *data, size_t length,
		 struct error *err);

#endif
