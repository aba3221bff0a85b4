// SPDX-License-Identifier: BSD-3-Clause
// The SRTP engines against the vectors of the RFCs. Those of RFC 7714 and the keystreams begin with
// session keys, so they are written into a context over those that it derived.
#include "test/unit/rtpsec_rig.h"

#include <string.h>

#include "dp/rtpsec_state.h"
#include "test/unit/srtp_oracle.h"

// RTP's and RTCP's session key and salt.
static struct rtpsec *keyed(
	enum rtpsec_direction d, uint8_t suite, const char *key_hex, const char *salt_hex)
{
	const struct rtpsec_suite *s = &rtpsec_suites[suite];
	struct rtpsec *c = rig_context(d, suite, 0, 0);
	uint8_t key[32];

	unhex(key_hex, key);
	rig_engine->kernels->expand(rig_engine->state, s->cipher, key, (uint8_t *)c + s->keys);
	unhex(key_hex, rtpsec_tail(c, s)->rtcp_key);
	unhex(salt_hex, c->salt);
	unhex(salt_hex, rtpsec_tail(c, s)->rtcp_salt);
	return c;
}

// ---- Key derivation ----------------------------------------------------------------------------

// protocol.md 4.4, labels 0 to 5 (RFC 3711 B.3), RFC 6188 7.2: the oracle, which derives its own
// keys, stands on its own feet.
static void test_derivation(void **state)
{
	static const struct {
		const char *name, *master;
		size_t key_len;
		const char *labels[6];
	} t[] = {
		{"RFC 3711 B.3", "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6",
			16,
			{"C61E7A93744F39EE10734AFE3FF7A087",
				"CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
				"30CBBC08863D8C85D49DB34A9AE1", "4C1AA45A81F73D61C800BBB00FBB1EAA",
				"8D54534FEB49AE8E7993A6BD0B844FC323A93DFD",
				"9581C7AD87B3E530BF3E4454A8B3"}},
		{"RFC 6188 7.2",
			"f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 "
			"3b04803de51ee7c96423ab5b78d2",
			32,
			{"5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
				"fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
				"fa31791685ca444a9e07c6c64e93", "", "", ""}},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint8_t master[46], want[32], got[32];

		print_message("%s\n", t[i].name);
		unhex(t[i].master, master);
		for (uint8_t label = 0; label < 6; label++) {
			size_t n = unhex(t[i].labels[label], want);

			srtp_oracle_derive_long(
				master, t[i].key_len, master + t[i].key_len, label, got, n);
			assert_memory_equal(got, want, n);
		}
	}
}

// ---- Keystreams --------------------------------------------------------------------------------

