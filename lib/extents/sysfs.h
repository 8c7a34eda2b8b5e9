/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel shows of dynamic capacity in sysfs. No kernel.org release does: the series was posted
 * eleven times and more since 2023, and nearly each version has other names. They are matched by
 * pattern:
 *
 *   memX/dc/{region_count,regionY_size}		2023 and 2024, up to v3
 *   memX/dcY/{size,...}				v4 to v8
 *   memX/dynamic_ram*					v9 (dynamic_ram_a), v11 (dynamic_ram_1), and later
 *   decoder0.Y/create_{dc,dynamic_ram}*_region		all
 *   regionX/mode, decoderX.Y/mode			dc, dc0 to dc7, dynamic_ram*
 *   dax_regionX/extent*				offset and length; the tag is uuid, before tag or label
 */
#ifndef EXTENTS_SYSFS_H
#define EXTENTS_SYSFS_H

#include "model/host.h"
#include "sys/error.h"
#include "sys/sys.h"

/*
 * The mode of a decoder or a region, or the name of a memory device's partition, is one of dynamic
 * capacity. @number becomes that of the device's region, -1 if the name does not tell.
 */
bool dc_sysfs_mode(const char *mode, int *number);

/* The running kernel handles dynamic capacity: it drains the log and answers batches by itself. */
bool dc_sysfs_kernel_handles(const struct sys *sys);

/* That it does, of this device: it has such partitions. */
bool dc_sysfs_has(const struct sys *sys, const char *memdev);

/*
 * Append the partitions and the accepted extents of the device that @device names ("mem1") as far as
 * sysfs tells of them: a partition's base and block size are UNKNOWN, and so is the start of an extent
 * in an interleaved region, or where DPAs are for root alone. Batches are unknown: the kernel has answered them.
 * -ENOENT with a text if the kernel shows nothing of the kind.
 */
int dc_sysfs_read(const struct sys *sys, struct dc_device *device, struct error *err);

#endif
