// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// Builds, publishes and reclaims the rules; see dp/snapshot.h. Called by dp/dp.c.
#include "dp/snapshot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dp/acl.h"
#include "dp/route.h"

// A reference-counted array that nobody changes. References are counted by the control thread
// alone, so plainly.
struct part {
	unsigned int refs;
	size_t n, bytes;
	uint64_t data[]; // aligned for every element type
};

enum {
	PART_IFACES,
	PART_NAT,
	PART_PAT,
	PART_ROUTES,
	PART_INSPECT,
	PART_MEDIA,
	PART_MEDIA_INDEX,
	PART_LIMITS,
	PARTS
};

struct snapshot_parts {
	struct part *part[PARTS];
	struct acl_list **acls;
	size_t n_acls;
};

struct snapshot_root snapshot_root;

static struct snapshot *retired; // oldest last
static uint32_t next_gen = 1;

__attribute__((format(printf, 3, 4))) static int fail(
	char *err, size_t err_size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err, err_size, format, ap);
	va_end(ap);
	return -EINVAL;
}

// The old part, if it holds the same, or a new one. NULL: no memory.
static struct part *part_make(struct part *old, const void *data, size_t n, size_t size)
{
	struct part *p;

	if (old != NULL && old->n == n && (n == 0 || memcmp(old->data, data, n * size) == 0)) {
		old->refs++;
		return old;
	}
	p = calloc(1, sizeof(*p) + n * size);
	if (p == NULL)
		return NULL;
	p->refs = 1;
	p->n = n;
	p->bytes = n * size;
	if (n > 0)
		memcpy(p->data, data, n * size);
	return p;
}

static void part_unref(struct part *p)
{
	if (p == NULL || --p->refs > 0)
		return;
	free(p);
}

static void snapshot_free(struct snapshot *s)
{
	struct snapshot_parts *parts = s->parts;

	if (parts != NULL) {
		for (unsigned int i = 0; i < PARTS; i++)
			part_unref(parts->part[i]);
		for (size_t i = 0; i < parts->n_acls; i++)
			if (parts->acls[i] != NULL)
				acl_list_unref(parts->acls[i]);
		free(parts->acls);
		free(parts);
	}
	free(s);
}

static struct snapshot *snapshot_alloc(size_t n_acls)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->parts = calloc(1, sizeof(*s->parts));
	if (s->parts != NULL) {
		s->parts->acls = calloc(n_acls + 1, sizeof(*s->parts->acls));
		s->parts->n_acls = n_acls;
	}
	if (s->parts == NULL || s->parts->acls == NULL) {
		free(s->parts);
		free(s);
		return NULL;
	}
	return s;
}

static int route_order(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	if (x->len != y->len)
		return x->len > y->len ? -1 : 1;
	return memcmp(
		x->net, y->net, sizeof(x->net)); // so that the order is one of the input's set
}

static struct part *routes_make(struct part *old, const struct dp_rules *r)
{
	struct route *routes = calloc(r->n_routes + 1, sizeof(*routes));
	struct part *p;

	if (routes == NULL)
		return NULL;
	for (size_t i = 0; i < r->n_routes; i++) {
		route_make(&routes[i], &r->routes[i]);
		routes[i].place = (uint32_t)i;
	}
	qsort(routes, r->n_routes, sizeof(*routes), route_order);
	p = part_make(old, routes, r->n_routes, sizeof(*routes));
	free(routes);
	return p;
}

static struct part *media_index_make(struct part *old, const struct dp_rules *r)
{
	const size_t size = media_addr_index_size(r->n_media);
	struct media_index *x = calloc(1, size);
	struct part *p = NULL;

	if (x == NULL)
		return NULL;
	errno = -media_addr_index(x, r->media, r->n_media);
	if (errno == 0)
		p = part_make(old, x, size, 1);
	free(x);
	return p;
}

// A list of the old rules with the same entries, compiled already; else a new one.
static struct acl_list *acl_make(const struct snapshot *old, const struct dp_acl *a)
{
	for (size_t i = 0; old != NULL && i < old->n_acls; i++)
		if (acl_list_is(old->acls[i], a->aces, a->n))
			return acl_list_ref(old->acls[i]);
	return acl_list_new(a->aces, a->n);
}

