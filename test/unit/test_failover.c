// SPDX-License-Identifier: BSD-3-Clause
// A cluster of call managers: who takes a call when the addressed one does not answer, what it is
// shown, and where the call's later messages go.
#include "test/unit/test.h"

#include <stdio.h>

#include "cp/call_state.h"
#include "test/unit/call_steps.h"
#include "test/unit/cluster.h"
#include "test/unit/fake_net.h"

#define CONTACT_31 "Contact: <sip:+14085550123@192.168.10.31:5070;transport=tcp>\n"
#define B_INVITE_2                                                                                 \
	INVITE_URI B_VIA("second") B_FROM B_TO "\nCall-ID: second\nCSeq: 1 INVITE\n" B_CONTACT     \
					       "Max-Forwards: 69\n" TICKET_HEADER SDP_TYPE

static struct sip_host next[2]; // 192.168.10.31 and .32

static void next_accepts(int fd, const struct endpoint *peer, void *arg)
{
	host_close(arg);
	host_tcp(arg, rig.base, fd);
}

static void up(const char *const *edit)
{
	rig_up(edit);
	next[0] = next[1] = (struct sip_host){.base = rig.base};
	fake_net_host(UCM_31, 5070, next_accepts, &next[0]);
	fake_net_host(UCM_32, 5070, next_accepts, &next[1]);
}

static int setup(void **state)
{
	static const char *const edit[] = {CLUSTER, CLUSTER_MAPPED, "ticket-failure-action: drop",
		"ticket-failure-action: reject", NULL};

	up(edit);
	return 0;
}

static int teardown(void **state)
{
	for (int i = 0; i < 2; i++)
		host_close(&next[i]);
	rig_down();
	return 0;
}

static void invite(void)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
}

// The call is up with 192.168.10.31 in the place of .30.
static void establish_with_31(void)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	invite();
	host_expect(&next[0], "INVITE ");
	call_answer(&next[0], "200 OK", "atag", CONTACT_31 SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_ack("", "");
	host_expect(&next[0], "ACK ");
}

// What the next one sees names itself, as if it had been addressed; what the remote sees leads to it.
static void test_next_takes(void **state)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	rig_caller();
	host_send(&rig.caller,
		B_INVITE("1",
			"Route: <sip:209.165.200.228:5070;transport=tcp;maddr=209.165.200.228;lr>\n"
			"P-Asserted-Identity: <sip:x@209.165.200.228>\n" TICKET_HEADER SDP_TYPE),
		SDP_PLAIN_B);
	host_expect(
		&next[0], "INVITE sip:+14085550123@192.168.10.31:5070;transport=tcp SIP/2.0\r\n");
	contains(&next[0],
		"Route: <sip:192.168.10.31:5070;transport=tcp;maddr=192.168.10.31;lr>\r\n");
	contains(&next[0], "Via: SIP/2.0/TCP 203.0.113.10:5070;branch=z9hG4bK1\r\n");
	contains(&next[0], "P-Asserted-Identity: <sip:x@192.168.10.30>\r\n"); // names stay whose
	contains(&next[0], "c=IN IP4 192.168.10.3\r\n");
	call_answer(&next[0], "200 OK", "atag", CONTACT_31 SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "@209.165.200.231:5070;transport=tcp>\r\n");
	contains(&rig.caller, "Via: SIP/2.0/TCP 192.168.20.30:5070;branch=z9hG4bK1\r\n");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_STOOD_IN), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_CONN_OPEN_FAILED), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_UCM_DOWN), 0);
	call_ack("", "");
	host_expect(&next[0], "ACK ");
	call_b_request("BYE", "bye", 199, "", ""); // on the old way
	host_expect(&next[0], "BYE ");
	call_answer(&next[0], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	rig_assert_clean(RIG_A);
	rig_assert_clean(RIG_B);
}

// The addressed one is back: new calls are its own again, and the old one stays where it is.
static void test_comes_back(void **state)
{
	establish_with_31();
	rig_pass_s(3);
	fake_net_host(RIG_UCM_A, 5070, next_accepts, &rig.ucm[RIG_A]);
	host_send(&rig.caller, B_INVITE_2, SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE sip:+14085550123@192.168.10.30:5070");
	call_answer(&rig.ucm[RIG_A], "486 Busy Here", "busy", "", "");
	host_expect(&rig.caller, "SIP/2.0 486 ");
	call_b_request("BYE", "bye", 199, "", "");
	host_expect(&next[0], "BYE ");
	host_expect_silence(&rig.ucm[RIG_A]);
	call_answer(&next[0], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_STOOD_IN), 1);
	rig_assert_clean(RIG_A);
}

