// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/settings*.c, collect/ownership.c, exec/command.c: what changing a port's settings needs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/ownership.h"
#include "exec/command.h"
#include "model.h"
#include "policy/settings.h"
#include "policy/settings_text.h"
#include "regs/isolation.h"
#include "regs/timeout.h"
#include "support.h"
#include "sys/stop.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define MEM	     ISOLATION_MEM
#define CACHE	     ISOLATION_CACHE
#define VALUE	     ISOLATION_CONTROL_VALUE
#define TIMEOUT	     ISOLATION_CONTROL_TIMEOUT
#define ISOLATION    ISOLATION_CONTROL_ISOLATION
#define LINK_DOWN    ISOLATION_CONTROL_LINK_DOWN
#define ERR_COR	     ISOLATION_CONTROL_ERR_COR
#define ALL	     0x060f1f1fu /* a capability that has all there is */
#define B2	     0x6u
#define IN_USE_FIRST "decoder-committed "

/* A port with the capability, registers mapped. */
static struct root_port *give(struct host *host, const char *address, uint32_t capability,
			      uint32_t control, uint32_t status)
{
	struct root_port *port = root_port_of(host, address);

	port->isolation = ISOLATION_PRESENT;
	port->capability = capability;
	port->control = control;
	port->status = status;
	port->capability_known = port->control_known = port->status_known = UINT32_MAX;
	port->armed_by = ARMED_BY_US;
	strcpy(port->backend, "mmio");
	return port;
}

/* The ids found, separated by spaces, in order; "!" before one that forbids to go on. */
static void check_ids(const struct findings *findings, const char *expected)
{
	char got[1024] = "";
	size_t used = 0;

	list_each(finding, &findings->list) {
		bool forbids = finding->severity <= SEVERITY_LOSES && !finding->overridden;

		assert_true(finding->evidence[0] && finding->fix[0] && finding->object[0]);
		used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%s%s", used ? " " : "",
					 forbids ? "!" : "", finding->id);
	}
	if (strcmp(got, expected) != 0)
		fail_msg("found \"%s\" instead of \"%s\"", got, expected);
	assert_int_equal(findings_refusal(findings) != NULL, strchr(expected, '!') != NULL);
}

static void check_forced(const struct host *host, const char *address, uint32_t mask,
			 uint32_t value, const char *const *force, const char *expected)
{
	const struct consent consent = {force, false};
	const struct setting setting = {host_root_port(host, address), mask, value};
	cleanup_findings struct findings findings = {0};

	assess_setting(host, &setting, force ? &consent : NULL, &findings);
	check_ids(&findings, expected);
}

static void check_setting(const struct host *host, uint32_t mask, uint32_t value,
			  const char *expected)
{
	check_forced(host, PORT_A, mask, value, NULL, expected);
}

#define FORCE(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Every id but those of setting_rules, and things that are no ids. */
static const char *const others[] = {
	"no-capability",
	"capability-unknown",
	"range-not-supported",
	"not-supported",
	"not-privileged",
	"decoder-committed",
	"memory-online",
	"dax-bound",
	"region-active",
	"devdax-in-use",
	"rp-busy",
	"unnoticed",
	"port-isolated",
	"",
	"all",
	"link-down-unproven",
	NULL,
};

/* Through a picture that is freed at the end; a region below port A if @busy. */
#define WITH_HOST(host, busy)                \
	cleanup_host struct host host = {0}; \
	(void)state;                         \
	(busy) ? model_devdax(&(host)) : model_idle(&(host))

static void test_no_capability(void **state)
{
	WITH_HOST(host, false);
	struct root_port *port = root_port_of(&host, PORT_A);

	check_setting(&host, TIMEOUT(MEM), TIMEOUT(MEM), "!no-capability");
	check_setting(&host, 0, 0, "!no-capability");
	check_forced(&host, PORT_A, TIMEOUT(MEM), TIMEOUT(MEM), others, "!no-capability");
	port->isolation = ISOLATION_UNKNOWN;
	check_setting(&host, TIMEOUT(MEM), TIMEOUT(MEM), "!capability-unknown");
	check_forced(&host, PORT_A, TIMEOUT(MEM), 0, others, "!capability-unknown");
	host.privileged = false;
	check_setting(&host, TIMEOUT(MEM), 0, "!not-privileged !capability-unknown");
	give(&host, PORT_A, ALL, 0, 0);
	check_setting(&host, TIMEOUT(MEM), 0, "!not-privileged");
}

static void test_ranges(void **state)
{
	WITH_HOST(host, false);

	for (int p = 0; p < ISOLATION_PROTOCOLS; p++)
		for (uint32_t ranges = 0; ranges < 16; ranges++)
			for (uint32_t value = 0; value < 16; value++) {
				const struct timeout *timeout = timeout_by_value(value);
				uint32_t shifted = value << ISOLATION_CONTROL_VALUE_SHIFT(p);

				give(&host, PORT_A,
				     TIMEOUT(p) | ranges << ISOLATION_CONTROL_VALUE_SHIFT(p), 0, 0);
				check_setting(&host, VALUE(p), shifted,
					      timeout && timeout_usable(timeout, ranges)
						      ? ""
						      : "!range-not-supported");
				/* What is there already is no change, even if it can not be. */
				root_port_of(&host, PORT_A)->control = shifted;
				check_setting(&host, VALUE(p), shifted, "");
			}
	give(&host, PORT_A, ALL & ~8u, 0, 0);
	check_forced(&host, PORT_A, VALUE(MEM), 0xd, others, "!range-not-supported");
}

