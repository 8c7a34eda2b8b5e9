/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "regs/timeout.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "sys/util.h"

#define MS 1000ull
#define S  1000000ull

/* CXL 3.1 8.2.4.24.2: bits 3:0 and 11:8 of the control register. */
const struct timeout timeouts[TIMEOUT_COUNT] = {
	{0x0, 0, "default", 50, 10 * MS, "50 us - 10 ms"},
	{0x1, 'A', "A1", 50, 100, "50 us - 100 us"},
	{0x2, 'A', "A2", 1 * MS, 10 * MS, "1 ms - 10 ms"},
	{0x5, 'B', "B1", 16 * MS, 55 * MS, "16 ms - 55 ms"},
	{0x6, 'B', "B2", 65 * MS, 210 * MS, "65 ms - 210 ms"},
	{0x9, 'C', "C1", 260 * MS, 900 * MS, "260 ms - 900 ms"},
	{0xa, 'C', "C2", 1 * S, 3500 * MS, "1 s - 3.5 s"},
	{0xd, 'D', "D1", 4 * S, 13 * S, "4 s - 13 s"},
	{0xe, 'D', "D2", 17 * S, 64 * S, "17 s - 64 s"},
};

const struct timeout *timeout_by_value(unsigned int value)
{
	for (size_t i = 0; i < TIMEOUT_COUNT; i++)
		if (timeouts[i].value == value)
			return &timeouts[i];
	return NULL;
}

/* The posted series leave out the 1: "b" is the first of range B, "b2" the second. */
static bool is_letter_of(const struct timeout *timeout, const char *name)
{
	return timeout->name[1] == '1' && name[0] && !name[1] &&
	       !strncasecmp(timeout->name, name, 1);
}

const struct timeout *timeout_by_name(const char *name)
{
	for (size_t i = 0; i < TIMEOUT_COUNT; i++)
		if (!strcasecmp(timeouts[i].name, name) || is_letter_of(&timeouts[i], name))
			return &timeouts[i];
	return NULL;
}

bool timeout_ranges_legal(unsigned int ranges)
{
	/* CXL 3.1 8.2.4.24.1: none, A, B, AB, BC, ABC, BCD, ABCD. */
	static const unsigned int legal = 1u << 0x0 | 1u << 0x1 | 1u << 0x2 | 1u << 0x3 |
					  1u << 0x6 | 1u << 0x7 | 1u << 0xe | 1u << 0xf;

	return ranges <= 0xf && legal >> ranges & 1;
}

const char *timeout_ranges_text(char out[5], unsigned int ranges)
{
	size_t length = 0;

	for (unsigned int i = 0; i < 4; i++)
		if (ranges >> i & 1)
			out[length++] = (char)('A' + i);
	out[length] = '\0';
	return length ? out : strcpy(out, "none");
}

bool timeout_usable(const struct timeout *timeout, unsigned int ranges)
{
	return !timeout->range || ranges >> (timeout->range - 'A') & 1;
}

/* By when it ends at the latest; of two that end alike, by when it can begin. */
static bool is_shorter(const struct timeout *one, const struct timeout *other)
{
	if (one->max_us != other->max_us)
		return one->max_us < other->max_us;
	return one->min_us < other->min_us;
}

const struct timeout *timeout_at_least(unsigned int ranges, uint64_t us)
{
	const struct timeout *best = NULL;

	for (size_t i = 0; i < TIMEOUT_COUNT; i++) {
		if (!timeout_usable(&timeouts[i], ranges) || timeouts[i].min_us < us)
			continue;
		if (!best || is_shorter(&timeouts[i], best))
			best = &timeouts[i];
	}
	return best;
}

const struct timeout *timeout_at_most(unsigned int ranges, uint64_t us)
{
	const struct timeout *best = NULL;

	for (size_t i = 0; i < TIMEOUT_COUNT; i++) {
		if (!timeout_usable(&timeouts[i], ranges) || timeouts[i].max_us > us)
			continue;
		if (!best || is_shorter(best, &timeouts[i]))
			best = &timeouts[i];
	}
	return best;
}

#define DIGITS "0123456789"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Microseconds in a unit; 0 if there is no such unit. */
static uint64_t unit_us(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t us;
	} units[] = {{"us", 1}, {"ms", MS}, {"s", S}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(units[i].name, unit))
			return units[i].us;
	return 0;
}

/* Add @digit times @weight, which is far below what could overflow by itself. */
static int add_digit(uint64_t *us, char digit, uint64_t weight)
{
	return __builtin_add_overflow(*us, (uint64_t)(digit - '0') * weight, us) ? -ERANGE : 0;
}

/* @digits up to the first that is none, in units of @unit microseconds. */
static int add_whole(uint64_t *us, const char *digits, uint64_t unit)
{
	uint64_t whole = 0;

	for (; is_digit(*digits); digits++)
		if (__builtin_mul_overflow(whole, 10, &whole) || add_digit(&whole, *digits, 1))
			return -ERANGE;
	return __builtin_mul_overflow(whole, unit, us) ? -ERANGE : 0;
}

static int add_fraction(uint64_t *us, const char *digits, uint64_t unit)
{
	for (; is_digit(*digits); digits++) {
		/* The units are powers of ten: below a microsecond this comes to 0. */
		unit /= 10;
		if (!unit && *digits != '0')
			return -EINVAL;
		if (add_digit(us, *digits, unit))
			return -ERANGE;
	}
	return 0;
}

int timeout_parse_duration(const char *text, uint64_t *us, struct error *err)
{
	size_t whole = strspn(text, DIGITS);
	bool point = text[whole] == '.';
	size_t fraction = point ? strspn(text + whole + 1, DIGITS) : 0;
	uint64_t unit = unit_us(text + whole + point + fraction);
	int rc;

	if (!whole || (point && !fraction) || !unit)
		return fail(err, -EINVAL, "\"%s\" is no duration such as 200us, 50ms or 3.5s",
			    text);
	rc = add_whole(us, text, unit);
	if (!rc && point)
		rc = add_fraction(us, text + whole + 1, unit);
	if (rc == -EINVAL)
		return fail(err, rc, "\"%s\" is finer than a microsecond", text);
	return rc ? fail(err, rc, "\"%s\" is too long a duration", text) : 0;
}
