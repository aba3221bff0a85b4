// SPDX-License-Identifier: BSD-3-Clause
// A secure trunk: TLS between callgate and its call manager in both roles, mutual authentication,
// and transports that do not match (TLS-2, E14). Enterprise A's trunk is secure.
#include "test/unit/test.h"

#include <event2/buffer.h>
#include <unistd.h>

#include "cp/tls.h"
#include "lib/base64.h"
#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"
#include "test/unit/secure_trunk.h"

static int setup(void **state)
{
	static const char *const edit[] = {SECURE_TRUNK("inside-ca.pem"), NULL};

	rig_up(edit);
	rig.ucm_certificate[RIG_A] = "ucm";
	return 0;
}

// Call manager A opens a connection toward the remote, as `caller`; NULL: TCP.
static void ucm_calls(const char *certificate, const char *ca)
{
	int fd = fake_net_connect(RIG_A, RIG_INSIDE, RIG_UCM_A, 40002, RIG_REMOTE, 5070);

	rig_outbound_server("b", "ca.pem");
	host_close(&rig.caller);
	if (ca == NULL)
		host_tcp(&rig.caller, rig.base, fd);
	else
		host_tls(&rig.caller, rig.base, fd, false, rig.dir, certificate, ca);
}

static void remote_invites(void)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
}

static void expect_accepted(unsigned int n)
{
	for (int i = 0; i < 100 && rig.ucm_accepted[RIG_A] < n; i++)
		host_idle(rig.base);
	assert_int_equal(rig.ucm_accepted[RIG_A], n);
}

#define OPTIONS                                                                                    \
	"OPTIONS sip:+12125550199@198.51.100.10:5070;transport=tls SIP/2.0\n"                      \
	"Via: SIP/2.0/TLS 192.168.10.30:5070;branch=z9hG4bKo\n"                                    \
	"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"                                    \
	"To: <sip:+12125550199@enterprise-b.example>\n"                                            \
	"Contact: <sip:+14085550123@192.168.10.30:5070;transport=tls>\n"                           \
	"Call-ID: out@192.168.10.30\nCSeq: 5 OPTIONS\nMax-Forwards: 70\n"

static void assert_shown(const struct sip_host *h, const char *domain)
{
	struct domain_ids ids;

	tls_peer_ids(h->ssl, &ids);
	assert_true(domain_ids_has(&ids, str_from(domain)));
}

// E14: as the manual has it, a trust-point that enrolled itself and one that only holds the call
// manager's certificate. Nothing else says what the call manager is shown.
static void test_self_enrolled(void **state)
{
	static const char *const edit[] = {"trustpoints:\n",
		"trustpoints:\n  local-asa: {certificate: self.crt, key: self.key, enroll: self}\n"
		"  local-ent-ucm: {ca: ucm.crt}\n",
		"local_to_remote-ent: {client: {trust-point: local-ent}}",
		"local_to_remote-ent: {server: {trust-point: local-ent-ucm}, client: {trust-point: "
		"local-ent}}",
		"remote_to_local-ent: {server: {trust-point: local-ent}}",
		"remote_to_local-ent: {server: {trust-point: local-ent}, client: {trust-point: "
		"local-ent-ucm}}",
		"192.168.10.30, trunk-security-mode: nonsecure",
		"192.168.10.30, trunk-security-mode: secure", NULL};

	rig_up(edit);
	ucm_calls("ucm", "self.crt");
	host_send(&rig.caller, OPTIONS, "");
	host_expect(&rig.remote, "OPTIONS ");
	assert_shown(&rig.caller, "callgate.enterprise-a.example");
	rig_only(RIG_A, CNT_NONE, 0);
	ucm_calls("ucm-2", "self.crt"); // of the same CA, but not the one that was imported
	host_expect_closed(&rig.caller);
	rig_only(RIG_A, CNT_TLS_CERT_UNTRUSTED, 1);
	rig_down();
}

// ---- Both roles --------------------------------------------------------------------------------

