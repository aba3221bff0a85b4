// SPDX-License-Identifier: BSD-3-Clause
// SRTCP (RFC 3711 3.4, RFC 7714 9), one packet at a time: there are a few a minute of each stream.
// Called by dp/rtpsec.c.
// Hot: runs on a worker.
//
// A context keeps these keys unexpanded, apart from what RTP needs; they are expanded for each
// packet, and for encryption only once a packet is authentic.
#include <string.h>

#include "dp/rtpsec_state.h"
#include "lib/rtp.h"

#define HEADER     8 // of the first packet of a compound, in clear
#define INDEX_LEN  4 // E bit and index
#define ENCRYPTED  UINT32_C(0x80000000)
#define INDEX_MASK UINT32_C(0x7fffffff)

struct rtcp_pkt {
	struct rtpsec_job *j;
	const struct rtpsec_suite *suite;
	struct rtpsec_tail *tail;
	uint32_t len; // header and payload
	uint32_t ssrc, word;
};

// The source, or the free place for it; NULL: all places are taken by others.
static struct rtpsec_rtcp_source *source_of(const struct rtcp_pkt *p)
{
	struct rtpsec_tail *t = p->tail;
	struct rtpsec_more *more;

	if (t->rtcp.next == 0 || t->rtcp.ssrc == p->ssrc)
		return &t->rtcp;
	more = rtpsec_more(p->j->ctx, p->suite);
	for (size_t i = 0; i < RTPSEC_SSRCS_MAX - 1; i++)
		if (more->rtcp[i].next == 0 || more->rtcp[i].ssrc == p->ssrc)
			return &more->rtcp[i];
	return NULL;
}

static void learn(const struct rtcp_pkt *p, struct rtpsec_rtcp_source *src)
{
	uint32_t next = (p->word & INDEX_MASK) + 1;

	if (src->next == 0 && src != &p->tail->rtcp)
		p->tail->more = true;
	src->ssrc = p->ssrc;
	rtpsec_mark(src->window, (int64_t)src->next - next);
	if (next > src->next)
		src->next = next;
}

static bool read_header(struct rtcp_pkt *p, struct rtpsec_job *j, uint32_t trailer)
{
	if (j->len < HEADER + trailer || j->len > UINT16_MAX || j->pkt[0] >> 6 != 2)
		return false;
	p->j = j;
	p->tail = rtpsec_tail(j->ctx, p->suite);
	p->len = j->len - trailer;
	p->ssrc = rtp_be32(j->pkt + 4);
	return true;
}

// ---- Calculating -------------------------------------------------------------------------------

static void set_keys(struct rtpsec_engine *e, const struct rtcp_pkt *p, struct rtpsec_op *op)
{
	e->kernels->expand(e->state, p->suite->cipher, p->tail->rtcp_key, e->keys);
	op->keys = e->keys;
	rtpsec_iv(p->suite, p->tail->rtcp_salt, p->ssrc, p->word & INDEX_MASK, op->iv);
}

// Such keys are nobody's between two packets (SRTP-4).
static void forget(struct rtpsec_engine *e)
{
	OPENSSL_cleanse(e->keys, sizeof(e->keys));
	OPENSSL_cleanse(e->pads, sizeof(e->pads));
}

static void run_ctr(struct rtpsec_engine *e, const struct rtcp_pkt *p, struct rtpsec_op *op)
{
	if (p->len == HEADER)
		return;
	set_keys(e, p, op);
	op->in = op->out = p->j->pkt + HEADER;
	op->len = p->len - HEADER;
	e->kernels->ctr(e->state, p->suite->cipher, &op, 1);
	forget(e);
}

// Everything and the index behind it.
static void run_hmac(struct rtpsec_engine *e, const struct rtcp_pkt *p, struct rtpsec_op *op)
{
	e->kernels->pads(e->state, p->tail->rtcp_auth, e->pads);
	op->pads = e->pads;
	op->hashed = p->j->pkt;
	op->hashed_len = p->len + INDEX_LEN;
	e->kernels->hmac(e->state, &op, 1);
	forget(e);
}

// RFC 7714 9.2: the header and the index are authenticated, the rest is encrypted as well.
static void run_gcm(
	struct rtpsec_engine *e, const struct rtcp_pkt *p, struct rtpsec_op *op, bool encrypt)
{
	uint8_t aad[HEADER + INDEX_LEN];

	memcpy(aad, p->j->pkt, HEADER);
	rtpsec_put_be32(aad + HEADER, p->word);
	set_keys(e, p, op);
	op->aad = aad;
	op->aad_len = sizeof(aad);
	op->in = p->j->pkt + HEADER;
	op->out = !encrypt && p->j->verify_only ? e->away : p->j->pkt + HEADER;
	op->len = p->len - HEADER;
	e->kernels->gcm(e->state, p->suite->cipher, encrypt, &op, 1);
	forget(e);
}

