/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/settings.h"

#include <stdio.h>

#include "policy/rules.h"
#include "regs/isolation.h"
#include "regs/timeout.h"
#include "sys/util.h"

const char *const setting_rules[] = {"timeout-too-short", "timeout-without-isolation",
				     "firmware-armed", NULL};

/* The bits that really change. */
static uint32_t changes(const struct setting *setting)
{
	return ((uint32_t)setting->port->control ^ setting->value) & setting->mask;
}

/* The register as it would become. */
static uint32_t result(const struct setting *setting)
{
	return ((uint32_t)setting->port->control & ~setting->mask) |
	       (setting->value & setting->mask);
}

static bool has_capability(const struct subject *s)
{
	struct finding *finding;

	if (s->port->isolation == ISOLATION_PRESENT)
		return true;
	if (s->port->isolation == ISOLATION_NONE) {
		finding = blocks(s, "no-capability", s->port->address);
		finding_evidence(finding, "%s has no Timeout & Isolation capability",
				 s->port->address);
		finding_fix(finding, "nothing can be set here: the platform does not offer it");
		return false;
	}
	finding = blocks(s, "capability-unknown", s->port->address);
	finding_evidence(finding, "whether %s has the capability can not be read",
			 s->port->address);
	finding_fix(finding,
		    "see whether the kernel is locked down: /sys/kernel/security/lockdown");
	return false;
}

static void check_ranges(const struct subject *s, const struct setting *setting,
			 enum isolation_protocol protocol)
{
	struct isolation_capability capability =
		isolation_capability_decode((uint32_t)s->port->capability);
	unsigned int value = (setting->value & ISOLATION_CONTROL_VALUE(protocol)) >>
			     ISOLATION_CONTROL_VALUE_SHIFT(protocol);
	const struct timeout *timeout = timeout_by_value(value);
	struct finding *finding;
	char ranges[5];

	if (!(changes(setting) & ISOLATION_CONTROL_VALUE(protocol)))
		return;
	if (timeout && timeout_usable(timeout, capability.protocols[protocol].ranges))
		return;
	if (timeout && ~s->port->capability_known & ISOLATION_CONTROL_VALUE(protocol))
		return;
	finding = blocks(s, "range-not-supported", s->port->address);
	finding_evidence(finding, "%s does not support the %s timeout %s", s->port->address,
			 isolation_protocol_names[protocol],
			 timeout ? timeout->name : "of that value");
	finding_fix(finding, "ranges it supports: %s, and the default",
		    timeout_ranges_text(ranges, capability.protocols[protocol].ranges));
}

/* Every enable may be set only if its "supported" bit, at the same place, is (8.2.4.24.2). */
static void check_support(const struct subject *s, const struct setting *setting)
{
	uint32_t missing = changes(setting) & setting->value & ISOLATION_CONTROL_ENABLES &
			   ~(uint32_t)s->port->capability & (uint32_t)s->port->capability_known;

	for (uint32_t bit = 1; bit; bit <<= 1) {
		struct finding *finding;

		if (!(missing & bit))
			continue;
		finding = blocks(s, "not-supported", s->port->address);
		finding_evidence(finding, "%s does not support %s", s->port->address,
				 isolation_enable_name(bit));
		finding_fix(finding, "cxl-iso list -v %s shows what it supports", s->port->address);
	}
}

/* Anything below that may be accessed: a committed decoder is enough. */
static bool in_use(const struct subject *s)
{
	list_each_pointer(decoder, &s->below->decoders)
		if (decoder->size)
			return true;
	each_function_below(function, s)
		list_each(range, &function->hdm)
			if (range->committed)
				return true;
	return false;
}

static void check_too_short(const struct subject *s, const struct setting *setting,
			    enum isolation_protocol protocol)
{
	unsigned int value = (result(setting) & ISOLATION_CONTROL_VALUE(protocol)) >>
			     ISOLATION_CONTROL_VALUE_SHIFT(protocol);
	uint32_t touched = ISOLATION_CONTROL_VALUE(protocol) | ISOLATION_CONTROL_TIMEOUT(protocol);
	struct finding *finding;

