/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/effects.h"

#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/cxl_mem.h>

#include "extents/transport.h"
#include "sys/util.h"

/* Every mailbox has room for this much (CXL 3.1 8.2.8.4.3). */
#define PIECE 256

/* An entry for each opcode there can be. */
#define LOG_MAX (65536u * 4)

/* CXL 3.1 table 8-79: the answer to Get Supported Logs. */
#define LOGS_HEAD 8
#define LOGS_ITEM 20

/* Command Effects Log, 0da9c0b5-bf41-4b78-8f79-96b1623b3f17. */
static const uint8_t effects_log[16] = {0x0d, 0xa9, 0xc0, 0xb5, 0xbf, 0x41, 0x4b, 0x78,
					0x8f, 0x79, 0x96, 0xb1, 0x62, 0x3b, 0x3f, 0x17};

struct get_log_input {
	uint8_t log[16];
	uint32_t offset;
	uint32_t size;
};

/* How many bytes were answered, or -1. */
static int send_command(int fd, uint32_t command, const void *in, uint32_t in_size,
			uint8_t out[PIECE])
{
	struct cxl_send_command send = {.id = command};

	send.in.size = in_size;
	send.in.payload = (uintptr_t)in;
	send.out.size = PIECE;
	send.out.payload = (uintptr_t)out;
	if (ioctl(fd, CXL_MEM_SEND_COMMAND, &send) || send.retval || send.out.size > PIECE)
		return -1;
	return (int)send.out.size;
}

/* Bytes of the log, 0 if the device says that it has none; -1 if it does not say. */
static int64_t log_size(int fd)
{
	uint8_t out[PIECE];
	int size = send_command(fd, CXL_MEM_COMMAND_ID_GET_SUPPORTED_LOGS, NULL, 0, out);
	uint32_t bytes;

	if (size < LOGS_HEAD)
		return -1;
	for (int at = LOGS_HEAD; at + LOGS_ITEM <= size; at += LOGS_ITEM) {
		if (memcmp(out + at, effects_log, sizeof(effects_log)) != 0)
			continue;
		memcpy(&bytes, out + at + sizeof(effects_log), sizeof(bytes));
		return le32toh(bytes);
	}
	return 0;
}

/* An entry is the opcode u16, and its effects u16. */
static bool has_opcode(const uint8_t *entries, int size, uint16_t opcode)
{
	for (int at = 0; at + 4 <= size; at += 4) {
		uint16_t entry;

		memcpy(&entry, entries + at, sizeof(entry));
		if (le16toh(entry) == opcode)
			return true;
	}
	return false;
}

static int find_opcode(int fd, uint32_t size, uint16_t opcode)
{
	uint8_t out[PIECE];

	for (uint32_t at = 0; at < size; at += PIECE) {
		uint32_t now = size - at < PIECE ? size - at : PIECE;
		struct get_log_input in = {.offset = htole32(at), .size = htole32(now)};
		int got;

		memcpy(in.log, effects_log, sizeof(effects_log));
		got = send_command(fd, CXL_MEM_COMMAND_ID_GET_LOG, &in, sizeof(in), out);
		if (got < (int)now)
			return -1;
		if (has_opcode(out, (int)now, opcode))
			return 1;
	}
	return 0;
}

int dc_supported(const struct sys *sys, const char *memdev)
{
	char path[PATH_MAX];
	cleanup_fd int fd = -1;
	int64_t size;

	snprintf(path, sizeof(path), "%s/dev/cxl/%s", sys->root, memdev);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	size = log_size(fd);
	if (size <= 0 || size > LOG_MAX)
		return -1;
	return find_opcode(fd, (uint32_t)size, OPCODE_GET_CONFIGURATION);
}
