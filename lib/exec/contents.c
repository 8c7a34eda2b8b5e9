/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/stop.h"
#include "sys/util.h"

#define CHUNK (1u << 20)
#define PAGE  4096u
#define FLUSH (UINT64_C(64) << 20)

/* ---- going through a device or a file ---- */

/* One walk or several over the whole of it, chunk by chunk. */
struct walk {
	const struct transfer *transfer;
	uint64_t size;
	unsigned int pass, passes; /* for who looks on they are one way */
	uint64_t told;		   /* when; ms */
	unsigned char *chunk;
};

static void walk_begin(struct walk *walk, const struct transfer *transfer, unsigned int passes)
{
	*walk = (struct walk){transfer, transfer->window->size, 0, passes,
			      now_ms(), xcalloc(1, CHUNK)};
}

static void walk_end(struct walk *walk)
{
	free_pointer(&walk->chunk);
}
#define cleanup_walk __attribute__((cleanup(walk_end)))

static void tell(struct walk *walk, uint64_t done)
{
	const struct transfer *transfer = walk->transfer;
	uint64_t now = now_ms();

	if (!transfer->part || (now - walk->told < 100 && done < walk->size))
		return;
	walk->told = now;
	transfer->part(transfer->context,
		       walk->size / walk->passes * walk->pass + done / walk->passes, walk->size);
}

typedef int (*visitor)(void *context, struct walk *walk, uint64_t offset, size_t length,
		       struct error *err);

static int walk_through(struct walk *walk, visitor visit, void *context, struct error *err)
{
	size_t length;

	for (uint64_t offset = 0; offset < walk->size; offset += length) {
		uint64_t left = walk->size - offset;
		int rc;

		length = left < CHUNK ? left : CHUNK;
		if (walk->transfer->stoppable && stop_requested())
			return fail(err, -EINTR, "stopped by a signal");
		rc = visit(context, walk, offset, length, err);
		if (rc)
			return rc;
		tell(walk, offset + length);
	}
	walk->pass++;
	return 0;
}

static bool is_zero(const unsigned char *data, size_t length)
{
	return !data[0] && !memcmp(data, data + 1, length - 1);
}

/* ---- sum and count ---- */

struct reading {
	struct sha256 sha256;
	uint64_t bytes;
};

static int hash_chunk(void *context, struct walk *walk, uint64_t offset, size_t length,
		      struct error *err)
{
	struct reading *reading = context;
	int rc = window_read(walk->transfer->window, offset, walk->chunk, length, err);

	if (!rc)
		sha256_add(&reading->sha256, walk->chunk, length);
	return rc;
}

static int count_chunk(void *context, struct walk *walk, uint64_t offset, size_t length,
		       struct error *err)
{
	struct reading *reading = context;
	int rc = window_read(walk->transfer->window, offset, walk->chunk, length, err);

	for (size_t at = 0; !rc && at < length; at += PAGE) {
		size_t page = length - at < PAGE ? length - at : PAGE;

		if (!is_zero(walk->chunk + at, page))
			reading->bytes += PAGE;
	}
	return rc;
}

int contents_hash(const struct transfer *transfer, char sha256[SHA256_SIZE], struct error *err)
{
	cleanup_walk struct walk walk = {0};
	struct reading reading = {0};
	int rc = sha256_begin(&reading.sha256, err);

	if (rc)
		return rc;
	walk_begin(&walk, transfer, 1);
	rc = walk_through(&walk, hash_chunk, &reading, err);
	sha256_end(&reading.sha256, sha256);
	sha256_free(&reading.sha256);
	return rc;
}

int contents_count(const struct transfer *transfer, uint64_t *bytes, struct error *err)
{
	cleanup_walk struct walk walk = {0};
	struct reading reading = {0};
	int rc;

	walk_begin(&walk, transfer, 1);
	rc = walk_through(&walk, count_chunk, &reading, err);
	*bytes = reading.bytes;
	return rc;
}

/* ---- the file ---- */

