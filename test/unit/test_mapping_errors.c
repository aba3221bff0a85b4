// SPDX-License-Identifier: BSD-3-Clause
// What the mapping service refuses (protocol.md 6.3), and why: each error, against the whole proxy.
#include "test/unit/fake_net.h"
#include "test/unit/mapping_room.h"

#include <stdio.h>

// What is wrong with a remote, and what the log says of it (339006).
static const struct {
	enum mapping_error e;
	enum counter_id why;
	const char *ip, *reason;
} remotes[] = {
#define BAD(ip, reason)                                                                            \
	{                                                                                          \
		MAPPING_BAD_REQUEST, CNT_MAPPING_BAD_REQUEST, ip, reason                           \
	}
#define FORBIDDEN(ip, reason)                                                                      \
	{                                                                                          \
		MAPPING_FORBIDDEN, CNT_MAPPING_FORBIDDEN, ip, reason                               \
	}
	BAD("127.0.0.1", "no address of a host"),
	BAD("0.1.2.3", "no address of a host"),
	BAD("224.0.0.5", "no address of a host"),
	BAD("255.255.255.255", "no address of a host"),
	BAD("209.165.200.225", "an address of our own"), // of the outside interface
	BAD(MAP_US, "an address of our own"),
	BAD("209.165.200.228", "an address of our own"), // mapped
	BAD("209.165.200.229", "an address of our own"), // of media
	BAD("192.168.10.99", "no way to it over uc-ime-interface"),
	BAD("192.168.15.12", "no way to it over uc-ime-interface"),
	FORBIDDEN("10.0.0.1", "a private address without a route of its own"),
	FORBIDDEN("172.16.0.1", "a private address without a route of its own"),
	FORBIDDEN("192.168.77.1", "a private address without a route of its own"),
	FORBIDDEN("169.254.1.1", "a private address without a route of its own"),
	FORBIDDEN("100.64.0.1", "a private address without a route of its own"),
};
#define REMOTES (sizeof(remotes) / sizeof(remotes[0]))

static void test_remotes(void **state)
{
	char line[256];

	for (size_t i = 0; i < REMOTES; i++) {
		const uint64_t before = rig_counter(RIG_A, remotes[i].why);

		log_capture_open(6, false);
		log_capture();
		assert_int_equal(map_ask(&client, remotes[i].ip, 5061), 0);
		is_error(remotes[i].e);
		assert_int_equal(rig_counter(RIG_A, remotes[i].why), before + 1);
		snprintf(line, sizeof(line),
			"reason=\"%s\" remote=%s:5061 ucm=192.168.10.30 answer=%d counter=%s",
			remotes[i].reason, remotes[i].ip, remotes[i].e,
			counter_name(remotes[i].why));
		log_line_with(log_captured(), "-3-339006: ", line);
	}
	session_is(REMOTES, 0, REMOTES, 0);
	assert_int_equal(mappings_usage(rig.ime[RIG_A]->mappings).in_use, 0);
}

// 403 by what the operator wrote: the inspection class, the interface's list, the translation.
static int setup_denied(void **state)
{
	static const char *const edit[] = {MAP_EDIT(""),
		"    - deny tcp any host 192.168.15.12    # the UC",
		"    - deny tcp any host 203.0.113.10\n    - deny tcp any host 192.168.15.12    # "
		"the "
		"UC",
		"  ime-inbound-sip:\n    - ext",
		"  from-inside:\n    - deny tcp any host 203.0.113.11\n    - permit tcp any range "
		"1024 65535 any\n  ime-inbound-sip:\n    - ext",
		"permit inter-interface\naccess-groups:",
		"permit inter-interface\naccess-groups:\n  - {access-list: from-inside, "
		"direction: in, interface: inside}",
		"real: any, mapped: interface", "real: internet, mapped: interface",
		"    ucm_real_192.168.10.30: {",
		"    internet: {subnet: 203.0.113.0/24}\n    ucm_real_192.168.10.30: {",
		"destination: 0.0.0.0/0, gateway: 209.165.200.254}",
		"destination: 0.0.0.0/0, gateway: 209.165.200.254}\n  - {interface: outside, "
		"destination: 10.1.0.0/16, gateway: 209.165.200.254}",
		NULL};

	up(edit);
	return 0;
}

static void denied(const char *ip, const char *reason)
{
	char text[128];

	log_capture_open(6, false);
	log_capture();
	assert_int_equal(map_ask(&client, ip, 5061), 0);
	is_error(MAPPING_FORBIDDEN);
	snprintf(text, sizeof(text), "reason=\"%s\"", reason);
	log_line_with(log_captured(), "339006", text);
}

static void test_denied(void **state)
{
	denied("203.0.113.10", "no inspection class of calls out covers it");
	denied("203.0.113.11", "the access list of the interface denies it");
	denied("198.51.100.10", "the dynamic nat does not cover it");
	denied("10.1.0.1", "the dynamic nat does not cover it"); // private, and a route is there
	assert_int_equal(map_ask(&client, "203.0.113.12", 5061), 40000);
	rig_only(RIG_A, CNT_MAPPING_FORBIDDEN, 4);
}

static void test_no_remote(void **state)
{
	const struct mapping_msg m = {.class = MAPPING_REQUEST};

	send_msg(&m, STR_LIT(""));
	map_read(&client);
	is_error(MAPPING_BAD_REQUEST);
	assert_int_equal(map_ask(&client, REMOTE, 0), 0); // nor without a port
	is_error(MAPPING_BAD_REQUEST);
	rig_only(RIG_A, CNT_MAPPING_BAD_REQUEST, 2);
}

