// SPDX-License-Identifier: BSD-3-Clause
// What the worker is told about a session's lines, and what others are.
#include <openssl/crypto.h>

#include "cp/session_state.h"
#include "dp/dp.h"

// Who has no address (hold as in RFC 2543) can neither be sent to nor believed (RTP-1).
static bool may_send(const struct half *h)
{
	return h->remote.port != 0 && (h->dir == SDP_SENDRECV || h->dir == SDP_SENDONLY);
}

static bool may_receive(const struct half *h)
{
	return h->remote.port != 0 && (h->dir == SDP_SENDRECV || h->dir == SDP_RECVONLY);
}

static uint8_t dp_suite(enum sdes_suite suite)
{
	static const uint8_t suites[SDES_SUITES] = {
		[SDES_AES_CM_128_HMAC_SHA1_80] = DP_SRTP_AES_CM_128_HMAC_SHA1_80,
		[SDES_AES_CM_128_HMAC_SHA1_32] = DP_SRTP_AES_CM_128_HMAC_SHA1_32,
		[SDES_AEAD_AES_128_GCM] = DP_SRTP_AEAD_AES_128_GCM,
		[SDES_AEAD_AES_256_GCM] = DP_SRTP_AEAD_AES_256_GCM,
		[SDES_AES_256_CM_HMAC_SHA1_80] = DP_SRTP_AES_256_CM_HMAC_SHA1_80,
	};

	return suites[suite];
}

// Either side sends what the other lists, and numbers need not be the same in both lists. Of a line
// that lists no number at all, any may come.
static void message_pts(const struct session *s, const struct line *l, struct dp_msg_media *msg)
{
	for (int side = 0; side < SIDES; side++) {
		const uint64_t *pts = l->half[side].pts;
		bool any = !s->enforce_payloadtype && (pts[0] | pts[1]) == 0;

		for (int i = 0; i < 2; i++)
			msg->pts[i] |= any ? UINT64_MAX : pts[i];
	}
}

static bool is_hold(enum sdp_direction dir)
{
	return dir == SDP_SENDONLY || dir == SDP_INACTIVE;
}

// The outside writes the numbers that the inside listed; many an answer does not say what they mean.
static uint8_t event_pt(const struct line *l)
{
	uint8_t inside = l->half[SIDE_INSIDE].event_pt;

	return inside != RMA_NO_EVENT ? inside : l->half[SIDE_OUTSIDE].event_pt;
}

// `rx` is what the remote of this leg wrote, `tx` what it is sent with.
static void leg_keys(struct dp_media_leg *leg, const struct sdes *rx, const struct sdes *tx)
{
	leg->suite = dp_suite(rx->suite);
	leg->mki_len = rx->mki_len;
	leg->rx_lifetime = rx->lifetime;
	memcpy(leg->rx_key, rx->key, sizeof(leg->rx_key));
	memcpy(leg->tx_key, tx->key, sizeof(leg->tx_key));
}

static void message_fill(const struct session *s, const struct line *l, struct dp_msg_media *msg)
{
	bool rtcp = s->env->cfg->rtcp_relay;

	for (int side = 0; side < SIDES; side++) {
		const struct half *me = &l->half[side], *other = &l->half[side_other(side)];
		struct dp_media_leg *leg = &msg->leg[side];

		leg->remote = me->remote;
		leg->rx_allowed = may_send(me) && may_receive(other);
		leg->tx_allowed = may_send(other) && may_receive(me);
		leg->rtcp_mux = l->mux;
		if (rtcp && !l->mux)
			leg->remote_rtcp = me->rtcp;
		if (side == SIDE_OUTSIDE || l->passthrough)
			leg_keys(leg, &l->key[side], &l->key[side_other(side)]);
	}
	msg->leg[SIDE_OUTSIDE].latch = s->env->cfg->media_latch;
	msg->leg[SIDE_OUTSIDE].tx_awaits_rx = !s->confirmed;
	msg->rtcp = rtcp;
	msg->passthrough = l->passthrough;
	msg->clock_hz = l->clock_hz;
	msg->monitor = (struct dp_monitor){.on = l->audio && l->clock_hz != 0,
		.hold = !s->talking || is_hold(l->half[SIDE_OUTSIDE].dir),
		.level = s->level,
		.event_pt = event_pt(l)};
	message_pts(s, l, msg);
}

