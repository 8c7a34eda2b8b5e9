/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config space of one PCI function, through libpci on sysfs.
 *
 * The whole of it is read once, at config_open(), and searched there; config_read*() go to the
 * function each time. A handle does not outlive its function: after a removal and rescan open it
 * again. Not for use by several threads at once (libpci's error callbacks carry no context).
 */
#ifndef REGS_CONFIG_H
#define REGS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "regs/config_image.h"
#include "sys/error.h"
#include "sys/sys.h"

struct config;

/*
 * @address as in sysfs: "0000:0c:00.0". 0 and a handle in @out; -EINVAL if that is no address;
 * -ENODEV if there is no such function or it reads all ones; else what reading the file said.
 */
int config_open(const struct sys *sys, struct config **out, const char *address, struct error *err);
void config_close(struct config **config);
#define cleanup_config __attribute__((cleanup(config_close)))

/* Read the whole again. -ENODEV if the function is gone. */
int config_reload(struct config *config, struct error *err);

const char *config_address(const struct config *config);
/* The bytes as of the last config_open() or config_reload(). */
const struct config_image *config_image(const struct config *config);

/*
 * One access to the function itself. @offset is a multiple of the width, below 4096 (-EINVAL).
 * -ENODEV if the function is gone: all ones here and in its vendor id. -EACCES if one may read
 * the header only. Writes are not read back: some registers are there to change. -EPERM: lockdown.
 */
int config_read16(const struct config *config, uint16_t offset, uint16_t *value, struct error *err);
int config_read32(const struct config *config, uint16_t offset, uint32_t *value, struct error *err);
int config_write16(struct config *config, uint16_t offset, uint16_t value, struct error *err);
int config_write32(struct config *config, uint16_t offset, uint32_t value, struct error *err);

/* image_find_dvsec() and image_find_capability() on what was read. */
int config_find_dvsec(const struct config *config, uint16_t vendor, uint16_t id, uint16_t *offset,
		      uint16_t *length, struct error *err);
int config_find_capability(const struct config *config, uint8_t id, uint8_t *offset,
			   struct error *err);

/* A PCIe Root Port (device/port type 4). False as well if its capabilities cannot be read. */
bool config_is_root_port(const struct config *config);

#endif