	if (value > 1 || !(changes(setting) & touched) || !in_use(s) ||
	    !(result(setting) & ISOLATION_CONTROL_TIMEOUT(protocol)))
		return;
	finding = blocks(s, "timeout-too-short", s->port->address);
	finding_evidence(finding, "%s may expire after %s while memory below %s is in use",
			 value ? "timeout A1" : "the default timeout", "50 us", s->port->address);
	finding_fix(finding, "choose a longer one, or say --force=timeout-too-short");
	finding->overridden = forced(s, finding->id);
}

static void check_without_isolation(const struct subject *s, const struct setting *setting,
				    enum isolation_protocol protocol)
{
	struct finding *finding;

	if (!(changes(setting) & setting->value & ISOLATION_CONTROL_TIMEOUT(protocol)) ||
	    (result(setting) & ISOLATION_CONTROL_ISOLATION(protocol)) || !in_use(s))
		return;
	finding = blocks(s, "timeout-without-isolation", s->port->address);
	finding_evidence(finding,
			 "with the %s timeout of %s on and isolation off, a slow access resets the "
			 "host, and memory below is in use",
			 isolation_protocol_names[protocol], s->port->address);
	finding_fix(finding, "enable isolation first, or say --force=timeout-without-isolation");
	finding->overridden = forced(s, finding->id);
}

static void check_firmware(const struct subject *s, const struct setting *setting)
{
	struct finding *finding;

	if (!(changes(setting) & s->port->control & ISOLATION_CONTROL_ANY_ISOLATION) ||
	    s->port->armed_by == ARMED_BY_US)
		return;
	finding = blocks(s, "firmware-armed", s->port->address);
	finding_evidence(finding, "isolation of %s was not armed by us (armed by: %s)",
			 s->port->address, armed_by_names[s->port->armed_by]);
	finding_fix(finding, "leave it to the platform, or say --force=firmware-armed");
	finding->overridden = forced(s, finding->id);
}

/* Clearing takes this bit as proof that the link went down when the port was isolated. */
static void check_forged(const struct subject *s, const struct setting *setting,
			 enum isolation_protocol protocol)
{
	struct finding *finding;

	if (!(changes(setting) & ISOLATION_CONTROL_LINK_DOWN(protocol)) ||
	    !(s->port->status & ISOLATION_STATUS_ISOLATED(protocol)))
		return;
	finding = blocks(s, "port-isolated", s->port->address);
	finding_evidence(finding,
			 "%s is in isolation: whether that forced the link down would no longer be "
			 "known",
			 s->port->address);
	finding_fix(finding, "first cxl-iso clear-isolation %s", s->port->address);
}

static void check_unnoticed(const struct subject *s, const struct setting *setting)
{
	struct finding *finding;

	if (!(changes(setting) & setting->value & ISOLATION_CONTROL_ANY_ISOLATION) ||
	    (result(setting) & (ISOLATION_CONTROL_ERR_COR | ISOLATION_CONTROL_INTERRUPT)) ||
	    strcmp(s->port->backend, "mmio") != 0)
		return;
	finding = finding_add(s->findings, "unnoticed", SEVERITY_WARNS, s->port->address);
	finding_evidence(finding,
			 "nobody would notice an isolation of %s: no driver handles it and ERR_COR "
			 "is off",
			 s->port->address);
	finding_fix(finding, "add --err-cor where it is supported, or watch with cxl-iso list");
}

void assess_setting(const struct host *host, const struct setting *setting,
		    const struct consent *consent, struct findings *findings)
{
	cleanup_survey struct survey *survey = survey_new(host);
	const struct subject subject = subject_of(survey, setting->port, consent, findings);

	rules_apply(privilege_rules, &subject);
	if (!has_capability(&subject))
		return;
	check_support(&subject, setting);
	for (int protocol = 0; protocol < ISOLATION_PROTOCOLS; protocol++) {
		check_ranges(&subject, setting, protocol);
		check_too_short(&subject, setting, protocol);
		check_without_isolation(&subject, setting, protocol);
		check_forged(&subject, setting, protocol);
	}
	/* The result of changing it under traffic is undefined (8.2.4.24.2): no override. */
	if (changes(setting) & ISOLATION_CONTROL_ANY_ISOLATION)
		assess_quiesced(host, setting->port, findings);
	check_firmware(&subject, setting);
	check_unnoticed(&subject, setting);
}

