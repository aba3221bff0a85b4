// SPDX-License-Identifier: BSD-3-Clause
// RTP of every shape through a whole worker, from frame to frame, both ways: CSRC lists, header
// extensions (RFC 3550 5.3.1, RFC 8285) and padding, in clear and with every suite. What comes out
// is compared octet by octet, and opened by the oracle (test/unit/srtp_oracle.h).
#include "test/dp/harness.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include "dp/media.h"
#include "dp/media_ctl.h"
#include "test/unit/srtp_oracle.h"

#define HEADERS (14 + 20 + 8)
#define STREAM  3
#define LOCAL   20000
#define REMOTE  30000
#define NO_EXT  (-1)

static const char *const locals[] = {[OUTSIDE] = "209.165.200.229", [INSIDE] = "192.168.10.3"};
static const char *const remotes[] = {[OUTSIDE] = FAR, [INSIDE] = HOST_IN};
static const struct shape {
	const char *name;
	uint8_t csrcs;
	int ext; // words of the extension
	uint16_t profile;
	uint16_t payload;
	uint8_t padding;
	bool marker;
} shapes[] = {
	{"bare", 0, NO_EXT, 0, 160, 0, false},
	{"marker", 0, NO_EXT, 0, 160, 0, true},
	{"one CSRC", 1, NO_EXT, 0, 160, 0, false},
	{"all CSRCs", 15, NO_EXT, 0, 160, 0, false},
	{"empty extension", 0, 0, 0xbede, 160, 0, false},
	{"one-byte headers", 0, 1, 0xbede, 160, 0, false},
	{"two-byte headers", 0, 3, 0x1000, 160, 0, false},
	{"long extension", 0, 200, 0xbede, 160, 0, false},
	{"padding", 0, NO_EXT, 0, 157, 3, false},
	{"most padding", 0, NO_EXT, 0, 1, 255, false},
	{"nothing but padding", 0, NO_EXT, 0, 0, 4, false},
	{"no payload", 0, NO_EXT, 0, 0, 0, false},
	{"no payload behind an extension", 2, 2, 0xbede, 0, 0, false},
	{"all of it", 15, 9, 0x1000, 1000, 20, true},
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

// The remotes' contexts: what each seals, and what it opens.
struct remote {
	struct srtp_oracle seal, open;
};
static struct dp_msg stream;
static struct remote remote[HARNESS_IFACES];
static uint8_t keys; // made so far: each is another one

// ---- Packets -----------------------------------------------------------------------------------

static size_t put_octets(uint8_t *p, size_t n, uint8_t seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(seed + i * 13);
	return n;
}

static size_t put_extension(uint8_t *p, const struct shape *s)
{
	const uint8_t head[4] = {
		(uint8_t)(s->profile >> 8), (uint8_t)s->profile, 0, (uint8_t)s->ext};

	memcpy(p, head, 4);
	return 4 + put_octets(p + 4, 4 * (size_t)s->ext, 0x31);
}

static size_t packet(uint8_t *p, const struct shape *s, unsigned int leg, uint16_t seq)
{
	const uint8_t fixed[12] = {(uint8_t)(0x80 | (s->padding != 0 ? 0x20 : 0) |
					   (s->ext != NO_EXT ? 0x10 : 0) | s->csrcs),
		(uint8_t)(s->marker ? 0x80 : 0), (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0,
		(uint8_t)seq, 0, 0xca, 0xfe, 0, (uint8_t)leg};
	size_t n = sizeof(fixed);

	memcpy(p, fixed, n);
	n += put_octets(p + n, 4 * (size_t)s->csrcs, 0x77);
	if (s->ext != NO_EXT)
		n += put_extension(p + n, s);
	n += put_octets(p + n, s->payload, (uint8_t)seq);
	memset(p + n, 0, s->padding);
	n += s->padding;
	if (s->padding != 0)
		p[n - 1] = s->padding;
	return n;
}

static struct rte_mbuf *frame_of(unsigned int leg, const uint8_t *p, size_t n)
{
	const struct flow f = flow(PROTO_UDP, remotes[leg], REMOTE, locals[leg], LOCAL);
	uint8_t frame[FRAME_MAX];
	size_t len = frame_make(frame, (uint16_t)leg, &f, 0, n);
	struct rte_ipv4_hdr *ip4 = (struct rte_ipv4_hdr *)(frame + 14);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip4 + 1);

	assert_int_equal(len, HEADERS + n);
	memcpy(frame + HEADERS, p, n);
	udp->dgram_cksum = 0;
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip4, udp);
	return buffer_of(frame, len);
}

