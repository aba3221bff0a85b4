// SPDX-License-Identifier: BSD-3-Clause
// The inspection policy map (protocol.md section 12): what the operator's parameters and matches say
// of one message. Pure but for its counts: no socket, no log, no clock. cp/pass_policy.c acts on
// the verdict, cp/show_policy.c shows the counts.
//
// A map is judged in this order: parameters, then the entries as the file has them. The first that
// refuses ends it; log, mask and a rate that is kept go on to the next.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "cp/counters.h"
#include "lib/bucket.h"
#include "lib/sip.h"

// A parameter or an entry of a map, and what came of it.
struct policy_rule {
	const char *text; // "match calling-party regex NAME", "class NAME", "im"
	struct config_sip_do act;
	enum counter_id counter; // of what it refuses
	uint16_t status;         // that it is answered with, where it is answered
	uint64_t hits;           // messages that it spoke of
	uint64_t refused;        // of these, that went no further because of it
	struct bucket_rate rate;
	struct bucket bucket;
};

enum policy_mask {
	POLICY_MASK_SOFTWARE = 1, // User-Agent and Server
	POLICY_MASK_URI = 2,      // Alert-Info and Call-Info that are no SIP
	POLICY_MASK_BODY = 4,     // the body and its Content-Type
};

#define POLICY_LOGS_MAX 8

struct policy_verdict {
	struct policy_rule *refused;                     // NULL: it may go on
	const struct policy_rule *logs[POLICY_LOGS_MAX]; // of rules that have log and let it go on
	unsigned int n_logs;
	unsigned int mask; // enum policy_mask; of a message that goes on
};

struct policymap;
struct policymaps;

// The map of every class of traffic, with counts of its own, its regular expressions compiled: a
// millisecond for each, so not on the event loop. Nothing here is changed later but counts and buckets: another
// configuration is built beside it and put in its place as a whole. `c` outlives it. -ENOMEM, or
// -EINVAL and the reason in `err`.
int policymaps_new(struct policymaps **out, const struct config *c, char *err, size_t err_size);
void policymaps_free(struct policymaps *p); // accepts NULL

// What it was built from has gone over into `c` (config_swap_rules()), which outlives it from now on.
void policymaps_move(struct policymaps *p, const struct config *c);

// The map of a class of traffic.
struct policymap *policymap_of(struct policymaps *p, const struct config_inspect *class);
const struct config_sip_map *policymap_config(const struct policymap *map);

// What the map says of a message that passed sip_check(). Nothing is allocated; time is linear in
// the message's size and the map's.
void policymap_judge(struct policymap *map, const struct sip_msg *m, uint64_t now_ns,
	struct policy_verdict *out);

// A message was refused because it is malformed, or fits no state of its call: counts it under the
// parameter that says what else becomes of it. NULL where the map has none.
struct policy_rule *policymap_violated(struct policymap *map, enum config_sip_param which);

// Whether a request is instant messaging or presence (RFC 3428, 3856): what `im` is about.
bool policymap_is_im(const struct sip_msg *m);

typedef void policy_visit_fn(const struct policy_rule *rule, void *arg);
// The rules that are in force, in the order of judging.
void policymap_foreach(const struct policymap *map, policy_visit_fn *fn, void *arg);
uint64_t policymap_messages(const struct policymap *map); // judged
void policymaps_clear(struct policymaps *p);              // counts to 0
