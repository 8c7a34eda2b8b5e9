/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/collect.h"
#include "sys/trusted.h"
#include "sys/util.h"

const char *const hook_events[] = {
	"before-evacuate", "after-evacuate", "before-restore",
	"after-restore",   "before-reset",   "after-reset",
	"stop-guest",	   "failure",	     NULL,
};

static bool ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

static bool is_left_over(const char *name)
{
	static const char *const suffixes[] = {".rpmnew", ".rpmorig", ".rpmsave"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (ends_with(name, suffixes[i]))
			return true;
	return dot && starts_with(dot, ".dpkg-");
}

static bool is_hook(const char *name)
{
	return !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_-.")] &&
	       !is_left_over(name);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Move what is no hook from @names to @skipped. */
static void sift(struct names *names, struct names *skipped)
{
	size_t hooks = 0;

	for (size_t i = 0; i < names->count; i++) {
		if (is_hook(names->items[i]))
			names->items[hooks++] = names->items[i];
		else if (skipped)
			*list_add(skipped) = names->items[i];
		else
			free(names->items[i]);
	}
	names->count = hooks;
}

int hooks_list(const struct sys *sys, const char *event, struct names *names, struct names *skipped)
{
	int rc = sys_list(sys, names, NULL, HOOKS "/%s.d", event);

	list_sort(names, by_bytes);
	sift(names, skipped);
	return rc;
}

void hook_path(char path[PATH_MAX], const char *event, const char *name)
{
	snprintf(path, PATH_MAX, HOOKS "/%s.d/%s", event, name);
}

static int check_executable(int fd, const char *path, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status))
		return fail_errno(err, -errno, "cannot look at %s", path);
	if (status.st_mode & S_IXUSR)
		return 0;
	fail(err, -EPERM, "%s is not executable", path);
	hint(err, "make it so: chmod u+x %s; or remove it", path);
	return -EPERM;
}

int hook_open(const struct sys *sys, const char *path, struct error *err)
{
	int fd = trusted_open(sys, path, err);
	int rc = fd < 0 ? fd : check_executable(fd, path, err);

	if (rc && fd >= 0)
		close(fd);
	return rc ? rc : fd;
}

/* ---- the model ---- */

static struct hook *add(struct host *host, const char *event, const char *name)
{
	struct hook *hook = list_add(&host->hooks);

	copy_text(hook->event, sizeof(hook->event), event);
	copy_text(hook->name, sizeof(hook->name), name);
	make_printable(hook->name);
	return hook;
}

static void add_skipped(struct host *host, const char *event, const char *name)
{
	add(host, event, name)->skipped = true;
}

static void add_problem(struct hook *hook, const struct error *problem)
{
	copy_text(hook->problem, sizeof(hook->problem), problem->text);
	copy_text(hook->fix, sizeof(hook->fix), problem->hint);
}

static void add_hook(const struct sys *sys, struct host *host, const char *event, const char *name)
{
	struct hook *hook = add(host, event, name);
	struct error problem = {0};
	cleanup_fd int fd = -1;
	char path[PATH_MAX];

	hook_path(path, event, name);
	fd = hook_open(sys, path, &problem);
	if (fd < 0)
		add_problem(hook, &problem);
}

/* What can not be read may hold hooks. */
static void add_unread(struct host *host, const char *event, int rc)
{
	struct error problem = {0};

	fail_errno(&problem, rc, "cannot read " HOOKS "/%s.d", event);
	hint(&problem, "make it a directory, or remove it");
	add_problem(add(host, event, ""), &problem);
}

static void add_event(const struct sys *sys, struct host *host, const char *event)
{
	cleanup_names struct names names = {0}, skipped = {0};
	int rc = hooks_list(sys, event, &names, &skipped);

	if (rc)
		add_unread(host, event, rc);
	for (size_t i = 0; i < names.count; i++)
		add_hook(sys, host, event, names.items[i]);
	for (size_t i = 0; i < skipped.count; i++)
		add_skipped(host, event, skipped.items[i]);
}

static bool is_event_directory(const char *name)
{
	for (const char *const *event = hook_events; *event; event++)
		if (starts_with(name, *event) && strcmp(name + strlen(*event), ".d") == 0)
			return true;
	return false;
}

/* Only root may be meant to see them, and only root runs them. */
int collect_hooks(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_names struct names names = {0};
	int rc = sys_list(sys, &names, NULL, HOOKS);

	if (rc == -EACCES)
		return 0;
	if (rc)
		return fail_errno(err, rc, "cannot read " HOOKS);
	for (const char *const *event = hook_events; *event; event++)
		add_event(sys, host, *event);
	for (size_t i = 0; i < names.count; i++)
		if (ends_with(names.items[i], ".d") && !is_event_directory(names.items[i]))
			add_skipped(host, "", names.items[i]);
	return 0;
}
