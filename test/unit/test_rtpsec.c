// SPDX-License-Identifier: BSD-3-Clause
// The SRTP engine against the vectors of protocol.md 4.4 and against the oracle.
#include "test/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "dp/rtpsec.h"
#include "test/unit/srtp_oracle.h"

#define BUF 512

static const char master_hex[] = "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6";
static const char rtp_hex[] = "800f1234decafbadcafebabe abababababababababababababababab";

static struct rtpsec *context(enum rtpsec_direction d, uint8_t suite, uint8_t mki, uint64_t life)
{
	struct rtpsec_params p = {.direction = d, .suite = suite, .mki_len = mki, .lifetime = life};
	struct rtpsec *c = NULL;

	unhex(master_hex, p.key);
	assert_int_equal(rtpsec_new(&c, &p), 0);
	return c;
}

static int run(void (*f)(struct rtpsec_engine *, struct rtpsec_job *, size_t), struct rtpsec *c,
	uint8_t *pkt, size_t *n)
{
	struct rtpsec_job j = {.ctx = c, .pkt = pkt, .len = (uint32_t)*n, .status = 99};

	f(NULL, &j, 1);
	*n = j.len;
	return (int)j.status;
}

// The oracle does not tell them apart.
static int refused_alike(int status)
{
	return status == RTPSEC_LATE ? RTPSEC_REPLAYED : status;
}

static int seal(struct rtpsec *c, uint8_t *pkt, size_t *n)
{
	return run(rtpsec_seal, c, pkt, n);
}

static int open_(struct rtpsec *c, uint8_t *pkt, size_t *n)
{
	return run(rtpsec_open, c, pkt, n);
}

// A packet of one source with a payload that depends on the number.
static size_t packet(uint8_t *p, uint16_t seq, size_t payload)
{
	static const uint8_t h[12] = {0x80, 0, 0, 0, 0, 0, 0, 160, 0xca, 0xfe, 0xba, 0xbe};

	memcpy(p, h, 12);
	p[2] = (uint8_t)(seq >> 8);
	p[3] = (uint8_t)seq;
	for (size_t i = 0; i < payload; i++)
		p[12 + i] = (uint8_t)(seq + 7 * i);
	return 12 + payload;
}

// protocol.md 4.4, labels 0 to 5 (RFC 3711 B.3): the oracle stands on its own feet.
static void test_derivation(void **state)
{
	static const char *const labels[] = {
		"C61E7A93744F39EE10734AFE3FF7A087",
		"CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
		"30CBBC08863D8C85D49DB34A9AE1",
		"4C1AA45A81F73D61C800BBB00FBB1EAA",
		"8D54534FEB49AE8E7993A6BD0B844FC323A93DFD",
		"9581C7AD87B3E530BF3E4454A8B3",
	};
	uint8_t master[30], want[32], got[32];

	unhex(master_hex, master);
	for (size_t i = 0; i < 6; i++) {
		size_t n = unhex(labels[i], want);

		srtp_oracle_derive(master, (uint8_t)i, got, n);
		assert_memory_equal(got, want, n);
	}
}

// protocol.md 4.4: SRTP _80 and _32 with ROC 0, _80 with ROC 1.
static void test_vectors(void **state)
{
	static const struct {
		const char *name, *hex;
		uint8_t suite;
		size_t tag_len;
		bool wrapped;
	} t[] = {
		{"SRTP _80, ROC 0",
			"800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 "
			"b78d6acc99ea179b8dbb",
			DP_SRTP_AES_CM_128_HMAC_SHA1_80, 10, false},
		{"SRTP _32, ROC 0",
			"800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc",
			DP_SRTP_AES_CM_128_HMAC_SHA1_32, 4, false},
		{"SRTP _80, ROC 1",
			"800f1234decafbadcafebabe 179265c8bf303e4c24e7279f739bb5a6 "
			"f8b3916fd670057bf1dc",
			DP_SRTP_AES_CM_128_HMAC_SHA1_80, 10, true},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rtpsec *tx = context(RTPSEC_SEAL, t[i].suite, 0, 0);
		struct rtpsec *rx = context(RTPSEC_OPEN, t[i].suite, 0, 0);
		uint8_t plain[BUF], want[BUF], p[BUF], master[30];
		size_t n_plain = unhex(rtp_hex, plain), n_want = unhex(t[i].hex, want), n;
		struct srtp_oracle o;

		print_message("%s\n", t[i].name);
		unhex(master_hex, master);
		srtp_oracle_init(&o, master, t[i].tag_len);
		if (t[i].wrapped) { // a packet shortly before the wrap makes 0x1234 one of ROC 1
			n = packet(p, 0xfff0, 20);
			assert_int_equal(srtp_oracle_seal(&o, p, &n), ORACLE_OK);
			assert_int_equal(open_(rx, p, &n), RTPSEC_OK);
			assert_int_equal(seal(tx, p, &n), RTPSEC_OK);
		}
		memcpy(p, plain, n = n_plain);
		assert_int_equal(seal(tx, p, &n), RTPSEC_OK);
		assert_int_equal(n, n_want);
		assert_memory_equal(p, want, n_want);
		assert_int_equal(open_(rx, p, &n), RTPSEC_OK);
		assert_int_equal(n, n_plain);
		assert_memory_equal(p, plain, n_plain);
		memcpy(p, plain, n = n_plain);
		assert_int_equal(srtp_oracle_seal(&o, p, &n), ORACLE_OK);
		assert_memory_equal(p, want, n_want);
		rtpsec_free(tx);
		rtpsec_free(rx);
	}
}

