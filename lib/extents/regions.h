/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where in the dynamic-capacity regions of a device an extent lies. */
#ifndef EXTENTS_REGIONS_H
#define EXTENTS_REGIONS_H

#include "model/host.h"

/* As the specification wants it (CXL 3.1 table 8-165), so that extents can be judged by it. */
bool dc_region_is_valid(const struct dc_region *region);

/* The first of @count that all of [start, start + size) lies in, NULL if there is none. */
const struct dc_region *dc_region_find(const struct dc_region *regions, size_t count,
				       uint64_t start, uint64_t size);

/* The same of a device: the region's number, -1 if there is none. */
int dc_region_of(const struct dc_device *device, uint64_t start, uint64_t size);

/* Sets the dc_region of all accepted extents. */
void place_accepted(struct dc_device *device);

#endif
