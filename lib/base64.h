// SPDX-License-Identifier: BSD-3-Clause
// Base64 of the standard alphabet (RFC 4648 section 4), for tickets and SDES keys, and of the URL's
// (section 5), for JSON web signatures.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

// Octets that `n` octets take when encoded, with the NUL.
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

// Decodes the whole slice by the rules of TKT-3: only the standard alphabet; the padding is
// complete or absent; the unused bits of the last quantum are zero. 0 and *n; -EINVAL: not
// base64; -ENOSPC: more than `size` octets. On failure `out` may have been written to.
int base64_decode(struct str s, uint8_t *out, size_t size, size_t *n);

// The same for the URL-safe alphabet, as RFC 7515 writes it: never padded.
int base64url_decode(struct str s, uint8_t *out, size_t size, size_t *n);

// Writes padded text and a NUL; `out` holds BASE64_SIZE(n). Returns the length of the text.
size_t base64_encode(const uint8_t *p, size_t n, char *out);
// The same for the URL-safe alphabet, without padding.
size_t base64url_encode(const uint8_t *p, size_t n, char *out);
