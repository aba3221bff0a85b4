// SPDX-License-Identifier: BSD-3-Clause
// Which suites and keys the lines of a session use (protocol.md 4.2, 4.3): the choice from an
// offer, our own lines, and passing through (SRTP-3).
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "cp/session_state.h"

static bool suite_accepted(const struct config_ime *cfg, enum sdes_suite suite)
{
	return memchr(cfg->srtp_accept, (int)suite, cfg->n_srtp_accept) != NULL;
}

static bool has_suite(const struct offered *o, enum sdes_suite suite)
{
	for (unsigned int k = 0; k < o->n_keys; k++) {
		if (o->key[k].suite == suite)
			return true;
	}
	return false;
}

// The lines of a description that may be chosen: usable (SRTP-5), of an accepted suite, the first
// of each. rewrite_sdp() keeps the same ones.
static void read_lines(const struct config_ime *cfg, const struct sdp_media *m, struct offered *o)
{
	struct str rest = m->section, value;
	struct sdes line;

	while (sdp_attr_find(&rest, STR_LIT("crypto"), &value)) {
		if (sdes_parse(value, &line) == SDES_OK && suite_accepted(cfg, line.suite) &&
			!has_suite(o, line.suite))
			o->key[o->n_keys++] = line;
	}
	sdes_wipe(&line);
}

// The key we send with: fresh for each new offer, kept while o= stands. An older key never comes
// back: its key stream has been used.
static bool make_key(
	const struct line *l, bool keep, enum sdes_suite suite, uint32_t tag, struct sdes *out)
{
	const struct sdes *now = &l->key[SIDE_INSIDE];

	*out = (struct sdes){.tag = tag, .suite = suite};
	if (keep && l->live && !l->passthrough && now->suite == suite) {
		memcpy(out->key, now->key, sizeof(out->key));
		return true;
	}
	return RAND_bytes(out->key, (int)sdes_key_len(suite)) == 1;
}

// SRTP-2: RTP/AVP with a=crypto and this attribute prefers SRTP, and does not insist.
static bool speaks_srtp(const struct session *s, enum side from, const struct sdp_media *m)
{
	if (from == SIDE_OUTSIDE)
		return true;
	return s->inside_secure && m->has_crypto &&
		(sdp_proto_secure(m->proto) || sdp_media_has(m, STR_LIT("X-cisco-srtp-fallback")));
}

static enum counter_id offer_of_writer(
	struct session *s, size_t i, bool same, const struct offered *last, struct offered *o)
{
	o->srtp = true;
	if (s->offerer == SIDE_INSIDE) {
		s->inside_srtp = true;
		return CNT_NONE;
	}
	if (!make_key(&s->line[i], same, o->key[0].suite, o->key[0].tag, &o->ours))
		return CNT_SDP_CRYPTO;
	if (last != NULL && last->ours.suite == o->ours.suite)
		memcpy(o->ours.key, last->ours.key, sizeof(o->ours.key));
	return CNT_NONE;
}

enum counter_id crypto_offer(
	struct session *s, size_t i, const struct sdp_media *m, bool same, struct offered *o)
{
	const struct config_ime *cfg = s->env->cfg;
	const struct offered *last = NULL;

	// The same offer once more (an 18x, then the 200) must show the same keys.
	if (same && s->offered && i < s->n_offer && s->offer[i].active)
		last = &s->offer[i];
	if (speaks_srtp(s, s->offerer, m))
		read_lines(cfg, m, o);
	if (o->n_keys > 0)
		return offer_of_writer(s, i, same, last, o);
	if (s->offerer == SIDE_OUTSIDE || sdp_proto_secure(m->proto))
		return CNT_SDP_CRYPTO;
	for (o->n_keys = 0; o->n_keys < cfg->n_srtp_offer; o->n_keys++) {
		struct sdes *key = &o->key[o->n_keys];

		if (!make_key(&s->line[i], same, (enum sdes_suite)cfg->srtp_offer[o->n_keys],
			    o->n_keys + 1, key))
			return CNT_SDP_CRYPTO;
		if (last != NULL && !last->srtp)
			memcpy(key->key, last->key[o->n_keys].key, sizeof(key->key));
	}
	return CNT_NONE;
}

// An answer has exactly one line, with tag and suite of one of the offer's (SRTP-6).
static enum counter_id read_answer(const struct sdp_media *m, const struct offered *o,
	struct sdes *answer, unsigned int *index)
{
	struct str rest = m->section, value = STR_LIT("");
	unsigned int n = 0;

	while (sdp_attr_find(&rest, STR_LIT("crypto"), &value)) {
		if (n++ == 0 && sdes_parse(value, answer) != SDES_OK)
			return CNT_SDP_CRYPTO;
	}
	for (unsigned int k = 0; n == 1 && k < o->n_keys; k++) {
		if (o->key[k].tag == answer->tag && o->key[k].suite == answer->suite) {
			*index = k;
			return CNT_NONE;
		}
	}
	return CNT_SDP_ANSWER;
}

static void take_key(struct line *l, enum side from, const struct sdes *key)
{
	struct sdes *now = &l->key[from];

	if (now->suite != key->suite || CRYPTO_memcmp(now->key, key->key, sizeof(now->key)) != 0)
		l->key_low[from] = false;
	*now = *key;
}

enum counter_id crypto_answer(const struct session *s, enum side from, const struct sdp_media *m,
	const struct offered *o, struct line *l)
{
	struct sdes answer = {0};
	enum counter_id why = CNT_NONE;
	unsigned int k = 0;

	if (!speaks_srtp(s, from, m)) { // RTP inside, whatever it was offered
		take_key(l, SIDE_OUTSIDE, &o->key[0]);
		take_key(l, SIDE_INSIDE, &o->ours);
		l->passthrough = false;
		return CNT_NONE;
	}
	why = read_answer(m, o, &answer, &k);
	if (why == CNT_NONE) {
		take_key(l, from, &answer);
		take_key(l, side_other(from), &o->key[k]);
		l->passthrough = o->srtp;
	}
	sdes_wipe(&answer);
	return why;
}

static void write_line(struct session_plan *plan, size_t i, unsigned int k, const struct sdes *key)
{
	char *text = plan->text[i][k];

	plan->plan.media[i].crypto[k] = (struct str){text, sdes_format(key, text)};
}

void crypto_plan_offer(
	const struct session *s, size_t i, struct session_plan *plan, const struct offered *o)
{
	struct sdp_plan_media *p = &plan->plan.media[i];

	if (s->offerer == SIDE_OUTSIDE && !s->inside_srtp)
		return;
	for (unsigned int k = 0; k < o->n_keys; k++) {
		if (o->srtp)
			p->keep_suites |= (uint8_t)(1u << o->key[k].suite);
		else
			write_line(plan, i, k, &o->key[k]);
	}
}

void crypto_plan_answer(enum side from, size_t i, struct session_plan *plan, const struct line *l)
{
	struct sdp_plan_media *p = &plan->plan.media[i];

	if (l->passthrough)
		p->keep_suites = (uint8_t)(1u << l->key[from].suite);
	else if (from == SIDE_INSIDE)
		write_line(plan, i, 0, &l->key[SIDE_INSIDE]);
}
