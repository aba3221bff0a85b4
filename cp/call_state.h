// SPDX-License-Identifier: BSD-3-Clause
// Calls: INVITE dialogs by Call-ID, caller's side and tags, whichever trunk and direction their
// messages take. inspect.c asks which call a message belongs to and tells what passed; teardown.c
// ends those whose time is up. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "config/config.h"
#include "cp/call.h"
#include "cp/domains.h"
#include "cp/request.h"
#include "cp/quality.h"
#include "cp/session.h"
#include "lib/fallback.h"
#include "lib/sip.h"
#include "lib/ticket.h"

#define CALLS_MAX         4096u
#define CALL_DIALOGS_MAX  8 // forked answers of one call
#define CALL_MAPPINGS_MAX 8 // off-path: remotes that its dialogs lead to

// What one party told about itself: enough to speak to it in the other's name (SIP-7). Strings are
// the call's own; NULL: not known yet.
struct call_party {
	char *address; // value of its From or To, tag included
	char *target;  // URI of its Contact
	char *routes;  // Route lines toward it
	uint32_t cseq; // highest of its requests
};

// What its media did lately; cp/call_media.c writes it.
struct call_media {
	// When a packet was last accepted, CLOCK_MONOTONIC: of the busiest side, and of the quietest
	// among those that may speak. Both UINT64_MAX when nobody may (hold), 0: nothing was heard.
	uint64_t busiest_ns, quietest_ns;
	uint64_t both_ns; // since when both may speak and the call is up; 0: not
	bool one_way;
	enum side silent;
	uint64_t one_way_ns;
	// The audio stream from the Internet that is worst; not `monitored`: there is none.
	bool monitored;
	struct rma_counters quality;
	const struct voice_codec *codec; // of that stream; NULL: not known
	uint32_t delay_ms;               // one way, its playout included; 0: not known
	struct quality history;
};

#define CALL_REFERS_MAX 32 // more than refer-retries allows

// Mid-call fallback; cp/fallback.c writes it.
struct call_fallback {
	struct fallback machine;
	bool bad;          // counted in domain->bad
	bool limited;      // a REFER is due, and too many others were sent
	bool tdialog;      // the call manager knows Target-Dialog (RFC 4538)
	bool in_dialog;    // a REFER out of the dialog was refused
	bool remote_refer; // the remote has sent one of its own
	struct did did;    // where the remote can be reached over the PSTN; n 0: it did not say
	// FB-8: requests that were sent in the remote's name; each stands behind its request of this CSeq.
	uint32_t after[CALL_REFERS_MAX];
	unsigned int n_sent;
	bool referred; // one of them was a REFER
};

enum call_end {
#define CALL_END(name, word, by, meaning) CALL_END_##name,
#include "cp/call_ends.def"
#undef CALL_END
};

struct call {
	TAILQ_ENTRY(call) all;       // oldest first
	struct call *next, *next_id; // in their buckets, by Call-ID and by id
	uint64_t id;                 // never 0, never used again
	char *call_id;
	char *call_id_outside; // NULL: the same (cp/callid.h)
	char *caller_tag;
	struct call_dialog {
		char *tag;                  // the callee's
		bool up;                    // answered by a 2xx, and no BYE yet
		struct session_fork *apart; // what it agreed to, while the media is elsewhere
		struct call_party party;    // its callee, while call->party is of another
	} dialogs[CALL_DIALOGS_MAX];
	size_t n_dialogs;
	struct call_dialog *talker; // whom the media is with; NULL: cp/call_fork.c has no say
	enum side caller;
	enum call_state state;
	uint64_t trunk; // the last one that carried it, 0: none; trunks_carry() writes it
	uint16_t iface[SIDES];
	struct endpoint peer[SIDES]; // signalling peers: remote, call manager
	char *identity;              // of the remote's certificate; NULL: none
	struct domain *domain;       // counts it; NULL: none
	char *ticket, *granted;      // id and granted domain of its ticket; NULL: it needed none
	struct call_caller who;
	struct call_party party[SIDES];
	uint16_t mappings[CALL_MAPPINGS_MAX]; // ports that it holds (cp/offpath.h)
	size_t n_mappings;
	size_t n_record_routes; // that the INVITE had when it came to us
	uint32_t invite_cseq;
	struct session *session;
	struct call_media media;
	bool early_media;
	bool stood_in; // its call manager has taken it for another one (cp/failover.h)
	uint64_t started_ns, answered_ns, signal_ns, ringing_ns, ending_ns;
	char *fb_sensitivity, *session_id, *trunk_uri;
	struct call_fallback fallback;
	// For the log.
	char *from_uri, *to_uri;                // who called whom
	char ticket_uuid[TICKET_UUID_TEXT_MAX]; // of the ticket that let it in; "": none
	enum call_end end;                      // why it ends, once that is known
	enum side end_by;
	uint16_t end_status; // of CALL_END_REFUSED
};

