// SPDX-License-Identifier: BSD-3-Clause
// Connections: who may set one up, framing however the octets come, slow and silent peers
// (protocol.md 3.2, 8). Real TLS over real sockets.
#include "test/unit/test.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"

static const struct {
	const char *certificate, *ca;
	enum counter_id counter;
} strangers[] = {
	{NULL, "ca.pem", CNT_TLS_NO_CERT}, // TLS-1
	{"stranger", "ca.pem", CNT_TLS_CERT_UNTRUSTED}, {"expired", "ca.pem", CNT_TLS_CERT_EXPIRED},
	{"server-only", "ca.pem", CNT_TLS_CERT_REFUSED}, {"chain-4", "ca.pem", CNT_TLS_CERT_CHAIN},
	{"chain-fat", "ca.pem", CNT_TLS_CERT_CHAIN},
	{"b", "other-ca.pem", CNT_TLS_REFUSED_BY_PEER}, // it does not trust us
};

static void test_tls1_handshake_refused(void **state)
{
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		rig_setup(NULL);
		rig_remote(strangers[i].certificate, strangers[i].ca);
		host_expect_closed(&rig.remote);
		host_idle(rig.base);
		rig_only(RIG_A, strangers[i].counter, 1);
		assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 0);
		assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 0);
		rig_down();
	}
}

// What the limits of a chain must let through.
static void test_longest_chain(void **state)
{
	rig_remote("chain-3", "ca.pem");
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	rig_only(RIG_A, CNT_NONE, 0);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 1);
}

// TLS-2, both ways.
static void test_tls2_wrong_transport(void **state)
{
	host_tcp(&rig.remote, rig.base,
		fake_net_connect(RIG_A, RIG_OUTSIDE, RIG_REMOTE, 40001, RIG_UCM_A_MAPPED, 5070));
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect_closed(&rig.remote);
	rig_only(RIG_A, CNT_TCP_ON_TLS, 1);
	host_close(&rig.remote);
	host_tls(&rig.remote, rig.base,
		fake_net_connect(RIG_B, RIG_INSIDE, RIG_UCM_B, 40002, RIG_UCM_A_MAPPED, 5070),
		false, rig.dir, "b", "ca.pem");
	host_expect_closed(&rig.remote);
	rig_only(RIG_B, CNT_TLS_ON_TCP, 1);
}

static const struct {
	uint16_t iface;
	const char *src, *dst;
	uint16_t port;
	enum counter_id counter;
} connections[] = {
	{RIG_OUTSIDE, RIG_REMOTE, RIG_UCM_A_MAPPED, 80, CNT_CONN_NO_CLASS},
	{RIG_OUTSIDE, RIG_REMOTE, "209.165.200.230", 5070, CNT_CONN_NO_CLASS},
	{RIG_INSIDE, "192.168.10.99", RIG_REMOTE, 5070, CNT_CONN_NO_CLASS},
	{RIG_INSIDE, RIG_UCM_A, RIG_REMOTE, 4999, CNT_CONN_NO_CLASS},
	// The call manager's address, but from outside, toward the outside.
	{RIG_OUTSIDE, RIG_UCM_A, RIG_REMOTE, 5070, CNT_CONN_NO_UCM},
	// Toward something inside.
	{RIG_INSIDE, RIG_UCM_A, "192.168.10.7", 5070, CNT_CONN_NO_UCM},
};

static void test_classes(void **state)
{
	for (size_t i = 0; i < sizeof(connections) / sizeof(connections[0]); i++) {
		rig_setup(NULL);
		host_tcp(&rig.remote, rig.base,
			fake_net_connect(RIG_A, connections[i].iface, connections[i].src, 4000,
				connections[i].dst, connections[i].port));
		host_expect_closed(&rig.remote);
		rig_only(RIG_A, connections[i].counter, 1);
		rig_down();
	}
}

static void connect_from(struct sip_host *h, const char *ip)
{
	host_close(h);
	host_tls(h, rig.base,
		fake_net_connect(RIG_A, RIG_OUTSIDE, ip, 40003, RIG_UCM_A_MAPPED, 5070), false,
		rig.dir, "b", "ca.pem");
}

// The trunk that has been idle longest makes room, once nothing can wait for an answer on it.
static void test_sessions_full(void **state)
{
	static const char *const edit[] = {"maximum-sessions: 1000", "maximum-sessions: 1", NULL};

	rig_up(edit);
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	connect_from(&rig.caller, "198.51.100.66");
	host_expect_closed(&rig.caller);
	rig_only(RIG_A, CNT_TLS_SESSIONS_FULL, 1);
	assert_false(rig.remote.closed);
	rig_pass_s(32);
	connect_from(&rig.caller, "198.51.100.66");
	host_wait_up(&rig.caller);
	host_expect_closed(&rig.remote);
	host_idle(rig.base);
	assert_false(rig.caller.closed);
	rig_only(RIG_A, CNT_TLS_SESSIONS_FULL, 1);
	assert_int_equal(rig_counter(RIG_A, CNT_TRUNKS_EVICTED), 1);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).tls, 1);
	host_close(&rig.caller);
	host_idle(rig.base);
	rig_remote("b", "ca.pem"); // there is room again
	host_wait_up(&rig.remote);
	rig_down();
}

