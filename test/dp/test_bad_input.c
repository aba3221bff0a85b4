// SPDX-License-Identifier: BSD-3-Clause
// Frames that lie, at every layer: each ends in its named drop alone, nothing of it leaves, and what stands beside
// it goes on, in the same burst, too. Fragments that lie about each other: test_frag.c; segments: test_tcp.c;
// sources: test_spoof.c; IPv4 options: test_parse.c; tags on a port that has some: test_vlan.c.
#include "test/dp/beside.h"

#include "dp/parse.h"

#define ETH 14
#define L4  34
#define Q   42 // what an ICMP error quotes
#define QL4 62

// Frames that pass, as long as nobody changes them.
enum base { UDP, TCP, PING, ABOUT_UDP, ABOUT_TCP, ABOUT_PING, OPTIONS, PRIORITY, ARP, BASES };

// Router alert and what fills up.
static const uint8_t options[] = {148, 4, 0, 0, 1, 1, 0, 0};

static size_t put(uint8_t *frame, size_t len, size_t at, const void *octets, size_t n)
{
	memmove(frame + at + n, frame + at, len - at);
	memcpy(frame + at, octets, n);
	return len + n;
}

// An error of HOST_OUT about the last packet of `which` that went to FAR.
static size_t error_about(uint8_t *frame, enum beside which)
{
	const struct flow f = beside_flow(which), back = {f.dst, f.src, f.proto};
	uint8_t quoted[FRAME_MAX];

	frame_make(quoted, OUTSIDE, &back, which == BESIDE_PING ? 1 : 0x10, 10);
	return frame_error(frame, OUTSIDE, HOST_OUT, MAPPED, quoted + ETH, 28);
}

static size_t base_make(uint8_t *frame, enum base base)
{
	static const uint8_t priority[] = {0x81, 0, 0xa0, 0}; // 5, and no VLAN
	size_t len;

	switch (base) {
	case ABOUT_UDP:
		return error_about(frame, BESIDE_UDP);
	case ABOUT_TCP:
		return error_about(frame, BESIDE_TCP);
	case ABOUT_PING:
		return error_about(frame, BESIDE_PING);
	case OPTIONS:
		len = beside_frame(frame, BESIDE_UDP, OUTSIDE);
		len = put(frame, len, L4, options, sizeof(options));
		frame[ETH] = 0x47;
		frame[ETH + 3] += sizeof(options);
		return frame_sums_set(frame, len);
	case PRIORITY:
		len = beside_frame(frame, BESIDE_UDP, OUTSIDE);
		return put(frame, len, 12, priority, sizeof(priority));
	case ARP:
		return frame_arp(frame, OUTSIDE, true, HOST_OUT, MAPPED);
	default:
		return beside_frame(frame, (enum beside)base, OUTSIDE);
	}
}

// Octets, in hex, that stand in place of others. Sums are made right again, unless the lie is about them.
struct bad {
	enum base base;
	const char *what;
	enum dp_counter_id reason;
	struct {
		uint8_t at;
		const char *octets;
	} lies[3];
};

