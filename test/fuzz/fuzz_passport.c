// SPDX-License-Identifier: BSD-3-Clause
// The input as the value of an Identity header, as JSON, and as a TNAuthList. What is accepted must
// keep its promises: slices inside what they were taken from, numbers that are numbers, no member
// twice.
#include <stdlib.h>

#include "lib/json.h"
#include "lib/passport.h"
#include "lib/tn_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static bool inside(struct str part, struct str whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

// The walkers over an accepted value see all of it, and nothing else.
static void walk(const struct json *v, unsigned int depth)
{
	struct str rest = v->text, name;
	struct json x, again;
	size_t n = 0;

	require(depth <= JSON_DEPTH_MAX);
	if (v->kind == JSON_OBJECT) {
		for (; json_member_next(&rest, &name, &x); n++) {
			require(inside(name, v->text) && inside(x.text, v->text));
			require(json_member(v, name, &again) && again.text.p == x.text.p);
			walk(&x, depth + 1);
		}
		require(n <= JSON_MEMBERS_MAX && str_trim(rest).n == 0);
	} else if (v->kind == JSON_ARRAY) {
		for (; json_elem_next(&rest, &x); n++) {
			require(inside(x.text, v->text));
			walk(&x, depth + 1);
		}
		require(str_trim(rest).n == 0);
	} else if (v->kind == JSON_STRING && memchr(v->text.p, '\\', v->text.n) == NULL) {
		require(json_is(v, v->text));
	}
}

static void number_check(struct str tn)
{
	require(tn.n <= DID_DIGITS_MAX);
	for (size_t i = 0; i < tn.n; i++)
		require(strchr("0123456789#*", tn.p[i]) != NULL && tn.p[i] != '\0');
}

static void passport_check(struct str value)
{
	static struct passport p;
	enum passport_fault fault = passport_parse(value, &p);

	require(fault < PASSPORT_FAULT_COUNT && passport_fault_text(fault) != NULL);
	for (size_t i = 0; i < p.info.n; i++)
		require(p.info.p[i] > ' ' && p.info.p[i] <= '~');
	if (fault != PASSPORT_NONE)
		return;
	require(str_has_prefix(p.info, STR_LIT("https://")) && inside(p.info, value));
	if (p.compact) {
		static const struct did caller = {"12125550199", 11}, called = {"14085550123", 11};

		passport_complete(&p, &caller, &called, value.n);
		require(passport_match(&p, &caller, &called) == PASSPORT_NONE);
	} else {
		require(inside(p.signed_part, value));
	}
	number_check(p.orig);
	for (size_t i = 0; i < p.n_dest; i++)
		number_check(p.dest[i]);
	require((p.ppt.n > 0) == (p.attest != '\0') && (p.attest != '\0') == (p.origid.n == 36));
}

static void date_check(struct str value)
{
	uint64_t seconds;

	require(!passport_date(value, &seconds) ||
		value.n == strlen("Sun, 01 Mar 2026 00:00:00 GMT"));
}

static void tn_auth_check(struct str der)
{
	struct str rest = tn_auth_list(der);
	struct tn_auth_entry e;

	while (tn_auth_next(&rest, &e)) {
		require(inside(e.text, der));
		require(e.kind == TN_AUTH_RANGE ? e.count >= 2 : true);
		require(tn_auth_covers(der, e.text) || e.kind == TN_AUTH_SPC);
	}
	require(rest.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = {(const char *)data, size};
	struct json v;

	if (size == 0)
		return 0;
	passport_check(s);
	date_check(s);
	if (json_parse(s, &v))
		walk(&v, 0);
	tn_auth_check(s);
	return 0;
}
