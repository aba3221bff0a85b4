// SPDX-License-Identifier: BSD-3-Clause
// Thousands of messages that are almost right, from both sides of a trunk, in the middle of calls:
// whatever they do, the proxy lives, its tables stay bounded, and when the timers have run nothing
// is left. The numbers are the same in every run.
#include "test/unit/test.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

#include "cp/inspect.h"
#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"

#define ROUNDS 20000
#define SIZE   8192

static uint64_t seed = 88172645463325252u;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

// % becomes the number of a call, # that of one of its branches: messages meet by chance.
#define H_FROM "From: <sip:+12125550199@enterprise-b.example>;tag=f%\n"
#define H_TO   "To: <sip:+14085550123@enterprise-a.example>"
#define H_ID   "Call-ID: h%\n"
#define H_VIA  "Via: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bKh%-#\n"
#define H_END  "Max-Forwards: 9\nContact: <sip:+12125550199@198.51.100.10:5070>\n"
#define H_URI  "sip:+14085550123@209.165.200.228:5070;transport=tls"
#define H_NEW  "INVITE " H_URI " SIP/2.0\n" H_VIA H_FROM H_TO "\n" H_ID "CSeq: 1 INVITE\n" H_END
#define REQUEST(m)                                                                                 \
	m " " H_URI " SIP/2.0\n" H_VIA H_FROM H_TO ";tag=t%\n" H_ID "CSeq: 2 " m "\n" H_END
#define BACKWARD(m)                                                                                \
	m " sip:+12125550199@198.51.100.10:5070 SIP/2.0\n" H_VIA                                   \
	  "To: <sip:+12125550199@enterprise-b.example>;tag=f%\n"                                   \
	  "From: <sip:+14085550123@enterprise-a.example>;tag=t%\n" H_ID "CSeq: 2 " m               \
	  "\nMax-Forwards: 9\nContact: <sip:x@192.168.10.30>\n"
#define ANSWER(status, cseq)                                                                       \
	"SIP/2.0 " status "\n" H_VIA H_FROM H_TO ";tag=t%\n" H_ID "CSeq: " cseq                    \
	"\nContact: <sip:+14085550123@192.168.10.30:5070>\n"

static const struct {
	const char *head, *body;
	enum side from; // where it makes most sense
} texts[] = {
	{H_NEW TICKET_HEADER SDP_TYPE, SDP_SECURE, SIDE_OUTSIDE},
	{H_NEW TICKET_HEADER, "", SIDE_OUTSIDE},
	{H_NEW SDP_TYPE, SDP_PLAIN_A, SIDE_INSIDE},
	{"CANCEL " H_URI " SIP/2.0\n" H_VIA H_FROM H_TO "\n" H_ID "CSeq: 1 CANCEL\n" H_END, "",
		SIDE_OUTSIDE},
	{REQUEST("INVITE") SDP_TYPE, SDP_SECURE, SIDE_OUTSIDE},
	{BACKWARD("INVITE") SDP_TYPE, SDP_PLAIN_A, SIDE_INSIDE},
	{REQUEST("UPDATE") SDP_TYPE, SDP_SECURE, SIDE_OUTSIDE},
	{BACKWARD("UPDATE") SDP_TYPE, SDP_PLAIN_A, SIDE_INSIDE},
	{REQUEST("PRACK") SDP_TYPE, SDP_SECURE, SIDE_OUTSIDE},
	{REQUEST("ACK") SDP_TYPE, SDP_SECURE, SIDE_OUTSIDE},
	{REQUEST("ACK"), "", SIDE_OUTSIDE},
	{REQUEST("BYE"), "", SIDE_OUTSIDE},
	{BACKWARD("BYE"), "", SIDE_INSIDE},
	{REQUEST("INFO") "Content-Type: text/plain\n", "x\n", SIDE_OUTSIDE},
	{REQUEST("REFER") "Refer-To: <sip:a@b>\n", "", SIDE_OUTSIDE},
	{ANSWER("180 Ringing", "1 INVITE"), "", SIDE_INSIDE},
	{ANSWER("183 Session Progress", "1 INVITE") SDP_TYPE, SDP_PLAIN_A, SIDE_INSIDE},
	{ANSWER("200 OK", "1 INVITE") SDP_TYPE, SDP_PLAIN_A, SIDE_INSIDE},
	{ANSWER("200 OK", "1 INVITE") SDP_TYPE, SDP_PLAIN_A, SIDE_INSIDE},
	{ANSWER("200 OK", "1 INVITE") SDP_TYPE, SDP_SECURE, SIDE_OUTSIDE},
	{ANSWER("200 OK", "1 INVITE"), "", SIDE_INSIDE},
	{ANSWER("200 OK", "2 INVITE") SDP_TYPE, SDP_SECURE, SIDE_OUTSIDE},
	{ANSWER("200 OK", "2 INVITE") SDP_TYPE, SDP_PLAIN_A, SIDE_INSIDE},
	{ANSWER("200 OK", "2 UPDATE") SDP_TYPE, SDP_SECURE, SIDE_OUTSIDE},
	{ANSWER("200 OK", "2 BYE"), "", SIDE_INSIDE},
	{ANSWER("486 Busy Here", "1 INVITE"), "", SIDE_INSIDE},
	{ANSWER("488 Not Acceptable Here", "2 INVITE") SDP_TYPE, SDP_PLAIN_A, SIDE_INSIDE},
};