static void test_range_texts(void **state)
{
	WITH_HOST(host, false);
	const struct setting d1 = {give(&host, PORT_A, 0x13, 0, 0), VALUE(MEM), 0xd};
	const struct setting reserved = {give(&host, PORT_B, 0x1000, 0, 0), VALUE(CACHE), 0x300};
	cleanup_findings struct findings findings = {0};

	assess_setting(&host, &d1, NULL, &findings);
	assess_setting(&host, &reserved, NULL, &findings);
	assert_int_equal(findings.list.count, 2);
	assert_string_equal(findings.list.items[0].evidence,
			    PORT_A " does not support the CXL.mem timeout D1");
	assert_string_equal(findings.list.items[0].fix, "ranges it supports: AB, and the default");
	assert_string_equal(findings.list.items[1].evidence,
			    PORT_B " does not support the CXL.cache timeout of that value");
	assert_string_equal(findings.list.items[1].fix,
			    "ranges it supports: none, and the default");
}

/* Each enable needs its "supported" bit to be set, and none to be cleared. */
static void test_support(void **state)
{
	static const uint32_t enables[] = {
		TIMEOUT(MEM),	TIMEOUT(CACHE),	  ISOLATION(MEM), ISOLATION(CACHE),
		LINK_DOWN(MEM), LINK_DOWN(CACHE), ERR_COR,
	};
	WITH_HOST(host, false);

	for (size_t i = 0; i < ARRAY_SIZE(enables); i++) {
		bool arms = enables[i] & (ISOLATION(MEM) | ISOLATION(CACHE));

		give(&host, PORT_A, ALL & ~enables[i], 0, 0);
		check_setting(&host, enables[i], enables[i],
			      arms ? "!not-supported unnoticed" : "!not-supported");
		check_forced(&host, PORT_A, enables[i], enables[i], others,
			     arms ? "!not-supported unnoticed" : "!not-supported");
		check_setting(&host, enables[i], 0, "");
		give(&host, PORT_A, enables[i], 0, 0);
		check_setting(&host, enables[i], enables[i], arms ? "unnoticed" : "");
		root_port_of(&host, PORT_A)->control = enables[i];
		check_setting(&host, enables[i], 0, "");
	}
	give(&host, PORT_A, 0, 0, 0);
	check_setting(&host, 0x000f1010, 0x000f1010,
		      "!not-supported !not-supported !not-supported !not-supported !not-supported "
		      "!not-supported unnoticed");
}

/* Where only the kernel's attributes can be read, what it can is for the kernel to say. */
static void test_unknown_capability(void **state)
{
	WITH_HOST(host, false);
	struct root_port *port = give(&host, PORT_A, 0, 0, 0);

	port->capability_known = 0;
	port->control_known = VALUE(MEM) | TIMEOUT(MEM) | ISOLATION(MEM);
	port->status_known = 0;
	strcpy(port->backend, "sysfs-2025");
	check_setting(&host, VALUE(MEM) | TIMEOUT(MEM), B2 | TIMEOUT(MEM), "");
	check_setting(&host, ISOLATION(MEM), ISOLATION(MEM), "");
	check_setting(&host, VALUE(MEM), 3, "!range-not-supported");
	/* Half of it known. */
	port->capability = TIMEOUT(MEM) | 3;
	port->capability_known = TIMEOUT(MEM) | VALUE(MEM);
	check_setting(&host, VALUE(MEM), B2, "");
	check_setting(&host, VALUE(MEM), 9, "!range-not-supported");
}

static void test_too_short(void **state)
{
	const char *const *force = FORCE("timeout-too-short");
	WITH_HOST(host, true);

	for (uint32_t value = 0; value < 16; value++) {
		if (!timeout_by_value(value))
			continue;
		give(&host, PORT_A, ALL, ISOLATION(MEM), 0);
		check_setting(&host, VALUE(MEM) | TIMEOUT(MEM), value | TIMEOUT(MEM),
			      value <= 1 ? "!timeout-too-short" : "");
		check_forced(&host, PORT_A, VALUE(MEM) | TIMEOUT(MEM), value | TIMEOUT(MEM), force,
			     value <= 1 ? "timeout-too-short" : "");
		/* The range alone while the timeout is off, and while it is on. */
		root_port_of(&host, PORT_A)->control = ISOLATION(MEM) | B2;
		check_setting(&host, VALUE(MEM), value, "");
		root_port_of(&host, PORT_A)->control |= TIMEOUT(MEM);
		check_setting(&host, VALUE(MEM), value, value <= 1 ? "!timeout-too-short" : "");
		check_setting(&host, VALUE(MEM) | TIMEOUT(MEM), value, "");
		/* The enable alone. */
		root_port_of(&host, PORT_A)->control = ISOLATION(MEM) | value;
		check_setting(&host, TIMEOUT(MEM), TIMEOUT(MEM),
			      value <= 1 ? "!timeout-too-short" : "");
		root_port_of(&host, PORT_A)->control |= TIMEOUT(MEM);
		check_setting(&host, TIMEOUT(MEM), TIMEOUT(MEM), "");
		check_setting(&host, ERR_COR, ERR_COR, "");
	}
	give(&host, PORT_A, ALL, ISOLATION(CACHE), 0);
	check_setting(&host, TIMEOUT(CACHE), TIMEOUT(CACHE), "!timeout-too-short");
	/* Below another port nothing is in use. */
	give(&host, PORT_B, ALL, 0, 0);
	check_forced(&host, PORT_B, TIMEOUT(MEM), TIMEOUT(MEM), NULL, "");
}

