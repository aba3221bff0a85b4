// SPDX-License-Identifier: BSD-3-Clause
// What translations and access groups become in struct config, in which order, and the ids that their hits
// are counted by.
#include "test/unit/config_edit.h"

// E6: real before mapped, as the command has it.
static void test_nat(void **state)
{
	struct config *c = config_with(NULL, NULL);

	assert_int_equal(c->n_nat, 2);
	assert_int_equal(c->nat[0].proto, PROTO_ANY);
	assert_int_equal(c->nat[1].proto, PROTO_TCP);
	assert_int_equal(c->nat[1].real_port, 5070);
	assert_int_equal(c->nat[1].mapped_port, 5570);
	config_free(c);
}

static void test_nat_any(void **state)
{
	struct config *c =
		config_with("from: inside, to: outside, source: {static: {real: real, mapped",
			"from: any, to: outside, source: {static: {real: real, mapped");

	assert_int_equal(c->nat[0].real_if, NAT_IFACE_ANY);
	assert_int_equal(c->nat[0].mapped_if, 0);
	config_free(c);
}

// Two static PATs may share both addresses, and an address may have a mapping per interface.
static void test_nat_no_overlap(void **state)
{
	struct config *c = config_with("\naccess-lists:",
		"\n  - {from: inside, to: outside, source: {static: {real: pat-real, mapped: "
		"pat-mapped}}, service: {real: tcp_5570, mapped: tcp_5070}}\n"
		"  - {from: inside, to: outside, source: {static: {real: pat-real, mapped: "
		"pat-mapped}}, service: {real: udp_53, mapped: udp_53}}\n"
		"  - {from: inside, to: dmz, source: {static: {real: real, mapped: mapped}}}\n"
		"access-lists:");

	assert_int_equal(c->n_nat, 5);
	assert_int_equal(c->nat[3].proto, PROTO_UDP);
	config_free(c);
}

// Auto NAT, the ASA's order, and what is dynamic.
static void test_nat_dynamic(void **state)
{
	struct config *c = config_with("\naccess-lists:",
		"\n  - {from: inside, to: outside, after-auto: on, source: {dynamic: {real: any, "
		"mapped: interface}}}\n"
		"  - {from: dmz, to: outside, source: {dynamic: {real: real-net, mapped: "
		"mapped-net, pat-pool: on, interface: on}}}\n"
		"access-lists:");
	const struct nat_rule *r = &c->nat[2];

	assert_int_equal(c->n_nat, 4);
	assert_int_equal(c->nat[0].line, 25);
	assert_int_equal(r->line, 28);
	assert_int_equal(r->kind, NAT_PAT);
	assert_int_equal(nat_pool_size(&r->pool), 64);
	assert_true(r->interface);
	r = &c->nat[3];
	assert_int_equal(r->line, 27);
	assert_int_equal(r->section, NAT_AFTER_AUTO);
	assert_int_equal(r->real.len, 96);
	assert_int_equal(nat_pool_size(&r->pool), 0);
	assert_true(r->interface);
	assert_int_equal(c->timeouts.pat_xlate_s, 30);
	assert_int_equal(c->timeouts.xlate_s, 3 * 3600);
	config_free(c);
	c = config_with("    real-net: {subnet: 10.1.0.0/24}",
		"    real-net: {subnet: 10.1.0.0/24, nat: {from: dmz, to: outside, dynamic: "
		"interface}}\n"
		"    beta: {host: 10.1.0.9, nat: {from: dmz, to: outside, static: b}}\n"
		"    alpha: {host: 10.1.0.9, nat: {from: dmz, to: inside, static: b}}\n"
		"    b: {host: 203.0.113.200}");
	assert_int_equal(c->n_nat, 5);
	assert_int_equal(c->nat[1].section, NAT_MANUAL);
	assert_int_equal(c->nat[2].line, 18); // alpha: the names decide
	assert_int_equal(c->nat[3].line, 17);
	assert_int_equal(c->nat[4].line, 16);
	assert_int_equal(c->nat[4].kind, NAT_PAT);
	assert_int_equal(c->nat[4].section, NAT_AUTO);
	config_free(c);
}

