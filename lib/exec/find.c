/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/find.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sys/util.h"

#define CXL "/sys/bus/cxl/devices"
#define DAX "/sys/bus/dax/devices"

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

static bool begins_at(const struct sys *sys, const char *dax, uint64_t start)
{
	cleanup_names struct names mappings = {0};
	uint64_t at;

	if (sys_list(sys, &mappings, "mapping", DAX "/%s", dax))
		return false;
	for (size_t i = 0; i < mappings.count; i++)
		if (sys_read_u64(sys, &at, DAX "/%s/%s/start", dax, mappings.items[i]) == 0 &&
		    at == start)
			return true;
	return false;
}

int find_dax_at(const struct sys *sys, uint64_t start, char name[NAME_SIZE])
{
	cleanup_names struct names devices = {0};
	int rc = sys_list(sys, &devices, "dax", DAX);

	for (size_t i = 0; !rc && i < devices.count; i++)
		if (begins_at(sys, devices.items[i], start))
			return copy_text(name, NAME_SIZE, devices.items[i]) ? 0 : -ENAMETOOLONG;
	return rc ? rc : -ENOENT;
}

int find_dax_devices(const struct sys *sys, const char *region, struct names *names)
{
	cleanup_names struct names dax_regions = {0};
	int rc = sys_list(sys, &dax_regions, "dax_region", CXL "/%s", region);

	if (rc || !dax_regions.count)
		return rc;
	return sys_list(sys, names, "dax", CXL "/%s/%s", region, dax_regions.items[0]);
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

bool find_target_serial(const struct sys *sys, const char *region, int position, uint64_t *serial)
{
	char decoder[NAME_SIZE], memdev[NAME_SIZE];
	unsigned int endpoint;

	/* decoder4.0 is of endpoint4 */
	return sys_read(sys, decoder, sizeof(decoder), CXL "/%s/target%d", region, position) == 0 &&
	       sscanf(decoder, "decoder%u.", &endpoint) == 1 &&
	       sys_link_name(sys, memdev, sizeof(memdev), CXL "/endpoint%u/uport", endpoint) == 0 &&
	       sys_read_u64(sys, serial, CXL "/%s/serial", memdev) == 0;
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
