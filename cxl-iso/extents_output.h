/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cxl-iso list-extents prints: a table, lines in the shape of a tree, or JSON. Batches come one
 * by one and are printed at once, so that a log of any length takes bounded memory.
 */
#ifndef CXL_ISO_EXTENTS_OUTPUT_H
#define CXL_ISO_EXTENTS_OUTPUT_H

#include "batch_output.h"
#include "ui/table.h"
#include "ui/ui.h"

/* What is shown, and how. */
struct extents_choice {
	bool pending, accepted; /* neither: both, and the regions */
	const char *tag;	/* NULL: any; "": extents without one */
	const char *columns;	/* of the table; NULL: those by default */
	uint64_t now;		/* ns since 1970; UNKNOWN if what is shown was read before */
};

bool choice_all(const struct extents_choice *choice);
bool choice_has_pending(const struct extents_choice *choice);
bool choice_has_accepted(const struct extents_choice *choice);
bool choice_has_tag(const struct extents_choice *choice, const struct extent *extent);

/* How much of a region is accepted and offered; UNKNOWN. */
struct region_use {
	const struct dc_region *region;
	uint64_t accepted, pending, free;
};

/* A device as it is shown: its batches are shown, not kept. */
struct device_view {
	const struct dc_device *device;
	char name[NAME_SIZE]; /* mem1, else the PCI address, else its serial, else "?" */
	LIST(struct region_use) use;
	struct findings findings; /* of the log and the configuration as a whole */
};

struct extents_printer {
	/* -EINVAL: no such column. */
	int (*begin)(const struct extents_choice *choice, struct error *err);
	/* What is known before its log is read: accepted extents, not what was lost. */
	void (*device)(const struct device_view *device);
	void (*batch)(const struct device_view *device, const struct batch_view *view);
	/* Now all is known. */
	void (*device_end)(const struct device_view *device);
	/* @err: something failed in between (NULL: nothing did); prints it. */
	void (*end)(enum status status, const struct error *err);
};

extern const struct extents_printer extents_table, extents_tree, extents_json;
#define EXTENT_COLUMNS 19
extern const struct column extent_columns[EXTENT_COLUMNS];

/*
 * A device goes through a printer: extents_begin(), extents_batch() for each batch in the order of the
 * log, extents_end(). The checks are asked in between; they set what they find out in @device and
 * in the batches.
 */
struct extents_show;
struct extents_show *extents_begin(const struct extents_printer *printer,
				   const struct extents_choice *choice, struct dc_device *device);
/* Shows the batch if it is chosen. */
void extents_batch(struct extents_show *show, struct batch *batch);
void extents_end(struct extents_show **show);

/* The same for one whose batches are all in the picture. */
void extents_device(const struct extents_printer *printer, const struct extents_choice *choice,
		    struct dc_device *device);

/* Note on stderr what of it is unknown, and why; each reason once. */
void extents_explain(const struct dc_device *device);

/* "128 MiB", "0", "?" for UNKNOWN. */
const char *size_text(char out[16], uint64_t size);

#endif