// Several addresses and no pat-pool: each host gets one. One address has to be shared.
static void test_nat_pool(void **state)
{
	struct config *c = config_with("    real-net: {subnet: 10.1.0.0/24}",
		"    real-net: {subnet: 10.1.0.0/24, nat: {from: dmz, to: outside, dynamic: three, "
		"interface: on}}\n"
		"    wide: {subnet: 10.0.0.0/8, nat: {from: dmz, to: outside, dynamic: one}}\n"
		"    three: {range: 203.0.113.201 203.0.113.203}\n"
		"    one: {range: 203.0.113.204 203.0.113.204}");
	char text[CONFIG_NAT_TEXT_MAX];
	const struct nat_rule *r = &c->nat[2];

	assert_int_equal(r->kind, NAT_DYNAMIC);
	assert_true(r->interface);
	assert_string_equal(config_nat_text(r, text),
		"source dynamic 10.1.0.0/24 203.0.113.201-203.0.113.203 interface");
	assert_int_equal(c->nat[3].kind, NAT_PAT);
	assert_string_equal(
		config_nat_text(&c->nat[3], text), "source dynamic 10.0.0.0/8 203.0.113.204");
	config_free(c);
}

// Twice NAT, and a port of the interface's own address.
static void test_nat_twice(void **state)
{
	struct config *c = config_with("\naccess-lists:",
		"\n  - {from: dmz, to: outside, source: {static: {real: any, mapped: any}}, "
		"destination: {static: {mapped: real-net, real: real-net}}}\n"
		"  - {from: dmz, to: outside, source: {dynamic: {real: real-net, mapped: "
		"interface}}, destination: {static: {mapped: pat-real, real: mapped}}}\n"
		"  - {from: dmz, to: outside, source: {static: {real: pat-real, mapped: "
		"interface}}, "
		"service: {real: tcp_5570, mapped: tcp_5070}}\n"
		"access-lists:");
	char text[CONFIG_NAT_TEXT_MAX];

	assert_int_equal(c->n_nat, 5);
	assert_string_equal(config_nat_text(&c->nat[2], text),
		"source static 0.0.0.0/0 0.0.0.0/0 destination static 10.1.0.0/24 10.1.0.0/24");
	assert_string_equal(config_nat_text(&c->nat[3], text),
		"source dynamic 10.1.0.0/24 interface destination static 192.168.20.31 "
		"203.0.113.10");
	assert_string_equal(config_nat_text(&c->nat[4], text),
		"source static 192.168.20.31 interface service tcp 5570 5070");
	assert_true(ip_eq(&c->nat[4].mapped.ip, &c->ifaces[0].ip));
	assert_int_equal(c->nat[4].mapped.len, 128);
	config_free(c);
}

// Ranges: on both sides of a static rule, beside a subnet of as many addresses, as the real side of a dynamic one,
// and in an object.
static void test_nat_ranges(void **state)
{
	struct config *c = config_with("    real-net: {subnet: 10.1.0.0/24}\n",
		"    real-net: {subnet: 10.1.0.0/24}\n"
		"    four: {range: 10.2.0.1 10.2.0.4, nat: {from: dmz, to: outside, static: "
		"four-out}}\n"
		"    four-out: {range: 203.0.113.21 203.0.113.24}\n"
		"    more: {range: 10.2.0.11 10.2.0.74, nat: {from: dmz, to: outside, static: "
		"mapped-net}}\n"
		"    rest: {range: 10.2.0.1 10.2.0.254, nat: {from: dmz, to: outside, dynamic: "
		"interface}}\n");
	static const char *const texts[] = {
		"source static 10.2.0.1-10.2.0.4 203.0.113.21-203.0.113.24",
		"source static 10.2.0.11-10.2.0.74 203.0.113.64-203.0.113.127",
		"source dynamic 10.2.0.1-10.2.0.254 interface"};
	char text[CONFIG_NAT_TEXT_MAX];

	assert_int_equal(c->n_nat, 5);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(config_nat_text(&c->nat[2 + i], text), texts[i]);
		assert_int_not_equal(c->nat[2 + i].id, c->nat[1].id);
	}
	config_free(c);
}

