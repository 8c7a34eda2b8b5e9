// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hdmcheck [--online-check] - what the CXL memory devices themselves say of their HDM decoders
 *
 * The kernel believes that a decoder it committed stays committed; after a bus reset it is not. So this looks where
 * the truth is, in the registers of every endpoint: the global enable, each decoder's range, and Mem_Enable. It
 * shares no code with the programs under test, on purpose: it is the oracle they are held against.
 *
 * --online-check fails if a memory block is online inside a CXL window and not decoded by as many devices as its
 * decoders interleave over. Register layouts: CXL 3.1 sections 8.1.3, 8.1.9, 8.2.4.20.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK_SIZE 0x10000 /* of component registers */
#define CACHEMEM   0x1000

struct range {
	uint64_t start, size;
	unsigned int ways;
};

static struct range decoded[256], windows[64];
static size_t n_decoded, n_windows;

/* A number in a sysfs file, or 0: what is absent has nothing to say here. */
static uint64_t read_number(const char *dir, const char *name, int base)
{
	char path[512], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	return strtoull(text, NULL, base);
}

static uint32_t config_read(int fd, unsigned int offset)
{
	uint32_t value;

	return pread(fd, &value, sizeof(value), offset) == sizeof(value) ? value : ~0u;
}

/* Where in config space the DVSEC of CXL with this id is; 0: nowhere. */
static unsigned int find_dvsec(int config, unsigned int id)
{
	unsigned int offset = 0x100;

	for (int hops = 0; offset >= 0x100 && hops < 256; hops++) {
		uint32_t header = config_read(config, offset);

		if (header == ~0u || !header)
			return 0;
		if ((header & 0xffff) == 0x23 &&
		    (config_read(config, offset + 4) & 0xffff) == 0x1e98 &&
		    (config_read(config, offset + 8) & 0xffff) == id)
			return offset;
		offset = header >> 20;
	}
	return 0;
}

