/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/dump.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "extents/regions.h"
#include "model/document.h"
#include "sys/util.h"

#define MAGIC	"CXLDCLOG"
#define VERSION 1

/* What sections have instead of an opcode. */
#define SECTION_IDENTITY 0x0000
#define SECTION_END	 0xffff

/* A mailbox has no longer answer, and no mailbox less room (CXL 3.1 8.2.8.4.3). */
#define ANSWER_MAX   (1u << 20)
#define PAYLOAD_MIN  256
#define IDENTITY_MAX 4096

struct file_head {
	char magic[8];
	uint32_t version;
	uint32_t reserved;
};

struct section_head {
	uint16_t opcode;
	uint16_t reserved;
	uint32_t size;
};

struct identity {
	char memdev[NAME_SIZE];
	char address[NAME_SIZE];
	char root_port[NAME_SIZE];
	uint64_t serial;
	uint64_t time;
};

static const struct record identity_record = {
	sizeof(struct identity),
	(const struct field[]){
		TEXT(struct identity, memdev),
		TEXT(struct identity, address),
		TEXT(struct identity, root_port),
		HEX(struct identity, serial),
		SIZE(struct identity, time),
		{0},
	},
};

/* ---- to a file ---- */

struct dump_writer {
	FILE *file;
	char *path;
	int rc; /* of what failed first */
};

static int write_error(struct dump_writer *writer, int rc, struct error *err)
{
	writer->rc = rc;
	return fail_errno(err, rc, "cannot write %s", writer->path);
}

static int put(struct dump_writer *writer, const void *bytes, size_t size, struct error *err)
{
	if (writer->rc)
		return write_error(writer, writer->rc, err);
	if (fwrite(bytes, 1, size, writer->file) != size)
		return write_error(writer, errno ? -errno : -EIO, err);
	return 0;
}

int dump_answer(void *context, uint16_t opcode, const void *answer, size_t size, struct error *err)
{
	struct dump_writer *writer = context;
	struct section_head head = {htole16(opcode), 0, htole32((uint32_t)size)};
	int rc = put(writer, &head, sizeof(head), err);

	return rc ? rc : put(writer, answer, size, err);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int put_identity(struct dump_writer *writer, const struct dc_device *device,
			struct error *err)
{
	struct identity identity = {.serial = device->serial, .time = now_ns()};
	cleanup_json struct json_object *json = NULL;
	const char *text;
	size_t length;

	copy_text(identity.memdev, NAME_SIZE, device->memdev);
	copy_text(identity.address, NAME_SIZE, device->address);
	copy_text(identity.root_port, NAME_SIZE, device->root_port);
	json = record_to_json(&identity_record, &identity);
	text = json_object_to_json_string_length(json, JSON_C_TO_STRING_PLAIN, &length);
	return dump_answer(writer, SECTION_IDENTITY, text, length, err);
}

int dump_create(const char *path, const struct dc_device *device, struct dump_writer **out,
		struct error *err)
{
	struct file_head head = {MAGIC, htole32(VERSION), 0};
	cleanup_dump_writer struct dump_writer *writer = NULL;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0 && errno == EEXIST)
		hint(err, "remove it first, or choose another name");
	if (fd < 0)
		return fail_errno(err, -errno, "cannot create %s", path);
	writer = xcalloc(1, sizeof(*writer));
	writer->path = xstrdup(path);
	writer->file = fdopen(fd, "w");
	if (!writer->file) {
		rc = write_error(writer, -errno, err);
		close(fd);
		return rc;
	}
	rc = put(writer, &head, sizeof(head), err);
	if (!rc)
		rc = put_identity(writer, device, err);
	if (rc)
		return rc;
	*out = writer;
	writer = NULL;
	return 0;
}

void dump_discard(struct dump_writer **writer)
{
	if (!*writer)
		return;
	close_stream(&(*writer)->file);
	unlink((*writer)->path);
	free((*writer)->path);
	free(*writer);
	*writer = NULL;
}

int dump_finish(struct dump_writer **out, struct error *err)
{
	cleanup_dump_writer struct dump_writer *writer = *out;
	int rc = dump_answer(writer, SECTION_END, "", 0, err);

	*out = NULL;
	if (!rc && (fflush(writer->file) || fsync(fileno(writer->file))))
		rc = write_error(writer, -errno, err);
	if (rc)
		return rc;
	close_stream(&writer->file);
	free(writer->path);
	free(writer);
	writer = NULL;
	return 0;
}

