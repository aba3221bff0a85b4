// SPDX-License-Identifier: BSD-3-Clause
// When a call that the Internet fails goes on over the PSTN, and what is measured of it (FB-1, FB-4, RMA-5). What
// the call manager is asked then is tested in test_fallback_refer.c.
#include "test/unit/test.h"

#include <stdio.h>

#include "cp/alarm.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fallback_steps.h"

static void test_recovers(void **state)
{
	establish("", SAYS);
	judged(8, true);
	assert_int_equal(fallback()->machine.state, FALLBACK_HOLD_DOWN);
	judged(13, false);
	assert_int_equal(fallback()->machine.state, FALLBACK_GOOD);
	judged(20, false);
	sent(0);
	call_hang_up();
}

// FB-4, and the worker is told.
static void test_fb4_level_0(void **state)
{
	establish("", "X-UCIME-Fallback: level=0\n");
	assert_int_equal(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.monitor.level, 0);
	judged(60, true);
	sent(0);
	call_hang_up();
}

static void test_level_reaches_worker(void **state)
{
	bool found = false;

	establish("", SAYS);
	for (size_t i = 0; i < fake_dp_n_sent; i++) {
		const struct dp_msg_media *m = &fake_dp_sent[i].media;

		if (fake_dp_sent[i].type == DP_MSG_MEDIA_SET && m->monitor.level == 4) {
			assert_true(m->monitor.on);
			assert_int_equal(m->monitor.event_pt, 101);
			assert_int_equal(m->clock_hz, 8000);
			found = true;
		}
	}
	assert_true(found);
	call_hang_up();
}

// Early media is not measured, and its lack is no stall: a phone may ring for long.
static void test_rma5_early_media(void **state)
{
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "183 Session Progress", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 183 ");
	assert_true(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.monitor.on);
	assert_true(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.monitor.hold);
	rig_pass_s(10);
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_TICK), 0);
	assert_int_equal(fallback()->machine.state, FALLBACK_GOOD);
	fake_dp_n_sent = 0;
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	assert_false(fake_dp_last(DP_MSG_MEDIA_SET, -1)->media.monitor.hold);
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	judged(2, false);
	assert_int_equal(fallback()->machine.state, FALLBACK_GOOD);
	assert_true(fake_dp_count(DP_MSG_MEDIA_TICK) > 0);
	call_hang_up();
}

// RMA-5: B puts the call on hold and takes it back.
static void test_rma5_hold(void **state)
{
	static const char hold[] = "v=0\no=CCM 2000 2 IN IP4 192.168.20.30\ns=SIP Call\n"
				   "c=IN IP4 192.168.20.51\nt=0 0\nm=audio 20000 RTP/AVP 9\n"
				   "a=rtpmap:9 G722/8000\na=sendonly\n";
	static const char held[] = "v=0\no=CCM 3000 2 IN IP4 192.168.10.30\ns=SIP Call\n"
				   "c=IN IP4 192.168.10.51\nt=0 0\nm=audio 19520 RTP/AVP 9\n"
				   "a=rtpmap:9 G722/8000\na=recvonly\n";
	bool found = false;

	establish("", SAYS);
	fake_dp_n_sent = 0;
	call_b_request("INVITE", "h1", 102, B_CONTACT SDP_TYPE, hold);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, held);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	for (size_t i = 0; i < fake_dp_n_sent; i++) {
		const struct dp_msg_media *m = &fake_dp_sent[i].media;

		if (fake_dp_sent[i].type != DP_MSG_MEDIA_SET || m->monitor.level != 4)
			continue;
		assert_true(m->monitor.on);
		assert_true(m->leg[SIDE_OUTSIDE].rx_allowed); // there may be music
		assert_true(m->monitor.hold);
		found = true;
	}
	assert_true(found);
	call_b_request("ACK", "h2", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	call_b_request("BYE", "b1", 103, "", "");
	host_expect(&rig.ucm[RIG_A], "BYE ");
}

// A worker is asked about a stream that nothing comes from.
static void test_stall_is_asked_for(void **state)
{
	establish("", SAYS);
	fake_dp_stats[0].leg[0].last_rx_ns = rig.now_ns;
	judged(3, false);
	assert_true(fake_dp_count(DP_MSG_MEDIA_TICK) >= 2);
	call_hang_up();
}

// FB-1.
static int setup_map(void **state)
{
	static const char *const edit[] = {B_NEVER, "refer-retries: 3",
		"header-map: {level: {header: X-Q, param: l}, trunk: {header: X-T}, did: {header: "
		"X-Q, "
		"param: n}}",
		NULL};

	return fallback_up(edit);
}

static void test_fb1_header_map(void **state)
{
	establish("X-Q: v;l=1;n=+12125559999\n", "X-Q: v;l=5;a=b\nX-T: " TRUNK "\n");
	contains(&rig.caller, "\r\nX-Q: v;a=b\r\n");
	contains_not(&rig.caller, "X-T");
	judged(21, true);
	host_expect(&refer, "REFER " TRUNK " SIP/2.0\r\n");
	contains(&refer, "\r\nX-UCIME-Fallback: level=5;");
	contains(&refer, "\r\nRefer-To: <tel:+12125559999>\r\n");
	call_hang_up();
}

// One bucket for a domain: the second call waits for its turn. And the alarm names the domain.
static int setup_storm(void **state)
{
	static const char *const edit[] = {B_NEVER, "alarm-calls-per-domain: 5",
		"alarm-calls-per-domain: 1", "calls-per-second-per-domain: 5",
		"calls-per-second-per-domain: 1", NULL};

	return fallback_up(edit);
}

static void test_storm(void **state)
{
	struct domain *d;

	establish("", SAYS);
	judged(1, true);
	judged(1, true);
	assert_true(alarm_get(ALARM_QUALITY)->active);
	assert_non_null(strstr(
		alarm_get(ALARM_QUALITY)->text, "1 of 1 calls with enterprise-b.example are bad"));
	judged(18, true);
	d = calls_first(rig.ime[RIG_A]->calls)->domain;
	assert_non_null(d);
	d->refers.full_at_ns = rig.now_ns + 3500000000ull; // others had their turn
	judged(2, true);
	sent(0);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_LIMITED), 1);
	rig.ime[RIG_A]->refers_rate.full_at_ns = rig.now_ns + 5000000000ull; // of all domains
	judged(3, true);
	sent(0);
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_LIMITED), 1);
	judged(2, true);
	sent(1);
	host_expect(&refer, "REFER ");
	answer_refer("202 Accepted", "Refer-Sub: false\n");
	judged(1, true);
	assert_false(alarm_get(ALARM_QUALITY)->active);
	call_hang_up();
}

int main(void)
{
#define T(f)      cmocka_unit_test_setup_teardown(f, fallback_setup, fallback_teardown)
#define W(f, set) cmocka_unit_test_setup_teardown(f, set, fallback_teardown)
	static const struct CMUnitTest tests[] = {
		T(test_recovers),
		T(test_fb4_level_0),
		T(test_level_reaches_worker),
		T(test_rma5_early_media),
		T(test_rma5_hold),
		T(test_stall_is_asked_for),
		W(test_fb1_header_map, setup_map),
		W(test_storm, setup_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