// Who has not finished a handshake puts nobody out, and a trunk with a call stays in any case.
static void test_call_is_kept(void **state)
{
	static const char *const edit[] = {"maximum-sessions: 1000", "maximum-sessions: 2", NULL};
	struct sip_host third = {0};

	rig_up(edit);
	call_establish(); // it may have both sessions (TLS-9)
	rig_pass_s(60);
	connect_from(&rig.remote, "198.51.100.66");
	host_wait_up(&rig.remote);
	connect_from(&third, "198.51.100.67");
	host_expect_closed(&third);
	rig_only(RIG_A, CNT_TLS_SESSIONS_FULL, 1);
	call_hang_up();
	rig_pass_s(60);
	host_close(&third);
	host_tls(&third, rig.base,
		fake_net_connect(RIG_A, RIG_OUTSIDE, "198.51.100.68", 4, RIG_UCM_A_MAPPED, 5070),
		false, rig.dir, "stranger", "ca.pem");
	host_expect_closed(&third);
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_TRUNKS_EVICTED), 0);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).tls, 2);
	connect_from(&third, "198.51.100.67");
	host_wait_up(&third);
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_TRUNKS_EVICTED), 1);
	host_close(&third);
	rig_down();
}

// Half of the sessions are left to others.
static void test_source_full(void **state)
{
	static const char *const edit[] = {"maximum-sessions: 1000", "maximum-sessions: 2", NULL};

	rig_up(edit);
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_tls(&rig.caller, rig.base,
		fake_net_connect(RIG_A, RIG_OUTSIDE, RIG_REMOTE, 40003, RIG_UCM_A_MAPPED, 5070),
		false, rig.dir, "b", "ca.pem");
	host_expect_closed(&rig.caller);
	rig_only(RIG_A, CNT_TLS_SOURCE_FULL, 1);
	host_close(&rig.caller);
	host_tls(&rig.caller, rig.base,
		fake_net_connect(
			RIG_A, RIG_OUTSIDE, "198.51.100.66", 40003, RIG_UCM_A_MAPPED, 5070),
		false, rig.dir, "b", "ca.pem");
	host_wait_up(&rig.caller);
	rig_down();
}

// The source gets a punt budget of its own while its session lives.
static void test_trust(void **state)
{
	struct endpoint remote = ep(RIG_REMOTE, 0);

	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	assert_int_equal(fake_dp_count(DP_MSG_TRUST_SET), 1);
	assert_true(ip_eq(&fake_dp_last(DP_MSG_TRUST_SET, -1)->trust.ip, &remote.ip));
	connect_from(&rig.caller, RIG_REMOTE);
	host_wait_up(&rig.caller);
	host_close(&rig.remote); // the other session of this source goes on
	host_idle(rig.base);
	assert_int_equal(fake_dp_count(DP_MSG_TRUST_DEL), 0);
	host_close(&rig.caller);
	host_idle(rig.base);
	assert_int_equal(fake_dp_count(DP_MSG_TRUST_DEL), 1);
}

// ---- Framing -----------------------------------------------------------------------------------

#define OPTIONS(n)                                                                                 \
	"OPTIONS sip:x@198.51.100.10:5070;transport=tcp SIP/2.0\r\n"                               \
	"v: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bK" n "\r\n"                                \
	"f: <sip:a@enterprise-a.example>;tag=o\r\nt:\r\n <sip:b@enterprise-b.example>\r\n"         \
	"i: x@192.168.10.30\r\nCSeq: 5 OPTIONS\r\nMax-Forwards: 70\r\nc: text/plain\r\nl: "        \
	"3\r\n\r\nabc"

