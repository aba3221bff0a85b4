// SPDX-License-Identifier: BSD-3-Clause
// What the inspection policy map does to calls between two proxies (protocol.md section 12): each
// refusal has one counter, comes before the ticket, and does to the connection what its action says.
#include "test/unit/test.h"

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"

// Both classes of both proxies are inspected by `map`, a flow mapping's inside.
static void up(const char *map, const char *failure)
{
	static char section[2048], action[64];
	const char *const edit[] = {
		"class-maps:", "regex: {bob: '^sip:\\+12125550199@', plain: ^text/}\nclass-maps:",
		"policy-maps:", section, "{sip: {", "{sip: {policy-map: sip-map, ",
		"ticket-failure-action: drop", action, NULL};

	snprintf(section, sizeof(section), "policy-maps:\n  sip-map: {type: inspect sip, %s}\n",
		map);
	snprintf(action, sizeof(action), "ticket-failure-action: %s", failure);
	rig_up(edit);
}

#define BAD_INVITE R_INVITE "X-Cisco-UC-IME-Ticket: " TICKET_A2 "\n" SDP_TYPE
#define REMOTE(method, cseq, tag, extra)                                                           \
	method " " R_URI " SIP/2.0\n" R_VIA("1") R_FROM B_TO tag "\n" R_CALL_ID "CSeq: " cseq      \
								 " " method "\n" extra
#define MF "Max-Forwards: 69\n"

static void ping_pong(struct sip_host *h)
{
	host_send_raw(h, "\r\n\r\n", 4);
	host_expect_raw(h, "\r\n");
}

// Nothing of the ticket is counted, though it is a bad one; the CANCEL finds its INVITE; the
// connection stays.
static void test_map_drop(void **state)
{
	up("match: [{calling-party: regex bob, action: drop}]", "drop");
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, BAD_INVITE, SDP_SECURE);
	host_wait_up(&rig.remote);
	host_expect_silence(&rig.remote);
	rig_only(RIG_A, CNT_POLICY_CALLING_PARTY, 1);
	host_send(&rig.remote, REMOTE("CANCEL", "101", "", MF), "");
	host_expect_silence(&rig.remote);
	assert_int_equal(rig_counter(RIG_A, CNT_SWALLOWED), 1); // TKT-19
	assert_int_equal(rig_counter(RIG_A, CNT_POLICY_CALLING_PARTY), 1);
	ping_pong(&rig.remote);
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_assert_clean(RIG_A);
	rig_down();
}

static void test_map_drop_is_answered(void **state)
{
	up("match: [{calling-party: regex bob, action: drop log}]", "reject");
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 403 Forbidden");
	host_send(&rig.remote, REMOTE("ACK", "101", ";tag=x", MF), "");
	host_expect_silence(&rig.ucm[RIG_A]);
	assert_int_equal(rig_counter(RIG_A, CNT_SWALLOWED), 1); // TKT-20
	rig.ime[RIG_A]->counters.v[CNT_SWALLOWED] = 0;
	rig_only(RIG_A, CNT_POLICY_CALLING_PARTY, 1);
	rig_assert_clean(RIG_A);
	rig_down();
}

// A good call first, so that both sides are connected: INFO in it ends the connections.
static void connection_ends(const char *action, bool reset)
{
	struct ime_usage usage;
	char map[128];

	snprintf(map, sizeof(map), "match: [{request-method: info, action: %s}]", action);
	up(map, "reject");
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	host_send(&rig.remote,
		"ACK " R_URI " SIP/2.0\n" R_VIA("2") R_FROM B_TO ";tag=atag\n" R_CALL_ID
								 "CSeq: 101 ACK\n" MF,
		"");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	host_send(&rig.remote,
		"INFO " R_URI " SIP/2.0\n" R_VIA("3") R_FROM B_TO ";tag=atag\n" R_CALL_ID
								  "CSeq: 102 INFO\n" MF,
		"");
	host_expect_closed(&rig.remote);
	host_expect_closed(&rig.ucm[RIG_A]);
	assert_int_equal(rig.ucm[RIG_A].reset, reset);
	assert_int_equal(rig.remote.reset, reset);
	rig_only(RIG_A, CNT_POLICY_REQUEST_METHOD, 1);
	// The call lives on: media flows, and its BYE may come on another connection.
	ime_usage(rig.ime[RIG_A], &usage);
	assert_int_equal(usage.signaling_in_use, 1);
	rig_remote("b", "ca.pem");
	host_send(&rig.remote,
		"BYE " R_URI " SIP/2.0\n" R_VIA("4") R_FROM B_TO ";tag=atag\n" R_CALL_ID
								 "CSeq: 103 BYE\n" MF,
		"");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	rig_down();
}

static void test_map_drop_connection(void **state)
{
	connection_ends("drop-connection", false);
}

static void test_map_reset(void **state)
{
	connection_ends("reset log", true);
}

