/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fill the model from the machine; reads only. */
#ifndef COLLECT_COLLECT_H
#define COLLECT_COLLECT_H

#include "model/host.h"
#include "sys/sys.h"

/*
 * Everything below, in one go. @host must be zeroed; free it with host_free() whatever is
 * returned. What cannot be seen without privilege is left unknown and host->privileged is false.
 * 0, or -errno when the machine could not be read at all; a machine without CXL is an empty host.
 */
int collect_host(const struct sys *sys, struct host *host, struct error *err);

/* What collect_host() leaves out, because it takes time or concerns others. */
enum collect_more {
	COLLECT_USAGE = 1,     /* who uses the nodes that have memory of ours */
	COLLECT_ARGUMENTS = 2, /* command lines of the processes that are named */
	COLLECT_PAGES = 4,     /* what the page frames of online blocks hold */
	COLLECT_EXTENTS = 8,   /* dynamic capacity, also of functions without driver */
};

/*
 * Add that to @host. Nothing is ever read from the memory itself, which may be gone: a command line
 * is left out if it may lie there, and while a port is in isolation only the kernel's own records
 * are looked at. What could not be seen is left unknown.
 */
int collect_more(const struct sys *sys, struct host *host, unsigned int what, struct error *err);

/* The parts, in the order in which they rest on each other. */
int collect_cxl(const struct sys *sys, struct host *host, struct error *err);	 /* libcxl */
int collect_pci(const struct sys *sys, struct host *host, struct error *err);	 /* libpci, sysfs */
int collect_dax(const struct sys *sys, struct host *host, struct error *err);	 /* libdaxctl */
int collect_memory(const struct sys *sys, struct host *host, struct error *err); /* blocks */
int collect_nodes(const struct sys *sys, struct host *host, struct error *err);
int collect_system(const struct sys *sys, struct host *host, struct error *err);

/* Whether reclaim may demote pages: 1 yes, 0 no, -1 unknown. */
int collect_demotion(const struct sys *sys);
int collect_udev_rules(const struct sys *sys, struct host *host, struct error *err);
int collect_firmware_map(const struct sys *sys, struct host *host, struct error *err);
int collect_namespaces(const struct sys *sys, struct host *host, struct error *err);
int collect_users(const struct sys *sys, struct host *host, struct error *err);
int collect_hooks(const struct sys *sys, struct host *host, struct error *err);

/* Needs the registers: what a port in isolation hides is not to be touched. */
int collect_page_blocks(const struct sys *sys, struct host *host, struct error *err);
int collect_usage(const struct sys *sys, struct host *host, struct error *err);
int collect_arguments(const struct sys *sys, struct host *host, struct error *err);
int collect_pages(const struct sys *sys, struct host *host, struct error *err);

/*
 * Memory devices with dynamic capacity. One without driver is asked through its mailbox, with commands
 * that change nothing; for that moment the lock of sys/lock.h is taken, unless it is ours already. Of one
 * with a driver there is what the kernel shows. What could not be asked is there with the reason.
 */
int collect_extents(const struct sys *sys, struct host *host, struct error *err);

/* What the devices' own registers say: root ports' capabilities, endpoints' decoders. */
int collect_registers(const struct sys *sys, struct host *host, struct error *err);

/* Read the registers of one CXL memory device into @function. */
int collect_device_registers(const struct sys *sys, struct function *function, struct error *err);

/* Whether the page structs of a dax device's memory lie, or would lie, on itself: 1, 0, or -1 where
 * the kernel does not say (before Linux 6.8). */
int collect_memmap_on_memory(const struct sys *sys, const char *name);

/*
 * One namespace of persistent memory as it is now, but for its region and for processes that have
 * its disk open. @namespace must be zeroed. -ENOENT if it was not made into anything yet (such a seed has no size) or
 * is not there.
 */
int collect_namespace(const struct sys *sys, const char *name, struct namespace *namespace);

/* Processes that hold or map /dev/<dax>, appended to @host->users. Sets *@complete to false if
 * some process could not be looked into. */
int collect_users_of(const struct sys *sys, const char *dax, struct host *host, bool *complete);

/* The same with all there is to say about them. @picture tells what must not be looked at for that. */
int collect_users_in_full(const struct sys *sys, const char *dax, const struct host *picture,
			  struct host *host, bool *complete);

/* This one process holds or maps it, as far as can be seen. */
bool collect_is_user(const struct sys *sys, const char *dax, int pid);

#endif
