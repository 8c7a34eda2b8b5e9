/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From where cxl-iso list-extents knows what it shows. */
#ifndef CXL_ISO_EXTENTS_SOURCE_H
#define CXL_ISO_EXTENTS_SOURCE_H

#include "extents/commands.h"
#include "ui/ui.h"

enum extents_source {
	SOURCE_AUTO, /* the first that does no harm */
	SOURCE_MAILBOX,
	SOURCE_RAW,
	SOURCE_SYSFS,
	SOURCE_TRACE, /* tells what happens, not what is: with --follow alone */
};

/* NULL terminated, in that order. */
extern const char *const source_names[];

/* @word may be NULL: auto. -EINVAL lists what there is. */
int source_choose(const char *word, enum extents_source *source, struct error *err);

/* How a device is read from this machine, now. */
struct extents_reading {
	enum extents_source source;
	bool unbind;	  /* the driver lends it for as long as it takes */
	const char *save; /* a dump of what it answers goes there; may be NULL */
};

/*
 * Append the device at @address to the picture, with what the source tells of it; one without dynamic
 * capacity is not appended. STATUS_REFUSED: nothing was asked of the device, it can not be done this way
 * here; STATUS_FAILED: it could not be read; STATUS_PARTIAL: its driver did not get it back. Then @err
 * says why; if it does not, that was printed.
 */
enum status extents_read(struct host *host, const char *address,
			 const struct extents_reading *reading, struct error *err);

#endif