// Whom the remote calls sees TLS, and transports of TLS; addresses are rewritten as ever (3.3).
static void test_client(void **state)
{
	struct ime_usage u;

	remote_invites();
	host_expect(&rig.ucm[RIG_A], "INVITE sip:+14085550123@192.168.10.30:5070;transport=tls ");
	contains(&rig.ucm[RIG_A], "Via: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK1\r\n");
	contains(&rig.ucm[RIG_A],
		"Contact: <sip:+12125550199@198.51.100.10:5070;transport=tls>\r\n");
	contains_not(&rig.ucm[RIG_A], "transport=tcp");
	assert_shown(&rig.ucm[RIG_A], "callgate.enterprise-a.example");
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.tls_in_use, 2);
	call_answer(&rig.ucm[RIG_A], "486 Busy Here", "atag", "", "");
	host_expect(&rig.remote, "SIP/2.0 486 ");
	contains(&rig.remote, "Via: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bK1\r\n");
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 2);
	assert_int_equal(fake_dp_count(DP_MSG_TRUST_SET), 1); // the remote's
	rig_only(RIG_A, CNT_NONE, 0);
	rig_assert_clean(RIG_A);
	host_close(&rig.remote);
	host_expect_closed(&rig.ucm[RIG_A]);
	ime_usage(rig.ime[RIG_A], &u);
	assert_int_equal(u.tls_in_use, 0);
	assert_int_equal(fake_dp_count(DP_MSG_TRUST_DEL), 1);
}

static void test_server(void **state)
{
	ucm_calls("ucm", "inside-ca.pem");
	host_send(&rig.caller, OPTIONS, "");
	host_expect(&rig.remote, "OPTIONS sip:+12125550199@198.51.100.10:5070;transport=tls ");
	contains(&rig.remote, "Via: SIP/2.0/TLS 209.165.200.228:5070;branch=z9hG4bKo\r\n");
	contains(&rig.remote, "@209.165.200.228:5070;transport=tls>\r\n");
	assert_shown(&rig.caller, "callgate.enterprise-a.example");
	assert_shown(&rig.remote, "enterprise-a.example");
	call_answer(&rig.remote, "200 OK", "rtag",
		"Contact: <sip:+12125550199@198.51.100.10:5070;transport=tls>\n", "");
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, "Via: SIP/2.0/TLS 192.168.10.30:5070;branch=z9hG4bKo\r\n");
	contains(&rig.caller, "@198.51.100.10:5070;transport=tls>\r\n");
	rig_only(RIG_A, CNT_NONE, 0);
	host_close(&rig.caller);
	host_expect_closed(&rig.remote);
}

// A restarted call manager gets the request again on a new TLS connection (TLS-6).
static void test_restart(void **state)
{
	remote_invites();
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "486 Busy Here", "atag", "", "");
	host_expect(&rig.remote, "SIP/2.0 486 ");
	host_close_on_next(&rig.ucm[RIG_A]);
	host_send(&rig.remote, "INVITE " R_URI " SIP/2.0\n" R_VIA("2") R_REST TICKET_HEADER, "");
	expect_accepted(2);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	assert_shown(&rig.ucm[RIG_A], "callgate.enterprise-a.example");
	assert_int_equal(rig_counter(RIG_A, CNT_REQUESTS_RESENT), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 3);
}

// OPTIONS go to it over TLS, as calls do.
static void test_asked(void **state)
{
	rig_pings = true;
	setup(state);
	rig_pings = false;
	rig_pass_s(1);
	host_expect(&rig.ucm[RIG_A], "OPTIONS sip:192.168.10.30:5070;transport=tls SIP/2.0\r\n");
	contains(&rig.ucm[RIG_A], "\r\nVia: SIP/2.0/TLS 192.168.10.1;branch=z9hG4bK");
	assert_shown(&rig.ucm[RIG_A], "callgate.enterprise-a.example");
	assert_false(ucms_down(rig.ime[RIG_A]->ucms, &rig.config[RIG_A]->imes[0].ucms[0].ip));
	rig.ucm_certificate[RIG_A] = "b"; // somebody else at its address
	host_close(&rig.ucm[RIG_A]);
	for (int i = 0; i < 3; i++)
		rig_pass_s(10);
	assert_true(ucms_down(rig.ime[RIG_A]->ucms, &rig.config[RIG_A]->imes[0].ucms[0].ip));
	rig_down();
}

// The manual has the call manager's certificate itself imported: that one and no other, though
// the same CA has signed both.
static void test_pinned(void **state)
{
	static const char *const edit[] = {SECURE_TRUNK("ucm.crt"), NULL};

	rig_up(edit);
	ucm_calls("ucm", "inside-ca.pem");
	host_send(&rig.caller, OPTIONS, "");
	host_expect(&rig.remote, "OPTIONS ");
	ucm_calls("ucm-2", "inside-ca.pem");
	host_expect_closed(&rig.caller);
	rig_only(RIG_A, CNT_TLS_CERT_UNTRUSTED, 1);
	rig_down();
}

// ---- Media: SRTP on both sides (SRTP-2, SRTP-3) ------------------------------------------------

