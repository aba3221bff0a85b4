// SPDX-License-Identifier: BSD-3-Clause
// What the entries of access lists become when their objects and groups are put in their place.
#include "test/unit/config_edit.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char objects[] = "    hosts: {range: 192.168.20.5 192.168.20.8}\n"
			      "    dotted: {subnet: 10.9.0.0 255.255.240.0}\n"
			      "  service:\n"
			      "    web: {service: tcp destination eq 80}\n"
			      "    not-ssh: {service: tcp source gt 1023 destination neq 22}\n"
			      "    ping: {service: icmp echo}\n";

static const char groups[] =
	"object-groups:\n"
	"  network:\n"
	"    # a group may stand before the ones that it is made of\n"
	"    all: {members: [group-object servers, network-object 10.2.0.0 255.255.0.0]}\n"
	"    servers:\n"
	"      description: what is served\n"
	"      members:\n"
	"        - network-object host 10.1.1.1\n"
	"        - network-object object hosts\n"
	"    nested: {members: [group-object all, group-object all]}\n"
	"  service:\n"
	"    served: {members: [service-object object web, service-object udp source eq 53, "
	"service-object icmp echo 0, group-object more]}\n"
	"    more: {members: [service-object esp]}\n"
	"    sip-ports: {protocol: tcp-udp, members: [port-object eq sip, port-object range 5070 "
	"5071]}\n"
	"    tcp-ports: {protocol: tcp, members: [port-object neq 5060]}\n"
	"  protocol:\n"
	"    both: {members: [protocol-object tcp, protocol-object udp]}\n"
	"    tunnels: {members: [protocol-object gre, protocol-object 50]}\n"
	"  icmp-type:\n"
	"    needed: {members: [icmp-object echo-reply, icmp-object 11, icmp-object unreachable "
	"4]}\n"
	"nat:\n";

// The right configuration with the objects above, and `entries` in place of sip-out's.
static struct config *with_entries(const char *entries)
{
	static char text[3 * sizeof(config_right)];
	char faults[4096];
	struct config_errors errs = {0};
	struct config *c;

	strcpy(text, config_right);
	edit(text, sizeof(text), "  service:\n", objects);
	edit(text, sizeof(text), "nat:\n", groups);
	edit(text, sizeof(text), "    - permit tcp host 192.168.20.30 any range 5000 6000\n",
		entries);
	if (config_parse(str_from(text), "", false, &c, &errs) == 0)
		return c;
	faults_text(&errs, faults, sizeof(faults));
	fail_msg("%s", faults);
	return NULL;
}

static const struct {
	const char *entry;
	const char *rules[8];
} rows[] = {
	{"permit ip object real any", {"permit ip host 192.168.20.30 any"}},
	{"permit ip object dotted any", {"permit ip 10.9.0.0 255.255.240.0 any"}},
	{"permit ip object hosts any",
		{"permit ip host 192.168.20.5 any", "permit ip 192.168.20.6 255.255.255.254 any",
			"permit ip host 192.168.20.8 any"}},
	{"deny object web any object real-net", {"deny tcp any 10.1.0.0 255.255.255.0 eq 80"}},
	{"permit object not-ssh any any",
		{"permit tcp any range 1024 65535 any range 0 21",
			"permit tcp any range 1024 65535 any range 23 65535"}},
	{"permit object ping any any", {"permit icmp any any echo"}},
	{"permit tcp any object-group servers eq www",
		{"permit tcp any host 10.1.1.1 eq 80", "permit tcp any host 192.168.20.5 eq 80",
			"permit tcp any 192.168.20.6 255.255.255.254 eq 80",
			"permit tcp any host 192.168.20.8 eq 80"}},
	{"permit ip any object-group all",
		{"permit ip any host 10.1.1.1", "permit ip any host 192.168.20.5",
			"permit ip any 192.168.20.6 255.255.255.254",
			"permit ip any host 192.168.20.8", "permit ip any 10.2.0.0 255.255.0.0"}},
	{"permit object-group served object real any",
		{"permit tcp host 192.168.20.30 any eq 80",
			"permit udp host 192.168.20.30 eq 53 any",
			"permit icmp host 192.168.20.30 any echo 0",
			"permit esp host 192.168.20.30 any"}},
	{"permit udp any any object-group sip-ports",
		{"permit udp any any eq 5060", "permit udp any any range 5070 5071"}},
	{"permit tcp any object-group tcp-ports any object-group sip-ports",
		{"permit tcp any range 0 5059 any eq 5060",
			"permit tcp any range 0 5059 any range 5070 5071",
			"permit tcp any range 5061 65535 any eq 5060",
			"permit tcp any range 5061 65535 any range 5070 5071"}},
	{"permit object-group both any any eq domain",
		{"permit tcp any any eq 53", "permit udp any any eq 53"}},
	{"permit object-group both any any object-group sip-ports",
		{"permit tcp any any eq 5060", "permit tcp any any range 5070 5071",
			"permit udp any any eq 5060", "permit udp any any range 5070 5071"}},
	{"deny object-group tunnels any any", {"deny gre any any", "deny esp any any"}},
	{"permit icmp any any object-group needed",
		{"permit icmp any any echo-reply", "permit icmp any any time-exceeded",
			"permit icmp any any unreachable 4"}},
	{"remark object-group nobody knows", {NULL}},
	{"permit object-group served any any inactive", {NULL}},
};

