// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "lib/nat.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { INSIDE, OUTSIDE, DMZ };

static struct nat_rule rule(
	uint16_t real_if, uint16_t mapped_if, const char *real, const char *mapped)
{
	return (struct nat_rule){.real_if = real_if,
		.mapped_if = mapped_if,
		.real = net(real),
		.mapped = net(mapped)};
}

static struct nat_rule pat(
	const char *real, const char *mapped, uint16_t real_port, uint16_t mapped_port)
{
	struct nat_rule r = rule(INSIDE, OUTSIDE, real, mapped);

	r.proto = PROTO_TCP;
	r.real_port = real_port;
	r.mapped_port = mapped_port;
	return r;
}

// The manual's example: (real, mapped) services in that order, as in protocol.md 9.3 E6.
static const struct step {
	const char *ip;
	uint16_t iface, port;
	uint8_t proto;
	int rule;
	const char *to;
	uint16_t to_port;
} untranslate[] =
	{
		{"209.165.200.228", OUTSIDE, 5070, PROTO_TCP, 0, "192.168.10.30", 5070},
		{"209.165.200.228", OUTSIDE, 9, PROTO_UDP, 0, "192.168.10.30", 9},
		{"209.165.200.228", INSIDE, 5070, PROTO_TCP, -1, "209.165.200.228", 5070},
		{"209.165.200.229", OUTSIDE, 5070, PROTO_TCP, -1, "209.165.200.229", 5070},
		{"209.165.200.230", OUTSIDE, 5570, PROTO_TCP, 1, "192.168.10.31", 5070}, // E6
		{"209.165.200.230", OUTSIDE, 5571, PROTO_TCP, 2, "192.168.10.32", 5071}, // E6
		{"209.165.200.230", OUTSIDE, 5570, PROTO_UDP, -1, "209.165.200.230", 5570},
		{"209.165.200.230", OUTSIDE, 5070, PROTO_TCP, -1, "209.165.200.230", 5070},
		{"198.51.100.77", OUTSIDE, 80, PROTO_TCP, 3, "10.1.1.77",
			80}, // host bits carried over
		{"198.51.100.200", OUTSIDE, 80, PROTO_TCP, 4, "10.2.2.72",
			80}, // /25 and /28: first wins
		{"198.51.100.215", OUTSIDE, 80, PROTO_TCP, 5, "10.3.3.87", 80},
		{"172.16.0.9", DMZ, 80, PROTO_TCP, 6, "10.9.0.9", 80}, // any
		{"172.16.0.9", OUTSIDE, 80, PROTO_TCP, 6, "10.9.0.9", 80},
		{"192.0.2.1", OUTSIDE, 80, PROTO_TCP, 7, "192.0.2.1", 80}, // identity
},
  translate[] = {
	  {"192.168.10.30", OUTSIDE, 40000, PROTO_TCP, 0, "209.165.200.228", 40000},
	  {"192.168.10.30", DMZ, 40000, PROTO_TCP, -1, "192.168.10.30", 40000},
	  {"192.168.10.31", OUTSIDE, 5070, PROTO_TCP, 1, "209.165.200.230", 5570},
	  {"192.168.10.31", OUTSIDE, 5071, PROTO_TCP, -1, "192.168.10.31", 5071},
	  {"192.168.10.31", OUTSIDE, 5070, PROTO_UDP, -1, "192.168.10.31", 5070},
	  {"10.1.1.77", OUTSIDE, 80, PROTO_TCP, 3, "198.51.100.77", 80},
	  {"10.2.2.72", OUTSIDE, 80, PROTO_TCP, 4, "198.51.100.200", 80},
	  {"10.2.2.63", OUTSIDE, 80, PROTO_TCP, -1, "10.2.2.63", 80},
	  {"10.9.0.9", DMZ, 80, PROTO_TCP, 6, "172.16.0.9", 80},
};

