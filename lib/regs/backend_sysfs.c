/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two user interfaces to isolation that were posted for Linux and not merged: the RFC of
 * February 2024 and the series of July 2025. Both are for CXL.mem only. What the comments say of
 * their faults was found by reading them.
 */
#include "regs/backend_port.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regs/timeout.h"
#include "sys/util.h"

#define VALUE	  ISOLATION_CONTROL_VALUE(ISOLATION_MEM)
#define TIMEOUT	  ISOLATION_CONTROL_TIMEOUT(ISOLATION_MEM)
#define ISOLATION ISOLATION_CONTROL_ISOLATION(ISOLATION_MEM)

#define DIRECTORY_2025 "/sys/bus/pci/devices/%s/cxl_isolation"
#define DIRECTORY_2024 "/sys/bus/pci_express/devices/%s:pcie020"

/* The kernel itself gives up after 2 s of RP Busy. */
#define WRITE_MS 5000

/* ---- attributes, whichever the interface ---- */

struct attribute {
	char directory[128];
	const char *name;
};

static struct attribute attribute_2025(const struct isolation_port *port, const char *name)
{
	struct attribute attribute = {.name = name};

	snprintf(attribute.directory, sizeof(attribute.directory), DIRECTORY_2025, port->address);
	return attribute;
}

static struct attribute attribute_2024(const struct isolation_port *port, const char *name)
{
	struct attribute attribute = {.name = name};

	snprintf(attribute.directory, sizeof(attribute.directory), DIRECTORY_2024, port->address);
	return attribute;
}

static bool exists(const struct isolation_port *port, struct attribute attribute)
{
	return sys_exists(port->sys, "%s/%s", attribute.directory, attribute.name);
}

static int read_text(const struct isolation_port *port, struct attribute attribute, char *text,
		     size_t size)
{
	return sys_read(port->sys, text, size, "%s/%s", attribute.directory, attribute.name);
}

static int unclear(struct attribute attribute, const char *text, struct error *err)
{
	return fail(err, -EBADMSG, "%s/%s says \"%s\", which means nothing", attribute.directory,
		    attribute.name, text);
}

static int unreadable(struct attribute attribute, int code, struct error *err)
{
	if (code == -EACCES)
		hint(err, "run it as root");
	return fail_errno(err, code, "cannot read %s/%s", attribute.directory, attribute.name);
}

/* A 0 or 1 that stands for @bit; not known if it cannot be read. */
static int read_switch(const struct isolation_port *port, struct attribute attribute, uint32_t bit,
		       struct isolation_registers *registers, struct error *err)
{
	char text[64];
	uint64_t value;

	if (read_text(port, attribute, text, sizeof(text)))
		return 0;
	if (!parse_u64(text, &value) || value > 1)
		return unclear(attribute, text, err);
	registers->control |= value ? bit : 0;
	registers->control_known |= bit;
	return 0;
}

/* A name or the number of a timeout value. */
static int parse_value(struct attribute attribute, const char *text, uint32_t *out,
		       struct error *err)
{
	const struct timeout *timeout = timeout_by_name(text);
	uint64_t value;

	if (timeout) {
		*out = timeout->value;
		return 0;
	}
	if (!parse_u64(text, &value) || value > VALUE)
		return unclear(attribute, text, err);
	*out = (uint32_t)value;
	return 0;
}

/* What an interface means by an error. */
struct refusal {
	int code;
	const char *meaning;
};

static int refused(struct attribute attribute, const char *text, int code,
		   const struct refusal *refusals, struct error *err)
{
	if (code == -EACCES)
		hint(err, "run it as root");
	for (; refusals->code; refusals++)
		if (refusals->code == code)
			return fail_errno(err, code, "the kernel refuses \"%s\" in %s/%s: %s", text,
					  attribute.directory, attribute.name, refusals->meaning);
	return fail_errno(err, code, "cannot write \"%s\" to %s/%s", text, attribute.directory,
			  attribute.name);
}

