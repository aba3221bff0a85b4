// SPDX-License-Identifier: BSD-3-Clause
// Tables that are full, and others that take nothing more: the new one is refused by one counter, what
// is there goes on, and room that comes back is used.
#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"

#define DIALOG R_FROM B_TO ";tag=atag\n" R_CALL_ID

static struct sip_host *const ucm = &rig.ucm[RIG_A];

static void remote_invites(void)
{
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
}

static void remote_call(void)
{
	rig_remote("b", "ca.pem");
	remote_invites();
	host_expect(ucm, "INVITE ");
	call_answer(ucm, "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	host_send(&rig.remote,
		"ACK " R_URI " SIP/2.0\n" R_VIA("ack") DIALOG "CSeq: 101 ACK\nMax-Forwards: 69\n",
		"");
	host_expect(ucm, "ACK ");
}

static void remote_info(unsigned int n)
{
	char head[1024];

	snprintf(head, sizeof(head),
		"INFO " R_URI " SIP/2.0\n"
		"Via: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bKi%u\n" DIALOG
		"CSeq: %u INFO\nMax-Forwards: 69\n",
		n, n + 102);
	host_send(&rig.remote, head, "");
}

static void expect_503(void)
{
	host_expect(&rig.remote, "SIP/2.0 503 ");
	assert_string_equal(host_header(&rig.remote, "Retry-After"), "5");
	host_expect_silence(ucm);
}

static void test_calls(void **state)
{
	struct ime *ime = rig.ime[RIG_A];
	struct sip_msg *m = &ime->scratch->msg;
	struct call_start start = {.caller = SIDE_INSIDE, .env = &ime->session_env, .now_ns = 1};
	static const char text[] =
		"INVITE sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKf\r\n"
		"From: <sip:a@b>;tag=f\r\nTo: <sip:x@y>\r\nCall-ID: full\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:a@b>\r\nMax-Forwards: 9\r\nContent-Length: 0\r\n\r\n";

	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	assert_int_equal(sip_parse(m, STR_LIT(text)), SIP_OK);
	assert_int_equal(sip_check(m), SIP_OK);
	while (!calls_full(ime->calls))
		assert_non_null(call_new(ime->calls, m, &start));
	remote_invites();
	expect_503();
	rig_only(RIG_A, CNT_CALL_TABLE_FULL, 1);
	call_remove(ime->calls, calls_first(ime->calls));
	host_send(&rig.remote,
		"INVITE " R_URI " SIP/2.0\n" R_VIA("2") R_REST TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(ucm, "INVITE ");
}

// A remote that asks and asks, and a call manager that does not answer: others have room, the call
// manager first of all, and after 32 s so has the remote (timer F).
static void test_transactions(void **state)
{
	remote_call();
	for (unsigned int n = 0; n < TXN_REMOTE_MAX; n++)
		remote_info(n);
	for (unsigned int n = 0; n < TXN_REMOTE_MAX; n++)
		host_expect(ucm, "INFO ");
	remote_info(TXN_REMOTE_MAX);
	expect_503();
	rig_only(RIG_A, CNT_TRANSACTION_TABLE_FULL, 1);
	host_send(ucm,
		"INFO sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.30:5070;branch=z9hG4bKa\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=atag\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=rtag\n" R_CALL_ID
		"CSeq: 1 INFO\nMax-Forwards: 70\n",
		"");
	host_expect(&rig.remote, "INFO ");
	call_answer(&rig.remote, "200 OK", "", "", "");
	host_expect(ucm, "SIP/2.0 200 ");
	rig_pass_s(TXN_LIFE_S);
	remote_info(TXN_REMOTE_MAX + 1);
	host_expect(ucm, "INFO ");
	rig_only(RIG_A, CNT_TRANSACTION_TABLE_FULL, 1);
}

// One phone more than a call remembers rings: nobody hears of it, and the first one is answered.
static void test_dialogs(void **state)
{
	char tag[16];

	rig_remote("b", "ca.pem");
	remote_invites();
	host_expect(ucm, "INVITE ");
	for (unsigned int n = 0; n <= CALL_DIALOGS_MAX; n++) {
		snprintf(tag, sizeof(tag), "t%u", n);
		call_answer(ucm, "180 Ringing", tag, A_CONTACT, "");
		if (n < CALL_DIALOGS_MAX)
			host_expect(&rig.remote, "SIP/2.0 180 ");
	}
	host_expect_silence(&rig.remote);
	rig_only(RIG_A, CNT_DIALOGS_FULL, 1);
	call_answer(ucm, "200 OK", "t0", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	rig_only(RIG_A, CNT_DIALOGS_FULL, 1);
}

// Connections of call managers are not TLS sessions, but they are not without end either.
static void test_connections(void **state)
{
	static const char *const edit[] = {"maximum-sessions: 1000", "maximum-sessions: 1", NULL};
	const struct rlimit files = {8192, 8192};
	int fd[TRUNKS_SPARE + 2];

	setrlimit(RLIMIT_NOFILE, &files);
	rig_up(edit);
	for (unsigned int n = 0; n < TRUNKS_SPARE + 2; n++)
		fd[n] = fake_net_connect(
			RIG_A, RIG_INSIDE, RIG_UCM_A, (uint16_t)(20000 + n), RIG_REMOTE, 5070);
	host_idle(rig.base);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, TRUNKS_SPARE + 1);
	rig_only(RIG_A, CNT_CONN_TABLE_FULL, 1);
	for (unsigned int n = 0; n < TRUNKS_SPARE + 2; n++)
		close(fd[n]);
	rig_down();
}

// Who takes less than 4 MiB behind what is sent to it is closed, and not waited for.
static void test_output(void **state)
{
	size_t size = CONN_OUTPUT_MAX + (1u << 20);
	char *much = calloc(1, size);

	remote_call();
	assert_int_equal(
		trunk_send(trunks_next(rig.ime[RIG_A]->trunks, NULL), SIDE_OUTSIDE, much, size),
		-ENOBUFS);
	free(much);
	host_expect_closed(&rig.remote);
	rig_only(RIG_A, CNT_CONN_OUTPUT_FULL, 1);
}

// The workers do not take a stream: nobody talks into the void.
static void test_media(void **state)
{
	rig_remote("b", "ca.pem");
	remote_invites();
	host_expect(ucm, "INVITE ");
	fake_dp_send_error = -EINVAL;
	call_answer(ucm, "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 503 ");
	host_expect(ucm, "ACK ");
	host_expect(ucm, "BYE ");
	fake_dp_send_error = 0;
	rig_only(RIG_A, CNT_MEDIA_REFUSED, 1);
	rig_assert_clean(RIG_A);
}

// The call manager's own address from the Internet finds the class of what it sends itself.
static void test_direction(void **state)
{
	host_tcp(&rig.remote, rig.base,
		fake_net_connect(RIG_A, RIG_OUTSIDE, RIG_UCM_A, 40001, RIG_UCM_A_MAPPED, 5070));
	host_expect_closed(&rig.remote);
	rig_only(RIG_A, CNT_CONN_NO_TRUSTPOINT, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls),
		TEST(transactions),
		TEST(dialogs),
		cmocka_unit_test(test_connections),
		TEST(output),
		TEST(media),
		TEST(direction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
