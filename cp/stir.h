// SPDX-License-Identifier: BSD-3-Clause
// STIR/SHAKEN (protocol.md section 13): whether an INVITE from the Internet proves its caller's
// number (RFC 8224 6.2), beside the ticket and never instead of it, and what becomes of that in the
// message. Control thread only.
#pragma once

#include "cp/pass.h"

// Checks the initial INVITE at hand, before anything of it is rewritten (STIR-3); p->caller is what
// was found. CNT_NONE, or with stir-verify enforce the counter and *status of RFC 8224 6.2.2. They
// are answered whatever ticket-failure-action says: who has a valid ticket is no prober, and is to
// know what to repair.
enum counter_id stir_verify(struct pass *p, uint16_t *status);

// Adds the splices for the message at hand: with stir-verify tag and enforce no `verstat` crosses
// in either direction (from inside it can only be an echo of ours), and tag puts its own on the
// INVITE that was checked (STIR-1). With strip-outbound no Identity leaves (STIR-4).
enum sip_reason stir_rewrite(const struct pass *p, struct sip_edit *e);