static void test_without_isolation(void **state)
{
	const char *const *force = FORCE("timeout-without-isolation");
	WITH_HOST(host, true);

	for (int p = 0; p < ISOLATION_PROTOCOLS; p++) {
		uint32_t b2 = B2 << ISOLATION_CONTROL_VALUE_SHIFT(p);

		give(&host, PORT_A, ALL, b2, 0);
		check_setting(&host, TIMEOUT(p), TIMEOUT(p), "!timeout-without-isolation");
		check_forced(&host, PORT_A, TIMEOUT(p), TIMEOUT(p), force,
			     "timeout-without-isolation");
		check_forced(&host, PORT_A, TIMEOUT(p), TIMEOUT(p), others,
			     "!timeout-without-isolation");
		give(&host, PORT_A, ALL, b2 | ISOLATION(p), 0);
		check_setting(&host, TIMEOUT(p), TIMEOUT(p), "");
		give(&host, PORT_A, ALL, b2 | ISOLATION(!p), 0);
		check_setting(&host, TIMEOUT(p), TIMEOUT(p), "!timeout-without-isolation");
		give(&host, PORT_A, ALL, b2 | TIMEOUT(p), 0);
		check_setting(&host, TIMEOUT(p), TIMEOUT(p), "");
		check_setting(&host, TIMEOUT(p), 0, "");
	}
	give(&host, PORT_A, ALL, 0, 0);
	check_setting(&host, TIMEOUT(MEM), TIMEOUT(MEM),
		      "!timeout-too-short !timeout-without-isolation");
	check_forced(&host, PORT_A, TIMEOUT(MEM), TIMEOUT(MEM), force,
		     "!timeout-too-short timeout-without-isolation");
	check_forced(&host, PORT_A, TIMEOUT(MEM), TIMEOUT(MEM),
		     FORCE("timeout-too-short", "timeout-without-isolation"),
		     "timeout-too-short timeout-without-isolation");
	model_forget_regions(&host);
}

static void test_quiesced(void **state)
{
	static const char *const every[] = {"timeout-too-short", "timeout-without-isolation",
					    "firmware-armed",	 "decoder-committed",
					    "dax-bound",	 "region-active",
					    "memory-online",	 NULL};
	WITH_HOST(host, false);
	uint32_t iso[] = {ISOLATION(MEM), ISOLATION(CACHE)};

	for (size_t i = 0; i < ARRAY_SIZE(iso); i++) {
		give(&host, PORT_A, ALL, ERR_COR, 0);
		check_setting(&host, iso[i], iso[i], "");
	}
	model_region(&host, "region0", "mem0", WINDOW_0);
	for (size_t i = 0; i < ARRAY_SIZE(iso); i++) {
		give(&host, PORT_A, ALL, ERR_COR, 0);
		check_setting(&host, iso[i], 0, "");
		check_setting(&host, iso[i], iso[i],
			      "!decoder-committed !decoder-committed !region-active");
		check_forced(&host, PORT_A, iso[i], iso[i], every,
			     "!decoder-committed !decoder-committed !region-active");
		root_port_of(&host, PORT_A)->control |= iso[i];
		check_setting(&host, iso[i], 0,
			      "!decoder-committed !decoder-committed !region-active");
		check_setting(&host, iso[i], iso[i], "");
	}
	model_dax(&host, "dax0.0", "region0", DAX_DEVDAX);
	model_user(&host, "dax0.0", 7, "qemu", MIB);
	check_setting(&host, iso[1], 0,
		      "!decoder-committed !decoder-committed !dax-bound !region-active "
		      "!devdax-in-use");
	model_blocks(&host, WINDOW_0, DEVICE_SIZE, "online", "Movable");
	give(&host, PORT_A, ALL, ERR_COR, 0);
	{
		const struct setting setting = {host_root_port(&host, PORT_A), iso[0], iso[0]};
		cleanup_findings struct findings findings = {0};
		bool online = false;

		assess_setting(&host, &setting, NULL, &findings);
		list_each(finding, &findings.list)
			online |= strcmp(finding->id, "memory-online") == 0;
		assert_true(online);
	}
	/* Elsewhere nothing is in use, and what is no master needs no quiet. */
	give(&host, PORT_C, ALL, ERR_COR, 0);
	check_forced(&host, PORT_C, iso[0], iso[0], NULL, "");
	check_setting(&host, LINK_DOWN(MEM) | ERR_COR, LINK_DOWN(MEM), "");
}

