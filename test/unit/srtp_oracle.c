// SPDX-License-Identifier: BSD-3-Clause
// See srtp_oracle.h. Used by the tests of dp/rtpsec.h and of dp/media.c, and by the benchmarks.
#include "test/unit/srtp_oracle.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define TAG_MAX    20
#define GCM_TAG    16
#define RTCP_TAG   10
#define RTCP_INDEX 4
#define RTCP_E     0x80000000u

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// ---- EVP ---------------------------------------------------------------------------------------

static void aes_ctr(
	const uint8_t *key, size_t key_len, const uint8_t iv[16], uint8_t *data, size_t n)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int out;

	need(ctx != NULL);
	need(EVP_EncryptInit_ex2(ctx, key_len == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr(), key,
		     iv, NULL) == 1);
	need(EVP_EncryptUpdate(ctx, data, &out, data, (int)n) == 1 && (size_t)out == n);
	EVP_CIPHER_CTX_free(ctx);
}

// `tag` is written when encrypting, else compared. False: it is wrong, and the data stays.
static bool aes_gcm(const uint8_t *key, size_t key_len, const uint8_t iv[12], const uint8_t *aad,
	size_t n_aad, uint8_t *data, size_t n, uint8_t tag[GCM_TAG], bool encrypt)
{
	const EVP_CIPHER *cipher = key_len == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *result = malloc(n + GCM_TAG);
	bool ok = true;
	int out;

	need(ctx != NULL && result != NULL);
	need(EVP_CipherInit_ex(ctx, cipher, NULL, key, iv, encrypt) == 1);
	need(EVP_CipherUpdate(ctx, NULL, &out, aad, (int)n_aad) == 1);
	need(EVP_CipherUpdate(ctx, result, &out, data, (int)n) == 1);
	if (!encrypt)
		need(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, tag) == 1);
	ok = EVP_CipherFinal_ex(ctx, result + n, &out) == 1;
	if (encrypt)
		need(ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, tag) == 1);
	if (ok && n > 0)
		memcpy(data, result, n);
	free(result);
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

// Over the packet and four octets more.
static void hmac(
	const uint8_t key[20], const uint8_t *pkt, size_t n, uint32_t more, uint8_t out[TAG_MAX])
{
	uint8_t *m = malloc(n + 4);
	unsigned int len;

	need(m != NULL);
	memcpy(m, pkt, n);
	put_be32(m + n, more);
	need(HMAC(EVP_sha1(), key, 20, m, n + 4, out, &len) != NULL && len == 20);
	free(m);
}

// ---- Keys --------------------------------------------------------------------------------------

void srtp_oracle_derive_long(const uint8_t *key, size_t key_len, const uint8_t salt[14],
	uint8_t label, uint8_t *out, size_t n)
{
	uint8_t iv[16] = {0};

	memcpy(iv, salt, 14);
	iv[7] ^= label;
	memset(out, 0, n);
	aes_ctr(key, key_len, iv, out, n);
}

void srtp_oracle_derive(const uint8_t master[30], uint8_t label, uint8_t *out, size_t n)
{
	srtp_oracle_derive_long(master, 16, master + 16, label, out, n);
}

static void derive_all(const struct srtp_oracle *o, const uint8_t *master, uint8_t first,
	struct srtp_oracle_keys *k)
{
	uint8_t salt[14] = {0};

	memcpy(salt, master + o->key_len, o->salt_len);
	srtp_oracle_derive_long(master, o->key_len, salt, first, k->enc, o->key_len);
	srtp_oracle_derive_long(
		master, o->key_len, salt, (uint8_t)(first + 1), k->auth, sizeof(k->auth));
	srtp_oracle_derive_long(
		master, o->key_len, salt, (uint8_t)(first + 2), k->salt, o->salt_len);
}

void srtp_oracle_init_suite(
	struct srtp_oracle *o, uint8_t suite, const uint8_t master[DP_SRTP_KEY_LEN])
{
	memset(o, 0, sizeof(*o));
	o->aead = suite == DP_SRTP_AEAD_AES_128_GCM || suite == DP_SRTP_AEAD_AES_256_GCM;
	o->key_len = suite == DP_SRTP_AEAD_AES_256_GCM || suite == DP_SRTP_AES_256_CM_HMAC_SHA1_80
		? 32
		: 16;
	o->salt_len = o->aead ? 12 : 14;
	o->tag_len = o->aead ? GCM_TAG : suite == DP_SRTP_AES_CM_128_HMAC_SHA1_32 ? 4 : 10;
	derive_all(o, master, 0, &o->rtp);
	derive_all(o, master, 3, &o->rtcp);
}

