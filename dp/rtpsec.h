// SPDX-License-Identifier: BSD-3-Clause
// SRTP and SRTCP (RFC 3711, 6188, 7714; protocol.md 4.2 to 4.5) for vectors of packets of many
// streams, without the type of any engine.
//
// A context is one direction of one leg: session keys, rollover counters and replay windows in
// packed, cache-aligned memory that is locked and left out of core dumps. The control thread
// creates and frees it; between the two exactly one worker uses it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dp/msg.h"

// Room that rtpsec_seal() needs behind a packet: the GCM tag and SRTCP's index.
#define RTPSEC_TRAILER_MAX 20
// Octets of MKI at most (RFC 4568 6.1).
#define RTPSEC_MKI_MAX 128
// Synchronisation sources that one context remembers, each with its own rollover counter and
// replay window. They are never forgotten: a forgotten one would restart its keystream.
#define RTPSEC_SSRCS_MAX 16
// Packets of one context. An index advances by at most 2^15 a packet, so the 48-bit index cannot
// wrap (and use the keystream again) within this many, however a sender jumps.
#define RTPSEC_LIFETIME_MAX (UINT64_C(1) << 33)
// SRTCP packets of one source: its index has 31 bits (RFC 3711 9.2).
#define RTPSEC_RTCP_LIFETIME_MAX ((UINT64_C(1) << 31) - 1)
// Packets behind the newest that may still arrive (RTP-3).
#define RTPSEC_WINDOW 128

enum rtpsec_status {
	RTPSEC_OK,
	RTPSEC_AUTH_FAILED, // wrong tag; nothing about the context has changed
	RTPSEC_REPLAYED,    // index seen before
	RTPSEC_LATE,        // index older than the window; it may or may not have been seen
	RTPSEC_MALFORMED,   // not RTP or RTCP, or too short for tag and MKI
	RTPSEC_SSRCS,       // one source more than RTPSEC_SSRCS_MAX
	RTPSEC_EXHAUSTED,   // the key's lifetime is used up: a new key is needed
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

struct rtpsec;        // a context
struct rtpsec_engine; // what one worker calculates with

enum rtpsec_kind {
	RTPSEC_RTP,
	RTPSEC_RTCP,
};

// One packet. It is worked on in place.
struct rtpsec_job {
	struct rtpsec *ctx;
	uint8_t *pkt; // first octet of the RTP or RTCP header; no alignment needed
	uint32_t len; // octets; updated when the status is RTPSEC_OK
	uint8_t kind; // enum rtpsec_kind
	// rtpsec_open() only: authenticate and judge replay, but leave the packet as it came
	// (SRTP-3, passthrough); `len` stays too.
	bool verify_only;
	uint8_t status; // enum rtpsec_status, written
};

// ---- Control thread ----------------------------------------------------------------------------

// What calculates. Best first; a processor that lacks the instructions has fewer.
enum rtpsec_tier {
	RTPSEC_AUTO,
	RTPSEC_IPSEC_MB_AVX512, // intel-ipsec-mb: AVX-512 for bursts, SHA-NI for a few packets
	RTPSEC_IPSEC_MB_AVX2,
	RTPSEC_IPSEC_MB_SSE, // SHA-NI
	RTPSEC_OPENSSL,      // any processor
};

// Before privileges are shed. Chooses the engine and reserves memory for `contexts_max` contexts of
// every size: locked when it is touched, and not touched before it is used. -ENOTSUP: the processor
// cannot do that tier; -EPERM: so much may not be locked (RLIMIT_MEMLOCK, without CAP_IPC_LOCK);
// -ENOMEM; -EIO: the library failed its self-test; -EALREADY: once is enough.
int rtpsec_init(enum rtpsec_tier tier, uint32_t contexts_max);
// Once no engine and no context is used any more. Wipes.
void rtpsec_fini(void);

// The chosen engine for people ("intel-ipsec-mb 1.3, AVX-512 and SHA-NI"), and the name of a tier
// as in the configuration ("ipsec-mb-avx512"). rtpsec_tier_of(): RTPSEC_AUTO when unknown.
const char *rtpsec_engine_name(void);
const char *rtpsec_tier_name(enum rtpsec_tier t);
enum rtpsec_tier rtpsec_tier_of(const char *name);

// One per worker, which alone calculates with it; before privileges are shed. Errors as of
// rtpsec_init().
int rtpsec_engine_new(struct rtpsec_engine **out);
void rtpsec_engine_free(struct rtpsec_engine *e);

// ROC starts at 0 for every source (RFC 3711 3.3.1).
// -ENOTSUP: a suite or direction that is not known; -EINVAL: MKI or lifetime out of range;
// -ENOMEM: all contexts of the suite's size are in use; -EIO: the library cannot derive keys.
int rtpsec_new(struct rtpsec **out, const struct rtpsec_params *p);

// Once no worker uses it. Wipes the keys. NULL is fine.
void rtpsec_free(struct rtpsec *c);

// Octets of memory that one context of the suite takes.
size_t rtpsec_size(uint8_t suite);

// ---- Worker ------------------------------------------------------------------------------------

// Brings a context near before its packet's turn comes (protocol: call, do other work, then open
// or seal the whole burst).
void rtpsec_prefetch(const struct rtpsec *c);

// Authenticates and decrypts `n` packets of any contexts, and takes MKI and tag off. The outcome
// is that of one packet after the other in array order, however they are batched: of two copies
// at most the first is RTPSEC_OK, and a rollover inside the burst counts for what comes after.
// A packet that is not RTPSEC_OK is to be dropped: its octets may have changed.
void rtpsec_open(struct rtpsec_engine *e, struct rtpsec_job *jobs, size_t n);

// Encrypts and signs; there must be RTPSEC_TRAILER_MAX octets of room behind each packet, and all
// of them may be written.
// RTPSEC_REPLAYED, RTPSEC_LATE: this index was sealed before, or may have been; doing it again
// would reveal the keystream.
void rtpsec_seal(struct rtpsec_engine *e, struct rtpsec_job *jobs, size_t n);

// How much of a context's key is left, in packets: RTP, or SRTCP of one source, whichever is
// fewer. The context's worker.
uint64_t rtpsec_left(const struct rtpsec *c);
