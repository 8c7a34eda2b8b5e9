/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "sys/util.h"

struct watched {
	char dax[NAME_SIZE];
	int number; /* inotify's; -1: none any more */
};

struct watch {
	int fd;
	LIST(struct watched) list;
};

static struct watch *watch_new(void)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));

	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return watch;
}

void watch_free(struct watch **watch)
{
	if (!*watch)
		return;
	close_fd(&(*watch)->fd);
	free((*watch)->list.items);
	free(*watch);
	*watch = NULL;
}

/* Whatever is told, of events that were lost as well, is not quiet. */
static void note(struct watch *watch, const struct inotify_event *event)
{
	list_each(watched, &watch->list)
		if (event->wd == watched->number || event->mask & IN_Q_OVERFLOW)
			watched->number = -1;
}

static void read_events(struct watch *watch)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t length;

	while ((length = read(watch->fd, buffer, sizeof(buffer))) > 0)
		for (char *at = buffer; at < buffer + length;) {
			const struct inotify_event *event = (const struct inotify_event *)at;

			note(watch, event);
			at += sizeof(*event) + event->len;
		}
}

static struct watched *find(struct watch *watch, const char *dax)
{
	list_each(watched, &watch->list)
		if (strcmp(watched->dax, dax) == 0)
			return watched;
	return NULL;
}

void watch_begin(struct watch **pointer, const struct sys *sys, const char *dax)
{
	struct watch *watch = *pointer ? *pointer : watch_new();
	struct watched *watched = find(watch, dax);
	char path[PATH_MAX];

	*pointer = watch;
	if (!watched)
		watched = list_add(&watch->list);
	read_events(watch); /* of before */
	copy_text(watched->dax, sizeof(watched->dax), dax);
	snprintf(path, sizeof(path), "%s/dev/%s", sys->root, dax);
	watched->number = inotify_add_watch(watch->fd, path, IN_OPEN);
}

void watch_end(struct watch *watch, const char *dax)
{
	struct watched *watched = find(watch, dax);

	if (watched)
		watched->number = -1;
}

bool watch_is_quiet(struct watch *watch, const char *dax)
{
	const struct watched *watched;

	if (!watch)
		return false;
	read_events(watch);
	watched = find(watch, dax);
	return watched && watched->number >= 0;
}
