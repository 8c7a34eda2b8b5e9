/* SPDX-License-Identifier: GPL-2.0-or-later */
/* regs/: config space and component registers, good and broken, from images and fake trees. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regs/component.h"
#include "regs/config.h"
#include "regs/device.h"
#include "regs/hdm.h"
#include "regs/mmio.h"
#include "regs/ports.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define PORT   "0000:0c:00.0"
#define DEVICE "0000:0d:00.0"

static void assert_error(const char *what, int rc, int code, const struct error *err,
			 const char *text)
{
	if (rc != code || !strstr(err->text, text) || (!text[0] && err->text[0]))
		fail_msg("%s: %d \"%s\" instead of %d \"%s\"", what, rc, err->text, code, text);
}

/* ---- images of config space ---- */

struct space {
	uint8_t bytes[CONFIG_SIZE];
	size_t size;
};

#define AER	0x100
#define DVSEC_3 0x140
#define DVSEC_8 0x168
#define DVSEC_7 0x190
#define DVSEC_0 0x1b0
#define PCIE	0x50

static void put16(struct space *space, size_t offset, unsigned int value)
{
	space->bytes[offset] = value & 0xff;
	space->bytes[offset + 1] = value >> 8 & 0xff;
}

static void put32(struct space *space, size_t offset, uint32_t value)
{
	put16(space, offset, value & 0xffff);
	put16(space, offset + 2, value >> 16);
}

static void put_extended(struct space *space, size_t offset, unsigned int id, uint32_t next)
{
	put32(space, offset, id | 1 << 16 | next << 20);
}

static void put_dvsec(struct space *space, size_t offset, unsigned int id, uint32_t length,
		      uint32_t next)
{
	put_extended(space, offset, 0x23, next);
	put32(space, offset + 4, CXL_VENDOR | length << 20);
	put16(space, offset + 8, id);
}

static void put_entry(struct space *space, unsigned int number, unsigned int bar,
		      unsigned int block, uint64_t offset)
{
	put32(space, DVSEC_8 + 0x0c + 8 * number, bar | block << 8 | (offset & 0xffff0000));
	put32(space, DVSEC_8 + 0x10 + 8 * number, offset >> 32);
}

/* A root port like QEMU's: power management, PCIe, AER and the three DVSECs. */
static struct space good_port(void)
{
	struct space space = {.size = CONFIG_SIZE};

	put32(&space, 0x00, 0x70758086);
	put16(&space, 0x04, 0x0507);
	put16(&space, 0x06, 0x0010);
	put32(&space, 0x08, 0x06040000);
	space.bytes[0x0e] = 0x81;
	space.bytes[0x34] = 0x40;
	put16(&space, 0x40, 0x01 | PCIE << 8);
	put16(&space, PCIE, 0x10);
	put16(&space, PCIE + 0x02, 0x0142); /* root port with a slot */
	put32(&space, PCIE + 0x0c, 1 << 20);
	put_extended(&space, AER, 0x01, DVSEC_3);
	put_dvsec(&space, DVSEC_3, CXL_DVSEC_PORT, 0x28, DVSEC_8);
	put_dvsec(&space, DVSEC_8, CXL_DVSEC_LOCATOR, 0x24, DVSEC_7);
	put_dvsec(&space, DVSEC_7, CXL_DVSEC_FLEX_BUS, 0x20, 0);
	put_entry(&space, 0, 0, CXL_BLOCK_COMPONENT, 0);
	return space;
}

/* A memory device: DVSEC 0 in place of 3, registers of both kinds in two BARs. */
static struct space good_device(void)
{
	struct space space = good_port();

	put32(&space, 0x08, 0x05021000);
	space.bytes[0x0e] = 0;
	put16(&space, PCIE + 0x02, 0x0002);
	put_extended(&space, AER, 0x01, DVSEC_8);
	put_extended(&space, DVSEC_7, 0x23, DVSEC_0);
	put_dvsec(&space, DVSEC_0, CXL_DVSEC_DEVICE, 0x38, 0);
	put16(&space, DVSEC_0 + 0x0c, 1 << 2);
	put_entry(&space, 1, 2, CXL_BLOCK_DEVICE, 0x10000);
	return space;
}

static struct config_image image_of(const struct space *space)
{
	return (struct config_image){PORT, space->bytes, space->size};
}

static void test_good_port(void **state)
{
	struct space space = good_port();
	struct config_image image = image_of(&space);
	struct register_block block = {9, 9};
	uint16_t offset, length;
	uint8_t capability;

	(void)state;
	assert_true(image_is_bridge(&image));
	assert_true(image_is_cxl_port(&image));
	assert_int_equal(image_find_dvsec(&image, CXL_VENDOR, 3, &offset, &length, NULL), 0);
	assert_int_equal(offset, DVSEC_3);
	assert_int_equal(length, 0x28);
	assert_int_equal(image_find_capability(&image, 0x10, &capability, NULL), 0);
	assert_int_equal(capability, PCIE);
	assert_int_equal(image_find_block(&image, CXL_BLOCK_COMPONENT, &block, NULL), 0);
	assert_int_equal(block.bar, 0);
	assert_int_equal(block.offset, 0);
}

static void test_good_device(void **state)
{
	struct space space = good_device();
	struct config_image image = image_of(&space);
	struct register_block block;

	(void)state;
	put_entry(&space, 1, 5, CXL_BLOCK_DEVICE, 0x1234567890000);
	assert_false(image_is_bridge(&image));
	assert_int_equal(image_find_block(&image, CXL_BLOCK_DEVICE, &block, NULL), 0);
	assert_int_equal(block.bar, 5);
	assert_int_equal(block.offset, 0x1234567890000);
}

static void test_absent_is_silent(void **state)
{
	struct space space = good_port();
	struct config_image image = image_of(&space);
	struct error err = {0};
	struct register_block block;
	uint16_t offset, length;
	uint8_t capability;

	(void)state;
	assert_int_equal(image_find_dvsec(&image, CXL_VENDOR, 0, &offset, &length, &err), -ENOENT);
	assert_int_equal(image_find_dvsec(&image, 0x8086, 3, &offset, &length, &err), -ENOENT);
	assert_int_equal(image_find_capability(&image, 0x11, &capability, &err), -ENOENT);
	assert_int_equal(image_find_block(&image, CXL_BLOCK_DEVICE, &block, &err), -ENOENT);
	put16(&space, 0x06, 0);
	assert_int_equal(image_find_capability(&image, 0x10, &capability, &err), -ENOENT);
	image.size = 256;
	assert_int_equal(image_find_dvsec(&image, CXL_VENDOR, 3, &offset, &length, &err), -ENOENT);
	assert_false(image_is_cxl_port(&image));
	image.size = CONFIG_SIZE;
	put32(&space, AER, 0);
	assert_int_equal(image_find_dvsec(&image, CXL_VENDOR, 3, &offset, &length, &err), -ENOENT);
	assert_string_equal(err.text, "");
}

