/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contents of devdax devices: kept in a file before the device leaves service, and written back. */
#include "exec/engine.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/contents.h"
#include "exec/find.h"
#include "exec/guard.h"
#include "exec/manifest.h"
#include "exec/saved.h"
#include "sys/util.h"

/* ---- what the journal has ---- */

struct saved *saved_find(const struct engine *engine, const char *dax)
{
	return engine->journal ? journal_saved(engine->journal, dax) : NULL;
}

static void drop(struct journal *journal, struct saved *saved)
{
	struct saved *end = journal->saved.items + journal->saved.count;

	free(saved->path);
	memmove(saved, saved + 1, (size_t)(end - saved - 1) * sizeof(*saved));
	journal->saved.count--;
}

void saved_give_up(struct journal *journal)
{
	while (journal->saved.count)
		drop(journal, &journal->saved.items[journal->saved.count - 1]);
}

static bool is_of_old_boot(const struct engine *engine, const struct saved *saved)
{
	char boot[48];

	journal_boot(engine->sys, boot);
	return strcmp(boot, saved->boot) != 0;
}

static int set_state(struct engine *engine, struct saved *saved, enum saved_state state,
		     struct error *err)
{
	if (saved->state == (int)state && !is_of_old_boot(engine, saved))
		return 0;
	saved->state = (int)state;
	journal_boot(engine->sys, saved->boot);
	return journal_save(engine->sys, engine->journal, err);
}

/* ---- reading the device ---- */

struct telling {
	struct engine *engine;
	const struct step *step;
};

static void tell(void *context, uint64_t done, uint64_t total)
{
	const struct telling *telling = context;

	engine_part(telling->engine, telling->step, &(struct part){.done = done, .total = total});
}

static struct transfer transfer_of(struct telling *telling, struct window *window, bool stoppable)
{
	return (struct transfer){window, stoppable, tell, telling};
}

/* Whether the device called @name now holds just what was saved. */
static int compare(struct engine *engine, const struct step *step, const struct saved *saved,
		   const char *name, bool stoppable, bool *same, struct error *err)
{
	struct telling telling = {engine, step};
	cleanup_window struct window window = NO_WINDOW;
	const struct transfer transfer = transfer_of(&telling, &window, stoppable);
	char sum[SHA256_SIZE];
	int rc = window_open(&window, engine->sys, name, false, err);

	if (rc)
		return rc;
	watch_begin(&engine->watch, engine->sys, name);
	rc = contents_hash(&transfer, sum, err);
	*same = !rc && strcmp(sum, saved->sha256) == 0;
	if (!*same)
		watch_end(engine->watch, name);
	return rc;
}

/*
 * Nobody opened it since it was saved; or, as we may not have watched, it is read once more. On the
 * way down the device has its old name.
 */
static int check_same(struct engine *engine, const struct step *step, const struct saved *saved,
		      bool *same, struct error *err)
{
	*same = watch_is_quiet(engine->watch, saved->dax);
	return *same ? 0 : compare(engine, step, saved, saved->dax, true, same, err);
}

static bool is_bound(const struct engine *engine, const char *dax)
{
	return sys_exists(engine->sys, "/sys/bus/dax/devices/%s/driver", dax);
}

/* The file may have the only copy. */
static bool counts_alone(const struct saved *saved)
{
	return saved->state == SAVED_ONLY || saved->state == SAVED_RETURNING;
}

/* Neither is thrown away: who knows which of them is of use? */
static void advise_to_choose(const struct saved *saved, struct error *err)
{
	hint(err,
	     "to keep what is there now, bring it back with --discard-contents; to have what is in "
	     "%s, unbind the device first",
	     saved->path);
}

static int refuse_changed(struct engine *engine, struct saved *saved, struct error *err)
{
	fail(err, -EBUSY, "the contents of %s changed after they were saved", saved->dax);
	if (counts_alone(saved)) { /* killed right before it was unbound, or it was bound since */
		advise_to_choose(saved, err);
		return -EBUSY;
	}
	hint(err, "stop what uses it, and try again; the file is out of date: %s", saved->path);
	drop(engine->journal, saved);
	journal_save(engine->sys, engine->journal, NULL);
	return -EBUSY;
}

static bool is_on_disk(const struct saved *saved)
{
	struct stat status;

	return lstat(saved->path, &status) == 0 && S_ISREG(status.st_mode) &&
	       (uint64_t)status.st_size == saved->size;
}

