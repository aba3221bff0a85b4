// SPDX-License-Identifier: BSD-3-Clause
// Which ticket epoch and password were in force when callgated ran last, so that a restart with a
// new password under an old epoch (CLI-1), or with an epoch that a command has replaced since, is an
// alarm and no riddle. The password itself is not kept, but a salted derivation of it. Control
// thread only.
#pragma once

#include <stdbool.h>

#include "config/config.h"
#include "lib/ticket.h"

struct epoch_last;

// Reads what was; a file that cannot be read is as good as none. -errno, and `err` says why.
int epoch_last_new(struct epoch_last **out, const struct config_ime *cfg, const char *state_folder,
	char *err, size_t err_size);
void epoch_last_free(struct epoch_last *l); // what is in force is saved; accepts NULL

// The configuration's pair at the start: compared with what was, and kept.
void epoch_last_start(struct epoch_last *l, const struct ticket_secret *s, uint64_t now_ns);
// A command's pair: kept, and no alarm any more.
void epoch_last_change(struct epoch_last *l, const struct ticket_secret *s, uint64_t now_ns);