static void test_image_ends(void **state)
{
	struct space space = good_port();
	struct config_image image = image_of(&space);

	(void)state;
	assert_int_equal(image_read16(&image, CONFIG_SIZE - 1), 0xffff);
	assert_int_equal(image_read32(&image, CONFIG_SIZE - 3), 0xffffffff);
	assert_int_equal(image_read32(&image, SIZE_MAX), 0xffffffff);
	assert_int_equal(image_read32(&image, CONFIG_SIZE - 4), 0);
}

/* ---- broken config space: each to its error ---- */

static void break_user(struct space *s)
{
	s->size = 64;
}
static void break_dvsec_pointer_low(struct space *s)
{
	put_extended(s, AER, 1, 0x0fc);
}
static void break_dvsec_pointer_end(struct space *s)
{
	s->size = 0x800;
	put_extended(s, AER, 1, 0x800);
}
static void break_extended_self_loop(struct space *s)
{
	put_extended(s, AER, 1, AER);
}
static void break_extended_long_loop(struct space *s)
{
	put_extended(s, DVSEC_7, 0x23, DVSEC_3 - 0x40);
	put_extended(s, AER, 0x23, DVSEC_7);
}
static void break_extended_ones(struct space *s)
{
	put32(s, DVSEC_3, 0xffffffff);
}
static void break_extended_all_ones(struct space *s)
{
	put32(s, AER, 0xffffffff);
}
static void break_dvsec_twice(struct space *s)
{
	put16(s, DVSEC_3 + 8, CXL_DVSEC_LOCATOR);
}
static void break_dvsec_empty(struct space *s)
{
	put32(s, DVSEC_8 + 4, CXL_VENDOR);
}
static void break_dvsec_header_only(struct space *s)
{
	put32(s, DVSEC_8 + 4, CXL_VENDOR | 0x009 << 20);
}
static void break_dvsec_beyond(struct space *s)
{
	put32(s, DVSEC_8 + 4, CXL_VENDOR | 0xfffu << 20);
}
static void break_dvsec_at_end(struct space *s)
{
	put_extended(s, DVSEC_3, 0x23, 0xff4);
	put_dvsec(s, 0xff4, CXL_DVSEC_LOCATOR, 0x24, 0);
}
static void break_locator_no_entries(struct space *s)
{
	put32(s, DVSEC_8 + 4, CXL_VENDOR | 0x00a << 20);
}
static void break_locator_half_entry(struct space *s)
{
	put32(s, DVSEC_8 + 4, CXL_VENDOR | 0x020 << 20);
}
static void break_locator_twice(struct space *s)
{
	put_entry(s, 2, 1, CXL_BLOCK_COMPONENT, 0x10000);
}
static void break_locator_bar_2(struct space *s)
{
	put_entry(s, 0, 2, CXL_BLOCK_COMPONENT, 0);
}
static void break_locator_bar_7(struct space *s)
{
	s->bytes[0x0e] = 0;
	put_entry(s, 0, 7, CXL_BLOCK_COMPONENT, 0);
}
static void break_locator_absent(struct space *s)
{
	put16(s, DVSEC_8 + 8, 0x77);
}
static void break_locator_holes(struct space *s)
{
	put_entry(s, 0, 0, 0, 0);
}

static const struct broken_space {
	const char *name;
	void (*break_it)(struct space *space);
	int code;
	const char *text;
} broken_spaces[] = {
	{"64 bytes", break_user, -EACCES, "reading the capabilities of " PORT " needs root"},
	{"pointer into legacy space", break_dvsec_pointer_low, -EBADMSG,
	 "extended capability 0x0001 at 0x100 of " PORT
	 " points to 0x0fc, outside extended config space"},
	{"pointer behind the end", break_dvsec_pointer_end, -EBADMSG, "points to 0x800, outside"},
	{"loop of one", break_extended_self_loop, -EBADMSG,
	 "the extended capabilities of " PORT " form a loop"},
	{"loop of two", break_extended_long_loop, -EBADMSG, "form a loop"},
	{"ones in the chain", break_extended_ones, -EBADMSG,
	 "extended capability at 0x140 of " PORT " reads all ones"},
	{"ones from the start", break_extended_all_ones, -EBADMSG,
	 "at 0x100 of " PORT " reads all"},
	{"two locators", break_dvsec_twice, -EBADMSG,
	 "DVSEC 8 of " PORT " is there twice: 0x140 and 0x168"},
	{"length 0", break_dvsec_empty, -EBADMSG,
	 "DVSEC 8 at 0x168 of " PORT " is cut short: length 0x000"},
	{"length below the header", break_dvsec_header_only, -EBADMSG, "short: length 0x009"},
	{"length beyond the end", break_dvsec_beyond, -EBADMSG,
	 "DVSEC 8 at 0x168 of " PORT " reaches beyond config space: length 0xfff"},
	{"DVSEC at the end", break_dvsec_at_end, -EBADMSG, "at 0xff4 of " PORT " reaches beyond"},
	{"locator without entries", break_locator_no_entries, -EBADMSG,
	 "the CXL Register Locator of " PORT " is cut short: length 0x00a"},
	{"half an entry", break_locator_half_entry, -EBADMSG, "is cut short: length 0x020"},
	{"two component blocks", break_locator_twice, -EBADMSG,
	 "the CXL Register Locator of " PORT " has two entries for block 1"},
	{"BAR 2 of a bridge", break_locator_bar_2, -EBADMSG, "names BAR 2, which cannot be"},
	{"BAR 7", break_locator_bar_7, -EBADMSG, "names BAR 7, which cannot be"},
	{"no locator", break_locator_absent, -ENOENT, ""},
	{"empty entries", break_locator_holes, -ENOENT, ""},
};