static size_t put(char *out, size_t n, const char *p, char call, char branch)
{
	for (; *p != '\0'; p++) {
		if (*p == '\n')
			out[n++] = '\r';
		if (call != 0 && *p == '%')
			out[n++] = call;
		else if (branch != 0 && *p == '#')
			out[n++] = branch;
		else
			out[n++] = *p;
	}
	return n;
}

static size_t make(char *out, enum side *from)
{
	size_t which = rnd(sizeof(texts) / sizeof(texts[0])), n = 0;
	static char call = '0', branch = '0'; // mostly those of the message before
	const char *body = texts[which].body;
	char length[64];
	size_t body_n = strlen(body);

	if (rnd(6) == 0)
		call = (char)('0' + rnd(6));
	if (rnd(6) == 0)
		branch = (char)('0' + rnd(3));
	for (const char *p = body; *p != '\0'; p++)
		body_n += *p == '\n'; // each gets a CR
	snprintf(length, sizeof(length), "Content-Length: %zu\n\n", body_n);
	n = put(out, n, texts[which].head, call, branch);
	n = put(out, n, length, 0, 0);
	n = put(out, n, body, 0, 0);
	*from = rnd(8) == 0 ? side_other(texts[which].from) : texts[which].from;
	return n;
}

static size_t damage(char *p, size_t n)
{
	size_t at = rnd((uint32_t)n), len = rnd(12);

	switch (rnd(4)) {
	case 0:
		p[at] = (char)rnd(256);
		break;
	case 1: // a piece is missing
		if (at + len < n) {
			memmove(p + at, p + at + len, n - at - len);
			n -= len;
		}
		break;
	case 2: // a piece twice
		if (at + len < n && n + len < SIZE) {
			memmove(p + at + len, p + at, n - at);
			n += len;
		}
		break;
	case 3:
		p[at] = (char)('0' + rnd(10));
		break;
	}
	return n;
}

// A trunk with both legs up.
static struct trunk *trunk_up(void)
{
	static uint64_t id;
	struct trunk *t;

	host_close(&rig.remote);
	host_idle(rig.base);
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_idle(rig.base);
	do
		t = trunks_by_id(rig.ime[RIG_A]->trunks, ++id);
	while (t == NULL);
	return t;
}

static void drain(void)
{
	struct sip_host *hosts[] = {&rig.remote, &rig.ucm[RIG_A]};

	host_idle(rig.base);
	for (size_t i = 0; i < 2; i++) {
		if (hosts[i]->bev != NULL)
			evbuffer_drain(bufferevent_get_input(hosts[i]->bev), SIZE_MAX);
	}
	rig_media_gone(RIG_A);
	fake_dp_n_sent = 0;
}

static bool is_up(const struct trunk *t)
{
	return t->leg[SIDE_OUTSIDE].state == LEG_UP && t->leg[SIDE_INSIDE].state == LEG_UP;
}

static void test_almost_right(void **state)
{
	struct trunk *t = trunk_up();
	struct ime_usage u;
	char text[SIZE], *exact;
	enum side from;
	size_t n;

	for (int i = 0; i < ROUNDS; i++) {
		n = make(text, &from);
		if (rnd(4) == 0)
			n = damage(text, n);
		exact = malloc(n); // exactly as long: a sanitizer sees one octet too far
		memcpy(exact, text, n);
		inspect_message(t, from, (struct str){exact, n});
		free(exact);
		if (i % 250 == 0)
			drain();
		if (i % 20 == 0) {
			rig.now_ns += rnd(40) * 1000000000ull;
			ime_tick(rig.ime[RIG_A]);
		}
		t->active_ns = rig.now_ns; // it is not the connections that are under test
		if (!is_up(t))
			t = trunk_up();
		ime_usage(rig.ime[RIG_A], &u);
		assert_true(u.signaling_in_use <= 100 && u.media_in_use <= 200);
	}
	print_message("%lu calls, %lu answered, %lu ended\n",
		(unsigned long)rig_counter(RIG_A, CNT_CALLS_STARTED),
		(unsigned long)rig_counter(RIG_A, CNT_CALLS_ANSWERED),
		(unsigned long)rig_counter(RIG_A, CNT_CALLS_ENDED));
	// The subject has run: calls were made, answered and ended in all this.
	assert_true(rig_counter(RIG_A, CNT_CALLS_STARTED) > 200);
	assert_true(rig_counter(RIG_A, CNT_CALLS_ANSWERED) > 50);
	assert_true(rig_counter(RIG_A, CNT_CALLS_ENDED) > 10);
	for (int minute = 0; minute < 35; minute++)
		rig_pass_s(60);
	rig_assert_clean(RIG_A);
	assert_int_equal(txns_count(rig.ime[RIG_A]->txns), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_almost_right, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
