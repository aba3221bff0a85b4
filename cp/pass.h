// SPDX-License-Identifier: BSD-3-Clause
// One message on its way through the proxy, and the two ends it can come to: forwarded, rewritten,
// on the other leg, or refused with one counter and one line in the log (LOG-1). Control thread.
#pragma once

#include "cp/ime_state.h"

struct pass {
	struct ime *ime;
	struct trunk *t;
	enum side from;
	struct sip_msg *m; // passed sip_check
	uint64_t now_ns;
	struct call *call;  // NULL: none
	struct txn *txn;    // NULL: none yet
	bool planned;       // scratch.sdp and scratch.plan say what becomes of the body
	bool strip;         // a session description that nobody negotiates: not for the other side
	unsigned int mask;  // enum policy_mask: what else is not for the other side
	const char *reason; // for the log, instead of the counter's name; NULL: none
	const struct ticket *ticket; // of the INVITE at hand, decoded; NULL: none
	const char *phrase;          // of a refusal, instead of its status' own; NULL: that
	uint32_t cseq_added;         // to that of a request from outside (FB-8)
	bool call_id_hidden;         // the Call-ID is our side's: outside it is another one
	bool again;                  // of a second INVITE: its branch is longer inside (SRTP-2)
	struct call_caller caller;   // of an initial INVITE, once stir_verify() has looked
};

// Rewrites and sends it to the other side. CNT_NONE, or why it could not be sent (not counted).
enum counter_id pass_forward(struct pass *p);

// For `debug uc-ime signaling-trunk`: the message came from, or goes to, this side.
void pass_debug(const struct pass *p, const char *text, enum side side, size_t octets);

// Counts and logs the refusal of a request. Status 0 drops it (and, for an INVITE, its CANCEL too,
// TKT-19); else it is answered on the connection it came on (TKT-20).
void pass_refuse(struct pass *p, enum counter_id why, uint16_t status);

// The same for a response: it is dropped.
void pass_drop(struct pass *p, enum counter_id why);

// The status a refusal of something from outside gets: what ticket-failure-action says. From
// inside it is always answered.
uint16_t pass_status(const struct pass *p, uint16_t status);

// A transaction for the request at hand; NULL: no room.
struct txn *pass_remember(struct pass *p);

// Answers a remembered request with a response of our own; its ACK is absorbed from now on.
void pass_reply(struct ime *ime, struct trunk *t, struct txn *x, uint16_t status);
