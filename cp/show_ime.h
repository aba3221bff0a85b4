// SPDX-License-Identifier: BSD-3-Clause
// The UC-IME part of show.c: one function per command, each returning what the client gets. Called
// only when a UC-IME is there (but show_config_ime).
#pragma once

#include "cp/show.h"
#include "lib/addr.h"

cJSON *show_signaling(const struct show *s, const cJSON *args);
cJSON *show_signaling_statistics(const struct show *s, const cJSON *args);
cJSON *show_media(const struct show *s, const cJSON *args);
cJSON *show_config_ime(const struct show *s, const cJSON *args); // the password as *****
cJSON *show_clear_statistics(const struct show *s, const cJSON *args);

// Adds {"ip": ..., "port": ...}.
void show_endpoint(cJSON *o, const char *name, const struct endpoint *e);
