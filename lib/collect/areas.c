/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/areas.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/util.h"

/* Linux, Documentation/admin-guide/mm/pagemap.rst */
#define PRESENT	 (1ull << 63)
#define FRAME_OF ((1ull << 55) - 1)

int areas_open(const struct sys *sys, int pid, const node_list *nodes, bool with_ends,
	       struct areas *areas)
{
	int rc;

	*areas = (struct areas){.process = NO_PROCESS, .nodes = nodes};
	rc = process_open(sys, pid, &areas->process);
	if (rc)
		return rc;
	areas->numa_maps = process_stream(&areas->process, "numa_maps", areas->numa_buffer);
	if (areas->numa_maps && with_ends)
		areas->maps = process_stream(&areas->process, "maps", areas->maps_buffer);
	return areas->numa_maps && (areas->maps || !with_ends) ? 0 : -errno;
}

void areas_close(struct areas *areas)
{
	close_stream(&areas->numa_maps);
	close_stream(&areas->maps);
	free_pointer(&areas->line);
	free_pointer(&areas->map);
	process_close(&areas->process);
}

static bool has_node(const node_list *nodes, int number)
{
	list_each(node, nodes)
		if (*node == number)
			return true;
	return false;
}

static uint64_t bytes_on(const node_list *nodes, const char *line, uint64_t page_size)
{
	uint64_t bytes = 0;

	for (const char *word = line; *word; word = numa_next_word(word)) {
		uint64_t pages, more;
		int node;

		if (numa_pages(word, &node, &pages) && has_node(nodes, node) &&
		    !__builtin_mul_overflow(pages, page_size, &more))
			bytes = add_capped(bytes, more);
	}
	return bytes;
}

/* Both files list areas in the order of addresses; one that changed meanwhile has no end. */
static uint64_t end_of(struct areas *areas, uint64_t start)
{
	uint64_t from, end;

	do {
		if (areas->map && sscanf(areas->map, "%" SCNx64 "-%" SCNx64, &from, &end) == 2 &&
		    from >= start)
			return from == start ? end : 0;
	} while (getline(&areas->map, &areas->map_size, areas->maps) > 0);
	return 0;
}

bool areas_next(struct areas *areas, struct area *area)
{
	while (getline(&areas->line, &areas->line_size, areas->numa_maps) > 0) {
		struct numa_line line = numa_line(areas->line);

		area->bytes = bytes_on(areas->nodes, areas->line, line.page_size);
		if (!area->bytes)
			continue;
		area->start = line.start;
		area->end = areas->maps ? end_of(areas, line.start) : 0;
		area->hugetlb = line.hugetlb;
		copy_text(area->bound, sizeof(area->bound), line.bound);
		return true;
	}
	return false;
}

uint64_t areas_bytes(const struct sys *sys, int pid, const node_list *nodes)
{
	cleanup_areas struct areas areas;
	struct area area;
	uint64_t bytes = 0;

	if (areas_open(sys, pid, nodes, false, &areas))
		return 0;
	while (areas_next(&areas, &area))
		if (!area.hugetlb)
			bytes = add_capped(bytes, area.bytes);
	return bytes;
}

size_t read_frames(int pagemap, uint64_t address, size_t count, uint64_t *frames)
{
	off_t at = (off_t)(address / (uint64_t)sysconf(_SC_PAGESIZE) * sizeof(*frames));
	ssize_t length = pread(pagemap, frames, count * sizeof(*frames), at);

	if (length < 0)
		return 0;
	count = (size_t)length / sizeof(*frames);
	for (size_t i = 0; i < count; i++)
		frames[i] = frames[i] & PRESENT ? frames[i] & FRAME_OF : NO_FRAME;
	return count;
}
