// SPDX-License-Identifier: BSD-3-Clause
// Random packets of all suites through contexts of ours, in bursts of 1 to 64, and through two other
// implementations one by one: libsrtp2, and the oracle that stands on OpenSSL's EVP alone. What is
// sealed must be the same octets, and what is opened the same verdicts and octets. On the way
// packets are lost, reordered, doubled and forged; sequence numbers and ROCs wrap.
//
// A quarter of a million packets with each engine, under sanitizers a fifth of that;
// RTPSEC_PACKETS=n sets another number (`tools/test --long`: a million).
#include "test/unit/rtpsec_rig.h"

#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/srtp_oracle.h"

#define PAIRS   10  // of each suite two
#define FLIGHT  256 // packets on their way
#define PKT     1024
#define SOURCES 18 // two more than a context takes
#define BURST   64
#define ENOUGH  250000 // packets that every verdict is among
#ifdef RIG_ASAN
#define PACKETS (ENOUGH / 5)
#else
#define PACKETS ENOUGH
#endif

// One side of a pair as the references see it.
struct reference {
	struct srtp_oracle rtp[RTPSEC_SSRCS_MAX], rtcp[RTPSEC_SSRCS_MAX];
	uint32_t rtp_ssrc[RTPSEC_SSRCS_MAX], rtcp_ssrc[RTPSEC_SSRCS_MAX];
	size_t n_rtp, n_rtcp;
	srtp_t libsrtp; // NULL: it cannot do the suite
};

struct pair {
	uint8_t suite, master[DP_SRTP_KEY_LEN];
	struct rtpsec *tx, *rx;
	struct reference sender, receiver;
	uint64_t next[SOURCES]; // index
};

struct flight {
	struct pair *pair;
	uint8_t kind, octets[PKT];
	size_t len;
};

static struct pair pairs[PAIRS];
static struct flight flights[FLIGHT];
static size_t n_flights, verdicts[8], by_libsrtp;
static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 16) % n);
}

static bool chance(uint32_t one_in)
{
	return random_below(one_in) == 0;
}

// ---- The references ----------------------------------------------------------------------------

static srtp_t libsrtp_new(uint8_t suite, const uint8_t *master, bool inbound)
{
	static void (*const set[DP_SRTP_SUITES])(srtp_crypto_policy_t *) = {
		[DP_SRTP_AES_CM_128_HMAC_SHA1_80] = srtp_crypto_policy_set_rtp_default,
		[DP_SRTP_AES_CM_128_HMAC_SHA1_32] = srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
		[DP_SRTP_AEAD_AES_128_GCM] = srtp_crypto_policy_set_aes_gcm_128_16_auth,
		[DP_SRTP_AEAD_AES_256_GCM] = srtp_crypto_policy_set_aes_gcm_256_16_auth,
		[DP_SRTP_AES_256_CM_HMAC_SHA1_80] = srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	};
	srtp_policy_t policy = {.window_size = RTPSEC_WINDOW};
	uint8_t key[DP_SRTP_KEY_LEN];
	srtp_t s = NULL;

	set[suite](&policy.rtp);
	if (suite == DP_SRTP_AES_CM_128_HMAC_SHA1_32)
		srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
	else
		set[suite](&policy.rtcp);
	memcpy(key, master, sizeof(key));
	policy.key = key;
	policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
	return srtp_create(&s, &policy) == srtp_err_status_ok ? s : NULL;
}

static int libsrtp_verdict(srtp_err_status_t s)
{
	switch (s) {
	case srtp_err_status_ok:
		return RTPSEC_OK;
	case srtp_err_status_replay_fail:
		return RTPSEC_REPLAYED;
	case srtp_err_status_replay_old:
		return RTPSEC_LATE;
	default:
		return RTPSEC_AUTH_FAILED;
	}
}

// `copy` is what libsrtp2 made of the packet, `p` what the oracle did.
static void libsrtp_agrees(srtp_err_status_t s, int verdict, const uint8_t *copy, size_t len,
	const uint8_t *p, size_t n)
{
	by_libsrtp++;
	assert_int_equal(libsrtp_verdict(s), verdict);
	if (verdict == RTPSEC_OK) {
		assert_int_equal(len, n);
		assert_memory_equal(copy, p, n);
	}
}

static uint32_t ssrc_of(const uint8_t *p, unsigned int kind)
{
	const uint8_t *s = p + (kind == RTPSEC_RTP ? 8 : 4);

	return (uint32_t)s[0] << 24 | (uint32_t)s[1] << 16 | (uint32_t)s[2] << 8 | s[3];
}

