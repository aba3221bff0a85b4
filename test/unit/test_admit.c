// SPDX-License-Identifier: BSD-3-Clause
// What the configuration says of an INVITE's number, clock and Route (protocol.md 2.7, 2.9, 2.11): each key with
// what it lets in and what it keeps out. What no key changes is in test_inspect.c and test_outbound.c.
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/call_steps.h"

#define SOURCE(text)                                                                               \
	{                                                                                          \
		"did-source: request-uri", "did-source: " text, NULL                               \
	}
#define RULES(text)                                                                                \
	{                                                                                          \
		"did-source: request-uri", "did-source: request-uri\n    did-normalise: " text,    \
			NULL                                                                       \
	}
#define SKEW(text)                                                                                 \
	{                                                                                          \
		"skew: 0", "skew: " text, NULL                                                     \
	}
#define GOOD_URI  "sip:+14085550123@209.165.200.228:5070"
#define OTHER_URI "sip:+14085550124@209.165.200.228:5070"
#define GOOD_TO   "<sip:+14085550123@enterprise-a.example>"
#define OTHER_TO  "<sip:+14085550124@enterprise-a.example>"

static const struct inward {
	const char *id;
	const char *edit[3];
	const char *uri, *to, *route;
	uint64_t wall_s;         // 0: 2026-03-01
	enum counter_id counter; // CNT_NONE: it comes to the call manager
} inward[] = {
	{"the Request-URI alone", {NULL}, GOOD_URI, OTHER_TO, "", 0, CNT_NONE},
	{"whatever To is", {NULL}, OTHER_URI, GOOD_TO, "", 0, CNT_TICKET_DID},
	{"To alone", SOURCE("to"), OTHER_URI, GOOD_TO, "", 0, CNT_NONE},
	{"whatever the Request-URI is", SOURCE("to"), GOOD_URI, OTHER_TO, "", 0, CNT_TICKET_DID},
	{"both", SOURCE("both"), GOOD_URI, GOOD_TO, "", 0, CNT_NONE},
	{"both, written differently", SOURCE("both"), "tel:+1-408-555-0123", GOOD_TO, "", 0,
		CNT_NONE},
	{"both, other To", SOURCE("both"), GOOD_URI, OTHER_TO, "", 0, CNT_TICKET_DID},
	{"both, other Request-URI", SOURCE("both"), OTHER_URI, GOOD_TO, "", 0, CNT_TICKET_DID},
	{"both, no number in To", SOURCE("both"), GOOD_URI, "<sip:ann@enterprise-a.example>", "", 0,
		CNT_TICKET_DID},
	{"ten digits", RULES("[{length: 10, add: +1}]"), "sip:4085550123@209.165.200.228", GOOD_TO,
		"", 0, CNT_NONE},
	{"eleven of them", RULES("[{length: 10, add: +1}]"), "sip:14085550123@209.165.200.228",
		GOOD_TO, "", 0, CNT_TICKET_DID},
	{"00", RULES("[{strip: 00, add: +}]"), "sip:0014085550123@209.165.200.228", GOOD_TO, "", 0,
		CNT_NONE},
	{"no rules", {NULL}, "sip:4085550123@209.165.200.228", GOOD_TO, "", 0, CNT_TICKET_DID},
	{"TKT-18 just early enough", SKEW("600"), GOOD_URI, GOOD_TO, "", 1767225600 - 600,
		CNT_NONE},
	{"TKT-18 too early", SKEW("600"), GOOD_URI, GOOD_TO, "", 1767225600 - 601, CNT_TICKET_TIME},
	{"TKT-18 just late enough", SKEW("600"), GOOD_URI, GOOD_TO, "", 1782864000 + 600, CNT_NONE},
	{"TKT-18 too late", SKEW("600"), GOOD_URI, GOOD_TO, "", 1782864000 + 601, CNT_TICKET_TIME},
	{"our mapped address", {NULL}, GOOD_URI, GOOD_TO, "Route: <sip:209.165.200.228:5070;lr>\n",
		0, CNT_NONE},
	{"our domain", {NULL}, GOOD_URI, GOOD_TO, "Route: <sips:ENTERPRISE-A.example;lr>\n", 0,
		CNT_NONE},
	{"an inside address", {NULL}, GOOD_URI, GOOD_TO, "Route: <sip:192.168.10.99;lr>\n", 0,
		CNT_ROUTE_DOMAIN},
	{"a Route that is none", {NULL}, GOOD_URI, GOOD_TO, "Route: <tel:+14085550123>\n", 0,
		CNT_ROUTE_DOMAIN},
};

