/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Component registers: the array of capabilities, HDM decoders, and the isolation registers read,
 * formatted and changed. The input says how the device misbehaves, what is asked for, and then
 * what its registers hold.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "regs/component.h"
#include "regs/hdm.h"
#include "regs/isolation.h"
#include "regs/timeout.h"
#include "sys/util.h"

/* Of the input's head, in bytes. */
#define ONES_FROM  0 /* all ones from this access on; 0: never */
#define FAILS_FROM 1 /* -EIO from this access on; 0: never */
#define STUCK	   4 /* bits of the control register that writes do not change */
#define MASK	   8
#define VALUE	   12
#define CLEAR	   16
#define FLIPS	   20 /* bits of the control register that the first write turns over */
#define HEAD	   24

#define QUIESCED \
	(ISOLATION_CONTROL_ISOLATION(ISOLATION_MEM) | ISOLATION_CONTROL_ISOLATION(ISOLATION_CACHE))

struct device {
	uint32_t words[COMPONENT_SIZE / 4];
	unsigned int ones_from, fails_from, accesses, writes;
	uint32_t stuck, flips;
	uint32_t isolation; /* where that capability is; 0: not found */
	uint32_t before;    /* what its control register was */
	uint32_t mask;	    /* what of it is to change */
	uint32_t last_write;
	bool busy_at_read; /* the status register said RP Busy when it was read last */
};

static bool is_over(const struct device *device, unsigned int from)
{
	return from && device->accesses >= from;
}

static int device_read(void *context, uint32_t offset, uint32_t *value)
{
	struct device *device = context;

	EXPECT(offset % 4 == 0 && offset < COMPONENT_SIZE);
	device->accesses++;
	*value = is_over(device, device->ones_from) ? UINT32_MAX : device->words[offset / 4];
	if (device->isolation && offset == device->isolation + 0xc)
		device->busy_at_read = *value & ISOLATION_STATUS_RP_BUSY;
	return is_over(device, device->fails_from) ? -EIO : 0;
}

static void write_control(struct device *device, uint32_t *word, uint32_t value)
{
	uint32_t forbidden = ISOLATION_CONTROL_RESERVED | ISOLATION_CONTROL_INTERRUPT;

	/* Not set anew, and isolation enables not changed where there may be traffic. */
	EXPECT(!(value & ~device->before & forbidden));
	EXPECT(!((value ^ *word) & QUIESCED & ~device->mask));
	*word = (*word & device->stuck) | (value & ~device->stuck);
	*word ^= device->flips;
	device->flips = 0;
}

static void write_status(struct device *device, uint32_t *word, uint32_t value)
{
	EXPECT(!(value & ~ISOLATION_STATUS_RW1C));
	EXPECT(!device->busy_at_read || !(value & 0x1100));
	*word &= ~value;
}

/* What may be written to the isolation registers, and what comes of it. */
static void write_isolation(struct device *device, uint32_t offset, uint32_t value)
{
	uint32_t *word = &device->words[offset / 4];

	EXPECT(offset == device->isolation + 0x8 || offset == device->isolation + 0xc);
	if (offset == device->isolation + 0x8)
		write_control(device, word, value);
	else
		write_status(device, word, value);
}

static int device_write(void *context, uint32_t offset, uint32_t value)
{
	struct device *device = context;

	EXPECT(offset % 4 == 0 && offset < COMPONENT_SIZE);
	device->accesses++;
	if (is_over(device, device->fails_from))
		return -EIO;
	device->writes++;
	device->last_write = value;
	if (device->isolation)
		write_isolation(device, offset, value);
	else
		device->words[offset / 4] = value;
	return 0;
}

static const struct component_backend backend = {device_read, device_write, NULL};

static void load(struct device *device, const uint8_t *data, size_t size)
{
	memset(device, 0, sizeof(*device));
	device->ones_from = data[ONES_FROM];
	device->fails_from = data[FAILS_FROM];
	device->stuck = get32(data, STUCK);
	device->flips = get32(data, FLIPS);
	data += HEAD;
	size -= HEAD;
	if (size > COMPONENT_SIZE)
		size = COMPONENT_SIZE;
	for (size_t i = 0; i + 4 <= size; i += 4)
		device->words[i / 4] = get32(data, i);
}

static void check_code(int rc, const struct error *err)
{
	EXPECT(rc == 0 || rc == -ENOENT || rc == -EBADMSG || rc == -EIO || rc == -ENODEV);
	EXPECT_TEXT(rc, *err);
}

static void check_find(struct component *component, const struct device *device, uint16_t id,
		       unsigned int max_version)
{
	uint32_t array = 4 * ((device->words[0] >> 24) + 1);
	struct error err = {0};
	uint32_t offset;
	int rc = component_find(component, id, max_version, &offset, &err);

	check_code(rc, &err);
	EXPECT(rc || (offset % 4 == 0 && offset >= array && offset < COMPONENT_SIZE));
}