static void test_broken_spaces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken_spaces); i++) {
		const struct broken_space *broken = &broken_spaces[i];
		struct space space = good_port();
		struct register_block block;
		struct error err = {0};
		struct config_image image;
		int rc;

		broken->break_it(&space);
		image = image_of(&space);
		rc = image_find_block(&image, CXL_BLOCK_COMPONENT, &block, &err);
		assert_error(broken->name, rc, broken->code, &err, broken->text);
	}
}

static void assert_capability(const struct space *space, const char *text)
{
	struct config_image image = image_of(space);
	struct error err = {0};
	uint8_t offset;

	assert_error(text, image_find_capability(&image, 0x7f, &offset, &err), -EBADMSG, &err,
		     text);
}

static void test_broken_capabilities(void **state)
{
	struct space space = good_port();

	(void)state;
	space.bytes[0x41] = 0x40;
	assert_capability(&space, "the capabilities of " PORT " form a loop");
	space.bytes[0x41] = 0x3c;
	assert_capability(&space, "capability pointer 0x3c of " PORT " points into the header");
	space.bytes[0x34] = 0x04;
	assert_capability(&space, "capability pointer 0x04 of");
	memset(space.bytes, 0xff, sizeof(space.bytes));
	assert_capability(&space, "form a loop");
}

/* A chain that breaks behind a CXL DVSEC does not hide the port. */
static void test_broken_port_is_still_one(void **state)
{
	struct space space = good_port();
	struct config_image image = image_of(&space);

	(void)state;
	put_extended(&space, DVSEC_3, 0x23, 0x010);
	assert_true(image_is_cxl_port(&image));
	put_extended(&space, AER, 1, 0x010);
	assert_false(image_is_cxl_port(&image));
}

/* Whatever the bytes: no access outside them, and an end. ASan and the clock are the judges. */
static void test_noise(void **state)
{
	struct space space = good_port();
	struct register_block block;
	uint32_t seed = 1;
	uint8_t offset;

	(void)state;
	for (unsigned int round = 0; round < 5000; round++) {
		struct config_image image = image_of(&space);

		for (unsigned int i = 0; i < 8; i++) {
			seed = seed * 1664525 + 1013904223;
			space.bytes[(seed >> 8) % 0x200] = seed >> 24;
		}
		image.size = round % 3 ? CONFIG_SIZE : seed >> 20;
		image_find_block(&image, CXL_BLOCK_COMPONENT, &block, NULL);
		image_find_capability(&image, 0x10, &offset, NULL);
		image_is_cxl_port(&image);
		if (round % 50 == 49)
			space = good_port();
	}
}

/* ---- component registers in memory ---- */

#define HDM 0x200

struct block {
	uint32_t words[COMPONENT_SIZE / 4];
	uint32_t read_only;	 /* bits that writes do not change */
	int code;		 /* what every access answers */
	unsigned int ones_after; /* all ones from this access on; 0: never */
	unsigned int accesses;
};

static int block_read(void *context, uint32_t offset, uint32_t *value)
{
	struct block *block = context;

	*value = block->words[offset / 4];
	if (block->ones_after && ++block->accesses >= block->ones_after)
		*value = UINT32_MAX;
	return block->code;
}

static int block_write(void *context, uint32_t offset, uint32_t value)
{
	struct block *block = context;
	uint32_t *word = &block->words[offset / 4];

	*word = (*word & block->read_only) | (value & ~block->read_only);
	return block->code;
}

static const struct component_backend block_backend = {block_read, block_write, NULL};

static void put_decoder(struct block *block, unsigned int number, uint64_t base, uint64_t size,
			uint32_t control)
{
	uint32_t *decoder = &block->words[(HDM + 0x10 + 0x20 * number) / 4];

	decoder[0] = base & 0xffffffff;
	decoder[1] = base >> 32;
	decoder[2] = size & 0xffffffff;
	decoder[3] = size >> 32;
	decoder[4] = control;
}

#define COMMITTED (1u << 10 | 1u << 9)

/* RAS, link, a hole, HDM with four decoders: the first committed. */
static struct block good_block(void)
{
	struct block block = {0};

	block.words[0] = 0x04110001;
	block.words[1] = 0x08030002;
	block.words[2] = 0x0d820004;
	block.words[4] = HDM << 20 | 3 << 16 | CXL_CAPABILITY_HDM;
	block.words[HDM / 4] = 2;
	block.words[HDM / 4 + 1] = 2;
	put_decoder(&block, 0, 0x490000000, 0x20000000, COMMITTED | 1 << 4 | 2);
	block.words[(HDM + 0x10 + 0x14) / 4] = 0x10000000;
	block.words[(HDM + 0x10 + 0x18) / 4] = 1;
	return block;
}

static void test_find(void **state)
{
	struct block block = good_block();
	cleanup_component struct component *c = component_over(PORT, &block_backend, &block);
	struct error err = {0};
	uint32_t offset = 0;

	(void)state;
	assert_int_equal(component_find(c, CXL_CAPABILITY_HDM, 3, &offset, &err), 0);
	assert_int_equal(offset, HDM);
	assert_int_equal(component_find(c, CXL_CAPABILITY_ISOLATION, 1, &offset, &err), -ENOENT);
	assert_string_equal(err.text, "");
	assert_string_equal(component_name(c), PORT);
}

/* 255 entries are legal, and the last is looked at. */
static void test_find_last_of_many(void **state)
{
	struct block block = good_block();
	cleanup_component struct component *c = component_over(PORT, &block_backend, &block);
	uint32_t offset = 0;

	(void)state;
	memset(&block.words[1], 0, 255 * 4);
	block.words[0] = 0xff110001;
	block.words[255] = 0xffc10009;
	assert_int_equal(component_find(c, CXL_CAPABILITY_ISOLATION, 1, &offset, NULL), 0);
	assert_int_equal(offset, 0xffc);
	block.words[255] = 0x3fc10009;
	assert_int_equal(component_find(c, CXL_CAPABILITY_ISOLATION, 1, &offset, NULL), -EBADMSG);
}

static void test_access(void **state)
{
	struct block block = good_block();
	cleanup_component struct component *c = component_over(PORT, &block_backend, &block);
	struct error err = {0};
	uint32_t value;

	(void)state;
	assert_int_equal(component_write32(c, 0xffc, 0x12345678, &err), 0);
	assert_int_equal(component_read32(c, 0xffc, &value, &err), 0);
	assert_int_equal(value, 0x12345678);
	/* All ones are a value like any other while the header stands. */
	assert_int_equal(component_write32(c, 0xffc, UINT32_MAX, &err), 0);
	assert_int_equal(component_read32(c, 0xffc, &value, &err), 0);
	assert_error("unaligned", component_read32(c, 2, &value, &err), -EBADMSG, &err,
		     "no component register of " PORT " can be at 0x2");
	assert_int_equal(component_read32(c, 0x1000, &value, NULL), -EBADMSG);
	assert_int_equal(component_write32(c, 0xfffffffc, 0, NULL), -EBADMSG);
}