static int refuse_file_gone(const struct saved *saved, struct error *err)
{
	fail(err, -EBUSY, "the file with the contents of %s is gone, or was changed: %s",
	     saved->dax, saved->path);
	hint(err, "put it back, or try again to save them anew");
	return -EBUSY;
}

/* The step that saves comes before; but what it noted may have been dropped since. */
static int refuse_unsaved(const struct engine *engine, const char *dax, struct error *err)
{
	if (!engine->plan->manner.save || !is_bound(engine, dax))
		return 0;
	list_each(step, &engine->plan->down)
		if (step->kind == STEP_SAVE_CONTENTS && strcmp(step->object, dax) == 0)
			return fail(err, -EBUSY, "the contents of %s are not saved", dax);
	return 0;
}

static int leave_bound(struct engine *engine, const struct step *step, struct saved *saved,
		       struct error *err)
{
	bool same;
	int rc = is_on_disk(saved) ? check_same(engine, step, saved, &same, err)
				   : refuse_file_gone(saved, err);

	if (rc)
		return rc;
	return same ? set_state(engine, saved, SAVED_ONLY, err)
		    : refuse_changed(engine, saved, err);
}

int saved_leave(struct engine *engine, const struct step *step, struct error *err)
{
	const char *dax = step->object;
	struct saved *saved = saved_find(engine, dax);

	if (!saved)
		return refuse_unsaved(engine, dax, err);
	if (is_bound(engine, dax))
		return leave_bound(engine, step, saved, err);
	if (!counts_alone(saved) && !watch_is_quiet(engine->watch, dax))
		return fail(err, -EBUSY, "somebody unbound %s after its contents were saved", dax);
	return set_state(engine, saved, SAVED_ONLY, err);
}

int saved_stayed(const struct engine *engine, const char *dax, struct error *err)
{
	const struct saved *saved = saved_find(engine, dax);

	if (!saved || engine->journal->direction == DIRECTION_UP ||
	    watch_is_quiet(engine->watch, dax))
		return 0;
	return fail(err, -EBUSY, "somebody opened /dev/%s after its contents were saved", dax);
}

int saved_bring(struct engine *engine, const char *dax, struct error *err)
{
	struct saved *saved = saved_find(engine, dax);

	if (!saved || saved->state != SAVED_ONLY)
		return 0;
	return set_state(engine, saved, SAVED_RETURNING, err);
}

int saved_bring_region(struct engine *engine, const char *region, struct error *err)
{
	int rc = 0;

	list_each(dax, &engine->before->dax_devices)
		if (!rc && strcmp(dax->region, region) == 0)
			rc = saved_bring(engine, dax->name, err);
	return rc;
}

int saved_return(struct engine *engine, const char *dax, struct error *err)
{
	struct saved *saved = saved_find(engine, dax);

	return saved ? set_state(engine, saved, SAVED_BACK, err) : 0;
}

/* ---- save ---- */

/* An earlier run may have saved what somebody changed since. */
static int observe_save(struct engine *engine, const struct step *step, bool *done,
			struct error *err)
{
	const struct saved *saved = saved_find(engine, step->object);
	bool there = saved && is_on_disk(saved);

	*done = there && counts_alone(saved);
	if (saved && !there && counts_alone(saved))
		return refuse_file_gone(saved, err);
	return *done || !there ? 0 : check_same(engine, step, saved, done, err);
}

static int note_saved(struct engine *engine, const struct dax *dax,
		      const struct contents_file *file, const char *sha256, struct error *err)
{
	struct saved *saved = saved_find(engine, dax->name);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", file->directory, file->name);
	if (!saved)
		saved = list_add(&engine->journal->saved);
	free(saved->path);
	*saved = (struct saved){.path = xstrdup(path), .size = dax->size};
	copy_text(saved->dax, sizeof(saved->dax), dax->name);
	copy_text(saved->sha256, sizeof(saved->sha256), sha256);
	journal_boot(engine->sys, saved->boot);
	return journal_save(engine->sys, engine->journal, err);
}