/*
 * The link must have gone through Link Down before anything below is enumerated again (CXL 3.1
 * 12.3). Only the cause, or that isolation forces the link down, proves that it has.
 */
static void check_link_down(const struct subject *s, uint32_t mask)
{
	for (int i = 0; i < ISOLATION_PROTOCOLS; i++) {
		struct finding *finding;
		bool proven = s->port->status & ISOLATION_STATUS_LINK_DOWN(i) ||
			      s->port->control & ISOLATION_CONTROL_LINK_DOWN(i);

		if (!(s->port->status & mask & ISOLATION_STATUS_ISOLATED(i)))
			continue;
		finding =
			finding_add(s->findings, proven ? "link-down-proven" : "link-down-unproven",
				    proven ? SEVERITY_NOTE : SEVERITY_WARNS, s->port->address);
		finding_evidence(finding, "%s that the link of %s went down when %s was isolated",
				 proven ? "it is proven" : "nothing proves", s->port->address,
				 isolation_protocol_names[i]);
		finding_fix(finding, proven ? "what is below may be enumerated again"
					    : "reset the port before anything below is enumerated "
					      "again");
	}
}

/* Clearing leaves isolation: whoever still maps the memory would go on with lost writes. */
void assess_clear(const struct host *host, const struct root_port *port, uint32_t mask,
		  struct findings *findings)
{
	cleanup_survey struct survey *survey = survey_new(host);
	const struct subject subject = subject_of(survey, port, NULL, findings);
	struct finding *finding;

	rules_apply(privilege_rules, &subject);
	if (!has_capability(&subject))
		return;
	if (~port->status_known & ISOLATION_STATUS_RW1C) {
		finding = blocks(&subject, "status-unknown", port->address);
		finding_evidence(finding, "the isolation status of %s can not be read",
				 port->address);
		finding_fix(finding,
			    "see whether the kernel is locked down: /sys/kernel/security/lockdown");
	}
	if (!(port->status & mask & ISOLATION_STATUS_ANY_ISOLATED))
		return;
	if (port->status & ISOLATION_STATUS_RP_BUSY) {
		finding = blocks(&subject, "rp-busy", port->address);
		finding_evidence(finding,
				 "%s still has outstanding transactions (RP Busy): clearing now is "
				 "undefined behaviour",
				 port->address);
		finding_fix(finding, "wait until it is no longer busy and try again");
	}
	assess_quiesced(host, port, findings);
	check_link_down(&subject, mask);
}

static struct step *add_step(struct plan *plan, enum step_kind kind, const char *object,
			     uint32_t mask, uint32_t value)
{
	struct step *step = list_add(&plan->down);

	step->kind = (int)kind;
	step->mask = mask;
	step->value = value & mask;
	copy_text(step->object, sizeof(step->object), object);
	return step;
}

/* The words of a register's text that are known; "?" marks those that are not. */
static void keep_known(char *text)
{
	char *word, *rest = text, *out = text;

	while ((word = strsep(&rest, " "))) {
		size_t length = strlen(word);

		if (strchr(word, '?'))
			continue;
		if (out > text)
			*out++ = ' ';
		memmove(out, word, length);
		out += length;
	}
	*out = '\0';
}

void plan_setting(const struct setting *setting, struct plan *plan)
{
	struct step *step = add_step(plan, STEP_SET_CONTROL, setting->port->address, setting->mask,
				     setting->value);
	char text[ISOLATION_TEXT];

	isolation_control_format(text, sizeof(text), result(setting), setting->mask);
	keep_known(text);
	snprintf(step->text, sizeof(step->text), "%s: set %s", setting->port->address, text);
}

void plan_clear(const struct root_port *port, uint32_t mask, struct plan *plan)
{
	struct step *step = add_step(plan, STEP_CLEAR_STATUS, port->address, mask, 0);
	char text[ISOLATION_TEXT];

	isolation_status_format(text, sizeof(text), mask, mask);
	keep_known(text);
	for (char *sign = text; (sign = strchr(sign, '+'));) /* all of them are set, or not named */
		memmove(sign, sign + 1, strlen(sign));
	if (mask)
		snprintf(step->text, sizeof(step->text), "%s: clear %s", port->address, text);
	else
		snprintf(step->text, sizeof(step->text), "%s: nothing to clear", port->address);
}
