// SPDX-License-Identifier: BSD-3-Clause
// The kernels of OpenSSL, for processors that intel-ipsec-mb does not know. See
// dp/rtpsec_engine.h.
// Hot: runs on a worker.
//
// One cipher context per suite is kept and takes every packet's key anew, which costs no memory, and
// after the burst's last one a key of zeros: it stands in the ordinary heap. HMAC goes on from the two
// states that every context keeps.
#define OPENSSL_SUPPRESS_DEPRECATED // SHA1_Init and the like: EVP cannot be given a state

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "dp/rtpsec_engine.h"

struct openssl_state {
	EVP_CIPHER_CTX *cipher[RTPSEC_CIPHERS];
	EVP_CIPHER_CTX *decrypt[RTPSEC_CIPHERS]; // GCM's
};

static size_t state_size(void)
{
	return sizeof(struct openssl_state);
}

static void fini(void *state)
{
	struct openssl_state *s = state;

	for (size_t i = 0; i < RTPSEC_CIPHERS; i++) {
		EVP_CIPHER_CTX_free(s->cipher[i]);
		EVP_CIPHER_CTX_free(s->decrypt[i]);
	}
}

static int init(void *state, enum rtpsec_tier tier)
{
	const EVP_CIPHER *const ciphers[RTPSEC_CIPHERS] = {
		EVP_aes_128_ctr(), EVP_aes_256_ctr(), EVP_aes_128_gcm(), EVP_aes_256_gcm()};
	struct openssl_state *s = state;

	for (size_t i = 0; i < RTPSEC_CIPHERS; i++) {
		s->cipher[i] = EVP_CIPHER_CTX_new();
		s->decrypt[i] = EVP_CIPHER_CTX_new();
		if (s->cipher[i] == NULL || s->decrypt[i] == NULL ||
			EVP_EncryptInit_ex2(s->cipher[i], ciphers[i], NULL, NULL, NULL) != 1 ||
			EVP_DecryptInit_ex2(s->decrypt[i], ciphers[i], NULL, NULL, NULL) != 1) {
			fini(state);
			return -ENOMEM;
		}
	}
	return 0;
}

static void expand(void *state, enum rtpsec_cipher cipher, const uint8_t *key, uint8_t *keys)
{
	memcpy(keys, key, cipher == RTPSEC_CM_128 || cipher == RTPSEC_GCM_128 ? 16 : 32);
}

// ---- HMAC-SHA1 ---------------------------------------------------------------------------------

static void save(const SHA_CTX *c, uint8_t out[20])
{
	const SHA_LONG h[5] = {c->h0, c->h1, c->h2, c->h3, c->h4};

	memcpy(out, h, 20);
}

// As after one block.
static void restore(SHA_CTX *c, const uint8_t in[20])
{
	SHA_LONG h[5];

	memcpy(h, in, 20);
	SHA1_Init(c);
	c->h0 = h[0];
	c->h1 = h[1];
	c->h2 = h[2];
	c->h3 = h[3];
	c->h4 = h[4];
	c->Nl = 512; // bits
}

static void pads(void *state, const uint8_t key[RTPSEC_SHA1_KEY], uint8_t out[RTPSEC_PADS])
{
	uint8_t block[64];
	SHA_CTX c;

	for (size_t i = 0; i < 2; i++) {
		memset(block, i == 0 ? 0x36 : 0x5c, sizeof(block));
		for (size_t k = 0; k < RTPSEC_SHA1_KEY; k++)
			block[k] ^= key[k];
		SHA1_Init(&c);
		SHA1_Transform(&c, block);
		save(&c, out + 20 * i);
	}
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(&c, sizeof(c));
}

static void hmac(void *state, struct rtpsec_op *const ops[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rtpsec_op *op = ops[i];
		SHA_CTX c;

		restore(&c, op->pads);
		SHA1_Update(&c, op->hashed, op->hashed_len);
		SHA1_Final(op->mac, &c);
		restore(&c, op->pads + 20);
		SHA1_Update(&c, op->mac, RTPSEC_SHA1_LEN);
		SHA1_Final(op->mac, &c);
	}
}

// ---- AES ---------------------------------------------------------------------------------------

// Nothing here can fail: keys and tags have their lengths, and nothing is padded. If it does, no
// plain text may leave.
static void check(bool ok, struct rtpsec_op *op)
{
	op->genuine = ok;
	if (!ok)
		memset(op->out, 0, op->len);
}

// What it calculated with last is gone (SRTP-4).
static void forget(EVP_CIPHER_CTX *c)
{
	static const uint8_t zero[32];

	EVP_CipherInit_ex2(c, NULL, zero, zero, -1, NULL);
}

static void ctr(void *state, enum rtpsec_cipher cipher, struct rtpsec_op *const ops[], size_t n)
{
	struct openssl_state *s = state;
	EVP_CIPHER_CTX *c = s->cipher[cipher];
	int len;

	for (size_t i = 0; i < n; i++) {
		struct rtpsec_op *op = ops[i];

		check(EVP_EncryptInit_ex2(c, NULL, op->keys, op->iv, NULL) == 1 &&
				EVP_EncryptUpdate(c, op->out, &len, op->in, (int)op->len) == 1,
			op);
	}
	forget(c);
}

static bool gcm_encrypt(EVP_CIPHER_CTX *c, struct rtpsec_op *op)
{
	int len;

	return EVP_EncryptInit_ex2(c, NULL, op->keys, op->iv, NULL) == 1 &&
		EVP_EncryptUpdate(c, NULL, &len, op->aad, (int)op->aad_len) == 1 &&
		EVP_EncryptUpdate(c, op->out, &len, op->in, (int)op->len) == 1 &&
		EVP_EncryptFinal_ex(c, op->mac, &len) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, RTPSEC_GCM_TAG, op->mac) == 1;
}

static bool gcm_decrypt(EVP_CIPHER_CTX *c, struct rtpsec_op *op)
{
	uint8_t none[16];
	int len;

	return EVP_DecryptInit_ex2(c, NULL, op->keys, op->iv, NULL) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, RTPSEC_GCM_TAG, op->mac) == 1 &&
		EVP_DecryptUpdate(c, NULL, &len, op->aad, (int)op->aad_len) == 1 &&
		EVP_DecryptUpdate(c, op->out, &len, op->in, (int)op->len) == 1 &&
		EVP_DecryptFinal_ex(c, none, &len) == 1;
}

static void gcm(void *state, enum rtpsec_cipher cipher, bool encrypt, struct rtpsec_op *const ops[],
	size_t n)
{
	struct openssl_state *s = state;
	EVP_CIPHER_CTX *c = encrypt ? s->cipher[cipher] : s->decrypt[cipher];

	for (size_t i = 0; i < n; i++) {
		if (encrypt)
			check(gcm_encrypt(c, ops[i]), ops[i]);
		else // the payload stays as it is for whoever wants it back
			ops[i]->genuine = gcm_decrypt(c, ops[i]);
	}
	forget(c);
}

const struct rtpsec_kernels rtpsec_openssl = {
	.state_size = state_size,
	.init = init,
	.fini = fini,
	.expand = expand,
	.pads = pads,
	.hmac = hmac,
	.ctr = ctr,
	.gcm = gcm,
};
