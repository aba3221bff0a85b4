// SPDX-License-Identifier: BSD-3-Clause
#include "cp/session.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "cp/log.h"
#include "cp/media_why.h"
#include "cp/priv.h"
#include "cp/session_state.h"

// 1.3: what passes through is no SRTP session. An offer without its answer may come to be one, and
// so may a call that nobody has described yet: they count, so that nothing has to be refused later.
void session_recount(struct session *s)
{
	uint32_t n = s->n_lines == 0;

	for (size_t i = 0; i < s->n_lines; i++)
		n += s->line[i].allocated && !(s->line[i].live && s->line[i].passthrough);
	mta_srtp(s->env->mta, (int32_t)(n - s->n_srtp));
	s->n_srtp = n;
}

struct session *session_new(
	const struct session_env *env, const uint16_t iface[SIDES], bool inside_secure)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->env = env;
	s->inside_secure = s->inside_srtp = inside_secure;
	s->level = env->cfg->fallback.default_level;
	memcpy(s->iface, iface, sizeof(s->iface));
	session_recount(s);
	return s;
}

void session_enforce_payloadtype(struct session *s)
{
	s->enforce_payloadtype = true;
}

void session_own(struct session *s, uint64_t owner, const char *call_id)
{
	s->owner = owner;
	s->call_id = call_id;
}

static void offer_free(struct session *s)
{
	OPENSSL_secure_clear_free(s->offer, s->n_offer * sizeof(*s->offer));
	s->offer = NULL;
	s->n_offer = 0;
	s->offered = false;
}

static void lines_free(struct session *s)
{
	OPENSSL_secure_clear_free(s->line, s->n_lines * sizeof(*s->line));
}

static void line_release(struct session *s, struct line *l)
{
	if (l->allocated) {
		media_add(l, &s->past);
		mta_release(s->env->mta, l->stream.id);
	}
	OPENSSL_cleanse(l, sizeof(*l));
}

void session_free(struct session *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_lines; i++)
		line_release(s, &s->line[i]);
	mta_srtp(s->env->mta, -(int32_t)s->n_srtp);
	lines_free(s);
	offer_free(s);
	free(s);
}

// Most calls have one line, so that is all they pay for.
static bool lines_grow(struct session *s, size_t n)
{
	struct line *more;

	if (n <= s->n_lines)
		return true;
	more = OPENSSL_secure_zalloc(n * sizeof(*more));
	if (more == NULL)
		return false;
	if (s->n_lines > 0)
		memcpy(more, s->line, s->n_lines * sizeof(*more));
	lines_free(s);
	s->line = more;
	s->n_lines = n;
	return true;
}

// Ports of lines that came to nothing.
static void lines_settle(struct session *s)
{
	for (size_t i = 0; i < s->n_lines; i++) {
		if (!s->line[i].live)
			line_release(s, &s->line[i]);
	}
}

// Remembers o= and says whether it is the one that side sent last.
static bool same_version(struct session *s, enum side from, const struct sdp *sdp)
{
	char now[sizeof(s->version[0])];
	bool same;

	snprintf(now, sizeof(now), "%.*s %.*s", STR_FMT(sdp->session_id),
		STR_FMT(sdp->session_version));
	same = strcmp(now, s->version[from]) == 0;
	memcpy(s->version[from], now, sizeof(now));
	return same;
}

static void resolve(const struct session *s, enum side side, const struct endpoint *ep)
{
	if (ep->port != 0 && s->env->resolve != NULL)
		s->env->resolve(s->env->resolve_arg, s->iface[side], &ep->ip);
}

static uint8_t event_pt(const struct sdp_media *m)
{
	unsigned int pt = sdp_media_event_pt(m);

	return pt < SDP_PT_END ? (uint8_t)pt : RMA_NO_EVENT;
}

static void half_from(const struct session *s, enum side side, const struct sdp *sdp,
	const struct sdp_media *m, struct half *out)
{
	out->remote = sdp_media_remote(sdp, m);
	out->rtcp = sdp_media_remote_rtcp(sdp, m);
	out->dir = m->dir;
	sdp_media_pts(m, s->enforce_payloadtype, out->pts);
	out->event_pt = event_pt(m);
	resolve(s, side, &out->remote);
	if (!ip_eq(&out->rtcp.ip, &out->remote.ip))
		resolve(s, side, &out->rtcp);
}

// All streams of a call are on the same addresses: its c= speaks for all.
static const struct mta_stream *some_stream(const struct session *s)
{
	for (size_t i = 0; i < s->n_lines; i++) {
		if (s->line[i].allocated)
			return &s->line[i].stream;
	}
	return NULL;
}

// What holds for a description as a whole. False: no media-termination address.
bool plan_session(const struct session *s, enum side to, struct sdp_plan *plan)
{
	const struct mta_stream *stream = some_stream(s);

	plan->rtcp = s->env->cfg->rtcp_relay;
	plan->h264 = !s->env->cfg->parity_strict;
	if (stream != NULL)
		plan->local = stream->local[to].ip;
	return stream != NULL || mta_local(s->env->mta, s->iface[to], &plan->local) == 0;
}

