// SPDX-License-Identifier: BSD-3-Clause
// What `show uc-ime media-sessions` and `show media CALL-ID` answer; see show_ime.h.
#include <stdio.h>

#include "cp/call.h"
#include "cp/ime.h"
#include "cp/media_why.h"
#include "cp/netlink.h"
#include "cp/show_ime.h"
#include "dp/dp.h"
#include "lib/voice_quality.h"

#define S_NS  1000000000ull
#define MS_NS 1000000ull

// ---- One leg ------------------------------------------------------------------------------------

static const char *direction(const struct call_stream_info *st, enum side side)
{
	static const char *const names[2][2] = {{"inactive", "recvonly"}, {"sendonly", "sendrecv"}};

	return names[st->sends[side]][st->hears[side]];
}

// What this side says, by RTCP, of what it hears.
static void add_report(
	cJSON *j, const struct call_stream_info *st, const struct dp_leg_stats *s, uint64_t now_ns)
{
	const struct rtcp_report *r = &s->report;
	uint32_t clock_hz = st->clock_hz;
	cJSON *o;

	if (s->report_ns == 0 || now_ns < s->report_ns)
		return;
	o = cJSON_AddObjectToObject(j, "report");
	show_u64(o, "age_ms", (now_ns - s->report_ns) / MS_NS);
	if (r->heard) {
		show_u64(o, "lost_pct_x100", r->fraction_lost * 10000 / 256);
		cJSON_AddNumberToObject(o, "lost", r->lost);
		if (clock_hz != 0)
			show_u64(o, "jitter_us", (uint64_t)r->jitter * 1000000 / clock_hz);
	}
	if (s->round_trip_us != 0)
		show_u64(o, "round_trip_us", s->round_trip_us);
	if (r->metrics) {
		show_u64(o, "loss_rate_pct_x100", r->loss_rate * 10000 / 256);
		show_u64(o, "discard_rate_pct_x100", r->discard_rate * 10000 / 256);
	}
	if (r->metrics && r->mos_lq_x10 != RTCP_XR_UNKNOWN)
		show_u64(o, "mos_lq_x10", r->mos_lq_x10);
	if (r->metrics && r->mos_cq_x10 != RTCP_XR_UNKNOWN)
		show_u64(o, "mos_cq_x10", r->mos_cq_x10);
	if (r->metrics && r->r_factor != RTCP_XR_UNKNOWN)
		show_u64(o, "r_factor", r->r_factor);
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
	show_u64(j, "rx_many_sources", s->rx_many_sources);
	show_u64(j, "rx_bad_checksum", s->rx_bad_checksum);
	show_u64(j, "rx_on_hold", s->rx_on_hold);
	show_u64(j, "rx_rtcp_dropped", s->rx_rtcp_dropped);
	cJSON_AddNumberToObject(j, "payload_type", s->last_pt);
	if (s->last_rx_ns != 0 && now_ns >= s->last_rx_ns)
		show_u64(j, "last_rx_ms", (now_ns - s->last_rx_ns) / MS_NS);
	if (s->latched)
		show_endpoint(j, "latched", &s->remote);
}

// The RTP monitoring block, by the manual's names and in its order.
static void add_monitoring(cJSON *j, const struct call_info *c, const struct rma_counters *q)
{
	cJSON *m = cJSON_AddObjectToObject(j, "monitoring");

	show_u64(m, "Failover_state", c->fallback_state);
	show_u64(m, "Sum_all_packets", q->sum_all_packets);
	show_u64(m, "Codec_payload_format", q->payload_type);
	show_u64(m, "RTP_ptime_ms", q->ptime_ms);
	show_u64(m, "Max_RBLR_pct_x100", q->max_rblr_pct_x100);
	show_u64(m, "Max_ITE_count_in_8_sec", q->max_ite_8s);
	show_u64(m, "Max_BLS_ms", q->max_bls_ms);
	show_u64(m, "Max_PDV_usec", q->max_pdv_us);
	show_u64(m, "Min_PDV_usec", q->min_pdv_us);
	show_u64(m, "Mov_avg_PDV_usec", q->avg_pdv_us);
	show_u64(m, "Total_ITE_count", q->total_ite);
	show_u64(m, "Total_sec_count", q->total_sec);
	show_u64(m, "Concealed_sec_count", q->concealed_sec);
	show_u64(m, "Severely_concealed_sec_count", q->severely_concealed_sec);
	show_u64(m, "Max_call_interval_ms", q->max_call_interval_ms);
	show_u64(m, "Total_SequenceNumber_Resets", q->seq_resets);
}