static const struct bad bads[] = {
	{UDP, "another MAC", DROP_L2_NOT_FOR_US, {{5, "09"}}},
	{UDP, "a MAC of zeros", DROP_L2_NOT_FOR_US, {{0, "000000000000"}}},
	{UDP, "unicast to the MAC of all", DROP_IP_DESTINATION, {{0, "ffffffffffff"}}},
	{UDP, "unicast to the MAC of many", DROP_IP_DESTINATION, {{0, "01005e000001"}}},
	{UDP, "TTL of 0, from the MAC of all", DROP_IP_TTL, {{ETH + 8, "00"}, {6, "ffffffffffff"}}},
	{TCP, "for the control plane, of no session, from the MAC of all", DROP_TCP_NOT_SYN,
		{{L4 + 2, "13d8"}, {6, "ffffffffffff"}}},
	{UDP, "IPv6", DROP_IPV6_UNSUPPORTED, {{12, "86dd 60"}}},
	{UDP, "a length in place of a type", DROP_ETHERTYPE, {{12, "0026"}}},
	{UDP, "no such type", DROP_ETHERTYPE, {{12, "ffff"}}},
	{PRIORITY, "a VLAN", DROP_VLAN_UNKNOWN, {{15, "05"}}},
	{PRIORITY, "the last VLAN", DROP_VLAN_UNKNOWN, {{14, "ffff"}}},
	{PRIORITY, "two tags", DROP_VLAN_QINQ, {{16, "8100"}}},
	{PRIORITY, "802.1ad", DROP_VLAN_QINQ, {{12, "88a8"}}},
	{PRIORITY, "802.1ad of old", DROP_VLAN_QINQ, {{12, "9100"}}},
	{PRIORITY, "IPv6 behind a tag", DROP_IPV6_UNSUPPORTED, {{16, "86dd"}}},
	{PRIORITY, "no such type behind a tag", DROP_ETHERTYPE, {{16, "ffff"}}},

	{ARP, "hardware", DROP_ARP_INVALID, {{ETH, "0006"}}},
	{ARP, "protocol", DROP_ARP_INVALID, {{ETH + 2, "86dd"}}},
	{ARP, "hardware address of 0 octets", DROP_ARP_INVALID, {{ETH + 4, "00"}}},
	{ARP, "hardware address of 255 octets", DROP_ARP_INVALID, {{ETH + 4, "ff"}}},
	{ARP, "protocol address of 16 octets", DROP_ARP_INVALID, {{ETH + 5, "10"}}},
	{ARP, "no such operation", DROP_ARP_INVALID, {{ETH + 6, "0003"}}},
	{ARP, "sender with the MAC of all", DROP_ARP_INVALID, {{ETH + 8, "ffffffffffff"}}},
	{ARP, "sender with the MAC of many", DROP_ARP_INVALID, {{ETH + 8, "01005e000001"}}},
	{ARP, "sender with no MAC", DROP_ARP_INVALID, {{ETH + 8, "000000000000"}}},
	{ARP, "frame from the MAC of all", DROP_ARP_INVALID, {{6, "ffffffffffff"}}},
	{ARP, "sender is many", DROP_ARP_INVALID, {{ETH + 14, "e0000001"}}},
	{ARP, "sender is all", DROP_ARP_INVALID, {{ETH + 14, "ffffffff"}}},
	{ARP, "sender is a loopback", DROP_ARP_INVALID, {{ETH + 14, "7f000001"}}},
	{ARP, "for all", DROP_ARP_FOREIGN, {{ETH + 24, "ffffffff"}}},
	{ARP, "for nobody", DROP_ARP_FOREIGN, {{ETH + 24, "00000000"}}},

	{UDP, "IPv5", DROP_IP_HEADER, {{ETH, "55"}}},
	{UDP, "IPv6 in IPv4's type", DROP_IP_HEADER, {{ETH, "65"}}},
	{UDP, "no header", DROP_IP_HEADER, {{ETH, "40"}}},
	{UDP, "header of 16", DROP_IP_HEADER, {{ETH, "44"}}},
	{UDP, "header past the end", DROP_RX_SHORT, {{ETH, "4f"}}},
	{UDP, "header that takes UDP's in", DROP_IP_OPTIONS, {{ETH, "47"}}},
	{UDP, "total length of 0", DROP_IP_HEADER, {{ETH + 2, "0000"}}},
	{UDP, "total length of 19", DROP_IP_HEADER, {{ETH + 2, "0013"}}},
	{UDP, "total length one too long", DROP_RX_SHORT, {{ETH + 2, "0027"}}},
	{UDP, "total length of 65535", DROP_RX_SHORT, {{ETH + 2, "ffff"}}},
	{UDP, "TTL of 0", DROP_IP_TTL, {{ETH + 8, "00"}}},
	{TCP, "TTL of 0", DROP_IP_TTL, {{ETH + 8, "00"}}},
	{UDP, "checksum", DROP_IP_CHECKSUM, {{ETH + 10, "dead"}}},
	{TCP, "checksum of 0", DROP_IP_CHECKSUM, {{ETH + 10, "0000"}}},
	{PING, "checksum of ones", DROP_IP_CHECKSUM, {{ETH + 10, "ffff"}}},
	{OPTIONS, "checksum", DROP_IP_CHECKSUM, {{ETH + 10, "dead"}}},
	{OPTIONS, "total length within the options", DROP_IP_HEADER, {{ETH + 2, "001b"}}},
	{OPTIONS, "options past the header", DROP_IP_OPTIONS, {{L4 + 4, "010194 04"}}},
	{OPTIONS, "an option of 0 octets", DROP_IP_OPTIONS, {{L4 + 4, "94000000"}}},
	{OPTIONS, "a source route", DROP_IP_OPTIONS, {{L4, "8307 04c6336401 00"}}},
	{UDP, "from zero", DROP_IP_SOURCE, {{ETH + 12, "00000000"}}},
	{TCP, "from the network of zero", DROP_IP_SOURCE, {{ETH + 12, "00010203"}}},
	{PING, "from a loopback", DROP_IP_SOURCE, {{ETH + 12, "7fffffff"}}},
	{UDP, "from many", DROP_IP_SOURCE, {{ETH + 12, "e0000001"}}},
	{TCP, "from beyond", DROP_IP_SOURCE, {{ETH + 12, "f0000001"}}},
	{PING, "from all", DROP_IP_SOURCE, {{ETH + 12, "ffffffff"}}},
	{UDP, "from all of a subnet", DROP_IP_SOURCE, {{ETH + 12, "d1a5c8ff"}}},
	{UDP, "from a subnet's network", DROP_IP_SOURCE, {{ETH + 12, "d1a5c8e0"}}},
	{UDP, "from us", DROP_IP_SPOOFED, {{ETH + 12, "d1a5c8e1"}}},
	{PING, "from the address that it is for", DROP_IP_SPOOFED, {{ETH + 12, "d1a5c8e4"}}},
	{ABOUT_UDP, "error from zero", DROP_IP_SOURCE, {{ETH + 12, "00000000"}}},
	{ABOUT_TCP, "error from all", DROP_IP_SOURCE, {{ETH + 12, "ffffffff"}}},
	{ABOUT_PING, "error from us", DROP_IP_SPOOFED, {{ETH + 12, "d1a5c8e1"}}},
	{UDP, "to zero", DROP_IP_DESTINATION, {{ETH + 16, "00000000"}}},
	{TCP, "to a loopback", DROP_IP_DESTINATION, {{ETH + 16, "7f000001"}}},
	{PING, "to many", DROP_IP_DESTINATION, {{ETH + 16, "ef010203"}}},
	{UDP, "to all", DROP_IP_DESTINATION, {{ETH + 16, "ffffffff"}}},
	{PING, "to all of a subnet", DROP_IP_DESTINATION, {{ETH + 16, "d1a5c8ff"}}},
	{PING, "to a subnet's network", DROP_IP_DESTINATION, {{ETH + 16, "c0a80a00"}}},
	{UDP, "no such protocol", DROP_ACL_DENY, {{ETH + 9, "ff"}}},
	{UDP, "fragment of no multiple of 8", DROP_IP_FRAGMENT, {{ETH + 6, "2000"}}},
	{UDP, "fragment past 65535", DROP_FRAG_LONG, {{ETH + 6, "1fff"}}},
	{TCP, "fragment within TCP's header", DROP_FRAG_TINY, {{ETH + 6, "0001"}}},

	{UDP, "UDP of 7 octets", DROP_L4_HEADER, {{ETH + 2, "001b"}}},
	{UDP, "UDP of no octet", DROP_L4_HEADER, {{ETH + 2, "0014"}}},
	{UDP, "UDP's length is 0", DROP_L4_HEADER, {{L4 + 4, "0000"}}},
	{UDP, "UDP's length is 7", DROP_L4_HEADER, {{L4 + 4, "0007"}}},
	{UDP, "UDP's length is short", DROP_L4_HEADER, {{L4 + 4, "0011"}}},
	{UDP, "UDP's length is long", DROP_L4_HEADER, {{L4 + 4, "0013"}}},
	{UDP, "UDP's length is 65535", DROP_L4_HEADER, {{L4 + 4, "ffff"}}},
	{UDP, "to UDP port 0", DROP_L4_HEADER, {{L4 + 2, "0000"}}},
	{UDP, "checksum of a first packet", DROP_L4_CHECKSUM, {{L4, "0bb9"}, {L4 + 6, "dead"}}},

	{TCP, "TCP of 19 octets", DROP_L4_HEADER, {{ETH + 2, "0027"}}},
	{TCP, "TCP of no octet", DROP_L4_HEADER, {{ETH + 2, "0014"}}},
	{TCP, "TCP header of 0", DROP_L4_HEADER, {{L4 + 12, "00"}}},
	{TCP, "TCP header of 16", DROP_L4_HEADER, {{L4 + 12, "40"}}},
	{TCP, "TCP header past the end", DROP_L4_HEADER, {{L4 + 12, "80"}}},
	{TCP, "from TCP port 0", DROP_L4_HEADER, {{L4, "0000"}}},
	{TCP, "to TCP port 0", DROP_L4_HEADER, {{L4 + 2, "0000"}}},
	{TCP, "checksum", DROP_L4_CHECKSUM, {{L4 + 16, "dead"}}},
	{TCP, "no flags", DROP_TCP_FLAGS, {{L4 + 13, "00"}}},
	{TCP, "URG and PSH alone", DROP_TCP_FLAGS, {{L4 + 13, "28"}}},
	{TCP, "all flags", DROP_TCP_FLAGS, {{L4 + 13, "ff"}}},
	{TCP, "SYN+FIN", DROP_TCP_FLAGS, {{L4 + 13, "03"}}},
	{TCP, "SYN+RST", DROP_TCP_FLAGS, {{L4 + 13, "06"}}},
	{TCP, "FIN+RST", DROP_TCP_FLAGS, {{L4 + 13, "15"}}},
	{TCP, "FIN alone", DROP_TCP_FLAGS, {{L4 + 13, "01"}}},
	{TCP, "sequence number out of the window", DROP_TCP_WINDOW, {{L4 + 4, "7fffffff"}}},
	{TCP, "acknowledges what was never sent", DROP_TCP_ACK, {{L4 + 8, "00ffffff"}}},
	{TCP, "RST out of the window", DROP_TCP_RST_WINDOW,
		{{L4 + 4, "00000001"}, {L4 + 13, "04"}}},
	{TCP, "of no session", DROP_TCP_NOT_SYN, {{L4, "0bb9"}}},
	{TCP, "RST of no session", DROP_TCP_NOT_SYN, {{L4, "0bb9"}, {L4 + 13, "04"}}},

	{PING, "ICMP of 7 octets", DROP_L4_HEADER, {{ETH + 2, "001b"}}},
	{PING, "checksum", DROP_L4_CHECKSUM, {{L4 + 2, "dead"}}},
	{PING, "reply of no session", DROP_ICMP_NO_SESSION, {{L4, "00"}, {L4 + 4, "0bb9"}}},
	{PING, "quench", DROP_ICMP_NO_SESSION, {{L4, "04"}}},
	{PING, "redirect", DROP_ICMP_NO_SESSION, {{L4, "05"}}},
	{PING, "router advertisement", DROP_ICMP_NO_SESSION, {{L4, "09"}}},
	{PING, "timestamp", DROP_ICMP_NO_SESSION, {{L4, "0d"}}},
	{PING, "no such type", DROP_ICMP_NO_SESSION, {{L4, "ff"}}},

	{PING, "error that quotes 10 octets", DROP_L4_HEADER, {{L4, "03"}}},
	{ABOUT_UDP, "error that quotes nothing", DROP_L4_HEADER, {{ETH + 2, "001c"}}},
	{ABOUT_UDP, "error that quotes 27 octets", DROP_L4_HEADER, {{ETH + 2, "0037"}}},
	{ABOUT_UDP, "checksum", DROP_L4_CHECKSUM, {{L4 + 2, "dead"}}},
	{ABOUT_UDP, "quotes IPv6", DROP_L4_HEADER, {{Q, "65"}}},
	{ABOUT_TCP, "quotes a header of 16", DROP_L4_HEADER, {{Q, "44"}}},
	{ABOUT_PING, "quotes a header past its end", DROP_L4_HEADER, {{Q, "4f"}}},
	{ABOUT_UDP, "quotes what somebody else sent", DROP_L4_HEADER, {{Q + 12, "d1a5c8e5"}}},
	{ABOUT_UDP, "quotes what went to somebody else", DROP_ICMP_NO_SESSION,
		{{Q + 16, "c6336408"}}},
	{ABOUT_UDP, "quotes what went to all", DROP_ICMP_NO_SESSION, {{Q + 16, "ffffffff"}}},
	{ABOUT_UDP, "quotes another port", DROP_ICMP_NO_SESSION, {{QL4 + 2, "0bb9"}}},
	{ABOUT_UDP, "quotes another protocol", DROP_ICMP_NO_SESSION, {{Q + 9, "06"}}},
	{ABOUT_UDP, "quotes no such protocol", DROP_ICMP_NO_SESSION, {{Q + 9, "ff"}}},
	{ABOUT_UDP, "quotes a later fragment", DROP_ICMP_NO_SESSION, {{Q + 6, "0001"}}},
	{ABOUT_TCP, "quotes what was never sent", DROP_ICMP_TCP_WINDOW, {{QL4 + 4, "7fffffff"}}},
	{ABOUT_PING, "quotes another id", DROP_ICMP_NO_SESSION, {{QL4 + 4, "0bb9"}}},
	{ABOUT_PING, "quotes an error", DROP_ICMP_NO_SESSION, {{QL4, "03"}}},
	{ABOUT_PING, "quotes a redirect", DROP_ICMP_NO_SESSION, {{QL4, "05"}}},
};

