/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/unit.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "sys/util.h"

#define CONTAINER_ID 64 /* hexadecimal digits */
#define SHORT_ID     12 /* of them are what docker, podman and crictl print */

static bool strip_suffix(char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	if (length <= tail || strcmp(text + length - tail, suffix) != 0)
		return false;
	text[length - tail] = '\0';
	return true;
}

/*
 * docker-ID.scope, cri-containerd-ID.scope, libpod-ID.scope; PODSLICE:cri-containerd:ID; and where
 * no systemd makes the groups, ID below a directory named by the manager.
 */
static bool name_container(char *part, const char *parent, char *unit, size_t size)
{
	size_t length, prefix;
	const char *manager;

	strip_suffix(part, ".scope");
	length = strlen(part);
	if (length < CONTAINER_ID)
		return false;
	prefix = length - CONTAINER_ID;
	if (strspn(part + prefix, "0123456789abcdef") != CONTAINER_ID)
		return false;
	part[prefix + SHORT_ID] = '\0';
	if (!prefix) {
		manager = starts_with(parent, "pod") ? "kubepods" : parent;
		snprintf(unit, size, "%s%s%s", manager, manager[0] ? "-" : "", part);
		return true;
	}
	if (part[prefix - 1] != '-' && part[prefix - 1] != ':')
		return false;
	part[prefix - 1] = '\0';
	snprintf(unit, size, "%s-%s", strrchr(part, ':') ? strrchr(part, ':') + 1 : part,
		 part + prefix);
	return true;
}

/* systemd writes what units' names can not have as \xNN. */
static void unescape(char *text)
{
	char *out = text;
	unsigned int byte;

	while (*text) {
		if (starts_with(text, "\\x") && isxdigit((unsigned char)text[2]) &&
		    isxdigit((unsigned char)text[3]) && sscanf(text + 2, "%2x", &byte) == 1 &&
		    byte) {
			*out++ = (char)byte;
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

/* machine-qemu\x2d1\x2dweb.scope of systemd-machined; qemu-1-web.libvirt-qemu without it. */
static bool name_machine(char *part, char *unit, size_t size)
{
	if (starts_with(part, "machine-") && strip_suffix(part, ".scope")) {
		unescape(part);
		copy_text(unit, size, part + strlen("machine-"));
		return true;
	}
	if (starts_with(part, "lxc.payload.")) {
		snprintf(unit, size, "lxc-%s", part + strlen("lxc.payload."));
		return true;
	}
	return strip_suffix(part, ".libvirt-qemu") && (copy_text(unit, size, part), true);
}

static bool name_unit(const char *part, char *unit, size_t size)
{
	static const char *const types[] = {".service", ".scope", ".mount", ".socket", ".swap"};
	const char *type = strrchr(part, '.');

	for (size_t i = 0; type && i < ARRAY_SIZE(types); i++)
		if (strcmp(type, types[i]) == 0) {
			copy_text(unit, size, part);
			return true;
		}
	return false;
}

void unit_of_cgroup(const char *cgroup, char *unit, size_t size)
{
	char path[PATH_MAX], part[NAME_MAX + 1], parent[NAME_MAX + 1] = "";
	char *next, *rest = path;
	int best = 0; /* 1: a unit, 2: a machine, 3: a container */

	unit[0] = '\0';
	copy_text(path, sizeof(path), cgroup);
	for (; (next = strsep(&rest, "/")); copy_text(parent, sizeof(parent), next)) {
		copy_text(part, sizeof(part), next);
		if (name_container(part, parent, unit, size)) {
			best = 3;
			continue;
		}
		copy_text(part, sizeof(part), next);
		if (best <= 2 && name_machine(part, unit, size))
			best = 2;
		else if (best <= 1 && name_unit(next, unit, size))
			best = 1;
	}
	make_printable(unit);
}

void guest_of_cgroup(const char *cgroup, char *guest, size_t size)
{
	char path[PATH_MAX], machine[NAME_MAX + 1], *next, *rest = path, *name;

	guest[0] = '\0';
	copy_text(path, sizeof(path), cgroup);
	while ((next = strsep(&rest, "/"))) {
		if (!name_machine(next, machine, sizeof(machine)) || !starts_with(machine, "qemu-"))
			continue;
		name = machine + strlen("qemu-");
		name += strspn(name, "0123456789");
		if (*name == '-')
			copy_text(guest, size, name + 1);
	}
	make_printable(guest);
}
