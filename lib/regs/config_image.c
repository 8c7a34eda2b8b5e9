/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "regs/config_image.h"

#include <errno.h>

/* PCIe 6.0 7.5.1: the header. */
#define STATUS		    0x06
#define STATUS_CAPABILITIES (1u << 4)
#define HEADER_TYPE	    0x0e
#define CAPABILITIES	    0x34
#define LEGACY_SIZE	    0x100

/* Each capability below 0x100 takes at least a dword of the 192 bytes behind the header. */
#define MAX_CAPABILITIES ((LEGACY_SIZE - 0x40) / 4)
#define MAX_EXTENDED	 ((CONFIG_SIZE - LEGACY_SIZE) / 4)

/* PCIe 6.0 7.9.6: Designated Vendor-Specific Extended Capability. */
#define EXT_SERIAL	 0x0003 /* PCIe 6.0 7.9.3: Device Serial Number */
#define EXT_DVSEC	 0x0023
#define DVSEC_HEADER1	 0x04 /* [15:0] vendor, [31:20] length */
#define DVSEC_HEADER2	 0x08 /* [15:0] id */
#define DVSEC_MIN_LENGTH 0x0a

/* CXL 3.1 8.1.9: Register Locator DVSEC. */
#define LOCATOR_ENTRIES	   0x0c
#define LOCATOR_ENTRY_SIZE 8

uint16_t image_read16(const struct config_image *image, size_t offset)
{
	if (offset > image->size || image->size - offset < 2)
		return UINT16_MAX;
	return (uint16_t)(image->bytes[offset] | image->bytes[offset + 1] << 8);
}

uint32_t image_read32(const struct config_image *image, size_t offset)
{
	if (offset > image->size || image->size - offset < 4)
		return UINT32_MAX;
	return image_read16(image, offset) | (uint32_t)image_read16(image, offset + 2) << 16;
}

bool image_is_bridge(const struct config_image *image)
{
	/* Bit 7 says that there are other functions. */
	return image->size > HEADER_TYPE && (image->bytes[HEADER_TYPE] & 0x7f) == 1;
}

/* An ordinary user may read the header only; the kernel cuts the file off there. */
static int need_legacy(const struct config_image *image, struct error *err)
{
	if (image->size >= LEGACY_SIZE)
		return 0;
	hint(err, "run it as root (CAP_SYS_ADMIN in the first user namespace)");
	return fail(err, -EACCES, "reading the capabilities of %s needs root", image->name);
}

static int check_pointer(const struct config_image *image, unsigned int pointer, struct error *err)
{
	if (pointer >= 0x40)
		return 0;
	return fail(err, -EBADMSG, "capability pointer 0x%02x of %s points into the header",
		    pointer, image->name);
}

int image_find_capability(const struct config_image *image, uint8_t id, uint8_t *offset,
			  struct error *err)
{
	unsigned int pointer;
	int rc = need_legacy(image, err);

	if (rc)
		return rc;
	if (!(image_read16(image, STATUS) & STATUS_CAPABILITIES))
		return -ENOENT;
	/* The low two bits are reserved and to be masked: PCIe 6.0 7.5.1.1.11. */
	pointer = image->bytes[CAPABILITIES] & 0xfcu;
	for (unsigned int i = 0; pointer; i++) {
		if (i == MAX_CAPABILITIES)
			return fail(err, -EBADMSG, "the capabilities of %s form a loop",
				    image->name);
		rc = check_pointer(image, pointer, err);
		if (rc)
			return rc;
		if (image->bytes[pointer] == id) {
			*offset = (uint8_t)pointer;
			return 0;
		}
		pointer = image->bytes[pointer + 1] & 0xfcu;
	}
	return -ENOENT;
}

/* Walks the extended capabilities; start with a zeroed one and the image set. */
struct walk {
	const struct config_image *image;
	uint16_t offset; /* of the present one */
	uint16_t id;
	uint16_t next;
	unsigned int steps;
};

static int check_extended_pointer(const struct walk *walk, struct error *err)
{
	const struct config_image *image = walk->image;

	if (walk->next < LEGACY_SIZE || walk->next + 4u > image->size)
		return fail(err, -EBADMSG,
			    "extended capability 0x%04x at 0x%03x of %s points to 0x%03x, "
			    "outside extended config space",
			    walk->id, walk->offset, image->name, walk->next);
	if (walk->steps >= MAX_EXTENDED)
		return fail(err, -EBADMSG, "the extended capabilities of %s form a loop",
			    image->name);
	return 0;
}

/* 0 and the next capability in @walk, -ENOENT at the end, -EBADMSG. */
static int walk_next(struct walk *walk, struct error *err)
{
	uint32_t header;
	int rc;

	if (!walk->steps)
		walk->next = LEGACY_SIZE;
	if (!walk->next)
		return -ENOENT;
	rc = check_extended_pointer(walk, err);
	if (rc)
		return rc;
	header = image_read32(walk->image, walk->next);
	/* No extended capabilities at all: PCIe 6.0 7.6.2. */
	if (!header && !walk->steps)
		return -ENOENT;
	if (header == UINT32_MAX)
		return fail(err, -EBADMSG, "extended capability at 0x%03x of %s reads all ones",
			    walk->next, walk->image->name);
	walk->offset = walk->next;
	walk->id = header & 0xffff;
	/* The low two bits are reserved and to be masked: PCIe 6.0 7.6.3. */
	walk->next = (header >> 20) & 0xffc;
	walk->steps++;
	return 0;
}

