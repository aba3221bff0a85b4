// SPDX-License-Identifier: BSD-3-Clause
// The ticket passwords in force: the one of the configuration or of the last command, and for a
// while the one before it (protocol.md 2.12). In locked memory, wiped when they are not needed any
// more (CLI-2). Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "lib/ticket.h"

struct epochs;

// Copies of what is configured. NULL: out of memory.
struct epochs *epochs_new(const struct config_ime *cfg);
void epochs_free(struct epochs *e); // wipes; accepts NULL
size_t epochs_size(void);           // octets of the secure heap

// What the check needs; good until the next change.
void epochs_policy(const struct epochs *e, struct ticket_policy *policy);

// A new epoch and its password, together (CLI-1); the pair before stays good for `grace_s` from now,
// 0: not at all. -EALREADY: they are in force already; -EINVAL: `err` says what was expected.
int epochs_change(struct epochs *e, uint8_t epoch, struct str password, uint32_t grace_s,
	uint64_t now_s, char *err, size_t err_size);

// Wipes the pair before when its grace is over; true when that was now.
bool epochs_expire(struct epochs *e, uint64_t now_s);

struct epochs_info {
	uint8_t epoch;
	uint8_t previous;        // 0: there is none
	uint64_t previous_until; // seconds since 1970 UTC
};
struct epochs_info epochs_info(const struct epochs *e);
