// SPDX-License-Identifier: BSD-3-Clause
// Calls off-path (protocol.md 3.3, MAP-3, MAP-4, MAP-9): the call manager knows the remote as a port of
// the inside address, in whichever direction the call began, and the Internet never sees that address.
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"
#include "test/unit/mapping_steps.h"

static struct map_client client;

static int setup(void **state)
{
	static const char *const edit[] = {MAP_EDIT(""), NULL};

	rig_up(edit);
	map_connect(&client, RIG_UCM_A, 2001);
	return 0;
}

static int setup_short(void **state)
{
	static const char *const edit[] = {MAP_EDIT(", lifetime: 0:00:10"), NULL};

	rig_up(edit);
	map_connect(&client, RIG_UCM_A, 2001);
	return 0;
}

static int setup_one_port(void **state)
{
	static const char *const edit[] = {MAP_EDIT(", port-range: 40000-40001"),
		"drop    # or reject", "reject  # or drop", NULL};

	rig_up(edit);
	map_connect(&client, RIG_UCM_A, 2001);
	return 0;
}

static int teardown(void **state)
{
	map_close(&client);
	rig_down();
	return 0;
}

static unsigned int live(void)
{
	return mappings_usage(rig.ime[RIG_A]->mappings).in_use;
}

// ---- Calls out -----------------------------------------------------------------------------------

#define OUT_DIALOG                                                                                 \
	"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"                                    \
	"To: <sip:+12125550199@192.168.10.1>%s\n"                                                  \
	"Call-ID: out@192.168.10.30\nMax-Forwards: 70\n"

// The call manager's connection to the port that it was given.
static void dial(uint16_t port)
{
	host_close(&rig.caller);
	host_tcp(&rig.caller, rig.hosts,
		fake_net_connect(RIG_A, RIG_INSIDE, RIG_UCM_A, 40002, MAP_US, port));
}

static void out_request(const char *method, uint16_t port, const char *branch, int cseq,
	const char *tag, const char *extra, const char *body)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"%s sip:+12125550199@192.168.10.1:%u;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bK%s\n" OUT_DIALOG
		"CSeq: %d %s\n%s",
		method, port, branch, tag, cseq, method, extra);
	host_send(&rig.caller, head, body);
}

static void call_out(uint16_t port, const char *certificate)
{
	rig_outbound_server(certificate, "ca.pem");
	dial(port);
	out_request("INVITE", port, "o", 5, "", A_CONTACT SDP_TYPE, SDP_PLAIN_A);
}

#define R_SDP                                                                                      \
	"v=0\no=R 9 1 IN IP4 198.51.100.10\ns=-\nc=IN IP4 198.51.100.11\nt=0 0\n"                  \
	"m=audio 29824 RTP/SAVP 9 101\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1 "\n"
#define R_ANSWER                                                                                   \
	"Record-Route: <sip:198.51.100.10:5075;transport=tls;lr>\n"                                \
	"Contact: <sip:+12125550199@198.51.100.10:5070;transport=tls>\n" SDP_TYPE

static void test_call_out(void **state)
{
	const struct endpoint mapped = ep(RIG_UCM_A_MAPPED, 40002);

	assert_int_equal(map_ask(&client, RIG_REMOTE, 5070), 40000);
	call_out(40000, "b");
	host_expect(
		&rig.remote, "INVITE sip:+12125550199@198.51.100.10:5070;transport=tls SIP/2.0");
	assert_true(endpoint_eq(&fake_net_last_source, &mapped));
	contains(&rig.remote, "Via: SIP/2.0/TLS 209.165.200.228:5070;branch=z9hG4bKo\r\n");
	contains(&rig.remote, "To: <sip:+12125550199@198.51.100.10>\r\n");
	contains(&rig.remote, "@209.165.200.228:5070;transport=tls>\r\n");
	contains_not(&rig.remote, "192.168.10.1:");
	contains_not(&rig.remote, "192.168.10.1>");
	call_answer(&rig.remote, "200 OK", "rtag", R_ANSWER, R_SDP);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKo\r\n");
	contains(&rig.caller, "Record-Route: <sip:192.168.10.1:40001;transport=tcp;lr>\r\n");
	contains(&rig.caller, "Contact: <sip:+12125550199@192.168.10.1:40000;transport=tcp>\r\n");
	contains(&rig.caller, "To: <sip:+12125550199@192.168.10.1>;tag=rtag\r\n");
	contains(&rig.caller, "c=IN IP4 192.168.10.3\r\n");
	out_request("ACK", 40000, "oa", 5, ";tag=rtag",
		"Route: <sip:192.168.10.1:40001;transport=tcp;lr>\n", "");
	host_expect(&rig.remote, "ACK sip:+12125550199@198.51.100.10:5070;transport=tls SIP/2.0");
	contains(&rig.remote, "Route: <sip:198.51.100.10:5075;transport=tls;lr>\r\n");
	rig_only(RIG_A, CNT_NONE, 0);
}

