// SPDX-License-Identifier: BSD-3-Clause
#include "cp/policymap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cp/policymap_check.h"
#include "cp/policymap_match.h"

// An entry of a map; its matches have the ids from `first`.
struct entry {
	const struct config_sip_match *matches;
	size_t n;
	bool all;
	unsigned int first;
	struct policy_rule rule;
};

// A parameter with an action, and `im`.
enum { PARAM_IM = SIP_PARAMS, PARAM_RULES };

// The expressions of a map, for all classes that it inspects.
struct compiled {
	bool done;
	struct regex_set *sets[SIP_MATCH_KINDS];
};

struct policymap {
	const struct config_sip_map *cfg;
	struct policymaps *all;
	struct compiled *compiled;
	struct policy_rule params[PARAM_RULES];
	struct entry *entries;
	uint64_t messages;
	char (*names)[CONFIG_SIP_NAME_MAX + 8]; // "class NAME", by entry
};

struct policymaps {
	const struct config *config;
	struct policymap *maps; // by class, as config.inspects
	size_t n;
	struct compiled *compiled; // as config.sip_maps, and the default's behind them
	size_t n_compiled;
	struct hs_scratch *scratch;
	char *plain;
	size_t plain_size;
};

// ---- Building ----------------------------------------------------------------------------------

static const struct {
	enum counter_id counter;
	uint16_t status;
} kinds[SIP_MATCH_KINDS] = {
	[SIP_MATCH_CALLED_PARTY] = {CNT_POLICY_CALLED_PARTY, 403},
	[SIP_MATCH_CALLING_PARTY] = {CNT_POLICY_CALLING_PARTY, 403},
	[SIP_MATCH_CONTENT_LENGTH] = {CNT_POLICY_CONTENT_LENGTH, 413},
	[SIP_MATCH_CONTENT_SDP] = {CNT_POLICY_CONTENT_TYPE, 415},
	[SIP_MATCH_CONTENT_TYPE] = {CNT_POLICY_CONTENT_TYPE, 415},
	[SIP_MATCH_IM_SUBSCRIBER] = {CNT_POLICY_IM_SUBSCRIBER, 403},
	[SIP_MATCH_MESSAGE_PATH] = {CNT_POLICY_MESSAGE_PATH, 403},
	[SIP_MATCH_REQUEST_METHOD] = {CNT_POLICY_REQUEST_METHOD, 403},
	[SIP_MATCH_REGISTRATION] = {CNT_POLICY_REGISTRATION, 403},
	[SIP_MATCH_URI_LENGTH] = {CNT_POLICY_URI_LENGTH, 414},
};

// The refusals of the others have counters of their own, which are moved whether there is a map or
// not.
static const struct {
	enum counter_id counter;
	uint16_t status;
} params[PARAM_RULES] = {
	[SIP_PARAM_MAX_FORWARDS] = {CNT_POLICY_MAX_FORWARDS, 483},
	[SIP_PARAM_STRICT_HEADER] = {CNT_POLICY_STRICT_HEADER, 400},
	[SIP_PARAM_SOFTWARE_VERSION] = {CNT_NONE, 0},
	[SIP_PARAM_STATE_CHECKING] = {CNT_NONE, 0},
	[SIP_PARAM_URI_NON_SIP] = {CNT_NONE, 0},
	[PARAM_IM] = {CNT_POLICY_IM, 403},
};

static void make_params(struct policymap *map)
{
	for (int i = 0; i < PARAM_RULES; i++) {
		struct policy_rule *r = &map->params[i];

		*r = (struct policy_rule){.text = i < SIP_PARAMS ? config_sip_param_names[i] : "im",
			.counter = params[i].counter,
			.status = params[i].status};
		if (i < SIP_PARAMS)
			r->act = map->cfg->params[i];
		else
			r->act =
				(struct config_sip_do){.on = !map->cfg->im, .action = SIP_ACT_DROP};
	}
}

static void make_entry(
	const struct config *c, const struct config_sip_entry *cfg, char *name, struct entry *e)
{
	e->matches = &cfg->match;
	e->n = 1;
	e->rule = (struct policy_rule){.text = cfg->match.text,
		.act = cfg->act,
		.counter = kinds[cfg->match.kind].counter,
		.status = kinds[cfg->match.kind].status};
	if (cfg->class >= 0) {
		const struct config_sip_class *x = &c->sip_classes[cfg->class];

		e->matches = x->matches;
		e->n = x->n;
		e->all = x->all;
		snprintf(name, CONFIG_SIP_NAME_MAX + 8, "class %s", x->name);
		e->rule.text = name;
		e->rule.counter = CNT_POLICY_CLASS;
		e->rule.status = 403;
	}
	if (cfg->act.action == SIP_ACT_RATE_LIMIT) {
		e->rule.rate = bucket_rate(cfg->act.rate, cfg->act.rate);
		e->rule.counter = CNT_POLICY_RATE;
		e->rule.status = 503;
	}
}

// The patterns of one kind's matches while they are collected.
struct patterns {
	const char **text;
	unsigned int *id;
	size_t n, max;
};

