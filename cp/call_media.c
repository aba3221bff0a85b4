// SPDX-License-Identifier: BSD-3-Clause
// Called by teardown_expired() each second; see call_media.h.
#include "cp/call_media.h"

#include "cp/log.h"
#include "cp/media_why.h"

#define S_NS      1000000000ull
#define NOT_HEARD UINT64_MAX
#define STALL_NS  500000000ull

// What one look at a call found.
struct look {
	struct call_stream_info streams[CALL_STREAMS_MAX];
	struct dp_media_stats stats[CALL_STREAMS_MAX];
	size_t n;
	uint64_t heard_ns[SIDES]; // of audio in a direction that is not on hold
	bool speaks[SIDES];       // has such a direction
	size_t audio;             // a stream that is such
};

// ---- Who is heard -------------------------------------------------------------------------------

static bool may_speak(const struct call_stream_info *i, enum side side)
{
	return i->live && i->sends[side] && i->hears[side_other(side)];
}

static void note_heard(struct call_media *m, struct look *l, size_t i)
{
	for (int side = 0; side < SIDES; side++) {
		uint64_t heard = l->stats[i].leg[side].last_rx_ns;

		if (!may_speak(&l->streams[i], (enum side)side))
			continue;
		if (m->busiest_ns == NOT_HEARD || heard > m->busiest_ns)
			m->busiest_ns = heard;
		if (heard < m->quietest_ns)
			m->quietest_ns = heard;
		if (!l->streams[i].audio)
			continue;
		l->speaks[side] = true;
		l->audio = i;
		if (heard > l->heard_ns[side])
			l->heard_ns[side] = heard;
	}
}

static void look_at(struct call *call, struct mta *mta, struct look *l, uint64_t now_ns)
{
	l->n = session_streams(call->session, l->streams);
	for (int side = 0; side < SIDES; side++) {
		l->heard_ns[side] = 0;
		l->speaks[side] = false;
	}
	call->media.busiest_ns = call->media.quietest_ns = NOT_HEARD;
	for (size_t i = 0; i < l->n; i++) {
		if (!l->streams[i].live)
			continue;
		mta_look(mta, l->streams[i].stream, &l->stats[i], now_ns);
		mta_describe(mta, l->streams[i].stream, &l->streams[i]); // with the new rates
		note_heard(&call->media, l, i);
	}
}

// ---- One-way audio ------------------------------------------------------------------------------

// Since when a side is silent. A worker may have heard it after `now_ns`.
static uint64_t silent_since(const struct call_media *m, const struct look *l, enum side side)
{
	return l->heard_ns[side] > m->both_ns ? l->heard_ns[side] : m->both_ns;
}

static void name_one_way(struct call *call, struct look *l, enum side silent,
	struct counters *counters, uint64_t now_ns)
{
	struct call_media *m = &call->media;
	struct media_flow f = {.info = &l->streams[l->audio],
		.stats = &l->stats[l->audio],
		.from = silent,
		.now_ns = now_ns};

	m->one_way = true;
	m->silent = silent;
	m->one_way_ns = silent_since(m, l, silent);
	count(counters, silent == SIDE_OUTSIDE ? CNT_ONE_WAY_OUTSIDE : CNT_ONE_WAY_INSIDE);
	log_event(ONE_WAY, log_text("call_id", call->call_id),
		log_text("silent", side_name(silent)),
		log_u64("silent_s", (now_ns - m->one_way_ns) / S_NS),
		log_text("why", media_why_short(media_why(&f))));
}

static void watch_one_way(struct call *call, struct look *l, uint64_t limit_ns,
	struct counters *counters, uint64_t now_ns)
{
	struct call_media *m = &call->media;
	bool both = call->state == CALL_UP && l->speaks[SIDE_OUTSIDE] && l->speaks[SIDE_INSIDE];
	bool silent[SIDES] = {false}, one_way;
	enum side who;

	if (!both)
		m->both_ns = 0;
	else if (m->both_ns == 0)
		m->both_ns = now_ns;
	for (int side = 0; both && side < SIDES; side++)
		silent[side] = now_ns >= silent_since(m, l, (enum side)side) + limit_ns;
	// The one that is not silent was heard of late: both may speak for longer than the limit.
	one_way = silent[SIDE_OUTSIDE] != silent[SIDE_INSIDE];
	who = silent[SIDE_OUTSIDE] ? SIDE_OUTSIDE : SIDE_INSIDE;
	if (one_way && !(m->one_way && m->silent == who))
		name_one_way(call, l, who, counters, now_ns);
	if (one_way || !m->one_way)
		return;
	m->one_way = false;
	if (both && !silent[m->silent])
		log_event(ONE_WAY_OVER, log_text("call_id", call->call_id),
			log_text("silent", side_name(m->silent)),
			log_u64("silent_s", (now_ns - m->one_way_ns) / S_NS));
}

// ---- Quality ------------------------------------------------------------------------------------

// Nothing is judged without a packet, so a stream that stalls is judged on demand. A full ring: with
// the next look.
static void judge_stalled(
	const struct call_stream_info *i, const struct dp_media_stats *stats, uint64_t now_ns)
{
	const struct dp_msg m = {.version = DP_MSG_VERSION,
		.type = DP_MSG_MEDIA_TICK,
		.media = {.stream = i->stream}};

	if (may_speak(i, SIDE_OUTSIDE) && stats->leg[SIDE_OUTSIDE].last_rx_ns + STALL_NS < now_ns)
		(void)dp_send(&m);
}

static bool is_worse(const struct rma_counters *a, const struct rma_counters *b)
{
	return a->bad != b->bad ? a->bad : a->bad_us > b->bad_us;
}

// As RTCP told: half of the way there and back, and the wait until it is played.
static uint32_t delay_ms(const struct dp_media_stats *stats, uint32_t playout_ms)
{
	uint32_t us = stats->leg[SIDE_OUTSIDE].round_trip_us;

	return us == 0 ? 0 : us / 2000 + playout_ms;
}

static void note_quality(
	struct call_media *m, const struct look *l, uint32_t playout_ms, uint64_t now_ns)
{
	struct rma_counters q;

	m->monitored = false;
	for (size_t i = 0; i < l->n; i++) {
		if (!l->streams[i].live || dp_media_quality(l->streams[i].stream, &q) < 0)
			continue;
		judge_stalled(&l->streams[i], &l->stats[i], now_ns);
		if (!m->monitored || is_worse(&q, &m->quality)) {
			m->quality = q;
			m->codec = voice_codec_find(str_from(l->streams[i].codec));
			m->delay_ms = delay_ms(&l->stats[i], playout_ms);
		}
		m->monitored = true;
	}
}

void call_media_look(struct call *call, struct mta *mta, const struct config_timeouts *t,
	uint32_t playout_ms, struct counters *counters, uint64_t now_ns)
{
	struct look l; // large, and mostly unused

	look_at(call, mta, &l, now_ns);
	if (call->state == CALL_UP)
		note_quality(&call->media, &l, playout_ms, now_ns);
	watch_one_way(call, &l, t->one_way_s * S_NS, counters, now_ns);
}
