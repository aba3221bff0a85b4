// SPDX-License-Identifier: BSD-3-Clause
// What the rules say about the first packet of a flow: spoofing, NAT, security levels,
// access lists compiled with rte_acl, inspection.
#pragma once

#include "dp/snapshot.h"
#include "dp/worker.h"

// ---- Access lists ------------------------------------------------------------------------------

// Compiles a copy of `aces`, with one reference. NULL: no memory, or rte_acl refuses (errno).
// Control thread.
struct acl_list *acl_list_new(const struct ace *aces, size_t n);
struct acl_list *acl_list_ref(struct acl_list *l);
void acl_list_unref(struct acl_list *l);
// Whether the list was made of exactly these entries.
bool acl_list_is(const struct acl_list *l, const struct ace *aces, size_t n);

// The index of the first entry that matches an IPv4 flow, or -1. As for acl_match(), the ports of an
// ICMP flow are its type and its code. Any thread.
int acl_list_match(const struct acl_list *l, const struct flow *f);
bool acl_list_permits(const struct acl_list *l, const struct flow *f);

// ---- The judgement -----------------------------------------------------------------------------

enum acl_fate {
	ACL_FORWARD, // `reply` and `iface_out` are set
	ACL_PUNT,    // our own address, or a class that is inspected
	ACL_DROP,    // `reason` is set
};

// A flow as it was on the wire, with what its first packet says beside.
struct acl_query {
	struct flow flow;
	bool looped; // it left by this interface, translated, for an address that we own there
	uint8_t icmp_type, icmp_code; // of ICMP
	// Has the destination's address for a host (dp/xlate.h); NULL: none.
	const struct xlate *held;
};

// The lists that are asked of a flow, in this order.
enum acl_role { ACL_IN, ACL_GLOBAL, ACL_OUT, ACL_ROLES };

struct acl_found {
	int acl; // index in the snapshot's lists; -1: none was asked
	int ace; // of the entry that decided; -1: none matches
};

// Where a session counts (dp/conn_limit.h).
struct conn_limit_places {
	uint32_t class; // dp_limit_class.id; 0: nowhere
	uint16_t client, target;
};

struct acl_verdict {
	enum acl_fate fate;
	enum dp_counter_id reason;
	uint16_t iface_out;
	// As the answer will arrive on iface_out. Where nat_source is a dynamic rule its destination is
	// the real source yet: see acl_map().
	struct flow reply;
	bool loops; // it does not leave by iface_out but comes back in there (dp/hairpin.h)
	bool held;  // nat_destination is the rule of acl_query.held
	// The dynamic translations of the flow's source and of its destination (dp/xlate.h), once there are.
	uint32_t xlate[2];
	struct conn_limit_places limit;
	// What decided, for whoever explains it; -1: there is none, or it was not asked.
	int nat_destination, nat_source; // the rules, indices in snapshot.nat
	int nat_back;                    // the rule for the source of replies (NAT_RPF)
	int route_back, route; // to the source and to the destination, indices in snapshot.routes
	struct acl_found found[ACL_ROLES];
	bool by_level;            // neither ACL_IN nor ACL_GLOBAL was there
	int inspect, inspect_ace; // of the class
};

// What a parsed packet asks that may be the first of its flow.
struct acl_query acl_query_of(const struct worker *w, struct rte_mbuf *m);

// Judges a flow that came in on `in`, as it was on the wire, in the order of design 2 (3):
// un-translate, access list on real addresses, class, route, translate. Pure. Where the destination
// was un-translated, reply.src holds it, whatever the fate.
void acl_judge(
	const struct snapshot *s, uint16_t in, const struct acl_query *q, struct acl_verdict *out);

// Whether the verdict's source is to be translated dynamically.
bool acl_is_dynamic(const struct snapshot *s, const struct acl_verdict *v);

// Puts the endpoint that a dynamic translation has given into the verdict.
void acl_map(struct acl_verdict *v, uint32_t xlate, const struct endpoint *mapped);

// What may open a session at all.
bool acl_is_opener(const struct pkt *p);

// Whether a TCP segment of no session is answered with a reset: it is for the control plane, whose kernel would stay
// silent for an address that it does not own (design 2 (4)).
bool acl_resets(const struct worker *w, const struct pkt *p, const struct acl_verdict *v);

// Packets that hit no session. Those whose flow may pass get one and go on; those for the control
// plane are added to `punt`.
void acl_stage(struct worker *w, struct pkts *v, struct pkts *punt);
