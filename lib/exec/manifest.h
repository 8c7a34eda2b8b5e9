/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies beside a file of contents and says whose they are: NAME.json, schema cxl-iso/contents.
 * It is for people and scripts; the journal alone tells what is to be written back.
 */
#ifndef EXEC_MANIFEST_H
#define EXEC_MANIFEST_H

#include "exec/contents.h"

/*
 * The name of the file for a dax device, by when its operation began (ISO 8601):
 * "dax0.0-20260131T120000+0100.raw". The same operation comes to the same name, however often it is
 * begun upon, and no other does.
 */
void manifest_name_file(const char *dax, const char *started, char name[2 * NAME_SIZE]);

/* Write it for contents that were saved just now, 0600. @dax is a device of @host. */
int manifest_write(const struct host *host, const struct dax *dax, const struct contents_file *file,
		   const char *sha256, struct error *err);

#endif
