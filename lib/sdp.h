// SPDX-License-Identifier: BSD-3-Clause
// Session descriptions (RFC 4566) as offer and answer use them: parsed into slices, nothing
// copied or unescaped. What a=crypto says is read by lib/sdes.h. Pure, for any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define SDP_MEDIA_MAX 16
#define SDP_PTS_MAX   16
#define SDP_PT_END    128

// Why a description is refused; each is a counter. X(NAME, text).
#define SDP_VERDICTS(X)                                                                            \
	X(OK, "ok")                                                                                \
	X(BAD_LINE, "a line that is not TYPE=VALUE")                                               \
	X(BAD_ORIGIN, "no o= line, or a malformed one")                                            \
	X(BAD_CONNECTION, "c= is malformed, a name or multicast")                                  \
	X(NO_CONNECTION, "an active media line without c=")                                        \
	X(BAD_MEDIA, "malformed m= line")                                                          \
	X(TOO_MANY_MEDIA, "more than 16 media lines")                                              \
	X(IPV6, "IPv6 media address")                                                              \
	X(RTP_OVER_IME, "RTP instead of SRTP on the Internet side (SRTP-1)")                       \
	X(SRTP_NONSECURE, "SRTP on a non-secure trunk (SRTP-2)")                                   \
	X(NO_CRYPTO, "RTP/SAVP without a=crypto")                                                  \
	X(NO_USABLE_MEDIA, "active media lines, but none that can be relayed")                     \
	X(EDIT_LIMIT, "rewriting would exceed its limits")

enum sdp_verdict {
#define X(name, text) SDP_##name,
	SDP_VERDICTS(X)
#undef X
		SDP_VERDICT_MAX
};

const char *sdp_verdict_text(enum sdp_verdict v);

enum sdp_media_type { SDP_AUDIO, SDP_VIDEO, SDP_IMAGE, SDP_APPLICATION, SDP_MESSAGE, SDP_OTHER };

enum sdp_proto { SDP_AVP, SDP_AVPF, SDP_SAVP, SDP_SAVPF, SDP_PROTO_OTHER };

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

// c=, at session or media level.
struct sdp_conn {
	bool present;
	bool v6;   // ip is still filled in
	bool hold; // 0.0.0.0
	struct ip_addr ip;
	struct str line; // whole, with its line end
	struct str addr; // "IP4 192.0.2.1": address type and address, what rewriting replaces
};

struct sdp_media {
	struct str section; // from its m= line to the end of its last line
	struct str line;    // the m= line, with its line end
	enum sdp_media_type type;
	struct str port_text; // "49170" or "49170/2"
	uint16_t port;        // 0: refused or ended
	uint16_t count;       // "/2"; 1 when not given
	enum sdp_proto proto;
	struct str proto_text;
	struct str formats;     // "9 0 101"
	unsigned int first_pt;  // payload type of the first format, or SDP_PT_END
	struct sdp_conn conn;   // of this media line alone
	enum sdp_direction dir; // the session's where the media line has none
	bool has_crypto;        // some a=crypto line
	unsigned int n_pts;     // numeric formats below 128; 0 when there are more than SDP_PTS_MAX
	uint8_t pts[SDP_PTS_MAX];
	struct str codec;  // name of the first format ("G722"); static types known; may be empty
	uint32_t clock_hz; // RTP clock of the first format (G722: 8000); 0: not known
	uint16_t ptime_ms; // a=ptime; 0: not given
};

struct sdp {
	struct str raw;
	struct str session;                     // everything before the first m= line
	struct str origin_addr;                 // "IP4 192.0.2.1" of o=
	struct str session_id, session_version; // of o=: SRTP-7 keeps keys while it stands
	struct sdp_conn conn;                   // session level
	enum sdp_direction dir;                 // session level; sendrecv by default
	size_t n_media;
	struct sdp_media media[SDP_MEDIA_MAX]; // only those that there are have a meaning
};

// A line; `whole` includes the line end.
struct sdp_line {
	char type; // 'v', 'o', 'm', 'a', ...
	struct str value;
	struct str whole;
};

struct sdp_attr {
	struct str name, value; // value is empty for a flag
	struct str whole;
};

enum sdp_verdict sdp_parse(struct sdp *s, struct str text);

// Walk the lines, or the attributes, of sdp.session or a media section (`rest` starts as a copy of
// it). False at the end, and at a line that is none (never inside what sdp_parse accepted).
bool sdp_line_next(struct str *rest, struct sdp_line *out);
bool sdp_attr_next(struct str *rest, struct sdp_attr *out);
// The next attribute of that name; `crypto` yields values like "1 AES_CM_128_HMAC_SHA1_80
// inline:...".
bool sdp_attr_find(struct str *rest, struct str name, struct str *value);

// Marks the payload types of a line that are H.264 of any flavour.
void sdp_h264_formats(const struct sdp_media *m, bool is_h264[SDP_PT_END]);

// Takes the next format of a list like "9 0 101".
bool sdp_format_next(struct str *rest, struct str *format);
// The payload type that a format names, or SDP_PT_END.
unsigned int sdp_format_pt(struct str format);

// The connection that holds for a media line: its own, else the session's.
const struct sdp_conn *sdp_media_conn(const struct sdp *s, const struct sdp_media *m);

// A bit per payload type that the line lists; `of_type`: without those that are of the other kind,
// video on an audio line or the reverse, by their a=rtpmap name or their static number (RFC 3551).
void sdp_media_pts(const struct sdp_media *m, bool of_type, uint64_t pts[2]);

// The payload type of telephone-event (RFC 4733) in this line's list, or SDP_PT_END.
unsigned int sdp_media_event_pt(const struct sdp_media *m);

// Where the writer of this description wants this line's media: port 0 when it wants none (port 0
// or hold by address).
struct endpoint sdp_media_remote(const struct sdp *s, const struct sdp_media *m);

// Where it wants this line's RTCP when that is not multiplexed: a=rtcp (RFC 3605), else the port
// behind the media. Port 0 when it wants none, or names no IPv4 address for it.
struct endpoint sdp_media_remote_rtcp(const struct sdp *s, const struct sdp_media *m);

// Whether the line has the attribute, say "rtcp-mux".
bool sdp_media_has(const struct sdp_media *m, struct str attr);

// Audio or video over one of the four RTP profiles, active, one port, and without `h264` some
// format other than H.264: what we relay. A line that is not is refused by port 0 (protocol.md
// 4.1).
bool sdp_media_relayable(const struct sdp_media *m, bool h264);

static inline bool sdp_proto_secure(enum sdp_proto p)
{
	return p == SDP_SAVP || p == SDP_SAVPF;
}