// Octet by octet, then two in one piece: the same messages come out.
static void test_split_and_pipelined(void **state)
{
	static const char text[] = OPTIONS("1") OPTIONS("2") "\r\n\r\n" OPTIONS("3");

	rig_outbound("b", "ca.pem");
	for (size_t i = 0; i < sizeof(OPTIONS("1")) - 1; i++) {
		host_send_raw(&rig.caller, text + i, 1);
		event_base_loop(rig.base, EVLOOP_NONBLOCK);
	}
	// Compact names stay: what is not understood is not touched.
	host_expect_raw(&rig.remote, "OPTIONS sip:x@198.51.100.10:5070;transport=tls SIP/2.0\r\n");
	host_idle(rig.base);
	evbuffer_drain(bufferevent_get_input(rig.remote.bev), SIZE_MAX);
	host_send_raw(
		&rig.caller, text + sizeof(OPTIONS("1")) - 1, sizeof(text) - sizeof(OPTIONS("1")));
	host_expect_raw(&rig.caller, "\r\n"); // RFC 5626: ping, pong
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_REQUESTS_FORWARDED), 3);
	assert_int_equal(rig_counter(RIG_A, CNT_KEEPALIVES), 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

static const struct {
	const char *text;
	enum counter_id counter;
	bool answered;
} streams[] = {
	{"GET / HTTP/1.1\r\n\r\n", CNT_SIP_NOT_SIP, false},
	{"OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nFrom: "
	 "<sip:a@b>;tag=1\r\n"
	 "To: <sip:b@c>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\n\r\n",
		CNT_SIP_NO_CONTENT_LENGTH, true},
	{"OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nFrom: "
	 "<sip:a@b>;tag=1\r\n"
	 "To: <sip:b@c>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\n"
	 "Content-Length: 999999\r\n\r\n",
		CNT_SIP_BODY_TOO_LONG, true},
};

static void test_lost_framing(void **state)
{
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		rig_setup(NULL);
		rig_remote("b", "ca.pem");
		host_send_raw(&rig.remote, streams[i].text, strlen(streams[i].text));
		if (streams[i].answered)
			host_expect(&rig.remote, "SIP/2.0 400 ");
		host_expect_closed(&rig.remote);
		rig_only(RIG_A, streams[i].counter, 1);
		rig_down();
	}
}

// A message that never ends does not keep a connection.
static void test_unfinished(void **state)
{
	rig_remote("b", "ca.pem");
	host_send_raw(&rig.remote, "INVITE sip:", 11);
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	rig_pass_s(9);
	assert_false(rig.remote.closed);
	rig_pass_s(1);
	host_expect_closed(&rig.remote);
	rig_only(RIG_A, CNT_CONN_INPUT_TIMEOUT, 1);
}

// A peer that does not read holds back its sender, and nothing is lost or piled up.
static void test_slow_reader(void **state)
{
	enum { MESSAGES = 600, BODY = 8000 };
	char head[512], *body = malloc(BODY + 1);

	memset(body, 'x', BODY);
	body[BODY] = '\0';
	rig_outbound("b", "ca.pem");
	host_send_raw(&rig.caller, OPTIONS("0"), sizeof(OPTIONS("0")) - 1);
	host_idle(rig.base);
	evbuffer_drain(bufferevent_get_input(rig.remote.bev), SIZE_MAX);
	bufferevent_disable(rig.remote.bev, EV_READ);
	for (int i = 0; i < MESSAGES; i++) {
		snprintf(head, sizeof(head),
			"OPTIONS sip:x@198.51.100.10:5070;transport=tcp SIP/2.0\n"
			"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKn%d\n"
			"From: <sip:a@enterprise-a.example>;tag=o\n"
			"To: <sip:b@enterprise-b.example>\nCall-ID: %d\n"
			"CSeq: 5 OPTIONS\nMax-Forwards: 70\nContent-Type: text/plain\n",
			i, i);
		host_send(&rig.caller, head, body);
	}
	host_idle(rig.base);
	host_idle(rig.base);
	assert_true(rig_counter(RIG_A, CNT_REQUESTS_FORWARDED) < MESSAGES);
	bufferevent_enable(rig.remote.bev, EV_READ);
	for (int i = 0; i < MESSAGES; i++) {
		host_expect(&rig.remote, "OPTIONS ");
		assert_int_equal(atoi(host_header(&rig.remote, "Call-ID")), i);
	}
	rig_only(RIG_A, CNT_NONE, 0);
	free(body);
}

// The accepted connection closes: the opened one follows, and nothing of the trunk stays.
static void test_end(void **state)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "486 Busy Here", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 486 ");
	host_close(&rig.caller);
	host_expect_closed(&rig.ucm[RIG_A]);
	host_idle(rig.base);
	for (int i = 0; i < 2; i++)
		assert_int_equal(trunks_usage(rig.ime[i]->trunks).trunks, 0);
}

// The caller's connection dies while it rings: the called side is told.
static void test_caller_lost(void **state)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	host_close(&rig.caller);
	host_expect(&rig.ucm[RIG_A], "CANCEL ");
	host_expect_closed(&rig.ucm[RIG_A]);
	rig_assert_clean(RIG_A);
	rig_assert_clean(RIG_B);
}

// An idle trunk closes after the conn time-out.
static void test_idle(void **state)
{
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_send_raw(&rig.remote, "\r\n\r\n", 4);
	host_expect_raw(&rig.remote, "\r\n");
	rig_pass_s(3599);
	assert_false(rig.remote.closed);
	rig_pass_s(1);
	host_expect_closed(&rig.remote);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls1_handshake_refused),
		TEST(longest_chain),
		TEST(tls2_wrong_transport),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_sessions_full),
		cmocka_unit_test(test_call_is_kept),
		cmocka_unit_test(test_source_full),
		TEST(trust),
		TEST(split_and_pipelined),
		cmocka_unit_test(test_lost_framing),
		TEST(unfinished),
		TEST(slow_reader),
		TEST(end),
		TEST(caller_lost),
		TEST(idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