static size_t rules(struct nat_rule *r)
{
	size_t n = 0;

	r[n++] = rule(INSIDE, OUTSIDE, "192.168.10.30", "209.165.200.228");
	r[n++] = pat("192.168.10.31", "209.165.200.230", 5070, 5570);
	r[n++] = pat("192.168.10.32", "209.165.200.230", 5071, 5571);
	r[n++] = rule(INSIDE, OUTSIDE, "10.1.1.0/25", "198.51.100.0/25");
	r[n++] = rule(INSIDE, OUTSIDE, "10.2.2.64/28", "198.51.100.192/28");
	r[n++] = rule(INSIDE, OUTSIDE, "10.3.3.0/25", "198.51.100.128/25");
	r[n++] = rule(NAT_IFACE_ANY, NAT_IFACE_ANY, "10.9.0.0/24", "172.16.0.0/24");
	r[n++] = rule(INSIDE, OUTSIDE, "192.0.2.1", "192.0.2.1");
	return n;
}

static void test_untranslate(void **state)
{
	struct nat_rule r[8];
	size_t n = rules(r);

	for (size_t i = 0; i < COUNT(untranslate); i++) {
		const struct step *s = &untranslate[i];
		struct endpoint dst = ep(s->ip, s->port), to = ep(s->to, s->to_port);

		assert_int_equal(nat_untranslate(r, n, s->iface, s->proto, &dst), s->rule);
		assert_true(endpoint_eq(&dst, &to));
	}
}

static void test_translate(void **state)
{
	struct nat_rule r[8];
	size_t n = rules(r);

	for (size_t i = 0; i < COUNT(translate); i++) {
		const struct step *s = &translate[i];
		struct endpoint src = ep(s->ip, s->port), to = ep(s->to, s->to_port);

		assert_int_equal(nat_translate(r, n, INSIDE, s->iface, s->proto, &src), s->rule);
		assert_true(endpoint_eq(&src, &to));
	}
}

static void test_translate_real_side(void **state)
{
	struct nat_rule r[8];
	size_t n = rules(r);
	struct endpoint src = ep("192.168.10.30", 1);

	assert_int_equal(nat_translate(r, n, DMZ, OUTSIDE, PROTO_TCP, &src), -1);
}

// Twice NAT: to partners, by their addresses here; exemption; one port to one port of a server; and what
// holds for everybody else.
static size_t twice(struct nat_rule *r)
{
	r[0] = rule(INSIDE, OUTSIDE, "10.1.1.0/24", "198.51.100.0/24");
	r[0].dst_mapped = net("10.9.0.0/24");
	r[0].dst_real = net("203.0.113.0/24");
	r[1] = rule(INSIDE, OUTSIDE, "10.1.0.0/16", "10.1.0.0/16");
	r[1].dst_mapped = r[1].dst_real = net("10.2.0.0/16");
	r[2] = pat("10.1.1.5", "198.51.100.99", 0, 0);
	r[2].dst_mapped = net("10.9.9.9");
	r[2].dst_real = net("203.0.115.9");
	r[2].dst_mapped_port = 8080;
	r[2].dst_real_port = 80;
	r[3] = rule(INSIDE, OUTSIDE, "10.1.2.0/24", "0.0.0.0/0");
	r[3].kind = NAT_PAT;
	r[3].interface = true;
	r[3].dst_mapped = r[3].dst_real = net("203.0.113.77");
	r[4] = rule(INSIDE, OUTSIDE, "10.1.1.0/24", "192.0.2.0/24");
	return 5;
}

