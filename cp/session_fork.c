// SPDX-License-Identifier: BSD-3-Clause
// What the forks of a call have agreed to while the media is with one of them; see cp/session.h.
#include <openssl/crypto.h>

#include "cp/session_state.h"

struct session_fork {
	uint64_t n_offers; // of the session, when it was kept
	size_t n;
	struct line line[];
};

static size_t size_of(size_t n)
{
	return sizeof(struct session_fork) + n * sizeof(struct line);
}

void session_fork_free(struct session_fork *f)
{
	if (f != NULL)
		OPENSSL_secure_clear_free(f, size_of(f->n));
}

struct session_fork *session_fork_keep(const struct session *s)
{
	struct session_fork *f = s->n_lines > 0 ? OPENSSL_secure_zalloc(size_of(s->n_lines)) : NULL;

	if (f == NULL)
		return NULL;
	f->n_offers = s->n_offers;
	f->n = s->n_lines;
	memcpy(f->line, s->line, s->n_lines * sizeof(f->line[0]));
	return f;
}

enum counter_id session_answer_apart(struct session *s, enum side from, const struct sdp *sdp,
	struct session_plan *plan, struct session_fork **out)
{
	enum counter_id why = answer_check(s, from, sdp);
	struct line line;

	memset(plan, 0, sizeof(*plan));
	*out = NULL;
	if (why == CNT_NONE && !plan_session(s, side_other(from), &plan->plan))
		why = CNT_MEDIA_PORTS_FULL;
	if (why == CNT_NONE)
		*out = session_fork_keep(s);
	for (size_t i = 0; i < sdp->n_media && why == CNT_NONE; i++) {
		struct line *l = *out != NULL ? &(*out)->line[i] : &line;

		line = s->line[i];
		why = answer_line(s, from, sdp, i, l, plan);
	}
	OPENSSL_cleanse(&line, sizeof(line));
	if (why != CNT_NONE) {
		session_fork_free(*out);
		*out = NULL;
	}
	return why;
}

static void line_take(struct session *s, size_t i, const struct line *from)
{
	struct line *l = &s->line[i];

	if (!l->allocated || !from->allocated || l->stream.id != from->stream.id)
		return;
	if (from->live) {
		*l = *from;
		media_set(s, l); // refused: it stays as it was
	} else if (l->live) {
		media_close(s, l);
		l->live = false;
	}
}

void session_fork_take(struct session *s, const struct session_fork *f)
{
	for (size_t i = 0; f->n_offers == s->n_offers && i < f->n && i < s->n_lines; i++)
		line_take(s, i, &f->line[i]);
	session_recount(s);
}
