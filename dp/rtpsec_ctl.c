// SPDX-License-Identifier: BSD-3-Clause
// Chooses the engine, derives the keys, and makes the contexts of dp/rtpsec.c for dp/media_ctl.c.
// Cold: runs on the control thread.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "dp/rtpsec_state.h"

#define CM(bits, tag)                                                                              \
	{                                                                                          \
		.cipher = RTPSEC_CM_##bits, .key_len = bits / 8, .salt_len = 14, .tag_len = tag,   \
		.rtcp_tag_len = RTPSEC_CM_RTCP_TAG, .keys = RTPSEC_CM_KEYS_AT,                     \
		.tail = RTPSEC_CM_##bits##_TAIL_AT, .arena = &rtpsec_arena_cm_##bits               \
	}
#define GCM_SUITE(bits)                                                                            \
	{                                                                                          \
		.cipher = RTPSEC_GCM_##bits, .key_len = bits / 8, .salt_len = 12,                  \
		.tag_len = RTPSEC_GCM_TAG, .rtcp_tag_len = RTPSEC_GCM_TAG, .aead = true,           \
		.keys = RTPSEC_GCM_KEYS_AT, .tail = RTPSEC_GCM_TAIL_AT, .arena = &rtpsec_arena_gcm \
	}

const struct rtpsec_suite rtpsec_suites[DP_SRTP_SUITES] = {
	[DP_SRTP_AES_CM_128_HMAC_SHA1_80] = CM(128, 10),
	[DP_SRTP_AES_CM_128_HMAC_SHA1_32] = CM(128, 4),
	[DP_SRTP_AES_256_CM_HMAC_SHA1_80] = CM(256, 10),
	[DP_SRTP_AEAD_AES_128_GCM] = GCM_SUITE(128),
	[DP_SRTP_AEAD_AES_256_GCM] = GCM_SUITE(256),
};

// ---- Engines -----------------------------------------------------------------------------------

static const struct {
	const char *name, *people;
	const struct rtpsec_kernels *kernels;
} tiers[] = {
	[RTPSEC_AUTO] = {"auto", "", NULL},
	[RTPSEC_IPSEC_MB_AVX512] = {"ipsec-mb-avx512", "AVX-512", &rtpsec_imb},
	[RTPSEC_IPSEC_MB_AVX2] = {"ipsec-mb-avx2", "AVX2", &rtpsec_imb},
	[RTPSEC_IPSEC_MB_SSE] = {"ipsec-mb-sse", "SSE", &rtpsec_imb},
	[RTPSEC_OPENSSL] = {"openssl", "", &rtpsec_openssl},
};
#define TIERS (sizeof(tiers) / sizeof(tiers[0]))

static enum rtpsec_tier tier;
static struct rtpsec_engine *own; // the control thread's
static char engine_name[96];

const char *rtpsec_engine_name(void)
{
	return engine_name;
}

const char *rtpsec_tier_name(enum rtpsec_tier t)
{
	return (size_t)t < TIERS ? tiers[t].name : tiers[RTPSEC_AUTO].name;
}

enum rtpsec_tier rtpsec_tier_of(const char *name)
{
	for (size_t i = 0; i < TIERS; i++)
		if (strcmp(name, tiers[i].name) == 0)
			return (enum rtpsec_tier)i;
	return RTPSEC_AUTO;
}

static int engine_new(struct rtpsec_engine **out, enum rtpsec_tier t)
{
	const struct rtpsec_kernels *k = tiers[t].kernels;
	size_t n = sizeof(struct rtpsec_engine) + 64 + k->state_size();
	struct rtpsec_engine *e;
	void *p;
	int err = rtpsec_map(&p, n);

	if (err != 0)
		return err;
	e = p;
	e->mapped = n;
	e->kernels = k;
	e->state = (uint8_t *)(((uintptr_t)(e + 1) + 63) & ~(uintptr_t)63);
	err = k->init(e->state, t);
	if (err != 0)
		rtpsec_unmap(p, n);
	else
		*out = e;
	return err;
}

int rtpsec_engine_new(struct rtpsec_engine **out)
{
	return engine_new(out, tier);
}

void rtpsec_engine_free(struct rtpsec_engine *e)
{
	size_t n;

	if (e == NULL)
		return;
	e->kernels->fini(e->state);
	n = e->mapped;
	OPENSSL_cleanse(e, n);
	rtpsec_unmap(e, n);
}

// ---- Start and stop ----------------------------------------------------------------------------

// protocol.md 4.4: a library that calculates wrongly is not used.
static int self_test(void)
{
	static const struct rtpsec_params params = {
		.direction = RTPSEC_SEAL,
		.suite = DP_SRTP_AES_CM_128_HMAC_SHA1_80,
		.key = {0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c,
			0x06, 0xde, 0x41, 0x39, 0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb,
			0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6},
	};
	static const uint8_t sealed[] = {0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe,
		0xba, 0xbe, 0x4e, 0x55, 0xdc, 0x4c, 0xe7, 0x99, 0x78, 0xd8, 0x8c, 0xa4, 0xd2, 0x15,
		0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d, 0x6a, 0xcc, 0x99, 0xea, 0x17, 0x9b, 0x8d, 0xbb};
	uint8_t pkt[sizeof(sealed) + RTPSEC_TRAILER_MAX];
	struct rtpsec_job j = {.pkt = pkt, .len = 28};
	int err = rtpsec_new(&j.ctx, &params);

	if (err != 0)
		return err;
	memcpy(pkt, sealed, 12);
	memset(pkt + 12, 0xab, 16);
	rtpsec_seal(own, &j, 1);
	if (j.len != sizeof(sealed) || memcmp(pkt, sealed, sizeof(sealed)) != 0)
		err = -EIO;
	rtpsec_free(j.ctx);
	return err;
}

