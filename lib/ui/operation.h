/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands that run a plan share: options of evacuating, the plan as text, the result. */
#ifndef UI_OPERATION_H
#define UI_OPERATION_H

#include "exec/engine.h"
#include "model/survey.h"
#include "policy/assess.h"
#include "ui/progress.h"
#include "ui/ui.h"

/* Options of whatever evacuates. */
extern const struct poptOption operation_options[];
#define OPERATION_OPTIONS                                                         \
	{                                                                         \
		NULL, '\0', POPT_ARG_INCLUDE_TABLE, (void *)operation_options, 0, \
			"Options of evacuating:", NULL                            \
	}
void operation_complete_nodes(const char *const *objects);
#define OPERATION_CHOICES                                            \
	{"USERS", users_policy_names}, {"PROGRESS", progress_words}, \
	{                                                            \
		"NODES", NULL, operation_complete_nodes              \
	}

/*
 * What these options say: how to deal with what is in the way, and what the user agreed to. Both live
 * as long as the program. -EINVAL with a text that says what was expected; so if one of @force is none
 * of @rules.
 */
int operation_read(char **force, const char *const *rules, struct manner *manner,
		   struct consent *consent, struct progress **progress, struct error *err);

/*
 * Whether pages of @what can be moved to the nodes of --to: each of them is there, and one has memory
 * and is not emptied itself. -EINVAL with a text that names the nodes there are.
 */
int operation_check_nodes(const struct host *host, const struct below *what,
			  const struct manner *manner, struct error *err);

/* Something is done to processes or data that can not be undone: to be confirmed. */
bool operation_destroys(const struct manner *manner, const struct consent *consent);

/*
 * Whether what the plan saves can be saved, to be asked before anything is done; room_check_plan()
 * tells more. Nothing is asked of a capture. -errno: to be refused.
 */
int operation_check_save(const struct host *host, struct plan *plan, struct error *err);

/* Contents are where they were: name the files that had them meanwhile. */
void operation_say_saved(const struct journal *journal);

/*
 * Before the picture is taken: what another operation is changing can not be planned on, and what has
 * no driver is not in it. The lock, under the name of the operation and what it is for, is @lock.
 */
int operation_take_machine(const char *operation, const char *const *words, int *lock,
			   struct error *err);

/* Ask, unless @yes. STATUS_DONE to go on; otherwise it was said why not. */
enum status operation_confirm(bool yes, const char *question);

/* How an operation ends with that outcome. */
enum status operation_status(enum outcome outcome);

/* The steps of one way under a title, numbered from @first. */
void operation_print_steps(const char *title, size_t first, const struct step_list *steps);
/* The same of both, and the findings, as JSON. */
void operation_print_plan(const struct plan *plan, const struct findings *findings);

/* Add to a JSON object what became of it. */
void operation_add_result(struct json_object *json, const struct engine *engine,
			  enum outcome outcome, enum status status, const struct error *err,
			  const struct error *unrepaired);

#endif
