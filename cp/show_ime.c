// SPDX-License-Identifier: BSD-3-Clause
// What `show uc-ime ...` answers (protocol.md section 10 and 3.5); see show_ime.h.
#include "cp/show_ime.h"

#include <stdio.h>

#include "cp/call.h"
#include "cp/ime.h"
#include "dp/dp.h"

#define S_NS  1000000000ull
#define STATS 9

static void add_u64(cJSON *o, const char *name, uint64_t v)
{
	cJSON_AddNumberToObject(o, name, (double)v);
}

// What peers wrote, as text that JSON can hold: other octets than printable ASCII become '?'.
static void add_str(cJSON *o, const char *name, struct str s)
{
	char text[1024];
	size_t n = s.n < sizeof(text) - 1 ? s.n : sizeof(text) - 1;

	for (size_t i = 0; i < n; i++)
		text[i] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
	text[n] = '\0';
	cJSON_AddStringToObject(o, name, text);
}

struct visit {
	const struct show *s;
	cJSON *list;
};

// ---- Signalling ---------------------------------------------------------------------------------

static void visit_signaling(const struct call_info *c, void *arg)
{
	struct visit *v = arg;
	cJSON *j = cJSON_CreateObject(), *media;

	cJSON_AddStringToObject(j, "state", call_state_name(c->state));
	cJSON_AddStringToObject(j, "direction", c->outbound ? "outbound" : "inbound");
	add_u64(j, "age_s", (v->s->mono_ns() - c->started_ns) / S_NS);
	show_endpoint(j, "inside", &c->inside);
	show_endpoint(j, "outside", &c->outside);
	add_str(j, "call_id", c->call_id);
	add_str(j, "fb_sensitivity", c->fb_sensitivity);
	add_str(j, "session_id", c->session_id);
	add_str(j, "sip_trunk_uri", c->trunk_uri);
	media = cJSON_AddArrayToObject(j, "media");
	for (size_t i = 0; i < c->n_streams; i++) {
		const struct call_stream_info *s = &c->streams[i];
		cJSON *m = cJSON_CreateObject();

		show_endpoint(m, "outside_remote", &s->remote[SIDE_OUTSIDE]);
		show_endpoint(m, "outside_local", &s->local[SIDE_OUTSIDE]);
		show_endpoint(m, "inside_remote", &s->remote[SIDE_INSIDE]);
		show_endpoint(m, "inside_local", &s->local[SIDE_INSIDE]);
		cJSON_AddBoolToObject(m, "local_srtp_key_set", s->local_key_set);
		cJSON_AddBoolToObject(m, "remote_srtp_key_set", s->remote_key_set);
		cJSON_AddStringToObject(m, "codec", s->codec != NULL ? s->codec : "");
		cJSON_AddNumberToObject(m, "payload_type", s->payload_type);
		cJSON_AddItemToArray(media, m);
	}
	cJSON_AddItemToArray(v->list, j);
}

cJSON *show_signaling(const struct show *s, const cJSON *args)
{
	struct ime_usage u = {0};
	cJSON *j = cJSON_CreateObject();
	struct visit v = {.s = s};

	ime_usage(s->ime, &u);
	add_u64(j, "in_use", u.signaling_in_use);
	add_u64(j, "most_used", u.signaling_most_used);
	v.list = cJSON_AddArrayToObject(j, "sessions");
	call_foreach(ime_calls(s->ime), visit_signaling, &v);
	return j;
}

cJSON *show_signaling_statistics(const struct show *s, const cJSON *args)
{
	struct ime_counter c[STATS];
	size_t n = ime_counters(s->ime, c, STATS);
	cJSON *j = cJSON_CreateObject(), *list;
	struct ime_usage u = {0};

	ime_usage(s->ime, &u);
	add_u64(j, "in_use", u.signaling_in_use);
	add_u64(j, "most_used", u.signaling_most_used);
	add_u64(j, "terminated", u.signaling_terminated);
	list = cJSON_AddArrayToObject(j, "failures");
	for (size_t i = 0; i < n && i < STATS && c[i].kind == IME_STAT; i++) {
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "text", c[i].text);
		cJSON_AddStringToObject(row, "name", c[i].name);
		add_u64(row, "value", c[i].value);
		cJSON_AddItemToArray(list, row);
	}
	return j;
}

cJSON *show_clear_statistics(const struct show *s, const cJSON *args)
{
	ime_counters_clear(s->ime);
	return cJSON_CreateTrue();
}

// ---- Media --------------------------------------------------------------------------------------

