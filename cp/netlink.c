// SPDX-License-Identifier: BSD-3-Clause
// The neighbour table of the namespace, mirrored to the workers. Called by cp/punt.c (misses) and
// cp/mta.c (media next hops).
//
// A neighbour that a worker or a call asked for is *wanted*: it is verified again and again as
// long as it answers, since the kernel sees none of the traffic that would keep it fresh. A stale
// one stays valid in the workers until the kernel says that it failed.
#include "cp/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cp/log.h"
#include "cp/rtnl.h"
#include "dp/dp.h"

// Of all neighbours, the ones that have not answered (yet): a scan of a subnet must not push out the living.
#define NEIGHS_MAX     NETLINK_NEIGHS_MAX
#define UNANSWERED_MAX 1024
// Of both, so many places that what nobody needs urgently leaves to what somebody does: gateways, calls, flows that
// are up. A host of a large subnet can have all its addresses learned.
#define NEIGHS_KEPT 256
#define BUCKETS     4096
// Questions to the kernel per second; each becomes up to three ARP requests.
#define ASKS_PER_SECOND 256
// Of these, so many that strangers who make workers ask leave to others.
#define ASKS_KEPT 128
// A wanted neighbour is verified once in so many seconds, spread over them by its slot.
#define VERIFY_S         45
#define RECEIVE_BUF      (1 << 20)
#define BATCHES_PER_TURN 16

#define KNOWN_STATES (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct neigh {
	bool used;    // slot
	bool wanted;  // a worker or a call asked for it
	bool known;   // the kernel says that it has `mac`
	bool told;    // the workers hold it, with whatever MAC
	bool current; // ... with this one
	bool seen;    // by the dump that runs
	uint16_t iface;
	uint16_t next; // slot + 1 in the bucket, 0: end
	uint8_t mac[6];
	unsigned int heard; // the turn in which it spoke last
	struct ip_addr ip;
};

struct netlink {
	struct mnl_socket *sock;
	struct rtnl *rtnl;
	struct event *ready, *second;
	struct prefix subnets[CONFIG_IFACES_MAX];
	unsigned int ifindex[CONFIG_IFACES_MAX];
	size_t n_ifaces;
	struct config_route *routes;
	size_t n_routes;
	struct neigh neighs[NEIGHS_MAX];
	uint16_t buckets[BUCKETS]; // slot + 1
	uint32_t seed; // so that no host of a large subnet can choose whose bucket it is in
	size_t n_used, n_known;
	unsigned int asks_left;
	unsigned int turn; // seconds
	uint32_t dump_seq; // 0: none runs
	uint32_t seq;
	bool dump_begun; // its first answer is here
	bool dump_again; // something was lost meanwhile
};

// ---- The table ----------------------------------------------------------------------------------

static uint16_t *bucket(struct netlink *nl, uint16_t iface, const struct ip_addr *ip)
{
	uint32_t h = 2166136261U ^ nl->seed ^ iface;

	for (size_t i = 0; i < sizeof(ip->b); i++)
		h = (h ^ ip->b[i]) * 16777619U;
	return &nl->buckets[(h ^ h >> 15) % BUCKETS];
}

static struct neigh *find(struct netlink *nl, uint16_t iface, const struct ip_addr *ip)
{
	uint16_t at = *bucket(nl, iface, ip);

	while (at != 0) {
		struct neigh *n = &nl->neighs[at - 1];

		if (n->iface == iface && ip_eq(&n->ip, ip))
			return n;
		at = n->next;
	}
	return NULL;
}

static struct neigh *find_or_add(
	struct netlink *nl, uint16_t iface, const struct ip_addr *ip, bool known, bool urgent)
{
	const size_t kept = urgent ? 0 : NEIGHS_KEPT;
	struct neigh *n = find(nl, iface, ip);
	uint16_t *b = bucket(nl, iface, ip);

