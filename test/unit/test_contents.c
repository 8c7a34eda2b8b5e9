// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec/: contents of dax devices to files and back, and the room for them. The device is a regular
 * file: that is mapped as well, and answers with SIGBUS behind its end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#undef BLOCK_SIZE /* of block devices; ours is that of memory */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"
#include "exec/contents.h"
#include "exec/manifest.h"
#include "exec/room.h"
#include "model.h"
#include "sys/stop.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define KIB	 1024ull
#define NAME	 "dax0.0-20260131T120000+0100.raw"
#define PARTIAL	 NAME ".partial"
#define SKIPPED	 77
#define ZERO_SUM "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7" /* 4 KiB */

/* ---- the device and the file ---- */

#define FILE_OF(tree) path_of(tree, "/save/" NAME)

static void make_device(struct tree *tree, uint64_t size)
{
	device_make(tree, DAX, size);
}

static void set_align(struct tree *tree, const char *align)
{
	tree_file(tree, align, "/sys/bus/dax/devices/" DAX "/align");
}

static struct stat status_of(const char *path)
{
	struct stat status;

	if (lstat(path, &status))
		fail_msg("%s: %s", path, strerror(errno));
	return status;
}

static bool is_there(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static void check_nothing_left(struct tree *tree)
{
	cleanup_names struct names names = {0};

	assert_int_equal(sys_list(&tree->sys, &names, NULL, "/save"), 0);
	assert_int_equal(names.count, 0);
}

static int save_telling(struct tree *tree, bool again, char sum[SHA256_SIZE],
			struct transfer transfer, struct error *err)
{
	const struct contents_file file = {path_of(tree, "/save"), NAME};
	cleanup_window struct window window = NO_WINDOW;
	int rc = window_open(&window, &tree->sys, DAX, false, err);

	transfer.window = &window;
	transfer.stoppable = true;
	return rc ? rc : contents_save(&transfer, &file, again, sum, err);
}

static int save(struct tree *tree, bool again, char sum[SHA256_SIZE], struct error *err)
{
	*err = (struct error){0};
	return save_telling(tree, again, sum, (struct transfer){0}, err);
}

static int load_telling(struct tree *tree, const char *sum, struct transfer transfer,
			struct error *err)
{
	cleanup_window struct window window = NO_WINDOW;
	int rc = window_open(&window, &tree->sys, DAX, true, err);

	transfer.window = &window;
	return rc ? rc : contents_load(&transfer, FILE_OF(tree), sum, err);
}

static int load(struct tree *tree, const char *sum, struct error *err)
{
	*err = (struct error){0};
	return load_telling(tree, sum, (struct transfer){0}, err);
}

static int hash(struct tree *tree, char sum[SHA256_SIZE], struct error *err)
{
	cleanup_window struct window window = NO_WINDOW;
	int rc = window_open(&window, &tree->sys, DAX, false, err);

	return rc ? rc : contents_hash(&(struct transfer){.window = &window}, sum, err);
}

static int count(struct tree *tree, uint64_t *bytes, struct error *err)
{
	cleanup_window struct window window = NO_WINDOW;
	int rc = window_open(&window, &tree->sys, DAX, false, err);

	return rc ? rc : contents_count(&(struct transfer){.window = &window}, bytes, err);
}

static void must_save(struct tree *tree, char sum[SHA256_SIZE])
{
	struct error err;

	if (save(tree, false, sum, &err))
		fail_msg("%s", err.text);
}

static void must_load(struct tree *tree, const char *sum)
{
	struct error err;

	if (load(tree, sum, &err))
		fail_msg("%s", err.text);
}

/* A device of that size with noise at its begin, at its end, and in one page in the middle. */
static void make_patchy(struct tree *tree, uint64_t size)
{
	size_t part = size < 16 * KIB ? size / 2 : 8 * KIB;

	make_device(tree, size);
	put_noise(DEVICE(tree), 0, part);
	put_noise(DEVICE(tree), size - part, part);
	if (size > MIB)
		put_noise(DEVICE(tree), size / 2, 100);
}

static int set_up(void **state)
{
	int rc = tree_setup(state);

	tree_directory(*state, "/save");
	chmod(path_of(*state, "/save"), 0700);
	return rc;
}
#define ON_FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tree_teardown)

/* ---- there and back ---- */

static void check_round_trip(struct tree *tree, uint64_t size)
{
	char before[SHA256_SIZE], saved[SHA256_SIZE];

	make_patchy(tree, size);
	sum_of(DEVICE(tree), before);
	must_save(tree, saved);
	assert_string_equal(saved, before);
	check_sum_of(FILE_OF(tree), before);
	assert_int_equal(status_of(FILE_OF(tree)).st_size, size);
	assert_false(is_there(path_of(tree, "/save/" PARTIAL)));
	put_noise(DEVICE(tree), size / 3, size / 3); /* what the reset leaves */
	must_load(tree, saved);
	check_sum_of(DEVICE(tree), before);
	assert_int_equal(unlink(FILE_OF(tree)), 0);
}

/* In and beyond one chunk, and no multiple of the window, of the chunk or of a page. */
static void test_round_trip(void **state)
{
	check_round_trip(*state, 4 * MIB);
	check_round_trip(*state, 3 * MIB + 4 * KIB);
	check_round_trip(*state, 2 * MIB + 13);
}

static void test_save_windows(void **state)
{
	char before[SHA256_SIZE], saved[SHA256_SIZE];

	make_patchy(*state, 66 * MIB + 4 * KIB);
	sum_of(DEVICE(*state), before);
	must_save(*state, saved);
	assert_string_equal(saved, before);
}

/* What is written at an offset is read there, and nowhere else. */
static void check_window(struct tree *tree, uint64_t offset, uint64_t start, uint64_t length)
{
	static const char data[] = "across the border", nothing[sizeof(data)];
	cleanup_window struct window window = NO_WINDOW;
	cleanup_fd int fd = open(DEVICE(tree), O_RDONLY | O_CLOEXEC);
	char got[sizeof(data)];

	assert_int_equal(window_open(&window, &tree->sys, DAX, true, NULL), 0);
	assert_int_equal(window_write(&window, offset, data, sizeof(data), NULL), 0);
	assert_int_equal(window.start, start);
	assert_int_equal(window.length, length);
	assert_int_equal(pread(fd, got, sizeof(got), (off_t)offset), sizeof(got));
	assert_memory_equal(got, data, sizeof(data));
	assert_int_equal(window_read(&window, offset, got, sizeof(got), NULL), 0);
	assert_memory_equal(got, data, sizeof(data));
	assert_int_equal(window_read(&window, 0, got, sizeof(got), NULL), 0);
	assert_memory_equal(got, nothing, sizeof(nothing));
}

/* Windows begin at multiples of 64 MiB, or of the alignment if that is more; the last is shorter. */
static void test_windows(void **state)
{
	make_device(*state, 130 * MIB);
	check_window(*state, 63 * MIB, 0, 64 * MIB);
	check_window(*state, 64 * MIB - 5, 64 * MIB, 64 * MIB);
	check_window(*state, 128 * MIB - 5, 128 * MIB, 2 * MIB);
	set_align(*state, "83886080\n");
	check_window(*state, 64 * MIB - 5, 0, 80 * MIB);
	check_window(*state, 80 * MIB - 5, 80 * MIB, 50 * MIB);
}

/* All of it data: nothing is a hole. */
static void test_dense(void **state)
{
	char saved[SHA256_SIZE];

	make_device(*state, 2 * MIB);
	put_noise(DEVICE(*state), 0, 2 * MIB);
	must_save(*state, saved);
	check_sum_of(DEVICE(*state), saved);
	check_sum_of(FILE_OF(*state), saved);
	assert_true(status_of(FILE_OF(*state)).st_blocks * 512 >= (blkcnt_t)(2 * MIB));
}

static void test_holes(void **state)
{
	char saved[SHA256_SIZE];

	make_patchy(*state, 8 * MIB);
	must_save(*state, saved);
	/* two pages at either end and one in the middle */
	assert_true(status_of(FILE_OF(*state)).st_blocks * 512 <= (blkcnt_t)(64 * KIB));
}

static void test_empty(void **state)
{
	char saved[SHA256_SIZE], sum[SHA256_SIZE];

	make_device(*state, 4 * MIB);
	must_save(*state, saved);
	assert_int_equal(status_of(FILE_OF(*state)).st_blocks, 0);
	put_noise(DEVICE(*state), MIB - 10, 20);
	must_load(*state, saved);
	sum_of(DEVICE(*state), sum);
	assert_string_equal(sum, saved);
}

/* A copy that somebody made of the file need not have holes. */
static void test_load_without_holes(void **state)
{
	char saved[SHA256_SIZE];

	make_patchy(*state, 4 * MIB);
	must_save(*state, saved);
	for (uint64_t at = 64 * KIB; at < MIB; at += 4 * KIB) {
		cleanup_fd int fd = open(FILE_OF(*state), O_WRONLY | O_CLOEXEC);

		assert_int_equal(pwrite(fd, "", 1, (off_t)at), 1);
	}
	put_noise(DEVICE(*state), 0, 4 * MIB);
	must_load(*state, saved);
	check_sum_of(DEVICE(*state), saved);
}

static void test_file_is_private(void **state)
{
	char saved[SHA256_SIZE];

	umask(0);
	make_patchy(*state, 2 * MIB);
	must_save(*state, saved);
	assert_int_equal(status_of(FILE_OF(*state)).st_mode, S_IFREG | 0600);
	umask(022);
}

static void test_hash(void **state)
{
	char sum[SHA256_SIZE];

	make_device(*state, 4 * KIB);
	set_align(*state, "4096\n");
	assert_int_equal(hash(*state, sum, NULL), 0);
	assert_string_equal(sum, ZERO_SUM);
	make_patchy(*state, 3 * MIB + 5);
	assert_int_equal(hash(*state, sum, NULL), 0);
	check_sum_of(DEVICE(*state), sum);
}

static void test_count(void **state)
{
	uint64_t bytes;

	make_device(*state, 8 * MIB);
	assert_int_equal(count(*state, &bytes, NULL), 0);
	assert_int_equal(bytes, 0);
	put_noise(DEVICE(*state), 5 * MIB - 1, 2); /* two pages */
	put_noise(DEVICE(*state), 0, 8 * KIB);
	assert_int_equal(count(*state, &bytes, NULL), 0);
	assert_int_equal(bytes, 16 * KIB);
}

/* ---- progress ---- */

struct watched {
	uint64_t last, total;
	bool backwards;
};

static void watch(void *context, uint64_t done, uint64_t total)
{
	struct watched *watched = context;

	watched->backwards |= done < watched->last || done > total;
	watched->last = done;
	watched->total = total;
}

static void test_progress(void **state)
{
	struct watched watched = {0};
	const struct transfer transfer = {.part = watch, .context = &watched};
	char sum[SHA256_SIZE];

	make_patchy(*state, 5 * MIB);
	assert_int_equal(save_telling(*state, false, sum, transfer, NULL), 0);
	assert_false(watched.backwards);
	assert_int_equal(watched.last, 5 * MIB);
	assert_int_equal(watched.total, 5 * MIB);
	watched = (struct watched){0};
	assert_int_equal(load_telling(*state, sum, transfer, NULL), 0);
	assert_false(watched.backwards);
	assert_int_equal(watched.last, 5 * MIB);
}

/* ---- files that are not what was saved ---- */

/* Whatever is wrong with the file: the device is not touched. */
static void check_refused(struct tree *tree, const char *sum, int code, const char *text,
			  const char *advice)
{
	char before[SHA256_SIZE];
	struct error err;

	sum_of(DEVICE(tree), before);
	check_error(load(tree, sum, &err), code, &err, text, advice);
	check_sum_of(DEVICE(tree), before);
}

static void make_saved(struct tree *tree, char saved[SHA256_SIZE])
{
	make_patchy(tree, 3 * MIB);
	must_save(tree, saved);
	put_noise(DEVICE(tree), 0, MIB);
}

static void test_file_cut_off(void **state)
{
	char saved[SHA256_SIZE];

	make_saved(*state, saved);
	assert_int_equal(truncate(FILE_OF(*state), 3 * MIB - 1), 0);
	check_refused(*state, saved, -EBADMSG,
		      words("%s has 3145727 bytes, expected 3145728", FILE_OF(*state)), "");
	assert_int_equal(truncate(FILE_OF(*state), 0), 0);
	check_refused(*state, saved, -EBADMSG,
		      words("%s has 0 bytes, expected 3145728", FILE_OF(*state)), "");
}

static void test_file_too_long(void **state)
{
	char saved[SHA256_SIZE];

	make_saved(*state, saved);
	assert_int_equal(truncate(FILE_OF(*state), 4 * MIB), 0);
	check_refused(*state, saved, -EBADMSG,
		      words("%s has 4194304 bytes, expected 3145728", FILE_OF(*state)), "");
}

/* One bit in the last page, and one in a hole. */
static void check_changed(struct tree *tree, off_t offset)
{
	char saved[SHA256_SIZE], now[SHA256_SIZE];
	unsigned char byte = 0;
	int fd;

	make_saved(tree, saved);
	fd = open(FILE_OF(tree), O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
	sum_of(FILE_OF(tree), now);
	check_refused(tree, saved, -EBADMSG,
		      words("%s has SHA-256 %s, expected %s", FILE_OF(tree), now, saved),
		      "it is not what was saved, and nothing was written to " DAX "; put the file "
		      "back, or give its contents up with --discard-contents");
	assert_int_equal(unlink(FILE_OF(tree)), 0);
}

static void test_file_changed(void **state)
{
	check_changed(*state, 3 * MIB - 1);
	check_changed(*state, 2 * MIB + 5);
	check_changed(*state, 0);
}

static void test_file_gone(void **state)
{
	make_patchy(*state, 2 * MIB);
	check_refused(*state, ZERO_SUM, -ENOENT,
		      words("cannot open %s: No such file or directory", FILE_OF(*state)),
		      "put the file back, or give its contents up with --discard-contents");
}

static void test_file_of_others(void **state)
{
	const char *path = FILE_OF(*state);
	const char *text = words("%s can be written to by others", path);
	const char *advice = words("if you trust it: chown root %s; chmod 600 %s", path, path);
	char saved[SHA256_SIZE];

	make_saved(*state, saved);
	assert_int_equal(chmod(FILE_OF(*state), 0620), 0);
	check_refused(*state, saved, -EPERM, text, advice);
	assert_int_equal(chmod(FILE_OF(*state), 0602), 0);
	check_refused(*state, saved, -EPERM, text, advice);
	assert_int_equal(chmod(FILE_OF(*state), 0644), 0);
	must_load(*state, saved);
}

/* To open a FIFO would wait for a writer. */
static void test_no_file(void **state)
{
	make_patchy(*state, 2 * MIB);
	tree_fifo(*state, "/save/" NAME);
	check_refused(*state, ZERO_SUM, -EINVAL, words("%s is no regular file", FILE_OF(*state)),
		      "");
	tree_unlink(*state, "/save/" NAME);
	tree_link(*state, "/dev/" DAX, "/save/" NAME);
	check_refused(*state, ZERO_SUM, -ELOOP,
		      words("cannot open %s: Too many levels of symbolic links", FILE_OF(*state)),
		      "put the file back, or give its contents up with --discard-contents");
}

/* The region came back with another size. */
static void test_device_of_other_size(void **state)
{
	char saved[SHA256_SIZE];

	make_saved(*state, saved);
	make_patchy(*state, 4 * MIB);
	check_refused(*state, saved, -EBADMSG,
		      words("%s has 3145728 bytes, expected 4194304", FILE_OF(*state)), "");
}

/* ---- what stands in the way of a new file ---- */

static void check_in_the_way(struct tree *tree, const char *path)
{
	char sum[SHA256_SIZE], text[PATH_MAX + 64];
	struct error err;
	int rc = save(tree, false, sum, &err);

	snprintf(text, sizeof(text), "%s is there already", path_of(tree, path));
	check_error(rc, -EEXIST, &err, text, "move it away, or name another directory with --save");
}

static void test_nothing_is_replaced(void **state)
{
	make_patchy(*state, 2 * MIB);
	tree_file(*state, "mine", "/save/" NAME);
	check_in_the_way(*state, "/save/" NAME);
	check_file(*state, "mine", "/save/" NAME);
	tree_unlink(*state, "/save/" NAME);
	tree_file(*state, "mine", "/save/" PARTIAL);
	check_in_the_way(*state, "/save/" PARTIAL);
	check_file(*state, "mine", "/save/" PARTIAL);
}

/* Nor is any link followed, even if it leads nowhere, or in an operation that goes on. */
static void test_links_are_not_followed(void **state)
{
	char saved[SHA256_SIZE];
	struct error err;

	make_patchy(*state, 2 * MIB);
	tree_file(*state, "precious", "/precious");
	tree_link(*state, "/precious", "/save/" PARTIAL);
	check_in_the_way(*state, "/save/" PARTIAL);
	tree_link(*state, "/precious", "/save/" NAME);
	assert_int_equal(save(*state, true, saved, &err), 0);
	check_file(*state, "precious", "/precious");
	assert_int_equal(status_of(FILE_OF(*state)).st_mode, S_IFREG | 0600);
	check_sum_of(FILE_OF(*state), saved);
	tree_unlink(*state, "/save/" NAME);
	tree_link(*state, "/nowhere", "/save/" PARTIAL);
	check_in_the_way(*state, "/save/" PARTIAL);
}

/* ---- failures midway ---- */

struct outcome {
	int rc;
	struct error err;
	char sum[SHA256_SIZE];
};

static struct outcome *shared(void)
{
	void *memory = mmap(NULL, sizeof(struct outcome), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

struct child {
	struct tree *tree;
	struct outcome *outcome;
};

static int save_in_child(struct child *child)
{
	struct outcome *outcome = child->outcome;

	outcome->rc = save(child->tree, false, outcome->sum, &outcome->err);
	return 0;
}

static int save_with_limit(void *context)
{
	const struct rlimit limit = {MIB, MIB};

	stop_on_signals(); /* as programs do */
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return 1;
	return save_in_child(context);
}

static void test_file_size_limit(void **state)
{
	struct child child = {*state, shared()};
	char before[SHA256_SIZE];

	make_patchy(*state, 2 * MIB);
	sum_of(DEVICE(*state), before);
	assert_int_equal(in_child(save_with_limit, &child), 0);
	check_error(child.outcome->rc, -EFBIG, &child.outcome->err,
		    words("cannot make %s as long as " DAX ": File too large", FILE_OF(*state)),
		    "the file system, or ulimit -f, allows no file of that size: name another "
		    "directory with --save, or raise the limit");
	check_nothing_left(*state);
	check_sum_of(DEVICE(*state), before);
	munmap(child.outcome, sizeof(*child.outcome));
}

static bool put_text(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A file system of 2 MiB in /save, for this process alone. */
static bool mount_small(struct tree *tree)
{
	const char *users = words("0 %u 1", geteuid()), *groups = words("0 %u 1", getegid());

	if (geteuid() &&
	    (unshare(CLONE_NEWUSER) || !put_text("/proc/self/setgroups", "deny") ||
	     !put_text("/proc/self/uid_map", users) || !put_text("/proc/self/gid_map", groups)))
		return false;
	return !unshare(CLONE_NEWNS) && !mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) &&
	       !mount("small", path_of(tree, "/save"), "tmpfs", 0, "size=2m,mode=0700");
}

static int save_on_small(void *context)
{
	struct child *child = context;
	cleanup_names struct names left = {0};

	if (!mount_small(child->tree))
		return SKIPPED;
	save_in_child(child);
	return sys_list(&child->tree->sys, &left, NULL, "/save") || left.count;
}

static int run_on_small(struct child *child, int (*body)(void *context))
{
	int status = in_child(body, child);

	if (status == SKIPPED) {
		print_message("neither root nor user namespaces here\n");
		skip();
	}
	return status;
}

static void test_disk_full(void **state)
{
	struct child child = {*state, shared()};
	char before[SHA256_SIZE];

	make_device(*state, 4 * MIB);
	put_noise(DEVICE(*state), 0, 4 * MIB);
	sum_of(DEVICE(*state), before);
	assert_int_equal(run_on_small(&child, save_on_small), 0);
	check_error(child.outcome->rc, -ENOSPC, &child.outcome->err,
		    words("cannot write %s: No space left on device", FILE_OF(*state)),
		    words("make room in %s, or name another directory with --save",
			  path_of(*state, "/save")));
	check_sum_of(DEVICE(*state), before);
	munmap(child.outcome, sizeof(*child.outcome));
}

/* What is behind the end of the file answers with SIGBUS, as poison does. */
static void test_memory_gone(void **state)
{
	const char *text = DAX " at offset 0x208000 answers no more: the memory was taken away, or "
			       "can not be reached";
	const char *advice = "the kernel's log tells more, and cxl list --media-errors what the "
			     "device knows";
	char saved[SHA256_SIZE], sum[SHA256_SIZE];
	struct error err;
	uint64_t bytes;

	make_patchy(*state, 4 * MIB);
	must_save(*state, saved);
	assert_int_equal(truncate(DEVICE(*state), 2 * MIB + 32 * KIB), 0);
	check_error(hash(*state, sum, (err = (struct error){0}, &err)), -EIO, &err, text, advice);
	check_error(count(*state, &bytes, (err = (struct error){0}, &err)), -EIO, &err, text,
		    advice);
	check_error(load(*state, saved, &err), -EIO, &err, text, advice);
	check_sum_of(FILE_OF(*state), saved); /* what was saved is there for the next try */
	assert_int_equal(unlink(FILE_OF(*state)), 0);
	check_error(save(*state, false, sum, &err), -EIO, &err, text, advice);
	check_nothing_left(*state);
}

static int touch_beyond(void *context)
{
	struct tree *tree = context;
	cleanup_window struct window window = NO_WINDOW;
	cleanup_fd int fd = open(DEVICE(tree), O_RDONLY | O_CLOEXEC);
	volatile char *at = mmap(NULL, 2 * MIB, PROT_READ, MAP_SHARED, fd, 0);

	signal(SIGBUS, SIG_DFL); /* a sanitizer has its own */
	if (at == MAP_FAILED || window_open(&window, &tree->sys, DAX, false, NULL) ||
	    ftruncate(open(DEVICE(tree), O_WRONLY | O_CLOEXEC), 0))
		return 1;
	return at[MIB];
}

/* A SIGBUS that has nothing to do with the device is not swallowed. */
static void test_other_bus_error(void **state)
{
	make_device(*state, 2 * MIB);
	assert_int_equal(in_child(touch_beyond, *state), 128 + SIGBUS);
}

static void test_handler_is_given_back(void **state)
{
	struct sigaction before, after;
	char saved[SHA256_SIZE];

	sigaction(SIGBUS, NULL, &before);
	make_patchy(*state, 2 * MIB);
	must_save(*state, saved);
	sigaction(SIGBUS, NULL, &after);
	assert_ptr_equal(before.sa_sigaction, after.sa_sigaction);
}

/* A file system that gives what root makes to somebody else, as NFS does: such a file is not loaded. */
static int save_as_nobody(void *context)
{
	struct child *child = context;

	if (geteuid() || chmod(child->tree->root, 0755) ||
	    chmod(path_of(child->tree, "/save"), 01777))
		return SKIPPED;
	setfsuid(65534);
	return save_in_child(child);
}

static void test_save_not_ours(void **state)
{
	struct child child = {*state, shared()};
	int rc;

	make_patchy(*state, 2 * MIB);
	rc = in_child(save_as_nobody, &child);
	if (rc == SKIPPED)
		skip();
	assert_int_equal(rc, 0);
	check_error(child.outcome->rc, -EPERM, &child.outcome->err,
		    words("%s.partial, just made, can be written to by others (owner 65534, mode "
			  "600)",
			  FILE_OF(*state)),
		    "name a directory with --save whose file system keeps owners: NFS with "
		    "root_squash does not");
	check_nothing_left(*state);
}

/* ---- devices that can not be opened ---- */

static void check_save_fails(struct tree *tree, int code, const char *text, const char *advice)
{
	char sum[SHA256_SIZE];
	struct error err;
	int rc = save(tree, false, sum, &err);

	check_error(rc, code, &err, text, advice);
	check_nothing_left(tree);
}

static void test_no_device(void **state)
{
	make_device(*state, 2 * MIB);
	tree_unlink(*state, "/sys/bus/dax/devices/" DAX "/dev");
	check_save_fails(*state, -ENODEV, DAX " is not bound to device_dax", "");
	tree_file(*state, "252:7\n", "/sys/bus/dax/devices/" DAX "/dev");
	check_save_fails(*state, -ENODEV,
			 "/dev/" DAX " is the node of another device: expected 252:7, found 0:0",
			 "remove it, and let udev make it anew: udevadm trigger "
			 "--subsystem-match=dax");
	tree_unlink(*state, "/dev/" DAX);
	check_save_fails(*state, -ENOENT, "cannot open /dev/" DAX ": No such file or directory",
			 "");
}

static void test_geometry(void **state)
{
	const char *text = "cannot read size and alignment of " DAX ": Invalid argument";

	make_device(*state, 2 * MIB);
	set_align(*state, "0\n");
	check_save_fails(*state, -EINVAL, text, "");
	set_align(*state, "4194304\n");
	check_save_fails(*state, -EINVAL, text, "");
	tree_file(*state, "18446744073709551615\n", "/sys/bus/dax/devices/" DAX "/size");
	check_save_fails(*state, -EINVAL, text, "");
}

/* ---- signals ---- */

static void raise_term(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	(void)done;
	(void)total;
	raise(SIGTERM);
}

static void raise_kill(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	(void)done;
	(void)total;
	raise(SIGKILL);
}

/* The first call comes with the end of the first pass: before anything was read back. */
static int save_with_signal(struct child *child,
			    void (*part)(void *context, uint64_t done, uint64_t total))
{
	struct outcome *outcome = child->outcome;

	stop_on_signals();
	outcome->rc = save_telling(child->tree, false, outcome->sum,
				   (struct transfer){.part = part}, &outcome->err);
	return 0;
}

static int save_stopped(void *context)
{
	return save_with_signal(context, raise_term);
}

static int save_killed(void *context)
{
	return save_with_signal(context, raise_kill);
}

static void test_stopped(void **state)
{
	struct child child = {*state, shared()};

	make_patchy(*state, 2 * MIB);
	assert_int_equal(in_child(save_stopped, &child), 0);
	check_error(child.outcome->rc, -EINTR, &child.outcome->err, "stopped by a signal", "");
	check_nothing_left(*state);
	munmap(child.outcome, sizeof(*child.outcome));
}

/* Killed, it leaves what only the same operation may remove, which then goes on. */
static void test_killed(void **state)
{
	struct child child = {*state, shared()};
	char saved[SHA256_SIZE];
	struct error err;

	make_patchy(*state, 2 * MIB);
	assert_int_equal(in_child(save_killed, &child), 128 + SIGKILL);
	assert_true(is_there(path_of(*state, "/save/" PARTIAL)));
	assert_false(is_there(FILE_OF(*state)));
	check_in_the_way(*state, "/save/" PARTIAL);
	assert_int_equal(save(*state, true, saved, &err), 0);
	assert_false(is_there(path_of(*state, "/save/" PARTIAL)));
	check_sum_of(FILE_OF(*state), saved);
	check_sum_of(DEVICE(*state), saved);
	put_noise(DEVICE(*state), MIB, MIB); /* and once more, with what is there by then */
	assert_int_equal(save(*state, true, saved, &err), 0);
	check_sum_of(DEVICE(*state), saved);
	munmap(child.outcome, sizeof(*child.outcome));
}

static int load_with_signal(void *context)
{
	struct child *child = context;

	stop_on_signals();
	raise(SIGTERM);
	child->outcome->rc = load(child->tree, child->outcome->sum, &child->outcome->err);
	return 0;
}

/* Half written back helps nobody. */
static void test_load_is_not_stopped(void **state)
{
	struct child child = {*state, shared()};

	make_patchy(*state, 2 * MIB);
	must_save(*state, child.outcome->sum);
	put_noise(DEVICE(*state), 0, 2 * MIB);
	assert_int_equal(in_child(load_with_signal, &child), 0);
	assert_int_equal(child.outcome->rc, 0);
	check_sum_of(DEVICE(*state), child.outcome->sum);
	munmap(child.outcome, sizeof(*child.outcome));
}

/* ---- the directory ---- */

static void check_directory(struct tree *tree, int code, const char *text, const char *advice)
{
	cleanup_free char *directory = NULL;
	struct error err = {0};
	int rc = room_directory(path_of(tree, "/save"), &directory, &err);

	check_error(rc, code, &err, text, advice);
}

static void test_directory(void **state)
{
	cleanup_free char *directory = NULL, *real = NULL;
	struct tree *tree = *state;

	tree_link(tree, "/save", "/link");
	assert_int_equal(room_directory(path_of(tree, "/link"), &directory, NULL), 0);
	real = realpath(path_of(tree, "/save"), NULL);
	assert_string_equal(directory, real);
}

static void test_directory_unsafe(void **state)
{
	const char *path = path_of(*state, "/save");
	const char *text =
		words("save-unsafe: others can write to %s, and replace what is saved there", path);
	const char *advice = words("chmod go-w %s, or name another directory", path);

	chmod(path_of(*state, "/save"), 0770);
	check_directory(*state, -EPERM, text, advice);
	chmod(path_of(*state, "/save"), 0702);
	check_directory(*state, -EPERM, text, advice);
	chmod(path_of(*state, "/save"), 01777);
	check_directory(*state, 0, "", "");
	chmod(path_of(*state, "/save"), 0755);
	check_directory(*state, 0, "", "");
}

static void test_directory_of_others(void **state)
{
	const char *path = path_of(*state, "/save");

	if (chown(path, 12345, (gid_t)-1)) {
		print_message("only root can give a directory away\n");
		skip();
	}
	check_directory(*state, -EPERM,
			words("save-unsafe: %s belongs to somebody else, who can replace what is "
			      "saved there",
			      path),
			words("chown root %s, or name another directory", path));
}

static void test_no_directory(void **state)
{
	const char *path = path_of(*state, "/save");

	tree_unlink(*state, "/save");
	check_directory(*state, -ENOENT,
			words("cannot save to %s: No such file or directory", path),
			words("make it first: mkdir -m 700 %s", path));
	tree_file(*state, "", "/save");
	check_directory(*state, -ENOTDIR, words("%s is no directory", path), "");
}

static void test_volatile(void **state)
{
	(void)state;
	assert_false(room_is_volatile("/proc"));
	assert_false(room_is_volatile("/nowhere"));
	if (access("/dev/shm", F_OK) == 0)
		assert_true(room_is_volatile("/dev/shm"));
}

/* ---- what the directory lies on ---- */

static void make_block(struct tree *tree, const char *path, const char *name)
{
	tree_directory(tree, "%s/slaves", path);
	tree_link(tree, path, "/sys/class/block/%s", name);
}

/* The file system of /save is on that block device. */
static void put_save_on(struct tree *tree, const char *path)
{
	dev_t number = status_of(path_of(tree, "/save")).st_dev;

	tree_link(tree, path, "/sys/dev/block/%u:%u", major(number), minor(number));
}

#define lies_on(tree, name) room_lies_on(&(tree)->sys, path_of(tree, "/save"), name)

static void test_lies_on_disk(void **state)
{
	struct tree *tree = *state;

	assert_false(lies_on(tree, "pmem0"));
	make_block(tree, "/sys/devices/nd/block/pmem0", "pmem0");
	put_save_on(tree, "/sys/devices/nd/block/pmem0");
	assert_true(lies_on(tree, "pmem0"));
	assert_false(lies_on(tree, "pmem"));
	assert_false(lies_on(tree, "pmem00"));
	assert_false(lies_on(tree, "pmem1"));
	assert_false(room_lies_on(&tree->sys, "/nowhere", "pmem0"));
}

static void test_lies_on_partition(void **state)
{
	struct tree *tree = *state;

	make_block(tree, "/sys/devices/nd/block/pmem0/pmem0p1", "pmem0p1");
	put_save_on(tree, "/sys/devices/nd/block/pmem0/pmem0p1");
	assert_true(lies_on(tree, "pmem0"));
}

static void test_lies_on_mapper(void **state)
{
	struct tree *tree = *state;

	make_block(tree, "/sys/devices/nd/block/pmem0/pmem0p1", "pmem0p1");
	make_block(tree, "/sys/devices/pci/block/sda", "sda");
	make_block(tree, "/sys/devices/virtual/block/md0", "md0");
	make_block(tree, "/sys/devices/virtual/block/dm-0", "dm-0");
	tree_file(tree, "", "/sys/devices/virtual/block/dm-0/slaves/sda");
	tree_file(tree, "", "/sys/devices/virtual/block/dm-0/slaves/md0");
	put_save_on(tree, "/sys/devices/virtual/block/dm-0");
	assert_false(lies_on(tree, "pmem0"));
	tree_file(tree, "", "/sys/devices/virtual/block/md0/slaves/pmem0p1");
	assert_true(lies_on(tree, "pmem0"));
	assert_true(lies_on(tree, "sda"));
	tree_file(tree, "", "/sys/devices/virtual/block/md0/slaves/dm-0"); /* in circles: ends */
	assert_false(lies_on(tree, "pmem1"));
}

/* A loop device on a file of the file system that is on the disk. */
static void test_lies_on_loop(void **state)
{
	struct tree *tree = *state;
	struct stat status;
	char text[PATH_MAX];

	assert_int_equal(stat("/proc", &status), 0); /* another file system */
	make_block(tree, "/sys/devices/virtual/block/loop0", "loop0");
	make_block(tree, "/sys/devices/nd/block/pmem0", "pmem0");
	put_save_on(tree, "/sys/devices/virtual/block/loop0");
	snprintf(text, sizeof(text), "%s\n", "/proc/version");
	tree_file(tree, text, "/sys/devices/virtual/block/loop0/loop/backing_file");
	assert_false(lies_on(tree, "pmem0"));
	tree_link(tree, "/sys/devices/nd/block/pmem0", "/sys/dev/block/%u:%u", major(status.st_dev),
		  minor(status.st_dev));
	assert_true(lies_on(tree, "pmem0"));
}

static void check_source(struct tree *tree, const char *source, const char *name, bool expected)
{
	char line[512];
	struct statx status;

	if (statx(AT_FDCWD, path_of(tree, "/save"), 0, STATX_MNT_ID, &status) ||
	    !(status.stx_mask & STATX_MNT_ID))
		skip(); /* before Linux 5.8 */
	snprintf(line, sizeof(line),
		 "%" PRIu64 " 30 0:33 / /other rw - xfs /dev/sdb rw\n"
		 "%" PRIu64 " 30 0:33 / /mnt rw shared:1 - btrfs %s rw\n",
		 (uint64_t)status.stx_mnt_id + 1, (uint64_t)status.stx_mnt_id, source);
	tree_file(tree, line, "/proc/self/mountinfo");
	assert_int_equal(lies_on(tree, name), expected);
}

/* File systems with numbers of their own. */
static void test_lies_on_source(void **state)
{
	struct tree *tree = *state;

	make_block(tree, "/sys/devices/nd/block/pmem0/pmem0p1", "pmem0p1");
	check_source(tree, "/dev/pmem0p1", "pmem0", true);
	check_source(tree, "/dev/pmem0p1", "pmem1", false);
	check_source(tree, "/dev/dax0.0", "dax0.0", true);
	check_source(tree, "/dev/dax0.0", "dax0.1", false);
	check_source(tree, "/dev/sda", "sdb", false);
	check_source(tree, "dax0.0", "dax0.0", false);
}

/* ---- room ---- */

static char *one[] = {(char *)DAX};
static const struct names only = {one, 1};

static int check_on_small(void *context)
{
	struct child *child = context;
	struct outcome *outcome = child->outcome;

	if (!mount_small(child->tree))
		return SKIPPED;
	outcome->rc =
		room_check(&child->tree->sys, path_of(child->tree, "/save"), &only, &outcome->err);
	return 0;
}

static void check_room(struct tree *tree, int code, const char *text, const char *advice)
{
	struct child child = {tree, shared()};

	assert_int_equal(run_on_small(&child, check_on_small), 0);
	check_error(child.outcome->rc, code, &child.outcome->err, text, advice);
	munmap(child.outcome, sizeof(*child.outcome));
}

/* 2 MiB, of which one is left for what the file system needs. */
static void test_room(void **state)
{
	make_device(*state, 512 * KIB);
	set_align(*state, "4096\n");
	put_noise(DEVICE(*state), 0, 512 * KIB);
	check_room(*state, 0, "", "");
	make_device(*state, 16 * MIB); /* as sizes go it does not fit, but it is all but empty */
	check_room(*state, 0, "", "");
	put_noise(DEVICE(*state), 3 * MIB, MIB / 2);
	check_room(*state, 0, "", "");
	put_noise(DEVICE(*state), 8 * MIB, 3 * MIB / 2);
	check_room(*state, -ENOSPC,
		   words("no-room-to-save: the contents of " DAX " need 3.016 MiB, and %s has "
			 "2 MiB free",
			 path_of(*state, "/save")),
		   "make room there, name another directory with --save, or give the contents up "
		   "with --discard-contents");
}

static void test_room_unreadable(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};

	make_device(tree, 2 * MIB);
	assert_int_equal(room_check(&tree->sys, path_of(tree, "/save"), &only, &err), 0);
	tree_unlink(tree, "/sys/bus/dax/devices/" DAX "/size");
	check_error(room_check(&tree->sys, path_of(tree, "/save"), &only, &err), -ENOENT, &err,
		    "cannot read the size of " DAX ": No such file or directory", "");
	err = (struct error){0};
	check_error(room_check(&tree->sys, "/nowhere", &only, &err), -ENOENT, &err,
		    "cannot ask for the room in /nowhere: No such file or directory", "");
}

/* ---- what a plan saves ---- */

static void add_step(struct plan *plan, enum step_kind kind, const char *object)
{
	struct step *step = list_add(&plan->down);

	step->kind = kind;
	strcpy(step->object, object);
}

/* To save dax0.0, and to take down pmem0 as well. */
static void make_plan(struct tree *tree, struct host *host, struct plan *plan)
{
	struct namespace *namespace;

	make_device(tree, 2 * MIB);
	*host = (struct host){0};
	namespace = list_add(&host->namespaces);
	strcpy(namespace->name, "namespace0.0");
	strcpy(namespace->device, "pmem0");
	*plan = (struct plan){.manner.save = xstrdup(path_of(tree, "/link"))};
	add_step(plan, STEP_SAVE_CONTENTS, DAX);
	add_step(plan, STEP_DISABLE_NAMESPACE, "namespace0.0");
	add_step(plan, STEP_UNBIND_DAX, DAX);
	tree_link(tree, "/save", "/link");
}

static void check_plan(struct tree *tree, struct host *host, struct plan *plan, int code,
		       const char *text, const char *advice)
{
	struct error err = {0};

	check_error(room_check_plan(&tree->sys, host, plan, &err), code, &err, text, advice);
}

static void test_plan(void **state)
{
	cleanup_free char *real = realpath(path_of(*state, "/save"), NULL);
	cleanup_plan struct plan plan;
	cleanup_host struct host host;

	make_plan(*state, &host, &plan);
	check_plan(*state, &host, &plan, 0, "", "");
	assert_string_equal(plan.manner.save, real);
	make_block(*state, "/sys/devices/nd/block/pmem0", "pmem0");
	put_save_on(*state, "/sys/devices/nd/block/pmem0");
	check_plan(*state, &host, &plan, -EBUSY,
		   words("save-on-memory: %s is on pmem0, which is to be taken out of service",
			 real),
		   "name another directory with --save");
	plan.down.items[1].kind = STEP_MOVE_PAGES;
	check_plan(*state, &host, &plan, 0, "", "");
	check_source(*state, "/dev/" DAX, DAX, true); /* famfs */
	check_plan(*state, &host, &plan, -EBUSY,
		   words("save-on-memory: %s is on " DAX ", which is to be taken out of service",
			 real),
		   "name another directory with --save");
}

static void test_plan_unsafe(void **state)
{
	cleanup_free char *real = realpath(path_of(*state, "/save"), NULL);
	cleanup_plan struct plan plan;
	cleanup_host struct host host;

	make_plan(*state, &host, &plan);
	chmod(path_of(*state, "/save"), 0777);
	check_plan(*state, &host, &plan, -EPERM,
		   words("save-unsafe: others can write to %s, and replace what is saved there",
			 real),
		   words("chmod go-w %s, or name another directory", real));
	plan.down.items[0].kind = STEP_STOP_USERS; /* nothing is saved: no matter */
	check_plan(*state, &host, &plan, 0, "", "");
}

/* ---- names and manifests ---- */

static void check_name(const char *started, const char *expected)
{
	char name[2 * NAME_SIZE];

	manifest_name_file(DAX, started, name);
	assert_string_equal(name, expected);
}

static void test_name(void **state)
{
	(void)state;
	check_name("2026-01-31T12:00:00+0100", NAME);
	check_name("2026-01-31T12:00:00-0100", "dax0.0-20260131T120000-0100.raw");
}

static const char *text_at(struct json_object *json, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(json, key, &value))
		fail_msg("no %s", key);
	return json_object_get_string(value);
}

static void test_manifest(void **state)
{
	const struct contents_file file = {path_of(*state, "/save"), NAME};
	const char *path = path_of(*state, "/save/dax0.0-20260131T120000+0100.json");
	struct json_object *document, *part;
	struct host host = {0};

	model_devdax(&host);
	assert_int_equal(manifest_write(&host, host_dax(&host, DAX), &file, ZERO_SUM, NULL), 0);
	assert_int_equal(status_of(path).st_mode, S_IFREG | 0600);
	document = json_object_from_file(path);
	assert_string_equal(text_at(document, "schema"), "cxl-iso/contents");
	assert_string_equal(text_at(document, "file"), NAME);
	assert_string_equal(text_at(document, "sha256"), ZERO_SUM);
	assert_string_equal(text_at(document, "size"), "268435456");
	assert_true(json_object_object_get_ex(document, "dax", &part));
	assert_string_equal(text_at(part, "name"), DAX);
	assert_string_equal(text_at(part, "region"), "region0");
	assert_true(json_object_object_get_ex(document, "memdevs", &part));
	assert_int_equal(json_object_array_length(part), 1);
	assert_non_null(text_at(json_object_array_get_idx(part, 0), "serial"));
	json_object_put(document);
	host_free(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_FILES(test_round_trip),
		ON_FILES(test_save_windows),
		ON_FILES(test_windows),
		ON_FILES(test_dense),
		ON_FILES(test_holes),
		ON_FILES(test_empty),
		ON_FILES(test_load_without_holes),
		ON_FILES(test_file_is_private),
		ON_FILES(test_hash),
		ON_FILES(test_count),
		ON_FILES(test_progress),
		ON_FILES(test_file_cut_off),
		ON_FILES(test_file_too_long),
		ON_FILES(test_file_changed),
		ON_FILES(test_file_gone),
		ON_FILES(test_file_of_others),
		ON_FILES(test_no_file),
		ON_FILES(test_device_of_other_size),
		ON_FILES(test_nothing_is_replaced),
		ON_FILES(test_links_are_not_followed),
		ON_FILES(test_file_size_limit),
		ON_FILES(test_disk_full),
		ON_FILES(test_memory_gone),
		ON_FILES(test_other_bus_error),
		ON_FILES(test_handler_is_given_back),
		ON_FILES(test_save_not_ours),
		ON_FILES(test_no_device),
		ON_FILES(test_geometry),
		ON_FILES(test_stopped),
		ON_FILES(test_killed),
		ON_FILES(test_load_is_not_stopped),
		ON_FILES(test_directory),
		ON_FILES(test_directory_unsafe),
		ON_FILES(test_directory_of_others),
		ON_FILES(test_no_directory),
		cmocka_unit_test(test_volatile),
		ON_FILES(test_lies_on_disk),
		ON_FILES(test_lies_on_partition),
		ON_FILES(test_lies_on_mapper),
		ON_FILES(test_lies_on_loop),
		ON_FILES(test_lies_on_source),
		ON_FILES(test_room),
		ON_FILES(test_room_unreadable),
		ON_FILES(test_plan),
		ON_FILES(test_plan_unsafe),
		cmocka_unit_test(test_name),
		ON_FILES(test_manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
