/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines, which lie in the memory of the processes themselves. */
#ifndef COLLECT_ARGUMENTS_H
#define COLLECT_ARGUMENTS_H

#include "collect/caution.h"
#include "collect/process.h"

#define ARGUMENTS_SIZE 4096

/*
 * The beginning of a command line, a NUL behind each argument. Its length; 0 if there is none, if
 * it can not be seen, or if @caution forbids to read it.
 */
size_t arguments_read(const struct caution *caution, const struct process_handle *process,
		      char arguments[ARGUMENTS_SIZE]);

/* The name that QEMU's -name option gives to the virtual machine; "" if none. */
void guest_of_arguments(const char *arguments, size_t length, char *guest, size_t size);

#endif
