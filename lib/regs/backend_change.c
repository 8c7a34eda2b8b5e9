/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing the isolation control register: what may be asked for, doing it, and undoing it. */
#include "regs/backend_port.h"

#include <errno.h>
#include <inttypes.h>

#include "regs/timeout.h"

/* The bits that may change only while there is no traffic (CXL 3.1 8.2.4.24.2). */
#define QUIESCED \
	(ISOLATION_CONTROL_ISOLATION(ISOLATION_MEM) | ISOLATION_CONTROL_ISOLATION(ISOLATION_CACHE))

/* ---- what may be asked for ---- */

static int check_request(uint32_t mask, uint32_t value, struct error *err)
{
	if ((mask | value) & ISOLATION_CONTROL_RESERVED)
		return fail(err, -EINVAL,
			    "bits 0x%08" PRIx32 " of the isolation control register are reserved",
			    (mask | value) & ISOLATION_CONTROL_RESERVED);
	if (value & ~mask)
		return fail(err, -EINVAL,
			    "bits 0x%08" PRIx32 " are to be set but not to be changed",
			    value & ~mask);
	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++)
		if (mask & ISOLATION_CONTROL_VALUE(p) && ~mask & ISOLATION_CONTROL_VALUE(p))
			return fail(err, -EINVAL, "a timeout value can be changed as a whole only");
	if (value & ISOLATION_CONTROL_INTERRUPT)
		return fail(err, -EINVAL,
			    "the isolation interrupt cannot be enabled from user space: it needs "
			    "a kernel that handles it");
	return 0;
}

static int check_enables(const struct isolation_port *port, uint32_t unsupported, struct error *err)
{
	uint32_t first = unsupported & -unsupported;

	if (!unsupported)
		return 0;
	return fail(err, -EINVAL, "%s does not support %s", port->address,
		    isolation_enable_name(first));
}

/* The timeout value that protocol @p would get, against the capability as far as it is known. */
static int check_value(const struct isolation_port *port, unsigned int value, unsigned int p,
		       const struct isolation_registers *registers, struct error *err)
{
	const struct timeout *timeout = timeout_by_value(value);
	uint32_t known = registers->capability_known & ISOLATION_CONTROL_VALUE(p);
	unsigned int ranges = registers->capability >> ISOLATION_CONTROL_VALUE_SHIFT(p) & 0xf;
	char text[5];

	if (!timeout)
		return fail(err, -EINVAL, "0x%x is a reserved timeout value", value);
	if (!timeout->range)
		return 0;
	if (ISOLATION_CONTROL_TIMEOUT(p) & registers->capability_known & ~registers->capability)
		return check_enables(port, ISOLATION_CONTROL_TIMEOUT(p), err);
	if (known != ISOLATION_CONTROL_VALUE(p))
		return 0;
	if (!timeout_ranges_legal(ranges))
		return fail(err, -EINVAL,
			    "%s says that it supports %s timeout ranges %s, which cannot be: "
			    "only the default can be relied on",
			    port->address, isolation_protocol_names[p],
			    timeout_ranges_text(text, ranges));
	if (timeout_usable(timeout, ranges))
		return 0;
	hint(err, "supported %s timeout ranges: %s", isolation_protocol_names[p],
	     timeout_ranges_text(text, ranges));
	return fail(err, -EINVAL, "%s does not support the %s timeout %s (%s)", port->address,
		    isolation_protocol_names[p], timeout->name, timeout->words);
}

static int check_supported(const struct isolation_port *port,
			   const struct isolation_registers *before, uint32_t mask, uint32_t wanted,
			   struct error *err)
{
	uint32_t unsupported = ~before->capability & before->capability_known;
	int rc = check_enables(port, wanted & mask & ISOLATION_CONTROL_ENABLES & unsupported, err);

	for (unsigned int p = 0; !rc && p < ISOLATION_PROTOCOLS; p++)
		if (mask & ISOLATION_CONTROL_VALUE(p))
			rc = check_value(port, wanted >> ISOLATION_CONTROL_VALUE_SHIFT(p) & 0xf, p,
					 before, err);
	return rc;
}

/* ---- changing the control register ---- */

/* What @bits are about, the first of them at least. */
static const char *subject(uint32_t bits)
{
	if (bits & ISOLATION_CONTROL_VALUE(ISOLATION_MEM))
		return "the value of the CXL.mem timeout";
	if (bits & ISOLATION_CONTROL_VALUE(ISOLATION_CACHE))
		return "the value of the CXL.cache timeout";
	return isolation_enable_name(bits & -bits);
}

/*
 * Whether writing @bits through @backend may change isolation enables that are set and that nobody
 * asked to change: then there may be traffic.
 */
static bool is_unsafe(const struct isolation_backend *backend, uint32_t bits, uint32_t control,
		      uint32_t mask)
{
	return backend->value_clears_rest && bits & ISOLATION_CONTROL_VALUE(ISOLATION_MEM) &&
	       control & QUIESCED & ~mask;
}

/* The way to change the bits of @changed: the kernel's if there is one, unless it is unsafe. */
static int choose(const struct isolation_port *port, const struct isolation_registers *before,
		  uint32_t mask, uint32_t changed, const struct isolation_backend **out,
		  struct error *err)
{
	const struct isolation_backend *backend = port->backend;
	uint32_t beyond = changed & ~backend->writable(port);
	uint32_t unread = changed & ~before->control_known;

