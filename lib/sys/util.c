/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/util.h"

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

bool copy_text(char *out, size_t size, const char *text)
{
	int length = snprintf(out, size, "%s", text);

	return length >= 0 && (size_t)length < size;
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
