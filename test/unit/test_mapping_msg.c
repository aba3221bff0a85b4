// SPDX-License-Identifier: BSD-3-Clause
// The mapping service's messages: the worked example of protocol.md 6.4 octet for octet, framing (MAP-8), and
// what answers each message that is wrong (6.3).
#include "test/unit/test.h"

#include "lib/flow.h"
#include "lib/mapping_msg.h"

#define HEAD   "2112a442 0102030405060708090a0b0c "
#define REMOTE "7f010008 000132d7 ea12d548 "
#define TCP    "00190004 06000000 "
#define DOMAIN "ff010014 656e74657270726973652d622e6578616d706c65 "
#define MAC    "001c0020 2fca3e28c9027f157e7399bb733fa10e0514e4a44d2e4a7af37a21bf7bac8fdf"
#define KEY    STR_LIT("mapping-secret")

static const struct str no_key;

static void assert_endpoint(const struct endpoint *e, const char *text)
{
	char buf[ENDPOINT_TEXT_MAX];

	assert_string_equal(endpoint_format(e, ':', buf), text);
}

static struct mapping_msg message(enum mapping_class class)
{
	struct mapping_msg m = {.class = class};

	for (uint8_t i = 0; i < sizeof(m.transaction); i++)
		m.transaction[i] = i + 1;
	return m;
}

static struct mapping_msg example_request(void)
{
	struct mapping_msg m = message(MAPPING_REQUEST);

	m.remote = ep("203.0.113.10", 5061);
	m.transport = PROTO_TCP;
	m.domain = STR_LIT("enterprise-b.example");
	return m;
}

static void assert_written(const struct mapping_msg *m, struct str key, const char *hex)
{
	uint8_t want[MAPPING_MSG_MAX], got[MAPPING_MSG_MAX];
	size_t n = unhex(hex, want);

	assert_int_equal(mapping_msg_write(m, key, got, sizeof(got)), n);
	assert_memory_equal(got, want, n);
	for (size_t room = 0; room < n; room++)
		assert_int_equal(mapping_msg_write(m, key, got, room), 0);
}

static struct mapping_msg read_hex(const char *hex, uint8_t *buf, enum mapping_error want)
{
	size_t n = unhex(hex, buf);
	struct mapping_msg m;

	assert_int_equal(mapping_msg_frame(buf, n), n);
	assert_int_equal(mapping_msg_read(buf, n, &m), want);
	return m;
}

static void test_example_request(void **state)
{
	static const char hex[] = "02e0002c " HEAD REMOTE TCP DOMAIN;
	struct mapping_msg m = example_request();
	uint8_t buf[MAPPING_MSG_MAX];

	assert_written(&m, no_key, hex);
	m = read_hex(hex, buf, MAPPING_OK);
	assert_int_equal(m.class, MAPPING_REQUEST);
	assert_endpoint(&m.remote, "203.0.113.10:5061");
	assert_int_equal(m.transport, PROTO_TCP);
	assert_true(str_eq(m.domain, STR_LIT("enterprise-b.example")));
	assert_int_equal(m.transaction[11], 12);
	assert_false(m.has_lifetime);
	assert_false(mapping_msg_signed(buf, &m, KEY));
}

static void test_example_success(void **state)
{
	static const char hex[] = "03e00014 " HEAD "00200008 0001bd53 e1baae43 000d0004 00000258";
	struct mapping_msg m = message(MAPPING_SUCCESS);
	uint8_t buf[MAPPING_MSG_MAX];

	m.mapped = ep("192.168.10.1", 40001);
	m.has_lifetime = true;
	m.lifetime_s = 600;
	assert_written(&m, no_key, hex);
	m = read_hex(hex, buf, MAPPING_OK);
	assert_int_equal(m.class, MAPPING_SUCCESS);
	assert_endpoint(&m.mapped, "192.168.10.1:40001");
	assert_int_equal(m.lifetime_s, 600);
}

static void test_example_error(void **state)
{
	static const char hex[] = "03f00014 " HEAD "0009000d 00000403 466f7262696464656e 000000";
	struct mapping_msg m = message(MAPPING_ERROR);
	uint8_t buf[MAPPING_MSG_MAX];

	m.code = MAPPING_FORBIDDEN;
	m.reason = str_from(mapping_error_phrase(MAPPING_FORBIDDEN));
	assert_written(&m, no_key, hex);
	m = read_hex(hex, buf, MAPPING_OK);
	assert_int_equal(m.code, 403);
	assert_true(str_eq(m.reason, STR_LIT("Forbidden")));
}