void srtp_oracle_init(struct srtp_oracle *o, const uint8_t master[30], size_t tag_len)
{
	uint8_t key[DP_SRTP_KEY_LEN] = {0};

	memcpy(key, master, 30);
	srtp_oracle_init_suite(o,
		tag_len == 4 ? DP_SRTP_AES_CM_128_HMAC_SHA1_32 : DP_SRTP_AES_CM_128_HMAC_SHA1_80,
		key);
}

// ---- Indices -----------------------------------------------------------------------------------

// RFC 3711 appendix A; no index is below zero.
static uint64_t estimate(const struct srtp_oracle_seen *s, uint16_t seq)
{
	int64_t roc = (int64_t)(s->newest >> 16), s_l = (int64_t)(s->newest & 0xffff), v = roc;

	if (!s->started)
		return seq;
	if (s_l < 32768)
		v = seq - s_l > 32768 ? roc - 1 : roc;
	else
		v = s_l - 32768 > seq ? roc + 1 : roc;
	if (v < 0)
		v = 0;
	return (uint64_t)v << 16 | seq;
}

static enum srtp_oracle_verdict judge(const struct srtp_oracle_seen *s, uint64_t index)
{
	if (!s->started)
		return ORACLE_OK;
	if (index + SRTP_ORACLE_WINDOW <= s->newest)
		return ORACLE_LATE;
	return s->seen[index % SRTP_ORACLE_WINDOW] == index + 1 ? ORACLE_REPLAYED : ORACLE_OK;
}

static void commit(struct srtp_oracle_seen *s, uint64_t index)
{
	if (!s->started || index > s->newest)
		s->newest = index;
	s->started = true;
	s->seen[index % SRTP_ORACLE_WINDOW] = index + 1;
}

// `roc_and_seq`: six octets from the eighth on (counter mode), or from the sixth (GCM).
static void make_iv(const struct srtp_oracle *o, const struct srtp_oracle_keys *k,
	const uint8_t ssrc[4], uint64_t roc_and_seq, uint8_t iv[16])
{
	size_t at = o->aead ? 2 : 4;

	memset(iv, 0, 16);
	memcpy(iv, k->salt, o->salt_len);
	for (size_t i = 0; i < 4; i++)
		iv[at + i] ^= ssrc[i];
	for (size_t i = 0; i < 6; i++)
		iv[at + 4 + i] ^= (uint8_t)(roc_and_seq >> (40 - 8 * i));
}

// ---- RTP ---------------------------------------------------------------------------------------

static size_t header_len(const uint8_t *pkt)
{
	size_t off = 12 + 4 * (size_t)(pkt[0] & 15);

	if ((pkt[0] & 0x10) != 0)
		off += 4 + 4 * ((size_t)pkt[off + 2] << 8 | pkt[off + 3]);
	return off;
}

static void crypt_payload(const struct srtp_oracle *o, uint8_t *pkt, size_t n, uint64_t index)
{
	size_t off = header_len(pkt);
	uint8_t iv[16];

	make_iv(o, &o->rtp, pkt + 8, index, iv);
	if (n > off)
		aes_ctr(o->rtp.enc, o->key_len, iv, pkt + off, n - off);
}

static bool gcm_payload(
	const struct srtp_oracle *o, uint8_t *pkt, size_t n, uint64_t index, bool encrypt)
{
	size_t off = header_len(pkt);
	uint8_t iv[16];

	make_iv(o, &o->rtp, pkt + 8, index, iv);
	return aes_gcm(o->rtp.enc, o->key_len, iv, pkt, off, pkt + off, n - off, pkt + n, encrypt);
}

enum srtp_oracle_verdict srtp_oracle_seal(struct srtp_oracle *o, uint8_t *pkt, size_t *n)
{
	uint64_t index = estimate(&o->rtp_seen, (uint16_t)(pkt[2] << 8 | pkt[3]));
	enum srtp_oracle_verdict v = judge(&o->rtp_seen, index);
	uint8_t mac[TAG_MAX];

