/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are run as root: nobody else may be able to change them, or to put others in their place. */
#ifndef SYS_TRUSTED_H
#define SYS_TRUSTED_H

#include "sys/error.h"
#include "sys/sys.h"

/*
 * Open a regular file by its absolute path, with O_PATH, so that what is checked is what is used. The file and all
 * directories above it have to belong to root and must not be writable by group or others (what an
 * access control list grants shows in the group's bits); links are not followed. A descriptor;
 * -EPERM if it is not to be trusted, with what is wrong and a command that mends it; or another
 * -errno with a text.
 */
int trusted_open(const struct sys *sys, const char *path, struct error *err);

#endif
