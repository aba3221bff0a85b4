// SPDX-License-Identifier: BSD-3-Clause
// Tickets against the vectors of protocol.md 2.13 and Appendix A.
#include "test/unit/test.h"

#include <stdio.h>

#include "lib/ticket.h"
#include "lib/ticket_keys.h"
#include "test/unit/ticket_vectors.h"

#define S_NS  1000000000ll
#define START 1767225600ll // 2026-01-01T00:00:00Z
#define STOP  1782864000ll // 2026-07-01T00:00:00Z
#define MARCH 1772323200ll // 2026-03-01T00:00:00Z

static struct ticket t;

static const struct ticket_profile *profile(const char *name)
{
	return ticket_profile_find(str_from(name));
}

static void peer_named(struct domain_ids *ids, const char *name)
{
	ids->n = 1;
	ids->id[0].n = (uint8_t)strlen(name);
	memcpy(ids->id[0].name, name, strlen(name));
}

// One input of 2.13 changed at a time; zero means as in 2.13.
struct change {
	const char *id, *header, *profile, *password, *called, *peer, *own;
	int64_t now_ns;
	unsigned int n_headers, epoch, skew_s;
	bool no_header, no_peer;
	struct ticket_secret previous;
	enum ticket_verdict want;
};

static enum ticket_verdict verify(const struct change *c, struct ticket_keys *keys,
	struct bucket *misses, const struct bucket_rate *rate)
{
	struct domain_ids ids;
	struct did called;
	struct ticket_policy policy = {
		.profile = profile(c->profile != NULL ? c->profile : "t1"),
		.now = {c->epoch != 0 ? (uint8_t)c->epoch : 1,
			str_from(c->password != NULL ? c->password : TICKET_PASSWORD)},
		.previous = c->previous,
		.skew_s = c->skew_s,
		.own_domain = str_from(c->own != NULL ? c->own : "enterprise-a.example"),
	};
	struct ticket_request request = {
		.n_headers = c->no_header   ? 0
			: c->n_headers != 0 ? c->n_headers
					    : 1,
		.header = str_from(c->header != NULL ? c->header : TICKET_2_13),
		.called = &called,
		.peer = c->no_peer ? NULL : &ids,
		.now_unix_ns = c->now_ns != 0 ? c->now_ns : MARCH * S_NS,
	};

