/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/borrow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/engine.h"
#include "exec/find.h"
#include "exec/guard.h"
#include "exec/guardian.h"
#include "policy/borrow.h"
#include "sys/stop.h"
#include "sys/util.h"

#define OPERATION "borrow"

struct borrow {
	struct borrow *next;
	const struct sys *sys;
	struct journal journal;
	struct guardian guardian;
};

static struct borrow *ours; /* what this process has borrowed */

static bool is_ours(const char *address)
{
	for (const struct borrow *borrow = ours; borrow; borrow = borrow->next)
		if (strcmp(borrow->journal.object, address) == 0)
			return true;
	return false;
}

static void borrow_free(struct borrow *borrow)
{
	struct borrow **link = &ours;

	while (*link && *link != borrow)
		link = &(*link)->next;
	if (*link)
		*link = borrow->next;
	journal_free(&borrow->journal);
	free(borrow);
}

static int run(const struct sys *sys, struct journal *journal,
	       int (*way)(struct engine *, struct error *), struct error *err)
{
	cleanup_engine struct engine engine = {
		.sys = sys,
		.before = &journal->before,
		.plan = &journal->plan,
		.journal = journal,
	};

	return way(&engine, err);
}

/* In the guardian: nobody is there to be told. */
static void finish(void *context)
{
	struct borrow *borrow = context;

	run(borrow->sys, &borrow->journal, engine_up, NULL);
}

/* ---- what others left ---- */

static bool has_driver(const struct sys *sys, const char *address)
{
	return sys_exists(sys, "/sys/bus/pci/devices/%s/driver", address);
}

bool borrow_is_over(const struct sys *sys, const struct journal *journal)
{
	return strcmp(journal->operation, OPERATION) == 0 &&
	       (journal_is_of_old_boot(sys, journal) ||
		!sys_exists(sys, "/sys/bus/pci/devices/%s", journal->object) ||
		has_driver(sys, journal->object));
}

/*
 * Without its driver nothing uses it, so that it may be removed, too, if it is not to be had back. If it
 * has one by now it can not be tried again.
 */
static int fail_to_give_back(const struct sys *sys, const struct journal *journal,
			     const struct error *why, struct error *err)
{
	const char *address = journal->object;

	fail(err, -ENOTRECOVERABLE, "%s was not given back to its driver: %s", address, why->text);
	if (borrow_is_over(sys, journal)) {
		hint(err, "%s", why->hint);
		journal_remove(sys, journal, NULL);
		return -ENOTRECOVERABLE;
	}
	hint(err,
	     "%s%sthen: cxl-iso list-extents %s --unbind; or, to do without it: echo 1 > "
	     "/sys/bus/pci/devices/%s/remove",
	     why->hint, why->hint[0] ? "; " : "", address, address);
	return -ENOTRECOVERABLE;
}

static int give_back_left(const struct sys *sys, const char *address, void (*say)(const char *text),
			  struct error *err)
{
	cleanup_journal struct journal journal = {0};
	char text[4 * NAME_SIZE];
	struct error up = {0};
	int rc = journal_load(sys, OPERATION, address, &journal, err);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	if (borrow_is_over(sys, &journal))
		return journal_remove(sys, &journal, err);
	stop_on_signals();
	if (run(sys, &journal, engine_up, &up))
		return fail_to_give_back(sys, &journal, &up, err);
	if (!say)
		return 0;
	snprintf(text, sizeof(text),
		 "gave %s back to its driver: the command that had borrowed it was killed",
		 journal.object);
	say(text);
	return 0;
}

/* "borrow-0000:0d:00.0.json" */
static bool read_name(const char *file, char address[NAME_SIZE])
{
	if (!starts_with(file, OPERATION "-") ||
	    !copy_text(address, NAME_SIZE, file + strlen(OPERATION "-")))
		return false;
	address[strlen(address) - strlen(".json")] = '\0';
	return true;
}

int borrow_give_back(const struct sys *sys, void (*say)(const char *text), struct error *err)
{
	cleanup_names struct names files = {0};
	char address[NAME_SIZE];
	int rc = journal_list(sys, &files);

	if (rc)
		return fail_errno(err, rc, "cannot look for journals");
	for (size_t i = 0; !rc && i < files.count; i++)
		if (read_name(files.items[i], address) && !is_ours(address))
			rc = give_back_left(sys, address, say, err);
	return rc;
}

