// SPDX-License-Identifier: BSD-3-Clause
#include "cp/session.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dp/dp.h"

#define CODEC_MAX   32
#define VERSION_MAX 64

// One party's half of a media line.
struct half {
	struct endpoint remote; // port 0: wants no media (hold by address)
	enum sdp_direction dir;
	unsigned int n_pts;
	uint8_t pts[SDP_PTS_MAX];
};

// A media line of the last offer.
struct offered {
	bool active;
	struct half half;
	struct sdes rx; // offer from outside: the remote's key; tag and suite of the accepted line
	struct sdes tx[2]; // ours toward outside: one as answerer, both suites as offerer
	unsigned int n_tx;
};

// A media line as agreed.
struct line {
	bool allocated; // ports are held
	bool live;      // the worker relays it
	bool audio;
	struct mta_stream stream;
	struct half half[SIDES];
	struct sdes rx, tx; // outside
	char codec[CODEC_MAX];
	uint8_t pt;
	uint32_t clock_hz;
};

struct session {
	const struct session_env *env;
	uint16_t iface[SIDES];
	bool inside_secure;
	struct line line[CALL_STREAMS_MAX];
	size_t n_lines;
	// the last offer
	bool offered, answered;
	enum side offerer;
	size_t n_offer; // all media lines, also those beyond CALL_STREAMS_MAX
	struct offered offer[CALL_STREAMS_MAX];
	char version[SIDES][VERSION_MAX]; // o= of the last description of a side (SRTP-7)
};

static const enum sdes_suite suites[2] = {
	SDES_AES_CM_128_HMAC_SHA1_80, // tag 1
	SDES_AES_CM_128_HMAC_SHA1_32, // tag 2
};

struct session *session_new(
	const struct session_env *env, const uint16_t iface[SIDES], bool inside_secure)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->env = env;
	s->inside_secure = inside_secure;
	memcpy(s->iface, iface, sizeof(s->iface));
	return s;
}

static void line_release(struct session *s, struct line *l)
{
	if (l->allocated)
		mta_release(s->env->mta, l->stream.id);
	OPENSSL_cleanse(l, sizeof(*l));
}

void session_free(struct session *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < CALL_STREAMS_MAX; i++)
		line_release(s, &s->line[i]);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

// Remembers o= and says whether it is the one that side sent last.
static bool same_version(struct session *s, enum side from, const struct sdp *sdp)
{
	char now[VERSION_MAX];
	bool same;

	snprintf(now, sizeof(now), "%.*s %.*s", STR_FMT(sdp->session_id),
		STR_FMT(sdp->session_version));
	same = strcmp(now, s->version[from]) == 0;
	memcpy(s->version[from], now, sizeof(now));
	return same;
}

static void half_from(const struct session *s, enum side side, const struct sdp *sdp,
	const struct sdp_media *m, struct half *out)
{
	out->remote = sdp_media_remote(sdp, m);
	out->dir = m->dir;
	out->n_pts = m->n_pts;
	memcpy(out->pts, m->pts, sizeof(out->pts));
	if (out->remote.port != 0 && s->env->resolve != NULL)
		s->env->resolve(s->env->resolve_arg, s->iface[side], &out->remote.ip);
}

// The first crypto line we can use, and how many lines there are (SRTP-5).
static bool choose_crypto(const struct sdp_media *m, struct sdes *out, unsigned int *n_lines)
{
	struct str rest = m->section, value;
	bool found = false;

	*n_lines = 0;
	while (sdp_attr_find(&rest, STR_LIT("crypto"), &value)) {
		(*n_lines)++;
		if (!found)
			found = sdes_parse(value, out) == SDES_OK;
	}
	return found;
}

// The key we send with: fresh for each new offer, kept while o= stands. An older key never comes
// back: its key stream has been used.
static bool make_tx(
	const struct line *l, bool keep, enum sdes_suite suite, uint32_t tag, struct sdes *out)
{
	*out = (struct sdes){.tag = tag, .suite = suite};
	if (keep && l->live && l->tx.suite == suite) {
		memcpy(out->key, l->tx.key, sizeof(out->key));
		return true;
	}
	return RAND_bytes(out->key, (int)sdes_key_len(suite)) == 1;
}

