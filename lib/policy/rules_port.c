/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules about the port, its reset, its isolation, and what hangs below it. */
#include "policy/rules.h"

#include "regs/isolation.h"

static void check_isolated_elsewhere(const struct subject *s)
{
	each_region_below(region, s) {
		const struct root_port *other = isolated_target(s->survey, region);
		struct finding *finding;

		if (!other)
			continue;
		finding = found(s, region->name);
		finding_evidence(finding,
				 "%s spans %s, which is in isolation: its memory has lost writes, "
				 "and reading it is a machine check",
				 region->name, other->address);
		finding_fix(finding, "see: cxl-iso assess %s --situation isolated",
			    s->port->address);
	}
}

void check_isolated(const struct subject *s)
{
	struct finding *finding;

	if (situation_of(s->port) != SITUATION_ISOLATED) {
		check_isolated_elsewhere(s);
		return;
	}
	finding = found(s, s->port->address);
	finding_evidence(finding,
			 "%s is in isolation: its memory has lost writes, and reading it is a "
			 "machine check",
			 s->port->address);
	finding_fix(finding,
		    "with System RAM online below it, reboot; else disable and destroy its "
		    "regions, then cxl-iso clear-isolation");
}

/* Clearing the status while it is busy is undefined behaviour (CXL 3.1 8.2.4.24.3). */
void check_rp_busy(const struct subject *s)
{
	struct finding *finding;

	if (situation_of(s->port) != SITUATION_ISOLATED ||
	    !(s->port->status & ISOLATION_STATUS_RP_BUSY))
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding, "%s still has outstanding transactions (RP Busy)",
			 s->port->address);
	finding_fix(finding, "wait until it is no longer busy; if it stays so, reboot");
}

/* In isolation, hot-plug may have taken what was below away already: nothing more is to be lost. */
/*
 * System RAM behind another port that is isolated is a machine check for whoever touches it, the
 * kernel included, and what is evacuated from here might be moved there.
 */
void check_isolated_ram(const struct subject *s)
{
	list_each(port, &s->host->root_ports) {
		struct finding *finding;

		if (port == s->port || situation_of(port) != SITUATION_ISOLATED ||
		    !survey_below(s->survey, port)->nodes.count)
			continue;
		finding = found(s, port->address);
		finding_evidence(finding,
				 "%s is in isolation, and memory behind it is online as System "
				 "RAM: pages could be moved there and be lost",
				 port->address);
		finding_fix(finding, "reboot; nothing takes that memory away from the kernel");
	}
}

void check_nothing_below(const struct subject *s)
{
	struct finding *finding;

	if (s->below->functions.count)
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding, "there is no device below %s", s->port->address);
	if (situation_of(s->port) == SITUATION_ISOLATED)
		finding_fix(finding,
			    "cxl-iso clear-isolation %s; then, to look for a device: echo 1 > "
			    "/sys/bus/pci/devices/%s/rescan",
			    s->port->address, s->port->address);
	else
		finding_fix(finding,
			    "nothing is to be recovered here; to look for a device that was added "
			    "run: echo 1 > /sys/bus/pci/devices/%s/rescan",
			    s->port->address);
}

void check_foreign_driver(const struct subject *s)
{
	each_function_below(function, s) {
		struct finding *finding;

		if (function->kind != FUNCTION_OTHER || !function->driver[0])
			continue;
		finding = found(s, function->address);
		finding_evidence(finding,
				 "%s is no CXL memory device and is driven by %s: the reset "
				 "would take it from its users",
				 function->address, function->driver);
		finding_fix(finding,
			    "stop its users, then: echo %s > "
			    "/sys/bus/pci/devices/%s/driver/unbind",
			    function->address, function->address);
	}
}

/* Left without a driver on purpose, perhaps for a guest: the rescan makes it a new device. */
void check_foreign_idle(const struct subject *s)
{
	each_function_below(function, s) {
		struct finding *finding;

		if (function->kind != FUNCTION_OTHER || function->driver[0])
			continue;
		finding = found(s, function->address);
		finding_evidence(
			finding,
			"%s has no driver now; after the reset Linux may bind one, and its "
			"driver_override is gone",
			function->address);
		finding_fix(finding, "set both again after the recovery");
	}
}

void check_no_reset_path(const struct subject *s)
{
	struct finding *finding;

	if (s->port->can_reset)
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding, "Linux %s can not reset the bus below %s", s->host->kernel,
			 s->port->address);
	finding_fix(finding, "use a kernel with reset_subordinate: 6.13 or later, or 6.12 stable");
}

void check_switch(const struct subject *s)
{
	each_function_below(function, s) {
		struct finding *finding;

		if (function->kind != FUNCTION_BRIDGE)
			continue;
		finding = found(s, function->address);
		finding_evidence(finding,
				 "%s is a switch; only a device right below its root port "
				 "can be recovered",
				 function->address);
		finding_fix(finding, "%s", reboot_by_hand(s));
		return;
	}
}

static bool present(const struct subject *s)
{
	return s->port->isolation == ISOLATION_PRESENT;
}

/* Of the control register; neither on nor off if it can not be told. */
static bool is_on(const struct subject *s, uint32_t bit)
{
	return present(s) && (s->port->control & s->port->control_known & bit);
}

static bool is_off(const struct subject *s, uint32_t bit)
{
	return present(s) && (~s->port->control & s->port->control_known & bit);
}

/* "Supported" is in the capability where the control register has the enable (8.2.4.24.1). */
static bool is_unsupported(const struct subject *s, uint32_t bit)
{
	return present(s) && (~s->port->capability & s->port->capability_known & bit);
}