// One that swallows SYNs holds up what is for it, not the call of another one on the same connection;
// what is for it keeps its order, and finds its way when the wait is over.
static void test_swallows_syns(void **state)
{
	establish_with_31();
	rig_pass_s(3);
	fake_net_host_silent(RIG_UCM_A, 5070);
	host_send(&rig.caller, B_INVITE_2, SDP_PLAIN_B);
	host_send(&rig.caller,
		"CANCEL sip:+14085550123@209.165.200.228:5070;transport=tcp SIP/2.0\n" B_VIA(
			"second") B_FROM B_TO
		"\nCall-ID: second\nCSeq: 1 CANCEL\nMax-Forwards: 69\n",
		"");
	call_b_request("INFO", "info", 150, "", "");
	host_expect(&next[0], "INFO "); // before both
	call_answer(&next[0], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	host_expect(&next[0], "INVITE ");
	host_expect(&next[0], "CANCEL ");
	contains(&next[0], "branch=z9hG4bKsecond\r\n");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_STOOD_IN), 2);
}

// A remote that sends more than may wait is read no further, and all of it arrives all the same.
static void test_much_waits(void **state)
{
	static char big[12000];
	char head[4096];

	establish_with_31();
	rig_pass_s(3);
	fake_net_host_silent(RIG_UCM_A, 5070);
	memset(big, 'x', sizeof(big) - 1);
	for (int i = 0; i < 36; i++) {
		snprintf(head, sizeof(head),
			INVITE_URI
			"Via: SIP/2.0/TCP 192.168.20.30:5070;branch=z9hG4bKbig%d\n" B_FROM B_TO
			"\nCall-ID: big%d\nCSeq: 1 INVITE\n" B_CONTACT
			"Max-Forwards: 69\n" TICKET_HEADER "Content-Type: text/plain\n",
			i, i);
		host_send(&rig.caller, head, big);
	}
	call_b_request("INFO", "info", 150, "", "");
	for (int i = 0; i < 36; i++) {
		host_expect(&next[0], "INVITE ");
		snprintf(head, sizeof(head), "Call-ID: big%d\r\n", i);
		contains(&next[0], head);
	}
	host_expect(&next[0], "INFO ");
}

// And one that leaves meanwhile leaves nothing.
static void test_leaves_waiting(void **state)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	fake_net_host_silent(RIG_UCM_A, 5070);
	invite();
	host_idle(rig.base);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 1);
	host_expect_silence(&next[0]);
	host_close(&rig.caller);
	host_idle(rig.base);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 0);
	rig_assert_clean(RIG_A);
}

