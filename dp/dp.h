// SPDX-License-Identifier: BSD-3-Clause
// The data plane as the control thread sees it. No DPDK type shows here, so that cp/ builds and is
// tested against a fake (test/unit/fake_dp.c). Every function is for the control thread alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dp/msg.h"
#include "lib/acl.h"
#include "lib/addr.h"
#include "lib/nat.h"
#include "lib/rma.h"
#include "lib/rtcp_report.h"
#include "lib/steer.h"

#define DP_IFACES_MAX     16
#define DP_IFACE_NAME_MAX 32
#define DP_DEVICE_MAX     128
// Largest frame on the punt path: a jumbo frame with VLAN tags.
#define DP_FRAME_MAX 9240

// ---- Start and stop ---------------------------------------------------------------------------

// What an interface holds of datagrams in fragments (the manual's `fragment`). 0: 200 datagrams that
// wait, 24 fragments of each, 5 seconds.
struct dp_fragments {
	uint16_t size, chain, timeout_s;
};

// One firewall interface; its index in dp_options.ifaces is its id everywhere.
struct dp_iface_options {
	char name[DP_IFACE_NAME_MAX];
	char device[DP_DEVICE_MAX]; // PCI address or vdev string ("net_af_packet0,iface=outside")
	// 0: as many as there are workers, as far as the device can. On af_packet, whose kernel side
	// deals out to every queue, it is the number of workers that read them all.
	uint16_t rx_queues;
	uint16_t descriptors; // per queue
	uint16_t mtu;
	// Interfaces of one device are told apart by their 802.1Q tag; 0: untagged.
	uint16_t vlan;
	struct dp_fragments fragments;
};

struct dp_options {
	struct dp_iface_options ifaces[DP_IFACES_MAX];
	unsigned int n_ifaces;
	int control_core;              // CPU of the caller, the EAL's main lcore
	int worker_cores[WORKERS_MAX]; // CPUs; several workers may name one CPU
	unsigned int n_workers;
	bool hugepages;
	unsigned int memory_mb;
	bool poll_adaptive;        // nap when idle
	unsigned int sessions_max; // per box; each worker gets its share
	unsigned int streams_max;  // media streams per box, at most DP_STREAMS_MAX; 0: 8192
	const char *srtp_engine;   // name of an rtpsec_tier; NULL or "auto": the best
	const char *instance_name; // EAL file prefix: distinct per daemon on a machine
	// Called once on each thread that the data plane has made, to shed privileges there too.
	// May be NULL.
	int (*thread_start)(void);
};

// Brings up the EAL, ports and workers. On failure returns -errno, leaves nothing running, and
// `err` says what was tried and what to do. Once per process.
int dp_start(const struct dp_options *o, char *err, size_t err_size);
void dp_stop(void);

// The MAC of an interface's device; the TAP takes the same.
int dp_iface_mac(uint16_t iface, uint8_t mac[6]);

// ---- Rules: data in, compiled and published as one immutable snapshot --------------------------

// Which sources are refused as nobody's: link-local and protocol addresses too; or also those that only
// the Internet does not know, as private ones.
enum dp_bogons { DP_BOGONS_OFF, DP_BOGONS_ON, DP_BOGONS_STRICT };

struct dp_iface {
	struct ip_addr ip; // the firewall's own address
	struct prefix subnet;
	uint8_t security_level; // 0..100: a flow to a lower level needs no access list
	// Index in acls, or -1: of flows that come in, and of those that leave.
	int acl_in, acl_out;
	bool verify_reverse_path; // a source must be where its route leads
	uint8_t bogons;           // enum dp_bogons
	// TCP ports of its address that are the control plane's, and no dynamic translation's; 0: none.
	uint16_t own_lo, own_hi;
};

struct dp_acl {
	const struct ace *aces;
	size_t n;
};

struct dp_route {
	struct prefix dst;
	struct ip_addr gateway; // none: directly connected
	uint16_t iface;
};

// A media-termination address; workers answer ARP for it and take its UDP ports for media. An
// interface may have several.
struct dp_media_addr {
	uint16_t iface;
	struct ip_addr ip;
	uint16_t port_lo, port_hi;
};

struct dp_timeouts {
	uint32_t tcp_s, tcp_half_open_s, tcp_closing_s, udp_s, icmp_s, punt_s;
	uint32_t
		pat_xlate_s; // a port of a dynamic translation rests so long after its last session
	uint32_t xlate_s;    // and an address that a host has to itself
};

