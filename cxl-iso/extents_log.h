/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dump of what a device answered, shown while it is read. */
#ifndef CXL_ISO_EXTENTS_LOG_H
#define CXL_ISO_EXTENTS_LOG_H

#include "extents_output.h"

/*
 * Show the dump at @path, of any length, in bounded memory. It was seen to be whole before the first
 * word is printed; what is shown up to an error after that is complete as far as it goes, and the error is
 * told behind it.
 */
enum status log_show(const char *path, const struct extents_printer *printer,
		     const struct extents_choice *choice);

#endif