static void lies_put(uint8_t *frame, const struct bad *b)
{
	for (size_t i = 0; i < RTE_DIM(b->lies) && b->lies[i].octets != NULL; i++)
		unhex(b->lies[i].octets, frame + b->lies[i].at);
}

static size_t bad_make(uint8_t *frame, const struct bad *b)
{
	const size_t len = base_make(frame, b->base);

	lies_put(frame, b);
	if (b->base != ARP)
		frame_sums_set(frame, len);
	lies_put(frame, b);
	return len;
}

// One more packet was dropped, for this reason and for no other.
static void assert_dropped(
	const char *what, enum dp_counter_id reason, uint64_t before, uint64_t all_before)
{
	if (counted(reason) != before + 1 || drops() != all_before + 1)
		fail_msg("%s: %s %lu times, %lu drops", what, counter_infos[reason].name,
			counted(reason) - before, drops() - all_before);
}

// Whether the sender of the frame gets an ICMP error, having a MAC of its own.
static bool is_told(enum dp_counter_id reason, const uint8_t *frame)
{
	return reason == DROP_IP_TTL && !(frame[6] & 1);
}

static void drops_alone(
	const char *what, enum dp_counter_id reason, const uint8_t *frame, size_t len)
{
	const uint64_t before = counted(reason), all_before = drops();
	struct rte_mbuf *m = buffer_of(frame, len);

	harness_in(OUTSIDE, &m, 1);
	assert_dropped(what, reason, before, all_before);
	if (is_told(reason, frame)) {
		uint8_t error[FRAME_MAX];

		assert_true(harness_out(OUTSIDE, error) > 0);
	}
	assert_silence();
}

