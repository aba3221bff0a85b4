// SPDX-License-Identifier: BSD-3-Clause
// Classes of octets in SIP and its URIs (RFC 3261 25.1), one bit each in a table: what parsers ask
// for every octet of a message. What is looked for in long text is looked for in 16 octets at a
// time, with instructions that every x86-64 has; elsewhere the table does it alone.
#pragma once

#include "lib/str.h"

enum {
	CHAR_LWS = 1 << 0, // SP, HTAB, CR, LF
	CHAR_TOKEN = 1 << 1,
	CHAR_HOST = 1 << 2, // of a name or an IPv4 address
	CHAR_SCHEME = 1 << 3,
	CHAR_NOT_PLAIN = 1 << 4, // in a URI: must be escaped there, or begins an escape
	// What ends ...
	CHAR_NAME_END = 1 << 5,  // the name of a parameter
	CHAR_VALUE_END = 1 << 6, // its value, unless quoted
	CHAR_HOST_END = 1 << 7,  // host and port of a URI
	CHAR_SPEC_END = 1 << 8, // a URI without brackets; in lists a comma does, and a lone bracket
	CHAR_NOT_DISPLAY = 1 << 9, // cannot stand in a display name without quotes
	CHAR_LIST = 1 << 10,       // has a meaning to who splits a list at its commas
	CHAR_LINE = 1 << 11,       // NUL, CR and LF: end a line, or make none of it
};

extern const uint16_t chars[256];

static inline bool char_is(char c, unsigned int class)
{
	return (chars[(uint8_t)c] & class) != 0;
}

// How many octets stand before the first of the class, at most all.
static inline size_t chars_before(struct str s, unsigned int class)
{
	size_t i = 0;

	while (i < s.n && !char_is(s.p[i], class))
		i++;
	return i;
}

#ifdef __SSE2__
static inline __m128i chars_are(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

static inline __m128i chars_or(__m128i a, __m128i b)
{
	return _mm_or_si128(a, b);
}

static inline __m128i chars_mark_line(__m128i v)
{
	return chars_or(chars_are(v, '\n'), chars_or(chars_are(v, '\r'), chars_are(v, '\0')));
}

// Two that differ in one bit are asked for at once.
static inline __m128i chars_mark_not_plain(__m128i v)
{
	const __m128i angle = chars_are(chars_or(v, _mm_set1_epi8('<' ^ '>')), '>');
	const __m128i low = _mm_cmplt_epi8(v, _mm_set1_epi8('!')); // above ASCII is below zero

	return chars_or(
		chars_or(chars_or(low, angle), chars_or(chars_are(v, '"'), chars_are(v, '%'))),
		chars_or(chars_are(v, '\\'), chars_are(v, 0x7f)));
}

static inline __m128i chars_mark_host_end(__m128i v)
{
	return chars_are(chars_or(v, _mm_set1_epi8(';' ^ '?')), '?');
}

// Neither letter, digit, hyphen nor dot.
static inline __m128i chars_mark_not_word(__m128i v)
{
	const __m128i small = chars_or(v, _mm_set1_epi8('a' ^ 'A'));
	const __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(small, _mm_set1_epi8('a' - 1)),
		_mm_cmplt_epi8(small, _mm_set1_epi8('z' + 1)));
	const __m128i other = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('-' - 1)),
		_mm_cmplt_epi8(v, _mm_set1_epi8('9' + 1)));

	return chars_or(
		chars_are(v, '/'), _mm_cmpeq_epi8(chars_or(letter, other), _mm_setzero_si128()));
}

// A bit for each of 16 octets, set where it is marked.
static inline __attribute__((always_inline)) unsigned int chars_marked(
	const char *p, __m128i (*mark)(__m128i v))
{
	return (unsigned int)_mm_movemask_epi8(mark(_mm_loadu_si128((const __m128i *)p)));
}

// How many octets stand before the first that `mark` sets to ones, at most all. The last are looked
// at together with some that have been seen; nothing beyond the slice is read, which has 16 at least.
static inline __attribute__((always_inline)) size_t chars_unmarked(
	struct str s, __m128i (*mark)(__m128i v))
{
	unsigned int found;
	size_t i = 0;

	for (; s.n - i >= 16; i += 16) {
		found = chars_marked(s.p + i, mark);
		if (found != 0)
			return i + (unsigned int)__builtin_ctz(found);
	}
	i = s.n - 16;
	found = chars_marked(s.p + i, mark);
	return found != 0 ? i + (unsigned int)__builtin_ctz(found) : s.n;
}

// chars_before() of a class that `mark` knows.
#define CHARS_SCAN(s, mark, class) (s.n < 16 ? chars_before(s, class) : chars_unmarked(s, mark))
#else
#define CHARS_SCAN(s, mark, class) chars_before(s, class)
#endif

// How many octets stand before the first NUL, CR or LF, at most all.
static inline size_t chars_line(struct str s)
{
	return CHARS_SCAN(s, chars_mark_line, CHAR_LINE);
}

// How many octets stand before the first that is not plain in a URI, at most all.
static inline size_t chars_plain(struct str s)
{
	return CHARS_SCAN(s, chars_mark_not_plain, CHAR_NOT_PLAIN);
}

// How many octets stand before the end of a URI's host and port, at most all.
static inline size_t chars_hostport(struct str s)
{
	return CHARS_SCAN(s, chars_mark_host_end, CHAR_HOST_END);
}

// How many octets of the class stand at the start. It has letters, digits, hyphen and dot; most of
// what is asked about has nothing else.
static inline size_t chars_span(struct str s, unsigned int class)
{
	size_t n = 0;

#ifdef __SSE2__
	if (s.n >= 16)
		n = chars_unmarked(s, chars_mark_not_word);
#endif
	while (n < s.n && char_is(s.p[n], class))
		n++;
	return n;
}

// Whether all are of such a class.
static inline bool chars_all(struct str s, unsigned int class)
{
	return chars_span(s, class) == s.n;
}