// RFC 7714 9.3: nothing is encrypted; all and the index are authenticated. The index stands on the
// tag meanwhile.
static void run_gcm_clear(struct rtpsec_engine *e, const struct rtcp_pkt *p, struct rtpsec_op *op)
{
	uint8_t *behind = p->j->pkt + p->len, saved[INDEX_LEN];

	memcpy(saved, behind, INDEX_LEN);
	rtpsec_put_be32(behind, p->word);
	set_keys(e, p, op);
	op->aad = p->j->pkt;
	op->aad_len = p->len + INDEX_LEN;
	op->in = op->out = e->away;
	op->len = 0;
	e->kernels->gcm(e->state, p->suite->cipher, false, &op, 1);
	forget(e);
	memcpy(behind, saved, INDEX_LEN);
}

// ---- Opening and sealing -----------------------------------------------------------------------

// Counter mode: payload, index, MKI, tag. GCM: payload, tag, index, MKI.
static bool is_genuine(struct rtpsec_engine *e, const struct rtcp_pkt *p, struct rtpsec_op *op)
{
	const struct rtpsec_job *j = p->j;

	if (!p->suite->aead) {
		run_hmac(e, p, op);
		return CRYPTO_memcmp(op->mac, j->pkt + j->len - RTPSEC_CM_RTCP_TAG,
			       RTPSEC_CM_RTCP_TAG) == 0;
	}
	memcpy(op->mac, j->pkt + p->len, RTPSEC_GCM_TAG);
	if ((p->word & ENCRYPTED) != 0)
		run_gcm(e, p, op, false);
	else
		run_gcm_clear(e, p, op);
	return op->genuine;
}

enum rtpsec_status rtpsec_rtcp_open(struct rtpsec_engine *e, struct rtpsec_job *j)
{
	struct rtcp_pkt p = {.suite = &rtpsec_suites[j->ctx->suite]};
	struct rtpsec_op op = {0};
	struct rtpsec_rtcp_source *src;
	enum rtpsec_status status;

	if (!read_header(&p, j, INDEX_LEN + (uint32_t)p.suite->rtcp_tag_len + j->ctx->mki_len))
		return RTPSEC_MALFORMED;
	p.word = rtp_be32(j->pkt + p.len + (p.suite->aead ? RTPSEC_GCM_TAG : 0));
	src = source_of(&p);
	if (src == NULL)
		return RTPSEC_SSRCS;
	if (src->next > RTPSEC_RTCP_LIFETIME_MAX)
		return RTPSEC_EXHAUSTED;
	status = rtpsec_judge(src->window, (int64_t)src->next - (p.word & INDEX_MASK) - 1);
	if (status != RTPSEC_OK)
		return status;
	if (!is_genuine(e, &p, &op))
		return RTPSEC_AUTH_FAILED;
	learn(&p, src);
	if (j->verify_only)
		return RTPSEC_OK;
	if (!p.suite->aead && (p.word & ENCRYPTED) != 0)
		run_ctr(e, &p, &op);
	j->len = p.len;
	return RTPSEC_OK;
}

enum rtpsec_status rtpsec_rtcp_seal(struct rtpsec_engine *e, struct rtpsec_job *j)
{
	struct rtcp_pkt p = {.suite = &rtpsec_suites[j->ctx->suite]};
	struct rtpsec_op op = {0};
	struct rtpsec_rtcp_source *src;
	uint8_t *behind = j->pkt + j->len;

	if (!read_header(&p, j, 0))
		return RTPSEC_MALFORMED;
	src = source_of(&p);
	if (src == NULL)
		return RTPSEC_SSRCS;
	if (src->next >= RTPSEC_RTCP_LIFETIME_MAX)
		return RTPSEC_EXHAUSTED;
	p.word = ENCRYPTED | src->next;
	learn(&p, src);
	if (p.suite->aead) {
		run_gcm(e, &p, &op, true);
		memcpy(behind, op.mac, RTPSEC_GCM_TAG);
		rtpsec_put_be32(behind + RTPSEC_GCM_TAG, p.word);
	} else {
		run_ctr(e, &p, &op);
		rtpsec_put_be32(behind, p.word);
		run_hmac(e, &p, &op);
		memcpy(behind + INDEX_LEN, op.mac, RTPSEC_CM_RTCP_TAG);
	}
	j->len += INDEX_LEN + (uint32_t)p.suite->rtcp_tag_len;
	return RTPSEC_OK;
}

uint64_t rtpsec_rtcp_left(const struct rtpsec *c)
{
	const struct rtpsec_suite *s = &rtpsec_suites[c->suite];
	const struct rtpsec_tail *t = (const struct rtpsec_tail *)((const uint8_t *)c + s->tail);
	uint32_t next = t->rtcp.next;

	for (size_t i = 0; t->more && i < RTPSEC_SSRCS_MAX - 1; i++) {
		uint32_t other = rtpsec_more(c, s)->rtcp[i].next;

		next = other > next ? other : next;
	}
	return next < RTPSEC_RTCP_LIFETIME_MAX ? RTPSEC_RTCP_LIFETIME_MAX - next : 0;
}
