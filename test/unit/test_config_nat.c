// SPDX-License-Identifier: BSD-3-Clause
// Lines of translation with object-groups and ranges: the rules that they make, and what is told of those that
// make none.
#include "test/unit/config_edit.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// Moves lines by one. `big` has 100 hosts with gaps between them, of its own.
#define GROUPS                                                                                     \
	"object-groups: {network: {"                                                               \
	"lans: {members: [network-object 10.1.0.0/24, network-object 10.2.0.0/16]}, "              \
	"peers: {members: [network-object host 192.0.2.1, group-object far]}, "                    \
	"far: {members: [network-object 198.51.100.0/24]}, "                                       \
	"halves: {members: [network-object 10.4.0.0/25, network-object 10.4.0.128/25]}, "          \
	"two: {members: [network-object host 10.5.0.1, network-object host 10.5.0.9]}, "           \
	"two-out: {members: [network-object host 203.0.113.29, network-object host "               \
	"203.0.113.21]}, "                                                                         \
	"outs-one: {members: [network-object host 203.0.113.24]}, "                                \
	"outs-two: {members: [network-object 203.0.113.24/31]}, "                                  \
	"outs: {members: [network-object host 203.0.113.27, network-object host 203.0.113.25]}, "  \
	"pool: {members: [network-object host 203.0.113.30, network-object 203.0.113.31/32]}, "    \
	"within: {members: [network-object 10.0.0.0/8, network-object host 10.9.9.9]}, "           \
	"mapped-net: {members: [network-object 10.0.0.0/8]}}, "                                    \
	"service: {web: {members: [service-object tcp destination eq 80]}}}\n"
#define OBJECTS                                                                                    \
	"  service:\n",                                                                            \
		"    four: {range: 10.6.0.1 10.6.0.4}\n"                                           \
		"    four-off: {range: 10.7.0.2 10.7.0.5}\n"                                       \
		"    all-out: {subnet: 203.0.113.32/30}\n"                                         \
		"    auto: {subnet: 10.8.0.0/31, nat: {from: dmz, to: outside, static: "           \
		"two-out}}\n"                                                                      \
		"  service:\n"                                                                     \
		"    rtp: {service: udp source range 10000 10999}\n"                               \
		"    rtp-out: {service: udp source range 12000 12999}\n"                           \
		"    rtp-to: {service: udp destination range 1 100}\n"                             \
		"    rtp-to-out: {service: udp destination range 101 200}\n"                       \
		"    one-of: {service: udp source eq 12500}\n"                                     \
		"    low: {service: udp source lt 1000}\n"                                         \
		"    all-but: {service: udp source neq 1000}\n"                                    \
		"    high: {service: udp source range 16000 16999}\n"                              \
		"    to_80: {service: tcp destination eq 80}\n"                                    \
		"    to_8080: {service: tcp destination eq 8080}\n"
#define LINE(text) GROUPS "nat:\n  - {from: dmz, to: outside, " text "}\n"

// The configuration with the objects and groups, and this text in place of `nat:`.
static int parse(const char *line, struct config **out, char *faults, size_t size)
{
	static char text[3 * sizeof(config_right)];
	static const char *const objects[] = {OBJECTS};
	struct config_errors errs = {0};
	int err;

	strcpy(text, config_right);
	edit(text, sizeof(text), objects[0], objects[1]);
	edit(text, sizeof(text), "nat:\n", line);
	err = config_parse(str_from(text), "", false, out, &errs);
	faults_text(&errs, faults, size);
	config_errors_free(&errs);
	return err;
}