	if (v != ORACLE_OK)
		return v;
	if (o->aead) {
		gcm_payload(o, pkt, *n, index, true);
	} else {
		crypt_payload(o, pkt, *n, index);
		hmac(o->rtp.auth, pkt, *n, (uint32_t)(index >> 16), mac);
		memcpy(pkt + *n, mac, o->tag_len);
	}
	*n += o->tag_len;
	commit(&o->rtp_seen, index);
	return ORACLE_OK;
}

enum srtp_oracle_verdict srtp_oracle_open(struct srtp_oracle *o, uint8_t *pkt, size_t *n)
{
	uint64_t index = estimate(&o->rtp_seen, (uint16_t)(pkt[2] << 8 | pkt[3]));
	enum srtp_oracle_verdict v = judge(&o->rtp_seen, index);
	size_t len = *n - o->tag_len;
	uint8_t mac[TAG_MAX];

	if (v != ORACLE_OK)
		return v;
	if (o->aead) {
		if (!gcm_payload(o, pkt, len, index, false))
			return ORACLE_AUTH;
	} else {
		hmac(o->rtp.auth, pkt, len, (uint32_t)(index >> 16), mac);
		if (CRYPTO_memcmp(mac, pkt + len, o->tag_len) != 0)
			return ORACLE_AUTH;
		crypt_payload(o, pkt, len, index);
	}
	commit(&o->rtp_seen, index);
	*n = len;
	return ORACLE_OK;
}

// ---- RTCP --------------------------------------------------------------------------------------

static void crypt_report(const struct srtp_oracle *o, uint8_t *pkt, size_t n, uint32_t word)
{
	uint8_t iv[16];

	make_iv(o, &o->rtcp, pkt + 4, word & ~RTCP_E, iv);
	if (n > 8)
		aes_ctr(o->rtcp.enc, o->key_len, iv, pkt + 8, n - 8);
}

// RFC 7714 9.2 and 9.3.
static bool gcm_report(
	const struct srtp_oracle *o, uint8_t *pkt, size_t n, uint32_t word, bool encrypt)
{
	size_t clear = (word & RTCP_E) != 0 ? 8 : n;
	uint8_t *aad = malloc(clear + 4), iv[16];
	bool ok;

	need(aad != NULL);
	memcpy(aad, pkt, clear);
	put_be32(aad + clear, word);
	make_iv(o, &o->rtcp, pkt + 4, word & ~RTCP_E, iv);
	ok = aes_gcm(o->rtcp.enc, o->key_len, iv, aad, clear + 4, pkt + clear, n - clear, pkt + n,
		encrypt);
	free(aad);
	return ok;
}

void srtp_oracle_seal_rtcp(struct srtp_oracle *o, uint8_t *pkt, size_t *n)
{
	uint32_t word = RTCP_E | o->rtcp_next++;
	uint8_t mac[TAG_MAX];

	if (o->aead) {
		gcm_report(o, pkt, *n, word, true);
		put_be32(pkt + *n + GCM_TAG, word);
		*n += GCM_TAG + RTCP_INDEX;
	} else {
		crypt_report(o, pkt, *n, word);
		hmac(o->rtcp.auth, pkt, *n, word, mac);
		put_be32(pkt + *n, word);
		memcpy(pkt + *n + RTCP_INDEX, mac, RTCP_TAG);
		*n += RTCP_INDEX + RTCP_TAG;
	}
}

enum srtp_oracle_verdict srtp_oracle_open_rtcp(struct srtp_oracle *o, uint8_t *pkt, size_t *n)
{
	size_t len = *n - RTCP_INDEX - (o->aead ? GCM_TAG : RTCP_TAG);
	uint32_t word = get_be32(pkt + len + (o->aead ? GCM_TAG : 0));
	enum srtp_oracle_verdict v = judge(&o->rtcp_seen, word & ~RTCP_E);
	uint8_t mac[TAG_MAX];

	if (v != ORACLE_OK)
		return v;
	if (o->aead) {
		if (!gcm_report(o, pkt, len, word, false))
			return ORACLE_AUTH;
	} else {
		hmac(o->rtcp.auth, pkt, len, word, mac);
		if (CRYPTO_memcmp(mac, pkt + len + RTCP_INDEX, RTCP_TAG) != 0)
			return ORACLE_AUTH;
		if ((word & RTCP_E) != 0)
			crypt_report(o, pkt, len, word);
	}
	commit(&o->rtcp_seen, word & ~RTCP_E);
	*n = len;
	return ORACLE_OK;
}
