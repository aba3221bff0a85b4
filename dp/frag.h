// SPDX-License-Identifier: BSD-3-Clause
// Virtual reassembly: fragments are held until their datagram is whole, before any rule sees them.
//
// The octets are put together in one large buffer, made at start, and go on as one packet: a stage,
// a checksum, a translation or the control plane never meets a fragment. The route stage cuts the
// packet again (dp/refrag.h), in pieces no larger than the sender's, so that what the sender has found
// out about the path still holds. A copy of each fragment costs less than what every stage would pay
// for packets of several buffers, and a sender who never completes anything holds no buffers that
// devices receive into.
//
// When as many wait as may, the one that has waited longest gives way, unlike in other tables here, where
// what is there has proved its worth: fragments of a datagram follow each other within milliseconds, so the
// longer one waits, the less likely it is that the rest will come. Were new ones refused, 40 made-up fragments
// a second would hold 200 places for their 5 s, and nobody's datagram would get one; so they have to come
// faster than 200 between the first and the last fragment of a datagram to do harm.
#pragma once

#include <sys/queue.h>

#include "dp/worker.h"
#include "lib/frag.h"

// What waits of one source is limited to a share of the table, so that it pushes out its own; sources are told apart
// by a hash, and each interface has its own: a flood from one side pushes out nobody's of another.
#define FRAG_SOURCES      1024
#define FRAG_SOURCE_SHARE 4

#define FRAG_BUCKETS 1024

// Before the octets behind a datagram's header, whatever the first fragment's is; and behind them,
// for what the relay of media appends.
#define FRAG_HEAD 80
#define FRAG_TAIL 64

// A datagram's name (RFC 791 3.2), and the interface that its fragments come in on. No padding.
struct frag_key {
	struct ip_addr src, dst;
	uint16_t id, iface;
	uint32_t proto;
};

struct frag_entry {
	struct frag_key key;
	struct rte_mbuf *m; // the datagram; NULL: refused, and remembered for its fragments to come
	uint64_t since_ns;
	TAILQ_ENTRY(frag_entry) by_iface, by_source; // by age
	uint32_t next;                               // index + 1 of the next one in the bucket
	uint16_t refused;                            // enum dp_counter_id, PASS: not
	uint16_t source;                             // place in frag_table.source of its interface
	uint16_t size;                               // of the largest fragment, as a packet
	bool dont;                                   // a fragment said "don't fragment"
	struct frag_chain chain;
};

TAILQ_HEAD(frag_queue, frag_entry); // the one that has waited longest comes first

// What one interface allows a worker.
struct frag_limit {
	uint16_t size;  // datagrams that wait
	uint16_t share; // of these, of one source
	uint16_t chain; // fragments of a datagram
	uint64_t timeout_ns;
	uint16_t waiting;
	struct frag_queue queue;
};

struct frag_source {
	uint16_t waiting;
	struct frag_queue queue;
};

struct frag_table {
	struct rte_mempool *pool;
	uint32_t room; // octets behind the header of a datagram
	uint32_t max, n_free;
	struct frag_entry *entry;
	uint32_t *free; // stack of free entries
	struct frag_limit limit[DP_IFACES_MAX];
	struct frag_source (*source)[FRAG_SOURCES]; // by interface
	uint32_t bucket[FRAG_BUCKETS];              // index + 1
};

// Fragments that this worker owns are held; a datagram that they complete goes on in their place, to
// be steered. Those of other workers go on too, marked for the steer stage.
void frag_stage(struct worker *w, struct pkts *v);

// Gives up what has waited too long.
void frag_age(struct worker *w);

// ---- Cold, in dp/frag_ctl.c: control thread ----------------------------------------------------

// The pool of all workers' datagrams, with metadata as packets have it. NULL: no memory.
struct rte_mempool *frag_pool(
	const struct dp_iface_options *ifaces, unsigned int n_ifaces, unsigned int n_workers);

// A worker's table, with its share of each interface's limits. NULL: no memory.
struct frag_table *frag_new(const struct dp_iface_options *ifaces, unsigned int n_ifaces,
	unsigned int n_workers, struct rte_mempool *pool);
void frag_free(struct frag_table *t); // accepts NULL
