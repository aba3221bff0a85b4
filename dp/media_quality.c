// SPDX-License-Identifier: BSD-3-Clause
// The quality of what comes from the Internet: measured packet by packet, judged each monitoring
// timer on the arrival of a packet (lib/rma.h, protocol.md 5.3). A stream that stalls is judged when
// the control thread asks for it (MEDIA_TICK), which looks at each call once a second anyway; so no
// worker needs a timer. What follows from a verdict is the control thread's business, which reads it
// from here. Called by dp/media.c and dp/media_msg.c.
// Hot: runs on a worker.
#include "dp/media.h"

#include <string.h>

#include "dp/media_state.h"
#include "dp/snapshot.h"

static struct media_monitor *monitor_of(const struct worker *w, uint32_t stream)
{
	return &w->media->shared.monitors[stream];
}

static void judge(const struct worker *w, struct media_monitor *m)
{
	rma_judge(&m->rma, &w->snap->quality.table, m->level, w->now_ns);
}

void media_quality_set(struct worker *w, uint32_t stream, const struct media_setting *s)
{
	struct media_monitor *m = monitor_of(w, stream);
	bool speaks = (s->flow[0].flags & MEDIA_RX) != 0 && !s->monitor.hold;

	if (!s->monitor.on) {
		media_monitor_stop(m);
		return;
	}
	if (!m->started || s->flow[0].fresh || m->clock_hz != s->clock_hz ||
		m->event_pt != s->monitor.event_pt) {
		m->clock_hz = s->clock_hz;
		m->event_pt = s->monitor.event_pt;
		memset(m->report, 0, sizeof(m->report));
		rma_init(&m->rma, s->clock_hz, s->monitor.event_pt, w->now_ns);
		m->speaks = true;
		__atomic_store_n(&m->started, true, __ATOMIC_RELAXED);
	}
	m->level = s->monitor.level;
	if (speaks == m->speaks)
		return;
	m->speaks = speaks;
	if (speaks)
		rma_resume(&m->rma, w->now_ns);
	else
		rma_hold(&m->rma, &w->snap->quality.table);
}

void media_quality_add(struct worker *w, const struct media_flow *f, const struct rtp_hdr *h)
{
	struct media_monitor *m = media_monitor_of(&w->media->shared, f);

	rma_add(&m->rma, &w->snap->quality.table, h, w->now_ns);
	if (rma_due(&m->rma, w->now_ns, w->snap->quality.timer_ms))
		judge(w, m);
}

void media_quality_rtcp(
	struct worker *w, const struct media_flow *f, const uint8_t *data, uint32_t len)
{
	struct media_report *all = media_monitor_of(&w->media->shared, f)->report;
	const bool inside = media_other(f) < f;
	struct media_report *me = &all[inside], *other = &all[!inside];

	rtcp_report_read(data, len, &me->last);
	__atomic_store_n(&me->last_ns, w->now_ns, __ATOMIC_RELAXED);
	if (me->last.sent) {
		me->sr_mid = me->last.sr_mid;
		me->sr_ns = w->now_ns;
	}
	if (me->last.heard && me->last.lsr != 0 && me->last.lsr == other->sr_mid)
		me->round_trip_us = rtcp_round_trip_us(&me->last, w->now_ns - other->sr_ns);
}

void media_quality_tick(struct worker *w, uint32_t stream)
{
	struct media_monitor *m = monitor_of(w, stream);

	if (m->started && rma_due(&m->rma, w->now_ns, w->snap->quality.timer_ms))
		judge(w, m);
}
