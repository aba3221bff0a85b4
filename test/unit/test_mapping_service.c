// SPDX-License-Identifier: BSD-3-Clause
// The mapping service over TCP (protocol.md section 6): each rule, against the whole proxy. Its errors are
// test_mapping_errors.c's.
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test/unit/fake_net.h"
#include "test/unit/mapping_room.h"

static int setup_key(void **state)
{
	static const char *const edit[] = {MAP_EDIT(", key: new.password"), NULL};

	rig_new_password = KEY;
	up(edit);
	return 0;
}

static void is_hex(const char *hex)
{
	uint8_t buf[MAPPING_MSG_MAX];

	assert_int_equal(client.n, unhex(hex, buf));
	assert_memory_equal(client.octets, buf, client.n);
}

// ---- 6.4 -----------------------------------------------------------------------------------------

#define EXAMPLE                                                                                    \
	"02e0002c 2112a442 0102030405060708090a0b0c 7f010008 000132d7 ea12d548 00190004 06000000 " \
	"ff010014 656e74657270726973652d622e6578616d706c65"

static void test_example(void **state)
{
	assert_int_equal(map_ask(&client, "198.51.100.20", 5061), 40000);
	ask_hex(EXAMPLE);
	is_hex("03e00014 2112a442 0102030405060708090a0b0c 00200008 0001bd53 e1baae43 000d0004 "
	       "00000258");
	assert_true(str_eq(
		mapping_domain(rig.ime[RIG_A]->mappings, 40001), STR_LIT("enterprise-b.example")));
	rig_only(RIG_A, CNT_NONE, 0);
	assert_int_equal(rig_counter(RIG_A, CNT_MAPPINGS_MADE), 2);
}

static void test_example_signed(void **state)
{
	assert_int_equal(map_ask(&client, "198.51.100.20", 5061), 0);
	is_error(MAPPING_UNAUTHORIZED);
	assert_false(client.m.has_integrity);
	ask_hex("02e00050 2112a442 0102030405060708090a0b0c 7f010008 000132d7 ea12d548 00190004 "
		"06000000 ff010014 656e74657270726973652d622e6578616d706c65 001c0020 "
		"2fca3e28c9027f157e7399bb733fa10e0514e4a44d2e4a7af37a21bf7bac8fdf");
	assert_int_equal(client.m.class, MAPPING_SUCCESS);
	assert_int_equal(client.m.mapped.port, 40000);
	assert_true(mapping_msg_signed(client.octets, &client.m, STR_LIT(KEY)));
	rig_only(RIG_A, CNT_MAPPING_UNAUTHORIZED, 1);
}

// 401: nothing is made, looked up or kept alive by who has not the key.
static void test_wrong_key(void **state)
{
	const struct mapping_msg m = {.class = MAPPING_REQUEST, .remote = ep(REMOTE, 5061)};
	const struct mapping_msg alive = {.class = MAPPING_INDICATION};
	struct mapping_msg bad = m;

	send_msg(&m, STR_LIT("mapping-secreT"));
	map_read(&client);
	is_error(MAPPING_UNAUTHORIZED);
	rig_only(RIG_A, CNT_MAPPING_UNAUTHORIZED, 1);
	assert_int_equal(mappings_usage(rig.ime[RIG_A]->mappings).in_use, 0);
	rig_pass_s(1700);
	send_msg(&m, STR_LIT(""));
	map_read(&client);
	send_msg(&alive, STR_LIT("mapping-secreT"));
	map_silent(&client);
	assert_int_equal(rig_counter(RIG_A, CNT_MAPPING_STRAY), 1);
	bad.transport = 17;
	send_msg(&bad, STR_LIT(KEY)); // an error is signed too
	map_read(&client);
	is_error(MAPPING_TRANSPORT);
	assert_true(mapping_msg_signed(client.octets, &client.m, STR_LIT(KEY)));
	rig_pass_s(1700);
	send_msg(&alive, STR_LIT("mapping-secreT"));
	rig_pass_s(200);
	map_closed(&client);
}

// ---- MAP-1 ---------------------------------------------------------------------------------------

