// SPDX-License-Identifier: GPL-2.0-or-later
#include "device.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

const char *path_of(const struct tree *tree, const char *path)
{
	static char out[16][PATH_MAX];
	static int next;

	next = (next + 1) % (int)ARRAY_SIZE(out);
	snprintf(out[next], PATH_MAX, "%s%s", tree->root, path);
	return out[next];
}

const char *words(const char *format, ...)
{
	static char out[16][2 * PATH_MAX + 256];
	static int next;
	va_list args;

	next = (next + 1) % (int)ARRAY_SIZE(out);
	va_start(args, format);
	vsnprintf(out[next], sizeof(out[next]), format, args);
	va_end(args);
	return out[next];
}

void device_make(struct tree *tree, const char *dax, uint64_t size)
{
	tree_file(tree, words("%" PRIu64 "\n", size), "/sys/bus/dax/devices/%s/size", dax);
	tree_file(tree, "2097152\n", "/sys/bus/dax/devices/%s/align", dax);
	tree_file(tree, "0:0\n", "/sys/bus/dax/devices/%s/dev", dax);
	tree_file(tree, "", "/dev/%s", dax);
	assert_int_equal(truncate(path_of(tree, words("/dev/%s", dax)), (off_t)size), 0);
}

void put_noise(const char *path, uint64_t offset, size_t length)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	cleanup_free unsigned char *data = xcalloc(1, length);
	uint64_t state = offset * 2 + 1;

	for (size_t i = 0; i < length; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		data[i] = state >> 56;
	}
	assert_int_equal(pwrite(fd, data, length, (off_t)offset), length);
}

void sum_of(const char *path, char sum[SHA256_SIZE])
{
	cleanup_sha256 struct sha256 sha256 = {0};
	cleanup_stream FILE *file = fopen(path, "re");
	static unsigned char buffer[65536];
	size_t length;

	assert_non_null(file);
	assert_int_equal(sha256_begin(&sha256, NULL), 0);
	while ((length = fread(buffer, 1, sizeof(buffer), file)))
		sha256_add(&sha256, buffer, length);
	sha256_end(&sha256, sum);
}

void check_sum_of(const char *path, const char *expected)
{
	char sum[SHA256_SIZE];

	sum_of(path, sum);
	assert_string_equal(sum, expected);
}
