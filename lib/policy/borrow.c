/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/borrow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/rules.h"
#include "sys/util.h"

#define DRIVER "cxl_pci"

/* What is judged. */
struct case_of {
	const struct host *host;
	const char *address;
	const struct function *function; /* NULL: below no CXL root port */
	const struct memdev *memdev;	 /* NULL: Linux has none there */
	const struct borrow_state *state;
	struct findings *findings;
};

static struct finding *refuse(const struct case_of *c, const char *id, const char *object)
{
	return finding_add(c->findings, id, SEVERITY_BLOCKS, object);
}

static void check_host(const struct case_of *c)
{
	struct finding *finding;

	if (!c->host->privileged) {
		finding = refuse(c, "not-privileged", c->address);
		finding_evidence(finding, "device registers can not be read, nor a driver unbound");
		finding_fix(finding, "run as root");
	}
	if (locked_down(c->host)) {
		finding = refuse(c, "lockdown", "kernel");
		finding_evidence(finding,
				 "the kernel is locked down (%s): the registers of %s could not be "
				 "used without its driver either",
				 c->host->system.lockdown, c->address);
		finding_fix(finding, "boot without lockdown= and without Secure Boot");
	}
}

static bool is_vfio(const char *driver)
{
	return strcmp(driver, "vfio-pci") == 0;
}

/* Of another one nothing is known: neither what it does with the device, nor that it can let go. */
static void check_driver(const struct case_of *c)
{
	const char *driver = c->state->driver;
	struct finding *finding;

	if (!driver[0] || strcmp(driver, DRIVER) == 0)
		return;
	finding = refuse(c, "foreign-driver", c->address);
	if (is_vfio(driver)) {
		finding_evidence(finding,
				 "%s is driven by vfio-pci, which hands it to a virtual machine or "
				 "to another program, expected " DRIVER,
				 c->address);
		finding_fix(finding, "ask in that virtual machine or program");
		return;
	}
	finding_evidence(finding, "%s is driven by %.63s, expected " DRIVER, c->address, driver);
	finding_fix(finding, "ask that driver's own tools");
}

/* bind looks at it as well (Linux, pci_match_device()): the function would not come back. */
static void check_override(const struct case_of *c)
{
	const char *override = c->state->driver_override;
	struct finding *finding;

	if (!override[0] || strcmp(override, c->state->driver) == 0)
		return;
	finding = refuse(c, "driver-override", c->address);
	finding_evidence(finding,
			 "driver_override of %s is %s: " DRIVER " could not be given it back",
			 c->address, override);
	finding_fix(finding, "echo > /sys/bus/pci/devices/%s/driver_override", c->address);
}

static void check_device(const struct case_of *c)
{
	struct finding *finding;

	if (c->function && c->function->kind == FUNCTION_MEMDEV)
		return;
	finding = refuse(c, "not-a-memdev", c->address);
	finding_evidence(finding, "%s is %s", c->address,
			 c->function ? "no CXL memory device" : "below no CXL root port");
	finding_fix(finding, "cxl-iso list --tree shows the memory devices there are");
}

/*
 * The driver aborts what it waits for, and would find the device busy when it comes back. A device
 * that is being sanitized says so in its security state (Linux 6.5), and no other operation shows.
 */
static void check_busy(const struct case_of *c)
{
	bool sanitizing = strcmp(c->state->security, "sanitize") == 0;
	bool updating = c->state->firmware[0] && strcmp(c->state->firmware, "idle") != 0;
	struct finding *finding;

	if (!sanitizing && !updating)
		return;
	finding = refuse(c, "device-busy", c->address);
	if (sanitizing)
		finding_evidence(finding, "%s is being sanitized", c->address);
	else
		finding_evidence(finding, "the firmware of %s is being updated (%s)", c->address,
				 c->state->firmware);
	finding_fix(finding, "wait until it is done");
}

static void say_how_to_free(const struct case_of *c, struct finding *finding, const char *region)
{
	if (region[0])
		finding_fix(finding,
			    "take its memory out of service first: daxctl-ext evacuate %s, cxl "
			    "disable-region %s, cxl destroy-region %s",
			    region, region, region);
	else
		finding_fix(finding, "leave %s to its driver: nothing tells what uses that memory",
			    c->address);
}

/*
 * What Linux believes. A decoder with device memory of its own is about to be used, though not
 * committed yet: that would be undone as well.
 */
