// SPDX-License-Identifier: BSD-3-Clause
// Reads the entries of access lists, and makes rules of them; see lib/ace_text.h. Called by config/.
#include "lib/ace_text.h"

#define ADDRESS_EXPECTED "any, any4, host A, A MASK, A/LENGTH, object NAME or object-group NAME"

static bool parse_name(struct words *w, struct str *name)
{
	*name = words_next(w);
	return name->n > 0 || words_fail(w, *name, "a name");
}

// `object NAME` or `object-group NAME`, if it is one: else ACE_LITERAL, and nothing is passed over.
static bool parse_ref(struct words *w, enum ace_ref *ref, struct str *name)
{
	*ref = ACE_LITERAL;
	if (words_take(w, "object"))
		*ref = ACE_OBJECT;
	else if (words_take(w, "object-group"))
		*ref = ACE_GROUP;
	return *ref == ACE_LITERAL || parse_name(w, name);
}

static bool parse_address(struct words *w, struct ace_address *out)
{
	if (str_caseeq(words_peek(w), STR_LIT("interface")))
		return words_fail(w, words_peek(w), ADDRESS_EXPECTED);
	if (!parse_ref(w, &out->ref, &out->name))
		return false;
	return out->ref != ACE_LITERAL || words_address(w, ADDRESS_EXPECTED, &out->prefix);
}

static bool at_port_group(const struct words *w, const struct ace_groups *groups)
{
	struct words after = *w;

	if (groups == NULL || !words_take(&after, "object-group"))
		return false;
	return groups->kind(groups->arg, words_next(&after)) == ACE_GROUP_PORTS;
}

// Absent is any port.
static bool parse_ports(struct words *w, const struct ace_groups *groups, const struct ace_text *a,
	struct ace_ports *out)
{
	struct str word = words_peek(w);
	bool group = at_port_group(w, groups);

	out->set = PORT_SET_ANY;
	if (!group && !words_at_ports(w))
		return true;
	if (a->ref == ACE_OBJECT)
		return words_fail(w, word, "no ports: the service object has its own");
	if (a->ref == ACE_LITERAL && !proto_has_ports(a->proto))
		return words_fail(w, word, "no ports: only tcp and udp have them");
	return group ? parse_ref(w, &out->ref, &out->name) : words_ports(w, &out->set);
}

static bool parse_service(struct words *w, struct ace_text *a)
{
	if (!parse_ref(w, &a->ref, &a->service))
		return false;
	return a->ref != ACE_LITERAL || words_protocol(w, &a->proto);
}

static bool parse_icmp(struct words *w, struct ace_text *a)
{
	struct service s = {PROTO_ICMP, PORT_SET_ANY, PORT_SET_ANY};

	if (str_caseeq(words_peek(w), STR_LIT("object-group")))
		return parse_ref(w, &a->sport.ref, &a->sport.name);
	if (!words_icmp(w, &s))
		return false;
	a->sport.set = s.src;
	a->dport.set = s.dst;
	return true;
}

static bool parse_remark(struct words *w, struct ace_text *out)
{
	struct str text = str_trim(w->rest);

	if (text.n == 0)
		return words_fail(w, text, "the text of the remark");
	*out = (struct ace_text){.remark = text};
	return true;
}

