// SPDX-License-Identifier: BSD-3-Clause
// From a file to a struct config: reads the text, builds the tree, reads the sections in the order
// in which they need one another, and runs the checks. Called by the daemon.
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "config/check.h"
#include "config/files.h"
#include "config/ids.h"
#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void read_poll(struct loader *l, const struct node *n, void *obj)
{
	static const char *const names[] = {"always", "adaptive", NULL};
	static const struct field poll = {.kind = FIELD_ENUM, .size = 1, .names = names};
	uint8_t v = 0;

	read_field(l, n, &poll, &v);
	((struct config *)obj)->poll_adaptive = v == 1;
}

static void read_srtp_engine(struct loader *l, const struct node *n, void *obj)
{
	static const char *const names[] = {
		"auto", "ipsec-mb-avx512", "ipsec-mb-avx2", "ipsec-mb-sse", "openssl", NULL};
	static const struct field engine = {.kind = FIELD_ENUM, .size = 1, .names = names};
	struct config *c = obj;
	uint8_t v = 0;

	read_field(l, n, &engine, &v);
	str_copy(str_from(names[v]), c->srtp_engine, sizeof(c->srtp_engine));
}

static void read_descriptors(struct loader *l, const struct node *n, void *obj)
{
	static const struct field count = {.kind = FIELD_UINT,
		FIELD_AT(struct config, descriptors),
		.min = 64,
		.max = 8192,
		.expected = "a power of two"};
	struct config *c = obj;

	read_field(l, n, &count, c);
	if ((c->descriptors & (c->descriptors - 1)) != 0)
		fault_expected(l, n, "a power of two from 64 to 8192");
}

// CLI-8
static void read_routed(struct loader *l, const struct node *n, void *obj)
{
	if (want_scalar(l, n, "routed") && !str_eq(n->text, STR_LIT("routed")))
		fault_expected(l, n, "routed: no other mode is supported (CLI-8)");
}

static void read_single(struct loader *l, const struct node *n, void *obj)
{
	if (want_scalar(l, n, "single") && !str_eq(n->text, STR_LIT("single")))
		fault_expected(l, n, "single: contexts are not supported (CLI-8)");
}