static const struct {
	const char *line;
	const char *rules[8];
} rows[] = {
	{LINE("source: {dynamic: {real: lans, mapped: interface}}"),
		{"source dynamic 10.1.0.0/24 interface", "source dynamic 10.2.0.0/16 interface"}},
	{LINE("source: {dynamic: {real: four, mapped: pool, pat-pool: on, interface: on}}"),
		{"source dynamic 10.6.0.1-10.6.0.4 pat-pool 203.0.113.30-203.0.113.31 interface"}},
	// A pool may be in several places.
	{LINE("source: {dynamic: {real: four, mapped: outs, pat-pool: on, interface: on}}"),
		{"source dynamic 10.6.0.1-10.6.0.4 pat-pool 203.0.113.27, 203.0.113.25 interface"}},
	{LINE("source: {dynamic: {real: four, mapped: outs}}"),
		{"source dynamic 10.6.0.1-10.6.0.4 203.0.113.27, 203.0.113.25"}},
	// Exempt from the rules behind it: every pair of both groups.
	{LINE("source: {static: {real: lans, mapped: lans}}, "
	      "destination: {static: {mapped: peers, real: peers}}"),
		{"source static 10.1.0.0/24 10.1.0.0/24 destination static 192.0.2.1 192.0.2.1",
			"source static 10.1.0.0/24 10.1.0.0/24 destination static 198.51.100.0/24 "
			"198.51.100.0/24",
			"source static 10.2.0.0/16 10.2.0.0/16 destination static 192.0.2.1 "
			"192.0.2.1",
			"source static 10.2.0.0/16 10.2.0.0/16 destination static 198.51.100.0/24 "
			"198.51.100.0/24"}},
	{LINE("source: {dynamic: {real: lans, mapped: interface}}, "
	      "destination: {static: {mapped: far, real: far}}"),
		{"source dynamic 10.1.0.0/24 interface destination static 198.51.100.0/24 "
		 "198.51.100.0/24",
			"source dynamic 10.2.0.0/16 interface destination static 198.51.100.0/24 "
			"198.51.100.0/24"}},
	// What follows without a gap is one.
	{LINE("source: {static: {real: halves, mapped: halves}}"),
		{"source static 10.4.0.0/24 10.4.0.0/24"}},
	// In the order of the members, not of the addresses.
	{LINE("source: {static: {real: two, mapped: outs}}"),
		{"source static 10.5.0.1 203.0.113.27", "source static 10.5.0.9 203.0.113.25"}},
	// Cut where either side has a gap.
	{LINE("source: {static: {real: four, mapped: all-out}}"),
		{"source static 10.6.0.1-10.6.0.4 203.0.113.32-203.0.113.35"}},
	// Destinations are subnets: of ranges as many as they need.
	{LINE("source: {static: {real: any, mapped: any}}, "
	      "destination: {static: {mapped: four, real: four}}"),
		{"source static 0.0.0.0/0 0.0.0.0/0 destination static 10.6.0.1 10.6.0.1",
			"source static 0.0.0.0/0 0.0.0.0/0 destination static 10.6.0.2/31 "
			"10.6.0.2/31",
			"source static 0.0.0.0/0 0.0.0.0/0 destination static 10.6.0.4 10.6.0.4"}},
	{LINE("source: {static: {real: any, mapped: any}}, "
	      "destination: {static: {mapped: four, real: four-off}}"),
		{"source static 0.0.0.0/0 0.0.0.0/0 destination static 10.6.0.1 10.7.0.2",
			"source static 0.0.0.0/0 0.0.0.0/0 destination static 10.6.0.2 10.7.0.3",
			"source static 0.0.0.0/0 0.0.0.0/0 destination static 10.6.0.3 10.7.0.4",
			"source static 0.0.0.0/0 0.0.0.0/0 destination static 10.6.0.4 10.7.0.5"}},
	// The services are those of every pair.
	{LINE("source: {static: {real: lans, mapped: lans}}, "
	      "destination: {static: {mapped: outs, real: two}}, "
	      "service: {real: to_8080, mapped: to_80}"),
		{"source static 10.1.0.0/24 10.1.0.0/24 destination static 203.0.113.27 10.5.0.1 "
		 "service tcp destination 8080 80",
			"source static 10.1.0.0/24 10.1.0.0/24 destination static 203.0.113.25 "
			"10.5.0.9 service tcp destination 8080 80",
			"source static 10.2.0.0/16 10.2.0.0/16 destination static 203.0.113.27 "
			"10.5.0.1 service tcp destination 8080 80",
			"source static 10.2.0.0/16 10.2.0.0/16 destination static 203.0.113.25 "
			"10.5.0.9 service tcp destination 8080 80"}},
	// Ports in their order.
	{LINE("source: {static: {real: two, mapped: outs}}, service: {real: rtp, mapped: rtp-out}"),
		{"source static 10.5.0.1 203.0.113.27 service udp 10000-10999 12000-12999",
			"source static 10.5.0.9 203.0.113.25 service udp 10000-10999 12000-12999"}},
	{LINE("source: {static: {real: any, mapped: any}}, destination: {static: {mapped: "
	      "interface, real: pat-real}}, service: {real: rtp-to, mapped: rtp-to-out}"),
		{"source static 0.0.0.0/0 0.0.0.0/0 destination static interface 192.168.20.31 "
		 "service udp destination 1-100 101-200"}},
	// Below what the interface's PAT gives out.
	{LINE("source: {static: {real: pat-real, mapped: interface}}, service: {real: rtp, mapped: "
	      "rtp}}\n  - {from: inside, to: outside, after-auto: on, source: {dynamic: {real: "
	      "any, "
	      "mapped: interface}}"),
		{"source static 192.168.20.31 interface service udp 10000-10999 10000-10999"}},
	{LINE("source: {static: {real: within, mapped: within}}, "
	      "destination: {static: {mapped: far, real: far}}"),
		{"source static 10.0.0.0/8 10.0.0.0/8 destination static 198.51.100.0/24 "
		 "198.51.100.0/24",
			"source static 10.9.9.9 10.9.9.9 destination static 198.51.100.0/24 "
			"198.51.100.0/24"}},
	{LINE("source: {static: {real: two, mapped: two}}, inactive: on"), {NULL}},
	{LINE("source: {static: {real: pat-real, mapped: pat-mapped}}, destination: {static: "
	      "{mapped: far, real: far}}, unidirectional: on, no-proxy-arp: on, route-lookup: on"),
		{"source static 192.168.20.31 203.0.113.12 destination static 198.51.100.0/24 "
		 "198.51.100.0/24 unidirectional no-proxy-arp"}},
	{LINE("source: {static: {real: two, mapped: two}}, inactive: off"),
		{"source static 10.5.0.1 10.5.0.1", "source static 10.5.0.9 10.5.0.9"}},
};