	did_from_uri(
		str_from(c->called != NULL ? c->called : "sip:+14085550123@x"), NULL, 0, &called);
	peer_named(&ids, c->peer != NULL ? c->peer : "enterprise-b.example");
	return ticket_verify(&policy, &request, keys, misses, rate, &t);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct change changes[] = {
	{.id = "2.13"},
	{.id = "2.13 before", .now_ns = START * S_NS - 1, .want = TICKET_FAIL_TIMESTAMP},
	{.id = "2.13 start", .now_ns = START * S_NS},
	{.id = "2.13 stop", .now_ns = STOP * S_NS},
	{.id = "2.13 second before", .now_ns = (START - 1) * S_NS, .want = TICKET_FAIL_TIMESTAMP},
	{.id = "2.13 after", .now_ns = (STOP + 1) * S_NS, .want = TICKET_FAIL_TIMESTAMP},
	{.id = "2.13 DID", .called = "sip:+14085550124@x", .want = TICKET_FAIL_DID},
	{.id = "TKT-25 2.13 peer", .peer = "enterprise-c.example", .want = TICKET_FAIL_DOMAIN},
	{.id = "TKT-25 2.13 own", .own = "enterprise-x.example", .want = TICKET_FAIL_DOMAIN},
	{.id = "2.13 epoch", .epoch = 2, .want = TICKET_FAIL_EPOCH},
	{.id = "2.13 password", .password = "Tk1-9f!BCDEFGHJKLMNQ", .want = TICKET_FAIL_INTEGRITY},
	{.id = "2.13 none", .no_header = true, .want = TICKET_FAIL_NOT_FOUND},
	{.id = "A1", .header = TICKET_A1, .want = TICKET_FAIL_INTEGRITY},
	{.id = "A2", .header = TICKET_A2, .want = TICKET_FAIL_EPOCH},
	{.id = "A3", .header = TICKET_A3, .want = TICKET_FAIL_INTEGRITY},
	{.id = "A4", .header = TICKET_A4, .want = TICKET_FAIL_DECODE},
	{.id = "A5", .header = TICKET_A5, .want = TICKET_FAIL_DECODE},
	{.id = "A6", .header = TICKET_A6},
	{.id = "A7", .header = TICKET_A7, .want = TICKET_FAIL_DECODE},
	{.id = "A8", .header = TICKET_A8},
	{.id = "A9 t2", .header = TICKET_A9, .profile = "t2"},
	{.id = "TKT-2 A9 t1", .header = TICKET_A9, .want = TICKET_FAIL_DECODE},
	{.id = "TKT-5 A12", .n_headers = 2, .want = TICKET_FAIL_DECODE},
	{.id = "TKT-18 early", .now_ns = (START - 30) * S_NS, .skew_s = 30},
	{.id = "TKT-18 late", .now_ns = (STOP + 30) * S_NS, .skew_s = 30},
	{.id = "TKT-18 too late",
		.now_ns = (STOP + 30) * S_NS + 1,
		.skew_s = 30,
		.want = TICKET_FAIL_TIMESTAMP},
	{.id = "TKT-23 no certificate", .no_peer = true, .want = TICKET_FAIL_DOMAIN},
	{.id = "TKT-25 own domain unknown", .own = "", .want = TICKET_FAIL_DOMAIN},
	{.id = "2.12 previous epoch, in its grace",
		.epoch = 2,
		.password = "another password",
		.previous = {1, STR_LIT(TICKET_PASSWORD)}},
	{.id = "2.12 current epoch, beside the previous one",
		.previous = {2, STR_LIT("another password")}},
	{.id = "2.12 the epoch before the previous one",
		.epoch = 3,
		.previous = {2, STR_LIT(TICKET_PASSWORD)},
		.want = TICKET_FAIL_EPOCH},
	{.id = "2.12 previous epoch with the password of now",
		.epoch = 2,
		.previous = {1, STR_LIT("another password")},
		.want = TICKET_FAIL_INTEGRITY},
	{.id = "2.9 no number", .called = "sip:4085550123@x", .want = TICKET_FAIL_DID},
};

static void test_change(void **state)
{
	const struct change *c = *state;

	assert_int_equal(verify(c, NULL, NULL, NULL), c->want);
}

static void test_tkt3_a10_a11(void **state)
{
	char text[] = TICKET_2_13;
	struct change c = {.header = text};

	text[sizeof(text) - 2] = '\0'; // A10: without the final '='
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_OK);
	*strchr(text, '+') = '-';
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_FAIL_DECODE);
}

// There is no replay cache: a ticket is good for any number of calls.
static void test_tkt1_used_again(void **state)
{
	struct ticket_keys *keys = ticket_keys_new(4);
	struct change good = {0};

	for (int i = 0; i < 3; i++)
		assert_int_equal(verify(&good, keys, NULL, NULL), TICKET_OK);
	ticket_keys_free(keys);
}

// Everything wrong at once, then one fault less each time.
static void test_tkt17_order(void **state)
{
	struct change c = {.header = "*",
		.no_header = true,
		.epoch = 2,
		.password = "other password",
		.now_ns = 1,
		.called = "sip:x@y",
		.own = "x.example"};

	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_FAIL_NOT_FOUND);
	c.no_header = false;
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_FAIL_DECODE);
	c.header = NULL;
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_FAIL_EPOCH);
	c.epoch = 1;
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_FAIL_INTEGRITY);
	c.password = NULL;
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_FAIL_TIMESTAMP);
	c.now_ns = 0;
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_FAIL_DID);
	c.called = NULL;
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_FAIL_DOMAIN);
	c.own = NULL;
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_OK);
}

static void test_decoded(void **state)
{
	char buf[TICKET_UUID_TEXT_MAX];

	assert_int_equal(ticket_decode_header(profile("t1"), STR_LIT(TICKET_2_13), &t), 0);
	assert_int_equal(t.n, 176);
	assert_int_equal(t.start_ns, START * S_NS);
	assert_int_equal(t.stop_ns, STOP * S_NS);
	assert_int_equal(t.epoch, 1);
	assert_true(str_eq(t.field[TICKET_NUMBER], STR_LIT("+14085550123")));
	assert_true(str_eq(t.field[TICKET_GRANTED_DOMAIN], STR_LIT("enterprise-b.example")));
	assert_string_equal(ticket_uuid_text(&t, buf), "8f4f2c1e-6d1b-4a37-9c55-0123456789ab");
}

// ---- Decoding rules, one by one: octets of the integer fields are written out -------------------