// destination static interface: a port of the interface that the flow comes in by.
static void test_nat_destination_interface(void **state)
{
	struct config *c = config_with("    udp_53: {service: udp source eq 53}\n"
				       "nat:\n",
		"    to_8080: {service: tcp destination eq 8080}\n"
		"    to_80: {service: tcp destination eq 80}\n"
		"    udp_53: {service: udp source eq 53}\n"
		"nat:\n"
		"  - {from: outside, to: inside, source: {static: {real: any, mapped: any}}, "
		"destination: {static: {mapped: interface, real: pat-real}}, "
		"service: {real: to_8080, mapped: to_80}}\n");
	char text[CONFIG_NAT_TEXT_MAX];

	assert_int_equal(c->n_nat, 3);
	assert_string_equal(config_nat_text(&c->nat[0], text),
		"source static 0.0.0.0/0 0.0.0.0/0 destination static interface 192.168.20.31 "
		"service tcp destination 8080 80");
	assert_true(ip_eq(&c->nat[0].dst_mapped.ip, &c->ifaces[c->nat[0].real_if].ip));
	assert_int_equal(c->nat[0].dst_mapped.len, 128);
	config_free(c);
}

static void test_access_groups(void **state)
{
	struct config *c = config_with(NULL, NULL);

	assert_int_equal(c->ifaces[0].acl_in, 0);
	assert_int_equal(c->ifaces[0].acl_out, -1);
	assert_int_equal(c->acl_global, -1);
	assert_false(c->same_security);
	config_free(c);
	c = config_with("access-groups:\n",
		"same-security-traffic: permit inter-interface\naccess-groups:\n"
		"  - {access-list: sip-in, direction: global}\n"
		"  - {access-list: sip-out, direction: out, interface: outside}\n");
	assert_int_equal(c->ifaces[0].acl_in, 0);
	assert_int_equal(c->ifaces[0].acl_out, 2);
	assert_int_equal(c->ifaces[1].acl_in, -1);
	assert_int_equal(c->ifaces[1].acl_out, -1);
	assert_int_equal(c->acl_global, 1);
	assert_true(c->same_security);
	config_free(c);
}

// The ids of the entries of a list, `n` of them.
static void ids_of(struct config *c, size_t list, uint32_t *ids, size_t n)
{
	assert_int_equal(c->acls[list].n, n);
	for (size_t i = 0; i < n; i++)
		ids[i] = c->acls[list].aces[i].id;
	config_free(c);
}

static void test_ids(void **state)
{
	uint32_t was[3], is[4];

	ids_of(config_with("    - permit tcp host 192.168.20.30 any range 5000 6000",
		       "    - permit ip any any\n    - deny ip any any\n    - permit ip any any"),
		2, was, 3);
	assert_int_not_equal(was[0], was[1]);
	assert_int_not_equal(was[0], was[2]); // identical lines are counted apart
	ids_of(config_with("    - permit tcp host 192.168.20.30 any range 5000 6000",
		       "    - deny udp any any\n    - extended permit ip any any\n"
		       "    - deny ip any any\n    - permit ip any any"),
		2, is, 4);
	assert_memory_equal(was, is + 1, sizeof(was)); // a line above moves nothing
	// Written down, because hit counts are kept under it from one version to the next.
	assert_int_equal(was[1], 0xf45a1034);
	ids_of(config_with("  sip-out:\n    - permit tcp host 192.168.20.30 any range 5000 6000",
		       "  sip-out:\n    - permit tcp any host 192.168.20.30 eq 5070"),
		2, is, 1);
	ids_of(config_with(NULL, NULL), 1, was, 1);
	assert_int_not_equal(is[0], was[0]); // the same line of another list
}

static void test_nat_ids(void **state)
{
	struct config *c = config_with(NULL, NULL);
	uint32_t was[2] = {c->nat[0].id, c->nat[1].id};

	assert_int_not_equal(was[0], was[1]);
	config_free(c);
	c = config_with("nat:\n",
		"nat:\n  - {from: inside, to: dmz, source: {static: {real: real, mapped: "
		"mapped}}}\n");
	assert_int_equal(c->nat[1].id, was[0]);
	assert_int_equal(c->nat[2].id, was[1]);
	assert_int_not_equal(c->nat[0].id, was[0]);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_nat_any),
		cmocka_unit_test(test_nat_no_overlap),
		cmocka_unit_test(test_nat_dynamic),
		cmocka_unit_test(test_nat_pool),
		cmocka_unit_test(test_nat_twice),
		cmocka_unit_test(test_nat_ranges),
		cmocka_unit_test(test_nat_destination_interface),
		cmocka_unit_test(test_access_groups),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_nat_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
