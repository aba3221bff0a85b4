// SPDX-License-Identifier: BSD-3-Clause
// What `show uc-ime media-sessions` and `show media CALL-ID` answer; see show_ime.h.
#include <stdio.h>

#include "cp/call.h"
#include "cp/ime.h"
#include "cp/media_why.h"
#include "cp/show_ime.h"
#include "dp/dp.h"

#define S_NS  1000000000ull
#define MS_NS 1000000ull

// ---- One leg ------------------------------------------------------------------------------------

static const char *direction(const struct call_stream_info *st, enum side side)
{
	static const char *const names[2][2] = {{"inactive", "recvonly"}, {"sendonly", "sendrecv"}};

	return names[st->sends[side]][st->hears[side]];
}

static void leg_stats(cJSON *j, const struct dp_leg_stats *s, uint64_t now_ns)
{
	show_u64(j, "tx_packets", s->tx_packets);
	show_u64(j, "tx_octets", s->tx_octets);
	show_u64(j, "tx_rtcp", s->tx_rtcp);
	show_u64(j, "tx_waiting", s->tx_waiting);
	show_u64(j, "rx_packets", s->rx_packets);
	show_u64(j, "rx_octets", s->rx_octets);
	show_u64(j, "rx_rtcp", s->rx_rtcp);
	show_u64(j, "rx_lost", s->rx_lost);
	show_u64(j, "jitter_us", s->jitter_us);
	show_u64(j, "rx_bad_source", s->rx_bad_source);
	show_u64(j, "rx_auth_failed", s->rx_auth_failed);
	show_u64(j, "rx_replayed", s->rx_replayed);
	show_u64(j, "rx_late", s->rx_late);
	show_u64(j, "rx_malformed", s->rx_malformed);
	show_u64(j, "rx_bad_pt", s->rx_bad_pt);
	show_u64(j, "rx_on_hold", s->rx_on_hold);
	show_u64(j, "rx_rtcp_dropped", s->rx_rtcp_dropped);
	cJSON_AddNumberToObject(j, "payload_type", s->last_pt);
	if (s->last_rx_ns != 0 && now_ns >= s->last_rx_ns)
		show_u64(j, "last_rx_ms", (now_ns - s->last_rx_ns) / MS_NS);
	if (s->latched)
		show_endpoint(j, "latched", &s->remote);
}

// One leg is one media session, as in the manual: outside first, then inside.
static cJSON *leg_json(const struct call_info *c, const struct call_stream_info *st, enum side side,
	const struct dp_leg_stats *stats, uint64_t now_ns)
{
	enum side other = side_other(side);
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "side", side_name(side));
	show_endpoint(j, "local", &st->local[side]);
	show_endpoint(j, "remote", &st->remote[side]);
	show_endpoint(j, "client", &st->remote[other]);
	cJSON_AddBoolToObject(
		j, "srtp", st->live ? st->suite[side] != DP_SRTP_NONE : side == SIDE_OUTSIDE);
	cJSON_AddStringToObject(j, "suite", media_suite_name(st->suite[side]));
	cJSON_AddBoolToObject(j, "passthrough", st->passthrough);
	cJSON_AddStringToObject(j, "direction", direction(st, side));
	cJSON_AddBoolToObject(j, "hold", !st->sends[side] || !st->hears[other]);
	cJSON_AddBoolToObject(j, "one_way", c->one_way && c->silent == side && st->audio);
	cJSON_AddNumberToObject(j, "refcnt", st->live ? 2 : 1); // the call, and the worker
	show_u64(j, "rx_rate", st->rate[side][MEDIA_RX]);
	show_u64(j, "tx_rate", st->rate[side][MEDIA_TX]);
	leg_stats(j, stats, now_ns);
	return j;
}

static void stats_of(const struct call_stream_info *st, struct dp_media_stats *out)
{
	*out = (struct dp_media_stats){0};
	if (st->live)
		dp_media_stats(st->stream, out);
}

// ---- All sessions -------------------------------------------------------------------------------

struct visit {
	const struct show *s;
	cJSON *list;
};

static void visit_media(const struct call_info *c, void *arg)
{
	struct visit *v = arg;
	uint64_t now_ns = v->s->mono_ns();

	for (size_t i = 0; i < c->n_streams; i++) {
		const struct call_stream_info *st = &c->streams[i];
		struct dp_media_stats stats;
		cJSON *j;

		stats_of(st, &stats);
		j = leg_json(c, st, SIDE_OUTSIDE, &stats.leg[SIDE_OUTSIDE], now_ns);
		show_str(j, "call_id", c->call_id);
		show_str(j, "session_id", c->session_id);
		cJSON_AddItemToArray(v->list, j);
		cJSON_AddItemToArray(
			v->list, leg_json(c, st, SIDE_INSIDE, &stats.leg[SIDE_INSIDE], now_ns));
	}
}

cJSON *show_media(const struct show *s, const struct ask *ask)
{
	struct ime_usage u = {0};
	cJSON *j = cJSON_CreateObject();
	struct visit v = {.s = s};

	ime_usage(s->ime, &u);
	show_u64(j, "in_use", SIDES * (uint64_t)u.media_in_use);
	show_u64(j, "most_used", SIDES * (uint64_t)u.media_most_used);
	v.list = cJSON_AddArrayToObject(j, "sessions");
	call_foreach(ime_calls(s->ime), visit_media, &v);
	return j;
}

