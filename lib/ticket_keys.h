// SPDX-License-Identifier: BSD-3-Clause
// The derived keys of recently seen tickets, so that a caller who calls often costs one PBKDF2 run,
// not one per call (TKT-16 b). Least recently used goes first. It serves one password and profile:
// when either changes, clear it. One thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define TICKET_KEYS_DEFAULT 4096

struct ticket_keys;

// `max` entries at most (about 150 octets each). NULL: out of memory or max is 0.
struct ticket_keys *ticket_keys_new(uint32_t max);
// Octets that a table of `max` takes, of OpenSSL's secure heap where there is one.
size_t ticket_keys_size(uint32_t max);
void ticket_keys_free(struct ticket_keys *k);  // wipes; accepts NULL
void ticket_keys_clear(struct ticket_keys *k); // wipes

// The key for (epoch, salt), or NULL. Valid until the next call.
const uint8_t *ticket_keys_get(struct ticket_keys *k, uint8_t epoch, struct str salt, size_t *n);

// Remembers a copy; the least recently used entry makes room. Ignores a salt or key longer than a
// ticket can have.
void ticket_keys_put(
	struct ticket_keys *k, uint8_t epoch, struct str salt, const uint8_t *key, size_t n);

uint32_t ticket_keys_count(const struct ticket_keys *k);
