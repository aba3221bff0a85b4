// SPDX-License-Identifier: BSD-3-Clause
// policy-maps of type inspect sip (protocol.md section 12): parameters, and entries with their
// actions. Called from config/policy.c.
#include "config/schema.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define RATE_MAX 100000

const char *const config_sip_param_names[SIP_PARAMS] = {
	[SIP_PARAM_MAX_FORWARDS] = "max-forwards-validation",
	[SIP_PARAM_SOFTWARE_VERSION] = "software-version",
	[SIP_PARAM_STATE_CHECKING] = "state-checking",
	[SIP_PARAM_STRICT_HEADER] = "strict-header-validation",
	[SIP_PARAM_URI_NON_SIP] = "uri-non-sip",
};

const struct config_sip_map config_sip_map_default = {
	.name = "_default_sip_map",
	.im = true,
	.params[SIP_PARAM_MAX_FORWARDS] = {.on = true, .action = SIP_ACT_DROP},
};

// ---- Actions -----------------------------------------------------------------------------------

static const char *const actions[] = {
	[SIP_ACT_DROP] = "drop",
	[SIP_ACT_DROP_CONNECTION] = "drop-connection",
	[SIP_ACT_RESET] = "reset",
	[SIP_ACT_MASK] = "mask",
	[SIP_ACT_RATE_LIMIT] = "rate-limit",
};

#define ALLOW(a)     (1u << SIP_ACT_##a)
#define ALLOW_REFUSE (ALLOW(DROP) | ALLOW(DROP_CONNECTION) | ALLOW(RESET))

const char *config_sip_do_text(const struct config_sip_do *d, char buf[CONFIG_SIP_DO_MAX])
{
	const char *log = d->action == SIP_ACT_NONE ? "log" : d->log ? " log" : "";

	if (d->action == SIP_ACT_RATE_LIMIT)
		snprintf(buf, CONFIG_SIP_DO_MAX, "rate-limit %u%s", d->rate, log);
	else
		snprintf(buf, CONFIG_SIP_DO_MAX, "%s%s",
			d->action == SIP_ACT_NONE ? "" : actions[d->action], log);
	return buf;
}

static void fault_action(struct loader *l, const struct node *n, unsigned int allowed)
{
	char expected[128] = "";
	size_t used = 0;

	for (unsigned int a = SIP_ACT_DROP; a < COUNT(actions); a++) {
		if ((allowed & 1u << a) == 0)
			continue;
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%s, ",
			actions[a], a == SIP_ACT_RATE_LIMIT ? " 1..100000" : "");
	}
	snprintf(
		expected + used, sizeof(expected) - used, "each with or without log, or log alone");
	fault_expected(l, n, expected);
}

// "drop log", "log", "rate-limit 5": what the manual lets stand in this place.
static void read_do(
	struct loader *l, const struct node *n, unsigned int allowed, struct config_sip_do *d)
{
	struct str rest = n->text, w;
	uint64_t rate = 0;
	bool ok = true;

	if (!want_scalar(l, n, "an action"))
		return;
	w = word_next(&rest);
	for (unsigned int a = SIP_ACT_DROP; a < COUNT(actions); a++) {
		if ((allowed & 1u << a) == 0 || !str_eq(w, str_from(actions[a])))
			continue;
		d->action = (enum config_sip_action)a;
		if (a == SIP_ACT_RATE_LIMIT)
			ok = str_to_u64(word_next(&rest), RATE_MAX, &rate) && rate > 0;
		w = word_next(&rest);
		break;
	}
	d->on = true;
	d->rate = (uint32_t)rate;
	d->log = str_eq(w, STR_LIT("log"));
	ok = ok && (d->log || (w.n == 0 && d->action != SIP_ACT_NONE));
	if (!ok || word_next(&rest).n > 0)
		fault_action(l, n, allowed);
}

// ---- policy-map type inspect sip ---------------------------------------------------------------