static void test_firmware(void **state)
{
	WITH_HOST(host, false);

	for (int armed_by = ARMED_BY_NOBODY; armed_by <= ARMED_BY_UNKNOWN; armed_by++) {
		bool ours = armed_by == ARMED_BY_US;

		give(&host, PORT_A, ALL, ISOLATION(MEM) | ERR_COR, 0)->armed_by = armed_by;
		check_setting(&host, ISOLATION(MEM), 0, ours ? "" : "!firmware-armed");
		check_forced(&host, PORT_A, ISOLATION(MEM), 0, FORCE("firmware-armed"),
			     ours ? "" : "firmware-armed");
		check_forced(&host, PORT_A, ISOLATION(MEM), 0, others,
			     ours ? "" : "!firmware-armed");
		check_setting(&host, ISOLATION(MEM), ISOLATION(MEM), "");
		check_setting(&host, ISOLATION(CACHE), ISOLATION(CACHE), "");
		check_setting(&host, LINK_DOWN(MEM), LINK_DOWN(MEM), "");
		check_setting(&host, VALUE(MEM) | TIMEOUT(MEM), B2, "");
	}
}

static void test_unnoticed(void **state)
{
	WITH_HOST(host, false);
	struct root_port *port = give(&host, PORT_A, ALL, 0, 0);

	check_setting(&host, ISOLATION(MEM), ISOLATION(MEM), "unnoticed");
	check_setting(&host, ISOLATION(CACHE), ISOLATION(CACHE), "unnoticed");
	check_setting(&host, ISOLATION(MEM) | ERR_COR, ISOLATION(MEM) | ERR_COR, "");
	port->control = ERR_COR;
	check_setting(&host, ISOLATION(MEM), ISOLATION(MEM), "");
	check_setting(&host, ISOLATION(MEM) | ERR_COR, ISOLATION(MEM), "unnoticed");
	port->control = ISOLATION_CONTROL_INTERRUPT;
	check_setting(&host, ISOLATION(MEM), ISOLATION(MEM), "");
	port->control = ISOLATION(MEM);
	check_setting(&host, ISOLATION(MEM), 0, "");
	check_setting(&host, ISOLATION(MEM), ISOLATION(MEM), "");
	port->control = 0;
	strcpy(port->backend, "sysfs-2025");
	check_setting(&host, ISOLATION(MEM), ISOLATION(MEM), "");
}

static void test_rule_names(void **state)
{
	(void)state;
	assert_string_equal(setting_rules[0], "timeout-too-short");
	assert_string_equal(setting_rules[1], "timeout-without-isolation");
	assert_string_equal(setting_rules[2], "firmware-armed");
	assert_null(setting_rules[3]);
}

/* ---- clearing ---- */

/* Without the findings that only tell of the link. */
static void check_clear(const struct host *host, uint32_t mask, const char *expected)
{
	cleanup_findings struct findings findings = {0};
	size_t kept = 0;

	assess_clear(host, host_root_port(host, PORT_A), mask, &findings);
	list_each(finding, &findings.list)
		if (!starts_with(finding->id, "link-down-"))
			findings.list.items[kept++] = *finding;
	findings.list.count = kept;
	check_ids(&findings, expected);
}

static void test_clear(void **state)
{
	WITH_HOST(host, false);

	check_clear(&host, 0, "!no-capability");
	root_port_of(&host, PORT_A)->isolation = ISOLATION_UNKNOWN;
	check_clear(&host, 0x101, "!capability-unknown");
	for (uint32_t status = 0; status < 0x8000; status++) {
		bool isolated = status & 0x1100, busy = status & ISOLATION_STATUS_RP_BUSY;

		if (status & ISOLATION_STATUS_RESERVED)
			continue;
		give(&host, PORT_A, ALL, 0, status);
		check_clear(&host, ISOLATION_STATUS_RW1C, isolated && busy ? "!rp-busy" : "");
		check_clear(&host, 0x11, "");
		check_clear(&host, 0x100, status & 0x100 && busy ? "!rp-busy" : "");
		check_clear(&host, 0x1000, status & 0x1000 && busy ? "!rp-busy" : "");
		check_clear(&host, 0, "");
	}
	host.privileged = false;
	check_clear(&host, 0, "!not-privileged");
}

static void test_clear_in_use(void **state)
{
	static const char in_use[] = "!decoder-committed !decoder-committed !dax-bound "
				     "!region-active";
	WITH_HOST(host, true);

	for (uint32_t status = 0; status < 0x4000; status++) {
		if (status & ISOLATION_STATUS_RESERVED)
			continue;
		give(&host, PORT_A, ALL, 0, status);
		check_clear(&host, status, status & 0x1100 ? in_use : "");
		check_clear(&host, status & 0x11, "");
	}
	give(&host, PORT_A, ALL, 0, 0x4100);
	check_clear(&host, 0x100,
		    "!rp-busy !decoder-committed !decoder-committed !dax-bound !region-active");
}

