// SPDX-License-Identifier: BSD-3-Clause
// OPTIONS toward the call managers: what they are asked, who counts as up and who as down, and what
// that means for calls. The clock is the test's.
#include "test/unit/test.h"

#include <event2/bufferevent.h>

#include "cp/alarm.h"
#include "test/unit/call_steps.h"
#include "test/unit/cluster.h"
#include "test/unit/fake_net.h"

// The call manager's end of the connection of the questions; calls come on others.
static struct sip_host asked;
static unsigned int n_asked;

static void accepts(int fd, const struct endpoint *peer, void *arg)
{
	struct endpoint us = ep("192.168.10.1", 0);

	if (!ip_eq(&peer->ip, &us.ip)) {
		host_close(&rig.ucm[RIG_A]);
		host_tcp(&rig.ucm[RIG_A], rig.base, fd);
		return;
	}
	host_close(&asked);
	host_tcp(&asked, rig.base, fd);
	n_asked++;
}

static void up(const char *const *edit)
{
	rig_pings = true;
	rig_up(edit);
	rig_pings = false;
	alarms_reset();
	asked = (struct sip_host){.base = rig.base};
	n_asked = 0;
	fake_net_host_down(RIG_UCM_A, 5070);
	fake_net_host(RIG_UCM_A, 5070, accepts, NULL);
}

static int setup(void **state)
{
	up(NULL);
	return 0;
}

static int teardown(void **state)
{
	host_close(&asked);
	rig_down();
	return 0;
}

static struct ucm_info seen;

static void see(const struct ucm_info *info, void *arg)
{
	seen = *info;
}

static void expect_state(enum ucm_state state, const char *text)
{
	ucms_foreach(ime_ucms(rig.ime[RIG_A]), see, NULL);
	if (seen.state != state)
		fail_msg("%s, expected %s", ucm_state_name(seen.state), ucm_state_name(state));
	assert_string_equal(seen.text, text);
	assert_int_equal(alarm_get(ALARM_UCM_DOWN)->active, state == UCM_DOWN);
	assert_int_equal(alarm_get(ALARM_UCM_NONE)->active, state == UCM_DOWN);
}

static void answer(const char *status)
{
	host_expect(&asked, "OPTIONS ");
	call_answer(&asked, status, "ucm", "", "");
	host_idle(rig.base);
}

