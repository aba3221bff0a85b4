// SPDX-License-Identifier: BSD-3-Clause
// The table of calls: who finds which, when it is full, and how the proxy would speak to each party
// (RFC 3261 12.1, 12.2: target, route set, tags, CSeq).
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "cp/alarm.h"
#include "cp/call_state.h"
#include "test/unit/rig.h"
#include "test/unit/sip_texts.h"

static struct calls *calls;
static struct sip_msg *msg;
static struct session_env env;

static int setup(void **state)
{
	rig_setup(state);
	env = rig.ime[RIG_A]->session_env;
	calls = calls_new();
	msg = malloc(sizeof(*msg));
	return 0;
}

static int teardown(void **state)
{
	calls_free(calls);
	free(msg);
	return rig_teardown(state);
}

// Text with \n line ends; the message lives until the next call.
static const struct sip_msg *parse(const char *text)
{
	static char buf[4096];
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buf[n++] = '\r';
		buf[n++] = *text;
	}
	assert_int_equal(sip_parse(msg, (struct str){buf, n}), SIP_OK);
	assert_int_equal(sip_check(msg), SIP_OK);
	return msg;
}

#define REST      "Call-ID: one\nMax-Forwards: 70\nContent-Length: 0\n"
#define FROM      "From: \"Ann\"\n <sip:ann@b>;tag=ann\n"
#define TO        "To: <sip:bob@a>"
#define VIA       "Via: SIP/2.0/TLS x;branch=z9hG4bK1\n"
#define INVITE    "INVITE sip:bob@a SIP/2.0\n" VIA FROM TO "\nCSeq: 9 INVITE\n" REST
#define RR(hosts) "Record-Route: " hosts "\n"
#define BYE(from, to, cseq)                                                                        \
	"BYE sip:x@y SIP/2.0\n" VIA "From: <sip:u@v>;tag=" from "\nTo: <sip:u@w>;tag=" to          \
	"\nCSeq: " cseq " BYE\n" REST "\n"

static struct call *start(enum side caller)
{
	const struct call_start s = {.caller = caller, .env = &env, .now_ns = 1};

	return call_new(calls, msg, &s);
}

static void test_dialog(void **state)
{
	struct request_dialog d;
	struct call *call;

	parse(INVITE RR("<sip:p2.b;lr>, <sip:p1.b;lr>") "Contact: <sip:ann@10.0.0.1>;x=y\n\n");
	call = start(SIDE_OUTSIDE);
	assert_false(call_dialog_toward(call, NULL, SIDE_INSIDE, &d)); // nobody answered
	parse("SIP/2.0 200 OK\n" VIA FROM TO
	      ";tag=bob\nCSeq: 9 INVITE\n" RR("<sip:q2.a;lr>") RR("<sip:q1.a;lr>")
			RR("<sip:p2.b;lr>, <sip:p1.b;lr>") "Contact: <sip:bob@10.0.0.2:5062>\n" REST
							   "\n");
	assert_true(call_response(call, SIDE_INSIDE, msg, true, 2));
	assert_int_equal(call->state, CALL_UP);
	// Toward the called one: its proxies, nearest to us first, and not the caller's.
	assert_true(call_dialog_toward(call, NULL, SIDE_INSIDE, &d));
	assert_true(str_eq(d.target, STR_LIT("sip:bob@10.0.0.2:5062")));
	assert_true(str_eq(d.routes, STR_LIT("Route: <sip:q1.a;lr>\r\nRoute: <sip:q2.a;lr>\r\n")));
	assert_true(str_eq(d.from, STR_LIT("\"Ann\"   <sip:ann@b>;tag=ann"))); // unfolded
	assert_true(str_eq(d.to, STR_LIT("<sip:bob@a>;tag=bob")));
	assert_int_equal(d.cseq, 10);
	// Toward the caller: the proxies that its INVITE had passed.
	assert_true(call_dialog_toward(call, NULL, SIDE_OUTSIDE, &d));
	assert_true(str_eq(d.target, STR_LIT("sip:ann@10.0.0.1")));
	assert_true(str_eq(d.routes, STR_LIT("Route: <sip:p2.b;lr>\r\nRoute: <sip:p1.b;lr>\r\n")));
	assert_true(str_eq(d.to, STR_LIT("\"Ann\"   <sip:ann@b>;tag=ann")));
	assert_int_equal(d.cseq, 1);
}

// A new Contact and a higher CSeq in the middle of a call count from then on.
static void test_target_refresh(void **state)
{
	struct request_dialog d;
	struct call *call;

	parse(INVITE "Contact: <sip:ann@10.0.0.1>\n\n");
	call = start(SIDE_OUTSIDE);
	parse("SIP/2.0 200 OK\n" VIA FROM TO ";tag=bob\nCSeq: 9 INVITE\nContact: <sip:bob@1>\n" REST
	      "\n");
	call_response(call, SIDE_INSIDE, msg, true, 2);
	parse("UPDATE sip:bob@a SIP/2.0\n" VIA FROM TO ";tag=bob\nCSeq: 40 UPDATE\n"
	      "Contact: <sip:ann@10.9.9.9>\n" REST "\n");
	call_request(call, SIDE_OUTSIDE, msg, 3);
	assert_true(call_dialog_toward(call, NULL, SIDE_OUTSIDE, &d));
	assert_true(str_eq(d.target, STR_LIT("sip:ann@10.9.9.9")));
	assert_true(call_dialog_toward(call, NULL, SIDE_INSIDE, &d));
	assert_int_equal(d.cseq, 41);
}