// Takes `n` octets from the remote of `leg` to the other one, and gives what that one gets.
static size_t carried(unsigned int leg, const uint8_t *p, size_t n, uint8_t *out)
{
	const unsigned int to = !leg;
	const struct flow want = flow(PROTO_UDP, locals[to], LOCAL, remotes[to], REMOTE);
	struct rte_mbuf *m = frame_of(leg, p, n);
	uint8_t frame[FRAME_MAX];
	struct flow got;
	size_t len;

	harness_in((uint16_t)leg, &m, 1);
	len = harness_out((uint16_t)to, frame);
	assert_true(len >= HEADERS);
	assert_true(frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_flow(&got, &want);
	memcpy(out, frame + HEADERS, len - HEADERS);
	return len - HEADERS;
}

// ---- The stream --------------------------------------------------------------------------------

static void leg_fill(unsigned int i, uint8_t suite)
{
	struct dp_media_leg *l = &stream.media.leg[i];

	*l = (struct dp_media_leg){.iface = (uint16_t)i,
		.local = ep(locals[i], LOCAL),
		.remote = ep(remotes[i], REMOTE),
		.suite = suite,
		.rx_allowed = true,
		.tx_allowed = true};
	put_octets(l->rx_key, sizeof(l->rx_key), keys++);
	put_octets(l->tx_key, sizeof(l->tx_key), keys++);
	if (suite == DP_SRTP_NONE)
		return;
	srtp_oracle_init_suite(&remote[i].seal, suite, l->rx_key);
	srtp_oracle_init_suite(&remote[i].open, suite, l->tx_key);
}

static void to_worker(const struct dp_msg *m)
{
	struct dp_msg down;
	unsigned int owner;

	assert_int_equal(media_ctl_send(m, &down, &owner), 0);
	media_msg(h.w, &down);
}

static void set(uint8_t outside, uint8_t inside)
{
	stream = (struct dp_msg){.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_SET};
	stream.media.stream = STREAM;
	stream.media.clock_hz = 8000;
	stream.media.pts[0] = 1;
	leg_fill(OUTSIDE, outside);
	leg_fill(INSIDE, inside);
	to_worker(&stream);
}

// ---- Tests -------------------------------------------------------------------------------------

static void cross(const struct shape *s, unsigned int leg, uint16_t seq)
{
	const uint8_t suite[2] = {stream.media.leg[leg].suite, stream.media.leg[!leg].suite};
	uint8_t plain[FRAME_MAX], sent[FRAME_MAX], got[FRAME_MAX];
	const size_t n_plain = packet(plain, s, leg, seq);
	const size_t header = n_plain - s->payload - s->padding;
	size_t n_sent = n_plain, n;

	memcpy(sent, plain, n_plain);
	if (suite[0] != DP_SRTP_NONE)
		assert_int_equal(srtp_oracle_seal(&remote[leg].seal, sent, &n_sent), ORACLE_OK);
	n = carried(leg, sent, n_sent, got);
	if (suite[1] != DP_SRTP_NONE) {
		assert_int_equal(n, n_plain + remote[!leg].open.tag_len);
		assert_memory_equal(got, plain, header); // RFC 3711 3.1: in clear
		assert_int_equal(srtp_oracle_open(&remote[!leg].open, got, &n), ORACLE_OK);
	}
	assert_int_equal(n, n_plain);
	assert_memory_equal(got, plain, n);
}

static void cross_all(uint8_t outside, uint8_t inside)
{
	uint16_t seq = 65500; // over a wrap

	set(outside, inside);
	for (unsigned int lap = 0; lap < 3; lap++)
		for (unsigned int i = 0; i < SHAPES; i++) {
			cross(&shapes[i], OUTSIDE, seq);
			cross(&shapes[i], INSIDE, seq++);
		}
	assert_int_equal(counted(DROP_MEDIA_MALFORMED), 0);
}

// RTP-2: nothing of a packet changes but what SRTP does to it.
static void test_rtp2_shapes(void **state)
{
	for (uint8_t suite = DP_SRTP_NONE; suite < DP_SRTP_SUITES; suite++) {
		cross_all(suite, DP_SRTP_NONE);
		cross_all(suite, DP_SRTP_AEAD_AES_128_GCM);
	}
}

// SRTP-3: whatever its shape, a packet that passes through is authenticated and stays as it came.
static void test_srtp3_shapes(void **state)
{
	for (uint8_t suite = DP_SRTP_NONE + 1; suite < DP_SRTP_SUITES; suite++) {
		set(suite, suite);
		stream.media.passthrough = true;
		to_worker(&stream);
		for (unsigned int i = 0; i < 2 * SHAPES; i++) {
			const struct shape *s = &shapes[i / 2];
			uint8_t sent[FRAME_MAX], got[FRAME_MAX];
			size_t n = packet(sent, s, i % 2, (uint16_t)i);

			assert_int_equal(
				srtp_oracle_seal(&remote[i % 2].seal, sent, &n), ORACLE_OK);
			assert_int_equal(carried(i % 2, sent, n, got), n);
			assert_memory_equal(got, sent, n);
		}
	}
}

// RTP-5: what says that it is longer than it is.
static void test_rtp5_lies(void **state)
{
	static const struct {
		const char *name;
		uint8_t first, words_hi, words_lo, padding;
		size_t n;
	} lies[] = {
		{"CSRCs that are not there", 0x8f, 0, 0, 1, 12 + 59},
		{"no room for an extension's head", 0x90, 0, 0, 1, 12 + 3},
		{"an extension longer than the packet", 0x90, 0, 40, 1, 12 + 160},
		{"the longest extension", 0x90, 0xff, 0xff, 1, 12 + 160},
		{"CSRCs, and an extension behind them that is too long", 0x9f, 1, 0, 1, 12 + 160},
		{"more padding than payload", 0xa0, 0, 0, 161, 12 + 160},
		{"padding of no octets", 0xa0, 0, 0, 0, 12 + 160},
		{"padding that reaches into the extension", 0xb0, 0, 39, 5, 12 + 160},
	};

	for (unsigned int i = 0; i < 2 * sizeof(lies) / sizeof(lies[0]); i++) {
		const bool srtp = i % 2 != 0;
		uint8_t p[256] = {0};
		struct rte_mbuf *m;
		size_t at, n = lies[i / 2].n;

		set(DP_SRTP_AES_CM_128_HMAC_SHA1_80, DP_SRTP_NONE);
		packet(p, &shapes[0], srtp ? OUTSIDE : INSIDE, 7);
		p[0] = lies[i / 2].first;
		at = 12 + 4 * (size_t)(p[0] & 15);
		p[at + 2] = lies[i / 2].words_hi;
		p[at + 3] = lies[i / 2].words_lo;
		p[n - 1] = lies[i / 2].padding;
		if (srtp && (p[0] & 0x20) != 0) // its header is whole, so that it can be sealed
			assert_int_equal(srtp_oracle_seal(&remote[OUTSIDE].seal, p, &n), ORACLE_OK);
		else if (srtp)
			n += 10;
		m = frame_of(srtp ? OUTSIDE : INSIDE, p, n);
		harness_in(srtp ? OUTSIDE : INSIDE, &m, 1);
		if (counted(DROP_MEDIA_MALFORMED) != i + 1)
			fail_msg("%s: %s", srtp ? "SRTP" : "RTP", lies[i / 2].name);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rtp2_shapes),
		TEST(srtp3_shapes),
		TEST(rtp5_lies),
	};
	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
