// SPDX-License-Identifier: BSD-3-Clause
// See config/renew.h. Sections are compared as they are written: what a section means cannot have
// changed while its words and those of the sections that it names stay.
#include "config/renew.h"

#include <string.h>

#include "config/node.h"

// CLI-4 asks the same of uc-ime and media-termination: they stay while they are inspected with.
static const char *const live[] = {"routes", "objects", "object-groups", "nat", "access-lists",
	"access-groups", "ip-options", "same-security-traffic", "timeouts", "regex", "class-maps",
	"policy-maps"};
static const char *const sip_maps[] = {"regex", "class-maps", "policy-maps"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_among(const char *section, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(section, list[i]) == 0)
			return true;
	return false;
}

static void add(struct config_change out[CONFIG_CHANGES_MAX], size_t *n, const char *section,
	uint32_t line, bool can_live)
{
	if (*n < CONFIG_CHANGES_MAX)
		out[(*n)++] = (struct config_change){section, line, can_live};
}

// What stands in uc-ime is as it was; but the port of a call manager that none is written for follows
// from the access lists, and its interface from the routes.
static bool ucms_are(const struct config *was, const struct config *is)
{
	for (size_t i = 0; i < was->n_imes; i++)
		for (size_t k = 0; k < was->imes[i].n_ucms; k++) {
			const struct config_ucm *a = &was->imes[i].ucms[k],
						*b = &is->imes[i].ucms[k];

			if (a->port != b->port ||
				config_iface_toward(was, &a->ip) != config_iface_toward(is, &b->ip))
				return false;
		}
	return true;
}

// Connections belong to a class of the service-policy: what each is inspected for may change, but not
// which there are, and by which tls-proxy.
static bool classes_are(const struct config *was, const struct config *is)
{
	if (was->n_inspects != is->n_inspects)
		return false;
	for (size_t i = 0; i < was->n_inspects; i++) {
		const struct config_inspect *a = &was->inspects[i], *b = &is->inspects[i];

		if (strcmp(a->class_name, b->class_name) != 0 || a->tls_proxy != b->tls_proxy ||
			a->ime != b->ime)
			return false;
	}
	return true;
}

size_t config_changes(const struct config *was, const struct config *is,
	struct config_change out[CONFIG_CHANGES_MAX])
{
	bool all_live = true;
	size_t n = 0;

	for (const struct node *s = is->root->children; s != NULL; s = s->next)
		if (!node_eq(s, node_get(was->root, s->key.p)))
			add(out, &n, s->key.p, s->key_at.line,
				is_among(s->key.p, live, COUNT(live)));
	for (const struct node *s = was->root->children; s != NULL; s = s->next)
		if (node_get(is->root, s->key.p) == NULL)
			add(out, &n, s->key.p, 0, is_among(s->key.p, live, COUNT(live)));
	for (size_t i = 0; i < n; i++)
		all_live &= out[i].live;
	if (all_live && !ucms_are(was, is))
		add(out, &n, "port or interface of a call manager", 0, false);
	if (all_live && !classes_are(was, is))
		add(out, &n, "classes or tls-proxies of the service-policy", 0, false);
	return n;
}

bool config_changes_sip_maps(const struct config_change *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_among(c[i].section, sip_maps, COUNT(sip_maps)))
			return true;
	return false;
}

#define SWAP(a, b, member)                                                                         \
	do {                                                                                       \
		__typeof__((a)->member) was_ = (a)->member;                                        \
		(a)->member = (b)->member;                                                         \
		(b)->member = was_;                                                                \
	} while (0)

void config_swap_rules(struct config *a, struct config *b)
{
	SWAP(a, b, root);
	SWAP(a, b, routes);
	SWAP(a, b, n_routes);
	SWAP(a, b, nat);
	SWAP(a, b, n_nat);
	SWAP(a, b, acls);
	SWAP(a, b, n_acls);
	SWAP(a, b, acl_global);
	SWAP(a, b, ip_options);
	SWAP(a, b, same_security);
	SWAP(a, b, regexes);
	SWAP(a, b, n_regexes);
	SWAP(a, b, regex_classes);
	SWAP(a, b, n_regex_classes);
	SWAP(a, b, sip_classes);
	SWAP(a, b, n_sip_classes);
	SWAP(a, b, sip_maps);
	SWAP(a, b, n_sip_maps);
	SWAP(a, b, timeouts);
	SWAP(a, b, policy_map);
	SWAP(a, b, conn_limits);
	SWAP(a, b, n_conn_limits);
	SWAP(a, b, conn_limits_default);
	SWAP(a, b, warnings);
	for (size_t i = 0; i < a->n_ifaces; i++) {
		SWAP(&a->ifaces[i], &b->ifaces[i], line);
		SWAP(&a->ifaces[i], &b->ifaces[i], acl_in);
		SWAP(&a->ifaces[i], &b->ifaces[i], acl_out);
	}
	for (size_t i = 0; i < a->n_inspects; i++) {
		SWAP(&a->inspects[i], &b->inspects[i], acl);
		SWAP(&a->inspects[i], &b->inspects[i], sip_map);
	}
}