static bool patterns_add(struct patterns *p, const char *text, unsigned int id)
{
	if (p->n == p->max) {
		size_t max = 2 * p->max + 64;
		const char **text2 = realloc(p->text, max * sizeof(*text2));
		unsigned int *id2;

		if (text2 == NULL)
			return false;
		p->text = text2;
		id2 = realloc(p->id, max * sizeof(*id2));
		if (id2 == NULL)
			return false;
		p->id = id2;
		p->max = max;
	}
	p->text[p->n] = text;
	p->id[p->n++] = id;
	return true;
}

static bool collect_match(const struct config *c, const struct config_sip_match *m, unsigned int id,
	struct patterns *p)
{
	const struct config_regex_class *x;

	if (m->regex >= 0)
		return patterns_add(p, c->regexes[m->regex].pattern, id);
	if (m->regex_class < 0)
		return true;
	x = &c->regex_classes[m->regex_class];
	for (size_t i = 0; i < x->n; i++)
		if (!patterns_add(p, c->regexes[x->list[i]].pattern, id))
			return false;
	return true;
}

// All expressions of one kind are one set: a subject is searched once, however many there are.
static int make_set(
	const struct config *c, struct policymap *map, enum config_sip_kind kind, char *why)
{
	struct regex_set **set = &map->compiled->sets[kind];
	struct patterns p = {0};
	int err = 0;

	for (size_t i = 0; i < map->cfg->n && err == 0; i++) {
		const struct entry *e = &map->entries[i];

		for (size_t k = 0; k < e->n && err == 0; k++)
			if (e->matches[k].kind == kind &&
				!collect_match(c, &e->matches[k], e->first + (unsigned int)k, &p))
				err = -ENOMEM;
	}
	if (err == 0 && p.n > 0)
		err = regex_set_new(set, p.text, p.id, p.n, why);
	if (err == 0 && p.n > 0)
		err = regex_scratch_fit(&map->all->scratch, *set);
	free(p.text);
	free(p.id);
	return err;
}

static int compile(const struct config *c, struct policymap *map, char *why)
{
	int err = 0;

	for (int kind = 0; kind < SIP_MATCH_KINDS && !map->compiled->done && err == 0; kind++)
		err = make_set(c, map, (enum config_sip_kind)kind, why);
	map->compiled->done = true;
	return err;
}

static int make_map(struct policymaps *all, const struct config *c, size_t class, char *why)
{
	struct policymap *map = &all->maps[class];
	int index = c->inspects[class].sip_map;
	unsigned int id = 0;

	map->cfg = index >= 0 ? &c->sip_maps[index] : &config_sip_map_default;
	map->all = all;
	map->compiled = &all->compiled[index >= 0 ? (size_t)index : c->n_sip_maps];
	make_params(map);
	map->entries = calloc(map->cfg->n + 1, sizeof(*map->entries));
	map->names = calloc(map->cfg->n + 1, sizeof(*map->names));
	if (map->entries == NULL || map->names == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < map->cfg->n; i++) {
		make_entry(c, &map->cfg->entries[i], map->names[i], &map->entries[i]);
		map->entries[i].first = id;
		id += (unsigned int)map->entries[i].n;
	}
	return compile(c, map, why);
}

static int make_all(struct policymaps *p, const struct config *c, char *why)
{
	int err = 0;

	p->config = c;
	p->maps = calloc(c->n_inspects + 1, sizeof(*p->maps));
	p->n_compiled = c->n_sip_maps + 1;
	p->compiled = calloc(p->n_compiled, sizeof(*p->compiled));
	p->plain_size = c->sip_header_max;
	p->plain = malloc(p->plain_size);
	if (p->maps == NULL || p->compiled == NULL || p->plain == NULL)
		return -ENOMEM;
	for (; p->n < c->n_inspects && err == 0; p->n++)
		err = make_map(p, c, p->n, why);
	return err;
}

int policymaps_new(struct policymaps **out, const struct config *c, char *err, size_t err_size)
{
	struct policymaps *p = calloc(1, sizeof(*p));
	char why[REGEX_WHY_MAX] = "out of memory";
	int e = p != NULL ? make_all(p, c, why) : -ENOMEM;

	if (e == 0) {
		*out = p;
		return 0;
	}
	snprintf(err, err_size, "policy-map %s: %s",
		p != NULL && p->n > 0 ? p->maps[p->n - 1].cfg->name : "of type inspect sip", why);
	policymaps_free(p);
	return e;
}

void policymaps_free(struct policymaps *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++) {
		free(p->maps[i].entries);
		free(p->maps[i].names);
	}
	for (size_t i = 0; p->compiled != NULL && i < p->n_compiled; i++)
		for (int kind = 0; kind < SIP_MATCH_KINDS; kind++)
			regex_set_free(p->compiled[i].sets[kind]);
	regex_scratch_free(p->scratch);
	free(p->compiled);
	free(p->plain);
	free(p->maps);
	free(p);
}

void policymaps_move(struct policymaps *p, const struct config *c)
{
	p->config = c;
}

