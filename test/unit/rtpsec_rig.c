// SPDX-License-Identifier: BSD-3-Clause
// See rtpsec_rig.h.
#include "test/unit/rtpsec_rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct rtpsec_engine *rig_engine;

const uint8_t rig_master[DP_SRTP_KEY_LEN] = {0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6,
	0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41, 0x39, 0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb,
	0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
	0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};

static enum rtpsec_tier tier;

static int start(void **state)
{
	int err = rtpsec_init(tier, RIG_CONTEXTS);

	if (err == 0)
		err = rtpsec_engine_new(&rig_engine);
	return err;
}

static int stop(void **state)
{
	rtpsec_engine_free(rig_engine);
	rtpsec_fini();
	return 0;
}

int rig_run_tiers(const struct CMUnitTest *tests, size_t n)
{
	int failed = 0;

	for (tier = RTPSEC_IPSEC_MB_AVX512; tier <= RTPSEC_OPENSSL; tier++) {
		if (tier != RTPSEC_OPENSSL && rtpsec_init(tier, 1) == -ENOTSUP) {
			printf("%s: not on this processor\n", rtpsec_tier_name(tier));
			continue;
		}
		rtpsec_fini();
		failed += _cmocka_run_group_tests(rtpsec_tier_name(tier), tests, n, start, stop);
	}
	return failed;
}

const char *rig_suite_name(uint8_t suite)
{
	static const char *const names[DP_SRTP_SUITES] = {
		[DP_SRTP_AES_CM_128_HMAC_SHA1_80] = "AES_CM_128_HMAC_SHA1_80",
		[DP_SRTP_AES_CM_128_HMAC_SHA1_32] = "AES_CM_128_HMAC_SHA1_32",
		[DP_SRTP_AEAD_AES_128_GCM] = "AEAD_AES_128_GCM",
		[DP_SRTP_AEAD_AES_256_GCM] = "AEAD_AES_256_GCM",
		[DP_SRTP_AES_256_CM_HMAC_SHA1_80] = "AES_256_CM_HMAC_SHA1_80",
	};

	return names[suite];
}

size_t rig_tag_len(uint8_t suite)
{
	static const size_t len[DP_SRTP_SUITES] = {0, 10, 4, 16, 16, 10};

	return len[suite];
}

struct rtpsec *rig_context(enum rtpsec_direction d, uint8_t suite, uint8_t mki, uint64_t life)
{
	struct rtpsec_params p = {.direction = d, .suite = suite, .mki_len = mki, .lifetime = life};
	struct rtpsec *c = NULL;

	memcpy(p.key, rig_master, sizeof(p.key));
	assert_int_equal(rtpsec_new(&c, &p), 0);
	return c;
}

static int run(void (*f)(struct rtpsec_engine *, struct rtpsec_job *, size_t),
	enum rtpsec_kind kind, struct rtpsec *c, uint8_t *pkt, size_t *n)
{
	struct rtpsec_job j = {
		.ctx = c, .pkt = pkt, .len = (uint32_t)*n, .kind = (uint8_t)kind, .status = 99};

	f(rig_engine, &j, 1);
	*n = j.len;
	return j.status;
}

int rig_seal(struct rtpsec *c, uint8_t *pkt, size_t *n)
{
	return run(rtpsec_seal, RTPSEC_RTP, c, pkt, n);
}

int rig_open(struct rtpsec *c, uint8_t *pkt, size_t *n)
{
	return run(rtpsec_open, RTPSEC_RTP, c, pkt, n);
}

int rig_seal_rtcp(struct rtpsec *c, uint8_t *pkt, size_t *n)
{
	return run(rtpsec_seal, RTPSEC_RTCP, c, pkt, n);
}

int rig_open_rtcp(struct rtpsec *c, uint8_t *pkt, size_t *n)
{
	return run(rtpsec_open, RTPSEC_RTCP, c, pkt, n);
}

size_t rig_packet(uint8_t *p, uint16_t seq, size_t payload)
{
	static const uint8_t h[12] = {0x80, 0, 0, 0, 0, 0, 0, 160, 0xca, 0xfe, 0xba, 0xbe};

	memcpy(p, h, 12);
	p[2] = (uint8_t)(seq >> 8);
	p[3] = (uint8_t)seq;
	for (size_t i = 0; i < payload; i++)
		p[12 + i] = (uint8_t)(seq + 7 * i);
	return 12 + payload;
}

size_t rig_report(uint8_t *p, size_t payload)
{
	static const uint8_t h[8] = {0x80, 201, 0, 1, 0xca, 0xfe, 0xba, 0xbe};

	memcpy(p, h, 8);
	p[3] = (uint8_t)(1 + payload / 4);
	for (size_t i = 0; i < payload; i++)
		p[8 + i] = (uint8_t)(3 * i);
	return 8 + payload;
}
