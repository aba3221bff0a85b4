// SPDX-License-Identifier: BSD-3-Clause
// The nearest word to a misspelt one; see lib/suggestion.h.
#include "lib/suggestion.h"

#include <stdio.h>

#define WORD_MAX 64 // longer words are not compared

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

static char folded(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c == '_' ? '-' : c;
}

// Levenshtein's distance, with case and '_' for '-' overlooked: E4 and E15 are of that kind.
static unsigned int distance(struct str a, struct str b)
{
	unsigned int row[WORD_MAX + 1];

	for (unsigned int j = 0; j <= b.n; j++)
		row[j] = j;
	for (unsigned int i = 1; i <= a.n; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= b.n; j++) {
			unsigned int change = folded(a.p[i - 1]) != folded(b.p[j - 1]);
			unsigned int above = row[j];

			row[j] = min3(diagonal + change, above + 1, row[j - 1] + 1);
			diagonal = above;
		}
	}
	return row[b.n];
}

void suggestion_offer(struct suggestion *s, struct str candidate)
{
	unsigned int d;

	if (s->word.n == 0 || s->word.n > WORD_MAX || candidate.n == 0 || candidate.n > WORD_MAX)
		return;
	d = distance(s->word, candidate);
	if (d > (s->word.n < 6 ? 1 : s->word.n / 3) || (s->best.n > 0 && d >= s->distance))
		return;
	s->best = candidate;
	s->distance = d;
}

const char *suggestion_text(const struct suggestion *s, char *buf)
{
	buf[0] = '\0';
	if (s->best.n > 0)
		snprintf(buf, SUGGESTION_MAX, "; did you mean %.*s?", STR_FMT(s->best));
	return buf;
}
