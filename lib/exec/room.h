/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory that contents are saved to: whether it is safe, outlives the memory, and has room. */
#ifndef EXEC_ROOM_H
#define EXEC_ROOM_H

#include "policy/plan.h"
#include "sys/sys.h"

/*
 * The absolute path, without links, of the directory that a user named; free it. -EPERM if others
 * can put or replace files there: contents are as secret and as precious as the memory was.
 */
int room_directory(const char *word, char **directory, struct error *err);

/* Whether it is only in memory: what is saved there is lost when the host is booted. */
bool room_is_volatile(const char *directory);

/* Whether its file system lies on the device @name (pmem0, dax0.0), as a whole or in part, directly
 * or through partitions, device mapper, RAID and loop devices. */
bool room_lies_on(const struct sys *sys, const char *directory, const char *name);

/*
 * Whether files with the contents of these dax devices fit in. If their sizes do not, the devices are
 * read, as pages of zeroes take no room; a signal stops that, with -EINTR. -ENOSPC says what is
 * needed and what is there.
 */
int room_check(const struct sys *sys, const char *directory, const struct names *dax_devices,
	       struct error *err);

/*
 * All of this for what a plan saves, before anything of it is done; its directory becomes absolute and
 * without links. What it says begins with an id: save-unsafe, save-on-memory, no-room-to-save.
 */
int room_check_plan(const struct sys *sys, const struct host *host, struct plan *plan,
		    struct error *err);

#endif
