// SPDX-License-Identifier: BSD-3-Clause
// SIP over stream transports: framing (protocol.md 3.2, SIP-4), a parser that copies nothing, and
// the sanity checks that every message passes before policy sees it (RFC 3261 8.1.1, 8.2.2).
// All slices point into the received octets and live as long as those. Pure, for any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"
#include "lib/uri.h"

#define SIP_HEADERS_MAX 256

// Why a message is refused; each is a counter. X(NAME, text).
#define SIP_REASONS(X)                                                                             \
	X(OK, "ok")                                                                                \
	X(NOT_SIP, "first line is neither a SIP/2.0 request nor response")                         \
	X(LINE_END, "header section with a bare CR, bare LF or NUL")                               \
	X(HEADER_TOO_LONG, "header section longer than the limit")                                 \
	X(BODY_TOO_LONG, "body longer than the limit")                                             \
	X(NO_CONTENT_LENGTH, "no Content-Length on a stream transport")                            \
	X(BAD_CONTENT_LENGTH, "Content-Length is no number, or not the body's length")             \
	X(DUP_CONTENT_LENGTH, "more than one Content-Length")                                      \
	X(NO_CONTENT_TYPE, "body without Content-Type")                                            \
	X(BAD_HEADER, "header line without a name and a colon")                                    \
	X(TOO_MANY_HEADERS, "more header lines than the limit")                                    \
	X(BAD_URI, "malformed Request-URI")                                                        \
	X(BAD_STATUS, "no status code from 100 to 699, or no space behind it")                     \
	X(NO_VIA, "no Via")                                                                        \
	X(BAD_VIA, "malformed topmost Via")                                                        \
	X(NO_FROM, "no From")                                                                      \
	X(NO_TO, "no To")                                                                          \
	X(BAD_FROM, "malformed From, or no tag in it")                                             \
	X(BAD_TO, "malformed To")                                                                  \
	X(NO_CALL_ID, "no Call-ID")                                                                \
	X(BAD_CALL_ID, "empty or malformed Call-ID")                                               \
	X(NO_CSEQ, "no CSeq")                                                                      \
	X(BAD_CSEQ, "malformed CSeq")                                                              \
	X(CSEQ_METHOD, "CSeq method differs from the request's")                                   \
	X(NO_MAX_FORWARDS, "request without Max-Forwards")                                         \
	X(BAD_MAX_FORWARDS, "Max-Forwards is no number from 0 to 255")                             \
	X(DUP_HEADER, "a header that may stand once stands twice")                                 \
	X(SPACE_COLON, "white space before the colon of a header that may stand once")             \
	X(BAD_ADDRESS, "malformed Contact, Route, Record-Route, From or To")                       \
	X(BAD_CONTENT_TYPE, "Content-Type is not TYPE/SUBTYPE and parameters")                     \
	X(ENCODED_BODY, "session description or multipart body that is compressed or encoded")     \
	X(BAD_BOUNDARY, "multipart boundary is missing, illegal, or stands within a part")         \
	X(BAD_PART, "multipart body with a malformed part, or without its end")                    \
	X(TOO_MANY_PARTS, "multipart body with more than 16 parts")                                \
	X(NESTED_PARTS, "multipart body in a part of another")                                     \
	X(SEVERAL_SDP, "multipart body with more than one session description")                    \
	X(EDIT_LIMIT, "rewriting would exceed its limits")

enum sip_reason {
#define X(name, text) SIP_##name,
	SIP_REASONS(X)
#undef X
		SIP_REASON_MAX
};

const char *sip_reason_text(enum sip_reason r);

enum sip_method {
	SIP_UNKNOWN, // a method we do not know by name
	SIP_INVITE,
	SIP_ACK,
	SIP_BYE,
	SIP_CANCEL,
	SIP_OPTIONS,
	SIP_REGISTER,
	SIP_PRACK,
	SIP_UPDATE,
	SIP_INFO,
	SIP_REFER,
	SIP_NOTIFY,
	SIP_SUBSCRIBE,
	SIP_MESSAGE,
	SIP_PUBLISH,
};

