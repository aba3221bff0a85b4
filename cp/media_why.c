// SPDX-License-Identifier: BSD-3-Clause
#include "cp/media_why.h"

#include <stdarg.h>
#include <stdio.h>

#include "cp/media_rate.h"
#include "lib/sdes.h"

#define S_NS    1000000000ull
#define FLOW_NS (2 * S_NS) // a phone sends every 20 ms; jitter buffers forgive no second

static const struct {
	const char *name, *text;
} table[] = {
#define X(n, json, t) [MEDIA_WHY_##n] = {json, t},
	MEDIA_WHY(X)
#undef X
};

const char *media_why_name(enum media_why w)
{
	return table[w].name;
}

const char *media_why_short(enum media_why w)
{
	return table[w].text;
}

const char *side_name(enum side s)
{
	return s == SIDE_OUTSIDE ? "outside" : "inside";
}

const char *media_suite_name(uint8_t suite)
{
	// The data plane's list is that of SDES behind NONE.
	_Static_assert((int)DP_SRTP_SUITES == (int)SDES_SUITES + 1 &&
			(int)DP_SRTP_AEAD_AES_128_GCM == (int)SDES_AEAD_AES_128_GCM + 1,
		"suites");
	return suite == DP_SRTP_NONE ? "none" : sdes_suite_name((enum sdes_suite)(suite - 1));
}

// ---- The verdict --------------------------------------------------------------------------------

// The commonest refusal, in packets of any measure; MEDIA_WHY_FLOWS: none.
static enum media_why commonest(const uint64_t n[MEDIA_KINDS])
{
	static const struct {
		enum media_kind kind;
		enum media_why why;
	} refusals[] = {
		{MEDIA_BAD_SOURCE, MEDIA_WHY_WRONG_SOURCE},
		{MEDIA_AUTH_FAILED, MEDIA_WHY_AUTH},
		{MEDIA_REPLAYED, MEDIA_WHY_REPLAY},
		{MEDIA_MALFORMED, MEDIA_WHY_MALFORMED},
		{MEDIA_BAD_PT, MEDIA_WHY_PAYLOAD_TYPE},
		{MEDIA_MANY_SOURCES, MEDIA_WHY_MANY_SOURCES},
		{MEDIA_BAD_CHECKSUM, MEDIA_WHY_CHECKSUM},
	};
	enum media_why w = MEDIA_WHY_FLOWS;
	uint64_t most = 0;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (n[refusals[i].kind] > most) {
			most = n[refusals[i].kind];
			w = refusals[i].why;
		}
	}
	return w;
}

static enum media_why why_unheard(const struct media_flow *f)
{
	const struct dp_leg_stats *s = &f->stats->leg[f->from];
	uint64_t n[MEDIA_KINDS];
	enum media_why w;

	// What happens now counts more than what once happened.
	for (int k = 0; k < MEDIA_KINDS; k++)
		n[k] = f->info->rate[f->from][k];
	w = commonest(n);
	if (w != MEDIA_WHY_FLOWS)
		return w;
	if (s->last_rx_ns != 0)
		return MEDIA_WHY_STOPPED;
	media_kinds(s, n);
	w = commonest(n);
	return w != MEDIA_WHY_FLOWS ? w : MEDIA_WHY_NOTHING;
}

enum media_why media_why(const struct media_flow *f)
{
	const struct call_stream_info *i = f->info;
	const struct dp_leg_stats *rx = &f->stats->leg[f->from];
	enum side to = side_other(f->from);

