/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware had in its memory map at boot where CXL memory may be. */
#include "collect/collect.h"

#include "sys/util.h"

#define MEMMAP "/sys/firmware/memmap"

static bool in_window(const struct host *host, uint64_t start, uint64_t size)
{
	list_each(decoder, &host->decoders)
		if (decoder->kind == PORT_ROOT &&
		    ranges_overlap(decoder->start, decoder->size, start, size))
			return true;
	return false;
}

static void add_range(const struct sys *sys, struct host *host, const char *entry)
{
	struct firmware_range *range;
	uint64_t start, last;

	if (sys_read_u64(sys, &start, MEMMAP "/%s/start", entry) ||
	    sys_read_u64(sys, &last, MEMMAP "/%s/end", entry) || last < start ||
	    last - start == UINT64_MAX || !in_window(host, start, last - start + 1))
		return;
	range = list_add(&host->firmware_map);
	range->start = start;
	range->size = last - start + 1;
	sys_read(sys, range->type, sizeof(range->type), MEMMAP "/%s/type", entry);
	make_printable(range->type);
}

int collect_firmware_map(const struct sys *sys, struct host *host, struct error *err)
{
	cleanup_names struct names entries = {0};
	int rc = sys_list(sys, &entries, "", MEMMAP);

	if (rc)
		return fail_errno(err, rc, "cannot read the memory map of the boot");
	for (size_t i = 0; i < entries.count; i++)
		add_range(sys, host, entries.items[i]);
	return 0;
}