	*out = backend;
	if (beyond)
		return fail(err, -ENOTSUP, "the kernel's interface to %s (%s) cannot change %s",
			    port->address, backend->name, subject(beyond));
	if (unread)
		return fail(err, -ENOTSUP,
			    "the kernel's interface to %s (%s) does not tell of %s, so a change "
			    "could not be checked",
			    port->address, backend->name, subject(unread));
	if (!is_unsafe(backend, changed, before->control, mask))
		return 0;
	*out = &isolation_backend_mmio;
	if (port->component)
		return 0;
	return fail(err, -ENOTSUP,
		    "the kernel's interface to %s (%s) is known to turn isolation off when it sets "
		    "a timeout, and the registers cannot be written instead: %s",
		    port->address, backend->name, port->unmapped.text);
}

/* A change under way. */
struct change {
	const struct isolation_port *port;
	const struct isolation_backend *backend;
	struct isolation_registers before;
	uint32_t mask;	 /* what may change */
	uint32_t wanted; /* the whole register as asked for */
	uint32_t so_far; /* as it has to be by now */
};

/* Whether the register is @expected, in all bits that were known before. */
static bool is_now(const struct change *change, const struct isolation_registers *now,
		   uint32_t expected)
{
	uint32_t known = change->before.control_known;

	return !((now->control ^ expected) & known) && !(known & ~now->control_known);
}

/* See that the register has become what it has to be by now, and nothing else. */
static int confirm(const struct change *change, struct error *err)
{
	char asked[ISOLATION_TEXT], found[ISOLATION_TEXT];
	struct isolation_registers now;
	int rc = isolation_read(change->port, &now, err);

	if (rc || is_now(change, &now, change->so_far))
		return rc;
	return fail(err, -EIO, "%s: asked for %s, now %s", change->port->address,
		    isolation_control_format(asked, sizeof(asked), change->so_far,
					     change->before.control_known),
		    isolation_control_format(found, sizeof(found), now.control, now.control_known));
}

static bool is_due(const struct isolation_field *field, uint32_t changed, uint32_t wanted)
{
	if (!(field->bits & changed))
		return false;
	return field->when == WRITE_ALWAYS ||
	       (field->when == WRITE_TO_SET) == !!(wanted & field->bits);
}

/* Write the bits of @changed, field by field; each must have left the others alone. */
static int apply(struct change *change, uint32_t changed, struct error *err)
{
	const struct isolation_field *field = change->backend->fields;
	int rc = 0;

	change->so_far = change->before.control;
	for (; !rc && field->bits; field++) {
		if (!is_due(field, changed, change->wanted))
			continue;
		change->so_far = (change->so_far & ~field->bits) | (change->wanted & field->bits);
		rc = change->backend->write(change->port, field->bits, change->so_far, err);
		if (!rc)
			rc = confirm(change, err);
	}
	return rc;
}

/*
 * Write back what differs from @before. An isolation enable that nobody asked to change stays as
 * it is: traffic may be running, and changing it once more would be as undefined as the first time.
 */
static void write_back(const struct change *change, uint32_t now)
{
	const struct isolation_port *port = change->port;
	const struct isolation_backend *backend =
		port->component ? &isolation_backend_mmio : change->backend;
	uint32_t keep = QUIESCED & ~change->mask;
	uint32_t wanted = (change->before.control & ~keep) | (now & keep);
	uint32_t changed = (now ^ wanted) & change->before.control_known;

	for (const struct isolation_field *field = backend->fields; field->bits; field++)
		if (is_due(field, changed, wanted) &&
		    !is_unsafe(backend, field->bits, now, change->mask))
			backend->write(port, field->bits, wanted, NULL);
}

/* Make the register what it was before, and read in @now what has come of it. */
static int put_back(const struct change *change, struct isolation_registers *now)
{
	int rc = 0;

	/* The second time for what one attribute has spoilt of another. */
	for (unsigned int i = 0; !rc && i < 2 && !is_now(change, now, change->before.control);
	     i++) {
		write_back(change, now->control);
		rc = isolation_read(change->port, now, NULL);
	}
	return rc;
}

/* What is there cannot be read any more; a port that is gone has nothing left to put back. */
static int lost(int code, const struct error *why, const char *what, struct error *err)
{
	return fail(err, code == -ENODEV ? code : -ENOTRECOVERABLE, "%s; %s cannot be read",
		    why->text, what);
}

/* After a change has failed with @code because of @why: put back what there is to put back. */
static int undo(const struct change *change, int code, const struct error *why, struct error *err)
{
	struct isolation_registers now;
	char text[ISOLATION_TEXT];
	int rc = isolation_read(change->port, &now, NULL);

	hint(err, "%s", why->hint);
	if (rc)
		return lost(rc, why, "what it is now", err);
	if (is_now(change, &now, change->before.control))
		return fail(err, code, "%s; it is as it was before", why->text);
	rc = put_back(change, &now);
	if (rc)
		return lost(rc, why, "whether it could be put back", err);
	if (is_now(change, &now, change->before.control))
		return fail(err, code, "%s; it was put back as it was before", why->text);
	return fail(err, -ENOTRECOVERABLE, "%s; it could not all be put back: %s", why->text,
		    isolation_control_format(text, sizeof(text), now.control, now.control_known));
}

int isolation_write_control(struct isolation_port *port, uint32_t mask, uint32_t value,
			    struct error *err)
{
	struct change change = {.port = port, .mask = mask};
	struct isolation_registers *before = &change.before;
	struct error why = {0};
	uint32_t changed;
	int rc = check_request(mask, value, err);

	if (!rc)
		rc = isolation_read(port, before, err);
	if (rc)
		return rc;
	change.wanted = (before->control & ~mask) | value;
	changed = ((before->control ^ value) | ~before->control_known) & mask;
	rc = check_supported(port, before, mask, change.wanted, err);
	if (rc || !changed)
		return rc;
	rc = choose(port, before, mask, changed, &change.backend, err);
	if (rc)
		return rc;
	rc = apply(&change, changed, &why);
	return rc ? undo(&change, rc, &why, err) : 0;
}
