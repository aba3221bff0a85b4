// SPDX-License-Identifier: BSD-3-Clause
// The matches of section 12, and class-maps of type inspect sip. A match reads as in the manual: its
// first words are the key, the rest is the value. Called from config/sip_map.c and config/policy.c.
#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

_Static_assert(CONFIG_SIP_NAME_MAX == CONFIG_NAME_MAX, "one length of names");

#define LENGTH_MAX 65536

struct str word_next(struct str *rest)
{
	struct str w;

	*rest = str_trim(*rest);
	*rest = str_split(*rest, ' ', &w);
	return w;
}

// "regex NAME" or "regex class NAME", from behind the word regex.
static void read_regex_ref(
	struct loader *l, const struct node *n, struct str rest, struct config_sip_match *m)
{
	struct node name = *n;
	struct str w = word_next(&rest);
	bool class = str_eq(w, STR_LIT("class"));

	if (class)
		w = word_next(&rest);
	if (w.n == 0 || word_next(&rest).n > 0) {
		fault_expected(l, n, "regex NAME or regex class NAME");
		return;
	}
	name.text = w;
	if (class)
		m->regex_class =
			read_named(l, &name, l->c->regex_classes, sizeof(*l->c->regex_classes),
				l->c->n_regex_classes, "the name of a class-map of type regex");
	else
		m->regex = read_ref(l, &name, node_get(l->root, "regex"), "the name of a regex");
}

static void read_regex_match(struct loader *l, const struct node *n, struct config_sip_match *m)
{
	struct str rest = n->text;

	if (!want_scalar(l, n, "regex NAME or regex class NAME"))
		return;
	if (!str_eq(word_next(&rest), STR_LIT("regex")))
		fault_expected(l, n, "regex NAME or regex class NAME");
	else
		read_regex_ref(l, n, rest, m);
}

// "gt N", and nothing behind it.
static bool read_gt(struct str rest, uint32_t *length)
{
	uint64_t v;

	if (!str_eq(word_next(&rest), STR_LIT("gt")) ||
		!str_to_u64(word_next(&rest), LENGTH_MAX, &v) || word_next(&rest).n > 0)
		return false;
	*length = (uint32_t)v;
	return true;
}

static void read_content(struct loader *l, const struct node *n, struct config_sip_match *m)
{
	struct str rest = n->text, w;

	if (!want_scalar(l, n, "length gt 0..65536, type sdp or type regex ..."))
		return;
	w = word_next(&rest);
	m->kind = SIP_MATCH_CONTENT_LENGTH;
	if (str_eq(w, STR_LIT("length")) && read_gt(rest, &m->length))
		return;
	if (str_eq(w, STR_LIT("type"))) {
		w = word_next(&rest);
		m->kind = SIP_MATCH_CONTENT_SDP;
		if (str_eq(w, STR_LIT("sdp")) && word_next(&rest).n == 0)
			return;
		m->kind = SIP_MATCH_CONTENT_TYPE;
		if (str_eq(w, STR_LIT("regex"))) {
			read_regex_ref(l, n, rest, m);
			return;
		}
	}
	fault_expected(l, n, "length gt 0..65536, type sdp or type regex ...");
}

static void read_method(struct loader *l, const struct node *n, struct config_sip_match *m)
{
	static const struct {
		const char *name;
		enum sip_method method;
	} methods[] = {
		{"ack", SIP_ACK},
		{"bye", SIP_BYE},
		{"cancel", SIP_CANCEL},
		{"info", SIP_INFO},
		{"invite", SIP_INVITE},
		{"message", SIP_MESSAGE},
		{"notify", SIP_NOTIFY},
		{"options", SIP_OPTIONS},
		{"prack", SIP_PRACK},
		{"publish", SIP_PUBLISH},
		{"refer", SIP_REFER},
		{"register", SIP_REGISTER},
		{"subscribe", SIP_SUBSCRIBE},
		{"update", SIP_UPDATE},
		{"unknown", SIP_UNKNOWN},
	};
	struct suggestion s = {.word = n->text};
	char found[FOUND_MAX], hint[SUGGESTION_MAX];

	if (!want_scalar(l, n, "a method"))
		return;
	for (size_t i = 0; i < COUNT(methods); i++) {
		if (str_caseeq(n->text, str_from(methods[i].name))) {
			m->method = methods[i].method;
			return;
		}
		suggestion_offer(&s, str_from(methods[i].name));
	}
	fault(l, n,
		"found %s, expected ack, bye, cancel, info, invite, message, notify, options, "
		"prack, "
		"publish, refer, register, subscribe, update or unknown%s",
		found_node(n, found), suggestion_text(&s, hint));
}