// MAP-4: a mapping that expires under a live call stays, though its connection has gone; and a request of
// the dialog comes back by it.
static void test_held_by_call(void **state)
{
	test_call_out(state);
	rig_pass_s(20);
	assert_int_equal(live(), 2);
	host_close(&rig.caller);
	rig_pass_s(1);
	rig_pass_s(20);
	assert_int_equal(live(), 2);
	dial(40000);
	out_request("BYE", 40000, "ob", 6, ";tag=rtag", "", "");
	host_expect(&rig.remote, "BYE sip:+12125550199@198.51.100.10:5070;transport=tls SIP/2.0");
	call_answer(&rig.remote, "200 OK", "rtag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	host_close(&rig.caller);
	rig_pass_s(1);
	rig_pass_s(8);
	assert_int_equal(live(), 2); // as long as any other, from now on
	rig_pass_s(2);
	assert_int_equal(live(), 0);
	rig_assert_clean(RIG_A);
}

// A connection alone holds it too.
static void test_held_by_connection(void **state)
{
	assert_int_equal(map_ask(&client, RIG_REMOTE, 5070), 40000);
	dial(40000);
	rig_pass_s(601);
	assert_int_equal(live(), 1);
	host_close(&rig.caller);
	rig_pass_s(1);
	rig_pass_s(601);
	assert_int_equal(live(), 0);
}

static void ask_domain(const char *domain)
{
	const struct mapping_msg m = {.class = MAPPING_REQUEST,
		.remote = ep(RIG_REMOTE, 5070),
		.domain = str_from(domain)};
	uint8_t buf[MAPPING_MSG_MAX];

	map_write(&client, buf, mapping_msg_write(&m, STR_LIT(""), buf, sizeof(buf)));
	map_read(&client);
	assert_int_equal(client.m.mapped.port, 40000);
}

// REMOTE-DOMAIN is the domain that the remote's certificate must name (SIP-2).
static void test_domain_right(void **state)
{
	ask_domain("enterprise-b.example");
	call_out(40000, "b");
	host_expect(&rig.remote, "INVITE ");
	rig_only(RIG_A, CNT_NONE, 0);
}

static void test_domain_wrong(void **state)
{
	ask_domain("enterprise-c.example");
	call_out(40000, "b");
	host_expect_closed(&rig.remote);
	rig_only(RIG_A, CNT_ROUTE_DOMAIN, 1);
	rig_assert_clean(RIG_A);
}

// A request for a port that stands for nothing, on the connection of another: it leaves as it came.
static void test_other_port(void **state)
{
	assert_int_equal(map_ask(&client, RIG_REMOTE, 5070), 40000);
	assert_int_equal(map_ask(&client, RIG_REMOTE, 5080), 40001);
	rig_outbound_server("b", "ca.pem");
	dial(40000);
	out_request("INVITE", 40001, "o", 5, "", A_CONTACT SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.remote, "INVITE sip:+12125550199@198.51.100.10:5080;transport=tls");
}

// ---- Calls in ------------------------------------------------------------------------------------

static uint16_t port_in(const char *header, const char *before)
{
	const char *value = host_header(&rig.ucm[RIG_A], header), *at = strstr(value, before);

	if (at == NULL)
		fail_msg("no %s in %s", before, value);
	return (uint16_t)atoi(at + strlen(before));
}

// MAP-9: replies and requests of the call manager come back to us, and lead to the remote.
static void test_call_in(void **state)
{
	const struct ip_addr us = ep(MAP_US, 1).ip;
	struct endpoint contact, via, want = ep(RIG_UCM_B_MAPPED, 5070);
	char head[1024];
	uint16_t port;

	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE sip:+14085550123@192.168.10.30:5070;transport=tcp");
	assert_true(ip_eq(&fake_net_last_source.ip, &us));
	assert_int_equal(fake_net_last_source.port, 0); // any; MAP-9 is of headers
	contains_not(&rig.ucm[RIG_A], RIG_UCM_B_MAPPED);
	port = port_in("Contact", "@192.168.10.1:");
	assert_true(mapping_find(rig.ime[RIG_A]->mappings, port, &contact));
	assert_true(endpoint_eq(&contact, &want));
	assert_true(mapping_find(
		rig.ime[RIG_A]->mappings, port_in("Via", "SIP/2.0/TCP 192.168.10.1:"), &via));
	assert_true(endpoint_eq(&via, &want));
	assert_int_equal(port_in("Record-Route", "sip:192.168.10.1:"), port);
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "Record-Route: <sip:192.168.20.30:5070;transport=tcp;lr>\r\n");
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	rig_pass_s(60);
	assert_int_equal(live(), 1);
	rig_only(RIG_A, CNT_NONE, 0);
	rig.caller.closed = false;
	// The call manager ends the call, on a connection of its own.
	host_close(&rig.remote);
	host_tcp(&rig.remote, rig.hosts,
		fake_net_connect(RIG_A, RIG_INSIDE, RIG_UCM_A, 41000, MAP_US, port));
	snprintf(head, sizeof(head),
		"BYE sip:+12125550199@192.168.10.1:%u;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKbye\n"
		"Route: <sip:192.168.10.1:%u;transport=tcp;lr>\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=atag\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=btag\n" CALL_ID
		"CSeq: 1 BYE\nMax-Forwards: 69\n",
		port, port);
	host_send(&rig.remote, head, "");
	host_expect(&rig.ucm[RIG_B], "BYE sip:+12125550199@192.168.20.30:5070;transport=tcp");
	contains(&rig.ucm[RIG_B], "Route: <sip:192.168.20.30:5070;transport=tcp;lr>\r\n");
	call_answer(&rig.ucm[RIG_B], "200 OK", "btag", "", "");
	host_expect(&rig.remote, "SIP/2.0 200 ");
	rig_only(RIG_A, CNT_NONE, 0);
	rig_assert_clean(RIG_A);
}

