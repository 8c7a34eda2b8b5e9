/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers that belong to no subject: cleanup, memory, exact parsing of words. */
#ifndef SYS_UTIL_H
#define SYS_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

void close_fd(int *fd);
void free_pointer(void *pointer_to_pointer);
void close_stream(FILE **stream);
#define cleanup_fd     __attribute__((cleanup(close_fd)))
#define cleanup_free   __attribute__((cleanup(free_pointer)))
#define cleanup_stream __attribute__((cleanup(close_stream)))

/* Memory or the end: a tool of this size has no better answer to ENOMEM, and abort() is no exit
 * status that says everything was put back. */
void *xrealloc(void *pointer, size_t size);
void *xcalloc(size_t count, size_t size);
char *xstrdup(const char *text);

/* The whole of @text is one unsigned number, decimal or 0x-hexadecimal, without sign or space. */
bool parse_u64(const char *text, uint64_t *value);

/* The number behind the word @key in lines such as meminfo's: "Node 1 MemTotal:  262144 kB". */
bool find_number(const char *text, const char *key, uint64_t *value);

/* @number is in a list as the kernel writes them, "0,2-3". */
bool list_has_number(const char *list, uint64_t number);

/* False if @text did not fit; @out is terminated either way. */
bool copy_text(char *out, size_t size, const char *text);

/* Append @word to the list in @out, after a separator unless it is the first; what does not fit is
 * cut off. */
void append_word(char *out, size_t size, const char *separator, const char *word);

/* Whoever names a process or a file chooses these bytes: what is no printable ASCII becomes '?'. */
void make_printable(char *text);

/* "0000:0c:00.0", with its domain and nothing else. */
bool is_pci_address(const char *text);

/* Only what names of the kernel's objects are made of, and no shell takes for something else. */
bool is_plain_name(const char *text);

bool starts_with(const char *text, const char *prefix);
const char *base_name(const char *path);

/* "256 MiB", "1.5 GiB": @out takes 16 bytes. Exact if it can be said in three digits. */
const char *human_size(char out[16], uint64_t bytes);

/* The sum, or UINT64_MAX if it is more: sizes that come from outside must not wrap. */
uint64_t add_capped(uint64_t a, uint64_t b);

/* Sleep that a signal cuts short. */
void sleep_ms(unsigned int milliseconds);
/* Milliseconds of a clock that never jumps. */
uint64_t now_ms(void);

#endif