struct copying {
	struct sha256 sha256;
	int fd;
	const char *path; /* for people */
	uint64_t flushed; /* written out and dropped from memory up to here */
};

static int write_fully(int fd, const unsigned char *data, size_t length, uint64_t offset)
{
	while (length) {
		ssize_t written = pwrite(fd, data, length, (off_t)offset);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			data += written;
			offset += (uint64_t)written;
			length -= (size_t)written;
		}
	}
	return 0;
}

static int read_fully(int fd, unsigned char *data, size_t length, uint64_t offset)
{
	while (length) {
		ssize_t got = pread(fd, data, length, (off_t)offset);

		if (!got)
			return -ENODATA; /* cut off while we read */
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0) {
			data += got;
			offset += (uint64_t)got;
			length -= (size_t)got;
		}
	}
	return 0;
}

/* A file system that does not know of holes says that all of it is data. */
static bool is_hole(int fd, uint64_t offset, size_t length)
{
	off_t data = lseek(fd, (off_t)offset, SEEK_DATA);

	return data < 0 ? errno == ENXIO : (uint64_t)data >= offset + length;
}

static int read_chunk(const struct copying *copying, struct walk *walk, uint64_t offset,
		      size_t length, struct error *err)
{
	int rc = 0;

	if (is_hole(copying->fd, offset, length))
		memset(walk->chunk, 0, length);
	else
		rc = read_fully(copying->fd, walk->chunk, length, offset);
	return rc ? fail_errno(err, rc, "cannot read %s", copying->path) : 0;
}

static int hash_file_chunk(void *context, struct walk *walk, uint64_t offset, size_t length,
			   struct error *err)
{
	struct copying *copying = context;
	int rc = read_chunk(copying, walk, offset, length, err);

	if (!rc)
		sha256_add(&copying->sha256, walk->chunk, length);
	return rc;
}

/* The file, from the disk if it was flushed, has that sum. */
static int check_sum(struct copying *copying, struct walk *walk, const char *expected,
		     struct error *err)
{
	char sum[SHA256_SIZE];
	int rc = sha256_begin(&copying->sha256, err);

	if (rc)
		return rc;
	rc = walk_through(walk, hash_file_chunk, copying, err);
	sha256_end(&copying->sha256, sum);
	sha256_free(&copying->sha256);
	if (rc || strcmp(sum, expected) == 0)
		return rc;
	return fail(err, -EBADMSG, "%s has SHA-256 %s, expected %s", copying->path, sum, expected);
}

/* ---- saving ---- */

/* Runs of pages that are not zero, each in one write. */
static int write_pages(int fd, const unsigned char *data, size_t length, uint64_t offset)
{
	size_t begin = 0;

	for (size_t at = 0; at < length; at += PAGE) {
		size_t page = length - at < PAGE ? length - at : PAGE;
		int rc;

		if (!is_zero(data + at, page))
			continue;
		rc = write_fully(fd, data + begin, at - begin, offset + begin);
		if (rc)
			return rc;
		begin = at + page;
	}
	return write_fully(fd, data + begin, length - begin, offset + begin);
}

/*
 * Keep what waits to be written out small, and drop what was: the memory it would fill may be that
 * which is to be emptied, and to be read back it has to come from the disk.
 */
static int flush_behind(struct copying *copying, uint64_t end)
{
	const unsigned int wait =
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
	off_t start = (off_t)copying->flushed;
	off_t length = (off_t)(end - copying->flushed);

	if (end - copying->flushed < FLUSH)
		return 0;
	if (sync_file_range(copying->fd, start, length, wait))
		return -errno;
	posix_fadvise(copying->fd, start, length, POSIX_FADV_DONTNEED);
	copying->flushed = end;
	return 0;
}

static int save_chunk(void *context, struct walk *walk, uint64_t offset, size_t length,
		      struct error *err)
{
	struct copying *copying = context;
	int rc = window_read(walk->transfer->window, offset, walk->chunk, length, err);

