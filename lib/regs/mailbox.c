/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "regs/mailbox.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "regs/config.h"
#include "regs/mmio.h"
#include "sys/util.h"

/* PCIe 6.0 7.5.1.1.3: Command Register. */
#define COMMAND		     0x04
#define COMMAND_MEMORY_SPACE (1u << 1)

/* CXL 3.1 8.2.8.1, 8.2.8.2: the array of device capabilities; the first entry is its header. */
#define ENTRY_SIZE   0x10
#define ENTRY_OFFSET 0x04
#define ENTRY_LENGTH 0x08
#define ARRAY_ID     0x0000
#define MAILBOX_ID   0x0002
#define STATUS_ID    0x4000

/*
 * CXL 3.1 8.2.8.4: mailbox registers. 64-bit ones are read in halves here, but the command is written
 * as a whole: QEMU (up to 11.1 at least) takes it no other way.
 */
#define CAPABILITIES	  0x00
#define CONTROL		  0x04
#define CONTROL_DOORBELL  (1u << 0)
#define COMMAND_LOW	  0x08
#define COMMAND_HIGH	  0x0c
#define STATUS_LOW	  0x10
#define STATUS_BACKGROUND (1u << 0)
#define STATUS_HIGH	  0x14
#define BACKGROUND_HIGH	  0x1c
#define PAYLOAD		  0x20

/* CXL 3.1 8.2.8.5.1: Memory Device Status. */
#define MEMDEV_FATAL	   (1u << 0)
#define MEMDEV_HALTED	   (1u << 1)
#define MEMDEV_READY	   (1u << 4)
#define MEMDEV_STATUS_SIZE 8

/* CXL 3.1 8.2.8.4.5: a command takes 2 s at most; what takes longer goes on in the background. */
#define COMMAND_MS 2000
/* Linux, cxl_pci.c: the longest that an interface takes to be ready after a reset. */
#define READY_MS_MAX 60000

#define CODE_BACKGROUND 0x0001

/* A payload has at most 1 MiB, and all registers are in front of it. */
#define MAP_MAX (4u << 20)

struct mailbox {
	char *name;
	const struct device_backend *backend;
	void *context;
	uint32_t size;	 /* of the device's registers that can be reached */
	uint32_t base;	 /* of the mailbox */
	uint32_t status; /* of Memory Device Status; 0 if there is none */
	size_t payload_max;
};

static int not_accessible(const struct mailbox *mailbox, int code, struct error *err)
{
	hint(err, "a driver has claimed the registers, or the function was removed: try again");
	return fail_errno(err, code, "device registers of %s are not accessible", mailbox->name);
}

/* A register that reads all ones may be a device that is gone; the array's header never does. */
static int check_there(const struct mailbox *mailbox, struct error *err)
{
	uint32_t header;
	int rc = mailbox->backend->read(mailbox->context, 0, &header);

	if (rc)
		return not_accessible(mailbox, rc, err);
	if (header != UINT32_MAX)
		return 0;
	hint(err, "it was removed, is in a low power state, or its memory space is disabled");
	return fail(err, -ENODEV, "device registers of %s read all ones", mailbox->name);
}

static int read32(const struct mailbox *mailbox, uint32_t offset, uint32_t *value,
		  struct error *err)
{
	int rc = mailbox->backend->read(mailbox->context, offset, value);

	if (rc)
		return not_accessible(mailbox, rc, err);
	return *value == UINT32_MAX ? check_there(mailbox, err) : 0;
}

static int write32(const struct mailbox *mailbox, uint32_t offset, uint32_t value,
		   struct error *err)
{
	int rc = mailbox->backend->write(mailbox->context, offset, value);

	return rc ? not_accessible(mailbox, rc, err) : 0;
}