static void test_find(void **state)
{
	struct call *in, *out;

	parse(INVITE "\n");
	in = start(SIDE_OUTSIDE);
	assert_ptr_equal(call_find_initial(calls, msg, SIDE_OUTSIDE), in);
	assert_null(call_find_initial(calls, msg, SIDE_INSIDE));
	// A call manager that sends the call on to the outside: same Call-ID, same tag.
	out = start(SIDE_INSIDE);
	assert_ptr_equal(call_find_initial(calls, msg, SIDE_INSIDE), out);
	assert_ptr_equal(call_by_id(calls, in->id), in);
	assert_ptr_equal(call_by_id(calls, out->id), out);
	assert_null(call_by_id(calls, 0));
	parse("SIP/2.0 180 Ringing\n" VIA FROM TO ";tag=bob\nCSeq: 9 INVITE\n" REST "\n");
	call_response(in, SIDE_INSIDE, msg, true, 2);
	assert_ptr_equal(call_find_dialog(calls, parse(BYE("ann", "bob", "10")), SIDE_OUTSIDE), in);
	assert_ptr_equal(call_find_dialog(calls, parse(BYE("bob", "ann", "1")), SIDE_INSIDE), in);
	assert_null(call_find_dialog(calls, parse(BYE("ann", "bob", "10")), SIDE_INSIDE));
	assert_null(call_find_dialog(calls, parse(BYE("ann", "eve", "10")), SIDE_OUTSIDE));
	assert_null(call_find_dialog(calls, parse(BYE("ANN", "bob", "10")), SIDE_OUTSIDE));
	call_remove(calls, in);
	assert_null(call_find_dialog(calls, parse(BYE("ann", "bob", "10")), SIDE_OUTSIDE));
	assert_int_equal(calls_usage(calls).in_use, 1);
	assert_int_equal(calls_usage(calls).most_used, 2);
	assert_int_equal(calls_usage(calls).terminated, 1);
}

static void test_forks_are_bounded(void **state)
{
	char text[512];
	struct call *call;

	parse(INVITE "\n");
	call = start(SIDE_OUTSIDE);
	for (int i = 0; i <= CALL_DIALOGS_MAX; i++) {
		snprintf(text, sizeof(text),
			"SIP/2.0 180 Ringing\n" VIA FROM TO ";tag=t%d\nCSeq: 9 INVITE\n" REST "\n",
			i);
		assert_int_equal(call_response(call, SIDE_INSIDE, parse(text), true, 2),
			i < CALL_DIALOGS_MAX);
	}
}

static void test_full(void **state)
{
	struct call *first;

	parse(INVITE "\n");
	first = start(SIDE_OUTSIDE);
	while (!calls_full(calls))
		assert_non_null(start(SIDE_OUTSIDE));
	assert_int_equal(calls_usage(calls).in_use, CALLS_MAX);
	assert_null(start(SIDE_OUTSIDE));
	assert_ptr_equal(calls_first(calls), first);
	call_remove(calls, first);
	assert_non_null(start(SIDE_OUTSIDE));
}

// The whole proxy when its media ports run out: the new call gets 503, those that are up stay, and
// an alarm is on until calls have ended and their ports have rested.
static void test_ports_run_out(void **state)
{
	static const char *const edit[] = {"rtp-max-port: 32767", "rtp-max-port: 16639", NULL};
	struct ime_usage u;
	char head[2048];

	alarms_reset();
	rig_up(edit);
	rig_remote("b", "ca.pem");
	for (int i = 0; i < 128; i++) {
		snprintf(head, sizeof(head),
			"INVITE " R_URI
			" SIP/2.0\nVia: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bKp%d\n"
			"Call-ID: %d\nCSeq: 1 INVITE\nMax-Forwards: 9\n" R_FROM B_TO
			"\n" R_CONTACT TICKET_HEADER SDP_TYPE,
			i, i);
		host_send(&rig.remote, head, SDP_SECURE);
		host_expect(&rig.ucm[RIG_A], "INVITE ");
	}
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 503 ");
	rig_only(RIG_A, CNT_MEDIA_PORTS_FULL, 1);
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.signaling_in_use, 128);
	assert_int_equal(u.media_in_use, 128);
	assert_true(alarm_get(ALARM_MEDIA_PORTS)->active);
	rig_pass_s(60); // nobody answers, the calls are over
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.media_in_use, 0);
	assert_int_equal(u.media_resting, 2 * 128);
	rig_pass_s(1);
	rig_pass_s(30);
	assert_true(alarm_get(ALARM_MEDIA_PORTS)->active);
	rig_pass_s(1);
	assert_false(alarm_get(ALARM_MEDIA_PORTS)->active);
	rig_down();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dialog),
		TEST(target_refresh),
		TEST(find),
		TEST(forks_are_bounded),
		TEST(full),
		cmocka_unit_test(test_ports_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