/* The fresh look right before the write. */
static void test_fresh_look(void **state)
{
	WITH_HOST(host, true);
	cleanup_findings struct findings below = {0}, elsewhere = {0};

	assess_quiesced(&host, host_root_port(&host, PORT_A), &below);
	check_ids(&below, "!decoder-committed !decoder-committed !dax-bound !region-active");
	assess_quiesced(&host, host_root_port(&host, PORT_B), &elsewhere);
	check_ids(&elsewhere, "");
}

/* ---- plans ---- */

static void check_step(const struct plan *plan, int kind, uint32_t mask, uint32_t value,
		       const char *text)
{
	const struct step *step = &plan->down.items[plan->down.count - 1];

	assert_int_equal(step->kind, kind);
	assert_string_equal(step->object, PORT_A);
	assert_int_equal(step->mask, mask);
	assert_int_equal(step->value, value);
	assert_string_equal(step->text, text);
}

static void test_plan_setting(void **state)
{
	static const struct {
		uint32_t control, mask, value;
		const char *text;
	} cases[] = {
		{0, 0xf, 6, "set MemRange=B2"},
		{0x1f, 0xf, 0, "set MemRange=default"},
		{0xffff, 0xf, 3, "set MemRange=reserved(0x3)"},
		{0, 0x1f, 0x1e, "set MemTimeout+ MemRange=D2"},
		{0x10, 0x10, 0, "set MemTimeout-"},
		{0, 0x1f00, 0x1500, "set CacheTimeout+ CacheRange=B1"},
		{0, 0x10000, 0x10000, "set MemIso+"},
		{0x50000, 0x30000, 0x20000, "set MemIso- MemIsoLnkDn+"},
		{0, 0x020c0000, 0x02080000, "set CacheIso- CacheIsoLnkDn+ ErrCor+"},
		{0, 0x020f1f1f, 0x020f1e1d,
		 "set MemTimeout+ MemIso+ MemIsoLnkDn+ MemRange=D1 CacheTimeout+ CacheIso+ "
		 "CacheIsoLnkDn+ CacheRange=D2 ErrCor+"},
		/* Bits that are not in the mask are not in the step. */
		{0, 0x10, 0xffffffff, "set MemTimeout+"},
	};
	WITH_HOST(host, false);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct setting setting = {give(&host, PORT_A, ALL, cases[i].control, 0),
						cases[i].mask, cases[i].value};
		cleanup_plan struct plan plan = {0};
		char text[256];

		plan_setting(&setting, &plan);
		plan_setting(&setting, &plan);
		assert_int_equal(plan.down.count, 2);
		assert_int_equal(plan.up.count, 0);
		snprintf(text, sizeof(text), PORT_A ": %s", cases[i].text);
		check_step(&plan, STEP_SET_CONTROL, cases[i].mask, cases[i].value & cases[i].mask,
			   text);
	}
}

static void test_plan_clear(void **state)
{
	static const struct {
		uint32_t mask;
		const char *text;
	} cases[] = {
		{0x1, "clear MemTimeout"},
		{0x101, "clear MemTimeout MemIso"},
		{0x300, "clear MemIso MemIsoLnkDn"},
		{0x3311, "clear MemTimeout MemIso MemIsoLnkDn CacheTimeout CacheIso "
			 "CacheIsoLnkDn"},
		{0, "nothing to clear"},
	};
	WITH_HOST(host, false);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_plan struct plan plan = {0};
		char text[256];

		plan_clear(host_root_port(&host, PORT_A), cases[i].mask, &plan);
		snprintf(text, sizeof(text), PORT_A ": %s", cases[i].text);
		check_step(&plan, STEP_CLEAR_STATUS, cases[i].mask, 0, text);
	}
}

/* ---- text ---- */

/* Every control that a capability allows: the settings as text say the same. */
static void check_round_trip(struct root_port *port, uint32_t settable)
{
	for (uint32_t control = settable;; control = (control - 1) & settable) {
		char text[SETTINGS_TEXT];
		struct settings_line line;
		struct error err = {0};
		bool reserved =
			!timeout_by_value(control & 0xf) || !timeout_by_value(control >> 8 & 0xf);

		port->control = control;
		settings_format(text, port);
		assert_true(strlen(text) < SETTINGS_TEXT - 1);
		check_error(settings_parse(text, &line, &err), 0, &err, "", "");
		assert_string_equal(line.address, port->address);
		assert_int_equal(line.value, control & line.mask);
		if (!reserved)
			assert_int_equal(line.mask, settable);
		else
			assert_int_equal(line.mask & ~settable, 0);
		if (!control)
			break;
	}
}