// One leg is one media session, as in the manual: outside first, then inside.
static cJSON *leg_json(const struct show *s, const struct call_stream_info *st, enum side side,
	const struct dp_leg_stats *stats)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "side", side == SIDE_OUTSIDE ? "outside" : "inside");
	show_endpoint(j, "local", &st->local[side]);
	show_endpoint(j, "remote", &st->remote[side]);
	show_endpoint(j, "client", &st->remote[side_other(side)]);
	cJSON_AddBoolToObject(j, "srtp", side == SIDE_OUTSIDE);
	cJSON_AddBoolToObject(j, "passthrough", st->passthrough);
	cJSON_AddNumberToObject(j, "refcnt", st->live ? 2 : 1); // the call, and the worker
	add_u64(j, "tx_packets", stats->tx_packets);
	add_u64(j, "rx_packets", stats->rx_packets);
	add_u64(j, "rx_lost", stats->rx_lost);
	add_u64(j, "jitter_us", stats->jitter_us);
	add_u64(j, "rx_bad_source", stats->rx_bad_source);
	add_u64(j, "rx_auth_failed", stats->rx_auth_failed);
	add_u64(j, "rx_replayed", stats->rx_replayed);
	add_u64(j, "rx_malformed", stats->rx_malformed);
	add_u64(j, "rx_rtcp", stats->rx_rtcp);
	cJSON_AddNumberToObject(j, "payload_type", stats->last_pt);
	if (stats->last_rx_ns != 0)
		add_u64(j, "last_rx_ms", (s->mono_ns() - stats->last_rx_ns) / 1000000);
	return j;
}

static void visit_media(const struct call_info *c, void *arg)
{
	struct visit *v = arg;

	for (size_t i = 0; i < c->n_streams; i++) {
		const struct call_stream_info *st = &c->streams[i];
		struct dp_media_stats stats = {0};
		cJSON *outside;

		if (st->live)
			dp_media_stats(st->stream, &stats);
		outside = leg_json(v->s, st, SIDE_OUTSIDE, &stats.leg[SIDE_OUTSIDE]);
		add_str(outside, "call_id", c->call_id);
		add_str(outside, "session_id", c->session_id);
		cJSON_AddItemToArray(v->list, outside);
		cJSON_AddItemToArray(
			v->list, leg_json(v->s, st, SIDE_INSIDE, &stats.leg[SIDE_INSIDE]));
	}
}

cJSON *show_media(const struct show *s, const cJSON *args)
{
	struct ime_usage u = {0};
	cJSON *j = cJSON_CreateObject();
	struct visit v = {.s = s};

	ime_usage(s->ime, &u);
	add_u64(j, "in_use", SIDES * (uint64_t)u.media_in_use);
	add_u64(j, "most_used", SIDES * (uint64_t)u.media_most_used);
	v.list = cJSON_AddArrayToObject(j, "sessions");
	call_foreach(ime_calls(s->ime), visit_media, &v);
	return j;
}

// ---- Configuration ------------------------------------------------------------------------------

static void mta_json(const struct show *s, const struct config_mta *m, cJSON *j)
{
	cJSON *list;
	char ip[IP_TEXT_MAX];

	cJSON_AddStringToObject(j, "name", m->name);
	list = cJSON_AddArrayToObject(j, "addresses");
	for (size_t i = 0; i < m->n_addrs; i++) {
		cJSON *a = cJSON_CreateObject();

		cJSON_AddStringToObject(a, "ip", ip_format(&m->addrs[i].ip, ip));
		cJSON_AddStringToObject(a, "interface", s->config->ifaces[m->addrs[i].iface].name);
		cJSON_AddItemToArray(list, a);
	}
	cJSON_AddNumberToObject(j, "rtp_min_port", m->rtp_min_port);
	cJSON_AddNumberToObject(j, "rtp_max_port", m->rtp_max_port);
}

static void ticket_json(const struct config_ime *c, cJSON *j)
{
	cJSON_AddNumberToObject(j, "epoch", c->epoch);
	cJSON_AddStringToObject(j, "password", "*****"); // CLI-2
	cJSON_AddStringToObject(j, "profile", c->ticket_profile);
	cJSON_AddNumberToObject(j, "skew_s", c->ticket_skew_s);
	cJSON_AddStringToObject(j, "failure_action",
		c->ticket_failure_action == FAILURE_REJECT ? "reject" : "drop");
}

cJSON *show_config_ime(const struct show *s, const cJSON *args)
{
	cJSON *list = cJSON_CreateArray(), *ucms;
	char ip[IP_TEXT_MAX];

	for (size_t i = 0; i < s->config->n_imes; i++) {
		const struct config_ime *c = &s->config->imes[i];
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "name", c->name);
		mta_json(s, &s->config->mtas[c->mta],
			cJSON_AddObjectToObject(j, "media_termination"));
		ucms = cJSON_AddArrayToObject(j, "ucm");
		for (size_t k = 0; k < c->n_ucms; k++) {
			cJSON *u = cJSON_CreateObject();

			cJSON_AddStringToObject(u, "address", ip_format(&c->ucms[k].ip, ip));
			cJSON_AddStringToObject(u, "trunk_security_mode",
				c->ucms[k].secure ? "secure" : "nonsecure");
			cJSON_AddItemToArray(ucms, u);
		}
		ticket_json(c, cJSON_AddObjectToObject(j, "ticket"));
		cJSON_AddStringToObject(j, "domain", c->domain);
		cJSON_AddNumberToObject(j, "fallback_monitoring_ms", c->fallback_monitoring_ms);
		cJSON_AddNumberToObject(j, "fallback_hold_down_s", c->fallback_hold_down_s);
		cJSON_AddItemToArray(list, j);
	}
	return list;
}
