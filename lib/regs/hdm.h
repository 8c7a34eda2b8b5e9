/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HDM decoders as the hardware has them (CXL 3.1 8.2.4.20), where sysfs tells what the kernel
 * believes: after a bus reset it still lists decoders as committed that the reset has erased.
 */
#ifndef REGS_HDM_H
#define REGS_HDM_H

#include <stdbool.h>
#include <stdint.h>

#include "regs/component.h"
#include "sys/error.h"

#define HDM_MAX 32

struct hdm_decoder {
	uint64_t base; /* host physical address, bytes */
	uint64_t size; /* bytes */
	bool commit;   /* asked to commit */
	bool committed;
	bool error;		  /* asked to commit and refused */
	bool locked;		  /* Lock On Commit: committed, it keeps its values until a reset */
	unsigned int ways;	  /* 1, 2, 3, 4, 6, 8, 12 or 16; 0 if reserved and not committed */
	unsigned int granularity; /* 256 to 16384 bytes; 0 likewise */
	uint64_t dpa_skip; /* bytes; of a device only: elsewhere the register lists targets */
};

struct hdm {
	bool enabled;	    /* HDM Decoder Enable of the global control register */
	unsigned int count; /* 1 to HDM_MAX */
	struct hdm_decoder decoders[HDM_MAX];
};

/*
 * 0; -ENOENT without a text if there is no HDM Decoder Capability; -EBADMSG for a reserved decoder
 * count, a capability beyond its range, or reserved interleaving of a committed decoder; what
 * component_read32() says.
 */
int hdm_read(struct component *component, struct hdm *hdm, struct error *err);

/*
 * A mark that only a reset of the device erases.
 *
 * A reset has to be proven: a secondary bus reset that the port masks (CXL 3.1 8.1.5.2) reports
 * success and does nothing, and after a real one the kernel restores config space, so that nothing
 * there tells the two apart. HDM decoder registers are lost in a reset and nobody restores them.
 * An address in a decoder that is not committed has no effect, and Linux writes that register only
 * on its way to commit the decoder and when it takes it down.
 *
 * hdm_mark() writes the mark to the highest-numbered decoder that is free (not committed nor asked
 * to, not locked, size 0; the highest, because decoders are committed in ascending order) and
 * gives its number. Marking twice is marking once. -EBUSY if none is free, -EIO if it did not
 * keep the mark. hdm_unmark() takes every mark away again.
 */
int hdm_mark(struct component *component, unsigned int *decoder, struct error *err);
int hdm_marked(struct component *component, bool *marked, struct error *err);
int hdm_unmark(struct component *component, struct error *err);

#endif
