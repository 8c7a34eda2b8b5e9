/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "regs/component.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "regs/config.h"
#include "regs/mmio.h"
#include "sys/util.h"

/* CXL 3.1 8.2.3: the 64 KiB of component registers, and CXL.cachemem's primary range in them. */
#define BLOCK_SIZE    0x10000
#define PRIMARY_RANGE 0x1000

/* CXL 3.1 8.2.4.1: CXL Capability Header Register, the first of the array. */
#define ARRAY_ID 0x0001

/* PCIe 6.0 7.5.1.1.3: Command Register. */
#define COMMAND		     0x04
#define COMMAND_MEMORY_SPACE (1u << 1)

struct component {
	char *name;
	const struct component_backend *backend;
	void *context;
};

static int bar_read(void *context, uint32_t offset, uint32_t *value)
{
	return mmio_read32(context, PRIMARY_RANGE + offset, value);
}

static int bar_write(void *context, uint32_t offset, uint32_t value)
{
	return mmio_write32(context, PRIMARY_RANGE + offset, value);
}

static void bar_close(void *context)
{
	mmio_unmap(context);
}

static const struct component_backend bar_backend = {bar_read, bar_write, bar_close};

/* With memory space disabled every read would give all ones: say why instead. */
static int check_memory_space(const struct config *config, struct error *err)
{
	uint16_t command;
	int rc = config_read16(config, COMMAND, &command, err);

	if (rc)
		return rc;
	if (command & COMMAND_MEMORY_SPACE)
		return 0;
	hint(err, "it is enabled when a driver binds to the function");
	return fail(err, -ENODEV, "memory space of %s is disabled: its registers cannot be read",
		    config_address(config));
}

static int find_block(const struct sys *sys, const char *address, struct register_block *block,
		      struct error *err)
{
	cleanup_config struct config *config = NULL;
	int rc = config_open(sys, &config, address, err);

	if (rc)
		return rc;
	rc = image_find_block(config_image(config), CXL_BLOCK_COMPONENT, block, err);
	if (rc == -ENOENT)
		return fail(err, rc, "%s has no CXL component registers", address);
	return rc ? rc : check_memory_space(config, err);
}

int component_open(const struct sys *sys, struct component **out, const char *address,
		   bool writable, struct error *err)
{
	struct register_block block;
	struct mmio *mmio;
	int rc = find_block(sys, address, &block, err);

	if (rc)
		return rc;
	rc = mmio_map(sys, &mmio, address, block.bar, block.offset, BLOCK_SIZE,
		      PRIMARY_RANGE + COMPONENT_SIZE, writable, err);
	if (rc)
		return rc;
	*out = component_over(address, &bar_backend, mmio);
	return 0;
}

struct component *component_over(const char *name, const struct component_backend *backend,
				 void *context)
{
	struct component *component = xcalloc(1, sizeof(*component));

	component->name = xstrdup(name);
	component->backend = backend;
	component->context = context;
	return component;
}

void component_close(struct component **component)
{
	if (!*component)
		return;
	if ((*component)->backend->close)
		(*component)->backend->close((*component)->context);
	free((*component)->name);
	free(*component);
	*component = NULL;
}

const char *component_name(const struct component *component)
{
	return component->name;
}

static int check_offset(const struct component *component, uint32_t offset, struct error *err)
{
	if (offset % 4 == 0 && offset < COMPONENT_SIZE)
		return 0;
	return fail(err, -EBADMSG, "no component register of %s can be at 0x%" PRIx32,
		    component->name, offset);
}

static int access_failed(const struct component *component, int code, struct error *err)
{
	hint(err, "a driver has claimed the registers, or the function was removed: try again");
	return fail_errno(err, code, "component registers of %s are not accessible",
			  component->name);
}

static int gone(const struct component *component, struct error *err)
{
	hint(err, "it was removed, is in a low power state, or its memory space is disabled");
	return fail(err, -ENODEV, "component registers of %s read all ones", component->name);
}

int component_read32(struct component *component, uint32_t offset, uint32_t *value,
		     struct error *err)
{
	uint32_t header;
	int rc = check_offset(component, offset, err);

	if (rc)
		return rc;
	rc = component->backend->read(component->context, offset, value);
	if (rc)
		return access_failed(component, rc, err);
	if (*value != UINT32_MAX)
		return 0;
	/* A register may hold all ones; the capability header, with its id 1, never does. */
	rc = component->backend->read(component->context, 0, &header);
	if (rc)
		return access_failed(component, rc, err);
	return header == UINT32_MAX ? gone(component, err) : 0;
}

int component_write32(struct component *component, uint32_t offset, uint32_t value,
		      struct error *err)
{
	int rc = check_offset(component, offset, err);

	if (rc)
		return rc;
	rc = component->backend->write(component->context, offset, value);
	return rc ? access_failed(component, rc, err) : 0;
}

/* The number of entries, 0-255: that many always fit, so there is no upper limit to check. */
static int read_array_header(struct component *component, unsigned int *count, struct error *err)
{
	uint32_t header;
	int rc = component_read32(component, 0, &header, err);

	if (rc)
		return rc;
	/* [15:0] id, [19:16] version, [23:20] version of CXL.cachemem, [31:24] entries */
	if ((header & 0xffff) != ARRAY_ID || !(header >> 16 & 0xf) || !(header >> 20 & 0xf))
		return fail(err, -EBADMSG,
			    "component registers of %s start with 0x%08" PRIx32
			    ", not with an array of CXL capabilities",
			    component->name, header);
	*count = header >> 24;
	return 0;
}

/* [15:0] id, [19:16] version, [31:20] pointer */
static int check_entry(const struct component *component, uint32_t entry, unsigned int count,
		       unsigned int max_version, struct error *err)
{
	uint32_t pointer = entry >> 20;
	unsigned int version = entry >> 16 & 0xf;

	if (pointer % 4 || pointer < 4 * (count + 1))
		return fail(err, -EBADMSG,
			    "CXL capability 0x%04" PRIx32 " of %s points to 0x%03" PRIx32
			    ", where none can be",
			    entry & 0xffff, component->name, pointer);
	if (!version || version > max_version)
		return fail(err, -EBADMSG,
			    "CXL capability 0x%04" PRIx32
			    " of %s has version %u; 1 to %u are known",
			    entry & 0xffff, component->name, version, max_version);
	return 0;
}

int component_find(struct component *component, uint16_t id, unsigned int max_version,
		   uint32_t *offset, struct error *err)
{
	uint32_t entry, found = 0;
	unsigned int count = 0;
	int rc = read_array_header(component, &count, err);

	for (unsigned int i = 1; !rc && i <= count; i++) {
		rc = component_read32(component, 4 * i, &entry, err);
		/* Id 0 is a hole: QEMU leaves some. */
		if (rc || (entry & 0xffff) != id)
			continue;
		if (found)
			return fail(err, -EBADMSG, "CXL capability 0x%04x of %s is there twice", id,
				    component->name);
		rc = check_entry(component, entry, count, max_version, err);
		found = entry >> 20;
	}
	if (rc)
		return rc;
	*offset = found;
	return found ? 0 : -ENOENT;
}