static void test_twice(void **state)
{
	static const struct {
		uint16_t in, out;
		uint8_t proto;
		const char *src, *dst;
		uint16_t sport, dport;
		int destination, source; // rules
		const char *to_src, *to_dst;
		uint16_t to_dport, to_sport;
	} t[] = {
		{INSIDE, OUTSIDE, PROTO_UDP, "10.1.1.7", "10.9.0.8", 9, 10, 0, 0, "198.51.100.7",
			"203.0.113.8", 10, 9},
		{OUTSIDE, INSIDE, PROTO_UDP, "203.0.113.8", "198.51.100.7", 10, 9, 0, 0, "10.9.0.8",
			"10.1.1.7", 9, 10},
		// Who is no partner does not reach it.
		{OUTSIDE, INSIDE, PROTO_UDP, "203.0.114.8", "198.51.100.7", 10, 9, -1, -1,
			"203.0.114.8", "198.51.100.7", 9, 10},
		// Nor a partner who is not spoken to by the address that he has here.
		{INSIDE, OUTSIDE, PROTO_UDP, "10.1.1.7", "203.0.113.8", 9, 10, -1, 4, "192.0.2.7",
			"203.0.113.8", 10, 9},
		{INSIDE, OUTSIDE, PROTO_TCP, "10.1.1.7", "10.2.3.4", 9, 10, 1, 1, "10.1.1.7",
			"10.2.3.4", 10, 9},
		{OUTSIDE, INSIDE, PROTO_TCP, "10.2.3.4", "10.1.1.7", 9, 10, 1, 1, "10.2.3.4",
			"10.1.1.7", 10, 9},
		{INSIDE, OUTSIDE, PROTO_TCP, "10.1.1.5", "10.9.9.9", 4000, 8080, 2, 2,
			"198.51.100.99", "203.0.115.9", 80, 4000},
		{INSIDE, OUTSIDE, PROTO_UDP, "10.1.1.5", "10.9.9.9", 4000, 8080, -1, 4, "192.0.2.5",
			"10.9.9.9", 8080, 4000},
		{INSIDE, OUTSIDE, PROTO_TCP, "10.1.1.5", "10.9.9.9", 4000, 8081, -1, 4, "192.0.2.5",
			"10.9.9.9", 8081, 4000},
		{OUTSIDE, INSIDE, PROTO_TCP, "203.0.115.9", "198.51.100.99", 80, 4000, 2, 2,
			"10.9.9.9", "10.1.1.5", 4000, 8080},
		{INSIDE, OUTSIDE, PROTO_TCP, "10.1.2.5", "203.0.113.77", 1, 2, 3, 3, "10.1.2.5",
			"203.0.113.77", 2, 1}, // dynamic: workers choose
		{INSIDE, OUTSIDE, PROTO_TCP, "10.1.2.5", "203.0.113.78", 1, 2, -1, -1, "10.1.2.5",
			"203.0.113.78", 2, 1},
		// Routed elsewhere than the rule says.
		{INSIDE, DMZ, PROTO_UDP, "10.1.1.7", "10.9.0.8", 9, 10, 0, -1, "10.1.1.7",
			"203.0.113.8", 10, 9},
		{INSIDE, OUTSIDE, PROTO_UDP, "10.1.1.7", "8.8.8.8", 9, 10, -1, 4, "192.0.2.7",
			"8.8.8.8", 10, 9},
	};
	struct nat_rule r[5];
	size_t n = twice(r);
	struct endpoint e;

	for (size_t i = 0; i < COUNT(t); i++) {
		struct flow f = {ep(t[i].src, t[i].sport), ep(t[i].dst, t[i].dport), t[i].proto};
		struct endpoint src = f.src, dst = f.dst, to_src = ep(t[i].to_src, t[i].to_sport),
				to_dst = ep(t[i].to_dst, t[i].to_dport);

		assert_int_equal(nat_untranslate_flow(r, n, t[i].in, &f, &dst), t[i].destination);
		assert_true(endpoint_eq(&dst, &to_dst));
		assert_int_equal(
			nat_translate_flow(r, n, t[i].in, t[i].out, &f, t[i].destination, &src),
			t[i].source);
		assert_true(endpoint_eq(&src, &to_src));
	}
	e = ep("10.9.0.8", 0);
	assert_true(nat_owns_mapped(r, n, INSIDE, &e.ip));
	assert_false(nat_owns_mapped(r, n, OUTSIDE, &e.ip));
	e = ep("10.2.0.8", 0); // itself
	assert_false(nat_owns_mapped(r, n, INSIDE, &e.ip));
	e = ep("198.51.100.7", 0);
	assert_true(nat_owns_mapped(r, n, OUTSIDE, &e.ip));
}

// Without both ends such rules have no say.
static void test_twice_one_end(void **state)
{
	struct endpoint dst = ep("198.51.100.7", 9), src = ep("10.1.1.7", 9);
	struct nat_rule r[5];
	size_t n = twice(r);

	assert_int_equal(nat_untranslate(r, n, OUTSIDE, PROTO_UDP, &dst), -1);
	assert_int_equal(nat_translate(r, n, INSIDE, OUTSIDE, PROTO_UDP, &src), 4);
}

