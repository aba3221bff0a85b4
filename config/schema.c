// SPDX-License-Identifier: BSD-3-Clause
// The reader that follows the tables; see config/schema.h. The sections' own files use it.
#include "config/schema.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>

__attribute__((format(printf, 3, 0))) static void tell(
	struct config_errors *to, const struct node *n, const char *fmt, va_list ap)
{
	char text[256], key[FOUND_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	errors_add(to, n->at, "%s: %s", found_text(n->key, key), text);
}

void fault(struct loader *l, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	if (n->kind == NODE_BAD)
		return;
	va_start(ap, fmt);
	tell(l->errs, n, fmt, ap);
	va_end(ap);
}

void warn(struct loader *l, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(&l->c->warnings, n, fmt, ap);
	va_end(ap);
}

void fault_expected(struct loader *l, const struct node *n, const char *expected)
{
	char found[FOUND_MAX];

	fault(l, n, "found %s, expected %s", found_node(n, found), expected);
}

static bool want(struct loader *l, const struct node *n, enum node_kind kind, const char *expected)
{
	if (n->kind != kind)
		fault_expected(l, n, expected);
	return n->kind == kind;
}

bool want_map(struct loader *l, const struct node *n)
{
	return want(l, n, NODE_MAP, "a mapping");
}

bool want_list(struct loader *l, const struct node *n)
{
	return want(l, n, NODE_LIST, "a list");
}

bool want_scalar(struct loader *l, const struct node *n, const char *expected)
{
	return want(l, n, NODE_SCALAR, expected);
}

bool read_array(struct loader *l, const struct node *n, size_t size, void **array, size_t *count)
{
	*count = 0;
	if (n->n == 0)
		return false;
	*array = calloc(n->n, size);
	if (*array == NULL) {
		l->no_memory = true;
		return false;
	}
	*count = n->n;
	return true;
}

int read_ref(struct loader *l, const struct node *n, const struct node *section, const char *what)
{
	char found[FOUND_MAX], hint[SUGGESTION_MAX];
	struct suggestion s = {.word = n->text};
	int index;

	if (!want_scalar(l, n, "a name"))
		return -1;
	index = node_index(section, n->text);
	if (index >= 0)
		return index;
	if (section != NULL && section->kind == NODE_MAP)
		for (const struct node *c = section->children; c != NULL; c = c->next)
			suggestion_offer(&s, c->key);
	fault(l, n, "found %s, expected %s%s", found_node(n, found), what,
		suggestion_text(&s, hint));
	return -1;
}

int read_named(struct loader *l, const struct node *n, const void *array, size_t size, size_t count,
	const char *what)
{
	char found[FOUND_MAX], hint[SUGGESTION_MAX];
	struct suggestion s = {.word = n->text};

	if (!want_scalar(l, n, what))
		return -1;
	for (size_t i = 0; i < count; i++) {
		const char *name = (const char *)array + i * size;

		if (str_eq(n->text, str_from(name)))
			return (int)i;
		suggestion_offer(&s, str_from(name));
	}
	fault(l, n, "found %s, expected %s%s", found_node(n, found), what,
		suggestion_text(&s, hint));
	return -1;
}

int read_iface(struct loader *l, const struct node *n)
{
	int i = read_ref(l, n, node_get(l->root, "interfaces"), "the name of an interface");

	return i < (int)l->c->n_ifaces ? i : -1;
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '-' && c != '_' && c != '.')
			return false;
	}
	return s.n > 0;
}

void read_entry_name(struct loader *l, const struct node *n, char *buf, size_t size)
{
	char found[FOUND_MAX];

	if (!is_name(n->key) || !str_copy(n->key, buf, size))
		errors_add(l->errs, n->key_at,
			"found the name %s, expected 1 to %zu letters, digits or - _ .",
			found_text(n->key, found), size - 1);
}

