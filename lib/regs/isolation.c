/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the registers say. Reading and changing those of a port: backend_port.c and _change.c. */
#include "regs/isolation.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "regs/timeout.h"
#include "sys/util.h"

/* CXL 3.1 8.2.4.24.1: the capability register where it differs from the control register. */
#define MESSAGE_SHIFT	    27
#define CAPABILITY_RESERVED 0x01f0e0e0u

#define VALUE_SHIFT ISOLATION_CONTROL_VALUE_SHIFT
#define TIMEOUT	    ISOLATION_CONTROL_TIMEOUT
#define ISOLATION   ISOLATION_CONTROL_ISOLATION
#define LINK_DOWN   ISOLATION_CONTROL_LINK_DOWN

const char *const isolation_protocol_names[ISOLATION_PROTOCOLS] = {"CXL.mem", "CXL.cache"};

const char *const isolation_cause_names[] = {"none",	  "timeout",
					     "link-down", "timeout-without-isolation",
					     "unknown",	  NULL};

struct isolation_capability isolation_capability_decode(uint32_t raw)
{
	struct isolation_capability capability = {
		.err_cor = raw & ISOLATION_CONTROL_ERR_COR,
		.interrupt = raw & ISOLATION_CONTROL_INTERRUPT,
		.message = raw >> MESSAGE_SHIFT,
		.reserved = raw & CAPABILITY_RESERVED,
	};

	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++)
		capability.protocols[p] = (struct isolation_support){
			.ranges = raw >> VALUE_SHIFT(p) & 0xf,
			.timeout = raw & TIMEOUT(p),
			.isolation = raw & ISOLATION(p),
			.link_down = raw & LINK_DOWN(p),
		};
	return capability;
}

struct isolation_control isolation_control_decode(uint32_t raw)
{
	struct isolation_control control = {
		.err_cor = raw & ISOLATION_CONTROL_ERR_COR,
		.interrupt = raw & ISOLATION_CONTROL_INTERRUPT,
		.reserved = raw & ISOLATION_CONTROL_RESERVED,
	};

	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++)
		control.protocols[p] = (struct isolation_setting){
			.value = raw >> VALUE_SHIFT(p) & 0xf,
			.timeout = raw & TIMEOUT(p),
			.isolation = raw & ISOLATION(p),
			.link_down = raw & LINK_DOWN(p),
		};
	return control;
}

struct isolation_status isolation_status_decode(uint32_t raw)
{
	struct isolation_status status = {
		.rp_busy = raw & ISOLATION_STATUS_RP_BUSY,
		.reserved = raw & ISOLATION_STATUS_RESERVED,
	};

	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++)
		status.protocols[p] = (struct isolation_event){
			.timed_out = raw & ISOLATION_STATUS_TIMED_OUT(p),
			.isolated = raw & ISOLATION_STATUS_ISOLATED(p),
			.link_down = raw & ISOLATION_STATUS_LINK_DOWN(p),
		};
	return status;
}

static uint32_t bit_if(bool condition, uint32_t bit)
{
	return condition ? bit : 0;
}

uint32_t isolation_capability_encode(const struct isolation_capability *capability)
{
	uint32_t raw = capability->reserved & CAPABILITY_RESERVED;

	raw |= bit_if(capability->err_cor, ISOLATION_CONTROL_ERR_COR);
	raw |= bit_if(capability->interrupt, ISOLATION_CONTROL_INTERRUPT);
	raw |= (uint32_t)capability->message << MESSAGE_SHIFT;
	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++) {
		const struct isolation_support *support = &capability->protocols[p];

		raw |= (support->ranges & 0xf) << VALUE_SHIFT(p);
		raw |= bit_if(support->timeout, TIMEOUT(p));
		raw |= bit_if(support->isolation, ISOLATION(p));
		raw |= bit_if(support->link_down, LINK_DOWN(p));
	}
	return raw;
}

uint32_t isolation_control_encode(const struct isolation_control *control)
{
	uint32_t raw = control->reserved & ISOLATION_CONTROL_RESERVED;

	raw |= bit_if(control->err_cor, ISOLATION_CONTROL_ERR_COR);
	raw |= bit_if(control->interrupt, ISOLATION_CONTROL_INTERRUPT);
	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++) {
		const struct isolation_setting *setting = &control->protocols[p];

		raw |= (setting->value & 0xf) << VALUE_SHIFT(p);
		raw |= bit_if(setting->timeout, TIMEOUT(p));
		raw |= bit_if(setting->isolation, ISOLATION(p));
		raw |= bit_if(setting->link_down, LINK_DOWN(p));
	}
	return raw;
}

