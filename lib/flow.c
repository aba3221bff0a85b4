// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8
#define TAGS_MAX       2

#define IPV4_HEADER   20
#define OFFSET_BITS   0x1fff
#define PORTS_LEN     4
#define ICMP_CODE_END 2

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static struct ip_addr address(const uint8_t *p)
{
	uint32_t be;

	memcpy(&be, p, sizeof(be));
	return ip_from_v4_be(be);
}

static void read_ports(const uint8_t *l4, size_t n, struct flow *f)
{
	if ((f->proto == PROTO_TCP || f->proto == PROTO_UDP) && n >= PORTS_LEN) {
		f->src.port = get16(l4);
		f->dst.port = get16(l4 + 2);
	} else if (f->proto == PROTO_ICMP && n >= ICMP_CODE_END) {
		f->src.port = l4[0];
		f->dst.port = l4[1];
	}
}

bool flow_read(const uint8_t *frame, size_t n, struct flow *out)
{
	size_t at = 12, header; // behind the MAC addresses
	const uint8_t *ip;

	for (unsigned int tags = 0; tags < TAGS_MAX && n >= at + 2; tags++, at += 4)
		if (get16(frame + at) != ETHERTYPE_VLAN && get16(frame + at) != ETHERTYPE_QINQ)
			break;
	if (n < at + 2 + IPV4_HEADER || get16(frame + at) != ETHERTYPE_IPV4)
		return false;
	ip = frame + at + 2;
	n -= at + 2;
	header = (ip[0] & 0xfu) * 4;
	if (ip[0] >> 4 != 4 || header < IPV4_HEADER)
		return false;
	*out = (struct flow){
		.src.ip = address(ip + 12), .dst.ip = address(ip + 16), .proto = ip[9]};
	if ((get16(ip + 6) & OFFSET_BITS) == 0 && n > header)
		read_ports(ip + header, n - header, out);
	return true;
}