// How many flows there may be at once (the manual's `set connection`), of the whole box: each worker
// holds to its share. 0: no limit.
struct dp_conn_limits {
	uint32_t conns, embryonic; // to one host: conn-max, embryonic-conn-max
	uint32_t client_conns,
		client_embryonic; // from one: per-client-max, per-client-embryonic-max
	uint32_t embryonic_rate;  // new TCP connections a second to one host: embryonic-conn-rate
};

struct dp_limit_class {
	uint32_t id; // stable, not 0: what its flows take is counted under it
	int acl;     // of the flows that this list permits: index in acls, or -1: of all
	struct dp_conn_limits max;
};

// How streams from the Internet are judged: every `timer_ms`, by these thresholds.
struct dp_quality {
	struct rma_table table;
	uint32_t timer_ms;
};

// What becomes of IPv4 options that can pass at all; with any other a packet is dropped.
enum dp_option_action { DP_OPTION_ALLOW, DP_OPTION_CLEAR, DP_OPTION_DROP };

struct dp_ip_options {
	uint8_t eool, nop, router_alert; // enum dp_option_action
};

// Arrays belong to the caller and are copied. Routes include the connected subnets.
struct dp_rules {
	const struct dp_iface *ifaces; // n_ifaces of dp_options
	const struct nat_rule *nat;
	size_t n_nat;
	const struct dp_acl *acls;
	size_t n_acls;
	int acl_global; // asked of flows that acl_in says nothing of: index in acls, or -1
	struct dp_ip_options ip_options;
	bool same_security; // flows may pass between two interfaces of one level
	const struct dp_route *routes;
	size_t n_routes;
	const int *inspect; // indices in acls: TCP flows these permit are punted (`inspect sip`)
	size_t n_inspect;
	const struct dp_media_addr *media;
	size_t n_media;
	struct dp_timeouts timeouts;
	struct dp_quality quality;
	const struct dp_limit_class *limits; // the first that a flow is in holds; of TCP and UDP
	size_t n_limits;
	uint32_t half_open_max; // TCP connections of the box that may be half-open at once; 0: any
};

// Builds and publishes. On failure the rules in force stay, and `err` says why.
int dp_apply(const struct dp_rules *r, char *err, size_t err_size);

// ---- Messages ----------------------------------------------------------------------------------

// Queues a message to the worker (or workers) concerned. -ENOBUFS: a ring is full, nothing was
// sent, try again later. What else is wrong with a MEDIA_SET or MEDIA_DEL: see media_ctl_send() in
// dp/media_ctl.h. -EINVAL is the sender's mistake (a stream id out of range, ports of two workers,
// a latch on plain RTP), -ENOTSUP what cannot be done (a suite, IPv6), -ENOMEM and -ENOSPC limits.
int dp_send(const struct dp_msg *m);

// The next message from any worker: 1, or 0 when there is none.
int dp_recv(struct dp_msg *m);

// ---- Punt: frames between an interface's wire and its TAP --------------------------------------

// The next punted frame, as it was on the wire; returns its length, 0 when there is none.
// A frame longer than `size` is dropped and counted.
size_t dp_punt_recv(void *buf, size_t size, uint16_t *iface);

// Sends a frame that left the TAP of `iface`; the owner worker remembers the flow so that the
// replies are punted too. IPv4 and ARP only. What does not go is counted as a drop: -ENOBUFS (the
// ring is full or no buffer free), -EMSGSIZE, -EPROTONOSUPPORT (malformed, or another protocol).
int dp_punt_send(uint16_t iface, const void *frame, size_t len);

// ---- What `show` reads -------------------------------------------------------------------------

// DROP_RX_SHORT, ... and COUNT_RX, ... in the order of the file.
enum dp_counter_id {
#define DROP(name, help)  DROP_##name,
#define COUNT(name, help) COUNT_##name,
#include "dp/counters.def"
#undef DROP
#undef COUNT
	DP_COUNTERS
};

// One counter: name, help (what it means and what to do) and the sum over workers.
struct dp_counter {
	const char *name;
	const char *help;
	bool drop; // a drop reason, else an ordinary counter
	uint64_t value;
};

// Fills up to `max`, returns how many there are.
size_t dp_counters(struct dp_counter *out, size_t max);
void dp_counters_clear(void);

// How many flows a rule of the access lists has decided, by the id of its entry (struct ace); since it
// is in force, or since dp_acl_hits_clear().
struct dp_acl_hits {
	uint64_t n;
	uint64_t last_ns; // CLOCK_MONOTONIC of the last one, 0: none yet
};
void dp_acl_hits(uint32_t id, struct dp_acl_hits *out);
void dp_acl_hits_clear(uint32_t id);

