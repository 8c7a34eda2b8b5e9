/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process has mapped shared from files: all that a mapping of device dax can be. */
#ifndef COLLECT_MAPPINGS_H
#define COLLECT_MAPPINGS_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "collect/process.h"

struct file_mapping {
	uint64_t start, end;
	dev_t file_system; /* that the file is on */
	uint64_t inode;
};

struct mappings {
	int fd;	       /* of maps; -1 */
	uint64_t next; /* address to ask for */
	FILE *text;    /* of a kernel that can not be asked */
	bool any;      /* there is text */
	char *line;
	size_t size;
	char buffer[PROCESS_BUFFER];
};

/* 0 or -errno. */
int mappings_open(const struct process_handle *process, struct mappings *mappings);

/* 1; 0 after the last; -ESRCH if there is no process with memory (any more), or another -errno. */
int mappings_next(struct mappings *mappings, struct file_mapping *mapping);

void mappings_close(struct mappings *mappings);
#define cleanup_mappings __attribute__((cleanup(mappings_close)))

#endif