static const volatile uint8_t *map_component(const char *dir, int config)
{
	unsigned int locator = find_dvsec(config, 8),
		     length = config_read(config, locator + 4) >> 20;

	for (unsigned int at = 0xc; locator && at + 8 <= length; at += 8) {
		uint32_t low = config_read(config, locator + at),
			 high = config_read(config, locator + at + 4);
		char path[512];
		void *map;
		int fd;

		if ((low >> 8 & 0xff) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/resource%u", dir, low & 7);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			err(2, "%s", path);
		map = mmap(NULL, BLOCK_SIZE, PROT_READ, MAP_SHARED, fd,
			   (uint64_t)high << 32 | (low & 0xffff0000));
		if (map == MAP_FAILED)
			err(2, "mmap %s", path);
		close(fd);
		return map;
	}
	return NULL;
}

static uint32_t reg(const volatile uint8_t *block, unsigned int offset)
{
	return offset + 4 <= BLOCK_SIZE ? *(const volatile uint32_t *)(block + offset) : ~0u;
}

/* The HDM decoder capability's place in the block; 0: none. */
static unsigned int find_hdm(const volatile uint8_t *block)
{
	uint32_t array = reg(block, CACHEMEM);

	if (array == ~0u || (array & 0xffff) != 1)
		return 0;
	for (unsigned int i = 1; i <= array >> 24; i++) {
		uint32_t header = reg(block, CACHEMEM + i * 4);

		if ((header & 0xffff) == 5)
			return CACHEMEM + (header >> 20);
	}
	return 0;
}

static unsigned int decoder_count(uint32_t capability)
{
	static const unsigned char counts[16] = {1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32};

	return counts[capability & 0xf];
}

static unsigned int interleave_ways(uint32_t control)
{
	static const unsigned char ways[16] = {1, 2, 4, 8, 16, 0, 0, 0, 3, 6, 12};

	return ways[control >> 4 & 0xf];
}

static void look_at(const char *dir)
{
	const char *name = strrchr(dir, '/') + 1;
	const volatile uint8_t *block;
	unsigned int hdm, dvsec;
	bool mem_enable, global;
	char path[512];
	int config;

	snprintf(path, sizeof(path), "%s/config", dir);
	config = open(path, O_RDONLY | O_CLOEXEC);
	if (config < 0)
		err(2, "%s", path);
	dvsec = find_dvsec(config, 0);
	block = map_component(dir, config);
	hdm = block ? find_hdm(block) : 0;
	mem_enable = dvsec && config_read(config, dvsec + 0xc) >> 2 & 1;
	close(config);
	if (!hdm) {
		printf("%s: no HDM decoders to be read\n", name);
		return;
	}

	global = reg(block, hdm + 4) >> 1 & 1;
	printf("%s: decoders %u, enabled %d, Mem_Enable %d\n", name, decoder_count(reg(block, hdm)),
	       global, mem_enable);
	for (unsigned int i = 0; i < decoder_count(reg(block, hdm)); i++) {
		unsigned int at = hdm + 0x10 + i * 0x20;
		uint32_t control = reg(block, at + 0x10);
		struct range range = {
			.start = (uint64_t)reg(block, at + 4) << 32 | (reg(block, at) & 0xf0000000),
			.size = (uint64_t)reg(block, at + 0xc) << 32 |
				(reg(block, at + 8) & 0xf0000000),
			.ways = interleave_ways(control),
		};
		bool committed = control >> 10 & 1;

		if (committed || range.size)
			printf("%s: decoder %u base %#" PRIx64 " size %#" PRIx64
			       " ways %u committed %d\n",
			       name, i, range.start, range.size, range.ways, committed);
		if (committed && global && mem_enable && n_decoded < 256)
			decoded[n_decoded++] = range;
	}
	munmap((void *)block, BLOCK_SIZE);
}

static bool overlaps(const struct range *range, uint64_t start, uint64_t size)
{
	return start < range->start + range->size && range->start < start + size;
}

/* All devices of an interleave set hold the same range, and every one of them has to. */
static bool is_decoded(uint64_t start, uint64_t size)
{
	unsigned int devices = 0, ways = 0;

	for (size_t i = 0; i < n_decoded; i++) {
		const struct range *range = &decoded[i];

		if (range->start <= start && start + size <= range->start + range->size) {
			devices++;
			ways = range->ways;
		}
	}
	return devices && devices == ways;
}

static bool is_online(const char *dir)
{
	char path[512], state[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/state", dir);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(state, sizeof(state), file))
		state[0] = 0;
	fclose(file);
	return !strcmp(state, "online\n");
}

static unsigned int online_undecoded(void)
{
	uint64_t size = read_number("/sys/devices/system/memory", "block_size_bytes", 16);
	unsigned int bad = 0;
	glob_t blocks;

	if (glob("/sys/devices/system/memory/memory[0-9]*", 0, NULL, &blocks))
		errx(2, "no memory blocks");
	for (size_t i = 0; i < blocks.gl_pathc; i++) {
		uint64_t start = read_number(blocks.gl_pathv[i], "phys_index", 16) * size;
		bool cxl = false;

		for (size_t w = 0; w < n_windows; w++)
			cxl |= overlaps(&windows[w], start, size);
		if (!cxl || !is_online(blocks.gl_pathv[i]) || is_decoded(start, size))
			continue;
		printf("%s: online at %#" PRIx64 ", and no device decodes it\n",
		       strrchr(blocks.gl_pathv[i], '/') + 1, start);
		bad++;
	}
	globfree(&blocks);
	return bad;
}

int main(int argc, char **argv)
{
	bool check = argc == 2 && !strcmp(argv[1], "--online-check");
	glob_t found;

	if (argc > 1 && !check)
		errx(2, "usage: hdmcheck [--online-check]");

	if (!glob("/sys/bus/cxl/devices/decoder0.*", 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc && n_windows < 64; i++) {
			windows[n_windows].start = read_number(found.gl_pathv[i], "start", 16);
			windows[n_windows++].size = read_number(found.gl_pathv[i], "size", 16);
		}
		globfree(&found);
	}
	if (!glob("/sys/bus/pci/devices/*", 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (read_number(found.gl_pathv[i], "class", 16) >> 8 == 0x0502)
				look_at(found.gl_pathv[i]);
		globfree(&found);
	}
	return check && online_undecoded() ? 1 : 0;
}
