/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices that tell something about who holds them. */
#ifndef COLLECT_DEVICES_H
#define COLLECT_DEVICES_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "collect/process.h"

/* What a process holds open. */
struct holdings {
	bool vfio; /* pins the memory of a guest for its devices */
	bool rdma; /* pins what is registered for RDMA */
	bool kvm;  /* runs a virtual machine */
};

/* Device numbers are what counts: a container has nodes of its own, under any name. */
struct devices {
	LIST(struct device_range) ranges;
};

void devices_read(const struct sys *sys, struct devices *devices);
void devices_free(struct devices *devices);
#define cleanup_devices __attribute__((cleanup(devices_free)))

/* Note in @holdings what it means to hold the character device @number. */
void devices_note(const struct devices *devices, dev_t number, struct holdings *holdings);

/* The character device that a link leads to; 0 if it leads to something else. 0 or -errno. */
int device_follow(int directory, const char *link, struct statx *status, dev_t *number);

/* Every character device that a process holds open; 0 or -errno. */
int process_each_device(const struct process_handle *process,
			void (*call)(void *context, dev_t number), void *context);

/* What it holds, as far as that can be seen. */
void process_holdings(const struct process_handle *process, const struct devices *devices,
		      struct holdings *holdings);

#endif
