// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* Not /dev/shm, where containers allow no programs. */
int hooks_setup(void **state)
{
	static struct tree tree;

	strcpy(tree.root, "/tmp/test-cxl-iso.XXXXXX");
	if (!mkdtemp(tree.root))
		fail_msg("cannot make a directory in /tmp: %s", strerror(errno));
	tree.sys.root = tree.root;
	tree_file(&tree, "", "/log");
	*state = &tree;
	return 0;
}

void add_hook(struct tree *tree, const char *event, const char *name, const char *script)
{
	char text[4096], path[PATH_MAX];

	snprintf(text, sizeof(text), "#!/bin/sh\ntree=%s\nlog() { echo \"$*\" >>$tree/log; }\n%s\n",
		 tree->root, script);
	tree_file(tree, text, HOOK_DIRECTORY "/%s.d/%s", event, name);
	snprintf(path, sizeof(path), "%s" HOOK_DIRECTORY "/%s.d/%s", tree->root, event, name);
	assert_int_equal(chmod(path, 0755), 0);
}

void check_log(struct tree *tree, const char *text)
{
	check_file(tree, text, "/log");
	tree_file(tree, "", "/log");
}

static bool write_map(const char *file, unsigned int id)
{
	cleanup_stream FILE *stream = fopen(file, "we");

	return stream && fprintf(stream, "0 %u 1", id) > 0 && fflush(stream) == 0;
}

bool become_root(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	cleanup_stream FILE *groups = NULL;

	if (uid == 0)
		return true;
	if (unshare(CLONE_NEWUSER) || !write_map("/proc/self/uid_map", uid))
		return false;
	groups = fopen("/proc/self/setgroups", "we");
	return groups && fputs("deny", groups) > 0 && fflush(groups) == 0 &&
	       write_map("/proc/self/gid_map", gid);
}