// RFC 3711 3.3: every octet of the packet and of the ROC is under the tag, and a forgery leaves
// no trace: the genuine packet still opens, a forged newer one moves no window.
static void test_forged(void **state)
{
	struct rtpsec *rx = context(RTPSEC_OPEN, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	struct rtpsec *tx = context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	uint8_t good[BUF], bad[BUF];
	size_t n_good = packet(good, 1000, 20), n;

	assert_int_equal(seal(tx, good, &n_good), RTPSEC_OK);
	for (size_t i = 1; i < n_good; i++) { // octet 0 changes the form; see test_malformed
		memcpy(bad, good, n = n_good);
		bad[i] ^= 0x40;
		assert_int_equal(open_(rx, bad, &n), RTPSEC_AUTH_FAILED);
		assert_int_equal(n, n_good);
	}
	for (unsigned int seq = 0; seq < 0x10000; seq += 0x1111) {
		memcpy(bad, good, n = n_good);
		bad[2] = (uint8_t)(seq >> 8);
		bad[3] = (uint8_t)seq;
		assert_int_equal(open_(rx, bad, &n), RTPSEC_AUTH_FAILED);
	}
	memcpy(bad, good, n = n_good);
	assert_int_equal(open_(rx, bad, &n), RTPSEC_OK);
	memcpy(bad, good, n = n_good);
	bad[2] ^= 0x40; // known source, far ahead
	assert_int_equal(open_(rx, bad, &n), RTPSEC_AUTH_FAILED);
	n = packet(bad, 1001, 20);
	assert_int_equal(seal(tx, bad, &n), RTPSEC_OK);
	assert_int_equal(open_(rx, bad, &n), RTPSEC_OK);
	rtpsec_free(rx);
	rtpsec_free(tx);
}

// RTP-3: a window of 128; two copies in one burst.
static void test_replay(void **state)
{
	struct rtpsec *rx = context(RTPSEC_OPEN, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	struct rtpsec *tx = context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	struct rtpsec_job j[3];
	uint8_t p[200][64], copy[2][64];
	size_t n[200];

	for (uint16_t i = 0; i < 200; i++) {
		n[i] = packet(p[i], i, 20);
		assert_int_equal(seal(tx, p[i], &n[i]), RTPSEC_OK);
	}
	memcpy(copy[0], p[199], 64);
	memcpy(copy[1], p[199], 64);
	j[0] = (struct rtpsec_job){.ctx = rx, .pkt = p[199], .len = (uint32_t)n[199]};
	j[1] = (struct rtpsec_job){.ctx = rx, .pkt = copy[0], .len = (uint32_t)n[199]};
	j[2] = (struct rtpsec_job){.ctx = rx, .pkt = p[72], .len = (uint32_t)n[72]};
	rtpsec_open(NULL, j, 3);
	assert_int_equal(j[0].status, RTPSEC_OK);
	assert_int_equal(j[1].status, RTPSEC_REPLAYED);
	assert_int_equal(j[2].status, RTPSEC_OK);                // 127 behind
	assert_int_equal(open_(rx, p[71], &n[71]), RTPSEC_LATE); // 128 behind
	assert_int_equal(open_(rx, copy[1], &n[199]), RTPSEC_REPLAYED);
	rtpsec_free(rx);
	rtpsec_free(tx);
}

// The same index must not be sealed twice.
static void test_seal_twice(void **state)
{
	struct rtpsec *tx = context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_32, 0, 0);
	uint8_t p[BUF];
	size_t n = packet(p, 7, 20);

	assert_int_equal(seal(tx, p, &n), RTPSEC_OK);
	n = packet(p, 7, 20);
	assert_int_equal(seal(tx, p, &n), RTPSEC_REPLAYED);
	rtpsec_free(tx);
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {
		"", "80", "800f1234decafbadcafeba",
		"400f1234decafbadcafebabe ababab 00000000000000000000",   // version
		"800f1234decafbadcafebabe 000000000000000000",            // no room for the tag
		"8f0f1234decafbadcafebabe ababab 00000000000000000000",   // CSRC list
		"900f1234decafbadcafebabe bede0100 00000000000000000000", // extension
	};
	struct rtpsec *rx = context(RTPSEC_OPEN, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	struct rtpsec *tx = context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	uint8_t p[BUF];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t n = unhex(bad[i], p);

		assert_int_equal(open_(rx, p, &n), RTPSEC_MALFORMED);
	}
	for (size_t i = 0; i < 4; i++) {
		size_t n = unhex(bad[i], p);

		assert_int_equal(seal(tx, p, &n), RTPSEC_MALFORMED);
	}
	rtpsec_free(rx);
	rtpsec_free(tx);
}

// SRTP-5: an MKI stands between payload and tag, outside what the tag covers, and is stripped.
static void test_mki(void **state)
{
	static const uint8_t mki[] = {1, 4, 128};

	for (size_t i = 0; i < sizeof(mki); i++) {
		struct rtpsec *rx =
			context(RTPSEC_OPEN, DP_SRTP_AES_CM_128_HMAC_SHA1_80, mki[i], 0);
		struct rtpsec *tx = context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
		uint8_t p[BUF], plain[BUF];
		size_t n_plain = packet(plain, 77, 33), n = packet(p, 77, 33);

		assert_int_equal(seal(tx, p, &n), RTPSEC_OK);
		memmove(p + n - 10 + mki[i], p + n - 10, 10);
		memset(p + n - 10, 0x5a, mki[i]);
		n += mki[i];
		assert_int_equal(open_(rx, p, &n), RTPSEC_OK);
		assert_int_equal(n, n_plain);
		assert_memory_equal(p, plain, n);
		rtpsec_free(rx);
		rtpsec_free(tx);
	}
}

static void test_exhausted(void **state)
{
	struct rtpsec *tx = context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 3);
	uint8_t p[BUF];
	size_t n;

	for (uint16_t i = 0; i < 5; i++) {
		n = packet(p, i, 20);
		assert_int_equal(seal(tx, p, &n), i < 3 ? RTPSEC_OK : RTPSEC_EXHAUSTED);
	}
	rtpsec_free(tx);
	tx = context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	for (uint8_t i = 0; i < RTPSEC_SSRCS_MAX + 2; i++) {
		n = packet(p, 1, 20);
		p[8] = i;
		assert_int_equal(seal(tx, p, &n), i < RTPSEC_SSRCS_MAX ? RTPSEC_OK : RTPSEC_SSRCS);
	}
	n = packet(p, 2, 20); // a known source goes on
	p[8] = 0;
	assert_int_equal(seal(tx, p, &n), RTPSEC_OK);
	rtpsec_free(tx);
}

