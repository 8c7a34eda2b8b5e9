/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/layout.h"

#include <errno.h>
#include <unistd.h>

#include "sys/util.h"

#define DEVICE "/sys/bus/dax/devices/%s"

static int read_mapping(const struct sys *sys, const char *dax, const char *mapping,
			struct dax *now)
{
	uint64_t start, end, page_offset;
	int rc = sys_read_u64(sys, &start, DEVICE "/%s/start", dax, mapping);

	if (!rc)
		rc = sys_read_u64(sys, &end, DEVICE "/%s/end", dax, mapping);
	if (!rc)
		rc = sys_read_u64(sys, &page_offset, DEVICE "/%s/page_offset", dax, mapping);
	if (rc)
		return rc;
	if (end < start || end - start == UINT64_MAX)
		return -EINVAL;
	*list_add(&now->mappings) = (struct mapping){
		.start = start,
		.size = end - start + 1,
		.offset = page_offset * (uint64_t)sysconf(_SC_PAGESIZE),
	};
	return 0;
}

/* A new device is there before its first mapping is (Linux, __devm_create_dev_dax()). */
static bool is_complete(const struct dax *dax)
{
	uint64_t size = 0;

	list_each(mapping, &dax->mappings)
		size += mapping->size;
	return size == dax->size;
}

int layout_read(const struct sys *sys, const char *name, struct dax *now)
{
	cleanup_names struct names mappings = {0};
	int rc = sys_list(sys, &mappings, "mapping", DEVICE, name);

	copy_text(now->name, sizeof(now->name), name);
	for (size_t i = 0; !rc && i < mappings.count; i++)
		rc = read_mapping(sys, name, mappings.items[i], now);
	if (!rc)
		rc = sys_read_u64(sys, &now->size, DEVICE "/size", name);
	if (rc)
		return rc;
	return is_complete(now) ? 0 : -ENOENT;
}

void layout_free(struct dax *now)
{
	record_free(&dax_record, now);
}

const struct mapping *layout_mapping_at(const struct dax *dax, uint64_t offset)
{
	list_each(mapping, &dax->mappings)
		if (mapping->offset == offset)
			return mapping;
	return NULL;
}

bool layout_is_same(const struct dax *a, const struct dax *b)
{
	if (a->mappings.count != b->mappings.count)
		return false;
	list_each(mapping, &a->mappings) {
		const struct mapping *other = layout_mapping_at(b, mapping->offset);

		if (!other || other->start != mapping->start || other->size != mapping->size)
			return false;
	}
	return true;
}
