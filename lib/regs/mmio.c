/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "regs/mmio.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sys/util.h"

/* linux/ioport.h: the third number of a line of "resource". */
#define IORESOURCE_MEM	 0x00000200
#define IORESOURCE_UNSET 0x20000000

struct mmio {
	void *mapping;
	size_t length;
};

uint64_t mmio_bar_size(const char *resource, unsigned int bar)
{
	uint64_t start, end, flags;

	for (; bar && resource; bar--) {
		resource = strchr(resource, '\n');
		resource = resource ? resource + 1 : NULL;
	}
	if (!resource ||
	    sscanf(resource, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &end, &flags) != 3)
		return 0;
	if (!(flags & IORESOURCE_MEM) || flags & IORESOURCE_UNSET || end <= start)
		return 0;
	return end - start == UINT64_MAX ? 0 : end - start + 1;
}

static int check_bar(const struct sys *sys, const char *address, unsigned int bar, uint64_t offset,
		     uint64_t claim, struct error *err)
{
	char resource[4096];
	uint64_t size;
	int rc = sys_read(sys, resource, sizeof(resource), "/sys/bus/pci/devices/%s/resource",
			  address);

	if (rc)
		return fail_errno(err, rc, "cannot read the BARs of %s", address);
	size = mmio_bar_size(resource, bar);
	if (!size)
		return fail(err, -EBADMSG,
			    "BAR %u of %s holds the registers but is no memory with "
			    "an address",
			    bar, address);
	if (size < claim || offset > size - claim)
		return fail(err, -EBADMSG,
			    "the register block at 0x%" PRIx64 " reaches beyond BAR %u of %s, "
			    "0x%" PRIx64 " bytes",
			    offset, bar, address, size);
	return 0;
}

static int map_failed(const char *address, unsigned int bar, int code, struct error *err)
{
	switch (code) {
	case -EACCES:
		hint(err, "run it as root");
		return fail(err, code, "mapping the registers of %s needs root", address);
	case -EPERM:
		hint(err, "see /sys/kernel/security/lockdown; Secure Boot turns it on");
		return fail(err, code, "kernel lockdown forbids mapping the registers of %s",
			    address);
	case -EINVAL:
		hint(err, "a kernel with CONFIG_IO_STRICT_DEVMEM=y needs iomem=relaxed for this");
		return fail(err, -EBUSY, "a driver holds BAR %u of %s for itself", bar, address);
	case -ENOENT:
		return fail(err, code, "sysfs offers no BAR %u of %s", bar, address);
	}
	return fail_errno(err, code, "cannot map BAR %u of %s", bar, address);
}

/* 0 or -errno; the kernel maps a BAR uncached. */
static int map_file(struct mmio *mmio, const char *path, uint64_t offset, bool writable)
{
	int protection = PROT_READ | (writable ? PROT_WRITE : 0);
	cleanup_fd int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_SYNC | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	mmio->mapping = mmap(NULL, mmio->length, protection, MAP_SHARED, fd, (off_t)offset);
	return mmio->mapping == MAP_FAILED ? -errno : 0;
}

int mmio_map(const struct sys *sys, struct mmio **out, const char *address, unsigned int bar,
	     uint64_t offset, uint64_t claim, size_t length, bool writable, struct error *err)
{
	cleanup_free struct mmio *mmio = xcalloc(1, sizeof(*mmio));
	char path[PATH_MAX];
	int rc = check_bar(sys, address, bar, offset, claim, err);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/resource%u", sys->root, address,
		 bar);
	mmio->length = length;
	rc = map_file(mmio, path, offset, writable);
	if (rc)
		return map_failed(address, bar, rc, err);
	*out = mmio;
	mmio = NULL;
	return 0;
}

void mmio_unmap(struct mmio *mmio)
{
	munmap(mmio->mapping, mmio->length);
	free(mmio);
}

static sigjmp_buf bus_error;

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(bus_error, 1);
}

/*
 * SIGBUS says that the mapping was revoked, or that the access failed on the bus. The handler is
 * ours for this one access only: a SIGBUS anywhere else is a fault of the program.
 */
static int access_guarded(void (*access)(volatile void *reg, void *value), volatile void *reg,
			  void *value)
{
	struct sigaction action = {.sa_handler = on_bus_error}, before;
	volatile int rc = -EIO;

	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, &before);
	if (!sigsetjmp(bus_error, 1)) {
		access(reg, value);
		rc = 0;
	}
	sigaction(SIGBUS, &before, NULL);
	return rc;
}

static void load32(volatile void *reg, void *value)
{
	*(uint32_t *)value = le32toh(*(volatile uint32_t *)reg);
}

static void store32(volatile void *reg, void *value)
{
	*(volatile uint32_t *)reg = htole32(*(uint32_t *)value);
}

static void store64(volatile void *reg, void *value)
{
	*(volatile uint64_t *)reg = htole64(*(uint64_t *)value);
}

static bool in_mapping(const struct mmio *mmio, uint32_t offset, uint32_t width)
{
	return offset % width == 0 && offset < mmio->length && mmio->length - offset >= width;
}

int mmio_read32(struct mmio *mmio, uint32_t offset, uint32_t *value)
{
	if (!in_mapping(mmio, offset, 4))
		return -EINVAL;
	return access_guarded(load32, (char *)mmio->mapping + offset, value);
}

int mmio_write32(struct mmio *mmio, uint32_t offset, uint32_t value)
{
	if (!in_mapping(mmio, offset, 4))
		return -EINVAL;
	return access_guarded(store32, (char *)mmio->mapping + offset, &value);
}

int mmio_write64(struct mmio *mmio, uint32_t offset, uint64_t value)
{
	if (!in_mapping(mmio, offset, 8))
		return -EINVAL;
	return access_guarded(store64, (char *)mmio->mapping + offset, &value);
}