uint32_t isolation_status_encode(const struct isolation_status *status)
{
	uint32_t raw = status->reserved & ISOLATION_STATUS_RESERVED;

	raw |= bit_if(status->rp_busy, ISOLATION_STATUS_RP_BUSY);
	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++) {
		const struct isolation_event *event = &status->protocols[p];

		raw |= bit_if(event->timed_out, ISOLATION_STATUS_TIMED_OUT(p));
		raw |= bit_if(event->isolated, ISOLATION_STATUS_ISOLATED(p));
		raw |= bit_if(event->link_down, ISOLATION_STATUS_LINK_DOWN(p));
	}
	return raw;
}

/* CXL 3.1 12.3: Link Down and a timeout are the only triggers. */
enum isolation_cause isolation_cause(const struct isolation_status *status,
				     enum isolation_protocol protocol)
{
	const struct isolation_event *event = &status->protocols[protocol];

	if (!event->isolated)
		return event->timed_out ? ISOLATION_CAUSE_UNISOLATED : ISOLATION_CAUSE_NONE;
	if (event->link_down)
		return ISOLATION_CAUSE_LINK_DOWN;
	return event->timed_out ? ISOLATION_CAUSE_TIMEOUT : ISOLATION_CAUSE_UNKNOWN;
}

/* Text that grows to the right in a buffer, as far as it fits. */
struct line {
	char *buffer;
	size_t size;
	size_t used;
};

static void advance(struct line *line, int length)
{
	size_t left = line->size - line->used;

	line->used += (size_t)length < left ? (size_t)length : left - 1;
}

static void __attribute__((format(printf, 3, 4)))
append(struct line *line, const char *separator, const char *format, ...)
{
	va_list args;

	if (line->used)
		advance(line, snprintf(line->buffer + line->used, line->size - line->used, "%s",
				       separator));
	va_start(args, format);
	advance(line, vsnprintf(line->buffer + line->used, line->size - line->used, format, args));
	va_end(args);
}

/* A register being put into words. */
struct words {
	struct line line;
	uint32_t raw;
	uint32_t known;
};

static struct words start(char *buffer, size_t size, uint32_t raw, uint32_t known)
{
	buffer[0] = '\0';
	return (struct words){{buffer, size, 0}, raw & known, known};
}

static const char *finish(struct words *words, uint32_t reserved)
{
	if (words->raw & reserved)
		append(&words->line, " ", "Rsvd=0x%08" PRIx32, words->raw & reserved);
	return words->line.buffer;
}

static void add_flag(struct words *words, const char *protocol, const char *name, uint32_t bit)
{
	char mark = !(words->known & bit) ? '?' : words->raw & bit ? '+' : '-';

	append(&words->line, " ", "%s%s%c", protocol, name, mark);
}

/* How the lines call the protocols. */
static const char *const short_names[ISOLATION_PROTOCOLS] = {"Mem", "Cache"};

/* The flags that the capability and the control register have in common, then the four bits. */
static void add_protocol(struct words *words, unsigned int p, const char *field, const char *text)
{
	bool known = (words->known & ISOLATION_CONTROL_VALUE(p)) == ISOLATION_CONTROL_VALUE(p);

	add_flag(words, short_names[p], "Timeout", TIMEOUT(p));
	add_flag(words, short_names[p], "Iso", ISOLATION(p));
	add_flag(words, short_names[p], "IsoLnkDn", LINK_DOWN(p));
	append(&words->line, " ", "%s%s=%s", short_names[p], field, known ? text : "?");
}

const char *isolation_capability_format(char *buffer, size_t size, uint32_t raw, uint32_t known)
{
	struct words words = start(buffer, size, raw, known);
	char ranges[5];

	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++)
		add_protocol(&words, p, "Ranges",
			     timeout_ranges_text(ranges, words.raw >> VALUE_SHIFT(p) & 0xf));
	add_flag(&words, "", "ErrCor", ISOLATION_CONTROL_ERR_COR);
	add_flag(&words, "", "Int", ISOLATION_CONTROL_INTERRUPT);
	if (words.raw & ISOLATION_CONTROL_INTERRUPT)
		append(&words.line, " ", "IntMsg=%" PRIu32, words.raw >> MESSAGE_SHIFT);
	return finish(&words, CAPABILITY_RESERVED);
}

static const char *value_text(char out[16], unsigned int value)
{
	const struct timeout *timeout = timeout_by_value(value);

	if (timeout)
		return timeout->name;
	snprintf(out, 16, "reserved(0x%x)", value);
	return out;
}

const char *isolation_control_format(char *buffer, size_t size, uint32_t raw, uint32_t known)
{
	struct words words = start(buffer, size, raw, known);
	char value[16];

	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++)
		add_protocol(&words, p, "Range",
			     value_text(value, words.raw >> VALUE_SHIFT(p) & 0xf));
	add_flag(&words, "", "ErrCor", ISOLATION_CONTROL_ERR_COR);
	add_flag(&words, "", "Int", ISOLATION_CONTROL_INTERRUPT);
	return finish(&words, ISOLATION_CONTROL_RESERVED);
}

