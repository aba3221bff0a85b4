// SPDX-License-Identifier: BSD-3-Clause
// Stable ids of rules: the keys under which hit counts survive a reload. Inside config/ only.
#pragma once

#include "config/config.h"

// Gives every access list entry, every translation and every class of limits an id of its own: a hash of what it says
// (its list, its canonical text, and how many identical ones stand before it), never of its
// place, so that a line put above it changes nothing. Returns -ENOMEM.
int ids_assign(struct config *c);
