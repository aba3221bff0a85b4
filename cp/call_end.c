// SPDX-License-Identifier: BSD-3-Clause
#include "cp/call_end.h"

#include "cp/ime_state.h"
#include "cp/log.h"
#include "cp/media_why.h"
#include "cp/offpath.h"

#define MS_NS 1000000ull

static const struct {
	const char *word;
	bool by; // a side
} ends[] = {
#define CALL_END(name, word, by, meaning) [CALL_END_##name] = {word, by},
#include "cp/call_ends.def"
#undef CALL_END
};

// What describes the call: its first audio stream, else its first one.
static void main_stream(const struct call *call, struct call_stream_info *out)
{
	struct call_stream_info all[CALL_STREAMS_MAX];
	size_t n = session_streams(call->session, all), pick = 0;

	*out = (struct call_stream_info){.codec = ""};
	while (pick < n && !all[pick].audio)
		pick++;
	if (n > 0)
		*out = all[pick < n ? pick : 0];
}

// When nothing of it was to be heard any more; a BYE waits for its answer.
static uint64_t over_ns(const struct ime *ime, const struct call *call)
{
	return call->ending_ns != 0 ? call->ending_ns : ime_now(ime);
}

static uint64_t talked_ms(const struct ime *ime, const struct call *call)
{
	uint64_t over = over_ns(ime, call);

	if (call->answered_ns == 0 || over < call->answered_ns)
		return 0;
	return (over - call->answered_ns) / MS_NS;
}

// Of the whole call; 0: not known.
static uint16_t mos_x100(const struct call_media *m)
{
	struct voice_path path = voice_path_whole(&m->quality, m->delay_ms);

	if (m->codec == NULL || m->quality.expected_frames == 0)
		return 0;
	return voice_quality(m->codec, &path).mos_x100;
}

static void tell(const struct ime *ime, const struct call *call)
{
	const struct call_media *m = &call->media;
	const struct rma_counters *q = &m->quality;
	const struct endpoint *outside = &call->peer[SIDE_OUTSIDE];
	uint64_t setup_ns = call->answered_ns != 0 ? call->answered_ns : over_ns(ime, call);
	struct session_totals t;
	struct call_stream_info s;
	const struct media_total *out = &t.from[SIDE_OUTSIDE], *in = &t.from[SIDE_INSIDE];

	session_totals(call->session, &t);
	main_stream(call, &s);
	log_event(CALL_ENDED, log_text("call_id", call->call_id),
		log_text("call_id_outside", call->call_id_outside),
		log_text("reason", ends[call->end].word),
		log_text("by", ends[call->end].by ? side_name(call->end_by) : NULL),
		log_nonzero("status", call->end_status),
		log_text("direction", call->caller == SIDE_INSIDE ? "outbound" : "inbound"),
		log_text("from", call->from_uri), log_text("to", call->to_uri),
		log_text("session_id", call->session_id), log_text("peer_domain", call->identity),
		log_endpoint("outside", outside), log_endpoint("inside", &call->peer[SIDE_INSIDE]),
		log_text("uuid", call->ticket_uuid[0] != '\0' ? call->ticket_uuid : NULL),
		log_u64("started_unix_s",
			ime->env.wall_s() - (ime_now(ime) - call->started_ns) / (1000 * MS_NS)),
		log_u64("setup_ms", (setup_ns - call->started_ns) / MS_NS),
		log_bool("answered", call->answered_ns != 0),
		log_u64("duration_ms", talked_ms(ime, call)),
		log_text("codec", s.codec[0] != '\0' ? s.codec : NULL),
		log_text("srtp", media_suite_name(s.suite[SIDE_OUTSIDE])),
		log_bool("passthrough", s.passthrough), log_u64("streams", t.streams),
		log_text("one_way", call->media.one_way ? side_name(call->media.silent) : NULL),
		log_u64("outside_packets", out->packets), log_u64("outside_octets", out->octets),
		log_u64("outside_lost", out->lost), log_u64("outside_late", out->late),
		log_u64("outside_jitter_us", out->jitter_us),
		log_u64("outside_refused", out->refused), log_u64("inside_packets", in->packets),
		log_u64("inside_octets", in->octets), log_u64("inside_lost", in->lost),
		log_u64("inside_late", in->late), log_u64("inside_jitter_us", in->jitter_us),
		log_u64("inside_refused", in->refused), log_nonzero("mos_x100", mos_x100(m)),
		log_nonzero("rblr_max", q->max_rblr_pct_x100), log_nonzero("ite", q->total_ite),
		log_nonzero("bls_max_ms", q->max_bls_ms), log_nonzero("pdv_us", q->avg_pdv_us),
		log_nonzero("concealed_s", q->concealed_sec),
		log_nonzero("severely_concealed_s", q->severely_concealed_sec),
		log_nonzero("refers", call->fallback.machine.sent));
}

void call_end(struct ime *ime, struct call *call)
{
	tell(ime, call);
	offpath_call_over(ime, call);
	trunks_carry(ime->trunks, call, 0);
	call_remove(ime->calls, call);
}
