// SPDX-License-Identifier: BSD-3-Clause
// SRTP (RFC 3711, 6188, 7714) over bursts of packets of many contexts. Called by dp/media.c.
// Hot: runs on a worker.
//
// Opening takes three steps over a burst: estimate each packet's index and put aside what is
// refused already; authenticate all and decrypt what is genuine; then, in the order of arrival,
// judge again and let the context learn. A packet of which an earlier one of the burst changed the
// estimate is calculated once more by itself, so that the outcome is always that of one packet
// after the other. Sealing has nothing to authenticate: it judges and learns in order, and then
// calculates all.
#include <string.h>

#include "dp/rtpsec_state.h"
#include "lib/rtp.h"

#define ROC_LEN 4
#define AHEAD   2 // contexts whose heads are on their way to the first level

// What a burst has to calculate: e->hmac and e->crypt up to these numbers.
struct counts {
	size_t hmac, crypt[RTPSEC_CIPHERS];
};

// The lines of the octets `from` to `to` of a context, into the second level: the first drops hints
// when many are under way.
static inline void prefetch_lines(const uint8_t *c, size_t from, size_t to)
{
	for (size_t i = from & ~(size_t)63; i < to; i += 64)
		__builtin_prefetch(c + i, 0, 2);
}

static inline bool is_from(const struct rtpsec_arena *a, const struct rtpsec *c)
{
	return (uintptr_t)c - (uintptr_t)a->base < a->size * a->max;
}

// The suite stands in the context, which is not near yet; its address tells.
void rtpsec_prefetch(const struct rtpsec *c)
{
	const uint8_t *p = (const uint8_t *)c;

	if (is_from(&rtpsec_arena_cm_128, c)) {
		prefetch_lines(p, 0, sizeof(*c) + RTPSEC_CM_128_KEYS);
	} else if (is_from(&rtpsec_arena_cm_256, c)) {
		prefetch_lines(p, 0, sizeof(*c) + RTPSEC_CM_256_KEYS);
	} else {
		prefetch_lines(p, 0, 1);
		prefetch_lines(p, RTPSEC_GCM_KEYS_AT, RTPSEC_GCM_KEYS_AT + RTPSEC_CM_256_KEYS);
		// The low powers of H stand last; a voice packet takes ten.
		prefetch_lines(p, RTPSEC_GCM_KEYS_AT + RTPSEC_GCM_KEYS - 160,
			RTPSEC_GCM_KEYS_AT + RTPSEC_GCM_KEYS);
	}
}

// rtpsec_prefetch() has brought it as near as the second level, and each packet waits for the first octets of
// its context before anything else.
static inline void prefetch_head(const struct rtpsec_job *jobs, size_t i, size_t n)
{
	if (i < n) {
		__builtin_prefetch(jobs[i].ctx, 0, 3);
		__builtin_prefetch((const uint8_t *)jobs[i].ctx + 64, 0, 3);
	}
}

uint64_t rtpsec_left(const struct rtpsec *c)
{
	const uint64_t left = __atomic_load_n(&c->left, __ATOMIC_RELAXED);
	const uint64_t rtcp = rtpsec_rtcp_left(c);

	return left < rtcp ? left : rtcp;
}

// ---- Sources, indices, replay ------------------------------------------------------------------

// The source, or the free place for it; NULL: all places are taken by others.
static struct rtpsec_source *source_more(
	struct rtpsec *c, const struct rtpsec_suite *s, uint32_t ssrc)
{
	struct rtpsec_tail *t = rtpsec_tail(c, s);
	struct rtpsec_more *more;

	if (!t->source.used || t->source.ssrc == ssrc)
		return &t->source;
	more = rtpsec_more(c, s);
	for (size_t i = 0; i < RTPSEC_SSRCS_MAX - 2; i++)
		if (!more->source[i].used || more->source[i].ssrc == ssrc)
			return &more->source[i];
	return NULL;
}

static inline struct rtpsec_source *source_of(
	struct rtpsec *c, const struct rtpsec_suite *s, uint32_t ssrc)
{
	if (__builtin_expect(!c->source.used || c->source.ssrc == ssrc, 1))
		return &c->source;
	return source_more(c, s, ssrc);
}

