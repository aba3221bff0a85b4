// SPDX-License-Identifier: BSD-3-Clause
// Hot: runs on a worker.
// The TCP of others, watched; see dp/tcp.h. After van Rooij, "Real Stateful TCP Packet Filtering in IP
// Filter" (2001): a segment of one side lies between what the other has already taken and the right edge
// of the windows that it has offered, both give or take a window, for packets overtake each other.
#include "dp/tcp.h"

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>

#define OPTION_END       0
#define OPTION_NOP       1
#define OPTION_SCALE     3
#define OPTION_SCALE_LEN 3
#define SCALE_MAX        14 // RFC 7323 2.3

// An acknowledgement that was overtaken may be so old, at least (octets).
#define OLD_ACK_MIN 66000u

// a <= b, modulo 2^32 (RFC 9293 3.4).
static inline bool seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a) >= 0;
}

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a) > 0;
}

static inline void seq_raise(uint32_t *to, uint32_t seq)
{
	if (seq_lt(*to, seq))
		*to = seq;
}

static int8_t scale_of(const uint8_t *option, size_t len)
{
	while (len > 0 && *option != OPTION_END) {
		if (*option == OPTION_NOP) {
			option++, len--;
			continue;
		}
		if (len < 2 || option[1] < 2 || option[1] > len)
			return -1;
		if (option[0] == OPTION_SCALE && option[1] == OPTION_SCALE_LEN)
			return (int8_t)RTE_MIN(option[2], SCALE_MAX);
		len -= option[1];
		option += option[1];
	}
	return -1;
}

struct tcp_segment tcp_read(const struct rte_tcp_hdr *h, uint16_t payload_len)
{
	const bool syn = h->tcp_flags & RTE_TCP_SYN_FLAG;
	struct tcp_segment g = {
		.seq = rte_be_to_cpu_32(h->sent_seq),
		.ack = rte_be_to_cpu_32(h->recv_ack),
		.len = payload_len + (uint32_t)syn + !!(h->tcp_flags & RTE_TCP_FIN_FLAG),
		.window = rte_be_to_cpu_16(h->rx_win),
		.flags = h->tcp_flags,
		.scale = -1,
	};

	if (unlikely(syn))
		g.scale = scale_of((const uint8_t *)(h + 1), (h->data_off >> 4) * 4u - sizeof(*h));
	return g;
}

// A SYN's window is never scaled (RFC 7323 2.2).
static void side_begin(struct tcp_side *s, const struct tcp_segment *g)
{
	*s = (struct tcp_side){.end = g->seq + g->len,
		.edge = g->seq + g->len,
		.window = RTE_MAX(g->window, 1u),
		.scale = g->scale >= 0 ? (uint8_t)g->scale : 0,
		.flags = g->scale >= 0 ? TCP_SIDE_SYN | TCP_SIDE_SCALES : TCP_SIDE_SYN};
}

void tcp_open(struct tcp_conn *c, const struct tcp_segment *syn)
{
	*c = (struct tcp_conn){.state = TCP_SYN_SENT};
	side_begin(&c->side[0], syn);
	c->side[1].acked = syn->seq; // nothing yet
}

// The other side's SYN: windows are scaled when both offer to.
static void answer(struct tcp_conn *c, const struct tcp_segment *g)
{
	struct tcp_side *asker = &c->side[0], *answerer = &c->side[1];
	const uint32_t acked = answerer->acked;

	side_begin(answerer, g);
	answerer->edge = answerer->end + asker->window;
	answerer->acked = acked;
	asker->acked = g->seq + 1;
	if (g->flags & RTE_TCP_ACK_FLAG) {
		answerer->acked = g->ack;
		asker->edge = g->ack + g->window;
	}
	if (!(asker->flags & answerer->flags & TCP_SIDE_SCALES))
		asker->scale = answerer->scale = 0;
	c->state = TCP_SYN_RCVD;
}

// Of a SYN on a connection that is there, RFC 5961 4 has the ends think what they want.
static enum dp_counter_id track_syn(
	struct tcp_conn *c, unsigned int dir, const struct tcp_segment *g)
{
	const struct tcp_side *asker = &c->side[0];

	if (c->state != TCP_SYN_SENT)
		return PASS;
	if (dir == 0) {
		if (!(g->flags & RTE_TCP_ACK_FLAG)) // again, or anew with another number
			tcp_open(c, g);
		return PASS;
	}
	// An answer to a SYN of long ago is for the asker to refuse (RFC 9293 3.5, figure 9).
	if (!(g->flags & RTE_TCP_ACK_FLAG) ||
		(seq_lt(c->side[1].acked, g->ack) && seq_le(g->ack, asker->end)))
		answer(c, g);
	return PASS;
}

