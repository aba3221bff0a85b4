// SPDX-License-Identifier: BSD-3-Clause
// The files that a configuration names: the ticket password, certificates and keys. Called by the
// readers in config/uc_ime.c and config/tls.c; judges everything at load, so that nothing of it
// fails in the middle of a call.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "config/files.h"
#include "config/schema.h"

#define PEM_MAX      (1024 * 1024)
#define PASSWORD_MIN 10
#define RSA_BITS_MIN 2048 // TLS-5

void secret_password(struct loader *l, const struct node *n, const char *path, char *out)
{
	char why[FILE_WHY_MAX], *text;
	size_t len, size;

	if (file_read(path, CONFIG_PASSWORD_MAX + 2, FILE_SECRET, &text, &size, why) < 0) {
		fault(l, n, "%s", why);
		return;
	}
	len = size;
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len < PASSWORD_MIN || len > CONFIG_PASSWORD_MAX) {
		fault(l, n, "found a password of %zu characters, expected %u to %u", len,
			PASSWORD_MIN, CONFIG_PASSWORD_MAX);
		goto out;
	}
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x21 || text[i] > 0x7e) {
			fault(l, n,
				"found a password with a blank or an unusual character, expected "
				"characters from ! to ~ (E1)");
			goto out;
		}
	memcpy(out, text, len);
	out[len] = '\0';
out:
	file_wipe(text, size);
}

void secret_trustpoint(struct loader *l, const struct node *n, const struct config_trustpoint *t)
{
}