static void plan_crypto(struct session_plan *plan, size_t i, const struct sdes *tx, unsigned int n)
{
	for (unsigned int k = 0; k < n; k++) {
		size_t len = sdes_format(&tx[k], plan->text[i][k]);

		plan->plan.media[i].crypto[k] = (struct str){plan->text[i][k], len};
	}
}

static enum counter_id offer_keys(
	struct session *s, size_t i, const struct sdp_media *m, bool same, struct offered *o)
{
	const struct offered *last = &s->offer[i];
	// The same offer once more (an 18x, then the 200) must show the same keys.
	bool repeated = same && s->offered && last->active && last->n_tx > 0;
	unsigned int n;

	if (s->offerer == SIDE_OUTSIDE) {
		if (!choose_crypto(m, &o->rx, &n))
			return CNT_SDP_CRYPTO;
		o->n_tx = 1;
		if (!make_tx(&s->line[i], same, o->rx.suite, o->rx.tag, &o->tx[0]))
			return CNT_SDP_CRYPTO;
		if (repeated && last->tx[0].suite == o->rx.suite)
			memcpy(o->tx[0].key, last->tx[0].key, sizeof(o->tx[0].key));
		return CNT_NONE;
	}
	o->n_tx = 2;
	for (unsigned int k = 0; k < 2; k++) {
		if (!make_tx(&s->line[i], same, suites[k], k + 1, &o->tx[k]))
			return CNT_SDP_CRYPTO;
		if (repeated)
			memcpy(o->tx[k].key, last->tx[k].key, sizeof(o->tx[k].key));
	}
	return CNT_NONE;
}

// All streams of a call are on the same addresses: its c= speaks for all.
static const struct mta_stream *some_stream(const struct session *s)
{
	for (size_t i = 0; i < CALL_STREAMS_MAX; i++) {
		if (s->line[i].allocated)
			return &s->line[i].stream;
	}
	return NULL;
}

static bool plan_local(const struct session *s, enum side to, struct ip_addr *out)
{
	const struct mta_stream *stream = some_stream(s);

	if (stream != NULL)
		*out = stream->local[to].ip;
	return stream != NULL || mta_local(s->env->mta, s->iface[to], out) == 0;
}

static enum counter_id offer_line(struct session *s, enum side from, const struct sdp *sdp,
	size_t i, bool same, struct offered *o, struct session_plan *plan)
{
	const struct sdp_media *m = &sdp->media[i];
	struct line *l = &s->line[i];
	enum side to = side_other(from);
	enum counter_id why;
	int err;

	if (!l->allocated) {
		err = mta_alloc(s->env->mta, s->iface, some_stream(s), &l->stream);
		if (err != 0)
			return CNT_MEDIA_PORTS_FULL;
		l->allocated = true;
	}
	half_from(s, from, sdp, m, &o->half);
	why = offer_keys(s, i, m, same, o);
	if (why != CNT_NONE)
		return why;
	o->active = true;
	plan->plan.media[i].port = l->stream.local[to].port;
	plan->plan.media[i].secure = to == SIDE_OUTSIDE;
	if (to == SIDE_OUTSIDE)
		plan_crypto(plan, i, o->tx, o->n_tx);
	return CNT_NONE;
}

enum counter_id session_offer(
	struct session *s, enum side from, const struct sdp *sdp, struct session_plan *plan)
{
	struct offered next[CALL_STREAMS_MAX] = {0};
	enum counter_id why = CNT_NONE;
	bool was_same_side = s->offered && s->offerer == from;
	bool same = same_version(s, from, sdp);

