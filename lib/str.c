// SPDX-License-Identifier: BSD-3-Clause
// Slices of octets; see lib/str.h.
#include "lib/str.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_space(char c)
{
	return (unsigned char)c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

bool str_same_letters(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

struct str str_trim(struct str s)
{
	while (s.n > 0 && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_split(struct str s, char sep, struct str *head)
{
	const char *at = s.n > 0 ? memchr(s.p, sep, s.n) : NULL;

	if (at == NULL) {
		*head = s;
		return (struct str){s.p + s.n, 0};
	}
	*head = (struct str){s.p, (size_t)(at - s.p)};
	return (struct str){at + 1, s.n - head->n - 1};
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned int d = (unsigned char)s.p[i] - '0';

		// Against a constant first: to divide by the limit takes longer than all the rest.
		if (d > 9 || v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - d)
			return false;
		v = v * 10 + d;
		if (v > max)
			return false;
	}
	*out = v;
	return true;
}

struct str str_decimal(uint64_t v, char buf[STR_DECIMAL_MAX])
{
	char *p = buf + STR_DECIMAL_MAX;

	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	return (struct str){p, (size_t)(buf + STR_DECIMAL_MAX - p)};
}

bool str_copy(struct str s, char *buf, size_t size)
{
	if (size == 0)
		return false;
	if (s.n >= size) {
		buf[0] = '\0';
		return false;
	}
	if (s.n > 0)
		memcpy(buf, s.p, s.n);
	buf[s.n] = '\0';
	return true;
}