#define ISOLATE ISOLATION_CONTROL_ISOLATION(ISOLATION_MEM)
#define TIMEOUT ISOLATION_CONTROL_TIMEOUT(ISOLATION_MEM)

/* Kernels that have an interface of their own to the capability keep the status to themselves. */
static bool status_unseen(const struct subject *s)
{
	return present(s) && situation_of(s->port) != SITUATION_ISOLATED &&
	       (~s->port->status_known & ISOLATION_STATUS_ANY_ISOLATED);
}

void check_isolation_unknown(const struct subject *s)
{
	struct finding *finding;

	if (s->port->isolation != ISOLATION_UNKNOWN && !status_unseen(s))
		return;
	finding = found(s, s->port->address);
	if (present(s)) {
		finding_evidence(finding,
				 "whether %s is in isolation now is unknown: its status can not "
				 "be read",
				 s->port->address);
		finding_fix(finding,
			    "see the kernel log; if it may be: cxl-iso assess %s --situation "
			    "isolated",
			    s->port->address);
		return;
	}
	finding_evidence(finding,
			 "whether %s can isolate is unknown: its registers can not be read",
			 s->port->address);
	finding_fix(finding, "run as root on a kernel that is not locked down");
}

void check_isolation_absent(const struct subject *s)
{
	struct finding *finding;

	if (s->port->isolation != ISOLATION_NONE && !is_unsupported(s, ISOLATE))
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding, "%s can not isolate: the loss of its link resets the host",
			 s->port->address);
	finding_fix(finding, "nothing can be set here: the platform does not offer it");
}

void check_isolation_off(const struct subject *s)
{
	struct finding *finding;

	if (!is_off(s, ISOLATE) || is_unsupported(s, ISOLATE))
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding, "isolation of %s is off: the loss of its link resets the host",
			 s->port->address);
	finding_fix(finding, "while its memory is not in use: cxl-iso enable-isolation %s",
		    s->port->address);
}

void check_isolation_by_firmware(const struct subject *s)
{
	struct finding *finding;

	if (!is_on(s, ISOLATE) || s->port->armed_by != ARMED_BY_FIRMWARE)
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding, "isolation of %s was armed by firmware, which may handle it too",
			 s->port->address);
	finding_fix(finding, "see what the platform does on an isolation before you change it");
}

void check_isolation_unnoticed(const struct subject *s)
{
	struct finding *finding;

	if (!is_on(s, ISOLATE) || strcmp(s->port->backend, "mmio") != 0 ||
	    (s->port->control & (ISOLATION_CONTROL_ERR_COR | ISOLATION_CONTROL_INTERRUPT)))
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding,
			 "nobody would notice an isolation of %s: no driver handles it and ERR_COR "
			 "is off, so writes would be dropped in silence",
			 s->port->address);
	if (is_unsupported(s, ISOLATION_CONTROL_ERR_COR))
		finding_fix(finding, "watch it: cxl-iso list %s", s->port->address);
	else
		finding_fix(finding, "cxl-iso enable-isolation --err-cor %s", s->port->address);
}

/* Memory that may be isolated should never be System RAM: an isolation is then a machine check. */
void check_isolation_with_ram(const struct subject *s)
{
	if (!is_on(s, ISOLATE))
		return;
	each_dax_below(view, s) {
		struct finding *finding;

		if (view->dax->mode != DAX_SYSTEM_RAM)
			continue;
		finding = found(s, view->dax->name);
		finding_evidence(finding,
				 "%s is System RAM behind a port that may isolate: an isolation "
				 "ends in machine checks and a reboot",
				 view->dax->name);
		finding_fix(finding, "use it as devdax: daxctl reconfigure-device -f -m devdax %s",
			    view->dax->name);
	}
}

void check_timeout_off(const struct subject *s)
{
	struct finding *finding;

	if (!is_off(s, TIMEOUT) || is_unsupported(s, TIMEOUT))
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding,
			 "%s has no CXL.mem timeout: a device that does not answer hangs "
			 "the host",
			 s->port->address);
	finding_fix(finding,
		    "once isolation is enabled: cxl-iso set-timeout --enable --at-least=1ms %s",
		    s->port->address);
}

/* The default and A1 may expire after 50 us (8.2.4.24.2). */
void check_timeout_too_short(const struct subject *s)
{
	unsigned int value =
		((uint32_t)s->port->control & ISOLATION_CONTROL_VALUE(ISOLATION_MEM)) >>
		ISOLATION_CONTROL_VALUE_SHIFT(ISOLATION_MEM);
	struct finding *finding;

	if (!is_on(s, TIMEOUT) || value > 1)
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding, "%s of %s may expire after 50 us, on a legal slow access",
			 value ? "timeout A1" : "the default timeout", s->port->address);
	finding_fix(finding, "cxl-iso set-timeout --at-least=1ms %s", s->port->address);
}

void check_timeout_without_isolation(const struct subject *s)
{
	struct finding *finding;

	if (!is_on(s, TIMEOUT) || !is_off(s, ISOLATE))
		return;
	finding = found(s, s->port->address);
	finding_evidence(finding,
			 "%s has the CXL.mem timeout on and isolation off: a slow access resets "
			 "the host",
			 s->port->address);
	finding_fix(finding,
		    "while its memory is not in use: cxl-iso enable-isolation %s; or: cxl-iso "
		    "set-timeout --disable %s",
		    s->port->address, s->port->address);
}