/* The number of entries behind the header. */
static int read_array_header(const struct mailbox *mailbox, unsigned int *count, struct error *err)
{
	uint32_t low, high;
	int rc = read32(mailbox, 0, &low, err);

	if (!rc)
		rc = read32(mailbox, 4, &high, err);
	if (rc)
		return rc;
	*count = high & 0xffff;
	if ((low & 0xffff) == ARRAY_ID && (low >> 16 & 0xff) &&
	    *count <= mailbox->size / ENTRY_SIZE - 1)
		return 0;
	return fail(err, -EBADMSG,
		    "device registers of %s start with 0x%08" PRIx32 " 0x%08" PRIx32
		    ", not with an array of CXL device capabilities",
		    mailbox->name, low, high);
}

/* The place of a capability of at least @wanted bytes, 0 if there is none. */
static int find_capability(const struct mailbox *mailbox, uint16_t id, uint32_t wanted,
			   uint32_t *place, struct error *err)
{
	uint32_t header, offset = 0, length = 0;
	unsigned int count = 0;
	int rc = read_array_header(mailbox, &count, err);

	*place = 0;
	for (uint32_t entry = ENTRY_SIZE; !rc && count; entry += ENTRY_SIZE, count--) {
		rc = read32(mailbox, entry, &header, err);
		if (rc || (header & 0xffff) != id)
			continue;
		if (*place)
			return fail(err, -EBADMSG,
				    "CXL device capability 0x%04x of %s is there twice", id,
				    mailbox->name);
		rc = read32(mailbox, entry + ENTRY_OFFSET, &offset, err);
		if (!rc)
			rc = read32(mailbox, entry + ENTRY_LENGTH, &length, err);
		if (!rc && (offset % 8 || offset < ENTRY_SIZE || length < wanted ||
			    offset > mailbox->size || length > mailbox->size - offset))
			rc = fail(err, -EBADMSG,
				  "CXL device capability 0x%04x of %s has %" PRIu32
				  " bytes at 0x%" PRIx32 ", where it cannot be",
				  id, mailbox->name, length, offset);
		*place = offset;
	}
	return rc;
}

static int wait_ready(const struct mailbox *mailbox, unsigned int seconds, struct error *err)
{
	/* CXL 3.1 8.2.8.4.3: a Ready Time of 0 is not reported. */
	uint64_t limit = now_ms() + (seconds ? seconds * 1000 : COMMAND_MS);
	uint32_t status = MEMDEV_READY;
	int rc = 0;

	for (;;) {
		if (mailbox->status)
			rc = read32(mailbox, mailbox->status, &status, err);
		if (rc)
			return rc;
		if (status & (MEMDEV_FATAL | MEMDEV_HALTED)) {
			hint(err, "only a reset may bring it back; what it held may be lost");
			return fail(err, -EIO, "%s says that %s", mailbox->name,
				    status & MEMDEV_FATAL ? "it failed for good"
							  : "its firmware has halted");
		}
		if (status & MEMDEV_READY)
			return 0;
		if (now_ms() >= limit)
			return fail(err, -EIO, "the mailbox of %s does not become ready",
				    mailbox->name);
		sleep_ms(10);
	}
}

/* -ETIMEDOUT without a text. */
static int wait_doorbell(const struct mailbox *mailbox, struct error *err)
{
	uint64_t limit = now_ms() + COMMAND_MS;
	uint32_t control;

	for (unsigned int tries = 0;; tries++) {
		bool late = now_ms() >= limit;
		int rc = read32(mailbox, mailbox->base + CONTROL, &control, err);

		if (rc || !(control & CONTROL_DOORBELL))
			return rc;
		if (late)
			return -ETIMEDOUT;
		if (tries > 100)
			sleep_ms(1);
	}
}

static int busy(const struct mailbox *mailbox, struct error *err)
{
	hint(err, "if nobody uses it, the device hangs: only a reset helps");
	return fail(err, -EBUSY, "the mailbox of %s is busy with a command of somebody else",
		    mailbox->name);
}