static void test_alone(void **state)
{
	uint8_t frame[FRAME_MAX];

	beside_up();
	for (size_t i = 0; i < RTE_DIM(bads); i++) {
		size_t len = bad_make(frame, &bads[i]);

		drops_alone(bads[i].what, bads[i].reason, frame, len);
		beside_goes_on();
	}
}

// Whatever it is, and wherever it ends: a frame that is cut there is too short.
static void test_cut(void **state)
{
	uint8_t frame[FRAME_MAX];

	beside_up();
	for (unsigned int base = 0; base < BASES; base++) {
		const size_t whole = base_make(frame, base);

		for (size_t len = 0; len < whole; len++)
			drops_alone("cut",
				base == ARP && len >= ETH ? DROP_ARP_INVALID : DROP_RX_SHORT, frame,
				len);
	}
	beside_goes_on();
}

// ---- Among others ------------------------------------------------------------------------------

#define BURST PKTS_BURST

// A burst of one flow, numbered by UDP's last octet, but for `odd` in place of one.
static void burst_make(struct rte_mbuf **m, const uint8_t *odd, size_t odd_len, unsigned int at)
{
	uint8_t frame[FRAME_MAX];

	for (unsigned int i = 0; i < BURST; i++) {
		const size_t len = beside_frame(frame, BESIDE_UDP, OUTSIDE);

		frame[len - 1] = (uint8_t)i;
		frame_sums_set(frame, len);
		m[i] = i == at ? buffer_of(odd, odd_len) : buffer_of(frame, len);
	}
}

