// SPDX-License-Identifier: BSD-3-Clause
// See evp_srtp.h.
#include "test/perf/evp_srtp.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "lib/rtp.h"
#include "test/perf/bench.h"
#include "test/unit/srtp_oracle.h"

#define TAG    10
#define WINDOW 64

struct evp_srtp {
	EVP_CIPHER_CTX *ctr;
	EVP_MAC_CTX *mac;
	uint8_t salt[14];
	bool started;
	uint64_t newest, seen; // bit i: newest - i was seen
};

struct evp_srtp *evp_srtp_new(const uint8_t master[30])
{
	char digest[] = "SHA1";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
	struct evp_srtp *s = calloc(1, sizeof(*s));
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	uint8_t enc[16], auth[20];

	bench_need(s != NULL && hmac != NULL, "no memory for EVP");
	srtp_oracle_derive(master, 0, enc, sizeof(enc));
	srtp_oracle_derive(master, 1, auth, sizeof(auth));
	srtp_oracle_derive(master, 2, s->salt, sizeof(s->salt));
	s->ctr = EVP_CIPHER_CTX_new();
	s->mac = EVP_MAC_CTX_new(hmac);
	bench_need(s->ctr != NULL && s->mac != NULL &&
			EVP_EncryptInit_ex2(s->ctr, EVP_aes_128_ctr(), enc, NULL, NULL) == 1 &&
			EVP_MAC_init(s->mac, auth, sizeof(auth), params) == 1,
		"EVP does not start");
	EVP_MAC_free(hmac);
	return s;
}

void evp_srtp_free(struct evp_srtp *s)
{
	EVP_CIPHER_CTX_free(s->ctr);
	EVP_MAC_CTX_free(s->mac);
	free(s);
}

// RFC 3711 3.3.1, for a number that is near the newest.
static uint64_t index_of(const struct evp_srtp *s, uint16_t seq)
{
	return s->started ? s->newest + (uint64_t)(int64_t)(int16_t)(seq - (uint16_t)s->newest)
			  : seq;
}

static bool is_replay(const struct evp_srtp *s, uint64_t index)
{
	return s->started && index <= s->newest &&
		(s->newest - index >= WINDOW || (s->seen >> (s->newest - index) & 1) != 0);
}

static void commit(struct evp_srtp *s, uint64_t index)
{
	if (!s->started || index > s->newest) {
		uint64_t by = s->started ? index - s->newest : WINDOW;

		s->seen = by < WINDOW ? s->seen << by | 1 : 1;
		s->newest = index;
		s->started = true;
	} else {
		s->seen |= UINT64_C(1) << (s->newest - index);
	}
}

static void crypt_payload(
	struct evp_srtp *s, uint8_t *pkt, size_t n, const struct rtp_hdr *h, uint64_t index)
{
	uint8_t iv[16] = {0};
	int out;

	memcpy(iv, s->salt, sizeof(s->salt));
	for (int i = 0; i < 4; i++)
		iv[4 + i] ^= pkt[8 + i];
	for (int i = 0; i < 6; i++)
		iv[8 + i] ^= (uint8_t)(index >> (40 - 8 * i));
	bench_need(EVP_EncryptInit_ex2(s->ctr, NULL, NULL, iv, NULL) == 1 &&
			EVP_EncryptUpdate(
				s->ctr, pkt + h->len, &out, pkt + h->len, (int)(n - h->len)) == 1,
		"EVP does not encrypt");
}

static void tag(struct evp_srtp *s, const uint8_t *pkt, size_t n, uint64_t index, uint8_t mac[20])
{
	const uint32_t roc = (uint32_t)(index >> 16);
	const uint8_t roc_be[4] = {
		(uint8_t)(roc >> 24), (uint8_t)(roc >> 16), (uint8_t)(roc >> 8), (uint8_t)roc};
	size_t len;

	bench_need(EVP_MAC_init(s->mac, NULL, 0, NULL) == 1 &&
			EVP_MAC_update(s->mac, pkt, n) == 1 &&
			EVP_MAC_update(s->mac, roc_be, sizeof(roc_be)) == 1 &&
			EVP_MAC_final(s->mac, mac, &len, 20) == 1,
		"EVP does not sign");
}

bool evp_srtp_seal(struct evp_srtp *s, uint8_t *pkt, size_t *n)
{
	struct rtp_hdr h;
	uint8_t mac[20];
	uint64_t index;

	if (!rtp_parse(pkt, *n, &h))
		return false;
	index = index_of(s, h.seq);
	if (is_replay(s, index))
		return false;
	crypt_payload(s, pkt, *n, &h, index);
	tag(s, pkt, *n, index, mac);
	memcpy(pkt + *n, mac, TAG);
	*n += TAG;
	commit(s, index);
	return true;
}

bool evp_srtp_open(struct evp_srtp *s, uint8_t *pkt, size_t *n)
{
	struct rtp_hdr h;
	uint8_t mac[20];
	uint64_t index;

	if (*n < TAG || !rtp_parse(pkt, *n - TAG, &h))
		return false;
	index = index_of(s, h.seq);
	if (is_replay(s, index))
		return false;
	tag(s, pkt, *n - TAG, index, mac);
	if (CRYPTO_memcmp(mac, pkt + *n - TAG, TAG) != 0)
		return false;
	*n -= TAG;
	crypt_payload(s, pkt, *n, &h, index);
	commit(s, index);
	return true;
}
