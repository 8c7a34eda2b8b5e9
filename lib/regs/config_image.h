/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is found where in the config space of a PCI function, given its bytes.
 *
 * Pure functions: no machine, no state. The bytes come from hardware and are not trusted; whatever
 * a pointer or length in them says, nothing outside @bytes is read.
 */
#ifndef REGS_CONFIG_IMAGE_H
#define REGS_CONFIG_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/error.h"

#define CONFIG_SIZE 4096 /* PCIe 6.0 7.2.2: config space of a PCIe function */

struct config_image {
	const char *name;     /* for messages: "0000:0c:00.0" */
	const uint8_t *bytes; /* little endian, as on the bus */
	size_t size;	      /* 4096; 256 without extended space; 64 if that is all one may read */
};

#define CXL_VENDOR 0x1e98

/* CXL 3.1 table 8-2: the ids of CXL's DVSECs. */
enum cxl_dvsec {
	CXL_DVSEC_DEVICE = 0,
	CXL_DVSEC_PORT = 3,
	CXL_DVSEC_FLEX_BUS = 7,
	CXL_DVSEC_LOCATOR = 8,
};

/* CXL 3.1 8.1.9.1: what a Register Locator entry points to. */
enum cxl_block {
	CXL_BLOCK_COMPONENT = 1,
	CXL_BLOCK_DEVICE = 3,
};

#define PCI_CAPABILITY_PCIE 0x10

/* A block of registers behind a BAR. */
struct register_block {
	unsigned int bar; /* 0-5; a bridge has 0-1 */
	uint64_t offset;  /* into the BAR, in bytes; a multiple of 64 KiB */
};

/* Values at @offset; all ones if any of it lies outside the image. */
uint16_t image_read16(const struct config_image *image, size_t offset);
uint32_t image_read32(const struct config_image *image, size_t offset);

/* Header type 1: a bridge, so also every root, upstream and downstream port. */
bool image_is_bridge(const struct config_image *image);

/*
 * The offset of the capability @id below 0x100.
 * 0; -ENOENT without a text if there is none; -EACCES if the image ends before it could be seen;
 * -EBADMSG if the chain is broken.
 */
int image_find_capability(const struct config_image *image, uint8_t id, uint8_t *offset,
			  struct error *err);

/*
 * The offset and length in bytes, both from the start of the extended capability, of one
 * Designated Vendor-Specific Extended Capability (PCIe 6.0 7.9.6).
 * 0; -ENOENT without a text if there is none; -EACCES if the image ends before it could be seen;
 * -EBADMSG if the chain is broken, or the DVSEC reaches beyond config space or is there twice.
 */
int image_find_dvsec(const struct config_image *image, uint16_t vendor, uint16_t id,
		     uint16_t *offset, uint16_t *length, struct error *err);

/*
 * What the Device Serial Number capability says (PCIe 6.0 7.9.3).
 * 0; -ENOENT without a text if there is none, or not one that may be seen; -EACCES, -EBADMSG as above.
 */
int image_serial(const struct config_image *image, uint64_t *serial, struct error *err);

/*
 * Whether any DVSEC says CXL port: extensions for ports, flex bus or register locator. A chain
 * that breaks behind one of them does not hide the port; whoever needs more of it gets the error.
 */
bool image_is_cxl_port(const struct config_image *image);

/*
 * The entry of the CXL Register Locator (CXL 3.1 8.1.9) for @block.
 * 0; -ENOENT without a text if there is no locator or no such entry; -EACCES as above; -EBADMSG if
 * the locator is broken, has two such entries or names a BAR that the function cannot have.
 */
int image_find_block(const struct config_image *image, enum cxl_block block,
		     struct register_block *out, struct error *err);

#endif
