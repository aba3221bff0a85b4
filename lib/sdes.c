// SPDX-License-Identifier: BSD-3-Clause
// The a=crypto attribute; see lib/sdes.h.
#include "lib/sdes.h"

#include <inttypes.h>
#include <stdio.h>

#include <openssl/crypto.h>

#include "lib/base64.h"

#define LIFETIME_MAX (1ull << 48)
#define WSH_MIN      64

static const struct {
	const char *name;
	size_t key_len;
} suites[SDES_SUITES] = {
	[SDES_AES_CM_128_HMAC_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", 16 + 14},
	[SDES_AES_CM_128_HMAC_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", 16 + 14},
	[SDES_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", 16 + 12},
	[SDES_AEAD_AES_256_GCM] = {"AEAD_AES_256_GCM", 32 + 12},
	[SDES_AES_256_CM_HMAC_SHA1_80] = {"AES_256_CM_HMAC_SHA1_80", 32 + 14},
};

const char *sdes_verdict_text(enum sdes_verdict v)
{
#define X(name, text) text,
	static const char *const texts[] = {SDES_VERDICTS(X)};
#undef X

	return texts[v];
}

const char *sdes_suite_name(enum sdes_suite s)
{
	return suites[s].name;
}

size_t sdes_key_len(enum sdes_suite s)
{
	return suites[s].key_len;
}

bool sdes_suite_of(struct str name, enum sdes_suite *out)
{
	for (int s = 0; s < SDES_SUITES; s++) {
		if (!str_caseeq(name, str_from(suites[s].name)))
			continue;
		*out = (enum sdes_suite)s;
		return true;
	}
	return false;
}

// The next run of octets without space; empty at the end.
static struct str word(struct str *rest)
{
	struct str w;

	while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t')) {
		rest->p++;
		rest->n--;
	}
	w = (struct str){rest->p, 0};
	while (w.n < rest->n && w.p[w.n] != ' ' && w.p[w.n] != '\t')
		w.n++;
	rest->p += w.n;
	rest->n -= w.n;
	return w;
}

static bool lifetime_parse(struct str s, uint64_t *out)
{
	uint64_t exponent;

	if (!str_has_prefix(s, STR_LIT("2^")))
		return str_to_u64(s, LIFETIME_MAX, out) && *out > 0;
	if (!str_to_u64((struct str){s.p + 2, s.n - 2}, 48, &exponent))
		return false;
	*out = 1ull << exponent;
	return true;
}

// VALUE:LENGTH, both decimal. An MKI longer than 8 octets holds any value that we can read.
static bool mki_parse(struct str s, uint8_t *len)
{
	struct str value, length = str_split(s, ':', &value);
	uint64_t v, n;

	if (!str_to_u64(length, 128, &n) || n == 0 || !str_to_u64(value, UINT64_MAX, &v))
		return false;
	*len = (uint8_t)n;
	return n >= 8 || v >> 8 * n == 0;
}

// inline:KEY["|"LIFETIME]["|"MKI:LENGTH]
static enum sdes_verdict key_parse(struct str s, struct sdes *out)
{
	static const struct str method = STR_LIT("inline:");
	struct str key, part;
	size_t n;

	if (!str_has_caseprefix(s, method))
		return SDES_SYNTAX;
	if (memchr(s.p, ';', s.n) != NULL)
		return SDES_SEVERAL_KEYS;
	s = (struct str){s.p + method.n, s.n - method.n};
	s = str_split(s, '|', &key);
	if (base64_decode(key, out->key, sizeof(out->key), &n) < 0 || n != sdes_key_len(out->suite))
		return SDES_KEY;
	if (s.p == key.p + key.n)
		return SDES_OK;
	s = str_split(s, '|', &part);
	if (part.n == 0 || memchr(part.p, ':', part.n) == NULL) {
		if (!lifetime_parse(part, &out->lifetime))
			return SDES_LIFETIME;
		if (s.p == part.p + part.n)
			return SDES_OK;
		s = str_split(s, '|', &part);
	}
	return s.p == part.p + part.n && mki_parse(part, &out->mki_len) ? SDES_OK : SDES_MKI;
}

// SRTP-5: what we may ignore; everything else changes how packets look.
static bool param_harmless(struct str p)
{
	static const struct str wsh = STR_LIT("WSH=");
	uint64_t v;

	if (p.p[0] == '-')
		return p.n > 1;
	return str_has_caseprefix(p, wsh) &&
		str_to_u64((struct str){p.p + wsh.n, p.n - wsh.n}, UINT32_MAX, &v) && v >= WSH_MIN;
}

static enum sdes_verdict parse(struct str rest, struct sdes *out)
{
	struct str tag = word(&rest), suite = word(&rest), key = word(&rest), param;
	enum sdes_verdict v;
	uint64_t n;

	if (tag.n > 9 || !str_to_u64(tag, 999999999, &n) || suite.n == 0 || key.n == 0)
		return SDES_SYNTAX;
	out->tag = (uint32_t)n;
	if (!sdes_suite_of(suite, &out->suite))
		return SDES_SUITE;
	v = key_parse(key, out);
	if (v != SDES_OK)
		return v;
	while ((param = word(&rest)).n > 0)
		if (!param_harmless(param))
			return SDES_PARAM;
	return SDES_OK;
}

enum sdes_verdict sdes_parse(struct str value, struct sdes *out)
{
	enum sdes_verdict v;

	*out = (struct sdes){0};
	v = parse(str_trim(value), out);
	if (v != SDES_OK)
		sdes_wipe(out);
	return v;
}

size_t sdes_format(const struct sdes *s, char buf[SDES_TEXT_MAX])
{
	int n = snprintf(
		buf, SDES_TEXT_MAX, "%" PRIu32 " %s inline:", s->tag, suites[s->suite].name);

	return (size_t)n + base64_encode(s->key, suites[s->suite].key_len, buf + n);
}

void sdes_wipe(struct sdes *s)
{
	OPENSSL_cleanse(s, sizeof(*s));
}
