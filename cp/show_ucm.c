// SPDX-License-Identifier: BSD-3-Clause
// What `show uc-ime ucm` and `show uc-ime limits` answer: who of the call managers lives, and what
// is admitted; see show_ime.h.
#include "cp/show_ime.h"

#include "cp/domains.h"
#include "cp/ime.h"
#include "cp/ucm.h"

#define S_NS 1000000000ull

struct visit {
	const struct show *s;
	cJSON *list;
};

static void visit_ucm(const struct ucm_info *u, void *arg)
{
	struct visit *v = arg;
	uint64_t now_ns = v->s->mono_ns();
	cJSON *j = cJSON_CreateObject();
	char ip[IP_TEXT_MAX];

	cJSON_AddStringToObject(j, "address", ip_format(&u->at.ip, ip));
	show_u64(j, "port", u->at.port);
	cJSON_AddStringToObject(j, "trunk_security_mode", u->secure ? "secure" : "nonsecure");
	cJSON_AddStringToObject(j, "state", ucm_state_name(u->state));
	show_u64(j, "state_s", (now_ns - u->since_ns) / S_NS);
	if (u->heard_ns != 0) {
		show_u64(j, "answered_s", (now_ns - u->heard_ns) / S_NS);
		show_u64(j, "answer_ms", u->answer_ms);
	}
	show_str(j, "text", str_from(u->text));
	cJSON_AddItemToArray(v->list, j);
}

cJSON *show_ucm(const struct show *s, const struct ask *ask)
{
	struct visit v = {.s = s, .list = cJSON_CreateArray()};

	ucms_foreach(ime_ucms(s->ime), visit_ucm, &v);
	return v.list;
}

static void visit_domain(const struct domain *d, void *arg)
{
	struct visit *v = arg;
	cJSON *j = cJSON_CreateObject();

	show_str(j, "domain", str_from(d->name));
	show_u64(j, "calls", d->calls);
	cJSON_AddItemToArray(v->list, j);
}

cJSON *show_limits(const struct show *s, const struct ask *ask)
{
	struct ime_limit l[IME_LIMITS];
	cJSON *j = cJSON_CreateObject();
	struct visit v = {.s = s};

	ime_limits(s->ime, l);
	v.list = cJSON_AddArrayToObject(j, "limits");
	for (size_t i = 0; i < IME_LIMITS; i++) {
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "name", l[i].name);
		show_u64(row, "in_use", l[i].in_use);
		show_u64(row, "max", l[i].max);
		show_u64(row, "refused", l[i].refused);
		cJSON_AddStringToObject(row, "counter", l[i].counter);
		cJSON_AddItemToArray(v.list, row);
	}
	v.list = cJSON_AddArrayToObject(j, "domains");
	domains_foreach(ime_domains(s->ime), visit_domain, &v);
	return j;
}
