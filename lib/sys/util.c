/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/util.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void free_pointer(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

static void *or_exit(void *pointer)
{
	if (pointer)
		return pointer;
	fputs("out of memory\n", stderr);
	abort();
}

void *xrealloc(void *pointer, size_t size)
{
	return or_exit(realloc(pointer, size));
}

void *xcalloc(size_t count, size_t size)
{
	return or_exit(calloc(count, size));
}

char *xstrdup(const char *text)
{
	return or_exit(strdup(text));
}

bool parse_u64(const char *text, uint64_t *value)
{
	bool hex = starts_with(text, "0x") || starts_with(text, "0X");
	const char *digits = hex ? text + 2 : text;
	size_t length = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");

	if (!length || digits[length])
		return false;
	errno = 0;
	*value = strtoull(digits, NULL, hex ? 16 : 10);
	return !errno;
}

/* The decimal number that @text begins with, after blanks. */
static bool leading_number(const char *text, uint64_t *value)
{
	char digits[24];
	uint64_t number;
	size_t length;

	text += strspn(text, " \t");
	length = strspn(text, "0123456789");
	if (length >= sizeof(digits))
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (!parse_u64(digits, &number))
		return false;
	*value = number;
	return true;
}

bool find_number(const char *text, const char *key, uint64_t *value)
{
	size_t length = strlen(key);

	for (const char *at = text; (at = strstr(at, key)); at += length) {
		bool begins = at == text || isspace((unsigned char)at[-1]);

		if (begins && isblank((unsigned char)at[length]))
			return leading_number(at + length, value);
	}
	return false;
}

bool list_has_number(const char *list, uint64_t number)
{
	while (isdigit((unsigned char)*list)) {
		char *end;
		uint64_t first = strtoull(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoull(end + 1, &end, 10);
		if (number >= first && number <= last)
			return true;
		list = end + strspn(end, ",");
	}
	return false;
}

bool copy_text(char *out, size_t size, const char *text)
{
	size_t length = strnlen(text, size);
	bool fits = length < size;

	if (!fits)
		length = size - 1;
	memcpy(out, text, length);
	out[length] = '\0';
	return fits;
}

void append_word(char *out, size_t size, const char *separator, const char *word)
{
	size_t used = strlen(out);

	snprintf(out + used, size - used, "%s%s", used ? separator : "", word);
}

void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

bool is_pci_address(const char *text)
{
	unsigned int domain, bus, device, function;
	int length = 0;

	return sscanf(text, "%x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &length) == 4 &&
	       !text[length];
}

bool is_plain_name(const char *text)
{
	return !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._:+-")];
}

bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *human_size(char out[16], uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(out, 16, "%.4g %s", value, units[unit]);
	return out;
}

uint64_t add_capped(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

void sleep_ms(unsigned int milliseconds)
{
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	nanosleep(&time, NULL);
}

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