static void test_params(void **state)
{
	static const struct {
		struct rtpsec_params p;
		int err;
	} t[] = {
		{{.direction = RTPSEC_OPEN, .suite = DP_SRTP_NONE}, -ENOTSUP},
		{{.direction = RTPSEC_OPEN, .suite = DP_SRTP_SUITES}, -ENOTSUP},
		{{.direction = RTPSEC_OPEN, .suite = 1, .mki_len = 129}, -EINVAL},
		{{.direction = RTPSEC_SEAL, .suite = 1, .mki_len = 1}, -EINVAL},
		{{.direction = RTPSEC_SEAL, .suite = 1, .lifetime = UINT64_C(1) << 48}, -EINVAL},
	};
	struct rtpsec *c;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(rtpsec_new(&c, &t[i].p), t[i].err);
	rtpsec_free(NULL);
}

// One random packet, with CSRC list and extension now and then.
static size_t random_packet(uint8_t *p, uint16_t seq)
{
	unsigned int cc = rand() % 4 == 0 ? (unsigned int)rand() % 16 : 0;
	unsigned int ext = rand() % 4 == 0 ? (unsigned int)rand() % 8 : 0;
	size_t n = packet(p, seq, 0);

	p[0] = (uint8_t)(p[0] | cc | (ext != 0 ? 0x10 : 0));
	for (unsigned int i = 0; i < 4 * cc; i++)
		p[n++] = (uint8_t)rand();
	if (ext != 0) {
		p[n++] = 0xbe;
		p[n++] = 0xde;
		p[n++] = 0;
		p[n++] = (uint8_t)ext;
		for (unsigned int i = 0; i < 4 * ext; i++)
			p[n++] = (uint8_t)rand();
	}
	for (unsigned int i = (unsigned int)rand() % 200; i > 0; i--)
		p[n++] = (uint8_t)rand();
	return n;
}

