// SPDX-License-Identifier: BSD-3-Clause
// The fragments of one IPv4 datagram: which of its octets have come, and whether they are whole (RFC
// 791 3.2). What no honest sender makes is refused (RFC 1858, 3128), and so is whatever two hosts
// could put together in two ways. Pure; the octets themselves are the caller's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The most fragments that a datagram may have; a configuration allows fewer.
#define FRAG_CHAIN_MAX 64
// The most octets behind the header of a datagram.
#define FRAG_OCTETS_MAX (65535 - 20)

// One fragment, by its IPv4 header. A datagram that is in one piece is none: offset 0, no more.
struct frag_piece {
	uint16_t offset, len; // octets
	bool more;            // fragments follow
	uint8_t proto;
};

// All zeros: nothing has come yet.
struct frag_chain {
	uint16_t total; // octets of the datagram; 0: its last fragment has not come
	uint16_t have;  // octets that have come
	uint16_t end;   // of the furthest piece
	uint16_t n;
	struct frag_span {
		uint16_t from, to;
	} span[FRAG_CHAIN_MAX]; // in order of arrival
};

enum frag_verdict {
	FRAG_HELD,      // good; others are to come
	FRAG_WHOLE,     // good, and the last one that was missing
	FRAG_DUPLICATE, // the same octets again: to be dropped, the datagram may still become whole
	// The rest refuses the datagram, and whatever comes of it later.
	FRAG_MALFORMED, // no octets, or no multiple of 8 although more follow
	FRAG_TINY,      // a TCP header that does not fit the first fragment, or is begun by another
	FRAG_LONG,      // reaches past what a datagram can have
	FRAG_OVERLAP,   // shares octets with another
	FRAG_ENDS,      // the pieces do not agree where the datagram ends
	FRAG_MANY,      // more than `chain_max` pieces
};

// Judges a fragment by itself: FRAG_HELD, _MALFORMED, _TINY or _LONG.
enum frag_verdict frag_judge(const struct frag_piece *p);

// Adds one that frag_judge() holds. What is refused, or a duplicate, leaves the chain as it was.
enum frag_verdict frag_add(
	struct frag_chain *c, const struct frag_piece *p, unsigned int chain_max);
