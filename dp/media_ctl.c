// SPDX-License-Identifier: BSD-3-Clause
// The control thread's side of the relay: judges MEDIA_SET and MEDIA_DEL, creates SRTP contexts and
// takes them back once the worker has let go. Called by dp/dp.c.
// Cold: runs on the control thread.
//
// No copy of a key is kept: whether a leg's key is still the same (SRTP-7: then its context, with
// rollover counter and replay window, lives on) is told by a digest.
#include "dp/media_ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "dp/media_state.h"
#include "lib/steer.h"

#define DIGEST_LEN 32
// Contexts of a stream: 2 * leg + direction.
#define CONTEXTS 4

enum state { STATE_FREE, STATE_UP, STATE_LEAVING };

// What the control thread knows of a stream. Contexts are the slot's.
struct record {
	uint8_t state; // enum state
	uint8_t owner;
	uint16_t slot;
	struct rtpsec *ctx[CONTEXTS];
	uint8_t digest[CONTEXTS][DIGEST_LEN];
};

// What a worker may still read until it has handled `after` messages.
struct retired {
	uint64_t after;
	uint16_t slot;
	uint8_t owner;
	struct rtpsec *ctx[CONTEXTS]; // that no newer slot took over
};

struct media_ctl {
	unsigned int n_workers;
	struct media_worker *workers[WORKERS_MAX];
	uint64_t sent[WORKERS_MAX];
	struct media_shared shared;
	struct record records[MEDIA_STREAMS];
	struct retired retired[MEDIA_SLOTS];
	uint16_t free_slots[MEDIA_SLOTS];
	uint32_t n_retired, n_free, n_streams;
};

static struct media_ctl *mc;

// ---- Start and stop ----------------------------------------------------------------------------

int media_ctl_start(unsigned int n_workers, struct media_worker *out[])
{
	int err = rtpsec_init(RTPSEC_AUTO, 0);

	if (err != 0)
		return err;
	// Aligned and zero; of its 6 MB the kernel gives what is used.
	mc = mmap(NULL, sizeof(*mc), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mc == MAP_FAILED) {
		mc = NULL;
		return -ENOMEM;
	}
	mc->n_workers = n_workers;
	for (unsigned int i = 0; i < n_workers; i++) {
		struct media_worker *w = calloc(1, sizeof(*w));

		if (w == NULL) {
			media_ctl_stop();
			return -ENOMEM;
		}
		w->shared = &mc->shared;
		mc->workers[i] = out[i] = w;
	}
	for (unsigned int i = 0; i < MEDIA_SLOTS; i++)
		mc->free_slots[mc->n_free++] = (uint16_t)(MEDIA_SLOTS - 1 - i);
	return 0;
}

static void free_contexts(struct rtpsec *ctx[CONTEXTS])
{
	for (unsigned int i = 0; i < CONTEXTS; i++) {
		rtpsec_free(ctx[i]);
		ctx[i] = NULL;
	}
}

void media_ctl_stop(void)
{
	if (mc == NULL)
		return;
	for (unsigned int i = 0; i < mc->n_retired; i++)
		free_contexts(mc->retired[i].ctx);
	for (unsigned int i = 0; i < MEDIA_STREAMS; i++)
		free_contexts(mc->records[i].ctx);
	for (unsigned int i = 0; i < mc->n_workers; i++)
		free(mc->workers[i]);
	OPENSSL_cleanse(mc->records, sizeof(mc->records));
	munmap(mc, sizeof(*mc));
	mc = NULL;
}

// ---- Taking back -------------------------------------------------------------------------------

static void reap(void)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < mc->n_retired; i++) {
		struct retired *r = &mc->retired[i];

		if (__atomic_load_n(&mc->workers[r->owner]->handled, __ATOMIC_ACQUIRE) < r->after) {
			mc->retired[kept++] = *r;
			continue;
		}
		free_contexts(r->ctx);
		mc->free_slots[mc->n_free++] = r->slot;
	}
	mc->n_retired = kept;
}

