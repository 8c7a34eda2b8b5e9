/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of the picture before, found again on the machine now. Names like region0 or mem1 may
 * have changed; addresses and serials have not.
 */
#ifndef EXEC_FIND_H
#define EXEC_FIND_H

#include "model/host.h"
#include "sys/sys.h"

/* The region that sits at @start now. -ENOENT (no text) if there is none. */
int find_region_at(const struct sys *sys, uint64_t start, char name[NAME_SIZE]);

/* The dax device with a mapping that begins at @start now. -ENOENT (no text) if there is none
 * (yet). */
int find_dax_at(const struct sys *sys, uint64_t start, char name[NAME_SIZE]);

/* All dax devices of a region of volatile memory, of size 0 as well; none is no error. Free @names
 * with names_free(). */
int find_dax_devices(const struct sys *sys, const char *region, struct names *names);

/* The memory device with this one's PCI address and serial. -ENOENT (no text) if it is not there;
 * -ENODEV with a text if another device answers at the address. */
int find_memdev(const struct sys *sys, const struct memdev *before, char name[NAME_SIZE],
		struct error *err);

/* The serial of the device that a region is on with that position. False: it can not be seen. */
bool find_target_serial(const struct sys *sys, const char *region, int position, uint64_t *serial);

/* The endpoint of a memory device, if its driver is done with it. -ENOENT (no text) if not. */
int find_endpoint(const struct sys *sys, const char *memdev, char name[NAME_SIZE]);

/* Call @ready every few milliseconds until it says yes (0), fails otherwise than by -ENOENT, or
 * @milliseconds are over: -ETIMEDOUT. */
int wait_for(int (*ready)(void *context), void *context, unsigned int milliseconds);

#endif