// All others of the burst have left, in order and translated.
static void assert_others(unsigned int at, bool odd_passes)
{
	const struct flow want = flow(PROTO_UDP, FAR, 3000, HOST_IN, 4000);
	uint8_t frame[FRAME_MAX];
	struct flow got;

	for (unsigned int i = 0; i < BURST; i++) {
		size_t len;

		if (i == at && !odd_passes)
			continue;
		len = harness_out(INSIDE, frame);
		assert_true(len > 0);
		if (i == at)
			continue;
		assert_true(frame_sums_ok(frame, len));
		got = frame_flow(frame, len);
		assert_flow(&got, &want);
		assert_int_equal(frame[len - 1], i);
	}
}

// Whether parse takes such a burst for one of plain UDP alone.
static bool is_plain(const uint8_t *odd, size_t odd_len, unsigned int at)
{
	struct pkts v = {.n = BURST};

	burst_make(v.m, odd, odd_len, at);
	parse_stage(h.w, &v, OUTSIDE);
	rte_pktmbuf_free_bulk(v.m, v.n);
	return v.kinds & PKTS_PLAIN;
}

// One that is bad, at the start, within and at the end of a burst that is plain but for it.
static void test_in_burst(void **state)
{
	static const unsigned int places[] = {0, 1, 17, BURST - 1, BURST};
	struct rte_mbuf *m[BURST];
	uint8_t odd[FRAME_MAX], frame[FRAME_MAX];

	beside_up();
	for (size_t i = 0; i < RTE_DIM(bads) * RTE_DIM(places); i++) {
		const struct bad *b = &bads[i / RTE_DIM(places)];
		const unsigned int at = places[i % RTE_DIM(places)];
		const uint64_t before = counted(b->reason), all_before = drops();

		burst_make(m, odd, bad_make(odd, b), at);
		harness_in(OUTSIDE, m, BURST);
		if (at < BURST)
			assert_dropped(b->what, b->reason, before, all_before);
		assert_others(at, false);
		if (is_told(b->reason, odd)) // at a limited rate
			harness_out(OUTSIDE, frame);
		assert_silence();
	}
	beside_goes_on();
}

