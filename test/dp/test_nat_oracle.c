// SPDX-License-Identifier: BSD-3-Clause
// Sessions and every kind of translation against a naive oracle, on a random trace in which time goes by: the
// oracle has a plain list of flows and one of translations, which it searches from end to end, and knows the
// rules by their meaning alone.
#include "test/dp/xlate_steps.h"

#include "dp/nat_hits.h"

#define PACKETS 20000
#define FLOWS   4096
#define FAR2    "198.51.100.8"
#define PARTNER "192.168.10.200"  // what OTHER calls FAR
#define OUTER   "209.165.200.235" // what FAR calls OTHER
#define ONE_WAY "209.165.200.236" // what three ports of OTHER speak as
#define RULES   6
#define POOL2   "209.165.200.241"
#define SERVED  4001 // a port of the pool's hosts that the list permits
#define UDP_S   120  // of harness_rules()
#define PORT_S  30   // that a port rests
#define ADDR_S  10800
// Far enough from all of these that nobody need know when in a second a worker looks: twice the one is less
// than UDP_S, and it is more than PORT_S.
#define SHORT_S 50
#define LONG_S  11000

static uint8_t frame[FRAME_MAX], other[FRAME_MAX];

// A dynamic translation: of an endpoint, or of a host that has an address.
struct known_map {
	struct endpoint real, mapped; // port 0: of a host
	uint64_t rest_s;              // since when no flow uses it; NEVER: one does
	bool live;
};

// As it is on either wire when it goes out.
struct known {
	struct flow inner, outer;
	struct known_map *map; // NULL: none, or a static one
	uint64_t last_s;
	bool live;
};

#define NEVER UINT64_MAX

static struct known known[FLOWS];
static struct known_map maps[FLOWS];
static size_t n_opened; // flows, ever
static uint64_t now_s;

// HOST_IN has MAPPED, OTHER has a partner, and three ports one way; THIRD is exempt with FAR2; three hosts have
// two addresses of a pool, and the rest the interface's ports.
static void up(struct nat_rule nat[RULES])
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
	nat[2].pool = xlate_pool(POOL, POOL2);
	nat[3] = (struct nat_rule){.id = 5,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net(THIRD),
		.mapped = net(THIRD),
		.dst_mapped = net(FAR2),
		.dst_real = net(FAR2)};
	nat[4] = (struct nat_rule){.id = 6,
		.real_if = INSIDE,
		.mapped_if = OUTSIDE,
		.real = net(OTHER),
		.mapped = net(ONE_WAY),
		.proto = PROTO_UDP,
		.real_port = 4000,
		.mapped_port = 14000,
		.more_ports = 2,
		.one_way = true};
	nat[5] = rules.nat[1];
	rules.r.nat = nat;
	rules.r.n_nat = RULES;
	rules.incoming[0] = rules.incoming[2]; // UDP 4000 of HOST_IN, and of OTHER and THIRD
	rules.incoming[0].dst = net(OTHER "/31");
	rules.incoming[1] = rules.incoming[2];
	rules.incoming[1].dst = net("192.168.10.48/30");
	rules.incoming[1].dport = (struct port_range){SERVED, SERVED};
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

// Low ones, and such as translations give out.
static uint16_t any_port(void)
{
	return (uint16_t)((rand() % 2 ? 4000 : 40000) + rand() % 6);
}

static struct flow back_of(const struct flow *f)
{
	return (struct flow){f->dst, f->src, f->proto};
}

static bool same(const struct flow *a, const struct flow *b)
{
	return endpoint_eq(&a->src, &b->src) && endpoint_eq(&a->dst, &b->dst);
}

static struct known *find_inner(const struct flow *f)
{
	for (size_t i = 0; i < FLOWS; i++)
		if (known[i].live && same(&known[i].inner, f))
			return &known[i];
	return NULL;
}

static struct known *find_outer(const struct flow *f)
{
	for (size_t i = 0; i < FLOWS; i++)
		if (known[i].live && same(&known[i].outer, f))
			return &known[i];
	return NULL;
}

static struct known_map *find_real(const struct ip_addr *ip, uint16_t port)
{
	for (size_t i = 0; i < FLOWS; i++)
		if (maps[i].live && ip_eq(&maps[i].real.ip, ip) && maps[i].real.port == port)
			return &maps[i];
	return NULL;
}

static struct known_map *find_mapped(const struct ip_addr *ip, uint16_t port)
{
	for (size_t i = 0; i < FLOWS; i++)
		if (maps[i].live && ip_eq(&maps[i].mapped.ip, ip) && maps[i].mapped.port == port)
			return &maps[i];
	return NULL;
}

