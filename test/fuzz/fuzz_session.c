// SPDX-License-Identifier: BSD-3-Clause
// Offers and answers of both sides in any order, over a fake data plane: nothing leaves toward the
// Internet in clear, no key reaches a non-secure inside, the worker is told nothing that it would
// refuse, and no port is left behind.
//
// An input is a sequence of steps, each ended by a NUL: a letter of STEPS and a description. The first
// octet chooses the configuration.
#include <stdlib.h>

#include "cp/log.h"
#include "cp/session.h"
#include "test/unit/fake_dp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAIRS   8 // media ports of each side: they run out
#define OUT_MAX (1 << 18)

enum { INSIDE_SECURE = 1, RTCP_DROP = 2, STRICT = 4, FEW_SUITES = 8 }; // bits of the first octet

static struct config_media_addr addrs[] = {{.iface = SIDE_OUTSIDE}, {.iface = SIDE_INSIDE}};
static struct config_mta pool = {
	.addrs = addrs, .n_addrs = 2, .rtp_min_port = 16384, .rtp_max_port = 16384 + 2 * PAIRS - 1};
static struct config_ime ime;
static const struct config config = {.mtas = &pool,
	.n_mtas = 1,
	.imes = &ime,
	.n_imes = 1,
	.n_workers = 1,
	.media_streams_max = 64};
static struct counters counters;
static struct sip_edit edit;
static char out[OUT_MAX];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void configure(uint8_t bits)
{
	ime = (struct config_ime){
		.parity_strict = (bits & STRICT) != 0,
		.rtcp_relay = (bits & (RTCP_DROP | STRICT)) == 0,
		.srtp_offer = {SDES_AES_CM_128_HMAC_SHA1_80, SDES_AEAD_AES_256_GCM},
		.n_srtp_offer = 2,
		.srtp_accept = {SDES_AES_CM_128_HMAC_SHA1_80, SDES_AEAD_AES_256_GCM,
			SDES_AEAD_AES_128_GCM, SDES_AES_256_CM_HMAC_SHA1_80,
			SDES_AES_CM_128_HMAC_SHA1_32},
		.n_srtp_accept = bits & FEW_SUITES ? 2 : SDES_SUITES,
	};
}

// What went inside, once more in RTP: no line of it is secure, and no key is left.
static void check_rtp(const struct sdp *sent, const struct session *session)
{
	static char text[sizeof(out)];
	static struct session_plan plan;
	struct str rest, value;
	struct sdp rtp;
	size_t n;

	if (!session_plan_rtp(session, sent, &plan))
		return;
	sip_edit_init_text(&edit, sent->raw);
	if (rewrite_sdp(sent, &plan.plan, &edit) != SDP_OK ||
		sip_edit_render(&edit, text, sizeof(text), &n) != 0)
		return;
	require(sdp_parse(&rtp, (struct str){text, n}) == SDP_OK);
	require(rtp.n_media == sent->n_media);
	for (size_t i = 0; i < rtp.n_media; i++) {
		require(!sdp_proto_secure(rtp.media[i].proto));
		require(rtp.media[i].port == sent->media[i].port);
	}
	rest = rtp.raw;
	require(!sdp_attr_find(&rest, STR_LIT("crypto"), &value));
}

static void check_leaving(const struct sdp *s, const struct session *session, enum side to,
	const struct session_plan *plan)
{
	bool secure = session_inside_secure(session);
	struct str rest, value;
	enum sdp_verdict v;
	struct sdp again;
	size_t n;

	sip_edit_init_text(&edit, s->raw);
	if (rewrite_sdp(s, &plan->plan, &edit) != SDP_OK ||
		sip_edit_render(&edit, out, sizeof(out), &n) != 0)
		return;
	require(sdp_parse(&again, (struct str){out, n}) == SDP_OK);
	v = sdp_check_secure(
		&again, to == SIDE_OUTSIDE ? REWRITE_INWARD : REWRITE_OUTWARD, secure, true);
	require(v != SDP_RTP_OVER_IME && v != SDP_SRTP_NONSECURE && v != SDP_NO_CRYPTO);
	rest = again.raw;
	require(to == SIDE_OUTSIDE || secure || !sdp_attr_find(&rest, STR_LIT("crypto"), &value));
	if (to == SIDE_INSIDE)
		check_rtp(&again, session);
}