static void test_rules(void **state)
{
	char faults[4096], text[CONFIG_NAT_TEXT_MAX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config *c;
		size_t n = 0;

		if (parse(rows[i].line, &c, faults, sizeof(faults)) != 0)
			fail_msg("%s\n%s", rows[i].line, faults);
		for (; n < COUNT(rows[i].rules) && rows[i].rules[n] != NULL; n++) {
			assert_string_equal(config_nat_text(&c->nat[n], text), rows[i].rules[n]);
			assert_int_equal(c->nat[n].part, n);
			assert_int_equal(c->nat[n].line, c->nat[0].line);
			assert_true(n == 0 || c->nat[n].id != c->nat[n - 1].id);
		}
		// Then the two lines that were there, and the object's; one row has a line more.
		assert_true(c->n_nat == n + 4 || c->nat[n + 4].section == NAT_AFTER_AUTO);
		assert_int_equal(c->nat[n].part, 0);
		config_free(c);
	}
}

// A group as the mapped side of an object: its rules have their place among those of objects.
static void test_object(void **state)
{
	char faults[4096], text[CONFIG_NAT_TEXT_MAX];
	struct config *c;

	assert_int_equal(parse(GROUPS "nat:\n", &c, faults, sizeof(faults)), 0);
	assert_int_equal(c->n_nat, 4);
	assert_string_equal(
		config_nat_text(&c->nat[2], text), "source static 10.8.0.0 203.0.113.29");
	assert_string_equal(
		config_nat_text(&c->nat[3], text), "source static 10.8.0.1 203.0.113.21");
	assert_int_equal(c->nat[2].section, NAT_AUTO);
	config_free(c);
}

