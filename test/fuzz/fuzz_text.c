/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small texts of users and of the kernel: durations, names of timeouts, "resource" of sysfs. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "regs/mmio.h"
#include "regs/timeout.h"
#include "sys/util.h"

/* Whatever is accepted is digits, at most one point and a unit. */
static void check_duration(const char *text)
{
	struct error err = {0};
	uint64_t us = 0;
	int rc = timeout_parse_duration(text, &us, &err);
	size_t number = strspn(text, "0123456789.");

	EXPECT(rc == 0 || rc == -EINVAL || rc == -ERANGE);
	EXPECT_TEXT(rc, err);
	if (rc)
		return;
	EXPECT(number && !strcmp(text + number, us ? strpbrk(text, "ums") : text + number));
	EXPECT(strlen(text) - number <= 2);
}

static void check_name(const char *text)
{
	const struct timeout *timeout = timeout_by_name(text);

	EXPECT(!timeout || timeout_by_value(timeout->value) == timeout);
	EXPECT(!timeout || strlen(text) <= 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xcalloc(1, size + 1);
	uint64_t value;

	if (size)
		memcpy(text, data, size);
	check_duration(text);
	check_name(text);
	for (unsigned int bar = 0; bar < 8; bar++)
		mmio_bar_size(text, bar);
	EXPECT(!parse_u64(text, &value) || text[strspn(text, "0123456789abcdefxABCDEFX")] == '\0');
	free(text);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	static const char *const words[] = {
		"3.5s",	   "50ms",
		"200us",   "18446744073709551615us",
		"A1",	   "d2",
		"default", "0x00000000fe800000 0x00000000fe80ffff 0x0000000000140204\n",
		"0xffff"};
	const char *word = words[seed / 8 % ARRAY_SIZE(words)];

	if (seed % 8 || strlen(word) > max_size)
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(data, word, strlen(word));
	return strlen(word);
}
