// SPDX-License-Identifier: BSD-3-Clause
// Frames from a wire or a TAP, through the parser of the workers itself, and the translation of what
// it lets pass. The input is an octet of choices (bits below), then the frame. The frame stands in a
// block of exactly its size, so that a read past it is seen.
#include <stdlib.h>
#include <string.h>

#include "dp/nat.h"
#include "dp/parse.h"

#define FROM_TAP   1
#define FOR_US     2 // our MAC is put in
#define FIX_SUMS   4 // the header's checksum is put right, and so is the transport's
#define LAST_PIECE 8 // of a datagram in fragments: the rest of its header is taken for the whole's

#define L3 14
#define L4 34

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 1}};

// What the parser's stage would call, and does not here.
void rte_pktmbuf_free_bulk(struct rte_mbuf **m, unsigned int n)
{
	abort();
}

void capture_dropped(struct worker *w)
{
	abort();
}

struct buffer {
	struct rte_mbuf m;
	struct pkt p;
};

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void sums_fix(uint8_t *frame, size_t n)
{
	static const uint8_t at[256] = {[PROTO_TCP] = 16, [PROTO_UDP] = 6, [PROTO_ICMP] = 2};
	struct rte_ipv4_hdr *ip = (void *)(frame + L3);
	uint8_t *sum;
	uint32_t s;
	size_t len, header;

	if (n < L4 || (header = rte_ipv4_hdr_len(ip)) < sizeof(*ip) || header > n - L3)
		return;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, header);
	len = rte_be_to_cpu_16(ip->total_length);
	if (at[ip->next_proto_id] == 0 || len > n - L3 || len < header + at[ip->next_proto_id] + 2u)
		return;
	len -= header;
	sum = frame + L3 + header + at[ip->next_proto_id];
	memset(sum, 0, 2);
	s = rte_raw_cksum(frame + L3 + header, len);
	if (ip->next_proto_id != PROTO_ICMP)
		s += rte_ipv4_phdr_cksum(ip, 0);
	s = (uint16_t) ~((s & 0xffff) + (s >> 16));
	memcpy(sum, &s, 2);
}

// No offset leads out of the frame.
static void check_offsets(struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	const uint32_t len = rte_pktmbuf_data_len(m);

	check(m->pkt_len == len && p->l3 == L3);
	if (p->kind == PKT_ARP || p->kind == PKT_FRAGMENT) {
		check(p->kind == PKT_ARP ? len >= L3 + 28 : len >= p->l4);
		return;
	}
	check(p->kind == PKT_FLOW || p->kind == PKT_ICMP_ERROR);
	check(p->l4 >= L4 && p->payload >= p->l4 && p->payload + (uint32_t)p->payload_len == len);
	if (p->kind == PKT_ICMP_ERROR)
		check(p->inner_l3 > p->l4 && p->inner_l4 >= p->inner_l3 + 20 && p->inner_len >= 8 &&
			p->inner_l4 + (uint32_t)p->inner_len == len);
}

// A translation keeps every checksum right, and the packet one that passes.
static void translate(struct rte_mbuf *m, bool from_tap)
{
	const struct endpoint src = {
		.ip = ip_from_v4_be(rte_cpu_to_be_32(0x0a010203)), .port = 1111};
	const struct endpoint dst = {
		.ip = ip_from_v4_be(rte_cpu_to_be_32(0xcb007107)), .port = 2222};
	const uint8_t kind = pkt_of(m)->kind;

	if (kind == PKT_FLOW)
		nat_rewrite(m, &src, &dst);
	else if (kind == PKT_ICMP_ERROR)
		nat_rewrite_error(m, &src, &dst, &dst.ip);
	else
		return;
	check(parse_frame(m, from_tap ? NULL : &mac) == PASS);
	check(pkt_of(m)->kind == kind);
	check_offsets(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer *b;
	uint8_t choices, *frame;
	enum dp_counter_id bad;

	if (size < 1 || size > UINT16_MAX)
		return 0;
	choices = *data++;
	frame = malloc(--size > 0 ? size : 1);
	b = aligned_alloc(_Alignof(struct buffer), sizeof(*b));
	check(frame != NULL && b != NULL);
	memset(b, 0, sizeof(*b));
	memcpy(frame, data, size);
	if ((choices & FOR_US) && size >= sizeof(mac))
		memcpy(frame, &mac, sizeof(mac));
	if (choices & FIX_SUMS)
		sums_fix(frame, size);
	b->m.buf_addr = frame;
	b->m.buf_len = b->m.data_len = (uint16_t)size;
	b->m.pkt_len = (uint32_t)size;
	b->m.nb_segs = 1;
	b->m.priv_size = sizeof(struct pkt);
	bad = parse_frame(&b->m, choices & FROM_TAP ? NULL : &mac);
	check(bad <= PASS);
	if (bad == PASS)
		check_offsets(&b->m);
	if (bad == PASS && b->p.kind == PKT_FRAGMENT && (choices & LAST_PIECE)) {
		if (parse_datagram(&b->m) == PASS)
			check_offsets(&b->m);
	} else if (bad == PASS) {
		translate(&b->m, choices & FROM_TAP);
	}
	free(b);
	free(frame);
	return 0;
}