// Whether the header fits into the `n` octets before the trailer (RFC 3550 5.1).
static bool is_whole(const uint8_t *p, long n, unsigned int kind)
{
	long need = kind == RTPSEC_RTP ? 12 : 8;

	if (n < need || p[0] >> 6 != 2)
		return false;
	if (kind == RTPSEC_RTCP)
		return true;
	need += 4 * (p[0] & 15);
	if ((p[0] & 16) != 0) {
		if (n < need + 4)
			return false;
		need += 4 + 4 * (p[need + 2] << 8 | p[need + 3]);
	}
	return n >= need;
}

// The oracle of a source, which is new if it is behind the last one; NULL: there is no room.
static struct srtp_oracle *oracle_of(
	struct reference *r, const struct pair *pair, unsigned int kind, uint32_t ssrc, size_t *at)
{
	struct srtp_oracle *o = kind == RTPSEC_RTP ? r->rtp : r->rtcp;
	uint32_t *ssrcs = kind == RTPSEC_RTP ? r->rtp_ssrc : r->rtcp_ssrc;
	size_t n = kind == RTPSEC_RTP ? r->n_rtp : r->n_rtcp;

	for (*at = 0; *at < n; ++*at)
		if (ssrcs[*at] == ssrc)
			return &o[*at];
	if (n == RTPSEC_SSRCS_MAX)
		return NULL;
	ssrcs[n] = ssrc;
	srtp_oracle_init_suite(&o[n], pair->suite, pair->master);
	return &o[n];
}

static void accepted(struct reference *r, unsigned int kind, size_t at)
{
	size_t *n = kind == RTPSEC_RTP ? &r->n_rtp : &r->n_rtcp;

	if (at == *n)
		++*n;
}

// What must become of a packet that is sealed; `p` is sealed in place.
static int reference_seal(struct pair *pair, unsigned int kind, uint8_t *p, size_t *n)
{
	struct reference *r = &pair->sender;
	uint8_t copy[PKT];
	int len = (int)*n, verdict = RTPSEC_OK;
	struct srtp_oracle *o;
	bool first;
	size_t at;

	o = oracle_of(r, pair, kind, ssrc_of(p, kind), &at);
	if (o == NULL)
		return RTPSEC_SSRCS;
	first = kind == RTPSEC_RTCP && o->rtcp_next == 0;
	memcpy(copy, p, *n);
	if (kind == RTPSEC_RTP)
		verdict = (int)srtp_oracle_seal(o, p, n);
	else
		srtp_oracle_seal_rtcp(o, p, n);
	if (verdict == RTPSEC_OK)
		accepted(r, kind, at);
	// libsrtp2 begins with index 1, so it does not seal the first report.
	if (r->libsrtp != NULL && !first) {
		srtp_err_status_t s = kind == RTPSEC_RTP
			? srtp_protect(r->libsrtp, copy, &len)
			: srtp_protect_rtcp(r->libsrtp, copy, &len);

		libsrtp_agrees(s, verdict, copy, (size_t)len, p, *n);
	}
	return verdict;
}

static size_t trailer_of(const struct pair *pair, unsigned int kind)
{
	size_t tag = rig_tag_len(pair->suite);

	return kind == RTPSEC_RTP ? tag : 4 + (tag == 16 ? 16 : 10);
}

// The same of one that is opened. It has no MKI here.
static int reference_open(struct pair *pair, unsigned int kind, uint8_t *p, size_t *n)
{
	struct reference *r = &pair->receiver;
	uint8_t copy[PKT];
	int len = (int)*n, verdict;
	struct srtp_oracle *o;
	bool clear;
	size_t at;

	if (!is_whole(p, (long)*n - (long)trailer_of(pair, kind), kind))
		return RTPSEC_MALFORMED;
	o = oracle_of(r, pair, kind, ssrc_of(p, kind), &at);
	if (o == NULL)
		return RTPSEC_SSRCS;
	// libsrtp2 refuses a report that says it is not encrypted.
	clear = kind == RTPSEC_RTCP &&
		(p[*n - (rig_tag_len(pair->suite) == 16 ? 4 : 14)] & 128) == 0;
	memcpy(copy, p, *n);
	verdict = (int)(kind == RTPSEC_RTP ? srtp_oracle_open(o, p, n)
					   : srtp_oracle_open_rtcp(o, p, n));
	if (verdict == RTPSEC_OK)
		accepted(r, kind, at);
	if (r->libsrtp != NULL && !clear) {
		srtp_err_status_t s = kind == RTPSEC_RTP
			? srtp_unprotect(r->libsrtp, copy, &len)
			: srtp_unprotect_rtcp(r->libsrtp, copy, &len);

		libsrtp_agrees(s, verdict, copy, (size_t)len, p, *n);
	}
	return verdict;
}