static void test_hdm(void **state)
{
	struct block block = good_block();
	cleanup_component struct component *c = component_over(PORT, &block_backend, &block);
	const struct hdm_decoder *first;
	struct hdm hdm;

	(void)state;
	put_decoder(&block, 1, 0, 0, 1 << 8 | 1 << 9 | 1 << 11 | 0xff);
	assert_int_equal(hdm_read(c, &hdm, NULL), 0);
	first = &hdm.decoders[0];
	assert_true(hdm.enabled);
	assert_int_equal(hdm.count, 4);
	assert_int_equal(first->base, 0x490000000);
	assert_int_equal(first->size, 0x20000000);
	assert_int_equal(first->dpa_skip, 0x110000000);
	assert_true(first->committed && first->commit && !first->locked && !first->error);
	assert_int_equal(first->ways, 2);
	assert_int_equal(first->granularity, 1024);
	assert_true(hdm.decoders[1].locked && hdm.decoders[1].error && hdm.decoders[1].commit);
	assert_false(hdm.decoders[1].committed);
	assert_int_equal(hdm.decoders[1].ways + hdm.decoders[1].granularity, 0);
}

static void test_hdm_counts(void **state)
{
	static const unsigned int counts[] = {1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32};
	struct block block = good_block();
	cleanup_component struct component *c = component_over(PORT, &block_backend, &block);
	struct error err = {0};
	struct hdm hdm;

	(void)state;
	for (unsigned int i = 0; i < 16; i++) {
		block.words[HDM / 4] = i | 0xfffffff0;
		if (i < ARRAY_SIZE(counts)) {
			assert_int_equal(hdm_read(c, &hdm, NULL), 0);
			assert_int_equal(hdm.count, counts[i]);
			continue;
		}
		memset(&err, 0, sizeof(err));
		assert_error("count", hdm_read(c, &hdm, &err), -EBADMSG, &err,
			     PORT " has a reserved number of HDM decoders: 0x");
	}
}

static void test_hdm_interleave(void **state)
{
	static const unsigned int ways[16] = {1, 2, 4, 8, 16, 0, 0, 0, 3, 6, 12};
	struct block block = good_block();
	cleanup_component struct component *c = component_over(PORT, &block_backend, &block);
	struct hdm hdm;

	(void)state;
	for (unsigned int i = 0; i < 16; i++) {
		put_decoder(&block, 0, 0, 0x10000000, COMMITTED | i << 4);
		assert_int_equal(hdm_read(c, &hdm, NULL), ways[i] ? 0 : -EBADMSG);
		assert_int_equal(hdm.decoders[0].ways, ways[i]);
		put_decoder(&block, 0, 0, 0x10000000, COMMITTED | i);
		assert_int_equal(hdm_read(c, &hdm, NULL), i <= 6 ? 0 : -EBADMSG);
		assert_int_equal(hdm.decoders[0].granularity, i <= 6 ? 256u << i : 0);
	}
}

/* ---- broken component registers ---- */

static void break_gone(struct block *b)
{
	memset(b->words, 0xff, sizeof(b->words));
}
static void break_gone_later(struct block *b)
{
	b->ones_after = 9;
}
static void break_bus(struct block *b)
{
	b->code = -EIO;
}
static void break_zeros(struct block *b)
{
	memset(b->words, 0, sizeof(b->words));
}
static void break_array_id(struct block *b)
{
	b->words[0] = 0x04110000;
}
static void break_array_version(struct block *b)
{
	b->words[0] = 0x04100001;
}
static void break_cachemem_version(struct block *b)
{
	b->words[0] = 0x04010001;
}
static void break_pointer_unaligned(struct block *b)
{
	b->words[4] += 2u << 20;
}
static void break_pointer_zero(struct block *b)
{
	b->words[4] &= 0xfffff;
}
static void break_pointer_array(struct block *b)
{
	b->words[4] = 0x010 << 20 | 3 << 16 | CXL_CAPABILITY_HDM;
}
static void break_version(struct block *b)
{
	b->words[4] &= ~(0xfu << 16);
}
static void break_twice(struct block *b)
{
	b->words[3] = b->words[4];
}
static void break_hdm_beyond(struct block *b)
{
	b->words[4] = 0xf80u << 20 | 3 << 16 | CXL_CAPABILITY_HDM;
	b->words[0xf80 / 4] = 2;
}
static void break_hdm_count(struct block *b)
{
	b->words[HDM / 4] = 0xd;
}
static void break_hdm_ways(struct block *b)
{
	put_decoder(b, 0, 0, 0x10000000, COMMITTED | 0x70);
}
static void break_hdm_granularity(struct block *b)
{
	put_decoder(b, 0, 0, 0x10000000, COMMITTED | 0x07);
}
static void break_hdm_absent(struct block *b)
{
	b->words[0] = 0x03110001;
}
static void break_hdm_hole(struct block *b)
{
	b->words[4] = 0;
}

static const struct broken_block {
	const char *name;
	void (*break_it)(struct block *block);
	int code;
	const char *text;
} broken_blocks[] = {
	{"gone", break_gone, -ENODEV, "component registers of " PORT " read all ones"},
	{"gone meanwhile", break_gone_later, -ENODEV, "of " PORT " read all ones"},
	{"bus error", break_bus, -EIO, "component registers of " PORT " are not accessible: "},
	{"all zeros", break_zeros, -EBADMSG,
	 "of " PORT " start with 0x00000000, not with an array"},
	{"array id", break_array_id, -EBADMSG, "start with 0x04110000, not with an array"},
	{"array version", break_array_version, -EBADMSG, "start with 0x04100001, not with"},
	{"CXL.cachemem version", break_cachemem_version, -EBADMSG, "with 0x04010001, not with"},
	{"unaligned pointer", break_pointer_unaligned, -EBADMSG,
	 "CXL capability 0x0005 of " PORT " points to 0x202, where none can be"},
	{"pointer 0", break_pointer_zero, -EBADMSG, "points to 0x000, where none can be"},
	{"pointer into the array", break_pointer_array, -EBADMSG, "points to 0x010, where none"},
	{"version 0", break_version, -EBADMSG,
	 "CXL capability 0x0005 of " PORT " has version 0; 1 to 15 are known"},
	{"two of them", break_twice, -EBADMSG, "CXL capability 0x0005 of " PORT " is there twice"},
	{"decoders beyond the range", break_hdm_beyond, -EBADMSG,
	 "the 4 HDM decoders of " PORT " at 0xf80 reach beyond its registers"},
	{"reserved count", break_hdm_count, -EBADMSG, "reserved number of HDM decoders: 0xd"},
	{"reserved ways", break_hdm_ways, -EBADMSG,
	 "HDM decoder 0 of " PORT " is committed with reserved interleaving"},
	{"reserved granularity", break_hdm_granularity, -EBADMSG, "with reserved interleaving"},
	{"entry behind the count", break_hdm_absent, -ENOENT, ""},
	{"hole", break_hdm_hole, -ENOENT, ""},
};