static const struct {
	const char *line, *faults;
} wrong[] = {
	{LINE("source: {static: {real: lan, mapped: lans}}"),
		"40:54: real: found lan, expected the name of a network object or object-group; "
		"did you mean lans?"},
	{LINE("source: {static: {real: web, mapped: lans}}"),
		"40:54: real: found object-group web of kind service, expected one of kind "
		"network"},
	{LINE("source: {static: {real: mapped-net, mapped: lans}}"),
		"40:54: real: found mapped-net, expected a name that not both an object and an "
		"object-group have"},
	{LINE("source: {static: {real: lans, mapped: two-out}}"),
		"40:5: nat: found 65792 real and 2 mapped addresses, expected as many of both"},
	{LINE("source: {static: {real: two, mapped: interface}}"),
		"40:5: nat: found 2 real and 1 mapped addresses, expected as many of both"},
	{LINE("source: {static: {real: any, mapped: any}}, "
	      "destination: {static: {mapped: peers, real: two}}"),
		"40:5: nat: found a destination of 257 mapped and 2 real addresses, expected as "
		"many of both"},
	{LINE("source: {static: {real: two, mapped: outs-two}}}\n  - {from: inside, to: outside, "
	      "after-auto: on, source: {dynamic: {real: lans, mapped: outs}}"),
		"41:5: nat: found a rule that overlaps the one on line 40, expected each address "
		"once"},
	{LINE("source: {dynamic: {real: two, mapped: outs}}}\n  - {from: inside, to: outside, "
	      "after-auto: on, source: {dynamic: {real: lans, mapped: outs, pat-pool: on}}"),
		"41:5: nat: found a rule that overlaps the one on line 40, expected each address "
		"once"},
	{LINE("source: {dynamic: {real: lans, mapped: any}}"),
		"40:69: mapped: found any, expected the name of a network object or object-group"},
	{LINE("source: {static: {real: within, mapped: within}}"),
		"40:5: nat: found a group with an address twice, expected each address once; "
		"without a destination the order of its members would say what it is for"},
	{LINE("source: {static: {real: two, mapped: outs}}, service: {real: rtp, mapped: one-of}"),
		"40:84: service: found ranges of different length, expected as many ports in both"},
	{LINE("source: {static: {real: two, mapped: outs}}, service: {real: low, mapped: low}"),
		"40:91: real: found low, expected a service object with tcp or udp, source eq PORT "
		"or range LOW HIGH\n"
		"40:104: mapped: found low, expected a service object with tcp or udp, source eq "
		"PORT or range LOW HIGH"},
	{LINE("source: {static: {real: two, mapped: outs}}, service: {real: all-but, mapped: "
	      "rtp}"),
		"40:91: real: found all-but, expected a service object with tcp or udp, source eq "
		"PORT or range LOW HIGH"},
	{LINE("source: {static: {real: pat-real, mapped: outs-one}}, service: {real: rtp, mapped: "
	      "rtp-out}}\n  - {from: dmz, to: outside, source: {static: {real: auto, mapped: "
	      "outs-two}}, service: {real: one-of, mapped: one-of}"),
		"41:5: nat: found a rule that overlaps the one on line 40, expected each address "
		"once"},
	{LINE("source: {static: {real: pat-real, mapped: interface}}, service: {real: high, "
	      "mapped: "
	      "high}}\n  - {from: inside, to: outside, after-auto: on, source: {dynamic: {real: "
	      "any, "
	      "mapped: interface}}"),
		"41:5: nat: found a rule that overlaps the one on line 40, expected each address "
		"once"},
	// Told once of a line, and not of each of its rules.
	{LINE("source: {static: {real: two, mapped: two-out}}"),
		"23:38: nat: found a rule that overlaps the one on line 40, expected each address "
		"once"},
	{LINE("source: {static: {real: two, mapped: two-in}}, inactive: on"),
		"40:67: mapped: found two-in, expected the name of a network object or "
		"object-group"},
	{LINE("source: {static: {real: two, mapped: two}}, dns: on"),
		"40:74: found the key dns, which is not supported yet, expected none: answers of a "
		"DNS server pass as they are; give the hosts inside a zone of their own"},
	{LINE("source: {static: {real: two, mapped: two}}, net-to-net: on"),
		"40:74: found the key net-to-net, which is not supported yet, expected none: it is "
		"for IPv6, which is not translated yet"},
	{LINE("source: {static: {real: two, mapped: two}}, route-lookup: off"),
		"40:88: route-lookup: found off, expected on, or no route-lookup: a route is "
		"always asked"},
	{LINE("source: {dynamic: {real: two, mapped: interface}}, unidirectional: on, "
	      "no-proxy-arp: on, route-lookup: on"),
		"40:97: unidirectional: found unidirectional of a dynamic rule, expected it of a "
		"static one\n"
		"40:115: no-proxy-arp: found no-proxy-arp of a dynamic rule, expected it of a "
		"static one\n"
		"40:133: route-lookup: found route-lookup of a dynamic rule, expected it of a "
		"static one"},
	{LINE("source: {dynamic: {real: lans, mapped: pool, pat-pool: on, round-robin: on, "
	      "extended: on, flat: on, block-allocation: on}}"),
		"40:89: found the key round-robin, which is not supported yet, expected none: "
		"hosts "
		"are spread over the pool, each has one address\n"
		"40:106: found the key extended, which is not supported yet, expected none, and "
		"more addresses in the pool: a port is one host's, wherever it speaks to (RFC "
		"4787)\n"
		"40:120: found the key flat, which is not supported yet, expected none: ports are "
		"always those from 16384 on\n"
		"40:130: found the key block-allocation, which is not supported yet, expected "
		"none: each port is given for itself"},
	{LINE("source: {static: {real: two, mapped: two}}, inactive: maybe"),
		"40:84: inactive: found maybe, expected on or off"},
};

