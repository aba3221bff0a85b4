// SPDX-License-Identifier: BSD-3-Clause
// Minting: the vectors of protocol.md 2.13 and Appendix A byte for byte, and what is refused.
#include "test/unit/test.h"

#include "lib/base64.h"
#include "lib/ticket.h"
#include "test/unit/ticket_vectors.h"

#define S_NS  1000000000ll
#define START 1767225600ll // 2026-01-01T00:00:00Z
#define STOP  1782864000ll // 2026-07-01T00:00:00Z

static struct ticket t;

static const struct ticket_profile *profile(const char *name)
{
	return ticket_profile_find(str_from(name));
}

static struct ticket_grant grant_2_13(void)
{
	static uint8_t salt[16], node[16];
	struct ticket_grant g = {
		.salt = {(const char *)salt, sizeof(salt)},
		.number = STR_LIT("+14085550123"),
		.granting_node = {(const char *)node, sizeof(node)},
		.granting_domain = STR_LIT("enterprise-a.example"),
		.granted_domain = STR_LIT("enterprise-b.example"),
		.start_ns = START * S_NS,
		.stop_ns = STOP * S_NS,
		.epoch = 1,
	};

	unhex("8f4f2c1e6d1b4a379c550123456789ab", g.uuid);
	unhex("000102030405060708090a0b0c0d0e0f", salt);
	unhex("a1b2c3d4e5f60718293a4b5c6d7e8f90", node);
	return g;
}

static void test_mint_vectors(void **state)
{
	static const struct ticket_tlv a5 = {4, STR_LIT("+14085550199")},
				       a6 = {0x8001, STR_LIT("x")}, a7 = {0x0042, STR_LIT("x")};
	static const struct {
		const char *want, *profile, *password, *granted;
		uint8_t epoch;
		const struct ticket_tlv *extra;
	} v[] = {
		{.want = TICKET_2_13},
		{.want = TICKET_A2, .epoch = 2},
		{.want = TICKET_A3, .password = "Tk1-9f!BCDEFGHJKLMNQ"},
		{.want = TICKET_A5, .extra = &a5},
		{.want = TICKET_A6, .extra = &a6},
		{.want = TICKET_A7, .extra = &a7},
		{.want = TICKET_A8, .granted = "Enterprise-B.EXAMPLE"},
		{.want = TICKET_A9, .profile = "t2"},
	};
	uint8_t out[512];
	char text[BASE64_SIZE(sizeof(out))];
	size_t n;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct ticket_grant g = grant_2_13();

		if (v[i].epoch != 0)
			g.epoch = v[i].epoch;
		if (v[i].granted != NULL)
			g.granted_domain = str_from(v[i].granted);
		g.extra = v[i].extra;
		g.n_extra = v[i].extra != NULL;
		assert_int_equal(
			ticket_mint(profile(v[i].profile != NULL ? v[i].profile : "t1"), &g,
				str_from(v[i].password != NULL ? v[i].password : TICKET_PASSWORD),
				out, sizeof(out), &n),
			TICKET_FAULT_NONE);
		base64_encode(out, n, text);
		assert_string_equal(text, v[i].want);
	}
}

static void test_mint_refuses(void **state)
{
	struct ticket_grant g;
	uint8_t out[512];
	size_t n;

#define REFUSED(change, fault)                                                                     \
	g = grant_2_13();                                                                          \
	g.change;                                                                                  \
	assert_int_equal(ticket_mint(profile("t1"), &g, STR_LIT("0123456789"), out, 512, &n), fault)
	REFUSED(epoch = 0, TICKET_FAULT_EPOCH);
	REFUSED(number = STR_LIT("14085550123"), TICKET_FAULT_NUMBER);
	REFUSED(number = STR_LIT("+1234567890123456"), TICKET_FAULT_LENGTH);
	REFUSED(salt = STR_LIT("abc"), TICKET_FAULT_LENGTH);
	REFUSED(granted_domain = STR_LIT("*.example"), TICKET_FAULT_DOMAIN);
	REFUSED(granting_domain = STR_LIT(""), TICKET_FAULT_LENGTH);
	REFUSED(stop_ns = g.start_ns - 1, TICKET_FAULT_VALIDITY);
	REFUSED(stop_ns = INT64_MAX, TICKET_FAULT_VALIDITY);
	g = grant_2_13();
	for (size_t size = 0; size < 176; size++)
		assert_int_equal(
			ticket_mint(profile("t1"), &g, STR_LIT("0123456789"), out, size, &n),
			TICKET_FAULT_TOO_LONG);
}

// Every alternative of the profile descriptor (2.3) that t1 and t2 do not use.
static void test_descriptor(void **state)
{
	struct ticket_profile p = *profile("t1");
	struct ticket_grant g = grant_2_13();
	uint8_t out[512], other[512];
	size_t n, m;

	p.type_octets = 1;
	p.length_octets = 1;
	p.length_includes_header = true;
	p.pad_to = 4;
	p.optional_from = 0x80;
	p.time = TICKET_UNIX32;
	p.epoch_octets = 1;
	p.kdf = TICKET_KDF_NONE;
	p.mac_covers_header = true;
	assert_int_equal(ticket_mint(&p, &g, STR_LIT("k"), out, sizeof(out), &n), 0);
	// 16+2, 16+2, 8+2, 12+2, 16+2, 20+2, 20+2, 1+2, 20+2; each value padded to 4.
	assert_int_equal(n, 9 * 2 + 16 + 16 + 8 + 12 + 16 + 20 + 20 + 4 + 20);
	assert_memory_equal(out + 2 * 18, "\x03\x0a\x69\x55\xb9\x00\x6a\x44\x58\x80", 10);
	assert_int_equal(ticket_decode(&p, out, n, &t), 0);
	assert_int_equal(t.stop_ns, STOP * S_NS);
	p.mac_covers_header = false;
	assert_int_equal(ticket_mint(&p, &g, STR_LIT("k"), other, sizeof(other), &m), 0);
	assert_int_equal(n, m);
	assert_memory_equal(out, other, n - 20);
	assert_memory_not_equal(out + n - 20, other + n - 20, 20);
	p.time = TICKET_UNIX64;
	assert_int_equal(ticket_mint(&p, &g, STR_LIT("k"), out, sizeof(out), &n), 0);
	assert_int_equal(ticket_decode(&p, out, n, &t), 0);
	assert_int_equal(t.start_ns, START * S_NS);
	memset(out + 2 * 18 + 2, 0xff, 8); // a time that does not fit
	assert_int_equal(ticket_decode(&p, out, n, &t), TICKET_FAULT_VALIDITY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mint_vectors),
		cmocka_unit_test(test_mint_refuses),
		cmocka_unit_test(test_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