static int prepare(struct mailbox *mailbox, struct error *err)
{
	uint32_t capabilities;
	unsigned int bits, seconds;
	int rc = find_capability(mailbox, MAILBOX_ID, PAYLOAD + 256, &mailbox->base, err);

	if (!rc && !mailbox->base)
		return fail(err, -ENOENT, "%s has no primary mailbox", mailbox->name);
	if (!rc)
		rc = find_capability(mailbox, STATUS_ID, MEMDEV_STATUS_SIZE, &mailbox->status, err);
	if (!rc)
		rc = read32(mailbox, mailbox->base + CAPABILITIES, &capabilities, err);
	if (rc)
		return rc;
	bits = capabilities & 0x1f;
	seconds = capabilities >> 11 & 0xff;
	if (bits < 8 || bits > 20 || (1u << bits) > mailbox->size - mailbox->base - PAYLOAD)
		return fail(err, -EBADMSG,
			    "the mailbox of %s has a payload of 2^%u bytes, which %s",
			    mailbox->name, bits,
			    bits < 8 || bits > 20 ? "cannot be" : "its registers have no room for");
	mailbox->payload_max = (size_t)1 << bits;
	rc = wait_ready(mailbox, seconds < READY_MS_MAX / 1000 ? seconds : READY_MS_MAX / 1000,
			err);
	if (!rc)
		rc = wait_doorbell(mailbox, err);
	return rc == -ETIMEDOUT ? busy(mailbox, err) : rc;
}

int mailbox_over(const char *name, const struct device_backend *backend, void *context,
		 uint32_t size, struct mailbox **out, struct error *err)
{
	cleanup_mailbox struct mailbox *mailbox = xcalloc(1, sizeof(*mailbox));
	int rc;

	mailbox->name = xstrdup(name);
	mailbox->backend = backend;
	mailbox->context = context;
	mailbox->size = size;
	if (size < 2 * ENTRY_SIZE)
		return fail(err, -EBADMSG, "device registers of %s have %" PRIu32 " bytes", name,
			    size);
	rc = prepare(mailbox, err);
	if (rc)
		return rc;
	*out = mailbox;
	mailbox = NULL;
	return 0;
}

void mailbox_close(struct mailbox **mailbox)
{
	if (!*mailbox)
		return;
	if ((*mailbox)->backend->close)
		(*mailbox)->backend->close((*mailbox)->context);
	free((*mailbox)->name);
	free(*mailbox);
	*mailbox = NULL;
}

size_t mailbox_payload_max(const struct mailbox *mailbox)
{
	return mailbox->payload_max;
}

static int write_payload(const struct mailbox *mailbox, const uint8_t *bytes, size_t size,
			 struct error *err)
{
	int rc = 0;

	for (size_t at = 0; !rc && at < size; at += 4) {
		uint32_t word = 0; /* what is behind the end is not looked at */

		memcpy(&word, bytes + at, size - at < 4 ? size - at : 4);
		rc = write32(mailbox, mailbox->base + PAYLOAD + (uint32_t)at, le32toh(word), err);
	}
	return rc;
}

/* A payload may be all ones: whether the device is there is asked once, afterwards. */
static int read_payload(const struct mailbox *mailbox, uint8_t *bytes, size_t size,
			struct error *err)
{
	for (size_t at = 0; at < size; at += 4) {
		uint32_t word;
		int rc = mailbox->backend->read(mailbox->context,
						mailbox->base + PAYLOAD + (uint32_t)at, &word);

		if (rc)
			return not_accessible(mailbox, rc, err);
		word = htole32(word);
		memcpy(bytes + at, &word, size - at < 4 ? size - at : 4);
	}
	return check_there(mailbox, err);
}

/* A command that goes on in the background ends with a code of its own (CXL 3.1 8.2.8.4.7). */
static int wait_background(const struct mailbox *mailbox, unsigned int *code, struct error *err)
{
	uint64_t limit = now_ms() + COMMAND_MS;
	uint32_t status, result;
	int rc;

	while (!(rc = read32(mailbox, mailbox->base + STATUS_LOW, &status, err)) &&
	       status & STATUS_BACKGROUND && now_ms() < limit)
		sleep_ms(10);
	if (!rc && status & STATUS_BACKGROUND)
		rc = fail(err, -ETIMEDOUT, "%s goes on with the command in the background",
			  mailbox->name);
	if (!rc)
		rc = read32(mailbox, mailbox->base + BACKGROUND_HIGH, &result, err);
	if (!rc)
		*code = result & 0xffff;
	return rc;
}

