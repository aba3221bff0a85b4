// SPDX-License-Identifier: BSD-3-Clause
// See test/dp/xlate_steps.h.
#include "test/dp/xlate_steps.h"

#include "dp/route.h"

static uint8_t frame[FRAME_MAX];
struct rules rules;

void neighbour(uint16_t iface, const char *address)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_NEIGH_SET};

	m.neigh.iface = iface;
	m.neigh.ip = ip(address);
	memset(m.neigh.mac, 2, sizeof(m.neigh.mac));
	for (unsigned int i = 0; i < h.n_workers; i++)
		neigh_msg(h.all[i], &m);
}

struct nat_rule xlate_rule(uint16_t real_if, uint16_t mapped_if, const char *real)
{
	return (struct nat_rule){.id = 2,
		.real_if = real_if,
		.mapped_if = mapped_if,
		.real = net(real),
		.kind = NAT_PAT};
}

struct nat_pool xlate_pool(const char *first, const char *last)
{
	return (struct nat_pool){ip(first), ip(last)};
}

void xlate_up(unsigned int n_workers, uint32_t sessions)
{
	harness_up_many(n_workers, sessions);
	neighbour(INSIDE, OTHER);
	neighbour(INSIDE, THIRD);
	harness_rules(&rules);
	rules.nat[1] = xlate_rule(INSIDE, OUTSIDE, "192.168.10.0/24");
	rules.nat[1].interface = true;
	rules.r.n_nat = 2;
	harness_apply(&rules);
}

int xlate_setup(void **state)
{
	xlate_up(1, 64);
	return 0;
}

struct flow goes_out(const struct flow *f)
{
	struct flow got;
	size_t len;

	harness_send(INSIDE, f, f->proto == PROTO_TCP ? SYN : 0);
	len = harness_out(OUTSIDE, frame);
	assert_true(len > 0);
	assert_true(frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_int_equal(got.proto, f->proto);
	return got;
}

void comes_back(const struct flow *left, const struct flow *f)
{
	struct flow back = {left->dst, left->src, left->proto}, want = {f->dst, f->src, f->proto};
	struct flow got;
	size_t len;

	harness_send(OUTSIDE, &back, f->proto == PROTO_TCP ? SYN | ACK : 1);
	len = harness_out(INSIDE, frame);
	assert_true(len > 0);
	assert_true(frame_sums_ok(frame, len));
	got = frame_flow(frame, len);
	assert_flow(&got, &want);
}

uint32_t mappings(void)
{
	return h.w->xlate->max - h.w->xlate->n_free;
}

const uint8_t protos[XLATE_PROTOS] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP};

struct flow outward(uint8_t proto, const char *src, uint16_t port, const char *dst)
{
	return flow(proto, src, port, dst, proto == PROTO_ICMP ? port : 53);
}
