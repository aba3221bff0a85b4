// SPDX-License-Identifier: BSD-3-Clause
// A list of splices and one render; see lib/sip_edit.h.
#include "lib/sip_edit.h"

#include <errno.h>
#include <openssl/crypto.h>

void sip_edit_init_text(struct sip_edit *e, struct str src)
{
	e->src = src;
	memset(e->lengths, 0, sizeof(e->lengths));
	e->n = e->used = 0;
	e->err = src.n > UINT32_MAX ? -ENOSPC : 0;
}

void sip_edit_init(struct sip_edit *e, const struct sip_msg *m)
{
	const struct sip_header *h = sip_header(m, SIP_H_CONTENT_LENGTH);

	sip_edit_init_text(e, m->raw);
	e->lengths[0] = (struct sip_edit_length){m->sdp, m->sdp_length};
	if (h != NULL)
		e->lengths[1] = (struct sip_edit_length){m->body, h->value};
}

void sip_edit_fini(struct sip_edit *e)
{
	OPENSSL_cleanse(e->arena, e->used);
	e->n = e->used = 0;
}

void sip_edit_replace(struct sip_edit *e, struct str span, struct str text)
{
	size_t from = (size_t)(span.p - e->src.p);

	if (e->err != 0)
		return;
	if (span.p < e->src.p || from > e->src.n || span.n > e->src.n - from) {
		e->err = -EINVAL;
		return;
	}
	if (e->n == SIP_EDIT_SPLICES_MAX || text.n > sizeof(e->arena) - e->used) {
		e->err = -ENOSPC;
		return;
	}
	if (text.n > 0)
		memcpy(e->arena + e->used, text.p, text.n);
	e->splices[e->n++] = (struct sip_splice){
		(uint32_t)from, (uint32_t)(from + span.n), (uint32_t)e->used, (uint32_t)text.n};
	e->used += text.n;
}

void sip_edit_insert(struct sip_edit *e, const char *at, struct str text)
{
	sip_edit_replace(e, (struct str){at, 0}, text);
}

void sip_edit_delete(struct sip_edit *e, struct str span)
{
	sip_edit_replace(e, span, (struct str){NULL, 0});
}

static bool before(const struct sip_splice *a, const struct sip_splice *b)
{
	if (a->from != b->from)
		return a->from < b->from;
	return a->from == a->to && b->from != b->to;
}

// Stable, without an allocation; callers work from front to back, so little moves.
static void sort(struct sip_edit *e)
{
	for (size_t i = 1; i < e->n; i++) {
		struct sip_splice s = e->splices[i];
		size_t j = i;

		for (; j > 0 && before(&s, &e->splices[j - 1]); j--)
			e->splices[j] = e->splices[j - 1];
		e->splices[j] = s;
	}
}

static void fix_length(struct sip_edit *e, const struct sip_edit_length *l)
{
	size_t from, length = l->of.n;
	char text[STR_DECIMAL_MAX];

	if (l->digits.n == 0)
		return;
	from = (size_t)(l->of.p - e->src.p);
	for (size_t i = 0; i < e->n; i++) {
		const struct sip_splice *s = &e->splices[i];

		if (s->from >= from && s->from <= from + l->of.n)
			length += s->len - (size_t)(s->to - s->from); // wraps back when it shrinks
	}
	if (length == l->of.n)
		return;
	sip_edit_replace(e, l->digits, str_decimal(length, text));
}

// Without the whole part there is no length to tell.
static bool is_deleted(const struct sip_edit *e, struct str span)
{
	for (size_t i = 0; i < e->n; i++) {
		if (e->splices[i].from < (size_t)(span.p - e->src.p) &&
			e->splices[i].to >= (size_t)(span.p - e->src.p))
			return true;
	}
	return false;
}

static void fix_content_length(struct sip_edit *e)
{
	if (e->lengths[0].digits.n > 0 && !is_deleted(e, e->lengths[0].of))
		fix_length(e, &e->lengths[0]);
	fix_length(e, &e->lengths[1]); // the part's digits are within the body
}

static int append(char *out, size_t size, size_t *len, const char *p, size_t n)
{
	if (n > size - *len)
		return -ENOSPC;
	if (n > 0)
		memcpy(out + *len, p, n);
	*len += n;
	return 0;
}

int sip_edit_render(struct sip_edit *e, char *out, size_t size, size_t *len)
{
	size_t at = 0;
	int err;

	*len = 0;
	fix_content_length(e);
	if (e->err != 0)
		return e->err;
	sort(e);
	for (size_t i = 0; i < e->n; i++) {
		const struct sip_splice *s = &e->splices[i];

		if (s->from < at)
			return -EINVAL;
		err = append(out, size, len, e->src.p + at, s->from - at);
		if (err == 0)
			err = append(out, size, len, e->arena + s->text, s->len);
		if (err != 0)
			return err;
		at = s->to;
	}
	return append(out, size, len, e->src.p + at, e->src.n - at);
}
