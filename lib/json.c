// SPDX-License-Identifier: BSD-3-Clause
// A strict reader of JSON; see lib/json.h.
#include "lib/json.h"

static bool value_take(struct str *s, unsigned int depth, struct json *out);

static void skip(struct str *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

static void skip_blanks(struct str *s)
{
	while (s->n > 0 && memchr(" \t\r\n", s->p[0], 4) != NULL)
		skip(s, 1);
}

static bool take(struct str *s, char c)
{
	skip_blanks(s);
	if (s->n == 0 || s->p[0] != c)
		return false;
	skip(s, 1);
	return true;
}

static size_t digits(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

// Octets of the escape at the start; 0: it is none.
static size_t escape(struct str s)
{
	if (s.n < 2)
		return 0;
	if (s.p[1] != 'u')
		return s.p[1] != '\0' && strchr("\"\\/bfnrt", s.p[1]) != NULL ? 2 : 0;
	if (s.n < 6)
		return 0;
	for (size_t i = 2; i < 6; i++)
		if (!is_hex(s.p[i]))
			return 0;
	return 6;
}

static bool string_take(struct str *s, struct str *out)
{
	const char *start;

	if (!take(s, '"'))
		return false;
	start = s->p;
	while (s->n > 0 && s->p[0] != '"') {
		size_t n = s->p[0] == '\\' ? escape(*s) : (unsigned char)s->p[0] >= 0x20;

		if (n == 0)
			return false;
		skip(s, n);
	}
	*out = (struct str){start, (size_t)(s->p - start)};
	return take(s, '"');
}

static bool number_take(struct str *s, struct str *out)
{
	const char *start = s->p;
	size_t n;

	if (s->n > 0 && s->p[0] == '-')
		skip(s, 1);
	n = digits(*s);
	if (n == 0 || (n > 1 && s->p[0] == '0'))
		return false;
	skip(s, n);
	if (s->n > 0 && s->p[0] == '.') {
		skip(s, 1);
		n = digits(*s);
		if (n == 0)
			return false;
		skip(s, n);
	}
	if (s->n > 0 && (s->p[0] | 0x20) == 'e') {
		skip(s, 1);
		if (s->n > 0 && (s->p[0] == '+' || s->p[0] == '-'))
			skip(s, 1);
		n = digits(*s);
		if (n == 0)
			return false;
		skip(s, n);
	}
	*out = (struct str){start, (size_t)(s->p - start)};
	return true;
}

static bool word_take(struct str *s, struct str *out)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_has_prefix(*s, str_from(words[i])))
			continue;
		*out = (struct str){s->p, strlen(words[i])};
		skip(s, out->n);
		return true;
	}
	return false;
}

static bool name_take(struct str *s, struct str *name)
{
	return string_take(s, name) && memchr(name->p, '\\', name->n) == NULL && take(s, ':');
}

static bool object_take(struct str *s, unsigned int depth, struct str *out)
{
	struct str names[JSON_MEMBERS_MAX];
	const char *start = s->p;
	struct json value;

	for (size_t n = 0; !take(s, '}'); n++) {
		if (n == JSON_MEMBERS_MAX || (n > 0 && !take(s, ',')) || !name_take(s, &names[n]) ||
			!value_take(s, depth, &value))
			return false;
		for (size_t i = 0; i < n; i++)
			if (str_eq(names[i], names[n]))
				return false;
	}
	*out = (struct str){start, (size_t)(s->p - 1 - start)};
	return true;
}

static bool array_take(struct str *s, unsigned int depth, struct str *out)
{
	const char *start = s->p;
	struct json value;

	for (size_t n = 0; !take(s, ']'); n++)
		if ((n > 0 && !take(s, ',')) || !value_take(s, depth, &value))
			return false;
	*out = (struct str){start, (size_t)(s->p - 1 - start)};
	return true;
}

static bool value_take(struct str *s, unsigned int depth, struct json *out)
{
	skip_blanks(s);
	if (s->n == 0 || (depth == JSON_DEPTH_MAX && (s->p[0] == '{' || s->p[0] == '[')))
		return false;
	switch (s->p[0]) {
	case '"':
		out->kind = JSON_STRING;
		return string_take(s, &out->text);
	case '{':
		out->kind = JSON_OBJECT;
		skip(s, 1);
		return object_take(s, depth + 1, &out->text);
	case '[':
		out->kind = JSON_ARRAY;
		skip(s, 1);
		return array_take(s, depth + 1, &out->text);
	case 't':
	case 'f':
	case 'n':
		out->kind = JSON_WORD;
		return word_take(s, &out->text);
	default:
		out->kind = JSON_NUMBER;
		return number_take(s, &out->text);
	}
}

bool json_parse(struct str s, struct json *out)
{
	if (!value_take(&s, 0, out))
		return false;
	skip_blanks(&s);
	return s.n == 0;
}

bool json_member_next(struct str *rest, struct str *name, struct json *value)
{
	take(rest, ',');
	return name_take(rest, name) && value_take(rest, 0, value);
}

bool json_elem_next(struct str *rest, struct json *value)
{
	take(rest, ',');
	return value_take(rest, 0, value);
}

bool json_member(const struct json *object, struct str name, struct json *out)
{
	struct str rest = object->text, found;

	if (object->kind != JSON_OBJECT)
		return false;
	while (json_member_next(&rest, &found, out))
		if (str_eq(found, name))
			return true;
	return false;
}

bool json_member_of(
	const struct json *object, struct str name, enum json_kind kind, struct json *out)
{
	return json_member(object, name, out) && out->kind == kind;
}

bool json_is(const struct json *string, struct str s)
{
	struct str t = string->text;

	if (string->kind != JSON_STRING)
		return false;
	while (t.n > 0 && s.n > 0) {
		if (t.p[0] == '\\' && t.n > 1 && t.p[1] == '/')
			skip(&t, 1);
		else if (t.p[0] == '\\')
			return false;
		if (t.p[0] != s.p[0])
			return false;
		skip(&t, 1);
		skip(&s, 1);
	}
	return t.n == 0 && s.n == 0;
}
