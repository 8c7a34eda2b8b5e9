// SPDX-License-Identifier: GPL-2.0-or-later
/* collect/pages.c, collect/busy.c, exec/busy.c and what they rest on: made-up page frames, and a /proc/kcore that tells of them.
 * (That real kernels mean the same by all this, test/vm/cases/pages-held.sh shows.) */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collect/collect.h"
#include "collect/frames.h"
#include "collect/kcore.h"
#include "exec/busy.h"
#include "model.h"
#include "regs/isolation.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define PAGE	  4096ull
#define FIRST	  (WINDOW_0 / PAGE) /* frames of region0, two blocks of 32768 */
#define PER_BLOCK (BLOCK_SIZE / PAGE)
#define STRUCT	  64
#define REFCOUNT  52
#define VMEMMAP	  0xffffea0000000000ull /* its address */
#define DATA	  0x10000		/* file offset of the struct page of FIRST */
#define SMALL_RAM 0x1000ull		/* a little memory that begins at frame 1 */

#define UPTODATE (1ull << 3)
#define SMALL	 (FRAME_LRU | UPTODATE)

static struct tree tree;
static struct host host;
static bool precise;
static void (*meanwhile)(int pause);
static int pauses;
static uint64_t passed;

uint64_t __wrap_now_ms(void);
uint64_t __wrap_now_ms(void)
{
	return passed;
}

void __wrap_sleep_ms(unsigned int milliseconds);
void __wrap_sleep_ms(unsigned int milliseconds)
{
	assert_in_range(milliseconds, 1, 200);
	passed += milliseconds;
	pauses++;
	if (meanwhile)
		meanwhile(pauses);
}

bool __wrap_frames_probe(const struct sys *sys, struct frames *frames);
bool __wrap_frames_probe(const struct sys *sys, struct frames *frames)
{
	(void)sys;
	return frames->precise = precise;
}

/* ---- files ---- */

static void put(const char *path, uint64_t offset, const void *data, size_t size)
{
	char file[PATH_MAX];
	int fd;

	snprintf(file, sizeof(file), "%s%s", tree.root, path);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, size, (off_t)offset), size);
	close(fd);
}

static void set_frame(uint64_t frame, uint64_t flags, uint64_t mapped, uint32_t refs)
{
	put("/proc/kpageflags", frame * 8, &flags, sizeof(flags));
	put("/proc/kpagecount", frame * 8, &mapped, sizeof(mapped));
	put("/proc/kcore", DATA + (frame - FIRST) * STRUCT + REFCOUNT, &refs, sizeof(refs));
}

static void set_frames(uint64_t frame, unsigned int count, uint64_t flags, uint64_t mapped,
		       uint32_t refs)
{
	while (count--)
		set_frame(frame++, flags, mapped, refs);
}

/* A large folio whose pages are all mapped alike; @refs are those of its head. */
static void set_folio(uint64_t frame, unsigned int pages, uint64_t flags, uint64_t mapped,
		      uint32_t refs)
{
	set_frame(frame, flags | FRAME_HEAD, mapped, refs);
	set_frames(frame + 1, pages - 1, flags | FRAME_TAIL, mapped, 0);
}

static const char description[] = "OSRELEASE=6.12.0\nPAGESIZE=4096\nNOTSIZE(page)=1\n"
				  "SIZE(page)=64\nSIZE(pageblock)=3\nOFFSET(page._refcount)=52\n";

struct image {
	Elf64_Ehdr elf;
	Elf64_Phdr headers[8];
	Elf64_Nhdr note;
	char name[12];
	char text[1024];
};

static Elf64_Phdr load(uint64_t offset, uint64_t vaddr, uint64_t paddr, uint64_t size)
{
	return (Elf64_Phdr){.p_type = PT_LOAD,
			    .p_offset = offset,
			    .p_vaddr = vaddr,
			    .p_paddr = paddr,
			    .p_filesz = size,
			    .p_memsz = size};
}