// Headers known by name (compact forms included).
enum sip_header_id {
	SIP_H_OTHER,
	SIP_H_VIA,
	SIP_H_FROM,
	SIP_H_TO,
	SIP_H_CALL_ID,
	SIP_H_CSEQ,
	SIP_H_MAX_FORWARDS,
	SIP_H_CONTACT,
	SIP_H_ROUTE,
	SIP_H_RECORD_ROUTE,
	SIP_H_CONTENT_TYPE,
	SIP_H_CONTENT_LENGTH,
	SIP_H_CONTENT_ENCODING,
	SIP_H_REQUIRE,
	SIP_H_PROXY_REQUIRE,
	SIP_H_SUPPORTED,
	SIP_H_ALLOW,
	SIP_H_RSEQ,
	SIP_H_RACK,
	SIP_H_REASON,
	SIP_H_EVENT,
	SIP_H_REPLACES,
	SIP_H_TARGET_DIALOG,
	SIP_H_SESSION_EXPIRES,
	SIP_H_REFER_TO,
	SIP_H_REFERRED_BY,
	SIP_H_P_ASSERTED_IDENTITY,
	SIP_H_REMOTE_PARTY_ID,
	SIP_H_DIVERSION,
	SIP_H_IDENTITY,
	SIP_H_WARNING,
	SIP_H_ALERT_INFO,
	SIP_H_CALL_INFO,
	SIP_H_USER_AGENT,
	SIP_H_SERVER,
	SIP_H_TICKET,   // X-Cisco-UC-IME-Ticket and X-Cisco-ViPR-Ticket (TKT-5 counts both)
	SIP_H_FALLBACK, // X-UCIME-Fallback (5.1)
	SIP_HEADER_IDS,
};
#define SIP_H_BIT(id) (UINT64_C(1) << (id))

struct sip_header {
	enum sip_header_id id;
	struct str name;
	struct str value; // trimmed; folding inside stays as it is
	struct str line;  // the whole header with folded lines and its last CRLF
};

struct sip_via {
	struct str head; // "SIP/2.0/TLS host:port" as written: everything before the parameters
	struct str transport; // "TLS", "TCP", ...
	struct str hostport, host;
	uint16_t port;     // 0: not given
	struct str params; // from the first ';'
	struct str branch; // empty: none
};

struct sip_msg {
	struct str raw; // the whole message
	bool request;
	// start line
	enum sip_method method; // of the request; in a response that of CSeq (after sip_check)
	struct str method_name; // requests
	struct str uri_text;    // requests
	uint16_t status;        // responses
	struct str phrase;      // responses
	// headers in the order they came
	struct sip_header headers[SIP_HEADERS_MAX];
	size_t n_headers;
	uint64_t present, repeated;    // SIP_H_BIT of each kind that is there, or is there again
	uint8_t first[SIP_HEADER_IDS]; // where in `headers`, of those that are present
	struct str body;
	// Filled in by sip_check.
	struct uri uri;     // Request-URI
	struct sip_via via; // the topmost
	struct name_addr from, to;
	struct uri from_uri, to_uri;
	struct str from_tag, to_tag; // to_tag is empty where there is none
	struct str call_id;
	uint32_t cseq;
	uint8_t max_forwards; // requests
	// The session description: the body, or (after sip_multipart) one part of it.
	bool is_sdp;
	struct str sdp;
	struct str sdp_length; // digits of the Content-Length that its part has; empty: none
};

// --- framing ---

struct sip_limits {
	size_t header_max, body_max; // octets; SIP-4: 65536 and 262144
	bool tolerant;               // let pass what sip_tidy() mends
};

// Where the search in one connection's input buffer stands. The buffer's first octet is always the
// next one not consumed.
struct sip_frame {
	struct sip_limits limits;
	size_t scanned; // octets already searched for the end of the header section
	size_t need;    // length of the message once it is known, else 0
	bool start_ok;  // first line was judged
};

enum sip_frame_result {
	SIP_FRAME_MORE,    // not a whole message yet: read more, call again with the longer buffer
	SIP_FRAME_MESSAGE, // the first *len octets are one message
	SIP_FRAME_KEEPALIVE, // the first *len octets are a ping (RFC 5626 4.4.1): answer CRLF
	SIP_FRAME_SKIP,      // the first *len octets are a stray CRLF (RFC 3261 7.5)
	SIP_FRAME_ERROR,     // *why says what is wrong; the stream cannot be followed any further
};

void sip_frame_init(struct sip_frame *f, const struct sip_limits *limits);