static void test_only_call_managers(void **state)
{
	struct map_client stranger;

	map_connect(&stranger, "192.168.10.77", 2001);
	map_closed(&stranger);
	rig_only(RIG_A, CNT_MAPPING_NOT_UCM, 1);
	session_is(0, 0, 0, 0);
}

// 10 000 idle connections: bounded, and the old ones stay.
static void test_sessions_are_bounded(void **state)
{
	static struct map_client more[100];
	unsigned int refused = 0;

	for (int i = 0; i < 100; i++)
		map_connect(&more[i], RIG_UCM_A, (uint16_t)(3000 + i));
	for (int i = 0; i < 63; i++)
		assert_true(map_ask(&more[i], REMOTE, 5061) == 40000);
	for (int i = 63; i < 100; i++) {
		map_closed(&more[i]);
		refused++;
	}
	rig_only(RIG_A, CNT_MAPPING_SESSIONS_FULL, refused);
	assert_int_equal(map_ask(&client, REMOTE, 5061), 40000);
	map_close(&more[0]);
	map_connect(&more[99], RIG_UCM_A, 4000); // there is room again
	assert_int_equal(map_ask(&more[99], REMOTE, 5061), 40000);
	assert_int_equal(mapping_sessions_close(rig.ime[RIG_A]->mapping_service), 64);
	for (int i = 1; i < 63; i++)
		map_closed(&more[i]);
	map_closed(&more[99]);
	assert_int_equal(mappings_usage(rig.ime[RIG_A]->mappings).in_use, 1);
}

// ---- MAP-2 to MAP-4 ------------------------------------------------------------------------------

static void test_same_for_all(void **state)
{
	const struct endpoint mapped = ep(MAP_US, 40000);
	struct map_client two;

	assert_int_equal(map_ask(&client, REMOTE, 5061), 40000);
	assert_int_equal(map_ask(&client, REMOTE, 5061), 40000);
	assert_int_equal(map_ask(&client, REMOTE, 5070), 40001);
	map_connect(&two, MAP_UCM_TWO, 3001);
	assert_int_equal(map_ask(&two, REMOTE, 5061), 40000);
	assert_true(endpoint_eq(&two.m.mapped, &mapped));
	map_close(&two);
	assert_int_equal(rig_counter(RIG_A, CNT_MAPPINGS_MADE), 2);
}

// It outlives its connection, and lasts as long as was said.
static void test_lifetime(void **state)
{
	assert_int_equal(map_ask(&client, REMOTE, 5061), 40000);
	assert_true(client.m.has_lifetime);
	assert_int_equal(client.m.lifetime_s, 600);
	map_close(&client);
	rig_pass_s(599);
	map_connect(&client, RIG_UCM_A, 2002);
	assert_int_equal(map_ask(&client, REMOTE, 5061), 40000); // and is refreshed
	rig_pass_s(599);
	assert_int_equal(mappings_usage(rig.ime[RIG_A]->mappings).in_use, 1);
	rig_pass_s(1);
	assert_int_equal(mappings_usage(rig.ime[RIG_A]->mappings).in_use, 0);
	assert_int_equal(rig_counter(RIG_A, CNT_MAPPINGS_EXPIRED), 1);
}

static void test_release(void **state)
{
	const struct mapping_msg m = {
		.class = MAPPING_REQUEST, .remote = ep(REMOTE, 5061), .has_lifetime = true};

	assert_int_equal(map_ask(&client, REMOTE, 5061), 40000);
	send_msg(&m, STR_LIT(""));
	map_read(&client);
	assert_int_equal(client.m.class, MAPPING_SUCCESS);
	assert_int_equal(client.m.mapped.port, 40000);
	assert_true(client.m.has_lifetime && client.m.lifetime_s == 0);
	assert_int_equal(mappings_usage(rig.ime[RIG_A]->mappings).in_use, 0);
	session_is(2, 2, 0, 0);
}

// ---- MAP-5 to MAP-8 ------------------------------------------------------------------------------

static void ask_many(unsigned int n)
{
	static uint8_t buf[128 * 64];
	size_t used = 0;

	for (unsigned int i = 0; i < n; i++)
		used += map_request(&client, REMOTE, (uint16_t)(5000 + i), buf + used);
	map_write(&client, buf, used);
}