static void test_malformed(void **state)
{
	ask_hex("02e00008 2112a442 0102030405060708090a0b0c 7f010010 000132d7");
	is_error(MAPPING_BAD_REQUEST);
	assert_int_equal(client.m.transaction[11], 12);
	rig_only(RIG_A, CNT_MAPPING_BAD_REQUEST, 1);
}

static void test_another_method(void **state)
{
	const struct mapping_msg m = {
		.class = MAPPING_REQUEST, .method = 1, .remote = ep(REMOTE, 5061)};

	send_msg(&m, STR_LIT(""));
	map_read(&client);
	is_error(MAPPING_BAD_REQUEST);
	assert_int_equal(client.m.method, 1); // its asker knows it by that
	rig_only(RIG_A, CNT_MAPPING_BAD_REQUEST, 1);
}

static void test_domain_is_no_name(void **state)
{
	const struct mapping_msg m = {.class = MAPPING_REQUEST,
		.remote = ep(REMOTE, 5061),
		.domain = STR_LIT("b example\r\n")};

	send_msg(&m, STR_LIT(""));
	map_read(&client);
	is_error(MAPPING_BAD_REQUEST);
	rig_only(RIG_A, CNT_MAPPING_BAD_REQUEST, 1);
}

static void test_unknown_attribute(void **state)
{
	ask_hex("02e00014 2112a442 0102030405060708090a0b0c 7f010008 000132d7 ea12d548 7f020004 "
		"00000000");
	is_error(MAPPING_UNKNOWN_ATTRIBUTE);
	assert_int_equal(client.m.n_unknown, 1);
	assert_int_equal(client.m.unknown[0], 0x7f02);
	rig_only(RIG_A, CNT_MAPPING_UNKNOWN_ATTRIBUTE, 1);
	ask_hex("02e00014 2112a442 0102030405060708090a0b0d 7f010008 000132d7 ea12d548 80220004 "
		"78797a7a"); // SOFTWARE may be there
	assert_int_equal(client.m.class, MAPPING_SUCCESS);
}

static void test_family(void **state)
{
	struct mapping_msg m = {.class = MAPPING_REQUEST};

	assert_true(ip_parse(STR_LIT("2001:db8::1"), &m.remote.ip));
	m.remote.port = 5061;
	send_msg(&m, STR_LIT(""));
	map_read(&client);
	is_error(MAPPING_FAMILY);
	ask_hex("02e0000c 2112a442 0102030405060708090a0b0c 7f010008 000332d7 ea12d548");
	is_error(MAPPING_FAMILY);
	rig_only(RIG_A, CNT_MAPPING_FAMILY, 2);
}

static void test_transport(void **state)
{
	const struct mapping_msg m = {
		.class = MAPPING_REQUEST, .remote = ep(REMOTE, 5061), .transport = 17};

	send_msg(&m, STR_LIT(""));
	map_read(&client);
	is_error(MAPPING_TRANSPORT);
	rig_only(RIG_A, CNT_MAPPING_TRANSPORT, 1);
}

// 486, and others do not notice; then 508.
static void test_quota_and_ports(void **state)
{
	struct map_client two;

	map_connect(&two, MAP_UCM_TWO, 3001);
	for (uint16_t i = 0; i < 3; i++)
		assert_int_equal(map_ask(&client, REMOTE, (uint16_t)(5061 + i)), 40000 + i);
	assert_int_equal(map_ask(&client, REMOTE, 5064), 0);
	is_error(MAPPING_QUOTA);
	rig_only(RIG_A, CNT_MAPPING_QUOTA, 1);
	for (uint16_t i = 0; i < 3; i++)
		assert_int_equal(map_ask(&two, REMOTE, (uint16_t)(5064 + i)), 40003 + i);
	assert_int_equal(map_ask(&client, REMOTE, 5064), 40003); // the other's serves it too
	map_close(&two);
	for (uint16_t i = 0; i < 4; i++) {
		const struct endpoint e = ep(REMOTE, (uint16_t)(6000 + i));
		uint16_t port;

		assert_int_equal(mapping_take(rig.ime[RIG_A]->mappings, &e, MAPPING_OF_REMOTE,
					 rig.now_ns, &port),
			MAPPING_MADE);
	}
	rig_pass_s(1);
	map_connect(&two, MAP_UCM_TWO, 3002);
	assert_int_equal(map_ask(&client, REMOTE, 5070), 0);
	is_error(MAPPING_QUOTA);
	map_close(&two);
}

static int setup_few(void **state)
{
	static const char *const edit[] = {MAP_EDIT(", port-range: 40000-40001"), NULL};

	up(edit);
	return 0;
}

static void test_no_port(void **state)
{
	assert_int_equal(map_ask(&client, REMOTE, 5061), 40000);
	assert_int_equal(map_ask(&client, REMOTE, 5062), 40001);
	assert_int_equal(map_ask(&client, REMOTE, 5063), 0);
	is_error(MAPPING_NO_PORT);
	assert_int_equal(map_ask(&client, REMOTE, 5062), 40001); // what is there stays
	rig_only(RIG_A, CNT_MAPPING_NO_PORT, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("400 and 403", test_remotes, setup),
		CASE("403", test_denied, setup_denied),
		CASE("400", test_no_remote, setup),
		CASE("400", test_malformed, setup),
		CASE("400", test_another_method, setup),
		CASE("400", test_domain_is_no_name, setup),
		CASE("420", test_unknown_attribute, setup),
		CASE("440", test_family, setup),
		CASE("442", test_transport, setup),
		CASE("486", test_quota_and_ports, setup_two),
		CASE("508", test_no_port, setup_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