// Our own SIP, from our inside address, that goes no further; any answer will do.
static void test_question(void **state)
{
	char call_id[64];

	expect_state(UCM_UNKNOWN, "");
	rig_pass_s(1);
	host_expect(&asked, "OPTIONS sip:192.168.10.30:5070;transport=tcp SIP/2.0\r\n");
	contains(&asked, "\r\nVia: SIP/2.0/TCP 192.168.10.1;branch=z9hG4bK");
	contains(&asked, "\r\nFrom: <sip:192.168.10.1>;tag=");
	contains(&asked, "\r\nTo: <sip:192.168.10.30:5070>\r\n");
	contains(&asked, "\r\nContact: <sip:192.168.10.1;transport=tcp>\r\n");
	contains(&asked, "\r\nMax-Forwards: 0\r\n");
	assert_string_equal(host_header(&asked, "CSeq"), "1 OPTIONS");
	snprintf(call_id, sizeof(call_id), "%s", host_header(&asked, "Call-ID"));
	call_answer(&asked, "404 Not Found", "ucm", "", "");
	host_idle(rig.base);
	expect_state(UCM_UP, "");
	rig_pass_s(9);
	host_expect_silence(&asked);
	rig_pass_s(1);
	host_expect(&asked, "OPTIONS "); // ten seconds later, on the same connection
	assert_string_equal(host_header(&asked, "CSeq"), "2 OPTIONS");
	assert_string_equal(host_header(&asked, "Call-ID"), call_id);
	assert_int_equal(n_asked, 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

// Twice without an answer; the first one that comes brings it back.
static void test_silent(void **state)
{
	rig_pass_s(1);
	answer("200 OK");
	rig_pass_s(10);
	host_expect(&asked, "OPTIONS ");
	rig_pass_s(2);
	host_expect_closed(&asked); // perhaps it is only the connection
	expect_state(UCM_UP, "");
	rig_pass_s(1);
	host_expect(&asked, "OPTIONS ");
	rig_pass_s(1);
	expect_state(UCM_UP, "");
	rig_pass_s(1);
	expect_state(UCM_DOWN, "no answer to OPTIONS");
	rig_pass_s(1);
	answer("503 Service Unavailable"); // busy, and alive
	expect_state(UCM_UP, "");
}

// Refused connections are misses too.
static void test_refused(void **state)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	rig_pass_s(1);
	expect_state(UCM_UNKNOWN, "");
	rig_pass_s(1);
	expect_state(UCM_DOWN, "Connection refused");
	fake_net_host(RIG_UCM_A, 5070, accepts, NULL);
	rig_pass_s(1);
	answer("200 OK");
	expect_state(UCM_UP, "");
}

// It has no ear for OPTIONS from us: that is no reason to lose all calls.
static void test_never_answers(void **state)
{
	for (int i = 0; i < 5; i++) {
		rig_pass_s(10);
		host_expect(&asked, "OPTIONS ");
		rig_pass_s(2);
	}
	expect_state(UCM_UP, "takes connections, answers no OPTIONS: let its trunk to us do so");
}

// Nor one that closes the connection of a stranger.
static void test_closes(void **state)
{
	for (int i = 0; i < 5; i++) {
		rig_pass_s(10);
		host_expect(&asked, "OPTIONS ");
		host_close(&asked);
		host_idle(rig.base);
	}
	expect_state(UCM_UP, "takes connections, answers no OPTIONS: let its trunk to us do so");
}

// It tires of the idle connection, or is restarted: neither is a miss.
static void test_restarted(void **state)
{
	rig_pass_s(1);
	answer("200 OK");
	host_close(&asked);
	host_idle(rig.base);
	rig_pass_s(10);
	assert_int_equal(n_asked, 2);
	answer("200 OK");
	host_close_on_next(&asked);
	rig_pass_s(10);
	host_idle(rig.base);
	assert_int_equal(n_asked, 3);
	answer("200 OK");
	expect_state(UCM_UP, "");
}

// What is no answer to the question does not count, and does no harm.
static void test_no_answer(void **state)
{
	static const char *const heads[] = {
		"SIP/2.0 200 OK\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\n"
		"To: <sip:a@b>;tag=2\nCall-ID: other\nCSeq: 1 OPTIONS\n",
		"OPTIONS sip:192.168.10.1 SIP/2.0\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\n"
		"From: <sip:a@b>;tag=1\nTo: <sip:a@b>\nCall-ID: 1\nCSeq: 1 OPTIONS\n"
		"Max-Forwards: 1\n",
	};

	rig_pass_s(1);
	answer("200 OK");
	rig_pass_s(10);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		host_send(&asked, heads[i], "");
	host_send_raw(&asked, "GET / HTTP/1.1\r\n\r\n", 18);
	host_idle(rig.base);
	rig_pass_s(2);
	rig_pass_s(1);
	rig_pass_s(2);
	expect_state(UCM_DOWN, "no answer to OPTIONS");
	rig_only(RIG_A, CNT_NONE, 0);
}

// A call to one that is known to be down is refused without a try.
static void test_call_refused(void **state)
{
	fake_net_host_down(RIG_UCM_A, 5070);
	rig_pass_s(1);
	rig_pass_s(1);
	expect_state(UCM_DOWN, "Connection refused");
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	assert_string_equal(host_header(&rig.caller, "Retry-After"), "5");
	rig_only(RIG_A, CNT_UCM_DOWN, 1);
	assert_int_equal(rig_counter(RIG_A, CNT_TRUNKS_OPENED), 0);
	// Back, with the next answer.
	fake_net_host(RIG_UCM_A, 5070, accepts, NULL);
	rig_pass_s(1);
	answer("200 OK");
	host_send(&rig.caller,
		INVITE_URI B_VIA("again") B_FROM B_TO "\nCall-ID: again\nCSeq: 1 INVITE\n" B_CONTACT
						      "Max-Forwards: 69\n" TICKET_HEADER SDP_TYPE,
		SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
}

// It hangs, with its connections up: new calls go to the next one, and what belongs to its own calls
// still goes to it.
static void test_hangs(void **state)
{
	static const char *const edit[] = {CLUSTER, CLUSTER_MAPPED, NULL};
	static struct sip_host next;

	up(edit);
	next = (struct sip_host){.base = rig.base};
	rig_pass_s(1);
	answer("200 OK");
	call_establish();
	rig_pass_s(10); // the others are down by now; the question is not answered
	rig_pass_s(2);
	rig_pass_s(1);
	rig_pass_s(2);
	assert_true(alarm_get(ALARM_UCM_DOWN)->active);
	assert_true(alarm_get(ALARM_UCM_NONE)->active);
	host_send(&rig.caller,
		INVITE_URI B_VIA("two") B_FROM B_TO "\nCall-ID: two\nCSeq: 1 INVITE\n" B_CONTACT
						    "Max-Forwards: 69\n" TICKET_HEADER SDP_TYPE,
		SDP_PLAIN_B);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	host_expect_silence(&rig.ucm[RIG_A]);
	call_hang_up();
	rig_assert_clean(RIG_A);
	host_close(&next);
	teardown(state);
}

// The failed connection of a call has it asked at once.
static void test_suspect(void **state)
{
	rig_pass_s(1);
	answer("200 OK");
	fake_net_host_down(RIG_UCM_A, 5070);
	host_close(&asked);
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	expect_state(UCM_UP, "");
	rig_pass_s(1);
	rig_pass_s(1);
	expect_state(UCM_DOWN, "Connection refused");
}

// Nobody knows where to ask, or it is not wanted.
static void test_unwatched(void **state)
{
	static const char *const edits[][5] = {
		{"any host 192.168.10.30 eq 5070", "any host 192.168.10.30 range 5060 5070", NULL},
		{"options-ping: {interval: 10", "options-ping: {interval: 0", NULL},
	};

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		up(edits[i]);
		rig_pass_s(1);
		rig_pass_s(11);
		expect_state(UCM_UNWATCHED, "");
		assert_int_equal(n_asked, 0);
		teardown(state);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(question),
		TEST(silent),
		TEST(refused),
		TEST(never_answers),
		TEST(closes),
		TEST(restarted),
		TEST(no_answer),
		TEST(call_refused),
		cmocka_unit_test(test_hangs),
		TEST(suspect),
		cmocka_unit_test(test_unwatched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
