// SPDX-License-Identifier: BSD-3-Clause
// Not one call of the heap while a worker relays: the allocator of the whole program, libraries
// and all, is this file's, and counts.
#include "test/dp/media_env.h"

#include <stdlib.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

// The compiler believes that malloc() changes nothing of ours.
static volatile bool counting;
static volatile unsigned int calls;

void *malloc(size_t n)
{
	calls += counting;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	calls += counting;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	calls += counting;
	return __libc_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
	calls += counting;
	return __libc_memalign(align, n);
}

int posix_memalign(void **out, size_t align, size_t n)
{
	calls += counting;
	*out = __libc_memalign(align, n);
	return *out != NULL ? 0 : ENOMEM;
}

void free(void *p)
{
	calls += counting;
	__libc_free(p);
}

static const uint8_t suites[] = {DP_SRTP_NONE, DP_SRTP_AES_CM_128_HMAC_SHA1_80,
	DP_SRTP_AES_CM_128_HMAC_SHA1_32, DP_SRTP_AEAD_AES_128_GCM, DP_SRTP_AEAD_AES_256_GCM,
	DP_SRTP_AES_256_CM_HMAC_SHA1_80};
#define SUITES (sizeof(suites) / sizeof(suites[0]))

static void stage(struct pkts *v)
{
	counting = true;
	media_stage(&w, v);
	media_turn(&w);
	counting = false;
	rte_pktmbuf_free_bulk(v->m, v->n);
	rte_pktmbuf_free_bulk(w.dropped.m, w.dropped.n);
	w.dropped.n = 0;
}

static void fill(struct pkts *v, const struct dp_msg *s, struct peer *p, uint16_t seq)
{
	uint8_t pkt[256];

	v->n = 0;
	for (unsigned int i = 0; i < SUITES; i++) {
		enum rtpsec_kind kind = seq % 16 == i ? RTPSEC_RTCP : RTPSEC_RTP;
		size_t n = kind == RTPSEC_RTCP ? rtcp(pkt, SSRC) : rtp(pkt, SSRC, seq);

		if (suites[i] != DP_SRTP_NONE)
			peer_seal(&p[i], kind, pkt, &n);
		pkt[n - 1] ^= 1;
		pkts_add(v, from(&s[i], OUTSIDE, pkt, n)); // a forged one first
		pkt[n - 1] ^= 1;
		pkts_add(v, from(&s[i], OUTSIDE, pkt, n));
		pkts_add(v, rtp_from(&s[i], INSIDE, seq));
	}
}

// Every suite, both directions, RTCP, forged packets, latch, gate, a key that ends, and settings
// that come into force.
static void test_no_heap(void **state)
{
	struct dp_msg s[SUITES], down;
	struct peer p[SUITES];
	void *volatile piece;
	unsigned int owner;
	struct pkts v;

	for (uint32_t i = 0; i < SUITES; i++) {
		struct dp_media_leg *o;

		s[i] = stream_msg(i);
		o = &s[i].media.leg[OUTSIDE];
		s[i].media.rtcp = o->rtcp_mux = s[i].media.leg[INSIDE].rtcp_mux = true;
		o->suite = suites[i];
		o->latch = o->tx_awaits_rx = suites[i] != DP_SRTP_NONE;
		o->rx_lifetime = suites[i] != DP_SRTP_NONE ? 300 : 0;
		send_ok(&s[i]);
		if (suites[i] != DP_SRTP_NONE)
			peer_init(&p[i], &s[i], OUTSIDE);
	}
	for (uint16_t seq = 0; seq < 400; seq++) {
		fill(&v, s, p, seq);
		stage(&v);
		s[seq % SUITES].media.leg[INSIDE].remote.port += 2;
		assert_int_equal(media_ctl_send(&s[seq % SUITES], &down, &owner), 0);
		counting = true;
		media_msg(&w, &down);
		counting = false;
	}
	assert_int_equal(calls, 0);
	assert_true(grown(COUNT_MEDIA_OPENED) > 1000 && grown(COUNT_MEDIA_SEALED) > 1000);
	assert_true(grown(COUNT_MEDIA_RTCP_RELAYED) > 50 && grown(DROP_MEDIA_AUTH) > 1000);
	assert_true(grown(DROP_MEDIA_KEY_USED_UP) > 100);
	n_up = 0;
	for (uint32_t i = 0; i < SUITES; i++) {
		if (suites[i] != DP_SRTP_NONE)
			peer_fini(&p[i]);
		del(i);
	}
	counting = true; // the counter counts
	piece = malloc(1);
	free(piece);
	counting = false;
	assert_int_equal(calls, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEDIA_TEST(test_no_heap),
	};
	return cmocka_run_group_tests(tests, media_env_start, media_env_stop);
}