bool read_host(struct loader *l, const struct node *n, struct ip_addr *out)
{
	struct ip_addr ip;
	uint32_t first;

	if (!want_scalar(l, n, "an IPv4 address"))
		return false;
	if (!ip_parse(n->text, &ip)) {
		fault_expected(l, n, "an IPv4 address");
		return false;
	}
	if (!ip_is_v4(&ip)) {
		fault_expected(l, n, "an IPv4 address: IPv6 is not supported yet");
		return false;
	}
	first = ntohl(ip_to_v4_be(&ip)) >> 24;
	if (first == 0 || first == 127 || first >= 224) {
		fault_expected(l, n, "the address of a host");
		return false;
	}
	*out = ip;
	return true;
}

static void store_uint(void *obj, const struct field *f, uint64_t v)
{
	uint8_t *p = (uint8_t *)obj + f->offset;

	switch (f->size) {
	case 1:
		*p = (uint8_t)v;
		break;
	case 2:
		memcpy(p, &(uint16_t){(uint16_t)v}, 2);
		break;
	case 4:
		memcpy(p, &(uint32_t){(uint32_t)v}, 4);
		break;
	default:
		memcpy(p, &v, 8);
		break;
	}
}

static void read_uint(struct loader *l, const struct node *n, const struct field *f, void *obj)
{
	char expected[96];
	uint64_t v;

	snprintf(expected, sizeof(expected), "%s from %llu to %llu",
		f->expected != NULL ? f->expected : "a number", (unsigned long long)f->min,
		(unsigned long long)f->max);
	if (!want_scalar(l, n, expected))
		return;
	if (!str_to_u64(n->text, f->max, &v) || v < f->min)
		fault_expected(l, n, expected);
	else
		store_uint(obj, f, v);
}

static void read_bool(struct loader *l, const struct node *n, const struct field *f, void *obj)
{
	bool on = str_eq(n->text, STR_LIT("on")) || str_eq(n->text, STR_LIT("true")),
	     off = str_eq(n->text, STR_LIT("off")) || str_eq(n->text, STR_LIT("false"));

	if (!want_scalar(l, n, "on or off"))
		return;
	if (!on && !off)
		fault_expected(l, n, "on or off");
	else
		*(bool *)((uint8_t *)obj + f->offset) = on;
}

static void read_enum(struct loader *l, const struct node *n, const struct field *f, void *obj)
{
	char expected[160] = "";
	size_t used = 0;

	for (size_t i = 0; f->names[i] != NULL && used < sizeof(expected); i++) {
		if (n->kind == NODE_SCALAR && str_eq(n->text, str_from(f->names[i]))) {
			store_uint(obj, f, i);
			return;
		}
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%s",
			i == 0                            ? ""
				: f->names[i + 1] == NULL ? " or "
							  : ", ",
			f->names[i]);
	}
	fault_expected(l, n, expected);
}

// H:MM:SS, as the manual's `timeout` has it; 1:0:0 is as good.
static bool parse_time(struct str s, uint64_t *seconds)
{
	struct str h, m;
	uint64_t hv, mv, sv;

	s = str_split(s, ':', &h);
	s = str_split(s, ':', &m);
	if (!str_to_u64(h, 1193, &hv) || m.n > 2 || !str_to_u64(m, 59, &mv) || s.n > 2 ||
		!str_to_u64(s, 59, &sv))
		return false;
	*seconds = hv * 3600 + mv * 60 + sv;
	return true;
}

static void read_time(struct loader *l, const struct node *n, const struct field *f, void *obj)
{
	char expected[96];
	uint64_t v;

	snprintf(expected, sizeof(expected), "H:MM:SS from %u:%02u:%02u to %u:%02u:%02u",
		(unsigned int)(f->min / 3600), (unsigned int)(f->min / 60 % 60),
		(unsigned int)(f->min % 60), (unsigned int)(f->max / 3600),
		(unsigned int)(f->max / 60 % 60), (unsigned int)(f->max % 60));
	if (!want_scalar(l, n, expected))
		return;
	if (!parse_time(n->text, &v) || v < f->min || v > f->max)
		fault_expected(l, n, expected);
	else
		store_uint(obj, f, v);
}

