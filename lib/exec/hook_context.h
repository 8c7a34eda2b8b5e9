/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hooks are told: as environment for scripts, and in full as a JSON document. */
#ifndef EXEC_HOOK_CONTEXT_H
#define EXEC_HOOK_CONTEXT_H

#include "exec/engine.h"

struct hook_context {
	const char *operation;	     /* evacuate, restore, recover */
	const char *event;	     /* before-evacuate */
	const struct plan *plan;     /* what its steps name is what the hook is told about */
	const struct host *before;   /* the picture that these names are of */
	const struct host *users;    /* whom to list; the same, or a later one */
	const struct process *guest; /* to be stopped; NULL */
	const char *outcome, *error; /* of an operation that failed; NULL */
};

/* A document of the schema cxl-iso/hook. */
struct json_object *hook_document(const struct hook_context *context);

/* The environment that goes with it, made from nothing; NULL terminated. */
void hook_environment(struct json_object *document, struct names *environment);

/* There are hooks of @event in the picture. */
bool has_hooks(const struct host *host, const char *event);

/*
 * Run the hooks of an event of the engine's operation. Of @context the event counts, and what only
 * that event has; @users may be NULL. What hooks_run() says.
 */
int hooks_announce(struct engine *engine, const struct hook_context *context, struct error *err);

#endif
