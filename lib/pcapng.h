// SPDX-License-Identifier: BSD-3-Clause
// Packets as Wireshark reads them: the blocks of a pcapng file (draft-ietf-opsawg-pcapng), in this
// machine's byte order, as the format allows. Each function writes one whole block and returns its
// length, or 0 and nothing of worth if `size` octets do not hold it. Texts are UTF-8, and cut where
// they are longer than PCAPNG_TEXT_MAX. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCAPNG_TEXT_MAX 512

// What a block is made of beside its packet: headers, options, padding and two texts.
#define PCAPNG_BLOCK_MAX (128 + 2 * PCAPNG_TEXT_MAX)

enum pcapng_type {
	PCAPNG_SECTION = 0x0a0d0d0a,
	PCAPNG_INTERFACE = 1,
	PCAPNG_STATISTICS = 5,
	PCAPNG_PACKET = 6,
};

// The first block of a file (4.1): which program wrote it, and a comment or NULL.
size_t pcapng_section(uint8_t *buf, size_t size, const char *program, const char *comment);

// An Ethernet interface (4.2): they are counted from 0 in the order of these blocks. `snap` octets
// of each packet are kept, 0: all of them. Times are in nanoseconds.
size_t pcapng_interface(
	uint8_t *buf, size_t size, const char *name, const char *description, uint32_t snap);

enum pcapng_direction { PCAPNG_UNKNOWN, PCAPNG_IN, PCAPNG_OUT };

struct pcapng_packet {
	uint32_t iface;
	uint64_t time_ns; // since 1970 UTC
	const void *data;
	uint32_t len;          // octets at `data`
	uint32_t original_len; // octets that the packet had
	enum pcapng_direction direction;
	const char *comment; // or NULL
};

// A packet (4.3).
size_t pcapng_packet(uint8_t *buf, size_t size, const struct pcapng_packet *p);

struct pcapng_statistics {
	uint32_t iface;
	uint64_t time_ns, start_ns, end_ns;
	uint64_t received; // packets that the filter took
	uint64_t lost;     // of these, not in the file, for there was no room for them (isb_osdrop)
};

// What became of an interface's packets (4.6).
size_t pcapng_statistics(uint8_t *buf, size_t size, const struct pcapng_statistics *s);

// ---- Reading ------------------------------------------------------------------------------------

// The block at the start of `n` octets. 0: not all of its header is there. SIZE_MAX: that is no
// block. Else its length, which may be more than there is yet.
size_t pcapng_block(const uint8_t *p, size_t n, uint32_t *type);

// `lost` of a whole block of statistics; 0 if it does not say.
uint64_t pcapng_lost(const uint8_t *block, size_t n);
