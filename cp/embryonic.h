// SPDX-License-Identifier: BSD-3-Clause
// TLS connections that were accepted and have not proved who they are: the manual's embryonic
// connections. Each costs as little as can be until its handshake is done, and only then becomes a
// trunk. They are bounded, altogether and per source; when all places are taken the oldest stranger
// makes room, and who has not even sent a ClientHello goes first. Control thread only.
#pragma once

#include "cp/trunk_state.h"

struct embryonic;

struct embryonic *embryonic_new(struct ime *ime); // NULL: out of memory
void embryonic_free(struct embryonic *em);        // closes them all; accepts NULL

// Takes over an accepted connection; `fd` is owned in any case. Refused ones are counted.
void embryonic_start(struct embryonic *em, int fd, const struct trunk_open *o);

struct embryonic_usage {
	uint32_t hello;     // have not sent a whole ClientHello
	uint32_t waiting;   // for the rate of handshakes
	uint32_t handshake; // are in the handshake
	uint32_t most;      // of all
};
struct embryonic_usage embryonic_usage(const struct embryonic *em);
void embryonic_usage_clear(struct embryonic *em); // most: as many as there are