static const struct field sections[] = {
	{"hostname", .kind = FIELD_NAME, FIELD_AT(struct config, hostname)},
	{"firewall", .kind = FIELD_READ, .read = read_routed},
	{"mode", .kind = FIELD_READ, .read = read_single},
	{"control", .kind = FIELD_READ, .read = read_control},
	{"workers", .kind = FIELD_READ, .required = true, .read = read_workers},
	{"hugepages", .kind = FIELD_BOOL, FIELD_AT(struct config, hugepages)},
	{"memory-mb", .kind = FIELD_UINT, FIELD_AT(struct config, memory_mb), .min = 64,
		.max = 1024 * 1024, .expected = "megabytes"},
	{"poll", .kind = FIELD_READ, .read = read_poll},
	{"rx-queues", .kind = FIELD_UINT, FIELD_AT(struct config, rx_queues),
		.max = CONFIG_CORES_MAX, .expected = "queues"},
	{"descriptors", .kind = FIELD_READ, .read = read_descriptors},
	{"sessions-max", .kind = FIELD_UINT, FIELD_AT(struct config, sessions_max), .min = 1024,
		.max = 64 * 1024 * 1024, .expected = "sessions"},
	{"media-streams-max", .kind = FIELD_UINT, FIELD_AT(struct config, media_streams_max),
		.min = 16, .max = 1024 * 1024, .expected = "streams"},
	{"srtp-engine", .kind = FIELD_READ, .read = read_srtp_engine},
	{"state-folder", .kind = FIELD_PATH, FIELD_AT(struct config, state_folder)},
	{"management", .kind = FIELD_READ, .required = true, .read = read_management},
	{"logging", .kind = FIELD_READ, .read = read_logging},
	{"interfaces", .kind = FIELD_READ, .required = true, .read = read_interfaces},
	{"routes", .kind = FIELD_READ, .read = read_routes},
	{"objects", .kind = FIELD_READ, .read = read_objects},
	{"object-groups", .kind = FIELD_READ, .read = read_object_groups},
	{"nat", .kind = FIELD_READ, .read = read_nat},
	{"access-lists", .kind = FIELD_READ, .read = read_access_lists},
	{"access-groups", .kind = FIELD_READ, .read = read_access_groups},
	{"ip-options", .kind = FIELD_READ, .read = read_ip_options},
	{"same-security-traffic", .kind = FIELD_READ, .read = read_same_security},
	{"media-termination", .kind = FIELD_READ, .read = read_media_termination},
	{"trustpoints", .kind = FIELD_READ, .read = read_trustpoints},
	{"crypto", .kind = FIELD_READ, .read = read_crypto},
	{"ssl", .kind = FIELD_READ, .read = read_ssl},
	{"tls-proxies", .kind = FIELD_READ, .read = read_tls_proxies},
	{"tls-proxy", .kind = FIELD_READ, .read = read_tls_proxy_limits},
	{"uc-ime", .kind = FIELD_READ, .read = read_uc_ime},
	{"regex", .kind = FIELD_READ, .read = read_regex},
	{"class-maps", .kind = FIELD_READ, .read = read_class_maps},
	{"policy-maps", .kind = FIELD_READ, .read = read_policy_maps},
	{"service-policy", .kind = FIELD_READ, .read = read_service_policy},
	{"sip", .kind = FIELD_READ, .read = read_sip},
	{"timeouts", .kind = FIELD_READ, .read = read_timeouts},
	{"time-ranges", "time-range", .kind = FIELD_REFUSED,
		.expected = "inactive in an entry of an access list, while it is not to hold, and "
			    "config reload"},
	{"parity", .kind = FIELD_REFUSED, .expected = "parity in a uc-ime"},
};

static const struct config defaults = {
	.hostname = "callgate",
	.memory_mb = 256,
	.rx_queues = 1,
	.descriptors = 1024,
	.sessions_max = 65536,
	.media_streams_max = 8192,
	.srtp_engine = "auto",
	.state_folder = "/var/lib/callgate",
	.log_severity = 6,
	.acl_global = -1,
	.tls_sessions_max = 1000,
	.embryonic_max = 1024,
	.client_embryonic_max = 32,
	.handshake_rate = 200,
	.client_handshake_rate = 20,
	.sip_header_max = 64 * 1024,
	.sip_body_max = 256 * 1024,
	.conn_limits_default = {.class_name = "class-default",
		.embryonic_max = 4096,
		.client_embryonic_max = 1024,
		.embryonic_rate = 10000},
	.timeouts =
		{
			.sip_s = 1800,
			.sip_media_s = 120,
			.sip_invite_s = 180,
			.sip_disconnect_s = 120,
			.sip_provisional_media_s = 120,
			.one_way_s = 10,
			.conn_s = 3600,
			.half_open_s = 30,
			.half_closed_s = 600,
			.udp_s = 120,
			.icmp_s = 2,
			.pat_xlate_s = 30,
			.xlate_s = 10800,
		},
};

static void read_root(struct loader *l)
{
	if (l->root == NULL) {
		if (l->errs->n == 0)
			errors_add(l->errs, (struct place){1, 1},
				"found an empty file, expected a mapping");
		return;
	}
	read_map(l, l->root, sections, COUNT(sections), l->c);
	read_object_nats(l);
	if (!l->no_memory && l->root->kind == NODE_MAP) {
		check_addresses(l);
		check_tls(l);
		check_ime(l);
	}
	nat_order(l->c->nat, l->c->n_nat);
	if (!l->no_memory && ids_assign(l->c) < 0)
		l->no_memory = true;
}