static void test_round_trip(void **state)
{
	static const uint32_t capabilities[] = {ALL,	    0x010011, 0x10,	  0x1006,
						0x00030000, 0,	      0x02000000, 0x04000000};
	WITH_HOST(host, false);

	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		uint32_t capability = capabilities[i];
		uint32_t settable = capability & 0x020f1010;

		for (int p = 0; p < ISOLATION_PROTOCOLS; p++)
			if (capability & TIMEOUT(p))
				settable |= VALUE(p);
		check_round_trip(give(&host, PORT_A, capability, 0, 0), settable);
	}
}

static void test_format(void **state)
{
	WITH_HOST(host, false);
	char text[SETTINGS_TEXT];

	settings_format(text, give(&host, PORT_A, ALL, 0x02031916, 0));
	assert_string_equal(text, PORT_A " mem-range=B2 cache-range=C1 mem-timeout=on "
					 "mem-isolation=on mem-link-down=on cache-timeout=on "
					 "cache-isolation=off cache-link-down=off err-cor=on");
	settings_format(text, give(&host, PORT_A, 0x11, 0x3, 0));
	assert_string_equal(text, PORT_A " mem-timeout=off");
	settings_format(text, give(&host, PORT_A, 0, 0, 0));
	assert_string_equal(text, PORT_A);
}

static void check_line(const char *text, const char *address, uint32_t mask, uint32_t value)
{
	char copy[256];
	struct settings_line line;
	struct error err = {0};

	snprintf(copy, sizeof(copy), "%s", text);
	check_error(settings_parse(copy, &line, &err), 0, &err, "", "");
	assert_string_equal(line.address, address);
	assert_int_equal(line.mask, mask);
	assert_int_equal(line.value, value);
}

static void test_parse(void **state)
{
	(void)state;
	check_line("", "", 0, 0);
	check_line("\n", "", 0, 0);
	check_line(" \t \r\n", "", 0, 0);
	check_line("# " PORT_A " mem-range=B2\n", "", 0, 0);
	check_line("   # nothing", "", 0, 0);
	check_line(PORT_A "\n", PORT_A, 0, 0);
	check_line(PORT_A " mem-range=B2\n", PORT_A, 0xf, 6);
	check_line("\t" PORT_A "\tmem-range=b2  mem-timeout=on\r\n", PORT_A, 0x1f, 0x16);
	check_line(PORT_A " mem-range=d#2", PORT_A, 0xf, 0xd);
	check_line(PORT_A " cache-range=a cache-timeout=off # mem-timeout=on\n", PORT_A, 0x1f00,
		   0x100);
	check_line(PORT_A " err-cor=on mem-isolation=off mem-link-down=on", PORT_A, 0x02030000,
		   0x02020000);
	check_line(PORT_A " cache-isolation=on cache-link-down=off", PORT_A, 0x000c0000,
		   0x00040000);
	check_line(PORT_A " mem-range=default", PORT_A, 0xf, 0);
}

static void test_parse_errors(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{PORT_A " mem-range", "\"mem-range\": expected KEY=VALUE"},
		{PORT_A " on", "\"on\": expected KEY=VALUE"},
		{PORT_A " =on", "there is no setting \"\""},
		{PORT_A " mem-range=E1",
		 "mem-range=E1: expected default, A1, A2, B1, B2, C1, C2, D1 or D2"},
		{PORT_A " cache-range=",
		 "cache-range=: expected default, A1, A2, B1, B2, C1, C2, D1 or D2"},
		{PORT_A " mem-timeout=1", "mem-timeout=1: expected on or off"},
		{PORT_A " mem-timeout=ON", "mem-timeout=ON: expected on or off"},
		{PORT_A " err-cor=", "err-cor=: expected on or off"},
		{PORT_A " interrupt=on", "there is no setting \"interrupt\""},
		{PORT_A " Mem-range=B2", "there is no setting \"Mem-range\""},
		{PORT_A " mem-range=B2 mem-range=B2", "mem-range is there twice"},
		{PORT_A " mem-range=default mem-range=B2", "mem-range is there twice"},
		{PORT_A " cache-range=A1 mem-range=A1 cache-range=A1",
		 "cache-range is there twice"},
		{PORT_A " err-cor=off err-cor=on", "err-cor is there twice"},
		{PORT_A " mem-timeout=on mem-timeout=x", "mem-timeout is there twice"},
		{"mem-range=B2", "\"mem-range=B2\" is no PCI address"},
		{"0000:0c:00.0,mem-range=B2mem-range=B2mem-range=B2mem-range=B2mem-range=B2"
		 "mem-range=B2mem-range=B2",
		 "\"0000:0c:00.0,mem-ran...\" is no PCI address"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char copy[256];
		struct settings_line line;
		struct error err = {0};

		strcpy(copy, cases[i].line);
		/* Whether a word without '=' can be a port is for whoever looks for the port. */
		if (starts_with(copy, "mem-range") && !settings_parse(copy, &line, &err))
			continue;
		strcpy(copy, cases[i].line);
		err = (struct error){0};
		check_error(settings_parse(copy, &line, &err), -EINVAL, &err, cases[i].text, "");
	}
}

/* ---- who armed it ---- */

static int with_run(void **state)
{
	tree_setup(state);
	tree_directory(*state, "/run");
	return 0;
}