static bool is_acl(const struct dp_rules *r, int acl)
{
	return acl == -1 || (acl >= 0 && (size_t)acl < r->n_acls);
}

static int check_ifaces(const struct dp_rules *r, unsigned int n_ifaces, char *err, size_t size)
{
	for (unsigned int i = 0; i < n_ifaces; i++) {
		const struct dp_iface *f = &r->ifaces[i];

		if (!is_acl(r, f->acl_in) || !is_acl(r, f->acl_out))
			return fail(err, size, "interface %u: no access list %d or %d", i,
				f->acl_in, f->acl_out);
		if (!ip_is_none(&f->ip) && !ip_is_v4(&f->ip))
			return fail(err, size, "interface %u: IPv6 is not forwarded yet", i);
	}
	if (!is_acl(r, r->acl_global))
		return fail(err, size, "no global access list %d", r->acl_global);
	for (size_t i = 0; i < r->n_limits; i++)
		if (!is_acl(r, r->limits[i].acl) || r->limits[i].id == 0)
			return fail(err, size, "connection limits: no access list %d, or no id",
				r->limits[i].acl);
	for (size_t i = 0; i < r->n_inspect; i++)
		if (r->inspect[i] < 0 || (size_t)r->inspect[i] >= r->n_acls)
			return fail(err, size, "inspection: no access list %d", r->inspect[i]);
	return 0;
}

// The dynamic ones among the rules of a part; NULL: no memory.
static struct part *pat_make(struct part *old, const struct dp_rules *r)
{
	struct nat_rule *pat = calloc(r->n_nat + 1, sizeof(*pat));
	struct part *p;
	size_t n = 0;

	if (pat == NULL)
		return NULL;
	for (size_t i = 0; i < r->n_nat; i++)
		if (r->nat[i].kind != NAT_STATIC)
			memcpy(&pat[n++], &r->nat[i], sizeof(*pat));
	p = part_make(old, pat, n, sizeof(*pat));
	free(pat);
	return p;
}

static bool pool_ok(const struct nat_pool *p)
{
	return ip_is_v4(&p->first) && ip_is_v4(&p->last) && nat_pool_size(p) <= NAT_POOL_MAX;
}

static bool pools_ok(const struct nat_rule *n)
{
	bool ok = pool_ok(&n->pool);

	for (size_t i = 0; i < RTE_DIM(n->more_pools); i++)
		ok &= ip_is_none(&n->more_pools[i].first) || pool_ok(&n->more_pools[i]);
	return ok;
}

static int check_pool(const struct nat_rule *n, size_t i, char *err, size_t size)
{
	const bool pool = !ip_is_none(&n->pool.first);

	if (!pool && !n->interface)
		return fail(err, size, "nat rule %zu: neither a pool nor an interface", i);
	if (n->interface && n->mapped_if == NAT_IFACE_ANY)
		return fail(err, size, "nat rule %zu: the address of which interface?", i);
	if (pool && (!pools_ok(n) || nat_given_size(n) > NAT_POOL_MAX))
		return fail(err, size, "nat rule %zu: a pool has 1 to %u IPv4 addresses", i,
			NAT_POOL_MAX);
	return 0;
}

// Of the source: two prefixes of one length, or two ranges of one size.
static bool sides_ok(const struct nat_rule *n)
{
	const struct nat_pool *a = &n->real_range, *b = &n->pool;

	if (ip_is_none(&a->first))
		return ip_is_v4(&n->real.ip) && n->real.len >= 96 &&
			(n->kind != NAT_STATIC ||
				(ip_is_v4(&n->mapped.ip) && n->real.len == n->mapped.len));
	return ip_is_v4(&a->first) && ip_is_v4(&a->last) && nat_pool_has(a, &a->last) &&
		(n->kind != NAT_STATIC ||
			(ip_is_v4(&b->first) && ip_is_v4(&b->last) &&
				nat_pool_size(a) == nat_pool_size(b)));
}

static bool ports_ok(unsigned int a, unsigned int b, unsigned int more)
{
	return RTE_MAX(a, b) + more <= UINT16_MAX;
}

