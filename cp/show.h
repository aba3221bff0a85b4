// SPDX-License-Identifier: BSD-3-Clause
// What the management socket answers: the data of `show` and the effect of `clear`, as JSON
// (protocol.md section 10). The client prints it in the manual's layout. Control thread only.
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

struct drops;
struct ime;
struct netlink;

struct show {
	struct config *config; // in force
	const char *path;      // of its file
	struct ime *ime;       // NULL: no UC-IME is configured
	struct drops *drops;
	struct netlink *netlink;
	uint64_t (*mono_ns)(void); // CLOCK_MONOTONIC
	uint64_t (*wall_s)(void);  // seconds since 1970 UTC
	uint64_t started_ns;
};

// A mgmt_handler; `arg` is a struct show. An unknown command is answered with a list of all.
cJSON *show_command(void *arg, const char *command, const cJSON *args, char *err, size_t err_size);