// What one direction does the other undoes, whole subnets included.
static void test_there_and_back(void **state)
{
	struct nat_rule r = rule(INSIDE, OUTSIDE, "10.2.2.64/28", "198.51.100.192/28");
	struct endpoint e = ep("10.2.2.64", 7), was = e;

	for (unsigned int host = 0; host < 16; host++, was.ip.b[15]++) {
		e = was;
		assert_int_equal(nat_translate(&r, 1, INSIDE, OUTSIDE, PROTO_UDP, &e), 0);
		assert_int_equal(e.ip.b[15], 192 + host);
		assert_int_equal(nat_untranslate(&r, 1, OUTSIDE, PROTO_UDP, &e), 0);
		assert_true(endpoint_eq(&e, &was));
	}
}

static struct nat_rule dynamic(const char *real, const char *first, const char *last, bool iface)
{
	struct nat_rule r = rule(INSIDE, OUTSIDE, real, "0.0.0.0/0");

	r.mapped = (struct prefix){.len = 0};
	r.kind = NAT_PAT;
	r.interface = iface;
	if (first != NULL)
		r.pool = (struct nat_pool){ip(first), ip(last)};
	return r;
}

// A dynamic rule is found like any other, and leaves it to the workers what it maps to; nobody
// outside can mean it.
static void test_dynamic(void **state)
{
	const struct nat_rule r[] = {
		rule(INSIDE, OUTSIDE, "10.1.1.1", "203.0.113.9"),
		rule(INSIDE, OUTSIDE, "10.1.2.0/24", "10.1.2.0/24"), // identity: left alone
		dynamic("10.1.0.0/16", "203.0.113.16", "203.0.113.19", false),
		dynamic("0.0.0.0/0", NULL, NULL, true),
	};
	static const struct {
		const char *ip;
		uint16_t in, out;
		int rule;
		const char *to;
	} t[] = {
		{"10.1.1.1", INSIDE, OUTSIDE, 0, "203.0.113.9"},
		{"10.1.2.3", INSIDE, OUTSIDE, 1, "10.1.2.3"},
		{"10.1.1.2", INSIDE, OUTSIDE, 2, "10.1.1.2"},
		{"10.2.1.1", INSIDE, OUTSIDE, 3, "10.2.1.1"},
		{"10.2.1.1", INSIDE, DMZ, -1, "10.2.1.1"},
		{"10.2.1.1", DMZ, OUTSIDE, -1, "10.2.1.1"},
	};
	struct endpoint pooled = ep("203.0.113.17", 30000);

	for (size_t i = 0; i < COUNT(t); i++) {
		struct endpoint src = ep(t[i].ip, 7), to = ep(t[i].to, 7);

		assert_int_equal(
			nat_translate(r, COUNT(r), t[i].in, t[i].out, PROTO_UDP, &src), t[i].rule);
		assert_true(endpoint_eq(&src, &to));
	}
	assert_int_equal(nat_untranslate(r, COUNT(r), OUTSIDE, PROTO_UDP, &pooled), -1);
}

static void test_is_pat(void **state)
{
	const struct nat_rule r[] = {
		rule(INSIDE, OUTSIDE, "10.1.1.1", "203.0.113.9"),
		dynamic("10.1.0.0/16", "203.0.113.16", "203.0.113.19", false),
		dynamic("0.0.0.0/0", NULL, NULL, true),
	};
	static const struct {
		const char *ip;
		uint16_t iface, port;
		uint8_t proto;
		bool is;
	} t[] = {
		{"203.0.113.15", OUTSIDE, 30000, PROTO_UDP, false},
		{"203.0.113.16", OUTSIDE, 30000, PROTO_UDP, true},
		{"203.0.113.19", OUTSIDE, 30000, PROTO_TCP, true},
		{"203.0.113.20", OUTSIDE, 30000, PROTO_UDP, false},
		{"203.0.113.1", OUTSIDE, 16384, PROTO_ICMP, true}, // the interface's
		{"203.0.113.1", OUTSIDE, 65535, PROTO_UDP, true},
		{"203.0.113.1", OUTSIDE, 16383, PROTO_UDP, false},
		{"203.0.113.1", OUTSIDE, 30000, 47, false},
		{"203.0.113.1", INSIDE, 30000, PROTO_UDP, false},
		{"203.0.113.9", OUTSIDE, 30000, PROTO_UDP, false}, // static
	};
	const struct ip_addr own = ip("203.0.113.1");

	for (size_t i = 0; i < COUNT(t); i++) {
		struct endpoint e = ep(t[i].ip, t[i].port);

		assert_int_equal(
			nat_is_pat(r, COUNT(r), t[i].iface, &own, t[i].proto, &e), t[i].is);
	}
	assert_true(nat_owns_mapped(r, COUNT(r), OUTSIDE, &r[1].pool.first)); // ARP
	assert_false(nat_owns_mapped(r, COUNT(r), OUTSIDE, &own));            // the kernel's
	assert_true(nat_owns_real(r, 1, INSIDE, &r[0].real.ip));
	assert_false(nat_owns_real(r, 1, OUTSIDE, &r[0].real.ip));
}