static int start(enum rtpsec_tier t)
{
	int err = engine_new(&own, t);

	if (err == 0)
		err = self_test();
	if (err != 0) {
		rtpsec_engine_free(own);
		own = NULL;
		return err;
	}
	tier = t;
	if (tiers[t].kernels == &rtpsec_imb)
		snprintf(engine_name, sizeof(engine_name), "intel-ipsec-mb %s, %s%s",
			imb_get_version_str(), tiers[t].people,
			(imb_get_feature_flags() & IMB_FEATURE_SHANI) != 0 ? " and SHA-NI" : "");
	else
		snprintf(engine_name, sizeof(engine_name), "%s", OpenSSL_version(OPENSSL_VERSION));
	return 0;
}

int rtpsec_init(enum rtpsec_tier wanted, uint32_t contexts_max)
{
	int err;

	if (own != NULL)
		return -EALREADY;
	err = rtpsec_arenas_init(contexts_max);
	if (err != 0)
		return err;
	err = -ENOTSUP;
	if (wanted != RTPSEC_AUTO)
		err = start(wanted);
	for (size_t t = 1; wanted == RTPSEC_AUTO && err == -ENOTSUP && t < TIERS; t++)
		err = start((enum rtpsec_tier)t);
	if (err != 0)
		rtpsec_arenas_fini();
	return err;
}

void rtpsec_fini(void)
{
	rtpsec_engine_free(own);
	own = NULL;
	rtpsec_arenas_fini();
}

// ---- Contexts ----------------------------------------------------------------------------------

enum label { RTP_KEY, RTP_AUTH, RTP_SALT, RTCP_KEY, RTCP_AUTH, RTCP_SALT };

// RFC 3711 4.3.1 and 4.3.3 with key derivation rate 0; RFC 6188 3; RFC 7714 11: a shorter salt is
// filled up with zeros.
static int derive(const struct rtpsec_suite *s, const uint8_t *master, enum label label,
	uint8_t *out, size_t n)
{
	const EVP_CIPHER *cipher = s->key_len == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t iv[16] = {0}, zero[32] = {0};
	int len, err = 0;

	memcpy(iv, master + s->key_len, s->salt_len);
	iv[7] ^= (uint8_t)label;
	if (ctx == NULL || EVP_EncryptInit_ex2(ctx, cipher, master, iv, NULL) != 1 ||
		EVP_EncryptUpdate(ctx, out, &len, zero, (int)n) != 1)
		err = -EIO;
	EVP_CIPHER_CTX_free(ctx); // wipes
	OPENSSL_cleanse(iv, sizeof(iv));
	return err;
}

static int set_keys(struct rtpsec *c, const struct rtpsec_suite *s, const uint8_t *master)
{
	struct rtpsec_tail *t = rtpsec_tail(c, s);
	uint8_t key[32], auth[RTPSEC_SHA1_KEY];
	int err;

	err = derive(s, master, RTP_KEY, key, s->key_len);
	if (err == 0)
		err = derive(s, master, RTP_SALT, c->salt, s->salt_len);
	if (err == 0)
		err = derive(s, master, RTCP_KEY, t->rtcp_key, s->key_len);
	if (err == 0)
		err = derive(s, master, RTCP_SALT, t->rtcp_salt, s->salt_len);
	if (err == 0 && !s->aead)
		err = derive(s, master, RTP_AUTH, auth, sizeof(auth));
	if (err == 0 && !s->aead)
		err = derive(s, master, RTCP_AUTH, t->rtcp_auth, sizeof(auth));
	if (err == 0)
		own->kernels->expand(own->state, s->cipher, key, (uint8_t *)c + s->keys);
	if (err == 0 && !s->aead)
		own->kernels->pads(own->state, auth, c->pads);
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(auth, sizeof(auth));
	return err;
}

int rtpsec_new(struct rtpsec **out, const struct rtpsec_params *p)
{
	const struct rtpsec_suite *s;
	struct rtpsec *c;
	int err;

	if (p->suite == DP_SRTP_NONE || p->suite >= DP_SRTP_SUITES ||
		(p->direction != RTPSEC_OPEN && p->direction != RTPSEC_SEAL))
		return -ENOTSUP;
	if (p->mki_len > (p->direction == RTPSEC_OPEN ? RTPSEC_MKI_MAX : 0) ||
		p->lifetime > RTPSEC_LIFETIME_MAX)
		return -EINVAL;
	s = &rtpsec_suites[p->suite];
	c = rtpsec_arena_take(s);
	if (c == NULL)
		return -ENOMEM;
	c->suite = p->suite;
	c->mki_len = p->mki_len;
	c->left = p->lifetime != 0 ? p->lifetime : RTPSEC_LIFETIME_MAX;
	err = set_keys(c, s, p->key);
	if (err != 0) {
		rtpsec_arena_give(c);
		c = NULL;
	}
	*out = c;
	return err;
}

void rtpsec_free(struct rtpsec *c)
{
	if (c != NULL)
		rtpsec_arena_give(c);
}

size_t rtpsec_size(uint8_t suite)
{
	return suite != DP_SRTP_NONE && suite < DP_SRTP_SUITES ? rtpsec_suites[suite].arena->size
							       : 0;
}
