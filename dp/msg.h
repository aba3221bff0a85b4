// SPDX-License-Identifier: BSD-3-Clause
// The messages between the control thread and the workers: fixed size, versioned, free of
// pointers and of DPDK types, so that they could cross a process boundary one day.
// They carry keys: whoever holds one on the stack wipes it (OPENSSL_cleanse) after use.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/acl.h"
#include "lib/addr.h"
#include "lib/nat.h"

#define DP_MSG_VERSION 6

// Media streams that can be up at once are dp_options.streams_max, at most this many; a stream id
// is an index below it.
#define DP_STREAMS_MAX (1u << 20)

enum dp_msg_type {
	// control -> workers
	DP_MSG_NEIGH_SET = 1, // neighbour: to every worker
	DP_MSG_NEIGH_DEL,
	DP_MSG_MEDIA_SET, // media: create, or replace while packets flow; to the owner of the ports
	DP_MSG_MEDIA_DEL, // media.stream only
	DP_MSG_TRUST_SET, // trust: this source has a punt budget of its own
	DP_MSG_TRUST_DEL,
	DP_MSG_MEDIA_TICK,  // media.stream only: judge its quality now, it may have stalled
	DP_MSG_CAPTURE_SET, // capture: copy what it asks for; to every worker
	DP_MSG_CAPTURE_DEL, // capture.id only
	DP_MSG_XLATE_CLEAR, // xlate: end these dynamic translations and the sessions that use them
	// workers -> control
	DP_MSG_NEIGH_MISS,   // neighbour without a MAC: please resolve it
	DP_MSG_MEDIA_GONE,   // media.stream: the worker has let go of it; the id may be used again
	DP_MSG_MEDIA_KEY,    // key: a key of a stream nears its end, or has reached it
	DP_MSG_NAT_PORTS,    // nat: a flow was refused for want of ports; at most once a second
	DP_MSG_SESSION_FULL, // a flow was refused for want of a session; at most once a second
	DP_MSG_CONN_LIMIT,   // limit: a flow was refused by one; at most once a second
	DP_MSG_SPOOF, // spoof: a source was made up; at most once a second, interface and kind
};

// The link-layer address of a next hop.
struct dp_msg_neigh {
	uint16_t iface;
	struct ip_addr ip;
	uint8_t mac[6];
	bool urgent; // NEIGH_MISS: no stranger brought it about, so no flood of others goes first
};

struct dp_msg_trust {
	uint16_t iface;
	struct ip_addr ip;
};

enum dp_srtp_suite {
	DP_SRTP_NONE, // plain RTP
	DP_SRTP_AES_CM_128_HMAC_SHA1_80,
	DP_SRTP_AES_CM_128_HMAC_SHA1_32, // SRTCP has 80 bits all the same
	DP_SRTP_AEAD_AES_128_GCM,
	DP_SRTP_AEAD_AES_256_GCM,
	DP_SRTP_AES_256_CM_HMAC_SHA1_80,
	DP_SRTP_SUITES,
};

// Room for master key and, right behind it, master salt (protocol.md 4.3): AES_CM 16 + 14,
// AES_256_CM 32 + 14, GCM 16 + 12 and 32 + 12. What is not used is zero.
#define DP_SRTP_KEY_LEN 46

// One of the two sides of a stream. SRTP-6: rx_key is the key the remote wrote in its SDP,
// tx_key the one in ours.
struct dp_media_leg {
	uint16_t iface;         // where this side's packets come and go
	struct endpoint local;  // media-termination address and even port; RTCP has the next one
	struct endpoint remote; // the only sender (RTP-1); port 0: not known yet, nobody may speak
	struct endpoint remote_rtcp; // port 0: no RTCP port of its own (rtcp-mux, or no RTCP)
	uint8_t suite;               // enum dp_srtp_suite, both directions of this leg
	bool rx_allowed;             // false: what the remote sends is dropped (sendonly/inactive)
	bool tx_allowed;             // false: nothing is sent to it
	// Nothing is sent to the remote before a packet of its own was authenticated on this leg:
	// the address in an offer may be a stranger's. SRTP legs only.
	bool tx_awaits_rx;
	// An authenticated packet from another source moves the remote there (media-latch, RTP-1).
	// SRTP legs only.
	bool latch;
	bool rtcp_mux;        // RTCP comes and goes on the RTP ports (RFC 5761)
	uint8_t mki_len;      // octets of MKI that the remote puts before the tag, stripped unread
	uint64_t rx_lifetime; // packets of rx_key; 0: the suite's default
	uint8_t rx_key[DP_SRTP_KEY_LEN], tx_key[DP_SRTP_KEY_LEN];
};