static void test_example_signed(void **state)
{
	static const char hex[] = "02e00050 " HEAD REMOTE TCP DOMAIN MAC;
	struct mapping_msg m = example_request();
	uint8_t buf[MAPPING_MSG_MAX];

	assert_written(&m, KEY, hex);
	m = read_hex(hex, buf, MAPPING_OK);
	assert_true(mapping_msg_signed(buf, &m, KEY));
	assert_false(mapping_msg_signed(buf, &m, STR_LIT("mapping-secreT")));
	for (size_t i = 0; i < 100; i++) { // whichever octet somebody changes on the way
		struct mapping_msg changed;

		buf[i] ^= 1;
		if (mapping_msg_frame(buf, 100) == 100 &&
			mapping_msg_read(buf, 100, &changed) == MAPPING_OK)
			assert_false(mapping_msg_signed(buf, &changed, KEY));
		buf[i] ^= 1;
	}
	assert_true(mapping_msg_signed(buf, &m, KEY));
}

// What stands behind the signature was added by somebody else.
static void test_behind_signature(void **state)
{
	uint8_t buf[MAPPING_MSG_MAX];
	struct mapping_msg m = read_hex(
		"02e00058 " HEAD REMOTE TCP DOMAIN MAC "000d0004 00000001", buf, MAPPING_OK);

	assert_true(mapping_msg_signed(buf, &m, KEY));
	assert_false(m.has_lifetime);
}

static void test_v6(void **state)
{
	struct mapping_msg m = message(MAPPING_REQUEST), again;
	uint8_t buf[MAPPING_MSG_MAX];
	size_t n;

	m.remote = ep("2001:db8::5", 5061);
	n = mapping_msg_write(&m, no_key, buf, sizeof(buf));
	assert_int_equal(n, 20 + 24);
	assert_int_equal(mapping_msg_read(buf, n, &again), MAPPING_OK);
	assert_endpoint(&again.remote, "[2001:db8::5]:5061");
}

// RFC 5769 2.2: the coding of an address is STUN's.
static void test_rfc5769_address(void **state)
{
	uint8_t buf[MAPPING_MSG_MAX];
	struct mapping_msg m =
		read_hex("03e0000c 2112a442 b7e7a701bc34d686fa87dfae 00200008 0001a147 e112a643",
			buf, MAPPING_OK);

	assert_endpoint(&m.mapped, "192.0.2.1:32853");
}

static void test_framing(void **state)
{
	static const struct {
		const char *hex;
		int want;
	} rows[] = {
		{"", 0},
		{"02", 0},
		{"02e0 0000 2112a4", 0},
		{"02e00000 " HEAD, 20},
		{"02f00000 " HEAD "ffff", 20}, // another one begins behind it
		{"02e00004 " HEAD, 0},
		{"82", -1}, // RTP, SIP, TLS: their first two bits are not 0
		{"49 4e5649", -1},
		{"02e00000 2112a443", -1},
		{"02e00002 " HEAD, -1},
		{"02e00400 " HEAD, 0}, // 1024, the most there may be
		{"02e00404 " HEAD, -1},
	};
	uint8_t buf[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mapping_msg_frame(buf, unhex(rows[i].hex, buf)), rows[i].want);
}

// Each method with each class is a type of its own (RFC 8489 5).
static void test_methods(void **state)
{
	static const struct {
		const char *hex;
		uint16_t method;
		enum mapping_class class;
	} rows[] = {
		{"00010000 " HEAD, 0x001, MAPPING_REQUEST}, // STUN's Binding
		{"01010000 " HEAD, 0x001, MAPPING_SUCCESS},
		{"01110000 " HEAD, 0x001, MAPPING_ERROR},
		{"02e00000 " HEAD, MAPPING_METHOD, MAPPING_REQUEST},
		{"02f00000 " HEAD, MAPPING_METHOD, MAPPING_INDICATION},
		{"03e00000 " HEAD, MAPPING_METHOD, MAPPING_SUCCESS},
		{"03f00000 " HEAD, MAPPING_METHOD, MAPPING_ERROR},
		{"3eef0000 " HEAD, 0xfff, MAPPING_REQUEST},
		{"3fff0000 " HEAD, 0xfff, MAPPING_ERROR},
	};
	uint8_t buf[MAPPING_MSG_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mapping_msg m = read_hex(rows[i].hex, buf, MAPPING_OK);

		assert_int_equal(m.method, rows[i].method);
		assert_int_equal(m.class, rows[i].class);
		assert_written(&m, no_key, rows[i].hex);
	}
}