#define UUID_     "0001001000000000000000000000000000000001 "
#define SALT_     "0002000400010203 "
#define VALIDITY_ "00030010ed00378000000000edeed70000000000 "
#define NUMBER_   "000400032b3134 "
#define GRANTING_ "0006000161 "
#define GRANTED_  "0007000162 "
#define EPOCH_    "0008000400000001 "
#define MAC_      "000900140000000000000000000000000000000000000000 "
#define ALL_      UUID_ SALT_ VALIDITY_ NUMBER_ GRANTING_ GRANTED_ EPOCH_ MAC_

static const struct fault {
	const char *id, *hex;
	enum ticket_fault want;
} faults[] = {
	{"2.4 in order 1", ALL_, TICKET_FAULT_NONE},
	{"2.4 in order 2", EPOCH_ GRANTED_ GRANTING_ NUMBER_ VALIDITY_ SALT_ UUID_ MAC_,
		TICKET_FAULT_NONE},
	{"2.4 in order 3", "ffff0000 " ALL_, TICKET_FAULT_NONE},
	{"TKT-8 missing 1", "", TICKET_FAULT_MISSING},
	{"TKT-9 not last 1", ALL_ "00", TICKET_FAULT_NOT_LAST},
	{"TKT-9 not last 2", ALL_ "80000000", TICKET_FAULT_NOT_LAST},
	{"TKT-6 overrun 1", "00010010", TICKET_FAULT_OVERRUN},
	{"TKT-6 overrun 2", "000100", TICKET_FAULT_OVERRUN},
	{"TKT-6 overrun 3", "8000ffff00", TICKET_FAULT_OVERRUN},
	{"TKT-7 unknown type 1", "00000000 " ALL_, TICKET_FAULT_UNKNOWN_TYPE},
	{"TKT-7 unknown type 2", "7fff0000 " ALL_, TICKET_FAULT_UNKNOWN_TYPE},
	{"TKT-7 unknown type 3", "000a0000 " ALL_, TICKET_FAULT_UNKNOWN_TYPE},
	{"TKT-8 twice 1", UUID_ ALL_, TICKET_FAULT_DUPLICATE},
	{"TKT-8 missing 2", UUID_ VALIDITY_ NUMBER_ GRANTING_ GRANTED_ EPOCH_ MAC_,
		TICKET_FAULT_MISSING},
	{"TKT-8 missing 3", UUID_ SALT_ VALIDITY_ NUMBER_ GRANTING_ GRANTED_ EPOCH_,
		TICKET_FAULT_MISSING},
	{"TKT-8 length 1", "0001000f000000000000000000000000000001 ", TICKET_FAULT_LENGTH},
	{"TKT-8 length 2", UUID_ "00020003000102 ", TICKET_FAULT_LENGTH},
	{"TKT-8 length 3", UUID_ SALT_ "0003000800000000000000ff ", TICKET_FAULT_LENGTH},
	{"TKT-8 length 4", UUID_ SALT_ VALIDITY_ "000400012b ", TICKET_FAULT_LENGTH},
	{"TKT-8 length 5", UUID_ SALT_ VALIDITY_ "000400112b31313131313131313131313131313131 ",
		TICKET_FAULT_LENGTH},
	{"TKT-8 length 6", UUID_ SALT_ VALIDITY_ NUMBER_ "00050000 ", TICKET_FAULT_LENGTH},
	{"TKT-10 number 1", UUID_ SALT_ VALIDITY_ "0004000331 3134 ", TICKET_FAULT_NUMBER},
	{"TKT-10 number 2", UUID_ SALT_ VALIDITY_ "000400032b3161 ", TICKET_FAULT_NUMBER},
	{"TKT-10 domain 1", UUID_ SALT_ VALIDITY_ NUMBER_ "000600025f61 ", TICKET_FAULT_DOMAIN},
	{"TKT-10 domain 2", UUID_ SALT_ VALIDITY_ NUMBER_ GRANTING_ "000700012e ",
		TICKET_FAULT_DOMAIN},
	{"TKT-11 validity 1", UUID_ SALT_ "00030010edeed70000000000ed00378000000000 ",
		TICKET_FAULT_VALIDITY},
	{"2.4 epoch 1", UUID_ SALT_ VALIDITY_ NUMBER_ GRANTING_ GRANTED_ "0008000400000000 ",
		TICKET_FAULT_EPOCH},
	{"2.4 epoch 2", UUID_ SALT_ VALIDITY_ NUMBER_ GRANTING_ GRANTED_ "0008000400000100 ",
		TICKET_FAULT_EPOCH},
	{"TKT-8 length 7",
		UUID_ SALT_ VALIDITY_ NUMBER_ GRANTING_ GRANTED_ EPOCH_
		"00090010 00000000000000000000000000000000",
		TICKET_FAULT_LENGTH},
};