// `ctx` are those that nothing newer uses. The message that replaces the slot is the next one.
static void retire(const struct record *r, struct rtpsec *const ctx[CONTEXTS])
{
	struct retired *out = &mc->retired[mc->n_retired++];

	out->slot = r->slot;
	out->owner = r->owner;
	out->after = mc->sent[r->owner] + 1;
	memcpy(out->ctx, ctx, sizeof(out->ctx));
}

// ---- Judging -----------------------------------------------------------------------------------

static bool is_v4_or_none(const struct ip_addr *ip)
{
	return ip_is_none(ip) || ip_is_v4(ip);
}

static int judge_leg(const struct dp_media_leg *l, uint32_t stream)
{
	uint16_t entry;

	if (l->iface >= DP_IFACES_MAX || l->local.port == 0 || l->local.port % 2 != 0 ||
		l->mki_len > RTPSEC_MKI_MAX)
		return -EINVAL; // odd ports are for RTCP (RTP-4)
	if (!ip_is_v4(&l->local.ip) || !is_v4_or_none(&l->remote.ip))
		return -ENOTSUP;
	entry = mc->shared.table[l->iface][l->local.port];
	return entry == 0 || (entry - 1u) / 2 == stream ? 0 : -EADDRINUSE;
}

static int judge_set(const struct dp_msg_media *m, unsigned int *owner)
{
	const struct record *r;
	int err;

	if (m->stream >= MEDIA_STREAMS || m->n_pts > DP_MEDIA_PTS_MAX)
		return -EINVAL;
	for (unsigned int i = 0; i < m->n_pts; i++)
		if (m->pts[i] > 127)
			return -EINVAL;
	for (unsigned int i = 0; i < 2; i++) {
		err = judge_leg(&m->leg[i], m->stream);
		if (err != 0)
			return err;
	}
	if (m->leg[0].iface == m->leg[1].iface && m->leg[0].local.port == m->leg[1].local.port)
		return -EINVAL;
	r = &mc->records[m->stream];
	*owner = steer_port_owner(m->leg[0].local.port, mc->n_workers);
	if (*owner != steer_port_owner(m->leg[1].local.port, mc->n_workers) ||
		(r->state == STATE_UP && r->owner != *owner))
		return -EINVAL;
	if (r->state == STATE_LEAVING)
		return -EBUSY;
	return mc->n_free > 0 ? 0 : -ENOBUFS;
}

// ---- Contexts ----------------------------------------------------------------------------------

struct contexts {
	struct rtpsec *ctx[CONTEXTS];
	uint8_t digest[CONTEXTS][DIGEST_LEN];
	bool kept[CONTEXTS]; // taken over from the record
};

// Everything that makes a context what it is.
static int digest_of(const struct rtpsec_params *p, uint8_t out[DIGEST_LEN])
{
	uint8_t m[3 + DP_SRTP_KEY_LEN] = {(uint8_t)p->direction, p->suite, p->mki_len};
	int ok;

	memcpy(m + 3, p->key, DP_SRTP_KEY_LEN);
	ok = EVP_Digest(m, sizeof(m), out, NULL, EVP_sha256(), NULL);
	OPENSSL_cleanse(m, sizeof(m));
	return ok == 1 ? 0 : -EIO;
}

static int context(struct contexts *c, unsigned int i, const struct record *old,
	const struct dp_media_leg *l, enum rtpsec_direction d)
{
	struct rtpsec_params p = {
		.direction = d, .suite = l->suite, .mki_len = d == RTPSEC_OPEN ? l->mki_len : 0};
	int err;

	memcpy(p.key, d == RTPSEC_OPEN ? l->rx_key : l->tx_key, sizeof(p.key));
	err = digest_of(&p, c->digest[i]);
	if (err == 0 && old->ctx[i] != NULL &&
		CRYPTO_memcmp(c->digest[i], old->digest[i], DIGEST_LEN) == 0) {
		c->ctx[i] = old->ctx[i];
		c->kept[i] = true;
	} else if (err == 0) {
		err = rtpsec_new(&c->ctx[i], &p);
	}
	OPENSSL_cleanse(&p, sizeof(p));
	return err;
}

