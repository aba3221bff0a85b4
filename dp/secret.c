// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// See dp/secret.h. Called by dp/worker_ctl.c.
#include "dp/secret.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

int secret_words(uint64_t seed, enum secret what, uint64_t *out, size_t n)
{
	uint64_t from[3] = {seed, what};
	uint8_t md[EVP_MAX_MD_SIZE];
	int err = 0;

	for (size_t i = 0; i < n && err == 0; i++) {
		from[2] = i;
		if (EVP_Digest(from, sizeof(from), md, NULL, EVP_sha256(), NULL) != 1)
			err = -EIO;
		memcpy(&out[i], md, sizeof(out[i]));
	}
	OPENSSL_cleanse(from, sizeof(from));
	OPENSSL_cleanse(md, sizeof(md));
	return err;
}