/* The doorbell runs what the register holds: never what somebody else left there. */
static int check_command(const struct mailbox *mailbox, uint64_t command, struct error *err)
{
	uint32_t low, high;
	int rc = read32(mailbox, mailbox->base + COMMAND_LOW, &low, err);

	if (!rc)
		rc = read32(mailbox, mailbox->base + COMMAND_HIGH, &high, err);
	if (rc)
		return rc;
	if (low == (uint32_t)command && (high & 0x1f) == (uint32_t)(command >> 32))
		return 0;
	hint(err, "nothing was sent; the device may need a reset");
	return fail(err, -EIO, "the mailbox of %s does not take command 0x%04x in", mailbox->name,
		    (unsigned int)(command & 0xffff));
}

static int write_command(const struct mailbox *mailbox, uint16_t opcode, size_t in_size,
			 struct error *err)
{
	uint64_t command = opcode | (uint64_t)in_size << 16;
	int rc = mailbox->backend->write64(mailbox->context, mailbox->base + COMMAND_LOW, command);

	return rc ? not_accessible(mailbox, rc, err) : check_command(mailbox, command, err);
}

static int finish(const struct mailbox *mailbox, uint16_t opcode, unsigned int *code,
		  struct error *err)
{
	uint32_t status;
	int rc = write32(mailbox, mailbox->base + CONTROL, CONTROL_DOORBELL, err);

	if (!rc)
		rc = wait_doorbell(mailbox, err);
	if (rc == -ETIMEDOUT) {
		hint(err, "whether it took effect is unknown; the device may need a reset");
		fail(err, rc, "%s did not finish command 0x%04x within %d s", mailbox->name, opcode,
		     COMMAND_MS / 1000);
	}
	if (!rc)
		rc = read32(mailbox, mailbox->base + STATUS_HIGH, &status, err);
	if (rc)
		return rc;
	*code = status & 0xffff;
	return *code == CODE_BACKGROUND ? wait_background(mailbox, code, err) : 0;
}

static int read_answer(const struct mailbox *mailbox, void *out, size_t out_max, size_t *out_size,
		       struct error *err)
{
	uint32_t low, high;
	size_t size;
	int rc = read32(mailbox, mailbox->base + COMMAND_LOW, &low, err);

	if (!rc)
		rc = read32(mailbox, mailbox->base + COMMAND_HIGH, &high, err);
	if (rc)
		return rc;
	size = low >> 16 | (size_t)(high & 0x1f) << 16;
	if (size > mailbox->payload_max)
		return fail(err, -EBADMSG, "%s says that its answer has %zu bytes; %zu can be",
			    mailbox->name, size, mailbox->payload_max);
	rc = read_payload(mailbox, out, size < out_max ? size : out_max, err);
	if (!rc)
		*out_size = size;
	return rc;
}

int mailbox_send(struct mailbox *mailbox, uint16_t opcode, const void *in, size_t in_size,
		 void *out, size_t out_max, size_t *out_size, unsigned int *code, struct error *err)
{
	int rc;

	*out_size = 0;
	if (in_size > mailbox->payload_max)
		return fail(err, -EMSGSIZE, "a command of %zu bytes does not fit the mailbox of %s",
			    in_size, mailbox->name);
	rc = wait_doorbell(mailbox, err);
	if (rc == -ETIMEDOUT)
		return busy(mailbox, err);
	if (!rc)
		rc = write_command(mailbox, opcode, in_size, err);
	if (!rc)
		rc = write_payload(mailbox, in, in_size, err);
	if (!rc)
		rc = finish(mailbox, opcode, code, err);
	return rc || *code ? rc : read_answer(mailbox, out, out_max, out_size, err);
}

/* The registers of a function. */
struct bar {
	const struct sys *sys;
	char *address;
	bool enabled; /* by us */
	struct mmio *mmio;
};

static int bar_read(void *context, uint32_t offset, uint32_t *value)
{
	return mmio_read32(((struct bar *)context)->mmio, offset, value);
}

