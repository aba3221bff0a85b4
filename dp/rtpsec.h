// SPDX-License-Identifier: BSD-3-Clause
// SRTP (RFC 3711, protocol.md 4.2 to 4.4) for vectors of packets of many streams, without the
// type of any engine: a faster backend takes the place of dp/rtpsec_srtp2.c behind this header.
//
// A context is one direction of one leg. The control thread creates and frees it; between the
// two exactly one worker uses it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dp/msg.h"

// Room that rtpsec_seal() needs behind the packet.
#define RTPSEC_TRAILER_MAX 10
// Octets of MKI at most (RFC 4568 6.1).
#define RTPSEC_MKI_MAX 128
// Synchronisation sources that one context remembers, each with its own rollover counter and
// replay window. They are never forgotten: a forgotten one would restart its keystream.
#define RTPSEC_SSRCS_MAX 16
// Packets of one context. An index advances by at most 2^15 a packet, so the 48-bit index cannot
// wrap (and use the keystream again) within this many, however a sender jumps.
#define RTPSEC_LIFETIME_MAX (UINT64_C(1) << 33)
// Packets behind the newest that may still arrive (RTP-3).
#define RTPSEC_WINDOW 128

enum rtpsec_status {
	RTPSEC_OK,
	RTPSEC_AUTH_FAILED, // wrong tag; nothing about the context has changed
	RTPSEC_REPLAYED,    // index seen before, or older than the window
	RTPSEC_MALFORMED,   // not RTP, or too short for tag and MKI
	RTPSEC_EXHAUSTED,   // lifetime or sources are used up: a new key is needed
};

enum rtpsec_direction { RTPSEC_OPEN, RTPSEC_SEAL };

struct rtpsec_params {
	enum rtpsec_direction direction;
	uint8_t suite;     // enum dp_srtp_suite, not DP_SRTP_NONE
	uint8_t mki_len;   // octets that the peer puts before the tag; they are stripped unread.
			   // 0 for RTPSEC_SEAL
	uint64_t lifetime; // packets; 0: RTPSEC_LIFETIME_MAX
	uint8_t key[DP_SRTP_KEY_LEN]; // master key and salt; the caller wipes its copy
};

struct rtpsec;

// One packet. It is worked on in place.
struct rtpsec_job {
	struct rtpsec *ctx;
	uint8_t *pkt;    // first octet of the RTP header; no alignment needed
	uint32_t len;    // octets; updated when the status is RTPSEC_OK
	uint32_t status; // enum rtpsec_status, written
};

// Before privileges are shed: the backend may load libraries here, and nowhere else. -EIO, -ENOMEM.
int rtpsec_init(void);

// Control thread. ROC starts at 0 for every source (RFC 3711 3.3.1).
// -ENOTSUP: a suite or direction that the engine does not do; -EINVAL: MKI or lifetime out of
// range; -ENOMEM; -EIO: the engine refused.
int rtpsec_new(struct rtpsec **out, const struct rtpsec_params *p);

// Control thread, once no worker uses it. Wipes the keys. NULL is fine.
void rtpsec_free(struct rtpsec *c);

// Authenticates and decrypts `n` packets of any contexts, and takes MKI and tag off. Packets of
// one context are judged in array order, so of two copies at most the first is RTPSEC_OK.
// A packet that is not RTPSEC_OK is to be dropped: its octets may have changed. Worker.
void rtpsec_open(struct rtpsec_job *jobs, size_t n);

// Encrypts and signs; there must be RTPSEC_TRAILER_MAX octets of room behind each packet.
// RTPSEC_REPLAYED: this index was sealed before, doing it again would reveal the keystream.
// Worker.
void rtpsec_seal(struct rtpsec_job *jobs, size_t n);
