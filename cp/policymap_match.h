// SPDX-License-Identifier: BSD-3-Clause
// One message looked at with the eyes of one policy map's matches. What a match asks for is found
// out when the first one asks, and once. Used by cp/policymap.c alone.
#pragma once

#include "config/config.h"
#include "lib/regex.h"
#include "lib/sip.h"

#define POLICY_WORDS (CONFIG_SIP_MATCHES_MAX / 64)

struct policy_look {
	const struct sip_msg *m;
	struct regex_set *const *sets; // by kind; NULL: the map has none of it
	struct hs_scratch *scratch;
	char *plain; // room for a URI without escapes
	size_t plain_size;
	struct {
		bool known;
		bool applies; // the message has such a thing at all
		bool blind;   // it could not be judged: every match of the kind holds
	} kind[SIP_MATCH_KINDS];
	uint64_t found[POLICY_WORDS]; // a bit per match whose expression was found
	bool measured;
	size_t longest[2]; // URI: sip, tel
};

// Whether a match holds. What it asks for is a part of some messages alone: of others neither the
// match nor its `not` holds. `id` is its bit.
bool policy_match(struct policy_look *look, const struct config_sip_match *match, unsigned int id);
