// SPDX-License-Identifier: BSD-3-Clause
// See cp/acl_log.h. Called by cp/punt.c with what the workers hand over.
#include "cp/acl_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cp/log.h"

#define S_NS       1000000000ull
#define HEADS      4096         // of chains; a power of two
#define FULL_TELL  (300 * S_NS) // the ASA's alert-interval
#define PROTO_TEXT 8

struct acl_flow {
	struct dp_acl_log r;
	uint64_t hits;   // in this interval
	uint64_t due_ns; // its end
	uint16_t next;   // of its chain: place + 1, 0: the end
	bool live;
};

struct acl_log {
	const struct config *c;
	const struct config_acl *acls; // whose places the flows have
	uint64_t (*mono_ns)(void);
	uint64_t full_told_ns;
	uint32_t seed, n;
	uint16_t head[HEADS];
	uint16_t free[ACL_LOG_FLOWS]; // stack of places
	struct acl_flow flow[ACL_LOG_FLOWS];
};

static void forget_all(struct acl_log *l)
{
	l->acls = l->c->acls;
	l->n = 0;
	memset(l->head, 0, sizeof(l->head));
	for (uint16_t i = 0; i < ACL_LOG_FLOWS; i++) {
		l->free[i] = ACL_LOG_FLOWS - 1 - i;
		l->flow[i].live = false;
	}
}

int acl_log_new(struct acl_log **out, const struct config *c, uint64_t (*mono_ns)(void))
{
	struct acl_log *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (l == NULL)
		return -ENOMEM;
	l->c = c;
	l->mono_ns = mono_ns;
	if (getrandom(&l->seed, sizeof(l->seed), 0) != sizeof(l->seed)) {
		free(l);
		return -errno;
	}
	forget_all(l);
	*out = l;
	return 0;
}

void acl_log_free(struct acl_log *l)
{
	free(l);
}

// ---- Flows --------------------------------------------------------------------------------------