// Judges what was received so far. After anything but MORE and ERROR the caller removes *len octets
// from the front of its buffer and calls again. Octets are searched once, however they trickle in.
// With ERROR because of the body's length (NO_, BAD_, DUP_CONTENT_LENGTH, BODY_TOO_LONG) *len is
// the length of the header section, so that it can be parsed and a request answered with 400.
enum sip_frame_result sip_frame_next(
	struct sip_frame *f, struct str buffer, size_t *len, enum sip_reason *why);

// --- parsing ---

// Splits one framed message into start line, headers and body. The body is what follows the
// header section, to the end of `bytes`.
enum sip_reason sip_parse(struct sip_msg *m, struct str bytes);

// Mandatory headers are there, single and well formed; fills in the second half of the struct.
enum sip_reason sip_check(struct sip_msg *m);

// Finds the session description in the one part of a multipart body that has it (RFC 2046, SIP-5),
// for a message that passed sip_check. Whatever two readers could divide differently is refused;
// a body of another type is none of its business. Parts within parts are not looked for.
enum sip_reason sip_multipart(struct sip_msg *m);

// --- the two profiles ---
//
// The parser is strict: what two readers could read in two ways is refused. What a call manager
// writes is taken more kindly: what has one meaning all the same is put in order first, so that
// nothing behind this line, and nobody on the Internet, sees anything but the strict form.
//
//	                                            from the Internet     from the inside
//	LF alone ends a line                        SIP_LINE_END          becomes CRLF
//	CR alone, NUL                               SIP_LINE_END          SIP_LINE_END
//	a single header twice, the same value       SIP_DUP_...           leaves once
//	a single header twice, another value        SIP_DUP_...           SIP_DUP_...
//	white space before its colon                SIP_SPACE_COLON       leaves without
//	no Max-Forwards (RFC 3261 16.6, point 3)    SIP_NO_MAX_FORWARDS   leaves with 70
//	a status code without a space behind it     SIP_BAD_STATUS        leaves with it

// Puts a framed message in order. False when there was nothing to do, or it does not fit; else the
// first *n octets of `out` are the message to parse. The body is not touched.
bool sip_tidy(struct str bytes, char *out, size_t size, size_t *n);

// Whether sip_tidy() may help against a refusal.
bool sip_tidy_helps(enum sip_reason why);

// Headers that may stand once in a message.
bool sip_is_single(enum sip_header_id id);

// Takes one header line, with what is folded into it, from the front of a header section. *rest
// moves past it even when it is SIP_BAD_HEADER; with SIP_LINE_END (a lone LF) *out is filled in too.
enum sip_reason sip_header_take(struct str *rest, struct sip_header *out);

// A non-empty token (RFC 3261 25.1).
bool sip_is_token(struct str s);

// The first header of that kind, or NULL.
const struct sip_header *sip_header(const struct sip_msg *m, enum sip_header_id id);
// The next one after `after` (NULL: the first).
const struct sip_header *sip_header_next(
	const struct sip_msg *m, enum sip_header_id id, const struct sip_header *after);
size_t sip_header_count(const struct sip_msg *m, enum sip_header_id id);
// The first header of that name (case-insensitive), for names that have no id.
const struct sip_header *sip_header_named(const struct sip_msg *m, struct str name);

// Walks the comma-separated elements of all headers of one kind, in order. `it` starts as
// {0}. False at the end.
struct sip_elem_iter {
	const struct sip_header *header;
	struct str rest;
};
bool sip_elem_next(
	const struct sip_msg *m, enum sip_header_id id, struct sip_elem_iter *it, struct str *elem);

// Whether a header that lists option tags (Require, Supported...) has this one.
bool sip_has_option(const struct sip_msg *m, enum sip_header_id id, struct str tag);

// One Via element.
bool sip_via_parse(struct str s, struct sip_via *out);

// Splits "TYPE/SUBTYPE;params". False when it is not written so.
struct sip_media_type {
	struct str type, subtype, params;
};
bool sip_media_type_parse(struct str s, struct sip_media_type *out);

// Whether the Content-Type is TYPE/SUBTYPE, parameters aside ("application/sdp"); with a subtype of
// "*" any subtype counts ("multipart/*").
bool sip_content_is(const struct sip_msg *m, struct str type);

enum sip_method sip_method_of(struct str name);
