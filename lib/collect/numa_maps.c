/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/numa_maps.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

const char *numa_next_word(const char *word)
{
	word += strcspn(word, " \n");
	return word + strspn(word, " \n");
}

static bool is_word(const char *word, const char *text)
{
	return starts_with(word, text) && strcspn(word, " \n") == strlen(text);
}

/* The number behind @key, if the word begins so. */
static bool has_number(const char *word, const char *key, uint64_t *value)
{
	const char *digits = word + strlen(key);

	if (!starts_with(word, key) || !isdigit((unsigned char)*digits))
		return false;
	*value = strtoull(digits, NULL, 10);
	return true;
}

bool numa_pages(const char *word, int *node, uint64_t *pages)
{
	uint64_t number;

	if (!has_number(word, "N", &number) || number > INT_MAX)
		return false;
	*node = (int)number;
	return has_number(word + strcspn(word, "= \n"), "=", pages);
}

/* "bind:0-1" or, with flags, "bind=static:0-1" (Linux, mpol_to_str()). A list that is too long to be
 * kept is cut at a comma: of nodes that one may use, some are left out. */
static void read_policy(const char *word, char bound[NAME_SIZE])
{
	size_t length = strcspn(word, " \n");
	const char *nodes = memchr(word, ':', length);

	bound[0] = '\0';
	if (!nodes || !(starts_with(word, "bind:") || starts_with(word, "bind=")))
		return;
	nodes++;
	length -= (size_t)(nodes - word);
	if (length >= NAME_SIZE)
		for (length = NAME_SIZE - 1; length && nodes[length] != ','; length--)
			;
	memcpy(bound, nodes, length);
	bound[length] = '\0';
}

/* What tells how to count the pages of a node comes before and behind them. */
struct numa_line numa_line(const char *text)
{
	struct numa_line line = {.start = strtoull(text, NULL, 16), .page_size = 4096};

	read_policy(numa_next_word(text), line.bound);
	for (const char *word = text; *word; word = numa_next_word(word)) {
		uint64_t value;

		if (has_number(word, "anon=", &value))
			line.anon = value;
		else if (has_number(word, "kernelpagesize_kB=", &value) &&
			 __builtin_mul_overflow(value, 1024, &line.page_size))
			line.page_size = UNKNOWN - 1;
		else if (is_word(word, "huge"))
			line.hugetlb = true;
	}
	return line;
}
