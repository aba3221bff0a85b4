// SPDX-License-Identifier: BSD-3-Clause
// The second offer of SRTP-2: when the call manager of a secure trunk refuses the SRTP of a new call, or
// of an INVITE or UPDATE within a dialog, with 488, it is offered RTP once. That is a transaction of its
// own: what names the call stays as the remote wrote it, and its branch is longer than the remote's by
// what nobody outside gets to see (txns_suffix()). Within a dialog it takes the next CSeq, and what the
// remote sends from then on is one number further (FB-8); where it has sent something since, there is no
// second offer. The remote knows of one request. An offer in PRACK is none to refuse: the PRACK would be
// missing (RFC 6337 3.2). Control thread only.
#pragma once

#include "cp/pass.h"

// A response from the call manager: takes the suffix off the branch that it names. True: there was
// one.
bool rtp_offer_response(const struct ime *ime, struct sip_msg *m);

// A response to a request is there. True: what is kept of it is its offer in RTP, which holds no
// keys; false: it is none that could be offered again.
bool rtp_offer_keep(struct pass *p);

// True: the response at hand is that refusal, has its ACK and goes no further, and the second
// request is on its way.
bool rtp_offer_send(struct pass *p);

// The message at hand, in the branch of its receiver; see pass.again.
void rtp_offer_branch(const struct pass *p, struct sip_edit *e);
