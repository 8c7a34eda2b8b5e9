/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several unit tests need: exact errors, and small trees of files that stand for a machine. */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <limits.h>
#include <sys/types.h>

#include "sys/error.h"
#include "sys/sys.h"

/* Fails the test unless @rc is @code and the text and the hint are exactly these. */
void check_error(int rc, int code, const struct error *err, const char *text, const char *hint);

/*
 * A campaign goes on by so many of its moments at a time: by each, unless $EVERY says that every Nth is
 * enough. Under valgrind it is, which looks for what the same code does wrong at any of them.
 */
unsigned int every(void);

/* A directory of its own, to be used as the root of a struct sys. */
struct tree {
	char root[64];
	struct sys sys;
};

/* The paths are absolute as on the machine, and printf-style; directories come by themselves. */
void tree_make(struct tree *tree);
void tree_remove(struct tree *tree);
void tree_file(struct tree *tree, const char *text, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
void tree_directory(struct tree *tree, const char *path, ...) __attribute__((format(printf, 2, 3)));
void tree_fifo(struct tree *tree, const char *path, ...) __attribute__((format(printf, 2, 3)));
/* @target, if absolute, is one of the tree's paths as well; else it is taken as it is. */
void tree_link(struct tree *tree, const char *target, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
void tree_unlink(struct tree *tree, const char *path);

/* For tests whose state is an empty tree. */
int tree_setup(void **state);
int tree_teardown(void **state);
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

/* Fails the test unless the file has exactly this text. */
void check_file(struct tree *tree, const char *text, const char *path, ...)
	__attribute__((format(printf, 3, 4)));

/* Run @body in a child; returns its exit status, or 128 + the signal that ended it. */
int in_child(int (*body)(void *context), void *context);

#endif
