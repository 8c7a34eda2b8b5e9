/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/journal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "model/document.h"
#include "sys/atomic_file.h"
#include "sys/util.h"

#define DIRECTORY "/var/lib/cxl-iso"
#define SCHEMA	  "cxl-iso/journal"
#define VERSION	  3

const char *const direction_names[] = {"down", "up", NULL};
const char *const sent_names[] = {"no", "maybe", "yes", NULL};
const char *const saved_state_names[] = {"copy", "only", "returning", "back", NULL};

/* clang-format off */
static const struct record saved_record = { sizeof(struct saved), (const struct field[]){
	TEXT(struct saved, dax),
	STRING(struct saved, path),
	U64(struct saved, size),
	TEXT(struct saved, sha256),
	ENUM(struct saved, state, saved_state_names),
	TEXT(struct saved, boot),
	{} } };

const struct record journal_record = { sizeof(struct journal), (const struct field[]){
	TEXT(struct journal, operation),
	TEXT(struct journal, object),
	TEXT(struct journal, boot),
	TEXT(struct journal, started),
	INT(struct journal, process),
	ENUM(struct journal, direction, direction_names),
	BOOL(struct journal, undoing),
	BOOL(struct journal, complete),
	BOOL(struct journal, reboot_needed),
	TEXT(struct journal, why),
	U64(struct journal, position),
	ENUM(struct journal, sent, sent_names),
	RECORDS(struct journal, pieces, extent_record),
	RECORDS(struct journal, saved, saved_record),
	RECORD(struct journal, plan, plan_record),
	RECORD(struct journal, before, host_record),
	{} } };
/* clang-format on */

void journal_free(struct journal *journal)
{
	record_free(&journal_record, journal);
}

void journal_boot(const struct sys *sys, char boot[48])
{
	sys_read(sys, boot, 48, "/proc/sys/kernel/random/boot_id");
}

void journal_init(const struct sys *sys, struct journal *journal, struct plan *plan,
		  struct host *before)
{
	time_t now = time(NULL);
	struct tm local;

	*journal = (struct journal){.plan = *plan, .before = *before, .process = getpid()};
	memset(plan, 0, sizeof(*plan));
	memset(before, 0, sizeof(*before));
	copy_text(journal->operation, sizeof(journal->operation), journal->plan.operation);
	copy_text(journal->object, sizeof(journal->object), journal->plan.object);
	strftime(journal->started, sizeof(journal->started), "%FT%T%z", localtime_r(&now, &local));
	journal_boot(sys, journal->boot);
}

struct saved *journal_saved(const struct journal *journal, const char *dax)
{
	list_each(saved, &journal->saved)
		if (strcmp(saved->dax, dax) == 0)
			return saved;
	return NULL;
}

bool journal_is_at_rest(const struct journal *journal)
{
	return journal->complete && journal->direction == DIRECTION_DOWN;
}

bool journal_is_of_old_boot(const struct sys *sys, const struct journal *journal)
{
	char boot[48];

	journal_boot(sys, boot);
	return strcmp(boot, journal->boot) != 0;
}

static void journal_path(const struct sys *sys, const char *operation, const char *object,
			 char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s" DIRECTORY "/%s-%s.json", sys->root, operation, object);
}

/* With its parents: a rescue system may not have them. */
static int make_directory(const struct sys *sys, struct error *err)
{
	static const char *const parts[] = {"/var", "/var/lib", DIRECTORY};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		bool ours = i + 1 == ARRAY_SIZE(parts);

		snprintf(path, sizeof(path), "%s%s", sys->root, parts[i]);
		if (mkdir(path, ours ? 0700 : 0755) && errno != EEXIST)
			return fail_errno(err, -errno, "cannot create %s", path);
	}
	return 0;
}

int journal_save(const struct sys *sys, const struct journal *journal, struct error *err)
{
	cleanup_json struct json_object *document = document_new(SCHEMA, VERSION);
	char path[PATH_MAX];
	const char *text;
	int rc = make_directory(sys, err);

	if (rc)
		return rc;
	json_object_object_add(document, "journal", record_to_json(&journal_record, journal));
	text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY |
								JSON_C_TO_STRING_SPACED |
								JSON_C_TO_STRING_NOSLASHESCAPE);
	journal_path(sys, journal->operation, journal->object, path);
	return file_replace(path, text, strlen(text), err);
}