#define KEY_2    "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define CRYPTO_1 "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_1
#define CRYPTO_2 "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_2
#define UCM_SDP(proto, crypto)                                                                     \
	"v=0\no=CCM 3000 1 IN IP4 192.168.10.30\ns=SIP Call\nc=IN IP4 192.168.10.51\nt=0 0\n"      \
	"m=audio 19520 " proto " 9 101\na=rtpmap:9 G722/8000\n" crypto
#define UCM_SRTP UCM_SDP("RTP/SAVP", CRYPTO_2 "\n")
#define REMOTE_SRTP                                                                                \
	"v=0\no=R 9 1 IN IP4 198.51.100.10\ns=-\nc=IN IP4 198.51.100.11\nt=0 0\n"                  \
	"m=audio 29824 RTP/SAVP 9 101\n" CRYPTO_1 "\n"
#define UCM_CONTACT "Contact: <sip:+14085550123@192.168.10.30:5070;transport=tls>\n"
#define REMOTE_OK   "Contact: <sip:+12125550199@198.51.100.10:5070;transport=tls>\n" SDP_TYPE
#define UCM_INVITE                                                                                 \
	"INVITE sip:+12125550199@198.51.100.10:5070;transport=tls SIP/2.0\n"                       \
	"Via: SIP/2.0/TLS 192.168.10.30:5070;branch=z9hG4bKo\n"                                    \
	"From: <sip:+14085550123@enterprise-a.example>;tag=o\n"                                    \
	"To: <sip:+12125550199@enterprise-b.example>\n"                                            \
	"Call-ID: out@192.168.10.30\nCSeq: 5 INVITE\nMax-Forwards: 70\n" UCM_CONTACT SDP_TYPE

static void assert_key(const uint8_t *key, const char *base64)
{
	uint8_t want[DP_SRTP_KEY_LEN] = {0};
	size_t n;

	assert_int_equal(base64_decode(str_from(base64), want, sizeof(want), &n), 0);
	assert_memory_equal(key, want, sizeof(want));
}

// The worker verifies by the keys of both, and has none to seal with that is not one of them.
static void assert_passthrough(void)
{
	const struct dp_msg_media *m = &fake_dp_last(DP_MSG_MEDIA_SET, -1)->media;

	assert_true(m->passthrough);
	for (int side = 0; side < SIDES; side++)
		assert_int_equal(m->leg[side].suite, DP_SRTP_AES_CM_128_HMAC_SHA1_80);
	assert_key(m->leg[SIDE_OUTSIDE].rx_key, KEY_1);
	assert_key(m->leg[SIDE_INSIDE].rx_key, KEY_2);
}

static void expect_sdp(const struct sip_host *h, const char *crypto, const char *address)
{
	contains(h, " RTP/SAVP 9 ");
	contains(h, crypto);
	contains(h, address);
	assert_null(strstr(strstr(h->msg, "a=crypto:") + 1, "a=crypto:")); // and no other
}

static void test_srtp3_passthrough_inbound(void **state)
{
	remote_invites();
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	expect_sdp(&rig.ucm[RIG_A], CRYPTO_1 "\r\n", "c=IN IP4 192.168.10.3\r\n");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", UCM_CONTACT SDP_TYPE, UCM_SRTP);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	expect_sdp(&rig.remote, CRYPTO_2 "\r\n", "c=IN IP4 209.165.200.229\r\n");
	assert_passthrough();
	// 1.3: no SRTP session any more, once it is known to pass through.
	assert_int_equal(mta_usage(rig.ime[RIG_A]->mta).srtp, 0);
	assert_int_equal(mta_usage(rig.ime[RIG_A]->mta).srtp_most, 1);
	rig_only(RIG_A, CNT_NONE, 0);
}

static void test_passthrough_outbound(void **state)
{
	ucm_calls("ucm", "inside-ca.pem");
	host_send(&rig.caller, UCM_INVITE, UCM_SRTP);
	host_expect(&rig.remote, "INVITE ");
	contains(&rig.remote, CRYPTO_2 "\r\n");
	call_answer(&rig.remote, "200 OK", "rtag", REMOTE_OK, REMOTE_SRTP);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	expect_sdp(&rig.caller, CRYPTO_1 "\r\n", "c=IN IP4 192.168.10.3\r\n");
	assert_passthrough();
	rig_only(RIG_A, CNT_NONE, 0);
}

