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

// Contexts of a stream: 2 * leg + direction.
#define CONTEXTS 4

enum state { STATE_FREE, STATE_UP, STATE_LEAVING };

// What has been asked for of a stream; the worker may not have got that far.
struct record {
	struct rtpsec *ctx[CONTEXTS];
	uint64_t digest[CONTEXTS];
	uint64_t remote[2], rtcp_remote[2]; // as negotiated
	uint32_t where[2], rx_warn[2];
	uint8_t state; // enum state
	uint8_t owner;
};

struct media_ctl {
	unsigned int n_workers;
	struct media_worker *workers[WORKERS_MAX];
	uint64_t sent[WORKERS_MAX], reaped[WORKERS_MAX]; // settings
	uint32_t streams_max, n_streams;
	struct media_shared shared;
	struct media_stream *before; // the void before shared.streams[0]
	struct record *records;
};

static struct media_ctl ctl;
static bool started;

// ---- Start and stop ----------------------------------------------------------------------------

// Zero, and touched by nobody yet: the kernel gives what is used, in large pages if it has any, for
// a packet of one call in many finds none of its small ones in the TLB.
static void *reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}

static void give_back(void *p, size_t size)
{
	if (p != NULL)
		munmap(p, size);
}

#define TABLE_SIZE    (MEDIA_PLACES * sizeof(uint32_t))
#define STREAMS_SIZE  ((size_t)(ctl.streams_max + 1) * sizeof(struct media_stream))
#define RECORDS_SIZE  (ctl.streams_max * sizeof(struct record))
#define MONITORS_SIZE (ctl.streams_max * sizeof(struct media_monitor))

static int workers_new(struct media_worker *out[])
{
	for (unsigned int i = 0; i < ctl.n_workers; i++) {
		struct media_worker *w = reserve(sizeof(*w));
		int err;

		if (w == NULL)
			return -ENOMEM;
		ctl.workers[i] = out[i] = w;
		w->shared = ctl.shared;
		err = rtpsec_engine_new(&w->engine);
		if (err != 0)
			return err;
	}
	return 0;
}

int media_ctl_start(unsigned int n_workers, uint32_t streams_max, enum rtpsec_tier tier,
	struct media_worker *out[])
{
	int err;

	if (streams_max > DP_STREAMS_MAX)
		return -EINVAL;
	ctl.streams_max = streams_max != 0 ? streams_max : MEDIA_STREAMS_DEFAULT;
	// The old context and the new one of a leg live side by side until the worker has switched.
	err = rtpsec_init(tier, CONTEXTS * (ctl.streams_max + n_workers * MEDIA_MAILBOX));
	if (err != 0) {
		ctl = (struct media_ctl){0};
		return err;
	}
	started = true;
	ctl.n_workers = n_workers;
	ctl.before = reserve(STREAMS_SIZE);
	ctl.records = reserve(RECORDS_SIZE);
	ctl.shared.table = reserve(TABLE_SIZE);
	ctl.shared.monitors = reserve(MONITORS_SIZE);
	if (ctl.before == NULL || ctl.records == NULL || ctl.shared.table == NULL ||
		ctl.shared.monitors == NULL) {
		media_ctl_stop();
		return -ENOMEM;
	}
	ctl.shared.streams = ctl.before + 1;
	ctl.before->flow[1].where = UINT32_MAX; // the place of nothing
	err = workers_new(out);
	if (err != 0)
		media_ctl_stop();
	return err;
}

static void free_contexts(struct rtpsec *ctx[CONTEXTS])
{
	for (unsigned int i = 0; i < CONTEXTS; i++) {
		rtpsec_free(ctx[i]);
		ctx[i] = NULL;
	}
}

static void worker_free(unsigned int i)
{
	struct media_worker *w = ctl.workers[i];

	if (w == NULL)
		return;
	for (uint64_t k = ctl.reaped[i]; k != ctl.sent[i]; k++)
		free_contexts(w->mailbox[k % MEDIA_MAILBOX].replaced);
	rtpsec_engine_free(w->engine);
	give_back(w, sizeof(*w));
}

void media_ctl_stop(void)
{
	if (!started)
		return;
	for (unsigned int i = 0; i < ctl.n_workers; i++)
		worker_free(i);
	for (uint32_t i = 0; ctl.records != NULL && ctl.n_streams > 0; i++) {
		ctl.n_streams -= ctl.records[i].state != STATE_FREE;
		free_contexts(ctl.records[i].ctx);
	}
	give_back(ctl.shared.table, TABLE_SIZE);
	give_back(ctl.shared.monitors, MONITORS_SIZE);
	give_back(ctl.before, STREAMS_SIZE);
	give_back(ctl.records, RECORDS_SIZE);
	ctl = (struct media_ctl){0};
	started = false;
	rtpsec_fini();
}

