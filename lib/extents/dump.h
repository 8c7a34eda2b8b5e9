/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device answered, in a file: to be looked at later, or on another machine.
 *
 * All numbers are little endian. A head of 16 bytes: "CXLDCLOG", version u32 (1), 0 u32. Then sections: what
 * it is u16, 0 u16, length u32, and that many bytes:
 *
 *   0000h   who it was: JSON, an object with memdev, address, root_port, serial, and time, when the
 *           answers were taken (ns since 1970, by the clock of the host); first, and once
 *   4800h, 4801h, 0100h   an answer to the command of that opcode as the device gave it, in the order in
 *           which it gave them (enum opcode)
 *   fffeh   how long an answer could be: u32; at most once
 *   ffffh   the end, empty: a file without it was cut short
 *
 * A file that begins otherwise is read as answers to 0100h alone, one behind the other.
 */
#ifndef EXTENTS_DUMP_H
#define EXTENTS_DUMP_H

#include "extents/commands.h"

struct dump_writer;

/*
 * Begin a new file, mode 0600, of what @device answers: its memdev, address, root_port and serial are
 * written. -EEXIST if something of that name is there, which is left alone, or another -errno with a
 * text. One file is for one device.
 */
int dump_create(const char *path, const struct dc_device *device, struct dump_writer **writer,
		struct error *err);

/* For a struct tap, with the writer as its context. An error that was met once stays. */
answer_handler dump_answer;

/* Nothing more comes. The file is whole and on disk if this returns 0; otherwise it is gone. */
int dump_finish(struct dump_writer **writer, struct error *err);

/* Whoever did not finish it leaves no file. */
void dump_discard(struct dump_writer **writer);
#define cleanup_dump_writer __attribute__((cleanup(dump_discard)))

struct dump;

/*
 * Open a regular file of any size; "-" is standard input, which goes to a temporary file. -EBADMSG with what is wrong if it is neither of the two kinds, is cut
 * short, or says of a length what can not be: all of its structure is checked here, so that nobody
 * who prints as he reads stops half-way because of it.
 */
int dump_open(const char *path, struct dump **dump, struct error *err);
void dump_close(struct dump **dump);
#define cleanup_dump __attribute__((cleanup(dump_close)))

/* When its answers were taken, ns since 1970; UNKNOWN if the file does not say. */
uint64_t dump_time(const struct dump *dump);

/*
 * All but the log, into zeroed @device, which has source "log" then: who it was, its regions, what it
 * had accepted, its limits (UNKNOWN if the file has none). What the file does not have, or what the device
 * answered with nonsense, is unknown, with the reason. The answers to 0100h are not looked at, and
 * so batches_unknown is set if there are none of them. An error is only what keeps the file from being read.
 */
int dump_read_device(struct dump *dump, struct dc_device *device, struct error *err);

/*
 * All pages of the log to @page, the oldest first, in the memory of one. @incomplete: the log went on behind
 * them, as dc_read_log() has it; or, if the file does not say how long answers could be, the last says so. What @page returns other than 0 stops and is returned. -EBADMSG for a page
 * that can not be. Both may be called in any order, and again.
 */
int dump_read_log(struct dump *dump, page_handler *page, void *context, bool *incomplete,
		  struct error *err);

#endif