// One that is good and of another kind: it passes, and the burst is no longer plain; without it, it is.
static void test_odd_in_burst(void **state)
{
	struct rte_mbuf *m[BURST];
	uint8_t odd[FRAME_MAX];
	uint64_t before;

	beside_up();
	before = drops();
	for (unsigned int i = 0; i < BASES * BURST; i++) {
		const enum base base = i / BURST;
		const unsigned int at = i % BURST;
		const bool is_udp = base == UDP || base == PRIORITY;
		const size_t len = base_make(odd, base);

		assert_int_equal(is_plain(odd, len, at), is_udp);
		burst_make(m, odd, len, at);
		harness_in(OUTSIDE, m, BURST);
		assert_others(at, base != ARP);
		assert_int_equal(harness_out(OUTSIDE, odd) > 0, base == ARP);
		assert_silence();
	}
	assert_int_equal(drops(), before);
	beside_goes_on();
}

// Media, and a first packet, look plain.
static void test_lookalikes_in_burst(void **state)
{
	const struct flow media = flow(PROTO_UDP, FAR, 3000, "209.165.200.229", 16384);
	const struct flow denied = flow(PROTO_UDP, FAR, 3000, MAPPED, 4001);
	const struct {
		const struct flow *f;
		enum dp_counter_id reason;
		bool plain;
	} t[] = {{&media, DROP_MEDIA_NO_STREAM, false}, {&denied, DROP_ACL_DENY, true}};
	struct rte_mbuf *m[BURST];
	uint8_t odd[FRAME_MAX];

	beside_up();
	for (unsigned int i = 0; i < RTE_DIM(t) * BURST; i++) {
		const unsigned int k = i / BURST, at = i % BURST;
		const size_t len = frame_make(odd, OUTSIDE, t[k].f, 0, 10);
		const uint64_t before = counted(t[k].reason), all_before = drops();

		assert_int_equal(is_plain(odd, len, at), t[k].plain);
		burst_make(m, odd, len, at);
		harness_in(OUTSIDE, m, BURST);
		assert_dropped("looks plain", t[k].reason, before, all_before);
		assert_others(at, false);
		assert_silence();
	}
	beside_goes_on();
}