// How many packets have failed the reverse path check of an interface (verify-reverse-path) since the start, or
// since they were cleared.
uint64_t dp_rpf_drops(uint16_t iface);
void dp_rpf_drops_clear(uint16_t iface);

struct dp_iface_stats {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes, rx_missed, tx_failed;
	bool link_up;
};
// Of interfaces that share a device, packets and octets (without tags) are each one's own, what is missed or
// failed is the device's.
int dp_iface_stats(uint16_t iface, struct dp_iface_stats *out);

// Of one leg: what came from its remote, and what was sent to it. Packets are RTP unless they are
// named RTCP; octets are those of the UDP payload on that leg's wire.
struct dp_leg_stats {
	uint64_t rx_packets, rx_octets; // accepted
	uint64_t tx_packets, tx_octets;
	uint64_t rx_rtcp, tx_rtcp; // relayed
	uint64_t rx_bad_source;    // from another address or port (RTP-1)
	uint64_t rx_auth_failed;   // SRTP or SRTCP tag wrong
	uint64_t rx_replayed;
	uint64_t rx_late;         // older than the replay window
	uint64_t rx_malformed;    // not RTP
	uint64_t rx_bad_pt;       // payload type that was not negotiated
	uint64_t rx_many_sources; // of one more synchronisation source than may be
	uint64_t rx_bad_checksum; // UDP's; of plain RTP and RTCP alone
	uint64_t rx_on_hold;      // in a direction that is on hold
	uint64_t rx_rtcp_dropped; // rtcp: drop, or nowhere to send it
	uint64_t tx_waiting; // not sent, for the remote has not authenticated yet (tx_awaits_rx)
	uint64_t rx_lost;    // expected - received by sequence number (RFC 3550 A.3)
	uint32_t jitter_us;  // RFC 3550 A.8
	uint64_t last_rx_ns; // CLOCK_MONOTONIC of the last accepted packet, 0: none yet
	uint8_t last_pt;
	struct endpoint remote; // where packets go now: negotiated, or latched
	bool latched;
	// What this side last said by RTCP, of a stream that is monitored, unless it passes through.
	struct rtcp_report report;
	uint64_t report_ns;     // when, 0: never
	uint32_t round_trip_us; // between us and it, 0: not known
};
struct dp_media_stats {
	struct dp_leg_stats leg[2];
};
// -ENOENT when no such stream is up.
int dp_media_stats(uint32_t stream, struct dp_media_stats *out);

// What the monitoring of a stream's leg 0 has found since it began, which it does anew when the
// remote is another. -ENOENT when no such stream is up, or it is not monitored. Each figure is
// whole, but they need not be of the same packet.
int dp_media_quality(uint32_t stream, struct rma_counters *out);

// How often a rule has been used for a new flow, of what goes to its mapped side and of what comes
// from there, since the start or dp_nat_hits_clear(). `id` is nat_rule.id.
void dp_nat_hits(uint32_t id, uint64_t *translated, uint64_t *untranslated);
void dp_nat_hits_clear(uint32_t id);

// Flows that a class of connection limits has now, as far as it limits them (of TCP alone, if only half-open ones
// are limited), and how many were refused, by which of its limits.
struct dp_limit_stats {
	uint32_t conns, embryonic;
	uint64_t
		drops[DP_LIMITS_OF_CLASS]; // by enum dp_limit; since the start, or dp_limit_clear()
};
// `id` is dp_limit_class.id.
void dp_limit_stats(uint32_t id, struct dp_limit_stats *out);
void dp_limit_clear(uint32_t id);

struct dp_usage {
	uint32_t sessions, sessions_max; // all workers
	uint32_t sessions_most;          // each worker's, added
	uint32_t punt_sessions;          // of these, flows of the control plane
	uint32_t half_open;              // and TCP connections whose handshake is not done
	uint32_t streams, streams_max;
	// Packet buffers, and those of datagrams in fragments: back to a constant when idle, or a leak.
	uint32_t buffers_in_use, buffers;
	uint32_t xlates, xlates_most; // dynamic translations; the most is each worker's, added
};
void dp_usage(struct dp_usage *out);

// "DPDK 22.11.7".
const char *dp_version(void);

// The SRTP engine in use, for people ("intel-ipsec-mb 1.3, AVX-512 and SHA-NI").
const char *dp_srtp_engine(void);

