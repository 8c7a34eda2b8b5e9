// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dax-copy FILE DEVICE | dax-copy DEVICE FILE BYTES - data to the start of a dax device, or back
 *
 * Character devices of dax can be mapped only, neither written nor read.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALIGN (2ul << 20) /* of mappings */

static char *map(const char *device, size_t size)
{
	int fd = open(device, O_RDWR);
	size_t whole = (size + ALIGN - 1) / ALIGN * ALIGN;
	char *data =
		fd < 0 ? MAP_FAILED : mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (data == MAP_FAILED)
		err(1, "%s", device);
	close(fd);
	return data;
}

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void to_device(const char *file, const char *device)
{
	int fd = open_file(file, O_RDONLY);
	struct stat status;
	char *data;

	if (fstat(fd, &status))
		err(1, "%s", file);
	data = map(device, status.st_size);
	if (read(fd, data, status.st_size) != status.st_size)
		err(1, "%s", file);
	msync(data, status.st_size, MS_SYNC);
}

static void to_file(const char *device, const char *file, size_t size)
{
	const char *data = map(device, size);
	int fd = open_file(file, O_WRONLY | O_CREAT | O_TRUNC);

	if (write(fd, data, size) != (ssize_t)size)
		err(1, "%s", file);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strncmp(argv[2], "/dev/dax", 8) == 0)
		to_device(argv[1], argv[2]);
	else if (argc == 4 && strncmp(argv[1], "/dev/dax", 8) == 0)
		to_file(argv[1], argv[2], strtoul(argv[3], NULL, 0));
	else
		errx(2, "usage: dax-copy FILE DEVICE | dax-copy DEVICE FILE BYTES");
	return 0;
}
