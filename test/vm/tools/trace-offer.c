// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trace-offer --where
 * trace-offer MEMDEV ADDRESS HANDLE TYPE DPA LENGTH COUNT
 *
 * Stands for a driver that handles dynamic capacity: calls a function with the fields that such a driver traces
 * of a record, COUNT times, with handles and DPAs that follow each other. --where says where that function is, as
 * a uprobe wants to know it.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fields {
	const char *memdev;	 /* 0 */
	const char *host;	 /* 8 */
	uint64_t serial;	 /* 16 */
	uint64_t hdr_timestamp;	 /* 24 */
	uint64_t dpa_start;	 /* 32 */
	uint64_t length;	 /* 40 */
	uint16_t hdr_handle;	 /* 48 */
	uint16_t hostid;	 /* 50 */
	uint16_t sh_extent_seq;	 /* 52 */
	uint8_t event_type;	 /* 54 */
	uint8_t region;		 /* 55 */
	uint8_t tag[16];	 /* 56 */
};

__attribute__((noinline, noclone, noipa)) static void record(const struct fields *fields)
{
	__asm__ volatile("" : : "r"(fields) : "memory");
}

/* Its offset in our file: by where the file is mapped. */
static int where(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end, offset, at = (unsigned long)record;
	char line[512], path[256];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %255s", &start, &end, &offset, path) == 4 &&
		    at >= start && at < end) {
			printf("%s:0x%lx\n", path, at - start + offset);
			return 0;
		}
	return 1;
}

int main(int argc, char **argv)
{
	struct fields fields = {.serial = 0x9abc, .hdr_timestamp = 1700000000000000000};

	if (argc == 2 && strcmp(argv[1], "--where") == 0)
		return where();
	if (argc != 8)
		return 2;
	fields.memdev = argv[1];
	fields.host = argv[2];
	fields.hdr_handle = (uint16_t)strtoul(argv[3], NULL, 0);
	fields.event_type = (uint8_t)strtoul(argv[4], NULL, 0);
	fields.region = 0xff;
	fields.dpa_start = strtoull(argv[5], NULL, 0);
	fields.length = strtoull(argv[6], NULL, 0);
	memset(fields.tag, 0x11, sizeof(fields.tag));
	for (long count = strtol(argv[7], NULL, 0); count > 0; count--) {
		record(&fields);
		fields.hdr_handle++;
		fields.dpa_start += fields.length;
	}
	return 0;
}