/* ---- from a file ---- */

struct dump {
	FILE *file;
	char *path;
	uint64_t size;
	bool bare; /* nothing but answers to 0100h */
	bool has_log;
	uint32_t payload_max; /* 0: unknown */
	struct identity identity;
	uint64_t next; /* where the next section begins */
	uint8_t *payload;
	size_t room;	    /* for it */
	uint64_t window_at; /* of the file */
	size_t window_size;
	uint8_t window[1 << 16];
};

/* A piece of the file. */
struct section {
	uint16_t opcode;
	uint64_t at; /* its payload */
	uint32_t size;
};

static int wrong(const struct dump *dump, uint64_t at, struct error *err, const char *what)
{
	return fail(err, -EBADMSG, "%s is no saved log: %s, at byte %" PRIu64, dump->path, what,
		    at);
}

static int cut_short(const struct dump *dump, uint64_t at, struct error *err)
{
	hint(err, "it was cut short: take it once more");
	return fail(err, -EBADMSG, "%s ends in the middle of what begins at byte %" PRIu64,
		    dump->path, at);
}

/* As many of @size bytes as there are, or -errno. */
static ssize_t read_fully(int fd, void *bytes, size_t size, uint64_t at)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, (char *)bytes + done, size - done, (off_t)(at + done));

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			break;
		done += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)done;
}

/* Sections are small and follow each other: whole windows of the file are read, not each of them. */
static int fill_window(struct dump *dump, uint64_t at)
{
	ssize_t got = read_fully(fileno(dump->file), dump->window, sizeof(dump->window), at);

	dump->window_at = at;
	dump->window_size = got < 0 ? 0 : (size_t)got;
	return got < 0 ? (int)got : 0;
}

static bool in_window(const struct dump *dump, uint64_t at, size_t size)
{
	return at >= dump->window_at && at - dump->window_at <= dump->window_size &&
	       size <= dump->window_size - (at - dump->window_at);
}

static int read_at(struct dump *dump, uint64_t at, void *bytes, size_t size, struct error *err)
{
	ssize_t got;
	int rc = 0;

	if (at > dump->size || size > dump->size - at)
		return cut_short(dump, at, err);
	if (size <= sizeof(dump->window) && !in_window(dump, at, size))
		rc = fill_window(dump, at);
	if (rc)
		return fail_errno(err, rc, "cannot read %s", dump->path);
	if (in_window(dump, at, size)) {
		memcpy(bytes, dump->window + (at - dump->window_at), size);
		return 0;
	}
	got = read_fully(fileno(dump->file), bytes, size, at);
	/* Shorter than it was when it was opened. */
	return got == (ssize_t)size
		       ? 0
		       : fail_errno(err, got < 0 ? (int)got : -EIO, "cannot read %s", dump->path);
}

/* The payload of @section, good until the next one is read. */
static int read_payload(struct dump *dump, const struct section *section, struct error *err)
{
	if (dump->room < section->size) {
		dump->payload = xrealloc(dump->payload, section->size);
		dump->room = section->size;
	}
	return read_at(dump, section->at, dump->payload, section->size, err);
}

/*
 * The head of an answer to 0100h of which @size bytes are there, as far as it says how long the answer is.
 * Its records are not looked at, and so need not be in memory.
 */
static int read_page_head(struct dump *dump, uint64_t at, uint64_t size, struct log_page *page,
			  struct error *err)
{
	uint8_t head[LOG_HEAD_SIZE];
	int rc = read_at(dump, at, head, sizeof(head), err);

	if (rc)
		return rc;
	rc = log_page_decode(page, head, size < ANSWER_MAX ? size : ANSWER_MAX, NULL);
	return rc ? wrong(dump, at, err, "an answer to Get Event Records is shorter than it says")
		  : 0;
}

static int next_bare(struct dump *dump, struct section *section, struct error *err)
{
	struct log_page page;
	int rc;

	if (dump->next == dump->size)
		return 0;
	rc = read_page_head(dump, dump->next, dump->size - dump->next, &page, err);
	if (rc)
		return rc;
	*section = (struct section){OPCODE_GET_LOG, dump->next, (uint32_t)page.size};
	dump->next += page.size;
	return 1;
}

