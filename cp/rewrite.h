// SPDX-License-Identifier: BSD-3-Clause
// What callgate changes in a message on its way through: the headers of protocol.md 3.3 and the SDP of
// 4.1, as splices. Pure: no I/O, no state, no clock. Called by cp/pass.c for every message that is let
// through.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "lib/nat.h"
#include "lib/sdes.h"
#include "lib/sdp.h"
#include "lib/sip.h"
#include "lib/sip_edit.h"

// Longest "SIP/2.0/TLS host:port" that a request may bring.
#define REWRITE_VIA_MAX 320

enum rewrite_dir {
	REWRITE_INWARD,  // outside -> inside
	REWRITE_OUTWARD, // inside -> outside
};

// The head of a request's topmost Via as it was received. Kept with the transaction, so that each
// response shows its sender exactly what it wrote (3.3).
struct rewrite_via {
	uint16_t len;
	char head[REWRITE_VIA_MAX];
};

// Off-path: the inside knows remotes as ports of an address of ours (MAP-9).
struct rewrite_off_path {
	struct ip_addr ip;
	struct endpoint remote; // of the connection; its port only where the inside has opened it
	// The port that stands for a remote, made if it is new; 0: it can have none.
	uint16_t (*port_of)(void *arg, const struct endpoint *remote);
	// The remote that a port stands for; false: none.
	bool (*remote_of)(void *arg, uint16_t port, struct endpoint *remote);
	void *arg;
};

struct rewrite_ctx {
	enum rewrite_dir dir;
	const struct nat_rule *nat;
	size_t n_nat;
	uint16_t inside_if, outside_if;          // interface indices of the rules
	bool inside_secure;                      // trunk-security-mode secure: TLS inside too
	const struct rewrite_via *via;           // responses: of their request; NULL: Via stays
	const struct rewrite_off_path *off_path; // NULL: in-line
	// Inward, where the call manager that was addressed is not the one that takes the call: where a
	// request goes (Request-URI, Route, maddr) names the other one instead. NULL: it is.
	const struct endpoint *addressed, *taker;
	const struct config_fb_header
		*fb_map; // by enum config_fb_item; NULL: X-UCIME-Fallback alone
};

// What a message says of fallback (protocol.md 5.1); slices of it, without quotes, empty: not given.
// FB-2: level, session and trunk are the call manager's, and nobody else's.
struct rewrite_fallback {
	bool has_level;
	uint8_t level; // 0..5
	struct str session, trunk;
	struct str did; // where its sender can be reached over the PSTN
};

// Takes level, session and trunk out of the message, whoever sent it.
void rewrite_fallback(const struct sip_msg *m, const struct rewrite_ctx *ctx, struct sip_edit *e,
	struct rewrite_fallback *out);

// Remembers the topmost Via of a request that passed sip_check. False when it is too long.
bool rewrite_via_save(const struct sip_msg *m, struct rewrite_via *out);

// Adds the splices of table 3.3 for a message that passed sip_check; the body is not touched.
// SIP_OK, or why the message must be refused. `fb` may be NULL.
enum sip_reason rewrite_headers(const struct sip_msg *m, const struct rewrite_ctx *ctx,
	struct sip_edit *e, struct rewrite_fallback *fb);

// The URI's host (and port, where the rules translate ports) as the other side knows it. False
// when no rule speaks of it. Off-path a remote is known as the address of ours, and no port of it.
bool rewrite_host(const struct rewrite_ctx *ctx, struct str host, uint16_t port, bool tls,
	struct endpoint *out);

// What a media line becomes on the side it leaves to.
struct sdp_plan_media {
	uint16_t port; // our media-termination port; 0 refuses the line
	bool secure;   // RTP/SAVP(F) instead of RTP/AVP(F)
	bool mux;      // a=rtcp-mux may stay
	// SRTP-3, by 1 << enum sdes_suite: the first usable a=crypto line of each of these suites
	// stays as it came. All others are removed.
	uint8_t keep_suites;
	// Values of a=crypto to write ("1 SUITE inline:..."); empty: none.
	struct str crypto[SDES_SUITES];
};

struct sdp_plan {
	struct ip_addr local; // media-termination address of the interface it leaves on
	bool rtcp;            // it is relayed (RTP-4), so its attributes stay
	bool h264;            // stays; else its formats are taken out
	struct sdp_plan_media media[SDP_MEDIA_MAX]; // by index of the media line
};

// Adds the splices of table 4.1. Lines that are ended (port 0), or that sdp_media_relayable
// refuses, get port 0 whatever the plan says. SDP_OK, SDP_IPV6 or SDP_EDIT_LIMIT.
enum sdp_verdict rewrite_sdp(const struct sdp *s, const struct sdp_plan *plan, struct sip_edit *e);

// SRTP-1 for a description from outside, SRTP-2 for one from inside; also IPv6, c= and whether any
// active line can be relayed (`h264`: sdp_media_relayable). Which crypto lines are usable (SRTP-5)
// is the caller's to judge.
enum sdp_verdict sdp_check_secure(
	const struct sdp *s, enum rewrite_dir dir, bool inside_secure, bool h264);