static void test_broken_blocks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken_blocks); i++) {
		const struct broken_block *broken = &broken_blocks[i];
		struct block block = good_block();
		cleanup_component struct component *c =
			component_over(PORT, &block_backend, &block);
		struct error err = {0};
		struct hdm hdm;

		broken->break_it(&block);
		assert_error(broken->name, hdm_read(c, &hdm, &err), broken->code, &err,
			     broken->text);
	}
}

static void test_newer_version(void **state)
{
	struct block block = good_block();
	cleanup_component struct component *c = component_over(PORT, &block_backend, &block);
	struct error err = {0};
	uint32_t offset;

	(void)state;
	assert_error("newer", component_find(c, CXL_CAPABILITY_HDM, 2, &offset, &err), -EBADMSG,
		     &err, "has version 3; 1 to 2 are known");
}

static void assert_marked(struct component *component, bool expected)
{
	bool marked = !expected;

	assert_int_equal(hdm_marked(component, &marked, NULL), 0);
	assert_int_equal(marked, expected);
}

static void test_mark(void **state)
{
	struct block block = good_block(), before = good_block();
	cleanup_component struct component *c = component_over(PORT, &block_backend, &block);
	unsigned int decoder = 99;

	(void)state;
	assert_marked(c, false);
	assert_int_equal(hdm_mark(c, &decoder, NULL), 0);
	assert_int_equal(decoder, 3);
	assert_int_equal(block.words[(HDM + 0x10 + 3 * 0x20) / 4], 0xa0000000);
	assert_marked(c, true);
	assert_int_equal(hdm_mark(c, &decoder, NULL), 0);
	assert_int_equal(decoder, 3);
	assert_int_equal(hdm_unmark(c, NULL), 0);
	assert_marked(c, false);
	assert_memory_equal(block.words, before.words, sizeof(block.words));
}

/* Committed, committing, locked or sized decoders are not for marks, and none of them is one. */
static void test_mark_free_only(void **state)
{
	struct block block = good_block();
	cleanup_component struct component *c = component_over(PORT, &block_backend, &block);
	struct error err = {0};
	unsigned int decoder;

	(void)state;
	put_decoder(&block, 3, 0xa0000000, 0, COMMITTED);
	put_decoder(&block, 2, 0xa0000000, 0, 1 << 8);
	assert_int_equal(hdm_mark(c, &decoder, NULL), 0);
	assert_int_equal(decoder, 1);
	put_decoder(&block, 1, 0xa0000000, 0x10000000, 0);
	assert_marked(c, false);
	put_decoder(&block, 2, 0xa0000000, 0, 1 << 9);
	assert_marked(c, false);
	assert_error("none free", hdm_mark(c, &decoder, &err), -EBUSY, &err,
		     "none of the 4 HDM decoders of " PORT " is free to carry a mark");
}

static void test_mark_not_kept(void **state)
{
	struct block block = good_block();
	cleanup_component struct component *c = component_over(PORT, &block_backend, &block);
	struct error err = {0};
	unsigned int decoder;

	(void)state;
	block.read_only = UINT32_MAX;
	assert_error("kept", hdm_mark(c, &decoder, &err), -EIO, &err,
		     "HDM decoder 3 of " PORT " does not keep what is written to it");
}

/* ---- a tree of sysfs ---- */

#define MEMORY_BAR "0x00000000fe800000 0x00000000fe80ffff 0x0000000000140204\n"
#define NO_BAR	   "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"

