/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/operations.h"

#include <string.h>

#include "exec/borrow.h"
#include "exec/evacuations.h"
#include "sys/lock.h"
#include "sys/util.h"

/* Who holds the lock. */
struct running {
	char operation[32], object[NAME_SIZE];
	int process; /* -1: nobody */
	bool known;  /* it has a journal, too */
};

/* "recover 0c:00.0", "set-timeout --hold", "apply": what changes registers names no ports. */
static void name_running(struct running *running, const char *what)
{
	const char *rest = what + strcspn(what, " ");
	char operation[96];

	copy_text(operation, sizeof(operation), what);
	operation[rest - what] = '\0';
	copy_text(running->operation, sizeof(running->operation), operation);
	while (*rest == ' ')
		rest++;
	copy_text(running->object, sizeof(running->object),
		  *rest && *rest != '-' ? rest : "root ports");
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* By number, for a hold has another name in the lock; by name, for --resume is another process. */
static bool runs(const struct running *running, const struct journal *journal)
{
	return running->process >= 0 && (running->process == journal->process ||
					 (strcmp(running->operation, journal->operation) == 0 &&
					  ends_with(journal->object, running->object)));
}

static void add(struct host *host, const char *name, const char *object, int process)
{
	struct operation *operation = list_add(&host->operations);

	copy_text(operation->operation, sizeof(operation->operation), name);
	copy_text(operation->object, sizeof(operation->object), object);
	operation->process = process;
}

/* "recover-0000:0c:00.0.json", whatever is in it: something was cut short there. */
static void add_unreadable(struct host *host, const char *file)
{
	cleanup_free char *name = xstrdup(file);
	char *object = strchr(name, '-');

	make_printable(name);
	name[strlen(name) - strlen(".json")] = '\0';
	if (object)
		*object++ = '\0';
	add(host, object ? name : "operation", object ? object : name, -1);
}

static void add_journal(const struct sys *sys, const char *file, struct running *running,
			struct host *host)
{
	cleanup_journal struct journal journal = {0};

	if (journal_load_file(sys, file, &journal, NULL)) {
		add_unreadable(host, file);
		return;
	}
	if (journal_is_at_rest(&journal) || borrow_is_over(sys, &journal))
		return;
	if (!runs(running, &journal)) {
		add(host, journal.operation, journal.object, -1);
		return;
	}
	add(host, journal.operation, journal.object, running->process);
	running->known = true;
}

int operations_collect(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_names struct names files = {0};
	struct running running = {.process = -1};
	char what[96];
	bool held;
	int rc;

	if (!host->privileged)
		return 0;
	held = lock_holder(sys, what, &running.process);
	if (held)
		name_running(&running, what[0] ? what : "operation");
	if (held && running.process < 0)
		running.process = 0; /* somebody who has not yet said who he is */
	rc = journal_list(sys, &files);
	if (rc)
		return fail_errno(err, rc, "cannot look for journals");
	for (size_t i = 0; i < files.count; i++)
		add_journal(sys, files.items[i], &running, host);
	if (held && !running.known)
		add(host, running.operation, running.object, running.process);
	return evacuations_collect(sys, host, err);
}
