/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who armed a port's isolation. The register does not tell, so we write down, under /run and thus
 * for this boot only, what we found before our first change and what we set ourselves.
 */
#ifndef COLLECT_OWNERSHIP_H
#define COLLECT_OWNERSHIP_H

#include <stdint.h>

#include "model/host.h"
#include "sys/sys.h"

/* @control is the register now, @backend the name of the back end that changes it. */
enum armed_by ownership_of(const struct sys *sys, const char *address, uint32_t control,
			   const char *backend);

/* Before the first change of a port in this boot: remember what was there. Later calls do nothing. */
int ownership_note_found(const struct sys *sys, const char *address, uint32_t control,
			 struct error *err);

/* What we noted. */
uint32_t ownership_ours(const struct sys *sys, const char *address);

/* After a change of our own. */
int ownership_note_ours(const struct sys *sys, const char *address, uint32_t control,
			struct error *err);

#endif