static int bar_write(void *context, uint32_t offset, uint32_t value)
{
	return mmio_write32(((struct bar *)context)->mmio, offset, value);
}

static int bar_write64(void *context, uint32_t offset, uint64_t value)
{
	return mmio_write64(((struct bar *)context)->mmio, offset, value);
}

/* The kernel counts who enabled it: a driver that came meanwhile keeps it enabled. */
static void bar_close(void *context)
{
	struct bar *bar = context;

	if (bar->mmio)
		mmio_unmap(bar->mmio);
	if (bar->enabled)
		sys_write(bar->sys, NULL, "0", "/sys/bus/pci/devices/%s/enable", bar->address);
	free(bar->address);
	free(bar);
}

static void close_bar(struct bar **bar)
{
	if (*bar)
		bar_close(*bar);
}

static const struct device_backend bar_backend = {bar_read, bar_write, bar_write64, bar_close};

static int enable_memory(struct bar *bar, const struct config *config, struct error *err)
{
	uint16_t command;
	int rc = config_read16(config, COMMAND, &command, err);

	if (rc || command & COMMAND_MEMORY_SPACE)
		return rc;
	rc = sys_write(bar->sys, err, "1", "/sys/bus/pci/devices/%s/enable", bar->address);
	bar->enabled = !rc;
	if (!rc)
		rc = config_read16(config, COMMAND, &command, err);
	if (rc || command & COMMAND_MEMORY_SPACE)
		return rc;
	return fail(err, -ENODEV, "memory space of %s stays disabled: its registers cannot be read",
		    bar->address);
}

/* Not every kernel keeps a driver's registers from being mapped (CONFIG_IO_STRICT_DEVMEM). */
static int check_driver(const struct sys *sys, const char *address, struct error *err)
{
	char driver[64];

	if (sys_link_name(sys, driver, sizeof(driver), "/sys/bus/pci/devices/%s/driver", address))
		return 0;
	return fail(err, -EBUSY, "the mailbox of %s is its driver's, %s", address, driver);
}

static int map_block(struct bar *bar, const struct register_block *block, uint32_t *size,
		     struct error *err)
{
	char resource[4096];
	uint64_t all;
	int rc = sys_read(bar->sys, resource, sizeof(resource), "/sys/bus/pci/devices/%s/resource",
			  bar->address);

	if (rc)
		return fail_errno(err, rc, "cannot read the BARs of %s", bar->address);
	all = mmio_bar_size(resource, block->bar);
	/* mmio_map() says what is wrong with a BAR that has no room for anything. */
	*size = all <= block->offset		? 2 * ENTRY_SIZE
		: all - block->offset < MAP_MAX ? (uint32_t)(all - block->offset)
						: MAP_MAX;
	rc = mmio_map(bar->sys, &bar->mmio, bar->address, block->bar, block->offset, *size, *size,
		      true, err);
	/* It has a mailbox, though it can not be had: mailbox_open() knows -ENOENT for "it has none". */
	return rc == -ENOENT ? -ENODEV : rc;
}

int mailbox_open(const struct sys *sys, struct mailbox **out, const char *address,
		 struct error *err)
{
	__attribute__((cleanup(close_bar))) struct bar *bar = xcalloc(1, sizeof(*bar));
	cleanup_config struct config *config = NULL;
	struct register_block block;
	uint32_t size;
	int rc;

	bar->sys = sys;
	bar->address = xstrdup(address);
	rc = config_open(sys, &config, address, err);
	if (!rc)
		rc = check_driver(sys, address, err);
	if (rc)
		return rc;
	rc = image_find_block(config_image(config), CXL_BLOCK_DEVICE, &block, err);
	if (rc == -ENOENT)
		return fail(err, rc, "%s has no CXL device registers", address);
	if (!rc)
		rc = enable_memory(bar, config, err);
	if (!rc)
		rc = map_block(bar, &block, &size, err);
	if (rc)
		return rc;
	rc = mailbox_over(address, &bar_backend, bar, size, out, err);
	bar = NULL;
	return rc;
}
