/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "regs/hdm.h"

#include <errno.h>
#include <string.h>

#include "sys/util.h"

/* CXL 3.1 8.2.4.20: CXL HDM Decoder Capability Structure. */
#define CAPABILITY	      0x00
#define GLOBAL_CONTROL	      0x04
#define GLOBAL_CONTROL_ENABLE (1u << 1)
#define DECODER(n)	      (0x10 + 0x20 * (n))

/* Registers of one decoder, from DECODER(n). */
#define BASE_LOW  0x00
#define BASE_HIGH 0x04
#define SIZE_LOW  0x08
#define SIZE_HIGH 0x0c
#define CONTROL	  0x10
#define SKIP_LOW  0x14
#define SKIP_HIGH 0x18

/* Addresses and sizes are multiples of 256 MiB; the bits below are reserved. */
#define LOW_MASK 0xf0000000

/* CXL 3.1 8.2.4.20.7: HDM Decoder n Control Register. */
#define CONTROL_LOCK	  (1u << 8)
#define CONTROL_COMMIT	  (1u << 9)
#define CONTROL_COMMITTED (1u << 10)
#define CONTROL_ERROR	  (1u << 11)

/* Bits 31:28 of an address, all that base low keeps; no firmware leaves it behind with size 0. */
#define MARK 0xa0000000

/* 0 if reserved. */
static unsigned int decode_count(uint32_t capability)
{
	static const unsigned char counts[16] = {1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32};

	return counts[capability & 0xf];
}

static unsigned int decode_ways(uint32_t control)
{
	static const unsigned char ways[16] = {1, 2, 4, 8, 16, [8] = 3, 6, 12};

	return ways[control >> 4 & 0xf];
}

static unsigned int decode_granularity(uint32_t control)
{
	return (control & 0xf) <= 6 ? 256u << (control & 0xf) : 0;
}

/* Two registers that make an address or a size. */
static int read_pair(struct component *component, uint32_t low, uint64_t *value, struct error *err)
{
	uint32_t halves[2];
	int rc = component_read32(component, low, &halves[0], err);

	if (rc)
		return rc;
	rc = component_read32(component, low + 4, &halves[1], err);
	*value = (halves[0] & LOW_MASK) | (uint64_t)halves[1] << 32;
	return rc;
}

static void decode_control(struct hdm_decoder *decoder, uint32_t control)
{
	decoder->commit = control & CONTROL_COMMIT;
	decoder->committed = control & CONTROL_COMMITTED;
	decoder->error = control & CONTROL_ERROR;
	decoder->locked = control & CONTROL_LOCK;
	decoder->ways = decode_ways(control);
	decoder->granularity = decode_granularity(control);
}

static int read_decoder(struct component *component, uint32_t start, struct hdm_decoder *decoder,
			struct error *err)
{
	uint32_t control;
	int rc = component_read32(component, start + CONTROL, &control, err);

	if (rc)
		return rc;
	decode_control(decoder, control);
	rc = read_pair(component, start + BASE_LOW, &decoder->base, err);
	if (!rc)
		rc = read_pair(component, start + SIZE_LOW, &decoder->size, err);
	if (!rc)
		rc = read_pair(component, start + SKIP_LOW, &decoder->dpa_skip, err);
	return rc;
}

/* What a decoder holds that is not committed has no meaning, so it is not judged either. */
static int check_decoder(struct component *component, unsigned int number,
			 const struct hdm_decoder *decoder, struct error *err)
{
	if (!decoder->committed || (decoder->ways && decoder->granularity))
		return 0;
	return fail(err, -EBADMSG, "HDM decoder %u of %s is committed with reserved interleaving",
		    number, component_name(component));
}

static int find_decoders(struct component *component, uint32_t *start, unsigned int *count,
			 struct error *err)
{
	uint32_t capability;
	int rc = component_find(component, CXL_CAPABILITY_HDM, CXL_ANY_VERSION, start, err);

	if (!rc)
		rc = component_read32(component, *start + CAPABILITY, &capability, err);
	if (rc)
		return rc;
	*count = decode_count(capability);
	if (!*count)
		return fail(err, -EBADMSG, "%s has a reserved number of HDM decoders: 0x%x",
			    component_name(component), capability & 0xf);
	if (*start + DECODER(*count) > COMPONENT_SIZE)
		return fail(err, -EBADMSG,
			    "the %u HDM decoders of %s at 0x%03x reach beyond its registers",
			    *count, component_name(component), *start);
	return 0;
}

int hdm_read(struct component *component, struct hdm *hdm, struct error *err)
{
	uint32_t start, control;
	int rc;

	memset(hdm, 0, sizeof(*hdm));
	rc = find_decoders(component, &start, &hdm->count, err);
	if (!rc)
		rc = component_read32(component, start + GLOBAL_CONTROL, &control, err);
	if (rc)
		return rc;
	hdm->enabled = control & GLOBAL_CONTROL_ENABLE;
	for (unsigned int i = 0; !rc && i < hdm->count; i++) {
		rc = read_decoder(component, start + DECODER(i), &hdm->decoders[i], err);
		if (!rc)
			rc = check_decoder(component, i, &hdm->decoders[i], err);
	}
	return rc;
}

static bool is_free(const struct hdm_decoder *decoder)
{
	return !decoder->committed && !decoder->commit && !decoder->locked && !decoder->size;
}

static bool is_marked(const struct hdm_decoder *decoder)
{
	return is_free(decoder) && decoder->base == MARK;
}

/* Write the base of a free decoder and see that it stayed. */
static int write_base(struct component *component, unsigned int number, uint32_t base,
		      struct error *err)
{
	struct hdm_decoder decoder;
	unsigned int count;
	uint32_t start;
	int rc = find_decoders(component, &start, &count, err);

	start += DECODER(number);
	if (!rc)
		rc = component_write32(component, start + BASE_HIGH, 0, err);
	if (!rc)
		rc = component_write32(component, start + BASE_LOW, base, err);
	if (!rc)
		rc = read_decoder(component, start, &decoder, err);
	if (rc)
		return rc;
	if (decoder.base == base)
		return 0;
	return fail(err, -EIO, "HDM decoder %u of %s does not keep what is written to it", number,
		    component_name(component));
}

int hdm_mark(struct component *component, unsigned int *decoder, struct error *err)
{
	struct hdm hdm;
	int rc = hdm_read(component, &hdm, err);

	if (rc)
		return rc;
	for (unsigned int i = hdm.count; i--;) {
		if (!is_free(&hdm.decoders[i]))
			continue;
		*decoder = i;
		return write_base(component, i, MARK, err);
	}
	return fail(err, -EBUSY, "none of the %u HDM decoders of %s is free to carry a mark",
		    hdm.count, component_name(component));
}

int hdm_marked(struct component *component, bool *marked, struct error *err)
{
	struct hdm hdm;
	int rc = hdm_read(component, &hdm, err);

	*marked = false;
	for (unsigned int i = 0; !rc && i < hdm.count; i++)
		*marked |= is_marked(&hdm.decoders[i]);
	return rc;
}

int hdm_unmark(struct component *component, struct error *err)
{
	struct hdm hdm;
	int rc = hdm_read(component, &hdm, err);

	for (unsigned int i = 0; !rc && i < hdm.count; i++)
		if (is_marked(&hdm.decoders[i]))
			rc = write_base(component, i, 0, err);
	return rc;
}