	if (rc)
		return rc;
	sha256_add(&copying->sha256, walk->chunk, length);
	rc = write_pages(copying->fd, walk->chunk, length, offset);
	if (!rc)
		rc = flush_behind(copying, offset + length);
	return rc ? fail_errno(err, rc, "cannot write %s", copying->path) : 0;
}

static int flush(struct copying *copying, struct error *err)
{
	if (fsync(copying->fd))
		return fail_errno(err, -errno, "cannot write %s", copying->path);
	posix_fadvise(copying->fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

static int fill(struct copying *copying, const struct transfer *transfer, char sha256[SHA256_SIZE],
		struct error *err)
{
	cleanup_walk struct walk walk = {0};
	int rc = 0;

	if (ftruncate(copying->fd, (off_t)transfer->window->size))
		return fail_errno(err, -errno, "cannot make %s as long as %s", copying->path,
				  transfer->window->dax);
	rc = sha256_begin(&copying->sha256, err);
	if (rc)
		return rc;
	walk_begin(&walk, transfer, 2);
	rc = walk_through(&walk, save_chunk, copying, err);
	sha256_end(&copying->sha256, sha256);
	sha256_free(&copying->sha256);
	if (!rc)
		rc = flush(copying, err);
	return rc ? rc : check_sum(copying, &walk, sha256, err);
}

/* Where a file is made. */
struct place_to_save {
	int directory;
	const char *name;
	char partial[NAME_MAX + 1];
	char path[PATH_MAX];
};

static int open_place(struct place_to_save *place, const struct contents_file *file,
		      struct error *err)
{
	*place = (struct place_to_save){-1, file->name, "", ""};
	if ((size_t)snprintf(place->partial, sizeof(place->partial), "%s.partial", file->name) >=
		    sizeof(place->partial) ||
	    snprintf(place->path, sizeof(place->path), "%s/%s", file->directory, file->name) >=
		    PATH_MAX)
		return fail(err, -ENAMETOOLONG, "path too long: %s/%s", file->directory,
			    file->name);
	place->directory = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->directory < 0)
		return fail_errno(err, -errno, "cannot open %s", file->directory);
	return 0;
}

static int refuse_existing(const struct place_to_save *place, const char *name, struct error *err)
{
	struct stat status;

	if (fstatat(place->directory, name, &status, AT_SYMLINK_NOFOLLOW))
		return 0;
	fail(err, -EEXIST, "%s%s is there already", place->path,
	     name == place->partial ? ".partial" : "");
	hint(err, "move it away, or name another directory with --save");
	return -EEXIST;
}

/* Only of the very same name, which has the time at which the operation began in it. */
static int make_way(const struct place_to_save *place, bool again, struct error *err)
{
	int rc;

	if (again && unlinkat(place->directory, place->partial, 0) && errno != ENOENT)
		return fail_errno(err, -errno, "cannot remove %s.partial", place->path);
	rc = again ? 0 : refuse_existing(place, place->name, err);
	return rc ? rc : refuse_existing(place, place->partial, err);
}

static int put_in_place(const struct place_to_save *place, bool again, struct error *err)
{
	const char *final = place->name;

	if (renameat2(place->directory, place->partial, place->directory, final,
		      again ? 0 : RENAME_NOREPLACE))
		return fail_errno(err, -errno, "cannot name the file %s", place->path);
	if (!fsync(place->directory))
		return 0;
	fail_errno(err, -errno, "cannot write the directory of %s", place->path);
	unlinkat(place->directory, final, 0);
	return -EIO;
}

static void hint_at_room(struct error *err, int rc, const char *directory)
{
	if (rc == -ENOSPC || rc == -EDQUOT)
		hint(err, "make room in %s, or name another directory with --save", directory);
	else if (rc == -EFBIG)
		hint(err,
		     "the file system, or ulimit -f, allows no file of that size: name another "
		     "directory with --save, or raise the limit");
	else if (rc != -EINTR)
		hint(err, "nothing is lost; name another directory with --save");
}

/* It could not be trusted when it is to be loaded, and then the device is gone. */
static int check_own(const struct copying *copying, struct error *err)
{
	struct stat status;

	if (fstat(copying->fd, &status))
		return fail_errno(err, -errno, "cannot look at %s.partial", copying->path);
	if (status.st_uid == geteuid() && !(status.st_mode & 022))
		return 0;
	fail(err, -EPERM, "%s.partial, just made, can be written to by others (owner %u, mode %o)",
	     copying->path, status.st_uid, status.st_mode & 0777);
	hint(err, "name a directory with --save whose file system keeps owners: NFS with "
		  "root_squash does not");
	return -EPERM;
}

static int save_to(const struct place_to_save *place, const struct transfer *transfer,
		   char sha256[SHA256_SIZE], struct error *err)
{
	cleanup_fd int fd = openat(place->directory, place->partial,
				   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct copying copying = {.fd = fd, .path = place->path};
	int rc;

	if (fd < 0)
		return fail_errno(err, -errno, "cannot create %s.partial", place->path);
	rc = check_own(&copying, err);
	return rc ? rc : fill(&copying, transfer, sha256, err);
}

int contents_save(const struct transfer *transfer, const struct contents_file *file, bool again,
		  char sha256[SHA256_SIZE], struct error *err)
{
	struct place_to_save place;
	int rc = open_place(&place, file, err);

	if (rc)
		return rc;
	rc = make_way(&place, again, err);
	if (!rc) {
		rc = save_to(&place, transfer, sha256, err);
		if (!rc)
			rc = put_in_place(&place, again, err);
		if (rc) {
			unlinkat(place.directory, place.partial, 0);
			hint_at_room(err, rc, file->directory);
		}
	}
	close(place.directory);
	return rc;
}

/* ---- loading ---- */

static int load_chunk(void *context, struct walk *walk, uint64_t offset, size_t length,
		      struct error *err)
{
	struct copying *copying = context;
	bool hole = is_hole(copying->fd, offset, length);
	int rc;

	if (hole) {
		rc = window_read(walk->transfer->window, offset, walk->chunk, length, err);
		if (rc || is_zero(walk->chunk, length))
			return rc;
	}
	rc = read_chunk(copying, walk, offset, length, err);
	return rc ? rc : window_write(walk->transfer->window, offset, walk->chunk, length, err);
}

/* Whoever may write to it could change it between our check and our reading. */
static int check_file(const struct copying *copying, uint64_t size, struct error *err)
{
	struct stat status;

	if (fstat(copying->fd, &status))
		return fail_errno(err, -errno, "cannot read %s", copying->path);
	if (!S_ISREG(status.st_mode))
		return fail(err, -EINVAL, "%s is no regular file", copying->path);
	if (status.st_uid != geteuid() || status.st_mode & 022) {
		fail(err, -EPERM, "%s can be written to by others", copying->path);
		hint(err, "if you trust it: chown root %s; chmod 600 %s", copying->path,
		     copying->path);
		return -EPERM;
	}
	if ((uint64_t)status.st_size != size)
		return fail(err, -EBADMSG, "%s has %" PRIu64 " bytes, expected %" PRIu64,
			    copying->path, (uint64_t)status.st_size, size);
	return 0;
}

int contents_load(const struct transfer *transfer, const char *path, const char *sha256,
		  struct error *err)
{
	cleanup_walk struct walk walk = {0};
	cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct copying copying = {.fd = fd, .path = path};
	int rc;

	if (fd < 0) {
		rc = fail_errno(err, -errno, "cannot open %s", path);
		hint(err, "put the file back, or give its contents up with --discard-contents");
		return rc;
	}
	rc = check_file(&copying, transfer->window->size, err);
	if (rc)
		return rc;
	walk_begin(&walk, transfer, 2);
	rc = check_sum(&copying, &walk, sha256, err);
	if (rc == -EBADMSG)
		hint(err,
		     "it is not what was saved, and nothing was written to %s; put the file "
		     "back, or give its contents up with --discard-contents",
		     transfer->window->dax);
	return rc ? rc : walk_through(&walk, load_chunk, &copying, err);
}