static void test_rules(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		char entry[160], text[ACE_TEXT_MAX];
		const struct config_acl *a;
		struct config *c;
		size_t n = 0;

		snprintf(entry, sizeof(entry), "    - deny ip host 9.9.9.9 any\n    -   %s\n",
			rows[i].entry);
		c = with_entries(entry);
		a = &c->acls[2];
		for (; n < COUNT(rows[i].rules) && rows[i].rules[n] != NULL; n++) {
			const struct ace *ace = &a->aces[1 + n];

			assert_true(1 + n < a->n);
			ace_format(ace, text, sizeof(text));
			assert_string_equal(text + strlen("extended "), rows[i].rules[n]);
			assert_int_equal(ace->entry, 1);
			assert_int_equal(ace->line, a->entries[1].line);
		}
		assert_int_equal(a->n, 1 + n);
		assert_int_equal(a->n_entries, 2);
		assert_string_equal(a->entries[1].text, rows[i].entry);
		assert_int_equal(a->entries[1].first, 1);
		assert_int_equal(a->entries[1].n, n);
		assert_int_equal(a->entries[1].remark, strstr(rows[i].entry, "remark") != NULL);
		assert_int_equal(a->entries[1].inactive, strstr(rows[i].entry, "inactive") != NULL);
		config_free(c);
	}
}

// What an entry says of the log goes to all its rules, and to who tells it.
static void test_log(void **state)
{
	struct config *c =
		with_entries("    - permit tcp any object-group servers log 3 interval 9\n"
			     "    - deny ip any any log disable\n");
	const struct config_acl *a = &c->acls[2];

	assert_int_equal(a->entries[0].log, ACE_LOG_FLOWS);
	assert_int_equal(a->entries[0].log_level, 3);
	assert_int_equal(a->entries[0].log_interval_s, 9);
	assert_true(a->entries[0].n > 1);
	for (size_t i = 0; i < a->entries[0].n; i++)
		assert_int_equal(a->aces[i].log, ACE_LOG_FLOWS);
	assert_int_equal(a->aces[a->n - 1].log, ACE_LOG_OFF);
	config_free(c);
}

// A new member of a group, or a new object in front, changes no id of what stays.
static void test_ids(void **state)
{
	struct config *c = with_entries("    - permit tcp any object-group servers eq 80\n");
	uint32_t first = c->acls[2].aces[0].id, last = c->acls[2].aces[3].id;
	uint32_t entry = c->acls[2].entries[0].id;

	assert_int_not_equal(first, last);
	config_free(c);
	c = with_entries("    - remark new\n    - permit tcp any object-group all eq 80\n"
			 "    - permit tcp any object-group servers eq 80\n");
	assert_int_equal(c->acls[2].aces[0].id, first);
	assert_int_equal(c->acls[2].aces[3].id, last);
	assert_int_not_equal(c->acls[2].aces[5].id, first); // the same rule once more
	assert_int_equal(c->acls[2].entries[2].id, entry);
	config_free(c);
}

// Groups in one another, each having the one below (`twice`), from the lowest up or from the highest
// down.
static void towers(unsigned int n, bool twice, bool up, const char *want)
{
	static char text[3 * sizeof(config_right)];
	char put[2048] = "object-groups:\n  network:\n", faults[4096];
	struct config_errors errs = {0};
	struct config *c;

	for (unsigned int k = 1; k <= n; k++) {
		unsigned int i = up ? k : n + 1 - k;
		char member[64];

		snprintf(member, sizeof(member), i > 1 ? "group-object g%u" : "network-object any4",
			i - 1);
		snprintf(put + strlen(put), sizeof(put) - strlen(put),
			"    g%u: {members: [%s%s%s]}\n", i, member, twice ? ", " : "",
			twice ? member : "");
	}
	strcat(put, "nat:\n");
	strcpy(text, config_right);
	edit(text, sizeof(text), "nat:\n", put);
	assert_int_equal(config_parse(str_from(text), "", false, &c, &errs), *want ? -EINVAL : 0);
	faults_text(&errs, faults, sizeof(faults));
	assert_string_equal(faults, want);
	config_errors_free(&errs);
	config_free(c);
}

// A small file cannot make many members.
static void test_bounds(void **state)
{
	towers(15, true, true, "");
	towers(15, true, false, "");
	towers(16, true, true,
		"41:21: members: found 32768 members beside 65534 before them, expected at most "
		"65536 in all groups together, where a group in a group counts again\n"
		"41:39: members: found 32768 members beside 65534 before them, expected at most "
		"65536 in all groups together, where a group in a group counts again");
	towers(16, false, true, "");
	towers(16, false, false, "");
	towers(17, false, true,
		"42:21: members: found more than 16 groups in one another, expected fewer");
	towers(17, false, false,
		"41:20: members: found more than 16 groups in one another, expected fewer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