// MAP-5: 64 requests may wait for their answers, no more.
static void test_outstanding(void **state)
{
	unsigned int ok = 0, quota = 0;

	ask_many(70);
	for (int i = 0; i < 70; i++) {
		map_read(&client);
		ok += client.m.class == MAPPING_SUCCESS;
		quota += client.m.code == MAPPING_QUOTA;
	}
	assert_int_equal(ok, 64);
	assert_int_equal(quota, 6);
	rig_only(RIG_A, CNT_MAPPING_PENDING, 6);
	session_is(70, 64, 6, 0);
	ask_many(64); // the answers have left
	for (int i = 0; i < 64; i++) {
		map_read(&client);
		assert_int_equal(client.m.class, MAPPING_SUCCESS);
	}
	session_is(134, 128, 6, 0);
}

// Who asks and does not listen is not read any more, and others do not notice.
static void test_deaf(void **state)
{
	uint8_t buf[MAPPING_MSG_MAX];
	size_t n = map_request(&client, REMOTE, 5061, buf);
	struct map_client two;
	unsigned int stuck = 0;

	for (unsigned int i = 0; i < 1000000 && stuck < 100; i++) {
		ssize_t sent = write(client.fd, buf, n);

		if (sent != (ssize_t)n)
			stuck++;
		event_base_loop(rig.base, EVLOOP_NONBLOCK);
		if (sent > 0 && sent != (ssize_t)n)
			break;
	}
	assert_true(stuck > 0);
	map_connect(&two, RIG_UCM_A, 3001);
	assert_true(map_ask(&two, REMOTE, 5062) != 0);
	map_close(&two);
	assert_true(rig_counter(RIG_A, CNT_MAPPING_PENDING) > 0);
}

static void test_in_pieces(void **state)
{
	uint8_t buf[MAPPING_MSG_MAX];
	size_t n = unhex(EXAMPLE, buf);

	for (size_t i = 0; i < n; i++)
		map_write(&client, buf + i, 1);
	map_read(&client);
	assert_int_equal(client.m.class, MAPPING_SUCCESS);
	session_is(1, 1, 0, 0);
}