static int write_text(const struct isolation_port *port, struct attribute attribute,
		      const char *text, const struct refusal *refusals, struct error *err)
{
	int rc = sys_write_within(port->sys, NULL, WRITE_MS, text, "%s/%s", attribute.directory,
				  attribute.name);

	return rc ? refused(attribute, text, rc, refusals, err) : 0;
}

/* A number, as their parsing of names is not to be trusted: 2025 programs a stale value then. */
static int write_value(const struct isolation_port *port, struct attribute attribute,
		       uint32_t control, const struct refusal *refusals, struct error *err)
{
	char text[8];

	/* With the prefix, as one of them takes any base and the other one hexadecimal only. */
	snprintf(text, sizeof(text), "0x%" PRIx32, control & VALUE);
	return write_text(port, attribute, text, refusals, err);
}

/* ---- July 2025 ---- */

static const struct {
	const char *name;
	uint32_t bits;
} attributes_2025[] = {
	{"timeout_range", VALUE},
	{"timeout_ctrl", TIMEOUT},
	{"isolation_ctrl", ISOLATION},
};

static const struct refusal refusals_2025[] = {
	{-EINVAL, "it does not know this value, or the port does not support it"},
	{-ENXIO, "it finds no isolation capability, or not this part of it"},
	{-ENODEV, "it knows of no CXL root port there"},
	{-ETIMEDOUT, "the port stays busy"},
	{},
};

/*
 * A timeout without isolation makes a slow access reset the host (CXL 3.1 12.3), so it is the
 * first to go and the last to come.
 */
static const struct isolation_field fields_2025[] = {
	{TIMEOUT, WRITE_TO_CLEAR},
	{VALUE, WRITE_ALWAYS},
	{ISOLATION, WRITE_ALWAYS},
	{TIMEOUT, WRITE_TO_SET},
	{},
};

static int read_range_2025(const struct isolation_port *port, struct isolation_registers *registers,
			   struct error *err)
{
	struct attribute attribute = attribute_2025(port, "timeout_range");
	char text[64];
	uint32_t value;
	int rc = read_text(port, attribute, text, sizeof(text));

	/* ENXIO is how it says default, and also that it has no registers; the switches tell. */
	if (rc == -ENXIO && registers->control_known) {
		registers->control_known |= VALUE;
		return 0;
	}
	if (rc)
		return 0;
	rc = parse_value(attribute, text, &value, err);
	if (rc)
		return rc;
	registers->control |= value;
	registers->control_known |= VALUE;
	return 0;
}

static int read_2025(const struct isolation_port *port, struct isolation_registers *registers,
		     struct error *err)
{
	struct attribute last = attribute_2025(port, "timeout_range");
	char text[64];
	int rc;

	rc = read_switch(port, attribute_2025(port, "timeout_ctrl"), TIMEOUT, registers, err);
	if (!rc)
		rc = read_switch(port, attribute_2025(port, "isolation_ctrl"), ISOLATION, registers,
				 err);
	if (!rc)
		rc = read_range_2025(port, registers, err);
	if (rc || registers->control_known)
		return rc;
	return unreadable(last, read_text(port, last, text, sizeof(text)), err);
}

static uint32_t writable_2025(const struct isolation_port *port)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(attributes_2025); i++)
		if (exists(port, attribute_2025(port, attributes_2025[i].name)))
			bits |= attributes_2025[i].bits;
	return bits;
}

/*
 * Writing one of the switches makes the kernel follow a pointer to the registers that it has not
 * checked; reading it, it checks. So what does not read is not written.
 */
static int check_switch(const struct isolation_port *port, struct attribute attribute,
			struct error *err)
{
	char text[64];
	int rc = read_text(port, attribute, text, sizeof(text));

	return rc ? unreadable(attribute, rc, err) : 0;
}