	memset(plan, 0, sizeof(*plan));
	if (!was_same_side || s->answered)
		s->offered = false; // what is kept of the last offer does not concern this one
	s->offerer = from;
	for (size_t i = 0; i < sdp->n_media && i < CALL_STREAMS_MAX && why == CNT_NONE; i++) {
		if (sdp_media_relayable(&sdp->media[i]))
			why = offer_line(s, from, sdp, i, same, &next[i], plan);
	}
	if (why == CNT_NONE && !plan_local(s, side_other(from), &plan->plan.local))
		why = CNT_MEDIA_PORTS_FULL;
	if (why == CNT_NONE) {
		memcpy(s->offer, next, sizeof(s->offer));
		s->offered = true;
		s->answered = false;
		s->n_offer = sdp->n_media;
	}
	OPENSSL_cleanse(next, sizeof(next));
	return why;
}

// Our line that the outside's answer picked: exactly one, with the tag and suite we offered.
static enum counter_id answer_keys(const struct sdp_media *m, struct offered *o, struct sdes *tx)
{
	unsigned int n;

	if (!choose_crypto(m, &o->rx, &n))
		return CNT_SDP_CRYPTO;
	for (unsigned int k = 0; k < o->n_tx; k++) {
		if (n == 1 && o->tx[k].tag == o->rx.tag && o->tx[k].suite == o->rx.suite) {
			*tx = o->tx[k];
			return CNT_NONE;
		}
	}
	return CNT_SDP_ANSWER;
}

static bool may_send(const struct half *h)
{
	return h->dir == SDP_SENDRECV || h->dir == SDP_SENDONLY;
}

static bool may_receive(const struct half *h)
{
	return h->remote.port != 0 && (h->dir == SDP_SENDRECV || h->dir == SDP_RECVONLY);
}

static enum dp_srtp_suite dp_suite(enum sdes_suite suite)
{
	return suite == SDES_AES_CM_128_HMAC_SHA1_80 ? DP_SRTP_AES_CM_128_HMAC_SHA1_80
						     : DP_SRTP_AES_CM_128_HMAC_SHA1_32;
}

// Either side sends what the other lists, and numbers need not be the same in both lists.
static void message_pts(const struct line *l, struct dp_msg_media *msg)
{
	for (int s = 0; s < SIDES; s++) {
		const struct half *h = &l->half[s];

		for (unsigned int i = 0; i < h->n_pts; i++) {
			if (memchr(msg->pts, h->pts[i], msg->n_pts) != NULL)
				continue;
			if (msg->n_pts == DP_MEDIA_PTS_MAX) {
				msg->n_pts = 0;
				return;
			}
			msg->pts[msg->n_pts++] = h->pts[i];
		}
		if (h->n_pts == 0) { // more than could be listed
			msg->n_pts = 0;
			return;
		}
	}
}

static void message_fill(const struct line *l, struct dp_msg *msg)
{
	for (int s = 0; s < SIDES; s++) {
		const struct half *me = &l->half[s], *other = &l->half[side_other(s)];
		struct dp_media_leg *leg = &msg->media.leg[s];

		leg->remote = me->remote;
		leg->rx_allowed = may_send(me) && may_receive(other);
		leg->tx_allowed = may_send(other) && may_receive(me);
	}
	msg->media.leg[SIDE_OUTSIDE].suite = dp_suite(l->tx.suite);
	msg->media.leg[SIDE_OUTSIDE].mki_len = l->rx.mki_len;
	memcpy(msg->media.leg[SIDE_OUTSIDE].rx_key, l->rx.key, DP_SRTP_KEY_LEN);
	memcpy(msg->media.leg[SIDE_OUTSIDE].tx_key, l->tx.key, DP_SRTP_KEY_LEN);
	message_pts(l, &msg->media);
	msg->media.clock_hz = l->clock_hz;
}

