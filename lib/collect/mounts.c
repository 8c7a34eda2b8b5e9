/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/mounts.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "sys/util.h"

static bool is_octal(const char *text)
{
	for (int i = 0; i < 3; i++)
		if (text[i] < '0' || text[i] > '7')
			return false;
	return true;
}

/* The kernel writes blanks and the like as \040. */
static void unescape(char *text)
{
	char *out = text;

	while (*text) {
		if (*text == '\\' && is_octal(text + 1)) {
			*out++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
					(text[3] - '0'));
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

/* "pmem0", "pmem0.1s" without the partition behind it; "" if @name is no such device. */
static void name_disk(const char *name, char disk[NAME_SIZE])
{
	size_t length = strlen("pmem");

	disk[0] = '\0';
	if (!starts_with(name, "pmem") || !isdigit((unsigned char)name[length]))
		return;
	length += strspn(name + length, "0123456789.");
	length += name[length] == 's';
	snprintf(disk, NAME_SIZE, "%.*s", (int)length, name);
}

static bool is_dax(const char *name)
{
	return starts_with(name, "dax") && isdigit((unsigned char)name[strlen("dax")]);
}

/*
 * "36 35 0:33 / /mnt/a\040b rw,noatime shared:1 - famfs /dev/dax0.0 rw": any number of optional
 * fields before the hyphen.
 */
static void parse(char *line, struct host *host)
{
	char *source = strstr(line, " - "), *path = line, *type, disk[NAME_SIZE];
	struct mount *mount;

	if (!source)
		return;
	*source = '\0';
	source += strlen(" - ");
	type = strsep(&source, " ");
	source = strsep(&source, " ");
	for (int field = 1; field < 5; field++)
		strsep(&path, " ");
	path = strsep(&path, " ");
	if (!source || !path || !starts_with(source, "/dev/"))
		return;
	source += strlen("/dev/");
	name_disk(source, disk);
	if (!disk[0] && !is_dax(source))
		return;
	mount = list_add(&host->mounts);
	copy_text(mount->source, sizeof(mount->source), disk[0] ? disk : source);
	copy_text(mount->type, sizeof(mount->type), type);
	unescape(path);
	mount->path = xstrdup(path);
	make_printable(mount->source);
	make_printable(mount->type);
	make_printable(mount->path);
}

static FILE *open_mounts(const struct sys *sys, const char *process)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/%s/mountinfo", sys->root, process);
	return fopen(path, "re");
}

void collect_mounts(const struct sys *sys, struct host *host)
{
	cleanup_stream FILE *mounts = open_mounts(sys, "1");
	cleanup_free char *line = NULL;
	size_t size = 0;

	if (!mounts)
		mounts = open_mounts(sys, "self");
	while (mounts && getline(&line, &size, mounts) > 0)
		parse(line, host);
}
