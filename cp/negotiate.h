// SPDX-License-Identifier: BSD-3-Clause
// Which messages carry an offer and which an answer (RFC 3264, 6337; SIP-6), and the SRTP rule for
// whichever carries the remote's description (4.2). Control thread only.
#pragma once

#include "cp/pass.h"

// Looks for the session description in a multipart body. CNT_NONE, or why the message is refused:
// one must not pass unread (SIP-5). Of a request it is asked first; negotiate_response() asks itself.
enum counter_id negotiate_body(struct pass *p);

// CNT_NONE, or why the description is refused. With p->call NULL there is nobody to negotiate
// for: the body is not passed on.
enum counter_id negotiate_request(struct pass *p);
enum counter_id negotiate_response(struct pass *p);
