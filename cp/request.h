// SPDX-License-Identifier: BSD-3-Clause
// Requests that the proxy makes itself. When a timer or a refusal ends a call: BYE with the dialog's
// identity (SIP-7), CANCEL and ACK for an INVITE that it had forwarded (RFC 3261 9.1, 17.1.1.3).
// When the Internet fails a call: REFER (protocol.md 5.2). Pure. Each returns the length, 0 when it does not fit or cannot be built.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/did.h"
#include "lib/rma.h"
#include "lib/sip.h"

// What is needed to speak to one party of a dialog in the other's name, as that party knows it.
struct request_dialog {
	struct str target;   // its Contact URI
	struct str routes;   // Route header lines toward it, with their CRLF; may be empty
	struct str from, to; // header values, tags included
	struct str call_id;
	uint32_t cseq;
};

// The topmost Via of a request of ours.
struct request_via {
	const char *transport; // "TLS", "TCP"
	struct endpoint sent_by;
	const char *branch; // after the magic cookie
};

size_t request_bye(
	const struct request_dialog *d, const struct request_via *via, char *buf, size_t size);

// `invite` is the forwarded INVITE; the branch and Via are its own, as the rules demand.
size_t request_cancel(const struct sip_msg *invite, char *buf, size_t size);

// ACK for a final response other than 2xx: the INVITE's Via and Route, the response's To.
size_t request_ack_refusal(
	const struct sip_msg *invite, const struct sip_msg *response, char *buf, size_t size);

// ACK for a 2xx is a request in the dialog with a branch of its own.
size_t request_ack_answer(
	const struct request_dialog *d, const struct request_via *via, char *buf, size_t size);

// What a REFER says, in and out of a dialog: that its receiver carry the call on with this number.
struct request_refer {
	const struct did *number;
	unsigned int level;
	struct str session; // of X-UCIME-Fallback
	const struct rma_counters *why;
};

// In the remote's name; `contact` is its Contact URI.
size_t request_refer(const struct request_dialog *d, const struct request_via *via,
	struct str contact, const struct request_refer *r, char *buf, size_t size);

// In our own name, about a dialog of others (RFC 4538). FB-6: the tags are as the receiver sees them.
struct request_refer_about {
	struct str target;  // a URI
	struct endpoint us; // where its answer, and a NOTIFY, finds us
	bool tls;
	const char *token; // unique: of Call-ID, From tag and branch
	struct str call_id, local_tag, remote_tag;
	bool must_know; // Require: tdialog
};
size_t request_refer_about(
	const struct request_refer_about *a, const struct request_refer *r, char *buf, size_t size);