// What a flow shows, each as a letter of the ASA's `show conn`, in the order of DP_CONN_LETTERS. Inside
// is the side of the higher security level (of one level: the initiator's); to a flow of the control
// plane, the firewall itself.
enum dp_conn_flag {
	DP_CONN_AWAITS_SYN_OUTSIDE = 1 << 0, // s: a SYN of the outside
	DP_CONN_AWAITS_SYN_INSIDE = 1 << 1,  // S
	DP_CONN_AWAITS_ACK_OUTSIDE = 1 << 2, // a: that the outside acknowledges a SYN
	DP_CONN_AWAITS_ACK_INSIDE = 1 << 3,  // A
	DP_CONN_UP = 1 << 4,                 // U
	DP_CONN_FIN_INSIDE = 1 << 5,         // f: the inside has closed
	DP_CONN_FIN_OUTSIDE = 1 << 6,        // F
	DP_CONN_ACKED_OUTSIDE = 1 << 7,      // R: the outside knows
	DP_CONN_ACKED_INSIDE = 1 << 8,       // r
	DP_CONN_DATA_IN = 1 << 9,            // I: data came from the outside
	DP_CONN_DATA_OUT = 1 << 10,          // O
	DP_CONN_INBOUND = 1 << 11,           // B: the outside began
	DP_CONN_EMBRYONIC = 1 << 12,         // no letter: not up yet
	DP_CONN_CONTROL = 1 << 13,           // no letter: of the control plane
};
#define DP_CONN_LETTERS "sSaAUfFRrIOB"

// One flow of `show conn`; `mapped` differs from `real` where NAT changed it.
struct dp_conn {
	uint8_t proto;
	uint16_t iface_in, iface_out;
	struct endpoint src, src_mapped, dst, dst_mapped;
	uint64_t packets[2], bytes[2]; // 0: initiator's direction
	uint32_t idle_s, timeout_s, uptime_s;
	uint16_t flags; // enum dp_conn_flag
	bool punt;
	char state[12]; // "half-open", "up", "closing"
};

// Which flows a person asks for. All zero: everything but flows of the firewall's own addresses.
struct dp_conn_filter {
	struct nat_pool ip; // of either end, real or mapped; `first` none: any
	uint16_t port[2];   // of either end, from, to; 0, 0: any
	uint8_t proto;      // PROTO_ANY: any
	bool all;           // also flows of the firewall's own addresses
	uint16_t flags;     // it has one of these; 0: any
};

enum dp_conns_do { DP_CONNS_LIST, DP_CONNS_COUNT, DP_CONNS_END };

// Walks over a piece of the workers' sessions: from *cursor on (0: the beginning), which is advanced;
// DP_CONNS_THROUGH: there is no more. The workers do it between bursts. Returns how many flows it found
// that the filter means; of a list, `max` at most, in `out`. Waits at most 100 ms, as a rule a few: a
// piece is bounded, whatever the table holds.
#define DP_CONNS_THROUGH UINT64_MAX
size_t dp_conns(const struct dp_conn_filter *f, enum dp_conns_do what, uint64_t *cursor,
	struct dp_conn *out, size_t max);

// One dynamic translation of `show xlate`.
struct dp_xlate {
	uint8_t proto;
	uint16_t real_if, mapped_if;
	struct endpoint real, mapped;
	uint32_t sessions; // that use it
	uint32_t idle_s;   // since none does
};
// The dynamic translations that `f` asks for: how many were written, at most `max`. Asks the workers for a
// copy, and waits at most 100 ms.
size_t dp_xlates(const struct nat_filter *f, struct dp_xlate *out, size_t max);

// ---- The way of a packet -----------------------------------------------------------------------

// What a packet goes through, in the order of the stages.
enum dp_trace_type {
	DP_TRACE_PACKET, // what no host would send, and destinations that nobody is sent to
	DP_TRACE_FLOW,   // the session table
	DP_TRACE_MEDIA,  // the destination is a media port
	// The source, on this interface: by route `rule` back to it, out of `iface`, gateway `to`.
	DP_TRACE_SPOOFING,
	// Destination: from, to; by nat rule `rule`. Dropped: that rule gives `from` on `iface` to hosts, and
	// lets nobody in by it.
	DP_TRACE_UN_NAT,
	DP_TRACE_ROUTE, // by route `rule`: out of `iface`, gateway `to`
	// Entry `rule` of `list`, none: its implicit deny; no list: security levels, to that of `iface`.
	DP_TRACE_ACCESS_LIST,
	DP_TRACE_INSPECT,   // entry `rule` of `list`: a class that is inspected
	DP_TRACE_RPF_CHECK, // nat rule `rule`: replies would not come from the address that was asked
	// Class `rule` of dp_rules.limits limits the flow; none: what half-open connections the box may have.
	DP_TRACE_LIMITS,
	DP_TRACE_NAT, // source: from, to; by nat rule `rule`
	// A session would be opened. Dropped: nat rule `rule` gives a tuple that another session has.
	DP_TRACE_CREATE,
	DP_TRACE_ADJACENCY, // next hop `to` at `mac` on `iface`; TTL, MTU
	DP_TRACE_PUNT,      // to the control plane
	DP_TRACE_HAIRPIN,   // it turns round and comes in again on `iface`: more phases follow
	DP_TRACE_TYPES,
};