static void check_decoders(const struct case_of *c)
{
	list_each(decoder, &c->host->decoders) {
		struct finding *finding;

		if (!c->memdev || strcmp(decoder->port, c->memdev->endpoint) != 0 ||
		    decoder->kind != PORT_ENDPOINT ||
		    (!decoder->size && !decoder->dpa_size && !decoder->region[0]))
			continue;
		finding = refuse(c, "decoder-committed", decoder->name);
		finding_evidence(finding,
				 "%s of %s is in use%s%s: without its driver the memory behind it "
				 "is gone at once, and what is in it",
				 decoder->name, c->memdev->name, decoder->region[0] ? " by " : "",
				 decoder->region);
		say_how_to_free(c, finding, decoder->region);
	}
}

/* A count tells even of a decoder that could not be looked at. */
static void check_count(const struct case_of *c)
{
	const struct port *endpoint = c->memdev ? host_port(c->host, c->memdev->endpoint) : NULL;
	struct finding *finding;

	if (!endpoint || endpoint->committed <= 0)
		return;
	finding = refuse(c, "decoder-committed", endpoint->name);
	finding_evidence(finding, "Linux has %d committed decoders in %s of %s",
			 endpoint->committed, endpoint->name, c->memdev->name);
	finding_fix(finding, "destroy its regions first: cxl list -RM shows them");
}

/* What the device itself says; firmware may have set what Linux knows nothing of. */
static void check_registers_of(const struct case_of *c)
{
	struct finding *finding;

	list_each(range, &c->function->hdm) {
		if (!range->committed)
			continue;
		finding = refuse(c, "decoder-committed", c->address);
		finding_evidence(finding,
				 "decoder %d of %s decodes 0x%" PRIx64 "-0x%" PRIx64
				 ", say its registers",
				 range->number, c->address, range->start,
				 range->start + (range->size - 1));
		finding_fix(finding, "destroy its regions first: cxl list -RM shows them; with "
				     "none, firmware set it up, and it is to be left alone");
	}
	/* CXL 3.1 8.1.3.8: then the ranges of the DVSEC decode, which Linux shows as decoders only
	 * if the memory device has an endpoint. */
	if (!c->function->mem_enabled || c->function->hdm_enabled)
		return;
	finding = refuse(c, "decodes-by-range", c->address);
	finding_evidence(finding,
			 "CXL.mem of %s is enabled and its decoders are not: it may decode by the "
			 "ranges of its DVSEC, or was reset behind Linux' back",
			 c->address);
	finding_fix(finding, "cxl-iso assess of its root port tells more");
}

static void check_hardware(const struct case_of *c)
{
	struct finding *finding;

	if (!c->function || c->function->kind != FUNCTION_MEMDEV)
		return;
	if (c->function->registers) {
		check_registers_of(c);
		return;
	}
	if (!c->host->privileged || locked_down(c->host))
		return; /* told already */
	finding = refuse(c, "registers-unreadable", c->address);
	finding_evidence(finding,
			 "the decoder registers of %s can not be read, so nothing tells that its "
			 "memory is not in use",
			 c->address);
	finding_fix(finding, "see the kernel log, and whether its link is up: cxl-iso list --tree");
}

void assess_borrow(const struct host *host, const char *address, const struct borrow_state *state,
		   struct findings *findings)
{
	struct case_of c = {
		.host = host,
		.address = address,
		.function = host_function(host, address),
		.memdev = host_memdev_at(host, address),
		.state = state,
		.findings = findings,
	};

	check_host(&c);
	check_device(&c);
	check_driver(&c);
	check_override(&c);
	check_busy(&c);
	check_decoders(&c);
	check_count(&c);
	check_hardware(&c);
}

static struct step *add(struct step_list *list, enum step_kind kind, const char *address)
{
	struct step *step = list_add(list);

	step->kind = (int)kind;
	copy_text(step->object, sizeof(step->object), address);
	return step;
}

void plan_borrow(const char *address, struct plan *plan)
{
	struct step *down = add(&plan->down, STEP_UNBIND_FUNCTION, address);
	struct step *up = add(&plan->up, STEP_BIND_FUNCTION, address);

	copy_text(plan->operation, sizeof(plan->operation), "borrow");
	copy_text(plan->object, sizeof(plan->object), address);
	snprintf(down->text, sizeof(down->text), "take %s from " DRIVER, address);
	snprintf(up->text, sizeof(up->text), "give %s back to " DRIVER, address);
}