// RFC 5961 3.2: a reset counts with exactly the number that the receiver waits for. One elsewhere in the
// window the receiver answers with a challenge, so it has to see it.
static enum dp_counter_id track_rst(
	struct tcp_conn *c, unsigned int dir, const struct tcp_segment *g)
{
	const struct tcp_side *from = &c->side[dir], *to = &c->side[!dir];
	bool exact;

	if (c->state == TCP_SYN_SENT && dir == 0) {
		// It gives up; or refuses an answer to something else, which is no end of this.
		exact = seq_lt(to->acked, g->seq + 1) && seq_le(g->seq, from->end);
	} else if (c->state == TCP_SYN_SENT) {
		// RFC 9293 3.10.7.3: a refusal acknowledges the SYN.
		if (!(g->flags & RTE_TCP_ACK_FLAG) || !seq_lt(from->acked, g->ack) ||
			!seq_le(g->ack, to->end))
			return DROP_TCP_RST_WINDOW;
		exact = true;
	} else {
		// What it has sent last may have arrived without being acknowledged yet.
		exact = g->seq == to->acked || g->seq == from->end;
		if (!exact && !(seq_le(to->acked, g->seq) && seq_le(g->seq, from->edge)))
			return DROP_TCP_RST_WINDOW;
	}
	if (exact)
		c->state = TCP_CLOSED;
	return PASS;
}

static void state_follow(struct tcp_conn *c)
{
	const uint8_t a = c->side[0].flags, b = c->side[1].flags;

	if (c->state == TCP_CLOSED)
		return;
	if (a & b & TCP_SIDE_FIN_ACKED)
		c->state = TCP_TIME_WAIT;
	else if (a & b & TCP_SIDE_FIN)
		c->state = TCP_LAST_ACK;
	else if ((a | b) & TCP_SIDE_FIN)
		c->state = TCP_FIN_WAIT;
}

enum dp_counter_id tcp_track(struct tcp_conn *c, unsigned int dir, const struct tcp_segment *g)
{
	struct tcp_side *from = &c->side[dir], *to = &c->side[!dir];
	const uint32_t end = g->seq + g->len;
	uint32_t window, old;

	if (unlikely(g->flags & RTE_TCP_RST_FLAG))
		return track_rst(c, dir, g);
	if (unlikely(g->flags & RTE_TCP_SYN_FLAG))
		return track_syn(c, dir, g);
	if (unlikely(!(g->flags & RTE_TCP_ACK_FLAG)))
		return DROP_TCP_FLAGS;
	if (unlikely(c->state == TCP_SYN_SENT))
		// An end that still has an old connection answers a SYN with a bare ACK (RFC 5961 4).
		return dir == 1 && g->len == 0 ? PASS : DROP_TCP_HANDSHAKE;
	window = (uint32_t)g->window << from->scale;
	if (!seq_le(g->seq, from->edge) || !seq_le(from->end - to->window, end))
		return DROP_TCP_WINDOW;
	old = c->state == TCP_SYN_RCVD ? 0 : RTE_MAX(from->window, OLD_ACK_MIN);
	if (!seq_le(g->ack, to->end) || !seq_le(from->acked - old, g->ack))
		return DROP_TCP_ACK;
	seq_raise(&from->end, end);
	seq_raise(&from->acked, g->ack);
	seq_raise(&to->edge, g->ack + window);
	from->window = RTE_MAX(from->window, window);
	if (unlikely(c->state == TCP_SYN_RCVD) && dir == 0)
		c->state = TCP_ESTABLISHED;
	if (unlikely(!(from->flags & TCP_SIDE_DATA)) && g->len > !!(g->flags & RTE_TCP_FIN_FLAG))
		from->flags |= TCP_SIDE_DATA;
	if (unlikely(g->flags & RTE_TCP_FIN_FLAG))
		from->flags |= TCP_SIDE_FIN;
	if (unlikely(to->flags & TCP_SIDE_FIN) && g->ack == to->end)
		to->flags |= TCP_SIDE_FIN_ACKED;
	if (unlikely((from->flags | to->flags) & TCP_SIDE_FIN))
		state_follow(c);
	return PASS;
}

bool tcp_has_sent(const struct tcp_conn *c, unsigned int dir, uint32_t seq)
{
	const struct tcp_side *from = &c->side[dir], *to = &c->side[!dir];

	return (from->flags & TCP_SIDE_SYN) && seq_le(to->acked, seq) && seq_le(seq, from->end);
}
