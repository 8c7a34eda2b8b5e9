// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about dynamic capacity. */
#include "cases.h"

#include "sys/util.h"

#define TAG_A "11111111-0000-0000-0000-000000000001"
#define TAG_B "11111111-0000-0000-0000-000000000002"

/* mem0 has dynamic capacity, and @source tells of it. */
static struct dc_device *device(struct host *host, const char *source)
{
	struct dc_device *device = list_add(&host->dc_devices);

	strcpy(device->memdev, "mem0");
	strcpy(device->address, DEVICE_A);
	strcpy(device->root_port, PORT_A);
	strcpy(device->source, source);
	return device;
}

static struct extent *accept(struct dc_device *device, uint64_t size, const char *tag)
{
	struct extent *extent = list_add(&device->accepted);

	extent->size = size;
	strcpy(extent->tag, tag);
	return extent;
}

static void offer(struct dc_device *device, int number, enum extent_event event)
{
	struct batch *batch = list_add(&device->batches);

	batch->number = number;
	batch->event = (int)event;
}

static void nothing_given(struct host *host)
{
	device(host, "mailbox");
}

static void elsewhere(struct host *host)
{
	struct dc_device *other = device(host, "mailbox");

	strcpy(other->root_port, PORT_B);
	accept(other, 2 * MIB, "");
	offer(other, 5, EXTENT_ADD);
	strcpy(other->batches_unknown, "the log could not be read");
}

/* ---- accepted ---- */

static void by_mailbox(struct host *host)
{
	struct dc_device *with = device(host, "mailbox");

	with->memdev[0] = '\0';
	accept(with, 2 * MIB, "");
	accept(with, 2 * MIB, TAG_A);
	accept(with, 4 * MIB, "");
	accept(with, 6 * MIB, TAG_A);
}

static void by_sysfs(struct host *host)
{
	strcpy(accept(device(host, "sysfs"), 2 * MIB, TAG_B)->region, "region0");
}

static void six_tags(struct host *host)
{
	struct dc_device *with = device(host, "raw");
	char tag[] = TAG_A;

	for (char digit = '6'; digit > '0'; digit--) {
		tag[sizeof(tag) - 2] = digit;
		accept(with, 2 * MIB, tag);
	}
}

/* ---- pending ---- */

static void offered(struct host *host)
{
	offer(device(host, "mailbox"), 17, EXTENT_ADD);
}

static void asked_for(struct host *host)
{
	struct dc_device *with = device(host, "raw");

	offer(with, 2, EXTENT_FORCED_RELEASE);
	offer(with, 3, EXTENT_RELEASE);
	offer(with, 4, EXTENT_ADD);
}

static void offered_to_kernel(struct host *host)
{
	offer(device(host, "trace"), 3, EXTENT_ADD);
}

/* The device tells of it, and waits for nobody. */
static void only_told(struct host *host)
{
	struct dc_device *with = device(host, "mailbox");

	offer(with, 2, EXTENT_FORCED_RELEASE);
	offer(with, 3, EXTENT_REGION_UPDATED);
	offer(with, 4, EXTENT_ADD_RESPONSE);
	offer(with, 5, EXTENT_RELEASED);
	offer(with, 6, EXTENT_EVENT_UNKNOWN);
}

/* ---- unseen ---- */

static void accepted_unseen(struct host *host)
{
	struct dc_device *with = device(host, "");

	strcpy(with->accepted_unknown, "its driver has the mailbox");
	strcpy(with->batches_unknown, "something else");
}

static void batches_unseen(struct host *host)
{
	strcpy(device(host, "sysfs")->batches_unknown, "the kernel has emptied the log");
}

/* How large the regions are is nobody's loss. */
static void regions_unseen(struct host *host)
{
	strcpy(device(host, "mailbox")->regions_unknown, "the device refused");
}

/* ---- regions ---- */

static void dynamic(struct host *host)
{
	strcpy(region_of(host, "region0")->mode, "dynamic_ram_1");
}

static void dynamic_shared(struct host *host)
{
	strcpy(region_of(host, "region0")->mode, "dc0_shared");
}

static void pmem(struct host *host)
{
	strcpy(region_of(host, "region0")->mode, "pmem");
}

static void no_dynamic(struct host *host)
{
	strcpy(region_of(host, "region0")->mode, "dcx");
}

static void dynamic_elsewhere(struct host *host)
{
	model_region(host, "region1", "mem2", WINDOW_1);
	strcpy(region_of(host, "region1")->mode, "dynamic_ram_1");
}