static void check_hdm(struct component *component)
{
	struct error err = {0};
	struct hdm hdm;
	int rc = hdm_read(component, &hdm, &err);

	check_code(rc, &err);
	if (rc)
		return;
	EXPECT(hdm.count >= 1 && hdm.count <= HDM_MAX);
	for (unsigned int i = 0; i < hdm.count; i++) {
		const struct hdm_decoder *decoder = &hdm.decoders[i];

		EXPECT(!(decoder->base & 0xfffffff) && !(decoder->size & 0xfffffff));
		EXPECT(!decoder->committed || (decoder->ways && decoder->granularity));
		EXPECT(decoder->ways <= 16 && decoder->granularity <= 16384);
	}
}

/* A mark that was made is there, and leaves no trace. */
static void check_mark(struct component *component, struct device *device)
{
	static uint32_t before[COMPONENT_SIZE / 4];
	struct error err = {0};
	unsigned int number;
	bool marked;

	/* Without the device's own mistakes, or there would be nothing to expect. */
	device->ones_from = device->fails_from = 0;
	memcpy(before, device->words, sizeof(before));
	if (hdm_mark(component, &number, &err))
		return;
	EXPECT(number < HDM_MAX);
	EXPECT(!hdm_marked(component, &marked, NULL) && marked);
	EXPECT(!hdm_unmark(component, NULL));
	EXPECT(!hdm_marked(component, &marked, NULL) && !marked);
}

static void check_line(const char *line, size_t size)
{
	EXPECT(strlen(line) < size - 8);
	for (; *line; line++)
		EXPECT(*line >= ' ' && *line <= '~');
}

static void check_words(const struct isolation_registers *registers, uint32_t known)
{
	struct isolation_capability capability = isolation_capability_decode(registers->capability);
	struct isolation_control control = isolation_control_decode(registers->control);
	struct isolation_status status = isolation_status_decode(registers->status);
	struct isolation_registers part = *registers;
	char line[ISOLATION_TEXT], faults[ISOLATION_FAULTS];

	EXPECT(isolation_capability_encode(&capability) == registers->capability);
	EXPECT(isolation_control_encode(&control) == registers->control);
	EXPECT(isolation_status_encode(&status) == registers->status);
	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++)
		EXPECT(isolation_cause_names[isolation_cause(&status, p)]);
	isolation_capability_format(line, sizeof(line), registers->capability, known);
	check_line(line, sizeof(line));
	isolation_control_format(line, sizeof(line), registers->control, known);
	check_line(line, sizeof(line));
	isolation_status_format(line, sizeof(line), registers->status, known);
	check_line(line, sizeof(line));
	part.capability_known = part.control_known = part.status_known = known;
	EXPECT(!isolation_faults(&part, faults, sizeof(faults)) == !faults[0]);
	check_line(faults, sizeof(faults));
}

static void check_change(struct isolation_port *port, struct device *device, uint32_t mask,
			 uint32_t value)
{
	uint32_t *control = &device->words[(device->isolation + 0x8) / 4];
	uint32_t before = *control;
	struct error err = {0};
	int rc;

	device->writes = 0;
	device->before = before;
	device->mask = mask;
	rc = isolation_write_control(port, mask, value, &err);
	EXPECT(rc <= 0 && !rc == !err.text[0]);
	if (!rc)
		EXPECT(*control == ((before & ~mask) | value));
	else if (rc != -ENODEV && rc != -ENOTRECOVERABLE)
		EXPECT(*control == before);
	EXPECT(rc != -EINVAL || !device->writes);
	EXPECT(!(value & ISOLATION_CONTROL_INTERRUPT) || rc);
}

static void check_clear(struct isolation_port *port, struct device *device, uint32_t mask)
{
	uint32_t *status = &device->words[(device->isolation + 0xc) / 4];
	uint32_t before = *status;
	struct error err = {0};
	int rc;

	device->writes = 0;
	rc = isolation_clear_status(port, mask, &err);
	EXPECT(rc <= 0 && !rc == !err.text[0]);
	EXPECT(rc || !(*status & mask));
	EXPECT(rc || *status == (before & ~mask));
	EXPECT(!device->writes || device->last_write == mask);
	EXPECT(device->writes <= 1);
}