// ---- Packets -----------------------------------------------------------------------------------

static void set_ssrc(uint8_t *p, size_t source)
{
	p[0] = 0xca;
	p[1] = 0xfe;
	p[2] = (uint8_t)(source * 31);
	p[3] = (uint8_t)source;
}

// Mostly the next number, sometimes one of the last 160, sometimes a leap.
static uint16_t random_seq(struct pair *pair, size_t source)
{
	uint64_t *next = &pair->next[source];

	if (chance(16) && *next > 200)
		return (uint16_t)(*next - random_below(160));
	if (chance(2048))
		*next += 0x7fff + random_below(3); // as far ahead as behind
	else
		*next += chance(64) ? random_below(chance(4) ? 32000 : 200) : 1;
	return (uint16_t)*next;
}

static size_t random_packet(struct pair *pair, unsigned int kind, uint8_t *p)
{
	// A few speak most of the time.
	size_t source = random_below(chance(64) ? SOURCES : 3), n = kind == RTPSEC_RTP ? 12 : 8;

	memset(p, 0, 12);
	p[0] = 0x80;
	if (kind == RTPSEC_RTCP) {
		p[1] = (uint8_t)(200 + random_below(5));
		set_ssrc(p + 4, source);
	} else {
		uint16_t seq = random_seq(pair, source);
		unsigned int cc = chance(4) ? random_below(16) : 0;

		p[0] = (uint8_t)(0x80 | cc | (chance(8) ? 0x20 : 0)); // padding is the payload's
		p[1] = (uint8_t)random_below(256);
		p[2] = (uint8_t)(seq >> 8);
		p[3] = (uint8_t)seq;
		set_ssrc(p + 8, source);
		n += 4 * cc;
		memset(p + 12, 0x77, 4 * cc);
		if (chance(4)) {
			uint8_t words = (uint8_t)random_below(9);

			p[0] |= 0x10;
			memcpy(p + n, (uint8_t[]){0xbe, 0xde, 0, words}, 4);
			memset(p + n + 4, 0x11, 4 * words);
			n += 4 + 4 * words;
		}
	}
	for (uint32_t i = random_below(chance(8) ? 700 : 60); i > 0; i--)
		p[n++] = (uint8_t)random_below(256);
	return n;
}

// ---- Bursts ------------------------------------------------------------------------------------

static void depart(struct pair *pair, unsigned int kind, const uint8_t *p, size_t n)
{
	struct flight *f;

	if (chance(20))
		return; // lost
	f = &flights[n_flights < FLIGHT ? n_flights++ : random_below(FLIGHT)];
	f->pair = pair;
	f->kind = (uint8_t)kind;
	f->len = n;
	memcpy(f->octets, p, n);
}

static void seal_burst(size_t n)
{
	static uint8_t ours[BURST][PKT], theirs[BURST][PKT];
	struct rtpsec_job jobs[BURST];
	struct pair *of[BURST];
	size_t len[BURST];
	int want[BURST];

	for (size_t i = 0; i < n; i++) {
		unsigned int kind = chance(12) ? RTPSEC_RTCP : RTPSEC_RTP;

		of[i] = &pairs[random_below(PAIRS)];
		len[i] = random_packet(of[i], kind, ours[i]);
		memcpy(theirs[i], ours[i], len[i]);
		jobs[i] = (struct rtpsec_job){.ctx = of[i]->tx,
			.pkt = ours[i],
			.len = (uint32_t)len[i],
			.kind = (uint8_t)kind,
			.status = 99};
		want[i] = reference_seal(of[i], kind, theirs[i], &len[i]);
	}
	rtpsec_seal(rig_engine, jobs, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(jobs[i].status, want[i]);
		if (want[i] != RTPSEC_OK)
			continue;
		assert_int_equal(jobs[i].len, len[i]);
		assert_memory_equal(ours[i], theirs[i], len[i]);
		depart(of[i], jobs[i].kind, ours[i], len[i]);
	}
}

// One of those on their way: it arrives, or a copy of it does, and that may be forged.
static size_t arrive(struct flight *out)
{
	size_t i = random_below((uint32_t)n_flights);

	*out = flights[i];
	if (chance(10)) {
		uint32_t bit = random_below((uint32_t)(8 * out->len));

		out->octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (chance(16))
			out->len = random_below((uint32_t)out->len);
	} else if (!chance(10)) {
		flights[i] = flights[--n_flights];
	}
	return out->len;
}