static void test_fault(void **state)
{
	const struct fault *f = *state;
	uint8_t octets[512];

	assert_int_equal(ticket_decode(profile("t1"), octets, unhex(f->hex, octets), &t), f->want);
}

static void test_tkt3_folding(void **state)
{
	static const char whole[] = TICKET_2_13;
	char text[2 * sizeof(whole)];
	struct change c = {.header = text};

	snprintf(text, sizeof(text), " \t%.100s\r\n \t%s\r\n \t ", whole, whole + 100);
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_OK);
	*strchr(strchr(text, '\n'), '\t') = '\v'; // no white space of SIP
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_FAIL_DECODE);
	snprintf(text, sizeof(text), "%.100s\r\n%s", whole, whole + 100); // no folding
	assert_int_equal(verify(&c, NULL, NULL, NULL), TICKET_FAIL_DECODE);
}

static void test_tkt4_length(void **state)
{
	char text[TICKET_TEXT_MAX + 1];

	memset(text, 'A', sizeof(text));
	assert_int_equal(ticket_decode_header(profile("t1"), (struct str){text, sizeof(text)}, &t),
		TICKET_FAULT_TOO_LONG);
	assert_int_equal(
		ticket_decode_header(profile("t1"), (struct str){text, sizeof(text) - 1}, &t),
		TICKET_FAULT_UNKNOWN_TYPE);
	assert_int_equal(ticket_decode(profile("t1"), (uint8_t *)text, sizeof(text), &t),
		TICKET_FAULT_TOO_LONG);
}

static void test_tkt12_count(void **state)
{
	uint8_t octets[512] = {0}, tail[256];
	size_t n = unhex(ALL_, tail), extra = (TICKET_TLVS_MAX - 8) * 4;

	for (size_t i = 0; i <= extra; i += 4)
		octets[i] = 0x80;
	memcpy(octets + extra, tail, n);
	assert_int_equal(ticket_decode(profile("t1"), octets, extra + n, &t), TICKET_FAULT_NONE);
	memcpy(octets + extra, "\x80\0\0\0", 4);
	memcpy(octets + extra + 4, tail, n);
	assert_int_equal(
		ticket_decode(profile("t1"), octets, extra + 4 + n, &t), TICKET_FAULT_TOO_MANY);
}

static void test_tkt24_eras(void **state)
{
	static const struct {
		const char *hex;
		int64_t unix_s;
	} v[] = {
		{"ed00378000000000", START}, {"edeed70000000000", STOP},
		{"ffffffff00000000", 2085978495}, // 2036-02-07T06:28:15Z
		{"0000000000000000", 2085978496}, // 2036-02-07T06:28:16Z, era 1
		{"0754fd0000000000", 2208988800}, // 2040-01-01T00:00:00Z
		{"8000000000000000", -61505152},  // 1968-01-20T03:14:08Z
		{"7fffffff00000000", 4233462143}, // 2104-02-26T09:42:23Z
	};
	const struct ticket_profile *p = profile("t1");
	uint8_t in[8], out[8];
	int64_t ns;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		unhex(v[i].hex, in);
		assert_true(ticket_time_decode(p, in, &ns));
		assert_int_equal(ns, v[i].unix_s * S_NS);
		assert_true(ticket_time_encode(p, ns, out));
		assert_memory_equal(in, out, 8);
	}
	assert_true(ticket_time_encode(p, -1, out));
	assert_true(ticket_time_decode(p, out, &ns));
	assert_int_equal(ns, -1);
	assert_false(ticket_time_encode(p, -61505153 * S_NS, out));
	assert_false(ticket_time_encode(p, 4233462144 * S_NS, out));
}

// A validity that crosses the wrap is in order although its octets are not.
static void test_tkt24_validity(void **state)
{
	static const char hex[] = UUID_ SALT_
		"00030010ffffffff000000000000000000000000 " NUMBER_ GRANTING_ GRANTED_ EPOCH_ MAC_;
	uint8_t octets[256];

	assert_int_equal(ticket_decode(profile("t1"), octets, unhex(hex, octets), &t), 0);
	assert_int_equal(t.stop_ns - t.start_ns, S_NS);
}

// ---- Keys ---------------------------------------------------------------------------------------

