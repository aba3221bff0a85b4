// SPDX-License-Identifier: BSD-3-Clause
// Strict base64; see lib/base64.h. OpenSSL's decoder skips white space and ignores trailing bits,
// so two texts would name one ticket; hence our own.
#include "lib/base64.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value(char c, const char *last_two)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == last_two[0] ? 62 : c == last_two[1] ? 63 : -1;
}

// Without the padding; false when there is some, but not what the length asks for.
static bool unpad(struct str *s)
{
	size_t pad = 0;

	while (pad < 2 && s->n > 0 && s->p[s->n - 1] == '=') {
		s->n--;
		pad++;
	}
	return pad == 0 || (s->n + pad) % 4 == 0;
}

static int decode(struct str s, const char *last_two, uint8_t *out, size_t size, size_t *n)
{
	uint32_t bits = 0;
	unsigned int have = 0;
	size_t o = 0;

	if (s.n % 4 == 1)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		int v = value(s.p[i], last_two);

		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have < 8)
			continue;
		if (o == size)
			return -ENOSPC;
		have -= 8;
		out[o++] = (uint8_t)(bits >> have);
		bits &= (1u << have) - 1;
	}
	if (bits != 0)
		return -EINVAL;
	*n = o;
	return 0;
}

int base64_decode(struct str s, uint8_t *out, size_t size, size_t *n)
{
	return unpad(&s) ? decode(s, "+/", out, size, n) : -EINVAL;
}

int base64url_decode(struct str s, uint8_t *out, size_t size, size_t *n)
{
	return decode(s, "-_", out, size, n);
}

size_t base64_encode(const uint8_t *p, size_t n, char *out)
{
	size_t o = 0;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t q = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			(left > 2 ? p[i + 2] : 0);

		out[o++] = alphabet[q >> 18];
		out[o++] = alphabet[q >> 12 & 63];
		out[o++] = left > 1 ? alphabet[q >> 6 & 63] : '=';
		out[o++] = left > 2 ? alphabet[q & 63] : '=';
	}
	out[o] = '\0';
	return o;
}

size_t base64url_encode(const uint8_t *p, size_t n, char *out)
{
	size_t o = base64_encode(p, n, out);

	while (o > 0 && out[o - 1] == '=')
		o--;
	out[o] = '\0';
	for (size_t i = 0; i < o; i++)
		out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
	return o;
}