static void test_faults(void **state)
{
	char faults[4096];
	struct config *c;

	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(parse(wrong[i].line, &c, faults, sizeof(faults)), -EINVAL);
		assert_string_equal(faults, wrong[i].faults);
	}
}

// A line with a group `big`, of 100 hosts none of which follows another.
static void parse_big(const char *rest, char *faults, size_t size)
{
	static char line[32768];
	struct config *c;
	int n = snprintf(line, sizeof(line), "%.*s, big: {members: [",
		(int)(strstr(GROUPS, "}, service: ") - GROUPS), GROUPS);

	for (int i = 0; i < 100; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n,
			"%snetwork-object host 10.20.0.%d", i > 0 ? ", " : "", 2 * i);
	snprintf(line + n, sizeof(line) - (size_t)n,
		"]}}}\nnat:\n  - {from: dmz, to: outside, %s}\n", rest);
	assert_int_equal(parse(line, &c, faults, size), -EINVAL);
}

static void test_too_many_places(void **state)
{
	char faults[4096];

	parse_big("source: {dynamic: {real: two, mapped: big}}", faults, sizeof(faults));
	assert_string_equal(faults,
		"40:68: mapped: found a pool of 100 ranges, expected 8 at most: "
		"addresses that follow one another, in the group too, count as one range");
}

// Groups whose pairs would be more than anybody asks in turn.
static void test_too_many(void **state)
{
	char faults[4096];

	parse_big("source: {static: {real: big, mapped: big}}, "
		  "destination: {static: {mapped: big, real: big}}",
		faults, sizeof(faults));
	assert_string_equal(faults,
		"40:5: nat: found groups that make 10000 rules, beside 0 before them, expected at "
		"most 1024 in all lines together: fewer addresses, in larger subnets");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_object),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_too_many_places),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
