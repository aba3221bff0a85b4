// SPDX-License-Identifier: BSD-3-Clause
// What the log says of messages that are refused and of calls that end, with two whole proxies (A
// is called, B calls). The log's clock is its own.
#include "test/unit/test.h"

#include <stdio.h>

#include "cp/log.h"
#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/log_capture.h"

#define HEADER(t) "X-Cisco-UC-IME-Ticket: " t "\n"
#define ENDED     "%UCIME-6-339008: call ended; call_id=5d2e9a10@192.168.20.30 "
#define NOBODYS   "INVITE sip:+14085550124@209.165.200.228:5070;transport=tls"

static int up(void **state)
{
	rig_setup(state);
	log_capture_open(6, false);
	log_capture();
	return 0;
}

static int down(void **state)
{
	log_set_severity(0);
	rig_down();
	return 0;
}

// The line of call manager A's proxy, or of B's, about the end of the call.
static const char *ended(const char *captured, const char *direction)
{
	return log_line_with(captured, ENDED, direction);
}

static void has(const char *line, const char *text)
{
	if (strstr(line, text) == NULL)
		fail_msg("no %s in %s", text, line);
}

// ---- Refusals -----------------------------------------------------------------------------------

// Section 11: number, severity and LOG-1's reason word of each ticket that is not good.
static const struct {
	const char *head, *sdp, *certificate;
	uint64_t wall_s;
	const char *line, *fields;
} refused[] = {
	{R_INVITE SDP_TYPE, SDP_SECURE, "b", 0,
		"%UCIME-3-339001: ticket not found in SIP request, request refused; ",
		"counter=TICKET_NONE"},
	{R_INVITE HEADER(TICKET_A4) SDP_TYPE, SDP_SECURE, "b", 0,
		"%UCIME-3-339002: invalid ticket, request refused; reason=decode ",
		"counter=TICKET_DECODE"},
	{R_INVITE HEADER(TICKET_A2) SDP_TYPE, SDP_SECURE, "b", 0,
		"%UCIME-3-339002: invalid ticket, request refused; reason=epoch ", " uuid="},
	{R_INVITE HEADER(TICKET_A1) SDP_TYPE, SDP_SECURE, "b", 0,
		"%UCIME-3-339002: invalid ticket, request refused; reason=integrity ", " uuid="},
	{R_INVITE HEADER(TICKET_2_13) SDP_TYPE, SDP_SECURE, "b", 1782864001,
		"%UCIME-3-339002: invalid ticket, request refused; reason=timestamp ", " uuid="},
	{NOBODYS " SIP/2.0\n" R_VIA("1") R_REST HEADER(TICKET_2_13) SDP_TYPE, SDP_SECURE, "b", 0,
		"%UCIME-3-339002: invalid ticket, request refused; reason=DID ", " uuid="},
	{R_INVITE HEADER(TICKET_2_13) SDP_TYPE, SDP_SECURE, "c", 0,
		"%UCIME-3-339002: invalid ticket, request refused; reason=domain ", " uuid="},
	{"OPTIONS " R_URI " SIP/2.0\n" R_VIA("1") R_FROM B_TO "\n" R_CALL_ID
							      "CSeq: 1 OPTIONS\nMax-Forwards: 69\n",
		"", "b", 0, "%UCIME-3-339003: non-dialog SIP request refused; ", "request=OPTIONS"},
	{R_INVITE HEADER(TICKET_2_13) "Route: <sip:other.example;lr>\n" SDP_TYPE, SDP_SECURE, "b",
		0, "%UCIME-3-339004: Route header validation failed, request refused; ", ""},
	{R_INVITE HEADER(TICKET_2_13) SDP_TYPE, SDP_PLAIN_B, "b", 0,
		"%UCIME-3-339005: message has no SRTP, refused; ", "counter=RTP_OVER_IME"},
	{R_INVITE HEADER(TICKET_2_13) SDP_TYPE, "nonsense\n", "b", 0,
		"%UCIME-4-607002: SIP message refused by inspection; ", "counter=SDP_BAD_LINE"},
};

