// SPDX-License-Identifier: BSD-3-Clause
// What workers tell of flows, as lines of the log with an ASA's numbers.
#include "test/unit/test.h"

#include <stdio.h>

#include "cp/flow_log.h"
#include "test/unit/log_capture.h"

static struct config config = {.ifaces = {{.name = "outside"}, {.name = "inside"}}, .n_ifaces = 2};

static void test_limits(void **state)
{
	static const char *const want[] = {
		[DP_LIMIT_CONNS] = "%UCIME-3-201011: connection limit exceeded",
		[DP_LIMIT_EMBRYONIC] = "%UCIME-3-201010: embryonic connection limit exceeded",
		[DP_LIMIT_CLIENT_CONNS] = "%UCIME-3-201013: per-client connection limit exceeded",
		[DP_LIMIT_CLIENT_EMBRYONIC] =
			"%UCIME-6-201012: per-client embryonic connection limit exceeded",
		[DP_LIMIT_EMBRYONIC_RATE] =
			"%UCIME-3-339409: rate of new connections to a host exceeded",
		[DP_LIMIT_ALL_EMBRYONIC] = "%UCIME-2-339408: half-open connections of an interface",
	};

	for (uint8_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct dp_msg_limit m = {.what = i,
			.proto = PROTO_TCP,
			.iface = 0,
			.client = ep("198.51.100.7", 4000),
			.target = ep("192.168.10.30", 443),
			.max = 500};

		log_capture_open(6, false);
		log_capture();
		flow_log_limit(&config, &m);
		log_line_with(log_captured(), want[i],
			"limit=500 protocol=tcp interface=outside source=198.51.100.7:4000 "
			"destination=192.168.10.30:443");
	}
}

static void test_spoof(void **state)
{
	static const struct {
		uint8_t what, proto;
		const char *event, *text;
	} t[] = {
		{DP_SPOOF_REVERSE_PATH, PROTO_TCP, "%UCIME-1-106021: reverse path check", "tcp"},
		{DP_SPOOF_REVERSE_PATH, PROTO_UDP, "%UCIME-1-106021: reverse path check", "udp"},
		{DP_SPOOF_OWN, PROTO_ICMP, "%UCIME-2-106016: packet denied", "icmp"},
		{DP_SPOOF_OWN, 47, "%UCIME-2-106016: packet denied", "ip"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct dp_msg_spoof m = {.what = t[i].what,
			.iface = 1,
			.proto = t[i].proto,
			.src = ip("198.51.100.7"),
			.dst = ip("192.168.10.30")};
		char want[128];

		snprintf(want, sizeof(want),
			"protocol=%s source=198.51.100.7 destination=192.168.10.30 "
			"interface=inside",
			t[i].text);
		log_capture_open(6, false);
		log_capture();
		flow_log_spoof(&config, &m);
		log_line_with(log_captured(), t[i].event, want);
	}
}

// A worker of another version must not crash it.
static void test_strange(void **state)
{
	log_capture_open(6, false);
	log_capture();
	flow_log_limit(&config, &(struct dp_msg_limit){.what = 200});
	flow_log_limit(&config, &(struct dp_msg_limit){.iface = 2});
	flow_log_spoof(&config, &(struct dp_msg_spoof){.iface = 2});
	flow_log_spoof(&config, &(struct dp_msg_spoof){.what = DP_SPOOF_KINDS});
	assert_string_equal(log_captured(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_spoof),
		cmocka_unit_test(test_strange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