// RFC 3711 3.3.1, appendix A, but no index is below zero: a high number that comes after a low one
// of a new source is taken for a newer one.
static inline uint64_t estimate(const struct rtpsec_source *src, uint16_t seq)
{
	uint64_t roc = src->newest >> 16;
	uint16_t newest = (uint16_t)src->newest;

	if (!src->used)
		return seq;
	if (newest < 0x8000) {
		if (seq - newest > 0x8000 && roc > 0)
			roc--;
	} else if (newest - 0x8000 > seq) {
		roc++;
	}
	return roc << 16 | seq;
}

// Whether a packet is refused before its tag is looked at. Sets the index and the source's place.
static inline enum rtpsec_status judge(struct rtpsec *c, const struct rtpsec_pending *p,
	struct rtpsec_source **src, uint64_t *index)
{
	*src = source_of(c, p->suite, p->ssrc);
	if (*src == NULL)
		return RTPSEC_SSRCS;
	*index = estimate(*src, p->seq);
	if (c->left == 0)
		return RTPSEC_EXHAUSTED;
	return (*src)->used ? rtpsec_judge((*src)->window, (int64_t)((*src)->newest - *index))
			    : RTPSEC_OK;
}

// Only for a packet that is authentic, or that is ours to send.
static inline void learn(
	struct rtpsec *c, const struct rtpsec_pending *p, struct rtpsec_source *src, uint64_t index)
{
	if (!src->used) {
		*src = (struct rtpsec_source){
			.newest = index, .window = {1}, .ssrc = p->ssrc, .used = true};
		if (src != &c->source && src != &rtpsec_tail(c, p->suite)->source)
			rtpsec_tail(c, p->suite)->more = true;
	} else {
		rtpsec_mark(src->window, (int64_t)(src->newest - index));
		if (index > src->newest)
			src->newest = index;
	}
	__atomic_store_n(&c->left, c->left - 1, __ATOMIC_RELAXED);
}

// ---- Calculating -------------------------------------------------------------------------------

static inline void add_crypt(struct rtpsec_engine *e, struct counts *n, struct rtpsec_pending *p)
{
	enum rtpsec_cipher cipher = p->suite->cipher;

	e->crypt[cipher][n->crypt[cipher]++] = &p->op;
}

static inline void add_hmac(struct rtpsec_engine *e, struct counts *n, struct rtpsec_pending *p)
{
	e->hmac[n->hmac++] = &p->op;
}

static void run_ctr(struct rtpsec_engine *e, const struct counts *n)
{
	for (enum rtpsec_cipher i = RTPSEC_CM_128; i <= RTPSEC_CM_256; i++)
		if (n->crypt[i] != 0)
			e->kernels->ctr(e->state, i, e->crypt[i], n->crypt[i]);
}

static void run_gcm(struct rtpsec_engine *e, const struct counts *n, bool encrypt)
{
	for (enum rtpsec_cipher i = RTPSEC_GCM_128; i <= RTPSEC_GCM_256; i++)
		if (n->crypt[i] != 0)
			e->kernels->gcm(e->state, i, encrypt, e->crypt[i], n->crypt[i]);
}

static void run_hmac(struct rtpsec_engine *e, const struct counts *n)
{
	if (n->hmac != 0)
		e->kernels->hmac(e->state, e->hmac, n->hmac);
}

// Header and suite of a packet whose plain or encrypted part ends at `len`.
static inline bool read_header(
	struct rtpsec_pending *p, const struct rtpsec_job *j, uint32_t len, struct rtp_hdr *h)
{
	if (!rtp_parse(j->pkt, len, h))
		return false;
	p->ssrc = h->ssrc;
	p->seq = h->seq;
	p->len = len;
	return true;
}

