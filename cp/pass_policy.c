// SPDX-License-Identifier: BSD-3-Clause
#include "cp/pass_policy.h"

#include "cp/log.h"
#include "cp/media_why.h"

static struct policymap *map_of(const struct trunk *t)
{
	return policymap_of(t->ime->policymaps, t->class);
}

const struct config_sip_map *pass_policy_config(const struct trunk *t)
{
	return policymap_config(map_of(t));
}

// Good until the next message.
static const char *rule_text(const struct trunk *t, const struct policy_rule *rule)
{
	static char text[2 * CONFIG_SIP_NAME_MAX + 96];

	snprintf(text, sizeof(text), "policy-map %s, %s", pass_policy_config(t)->name, rule->text);
	return text;
}

static void log_rule(const struct pass *p, const struct policy_rule *rule)
{
	const struct endpoint *peer = &p->t->peer[p->from];

	log_event_from(SIP_LOGGED, &peer->ip, log_text("rule", rule_text(p->t, rule)),
		log_endpoint("peer", peer), log_text("side", side_name(p->from)),
		p->m->request ? log_str("request", p->m->method_name)
			      : log_u64("response", p->m->status),
		log_str("call_id", p->m->call_id));
}

const struct policy_rule *pass_policy(struct pass *p)
{
	struct policy_verdict v;

	policymap_judge(map_of(p->t), p->m, p->now_ns, &v);
	for (unsigned int i = 0; i < v.n_logs; i++)
		log_rule(p, v.logs[i]);
	if (v.refused != NULL) {
		p->reason = rule_text(p->t, v.refused);
		return v.refused;
	}
	p->mask = v.mask;
	p->strip |= (v.mask & POLICY_MASK_BODY) != 0;
	return NULL;
}

uint16_t pass_policy_status(const struct pass *p, const struct policy_rule *rule)
{
	switch (rule->act.action) {
	case SIP_ACT_DROP_CONNECTION:
	case SIP_ACT_RESET:
		return 0;
	case SIP_ACT_RATE_LIMIT: // whoever called in good faith is to try another way at once
		return rule->status;
	default:
		return pass_status(p, rule->status);
	}
}

void pass_policy_end(struct trunk *t, const struct policy_rule *rule)
{
	if (rule->act.action == SIP_ACT_DROP_CONNECTION)
		trunk_close_leg(t, t->accepted);
	else if (rule->act.action == SIP_ACT_RESET)
		trunk_reset(t);
}

static void violated(struct trunk *t, enum config_sip_param param)
{
	const struct policy_rule *rule = policymap_violated(map_of(t), param);

	if (rule == NULL)
		return;
	if (rule->act.log)
		log_event_from(SIP_LOGGED, &t->peer[SIDE_OUTSIDE].ip,
			log_text("rule", rule_text(t, rule)), log_u64("trunk", t->id));
	pass_policy_end(t, rule);
}

void pass_policy_malformed(struct trunk *t)
{
	violated(t, SIP_PARAM_STRICT_HEADER);
}

void pass_policy_state(struct trunk *t, enum counter_id why)
{
	switch (why) {
	case CNT_NO_DIALOG:
	case CNT_DIALOG_UNKNOWN:
	case CNT_CANCEL_UNKNOWN:
	case CNT_ACK_UNKNOWN:
	case CNT_RESPONSE_UNKNOWN:
	case CNT_SDP_UNEXPECTED:
		violated(t, SIP_PARAM_STATE_CHECKING);
		break;
	default:
		break;
	}
}
