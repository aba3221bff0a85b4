// SPDX-License-Identifier: BSD-3-Clause
// What a file changes in a configuration in force, and how the rules of one go over into the other.
#include "test/unit/config_edit.h"

#include "config/renew.h"

struct changed {
	const char *name, *find, *put;
	const char *changes; // "SECTION LINE live|restart", parted by commas
};

// clang-format off: one row per change
static const struct changed table[] = {
	{"nothing", "hostname: cg\n", "hostname: cg\n", ""},
	{"comments and lines are no change", "hostname: cg\n", "# a note\n\nhostname: cg\n", ""},
	{"another style is no change", "routes:\n", "\"routes\":\n", ""},
	{"a route", "gateway: 192.168.20.2", "gateway: 192.168.20.9", "routes 9 live"},
	{"an object", "real: {host: 192.168.20.30}", "real: {host: 192.168.20.40}",
		"objects 12 live"},
	{"an entry of a list", "permit tcp any host 192.168.20.30 eq 5070\n  sip-in",
		"permit tcp any host 192.168.20.30 eq 5071\n  sip-in", "access-lists 27 live"},
	{"a list more", "access-lists:\n", "access-lists:\n  first:\n    - deny ip any any\n",
		"access-lists 27 live"},
	{"nat gone",
		"nat:\n  - {from: inside, to: outside, source: {static: {real: real, mapped: "
		"mapped}}}\n  - {from: inside, to: outside, source: {static: {real: pat-real, "
		"mapped: pat-mapped}}, service: {real: tcp_5070, mapped: tcp_5570}}\n",
		"", "nat 0 live"},
	{"one that was not there", "logging: {level: info}\n",
		"logging: {level: info}\nsame-security-traffic: permit inter-interface\n",
		"same-security-traffic 73 live"},
	{"ip-options", "logging: {level: info}\n",
		"logging: {level: info}\nip-options: {nop: clear}\n", "ip-options 73 live"},
	{"a timeout", "conn: 1:00:00", "conn: 2:00:00", "timeouts 71 live"},
	{"what a policy map inspects for", "class-maps:\n", "regex: {x: 'a'}\nclass-maps:\n",
		"regex 62 live"},
	{"a class by another list", "  in: {match: {access-list: sip-in}}",
		"  in: {match: {access-list: incoming}}", "class-maps 62 live"},
	{"classes in another order",
		"    - {class: out, inspect: {sip: {tls-proxy: local_to_remote-ent, uc-ime: "
		"ime}}}\n    - {class: in, inspect: {sip: {tls-proxy: remote_to_local-ent, uc-ime: "
		"ime}}}\n",
		"    - {class: in, inspect: {sip: {tls-proxy: remote_to_local-ent, uc-ime: "
		"ime}}}\n    - {class: out, inspect: {sip: {tls-proxy: local_to_remote-ent, "
		"uc-ime: ime}}}\n",
		"policy-maps 65 live,classes or tls-proxies of the service-policy 0 restart"},
	{"limits of flows", "  ime-policy:\n",
		"  ime-policy:\n    - {class: in, set-connection: {conn-max: 7}}\n",
		"policy-maps 65 live"},
	{"a class for limits", "class-maps:\n",
		"class-maps:\n  more: {match: {access-list: sip-in}}\n", "class-maps 62 live"},
	{"a class with a type", "class-maps:\n",
		"class-maps:\n  odd: {type: inspect sip, match-all: [{request-method: info}]}\n",
		"class-maps 62 live"},
	{"how it is inspected", "policy-maps:\n",
		"policy-maps:\n  map: {type: inspect sip, parameters: {im: off}}\n",
		"policy-maps 65 live"},
	{"CLI-4: uc-ime", "epoch: 1", "epoch: 2", "uc-ime 50 restart"},
	{"CLI-4: media-termination", "rtp-max-port: 32767", "rtp-max-port: 32765",
		"media-termination 36 restart"},
	{"an interface", "mtu: 9000", "mtu: 1500", "interfaces 5 restart"},
	{"the port of a call manager",
		"  sip-in:\n    - permit tcp any host 192.168.20.30 eq 5070\n",
		"  sip-in:\n    - permit tcp any host 192.168.20.30 eq 5071\n",
		"access-lists 27 live,port or interface of a call manager 0 restart"},
};
// clang-format on

