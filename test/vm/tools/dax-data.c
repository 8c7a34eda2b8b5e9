// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dax-data fill SEED | wipe | read | sum DEVICE - what is in a dax device
 *
 * fill: noise that depends on SEED, and between it zeroes of any length from a page to megabytes; wipe: all bytes 0x5a;
 * read: all of it to the standard output; sum: 16 digits that differ where the contents do, faster than a real checksum.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ull

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

static unsigned long long next(unsigned long long *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* From 1 to 2048 pages, small ones as often as large ones. */
static unsigned long long run_of(unsigned long long *state)
{
	unsigned long long limit = 1ull << (next(state) % 12);

	return (1 + next(state) % limit) * PAGE;
}

static void put_noise(unsigned char *at, unsigned long long length, unsigned long long *state)
{
	for (unsigned long long i = 0; i < length; i += 8) {
		unsigned long long word = next(state) << 32 | next(state);

		memcpy(at + i, &word, 8);
	}
}

static void fill(unsigned char *at, unsigned long long size, unsigned long long seed)
{
	for (unsigned long long offset = 0, noise = 1; offset < size; noise = !noise) {
		unsigned long long length = run_of(&seed);

		if (length > size - offset)
			length = size - offset;
		if (noise)
			put_noise(at + offset, length, &seed);
		else
			memset(at + offset, 0, length);
		offset += length;
	}
}

/* In pieces: a pipe takes no more at once. */
static void print(const unsigned char *at, unsigned long long size)
{
	while (size) {
		ssize_t written = write(STDOUT_FILENO, at, size < 1 << 20 ? size : 1 << 20);

		if (written < 0)
			err(1, "write");
		at += written;
		size -= (unsigned long long)written;
	}
}

/* Each step can be undone if the word is known: a change anywhere changes the sum. */
static void sum_up(const unsigned char *at, unsigned long long size)
{
	unsigned long long sum = size;

	for (unsigned long long i = 0; i < size; i += 8) {
		unsigned long long word;

		memcpy(&word, at + i, 8);
		sum = (sum << 23 | sum >> 41) * 0x9e3779b97f4a7c15ull + word;
	}
	printf("%016llx\n", sum);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *path = argv[argc - 1];
	int fd = argc > 2 ? open(path, O_RDWR) : -1;
	unsigned long long size;
	unsigned char *at;

	if (argc < 3)
		errx(2, "usage: dax-data fill SEED | wipe | read | sum DEVICE");
	if (fd < 0)
		err(1, "%s", path);
	size = size_of(path);
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		err(1, "mmap %s", path);
	if (strcmp(what, "fill") == 0)
		fill(at, size, strtoull(argv[2], NULL, 0));
	else if (strcmp(what, "wipe") == 0)
		memset(at, 0x5a, size);
	else if (strcmp(what, "read") == 0)
		print(at, size);
	else if (strcmp(what, "sum") == 0)
		sum_up(at, size);
	else
		errx(2, "neither fill, wipe, read nor sum: %s", what);
	return 0;
}
