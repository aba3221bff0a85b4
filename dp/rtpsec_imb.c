// SPDX-License-Identifier: BSD-3-Clause
// The kernels of intel-ipsec-mb, called directly with its synchronous bursts. See
// dp/rtpsec_engine.h.
// Hot: runs on a worker.
//
// AVX-512 calculates 16 hashes at once, and takes as long for one of them: some lanes have to be
// used before it is quicker than SHA-NI, which only the SSE manager has. AVX2's 8 lanes are always
// slower than SHA-NI, where there is any.
#include <errno.h>
#include <string.h>

#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#include "dp/rtpsec_engine.h"

#define LANES            16
#define LONG_OCTETS      512 // on average
#define LANES_USED_LONG  7
#define LANES_USED_SHORT 15

_Static_assert(sizeof(((struct gcm_key_data *)NULL)->expanded_keys) +
			sizeof(((struct gcm_key_data *)NULL)->ghash_keys) ==
		RTPSEC_GCM_KEYS,
	"the library's keys fit, and end, where a context's do");

struct imb_state {
	IMB_MGR *mgr;    // the tier's
	IMB_MGR *narrow; // for a few hashes; may be the same
	IMB_MGR *wide;   // for many; may be the same
	IMB_JOB hash[RTPSEC_BURST], cipher[RTPSEC_BURST];
};

static size_t mgr_size(void)
{
	return (imb_get_mb_mgr_size() + 63) & ~(size_t)63;
}

static size_t state_size(void)
{
	return ((sizeof(struct imb_state) + 63) & ~(size_t)63) + 2 * mgr_size();
}

// The manager of a tier in the memory at `p`.
static int mgr_init(IMB_MGR **out, uint8_t *p, enum rtpsec_tier tier)
{
	static const struct {
		uint64_t features;
		void (*init)(IMB_MGR *);
	} t[] = {
		[RTPSEC_IPSEC_MB_AVX512] = {IMB_CPUFLAGS_AVX512, init_mb_mgr_avx512},
		[RTPSEC_IPSEC_MB_AVX2] = {IMB_CPUFLAGS_AVX2, init_mb_mgr_avx2},
		[RTPSEC_IPSEC_MB_SSE] = {IMB_CPUFLAGS_SSE, init_mb_mgr_sse},
	};
	IMB_MGR *m;

	if ((imb_get_feature_flags() & t[tier].features) != t[tier].features)
		return -ENOTSUP;
	m = imb_set_pointers_mb_mgr(p, 0, 1);
	if (m == NULL)
		return -EIO;
	t[tier].init(m);
	if (imb_get_errno(m) != 0 || (m->features & IMB_FEATURE_SELF_TEST_PASS) == 0)
		return -EIO;
	*out = m;
	return 0;
}

static int init(void *state, enum rtpsec_tier tier)
{
	struct imb_state *s = state;
	uint8_t *p = (uint8_t *)state + state_size() - 2 * mgr_size();
	int err = mgr_init(&s->mgr, p, tier);

	if (err != 0)
		return err;
	s->narrow = s->wide = s->mgr;
	if (tier != RTPSEC_IPSEC_MB_SSE && (imb_get_feature_flags() & IMB_FEATURE_SHANI) != 0)
		err = mgr_init(&s->narrow, p + mgr_size(), RTPSEC_IPSEC_MB_SSE);
	if (tier != RTPSEC_IPSEC_MB_AVX512)
		s->wide = s->narrow;
	for (size_t i = 0; i < RTPSEC_BURST; i++) {
		s->hash[i].auth_tag_output_len_in_bytes = RTPSEC_SHA1_LEN;
		s->cipher[i].iv_len_in_bytes = 16;
	}
	return err;
}

static void fini(void *state)
{
}

static void expand(void *state, enum rtpsec_cipher cipher, const uint8_t *key, uint8_t *keys)
{
	struct imb_state *s = state;
	uint8_t unused[RTPSEC_CM_256_KEYS] __attribute__((aligned(16))); // for decrypting blocks

	switch (cipher) {
	case RTPSEC_CM_128:
		IMB_AES_KEYEXP_128(s->mgr, key, keys, unused);
		break;
	case RTPSEC_CM_256:
		IMB_AES_KEYEXP_256(s->mgr, key, keys, unused);
		break;
	case RTPSEC_GCM_128:
		IMB_AES128_GCM_PRE(s->mgr, key, (struct gcm_key_data *)keys);
		return;
	default:
		IMB_AES256_GCM_PRE(s->mgr, key, (struct gcm_key_data *)keys);
		return;
	}
	OPENSSL_cleanse(unused, sizeof(unused));
}

