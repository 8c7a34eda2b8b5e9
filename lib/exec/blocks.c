/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/blocks.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define BLOCK "/sys/devices/system/memory/memory%" PRIu64

/* One whose state can not be read may be in use; one that is gone (ENODEV: just now) is not. */
bool block_is_online(const struct engine *engine, uint64_t number)
{
	char state[32];
	int rc = sys_read(engine->sys, state, sizeof(state), BLOCK "/state", number);

	return rc != -ENOENT && rc != -ENODEV && strcmp(state, "offline") != 0;
}

void block_zone(const struct engine *engine, uint64_t number, char zone[NAME_SIZE])
{
	sys_read(engine->sys, zone, NAME_SIZE, BLOCK "/valid_zones", number);
}

bool block_is_movable(const struct engine *engine, uint64_t number)
{
	char zone[NAME_SIZE];

	block_zone(engine, number, zone);
	return strcmp(zone, "Movable") == 0;
}

struct block_count count_blocks(const struct engine *engine, const struct dax *dax)
{
	uint64_t total = dax_whole_blocks(engine->before, dax);
	struct block_count count = {0};

	for (uint64_t i = 0; i < total; i++) {
		uint64_t number = dax_whole_block(engine->before, dax, i);

		if (!sys_exists(engine->sys, BLOCK, number))
			continue;
		count.present++;
		if (!block_is_online(engine, number))
			continue;
		if (!count.online++ || number > count.highest)
			count.highest = number;
	}
	return count;
}

static bool dax_overlaps(const struct dax *dax, uint64_t start, uint64_t size)
{
	list_each(mapping, &dax->mappings)
		if (ranges_overlap(mapping->start, mapping->size, start, size))
			return true;
	return false;
}

int refuse_blocks(struct engine *engine, uint64_t start, uint64_t size, struct error *err)
{
	list_each(dax, &engine->before->dax_devices) {
		struct block_count count;

		if (!dax_overlaps(dax, start, size))
			continue;
		count = count_blocks(engine, dax);
		if (!count.present)
			continue;
		engine->reboot_needed = true;
		fail(err, -EBUSY,
		     "%" PRIu64 " memory blocks of %s are still there, %" PRIu64 " of them online",
		     count.present, dax->name, count.online);
		hint(err, "the kernel could not remove them and will not try again: reboot");
		return -EBUSY;
	}
	return 0;
}