static void read_type(struct loader *l, const struct node *n, void *obj)
{
} // judged before

static void read_flag(struct loader *l, const struct node *n, bool *out)
{
	static const struct field flag = {.kind = FIELD_BOOL};

	read_field(l, n, &flag, out);
}

static void read_im(struct loader *l, const struct node *n, void *obj)
{
	read_flag(l, n, &((struct config_sip_map *)obj)->im);
}

static void read_privacy(struct loader *l, const struct node *n, void *obj)
{
	read_flag(l, n, &((struct config_sip_map *)obj)->ip_address_privacy);
}

// RTP-5 is checked in any case: there is nothing to turn on, and nothing may be turned off.
static void read_rtp(struct loader *l, const struct node *n, void *obj)
{
	static const char expected[] =
		"on or enforce-payloadtype: RTP is checked in any case (RTP-5)";

	if (!want_scalar(l, n, expected))
		return;
	if (str_eq(n->text, STR_LIT("enforce-payloadtype")))
		((struct config_sip_map *)obj)->enforce_payloadtype = true;
	else if (!str_eq(n->text, STR_LIT("on")))
		fault_expected(l, n, expected);
}

static void read_traffic(struct loader *l, const struct node *n, void *obj)
{
	bool on = false;

	read_flag(l, n, &on);
	if (on)
		fault_expected(l, n, "off: what is no SIP never passes this proxy");
}

struct param_slot {
	struct config_sip_do *act;
	unsigned int allowed;
};

static void read_param_action(struct loader *l, const struct node *n, void *obj)
{
	const struct param_slot *slot = obj;

	read_do(l, n, slot->allowed, slot->act);
}

static void read_param(struct loader *l, const struct node *n, struct config_sip_map *map,
	enum config_sip_param param, unsigned int allowed)
{
	static const struct field fields[] = {
		{"action", .kind = FIELD_READ, .required = true, .read = read_param_action},
	};
	struct param_slot slot = {&map->params[param], allowed};

	*slot.act = (struct config_sip_do){0};
	read_map(l, n, fields, COUNT(fields), &slot);
}

static void read_max_forwards(struct loader *l, const struct node *n, void *obj)
{
	read_param(l, n, obj, SIP_PARAM_MAX_FORWARDS, ALLOW_REFUSE);
}

static void read_software(struct loader *l, const struct node *n, void *obj)
{
	read_param(l, n, obj, SIP_PARAM_SOFTWARE_VERSION, ALLOW(MASK));
}

static void read_state(struct loader *l, const struct node *n, void *obj)
{
	read_param(l, n, obj, SIP_PARAM_STATE_CHECKING, ALLOW_REFUSE);
}

static void read_strict(struct loader *l, const struct node *n, void *obj)
{
	read_param(l, n, obj, SIP_PARAM_STRICT_HEADER, ALLOW_REFUSE);
}

static void read_uri_non_sip(struct loader *l, const struct node *n, void *obj)
{
	read_param(l, n, obj, SIP_PARAM_URI_NON_SIP, ALLOW(MASK));
}

static void read_parameters(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"im", .kind = FIELD_READ, .read = read_im},
		{"ip-address-privacy", .kind = FIELD_READ, .read = read_privacy},
		{"max-forwards-validation", .kind = FIELD_READ, .read = read_max_forwards},
		{"rtp-conformance", .kind = FIELD_READ, .read = read_rtp},
		{"software-version", .kind = FIELD_READ, .read = read_software},
		{"state-checking", .kind = FIELD_READ, .read = read_state},
		{"strict-header-validation", .kind = FIELD_READ, .read = read_strict},
		{"traffic-non-sip", .kind = FIELD_READ, .read = read_traffic},
		{"uri-non-sip", .kind = FIELD_READ, .read = read_uri_non_sip},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

// ---- Entries -----------------------------------------------------------------------------------