static int contexts_new(struct contexts *c, const struct record *old, const struct dp_msg_media *m)
{
	int err = 0;

	memset(c, 0, sizeof(*c));
	for (unsigned int leg = 0; leg < 2 && err == 0; leg++) {
		const struct dp_media_leg *l = &m->leg[leg];

		if (l->suite == DP_SRTP_NONE)
			continue;
		err = context(c, 2 * leg + RTPSEC_OPEN, old, l, RTPSEC_OPEN);
		if (err == 0)
			err = context(c, 2 * leg + RTPSEC_SEAL, old, l, RTPSEC_SEAL);
	}
	if (err == 0)
		return 0;
	for (unsigned int i = 0; i < CONTEXTS; i++)
		if (!c->kept[i])
			rtpsec_free(c->ctx[i]);
	return err;
}

// ---- Set and delete ----------------------------------------------------------------------------

static bool can_be_sent_to(const struct endpoint *e)
{
	static const struct ip_addr zero = {.b = {[10] = 0xff, [11] = 0xff}}; // c=0.0.0.0: hold

	return e->port != 0 && ip_is_v4(&e->ip) && !ip_eq(&e->ip, &zero);
}

static void fill_leg(struct media_slot_leg *out, const struct dp_media_leg *l,
	const struct contexts *c, unsigned int leg, const struct media_slot_leg *old)
{
	*out = (struct media_slot_leg){
		.rx = c->ctx[2 * leg + RTPSEC_OPEN],
		.tx = c->ctx[2 * leg + RTPSEC_SEAL],
		.local = l->local,
		.remote = l->remote,
		.iface = l->iface,
		.rx_allowed = l->rx_allowed,
		.may_send = l->tx_allowed && can_be_sent_to(&l->remote),
	};
	out->fresh = old == NULL || out->rx != old->rx || !endpoint_eq(&out->remote, &old->remote);
}

static void fill_slot(struct media_slot *s, const struct dp_msg_media *m, const struct contexts *c,
	const struct media_slot *old)
{
	for (unsigned int i = 0; i < 2; i++)
		fill_leg(&s->leg[i], &m->leg[i], c, i, old != NULL ? &old->leg[i] : NULL);
	s->clock_hz = m->clock_hz;
	s->pts[0] = s->pts[1] = m->n_pts == 0 ? UINT64_MAX : 0;
	for (unsigned int i = 0; i < m->n_pts; i++)
		s->pts[m->pts[i] / 64] |= UINT64_C(1) << (m->pts[i] % 64);
}

static void enter_ports(const struct media_slot *s, uint32_t stream, bool in)
{
	for (unsigned int i = 0; i < 2; i++)
		__atomic_store_n(&mc->shared.table[s->leg[i].iface][s->leg[i].local.port],
			in ? (uint16_t)(1 + 2 * stream + i) : 0, __ATOMIC_RELEASE);
}

static void replace(struct record *r, const struct contexts *c, uint32_t stream)
{
	struct rtpsec *ctx[CONTEXTS];

	for (unsigned int i = 0; i < CONTEXTS; i++)
		ctx[i] = c->kept[i] ? NULL : r->ctx[i];
	enter_ports(&mc->shared.slots[r->slot], stream, false);
	retire(r, ctx);
}

static void message(struct dp_msg *out, uint16_t type, uint32_t stream, uint16_t slot)
{
	*out = (struct dp_msg){
		.version = DP_MSG_VERSION, .type = type, .media = {.stream = stream, .slot = slot}};
}