static bool relayable(const struct session *s, const struct sdp_media *m)
{
	return sdp_media_relayable(m, !s->env->cfg->parity_strict);
}

static bool offers_mux(const struct session *s, const struct sdp_media *m)
{
	return s->env->cfg->rtcp_relay && sdp_media_has(m, STR_LIT("rtcp-mux"));
}

static bool line_take(struct session *s, enum side from, struct line *l)
{
	if (mta_alloc(s->env->mta, s->iface, some_stream(s), &l->stream) != 0)
		return false;
	mta_own(s->env->mta, l->stream.id, s->owner);
	l->allocated = true;
	log_event(MEDIA_PREALLOCATED, log_text("call_id", s->call_id),
		log_text("offer", side_name(from)), log_u64("stream", l->stream.id),
		log_endpoint("outside", &l->stream.local[SIDE_OUTSIDE]),
		log_endpoint("inside", &l->stream.local[SIDE_INSIDE]));
	return true;
}

static enum counter_id offer_line(struct session *s, enum side from, const struct sdp *sdp,
	size_t i, bool same, struct offered *o, struct session_plan *plan)
{
	const struct sdp_media *m = &sdp->media[i];
	struct line *l = &s->line[i];
	enum counter_id why;

	if (!l->allocated && !line_take(s, from, l))
		return CNT_MEDIA_PORTS_FULL;
	half_from(s, from, sdp, m, &o->half);
	why = crypto_offer(s, i, m, same, o);
	if (why != CNT_NONE)
		return why;
	o->active = true;
	o->mux = offers_mux(s, m);
	plan->plan.media[i].port = l->stream.local[side_other(from)].port;
	plan->plan.media[i].mux = o->mux;
	crypto_plan_offer(s, i, plan, o);
	return CNT_NONE;
}

static enum counter_id offer(struct session *s, enum side from, struct session_request of,
	const struct sdp *sdp, struct session_plan *plan)
{
	bool same = same_version(s, from, sdp);
	// In another response to the same request, when it was answered already, it says nothing new.
	bool repeated = same && s->answered && s->offerer == from && session_offer_is_of(s, of);
	size_t size = (sdp->n_media > 0 ? sdp->n_media : 1) * sizeof(struct offered);
	struct offered *next = OPENSSL_secure_zalloc(size);
	const bool offered = s->offered, pending = offered && !s->answered;
	const enum side offerer = s->offerer;
	enum counter_id why = CNT_NONE;

	memset(plan, 0, sizeof(*plan));
	// What is kept of the last offer concerns this one only as its repetition.
	if (s->offerer != from || (s->answered && !repeated))
		s->offered = false;
	s->offerer = from;
	if (next == NULL || !lines_grow(s, sdp->n_media))
		why = CNT_MEDIA_PORTS_FULL;
	for (size_t i = 0; i < sdp->n_media && why == CNT_NONE; i++) {
		next[i].secure = sdp_proto_secure(sdp->media[i].proto);
		plan->plan.media[i].secure = from == SIDE_INSIDE || s->inside_srtp;
		if (relayable(s, &sdp->media[i]))
			why = offer_line(s, from, sdp, i, same, &next[i], plan);
	}
	if (why == CNT_NONE && !plan_session(s, side_other(from), &plan->plan))
		why = CNT_MEDIA_PORTS_FULL;
	if (why != CNT_NONE) {
		OPENSSL_secure_clear_free(next, size);
		s->offered = offered;
		s->offerer = offerer;
		if (!pending)
			lines_settle(s);
		return why;
	}
	offer_free(s);
	s->offer = next;
	s->n_offer = sdp->n_media;
	s->offered = true;
	s->answered = repeated;
	s->offer_of = of;
	s->n_offers++;
	return CNT_NONE;
}

enum counter_id session_offer(struct session *s, enum side from, struct session_request of,
	const struct sdp *sdp, struct session_plan *plan)
{
	enum counter_id why = offer(s, from, of, sdp, plan);

	session_recount(s);
	return why;
}

enum counter_id answer_line(const struct session *s, enum side from, const struct sdp *sdp,
	size_t i, struct line *l, struct session_plan *plan)
{
	const struct sdp_media *m = &sdp->media[i];
	const struct offered *o = &s->offer[i];
	enum side to = side_other(from);
	enum counter_id why;

	plan->plan.media[i].secure = o->secure;
	if (!answer_relayed(s, sdp, i)) {
		l->live = false;
		return CNT_NONE;
	}
	why = crypto_answer(s, from, m, o, l);
	if (why != CNT_NONE)
		return why;
	l->half[to] = o->half;
	half_from(s, from, sdp, m, &l->half[from]);
	l->mux = o->mux && offers_mux(s, m);
	str_copy(m->codec, l->codec, sizeof(l->codec));
	l->pt = m->n_pts > 0 ? m->pts[0] : 0;
	l->clock_hz = m->clock_hz;
	l->audio = m->type == SDP_AUDIO;
	l->live = true;
	plan->plan.media[i].port = l->stream.local[to].port;
	plan->plan.media[i].mux = l->mux;
	crypto_plan_answer(from, i, plan, l);
	return CNT_NONE;
}

