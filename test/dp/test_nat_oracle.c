// SPDX-License-Identifier: BSD-3-Clause
// Sessions and every kind of translation against a naive oracle, on a random trace: the oracle has a plain list
// of flows that it searches from end to end, and knows the rules by their meaning alone.
#include "test/dp/xlate_steps.h"

#define PACKETS 20000
#define FLOWS   4096
#define FAR2    "198.51.100.8"
#define PARTNER "192.168.10.200"  // what OTHER calls FAR
#define OUTER   "209.165.200.235" // what FAR calls OTHER

static uint8_t frame[FRAME_MAX], other[FRAME_MAX];

// As it is on either wire when it goes out.
static struct known {
	struct flow inner, outer;
} known[FLOWS];
static size_t n_known;

// HOST_IN has MAPPED, OTHER has a partner, three hosts have two addresses of a pool, and the rest the
// interface's ports.
static void up(struct nat_rule nat[4])
{
	xlate_up(1, FLOWS);
	nat[0] = rules.nat[0];
	nat[1] = (struct nat_rule){.id = 3,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net(OTHER),
		.mapped = net(OUTER),
		.dst_mapped = net(PARTNER),
		.dst_real = net(FAR)};
	nat[2] = xlate_rule(INSIDE, OUTSIDE, "192.168.10.48/30");
	nat[2].id = 4;
	nat[2].kind = NAT_DYNAMIC;
	nat[2].pool = xlate_pool(POOL, "209.165.200.241");
	nat[3] = rules.nat[1];
	rules.r.nat = nat;
	rules.r.n_nat = 4;
	rules.incoming[0] = rules.incoming[2]; // UDP 4000 of HOST_IN, and of OTHER
	rules.incoming[0].dst = net(OTHER);
	harness_apply(&rules);
	for (unsigned int host = 48; host < 51; host++) {
		char text[IP_TEXT_MAX];

		snprintf(text, sizeof(text), "192.168.10.%u", host);
		neighbour(INSIDE, text);
	}
}

static const char *one_of(const char *const *list, size_t n)
{
	return list[(size_t)rand() % n];
}

static struct flow back_of(const struct flow *f)
{
	return (struct flow){f->dst, f->src, f->proto};
}

static bool same(const struct flow *a, const struct flow *b)
{
	return endpoint_eq(&a->src, &b->src) && endpoint_eq(&a->dst, &b->dst);
}

static const struct known *learn(struct flow inner, struct flow outer)
{
	assert_true(n_known < FLOWS);
	for (size_t i = 0; i < n_known; i++) // answers would have two ways
		assert_false(same(&known[i].outer, &outer));
	known[n_known] = (struct known){inner, outer};
	return &known[n_known++];
}

// What came out; false: nothing did.
static bool passes(uint16_t in, const struct flow *f, struct flow *got)
{
	size_t len;

	harness_send(in, f, 0);
	len = harness_out(in == INSIDE ? OUTSIDE : INSIDE, frame);
	assert_true(len == 0 || frame_sums_ok(frame, len));
	assert_int_equal(harness_out(in, other), 0);
	if (len > 0)
		*got = frame_flow(frame, len);
	return len > 0;
}

static bool in_pool(const struct ip_addr *ip)
{
	return ip_is(ip, POOL) || ip_is(ip, "209.165.200.241");
}

static bool is_pooled(const struct ip_addr *real)
{
	return real->b[15] >= 48 && real->b[15] < 52;
}

// What the dynamic rules promise of a new flow, against all that is known.
static void assert_mapping(const struct flow *f, const struct flow *got)
{
	for (size_t i = 0; i < n_known; i++) {
		const struct flow *inner = &known[i].inner, *outer = &known[i].outer;

		if (is_pooled(&f->src.ip)) // an address is a host's, and a host's is one
			assert_true(!in_pool(&outer->src.ip) ||
				ip_eq(&inner->src.ip, &f->src.ip) ==
					ip_eq(&outer->src.ip, &got->src.ip));
		else if (ip_is(&outer->src.ip, FW_OUT)) // a port is an endpoint's, and the reverse
			assert_true(endpoint_eq(&inner->src, &f->src) ==
				endpoint_eq(&outer->src, &got->src));
	}
	if (is_pooled(&f->src.ip))
		assert_true(in_pool(&got->src.ip) && got->src.port == f->src.port);
	else
		assert_true(ip_is(&got->src.ip, FW_OUT) && got->src.port >= NAT_PAT_PORT_MIN &&
			got->src.port % 2 == f->src.port % 2);
	assert_true(endpoint_eq(&got->dst, &f->dst));
}

