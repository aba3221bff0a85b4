// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// See dp/ipopt.h. Called by the parse stage for headers that have options at all.
#include "dp/ipopt.h"

// Options that can pass, as on the ASA: what fills up, and router alert (RFC 2113).
#define OPTION_END              0
#define OPTION_NOP              1
#define OPTION_ROUTER_ALERT     148
#define OPTION_ROUTER_ALERT_LEN 4

#define OPTIONS_MAX 40

// What stays of the options; the rest of it is what fills up.
struct kept {
	uint8_t octets[OPTIONS_MAX];
	uint8_t n;
	bool cleared; // something else is gone
};

// One option at `o`, of which there are `len` octets: its length, 0: it is none that can pass.
static uint8_t option_read(
	const uint8_t *o, uint8_t len, const struct dp_ip_options *rules, uint8_t *action)
{
	switch (o[0]) {
	case OPTION_END:
		*action = rules->eool;
		return 1;
	case OPTION_NOP:
		*action = rules->nop;
		return 1;
	case OPTION_ROUTER_ALERT:
		*action = rules->router_alert;
		return len >= OPTION_ROUTER_ALERT_LEN && o[1] == OPTION_ROUTER_ALERT_LEN
			? OPTION_ROUTER_ALERT_LEN
			: 0;
	}
	return 0;
}

static bool options_sort(
	const uint8_t *o, uint8_t len, const struct dp_ip_options *rules, struct kept *k)
{
	uint8_t n, action = DP_OPTION_ALLOW;

	*k = (struct kept){.n = 0};
	for (uint8_t i = 0; i < len; i += n) {
		n = option_read(o + i, len - i, rules, &action);
		if (n == 0 || action == DP_OPTION_DROP)
			return false;
		if (action == DP_OPTION_CLEAR) {
			k->cleared = true;
		} else {
			memcpy(k->octets + k->n, o + i, n);
			k->n += n;
		}
		if (o[i] == OPTION_END) // nothing behind it is an option
			break;
	}
	return true;
}

// Puts what is kept in place of the options; the frame begins later by what is gone.
static void options_set(struct rte_mbuf *m, uint8_t l3, const struct kept *k)
{
	uint8_t *start = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(start + l3);
	const uint8_t kept = RTE_ALIGN(k->n, RTE_IPV4_IHL_MULTIPLIER);
	const uint8_t gone = (uint8_t)(rte_ipv4_hdr_len(ip) - sizeof(*ip) - kept);

	memcpy(ip + 1, k->octets, kept); // what is behind `gone` is not read
	memmove(start + gone, start, l3 + sizeof(*ip) + kept);
	ip = (struct rte_ipv4_hdr *)(start + gone + l3);
	ip->version_ihl = (uint8_t)(RTE_IPV4_VHL_DEF + kept / RTE_IPV4_IHL_MULTIPLIER);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip->total_length) - gone));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	rte_pktmbuf_adj(m, gone);
}

enum dp_counter_id ipopt_judge(struct rte_mbuf *m, uint8_t l3, const struct dp_ip_options *rules)
{
	static const struct dp_ip_options all = {DP_OPTION_ALLOW, DP_OPTION_ALLOW, DP_OPTION_ALLOW};
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, l3);
	const uint8_t header = rte_ipv4_hdr_len(ip);
	struct kept k;

	if (!options_sort((const uint8_t *)(ip + 1), (uint8_t)(header - sizeof(*ip)),
		    rules != NULL ? rules : &all, &k))
		return DROP_IP_OPTIONS;
	if (!k.cleared)
		return PASS;
	// Else a wrong sum would become a right one.
	if (rte_raw_cksum(ip, header) != UINT16_MAX)
		return DROP_IP_CHECKSUM;
	if (rte_be_to_cpu_16(ip->total_length) < header)
		return DROP_IP_HEADER;
	options_set(m, l3, &k);
	return PASS;
}