// A pool in several places is one pool, the addresses between its places are nobody's.
static void test_places(void **state)
{
	static const char *const all[] = {
		"203.0.113.16", "203.0.113.17", "203.0.113.30", "192.0.2.255", "192.0.3.0"};
	const struct nat_pool between = {ip("203.0.113.18"), ip("203.0.113.29")};
	const struct nat_pool into = {ip("203.0.113.18"), ip("203.0.113.30")};
	struct nat_rule r = dynamic("10.1.0.0/16", "203.0.113.16", "203.0.113.17", false);
	const struct ip_addr own = ip("203.0.113.1"), real = ip("10.1.2.3");
	const struct flow toward = {ep("192.0.2.1", 80), ep("203.0.113.30", 80), PROTO_UDP};
	struct endpoint dst = toward.dst;
	char text[NAT_GIVEN_TEXT_MAX];

	r.more_pools[0] = (struct nat_pool){ip("203.0.113.30"), ip("203.0.113.30")};
	r.more_pools[1] = (struct nat_pool){ip("192.0.2.255"), ip("192.0.3.0")};
	assert_int_equal(nat_given_size(&r), COUNT(all));
	for (uint32_t i = 0; i < COUNT(all); i++) {
		const struct ip_addr got = nat_given_at(&r, i), want = ip(all[i]);
		const struct endpoint e = ep(all[i], 20000);

		assert_true(ip_eq(&got, &want));
		assert_true(nat_given_has(&r, &want));
		assert_true(nat_answers_arp(&r, 1, OUTSIDE, &want));
		assert_true(nat_is_pat(&r, 1, OUTSIDE, &own, PROTO_UDP, &e));
		r.kind = NAT_DYNAMIC;
		assert_true(nat_is_pooled(&r, 1, OUTSIDE, &want));
		r.kind = NAT_PAT;
	}
	for (uint32_t i = 0; i < nat_pool_size(&between); i++) {
		const struct ip_addr no = nat_pool_at(&between, i);

		assert_false(nat_given_has(&r, &no) || nat_owns_mapped(&r, 1, OUTSIDE, &no));
	}
	assert_false(nat_given_meets(&r, &between));
	assert_true(nat_given_meets(&r, &into));
	r.kind = NAT_DYNAMIC;
	assert_int_equal(nat_untranslate_held(&r, 1, OUTSIDE, &toward, r.id, &real, &dst), 0);
	assert_true(ip_eq(&dst.ip, &real));
	assert_string_equal(nat_given_format(&r, text),
		"203.0.113.16-203.0.113.17, 203.0.113.30, 192.0.2.255-192.0.3.0");
	for (size_t i = 0; i < NAT_POOLS_MAX - 1; i++)
		r.more_pools[i] = (struct nat_pool){ip("0.0.0.0"), ip("255.255.255.255")};
	assert_int_equal(nat_given_size(&r), UINT32_MAX);
}

static void test_pool(void **state)
{
	const struct nat_pool none = {0}, p = {ip("10.0.0.254"), ip("10.0.1.1")};
	static const char *const all[] = {"10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1"};
	const struct nat_pool all_v4 = {ip("0.0.0.0"), ip("255.255.255.255")};

	assert_int_equal(nat_pool_size(&none), 0);
	assert_int_equal(nat_pool_size(&all_v4), UINT32_MAX);
	assert_int_equal(nat_pool_size(&p), 4);
	assert_false(nat_pool_has(&none, &p.first));
	for (uint32_t i = 0; i < 4; i++) {
		struct ip_addr got = nat_pool_at(&p, i), want = ip(all[i]);

		assert_true(ip_eq(&got, &want));
		assert_true(nat_pool_has(&p, &want));
	}
}