bool answer_relayed(const struct session *s, const struct sdp *sdp, size_t i)
{
	return s->offer[i].active && s->line[i].allocated && relayable(s, &sdp->media[i]);
}

// A line without media: for good when the offer had none either; else another answer to the same
// offer, by another fork, may still want the ports that the offer named.
static void line_ends(struct session *s, size_t i, bool was_live)
{
	struct line *l = &s->line[i];

	if (!s->offer[i].active)
		line_release(s, l);
	else if (was_live)
		media_close(s, l);
}

enum counter_id answer_check(const struct session *s, enum side from, const struct sdp *sdp)
{
	if (!s->offered || s->offerer == from)
		return CNT_SDP_UNEXPECTED;
	return sdp->n_media == s->n_offer ? CNT_NONE : CNT_SDP_ANSWER;
}

static enum counter_id answer_take(struct session *s, enum side from, const struct sdp *sdp,
	size_t i, struct session_plan *plan)
{
	struct line *l = &s->line[i];
	bool was_live = l->live;
	enum counter_id why = answer_line(s, from, sdp, i, l, plan);

	if (why == CNT_NONE && !l->live)
		line_ends(s, i, was_live);
	else if (why == CNT_NONE && media_set(s, l) != 0)
		why = CNT_MEDIA_REFUSED;
	if (why != CNT_NONE)
		l->live = was_live;
	return why;
}

static enum counter_id answer(
	struct session *s, enum side from, const struct sdp *sdp, struct session_plan *plan)
{
	enum counter_id why = answer_check(s, from, sdp);

	memset(plan, 0, sizeof(*plan));
	if (why != CNT_NONE)
		return why;
	same_version(s, from, sdp);
	if (!plan_session(s, side_other(from), &plan->plan))
		return CNT_MEDIA_PORTS_FULL;
	for (size_t i = 0; i < sdp->n_media && why == CNT_NONE; i++)
		why = answer_take(s, from, sdp, i, plan);
	if (why != CNT_NONE)
		return why;
	for (size_t i = sdp->n_media; i < s->n_lines; i++)
		line_release(s, &s->line[i]);
	s->answered = true;
	s->rtp_tried = false;
	return CNT_NONE;
}

enum counter_id session_answer(
	struct session *s, enum side from, const struct sdp *sdp, struct session_plan *plan)
{
	enum counter_id why = answer(s, from, sdp, plan);

	session_recount(s);
	return why;
}

bool session_offer_is_of(const struct session *s, struct session_request of)
{
	return s->offered && s->offer_of.from == of.from && s->offer_of.cseq == of.cseq;
}

void session_rollback(struct session *s, struct session_request of)
{
	if (!session_offer_is_of(s, of))
		return;
	s->inside_srtp |= s->rtp_tried;
	s->rtp_tried = false;
	offer_free(s);
	lines_settle(s);
	session_recount(s);
}

static void tell_again(struct session *s)
{
	for (size_t i = 0; i < s->n_lines; i++)
		if (s->line[i].live)
			media_set(s, &s->line[i]);
}

void session_confirm(struct session *s)
{
	if (s->confirmed)
		return;
	s->confirmed = true;
	tell_again(s); // refused: it still waits to be spoken to
}

void session_talk(struct session *s)
{
	if (s->talking)
		return;
	s->talking = true;
	tell_again(s);
}

void session_sensitivity(struct session *s, uint8_t level)
{
	s->level = level;
	tell_again(s);
}

void session_settle(struct session *s)
{
	if (s->answered)
		lines_settle(s);
	session_recount(s);
}

bool session_pending(const struct session *s, enum side from)
{
	return s->offered && !s->answered && s->offerer == from;
}

bool session_answered(const struct session *s)
{
	return s->answered;
}

bool session_inside_secure(const struct session *s)
{
	return s->inside_secure;
}

bool session_plan_rtp(const struct session *s, const struct sdp *sent, struct session_plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	for (size_t i = 0; i < sent->n_media; i++) {
		plan->plan.media[i].port = sent->media[i].port;
		plan->plan.media[i].mux = true; // it is there only if it may be
	}
	return plan_session(s, SIDE_INSIDE, &plan->plan);
}

void session_offer_rtp(struct session *s)
{
	s->inside_srtp = false;
	s->rtp_tried = true;
}

bool session_offers_srtp(const struct session *s)
{
	return s->inside_srtp;
}

void session_key_low(struct session *s, const struct dp_msg_key *key)
{
	enum side from = key->tx ? side_other((enum side)key->leg) : (enum side)key->leg;

	for (size_t i = 0; i < s->n_lines; i++) {
		if (s->line[i].allocated && s->line[i].stream.id == key->stream)
			s->line[i].key_low[from] = true;
	}
}

size_t session_secure_size(size_t lines)
{
	// A new offer stands beside the old one for a moment, and arrays are rounded up.
	return lines *
		(priv_key_block(sizeof(struct line)) + priv_key_block(2 * sizeof(struct offered)));
}