static void check_ownership(struct tree *tree, uint32_t control, const char *backend,
			    enum armed_by expected)
{
	assert_string_equal(armed_by_names[ownership_of(&tree->sys, PORT_A, control, backend)],
			    armed_by_names[expected]);
}

static void test_ownership(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};

	check_ownership(tree, 0, "mmio", ARMED_BY_NOBODY);
	check_ownership(tree, 0x020a1f1f, "mmio", ARMED_BY_NOBODY);
	check_ownership(tree, ISOLATION(MEM), "mmio", ARMED_BY_UNKNOWN);
	check_ownership(tree, ISOLATION(CACHE), "mmio", ARMED_BY_UNKNOWN);
	check_ownership(tree, ISOLATION(MEM), "sysfs-2025", ARMED_BY_KERNEL);
	check_ownership(tree, 0, "sysfs-2025", ARMED_BY_NOBODY);

	assert_int_equal(ownership_note_found(&tree->sys, PORT_A, ISOLATION(MEM) | 6, &err), 0);
	check_file(tree, "0x00010006\n", "/run/cxl-iso/found-" PORT_A);
	check_ownership(tree, ISOLATION(MEM), "mmio", ARMED_BY_FIRMWARE);
	check_ownership(tree, ISOLATION(MEM), "sysfs-2024", ARMED_BY_KERNEL);
	check_ownership(tree, 0, "mmio", ARMED_BY_NOBODY);
	assert_int_equal(ownership_of(&tree->sys, PORT_B, ISOLATION(MEM), "mmio"),
			 ARMED_BY_UNKNOWN);
	/* The first time only. */
	assert_int_equal(ownership_note_found(&tree->sys, PORT_A, 0, &err), 0);
	check_file(tree, "0x00010006\n", "/run/cxl-iso/found-" PORT_A);
}

static void test_ownership_of_ours(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};

	assert_int_equal(ownership_note_found(&tree->sys, PORT_A, 0, &err), 0);
	check_ownership(tree, ISOLATION(MEM), "mmio", ARMED_BY_UNKNOWN);
	assert_int_equal(ownership_note_ours(&tree->sys, PORT_A, ISOLATION(MEM), &err), 0);
	check_file(tree, "0x00010000\n", "/run/cxl-iso/ours-" PORT_A);
	check_ownership(tree, ISOLATION(MEM), "mmio", ARMED_BY_US);
	check_ownership(tree, ISOLATION(MEM) | 6, "sysfs-2025", ARMED_BY_US);
	check_ownership(tree, 0, "mmio", ARMED_BY_NOBODY);
	assert_int_equal(ownership_note_ours(&tree->sys, PORT_A, 0, &err), 0);
	check_ownership(tree, ISOLATION(MEM), "mmio", ARMED_BY_UNKNOWN);
	check_error(0, 0, &err, "", "");
}

/* One master armed by us does not make the other ours. */
static void test_ownership_by_protocol(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(ownership_note_found(&tree->sys, PORT_A, ISOLATION(MEM), NULL), 0);
	assert_int_equal(ownership_note_ours(&tree->sys, PORT_A, ISOLATION(CACHE), NULL), 0);
	check_ownership(tree, ISOLATION(CACHE), "mmio", ARMED_BY_US);
	check_ownership(tree, ISOLATION(MEM) | ISOLATION(CACHE), "mmio", ARMED_BY_FIRMWARE);
}

static void test_ownership_not_noted(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};

	tree_file(tree, "soon", "/run/cxl-iso/ours-" PORT_A);
	tree_file(tree, "", "/run/cxl-iso/found-" PORT_A);
	check_ownership(tree, ISOLATION(MEM), "mmio", ARMED_BY_UNKNOWN);
	tree_remove(tree);
	assert_true(ownership_note_ours(&tree->sys, PORT_A, 0, &err) < 0);
	assert_true(starts_with(err.text, "cannot create /"));
}

/* ---- running a command ---- */

static int run_shell(const char *script)
{
	const char *command[] = {"sh", "-c", script, "sh", "--json", "a  b", NULL};
	struct error err = {0};
	int status = command_run(command, &err);

	check_error(0, 0, &err, "", "");
	return status;
}

static void test_command_status(void **state)
{
	(void)state;
	assert_int_equal(run_shell("exit 0"), 0);
	assert_int_equal(run_shell("exit 7"), 7);
	assert_int_equal(run_shell("exit 255"), 255);
	assert_int_equal(run_shell("kill -KILL $$"), 128 + SIGKILL);
	assert_int_equal(run_shell("kill -TERM $$"), 128 + SIGTERM);
	assert_int_equal(run_shell("kill -INT $$"), 128 + SIGINT);
	assert_int_equal(run_shell("kill -PIPE $$"), 128 + SIGPIPE);
	assert_int_equal(run_shell("test $# = 2 -a \"$1\" = --json -a \"$2\" = 'a  b'"), 0);
	/* It is another child that ends first. */
	assert_int_equal(run_shell("sleep 0.05 & kill -0 $! && exec sleep 0.15"), 0);
}