static void read_text(struct loader *l, const struct node *n, const struct field *f, void *obj)
{
	char expected[128], *to = (char *)obj + f->offset;

	if (f->expected != NULL)
		snprintf(expected, sizeof(expected), "%s", f->expected);
	else
		snprintf(expected, sizeof(expected), "1 to %zu %s", f->size - 1,
			f->kind == FIELD_NAME ? "letters, digits or - _ ." : "characters");
	if (!want_scalar(l, n, expected))
		return;
	if (n->text.n == 0 || (f->kind == FIELD_NAME && !is_name(n->text)) ||
		!str_copy(n->text, to, f->size))
		fault_expected(l, n, expected);
}

static void read_path(struct loader *l, const struct node *n, const struct field *f, void *obj)
{
	char *to = (char *)obj + f->offset;
	int len;

	if (!want_scalar(l, n, "the name of a file"))
		return;
	if (n->text.n == 0) {
		fault_expected(l, n, "the name of a file");
		return;
	}
	if (n->text.p[0] == '/' || l->dir[0] == '\0')
		len = snprintf(to, f->size, "%.*s", STR_FMT(n->text));
	else
		len = snprintf(to, f->size, "%s/%.*s", l->dir, STR_FMT(n->text));
	if (len < 0 || (size_t)len >= f->size) {
		to[0] = '\0';
		fault(l, n, "found a path of %d octets, expected at most %zu", len, f->size - 1);
	}
}

void read_field(struct loader *l, const struct node *n, const struct field *f, void *obj)
{
	if (n->kind == NODE_BAD)
		return;
	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_NAME:
		read_text(l, n, f, obj);
		break;
	case FIELD_PATH:
		read_path(l, n, f, obj);
		break;
	case FIELD_NOTE:
		want_scalar(l, n, "a text");
		break;
	case FIELD_UINT:
		read_uint(l, n, f, obj);
		break;
	case FIELD_BOOL:
		read_bool(l, n, f, obj);
		break;
	case FIELD_ENUM:
		read_enum(l, n, f, obj);
		break;
	case FIELD_TIME:
		read_time(l, n, f, obj);
		break;
	case FIELD_HOST:
		read_host(l, n, (struct ip_addr *)(void *)((uint8_t *)obj + f->offset));
		break;
	case FIELD_READ:
		f->read(l, n, obj);
		break;
	case FIELD_REFUSED:
		errors_add(l->errs, n->key_at,
			"found the key %s, which is not supported yet, expected %s", f->key,
			f->expected);
		break;
	}
}

static void unknown_key(
	struct loader *l, const struct node *n, const struct field *fields, size_t count)
{
	struct suggestion s = {.word = n->key};
	char found[FOUND_MAX], hint[SUGGESTION_MAX], known[128] = "";
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (fields[i].kind == FIELD_REFUSED)
			continue;
		suggestion_offer(&s, str_from(fields[i].key));
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
				used == 0 ? "" : ", ", fields[i].key);
	}
	if (s.best.n > 0 || used >= sizeof(known))
		snprintf(known, sizeof(known), "a known key");
	errors_add(l->errs, n->key_at, "found the unknown key %s, expected %s%s",
		found_text(n->key, found), known, suggestion_text(&s, hint));
}

static bool key_is(const struct node *n, const struct field *f)
{
	return str_eq(n->key, str_from(f->key)) ||
		(f->alias != NULL && str_eq(n->key, str_from(f->alias)));
}

void read_map(
	struct loader *l, const struct node *n, const struct field *fields, size_t count, void *obj)
{
	if (!want_map(l, n))
		return;
	for (const struct node *c = n->children; c != NULL; c = c->next) {
		size_t i = 0;

		while (i < count && !key_is(c, &fields[i]))
			i++;
		if (i == count)
			unknown_key(l, c, fields, count);
	}
	for (size_t i = 0; i < count; i++) {
		const struct node *key = node_get(n, fields[i].key),
				  *alias = fields[i].alias ? node_get(n, fields[i].alias) : NULL;

		if (key != NULL && alias != NULL)
			errors_add(l->errs, alias->key_at,
				"%s: found beside %s, expected one of the two", fields[i].alias,
				fields[i].key);
		if (key == NULL)
			key = alias;
		if (key != NULL)
			read_field(l, key, &fields[i], obj);
		else if (fields[i].required)
			fault(l, n, "found no %s, expected one", fields[i].key);
	}
}