const char *isolation_status_format(char *buffer, size_t size, uint32_t raw, uint32_t known)
{
	struct words words = start(buffer, size, raw, known);

	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++) {
		add_flag(&words, short_names[p], "Timeout", ISOLATION_STATUS_TIMED_OUT(p));
		add_flag(&words, short_names[p], "Iso", ISOLATION_STATUS_ISOLATED(p));
		add_flag(&words, short_names[p], "IsoLnkDn", ISOLATION_STATUS_LINK_DOWN(p));
	}
	add_flag(&words, "", "RPBusy", ISOLATION_STATUS_RP_BUSY);
	return finish(&words, ISOLATION_STATUS_RESERVED);
}

static const struct {
	uint32_t bit;
	const char *name;
} enables[] = {
	{TIMEOUT(ISOLATION_MEM), "the CXL.mem timeout"},
	{TIMEOUT(ISOLATION_CACHE), "the CXL.cache timeout"},
	{ISOLATION(ISOLATION_MEM), "CXL.mem isolation"},
	{LINK_DOWN(ISOLATION_MEM), "forcing Link Down on CXL.mem isolation"},
	{ISOLATION(ISOLATION_CACHE), "CXL.cache isolation"},
	{LINK_DOWN(ISOLATION_CACHE), "forcing Link Down on CXL.cache isolation"},
	{ISOLATION_CONTROL_ERR_COR, "ERR_COR signalling of isolation"},
	{ISOLATION_CONTROL_INTERRUPT, "the isolation interrupt"},
};

const char *isolation_enable_name(uint32_t bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(enables); i++)
		if (enables[i].bit == bit)
			return enables[i].name;
	return NULL;
}

/* The faults found so far. */
struct faults {
	struct line line;
	unsigned int count;
};

#define FAULT(faults, ...)                                    \
	do {                                                  \
		append(&(faults)->line, "; ", ##__VA_ARGS__); \
		(faults)->count++;                            \
	} while (0)

static void check_reserved(struct faults *faults, const char *name, uint32_t bits)
{
	if (bits)
		FAULT(faults, "reserved bits of the %s register are set: 0x%08" PRIx32, name, bits);
}

static void check_ranges(struct faults *faults, unsigned int p, unsigned int ranges)
{
	char text[5];

	if (!timeout_ranges_legal(ranges))
		FAULT(faults, "%s timeout ranges %s cannot be supported without others",
		      isolation_protocol_names[p], timeout_ranges_text(text, ranges));
}

/* Whether @known covers the four bits of @p. */
static bool knows_value(uint32_t known, unsigned int p)
{
	return (known & ISOLATION_CONTROL_VALUE(p)) == ISOLATION_CONTROL_VALUE(p);
}

static void check_value(struct faults *faults, const struct isolation_registers *registers,
			unsigned int p)
{
	unsigned int value = registers->control >> VALUE_SHIFT(p) & 0xf;
	unsigned int ranges = registers->capability >> VALUE_SHIFT(p) & 0xf;
	const struct timeout *timeout = timeout_by_value(value);

	if (!timeout)
		FAULT(faults, "the %s timeout is set to the reserved value 0x%x",
		      isolation_protocol_names[p], value);
	else if (knows_value(registers->capability_known, p) && !timeout_usable(timeout, ranges))
		FAULT(faults, "the %s timeout is set to %s, which is not supported",
		      isolation_protocol_names[p], timeout->name);
}

static void check_enables(struct faults *faults, const struct isolation_registers *registers)
{
	uint32_t unsupported = registers->control & ~registers->capability;

	unsupported &= registers->control_known & registers->capability_known;
	for (size_t i = 0; i < ARRAY_SIZE(enables); i++)
		if (unsupported & enables[i].bit)
			FAULT(faults, "%s is enabled but not supported", enables[i].name);
}

unsigned int isolation_faults(const struct isolation_registers *registers, char *buffer,
			      size_t size)
{
	struct faults faults = {{buffer, size, 0}, 0};

	buffer[0] = '\0';
	check_reserved(&faults, "capability",
		       registers->capability & registers->capability_known & CAPABILITY_RESERVED);
	check_reserved(&faults, "control",
		       registers->control & registers->control_known & ISOLATION_CONTROL_RESERVED);
	check_reserved(&faults, "status",
		       registers->status & registers->status_known & ISOLATION_STATUS_RESERVED);
	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++) {
		if (knows_value(registers->capability_known, p))
			check_ranges(&faults, p, registers->capability >> VALUE_SHIFT(p) & 0xf);
		if (knows_value(registers->control_known, p))
			check_value(&faults, registers, p);
	}
	check_enables(&faults, registers);
	return faults.count;
}