static void open_burst(size_t n)
{
	static struct flight ours[BURST], theirs[BURST], came[BURST];
	struct rtpsec_job jobs[BURST];
	size_t len[BURST];
	int want[BURST];

	for (size_t i = 0; i < n; i++) {
		if (n_flights == 0)
			n = i;
		else if (i == 0 || !chance(16))
			arrive(&came[i]);
		else
			came[i] = came[i - 1]; // twice in one burst
	}
	for (size_t i = 0; i < n; i++) {
		ours[i] = theirs[i] = came[i];
		len[i] = came[i].len;
		want[i] = reference_open(came[i].pair, came[i].kind, theirs[i].octets, &len[i]);
		verdicts[want[i]]++;
		jobs[i] = (struct rtpsec_job){.ctx = came[i].pair->rx,
			.pkt = ours[i].octets,
			.len = (uint32_t)came[i].len,
			.kind = came[i].kind,
			.verify_only = chance(8),
			.status = 99};
	}
	rtpsec_open(rig_engine, jobs, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(jobs[i].status, want[i]);
		if (jobs[i].verify_only || want[i] != RTPSEC_OK)
			assert_int_equal(jobs[i].len, came[i].len);
		else
			assert_int_equal(jobs[i].len, len[i]);
		if (jobs[i].verify_only)
			assert_memory_equal(ours[i].octets, came[i].octets, came[i].len);
		else if (want[i] == RTPSEC_OK)
			assert_memory_equal(ours[i].octets, theirs[i].octets, len[i]);
	}
}

// ---- The run -----------------------------------------------------------------------------------

static void pair_start(struct pair *p, uint8_t suite)
{
	struct rtpsec_params params = {.suite = suite};

	memset(p, 0, sizeof(*p));
	p->suite = suite;
	for (size_t i = 0; i < sizeof(p->master); i++)
		params.key[i] = p->master[i] = (uint8_t)random_below(256);
	for (size_t i = 0; i < SOURCES; i++)
		p->next[i] = random_below(0x10000);
	params.direction = RTPSEC_SEAL;
	assert_int_equal(rtpsec_new(&p->tx, &params), 0);
	params.direction = RTPSEC_OPEN;
	assert_int_equal(rtpsec_new(&p->rx, &params), 0);
	p->sender.libsrtp = libsrtp_new(suite, p->master, false);
	p->receiver.libsrtp = libsrtp_new(suite, p->master, true);
	if (p->sender.libsrtp == NULL)
		print_message("libsrtp2 cannot do %s\n", rig_suite_name(suite));
}

static void pair_stop(struct pair *p)
{
	rtpsec_free(p->tx);
	rtpsec_free(p->rx);
	if (p->sender.libsrtp != NULL)
		srtp_dealloc(p->sender.libsrtp);
	if (p->receiver.libsrtp != NULL)
		srtp_dealloc(p->receiver.libsrtp);
}

static void test_random(void **state)
{
	const char *number = getenv("RTPSEC_PACKETS");
	size_t packets = number != NULL ? strtoul(number, NULL, 10) : PACKETS, rolled = 0;

	seed = 0x3711618877140000;
	memset(verdicts, 0, sizeof(verdicts));
	n_flights = by_libsrtp = 0;
	for (uint8_t i = 0; i < PAIRS; i++)
		pair_start(&pairs[i], (uint8_t)(1 + i % (DP_SRTP_SUITES - 1)));
	for (size_t done = 0; done < packets;) {
		size_t n = 1 + random_below(BURST);

		seal_burst(n);
		open_burst(1 + random_below(BURST));
		done += n;
	}
	for (uint8_t i = 0; i < PAIRS; i++) {
		rolled += pairs[i].receiver.rtp[0].rtp_seen.newest >> 16;
		pair_stop(&pairs[i]);
	}
	print_message("opened: %zu OK, %zu forged, %zu replayed, %zu late, %zu malformed, "
		      "%zu of too many sources; libsrtp2 asked %zu times\n",
		verdicts[RTPSEC_OK], verdicts[RTPSEC_AUTH_FAILED], verdicts[RTPSEC_REPLAYED],
		verdicts[RTPSEC_LATE], verdicts[RTPSEC_MALFORMED], verdicts[RTPSEC_SSRCS],
		by_libsrtp);
	for (size_t i = RTPSEC_OK; i <= RTPSEC_SSRCS && packets >= ENOUGH; i++)
		assert_true(verdicts[i] > packets / 10000);
	assert_true(by_libsrtp > packets / 2 && rolled > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	assert_int_equal(srtp_init(), srtp_err_status_ok);
	return RIG_RUN_TIERS(tests);
}
