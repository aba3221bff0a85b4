// SPDX-License-Identifier: BSD-3-Clause
// MEDIA_STEADY, by which a packet in the middle of a call is judged in one comparison: each MEDIA_SET
// that takes back what the comparison stands for, with the packet that would be judged wrongly if the
// flag stayed (dp/media_pkt.h, RTP-1, RTP-5); and bursts in which packets of both kinds follow each other.
#include "test/dp/media_env.h"

#include "dp/media_state.h"

#define PACKETS 3 // until both flows are steady

static struct dp_msg s; // the stream's setting
static struct peer p;   // its remote outside

static bool is_steady(unsigned int leg)
{
	uint64_t negotiated[2];

	return (media_ctl_stream(0, negotiated)->flow[leg].flags & MEDIA_STEADY) != 0;
}

static struct rte_mbuf *outside(uint32_t ssrc, uint16_t seq)
{
	uint8_t pkt[256];
	size_t n = rtp(pkt, ssrc, seq);

	peer_seal(&p, RTPSEC_RTP, pkt, &n);
	return from(&s, OUTSIDE, pkt, n);
}

static struct rte_mbuf *inside(uint32_t ssrc, uint16_t seq)
{
	uint8_t pkt[256];

	return from(&s, INSIDE, pkt, rtp(pkt, ssrc, seq));
}

static void talk(uint16_t seq)
{
	for (uint16_t i = 0; i < PACKETS; i++) {
		assert_true(passes(outside(SSRC + OUTSIDE, seq + i)));
		assert_true(passes(inside(SSRC + INSIDE, seq + i)));
	}
	assert_true(is_steady(OUTSIDE) && is_steady(INSIDE));
}

static void begin(void)
{
	s = stream_msg(0);
	send_ok(&s);
	peer_init(&p, &s, OUTSIDE);
	talk(0);
}

static void end(void)
{
	peer_fini(&p);
	del(0);
}

// ---- What may no longer pass -------------------------------------------------------------------

static void outside_on_hold(void)
{
	s.media.leg[OUTSIDE].rx_allowed = false;
}

static void inside_on_hold(void)
{
	s.media.leg[INSIDE].rx_allowed = false;
}

static void nothing_to_outside(void)
{
	s.media.leg[OUTSIDE].tx_allowed = false;
}

static void nothing_to_inside(void)
{
	s.media.leg[INSIDE].tx_allowed = false;
}

static void inside_unreachable(void)
{
	s.media.leg[INSIDE].remote.ip = ep("224.0.0.5", 1).ip;
}

static void other_codec(void)
{
	s.media.pts[0] = 1 << 8;
}

// A new remote outside has to speak before it hears anything.
static void gate_shut(void)
{
	s.media.leg[OUTSIDE].tx_awaits_rx = true;
	s.media.leg[OUTSIDE].remote.port += 2;
}

static void test_may_not_pass(void **state)
{
	static const struct {
		const char *what;
		void (*change)(void);
		unsigned int from;
		enum dp_counter_id reason;
	} t[] = {
		{"hold outside", outside_on_hold, OUTSIDE, DROP_MEDIA_DIRECTION},
		{"hold inside", inside_on_hold, INSIDE, DROP_MEDIA_DIRECTION},
		{"sendonly outside", nothing_to_outside, INSIDE, DROP_MEDIA_DIRECTION},
		{"sendonly inside", nothing_to_inside, OUTSIDE, DROP_MEDIA_DIRECTION},
		{"no host inside", inside_unreachable, OUTSIDE, DROP_MEDIA_DIRECTION},
		{"codec, outside", other_codec, OUTSIDE, DROP_MEDIA_PT},
		{"codec, inside", other_codec, INSIDE, DROP_MEDIA_PT},
		{"gate", gate_shut, INSIDE, DROP_MEDIA_WAITING},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const uint64_t before = grown(t[i].reason);
		bool out;

		begin();
		t[i].change();
		send_ok(&s);
		out = passes(t[i].from == OUTSIDE ? outside(SSRC, PACKETS)
						  : inside(SSRC + INSIDE, PACKETS));
		if (out || grown(t[i].reason) != before + 1)
			fail_msg("%s: %s", t[i].what, out ? "passes" : "another reason");
		end();
	}
}

// ---- What has to be seen -----------------------------------------------------------------------

