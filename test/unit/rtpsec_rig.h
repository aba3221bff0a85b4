// SPDX-License-Identifier: BSD-3-Clause
// What the tests of dp/rtpsec.h share: every engine tier in its turn, contexts, packets.
#pragma once

#include "test/unit/test.h"

#include "dp/rtpsec.h"

#if defined(__SANITIZE_ADDRESS__)
#define RIG_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RIG_ASAN 1
#endif
#endif

#define RIG_BUF      2048
#define RIG_CONTEXTS 64

// The worker's engine of the tier under test.
extern struct rtpsec_engine *rig_engine;

// Runs the tests with one tier after the other, and names those that the processor cannot do.
// Returns how many failed. OpenSSL always runs.
int rig_run_tiers(const struct CMUnitTest *tests, size_t n);
#define RIG_RUN_TIERS(tests) rig_run_tiers(tests, sizeof(tests) / sizeof((tests)[0]))

// protocol.md 4.4: key and salt of AES_CM_128, and some octets more for those that are longer.
extern const uint8_t rig_master[DP_SRTP_KEY_LEN];
const char *rig_suite_name(uint8_t suite);
size_t rig_tag_len(uint8_t suite);

// With rig_master; the test frees it.
struct rtpsec *rig_context(enum rtpsec_direction d, uint8_t suite, uint8_t mki, uint64_t life);

// One packet, alone. Return the status; `n` is updated.
int rig_seal(struct rtpsec *c, uint8_t *pkt, size_t *n);
int rig_open(struct rtpsec *c, uint8_t *pkt, size_t *n);
int rig_seal_rtcp(struct rtpsec *c, uint8_t *pkt, size_t *n);
int rig_open_rtcp(struct rtpsec *c, uint8_t *pkt, size_t *n);

// An RTP packet of the source cafebabe with a payload that depends on the number; its length.
size_t rig_packet(uint8_t *p, uint16_t seq, size_t payload);
// A receiver report of the source cafebabe with some octets behind the header.
size_t rig_report(uint8_t *p, size_t payload);