/* As Linux 6.12 has it: text, vmalloc, and RAM with its struct pages behind it, twice. */
static void make_image(struct image *image)
{
	static const unsigned char ident[] = {ELFMAG0,	  ELFMAG1,     ELFMAG2,	  ELFMAG3,
					      ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
	uint64_t structs = DEVICE_SIZE / PAGE * STRUCT;

	*image = (struct image){0};
	memcpy(image->elf.e_ident, ident, sizeof(ident));
	image->elf.e_phoff = offsetof(struct image, headers);
	image->elf.e_phentsize = sizeof(Elf64_Phdr);
	image->elf.e_phnum = 8;
	image->headers[0] =
		(Elf64_Phdr){.p_type = PT_NOTE, .p_offset = offsetof(struct image, note)};
	image->headers[1] = load(1ull << 40, 0xffffffff81000000, 0x1000000, 0x2c00000);
	image->headers[2] = load(1ull << 41, 0xffffc90000000000, UINT64_MAX, 1ull << 45);
	image->headers[3] = load(1ull << 42, 0xffff888000000000, SMALL_RAM, 0x9e000);
	image->headers[4] = load(0x8000, VMEMMAP, UINT64_MAX, 0x3000);
	image->headers[5] = load(1ull << 43, 0xffff888690000000, WINDOW_0, DEVICE_SIZE);
	image->headers[6] = load(DATA, VMEMMAP + FIRST * STRUCT, UINT64_MAX, structs);
	image->headers[7] = load(1ull << 44, 0xffffffffff600000, 0x5000, 0x1000);
	image->note.n_namesz = sizeof("VMCOREINFO");
	image->note.n_descsz = sizeof(description) - 1;
	strcpy(image->name, "VMCOREINFO");
	strcpy(image->text, description);
	image->headers[0].p_filesz =
		sizeof(image->note) + sizeof(image->name) + (image->note.n_descsz + 3) / 4 * 4;
}

static void put_image(const struct image *image)
{
	put("/proc/kcore", 0, image, sizeof(*image));
}

/* System RAM with nothing on it but three ordinary pages. */
static int set_up(void **state)
{
	struct image image;
	uint64_t *flags = xcalloc(2 * PER_BLOCK, sizeof(*flags));

	tree_make(&tree);
	tree_directory(&tree, "/proc");
	model_idle(&host);
	model_system_ram(&host);
	precise = true;
	meanwhile = NULL;
	pauses = 0;
	passed = 0;
	for (size_t i = 0; i < 2 * PER_BLOCK; i++)
		flags[i] = FRAME_BUDDY;
	put("/proc/kpageflags", FIRST * 8, flags, 2 * PER_BLOCK * sizeof(*flags));
	free(flags);
	make_image(&image);
	put_image(&image);
	put("/proc/kcore", DATA + 2 * PER_BLOCK * STRUCT, "", 1);
	set_frame(FIRST + 2 * PER_BLOCK - 1, FRAME_BUDDY, 0, 0);
	set_frames(FIRST + 10, 3, SMALL | FRAME_ANON | FRAME_SWAPBACKED, 1, 1);
	*state = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tree_remove(&tree);
	host_free(&host);
	return 0;
}

static const struct contents *look(void)
{
	struct error err = {0};

	assert_int_equal(collect_pages(&tree.sys, &host, &err), 0);
	assert_string_equal(err.text, "");
	assert_true(host.contents.count <= 1);
	return host.contents.count ? host.contents.items : NULL;
}

/* Whether that frame, with a look at everything, is found held. */
static bool held(uint64_t flags, uint64_t mapped, uint32_t refs)
{
	const struct contents *contents;

	host.contents.count = 0;
	set_frame(FIRST + 20, flags, mapped, refs);
	contents = look();
	assert_non_null(contents);
	assert_int_equal(contents->held, contents->held_block < 0 ? 0 : PAGE);
	return contents->held;
}

static bool folio_held(unsigned int pages, uint64_t flags, uint64_t mapped, uint32_t refs)
{
	const struct contents *contents;

	host.contents.count = 0;
	set_frames(FIRST + 1024, 1024, FRAME_BUDDY, 0, 0);
	set_folio(FIRST + 1024, pages, flags, mapped, refs);
	contents = look();
	assert_non_null(contents);
	assert_true(!contents->held || contents->held == pages * PAGE);
	return contents->held;
}

/* ---- what is there ---- */

static void test_nothing_held(void **state)
{
	const struct contents *contents = look();

	(void)state;
	assert_non_null(contents);
	assert_string_equal(contents->dax, "dax0.0");
	assert_int_equal(contents->free, DEVICE_SIZE - 3 * PAGE);
	assert_int_equal(contents->movable, 3 * PAGE);
	assert_int_equal(contents->hugetlb, 0);
	assert_int_equal(contents->kernel, 0);
	assert_int_equal(contents->held, 0);
	assert_int_equal(contents->held_block, -1);
	assert_int_equal(pauses, 0);
}

static void test_kinds(void **state)
{
	const struct contents *contents;

	(void)state;
	set_frames(FIRST + 100, 5, 0, 0, 0); /* at hand of a processor */
	set_folio(FIRST + 512, 512, FRAME_HUGE, 1, 2);
	set_folio(FIRST + 1024, 512, SMALL | FRAME_ANON, 1, 1);
	set_folio(FIRST + 1536, 8, 1 << 7 /* slab */, 0, 1);
	set_frames(FIRST + 4095, 2, 1 << 26 /* page table */, 0, 1); /* in two reads */
	set_frame(FIRST + 5000, SMALL | FRAME_HWPOISON, 0, 7);
	set_frame(FIRST + 5001, FRAME_NOPAGE, 0, 7);
	set_frame(FIRST + 5002, UPTODATE | FRAME_SWAPBACKED, 0, 3); /* off the LRU */
	for (size_t i = 0; i < host.blocks.count; i++)
		copy_text(host.blocks.items[i].zones, NAME_SIZE, "Normal");
	contents = look();
	assert_non_null(contents);
	assert_int_equal(contents->hugetlb, 512 * PAGE);
	assert_int_equal(contents->movable, (3 + 512 + 1) * PAGE);
	assert_int_equal(contents->kernel, (8 + 2) * PAGE);
	assert_int_equal(contents->free, DEVICE_SIZE - (512 + 516 + 10 + 2) * PAGE);
	assert_int_equal(contents->held, 0);
}

static void test_kernel_pages_of_movable(void **state)
{
	const struct contents *contents;

	(void)state;
	set_frames(FIRST + 100, 5, 0, 0, 1);
	contents = look();
	assert_non_null(contents);
	assert_int_equal(contents->kernel, 0);
	assert_int_equal(contents->movable, 8 * PAGE);
}

static void test_only_online_blocks(void **state)
{
	const struct contents *contents;

	(void)state;
	strcpy(host.blocks.items[1].state, "offline");
	set_frame(FIRST + PER_BLOCK, SMALL, 0, 9);
	contents = look();
	assert_non_null(contents);
	assert_int_equal(contents->free, BLOCK_SIZE - 3 * PAGE);
	assert_int_equal(contents->held, 0);
}

/* ---- held ---- */

static void test_small_pages(void **state)
{
	(void)state;
	assert_false(held(SMALL | FRAME_ANON, 1, 1));
	assert_true(held(SMALL | FRAME_ANON, 1, 2));
	assert_true(held(SMALL | FRAME_ANON, 0, 1));
	assert_true(held(SMALL | FRAME_ANON, 1, 1025));
	assert_false(held(SMALL | FRAME_ANON, 5, 5));
	assert_false(held(SMALL | FRAME_ANON | FRAME_SWAPCACHE, 1, 2));
	assert_true(held(SMALL | FRAME_ANON | FRAME_SWAPCACHE, 1, 3));
	assert_false(held(SMALL, 0, 1));
	assert_false(held(SMALL, 2, 3));
	assert_true(held(SMALL, 0, 2));
	assert_false(held(SMALL | FRAME_PRIVATE, 0, 2));
	assert_true(held(SMALL | FRAME_PRIVATE, 0, 3));
	assert_false(held(SMALL | FRAME_PRIVATE | FRAME_PRIVATE_2, 0, 3));
}

static void test_what_is_not_held(void **state)
{
	(void)state;
	assert_false(held(FRAME_ANON, 1, 2)); /* isolated, or in a batch for the LRU */
	assert_false(held(0, 0, 3));
	assert_false(held(SMALL | FRAME_HWPOISON, 0, 9));
	assert_false(held(SMALL | FRAME_HUGE, 0, 9));
	assert_false(held(FRAME_BUDDY, 0, 0));
}

static void test_large_folios(void **state)
{
	(void)state;
	assert_false(folio_held(512, SMALL | FRAME_ANON, 1, 1)); /* as a whole */
	assert_false(folio_held(512, SMALL | FRAME_ANON, 1, 512));
	assert_true(folio_held(512, SMALL | FRAME_ANON, 1, 17));
	assert_true(folio_held(512, SMALL | FRAME_ANON, 1, 513));
	assert_true(folio_held(512, SMALL | FRAME_ANON, 0, 1));
	assert_false(folio_held(512, SMALL | FRAME_ANON, 3, 3));
	assert_false(folio_held(512, SMALL | FRAME_ANON, 3, 2 + 512));
	assert_true(folio_held(512, SMALL | FRAME_ANON, 3, 4 + 512));
	assert_false(folio_held(512, SMALL | FRAME_ANON, 3, 2)); /* being unmapped */
	assert_false(folio_held(512, SMALL, 0, 512));
	assert_true(folio_held(512, SMALL, 0, 513));
	assert_false(folio_held(512, SMALL | FRAME_PRIVATE, 0, 513));
	assert_false(folio_held(16, SMALL, 1, 32));
	assert_true(folio_held(16, SMALL, 1, 33));
	assert_false(folio_held(512, SMALL | FRAME_ANON | FRAME_SWAPCACHE, 1, 513));
}

static void test_part_of_a_folio_mapped(void **state)
{
	(void)state;
	assert_true(folio_held(512, SMALL | FRAME_ANON, 0, 256));
	set_frames(FIRST + 1025, 255, SMALL | FRAME_ANON | FRAME_TAIL, 1, 0);
	set_frame(FIRST + 1024, SMALL | FRAME_ANON | FRAME_HEAD, 1, 256);
	host.contents.count = 0;
	assert_int_equal(look()->held, 0);
}

static void test_averages_say_nothing(void **state)
{
	(void)state;
	precise = false;
	assert_false(folio_held(512, SMALL | FRAME_ANON, 1, 17));
	assert_true(held(SMALL | FRAME_ANON, 1, 2));
}

static void test_odd_folios(void **state)
{
	(void)state;
	assert_false(folio_held(500, SMALL, 0, 900));
	assert_false(folio_held(1024, SMALL, 0, 2000));
}

static void test_bytes_and_block(void **state)
{
	const struct contents *contents;

	(void)state;
	set_frames(FIRST + PER_BLOCK + 4090, 10, SMALL, 0, 2);
	set_folio(FIRST + PER_BLOCK + 8192 - 512, 512, SMALL, 0, 600);
	set_frame(FIRST + 2 * PER_BLOCK - 1, SMALL, 0, 2);
	contents = look();
	assert_non_null(contents);
	assert_int_equal(contents->held, (11 + 512) * PAGE);
	assert_int_equal(contents->held_block, WINDOW_0 / BLOCK_SIZE + 1);
	assert_in_range(pauses, 16, 5000);
}

static void test_only_in_movable(void **state)
{
	(void)state;
	copy_text(host.blocks.items[0].zones, NAME_SIZE, "Normal");
	assert_false(held(SMALL, 0, 2));
}

static void let_go(int pause)
{
	if (pause == 3)
		set_frame(FIRST + 20, SMALL, 0, 1);
	if (pause == 4) /* and takes it again */
		set_frame(FIRST + 20, SMALL, 0, 2);
}

static void test_let_go_once(void **state)
{
	(void)state;
	meanwhile = let_go;
	assert_false(held(SMALL, 0, 2));
	assert_int_equal(pauses, 3);
}

static void let_one_go(int pause)
{
	if (pause == 2)
		set_frame(FIRST + 31, SMALL, 0, 1);
}

static void test_one_of_several(void **state)
{
	const struct contents *contents;

	(void)state;
	set_frames(FIRST + 30, 3, SMALL, 0, 2);
	meanwhile = let_one_go;
	contents = look();
	assert_non_null(contents);
	assert_int_equal(contents->held, 2 * PAGE);
}

/* ---- when nothing is said ---- */

static void test_isolated(void **state)
{
	(void)state;
	root_port_of(&host, PORT_C)->status = ISOLATION_STATUS_ISOLATED(ISOLATION_MEM);
	assert_null(look());
}

static void test_memmap_on_memory(void **state)
{
	(void)state;
	host.dax_devices.items[0].memmap_on_memory = 1;
	assert_null(look());
	host.dax_devices.items[0].memmap_on_memory = -1;
	assert_non_null(look());
}

static void test_files_missing(void **state)
{
	static const char *const files[] = {"/proc/kpageflags", "/proc/kpagecount", "/proc/kcore"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		tear_down(NULL);
		set_up(state);
		tree_unlink(&tree, files[i]);
		assert_null(look());
	}
}

static void test_no_ram(void **state)
{
	(void)state;
	host.dax_devices.items[0].mode = DAX_DEVDAX;
	assert_null(look());
}

/* Counts that contradict the flags: they are not what we take them for. */
static void test_not_reference_counts(void **state)
{
	(void)state;
	for (uint64_t frame = 0; frame < 2 * PER_BLOCK; frame += KCORE_FRAMES)
		set_frames(FIRST + frame, 40, FRAME_BUDDY, 0, 1);
	assert_null(look());
	for (uint64_t frame = 0; frame < 2 * PER_BLOCK; frame += KCORE_FRAMES)
		set_frames(FIRST + frame, 40, FRAME_BUDDY, 0, 0);
	assert_non_null(look());
	host.contents.count = 0;
	set_frames(FIRST, 40, SMALL | FRAME_ANON, 1, 0);
	assert_null(look());
}

static void test_frames_cut_off(void **state)
{
	char file[PATH_MAX];

	(void)state;
	snprintf(file, sizeof(file), "%s/proc/kpageflags", tree.root);
	assert_int_equal(truncate(file, (FIRST + PER_BLOCK + 7) * 8), 0);
	assert_null(look());
}

/* ---- /proc/kcore ---- */

static int open_image(const struct image *image)
{
	cleanup_kcore struct kcore kcore = {.fd = -1};

	put_image(image);
	return kcore_open(&tree.sys, &kcore);
}

static int open_described(const char *text)
{
	struct image image;

	make_image(&image);
	image.note.n_descsz = strlen(text);
	strcpy(image.text, text);
	image.headers[0].p_filesz =
		sizeof(image.note) + sizeof(image.name) + (strlen(text) + 3) / 4 * 4;
	return open_image(&image);
}

static void test_description(void **state)
{
	(void)state;
	assert_int_equal(open_described(description), 0);
	assert_int_equal(open_described(""), -ENOTSUP);
	assert_int_equal(open_described("PAGESIZE=4096\nSIZE(page)=64\n"), -ENOTSUP);
	assert_int_equal(open_described("PAGESIZE=65536\nSIZE(page)=64\nOFFSET(page._refcount)=52"),
			 -ENOTSUP);
	assert_int_equal(open_described("PAGESIZE=4096\nSIZE(page)=0\nOFFSET(page._refcount)=0"),
			 -ENOTSUP);
	assert_int_equal(open_described("PAGESIZE=4096\nSIZE(page)=64\nOFFSET(page._refcount)=64"),
			 -ENOTSUP);
	assert_int_equal(open_described("PAGESIZE=4096\nSIZE(page)=64\nOFFSET(page._refcount)=51"),
			 -ENOTSUP);
	assert_int_equal(open_described("PAGESIZE=4096\nSIZE(page)=64\nOFFSET(page._refcount)=-4"),
			 -ENOTSUP);
	assert_int_equal(open_described("PAGESIZE=4096\nSIZE(page)=6400000000000000000000\n"
					"OFFSET(page._refcount)=52"),
			 -ENOTSUP);
	assert_int_equal(open_described("PAGESIZE=4096\nSIZE(page)=64\nOFFSET(page._refcount)"),
			 -ENOTSUP);
}

static void test_notes(void **state)
{
	struct image image;

	(void)state;
	make_image(&image);
	image.note.n_descsz = UINT32_MAX;
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.note.n_namesz = UINT32_MAX;
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.name[0] = 'v';
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.headers[0].p_filesz = 5;
	assert_int_equal(open_image(&image), -ENOTSUP);
	image.headers[0].p_filesz = UINT64_MAX;
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.headers[0].p_offset = INT64_MAX;
	assert_int_equal(open_image(&image), -ENOTSUP);
}

static void test_elf(void **state)
{
	struct image image;

	(void)state;
	make_image(&image);
	image.elf.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.elf.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.elf.e_ident[0] = 0;
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.elf.e_phnum = PN_XNUM;
	assert_int_equal(open_image(&image), -ENOTSUP);
	image.elf.e_phnum = 0;
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.elf.e_phentsize = 32;
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.elf.e_phoff = UINT64_MAX - 8;
	assert_int_equal(open_image(&image), -ENOTSUP);
}

static void test_truncated(void **state)
{
	cleanup_kcore struct kcore kcore = {.fd = -1};
	char file[PATH_MAX];

	(void)state;
	snprintf(file, sizeof(file), "%s/proc/kcore", tree.root);
	for (off_t size = offsetof(struct image, text) + 40; size >= 0; size -= 20) {
		assert_int_equal(truncate(file, size), 0);
		assert_int_equal(kcore_open(&tree.sys, &kcore), -ENOTSUP);
		kcore_close(&kcore);
	}
}

static void test_segments(void **state)
{
	struct image image;

	(void)state;
	make_image(&image);
	image.headers[6].p_vaddr += PAGE; /* another beginning of the array */
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.elf.e_phnum = 4; /* no struct pages: no vmemmap */
	assert_int_equal(open_image(&image), -ENOTSUP);
	make_image(&image);
	image.headers[5].p_paddr = UINT64_MAX - PAGE;
	image.headers[5].p_memsz = UINT64_MAX;
	assert_int_equal(open_image(&image), 0);
}

static void test_counts_of_one_segment_only(void **state)
{
	cleanup_kcore struct kcore kcore = {.fd = -1};
	uint32_t counts[KCORE_FRAMES + 1], three = 3;

	(void)state;
	put("/proc/kcore", 0x8000 + 2 * STRUCT + REFCOUNT, &three, sizeof(three));
	assert_int_equal(kcore_open(&tree.sys, &kcore), 0);
	assert_int_equal(kcore_refcounts(&kcore, 1, 2, counts), 0); /* not aligned to a page */
	assert_int_equal(counts[1], 3);
	assert_int_equal(kcore_refcounts(&kcore, 0, 2, counts), -ERANGE);
	assert_int_equal(kcore_refcounts(&kcore, FIRST + 10, 1, counts), 0);
	assert_int_equal(counts[0], 1);
	assert_int_equal(kcore_refcounts(&kcore, FIRST - 1, 2, counts), -ERANGE);
	assert_int_equal(kcore_refcounts(&kcore, FIRST + 2 * PER_BLOCK - 1, 2, counts), -ERANGE);
	assert_int_equal(kcore_refcounts(&kcore, FIRST, KCORE_FRAMES + 1, counts), -ERANGE);
	assert_int_equal(kcore_refcounts(&kcore, UINT64_MAX, 2, counts), -ERANGE);
}

/* ---- why a block stays ---- */

static void add_mapper(int pid, const char *command, uint64_t frame, unsigned int pages)
{
	char path[64], text[128];

	snprintf(text, sizeof(text), "10000000 default anon=%u N1=%u kernelpagesize_kB=4\n", pages,
		 pages);
	tree_file(&tree, text, "/proc/%d/numa_maps", pid);
	tree_file(&tree, "10000000-10100000 rw-p 0 00:00 0\n", "/proc/%d/maps", pid);
	snprintf(text, sizeof(text), "Name:\t%s\nVmPin:\t%d kB\n", command, pid == 70 ? 8 : 0);
	tree_file(&tree, text, "/proc/%d/status", pid);
	tree_file(&tree, "", "/proc/%d/pagemap", pid);
	tree_directory(&tree, "/proc/%d/fd", pid);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	for (unsigned int i = 0; i < pages; i++) {
		uint64_t entry = 1ull << 63 | (frame + i);

		put(path, (0x10000 + i) * 8, &entry, sizeof(entry));
	}
}

static void check_reason(int rc, const char *text, const char *advice)
{
	const struct engine engine = {.sys = &tree.sys, .before = &host};
	const struct busy_block block = {210, rc};
	struct error err = {0};

	check_error(explain_busy(&engine, host.dax_devices.items, &block, &err), rc, &err, text,
		    advice);
}

static void test_reason_of_movable(void **state)
{
	(void)state;
	tree_file(&tree, "Movable\n", "/sys/devices/system/memory/memory210/valid_zones");
	set_frames(FIRST + 10, 3, SMALL | FRAME_ANON | FRAME_SWAPBACKED, 1, 2);
	set_frames(FIRST + 20, 4, SMALL, 0, 1);
	set_frames(FIRST + 30, 2, SMALL | FRAME_SWAPBACKED, 0, 1);
	set_frames(FIRST + 40, 6, 0, 0, 0); /* at hand of a processor */
	set_frame(FIRST + PER_BLOCK, SMALL, 0, 9);
	add_mapper(70, "ring", FIRST + 10, 3);
	add_mapper(71, "one", FIRST + 10, 1);
	add_mapper(72, "two", FIRST + 10, 2);
	add_mapper(73, "other", FIRST + 11, 1);
	add_mapper(74, "next", FIRST + PER_BLOCK, 9);
	check_reason(-ETIMEDOUT,
		     "memory210 (0x690000000, zone Movable) can not be offlined: its pages did not "
		     "move away in time; in it: 12 KiB anonymous, 16 KiB page cache, 8 KiB shared "
		     "memory; held by more than mappings: 12 KiB; mapped by ring[70] (12 KiB, pins "
		     "memory), two[72] (8 KiB), one[71] (4 KiB), 1 more",
		     "something pins its pages (direct I/O, a pipe, RDMA, VFIO); end ring[70] "
		     "first, and try again");
}

static void test_reason_of_kernel_pages(void **state)
{
	(void)state;
	tree_file(&tree, "Normal\n", "/sys/devices/system/memory/memory210/valid_zones");
	set_frames(FIRST + 10, 3, FRAME_BUDDY, 0, 0);
	set_frames(FIRST + 10, 1, FRAME_TABLE, 0, 1);
	set_folio(FIRST + 16, 8, 1 << 7 /* slab */, 0, 1);
	set_folio(FIRST + 512, 512, FRAME_HUGE, 1, 2);
	check_reason(-EBUSY,
		     "memory210 (0x690000000, zone Normal) can not be offlined: not all of its "
		     "pages can be moved; in it: 2 MiB huge pages of hugetlbfs, 4 KiB page tables, "
		     "32 KiB of the kernel or a driver",
		     "kernel pages in zone Normal do not move: end the programs they serve, or "
		     "reboot");
	tree_file(&tree, "Movable\n", "/sys/devices/system/memory/memory210/valid_zones");
	set_frame(FIRST + 10, FRAME_BUDDY, 0, 0);
	set_frames(FIRST + 16, 8, FRAME_BUDDY, 0, 0);
	check_reason(-EAGAIN,
		     "memory210 (0x690000000, zone Movable) can not be offlined: not all of its "
		     "pages can be moved; in it: 2 MiB huge pages of hugetlbfs",
		     "huge pages move into free ones of the same size: add some on another node, "
		     "or end who uses them");
}

/* Neither frames nor reference counts need be there. */
static void test_reason_unseen(void **state)
{
	(void)state;
	set_frames(FIRST + 10, 3, SMALL | FRAME_ANON, 1, 2);
	tree_unlink(&tree, "/proc/kcore");
	check_reason(-EPERM,
		     "memory210 (0x690000000, zone unknown) can not be offlined: Operation not "
		     "permitted; in it: 12 KiB anonymous",
		     "something pins its pages (direct I/O, a pipe, RDMA, VFIO); end it and try "
		     "again");
	tree_unlink(&tree, "/proc/kpageflags");
	check_reason(-EPERM,
		     "memory210 (0x690000000, zone unknown) can not be offlined: Operation not "
		     "permitted",
		     "something pins its pages (direct I/O, a pipe, RDMA, VFIO); end it and try "
		     "again");
	tear_down(NULL);
	set_up(state);
	host.dax_devices.items[0].memmap_on_memory = 1;
	tree_file(&tree, "Movable\n", "/sys/devices/system/memory/memory210/valid_zones");
	check_reason(-EBUSY,
		     "memory210 (0x690000000, zone Movable) can not be offlined: not all of its "
		     "pages can be moved",
		     "something pins its pages (direct I/O, a pipe, RDMA, VFIO); end it and try "
		     "again");
}

static void test_nothing_in_it(void **state)
{
	(void)state;
	tree_file(&tree, "Movable\n", "/sys/devices/system/memory/memory210/valid_zones");
	set_frames(FIRST + 10, 3, FRAME_BUDDY, 0, 0);
	check_reason(-EBUSY,
		     "memory210 (0x690000000, zone Movable) can not be offlined: not all of its "
		     "pages can be moved; in it: nothing any more",
		     "something pins its pages (direct I/O, a pipe, RDMA, VFIO); end it and try "
		     "again");
}

#define ON_PAGES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest kinds[] = {
		ON_PAGES(test_nothing_held),
		ON_PAGES(test_kinds),
		ON_PAGES(test_kernel_pages_of_movable),
		ON_PAGES(test_only_online_blocks),
	};
	static const struct CMUnitTest holding[] = {
		ON_PAGES(test_small_pages),	     ON_PAGES(test_what_is_not_held),
		ON_PAGES(test_large_folios),	     ON_PAGES(test_part_of_a_folio_mapped),
		ON_PAGES(test_averages_say_nothing), ON_PAGES(test_odd_folios),
		ON_PAGES(test_bytes_and_block),	     ON_PAGES(test_only_in_movable),
		ON_PAGES(test_let_go_once),	     ON_PAGES(test_one_of_several),
	};
	static const struct CMUnitTest silence[] = {
		ON_PAGES(test_isolated),
		ON_PAGES(test_memmap_on_memory),
		ON_PAGES(test_files_missing),
		ON_PAGES(test_no_ram),
		ON_PAGES(test_not_reference_counts),
		ON_PAGES(test_frames_cut_off),
	};
	static const struct CMUnitTest reasons[] = {
		ON_PAGES(test_reason_of_movable),
		ON_PAGES(test_reason_of_kernel_pages),
		ON_PAGES(test_reason_unseen),
		ON_PAGES(test_nothing_in_it),
	};
	static const struct CMUnitTest kcore[] = {
		ON_PAGES(test_description), ON_PAGES(test_notes),
		ON_PAGES(test_elf),	    ON_PAGES(test_truncated),
		ON_PAGES(test_segments),    ON_PAGES(test_counts_of_one_segment_only),
	};

	return cmocka_run_group_tests(kinds, NULL, NULL) +
	       cmocka_run_group_tests(holding, NULL, NULL) +
	       cmocka_run_group_tests(silence, NULL, NULL) +
	       cmocka_run_group_tests(reasons, NULL, NULL) +
	       cmocka_run_group_tests(kcore, NULL, NULL);
}