static void test_log_1_refusals(void **state)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const char *line, *all;

		rig_setup(NULL);
		if (refused[i].wall_s != 0)
			rig.wall_s = refused[i].wall_s;
		log_capture_open(6, false);
		log_capture();
		rig_remote(refused[i].certificate, "ca.pem");
		host_send(&rig.remote, refused[i].head, refused[i].sdp);
		host_wait_up(&rig.remote);
		host_expect_silence(&rig.remote);
		all = log_captured();
		line = log_line_with(all, refused[i].line, refused[i].fields);
		has(line, " peer=198.51.100.10:");
		has(line, " side=outside");
		has(line, " call_id=77@198.51.100.10");
		assert_null(strstr(line, " answer="));
		assert_null(strstr(all, "339008")); // there was no call
		assert_null(strstr(all, "ticket=\""));
		rig_down();
	}
}

// The octets of a ticket are nowhere, whether it is good or bad.
static void test_log_1_no_ticket(void **state)
{
	const char *all;

	log_captured();
	log_set_severity(7);
	log_capture();
	call_establish();
	call_hang_up();
	all = log_captured();
	has(all, " uuid=");
	assert_null(strstr(all, TICKET_2_13));
	for (size_t i = 0; i + 24 < sizeof(TICKET_2_13) - 1; i += 24) {
		char piece[25] = "";

		memcpy(piece, &TICKET_2_13[i], 24);
		assert_null(strstr(all, piece));
	}
}

// ---- The line of a call -------------------------------------------------------------------------

// Section 11: 607001, when a call's media ports are taken, by the message that made it so.
static void test_preallocated(void **state)
{
	const char *all, *line;

	call_establish();
	all = log_captured();
	line = log_line_with(all,
		"%UCIME-6-607001: media ports pre-allocated for a SIP call; "
		"call_id=5d2e9a10@192.168.20.30 offer=outside stream=0 outside=209.165.200.229:",
		" inside=192.168.10.3:");
	assert_null(strstr(strstr(all, line) + strlen(line), "offer=outside")); // once
}

static void test_call(void **state)
{
	const char *all, *line;

	call_establish();
	for (int i = 0; i < 2; i++) {
		fake_dp_stats[i].leg[SIDE_OUTSIDE] = (struct dp_leg_stats){.rx_packets = 3000,
			.rx_octets = 516000,
			.rx_lost = 7,
			.rx_late = 2,
			.rx_replayed = 1,
			.rx_auth_failed = 4,
			.jitter_us = 1500,
			.last_rx_ns = rig.now_ns};
		fake_dp_stats[i].leg[SIDE_INSIDE] = (struct dp_leg_stats){.rx_packets = 2990,
			.rx_octets = 514280,
			.jitter_us = 20,
			.last_rx_ns = rig.now_ns};
	}
	rig.now_ns += 60 * 1000000000ull;
	call_hang_up();
	all = log_captured();
	line = ended(all, "direction=inbound");
	assert_string_equal(strchr(line, '%'),
		ENDED
		"reason=bye by=outside direction=inbound "
		"from=sip:+12125550199@enterprise-b.example "
		"to=sip:+14085550123@enterprise-a.example peer_domain=enterprise-b.example "
		"outside=203.0.113.10:40000 inside=192.168.10.30:5070 "
		"uuid=8f4f2c1e-6d1b-4a37-9c55-0123456789ab started_unix_s=1772323140 setup_ms=0 "
		"answered=true duration_ms=60000 codec=G722 srtp=AES_CM_128_HMAC_SHA1_80 "
		"passthrough=false streams=1 outside_packets=3000 outside_octets=516000 "
		"outside_lost=7 outside_late=2 outside_jitter_us=1500 outside_refused=5 "
		"inside_packets=2990 inside_octets=514280 inside_lost=0 inside_late=0 "
		"inside_jitter_us=20 inside_refused=0");
	ended(all, "direction=outbound");
	has(all, "%UCIME-6-339301: call answered; call_id=5d2e9a10@192.168.20.30 ");
}

// At once, not second by second.
static void pass_s(unsigned int seconds)
{
	rig.now_ns += (seconds - 1) * 1000000000ull;
	rig_pass_s(1);
}

static void ring(void)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
}