struct calls;

// NULL: out of memory.
struct calls *calls_new(void);
void calls_free(struct calls *c); // accepts NULL

struct call_start {
	enum side caller;
	uint16_t iface[SIDES];
	struct endpoint peer[SIDES];
	struct str call_id_outside; // empty: as the INVITE's
	struct str identity;        // empty: none
	struct str ticket, granted; // empty: it needed no ticket
	struct call_caller who;
	struct domain *domain;
	bool stood_in;
	bool inside_secure; // trunk-security-mode of the call manager
	const struct session_env *env;
	uint64_t now_ns;
};

// A call for an INVITE without To tag that passed sip_check. NULL: table full or out of memory.
struct call *call_new(
	struct calls *c, const struct sip_msg *invite, const struct call_start *start);
void call_remove(struct calls *c, struct call *call);
bool calls_full(const struct calls *c);

// Why a call is about to end; what was said first stands.
static inline void call_ends(struct call *call, enum call_end why, enum side by)
{
	if (call->end != CALL_END_OTHER)
		return;
	call->end = why;
	call->end_by = by;
}

struct call *call_by_id(const struct calls *c, uint64_t id);

// The call of an INVITE without To tag: same Call-ID, caller's tag and side.
struct call *call_find_initial(const struct calls *c, const struct sip_msg *m, enum side from);
// The live call of a request with both tags from that side.
struct call *call_find_dialog(const struct calls *c, const struct sip_msg *m, enum side from);

// FB-8: by how much the CSeq of the remote's requests in the dialog is raised on its way.
uint32_t call_cseq_added(const struct call *call, enum side from, uint32_t cseq);

// Whether a request that the call manager knows by this CSeq was sent in the remote's name.
bool call_cseq_is_ours(const struct call *call, uint32_t cseq);

// Speaking to the call manager in the remote's name, in a dialog that goes on. False when too little
// is known, or that was done too often.
bool call_dialog_insert(struct call *call, struct request_dialog *out);

// The remote's request that this response is to goes to the call manager once more, for which it takes
// the next CSeq (SRTP-2). False when that has been used, or there were too many.
bool call_cseq_repeat(struct call *call, const struct sip_msg *response);

// A request of the dialog is about to pass: CSeq, target, BYE.
void call_request(struct call *call, enum side from, const struct sip_msg *m, uint64_t now_ns);

// A response to the INVITE (`initial`: without To tag) came from `from`: dialogs, state, target.
// False when its fork is one too many.
bool call_response(
	struct call *call, enum side from, const struct sip_msg *m, bool initial, uint64_t now_ns);

// The dialog of a message that passed, by its callee's tag; NULL: none.
struct call_dialog *call_dialog_of(struct call *call, enum side from, const struct sip_msg *m);

// Speaking to `to` in the other party's name, in that dialog or, NULL, in the first that was up; uses
// up a CSeq. False when too little is known.
bool call_dialog_toward(
	struct call *call, struct call_dialog *d, enum side to, struct request_dialog *out);

// Why a call's time is up (SIP-7). What is known of its media is as of call_media_look().
enum call_expiry {
	CALL_LIVES,
	CALL_HALF_OPEN,  // nothing answered the INVITE for a minute
	CALL_UNANSWERED, // rang too long
	CALL_IDLE,       // no signalling, and media of some side is silent
	CALL_MEDIA_IDLE, // nobody's media
	CALL_DISCONNECT, // BYE without an answer
};
enum call_expiry call_expired(
	const struct call *call, const struct config_timeouts *t, uint64_t now_ns);

// The oldest call, and the next one; NULL at the end. The present one may be removed.
struct call *calls_first(const struct calls *c);
struct call *calls_next(const struct call *call);

struct calls_usage {
	uint32_t in_use, most_used;
	uint64_t terminated;
};
struct calls_usage calls_usage(const struct calls *c);
void calls_usage_clear(struct calls *c); // most used := in use, terminated := 0
