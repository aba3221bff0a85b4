// SPDX-License-Identifier: BSD-3-Clause
// What one party of a call says about itself in Contact, Record-Route, From and To: the target and
// route set for requests that the proxy sends it (RFC 3261 12.1, 12.2). Used by cp/call.c alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cp/call_state.h"

// A copy on the heap with a NUL; NULL: out of memory.
char *call_text(struct str s);

// The caller, from its INVITE as it came to us. *n_record_routes: proxies between it and us.
bool call_party_from_invite(
	struct call_party *p, const struct sip_msg *invite, size_t *n_record_routes);

// The callee, from its 2xx. Of the Record-Routes the last `n_record_routes` lie beyond us.
void call_party_from_answer(
	struct call_party *p, const struct sip_msg *answer, size_t n_record_routes);

// Target refresh: a new Contact.
void call_party_target(struct call_party *p, const struct sip_msg *m);

void call_party_fini(struct call_party *p);
