/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/arguments.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "collect/collect.h"
#include "sys/util.h"

/* Field 48 of /proc/PID/stat and the next: where the arguments are; 0 to whoever may not know.
 * The name in the second field may hold anything, a parenthesis too. */
static bool find_arguments(const struct process_handle *process, uint64_t *start, uint64_t *end)
{
	char stat[2048], *at;

	if (process_read(process, stat, sizeof(stat), "stat") <= 0)
		return false;
	at = strrchr(stat, ')');
	for (int field = 2; at && field < 48; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %" SCNu64 " %" SCNu64, start, end) == 2 && *start &&
	       *end > *start;
}

/*
 * Reading N bytes, the kernel reads these, the last one of the area, and if that is not NUL - a
 * process has written its title there - a page from its start; of anonymous memory only
 * (Linux, get_mm_cmdline(), get_mm_proctitle()).
 */
size_t arguments_read(const struct caution *caution, const struct process_handle *process,
		      char arguments[ARGUMENTS_SIZE])
{
	uint64_t start, end, page = (uint64_t)sysconf(_SC_PAGESIZE);
	ssize_t length;

	_Static_assert(ARGUMENTS_SIZE <= 4096, "no more than a page is asked for below");
	if (!find_arguments(process, &start, &end) ||
	    !caution_allows(caution, process->pid, (uint64_t[]){start, start + page - 1, end - 1},
			    3))
		return 0;
	length = process_read(process, arguments, ARGUMENTS_SIZE, "cmdline");
	return length > 0 ? (size_t)length : 0;
}

/* Of "web,debug-threads=on" or "guest=web,process=x", where ",," is a comma. */
static void parse_name(const char *option, char *guest, size_t size)
{
	const char *value = starts_with(option, "guest=") ? option + strlen("guest=") : option;
	size_t used = 0;

	while (*value && used + 1 < size) {
		if (*value == ',' && *++value != ',')
			break;
		guest[used++] = *value++;
	}
	guest[used] = '\0';
	make_printable(guest);
}

void guest_of_arguments(const char *arguments, size_t length, char *guest, size_t size)
{
	const char *end = arguments + length;
	bool name = false;

	guest[0] = '\0';
	for (const char *at = arguments; at < end; at += strnlen(at, end - at) + 1) {
		if (name)
			return parse_name(at, guest, size);
		name = strcmp(at, "-name") == 0 || strcmp(at, "--name") == 0;
	}
}

static char *printable(char *arguments, size_t length)
{
	while (length && !arguments[length - 1])
		length--;
	for (size_t i = 0; i < length; i++)
		if (!arguments[i])
			arguments[i] = ' ';
	arguments[length] = '\0';
	make_printable(arguments);
	return xstrdup(arguments);
}

int collect_arguments(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_caution struct caution caution = {0};

	(void)err;
	caution_of(host, &caution);
	list_each(process, &host->processes) {
		cleanup_process struct process_handle handle = NO_PROCESS;
		char arguments[ARGUMENTS_SIZE];
		size_t length;

		if (process->arguments || process_open(sys, process->pid, &handle))
			continue;
		length = arguments_read(&caution, &handle, arguments);
		if (length)
			process->arguments = printable(arguments, length);
	}
	return 0;
}