static int send_set(const struct dp_msg_media *m, struct dp_msg *to_worker, unsigned int *owner)
{
	struct record *r;
	struct media_slot *slot;
	struct contexts c;
	uint16_t number;
	bool live;
	int err = judge_set(m, owner);

	if (err != 0)
		return err;
	r = &mc->records[m->stream];
	err = contexts_new(&c, r, m);
	if (err != 0)
		return err;
	live = r->state == STATE_UP;
	number = mc->free_slots[--mc->n_free];
	slot = &mc->shared.slots[number];
	fill_slot(slot, m, &c, live ? &mc->shared.slots[r->slot] : NULL);
	if (live) {
		replace(r, &c, m->stream);
	} else {
		memset(&mc->shared.streams[m->stream], 0, sizeof(mc->shared.streams[0]));
		mc->n_streams++;
	}
	enter_ports(slot, m->stream, true);
	r->state = STATE_UP;
	r->owner = (uint8_t)*owner;
	r->slot = number;
	memcpy(r->ctx, c.ctx, sizeof(r->ctx));
	memcpy(r->digest, c.digest, sizeof(r->digest));
	message(to_worker, DP_MSG_MEDIA_SET, m->stream, number);
	return 0;
}

static int send_del(uint32_t stream, struct dp_msg *to_worker, unsigned int *owner)
{
	struct record *r;

	if (stream >= MEDIA_STREAMS)
		return -EINVAL;
	r = &mc->records[stream];
	if (r->state != STATE_UP)
		return r->state == STATE_LEAVING ? -EBUSY : -ENOENT;
	enter_ports(&mc->shared.slots[r->slot], stream, false);
	retire(r, r->ctx);
	memset(r->ctx, 0, sizeof(r->ctx));
	memset(r->digest, 0, sizeof(r->digest));
	r->state = STATE_LEAVING;
	*owner = r->owner;
	message(to_worker, DP_MSG_MEDIA_DEL, stream, 0);
	return 0;
}

int media_ctl_send(const struct dp_msg *m, struct dp_msg *to_worker, unsigned int *owner)
{
	int err = -EINVAL;

	if (m->version != DP_MSG_VERSION)
		return -EINVAL;
	reap();
	if (m->type == DP_MSG_MEDIA_SET)
		err = send_set(&m->media, to_worker, owner);
	else if (m->type == DP_MSG_MEDIA_DEL)
		err = send_del(m->media.stream, to_worker, owner);
	if (err == 0)
		mc->sent[*owner]++;
	return err;
}

void media_ctl_recv(const struct dp_msg *m)
{
	struct record *r = &mc->records[m->media.stream];

	reap();
	if (r->state != STATE_LEAVING)
		return;
	r->state = STATE_FREE;
	mc->n_streams--;
}

uint32_t media_ctl_streams(void)
{
	return mc != NULL ? mc->n_streams : 0;
}

// ---- Statistics --------------------------------------------------------------------------------

#define READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

static void read_leg(struct dp_leg_stats *out, const struct media_show *s, uint32_t clock_hz)
{
	*out = (struct dp_leg_stats){
		.rx_packets = READ(s->rx_packets),
		.tx_packets = READ(s->tx_packets),
		.rx_bad_source = READ(s->rx_bad_source),
		.rx_auth_failed = READ(s->rx_auth_failed),
		.rx_replayed = READ(s->rx_replayed),
		.rx_malformed = READ(s->rx_malformed),
		.rx_rtcp = READ(s->rx_rtcp),
		.rx_lost = READ(s->rx_lost),
		.last_rx_ns = READ(s->last_rx_ns),
		.last_pt = (uint8_t)READ(s->last_pt),
	};
	if (clock_hz != 0)
		out->jitter_us = (uint32_t)((uint64_t)READ(s->jitter_q4) * 1000000 / 16 / clock_hz);
}

int dp_media_stats(uint32_t stream, struct dp_media_stats *out)
{
	const struct record *r;

	if (mc == NULL || stream >= MEDIA_STREAMS || mc->records[stream].state != STATE_UP)
		return -ENOENT;
	r = &mc->records[stream];
	for (unsigned int i = 0; i < 2; i++)
		read_leg(&out->leg[i], &mc->shared.streams[stream].leg[i].show,
			mc->shared.slots[r->slot].clock_hz);
	return 0;
}