	if (!i->live)
		return MEDIA_WHY_NOT_UP;
	if (!i->sends[f->from])
		return MEDIA_WHY_HOLD_SENDER;
	if (!i->hears[to])
		return MEDIA_WHY_HOLD_HEARER;
	if (i->ours[f->from] || i->ours[to])
		return MEDIA_WHY_OURSELVES;
	// A worker may have heard it after `now_ns`.
	if (rx->last_rx_ns == 0 || f->now_ns >= rx->last_rx_ns + FLOW_NS)
		return why_unheard(f);
	if (i->remote[to].port == 0)
		return MEDIA_WHY_NO_REMOTE;
	if (i->awaits[to] && f->stats->leg[to].last_rx_ns == 0)
		return MEDIA_WHY_AWAITS;
	if (f->hop_unknown)
		return MEDIA_WHY_NEIGHBOUR;
	// The key of the other leg bears only so many sources, too.
	if (i->rate[f->from][MEDIA_RX] > 0 && i->rate[to][MEDIA_TX] == 0)
		return i->rate[f->from][MEDIA_MANY_SOURCES] > 0 ? MEDIA_WHY_MANY_SOURCES
								: MEDIA_WHY_NOT_SENT;
	return MEDIA_WHY_FLOWS;
}

static bool is_hold(enum media_why w)
{
	return w == MEDIA_WHY_HOLD_SENDER || w == MEDIA_WHY_HOLD_HEARER;
}

const char *media_why_both(const enum media_why w[SIDES])
{
	bool flows[SIDES] = {w[0] == MEDIA_WHY_FLOWS, w[1] == MEDIA_WHY_FLOWS};
	bool hold[SIDES] = {is_hold(w[0]), is_hold(w[1])};

	if (flows[SIDE_OUTSIDE] && flows[SIDE_INSIDE])
		return "Sound flows both ways.";
	if (w[SIDE_OUTSIDE] == MEDIA_WHY_NOT_UP)
		return "No media yet.";
	if (hold[SIDE_OUTSIDE] && hold[SIDE_INSIDE])
		return "On hold: neither direction is to carry sound.";
	if (flows[SIDE_OUTSIDE] || flows[SIDE_INSIDE]) {
		if (hold[SIDE_OUTSIDE] || hold[SIDE_INSIDE])
			return "Sound flows one way; the other direction is on hold.";
		return flows[SIDE_INSIDE] ? "One-way: the inside does not hear the outside."
					  : "One-way: the outside does not hear the inside.";
	}
	return "No sound in either direction.";
}

// ---- In words -----------------------------------------------------------------------------------

// What the sentences speak of.
struct words {
	char *buf;
	size_t size, n;
	const char *from, *to;
	char ours[ENDPOINT_TEXT_MAX], theirs[ENDPOINT_TEXT_MAX], target[ENDPOINT_TEXT_MAX];
	uint64_t total[MEDIA_KINDS];
	const uint32_t *rate, *rate_to;
	const struct dp_leg_stats *stats;
	const struct media_flow *f;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->buf + w->n, w->size - w->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		w->n += (size_t)n < w->size - w->n ? (size_t)n : w->size - w->n - 1;
}

// "123 packets so far, 50 a second now"
static void say_count(struct words *w, enum media_kind k)
{
	say(w, "%llu packets so far, %u a second now", (unsigned long long)w->total[k], w->rate[k]);
}

static void say_flows(struct words *w)
{
	uint64_t all = w->stats->rx_packets + w->stats->rx_lost;

	say(w,
		"Sound flows from the %s to the %s: %u packets a second arrive, %u are sent on. "
		"Lost "
		"on the way to us: %.1f %%, jitter %.1f ms.",
		w->from, w->to, w->rate[MEDIA_RX], w->rate_to[MEDIA_TX],
		all > 0 ? 100.0 * (double)w->stats->rx_lost / (double)all : 0.0,
		w->stats->jitter_us / 1000.0);
	if (w->stats->latched)
		say(w,
			" Its packets come from %s, not from where its SDP said; media-latch has "
			"followed them.",
			w->theirs);
}