// The password is used as it is written; 128 bits come of it.
static void test_tkt13_tkt15_key(void **state)
{
	uint8_t key[TICKET_KEY_MAX], want[32], salt[16];
	struct str s = {(const char *)salt, sizeof(salt)};

	unhex("000102030405060708090a0b0c0d0e0f", salt);
	unhex("ab3ddc2b9cabf9baf91a894b839e9224", want);
	assert_int_equal(ticket_derive(profile("t1"), STR_LIT(TICKET_PASSWORD), s, key), 16);
	assert_memory_equal(key, want, 16);
	unhex("87515389747880b3d0e013d9c69de6f285dbffbfe264b27a2da6eff6b1b94ea8", want);
	assert_int_equal(ticket_derive(profile("t2"), STR_LIT(TICKET_PASSWORD), s, key), 32);
	assert_memory_equal(key, want, 32);
}

static void test_tkt16_cache_and_bucket(void **state)
{
	struct ticket_keys *keys = ticket_keys_new(4);
	struct bucket_rate rate = bucket_rate(50, 1);
	struct bucket misses = {0};
	struct change good = {0}, forged = {.header = TICKET_A1}, a9 = {.header = TICKET_A9};

	assert_int_equal(verify(&good, keys, &misses, &rate), TICKET_OK); // takes the only token
	assert_int_equal(verify(&good, keys, &misses, &rate), TICKET_OK); // cached
	assert_int_equal(verify(&forged, keys, &misses, &rate), TICKET_FAIL_INTEGRITY);
	assert_int_equal(ticket_keys_count(keys), 1);
	ticket_keys_clear(keys);
	assert_int_equal(verify(&good, keys, &misses, &rate), TICKET_FAIL_RATE);
	assert_int_equal(verify(&a9, keys, &misses, &rate), TICKET_FAIL_DECODE); // costs nothing
	assert_int_equal(verify(&good, NULL, NULL, NULL), TICKET_OK);
	ticket_keys_free(keys);
}

// The cached key is what is used: a wrong one under the right name fails.
static void test_cached_key_is_used(void **state)
{
	struct ticket_keys *keys = ticket_keys_new(4);
	static const uint8_t wrong[16];
	struct change good = {0};

	ticket_decode_header(profile("t1"), STR_LIT(TICKET_2_13), &t);
	ticket_keys_put(keys, 1, t.field[TICKET_SALT], wrong, sizeof(wrong));
	assert_int_equal(verify(&good, keys, NULL, NULL), TICKET_FAIL_INTEGRITY);
	ticket_keys_free(keys);
}

static void test_names(void **state)
{
	assert_null(profile("t3"));
	assert_null(profile(""));
	assert_true(ticket_profile_is_header(profile("t1"), STR_LIT("x-cisco-uc-ime-ticket")));
	assert_true(ticket_profile_is_header(profile("t1"), STR_LIT("X-Cisco-ViPR-Ticket")));
	assert_false(ticket_profile_is_header(profile("t1"), STR_LIT("X-Cisco-ViPR-Ticke")));
	assert_string_equal(
		ticket_verdict_counter(TICKET_FAIL_DOMAIN), "Ticket domain check failed");
	assert_string_equal(ticket_verdict_reason(TICKET_FAIL_DID), "DID");
	assert_string_equal(ticket_fault_rule(TICKET_FAULT_NOT_LAST), "TKT-9");
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tkt3_a10_a11),
		cmocka_unit_test(test_tkt1_used_again),
		cmocka_unit_test(test_tkt17_order),
		cmocka_unit_test(test_decoded),
		cmocka_unit_test(test_tkt3_folding),
		cmocka_unit_test(test_tkt4_length),
		cmocka_unit_test(test_tkt12_count),
		cmocka_unit_test(test_tkt24_eras),
		cmocka_unit_test(test_tkt24_validity),
		cmocka_unit_test(test_tkt13_tkt15_key),
		cmocka_unit_test(test_tkt16_cache_and_bucket),
		cmocka_unit_test(test_cached_key_is_used),
		cmocka_unit_test(test_names),
	};

	struct CMUnitTest rows[COUNT(changes) + COUNT(faults)];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(changes); i++)
		rows[n++] = row_case(changes[i].id, test_change, &changes[i]);
	for (size_t i = 0; i < COUNT(faults); i++)
		rows[n++] = row_case(faults[i].id, test_fault, &faults[i]);
	return cmocka_run_group_tests_name("rows", rows, NULL, NULL) +
		cmocka_run_group_tests_name("ticket", tests, NULL, NULL);
}
