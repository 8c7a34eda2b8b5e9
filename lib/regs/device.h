/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the config space of a CXL device and of the port above it says about CXL.mem and resets. */
#ifndef REGS_DEVICE_H
#define REGS_DEVICE_H

#include <stdbool.h>

#include "regs/config.h"
#include "sys/error.h"

/*
 * Whether the device answers CXL.mem requests: Mem_Enable of DVSEC 0 (CXL 3.1 8.1.3.2).
 * -ENOENT with a text if it is no CXL device.
 */
int device_mem_enabled(const struct config *config, bool *enabled, struct error *err);

/*
 * Let a secondary bus reset of the port through to CXL, or not: Unmask SBR of DVSEC 3 (CXL 3.1
 * 8.1.5.2). While it is masked such a reset does nothing and reports success. @was (may be NULL)
 * gets what it was before. Read back: -EIO if not kept. -ENOENT with a text if it is no CXL port.
 */
int port_sbr_unmask(struct config *config, bool unmask, bool *was, struct error *err);

/*
 * Whether the link below the port went down or came up since port_link_changed_clear(): Data Link
 * Layer State Changed of Slot Status (PCIe 6.0 7.5.3.11). -ENOENT without a text if the port does
 * not tell (no slot, or no link active reporting).
 *
 * True proves a change. False proves nothing while pciehp drives the slot: it clears the bit, too.
 */
int port_link_changed_clear(struct config *config, struct error *err);
int port_link_changed(const struct config *config, bool *changed, struct error *err);

#endif
