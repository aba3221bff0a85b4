// SPDX-License-Identifier: BSD-3-Clause
// `config check` and `config reload` over the management socket: streams of one line, {"ok": true, "data":
// {...}} or {"ok": false, "error": "..."}, that comes when the file has been read. Control thread only.
#pragma once

#include "cp/mgmt.h"

struct reload;

// Their argument is a struct reload, which outlives them.
extern const struct mgmt_streams config_check_streams, config_reload_streams;
