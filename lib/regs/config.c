/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "regs/config.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pci/pci.h>

#include "sys/util.h"

#define ROOT_PORT_TYPE 4

struct config {
	char address[24];
	struct pci_access *access;
	struct pci_dev *function;
	struct config_image image;
	uint8_t bytes[CONFIG_SIZE];
};

/* What libpci complained about; its callbacks have nowhere else to put it. */
static struct {
	jmp_buf escape;
	int code; /* -errno behind the first warning, or 0 */
} trouble;

/* libpci reports a failed open or read as a warning while errno is still that of the call. */
static void on_warning(char *format, ...)
{
	(void)format;
	if (!trouble.code)
		trouble.code = errno ? -errno : -EIO;
}

static void on_debug(char *format, ...)
{
	(void)format;
}

/* Must not return, and the default one exits. */
static void __attribute__((noreturn)) on_error(char *format, ...)
{
	(void)format;
	longjmp(trouble.escape, 1);
}

/* One access through libpci. */
struct transfer {
	uint16_t offset;
	uint16_t length;
	void *data;
};

typedef int libpci_call(struct config *config, struct transfer *transfer);

/* 0; -errno of the file access; -ENODATA if the file is shorter; -EIO if libpci gave up. */
static int guarded(libpci_call *call, struct config *config, struct transfer *transfer)
{
	trouble.code = 0;
	if (setjmp(trouble.escape))
		return -EIO;
	if (call(config, transfer))
		return 0;
	return trouble.code ? trouble.code : -ENODATA;
}

static int do_read(struct config *config, struct transfer *transfer)
{
	return pci_read_block(config->function, transfer->offset, transfer->data, transfer->length);
}

/* pci_write_block() keeps the width as long as the offset is aligned: sysfs does the same. */
static int do_write(struct config *config, struct transfer *transfer)
{
	return pci_write_block(config->function, transfer->offset, transfer->data,
			       transfer->length);
}

static int do_open(struct config *config, struct transfer *path)
{
	unsigned int domain, bus, device, function;

	if (sscanf(config->address, "%x:%x:%x.%u", &domain, &bus, &device, &function) != 4)
		return 0;
	config->access->method = PCI_ACCESS_SYS_BUS_PCI;
	config->access->error = on_error;
	config->access->warning = on_warning;
	config->access->debug = on_debug;
	if (pci_set_param(config->access, "sysfs.path", path->data))
		return 0;
	pci_init(config->access);
	config->function =
		pci_get_dev(config->access, (int)domain, (int)bus, (int)device, (int)function);
	return config->function != NULL;
}

/* Exact, as the kernel prints it: the address becomes part of file names. */
static bool is_address(const char *text)
{
	unsigned int domain, bus, device, function;
	char again[24];

	if (sscanf(text, "%8x:%2x:%2x.%1u", &domain, &bus, &device, &function) != 4)
		return false;
	if (domain > INT_MAX || device > 0x1f || function > 7)
		return false;
	snprintf(again, sizeof(again), "%04x:%02x:%02x.%u", domain, bus, device, function);
	return strcmp(text, again) == 0;
}

static int gone(const struct config *config, struct error *err)
{
	hint(err, "it was removed, is powered off, or its link is down");
	return fail(err, -ENODEV, "%s does not answer: its config space reads all ones",
		    config->address);
}

static int read_failed(const struct config *config, int code, struct error *err)
{
	if (code == -ENOENT || code == -ENODEV)
		return fail(err, -ENODEV, "there is no PCI function %s", config->address);
	if (code == -ENODATA)
		return fail(err, -EIO, "config space of %s is cut short", config->address);
	return fail_errno(err, code, "cannot read config space of %s", config->address);
}

/*
 * How much there is, is told only by trying: the file's size is that of the function, but the
 * kernel gives an ordinary user just the header.
 */
int config_reload(struct config *config, struct error *err)
{
	static const uint16_t sizes[] = {CONFIG_SIZE, 256, 64};
	int rc = -ENODATA;

	config->image.size = 0;
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && rc == -ENODATA; i++) {
		struct transfer all = {0, sizes[i], config->bytes};

		rc = guarded(do_read, config, &all);
		if (!rc)
			config->image.size = sizes[i];
	}
	if (rc)
		return read_failed(config, rc, err);
	return image_read32(&config->image, 0) == UINT32_MAX ? gone(config, err) : 0;
}

static struct config *config_new(const char *address)
{
	struct config *config = xcalloc(1, sizeof(*config));

	copy_text(config->address, sizeof(config->address), address);
	config->image.name = config->address;
	config->image.bytes = config->bytes;
	config->access = pci_alloc();
	return config;
}

