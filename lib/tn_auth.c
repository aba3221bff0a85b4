// SPDX-License-Identifier: BSD-3-Clause
// TNAuthList; see lib/tn_auth.h. The ASN.1 module has explicit tags.
#include "lib/tn_auth.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>

#define OID        "1.3.6.1.5.5.7.1.26"
#define NUMBER_MAX 15

struct str tn_auth_of(const X509 *cert)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(OID, 1);
	int at = oid != NULL ? X509_get_ext_by_OBJ(cert, oid, -1) : -1;
	const ASN1_OCTET_STRING *data =
		at >= 0 ? X509_EXTENSION_get_data(X509_get_ext(cert, at)) : NULL;

	ASN1_OBJECT_free(oid);
	if (data == NULL)
		return STR_LIT("");
	return (struct str){
		(const char *)ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data)};
}

// Takes one value in DER of that class and tag; *content lies inside *rest.
static bool take(struct str *rest, int class, int tag, struct str *content)
{
	const uint8_t *p = (const uint8_t *)rest->p;
	int got_tag, got_class, how;
	long n;

	how = rest->n > 0 ? ASN1_get_object(&p, &n, &got_tag, &got_class, (long)rest->n) : 0x80;
	if ((how & 0x80) != 0 || (how & 1) != 0 || got_class != class || got_tag != tag || n < 0)
		return false;
	*content = (struct str){(const char *)p, (size_t)n};
	rest->n -= content->n + (size_t)((const char *)p - rest->p);
	rest->p = content->p + content->n;
	return true;
}

static bool number_take(struct str *rest, struct str *out)
{
	if (!take(rest, V_ASN1_UNIVERSAL, V_ASN1_IA5STRING, out) || out->n == 0 ||
		out->n > NUMBER_MAX)
		return false;
	for (size_t i = 0; i < out->n; i++)
		if (out->p[i] == '\0' || strchr("0123456789#*", out->p[i]) == NULL)
			return false;
	return true;
}

static bool code_take(struct str *rest, struct str *out)
{
	if (!take(rest, V_ASN1_UNIVERSAL, V_ASN1_IA5STRING, out) || out->n == 0)
		return false;
	for (size_t i = 0; i < out->n; i++)
		if (out->p[i] <= ' ' || out->p[i] > '~')
			return false;
	return true;
}

// INTEGER (2..MAX); what no 15 digits can reach counts as all of them.
static bool count_take(struct str *rest, uint64_t *out)
{
	struct str v;

	if (!take(rest, V_ASN1_UNIVERSAL, V_ASN1_INTEGER, &v) || v.n == 0 || (v.p[0] & 0x80) != 0)
		return false;
	*out = 0;
	for (size_t i = 0; i < v.n; i++)
		*out = *out > UINT64_MAX >> 9 ? UINT64_MAX >> 1 : *out << 8 | (uint8_t)v.p[i];
	return *out >= 2;
}

static bool range_take(struct str *rest, struct tn_auth_entry *out)
{
	struct str range;
	uint64_t first;

	// What a later version may add stands behind the two.
	return take(rest, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &range) &&
		number_take(&range, &out->text) && count_take(&range, &out->count) &&
		str_to_u64(out->text, UINT64_MAX, &first);
}

bool tn_auth_next(struct str *rest, struct tn_auth_entry *out)
{
	struct str entry;
	bool ok;

	if (take(rest, V_ASN1_CONTEXT_SPECIFIC, TN_AUTH_SPC, &entry)) {
		out->kind = TN_AUTH_SPC;
		ok = code_take(&entry, &out->text);
	} else if (take(rest, V_ASN1_CONTEXT_SPECIFIC, TN_AUTH_RANGE, &entry)) {
		out->kind = TN_AUTH_RANGE;
		ok = range_take(&entry, out);
	} else if (take(rest, V_ASN1_CONTEXT_SPECIFIC, TN_AUTH_NUMBER, &entry)) {
		out->kind = TN_AUTH_NUMBER;
		ok = number_take(&entry, &out->text);
	} else {
		return false;
	}
	return ok && entry.n == 0;
}

struct str tn_auth_list(struct str extension)
{
	struct str list, rest;
	struct tn_auth_entry e;

	if (!take(&extension, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &list) || extension.n > 0)
		return STR_LIT("");
	rest = list;
	while (tn_auth_next(&rest, &e))
		;
	return rest.n == 0 ? list : STR_LIT("");
}

// A range holds numbers of its first one's length.
static bool covers(const struct tn_auth_entry *e, struct str number)
{
	uint64_t first, n;

	switch (e->kind) {
	case TN_AUTH_SPC:
		return true;
	case TN_AUTH_NUMBER:
		return str_eq(e->text, number);
	default:
		return number.n == e->text.n && str_to_u64(e->text, UINT64_MAX, &first) &&
			str_to_u64(number, UINT64_MAX, &n) && n >= first && n - first < e->count;
	}
}

bool tn_auth_covers(struct str extension, struct str number)
{
	struct str rest = tn_auth_list(extension);
	struct tn_auth_entry e;

	while (number.n > 0 && tn_auth_next(&rest, &e))
		if (covers(&e, number))
			return true;
	return false;
}