struct policymap *policymap_of(struct policymaps *p, const struct config_inspect *class)
{
	return &p->maps[class - p->config->inspects];
}

const struct config_sip_map *policymap_config(const struct policymap *map)
{
	return map->cfg;
}

// ---- Judging -----------------------------------------------------------------------------------

// The rule speaks of this message. True when that is the message's end.
static bool hit(struct policy_rule *r, uint64_t now_ns, struct policy_verdict *v)
{
	bool refuse = r->act.action == SIP_ACT_DROP || r->act.action == SIP_ACT_DROP_CONNECTION ||
		r->act.action == SIP_ACT_RESET;

	r->hits++;
	if (r->act.action == SIP_ACT_RATE_LIMIT)
		refuse = !bucket_take(&r->bucket, &r->rate, now_ns);
	if (refuse) {
		r->refused++;
		v->refused = r;
	} else if (r->act.log && r->act.action != SIP_ACT_RATE_LIMIT &&
		v->n_logs < POLICY_LOGS_MAX) {
		v->logs[v->n_logs++] = r;
	}
	return refuse;
}

// RFC 3261 11: an OPTIONS that may go no further asks the next hop, which we are not.
static bool hops_used_up(const struct sip_msg *m)
{
	return m->request && m->max_forwards == 0 && m->method != SIP_OPTIONS;
}

static bool param(
	struct policymap *map, int i, bool holds, uint64_t now_ns, struct policy_verdict *v)
{
	return map->params[i].act.on && holds && hit(&map->params[i], now_ns, v);
}

static bool judge_params(
	struct policymap *map, const struct sip_msg *m, uint64_t now_ns, struct policy_verdict *v)
{
	struct policy_rule *p = map->params;

	if (param(map, SIP_PARAM_MAX_FORWARDS, hops_used_up(m), now_ns, v) ||
		param(map, PARAM_IM, policymap_is_im(m), now_ns, v))
		return true;
	if (p[SIP_PARAM_STRICT_HEADER].act.on && !policymap_headers_ok(m) &&
		hit(&p[SIP_PARAM_STRICT_HEADER], now_ns, v))
		return true;
	if (p[SIP_PARAM_SOFTWARE_VERSION].act.on && policymap_names_software(m)) {
		hit(&p[SIP_PARAM_SOFTWARE_VERSION], now_ns, v);
		if (p[SIP_PARAM_SOFTWARE_VERSION].act.action == SIP_ACT_MASK)
			v->mask |= POLICY_MASK_SOFTWARE;
	}
	if (p[SIP_PARAM_URI_NON_SIP].act.on && policymap_has_uri_non_sip(m)) {
		hit(&p[SIP_PARAM_URI_NON_SIP], now_ns, v);
		if (p[SIP_PARAM_URI_NON_SIP].act.action == SIP_ACT_MASK)
			v->mask |= POLICY_MASK_URI;
	}
	return false;
}

static bool entry_holds(struct policy_look *look, const struct entry *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (policy_match(look, &e->matches[i], e->first + (unsigned int)i) != e->all)
			return !e->all;
	return e->all;
}

void policymap_judge(
	struct policymap *map, const struct sip_msg *m, uint64_t now_ns, struct policy_verdict *out)
{
	struct policy_look look = {.m = m,
		.sets = map->compiled->sets,
		.scratch = map->all->scratch,
		.plain = map->all->plain,
		.plain_size = map->all->plain_size};

	memset(out, 0, sizeof(*out));
	map->messages++;
	if (judge_params(map, m, now_ns, out))
		return;
	for (size_t i = 0; i < map->cfg->n; i++) {
		struct entry *e = &map->entries[i];

		if (!entry_holds(&look, e))
			continue;
		if (hit(&e->rule, now_ns, out))
			return;
		// A session description has a session's plan; the call is not to be lost with it.
		if (e->rule.act.action == SIP_ACT_MASK && !m->is_sdp)
			out->mask |= POLICY_MASK_BODY;
	}
}

struct policy_rule *policymap_violated(struct policymap *map, enum config_sip_param which)
{
	struct policy_rule *r = &map->params[which];

	if (!r->act.on)
		return NULL;
	r->hits++;
	r->refused++;
	return r;
}

// ---- Showing -----------------------------------------------------------------------------------

void policymap_foreach(const struct policymap *map, policy_visit_fn *fn, void *arg)
{
	for (int i = 0; i < PARAM_RULES; i++)
		if (map->params[i].act.on)
			fn(&map->params[i], arg);
	for (size_t i = 0; i < map->cfg->n; i++)
		fn(&map->entries[i].rule, arg);
}

uint64_t policymap_messages(const struct policymap *map)
{
	return map->messages;
}

static void rule_clear(struct policy_rule *r)
{
	r->hits = r->refused = 0;
}

void policymaps_clear(struct policymaps *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct policymap *map = &p->maps[i];

		map->messages = 0;
		for (int k = 0; k < PARAM_RULES; k++)
			rule_clear(&map->params[k]);
		for (size_t k = 0; k < map->cfg->n; k++)
			rule_clear(&map->entries[k].rule);
	}
}
