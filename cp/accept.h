// SPDX-License-Identifier: BSD-3-Clause
// What an accepted connection is: un-translates its destination, finds the inspection class and
// the direction, and starts a trunk or refuses it with a counter. Control thread only.
#pragma once

#include <stdint.h>

#include "config/config.h"
#include "lib/addr.h"

// The inspection class of a connection, by real addresses; NULL: none.
const struct config_inspect *accept_class(
	const struct config *c, const struct endpoint *src, const struct endpoint *dst);

// A tsock_accept_fn; `arg` is the struct ime.
void accept_connection(
	int fd, uint16_t iface, const struct endpoint *peer, const struct endpoint *dst, void *arg);
