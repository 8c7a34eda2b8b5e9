/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/guard.h"

#include <errno.h>
#include <string.h>

#include "collect/collect.h"
#include "policy/borrow.h"

static int refuse(const struct findings *findings, struct error *err)
{
	const struct finding *refusal = findings_refusal(findings);

	if (!refusal)
		return 0;
	fail(err, -EBUSY, "%s: %s", refusal->id, refusal->evidence);
	hint(err, "%s", refusal->fix);
	return -EBUSY;
}

int refuse_now(struct engine *engine, const char *port,
	       void (*judge)(const struct host *, const struct root_port *, struct findings *),
	       struct error *err)
{
	cleanup_findings struct findings findings = {0};
	cleanup_host struct host now = {0};
	const struct root_port *found;
	int rc = collect_host(engine->sys, &now, err);

	if (rc)
		return rc;
	found = host_root_port(&now, port);
	if (!found)
		return fail(err, -ENODEV, "root port %s is gone", port);
	judge(&now, found, &findings);
	return refuse(&findings, err);
}

#define FUNCTION "/sys/bus/pci/devices/%s"

/* Files that a kernel does not have leave "": the state of security and the loader of firmware of CXL
 * devices came with Linux 6.5. */
static void read_borrow_state(const struct sys *sys, const char *address, const char *memdev,
			      struct borrow_state *state)
{
	sys_link_name(sys, state->driver, sizeof(state->driver), FUNCTION "/driver", address);
	sys_read(sys, state->driver_override, sizeof(state->driver_override),
		 FUNCTION "/driver_override", address);
	if (strcmp(state->driver_override, "(null)") == 0)
		state->driver_override[0] = '\0';
	if (!memdev)
		return;
	sys_read(sys, state->security, sizeof(state->security),
		 "/sys/bus/cxl/devices/%s/security/state", memdev);
	sys_read(sys, state->firmware, sizeof(state->firmware), "/sys/class/firmware/%s/status",
		 memdev);
}

int judge_borrow(const struct sys *sys, const char *address, struct host *host,
		 struct findings *findings, struct error *err)
{
	struct borrow_state state = {0};
	const struct memdev *memdev;
	int rc = collect_host(sys, host, err);

	if (rc)
		return rc;
	memdev = host_memdev_at(host, address);
	read_borrow_state(sys, address, memdev ? memdev->name : NULL, &state);
	assess_borrow(host, address, &state, findings);
	return 0;
}

int refuse_borrow(struct engine *engine, const char *address, struct error *err)
{
	cleanup_findings struct findings findings = {0};
	cleanup_host struct host now = {0};
	int rc = judge_borrow(engine->sys, address, &now, &findings, err);

	return rc ? rc : refuse(&findings, err);
}
