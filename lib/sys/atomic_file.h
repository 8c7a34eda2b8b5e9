/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYS_ATOMIC_FILE_H
#define SYS_ATOMIC_FILE_H

#include <stddef.h>

#include "sys/error.h"

/*
 * Write a new file as a whole or not at all, mode 0600: to a temporary file beside it, synced,
 * then renamed. -EEXIST if something of that name is there, which is left alone.
 */
int file_write_new(const char *path, const char *text, size_t length, struct error *err);

/* The same over what is there, by one writer at a time. After a crash the file is the old one or the
 * new one, and PATH.new, which may be left, goes with the next write or with file_remove(). */
int file_replace(const char *path, const char *text, size_t length, struct error *err);

/* Remove it and sync its directory. Not to be there is no error. */
int file_remove(const char *path, struct error *err);

#endif