// ---- Taking back -------------------------------------------------------------------------------

// What settings have replaced that are in force by now.
static void reap(unsigned int worker)
{
	struct media_worker *w = ctl.workers[worker];
	uint64_t handled = __atomic_load_n(&w->handled, __ATOMIC_ACQUIRE);

	for (; ctl.reaped[worker] != handled; ctl.reaped[worker]++)
		free_contexts(w->mailbox[ctl.reaped[worker] % MEDIA_MAILBOX].replaced);
}

// ---- Judging -----------------------------------------------------------------------------------

static bool is_v4_or_none(const struct ip_addr *ip)
{
	return ip_is_none(ip) || ip_is_v4(ip);
}

// *where is the leg's place in the port table.
static int judge_leg(const struct dp_media_leg *l, uint32_t stream, uint32_t *where)
{
	uint32_t entry;
	int id;

	if (l->iface >= DP_IFACES_MAX || l->local.port == 0 || l->local.port % 2 != 0 ||
		l->mki_len > RTPSEC_MKI_MAX)
		return -EINVAL; // odd ports are for RTCP (RTP-4)
	if (l->suite == DP_SRTP_NONE && (l->latch || l->tx_awaits_rx))
		return -EINVAL; // what is not authentic moves nothing
	if (!ip_is_v4(&l->local.ip) || !is_v4_or_none(&l->remote.ip) ||
		!is_v4_or_none(&l->remote_rtcp.ip))
		return -ENOTSUP;
	id = media_addr_id(l->iface, &l->local.ip);
	if (id < 0)
		return id;
	*where = media_place((unsigned int)id, l->local.port);
	entry = ctl.shared.table[*where];
	return entry == 0 || (entry - 1) / 2 == stream ? 0 : -EADDRINUSE;
}

static int judge_fields(const struct dp_msg_media *m)
{
	if (m->stream >= ctl.streams_max)
		return -EINVAL;
	if (m->monitor.on && (m->monitor.level >= RMA_LEVELS || m->clock_hz == 0))
		return -EINVAL;
	if (m->passthrough &&
		(m->leg[0].suite == DP_SRTP_NONE || m->leg[0].suite != m->leg[1].suite))
		return -EINVAL;
	return 0;
}

static int judge_set(const struct dp_msg_media *m, uint32_t where[2], unsigned int *owner)
{
	const struct record *r;
	int err = judge_fields(m);

	for (unsigned int i = 0; i < 2 && err == 0; i++)
		err = judge_leg(&m->leg[i], m->stream, &where[i]);
	if (err != 0)
		return err;
	r = &ctl.records[m->stream];
	*owner = steer_port_owner(m->leg[0].local.port, ctl.n_workers);
	if (where[0] == where[1] ||
		*owner != steer_port_owner(m->leg[1].local.port, ctl.n_workers) ||
		(r->state == STATE_UP && r->owner != *owner))
		return -EINVAL;
	if (r->state == STATE_LEAVING)
		return -EBUSY;
	reap(*owner);
	return ctl.sent[*owner] - ctl.reaped[*owner] < MEDIA_MAILBOX ? 0 : -ENOBUFS;
}

// ---- Contexts ----------------------------------------------------------------------------------

struct contexts {
	struct rtpsec *ctx[CONTEXTS];
	uint64_t digest[CONTEXTS];
	bool kept[CONTEXTS]; // taken over from the record
};

// What makes a context of one direction what it is, in 64 bits that say nothing about the key and
// that only who knows the key can aim at. Not the lifetime: a key that is written again with
// another one is the same key, and its rollover counter goes on.
static int digest_of(const struct rtpsec_params *p, uint64_t *out)
{
	uint8_t m[2 + DP_SRTP_KEY_LEN] = {p->suite, p->mki_len};
	uint8_t md[EVP_MAX_MD_SIZE];
	int ok;

	memcpy(m + 2, p->key, DP_SRTP_KEY_LEN);
	ok = EVP_Digest(m, sizeof(m), md, NULL, EVP_sha256(), NULL);
	memcpy(out, md, sizeof(*out));
	OPENSSL_cleanse(m, sizeof(m));
	return ok == 1 ? 0 : -EIO;
}