// What a voice engineer asks for beyond it.
static void add_voice(cJSON *j, const struct call_info *c, const struct call_stream_info *st,
	const struct rma_counters *q)
{
	const struct voice_codec *codec = voice_codec_find(str_from(st->codec));
	struct voice_path path = voice_path_whole(q, c->delay_ms);
	cJSON *v = cJSON_AddObjectToObject(j, "voice");
	struct rma_bursts b;

	rma_bursts(q, &b);
	show_u64(v, "sensitivity", c->level);
	if (c->delay_ms != 0)
		show_u64(v, "delay_ms", c->delay_ms);
	if (codec != NULL) {
		struct voice_quality mos = voice_quality(codec, &path);

		show_u64(v, "mos_x100", mos.mos_x100);
		show_u64(v, "r_x100", mos.r_x100);
		cJSON_AddBoolToObject(v, "wideband", codec->wideband);
		cJSON_AddBoolToObject(v, "estimated", codec->estimated);
	}
	show_u64(v, "loss_pct_x100", b.loss_pct_x100);
	show_u64(v, "discard_pct_x100", b.discard_pct_x100);
	show_u64(v, "bursts", q->bursts);
	show_u64(v, "burst_ms", b.burst_ms);
	show_u64(v, "burst_density_pct_x100", b.burst_density_pct_x100);
	show_u64(v, "gap_ms", b.gap_ms);
	show_u64(v, "gap_density_pct_x100", b.gap_density_pct_x100);
}

static bool add_quality(cJSON *j, const struct call_info *c, const struct call_stream_info *st)
{
	struct rma_counters q;

	if (!st->live || dp_media_quality(st->stream, &q) < 0)
		return false;
	add_monitoring(j, c, &q);
	add_voice(j, c, st, &q);
	return true;
}

// One leg is one media session, as in the manual: outside first, then inside.
static cJSON *leg_json(const struct call_info *c, const struct call_stream_info *st, enum side side,
	const struct dp_leg_stats *stats, uint64_t now_ns)
{
	bool monitored;
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
	monitored = side == SIDE_OUTSIDE && add_quality(j, c, st);
	// The call, the worker and the monitoring.
	cJSON_AddNumberToObject(j, "refcnt", 1 + st->live + monitored);
	show_u64(j, "rx_rate", st->rate[side][MEDIA_RX]);
	show_u64(j, "tx_rate", st->rate[side][MEDIA_TX]);
	leg_stats(j, stats, now_ns);
	add_report(j, st, stats, now_ns);
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
	show_call_fn *add;
	cJSON *list;
};

static enum media_why add_direction(
	const struct show *sh, const struct call_info *c, struct media_flow *f, cJSON *list)
{
	enum side to = side_other(f->from);
	cJSON *j = cJSON_CreateObject();
	enum media_why w;
	char text[700];

	f->hop_unknown = f->info->remote[to].port != 0 &&
		!netlink_resolved(sh->netlink, c->iface[to], &f->info->remote[to].ip);
	w = media_why(f);
	media_why_text(f, w, text, sizeof(text));
	cJSON_AddStringToObject(j, "from", side_name(f->from));
	cJSON_AddStringToObject(j, "to", side_name(to));
	cJSON_AddStringToObject(j, "why", media_why_name(w));
	show_str(j, "text", str_from(text)); // it may name the peer's codec
	cJSON_AddItemToArray(list, j);
	return w;
}

static void add_stream(const struct show *sh, const struct call_info *c, size_t i, cJSON *list)
{
	const struct call_stream_info *st = &c->streams[i];
	struct dp_media_stats stats;
	struct media_flow f = {.info = st, .stats = &stats, .now_ns = sh->mono_ns()};
	cJSON *j = cJSON_CreateObject(), *directions, *legs;
	enum media_why w[SIDES];

	stats_of(st, &stats);
	cJSON_AddStringToObject(j, "media", st->audio || !st->live ? "audio" : "video");
	show_str(j, "codec", str_from(st->codec));
	directions = cJSON_CreateArray();
	legs = cJSON_CreateArray();
	for (int side = 0; side < SIDES; side++) {
		f.from = (enum side)side;
		w[side] = add_direction(sh, c, &f, directions);
		cJSON_AddItemToArray(
			legs, leg_json(c, st, (enum side)side, &stats.leg[side], f.now_ns));
	}
	cJSON_AddStringToObject(j, "verdict", media_why_both(w));
	cJSON_AddItemToObject(j, "directions", directions);
	cJSON_AddItemToObject(j, "legs", legs);
	cJSON_AddItemToArray(list, j);
}

static void add_call(const struct show *sh, const struct call_info *c, cJSON *list)
{
	cJSON *j = cJSON_CreateObject(), *streams;
	bool key_low = false;

	for (size_t i = 0; i < c->n_streams; i++)
		key_low |= c->streams[i].key_low;
	show_str(j, "call_id", c->call_id);
	cJSON_AddStringToObject(j, "state", call_state_name(c->state));
	show_u64(j, "age_s", (sh->mono_ns() - c->started_ns) / S_NS);
	cJSON_AddBoolToObject(j, "key_low", key_low);
	streams = cJSON_AddArrayToObject(j, "streams");
	for (size_t i = 0; i < c->n_streams; i++)
		add_stream(sh, c, i, streams);
	cJSON_AddItemToArray(list, j);
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
		q->add(q->s, c, q->list);
}

cJSON *show_each_call(const struct show *s, const struct ask *ask, show_call_fn *add)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(ask->args, "call_id");
	struct search q = {.s = s, .wanted = str_from(cJSON_GetStringValue(id)), .add = add};

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

cJSON *show_media_call(const struct show *s, const struct ask *ask)
{
	return show_each_call(s, ask, add_call);
}
