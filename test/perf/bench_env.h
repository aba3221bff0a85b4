// SPDX-License-Identifier: BSD-3-Clause
// What a benchmark of a worker works on: one worker with its rules and streams, and bursts of
// frames as they lie in memory before it sees them.
#pragma once

#include "dp/worker.h"
#include "test/perf/bench.h"

#define BURST     32
#define FLOWS     1000
#define HEADERS   (14 + 20 + 8)
#define PAYLOAD   160
#define RTP_LEN   (12 + PAYLOAD)
#define FRAME_MAX 256
#define OUTSIDE   0
#define INSIDE    1

struct burst {
	uint16_t len;
	uint8_t frame[BURST][FRAME_MAX];
};

extern struct worker *w;
extern struct rte_mbuf *mbufs[BURST];

// EAL without devices, a worker, rules, neighbours and both streams. Ends the program on failure.
void bench_env_start(void);

// The pieces of it. The EAL on CPU 0; a worker without rules, of its own tables; packet buffers (with
// the first worker).
void bench_env_eal(bool hugepages, unsigned int memory_mb);
struct worker *bench_env_worker(unsigned int id, uint32_t sessions, unsigned int n_ifaces);
void bench_env_neighbour(struct worker *to, uint16_t iface, const char *ip);

// What a worker does with packets, in its order. What has a session is translated and sent in SESSION, a
// flow's first packet in FIRST.
enum bench_stage { PARSE, ARP_FRAG, STEER, SESSION, FIRST, MEDIA, AGE, STAGES };
extern const char *const bench_stage_names[STAGES];

// What worker_turn() does with packets of one interface; and the same with a clock between the stages, of
// packets that are all media or none of them. Cycles of each stage.
void bench_env_turn(struct pkts *v, uint16_t in);
void bench_env_stages(struct pkts *v, uint16_t in, uint64_t cycles[STAGES]);
// So many must have come out since, or the figures are those of drops: ends the program.
void bench_env_sent(unsigned int n);

struct endpoint ep(const char *ip, uint16_t port);
struct prefix net(const char *text);

// Stream 0 is SRTP outside and RTP inside, stream 1 RTP on both sides: the relay without crypto.
struct dp_msg stream(uint32_t id);

// Ethernet, IPv4 and UDP before `payload` octets, all checksums right.
void headers(
	uint8_t *f, uint16_t iface, struct endpoint src, struct endpoint dst, uint16_t payload);

// The burst of a number. NAT: from the inside, of FLOWS flows that NAT changes. SRTP in: from the
// outside of stream 0; numbers must ascend from 0. The other two: from the inside of a stream.
void nat_burst(struct burst *b, unsigned int number);
void srtp_in_burst(struct burst *b, unsigned int number);
void srtp_out_burst(struct burst *b, unsigned int number);
void rtp_burst(struct burst *b, unsigned int number);