static void test_wrong(void **state)
{
	static const struct {
		const char *hex;
		enum mapping_error want;
	} rows[] = {
		{"02e00004 " HEAD "7f010008", MAPPING_BAD_REQUEST},
		{"02e00008 " HEAD "7f010004 00010000", MAPPING_BAD_REQUEST},
		{"02e00008 " HEAD "7f010003 00010000", MAPPING_BAD_REQUEST},
		{"02e0000c " HEAD "7f010008 000332d7 ea12d548", MAPPING_FAMILY},
		{"02e0000c " HEAD "7f010008 000232d7 ea12d548", MAPPING_BAD_REQUEST},
		{"02e00018 " HEAD "7f010014 000232d7 2112a442 01020304 05060708 090a0b0c",
			MAPPING_BAD_REQUEST}, // ::
		{"02e00014 " HEAD REMOTE "7f020001 00000000", MAPPING_UNKNOWN_ATTRIBUTE},
		{"02e00014 " HEAD REMOTE "ff020001 00000000", MAPPING_OK},
		{"02e00014 " HEAD REMOTE "00190003 06000000", MAPPING_BAD_REQUEST},
		{"02e00010 " HEAD REMOTE "ff010000", MAPPING_BAD_REQUEST},
		{"02e00014 " HEAD REMOTE "000d0003 00000000", MAPPING_BAD_REQUEST},
		{"02e00014 " HEAD REMOTE "001c0004 00000000", MAPPING_BAD_REQUEST},
		{"03f00008 " HEAD "00090003 00000400", MAPPING_BAD_REQUEST},
		{"03f00008 " HEAD "00090004 00000200", MAPPING_BAD_REQUEST},
		{"03f00008 " HEAD "000a0003 7f020000", MAPPING_BAD_REQUEST},
	};
	uint8_t buf[MAPPING_MSG_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		read_hex(rows[i].hex, buf, rows[i].want);
}

// 420 lists what was not understood, as many as an answer has room for; one that is malformed beside
// them is the worse fault.
static void test_unknown(void **state)
{
	struct mapping_msg answer = message(MAPPING_ERROR), m;
	uint8_t buf[MAPPING_MSG_MAX];

	m = read_hex("02e00010 " HEAD "7f020000 00010000 7f020000 ff020000", buf,
		MAPPING_UNKNOWN_ATTRIBUTE);
	assert_int_equal(m.n_unknown, 3);
	assert_int_equal(m.unknown[0], 0x7f02);
	assert_int_equal(m.unknown[1], 0x0001);
	answer.code = MAPPING_UNKNOWN_ATTRIBUTE;
	answer.n_unknown = 2;
	memcpy(answer.unknown, m.unknown, sizeof(answer.unknown));
	assert_written(&answer, no_key, "03f00010 " HEAD "00090004 00000414 000a0004 7f020001");
	read_hex("02e0000c " HEAD "7f020000 000d0001 00000000", buf, MAPPING_BAD_REQUEST);
	m = read_hex("02e00028 " HEAD "7f020000 7f020000 7f020000 7f020000 7f020000 7f020000 "
		     "7f020000 7f020000 7f020000 7f020000",
		buf, MAPPING_UNKNOWN_ATTRIBUTE);
	assert_int_equal(m.n_unknown, MAPPING_UNKNOWN_MAX);
}

// Of each attribute the first counts.
static void test_repeated(void **state)
{
	uint8_t buf[MAPPING_MSG_MAX];
	struct mapping_msg m = read_hex("02e00038 " HEAD REMOTE "7f010008 00010000 00000000 " TCP
					"00190004 11000000 000d0004 00000000 000d0004 00000009",
		buf, MAPPING_OK);

	assert_endpoint(&m.remote, "203.0.113.10:5061");
	assert_int_equal(m.transport, PROTO_TCP);
	assert_true(m.has_lifetime);
	assert_int_equal(m.lifetime_s, 0);
}

static void test_phrases(void **state)
{
	static const enum mapping_error all[] = {400, 401, 403, 420, 440, 442, 486, 500, 508};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_string_not_equal(mapping_error_phrase(all[i]), "Error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example_request),
		cmocka_unit_test(test_example_success),
		cmocka_unit_test(test_example_error),
		cmocka_unit_test(test_example_signed),
		cmocka_unit_test(test_behind_signature),
		cmocka_unit_test(test_v6),
		cmocka_unit_test(test_rfc5769_address),
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_phrases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