/* valgrind makes the child a process of its own: glibc is not told there why it failed to start. */
static bool starts_are_told(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return !preload || !strstr(preload, "vgpreload");
}

static void check_not_run(const char *name, const char *text)
{
	const char *command[] = {name, NULL};
	struct error err = {0};
	int status = command_run(command, &err);

	check_error(status, 127, &err, starts_are_told() ? text : "", "");
}

static void test_command_not_run(void **state)
{
	(void)state;
	check_not_run("/there/is/none", "cannot run /there/is/none: No such file or directory");
	check_not_run("there-is-none-of-that-name",
		      "cannot run there-is-none-of-that-name: No such file or directory");
	check_not_run("/etc/passwd", "cannot run /etc/passwd: Permission denied");
	check_not_run("", "cannot run : No such file or directory");
}

static int masked(int signal)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, signal);
}

static int mask_stays(void *context)
{
	(void)context;
	if (run_shell("exit 0") || masked(SIGCHLD) || masked(SIGINT))
		return 1;
	stop_on_signals();
	return run_shell("exit 0") || masked(SIGCHLD) || !masked(SIGINT) || stop_requested();
}

static int signals_are_default(void *context)
{
	(void)context;
	stop_on_signals();
	/* Blocked in us, SIGPIPE ignored; the command has them as any program does. */
	return run_shell("kill -TERM $$; exit 3") != 128 + SIGTERM ||
	       run_shell("kill -HUP $$; exit 3") != 128 + SIGHUP ||
	       run_shell("kill -PIPE $$; exit 3") != 128 + SIGPIPE;
}

/* The command sends it to us, and we back. */
static int passes_on(void *context)
{
	char script[128];

	(void)context;
	stop_on_signals();
	for (int i = 0; i < 3; i++) {
		int signal = (const int[]){SIGTERM, SIGINT, SIGHUP}[i];

		snprintf(script, sizeof(script), "kill -%d $PPID; exec sleep 20", signal);
		if (run_shell(script) != 128 + signal)
			return 1 + i;
		/* It was for the command, and is over. */
		if (stop_requested())
			return 10 + i;
		snprintf(script, sizeof(script),
			 "trap 'exit 5' %d; kill -%d $PPID; while :; do sleep 0.01; done", signal,
			 signal);
		if (run_shell(script) != 5)
			return 20 + i;
	}
	return 0;
}

/* As a parent may have left it: then the kernel reaps children itself. */
static int children_ignored(void *context)
{
	(void)context;
	signal(SIGCHLD, SIG_IGN);
	alarm(5);
	return run_shell("exit 7") != 7;
}

static int other_child(void *context)
{
	pid_t other = fork();

	(void)context;
	if (!other) {
		usleep(20000);
		_exit(9);
	}
	/* Its SIGCHLD is none of ours, and it stays to be waited for. */
	if (run_shell("sleep 0.1; exit 4") != 4)
		return 1;
	return waitpid(other, NULL, 0) == other ? 0 : 2;
}

static void test_command_signals(void **state)
{
	(void)state;
	assert_int_equal(in_child(mask_stays, NULL), 0);
	assert_int_equal(in_child(signals_are_default, NULL), 0);
	assert_int_equal(in_child(passes_on, NULL), 0);
	assert_int_equal(in_child(other_child, NULL), 0);
}

static void test_command_children_ignored(void **state)
{
	(void)state;
	assert_int_equal(in_child(children_ignored, NULL), 0);
}

#define WITH_RUN(test) cmocka_unit_test_setup_teardown(test, with_run, tree_teardown)

int main(void)
{
	static const struct CMUnitTest rules[] = {
		cmocka_unit_test(test_no_capability),	   cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_range_texts),	   cmocka_unit_test(test_support),
		cmocka_unit_test(test_unknown_capability), cmocka_unit_test(test_too_short),
		cmocka_unit_test(test_without_isolation),  cmocka_unit_test(test_quiesced),
		cmocka_unit_test(test_firmware),	   cmocka_unit_test(test_unnoticed),
		cmocka_unit_test(test_rule_names),	   cmocka_unit_test(test_clear),
		cmocka_unit_test(test_clear_in_use),	   cmocka_unit_test(test_fresh_look),
		cmocka_unit_test(test_plan_setting),	   cmocka_unit_test(test_plan_clear),
	};
	static const struct CMUnitTest text[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_errors),
	};
	static const struct CMUnitTest ownership[] = {
		WITH_RUN(test_ownership),
		WITH_RUN(test_ownership_of_ours),
		WITH_RUN(test_ownership_by_protocol),
		WITH_RUN(test_ownership_not_noted),
	};
	static const struct CMUnitTest command[] = {
		cmocka_unit_test(test_command_status),
		cmocka_unit_test(test_command_not_run),
		cmocka_unit_test(test_command_signals),
		cmocka_unit_test(test_command_children_ignored),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(rules, NULL, NULL);
	failed += cmocka_run_group_tests(text, NULL, NULL);
	failed += cmocka_run_group_tests(ownership, NULL, NULL);
	failed += cmocka_run_group_tests(command, NULL, NULL);
	return failed ? 1 : 0;
}