static void write_file(struct tree *tree, const char *address, const char *name, const void *bytes,
		       size_t size)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s", tree->root, address);
	mkdir(path, 0755);
	strcat(path, "/");
	strcat(path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void write_text(struct tree *tree, const char *address, const char *name, const char *text)
{
	write_file(tree, address, name, text, strlen(text));
}

static void write_space(struct tree *tree, const char *address, const struct space *space)
{
	write_file(tree, address, "config", space->bytes, space->size);
}

/* The 64 KiB block with the 4 KiB of CXL.cachemem at +0x1000. */
static void write_block(struct tree *tree, const char *address, const struct block *block)
{
	static uint8_t bar[0x10000];

	memcpy(bar + 0x1000, block->words, sizeof(block->words));
	write_file(tree, address, "resource0", bar, sizeof(bar));
}

static void write_function(struct tree *tree, const char *address, const struct space *space,
			   const char *class)
{
	struct block block = good_block();

	write_space(tree, address, space);
	write_text(tree, address, "class", class);
	write_text(tree, address, "resource", MEMORY_BAR NO_BAR);
	write_block(tree, address, &block);
}

static int make_functions(void **state)
{
	struct space port = good_port(), device = good_device();

	tree_setup(state);
	chmod(((struct tree *)*state)->root, 0755); /* for a child without privilege */
	tree_directory(*state, "/sys/bus/pci/devices");
	write_function(*state, PORT, &port, "0x060400\n");
	write_function(*state, DEVICE, &device, "0x050210\n");
	return 0;
}

static const char *path_of(struct tree *tree, const char *address, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/%s", tree->root, address, name);
	return path;
}

static void test_config(void **state)
{
	struct tree *tree = *state;
	cleanup_config struct config *config = NULL;
	uint32_t value;
	uint16_t half;

	assert_int_equal(config_open(&tree->sys, &config, PORT, NULL), 0);
	assert_string_equal(config_address(config), PORT);
	assert_int_equal(config_image(config)->size, CONFIG_SIZE);
	assert_true(config_is_root_port(config));
	assert_int_equal(config_read32(config, 0, &value, NULL), 0);
	assert_int_equal(value, 0x70758086);
	assert_int_equal(config_write32(config, 0xffc, 0x89abcdef, NULL), 0);
	assert_int_equal(config_read32(config, 0xffc, &value, NULL), 0);
	assert_int_equal(value, 0x89abcdef);
	assert_int_equal(config_write16(config, 0xffe, 0xffff, NULL), 0);
	assert_int_equal(config_read16(config, 0xffe, &half, NULL), 0);
	assert_int_equal(half, 0xffff);
	assert_int_equal(image_read32(config_image(config), 0xffc), 0);
	assert_int_equal(config_reload(config, NULL), 0);
	assert_int_equal(image_read32(config_image(config), 0xffc), 0xffffcdef);
	assert_int_equal(config_read32(config, 2, &value, NULL), -EINVAL);
	assert_int_equal(config_write16(config, 0x1000, 0, NULL), -EINVAL);
}

static void test_config_types(void **state)
{
	struct tree *tree = *state;
	struct space space = good_port();

	/* endpoint, root port, upstream and downstream port of a switch */
	for (unsigned int type = 0; type < 16; type++) {
		cleanup_config struct config *config = NULL;

		put16(&space, PCIE + 2, 2 | type << 4);
		write_space(tree, PORT, &space);
		assert_int_equal(config_open(&tree->sys, &config, PORT, NULL), 0);
		assert_int_equal(config_is_root_port(config), type == 4);
	}
}

static void assert_no_config(struct tree *tree, const char *address, int code, const char *text)
{
	cleanup_config struct config *config = NULL;
	struct error err = {0};

	assert_error(address, config_open(&tree->sys, &config, address, &err), code, &err, text);
	assert_null(config);
}

static void test_config_addresses(void **state)
{
	static const char *const wrong[] = {"",
					    "0c:00.0",
					    "0000:0c:00",
					    "0000:0C:00.0",
					    "0000:0c:00.8",
					    "0000:0c:20.0",
					    "0000:0c:00.0 ",
					    "0000:0c:00.0/",
					    " 0000:0c:00.0",
					    "0000:c:00.0",
					    "000:0c:00.0",
					    "../0000:0c:00.0",
					    "00000:0c:00.0",
					    "-001:0c:00.0",
					    "0000:0c:00.00"};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_no_config(*state, wrong[i], -EINVAL,
				 "is not a PCI address such as 0000:0c:00.0");
	assert_no_config(*state, "0000:0c:00.1", -ENODEV, "there is no PCI function 0000:0c:00.1");
	assert_no_config(*state, "10000:0c:1f.7", -ENODEV, "no PCI function 10000:0c:1f.7");
}

static void test_config_broken(void **state)
{
	struct tree *tree = *state;
	struct space space = good_port();

	space.size = 63;
	write_space(tree, PORT, &space);
	assert_no_config(tree, PORT, -EIO, "config space of " PORT " is cut short");
	space.size = CONFIG_SIZE;
	memset(space.bytes, 0xff, sizeof(space.bytes));
	write_space(tree, PORT, &space);
	assert_no_config(tree, PORT, -ENODEV, PORT " does not answer: its config space reads all");
	unlink(path_of(tree, PORT, "config"));
	mkdir(path_of(tree, PORT, "config"), 0755);
	assert_no_config(tree, PORT, -EISDIR, "cannot read config space of " PORT ": Is a dir");
}

/* libpci's default handler would end the program here. */
static void test_config_path_too_long(void **state)
{
	cleanup_config struct config *config = NULL;
	struct error err = {0};
	char root[1200];
	struct sys sys = {root};

	(void)state;
	memset(root, '/', sizeof(root) - 1);
	root[sizeof(root) - 1] = '\0';
	assert_error("long", config_open(&sys, &config, PORT, &err), -EIO, &err,
		     "cannot read config space of " PORT);
}

static void test_config_goes(void **state)
{
	struct tree *tree = *state;
	cleanup_config struct config *config = NULL;
	struct space space = {.size = CONFIG_SIZE};
	struct error err = {0};
	uint16_t half;
	uint32_t value;

	assert_int_equal(config_open(&tree->sys, &config, PORT, NULL), 0);
	memset(space.bytes, 0xff, sizeof(space.bytes));
	write_space(tree, PORT, &space);
	assert_error("gone", config_read32(config, 0x100, &value, &err), -ENODEV, &err,
		     PORT " does not answer");
	assert_int_equal(config_read16(config, 0x100, &half, NULL), -ENODEV);
	assert_int_equal(config_reload(config, NULL), -ENODEV);
}

static void test_config_as_user(void **state)
{
	struct tree *tree = *state;
	cleanup_config struct config *config = NULL;
	struct space space = good_port();
	struct error err = {0};
	uint16_t offset, length, half;
	bool was;

	space.size = 64;
	write_space(tree, PORT, &space);
	assert_int_equal(config_open(&tree->sys, &config, PORT, NULL), 0);
	assert_int_equal(config_read16(config, 0, &half, NULL), 0);
	assert_int_equal(config_read16(config, 0x40, &half, NULL), -EACCES);
	assert_int_equal(config_write16(config, 0x40, 0, NULL), -EACCES);
	assert_false(config_is_root_port(config));
	assert_int_equal(port_sbr_unmask(config, true, &was, NULL), -EACCES);
	assert_error("user", config_find_dvsec(config, CXL_VENDOR, 3, &offset, &length, &err),
		     -EACCES, &err, "needs root");
	assert_non_null(strstr(err.hint, "root"));
}

static void test_sbr(void **state)
{
	struct tree *tree = *state;
	cleanup_config struct config *config = NULL, *device = NULL;
	struct error err = {0};
	uint16_t control;
	bool was = true;

	assert_int_equal(config_open(&tree->sys, &config, PORT, NULL), 0);
	assert_int_equal(config_write16(config, DVSEC_3 + 0x0c, 0x0006, NULL), 0);
	assert_int_equal(port_sbr_unmask(config, true, &was, NULL), 0);
	assert_false(was);
	assert_int_equal(config_read16(config, DVSEC_3 + 0x0c, &control, NULL), 0);
	assert_int_equal(control, 0x0007);
	assert_int_equal(port_sbr_unmask(config, true, &was, NULL), 0);
	assert_true(was);
	assert_int_equal(port_sbr_unmask(config, false, NULL, NULL), 0);
	assert_int_equal(config_read16(config, DVSEC_3 + 0x0c, &control, NULL), 0);
	assert_int_equal(control, 0x0006);
	assert_int_equal(config_open(&tree->sys, &device, DEVICE, NULL), 0);
	assert_error("device", port_sbr_unmask(device, true, &was, &err), -ENOENT, &err,
		     DEVICE " has no CXL DVSEC 3");
}

static void test_mem_enabled(void **state)
{
	struct tree *tree = *state;
	cleanup_config struct config *port = NULL, *device = NULL, *again = NULL;
	struct space space = good_device();
	struct error err = {0};
	bool enabled = false;

	assert_int_equal(config_open(&tree->sys, &device, DEVICE, NULL), 0);
	assert_int_equal(device_mem_enabled(device, &enabled, NULL), 0);
	assert_true(enabled);
	assert_int_equal(config_write16(device, DVSEC_0 + 0x0c, 0xfffb, NULL), 0);
	assert_int_equal(device_mem_enabled(device, &enabled, NULL), 0);
	assert_false(enabled);
	assert_int_equal(config_open(&tree->sys, &port, PORT, NULL), 0);
	assert_int_equal(device_mem_enabled(port, &enabled, NULL), -ENOENT);
	put_dvsec(&space, DVSEC_0, CXL_DVSEC_DEVICE, 0x0c, 0);
	write_space(tree, DEVICE, &space);
	assert_int_equal(config_open(&tree->sys, &again, DEVICE, NULL), 0);
	assert_error("short", device_mem_enabled(again, &enabled, &err), -EBADMSG, &err,
		     "DVSEC 0 at 0x1b0 of " DEVICE " is cut short: length 0x00c");
}

static void test_link_changed(void **state)
{
	struct tree *tree = *state;
	cleanup_config struct config *config = NULL, *device = NULL;
	bool changed = true;

	assert_int_equal(config_open(&tree->sys, &config, PORT, NULL), 0);
	assert_int_equal(port_link_changed(config, &changed, NULL), 0);
	assert_false(changed);
	/* A file keeps what real Slot Status would clear. */
	assert_int_equal(port_link_changed_clear(config, NULL), 0);
	assert_int_equal(port_link_changed(config, &changed, NULL), 0);
	assert_true(changed);
	assert_int_equal(config_write32(config, PCIE + 0x0c, 0, NULL), 0);
	assert_int_equal(config_reload(config, NULL), 0);
	assert_int_equal(port_link_changed(config, &changed, NULL), -ENOENT);
	assert_int_equal(config_open(&tree->sys, &device, DEVICE, NULL), 0);
	assert_int_equal(port_link_changed_clear(device, NULL), -ENOENT);
}

static void test_component(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};
	struct hdm hdm;
	unsigned int decoder;

	for (unsigned int writable = 0; writable < 2; writable++) {
		cleanup_component struct component *c = NULL;

		assert_int_equal(component_open(&tree->sys, &c, PORT, writable, &err), 0);
		assert_int_equal(hdm_read(c, &hdm, &err), 0);
		assert_int_equal(hdm.decoders[0].base, 0x490000000);
		if (!writable)
			continue;
		assert_int_equal(hdm_mark(c, &decoder, &err), 0);
		assert_marked(c, true);
	}
	assert_string_equal(err.text, "");
}

