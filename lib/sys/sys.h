/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one handle for sysfs, procfs and device nodes.
 *
 * Every path is printf-style and absolute as on the machine ("/sys/..."); the handle puts its
 * root prefix before it, so that a test can point the same code at a copied tree.
 */
#ifndef SYS_SYS_H
#define SYS_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sys/error.h"

struct sys {
	const char *root; /* "" on the machine itself */
};

/* Names read from a directory, sorted by their numbers; freed by names_free(). */
struct names {
	char **items;
	size_t count;
};

void names_free(struct names *names);
#define cleanup_names __attribute__((cleanup(names_free)))

/* Read a small file without its trailing newline. 0, -ENOENT, -ENAMETOOLONG (buffer too
 * small), or what read(2) said. */
int sys_read(const struct sys *sys, char *buffer, size_t size, const char *path, ...)
	__attribute__((format(printf, 4, 5)));

/* Open a regular file of any length to be read line by line. NULL, with errno set, if it is not
 * there or no regular file (to open a FIFO would wait for a writer). */
FILE *sys_open(const struct sys *sys, const char *path, ...) __attribute__((format(printf, 2, 3)));

/* Read an unsigned number, decimal or 0x-prefixed hexadecimal. -EINVAL if it is none. */
int sys_read_u64(const struct sys *sys, uint64_t *value, const char *path, ...)
	__attribute__((format(printf, 3, 4)));

/* Open a file that is read in pieces: a descriptor, or -errno. */
int sys_open_fd(const struct sys *sys, const char *path, ...) __attribute__((format(printf, 2, 3)));

/* Open a block device for reading, and keep others from claiming it: -EBUSY if it is mounted, is
 * swap, is below another device, or one of its partitions is. A descriptor, or -errno. */
int sys_open_exclusive(const struct sys *sys, const char *path, ...)
	__attribute__((format(printf, 2, 3)));

bool sys_exists(const struct sys *sys, const char *path, ...) __attribute__((format(printf, 2, 3)));

/* The last component of what a symbolic link points to: a driver's or a subsystem's name. */
int sys_link_name(const struct sys *sys, char *buffer, size_t size, const char *path, ...)
	__attribute__((format(printf, 4, 5)));

/* The canonical path with the root prefix taken off again. @buffer holds PATH_MAX bytes. */
int sys_real_path(const struct sys *sys, char *buffer, const char *path, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * List the entries of a directory that are @prefix followed by a digit (NULL: all entries but
 * dot files). A directory that is absent is an empty list: on sysfs "no such bus" and "nothing
 * on it" mean the same to a reader.
 */
int sys_list(const struct sys *sys, struct names *names, const char *prefix, const char *path, ...)
	__attribute__((format(printf, 4, 5)));

/* Write @text in one write(2), as sysfs wants it. @err names the file and the text. */
int sys_write(const struct sys *sys, struct error *err, const char *text, const char *path, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * The same for attributes whose store may block (offlining memory with a pinned page waits until
 * a signal arrives): gives up after @milliseconds with -ETIMEDOUT, and with -EINTR when
 * stop_requested() became true meanwhile.
 */
int sys_write_within(const struct sys *sys, struct error *err, unsigned int milliseconds,
		     const char *text, const char *path, ...) __attribute__((format(printf, 5, 6)));

#endif
