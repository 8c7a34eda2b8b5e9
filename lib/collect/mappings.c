/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/mappings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "sys/util.h"

/*
 * PROCMAP_QUERY of <linux/fs.h>, since Linux 6.11; Debian 12's headers are older. It finds the next
 * mapping that is wanted without the text of all, whose paths are most of the cost.
 */
struct procmap_query {
	uint64_t size;
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags;
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size;
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
};

#define QUERY_MAPPING	 _IOWR('f', 17, struct procmap_query)
#define MAPPING_SHARED	 0x08
#define COVERING_OR_NEXT 0x10
#define FILE_BACKED	 0x20

int mappings_open(const struct process_handle *process, struct mappings *mappings)
{
	mappings->next = 0;
	mappings->text = NULL;
	mappings->any = false;
	mappings->line = NULL;
	mappings->fd = process_file(process, "maps");
	return mappings->fd < 0 ? -errno : 0;
}

void mappings_close(struct mappings *mappings)
{
	if (mappings->text)
		fclose(mappings->text);
	else
		close_fd(&mappings->fd);
	free(mappings->line);
}

static int ask(struct mappings *mappings, struct file_mapping *mapping)
{
	struct procmap_query query = {
		.size = sizeof(query),
		.query_flags = COVERING_OR_NEXT | FILE_BACKED | MAPPING_SHARED,
		.query_addr = mappings->next,
	};

	if (ioctl(mappings->fd, QUERY_MAPPING, &query))
		return errno == ENOENT ? 0 : -errno;
	mapping->start = query.vma_start;
	mapping->end = query.vma_end;
	mapping->file_system = makedev(query.dev_major, query.dev_minor);
	mapping->inode = query.inode;
	mappings->next = query.vma_end;
	return 1;
}

static uint64_t number(char **at, int base, char after)
{
	char *end;
	uint64_t value;

	if (!*at)
		return 0;
	value = strtoull(*at, &end, base);
	*at = end != *at && *end == after ? end + 1 : NULL;
	return value;
}

/* "7f00-7f10 rw-s 00000000 00:05 12     /dev/dax0.0": numbers in hexadecimal but for the inode. */
static bool parse(char *line, struct file_mapping *mapping)
{
	unsigned int major, minor;
	char *at = line;

	mapping->start = number(&at, 16, '-');
	mapping->end = number(&at, 16, ' ');
	if (!at || strnlen(at, 5) < 5 || at[3] != 's' || mapping->start >= mapping->end)
		return false;
	at += 5;
	number(&at, 16, ' ');
	major = number(&at, 16, ':');
	minor = number(&at, 16, ' ');
	if (!at)
		return false;
	mapping->file_system = makedev(major, minor);
	mapping->inode = strtoull(at, NULL, 10);
	return true;
}

static int read_next(struct mappings *mappings, struct file_mapping *mapping)
{
	errno = 0;
	while (getline(&mappings->line, &mappings->size, mappings->text) > 0) {
		mappings->any = true;
		if (parse(mappings->line, mapping))
			return 1;
	}
	if (ferror(mappings->text))
		return errno ? -errno : -EIO;
	return mappings->any ? 0 : -ESRCH;
}

static int open_text(struct mappings *mappings)
{
	mappings->text = fdopen(mappings->fd, "r");
	if (!mappings->text)
		return -errno;
	return setvbuf(mappings->text, mappings->buffer, _IOFBF, PROCESS_BUFFER) ? -EIO : 0;
}

int mappings_next(struct mappings *mappings, struct file_mapping *mapping)
{
	int rc;

	if (mappings->text)
		return read_next(mappings, mapping);
	rc = ask(mappings, mapping);
	if (rc != -ENOTTY)
		return rc;
	rc = open_text(mappings);
	return rc ? rc : read_next(mappings, mapping);
}