// A relay between leg 0 (outside, the Internet) and leg 1 (inside). Both local ports belong to
// the slice of one worker (lib/steer.h). In a MEDIA_SET for a live stream a leg whose suite, key
// and MKI length are unchanged keeps its rollover counter, replay window and lifetime (SRTP-7).
struct dp_msg_media {
	uint32_t stream;   // below DP_STREAMS_MAX, chosen by the control thread
	uint16_t instance; // 0 until there are several
	struct dp_media_leg leg[2];
	bool rtcp; // relay it; false: it is dropped by name (RTP-4)
	// SRTP-3: both legs have one suite and each other's keys. Packets are authenticated with
	// rx_key and go on as they came; tx_key is not used.
	bool passthrough;
	uint64_t pts[2];   // a bit per payload type that may pass (RTP-5)
	uint32_t clock_hz; // RTP clock of the main codec, for jitter (RFC 3550)
	// Whether what comes in on leg 0 is measured (lib/rma.h). Audio only.
	struct dp_monitor {
		bool on;
		bool hold;        // it need not send now (RMA-5): not answered yet, or its own hold
		uint8_t level;    // sensitivity, 0 to 5
		uint8_t event_pt; // of telephone-event, or RMA_NO_EVENT
	} monitor;
};

#define DP_CAPTURES_MAX 4
#define DP_CAPTURE_ANY  UINT16_MAX

// Which packets are copied: what is received, sent and dropped, or only what is dropped.
struct dp_msg_capture {
	uint8_t id;       // below DP_CAPTURES_MAX, chosen by dp_capture_open()
	bool drops;       // only those
	bool filtered;    // only what `match` matches, or would if it went the other way
	uint16_t iface;   // where it came in or, of what is sent, went out; or DP_CAPTURE_ANY
	uint16_t reason;  // of drops: place in dp_counters(), or DP_CAPTURE_ANY
	uint16_t size;    // octets kept of each, from 1 to DP_FRAME_MAX
	struct ace match; // of addresses and ports as they are in the frame
};

// Which key: of what leg `leg` receives, or (tx) of what is sent to it.
struct dp_msg_key {
	uint32_t stream;
	uint8_t leg;
	bool tx;
	bool used_up; // nothing passes any more; else 1/16 of its packets is left
};

struct dp_msg_nat {
	uint32_t rule; // nat_rule.id
};

enum dp_limit { // of struct dp_conn_limits, and dp_rules.half_open_max
	DP_LIMIT_CONNS,
	DP_LIMIT_EMBRYONIC,
	DP_LIMIT_CLIENT_CONNS,
	DP_LIMIT_CLIENT_EMBRYONIC,
	DP_LIMIT_EMBRYONIC_RATE,
	DP_LIMITS_OF_CLASS,
	DP_LIMIT_ALL_EMBRYONIC = DP_LIMITS_OF_CLASS,
};

// The flow that was refused, with real addresses.
struct dp_msg_limit {
	uint8_t what; // enum dp_limit
	uint8_t proto;
	uint16_t iface; // where it came in
	struct endpoint client, target;
	uint32_t max; // of the box
};

// A packet whose source somebody made up.
enum dp_spoof {
	DP_SPOOF_REVERSE_PATH, // no route to the source leads out of the interface
	DP_SPOOF_OWN,          // it is an address of ours, or one that stands for a host behind us
	DP_SPOOF_KINDS,
};

struct dp_msg_spoof {
	uint8_t what; // enum dp_spoof
	uint16_t iface;
	uint8_t proto;
	struct ip_addr src, dst; // as on the wire
};

struct dp_msg {
	uint16_t version; // DP_MSG_VERSION
	uint16_t type;    // enum dp_msg_type
	union {
		struct dp_msg_neigh neigh;
		struct dp_msg_media media;
		struct dp_msg_trust trust;
		struct dp_msg_key key;
		struct dp_msg_capture capture;
		struct dp_msg_nat nat;
		struct dp_msg_limit limit;
		struct dp_msg_spoof spoof;
		struct nat_filter xlate;
	};
};