static bool is_known(uint16_t opcode)
{
	return opcode == SECTION_IDENTITY || opcode == SECTION_END || opcode == TAP_PAYLOAD_MAX ||
	       opcode == OPCODE_GET_LOG || opcode == OPCODE_GET_CONFIGURATION ||
	       opcode == OPCODE_GET_EXTENTS;
}

static int next_section(struct dump *dump, struct section *section, struct error *err)
{
	uint64_t at = dump->next;
	struct section_head head;
	int rc = read_at(dump, at, &head, sizeof(head), err);

	if (rc)
		return rc;
	*section = (struct section){le16toh(head.opcode), at + sizeof(head), le32toh(head.size)};
	if (head.reserved || !is_known(section->opcode))
		return wrong(dump, at, err, "a section of an unknown kind");
	if (section->size > ANSWER_MAX)
		return wrong(dump, at, err, "an answer longer than 1 MiB, the most there can be");
	if (section->size > dump->size - section->at)
		return cut_short(dump, at, err);
	dump->next = section->at + section->size;
	if (section->opcode != SECTION_END)
		return 1;
	if (dump->next != dump->size || section->size)
		return wrong(dump, at, err, "more behind its end");
	return 0;
}

static void rewind_dump(struct dump *dump)
{
	dump->next = dump->bare ? 0 : sizeof(struct file_head);
}

/* 1 and the next piece, 0 at the end, or an error. */
static int next(struct dump *dump, struct section *section, struct error *err)
{
	return dump->bare ? next_bare(dump, section, err) : next_section(dump, section, err);
}

/* Names that others rely on, as in a capture. */
static bool identity_is_valid(const struct identity *identity)
{
	return (!identity->memdev[0] || is_plain_name(identity->memdev)) &&
	       (!identity->address[0] || is_pci_address(identity->address)) &&
	       (!identity->root_port[0] || is_pci_address(identity->root_port));
}

static struct json_object *parse(const uint8_t *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(4);
	struct json_object *json;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	json = json_tokener_parse_ex(tokener, (const char *)text, (int)length);
	json_tokener_free(tokener);
	return json;
}

static int read_identity(struct dump *dump, const struct section *section, struct error *err)
{
	cleanup_json struct json_object *json = NULL;
	int rc;

	if (section->size > IDENTITY_MAX)
		return wrong(dump, section->at, err, "too long a description of the device");
	rc = read_payload(dump, section, err);
	if (rc)
		return rc;
	json = parse(dump->payload, section->size);
	if (!json || record_from_json(&identity_record, &dump->identity, json, dump->path, NULL) ||
	    !identity_is_valid(&dump->identity))
		return wrong(dump, section->at, err, "the description of the device can not be");
	return 0;
}

static int read_payload_max(struct dump *dump, const struct section *section, struct error *err)
{
	uint32_t size;
	int rc;

	if (section->size != sizeof(size))
		return wrong(dump, section->at, err, "how long answers could be is no number");
	rc = read_at(dump, section->at, &size, sizeof(size), err);
	if (rc)
		return rc;
	dump->payload_max = le32toh(size);
	if (dump->payload_max < PAYLOAD_MIN || dump->payload_max > ANSWER_MAX)
		return wrong(dump, section->at, err, "answers could not be so long, or so short");
	return 0;
}

/* What a section must be at its place. */
static int check_section(struct dump *dump, const struct section *section, bool first,
			 struct error *err)
{
	struct log_page page;

	if (!dump->bare && first != (section->opcode == SECTION_IDENTITY))
		return wrong(dump, section->at, err,
			     first ? "it does not begin with whose it is" : "a second device");
	if (section->opcode == SECTION_IDENTITY)
		return read_identity(dump, section, err);
	if (section->opcode == TAP_PAYLOAD_MAX)
		return read_payload_max(dump, section, err);
	if (section->opcode != OPCODE_GET_LOG)
		return 0;
	dump->has_log = true;
	return read_page_head(dump, section->at, section->size, &page, err);
}

