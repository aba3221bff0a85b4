// SPDX-License-Identifier: BSD-3-Clause
// Ending calls that nobody ends: timers (SIP-7), answers that may not pass, connections that are
// gone. Both sides are told, so that no call manager keeps a ghost. Control thread only.
#pragma once

#include "cp/pass.h"
#include "dp/msg.h"

// Ends a call: before the answer the INVITE gets `status` and the callee a CANCEL; after it both
// sides get BYE. The call is freed.
void teardown_call(struct ime *ime, struct call *call, uint16_t status);

// The 2xx at hand answers an INVITE in a way that may not pass: the answerer gets ACK and BYE, the
// caller `status`; an established call ends whole. The call is freed.
void teardown_answer(struct pass *p, uint16_t status);

// A phone more has answered the INVITE in a way that may not pass: it gets ACK and BYE, the call goes
// on with the one that was first.
void teardown_fork(struct pass *p);

// A response to an INVITE that the proxy has given up: a refusal gets its ACK, a late 2xx ACK and
// BYE, a late 1xx the CANCEL that could not be sent before.
void teardown_late(struct pass *p);

// A key of a stream has a sixteenth left, which is told, or is used up: then nothing passes any
// more, and its call is ended (RFC 3711 9.2).
void teardown_key(struct ime *ime, const struct dp_msg_key *key);

// Ends what SIP-7 says is over.
void teardown_expired(struct ime *ime, uint64_t now_ns);