// A new key is a new party: its packet must be looked at, or it could never open the gate again, for
// what it says of itself is what the one before it said.
static void test_new_key_proves(void **state)
{
	begin();
	peer_fini(&p);
	s.media.leg[OUTSIDE].tx_awaits_rx = true;
	key_fill(s.media.leg[OUTSIDE].rx_key, 81);
	send_ok(&s);
	peer_init(&p, &s, OUTSIDE);
	expect_drop(inside(SSRC + INSIDE, PACKETS), DROP_MEDIA_WAITING);
	assert_true(passes(outside(SSRC + OUTSIDE, 0)));
	assert_true(passes(inside(SSRC + INSIDE, PACKETS + 1)));
	end();
}

// And its source is one of the MEDIA_SSRCS that it may show.
static void test_new_remote_counts_sources(void **state)
{
	begin();
	s.media.leg[INSIDE].remote.port += 2;
	send_ok(&s);
	for (uint32_t i = 0; i < MEDIA_SSRCS; i++)
		assert_true(passes(inside(SSRC + INSIDE + i, PACKETS)));
	expect_drop(inside(SSRC + INSIDE + MEDIA_SSRCS, PACKETS), DROP_MEDIA_SSRCS);
	end();
}

// A stream that has gone leaves nothing to the next with its number.
static void test_next_stream(void **state)
{
	begin();
	end();
	s = stream_msg(0);
	s.media.leg[INSIDE].rx_allowed = false;
	send_ok(&s);
	expect_drop(inside(SSRC + INSIDE, PACKETS), DROP_MEDIA_DIRECTION);
	del(0);
}

// ---- What the comparison itself has to see -----------------------------------------------------

// Without any message: a packet that is not as the one before, in a steady flow.
static void test_not_as_before(void **state)
{
	const struct endpoint stranger = ep("192.168.10.51", 30000);
	uint8_t pkt[256];
	size_t n = rtp(pkt, SSRC + INSIDE, 9);
	struct rte_mbuf *m;

	begin();
	expect_drop(frame(1, stranger, s.media.leg[INSIDE].local, pkt, n), DROP_MEDIA_SOURCE);
	pkt[1] = 33;
	expect_drop(from(&s, INSIDE, pkt, n), DROP_MEDIA_PT);
	pkt[1] = 0;
	pkt[0] = 0xa0; // padding: more of it than there is
	pkt[n - 1] = 255;
	expect_drop(from(&s, INSIDE, pkt, n), DROP_MEDIA_MALFORMED);
	pkt[0] = 0x40; // version 1
	expect_drop(from(&s, INSIDE, pkt, n), DROP_MEDIA_MALFORMED);
	pkt[0] = 0x9f; // CSRC list, and an extension that is not there
	expect_drop(from(&s, INSIDE, pkt, 12 + 60), DROP_MEDIA_MALFORMED);
	m = inside(SSRC + INSIDE, 9);
	pkt_payload(m)[20] ^= 1;
	expect_drop(m, DROP_L4_CHECKSUM);
	m = outside(SSRC + OUTSIDE, 9);
	pkt_payload(m)[20] ^= 1;
	expect_drop(m, DROP_MEDIA_AUTH);
	talk(10); // none of them has changed anything
	end();
}

// RFC 5761 4: the same payload type with a marker is RTCP.
static void test_looks_like_rtcp(void **state)
{
	uint8_t pkt[256];
	size_t n;

	begin();
	s.media.pts[1] |= 1 << (70 - 64);
	send_ok(&s);
	talk(PACKETS);
	for (uint16_t i = 0; i < 3; i++) {
		n = rtp(pkt, SSRC + INSIDE, 2 * PACKETS + i);
		pkt[1] = 70;
		assert_true(passes(from(&s, INSIDE, pkt, n)));
		assert_false(is_steady(INSIDE));
		pkt[1] |= 0x80;
		expect_drop(from(&s, INSIDE, pkt, n), DROP_MEDIA_RTCP);
	}
	talk(3 * PACKETS);
	end();
}

// RTP that comes to the RTCP port is not RTP, whoever sends it.
static void test_other_port(void **state)
{
	struct endpoint above;
	uint8_t pkt[256];
	size_t n = rtp(pkt, SSRC + INSIDE, PACKETS);

	begin();
	s.media.rtcp = true;
	s.media.leg[INSIDE].remote_rtcp = s.media.leg[INSIDE].remote;
	send_ok(&s);
	talk(PACKETS);
	above = s.media.leg[INSIDE].local;
	above.port++;
	expect_drop(frame(1, s.media.leg[INSIDE].remote, above, pkt, n), DROP_MEDIA_MALFORMED);
	end();
}

