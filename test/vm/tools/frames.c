// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * frames PID START SIZE - which page frames in that range of physical memory a process has mapped
 *
 * Prints how many, and a sum over which page is in which: it changes when one of them is moved.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PRESENT	 (1ull << 63)
#define FRAME_OF ((1ull << 55) - 1)

int main(int argc, char **argv)
{
	uint64_t start, size, from, to, count = 0, sum = 0;
	char name[64], line[512];
	int pagemap;
	FILE *maps;

	if (argc != 4)
		errx(2, "usage: frames PID START SIZE");
	start = strtoull(argv[2], NULL, 0) / 4096;
	size = strtoull(argv[3], NULL, 0) / 4096;
	snprintf(name, sizeof(name), "/proc/%s/maps", argv[1]);
	maps = fopen(name, "re");
	snprintf(name, sizeof(name), "/proc/%s/pagemap", argv[1]);
	pagemap = open(name, O_RDONLY | O_CLOEXEC);
	if (!maps || pagemap < 0)
		err(1, "%s", name);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		for (from /= 4096, to /= 4096; from < to; from++) {
			uint64_t entry, frame;

			if (pread(pagemap, &entry, sizeof(entry), (off_t)(from * 8)) !=
			    sizeof(entry))
				break;
			frame = entry & FRAME_OF;
			if (!(entry & PRESENT) || frame < start || frame - start >= size)
				continue;
			count++;
			sum = sum * 31 + frame * 7 + from;
		}
	}
	printf("%lu %lx\n", count, sum);
	return 0;
}
