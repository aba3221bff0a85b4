// SPDX-License-Identifier: BSD-3-Clause
// The tolerant profile: a message of a call manager becomes what the strict parser takes; see
// lib/sip.h.
#include "lib/sip.h"

struct out {
	char *p;
	size_t size, n;
	bool full, changed;
};

static void put(struct out *o, struct str s)
{
	if (s.n > o->size - o->n) {
		o->full = true;
		return;
	}
	if (s.n > 0)
		memcpy(o->p + o->n, s.p, s.n);
	o->n += s.n;
}

// Octets with their line ends, each of which becomes CRLF.
static void put_lines(struct out *o, struct str s)
{
	while (s.n > 0) {
		const char *lf = memchr(s.p, '\n', s.n);
		size_t n = lf != NULL ? (size_t)(lf - s.p) : s.n;

		put(o, (struct str){s.p, n});
		if (lf == NULL)
			return;
		if (n == 0 || lf[-1] != '\r') {
			put(o, STR_LIT("\r"));
			o->changed = true;
		}
		put(o, STR_LIT("\n"));
		s = (struct str){lf + 1, s.n - n - 1};
	}
}

static void put_header(struct out *o, const struct sip_header *h)
{
	const char *colon = h->name.p + h->name.n;
	size_t n;

	if (!sip_is_single(h->id)) {
		put_lines(o, h->line);
		return;
	}
	while (*colon != ':')
		colon++;
	n = (size_t)(colon - h->line.p);
	o->changed = o->changed || n != h->name.n;
	put(o, h->name);
	put_lines(o, (struct str){colon, h->line.n - n});
}

// Whether a header stands further up with the same value; what that one says is in `first`.
static bool is_repeated(const struct sip_header *h, struct str first[SIP_HEADER_IDS])
{
	// Two tickets are refused wherever they come from (TKT-5).
	if (!sip_is_single(h->id) || h->id == SIP_H_TICKET)
		return false;
	if (first[h->id].p != NULL)
		return str_eq(first[h->id], h->value);
	first[h->id] = h->value;
	return false;
}

// A status code has a space behind it, also without a phrase.
static void put_start(struct out *o, struct str line)
{
	struct str text = line;

	while (text.n > 0 && (text.p[text.n - 1] == '\r' || text.p[text.n - 1] == '\n'))
		text.n--;
	put(o, text);
	if (text.n == STR_LIT("SIP/2.0 200").n && str_has_caseprefix(text, STR_LIT("SIP/2.0 "))) {
		put(o, STR_LIT(" "));
		o->changed = true;
	}
	put_lines(o, (struct str){line.p + text.n, line.n - text.n});
}

static bool is_empty_line(struct str s)
{
	return str_has_prefix(s, STR_LIT("\r\n")) || str_has_prefix(s, STR_LIT("\n"));
}

bool sip_tidy(struct str bytes, char *out, size_t size, size_t *n)
{
	struct out o = {.p = out, .size = size};
	struct str first[SIP_HEADER_IDS] = {0}, line, rest = str_split(bytes, '\n', &line);

	put_start(&o, (struct str){bytes.p, bytes.n - rest.n});
	while (!is_empty_line(rest)) {
		struct sip_header h;

		if (rest.n == 0 || sip_header_take(&rest, &h) == SIP_BAD_HEADER)
			return false;
		if (is_repeated(&h, first))
			o.changed = true;
		else
			put_header(&o, &h);
	}
	if (first[SIP_H_MAX_FORWARDS].p == NULL && !str_has_caseprefix(line, STR_LIT("SIP/"))) {
		put(&o, STR_LIT("Max-Forwards: 70\r\n"));
		o.changed = true;
	}
	line = (struct str){rest.p, rest.p[0] == '\r' ? 2 : 1};
	put_lines(&o, line);
	put(&o, (struct str){rest.p + line.n, rest.n - line.n});
	*n = o.n;
	return o.changed && !o.full;
}

bool sip_tidy_helps(enum sip_reason why)
{
	switch (why) {
	case SIP_NOT_SIP: // the first line ends in a lone LF
	case SIP_LINE_END:
	case SIP_DUP_CONTENT_LENGTH:
	case SIP_DUP_HEADER:
	case SIP_SPACE_COLON:
	case SIP_NO_MAX_FORWARDS:
	case SIP_BAD_STATUS:
		return true;
	default:
		return false;
	}
}