// What the kernels are told about the packet. The ROC stands behind it while it is hashed.
static inline void fill(struct rtpsec_pending *p, const struct rtpsec_job *j, uint32_t header)
{
	const struct rtpsec_suite *s = p->suite;
	struct rtpsec_op *op = &p->op;

	op->keys = rtpsec_keys(j->ctx, s);
	op->in = op->out = j->pkt + header;
	op->len = p->len - header;
	rtpsec_iv(s, j->ctx->salt, p->ssrc, p->index, op->iv);
	if (s->aead) {
		op->aad = j->pkt;
		op->aad_len = header;
	} else {
		op->pads = j->ctx->pads;
		op->hashed = j->pkt;
		op->hashed_len = p->len + ROC_LEN;
	}
}

// ---- Opening -----------------------------------------------------------------------------------

// The tags of the counter mode have 4 and 10 octets; of the latter, octets 2 to 9 are taken at once.
static inline void copy_tag(uint8_t *to, const uint8_t *from, size_t n)
{
	memcpy(to, from, 4);
	if (n == 10)
		memcpy(to + 2, from + 2, 8);
}

// In a time that does not depend on what is compared.
static inline bool same_tag(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t long_a, long_b;
	uint32_t short_a, short_b;

	memcpy(&short_a, a, 4);
	memcpy(&short_b, b, 4);
	if (n == 4)
		return (short_a ^ short_b) == 0;
	memcpy(&long_a, a + 2, 8);
	memcpy(&long_b, b + 2, 8);
	return ((short_a ^ short_b) | (long_a ^ long_b)) == 0;
}

static void open_prepare(
	struct rtpsec_engine *e, struct rtpsec_job *j, struct rtpsec_pending *p, struct counts *n)
{
	const struct rtpsec_suite *s = &rtpsec_suites[j->ctx->suite];
	uint32_t trailer = (uint32_t)s->tag_len + j->ctx->mki_len;
	struct rtpsec_source *src;
	struct rtp_hdr h;

	p->calculated = p->genuine = p->changed = false;
	p->suite = s;
	j->status = RTPSEC_OK;
	if (j->kind == RTPSEC_RTCP)
		return;
	if (j->len < trailer || !read_header(p, j, j->len - trailer, &h)) {
		j->status = RTPSEC_MALFORMED;
		return;
	}
	if (judge(j->ctx, p, &src, &p->index) != RTPSEC_OK)
		return; // the last word is open_commit()'s
	p->calculated = true;
	fill(p, j, h.len);
	if (s->aead) {
		if (j->verify_only)
			p->op.out = e->away;
		// RFC 7714 8.2: the MKI comes behind the tag.
		memcpy(p->op.mac, j->pkt + p->len, RTPSEC_GCM_TAG);
		add_crypt(e, n, p);
	} else {
		copy_tag(p->tag, j->pkt + j->len - s->tag_len, s->tag_len);
		memcpy(p->behind, j->pkt + p->len, ROC_LEN);
		rtpsec_put_be32(j->pkt + p->len, (uint32_t)(p->index >> 16));
		add_hmac(e, n, p);
	}
}

static void open_calculate(struct rtpsec_engine *e, struct rtpsec_job *jobs,
	struct rtpsec_pending *ps, size_t n_jobs, struct counts *n)
{
	run_gcm(e, n, false);
	run_hmac(e, n);
	for (size_t i = 0; i < n_jobs; i++) {
		struct rtpsec_pending *p = &ps[i];
		struct rtpsec_job *j = &jobs[i];

		if (!p->calculated)
			continue;
		if (p->suite->aead) {
			p->genuine = p->op.genuine;
			p->changed = !j->verify_only;
			continue;
		}
		memcpy(j->pkt + p->len, p->behind, ROC_LEN);
		p->genuine = same_tag(p->op.mac, p->tag, p->suite->tag_len);
		if (p->genuine && !j->verify_only && p->op.len != 0) {
			p->changed = true;
			add_crypt(e, n, p);
		}
	}
	run_ctr(e, n);
}

// Gives back what came: counter mode undoes itself.
static void open_undo(struct rtpsec_engine *e, struct rtpsec_pending *p)
{
	struct rtpsec_op *const op[1] = {&p->op};

	if (!p->changed)
		return;
	if (p->suite->aead)
		e->kernels->gcm(e->state, p->suite->cipher, true, op, 1);
	else
		e->kernels->ctr(e->state, p->suite->cipher, op, 1);
}