static int check_nat(const struct dp_rules *r, unsigned int n_ifaces, char *err, size_t size)
{
	for (size_t i = 0; i < r->n_nat; i++) {
		const struct nat_rule *n = &r->nat[i];

		if ((n->real_if >= n_ifaces && n->real_if != NAT_IFACE_ANY) ||
			(n->mapped_if >= n_ifaces && n->mapped_if != NAT_IFACE_ANY))
			return fail(err, size, "nat rule %zu: no such interface", i);
		if (n->kind != NAT_STATIC) {
			int bad = check_pool(n, i, err, size);

			if (bad != 0)
				return bad;
		}
		if (nat_is_twice(n) &&
			(!ip_is_v4(&n->dst_real.ip) || !ip_is_v4(&n->dst_mapped.ip) ||
				n->dst_real.len < 96 || n->dst_real.len != n->dst_mapped.len))
			return fail(err, size,
				"nat rule %zu: two IPv4 destinations of one length are needed", i);
		if (!ports_ok(n->real_port, n->mapped_port, n->more_ports) ||
			!ports_ok(n->dst_mapped_port, n->dst_real_port, n->dst_more_ports))
			return fail(err, size, "nat rule %zu: ports end at 65535", i);
		if (!sides_ok(n))
			return fail(err, size,
				"nat rule %zu: two IPv4 prefixes of one length are needed, or "
				"ranges of one size",
				i);
	}
	return 0;
}

static int check(const struct dp_rules *r, unsigned int n_ifaces, char *err, size_t size)
{
	struct route route;
	int bad = check_ifaces(r, n_ifaces, err, size);

	if (bad == 0)
		bad = check_nat(r, n_ifaces, err, size);
	if (bad != 0)
		return bad;
	for (size_t i = 0; i < r->n_routes; i++)
		if (r->routes[i].iface >= n_ifaces || !route_make(&route, &r->routes[i]))
			return fail(err, size,
				"route %zu: no such interface, or not IPv4 (IPv6 is not routed "
				"yet)",
				i);
	if (r->n_media > MEDIA_ADDRS_MAX)
		return fail(err, size, "%zu media addresses, there can be %u", r->n_media,
			MEDIA_ADDRS_MAX);
	for (size_t i = 0; i < r->n_media; i++)
		if (r->media[i].iface >= n_ifaces || !ip_is_v4(&r->media[i].ip) ||
			r->media[i].port_lo > r->media[i].port_hi)
			return fail(err, size,
				"media address %zu: no such interface, not IPv4 or bad ports", i);
	return 0;
}

static int parts_make(struct snapshot *s, const struct snapshot *old, const struct dp_rules *r,
	unsigned int n_ifaces)
{
	struct part **to = s->parts->part;
	struct part *const none[PARTS] = {NULL};
	struct part *const *was = old != NULL ? old->parts->part : none;

	to[PART_IFACES] = part_make(was[PART_IFACES], r->ifaces, n_ifaces, sizeof(*r->ifaces));
	to[PART_NAT] = part_make(was[PART_NAT], r->nat, r->n_nat, sizeof(*r->nat));
	to[PART_PAT] = pat_make(was[PART_PAT], r);
	to[PART_ROUTES] = routes_make(was[PART_ROUTES], r);
	to[PART_INSPECT] =
		part_make(was[PART_INSPECT], r->inspect, r->n_inspect, sizeof(*r->inspect));
	to[PART_MEDIA] = part_make(was[PART_MEDIA], r->media, r->n_media, sizeof(*r->media));
	to[PART_LIMITS] = part_make(was[PART_LIMITS], r->limits, r->n_limits, sizeof(*r->limits));
	to[PART_MEDIA_INDEX] = media_index_make(was[PART_MEDIA_INDEX], r);
	if (to[PART_MEDIA_INDEX] == NULL)
		return -errno;
	for (unsigned int i = 0; i < PARTS; i++)
		if (to[i] == NULL)
			return -ENOMEM;
	for (size_t i = 0; i < r->n_acls; i++) {
		s->parts->acls[i] = acl_make(old, &r->acls[i]);
		if (s->parts->acls[i] == NULL)
			return -errno;
	}
	return 0;
}

