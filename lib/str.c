// SPDX-License-Identifier: BSD-3-Clause
// Slices of octets; see lib/str.h.
#include "lib/str.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_space(char c)
{
	static const uint64_t spaces = 1ull << ' ' | 1ull << '\t' | 1ull << '\r' | 1ull << '\n';

	return (unsigned char)c <= ' ' && (spaces >> c & 1) != 0;
}

bool str_same_letters(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	// What is looked for is mostly written as in the standard.
	while (n - i >= 8 && memcmp(a + i, b + i, 8) == 0)
		i += 8;
	if (n - i >= 4 && memcmp(a + i, b + i, 4) == 0)
		i += 4;
	for (; i < n; i++)
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

struct str str_trim_space(struct str s)
{
	while (s.n > 0 && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned int d = (unsigned char)s.p[i] - '0';

		if (d > 9)
			return false;
		if (i >= 19 && v > (UINT64_MAX - d) / 10) // nineteen digits always fit
			return false;
		v = v * 10 + d;
	}
	if (v > max)
		return false;
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