static enum counter_id answer_line(struct session *s, enum side from, const struct sdp *sdp,
	size_t i, struct session_plan *plan)
{
	const struct sdp_media *m = &sdp->media[i];
	struct offered *o = &s->offer[i];
	struct line *l = &s->line[i];
	enum side to = side_other(from);
	enum counter_id why = CNT_NONE;
	struct dp_msg msg;
	struct sdes tx;
	int err;

	tx = o->tx[0];
	if (from == SIDE_OUTSIDE)
		why = answer_keys(m, o, &tx);
	if (why != CNT_NONE)
		goto out;
	l->half[to] = o->half;
	half_from(s, from, sdp, m, &l->half[from]);
	l->rx = o->rx;
	l->tx = tx;
	str_copy(m->codec, l->codec, sizeof(l->codec));
	l->pt = m->n_pts > 0 ? m->pts[0] : 0;
	l->clock_hz = m->clock_hz;
	l->audio = m->type == SDP_AUDIO;
	memset(&msg, 0, sizeof(msg));
	message_fill(l, &msg);
	err = mta_set(s->env->mta, l->stream.id, &msg);
	OPENSSL_cleanse(&msg, sizeof(msg));
	if (err != 0) {
		why = CNT_MEDIA_REFUSED;
		goto out;
	}
	l->live = true;
	plan->plan.media[i].port = l->stream.local[to].port;
	plan->plan.media[i].secure = to == SIDE_OUTSIDE;
	if (to == SIDE_OUTSIDE)
		plan_crypto(plan, i, &tx, 1);
out:
	OPENSSL_cleanse(&tx, sizeof(tx));
	return why;
}

enum counter_id session_answer(
	struct session *s, enum side from, const struct sdp *sdp, struct session_plan *plan)
{
	enum counter_id why = CNT_NONE;

	memset(plan, 0, sizeof(*plan));
	if (!s->offered || s->offerer == from)
		return CNT_SDP_UNEXPECTED;
	if (sdp->n_media != s->n_offer)
		return CNT_SDP_ANSWER;
	same_version(s, from, sdp);
	if (!plan_local(s, side_other(from), &plan->plan.local))
		return CNT_MEDIA_PORTS_FULL;
	for (size_t i = 0; i < sdp->n_media && i < CALL_STREAMS_MAX && why == CNT_NONE; i++) {
		if (s->offer[i].active && sdp_media_relayable(&sdp->media[i]))
			why = answer_line(s, from, sdp, i, plan);
		else if (s->line[i].live)
			line_release(s, &s->line[i]); // ended by this offer or its answer
	}
	if (why == CNT_NONE) {
		s->answered = true;
		s->n_lines = sdp->n_media < CALL_STREAMS_MAX ? sdp->n_media : CALL_STREAMS_MAX;
	}
	return why;
}

void session_rollback(struct session *s)
{
	s->offered = false;
	OPENSSL_cleanse(s->offer, sizeof(s->offer));
}

bool session_pending(const struct session *s, enum side from)
{
	return s->offered && !s->answered && s->offerer == from;
}

bool session_inside_secure(const struct session *s)
{
	return s->inside_secure;
}

bool session_live(const struct session *s)
{
	for (size_t i = 0; i < s->n_lines; i++) {
		if (s->line[i].live)
			return true;
	}
	return false;
}

size_t session_streams(const struct session *s, struct call_stream_info out[CALL_STREAMS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < CALL_STREAMS_MAX; i++) {
		const struct line *l = &s->line[i];
		const struct offered *o = &s->offer[i];

		if (!l->allocated)
			continue;
		out[n] = (struct call_stream_info){
			.stream = l->stream.id,
			.live = l->live,
			.local_key_set = l->live || o->n_tx > 0,
			.remote_key_set = l->live || (o->active && s->offerer == SIDE_OUTSIDE),
			.audio = l->audio,
			.codec = l->codec,
			.payload_type = l->pt,
		};
		for (int side = 0; side < SIDES; side++) {
			out[n].local[side] = l->stream.local[side];
			out[n].remote[side] = l->half[side].remote;
			out[n].sends[side] = may_send(&l->half[side]);
			out[n].hears[side] = may_receive(&l->half[side]);
		}
		mta_describe(s->env->mta, l->stream.id, &out[n]);
		if (!l->live && o->active)
			out[n].remote[s->offerer] = o->half.remote;
		n++;
	}
	return n;
}
