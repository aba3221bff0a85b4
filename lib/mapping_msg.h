// SPDX-License-Identifier: BSD-3-Clause
// The messages of the mapping service: STUN (RFC 8489 5 and 14) over TCP with one method of our own
// (protocol.md 6.3). A call manager asks for an inside address that stands for a remote call manager.
// Both ends use this: the daemon, and the client `callgate map`.
#pragma once

#include "lib/addr.h"

#define MAPPING_MSG_HEAD        20
#define MAPPING_MSG_MAX         (MAPPING_MSG_HEAD + 1024) // MAP-8
#define MAPPING_TRANSACTION_LEN 12
#define MAPPING_UNKNOWN_MAX     8     // what an answer lists of them
#define MAPPING_METHOD          0x0f0 // "UCIME-Map", of no registry

enum mapping_class { MAPPING_REQUEST, MAPPING_INDICATION, MAPPING_SUCCESS, MAPPING_ERROR };

// STUN's error codes; 0 is none.
enum mapping_error {
	MAPPING_OK,
	MAPPING_BAD_REQUEST = 400,
	MAPPING_UNAUTHORIZED = 401,
	MAPPING_FORBIDDEN = 403,
	MAPPING_UNKNOWN_ATTRIBUTE = 420,
	MAPPING_FAMILY = 440,
	MAPPING_TRANSPORT = 442,
	MAPPING_QUOTA = 486,
	MAPPING_INTERNAL = 500,
	MAPPING_NO_PORT = 508,
};

// Slices point into the message that was read. What is absent is 0, an endpoint without an address, or a
// slice of nothing.
struct mapping_msg {
	enum mapping_class class;
	uint16_t method; // when writing, 0: MAPPING_METHOD
	uint8_t transaction[MAPPING_TRANSACTION_LEN];
	struct endpoint remote;  // XOR-REMOTE-ADDRESS
	struct endpoint mapped;  // XOR-MAPPED-ADDRESS
	uint8_t transport;       // REQUESTED-TRANSPORT, an IP protocol number
	struct str domain;       // REMOTE-DOMAIN
	bool has_lifetime;       // LIFETIME
	uint32_t lifetime_s;     // 0 in a request: release
	enum mapping_error code; // ERROR-CODE
	struct str reason;       // its phrase
	uint16_t unknown[MAPPING_UNKNOWN_MAX];
	size_t n_unknown;
	bool has_integrity; // MESSAGE-INTEGRITY-SHA256, of octets [0, integrity_at)
	uint16_t integrity_at;
};

// The length of the message that `n` octets begin with, 0 when it is not whole yet, -1 when they begin no
// message and the connection has to end (MAP-8).
int mapping_msg_frame(const uint8_t *p, size_t n);

// Reads a whole message of `n` octets, as mapping_msg_frame() says. Other than MAPPING_OK: the error
// that answers it, and *out has its class and transaction at least (and, for UNKNOWN_ATTRIBUTE, which).
enum mapping_error mapping_msg_read(const uint8_t *p, size_t n, struct mapping_msg *out);

// Whether a message that was read is signed with this key (short-term: the key is the octets of a
// password). In constant time; false when it is not signed.
bool mapping_msg_signed(const uint8_t *p, const struct mapping_msg *m, struct str key);

// Writes a message, signed when `key` is not empty; returns its length, 0 when `size` is too small
// (MAPPING_MSG_MAX is not). `m`'s integrity fields are not looked at.
size_t mapping_msg_write(const struct mapping_msg *m, struct str key, uint8_t *buf, size_t size);

// "Forbidden".
const char *mapping_error_phrase(enum mapping_error e);