// A call manager of ours hears why, whatever the Internet hears.
static void test_map_im_off(void **state)
{
	up("parameters: {im: off}", "drop");
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller,
		"MESSAGE sip:bob@198.51.100.10 SIP/2.0\nVia: SIP/2.0/TCP "
		"192.168.10.30:5070;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=x\nTo: "
		"<sip:bob@x>\nCall-ID: 1\nCSeq: 1 MESSAGE\n" MF "Content-Type: text/plain\n",
		"hello");
	host_expect(&rig.caller, "SIP/2.0 403 ");
	host_expect_silence(&rig.remote);
	rig_only(RIG_A, CNT_POLICY_IM, 1);
	rig_down();
}

// software-version and a body that nobody is to read; the call itself is as ever.
static void test_map_mask_of_map_software_version(void **state)
{
	up("parameters: {software-version: {action: mask}}, match: [{content: type regex plain, "
	   "action: mask}]",
		"drop");
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", "User-Agent: CUCM/8\n" TICKET_HEADER SDP_TYPE),
		SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains_not(&rig.ucm[RIG_A], "CUCM/8");
	contains_not(&rig.ucm[RIG_A], "User-Agent");
	contains(&rig.ucm[RIG_A], "m=audio ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "Server: CUCM/9\n" A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains_not(&rig.caller, "Server");
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	call_b_request("INFO", "2", 102, "Content-Type: text/plain\n", "the password is 1234");
	host_expect(&rig.ucm[RIG_A], "INFO ");
	contains_not(&rig.ucm[RIG_A], "1234");
	contains_not(&rig.ucm[RIG_A], "Content-Type");
	contains(&rig.ucm[RIG_A], "Content-Length: 0\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_hang_up();
	rig_only(RIG_A, CNT_POLICY_CONTENT_TYPE, 0);
	rig_down();
}

static void options(int i)
{
	char head[512];

	snprintf(head, sizeof(head),
		"OPTIONS sip:bob@198.51.100.10 SIP/2.0\nVia: SIP/2.0/TCP "
		"192.168.10.30:5070;branch=z9hG4bK%d\nVia: SIP/2.0/UDP 192.168.10.51\nFrom: "
		"<sip:a@b>;tag=x\nTo: "
		"<sip:bob@x>\nCall-ID: %d\nCSeq: 1 OPTIONS\nMax-Forwards: 0\n",
		i, i);
	host_send(&rig.caller, head, "");
}

// ip-address-privacy: no phone's address leaves, and the answer finds its way back.
static void test_map_ip_address_privacy(void **state)
{
	up("parameters: {ip-address-privacy: on}", "drop");
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller,
		"OPTIONS sip:bob@198.51.100.10 SIP/2.0\nVia: SIP/2.0/TCP "
		"192.168.10.30:5070;branch=z9hG4bK1,SIP/2.0/UDP 192.168.10.51:5060;branch=2\n"
		"v: SIP/2.0/UDP 192.168.10.52;branch=3;received=192.168.10.53\n"
		"From: <sip:a@enterprise-a.example>;tag=x\nTo: <sip:bob@x>\nCall-ID: 1\nCSeq: 1 "
		"OPTIONS\nMax-Forwards: 5\nP-Asserted-Identity: \"Ann\" "
		"<sip:ann@192.168.10.51:5060;x=1>, <tel:+1>, <sip:ann@192.168.10.30>\n"
		"Remote-Party-ID: <sip:c@198.51.100.77>\nWarning: 399 192.168.10.30 \"w\"\n",
		"");
	host_expect(&rig.remote, "OPTIONS ");
	contains_not(&rig.remote, "192.168.");
	contains(&rig.remote, "Via: SIP/2.0/TLS 209.165.200.228:5070;branch=z9hG4bK1\r\nFrom:");
	contains(&rig.remote,
		"P-Asserted-Identity: \"Ann\" <sip:ann@enterprise-a.example;x=1>, <tel:+1>, "
		"<sip:ann@209.165.200.228>\r\n");
	contains(&rig.remote, "Remote-Party-ID: <sip:c@198.51.100.77>\r\n"); // none of ours
	contains(&rig.remote, "Warning: 399 enterprise-a.example \"w\"\r\n");
	call_answer(&rig.remote, "200 OK", "t", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller,
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bK1\r\n"
		"Via: SIP/2.0/UDP 192.168.10.51:5060;branch=2\r\n"
		"Via: SIP/2.0/UDP 192.168.10.52;branch=3;received=192.168.10.53\r\nFrom:");
	rig_down();
}

// Nor does anything change that comes from there, or where it is off.
static void test_no_address_privacy(void **state)
{
	up("parameters: {ip-address-privacy: on}", "drop");
	rig_remote("b", "ca.pem");
	host_send(&rig.remote,
		R_INVITE "Via: SIP/2.0/UDP 192.168.10.77;branch=2\nWarning: 399 192.168.10.77 "
			 "\"w\"\n" TICKET_HEADER SDP_TYPE,
		SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A], "Via: SIP/2.0/UDP 192.168.10.77;branch=2\r\n");
	contains(&rig.ucm[RIG_A], "Warning: 399 192.168.10.77 ");
	rig_down();
	up("parameters: {}", "drop");
	rig_outbound("b", "ca.pem");
	options(1);
	host_expect(&rig.remote, "OPTIONS ");
	contains(&rig.remote, "Via: SIP/2.0/UDP 192.168.10.51\r\n");
	rig_down();
}