static void pads(void *state, const uint8_t key[RTPSEC_SHA1_KEY], uint8_t out[RTPSEC_PADS])
{
	struct imb_state *s = state;
	uint8_t block[64];

	for (size_t i = 0; i < 2; i++) {
		memset(block, i == 0 ? 0x36 : 0x5c, sizeof(block));
		for (size_t k = 0; k < RTPSEC_SHA1_KEY; k++)
			block[k] ^= key[k];
		IMB_SHA1_ONE_BLOCK(s->mgr, block, out + 20 * i);
	}
	OPENSSL_cleanse(block, sizeof(block));
}

// How many of `n` hashes are left for SHA-NI.
static size_t narrow_share(struct rtpsec_op *const ops[], size_t n)
{
	size_t rest = n % LANES, octets = 0;

	for (size_t i = n - rest; i < n; i++)
		octets += ops[i]->hashed_len;
	return rest < (octets < rest * LONG_OCTETS ? LANES_USED_SHORT : LANES_USED_LONG) ? rest : 0;
}

static void hmac(void *state, struct rtpsec_op *const ops[], size_t n)
{
	struct imb_state *s = state;
	size_t rest = narrow_share(ops, n);

	for (size_t i = 0; i < n; i++) {
		IMB_JOB *j = &s->hash[i];

		j->src = ops[i]->hashed;
		j->msg_len_to_hash_in_bytes = ops[i]->hashed_len;
		j->auth_tag_output = ops[i]->mac;
		j->u.HMAC._hashed_auth_key_xor_ipad = ops[i]->pads;
		j->u.HMAC._hashed_auth_key_xor_opad = ops[i]->pads + 20;
	}
	if (n > rest)
		IMB_SUBMIT_HASH_BURST_NOCHECK(
			s->wide, s->hash, (uint32_t)(n - rest), IMB_AUTH_HMAC_SHA_1);
	if (rest > 0)
		IMB_SUBMIT_HASH_BURST_NOCHECK(
			s->narrow, s->hash + (n - rest), (uint32_t)rest, IMB_AUTH_HMAC_SHA_1);
}

static void ctr(void *state, enum rtpsec_cipher cipher, struct rtpsec_op *const ops[], size_t n)
{
	IMB_KEY_SIZE_BYTES key = cipher == RTPSEC_CM_128 ? IMB_KEY_128_BYTES : IMB_KEY_256_BYTES;
	struct imb_state *s = state;

	for (size_t i = 0; i < n; i++) {
		IMB_JOB *j = &s->cipher[i];

		j->enc_keys = ops[i]->keys;
		j->key_len_in_bytes = key;
		j->src = ops[i]->in;
		j->dst = ops[i]->out;
		j->msg_len_to_cipher_in_bytes = ops[i]->len;
		j->iv = ops[i]->iv;
	}
	IMB_SUBMIT_CIPHER_BURST_NOCHECK(
		s->mgr, s->cipher, (uint32_t)n, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, key);
}

static void gcm(void *state, enum rtpsec_cipher cipher, bool encrypt, struct rtpsec_op *const ops[],
	size_t n)
{
	struct imb_state *s = state;
	const IMB_MGR *m = s->mgr;
	aes_gcm_enc_dec_t f;

	if (cipher == RTPSEC_GCM_128)
		f = encrypt ? m->gcm128_enc : m->gcm128_dec;
	else
		f = encrypt ? m->gcm256_enc : m->gcm256_dec;
	for (size_t i = 0; i < n; i++) {
		struct rtpsec_op *op = ops[i];
		struct gcm_context_data ctx;
		uint8_t tag[RTPSEC_GCM_TAG];

		f((const struct gcm_key_data *)op->keys, &ctx, op->out, op->in, op->len, op->iv,
			op->aad, op->aad_len, encrypt ? op->mac : tag, RTPSEC_GCM_TAG);
		if (!encrypt)
			op->genuine = CRYPTO_memcmp(tag, op->mac, RTPSEC_GCM_TAG) == 0;
	}
}

const struct rtpsec_kernels rtpsec_imb = {
	.state_size = state_size,
	.init = init,
	.fini = fini,
	.expand = expand,
	.pads = pads,
	.hmac = hmac,
	.ctr = ctr,
	.gcm = gcm,
};
