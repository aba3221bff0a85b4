// SPDX-License-Identifier: BSD-3-Clause
// The strict profile against another reader: of a message that we accept, libosip2 must make out the
// same method, addresses, tags, Call-ID, CSeq, ticket and body. Where it does not, an attacker has a
// message that says one thing to us and another to the call manager, so we should have refused it.
// An input is a stream of messages, or the beginning of one that is completed.
//
// That libosip2 cannot read it at all is no difference. What it is known to misread is in
// osip_blunders(), with the reason.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/sip.h"
#include "test/fuzz/osip_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sip_limits limits = {
	.header_max = OSIP_MESSAGE_MAX, .body_max = OSIP_MESSAGE_MAX};

static struct sip_msg msg;
static struct view ours, theirs;
static unsigned long compared;

void view_put(struct view *v, enum field f, struct str s)
{
	str_copy(s, v->text[f], sizeof(v->text[f]));
}

void view_number(struct view *v, enum field f, unsigned long n)
{
	snprintf(v->text[f], sizeof(v->text[f]), "%lu", n);
}

void view_unfolded(struct view *v, enum field f, struct str s)
{
	char *out = v->text[f];

	for (size_t i = 0; i < s.n; i++)
		if (strchr(" \t\r\n", s.p[i]) == NULL)
			*out++ = s.p[i];
	*out = '\0';
}

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

// libosip2 gives users unescaped.
static void put_unescaped(struct view *v, enum field f, struct str s)
{
	char *out = v->text[f];

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && i + 2 < s.n && isxdigit((unsigned char)s.p[i + 1]) &&
			isxdigit((unsigned char)s.p[i + 2])) {
			*out++ = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
			i += 2;
		} else {
			*out++ = s.p[i];
		}
	}
	*out = '\0';
}

// Without the brackets of an IPv6 literal.
static void put_host(struct view *v, enum field f, struct str host)
{
	if (host.n > 2 && host.p[0] == '[')
		host = (struct str){host.p + 1, host.n - 2};
	view_put(v, f, host);
}

static void put_port(struct view *v, enum field f, uint16_t port)
{
	if (port != 0)
		view_number(v, f, port);
}

static void view_address(struct view *v, struct str text, enum field user, enum field host)
{
	struct uri u;

	if (!uri_parse(text, &u) || (u.scheme != URI_SIP && u.scheme != URI_SIPS))
		return;
	put_unescaped(v, user, u.user);
	put_host(v, host, u.host);
}

static void view_ours(struct view *v)
{
	const struct sip_header *ticket = sip_header(&msg, SIP_H_TICKET);

	view_put(v, F_METHOD, msg.method_name);
	view_number(v, F_STATUS, msg.status);
	if (msg.request) {
		view_address(v, msg.uri_text, F_URI_USER, F_URI_HOST);
		put_port(v, F_URI_PORT, msg.uri.port); // of a SIP URI only
		view_number(v, F_MAX_FORWARDS, msg.max_forwards);
	}
	view_put(v, F_CALL_ID, msg.call_id);
	view_number(v, F_CSEQ, msg.cseq);
	put_host(v, F_VIA_HOST, msg.via.host);
	view_put(v, F_VIA_BRANCH, msg.via.branch);
	view_address(v, msg.from.uri, F_FROM_USER, F_FROM_HOST);
	view_address(v, msg.to.uri, F_TO_USER, F_TO_HOST);
	view_put(v, F_FROM_TAG, msg.from_tag);
	view_put(v, F_TO_TAG, msg.to_tag);
	view_number(v, F_TICKETS, sip_header_count(&msg, SIP_H_TICKET));
	if (ticket != NULL)
		view_unfolded(v, F_TICKET, ticket->value);
	view_number(v, F_CONTENT_LENGTH, msg.body.n);
	if (!sip_content_is(&msg, STR_LIT("multipart/*"))) // it has parts
		view_number(v, F_BODY, msg.body.n);
}

// ---- The comparison ----------------------------------------------------------------------------

