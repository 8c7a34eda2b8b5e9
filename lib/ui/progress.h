/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows what the engine does: lines and a bar for people, JSON lines for scripts; on stderr. */
#ifndef UI_PROGRESS_H
#define UI_PROGRESS_H

#include "exec/engine.h"
#include "sys/error.h"

/* @how is the argument of --progress: NULL or "text", "json", "none". -EINVAL with a text. */
extern const char *const progress_words[];
int progress_choose(const char *how, struct progress **progress, struct error *err);

#endif
