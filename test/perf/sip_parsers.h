// SPDX-License-Identifier: BSD-3-Clause
// Other people's SIP, for bench_signalling: a message parsed and printed again, and so its session
// description, each as its manual says.
#pragma once

#include <stddef.h>

// libosip2 and sofia-sip, in a file each since both define the same names. Returns how
// many octets were printed; 0 when the message was refused. Call sip_parsers_init() once, before.
void sip_parsers_init(void);
size_t osip_reprint(const char *msg, size_t n);
size_t sofia_reprint(const char *msg, size_t n);