static void say_wrong_source(struct words *w)
{
	say(w,
		"Packets reach %s, but not from the address that the %s negotiated (%s), so they "
		"are "
		"dropped: ",
		w->ours, w->from, w->theirs);
	say_count(w, MEDIA_BAD_SOURCE);
	if (w->f->info->suite[w->f->from] == DP_SRTP_NONE)
		say(w,
			". The phone sends from another port than its SDP says, or a NAT is "
			"between: take the NAT away, or have the phone send from the port it "
			"listens on.");
	else if (w->f->info->latch[w->f->from])
		say(w,
			". media-latch is on, but none of them was authenticated: it is not the "
			"phone that sends, or it uses another key.");
	else
		say(w,
			". Probably a NAT at the far end that its SDP does not show: have it "
			"corrected there, or set media-latch: on, which follows a packet that "
			"proves it has the key.");
}

static void say_auth(struct words *w)
{
	say(w,
		"Packets from %s reach us, but their SRTP authentication fails, so they are "
		"dropped: ",
		w->theirs);
	say_count(w, MEDIA_AUTH_FAILED);
	say(w,
		". The %s encrypts with another key than its a=crypto line says: it kept an old "
		"key "
		"after a re-INVITE, or never got our answer. Hold and resume makes new keys. If "
		"that "
		"does not help, compare the suite (%s) with what the far end shows.",
		w->from, media_suite_name(w->f->info->suite[w->f->from]));
}

static void say_unheard(struct words *w, enum media_why why)
{
	uint64_t silent_s = (w->f->now_ns - w->stats->last_rx_ns) / S_NS;

	if (why == MEDIA_WHY_NOTHING)
		say(w,
			"Nothing has arrived from the %s. We wait for it at %s, from %s and nobody "
			"else. Is a firewall between that does not let UDP through to this port? "
			"Is "
			"that phone muted, or does it send at all? A capture in front of our %s "
			"interface tells which.",
			w->from, w->ours, w->theirs, w->from);
	else
		say(w,
			"Sound from the %s has stopped: the last of %llu packets came %llu s ago, "
			"and "
			"nothing else arrives at %s from %s. Muted with silence suppression, "
			"switched "
			"off, or its network is gone.",
			w->from, (unsigned long long)w->stats->rx_packets,
			(unsigned long long)silent_s, w->ours, w->theirs);
}

static void say_hold(struct words *w, enum media_why why)
{
	if (why == MEDIA_WHY_HOLD_SENDER)
		say(w,
			"On hold: the %s has told in its SDP that it sends nothing (a=recvonly, "
			"a=inactive or c=0.0.0.0). No fault of the network; the party there "
			"resumes the call.",
			w->from);
	else
		say(w,
			"On hold: the %s has told in its SDP that it wants to hear nothing "
			"(a=sendonly, a=inactive or c=0.0.0.0). No fault of the network; the party "
			"there resumes the call.",
			w->to);
}

static void say_ourselves(struct words *w)
{
	bool from = w->f->info->ours[w->f->from];

	say(w,
		"The media address that the %s gave, %s, is one of our own: two of our calls have "
		"been connected with each other there (forwarding, transfer), and media does not "
		"turn round here. Have the call manager anchor the media of such calls itself (a "
		"media termination point).",
		from ? w->from : w->to, from ? w->theirs : w->target);
}

static void say_many_sources(struct words *w)
{
	say(w,
		"Packets from %s have a new synchronisation source (SSRC) again and again, more "
		"than a stream may show, so the new ones are dropped: ",
		w->theirs);
	say_count(w, MEDIA_MANY_SOURCES);
	say(w,
		". Does that phone, or a mixer behind it, start anew all the time, or do several "
		"devices send as one? Hold and resume lets it show others.");
}

static void say_checksum(struct words *w)
{
	say(w, "Packets from %s have a wrong UDP checksum, so they are dropped: ", w->theirs);
	say_count(w, MEDIA_BAD_CHECKSUM);
	say(w,
		". Either their sender leaves the checksum to a network card that does not write "
		"it, as in many virtual machines (ethtool -K INTERFACE tx off on that host), or "
		"something on the way damages packets.");
}

