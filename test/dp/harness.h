// SPDX-License-Identifier: BSD-3-Clause
// Real workers with real packet buffers and no wire: two interfaces on net_ring devices, whose
// transmit side the test reads. One worker at a time is driven by the test itself.
#pragma once

#include "test/unit/test.h"

#include "dp/handoff.h"
#include "dp/sess.h"
#include "dp/snapshot.h"
#include "dp/worker_ctl.h"

enum { OUTSIDE, INSIDE, HARNESS_IFACES };

// The network of all tests: the firewall, a host on either side, and the inside host's address
// outside.
#define FW_OUT   "209.165.200.225"
#define FW_IN    "192.168.10.1"
#define HOST_OUT "209.165.200.254"
#define HOST_IN  "192.168.10.30"
#define MAPPED   "209.165.200.228"
#define FAR      "198.51.100.7" // beyond the default route

#define HARNESS_WORKERS 4

struct harness {
	struct rte_mempool *pool, *datagrams;
	struct worker *w; // the one that is driven
	struct worker *all[HARNESS_WORKERS];
	unsigned int n_workers;
	uint64_t now_ns;
};
extern struct harness h;

// Once per program (EAL), and once per test (a fresh worker with `sessions`, rules of
// harness_rules() in force, neighbours known).
int harness_group_setup(void **state);
void harness_up(uint32_t sessions);
// The same with several, of which h.w is the first; the test may change h.w.
void harness_up_many(unsigned int n_workers, uint32_t sessions);
// Ends the test's workers; fails if a buffer is missing.
void harness_down(void);

// One worker with room for 64 sessions, for a test that needs no more.
int harness_setup(void **state);       // 64 sessions
int harness_setup_large(void **state); // 256
int harness_teardown(void **state);

bool ip_is(const struct ip_addr *a, const char *text);
struct flow flow(uint8_t proto, const char *src, uint16_t sport, const char *dst, uint16_t dport);

// Static NAT of HOST_IN to MAPPED; outside in: ICMP, TCP 5070, TCP 5080 (inspected) and UDP 4000 to
// HOST_IN. The arrays can be changed before harness_apply().
struct rules {
	struct dp_iface ifaces[HARNESS_IFACES];
	struct nat_rule nat[2];
	struct ace incoming[4], inspected[1];
	struct dp_acl acls[2];
	struct dp_route routes[3];
	struct dp_media_addr media[2];
	int inspect[1];
	struct dp_rules r;
};
void harness_rules(struct rules *r);
void harness_apply(const struct rules *r);

// A frame with right checksums that must not be fragmented. `payload` octets follow the L4 header; TCP takes `flags`, ICMP is
// an echo request unless `flags` is 1, then its reply, with id = sport.
#define FRAME_MAX 2048
size_t frame_make(
	uint8_t *out, uint16_t iface, const struct flow *f, uint8_t flags, size_t payload);
// A TCP segment with these numbers, a window of 64000.
size_t frame_tcp(uint8_t *out, uint16_t iface, const struct flow *f, uint8_t flags, uint32_t seq,
	uint32_t ack, size_t payload);
// An ICMP error of `from` about a quoted packet (its IPv4 packet, `len` octets).
size_t frame_error(uint8_t *out, uint16_t iface, const char *from, const char *to,
	const uint8_t *quoted, size_t len);
size_t frame_arp(
	uint8_t *out, uint16_t iface, bool request, const char *sender, const char *target);
// Makes the sums of an IPv4 frame right, however its headers lie, as far as they are there. Returns `len`.
size_t frame_sums_set(uint8_t *frame, size_t len);
// Recomputes every checksum of an IPv4 frame from scratch, also of what an ICMP error quotes
// (`quoted_len` octets of it are there); true when they are what the frame says.
bool frame_sums_ok(const uint8_t *frame, size_t len);

struct rte_mbuf *buffer_of(const uint8_t *frame, size_t len);

// Takes frames through all stages of the worker, as one burst of `iface`. Time stays.
void harness_in(uint16_t iface, struct rte_mbuf **m, unsigned int n);
// One flow packet through all stages.
void harness_send(uint16_t iface, const struct flow *f, uint8_t flags);
// The same, and it must end as `reason` alone: nothing is sent.
void harness_drops(uint16_t iface, const struct flow *f, uint8_t flags, enum dp_counter_id reason);
// What waits for the MAC of its next hop has waited long enough. Time stays.
void harness_neigh_timeout(void);
// Time goes by; idle turns let every session be looked at.
void harness_wait_s(uint64_t s);
// The next frame that was sent out of `iface`; returns its length, 0 when there is none.
size_t harness_out(uint16_t iface, uint8_t *frame);
// The same of all workers, after turns enough for packets that one hands over to another: its tuple.
bool harness_out_of_all(uint16_t iface, struct flow *got);
// The next punted frame.
size_t harness_punted(uint8_t *frame, uint16_t *iface);
uint64_t counted(enum dp_counter_id id);
// The worker's sessions that the filter means.
size_t harness_conns(const struct dp_conn_filter *f, struct dp_conn *out, size_t max);

// The tuple of a frame.
struct flow frame_flow(const uint8_t *frame, size_t len);
void assert_flow(const struct flow *got, const struct flow *want);