// A call manager may do without encryption (SRTP-2): RTP inside, SRTP with our key outside.
static void assert_converted(void)
{
	const struct dp_msg_media *m = &fake_dp_last(DP_MSG_MEDIA_SET, -1)->media;

	assert_false(m->passthrough);
	assert_int_equal(mta_usage(rig.ime[RIG_A]->mta).srtp, 1);
	assert_int_equal(m->leg[SIDE_INSIDE].suite, DP_SRTP_NONE);
	assert_int_equal(m->leg[SIDE_OUTSIDE].suite, DP_SRTP_AES_CM_128_HMAC_SHA1_80);
	assert_key(m->leg[SIDE_OUTSIDE].rx_key, KEY_1);
	rig_only(RIG_A, CNT_NONE, 0);
}

static void test_rtp_offered(void **state)
{
	ucm_calls("ucm", "inside-ca.pem");
	host_send(&rig.caller, UCM_INVITE, UCM_SDP("RTP/AVP", ""));
	host_expect(&rig.remote, "INVITE ");
	contains(&rig.remote, " RTP/SAVP 9 101\r\n");
	call_answer(&rig.remote, "200 OK", "rtag", REMOTE_OK, REMOTE_SRTP);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	contains(&rig.caller, " RTP/AVP 9 101\r\n");
	contains_not(&rig.caller, "crypto");
	assert_converted();
}

static void test_srtp2_rtp_answered(void **state)
{
	remote_invites();
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(
		&rig.ucm[RIG_A], "200 OK", "atag", UCM_CONTACT SDP_TYPE, UCM_SDP("RTP/AVP", ""));
	host_expect(&rig.remote, "SIP/2.0 200 ");
	contains(&rig.remote, " RTP/SAVP 9 101\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:");
	contains_not(&rig.remote, KEY_1);
	assert_converted();
}

// What we say to the call manager when its answer is refused, we say over TLS.
static void test_answer_refused(void **state)
{
	remote_invites();
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", UCM_CONTACT SDP_TYPE,
		UCM_SDP("RTP/SAVP", "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" KEY_2 "\n"));
	host_expect(&rig.remote, "SIP/2.0 488 ");
	host_expect(&rig.ucm[RIG_A], "ACK sip:+14085550123@192.168.10.30:5070;transport=tls ");
	contains(&rig.ucm[RIG_A], "Via: SIP/2.0/TLS 198.51.100.10:40001;branch=z9hG4bK");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	contains(&rig.ucm[RIG_A], "Via: SIP/2.0/TLS 198.51.100.10:40001;branch=z9hG4bK");
	assert_int_equal(fake_dp_count(DP_MSG_MEDIA_SET), 0);
	rig_only(RIG_A, CNT_SDP_ANSWER, 1);
	rig_assert_clean(RIG_A);
}

// Of two call managers only one has TLS: what concerns a secure call is not told to the other.
static void test_other_ucm(void **state)
{
	static const char *const edit[] = {SECURE_TRUNK("inside-ca.pem"),
		"trunk-security-mode: secure}",
		"trunk-security-mode: secure}\n"
		"      - {address: 192.168.10.31, trunk-security-mode: nonsecure}",
		"tcp host 192.168.10.30", "tcp 192.168.10.0/24", NULL};

	rig_up(edit);
	rig.ucm_certificate[RIG_A] = "ucm";
	remote_invites();
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", UCM_CONTACT SDP_TYPE, UCM_SRTP);
	host_expect(&rig.remote, "SIP/2.0 200 ");
	rig_outbound_server("b", "ca.pem"); // the way is open
	host_tcp(&rig.caller, rig.base,
		fake_net_connect(RIG_A, RIG_INSIDE, "192.168.10.31", 40002, RIG_REMOTE, 5070));
	host_send(&rig.caller,
		"INVITE sip:+12125550199@198.51.100.10:5070;transport=tcp SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.168.10.31:5070;branch=z9hG4bKo\n"
		"From: <sip:+14085550123@enterprise-a.example>;tag=atag\n"
		"To: <sip:+12125550199@enterprise-b.example>;tag=rtag\n" R_CALL_ID
		"CSeq: 5 INVITE\nMax-Forwards: 70\n" UCM_CONTACT SDP_TYPE,
		UCM_SRTP);
	host_expect(&rig.caller, "SIP/2.0 481 ");
	rig_only(RIG_A, CNT_DIALOG_PEER, 1);
	rig_down();
}

// ---- Refused -----------------------------------------------------------------------------------

