/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration of a device and its list of accepted extents, decoded, and an offer held
 * against them. The input says how long the first answer is; the rest is the second.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "extents/check.h"
#include "extents/regions.h"
#include "extents/seen.h"
#include "sys/util.h"

/* Of the input's head, in bytes. */
#define LENGTH 0 /* of the configuration, in 8 bytes */
#define FIRST  1 /* region that was asked for */
#define HEAD   4

static bool decode_configuration(struct dc_device *device, const uint8_t *data, size_t size,
				 unsigned int first)
{
	struct error err = {0};
	unsigned int total = 0;
	int rc = configuration_decode(device, &total, first, data, size, &err);

	EXPECT(rc == 0 || rc == -EBADMSG);
	EXPECT_TEXT(rc, err);
	EXPECT(device->regions.count <= DC_REGIONS_MAX);
	if (rc)
		return false;
	EXPECT(total <= DC_REGIONS_MAX && size >= 24 + 40 * device->regions.count);
	EXPECT(!device->regions.count || first + device->regions.count <= total);
	list_each(region, &device->regions)
		EXPECT(region->number >= (int)first && region->number < (int)total);
	return true;
}

static bool decode_list(struct dc_device *device, const uint8_t *data, size_t size)
{
	struct extent_page page;
	struct error err = {0};
	int rc = extent_page_decode(device, &page, data, size, &err);

	EXPECT(rc == 0 || rc == -EBADMSG);
	EXPECT_TEXT(rc, err);
	EXPECT(16 + 40 * device->accepted.count <= size || !device->accepted.count);
	EXPECT(rc || (page.count == device->accepted.count && page.count <= page.total));
	return !rc;
}

static void check_places(const struct dc_device *device)
{
	list_each(extent, &device->accepted) {
		const struct dc_region *in = NULL;

		EXPECT(strlen(extent->tag) == 0 || strlen(extent->tag) == 36);
		list_each(region, &device->regions)
			if (region->number == extent->dc_region)
				in = region;
		EXPECT((extent->dc_region >= 0) == (in != NULL));
		EXPECT(!in || (extent->start >= in->base && extent->size <= in->size));
		EXPECT(!in || extent->start - in->base <= in->size - extent->size);
	}
}

/* What is accepted is never offered as good again. */
static void check_offer(const struct dc_device *device)
{
	struct checker *checker = checker_new(device);
	struct findings findings = {0};
	struct prediction prediction;
	struct batch batch = {.number = 1};

	list_each(accepted, &device->accepted) {
		struct extent *extent = list_add(&batch.extents);

		*extent = *accepted;
		extent->handle = (int)batch.extents.count % 65535 + 1;
		extent->start += batch.extents.count % 3 * 4096;
	}
	checker_batch(checker, &batch, &findings, &prediction);
	list_each(extent, &batch.extents)
		list_each(accepted, &device->accepted)
			EXPECT(extent->acceptable != 1 ||
			       !ranges_overlap(extent->start, extent->size, accepted->start,
					       accepted->size));
	batch.event = EXTENT_RELEASE;
	checker_batch(checker, &batch, &findings, &prediction);
	EXPECT(prediction.leading == -1);
	check_device(device, &findings);
	list_each(finding, &findings.list)
		EXPECT(finding->evidence[0] && finding->fix[0]);
	findings_free(&findings);
	batch_free(&batch);
	checker_free(&checker);
}