static void row(void **state)
{
	const struct changed *r = *state;
	struct config *was = config_with(NULL, NULL), *is = config_with(r->find, r->put);
	struct config_change c[CONFIG_CHANGES_MAX];
	char text[256] = "";
	size_t n = config_changes(was, is, c), len = 0;

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %u %s",
			i > 0 ? "," : "", c[i].section, c[i].line, c[i].live ? "live" : "restart");
	assert_string_equal(text, r->changes);
	config_free(was);
	config_free(is);
}

// With one call manager, whose way is that of a route.
static struct config *routed(const char *route)
{
	static const char first[] =
		"      - {address: 192.168.20.30, trunk-security-mode: nonsecure}\n";
	static const char way[] =
		"interface: inside, destination: 192.168.30.0/24, gateway: 192.168.20.2";
	static const char media[] = "      - {address: 192.168.20.3, interface: inside}\n";
	static const char medias[] = "      - {address: 192.168.20.3, interface: inside}\n"
				     "      - {address: 10.0.0.3, interface: dmz}\n";
	char text[2 * sizeof(config_right)];
	struct config_errors errs;
	struct config *c;

	strcpy(text, config_right);
	edit(text, sizeof(text), media, medias);
	edit(text, sizeof(text), first, "");
	edit(text, sizeof(text), way, route);
	assert_int_equal(config_parse(str_from(text), "", false, &c, &errs), 0);
	return c;
}

static void test_way_to_ucm(void **state)
{
	struct config *was =
		routed("interface: inside, destination: 192.168.30.0/24, gateway: 192.168.20.2");
	struct config *is =
		routed("interface: dmz, destination: 192.168.30.0/24, gateway: 10.0.0.2");
	struct config_change c[CONFIG_CHANGES_MAX];

	assert_int_equal(config_changes(was, is, c), 2);
	assert_true(c[0].live);
	assert_string_equal(c[1].section, "port or interface of a call manager");
	assert_false(c[1].live);
	config_free(was);
	config_free(is);
}

// A list before the others moves the places that everybody asks by.
static void test_swap(void **state)
{
	struct config *a = config_with(NULL, NULL);
	struct config *b = config_with(
		"access-lists:\n", "\naccess-lists:\n  first:\n    - deny ip any any\n");
	struct config_inspect *inspects = a->inspects;
	struct config_change c[CONFIG_CHANGES_MAX];

	assert_string_equal(a->acls[a->inspects[0].acl].name, "sip-out");
	b->conn_limits_default.conn_max = 5;
	config_swap_rules(a, b);
	assert_int_equal(a->conn_limits_default.conn_max, 5);
	assert_int_equal(a->n_acls, 4);
	assert_string_equal(a->acls[a->inspects[0].acl].name, "sip-out");
	assert_string_equal(a->acls[a->ifaces[0].acl_in].name, "incoming");
	assert_ptr_equal(a->inspects, inspects); // trunks point into it
	assert_int_equal(b->n_acls, 3);
	assert_string_equal(b->acls[b->inspects[0].acl].name, "sip-out");
	assert_int_equal(config_changes(a, b, c), 1); // the text goes with the rules
	config_swap_rules(a, b);
	assert_int_equal(a->n_acls, 3);
	assert_false(config_changes_sip_maps(c, 1));
	c[0].section = "policy-maps";
	assert_true(config_changes_sip_maps(c, 1));
	config_free(a);
	config_free(b);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(table) / sizeof(table[0]) + 2] = {
		cmocka_unit_test(test_swap), cmocka_unit_test(test_way_to_ucm)};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		tests[i + 2] = row_case(table[i].name, row, &table[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
