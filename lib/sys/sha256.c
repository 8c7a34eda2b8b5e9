/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sys/sha256.h"

#include <errno.h>
#include <stdio.h>

#include <gcrypt.h>

/* No secrets here: memory that is locked for them is not needed. */
static void initialise(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return;
	gcry_check_version(NULL);
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
}

int sha256_begin(struct sha256 *sha256, struct error *err)
{
	gcry_md_hd_t handle;
	gcry_error_t error;

	initialise();
	error = gcry_md_open(&handle, GCRY_MD_SHA256, 0);
	if (error)
		return fail(err, -ENOTSUP, "cannot compute SHA-256: %s", gcry_strerror(error));
	sha256->handle = handle;
	return 0;
}

void sha256_add(struct sha256 *sha256, const void *data, size_t length)
{
	gcry_md_write(sha256->handle, data, length);
}

void sha256_end(struct sha256 *sha256, char text[SHA256_SIZE])
{
	const unsigned char *sum = gcry_md_read(sha256->handle, GCRY_MD_SHA256);

	for (size_t i = 0; i < (SHA256_SIZE - 1) / 2; i++)
		snprintf(text + 2 * i, 3, "%02x", sum[i]);
}

void sha256_free(struct sha256 *sha256)
{
	gcry_md_close(sha256->handle); /* takes NULL */
	sha256->handle = NULL;
}