int config_open(const struct sys *sys, struct config **out, const char *address, struct error *err)
{
	cleanup_config struct config *config = NULL;
	struct transfer path = {0};
	char directory[PATH_MAX];
	int rc;

	if (!is_address(address))
		return fail(err, -EINVAL, "%s is not a PCI address such as 0000:0c:00.0", address);
	snprintf(directory, sizeof(directory), "%s/sys/bus/pci", sys->root);
	path.data = directory;
	config = config_new(address);
	if (guarded(do_open, config, &path))
		return fail(err, -EIO, "libpci cannot use %s", directory);
	rc = config_reload(config, err);
	if (rc)
		return rc;
	*out = config;
	config = NULL;
	return 0;
}

void config_close(struct config **config)
{
	if (!*config)
		return;
	if ((*config)->function)
		pci_free_dev((*config)->function);
	pci_cleanup((*config)->access);
	free(*config);
	*config = NULL;
}

const char *config_address(const struct config *config)
{
	return config->address;
}

const struct config_image *config_image(const struct config *config)
{
	return &config->image;
}

static int check_offset(const struct config *config, const struct transfer *transfer,
			struct error *err)
{
	if (transfer->offset % transfer->length || transfer->offset >= CONFIG_SIZE)
		return fail(err, -EINVAL, "0x%x is not the offset of a %u-bit register",
			    transfer->offset, transfer->length * 8u);
	if (config->image.size >= 256 || transfer->offset < config->image.size)
		return 0;
	hint(err, "run it as root (CAP_SYS_ADMIN in the first user namespace)");
	return fail(err, -EACCES, "config space of %s above 0x40 needs root", config->address);
}

/* libpci keeps the last file open, hence the cast: reading changes nothing the caller sees. */
static int read_bytes(const struct config *config, struct transfer *transfer, struct error *err)
{
	int rc = check_offset(config, transfer, err);

	if (rc)
		return rc;
	rc = guarded(do_read, (struct config *)config, transfer);
	return rc ? read_failed(config, rc, err) : 0;
}

/* A register may well hold all ones; a vendor id never does: PCIe 6.0 7.5.1.1.1. */
static int check_gone(const struct config *config, struct error *err)
{
	uint8_t vendor[2];
	struct transfer transfer = {0, sizeof(vendor), vendor};
	int rc = read_bytes(config, &transfer, err);

	if (rc)
		return rc;
	return vendor[0] == 0xff && vendor[1] == 0xff ? gone(config, err) : 0;
}

int config_read16(const struct config *config, uint16_t offset, uint16_t *value, struct error *err)
{
	uint8_t bytes[2];
	struct transfer transfer = {offset, sizeof(bytes), bytes};
	int rc = read_bytes(config, &transfer, err);

	if (rc)
		return rc;
	*value = (uint16_t)(bytes[0] | bytes[1] << 8);
	return *value == UINT16_MAX ? check_gone(config, err) : 0;
}

int config_read32(const struct config *config, uint16_t offset, uint32_t *value, struct error *err)
{
	uint8_t bytes[4];
	struct transfer transfer = {offset, sizeof(bytes), bytes};
	int rc = read_bytes(config, &transfer, err);

	if (rc)
		return rc;
	*value = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		 (uint32_t)bytes[3] << 24;
	return *value == UINT32_MAX ? check_gone(config, err) : 0;
}

static int write_bytes(struct config *config, struct transfer *transfer, struct error *err)
{
	int rc = check_offset(config, transfer, err);

	if (rc)
		return rc;
	rc = guarded(do_write, config, transfer);
	if (rc == -EPERM)
		hint(err, "kernel lockdown (see /sys/kernel/security/lockdown) forbids it");
	if (rc == -EACCES)
		hint(err, "run it as root");
	if (rc)
		return fail_errno(err, rc, "cannot write config space of %s at 0x%03x",
				  config->address, transfer->offset);
	return 0;
}

int config_write16(struct config *config, uint16_t offset, uint16_t value, struct error *err)
{
	uint8_t bytes[2] = {value & 0xff, value >> 8};
	struct transfer transfer = {offset, sizeof(bytes), bytes};

	return write_bytes(config, &transfer, err);
}

int config_write32(struct config *config, uint16_t offset, uint32_t value, struct error *err)
{
	uint8_t bytes[4] = {value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >> 24};
	struct transfer transfer = {offset, sizeof(bytes), bytes};

	return write_bytes(config, &transfer, err);
}

int config_find_dvsec(const struct config *config, uint16_t vendor, uint16_t id, uint16_t *offset,
		      uint16_t *length, struct error *err)
{
	return image_find_dvsec(&config->image, vendor, id, offset, length, err);
}

int config_find_capability(const struct config *config, uint8_t id, uint8_t *offset,
			   struct error *err)
{
	return image_find_capability(&config->image, id, offset, err);
}

bool config_is_root_port(const struct config *config)
{
	uint8_t pcie;

	if (!image_is_bridge(&config->image) ||
	    config_find_capability(config, PCI_CAPABILITY_PCIE, &pcie, NULL))
		return false;
	/* PCI Express Capabilities Register, device/port type: PCIe 6.0 7.5.3.2. */
	return (image_read16(&config->image, pcie + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) >> 4 ==
	       ROOT_PORT_TYPE;
}