static void used(struct known *k)
{
	k->last_s = now_s;
}

static void learn(struct flow inner, struct flow outer, struct known_map *map)
{
	size_t i = 0;

	assert_null(find_outer(&outer)); // answers would have two ways
	while (known[i].live)
		assert_true(++i < FLOWS);
	known[i] = (struct known){inner, outer, map, now_s, true};
	if (map != NULL)
		map->rest_s = NEVER;
	n_opened++;
}

static struct known_map *learn_map(struct endpoint real, struct endpoint mapped)
{
	size_t i = 0;

	while (maps[i].live)
		assert_true(++i < FLOWS);
	maps[i] = (struct known_map){real, mapped, NEVER, true};
	return &maps[i];
}

static bool is_used(const struct known_map *m)
{
	for (size_t i = 0; i < FLOWS; i++)
		if (known[i].live && known[i].map == m)
			return true;
	return false;
}

static void time_passes(uint64_t s)
{
	harness_wait_s(s);
	now_s += s + 1;
	for (size_t i = 0; i < FLOWS; i++)
		if (known[i].live && now_s - known[i].last_s >= UDP_S)
			known[i].live = false;
	for (size_t i = 0; i < FLOWS; i++) {
		struct known_map *m = &maps[i];

		if (!m->live || is_used(m))
			continue;
		if (m->rest_s == NEVER)
			m->rest_s = now_s;
		else if (now_s - m->rest_s >= (m->real.port == 0 ? ADDR_S : PORT_S))
			m->live = false;
	}
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
	return ip_is(ip, POOL) || ip_is(ip, POOL2);
}

static bool is_pooled(const struct ip_addr *real)
{
	return real->b[15] >= 48 && real->b[15] < 52;
}

// A host of the pool: its address, or one that is free, or none; ports stay.
static void through_pool(const struct flow *f, bool passed, const struct flow *got)
{
	struct known_map *m = find_real(&f->src.ip, 0);
	const struct ip_addr pool[] = {ip(POOL), ip(POOL2)};
	struct flow want = *f;

	if (m == NULL) {
		assert_int_equal(passed,
			find_mapped(&pool[0], 0) == NULL || find_mapped(&pool[1], 0) == NULL);
		if (!passed)
			return;
		assert_true(in_pool(&got->src.ip));
		assert_null(find_mapped(&got->src.ip, 0));
		m = learn_map((struct endpoint){f->src.ip, 0}, (struct endpoint){got->src.ip, 0});
	}
	want.src.ip = m->mapped.ip;
	assert_true(passed && same(got, &want));
	learn(*f, want, m);
}

// A port is an endpoint's, and the reverse; kept if it is free, and else of the same parity.
static void through_port(const struct flow *f, bool passed, const struct flow *got)
{
	struct known_map *m = find_real(&f->src.ip, f->src.port);
	const struct ip_addr own = ip(FW_OUT);
	struct flow want = *f;

	assert_true(passed);
	if (m == NULL) {
		assert_true(ip_eq(&got->src.ip, &own) && got->src.port >= NAT_PAT_PORT_MIN);
		assert_null(find_mapped(&own, got->src.port));
		if (f->src.port >= NAT_PAT_PORT_MIN && find_mapped(&own, f->src.port) == NULL)
			assert_int_equal(got->src.port, f->src.port);
		else
			assert_int_equal(got->src.port % 2, f->src.port % 2);
		m = learn_map(f->src, got->src);
	}
	want.src = m->mapped;
	assert_true(same(got, &want));
	learn(*f, want, m);
}

static void from_inside(void)
{
	static const char *const hosts[] = {
		HOST_IN, OTHER, THIRD, "192.168.10.48", "192.168.10.49", "192.168.10.50"};
	static const char *const peers[] = {FAR, FAR2, PARTNER};
	struct flow f = flow(PROTO_UDP, one_of(hosts, 6), any_port(), one_of(peers, 3),
		(uint16_t)(50 + rand() % 4));
	struct flow got, want = f;
	bool passed = passes(INSIDE, &f, &got);
	struct known *k = find_inner(&f);

	if (k != NULL) {
		assert_true(passed && same(&got, &k->outer));
		return used(k);
	}
	if (ip_is(&f.src.ip, OTHER) && ip_is(&f.dst.ip, PARTNER)) {
		want.src.ip = ip(OUTER);
		want.dst.ip = ip(FAR);
	} else if (ip_is(&f.dst.ip, PARTNER)) { // nobody's, but OTHER's
		assert_false(passed);
		return;
	} else if (ip_is(&f.src.ip, OTHER) && f.src.port >= 4000 && f.src.port < 4003) {
		want.src = ep(ONE_WAY, (uint16_t)(f.src.port + 10000));
	} else if (ip_is(&f.src.ip, THIRD) && ip_is(&f.dst.ip, FAR2)) { // as it is
	} else if (is_pooled(&f.src.ip)) {
		return through_pool(&f, passed, &got);
	} else if (!ip_is(&f.src.ip, HOST_IN)) {
		return through_port(&f, passed, &got);
	} else {
		want.src.ip = ip(MAPPED);
	}
	assert_true(passed && same(&got, &want));
	learn(f, want, NULL);
}

