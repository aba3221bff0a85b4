// SPDX-License-Identifier: BSD-3-Clause
// See srtp_oracle.h. Used by test_rtpsec.c and by test/dp/test_media.c.
#include "test/unit/srtp_oracle.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static void aes_ctr(const uint8_t key[16], const uint8_t iv[16], uint8_t *data, size_t n)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int out;

	if (ctx == NULL || EVP_EncryptInit_ex2(ctx, EVP_aes_128_ctr(), key, iv, NULL) != 1 ||
		EVP_EncryptUpdate(ctx, data, &out, data, (int)n) != 1 || (size_t)out != n)
		abort();
	EVP_CIPHER_CTX_free(ctx);
}

void srtp_oracle_derive(const uint8_t master[30], uint8_t label, uint8_t *out, size_t n)
{
	uint8_t iv[16] = {0};

	memcpy(iv, master + 16, 14);
	iv[7] ^= label;
	memset(out, 0, n);
	aes_ctr(master, iv, out, n);
}

void srtp_oracle_init(struct srtp_oracle *o, const uint8_t master[30], size_t tag_len)
{
	memset(o, 0, sizeof(*o));
	srtp_oracle_derive(master, 0, o->enc, sizeof(o->enc));
	srtp_oracle_derive(master, 1, o->auth, sizeof(o->auth));
	srtp_oracle_derive(master, 2, o->salt, sizeof(o->salt));
	o->tag_len = tag_len;
}

// RFC 3711 3.3.1: of the three indices that the number may mean, the one nearest to the newest.
static uint64_t estimate(const struct srtp_oracle *o, uint16_t seq)
{
	uint64_t best = seq, best_distance = UINT64_MAX;

	if (!o->started)
		return seq;
	for (int64_t d = -1; d <= 1; d++) {
		int64_t roc = (int64_t)(o->newest >> 16) + d;
		int64_t distance = roc * 65536 + seq - (int64_t)o->newest;

		if (distance < 0)
			distance = -distance;
		if (roc >= 0 && (uint64_t)distance < best_distance) {
			best_distance = (uint64_t)distance;
			best = (uint64_t)roc << 16 | seq;
		}
	}
	return best;
}

static bool is_replay(const struct srtp_oracle *o, uint64_t index)
{
	return o->started &&
		(index + SRTP_ORACLE_WINDOW <= o->newest ||
			o->seen[index % SRTP_ORACLE_WINDOW] == index + 1);
}

static void commit(struct srtp_oracle *o, uint64_t index)
{
	if (!o->started || index > o->newest)
		o->newest = index;
	o->started = true;
	o->seen[index % SRTP_ORACLE_WINDOW] = index + 1;
}

static void tag(
	const struct srtp_oracle *o, const uint8_t *pkt, size_t n, uint64_t index, uint8_t out[20])
{
	uint8_t *m = malloc(n + 4);
	unsigned int len;

	if (m == NULL)
		abort();
	memcpy(m, pkt, n);
	for (int i = 0; i < 4; i++)
		m[n + (size_t)i] = (uint8_t)(index >> (40 - 8 * i));
	if (HMAC(EVP_sha1(), o->auth, sizeof(o->auth), m, n + 4, out, &len) == NULL || len != 20)
		abort();
	free(m);
}

static void crypt_payload(const struct srtp_oracle *o, uint8_t *pkt, size_t n, uint64_t index)
{
	size_t off = 12 + 4 * (size_t)(pkt[0] & 15);
	uint8_t iv[16] = {0};

	if ((pkt[0] & 0x10) != 0)
		off += 4 + 4 * ((size_t)pkt[off + 2] << 8 | pkt[off + 3]);
	memcpy(iv, o->salt, 14);
	for (int i = 0; i < 4; i++)
		iv[4 + i] ^= pkt[8 + i];
	for (int i = 0; i < 6; i++)
		iv[8 + i] ^= (uint8_t)(index >> (40 - 8 * i));
	if (n > off)
		aes_ctr(o->enc, iv, pkt + off, n - off);
}

enum srtp_oracle_verdict srtp_oracle_seal(struct srtp_oracle *o, uint8_t *pkt, size_t *n)
{
	uint64_t index = estimate(o, (uint16_t)(pkt[2] << 8 | pkt[3]));
	uint8_t mac[20];

	if (is_replay(o, index))
		return ORACLE_REPLAYED;
	crypt_payload(o, pkt, *n, index);
	tag(o, pkt, *n, index, mac);
	memcpy(pkt + *n, mac, o->tag_len);
	*n += o->tag_len;
	commit(o, index);
	return ORACLE_OK;
}

enum srtp_oracle_verdict srtp_oracle_open(struct srtp_oracle *o, uint8_t *pkt, size_t *n)
{
	uint64_t index = estimate(o, (uint16_t)(pkt[2] << 8 | pkt[3]));
	size_t len = *n - o->tag_len;
	uint8_t mac[20];

	if (is_replay(o, index))
		return ORACLE_REPLAYED;
	tag(o, pkt, len, index, mac);
	if (CRYPTO_memcmp(mac, pkt + len, o->tag_len) != 0)
		return ORACLE_AUTH;
	crypt_payload(o, pkt, len, index);
	commit(o, index);
	*n = len;
	return ORACLE_OK;
}