static void test_sip2_tkt18_inward(void **state)
{
	char head[2048];

	for (size_t i = 0; i < sizeof(inward) / sizeof(inward[0]); i++) {
		const struct inward *r = &inward[i];

		print_message("%s\n", r->id);
		rig_up(r->edit[0] != NULL ? r->edit : NULL);
		if (r->wall_s != 0)
			rig.wall_s = r->wall_s;
		rig_remote("b", "ca.pem");
		snprintf(head, sizeof(head),
			"INVITE %s SIP/2.0\n" R_VIA("1") R_FROM
			"To: %s\n" R_CALL_ID "CSeq: 101 INVITE\n" R_CONTACT
			"Max-Forwards: 69\n%s" TICKET_HEADER SDP_TYPE,
			r->uri, r->to, r->route);
		host_send(&rig.remote, head, SDP_SECURE);
		host_wait_up(&rig.remote);
		if (r->counter == CNT_NONE)
			host_expect(&rig.ucm[RIG_A], "INVITE ");
		else
			host_expect_silence(&rig.ucm[RIG_A]);
		rig_only(RIG_A, r->counter, r->counter != CNT_NONE);
		rig_down();
	}
}

#define REQUIRE                                                                                    \
	{                                                                                          \
		"route-check: if-present", "route-check: require", NULL                            \
	}

// The server shows enterprise-b.example.
static const struct outward {
	const char *id;
	const char *edit[3];
	const char *host, *route; // of the Request-URI
	bool passes;
} outward[] = {
	{"no name", {NULL}, "198.51.100.10:5070", "", true},
	{"no name, which is required", REQUIRE, "198.51.100.10:5070", "", false},
	{"required, in the Route", REQUIRE, "198.51.100.10:5070",
		"Route: <sip:enterprise-b.example;lr>\n", true},
	{"required, in the Request-URI", REQUIRE, "enterprise-b.example", "", true},
	{"an address in the Route says nothing", REQUIRE, "enterprise-b.example",
		"Route: <sip:198.51.100.10;lr>\n", true},
	{"the topmost Route counts", {NULL}, "enterprise-b.example",
		"Route: <sip:other.example;lr>\nRoute: <sip:enterprise-b.example;lr>\n", false},
	{"a name below", {NULL}, "x.enterprise-b.example", "", false},
};

static void test_sip2_outward(void **state)
{
	char head[2048];

	for (size_t i = 0; i < sizeof(outward) / sizeof(outward[0]); i++) {
		const struct outward *r = &outward[i];

		print_message("%s\n", r->id);
		rig_up(r->edit[0] != NULL ? r->edit : NULL);
		rig_outbound("b", "ca.pem");
		snprintf(head, sizeof(head),
			"INVITE sip:+12125550199@%s SIP/2.0\n"
			"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKo\n"
			"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"
			"To: <sip:+12125550199@enterprise-b.example>\n"
			"Call-ID: out@192.168.10.30\nCSeq: 5 INVITE\nMax-Forwards: 70\n%s" A_CONTACT
				SDP_TYPE,
			r->host, r->route);
		host_send(&rig.caller, head, SDP_PLAIN_A);
		if (r->passes)
			host_expect(&rig.remote, "INVITE ");
		else
			host_expect_closed(&rig.remote); // RFC 5922 7.3
		rig_only(RIG_A, CNT_ROUTE_DOMAIN, !r->passes);
		rig_down();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sip2_tkt18_inward),
		cmocka_unit_test(test_sip2_outward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