	if (n != NULL)
		return n;
	if (nl->n_used + kept >= NEIGHS_MAX ||
		(!known && nl->n_used - nl->n_known + kept >= UNANSWERED_MAX))
		return NULL;
	for (n = nl->neighs; n->used; n++)
		;
	*n = (struct neigh){.used = true, .iface = iface, .ip = *ip, .next = *b};
	*b = (uint16_t)(n - nl->neighs + 1);
	nl->n_used++;
	return n;
}

static void drop(struct netlink *nl, struct neigh *n)
{
	uint16_t self = (uint16_t)(n - nl->neighs + 1);
	uint16_t *at = bucket(nl, n->iface, &n->ip);

	while (*at != self)
		at = &nl->neighs[*at - 1].next;
	*at = n->next;
	n->used = false;
	nl->n_used--;
}

// ---- Towards the workers ------------------------------------------------------------------------

static int tell(const struct neigh *n, enum dp_msg_type type)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = (uint16_t)type};

	m.neigh.iface = n->iface;
	m.neigh.ip = n->ip;
	memcpy(m.neigh.mac, n->mac, sizeof(m.neigh.mac));
	return dp_send(&m);
}

// Makes the workers hold what the table says; when their rings are full, the next second's turn
// tries again. A neighbour that nobody needs any more is dropped, so `n` may be gone afterwards.
static void sync_workers(struct netlink *nl, struct neigh *n)
{
	if (n->known && !n->current) {
		n->current = tell(n, DP_MSG_NEIGH_SET) == 0;
		n->told |= n->current;
	} else if (!n->known && n->told) {
		n->told = tell(n, DP_MSG_NEIGH_DEL) < 0;
		n->current = false;
	}
	if (!n->known && !n->told && !n->wanted)
		drop(nl, n);
}

static void set_known(struct netlink *nl, struct neigh *n, bool known)
{
	if (n->known != known)
		nl->n_known += known ? 1 : (size_t)-1;
	n->known = known;
}

// `reachable`: it has just answered. The kernel also tells that one which it knows has been silent.
static void learn(struct netlink *nl, uint16_t iface, const struct ip_addr *ip,
	const uint8_t mac[6], bool reachable)
{
	struct neigh *n = find_or_add(nl, iface, ip, true, false);

	if (n == NULL) {
		log_event(NEIGH_FULL, log_u64("max", NEIGHS_MAX - NEIGHS_KEPT));
		return;
	}
	if (reachable || !n->known || memcmp(n->mac, mac, sizeof(n->mac)) != 0)
		n->heard = nl->turn;
	if (memcmp(n->mac, mac, sizeof(n->mac)) != 0)
		n->current = false;
	memcpy(n->mac, mac, sizeof(n->mac));
	n->seen |= nl->dump_begun;
	set_known(nl, n, true);
	sync_workers(nl, n);
}

static void forget(struct netlink *nl, struct neigh *n)
{
	set_known(nl, n, false);
	n->wanted = false;
	sync_workers(nl, n);
}

// ---- Towards the kernel -------------------------------------------------------------------------

static void ask(struct netlink *nl, const struct neigh *n)
{
	int err;

	nl->asks_left--;
	err = rtnl_neigh_use(nl->rtnl, nl->ifindex[n->iface], &n->ip);
	if (err < 0)
		log_event(NEIGH_ASK, log_ip("ip", &n->ip), log_text("error", strerror(-err)));
}

// The kernel keeps what failed until its table, which all namespaces share, is full; and then makes room at
// the cost of the living.
static void bury(struct netlink *nl, struct neigh *n)
{
	const struct ip_addr ip = n->ip;
	const uint16_t iface = n->iface;

	forget(nl, n);                                           // it may be gone
	(void)rtnl_neigh_del(nl->rtnl, nl->ifindex[iface], &ip); // or somebody was quicker
}