// The lifetime in an SDP is a promise to change the key in time; we never count further than is
// safe.
static uint64_t lifetime_of(const struct dp_media_leg *l)
{
	if (l->rx_lifetime == 0 || l->rx_lifetime > RTPSEC_LIFETIME_MAX)
		return RTPSEC_LIFETIME_MAX;
	return l->rx_lifetime;
}

static int context(struct contexts *c, unsigned int i, const struct record *old,
	const struct dp_media_leg *l, enum rtpsec_direction d)
{
	struct rtpsec_params p = {.direction = d,
		.suite = l->suite,
		.mki_len = d == RTPSEC_OPEN ? l->mki_len : 0,
		.lifetime = d == RTPSEC_OPEN ? lifetime_of(l) : RTPSEC_LIFETIME_MAX};
	int err;

	memcpy(p.key, d == RTPSEC_OPEN ? l->rx_key : l->tx_key, sizeof(p.key));
	err = digest_of(&p, &c->digest[i]);
	if (err == 0 && old->ctx[i] != NULL && c->digest[i] == old->digest[i]) {
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
		if (err == 0 && !m->passthrough)
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

// Not 0.0.0.0, which means hold, and nothing that is no host's.
static uint64_t target(const struct endpoint *e)
{
	uint8_t first = e->ip.b[12];

	return ip_is_v4(&e->ip) && first != 0 && first != 127 && first < 224 ? media_peer(e) : 0;
}

static uint16_t flags_of(const struct dp_msg_media *m, unsigned int i)
{
	const struct dp_media_leg *in = &m->leg[i], *out = &m->leg[i ^ 1];
	uint16_t flags = 0;

	flags |= in->rx_allowed ? MEDIA_RX : 0;
	flags |= out->tx_allowed && target(&out->remote) != 0 ? MEDIA_TX : 0;
	flags |= in->latch ? MEDIA_LATCH : 0;
	flags |= m->passthrough ? MEDIA_PASS : 0;
	flags |= m->rtcp ? MEDIA_RTCP : 0;
	flags |= in->rtcp_mux ? MEDIA_MUX_IN : 0;
	flags |= out->rtcp_mux ? MEDIA_MUX_OUT : 0;
	flags |= out->tx_awaits_rx ? MEDIA_AWAITS : 0;
	flags |= i == 0 && m->monitor.on ? MEDIA_MONITOR : 0;
	return flags;
}

static void fill_flow(struct media_setting_flow *f, const struct dp_msg_media *m, unsigned int i,
	const struct contexts *c, const struct record *old)
{
	const struct dp_media_leg *in = &m->leg[i], *out = &m->leg[i ^ 1];

	*f = (struct media_setting_flow){
		.remote = media_peer(&in->remote),
		.rtcp_remote = media_peer(&in->remote_rtcp),
		.out_local = media_peer(&out->local) | (uint64_t)out->iface << 48,
		.out_remote = target(&out->remote),
		.rtcp_out_remote = target(&out->remote_rtcp),
		.rx = c->ctx[2 * i + RTPSEC_OPEN],
		.tx = c->ctx[2 * (i ^ 1) + RTPSEC_SEAL],
		.rx_warn = c->kept[2 * i + RTPSEC_OPEN] ? old->rx_warn[i]
							: (uint32_t)MEDIA_KEY_WARN(lifetime_of(in)),
		.flags = flags_of(m, i),
	};
	f->fresh = old->state != STATE_UP || f->rx != old->ctx[2 * i + RTPSEC_OPEN] ||
		f->remote != old->remote[i] || f->rtcp_remote != old->rtcp_remote[i];
}

static void fill_setting(struct media_setting *s, const struct dp_msg_media *m,
	const struct contexts *c, const struct record *old, const uint32_t where[2])
{
	for (unsigned int i = 0; i < 2; i++) {
		fill_flow(&s->flow[i], m, i, c, old);
		s->flow[i].where = where[i];
	}
	s->clock_hz = m->clock_hz;
	s->monitor = m->monitor;
	memcpy(s->pts, m->pts, sizeof(s->pts));
	for (unsigned int i = 0; i < CONTEXTS; i++)
		s->replaced[i] = c->kept[i] ? NULL : old->ctx[i];
}

static void enter_ports(const uint32_t where[2], uint32_t stream, bool in)
{
	for (unsigned int i = 0; i < 2; i++)
		__atomic_store_n(
			&ctl.shared.table[where[i]], in ? 1 + 2 * stream + i : 0, __ATOMIC_RELEASE);
}

static void message(struct dp_msg *out, uint16_t type, uint32_t stream)
{
	*out = (struct dp_msg){
		.version = DP_MSG_VERSION, .type = type, .media = {.stream = stream}};
}

static int send_set(const struct dp_msg_media *m, struct dp_msg *to_worker, unsigned int *owner)
{
	struct media_setting *s;
	struct record *r;
	struct contexts c;
	uint32_t where[2];
	int err = judge_set(m, where, owner);

	if (err != 0)
		return err;
	r = &ctl.records[m->stream];
	err = contexts_new(&c, r, m);
	if (err != 0)
		return err;
	s = &ctl.workers[*owner]->mailbox[ctl.sent[*owner]++ % MEDIA_MAILBOX];
	fill_setting(s, m, &c, r, where);
	if (r->state == STATE_UP) {
		enter_ports(r->where, m->stream, false);
	} else {
		memset(&ctl.shared.streams[m->stream], 0, sizeof(ctl.shared.streams[0]));
		media_monitor_stop(&ctl.shared.monitors[m->stream]);
		ctl.n_streams++;
	}
	enter_ports(where, m->stream, true);
	r->state = STATE_UP;
	r->owner = (uint8_t)*owner;
	memcpy(r->ctx, c.ctx, sizeof(r->ctx));
	memcpy(r->digest, c.digest, sizeof(r->digest));
	for (unsigned int i = 0; i < 2; i++) {
		r->where[i] = where[i];
		r->rx_warn[i] = s->flow[i].rx_warn;
		r->remote[i] = s->flow[i].remote;
		r->rtcp_remote[i] = s->flow[i].rtcp_remote;
	}
	message(to_worker, DP_MSG_MEDIA_SET, m->stream);
	return 0;
}

static int send_tick(uint32_t stream, struct dp_msg *to_worker, unsigned int *owner)
{
	if (stream >= ctl.streams_max || ctl.records[stream].state != STATE_UP)
		return -ENOENT;
	*owner = ctl.records[stream].owner;
	message(to_worker, DP_MSG_MEDIA_TICK, stream);
	return 0;
}

static int send_del(uint32_t stream, struct dp_msg *to_worker, unsigned int *owner)
{
	struct record *r;

	if (stream >= ctl.streams_max)
		return -EINVAL;
	r = &ctl.records[stream];
	if (r->state != STATE_UP)
		return r->state == STATE_LEAVING ? -EBUSY : -ENOENT;
	enter_ports(r->where, stream, false);
	r->state = STATE_LEAVING;
	*owner = r->owner;
	message(to_worker, DP_MSG_MEDIA_DEL, stream);
	return 0;
}

int media_ctl_send(const struct dp_msg *m, struct dp_msg *to_worker, unsigned int *owner)
{
	if (m->version != DP_MSG_VERSION)
		return -EINVAL;
	if (m->type == DP_MSG_MEDIA_SET)
		return send_set(&m->media, to_worker, owner);
	if (m->type == DP_MSG_MEDIA_DEL)
		return send_del(m->media.stream, to_worker, owner);
	if (m->type == DP_MSG_MEDIA_TICK)
		return send_tick(m->media.stream, to_worker, owner);
	return -EINVAL;
}

void media_ctl_recv(const struct dp_msg *m)
{
	struct record *r = &ctl.records[m->media.stream];

	if (r->state != STATE_LEAVING)
		return;
	reap(r->owner);
	free_contexts(r->ctx);
	*r = (struct record){.state = STATE_FREE};
	ctl.n_streams--;
}

uint32_t media_ctl_streams(void)
{
	return ctl.n_streams;
}

uint32_t media_ctl_streams_max(void)
{
	return ctl.streams_max;
}

const struct media_monitor *media_ctl_monitor(uint32_t stream)
{
	if (stream >= ctl.streams_max || ctl.records[stream].state != STATE_UP)
		return NULL;
	return &ctl.shared.monitors[stream];
}

const struct media_stream *media_ctl_stream(uint32_t stream, uint64_t negotiated[2])
{
	if (stream >= ctl.streams_max || ctl.records[stream].state != STATE_UP)
		return NULL;
	memcpy(negotiated, ctl.records[stream].remote, sizeof(ctl.records[stream].remote));
	return &ctl.shared.streams[stream];
}