static bool is_dvsec(const struct walk *walk, uint16_t vendor, uint16_t id)
{
	const struct config_image *image = walk->image;

	return walk->id == EXT_DVSEC &&
	       image_read16(image, walk->offset + DVSEC_HEADER1) == vendor &&
	       image_read16(image, walk->offset + DVSEC_HEADER2) == id;
}

static int check_dvsec(const struct config_image *image, uint16_t id, uint16_t offset,
		       uint16_t length, struct error *err)
{
	if (length < DVSEC_MIN_LENGTH)
		return fail(err, -EBADMSG, "DVSEC %u at 0x%03x of %s is cut short: length 0x%03x",
			    id, offset, image->name, length);
	if ((size_t)offset + length > image->size)
		return fail(err, -EBADMSG,
			    "DVSEC %u at 0x%03x of %s reaches beyond config space: length 0x%03x",
			    id, offset, image->name, length);
	return 0;
}

static bool has_extended_space(const struct config_image *image)
{
	return image->size > LEGACY_SIZE;
}

int image_serial(const struct config_image *image, uint64_t *serial, struct error *err)
{
	struct walk walk = {.image = image};
	int rc = need_legacy(image, err);

	if (rc)
		return rc;
	if (!has_extended_space(image))
		return -ENOENT;
	while (!(rc = walk_next(&walk, err)))
		if (walk.id == EXT_SERIAL)
			break;
	if (!rc && walk.offset + 12u > image->size)
		return fail(err, -EBADMSG, "the serial number of %s reaches beyond config space",
			    image->name);
	if (!rc)
		*serial = image_read32(image, walk.offset + 4u) |
			  (uint64_t)image_read32(image, walk.offset + 8u) << 32;
	return rc;
}

int image_find_dvsec(const struct config_image *image, uint16_t vendor, uint16_t id,
		     uint16_t *offset, uint16_t *length, struct error *err)
{
	struct walk walk = {.image = image};
	uint16_t found = 0;
	int rc = need_legacy(image, err);

	if (rc)
		return rc;
	if (!has_extended_space(image))
		return -ENOENT;
	while (!(rc = walk_next(&walk, err))) {
		if (!is_dvsec(&walk, vendor, id))
			continue;
		if (found)
			return fail(err, -EBADMSG,
				    "DVSEC %u of %s is there twice: 0x%03x and 0x%03x", id,
				    image->name, found, walk.offset);
		found = walk.offset;
	}
	if (rc != -ENOENT || !found)
		return rc;
	*offset = found;
	*length = (uint16_t)(image_read32(image, found + DVSEC_HEADER1) >> 20);
	return check_dvsec(image, id, *offset, *length, err);
}

bool image_is_cxl_port(const struct config_image *image)
{
	struct walk walk = {.image = image};

	if (!has_extended_space(image))
		return false;
	while (!walk_next(&walk, NULL)) {
		if (is_dvsec(&walk, CXL_VENDOR, CXL_DVSEC_PORT) ||
		    is_dvsec(&walk, CXL_VENDOR, CXL_DVSEC_FLEX_BUS) ||
		    is_dvsec(&walk, CXL_VENDOR, CXL_DVSEC_LOCATOR))
			return true;
	}
	return false;
}

/* The locator's entries: where they start, and how many. */
static int find_entries(const struct config_image *image, size_t *first, unsigned int *count,
			struct error *err)
{
	uint16_t offset, length;
	int rc = image_find_dvsec(image, CXL_VENDOR, CXL_DVSEC_LOCATOR, &offset, &length, err);

	if (rc)
		return rc;
	if (length < LOCATOR_ENTRIES || (length - LOCATOR_ENTRIES) % LOCATOR_ENTRY_SIZE)
		return fail(err, -EBADMSG,
			    "the CXL Register Locator of %s is cut short: length 0x%03x",
			    image->name, length);
	*first = (size_t)offset + LOCATOR_ENTRIES;
	*count = (length - LOCATOR_ENTRIES) / LOCATOR_ENTRY_SIZE;
	return 0;
}

static int check_bar(const struct config_image *image, unsigned int bar, struct error *err)
{
	if (bar < (image_is_bridge(image) ? 2 : 6))
		return 0;
	return fail(err, -EBADMSG, "the CXL Register Locator of %s names BAR %u, which cannot be",
		    image->name, bar);
}

int image_find_block(const struct config_image *image, enum cxl_block block,
		     struct register_block *out, struct error *err)
{
	unsigned int count = 0;
	bool found = false;
	size_t entry = 0;
	int rc = find_entries(image, &entry, &count, err);

	if (rc)
		return rc;
	for (; count; count--, entry += LOCATOR_ENTRY_SIZE) {
		uint32_t low = image_read32(image, entry);

		if (((low >> 8) & 0xff) != block)
			continue;
		if (found)
			return fail(err, -EBADMSG,
				    "the CXL Register Locator of %s has two entries for block %u",
				    image->name, block);
		found = true;
		out->bar = low & 7;
		out->offset = (low & 0xffff0000) | (uint64_t)image_read32(image, entry + 4) << 32;
	}
	return found ? check_bar(image, out->bar, err) : -ENOENT;
}