// Answers a question from the table, or passes it on while more are left than are kept for urgent ones.
static void want(
	struct netlink *nl, uint16_t iface, const struct ip_addr *ip, bool tell_again, bool urgent)
{
	struct neigh *n = find(nl, iface, ip);

	if (n != NULL && n->known) {
		n->wanted = true;
		n->current &= !tell_again;
		sync_workers(nl, n);
		return;
	}
	if (nl->asks_left <= (urgent ? 0 : ASKS_KEPT))
		return; // who still needs it asks again
	n = find_or_add(nl, iface, ip, false, urgent);
	if (n == NULL)
		return;
	n->wanted = true;
	ask(nl, n);
}

static void dump_start(struct netlink *nl)
{
	char buf[128] __attribute__((aligned(8)));
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	if (nl->dump_seq != 0) {
		nl->dump_again = true;
		return;
	}
	h->nlmsg_type = RTM_GETNEIGH;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = ++nl->seq;
	m->ndm_family = AF_INET;
	for (size_t i = 0; i < NEIGHS_MAX; i++)
		nl->neighs[i].seen = false;
	nl->dump_begun = false;
	nl->dump_again = false;
	if (mnl_socket_sendto(nl->sock, h, h->nlmsg_len) < 0) {
		log_event(NEIGH_READ, log_text("error", strerror(errno)));
		nl->dump_again = true; // in a second
		return;
	}
	nl->dump_seq = h->nlmsg_seq;
}

// What the dump did not mention is gone; a question that waits for its answer is not in it for
// certain, and whoever needs the answer asks again.
static void dump_end(struct netlink *nl)
{
	nl->dump_seq = 0;
	nl->dump_begun = false;
	for (size_t i = 0; i < NEIGHS_MAX; i++) {
		if (nl->neighs[i].used && !nl->neighs[i].seen)
			forget(nl, &nl->neighs[i]);
	}
	if (nl->dump_again)
		dump_start(nl);
}

// ---- Events -------------------------------------------------------------------------------------

static int iface_of(const struct netlink *nl, int ifindex)
{
	for (size_t i = 0; i < nl->n_ifaces; i++) {
		if (nl->ifindex[i] == (unsigned int)ifindex)
			return (int)i;
	}
	return -1;
}

// The kernel lets go of a neighbour to save memory, or after a failure.
static void on_deleted(struct netlink *nl, struct neigh *n)
{
	if (n->known && n->wanted && nl->asks_left > 0)
		ask(nl, n); // the answer, or its absence, decides
	else
		forget(nl, n);
}

static int on_neigh(const struct nlmsghdr *h, struct netlink *nl)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	const uint8_t *mac = NULL;
	const struct nlattr *attr;
	struct ip_addr ip = {0};
	struct neigh *n;
	int iface;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || m->ndm_family != AF_INET)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, h, sizeof(*m))
	{
		uint16_t type = mnl_attr_get_type(attr), len = mnl_attr_get_payload_len(attr);

		if (type == NDA_DST && len == 4)
			ip = ip_from_v4_be(mnl_attr_get_u32(attr));
		else if (type == NDA_LLADDR && len == 6)
			mac = mnl_attr_get_payload(attr);
	}
	iface = iface_of(nl, m->ndm_ifindex);
	// A host may claim any address in an ARP packet; the workers believe those of its subnet.
	if (iface < 0 || !prefix_has(&nl->subnets[iface], &ip))
		return MNL_CB_OK;
	n = find(nl, (uint16_t)iface, &ip);
	// An event from before the dump says nothing about it.
	if (n != NULL)
		n->seen |= nl->dump_begun;
	if (h->nlmsg_type == RTM_NEWNEIGH && (m->ndm_state & KNOWN_STATES) != 0 && mac != NULL)
		learn(nl, (uint16_t)iface, &ip, mac, (m->ndm_state & NUD_REACHABLE) != 0);
	else if (n != NULL && h->nlmsg_type == RTM_DELNEIGH)
		on_deleted(nl, n);
	else if (n != NULL && (m->ndm_state & NUD_FAILED) != 0)
		bury(nl, n);
	return MNL_CB_OK;
}