// MAP-6: requests and keep-alives count, half a message does not.
static void test_idle(void **state)
{
	const struct mapping_msg alive = {.class = MAPPING_INDICATION};

	map_ask(&client, REMOTE, 5061);
	rig_pass_s(1799);
	send_msg(&alive, STR_LIT(""));
	map_silent(&client);
	rig_pass_s(1799);
	map_ask(&client, REMOTE, 5061);
	session_is(2, 2, 0, 0); // MAP-7: a keep-alive is no request
	map_write(&client, "\x02", 1);
	rig_pass_s(1800);
	map_closed(&client);
	assert_int_equal(rig_counter(RIG_A, CNT_MAPPING_SESSIONS_IDLE), 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

// MAP-7: the manual's sample.
static void test_counters(void **state)
{
	struct mapping_session_info i;

	for (uint16_t k = 0; k < 9; k++)
		assert_int_not_equal(map_ask(&client, REMOTE, (uint16_t)(5060 + k)), 0);
	assert_int_equal(map_ask(&client, "127.0.0.1", 5060), 0);
	rig_pass_s(61);
	session_is(10, 9, 1, 0);
	mapping_sessions_foreach(rig.ime[RIG_A]->mapping_service, see, &i);
	assert_int_equal(i.idle_s, 61);
	assert_int_equal(i.client.port, 2001);
	mapping_sessions_clear(rig.ime[RIG_A]->mapping_service);
	session_is(0, 0, 0, 0);
}

// MAP-8.
static void refused_at_once(const void *p, size_t n)
{
	map_write(&client, p, n);
	map_closed(&client);
	rig_only(RIG_A, CNT_MAPPING_FRAMING, 1);
}

static void test_first_bits(void **state)
{
	refused_at_once("\x42", 1);
}

static void test_tls(void **state)
{
	refused_at_once("\x16\x03\x01\x02\x00\x01", 6);
}

static void test_sip(void **state)
{
	refused_at_once("OPTIONS sip:a SIP/2.0\r\n", 23);
}

static void test_cookie(void **state)
{
	refused_at_once("\x02\xe0\x00\x00\x21\x12\xa4\x43", 8);
}

static void test_length_odd(void **state)
{
	refused_at_once("\x02\xe0\x00\x02\x21\x12\xa4\x42", 8);
}

static void test_length_giant(void **state)
{
	refused_at_once("\x02\xe0\x04\x04\x21\x12\xa4\x42", 8);
}

// A response, or an indication of another method, is passed over.
static void test_stray(void **state)
{
	const struct mapping_msg answer = {.class = MAPPING_SUCCESS};
	const struct mapping_msg other = {.class = MAPPING_INDICATION, .method = 1};

	send_msg(&answer, STR_LIT(""));
	send_msg(&other, STR_LIT(""));
	map_silent(&client);
	rig_only(RIG_A, CNT_MAPPING_STRAY, 2);
	assert_int_not_equal(map_ask(&client, REMOTE, 5061), 0);
	session_is(1, 1, 0, 0);
}

// ---- Ports ---------------------------------------------------------------------------------------

static void port_closes(const char *ip, uint16_t port, enum counter_id why)
{
	struct map_client c = {.fd = fake_net_connect(RIG_A, RIG_INSIDE, ip, 5070, MAP_US, port)};

	map_closed(&c);
	rig_only(RIG_A, why, 1);
}

// MAP-3: nobody but a call manager gets through, nor through a port that stands for nothing.
static void test_port_of_nothing(void **state)
{
	port_closes(RIG_UCM_A, 40000, CNT_MAPPING_UNKNOWN);
}

static void test_port_for_strangers(void **state)
{
	assert_int_equal(map_ask(&client, REMOTE, 5061), 40000);
	port_closes("192.168.10.77", 40000, CNT_MAPPING_NOT_UCM);
}

// ---- The log, and 10 000 -------------------------------------------------------------------------

static void test_created_is_told(void **state)
{
	log_capture_open(6, false);
	log_capture();
	ask_hex(EXAMPLE);
	log_line_with(log_captured(),
		"-6-339007: mapping of a remote call manager's address created",
		"remote=203.0.113.10:5061 mapped=192.168.10.1:40000 ucm=192.168.10.30 "
		"domain=enterprise-b.example");
}

static void test_ten_thousand(void **state)
{
	char ip[32];

	for (unsigned int i = 0; i < 10000; i++) {
		snprintf(ip, sizeof(ip), "198.51.%u.%u", i / 250, i % 250 + 1);
		assert_int_equal(map_ask(&client, ip, 5061), 40000 + i);
	}
	assert_int_equal(map_ask(&client, REMOTE, 5061), 0);
	is_error(MAPPING_QUOTA);
	assert_int_equal(map_ask(&client, ip, 5061), 49999);
	session_is(10002, 10001, 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("6.4", test_example, setup),
		CASE("6.4", test_example_signed, setup_key),
		CASE("401", test_wrong_key, setup_key),
		CASE("MAP-1", test_only_call_managers, setup),
		CASE("MAP-1", test_sessions_are_bounded, setup),
		CASE("MAP-2", test_same_for_all, setup_two),
		CASE("MAP-4", test_lifetime, setup),
		CASE("LIFETIME 0", test_release, setup),
		CASE("MAP-5", test_outstanding, setup),
		CASE("MAP-5", test_deaf, setup),
		CASE("MAP-5", test_in_pieces, setup),
		CASE("MAP-6", test_idle, setup),
		CASE("MAP-7", test_counters, setup),
		CASE("MAP-8", test_first_bits, setup),
		CASE("MAP-8", test_tls, setup),
		CASE("MAP-8", test_sip, setup),
		CASE("MAP-8", test_cookie, setup),
		CASE("MAP-8", test_length_odd, setup),
		CASE("MAP-8", test_length_giant, setup),
		CASE("RFC 8489 6.3", test_stray, setup),
		CASE("MAP-3", test_port_of_nothing, setup),
		CASE("MAP-3", test_port_for_strangers, setup),
		CASE("339007", test_created_is_told, setup),
		CASE("10 000", test_ten_thousand, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
