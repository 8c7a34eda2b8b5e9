/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks that are real scripts, in a small tree of files that stands for a machine. */
#ifndef TEST_HOOKS_H
#define TEST_HOOKS_H

#include "support.h"

#define HOOK_DIRECTORY "/etc/cxl-iso/hooks.d"

/* For tests whose state is a tree from which programs can be run. */
int hooks_setup(void **state);
#define WITH_HOOKS(test) cmocka_unit_test_setup_teardown(test, hooks_setup, tree_teardown)

/* A script for sh, where $tree is the tree, and "log TEXT..." appends a line to what check_log()
 * compares. */
void add_hook(struct tree *tree, const char *event, const char *name, const char *script);

/* Fails the test unless hooks logged exactly this. The log is empty then. */
void check_log(struct tree *tree, const char *text);

/* Files of root's are what hooks are made of: be root, in a user namespace if need be. False if
 * that is not allowed. */
bool become_root(void);

#endif
