/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/settings_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "regs/isolation.h"
#include "regs/timeout.h"
#include "sys/util.h"

/* The bits that are on or off, by the names they have here. */
static const struct {
	const char *key;
	uint32_t bit;
} switches[] = {
	{"mem-timeout", ISOLATION_CONTROL_TIMEOUT(ISOLATION_MEM)},
	{"mem-isolation", ISOLATION_CONTROL_ISOLATION(ISOLATION_MEM)},
	{"mem-link-down", ISOLATION_CONTROL_LINK_DOWN(ISOLATION_MEM)},
	{"cache-timeout", ISOLATION_CONTROL_TIMEOUT(ISOLATION_CACHE)},
	{"cache-isolation", ISOLATION_CONTROL_ISOLATION(ISOLATION_CACHE)},
	{"cache-link-down", ISOLATION_CONTROL_LINK_DOWN(ISOLATION_CACHE)},
	{"err-cor", ISOLATION_CONTROL_ERR_COR},
};

static const char *const range_keys[ISOLATION_PROTOCOLS] = {"mem-range", "cache-range"};

static int parse_range(int protocol, const char *name, struct settings_line *line,
		       struct error *err)
{
	const struct timeout *timeout = timeout_by_name(name);

	if (!timeout)
		return fail(err, -EINVAL,
			    "%s=%s: expected default, A1, A2, B1, B2, C1, C2, D1 or D2",
			    range_keys[protocol], name);
	line->mask |= ISOLATION_CONTROL_VALUE(protocol);
	line->value |= (uint32_t)timeout->value << ISOLATION_CONTROL_VALUE_SHIFT(protocol);
	return 0;
}

static int parse_word(char *word, struct settings_line *line, struct error *err)
{
	char *value = strchr(word, '=');

	if (!value)
		return fail(err, -EINVAL, "\"%s\": expected KEY=VALUE", word);
	*value++ = '\0';
	for (int i = 0; i < ISOLATION_PROTOCOLS; i++)
		if (strcmp(word, range_keys[i]) == 0)
			return line->mask & ISOLATION_CONTROL_VALUE(i)
				       ? fail(err, -EINVAL, "%s is there twice", word)
				       : parse_range(i, value, line, err);
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		if (strcmp(word, switches[i].key) != 0)
			continue;
		if (line->mask & switches[i].bit)
			return fail(err, -EINVAL, "%s is there twice", word);
		if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
			return fail(err, -EINVAL, "%s=%s: expected on or off", word, value);
		line->mask |= switches[i].bit;
		line->value |= strcmp(value, "on") == 0 ? switches[i].bit : 0;
		return 0;
	}
	return fail(err, -EINVAL, "there is no setting \"%s\"", word);
}

int settings_parse(char *text, struct settings_line *line, struct error *err)
{
	char *word, *rest = text;

	*line = (struct settings_line){0};
	text[strcspn(text, "#\n")] = '\0';
	while ((word = strsep(&rest, " \t\r"))) {
		int rc = 0;

		if (!*word)
			continue;
		if (line->address[0])
			rc = parse_word(word, line, err);
		else if (!copy_text(line->address, sizeof(line->address), word))
			rc = fail(err, -EINVAL, "\"%.20s...\" is no PCI address", word);
		if (rc)
			return rc;
	}
	return 0;
}

static size_t append(char *out, size_t used, const char *key, const char *value)
{
	if (used < SETTINGS_TEXT)
		used += (size_t)snprintf(out + used, SETTINGS_TEXT - used, " %s=%s", key, value);
	return used;
}

void settings_format(char out[SETTINGS_TEXT], const struct root_port *port)
{
	struct isolation_control control = isolation_control_decode((uint32_t)port->control);
	size_t used = (size_t)snprintf(out, SETTINGS_TEXT, "%s", port->address);

	for (int i = 0; i < ISOLATION_PROTOCOLS; i++) {
		const struct timeout *timeout = timeout_by_value(control.protocols[i].value);

		uint32_t unset = ~(uint32_t)port->control_known & ISOLATION_CONTROL_VALUE(i);
		uint32_t never = ~(uint32_t)port->capability & (uint32_t)port->capability_known &
				 ISOLATION_CONTROL_TIMEOUT(i);

		if (!unset && !never && timeout)
			used = append(out, used, range_keys[i], timeout->name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (port->control_known & (port->capability | ~port->capability_known) &
		    switches[i].bit)
			used = append(out, used, switches[i].key,
				      port->control & switches[i].bit ? "on" : "off");
}