const struct rule_case extents_cases[] = {
	{
		.id = "dynamic-region",
		.object = "region0",
		.base = model_system_ram,
		.guilty = dynamic,
		.innocent = {pmem, no_dynamic, dynamic_elsewhere},
		.planned = {BLOCKS,
			    "region0 is of dynamic capacity (dynamic_ram_1): it could not be built "
			    "again with the extents that it has",
			    "take its memory offline and destroy it first: daxctl offline-memory "
			    "dax0.0, cxl disable-region region0, cxl destroy-region region0"},
		.isolated =
			{BLOCKS, NULL,
			 "destroy it, and do not touch its memory: cxl disable-region region0, cxl "
			 "destroy-region region0"},
	},
	{
		.id = "dynamic-region",
		.object = "region0",
		.base = model_devdax,
		.guilty = dynamic_shared,
		.planned = {BLOCKS,
			    "region0 is of dynamic capacity (dc0_shared): it could not be built "
			    "again with the extents that it has",
			    "destroy it first: cxl disable-region region0, cxl destroy-region "
			    "region0"},
		.isolated = {BLOCKS, NULL,
			     "destroy it, and do not touch its memory: cxl disable-region "
			     "region0, cxl destroy-region region0"},
	},
	{
		.id = "unused-memory",
		.object = "mem0",
		.base = model_devdax,
		.guilty = dynamic,
		.innocent = {dynamic_elsewhere},
		.planned = {NOTE, "256 MiB of mem0 is in no region",
			    "none is needed; cxl create-region would make it usable"},
		.isolated = {NOTE},
	},
	{
		.id = "extents-accepted",
		.object = DEVICE_A,
		.base = model_idle,
		.guilty = by_mailbox,
		.innocent = {nothing_given, offered, elsewhere},
		.planned = {WARNS,
			    DEVICE_A " has accepted 4 extents of dynamic capacity (14 MiB), by "
				     "tag: " TAG_A " (8 MiB), untagged (6 MiB); a reset may take "
				     "them away",
			    "give them back first: cxl-iso release-extents " DEVICE_A
			    "; or have the fabric manager look after the reset which of them are "
			    "left"},
		.isolated = {WARNS, NULL,
			     "have the fabric manager take them back first, or look after the "
			     "reset which of them are left"},
	},
	{
		.id = "extents-accepted",
		.object = "mem0",
		.base = model_devdax,
		.guilty = by_sysfs,
		.planned = {WARNS,
			    "mem0 has accepted 1 extent of dynamic capacity (2 MiB), by tag: " TAG_B
			    " (2 MiB, region0); a reset may take them away",
			    "have the fabric manager take them back first, or look after the reset "
			    "which of them are left"},
		.isolated = {WARNS},
	},
	{
		.id = "extents-accepted",
		.object = "mem0",
		.base = model_idle,
		.guilty = six_tags,
		.planned = {WARNS,
			    "mem0 has accepted 6 extents of dynamic capacity (12 MiB), by tag: "
			    "11111111-0000-0000-0000-000000000001 (2 MiB), "
			    "11111111-0000-0000-0000-000000000002 (2 MiB), "
			    "11111111-0000-0000-0000-000000000003 (2 MiB), "
			    "11111111-0000-0000-0000-000000000004 (2 MiB), and 2 more; a reset may "
			    "take them away",
			    "give them back first: cxl-iso release-extents mem0; or have the "
			    "fabric manager look after the reset which of them are left"},
		.isolated = {WARNS, NULL,
			     "have the fabric manager take them back first, or look after the "
			     "reset which of them are left"},
	},
	{
		.id = "batches-pending",
		.object = "mem0",
		.base = model_idle,
		.guilty = offered,
		.innocent = {nothing_given, only_told, by_mailbox, elsewhere},
		.planned = {WARNS,
			    "1 batch of extents waits for an answer on mem0, the oldest is 17: "
			    "after a reset its log may no longer tell of them",
			    "answer them first: cxl-iso list-extents mem0 --pending, cxl-iso "
			    "respond-extents"},
		.isolated = {WARNS},
	},
	{
		.id = "batches-pending",
		.object = "mem0",
		.base = model_idle,
		.guilty = asked_for,
		.planned = {WARNS,
			    "2 batches of extents wait for an answer on mem0, the oldest is 3: "
			    "after a reset its log may no longer tell of them",
			    "answer them first: cxl-iso list-extents mem0 --pending, cxl-iso "
			    "release-extents"},
		.isolated = {WARNS},
	},
	{
		.id = "batches-pending",
		.object = "mem0",
		.base = model_idle,
		.guilty = offered_to_kernel,
		.planned = {WARNS,
			    "1 batch of extents waits for an answer on mem0, the oldest is 3: "
			    "after a reset its log may no longer tell of them",
			    "let them be answered first, or have the fabric manager offer them "
			    "again afterwards"},
		.isolated = {WARNS},
	},
	{
		.id = "extents-unseen",
		.object = "mem0",
		.base = model_idle,
		.guilty = accepted_unseen,
		.innocent = {nothing_given, regions_unseen, by_mailbox, elsewhere},
		.planned = {NOTE, "what is accepted on mem0 is unknown: its driver has the mailbox",
			    "cxl-iso list-extents mem0 --unbind shows it, unless its memory is in "
			    "use"},
		.isolated = {NOTE},
	},
	{
		.id = "extents-unseen",
		.object = "mem0",
		.base = model_idle,
		.guilty = batches_unseen,
		.planned = {NOTE,
			    "what is pending on mem0 is unknown: the kernel has emptied the log",
			    "cxl-iso list-extents mem0 --follow shows what comes from now on"},
		.isolated = {NOTE},
	},
	{},
};
