/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/find.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "sys/util.h"

#define CXL "/sys/bus/cxl/devices"

int find_region_at(const struct sys *sys, uint64_t start, char name[NAME_SIZE])
{
	cleanup_names struct names regions = {0};
	int rc = sys_list(sys, &regions, "region", CXL);

	for (size_t i = 0; !rc && i < regions.count; i++) {
		uint64_t resource;

		if (sys_read_u64(sys, &resource, CXL "/%s/resource", regions.items[i]) == 0 &&
		    resource == start)
			return copy_text(name, NAME_SIZE, regions.items[i]) ? 0 : -ENAMETOOLONG;
	}
	return rc ? rc : -ENOENT;
}

int find_dax_of(const struct sys *sys, const char *region, char name[NAME_SIZE])
{
	cleanup_names struct names devices = {0};
	char path[PATH_MAX], part[NAME_SIZE + 2];
	int rc = sys_list(sys, &devices, "dax", "/sys/bus/dax/devices");

	snprintf(part, sizeof(part), "/%s/", region);
	for (size_t i = 0; !rc && i < devices.count; i++) {
		uint64_t size;

		if (sys_read_u64(sys, &size, "/sys/bus/dax/devices/%s/size", devices.items[i]) ||
		    !size ||
		    sys_real_path(sys, path, "/sys/bus/dax/devices/%s", devices.items[i]) ||
		    !strstr(path, part))
			continue;
		return copy_text(name, NAME_SIZE, devices.items[i]) ? 0 : -ENAMETOOLONG;
	}
	return rc ? rc : -ENOENT;
}

int find_memdev(const struct sys *sys, const struct memdev *before, char name[NAME_SIZE],
		struct error *err)
{
	cleanup_names struct names memdevs = {0};
	uint64_t serial;
	int rc = sys_list(sys, &memdevs, "mem", "/sys/bus/pci/devices/%s", before->address);

	if (rc || !memdevs.count)
		return rc ? rc : -ENOENT;
	rc = sys_read_u64(sys, &serial, CXL "/%s/serial", memdevs.items[0]);
	if (rc)
		return fail_errno(err, rc, "cannot read the serial of %s", memdevs.items[0]);
	if (serial != before->serial)
		return fail(err, -ENODEV, "%s has serial 0x%" PRIx64 " now, expected 0x%" PRIx64,
			    before->address, serial, before->serial);
	return copy_text(name, NAME_SIZE, memdevs.items[0]) ? 0 : -ENAMETOOLONG;
}

/* The driver link is there before the probe that enumerates the decoders has ended: a device has one
 * at least, and decoders_committed is made after all of them are. */
static bool is_probed(const struct sys *sys, const char *endpoint)
{
	cleanup_names struct names decoders = {0};

	return sys_exists(sys, CXL "/%s/driver", endpoint) &&
	       sys_list(sys, &decoders, "decoder", CXL "/%s", endpoint) == 0 && decoders.count;
}

int find_endpoint(const struct sys *sys, const char *memdev, char name[NAME_SIZE])
{
	cleanup_names struct names endpoints = {0};
	int rc = sys_list(sys, &endpoints, "endpoint", CXL);

	for (size_t i = 0; !rc && i < endpoints.count; i++) {
		char device[NAME_SIZE];

		if (sys_link_name(sys, device, sizeof(device), CXL "/%s/uport",
				  endpoints.items[i]) == 0 &&
		    strcmp(device, memdev) == 0 && is_probed(sys, endpoints.items[i]))
			return copy_text(name, NAME_SIZE, endpoints.items[i]) ? 0 : -ENAMETOOLONG;
	}
	return rc ? rc : -ENOENT;
}

int wait_for(int (*ready)(void *context), void *context, unsigned int milliseconds)
{
	uint64_t end = now_ms() + milliseconds;
	int rc;

	while ((rc = ready(context)) == -ENOENT) {
		if (now_ms() >= end)
			return -ETIMEDOUT;
		sleep_ms(50);
	}
	return rc;
}
