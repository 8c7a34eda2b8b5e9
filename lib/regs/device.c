/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "regs/device.h"

#include <errno.h>

/* CXL 3.1 8.1.3.2: DVSEC CXL Control. */
#define DEVICE_CONTROL		  0x0c
#define DEVICE_CONTROL_MEM_ENABLE (1u << 2)

/* CXL 3.1 8.1.5.2: Port Control Extensions. */
#define PORT_CONTROL		0x0c
#define PORT_CONTROL_UNMASK_SBR (1u << 0)

/* PCIe 6.0 7.5.3: PCI Express Capability Structure. */
#define PCIE_FLAGS		 0x02
#define PCIE_FLAGS_SLOT		 (1u << 8)
#define LINK_CAPABILITIES	 0x0c
#define LINK_CAPABILITIES_ACTIVE (1u << 20)
#define SLOT_STATUS		 0x1a
#define SLOT_STATUS_LINK_CHANGED (1u << 8)

/* The offset in config space of the 16-bit register at @reg of CXL's DVSEC @id. */
static int find_register(const struct config *config, enum cxl_dvsec id, uint16_t reg,
			 uint16_t *offset, struct error *err)
{
	uint16_t length;
	int rc = config_find_dvsec(config, CXL_VENDOR, id, offset, &length, err);

	if (rc == -ENOENT)
		return fail(err, rc, "%s has no CXL DVSEC %u", config_address(config), id);
	if (rc)
		return rc;
	if (length < reg + 2)
		return fail(err, -EBADMSG, "DVSEC %u at 0x%03x of %s is cut short: length 0x%03x",
			    id, *offset, config_address(config), length);
	*offset = (uint16_t)(*offset + reg);
	return 0;
}

int device_mem_enabled(const struct config *config, bool *enabled, struct error *err)
{
	uint16_t offset, control;
	int rc = find_register(config, CXL_DVSEC_DEVICE, DEVICE_CONTROL, &offset, err);

	if (!rc)
		rc = config_read16(config, offset, &control, err);
	if (rc)
		return rc;
	*enabled = control & DEVICE_CONTROL_MEM_ENABLE;
	return 0;
}

/* Write, and see that it stayed. */
static int write_kept(struct config *config, uint16_t offset, uint16_t value, struct error *err)
{
	uint16_t after;
	int rc = config_write16(config, offset, value, err);

	if (!rc)
		rc = config_read16(config, offset, &after, err);
	if (rc)
		return rc;
	if (after == value)
		return 0;
	return fail(err, -EIO, "%s does not keep 0x%04x at 0x%03x of its config space: 0x%04x",
		    config_address(config), value, offset, after);
}

int port_sbr_unmask(struct config *config, bool unmask, bool *was, struct error *err)
{
	uint16_t offset, control;
	bool before;
	int rc = find_register(config, CXL_DVSEC_PORT, PORT_CONTROL, &offset, err);

	if (!rc)
		rc = config_read16(config, offset, &control, err);
	if (rc)
		return rc;
	before = control & PORT_CONTROL_UNMASK_SBR;
	if (was)
		*was = before;
	if (before == unmask)
		return 0;
	return write_kept(config, offset, control ^ PORT_CONTROL_UNMASK_SBR, err);
}

static int find_slot_status(const struct config *config, uint16_t *offset, struct error *err)
{
	const struct config_image *image = config_image(config);
	uint8_t pcie;
	int rc = config_find_capability(config, PCI_CAPABILITY_PCIE, &pcie, err);

	if (rc)
		return rc;
	/* Behind the end of the image these read as all ones, and so does the register then. */
	if (!(image_read16(image, pcie + PCIE_FLAGS) & PCIE_FLAGS_SLOT) ||
	    !(image_read32(image, pcie + LINK_CAPABILITIES) & LINK_CAPABILITIES_ACTIVE))
		return -ENOENT;
	*offset = (uint16_t)(pcie + SLOT_STATUS);
	return 0;
}

int port_link_changed_clear(struct config *config, struct error *err)
{
	uint16_t offset;
	int rc = find_slot_status(config, &offset, err);

	/* Every event bit of Slot Status is RW1C: a zero leaves the others alone. */
	return rc ? rc : config_write16(config, offset, SLOT_STATUS_LINK_CHANGED, err);
}

int port_link_changed(const struct config *config, bool *changed, struct error *err)
{
	uint16_t offset, status;
	int rc = find_slot_status(config, &offset, err);

	if (!rc)
		rc = config_read16(config, offset, &status, err);
	if (rc)
		return rc;
	*changed = status & SLOT_STATUS_LINK_CHANGED;
	return 0;
}