static void check_told(void)
{
	for (size_t i = 0; i < fake_dp_n_sent; i++) {
		const struct dp_msg_media *m = &fake_dp_sent[i].media;
		const struct dp_media_leg *leg = m->leg;

		if (fake_dp_sent[i].type != DP_MSG_MEDIA_SET)
			continue;
		require(leg[SIDE_OUTSIDE].suite != DP_SRTP_NONE ||
			(!leg[SIDE_OUTSIDE].rx_allowed && !leg[SIDE_OUTSIDE].tx_allowed));
		require(m->passthrough == (leg[SIDE_INSIDE].suite != DP_SRTP_NONE));
		require(!m->passthrough || leg[0].suite == leg[1].suite);
		require(leg[0].local.port != leg[1].local.port ||
			!ip_eq(&leg[0].local.ip, &leg[1].local.ip));
		require(m->rtcp || (leg[0].remote_rtcp.port == 0 && !leg[0].rtcp_mux));
		require(leg[0].rtcp_mux == leg[1].rtcp_mux);
		require(leg[0].mki_len <= 128);
	}
	fake_dp_n_sent = 0;
}

static struct session_fork *apart;
static uint32_t cseq; // of the last offer's request

static enum counter_id say(struct session *session, enum side from, char what,
	const struct sdp *sdp, struct session_plan *plan)
{
	switch (what | 0x20) {
	case 'o':
		return session_offer(
			session, from, (struct session_request){from, ++cseq}, sdp, plan);
	case 'p': // in another response to the same request
		return session_offer(
			session, from, (struct session_request){from, cseq}, sdp, plan);
	case 'a':
		return session_answer(session, from, sdp, plan);
	default:
		session_fork_free(apart);
		return session_answer_apart(session, from, sdp, plan, &apart);
	}
}

static void step(struct session *session, char what, struct str text)
{
	enum side from = (what & 0x20) != 0 ? SIDE_OUTSIDE : SIDE_INSIDE;
	static struct session_plan plan;
	enum counter_id why;
	struct sdp sdp;

	switch (what) {
	case 'r':
		for (int side = 0; side < SIDES; side++)
			session_rollback(session, (struct session_request){(enum side)side, cseq});
		return;
	case 'k':
		session_fork_free(apart);
		apart = session_fork_keep(session);
		return;
	case 't':
		if (apart != NULL)
			session_fork_take(session, apart);
		check_told();
		return;
	case 'c':
		session_confirm(session);
		return;
	case 's':
		session_settle(session);
		return;
	case 'q':
		session_offer_rtp(session);
		return;
	case 'o': // offer of the outside, of the inside
	case 'O':
	case 'p': // once more
	case 'P':
	case 'a': // answer
	case 'A':
	case 'b': // of another fork
	case 'B':
		break;
	default:
		return;
	}
	if (sdp_parse(&sdp, text) != SDP_OK ||
		sdp_check_secure(&sdp, from == SIDE_OUTSIDE ? REWRITE_INWARD : REWRITE_OUTWARD,
			session_inside_secure(session), !ime.parity_strict) != SDP_OK)
		return;
	why = say(session, from, what, &sdp, &plan);
	if (why == CNT_NONE)
		check_leaving(&sdp, session, side_other(from), &plan);
	check_told();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t iface[SIDES] = {SIDE_OUTSIDE, SIDE_INSIDE};
	struct session_env env = {.cfg = &ime};
	struct str rest = {(const char *)data + 1, size - 1}, one;
	struct session *session;

	if (size < 2 || size > 65536)
		return 0;
	log_set_severity(0);
	configure(data[0]);
	ip_parse(STR_LIT("209.165.200.229"), &addrs[SIDE_OUTSIDE].ip);
	ip_parse(STR_LIT("192.168.10.3"), &addrs[SIDE_INSIDE].ip);
	fake_dp_reset();
	require(mta_new(&env.mta, &config, &ime, &counters) == 0);
	session = session_new(&env, iface, (data[0] & INSIDE_SECURE) != 0);
	require(session != NULL);
	while (rest.n > 0) {
		rest = str_split(rest, '\0', &one);
		if (one.n > 0)
			step(session, one.p[0], (struct str){one.p + 1, one.n - 1});
	}
	session_free(session);
	session_fork_free(apart);
	apart = NULL;
	require(mta_usage(env.mta).streams == 0);
	mta_free(env.mta);
	return 0;
}