static void assert_no_component(struct tree *tree, int code, const char *text)
{
	cleanup_component struct component *c = NULL;
	struct error err = {0};

	assert_error(text, component_open(&tree->sys, &c, PORT, true, &err), code, &err, text);
	assert_null(c);
}

static void test_component_absent(void **state)
{
	struct tree *tree = *state;
	struct space space = good_port();

	put16(&space, 0x04, 0x0500);
	write_space(tree, PORT, &space);
	assert_no_component(tree, -ENODEV, "memory space of " PORT " is disabled");
	put_entry(&space, 0, 0, 0, 0);
	write_space(tree, PORT, &space);
	assert_no_component(tree, -ENOENT, PORT " has no CXL component registers");
	space.size = 64;
	write_space(tree, PORT, &space);
	assert_no_component(tree, -EACCES, "needs root");
}

static void test_component_bar(void **state)
{
	struct tree *tree = *state;
	struct space space = good_port();

	write_text(tree, PORT, "resource", NO_BAR MEMORY_BAR);
	assert_no_component(tree, -EBADMSG, "BAR 0 of " PORT " holds the registers but is no mem");
	write_text(tree, PORT, "resource", "0xfe800000 0xfe807fff 0x40200\n");
	assert_no_component(tree, -EBADMSG,
			    "block at 0x0 reaches beyond BAR 0 of " PORT ", 0x8000 bytes");
	put_entry(&space, 0, 0, CXL_BLOCK_COMPONENT, 0x10000);
	write_space(tree, PORT, &space);
	write_text(tree, PORT, "resource", MEMORY_BAR);
	assert_no_component(tree, -EBADMSG, "block at 0x10000 reaches beyond");
	put_entry(&space, 0, 0, CXL_BLOCK_COMPONENT, 0xffffffffffff0000);
	write_space(tree, PORT, &space);
	assert_no_component(tree, -EBADMSG, "block at 0xffffffffffff0000 reaches beyond");
	unlink(path_of(tree, PORT, "resource"));
	assert_no_component(tree, -ENOENT, "cannot read the BARs of " PORT);
}

static void test_component_needs_root(void **state)
{
	struct tree *tree = *state;
	uid_t me = geteuid();

	chmod(path_of(tree, PORT, "resource0"), me ? 0 : 0600);
	if (!me)
		assert_int_equal(seteuid(65534), 0);
	assert_no_component(tree, -EACCES, "mapping the registers of " PORT " needs root");
	assert_int_equal(seteuid(me), 0);
	unlink(path_of(tree, PORT, "resource0"));
	assert_no_component(tree, -ENOENT, "sysfs offers no BAR 0 of " PORT);
}