/* ---- to take ---- */

static int give_back(struct borrow *borrow, struct error *err)
{
	struct error up = {0};
	int rc = run(borrow->sys, &borrow->journal, engine_up, &up);

	if (!rc)
		return 0;
	return fail_to_give_back(borrow->sys, &borrow->journal, &up, err);
}

/* What failed is the first error, but that it could not be put right weighs more. */
static int undo(struct borrow *borrow, int rc, struct error *err)
{
	struct error left = {0};

	if (give_back(borrow, &left) == 0)
		return rc;
	if (err)
		*err = left;
	return -ENOTRECOVERABLE;
}

/* What is left to do, for whoever looks at the journal; to do it needs no note. */
static void note_turn(struct borrow *borrow)
{
	borrow->journal.direction = DIRECTION_UP;
	borrow->journal.position = 0;
	journal_save(borrow->sys, &borrow->journal, NULL);
}

static int take(struct borrow *borrow, int lock, struct error *err)
{
	int rc = guardian_post(&borrow->guardian, lock, finish, borrow, err);

	if (rc)
		return rc;
	rc = run(borrow->sys, &borrow->journal, engine_down, err);
	if (!rc) {
		note_turn(borrow);
		return 0;
	}
	rc = undo(borrow, rc, err);
	guardian_dismiss(&borrow->guardian);
	return rc;
}

static struct borrow *borrow_new(const struct sys *sys, const char *address, struct host *before)
{
	struct borrow *borrow = xcalloc(1, sizeof(*borrow));
	struct plan plan = {0};

	plan_borrow(address, &plan);
	borrow->sys = sys;
	journal_init(sys, &borrow->journal, &plan, before);
	borrow->next = ours;
	ours = borrow;
	return borrow;
}

static int check(const struct sys *sys, const char *address, struct host *host,
		 struct findings *findings, struct error *err)
{
	int rc;

	if (!sys_exists(sys, "/sys/bus/pci/devices/%s", address))
		return fail(err, -ENODEV, "there is no PCI function %s", address);
	if (is_ours(address))
		return fail(err, -EBUSY, "%s is taken from its driver already", address);
	rc = give_back_left(sys, address, NULL, err);
	if (!rc && has_driver(sys, address))
		rc = judge_borrow(sys, address, host, findings, err);
	return !rc && findings_refusal(findings) ? -EPERM : rc;
}

int borrow_begin(const struct sys *sys, const char *address, int lock, struct borrow **borrow,
		 struct findings *findings, struct error *err)
{
	cleanup_host struct host host = {0};
	struct borrow *made;
	int rc;

	*borrow = NULL;
	rc = check(sys, address, &host, findings, err);
	if (rc || !has_driver(sys, address))
		return rc;
	stop_on_signals();
	made = borrow_new(sys, address, &host);
	rc = take(made, lock, err);
	if (rc)
		borrow_free(made);
	else
		*borrow = made;
	return rc;
}

/* ---- to give back ---- */

static void say_name(const struct borrow *borrow, void (*say)(const char *text))
{
	const struct journal *journal = &borrow->journal;
	const struct memdev *before = host_memdev_at(&journal->before, journal->object);
	char now[NAME_SIZE], text[4 * NAME_SIZE];

	if (!say || !before || find_memdev(borrow->sys, before, now, NULL) ||
	    strcmp(now, before->name) == 0)
		return;
	snprintf(text, sizeof(text), "%s is called %s now", before->name, now);
	say(text);
}

int borrow_end(struct borrow **borrow, void (*say)(const char *text), struct error *err)
{
	struct borrow *ended = *borrow;
	int rc;

	*borrow = NULL;
	if (!ended)
		return 0;
	rc = give_back(ended, err);
	guardian_dismiss(&ended->guardian);
	if (!rc)
		say_name(ended, say);
	borrow_free(ended);
	return rc;
}

void borrow_drop(struct borrow **borrow)
{
	borrow_end(borrow, NULL, NULL);
}