// The typed view that workers use.
static void view_fill(struct snapshot *s, const struct dp_rules *r)
{
	struct part *const *p = s->parts->part;

	s->gen = next_gen++;
	s->ifaces = (const void *)p[PART_IFACES]->data;
	s->n_ifaces = (uint16_t)p[PART_IFACES]->n;
	s->nat = (const void *)p[PART_NAT]->data;
	s->n_nat = p[PART_NAT]->n;
	s->pat = (const void *)p[PART_PAT]->data;
	s->n_pat = p[PART_PAT]->n;
	s->routes = (const void *)p[PART_ROUTES]->data;
	s->n_routes = p[PART_ROUTES]->n;
	s->inspect = (const void *)p[PART_INSPECT]->data;
	s->n_inspect = p[PART_INSPECT]->n;
	s->media = (const void *)p[PART_MEDIA]->data;
	s->n_media = p[PART_MEDIA]->n;
	s->media_index = (const void *)p[PART_MEDIA_INDEX]->data;
	s->limits = (const void *)p[PART_LIMITS]->data;
	s->n_limits = p[PART_LIMITS]->n;
	s->half_open_max = r->half_open_max;
	s->acls = s->parts->acls;
	s->n_acls = s->parts->n_acls;
	s->acl_global = r->acl_global;
	s->same_security = r->same_security;
	s->ip_options = r->ip_options;
	s->timeouts = r->timeouts;
	s->quality = r->quality;
}

static void snapshot_publish(struct snapshot *s)
{
	struct snapshot *old = (struct snapshot *)(uintptr_t)snapshot_root.current;

	__atomic_store_n(&snapshot_root.current, s, __ATOMIC_RELEASE);
	if (old == NULL)
		return;
	old->token = rte_rcu_qsbr_start(snapshot_root.qsbr);
	old->retired_next = retired;
	retired = old;
}

unsigned int snapshot_reclaim(void)
{
	struct snapshot **at = &retired;
	unsigned int waiting = 0;

	while (*at != NULL) {
		struct snapshot *s = *at;

		if (rte_rcu_qsbr_check(snapshot_root.qsbr, s->token, false) == 1) {
			*at = s->retired_next;
			snapshot_free(s);
		} else {
			at = &s->retired_next;
			waiting++;
		}
	}
	return waiting;
}

int snapshot_apply(const struct dp_rules *r, unsigned int n_ifaces, char *err, size_t err_size)
{
	struct snapshot *s;
	int bad = check(r, n_ifaces, err, err_size);

	if (bad != 0)
		return bad;
	s = snapshot_alloc(r->n_acls);
	bad = s != NULL ? parts_make(s, snapshot_root.current, r, n_ifaces) : -ENOMEM;
	if (bad != 0) {
		if (s != NULL)
			snapshot_free(s);
		snprintf(err, err_size, "rules do not compile: %s", strerror(-bad));
		return bad;
	}
	view_fill(s, r);
	snapshot_publish(s);
	snapshot_reclaim();
	return 0;
}

int snapshot_open(unsigned int n_workers, unsigned int n_ifaces)
{
	struct dp_iface closed[DP_IFACES_MAX] = {0};
	const struct dp_rules none = {.ifaces = closed, .acl_global = -1};
	char err[128];
	int bad;

	for (unsigned int i = 0; i < n_ifaces; i++)
		closed[i].acl_in = closed[i].acl_out = -1;
	snapshot_root.qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE,
		RTE_ALIGN(rte_rcu_qsbr_get_memsize(n_workers), RTE_CACHE_LINE_SIZE));
	if (snapshot_root.qsbr == NULL)
		return -ENOMEM;
	rte_rcu_qsbr_init(snapshot_root.qsbr, n_workers);
	for (unsigned int i = 0; i < n_workers; i++)
		rte_rcu_qsbr_thread_register(snapshot_root.qsbr, i);
	bad = snapshot_apply(&none, n_ifaces, err, sizeof(err));
	if (bad != 0)
		snapshot_close();
	return bad;
}

void snapshot_close(void)
{
	struct snapshot *s;

	if (snapshot_root.current != NULL)
		snapshot_free((struct snapshot *)(uintptr_t)snapshot_root.current);
	while (retired != NULL) {
		s = retired;
		retired = s->retired_next;
		snapshot_free(s);
	}
	free(snapshot_root.qsbr);
	snapshot_root = (struct snapshot_root){NULL, NULL};
}