static void test_refused(void **state)
{
	const char *all;

	ring();
	rig.now_ns += 2500000000ull;
	call_answer(&rig.ucm[RIG_A], "486 Busy Here", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 486 ");
	all = log_captured();
	has(ended(all, "direction=inbound"), " reason=refused by=inside status=486 ");
	has(ended(all, "direction=inbound"), " setup_ms=2500 answered=false duration_ms=0 ");
	has(ended(all, "direction=outbound"), " reason=refused by=outside status=486 ");
	assert_null(strstr(all, "339301"));
}

static void test_cancelled(void **state)
{
	ring();
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	call_cancel();
	host_expect(&rig.ucm[RIG_A], "CANCEL ");
	call_terminated(&rig.ucm[RIG_A]);
	has(ended(log_captured(), "direction=inbound"), " reason=cancel by=outside status=487 ");
}

static void test_no_response(void **state)
{
	ring();
	pass_s(60);
	host_expect(&rig.caller, "SIP/2.0 408 ");
	has(ended(log_captured(), "direction=inbound"), " reason=no-response direction=");
}

static void test_bye_unanswered(void **state)
{
	call_establish();
	call_b_request("BYE", "bye", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	pass_s(120);
	has(ended(log_captured(), "direction=inbound"), " reason=bye-unanswered by=outside ");
}

static void test_no_media(void **state)
{
	call_establish();
	pass_s(120);
	has(ended(log_captured(), "direction=inbound"), " reason=no-media direction=");
}

static void test_key_used_up(void **state)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_KEY};
	const char *all;

	call_establish();
	m.key = (struct dp_msg_key){
		.stream = fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.stream, .leg = SIDE_OUTSIDE};
	m.key.used_up = true;
	for (int i = 0; i < 2; i++)
		ime_media(rig.ime[i], &m);
	host_idle(rig.base);
	all = log_captured();
	has(all,
		"%UCIME-4-339303: an SRTP key of a call is used up, the call ends; "
		"call_id=5d2e9a10@192.168.20.30 side=outside key=received\n");
	has(ended(all, "direction=inbound"), " reason=key-used-up by=outside ");
}

static void test_description(void **state)
{
	ring();
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, "nonsense\n");
	host_expect(&rig.caller, "SIP/2.0 488 ");
	has(ended(log_captured(), "direction=inbound"), " reason=description-refused by=inside ");
}

static void test_lost(void **state)
{
	ring();
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	host_close(&rig.ucm[RIG_A]);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	has(ended(log_captured(), "direction=inbound"), " reason=connection-lost by=inside ");
}

static void test_stopped(void **state)
{
	call_establish();
	ime_free(rig.ime[RIG_A]);
	rig.ime[RIG_A] = NULL;
	has(ended(log_captured(), "direction=inbound"), " reason=stopped direction=");
}

// Longest texts of the worst kind from the remote: values are cut, and the line is whole.
static void test_hostile(void **state)
{
	char head[8192], bad[301], name[701];
	const char *line;

	memset(bad, '"', sizeof(bad) - 1);
	bad[sizeof(bad) - 1] = '\0';
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(head, sizeof(head),
		"INVITE " R_URI
		" SIP/2.0\n" R_VIA("1") "From: <sip:%s@enterprise-b.example>"
					";tag=r\nTo: <sip:%s@enterprise-a.example>\nCall-ID: %s\n"
					"CSeq: 101 INVITE\n" R_CONTACT
					"Max-Forwards: 69\n" HEADER(TICKET_2_13) SDP_TYPE,
		name, name, bad);
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, head, SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	pass_s(60);
	line = log_line_with(log_captured(), "%UCIME-6-339008: ", " reason=no-response ");
	has(line, "call_id=\"\\x22\\x22");
	has(line, "from=sip:xxxxx");
	has(line, "...\" ");
	has(line, " inside_refused=0");
	assert_null(strstr(line, "cut=true"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_1_refusals),
		TEST(log_1_no_ticket),
		TEST(preallocated),
		TEST(call),
		TEST(refused),
		TEST(cancelled),
		TEST(no_response),
		TEST(bye_unanswered),
		TEST(no_media),
		TEST(key_used_up),
		TEST(description),
		TEST(lost),
		TEST(stopped),
		TEST(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
