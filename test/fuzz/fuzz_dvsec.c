/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config space: both capability chains, DVSECs, the Register Locator. The input is the image.
 *
 * Sanitizers see what is read outside it; here stands what has to be true of each answer.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "regs/config_image.h"
#include "sys/util.h"

static void check_code(int rc, const struct error *err)
{
	EXPECT(rc == 0 || rc == -ENOENT || rc == -EACCES || rc == -EBADMSG);
	EXPECT_TEXT(rc, *err);
}

static void check_capability(const struct config_image *image, uint8_t id)
{
	struct error err = {0};
	uint8_t offset;
	int rc = image_find_capability(image, id, &offset, &err);

	check_code(rc, &err);
	EXPECT((rc == -EACCES) == (image->size < 0x100));
	if (rc)
		return;
	EXPECT(offset >= 0x40 && offset % 4 == 0);
	EXPECT(image->bytes[offset] == id);
}

static void check_dvsec(const struct config_image *image, uint16_t vendor, uint16_t id)
{
	struct error err = {0};
	uint16_t offset, length;
	int rc = image_find_dvsec(image, vendor, id, &offset, &length, &err);

	check_code(rc, &err);
	if (rc)
		return;
	EXPECT(offset >= 0x100 && offset % 4 == 0);
	EXPECT(length >= 0xa && (size_t)offset + length <= image->size);
	EXPECT(image_read16(image, offset) == 0x23);
	EXPECT(image_read16(image, offset + 4) == vendor);
	EXPECT(image_read16(image, offset + 8) == id);
}

static void check_block(const struct config_image *image, enum cxl_block which)
{
	struct register_block block;
	struct error err = {0};
	int rc = image_find_block(image, which, &block, &err);

	check_code(rc, &err);
	if (rc)
		return;
	EXPECT(block.bar < (image_is_bridge(image) ? 2 : 6));
	EXPECT(block.offset % 0x10000 == 0);
	EXPECT(image_is_cxl_port(image));
}

static void check_ends(const struct config_image *image)
{
	for (size_t before = 0; before < 6 && before <= image->size; before++) {
		size_t offset = image->size - before;

		EXPECT(before >= 2 || image_read16(image, offset) == UINT16_MAX);
		EXPECT(before >= 4 || image_read32(image, offset) == UINT32_MAX);
		image_read32(image, offset);
	}
	EXPECT(image_read32(image, SIZE_MAX) == UINT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ids[] = {0x00, 0x01, 0x10, 0x7f, 0xff};
	static const uint16_t dvsecs[] = {CXL_DVSEC_DEVICE, CXL_DVSEC_PORT, CXL_DVSEC_FLEX_BUS,
					  CXL_DVSEC_LOCATOR, 0xffff};
	struct config_image image = {"fuzz", data, size < CONFIG_SIZE ? size : CONFIG_SIZE};

	check_ends(&image);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		check_capability(&image, ids[i]);
	for (size_t i = 0; i < ARRAY_SIZE(dvsecs); i++)
		check_dvsec(&image, CXL_VENDOR, dvsecs[i]);
	check_dvsec(&image, 0xffff, 0xffff);
	check_block(&image, CXL_BLOCK_COMPONENT);
	check_block(&image, CXL_BLOCK_DEVICE);
	image_is_cxl_port(&image);
	return 0;
}

/* ---- mutation ---- */

#define PCIE 0x50

static void put_dvsec(uint8_t *image, size_t offset, uint32_t id, uint32_t length, uint32_t next)
{
	put32(image, offset, 0x23 | 1 << 16 | next << 20);
	put32(image, offset + 4, CXL_VENDOR | length << 20);
	put16(image, offset + 8, id);
}

/* A root port like QEMU's: what every input begins as. */
static void make_port(uint8_t image[CONFIG_SIZE])
{
	memset(image, 0, CONFIG_SIZE);
	put32(image, 0x00, 0x70758086);
	put32(image, 0x04, 0x00100507);
	put32(image, 0x08, 0x06040000);
	image[0x0e] = 0x81;
	image[0x34] = 0x40;
	put16(image, 0x40, 0x01 | PCIE << 8);
	put16(image, PCIE, 0x10);
	put16(image, PCIE + 2, 0x0142);
	put32(image, 0x100, 0x01 | 1 << 16 | 0x140u << 20);
	put_dvsec(image, 0x140, CXL_DVSEC_PORT, 0x28, 0x168);
	put_dvsec(image, 0x168, CXL_DVSEC_LOCATOR, 0x24, 0x190);
	put_dvsec(image, 0x190, CXL_DVSEC_FLEX_BUS, 0x20, 0);
	put32(image, 0x174, CXL_BLOCK_COMPONENT << 8);
	put32(image, 0x17c, CXL_BLOCK_DEVICE << 8 | 1 | 0x10000);
}

/* Something that a chain could hold, somewhere. */
static void plant(uint8_t *image, size_t size, uint32_t *random)
{
	size_t offset = next_random(random) % (size / 4) * 4;
	uint32_t next = next_random(random) % 0x400 * 4;

	/* Mostly where the chains are. */
	if (size > 0x200 && next_random(random) % 4)
		offset = 0x100 + offset % 0x100;
	switch (next_random(random) % 6) {
	case 0:
		put32(image, offset, 0x23 | 1 << 16 | next << 20);
		break;
	case 1:
		put32(image, offset, CXL_VENDOR | next_random(random) << 20);
		break;
	case 2:
		put32(image, offset, next_random(random) % 10);
		break;
	case 3:
		put32(image, offset, (next_random(random) & 0xffff0307) | 0x100);
		break;
	case 4:
		put16(image, 0x40 + offset % 0xc0, next_random(random));
		break;
	default:
		image[0x34] = (uint8_t)next_random(random);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	static const size_t sizes[] = {64, 256, 260, 1024, CONFIG_SIZE};
	uint32_t random = seed | 1;

	if (size < 64 && max_size >= CONFIG_SIZE) {
		make_port(data);
		return CONFIG_SIZE;
	}
	if (size >= 256 && next_random(&random) % 2) {
		for (uint32_t i = next_random(&random) % 4 + 1; i; i--)
			plant(data, size, &random);
		return size;
	}
	if (next_random(&random) % 8)
		return LLVMFuzzerMutate(data, size, max_size);
	max_size = sizes[next_random(&random) % ARRAY_SIZE(sizes)];
	if (max_size > size)
		memset(data + size, 0, max_size - size);
	return max_size;
}