int media_set(const struct session *s, const struct line *l)
{
	struct dp_msg msg;
	int err;

	memset(&msg, 0, sizeof(msg)); // padding too: mta_set() compares
	message_fill(s, l, &msg.media);
	err = mta_set(s->env->mta, l->stream.id, &msg);
	OPENSSL_cleanse(&msg, sizeof(msg));
	return err;
}

// With its keys as they are: a key that was taken away and came back with another fork's answer would
// begin its keystream anew.
void media_close(const struct session *s, const struct line *l)
{
	struct dp_msg msg;

	memset(&msg, 0, sizeof(msg));
	message_fill(s, l, &msg.media);
	for (int side = 0; side < SIDES; side++) {
		struct dp_media_leg *leg = &msg.media.leg[side];

		leg->rx_allowed = leg->tx_allowed = false;
		memset(&leg->remote, 0, sizeof(leg->remote));
		memset(&leg->remote_rtcp, 0, sizeof(leg->remote_rtcp));
	}
	mta_set(s->env->mta, l->stream.id, &msg);
	OPENSSL_cleanse(&msg, sizeof(msg));
}

void media_add(const struct line *l, struct session_totals *t)
{
	struct dp_media_stats stats = {0};
	bool any = false;

	if (dp_media_stats(l->stream.id, &stats) < 0)
		return; // the worker never had it
	for (int side = 0; side < SIDES; side++) {
		const struct dp_leg_stats *leg = &stats.leg[side];
		struct media_total *to = &t->from[side];

		to->packets += leg->rx_packets;
		to->octets += leg->rx_octets;
		to->lost += leg->rx_lost;
		to->late += leg->rx_late;
		to->refused += leg->rx_bad_source + leg->rx_auth_failed + leg->rx_replayed +
			leg->rx_malformed + leg->rx_bad_pt + leg->rx_many_sources +
			leg->rx_bad_checksum;
		if (leg->jitter_us > to->jitter_us)
			to->jitter_us = leg->jitter_us;
		any |= leg->rx_packets > 0;
	}
	t->streams += any;
}

void session_totals(const struct session *s, struct session_totals *out)
{
	*out = s->past;
	for (size_t i = 0; i < s->n_lines; i++)
		if (s->line[i].allocated)
			media_add(&s->line[i], out);
}

size_t session_streams(const struct session *s, struct call_stream_info out[CALL_STREAMS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_lines; i++) {
		const struct line *l = &s->line[i];
		const struct offered *o = i < s->n_offer ? &s->offer[i] : NULL;
		bool pending = !l->live && o != NULL && o->active;

		if (!l->allocated)
			continue;
		out[n] = (struct call_stream_info){
			.stream = l->stream.id,
			.live = l->live,
			.local_key_set = l->live || pending,
			.remote_key_set = l->live || (pending && s->offerer == SIDE_OUTSIDE),
			.audio = l->audio,
			.key_low = l->key_low[SIDE_OUTSIDE] || l->key_low[SIDE_INSIDE],
			.codec = l->codec,
			.payload_type = l->pt,
			.clock_hz = l->clock_hz,
		};
		for (int side = 0; side < SIDES; side++) {
			out[n].local[side] = l->stream.local[side];
			out[n].remote[side] = l->half[side].remote;
			out[n].sends[side] = may_send(&l->half[side]);
			out[n].hears[side] = may_receive(&l->half[side]);
			out[n].ours[side] = mta_is_ours(s->env->mta, &l->half[side].remote.ip);
		}
		mta_describe(s->env->mta, l->stream.id, &out[n]);
		if (pending)
			out[n].remote[s->offerer] = o->half.remote;
		n++;
	}
	return n;
}
