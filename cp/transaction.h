// SPDX-License-Identifier: BSD-3-Clause
// What is remembered of a request until its response has passed: whose it is, how its topmost Via
// read (so that the response restores it), what became of it. Keyed by trunk, side, branch and
// method; bounded and expiring. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cp/call.h"
#include "cp/reply.h"
#include "cp/rewrite.h"

#define TXN_MAX        16384u
#define TXN_REMOTE_MAX 2048u
#define TXN_SENT_MAX   16384u // octets of a request that are kept for a second try
#define TXN_LIFE_S     32u    // Timer B and F of RFC 3261

enum txn_state {
	TXN_PENDING,   // forwarded, no final response yet
	TXN_DONE,      // final response forwarded
	TXN_REFUSED,   // answered by the proxy: its ACK is absorbed
	TXN_SWALLOWED, // dropped: its CANCEL is dropped too (TKT-19)
	TXN_OWN,       // the proxy's own request: responses are absorbed
};

struct txn {
	struct txn *next;      // in its bucket
	LIST_ENTRY(txn) kin;   // if call is not 0: those of calls that hash alike
	TAILQ_ENTRY(txn) done; // if is_done: in the order of their ends
	bool is_done;          // was TXN_DONE once; a late answer may have been refused since
	uint64_t trunk;        // id of the trunk it came on
	int remote;            // slot of the quota it takes, -1: none
	enum side from;        // the side that sent it (TXN_OWN: the side it was *not* sent to)
	enum sip_method method;
	enum txn_state state;
	uint64_t expires_ns;
	uint64_t call; // id of its call, 0: none; txn_join() writes it
	bool initial;  // INVITE without To tag
	bool ringing;  // a provisional response passed
	bool offered;  // the request carried an offer
	bool give_up;  // the proxy has cancelled it, or refused its answer
	uint8_t late;  // 2xx that the proxy has ended since
	struct rewrite_via via;
	bool call_id_hidden; // see pass
	bool vias_hidden;    // the other Vias of `reply` did not leave with it (ip-address-privacy)
	struct reply_head reply;
	bool cancelled; // a CANCEL for it has passed
	bool resent;    // once more, on a new connection (TLS-6)
	bool rtp;       // `sent` is whole, and offers RTP (cp/rtp_offer.h)
	bool again;     // refused once: `sent` is the second INVITE, with the suffix
	char *sent;     // as it was forwarded; of an INVITE that had a response the header section
	size_t sent_n;
	char to_tag[REPLY_TAG_MAX]; // of the proxy's own refusal
	uint32_t cseq, cseq_added;  // as it came; it left with so much more (FB-8)
	size_t branch_n, call_id_n, from_tag_n;
	char branch[]; // then Call-ID and From tag; those of the proxy's own requests are empty
};

struct txns;

struct txns *txns_new(void);    // NULL: out of memory
void txns_free(struct txns *t); // accepts NULL

// What the branch of a second INVITE ends in; no stranger can guess it.
struct str txns_suffix(const struct txns *t);

// Where a request came from. One remote may have TXN_REMOTE_MAX of its own at a time that are not
// done, so that a flood from it leaves room for the others.
struct txn_origin {
	uint64_t trunk;
	enum side from;
	const struct ip_addr *remote;
};

// Remembers a request that passed sip_check. In a full table the one that has been done for longest
// makes room. NULL: none is done, the remote's quota is full, or the head is too long.
struct txn *txn_add(
	struct txns *t, const struct txn_origin *o, const struct sip_msg *m, uint64_t now_ns);
// A request of the proxy's own with this branch (magic cookie included), sent to `to`.
struct txn *txn_add_own(struct txns *t, uint64_t trunk, enum side to, struct str branch,
	enum sip_method method, uint64_t now_ns);

// NULL: none. The branch is that of the topmost Via. ACK and CANCEL are found under INVITE.
struct txn *txn_find(
	struct txns *t, uint64_t trunk, enum side from, struct str branch, enum sip_method method);

// An INVITE from that side that the proxy has given up, whichever trunk it came on; NULL: none.
struct txn *txn_find_given_up(struct txns *t, enum side from, struct str branch);

// Whether a response, ACK or CANCEL that names the branch is of this request: Call-ID, From tag and
// CSeq are the same too (RFC 3261 8.1.3.3, 9.1, 17.1.1.3).
bool txn_is_of(const struct txn *x, const struct sip_msg *m);

// From now on it is of this call; 0: of none.
void txn_join(struct txns *t, struct txn *x, uint64_t call);
// The INVITE of a call that is still pending, or NULL.
struct txn *txn_of_call(struct txns *t, uint64_t call);

// Keeps a copy of the request as it was forwarded, for a second try, CANCEL and ACK; of one that is
// longer than TXN_SENT_MAX only what CANCEL and ACK need. False: out of memory.
bool txn_keep_sent(struct txn *x, const char *p, size_t n);
// The first response is there: wipes what only a second try needs, keys above all.
void txn_heard(struct txn *x);

// Its final response has passed, or nobody waits for one: it is known for TXN_LIFE_S more, for
// another fork's answer, and takes nothing of the remote's quota.
void txn_done(struct txns *t, struct txn *x, uint64_t now_ns);

void txn_remove(struct txns *t, struct txn *x);

// The visitor may change but not remove them.
typedef void txn_visit_fn(struct txn *x, void *arg);

// Removes those whose time is up; `fn` sees them before.
void txns_expire(struct txns *t, uint64_t now_ns, txn_visit_fn *fn, void *arg);
// Visits the transactions of one trunk.
void txns_of_trunk(struct txns *t, uint64_t trunk, txn_visit_fn *fn, void *arg);

size_t txns_count(const struct txns *t);
