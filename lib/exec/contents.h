/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contents of a devdax device, to a file and back. The file is plain: as long as the device, zero
 * pages are holes, so that dd, cmp and sha256sum do with it what they do with any other.
 *
 * What is saved is about to be destroyed. So it is read back from the file before it counts as
 * saved, and the file as a whole is checked before the first byte goes back.
 */
#ifndef EXEC_CONTENTS_H
#define EXEC_CONTENTS_H

#include "exec/window.h"
#include "sys/sha256.h"

/* The device, and how to tell what is done. */
struct transfer {
	struct window *window;
	bool stoppable; /* a signal ends it, with -EINTR */
	void (*part)(void *context, uint64_t done, uint64_t total); /* bytes; may be NULL */
	void *context;
};

/* SHA-256 of all the device holds. */
int contents_hash(const struct transfer *transfer, char sha256[SHA256_SIZE], struct error *err);

/* How many bytes a file would take: those in pages that are not zero as a whole. */
int contents_count(const struct transfer *transfer, uint64_t *bytes, struct error *err);

/* A file of contents. */
struct contents_file {
	const char *directory; /* absolute, without links */
	const char *name;
};

/*
 * Save them to a new file, 0600: under the name with ".partial" until all is on disk and was read
 * back. Whatever fails, no file is left. If @again, one that an earlier run of the same operation
 * left may be replaced; otherwise nothing of either name may be there (-EEXIST).
 */
int contents_save(const struct transfer *transfer, const struct contents_file *file, bool again,
		  char sha256[SHA256_SIZE], struct error *err);

/* Write them back from the file at @path, if it is of the device's size and has that sum. Until
 * that is certain, nothing is written. The window is a writable one. */
int contents_load(const struct transfer *transfer, const char *path, const char *sha256,
		  struct error *err);

#endif