// RFC 3711 B.2, RFC 6188 7.1: the counter begins with the salt alone.
static void test_keystream(void **state)
{
	static const struct {
		const char *name, *key, *stream;
		uint8_t suite;
	} t[] = {
		{"RFC 3711 B.2", "2B7E151628AED2A6ABF7158809CF4F3C",
			"E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB "
			"41E95B3BB0A2E8DD477901E4FCA894C0",
			DP_SRTP_AES_CM_128_HMAC_SHA1_80},
		{"RFC 6188 7.1", "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98",
			"92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac "
			"63c4868b7096d88421b563b8c94c9a31",
			DP_SRTP_AES_256_CM_HMAC_SHA1_80},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rtpsec *c =
			keyed(RTPSEC_SEAL, t[i].suite, t[i].key, "F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
		uint8_t p[RIG_BUF] = {0x80}, want[48]; // no payload type, number, source
		size_t n = 12 + 48;

		print_message("%s\n", t[i].name);
		assert_int_equal(unhex(t[i].stream, want), 48);
		assert_int_equal(rig_seal(c, p, &n), RTPSEC_OK);
		assert_memory_equal(p + 12, want, 48);
		rtpsec_free(c);
	}
}

// ---- Packets -----------------------------------------------------------------------------------

// protocol.md 4.4: SRTP _80 and _32 with ROC 0, _80 with ROC 1.
static void test_cm_packets(void **state)
{
	static const char rtp_hex[] = "800f1234decafbadcafebabe abababababababababababababababab";
	static const struct {
		const char *name, *hex;
		uint8_t suite;
		bool wrapped;
	} t[] = {
		{"SRTP _80, ROC 0",
			"800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 "
			"b78d6acc99ea179b8dbb",
			DP_SRTP_AES_CM_128_HMAC_SHA1_80, false},
		{"SRTP _32, ROC 0",
			"800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc",
			DP_SRTP_AES_CM_128_HMAC_SHA1_32, false},
		{"SRTP _80, ROC 1",
			"800f1234decafbadcafebabe 179265c8bf303e4c24e7279f739bb5a6 "
			"f8b3916fd670057bf1dc",
			DP_SRTP_AES_CM_128_HMAC_SHA1_80, true},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rtpsec *tx = rig_context(RTPSEC_SEAL, t[i].suite, 0, 0);
		struct rtpsec *rx = rig_context(RTPSEC_OPEN, t[i].suite, 0, 0);
		uint8_t plain[RIG_BUF], want[RIG_BUF], p[RIG_BUF];
		size_t n_plain = unhex(rtp_hex, plain), n_want = unhex(t[i].hex, want), n;
		struct srtp_oracle o;

		print_message("%s\n", t[i].name);
		srtp_oracle_init(&o, rig_master, rig_tag_len(t[i].suite));
		if (t[i].wrapped) { // a packet shortly before the wrap makes 0x1234 one of ROC 1
			n = rig_packet(p, 0xfff0, 20);
			assert_int_equal(srtp_oracle_seal(&o, p, &n), ORACLE_OK);
			assert_int_equal(rig_open(rx, p, &n), RTPSEC_OK);
			assert_int_equal(rig_seal(tx, p, &n), RTPSEC_OK);
		}
		memcpy(p, plain, n = n_plain);
		assert_int_equal(rig_seal(tx, p, &n), RTPSEC_OK);
		assert_int_equal(n, n_want);
		assert_memory_equal(p, want, n_want);
		assert_int_equal(rig_open(rx, p, &n), RTPSEC_OK);
		assert_int_equal(n, n_plain);
		assert_memory_equal(p, plain, n_plain);
		memcpy(p, plain, n = n_plain);
		assert_int_equal(srtp_oracle_seal(&o, p, &n), ORACLE_OK);
		assert_memory_equal(p, want, n_want);
		rtpsec_free(tx);
		rtpsec_free(rx);
	}
}

// RFC 3711 3.4: SRTCP that is not encrypted, which we never send but read. The tag is HMAC-SHA1 by
// label 4 of protocol.md 4.4.
static void test_cm_clear_report(void **state)
{
	static const char report[] =
		"81c8000d4d617273 4e5450314e545032525450200000042a0000e9304c756e"
		"61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
	struct rtpsec *rx = rig_context(RTPSEC_OPEN, DP_SRTP_AES_CM_128_HMAC_SHA1_80, 0, 0);
	uint8_t plain[RIG_BUF], p[RIG_BUF];
	size_t n_plain = unhex(report, plain), n = unhex(report, p);

	n += unhex("000005d4 eb74fc596bb7074adf6f", p + n);
	assert_int_equal(rig_open_rtcp(rx, p, &n), RTPSEC_OK);
	assert_int_equal(n, n_plain);
	assert_memory_equal(p, plain, n);
	rtpsec_free(rx);
}

static const char key_128[] = "000102030405060708090a0b0c0d0e0f";
static const char key_256[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const char salt[] = "517569642070726f2071756f 0000";

static void test_gcm_packets(void **state)
{
	static const char rtp_hex[] = "8040f17b8041f8d35501a0b2 47616c6c696120657374206f6d6e6973"
				      "2064697669736120696e207061727465732074726573";
	static const struct {
		const char *name, *key, *hex;
		uint8_t suite;
	} t[] = {
		{"RFC 7714 16.1", key_128,
			"8040f17b8041f8d35501a0b2 f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f"
			"42a5f47a51c7d19b36de3adf8833 899d7f27beb16a9152cf765ee4390cce",
			DP_SRTP_AEAD_AES_128_GCM},
		{"RFC 7714 16.2", key_256,
			"8040f17b8041f8d35501a0b2 32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3"
			"b50b2a0276ffae0f1ba63799b87b 7aa3db36dfffd6b0f9bb7878d7a76c13",
			DP_SRTP_AEAD_AES_256_GCM},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rtpsec *tx = keyed(RTPSEC_SEAL, t[i].suite, t[i].key, salt);
		struct rtpsec *rx = keyed(RTPSEC_OPEN, t[i].suite, t[i].key, salt);
		uint8_t plain[RIG_BUF], want[RIG_BUF], p[RIG_BUF];
		size_t n_plain = unhex(rtp_hex, plain), n_want = unhex(t[i].hex, want), n;

		print_message("%s\n", t[i].name);
		memcpy(p, plain, n = n_plain);
		assert_int_equal(rig_seal(tx, p, &n), RTPSEC_OK);
		assert_int_equal(n, n_want);
		assert_memory_equal(p, want, n);
		assert_int_equal(rig_open(rx, p, &n), RTPSEC_OK);
		assert_int_equal(n, n_plain);
		assert_memory_equal(p, plain, n);
		rtpsec_free(tx);
		rtpsec_free(rx);
	}
}

// RFC 7714 17: 0x5d4 packets of the source come before. The last two are not encrypted, which we
// never do but read.
static void test_gcm_reports(void **state)
{
	static const char rtcp_hex[] = "81c8000d4d617273 4e5450314e545032525450200000042a0000e9304c"
				       "756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
	static const struct {
		const char *name, *key, *hex;
		uint8_t suite;
		bool clear;
	} t[] = {
		{"RFC 7714 17.1", key_128,
			"81c8000d4d617273 63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1"
			"730d6fda4ce09b4686303ded0bb9275b c84aa45896cf4d2fc5abf87245d9eade "
			"800005d4",
			DP_SRTP_AEAD_AES_128_GCM, false},
		{"RFC 7714 17.2", key_256,
			"81c8000d4d617273 d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1"
			"110555be8415f658c61de0476f1b6fad 1d1eb30c4446839f57ff6f6cb26ac3be "
			"800005d4",
			DP_SRTP_AEAD_AES_256_GCM, false},
		{"RFC 7714 17.3", key_128,
			"81c8000d4d617273 4e5450314e545032525450200000042a0000e9304c756e61deadbeef"
			"deadbeefdeadbeefdeadbeefdeadbeef 841dd9683dd78ec92ae58790125f62b3 "
			"000005d4",
			DP_SRTP_AEAD_AES_128_GCM, true},
		{"RFC 7714 17.4", key_256,
			"81c8000d4d617273 4e5450314e545032525450200000042a0000e9304c756e61deadbeef"
			"deadbeefdeadbeefdeadbeefdeadbeef 91db4afbfeee5a978fab4393ed2615fe "
			"000005d4",
			DP_SRTP_AEAD_AES_256_GCM, true},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rtpsec *tx = keyed(RTPSEC_SEAL, t[i].suite, t[i].key, salt);
		struct rtpsec *rx = keyed(RTPSEC_OPEN, t[i].suite, t[i].key, salt);
		uint8_t plain[RIG_BUF], want[RIG_BUF], p[RIG_BUF];
		size_t n_plain = unhex(rtcp_hex, plain), n_want = unhex(t[i].hex, want), n;

		print_message("%s\n", t[i].name);
		for (unsigned int k = 0; k <= 0x5d4 && !t[i].clear; k++) {
			memcpy(p, plain, n = n_plain);
			assert_int_equal(rig_seal_rtcp(tx, p, &n), RTPSEC_OK);
		}
		if (!t[i].clear) {
			assert_int_equal(n, n_want);
			assert_memory_equal(p, want, n);
		}
		memcpy(p, want, n = n_want);
		p[n_plain] ^= 1;
		assert_int_equal(rig_open_rtcp(rx, p, &n), RTPSEC_AUTH_FAILED);
		memcpy(p, want, n = n_want);
		assert_int_equal(rig_open_rtcp(rx, p, &n), RTPSEC_OK);
		assert_int_equal(n, n_plain);
		assert_memory_equal(p, plain, n);
		rtpsec_free(tx);
		rtpsec_free(rx);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_derivation),
		cmocka_unit_test(test_keystream),
		cmocka_unit_test(test_cm_packets),
		cmocka_unit_test(test_cm_clear_report),
		cmocka_unit_test(test_gcm_packets),
		cmocka_unit_test(test_gcm_reports),
	};
	return RIG_RUN_TIERS(tests);
}
