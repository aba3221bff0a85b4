// SPDX-License-Identifier: BSD-3-Clause
#include "lib/fallback.h"

static void enter(struct fallback *f, enum fallback_state state, uint64_t now_ns)
{
	f->state = state;
	f->since_ns = now_ns;
	f->at_entry = f->seen;
}

// True: something was bad since the last look.
static bool look(struct fallback *f, const struct fallback_quality *q, uint64_t now_ns)
{
	bool bad;

	// A stream that began anew: all it counted is after the entry.
	if (q->judged_us < f->seen.judged_us || q->bad_us < f->seen.bad_us)
		f->at_entry = f->seen = (struct fallback_quality){0};
	bad = q->bad || q->bad_us != f->seen.bad_us;
	if (bad)
		f->last_bad_ns = now_ns;
	f->seen = *q;
	return bad;
}

static bool mostly_bad(const struct fallback *f)
{
	uint64_t judged_us = f->seen.judged_us - f->at_entry.judged_us;
	uint64_t bad_us = f->seen.bad_us - f->at_entry.bad_us;

	return judged_us > 0 && bad_us >= judged_us - bad_us;
}

static bool may_send(const struct fallback *f, const struct fallback_policy *p)
{
	return f->sent <= p->retries;
}

// A line whose losses come in long bursts is good for moments. When it is over just then, 5.4 would
// begin all over again, and the call stay bad for a minute: so it waits for the next bad tick instead,
// or for as much of good ones as ends any hold-down.
static bool hold_down_step(struct fallback *f, const struct fallback_policy *p, uint64_t now_ns)
{
	bool over = now_ns - f->since_ns >= p->hold_down_ns;
	bool good = !f->seen.bad && now_ns - f->last_bad_ns >= p->hold_down_ns / 2;

	if (good || (over && !(mostly_bad(f) && may_send(f, p)))) {
		enter(f, FALLBACK_GOOD, now_ns);
		return false;
	}
	return over && f->seen.bad;
}

bool fallback_step(struct fallback *f, const struct fallback_policy *p,
	const struct fallback_quality *q, uint64_t now_ns)
{
	bool over = now_ns - f->since_ns >= p->hold_down_ns, bad;

	bad = look(f, q, now_ns);
	if (f->level == 0)
		return false;
	switch (f->state) {
	case FALLBACK_GOOD:
		if (bad && may_send(f, p))
			enter(f, FALLBACK_HOLD_DOWN, now_ns);
		return false;
	case FALLBACK_HOLD_DOWN:
		return hold_down_step(f, p, now_ns);
	case FALLBACK_REFERRED:
		return false;
	case FALLBACK_ACCEPTED: // UCM kept the call
		if (!over || !may_send(f, p))
			return false;
		if (f->seen.bad && mostly_bad(f))
			return true;
		enter(f, FALLBACK_ACCEPTED, now_ns);
		return false;
	case FALLBACK_FAILED:
		if (over && may_send(f, p)) {
			f->last_bad_ns = now_ns; // it gets the whole half to prove itself good
			enter(f, FALLBACK_HOLD_DOWN, now_ns);
		}
		return false;
	}
	return false;
}

void fallback_sent(struct fallback *f, uint64_t now_ns)
{
	f->sent++;
	enter(f, FALLBACK_REFERRED, now_ns);
}

void fallback_answered(struct fallback *f, bool accepted, uint64_t now_ns)
{
	if (f->state == FALLBACK_REFERRED)
		enter(f, accepted ? FALLBACK_ACCEPTED : FALLBACK_FAILED, now_ns);
}

uint64_t fallback_due_ns(const struct fallback *f, const struct fallback_policy *p)
{
	uint64_t over_ns = f->since_ns + p->hold_down_ns;
	uint64_t good_ns = f->last_bad_ns + p->hold_down_ns / 2;

	switch (f->state) {
	case FALLBACK_GOOD:
	case FALLBACK_REFERRED:
		return UINT64_MAX;
	case FALLBACK_HOLD_DOWN:
		return f->seen.bad || over_ns < good_ns ? over_ns : good_ns;
	case FALLBACK_ACCEPTED:
	case FALLBACK_FAILED:
		return may_send(f, p) ? over_ns : UINT64_MAX;
	}
	return UINT64_MAX;
}