// The order of arrival. `again`: an earlier packet of the burst may have changed the judgement.
static void open_commit(
	struct rtpsec_engine *e, struct rtpsec_job *j, struct rtpsec_pending *p, bool again)
{
	struct rtpsec_source *src;
	struct counts n = {0};
	uint64_t index;

	if (j->kind == RTPSEC_RTCP) {
		j->status = (uint8_t)rtpsec_rtcp_open(e, j);
		return;
	}
	if (j->status == RTPSEC_MALFORMED)
		return;
	j->status = (uint8_t)judge(j->ctx, p, &src, &index);
	if (j->status != RTPSEC_OK)
		return;
	if (again && (!p->calculated || p->index != index)) {
		open_undo(e, p);
		p = &e->pending[RTPSEC_BURST];
		open_prepare(e, j, p, &n);
		open_calculate(e, j, p, 1, &n);
		open_commit(e, j, p, false);
		return;
	}
	if (!p->genuine) {
		j->status = RTPSEC_AUTH_FAILED;
		return;
	}
	learn(j->ctx, p, src, index);
	if (!j->verify_only)
		j->len = p->len;
}

void rtpsec_open(struct rtpsec_engine *e, struct rtpsec_job *jobs, size_t n_jobs)
{
	while (n_jobs > 0) {
		size_t burst = n_jobs < RTPSEC_BURST ? n_jobs : RTPSEC_BURST;
		struct counts n = {0};

		for (size_t i = 0; i < burst; i++) {
			prefetch_head(jobs, i + AHEAD, burst);
			open_prepare(e, &jobs[i], &e->pending[i], &n);
		}
		open_calculate(e, jobs, e->pending, burst, &n);
		for (size_t i = 0; i < burst; i++)
			open_commit(e, &jobs[i], &e->pending[i], true);
		jobs += burst;
		n_jobs -= burst;
	}
}

// ---- Sealing -----------------------------------------------------------------------------------

static void seal_prepare(
	struct rtpsec_engine *e, struct rtpsec_job *j, struct rtpsec_pending *p, struct counts *n)
{
	struct rtpsec_source *src;
	struct rtp_hdr h;

	p->calculated = false;
	p->suite = &rtpsec_suites[j->ctx->suite];
	if (j->kind == RTPSEC_RTCP) {
		j->status = (uint8_t)rtpsec_rtcp_seal(e, j);
		return;
	}
	if (!read_header(p, j, j->len, &h)) {
		j->status = RTPSEC_MALFORMED;
		return;
	}
	j->status = (uint8_t)judge(j->ctx, p, &src, &p->index);
	if (j->status != RTPSEC_OK)
		return;
	learn(j->ctx, p, src, p->index);
	p->calculated = true;
	fill(p, j, h.len);
	if (p->suite->aead || p->op.len != 0)
		add_crypt(e, n, p);
	if (!p->suite->aead) {
		rtpsec_put_be32(j->pkt + p->len, (uint32_t)(p->index >> 16));
		add_hmac(e, n, p);
	}
}

void rtpsec_seal(struct rtpsec_engine *e, struct rtpsec_job *jobs, size_t n_jobs)
{
	while (n_jobs > 0) {
		size_t burst = n_jobs < RTPSEC_BURST ? n_jobs : RTPSEC_BURST;
		struct counts n = {0};

		for (size_t i = 0; i < burst; i++) {
			prefetch_head(jobs, i + AHEAD, burst);
			seal_prepare(e, &jobs[i], &e->pending[i], &n);
		}
		run_gcm(e, &n, true);
		run_ctr(e, &n);
		run_hmac(e, &n);
		for (size_t i = 0; i < burst; i++) {
			const struct rtpsec_pending *p = &e->pending[i];

			if (!p->calculated)
				continue;
			// Always as much as the longest takes: there is room, and it is one store.
			memcpy(jobs[i].pkt + p->len, p->op.mac, RTPSEC_GCM_TAG);
			jobs[i].len = p->len + p->suite->tag_len;
		}
		jobs += burst;
		n_jobs -= burst;
	}
}