/* A sealed file answers a writable mapping as lockdown does. */
static void test_component_lockdown(void **state)
{
	struct tree *tree = *state;
	cleanup_fd int fd = memfd_create("bar", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char target[64];

	assert_int_equal(ftruncate(fd, 0x10000), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	unlink(path_of(tree, PORT, "resource0"));
	snprintf(target, sizeof(target), "/proc/self/fd/%d", fd);
	assert_int_equal(symlink(target, path_of(tree, PORT, "resource0")), 0);
	assert_no_component(tree, -EPERM, "kernel lockdown forbids mapping the registers of " PORT);
}

static void test_component_bus_error(void **state)
{
	struct tree *tree = *state;
	cleanup_component struct component *c = NULL;
	struct sigaction before, after;
	struct error err = {0};
	uint32_t value;

	assert_int_equal(component_open(&tree->sys, &c, PORT, true, NULL), 0);
	assert_int_equal(truncate(path_of(tree, PORT, "resource0"), 0), 0);
	sigaction(SIGBUS, NULL, &before);
	for (unsigned int i = 0; i < 2; i++) {
		memset(&err, 0, sizeof(err));
		assert_error("read", component_read32(c, 0, &value, &err), -EIO, &err,
			     "component registers of " PORT " are not accessible: Input/output");
		assert_int_equal(component_write32(c, 0, 0, NULL), -EIO);
	}
	sigaction(SIGBUS, NULL, &after);
	assert_true(before.sa_handler == after.sa_handler);
}

static void test_bar_size(void **state)
{
	(void)state;
	assert_int_equal(mmio_bar_size(MEMORY_BAR, 0), 0x10000);
	assert_int_equal(mmio_bar_size(NO_BAR MEMORY_BAR, 1), 0x10000);
	assert_int_equal(mmio_bar_size(MEMORY_BAR, 1), 0);
	assert_int_equal(mmio_bar_size(MEMORY_BAR, 7), 0);
	assert_int_equal(mmio_bar_size("", 0), 0);
	assert_int_equal(mmio_bar_size("garbage\n" MEMORY_BAR, 0), 0);
	assert_int_equal(mmio_bar_size("0x1000 0x101f 0x40101\n", 0), 0);
	assert_int_equal(mmio_bar_size("0x0 0xffff 0x20040200\n", 0), 0);
	assert_int_equal(mmio_bar_size("0xffff 0x0 0x40200\n", 0), 0);
	assert_int_equal(mmio_bar_size("0x0 0xffffffffffffffff 0x40200\n", 0), 0);
}

/* ---- the scan ---- */

struct found {
	char text[256];
	int answer;
};

static int note(void *context, const char *address)
{
	struct found *found = context;

	strcat(strcat(found->text, address), " ");
	return found->answer;
}

static void test_scan(void **state)
{
	struct tree *tree = *state;
	struct space port = good_port(), other = good_port();
	struct found found = {0};

	write_function(tree, "10000:00:01.0", &port, "0x060400\n");
	write_function(tree, "0000:00:1c.4", &port, "0x060400\n");
	/* an ordinary root port, a switch's port, a host bridge, a vanished one, a broken one */
	put_extended(&other, AER, 1, 0);
	write_function(tree, "0000:00:02.0", &other, "0x060400\n");
	other = good_port();
	put16(&other, PCIE + 2, 0x0162);
	write_function(tree, "0000:00:03.0", &other, "0x060400\n");
	write_function(tree, "0000:00:00.0", &port, "0x060000\n");
	memset(other.bytes, 0xff, sizeof(other.bytes));
	write_function(tree, "0000:00:04.0", &other, "0x060400\n");
	other = good_port();
	put_extended(&other, DVSEC_3, 0x23, 0x010);
	write_function(tree, "0000:00:05.0", &other, "0x060400\n");
	write_text(tree, "junk", "class", "0x060400\n");
	assert_int_equal(ports_scan(&tree->sys, note, &found, NULL), 0);
	assert_string_equal(found.text, "0000:00:05.0 0000:00:1c.4 0000:0c:00.0 10000:00:01.0 ");
	found = (struct found){.answer = -7};
	assert_int_equal(ports_scan(&tree->sys, note, &found, NULL), -7);
	assert_string_equal(found.text, "0000:00:05.0 ");
}

static void test_scan_as_user(void **state)
{
	struct tree *tree = *state;
	struct space space = good_port();
	struct found found = {0};
	struct error err = {0};

	space.size = 64;
	write_space(tree, PORT, &space);
	assert_error("user", ports_scan(&tree->sys, note, &found, &err), -EACCES, &err,
		     "reading the capabilities of " PORT " needs root");
	assert_string_equal(found.text, "");
}

static void test_scan_without_pci(void **state)
{
	struct sys sys = {"/nonexistent"};
	struct found found = {0};

	(void)state;
	assert_int_equal(ports_scan(&sys, note, &found, NULL), 0);
	assert_string_equal(found.text, "");
}

#define ON_FUNCTIONS(test) cmocka_unit_test_setup_teardown(test, make_functions, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_port),
		cmocka_unit_test(test_good_device),
		cmocka_unit_test(test_absent_is_silent),
		cmocka_unit_test(test_image_ends),
		cmocka_unit_test(test_broken_spaces),
		cmocka_unit_test(test_broken_capabilities),
		cmocka_unit_test(test_broken_port_is_still_one),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_last_of_many),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_hdm),
		cmocka_unit_test(test_hdm_counts),
		cmocka_unit_test(test_hdm_interleave),
		cmocka_unit_test(test_broken_blocks),
		cmocka_unit_test(test_newer_version),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_mark_free_only),
		cmocka_unit_test(test_mark_not_kept),
		ON_FUNCTIONS(test_config),
		ON_FUNCTIONS(test_config_types),
		ON_FUNCTIONS(test_config_addresses),
		ON_FUNCTIONS(test_config_broken),
		ON_FUNCTIONS(test_config_goes),
		ON_FUNCTIONS(test_config_as_user),
		cmocka_unit_test(test_config_path_too_long),
		ON_FUNCTIONS(test_sbr),
		ON_FUNCTIONS(test_mem_enabled),
		ON_FUNCTIONS(test_link_changed),
		ON_FUNCTIONS(test_component),
		ON_FUNCTIONS(test_component_absent),
		ON_FUNCTIONS(test_component_bar),
		ON_FUNCTIONS(test_component_needs_root),
		ON_FUNCTIONS(test_component_lockdown),
		ON_FUNCTIONS(test_component_bus_error),
		cmocka_unit_test(test_bar_size),
		ON_FUNCTIONS(test_scan),
		ON_FUNCTIONS(test_scan_as_user),
		cmocka_unit_test(test_scan_without_pci),
	};

	return cmocka_run_group_tests_name("regs", tests, NULL, NULL);
}
