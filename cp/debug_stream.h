// SPDX-License-Identifier: BSD-3-Clause
// `debug uc-ime` over the management socket. {"topics": ["media", ...], "level": "errors" or
// "events" or absent for both, "json": true} begins a stream of the lines of cp/debug.h.
#pragma once

#include "cp/mgmt.h"

extern const struct mgmt_streams debug_streams;
