// SPDX-License-Identifier: BSD-3-Clause
// ip-address-privacy (protocol.md section 12): inside addresses that no translation hides do not
// leave for the Internet where nobody needs them. SDP shows media termination and NAT hides the call
// managers in any case; what is left are the phones and proxies behind them: in the Via headers
// below the topmost, which come back with the answer, and in headers that only tell who somebody is.
// From, To, Contact and Record-Route belong to the dialog and stay; so does Call-ID, but for
// cp/callid.h. Pure.
#pragma once

#include "config/config.h"
#include "cp/rewrite.h"

struct privacy_ctx {
	const struct config *config;
	uint16_t outside_if;           // the interface that the message leaves by
	const struct rewrite_ctx *nat; // what rewrite_headers() was given
	struct str domain;             // that stands for an inside host: ours
};

// The interface whose subnet or route holds the address is another than the one it would leave by.
bool privacy_is_inside(const struct config *c, uint16_t outside_if, const struct ip_addr *ip);

// The splices for a message that leaves, beside those of rewrite_headers().
void privacy_headers(const struct sip_msg *m, const struct privacy_ctx *ctx, struct sip_edit *e);

// Takes the Via elements below the topmost out of a request. False: there are none.
bool privacy_vias_hide(const struct sip_msg *m, struct sip_edit *e);

// Puts them into an answer again, from `head`, the header lines of the request as it came, which
// begin with its Via lines.
void privacy_vias_restore(const struct sip_msg *m, struct str head, struct sip_edit *e);
