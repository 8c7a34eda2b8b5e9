/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/regions.h"

#define BLOCK_LEAST 64 /* CXL 3.1 table 8-165 */

static bool is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

bool dc_region_is_valid(const struct dc_region *region)
{
	return region->size && region->size <= region->decode_size &&
	       region->base <= UINT64_MAX - region->decode_size &&
	       region->block_size >= BLOCK_LEAST && is_power_of_two(region->block_size) &&
	       region->size % region->block_size == 0;
}

static bool region_has(const struct dc_region *region, uint64_t start, uint64_t size)
{
	uint64_t offset = start - region->base;

	return start >= region->base && size <= region->size && offset <= region->size - size;
}

const struct dc_region *dc_region_find(const struct dc_region *regions, size_t count,
				       uint64_t start, uint64_t size)
{
	for (size_t i = 0; i < count; i++)
		if (region_has(&regions[i], start, size))
			return &regions[i];
	return NULL;
}

int dc_region_of(const struct dc_device *device, uint64_t start, uint64_t size)
{
	const struct dc_region *region =
		dc_region_find(device->regions.items, device->regions.count, start, size);

	return region ? region->number : -1;
}

void place_accepted(struct dc_device *device)
{
	list_each(extent, &device->accepted)
		extent->dc_region = dc_region_of(device, extent->start, extent->size);
}