int config_parse(struct str text, const char *dir, bool read_files, struct config **out,
	struct config_errors *errs)
{
	struct loader l = {.errs = errs, .dir = dir, .read_files = read_files};
	struct node *root;
	int err;

	*out = NULL;
	err = errors_init(errs);
	if (err < 0)
		return err;
	l.c = malloc(sizeof(*l.c));
	if (l.c == NULL) {
		err = -ENOMEM;
		goto out;
	}
	*l.c = defaults;
	err = errors_init(&l.c->warnings);
	if (err < 0)
		goto out;
	err = node_parse(text, &root, errs);
	if (err < 0)
		goto out;
	l.root = l.c->root = root;
	read_root(&l);
	errors_sort(errs);
	errors_sort(&l.c->warnings);
	err = l.no_memory ? -ENOMEM : errs->n > 0 ? -EINVAL : 0;
out:
	free(l.networks);
	free(l.services);
	free(l.nat_nodes);
	object_groups_free(&l.groups);
	free(l.class_acls);
	if (err == 0)
		*out = l.c;
	else
		config_free(l.c);
	if (err != -EINVAL)
		config_errors_free(errs);
	return err;
}

int config_load_text(
	struct str text, const char *dir, struct config **out, struct config_errors *errs)
{
	return config_parse(text, dir, true, out, errs);
}

static int load(const char *path, bool read_files, struct config **out, struct config_errors *errs)
{
	char dir[PATH_MAX], *text, why[FILE_WHY_MAX];
	const char *slash = strrchr(path, '/');
	size_t n;
	int err;

	*out = NULL;
	*errs = (struct config_errors){0};
	err = file_read(path, NODE_TEXT_MAX, FILE_PUBLIC, &text, &n, why);
	if (err == -ENOMEM)
		return err;
	if (err < 0) {
		err = errors_init(errs);
		if (err == 0)
			errors_add(errs, (struct place){1, 1}, "%s", why);
		return err == 0 ? -EINVAL : err;
	}
	// A path that could be opened fits; "/x" keeps its slash.
	str_copy((struct str){path, slash == NULL ? 0 : (size_t)(slash - path) + (slash == path)},
		dir, sizeof(dir));
	err = config_parse((struct str){text, n}, dir, read_files, out, errs);
	free(text);
	return err;
}

int config_load(const char *path, struct config **out, struct config_errors *errs)
{
	return load(path, true, out, errs);
}

int config_load_names(const char *path, struct config **out, struct config_errors *errs)
{
	return load(path, false, out, errs);
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	access_lists_free(c);
	for (size_t i = 0; i < c->n_mtas; i++)
		free(c->mtas[i].addrs);
	for (size_t i = 0; i < c->n_imes; i++) {
		free(c->imes[i].ucms);
		for (int k = 0; k < CALLER_LISTS; k++)
			free(c->imes[i].callers[k].list);
	}
	if (c->imes != NULL)
		OPENSSL_cleanse(c->imes, c->n_imes * sizeof(*c->imes));
	free(c->imes);
	free(c->mtas);
	free(c->routes);
	free(c->nat);
	free(c->trustpoints);
	free(c->tls_proxies);
	free(c->inspects);
	free(c->conn_limits);
	config_errors_free(&c->warnings);
	sip_maps_free(c);
	node_free(c->root);
	free(c);
}

void config_forget_passwords(struct config *c)
{
	for (size_t i = 0; i < c->n_imes; i++) {
		struct config_ime *m = &c->imes[i];

		OPENSSL_cleanse(m->password, sizeof(m->password));
		OPENSSL_cleanse(m->previous_password, sizeof(m->previous_password));
		OPENSSL_cleanse(m->mapping.key, sizeof(m->mapping.key));
	}
}

void config_errors_free(struct config_errors *e)
{
	free(e->list);
	*e = (struct config_errors){0};
}