// Sealed by one, compared with what the other seals, opened crosswise. `gap` lets the numbers
// run through several wraps of the sequence number (ROC 0, 1, 2, ...).
static void compare(uint8_t suite, size_t tag_len, uint16_t start, unsigned int gap)
{
	struct rtpsec *tx = context(RTPSEC_SEAL, suite, 0, 0);
	struct rtpsec *rx = context(RTPSEC_OPEN, suite, 0, 0);
	struct srtp_oracle otx, orx;
	uint8_t master[30], a[BUF], b[BUF], plain[BUF];
	uint64_t index = start;

	unhex(master_hex, master);
	srtp_oracle_init(&otx, master, tag_len);
	srtp_oracle_init(&orx, master, tag_len);
	for (int i = 0; i < 4000; i++) {
		// mostly forward, sometimes back: reordering and repetition up to and past the
		// window
		uint64_t at = rand() % 4 == 0 ? index - (uint64_t)(rand() % 140) : index;
		size_t n_plain, na, nb;
		int so, se;

		if ((int64_t)at < 0)
			at = 0;
		n_plain = na = nb = random_packet(plain, (uint16_t)at);
		memcpy(a, plain, na);
		memcpy(b, plain, nb);
		so = (int)srtp_oracle_seal(&otx, a, &na);
		se = seal(tx, b, &nb);
		assert_int_equal(refused_alike(se), so == ORACLE_OK ? RTPSEC_OK : RTPSEC_REPLAYED);
		index += 1 + (uint64_t)rand() % gap;
		if (so != ORACLE_OK)
			continue;
		assert_int_equal(na, nb);
		assert_memory_equal(a, b, na);
		if (rand() % 16 == 0)
			continue; // lost on the way
		assert_int_equal(open_(rx, a, &na), (int)srtp_oracle_open(&orx, b, &nb));
		assert_int_equal(na, n_plain);
		assert_int_equal(nb, n_plain);
		assert_memory_equal(a, plain, na);
		assert_memory_equal(b, plain, na);
	}
	assert_true(otx.newest >> 16 >= 1);
	assert_true(orx.newest >> 16 >= 1);
	rtpsec_free(tx);
	rtpsec_free(rx);
}

static void test_against_oracle(void **state)
{
	srand(3711);
	for (int round = 0; round < 4; round++) {
		compare(DP_SRTP_AES_CM_128_HMAC_SHA1_80, 10, 0xf000, 2);
		compare(DP_SRTP_AES_CM_128_HMAC_SHA1_32, 4, 0xfff8, 50);
		compare(DP_SRTP_AES_CM_128_HMAC_SHA1_80, 10, 0x9000, 500);
	}
}

// After rtpsec_init() the engine opens no file and loads no library, even with no other context:
// by then the daemon has shed its privileges.
static void test_opens_nothing(void **state)
{
	struct rlimit before, none;
	struct rtpsec *tx;
	uint8_t p[BUF];
	size_t n = packet(p, 1, 20);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	tx = context(RTPSEC_SEAL, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(seal(tx, p, &n), RTPSEC_OK);
	rtpsec_free(tx);
}

static int init(void **state)
{
	return rtpsec_init(RTPSEC_AUTO, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_nothing),
		cmocka_unit_test(test_derivation),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_seal_twice),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_mki),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_against_oracle),
	};
	return cmocka_run_group_tests(tests, init, NULL);
}