static int check_dump(struct dump *dump, struct error *err)
{
	struct section section;
	bool first = true;
	int rc;

	rewind_dump(dump);
	while ((rc = next(dump, &section, err)) > 0) {
		rc = check_section(dump, &section, first, err);
		if (rc)
			return rc;
		first = false;
	}
	if (!rc && first)
		return wrong(dump, 0, err, "nothing is in it");
	return rc;
}

static int read_file_head(struct dump *dump, struct error *err)
{
	struct file_head head = {0};
	int rc;

	dump->bare = dump->size < sizeof(head.magic) ||
		     read_at(dump, 0, head.magic, sizeof(head.magic), NULL) ||
		     memcmp(head.magic, MAGIC, sizeof(head.magic)) != 0;
	if (dump->bare)
		return 0;
	rc = read_at(dump, 0, &head, sizeof(head), err);
	if (!rc && (le32toh(head.version) != VERSION || head.reserved))
		rc = fail(err, -EBADMSG, "%s is a saved log of version %u, expected %d", dump->path,
			  le32toh(head.version), VERSION);
	return rc;
}

/* It is read more than once, so what can only be read once goes to a file without a name first. */
static int copy(int fd, FILE *to)
{
	char piece[1 << 16];
	ssize_t got;

	while ((got = read(fd, piece, sizeof(piece))) != 0) {
		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0 && fwrite(piece, 1, (size_t)got, to) != (size_t)got)
			return -1;
	}
	return fflush(to);
}

static FILE *spool(int fd)
{
	FILE *file = tmpfile();

	if (!file || copy(fd, file) == 0)
		return file;
	fclose(file);
	return NULL;
}

/* Without waiting for whoever might write to a FIFO. */
static FILE *open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !file)
		close(fd);
	return file;
}

static int open_regular(struct dump *dump, const char *path, struct error *err)
{
	bool standard = strcmp(path, "-") == 0;
	struct stat st;

	dump->path = xstrdup(standard ? "standard input" : path);
	dump->file = standard ? spool(STDIN_FILENO) : open_file(path);
	if (!dump->file || fstat(fileno(dump->file), &st))
		return fail_errno(err, -errno, "cannot %s %s", standard ? "read" : "open",
				  dump->path);
	if (!S_ISREG(st.st_mode))
		return fail(err, -EINVAL, "%s is no regular file", dump->path);
	dump->size = (uint64_t)st.st_size;
	return 0;
}

int dump_open(const char *path, struct dump **out, struct error *err)
{
	cleanup_dump struct dump *dump = xcalloc(1, sizeof(*dump));
	int rc;

	dump->identity.serial = UNKNOWN;
	dump->identity.time = UNKNOWN;
	rc = open_regular(dump, path, err);
	if (!rc)
		rc = read_file_head(dump, err);
	if (!rc)
		rc = check_dump(dump, err);
	if (rc == -EBADMSG)
		hint(err, "expected is a file of cxl-iso list-extents --save-log, or answers to "
			  "Get Event Records as the device gave them");
	if (rc)
		return rc;
	*out = dump;
	dump = NULL;
	return 0;
}

void dump_close(struct dump **dump)
{
	if (!*dump)
		return;
	close_stream(&(*dump)->file);
	free((*dump)->path);
	free((*dump)->payload);
	free(*dump);
	*dump = NULL;
}

uint64_t dump_time(const struct dump *dump)
{
	return dump->identity.time;
}

/* ---- what is in it ---- */

/*
 * How far the answers to 4800h and 4801h have come. They are taken as dc_read_configuration() and
 * dc_read_extents() took them: what is read anew after a change replaces what was read before.
 */
struct replay {
	struct dc_device *device;
	bool regions_begun, accepted_begun; /* more answers belong to it */
	struct extent_page first;
};

static void replay_configuration(struct replay *replay, const uint8_t *answer, size_t size)
{
	struct dc_device *device = replay->device;
	struct error why = {0};
	unsigned int total;

	if (!replay->regions_begun)
		device->regions.count = 0;
	if (configuration_decode(device, &total, (unsigned int)device->regions.count, answer, size,
				 &why)) {
		device->regions.count = 0;
		replay->regions_begun = false;
	} else {
		replay->regions_begun = device->regions.count < total;
		if (replay->regions_begun)
			fail(&why, 0, "the file has only some of them");
	}
	copy_text(device->regions_unknown, sizeof(device->regions_unknown), why.text);
}

