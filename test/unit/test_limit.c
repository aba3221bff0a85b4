// SPDX-License-Identifier: BSD-3-Clause
// TLS-9, admission before ringing: an INVITE beyond a limit hears 503 and Retry-After, whatever
// ticket-failure-action says, the call manager hears nothing, and calls that are there go on.
#include "test/unit/test.h"

#include <stdio.h>

#include "cp/domains.h"
#include "test/unit/call_steps.h"
#include "test/unit/fake_net.h"

#define LIMITS(text) "      retry-after: 5", "      retry-after: 7\n      " text

static void up(const char *const *edit)
{
	rig_up(edit);
	rig_remote("b", "ca.pem");
}

// An INVITE with this branch and Call-ID.
static void invite(struct sip_host *h, int n, const char *extra, const char *sdp)
{
	char head[2048];

	snprintf(head, sizeof(head),
		"INVITE " R_URI " SIP/2.0\nVia: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK%d\n"
		"Call-ID: %d\nCSeq: 1 INVITE\nMax-Forwards: 9\n" R_FROM B_TO "\n" R_CONTACT "%s",
		n, n, extra);
	host_send(h, head, sdp);
}

static void admitted(int n)
{
	invite(&rig.remote, n, TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	assert_int_equal(atoi(host_header(&rig.ucm[RIG_A], "Call-ID")), n);
}

static void refused(int n, enum counter_id why, uint64_t count)
{
	invite(&rig.remote, n, TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.remote, "SIP/2.0 503 ");
	assert_string_equal(host_header(&rig.remote, "Retry-After"), "7");
	host_expect_silence(&rig.ucm[RIG_A]);
	rig_only(RIG_A, why, count);
}

// The last one that was admitted is not answered.
static void busy(void)
{
	call_answer(&rig.ucm[RIG_A], "486 Busy Here", "atag", "", "");
	host_expect(&rig.remote, "SIP/2.0 486 ");
}

static struct ime_limit limit_of(const char *name)
{
	struct ime_limit l[IME_LIMITS];

	ime_limits(rig.ime[RIG_A], l);
	for (size_t i = 0; i < IME_LIMITS; i++) {
		if (strcmp(l[i].name, name) == 0)
			return l[i];
	}
	fail_msg("%s", name);
	return l[0];
}

// Without a good ticket nobody learns that a limit is reached, and nothing is used up.
static void stranger(int n)
{
	uint64_t before = rig_counter(RIG_A, CNT_TICKET_NONE);

	invite(&rig.remote, n, SDP_TYPE, SDP_SECURE);
	host_expect_silence(&rig.remote);
	assert_int_equal(rig_counter(RIG_A, CNT_TICKET_NONE), before + 1);
	rig.ime[RIG_A]->counters.v[CNT_TICKET_NONE] = 0;
}

static void rate(const char *const *edit, const char *name, enum counter_id why)
{
	up(edit);
	stranger(90);
	admitted(1);
	admitted(2);
	admitted(3);
	refused(4, why, 1);
	stranger(91);
	assert_int_equal(limit_of(name).in_use, 3);
	assert_int_equal(limit_of(name).max, 3);
	assert_int_equal(limit_of(name).refused, 1);
	call_answer(&rig.ucm[RIG_A], "180 Ringing", "atag", A_CONTACT, ""); // of the third
	host_expect(&rig.remote, "SIP/2.0 180 ");
	rig_pass_s(1);
	admitted(5);
	refused(6, why, 2);
	rig_down();
}

static void test_rate(void **state)
{
	static const char *const edit[] = {LIMITS("calls-per-second: 1\n      burst: 3"), NULL};

	rate(edit, "calls-per-second burst", CNT_LIMIT_RATE);
}

static void test_domain_rate(void **state)
{
	static const char *const edit[] = {
		LIMITS("calls-per-second-per-domain: 1\n      burst-per-domain: 3"), NULL};

	rate(edit, "calls-per-second-per-domain burst", CNT_LIMIT_DOMAIN_RATE);
}

static struct sip_host server; // of the remote, for calls to it

static void server_accepts(int fd, const struct endpoint *peer, void *arg)
{
	host_tls(&server, rig.base, fd, true, rig.dir, "b", "ca.pem");
}

// Calls of both directions count, and both are refused.
static void test_domain_calls(void **state)
{
	static const char *const edit[] = {LIMITS("calls-per-domain: 2"), NULL};

	up(edit);
	admitted(1);
	admitted(2);
	refused(3, CNT_LIMIT_DOMAIN_CALLS, 1);
	stranger(90);
	assert_int_equal(limit_of("calls-per-domain").in_use, 2);
	fake_net_host(RIG_REMOTE, 5070, server_accepts, NULL);
	host_tcp(&rig.caller, rig.base,
		fake_net_connect(RIG_A, RIG_INSIDE, RIG_UCM_A, 40002, RIG_REMOTE, 5070));
	host_send(&rig.caller, A_INVITE SDP_TYPE, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 503 ");
	rig_only(RIG_A, CNT_LIMIT_DOMAIN_CALLS, 2);
	busy();
	assert_int_equal(limit_of("calls-per-domain").in_use, 1);
	admitted(4);
	host_close(&server);
	rig_down();
}

// 1.3: the lines of an offer count before anybody rings; a call without one yet counts for one.
static void test_srtp_sessions(void **state)
{
	static const char *const edit[] = {LIMITS("srtp-sessions: 2"), NULL};

	up(edit);
	admitted(1);
	invite(&rig.remote, 2, TICKET_HEADER, ""); // a delayed offer
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	refused(3, CNT_LIMIT_SRTP, 1);
	stranger(90);
	assert_int_equal(limit_of("srtp-sessions").in_use, 2);
	busy();
	assert_int_equal(limit_of("srtp-sessions").in_use, 1);
	// Audio and video together are one too many.
	invite(&rig.remote, 5, TICKET_HEADER SDP_TYPE,
		SDP_SECURE "m=video 30000 RTP/SAVP 97\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
			   "inline:" KEY_1 "\na=rtpmap:97 VP8/90000\n");
	host_expect(&rig.remote, "SIP/2.0 503 ");
	rig_only(RIG_A, CNT_LIMIT_SRTP, 2);
	admitted(6);
	rig_pass_s(61);
	assert_int_equal(limit_of("srtp-sessions").in_use, 0);
	rig_assert_clean(RIG_A);
	rig_down();
}

// Nobody to call back over: the session of the other direction could not be had.
static void test_tls9_reverse(void **state)
{
	static const char *const one[] = {LIMITS("burst: 1\n      calls-per-second: 1000"),
		"maximum-sessions: 1000", "maximum-sessions: 1", NULL};
	static const char *const two[] = {LIMITS("burst: 9\n      calls-per-second: 1000"),
		"maximum-sessions: 1000", "maximum-sessions: 2", NULL};

	up(one);
	refused(1, CNT_LIMIT_TLS, 1);
	stranger(90);
	rig_down();
	up(two);
	admitted(1);
	busy();
	admitted(2); // the same one serves both
	rig_down();
}

// What one remote's calls may need is not promised to another, while they last.
static void test_tls_promised(void **state)
{
	static const char *const edit[] = {LIMITS("calls-per-domain: 1000"),
		"maximum-sessions: 1000", "maximum-sessions: 3", NULL};
	static struct sip_host other;

	up(edit);
	host_wait_up(&rig.remote);
	host_tls(&other, rig.base,
		fake_net_connect(
			RIG_A, RIG_OUTSIDE, "198.51.100.66", 40003, RIG_UCM_A_MAPPED, 5070),
		false, rig.dir, "b", "ca.pem");
	host_wait_up(&other);
	invite(&other, 1, TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	refused(2, CNT_LIMIT_TLS, 1); // two that are there, and one that may come
	host_close(&other);
	host_idle(rig.base);
	admitted(3);
	rig_down();
}

#define NAMES 9000

// As many as there is room for; those with calls stay.
static void test_domains(void **state)
{
	struct domains *ds = domains_new();
	struct domain *kept = domains_get(ds, STR_LIT("kept.example")), *d;
	char name[32];

	domain_join(kept);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		d = domains_get(ds, str_from(name));
		assert_non_null(d);
		d->invites.full_at_ns = 1; // a mark
	}
	assert_ptr_equal(domains_get(ds, STR_LIT("KEPT.example")), kept);
	assert_int_equal(domains_get(ds, str_from(name))->invites.full_at_ns, 1);
	assert_int_equal(
		domains_get(ds, STR_LIT("n0.example"))->invites.full_at_ns, 0); // forgotten
	domain_leave(kept);
	domain_leave(NULL);
	domains_free(ds);
}

// Every entry has calls: no more, and none is lost.
static void test_domains_full(void **state)
{
	struct domains *ds = domains_new();
	struct domain *d[NAMES];
	char name[32];
	size_t n = 0;

	for (; n < NAMES; n++) {
		snprintf(name, sizeof(name), "n%zu.example", n);
		d[n] = domains_get(ds, str_from(name));
		if (d[n] == NULL)
			break;
		domain_join(d[n]);
	}
	assert_int_equal(n, 8192);
	domain_leave(d[5]);
	assert_non_null(domains_get(ds, STR_LIT("new.example")));
	for (size_t i = 0; i < n; i++) {
		if (i != 5)
			domain_leave(d[i]);
	}
	domains_free(ds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_domain_rate),
		cmocka_unit_test(test_domain_calls),
		cmocka_unit_test(test_srtp_sessions),
		cmocka_unit_test(test_tls9_reverse),
		cmocka_unit_test(test_tls_promised),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_domains_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