/* A set of ranges by what of it can be found. */
static void check_ranges(const struct dc_device *device)
{
	static const struct owner nobody;
	struct ranges ranges = {0};

	list_each(extent, &device->accepted) {
		uint64_t end = add_capped(extent->start, extent->size);

		ranges_add(&ranges, extent->start, end, &nobody);
		EXPECT(ranges_cover(&ranges, extent->start, end));
	}
	list_each(extent, &device->accepted) {
		uint64_t end = add_capped(extent->start, extent->size);

		ranges_remove(&ranges, extent->start, end);
		EXPECT(!ranges_find(&ranges, extent->start, end));
	}
	EXPECT(!ranges.count && !ranges.chunks.count);
	ranges_free(&ranges);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dc_device device = {.extents_available = UNKNOWN};
	size_t length;

	if (size < HEAD)
		return 0;
	length = (size_t)data[LENGTH] * 8;
	if (length > size - HEAD)
		length = size - HEAD;
	if (!decode_configuration(&device, data + HEAD, length, data[FIRST]))
		device.regions_unknown[0] = '?';
	if (!decode_list(&device, data + HEAD + length, size - HEAD - length))
		device.accepted_unknown[0] = '?';
	place_accepted(&device);
	check_places(&device);
	check_offer(&device);
	check_ranges(&device);
	record_free(&dc_device_record, &device);
	return 0;
}

/* ---- mutation ---- */

#define REGIONS	   3
#define EXTENTS	   12
#define CONFIG	   (8 + 40 * REGIONS + 16)
#define INPUT_SIZE (HEAD + CONFIG + 16 + 40 * EXTENTS)
#define BLOCK	   (2u << 20)

static uint8_t *region_at(uint8_t *data, uint32_t i)
{
	return data + HEAD + 8 + i % REGIONS * 40;
}

static uint8_t *extent_at(uint8_t *data, uint32_t i)
{
	return data + HEAD + CONFIG + 16 + i % EXTENTS * 40;
}

/* Every input begins as this. */
static void make_answers(uint8_t *data)
{
	memset(data, 0, INPUT_SIZE);
	data[LENGTH] = CONFIG / 8;
	data[HEAD] = data[HEAD + 1] = REGIONS;
	for (uint32_t i = 0; i < REGIONS; i++) {
		put32(region_at(data, i), 0, i << 28);
		put32(region_at(data, i), 8, 1);
		put32(region_at(data, i), 16, 1 << 28);
		put32(region_at(data, i), 24, BLOCK);
	}
	put32(data + HEAD + CONFIG, 0, EXTENTS);
	put32(data + HEAD + CONFIG, 4, EXTENTS);
	for (uint32_t i = 0; i < EXTENTS; i++) {
		put32(extent_at(data, i), 0, i * 4 * BLOCK);
		put32(extent_at(data, i), 8, 2 * BLOCK);
	}
}

static void plant(uint8_t *data, uint32_t *random)
{
	uint8_t *region = region_at(data, next_random(random));
	uint8_t *extent = extent_at(data, next_random(random));

	switch (next_random(random) % 10) {
	case 0:
		data[next_random(random) % HEAD] = (uint8_t)next_random(random);
		break;
	case 1:
		data[HEAD + next_random(random) % 2] = next_random(random) % 10;
		break;
	case 2:
		put32(region, next_random(random) % 8 * 4, next_random(random));
		break;
	case 3:
		put32(region, 24, 1u << next_random(random) % 32);
		break;
	case 4:
		put32(region, 20, next_random(random) % 2 ? 0xffffffff : 0);
		break;
	case 5:
		put32(extent, 0, next_random(random) % 400 * BLOCK);
		break;
	case 6:
		put32(extent, 8, next_random(random) % 40 * BLOCK / 2);
		break;
	case 7:
		put32(extent, next_random(random) % 8 * 4, next_random(random));
		break;
	case 8:
		put32(data + HEAD + CONFIG, next_random(random) % 2 * 4, next_random(random) % 20);
		break;
	default:
		data[next_random(random) % INPUT_SIZE] ^= 1u << next_random(random) % 8;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint32_t random = seed | 1;

	if (size < INPUT_SIZE && max_size >= INPUT_SIZE) {
		make_answers(data);
		return INPUT_SIZE;
	}
	if (size < INPUT_SIZE || next_random(&random) % 16 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (unsigned int i = next_random(&random) % 4; i < 4; i++)
		plant(data, &random);
	return size;
}