static int write_2025(const struct isolation_port *port, uint32_t field, uint32_t control,
		      struct error *err)
{
	struct attribute attribute;
	int rc;

	if (field == VALUE)
		return write_value(port, attribute_2025(port, "timeout_range"), control,
				   refusals_2025, err);
	attribute = attribute_2025(port, field == TIMEOUT ? "timeout_ctrl" : "isolation_ctrl");
	rc = check_switch(port, attribute, err);
	return rc ? rc
		  : write_text(port, attribute, control & field ? "1" : "0", refusals_2025, err);
}

static const struct isolation_backend backend_2025 = {
	.name = "sysfs-2025",
	.fields = fields_2025,
	.read = read_2025,
	.writable = writable_2025,
	.write = write_2025,
	.value_clears_rest = true,
};

/* ---- February 2024 ---- */

static const struct refusal refusals_2024[] = {
	{-EINVAL, "it does not know this value"},
	{-ENXIO, "the port does not support it"},
	{},
};

static const struct isolation_field fields_2024[] = {{VALUE, WRITE_ALWAYS}, {}};

/* One line: "0x1<TAB>Range A (50us-100us)". The letters' bits; 0 for what is no timeout. */
static uint32_t range_of_line(const char *line)
{
	char *end;
	unsigned long value = strtoul(line, &end, 16);
	const struct timeout *timeout =
		end != line && *end == '\t' && value <= VALUE ? timeout_by_value(value) : NULL;

	return timeout && timeout->range ? 1u << (timeout->range - 'A') : 0;
}

static void read_ranges_2024(const struct isolation_port *port,
			     struct isolation_registers *registers)
{
	char text[1024];
	char *line = text, *next;

	if (read_text(port, attribute_2024(port, "available_timeout_ranges"), text, sizeof(text)))
		return;
	while ((next = strsep(&line, "\n")))
		registers->capability |= range_of_line(next);
	/* The attribute is there only if the timeout is supported. */
	registers->capability |= TIMEOUT;
	registers->capability_known |= VALUE | TIMEOUT;
}

static int read_2024(const struct isolation_port *port, struct isolation_registers *registers,
		     struct error *err)
{
	struct attribute attribute = attribute_2024(port, "timeout_range");
	char text[64];
	int rc = read_text(port, attribute, text, sizeof(text));

	if (rc)
		return unreadable(attribute, rc, err);
	/* Read, it is decimal; written, hexadecimal. */
	rc = parse_value(attribute, text, &registers->control, err);
	if (rc)
		return rc;
	registers->control_known = VALUE;
	read_ranges_2024(port, registers);
	return 0;
}

static uint32_t writable_2024(const struct isolation_port *port)
{
	(void)port;
	return VALUE;
}

static int write_2024(const struct isolation_port *port, uint32_t field, uint32_t control,
		      struct error *err)
{
	(void)field;
	return write_value(port, attribute_2024(port, "timeout_range"), control, refusals_2024,
			   err);
}

static const struct isolation_backend backend_2024 = {
	.name = "sysfs-2024",
	.fields = fields_2024,
	.read = read_2024,
	.writable = writable_2024,
	.write = write_2024,
};

/* ---- which of them a port has ---- */

/* The attributes and not their directory: that is there, empty, for every function. */
static bool has_2025(const struct sys *sys, const char *address)
{
	for (size_t i = 0; i < ARRAY_SIZE(attributes_2025); i++)
		if (sys_exists(sys, DIRECTORY_2025 "/%s", address, attributes_2025[i].name))
			return true;
	return false;
}

const struct isolation_backend *isolation_backend_sysfs(const struct sys *sys, const char *address)
{
	if (has_2025(sys, address))
		return &backend_2025;
	if (sys_exists(sys, DIRECTORY_2024 "/timeout_range", address) &&
	    sys_exists(sys, DIRECTORY_2024 "/available_timeout_ranges", address))
		return &backend_2024;
	return NULL;
}
