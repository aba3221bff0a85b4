// SPDX-License-Identifier: BSD-3-Clause
// The headers that speak of fallback to the PSTN (protocol.md 5.1): X-UCIME-Fallback, which is ours,
// and those that the configuration names (FB-1). See cp/rewrite.h.
#include "cp/rewrite.h"

// What a header says, by enum config_fb_item: the name of the parameter with it, empty for none.
struct names {
	struct str param[FB_ITEMS];
	int whole; // the item that its whole value is, or -1
};

static const struct names ours = {
	.param = {[FB_LEVEL] = {"level", 5},
		[FB_SESSION] = {"session", 7},
		[FB_TRUNK] = {"trunk", 5},
		[FB_DID] = {"did", 3}},
	.whole = -1,
};

static struct str unquote(struct str s)
{
	s = str_trim(s);
	return s.n >= 2 && s.p[0] == '"' ? (struct str){s.p + 1, s.n - 2} : s;
}

static void take(struct rewrite_fallback *fb, int item, struct str value)
{
	uint64_t level;

	value = unquote(value);
	switch (item) {
	case FB_LEVEL:
		if (str_to_u64(value, 5, &level)) {
			fb->has_level = true;
			fb->level = (uint8_t)level;
		}
		break;
	case FB_SESSION:
		fb->session = value;
		break;
	case FB_TRUNK:
		fb->trunk = value;
		break;
	case FB_DID:
		fb->did = value;
		break;
	}
}

// Takes the next parameter of a list. False at the end; *bad when a quoted string does not end.
static bool param_next(struct str *rest, struct str *part, bool *bad)
{
	bool in_quotes = false;
	size_t i = 0;

	if (rest->n == 0)
		return false;
	for (; i < rest->n && (in_quotes || rest->p[i] != ';'); i++) {
		if (in_quotes && rest->p[i] == '\\')
			i++;
		else if (rest->p[i] == '"')
			in_quotes = !in_quotes;
	}
	if (i > rest->n)
		i = rest->n;
	*bad = in_quotes;
	*part = str_trim((struct str){rest->p, i});
	*rest = i < rest->n ? (struct str){rest->p + i + 1, rest->n - i - 1}
			    : (struct str){rest->p + i, 0};
	return true;
}

// Whether FB-2 keeps this parameter on the inside; what it says goes to *fb.
static bool consume(struct str part, const struct names *names, struct rewrite_fallback *fb)
{
	struct str name, value = str_split(part, '=', &name);

	name = str_trim(name);
	for (int item = 0; item < FB_ITEMS; item++) {
		if (names->param[item].n == 0 || !str_caseeq(name, names->param[item]))
			continue;
		take(fb, item, value);
		return item != FB_DID;
	}
	return false;
}

static void rewrite_params(const struct sip_header *h, const struct names *names,
	struct sip_edit *e, struct rewrite_fallback *fb)
{
	struct str rest = h->value, part;
	bool bad = false, removed = false;
	char kept[1024];
	size_t n = 0;

	while (param_next(&rest, &part, &bad) && !bad) {
		if (consume(part, names, fb)) {
			removed = true;
			continue;
		}
		if (part.n + 1 > sizeof(kept) - n) {
			bad = true;
			break;
		}
		if (n > 0)
			kept[n++] = ';';
		memcpy(kept + n, part.p, part.n);
		n += part.n;
	}
	if (bad || n == 0)
		sip_edit_delete(e, h->line);
	else if (removed)
		sip_edit_replace(e, h->value, (struct str){kept, n});
}

static void rewrite_header(const struct sip_header *h, const struct names *names,
	struct sip_edit *e, struct rewrite_fallback *fb)
{
	if (names->whole < 0) {
		rewrite_params(h, names, e, fb);
		return;
	}
	take(fb, names->whole, h->value);
	if (names->whole != FB_DID)
		sip_edit_delete(e, h->line);
}

// FB-1. False: the configuration does not name this header.
static bool names_of(
	const struct config_fb_header *map, const struct sip_header *h, struct names *out)
{
	bool any = false;

	*out = (struct names){.whole = -1};
	for (int item = 0; item < FB_ITEMS; item++) {
		if (map[item].header[0] == '\0' || !str_caseeq(h->name, str_from(map[item].header)))
			continue;
		any = true;
		out->param[item] = str_from(map[item].param);
		if (map[item].param[0] == '\0')
			out->whole = item;
	}
	return any;
}

static void rewrite_mapped(const struct sip_msg *m, const struct config_fb_header *map,
	struct sip_edit *e, struct rewrite_fallback *fb)
{
	struct names names;

	for (size_t i = 0; i < m->n_headers; i++)
		if (m->headers[i].id == SIP_H_OTHER && names_of(map, &m->headers[i], &names))
			rewrite_header(&m->headers[i], &names, e, fb);
}

void rewrite_fallback(const struct sip_msg *m, const struct rewrite_ctx *ctx, struct sip_edit *e,
	struct rewrite_fallback *out)
{
	const struct sip_header *h = NULL;
	struct rewrite_fallback fb = {0};

	while ((h = sip_header_next(m, SIP_H_FALLBACK, h)) != NULL)
		rewrite_header(h, &ours, e, &fb);
	if (ctx->fb_map != NULL)
		rewrite_mapped(m, ctx->fb_map, e, &fb);
	if (ctx->dir == REWRITE_INWARD)
		fb = (struct rewrite_fallback){.did = fb.did};
	if (out != NULL)
		*out = fb;
}
