// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dax-user [--open | --once] [--deaf | --heir] ARGUMENT... - a process that uses dax devices, and nothing of theirs
 *
 * Maps all of every /dev/dax* that its arguments name, as they are or as "mem-path=" in an option of QEMU's; says so
 * and keeps them until it is killed. --open only opens them; --once ends at once. --deaf does not hear SIGTERM; --heir
 * ends by it, but leaves a process behind that has the mappings, too. Copied to another name and run with QEMU's
 * arguments it is a guest, as far as /proc tells.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned long long size_of(const char *path)
{
	unsigned long long size;
	char name[256];
	FILE *file;

	snprintf(name, sizeof(name), "/sys/bus/dax/devices/%s/size", strrchr(path, '/') + 1);
	file = fopen(name, "re");
	if (!file || fscanf(file, "%llu", &size) != 1)
		err(1, "%s", name);
	fclose(file);
	return size;
}

static void use(const char *path, bool map)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		err(1, "%s", path);
	if (!map)
		return;
	if (mmap(NULL, size_of(path), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
		err(1, "mmap %s", path);
	close(fd);
}

static volatile sig_atomic_t heirs;

static void leave_heir(int number)
{
	signal(number, SIG_DFL);
	if (heirs-- > 0 && fork() > 0)
		_exit(0);
}

int main(int argc, char **argv)
{
	bool map = true, stay = true;
	int used = 0;

	for (int i = 1; i < argc; i++) {
		char path[256], *device = strstr(argv[i], "/dev/dax");

		if (strcmp(argv[i], "--open") == 0)
			map = false;
		else if (strcmp(argv[i], "--once") == 0)
			stay = false;
		else if (strcmp(argv[i], "--deaf") == 0)
			signal(SIGTERM, SIG_IGN);
		else if (strcmp(argv[i], "--heir") == 0 && (heirs = 1))
			signal(SIGTERM, leave_heir);
		if (!device)
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)strcspn(device, ","), device);
		use(path, map);
		used++;
	}
	if (!used)
		errx(2, "usage: dax-user [OPTION...] ARGUMENT..., one of which has a /dev/dax*");
	printf("%s %d\n", map ? "mapped" : "opened", used);
	fflush(stdout);
	while (stay)
		pause();
	return 0;
}
