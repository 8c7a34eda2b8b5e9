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

/* The parts, in the order in which they rest on each other. */
int collect_cxl(const struct sys *sys, struct host *host, struct error *err); /* libcxl */
int collect_pci(const struct sys *sys, struct host *host, struct error *err); /* libpci, sysfs */
int collect_dax(const struct sys *sys, struct host *host, struct error *err); /* libdaxctl */
int collect_memory(const struct sys *sys, struct host *host, struct error *err);
int collect_users(const struct sys *sys, struct host *host, struct error *err);

/* What the devices' own registers say: root ports' capabilities, endpoints' decoders. */
int collect_registers(const struct sys *sys, struct host *host, struct error *err);

/* Read the registers of one CXL memory device into @function. */
int collect_device_registers(const struct sys *sys, struct function *function, struct error *err);

/* Processes that hold or map /dev/<dax>, appended to @host->users. Sets *@complete to false if
 * some process could not be looked into. */
int collect_users_of(const struct sys *sys, const char *dax, struct host *host, bool *complete);

#endif
