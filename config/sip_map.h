// SPDX-License-Identifier: BSD-3-Clause
// What the manual calls `regex`, `class-map type regex`, `class-map type inspect sip` and
// `policy-map type inspect sip` (protocol.md section 12), as part of struct config.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/regex.h"
#include "lib/sip.h"

#define CONFIG_SIP_NAME_MAX    128 // as CONFIG_NAME_MAX
#define CONFIG_REGEXES_MAX     2048
#define CONFIG_SIP_MATCHES_MAX 256 // of one policy map, those of its classes included

struct config_regex {
	char name[CONFIG_SIP_NAME_MAX];
	char pattern[REGEX_PATTERN_MAX + 1]; // passed regex_check()
};

// class-map type regex match-any
struct config_regex_class {
	char name[CONFIG_SIP_NAME_MAX];
	uint16_t *list; // indices in regexes
	size_t n;
};

// The manual's matches, in its order.
enum config_sip_kind {
	SIP_MATCH_CALLED_PARTY,
	SIP_MATCH_CALLING_PARTY,
	SIP_MATCH_CONTENT_LENGTH,
	SIP_MATCH_CONTENT_SDP,
	SIP_MATCH_CONTENT_TYPE,
	SIP_MATCH_IM_SUBSCRIBER,
	SIP_MATCH_MESSAGE_PATH,
	SIP_MATCH_REQUEST_METHOD,
	SIP_MATCH_REGISTRATION,
	SIP_MATCH_URI_LENGTH,
	SIP_MATCH_KINDS,
};

struct config_sip_match {
	enum config_sip_kind kind;
	bool negate;            // match not
	bool tel;               // uri tel; else sip, which sips is too
	enum sip_method method; // request-method
	uint32_t length;        // gt
	int regex, regex_class; // one of them is an index, the other -1; both: the kind has none
	char text[CONFIG_SIP_NAME_MAX + 64]; // "match not called-party regex class NAME"
};

// class-map type inspect sip
struct config_sip_class {
	char name[CONFIG_SIP_NAME_MAX];
	bool all; // match-all
	struct config_sip_match *matches;
	size_t n;
};

enum config_sip_action {
	SIP_ACT_NONE, // log alone
	SIP_ACT_DROP,
	SIP_ACT_DROP_CONNECTION,
	SIP_ACT_RESET,
	SIP_ACT_MASK,
	SIP_ACT_RATE_LIMIT,
};

struct config_sip_do {
	bool on;
	bool log;
	enum config_sip_action action;
	uint32_t rate; // messages a second that pass (SIP_ACT_RATE_LIMIT)
};

struct config_sip_entry {
	int class; // index in sip_classes, or -1: `match`
	struct config_sip_match match;
	struct config_sip_do act;
};

// Parameters that have an action, in the manual's order.
enum config_sip_param {
	SIP_PARAM_MAX_FORWARDS,
	SIP_PARAM_SOFTWARE_VERSION,
	SIP_PARAM_STATE_CHECKING,
	SIP_PARAM_STRICT_HEADER,
	SIP_PARAM_URI_NON_SIP,
	SIP_PARAMS,
};

struct config_sip_map {
	char name[CONFIG_SIP_NAME_MAX];
	bool im;
	bool ip_address_privacy;
	bool enforce_payloadtype;
	struct config_sip_do params[SIP_PARAMS];
	struct config_sip_entry *entries; // in the order of the file, which is that of judging
	size_t n;
};

// "max-forwards-validation"
extern const char *const config_sip_param_names[SIP_PARAMS];

// "drop log", "rate-limit 5". Writes 32 octets at most and returns `buf`.
#define CONFIG_SIP_DO_MAX 32
const char *config_sip_do_text(const struct config_sip_do *d, char buf[CONFIG_SIP_DO_MAX]);

// What is in force where no policy map is named, and where one says nothing.
extern const struct config_sip_map config_sip_map_default;