// How many hosts have an address of the pool, `ip` not counted, and whether that one has.
static unsigned int pool_hosts(const struct ip_addr *ip, bool *has)
{
	unsigned int seen = 0;

	*has = false;
	for (size_t i = 0; i < n_known; i++) {
		const struct ip_addr *real = &known[i].inner.src.ip;

		if (is_pooled(real) && ip_eq(real, ip))
			*has = true;
		else if (is_pooled(real))
			seen |= 1u << (real->b[15] - 48);
	}
	return (unsigned int)__builtin_popcount(seen);
}

static void from_inside(void)
{
	static const char *const hosts[] = {
		HOST_IN, OTHER, THIRD, "192.168.10.48", "192.168.10.49", "192.168.10.50"};
	static const char *const peers[] = {FAR, FAR2, PARTNER};
	struct flow f = flow(PROTO_UDP, one_of(hosts, 6), (uint16_t)(4000 + rand() % 6),
		one_of(peers, 3), (uint16_t)(50 + rand() % 4));
	struct flow got, want = f;
	bool passed = passes(INSIDE, &f, &got), has;

	for (size_t i = 0; i < n_known; i++)
		if (same(&known[i].inner, &f)) {
			assert_true(passed && same(&got, &known[i].outer));
			return;
		}
	if (ip_is(&f.src.ip, OTHER) && ip_is(&f.dst.ip, PARTNER)) {
		want.src.ip = ip(OUTER);
		want.dst.ip = ip(FAR);
	} else if (ip_is(&f.dst.ip, PARTNER)) { // nobody's, but OTHER's
		assert_false(passed);
		return;
	} else if (ip_is(&f.src.ip, HOST_IN)) {
		want.src.ip = ip(MAPPED);
	} else {
		if (is_pooled(&f.src.ip)) {
			const unsigned int others = pool_hosts(&f.src.ip, &has);

			assert_int_equal(passed, has || others < 2);
		} else {
			assert_true(passed);
		}
		if (!passed)
			return;
		assert_mapping(&f, &got);
		want = got;
	}
	assert_true(passed && same(&got, &want));
	learn(f, want);
}

static void from_outside(void)
{
	static const char *const peers[] = {FAR, FAR2};
	static const char *const ours[] = {MAPPED, OUTER, FW_OUT, POOL, "209.165.200.241"};
	struct flow f = flow(PROTO_UDP, one_of(peers, 2), (uint16_t)(50 + rand() % 4),
		one_of(ours, 5), (uint16_t)(4000 + rand() % 6));
	struct flow got, inner, outer;
	bool passed;

	if (n_known > 0 && rand() % 2)
		f = back_of(&known[(size_t)rand() % n_known].outer); // an answer
	if (rand() % 4 == 0)
		f.src.port = (uint16_t)(50 + rand() % 4); // of somebody else, perhaps
	passed = passes(OUTSIDE, &f, &got);
	outer = back_of(&f);
	for (size_t i = 0; i < n_known; i++)
		if (same(&known[i].outer, &outer)) {
			inner = back_of(&known[i].inner);
			assert_true(passed && same(&got, &inner));
			return;
		}
	inner = outer;
	if (ip_is(&f.dst.ip, MAPPED) && f.dst.port == 4000) {
		inner.src.ip = ip(HOST_IN);
	} else if (ip_is(&f.dst.ip, OUTER) && f.dst.port == 4000 && ip_is(&f.src.ip, FAR)) {
		inner.src.ip = ip(OTHER);
		inner.dst.ip = ip(PARTNER);
	} else {
		assert_false(passed);
		return;
	}
	learn(inner, outer);
	inner = back_of(&inner);
	assert_true(passed && same(&got, &inner));
}

static void test_trace(void **state)
{
	struct nat_rule nat[4];

	srand(23);
	up(nat);
	for (unsigned int i = 0; i < PACKETS; i++) {
		if (rand() % 2)
			from_inside();
		else
			from_outside();
	}
	assert_true(n_known > 150); // or the trace says nothing
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), n_known);
	assert_true(counted(DROP_NAT_POOL) > 0 && counted(DROP_NAT_UNMAPPED) > 0 &&
		counted(DROP_ACL_DENY) > 0);
	harness_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_trace)};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