cJSON *show_media_clear(const struct show *s, const struct ask *ask)
{
	ime_media_clear(s->ime);
	return cJSON_CreateTrue();
}

// ---- One call, explained ------------------------------------------------------------------------

struct search {
	const struct show *s;
	struct str wanted;
	size_t exact, begins;
	cJSON *list;
};

static enum media_why add_direction(
	const struct search *q, const struct call_info *c, struct media_flow *f, cJSON *list)
{
	enum side to = side_other(f->from);
	cJSON *j = cJSON_CreateObject();
	enum media_why w;
	char text[700];

	f->hop_unknown = f->info->remote[to].port != 0 && q->s->resolved != NULL &&
		!q->s->resolved(q->s->resolved_arg, c->iface[to], &f->info->remote[to].ip);
	w = media_why(f);
	media_why_text(f, w, text, sizeof(text));
	cJSON_AddStringToObject(j, "from", side_name(f->from));
	cJSON_AddStringToObject(j, "to", side_name(to));
	cJSON_AddStringToObject(j, "why", media_why_name(w));
	show_str(j, "text", str_from(text)); // it may name the peer's codec
	cJSON_AddItemToArray(list, j);
	return w;
}

static void add_stream(const struct search *q, const struct call_info *c, size_t i, cJSON *list)
{
	const struct call_stream_info *st = &c->streams[i];
	struct dp_media_stats stats;
	struct media_flow f = {.info = st, .stats = &stats, .now_ns = q->s->mono_ns()};
	cJSON *j = cJSON_CreateObject(), *directions, *legs;
	enum media_why w[SIDES];

	stats_of(st, &stats);
	cJSON_AddStringToObject(j, "media", st->audio || !st->live ? "audio" : "video");
	show_str(j, "codec", str_from(st->codec));
	directions = cJSON_CreateArray();
	legs = cJSON_CreateArray();
	for (int side = 0; side < SIDES; side++) {
		f.from = (enum side)side;
		w[side] = add_direction(q, c, &f, directions);
		cJSON_AddItemToArray(
			legs, leg_json(c, st, (enum side)side, &stats.leg[side], f.now_ns));
	}
	cJSON_AddStringToObject(j, "verdict", media_why_both(w));
	cJSON_AddItemToObject(j, "directions", directions);
	cJSON_AddItemToObject(j, "legs", legs);
	cJSON_AddItemToArray(list, j);
}

static void add_call(const struct search *q, const struct call_info *c)
{
	cJSON *j = cJSON_CreateObject(), *streams;
	bool key_low = false;

	for (size_t i = 0; i < c->n_streams; i++)
		key_low |= c->streams[i].key_low;
	show_str(j, "call_id", c->call_id);
	cJSON_AddStringToObject(j, "state", call_state_name(c->state));
	show_u64(j, "age_s", (q->s->mono_ns() - c->started_ns) / S_NS);
	cJSON_AddBoolToObject(j, "key_low", key_low);
	streams = cJSON_AddArrayToObject(j, "streams");
	for (size_t i = 0; i < c->n_streams; i++)
		add_stream(q, c, i, streams);
	cJSON_AddItemToArray(q->list, j);
}

static void count_matches(const struct call_info *c, void *arg)
{
	struct search *q = arg;

	q->exact += str_eq(c->call_id, q->wanted);
	q->begins += str_has_prefix(c->call_id, q->wanted);
}

static void visit_match(const struct call_info *c, void *arg)
{
	struct search *q = arg;

	if (q->exact > 0 ? str_eq(c->call_id, q->wanted) : str_has_prefix(c->call_id, q->wanted))
		add_call(q, c);
}

cJSON *show_media_call(const struct show *s, const struct ask *ask)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(ask->args, "call_id");
	struct search q = {.s = s, .wanted = str_from(cJSON_GetStringValue(id))};

	if (q.wanted.n == 0) {
		snprintf(ask->err, ask->err_size, "a Call-ID is needed, or how it begins");
		return NULL;
	}
	call_foreach(ime_calls(s->ime), count_matches, &q);
	if (q.begins == 0) {
		snprintf(ask->err, ask->err_size,
			"no call has a Call-ID that begins with %.*s; callgate show uc-ime "
			"signaling-sessions lists the calls",
			(int)(q.wanted.n < 80 ? q.wanted.n : 80), q.wanted.p);
		return NULL;
	}
	if (q.exact == 0 && q.begins > 1) {
		snprintf(ask->err, ask->err_size,
			"%zu calls have a Call-ID that begins with %.*s; give more of it (callgate "
			"show "
			"uc-ime signaling-sessions lists them)",
			q.begins, (int)(q.wanted.n < 80 ? q.wanted.n : 80), q.wanted.p);
		return NULL;
	}
	q.list = cJSON_CreateArray();
	call_foreach(ime_calls(s->ime), visit_match, &q);
	return q.list;
}
