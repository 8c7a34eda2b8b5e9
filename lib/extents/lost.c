/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/lost.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sys/atomic_file.h"

#define DIRECTORY "/run/cxl-iso"
#define NOTE	  "records of its event log were lost\n"

static void note_path(const struct sys *sys, const char *address, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s" DIRECTORY "/lost-%s", sys->root, address);
}

bool lost_is_noted(const struct sys *sys, const char *address)
{
	return sys_exists(sys, DIRECTORY "/lost-%s", address);
}

int lost_note(const struct sys *sys, const char *address, struct error *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s" DIRECTORY, sys->root);
	if (mkdir(path, 0700) && errno != EEXIST)
		return fail_errno(err, -errno, "cannot create %s", path);
	note_path(sys, address, path);
	return file_replace(path, NOTE, strlen(NOTE), err);
}

int lost_forget(const struct sys *sys, const char *address, struct error *err)
{
	char path[PATH_MAX];

	note_path(sys, address, path);
	return file_remove(path, err);
}