#define DP_TRACE_PHASES_MAX 32 // of two passes
#define DP_TRACE_NO_IFACE   UINT16_MAX

struct dp_trace_phase {
	uint8_t type;   // enum dp_trace_type
	bool drop;      // it ended here
	uint16_t iface; // or DP_TRACE_NO_IFACE
	int32_t rule; // place in dp_rules.nat, in dp_rules.routes or in the list's entries; -1: none
	int32_t list; // place in dp_rules.acls, or -1
	struct endpoint from, to;
	uint8_t mac[6];
	bool session; // DP_TRACE_FLOW: it belongs to one; DP_TRACE_UN_NAT, dropped: a host has `from`
	uint16_t worker; // DP_TRACE_FLOW, DP_TRACE_MEDIA: that owns it
};

enum dp_trace_fate {
	DP_TRACE_DROP,
	DP_TRACE_FORWARD,
	DP_TRACE_TO_CONTROL,
	DP_TRACE_RELAY,
	DP_TRACE_RESET, // answered so, and gone
};

struct dp_trace {
	enum dp_trace_fate fate;
	enum dp_counter_id why;    // DP_TRACE_DROP: which counter
	const char *reason, *help; // its name and words, else NULL
	uint16_t iface_out;        // or DP_TRACE_NO_IFACE
	bool session;              // it belongs to one: lists are not asked again
	unsigned int n;
	struct dp_trace_phase phase[DP_TRACE_PHASES_MAX];
};

// A packet as it would come in on `iface`. The id of an ICMP echo is in both ports. A TCP segment of a connection
// has the numbers that its receiver waits for.
struct dp_trace_ask {
	uint16_t iface;
	struct flow flow;
	uint8_t icmp_type, icmp_code;
	uint8_t ttl;       // 0: that of a host nearby
	uint8_t tcp_flags; // 0: a SYN
	uint16_t
		size; // octets of the IPv4 packet, 0: its headers alone. Too many for one frame: fragments
	bool df; // it must not be fragmented
};

// Asks the worker that would own the packet what it would do with it, by the code and the rules that
// are in force. Nothing is sent, and nothing remembered. Waits at most 100 ms. -EINVAL: no such
// interface, or no IPv4; -EMSGSIZE: no frame has that size; -ETIMEDOUT: the worker is too busy to answer; -ENOBUFS.
int dp_trace(const struct dp_trace_ask *a, struct dp_trace *t);

// ---- Flows that access lists want told ---------------------------------------------------------

// The first packet of a flow that an entry with `log` decided, or that was denied; each packet of one
// that is denied is a first one.
struct dp_acl_log {
	int32_t list, entry; // places in dp_rules.acls, and ace.entry; -1: the implicit deny
	uint16_t iface_in;
	uint16_t iface_out; // or DP_TRACE_NO_IFACE
	bool permit;
	bool flows; // ACE_LOG_FLOWS, else ACE_LOG_DEFAULT
	uint8_t icmp_type, icmp_code;
	struct flow flow; // as lists judge it: its destination is real
};
// The next one of any worker: 1, or 0 when there is none.
int dp_acl_log_recv(struct dp_acl_log *out);

// ---- Copies of packets -------------------------------------------------------------------------

// Begins to copy packets for whoever looks on. Returns the capture's id; -EBUSY: there
// are DP_CAPTURES_MAX, or one that ended just now is still being cleared away; -ENOBUFS, -ENOMEM.
// `id` of `want` does not matter.
int dp_capture_open(const struct dp_msg_capture *want);
void dp_capture_close(int id);

struct dp_captured {
	uint64_t time_ns; // CLOCK_MONOTONIC, of the worker's turn
	uint16_t iface;   // where it came in or, if it was sent, went out
	bool out;         // sent; else it came in
	const void *data;
	uint32_t len, original_len; // octets at `data`, and of the packet
	const char *reason, *help;  // of a drop, else NULL: the packet is as it was then
};
// The oldest packet, which stays until dp_capture_pop(). Where several workers capture, their clocks
// may be a turn apart. False: there is none now.
bool dp_capture_peek(int id, struct dp_captured *out);
void dp_capture_pop(int id);

// How many packets of an interface the capture wanted, and how many of these found no room.
void dp_capture_counts(int id, uint16_t iface, uint64_t *taken, uint64_t *lost);