/* Whoever can write a journal can have root build whatever it says. */
static int check_owner(const char *path, struct error *err)
{
	struct stat status;

	if (lstat(path, &status))
		return errno == ENOENT ? -ENOENT : fail_errno(err, -errno, "cannot read %s", path);
	if (S_ISREG(status.st_mode) && status.st_uid == geteuid() && !(status.st_mode & 077))
		return 0;
	fail(err, -EPERM, "%s is not a file of our own that nobody else can touch", path);
	hint(err, "do not trust it; remove it if you did not make it");
	return -EPERM;
}

/* One that was copied would be run as what it is not, some without anybody asking for it: borrow_give_back(). */
static bool is_named(const struct journal *journal, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char own[PATH_MAX];

	snprintf(own, sizeof(own), "%s-%s.json", journal->operation, journal->object);
	return strcmp(name, own) == 0;
}

/* What the engine relies on, in a file that anything may have happened to. */
static int check_journal(const struct journal *journal, const char *path, struct error *err)
{
	uint64_t steps = journal->direction == DIRECTION_DOWN ? journal->plan.down.count
							      : journal->plan.up.count;

	if (journal->position > steps)
		return fail(err, -EINVAL, "%s: position is behind the last step", path);
	if (strcmp(journal->operation, journal->plan.operation) != 0 ||
	    strcmp(journal->object, journal->plan.object) != 0)
		return fail(err, -EINVAL, "%s: its plan is for something else", path);
	if (!is_named(journal, path))
		return fail(err, -EINVAL, "%s: it is the journal of something else: %s of %s", path,
			    journal->operation, journal->object);
	return capture_check(&journal->before, path, err);
}

static int load(const char *path, struct journal *journal, struct error *err)
{
	cleanup_json struct json_object *document = NULL;
	struct error wrong = {0};
	struct json_object *json;
	int rc = check_owner(path, err);

	if (!rc)
		rc = document_read(path, &document, err);
	if (!rc)
		rc = document_check(document, SCHEMA, VERSION, path, err);
	if (rc)
		return rc;
	if (!json_object_object_get_ex(document, "journal", &json))
		return fail(err, -EINVAL, "%s: journal is missing", path);
	rc = record_from_json(&journal_record, journal, json, "journal", &wrong);
	if (rc)
		return fail(err, rc, "%s: %s", path, wrong.text);
	return check_journal(journal, path, err);
}

int journal_load(const struct sys *sys, const char *operation, const char *object,
		 struct journal *journal, struct error *err)
{
	char path[PATH_MAX];

	journal_path(sys, operation, object, path);
	return load(path, journal, err);
}

int journal_load_short(const struct sys *sys, const char *operation, const char *word,
		       struct journal *journal, struct error *err)
{
	char address[NAME_SIZE];
	int rc = journal_load(sys, operation, word, journal, err);

	if (rc != -ENOENT)
		return rc;
	snprintf(address, sizeof(address), "0000:%s", word);
	return journal_load(sys, operation, address, journal, err);
}

int journal_load_file(const struct sys *sys, const char *file, struct journal *journal,
		      struct error *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s" DIRECTORY "/%s", sys->root, file);
	return load(path, journal, err);
}

bool journal_is_there(const struct sys *sys, const char *operation, const char *object)
{
	struct stat status;
	char path[PATH_MAX];

	journal_path(sys, operation, object, path);
	return lstat(path, &status) == 0 || errno != ENOENT;
}

int journal_remove(const struct sys *sys, const struct journal *journal, struct error *err)
{
	char path[PATH_MAX];

	journal_path(sys, journal->operation, journal->object, path);
	return file_remove(path, err);
}

int journal_list(const struct sys *sys, struct names *names)
{
	cleanup_names struct names files = {0};
	int rc = sys_list(sys, &files, NULL, DIRECTORY);

	*names = (struct names){0};
	for (size_t i = 0; !rc && i < files.count; i++) {
		size_t length = strlen(files.items[i]);

		/* A temporary file of a write that was cut short is no journal. */
		if (length < strlen(".json") ||
		    strcmp(files.items[i] + length - strlen(".json"), ".json") != 0)
			continue;
		names->items = xrealloc(names->items, (names->count + 1) * sizeof(char *));
		names->items[names->count++] = xstrdup(files.items[i]);
	}
	return rc;
}
