/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dax device of a tree: a regular file, which is mapped as the character device is and answers with
 * SIGBUS behind its end, and what sysfs tells of it.
 */
#ifndef TEST_DEVICE_H
#define TEST_DEVICE_H

#include <stdint.h>

#include "support.h"
#include "sys/sha256.h"

#define DAX	     "dax0.0"
#define DEVICE(tree) path_of(tree, "/dev/" DAX)

/* The real path of a path in the tree; the latest 16 are kept. So with words of any kind. */
const char *path_of(const struct tree *tree, const char *path);
const char *words(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* @size bytes of zeroes. */
void device_make(struct tree *tree, const char *dax, uint64_t size);

/* Bytes that repeat nowhere, and are the same in each run. */
void put_noise(const char *path, uint64_t offset, size_t length);

/* SHA-256 of a file, read as any program would. */
void sum_of(const char *path, char sum[SHA256_SIZE]);
void check_sum_of(const char *path, const char *expected);

#endif
