// SPDX-License-Identifier: BSD-3-Clause
// What the tests of the relay share: a worker's state, streams, and packets as parse leaves them.
// The tests run the control thread's and the worker's side in turn; worker_notify() is here, so
// that the ring to the control thread can be full, or a real one.
#pragma once

#include "test/unit/test.h"

#include <errno.h>

#include <rte_mbuf.h>

#include "dp/media.h"
#include "dp/media_ctl.h"
#include "dp/rtpsec.h"
#include "test/unit/srtp_oracle.h"

#define HEADERS    (14 + 20 + 8)
#define PAYLOAD    160
#define RTP_LEN    (12 + PAYLOAD)
#define SSRC       0xcafe0000u // of the remote of leg 0; the one of leg 1 is the next
#define OUTSIDE    0
#define INSIDE     1
#define FRAME_STEP 20000000 // ns

extern struct worker w;

// The worker's messages, unless w.msg_up is a ring.
extern struct dp_msg up[8];
extern unsigned int n_up;
extern bool up_full;

// What the relay is started with; a main() may change it.
extern uint32_t streams_max;

void key_fill(uint8_t key[DP_SRTP_KEY_LEN], uint8_t seed);

// A MEDIA_SET: outside SRTP, inside RTP, which is what callgate is for.
struct dp_msg stream_msg(uint32_t id);

// Through both sides, and it must succeed. del() also waits for MEDIA_GONE.
void send_ok(const struct dp_msg *m);
void del(uint32_t id);

// An RTP packet with a payload that depends on its number; returns its length.
size_t rtp(uint8_t *p, uint32_t ssrc, uint16_t seq);

// UDP in a frame with DSCP EF and a trailer, as of a padded Ethernet frame.
struct rte_mbuf *frame(
	uint16_t iface, struct endpoint src, struct endpoint dst, const uint8_t *data, size_t n);

// From the remote of `leg` to us: these octets, RTP, or SRTP that the oracle seals.
struct rte_mbuf *from(const struct dp_msg *s, unsigned int leg, const uint8_t *p, size_t n);
struct rte_mbuf *rtp_from(const struct dp_msg *s, unsigned int leg, uint16_t seq);
struct rte_mbuf *srtp_from(
	const struct dp_msg *s, unsigned int leg, struct srtp_oracle *o, uint16_t seq);

// The remote of a leg, with any suite, RTP and RTCP. Works in place, and must succeed.
struct peer {
	struct rtpsec *seal, *open;
};
void peer_init(struct peer *p, const struct dp_msg *s, unsigned int leg);
void peer_fini(struct peer *p);
void peer_seal(struct peer *p, enum rtpsec_kind kind, uint8_t *pkt, size_t *n);
void peer_open(struct peer *p, enum rtpsec_kind kind, uint8_t *pkt, size_t *n);

// A sender report and a source description; returns the length.
#define RTCP_LEN 40
size_t rtcp(uint8_t *p, uint32_t ssrc);

// Takes the packet through the stage, and gives its payload; 0 octets when it does not come out.
// What goes out is checked to come from `local` and go to `remote`.
size_t relayed(struct rte_mbuf *m, struct endpoint local, struct endpoint remote, uint8_t *out);

// Statistics of one leg.
struct dp_leg_stats leg_stats(uint32_t id, unsigned int leg);

// One packet through the stage; true when it comes out.
bool passes(struct rte_mbuf *m);
void expect_drop(struct rte_mbuf *m, enum dp_counter_id reason);

// How much a counter has grown since the test began.
uint64_t grown(enum dp_counter_id id);

// What goes on has our address, the remote of `leg`, right checksums and lengths.
void check_out(const struct dp_msg *s, unsigned int leg, struct rte_mbuf *m, size_t payload);

// Of the group, and of each test: the latter fails when a packet is lost or freed twice, or a
// stream is left.
int media_env_start(void **state);
int media_env_stop(void **state);
int media_env_setup(void **state);
int media_env_teardown(void **state);
#define MEDIA_TEST(f) cmocka_unit_test_setup_teardown(f, media_env_setup, media_env_teardown)