static bool parse_level(struct words *w, uint8_t *level)
{
	static const char *const names[] = {"emergencies", "alerts", "critical", "errors",
		"warnings", "notifications", "informational", "debugging"};
	uint64_t number;

	for (uint8_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (words_take(w, names[i])) {
			*level = i;
			return true;
		}
	if (!str_to_u64(words_peek(w), UINT64_MAX, &number))
		return true; // none is given
	if (number > 7)
		return words_fail(w, words_peek(w), "a level from 0 to 7");
	*level = (uint8_t)number;
	words_next(w);
	return true;
}

// [log [LEVEL] [interval SECONDS] | log disable | log default]
static bool parse_log(struct words *w, struct ace_text *a)
{
	uint64_t s;

	if (!words_take(w, "log") || words_take(w, "default"))
		return true;
	if (words_take(w, "disable")) {
		a->log = ACE_LOG_OFF;
		return true;
	}
	a->log = ACE_LOG_FLOWS;
	a->log_level = ACE_LOG_LEVEL;
	a->log_interval_s = ACE_LOG_INTERVAL_S;
	if (!parse_level(w, &a->log_level))
		return false;
	if (!words_take(w, "interval"))
		return true;
	if (!str_to_u64(words_peek(w), ACE_LOG_INTERVAL_MAX_S, &s) || s == 0)
		return words_fail(w, words_peek(w), "seconds from 1 to 600");
	a->log_interval_s = (uint16_t)s;
	words_next(w);
	return true;
}

bool ace_text_parse(struct str text, const struct ace_groups *groups, struct ace_text *out,
	char *err, size_t err_size)
{
	struct words w = {text, err, err_size};
	struct ace_text a = {0};

	if (words_take(&w, "remark"))
		return parse_remark(&w, out);
	words_take(&w, "extended");
	a.permit = words_take(&w, "permit");
	if (!a.permit && !words_take(&w, "deny"))
		return words_fail(&w, words_peek(&w), "permit, deny or remark");
	if (!parse_service(&w, &a) || !parse_address(&w, &a.src) ||
		!parse_ports(&w, groups, &a, &a.sport) || !parse_address(&w, &a.dst) ||
		!parse_ports(&w, groups, &a, &a.dport))
		return false;
	if (a.ref == ACE_LITERAL && a.proto == PROTO_ICMP && !parse_icmp(&w, &a))
		return false;
	if (!parse_log(&w, &a))
		return false;
	if (words_take(&w, "time-range"))
		return words_fail(&w, STR_LIT("time-range"),
			"no time range, which callgate does not support: inactive in its place, "
			"while it is not to hold, and config reload");
	a.inactive = words_take(&w, "inactive");
	if (!words_end(&w))
		return false;
	*out = a;
	return true;
}

// The first object that an entry names; empty: none.
static struct str named(const struct ace_text *t)
{
	const struct str names[] = {
		t->service, t->src.name, t->sport.name, t->dst.name, t->dport.name};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].n > 0)
			return names[i];
	return (struct str){NULL, 0};
}

bool ace_parse(struct str text, struct ace *out, char *err, size_t err_size)
{
	struct words w = {text, err, err_size};
	struct ace_service terms[4];
	struct ace_text t;
	struct service s;

	if (!ace_text_parse(text, NULL, &t, err, err_size))
		return false;
	if (t.remark.n > 0)
		return words_fail(&w, STR_LIT("a remark"), "permit or deny");
	if (t.inactive)
		return words_fail(&w, STR_LIT("inactive"), "an entry that is in force");
	if (named(&t).n > 0)
		return words_fail(&w, named(&t), "no name of an object: there are none here");
	s = (struct service){t.proto, t.sport.set, t.dport.set};
	if (service_terms(&s, terms) != 1)
		return words_fail(&w, STR_LIT("neq"), "eq, range, lt or gt");
	*out = (struct ace){
		.permit = t.permit,
		.log = t.log,
		.proto = t.proto,
		.src = t.src.prefix,
		.dst = t.dst.prefix,
		.sport = terms[0].sport,
		.dport = terms[0].dport,
	};
	return true;
}

size_t service_terms(const struct service *s, struct ace_service out[static 4])
{
	size_t n = 0;

	for (uint8_t i = 0; i < s->src.n; i++)
		for (uint8_t k = 0; k < s->dst.n; k++)
			out[n++] = (struct ace_service){s->proto, s->src.range[i], s->dst.range[k]};
	return n;
}

size_t ace_count(const struct ace_parts *p)
{
	size_t n;

	if (p->n_services == 0 || p->n_srcs == 0 || p->n_dsts == 0)
		return 0;
	if (__builtin_mul_overflow(p->n_services, p->n_srcs, &n) ||
		__builtin_mul_overflow(n, p->n_dsts, &n))
		return SIZE_MAX;
	return n;
}

void ace_expand(const struct ace_parts *p, const struct ace *like, struct ace *out)
{
	for (size_t s = 0; s < p->n_services; s++) {
		const struct ace_service *x = &p->services[s];

		for (size_t i = 0; i < p->n_srcs; i++) {
			for (size_t k = 0; k < p->n_dsts; k++, out++) {
				*out = *like;
				out->proto = x->proto;
				out->sport = x->sport;
				out->dport = x->dport;
				out->src = p->srcs[i];
				out->dst = p->dsts[k];
			}
		}
	}
}
