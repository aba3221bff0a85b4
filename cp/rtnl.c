// SPDX-License-Identifier: BSD-3-Clause
// rtnetlink requests over libmnl. Called by cp/stack.c and cp/netlink.c.
#include "cp/rtnl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>

#define V4_OFFSET   96 // of an IPv4 prefix in the 128-bit form
#define BUF_SIZE    1024
#define RULE_BEFORE 100 // after the kernel's local table (0), before main (32766)

struct rtnl {
	struct mnl_socket *sock;
	uint32_t seq;
	char buf[BUF_SIZE] __attribute__((aligned(8)));
};

int rtnl_open(struct rtnl **out)
{
	struct rtnl *r = calloc(1, sizeof(*r));
	int err;

	*out = NULL;
	if (r == NULL)
		return -ENOMEM;
	r->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (r->sock == NULL || mnl_socket_bind(r->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		rtnl_close(r);
		return err;
	}
	*out = r;
	return 0;
}

void rtnl_close(struct rtnl *r)
{
	if (r == NULL)
		return;
	if (r->sock != NULL)
		mnl_socket_close(r->sock);
	free(r);
}

static struct nlmsghdr *begin(struct rtnl *r, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(r->buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	h->nlmsg_seq = ++r->seq;
	return h;
}

// Sends the request in h and waits for the answer.
static int ask(struct rtnl *r, const struct nlmsghdr *h)
{
	char answer[BUF_SIZE] __attribute__((aligned(8)));
	ssize_t n;

	if (mnl_socket_sendto(r->sock, h, h->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(r->sock, answer, sizeof(answer));
	if (n < 0)
		return -errno;
	if (mnl_cb_run(answer, (size_t)n, r->seq, mnl_socket_get_portid(r->sock), NULL, NULL) < 0)
		return -errno;
	return 0;
}

static struct ifinfomsg *begin_link(struct nlmsghdr *h, unsigned int ifindex)
{
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifi_family = AF_UNSPEC;
	m->ifi_index = (int)ifindex;
	return m;
}

int rtnl_link_up(struct rtnl *r, unsigned int ifindex)
{
	struct nlmsghdr *h = begin(r, RTM_NEWLINK, 0);
	struct ifinfomsg *m = begin_link(h, ifindex);

	m->ifi_flags = IFF_UP;
	m->ifi_change = IFF_UP;
	return ask(r, h);
}

int rtnl_link_set(struct rtnl *r, unsigned int ifindex, const uint8_t mac[6], uint32_t mtu)
{
	struct nlmsghdr *h = begin(r, RTM_NEWLINK, 0);

	begin_link(h, ifindex);
	mnl_attr_put(h, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_u32(h, IFLA_MTU, mtu);
	return ask(r, h);
}

int rtnl_addr_add(
	struct rtnl *r, unsigned int ifindex, const struct ip_addr *ip, const struct prefix *subnet)
{
	struct nlmsghdr *h = begin(r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	if (!ip_is_v4(ip) || subnet->len < V4_OFFSET)
		return -EAFNOSUPPORT;
	m->ifa_family = AF_INET;
	m->ifa_prefixlen = (uint8_t)(subnet->len - V4_OFFSET);
	m->ifa_index = ifindex;
	mnl_attr_put_u32(h, IFA_LOCAL, ip_to_v4_be(ip));
	mnl_attr_put_u32(h, IFA_ADDRESS, ip_to_v4_be(ip));
	return ask(r, h);
}

static int route(struct rtnl *r, uint16_t type, uint16_t flags, unsigned int ifindex,
	const struct prefix *dst, const struct ip_addr *gateway)
{
	struct nlmsghdr *h = begin(r, type, flags);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	if (!ip_is_v4(gateway) || !ip_is_v4(&dst->ip) || dst->len < V4_OFFSET)
		return -EAFNOSUPPORT;
	m->rtm_family = AF_INET;
	m->rtm_dst_len = (uint8_t)(dst->len - V4_OFFSET);
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_scope = RT_SCOPE_UNIVERSE;
	m->rtm_type = RTN_UNICAST;
	if (m->rtm_dst_len > 0)
		mnl_attr_put_u32(h, RTA_DST, ip_to_v4_be(&dst->ip));
	mnl_attr_put_u32(h, RTA_GATEWAY, ip_to_v4_be(gateway));
	mnl_attr_put_u32(h, RTA_OIF, ifindex);
	return ask(r, h);
}

int rtnl_route_set(struct rtnl *r, unsigned int ifindex, const struct prefix *dst,
	const struct ip_addr *gateway)
{
	return route(r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, ifindex, dst, gateway);
}

int rtnl_route_del(struct rtnl *r, unsigned int ifindex, const struct prefix *dst,
	const struct ip_addr *gateway)
{
	return route(r, RTM_DELROUTE, 0, ifindex, dst, gateway);
}

int rtnl_local_table(struct rtnl *r, uint32_t table)
{
	struct nlmsghdr *h = begin(r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->rtm_family = AF_INET;
	m->rtm_table = RT_TABLE_UNSPEC; // RTA_TABLE holds it
	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_scope = RT_SCOPE_HOST;
	m->rtm_type = RTN_LOCAL;
	mnl_attr_put_u32(h, RTA_TABLE, table);
	mnl_attr_put_u32(h, RTA_OIF, if_nametoindex("lo"));
	return ask(r, h);
}

int rtnl_rule_iif(struct rtnl *r, const char *ifname, uint32_t table)
{
	struct nlmsghdr *h = begin(r, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
	struct fib_rule_hdr *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->family = AF_INET;
	m->action = FR_ACT_TO_TBL;
	mnl_attr_put_strz(h, FRA_IIFNAME, ifname);
	mnl_attr_put_u32(h, FRA_TABLE, table);
	mnl_attr_put_u32(h, FRA_PRIORITY, RULE_BEFORE);
	return ask(r, h);
}

int rtnl_neigh_use(struct rtnl *r, unsigned int ifindex, const struct ip_addr *ip)
{
	struct nlmsghdr *h = begin(r, RTM_NEWNEIGH, NLM_F_CREATE);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	if (!ip_is_v4(ip))
		return -EAFNOSUPPORT;
	m->ndm_family = AF_INET;
	m->ndm_ifindex = (int)ifindex;
	m->ndm_state = NUD_NONE;
	m->ndm_flags = NTF_USE;
	mnl_attr_put_u32(h, NDA_DST, ip_to_v4_be(ip));
	return ask(r, h);
}

int rtnl_neigh_del(struct rtnl *r, unsigned int ifindex, const struct ip_addr *ip)
{
	struct nlmsghdr *h = begin(r, RTM_DELNEIGH, 0);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	if (!ip_is_v4(ip))
		return -EAFNOSUPPORT;
	m->ndm_family = AF_INET;
	m->ndm_ifindex = (int)ifindex;
	mnl_attr_put_u32(h, NDA_DST, ip_to_v4_be(ip));
	return ask(r, h);
}