static const struct {
	const char *certificate, *ca;
	enum counter_id counter;
} strangers[] = {
	{NULL, "inside-ca.pem", CNT_TLS_NO_CERT},
	{"b", "inside-ca.pem", CNT_TLS_CERT_UNTRUSTED}, // the Internet's CA is not the inside's
	{"stranger", "inside-ca.pem", CNT_TLS_CERT_UNTRUSTED},
	{"ucm", "ca.pem", CNT_TLS_REFUSED_BY_PEER}, // it does not trust us
};

static void test_server_refuses(void **state)
{
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		setup(NULL);
		ucm_calls(strangers[i].certificate, strangers[i].ca);
		host_expect_closed(&rig.caller);
		host_idle(rig.base);
		rig_only(RIG_A, strangers[i].counter, 1);
		assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 0);
		rig_down();
	}
}

// What answers at the call manager's address is somebody else: it hears nothing.
static void test_client_refuses(void **state)
{
	rig.ucm_certificate[RIG_A] = "b";
	remote_invites();
	host_expect(&rig.remote, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_CERT_UNTRUSTED), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_REQUESTS_FORWARDED), 0);
	rig_assert_clean(RIG_A);
}

// An inside certificate is no passport for the Internet.
static void test_outside_stranger(void **state)
{
	rig_remote("ucm", "ca.pem");
	host_expect_closed(&rig.remote);
	rig_only(RIG_A, CNT_TLS_CERT_UNTRUSTED, 1);
}

// ---- Transports that do not match (TLS-2) ------------------------------------------------------

static void test_tcp_from_ucm(void **state)
{
	ucm_calls(NULL, NULL);
	host_send(&rig.caller, OPTIONS, "");
	host_expect_closed(&rig.caller);
	assert_null(rig.remote.bev);
	rig_only(RIG_A, CNT_TCP_ON_SECURE, 1);
}

// It takes our ClientHello for a bad request.
static void test_tcp_at_ucm(void **state)
{
	rig.ucm_certificate[RIG_A] = NULL;
	remote_invites();
	expect_accepted(1);
	host_send_raw(&rig.ucm[RIG_A], "SIP/2.0 400 Bad Request\r\n\r\n", 27);
	host_expect(&rig.remote, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_TCP_ON_SECURE), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_REQUESTS_FORWARDED), 0);
	rig_assert_clean(RIG_A);
}

// The other way round: the call manager expects TLS of a trunk that is not secure.
static void test_tls_at_ucm(void **state)
{
	static const char alert[] = {0x15, 3, 1, 0, 2, 2, 70}; // protocol_version

	rig_up(NULL);
	remote_invites();
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	host_send_raw(&rig.ucm[RIG_A], alert, sizeof(alert));
	host_expect(&rig.remote, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_ON_TCP), 1);
	rig_assert_clean(RIG_A);
	rig_down();
}

// ---- Limits ------------------------------------------------------------------------------------

// A call takes two sessions; without the second one it fails at once, so that it may fall back.
static void test_sessions_full(void **state)
{
	static const char *const edit[] = {SECURE_TRUNK("inside-ca.pem"), "maximum-sessions: 1000",
		"maximum-sessions: 1", NULL};

	rig_up(edit);
	rig.ucm_certificate[RIG_A] = "ucm";
	remote_invites();
	host_expect(&rig.remote, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_SESSIONS_FULL), 1);
	assert_int_equal(rig.ucm_accepted[RIG_A], 0);
	rig_down();
}

// A call manager gone wild costs no more than a remote that has.
static void test_handshakes(void **state)
{
	int fds[100];

	for (int i = 0; i < 100; i++)
		fds[i] = fake_net_connect(
			RIG_A, RIG_INSIDE, RIG_UCM_A, (uint16_t)(20000 + i), RIG_REMOTE, 5070);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_SOURCE_EMBRYONIC), 100 - 32);
	for (int i = 0; i < 100; i++)
		close(fds[i]);
	host_idle(rig.base);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 0);
	ucm_calls("ucm", "inside-ca.pem");
	host_wait_up(&rig.caller);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self_enrolled),
		TEST(client),
		TEST(server),
		TEST(restart),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_pinned),
		TEST(srtp3_passthrough_inbound),
		TEST(passthrough_outbound),
		TEST(rtp_offered),
		TEST(srtp2_rtp_answered),
		TEST(answer_refused),
		cmocka_unit_test(test_other_ucm),
		cmocka_unit_test(test_server_refuses),
		TEST(client_refuses),
		TEST(outside_stranger),
		TEST(tcp_from_ucm),
		TEST(tcp_at_ucm),
		cmocka_unit_test(test_tls_at_ucm),
		cmocka_unit_test(test_sessions_full),
		TEST(handshakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
