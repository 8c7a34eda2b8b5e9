/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/kcore.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/util.h"

#define NOTES_MAX	(1 << 20)
#define STRUCT_PAGE_MAX 256

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_ORDER ELFDATA2LSB
#else
#define OUR_ORDER ELFDATA2MSB
#endif

/* ---- what the kernel says of itself ---- */

/* "SIZE(page)=64": a line of its own. */
static bool number_of(const char *info, const char *key, uint64_t *value)
{
	size_t length = strlen(key);

	for (const char *line = info; line; line = strchr(line, '\n')) {
		char text[32];

		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == '=')
			return sscanf(line + length + 1, "%31[^\n]", text) == 1 &&
			       parse_u64(text, value);
	}
	return false;
}

static int use_description(struct kcore *kcore, const char *info)
{
	if (!number_of(info, "PAGESIZE", &kcore->page_size) ||
	    !number_of(info, "SIZE(page)", &kcore->struct_size) ||
	    !number_of(info, "OFFSET(page._refcount)", &kcore->refcount))
		return -ENOTSUP;
	if (kcore->page_size != (uint64_t)sysconf(_SC_PAGESIZE) ||
	    kcore->struct_size > STRUCT_PAGE_MAX || kcore->struct_size % sizeof(uint64_t) ||
	    kcore->refcount % sizeof(uint32_t) || kcore->refcount >= kcore->struct_size)
		return -ENOTSUP;
	return 0;
}

static uint64_t align4(uint64_t n)
{
	return (n + 3) & ~3ull;
}

/* Notes one after the other; name and text of each are filled up to four bytes. */
static int find_description(struct kcore *kcore, char *notes, uint64_t size)
{
	Elf64_Nhdr note;

	while (size >= sizeof(note)) {
		char *name = notes + sizeof(note), *text;
		uint64_t length;

		memcpy(&note, notes, sizeof(note));
		text = name + align4(note.n_namesz);
		length = sizeof(note) + align4(note.n_namesz) + align4(note.n_descsz);
		if (length > size)
			break;
		if (note.n_namesz == sizeof("VMCOREINFO") &&
		    memcmp(name, "VMCOREINFO", sizeof("VMCOREINFO")) == 0) {
			cleanup_free char *info = xcalloc(note.n_descsz + 1, 1);

			memcpy(info, text, note.n_descsz);
			return use_description(kcore, info);
		}
		notes += length;
		size -= length;
	}
	return -ENOTSUP;
}

/* ---- the file ---- */

static int read_all(int fd, void *buffer, uint64_t size, uint64_t offset)
{
	uint64_t done = 0;

	if (offset > INT64_MAX - size)
		return -ENOTSUP;
	while (done < size) {
		ssize_t n = pread(fd, (char *)buffer + done, size - done, (off_t)(offset + done));

		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENOTSUP;
		done += n;
	}
	return 0;
}

static int read_headers(int fd, Elf64_Phdr **headers, unsigned int *count)
{
	Elf64_Ehdr elf;
	int rc = read_all(fd, &elf, sizeof(elf), 0);

	if (rc)
		return rc;
	if (memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf.e_ident[EI_DATA] != OUR_ORDER || elf.e_phentsize != sizeof(**headers) ||
	    !elf.e_phnum || elf.e_phnum == PN_XNUM)
		return -ENOTSUP;
	*count = elf.e_phnum;
	*headers = xcalloc(*count, sizeof(**headers));
	return read_all(fd, *headers, *count * sizeof(**headers), elf.e_phoff);
}

static int read_description(struct kcore *kcore, const Elf64_Phdr *headers, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		cleanup_free char *notes = NULL;
		int rc;

		if (headers[i].p_type != PT_NOTE || headers[i].p_filesz > NOTES_MAX)
			continue;
		notes = xcalloc(headers[i].p_filesz + 1, 1);
		rc = read_all(kcore->fd, notes, headers[i].p_filesz, headers[i].p_offset);
		return rc ? rc : find_description(kcore, notes, headers[i].p_filesz);
	}
	return -ENOTSUP;
}

