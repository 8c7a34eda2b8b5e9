/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/ownership.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "regs/isolation.h"
#include "sys/atomic_file.h"
#include "sys/util.h"

#define DIRECTORY "/run/cxl-iso"

static bool is_armed(uint32_t control)
{
	return control & ISOLATION_CONTROL_ANY_ISOLATION;
}

static bool recall(const struct sys *sys, const char *what, const char *address, uint64_t *control)
{
	return sys_read_u64(sys, control, DIRECTORY "/%s-%s", what, address) == 0;
}

static int note(const struct sys *sys, const char *what, const char *address, uint32_t control,
		struct error *err)
{
	char path[PATH_MAX], text[16];

	snprintf(path, sizeof(path), "%s" DIRECTORY, sys->root);
	if (mkdir(path, 0700) && errno != EEXIST)
		return fail_errno(err, -errno, "cannot create %s", path);
	snprintf(path, sizeof(path), "%s" DIRECTORY "/%s-%s", sys->root, what, address);
	snprintf(text, sizeof(text), "0x%08x\n", control);
	return file_replace(path, text, strlen(text), err);
}

uint32_t ownership_ours(const struct sys *sys, const char *address)
{
	uint64_t noted;

	return recall(sys, "ours", address, &noted) ? (uint32_t)noted : 0;
}

enum armed_by ownership_of(const struct sys *sys, const char *address, uint32_t control,
			   const char *backend)
{
	uint64_t noted;

	if (!is_armed(control))
		return ARMED_BY_NOBODY;
	if (!is_armed(control & ~ownership_ours(sys, address)))
		return ARMED_BY_US;
	if (strcmp(backend, "mmio") != 0)
		return ARMED_BY_KERNEL;
	if (recall(sys, "found", address, &noted) && is_armed((uint32_t)noted))
		return ARMED_BY_FIRMWARE;
	return ARMED_BY_UNKNOWN;
}

int ownership_note_found(const struct sys *sys, const char *address, uint32_t control,
			 struct error *err)
{
	uint64_t noted;

	return recall(sys, "found", address, &noted) ? 0
						     : note(sys, "found", address, control, err);
}

int ownership_note_ours(const struct sys *sys, const char *address, uint32_t control,
			struct error *err)
{
	return note(sys, "ours", address, control, err);
}