// The remote follows the Contact, to the mapped address of the one that has the call.
static void test_follows_contact(void **state)
{
	establish_with_31();
	host_close(&rig.caller);
	host_idle(rig.base);
	host_tcp(&rig.caller, rig.base,
		fake_net_connect(RIG_B, RIG_INSIDE, RIG_UCM_B, 40009, UCM_31_MAPPED, 5070));
	host_send(&rig.caller,
		"BYE sip:+14085550123@209.165.200.231:5070;transport=tcp SIP/2.0\n" B_VIA("bye")
			B_FROM B_TO ";tag=atag\n" CALL_ID "CSeq: 199 BYE\nMax-Forwards: 69\n",
		"");
	host_expect(&next[0], "BYE sip:+14085550123@192.168.10.31:5070;transport=tcp SIP/2.0\r\n");
	call_answer(&next[0], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	rig_assert_clean(RIG_A);
}

// A new connection to the addressed one: the call is still known to be the other's.
static void test_dialog_on_new_trunk(void **state)
{
	establish_with_31();
	host_close(&rig.caller);
	host_idle(rig.base);
	rig_pass_s(3);
	fake_net_host(RIG_UCM_A, 5070, next_accepts, &rig.ucm[RIG_A]);
	rig_caller();
	call_b_request("BYE", "bye", 199, "", "");
	host_expect(&next[0], "BYE ");
	call_answer(&next[0], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	rig_assert_clean(RIG_A);
}

// What the next one says on our connection goes to the remote, and the answer comes back to it.
static void test_next_speaks(void **state)
{
	establish_with_31();
	call_a_request(&next[0], "BYE", "abye", 7, "", "");
	host_expect(&rig.caller, "BYE ");
	call_answer(&rig.caller, "200 OK", "", "", "");
	host_expect(&next[0], "SIP/2.0 200 ");
	rig_assert_clean(RIG_A);
}

// The configured order, beyond one that is down too.
static void test_order(void **state)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	fake_net_host_down(UCM_31, 5070);
	invite();
	host_expect(&next[1], "INVITE sip:+14085550123@192.168.10.32:5070;transport=tcp");
	call_answer(&next[1], "180 Ringing", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	call_cancel();
	host_expect(&next[1], "CANCEL sip:+14085550123@192.168.10.32:5070;transport=tcp");
	call_answer(&next[1], "200 OK", "atag", "", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_terminated(&next[1]);
	call_b_request("ACK", "1", 101, "", "");
	host_expect(&next[1], "ACK ");
	rig_assert_clean(RIG_A);
}

// None answers: 503 and when to come again; without a good ticket nobody learns of it.
static void test_none(void **state)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	fake_net_host_down(UCM_31, 5070);
	fake_net_host_down(UCM_32, 5070);
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE SDP_TYPE, SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 403 ");
	assert_int_equal(rig_counter(RIG_A, CNT_TICKET_NONE), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_UCM_DOWN), 0);
	host_send(&rig.remote,
		"INVITE " R_URI " SIP/2.0\n" R_VIA("2") R_REST TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 503 ");
	assert_string_equal(host_header(&rig.remote, "Retry-After"), "5");
	assert_int_equal(rig_counter(RIG_A, CNT_UCM_DOWN), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_STARTED), 0);
	rig_assert_clean(RIG_A);
}

// One that no translation leads to could not be spoken to again.
static void test_unmapped(void **state)
{
	static const char *const edit[] = {CLUSTER, NULL};

	up(edit);
	fake_net_host_down(RIG_UCM_A, 5070);
	invite();
	host_expect(&rig.caller, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_UCM_DOWN), 1);
	teardown(state);
}

// The remote goes while it rings: the next one is told, and nothing stays.
static void test_remote_lost(void **state)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	invite();
	host_expect(&next[0], "INVITE ");
	call_answer(&next[0], "180 Ringing", "atag", CONTACT_31, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	host_close(&rig.caller);
	host_expect(&next[0], "CANCEL ");
	host_expect_closed(&next[0]);
	host_idle(rig.base);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 0);
	rig_assert_clean(RIG_A);
}

// The next one goes while it rings: the caller hears 503, and the trunk lives on.
static void test_next_lost(void **state)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	invite();
	host_expect(&next[0], "INVITE ");
	call_answer(&next[0], "180 Ringing", "atag", CONTACT_31, "");
	host_expect(&rig.caller, "SIP/2.0 180 ");
	host_close(&next[0]);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	call_b_request("ACK", "1", 101, "", "");
	host_send(&rig.caller, B_INVITE_2, SDP_PLAIN_B);
	host_expect(&next[0], "INVITE ");
	call_answer(&next[0], "486 Busy Here", "busy", "", "");
	host_expect(&rig.caller, "SIP/2.0 486 ");
	rig_assert_clean(RIG_A);
}

// SIP-7: a call with a stand-in keeps its connections, and its timer ends it on both sides.
static void test_timer(void **state)
{
	establish_with_31();
	rig_pass_s(119);
	host_expect_silence(&next[0]);
	rig_pass_s(2);
	host_expect(&next[0], "BYE sip:");
	host_expect(&rig.caller, "BYE sip:+12125550199@192.168.20.30:5070");
	assert_int_equal(rig_counter(RIG_A, CNT_CALLS_MEDIA_IDLE), 1);
	rig_assert_clean(RIG_A);
}

// Nothing is said for the conn time-out: connections go, the stand-in's too.
static void test_idle(void **state)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	invite();
	host_expect(&next[0], "INVITE ");
	call_answer(&next[0], "486 Busy Here", "busy", "", "");
	host_expect(&rig.caller, "SIP/2.0 486 ");
	rig_pass_s(3601);
	rig_pass_s(1);
	host_expect_closed(&next[0]);
	host_idle(rig.base);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(next_takes),
		TEST(comes_back),
		TEST(swallows_syns),
		TEST(much_waits),
		TEST(leaves_waiting),
		TEST(follows_contact),
		TEST(dialog_on_new_trunk),
		TEST(next_speaks),
		TEST(order),
		TEST(none),
		cmocka_unit_test(test_unmapped),
		TEST(remote_lost),
		TEST(next_lost),
		TEST(timer),
		TEST(idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