/*
 * Behind the segment of some RAM comes that of its struct pages, in whole pages (Linux,
 * get_sparsemem_vmemmap_info()). Only the former has a physical address. The size tells whether
 * two that follow each other belong together.
 */
static bool is_vmemmap_of(const struct kcore *kcore, const Elf64_Phdr *ram,
			  const Elf64_Phdr *structs, uint64_t *base)
{
	uint64_t mask = ~(kcore->page_size - 1);
	uint64_t first = ram->p_paddr / kcore->page_size;
	uint64_t count = ram->p_memsz / kcore->page_size;
	uint64_t start, end;

	if (ram->p_type != PT_LOAD || structs->p_type != PT_LOAD || ram->p_paddr == UINT64_MAX ||
	    structs->p_paddr != UINT64_MAX || structs->p_vaddr & ~mask || !count ||
	    first + count > UINT64_MAX / kcore->struct_size)
		return false;
	*base = structs->p_vaddr - (first * kcore->struct_size & mask);
	start = structs->p_vaddr;
	end = (*base + (first + count) * kcore->struct_size + ~mask) & mask;
	return end > start && structs->p_memsz == end - start &&
	       structs->p_offset <= INT64_MAX - structs->p_memsz;
}

/* All of them must agree where the array begins. */
static int find_frames(struct kcore *kcore, const Elf64_Phdr *headers, unsigned int count)
{
	for (unsigned int i = 0; i + 1 < count; i++) {
		const Elf64_Phdr *ram = &headers[i], *structs = &headers[i + 1];
		struct kcore_frames *frames;
		uint64_t base;

		if (!is_vmemmap_of(kcore, ram, structs, &base))
			continue;
		if (kcore->frames.count && base != kcore->vmemmap)
			return -ENOTSUP;
		kcore->vmemmap = base;
		frames = list_add(&kcore->frames);
		frames->first = ram->p_paddr / kcore->page_size;
		frames->count = ram->p_memsz / kcore->page_size;
		frames->offset = structs->p_offset + base + frames->first * kcore->struct_size -
				 structs->p_vaddr;
	}
	return kcore->frames.count ? 0 : -ENOTSUP;
}

int kcore_open(const struct sys *sys, struct kcore *kcore)
{
	cleanup_free Elf64_Phdr *headers = NULL;
	unsigned int count;
	int rc;

	*kcore = (struct kcore){.fd = sys_open_fd(sys, "/proc/kcore")};
	if (kcore->fd < 0)
		return kcore->fd;
	rc = read_headers(kcore->fd, &headers, &count);
	if (!rc)
		rc = read_description(kcore, headers, count);
	if (!rc)
		rc = find_frames(kcore, headers, count);
	if (!rc)
		kcore->buffer = xcalloc(KCORE_FRAMES, kcore->struct_size);
	return rc;
}

void kcore_close(struct kcore *kcore)
{
	close_fd(&kcore->fd);
	free(kcore->frames.items);
	free(kcore->buffer);
	*kcore = (struct kcore){.fd = -1};
}

static const struct kcore_frames *frames_with(const struct kcore *kcore, uint64_t first,
					      unsigned int count)
{
	list_each(frames, &kcore->frames)
		if (first >= frames->first && count <= frames->count &&
		    first - frames->first <= frames->count - count)
			return frames;
	return NULL;
}

int kcore_refcounts(const struct kcore *kcore, uint64_t first, unsigned int count, uint32_t *out)
{
	const struct kcore_frames *frames = frames_with(kcore, first, count);
	int rc;

	if (!frames || count > KCORE_FRAMES)
		return -ERANGE;
	rc = read_all(kcore->fd, kcore->buffer, count * kcore->struct_size,
		      frames->offset + (first - frames->first) * kcore->struct_size);
	for (unsigned int i = 0; !rc && i < count; i++)
		memcpy(&out[i], kcore->buffer + i * kcore->struct_size + kcore->refcount,
		       sizeof(out[i]));
	return rc;
}