static void read_uri(struct loader *l, const struct node *n, struct config_sip_match *m)
{
	struct str rest = n->text, w;

	if (!want_scalar(l, n, "sip or tel, and length gt 0..65536"))
		return;
	w = word_next(&rest);
	m->tel = str_eq(w, STR_LIT("tel"));
	if ((!m->tel && !str_eq(w, STR_LIT("sip"))) ||
		!str_eq(word_next(&rest), STR_LIT("length")) || !read_gt(rest, &m->length))
		fault_expected(l, n, "sip or tel, and length gt 0..65536");
}

static const struct {
	const char *key;
	enum config_sip_kind kind; // of content: one of three
	void (*read)(struct loader *l, const struct node *n, struct config_sip_match *m);
} kinds[] = {
	{"called-party", SIP_MATCH_CALLED_PARTY, read_regex_match},
	{"calling-party", SIP_MATCH_CALLING_PARTY, read_regex_match},
	{"content", SIP_MATCH_CONTENT_LENGTH, read_content},
	{"im-subscriber", SIP_MATCH_IM_SUBSCRIBER, read_regex_match},
	{"message-path", SIP_MATCH_MESSAGE_PATH, read_regex_match},
	{"request-method", SIP_MATCH_REQUEST_METHOD, read_method},
	{"third-party-registration", SIP_MATCH_REGISTRATION, read_regex_match},
	{"uri", SIP_MATCH_URI_LENGTH, read_uri},
};

#define KINDS                                                                                      \
	"called-party, calling-party, content, im-subscriber, message-path, request-method, "      \
	"third-party-registration or uri, or not and one of these"

static void unknown_kind(struct loader *l, const struct node *n, struct str word, const char *also)
{
	struct suggestion s = {.word = word};
	char found[FOUND_MAX], hint[SUGGESTION_MAX];

	for (size_t i = 0; i < COUNT(kinds); i++)
		suggestion_offer(&s, str_from(kinds[i].key));
	errors_add(l->errs, n->key_at, "found the unknown key %s, expected %s" KINDS "%s",
		found_text(n->key, found), also, suggestion_text(&s, hint));
}

void read_sip_match(
	struct loader *l, const struct node *n, const char *also, struct config_sip_match *m)
{
	struct str word = n->key, rest = n->key;
	size_t i = 0;

	*m = (struct config_sip_match){.regex = -1, .regex_class = -1};
	if (str_eq(word_next(&rest), STR_LIT("not"))) {
		m->negate = true;
		word = str_trim(rest);
	}
	while (i < COUNT(kinds) && !str_eq(word, str_from(kinds[i].key)))
		i++;
	if (i == COUNT(kinds)) {
		unknown_kind(l, n, word, also);
		return;
	}
	m->kind = kinds[i].kind;
	kinds[i].read(l, n, m);
	snprintf(m->text, sizeof(m->text), "match %s%s %.*s", m->negate ? "not " : "", kinds[i].key,
		STR_FMT(n->text));
}

// ---- class-map type inspect sip ----------------------------------------------------------------

static void read_class_match(struct loader *l, const struct node *n, struct config_sip_match *m)
{
	if (!want_map(l, n))
		return;
	if (n->n != 1)
		fault(l, n, "found %zu keys, expected one match", n->n);
	else
		read_sip_match(l, n->children, "", m);
}

static void read_class_matches(struct loader *l, const struct node *n, void *obj)
{
	struct config_sip_class *x = obj;
	size_t i = 0;

	if (!want_list(l, n))
		return;
	if (n->n == 0 || n->n > CONFIG_SIP_MATCHES_MAX) {
		fault(l, n, "found %zu matches, expected 1 to %d", n->n, CONFIG_SIP_MATCHES_MAX);
		return;
	}
	if (!read_array(l, n, sizeof(*x->matches), (void **)&x->matches, &x->n))
		return;
	for (const struct node *m = n->children; m != NULL; m = m->next, i++)
		read_class_match(l, m, &x->matches[i]);
}

static void read_type(struct loader *l, const struct node *n, void *obj)
{
} // judged before

void read_sip_class(struct loader *l, const struct node *n, struct config_sip_class *x)
{
	static const struct field fields[] = {
		{"type", .kind = FIELD_READ, .read = read_type},
		{"match-any", .alias = "match-all", .kind = FIELD_READ, .required = true,
			.read = read_class_matches},
	};

	read_entry_name(l, n, x->name, sizeof(x->name));
	x->all = node_get(n, "match-all") != NULL;
	read_map(l, n, fields, COUNT(fields), x);
}