// ---- The parser alone --------------------------------------------------------------------------

// The stage knows the usual packet at a glance: it must say of every frame what the long way says.
static void assert_stage_agrees(const uint8_t *frame, size_t len)
{
	struct rte_mbuf *m = buffer_of(frame, len);
	struct pkts v = {.n = 1, .m = {buffer_of(frame, len)}};
	const enum dp_counter_id bad = parse_frame(m, &h.w->mac[OUTSIDE]);
	const bool goes_on = bad == PASS || bad == DROP_L4_CHECKSUM; // which steering looks at
	const uint64_t before = goes_on ? 0 : counted(bad);

	parse_stage(h.w, &v, OUTSIDE);
	assert_int_equal(v.n, goes_on);
	if (goes_on) {
		pkt_of(m)->iface_in = OUTSIDE;
		assert_memory_equal(pkt_of(v.m[0]), pkt_of(m), sizeof(struct pkt));
		assert_int_equal(v.m[0]->data_len, m->data_len);
		assert_int_equal(v.m[0]->pkt_len, m->pkt_len);
		rte_pktmbuf_free(v.m[0]);
	} else {
		assert_int_equal(counted(bad), before + 1);
		worker_turn(h.w, h.now_ns); // the buffer is freed at its end
	}
	rte_pktmbuf_free(m);
}

static void test_agrees(void **state)
{
	uint8_t frame[FRAME_MAX];

	worker_turn(h.w, h.now_ns); // it has rules from now on
	for (unsigned int base = 0; base < BASES; base++)
		assert_stage_agrees(frame, base_make(frame, base));
	for (size_t i = 0; i < RTE_DIM(bads); i++)
		assert_stage_agrees(frame, bad_make(frame, &bads[i]));
}

// Nothing that a stranger sends may make the parser read past the frame or the worker lose a
// buffer: random octets after a valid start, at every length.
static void test_hostile(void **state)
{
	srand(1);
	worker_turn(h.w, h.now_ns);
	for (unsigned int i = 0; i < 30000; i++) {
		uint8_t frame[FRAME_MAX];
		size_t len = base_make(frame, i % BASES);
		unsigned int changes = (unsigned int)rand() % 4;
		struct rte_mbuf *m;

		while (changes-- > 0)
			frame[ETH + (size_t)rand() % (len - ETH)] = (uint8_t)rand();
		if (rand() % 2 == 0)
			frame_sums_set(frame, len);
		if (rand() % 8 == 0)
			len = (size_t)rand() % len;
		assert_stage_agrees(frame, len);
		h.now_ns += 1000000;
		m = buffer_of(frame, len);
		harness_in(OUTSIDE, &m, 1);
		while (harness_out(INSIDE, frame) > 0 || harness_out(OUTSIDE, frame) > 0)
			;
	}
	assert_true(counted(COUNT_TX) > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_alone),
		TEST(test_cut),
		TEST(test_in_burst),
		TEST(test_odd_in_burst),
		TEST(test_lookalikes_in_burst),
		TEST(test_agrees),
		TEST(test_hostile),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
