// SPDX-License-Identifier: BSD-3-Clause
// TLS-6: whatever became of a connection meanwhile, the first call after it succeeds, on both sides
// of the proxy. (Requests inside a dialog: test_calls.c.)
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_net.h"

// An INVITE of call manager A toward the remote.
static void out(int n)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"INVITE sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKo%d\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"
		"To: <sip:+12125550199@enterprise-b.example>\n"
		"Route: <sip:enterprise-b.example;lr>\n"
		"Call-ID: out%d\nCSeq: 5 INVITE\nMax-Forwards: 70\n" A_CONTACT SDP_TYPE,
		n, n);
	host_send(&rig.caller, head, SDP_PLAIN_A);
}

static void out_busy(int n)
{
	out(n);
	host_expect(&rig.remote, "INVITE ");
	call_answer(&rig.remote, "486 Busy Here", "rtag", "", "");
	host_expect(&rig.caller, "SIP/2.0 486 ");
}

// An INVITE of the remote toward call manager A.
static void in(int n)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"INVITE " R_URI " SIP/2.0\nVia: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bKi%d\n"
		"Call-ID: in%d\nCSeq: 1 INVITE\nMax-Forwards: 9\n" R_FROM B_TO
		"\n" R_CONTACT TICKET_HEADER SDP_TYPE,
		n, n);
	host_send(&rig.remote, head, SDP_SECURE);
}

static void in_busy(int n)
{
	in(n);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "486 Busy Here", "atag", "", "");
	host_expect(&rig.remote, "SIP/2.0 486 ");
}

static void test_closed(void **state)
{
	rig_outbound("b", "ca.pem");
	out_busy(1);
	host_close(&rig.remote);
	host_idle(rig.base);
	out_busy(2);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 2);
	rig_only(RIG_A, CNT_NONE, 0);
}

// Half open: the peer has forgotten the connection, and says so when the INVITE comes.
static void test_reset(void **state)
{
	rig_outbound("b", "ca.pem");
	out_busy(1);
	host_close_on_next(&rig.remote);
	out_busy(2);
	assert_int_equal(rig_counter(RIG_A, CNT_REQUESTS_RESENT), 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

static void test_ucm_reset(void **state)
{
	rig_remote("b", "ca.pem");
	in_busy(1);
	host_close_on_next(&rig.ucm[RIG_A]);
	in_busy(2);
	assert_int_equal(rig_counter(RIG_A, CNT_REQUESTS_RESENT), 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

// A renewed certificate of the same domain is as good; one of another domain is somebody else.
static void test_certificate(void **state)
{
	rig_outbound("b", "ca.pem");
	out_busy(1);
	rig_outbound_certificate("server-only");
	host_close_on_next(&rig.remote);
	out_busy(2);
	rig_only(RIG_A, CNT_NONE, 0);
	rig_outbound_certificate("c");
	host_close_on_next(&rig.remote);
	out(3);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	rig_only(RIG_A, CNT_ROUTE_DOMAIN, 1);
}

// Somebody called while it was down; who calls a moment later is not to suffer for it.
static void test_ucm_back(void **state)
{
	rig_remote("b", "ca.pem");
	fake_net_host_down(RIG_UCM_A, 5070);
	in(1);
	host_expect(&rig.remote, "SIP/2.0 503 ");
	in(2);
	host_expect(&rig.remote, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_CONN_OPEN_FAILED), 1); // not for each
	fake_net_host(RIG_UCM_A, 5070, rig_ucm_accepts, &rig.ucm[RIG_A]);
	rig.now_ns += 100000000;
	in_busy(3);
}

static void test_remote_back(void **state)
{
	rig_outbound("b", "ca.pem");
	out_busy(1);
	host_close(&rig.remote);
	host_idle(rig.base);
	fake_net_host_down(RIG_REMOTE, 5070);
	out(2);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	rig_outbound_server("b", "ca.pem");
	rig.now_ns += 100000000;
	out_busy(3);
}

// Nothing was said for the conn time-out; whoever comes back finds everything as before.
static void test_idle(void **state)
{
	rig_remote("b", "ca.pem");
	in_busy(1);
	rig_pass_s(3600);
	host_expect_closed(&rig.remote);
	host_idle(rig.base);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 0);
	rig_remote("b", "ca.pem");
	in_busy(2);
	rig_only(RIG_A, CNT_NONE, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(closed),
		TEST(reset),
		TEST(ucm_reset),
		TEST(certificate),
		TEST(ucm_back),
		TEST(remote_back),
		TEST(idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