// Where libosip2 is wrong, and nobody else would be.
static bool osip_blunders(enum field f)
{
	// It takes no Via whose host is a single octet, and goes on without.
	return (f == F_VIA_HOST || f == F_VIA_BRANCH) && strlen(ours.text[F_VIA_HOST]) == 1 &&
		theirs.text[F_VIA_HOST][0] == '\0';
}

static void compare(void)
{
	static const char *const names[] = {
#define X(name) #name,
		FIELDS(X)
#undef X
	};

	for (int f = 0; f < F_MAX; f++) {
		if (strcmp(ours.text[f], theirs.text[f]) == 0 || osip_blunders((enum field)f))
			continue;
		fprintf(stderr, "%s: we read \"%s\", libosip2 \"%s\"\n", names[f], ours.text[f],
			theirs.text[f]);
		abort();
	}
}

static void check_message(struct str s)
{
	memset(&theirs, 0, sizeof(theirs));
	if (!osip_view(&theirs, s))
		return;
	memset(&ours, 0, sizeof(ours));
	view_ours(&ours);
	compare();
	compared++;
}

static void check_stream(struct str s)
{
	struct sip_frame f;
	enum sip_reason why;
	size_t len;

	sip_frame_init(&f, &limits);
	while (s.n > 0) {
		enum sip_frame_result r = sip_frame_next(&f, s, &len, &why);

		if (r == SIP_FRAME_MORE || r == SIP_FRAME_ERROR)
			return;
		if (r == SIP_FRAME_MESSAGE && sip_parse(&msg, (struct str){s.p, len}) == SIP_OK &&
			sip_check(&msg) == SIP_OK && (!msg.request || msg.via.branch.n > 0) &&
			sip_multipart(&msg) == SIP_OK)
			check_message((struct str){s.p, len});
		s = (struct str){s.p + len, s.n - len};
	}
}

// The input with the mandatory headers that it lacks, so that it need not be a whole message.
static struct str completed(struct str in, char *out, size_t size)
{
	static const struct {
		enum sip_header_id id;
		const char *line;
	} rest[] = {
		{SIP_H_VIA, "Via: SIP/2.0/TLS a;branch=z9hG4bK1"},
		{SIP_H_FROM, "From: <sip:b@c>;tag=1"},
		{SIP_H_TO, "To: <sip:d@e>"},
		{SIP_H_CALL_ID, "Call-ID: f"},
		{SIP_H_CSEQ, "CSeq: 1 BYE"},
		{SIP_H_MAX_FORWARDS, "Max-Forwards: 70"},
	};
	const char *end = memmem(in.p, in.n, "\r\n\r\n", 4);
	struct str head = {in.p, end != NULL ? (size_t)(end - in.p) : in.n};
	struct str body = {end != NULL ? end + 4 : in.p + in.n, 0};
	int n = snprintf(out, size, "%.*s\r\n\r\n", STR_FMT(head));

	body.n = in.n - (size_t)(body.p - in.p);
	if (sip_parse(&msg, (struct str){out, (size_t)n}) != SIP_OK)
		return STR_LIT("");
	n -= 2;
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
		if (sip_header_count(&msg, rest[i].id) == 0)
			n += snprintf(out + n, size - (size_t)n, "%s\r\n", rest[i].line);
	if (sip_header_count(&msg, SIP_H_CONTENT_LENGTH) == 0)
		n += snprintf(out + n, size - (size_t)n, "Content-Length: %zu\r\n", body.n);
	n += snprintf(out + n, size - (size_t)n, "\r\n");
	memcpy(out + n, body.p, body.n);
	return (struct str){out, (size_t)n + body.n};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = {(const char *)data, size};
	static char whole[2 * OSIP_MESSAGE_MAX];

	if (compared == 0) { // they do meet
		check_stream(completed(STR_LIT("BYE sip:a@b SIP/2.0"), whole, sizeof(whole)));
		if (compared == 0)
			abort();
	}
	if (size > OSIP_MESSAGE_MAX - 512 || memchr(data, '\0', size) != NULL)
		return 0;
	check_stream(s);
	check_stream(completed(s, whole, sizeof(whole)));
	return 0;
}
