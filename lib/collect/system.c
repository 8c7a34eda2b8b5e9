/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the kernel is set up, as far as it matters to memory that goes and comes back. */
#include "collect/collect.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

/* "none [integrity] confidentiality". Without securityfs nobody tells. */
static void read_lockdown(const struct sys *sys, struct system *system)
{
	char text[128], *word, *end;

	sys_read(sys, text, sizeof(text), "/sys/kernel/security/lockdown");
	word = strchr(text, '[');
	end = word ? strchr(word, ']') : NULL;
	if (!end)
		return;
	*end = '\0';
	copy_text(system->lockdown, sizeof(system->lockdown), word + 1);
	make_printable(system->lockdown);
}

/* A module parameter has Y or N, /sys/kernel/mm has true or false. */
static int read_switch(const struct sys *sys, const char *path)
{
	char text[16];

	if (sys_read(sys, text, sizeof(text), "%s", path))
		return -1;
	if (strcmp(text, "Y") == 0 || strcmp(text, "true") == 0)
		return 1;
	return strcmp(text, "N") == 0 || strcmp(text, "false") == 0 ? 0 : -1;
}

/* Whether the whole word is in the line. */
static bool has_word(char *line, const char *word)
{
	char *rest = line, *part;

	while ((part = strsep(&rest, " \t\n")))
		if (strcmp(part, word) == 0)
			return true;
	return false;
}

/* Of the first processor; -1 where processors have no such line (only x86 has). */
static int read_hypervisor(const struct sys *sys)
{
	cleanup_stream FILE *file = sys_open(sys, "/proc/cpuinfo");
	cleanup_free char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		if (starts_with(line, "flags") && isspace((unsigned char)line[strlen("flags")]))
			return has_word(line, "hypervisor");
	return -1;
}

static void read_swap(const struct sys *sys, struct system *system)
{
	char text[8192];
	uint64_t kib;

	sys_read(sys, text, sizeof(text), "/proc/meminfo");
	if (find_number(text, "SwapTotal:", &kib) && kib <= UINT64_MAX / 1024)
		system->swap_total = kib * 1024;
	if (find_number(text, "SwapFree:", &kib) && kib <= UINT64_MAX / 1024)
		system->swap_free = kib * 1024;
}

int collect_demotion(const struct sys *sys)
{
	return read_switch(sys, "/sys/kernel/mm/numa/demotion_enabled");
}

int collect_system(const struct sys *sys, struct host *host, struct error *err)
{
	struct system *system = &host->system;

	(void)err;
	read_lockdown(sys, system);
#define PARAMETER(name) "/sys/module/memory_hotplug/parameters/" name
	sys_read(sys, system->memmap_on_memory, sizeof(system->memmap_on_memory),
		 PARAMETER("memmap_on_memory"));
	sys_read(sys, system->online_policy, sizeof(system->online_policy),
		 PARAMETER("online_policy"));
#undef PARAMETER
	make_printable(system->memmap_on_memory);
	make_printable(system->online_policy);
	system->demotion = collect_demotion(sys);
	system->zswap = read_switch(sys, "/sys/module/zswap/parameters/enabled");
	system->hypervisor = read_hypervisor(sys);
	read_swap(sys, system);
	return 0;
}