// What the other side hides behind it, and nobody can reach, is no remote.
static void test_private_contact(void **state)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote,
		"INVITE " R_URI " SIP/2.0\n" R_VIA("1") R_FROM B_TO
		"\n" R_CALL_ID
		"CSeq: 101 INVITE\nContact: <sip:b@10.9.8.7:5070;transport=tls>\nMax-Forwards: 69\n"
		"Record-Route: <sip:edge.enterprise-b.example;transport=tls;lr>\n" TICKET_HEADER
			SDP_TYPE,
		SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	contains(&rig.ucm[RIG_A], "Contact: <sip:b@10.9.8.7:5070;transport=tcp>\r\n");
	// A name is the remote's, at the port of its scheme.
	contains(&rig.ucm[RIG_A], "Record-Route: <sip:192.168.10.1:40001;transport=tcp;lr>\r\n");
	contains(&rig.ucm[RIG_A], "Via: SIP/2.0/TCP 192.168.10.1:40000;branch=z9hG4bK1\r\n");
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.remote, "SIP/2.0 180 ");
	contains(&rig.remote, "Via: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK1\r\n");
	contains(&rig.remote, "Record-Route: <sip:198.51.100.10:5061;transport=tls;lr>\r\n");
}

// Who calls in gets half of the ports at most: 503, and the rest is for the call managers.
static void test_remotes_are_bounded(void **state)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote,
		"INVITE " R_URI " SIP/2.0\n" R_VIA("1") R_FROM B_TO
		"\n" R_CALL_ID
		"CSeq: 101 INVITE\nContact: <sip:b@198.51.100.10:5071;transport=tls>\n"
		"Max-Forwards: 69\n" TICKET_HEADER SDP_TYPE,
		SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 503 ");
	rig_only(RIG_A, CNT_MAPPING_NO_PORT, 1);
	rig_assert_clean(RIG_A);
	assert_int_equal(map_ask(&client, RIG_REMOTE, 5072), 40001);
}

#define CASE(rule, test, up)                                                                       \
	{                                                                                          \
		rule " " #test, test, up, teardown, NULL                                           \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("3.3", test_call_out, setup),
		CASE("MAP-4", test_held_by_call, setup_short),
		CASE("MAP-4", test_held_by_connection, setup),
		CASE("SIP-2", test_domain_right, setup),
		CASE("SIP-2", test_domain_wrong, setup),
		CASE("3.3", test_other_port, setup),
		CASE("MAP-9", test_call_in, setup),
		CASE("MAP-9", test_private_contact, setup),
		CASE("MAP-9", test_remotes_are_bounded, setup_one_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
