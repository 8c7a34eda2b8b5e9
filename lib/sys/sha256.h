/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 of what comes piece by piece, through libgcrypt. */
#ifndef SYS_SHA256_H
#define SYS_SHA256_H

#include <stddef.h>

#include "sys/error.h"

#define SHA256_SIZE 65 /* of the sum as text: 64 hexadecimal digits, as sha256sum(1) prints them */

struct sha256 {
	void *handle;
};

/* -ENOTSUP if the library does not give it away. */
int sha256_begin(struct sha256 *sha256, struct error *err);
void sha256_add(struct sha256 *sha256, const void *data, size_t length);
/* The sum of all that was added. */
void sha256_end(struct sha256 *sha256, char text[SHA256_SIZE]);

/* One that was zeroed, or ended, may be freed as well. */
void sha256_free(struct sha256 *sha256);
#define cleanup_sha256 __attribute__((cleanup(sha256_free)))

#endif