static void check_isolation(struct device *device, const uint8_t *data)
{
	struct component *component = component_over("fuzz", &backend, device);
	cleanup_isolation struct isolation_port *port = NULL;
	struct isolation_registers registers;
	struct error err = {0};
	int rc = isolation_over(component, &port, &err);

	check_code(rc, &err);
	if (rc) {
		component_close(&component);
		return;
	}
	/* It was found, so the device knows as well as anyone; now it may misbehave. */
	EXPECT(!component_find(component, CXL_CAPABILITY_ISOLATION, 1, &device->isolation, NULL));
	device->accesses = 0;
	device->ones_from = data[ONES_FROM];
	device->fails_from = data[FAILS_FROM];
	rc = isolation_read(port, &registers, &err);
	check_code(rc, &err);
	if (!rc)
		check_words(&registers, get32(data, STUCK) ^ get32(data, CLEAR));
	check_change(port, device, get32(data, MASK), get32(data, VALUE));
	check_clear(port, device, get32(data, CLEAR));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ids[] = {0, 2, CXL_CAPABILITY_HDM, CXL_CAPABILITY_ISOLATION, 0xffff};
	static struct device device;
	struct component *component;

	if (size < HEAD)
		return 0;
	load(&device, data, size);
	component = component_over("fuzz", &backend, &device);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		check_find(component, &device, ids[i],
			   i * 4 + 1 < 15 ? i * 4 + 1 : CXL_ANY_VERSION);
	check_hdm(component);
	check_mark(component, &device);
	component_close(&component);
	load(&device, data, size);
	device.ones_from = device.fails_from = 0;
	check_isolation(&device, data);
	return 0;
}

/* ---- mutation ---- */

#define INPUT_SIZE (HEAD + COMPONENT_SIZE)
#define HDM_AT	   0x200
#define ISO_AT	   0x700

/* Every input begins as this: HDM decoders and isolation, and a sensible request. */
static void make_device(uint8_t *data)
{
	memset(data, 0, INPUT_SIZE);
	put32(data, MASK, 0x0001001f);
	put32(data, VALUE, 0x00010016);
	put32(data, CLEAR, 0x00000301);
	data += HEAD;
	put32(data, 0x00, 0x04110001);
	put32(data, 0x04, 0x08030002);
	put32(data, 0x0c, HDM_AT << 20 | 3 << 16 | CXL_CAPABILITY_HDM);
	put32(data, 0x10, ISO_AT << 20 | 1 << 16 | CXL_CAPABILITY_ISOLATION);
	put32(data, HDM_AT, 2);
	put32(data, HDM_AT + 4, 2);
	put32(data, HDM_AT + 0x14, 4);
	put32(data, HDM_AT + 0x18, 0x20000000);
	put32(data, HDM_AT + 0x20, 0x612);
	put32(data, ISO_AT, 0x0e0f1f1f);
	put32(data, ISO_AT + 0xc, 0x301);
}

/* Something of interest into a place of interest. */
static void plant(uint8_t *data, uint32_t *random)
{
	uint32_t bit = 1u << next_random(random) % 32;
	uint8_t *words = data + HEAD;
	uint32_t pointer = next_random(random) % 0x400 * 4;

	switch (next_random(random) % 9) {
	case 0:
		put32(words, next_random(random) % 6 * 4, next_random(random));
		break;
	case 1:
		put32(words, 0x10, pointer << 20 | (next_random(random) & 0x3) << 16 | 9);
		break;
	case 2:
		put32(words, 0x0c, pointer << 20 | 3 << 16 | 5);
		break;
	case 3:
		put32(words, ISO_AT + (next_random(random) & 0xc), next_random(random));
		break;
	case 4:
		pointer = ISO_AT + (next_random(random) & 0xc);
		put32(words, pointer, get32(words, pointer) ^ bit);
		break;
	case 5:
		pointer = MASK + (next_random(random) & 0xc) % 12;
		put32(data, pointer, get32(data, pointer) ^ bit);
		break;
	case 6:
		put32(data, next_random(random) % 2 ? STUCK : FLIPS,
		      next_random(random) & next_random(random));
		break;
	case 7:
		data[next_random(random) % 2] = next_random(random) % 40;
		break;
	default:
		put32(words, HDM_AT + next_random(random) % 0x24 * 4, next_random(random));
	}
}

/* A request that the rules allow, to get behind them. */
static void ask_nicely(uint8_t *data, uint32_t *random)
{
	uint32_t mask = next_random(random) & ISOLATION_CONTROL_ENABLES;
	uint32_t value = next_random(random) & mask;

	/* Most of the time, at least. */
	if (next_random(random) % 8)
		value &= ~ISOLATION_CONTROL_INTERRUPT;

	for (unsigned int p = 0; p < ISOLATION_PROTOCOLS; p++) {
		if (next_random(random) % 2)
			continue;
		mask |= ISOLATION_CONTROL_VALUE(p);
		value |= (uint32_t)timeouts[next_random(random) % TIMEOUT_COUNT].value
			 << ISOLATION_CONTROL_VALUE_SHIFT(p);
	}
	put32(data, MASK, mask);
	put32(data, VALUE, value);
	put32(data, CLEAR, next_random(random) & ISOLATION_STATUS_RW1C);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint32_t random = seed | 1;

	if (size < INPUT_SIZE && max_size >= INPUT_SIZE) {
		make_device(data);
		return INPUT_SIZE;
	}
	switch (size < INPUT_SIZE ? 0 : next_random(&random) % 8) {
	case 0:
		return LLVMFuzzerMutate(data, size, max_size);
	case 1:
	case 2:
		ask_nicely(data, &random);
		break;
	default:
		for (uint32_t i = next_random(&random) % 3 + 1; i; i--)
			plant(data, &random);
	}
	return size;
}
