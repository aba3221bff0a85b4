// SPDX-License-Identifier: BSD-3-Clause
// One TCP connection as it looks from between its ends: states (RFC 9293 3.3.2), and which segments an
// end can have sent: sequence and acknowledgement numbers in the windows that both have offered
// (3.4, 3.10.7.4; RFC 5961 3 to 5; RFC 7323 2 for scaling). What no end can have sent is dropped; what
// only an end can judge (a SYN or a reset inside the window: it answers with a challenge ACK) is passed
// on and changes nothing here. Pure: dp/sess.c keeps one per session.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_tcp.h>

#include "dp/counters.h"

enum tcp_side_flag {
	TCP_SIDE_SYN = 1,       // it has sent one: the other fields mean something
	TCP_SIDE_SCALES = 2,    // and offered to scale windows
	TCP_SIDE_FIN = 4,       // it has closed
	TCP_SIDE_FIN_ACKED = 8, // and the other knows
	TCP_SIDE_DATA = 16,     // it has sent some
};

// What one side has shown. Numbers are modulo 2^32.
struct tcp_side {
	uint32_t end;    // one behind the last octet that it has sent
	uint32_t edge;   // how far the other's windows have let it send
	uint32_t window; // the widest that it has offered, octets
	uint32_t acked;  // the highest number that it has acknowledged: what it waits for
	uint8_t scale;   // of its windows
	uint8_t flags;   // enum tcp_side_flag
};

enum tcp_state {
	TCP_SYN_SENT, // the initiator asks
	TCP_SYN_RCVD, // and is answered
	TCP_ESTABLISHED,
	TCP_FIN_WAIT,  // one side has closed
	TCP_LAST_ACK,  // both have, and not both know
	TCP_TIME_WAIT, // both know
	TCP_CLOSED,    // reset
};

struct tcp_conn {
	struct tcp_side side[2]; // 0: the initiator's
	uint8_t state;           // enum tcp_state
};

// What a segment says, in host byte order.
struct tcp_segment {
	uint32_t seq, ack;
	uint32_t len; // of what it sends in sequence numbers: payload, SYN and FIN
	uint16_t window;
	uint8_t flags; // RTE_TCP_*_FLAG
	int8_t scale;  // of a SYN's option, -1: none
};

// `header` is whole, with its options, as parse leaves it.
struct tcp_segment tcp_read(const struct rte_tcp_hdr *header, uint16_t payload_len);

// A connection begins with the initiator's SYN.
void tcp_open(struct tcp_conn *c, const struct tcp_segment *syn);

// A later segment of side `dir`: PASS, and the connection follows it where the segment proves itself; or
// the reason to drop it, and nothing has changed.
enum dp_counter_id tcp_track(struct tcp_conn *c, unsigned int dir, const struct tcp_segment *g);

// Whether an ICMP error can be about a segment of side `dir` that began with this number: one that it
// has sent and the other has not acknowledged (RFC 5927 4.1), or a bare acknowledgement.
bool tcp_has_sent(const struct tcp_conn *c, unsigned int dir, uint32_t seq);

// Nothing but stragglers is to be expected: a SYN begins a new connection.
static inline bool tcp_is_over(const struct tcp_conn *c)
{
	return c->state == TCP_TIME_WAIT || c->state == TCP_CLOSED;
}
