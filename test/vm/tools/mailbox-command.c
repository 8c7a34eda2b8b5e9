// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mailbox-command ADDRESS OPCODE [BYTES] - send a command to the mailbox of a CXL memory device without driver
 *
 * Opcode and bytes are hexadecimal, and so is the answer that it prints. Exit status 1 with the return code if the
 * device refuses. The device registers are at the start of BAR 2, as QEMU has them.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH 0x1000

static volatile uint8_t *registers;

static volatile uint32_t *word_at(size_t offset)
{
	return (volatile uint32_t *)(registers + offset);
}

static volatile uint64_t *quad_at(size_t offset)
{
	return (volatile uint64_t *)(registers + offset);
}

static void map(const char *address)
{
	char path[128];
	void *mapping;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2", address);
	fd = open(path, O_RDWR | O_SYNC);
	if (fd < 0)
		err(2, "%s", path);
	mapping = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapping == MAP_FAILED)
		err(2, "%s", path);
	registers = mapping;
}

/* The capability with id 2 of the array. */
static size_t find_mailbox(void)
{
	for (size_t i = 1; i <= (*word_at(4) & 0xffff) && i < 16; i++)
		if ((*word_at(16 * i) & 0xffff) == 2)
			return *word_at(16 * i + 4);
	errx(2, "no mailbox");
}

static size_t put_payload(size_t mailbox, const char *hex)
{
	size_t size = strlen(hex) / 2;
	uint8_t bytes[2048] = {0};

	if (size > sizeof(bytes))
		errx(2, "too long");
	for (size_t i = 0; i < size; i++) {
		const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	for (size_t i = 0; i < size; i += 4)
		memcpy((void *)word_at(mailbox + 0x20 + i), bytes + i, 4);
	return size;
}

static void wait_done(size_t mailbox)
{
	for (int tries = 0; *word_at(mailbox + 4) & 1; tries++) {
		if (tries > 2000)
			errx(2, "no answer");
		usleep(1000);
	}
}

int main(int argc, char **argv)
{
	size_t mailbox, size;
	unsigned int code;

	if (argc < 3 || argc > 4)
		errx(2, "usage: mailbox-command ADDRESS OPCODE [BYTES]");
	map(argv[1]);
	mailbox = find_mailbox();
	size = argc > 3 ? put_payload(mailbox, argv[3]) : 0;
	*quad_at(mailbox + 8) = strtoul(argv[2], NULL, 16) | size << 16;
	*word_at(mailbox + 4) = 1;
	wait_done(mailbox);
	code = *quad_at(mailbox + 0x10) >> 32 & 0xffff;
	if (code)
		errx(1, "return code 0x%x", code);
	size = *quad_at(mailbox + 8) >> 16 & 0xfffff;
	for (size_t i = 0; i < size; i++)
		printf("%02x", registers[mailbox + 0x20 + i]);
	putchar('\n');
	return 0;
}