// Where a rate is no matter of the message but of its method, and where there is something that can
// be taken out and leave a message (the manual: "not all options are available for each match").
static unsigned int allowed_match(const struct config_sip_match *m)
{
	if (m->kind == SIP_MATCH_REQUEST_METHOD)
		return ALLOW_REFUSE | ALLOW(RATE_LIMIT);
	if (m->kind == SIP_MATCH_CONTENT_TYPE && !m->negate)
		return ALLOW_REFUSE | ALLOW(MASK);
	return ALLOW_REFUSE;
}

static unsigned int allowed_class(const struct config_sip_class *x)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->matches[i].kind == SIP_MATCH_REQUEST_METHOD)
			return ALLOW_REFUSE | ALLOW(RATE_LIMIT);
	return ALLOW_REFUSE;
}

static unsigned int read_entry_what(
	struct loader *l, const struct node *n, struct config_sip_entry *e)
{
	if (!str_eq(n->key, STR_LIT("class"))) {
		read_sip_match(l, n, "class, ", &e->match);
		return allowed_match(&e->match);
	}
	e->class = read_named(l, n, l->c->sip_classes, sizeof(*l->c->sip_classes),
		l->c->n_sip_classes, "the name of a class-map of type inspect sip");
	return e->class < 0 ? ~0u : allowed_class(&l->c->sip_classes[e->class]);
}

static void read_entry(struct loader *l, const struct node *n, struct config_sip_entry *e)
{
	const struct node *action = node_get(n, "action"), *what = NULL;
	unsigned int allowed;

	e->class = -1;
	if (!want_map(l, n))
		return;
	for (const struct node *c = n->children; c != NULL; c = c->next)
		if (c != action)
			what = c;
	if (action == NULL || what == NULL || n->n != 2) {
		fault(l, n, "found %zu keys, expected two: a match or class, and action", n->n);
		return;
	}
	allowed = read_entry_what(l, what, e);
	read_do(l, action, allowed, &e->act);
}

static size_t matches_of(const struct loader *l, const struct config_sip_map *map)
{
	size_t n = 0;

	for (size_t i = 0; i < map->n; i++)
		n += map->entries[i].class < 0 ? 1 : l->c->sip_classes[map->entries[i].class].n;
	return n;
}

static void read_entries(struct loader *l, const struct node *n, void *obj)
{
	struct config_sip_map *map = obj;
	size_t i = 0;

	if (!want_list(l, n) ||
		!read_array(l, n, sizeof(*map->entries), (void **)&map->entries, &map->n))
		return;
	for (const struct node *x = n->children; x != NULL; x = x->next, i++)
		read_entry(l, x, &map->entries[i]);
	if (matches_of(l, map) > CONFIG_SIP_MATCHES_MAX)
		fault(l, n, "found %zu matches, those of classes included, expected at most %d",
			matches_of(l, map), CONFIG_SIP_MATCHES_MAX);
}

void read_sip_map(struct loader *l, const struct node *n, struct config_sip_map *map)
{
	static const struct field fields[] = {
		{"type", .kind = FIELD_READ, .read = read_type},
		{"description", .kind = FIELD_NOTE},
		{"parameters", .kind = FIELD_READ, .read = read_parameters},
		{"match", .kind = FIELD_READ, .read = read_entries},
	};

	*map = config_sip_map_default;
	read_entry_name(l, n, map->name, sizeof(map->name));
	read_map(l, n, fields, COUNT(fields), map);
}

void sip_maps_free(struct config *c)
{
	for (size_t i = 0; i < c->n_regex_classes; i++)
		free(c->regex_classes[i].list);
	for (size_t i = 0; i < c->n_sip_classes; i++)
		free(c->sip_classes[i].matches);
	for (size_t i = 0; i < c->n_sip_maps; i++)
		free(c->sip_maps[i].entries);
	free(c->regexes);
	free(c->regex_classes);
	free(c->sip_classes);
	free(c->sip_maps);
}
