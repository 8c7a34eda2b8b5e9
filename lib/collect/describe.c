/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/describe.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/arguments.h"
#include "collect/unit.h"
#include "sys/util.h"

struct user_name {
	uint64_t uid;
	char name[NAME_SIZE];
};

void describer_free(struct describer *describer)
{
	free(describer->names.items);
}

static void look_up(uint64_t uid, char name[NAME_SIZE])
{
	struct passwd entry, *found = NULL;
	cleanup_free char *buffer = NULL;
	size_t size = 1024;
	int rc;

	do {
		size *= 2;
		buffer = xrealloc(buffer, size);
		rc = getpwuid_r((uid_t)uid, &entry, buffer, size, &found);
	} while (rc == ERANGE && size < 1 << 20);
	copy_text(name, NAME_SIZE, !rc && found ? found->pw_name : "");
	make_printable(name);
}

/* Not for another machine's tree. And not while a port is in isolation: the daemon that is asked
 * for names may be what hangs. */
static const char *user_name(struct describer *describer, uint64_t uid)
{
	struct user_name *name;

	if (uid == UNKNOWN || describer->sys->root[0] || describer->caution->isolated)
		return "";
	list_each(known, &describer->names)
		if (known->uid == uid)
			return known->name;
	name = list_add(&describer->names);
	name->uid = uid;
	look_up(uid, name->name);
	return name->name;
}

static uint64_t kib(const char *text)
{
	uint64_t value;

	return sscanf(text, "%" SCNu64, &value) == 1 && value < UNKNOWN / 1024 ? value * 1024
									       : UNKNOWN;
}

/* The four user ids: real, effective, saved, of file systems. Who acts is the effective one. */
static uint64_t effective_uid(const char *text)
{
	uint64_t uid;

	return sscanf(text, "%*u %" SCNu64, &uid) == 1 ? uid : UNKNOWN;
}

/* The name is there as in comm, but for a newline and a backslash: they have one before them. */
static void copy_name(char name[COMMAND_SIZE], const char *text)
{
	size_t used = 0;

	for (; *text && used + 1 < COMMAND_SIZE; text++) {
		bool escaped = *text == '\\' && text[1];

		text += escaped;
		name[used++] = escaped && *text == 'n' ? '?' : *text;
	}
	name[used] = '\0';
	make_printable(name);
}

/* A list that does not fit is as good as unseen. */
static void copy_nodes(char nodes[NAME_SIZE], const char *text)
{
	if (!copy_text(nodes, NAME_SIZE, text))
		nodes[0] = '\0';
}

static void read_status(const struct process_handle *handle, struct process *out)
{
	cleanup_free char *status = process_text(handle, "status");
	char *line, *rest = status;

	while (rest && (line = strsep(&rest, "\n"))) {
		if (starts_with(line, "Name:\t"))
			copy_name(out->command, line + strlen("Name:\t"));
		else if (starts_with(line, "Uid:"))
			out->uid = effective_uid(line + strlen("Uid:"));
		else if (starts_with(line, "VmLck:"))
			out->locked = kib(line + strlen("VmLck:"));
		else if (starts_with(line, "VmPin:"))
			out->pinned = kib(line + strlen("VmPin:"));
		else if (starts_with(line, "Mems_allowed_list:\t"))
			copy_nodes(out->nodes, line + strlen("Mems_allowed_list:\t"));
	}
}

/* The path in the unified hierarchy is on the line "0::/path". */
static char *read_cgroup(const struct process_handle *handle)
{
	cleanup_free char *groups = process_text(handle, "cgroup");
	char *line, *rest = groups;

	while (rest && (line = strsep(&rest, "\n")))
		if (starts_with(line, "0::"))
			return xstrdup(line + strlen("0::"));
	return NULL;
}

/* Whether it is worth to look for a guest's name on its command line. */
static bool may_be_qemu(const struct process *process, const struct holdings *holdings)
{
	return holdings->kvm || starts_with(process->command, "qemu");
}

static void read_command(const struct process_handle *handle, struct process *out)
{
	ssize_t length = process_read(handle, out->command, sizeof(out->command), "comm");

	if (length > 0 && out->command[length - 1] == '\n')
		out->command[length - 1] = '\0';
	make_printable(out->command);
}

static void begin(const struct process_handle *handle, struct process *out)
{
	out->pid = handle->pid;
	out->uid = out->locked = out->pinned = UNKNOWN;
}

void describe_briefly(const struct process_handle *handle, struct process *out)
{
	begin(handle, out);
	read_command(handle, out);
}

void describe_status(const struct process_handle *handle, struct process *out)
{
	begin(handle, out);
	read_status(handle, out);
	if (!out->command[0])
		read_command(handle, out);
}

void describe(struct describer *describer, const struct process_handle *handle,
	      const struct holdings *holdings, struct process *out)
{
	describe_status(handle, out);
	out->vfio = holdings->vfio;
	out->rdma = holdings->rdma;
	copy_text(out->user, sizeof(out->user), user_name(describer, out->uid));
	out->cgroup = read_cgroup(handle);
	if (out->cgroup) {
		unit_of_cgroup(out->cgroup, out->unit, sizeof(out->unit));
		guest_of_cgroup(out->cgroup, out->guest, sizeof(out->guest));
		make_printable(out->cgroup);
	}
	if (!out->guest[0] && may_be_qemu(out, holdings)) {
		char arguments[ARGUMENTS_SIZE];
		size_t length = arguments_read(describer->caution, handle, arguments);

		guest_of_arguments(arguments, length, out->guest, sizeof(out->guest));
	}
}