// Who may begin a flow from outside, and to whom.
static bool may_come_in(const struct flow *f, struct flow *inner, struct known_map **map)
{
	*inner = back_of(f);
	*map = in_pool(&f->dst.ip) ? find_mapped(&f->dst.ip, 0) : NULL;
	if (ip_is(&f->dst.ip, MAPPED) && f->dst.port == 4000) {
		inner->src.ip = ip(HOST_IN);
	} else if (ip_is(&f->dst.ip, OUTER) && f->dst.port == 4000 && ip_is(&f->src.ip, FAR)) {
		inner->src.ip = ip(OTHER);
		inner->dst.ip = ip(PARTNER);
	} else if (ip_is(&f->dst.ip, THIRD) && f->dst.port == 4000 && ip_is(&f->src.ip, FAR2)) {
		// as it is
	} else if (*map != NULL && f->dst.port == SERVED) {
		inner->src.ip = (*map)->real.ip;
	} else {
		return false;
	}
	return true;
}

static void from_outside(void)
{
	static const char *const peers[] = {FAR, FAR2};
	static const char *const ours[] = {MAPPED, OUTER, FW_OUT, POOL, POOL2, THIRD, ONE_WAY};
	struct flow f = flow(PROTO_UDP, one_of(peers, 2), (uint16_t)(50 + rand() % 4),
		one_of(ours, 7), any_port());
	const struct known *answered = &known[(size_t)rand() % FLOWS / (rand() % 2 ? 8 : 128)];
	struct flow got, inner, outer;
	struct known_map *map;
	struct known *k;
	bool passed;

	if (answered->outer.proto != 0 && rand() % 2) // an answer, which may come late
		f = back_of(&answered->outer);
	else if (ip_is(&f.dst.ip, ONE_WAY))
		f.dst.port = (uint16_t)(14000 + rand() % 4);
	if (rand() % 4 == 0)
		f.src.port = (uint16_t)(50 + rand() % 4); // of somebody else, perhaps
	passed = passes(OUTSIDE, &f, &got);
	outer = back_of(&f);
	k = find_outer(&outer);
	if (k == NULL && !may_come_in(&f, &inner, &map)) {
		assert_false(passed);
		return;
	}
	if (k != NULL) {
		inner = k->inner;
		used(k);
	} else {
		learn(inner, outer, map);
	}
	inner = back_of(&inner);
	assert_true(passed && same(&got, &inner));
}

static void test_trace(void **state)
{
	struct nat_rule nat[RULES];

	srand(23);
	up(nat);
	for (unsigned int i = 1; i <= PACKETS; i++) {
		if (rand() % 2)
			from_inside();
		else
			from_outside();
		for (unsigned int n = i % 1000 == 0 ? i / 1000 % 3 : 0; n > 0; n--)
			time_passes(
				LONG_S); // once: all flows end; twice: hosts lose their addresses
		if (rand() % 60 == 0)
			time_passes(SHORT_S);
	}
	assert_true(n_opened > 2000); // or the trace says nothing
	assert_int_equal(counted(COUNT_SESSIONS_CREATED), n_opened);
	assert_true(counted(DROP_NAT_POOL) > 0 && counted(DROP_NAT_UNMAPPED) > 0 &&
		counted(DROP_ACL_DENY) > 0 && counted(DROP_NAT_ONE_WAY) > 0);
	for (uint32_t i = 3; i < 5; i++)
		assert_true(nat_hits_find(h.w->nat_hits, nat[i].id)->n[NAT_TRANSLATED] > 50);
	assert_true(nat_hits_find(h.w->nat_hits, nat[3].id)->n[NAT_UNTRANSLATED] > 10);
	assert_true(nat_hits_find(h.w->nat_hits, nat[2].id)->n[NAT_UNTRANSLATED] > 50);
	harness_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_trace)};

	return cmocka_run_group_tests(tests, harness_group_setup, NULL);
}