// FNV-1a from a seed. A chain that a stranger makes long has ACL_LOG_FLOWS links at most.
static uint32_t mix(uint32_t h, const void *data, size_t n)
{
	for (const uint8_t *p = data; n > 0; n--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static uint32_t head_of(const struct acl_log *l, const struct dp_acl_log *r)
{
	uint32_t h = mix(l->seed, &r->entry, sizeof(r->entry));

	h = mix(h, r->flow.src.ip.b, sizeof(r->flow.src.ip.b));
	h = mix(h, r->flow.dst.ip.b, sizeof(r->flow.dst.ip.b));
	h = mix(h, &r->flow.src.port, sizeof(r->flow.src.port));
	h = mix(h, &r->flow.dst.port, sizeof(r->flow.dst.port));
	return (h ^ h >> 16) & (HEADS - 1);
}

static bool is_same(const struct dp_acl_log *a, const struct dp_acl_log *b)
{
	return a->list == b->list && a->entry == b->entry && a->iface_in == b->iface_in &&
		a->flow.proto == b->flow.proto && a->icmp_type == b->icmp_type &&
		a->icmp_code == b->icmp_code && endpoint_eq(&a->flow.src, &b->flow.src) &&
		endpoint_eq(&a->flow.dst, &b->flow.dst);
}

static struct acl_flow *find(struct acl_log *l, const struct dp_acl_log *r)
{
	for (uint16_t at = l->head[head_of(l, r)]; at != 0; at = l->flow[at - 1].next)
		if (is_same(&l->flow[at - 1].r, r))
			return &l->flow[at - 1];
	return NULL;
}

static struct acl_flow *add(struct acl_log *l, const struct dp_acl_log *r)
{
	uint16_t *head = &l->head[head_of(l, r)], place;

	if (l->n == ACL_LOG_FLOWS)
		return NULL;
	place = l->free[ACL_LOG_FLOWS - 1 - l->n++];
	l->flow[place] = (struct acl_flow){.r = *r, .next = *head, .live = true};
	*head = place + 1;
	return &l->flow[place];
}

static void forget(struct acl_log *l, struct acl_flow *f)
{
	const uint16_t place = (uint16_t)(f - l->flow);
	uint16_t *at = &l->head[head_of(l, &f->r)];

	while (*at != place + 1)
		at = &l->flow[*at - 1].next;
	*at = f->next;
	f->live = false;
	l->free[ACL_LOG_FLOWS - l->n--] = place;
}

// ---- Lines --------------------------------------------------------------------------------------

static const char *proto_text(uint8_t proto, char buf[PROTO_TEXT])
{
	if (proto == PROTO_TCP || proto == PROTO_UDP)
		return proto == PROTO_TCP ? "tcp" : "udp";
	if (proto == PROTO_ICMP)
		return "icmp";
	snprintf(buf, PROTO_TEXT, "%u", proto);
	return buf;
}

static const char *iface_name(const struct config *c, uint16_t iface)
{
	return iface < c->n_ifaces ? c->ifaces[iface].name : NULL;
}

static const struct config_entry *entry_of(const struct config *c, const struct dp_acl_log *r)
{
	const struct config_acl *a;

	if (r->list < 0 || (size_t)r->list >= c->n_acls)
		return NULL;
	a = &c->acls[r->list];
	return r->entry >= 0 && (size_t)r->entry < a->n_entries ? &a->entries[r->entry] : NULL;
}

static void tell_denied(const struct acl_log *l, const struct dp_acl_log *r)
{
	const struct config_entry *e = entry_of(l->c, r);
	const bool icmp = r->flow.proto == PROTO_ICMP;
	char proto[PROTO_TEXT];

	log_event_from(ACL_DENIED, &r->flow.src.ip,
		log_text("protocol", proto_text(r->flow.proto, proto)),
		log_text("interface", iface_name(l->c, r->iface_in)),
		log_endpoint("source", &r->flow.src),
		log_text("to_interface", iface_name(l->c, r->iface_out)),
		log_endpoint("destination", &r->flow.dst),
		icmp ? log_u64("icmp_type", r->icmp_type) : log_text("icmp_type", NULL),
		icmp ? log_u64("icmp_code", r->icmp_code) : log_text("icmp_code", NULL),
		log_text("access_list", l->c->acls[r->list].name),
		e != NULL ? log_u64("line", e->line) : log_text("entry", "implicit deny"));
}

// `interval_s` 0: the first hit.
static void tell_flow(const struct acl_log *l, const struct dp_acl_log *r,
	const struct config_entry *e, uint64_t hits, uint64_t interval_s)
{
	const bool icmp = r->flow.proto == PROTO_ICMP;
	char proto[PROTO_TEXT];

	log_write_as(EVT_ACL_FLOW, e->log_level, &r->flow.src.ip,
		LOG_FIELDS(log_text("access_list", l->c->acls[r->list].name),
			log_text("action", r->permit ? "permitted" : "denied"),
			log_text("protocol", proto_text(r->flow.proto, proto)),
			log_text("interface", iface_name(l->c, r->iface_in)),
			log_endpoint("source", &r->flow.src),
			log_text("to_interface", iface_name(l->c, r->iface_out)),
			log_endpoint("destination", &r->flow.dst),
			icmp ? log_u64("icmp_type", r->icmp_type) : log_text("icmp_type", NULL),
			log_u64("hit_cnt", hits),
			interval_s > 0 ? log_u64("interval_s", interval_s)
				       : log_text("hit", "first"),
			log_u64("line", e->line)));
}

static void tell_full(struct acl_log *l, uint64_t now_ns)
{
	if (l->full_told_ns != 0 && now_ns - l->full_told_ns < FULL_TELL)
		return;
	l->full_told_ns = now_ns;
	log_event(ACL_FLOWS_FULL, log_u64("flows", ACL_LOG_FLOWS));
}

// ---- What comes ---------------------------------------------------------------------------------

static void take_flow(struct acl_log *l, const struct dp_acl_log *r, const struct config_entry *e,
	uint64_t now_ns)
{
	struct acl_flow *f = find(l, r);

	if (f != NULL) {
		f->hits++;
		return;
	}
	f = add(l, r);
	if (f == NULL) {
		tell_full(l, now_ns);
		return;
	}
	f->due_ns = now_ns + e->log_interval_s * S_NS;
	tell_flow(l, r, e, 1, 0);
}

void acl_log_take(struct acl_log *l, const struct dp_acl_log *r)
{
	const struct config_entry *e;

	if (l->acls != l->c->acls)
		forget_all(l);
	if (r->list < 0 || (size_t)r->list >= l->c->n_acls)
		return;
	e = entry_of(l->c, r);
	// A record may have been under way while the lists became others.
	if (r->flows && e != NULL && e->log == ACE_LOG_FLOWS)
		take_flow(l, r, e, l->mono_ns());
	else if (!r->flows)
		tell_denied(l, r);
}

void acl_log_tick(struct acl_log *l)
{
	const uint64_t now_ns = l->mono_ns();

	if (l->acls != l->c->acls)
		forget_all(l);
	for (unsigned int i = 0; i < ACL_LOG_FLOWS && l->n > 0; i++) {
		struct acl_flow *f = &l->flow[i];
		const struct config_entry *e;

		if (!f->live || now_ns < f->due_ns)
			continue;
		e = entry_of(l->c, &f->r);
		if (f->hits == 0 || e == NULL) {
			forget(l, f);
			continue;
		}
		tell_flow(l, &f->r, e, f->hits, e->log_interval_s);
		f->hits = 0;
		f->due_ns = now_ns + e->log_interval_s * S_NS;
	}
}