/* Whoever opens it from now on is noticed, and whoever had it open before is looked for. */
static int save_watched(struct engine *engine, const struct step *step, const struct dax *dax,
			const struct contents_file *file, struct error *err)
{
	struct telling telling = {engine, step};
	cleanup_window struct window window = NO_WINDOW;
	const struct transfer transfer = transfer_of(&telling, &window, true);
	char sha256[SHA256_SIZE];
	int rc = window_open(&window, engine->sys, dax->name, false, err);

	if (!rc && window.size != dax->size)
		rc = fail(err, -EBUSY, "%s has another size than it had before", dax->name);
	if (rc)
		return rc;
	watch_begin(&engine->watch, engine->sys, dax->name);
	rc = refuse_users(engine, dax->name, err);
	if (!rc)
		rc = contents_save(&transfer, file, engine->resumed, sha256, err);
	if (!rc)
		rc = manifest_write(engine->before, dax, file, sha256, err);
	if (rc)
		watch_end(engine->watch, dax->name);
	return rc ? rc : note_saved(engine, dax, file, sha256, err);
}

/* It may have changed behind our back, while we read what was in front. */
static int check_saved(struct engine *engine, const struct step *step, struct error *err)
{
	struct saved *saved = saved_find(engine, step->object);
	bool same;
	int rc = check_same(engine, step, saved, &same, err);

	return rc || same ? rc : refuse_changed(engine, saved, err);
}

static int act_save(struct engine *engine, const struct step *step, struct error *err)
{
	const struct dax *dax = host_dax(engine->before, step->object);
	const char *directory = engine->plan->manner.save;
	char name[2 * NAME_SIZE];
	int rc;

	if (!dax)
		return fail(err, -EINVAL, "the plan names %s, which was not there before",
			    step->object);
	if (!directory || !engine->journal)
		return fail(err, -EINVAL, "the contents of %s can not be kept without a journal",
			    dax->name);
	manifest_name_file(dax->name, engine->journal->started, name);
	rc = save_watched(engine, step, dax, &(struct contents_file){directory, name}, err);
	return rc ? rc : check_saved(engine, step, err);
}

const struct step_ops step_save_contents = {observe_save, act_save};

/* ---- load ---- */

/* The device at the address of before; -ENODEV if there is none, or it is not bound yet. */
static int find_now(struct engine *engine, const struct step *step, char name[NAME_SIZE],
		    struct error *err)
{
	const struct dax *before = host_dax(engine->before, step->object);
	uint64_t start =
		before && before->mappings.count ? before->mappings.items[0].start : UNKNOWN;
	int rc = find_dax_at(engine->sys, start, name);

	if (rc == -ENOENT)
		return fail(err, -ENODEV, "there is no dax device in place of %s", step->object);
	return rc ? fail_errno(err, rc, "cannot look for dax devices") : 0;
}

/* The device left service; or the host was booted since, which memory does not survive. */
static bool is_lost(const struct engine *engine, const struct saved *saved)
{
	return counts_alone(saved) || is_of_old_boot(engine, saved);
}

/* It is in service, and not by us: whoever uses it wants what is there. After a boot nobody knows. */
static int refuse_in_service(const struct engine *engine, const struct saved *saved,
			     const char *name, struct error *err)
{
	if (saved->state != SAVED_ONLY || is_of_old_boot(engine, saved))
		return 0;
	fail(err, -EBUSY, "%s is in service, and its contents are not those that were saved", name);
	advise_to_choose(saved, err);
	return -EBUSY;
}

/*
 * That the device has its contents back is noted at once: should the rest of the way fail, whoever
 * uses it until the next try shall not lose what he writes.
 */
static int observe_load(struct engine *engine, const struct step *step, bool *done,
			struct error *err)
{
	const struct saved *saved = saved_find(engine, step->object);
	char name[NAME_SIZE];
	int rc;

	*done = !saved || !is_lost(engine, saved);
	if (*done)
		return 0;
	rc = find_now(engine, step, name, err);
	if (!rc)
		rc = compare(engine, step, saved, name, engine->stoppable, done, err);
	if (rc)
		return rc;
	return *done ? saved_return(engine, step->object, err)
		     : refuse_in_service(engine, saved, name, err);
}

static int act_load(struct engine *engine, const struct step *step, struct error *err)
{
	const struct saved *saved = saved_find(engine, step->object);
	struct telling telling = {engine, step};
	cleanup_window struct window window = NO_WINDOW;
	const struct transfer transfer = transfer_of(&telling, &window, engine->stoppable);
	char name[NAME_SIZE];
	int rc = find_now(engine, step, name, err);

	if (!rc)
		rc = window_open(&window, engine->sys, name, true, err);
	if (!rc)
		rc = refuse_users(engine, name, err);
	return rc ? rc : contents_load(&transfer, saved->path, saved->sha256, err);
}

const struct step_ops step_load_contents = {observe_load, act_load};
