// SPDX-License-Identifier: BSD-3-Clause
// Finds the messages in a stream of octets (SIP-4, RFC 3261 18.3); see lib/sip.h. Strict where a
// more tolerant reader behind us could cut the stream elsewhere: CRLF only, exactly one
// Content-Length. From the inside a lone LF and a repeated Content-Length pass: sip_tidy() mends
// both before anybody else reads them.
#include "lib/chars.h"
#include "lib/sip.h"

#define CRLF     STR_LIT("\r\n")
#define CRLFCRLF STR_LIT("\r\n\r\n")

void sip_frame_init(struct sip_frame *f, const struct sip_limits *limits)
{
	*f = (struct sip_frame){.limits = *limits};
}

static bool first_line_ok(struct str line)
{
	static const struct str version = {" SIP/2.0", 8};

	if (str_has_caseprefix(line, STR_LIT("SIP/2.0 ")))
		return true;
	return line.n > version.n &&
		str_caseeq((struct str){line.p + line.n - version.n, version.n}, version);
}

// Walks the octets that came since the last call. SIP_FRAME_MESSAGE: *end is the length of the
// header section with its empty line.
static enum sip_frame_result find_end(
	struct sip_frame *f, struct str b, size_t *end, enum sip_reason *why)
{
	size_t i = f->scanned, width;

	while ((i += chars_line((struct str){b.p + i, b.n - i})) < b.n) {
		*why = SIP_LINE_END;
		if (b.p[i] != '\r' && !(b.p[i] == '\n' && f->limits.tolerant))
			return SIP_FRAME_ERROR;
		if (b.p[i] == '\r' && i + 1 == b.n)
			break; // the next octet decides
		width = b.p[i] == '\r' ? 2 : 1;
		if (b.p[i + width - 1] != '\n')
			return SIP_FRAME_ERROR;
		*why = SIP_NOT_SIP;
		if (!f->start_ok && !first_line_ok((struct str){b.p, i}))
			return SIP_FRAME_ERROR;
		f->start_ok = true;
		if (b.p[i - 1] == '\n') { // i > 0: a leading CRLF never gets here
			*end = i + width;
			return SIP_FRAME_MESSAGE;
		}
		i += width;
	}
	f->scanned = i;
	return SIP_FRAME_MORE;
}

static enum sip_reason body_length(const struct sip_frame *f, struct str section, uint64_t *out)
{
	struct str head, rest = str_split(section, '\n', &head);
	struct str first = {NULL, 0};
	struct sip_header h;

	while (rest.n > 2) { // the empty line
		if (sip_header_take(&rest, &h) == SIP_BAD_HEADER || h.id != SIP_H_CONTENT_LENGTH)
			continue;
		if (first.p != NULL && !(f->limits.tolerant && str_eq(first, h.value)))
			return SIP_DUP_CONTENT_LENGTH;
		first = h.value;
		if (!str_to_u64(h.value, UINT64_MAX, out))
			return SIP_BAD_CONTENT_LENGTH;
	}
	if (first.p == NULL)
		return SIP_NO_CONTENT_LENGTH;
	return *out > f->limits.body_max ? SIP_BODY_TOO_LONG : SIP_OK;
}

static enum sip_frame_result find_message(
	struct sip_frame *f, struct str b, size_t *len, enum sip_reason *why)
{
	uint64_t body = 0;
	size_t end = 0;
	enum sip_frame_result r = find_end(f, b, &end, why);

	if (r == SIP_FRAME_ERROR)
		return r;
	if ((r == SIP_FRAME_MORE ? f->scanned : end) > f->limits.header_max) {
		*why = SIP_HEADER_TOO_LONG;
		return SIP_FRAME_ERROR;
	}
	*why = SIP_OK;
	if (r == SIP_FRAME_MORE)
		return r;
	*why = body_length(f, (struct str){b.p, end}, &body);
	if (*why != SIP_OK) {
		*len = end;
		return SIP_FRAME_ERROR;
	}
	f->need = end + (size_t)body;
	return SIP_FRAME_MESSAGE;
}

enum sip_frame_result sip_frame_next(
	struct sip_frame *f, struct str b, size_t *len, enum sip_reason *why)
{
	enum sip_frame_result r = SIP_FRAME_MESSAGE;

	*len = 0;
	*why = SIP_OK;
	if (b.n == 0)
		return SIP_FRAME_MORE;
	if (b.p[0] == '\r' && b.n < 4 && str_has_prefix(CRLFCRLF, b))
		return SIP_FRAME_MORE;
	if (str_has_prefix(b, CRLF)) {
		*len = str_has_prefix(b, CRLFCRLF) ? 4 : 2;
		return *len == 4 ? SIP_FRAME_KEEPALIVE : SIP_FRAME_SKIP;
	}
	// Not a method, not "SIP": somebody speaks another protocol; no need to wait for a line.
	if ((b.p[0] | 0x20) < 'a' || (b.p[0] | 0x20) > 'z') {
		*why = SIP_NOT_SIP;
		return SIP_FRAME_ERROR;
	}
	if (f->need == 0)
		r = find_message(f, b, len, why);
	if (r != SIP_FRAME_MESSAGE)
		return r;
	if (b.n < f->need)
		return SIP_FRAME_MORE;
	*len = f->need;
	f->need = f->scanned = 0;
	f->start_ok = false;
	return SIP_FRAME_MESSAGE;
}
