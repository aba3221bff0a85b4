// SPDX-License-Identifier: BSD-3-Clause
// Messages between the control thread and a worker's relay: settings come into force, streams go,
// keys come to their end. Called by dp/worker.c and dp/media.c.
// Hot: runs on a worker.
#include "dp/media.h"

#include <string.h>

#include "dp/media_state.h"

// ---- Settings ----------------------------------------------------------------------------------

// A leg that is as before keeps what its packets have shown: where it has latched to, that it is
// who it says. A leg that is not begins anew. Either may have new sources: many a phone begins one
// with each resume, from the same port and with the same key.
static void set_source(struct media_flow *f, const struct media_setting_flow *s)
{
	struct media_flow *other = media_other(f);
	uint16_t keep = f->flags &
		(MEDIA_LATCHED | MEDIA_PROVEN | MEDIA_RTCP_PROVEN | MEDIA_OUT_PROVEN |
			MEDIA_OUT_RTCP_PROVEN);

	if (s->fresh) {
		keep &= MEDIA_OUT_PROVEN | MEDIA_OUT_RTCP_PROVEN;
		other->flags &= (uint16_t) ~(MEDIA_OUT_PROVEN | MEDIA_OUT_RTCP_PROVEN);
		f->stats.started = false;
	}
	f->n_ssrcs = 0;
	if (s->fresh || (s->flags & MEDIA_LATCH) == 0) {
		keep &= (uint16_t)~MEDIA_LATCHED;
		f->remote = s->remote;
		f->rtcp_remote = s->rtcp_remote;
		other->out_remote = other->rtcp_out_remote = 0; // see set_target()
	}
	f->flags = s->flags | keep;
}

static void set_contexts(struct media_flow *f, const struct media_setting_flow *s)
{
	if (f->rx != s->rx)
		f->told &= MEDIA_TX_WARNED | MEDIA_TX_ENDED;
	if (f->tx != s->tx)
		f->told &= MEDIA_RX_WARNED | MEDIA_RX_ENDED;
	f->rx = s->rx;
	f->tx = s->tx;
	f->rx_warn = s->rx_warn;
	f->key_in = 1; // ask with the next packet
}

// What the other leg's set_source() left alone stays.
static void set_target(struct media_flow *f, const struct media_setting_flow *s)
{
	f->out_local = s->out_local;
	if (f->out_remote == 0)
		f->out_remote = s->out_remote;
	if (f->rtcp_out_remote == 0)
		f->rtcp_out_remote = s->rtcp_out_remote;
}

static void use_setting(struct worker *w, uint32_t stream, const struct media_setting *s)
{
	struct media_stream *st = &w->media->shared.streams[stream];

	for (unsigned int i = 0; i < 2; i++) {
		set_source(&st->flow[i], &s->flow[i]);
		set_contexts(&st->flow[i], &s->flow[i]);
		memcpy(st->flow[i].pts, s->pts, sizeof(s->pts));
		st->flow[i].clock_hz = s->clock_hz;
	}
	for (unsigned int i = 0; i < 2; i++) {
		set_target(&st->flow[i], &s->flow[i]);
		__atomic_store_n(&st->flow[i].where, s->flow[i].where, __ATOMIC_RELAXED);
	}
	media_quality_set(w, stream, s);
}

static void forget(struct media_worker *mw, uint32_t stream)
{
	struct media_stream *st = &mw->shared.streams[stream];

	for (unsigned int i = 0; i < 2; i++)
		__atomic_store_n(&st->flow[i].where, 0, __ATOMIC_RELAXED);
	st->flow[0].next_gone = mw->gone;
	mw->gone = stream + 1;
}

void media_msg(struct worker *w, const struct dp_msg *m)
{
	struct media_worker *mw = w->media;

	if (m->type == DP_MSG_MEDIA_DEL) {
		forget(mw, m->media.stream);
		media_turn(w);
		return;
	}
	if (m->type == DP_MSG_MEDIA_TICK) {
		media_quality_tick(w, m->media.stream);
		return;
	}
	use_setting(w, m->media.stream, &mw->mailbox[mw->handled % MEDIA_MAILBOX]);
	// From here on the control thread may take back what this setting replaced.
	__atomic_store_n(&mw->handled, mw->handled + 1, __ATOMIC_RELEASE);
}

void media_turn(struct worker *w)
{
	struct media_worker *mw = w->media;
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_GONE};

	while (unlikely(mw->gone != 0)) {
		uint32_t stream = mw->gone - 1;
		uint32_t next = mw->shared.streams[stream].flow[0].next_gone;

		m.media.stream = stream;
		if (!worker_notify(w, &m)) // from here on the stream may be used again
			return;
		mw->gone = next;
	}
}

// ---- Keys --------------------------------------------------------------------------------------

// False: the ring is full; the next packet tries again.
static bool tell(struct worker *w, const struct media_flow *f, bool tx, bool used_up)
{
	const struct media_stream *first = w->media->shared.streams;
	const size_t flow = (size_t)(f - first->flow);
	const struct dp_msg m = {.version = DP_MSG_VERSION,
		.type = DP_MSG_MEDIA_KEY,
		.key = {.stream = (uint32_t)(flow / 2),
			.leg = (uint8_t)((flow & 1) ^ tx),
			.tx = tx,
			.used_up = used_up}};

	return worker_notify(w, &m);
}

// Packets that may pass before the context must be asked again.
static uint32_t check_one(
	struct worker *w, struct media_flow *f, bool tx, uint64_t warn, uint8_t warned)
{
	const struct rtpsec *c = tx ? f->tx : f->rx;
	uint64_t left;

	if (c == NULL || (f->told & warned) != 0)
		return UINT32_MAX;
	left = rtpsec_left(c);
	if (left > warn)
		return (uint32_t)RTE_MIN(left - warn, UINT32_MAX);
	if (!tell(w, f, tx, false))
		return 1;
	f->told |= warned;
	return UINT32_MAX;
}

void media_key_check(struct worker *w, struct media_flow *f)
{
	uint32_t rx = check_one(w, f, false, f->rx_warn, MEDIA_RX_WARNED);
	uint32_t tx = check_one(w, f, true, MEDIA_KEY_WARN(RTPSEC_LIFETIME_MAX), MEDIA_TX_WARNED);

	f->key_in = RTE_MIN(rx, tx);
}

void media_key_ended(struct worker *w, struct media_flow *f, bool tx)
{
	uint8_t ended = tx ? MEDIA_TX_ENDED : MEDIA_RX_ENDED;

	if ((f->told & ended) == 0 && tell(w, f, tx, true))
		f->told |= ended;
}
