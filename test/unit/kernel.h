/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel of files: a tree that looks like the sysfs of the machine in model_idle(), and answers
 * writes as Linux does, so that a whole plan can be run on it. The linker gives us what the engine
 * writes (--wrap), and what only registers or libcxl would tell.
 *
 * It notes a disaster where a real one would lose data or die.
 */
#ifndef TEST_KERNEL_H
#define TEST_KERNEL_H

#include "model.h"
#include "support.h"

/* What goes wrong at the write number fault_at; they count from 1, 0 means never. */
#define DEATH 42 /* exit status of who dies at a write */
enum fault { FAULT_EIO, FAULT_NOTHING_CHANGES, FAULT_DIE_BEFORE, FAULT_DIE_AFTER };

struct kernel {
	struct tree tree;
	enum fault fault;
	unsigned int fault_at, writes;
	int pinned;		 /* a memory block that cannot be taken offline; 0: none */
	int pins;		 /* it lets go after so many attempts; 0: never */
	bool keeps_blocks;	 /* kmem fails to remove its memory */
	bool masks_reset;	 /* the port takes a bus reset and does nothing */
	bool loses_decoders;	 /* the device comes up without decoding */
	bool renames;		 /* the memory device is mem7 when it comes back */
	bool keeps_driver;	 /* a driver lets go, and that changes nothing */
	bool probes_late;	 /* drivers take the device only when they are asked to */
	unsigned int takes_late; /* kmem takes a new dax device after so many milliseconds */
	uint64_t taken_at;	 /* this one, then; 0: it has */
	char taken[NAME_SIZE];
	uint64_t block_size;
	bool forgets_pmem; /* cxl_pmem does not take an enabled region */
	unsigned int flushes, claims;
	uint64_t dpa_start; /* where on the device Linux puts a region */
	bool no_huge_pages; /* a pool that is to grow does not */
	/* the device's registers */
	bool mem_enabled, hdm_enabled, marked;
	uint64_t hdm_start, hdm_size; /* of its committed decoder */
	char disaster[256];	      /* what a real kernel would suffer; "" for nothing */
};

/*
 * The tree of a machine in that state: model_idle() with or without things below PORT_A. The
 * kernel is shared with children, as a kernel is.
 */
struct kernel *kernel_boot(const struct host *host);
void kernel_halt(struct kernel *kernel);

/* Everything there is in /sys, as one text. Free it. */
char *kernel_picture(struct kernel *kernel);

/* Another region, at the lowest free address and of no device. */
void kernel_squat(struct kernel *kernel, const char *region, uint64_t size);

#endif