/* 0 at the end of the list; otherwise why it is not known yet. */
static int replay_page(struct replay *replay, const uint8_t *answer, size_t size, struct error *why)
{
	struct dc_device *device = replay->device;
	struct extent_page page;
	int rc;

	if (!replay->accepted_begun)
		device->accepted.count = 0;
	rc = extent_page_decode(device, &page, answer, size, why);
	if (!rc && !replay->accepted_begun)
		replay->first = page;
	replay->accepted_begun = false;
	if (rc)
		return rc;
	if (page.generation != replay->first.generation || page.total != replay->first.total)
		return fail(why, -EAGAIN, "the list changed while it was read");
	if (device->accepted.count >= page.total)
		return 0;
	replay->accepted_begun = true;
	return fail(why, -EAGAIN, "the file has only some of them");
}

static void replay_extents(struct replay *replay, const uint8_t *answer, size_t size)
{
	struct dc_device *device = replay->device;
	struct error why = {0};

	replay_page(replay, answer, size, &why);
	copy_text(device->accepted_unknown, sizeof(device->accepted_unknown), why.text);
}

static void begin_device(const struct dump *dump, struct dc_device *device)
{
	static const char missing[] = "the file does not have them";

	copy_text(device->memdev, NAME_SIZE, dump->identity.memdev);
	copy_text(device->address, NAME_SIZE, dump->identity.address);
	copy_text(device->root_port, NAME_SIZE, dump->identity.root_port);
	copy_text(device->source, sizeof(device->source), "log");
	device->serial = dump->identity.serial;
	device->extents_supported = device->extents_available = UNKNOWN;
	device->tags_supported = device->tags_available = UNKNOWN;
	device->lost = dump->has_log ? 0 : UNKNOWN;
	copy_text(device->regions_unknown, sizeof(device->regions_unknown), missing);
	copy_text(device->accepted_unknown, sizeof(device->accepted_unknown), missing);
	if (!dump->has_log)
		copy_text(device->batches_unknown, sizeof(device->batches_unknown), missing);
}

int dump_read_device(struct dump *dump, struct dc_device *device, struct error *err)
{
	struct replay replay = {.device = device};
	struct section section;
	int rc;

	begin_device(dump, device);
	rewind_dump(dump);
	while ((rc = next(dump, &section, err)) > 0) {
		if (section.opcode != OPCODE_GET_CONFIGURATION &&
		    section.opcode != OPCODE_GET_EXTENTS)
			continue;
		rc = read_payload(dump, &section, err);
		if (rc)
			return rc;
		if (section.opcode == OPCODE_GET_CONFIGURATION)
			replay_configuration(&replay, dump->payload, section.size);
		else
			replay_extents(&replay, dump->payload, section.size);
	}
	if (device->regions_unknown[0])
		device->regions.count = 0;
	if (device->accepted_unknown[0])
		device->accepted.count = 0;
	place_accepted(device);
	return rc;
}

/*
 * A device may say of every answer that the log goes on, QEMU 10.0 for one. Whoever reads it asks until
 * the first answer comes again, and that one had room for more: see dc_read_log().
 */
static bool had_room(const struct dump *dump, size_t first_count)
{
	return LOG_HEAD_SIZE + (first_count + 1) * EVENT_RECORD_SIZE <= dump->payload_max;
}

int dump_read_log(struct dump *dump, page_handler *handler, void *context, bool *incomplete,
		  struct error *err)
{
	struct section section;
	struct log_page page;
	size_t pages = 0, first_count = 0;
	int rc;

	*incomplete = false;
	rewind_dump(dump);
	while ((rc = next(dump, &section, err)) > 0) {
		if (section.opcode != OPCODE_GET_LOG)
			continue;
		rc = read_payload(dump, &section, err);
		if (!rc)
			rc = log_page_decode(&page, dump->payload, section.size, err);
		if (rc)
			return rc;
		if (!pages++)
			first_count = page.count;
		*incomplete = page.goes_on && !(page.count && had_room(dump, first_count));
		rc = handler(context, &page, err);
		if (rc)
			return rc;
	}
	return rc;
}