// A header with an extension is as good as one without, once its length is known to be right.
static void test_extension(void **state)
{
	uint8_t pkt[256];
	size_t n = rtp(pkt, SSRC + INSIDE, PACKETS);

	begin();
	pkt[0] = 0x90;
	pkt[14] = 0;
	pkt[15] = 39; // words: all of the payload but what announces them
	assert_true(passes(from(&s, INSIDE, pkt, n)));
	rtp(pkt, SSRC + INSIDE, PACKETS + 1);
	pkt[0] = 0x90;
	pkt[14] = 0;
	pkt[15] = 38;
	assert_true(passes(from(&s, INSIDE, pkt, n)));
	pkt[15] = 40;
	expect_drop(from(&s, INSIDE, pkt, n), DROP_MEDIA_MALFORMED);
	end();
}

// ---- Within a burst ----------------------------------------------------------------------------

// Both ways at once: what is sealed, and what is not, go on in order of arrival, and what the seal
// refuses leaves no gap.
static void test_order(void **state)
{
	static const struct {
		unsigned int leg;
		uint16_t seq;
		bool refused;
	} t[] = {{INSIDE, 3, false}, {OUTSIDE, 3, false}, {INSIDE, 3, true}, {INSIDE, 4, false},
		{OUTSIDE, 4, false}, {INSIDE, 4, true}, {INSIDE, 3, true}, {OUTSIDE, 5, false},
		{INSIDE, 5, false}};
	const uint64_t sealed = grown(COUNT_MEDIA_SEALED), opened = grown(COUNT_MEDIA_OPENED);
	struct pkts v = {.n = 0};
	unsigned int n = 0;

	begin();
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		pkts_add(&v,
			t[i].leg == OUTSIDE ? outside(SSRC + OUTSIDE, t[i].seq)
					    : inside(SSRC + INSIDE, t[i].seq));
	media_stage(&w, &v);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (t[i].refused)
			continue;
		assert_true(n < v.n);
		assert_int_equal(rtp_be16(pkt_payload(v.m[n]) + 2), t[i].seq);
		check_out(&s, t[i].leg ^ 1, v.m[n], RTP_LEN + (t[i].leg == INSIDE ? 10 : 0));
		n++;
	}
	assert_int_equal(v.n, n);
	rte_pktmbuf_free_bulk(v.m, v.n);
	assert_int_equal(grown(DROP_MEDIA_REPLAY), 3);
	assert_int_equal(grown(COUNT_MEDIA_SEALED) - sealed, PACKETS + 3);
	assert_int_equal(grown(COUNT_MEDIA_OPENED) - opened, PACKETS + 3);
	assert_int_equal(leg_stats(0, INSIDE).rx_replayed, 3);
	end();
}

static void two_at_once(struct rte_mbuf *one, struct rte_mbuf *two)
{
	struct pkts v = {.n = 2, .m = {one, two}};

	media_stage(&w, &v);
	assert_int_equal(v.n, 2);
	rte_pktmbuf_free_bulk(v.m, v.n);
}

// A packet that was as the one before when it came is so no more when it is committed.
static void test_other_between(void **state)
{
	const struct media_flow *f;
	uint64_t negotiated[2];
	uint8_t pkt[256];
	size_t n = rtp(pkt, SSRC + INSIDE, PACKETS);

	begin();
	f = &media_ctl_stream(0, negotiated)->flow[INSIDE];
	pkt[1] = 101;
	two_at_once(from(&s, INSIDE, pkt, n), inside(SSRC + INSIDE, PACKETS + 1));
	assert_int_equal(f->last_pt, 0);
	two_at_once(inside(SSRC + INSIDE + 7, 700), inside(SSRC + INSIDE, 701));
	assert_int_equal(f->stats.ssrc, SSRC + INSIDE);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEDIA_TEST(test_may_not_pass),
		MEDIA_TEST(test_new_key_proves),
		MEDIA_TEST(test_new_remote_counts_sources),
		MEDIA_TEST(test_next_stream),
		MEDIA_TEST(test_not_as_before),
		MEDIA_TEST(test_looks_like_rtcp),
		MEDIA_TEST(test_other_port),
		MEDIA_TEST(test_extension),
		MEDIA_TEST(test_order),
		MEDIA_TEST(test_other_between),
	};
	return cmocka_run_group_tests(tests, media_env_start, media_env_stop);
}