static void test_filter(void **state)
{
	static const struct {
		struct nat_filter f;
		bool has;
	} t[] = {
		{{.iface = NAT_IFACE_ANY}, true},
		{{.iface = INSIDE}, true},
		{{.iface = OUTSIDE}, true},
		{{.iface = DMZ}, false},
		{{.iface = NAT_IFACE_ANY, .real_port = {1030, 1030}}, true},
		{{.iface = NAT_IFACE_ANY, .real_port = {1031, 2000}}, false},
		{{.iface = NAT_IFACE_ANY, .mapped_port = {20000, 30000}}, true},
		{{.iface = NAT_IFACE_ANY, .mapped_port = {1, 19999}}, false},
	};
	const struct endpoint real = ep("10.1.1.15", 1030), mapped = ep("192.150.49.1", 20000);
	struct nat_filter f = {.iface = NAT_IFACE_ANY, .real = {ip("10.1.1.14"), ip("10.1.1.16")}};

	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(
			nat_filter_has(&t[i].f, INSIDE, OUTSIDE, &real, &mapped), t[i].has);
	assert_true(nat_filter_has(&f, INSIDE, OUTSIDE, &real, &mapped));
	f.mapped = f.real;
	assert_false(nat_filter_has(&f, INSIDE, OUTSIDE, &real, &mapped));
}

// The ASA's order: manual rules as they stand; of the objects' first what is static, then what is
// fewest addresses, then the lowest address; then those that are told to come after them.
static void test_order(void **state)
{
	struct nat_rule r[] = {
		dynamic("10.1.0.0/16", NULL, NULL, true),
		dynamic("10.1.1.0/24", NULL, NULL, true),
		rule(INSIDE, OUTSIDE, "10.9.0.0/24", "203.0.113.0/24"),
		rule(INSIDE, OUTSIDE, "10.1.1.2", "203.0.113.2"),
		rule(INSIDE, OUTSIDE, "10.1.1.1", "203.0.113.1"),
		dynamic("0.0.0.0/0", NULL, NULL, true),
		rule(INSIDE, OUTSIDE, "10.1.1.9", "203.0.113.9"),
		rule(INSIDE, OUTSIDE, "10.1.1.8", "203.0.113.8"),
	};
	static const enum nat_section sections[] = {NAT_AUTO, NAT_AUTO, NAT_AUTO, NAT_AUTO,
		NAT_AUTO, NAT_AFTER_AUTO, NAT_MANUAL, NAT_MANUAL};
	static const uint32_t want[] = {6, 7, 4, 3, 2, 1, 0, 5};

	for (uint32_t i = 0; i < COUNT(r); i++) {
		r[i].section = sections[i];
		r[i].id = i;
	}
	nat_order(r, COUNT(r));
	for (size_t i = 0; i < COUNT(r); i++)
		assert_int_equal(r[i].id, want[i]);
	nat_order(r, COUNT(r)); // and it stays
	for (size_t i = 0; i < COUNT(r); i++)
		assert_int_equal(r[i].id, want[i]);
}

static void test_owns_mapped(void **state)
{
	static const struct {
		const char *ip;
		uint16_t iface;
		bool owns;
	} t[] = {
		{"209.165.200.228", OUTSIDE, true}, {"209.165.200.228", INSIDE, false},
		{"209.165.200.230", OUTSIDE, true}, // static PAT owns the whole address
		{"209.165.200.231", OUTSIDE, false},
		{"192.168.10.30", INSIDE, false}, // a real address answers for itself
		{"198.51.100.5", OUTSIDE, true}, {"172.16.0.1", DMZ, true},
		{"192.0.2.1", OUTSIDE, false}, // identity
	};
	struct nat_rule r[8];
	size_t n = rules(r);

	for (size_t i = 0; i < COUNT(t); i++) {
		struct endpoint e = ep(t[i].ip, 0);

		assert_int_equal(nat_owns_mapped(r, n, t[i].iface, &e.ip), t[i].owns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untranslate),
		cmocka_unit_test(test_translate),
		cmocka_unit_test(test_translate_real_side),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_twice_one_end),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_owns_mapped),
		cmocka_unit_test(test_dynamic),
		cmocka_unit_test(test_is_pat),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