static int on_message(const struct nlmsghdr *h, void *arg)
{
	struct netlink *nl = arg;

	if (nl->dump_seq != 0 && h->nlmsg_seq == nl->dump_seq)
		nl->dump_begun = true;
	if ((h->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
		nl->dump_again = true;
	switch (h->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return on_neigh(h, nl);
	case NLMSG_DONE:
	case NLMSG_ERROR: // of the dump, the only request on this socket
		if (h->nlmsg_seq == nl->dump_seq)
			dump_end(nl);
		return MNL_CB_OK;
	default:
		return MNL_CB_OK;
	}
}

// By hand rather than with mnl_cb_run(), which ends a batch at the dump's end and would lose the
// events after it.
static void on_batch(struct netlink *nl, const void *buf, int n)
{
	const struct nlmsghdr *h = buf;

	for (; mnl_nlmsg_ok(h, n); h = mnl_nlmsg_next(h, &n))
		on_message(h, nl);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	static char buf[32768] __attribute__((aligned(8)));
	struct netlink *nl = arg;

	for (int i = 0; i < BATCHES_PER_TURN; i++) {
		ssize_t n = mnl_socket_recvfrom(nl->sock, buf, sizeof(buf));

		if (n > 0)
			on_batch(nl, buf, (int)n);
		else if (n < 0 && errno == ENOBUFS)
			dump_start(nl); // events were lost
		else
			return;
	}
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct netlink *nl = arg;

	nl->asks_left = ASKS_PER_SECOND;
	nl->turn++;
	if (nl->dump_again && nl->dump_seq == 0)
		dump_start(nl);
	for (size_t i = 0; i < NEIGHS_MAX; i++) {
		struct neigh *n = &nl->neighs[i];

		if (!n->used)
			continue;
		if (n->known && n->wanted && i % VERIFY_S == nl->turn % VERIFY_S &&
			nl->asks_left > 0)
			ask(nl, n);
		sync_workers(nl, n);
	}
}

// ---- Public -------------------------------------------------------------------------------------

static int subscribe(struct netlink *nl, struct event_base *base)
{
	const struct timeval second = {.tv_sec = 1};
	int size = RECEIVE_BUF, fd;

	nl->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (nl->sock == NULL || mnl_socket_bind(nl->sock, RTMGRP_NEIGH, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	fd = mnl_socket_get_fd(nl->sock);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		return -errno;
	nl->ready = event_new(base, fd, EV_READ | EV_PERSIST, on_ready, nl);
	nl->second = event_new(base, -1, EV_PERSIST, on_second, nl);
	if (nl->ready == NULL || nl->second == NULL || event_add(nl->ready, NULL) < 0 ||
		event_add(nl->second, &second) < 0)
		return -ENOMEM;
	dump_start(nl);
	return 0;
}

int netlink_set_routes(struct netlink *nl, const struct config *c)
{
	struct config_route *routes = calloc(c->n_routes + 1, sizeof(*routes));

	if (routes == NULL)
		return -ENOMEM;
	if (c->n_routes > 0)
		memcpy(routes, c->routes, c->n_routes * sizeof(*routes));
	free(nl->routes);
	nl->routes = routes;
	nl->n_routes = c->n_routes;
	return 0;
}

int netlink_new(struct netlink **out, struct event_base *base, const struct config *c,
	const unsigned int *ifindex)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int err;

	*out = NULL;
	if (nl == NULL)
		return -ENOMEM;
	nl->asks_left = ASKS_PER_SECOND;
	nl->n_ifaces = c->n_ifaces;
	for (size_t i = 0; i < c->n_ifaces; i++) {
		nl->subnets[i] = c->ifaces[i].subnet;
		nl->ifindex[i] = ifindex[i];
	}
	err = getrandom(&nl->seed, sizeof(nl->seed), 0) == sizeof(nl->seed) ? 0 : -EAGAIN;
	if (err == 0)
		err = netlink_set_routes(nl, c);
	if (err == 0)
		err = rtnl_open(&nl->rtnl);
	if (err == 0)
		err = subscribe(nl, base);
	if (err < 0)
		goto out;
	*out = nl;
	return 0;
out:
	netlink_free(nl);
	return err;
}

void netlink_free(struct netlink *nl)
{
	if (nl == NULL)
		return;
	if (nl->ready != NULL)
		event_free(nl->ready);
	if (nl->second != NULL)
		event_free(nl->second);
	if (nl->sock != NULL)
		mnl_socket_close(nl->sock);
	rtnl_close(nl->rtnl);
	free(nl->routes);
	free(nl);
}

void netlink_miss(struct netlink *nl, uint16_t iface, const struct ip_addr *ip, bool urgent)
{
	if (iface < nl->n_ifaces && ip_is_v4(ip) && prefix_has(&nl->subnets[iface], ip))
		want(nl, iface, ip, true, urgent);
}

// The neighbour that packets towards `ip` go to, or NULL.
static const struct ip_addr *next_hop(
	const struct netlink *nl, uint16_t iface, const struct ip_addr *ip)
{
	const struct config_route *best = NULL;

	if (iface >= nl->n_ifaces || !ip_is_v4(ip))
		return NULL;
	if (prefix_has(&nl->subnets[iface], ip))
		return ip;
	for (size_t i = 0; i < nl->n_routes; i++) {
		const struct config_route *r = &nl->routes[i];

		if (r->iface == iface && prefix_has(&r->dst, ip) &&
			(best == NULL || r->dst.len > best->dst.len))
			best = r;
	}
	return best != NULL ? &best->gateway : NULL;
}

int netlink_resolve(struct netlink *nl, uint16_t iface, const struct ip_addr *ip)
{
	const struct ip_addr *hop = next_hop(nl, iface, ip);

	if (hop == NULL)
		return -ENETUNREACH;
	want(nl, iface, hop, false, true);
	return 0;
}

bool netlink_resolved(struct netlink *nl, uint16_t iface, const struct ip_addr *ip)
{
	const struct ip_addr *hop = next_hop(nl, iface, ip);
	const struct neigh *n = hop != NULL ? find(nl, iface, hop) : NULL;

	return n != NULL && n->known;
}

static int by_place(const void *a, const void *b)
{
	const struct netlink_neigh *x = a, *y = b;

	return x->iface != y->iface ? x->iface - y->iface
				    : memcmp(x->ip.b, y->ip.b, sizeof(x->ip.b));
}

size_t netlink_neighs(const struct netlink *nl, struct netlink_neigh out[static NETLINK_NEIGHS_MAX])
{
	size_t found = 0;

	for (size_t i = 0; i < NEIGHS_MAX; i++) {
		const struct neigh *n = &nl->neighs[i];

		if (!n->used || (!n->known && !n->wanted))
			continue;
		out[found] = (struct netlink_neigh){.iface = n->iface,
			.ip = n->ip,
			.known = n->known,
			.age_s = nl->turn - n->heard};
		memcpy(out[found++].mac, n->mac, sizeof(n->mac));
	}
	qsort(out, found, sizeof(*out), by_place);
	return found;
}

// Nothing changes here before the kernel has told of it: until then no worker asks, so no new question is taken
// for an old one.
size_t netlink_clear(struct netlink *nl)
{
	size_t n = 0;

	for (size_t i = 0; i < NEIGHS_MAX; i++)
		if (nl->neighs[i].used &&
			rtnl_neigh_del(
				nl->rtnl, nl->ifindex[nl->neighs[i].iface], &nl->neighs[i].ip) == 0)
			n++;
	return n;
}