static void test_map_rate_limit(void **state)
{
	up("match: [{request-method: options, action: rate-limit 2}]", "drop");
	rig_outbound("b", "ca.pem");
	for (int i = 0; i < 2; i++) {
		options(i);
		host_expect(&rig.remote, "OPTIONS ");
	}
	options(2);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	host_expect_silence(&rig.remote);
	rig_only(RIG_A, CNT_POLICY_RATE, 1);
	rig_pass_s(1);
	options(3);
	host_expect(&rig.remote, "OPTIONS ");
	rig_down();
}

static void test_max_forwards(void **state)
{
	up("parameters: {}", "reject");
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, REMOTE("INVITE", "101", "", R_CONTACT "Max-Forwards: 0\n"), "");
	host_expect(&rig.remote, "SIP/2.0 483 Too Many Hops");
	rig_only(RIG_A, CNT_POLICY_MAX_FORWARDS, 1);
	rig_down();
}

// What is refused in any case goes by its own counter, and the connection with it.
static const struct {
	const char *map, *head;
	enum counter_id counter;
	bool closed;
} kept_strict[] = {
	{"parameters: {strict-header-validation: {action: drop}}", REMOTE("INVITE", "101", "", MF),
		CNT_POLICY_STRICT_HEADER, false},
	{"parameters: {strict-header-validation: {action: drop}}", REMOTE("OPTIONS", "1", "", ""),
		CNT_SIP_NO_MAX_FORWARDS, false},
	{"parameters: {strict-header-validation: {action: drop-connection log}}",
		REMOTE("OPTIONS", "1", "", ""), CNT_SIP_NO_MAX_FORWARDS, true},
	{"parameters: {strict-header-validation: {action: reset}}",
		"OPTIONS " R_URI " SIP/2.0\n" R_VIA("1") R_FROM B_TO "\n" R_CALL_ID MF,
		CNT_SIP_NO_CSEQ, true},
	{"parameters: {state-checking: {action: drop}}", REMOTE("BYE", "1", ";tag=x", MF),
		CNT_DIALOG_UNKNOWN, false},
	{"parameters: {state-checking: {action: drop-connection}}",
		REMOTE("BYE", "1", ";tag=x", MF), CNT_DIALOG_UNKNOWN, true},
	{"parameters: {state-checking: {action: reset log}}", REMOTE("CANCEL", "1", "", MF),
		CNT_CANCEL_UNKNOWN, true},
	{"parameters: {state-checking: {action: drop-connection}}",
		REMOTE("ACK", "1", ";tag=x", MF), CNT_ACK_UNKNOWN, true},
	{"parameters: {im: on}", REMOTE("CANCEL", "1", "", MF), CNT_CANCEL_UNKNOWN, false},
};

static void test_map_strict_header_validation_map_state_checking(void **state)
{
	for (size_t i = 0; i < sizeof(kept_strict) / sizeof(kept_strict[0]); i++) {
		print_message("%s\n", kept_strict[i].map);
		up(kept_strict[i].map, "drop");
		rig_remote("b", "ca.pem");
		host_send(&rig.remote, kept_strict[i].head, "");
		if (kept_strict[i].closed)
			host_expect_closed(&rig.remote);
		host_idle(rig.base);
		assert_int_equal(rig.remote.closed, kept_strict[i].closed);
		host_expect_silence(&rig.ucm[RIG_A]);
		rig_only(RIG_A, kept_strict[i].counter, 1);
		rig_down();
	}
}

// An answer that may not pass ends the call at once on both sides: nobody waits for it.
static void test_response(void **state)
{
	up("match: [{content: length gt 150, action: drop}, {uri: sip length gt 60, action: drop}]",
		"drop");
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER, ""); // the offer comes with the answer
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 403 ");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	rig_only(RIG_A, CNT_POLICY_CONTENT_LENGTH, 1);
	rig_assert_clean(RIG_A);
	rig_down();
}

static void test_refusing_response(void **state)
{
	up("match: [{content: length gt 3, action: drop}]", "drop");
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER, "");
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "486 Busy", "atag", "Content-Type: text/plain\n", "busy");
	host_expect(&rig.remote, "SIP/2.0 403 ");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	rig_only(RIG_A, CNT_POLICY_CONTENT_LENGTH, 1);
	rig_assert_clean(RIG_A);
	rig_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_drop),
		cmocka_unit_test(test_map_drop_is_answered),
		cmocka_unit_test(test_map_drop_connection),
		cmocka_unit_test(test_map_reset),
		cmocka_unit_test(test_map_im_off),
		cmocka_unit_test(test_map_mask_of_map_software_version),
		cmocka_unit_test(test_map_ip_address_privacy),
		cmocka_unit_test(test_no_address_privacy),
		cmocka_unit_test(test_map_rate_limit),
		cmocka_unit_test(test_max_forwards),
		cmocka_unit_test(test_map_strict_header_validation_map_state_checking),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_refusing_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