// Refusals that are rare.
static void say_refused(struct words *w, enum media_why why)
{
	switch (why) {
	case MEDIA_WHY_REPLAY:
		say(w, "Packets from %s are copies of old ones, or far too late: ", w->theirs);
		say_count(w, MEDIA_REPLAYED);
		say(w,
			". Something between repeats packets, or the phone began to count anew "
			"with "
			"the same key; hold and resume makes new keys.");
		break;
	case MEDIA_WHY_MALFORMED:
		say(w, "What comes from %s is not RTP: ", w->theirs);
		say_count(w, MEDIA_MALFORMED);
		say(w, ". It may be T.38 fax, STUN or DTLS; the far end ignores what was agreed.");
		break;
	default:
		say(w, "Packets from %s have a payload type that the call did not negotiate: ",
			w->theirs);
		say_count(w, MEDIA_BAD_PT);
		say(w,
			". The phone uses another codec than %s; compare the codec lists of both "
			"call managers.",
			w->f->info->codec != NULL && w->f->info->codec[0] != '\0'
				? w->f->info->codec
				: "the agreed one");
	}
}

static void say_not_sent(struct words *w, enum media_why why)
{
	say(w, "Sound from the %s arrives (%u packets a second) but does not go on: ", w->from,
		w->rate[MEDIA_RX]);
	switch (why) {
	case MEDIA_WHY_NO_REMOTE:
		say(w, "the %s has not said yet where it wants it. Its answer is missing.", w->to);
		break;
	case MEDIA_WHY_AWAITS:
		say(w,
			"nothing is sent to %s before a packet from there was authenticated, for "
			"the "
			"address in an SDP may be a stranger's. The other direction tells what is "
			"missing.",
			w->target);
		break;
	case MEDIA_WHY_NEIGHBOUR:
		say(w,
			"no MAC address is known for the next hop to %s. Is that host, or the "
			"gateway "
			"to it, up and on our %s interface?",
			w->target, w->to);
		break;
	default:
		say(w, "see the drops that `callgate show drops` lists.");
	}
}

size_t media_why_text(const struct media_flow *f, enum media_why why, char *buf, size_t size)
{
	enum side to = side_other(f->from);
	const struct dp_leg_stats *s = &f->stats->leg[f->from];
	struct words w = {.buf = buf,
		.size = size,
		.from = side_name(f->from),
		.to = side_name(to),
		.rate = f->info->rate[f->from],
		.rate_to = f->info->rate[to],
		.stats = s,
		.f = f};

	buf[0] = '\0';
	media_kinds(s, w.total);
	endpoint_format(&f->info->local[f->from], ':', w.ours);
	endpoint_format(s->latched ? &s->remote : &f->info->remote[f->from], ':', w.theirs);
	endpoint_format(&f->info->remote[to], ':', w.target);
	switch (why) {
	case MEDIA_WHY_FLOWS:
		say_flows(&w);
		break;
	case MEDIA_WHY_NOT_UP:
		say(&w, "No media yet: offer and answer are not complete, so nothing is relayed.");
		break;
	case MEDIA_WHY_HOLD_SENDER:
	case MEDIA_WHY_HOLD_HEARER:
		say_hold(&w, why);
		break;
	case MEDIA_WHY_OURSELVES:
		say_ourselves(&w);
		break;
	case MEDIA_WHY_NOTHING:
	case MEDIA_WHY_STOPPED:
		say_unheard(&w, why);
		break;
	case MEDIA_WHY_WRONG_SOURCE:
		say_wrong_source(&w);
		break;
	case MEDIA_WHY_AUTH:
		say_auth(&w);
		break;
	case MEDIA_WHY_MANY_SOURCES:
		say_many_sources(&w);
		break;
	case MEDIA_WHY_CHECKSUM:
		say_checksum(&w);
		break;
	case MEDIA_WHY_REPLAY:
	case MEDIA_WHY_MALFORMED:
	case MEDIA_WHY_PAYLOAD_TYPE:
		say_refused(&w, why);
		break;
	default:
		say_not_sent(&w, why);
	}
	return w.n;
}
