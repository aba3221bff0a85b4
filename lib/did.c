// SPDX-License-Identifier: BSD-3-Clause
// From URI to digits; see lib/did.h. Called by the ticket check for each INVITE from outside.
#include "lib/did.h"

// As it is dialled: a number of 15 digits behind what an exchange puts before it.
#define DIALLED_MAX (2 * DID_DIGITS_MAX)

struct dialled {
	char digits[DIALLED_MAX];
	size_t n;
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The next character with its percent-encoding undone; -1 when the encoding is broken.
static int next_char(struct str *s)
{
	int c = (unsigned char)s->p[0], hi, lo;

	if (c != '%') {
		s->p++;
		s->n--;
		return c;
	}
	if (s->n < 3 || (hi = hex(s->p[1])) < 0 || (lo = hex(s->p[2])) < 0)
		return -1;
	s->p += 3;
	s->n -= 3;
	return hi << 4 | lo;
}

static bool is_separator(int c)
{
	return c == '-' || c == '.' || c == '(' || c == ')' || c == ' ';
}

// Appends the digits of `s`. *plus says whether a '+' stood first; one at any other place fails.
static bool take_digits(struct dialled *d, struct str s, bool *plus)
{
	bool first = true;

	*plus = false;
	while (s.n > 0) {
		int c = next_char(&s);

		if (c == '+' && first)
			*plus = true;
		else if (c >= '0' && c <= '9' && d->n < DIALLED_MAX)
			d->digits[d->n++] = (char)c;
		else if (!is_separator(c))
			return false;
		first = first && is_separator(c);
	}
	return true;
}

// The value of phone-context, which two parameters may not give.
static bool find_context(struct str params, struct str *context)
{
	static const struct str name = STR_LIT("phone-context=");
	bool found = false;

	while (params.n > 0) {
		struct str param;

		params = str_split(params, ';', &param);
		if (!str_has_caseprefix(param, name))
			continue;
		if (found)
			return false;
		found = true;
		*context = (struct str){param.p + name.n, param.n - name.n};
	}
	return true;
}

// The part that may hold a number, with its parameters: the user of a SIP URI, all of a tel: URI.
static bool subscriber(struct str uri, struct str *out)
{
	struct str scheme, rest = str_split(uri, ':', &scheme), user;

	if (str_caseeq(scheme, STR_LIT("tel"))) {
		*out = rest;
		return true;
	}
	if (!str_caseeq(scheme, STR_LIT("sip")) && !str_caseeq(scheme, STR_LIT("sips")))
		return false;
	str_split(rest, '@', &user);
	if (user.n == rest.n)
		return false;
	str_split(user, ':', out); // without a password
	return true;
}

static bool fill(struct did *out, struct str head, struct str tail)
{
	if (head.n + tail.n == 0 || head.n + tail.n > DID_DIGITS_MAX)
		return false;
	memcpy(out->digits, head.p, head.n);
	memcpy(out->digits + head.n, tail.p, tail.n);
	out->n = (uint8_t)(head.n + tail.n);
	return true;
}

static bool complete(
	struct did *out, const struct dialled *d, const struct did_rule *rules, size_t n_rules)
{
	struct str digits = {d->digits, d->n};

	for (size_t i = 0; i < n_rules && d->n > 0; i++) {
		struct str strip = str_from(rules[i].strip);

		if ((rules[i].length != 0 && rules[i].length != d->n) ||
			!str_has_prefix(digits, strip))
			continue;
		return fill(out, str_from(rules[i].add),
			(struct str){digits.p + strip.n, digits.n - strip.n});
	}
	return false;
}

bool did_from_uri(struct str uri, const struct did_rule *rules, size_t n_rules, struct did *out)
{
	struct str sub, number, params, context = {NULL, 0};
	struct dialled d = {.n = 0};
	bool plus = false, inner_plus;

	out->n = 0;
	if (!subscriber(uri, &sub))
		return false;
	// Cut before decoding: an encoded ';' is part of the user, and no digit.
	params = str_split(sub, ';', &number);
	if (!find_context(params, &context))
		return false;
	if (!take_digits(&d, context, &plus) && plus)
		return false;
	if (!plus) // a context that is a domain says nothing about the number
		d.n = 0;
	if (!take_digits(&d, number, &inner_plus) || (plus && inner_plus))
		return false;
	if (plus || inner_plus)
		return fill(out, STR_LIT(""), (struct str){d.digits, d.n});
	// With a context it is somebody else's number, which our rules say nothing about.
	return context.p == NULL && complete(out, &d, rules, n_rules);
}

bool did_eq(const struct did *d, struct str number)
{
	return d->n > 0 && number.n == d->n + 1u && number.p[0] == '+' &&
		memcmp(d->digits, number.p + 1, d->n) == 0;
}
